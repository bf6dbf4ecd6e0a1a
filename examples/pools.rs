//! Brokers in two pools, which restart only when they are told to. `cargo run --example pools -- synth --out target/pools` writes the stack, and
//! `tests/cluster/run --out target/pools pools --only operated` restarts, drains and replaces its brokers under load.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn pools() -> Stack {
    let mut stack = Stack::new("pools", "kafka").profile(Profile::Development);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "8tX1Yw0pQ2mPjv3s0bL5Zg")
            .pool(NodePool::controllers("kafka-controller", 3))
            // Four brokers find room on three machines.
            .pool(NodePool::brokers("kafka-a", 2).spread(Spread::Preferred))
            .pool(NodePool::brokers("kafka-b", 2).spread(Spread::Preferred).first_id(10)),
    );
    let calls = Topic::new("call.events", 6, Cleanup::delete_after(7.days())).replication(Replication::new(3, 2));
    let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(calls));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&topics));
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([pools])
}
