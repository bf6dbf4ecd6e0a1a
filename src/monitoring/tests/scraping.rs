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
        let [keep] = &*list(&endpoint["metricRelabelings"]) else {
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
