//! The alert on topics of dead letters.

use crate::{
    kafka::TopicsHandle,
    metrics::{exporter, record},
    observability::{AlertRow, AlertSeverity, AlertTest, Page, Samples, minutes},
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
        let rate = sources.series(&record::TOPIC_RATE, &[("topic", "~.+[.]dlq")])?;
        Some(format!("{rate} > 0"))
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
