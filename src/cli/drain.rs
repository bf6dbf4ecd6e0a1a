//! `drain` and `rebalance`: move replicas off brokers, or to new ones.

use std::time::Duration;

use clap::Args;

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        kubectl::{self, Access, Kubectl},
        output::{Output, count},
        running::Running,
        stacks::StackFn,
    },
    operate::{
        cluster::Cluster,
        control::{Control, Stop, Told},
        drain::{Goal, Plan, carry_out, plan},
    },
};

/// Move all replicas off brokers, before the stack declares fewer, with your own kubectl
///
/// Each replica goes to another broker, in another rack than the other copies where there is one, and nothing else moves. In the end nothing is left
/// on these brokers. Running it again goes on after an interruption.
#[derive(Args)]
pub(super) struct DrainArguments {
    /// The stack with the brokers
    #[arg(value_name = "STACK")]
    stack: String,

    /// The ids of the brokers that will hold nothing
    #[arg(value_name = "BROKER", required = true)]
    brokers: Vec<u64>,

    #[command(flatten)]
    moving: Moving,
}

/// Spread replicas over all brokers, after the stack declares more, with your own kubectl
///
/// Moves as few replicas as it takes until every broker has as many as the others, and none into a rack that has a copy already. Running it again
/// goes on after an interruption.
#[derive(Args)]
pub(super) struct RebalanceArguments {
    /// The stack with the brokers
    #[arg(value_name = "STACK")]
    stack: String,

    #[command(flatten)]
    moving: Moving,
}

/// How replicas move.
#[derive(Args)]
struct Moving {
    /// The cluster, where the stack has several
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,

    /// How many bytes per second each broker may copy, such as `50000000`
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    throttle: Option<u64>,

    /// Show what would move, with its size, and move nothing
    #[arg(long)]
    dry_run: bool,

    /// How long nothing may arrive before it ends
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = kubectl::duration)]
    timeout: Duration,

    #[command(flatten)]
    access: Access,
}

pub(super) fn run_drain(
    arguments: &DrainArguments,
    stacks: &[StackFn<'_>],
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let goal = Goal::Drain(arguments.brokers.iter().copied().collect());
    run(&arguments.stack, &goal, &arguments.moving, stacks, output)
}

pub(super) fn run_rebalance(
    arguments: &RebalanceArguments,
    stacks: &[StackFn<'_>],
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    run(&arguments.stack, &Goal::Rebalance, &arguments.moving, stacks, output)
}

fn run(
    stack: &str,
    goal: &Goal,
    moving: &Moving,
    stacks: &[StackFn<'_>],
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    if output.is_json() {
        return Err(Failure::new("progress cannot be told with `--format json`"));
    }
    let Some(running) = Running::of(stack, stacks, output)? else {
        return Ok(Outcome::Failed);
    };
    let cluster = running.cluster(moving.cluster.as_deref())?;
    let kubectl = Kubectl::new(&moving.access, kubectl::CALL);
    let token = kubectl::token();
    let control = kubectl::Cluster::new(&kubectl, &token);
    kubectl::reachable(&control, running.stack.context().kubernetes)?;
    move_replicas(goal, moving, &cluster, &control, output)
}

fn move_replicas(
    goal: &Goal,
    moving: &Moving,
    cluster: &Cluster,
    control: &dyn Control,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let plan = plan(control, cluster, goal).map_err(stopped)?;
    output.note(&format!("{}\n", told(&plan, moving.throttle)));
    if moving.dry_run {
        for ((topic, partition), brokers) in &plan.changed {
            let brokers: Vec<String> = brokers.iter().map(u64::to_string).collect();
            output.data([format!("{topic}-{partition}: {}\n", brokers.join(", ")).as_str()])?;
        }
        return Ok(Outcome::Done);
    }
    let mut tell = |told: Told<'_>| output.progress(told, "");
    carry_out(
        control,
        cluster,
        goal,
        &plan,
        moving.throttle,
        moving.timeout,
        &mut tell,
    )
    .map_err(stopped)?;
    Ok(Outcome::Done)
}

fn stopped(stop: Stop) -> Failure {
    kubectl::stopped(
        stop,
        "what moves goes on by itself; running it again waits for it and completes it",
    )
}

/// What a plan moves, in a line.
fn told(plan: &Plan, throttle: Option<u64>) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    let mut line = format!(
        "{} in {} to move, {} MiB",
        count(plan.replicas, "replica"),
        count(plan.changed.len(), "partition"),
        plan.bytes.div_ceil(MEBIBYTE)
    );
    if let Some(rate) = throttle {
        line += &format!(", at most {rate} bytes per second and broker");
    }
    if plan.under_way > 0 {
        line += &format!("; {} of an earlier run under way", count(plan.under_way, "partition"));
    }
    line
}
