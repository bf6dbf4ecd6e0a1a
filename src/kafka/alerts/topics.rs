//! The alert on the Jobs that create declared topics.

use crate::{
    kafka::TopicsHandle,
    metrics::objects,
    observability::{AlertRow, AlertSeverity, AlertTest, Page, Samples, minutes},
};

pub(in crate::kafka) const ALL: &[AlertRow<TopicsHandle>] = &[AlertRow {
    name: "KafkaTopicsJobFailed",
    severity: AlertSeverity::Warning,
    for_duration: minutes(1),
    summary: "The Job that creates the declared Kafka topics failed.",
    description: "Job {{ $labels.job_name }} in {{ $labels.namespace }} failed: topics may differ from their \
        declaration.",
    threshold: |_, _| "No failed Jobs: a Job fails only after several retries.".to_owned(),
    // The hash of the declaration is part of the Job's name.
    expression: |topics, sources| {
        let job = format!("~{}-[0-9a-f]+", topics.name());
        let failed = sources.series(&objects::JOB_FAILED, &[("job_name", &job), ("condition", "true")])?;
        Some(format!("max by (cluster, namespace, job_name) ({failed}) > 0"))
    },
    page: Page {
        meaning: "Topics may differ from what the stack declares: a new topic may be missing, or a changed setting \
            is not applied. Existing topics continue to work unchanged.",
        causes: &[
            "Kafka was unavailable for longer than the Job retries: see KafkaBrokerDown.",
            "Kafka rejects the declaration, for example fewer partitions than the topic has.",
            "A topic was changed by hand in a way that the Job cannot revert.",
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
        fix: "Fix the declaration or the cluster. The CronJob applies the declaration again within an hour; at once: \
            `kubectl -n {ns} create job --from=cronjob/{job} {job}-now`. The alert resolves when the failed Job is deleted, \
            so that it is not overlooked: `kubectl -n {ns} delete job JOB` with the alert's `job_name`.",
        avoid: &["Do not create the missing topic by hand: it would not get the declared settings."],
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
