//! Connectors: a source that writes `orders`, and a sink that reads them.

use kafka_stacks::prelude::*;

use super::{
    case::{Case, Sound, calls, not_a_call},
    dedicated, empty,
};

const SINK: &str = "com.example.SearchSink";
const SOURCE: &str = "com.example.ShopSource";
const MASK: &str = "org.apache.kafka.connect.transforms.MaskField$Value";
const FILTER: &str = "org.apache.kafka.connect.transforms.Filter";
const TOMBSTONE: &str = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone";
const AVRO: &str = "io.confluent.connect.avro.AvroConverter";

const SHA256: &str = "d7aaa6ff7f408bb082c43d46b5720087ea29e01502097c4f9622038117100fae";

type Change<T> = fn(T) -> T;
type ChangeConnector = fn(Connector, &KafkaHandle) -> Connector;

fn same(connector: Connector, _: &KafkaHandle) -> Connector {
    connector
}

/// The platform, with these changes.
fn changed(workers: Change<Connect>, source: ChangeConnector, sink: ChangeConnector, all: Change<Connectors>) -> Stack {
    in_version(Version::V4_3, workers, source, sink, all)
}

fn in_version(
    version: Version,
    workers: Change<Connect>,
    source: ChangeConnector,
    sink: ChangeConnector,
    all: Change<Connectors>,
) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(if version == Version::V4_3 {
        dedicated()
    } else {
        KafkaCluster::kraft("kafka", version, super::ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
    });
    let topics =
        stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 3, Cleanup::delete_after(7.days()))));
    let orders = topics.topic("orders");
    let connect = Connect::new("connect", &kafka).plugin(Plugin::built_in("shop", [SINK, SOURCE]));
    let connect = stack.add(workers(connect));
    let from_shop = Connector::new("shop", ConnectorClass::source(SOURCE)).writes([&orders]);
    let to_search = Connector::new("search", ConnectorClass::sink(SINK)).topics([&orders]);
    let connectors = Connectors::new("connectors", &connect)
        .connector(source(from_shop, &kafka))
        .connector(sink(to_search, &kafka));
    stack.add(all(connectors));
    stack
}

/// The platform, with a plugin whose image is built from this archive.
fn with_artifact(coordinates: &str, sha256: &str) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let plugin = Plugin::image("shop", "registry.example.com/shop:1.2", [SOURCE]);
    stack.add(Connect::new("connect", &kafka).plugin(plugin.artifact(Artifact::maven(coordinates, sha256))));
    stack
}

fn sound_stack() -> Stack {
    of_sink(same)
}

fn of_sink(sink: ChangeConnector) -> Stack {
    changed(|workers| workers, same, sink, |all| all)
}

fn of_source(source: ChangeConnector) -> Stack {
    changed(|workers| workers, source, same, |all| all)
}

fn of_workers(workers: Change<Connect>, sink: ChangeConnector) -> Stack {
    changed(workers, same, sink, |all| all)
}

fn of_all(all: Change<Connectors>) -> Stack {
    changed(|workers| workers, same, same, all)
}

