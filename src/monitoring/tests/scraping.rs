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
