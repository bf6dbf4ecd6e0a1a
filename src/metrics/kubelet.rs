//! What the kubelet exports of volumes. Its scrape job belongs to the cluster, as kube-prometheus-stack sets one up: without
//! it no metric says how full a volume is, because Kafka has none for that.

use super::{Metric, Unit, exported, table};

table! {
    /// Of every mounted volume with a claim.
    ALL:
    VOLUME_AVAILABLE = exported("kubelet_volume_stats_available_bytes", &["namespace", "persistentvolumeclaim"])
        .unit(Unit::Bytes),
        "Bytes that a process without privileges can still write.";
    VOLUME_CAPACITY = exported("kubelet_volume_stats_capacity_bytes", &["namespace", "persistentvolumeclaim"])
        .unit(Unit::Bytes),
        "Size of the file system.";
}
