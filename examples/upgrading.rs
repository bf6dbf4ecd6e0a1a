//! The changes that `docs/upgrading.md` describes, one after the other, each as a stack: an upgrade in two merges, a migration from
//! ZooKeeper to KRaft in its phases, and five static voters in the place of three. `cargo run --example upgrading -- synth` writes them to `out/`, and `tests/upgrade/run` runs
//! them on real Kafka.

use std::process::ExitCode;

use kafka_stacks::{cli::StackFn, prelude::*};

const CLUSTER_ID: &str = "ClusterIdOfZooKeeper0A";

fn empty(name: &str) -> Stack {
    Stack::new(name, "kafka")
        .kubernetes_cluster(name)
        .profile(Profile::Development)
}

/// The same brokers in every stack.
fn nodes(cluster: KafkaCluster, controllers: u16) -> KafkaCluster {
    cluster
        .pool(NodePool::controllers("kafka-controller", controllers))
        .pool(NodePool::brokers("kafka", 3))
}

fn kraft(name: &str, version: Version, finalized: Option<Version>, controllers: u16) -> Stack {
    let mut stack = empty(name);
    let cluster = KafkaCluster::kraft("kafka", version, CLUSTER_ID);
    let cluster = match finalized {
        Some(finalized) => cluster.finalized(finalized),
        None => cluster,
    };
    stack.add(nodes(cluster, controllers));
    stack
}

fn zookeeper() -> Stack {
    let mut stack = empty("zookeeper");
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 1));
    stack.add(
        KafkaCluster::zookeeper("kafka", &zookeeper)
            .pool(NodePool::brokers("kafka", 3))
            .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "it migrates next"),
    );
    stack
}

fn migrating(name: &str, phase: Migration) -> Stack {
    let mut stack = empty(name);
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 1));
    stack.add(nodes(
        KafkaCluster::migrating("kafka", &zookeeper, phase, CLUSTER_ID),
        3,
    ));
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([
        StackFn::named("running", || kraft("running", Version::V4_2, Some(Version::V4_2), 3)),
        StackFn::named("version", || kraft("version", Version::V4_3, Some(Version::V4_2), 3)),
        StackFn::named("finalized", || {
            kraft("finalized", Version::V4_3, Some(Version::V4_3), 3)
        }),
        StackFn::named("voters", || kraft("voters", Version::V4_2, Some(Version::V4_2), 5)),
        StackFn::named("zookeeper", zookeeper),
        StackFn::named("provision", || migrating("provision", Migration::Provision)),
        StackFn::named("migrate", || migrating("migrate", Migration::Migrate)),
        StackFn::named("brokers-in-kraft", || {
            migrating("brokers-in-kraft", Migration::BrokersInKraft)
        }),
        StackFn::named("finalize", || migrating("finalize", Migration::Finalize)),
        StackFn::named("kraft", || kraft("kraft", Version::V3_9, None, 3)),
        StackFn::named("upgraded", || kraft("upgraded", Version::V4_0, Some(Version::V3_9), 3)),
    ])
}
