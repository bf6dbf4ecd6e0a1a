//! Topics, and constructs that write to the same topics.

use kafka_stacks::prelude::*;

use super::{
    ID, beside,
    case::{A_NAME, Case, Sound, calls, not_a_call},
    dedicated, empty, orders, platform, topics, with_cluster,
};

/// Something that writes to a topic.
struct Writer(Meta, TopicHandle);

impl Construct for Writer {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.0
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.0
    }

    fn handle(&self, _: &Context) {}

    fn check(&self, check: &mut Check<'_>) {
        self.1.check(check);
    }

    fn render(&self, _: &Context) -> Vec<Object> {
        Vec::new()
    }
}

/// The topics `orders` and `invoices`, and a writer of one.
fn writer(topic: fn(&TopicsHandle, &KafkaHandle) -> TopicHandle) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    let topics = stack.add(Topics::new("topics", &kafka).topic(orders()).topic(Topic::new(
        "invoices",
        1,
        Cleanup::compact(),
    )));
    stack.add(Writer(Meta::new("writer"), topic(&topics, &kafka)));
    stack
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn broken() -> Vec<Case> {
    let named = |name: &str, partitions| topics(Topic::new(name, partitions, Cleanup::compact()));
    let several = |names: &[&str]| {
        let made: Vec<Topic> = names
            .iter()
            .map(|name| Topic::new(*name, 1, Cleanup::compact()))
            .collect();
        beside(|kafka| Topics::new("topics", kafka).topics(made))
    };
    let kept = |retention| Topic::new("orders", 1, Cleanup::delete_after(retention));
    let tiered = || Topic::new("tiered", 1, Cleanup::compact());
    let fetching = |kafka: KafkaCluster, batch: Bytes| {
        with_cluster(kafka, |kafka| {
            Topics::new("topics", kafka).topic(orders().largest_batch(batch))
        })
    };
    vec![
        calls(
            "no topic",
            beside(|kafka| Topics::new("topics", kafka)),
            &["add `.topic(Topic::new(…))`"],
            topics(orders()),
        ),
        calls(
            "a topic whose name is misspelt",
            writer(|topics, _| topics.topic("order")),
            &["name `orders` in `.topic(…)`, or declare it in `Topics::new`"],
            writer(|topics, _| topics.topic("orders")),
        ),
        calls(
            "a topic that is not declared",
            writer(|topics, _| topics.topic("payments")),
            &["name a declared one in `.topic(…)`, or declare it in `Topics::new`"],
            writer(|topics, _| topics.topic("orders")),
        ),
        calls(
            "a character that names of topics cannot have",
            named("a/b", 1),
            &["choose another name in `Topic::new`"],
            named("a.b", 1),
        ),
        calls(
            "a topic and a setting that would be more than a line",
            topics(Topic::new("a b", 1, Cleanup::compact()).config("compression.gzip.level", "1\n2")),
            &["choose another name in `Topic::new`", "remove the other characters"],
            topics(Topic::new("a.b", 1, Cleanup::compact()).config("compression.gzip.level", 2)),
        ),
        calls(
            "a topic without partitions",
            named("orders", 0),
            &["give `Topic::new` another number"],
            named("orders", 1),
        ),
        calls(
            "a name like those of Kafka's internal topics",
            named("__mine", 1),
            &["choose another name in `Topic::new`"],
            named("mine", 1),
        ),
        not_a_call(
            "two topics whose metrics have one name",
            several(&["a.b", "a_b"]),
            A_NAME,
        ),
        not_a_call("a topic declared twice", several(&["a.b", "a.b"]), A_NAME),
        not_a_call(
            "settings of a topic that Kafka does not have",
            topics(orders().config("a=b", 1).config("remote", "ü")),
            "the hint is the name of the setting, or about characters of the value",
        ),
        calls(
            "raw settings of a topic that a call makes",
            topics(orders().config("retention.ms", 1).config("partitions", 3)),
            &[
                "remove `.config(\"retention.ms\", …)`",
                "remove `.config(\"partitions\", …)`",
            ],
            topics(orders()),
        ),
        calls(
            "a compacted topic with tiered storage",
            topics(tiered().config("remote.storage.enable", true)),
            &["remove `.config(\"remote.storage.enable\", …)`"],
            topics(tiered()),
        ),
        calls(
            "a batch that does not fit into a segment",
            topics(orders().segment_size(1.mib()).largest_batch(2.mib())),
            &[
                "lower `.largest_batch(…)`",
                ".config(\"replica.fetch.max.bytes\", 2097152)",
            ],
            topics(orders().segment_size(1.mib()).largest_batch(1.mib())),
        ),
        calls(
            "a segment that is too small for Kafka",
            topics(orders().segment_size(1.kib()).largest_batch(1.kib())),
            &["change it in `.segment_size(…)`"],
            topics(orders().segment_size(1.mib()).largest_batch(1.kib())),
        ),
        not_a_call(
            "a minimum lag of compaction above the maximum",
            topics(
                orders()
                    .config("min.compaction.lag.ms", 2)
                    .config("max.compaction.lag.ms", 1),
            ),
            "which of the two raw settings is wrong is not known",
        ),
        calls(
            "records that outlive their retention in an open segment",
            topics(kept(1.hours())),
            &["use `.segment_age(…)` with 1h or less"],
            topics(kept(1.hours()).segment_age(1.hours())),
        ),
        calls(
            "a retention of 0",
            topics(kept(0.seconds())),
            &["Cleanup::delete_after(…)"],
            topics(kept(7.days())),
        ),
        calls(
            "batches larger than what followers fetch at a time",
            fetching(dedicated(), 2.mib()),
            &[".config(\"replica.fetch.max.bytes\", 2097152)"],
            fetching(dedicated().config("replica.fetch.max.bytes", 2_097_152), 2.mib()),
        ),
        calls(
            "batches larger than followers can fetch",
            fetching(dedicated(), 3.gib()),
            &[".largest_batch(…)"],
            fetching(dedicated(), 1.mib()),
        ),
        calls(
            "two registries of one cluster",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                stack.add(SchemaRegistry::new("one", &kafka));
                stack.add(SchemaRegistry::new("two", &kafka));
                stack
            },
            &["remove one of the two"],
            beside(|kafka| SchemaRegistry::new("one", kafka)),
        ),
        not_a_call(
            "a cluster, groups and topics that two constructs claim",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                stack.add(
                    KafkaCluster::kraft("again", Version::V4_3, ID)
                        .pool(NodePool::controllers("c", 3))
                        .pool(NodePool::brokers("b", 3)),
                );
                stack.add(SchemaRegistry::new("one", &kafka));
                stack.add(Connect::new("connect", &kafka).group("one"));
                stack.add(Connect::new("more", &kafka).internal_topics("connect"));
                stack.add(
                    Topics::new("topics", &kafka)
                        .topics(["_schemas", "orders"].map(|name| Topic::new(name, 1, Cleanup::compact()))),
                );
                stack.add(Topics::new("further", &kafka).topic(orders()));
                stack
            },
            A_NAME,
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::topic;
    vec![
        (&topic::NAME, topics(Topic::new("A-z_0.9", 1, Cleanup::compact()))),
        (
            &topic::NAME_COLLISION,
            beside(|kafka| {
                Topics::new("topics", kafka).topics(["a.b", "a-b"].map(|name| Topic::new(name, 1, Cleanup::compact())))
            }),
        ),
        (&topic::RESERVED, topics(Topic::new("_mine", 1, Cleanup::compact()))),
        (
            &topic::CONTRADICTION,
            topics(orders().config("remote.storage.enable", true)),
        ),
        (
            &topic::SIZES,
            topics(orders().segment_size(1.mib()).largest_batch(1.mib())),
        ),
        (&topic::TWICE, platform()),
        (&topic::LINE, topics(orders().config("compression.gzip.level", 5))),
        (&topic::PARTITIONS, topics(orders())),
        (&topic::NONE, topics(orders())),
        (&topic::UNDECLARED, writer(|_, kafka| kafka.external_topic("payments"))),
        (
            &topic::SEGMENT_AGE,
            topics(Topic::new("orders", 1, Cleanup::delete_after(1.hours())).segment_age(1.hours())),
        ),
        (&topic::FETCH_SIZE, {
            let mut stack = empty();
            let kafka = stack.add(dedicated().config("replica.fetch.max.bytes", 2_097_152));
            stack.add(Topics::new("topics", &kafka).topic(orders().largest_batch(2.mib())));
            stack
        }),
        (
            &topic::LAGS,
            topics(
                orders()
                    .config("min.compaction.lag.ms", 1)
                    .config("max.compaction.lag.ms", 1),
            ),
        ),
    ]
}
