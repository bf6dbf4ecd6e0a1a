//! Judges finished Kubernetes objects: what the API server refuses, what it takes and a cluster then silently breaks on, and
//! what keeps Kafka from starting. Pure functions; where an object came from is the caller's business.
//!
//! An object is judged in two steps. [`judge`] looks at one by itself and keeps its [`Facts`]; [`judge_set`] looks at what
//! objects are to each other, from these facts alone. `synth` does both after the amendments, so that the escape hatch cannot
//! smuggle a defect in, and `check --dir` does both for manifests that are read from disk.
//!
//! | File | Judges |
//! |---|---|
//! | `object` | kind, names, labels, size |
//! | `workload`, `pod`, `container` | workloads by their kind, templates, containers |
//! | `network`, `config` | Services, policies, budgets; ConfigMaps, Secrets, alert rules |
//! | `schema` | fields that do not exist and values of another type, for manifests that no Rust type made |
//! | `graph` | references, selectors, ports, addresses |
//! | `kafka`, `ensemble` | what Kafka and its company are told, and whether they start with it |
//! | `security` | the restricted level of Pod Security |
//! | `node`, `syntax`, `fields`, `facts` | what the others are written with |

mod config;
mod container;
mod ensemble;
mod facts;
mod fields;
mod graph;
mod kafka;
mod network;
mod node;
mod object;
mod pod;
mod schema;
mod security;
mod syntax;
#[cfg(test)]
mod tests;
mod workload;

use serde_json::Value;

pub use facts::Facts;
pub use schema::schema;
pub(crate) use syntax::quantity;

use self::node::Node;
use crate::diagnostics::Diagnostics;

/// What is wrong with one object, and what others can be judged by.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is wrong with it.
    pub findings: Diagnostics,
    /// What is known of it.
    pub facts: Facts,
}

/// Judges an object by itself.
pub fn judge(body: &Value) -> Judged {
    let root = Node::root(body);
    let mut findings = Diagnostics::default();
    object::check(&root, &mut findings);
    let spec = root.get("spec");
    let api_version = root.get("apiVersion").text();
    match root.get("kind").text() {
        "StatefulSet" => workload::stateful_set(&root, &mut findings),
        "Deployment" | "ReplicaSet" => workload::deployment(&root, &mut findings),
        "DaemonSet" => workload::daemon_set(&root, &mut findings),
        "Job" => workload::job(&spec, &mut findings),
        "CronJob" => workload::cron_job(&root, &mut findings),
        "Pod" => pod::check(&root, &[], &mut findings),
        "PersistentVolumeClaim" => workload::claim(&spec, &mut findings),
        "Service" if api_version == "v1" => network::service(&root, &mut findings),
        "NetworkPolicy" => network::policy(&root, &mut findings),
        "PodDisruptionBudget" => network::budget(&root, &mut findings),
        "ConfigMap" | "Secret" => config::data(&root, &mut findings),
        "ServiceMonitor" | "PodMonitor" => object::selector(&spec.get("selector"), &mut findings),
        "PrometheusRule" => config::alerts(&root, &mut findings),
        _ => {}
    }
    Judged {
        findings: findings,
        facts: Facts::of(&root),
    }
}

/// Judges what the objects of a set are to each other: for each of them, what is wrong.
pub fn judge_set(facts: &[&Facts]) -> Vec<Diagnostics> {
    let mut set = graph::Set::new(facts);
    graph::check(&mut set);
    ensemble::check(&mut set);
    set.finish()
}

/// Objects that the API server takes for an earlier one: the index of each, and that of the first.
pub fn duplicates(facts: &[&Facts]) -> Vec<(usize, usize)> {
    graph::duplicates(facts)
}
