//! Replication, and what must be in sync.

use kafka_stacks::prelude::*;

use super::{
    case::{Case, Sound, calls},
    dedicated, empty, kraft, orders, raw, topics, with,
};

pub(super) fn broken() -> Vec<Case> {
    let replicated = |factor, min| with(dedicated().replication(Replication::new(factor, min)));
    let zoned = |b: NodePool| {
        with(
            kraft()
                .pool(NodePool::controllers("c", 3))
                .pool(NodePool::brokers("a", 3).zone("a"))
                .pool(b.first_id(10)),
        )
    };
    vec![
        calls(
            "unclean leader election, in other letters",
            with(dedicated().config("unclean.leader.election.enable", " TRUE ")),
            &["remove `.config(\"unclean.leader.election.enable\", …)`"],
            with(dedicated()),
        ),
        calls(
            "offsets of groups that are deleted within an hour",
            with(dedicated().config("offsets.retention.minutes", 60)),
            &["remove `.config(\"offsets.retention.minutes\", …)`"],
            with(dedicated()),
        ),
        calls(
            "brokers that leave without moving their leaders",
            with(dedicated().config("controlled.shutdown.enable", false)),
            &["remove `.config(\"controlled.shutdown.enable\", …)`"],
            with(dedicated()),
        ),
        calls(
            "a reporter of metrics that the image does not have",
            with(dedicated().config("metric.reporters", "com.example.Reporter")),
            &["change `.config(\"metric.reporters\", …)`"],
            with(dedicated()),
        ),
        calls(
            "a replication factor above the number of brokers",
            replicated(5, 3),
            &["lower it in `.replication(…)` to at most 3"],
            replicated(3, 2),
        ),
        calls(
            "min.insync.replicas above the replication factor",
            replicated(3, 4),
            &["`Replication::new(3, 2)` in `.replication(…)`"],
            replicated(3, 2),
        ),
        calls(
            "min.insync.replicas of 1",
            replicated(3, 1),
            &["`Replication::new(3, 2)` in `.replication(…)`"],
            replicated(3, 2),
        ),
        {
            let external = |replication| {
                let kafka = KafkaCluster::external("k", Version::V4_3, "k-1.example.com:9092");
                with(Topics::new("topics", &kafka.with_replication(replication)).topic(orders()))
            };
            calls(
                "min.insync.replicas of an external cluster above its replication factor",
                external(Replication::new(2, 3)),
                &["change it in `.with_replication(…)`: use `Replication::new(3, 2)`"],
                external(Replication::new(3, 2)),
            )
        },
        calls(
            "a replication factor of 0",
            topics(orders().replication(Replication::new(0, 1))),
            &["change it in `Topic::replication(…)`: use `Replication::for_brokers(…)` or `Replication::new(3, 2)`"],
            topics(orders().replication(Replication::new(3, 2))),
        ),
        calls(
            "zones of different sizes",
            zoned(NodePool::brokers("b", 1).zone("b")),
            &["and each zone the same number of brokers"],
            zoned(NodePool::brokers("b", 3).zone("b")),
        ),
        calls(
            "brokers without a zone beside brokers with one",
            zoned(NodePool::brokers("b", 3)),
            &["give every pool of brokers a `.zone(…)`"],
            zoned(NodePool::brokers("b", 3).zone("b")),
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::durability;
    let development = |cluster: KafkaCluster| {
        let mut stack = empty().profile(Profile::Development);
        stack.add(cluster);
        stack
    };
    let replicated = || with(dedicated().replication(Replication::new(3, 2)));
    vec![
        (&durability::FACTOR_ABOVE_BROKERS, replicated()),
        (&durability::MIN_IN_SYNC_ABOVE_FACTOR, replicated()),
        (&durability::MIN_IN_SYNC_IS_FACTOR, replicated()),
        (&durability::SINGLE_COPY, replicated()),
        (
            &durability::UNCLEAN_ELECTION,
            raw("unclean.leader.election.enable", "false"),
        ),
        (&durability::OFFSETS_RETENTION, raw("offsets.retention.minutes", "1440")),
        (&durability::AUTO_CREATION, raw("auto.create.topics.enable", "false")),
        (
            &durability::NO_COPY,
            development(kraft().pool(NodePool::combined("kafka", 1))),
        ),
        (
            &durability::ZONES,
            with(
                kraft()
                    .pool(NodePool::controllers("c", 3))
                    .pool(NodePool::brokers("a", 2).zone("a"))
                    .pool(NodePool::brokers("b", 2).zone("b").first_id(10)),
            ),
        ),
    ]
}
