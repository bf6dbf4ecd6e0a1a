//! What is promised of monitoring, judged from the rendered files: alerts, panels, monitors and what they select.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use serde_json::Value;

use super::{
    expression::{Flaw, judge},
    resource::PrometheusRule,
};
use crate::{
    metrics::{broker, exporter, kubelet, objects, record, target},
    prelude::*,
};

/// Combined nodes, dedicated controllers, and `ZooKeeper`: all with everything beside them.
fn stacks() -> [Stack; 3] {
    monitored().map(|(stack, _)| stack)
}

/// The same, each with its monitoring.
fn monitored() -> [(Stack, Monitoring); 3] {
    const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";
    ["combined", "dedicated", "zookeeper"].map(|mode| {
        let mut stack = Stack::new(mode, "kafka");
        let cluster = match mode {
            "combined" => KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::combined("kafka", 3))
                .acknowledge(&rules::kraft::COMBINED, "a test"),
            "dedicated" => KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3)),
            _ => {
                let ensemble = stack.add(ZooKeeper::new("zookeeper", 3));
                KafkaCluster::zookeeper("kafka", &ensemble)
                    .pool(NodePool::brokers("kafka", 3))
                    .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "a test")
            }
        };
        let kafka = stack.add(cluster);
        let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka));
        let connect = stack.add(Connect::new("kafka-connect", &kafka));
        let topic = Topic::new("orders", 3, Cleanup::delete_after(7.days()));
        let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(topic));
        let monitoring = Monitoring::new("monitoring", &kafka)
            .watch(&connect)
            .watch(&registry)
            .watch(&topics)
            .monitor_label("release", "prometheus")
            .runbooks("https://runbooks.voicecore.internal/kafka/");
        stack.add(monitoring.clone());
        (stack, monitoring)
    })
}

/// A cluster made elsewhere, with Connect and topics here.
fn elsewhere() -> (Stack, Monitoring) {
    let mut stack = Stack::new("elsewhere", "shop");
    let kafka = KafkaCluster::external(
        "events",
        Version::V4_2,
        "kafka-1.example.com:9092,kafka-2.example.com:9092",
    );
    let connect = stack.add(Connect::new("kafka-connect", &kafka));
    let topic = Topic::new("orders", 3, Cleanup::delete_after(7.days()));
    let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(topic));
    let monitoring = Monitoring::new("monitoring", &kafka)
        .watch(&connect)
        .watch(&topics)
        .brokers(3)
        .monitor_label("release", "prometheus")
        .runbooks("https://runbooks.voicecore.internal/kafka/");
    stack.add(monitoring.clone());
    (stack, monitoring)
}

fn manifests(stack: &Stack) -> Manifests {
    let synthesis = synth(stack);
    synthesis
        .manifests
        .unwrap_or_else(|| panic!("{:?}", synthesis.findings))
}

/// Every object of a stack, read by another reader than the one that wrote it.
fn objects(stack: &Stack) -> Vec<Value> {
    manifests(stack)
        .iter()
        .filter(|(path, _)| !path.starts_with("runbooks/") && !path.starts_with("tests/"))
        .map(|(_, text)| serde_yaml::from_str(text).unwrap())
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn alerts(objects: &[Value]) -> Vec<Value> {
    of_kind(objects, "PrometheusRule")
        .flat_map(|rule| list(&rule["spec"]["groups"]))
        .flat_map(|group| list(&group["rules"]).to_vec())
        .filter(|rule| rule.get("alert").is_some())
        .collect()
}

fn dashboards(objects: &[Value]) -> Vec<(String, Value)> {
    of_kind(objects, "ConfigMap")
        .filter(|config| config["metadata"]["labels"]["grafana_dashboard"] == "1")
        .flat_map(|config| config["data"].as_object().unwrap())
        .map(|(file, text)| (file.clone(), serde_json::from_str(text.as_str().unwrap()).unwrap()))
        .collect()
}

/// The panels of a dashboard, with those in folded rows.
fn panels(dashboard: &Value) -> Vec<&Value> {
    list(&dashboard["panels"])
        .iter()
        .flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"])))
        .collect()
}

/// A stack with three controllers and three brokers.
fn dedicated() -> (Stack, KafkaHandle) {
    let mut stack = Stack::new("s", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    (stack, kafka)
}

#[test]
fn alerts_and_panels_ask_for_what_is_exported_in_their_stack_and_for_labels_that_it_has() {
    for (stack, monitoring) in monitored().into_iter().chain([elsewhere()]) {
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        // What the agents will export, from the very files that they read.
        let mut exported: BTreeSet<String> = of_kind(&objects, "ConfigMap")
            .filter_map(|config| config["data"]["metrics.yaml"].as_str())
            .flat_map(|text| {
                let rules: Value = serde_yaml::from_str(text).unwrap();
                list(&rules["rules"]).to_vec()
            })
            .map(|rule| rule["name"].as_str().unwrap().to_owned())
            .collect();
        let others = [exporter::ALL, kubelet::ALL, objects::ALL, target::ALL];
        exported.insert("ALERTS".to_owned());
        let rules = of_kind(&objects, "PrometheusRule").flat_map(|rule| list(&rule["spec"]["groups"][0]["rules"]));
        exported.extend(rules.filter_map(|rule| Some(rule["record"].as_str()?.to_owned())));
        exported.extend(others.into_iter().flatten().map(|metric| metric.name.to_owned()));

        let alerts = alerts(&objects);
        let dashboards = dashboards(&objects);
        let queries = dashboards
            .iter()
            .flat_map(|(_, dashboard)| panels(dashboard))
            .flat_map(|panel| list(&panel["targets"]));
        let expressions: Vec<&str> = alerts
            .iter()
            .chain(queries)
            .map(|query| query["expr"].as_str().unwrap())
            .collect();
        let least = if stack.name() == "elsewhere" { 25 } else { 80 };
        assert!(expressions.len() > least, "{}", expressions.len());
        for expression in expressions {
            let judgement = judge(&expression.replace("$__rate_interval", "2m"), &sources);
            assert!(!judgement.metrics.is_empty(), "{expression}");
            for metric in &judgement.metrics {
                assert!(exported.contains(metric), "nothing exports {metric}");
            }
            // A panel compares nothing.
            let flaws: Vec<&Flaw> = judgement
                .flaws
                .iter()
                .filter(|flaw| !flaw.message.starts_with("no comparison"))
                .collect();
            assert!(flaws.is_empty(), "{expression}: {flaws:?}");
        }
    }
}

#[test]
fn the_eight_alerts_exist_in_every_mode_and_each_has_what_the_mode_needs() {
    let names = |stack: &Stack| -> BTreeSet<String> {
        alerts(&objects(stack))
            .iter()
            .map(|alert| alert["alert"].as_str().unwrap().to_owned())
            .collect()
    };
    let [combined, dedicated, zookeeper] = stacks().map(|stack| names(&stack));
    assert_eq!(combined, dedicated);
    for eighth in [
        "KafkaBrokerDown",
        "KafkaOfflinePartitions",
        "KafkaUnderReplicatedPartitions",
        "KafkaConsumerLagHigh",
        "KafkaProducerLatencyHigh",
        "KafkaDiskUsageHigh",
        "KafkaISRShrink",
        "KafkaLeaderElectionRateHigh",
    ] {
        assert!(combined.contains(eighth) && zookeeper.contains(eighth), "{eighth}");
    }
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect::<Vec<_>>();
    assert_eq!(
        only(&combined, &zookeeper),
        [
            "KafkaBrokerMetadataLag",
            "KafkaControllerLag",
            "KafkaFencedBrokers",
            "KafkaMetadataErrors",
            "KafkaQuorumElections",
            "KafkaQuorumWithoutLeader",
        ]
    );
    assert_eq!(
        only(&zookeeper, &combined),
        [
            "KafkaZooKeeperQuorumLost",
            "KafkaZooKeeperServerDown",
            "KafkaZooKeeperSessionExpired",
            "KafkaZooKeeperSessionLost",
        ]
    );
}

#[test]
fn one_broker_raises_no_alert_that_needs_two() {
    let mut stack = Stack::new("one", "kafka").profile(Profile::Development);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    );
    stack.add(Monitoring::new("monitoring", &kafka));
    let manifests = manifests(&stack);
    let text = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    for name in [
        "KafkaUnderReplicatedPartitions",
        "KafkaISRShrink",
        "KafkaSeveralActiveControllers",
        "KafkaQuorumElections",
    ] {
        assert!(!text.contains(name), "{name}");
    }
    assert!(text.contains("KafkaBrokerDown"));
}

#[test]
fn every_alert_of_this_crate_has_a_page_and_two_tests() {
    for stack in stacks().into_iter().chain([elsewhere().0]) {
        let manifests = manifests(&stack);
        let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
        let rules: Value = serde_yaml::from_str(manifests.get("tests/rules.yaml").unwrap()).unwrap();
        let objects = objects(&stack);
        let applied = of_kind(&objects, "PrometheusRule").next().unwrap();
        assert_eq!(rules, applied["spec"]);
        for alert in alerts(&objects) {
            let name = alert["alert"].as_str().unwrap();
            let page = manifests.get(&format!("runbooks/{name}.md")).unwrap();
            for part in [
                "What it means here",
                "Likely causes",
                "What to look at",
                "What ends it",
                "Do not",
                "The rule",
            ] {
                assert!(page.contains(&format!("\n## {part}\n")), "{name} has no {part}");
            }
            // Every placeholder has a value: nothing is left of one, and nothing is missing in its place.
            for left in [
                "{ns}",
                "{run}",
                "{bootstrap}",
                "{connect}",
                "{registry}",
                "{ensemble}",
                "{topics}",
            ] {
                assert!(!page.contains(left), "{name}: {left}");
            }
            for missing in ["instance= ", "service/ ", "deployment/`", "exec  -c"] {
                assert!(!page.contains(missing), "{name}: {missing}");
            }
            let of_alert = list(&tests["tests"])
                .iter()
                .filter(|test| test["alert_rule_test"][0]["alertname"] == name);
            assert_eq!(of_alert.count(), 2, "{name}");
        }
        let index: Value = serde_yaml::from_str(manifests.get("kustomization.yaml").unwrap()).unwrap();
        let applied = list(&index["resources"]);
        assert!(applied.iter().all(|path| !path.as_str().unwrap().starts_with("tests/")));
    }
}

#[test]
fn an_alert_says_what_whoever_is_called_needs() {
    for alert in stacks().iter().flat_map(|stack| alerts(&objects(stack))) {
        let name = alert["alert"].as_str().unwrap();
        let annotations = &alert["annotations"];
        let text = |key: &str| annotations[key].as_str().unwrap();
        assert!(
            matches!(alert["labels"]["severity"].as_str(), Some("critical" | "warning")),
            "{name}"
        );
        assert!(
            text("summary").ends_with('.') && !text("summary").contains("{{"),
            "{name}"
        );
        assert!(text("threshold").ends_with('.'), "{name}");
        assert_eq!(
            text("runbook_url"),
            format!("https://runbooks.voicecore.internal/kafka/{name}.md")
        );
        // Which one, and no label that is only the rule's: the checks of templates know the alert's own.
        assert!(
            text("description").ends_with('.') && text("description").contains("{{ $labels."),
            "{name}"
        );
    }
}

#[test]
fn thresholds_come_from_the_stack() {
    let mut stack = Stack::new("five", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("events", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("events-controller", 3))
            .pool(NodePool::brokers("events", 5)),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .lag_threshold(20_000)
            .produce_latency_threshold(2.seconds())
            .disk_usage_threshold(70),
    );
    let alerts: BTreeMap<String, String> = alerts(&objects(&stack))
        .iter()
        .map(|alert| {
            let text = |key: &str| alert[key].as_str().unwrap().to_owned();
            (text("alert"), text("expr"))
        })
        .collect();
    assert!(alerts["KafkaBrokerDown"].ends_with(" < 5"));
    assert!(alerts["KafkaConsumerLagHigh"].ends_with(" > 20000"));
    assert!(alerts["KafkaProducerLatencyHigh"].contains(" > 2000\nand "));
    assert!(alerts["KafkaLeaderElectionRateHigh"].ends_with(" > 0.5 / 5"));
    assert!(alerts["KafkaConsumerLagGrowing"].ends_with(" > 2000)"));
    assert!(alerts["KafkaDiskUsageHigh"].ends_with(" > 70"));
    let claims = r#"persistentvolumeclaim=~"data-events-controller-[0-9]+|data-events-[0-9]+""#;
    assert!(alerts["KafkaDiskFullSoon"].contains(claims));
}

/// Whether an object has all labels of a selector.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector["matchLabels"]
        .as_object()
        .unwrap()
        .iter()
        .all(|(key, value)| labels[key] == *value)
}

