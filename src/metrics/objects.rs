//! What kube-state-metrics exports of objects. Its scrape job belongs to the cluster, as kube-prometheus-stack sets one up: the
//! `namespace` of a series is that of the object.

use super::{Metric, counted, exported, table};

table! {
    /// Of every container and every Job.
    ALL:
    RESTARTS = counted("kube_pod_container_status_restarts_total", &["namespace", "pod", "container"]),
        "Times that the kubelet started the container of a pod again.";
    JOB_FAILED = exported("kube_job_failed", &["namespace", "job_name", "condition"]).between(0.0, 1.0),
        "1 with the condition `true` once a Job has failed for good.";
}
