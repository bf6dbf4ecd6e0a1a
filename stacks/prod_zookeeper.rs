//! The event backbone's older alternative: Kafka 3.9 with its metadata in ZooKeeper.

use kafka_stacks::prelude::*;

use super::platform::{self, Platform};

pub(crate) fn stack() -> Stack {
    let mut stack = platform::production("prod-zookeeper");
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    let kafka = stack.add(
        platform::broker_settings(KafkaCluster::zookeeper("kafka", &zookeeper))
            .pool(
                NodePool::brokers("kafka", 3)
                    .resources(platform::BROKER)
                    .storage(Storage::persistent(100.gib())),
            )
            .acknowledge(
                &rules::kraft::ZOOKEEPER_MODE,
                "kept for clusters that have not migrated to KRaft yet; new ones start with `prod` or `prod-dedicated`",
            )
            .acknowledge(
                &rules::security::PLAINTEXT,
                "a cluster on ZooKeeper is migrated to KRaft before it is closed",
            ),
    );
    Platform::reference().add_to(&mut stack, &kafka);
    stack
}
