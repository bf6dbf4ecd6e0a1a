//! A cluster with 100,000 partitions and 500 groups. `cargo run --example large -- synth --out target/large` writes the stack, and
//! `tests/size/run target/large/large` measures what its monitoring takes.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn large() -> Stack {
    let mut stack = Stack::new("large", "kafka").profile(Profile::Development);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "4rQ2hVw9TtmxX0Yl1n7uKg")
            .pool(NodePool::controllers("kafka-controller", 3).first_id(300))
            .pool(NodePool::brokers("kafka", 15).spread(Spread::Preferred)),
    );
    let topic = Topic::new("team-001.events.topic-0001", 50, Cleanup::delete_after(7.days()));
    let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(topic));
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .watch(&topics)
            // Its clients create the others.
            .cluster_size(100_000, 500)
            .slo(Slo::produce_availability(99.9.percent()))
            .slo(Slo::consume_latency(99.percent(), 500.milliseconds()))
            .lag_by_topic(),
    );
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([large])
}
