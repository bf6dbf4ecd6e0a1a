//! A closed cluster with an end-to-end probe, its alerts and a service level on what clients get. `cargo run --example probe -- synth`
//! writes `out/probe`.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

pub(crate) fn probe() -> Stack {
    let mut stack = Stack::new("probe", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(Listener::tls("CLIENT", 9092).scram())
            .authorization(),
    );
    let probe = stack.add(Probe::new("kafka-probe", &kafka));
    stack.add(Permissions::new("kafka-permissions", &kafka).of(&probe));
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .monitor_label("release", "kube-prometheus-stack")
            .watch(&probe)
            .slo(Slo::round_trip(99.9.percent(), 1280.milliseconds())),
    );
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([probe])
}