#[test]
fn every_pod_with_metrics_is_scraped_once_and_its_policy_admits_prometheus() {
    for stack in stacks().into_iter().chain([elsewhere().0]) {
        let objects = objects(&stack);
        let pods: Vec<&Value> = ["StatefulSet", "Deployment"]
            .into_iter()
            .flat_map(|kind| of_kind(&objects, kind))
            .map(|workload| &workload["spec"]["template"])
            .collect();
        let mut scraped = 0;
        for pod in &pods {
            let labels = &pod["metadata"]["labels"];
            let ports: BTreeMap<&str, &Value> = list(&pod["spec"]["containers"])
                .iter()
                .flat_map(|container| list(&container["ports"]))
                .map(|port| (port["name"].as_str().unwrap(), &port["containerPort"]))
                .collect();
            let by_pod = of_kind(&objects, "PodMonitor").filter(|monitor| {
                selects(&monitor["spec"]["selector"], labels)
                    && list(&monitor["spec"]["podMetricsEndpoints"])
                        .iter()
                        .all(|endpoint| ports.contains_key(endpoint["port"].as_str().unwrap()))
            });
            let by_service = of_kind(&objects, "ServiceMonitor").flat_map(|monitor| {
                let endpoint = &list(&monitor["spec"]["endpoints"])[0];
                of_kind(&objects, "Service").filter(move |service| {
                    selects(&monitor["spec"]["selector"], &service["metadata"]["labels"])
                        && service["spec"]["selector"]
                            .as_object()
                            .unwrap()
                            .iter()
                            .all(|(k, v)| labels[k] == *v)
                        && list(&service["spec"]["ports"])
                            .iter()
                            .any(|port| port["name"] == endpoint["port"])
                })
            });
            assert_eq!(by_pod.count() + by_service.count(), 1, "{labels}");
            scraped += 1;
            let metrics = ports["http-metrics"];
            let admitted = of_kind(&objects, "NetworkPolicy")
                .filter(|policy| selects(&policy["spec"]["podSelector"], labels))
                .flat_map(|policy| list(&policy["spec"]["ingress"]))
                .any(|rule| {
                    list(&rule["ports"]).iter().any(|port| port["port"] == *metrics)
                        && rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                            == "monitoring"
                });
            assert!(admitted, "{labels}");
        }
        assert_eq!(scraped, pods.len());
        for kind in ["PodMonitor", "ServiceMonitor", "PrometheusRule"] {
            assert!(of_kind(&objects, kind).all(|o| o["metadata"]["labels"]["release"] == "prometheus"));
        }
    }
}

