//! Metrics of `kafka_exporter`: the cluster as a client sees it.
//!
//! Names and labels are those of version 1.9.0. It exports all of them as gauges.

use super::{Metric, Unit, exported, table};

table! {
    /// Metrics of the cluster's exporter.
    ALL:
    BROKERS = exported("kafka_brokers", &[]),
        "Brokers in the cluster's metadata.";
    PARTITIONS = exported("kafka_topic_partitions", &["topic"]),
        "Partitions of the topic.";
    CURRENT_OFFSET = exported("kafka_topic_partition_current_offset", &["topic", "partition"]),
        "Offset of the next record of the partition.";
    OLDEST_OFFSET = exported("kafka_topic_partition_oldest_offset", &["topic", "partition"]),
        "Offset of the oldest record of the partition.";
    LEADER = exported("kafka_topic_partition_leader", &["topic", "partition"]),
        "Node id of the partition's leader; no sample while there is no leader.";
    REPLICAS = exported("kafka_topic_partition_replicas", &["topic", "partition"]),
        "Replicas assigned to the partition.";
    IN_SYNC_REPLICAS = exported("kafka_topic_partition_in_sync_replica", &["topic", "partition"]),
        "In-sync replicas of the partition.";
    UNDER_REPLICATED = exported("kafka_topic_partition_under_replicated_partition", &["topic", "partition"])
        .between(0.0, 1.0),
        "1 if the partition has fewer in-sync replicas than assigned.";
    GROUP_MEMBERS = exported("kafka_consumergroup_members", &["consumergroup"]),
        "Members of the group; 0 for groups of the new consumer protocol, which the exporter cannot query.";
    COMMITTED_OFFSET = exported("kafka_consumergroup_current_offset", &["consumergroup", "topic", "partition"])
        .between(-1.0, f64::INFINITY),
        "Offset that the group committed for the partition; -1 if it never committed.";
    CONSUMER_LAG = exported("kafka_consumergroup_lag", &["consumergroup", "topic", "partition"])
        .between(f64::NEG_INFINITY, f64::INFINITY),
        "Records of the partition that the group has not committed yet; -1 if it never committed, and sometimes negative.";
    OFFSET_SUM = exported("kafka_consumergroup_current_offset_sum", &["consumergroup", "topic"])
        .between(f64::NEG_INFINITY, f64::INFINITY),
        "Sum of the offsets that the group committed for the partitions of the topic.";
    START_TIME = exported("process_start_time_seconds", &[]).unit(Unit::Seconds),
        "Start of the exporter's process, in seconds since 1970, from Go's client library.";
    LAG_SUM = exported("kafka_consumergroup_lag_sum", &["consumergroup", "topic"])
        .between(f64::NEG_INFINITY, f64::INFINITY),
        "Records of the topic that the group has not committed yet, without partitions for which it never committed.";
}

/// What it exports of the cluster, topics and groups, and not of each partition.
pub const BY_TOPIC: &[Metric] = &[BROKERS, PARTITIONS, GROUP_MEMBERS, OFFSET_SUM, LAG_SUM, START_TIME];

/// What it exports of each partition, whoever reads it.
pub const OF_PARTITIONS: &[Metric] = &[
    CURRENT_OFFSET,
    OLDEST_OFFSET,
    LEADER,
    REPLICAS,
    IN_SYNC_REPLICAS,
    UNDER_REPLICATED,
];

/// Other names that it exports, which no alert or panel here uses.
const OTHERS: [&str; 4] = [
    "kafka_broker_info",
    "kafka_topic_partition_leader_is_preferred",
    "kafka_consumergroup_lag_zookeeper",
    "kafka_exporter_build_info",
];

/// All names that it exports.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|metric| metric.name).chain(OTHERS)
}