/// Two sinks of `orders` of these names, the second in this group.
fn two_sinks(names: [&'static str; 2], group: Option<&'static str>) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let connect = stack.add(Connect::new("connect", &kafka).plugin(Plugin::built_in("shop", [SINK, SOURCE])));
    let orders = kafka.external_topic("orders");
    let sink = |name| Connector::new(name, ConnectorClass::sink(SINK)).topics([&orders]);
    let second = sink(names[1]);
    stack.add(
        Connectors::new("connectors", &connect)
            .connector(Connector::new("shop", ConnectorClass::source(SOURCE)).writes([&orders]))
            .connector(sink(names[0]))
            .connector(match group {
                Some(group) => second.group(group),
                None => second,
            }),
    );
    stack
}

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn broken() -> Vec<Case> {
    vec![
        calls(
            "a password in clear text",
            of_sink(|sink, _| sink.config("connection.password", "hunter2")),
            &["use `.secret(\"connection.password\", SecretKey::new(…))`"],
            of_workers(
                |workers| workers.secret("shop"),
                |sink, _| sink.secret("connection.password", SecretKey::new("shop", "password")),
            ),
        ),
        calls(
            "a token in clear text",
            of_source(|source, _| source.config("shop.api_key", "abc")),
            &["use `.secret(\"shop.api_key\", SecretKey::new(…))`"],
            changed(
                |workers| workers.secret("shop"),
                |source, _| source.secret("shop.api_key", SecretKey::new("shop", "key")),
                same,
                |all| all,
            ),
        ),
        calls(
            "a login of a client in clear text",
            of_source(|source, _| source.config("producer.override.sasl.jaas.config", "x required password=\"y\";")),
            &["use `.secret(\"producer.override.sasl.jaas.config\", SecretKey::new(…))`"],
            changed(
                |workers| workers.secret("shop"),
                |source, _| source.secret("producer.override.sasl.jaas.config", SecretKey::new("shop", "jaas")),
                same,
                |all| all,
            ),
        ),
        calls(
            "a password in a URL",
            of_source(|source, _| source.config("connection.url", "https://shop:hunter2@db.example.com")),
            &["use `.secret(\"connection.url\", SecretKey::new(…))`"],
            changed(
                |workers| workers.secret("shop"),
                |source, _| source.secret("connection.url", SecretKey::new("shop", "url")),
                same,
                |all| all,
            ),
        ),
        calls(
            "a password in the query of a URL",
            of_source(|source, _| source.config("connection.url", "jdbc:postgresql://db.example.com/shop?password=x")),
            &["use `.secret(\"connection.url\", SecretKey::new(…))`"],
            changed(
                |workers| workers.secret("shop"),
                |source, _| source.secret("connection.url", SecretKey::new("shop", "url")),
                same,
                |all| all,
            ),
        ),
        calls(
            "a Secret that the workers do not have",
            of_sink(|sink, _| sink.secret("connection.password", SecretKey::new("search", "password"))),
            &["add `.secret(\"search\")` to the `Connect`"],
            of_workers(
                |workers| workers.secret("search"),
                |sink, _| sink.secret("connection.password", SecretKey::new("search", "password")),
            ),
        ),
        calls(
            "a converter without its registry",
            of_sink(|sink, _| sink.value_converter(Converter::new(AVRO))),
            &["use `.value_converter(Converter::avro(…))`"],
            of_sink(|sink, _| {
                sink.value_converter(Converter::avro(&SchemaRegistry::external("http://schemas.example.com")))
            }),
        ),
        calls(
            "a converter of keys without its registry",
            of_source(|source, _| source.key_converter(Converter::new(AVRO))),
            &["use `.key_converter(Converter::avro(…))`"],
            of_source(|source, _| {
                source.key_converter(Converter::avro(&SchemaRegistry::external("http://schemas.example.com")))
            }),
        ),
        calls(
            "a converter by its raw name",
            of_sink(|sink, _| sink.config("value.converter", "com.example.Converter")),
            &["remove `.config(\"value.converter\", …)`: use `.value_converter(…)`"],
            of_sink(|sink, _| sink.value_converter(Converter::string())),
        ),
        calls(
            "a setting of a transform that does not exist",
            of_sink(|sink, _| sink.config("transforms.mask.fields", "card")),
            &["use `.transform(Transform::new(\"mask\", …))`"],
            of_sink(|sink, _| sink.transform(Transform::new("mask", MASK).config("fields", "card"))),
        ),
        calls(
            "a predicate that does not exist",
            of_sink(|sink, _| sink.transform(Transform::new("drop", FILTER).config("predicate", "deleted"))),
            &["give the transform its predicate: `.when(Predicate::new(…))`"],
            of_sink(|sink, _| {
                sink.transform(Transform::new("drop", FILTER).when(Predicate::new("deleted", TOMBSTONE)))
            }),
        ),
        calls(
            "two transforms of one name",
            of_sink(|sink, _| {
                let mask = |field| Transform::new("mask", MASK).config("fields", field);
                sink.transform(mask("card")).transform(mask("name"))
            }),
            &["give each a name of its own in `Transform::new`"],
            of_sink(|sink, _| {
                let mask = |name, field| Transform::new(name, MASK).config("fields", field);
                sink.transform(mask("card", "card")).transform(mask("name", "name"))
            }),
        ),
        calls(
            "two predicates of one name",
            of_sink(|sink, _| {
                let predicate = |class| Predicate::new("deleted", class);
                sink.transform(Transform::new("drop", FILTER).when(predicate(TOMBSTONE)))
                    .transform(
                        Transform::new("again", FILTER)
                            .unless(predicate("org.apache.kafka.connect.transforms.predicates.HasHeaderKey")),
                    )
            }),
            &["give each a name of its own in `Predicate::new`"],
            of_sink(|sink, _| {
                let deleted = || Predicate::new("deleted", TOMBSTONE);
                sink.transform(Transform::new("drop", FILTER).when(deleted()))
                    .transform(Transform::new("again", FILTER).when(deleted()))
            }),
        ),
        calls(
            "dead letters onto the own source",
            of_sink(|sink, kafka| sink.dead_letters(&kafka.external_topic("orders"))),
            &["give `.dead_letters(…)` another topic"],
            of_sink(|sink, kafka| sink.dead_letters(&kafka.external_topic("search.dlq"))),
        ),
        calls(
            "dead letters of a source",
            of_source(|source, kafka| source.dead_letters(&kafka.external_topic("shop.dlq"))),
            &["remove `.dead_letters(…)`"],
            of_source(same),
        ),
        calls(
            "failed records are dropped",
            of_sink(|sink, _| sink.config("errors.tolerance", "all")),
            &["use `.dead_letters(…)`"],
            of_sink(|sink, kafka| sink.dead_letters(&kafka.external_topic("search.dlq"))),
        ),
        calls(
            "failed records of a source are dropped",
            of_source(|source, _| source.config("errors.tolerance", "all")),
            &["add `.config(\"errors.log.enable\", true)`"],
            of_source(|source, _| {
                source
                    .config("errors.tolerance", "all")
                    .config("errors.log.enable", true)
            }),
        ),
        calls(
            "a source that writes where nothing is declared",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                let connect = stack.add(Connect::new("connect", &kafka).plugin(Plugin::built_in("shop", [SOURCE])));
                stack.add(
                    Connectors::new("connectors", &connect)
                        .connector(Connector::new("shop", ConnectorClass::source(SOURCE))),
                );
                stack
            },
            &["add `.writes(…)`"],
            sound_stack(),
        ),
        calls(
            "a sink that writes topics",
            of_sink(|sink, kafka| sink.writes([&kafka.external_topic("found")])),
            &["remove `.writes(…)`"],
            sound_stack(),
        ),
        calls(
            "a source that reads topics",
            of_source(|source, kafka| source.topics([&kafka.external_topic("found")])),
            &["remove `.topics(…)`"],
            sound_stack(),
        ),
        not_a_call(
            "a topic of another cluster",
            of_sink(|sink, _| {
                let other = KafkaCluster::external("other", Version::V4_3, "other.example.com:9092");
                sink.topics([&other.external_topic("invoices")])
            }),
            "the topic is the author's choice",
        ),
        calls(
            "topics by their raw name",
            of_sink(|sink, _| sink.config("topics.regex", "orders.*")),
            &["remove `.config(\"topics.regex\", …)`: use `.topics(…)`"],
            sound_stack(),
        ),
        calls(
            "an archive of a version that is another one tomorrow",
            with_artifact("com.example:shop:tar.gz:LATEST", SHA256),
            &["write `group:artifact[:extension[:classifier]]:version` in `Artifact::maven`"],
            with_artifact("com.example:shop:tar.gz:1.2", SHA256),
        ),
        calls(
            "an archive without a checksum",
            with_artifact("com.example:shop:1.2", ""),
            &["write what `sha256sum` prints for the archive"],
            with_artifact("com.example:shop:1.2", SHA256),
        ),
        calls(
            "artifacts of what is in the workers' image",
            changed(
                |workers| workers.plugin(Plugin::built_in("more", ["a.B"]).artifact(Artifact::maven("a:b:1", SHA256))),
                same,
                same,
                |all| all,
            ),
            &["use `Plugin::image`, or remove `.artifact(…)`"],
            sound_stack(),
        ),
        calls(
            "a class that no plugin brings",
            of_sink(|sink, _| sink.transform(Transform::new("mask", "com.example.Mask"))),
            &["declare what brings it by `.plugin(…)` of the `Connect`"],
            of_workers(
                |workers| workers.plugin(Plugin::built_in("mask", ["com.example.Mask"])),
                |sink, _| sink.transform(Transform::new("mask", "com.example.Mask")),
            ),
        ),
        not_a_call(
            "a name that cannot be used",
            two_sinks(["orders to search", "search"], None),
            "a name is the author's choice",
        ),
        not_a_call(
            "a name that is taken",
            two_sinks(["search", "search"], Some("another")),
            "a name is the author's choice",
        ),
        calls(
            "a connector that is declared and removed",
            of_all(|all| all.removed("search")),
            &["remove `.removed(\"search\")`"],
            of_all(|all| all.removed("found")),
        ),
        calls(
            "more tasks than partitions",
            of_sink(|sink, _| sink.tasks(4)),
            &["use `.tasks(3)`"],
            of_sink(|sink, _| sink.tasks(3)),
        ),
        calls(
            "no task",
            of_sink(|sink, _| sink.tasks(0)),
            &["change it in `.tasks(…)`"],
            of_sink(|sink, _| sink.tasks(1)),
        ),
        calls(
            "two sinks in one group",
            two_sinks(["search", "archive"], Some("connect-search")),
            &["give each sink a group of its own: remove `.group(…)`"],
            two_sinks(["search", "archive"], None),
        ),
        calls(
            "exactly once of a sink",
            of_sink(|sink, _| sink.exactly_once()),
            &["remove `.exactly_once()`"],
            sound_stack(),
        ),
        calls(
            "exactly once where the workers cannot",
            changed(
                |workers| workers.exactly_once_source(ExactlyOnceSource::Preparing),
                |source, _| source.exactly_once(),
                same,
                |all| all,
            ),
            &["use `.exactly_once_source(ExactlyOnceSource::Enabled)` of the `Connect`"],
            of_source(|source, _| source.exactly_once()),
        ),
        calls(
            "a client setting that the policy refuses",
            of_workers(
                |workers| workers.config("connector.client.config.override.policy", "Principal"),
                |sink, _| sink.config("consumer.override.max.poll.records", 100),
            ),
            &["remove it, or the policy from `.config(…)` of the `Connect`"],
            of_sink(|sink, _| sink.config("consumer.override.max.poll.records", 100)),
        ),
        calls(
            "no connector",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                let connect = stack.add(Connect::new("connect", &kafka));
                stack.add(Connectors::new("connectors", &connect).removed("gone"));
                stack.add(Connectors::new("none", &connect));
                stack
            },
            &["add `.connector(Connector::new(…))`"],
            sound_stack(),
        ),
        calls(
            "a setting that is nearly Connect's",
            of_sink(|sink, _| sink.config("errors.tolerence", "none")),
            &["use `errors.tolerance` if you meant that"],
            of_sink(|sink, _| sink.config("errors.retry.timeout", 60_000)),
        ),
        calls(
            "a setting of sources in a sink",
            of_sink(|sink, _| sink.config("transaction.boundary", "poll")),
            &["remove `.config(\"transaction.boundary\", …)`"],
            sound_stack(),
        ),
        calls(
            "a setting of consumers for a producer",
            of_source(|source, _| source.config("producer.override.max.poll.records", 1)),
            &["remove `.config(\"producer.override.max.poll.records\", …)`"],
            sound_stack(),
        ),
        calls(
            "a value that Connect refuses",
            of_sink(|sink, _| sink.config("errors.tolerance", "some")),
            &["change `.config(\"errors.tolerance\", …)`"],
            of_sink(|sink, _| sink.config("errors.retry.timeout", -1)),
        ),
        calls(
            "a value that a client refuses",
            of_source(|source, _| source.config("producer.override.linger.ms", "soon")),
            &["change `.config(\"producer.override.linger.ms\", …)`"],
            of_source(|source, _| source.config("producer.override.linger.ms", 10)),
        ),
        calls(
            "a deprecated setting of a client",
            in_version(
                Version::V3_9,
                |workers| workers,
                |source, _| source.config("producer.override.auto.include.jmx.reporter", false),
                same,
                |all| all,
            ),
            &["remove `.config(\"producer.override.auto.include.jmx.reporter\", …)`"],
            in_version(Version::V3_9, |workers| workers, same, same, |all| all),
        ),
        calls(
            "a setting that holds anyway",
            of_sink(|sink, _| sink.config("errors.retry.timeout", 0)),
            &["remove `.config(\"errors.retry.timeout\", …)`"],
            sound_stack(),
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::{connector, setting::CONNECTOR};
    let all = || {
        changed(
            |workers| workers.secret("shop"),
            |source, _| {
                source
                    .exactly_once()
                    .key_converter(Converter::json_with_schemas())
                    .secret("connection.password", SecretKey::new("shop", "password"))
                    .config("connection.url", "jdbc:postgresql://db.example.com/shop")
                    .config("password.file", "/etc/shop")
                    .config("topics", "of.its.own.kind")
            },
            |sink, kafka| {
                sink.tasks(3)
                    .group("searchers")
                    .dead_letters(&kafka.external_topic("search.dlq"))
                    .value_converter(Converter::avro(&SchemaRegistry::external("http://schemas.example.com")))
                    .transform(Transform::new("mask", MASK).config("fields", "card"))
                    .transform(Transform::new("drop", FILTER).unless(Predicate::new("deleted", TOMBSTONE)))
                    .config("consumer.override.max.poll.records", 100)
                    .config("errors.retry.timeout", 1)
                    .config("key.ignore", true)
            },
            |all| all.removed("gone"),
        )
    };
    let rules = [
        &connector::SECRET,
        &connector::CONVERTER,
        &connector::TRANSFORM,
        &connector::DEAD_LETTERS,
        &connector::DROPS,
        &connector::TOPICS,
        &connector::PLUGIN,
        &connector::NAME,
        &connector::OWNED_SETTING,
        &connector::TASKS,
        &connector::GROUP,
        &connector::EXACTLY_ONCE,
        &connector::OVERRIDE,
        &connector::SECRET_ABSENT,
        &connector::NONE,
        CONNECTOR.unknown,
        CONNECTOR.absent,
        CONNECTOR.deprecated,
        CONNECTOR.value,
    ];
    let further = [
        (
            CONNECTOR.default.unwrap(),
            of_sink(|sink, _| sink.config("errors.retry.timeout", 1)),
        ),
        (&connector::ARTIFACT, with_artifact("com.example:shop:1.2", SHA256)),
    ];
    rules.into_iter().map(|rule| (rule, all())).chain(further).collect()
}
