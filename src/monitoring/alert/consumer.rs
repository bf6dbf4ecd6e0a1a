//! Of consumer groups.

use crate::{
    metrics::{exporter, record},
    monitoring::Monitoring,
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, LagLimits, LagOf, Page, Samples, Sources, minutes, quoted,
    },
};

/// A selector with further matchers.
fn with(selector: &str, matchers: &[String]) -> String {
    let inside = selector.trim_end_matches('}');
    format!("{inside},{}}}", matchers.join(","))
}

/// The lag of each group and topic where it is above its limit, divided so that all limits are the same.
fn above_limits(sources: &Sources, part: u64) -> Option<String> {
    let limits = &sources.thresholds.lag;
    let lag = sources.series(&record::GROUP_LAG, &[])?;
    let label = |of: &LagOf| match of {
        LagOf::Group(group) => ("consumergroup", quoted(group)),
        LagOf::Topic(topic) => ("topic", quoted(topic)),
    };
    let above = |selector: &str, limit: u64| format!("{selector} > {}", limit / part);
    if limits.special.is_empty() {
        return Some(above(&lag, limits.default));
    }
    let others: Vec<String> = limits
        .special
        .iter()
        .map(|(of, _)| {
            let (label, value) = label(of);
            format!("{label}!={value}")
        })
        .collect();
    let mut parts = vec![above(&with(&lag, &others), limits.default)];
    for (index, (of, limit)) in limits.special.iter().enumerate() {
        let (name, value) = label(of);
        // What was said first wins, so that no group and topic has two limits.
        let mut matchers = vec![format!("{name}={value}")];
        matchers.extend(
            limits.special[..index]
                .iter()
                .map(|(of, _)| label(of))
                .filter(|(earlier, _)| *earlier != name)
                .map(|(earlier, value)| format!("{earlier}!={value}")),
        );
        parts.push(above(&with(&lag, &matchers), *limit));
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
        "{} records over all partitions of the topic, `Monitoring::lag_threshold`{special}.",
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

/// A group and a topic that have no limit of their own.
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
        summary: "A consumer group does not keep up with what is produced.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is \
            {{ $value | printf \"%.0f\" }} records behind on {{ $labels.topic }}.",
        threshold: limits,
        expression: |_, sources| above_limits(sources, 1),
        page: Page {
            meaning: "The group works on records that are already old. Nothing is lost as long as it catches up before the \
                topic's retention deletes them.",
            causes: &[
                "The consumers are away or stuck: see KafkaConsumerGroupWithoutMembers.",
                "More is produced than they take: then the lag goes on growing (KafkaConsumerLagGrowing).",
                "One record that a consumer cannot handle stops a partition: then one partition has all of the lag.",
                "The group rebalances again and again: `max.poll.interval.ms` is shorter than a batch takes.",
                "A transaction hangs, and committed records behind it are not shown: see KafkaLateTransactions.",
            ],
            steps: &[
                (
                    "How far is each partition, and who consumes it? `GROUP` is the one of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "In which state is the group?",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP --state\n{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP --members",
                ),
                (
                    "How long does the topic keep its records?",
                    "{run} kafka-configs --bootstrap-server {bootstrap} --describe --entity-type topics --entity-name TOPIC",
                ),
            ],
            over: "Start or mend the consumers; more of them help up to the number of partitions. It is over when `LAG` of the first \
                command is below the limit.",
            avoid: &[
                "Do not reset the group's offsets to the end: what lies between is then never handled.",
                "Do not add partitions to a topic whose records have keys: the order of a key is lost.",
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
                        good: 0.0,
                        nearly: limit,
                        bad: limit + 1.0,
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
        summary: "A consumer group falls further and further behind.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} falls behind on \
            {{ $labels.topic }} by {{ $value | printf \"%.0f\" }} records a minute.",
        threshold: |_, _| {
            "Any growth over fifteen minutes, from a tenth of the limit of KafkaConsumerLagHigh on.".to_owned()
        },
        expression: |_, sources| {
            let lag = sources.series(&record::GROUP_LAG, &[])?;
            let above = above_limits(sources, 10)?;
            Some(format!("60 * deriv({lag}[15m]) > 0\nand ({above})"))
        },
        page: Page {
            meaning: "More is produced than the group takes, for half an hour by now. It does not catch up by itself, and in the \
                end the topic's retention deletes records that it never read.",
            causes: &[
                "The consumers are away: see KafkaConsumerGroupWithoutMembers.",
                "More is produced than before, or each record takes longer than before, as when a database behind is slow.",
                "Fewer consumers than before.",
            ],
            steps: &[
                (
                    "How far is each partition? `GROUP` is the one of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "What is produced? The dashboard shows records in, by topic; or twice, a minute apart:",
                    "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic TOPIC",
                ),
            ],
            over: "Give the group more consumers, up to the number of partitions, or make each faster. It is over when the lag \
                shrinks.",
            avoid: &["Do not reset the group's offsets to the end: what lies between is then never handled."],
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
                        good: 0.0,
                        nearly: floor / 64.0,
                        bad: floor + 1.0,
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
        summary: "A consumer group is far behind in time.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is as many records behind on \
            {{ $labels.topic }} as are produced in {{ $value | printf \"%.0f\" }} s.",
        threshold: |_, sources| {
            format!(
                "{}, `Monitoring::lag_time_threshold`: the lag divided by what is produced a second.",
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
            meaning: "What the group works on was produced that long ago, at the present rate. A fixed number of records is \
                much for a slow topic and nothing for a fast one; this one fits both.",
            causes: &[
                "The consumers are away or stuck: see KafkaConsumerGroupWithoutMembers.",
                "They are too slow: see KafkaConsumerLagGrowing.",
                "The group was started from the beginning of the topic on purpose, and works it off.",
            ],
            steps: &[
                (
                    "How far is each partition? `GROUP` is the one of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "How long does the topic keep its records?",
                    "{run} kafka-configs --bootstrap-server {bootstrap} --describe --entity-type topics --entity-name TOPIC",
                ),
            ],
            over: "As for KafkaConsumerLagHigh. It is over when the group is nearer than that.",
            avoid: &["Do not reset the group's offsets to the end: what lies between is then never handled."],
        },
        test: |_, sources| {
            #[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
            let seconds = sources.thresholds.lag_time.as_seconds() as f64;
            AlertTest::value(2.0 * seconds)
                .given(
                    &exporter::CONSUMER_LAG,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: (0.9 * seconds).floor(),
                        bad: 2.0 * seconds,
                    },
                )
                .given(
                    &exporter::CURRENT_OFFSET,
                    &[TOPIC, PARTITION],
                    Samples::Counter {
                        from: 0.0,
                        good: 60.0,
                        nearly: 60.0,
                        bad: 60.0,
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
        summary: "A consumer group has records to read and nobody who reads them.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} has no member, and commits nothing.",
        threshold: |_, _| "Fifteen minutes: a deployment takes less.".to_owned(),
        // Groups of the new protocol always seem to have no member, so what counts is that nothing is committed.
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
            meaning: "The group has committed offsets and lag, and for fifteen minutes nobody has committed anything: its \
                application does not run.",
            causes: &[
                "The application is scaled to zero, or crashes.",
                "It runs and cannot reach Kafka, or is refused.",
                "The group is no longer used: then its offsets should go.",
            ],
            steps: &[
                (
                    "Is there really nobody? `GROUP` is the one of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP --members --verbose",
                ),
                (
                    "Who was it? Its application's pods, where it lives:",
                    "kubectl get deployments -A | grep -i GROUP",
                ),
            ],
            over: "Start the application. If the group is no longer used, delete it: `kafka-consumer-groups --bootstrap-server \
                {bootstrap} --delete --group GROUP`. It is over when something is committed, or the group is gone.",
            avoid: &["Do not delete a group that is to come back: it then starts where `auto.offset.reset` says."],
        },
        test: |_, _| {
            AlertTest::value("")
                .given(
                    &exporter::GROUP_MEMBERS,
                    &[GROUP],
                    Samples::Gauge {
                        good: 2.0,
                        nearly: 0.0,
                        bad: 0.0,
                    },
                )
                .given(
                    &exporter::COMMITTED_OFFSET,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Counter {
                        from: 100.0,
                        good: 0.0,
                        nearly: 10.0,
                        bad: 0.0,
                    },
                )
                .given(
                    &exporter::CONSUMER_LAG,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Constant(5.0),
                )
                .label("consumergroup", GROUP.1)
        },
    },
];
