//! `roll`: restarts the nodes of a stack's clusters that still run as before a change, one at a time.

use std::time::Duration;

use clap::Args;

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        kubectl::{self, Access, Kubectl, failure},
        output::{Output, count},
        running::Running,
        stacks::StackFn,
    },
    nearest::nearest,
    operate::{
        cluster::Cluster,
        control::{Control, Told},
        roll::{outdated, roll},
    },
};

/// Restart the nodes that still run as before a change, one at a time, with your own kubectl
///
/// A node restarts when the others are ready and no partition falls below its `min.insync.replicas`. Running it again goes on with the nodes that
/// are left.
#[derive(Args)]
pub(super) struct Arguments {
    /// The stack whose nodes restart
    #[arg(value_name = "STACK")]
    stack: String,

    /// Only nodes of this pool
    #[arg(value_name = "POOL")]
    pool: Option<String>,

    /// Show the nodes in the order in which they would restart, and restart none
    #[arg(long)]
    dry_run: bool,

    /// How long one node may take: until it can stop, and until it is back
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = kubectl::duration)]
    timeout: Duration,

    #[command(flatten)]
    access: Access,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if output.is_json() {
        return Err(Failure::new(
            "`roll` tells its progress and cannot be combined with `--format json`",
        ));
    }
    let Some(running) = Running::of(&arguments.stack, stacks, output)? else {
        return Ok(Outcome::Failed);
    };
    let clusters = selected(Cluster::all(&running.desired()), arguments.pool.as_deref())?;
    let kubectl = Kubectl::new(&arguments.access, kubectl::CALL);
    let token = kubectl::token();
    let control = kubectl::Cluster::new(&kubectl, &token);
    kubectl::reachable(&control, running.stack.context().kubernetes)?;
    roll_all(arguments, &clusters, &control, output)
}

/// The clusters that have nodes to restart.
fn selected(mut clusters: Vec<Cluster>, pool: Option<&str>) -> Result<Vec<Cluster>, Failure> {
    let Some(pool) = pool else {
        return Ok(clusters);
    };
    let names = |cluster: &Cluster| -> Vec<String> {
        let pools = cluster.pools.iter();
        pools.map(|one| one.workload.name.clone()).collect()
    };
    let known: Vec<String> = clusters.iter().flat_map(names).collect();
    clusters.retain(|cluster| names(cluster).iter().any(|name| name == pool));
    if clusters.is_empty() {
        let near = nearest(pool, known.iter().map(String::as_str));
        let question = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Failure::new(format!("the stack has no pool `{pool}`{question}"))
            .hint(format!("its pools are `{}`", known.join("`, `"))));
    }
    Ok(clusters)
}

fn roll_all(
    arguments: &Arguments,
    clusters: &[Cluster],
    control: &dyn Control,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let pool = arguments.pool.as_deref();
    let mut restarted = 0;
    for cluster in clusters {
        if arguments.dry_run {
            let order = outdated(control, cluster, pool).map_err(|trouble| failure(&trouble))?;
            for member in &order {
                let by_itself = if member.restarts_by_itself() {
                    ": its StatefulSet restarts it"
                } else {
                    ""
                };
                output.data([format!("{} ({}){by_itself}\n", member.node.pod, member.role()).as_str()])?;
            }
            restarted += order.len();
            continue;
        }
        let mut tell = |told: Told<'_>| output.progress(told, "");
        restarted += roll(control, cluster, pool, arguments.timeout, &mut tell).map_err(|stop| {
            kubectl::stopped(
                stop,
                "when its cause is mended, `roll` goes on with the nodes that are left",
            )
        })?;
    }
    if restarted == 0 {
        output.note("every node runs as the cluster has it: nothing to restart\n");
    } else if !arguments.dry_run {
        output.note(&format!("{} restarted\n", count(restarted, "node")));
    }
    Ok(Outcome::Done)
}
