//! Settings that the process does not know, or does not take.

use super::{Edit, fault, hold, sound};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const WORKER: &str = "kafka-connect/configmap-kafka-connect.yaml";

#[test]
fn settings() {
    hold(ALL);
}

const ALL: &[Edit] = &[
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
