//! Pairs of manifests, and what `diff` says about them.

use kafka_stacks::diff::{Report, Side, Source, diff};

/// What applying one text over another does.
fn compare(before: &str, after: &str) -> Report {
    let read = |file: &str, text: &str, known| {
        let side = Side::read(
            [Source {
                file: file.to_owned(),
                text: text.to_owned(),
            }],
            known,
        );
        assert_eq!(side.problems(), [], "{text}");
        side
    };
    let before = read("before.yaml", before, None);
    let after = read("after.yaml", after, Some(&before));
    diff(&before, &after)
}

/// The changes of a report, a line each.
fn lines(report: &Report) -> Vec<String> {
    let line = |change: &kafka_stacks::diff::Change| {
        let flags: Vec<&str> = change.flags.iter().map(|flag| flag.name()).collect();
        format!(
            "{} {} {} {}{}",
            change.class,
            change.rule,
            change.object.shown(),
            change.path,
            flags.iter().map(|flag| format!(" +{flag}")).collect::<String>()
        )
    };
    report.changes.iter().map(line).collect()
}

#[test]
fn example_3_a_checksum_that_changes_with_its_file() {
    let manifests = |level: &str, checksum: &str| {
        format!(
            "apiVersion: v1
kind: ConfigMap
metadata: {{name: kafka-connect, namespace: kafka}}
data:
  log4j2.properties: |
    rootLogger.level = {level}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: kafka-connect, namespace: kafka}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: connect}}}}
  template:
    metadata:
      labels: {{app: connect}}
      annotations: {{checksum/config: {checksum}}}
    spec:
      containers: [{{name: connect, image: confluentinc/cp-kafka-connect:8.3.1, volumeMounts: [{{name: config, mountPath: /etc/x}}]}}]
      volumes: [{{name: config, configMap: {{name: kafka-connect}}}}]
"
        )
    };
    let before = manifests("info", "a4c7400eab49963b");
    let report = compare(&before, &manifests("warn", "9d20c18f51be7a64"));
    assert_eq!(
        lines(&report),
        ["rolling-restart file-read-again ConfigMap kafka/kafka-connect data[log4j2.properties][rootLogger.level]"]
    );
    assert_eq!(report.restarts[0].pods, ["kafka-connect-*", "kafka-connect-*"]);
    let report = compare(&before, &manifests("warn", "a4c7400eab49963b"));
    assert_eq!(
        lines(&report),
        ["manual-steps file-not-read ConfigMap kafka/kafka-connect data[log4j2.properties][rootLogger.level]"]
    );
    assert!(report.restarts.is_empty());
    assert_eq!(
        report.changes[0].commands[0],
        "kubectl -n kafka rollout restart deployment/kafka-connect"
    );
}
