//! Metrics of kube-state-metrics about objects. The Kubernetes cluster needs a scrape job for it, such as that of
//! kube-prometheus-stack, in which the `namespace` of a series is the namespace of the object.

use super::{Metric, Unit, counted, exported, table};

table! {
    /// Metrics of every container and every Job.
    ALL:
    RESTARTS = counted("kube_pod_container_status_restarts_total", &["namespace", "pod", "container"]),
        "Times that the kubelet restarted the container of a pod.";
    JOB_FAILED = exported("kube_job_failed", &["namespace", "job_name", "condition"]).between(0.0, 1.0),
        "1 with the condition `true` once a Job has failed and is not retried.";
    JOB_STARTED = exported("kube_job_status_start_time", &["namespace", "job_name"]).unit(Unit::Seconds),
        "When the Job started, in seconds since 1970.";
    JOB_COMPLETED = exported("kube_job_status_completion_time", &["namespace", "job_name"]).unit(Unit::Seconds),
        "When the Job succeeded, in seconds since 1970; no sample unless it did.";
}
