//! The event backbone with controllers apart from the brokers: what Kafka recommends for anything critical.

use kafka_stacks::prelude::*;

use super::platform::{self, Platform};

pub(crate) fn stack() -> Stack {
    with(platform::closed)
}

/// The same stack, closed or not: the tests edit the files of an open one too.
pub(crate) fn with(close: impl FnOnce(KafkaCluster) -> KafkaCluster) -> Stack {
    let mut stack = platform::production("prod-dedicated");
    let kafka = stack.add(
        close(platform::broker_settings(KafkaCluster::kraft(
            "kafka",
            Version::V4_3,
            "ay4is93A0KNqcnQLpStdjw",
        )))
        .pool(
            NodePool::controllers("kafka-controller", 3)
                // Kafka's advice for a typical cluster: 5 GB of memory and of disk.
                .resources(Resources::range(500.millicores()..=1.cores(), 5.gib()..=5.gib()))
                .storage(Storage::persistent(10.gib())),
        )
        .pool(
            NodePool::brokers("kafka", 3)
                .resources(platform::BROKER)
                .storage(Storage::persistent(100.gib())),
        ),
    );
    Platform::reference().add_to(&mut stack, &kafka);
    stack
}
