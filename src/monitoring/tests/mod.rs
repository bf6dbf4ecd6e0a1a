//! Tests of monitoring that read the rendered files, by subject; what several subjects use is here.

mod alerts;
mod amendments;
mod certificates;
mod conflicts;
mod dashboards;
mod expressions;
mod external;
mod labels;
mod own_alerts;
mod runbooks;
mod scraping;
mod slos;
mod thresholds;

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use serde_json::Value;

use super::resource::PrometheusRule;
use crate::{
    metrics::{broker, certificate, controller, exporter, kubelet, objects, record, target},
    prelude::*,
    promql::analyze,
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
                .partition_sizes()
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
            .slo(Slo::produce_availability(99.9.percent()))
            .slo(Slo::consume_latency(99.percent(), 500.milliseconds()))
            .slo(Slo::freshness("billing", 99.percent(), 5.minutes()))
            .monitor_label("release", "prometheus")
            .runbooks("https://runbooks.voicecore.internal/kafka/");
        stack.add(monitoring.clone());
        (stack, monitoring)
    })
}

/// Dedicated controllers, and a probe.
fn probed() -> (Stack, Monitoring) {
    let (mut stack, kafka) = dedicated();
    let probe = stack.add(Probe::new("kafka-probe", &kafka));
    let monitoring = Monitoring::new("monitoring", &kafka)
        .watch(&probe)
        .slo(Slo::round_trip(99.9.percent(), 1280.milliseconds()))
        .monitor_label("release", "prometheus");
    stack.add(monitoring.clone());
    (stack, monitoring)
}

/// An external cluster, with Connect and topics here.
fn external() -> (Stack, Monitoring) {
    let mut stack = Stack::new("external", "shop");
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

/// The dashboards for all clusters, in a stack of their own.
fn all_clusters() -> Stack {
    let mut stack = Stack::new("all-clusters", "monitoring");
    stack.add(Dashboards::for_all_clusters("kafka-dashboards"));
    stack
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
        .filter(|(path, _)| *path != "README.md" && !path.starts_with("runbooks/") && !path.starts_with("tests/"))
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
