//! What Prometheus scrapes.

use super::*;

/// Whether an object has all labels of a selector.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector["matchLabels"]
        .as_object()
        .unwrap()
        .iter()
        .all(|(key, value)| labels[key] == *value)
}

#[test]
fn each_pod_with_metrics_is_scraped_once_and_admits_prometheus() {
    for stack in stacks().into_iter().chain([external().0]) {
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
    // What is kept has a test of its own.
    let text = |path: &str| -> String {
        let lines = manifests.get(path).unwrap().lines();
        let short = lines.map(|line| line.split_once("regex: ").map_or(line, |_| "      regex: …"));
        short.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(text("monitoring/podmonitor-kafka.yaml"), @r#"
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
        metricRelabelings:
        - action: keep
          regex: …
          sourceLabels:
          - __name__
        port: http-metrics
        relabelings:
        - action: replace
          replacement: kafka
          targetLabel: job
        - action: replace
          replacement: kafka
          targetLabel: kafka_cluster
        - action: replace
          replacement: combined
          targetLabel: cluster
        scrapeTimeout: 25s
      sampleLimit: 50000
      selector:
        matchLabels:
          app.kubernetes.io/instance: kafka
          app.kubernetes.io/name: kafka
    "#);
    assert_snapshot!(text("monitoring/servicemonitor-kafka-exporter.yaml"), @r#"
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
        metricRelabelings:
        - action: keep
          regex: …
          sourceLabels:
          - __name__
        port: http-metrics
        relabelings:
        - action: replace
          replacement: kafka-exporter
          targetLabel: job
        - action: replace
          replacement: kafka
          targetLabel: kafka_cluster
        - action: replace
          replacement: combined
          targetLabel: cluster
        scrapeTimeout: 25s
      sampleLimit: 50000
      selector:
        matchLabels:
          app.kubernetes.io/component: exporter
          app.kubernetes.io/name: kafka-exporter
          kafka-stacks/monitored: monitoring
    "#);
}

#[test]
fn a_component_without_metrics_agent_is_refused() {
    let mut stack = Stack::new("s", "kafka");
    let kafka = KafkaCluster::external("events", Version::V4_2, "events.example.com:9092");
    let connect = stack.add(Connect::new("kafka-connect", &kafka).images(ImageSet::apache(Version::V4_2)));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&connect));
    assert_eq!(
        findings(&stack),
        ["error[KS-O01] s/monitoring/kafka-connect: `kafka-connect` has no metrics agent",]
    );
}

/// What the monitors of a stack keep, by job.
fn kept(objects: &[Value]) -> BTreeMap<String, Vec<String>> {
    let monitors = objects
        .iter()
        .filter(|object| object["kind"].as_str().unwrap().ends_with("Monitor"));
    let endpoints = monitors.flat_map(|monitor| {
        let spec = &monitor["spec"];
        list(spec.get("podMetricsEndpoints").unwrap_or(&spec["endpoints"]))
    });
    let kept = endpoints.map(|endpoint| {
        let job = endpoint["relabelings"][0]["replacement"].as_str().unwrap().to_owned();
        let [keep] = list(&endpoint["metricRelabelings"]) else {
            panic!("{endpoint}")
        };
        assert_eq!(keep["action"], "keep");
        assert_eq!(keep["sourceLabels"], serde_json::json!(["__name__"]));
        let names = keep["regex"].as_str().unwrap().split('|').map(str::to_owned);
        (job, names.collect())
    });
    kept.collect()
}

#[test]
fn a_scrape_keeps_what_is_used_and_nothing_else() {
    for (stack, monitoring) in monitored().into_iter().chain([external()]) {
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        let kept = kept(&objects);
        let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for expression in super::expressions::expressions(&objects) {
            for metric in analyze(&expression.replace("$__rate_interval", "2m"), &sources).metrics {
                for job in sources.find(&metric).map_or_else(Vec::new, |series| series.jobs) {
                    used.entry(job.to_owned()).or_default().insert(metric.clone());
                }
            }
        }
        assert!(kept.len() > 1 && kept.keys().eq(used.keys()), "{kept:?}");
        for (job, names) in kept {
            // Prometheus itself adds these.
            let used = used[&job]
                .iter()
                .filter(|name| target::ALL.iter().all(|metric| metric.name != **name));
            assert_eq!(names.iter().collect::<Vec<_>>(), used.collect::<Vec<_>>(), "{job}");
        }
    }
}

#[test]
fn more_is_kept_for_own_alerts_and_on_request() {
    let of_exporter = |monitoring: Monitoring| {
        let (mut stack, _) = external();
        stack.add(monitoring);
        let objects = objects(&stack);
        kept(&objects).remove("other-exporter").unwrap()
    };
    let other = || {
        let kafka = KafkaCluster::external("other", Version::V4_2, "other.example.com:9092");
        Monitoring::new("other", &kafka).docs("other").brokers(3)
    };
    let plain = of_exporter(other());
    assert!(!plain.contains(&exporter::OLDEST_OFFSET.name.to_owned()));
    let alert = Alert::new(
        "RecordsAreDeleted",
        "max by (topic) (delta(kafka_topic_partition_oldest_offset{kafka_cluster=\"other\"}[1h])) > 1000",
    )
    .summary("Records are deleted.")
    .description("{{ $value }} records of {{ $labels.topic }} were deleted.");
    let with_alert = of_exporter(other().alert(alert));
    assert!(with_alert.contains(&exporter::OLDEST_OFFSET.name.to_owned()));
    let more = of_exporter(other().keep_metrics("kafka_topic_partition_.*").keep_metrics("go_.*"));
    assert_eq!(
        more,
        [plain, vec!["kafka_topic_partition_.*".to_owned(), "go_.*".to_owned()]].concat()
    );
}

#[test]
fn an_amendment_that_uses_what_is_dropped_is_found() {
    let (mut stack, _) = external();
    stack.amend::<super::PrometheusRule>("events", |rule| {
        let alert = rule.spec.alert("KafkaUnderReplicatedPartitions").unwrap();
        alert.expr = alert
            .expr
            .replace("_under_replicated_partition", "_leader_is_preferred");
    });
    let found = findings(&stack);
    assert!(
        found
            .iter()
            .any(|finding| finding.contains("kafka_topic_partition_leader_is_preferred")),
        "{found:?}"
    );
}

/// The resources of the exporter and the limit of its samples.
fn sized(change: impl Fn(Monitoring) -> Monitoring) -> (Value, Value) {
    let mut stack = Stack::new("sized", "kafka");
    let kafka = KafkaCluster::external("kafka", Version::V4_2, "kafka.example.com:9092");
    stack.add(change(Monitoring::new("monitoring", &kafka).brokers(3)));
    let objects = objects(&stack);
    let deployment = of_kind(&objects, "Deployment").next().unwrap();
    let monitor = of_kind(&objects, "ServiceMonitor").next().unwrap();
    (
        deployment["spec"]["template"]["spec"]["containers"][0]["resources"].clone(),
        monitor["spec"]["sampleLimit"].clone(),
    )
}

#[test]
fn the_size_of_the_cluster_gives_resources_and_limits() {
    let resources = |request: &str, limit: &str, memory: &str| {
        serde_json::json!({
            "requests": {"cpu": request, "memory": memory},
            "limits": {"cpu": limit, "memory": memory},
        })
    };
    let small = resources("50m", "200m", "256Mi");
    assert_eq!(sized(|monitoring| monitoring), (small.clone(), Value::Null));
    assert_eq!(
        sized(|monitoring| monitoring.cluster_size(1000, 20)),
        (small, Value::from(50_000))
    );
    assert_eq!(
        sized(|monitoring| monitoring.cluster_size(100_000, 500)),
        (resources("750m", "2200m", "1792Mi"), Value::from(2_000_000))
    );
    let own = Resources::fixed(1.cores(), 1.gib());
    let (given, _) = sized(|monitoring| monitoring.cluster_size(100_000, 500).exporter_resources(own));
    assert_eq!(given, resources("1", "1", "1Gi"));
}

#[test]
fn every_monitor_of_declared_topics_has_a_limit_that_an_alert_watches() {
    for (stack, monitoring) in monitored() {
        let objects = objects(&stack);
        let alert = alerts(&objects)
            .into_iter()
            .find(|alert| alert["alert"] == "KafkaScrapeSampleLimit")
            .unwrap();
        let expression = alert["expr"].as_str().unwrap();
        for target in monitoring.sources(stack.context()).targets {
            let mut monitors = objects
                .iter()
                .filter(|object| object["kind"].as_str().unwrap().ends_with("Monitor"));
            let monitor = monitors
                .find(|monitor| monitor["metadata"]["name"] == *target.job)
                .unwrap();
            let limit = monitor["spec"]["sampleLimit"].as_u64().unwrap();
            let near = format!("> {}", limit / 5 * 4);
            assert!(
                limit >= 50_000 && expression.contains(&near),
                "{}: {expression}",
                target.job
            );
        }
    }
}

#[test]
fn filters_leave_out_nothing_that_an_alert_needs() {
    let said = |change: fn(Monitoring) -> Monitoring| {
        let (mut stack, kafka) = dedicated();
        let dead = Topic::new("orders", 3, Cleanup::delete_after(7.days())).dead_letters();
        let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(dead));
        let shop = Application::new("shop", &kafka)
            .consumes(&topics.topic("orders"), Group::named("shop"))
            .owner("shop");
        let shop = stack.add(shop);
        stack.add(change(
            Monitoring::new("monitoring", &kafka).watch(&topics).watch(&shop),
        ));
        let mut found = findings(&stack);
        found.retain(|finding| finding.contains("KS-O18"));
        found
    };
    assert!(said(|monitoring| monitoring.skip_topics("test-.*").skip_groups("test-.*")).is_empty());
    assert_eq!(
        said(|monitoring| monitoring.export_topics("orders").export_groups("billing|.*-service")),
        [
            "error[KS-O18] s/monitoring/shop: the exporter leaves out group `shop`, but its owner should get alerts on it",
            "error[KS-O18] s/monitoring/orders.dlq: the exporter leaves out topic `orders.dlq`, but alert KafkaDeadLetters is about it",
        ]
    );
    assert_eq!(
        said(|monitoring| monitoring.keep_metrics("kafka_(").skip_groups("$(A)")),
        [
            "error[KS-O18] s/monitoring/keep_metrics: \"kafka_(\" is not a valid regular expression",
            "error[KS-O18] s/monitoring/groups: \"$(A)\" contains `$(`, which the kubelet replaces",
        ]
    );
}
