//! What topics need, and what brokers have.

use kafka_stacks::prelude::*;

use super::{
    case::{Case, Sound, calls},
    empty, kraft, orders, with_cluster,
};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn broken() -> Vec<Case> {
    let plain = || NodePool::brokers("kafka", 3);
    let kept = |retention| Topic::new("orders", 12, Cleanup::delete_after(retention)).load(load(1000));
    let compacted = |brokers, partitions: u32| {
        loaded(
            NodePool::brokers("kafka", brokers).storage(Storage::persistent(16.tib())),
            Topic::new("orders", partitions, Cleanup::compact()).load(load(1)),
        )
    };
    let many = |partitions: u32| {
        let topic = |name: &&str| Topic::new(*name, partitions, Cleanup::compact());
        let pool = plain().storage(Storage::persistent(16.tib()));
        with_cluster(kraft().pool(NodePool::controllers("c", 3)).pool(pool), |kafka| {
            Topics::new("topics", kafka).topics(["a", "b", "c", "d"].iter().map(topic))
        })
    };
    let fast = |brokers: NodePool| {
        loaded(
            brokers.storage(Storage::persistent(16.tib())),
            Topic::new("orders", 36, Cleanup::delete_after(2.hours()))
                .segment_age(2.hours())
                .load(load(1_000_000)),
        )
    };
    vec![
        calls(
            "requests that no node of the machine can meet",
            on_machine(16.gib()),
            &["request less in `.resources(…)`"],
            on_machine(12.gib()),
        ),
        calls(
            "retention that needs larger volumes",
            loaded(plain(), kept(1.days())),
            &[".storage(Storage::persistent(62.gib()))"],
            loaded(plain().storage(Storage::persistent(62.gib())), kept(1.days())),
        ),
        calls(
            "retention that needs more brokers",
            loaded(plain(), kept(1.days())),
            &["`NodePool::brokers(\"kafka\", 12)`"],
            loaded(NodePool::brokers("kafka", 12), kept(1.days())),
        ),
        calls(
            "retention that is too long",
            loaded(plain(), kept(1.days())),
            &["Cleanup::delete_after(2.hours())"],
            loaded(plain(), kept(2.hours())),
        ),
        calls(
            "a load above what disks, processors and the page cache can carry",
            fast(plain()),
            &[
                "`NodePool::brokers(\"kafka\", 16)`",
                "33.cores()",
                "`NodePool::brokers(\"kafka\", 22)`",
            ],
            fast(NodePool::brokers("kafka", 22).resources(Resources::fixed(33.cores(), 8.gib()))),
        ),
        calls(
            "records that are never deleted",
            loaded(
                plain().storage(Storage::persistent(1.tib())),
                Topic::new("orders", 12, Cleanup::keep()).load(load(1000)),
            ),
            &["use `Cleanup::delete_after(…)`"],
            loaded(plain().storage(Storage::persistent(1.tib())), kept(2.hours())),
        ),
        calls(
            "more partition replicas than a broker should have, mended by brokers",
            compacted(3, 3000),
            &["`NodePool::brokers(\"kafka\", 10)`"],
            compacted(10, 3000),
        ),
        calls(
            "more partition replicas than brokers can be added for",
            many(99_999),
            &[
                "fewer partitions in `Topic::new(…)`",
                "`.segment_size(…)` of the topics",
            ],
            many(80),
        ),
        {
            let segments = |size: Bytes| {
                loaded(
                    plain().storage(Storage::persistent(16.tib())),
                    Topic::new("orders", 500, Cleanup::delete_after(20.gib()))
                        .segment_size(size)
                        .load(load(1)),
                )
            };
            calls(
                "more segments than a node can map",
                segments(256.mib()),
                &["`.segment_size(…)` of the topics"],
                segments(1.gib()),
            )
        },
        {
            let empty_load = |records| loaded(plain(), orders().load(load(records)));
            calls(
                "a load of 0",
                empty_load(0),
                &["use a rate and a size above 0 in `Load::new(…)`"],
                empty_load(1),
            )
        },
        {
            let measured = |pool: NodePool, load: Load| {
                with_cluster(
                    kraft().pool(NodePool::controllers("c", 3)).pool(pool).load(load),
                    |kafka| {
                        Topics::new("topics", kafka)
                            .topic(orders().segment_age(1.days()).load(super::capacity::load(1)))
                    },
                )
            };
            let elsewhere = || Load::new(1.records_per_second(), 1.bytes());
            calls(
                "a load without the figures that it is compared with",
                measured(plain(), elsewhere()),
                &[
                    "add `.disk_throughput(125.mebibytes_per_second())`, `.network(10.gigabits_per_second())`, `.cpu_class(CpuClass::MSK_EXPRESS_M7G)`",
                    "add `Load::consumer_groups(…)`",
                ],
                measured(
                    plain()
                        .disk_throughput(125.mebibytes_per_second())
                        .network(10.gigabits_per_second())
                        .cpu_class(CpuClass::MSK_EXPRESS_M7G),
                    elsewhere().consumer_groups(1),
                ),
            )
        },
        calls(
            "zones whose number has a common factor with the number of their brokers",
            zones(3),
            &["4 brokers in each zone"],
            zones(4),
        ),
    ]
}

