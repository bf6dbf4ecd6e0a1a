//! The alerts on Jobs: those that apply declared topics, and the one that raises features.

use crate::{
    kafka::{KafkaHandle, PermissionsHandle, TopicsHandle},
    metrics::objects,
    observability::{AlertRow, AlertSeverity, AlertTest, Page, Samples, Scenario, Sources, minutes, scenario::always},
};

/// The Jobs of a name that failed, unless a Job of the name that started after them succeeded: it applied the same, or what is newer. One
/// that had started before them may have applied an older declaration. What follows the name is a hash of the declaration, the number that the `CronJob` gives, or a word of who started it.
fn failed(name: &str, sources: &Sources) -> Option<String> {
    let job = format!("~{name}-[0-9a-z]+");
    let of = |metric| sources.series(metric, &[("job_name", &job)]);
    let failed = of(&objects::JOB_FAILED)?.equal("condition", "true");
    let (started, completed) = (of(&objects::JOB_STARTED)?, of(&objects::JOB_COMPLETED)?);
    let by = "cluster, namespace, job_name";
    let failed = sources.in_kubernetes(format!("max by ({by}) ({failed})"));
    let succeeded = format!("max by (cluster, namespace) ({started} and on ({by}) {completed})");
    let succeeded = sources.in_kubernetes(succeeded);
    let started = sources.in_kubernetes(format!("max by ({by}) ({started})"));
    Some(format!(
        "{failed} > 0\n\
         unless on ({by}) {started} < on (cluster, namespace) group_left () {succeeded}"
    ))
}

/// A Job that fails, and one whose failure is tolerated because another one that started after it succeeded.
fn failing(name: &str) -> AlertTest {
    let job = format!("{name}-0123456789abcdef");
    let old = format!("{name}-29000000");
    let later = format!("{name}-now");
    let labels = |job| [("job_name", job), ("condition", "true")];
    AlertTest::value("")
        .given(&objects::JOB_FAILED, &labels(&job), Samples::Appears(1.0))
        .given(&objects::JOB_STARTED, &[("job_name", &job)], Samples::Constant(2000.0))
        .given(&objects::JOB_FAILED, &labels(&old), Samples::Constant(1.0))
        .given(&objects::JOB_STARTED, &[("job_name", &old)], Samples::Constant(500.0))
        .given(&objects::JOB_STARTED, &[("job_name", &later)], Samples::Constant(900.0))
        .given(
            &objects::JOB_COMPLETED,
            &[("job_name", &later)],
            Samples::Constant(1000.0),
        )
        .label("job_name", job)
}

/// The Job that raises the features of a cluster.
pub(super) const OF_FEATURES: &[AlertRow<KafkaHandle>] = &[AlertRow {
    name: "KafkaFeaturesJobFailed",
    severity: AlertSeverity::Warning,
    for_duration: minutes(1),
    summary: "The Job that raises the features of a Kafka cluster failed.",
    description: "Job {{ $labels.job_name }} in {{ $labels.namespace }} failed: the cluster still has its old features.",
    threshold: |_, _| THRESHOLD.to_owned(),
    expression: |kafka, sources| failed(kafka.features_job()?, sources),
    page: Page {
        meaning: "The cluster works as before, with the features that it had: what the new version brings is not in use. \
            A new empty volume is formatted with the declared version.",
        causes: &[
            "A broker or controller still runs an older version: the features are raised when all run the new one.",
            "Kafka was unavailable for longer than the Job retries: see KafkaBrokerDown.",
        ],
        steps: &[
            (
                "What did it say? Replace `JOB` with the `job_name` of the alert.",
                "kubectl -n {ns} logs job/JOB --tail=100",
            ),
            (
                "Which features does the cluster have?",
                "{run} kafka-features --bootstrap-server {bootstrap} describe",
            ),
        ],
        fix: "Fix the cause, delete the Job (`kubectl -n {ns} delete job JOB`) and apply the stack: the Job runs again. The \
            alert resolves when the failed Job is deleted, or another one has succeeded.",
        avoid: &["Do not lower a feature by hand: most cannot be lowered, and some lose data."],
    },
    test: |kafka, _| failing(kafka.features_job().unwrap_or_default()),
}];

const THRESHOLD: &str = "No failed Jobs: a Job fails only after several retries, and a later success replaces it.";