#[test]
fn monitors_set_the_labels_that_expressions_select_by() {
    let manifests = manifests(&stacks()[0]);
    assert_snapshot!(manifests.get("monitoring/podmonitor-kafka.yaml").unwrap(), @r#"
    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata:
      labels:
        app.kubernetes.io/instance: monitoring
        app.kubernetes.io/managed-by: kafka-stacks
        app.kubernetes.io/name: kafka-monitoring
        release: prometheus
      name: kafka
      namespace: kafka
    spec:
      podMetricsEndpoints:
      - interval: 30s
        port: http-metrics
        relabelings:
        - replacement: kafka
          targetLabel: job
        - replacement: kafka
          targetLabel: kafka_cluster
        scrapeTimeout: 25s
      selector:
        matchLabels:
          app.kubernetes.io/instance: kafka
          app.kubernetes.io/name: kafka
    "#);
    assert_snapshot!(manifests.get("monitoring/servicemonitor-kafka-exporter.yaml").unwrap(), @r#"
    apiVersion: monitoring.coreos.com/v1
    kind: ServiceMonitor
    metadata:
      labels:
        app.kubernetes.io/instance: monitoring
        app.kubernetes.io/managed-by: kafka-stacks
        app.kubernetes.io/name: kafka-monitoring
        release: prometheus
      name: kafka-exporter
      namespace: kafka
    spec:
      endpoints:
      - interval: 30s
        port: http-metrics
        relabelings:
        - replacement: kafka-exporter
          targetLabel: job
        - replacement: kafka
          targetLabel: kafka_cluster
        scrapeTimeout: 25s
      selector:
        matchLabels:
          app.kubernetes.io/component: exporter
          app.kubernetes.io/instance: monitoring
          app.kubernetes.io/name: kafka-exporter
    "#);
}

#[test]
fn a_rule_can_be_reviewed() {
    let text = manifests(&stacks()[0])
        .get("monitoring/prometheusrule-kafka.yaml")
        .unwrap()
        .to_owned();
    let first = text.find("    - alert: KafkaBrokerDown").unwrap();
    let second = text.find("    - alert: KafkaOfflinePartitions").unwrap();
    assert_snapshot!(&text[first..second], @r#"
    - alert: KafkaBrokerDown
      annotations:
        description: "{{ $labels.kafka_cluster }} in {{ $labels.namespace }} has {{ $value }} running brokers. The value is also 0 if the exporter that counts them is down."
        runbook_url: https://runbooks.voicecore.internal/kafka/KafkaBrokerDown.md
        summary: Kafka has fewer running brokers than declared.
        threshold: 3 brokers are declared. A restart takes less than five minutes.
      expr: (max by (namespace, kafka_cluster) (kafka_brokers{namespace="kafka",kafka_cluster="kafka",job="kafka-exporter"}) or 0 * absent(kafka_brokers{namespace="kafka",kafka_cluster="kafka",job="kafka-exporter"})) < 3
      for: 5m
      labels:
        kafka_cluster: kafka
        severity: critical
    "#);
}

/// The recording rules of a stack, in order, and how many alerts stand before the last of them.
fn records(objects: &[Value]) -> (Vec<Value>, usize) {
    let rules = list(&of_kind(objects, "PrometheusRule").next().unwrap()["spec"]["groups"][0]["rules"]);
    let is_record = |rule: &Value| rule.get("record").is_some();
    let last = rules.iter().rposition(is_record).unwrap();
    let records: Vec<Value> = rules.iter().filter(|rule| is_record(rule)).cloned().collect();
    let before = last + 1 - records.len();
    (records, before)
}

#[test]
fn a_record_is_what_its_metric_says_and_stands_before_all_alerts() {
    for (stack, monitoring) in monitored().into_iter().chain([elsewhere()]) {
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        let (records, alerts_before) = records(&objects);
        assert_eq!(alerts_before, 0);
        let volumes = monitoring.kafka.mode() != crate::kafka::Mode::External;
        assert_eq!(records.len(), if volumes { 3 } else { 2 });
        for rule in &records {
            let name = rule["record"].as_str().unwrap();
            let metric = record::ALL.iter().find(|metric| metric.name == name).unwrap();
            let mut judgement = judge(rule["expr"].as_str().unwrap(), &sources);
            judgement
                .flaws
                .retain(|flaw| !flaw.message.starts_with("no comparison"));
            assert!(judgement.flaws.is_empty(), "{name}: {:?}", judgement.flaws);
            let mut labels = judgement.labels.unwrap();
            labels.extend(
                rule["labels"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(label, _)| label.clone()),
            );
            let said: BTreeSet<String> = ["namespace", "kafka_cluster"]
                .into_iter()
                .chain(metric.labels())
                .map(str::to_owned)
                .collect();
            assert_eq!(labels, said, "{name}");
            // Someone asks for it: at least one alert, and a panel.
            let asks = |text: &Value| text.as_str().unwrap().contains(name);
            assert!(alerts(&objects).iter().any(|alert| asks(&alert["expr"])), "{name}");
            let boards = dashboards(&objects);
            let mut targets = boards
                .iter()
                .flat_map(|(_, board)| panels(board))
                .flat_map(|panel| list(&panel["targets"]));
            assert!(targets.any(|target| asks(&target["expr"])), "{name}");
        }
    }
}

#[test]
fn an_alert_of_the_stack_can_ask_for_a_record_and_is_judged_by_what_it_is() {
    let lag = record::GROUP_LAG.name;
    let said = |expression: String| {
        let mut stack = Stack::new("s", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3)),
        );
        let alert = Alert::new("ReportsAreLate", expression)
            .summary("Reports are late.")
            .description("They are {{ $value }} records behind on {{ $labels.topic }}.");
        stack.add(Monitoring::new("monitoring", &kafka).alert(alert));
        findings(&stack)
    };
    assert_eq!(
        said(format!(
            "max by (topic) ({lag}{{kafka_cluster=\"kafka\",consumergroup=\"reports\"}}) > 5000"
        )),
        ["note[KS-O13] s/monitoring/ReportsAreLate: it has no test"]
    );
    assert_eq!(
        said(format!(
            "max by (topic) ({lag}{{kafka_cluster=\"kafka\",partition=\"0\"}}) < 0"
        )),
        [
            "error[KS-O05] s/monitoring/ReportsAreLate: `consumergroup_topic:kafka_consumergroup_lag:sum` has no label `partition`",
            "error[KS-O07] s/monitoring/ReportsAreLate: `max by (topic) (consumergroup_topic:kafka_consumergroup_lag:sum{kafka_cluster=\"kafka\",partition=\"0\"}) < 0` is never true",
        ]
    );
}

#[test]
fn an_alert_that_waits_for_nothing_has_no_for() {
    let stack = &stacks()[0];
    let waits: BTreeMap<String, bool> = alerts(&objects(stack))
        .iter()
        .map(|alert| (alert["alert"].as_str().unwrap().to_owned(), alert.get("for").is_some()))
        .collect();
    assert!(!waits["KafkaUncleanLeaderElection"] && !waits["KafkaBrokerRestarts"]);
    assert!(waits["KafkaBrokerDown"]);
    assert!(
        manifests(stack)
            .get("runbooks/KafkaUncleanLeaderElection.md")
            .unwrap()
            .contains("**critical**, fires at once")
    );
}

#[test]
fn a_dashboard_keeps_the_rules_of_provisioned_dashboards() {
    for stack in stacks().into_iter().chain([elsewhere().0]) {
        let objects = objects(&stack);
        for config in of_kind(&objects, "ConfigMap") {
            // `kubectl apply` copies the object into an annotation, which may hold 256 KiB.
            assert!(config.to_string().len() < 128 * 1024, "{}", config["metadata"]["name"]);
        }
        let all = dashboards(&objects);
        let uids: BTreeSet<&str> = all.iter().map(|(_, board)| board["uid"].as_str().unwrap()).collect();
        assert_eq!(uids.len(), all.len());
        for (file, dashboard) in &all {
            // Each leads to all others, and nowhere else.
            let linked: BTreeSet<&str> = list(&dashboard["links"])
                .iter()
                .map(|link| link["url"].as_str().unwrap().strip_prefix("/d/").unwrap())
                .chain([dashboard["uid"].as_str().unwrap()])
                .collect();
            assert_eq!(linked, uids);
            let uid = dashboard["uid"].as_str().unwrap();
            assert_eq!(*file, format!("{uid}.json"));
            assert!(uid.len() <= 40 && dashboard["id"].is_null() && dashboard.get("__inputs").is_none());
            assert_eq!(dashboard["templating"]["list"][0]["name"], "datasource");
            let mut ids = BTreeSet::new();
            let mut places = BTreeSet::new();
            for panel in panels(dashboard) {
                assert!(ids.insert(panel["id"].as_u64().unwrap()));
                assert!(!panel["title"].as_str().unwrap().is_empty());
                if panel["type"] == "row" {
                    continue;
                }
                assert_eq!(panel["datasource"]["uid"], "${datasource}");
                assert!(panel["fieldConfig"]["defaults"]["unit"].is_string());
                assert!(panel["description"].as_str().unwrap().ends_with('.'));
                let grid = |key: &str| panel["gridPos"][key].as_u64().unwrap();
                assert!(grid("x") + grid("w") <= 24);
                for x in grid("x")..grid("x") + grid("w") {
                    for y in grid("y")..grid("y") + grid("h") {
                        assert!(places.insert((x, y)), "{} lies on another panel", panel["title"]);
                    }
                }
            }
        }
    }
}

#[test]
fn numbers_of_a_dashboard_are_of_now_and_answers_without_an_error_are_no_errors() {
    for stack in stacks() {
        for (_, dashboard) in dashboards(&objects(&stack)) {
            for panel in panels(&dashboard) {
                for target in list(&panel["targets"]) {
                    assert_eq!(target["instant"], panel["type"] == "stat", "{}", panel["title"]);
                    let expression = target["expr"].as_str().unwrap();
                    if expression.contains(broker::ERRORS.name) {
                        assert!(expression.contains("error!=\"NONE\""), "{expression}");
                    }
                }
            }
        }
    }
}

#[test]
fn there_is_a_dashboard_for_each_thing_that_the_stack_has() {
    let uids = |stack: &Stack| -> BTreeSet<String> {
        dashboards(&objects(stack))
            .iter()
            .map(|(_, dashboard)| dashboard["uid"].as_str().unwrap().to_owned())
            .collect()
    };
    let [combined, _, zookeeper] = stacks();
    let of = |coordination: &str| {
        let suffixes = ["", "-brokers", "-connect", "-consumers", coordination, "-registry"];
        BTreeSet::from(suffixes.map(|suffix| format!("kafka-kafka-kafka{suffix}")))
    };
    assert_eq!(uids(&combined), of("-quorum"));
    assert_eq!(uids(&zookeeper), of("-zookeeper"));
}

#[test]
fn the_overview_begins_with_the_state_and_the_golden_signals() {
    let boards = dashboards(&objects(&stacks()[0]));
    let (_, overview) = boards
        .iter()
        .find(|(file, _)| file == "kafka-kafka-kafka.json")
        .unwrap();
    let titles: Vec<&str> = panels(overview)
        .iter()
        .map(|panel| panel["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "Critical alerts",
            "Brokers",
            "Active controllers",
            "Offline partitions",
            "Below min ISR",
            "Under-replicated",
            "Largest lag",
            "Fullest volume",
            "Traffic and errors",
            "Traffic",
            "Records in",
            "Requests",
            "Errors",
            "Latency",
            "Produce latency, slowest broker",
            "Fetch latency of consumers, slowest broker",
            "Where a produce request spends its time",
            "Saturation",
            "Request handlers, idle",
            "Network threads, idle",
            "Volumes, used",
            "Connections",
            "Alerts and scrapes",
            "Firing alerts",
            "Scrapes",
        ]
    );
    let firing = panels(overview)
        .into_iter()
        .find(|panel| panel["title"] == "Firing alerts")
        .unwrap();
    assert_eq!(
        firing["fieldConfig"]["defaults"]["links"][0]["url"],
        "https://runbooks.voicecore.internal/kafka/${__field.labels.alertname}.md"
    );
}

#[test]
fn the_grafana_operator_gets_each_dashboard_and_a_sidecar_none() {
    let (mut stack, kafka) = dedicated();
    stack.add(Monitoring::new("monitoring", &kafka).grafana_operator([("dashboards", "grafana")]));
    let objects = objects(&stack);
    assert!(dashboards(&objects).is_empty());
    let configs: BTreeSet<&str> = of_kind(&objects, "ConfigMap")
        .map(|config| config["metadata"]["name"].as_str().unwrap())
        .collect();
    for dashboard in of_kind(&objects, "GrafanaDashboard") {
        let of = &dashboard["spec"]["configMapRef"];
        assert!(configs.contains(of["name"].as_str().unwrap()));
    }
    assert_eq!(of_kind(&objects, "GrafanaDashboard").count(), 4);
    assert_snapshot!(manifests(&stack).get("monitoring/grafanadashboard-kafka-dashboard.yaml").unwrap(), @r"
    apiVersion: grafana.integreatly.org/v1beta1
    kind: GrafanaDashboard
    metadata:
      labels:
        app.kubernetes.io/instance: monitoring
        app.kubernetes.io/managed-by: kafka-stacks
        app.kubernetes.io/name: kafka-monitoring
      name: kafka-dashboard
      namespace: kafka
    spec:
      allowCrossNamespaceImport: true
      configMapRef:
        key: kafka-kafka-kafka.json
        name: kafka-dashboard
      instanceSelector:
        matchLabels:
          dashboards: grafana
    ");
}

fn findings(stack: &Stack) -> Vec<String> {
    synth(stack)
        .findings
        .iter()
        .filter(|finding| finding.rule.id.starts_with("KS-O"))
        .map(|finding| {
            format!(
                "{}[{}] {}: {}",
                finding.severity,
                finding.rule.id,
                finding.subject(stack.name()),
                finding.message
            )
        })
        .collect()
}

#[test]
fn what_has_no_agent_cannot_be_monitored() {
    let mut stack = Stack::new("s", "kafka");
    let kafka = KafkaCluster::external("events", Version::V4_2, "events.example.com:9092");
    let connect = stack.add(Connect::new("kafka-connect", &kafka).images(ImageSet::apache(Version::V4_2)));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&connect));
    assert_eq!(
        findings(&stack),
        ["error[KS-O01] s/monitoring/kafka-connect: `kafka-connect` has no metrics agent",]
    );
}

