//! Settings of producers and consumers, and bootstrap servers.

use kafka_stacks::prelude::*;

use super::{
    beside,
    case::{A_NAME, Case, Sound, calls, not_a_call},
    dedicated, orders, with, with_cluster,
};

pub(super) fn broken() -> Vec<Case> {
    let producer = |producer: Producer| beside(|kafka| Clients::new("clients", kafka).producer(producer));
    let consumer = |consumer: Consumer| beside(|kafka| Clients::new("clients", kafka).consumer(consumer));
    vec![
        calls(
            "a delivery timeout below that of a request",
            producer(Producer::idempotent("a").delivery_timeout(1.seconds())),
            &["raise `.delivery_timeout(…)` to 30005 ms or more"],
            producer(Producer::idempotent("a").delivery_timeout(30_005.milliseconds())),
        ),
        calls(
            "a session timeout that brokers do not allow",
            consumer(Consumer::read_committed("a").session_timeout(1.hours())),
            &["`.session_timeout(…)`"],
            consumer(Consumer::read_committed("a").session_timeout(1.minutes())),
        ),
        calls(
            "raw settings of clients that their kind makes",
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a").config("acks", 1))
                    .consumer(Consumer::read_committed("b").config("isolation.level", "read_uncommitted"))
            }),
            &[
                "remove `.config(\"acks\", …)`",
                "remove `.config(\"isolation.level\", …)`",
            ],
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a"))
                    .consumer(Consumer::read_committed("b"))
            }),
        ),
        not_a_call(
            "two clients with one name",
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a"))
                    .consumer(Consumer::read_committed("a"))
            }),
            A_NAME,
        ),
        not_a_call(
            "a transaction timeout above what brokers allow",
            with_cluster(dedicated().config("transaction.max.timeout.ms", 60_000), |kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::transactional("p", "p").config("transaction.timeout.ms", 60_001))
            }),
            "which of the two raw settings is wrong is not known",
        ),
        {
            let external = |servers: &str| {
                with(Topics::new("topics", &KafkaCluster::external("k", Version::V4_3, servers)).topic(orders()))
            };
            calls(
                "a bootstrap server without a port",
                external("k-1:9092, k-2 ,[::1]:9092"),
                &["give `KafkaCluster::external` a list, such as `kafka-1.example.com:9092,kafka-2.example.com:9092`"],
                external("kafka-1.example.com:9092,kafka-2.example.com:9092"),
            )
        },
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::client;
    let clients = |producer: Producer| beside(|kafka| Clients::new("clients", kafka).producer(producer));
    vec![
        (
            &client::TIMEOUTS,
            clients(
                Producer::idempotent("p")
                    .linger(5.milliseconds())
                    .request_timeout(30.seconds())
                    .delivery_timeout(30_005.milliseconds()),
            ),
        ),
        (
            &client::OWNED_SETTING,
            clients(Producer::idempotent("p").config("max.block.ms", 1000)),
        ),
        (
            &client::TWICE,
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a"))
                    .consumer(Consumer::read_committed("A"))
            }),
        ),
        (&client::BOOTSTRAP, {
            let kafka = KafkaCluster::external("k", Version::V4_3, "k-1.example.com:9092, [::1]:9092");
            with(Clients::new("clients", &kafka).consumer(Consumer::read_committed("c")))
        }),
        (
            &client::TRANSACTION_TIMEOUT,
            clients(Producer::transactional("p", "p").config("transaction.timeout.ms", 900_000)),
        ),
    ]
}
