//! Recording rules of a stack, named `level:metric:operations`: sums that are expensive, or that several alerts and
//! panels use. They are before the alerts in the same group, so that an alert reads what was just recorded.
//!
//! | Record | Used by | Reason |
//! |---|---|---|
//! | [`GROUP_LAG`] | four alerts and four panels | it is a sum over every partition that any group reads |
//! | [`TOPIC_RATE`] | an alert and two panels | it reads ten minutes of samples of every partition |
//! | [`COMMITS`] | four alerts | it reads ten minutes of samples of every partition that any group reads |
//! | [`POD_START`] | alerts that stay silent in a rolling restart | a pod that was recreated has another address, so another series |
//! | [`VOLUME_USED`] | an alert and three panels | all of them must use the same definition of a full volume |
//!
//! Your own alerts can use them too:
//!
//! ```
//! use kafka_stacks::{metrics::record, prelude::*};
//!
//! let lag = record::GROUP_LAG.name;
//! Alert::new("ReportsAreLate", format!("{lag}{{kafka_cluster=\"kafka\",consumergroup=\"reports\"}} > 50000"));
//! ```

use super::{Metric, Unit, recorded, table};

table! {
    /// Metrics of every cluster with an exporter; [`POD_START`] and [`VOLUME_USED`] only of a cluster of the stack.
    ALL:
    GROUP_LAG = recorded("consumergroup_topic:kafka_consumergroup_lag:sum", &["consumergroup", "topic"]),
        "Records that the group has not committed yet, in partitions of the topic for which it ever committed an offset.";
    TOPIC_RATE = recorded("topic:kafka_topic_partition_current_offset:deriv10m", &["topic"])
        .between(f64::NEG_INFINITY, f64::INFINITY),
        "Records produced to the topic per second, over ten minutes; negative after the topic was recreated.";
    COMMITS = recorded("consumergroup_topic:kafka_consumergroup_current_offset:changes10m", &["consumergroup", "topic"]),
        "How often the group committed another offset within ten minutes, on the partition where it did so most often.";
    POD_START = recorded("pod:kafka_jvm_start_time_seconds:max", &["pod"]).unit(Unit::Seconds),
        "Start of the broker's or controller's process, in seconds since 1970, whatever address the pod has.";
    VOLUME_USED = recorded("persistentvolumeclaim:kubelet_volume_stats_used:ratio", &["persistentvolumeclaim"])
        .unit(Unit::Ratio).between(0.0, 1.0),
        "Share of the volume that a process without privileges cannot write to.";
}
