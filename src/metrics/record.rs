//! What recording rules of a stack keep, by the name `level:metric:operations`: sums that cost much, or that more than one asks
//! for. They stand before the alerts in the same group, so that an alert reads what was recorded a moment before.
//!
//! | Record | Is asked for by | Is recorded because |
//! |---|---|---|
//! | [`GROUP_LAG`] | four alerts and four panels | it is a sum over every partition that any group reads |
//! | [`TOPIC_RATE`] | an alert and two panels | it reads ten minutes of every partition |
//! | [`VOLUME_USED`] | an alert and three panels | all of them have to mean the same by a full volume |
//!
//! An alert of a stack's own can ask for them too:
//!
//! ```
//! use kafka_stacks::{metrics::record, prelude::*};
//!
//! let lag = record::GROUP_LAG.name;
//! Alert::new("ReportsAreLate", format!("{lag}{{kafka_cluster=\"kafka\",consumergroup=\"reports\"}} > 50000"));
//! ```

use super::{Metric, Unit, recorded, table};

table! {
    /// Of every cluster with an exporter; [`VOLUME_USED`] of one whose volumes are in the stack.
    ALL:
    GROUP_LAG = recorded("consumergroup_topic:kafka_consumergroup_lag:sum", &["consumergroup", "topic"]),
        "Records that the group did not commit yet, of the topic's partitions that it ever committed.";
    TOPIC_RATE = recorded("topic:kafka_topic_partition_current_offset:deriv10m", &["topic"])
        .between(f64::NEG_INFINITY, f64::INFINITY),
        "Records produced to the topic a second, over ten minutes; below 0 after the topic was created again.";
    VOLUME_USED = recorded("persistentvolumeclaim:kubelet_volume_stats_used:ratio", &["persistentvolumeclaim"])
        .unit(Unit::Ratio).between(0.0, 1.0),
        "Part of the volume that a process without privileges can no longer write to.";
}
