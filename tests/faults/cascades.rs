//! One mistake that much follows from: it is told first, and what only follows from it is left out.

use insta::assert_snapshot;

use super::{Edit, fault, hold, sound, told};

const PODS: &str = "kafka/statefulset-kafka.yaml";

#[test]
fn one_mistake_is_told_once() {
    hold(ALL);
    let faults: Vec<Edit> = ALL.iter().filter(|edit| edit.expected.is_some()).cloned().collect();
    assert_snapshot!(told(&faults));
}

pub(super) const ALL: &[Edit] = &[
    fault("KS-P17", "prod", PODS, "  replicas: 3", "  replicas: 1"),
    fault("KS-P17", "prod", PODS, "  replicas: 3", "  replicas: 2"),
    fault("KS-D01", "prod-dedicated", PODS, "  replicas: 3", "  replicas: 2"),
    fault(
        "KS-A19",
        "prod",
        PODS,
        "serviceName: kafka-headless",
        "serviceName: kafka-headles",
    ),
    fault(
        "KS-A24",
        "prod",
        PODS,
        "serviceName: kafka-headless",
        "serviceName: kafka",
    ),
    // A number in quotes is meant as that number.
    fault("KS-A05", "prod", PODS, "  replicas: 3", "  replicas: \"3\""),
    fault("KS-A05", "confluent", "", "      port: 9092", "      port: '9092'"),
    fault(
        "KS-A05",
        "confluent",
        "",
        "containerPort: 9092",
        "containerPort: \"9092\"",
    ),
    // A unit that is not meant.
    fault("KS-A13", "prod", PODS, "memory: 8Gi", "memory: 8000m"),
    sound("prod", PODS, "  replicas: 3", "  replicas: 3 # members of the quorum"),
];
