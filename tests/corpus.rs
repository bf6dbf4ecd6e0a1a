//! Known defects of published Kafka alerts, each as a small alert, with the rule that finds it, or the reason why none
//! does.
//!
//! Metric names are those of this crate, unless the name is the defect.

use kafka_stacks::{prelude::*, synth::check};

struct Defect {
    /// The project whose alerts have it, and the consequence.
    known: &'static str,
    expression: &'static str,
    /// `for`, in seconds.
    for_duration: u64,
    description: &'static str,
    /// The rule that finds it, or the reason why none can.
    found: Result<&'static str, &'static str>,
}

const fn defect(known: &'static str, expression: &'static str, found: Result<&'static str, &'static str>) -> Defect {
    Defect {
        known,
        expression,
        for_duration: 300,
        description: "It is {{ $value }}.",
        found,
    }
}

const CORPUS: &[Defect] = &[
    defect(
        "Strimzi: the pattern of volumes misses those of node pools, so a disk fills without an alert",
        r#"kubelet_volume_stats_available_bytes{namespace="kafka",persistentvolumeclaim=~"data(-[0-9]+)?-(.+)-kafka-[0-9]+"} < 1e9"#,
        Ok("KS-O08"),
    ),
    defect(
        "Strimzi: restarts are compared with twice the same count",
        r#"count_over_time(up{kafka_cluster="kafka",job="kafka"}[5m]) > 2 * count_over_time(up{kafka_cluster="kafka",job="kafka"}[5m])"#,
        Ok("KS-O07"),
    ),
    defect(
        "Strimzi: controllers are counted by a label that only its operator sets",
        r#"sum by (strimzi_io_name, namespace) (kafka_controller_kafkacontroller_activecontrollercount{kafka_cluster="kafka"}) != 1"#,
        Ok("KS-O05"),
    ),
    Defect {
        for_duration: 10,
        ..defect(
            "Strimzi: ten seconds of `for`, less than a scrape interval: any restart calls someone",
            r#"sum(kafka_server_replicamanager_underreplicatedpartitions{kafka_cluster="kafka"}) > 0"#,
            Ok("KS-O10"),
        )
    },
    defect(
        "Strimzi: no new record for ten minutes is an alert, also for topics that are idle at night",
        r#"changes(kafka_topic_partition_current_offset{kafka_cluster="kafka"}[10m]) == 0"#,
        Err("it can fire and it can stop; that a topic may be idle is known to its owner only"),
    ),
    defect(
        "Strimzi: pods are matched by names that node pools do not give",
        r#"absent(container_last_seen{namespace="kafka",pod=~".+-kafka-[0-9]+"})"#,
        Err("the kubelet's containers are a foreign exporter here, and no value of a foreign label is known"),
    ),
    defect(
        "kafka-mixin: a count of series is compared with 0",
        r#"count by (job) (kafka_brokers{kafka_cluster="kafka"}) == 0"#,
        Ok("KS-O07"),
    ),
    defect(
        "kafka-mixin: a rate below 0",
        r#"sum(rate(kafka_server_replicamanager_isrexpands_total{kafka_cluster="kafka"}[5m])) < 0"#,
        Ok("KS-O07"),
    ),
    defect(
        "kafka-mixin: a cumulative count is compared without `rate`: it never resolves after the first time",
        r#"sum by (pod) (kafka_server_replicamanager_isrshrinks_total{kafka_cluster="kafka"}) != 0"#,
        Ok("KS-O06"),
    ),
    defect(
        "kafka-mixin: the same under the name of other rules of the agent",
        r#"kafka_server_replicamanager_isrshrinkspersec{kafka_cluster="kafka"} != 0"#,
        Ok("KS-O04"),
    ),
    defect(
        "kafka-mixin: `_count`, where the agent from 1.0 on emits `_count_total`",
        r#"rate(kafka_network_requestmetrics_totaltimems_count{kafka_cluster="kafka"}[5m]) > 9"#,
        Ok("KS-O04"),
    ),
    defect(
        "kafka-mixin: offline partitions are summed over controllers, each of which reports all of them",
        r#"sum(kafka_controller_kafkacontroller_offlinepartitionscount{kafka_cluster="kafka"}) > 0"#,
        Err("it fires when it should and stops when it should; only its value is too large"),
    ),
    defect(
        "Confluent: idle threads of the control plane, which KRaft does not have",
        r#"kafka_server_kafkarequesthandlerpool_controlplanerequesthandleravgidlepercent{kafka_cluster="kafka"} < 0.4"#,
        Ok("KS-O04"),
    ),
    Defect {
        description: "It is {{ $value }} on {{ $label.instance }}.",
        ..defect(
            "Confluent: `$label` for `$labels`: the error is sent instead of the text",
            r#"kafka_brokers{kafka_cluster="kafka"} < 3"#,
            Ok("KS-O11"),
        )
    },
    defect(
        "Confluent: an unclean election, ever",
        r#"kafka_controller_controllerstats_uncleanleaderelections_total{kafka_cluster="kafka"} > 0"#,
        Ok("KS-O06"),
    ),
    defect(
        "Confluent: a name of the agent's own collectors, which changed in 1.0",
        r#"jvm_memory_bytes_max{kafka_cluster="kafka"} < 1e9"#,
        Ok("KS-O04"),
    ),
    defect(
        "awesome-prometheus-alerts: fewer than three in-sync replicas, whatever the topic has",
        r#"min by (topic) (kafka_topic_partition_in_sync_replica{kafka_cluster="kafka"}) < 3"#,
        Err("with three brokers a topic can have three copies; in a cluster with fewer it is found, as the next one"),
    ),
    defect(
        "the same, one more than the cluster has brokers: it holds always",
        r#"min by (topic) (kafka_topic_partition_in_sync_replica{kafka_cluster="kafka"}) < 4"#,
        Ok("KS-O07"),
    ),
    defect(
        "a number of brokers that is written down, and more than are declared",
        r#"kafka_brokers{kafka_cluster="kafka"} < 5"#,
        Ok("KS-O07"),
    ),
    defect(
        "sysdig: names of its own",
        r#"kafka_server_under_isr_partitions{kafka_cluster="kafka"} > 0"#,
        Ok("KS-O04"),
    ),
    defect(
        "the rate of leader elections, which no KRaft cluster exports",
        r#"rate(kafka_controller_controllerstats_leaderelectionrateandtimems_count_total{kafka_cluster="kafka"}[5m]) > 0.1"#,
        Ok("KS-O04"),
    ),
    defect(
        "a metric of producers, which no broker exports",
        r#"kafka_producer_request_latency_avg{kafka_cluster="kafka"} > 1000"#,
        Ok("KS-O04"),
    ),
    defect(
        "jmx_exporter's example: one name for the state of connectors and of tasks, with other labels",
        r#"max by (connector, task) (kafka_connect_connector_status{kafka_cluster="kafka",status="failed"})"#,
        Ok("KS-O05"),
    ),
    defect(
        "a scrape job by a name that no monitor gives",
        r#"absent(up{kafka_cluster="kafka",job="kafka-jmx"})"#,
        Ok("KS-O08"),
    ),
    defect(
        "two exporters are compared, whose series share no set of labels",
        r#"kafka_brokers{kafka_cluster="kafka"} < kafka_controller_kafkacontroller_activebrokercount{kafka_cluster="kafka"}"#,
        Ok("KS-O05"),
    ),
    defect(
        "a percentile that the agent's rules do not emit",
        r#"kafka_network_requestmetrics_totaltimems{kafka_cluster="kafka",request="Produce",quantile="0.90"} > 1000"#,
        Ok("KS-O08"),
    ),
];

#[test]
fn known_defects_of_published_alerts_are_found() {
    for defect in CORPUS {
        let mut stack = Stack::new("corpus", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3)),
        );
        let connect = stack.add(Connect::new("kafka-connect", &kafka));
        let kubelet = ExternalExporter::new("kubelet").gauge("container_last_seen", ["container"]);
        stack.add(
            Monitoring::new("monitoring", &kafka)
                .watch(&connect)
                .external(kubelet)
                .alert(
                    Alert::new("Defect", defect.expression)
                        .for_duration(defect.for_duration.seconds())
                        .summary("Something is wrong.")
                        .description(defect.description),
                ),
        );
        let findings = check(&stack).findings;
        // The missing tests are notes, and the cluster is open.
        let found: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.severity != Severity::Note && finding.rule != &rules::security::PLAINTEXT)
            .map(|finding| finding.rule.id)
            .collect();
        let expected: Vec<&str> = defect.found.into_iter().collect();
        assert_eq!(found, expected, "{}: {findings:?}", defect.known);
    }
}
