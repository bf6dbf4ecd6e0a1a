//! What people change in a file by hand, and then nothing refuses: one edit each, of the whole of a platform.

use insta::assert_snapshot;

use super::{Edit, fault, hold, sound, told};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const PODS: &str = "kafka/statefulset-kafka.yaml";
const REGISTRY: &str = "schema-registry/configmap-schema-registry.yaml";
const CONNECT: &str = "kafka-connect/configmap-kafka-connect.yaml";
const RULES: &str = "monitoring/prometheusrule-kafka.yaml";
const MONITOR: &str = "monitoring/podmonitor-kafka.yaml";
const ENSEMBLE: &str = "zookeeper/configmap-zookeeper.yaml";
const SERVERS: &str = "zookeeper/statefulset-zookeeper.yaml";
const LISTENERS: &str = "listeners=CLIENT://:9092,REPLICATION://:9091,CONTROLLER://:9093";
const TCP: &str = "          tcpSocket:\n            port: tcp-client\n";
const FORMAT: &str = "        - --cluster-id=dNslt4aLhoV1ilXY5BmCQA\n";
const GROUP: &str = "schema.registry.group.id=";
const INDEX: &str = "metadata.labels['apps.kubernetes.io/pod-index']";

#[test]
fn what_is_edited_by_hand_is_found() {
    hold(ALL);
    let faults: Vec<Edit> = ALL.iter().filter(|edit| edit.expected.is_some()).cloned().collect();
    assert_snapshot!("edited", told(&faults));
}

/// A fault in the settings of the brokers of `prod`.
const fn setting(rule: &'static str, from: &'static str, to: &'static str) -> Edit {
    fault(rule, "prod", BROKER, from, to)
}

/// A setting of the registry of `prod` whose value it refuses, in the place of its group.
const fn registry(line: &'static str) -> Edit {
    fault(
        "KS-R10",
        "prod",
        REGISTRY,
        "schema.registry.group.id=schema-registry",
        line,
    )
}

/// A fault in the pods of the brokers of `prod`.
const fn pod(rule: &'static str, from: &'static str, to: &'static str) -> Edit {
    fault(rule, "prod", PODS, from, to)
}