#[test]
fn of_a_cluster_made_elsewhere_there_is_what_the_exporter_knows() {
    let (stack, _) = elsewhere();
    let objects = objects(&stack);
    let named = |kind: &str| -> Vec<String> {
        of_kind(&objects, kind)
            .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(named("ServiceMonitor"), ["events-exporter"]);
    assert_eq!(named("PodMonitor"), ["kafka-connect"]);
    let alerts: Vec<String> = alerts(&objects)
        .iter()
        .map(|alert| alert["alert"].as_str().unwrap().to_owned())
        .collect();
    assert_snapshot!(alerts.join("\n"), @r"
    KafkaBrokerDown
    KafkaOfflinePartitions
    KafkaUnderReplicatedPartitions
    KafkaLeaderElectionRateHigh
    KafkaConsumerLagHigh
    KafkaConsumerLagGrowing
    KafkaConsumerLagTime
    KafkaConsumerGroupWithoutMembers
    KafkaConnectConnectorFailed
    KafkaConnectTaskFailed
    KafkaConnectRebalancing
    KafkaTopicsJobFailed
    KafkaMetricsAbsent
    KafkaScrapeFailing
    ");
    let titles: Vec<String> = dashboards(&objects)
        .iter()
        .flat_map(|(file, dashboard)| {
            let title = |panel: &Value| format!("{file}: {}", panel["title"].as_str().unwrap());
            panels(dashboard).into_iter().map(title).collect::<Vec<_>>()
        })
        .filter(|title| !title.contains("-connect.json"))
        .collect();
    assert_snapshot!(titles.join("\n"), @r"
    kafka-shop-events-brokers.json: Records in
    kafka-shop-events-brokers.json: Under-replicated partitions
    kafka-shop-events-brokers.json: Leader changes
    kafka-shop-events-consumers.json: Largest lag
    kafka-shop-events-consumers.json: Records committed
    kafka-shop-events-consumers.json: Groups
    kafka-shop-events-consumers.json: Members
    kafka-shop-events-consumers.json: Lag
    kafka-shop-events-consumers.json: Lag
    kafka-shop-events-consumers.json: Lag in time
    kafka-shop-events-consumers.json: Progress
    kafka-shop-events-consumers.json: Records committed
    kafka-shop-events-consumers.json: Members
    kafka-shop-events.json: Brokers
    kafka-shop-events.json: Offline partitions
    kafka-shop-events.json: Under-replicated
    kafka-shop-events.json: Largest lag
    kafka-shop-events.json: Alerts
    kafka-shop-events.json: Firing alerts
    kafka-shop-events.json: Scrapes
    ");
    let manifests = manifests(&stack);
    let exporter = manifests.get("monitoring/deployment-events-exporter.yaml").unwrap();
    let arguments: Vec<&str> = exporter
        .lines()
        .filter(|line| line.contains("--kafka.server"))
        .map(str::trim)
        .collect();
    assert_snapshot!(arguments.join("\n"), @r"
    - --kafka.server=kafka-1.example.com:9092
    - --kafka.server=kafka-2.example.com:9092
    ");
}

#[test]
fn a_page_about_a_cluster_made_elsewhere_executes_nothing_in_its_pods() {
    let manifests = manifests(&elsewhere().0);
    let pages: Vec<&str> = manifests
        .iter()
        .filter(|(path, _)| path.starts_with("runbooks/"))
        .flat_map(|(_, text)| text.lines())
        .filter(|line| line.contains("-c kafka") || line.contains("app.kubernetes.io/name=kafka,"))
        .collect();
    assert_eq!(pages, [""; 0]);
    assert_snapshot!(manifests.get("runbooks/KafkaOfflinePartitions.md").unwrap(), @r#"
    # KafkaOfflinePartitions

    Kafka partitions are offline: they have no leader, so clients cannot write or read.

    **critical**, fires after 5m · cluster `events` in namespace `shop`

    ## What it means here

    All brokers with an in-sync replica of these partitions are down. Clients of the partitions get errors or wait. No acknowledged record is lost as long as the brokers' disks exist.

    Limit: No offline partitions. A leader election takes seconds.

    ## Likely causes

    1. Several brokers are down at once.
    2. A topic with replication factor 1 was on the broker that is down.

    ## What to look at

    Which partitions are offline, and on which brokers are their replicas?

    ```sh
    kafka-topics --bootstrap-server kafka-1.example.com:9092,kafka-2.example.com:9092 --describe --unavailable-partitions
    ```

    ## What ends it

    The brokers that are listed under `Isr` must start again: tell the operators of the cluster. The alert resolves when the command lists nothing.

    ## Do not

    - Do not run an unclean leader election (`kafka-leader-election --election-type unclean`) without the agreement of the data owners: acknowledged records are permanently lost.
    - Do not delete and recreate the topic: all its data is lost.

    ## The rule

    ```
    sum by (namespace, kafka_cluster) (kafka_topic_partitions{namespace="shop",kafka_cluster="events",job="events-exporter"})
    - (count by (namespace, kafka_cluster) (kafka_topic_partition_leader{namespace="shop",kafka_cluster="events",job="events-exporter"}) or 0 * sum by (namespace, kafka_cluster) (kafka_topic_partitions{namespace="shop",kafka_cluster="events",job="events-exporter"})) > 0
    ```

    | Metric | Source | Meaning |
    |---|---|---|
    | `kafka_topic_partition_leader` | kafka_exporter | Node id of the partition's leader; no sample while there is none. |
    | `kafka_topic_partitions` | kafka_exporter | Partitions of the topic. |

    Dashboard: `/d/kafka-shop-events` in Grafana, with links to the others.
    "#);
}

#[test]
fn without_its_number_of_brokers_nothing_counts_them() {
    let mut stack = Stack::new("s", "shop");
    let kafka = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092");
    stack.add(Monitoring::new("monitoring", &kafka));
    assert_eq!(findings(&stack), [""; 0]);
    assert!(
        alerts(&objects(&stack))
            .iter()
            .all(|alert| alert["alert"] != "KafkaBrokerDown")
    );
}

#[test]
fn the_number_of_brokers_is_said_once() {
    let (mut stack, _) = elsewhere();
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    stack.add(Monitoring::new("wrong", &kafka).brokers(5).docs("wrong"));
    stack.add(Monitoring::new("right", &kafka).brokers(3).docs("right"));
    let nobody = KafkaCluster::external("nobody", Version::V4_2, "kafka.example.com:9092");
    stack.add(Monitoring::new("none", &nobody).brokers(0).docs("none"));
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O02] elsewhere/wrong: `kafka` has 3 brokers, not 5",
            "error[KS-O02] elsewhere/none: there are never fewer than 0 brokers",
        ]
    );
}

#[test]
fn a_threshold_can_be_reached_and_left() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .disk_usage_threshold(100)
            .produce_latency_threshold(0.seconds())
            .lag_time_threshold(0.seconds())
            .disk_full_within(1.minutes())
            .idle_threshold(0),
    );
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O02] s/monitoring: no volume is ever more than 100 % full",
            "error[KS-O02] s/monitoring: every produce request takes longer than 0 ms",
            "error[KS-O02] s/monitoring: every group that has lag is more than 0 s behind",
            "error[KS-O02] s/monitoring: 1m is too short to act before the volume is full",
            "error[KS-O02] s/monitoring: threads are never idle less than 0 % of the time",
        ]
    );
}

