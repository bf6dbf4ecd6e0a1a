//! Objects, each by itself, as the API server validates them.

pub(crate) mod claim;
pub(super) mod connectors;
pub(crate) mod container;
pub(crate) mod contents;
mod data;
pub(crate) mod disruption_budget;
pub(crate) mod environment;
pub(crate) mod fields;
pub(crate) mod image;
pub(crate) mod metadata;
pub(crate) mod monitor;
mod network_policy;
pub(crate) mod pod;
pub(crate) mod prometheus_rule;
pub(crate) mod schema;
mod service;
pub(crate) mod workload;

use super::model::{ObjectDetail, ObjectModel, node::Node};
use crate::{diagnostics::Diagnostics, kubernetes::Kubernetes};

/// Judges an object by its kind.
pub(super) fn check(root: &Node<'_, '_>, model: &ObjectModel, kubernetes: Kubernetes, findings: &mut Diagnostics) {
    metadata::check(root, kubernetes, findings);
    let spec = root.get("spec");
    let api_version = root.get("apiVersion").text();
    match root.get("kind").text() {
        "StatefulSet" => workload::stateful_set(root, findings),
        "Deployment" | "ReplicaSet" => workload::deployment(root, findings),
        "DaemonSet" => workload::daemon_set(root, findings),
        "Job" => workload::job(&spec, findings),
        "CronJob" => workload::cron_job(root, findings),
        "Pod" => pod::check(root, &[], findings),
        "PersistentVolumeClaim" => claim::check(&spec, findings),
        "Service" if api_version == "v1" => service::service(root, findings),
        "NetworkPolicy" => network_policy::policy(root, findings),
        "PodDisruptionBudget" => disruption_budget::budget(root, findings),
        "ConfigMap" | "Secret" => data::data(root, findings),
        kind @ ("ServiceMonitor" | "PodMonitor") if api_version.starts_with("monitoring.coreos.com/") => {
            metadata::selector(&spec.get("selector"), findings);
            monitor::check(kind, &spec, findings);
        }
        "PrometheusRule" => prometheus_rule::check(root, findings),
        "KafkaConnector" if api_version.starts_with("kafka.strimzi.io/") => connectors::of_operator(root, findings),
        _ => {}
    }
    if let ObjectDetail::Config(config) = &model.detail {
        contents::check(config, findings);
        connectors::of_files(config, model.version, findings);
    }
}
