//! A cluster with 100,000 partitions and 500 groups, whose lag is watched by topic, and by partition. `cargo run --example large -- synth --out
//! target/large` writes both stacks, and `tests/size/run target/large/large` measures what the monitoring of one takes.

use std::process::ExitCode;

use kafka_stacks::{cli::StackFn, prelude::*};

fn by_topic() -> Stack {
    large("large", Monitoring::lag_by_topic)
}

fn by_partition() -> Stack {
    large("large-by-partition", Monitoring::lag_by_partition)
}

fn large(name: &str, lag: fn(Monitoring) -> Monitoring) -> Stack {
    // In clusters of their own, so that they may write the same objects.
    let mut stack = Stack::new(name, "kafka")
        .profile(Profile::Development)
        .kubernetes_cluster(name);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "4rQ2hVw9TtmxX0Yl1n7uKg")
            .pool(NodePool::controllers("kafka-controller", 3).first_id(300))
            .pool(NodePool::brokers("kafka", 15).spread(Spread::Preferred)),
    );
    let topic = Topic::new("team-001.events.topic-0001", 50, Cleanup::delete_after(7.days()));
    let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(topic));
    stack.add(lag(Monitoring::new("monitoring", &kafka)
        .watch(&topics)
        // Its clients create the others.
        .cluster_size(100_000, 500)
        .slo(Slo::produce_availability(99.9.percent()))
        .slo(Slo::consume_latency(99.percent(), 500.milliseconds()))));
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([
        StackFn::named("large", by_topic),
        StackFn::named("large-by-partition", by_partition),
    ])
}