/// A cluster whose brokers are for a machine that has 14 GiB for pods.
fn on_machine(memory: Bytes) -> Stack {
    let brokers = NodePool::brokers("kafka", 3)
        .resources(Resources::fixed(2.cores(), memory))
        .machine(Machine::allocatable("m7g.xlarge", 3920.millicores(), 14.gib()));
    with_cluster(kraft().pool(NodePool::controllers("c", 3)).pool(brokers), |kafka| {
        Topics::new("topics", kafka).topic(orders())
    })
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::capacity;
    vec![
        (&capacity::MACHINE, on_machine(12.gib())),
        (
            &capacity::RETENTION,
            loaded(
                NodePool::brokers("kafka", 3).storage(Storage::persistent(62.gib())),
                Topic::new("orders", 12, Cleanup::delete_after(1.days())).load(load(1000)),
            ),
        ),
        (&capacity::RATE, carried()),
        (&capacity::UNKNOWN, carried()),
        (
            &capacity::REPLICAS,
            loaded(
                NodePool::brokers("kafka", 3),
                Topic::new("orders", 900, Cleanup::compact()),
            ),
        ),
        (
            &capacity::CLUSTER_REPLICAS,
            loaded(
                NodePool::brokers("kafka", 3),
                Topic::new("orders", 66_566, Cleanup::compact()),
            ),
        ),
        (
            &capacity::MEMORY_MAPS,
            loaded(
                NodePool::brokers("kafka", 3).storage(Storage::persistent(100.gib())),
                Topic::new("orders", 100, Cleanup::delete_after(325.mib())).segment_size(1.mib()),
            ),
        ),
        (&capacity::PAGE_CACHE, carried()),
        (
            &capacity::NEVER_DELETED,
            loaded(NodePool::brokers("kafka", 3), Topic::new("orders", 12, Cleanup::keep())),
        ),
        (&capacity::EMPTY_LOAD, carried()),
        (&capacity::LEADERS, zones(4)),
    ]
}

/// A cluster whose brokers have been measured, with a topic that carries something.
fn loaded(brokers: NodePool, topic: Topic) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(
        kraft().pool(NodePool::controllers("kafka-controller", 3)).pool(
            brokers
                .disk_throughput(125.mebibytes_per_second())
                .network(10.gigabits_per_second())
                .cpu_class(CpuClass::MSK_EXPRESS_M7G),
        ),
    );
    stack.add(Topics::new("topics", &kafka).topic(topic));
    stack
}

fn load(records: u64) -> Load {
    Load::new(records.records_per_second(), 1000.bytes())
        .compressed_to(50.percent())
        .consumer_groups(2)
}

/// Three zones with this many brokers each.
fn zones(brokers: u16) -> Stack {
    let mut stack = empty();
    let cluster = kraft().pool(NodePool::controllers("c", 3).first_id(300));
    let cluster = [("a", 0), ("b", 100), ("c", 200)]
        .into_iter()
        .fold(cluster, |cluster, (zone, first_id)| {
            cluster.pool(
                NodePool::brokers(format!("kafka-{zone}"), brokers)
                    .zone(zone)
                    .first_id(first_id),
            )
        });
    let kafka = stack.add(cluster);
    stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 60, Cleanup::compact())));
    stack
}

/// A load that a small cluster carries.
fn carried() -> Stack {
    loaded(
        NodePool::brokers("kafka", 3),
        Topic::new("orders", 12, Cleanup::delete_after(2.hours())).load(load(1000)),
    )
}
