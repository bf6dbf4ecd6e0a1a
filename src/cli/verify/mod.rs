//! `verify`: whether a running stack is what the stack declares, by the user's own kubectl.
#![expect(
    clippy::disallowed_methods,
    reason = "what was seen is told with the time that it took"
)]

mod report;

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Args;

pub(super) use self::report::Document;
use self::report::{Looked, Report};
use crate::{
    cli::{
        Outcome,
        failure::Failure,
        kubectl::{self, Access, Cluster, Kubectl},
        output::{Format, Output},
        running::Running,
        stacks::StackFn,
    },
    nearest::nearest,
    operate::verify::{Check, Verdict, checks},
};

/// How many checks look at the same time.
const THREADS: usize = 8;

/// Check that a running stack is healthy and as declared, with your own kubectl
///
/// It changes nothing but for one scratch topic, which it removes. Exit status: 0 all checks passed, 1 a check failed, 2 it could not be told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The stack that runs
    #[arg(value_name = "STACK")]
    stack: String,

    /// Only checks of this name or kind, such as `topics` or `pods/kafka`; can be repeated
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,

    /// Look again and again, until Ctrl-C
    #[arg(long)]
    watch: bool,

    /// The pause between two looks of `--watch`
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = kubectl::duration, requires = "watch")]
    every: Duration,

    #[command(flatten)]
    access: Access,

    /// How long one call of kubectl may take before it is ended
    #[arg(long, value_name = "DURATION", default_value = "3m", value_parser = kubectl::duration)]
    timeout: Duration,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if arguments.watch && output.format() != Format::Text {
        return Err(
            Failure::new("`--watch` reports as text only").hint("run it without `--watch`, or with `--format text`")
        );
    }
    let Some(running) = Running::of(&arguments.stack, stacks, output)? else {
        return Ok(Outcome::Failed);
    };
    let stack = &running.stack;
    // A folder that is not there says nothing.
    let out = Path::new("out");
    if out.join(stack.name()).is_dir() && running.is_written_in(out).is_ok_and(|written| !written) {
        output.note(&format!(
            "note: out/{} is not what the stack renders now; this verifies against the stack\n",
            stack.name()
        ));
    }
    let kubernetes = stack.context().kubernetes;
    let checks = selected(checks(&running.desired(), kubernetes), &arguments.only)?;
    let kubectl = Kubectl::new(&arguments.access, arguments.timeout);
    let token = kubectl::token();
    loop {
        let cluster = Cluster::new(&kubectl, &token);
        kubectl::reachable(&cluster, kubernetes)?;
        let report = Report {
            stack: stack.name().to_owned(),
            looked: look(&checks, &cluster),
        };
        report.write(output)?;
        if !arguments.watch {
            return Ok(report.outcome());
        }
        output.data(["\n"])?;
        thread::sleep(arguments.every);
    }
}

/// The checks that were asked for; all of them if none is named.
fn selected(checks: Vec<Check>, only: &[String]) -> Result<Vec<Check>, Failure> {
    let matches = |check: &Check, name: &str| check.name == name || check.family() == name;
    for name in only {
        if !checks.iter().any(|check| matches(check, name)) {
            let known = checks.iter().flat_map(|check| [check.name.as_str(), check.family()]);
            let question = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let mut families: Vec<&str> = checks.iter().map(Check::family).collect();
            families.dedup();
            return Err(
                Failure::new(format!("there is no check `{name}` of this stack{question}"))
                    .hint(format!("the checks are `{}`", families.join("`, `"))),
            );
        }
    }
    Ok(checks
        .into_iter()
        .filter(|check| only.is_empty() || only.iter().any(|name| matches(check, name)))
        .collect())
}

/// Runs checks side by side; the results have their order.
fn look(checks: &[Check], cluster: &Cluster<'_>) -> Vec<Looked> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS.min(checks.len()) {
            scope.spawn(|| {
                while let Some((index, check)) = checks.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let verdict = check.run(cluster);
                    let looked = Looked {
                        check: check.name.clone(),
                        verdict,
                        took: began.elapsed(),
                    };
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, looked));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, looked)| looked).collect()
}

impl Report {
    fn count(&self, is: fn(&Verdict) -> bool) -> usize {
        self.looked.iter().filter(|one| is(&one.verdict)).count()
    }

    fn outcome(&self) -> Outcome {
        if self.count(|verdict| matches!(verdict, Verdict::Unhealthy(_))) > 0 {
            Outcome::Differs
        } else if self.count(|verdict| matches!(verdict, Verdict::Unknown(_))) > 0 {
            Outcome::Failed
        } else {
            Outcome::Done
        }
    }
}
