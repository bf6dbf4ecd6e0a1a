//! Values that are valid by themselves and that Kafka compares when it starts, shown to `KafkaConfig` of 3.9.2 and 4.3.1.

use super::{Edit, fault, hold, sound};

const PROD: &str = "prod";
const FILE: &str = "kafka/configmap-kafka.yaml";
const LAST: &str = "    transactional.id.expiration.ms=604800000\n";

const MAP: &str = "    listener.security.protocol.map=CLIENT:PLAINTEXT,";

const fn adds(rule: &'static str, lines: &'static str) -> Edit {
    fault(rule, PROD, FILE, LAST, lines)
}

const fn takes(lines: &'static str) -> Edit {
    sound(PROD, FILE, LAST, lines)
}

#[test]
fn values_that_contradict_each_other_are_found() {
    hold(LIMITS);
}

pub(super) const LIMITS: &[Edit] = &[
    adds("KS-K51", "    replica.lag.time.max.ms=100\n"),
    adds("KS-K51", "    replica.fetch.wait.max.ms=60000\n"),
    adds("KS-K51", "    replica.socket.timeout.ms=100\n"),
    adds("KS-K51", "    log.cleaner.dedupe.buffer.size=100\n"),
    adds("KS-K51", "    log.cleaner.threads=200\n"),
    adds("KS-K51", "    queued.max.request.bytes=10\n"),
    adds("KS-K51", "    max.connections.per.ip=0\n"),
    adds("KS-K51", "    group.consumer.heartbeat.interval.ms=100000\n"),
    adds("KS-K51", "    group.consumer.session.timeout.ms=1\n"),
    adds("KS-K51", "    group.share.heartbeat.interval.ms=100000\n"),
    adds("KS-K51", "    broker.heartbeat.interval.ms=20000\n"),
    takes("    replica.fetch.wait.max.ms=30000\n"),
    takes("    log.cleaner.threads=100\n"),
    takes("    queued.max.request.bytes=104857600\n"),
    takes("    queued.max.request.bytes=-1\n"),
    takes("    max.connections.per.ip=0\n    max.connections.per.ip.overrides=127.0.0.1:100\n"),
    takes("    group.consumer.heartbeat.interval.ms=15000\n"),
    takes("    broker.heartbeat.interval.ms=20000\n    broker.session.timeout.ms=40000\n"),
    fault(
        "KS-K52",
        PROD,
        FILE,
        MAP,
        "    listener.security.protocol.map=CLIENT:SSL,",
    ),
    fault(
        "KS-K40",
        PROD,
        FILE,
        MAP,
        "    listener.security.protocol.map=CLIENT:PLAIN,",
    ),
    adds("KS-P03", "    metadata.log.dir=/tmp/metadata\n"),
    takes("    metadata.log.dir=/var/lib/kafka/data/metadata\n"),
    sound(
        PROD,
        FILE,
        MAP,
        "    listener.name.client.ssl.keystore.type=PEM
    listener.name.client.ssl.keystore.location=/var/lib/kafka/data/key.pem
    listener.security.protocol.map=CLIENT:SSL,",
    ),
    adds("KS-K51", "    remote.log.storage.system.enable=true\n"),
    adds(
        "KS-K33",
        "    authorizer.class.name=kafka.security.authorizer.AclAuthorizer\n    super.users=User:ANONYMOUS\n",
    ),
    adds(
        "KS-K33",
        "    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAutorizer\n    super.users=User:ANONYMOUS\n",
    ),
    takes(
        "    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:ANONYMOUS\n",
    ),
    takes("    authorizer.class.name=com.example.Authorizer\n    super.users=User:ANONYMOUS\n"),
    fault(
        "KS-D04",
        PROD,
        "schema-registry/configmap-schema-registry.yaml",
        "kafkastore.topic.replication.factor=3",
        "kafkastore.topic.replication.factor=1",
    ),
    sound(
        PROD,
        "schema-registry/configmap-schema-registry.yaml",
        "kafkastore.topic.replication.factor=3",
        "kafkastore.topic.replication.factor=5",
    ),
];
