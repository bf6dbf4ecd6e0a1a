//! The rules about single settings: Kafka must accept each one, no matter how it was made.

use insta::assert_snapshot;
use kafka_stacks::prelude::*;

use crate::rules::{Case, ID, beside, calls, check, dedicated, orders, said, synth, topics, untried, with};

/// Stacks for every rule and kind of file, more where a rule can be broken in several ways, each with the calls of the hints and
/// the same stack after them.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let old = KafkaCluster::external("kafka", Version::V3_9, "kafka.example.com:9092");
    let old_clients = |consumer: Consumer| with(Clients::new("clients", &old).consumer(consumer));
    let of_4_0 = || {
        KafkaCluster::kraft("kafka", Version::V4_0, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
    };
    let volumes = |size: Bytes| {
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("kafka-controller", 3).storage(Storage::persistent(size)))
                .pool(NodePool::brokers("kafka", 3).storage(Storage::persistent(size))),
        )
    };
    let consumers = |consumers: Vec<Consumer>| {
        beside(|kafka| {
            consumers
                .into_iter()
                .fold(Clients::new("clients", kafka), Clients::consumer)
        })
    };
    let consumer = Consumer::read_committed;
    let producer = |producer: Producer| beside(|kafka| Clients::new("clients", kafka).producer(producer));
    let external = |broker: KafkaCluster, producer: Producer, worker: fn(Connect) -> Connect| {
        let mut stack = with(broker);
        let kafka = KafkaCluster::external("k", Version::V4_3, "k.example.com:9092");
        stack.add(Clients::new("clients", &kafka).producer(producer));
        stack.add(worker(Connect::new("connect", &kafka)));
        stack
    };
    let kept = |cleanup| topics(Topic::new("orders", 1, cleanup));
    vec![
        calls(
            "by name: unknown, of another role, removed, deprecated, and values",
            with(
                dedicated()
                    .config("num.io.thread", 8)
                    .config("my.plugin.key", 8)
                    .config("enable.idempotence", true)
                    .config("retention.ms", 1)
                    .config("zookeeper.session.timeout.ms", 1)
                    .config("listener.name.CLIENT.max.connections", 1)
                    .config("log.cleaner.enable", "maybe")
                    .config("background.threads", "many")
                    .config("log.cleanup.policy", "purge"),
            ),
            &[
                "use `num.io.threads`",
                "remove `.config(\"my.plugin.key\", …)`",
                "remove `.config(\"enable.idempotence\", …)`",
                "remove `.config(\"retention.ms\", …)`",
                "remove `.config(\"zookeeper.session.timeout.ms\", …)`",
                "use `listener.name.client.max.connections`",
                "remove `.config(\"log.cleaner.enable\", …)`",
                "change `.config(\"log.cleaner.enable\", …)`",
                "change `.config(\"background.threads\", …)`",
                "change `.config(\"log.cleanup.policy\", …)`",
            ],
            with(
                dedicated()
                    .config("num.io.threads", 16)
                    .config("listener.name.client.max.connections", 1)
                    .config("background.threads", 20)
                    .config("log.cleanup.policy", "compact"),
            ),
        ),
        calls(
            "by name: of a newer release",
            with(of_4_0().config("cordoned.log.dirs", "*")),
            &["remove `.config(\"cordoned.log.dirs\", …)`"],
            with(of_4_0()),
        ),
        calls(
            "by calls of the cluster",
            with(
                dedicated()
                    .io_threads(0)
                    .network_threads(0)
                    .default_partitions(0)
                    .log_segment(2.gib())
                    .largest_request(4.gib())
                    .retention_check_interval(0.seconds())
                    .transactional_id_expiration(30.days()),
            ),
            &[
                "`.io_threads(…)`",
                "`.network_threads(…)`",
                "`.default_partitions(…)`",
                "`.log_segment(…)`",
                "`.largest_request(…)`",
                "`.retention_check_interval(…)`",
                "`.transactional_id_expiration(…)`",
            ],
            with(
                dedicated()
                    .io_threads(1)
                    .network_threads(1)
                    .default_partitions(1)
                    .log_segment(1.gib())
                    .largest_request(100.mib())
                    .retention_check_interval(1.seconds())
                    .transactional_id_expiration(24.days()),
            ),
        ),
        calls(
            "of a topic",
            topics(
                orders()
                    .segment_size(2.gib())
                    .largest_batch(2.gib())
                    .config("flush.message", 1)
                    .config("log.retention.ms", 1)
                    .config("flush.ms", "${env:FLUSH}")
                    .config("preallocate", "yes"),
            ),
            &[
                "`.segment_size(…)`",
                "`.largest_batch(…)`",
                "use `flush.messages`",
                "remove `.config(\"log.retention.ms\", …)`",
                "change `.config(\"flush.ms\", …)`",
                "change `.config(\"preallocate\", …)`",
            ],
            topics(
                orders()
                    .segment_size(1.gib())
                    .largest_batch(1.mib())
                    .config("flush.messages", 1)
                    .config("flush.ms", 1)
                    .config("preallocate", true),
            ),
        ),
        calls(
            "of a topic: removed, and too small",
            topics(
                orders()
                    .config("message.format.version", "3.0")
                    .segment_size(1023.kib()),
            ),
            &["remove `.config(\"message.format.version\", …)`", "`.segment_size(…)`"],
            topics(orders().segment_size(1.mib())),
        ),
        calls(
            "of a topic: deprecated",
            with(Topics::new("topics", &old).topic(orders().config("message.format.version", "3.0"))),
            &["remove `.config(\"message.format.version\", …)`"],
            with(Topics::new("topics", &old).topic(orders())),
        ),
        calls(
            "of a consumer",
            old_clients(
                consumer("a")
                    .max_poll_interval(0.seconds())
                    .session_timeout(0.seconds())
                    .max_poll_records(0)
                    .config("auto.include.jmx.reporter", true),
            ),
            &[
                "`.max_poll_interval(…)`",
                "`.session_timeout(…)`",
                "`.max_poll_records(…)`",
                "remove `.config(\"auto.include.jmx.reporter\", …)`",
            ],
            old_clients(
                consumer("a")
                    .max_poll_interval(1.minutes())
                    .session_timeout(10.seconds())
                    .max_poll_records(1),
            ),
        ),
        calls(
            "of a worker: deprecated",
            with(Connect::new("connect", &old).config("auto.include.jmx.reporter", true)),
            &["remove `.config(\"auto.include.jmx.reporter\", …)`"],
            with(Connect::new("connect", &old)),
        ),
        // What Kafka takes, and no one wants.
        calls(
            "requests that are too large, and no retention",
            with(dedicated().largest_request(353.mib()).log_retention(0.seconds())),
            &["`.largest_request(…)`", "`.log_retention(…)`"],
            with(dedicated().largest_request(352.mib()).log_retention(1.hours())),
        ),
        calls(
            "requests that are too small",
            with(dedicated().config("socket.request.max.bytes", 1000)),
            &["change `.config(\"socket.request.max.bytes\", …)`"],
            with(dedicated().config("socket.request.max.bytes", 2_000_000)),
        ),
        calls(
            "volumes smaller than a segment",
            volumes(1.mib()),
            &["`.storage(…)` several times as large"],
            volumes(4.gib()),
        ),
        calls(
            "no retention by size",
            kept(Cleanup::delete_after(0.bytes())),
            &["`Cleanup::delete_after(…)` with more than 0"],
            kept(Cleanup::delete_after(1.gib())),
        ),
        calls(
            "no retention by age",
            kept(Cleanup::compact_and_delete_after(0.seconds())),
            &["`Cleanup::keep()`"],
            kept(Cleanup::keep()),
        ),
        calls(
            "refused by the protocol of consumers",
            consumers(vec![
                consumer("classic").config("group.remote.assignor", "uniform"),
                consumer("new")
                    .config("group.protocol", "CONSUMER")
                    .config("partition.assignment.strategy", "org.example.Assignor")
                    .config("share.acquire.mode", "record_limit"),
            ]),
            &[
                "remove `.config(\"group.remote.assignor\", …)`: it is for `group.protocol=consumer`",
                "remove `.config(\"partition.assignment.strategy\", …)`",
                "remove `.config(\"share.acquire.mode\", …)`",
            ],
            consumers(vec![
                consumer("classic")
                    .config("group.remote.assignor", "uniform")
                    .config("group.protocol", "consumer"),
                consumer("new").config("group.protocol", "CONSUMER"),
            ]),
        ),
        calls(
            "refused by the protocol of a worker's consumers",
            beside(|kafka| {
                Connect::new("connect", kafka)
                    .config("consumer.group.protocol", "consumer")
                    .config("consumer.session.timeout.ms", 45_001)
            }),
            &["remove `.config(\"consumer.session.timeout.ms\", …)`"],
            beside(|kafka| Connect::new("connect", kafka).config("consumer.group.protocol", "consumer")),
        ),
        calls(
            "sessions that brokers refuse",
            consumers(vec![
                consumer("low").session_timeout(5.seconds()),
                consumer("high").session_timeout(1.hours()).max_poll_interval(1.hours()),
                consumer("new")
                    .session_timeout(0.seconds())
                    .config("group.protocol", "consumer")
                    .config("heartbeat.interval.ms", 3000),
            ]),
            &[
                "`.session_timeout(…)`",
                "remove `.config(\"heartbeat.interval.ms\", …)`",
            ],
            consumers(vec![
                consumer("low").session_timeout(6.seconds()),
                consumer("high")
                    .session_timeout(30.minutes())
                    .max_poll_interval(1.hours()),
                consumer("new")
                    .session_timeout(0.seconds())
                    .config("group.protocol", "consumer"),
            ]),
        ),
        calls(
            "of a producer",
            producer(
                Producer::idempotent("a")
                    .batch_size(2.gib())
                    .config("buffer.memoy", 1)
                    .config("max.poll.records", 1)
                    .config("metadata.max.age.ms", -1)
                    .config("partitioner.ignore.keys", "no"),
            ),
            &[
                "`.batch_size(…)`",
                "use `buffer.memory`",
                "remove `.config(\"max.poll.records\", …)`",
                "change `.config(\"metadata.max.age.ms\", …)`",
                "change `.config(\"partitioner.ignore.keys\", …)`",
            ],
            producer(
                Producer::idempotent("a")
                    .batch_size(1.kib())
                    .config("buffer.memory", 67_108_864)
                    .config("metadata.max.age.ms", 1)
                    .config("partitioner.ignore.keys", true),
            ),
        ),
        calls(
            "of a worker",
            beside(|kafka| {
                Connect::new("connect", kafka)
                    .rebalance_delay(30.days())
                    .largest_request(2.gib())
                    .max_poll_records(0)
                    .config("offset.flush.interval", 1)
                    .config("producer.linger", 1)
                    .config("acks", 1)
                    .config("rest.port", 8084)
                    .config("task.shutdown.graceful.timeout.ms", "5s")
            }),
            &[
                "`.rebalance_delay(…)`",
                "`.largest_request(…)`",
                "`.max_poll_records(…)`",
                "use `offset.flush.interval.ms`",
                "use `producer.linger.ms`",
                "remove `.config(\"acks\", …)`",
                "remove `.config(\"rest.port\", …)`",
                "change `.config(\"task.shutdown.graceful.timeout.ms\", …)`",
            ],
            beside(|kafka| {
                Connect::new("connect", kafka)
                    .rebalance_delay(1.minutes())
                    .largest_request(1.mib())
                    .max_poll_records(1)
                    .config("offset.flush.interval.ms", 1)
                    .config("producer.linger.ms", 1)
                    .config("task.shutdown.graceful.timeout.ms", 6000)
            }),
        ),
        calls(
            "defaults",
            external(
                dedicated().config("num.replica.fetchers", " 1"),
                Producer::idempotent("a").config("enable.metrics.push", "TRUE"),
                |worker| worker.config("offset.flush.interval.ms", 60_000),
            ),
            &[
                "remove `.config(\"num.replica.fetchers\", …)`",
                "remove `.config(\"enable.metrics.push\", …)`",
                "remove `.config(\"offset.flush.interval.ms\", …)`",
            ],
            external(dedicated(), Producer::idempotent("a"), |worker| worker),
        ),
    ]
}

