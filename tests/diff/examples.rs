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

fn controllers(storage: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: kafka-controller, namespace: kafka}}
spec:
  replicas: 3
  ordinals: {{start: 100}}
  selector: {{matchLabels: {{app: controller}}}}
  template: {{metadata: {{labels: {{app: controller}}}}, spec: {{containers: [{{name: kafka, image: \"apache/kafka:4.3.0\"}}]}}}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{resources: {{requests: {{storage: {storage}}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: kafka-controller, namespace: kafka}}
data: {{note: \"{storage}\"}}
"
    )
}

#[test]
fn example_1_larger_volumes_for_the_dedicated_controllers() {
    let report = compare(&controllers("10Gi"), &controllers("20Gi"));
    assert_eq!(
        lines(&report),
        [
            "refused-by-api-server volume-grown StatefulSet kafka/kafka-controller \
             spec.volumeClaimTemplates[data].spec.resources.requests.storage",
            "metadata file-changed ConfigMap kafka/kafka-controller data[note]"
        ]
    );
    let commands = &report.changes[0].commands;
    let patch = |ordinal| {
        format!(
            "kubectl -n kafka patch pvc data-kafka-controller-{ordinal} --type merge -p \
             '{{\"spec\":{{\"resources\":{{\"requests\":{{\"storage\":\"20Gi\"}}}}}}}}'"
        )
    };
    assert!(commands[0].contains("allowVolumeExpansion"), "{commands:#?}");
    assert_eq!(commands[1..4], [100, 101, 102].map(patch));
    assert!(
        commands[4..7]
            .iter()
            .all(|command| command.contains("wait pvc") && command.contains(".status.capacity"))
    );
    assert_eq!(
        commands[7],
        "kubectl -n kafka delete statefulset kafka-controller --cascade=orphan"
    );
    assert!(commands[8].starts_with("# apply"), "{commands:#?}");
}

#[test]
fn example_5_a_budget_is_removed_and_workers_are_scaled_down() {
    let workers = |replicas: u32| {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: kafka-connect, namespace: kafka}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: connect}}}}
  template: {{metadata: {{labels: {{app: connect}}}}, spec: {{containers: [{{name: connect, image: \"example:1\"}}]}}}}
"
        )
    };
    let budget = "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: kafka-connect, namespace: kafka}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: connect}}}
";
    let report = compare(&(workers(2) + budget), &workers(1));
    assert_eq!(
        lines(&report),
        [
            "metadata scaled-down Deployment kafka/kafka-connect spec.replicas +availability",
            "metadata budget-removed PodDisruptionBudget kafka/kafka-connect +availability"
        ]
    );
    assert!(report.restarts.is_empty());
}

#[test]
fn example_6_another_division_into_files_and_a_label() {
    let service = |labels: &str| {
        format!(
            "# a comment\nkind: Service\napiVersion: v1\nmetadata:\n  namespace: kafka\n  name: kafka\n{labels}spec:\n  ports: [{{port: 9092}}]\n"
        )
    };
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"other\"}\n";
    let before = format!("{}---\n{other}", service(""));
    let after = format!(
        "{other}---\n{}",
        service("  labels: {team: \"data\"}\n").replace("# a comment\n", "")
    );
    assert_eq!(
        lines(&compare(&before, &after)),
        ["metadata metadata Service kafka/kafka metadata.labels.team"]
    );
}

#[test]
fn a_namespace_that_is_renamed_is_told_once() {
    let moved = |namespace: &str| controllers("10Gi").replace("namespace: kafka", &format!("namespace: {namespace}"));
    let report = compare(&moved("kafka"), &moved("streams"));
    assert_eq!(
        lines(&report),
        [
            "data-loss namespace-renamed Namespace streams metadata.namespace +availability +client-breaking +irreversible"
        ]
    );
    let without =
        |namespace: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: {namespace}}}\n");
    let report = compare(&without("a"), &without("b"));
    assert_eq!(report.changes[0].rule, "namespace-renamed-without-claims");
}

#[test]
fn an_object_that_grows_too_large_is_told_with_who_refuses_it() {
    let config = |bytes: usize| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  text: {}\n",
            "x".repeat(bytes)
        )
    };
    for (bytes, rule) in [(300_000, "too-large-for-client-side-apply"), (1_100_000, "too-large")] {
        let report = compare(&config(10), &config(bytes));
        assert_eq!(report.changes[0].rule, rule);
    }
}

#[test]
fn what_holds_a_restart_back_is_told() {
    let set = |image: u32, strategy: &str| {
        format!(
            "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: kafka}}
spec:
  replicas: 3
  minReadySeconds: 30
  updateStrategy: {strategy}
  selector: {{matchLabels: {{app: kafka}}}}
  template: {{metadata: {{labels: {{app: kafka}}}}, spec: {{containers: [{{name: kafka, image: \"apache/kafka:{image}\"}}]}}}}
"
        )
    };
    for (strategy, pods, order) in [
        (
            "{}",
            "kafka-2 kafka-1 kafka-0",
            "one at a time, from the highest ordinal down, each once the one before has been Ready for 30 s",
        ),
        (
            "{rollingUpdate: {partition: 2}}",
            "kafka-2",
            "one at a time, from the highest ordinal down, each once the one before has been Ready for 30 s; `partition: 2` holds back \
             kafka-1, kafka-0",
        ),
        (
            "{type: OnDelete}",
            "kafka-2 kafka-1 kafka-0",
            "none by itself, since the strategy is `OnDelete`: each when it is deleted (`kubectl delete pod kafka-2`), one at a \
             time over all sets of the cluster, the next once this one is Ready and every replica is in sync",
        ),
    ] {
        let report = compare(&set(1, strategy), &set(2, strategy));
        assert_eq!(report.restarts[0].pods.join(" "), pods);
        assert_eq!(report.restarts[0].order, order);
    }
}
