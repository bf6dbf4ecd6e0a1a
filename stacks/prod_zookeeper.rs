//! The event backbone's older alternative: Kafka 3.9 with its metadata in ZooKeeper.

use kafka_stacks::prelude::*;

use super::platform::{self, Platform};

pub(crate) fn stack() -> Stack {
    with(|ensemble| ensemble.internal_tls(platform::issuer()), platform::closed)
}

/// The same stack, closed or not: the tests edit the files of an open one too.
pub(crate) fn with(
    close_ensemble: impl FnOnce(ZooKeeper) -> ZooKeeper,
    close: impl FnOnce(KafkaCluster) -> KafkaCluster,
) -> Stack {
    let mut stack = platform::production("prod-zookeeper");
    let zookeeper = stack.add(close_ensemble(ZooKeeper::new("zookeeper", 3)));
    let kafka = stack.add(
        close(platform::broker_settings(KafkaCluster::zookeeper("kafka", &zookeeper)))
            .pool(
                NodePool::brokers("kafka", 3)
                    .resources(platform::BROKER)
                    .storage(Storage::persistent(100.gib())),
            )
            .acknowledge(
                &rules::kraft::ZOOKEEPER_MODE,
                "kept for clusters that have not migrated to KRaft yet; new ones start with `prod` or `prod-dedicated`",
            ),
    );
    Platform::reference().add_to(&mut stack, &kafka);
    stack
}
