//! Pods against their configuration; ports and addresses.

use super::{fault, hold, sound};

const BROKERS: &str = "kafka/statefulset-kafka.yaml";
const SERVER: &str = "kafka/configmap-kafka.yaml";
const CONTROLLERS: &str = "kafka/configmap-kafka-controller.yaml";
const CLIENTS: &str = "kafka/service-kafka.yaml";
const WORKERS: &str = "kafka-connect/deployment-kafka-connect.yaml";
const WORKER: &str = "kafka-connect/configmap-kafka-connect.yaml";
const REGISTRIES: &str = "schema-registry/deployment-schema-registry.yaml";
const REGISTRY: &str = "schema-registry/configmap-schema-registry.yaml";
const EXPORTER: &str = "monitoring/deployment-kafka-exporter.yaml";
const TOPICS: &str = "kafka-topics/job-kafka-topics.yaml";
const TOPICS_FILES: &str = "kafka-topics/configmap-kafka-topics.yaml";
const ENSEMBLE: &str = "zookeeper/statefulset-zookeeper.yaml";
const ZOOKEEPER: &str = "zookeeper/configmap-zookeeper.yaml";

/// A stack, a file of its output, a text in it, and what takes its place.
type Edit = (&'static str, &'static str, &'static str, &'static str);

/// The variable before which others are put.
const NODE_ID: &str = "        - name: NODE_ID\n";
/// The image of the container that formats the volume.
const FORMAT_IMAGE: &str =
    "image: confluentinc/cp-kafka:8.3.1\n        resources:\n          limits:\n            cpu: \"1\"";
/// The volume for temporary files of the process.
const TMP: &str = "        - name: tmp\n          mountPath: /tmp\n";
const HEAP: &str = "-Xms4096m -Xmx4096m";
const ADVERTISED: &str = "advertised.listeners=CLIENT://${env:POD_NAME}.kafka-headless.kafka.svc.cluster.local:9092,";

