//! Built-in alerts.

use super::*;

#[test]
fn core_alerts_exist_in_every_mode_and_others_where_their_metrics_do() {
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
fn a_single_broker_has_no_alerts_about_replication() {
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
fn alerts_have_severity_summary_description_threshold_and_runbook() {
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
fn the_rule_of_a_built_in_alert() {
    let text = manifests(&stacks()[0])
        .get("monitoring/prometheusrule-kafka.yaml")
        .unwrap()
        .to_owned();
    let first = text.find("    - alert: KafkaBrokerDown").unwrap();
    let second = text.find("    - alert: KafkaOfflinePartitions").unwrap();
    assert_snapshot!(&text[first..second], @r#"
    - alert: KafkaBrokerDown
      annotations:
        description: "{{ $labels.kafka_cluster }} in {{ $labels.namespace }} has {{ $value }} running brokers. 0 also means that Prometheus can scrape none of its pods."
        runbook_url: https://runbooks.voicecore.internal/kafka/KafkaBrokerDown.md
        summary: Kafka has fewer running brokers than declared.
        threshold: 3 brokers are declared. A restart takes less than five minutes.
      expr: |-
        (
          min by (cluster, namespace, kafka_cluster) (kafka_controller_kafkacontroller_activebrokercount{namespace="kafka",kafka_cluster="kafka",job="kafka"} and on (cluster, namespace, kafka_cluster, pod) kafka_controller_kafkacontroller_activecontrollercount{namespace="kafka",kafka_cluster="kafka",job="kafka"} == 1)
          or max by (cluster, namespace, kafka_cluster) (kafka_brokers{namespace="kafka",kafka_cluster="kafka",job="kafka-exporter"})
          or max by (cluster, namespace, kafka_cluster) (kafka_controller_kafkacontroller_activebrokercount{namespace="kafka",kafka_cluster="kafka",job="kafka"})
          or count by (cluster, namespace, kafka_cluster) (max by (cluster, namespace, kafka_cluster, pod) (up{namespace="kafka",kafka_cluster="kafka",job="kafka",pod=~"kafka-[0-9]+"} == 1))
          or 0 * group by (cluster, namespace, kafka_cluster) (last_over_time(up{namespace="kafka",kafka_cluster="kafka",job="kafka"}[6h]))
          or 0 * group by (cluster, namespace, kafka_cluster) (ALERTS{alertname="KafkaBrokerDown",alertstate="firing",namespace="kafka",kafka_cluster="kafka",cluster=~"combined|"})
        ) < 3
        unless on (cluster, namespace, kafka_cluster) (
          (changes(pod:kafka_jvm_start_time_seconds:max{namespace="kafka",kafka_cluster="kafka"}[15m]) == 1 and on (cluster, namespace, kafka_cluster, pod) kafka_server_kafkaserver_brokerstate{namespace="kafka",kafka_cluster="kafka",job="kafka"} == 3)
          and on (cluster, namespace, kafka_cluster) max by (cluster, namespace, kafka_cluster) (max_over_time(kafka_controller_kafkacontroller_activebrokercount{namespace="kafka",kafka_cluster="kafka",job="kafka"}[20m])) >= 3
        )
      for: 5m
      labels:
        kafka_cluster: kafka
        severity: critical
    "#);
}

#[test]
fn an_alert_that_fires_at_once_has_no_for() {
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
fn alerts_link_to_their_dashboard_if_the_url_of_grafana_is_known() {
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
        ("KafkaNoActiveController", "_zookeeper"),
        ("KafkaZooKeeperServerDown", "_zookeeper"),
        ("KafkaDiskUsageHigh", "_brokers"),
        ("KafkaConsumerLagHigh", "_consumers"),
    ] {
        let expected = format!("https://grafana.voicecore.internal/d/test_kafka_kafka{board}");
        assert_eq!(url(&stack, name), Some(expected), "{name}");
    }
}
