//! The alert on topics of dead letters.

use crate::{
    kafka::TopicsHandle,
    metrics::{exporter, record},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Scenario, Sources, minutes,
        scenario::{EXPORTER, always},
    },
};

pub(in crate::kafka) const ALL: &[AlertRow<TopicsHandle>] = &[AlertRow {
    name: "KafkaDeadLetters",
    severity: AlertSeverity::Warning,
    for_duration: minutes(1),
    summary: "An application cannot process records, and writes them to a topic of dead letters.",
    description: "Records arrive on {{ $labels.topic }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }}: an \
        application could not process them.",
    threshold: |_, _| "No records in ten minutes: each is one that was not processed.".to_owned(),
    expression: |topics, sources| {
        topics.dead_letters().next()?;
        let of = [("topic", "~.+[.]dlq")];
        let Some(end) = sources.series(&exporter::CURRENT_OFFSET, &of) else {
            let rate = sources.series(&record::TOPIC_RATE, &of)?;
            return Some(format!("{rate} > 0"));
        };
        // Whatever pod the exporter has: records that arrive while it moves are in no series of one pod.
        let by = format!("{BY}, topic, partition");
        Some(format!(
            "max by ({BY}, topic) (max by ({by}) ({end}) - min by ({by}) (min_over_time({end}[10m]))) > 0"
        ))
    },
    page: Page {
        meaning: "Each record on the topic is one that an application gave up on. What it stands for has not happened: it \
            is neither lost nor repeated by itself.",
        causes: &[
            "A producer writes records that the application does not understand, often since a deployment of one of the two.",
            "Something that the application needs, as a database, was away for longer than it tries.",
            "A record is too old, too large, or refers to something that no longer exists.",
        ],
        steps: &[
            (
                "What are the records, and what do their headers say of the cause? Replace `TOPIC` with the topic of the alert.",
                "{run} kafka-console-consumer --bootstrap-server {bootstrap} --topic TOPIC --max-messages 10 --from-beginning --property print.headers=true --property print.timestamp=true --property print.key=true",
            ),
            (
                "How many are there in each partition?",
                "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic TOPIC",
            ),
        ],
        fix: "Fix the cause first. Then write the records to the topic that they came from, which is the name without `.dlq`, \
            or decide that they are not needed. The alert resolves ten minutes after the last record arrived.",
        avoid: &[
            "Do not write them back before the cause is fixed: they return to the dead letters, under new offsets.",
            "Do not wait: the topic deletes them when they are older than its retention, 14 days unless declared otherwise.",
        ],
    },
    test: |_, _| {
        let topic = [("topic", "orders.dlq"), ("partition", "0")];
        AlertTest::value("")
            .given(&exporter::CURRENT_OFFSET, &topic, Samples::growth(1.0))
            .given(
                &exporter::CURRENT_OFFSET,
                &[("topic", "orders"), ("partition", "0")],
                Samples::Counter {
                    from: 0.0,
                    healthy: 60.0,
                    tolerated: 60.0,
                    firing: 60.0,
                },
            )
            .label("topic", "orders.dlq")
            .late(minutes(0), minutes(11))
    },
}];

/// What happens to topics of dead letters.
pub(in crate::kafka) fn scenarios(topics: &TopicsHandle, sources: &Sources) -> Vec<Scenario> {
    const MOVED: &str = "kafka-exporter-1";
    if topics.dead_letters().next().is_none() || !sources.by_partition() {
        return Vec::new();
    }
    // Its new pod is there two minutes after the old one.
    let moves = |name: &str, before: f64, after: f64| {
        let end = |scenario: Scenario, pod: &'static str, partition: &'static str, line| {
            let labels = [
                ("pod", pod),
                ("topic", "records-of-scenarios.dlq"),
                ("partition", partition),
            ];
            scenario.line(&exporter::CURRENT_OFFSET, &labels, line)
        };
        let scenario = Scenario::calm(name, 60, sources);
        let scenario = end(scenario, EXPORTER, "0", always(before).gone(20, 60));
        let scenario = end(scenario, MOVED, "0", always(after).gone(0, 22));
        // Another partition has more records.
        let scenario = end(scenario, EXPORTER, "1", always(7000.0).gone(20, 60));
        end(scenario, MOVED, "1", always(7000.0).gone(0, 22))
    };
    vec![
        moves("dead letters arrive while the exporter moves", 3.0, 8.0).fires("KafkaDeadLetters", 22, 24, 29),
        moves("the exporter moves, and no dead letters arrive", 3.0, 3.0),
        moves(
            "a topic of dead letters is created again while the exporter moves",
            8.0,
            0.0,
        ),
    ]
}
