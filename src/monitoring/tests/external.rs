//! External clusters.

use super::*;

#[test]
fn an_external_cluster_has_alerts_and_panels_on_exporter_metrics() {
    let (stack, _) = external();
    let objects = objects(&stack);
    let named = |kind: &str| -> Vec<String> {
        of_kind(&objects, kind)
            .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(named("ServiceMonitor"), ["events-exporter"]);
    assert_eq!(named("PodMonitor"), ["kafka-connect"]);
    let alerts: Vec<String> = alerts(&objects)
        .iter()
        .map(|alert| alert["alert"].as_str().unwrap().to_owned())
        .collect();
    assert_snapshot!(alerts.join("\n"), @r"
    KafkaBrokerDown
    KafkaOfflinePartitions
    KafkaUnderReplicatedPartitions
    KafkaLeaderElectionRateHigh
    KafkaConsumerLagHigh
    KafkaConsumerLagGrowing
    KafkaConsumerLagTime
    KafkaConsumerGroupWithoutMembers
    KafkaConsumerGroupStopped
    KafkaConsumerPartitionStuck
    KafkaConnectConnectorFailed
    KafkaConnectTaskFailed
    KafkaConnectRebalancing
    KafkaConnectRecordsSkipped
    KafkaTopicsJobFailed
    KafkaMetricsAbsent
    KafkaScrapeFailing
    KafkaScrapeSampleLimit
    KafkaPodsMissing
    KafkaPodRestarts
    KafkaConsumerLagMissing
    KafkaHeapFull
    ");
    let titles: Vec<String> = dashboards(&objects)
        .iter()
        .flat_map(|(file, dashboard)| {
            let title = |panel: &Value| format!("{file}: {}", panel["title"].as_str().unwrap());
            panels(dashboard).into_iter().map(title).collect::<Vec<_>>()
        })
        .filter(|title| !title.contains("_connect.json"))
        .collect();
    assert_snapshot!(titles.join("\n"), @r"
    external_shop_events_brokers.json: Records produced
    external_shop_events_brokers.json: Under-replicated partitions
    external_shop_events_brokers.json: Leader changes
    external_shop_events_consumers.json: Largest lag
    external_shop_events_consumers.json: Records committed
    external_shop_events_consumers.json: Groups
    external_shop_events_consumers.json: Members
    external_shop_events_consumers.json: Lag
    external_shop_events_consumers.json: Lag by group
    external_shop_events_consumers.json: Lag in time by group
    external_shop_events_consumers.json: Partitions
    external_shop_events_consumers.json: Lag by partition
    external_shop_events_consumers.json: Progress
    external_shop_events_consumers.json: Records committed by group
    external_shop_events_consumers.json: Members by group
    external_shop_events.json: Brokers
    external_shop_events.json: Offline partitions
    external_shop_events.json: Under-replicated
    external_shop_events.json: Largest lag
    external_shop_events.json: Alerts
    external_shop_events.json: Firing alerts
    external_shop_events.json: Scrapes
    ");
    let manifests = manifests(&stack);
    let exporter = manifests.get("monitoring/deployment-events-exporter.yaml").unwrap();
    let arguments: Vec<&str> = exporter
        .lines()
        .filter(|line| line.contains("--kafka.server"))
        .map(str::trim)
        .collect();
    assert_snapshot!(arguments.join("\n"), @r"
    - --kafka.server=kafka-1.example.com:9092
    - --kafka.server=kafka-2.example.com:9092
    ");
}

#[test]
fn without_a_number_of_brokers_there_is_no_alert_on_it() {
    let mut stack = Stack::new("s", "shop");
    let kafka = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092");
    stack.add(Monitoring::new("monitoring", &kafka));
    assert_eq!(findings(&stack), [""; 0]);
    assert!(
        alerts(&objects(&stack))
            .iter()
            .all(|alert| alert["alert"] != "KafkaBrokerDown")
    );
}
