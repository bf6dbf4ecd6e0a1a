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
fn stat_panels_query_the_present_and_error_panels_only_errors() {
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
fn each_component_has_a_dashboard() {
    let uids = |stack: &Stack| -> BTreeSet<String> {
        dashboards(&objects(stack))
            .iter()
            .map(|(_, dashboard)| dashboard["uid"].as_str().unwrap().to_owned())
            .collect()
    };
    let [combined, _, zookeeper] = stacks();
    let of = |coordination: &str| {
        let suffixes = [
            "",
            "-brokers",
            "-connect",
            "-consumers",
            coordination,
            "-registry",
            "-service-levels",
        ];
        BTreeSet::from(suffixes.map(|suffix| format!("kafka-kafka-kafka{suffix}")))
    };
    assert_eq!(uids(&combined), of("-quorum"));
    assert_eq!(uids(&zookeeper), of("-zookeeper"));
}

#[test]
fn the_overview_starts_with_health_and_the_golden_signals() {
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
            "Parts of the produce latency",
            "Saturation",
            "Idle request handlers",
            "Idle network threads",
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
        key: kafka-kafka-kafka.json
        name: kafka-dashboard
      instanceSelector:
        matchLabels:
          dashboards: grafana
    ");
}
