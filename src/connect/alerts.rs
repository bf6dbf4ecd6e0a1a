//! Alerts on Connect workers and their connectors.

use super::ConnectHandle;
use crate::{
    metrics::{Metric, connect, jvm},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, OwnedKind, Page, Samples, Scenario, Sources, minutes,
        scenario::{always, growing},
    },
};

/// The connector of a test: a declared one, if there is one, so that the test is one of its owner too.
fn connector(sources: &Sources) -> (&'static str, &str) {
    let mut owned = sources.owned.iter().filter(|owned| owned.kind == OwnedKind::Connector);
    ("connector", owned.next().map_or("a-connector", |owned| &owned.name))
}

pub(super) const ALL: &[AlertRow<ConnectHandle>] = &[
    AlertRow {
        name: "KafkaConnectConnectorFailed",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka connector failed.",
        description: "Connector {{ $labels.connector }} of {{ $labels.job }} in {{ $labels.namespace }} failed.",
        threshold: |_, _| "No failed connectors: a failed connector is not restarted automatically.".to_owned(),
        expression: |_, sources| {
            let failed = sources.series(&connect::CONNECTOR_STATUS, &[("status", "failed")])?;
            Some(format!("max by ({BY}, job, connector) ({failed})"))
        },
        page: Page {
            meaning: "The connector cannot configure its tasks: they continue with old settings, or do not run at \
                all.",
            causes: &[
                "Its configuration is wrong, or a credential has expired.",
                "The system that it connects to is down.",
                "Its plugin is not in the image.",
            ],
            steps: &[
                (
                    "What is its error?",
                    "kubectl -n {ns} port-forward service/{job} 8083 &\ncurl -s --retry 5 --retry-connrefused 'localhost:8083/connectors?expand=status' | jq '.[].status.connector'\nkill %1",
                ),
                (
                    "What do the logs of the workers say?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=1h --prefix | grep -iE 'error|exception' | tail -40",
                ),
            ],
            fix: "Fix the cause, then restart it: `kubectl -n {ns} port-forward service/{job} 8083`, and in another terminal \
                `curl -X POST 'localhost:8083/connectors/NAME/restart?includeTasks=true&onlyFailed=true'`. It is fixed when its \
                state is RUNNING.",
            avoid: &[
                "Do not delete and recreate it: a source may start from the beginning, and a sink's consumer group \
                    may start without its offsets.",
            ],
        },
        test: |group, sources| {
            let connector = connector(sources);
            let labels = |status| [("pod", "kafka-connect-a"), connector, ("status", status)];
            AlertTest::value("")
                .given(&connect::CONNECTOR_STATUS, &labels("failed"), Samples::Appears(1.0))
                .given(&connect::CONNECTOR_STATUS, &labels("running"), Samples::Disappears(1.0))
                .label("job", group.name())
                .label("connector", connector.1)
        },
    },
    AlertRow {
        name: "KafkaConnectTaskFailed",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Tasks of a Kafka connector failed.",
        description: "{{ $value }} tasks of {{ $labels.connector }} of {{ $labels.job }} in {{ $labels.namespace }} failed.",
        threshold: |_, _| "No failed tasks: a failed task is not restarted automatically.".to_owned(),
        // Each worker reports its own view of the whole group.
        expression: |_, sources| {
            let failed = sources.series(&connect::FAILED_TASKS, &[])?;
            Some(format!("max by ({BY}, job, connector) ({failed}) > 0"))
        },
        page: Page {
            meaning: "These tasks move no data: partitions of a sink or tables of a source are stuck. Other tasks \
                continue. No data is lost as long as the topics, or the source, keep it.",
            causes: &[
                "A record that it cannot convert or write, without a dead letter queue.",
                "The system that it reads from or writes to is down, or denies access.",
                "The Schema Registry does not respond: see KafkaSchemaRegistryNoPrimary.",
            ],
            steps: &[
                (
                    "Why did they fail?",
                    "kubectl -n {ns} port-forward service/{job} 8083 &\ncurl -s --retry 5 --retry-connrefused 'localhost:8083/connectors?expand=status' | jq '.[].status | {name, tasks: [.tasks[] | select(.state == \"FAILED\")]}'\nkill %1",
                ),
                (
                    "Does a sink have lag?",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group connect-NAME",
                ),
            ],
            fix: "Fix the cause, then restart them: `kubectl -n {ns} port-forward service/{job} 8083`, and in another terminal \
                `curl -X POST 'localhost:8083/connectors/NAME/restart?includeTasks=true&onlyFailed=true'`. It is fixed when all \
                tasks are RUNNING.",
            avoid: &[
                "Do not restart them repeatedly without reading the stack trace: the same record makes them fail \
                    again.",
                "Do not set `errors.tolerance=all` without a dead letter queue: failed records are then silently \
                    dropped.",
            ],
        },
        test: |group, sources| {
            let connector = connector(sources);
            AlertTest::value(2)
                .given(
                    &connect::FAILED_TASKS,
                    &[("pod", "kafka-connect-a"), connector],
                    Samples::gauge(0.0, 2.0),
                )
                .given(
                    &connect::FAILED_TASKS,
                    &[("pod", "kafka-connect-b"), connector],
                    Samples::gauge(0.0, 2.0),
                )
                .label("job", group.name())
                .label("connector", connector.1)
        },
    },
    AlertRow {
        name: "KafkaConnectRebalancing",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Kafka Connect workers have been rebalancing for too long.",
        description: "Workers of {{ $labels.job }} in {{ $labels.namespace }} do not finish rebalancing.",
        threshold: |group, _| {
            format!(
                "Ten minutes. When a worker is missing, the group waits {} for it.",
                group.rebalance_delay()
            )
        },
        expression: |_, sources| {
            let rebalancing = sources.series(&connect::REBALANCING, &[])?;
            Some(format!("max by ({BY}, job) ({rebalancing}) == 1"))
        },
        page: Page {
            meaning: "During a rebalance, tasks stop or move to other workers, and the REST API responds with 409.",
            causes: &[
                "A worker restarts repeatedly.",
                "A connector takes very long to start or stop.",
                "The group coordinator keeps moving between brokers.",
            ],
            steps: &[
                (
                    "Do workers restart?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/instance={job}",
                ),
                (
                    "What do their logs say?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=15m --prefix | grep -iE 'rebalance|joined|generation' | tail -40",
                ),
            ],
            fix: "Fix the worker or connector that causes the rebalances. The alert resolves when the rebalance is \
                complete and all tasks are assigned.",
            avoid: &["Do not restart workers meanwhile: each restart causes another rebalance."],
        },
        test: |group, _| {
            AlertTest::value("")
                .given(
                    &connect::REBALANCING,
                    &[("pod", "kafka-connect-a")],
                    Samples::gauge(0.0, 1.0),
                )
                .label("job", group.name())
        },
    },
    AlertRow {
        name: "KafkaConnectRecordsSkipped",
        severity: AlertSeverity::Warning,
        for_duration: minutes(1),
        summary: "A Kafka connector skips records that it cannot process.",
        description: "{{ $labels.connector }} of {{ $labels.job }} in {{ $labels.namespace }} skipped {{ $value | printf \
            \"%.0f\" }} records within 15 minutes, or sent them to its dead letter queue.",
        threshold: |_, _| "No skipped records: each one is missing where the connector writes.".to_owned(),
        expression: |_, sources| {
            let started = sources.series(&jvm::START_TIME, &[])?;
            let sum = |metric| {
                let records = sources.series(metric, &[])?;
                let sum = |of: &str| {
                    format!("sum by ({BY}, job, connector) (max by ({BY}, job, connector, task, pod) ({of})) > 0")
                };
                // A counter whose first sample is above 0 has not grown in the eyes of `increase`.
                let fresh =
                    format!("{records} and on ({BY}, job, pod) time() - max by ({BY}, job, pod) ({started}) < 900");
                // Nor has that of a task that a worker began 15 minutes ago or less. The worker was known before it.
                let began = format!(
                    "{records} and on ({BY}, job, pod) time() - max by ({BY}, job, pod) ({started} offset 15m) > 0 \
                     unless on ({BY}, job, connector, task, pod) present_over_time({records}[6h] offset 15m)"
                );
                Some(format!(
                    "{}\nor {}\nor {}",
                    sum(&format!("increase({records}[15m])")),
                    sum(&fresh),
                    sum(&began)
                ))
            };
            Some(format!(
                "{}\nor {}",
                sum(&connect::RECORDS_SKIPPED)?,
                sum(&connect::DEAD_LETTERS)?
            ))
        },
        page: Page {
            meaning: "With `errors.tolerance=all` a connector goes on after a record that it cannot convert or write. The record \
                is missing in the target; it is in the dead letter queue only if the connector has one.",
            causes: &[
                "A producer writes records in another format, or with a schema that is not compatible.",
                "The target refuses records, for example because a column is missing.",
                "A transformation fails on some records.",
            ],
            steps: &[
                (
                    "Which records, and why? It is logged with `errors.log.enable=true`.",
                    "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=1h --prefix | grep -iE 'error encountered|skipp' | tail -20",
                ),
                (
                    "What is in the dead letter queue? Replace `TOPIC` with `errors.deadletterqueue.topic.name`; the headers \
                        say the cause.",
                    "{run} kafka-console-consumer --bootstrap-server {bootstrap} --topic TOPIC --max-messages 10 --from-beginning --property print.headers=true",
                ),
            ],
            fix: "Fix the producer, the target or the transformation. Records of a dead letter queue can be written back to the \
                topic then. The alert resolves 15 minutes after the last skipped record.",
            avoid: &[
                "Do not wait longer than the topic keeps its records: skipped ones can be read again only until then.",
            ],
        },
        test: |group, sources| {
            let connector = connector(sources);
            let labels = [("pod", "kafka-connect-a"), connector, ("task", "0")];
            AlertTest::value(2)
                .given(&connect::RECORDS_SKIPPED, &labels, Samples::growth(1.0))
                .given(&connect::DEAD_LETTERS, &labels, Samples::Constant(7.0))
                .label("job", group.name())
                .label("connector", connector.1)
                .late(minutes(0), minutes(16))
        },
    },
];