/// What is wrong, by the rule that finds it.
const FAULTS: &[(&str, Edit)] = &[
    (
        "KS-A47",
        (
            "prod",
            WORKERS,
            "whenUnsatisfiable: DoNotSchedule",
            "whenUnsatisfiable: ScheduleAnyway",
        ),
    ),
    (
        "KS-A46",
        (
            "prod",
            BROKERS,
            "            cpu: \"2\"\n            memory: 8Gi",
            "            cpu: \"2\"\n            memory: 2Gi",
        ),
    ),
    (
        "KS-K04",
        (
            "prod-dedicated",
            "kafka/statefulset-kafka-controller.yaml",
            "    start: 100\n",
            "    start: 2\n",
        ),
    ),
    (
        "KS-K28",
        (
            "prod-zookeeper",
            BROKERS,
            "  replicas: 3\n",
            "  ordinals:\n    start: 999\n  replicas: 3\n",
        ),
    ),
    (
        "KS-K05",
        (
            "prod",
            SERVER,
            ",2@kafka-2.kafka-headless.kafka.svc.cluster.local:9093",
            "",
        ),
    ),
    (
        "KS-K24",
        (
            "prod",
            SERVER,
            "controller.quorum.voters=",
            "controller.quorum.voters=9@kafka-9.kafka-headless.kafka.svc.cluster.local:9093,",
        ),
    ),
    (
        "KS-P12",
        (
            "prod-zookeeper",
            ZOOKEEPER,
            "    server.3=zookeeper-3.zookeeper-headless.kafka.svc.cluster.local:2888:3888\n",
            "",
        ),
    ),
    (
        "KS-K43",
        (
            "prod",
            SERVER,
            "controller.listener.names=CONTROLLER",
            "controller.listener.names=controller",
        ),
    ),
    ("KS-P40", ("prod", BROKERS, NODE_ID, "        - name: NODEID\n")),
    (
        "KS-P40",
        ("prod", BROKERS, "        - name: POD_NAME\n", "        - name: POD\n"),
    ),
    (
        "KS-P40",
        (
            "prod",
            SERVER,
            "log.dirs=/",
            "sasl.jaas.config=${env:JAAS}\n    log.dirs=/",
        ),
    ),
    ("KS-P40", ("prod", WORKERS, "- name: POD_IP", "- name: PODIP")),
    ("KS-P40", ("prod", REGISTRIES, "- name: POD_IP", "- name: PODIP")),
    (
        "KS-P41",
        ("prod", SERVER, "  server.properties: |", "  kafka.properties: |"),
    ),
    ("KS-P41", ("prod", SERVER, "  metrics.yaml: |", "  agent.yaml: |")),
    (
        "KS-P41",
        ("prod", SERVER, "  log4j2.properties: |", "  logging.properties: |"),
    ),
    (
        "KS-P41",
        (
            "prod",
            WORKER,
            "  connect-distributed.properties: |",
            "  connect.properties: |",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            REGISTRY,
            "  schema-registry.properties: |",
            "  registry.properties: |",
        ),
    ),
    ("KS-P41", ("prod", TOPICS_FILES, "  topics.sh: |", "  topic.sh: |")),
    ("KS-P41", ("prod", TOPICS_FILES, "  topics.txt: |", "  topic.txt: |")),
    (
        "KS-P41",
        (
            "prod",
            BROKERS,
            "mountPath: /etc/kafka-stacks",
            "mountPath: /etc/kafka-conf",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            WORKERS,
            "mountPath: /etc/kafka-stacks",
            "mountPath: /etc/kafka-conf",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            TOPICS,
            "mountPath: /etc/kafka-stacks",
            "mountPath: /etc/kafka-conf",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            BROKERS,
            "        - name: tmp\n          mountPath: /tmp",
            "        - name: tmp\n          mountPath: /etc/kafka-stacks/server.properties",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            BROKERS,
            "          name: kafka\n      - name: tmp",
            "          name: kafka\n          items:\n          - key: metrics.yaml\n            path: metrics.yaml\n      - name: tmp",
        ),
    ),
    (
        "KS-P43",
        (
            "prod",
            BROKERS,
            "metadata.labels['apps.kubernetes.io/pod-index']",
            "metadata.labels['apps.kubernetes.io/pod-ordinal']",
        ),
    ),
    (
        "KS-P43",
        (
            "prod",
            BROKERS,
            "metadata.labels['apps.kubernetes.io/pod-index']",
            "metadata.labels['pool']",
        ),
    ),
    (
        "KS-P43",
        (
            "prod",
            WORKERS,
            "fieldPath: status.podIP",
            "fieldPath: metadata.labels['apps.kubernetes.io/pod-index']",
        ),
    ),
    (
        "KS-P44",
        (
            "prod",
            BROKERS,
            FORMAT_IMAGE,
            "image: confluentinc/cp-kafka:7.9.6\n        resources:\n          limits:\n            cpu: \"1\"",
        ),
    ),
    (
        "KS-P53",
        (
            "prod",
            BROKERS,
            FORMAT_IMAGE,
            "image: apache/kafka:4.3.1\n        resources:\n          limits:\n            cpu: \"1\"",
        ),
    ),
    (
        "KS-P53",
        (
            "prod",
            BROKERS,
            FORMAT_IMAGE,
            "image: busybox:1.37\n        resources:\n          limits:\n            cpu: \"1\"",
        ),
    ),
    (
        "KS-P42",
        (
            "prod",
            TOPICS,
            "        - bash\n        - /etc/kafka-stacks/topics.sh",
            "        - bash",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            TOPICS,
            "        - /etc/kafka-stacks/topics.sh",
            "        - /etc/kafka-stacks/topic.sh",
        ),
    ),
    (
        "KS-P42",
        (
            "prod",
            BROKERS,
            "exec kafka-server-start /etc/kafka-stacks/server.properties",
            "exec kafka-server-start",
        ),
    ),
    (
        "KS-P45",
        (
            "prod",
            BROKERS,
            "        - name: tmp\n          mountPath: /tmp",
            "        - name: tmp\n          mountPath: /scratch",
        ),
    ),
    (
        "KS-P46",
        (
            "prod",
            BROKERS,
            NODE_ID,
            "        - name: CLUSTER_ID\n          value: T2xkQ2x1c3RlcklkMDAwMQ\n        - name: NODE_ID\n",
        ),
    ),
    ("KS-P47", ("prod", BROKERS, "}=9404:", "}=9092:")),
    ("KS-P51", ("prod", BROKERS, "}=9404:", "}=9405:")),
    ("KS-P47", ("prod", SERVER, "CONTROLLER://:9093", "CONTROLLER://:9404")),
    ("KS-C04", ("prod", BROKERS, HEAP, "-Xms8192m -Xmx8192m")),
    ("KS-C20", ("prod", BROKERS, HEAP, "-Xms4Gi -Xmx4Gi")),
    ("KS-C04", ("prod", BROKERS, HEAP, "-XX:MaxRAMPercentage=90")),
    ("KS-C20", ("prod", BROKERS, HEAP, "-Xms5g -Xmx4g")),
    ("KS-C14", ("prod", BROKERS, HEAP, "-Xmx100m")),
    ("KS-C04", ("prod", BROKERS, "memory: 8Gi", "memory: 5Gi")),
    ("KS-C04", ("prod", WORKERS, "memory: 4Gi", "memory: 2Gi")),
    (
        "KS-P48",
        (
            "prod",
            BROKERS,
            NODE_ID,
            "        - name: KAFKA_OPTS\n          value: -Djava.security.auth.login.config=/x\n        - name: NODE_ID\n",
        ),
    ),
    (
        "KS-P48",
        (
            "prod",
            BROKERS,
            NODE_ID,
            "        - name: KAFKA_HEAP_OPTS\n          value: -Xmx2g\n        - name: NODE_ID\n",
        ),
    ),
    (
        "KS-P52",
        (
            "prod",
            BROKERS,
            NODE_ID,
            "        - name: JAVA_TOOL_OPTIONS\n          value: -XX:+UseZGC\n        - name: NODE_ID\n",
        ),
    ),
    (
        "KS-P47",
        (
            "prod",
            BROKERS,
            NODE_ID,
            "        - name: JAVA_TOOL_OPTIONS\n          value: -javaagent:/usr/share/java/cp-base-new/a.jar=9404:/etc/kafka-stacks/metrics.yaml\n        - name: NODE_ID\n",
        ),
    ),
    (
        "KS-P51",
        (
            "prod",
            BROKERS,
            "            port: tcp-client\n          timeoutSeconds: 5\n        ports",
            "            port: 9999\n          timeoutSeconds: 5\n        ports",
        ),
    ),
    (
        "KS-P51",
        (
            "prod",
            WORKERS,
            "          httpGet:\n            path: /health\n            port: http",
            "          httpGet:\n            path: /health\n            port: 8084",
        ),
    ),
    (
        "KS-P51",
        (
            "prod",
            SERVER,
            "\n    listeners=CLIENT://:9092",
            "\n    listeners=CLIENT://:9095",
        ),
    ),
    ("KS-P51", ("prod", WORKER, ":8083", ":8084")),
    ("KS-P51", ("prod", REGISTRY, ":8081", ":8082")),
    (
        "KS-P51",
        ("prod", CLIENTS, "targetPort: tcp-client", "targetPort: 9095"),
    ),
    (
        "KS-P55",
        (
            "prod",
            SERVER,
            "1@kafka-1.kafka-headless.kafka.svc.cluster.local:9093",
            "1@kafka-1.kafka-headless.kafka.svc.cluster.local:9092",
        ),
    ),
    (
        "KS-P55",
        (
            "prod-dedicated",
            SERVER,
            "kafka.svc.cluster.local:9093,",
            "kafka.svc.cluster.local:9092,",
        ),
    ),
    (
        "KS-P55",
        (
            "prod-dedicated",
            CONTROLLERS,
            "CONTROLLER://:9093",
            "CONTROLLER://:9094",
        ),
    ),
    (
        "KS-P57",
        (
            "prod",
            SERVER,
            "advertised.listeners=CLIENT://${env:POD_NAME}.kafka-headless",
            "advertised.listeners=CLIENT://${env:POD_NAME}.kafka",
        ),
    ),
    (
        "KS-P57",
        (
            "prod",
            SERVER,
            ".kafka.svc.cluster.local:9092,REPL",
            ".kafka.svc.cluster.local:9093,REPL",
        ),
    ),
    (
        "KS-P57",
        (
            "prod",
            SERVER,
            ".kafka.svc.cluster.local:9092,REPL",
            ".kafka.svc.cluster.local,REPL",
        ),
    ),
    (
        "KS-P57",
        (
            "prod",
            SERVER,
            "advertised.listeners=CLIENT://${env:POD_NAME}.kafka-headless.kafka.",
            "advertised.listeners=CLIENT://${env:POD_NAME}.kafka-headless.other.",
        ),
    ),
    (
        "KS-P57",
        (
            "prod",
            SERVER,
            "advertised.listeners=CLIENT:",
            "advertised.listeners=OUTSIDE:",
        ),
    ),
    ("KS-P57", ("prod", SERVER, ADVERTISED, "advertised.listeners=")),
    ("KS-P58", ("prod", CLIENTS, "spec:\n", "spec:\n  type: LoadBalancer\n")),
    ("KS-P58", ("prod", CLIENTS, "spec:\n", "spec:\n  type: NodePort\n")),
    (
        "KS-P56",
        (
            "prod",
            WORKERS,
            "- kafka-1.kafka-headless.kafka.svc.cluster.local:9092",
            "- kafka-1.kafka-headless.kafka.svc.cluster.local:9094",
        ),
    ),
    (
        "KS-P56",
        (
            "prod",
            WORKERS,
            "- kafka-1.kafka-headless.kafka.svc.cluster.local:9092",
            "- kafka-1.kafka-headless.kafka.svc.cluster.local:9093",
        ),
    ),
    (
        "KS-P16",
        (
            "prod",
            EXPORTER,
            "--kafka.server=kafka.kafka.svc.cluster.local:9092",
            "--kafka.server=kafka.kafka.svc.cluster.local:9094",
        ),
    ),
    (
        "KS-P56",
        (
            "prod",
            EXPORTER,
            "--kafka.server=kafka.kafka.svc.cluster.local:9092",
            "--kafka.server=kafka-headless.kafka.svc.cluster.local:9093",
        ),
    ),
    (
        "KS-P51",
        ("prod", EXPORTER, "web.listen-address=:9308", "web.listen-address=:9309"),
    ),
    (
        "KS-P51",
        ("prod", EXPORTER, "containerPort: 9308", "containerPort: 9309"),
    ),
    (
        "KS-P56",
        (
            "prod-zookeeper",
            SERVER,
            "zookeeper-2.zookeeper-headless.kafka.svc.cluster.local:2181",
            "zookeeper-2.zookeeper-headless.kafka.svc.cluster.local:2182",
        ),
    ),
    (
        "KS-P51",
        ("prod-zookeeper", ZOOKEEPER, "clientPort=2181", "clientPort=2182"),
    ),
    (
        "KS-P17",
        (
            "prod-zookeeper",
            ZOOKEEPER,
            "zookeeper-3.zookeeper-headless.kafka.svc.cluster.local:2888:3888",
            "fd00::3:2888:3888",
        ),
    ),
    (
        "KS-P51",
        (
            "prod-zookeeper",
            ENSEMBLE,
            "/dev/tcp/127.0.0.1/2181",
            "/dev/tcp/127.0.0.1/2182",
        ),
    ),
    ("KS-C04", ("prod-zookeeper", ENSEMBLE, "memory: 2Gi", "memory: 1Gi")),
    (
        "KS-P54",
        (
            "prod-zookeeper",
            ENSEMBLE,
            "mkdir -p /var/lib/zookeeper/data/snapshots && echo \"$SERVER_ID\" > /var/lib/zookeeper/data/snapshots/myid",
            "mkdir -p /var/lib/zookeeper/data && echo \"$SERVER_ID\" > /var/lib/zookeeper/data/myid",
        ),
    ),
    (
        "KS-P40",
        ("prod-zookeeper", ENSEMBLE, "- name: SERVER_ID", "- name: SERVERID"),
    ),
    (
        "KS-P59",
        (
            "prod",
            REGISTRY,
            "listeners=http://0.0.0.0:8081",
            "listeners=http://fd00::1:8081",
        ),
    ),
    (
        "KS-P18",
        ("prod", REGISTRY, "host.name=${env:POD_IP}", "host.name=schema-registry"),
    ),
    (
        "KS-P56",
        (
            "prod",
            TOPICS,
            "value: kafka.kafka.svc.cluster.local:9092",
            "value: kafka-headless.kafka.svc.cluster.local:9093",
        ),
    ),
    (
        "KS-P41",
        (
            "prod",
            TOPICS,
            "value: /etc/kafka-stacks/topics.txt",
            "value: /etc/kafka-stacks/topics.csv",
        ),
    ),
    ("KS-P45", ("prod", REGISTRIES, TMP, "")),
    ("KS-P45", ("prod", TOPICS, TMP, "")),
    (
        "KS-P42",
        (
            "prod",
            BROKERS,
            "        - -c\n        - |\n          agent=(",
            "        - -c\n        - \"\"\n        - |\n          agent=(",
        ),
    ),
    (
        "KS-P50",
        (
            "prod",
            BROKERS,
            "        livenessProbe:\n          failureThreshold: 6\n          periodSeconds: 10\n          tcpSocket:\n            port: tcp-client\n          timeoutSeconds: 5\n",
            "        livenessProbe:\n          exec: {command: [kafka-broker-api-versions, --bootstrap-server, \"localhost:9092\"]}\n",
        ),
    ),
];