#[test]
fn a_limit_that_no_group_or_topic_can_have_is_refused() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .disk_usage_threshold(0)
            .lag_threshold(u64::MAX)
            .lag_threshold_of_topic("call events", 5)
            .lag_threshold_of_group("{{ query `up` }}", 5)
            .lag_threshold_of_group("a\n- b", 5)
            .lag_threshold_of_group("quotes \"are\" | fine", 5)
            .lag_threshold_of_group("twice", 5)
            .lag_threshold_of_topic("twice", 5)
            .lag_threshold_of_group("twice", 50),
    );
    // A floating-point number holds this one, and not the next.
    let limited = |records| {
        let mut stack = Stack::new("s", "kafka");
        let kafka = KafkaCluster::external("events", Version::V4_3, "events.voicecore.internal:9092");
        stack.add(Monitoring::new("monitoring", &kafka).brokers(3).lag_threshold(records));
        findings(&stack).len()
    };
    assert_eq!((limited((1 << 53) - 1), limited(1 << 53)), (0, 1));
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O02] s/monitoring: every volume is more than 0 % full",
            "error[KS-O02] s/monitoring: no group is ever more than 18446744073709551615 records behind",
            "error[KS-O02] s/monitoring: \"call events\" is not a valid topic name",
            "error[KS-O02] s/monitoring: texts of alerts cannot name the group \"{{ query `up` }}\"",
            "error[KS-O02] s/monitoring: texts of alerts cannot name the group \"a\\n- b\"",
            "error[KS-O02] s/monitoring: `twice` has two limits",
        ]
    );
}

#[test]
fn an_alert_can_name_each_volume_of_the_cluster_and_no_other() {
    let (stack, monitoring) = {
        let mut stack = Stack::new("s", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 12)),
        );
        (stack, Monitoring::new("monitoring", &kafka))
    };
    let sources = monitoring.sources(stack.context());
    let flaws = |claim: &str| {
        let selector = format!("{{namespace=\"kafka\",persistentvolumeclaim=\"{claim}\"}}");
        judge(
            &format!("kubelet_volume_stats_available_bytes{selector} < 1e9"),
            &sources,
        )
        .flaws
        .len()
    };
    let found: Vec<usize> = ["data-kafka-0", "data-kafka-11", "data-kafka-controller-100"]
        .map(flaws)
        .into();
    assert_eq!(found, [0, 0, 0]);
    assert_eq!(["data-kafka-12", "data-kafka-controller-0"].map(flaws), [1, 1]);
}

