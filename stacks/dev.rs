//! One broker for one developer: small, and every record has a single copy.

use kafka_stacks::prelude::*;

use super::platform::{self, Platform};

pub(crate) fn stack() -> Stack {
    let mut stack = Stack::new("dev", "kafka")
        .kubernetes_cluster("dev")
        .profile(Profile::Development);
    stack.acknowledge(
        &rules::durability::SINGLE_COPY,
        "there is one broker, so there is one copy: what is written here may be lost",
    );
    let kafka = stack.add(
        platform::broker_settings(KafkaCluster::kraft("kafka", Version::V4_3, "6OM9e7ot-bEpnHsw79x-Ow")).pool(
            NodePool::combined("kafka", 1)
                .resources(Resources::range(250.millicores()..=2.cores(), 1.gib()..=1.gib()))
                .storage(Storage::persistent(10.gib())),
        ),
    );
    Platform {
        registry: Resources::range(100.millicores()..=500.millicores(), 512.mib()..=512.mib()),
        connect: Resources::range(100.millicores()..=1.cores(), 1.gib()..=1.gib()),
        replicas: 1,
        implementation: RegistryImplementation::Apicurio,
        service_levels: Vec::new(),
    }
    .add_to(&mut stack, &kafka);
    stack
}
