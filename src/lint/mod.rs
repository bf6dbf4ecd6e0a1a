//! Judges finished Kubernetes objects: what the API server refuses, what it takes and a cluster then silently breaks on, and
//! what keeps Kafka from starting. Pure functions; where an object came from is the caller's business.
//!
//! An object is judged in two steps. [`judge`] looks at one by itself and keeps its [`ObjectModel`]; [`judge_set`] looks at
//! what objects are to each other, from these models alone. `synth` does both after the amendments, so that the escape hatch
//! cannot smuggle a defect in, and `check --dir` does both for manifests that are read from disk.
//!
//! | Folder | File | Judges |
//! |---|---|---|
//! | | `file` | the text of a file: YAML that everyone reads alike |
//! | `object` | `metadata` | kind, name, labels, annotations, size, and selectors as such |
//! | | `workload`, `claim`, `pod`, `container` | workloads by their kind, claims for volumes, pod templates, containers |
//! | | `environment`, `image` | variables and what uses them; references to images |
//! | | `service`, `network_policy`, `disruption_budget` | each of these kinds |
//! | | `connectors` | configurations of connectors, in ConfigMaps and of Strimzi |
//! | | `contents`, `monitor` | files in ConfigMaps: JSON, YAML, patterns of agents, appenders; times of scrapes |
//! | | `data`, `prometheus_rule` | keys of ConfigMaps and Secrets; groups, expressions and durations of alert rules |
//! | | `schema` | fields that do not exist and values of another type, for manifests that no Rust type made |
//! | `set` | `references`, `governing_service` | other objects that a pod names; the Service of a StatefulSet |
//! | | `selectors` | selectors that select nothing, and ports that the selected pods or Services do not have |
//! | | `disruptions`, `shared_pods`, `duplicates` | budgets among their pods; pods of two workloads; one object twice |
//! | | `addresses` | addresses without a Service |
//! | | `deployers`, `fixed_user` | what Argo CD and Flux do to objects; users on `OpenShift` |
//! | | `pod_security`, `mesh` | the restricted level of Pod Security; sidecars of Istio |
//! | `kafka` | `quorum`, `node_ids`, `cluster_id` | members of the quorum, and how they start; ids |
//! | | `advertised_listeners`, `advertised_host` | addresses for clients, and for other instances |
//! | | `log_directories`, `user`, `early_kill` | volumes and who may write them; probes and grace periods |
//! | | `entrypoint`, `service_links` | what the images' entrypoints do |
//! | | `environment`, `files`, `command` | variables, files and programs that a pod's settings and commands name |
//! | | `options`, `plugins`, `shutdown` | options and classes that do not exist; how a broker leaves |
//! | | `registry`, `apicurio` | the own settings of Confluent's registry and of Apicurio's |
//! | | `required`, `default_listeners` | settings without which a process does not start |
//! | | `tools`, `temporary`, `memory` | other containers and probes that run Kafka's tools; `/tmp`; the heap |
//! | | `ports`, `listening`, `addresses`, `outside` | what a process listens on, and what leads there |
//! | | `placement`, `pools`, `autoscaling`, `memory_request` | spread over nodes; several sets of one cluster; what changes them |
//! | | `flows`, `ownership` | connections that policies cut; groups, topics and transactional ids of two owners |
//! | | `guards`, `topic_creation` | budget and network policy; topics that clients or Jobs create |
//! | | `unknown` | nothing: it says what could not be judged |
//! | `monitoring` | `alerts`, `dashboards` | rules of Prometheus and panels, against what the set exports and how it is scraped |
//!
//! Each rule is declared beside the check that applies it; `rules` lists them by family.
//!
//! `model` is what all of them look at: `node` is a place in an object, `syntax` the API server's own validation of names and
//! quantities, `selector` labels and selectors; `workload`, `service`, `guard`, `monitoring` and `config` are what is known of an
//! object by its kind; `container` and `mounts` are what
//! a pod that has to do with Kafka runs and sees, `jvm` the options of its JVM; `program`, `process` and `settings` are a process of the Kafka family and the settings that it ends up
//! with, from files, environment and command; `set` finds objects by name, namespace and label.