#[test]
fn every_hint_about_a_setting_is_tried() {
    let failures: Vec<String> = cases()
        .iter()
        .flat_map(|case| untried(case, &check(&case.broken)))
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The broken stacks.
pub(crate) fn broken() -> Vec<Stack> {
    cases().into_iter().map(|case| case.broken).collect()
}

#[test]
fn a_setting_that_kafka_passes_over_or_refuses_is_told_with_what_would_be_right() {
    assert_snapshot!("settings", said(broken()));
}

/// The nearest correct stack to each mistake above.
pub(crate) fn sound() -> Vec<(&'static Rule, Stack)> {
    use rules::setting::{BROKER, CLIENT, Settings, TOPIC, WORKER};
    let broker = || {
        with(
            dedicated()
                .io_threads(1)
                .network_threads(1)
                .default_partitions(1)
                .log_segment(1.gib())
                .largest_request(352.mib())
                .retention_check_interval(1.milliseconds())
                .transactional_id_expiration(24.days())
                .config("background.threads", "1")
                .config("listener.name.client.max.connections", 1)
                .config("log.cleanup.policy", "compact")
                .config("cordoned.log.dirs", "*"),
        )
    };
    let topic = || {
        topics(
            orders()
                .segment_size(1.mib())
                .largest_batch(1.kib())
                .config("flush.messages", 1)
                .config("flush.ms", 1)
                .config("preallocate", true),
        )
    };
    let client = || {
        beside(|kafka| {
            Clients::new("clients", kafka)
                .producer(
                    Producer::idempotent("a")
                        .batch_size(1.kib())
                        .config("buffer.memory", 67_108_864)
                        .config("schema.registry.url", "https://registry.example.com"),
                )
                .consumer(
                    Consumer::read_committed("b")
                        .max_poll_records(1)
                        .session_timeout(6.seconds()),
                )
                .consumer(Consumer::read_committed("c").config("group.protocol", "consumer"))
        })
    };
    let worker = || {
        beside(|kafka| {
            Connect::new("connect", kafka)
                .rebalance_delay(24.days())
                .largest_request(1.gib())
                .max_poll_records(1)
                .config("offset.flush.interval.ms", 1)
                .config("producer.linger.ms", 1)
                .config("key.converter.schemas.enable", false)
                .config("status.storage.segment.bytes", 1_048_576)
        })
    };
    let of = |rules: &'static Settings, stack: &dyn Fn() -> Stack| {
        [rules.unknown, rules.absent, rules.deprecated, rules.value]
            .into_iter()
            .chain(rules.default)
            .map(|rule| (rule, stack()))
            .collect::<Vec<_>>()
    };
    let mut sound = Vec::new();
    sound.push((&rules::kraft::REQUEST_SIZE, broker()));
    sound.push((
        &rules::kraft::VOLUME_SIZE,
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("kafka-controller", 3).storage(Storage::persistent(1.gib())))
                .pool(NodePool::brokers("kafka", 3).storage(Storage::persistent(1.gib()))),
        ),
    ));
    sound.push((&rules::topic::NOTHING_KEPT, topics(orders())));
    sound.extend(of(&BROKER, &broker));
    sound.extend(of(&TOPIC, &topic));
    sound.extend(of(&CLIENT, &client));
    sound.extend(of(&WORKER, &worker));
    sound
}

