//! Alerts on consumer groups.

use std::collections::BTreeMap;

use crate::{
    metrics::{Metric, exporter, record},
    monitoring::Monitoring,
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, LagLimits, LagOf, OwnedKind, Page, Samples, Sources, minutes,
        though_lost,
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

/// The series of a metric of groups, without the groups that have no alerts.
fn groups(sources: &Sources, metric: &Metric) -> Option<Selector> {
    let ignored = &sources.thresholds.ignored_groups;
    Some(
        sources
            .series(metric, &[])?
            .not_regex("consumergroup", &ignored.join("|")),
    )
}

/// The labels of a group and topic.
fn by_topic() -> String {
    format!("{BY}, consumergroup, topic")
}

/// The labels of a group and partition.
fn by_partition() -> String {
    format!("{BY}, consumergroup, topic, partition")
}

/// Where the group commits often, three times in ten minutes: only then does its lag say how far it has read.
fn commits_often(sources: &Sources) -> Option<String> {
    let commits = groups(sources, &record::COMMITS)?;
    Some(format!("and on ({}) {commits} > 2", by_topic()))
}

/// By how much the lag of a group that commits seldom grows per minute, where it does in the long run.
///
/// Between two commits its lag grows as fast as records are produced, so what counts is what is left after a commit: the least lag of 70
/// minutes, in which also a group that commits once per hour has committed. It is compared with that of the 70 minutes before, and
/// what is left has to grow
/// - by more than 15 % of what was produced, because a batch takes longer at one time than at another: of an hour, 15 % are nine minutes;
/// - by more than what was produced in addition to 85 % of the 70 minutes before, which the delay of a batch explains while the load grows;
/// - and earlier too, by 5 %: the lag may grow once, when a batch starts later than it did or many records arrive at once. Seventy
///   minutes lie between the two, because the least lag needs as long to show a single step, and is in between meanwhile.
fn falls_behind_between_commits(sources: &Sources) -> Option<String> {
    let lag = groups(sources, &record::GROUP_LAG)?;
    let rate = sources.series(&record::TOPIC_RATE, &[])?;
    let commits = groups(sources, &record::COMMITS)?;
    let by = by_topic();
    let left = |ago: &str| format!("min_over_time({lag}[70m]{ago})");
    let [now, before, then, earlier] = ["", " offset 70m", " offset 140m", " offset 210m"].map(left);
    let produced = |time: &str| format!("avg_over_time({rate}[{time}])");
    let both = produced("140m");
    Some(format!(
        "({now} - {before}) / 70 > on ({BY}, topic) group_left () 60 * {} - 51 * avg_over_time({rate}[70m] offset 70m)\n\
         and on ({by}) ({now} - {before}) / 70 > on ({BY}, topic) group_left () 9 * {both}\n\
         and on ({by}) ({then} - {earlier}) / 70 > on ({BY}, topic) group_left () 3 * {both}\n\
         and on ({by}) {now} > {}\n\
         and on ({by}) max_over_time({commits}[70m]) > 0",
        produced("70m"),
        LagLimits::LEAST,
    ))
}

/// The lag of each group and topic where it is above its limit.
fn above_limits(sources: &Sources) -> Option<String> {
    let limits = &sources.thresholds.lag;
    let lag = groups(sources, &record::GROUP_LAG)?;
    let often = commits_often(sources)?;
    let special = || limits.special.iter().map(|(of, _)| label(of));
    let others = without(lag.clone(), special());
    let mut parts = Vec::new();
    if let Some(limit) = limits.default {
        parts.push(format!("{others} > {limit}"));
    } else {
        // Topics with the same limit together.
        let mut loads: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for (topic, limit) in &limits.loads {
            loads.entry((*limit).max(LagLimits::LEAST)).or_default().push(topic);
        }
        let mut rest = others.clone();
        for (limit, topics) in &loads {
            let topics = topics
                .iter()
                .map(|topic| topic.replace('.', "[.]"))
                .collect::<Vec<_>>()
                .join("|");
            parts.push(format!(
                "({} > {limit} {often})",
                others.clone().regex("topic", &topics)
            ));
            rest = rest.not_regex("topic", &topics);
        }
        let rate = sources.series(&record::TOPIC_RATE, &[])?;
        parts.insert(
            0,
            format!(
                "({rest} > {}\n  and on ({}) ({lag} > on ({BY}, topic) group_left () {} * {rate})\n  {often})",
                LagLimits::LEAST,
                by_topic(),
                sources.thresholds.lag_time.as_seconds(),
            ),
        );
    }
    for (index, (of, limit)) in limits.special.iter().enumerate() {
        let (name, value) = label(of);
        // The first match counts, so that no pair of group and topic has two limits.
        let earlier = limits.special[..index].iter().map(|(of, _)| label(of));
        let earlier = earlier.filter(|(earlier, _)| *earlier != name);
        parts.push(format!(
            "{} > {limit}",
            without(lag.clone().equal(name, value), earlier)
        ));
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
    match limits.default {
        Some(limit) => {
            format!("{limit} records over all partitions of the topic, set with `Monitoring::lag_threshold`{special}.")
        }
        None => format!(
            "One minute of the topic's declared load; on other topics, what was produced within {}; at least {} \
            records{special}.",
            sources.thresholds.lag_time,
            LagLimits::LEAST,
        ),
    }
}

/// A lag that no alert is about.
#[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
fn limit(sources: &Sources) -> f64 {
    sources.thresholds.lag.default.unwrap_or(LagLimits::LEAST) as f64
}

/// A group that commits each minute.
fn committing(test: AlertTest, labels: &[(&'static str, &str)]) -> AlertTest {
    let samples = Samples::Counter {
        from: 0.0,
        healthy: 1.0,
        tolerated: 1.0,
        firing: 1.0,
    };
    test.given(&exporter::COMMITTED_OFFSET, labels, samples)
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
        expression: |_, sources| above_limits(sources),
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
            let test = AlertTest::value(limit + 1.0)
                // Nothing is produced.
                .given(
                    &exporter::CURRENT_OFFSET,
                    &[of[1], PARTITION],
                    Samples::Constant(5000.0),
                );
            committing(test, &[of[0], of[1], PARTITION])
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
        for_duration: minutes(3),
        summary: "The lag of a consumer group keeps growing.",
        description: "The lag of group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} on {{ $labels.topic }} grows by {{ $value | printf \"%.0f\" }} records per minute.",
        threshold: |_, _| {
            "The group processes less than 95 % of what is produced, is more than a minute behind, and further than at \
                any time in the hour before. One that commits seldom, at least once per hour: less than 85 %, for more than three hours, \
                and more than 1000 records are left after each commit."
                .to_owned()
        },
        expression: |_, sources| {
            let lag = groups(sources, &record::GROUP_LAG)?;
            let rate = sources.series(&record::TOPIC_RATE, &[])?;
            let by = by_topic();
            // Compared with the whole hour, because lag goes up and down between commits and with the load. And with what was
            // produced five minutes ago, because a group at a constant delay processes now what was produced before: while
            // the load grows its lag grows too, and it falls behind in nothing.
            Some(format!(
                "({lag} - max_over_time({lag}[1h] offset 10m)) / 10 > on ({BY}, topic) group_left () \
                 60 * {rate} - 57 * min_over_time({rate}[5m])\n\
                 and on ({by}) ({lag} > on ({BY}, topic) group_left () 60 * {rate})\n\
                 and on ({by}) {lag} > 100\n\
                 and on ({by}) {lag} > {lag} offset 2m\n\
                 {}\n\
                 or {}",
                commits_often(sources)?,
                falls_behind_between_commits(sources)?,
            ))
        },
        page: Page {
            meaning: "Producers write faster than the group reads. It does not catch up by \
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
            let (group, topic) = unlimited(&sources.thresholds.lag);
            let of = [(GROUP.0, group.as_str()), (TOPIC.0, topic.as_str())];
            // 600 records per minute are produced, of which 300 are processed.
            let test = AlertTest::value(180).given(
                &exporter::CURRENT_OFFSET,
                &[of[1], PARTITION],
                Samples::Counter {
                    from: 0.0,
                    healthy: 600.0,
                    tolerated: 600.0,
                    firing: 600.0,
                },
            );
            committing(test, &[of[0], of[1], PARTITION])
                .given(
                    &exporter::CONSUMER_LAG,
                    &[of[0], of[1], PARTITION],
                    Samples::Counter {
                        from: 0.0,
                        healthy: 0.0,
                        tolerated: 20.0,
                        firing: 300.0,
                    },
                )
                .label("consumergroup", &*group)
                .label("topic", &*topic)
                .late(minutes(2), minutes(3))
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
                "{}, set with `Monitoring::lag_time_threshold`: the lag of a partition, divided by the records that are \
                    produced to it per second.",
                sources.thresholds.lag_time
            )
        },
        expression: |_, sources| {
            let seconds = sources.thresholds.lag_time.as_seconds();
            if !sources.by_partition() {
                let lag = groups(sources, &record::GROUP_LAG)?;
                let rate = sources.series(&record::TOPIC_RATE, &[])?;
                return Some(format!(
                    "({lag} > 10) / on ({BY}, topic) group_left () ({rate} > 0) > {seconds}\n{}",
                    commits_often(sources)?,
                ));
            }
            let lag = though_lost(groups(sources, &exporter::CONSUMER_LAG)?);
            let offset = sources.series(&exporter::CURRENT_OFFSET, &[])?;
            // By partition: one that is stuck would be lost in the sum. Markers of transactions are a lag of a few.
            Some(format!(
                "max by ({}) (\n  ({lag} > 10)\n  \
                 / on ({BY}, topic, partition) group_left () max by ({BY}, topic, partition) (deriv({offset}[10m]) > 0)\n\
                 ) > {seconds}\n{}",
                by_topic(),
                commits_often(sources)?,
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
            committing(AlertTest::value(2.0 * seconds), &[GROUP, TOPIC, PARTITION])
                .given(
                    &exporter::CONSUMER_LAG,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: (18.0 * seconds).floor(),
                        firing: 40.0 * seconds,
                    },
                )
                .given(
                    &exporter::CURRENT_OFFSET,
                    &[TOPIC, PARTITION],
                    Samples::Counter {
                        from: 0.0,
                        healthy: 1200.0,
                        tolerated: 1200.0,
                        firing: 1200.0,
                    },
                )
                .label("consumergroup", GROUP.1)
                .label("topic", TOPIC.1)
        },
    },
    AlertRow {
        name: "KafkaConsumerGroupWithoutMembers",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A consumer group has lag but no active consumers.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} \
            has no members and commits no offsets.",
        threshold: |_, _| "65 minutes without commits, because some groups commit once per hour.".to_owned(),
        // The exporter sees no members in groups of the new protocol, so the alert also requires that nothing is
        // committed.
        expression: |_, sources| {
            let members = groups(sources, &exporter::GROUP_MEMBERS)?;
            let by = format!("{BY}, consumergroup");
            Some(format!(
                "max by ({by}) (max_over_time({members}[5m])) == 0\nand {}",
                stands_still(&by, sources)?
            ))
        },
        page: Page {
            meaning: "The group has committed offsets and lag, but for more than an hour it has committed no offsets: its \
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
        test: |_, sources| standing(AlertTest::value(""), Samples::Constant(0.0), sources),
    },
    AlertRow {
        name: "KafkaConsumerGroupStopped",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A consumer group has members but stopped reading a topic.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} \
            commits no offsets on {{ $labels.topic }}.",
        threshold: |_, _| "65 minutes without commits, because some groups commit once per hour.".to_owned(),
        expression: |_, sources| {
            let members = groups(sources, &exporter::GROUP_MEMBERS)?;
            Some(format!(
                "{}\nand on ({BY}, consumergroup) max_over_time({members}[5m]) > 0",
                stands_still(&by_topic(), sources)?
            ))
        },
        page: Page {
            meaning: "The group has members and lag on the topic, but for more than an hour it has committed nothing \
                there: its application runs and processes nothing.",
            causes: &[
                "The application hangs: a deadlock, or a call without a timeout.",
                "It fails on a record, and starts again at the same one each time.",
                "It lost the permission to commit, or to read the topic.",
            ],
            steps: &[
                (
                    "Which member has which partition, and since which offset? Replace `GROUP` with the consumer \
                        group of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "Does a deployment that is named like the group run?",
                    "kubectl get deployments -A | grep -i GROUP",
                ),
            ],
            fix: "Fix or restart the application. The alert resolves when the group commits offsets on the topic.",
            avoid: &["Do not reset the group's offsets to the end: the records in between are then never processed."],
        },
        test: |_, sources| standing(AlertTest::value(0), Samples::Constant(2.0), sources).label("topic", TOPIC.1),
    },
    AlertRow {
        name: "KafkaConsumerPartitionStuck",
        severity: AlertSeverity::Warning,
        for_duration: minutes(8),
        summary: "A consumer group does not read one partition of a topic, but reads others.",
        description: "Group {{ $labels.consumergroup }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} \
            does not read partition {{ $labels.partition }} of {{ $labels.topic }}.",
        threshold: |_, _| {
            "13 minutes in which records arrive and none is committed, while the group commits on other partitions \
                at least three times in ten."
                .to_owned()
        },
        expression: |_, sources| {
            let committed = groups(sources, &exporter::COMMITTED_OFFSET)?;
            let offset = sources.series(&exporter::CURRENT_OFFSET, &[])?;
            // Where records arrive and none is committed there is lag. It is not read, because each look at all pairs of
            // group and partition takes long in a large cluster. A record that was committed at once counts as arrived
            // for ten minutes, and nothing is committed in the last five of them: so the alert waits for longer than five.
            Some(format!(
                "max by ({}) (\n  changes({committed}[5m]) == 0\n  \
                 and on ({BY}, topic, partition) delta({offset}[10m]) > 0\n)\n{}",
                by_partition(),
                commits_often(sources)?,
            ))
        },
        page: Page {
            meaning: "Records of this partition are not processed, while those of other partitions are. Records of \
                one key are always in one partition, so all records of some keys wait.",
            causes: &[
                "A record that the consumer cannot process, and retries again and again.",
                "The member that has the partition hangs, and the others do not.",
                "No member has the partition: the application assigns partitions by itself, and does not know about \
                    new ones.",
                "A transaction hangs and hides the records behind it: see KafkaLateTransactions.",
            ],
            steps: &[
                (
                    "Which member has the partition, and at which offset is it? Replace `GROUP` with the consumer \
                        group of the alert.",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
                ),
                (
                    "Which record is it? Replace `TOPIC`, `PARTITION` and `OFFSET`.",
                    "{run} kafka-console-consumer --bootstrap-server {bootstrap} --topic TOPIC --partition PARTITION --offset OFFSET --max-messages 1",
                ),
            ],
            fix: "Fix or restart the consumer that has the partition. If one record is the cause, its owner decides \
                what becomes of it. The alert resolves when the group commits on the partition.",
            avoid: &["Do not skip the record without its owner: it is then never processed."],
        },
        test: |_, _| {
            let other = [GROUP, TOPIC, ("partition", "1")];
            let produced = Samples::Counter {
                from: 0.0,
                healthy: 60.0,
                tolerated: 60.0,
                firing: 60.0,
            };
            committing(AlertTest::value(""), &other)
                .given(&exporter::CONSUMER_LAG, &other, Samples::Constant(1.0))
                .given(&exporter::CURRENT_OFFSET, &[TOPIC, PARTITION], produced)
                .given(
                    &exporter::COMMITTED_OFFSET,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Counter {
                        from: 0.0,
                        healthy: 60.0,
                        tolerated: 60.0,
                        firing: 0.0,
                    },
                )
                .given(
                    &exporter::CONSUMER_LAG,
                    &[GROUP, TOPIC, PARTITION],
                    Samples::Constant(5.0),
                )
                .label("consumergroup", GROUP.1)
                .label("topic", TOPIC.1)
                .label("partition", PARTITION.1)
                .late(minutes(4), minutes(1))
        },
    },
];

/// Where nothing was committed for 65 minutes, and records wait.
fn stands_still(by: &str, sources: &Sources) -> Option<String> {
    // The sums of each topic say it too, and there are few of them. While the exporter does not know the end of a
    // partition, as in an election, it leaves it out of the sum: so it is the largest of five minutes.
    let committed = groups(sources, &exporter::OFFSET_SUM)?;
    // The markers of transactions in many partitions are not a lag.
    let most = if sources.by_partition() {
        record::LARGEST_LAG
    } else {
        record::GROUP_LAG
    };
    let lag = groups(sources, &most)?;
    let each = by_topic();
    let most = |then: &str| format!("max by ({each}) (max_over_time({committed}[5m]{then}))");
    let stands = format!("{} - {}", most(""), most(" offset 65m"));
    Some(format!(
        "{} == 0\nand max by ({by}) ({lag}) > 10",
        if by == each {
            stands
        } else {
            format!("max by ({by}) ({stands})")
        },
    ))
}

/// A group that commits nothing any more: an owner's, if there is one, so that the test is one of its labels too.
fn standing(test: AlertTest, members: Samples, sources: &Sources) -> AlertTest {
    let group = sources.owned.iter().find(|owned| owned.kind == OwnedKind::Group);
    let group = (GROUP.0, group.map_or(GROUP.1, |owned| owned.name.as_str()));
    test.given(&exporter::GROUP_MEMBERS, &[group], members)
        .given(
            &exporter::OFFSET_SUM,
            &[group, TOPIC],
            Samples::Counter {
                from: 100.0,
                healthy: 1.0,
                tolerated: 1.0,
                firing: 0.0,
            },
        )
        .given(
            &exporter::CONSUMER_LAG,
            &[group, TOPIC, PARTITION],
            Samples::Constant(50.0),
        )
        .label("consumergroup", group.1)
        .late(minutes(64), minutes(1))
}
