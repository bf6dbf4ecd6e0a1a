//! Settings of clients that Kafka takes one by one and refuses together.

use super::{Edit, fault, hold, sound};

const FILE: &str = "kafka-clients/configmap-kafka-clients.yaml";

#[test]
fn clients() {
    hold(ALL);
}

pub(super) const ALL: &[Edit] = &[
    fault(
        "KS-E04",
        "apache",
        "",
        "delivery.timeout.ms=120000",
        "delivery.timeout.ms=30004",
    ),
    fault("KS-E04", "apache", "", "linger.ms=5", "linger.ms=100000"),
    fault(
        "KS-E04",
        "apache",
        "",
        "request.timeout.ms=30000",
        "request.timeout.ms=120000",
    ),
    fault(
        "KS-E04",
        "apache",
        "",
        "session.timeout.ms=45000",
        "session.timeout.ms=3000",
    ),
    fault(
        "KS-E04",
        "apache",
        "",
        "heartbeat.interval.ms=3000",
        "heartbeat.interval.ms=45000",
    ),
    fault(
        "KS-E04",
        "apache",
        "",
        "session.timeout.ms=45000",
        "session.timeout.ms=300001",
    ),
    fault(
        "KS-E04",
        "apache",
        "",
        "max.poll.interval.ms=300000",
        "max.poll.interval.ms=30000",
    ),
    fault("KS-E33", "apache", "", "acks=all", "acks=1"),
    fault("KS-E33", "apache", "", "acks=all", "acks=0"),
    fault(
        "KS-E33",
        "apache",
        "",
        "enable.idempotence=true",
        "enable.idempotence=false",
    ),
    fault("KS-E33", "apache", "", "linger.ms=5", "retries=0"),
    fault(
        "KS-E33",
        "apache",
        "",
        "linger.ms=5",
        "max.in.flight.requests.per.connection=6",
    ),
    sound("apache", "", "delivery.timeout.ms=120000", "delivery.timeout.ms=30005"),
    sound("apache", "", "linger.ms=5", "linger.ms=90000"),
    sound("apache", "", "acks=all", "acks=-1"),
    sound("apache", "", "session.timeout.ms=45000", "session.timeout.ms=300000"),
    sound(
        "apache",
        "",
        "heartbeat.interval.ms=3000",
        "heartbeat.interval.ms=15000",
    ),
    sound("apache", "", "linger.ms=5", "max.in.flight.requests.per.connection=1"),
    sound("apache", "", "linger.ms=5", "retries=7"),
    sound(
        "apache",
        "",
        "max.poll.interval.ms=300000",
        "max.poll.interval.ms=60000",
    ),
    fault(
        "KS-E04",
        "prod",
        FILE,
        "session.timeout.ms=10000",
        "session.timeout.ms=3000",
    ),
    sound("prod", FILE, "session.timeout.ms=10000", "session.timeout.ms=30000"),
    fault(
        "KS-E04",
        "prod-dedicated",
        FILE,
        "session.timeout.ms=10000",
        "session.timeout.ms=3000",
    ),
    sound(
        "prod-dedicated",
        FILE,
        "session.timeout.ms=10000",
        "session.timeout.ms=30000",
    ),
    fault(
        "KS-E04",
        "prod-zookeeper",
        FILE,
        "session.timeout.ms=10000",
        "session.timeout.ms=3000",
    ),
    sound(
        "prod-zookeeper",
        FILE,
        "session.timeout.ms=10000",
        "session.timeout.ms=30000",
    ),
];