/// What only looks wrong.
const SOUND: &[Edit] = &[
    // How many voters there are is not known.
    (
        "confluent",
        "",
        "value: 0@broker-0.broker-headless.streaming.svc.cluster.local:9093,1@broker-1.broker-headless.streaming.svc.cluster.local:9093,2@broker-2.broker-headless.streaming.svc.cluster.local:9093",
        "valueFrom: {configMapKeyRef: {name: broker-agent, key: rules.yaml}}",
    ),
    (
        "prod",
        BROKERS,
        NODE_ID,
        "        - name: EXTRA\n          value: a\n        - name: NODE_ID\n",
    ),
    (
        "prod",
        BROKERS,
        FORMAT_IMAGE,
        "image: confluentinc/cp-kafka:8.3.0\n        resources:\n          limits:\n            cpu: \"1\"",
    ),
    (
        "prod",
        BROKERS,
        FORMAT_IMAGE,
        "image: registry.example.com/tools:1.2.3\n        resources:\n          limits:\n            cpu: \"1\"",
    ),
    (
        "prod",
        BROKERS,
        "metadata.labels['apps.kubernetes.io/pod-index']",
        "metadata.annotations['example.com/id']",
    ),
    ("prod", BROKERS, HEAP, "-Xms2g -Xmx4g"),
    ("prod", BROKERS, HEAP, "-XX:MaxRAMPercentage=50"),
    (
        "prod",
        BROKERS,
        NODE_ID,
        "        - name: JAVA_TOOL_OPTIONS\n          value: -XX:+UseG1GC\n        - name: NODE_ID\n",
    ),
    (
        "prod",
        BROKERS,
        NODE_ID,
        "        - name: JMX_PORT\n          value: \"9999\"\n        - name: NODE_ID\n",
    ),
    (
        "prod",
        BROKERS,
        "  KAFKA_HEAP_OPTS='",
        "  KAFKA_HEAP_OPTS=\"$KAFKA_HEAP_OPTS \"'",
    ),
    (
        "prod",
        BROKERS,
        TMP,
        "        - name: tmp\n          mountPath: /tmp\n        - name: tmp\n          mountPath: /scratch\n",
    ),
    (
        "prod",
        BROKERS,
        "/etc/kafka-stacks/server.properties\n        env",
        "/etc/kafka-stacks/..data/server.properties\n        env",
    ),
    (
        "prod",
        SERVER,
        ADVERTISED,
        "advertised.listeners=CLIENT://${env:POD_NAME}.kafka-headless:9092,",
    ),
    (
        "prod",
        SERVER,
        ADVERTISED,
        "advertised.listeners=CLIENT://${env:POD_NAME}.brokers.example.org:443,",
    ),
    ("prod", WORKER, "\n    listeners=http", "\n    #listeners=http"),
    (
        "prod",
        WORKERS,
        "        - name: POD_IP\n",
        "        - name: ROOM\n          value: /etc/kafka-stacks\n        - name: POD_IP\n",
    ),
    (
        "prod",
        EXPORTER,
        "--kafka.server=kafka.kafka.svc.cluster.local:9092",
        "--kafka.server=kafka-headless.kafka.svc.cluster.local:9092",
    ),
    (
        "prod",
        REGISTRY,
        "listeners=http://0.0.0.0:8081",
        "listeners=http://[::]:8081",
    ),
    ("prod", CLIENTS, "targetPort: tcp-client", "targetPort: 9092"),
    (
        "prod",
        TOPICS,
        "        - /etc/kafka-stacks/topics.sh",
        "        - -e\n        - /etc/kafka-stacks/topics.sh",
    ),
    (
        "prod-zookeeper",
        ENSEMBLE,
        "echo \"$SERVER_ID\" >",
        "echo \"${SERVER_ID:-1}\" >",
    ),
];

/// What is wrong, as edits.
pub(super) fn faults() -> impl Iterator<Item = super::Edit> {
    let faults = FAULTS.iter();
    faults.map(|(rule, (stack, file, from, to))| fault(rule, stack, file, from, to))
}

#[test]
fn pods_and_ports() {
    let sounds = SOUND.iter().map(|(stack, file, from, to)| sound(stack, file, from, to));
    hold(&faults().chain(sounds).collect::<Vec<_>>());
}
