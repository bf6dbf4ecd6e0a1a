//! Alerts that cannot fire or never stop, panels that stay empty, and files that the program that reads them refuses.

use super::{Edit, fault, hold, sound};

const RULES: &str = "monitoring/prometheusrule-kafka.yaml";
const PODS: &str = "monitoring/podmonitor-kafka.yaml";
const EXPORTER: &str = "monitoring/servicemonitor-kafka-exporter.yaml";
const QUORUM: &str = "monitoring/configmap-kafka-dashboard-quorum.yaml";
const BROKER: &str = "kafka/configmap-kafka.yaml";

#[test]
fn monitoring() {
    hold(ALL);
}

const SHRINKS: &str = "rate(kafka_server_replicamanager_isrshrinks_total{namespace=\"kafka\",kafka_cluster=\"kafka\",job=\"kafka\"}[5m])) > 0";
const SHRINK: &str =
    "kafka_server_replicamanager_isrshrinks_total{namespace=\"kafka\",kafka_cluster=\"kafka\",job=\"kafka\"}[5m]";
const USED: &str =
    "100 * persistentvolumeclaim:kubelet_volume_stats_used:ratio{namespace=\"kafka\",kafka_cluster=\"kafka\"} > 80";

pub(super) const ALL: &[Edit] = &[
    // In rules of this crate.
    fault(
        "KS-O03",
        "prod",
        RULES,
        SHRINKS,
        "rate(kafka_server_replicamanager_isrshrinks_total[5m]) > 0",
    ),
    fault(
        "KS-O04",
        "prod",
        RULES,
        "_isrshrinks_total{",
        "_isrshrinkspersec_total{",
    ),
    fault(
        "KS-O04",
        "prod",
        BROKER,
        "name: kafka_server_replicamanager_isrshrinks_total",
        "name: kafka_isr_shrinks_total",
    ),
    fault(
        "KS-O04",
        "prod",
        RULES,
        "kubelet_volume_stats_capacity_bytes",
        "kubelet_volume_stats_capacity_byte",
    ),
    fault(
        "KS-O04",
        "prod",
        RULES,
        USED,
        "100 * persistentvolumeclaim:volume:ratio{kafka_cluster=\"kafka\"} > 80 or kafka_topic_partition > 1",
    ),
    fault(
        "KS-O05",
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\",topic=\"a\"}[5m]",
    ),
    fault(
        "KS-O05",
        "prod",
        RULES,
        "max by (cluster, namespace, kafka_cluster, pod) (rate(kafka_server_replicamanager_isrshrinks",
        "max by (cluster, namespace, kafka_cluster, broker) (rate(kafka_server_replicamanager_isrshrinks",
    ),
    fault(
        "KS-O06",
        "prod",
        RULES,
        SHRINKS,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}) > 0",
    ),
    fault(
        "KS-O07",
        "prod",
        RULES,
        SHRINKS,
        "rate(kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[5m])) >= 0",
    ),
    fault(
        "KS-O07",
        "prod",
        RULES,
        USED,
        "100 * persistentvolumeclaim:kubelet_volume_stats_used:ratio{namespace=\"kafka\",kafka_cluster=\"kafka\"} > 100",
    ),
    fault(
        "KS-O07",
        "prod",
        RULES,
        "brokerrequesthandleravgidlepercent{namespace=\"kafka\",kafka_cluster=\"kafka\",job=\"kafka\"}) < 0.3",
        "brokerrequesthandleravgidlepercent{namespace=\"kafka\",kafka_cluster=\"kafka\",job=\"kafka\"}) < 3",
    ),
    fault(
        "KS-O08",
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\",job=\"broker\"}[5m]",
    ),
    fault(
        "KS-O08",
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\",pod=\"kafka-3\"}[5m]",
    ),
    fault(
        "KS-O08",
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"other\"}[5m]",
    ),
    fault(
        "KS-O08",
        "prod",
        PODS,
        "replacement: kafka\n      targetLabel: job",
        "replacement: brokers\n      targetLabel: job",
    ),
    fault(
        "KS-O09",
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total[5m]",
    ),
    fault(
        "KS-O10",
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[30s]",
    ),
    fault("KS-O10", "prod", PODS, "interval: 30s", "interval: 5m"),
    fault(
        "KS-O11",
        "prod",
        RULES,
        "Leaders on {{ $labels.pod }}",
        "Leaders on {{ $labels.instance }}",
    ),
    fault(
        "KS-O11",
        "prod",
        RULES,
        "replicas from the ISR {{ $value | humanize }}",
        "replicas from the ISR {{ $value | humanise }}",
    ),
    fault(
        "KS-O12",
        "prod",
        RULES,
        "        summary: \"Kafka replicas repeatedly fall out of sync: the ISR shrinks.\"\n",
        "",
    ),
    fault(
        "KS-O12",
        "prod",
        RULES,
        "alert: KafkaISRShrink",
        "alert: KafkaBrokerDown",
    ),
    sound(
        "prod",
        RULES,
        SHRINKS,
        "rate(kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[15m])) > 0.1",
    ),
    sound(
        "prod",
        RULES,
        SHRINK,
        "kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\",pod=~\"kafka-[0-2]\"}[5m]",
    ),
    sound(
        "prod",
        RULES,
        USED,
        "100 * persistentvolumeclaim:kubelet_volume_stats_used:ratio{namespace=\"kafka\",kafka_cluster=\"kafka\"} > 90",
    ),
    sound("prod", PODS, "interval: 30s", "interval: 1m"),
    // Dashboards, monitors and files.
    fault(
        "KS-O22",
        "prod",
        QUORUM,
        "\"expr\": \"sum (kafka_controller_kafkacontroller_activecontrollercount",
        "\"expr\": \"sum ((kafka_controller_kafkacontroller_activecontrollercount",
    ),
    fault(
        "KS-O23",
        "prod",
        QUORUM,
        "\"expr\": \"sum (kafka_controller_kafkacontroller_activecontrollercount",
        "\"expr\": \"sum (kafka_controller_activecontrollercount",
    ),
    sound(
        "prod",
        QUORUM,
        "\"expr\": \"sum (kafka_controller_kafkacontroller_activecontrollercount",
        "\"expr\": \"$aggregation (kafka_controller_kafkacontroller_activecontrollercount",
    ),
    fault("KS-O24", "prod", PODS, "scrapeTimeout: 25s", "scrapeTimeout: 1m"),
    fault("KS-O24", "prod", EXPORTER, "interval: 30s", "interval: 10s"),
    sound("prod", PODS, "scrapeTimeout: 25s", "scrapeTimeout: 30s"),
    fault(
        "KS-O25",
        "prod",
        QUORUM,
        "      \"panels\": [\n",
        "      \"panels\": [[\n",
    ),
    fault(
        "KS-O25",
        "prod",
        BROKER,
        "    whitelistObjectNames:\n",
        "    whitelistObjectNames\n",
    ),
    fault(
        "KS-O26",
        "prod",
        BROKER,
        "\"^kafka.log<type=Log, name=Size, topic=",
        "\"^kafka.log<(type=Log, name=Size, topic=",
    ),
    fault(
        "KS-O27",
        "prod",
        BROKER,
        "rootLogger.appenderRef.console.ref = console",
        "rootLogger.appenderRef.console.ref = stdout",
    ),
    sound("prod", BROKER, "rootLogger.level = info", "rootLogger.level = debug"),
    // As others write them: an agent of the broker, with fixed names and with names taken from the bean.
    fault(
        "KS-O03",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_controller_offlinepartitionscount > 0",
    ),
    fault(
        "KS-O04",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_controller_kafkacontroller_offlinepartitionscount) > 0",
    ),
    fault(
        "KS-O04",
        "confluent",
        "",
        "      name: kafka_controller_offlinepartitionscount",
        "      name: kafka_offlinepartitionscount",
    ),
    fault(
        "KS-O06",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(rate(kafka_controller_offlinepartitionscount[5m])) > 0",
    ),
    fault(
        "KS-O07",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_controller_offlinepartitionscount)",
    ),
    fault(
        "KS-O07",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(count(kafka_controller_offlinepartitionscount)) < 1",
    ),
    fault(
        "KS-O08",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_controller_offlinepartitionscount{job=\"kafka\"}) > 0",
    ),
    fault(
        "KS-O08",
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_controller_offlinepartitionscount{namespace=\"kafka\"}) > 0",
    ),
    fault(
        "KS-O10",
        "confluent",
        "",
        "messagesin_total[5m]",
        "messagesin_total[30s]",
    ),
    fault(
        "KS-O11",
        "confluent",
        "",
        "partitions in {{ $labels.namespace }} have no leader",
        "partitions of {{ $labels.pod }} have no leader",
    ),
    fault(
        "KS-O20",
        "confluent",
        "",
        "            summary: partitions in {{ $labels.namespace }} have no leader\n",
        "            runbook_url: https://wiki/kafka\n",
    ),
    fault(
        "KS-O21",
        "confluent",
        "",
        "- alert: OfflinePartitions\n          expr: sum by (namespace) (kafka_controller_offlinepartitionscount) > 0\n          for: 1m\n          labels:\n            severity: critical",
        "- alert: UnderReplicatedPartitions\n          expr: sum by (namespace) (kafka_controller_offlinepartitionscount) > 0\n          for: 1m\n          labels:\n            severity: warning",
    ),
    fault("KS-O24", "confluent", "", "scrapeTimeout: 10s", "scrapeTimeout: 40s"),
    fault("KS-O26", "confluent", "", "name=(.+)PerSec", "name=(.+PerSec"),
    sound(
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_controller_offlinepartitionscount{job=\"streaming/broker\",cluster=\"eu\"}) > 0",
    ),
    sound(
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(kafka_streams_stream_metrics_failed_stream_threads) > 0",
    ),
    sound(
        "confluent",
        "",
        "(kafka_controller_offlinepartitionscount) > 0",
        "(sum without (pod) (container_memory_working_set_bytes{container=\"broker\"})) > 4e9",
    ),
    sound(
        "confluent",
        "",
        "- alert: OfflinePartitions",
        "- alert: UnderReplicatedPartitions",
    ),
    fault(
        "KS-O04",
        "apache",
        "",
        "expr: kafka_brokers < 3",
        "expr: kafka_brokers_count < 3",
    ),
    fault(
        "KS-O06",
        "apache",
        "",
        "(kafka_consumergroup_lag) > 10000",
        "(rate(kafka_consumergroup_lag[5m])) > 100",
    ),
    fault(
        "KS-O07",
        "apache",
        "",
        "expr: kafka_brokers < 3",
        "expr: kafka_brokers < 0",
    ),
    fault(
        "KS-O08",
        "apache",
        "",
        "expr: kafka_brokers < 3",
        "expr: kafka_brokers{job=\"kafka-exporter\"} < 3",
    ),
    fault(
        "KS-O11",
        "apache",
        "",
        "sum by (consumergroup, topic) (",
        "sum by (consumergroup) (",
    ),
    sound(
        "apache",
        "",
        "expr: kafka_brokers < 3",
        "expr: kafka_brokers{job=\"exporter\"} < 3 or absent(kafka_brokers)",
    ),
    // Brokers without an agent export nothing; what clients export is theirs.
    fault(
        "KS-O04",
        "apache",
        "",
        "expr: kafka_brokers < 3",
        "expr: kafka_server_replicamanager_underreplicatedpartitions > 0",
    ),
    sound(
        "apache",
        "",
        "expr: kafka_brokers < 3",
        "expr: kafka_consumer_fetch_manager_records_lag_max > 1000",
    ),
];
