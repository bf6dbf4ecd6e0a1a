//! One Grafana for the Kafka clusters of several stacks: a stack of its own with the dashboards for all of them.
//! `cargo run --example all_clusters -- synth` writes `out/all-clusters`.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn all_clusters() -> Stack {
    let mut stack = Stack::new("all-clusters", "monitoring");
    stack.add(Dashboards::for_all_clusters("kafka-dashboards"));
    stack
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([all_clusters])
}
