//! Who connects to what: Prometheus to every pod with metrics, and the ports of the control plane only from within the cluster. That
//! references, selectors and ports exist is told by `check --dir`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Out, all, list, selects};

fn pods(out: &Out) -> Vec<(&str, &Value)> {
    out.workloads()
        .into_iter()
        .map(|(workload, template)| (workload["metadata"]["name"].as_str().unwrap(), template))
        .collect()
}

fn port_names(template: &Value) -> BTreeSet<&str> {
    list(&template["spec"]["containers"])
        .iter()
        .flat_map(|c| list(&c["ports"]))
        .filter_map(|port| port["name"].as_str())
        .collect()
}

#[test]
fn a_monitor_selects_exactly_one_service_or_set_of_pods_and_a_port_that_it_has() {
    for out in all() {
        let mut scraped = Vec::new();
        for monitor in out.of_kind("ServiceMonitor") {
            let selected: Vec<_> = out
                .of_kind("Service")
                .filter(|service| {
                    selects(
                        &monitor["spec"]["selector"]["matchLabels"],
                        &service["metadata"]["labels"],
                    )
                })
                .collect();
            assert_eq!(selected.len(), 1, "{}: {}", out.stack, monitor["metadata"]["name"]);
            for endpoint in list(&monitor["spec"]["endpoints"]) {
                let port = list(&selected[0]["spec"]["ports"])
                    .iter()
                    .find(|port| port["name"] == endpoint["port"]);
                assert!(
                    port.is_some(),
                    "{}: the Service has no port {}",
                    out.stack,
                    endpoint["port"]
                );
            }
            scraped.extend(
                pods(&out)
                    .into_iter()
                    .filter(|(_, pod)| selects(&selected[0]["spec"]["selector"], &pod["metadata"]["labels"]))
                    .map(|(n, _)| n),
            );
        }
        for monitor in out.of_kind("PodMonitor") {
            let selected: Vec<_> = pods(&out)
                .into_iter()
                .filter(|(_, pod)| selects(&monitor["spec"]["selector"]["matchLabels"], &pod["metadata"]["labels"]))
                .collect();
            assert!(!selected.is_empty());
            for endpoint in list(&monitor["spec"]["podMetricsEndpoints"]) {
                for (name, pod) in &selected {
                    assert!(
                        port_names(pod).contains(endpoint["port"].as_str().unwrap()),
                        "{} {name}",
                        out.stack
                    );
                }
            }
            scraped.extend(selected.iter().map(|(name, _)| *name));
        }
        let once: BTreeSet<_> = scraped.iter().copied().collect();
        assert_eq!(
            once.len(),
            scraped.len(),
            "{}: a pod is scraped twice: {scraped:?}",
            out.stack
        );
        // Whatever has a metrics port is scraped, and admits the namespace that scrapes it.
        for (name, pod) in pods(&out)
            .into_iter()
            .filter(|(_, pod)| port_names(pod).contains("http-metrics"))
        {
            assert!(once.contains(name), "{}: nothing scrapes {name}", out.stack);
            let admitted = out
                .of_kind("NetworkPolicy")
                .filter(|policy| {
                    selects(
                        &policy["spec"]["podSelector"]["matchLabels"],
                        &pod["metadata"]["labels"],
                    )
                })
                .any(|policy| {
                    policy
                        .to_string()
                        .contains(r#""kubernetes.io/metadata.name":"monitoring""#)
                });
            assert!(admitted, "{}: {name} does not admit Prometheus", out.stack);
        }
    }
}

#[test]
fn ports_of_the_control_plane_and_of_replication_are_for_the_clusters_own_pods() {
    for out in all() {
        for policy in out.of_kind("NetworkPolicy") {
            for rule in list(&policy["spec"]["ingress"]) {
                let inner = list(&rule["ports"])
                    .iter()
                    .any(|port| [9091, 9093, 2888, 3888].map(Value::from).contains(&port["port"]));
                if inner {
                    let from = list(&rule["from"]);
                    assert_eq!(from.len(), 1, "{}", out.stack);
                    let name = if policy["metadata"]["name"] == "zookeeper" {
                        "zookeeper"
                    } else {
                        "kafka"
                    };
                    assert_eq!(from[0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"], name);
                    assert!(from[0]["namespaceSelector"].is_null());
                }
            }
        }
    }
}
