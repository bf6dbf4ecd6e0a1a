//! Mistakes that cannot be written down: a type, or a call that does not exist, stands where a rule would.
//!
//! ZooKeeper with Kafka 4.x: the constructor takes no version.
//!
//! ```compile_fail,E0061
//! use kafka_stacks::prelude::*;
//! let mut stack = Stack::new("example", "kafka");
//! let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
//! KafkaCluster::zookeeper("kafka", Version::V4_0, &zookeeper);
//! ```
//!
//! Nodes whose disk is gone with their pod: storage is persistent.
//!
//! ```compile_fail,E0599
//! use kafka_stacks::prelude::*;
//! NodePool::brokers("kafka", 3).storage(Storage::ephemeral());
//! ```
//!
//! A retention that compaction would ignore: a topic's retention is part of its [`Cleanup`](crate::kafka::Cleanup).
//!
//! ```compile_fail,E0599
//! use kafka_stacks::prelude::*;
//! Topic::new("orders", 6, Cleanup::compact()).retention(7.days());
//! ```
//!
//! An audit log that is compacted: a topic that keeps everything has no further policy.
//!
//! ```compile_fail,E0599
//! use kafka_stacks::prelude::*;
//! Topic::new("audit", 6, Cleanup::keep().compact());
//! ```
//!
//! A producer that may lose, repeat or reorder records: there is no such kind.
//!
//! ```compile_fail,E0599
//! use kafka_stacks::prelude::*;
//! Producer::idempotent("orders").acks(1);
//! ```
//!
//! A setting of a single pool, as `min.insync.replicas` for one broker: only clusters have raw settings.
//!
//! ```compile_fail,E0599
//! use kafka_stacks::prelude::*;
//! NodePool::brokers("kafka", 3).config("min.insync.replicas", 1);
//! ```
//!
//! A construct that is changed after others were built from it: adding it gives it away.
//!
//! ```compile_fail,E0382
//! use kafka_stacks::prelude::*;
//! let mut stack = Stack::new("example", "kafka");
//! let cluster = KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw");
//! let kafka = stack.add(cluster);
//! cluster.pool(NodePool::brokers("kafka", 3));
//! ```

/// What is ruled out, and by what: the rows of a table in the documentation of the rules.
pub const ALL: &[(&str, &str)] = &[
    (
        "ZooKeeper with Kafka 4.0 or later",
        "`KafkaCluster::zookeeper` takes no version: it is 3.9",
    ),
    (
        "a node without an id or with a wrong role, voters that do not match the controllers, a listener that is \
        advertised but does not exist",
        "node ids, roles, voters and listeners follow from the pools and from `.listener(…)`; as raw settings they \
        are refused (KS-K18)",
    ),
    (
        "static voters and dynamic ones at once, or a dynamic quorum with an entrypoint that formats static ones",
        "the quorum is static, and formatted by an init container",
    ),
    (
        "controllers without the defaults that they apply to new topics",
        "all pools of a cluster have the same settings",
    ),
    (
        "`min.insync.replicas` of a single broker",
        "`NodePool` has no raw settings",
    ),
    ("brokers and controllers on an `emptyDir`", "`Storage` is persistent"),
    (
        "internal topics with another replication than the cluster's",
        "`.replication(…)` of the cluster sets them all",
    ),
    (
        "a retention that compaction ignores",
        "`Cleanup::compact()` has no retention",
    ),
    ("an audit log that is compacted", "`Cleanup::keep()` never compacts"),
    (
        "a producer without idempotence or with `acks` below `all`, and a consumer that reads aborted records",
        "`Producer::idempotent`, `Producer::transactional` and `Consumer::read_committed` are the only kinds; the \
        keys are refused as raw settings (KS-E08)",
    ),
    (
        "registry instances or Connect workers that advertise a shared name",
        "they advertise their pod's address; the keys are refused as raw settings (KS-R06)",
    ),
    (
        "a construct that changes after others were built from it",
        "`Stack::add` takes it",
    ),
];
