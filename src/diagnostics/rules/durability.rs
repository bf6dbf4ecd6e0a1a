//! Durability: replication, and what must be in sync.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::durability;
    /// More replicas than brokers.
    pub const FACTOR_ABOVE_BROKERS: Rule = Rule {
        id: "KS-D01",
        production: Error,
        development: Error,
        summary: "more replicas than brokers",
        explanation: "Kafka puts the replicas of a partition on different brokers, so it refuses to create a topic \
            with more replicas than there are brokers: INVALID_REPLICATION_FACTOR. For an internal topic that means \
            that consumers or transactions never start.",
        source: "Kafka, StripedReplicaPlacer",
    };

    /// More in-sync replicas than replicas.
    pub const MIN_IN_SYNC_ABOVE_FACTOR: Rule = Rule {
        id: "KS-D02",
        production: Error,
        development: Error,
        summary: "min.insync.replicas above the replication factor",
        explanation: "Up to 3.6 every write with acks=all fails then; from 3.7 on the broker silently lowers \
            `min.insync.replicas` to the replication factor, and the cluster is less durable than its configuration \
            says.",
        source: "Kafka, Partition.effectiveMinIsr; KAFKA-21110",
    };

    /// min.insync.replicas equal to the replication factor.
    pub const MIN_IN_SYNC_IS_FACTOR: Rule = Rule {
        id: "KS-D03",
        production: Error,
        development: Error,
        summary: "min.insync.replicas equal to the replication factor",
        explanation: "If all replicas must be in sync, every restart of a broker stops all writes with acks=all to its \
            partitions until it has caught up.",
        source: "Kafka documentation, min.insync.replicas",
    };

    /// A record with one copy.
    pub const SINGLE_COPY: Rule = Rule {
        id: "KS-D04",
        production: Error,
        development: Warning,
        summary: "a record with a single replica",
        explanation: "With a replication factor of 1, or with one replica in sync, an acknowledged record is on a \
            single disk. Losing that broker loses it, and restarting the broker makes the partition unavailable.",
        source: "Kafka documentation, replication",
    };

    /// A leader that may lack acknowledged records.
    pub const UNCLEAN_ELECTION: Rule = Rule {
        id: "KS-D05",
        production: Error,
        development: Warning,
        summary: "a leader that may lack acknowledged records",
        explanation: "With `unclean.leader.election.enable=true` a replica that was not in sync may become leader when \
            no other is left: acknowledged records are silently lost.",
        source: "Kafka documentation, unclean.leader.election.enable",
    };

    /// Automatic creation of topics.
    pub const AUTO_CREATION: Rule = Rule {
        id: "KS-D08",
        production: Error,
        development: Warning,
        summary: "automatic creation of topics",
        explanation: "With `auto.create.topics.enable=true` a typing error in a client creates a topic with the \
            cluster's defaults instead of an error, and a forgotten declaration goes unnoticed.",
        source: "Kafka documentation, auto.create.topics.enable",
    };

    /// Replication that keeps nothing.
    pub const NO_COPY: Rule = Rule {
        id: "KS-D09",
        production: Error,
        development: Error,
        summary: "a replication factor or min.insync.replicas of 0",
        explanation: "A partition has at least one replica, of which at least one is in sync when a record is \
            acknowledged. Kafka refuses both zeros, the broker when it starts and the tools when they create a topic.",
        source: "Kafka, ReplicationConfigs and TopicConfig",
    };

    /// Brokers that are unevenly spread over zones.
    pub const ZONES: Rule = Rule {
        id: "KS-D10",
        production: Warning,
        development: Warning,
        summary: "brokers that are unevenly spread over zones",
        explanation: "Kafka spreads the replicas of a partition over racks as evenly as it can. If one zone has fewer \
            brokers than the others, each of its brokers has more replicas and more load. Brokers without a rack \
            count as one more rack, no matter in which zone they run.",
        source: "Kafka documentation, Balancing replicas across racks",
    };

    /// Committed offsets that are forgotten within a day.
    pub const OFFSETS_RETENTION: Rule = Rule {
        id: "KS-D11",
        production: Warning,
        development: Off,
        summary: "committed offsets that are deleted within a day",
        explanation: "`offsets.retention.minutes` after the last consumer of a group left, its offsets are deleted. \
            When it comes back it begins where `auto.offset.reset` says: with `latest` it skips what was written \
            meanwhile, with `earliest` it reads everything again. Kafka keeps them for 7 days, so that a weekend \
            loses nothing.",
        source: "Kafka documentation, offsets.retention.minutes; KIP-186",
    };
}
