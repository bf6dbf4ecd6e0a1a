//! Worked examples: a change, and the right answer.

use super::{compare, lines};

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
