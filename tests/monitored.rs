//! A component outside of this crate is monitored like a built-in one.

use kafka_stacks::{
    metrics::{Metric, MetricType, Source, Unit},
    observability::{Board, Panel, PanelUnit, Sources, Target, View},
    prelude::*,
    workload::Labels,
};

static METRICS: &[Metric] = &[Metric {
    name: "bridge_queued_requests",
    metric_type: MetricType::Gauge,
    unit: Unit::Count,
    bounds: (0.0, f64::INFINITY),
    source: Source::Exporter(&[]),
    help: "Requests that wait for Kafka.",
}];

#[derive(Clone, Debug)]
struct Bridge;

impl Monitored for Bridge {
    fn name(&self) -> &'static str {
        "bridge"
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::pods(
            "bridge",
            Labels::new("bridge", "bridge", ""),
            Some("metrics"),
            [METRICS],
        )]
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        let queued = sources.series(&METRICS[0], &[]).unwrap();
        let samples = Samples::Gauge {
            healthy: 0.0,
            tolerated: 100.0,
            firing: 101.0,
        };
        vec![
            Alert::new(
                "BridgeQueueLong",
                format!("max by (namespace, kafka_cluster) ({queued}) > 100"),
            )
            .summary("Requests wait in the bridge.")
            .description("{{ $value }} requests wait.")
            .board("bridge")
            .runbook(Runbook::new("Clients of {job} wait.").step("Does it run?", "kubectl -n {ns} get pods"))
            .test(AlertTest::new("101 requests wait.").series(METRICS[0].name, &[], samples)),
        ]
    }

    fn boards(&self, sources: &Sources) -> Vec<Board> {
        let queued = sources.series(&METRICS[0], &[]).map(|queued| queued.to_string());
        let panel = Panel::new(
            "Queued requests",
            PanelUnit::Count,
            View::Lines,
            vec![(queued, "{{pod}}")],
        );
        vec![Board::new("bridge", "Bridge").row("", vec![panel])]
    }
}

#[test]
fn a_component_of_your_own_has_target_rule_runbook_test_and_dashboard() {
    let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    );
    // Watching it twice has no effect.
    let monitoring = Monitoring::new("monitoring", &kafka).watch(&Bridge).watch(&Bridge);
    stack.add(monitoring.grafana_url("https://grafana.voicecore.internal"));
    let synthesis = synth(&stack);
    let manifests = synthesis
        .manifests
        .unwrap_or_else(|| panic!("{:?}", synthesis.findings));
    let has = |path: &str, text: &str| {
        let file = manifests.get(path).unwrap_or_else(|| panic!("no {path}"));
        assert!(file.contains(text), "{path} has no {text:?}:\n{file}");
    };
    has("monitoring/podmonitor-bridge.yaml", "app.kubernetes.io/name: bridge");
    let rules = "monitoring/prometheusrule-kafka.yaml";
    has(rules, "alert: BridgeQueueLong");
    has(
        rules,
        "bridge_queued_requests{namespace=\"kafka\",kafka_cluster=\"kafka\",job=\"bridge\"}",
    );
    has(
        rules,
        "dashboard_url: https://grafana.voicecore.internal/d/tiny_kafka_kafka_bridge",
    );
    has("runbooks/BridgeQueueLong.md", "Clients of bridge wait.");
    has("runbooks/BridgeQueueLong.md", "kubectl -n kafka get pods");
    has("tests/alerts.yaml", "BridgeQueueLong fires and resolves");
    has("monitoring/configmap-kafka-dashboard-bridge.yaml", "Queued requests");
    has(
        "monitoring/configmap-kafka-dashboard.yaml",
        "/d/tiny_kafka_kafka_bridge",
    );
    assert_eq!(
        manifests.get(rules).unwrap().matches("alert: BridgeQueueLong").count(),
        1
    );
}
