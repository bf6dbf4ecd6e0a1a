//! `prod` on a smaller budget: the same shape, so that what runs here runs there.

use kafka_stacks::prelude::*;

use super::platform::{self, Platform};

pub(crate) fn stack() -> Stack {
    let mut stack = platform::production("staging");
    let kafka = stack.add(
        platform::closed(platform::broker_settings(KafkaCluster::kraft(
            "kafka",
            Version::V4_3,
            "OQWz733weplfzvcPkhMtUA",
        )))
        .pool(
            NodePool::combined("kafka", 3)
                .resources(Resources::range(500.millicores()..=2.cores(), 3.gib()..=3.gib()))
                .storage(Storage::persistent(20.gib())),
        )
        .acknowledge(
            &rules::kraft::COMBINED,
            "the same shape as `prod`, which combines the two",
        ),
    );
    Platform {
        registry: Resources::range(100.millicores()..=500.millicores(), 1.gib()..=1.gib()),
        connect: Resources::range(250.millicores()..=1.cores(), 2.gib()..=2.gib()),
        replicas: 2,
        implementation: RegistryImplementation::Confluent,
        service_levels: Vec::new(),
    }
    .add_to(&mut stack, &kafka);
    stack
}
