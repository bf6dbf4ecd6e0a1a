//! Metrics of kube-state-metrics about objects. The Kubernetes cluster needs a scrape job for it, such as that of
//! kube-prometheus-stack, in which the `namespace` of a series is the namespace of the object.

use super::{Metric, counted, exported, table};

table! {
    /// Metrics of every container and every Job.
    ALL:
    RESTARTS = counted("kube_pod_container_status_restarts_total", &["namespace", "pod", "container"]),
        "Times that the kubelet restarted the container of a pod.";
    JOB_FAILED = exported("kube_job_failed", &["namespace", "job_name", "condition"]).between(0.0, 1.0),
        "1 with the condition `true` once a Job has failed and is not retried.";
}
