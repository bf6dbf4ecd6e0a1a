//! Settings that the process does not know, or does not take.

use super::{Edit, fault, hold, sound};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const WORKER: &str = "kafka-connect/configmap-kafka-connect.yaml";

#[test]
fn settings() {
    hold(ALL);
}

pub(super) const ALL: &[Edit] = &[
    fault("KS-K30", "prod", BROKER, "num.io.threads=8", "num.io.thread=8"),
    fault("KS-K31", "prod", BROKER, "num.io.threads=8", "linger.ms=8"),
    fault(
        "KS-K31",
        "prod",
        BROKER,
        "num.io.threads=8",
        "zookeeper.connect=zookeeper:2181",
    ),
    fault("KS-K33", "prod", BROKER, "num.io.threads=8", "num.io.threads=0"),
    fault(
        "KS-K33",
        "prod",
        BROKER,
        "compression.type=snappy",
        "compression.type=snapy",
    ),
    fault(
        "KS-K33",
        "prod-dedicated",
        BROKER,
        "auto.create.topics.enable=false",
        "auto.create.topics.enable=no",
    ),
    fault("KS-K32", "prod", BROKER, "num.io.threads=8", "log.cleaner.enable=true"),
    fault(
        "KS-R32",
        "prod-zookeeper",
        WORKER,
        "group.id=",
        "auto.include.jmx.reporter=true\n    group.id=",
    ),
    fault(
        "KS-R05",
        "prod",
        "kafka-connect/deployment-kafka-connect.yaml",
        "image: confluentinc/cp-kafka-connect:8.3.1\n        livenessProbe",
        "image: apache/kafka:4.3.1\n        livenessProbe",
    ),
    fault(
        "KS-R08",
        "prod",
        WORKER,
        "value.converter.schema.registry.url=http://",
        "value.converter.schema.registry.url=",
    ),
    fault(
        "KS-D04",
        "prod",
        "schema-registry/configmap-schema-registry.yaml",
        "kafkastore.topic.replication.factor=3",
        "kafkastore.topic.replication.factor=1",
    ),
    // Keys of the registry.
    fault(
        "KS-R09",
        "prod",
        "schema-registry/configmap-schema-registry.yaml",
        "schema.compatibility.level=backward",
        "schema.compatability.level=backward",
    ),
    sound(
        "prod",
        "schema-registry/configmap-schema-registry.yaml",
        "schema.compatibility.level=backward",
        "schema.compatibility.level=backward\n    my.extension.level=3",
    ),
    // The same of Apicurio's, in variables.
    fault(
        "KS-R09",
        "strimzi",
        "",
        "APICURIO_KAFKASQL_BOOT",
        "APICURIO_KAFKA_SQL_BOOT",
    ),
    fault(
        "KS-R09",
        "strimzi",
        "",
        "APICURIO_STORAGE_KIND",
        "REGISTRY_STORAGE_KIND",
    ),
    fault("KS-R10", "strimzi", "", "value: kafkasql", "value: kafka"),
    fault("KS-R10", "strimzi", "", "value: BACKWARD", "value: backward"),
    fault("KS-R10", "strimzi", "", "value: \"2000\"", "value: unlimited"),
    fault("KS-C14", "strimzi", "", "-XX:MaxRAMPercentage=50", "-Xmx32m"),
    fault(
        "KS-C04",
        "strimzi",
        "",
        "-XX:MaxRAMPercentage=50",
        "-XX:MaxRAMPercentage=90",
    ),
    sound(
        "strimzi",
        "",
        "APICURIO_CCOMPAT_MAX_SUBJECTS",
        "EXAMPLE_CCOMPAT_MAX_SUBJECT",
    ),
    sound(
        "strimzi",
        "",
        "APICURIO_CCOMPAT_MAX_SUBJECTS",
        "APICURIO_KAFKA_COMMON_RETRIES",
    ),
    sound("prod", BROKER, "num.io.threads=8", "num.io.threads = 16"),
    sound("prod", BROKER, "num.io.threads=8", "num.io.threads: 16"),
    sound("prod", BROKER, "num.io.threads=8", "num.io.threads=${env:NODE_ID}"),
    fault("KS-R30", "prod", WORKER, "group.id=", "groupid=x\n    group.id="),
    fault("KS-R31", "prod", WORKER, "group.id=", "linger.ms=1\n    group.id="),
    sound("prod", WORKER, "group.id=", "producer.linger.ms=1\n    group.id="),
    fault(
        "KS-R33",
        "prod",
        WORKER,
        "group.id=",
        "producer.linger.ms=soon\n    group.id=",
    ),
    fault(
        "KS-K30",
        "apache",
        "",
        "log.retention.hours=72",
        "log.retention.hour=72",
    ),
    fault(
        "KS-K33",
        "apache",
        "",
        "log.segment.bytes=268435456",
        "log.segment.bytes=256MiB",
    ),
    fault("KS-E30", "apache", "", "linger.ms=5", "lingr.ms=5"),
    fault("KS-E31", "apache", "", "isolation.level=read_committed", "acks=all"),
    fault(
        "KS-E33",
        "apache",
        "",
        "isolation.level=read_committed",
        "isolation.level=committed",
    ),
    fault(
        "KS-K33",
        "confluent",
        "",
        "KAFKA_DEFAULT_REPLICATION_FACTOR\n              value: '3'",
        "KAFKA_DEFAULT_REPLICATION_FACTOR\n              value: three",
    ),
    // Variables of a ConfigMap.
    fault(
        "KS-K33",
        "variables",
        "",
        "KAFKA_DEFAULT_REPLICATION_FACTOR: '3'",
        "KAFKA_DEFAULT_REPLICATION_FACTOR: three",
    ),
    fault(
        "KS-D04",
        "variables",
        "",
        "KAFKA_MIN_INSYNC_REPLICAS: '2'",
        "KAFKA_MIN_INSYNC_REPLICAS: '1'",
    ),
    fault(
        "KS-K40",
        "variables",
        "",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: CLIENT:PLAINTEXT,",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: CLINT:PLAINTEXT,",
    ),
    fault(
        "KS-D08",
        "variables",
        "",
        "                name: broker-variables\n          env:\n",
        "                name: broker-variables\n          env:\n            - name: KAFKA_AUTO_CREATE_TOPICS_ENABLE\n              value: 'true'\n",
    ),
    sound(
        "variables",
        "",
        "CLUSTER_ID: WXo4c0tSYlFOc1lEa3ZkTw",
        "CLUSTER_ID: mZ0y3Kq1R8aT5bV7cX9dEw",
    ),
    fault(
        "KS-K30",
        "confluent",
        "",
        "KAFKA_DEFAULT_REPLICATION_FACTOR",
        "KAFKA_DEFAULT_REPLICATON_FACTOR",
    ),
    fault(
        "KS-R33",
        "confluent",
        "",
        "CONNECT_OFFSET_STORAGE_REPLICATION_FACTOR\n              value: '3'",
        "CONNECT_OFFSET_STORAGE_REPLICATION_FACTOR\n              value: three",
    ),
];