#[test]
fn what_only_some_prometheus_can_read_is_refused() {
    let (stack, monitoring) = elsewhere();
    let foreign = ExternalExporter::new("shop").gauge("shop_waiting", ["region"]);
    let monitoring = monitoring.external(foreign);
    let sources = monitoring.sources(stack.context());
    let deep = format!("{}shop_waiting > 1{}", "(".repeat(20_000), ")".repeat(20_000));
    let signs = format!("{}shop_waiting > 1", "-".repeat(20_000));
    for expression in [
        r#"shop_waiting{region="a" or region="b"} > 1"#,
        "limitk(1, shop_waiting) > 1",
        r#"sort_by_label(shop_waiting, "region") > 1"#,
        "info(shop_waiting) > 1",
        "double_exponential_smoothing(shop_waiting[5m], 0.5, 0.5) > 1",
        "shop_waiting + fill(0) shop_waiting > 1",
        deep.as_str(),
        signs.as_str(),
    ] {
        let rules: Vec<&str> = judge(expression, &sources)
            .flaws
            .iter()
            .map(|flaw| flaw.rule.id)
            .collect();
        assert_eq!(rules, ["KS-O03"], "{expression:.80}");
    }
    let rules: Vec<&str> = judge("shop_waiting > NaN", &sources)
        .flaws
        .iter()
        .map(|flaw| flaw.rule.id)
        .collect();
    assert_eq!(rules, ["KS-O07"]);
    assert!(judge("topk(1, shop_waiting) > 1", &sources).flaws.is_empty());
}

#[test]
fn a_page_calls_tools_as_the_image_does() {
    let mut stack = Stack::new("s", "kafka");
    let images = ImageSet::apache(Version::V4_3).agent("/opt/agent.jar");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .images(images)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    stack.add(Monitoring::new("monitoring", &kafka));
    let manifests = manifests(&stack);
    let page = manifests.get("runbooks/KafkaOfflinePartitions.md").unwrap();
    assert!(page.contains("exec kafka-0 -c kafka -- /opt/kafka/bin/kafka-topics.sh --bootstrap-server"));
    let pages = manifests.iter().filter(|(path, _)| path.starts_with("runbooks/"));
    let bare: Vec<&str> = pages
        .filter(|(_, text)| text.contains("-- kafka-"))
        .map(|(path, _)| path)
        .collect();
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn the_test_of_idle_threads_crosses_whatever_limit_there_is() {
    for limit in [1, 10, 30, 96, 99] {
        let (mut stack, monitoring) = with_idle_limit(limit);
        stack.add(monitoring);
        let manifests = manifests(&stack);
        let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
        let fires = tests["tests"]
            .as_array()
            .unwrap()
            .iter()
            .find(|test| test["name"] == "KafkaRequestHandlersBusy fires and stops");
        let values = fires.unwrap()["input_series"][0]["values"].as_str().unwrap();
        let levels: Vec<f64> = values
            .split(' ')
            .map(|part| part.split('x').next().unwrap().parse().unwrap())
            .collect();
        let limit = f64::from(limit) / 100.0;
        assert!(
            levels[0] >= limit && levels[1] < limit && levels[2] >= limit,
            "{limit}: {values}"
        );
    }
}

fn with_idle_limit(idle: u8) -> (Stack, Monitoring) {
    let (stack, kafka) = dedicated();
    let monitoring = Monitoring::new("monitoring", &kafka).idle_threshold(idle);
    (stack, monitoring)
}

#[test]
fn a_test_has_whatever_value_a_label_has() {
    let (_, monitoring) = elsewhere();
    let sources = monitoring.external(ExternalExporter::new("shop").gauge("shop_waiting", ["region"]));
    let (stack, _) = elsewhere();
    let sources = sources.sources(stack.context());
    assert_eq!(
        sources.sample("shop_waiting", &[("region", "e\"u\\")]),
        r#"shop_waiting{job="shop",region="e\"u\\"}"#
    );
}

#[test]
fn a_page_names_whom_else_to_ask_and_no_group_of_workers_that_it_is_not_about() {
    let (mut stack, kafka) = dedicated();
    let a = stack.add(Connect::new("connect-a", &kafka).group("a").internal_topics("a"));
    let b = stack.add(Connect::new("connect-b", &kafka).group("b").internal_topics("b"));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&a).watch(&b));
    let manifests = manifests(&stack);
    let down = manifests.get("runbooks/KafkaBrokerDown.md").unwrap();
    assert!(down.contains("If `kafka-0` is down, use another broker, such as `kafka-1`."));
    assert!(down.contains("with 1 broker down writes continue"));
    let failed = manifests.get("runbooks/KafkaConnectConnectorFailed.md").unwrap();
    assert!(failed.contains("`JOB` is the label `job` of the alert."));
    assert!(failed.contains("service/JOB 8083") && !failed.contains("service/connect-a"));
}

#[test]
fn what_is_wrong_with_a_whole_monitoring_is_said_once() {
    let external = |name: &str| KafkaCluster::external(name, Version::V4_3, "events.voicecore.internal:9092");
    let told = |monitorings: &[(&str, &str, Option<&str>)]| {
        let mut stack = Stack::new("s", "kafka");
        for (name, cluster, folder) in monitorings {
            let monitoring = Monitoring::new(*name, &external(cluster)).brokers(3);
            stack.add(match folder {
                Some(folder) => monitoring.docs(*folder),
                None => monitoring,
            });
        }
        let lines: Vec<String> = synth(&stack)
            .findings
            .iter()
            .map(|finding| format!("{}: {}", finding.rule.id, finding.message))
            .collect();
        lines
            .iter()
            .map(|line| line.split(" the one made").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&[("one", "a", None), ("two", "b", Some("b"))]), [""; 0]);
    assert_eq!(
        told(&[("one", "a", None), ("two", "a", Some("b"))]),
        ["KS-S03: monitoring of cluster `a` is taken by"]
    );
    assert_eq!(
        told(&[("one", "a", None), ("two", "b", None)]),
        ["KS-S03: folder of runbooks `runbooks` is taken by"]
    );
    let alike = told(&[("one", "a", Some("eu")), ("two", "b", Some("EU"))]);
    assert!(
        alike.len() == 1
            && alike[0].starts_with("KS-S03: folder of runbooks `runbooks/EU` cannot be told from `runbooks/eu`"),
        "{alike:?}"
    );
    for folder in ["", "../x", "/x", "x/", "a//b", "..", "a b", "ä", ".git", "alerts.yaml"] {
        assert_eq!(
            told(&[("one", "a", Some(folder))]),
            [format!("KS-S01: {folder:?} is not a valid folder name")]
        );
    }
    assert_eq!(told(&[("one", "a", Some("eu/main-1"))]), [""; 0]);
    let odd = told(&[("one", "Odd\"Name", None)]);
    assert!(odd.len() == 1 && odd[0].starts_with("KS-S01: cluster name "), "{odd:?}");
}

#[test]
fn the_address_of_a_page_is_a_template_too() {
    let (mut stack, monitoring) = elsewhere();
    let alert = Alert::new("LagOfAll", "sum(kafka_consumergroup_lag{kafka_cluster=\"events\"}) > 5")
        .summary("Lag.")
        .description("Lag.")
        .runbook_url("https://example.com/{{ $labels.topic }}");
    stack.add(monitoring.docs("more").alert(alert));
    assert!(
        findings(&stack)
            .iter()
            .any(|finding| finding.contains("the alert has no label `topic`")),
        "{:?}",
        findings(&stack)
    );
}

#[test]
fn a_group_and_a_topic_can_have_limits_of_their_own() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .lag_threshold_of_group("reports", 50_000)
            .lag_threshold_of_topic("call.events", 5000),
    );
    let alerts = alerts(&objects(&stack));
    let alert = alerts
        .iter()
        .find(|alert| alert["alert"] == "KafkaConsumerLagHigh")
        .unwrap();
    assert_snapshot!(alert["expr"].as_str().unwrap(), @r#"
    consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",consumergroup!="reports",topic!="call.events"} > 1000
    or consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",consumergroup="reports"} > 50000
    or consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",topic="call.events",consumergroup!="reports"} > 5000
    "#);
    assert_snapshot!(
        alert["annotations"]["threshold"].as_str().unwrap(),
        @"1000 records over all partitions of the topic, set with `Monitoring::lag_threshold`; 50000 for group reports; 5000 on topic call.events."
    );
}

