//! Dashboards.

use super::*;

#[test]
fn dashboards_can_be_provisioned() {
    for stack in stacks().into_iter().chain([external().0]) {
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
fn numbers_and_tables_query_the_present_and_error_panels_only_errors() {
    for stack in stacks() {
        for (_, dashboard) in dashboards(&objects(&stack)) {
            for panel in panels(&dashboard) {
                for target in list(&panel["targets"]) {
                    let present = panel["type"] == "stat" || panel["type"] == "table";
                    assert_eq!(target["instant"], present, "{}", panel["title"]);
                    let expression = target["expr"].as_str().unwrap();
                    // At each point of a time it would show another ten.
                    assert!(present || !expression.contains("topk("), "{expression}");
                    if expression.contains(broker::ERRORS.name) {
                        assert!(expression.contains("error!=\"NONE\""), "{expression}");
                    }
                }
            }
        }
    }
}

#[test]
fn each_component_has_a_dashboard() {
    let uids = |stack: &Stack| -> BTreeSet<String> {
        dashboards(&objects(stack))
            .iter()
            .map(|(_, dashboard)| dashboard["uid"].as_str().unwrap().to_owned())
            .collect()
    };
    let [combined, _, zookeeper] = stacks();
    let of = |stack: &str, coordination: &str| {
        let suffixes = [
            "",
            "_brokers",
            "_connect",
            "_consumers",
            coordination,
            "_registry",
            "_slo",
        ];
        BTreeSet::from(suffixes.map(|suffix| format!("{stack}_kafka_kafka{suffix}")))
    };
    assert_eq!(uids(&combined), of("combined", "_quorum"));
    assert_eq!(uids(&zookeeper), of("zookeeper", "_zookeeper"));
}

/// The uids of a cluster's dashboards.
fn uids_of(kubernetes: &str, namespace: &str, cluster: &str) -> BTreeSet<String> {
    let mut stack = Stack::new("s", namespace).kubernetes_cluster(kubernetes);
    let kafka = KafkaCluster::external(
        cluster,
        Version::V4_2,
        "kafka-1.example.com:9092,kafka-2.example.com:9092",
    );
    stack.add(Monitoring::new("monitoring", &kafka));
    dashboards(&objects(&stack))
        .iter()
        .map(|(_, dashboard)| dashboard["uid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn clusters_of_one_grafana_have_other_uids() {
    let long = "a-very-long-name-of-a-kubernetes-cluster";
    let clusters = [
        ("prod", "kafka", "kafka"),
        ("staging", "kafka", "kafka"),
        ("prod", "kafka-a", "b"),
        ("prod", "kafka", "a-b"),
        ("cluster", "brokers", "kafka"),
        ("Prod", "kafka", "kafka"),
        (long, "kafka", "kafka"),
        (long, "kafka", "kafka-2"),
    ];
    let of_all = dashboards(&objects(&all_clusters()));
    let mut known: BTreeSet<String> = of_all
        .iter()
        .map(|(_, dashboard)| dashboard["uid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(known.len(), 10);
    for (kubernetes, namespace, cluster) in clusters {
        let uids = uids_of(kubernetes, namespace, cluster);
        assert_eq!(uids.len(), 3);
        for uid in uids {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            assert!(uid.len() <= 40 && uid.chars().all(allowed), "{uid}");
            assert!(known.insert(uid.clone()), "{uid} twice");
        }
    }
}

#[test]
fn a_dashboard_shows_only_its_kubernetes_cluster() {
    let mut stack = Stack::new("s", "kafka").kubernetes_cluster("eu.1");
    let kafka = KafkaCluster::external(
        "events",
        Version::V4_2,
        "kafka-1.example.com:9092,kafka-2.example.com:9092",
    );
    stack.add(Monitoring::new("monitoring", &kafka));
    let objects = objects(&stack);
    for (_, dashboard) in dashboards(&objects) {
        for panel in panels(&dashboard) {
            for target in list(&panel["targets"]) {
                let expression = target["expr"].as_str().unwrap();
                let selectors = expression.matches("kafka_cluster=\"events\"").count();
                // `.` stands for itself; what has no label is shown too.
                let pinned = expression.matches(r#"cluster=~"eu\\.1|""#).count();
                assert!(selectors > 0 && selectors == pinned, "{expression}");
            }
        }
    }
    // Rules keep the label and do not match it, but where there are no series that could name the Kubernetes cluster.
    let alerts = alerts(&objects);
    let naming = alerts
        .iter()
        .filter(|alert| alert["expr"].as_str().unwrap().contains("eu"));
    let naming: Vec<&str> = naming.map(|alert| alert["alert"].as_str().unwrap()).collect();
    assert_eq!(naming, ["KafkaMetricsAbsent", "KafkaConsumerLagMissing"]);
}

#[test]
fn the_dashboards_for_all_clusters_depend_on_no_stack() {
    let alone = dashboards(&objects(&all_clusters()));
    let (mut beside, _) = dedicated();
    beside.add(Dashboards::for_all_clusters("kafka-dashboards"));
    assert_eq!(dashboards(&objects(&beside)), alone);
    // What the cluster of this stack does not export is no mistake: another cluster may.
    for stack in stacks().into_iter().chain([beside]) {
        let before = findings(&stack);
        let mut stack = stack;
        if stack.name() != "s" {
            stack.add(Dashboards::for_all_clusters("kafka-dashboards"));
        }
        assert_eq!(findings(&stack), before, "{}", stack.name());
        assert!(!before.iter().any(|finding| finding.contains("KS-O23")), "{before:?}");
    }
    let titles: BTreeSet<&str> = alone
        .iter()
        .map(|(_, dashboard)| dashboard["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        Vec::from_iter(titles),
        [
            "Kafka cluster: Brokers and topics",
            "Kafka cluster: Connect",
            "Kafka cluster: Consumers",
            "Kafka cluster: End-to-end probe",
            "Kafka cluster: Overview",
            "Kafka cluster: Quorum",
            "Kafka cluster: Schema Registry",
            "Kafka cluster: Service levels",
            "Kafka cluster: ZooKeeper",
            "Kafka clusters",
        ]
    );
    let mut shown = BTreeSet::new();
    for (_, dashboard) in &alone {
        let of_list = dashboard["title"] == "Kafka clusters";
        let variables: Vec<&str> = list(&dashboard["templating"]["list"])
            .iter()
            .map(|variable| variable["name"].as_str().unwrap())
            .collect();
        let chosen: &[&str] = if of_list {
            &["datasource"]
        } else {
            &["datasource", "kubernetes", "namespace", "cluster"]
        };
        assert!(variables.starts_with(chosen), "{variables:?}");
        shown.extend(variables);
        for panel in panels(dashboard) {
            for target in list(&panel["targets"]) {
                // No selector is without its cluster: it would add up what does not belong together.
                let expression = target["expr"].as_str().unwrap();
                let selectors = expression.matches('{').count();
                let of_cluster = if of_list {
                    expression.matches("kafka_cluster!=\"\"").count()
                } else {
                    expression
                        .matches("namespace=\"$namespace\",kafka_cluster=\"$cluster\",cluster=~\"$kubernetes|\"")
                        .count()
                };
                assert!(selectors > 0 && selectors == of_cluster, "{expression}");
                assert!(!expression.contains("job="), "{expression}");
            }
            // Where an alert fires depends on the stack of the cluster.
            let lines = panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"].is_object();
            assert!(
                !lines || panel["title"].as_str().unwrap().starts_with("Burn rate"),
                "{}",
                panel["title"]
            );
        }
    }
    for variable in ["namespace", "cluster", "broker", "topic", "group"] {
        assert!(shown.contains(variable), "{variable}");
    }
}

#[test]
fn dashboards_for_all_clusters_are_there_once() {
    let mut stack = all_clusters();
    stack.add(Dashboards::for_all_clusters("more-dashboards"));
    let synthesis = synth(&stack);
    assert!(synthesis.manifests.is_none());
    let said: Vec<String> = synthesis
        .findings
        .iter()
        .map(|finding| finding.message.clone())
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("dashboards for `all clusters` is taken"),
        "{said:?}"
    );
}

#[test]
fn dashboards_for_all_clusters_go_to_the_grafana_operator_too() {
    let mut stack = Stack::new("all-clusters", "monitoring");
    stack.add(Dashboards::for_all_clusters("kafka-dashboards").grafana_operator([("dashboards", "grafana")]));
    let objects = objects(&stack);
    assert!(dashboards(&objects).is_empty());
    assert_eq!(of_kind(&objects, "GrafanaDashboard").count(), 10);
}

#[test]
fn the_overview_starts_with_health_and_the_golden_signals() {
    let boards = dashboards(&objects(&stacks()[0]));
    let (_, overview) = boards
        .iter()
        .find(|(file, _)| file == "combined_kafka_kafka.json")
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
            "Under min ISR",
            "At min ISR",
            "Under-replicated",
            "Largest lag",
            "Fullest volume",
            "Error budget left",
            "Shortest uptime",
            "Partitions",
            "Traffic and errors",
            "Traffic",
            "Records produced",
            "Requests",
            "Failed requests",
            "Errors by code",
            "Latency",
            "Produce latency (slowest broker)",
            "Fetch latency of consumers (slowest broker)",
            "Produce latency breakdown, p99",
            "Saturation",
            "Request handlers idle",
            "Network threads idle",
            "Disk usage",
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
fn dashboards_go_either_to_the_grafana_operator_or_to_the_sidecar() {
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
        key: s_kafka_kafka.json
        name: kafka-dashboard
      instanceSelector:
        matchLabels:
          dashboards: grafana
    ");
}
