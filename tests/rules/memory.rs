//! Memory, heap and requests of pods.

use kafka_stacks::prelude::*;

use super::{
    beside, brokers,
    case::{Case, Sound, calls},
    pools, with,
};

pub(super) fn broken() -> Vec<Case> {
    let fixed = |memory| Resources::fixed(1.cores(), memory);
    vec![
        calls(
            "less memory than controllers and brokers need to start",
            pools(
                NodePool::controllers("c", 3).resources(fixed(160.mib())),
                NodePool::brokers("a", 3).resources(fixed(10.mib())),
            ),
            &["raise the memory in `.resources(…)`"],
            pools(
                NodePool::controllers("c", 3).resources(fixed(176.mib())),
                NodePool::brokers("a", 3).resources(fixed(384.mib())),
            ),
        ),
        calls(
            "less heap than a broker needs to start",
            brokers(NodePool::brokers("b", 3).heap(176.mib())),
            &["remove `.heap(…)`"],
            brokers(NodePool::brokers("b", 3)),
        ),
        calls(
            "less memory than a ZooKeeper server needs to start",
            with(ZooKeeper::new("zookeeper", 3).resources(fixed(64.mib()))),
            &["raise the memory in `.resources(…)`"],
            with(ZooKeeper::new("zookeeper", 3).resources(fixed(80.mib()))),
        ),
        calls(
            "less memory than a Connect worker needs to start",
            beside(|kafka| Connect::new("connect", kafka).resources(fixed(64.mib()))),
            &["raise the memory in `.resources(…)`"],
            beside(|kafka| Connect::new("connect", kafka).resources(fixed(320.mib()))),
        ),
        {
            let apicurio = |memory: Bytes| {
                beside(|kafka| {
                    SchemaRegistry::new("registry", kafka)
                        .implementation(RegistryImplementation::Apicurio)
                        .resources(fixed(memory))
                })
            };
            calls(
                "less memory than a registry needs to start",
                apicurio(352.mib()),
                &["raise the memory in `.resources(…)`"],
                apicurio(368.mib()),
            )
        },
        calls(
            "no memory for a heap",
            beside(|kafka| SchemaRegistry::new("registry", kafka).resources(fixed(1.mib()))),
            &["raise the memory in `.resources(…)`"],
            beside(|kafka| SchemaRegistry::new("registry", kafka).resources(fixed(512.mib()))),
        ),
        calls(
            "a heap that leaves no memory for the rest of the JVM",
            pools(NodePool::controllers("c", 3).heap(2.gib()), NodePool::brokers("b", 3)),
            &["lower `.heap(…)`"],
            pools(
                NodePool::controllers("c", 3).heap(1536.mib()),
                NodePool::brokers("b", 3),
            ),
        ),
        calls(
            "requests above the limits, and a heap that takes the memory of the page cache",
            brokers(
                NodePool::brokers("b", 3)
                    .heap(7.gib())
                    .resources(Resources::range(2.cores()..=1.cores(), 16.gib()..=12.gib())),
            ),
            &[
                "raise the limit or lower the request in `.resources(…)`",
                "remove `.heap(…)`",
            ],
            brokers(NodePool::brokers("b", 3).resources(Resources::range(1.cores()..=1.cores(), 12.gib()..=12.gib()))),
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::memory;
    let large = || NodePool::brokers("b", 3).resources(Resources::range(1.cores()..=1.cores(), 8.gib()..=8.gib()));
    vec![
        (&memory::HEAP_ABOVE_MEMORY, brokers(large().heap(6.gib()))),
        (&memory::HEAP_TOO_LARGE, brokers(large().heap(6.gib()))),
        (&memory::REQUEST_ABOVE_LIMIT, brokers(large())),
        (
            &memory::FLOOR,
            brokers(
                large()
                    .resources(Resources::fixed(1.cores(), 384.mib()))
                    .heap(192.mib()),
            ),
        ),
    ]
}
