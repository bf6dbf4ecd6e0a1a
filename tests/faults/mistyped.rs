//! Words and numbers that are mistyped where nothing but the process itself would say so, and values that it takes and should not.

use insta::assert_snapshot;

use super::{Edit, fault, hold, sound, told};

const BROKER: &str = "kafka/configmap-kafka.yaml";
const PODS: &str = "kafka/statefulset-kafka.yaml";
const SERVICE: &str = "kafka/service-kafka.yaml";
const POLICY: &str = "kafka/networkpolicy-kafka.yaml";
const TOPICS: &str = "kafka-topics/job-kafka-topics.yaml";
const ENSEMBLE: &str = "zookeeper/configmap-zookeeper.yaml";
const LAST: &str = "    transactional.id.expiration.ms=604800000\n";
const G1: &str = "-XX:+UseG1GC";
const PAUSE: &str = "-XX:MaxGCPauseMillis=20";
const START: &str = "exec kafka-server-start";
const TO_CLIENTS: &str = "  - ports:\n    - port: 9092\n      protocol: TCP\n";

#[test]
fn what_is_mistyped_is_found() {
    hold(ALL);
    let faults: Vec<Edit> = ALL.iter().filter(|edit| edit.expected.is_some()).cloned().collect();
    assert_snapshot!("mistyped", told(&faults));
}

/// A fault in the pods of the brokers of `prod`.
const fn pod(rule: &'static str, from: &'static str, to: &'static str) -> Edit {
    fault(rule, "prod", PODS, from, to)
}

/// An option of the JVM of the brokers, in the place of another one.
const fn flag(from: &'static str, to: &'static str) -> Edit {
    fault("KS-P63", "prod", PODS, from, to)
}

/// A setting of the brokers of `prod` that is far from any use.
const fn extreme(line: &'static str) -> Edit {
    fault("KS-K59", "prod", BROKER, LAST, line)
}

const fn takes(line: &'static str) -> Edit {
    sound("prod", BROKER, LAST, line)
}

/// A line of ZooKeeper's file.
const fn server(from: &'static str, to: &'static str) -> Edit {
    fault("KS-K58", "prod-zookeeper", ENSEMBLE, from, to)
}

const fn serves(from: &'static str, to: &'static str) -> Edit {
    sound("prod-zookeeper", ENSEMBLE, from, to)
}