mod file;
mod kafka;
pub(crate) mod model;
mod monitoring;
mod object;
pub(crate) mod rules;
mod set;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use file::read;
pub(crate) use kafka::flows::CUT;
pub(crate) use kafka::{bootstrap::check as bootstrap, converters::registry_url};
pub(crate) use model::{ObjectDetail, deployer, properties, service::ServicePort, syntax::quantity};
pub use model::{
    ObjectModel,
    set::{NotJudged, SetJudgement},
};
pub(crate) use object::connectors::is_secret as is_secret_of_connectors;
pub use object::schema::schema;
pub(crate) use set::addresses::host as service_of;

use self::model::{
    node::Node,
    set::{ObjectSet, SetFindings},
    workload::Workload,
};
use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    kubernetes::{Kubernetes, Platform},
    manifest::Background,
    parallel,
};

/// What is wrong with one object, and what others can be judged by.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is wrong with it.
    pub findings: Diagnostics,
    /// What is known of it.
    pub model: ObjectModel,
}

/// Judges an object by itself, for a cluster of this version. `background` is what its text does not show.
pub(crate) fn judge(body: &Value, kubernetes: Kubernetes, background: &Background) -> Judged {
    let root = Node::root(body);
    let mut findings = Diagnostics::default();
    let model = ObjectModel::of(&root, background);
    object::check(&root, &model, kubernetes, &mut findings);
    Judged { findings, model }
}

/// Judges an object that was read, of which only its text is known: its fields too, since no Rust type made it.
pub fn judge_read(body: &Value, kubernetes: Kubernetes) -> Judged {
    let judged = judge(body, kubernetes, &Background::default());
    let mut findings = schema(body);
    findings.extend(judged.findings);
    Judged { findings, ..judged }
}

/// Judges what the objects of a set are to each other, where `platform` runs their pods. Of an object that is there twice one is
/// applied, so the set is judged with the first and with the last. Of other objects that is told which holds with both.
pub fn judge_set(objects: &[&ObjectModel], platform: Platform) -> SetJudgement {
    let twice = duplicates(objects);
    if twice.is_empty() {
        return judge_different(objects, platform);
    }
    let last: BTreeMap<usize, usize> = twice.iter().map(|(index, first)| (*first, *index)).collect();
    let later: BTreeSet<usize> = twice.iter().map(|(index, _)| *index).collect();
    let doubled: BTreeSet<usize> = last.keys().chain(&later).copied().collect();
    let earlier = doubled.iter().filter(|index| !last.values().any(|last| last == *index));
    let earlier: BTreeSet<usize> = earlier.copied().collect();
    let [with_first, with_last] = [later, earlier].map(|left_out| {
        let kept: Vec<usize> = (0..objects.len()).filter(|index| !left_out.contains(index)).collect();
        let models: Vec<&ObjectModel> = kept.iter().map(|&index| objects[index]).collect();
        let judged = judge_different(&models, platform);
        let mut whole = SetJudgement {
            findings: vec![Diagnostics::default(); objects.len()],
            not_judged: judged.not_judged,
        };
        for (&index, findings) in kept.iter().zip(judged.findings) {
            whole.findings[index] = findings;
        }
        for unknown in &mut whole.not_judged {
            unknown.index = kept[unknown.index];
        }
        whole
    });
    let mut judgement = with_last;
    for (index, first) in with_first.findings.into_iter().enumerate() {
        let findings = &mut judgement.findings[index];
        if !doubled.contains(&index) {
            let key = |finding: &Diagnostic| (finding.rule.id, finding.place.clone(), finding.message.clone());
            let known: Vec<_> = first.iter().map(key).collect();
            findings.retain_mut(|finding| known.contains(&key(finding)));
        } else if findings.is_empty() {
            *findings = first;
        }
    }
    judgement.not_judged.extend(with_first.not_judged);
    judgement.not_judged.sort();
    judgement.not_judged.dedup();
    judgement
}

