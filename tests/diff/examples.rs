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

/// A checksum of a whole ConfigMap changes with a label of it, too, and the pods restart although no file differs.
#[test]
fn a_checksum_is_told_where_only_a_label_of_its_config_map_changes() {
    let manifests = |label: &str, checksum: &str| {
        format!(
            "apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, labels: {{team: {label}}}}}
data: {{a.properties: \"a=1\"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: reader}}
spec:
  selector: {{matchLabels: {{app: reader}}}}
  template:
    metadata: {{labels: {{app: reader}}, annotations: {{checksum/config: {checksum}}}}}
    spec:
      containers: [{{name: reader, image: \"example/reader:1\"}}]
      volumes: [{{name: settings, configMap: {{name: settings}}}}]
"
        )
    };
    let report = compare(&manifests("blue", "one"), &manifests("red", "two"));
    assert_eq!(
        lines(&report),
        [
            "rolling-restart checksum-alone Deployment reader spec.template.metadata.annotations[checksum/config]",
            "metadata metadata ConfigMap settings metadata.labels.team",
        ]
    );
    assert_eq!(report.restarts[0].pods, ["reader-*"]);
}

/// A default of the API server is shown as what it is, and a list that goes as a whole is told item by item.
#[test]
fn what_is_not_set_has_the_default_and_a_list_that_goes_its_items() {
    let set = |replicas: &str, grace: &str, storage: &str| {
        format!(
            "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: kafka}}
spec:
  {replicas}
  selector: {{matchLabels: {{app: kafka}}}}
  template:
    metadata: {{labels: {{app: kafka}}}}
    spec:
      {grace}
      containers: [{{name: kafka, image: \"example/kafka:1\", volumeMounts: [{{name: data, mountPath: /data}}]}}]
{storage}"
        )
    };
    let claims = "  volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}]\n";
    let before = set("replicas: 3", "terminationGracePeriodSeconds: 300", claims);
    let report = compare(
        &before,
        &set("replicas: 1", "terminationGracePeriodSeconds: 30", claims),
    );
    let shown = |path: &str| {
        let change = report.changes.iter().find(|change| change.path == path).unwrap();
        (change.before.to_string(), change.after.to_string())
    };
    assert_eq!(shown("spec.replicas"), ("3".to_owned(), "1".to_owned()));
    let grace = shown("spec.template.spec.terminationGracePeriodSeconds");
    assert_eq!(grace, ("300".to_owned(), "30".to_owned()));
    let report = compare(&before, &set("replicas: 3", "terminationGracePeriodSeconds: 300", ""));
    assert_eq!(report.changes[0].rule, "claim-template-removed");
}

/// A name from a pull request reaches a terminal as text.
#[test]
fn control_characters_are_shown() {
    let map = |value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, annotations: {{b: \"{value}\"}}}}\n")
    };
    let report = compare(&map("one"), &map("\\e[2J\\u202etwo"));
    assert_eq!(report.changes[0].path, "metadata.annotations.b");
    let both = compare(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{name: a, port: 1}]}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{name: \"\\e[2J\", port: 2}]}\n",
    );
    let hidden = |text: &String| text.contains(['\u{1b}', '\u{202e}']);
    for change in both.changes.iter().chain(&report.changes) {
        assert!(!hidden(&change.path) && !hidden(&change.reason), "{change:?}");
        assert!(!change.commands.iter().any(hidden), "{change:?}");
    }
}
