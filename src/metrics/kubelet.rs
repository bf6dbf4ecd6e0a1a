//! Metrics of the kubelet about volumes. The Kubernetes cluster needs a scrape job for the kubelet, such as that of
//! kube-prometheus-stack. Without it no metric shows how full a volume is, because Kafka has no such metric.

use super::{Metric, Unit, exported, table};

table! {
    /// Metrics of every mounted volume with a claim.
    ALL:
    VOLUME_AVAILABLE = exported("kubelet_volume_stats_available_bytes", &["namespace", "persistentvolumeclaim"])
        .unit(Unit::Bytes),
        "Bytes that a process without privileges can still write.";
    VOLUME_CAPACITY = exported("kubelet_volume_stats_capacity_bytes", &["namespace", "persistentvolumeclaim"])
        .unit(Unit::Bytes),
        "Size of the file system.";
}
