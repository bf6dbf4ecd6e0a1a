//! The event backbone: three nodes that are broker and controller in one.

use kafka_stacks::prelude::*;

use super::platform::{self, Platform};

pub(crate) fn stack() -> Stack {
    with(platform::closed)
}

/// The same stack, closed or not: the tests edit the files of an open one too.
pub(crate) fn with(close: impl FnOnce(KafkaCluster) -> KafkaCluster) -> Stack {
    let mut stack = platform::production("prod");
    let kafka = stack.add(
        close(platform::broker_settings(KafkaCluster::kraft(
            "kafka",
            Version::V4_3,
            "dNslt4aLhoV1ilXY5BmCQA",
        )))
        .finalized(Version::V4_3)
        .pool(
            NodePool::combined("kafka", 3)
                .resources(platform::BROKER)
                .storage(Storage::persistent(100.gib())),
        )
        .acknowledge(
            &rules::kraft::COMBINED,
            "the reference sizes have three nodes; `prod-dedicated` is the same system with controllers of their own",
        ),
    );
    let platform = Platform {
        service_levels: vec![
            Slo::produce_availability(99.9.percent()),
            Slo::consume_latency(99.percent(), 1.seconds()),
            // What a call costs is on the bill within five minutes.
            Slo::freshness("billing", 99.percent(), 5.minutes()),
        ],
        ..Platform::reference()
    };
    platform.add_to(&mut stack, &kafka);
    stack
}