#[test]
fn an_alert_of_the_stack_goes_beside_those_of_the_crate() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(
                Alert::new(
                    "ShopSellsNothing",
                    "sum by (region) (rate(shop_orders_total{job=\"shop\"}[5m])) == 0",
                )
                .severity(AlertSeverity::Critical)
                .summary("Nothing is sold.")
                .description("Nothing was sold in {{ $labels.region }} for five minutes.")
                .runbook_url("https://shop.example.com/nothing"),
            ),
    );
    let manifests = manifests(&stack);
    let text = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    let own = text.find("    - alert: ShopSellsNothing").unwrap();
    assert_snapshot!(&text[own..], @r#"
    - alert: ShopSellsNothing
      annotations:
        description: Nothing was sold in {{ $labels.region }} for five minutes.
        runbook_url: https://shop.example.com/nothing
        summary: Nothing is sold.
      expr: sum by (region) (rate(shop_orders_total{job="shop"}[5m])) == 0
      for: 5m
      labels:
        kafka_cluster: kafka
        severity: critical
    "#);
}

/// An alert with everything that one of a stack's own can have.
fn whole() -> Alert {
    let orders = Samples::Counter {
        from: 0.0,
        good: 60.0,
        nearly: 6.0,
        bad: 0.0,
    };
    Alert::new(
        "ShopSellsNothing",
        "sum by (region) (rate(shop_orders_total{job=\"shop\"}[5m])) == 0",
    )
    .for_duration(90.seconds())
    .summary("Nothing is sold.")
    .description("Nothing was sold in {{ $labels.region }}.")
    .runbook(
        Runbook::new("The shop is closed, or nobody hears of orders.")
            .cause("Kafka: see KafkaBrokerDown of {cluster}.")
            .step(
                "What is ordered?",
                "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic orders",
            )
            .over("Open the shop.")
            .avoid("Do not order yourself."),
    )
    .test(
        AlertTest::new("Nothing was sold in eu.")
            .series("shop_orders_total", &[("region", "eu")], orders)
            .label("region", "eu")
            .late(4.minutes(), 1.minutes()),
    )
}

#[test]
fn an_alert_of_the_stack_has_a_page_and_a_test_like_those_of_the_crate() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .runbooks("https://runbooks.voicecore.internal")
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(whole()),
    );
    assert_eq!(findings(&stack), [""; 0]);
    let manifests = manifests(&stack);
    let rules = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    assert!(rules.contains("runbook_url: https://runbooks.voicecore.internal/ShopSellsNothing.md"));
    let tests = manifests.get("tests/alerts.yaml").unwrap();
    let own = tests.find("ShopSellsNothing").unwrap();
    let start = tests[..own].rfind("\n- ").unwrap();
    assert_snapshot!(&tests[start..], @r#"
    - name: ShopSellsNothing fires and stops
      alert_rule_test:
      - alertname: ShopSellsNothing
        eval_time: 10m
        exp_alerts: []
      - alertname: ShopSellsNothing
        eval_time: 16m
        exp_alerts: []
      - alertname: ShopSellsNothing
        eval_time: 17m
        exp_alerts:
        - exp_annotations:
            description: Nothing was sold in eu.
            runbook_url: https://runbooks.voicecore.internal/ShopSellsNothing.md
            summary: Nothing is sold.
          exp_labels:
            kafka_cluster: kafka
            region: eu
            severity: warning
      - alertname: ShopSellsNothing
        eval_time: 28m
        exp_alerts: []
      input_series:
      - series: shop_orders_total{job="shop",region="eu"}
        values: 0+60x10 600+0x15 660+60x5
      interval: 1m
    - name: ShopSellsNothing is silent where it is nearly as bad
      alert_rule_test:
      - alertname: ShopSellsNothing
        eval_time: 17m
        exp_alerts: []
      - alertname: ShopSellsNothing
        eval_time: 26m
        exp_alerts: []
      input_series:
      - series: shop_orders_total{job="shop",region="eu"}
        values: 0+60x10 606+6x15
      interval: 1m
    "#);
    assert_snapshot!(manifests.get("runbooks/ShopSellsNothing.md").unwrap(), @r#"
    # ShopSellsNothing

    Nothing is sold.

    **warning**, fires after 90s · cluster `kafka` in namespace `kafka`

    ## What it means here

    The shop is closed, or nobody hears of orders.

    ## Likely causes

    1. Kafka: see KafkaBrokerDown of kafka.

    ## What to look at

    If `kafka-0` is down, use another broker, such as `kafka-1`.

    What is ordered?

    ```sh
    kubectl -n kafka exec kafka-0 -c kafka -- kafka-get-offsets --bootstrap-server kafka.kafka.svc.cluster.local:9092 --topic orders
    ```

    ## What ends it

    Open the shop.

    ## Do not

    - Do not order yourself.

    ## The rule

    ```
    sum by (region) (rate(shop_orders_total{job="shop"}[5m])) == 0
    ```

    Dashboard: `/d/kafka-kafka-kafka` in Grafana, with links to the others.
    "#);
}

#[test]
fn a_number_that_promtool_cannot_count_on_is_refused_in_a_test() {
    let mut stack = Stack::new("s", "kafka");
    let kafka = KafkaCluster::external("events", Version::V4_3, "events.voicecore.internal:9092");
    let orders =
        |samples| AlertTest::new("Nothing was sold in eu.").series("shop_orders_total", &[("region", "eu")], samples);
    let alert = |name, samples| {
        Alert::new(name, "sum by (region) (rate(shop_orders_total{job=\"shop\"}[5m])) == 0")
            .summary("Nothing is sold.")
            .description("Nothing was sold in {{ $labels.region }}.")
            .test(orders(samples))
    };
    let growth = |bad| Samples::Counter {
        from: 0.0,
        good: 1.0,
        nearly: 0.5,
        bad,
    };
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .brokers(3)
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(alert("ShopOne", Samples::Constant(f64::NAN)))
            .alert(alert("ShopTwo", growth(f64::NEG_INFINITY)))
            .alert(alert("ShopThree", growth(1e300)))
            .alert(alert("ShopFour", growth(0.0)))
            // Nanoseconds since 1970 are more than a floating-point number counts to, and nobody counts on from there.
            .alert(alert("ShopFive", Samples::Constant(1.7e18))),
    );
    let told = findings(&stack);
    for (alert, number) in [("ShopOne", "NaN"), ("ShopTwo", "-inf"), ("ShopThree", "1e300")] {
        let said = told.iter().filter(|finding| finding.contains(&format!("/{alert}:")));
        let said: Vec<&String> = said.collect();
        assert!(
            said.len() == 1 && said[0].contains(&format!("the number {number}, ")),
            "{alert}: {told:?}"
        );
    }
    assert_eq!(told.len(), 3);
}

#[test]
fn a_limit_of_a_group_or_topic_is_not_that_of_the_one_in_the_tests() {
    let mut stack = Stack::new("s", "kafka");
    let kafka = KafkaCluster::external("events", Version::V4_3, "events.voicecore.internal:9092");
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .brokers(3)
            .lag_threshold_of_group("a-group", 50_000)
            .lag_threshold_of_topic("a-topic", 5)
            .lag_threshold_of_topic("a-topic-1", 5),
    );
    let manifests = manifests(&stack);
    let tests = manifests.get("tests/alerts.yaml").unwrap();
    let of = |alert: &str| {
        let start = tests.find(&format!("{alert} fires and stops")).unwrap();
        let end = tests[start..].find("\n- ").map_or(tests.len(), |end| start + end);
        tests[start..end].to_owned()
    };
    for alert in ["KafkaConsumerLagHigh", "KafkaConsumerLagGrowing"] {
        let test = of(alert);
        assert!(
            test.contains("consumergroup=\"a-group-1\",topic=\"a-topic-2\""),
            "{test}"
        );
    }
}

