//! Of Connect workers and their connectors.

use super::ConnectHandle;
use crate::{
    metrics::connect,
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, minutes},
};

const CONNECTOR: (&str, &str) = ("connector", "a-connector");

pub(super) const ALL: &[AlertRow<ConnectHandle>] = &[
    AlertRow {
        name: "KafkaConnectConnectorFailed",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka connector failed.",
        description: "Connector {{ $labels.connector }} of {{ $labels.job }} in {{ $labels.namespace }} failed.",
        threshold: |_, _| "None: a connector that failed stays so until someone restarts it.".to_owned(),
        expression: |_, sources| {
            let failed = sources.series(&connect::CONNECTOR_STATUS, &[("status", "failed")])?;
            Some(format!("max by ({BY}, job, connector) ({failed})"))
        },
        page: Page {
            meaning: "The connector cannot decide what its tasks have to do: they go on with old settings, or do not run at all.",
            causes: &[
                "Its configuration is wrong, or a secret in it has expired.",
                "What it connects to is away.",
                "Its plugin is not in the image.",
            ],
            steps: &[
                (
                    "What does it say?",
                    "kubectl -n {ns} port-forward service/{job} 8083 &\ncurl -s 'localhost:8083/connectors?expand=status' | jq '.[].status.connector'",
                ),
                (
                    "And its worker?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=1h --prefix | grep -iE 'error|exception' | tail -40",
                ),
            ],
            over: "Mend the cause, then `curl -X POST 'localhost:8083/connectors/NAME/restart?includeTasks=true&onlyFailed=true'`. It \
                is over when its state is RUNNING.",
            avoid: &[
                "Do not delete and create it again: a source may start from the beginning, and a sink's group has a new name.",
            ],
        },
        test: |group, _| {
            let labels = |status| [("pod", "kafka-connect-a"), CONNECTOR, ("status", status)];
            AlertTest::value("")
                .given(&connect::CONNECTOR_STATUS, &labels("failed"), Samples::Appears(1.0))
                .given(&connect::CONNECTOR_STATUS, &labels("running"), Samples::Disappears(1.0))
                .label("job", group.name())
                .label("connector", CONNECTOR.1)
        },
    },
    AlertRow {
        name: "KafkaConnectTaskFailed",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Tasks of a Kafka connector failed.",
        description: "{{ $value }} tasks of {{ $labels.connector }} of {{ $labels.job }} in {{ $labels.namespace }} failed.",
        threshold: |_, _| "None: a task that failed stays so until someone restarts it.".to_owned(),
        // Each worker reports its own view of the whole group.
        expression: |_, sources| {
            let failed = sources.series(&connect::FAILED_TASKS, &[])?;
            Some(format!("max by ({BY}, job, connector) ({failed}) > 0"))
        },
        page: Page {
            meaning: "What these tasks should move stands still: partitions of a sink, tables of a source. The others go on. \
                Nothing is lost as long as topics, or the source, keep the records.",
            causes: &[
                "A record that it cannot convert or write, and no dead letter queue.",
                "What it writes to or reads from is away, or refuses it.",
                "The registry does not answer: see KafkaSchemaRegistryNoPrimary.",
            ],
            steps: &[
                (
                    "What killed them?",
                    "kubectl -n {ns} port-forward service/{job} 8083 &\ncurl -s 'localhost:8083/connectors?expand=status' | jq '.[].status | {name, tasks: [.tasks[] | select(.state == \"FAILED\")]}'",
                ),
                (
                    "Is a sink behind?",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group connect-NAME",
                ),
            ],
            over: "Mend the cause, then `curl -X POST 'localhost:8083/connectors/NAME/restart?includeTasks=true&onlyFailed=true'`. It \
                is over when all tasks are RUNNING.",
            avoid: &[
                "Do not restart them in a loop without reading the trace: the same record kills them again.",
                "Do not set `errors.tolerance=all` without a dead letter queue: records are then dropped in silence.",
            ],
        },
        test: |group, _| {
            AlertTest::value(2)
                .given(
                    &connect::FAILED_TASKS,
                    &[("pod", "kafka-connect-a"), CONNECTOR],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 2.0,
                    },
                )
                .given(
                    &connect::FAILED_TASKS,
                    &[("pod", "kafka-connect-b"), CONNECTOR],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 2.0,
                    },
                )
                .label("job", group.name())
                .label("connector", CONNECTOR.1)
        },
    },
    AlertRow {
        name: "KafkaConnectRebalancing",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Kafka Connect workers have been rebalancing for long.",
        description: "Workers of {{ $labels.job }} in {{ $labels.namespace }} rebalance and do not come to an end.",
        threshold: |_, _| "Ten minutes: with a worker away it waits five minutes for it.".to_owned(),
        expression: |_, sources| {
            let rebalancing = sources.series(&connect::REBALANCING, &[])?;
            Some(format!("max by ({BY}, job) ({rebalancing}) == 1"))
        },
        page: Page {
            meaning: "While the workers agree on who does what, tasks stand still or move, and the REST interface answers \
                with 409.",
            causes: &[
                "A worker starts and ends again and again.",
                "A connector takes very long to start or to stop.",
                "The group's coordinator, a broker, moves again and again.",
            ],
            steps: &[
                (
                    "Do workers restart?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/instance={job}",
                ),
                (
                    "What do they say?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=15m --prefix | grep -iE 'rebalance|joined|generation' | tail -40",
                ),
            ],
            over: "It is over when the workers have agreed; then all tasks have a worker again.",
            avoid: &["Do not restart workers meanwhile: each leaves and joins, which is a rebalance more."],
        },
        test: |group, _| {
            AlertTest::value("")
                .given(
                    &connect::REBALANCING,
                    &[("pod", "kafka-connect-a")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 1.0,
                    },
                )
                .label("job", group.name())
        },
    },
];
