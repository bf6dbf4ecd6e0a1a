//! Topics.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::topic;
    /// A name that Kafka refuses.
    pub const NAME: Rule = Rule {
        id: "KS-T01",
        production: Error,
        development: Error,
        summary: "a name that Kafka refuses",
        explanation: "The name of a topic has up to 249 of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`, and is neither `.` \
            nor `..`.",
        source: "Kafka, org.apache.kafka.common.internals.Topic",
    };

    /// Names that Kafka cannot tell apart.
    pub const NAME_COLLISION: Rule = Rule {
        id: "KS-T02",
        production: Error,
        development: Error,
        summary: "names that Kafka cannot tell apart",
        explanation: "Metric names have no dots, so Kafka replaces `.` with `_` in them, and rejects a topic whose \
            name would then be the same as another's: INVALID_TOPIC.",
        source: "Kafka, ReplicationControlManager",
    };

    /// A topic name that Kafka reserves.
    pub const RESERVED: Rule = Rule {
        id: "KS-T03",
        production: Error,
        development: Error,
        summary: "a topic name that Kafka reserves",
        explanation: "Names that begin with two underscores are for Kafka's internal topics, which Kafka creates and \
            configures itself.",
        source: "Kafka, org.apache.kafka.common.internals.Topic",
    };

    /// A setting that the cleanup policy contradicts, or that a builder call makes.
    pub const CONTRADICTION: Rule = Rule {
        id: "KS-T07",
        production: Error,
        development: Error,
        summary: "a setting that the cleanup policy contradicts, or that a builder call makes",
        explanation: "Compaction ignores `retention.ms` unless the policy is `compact,delete`, and it removes \
            earlier records of a key from a topic that should keep everything. The `Cleanup` of the topic decides \
            what is deleted and when; replication and partitions have their own builder calls.",
        source: "Kafka documentation, log compaction; TopicConfig",
    };

    /// A batch that does not fit into a segment or a request.
    pub const SIZES: Rule = Rule {
        id: "KS-T12",
        production: Error,
        development: Error,
        summary: "a batch that does not fit into a segment or a request",
        explanation: "A batch has to fit into a segment, otherwise the broker rejects it, and into the largest \
            request that the brokers accept.",
        source: "Kafka, UnifiedLog; SocketServerConfigs",
    };

    /// A topic that two parts of a stack declare, or keep their state in.
    pub const TWICE: Rule = Rule {
        id: "KS-T15",
        production: Error,
        development: Error,
        summary: "a topic that two parts of a stack declare or use for their state",
        explanation: "If a topic is declared twice, each run of one declaration would undo the other. The topics in \
            which a registry or a Connect group keeps its state belong to it alone: it creates them itself, and a \
            second owner would overwrite schemas, connectors or offsets.",
        source: "the contract of `Topics`; Confluent, kafkastore.topic; Kafka documentation, distributed workers",
    };

    /// A topic that is used and not declared.
    pub const UNDECLARED: Rule = Rule {
        id: "KS-T20",
        production: Error,
        development: Error,
        summary: "a topic that is used and not declared",
        explanation: "With `auto.create.topics.enable=false` a producer of a topic that no one declared waits for its \
            metadata until `max.block.ms` is over, and fails. A topic that another owner declares is \
            `kafka.external_topic(…)`.",
        source: "the contract of `TopicsHandle::topic`; Kafka, KafkaProducer",
    };

    /// A number of partitions that no topic can have.
    pub const PARTITIONS: Rule = Rule {
        id: "KS-T16",
        production: Error,
        development: Error,
        summary: "a number of partitions that no topic can have",
        explanation: "A topic has at least one partition, and Kafka refuses to create it otherwise: \
            INVALID_PARTITIONS.",
        source: "Kafka, ReplicationControlManager",
    };

    /// A set of topics without a topic.
    pub const NONE: Rule = Rule {
        id: "KS-T17",
        production: Error,
        development: Error,
        summary: "a set of topics without a topic",
        explanation: "A Job that is given an empty declaration cannot tell it from one that was cut off, and fails. \
            Topics are never deleted by leaving them out, so an empty set has no effect.",
        source: "the contract of `Topics`",
    };

    /// Records that outlive their retention.
    pub const SEGMENT_AGE: Rule = Rule {
        id: "KS-T13",
        production: Warning,
        development: Off,
        summary: "records that outlive their retention",
        explanation: "A segment is deleted as a whole, and while a topic is written to, only once it is closed: when \
            it is full (`segment.bytes`) or old (`segment.ms`, seven days by default). In a topic with little \
            traffic a record lives as long as its segment stays open, regardless of `retention.ms`. The rule reports \
            it when that is more than seven times the retention.",
        source: "Kafka, UnifiedLog.deleteOldSegments; TopicConfig, segment.ms",
    };

    /// A retention of 0.
    pub const NOTHING_KEPT: Rule = Rule {
        id: "KS-T18",
        production: Error,
        development: Error,
        summary: "a retention of 0",
        explanation: "With a retention of 0 a record may be deleted as soon as its segment is closed, whether or not a \
            consumer has read it. To keep records without limit use `Cleanup::keep()`, which is -1 in Kafka's \
            settings.",
        source: "Kafka, UnifiedLog.deleteOldSegments",
    };

    /// Batches larger than what followers fetch at a time.
    pub const FETCH_SIZE: Rule = Rule {
        id: "KS-T14",
        production: Warning,
        development: Off,
        summary: "batches larger than what followers fetch at a time",
        explanation: "A follower fetches up to `replica.fetch.max.bytes` of a partition at a time, 1 MiB by default. \
            A larger batch is still replicated, alone, so a topic full of them falls behind and drops out of the \
            in-sync replicas.",
        source: "Kafka, ReplicationConfigs, replica.fetch.max.bytes",
    };

    /// A minimum compaction lag above the maximum.
    pub const LAGS: Rule = Rule {
        id: "KS-T11",
        production: Error,
        development: Error,
        summary: "a minimum compaction lag above the maximum",
        explanation: "A record may not be compacted before `min.compaction.lag.ms` and must be compacted by \
            `max.compaction.lag.ms`. Kafka refuses a minimum above the maximum.",
        source: "Kafka, LogConfig",
    };

    /// A line that the topics Job refuses.
    pub const LINE: Rule = Rule {
        id: "KS-T19",
        production: Error,
        development: Error,
        summary: "a line that the topics Job refuses",
        explanation: "The Job takes lines `TOPIC KEY=VALUE` of printable ASCII, each key of a topic once, and for each \
            topic its `partitions` and its `replication.factor`. It reads the whole file before it changes anything, \
            and fails on any other line: no topic is created or changed.",
        source: "the contract of `Topics`",
    };
}