pub(super) const ALL: &[Edit] = &[
    // Listeners of the own pod alone.
    setting(
        "KS-K57",
        LISTENERS,
        "listeners=CLIENT://localhost:9092,REPLICATION://:9091,CONTROLLER://:9093",
    ),
    setting(
        "KS-K57",
        LISTENERS,
        "listeners=CLIENT://:9092,REPLICATION://:9091,CONTROLLER://127.0.0.1:9093",
    ),
    fault(
        "KS-K57",
        "prod",
        REGISTRY,
        "http://0.0.0.0:8081",
        "http://localhost:8081",
    ),
    fault("KS-K57", "prod", CONNECT, "http://0.0.0.0:8083", "http://[::1]:8083"),
    sound(
        "prod",
        BROKER,
        LISTENERS,
        "listeners=CLIENT://0.0.0.0:9092,REPLICATION://:9091,CONTROLLER://:9093",
    ),
    // Where the data lies, and whether it fits.
    setting("KS-P03", "log.dirs=/var/lib/kafka/data/log", "log.dirs=data/log"),
    setting("KS-P03", "    log.dirs=/var/lib/kafka/data/log\n", ""),
    sound(
        "prod",
        BROKER,
        "log.dirs=/var/lib/kafka/data/log",
        "log.dir=/var/lib/kafka/data/log",
    ),
    pod("KS-K36", "storage: 100Gi", "storage: 512Mi"),
    fault("KS-K36", "prod-zookeeper", SERVERS, "storage: 10Gi", "storage: 100Mi"),
    sound("prod-zookeeper", SERVERS, "storage: 10Gi", "storage: 1Gi"),
    pod("KS-P23", "- ReadWriteOnce", "- ReadOnlyMany"),
    sound("prod", PODS, "- ReadWriteOnce", "- ReadWriteOncePod"),
    // The id of the cluster, and the format.
    pod("KS-K16", "--cluster-id=dNslt4aLhoV1ilXY5BmCQA", "--cluster-id=kafka"),
    sound(
        "prod",
        PODS,
        "--cluster-id=dNslt4aLhoV1ilXY5BmCQA",
        "--cluster-id=dNslt4aLhoV1ilXY5BmCQA==",
    ),
    pod("KS-P60", FORMAT, ""),
    pod("KS-P60", "        - --config=/etc/kafka-stacks/server.properties\n", ""),
    pod("KS-P61", "        - --ignore-formatted\n", ""),
    sound("prod", PODS, FORMAT, "        - -t=dNslt4aLhoV1ilXY5BmCQA\n"),
    // Commands and files.
    pod("KS-P42", "        - -c\n        - |\n", "        - |\n"),
    pod(
        "KS-P41",
        "restart-gate.sh\n              - before-stop",
        "gate.sh\n              - before-stop",
    ),
    pod(
        "KS-P41",
        "restart-gate.sh\n            - after-start",
        "gate.sh\n            - after-start",
    ),
    pod(
        "KS-P41",
        "exec kafka-server-start /etc/kafka-stacks/server.properties",
        "exec kafka-server-start /etc/kafka/server.properties",
    ),
    // Probes.
    pod(
        "KS-P62",
        TCP,
        "          httpGet:\n            path: /\n            port: tcp-client\n",
    ),
    sound(
        "prod",
        PODS,
        TCP,
        "          tcpSocket:\n            port: tcp-replication\n",
    ),
    sound(
        "prod",
        PODS,
        TCP,
        "          httpGet:\n            path: /metrics\n            port: http-metrics\n",
    ),
    fault("KS-P62", "prod", MONITOR, "port: http-metrics", "port: tcp-client"),
    pod(
        "KS-P05",
        "          failureThreshold: 480\n",
        "          failureThreshold: 1\n",
    ),
    sound(
        "prod",
        PODS,
        "          failureThreshold: 480\n",
        "          failureThreshold: 30\n",
    ),
    // Voters and servers.
    setting("KS-P17", "voters=0@kafka-0.", "voters=kafka-0."),
    fault("KS-P17", "prod-zookeeper", ENSEMBLE, "server.1=", "server.0="),
    fault("KS-P13", "prod-zookeeper", SERVERS, INDEX, "metadata.name"),
    fault(
        "KS-P12",
        "prod-zookeeper",
        BROKER,
        "2181,zookeeper-2",
        "2181/kafka,zookeeper-2",
    ),
    sound(
        "prod-zookeeper",
        BROKER,
        "zookeeper-3.zookeeper-headless.kafka.svc.cluster.local:2181\n",
        "zookeeper-3.zookeeper-headless.kafka.svc.cluster.local:2181/kafka\n",
    ),
    // Nodes.
    pod(
        "KS-A40",
        "topologyKey: kubernetes.io/hostname",
        "topologyKey: kubernetes.io/hostnames",
    ),
    pod(
        "KS-A40",
        "topologyKey: topology.kubernetes.io/zone",
        "topologyKey: kubernetes.io/zone",
    ),
    sound(
        "prod",
        PODS,
        "topologyKey: topology.kubernetes.io/zone",
        "topologyKey: example.com/rack",
    ),
    // Monitoring.
    fault(
        "KS-O11",
        "prod",
        RULES,
        "{{ $labels.kafka_cluster }}",
        "{{ $labels.kafka_cluster }",
    ),
    fault("KS-O24", "prod", MONITOR, "interval: 30s", "interval: 30"),
    setting("KS-O27", "rootLogger.level = info", "rootLogger.level = infos"),
    sound("prod", BROKER, "rootLogger.level = info", "rootLogger.level = WARN"),
    // The registry, and topics of a component alone.
    fault("KS-R10", "prod", REGISTRY, "level=backward", "level=backwards"),
    fault("KS-R10", "prod", REGISTRY, "PLAINTEXT://kafka", "SSL://kafka"),
    registry("leader.eligibility=yes"),
    registry("kafkastore.timeout.ms=500ms"),
    registry("kafkastore.init.timeout.ms=-1"),
    registry("kafkastore.topic.skip.validation=no"),
    registry("authentication.method=basic"),
    registry("schema.cache.size=1k"),
    fault("KS-R10", "prod", REGISTRY, "factor=3", "factor=three"),
    fault(
        "KS-R10",
        "prod",
        REGISTRY,
        "listeners=http://0.0.0.0:8081",
        "listeners=0.0.0.0:8081",
    ),
    fault(
        "KS-R10",
        "prod",
        REGISTRY,
        "listeners=http://0.0.0.0:8081",
        "listeners=PLAINTEXT://0.0.0.0:8081",
    ),
    fault(
        "KS-R10",
        "prod",
        REGISTRY,
        "listeners=http://0.0.0.0:8081",
        "listeners=http://0.0.0.0",
    ),
    sound(
        "prod",
        REGISTRY,
        GROUP,
        "authentication.method=NONE\n    schema.registry.group.id=",
    ),
    sound(
        "prod",
        REGISTRY,
        GROUP,
        "kafkastore.timeout.ms=0\n    schema.registry.group.id=",
    ),
    sound(
        "prod",
        REGISTRY,
        GROUP,
        "leader.eligibility=TRUE\n    schema.registry.group.id=",
    ),
    sound(
        "prod",
        REGISTRY,
        GROUP,
        "my.extension.level=high\n    schema.registry.group.id=",
    ),
    sound("prod", REGISTRY, "level=backward", "level=FULL_TRANSITIVE"),
    sound("prod", REGISTRY, "PLAINTEXT://kafka", "kafka"),
    fault(
        "KS-T15",
        "prod",
        REGISTRY,
        "kafkastore.topic=_schemas",
        "kafkastore.topic=call.events",
    ),
    fault(
        "KS-T15",
        "prod",
        CONNECT,
        "config.storage.topic=connect-configs",
        "config.storage.topic=crm.updates",
    ),
    fault(
        "KS-R03",
        "prod",
        CONNECT,
        "config.storage.topic=connect-configs",
        "config.storage.topic=connect configs",
    ),
];