#[test]
fn an_alert_without_a_test_is_told_the_call_that_adds_one() {
    let (mut stack, kafka) = dedicated();
    let lag = "sum by (consumergroup) (kafka_consumergroup_lag{kafka_cluster=\"kafka\"}) > 10 and on () shop_open > 0";
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .external(ExternalExporter::new("shop").gauge::<&str>("shop_open", []))
            .alert(
                Alert::new("ShopIsBehind", lag)
                    .summary("Orders wait.")
                    .description("{{ $value }} wait."),
            ),
    );
    let synthesis = synth(&stack);
    let note = synthesis.findings.iter().next().unwrap();
    assert_eq!((note.severity, note.rule.id), (Severity::Note, "KS-O13"));
    assert_snapshot!(note.hint, @r#"say `.test(AlertTest::new("…").series("kafka_consumergroup_lag", &[("consumergroup", "…"), ("topic", "…"), ("partition", "…")], Samples::Gauge { good: …, nearly: …, bad: … }).series("shop_open", &[], Samples::Gauge { good: …, nearly: …, bad: … }).label("consumergroup", "…"))`"#);
}

#[test]
fn what_is_tested_is_the_amended_rule() {
    let mut stack = stacks().into_iter().next().unwrap();
    stack.amend::<PrometheusRule>("kafka", |rule| {
        let down = rule.spec.alert("KafkaBrokerDown").unwrap();
        down.labels.insert("team".to_owned(), "streams".to_owned());
        down.for_duration = Some("1h30m".to_owned());
        let lag = rule.spec.alert("KafkaConsumerLagHigh").unwrap();
        lag.expr = lag.expr.replace("> 1000", "> 2000");
        rule.spec.groups[0].rules.retain(|rule| rule.name() != "KafkaISRShrink");
    });
    let manifests = manifests(&stack);
    let rules: Value = serde_yaml::from_str(manifests.get("tests/rules.yaml").unwrap()).unwrap();
    let objects = objects(&stack);
    assert_eq!(rules, of_kind(&objects, "PrometheusRule").next().unwrap()["spec"]);
    let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
    let of = |name: &str| -> Vec<&Value> {
        list(&tests["tests"])
            .iter()
            .filter(|test| test["alert_rule_test"][0]["alertname"] == name)
            .collect()
    };
    // It fires an hour and a half after minute 11, with the label.
    let fires = &of("KafkaBrokerDown")[0]["alert_rule_test"][2];
    assert_eq!(fires["eval_time"], "101m");
    assert_eq!(fires["exp_alerts"][0]["exp_labels"]["team"], "streams");
    assert!(
        manifests
            .get("runbooks/KafkaBrokerDown.md")
            .unwrap()
            .contains("fires after 1h30m")
    );
    // What tried another limit tries nothing.
    assert!(of("KafkaConsumerLagHigh").is_empty());
    assert!(
        manifests
            .get("runbooks/KafkaConsumerLagHigh.md")
            .unwrap()
            .contains("> 2000")
    );
    assert!(of("KafkaISRShrink").is_empty() && manifests.get("runbooks/KafkaISRShrink.md").is_none());
    assert_eq!(
        findings(&stack),
        ["note[KS-O13] combined/monitoring/KafkaConsumerLagHigh: it has no test: its expression is the amendment's"]
    );
}

#[test]
fn an_amended_expression_is_judged_like_a_written_one() {
    let mut stack = stacks().into_iter().next().unwrap();
    let line = line!() + 1;
    stack.amend::<PrometheusRule>("kafka", |rule| {
        let down = rule.spec.alert("KafkaBrokerDown").unwrap();
        down.expr = "max by (rack) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3".to_owned();
        let under = rule.spec.alert("KafkaUnderReplicatedPartitions").unwrap();
        under.for_duration = Some("10s".to_owned());
    });
    let synthesis = synth(&stack);
    assert!(synthesis.manifests.is_none());
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O05] combined/monitoring/KafkaBrokerDown: `max by` uses the label `rack`, which does not exist there",
            "error[KS-O11] combined/monitoring/KafkaBrokerDown: the alert has no label `kafka_cluster` for `$labels.kafka_cluster`; its expression keeps no labels",
            "error[KS-O11] combined/monitoring/KafkaBrokerDown: the alert has no label `namespace` for `$labels.namespace`; its expression keeps no labels",
            "error[KS-O10] combined/monitoring/KafkaUnderReplicatedPartitions: `for` is 10s, and a scrape comes every 30s",
        ]
    );
    let found = synthesis
        .findings
        .iter()
        .find(|finding| finding.rule.id == "KS-O05")
        .unwrap();
    assert_eq!(found.location().line(), line);
}

#[test]
fn pages_lie_where_they_can_be_opened() {
    let nobody = Some("is below a name that belongs to nobody");
    for (base, expected) in [
        ("https://git.voicecore.internal/kafka/blob/main/out/prod/runbooks", None),
        ("http://10.0.0.7:8080/runbooks", None),
        ("https://counterexample.com/runbooks", None),
        ("https://git.example.com/kafka", nobody),
        ("https://EXAMPLE.org", nobody),
        ("http://user@localhost:3000/x", nobody),
        ("https://wiki.test.?page=", nobody),
        ("https:///kafka", Some("names no host")),
        ("git.voicecore.internal/kafka", Some("is no address of a page")),
        (
            "https://git.voicecore.internal/two words",
            Some("is no address of a page"),
        ),
        (
            "https://git.voicecore.internal/\"quoted\"",
            Some("is no address of a page"),
        ),
        ("https://git.voicecore.internal/?page=#x", None),
        ("", Some("is no address of a page")),
    ] {
        assert_eq!(super::alert::runbook::cannot_be_opened(base), expected, "{base}");
    }
}

#[test]
fn an_alert_leads_to_the_dashboard_to_look_at_where_grafana_is_known() {
    let url = |stack: &Stack, name: &str| {
        let objects = objects(stack);
        let alerts = alerts(&objects);
        let alert = alerts.iter().find(|alert| alert["alert"] == name).unwrap();
        alert["annotations"]["dashboard_url"].as_str().map(str::to_owned)
    };
    for stack in stacks() {
        assert_eq!(url(&stack, "KafkaBrokerDown"), None);
    }
    let mut stack = Stack::new("test", "kafka");
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    let kafka = stack.add(KafkaCluster::zookeeper("kafka", &zookeeper).pool(NodePool::brokers("kafka", 3)));
    stack.add(Monitoring::new("monitoring", &kafka).grafana_url("https://grafana.voicecore.internal/"));
    for (name, board) in [
        ("KafkaBrokerDown", ""),
        ("KafkaNoActiveController", "-zookeeper"),
        ("KafkaZooKeeperServerDown", "-zookeeper"),
        ("KafkaDiskUsageHigh", "-brokers"),
        ("KafkaConsumerLagHigh", "-consumers"),
    ] {
        let expected = format!("https://grafana.voicecore.internal/d/kafka-kafka-kafka{board}");
        assert_eq!(url(&stack, name), Some(expected), "{name}");
    }
}

#[test]
fn a_page_names_only_alerts_that_the_stack_has() {
    let mut all = Vec::from(stacks());
    let mut small = Stack::new("small", "kafka").profile(Profile::Development);
    let kafka = small.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    );
    let connect = small.add(Connect::new("connect", &kafka).replicas(1));
    small.add(Monitoring::new("monitoring", &kafka).watch(&connect));
    all.push(small);
    for stack in all {
        let manifests = manifests(&stack);
        let mut named = 0;
        for (path, text) in manifests.iter().filter(|(path, _)| path.starts_with("runbooks/")) {
            for name in text.split("see Kafka").skip(1) {
                let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
                let page = format!("runbooks/Kafka{}.md", &name[..end]);
                assert!(manifests.get(&page).is_some(), "{path} names {page}");
                named += 1;
            }
        }
        assert!(named > 5);
    }
}
