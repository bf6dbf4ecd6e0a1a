//! `replace`: gives a broker new, empty volumes.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    time::Duration,
};

use clap::Args;

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        kubectl::{self, Access, Kubectl},
        output::Output,
        running::Running,
        stacks::StackFn,
    },
    diagnostics::printable,
    operate::{
        cluster::Cluster,
        control::{Control, Stop, Told},
        replace::{look, replace},
    },
};

/// Give a broker new, empty volumes, because the old ones or its machine are lost, with your own kubectl
///
/// Its claims and its pod are deleted when every partition of it has another replica in sync, and it copies everything again. Running it again goes on
/// after an interruption, and deletes nothing twice.
#[derive(Args)]
pub(super) struct Arguments {
    /// The stack with the broker
    #[arg(value_name = "STACK")]
    stack: String,

    /// The id of the broker, or of a controller
    #[arg(value_name = "BROKER")]
    id: u64,

    /// The cluster, where the stack has several
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,

    /// Its machine is off and does not come back: Kubernetes may end all pods of that machine
    #[arg(long)]
    machine_is_gone: bool,

    /// Show what is there and what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask before the claims are deleted
    #[arg(long)]
    yes: bool,

    /// How long one step may take: until its volumes can go, and until it has everything again
    #[arg(long, value_name = "DURATION", default_value = "2h", value_parser = kubectl::duration)]
    timeout: Duration,

    #[command(flatten)]
    access: Access,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if output.is_json() {
        return Err(Failure::new("progress cannot be told with `--format json`"));
    }
    let Some(running) = Running::of(&arguments.stack, stacks, output)? else {
        return Ok(Outcome::Failed);
    };
    let cluster = running.cluster(arguments.cluster.as_deref())?;
    let kubectl = Kubectl::new(&arguments.access, kubectl::CALL);
    let token = kubectl::token();
    let control = kubectl::Cluster::new(&kubectl, &token);
    kubectl::reachable(&control, running.stack.context().kubernetes)?;
    replace_node(arguments, &cluster, &control, io::stdin().is_terminal(), output)
}

/// `asks`: whether someone can answer a question.
fn replace_node(
    arguments: &Arguments,
    cluster: &Cluster,
    control: &dyn Control,
    asks: bool,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let (id, gone) = (arguments.id, arguments.machine_is_gone);
    let lost = look(control, cluster, id, gone).map_err(stopped)?;
    for line in lost.told(gone) {
        let line = format!("{}\n", printable(line));
        if arguments.dry_run {
            output.data([line.as_str()])?;
        } else {
            output.note(&line);
        }
    }
    if arguments.dry_run {
        return Ok(Outcome::Done);
    }
    if !arguments.yes && !lost.is_deleted() {
        confirm(&lost.member.node.pod, asks, output)?;
    }
    let mut tell = |told: Told<'_>| output.progress(told, "");
    replace(control, cluster, id, gone, arguments.timeout, &mut tell).map_err(stopped)?;
    Ok(Outcome::Done)
}

fn confirm(pod: &str, asks: bool, output: &mut Output<'_>) -> Result<(), Failure> {
    if !asks {
        return Err(
            Failure::new(format!("not replaced: the volumes of `{pod}` would be deleted"))
                .hint("read what is there and what would be done; then `--yes` goes on without a question"),
        );
    }
    output.note(&format!(
        "what is on these volumes will be gone; type `{pod}` to go on: "
    ));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == pod {
        Ok(())
    } else {
        Err(Failure::new("not replaced: nothing was changed"))
    }
}

fn stopped(stop: Stop) -> Failure {
    kubectl::stopped(
        stop,
        "when its cause is mended, running it again goes on and deletes nothing twice",
    )
}