pub(super) const ALL: &[Edit] = &[
    // Options of the JVM.
    flag(G1, "-XX:+UseG1CG"),
    flag(G1, "-XX:+useG1GC"),
    flag(G1, "-XX:UseG1GC"),
    flag(G1, "-XX:+UseG1GC=true"),
    flag(G1, "-XX:+UseG1GC -XX:+UseCMSInitiatingOccupancyOnly"),
    flag(G1, "-XX:+UseG1GC -XX:+PrintGCDateStamps"),
    flag(G1, "-XX:+UseG1GC -Xss=1m"),
    flag(PAUSE, "-XX:MaxGCPauseMilis=20"),
    flag(PAUSE, "-XX:MaxGCPauseMillis"),
    flag(PAUSE, "-XX:+MaxGCPauseMillis=20"),
    flag(PAUSE, "-XX:MaxGCPauseMillis=20ms"),
    flag(
        "-XX:InitiatingHeapOccupancyPercent=35",
        "-XX:InitiatingHeapOccupancyPercent=350",
    ),
    flag("-XX:+ExitOnOutOfMemoryError", "-XX:+ExitOnOutOfMemory"),
    flag("'-server ", "'-serer "),
    flag("-Djava.awt.headless", "-djava.awt.headless"),
    sound("prod", PODS, G1, "-XX:+UseZGC"),
    sound("prod", PODS, G1, "-XX:+UseG1GC -Xss512k -XX:G1HeapRegionSize=16M"),
    sound("prod", PODS, G1, "-XX:+UseG1GC -XX:+SomethingOfAnotherJvm"),
    sound("prod", PODS, G1, "-XX:+IgnoreUnrecognizedVMOptions -XX:+UseG1CG"),
    sound("prod", PODS, PAUSE, "-XX:MaxGCPauseMillis=50"),
    sound(
        "prod",
        PODS,
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:OnOutOfMemoryError=/bin/true",
    ),
    // Programs.
    pod("KS-P53", START, "exec kafka-sever-start"),
    pod("KS-P53", START, "exec kafka-server-star"),
    pod("KS-P53", "- kafka-storage\n", "- kafka-storge\n"),
    pod("KS-P53", "        - bash\n        - -c", "        - bsh\n        - -c"),
    pod(
        "KS-P53",
        "              - bash\n              - /etc",
        "              - bahs\n              - /etc",
    ),
    pod("KS-P60", "        - format\n", "        - fromat\n"),
    fault("KS-P53", "apache", "", "kafka-topics.sh", "kafka-topic.sh"),
    sound("prod", PODS, START, "exec /usr/bin/kafka-server-start"),
    sound("prod", PODS, START, "time exec kafka-server-start"),
    // Values that stop a broker's work.
    extreme("    connections.max.idle.ms=1\n"),
    extreme("    controller.quorum.election.timeout.ms=1\n"),
    extreme("    controller.quorum.fetch.timeout.ms=2\n"),
    extreme("    group.max.session.timeout.ms=30000\n    group.min.session.timeout.ms=1000\n"),
    extreme("    log.cleaner.threads=0\n"),
    extreme("    log.index.size.max.bytes=10\n"),
    extreme("    log.message.timestamp.after.max.ms=0\n"),
    extreme("    log.message.timestamp.before.max.ms=600\n"),
    extreme("    log.retention.bytes=1024\n"),
    extreme("    log.roll.ms=1\n"),
    extreme("    max.connection.creation.rate=0\n"),
    extreme("    max.connections=0\n"),
    extreme("    message.max.bytes=10\n"),
    extreme("    metadata.log.max.record.bytes.between.snapshots=1\n"),
    extreme("    metadata.log.segment.ms=1\n"),
    extreme("    offsets.topic.segment.bytes=14\n"),
    extreme("    producer.id.expiration.ms=1\n"),
    extreme("    request.timeout.ms=30\n"),
    extreme("    socket.connection.setup.timeout.ms=10\n"),
    extreme("    transaction.max.timeout.ms=900\n"),
    fault(
        "KS-K59",
        "prod",
        BROKER,
        "log.retention.ms=604800000",
        "log.retention.ms=168",
    ),
    fault("KS-K59", "confluent", "", VARIABLE, SHORT),
    takes("    connections.max.idle.ms=600000\n"),
    takes("    log.retention.bytes=-1\n"),
    takes("    log.roll.ms=3600000\n"),
    takes("    max.connections=5000\n"),
    takes("    request.timeout.ms=30000\n"),
    takes("    transaction.max.timeout.ms=900000\n"),
    takes("    producer.id.expiration.ms=86400000\n"),
    takes("    group.max.session.timeout.ms=1800000\n"),
    // Lines of ZooKeeper.
    server("initLimit=10", "initLimits=10"),
    server("initLimit=10", "initLimit=0"),
    server("initLimit=10", "initLimit=ten"),
    server("    initLimit=10\n", ""),
    server("syncLimit=5", "syncLimit=-1"),
    server("    syncLimit=5\n", ""),
    server("tickTime=", "tickTme="),
    server("tickTime=2000", "tickTime=2"),
    server("tickTime=2000", "tickTime=2s"),
    server("dataDir=", "datadir="),
    server("4lw.commands.whitelist=", "4lw.command.whitelist="),
    server("autopurge.purgeInterval=", "autopurge.purgeinterval="),
    server("maxClientCnxns=60", "maxClientConns=60"),
    server("admin.enableServer=false", "admin.enableServer=flase"),
    server("standaloneEnabled=false", "standaloneEnabled=no"),
    server("tickTime=", "electionAlg=1\n    tickTime="),
    server("tickTime=", "minSessionTimeout=100000\n    tickTime="),
    server("tickTime=", "maxSessionTimeout=10\n    tickTime="),
    server("tickTime=", "forceSync=no\n    tickTime="),
    serves("tickTime=2000", "tickTime=3000"),
    serves("    tickTime=2000\n", ""),
    serves("tickTime=", "snapCount=50000\n    tickTime="),
    serves("tickTime=", "jute.maxbuffer=4194304\n    tickTime="),
    serves("tickTime=", "maxSessionTimeout=60000\n    tickTime="),
    serves("tickTime=", "quorumListenOnAllIPs=true\n    tickTime="),
    // What a Service leads to, and what a policy lets through.
    fault(
        "KS-P56",
        "prod",
        SERVICE,
        "targetPort: tcp-client",
        "targetPort: tcp-controller",
    ),
    fault("KS-P56", "prod", SERVICE, "targetPort: tcp-client", "targetPort: 9093"),
    fault(
        "KS-P56",
        "prod",
        SERVICE,
        "targetPort: tcp-client",
        "targetPort: http-metrics",
    ),
    sound("prod", SERVICE, "targetPort: tcp-client", "targetPort: 9092"),
    fault("KS-A42", "prod", POLICY, TO_CLIENTS, ""),
    fault(
        "KS-A42",
        "prod",
        POLICY,
        "- port: 9092\n      protocol: TCP",
        "- port: 9092\n      protocol: UDP",
    ),
    fault(
        "KS-A42",
        "prod",
        POLICY,
        "- port: 9092\n      protocol: TCP",
        "- protocol: UDP",
    ),
    sound("prod", POLICY, "- port: 9092\n      protocol: TCP", "- port: 9092"),
    sound("prod", POLICY, "- port: 9092\n      protocol: TCP", "- protocol: TCP"),
    sound(
        "prod",
        POLICY,
        "- port: 9092\n      protocol: TCP",
        "- port: tcp-client\n      protocol: TCP",
    ),
    // The policy admits brokers alone to the listener of replication.
    fault(
        "KS-A42",
        "prod",
        "kafka-connect/deployment-kafka-connect.yaml",
        "- kafka-1.kafka-headless.kafka.svc.cluster.local:9092",
        "- kafka-1.kafka-headless.kafka.svc.cluster.local:9091",
    ),
    // Variables of a script in a ConfigMap.
    fault(
        "KS-P40",
        "prod",
        TOPICS,
        "        - name: BOOTSTRAP_SERVERS\n          value: kafka.kafka.svc.cluster.local:9092\n",
        "",
    ),
    fault("KS-P40", "prod", TOPICS, "- name: TOPICS_FILE", "- name: TOPIC_FILE"),
    sound(
        "prod",
        TOPICS,
        "        - name: BOOTSTRAP_SERVERS",
        "        - name: WAIT_SECONDS\n          value: \"60\"\n        - name: BOOTSTRAP_SERVERS",
    ),
];

const VARIABLE: &str = "            - name: KAFKA_DEFAULT_REPLICATION_FACTOR\n";
const SHORT: &str = "            - name: KAFKA_LOG_RETENTION_MS\n              value: '7'\n            - name: KAFKA_DEFAULT_REPLICATION_FACTOR\n";
