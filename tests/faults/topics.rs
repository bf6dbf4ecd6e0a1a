//! Topics in files: each against itself, and against the brokers of its cluster.

use super::{Edit, fault, hold, sound};

const FILE: &str = "kafka-topics/configmap-kafka-topics.yaml";
const BROKER: &str = "kafka/configmap-kafka.yaml";
const CLIENTS: &str = "kafka-clients/configmap-kafka-clients.yaml";

#[test]
fn topics() {
    hold(ALL);
}

/// A fault in the topics of `prod`.
const fn declared(rule: &'static str, from: &'static str, to: &'static str) -> Edit {
    fault(rule, "prod", FILE, from, to)
}

/// A fault in a file that no Job of the layout reads.
const fn unread(rule: &'static str, from: &'static str, to: &'static str) -> Edit {
    fault(rule, "apache", "", from, to)
}

pub(super) const ALL: &[Edit] = &[
    // Names.
    declared(
        "KS-T01",
        "    call.events partitions=24",
        "    call/events partitions=24",
    ),
    unread("KS-T01", "    orders partitions=12", "    .. partitions=12"),
    declared(
        "KS-T02",
        "    crm.updates partitions=12",
        "    crm_updates partitions=12\n    crm_updates replication.factor=3\n    crm.updates partitions=12",
    ),
    unread(
        "KS-T02",
        "    orders partitions=12",
        "    invoices_paid partitions=12\n    orders partitions=12",
    ),
    declared("KS-T03", "    call.events partitions=24", "    __call partitions=24"),
    unread("KS-T03", "    orders partitions=12", "    __orders partitions=12"),
    declared(
        "KS-T15",
        "    crm.updates partitions=12",
        "    call.events partitions=12",
    ),
    // Lines.
    declared("KS-T16", "crm.updates partitions=12", "crm.updates partitions=0"),
    declared("KS-T16", "crm.updates partitions=12", "crm.updates partitions=100000"),
    unread("KS-T16", "    orders partitions=12", "    orders partitions=twelve"),
    declared(
        "KS-T19",
        "crm.updates cleanup.policy=delete",
        "crm.updates cleanup.policy delete",
    ),
    declared("KS-T19", "crm.updates cleanup.policy=delete", "cleanup.policy=delete"),
    declared("KS-T19", "    crm.updates partitions=12\n", ""),
    declared("KS-T19", "    crm.updates replication.factor=3\n", ""),
    declared(
        "KS-T19",
        "    crm.updates min.insync.replicas=2\n",
        "    crm.updates min.insync.replicas=2\n    crm.updates min.insync.replicas=2\n",
    ),
    declared(
        "KS-T19",
        "crm.updates compression.type=snappy",
        "crm.updates compression.type=snäppy",
    ),
    sound(
        "prod",
        FILE,
        "    crm.updates partitions=12\n",
        "\n    # more later\n      crm.updates partitions = 12\n",
    ),
    sound("prod", FILE, "    crm.updates compression.type=snappy\n", ""),
    // Cleanup.
    declared(
        "KS-T07",
        "crm.updates cleanup.policy=delete",
        "crm.updates cleanup.policy=compact",
    ),
    declared(
        "KS-T07",
        "billing.transactions segment.ms=3600000",
        "billing.transactions segment.ms=3600000\n    billing.transactions remote.storage.enable=true",
    ),
    unread(
        "KS-T07",
        "    orders cleanup.policy=delete",
        "    orders cleanup.policy=compact",
    ),
    sound(
        "prod",
        FILE,
        "crm.updates cleanup.policy=delete",
        "crm.updates cleanup.policy=compact,delete",
    ),
    sound("prod", FILE, "    crm.updates cleanup.policy=delete\n", ""),
    declared(
        "KS-T18",
        "call.events retention.ms=604800000",
        "call.events retention.ms=0",
    ),
    unread(
        "KS-T18",
        "    orders retention.ms=604800000",
        "    orders retention.bytes=0",
    ),
    declared(
        "KS-T11",
        "billing.transactions segment.ms=3600000",
        "billing.transactions min.compaction.lag.ms=7200000\n    billing.transactions max.compaction.lag.ms=3600000",
    ),
    unread(
        "KS-T11",
        "    invoices.paid cleanup.policy=compact",
        "    invoices.paid min.compaction.lag.ms=7200000\n    invoices.paid max.compaction.lag.ms=3600000",
    ),
    sound(
        "prod",
        FILE,
        "billing.transactions segment.ms=3600000",
        "billing.transactions min.compaction.lag.ms=3600000\n    billing.transactions max.compaction.lag.ms=7200000",
    ),
    declared(
        "KS-T13",
        "call.events retention.ms=604800000",
        "call.events retention.ms=3600000",
    ),
    unread(
        "KS-T13",
        "    orders retention.ms=604800000",
        "    orders retention.ms=60000\n    orders segment.ms=604800000",
    ),
    // The age of a segment is a setting of brokers, which are not known.
    sound(
        "apache",
        "",
        "    orders retention.ms=604800000",
        "    orders retention.ms=3600000",
    ),
    sound(
        "prod",
        FILE,
        "call.events retention.ms=604800000",
        "call.events retention.ms=3600000\n    call.events segment.ms=3600000",
    ),
    fault(
        "KS-T13",
        "prod",
        BROKER,
        "    num.io.threads=8",
        "    log.roll.hours=1680\n    num.io.threads=8",
    ),
    // Sizes.
    declared(
        "KS-T12",
        "call.events max.message.bytes=1048576",
        "call.events max.message.bytes=10485760\n    call.events segment.bytes=1048576",
    ),
    declared(
        "KS-T12",
        "call.events max.message.bytes=1048576",
        "call.events max.message.bytes=110000000",
    ),
    unread(
        "KS-T12",
        "    orders retention.ms=604800000",
        "    orders max.message.bytes=10485760\n    orders segment.bytes=1048576",
    ),
    declared(
        "KS-T14",
        "call.events max.message.bytes=1048576",
        "call.events max.message.bytes=10485760",
    ),
    fault(
        "KS-T14",
        "prod-zookeeper",
        FILE,
        "call.events max.message.bytes=1048576",
        "call.events max.message.bytes=10485760",
    ),
    fault(
        "KS-T14",
        "prod",
        BROKER,
        "    num.io.threads=8",
        "    replica.fetch.max.bytes=100000\n    num.io.threads=8",
    ),
    sound(
        "prod",
        FILE,
        "call.events max.message.bytes=1048576",
        "call.events max.message.bytes=65536",
    ),
    sound(
        "apache",
        "",
        "    orders retention.ms=604800000",
        "    orders max.message.bytes=10485760",
    ),
    // Replication.
    declared(
        "KS-D01",
        "crm.updates replication.factor=3",
        "crm.updates replication.factor=4",
    ),
    fault(
        "KS-D01",
        "prod-dedicated",
        FILE,
        "crm.updates replication.factor=3",
        "crm.updates replication.factor=9",
    ),
    declared(
        "KS-D02",
        "crm.updates min.insync.replicas=2",
        "crm.updates min.insync.replicas=4",
    ),
    declared(
        "KS-D03",
        "crm.updates min.insync.replicas=2",
        "crm.updates min.insync.replicas=3",
    ),
    declared(
        "KS-D03",
        "crm.updates replication.factor=3",
        "crm.updates replication.factor=2",
    ),
    declared(
        "KS-D04",
        "crm.updates replication.factor=3",
        "crm.updates replication.factor=1",
    ),
    declared(
        "KS-D04",
        "crm.updates min.insync.replicas=2",
        "crm.updates min.insync.replicas=1",
    ),
    declared(
        "KS-D09",
        "crm.updates replication.factor=3",
        "crm.updates replication.factor=0",
    ),
    declared(
        "KS-D09",
        "crm.updates min.insync.replicas=2",
        "crm.updates min.insync.replicas=0",
    ),
    unread(
        "KS-D02",
        "    orders min.insync.replicas=2",
        "    orders min.insync.replicas=5",
    ),
    unread(
        "KS-D04",
        "    orders replication.factor=3",
        "    orders replication.factor=1",
    ),
    sound("prod", FILE, "    crm.updates min.insync.replicas=2\n", ""),
    sound(
        "apache",
        "",
        "    orders replication.factor=3",
        "    orders replication.factor=5",
    ),
    declared("KS-T17", "  topics.txt: |", "  topics.txt: \"\"\n  more.txt: |"),
    fault(
        "KS-T32",
        "prod-zookeeper",
        FILE,
        "    crm.updates compression.type=snappy",
        "    crm.updates message.format.version=3.9-IV0",
    ),
    // Names of settings, which are judged with the topic's file.
    declared(
        "KS-T30",
        "call.events retention.ms=604800000",
        "call.events retention.millis=604800000",
    ),
    declared(
        "KS-T31",
        "call.events retention.ms=604800000",
        "call.events log.retention.ms=604800000",
    ),
    unread(
        "KS-T33",
        "    orders cleanup.policy=delete",
        "    orders cleanup.policy=deleted",
    ),
    // Clients against the brokers that they connect to.
    fault(
        "KS-E03",
        "prod",
        CLIENTS,
        "    transactional.id=",
        "    transaction.timeout.ms=900001\n    transactional.id=",
    ),
    fault(
        "KS-E04",
        "prod",
        BROKER,
        "    num.io.threads=8",
        "    num.io.threads=8\n    group.max.session.timeout.ms=9000",
    ),
    sound(
        "prod",
        CLIENTS,
        "    transactional.id=",
        "    transaction.timeout.ms=900000\n    transactional.id=",
    ),
    fault(
        "KS-E04",
        "prod",
        CLIENTS,
        "session.timeout.ms=10000",
        "session.timeout.ms=5999",
    ),
    fault(
        "KS-E10",
        "prod",
        CLIENTS,
        "bootstrap.servers=kafka.kafka.svc.cluster.local:9092",
        "bootstrap.servers=kafka.kafka.svc.cluster.local",
    ),
    fault(
        "KS-E10",
        "prod",
        "kafka-connect/configmap-kafka-connect.yaml",
        "bootstrap.servers=kafka.kafka.svc.cluster.local:9092",
        "bootstrap.servers=kafka.kafka.svc.cluster.local:kafka",
    ),
    fault(
        "KS-E10",
        "apache",
        "",
        "events.svc.cluster.local:9092\n    acks",
        "events.svc.cluster.local\n    acks",
    ),
    sound(
        "apache",
        "",
        "events.svc.cluster.local:9092\n    acks",
        "events.svc.cluster.local:9092,\n    acks",
    ),
];
