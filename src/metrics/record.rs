//! Recording rules of a stack, named `level:metric:operations`: sums that are expensive, or that several alerts and
//! panels use. They are before the alerts in the same group, so that an alert reads what was just recorded.
//!
//! | Record | Used by | Reason |
//! |---|---|---|
//! | [`GROUP_LAG`] | four alerts and four panels | it is a sum over every partition that any group reads |
//! | [`LARGEST_LAG`] | two alerts | it reads every partition that any group reads |
//! | [`TOPIC_RATE`] | an alert and two panels | it reads ten minutes of samples of every partition |
//! | [`COMMITS`] | four alerts | it reads ten minutes of samples of every partition that any group reads |
//! | [`POD_START`] | alerts that stay silent in a rolling restart | a pod that was recreated has another address, so another series |
//! | [`VOLUME_USED`] | an alert and three panels | all of them must use the same definition of a full volume |
//! | [`MEASURED`], [`SPENT`] | the six below | a service level of any kind becomes two series, so that days of it are cheap to read |
//! | [`BURN_5M`] to [`BURN_3D`] | the alerts on error budgets and two panels | each alert reads two of them |
//! | [`BURN_30D`] | the panel of what is left | it reads 30 days of samples |
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
    /// Metrics of every cluster with an exporter; [`POD_START`] and [`VOLUME_USED`] only of a cluster of the stack, those from
    /// [`MEASURED`] on only of one with service levels.
    ALL:
    GROUP_LAG = recorded("consumergroup_topic:kafka_consumergroup_lag:sum", &["consumergroup", "topic"]),
        "Records that the group has not committed yet, in partitions of the topic for which it ever committed an offset.";
    LARGEST_LAG = recorded("consumergroup_topic:kafka_consumergroup_lag:max", &["consumergroup", "topic"])
        .between(f64::NEG_INFINITY, f64::INFINITY),
        "The most records of one partition that the group has not committed; not with `Monitoring::lag_by_topic`.";
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
    MEASURED = recorded("slo:kafka_slo_measured:last5m", &["slo"]),
        "How much the service level measures now: requests per second, brokers, or 1.";
    SPENT = recorded("slo:kafka_slo_spent:last5m", &["slo"]),
        "How much of it misses the service level now, divided by the share that may miss it.";
    BURN_5M = recorded("slo:kafka_slo_burn_rate:over5m", &["slo"]),
        "How fast the error budget was spent in five minutes; at 1 it lasts as long as its period.";
    BURN_30M = recorded("slo:kafka_slo_burn_rate:over30m", &["slo"]),
        "The same in half an hour.";
    BURN_1H = recorded("slo:kafka_slo_burn_rate:over1h", &["slo"]),
        "The same in an hour.";
    BURN_6H = recorded("slo:kafka_slo_burn_rate:over6h", &["slo"]),
        "The same in six hours.";
    BURN_3D = recorded("slo:kafka_slo_burn_rate:over3d", &["slo"]),
        "The same in three days.";
    BURN_30D = recorded("slo:kafka_slo_burn_rate:over30d", &["slo"]),
        "The same in 30 days: the share of the error budget that is spent.";
}

/// How fast error budgets are spent, over which time.
pub const BURN_RATES: [(Metric, &str); 6] = [
    (BURN_5M, "5m"),
    (BURN_30M, "30m"),
    (BURN_1H, "1h"),
    (BURN_6H, "6h"),
    (BURN_3D, "3d"),
    (BURN_30D, "30d"),
];
