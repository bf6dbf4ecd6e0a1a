//! Faults in monitoring that an amendment makes: the same rules find them as in manifests from anywhere.

use insta::assert_snapshot;
use k8s_openapi::api::core::v1::ConfigMap;
use kafka_stacks::{
    monitoring::{PodMonitor, PrometheusRule},
    prelude::*,
};

use crate::rules::synth;

fn monitored() -> Stack {
    let mut stack = Stack::new("test", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
            .partition_sizes(),
    );
    stack.add(Monitoring::new("monitoring", &kafka));
    stack
}

/// Each finding as `severity[rule] subject: message`.
fn findings(stack: &Stack) -> Vec<String> {
    let synthesis = synth(stack);
    assert_eq!(synthesis.findings.has_errors(), synthesis.manifests.is_none());
    let said = |finding: &Diagnostic| {
        let subject = finding.subject(stack.name());
        format!(
            "{}[{}] {subject}: {}",
            finding.severity, finding.rule.id, finding.message
        )
    };
    synthesis.findings.iter().map(said).collect()
}

/// What an amendment of a monitored cluster makes of its findings.
#[track_caller]
fn monitored_says(amend: fn(&mut Stack), expected: &[&str]) {
    let mut stack = monitored();
    amend(&mut stack);
    assert_eq!(findings(&stack), expected);
}

/// Changes a file of a ConfigMap.
fn edit(stack: &mut Stack, config: &'static str, file: &'static str, from: &'static str, to: &'static str) {
    stack.amend::<ConfigMap>(config, move |config| {
        let text = config.data.as_mut().and_then(|data| data.get_mut(file)).unwrap();
        assert!(text.contains(from), "{text}");
        *text = text.replacen(from, to, 1);
    });
}

#[test]
fn a_fault_in_monitoring_made_by_an_amendment_is_found() {
    monitored_says(|_| {}, &[]);
    monitored_says(
        |stack| {
            stack.amend::<PodMonitor>("kafka", |monitor| {
                monitor.spec.pod_metrics_endpoints[0].scrape_timeout = "1m".to_owned();
            });
        },
        &[
            "error[KS-O24] test/monitoring/PodMonitor kafka: `spec.podMetricsEndpoints[0].scrapeTimeout` is 1m, longer than the interval of 30s: the operator drops the monitor",
        ],
    );
    monitored_says(
        |stack| {
            stack.amend::<PodMonitor>("kafka", |monitor| {
                monitor.spec.pod_metrics_endpoints[0].relabelings[0].replacement = "brokers".to_owned();
            });
            stack.amend::<PrometheusRule>("kafka", |rule| {
                rule.spec.groups[0]
                    .rules
                    .retain(|rule| rule.name() == "KafkaOfflinePartitions");
            });
        },
        &[
            "error[KS-O08] test/monitoring/KafkaOfflinePartitions: `job=\"kafka\"` matches no series of `kafka_controller_kafkacontroller_offlinepartitionscount`",
        ],
    );
    monitored_says(
        |stack| {
            stack.amend::<PrometheusRule>("kafka", |rule| {
                let alert = rule.spec.alert("KafkaOfflinePartitions").unwrap();
                alert.annotations.remove("summary");
                alert.expr = alert.expr.replace("> 0", "< 0");
            });
        },
        &[
            "error[KS-O07] test/monitoring/KafkaOfflinePartitions: `… < 0` is never true",
            "error[KS-O12] test/monitoring/KafkaOfflinePartitions: the alert has no summary",
        ],
    );
}

#[test]
fn a_fault_in_a_file_made_by_an_amendment_is_found() {
    const BOARD: &str = "test_kafka_kafka_quorum.json";
    let edits = [
        (
            "kafka",
            "log4j2.properties",
            "console.ref = console",
            "console.ref = stdout",
        ),
        (
            "kafka",
            "metrics.yaml",
            "\"^kafka.log<type=Log",
            "\"^kafka.log)<type=Log",
        ),
        (
            "kafka",
            "metrics.yaml",
            "- name: kafka_log_log_size",
            "-- name: kafka_log_log_size",
        ),
        (
            "kafka",
            "metrics.yaml",
            "name: kafka_log_log_size",
            "name: kafka_log_size",
        ),
        ("kafka-dashboard-quorum", BOARD, "  \"panels\": [", "  \"panels\": [["),
        (
            "kafka-dashboard-quorum",
            BOARD,
            "\"expr\": \"sum (",
            "\"expr\": \"sum ((",
        ),
    ];
    let mut said = String::new();
    for (config, file, from, to) in edits {
        let mut stack = monitored();
        edit(&mut stack, config, file, from, to);
        let found = findings(&stack);
        assert!(!found.is_empty(), "{to}");
        for finding in found {
            said += &finding;
            said.push('\n');
        }
    }
    assert_snapshot!(said, @r"
    error[KS-O27] test/kafka/ConfigMap kafka: `rootLogger.appenderRef.console.ref` names the appender `stdout`, which file `log4j2.properties` does not have: what it should write is lost
    error[KS-O26] test/kafka/ConfigMap kafka: file `metrics.yaml` has a pattern that Java does not compile, so the process does not start: `)` closes nothing
    error[KS-O25] test/kafka/ConfigMap kafka: file `metrics.yaml` is not valid YAML: mapping values are not allowed in this context
    warning[KS-O23] test/monitoring/ConfigMap kafka-dashboard-brokers: panel `Topic size on disk`: metric `kafka_log_log_size` is not exported here, so it stays empty
    error[KS-O25] test/monitoring/ConfigMap kafka-dashboard-quorum: file `test_kafka_kafka_quorum.json` is not valid JSON: expected `,` or `]`
    error[KS-O22] test/monitoring/ConfigMap kafka-dashboard-quorum: panel `Active controllers`: not valid PromQL: unclosed left parenthesis
    ");
}
