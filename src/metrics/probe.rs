//! Metrics of the end-to-end probe, kminion: what happens to the records that it writes and reads again.
//!
//! Names and labels are those of `e2e/service.go` and `e2e/producer.go` of kminion. Each partition has series of its own, and each broker
//! leads a partition.

use super::{Metric, MetricType, Source, counted, table};

const PARTITION: &[&str] = &["partition_id"];

/// The series of a histogram that counts what took at most `le` seconds.
const fn buckets(name: &'static str) -> Metric {
    Metric::new(name, MetricType::Counter, Source::Exporter(&["partition_id", "le"]))
}

table! {
    /// Metrics of the end-to-end probe.
    ALL:
    PRODUCED = counted("kminion_end_to_end_messages_produced_total", PARTITION),
        "Records that the probe wrote, whether the cluster accepted or refused them.";
    FAILED = counted("kminion_end_to_end_messages_produced_failed_total", PARTITION),
        "Records of the probe that the cluster refused, or did not accept in time.";
    RECEIVED = counted("kminion_end_to_end_messages_received_total", PARTITION),
        "Records that the probe wrote and read again in time.";
    LOST = counted("kminion_end_to_end_messages_lost_total", PARTITION),
        "Records that the cluster accepted, and that the probe did not read again in time.";
    ACCEPTED_WITHIN = buckets("kminion_end_to_end_produce_latency_seconds_bucket"),
        "Records of the probe that the cluster accepted within a time.";
    RETURNED_WITHIN = buckets("kminion_end_to_end_roundtrip_latency_seconds_bucket"),
        "Records that the probe read again within a time after it wrote them.";
}

/// The bounds of the buckets of [`RETURNED_WITHIN`], in milliseconds and as the label `le`. They follow from the time after which a record
/// is lost, which is 20 s here (`createHistogramBuckets` in `e2e/utils.go`).
pub(crate) const BOUNDS: [(u64, &str); 13] = [
    (5, "0.005"),
    (10, "0.01"),
    (20, "0.02"),
    (40, "0.04"),
    (80, "0.08"),
    (160, "0.16"),
    (320, "0.32"),
    (640, "0.64"),
    (1280, "1.28"),
    (2560, "2.56"),
    (5120, "5.12"),
    (10240, "10.24"),
    (20480, "20.48"),
];