#[test]
fn a_setting_that_kafka_accepts_is_not_a_finding() {
    for (rule, stack) in sound() {
        assert_eq!(check(&stack).findings, Diagnostics::default(), "{}", rule.id);
    }
}

#[test]
fn a_raw_setting_is_found_at_its_own_line_and_what_a_call_makes_at_the_construct() {
    let construct = line!() + 1;
    let topic = orders_here()
        .segment_size(1.kib())
        .largest_batch(1.kib())
        .config("flush.ms", "soon");
    let lines: Vec<String> = synth(&topics(topic))
        .findings
        .iter()
        .map(|finding| finding.location().to_string())
        .collect();
    assert_eq!(
        lines,
        [construct + 3, construct].map(|line| format!("tests/settings.rs:{line}"))
    );
}

#[track_caller]
fn orders_here() -> Topic {
    Topic::new("orders", 1, Cleanup::delete_after(1.days()))
}

#[test]
fn a_plugins_key_is_acknowledged_with_its_reason() {
    let cluster = dedicated()
        .config("my.plugin.key", 8)
        .acknowledge(&rules::setting::BROKER_UNKNOWN, "read by our metrics reporter");
    let synthesis = synth(&with(cluster));
    assert!(synthesis.findings.iter().all(|finding| finding.acknowledged.is_some()));
    assert!(synthesis.manifests.is_some());
}