fn judge_different(objects: &[&ObjectModel], platform: Platform) -> SetJudgement {
    type Rules = fn(&ObjectSet<'_>, &mut SetFindings);
    let set = ObjectSet::new(objects, platform);
    let rules: [Rules; 3] = [set::check, kafka::check, monitoring::check];
    // A thread is not worth it for a handful.
    let share = if objects.len() > 16 { 1 } else { rules.len() };
    let found = parallel::map(&rules, share, |rules| {
        let mut findings = SetFindings::new(objects.len());
        rules(&set, &mut findings);
        findings
    });
    let mut findings = SetFindings::new(objects.len());
    for more in found {
        findings.extend(more);
    }
    // What listens is known: then what is declared adds nothing.
    findings.supersede(&set::selectors::PORT_NUMBER, &kafka::ports::NOT_LISTENING);
    findings.finish()
}

/// The namespaces in the addresses of Services that have none themselves.
fn addressed(objects: &[ObjectModel]) -> BTreeSet<String> {
    let services: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object.service().is_some() && object.identity.namespace.is_empty())
        .map(|object| object.identity.name.as_str())
        .collect();
    let texts = objects.iter().flat_map(|object| {
        let process = object.workload().and_then(Workload::process);
        let settings = process.map(|(process, container)| process.settings(container, |_| None));
        let settings = settings.unwrap_or_default();
        let settings: Vec<String> = settings.iter().map(|(_, setting)| setting.value.clone()).collect();
        let hosts = object.addresses.iter().map(|address| address.host.clone());
        let lines = match &object.detail {
            ObjectDetail::Config(config) => config.properties.iter().flat_map(|(_, lines)| lines).collect(),
            _ => Vec::new(),
        };
        let lines = lines.into_iter().map(|line| line.value.clone());
        hosts.chain(settings).chain(lines).collect::<Vec<_>>()
    });
    let texts: Vec<String> = texts.collect();
    let hosts = texts
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c)));
    let namespaces = hosts.filter_map(|host| {
        let parts: Vec<&str> = host.split('.').collect();
        if let [pod, service, namespace] = parts.as_slice() {
            let is_pod = pod.ends_with(|c: char| c.is_ascii_digit());
            return (is_pod && services.contains(service)).then(|| (*namespace).to_owned());
        }
        let svc = parts.iter().position(|part| *part == "svc")?;
        let (service, namespace) = (parts.get(svc.checked_sub(2)?)?, parts.get(svc - 1)?);
        services.contains(service).then(|| (*namespace).to_owned())
    });
    namespaces.collect()
}

/// The namespaces of the release that an object says. What Prometheus reads may be in a namespace of its own: a monitor then names the
/// one that it looks in.
fn said_by(object: &ObjectModel) -> Vec<String> {
    let own = vec![object.identity.namespace.clone()];
    match &object.detail {
        ObjectDetail::ServiceMonitor(monitor) | ObjectDetail::PodMonitor(monitor) => {
            monitor.namespaces.clone().unwrap_or(own)
        }
        _ if object.identity.kind == "PrometheusRule" => Vec::new(),
        _ => own,
    }
}

/// Puts objects without a namespace into that of their release, where Helm rendered them: some templates of a chart say it, and others
/// leave it to Helm. `by_helm` is what is known of an object besides its labels.
pub fn settle_namespaces(objects: &mut [ObjectModel], by_helm: impl Fn(usize) -> bool) {
    const CLUSTER_WIDE: [&str; 8] = [
        "Namespace",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "StorageClass",
        "PriorityClass",
        "PersistentVolume",
        "SecurityContextConstraints",
    ];
    let of_helm = |object: &ObjectModel| {
        let label = |key: &str, value: &str| {
            object
                .labels
                .iter()
                .any(|(k, v)| k == key && (value.is_empty() || v == value))
        };
        label("helm.sh/chart", "") || label("app.kubernetes.io/managed-by", "Helm") || label("heritage", "Helm")
    };
    let said: BTreeSet<String> = objects
        .iter()
        .enumerate()
        .filter(|(index, object)| by_helm(*index) || of_helm(object))
        .flat_map(|(_, object)| said_by(object))
        .filter(|namespace| !namespace.is_empty())
        .collect();
    // If none of them says it, the addresses of their Services may.
    let said = if said.is_empty() { addressed(objects) } else { said };
    let mut said = said.into_iter();
    let (Some(release), None) = (said.next(), said.next()) else {
        return;
    };
    for object in objects {
        let identity = &mut object.identity;
        if identity.namespace.is_empty() && !CLUSTER_WIDE.contains(&identity.kind.as_str()) {
            identity.namespace.clone_from(&release);
        }
    }
}

/// Objects that the API server takes for an earlier one: the index of each, and that of the first.
pub fn duplicates(objects: &[&ObjectModel]) -> Vec<(usize, usize)> {
    set::duplicates::duplicates(objects)
}