pub(in crate::kafka) const OF_TOPICS: &[AlertRow<TopicsHandle>] = &[AlertRow {
    name: "KafkaTopicsJobFailed",
    severity: AlertSeverity::Warning,
    for_duration: minutes(1),
    summary: "The Job that creates the declared Kafka topics failed.",
    description: "Job {{ $labels.job_name }} in {{ $labels.namespace }} failed: topics may differ from their \
        declaration.",
    threshold: |_, _| THRESHOLD.to_owned(),
    expression: |topics, sources| failed(topics.name(), sources),
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
            `kubectl -n {ns} create job --from=cronjob/{job} {job}-now`. The alert resolves when a Job has succeeded, or \
            when the failed Job is deleted.",
        avoid: &["Do not create the missing topic by hand: it would not get the declared settings."],
    },
    test: |topics, _| failing(topics.name()),
}];

pub(in crate::kafka) const OF_PERMISSIONS: &[AlertRow<PermissionsHandle>] = &[AlertRow {
    name: "KafkaPermissionsJobFailed",
    severity: AlertSeverity::Warning,
    for_duration: minutes(1),
    summary: "The Job that applies the declared users and permissions of Kafka failed.",
    description: "Job {{ $labels.job_name }} in {{ $labels.namespace }} failed: users and permissions may differ from their \
        declaration.",
    threshold: |_, _| THRESHOLD.to_owned(),
    expression: |permissions, sources| failed(permissions.name(), sources),
    page: Page {
        meaning: "A new application is refused, a changed password does not hold yet, or what was taken away is still permitted. \
            Users and permissions that did not change continue to work.",
        causes: &[
            "The Secret of a new user is missing, or its password ends in a line break.",
            "The certificate of the administrator has ended, or is of another CA than that of the brokers.",
            "Kafka was unavailable for longer than the Job retries: see KafkaBrokerDown.",
        ],
        steps: &[
            (
                "What did it say?",
                "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=100 --prefix",
            ),
            (
                "Which Secrets of users are there?",
                "kubectl -n {ns} get secrets | grep -e -kafka -e -admin",
            ),
            (
                "Which permissions are there?",
                "{run} kafka-acls --bootstrap-server {bootstrap} --list",
            ),
        ],
        fix: "Fix what it names. The CronJob applies the declaration again within an hour; at once: \
            `kubectl -n {ns} create job --from=cronjob/{job} {job}-now`. The alert resolves when a Job has succeeded, or \
            when the failed Job is deleted.",
        avoid: &[
            "Do not give permissions by hand: the next Job removes what is not declared for a declared user.",
            "Do not print a Secret to look at a password: the Job says what is wrong with it.",
        ],
    },
    test: |permissions, _| failing(permissions.name()),
}];

/// What happens to the Jobs of declared topics.
pub(in crate::kafka) fn scenarios(topics: &TopicsHandle, sources: &Sources) -> Vec<Scenario> {
    let job = |number: u32| format!("{}-{number}", topics.name());
    // In seconds since the start of the scenario: a Job that started at this minute, and ended five minutes later.
    let ran = |scenario: Scenario, number: u32, minute: u32, success: bool| {
        let (name, end) = (job(number), minute + 5);
        let seconds = |minute: u32| always(f64::from(minute) * 60.0).gone(0, minute);
        let scenario = scenario.line(&objects::JOB_STARTED, &[("job_name", &name)], seconds(minute));
        if success {
            scenario.line(&objects::JOB_COMPLETED, &[("job_name", &name)], seconds(end))
        } else {
            let labels = [("job_name", name.as_str()), ("condition", "true")];
            scenario.line(&objects::JOB_FAILED, &labels, always(1.0).gone(0, end))
        }
    };
    let name = |name| format!("{}: {name}", topics.name());
    let calm = |what| Scenario::calm(name(what), 180, sources);
    vec![
        ran(calm("a Job fails, and no other runs"), 1, 20, false).fires("KafkaTopicsJobFailed", 25, 27, 179),
        ran(
            ran(calm("a Job fails, and the next one too"), 1, 20, false),
            2,
            80,
            false,
        )
        .fires("KafkaTopicsJobFailed", 25, 27, 179)
        .several(2),
        ran(
            ran(calm("a Job fails, and the next one succeeds"), 1, 20, false),
            2,
            80,
            true,
        )
        .fires("KafkaTopicsJobFailed", 25, 27, 84),
        ran(
            ran(calm("a Job fails after an earlier one succeeded"), 1, 20, true),
            2,
            80,
            false,
        )
        .fires("KafkaTopicsJobFailed", 85, 87, 179),
        // The first one may have applied what was declared before.
        ran(
            ran(
                calm("a Job fails that started while an earlier one ran, which succeeds"),
                1,
                78,
                true,
            ),
            2,
            80,
            false,
        )
        .fires("KafkaTopicsJobFailed", 85, 87, 179),
    ]
}
