//! What refers to what: every reference in the committed manifests leads to exactly what it means.

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
fn a_service_forwards_to_pods_that_have_its_ports() {
    for out in all() {
        for service in out.of_kind("Service") {
            let headless = service["spec"]["clusterIP"] == "None";
            let selected: Vec<_> = pods(&out)
                .into_iter()
                .filter(|(_, pod)| selects(&service["spec"]["selector"], &pod["metadata"]["labels"]))
                .collect();
            assert!(
                !selected.is_empty(),
                "{}: {} selects nothing",
                out.stack,
                service["metadata"]["name"]
            );
            for port in list(&service["spec"]["ports"]) {
                let target = port["targetPort"].as_str().expect("ports are named");
                let having = selected
                    .iter()
                    .filter(|(_, pod)| port_names(pod).contains(target))
                    .count();
                // A headless Service only names pods, of which some may be controllers and others brokers.
                assert!(
                    having == selected.len() || headless && having > 0,
                    "{}: {target}",
                    out.stack
                );
            }
        }
    }
}

#[test]
fn no_two_workloads_select_each_others_pods() {
    for out in all() {
        for (workload, _) in out.workloads() {
            if workload["kind"] == "Job" {
                continue;
            }
            let selector = &workload["spec"]["selector"]["matchLabels"];
            let owned: Vec<_> = pods(&out)
                .into_iter()
                .filter(|(_, pod)| selects(selector, &pod["metadata"]["labels"]))
                .collect();
            assert_eq!(owned.len(), 1, "{}: {selector}", out.stack);
            assert_eq!(owned[0].0, workload["metadata"]["name"]);
        }
    }
}

#[test]
fn probes_volumes_and_claims_exist() {
    for out in all() {
        for (workload, template) in out.workloads() {
            let spec = &template["spec"];
            let ports = port_names(template);
            let mut volumes: BTreeSet<&str> = list(&spec["volumes"])
                .iter()
                .filter_map(|v| v["name"].as_str())
                .collect();
            volumes.extend(
                list(&workload["spec"]["volumeClaimTemplates"])
                    .iter()
                    .filter_map(|c| c["metadata"]["name"].as_str()),
            );
            for volume in list(&spec["volumes"]) {
                if let Some(map) = volume["configMap"]["name"].as_str() {
                    out.find("ConfigMap", map);
                }
            }
            for container in super::containers(template) {
                for mount in list(&container["volumeMounts"]) {
                    assert!(volumes.contains(mount["name"].as_str().unwrap()));
                }
                for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                    for handler in ["tcpSocket", "httpGet"] {
                        if let Some(port) = container[probe][handler]["port"].as_str() {
                            assert!(ports.contains(port), "{} {probe} {port}", workload["metadata"]["name"]);
                        }
                    }
                }
            }
        }
    }
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
            assert!(once.contains(name), "{}: nobody scrapes {name}", out.stack);
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