/// What happens to workers and their connectors.
pub(super) fn scenarios(group: &ConnectHandle, sources: &Sources) -> Vec<Scenario> {
    let job = group.name();
    let connector = connector(sources);
    let calm = |what: &str| Scenario::calm(format!("{job}: {what}"), 120, sources);
    let records = |scenario: Scenario, metric: &Metric| {
        let task = [("job", job), ("pod", "kafka-connect-a"), connector, ("task", "0")];
        scenario.line(metric, &task, always(0.0).grows(30, 2.0).grows(60, 0.0))
    };
    let skips = |scenario: Scenario| scenario.fires("KafkaConnectRecordsSkipped", 30, 34, 70);
    let mut scenarios = vec![
        skips(records(calm("a connector skips records"), &connect::RECORDS_SKIPPED)),
        skips(records(
            calm("a connector sends records to its dead letter queue"),
            &connect::DEAD_LETTERS,
        )),
        records(
            calm("a connector repeats records, and skips none"),
            &connect::RECORD_ERRORS,
        ),
        calm("a connector skips records before the first scrape of its new worker")
            .line(
                &connect::RECORDS_SKIPPED,
                &[("job", job), ("pod", "kafka-connect-b"), connector, ("task", "0")],
                always(5.0).gone(0, 30),
            )
            .line(
                &jvm::START_TIME,
                &[("job", job), ("pod", "kafka-connect-b")],
                always(29.5 * 60.0).gone(0, 30),
            )
            .fires("KafkaConnectRecordsSkipped", 30, 33, 43),
        calm("a connector is created on running workers, and skips records at once")
            .line(
                &connect::RECORDS_SKIPPED,
                &[("job", job), ("pod", "kafka-connect-b"), connector, ("task", "0")],
                always(12.0).gone(0, 30),
            )
            .line(
                &jvm::START_TIME,
                &[("job", job), ("pod", "kafka-connect-b")],
                always(-7.0 * 86400.0),
            )
            .fires("KafkaConnectRecordsSkipped", 30, 33, 43),
        calm("a worker that skipped records last week cannot be scraped for a while")
            .line(
                &connect::RECORDS_SKIPPED,
                &[("job", job), ("pod", "kafka-connect-b"), connector, ("task", "0")],
                always(5.0).gone(30, 34),
            )
            .line(
                &jvm::START_TIME,
                &[("job", job), ("pod", "kafka-connect-b")],
                always(-7.0 * 86400.0).gone(30, 34),
            ),
        calm("a task fails for half an hour")
            .line(
                &connect::FAILED_TASKS,
                &[("job", job), ("pod", "kafka-connect-a"), connector],
                always(0.0).then(30, 1.0).then(60, 0.0),
            )
            .line(
                &connect::REBALANCES,
                &[("job", job), ("pod", "kafka-connect-a")],
                growing(0.1),
            )
            .fires("KafkaConnectTaskFailed", 34, 37, 59),
    ];
    if group.replicas() > 1 {
        let away = format!("{job}-0");
        scenarios.push(
            calm("a worker is away for an hour")
                .change("pod", &away, |_, line| line.gone(20, 80))
                .fires("KafkaPodsMissing", 20 + 14, 20 + 22, 79),
        );
        // It runs for four minutes, and is away for five.
        let restarts = |name: &str, times: u32| {
            let started = (0..times).fold(always(-86400.0), |line, number| {
                let (stop, start) = (20 + 9 * number, 24 + 9 * number);
                line.gone(stop, start).then(start, 60.0 * f64::from(start))
            });
            calm(name).line(&jvm::START_TIME, &[("job", job), ("pod", &away)], started)
        };
        // The fourth restart.
        scenarios.push(restarts("a worker restarts every nine minutes", 10).fires(
            "KafkaPodRestarts",
            24 + 26,
            24 + 29,
            119,
        ));
        scenarios.push(restarts("a worker restarts three times", 3));
    }
    scenarios
}
