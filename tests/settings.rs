//! The rules about single settings: Kafka must accept each one, no matter how it was made.

use insta::assert_snapshot;
use kafka_stacks::prelude::*;

use crate::rules::{ID, beside, dedicated, orders, said, topics, with};

/// One broken stack for every rule and kind of file, and more where a rule can be broken in several ways.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn broken() -> Vec<Stack> {
    let old = KafkaCluster::external("kafka", Version::V3_9, "kafka.example.com:9092");
    vec![
        // By name: an unknown key, one of another role, a removed one, a deprecated one, and invalid values.
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
        with(
            KafkaCluster::kraft("kafka", Version::V4_0, ID)
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3))
                .config("cordoned.log.dirs", "*"),
        ),
        // By builder calls.
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
        topics(
            orders()
                .segment_size(2.gib())
                .largest_batch(2.gib())
                .config("flush.message", 1)
                .config("log.retention.ms", 1)
                .config("flush.ms", "${env:FLUSH}")
                .config("preallocate", "yes"),
        ),
        topics(
            orders()
                .config("message.format.version", "3.0")
                .segment_size(1023.kib()),
        ),
        with(Topics::new("topics", &old).topic(orders().config("message.format.version", "3.0"))),
        with(
            Clients::new("clients", &old).consumer(
                Consumer::read_committed("a")
                    .max_poll_interval(0.seconds())
                    .session_timeout(0.seconds())
                    .max_poll_records(0)
                    .config("auto.include.jmx.reporter", true),
            ),
        ),
        with(Connect::new("connect", &old).config("auto.include.jmx.reporter", true)),
        // Settings that Kafka accepts, but that do harm.
        with(dedicated().largest_request(353.mib()).log_retention(0.seconds())),
        with(dedicated().config("socket.request.max.bytes", 1000)),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("kafka-controller", 3).storage(Storage::persistent(1.mib())))
                .pool(NodePool::brokers("kafka", 3).storage(Storage::persistent(1.mib()))),
        ),
        topics(Topic::new("orders", 1, Cleanup::delete_after(0.bytes()))),
        topics(Topic::new("orders", 1, Cleanup::compact_and_delete_after(0.seconds()))),
        // Settings that a consumer rejects because of its protocol.
        beside(|kafka| {
            Clients::new("clients", kafka)
                .consumer(Consumer::read_committed("classic").config("group.remote.assignor", "uniform"))
                .consumer(
                    Consumer::read_committed("new")
                        .config("group.protocol", "CONSUMER")
                        .config("partition.assignment.strategy", "org.example.Assignor")
                        .config("share.acquire.mode", "record_limit"),
                )
        }),
        beside(|kafka| {
            Connect::new("connect", kafka)
                .config("consumer.group.protocol", "consumer")
                .config("consumer.session.timeout.ms", 45_001)
        }),
        beside(|kafka| {
            Clients::new("clients", kafka)
                .consumer(Consumer::read_committed("low").session_timeout(5.seconds()))
                .consumer(
                    Consumer::read_committed("high")
                        .session_timeout(1.hours())
                        .max_poll_interval(1.hours()),
                )
                .consumer(
                    Consumer::read_committed("new")
                        .session_timeout(0.seconds())
                        .config("group.protocol", "consumer")
                        .config("heartbeat.interval.ms", 3000),
                )
        }),
        beside(|kafka| {
            Clients::new("clients", kafka).producer(
                Producer::idempotent("a")
                    .batch_size(2.gib())
                    .config("buffer.memoy", 1)
                    .config("max.poll.records", 1)
                    .config("metadata.max.age.ms", -1)
                    .config("partitioner.ignore.keys", "no"),
            )
        }),
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
        {
            let mut stack = with(dedicated().config("num.replica.fetchers", " 1"));
            let kafka = KafkaCluster::external("k", Version::V4_3, "k.example.com:9092");
            stack.add(
                Clients::new("clients", &kafka)
                    .producer(Producer::idempotent("a").config("enable.metrics.push", "TRUE")),
            );
            stack.add(Connect::new("connect", &kafka).config("offset.flush.interval.ms", 60_000));
            stack
        },
    ]
}

#[test]
fn a_setting_that_kafka_ignores_or_rejects_is_found_with_a_hint() {
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
                .config("cordoned.log.dirs", "*")
                .config("super.users", "User:admin"),
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
        assert_eq!(synth(&stack).findings, Diagnostics::default(), "{}", rule.id);
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
