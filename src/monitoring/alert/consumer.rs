//! Alerts on consumer groups.

use crate::{
    metrics::{exporter, record},
    monitoring::Monitoring,
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, LagLimits, LagOf, OwnedKind, Page, Samples, Sources, minutes,
    },
    promql::Selector,
};

/// The label that selects a group or topic with its own limit, and its value.
fn label(of: &LagOf) -> (&'static str, &str) {
    match of {
        LagOf::Group(group) => ("consumergroup", group),
        LagOf::Topic(topic) => ("topic", topic),
    }
}

/// A selector without the series that have these labels.
fn without<'a>(selector: Selector, labels: impl Iterator<Item = (&'static str, &'a str)>) -> Selector {
    labels.fold(selector, |selector, (label, value)| selector.not_equal(label, value))
}

/// The lag of each group and topic where it is above its limit. The limits are divided by `part`.
fn above_limits(sources: &Sources, part: u64) -> Option<String> {
    let limits = &sources.thresholds.lag;
    let lag = sources.series(&record::GROUP_LAG, &[])?;
    let above = |selector: &Selector, limit: u64| format!("{selector} > {}", limit / part);
    let others = limits.special.iter().map(|(of, _)| label(of));
    let mut parts = vec![above(&without(lag.clone(), others), limits.default)];
    for (index, (of, limit)) in limits.special.iter().enumerate() {
        let (name, value) = label(of);
        // The first match counts, so that no pair of group and topic has two limits.
        let earlier = limits.special[..index].iter().map(|(of, _)| label(of));
        let earlier = earlier.filter(|(earlier, _)| *earlier != name);
        parts.push(above(&without(lag.clone().equal(name, value), earlier), *limit));
    }
    Some(parts.join("\nor "))
}

fn limits(_: &Monitoring, sources: &Sources) -> String {
    let limits = &sources.thresholds.lag;
    let special: String = limits
        .special
        .iter()
        .map(|(of, limit)| match of {
            LagOf::Group(group) => format!("; {limit} for group {group}"),
            LagOf::Topic(topic) => format!("; {limit} on topic {topic}"),
        })
        .collect();
    format!(
        "{} records over all partitions of the topic, set with `Monitoring::lag_threshold`{special}.",
        limits.default
    )
}

#[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
fn limit(sources: &Sources) -> f64 {
    sources.thresholds.lag.default as f64
}

const GROUP: (&str, &str) = ("consumergroup", "a-group");
const TOPIC: (&str, &str) = ("topic", "a-topic");
const PARTITION: (&str, &str) = ("partition", "0");

/// A group and a topic without their own limits.
fn unlimited(limits: &LagLimits) -> (String, String) {
    let free = |name: &str, of: fn(String) -> LagOf| {
        (0..=limits.special.len())
            .map(|number| match number {
                0 => name.to_owned(),
                _ => format!("{name}-{number}"),
            })
            .find(|name| limits.special.iter().all(|(other, _)| *other != of(name.clone())))
            .unwrap_or_default()
    };
    (free(GROUP.1, LagOf::Group), free(TOPIC.1, LagOf::Topic))
}

