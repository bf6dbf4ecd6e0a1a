//! Of the Job that creates declared topics.

use crate::{
    kafka::TopicsHandle,
    metrics::objects,
    observability::{AlertRow, AlertSeverity, AlertTest, Page, Samples, minutes},
};

pub(in crate::kafka) const ALL: &[AlertRow<TopicsHandle>] = &[AlertRow {
    name: "KafkaTopicsJobFailed",
    severity: AlertSeverity::Warning,
    for_duration: minutes(1),
    summary: "The Job that makes the declared topics failed.",
    description: "Job {{ $labels.job_name }} in {{ $labels.namespace }} failed: topics are not as declared.",
    threshold: |_, _| "A Job that failed tried several times.".to_owned(),
    // The hash of the declaration is part of the Job's name.
    expression: |topics, sources| {
        let job = format!("~{}-[0-9a-f]+", topics.name());
        let failed = sources.series(&objects::JOB_FAILED, &[("job_name", &job), ("condition", "true")])?;
        Some(format!("max by (namespace, job_name) ({failed}) > 0"))
    },
    page: Page {
        meaning: "Topics of the stack are not what it declares: a new one may be missing, or a changed setting is not in \
                force. Topics that were there before go on as they were.",
        causes: &[
            "Kafka was not there for longer than the Job tries: see KafkaBrokerDown.",
            "Kafka refuses what is declared, as fewer partitions than the topic has.",
            "A topic was changed by hand so that it cannot be brought back.",
        ],
        steps: &[
            (
                "What did it say?",
                "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=100 --prefix",
            ),
            (
                "Which topics are there?",
                "{run} kafka-topics --bootstrap-server {bootstrap} --describe --exclude-internal | grep PartitionCount",
            ),
        ],
        over: "Mend the declaration or the cluster, then let the Job run again: delete it, and the next apply makes it anew. \
                The alert ends when the failed Job is gone.",
        avoid: &["Do not create the missing topic by hand: it gets other settings than the declared ones."],
    },
    test: |topics, _| {
        let job = format!("{}-0123456789abcdef", topics.name());
        AlertTest::value("")
            .given(
                &objects::JOB_FAILED,
                &[("job_name", &job), ("condition", "true")],
                Samples::Appears(1.0),
            )
            .label("job_name", job)
    },
}];