pub(super) const ALL: &[AlertRow<Monitoring>] = &[
    AlertRow {
        name: "KafkaConsumerLagHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "A consumer group has high lag.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is \
            {{ $value | printf \"%.0f\" }} records behind on {{ $labels.topic }}.",
        threshold: limits,
        expression: |_, sources| above_limits(sources, 1),
        page: Page {
            meaning: "The group processes records late. No records are lost as long as it catches up before the \
                topic's retention deletes them.",
            causes: &[
                "The consumers are down or stuck: see KafkaConsumerGroupWithoutMembers.",
                "Producers write faster than the group reads: then the lag keeps growing (KafkaConsumerLagGrowing).",
                "A record that a consumer cannot process blocks a partition: then one partition has all the lag.",
                "The group rebalances repeatedly: processing a batch takes longer than `max.poll.interval.ms`.",
                "A transaction hangs and hides committed records behind it: see KafkaLateTransactions.",
            ],
            steps: &[
                (
                    "What is the lag of each partition, and which member consumes it? Replace `GROUP` with the \
                        consumer group of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "What is the state of the group?",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP --state\n{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP --members",
                ),
                (
                    "How long does the topic keep its records? Replace `TOPIC` with the topic of the alert.",
                    "{run} kafka-configs --bootstrap-server {bootstrap} --describe --entity-type topics --entity-name TOPIC",
                ),
            ],
            fix: "Start or fix the consumers. More consumers help only up to the number of partitions. The alert \
                resolves when the `LAG` of the first command is below the threshold.",
            avoid: &[
                "Do not reset the group's offsets to the end: the records in between are then never processed.",
                "Do not add partitions to a topic with keyed records: records of one key are then no longer in \
                    order.",
            ],
        },
        test: |_, sources| {
            let limit = limit(sources);
            let (group, topic) = unlimited(&sources.thresholds.lag);
            let of = [(GROUP.0, group.as_str()), (TOPIC.0, topic.as_str())];
            AlertTest::value(limit + 1.0)
                .given(
                    &exporter::CONSUMER_LAG,
                    &[of[0], of[1], PARTITION],
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: limit,
                        firing: limit + 1.0,
                    },
                )
                .given(
                    &exporter::CONSUMER_LAG,
                    &[of[0], of[1], ("partition", "1")],
                    Samples::Constant(-1.0),
                )
                .label("consumergroup", &*group)
                .label("topic", &*topic)
        },
    },
    AlertRow {
        name: "KafkaConsumerLagGrowing",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "The lag of a consumer group keeps growing.",
        description: "The lag of group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} on {{ $labels.topic }} grows by {{ $value | printf \"%.0f\" }} records per minute.",
        threshold: |_, _| {
            "Any growth over 15 minutes, once the lag is above a tenth of the threshold of KafkaConsumerLagHigh."
                .to_owned()
        },
        expression: |_, sources| {
            let lag = sources.series(&record::GROUP_LAG, &[])?;
            let above = above_limits(sources, 10)?;
            Some(format!("60 * deriv({lag}[15m]) > 0\nand ({above})"))
        },
        page: Page {
            meaning: "For 30 minutes producers have written faster than the group reads. It does not catch up by \
                itself, and in the end the topic's retention deletes records that it has not read.",
            causes: &[
                "The consumers are down: see KafkaConsumerGroupWithoutMembers.",
                "Producers write more than before, or each record takes longer to process, for example because of a \
                    slow database.",
                "Fewer consumers than before.",
            ],
            steps: &[
                (
                    "What is the lag of each partition? Replace `GROUP` with the consumer group of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "How much is produced? The dashboard shows records in by topic. Or run this twice, one minute \
                        apart. Replace `TOPIC` with the topic of the alert.",
                    "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic TOPIC",
                ),
            ],
            fix: "Add consumers to the group, up to the number of partitions, or make each one faster. The alert \
                resolves when the lag shrinks.",
            avoid: &["Do not reset the group's offsets to the end: the records in between are then never processed."],
        },
        test: |_, sources| {
            let floor = (limit(sources) / 10.0).floor();
            let (group, topic) = unlimited(&sources.thresholds.lag);
            let of = [(GROUP.0, group.as_str()), (TOPIC.0, topic.as_str())];
            AlertTest::value(floor + 1.0)
                .given(
                    &exporter::CONSUMER_LAG,
                    &[of[0], of[1], PARTITION],
                    Samples::Counter {
                        from: 0.0,
                        healthy: 0.0,
                        tolerated: floor / 64.0,
                        firing: floor + 1.0,
                    },
                )
                .label("consumergroup", &*group)
                .label("topic", &*topic)
                .late(minutes(0), minutes(17))
        },
    },
    AlertRow {
        name: "KafkaConsumerLagTime",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "A consumer group is too many seconds behind.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is \
            about {{ $value | printf \"%.0f\" }} s behind on {{ $labels.topic }}.",
        threshold: |_, sources| {
            format!(
                "{}, set with `Monitoring::lag_time_threshold`: the lag divided by the records produced per second.",
                sources.thresholds.lag_time
            )
        },
        expression: |_, sources| {
            let lag = sources.series(&record::GROUP_LAG, &[])?;
            let rate = sources.series(&record::TOPIC_RATE, &[])?;
            let seconds = sources.thresholds.lag_time.as_seconds();
            Some(format!(
                "{lag}\n/ on ({BY}, topic) group_left () ({rate} > 0) > {seconds}\n"
            ))
        },
        page: Page {
            meaning: "At the current produce rate, the records that the group reads now were produced that long ago. \
                Unlike a fixed number of records, this threshold suits slow and fast topics.",
            causes: &[
                "The consumers are down or stuck: see KafkaConsumerGroupWithoutMembers.",
                "The consumers are too slow: see KafkaConsumerLagGrowing.",
                "The group was started from the beginning of the topic on purpose and is catching up.",
            ],
            steps: &[
                (
                    "What is the lag of each partition? Replace `GROUP` with the consumer group of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "How long does the topic keep its records? Replace `TOPIC` with the topic of the alert.",
                    "{run} kafka-configs --bootstrap-server {bootstrap} --describe --entity-type topics --entity-name TOPIC",
                ),
            ],
            fix: "Do the same as for KafkaConsumerLagHigh. The alert resolves when the group is behind by less than \
                the threshold.",
            avoid: &["Do not reset the group's offsets to the end: the records in between are then never processed."],
        },
        test: |_, sources| {
            #[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
            let seconds = sources.thresholds.lag_time.as_seconds() as f64;
            AlertTest::value(2.0 * seconds)
                .given(
                    &exporter::CONSUMER_LAG,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: (0.9 * seconds).floor(),
                        firing: 2.0 * seconds,
                    },
                )
                .given(
                    &exporter::CURRENT_OFFSET,
                    &[TOPIC, PARTITION],
                    Samples::Counter {
                        from: 0.0,
                        healthy: 60.0,
                        tolerated: 60.0,
                        firing: 60.0,
                    },
                )
                .label("consumergroup", GROUP.1)
                .label("topic", TOPIC.1)
        },
    },
    AlertRow {
        name: "KafkaConsumerGroupWithoutMembers",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "A consumer group has lag but no active consumers.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} \
            has no members and commits no offsets.",
        threshold: |_, _| "15 minutes without members and commits. A deployment takes less time.".to_owned(),
        // The exporter sees no members in groups of the new protocol, so the alert also requires that nothing is
        // committed.
        expression: |_, sources| {
            let members = sources.series(&exporter::GROUP_MEMBERS, &[])?;
            let committed = sources.series(&exporter::COMMITTED_OFFSET, &[])?;
            let lag = sources.series(&record::GROUP_LAG, &[])?;
            let by = format!("{BY}, consumergroup");
            Some(format!(
                "max by ({by}) ({members}) == 0\n\
                 and max by ({by}) (changes({committed}[15m])) == 0\n\
                 and max by ({by}) ({lag}) > 0\n"
            ))
        },
        page: Page {
            meaning: "The group has committed offsets and lag, but for 15 minutes it has committed no offsets: its \
                application does not run.",
            causes: &[
                "The application is scaled to zero, or crashes.",
                "It runs but cannot reach Kafka, or is not authorized.",
                "The group is no longer used: then delete it.",
            ],
            steps: &[
                (
                    "Does the group have members? Replace `GROUP` with the consumer group of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP --members --verbose",
                ),
                (
                    "Does a deployment that is named like the group run?",
                    "kubectl get deployments -A | grep -i GROUP",
                ),
            ],
            fix: "Start the application. If the group is no longer used, delete it: `kafka-consumer-groups \
                --bootstrap-server {bootstrap} --delete --group GROUP`. The alert resolves when the group commits \
                offsets, or is deleted.",
            avoid: &[
                "Do not delete a group that is still needed: it then loses its offsets and starts at \
                `auto.offset.reset`.",
            ],
        },
        test: |_, sources| {
            // An owner's, if there is one, so that the test is one of its labels too.
            let group = sources.owned.iter().find(|owned| owned.kind == OwnedKind::Group);
            let group = (GROUP.0, group.map_or(GROUP.1, |owned| owned.name.as_str()));
            AlertTest::value("")
                .given(
                    &exporter::GROUP_MEMBERS,
                    &[group],
                    Samples::Gauge {
                        healthy: 2.0,
                        tolerated: 0.0,
                        firing: 0.0,
                    },
                )
                .given(
                    &exporter::COMMITTED_OFFSET,
                    &[group, TOPIC, PARTITION],
                    Samples::Counter {
                        from: 100.0,
                        healthy: 0.0,
                        tolerated: 10.0,
                        firing: 0.0,
                    },
                )
                .given(
                    &exporter::CONSUMER_LAG,
                    &[group, TOPIC, PARTITION],
                    Samples::Constant(5.0),
                )
                .label("consumergroup", group.1)
        },
    },
];
