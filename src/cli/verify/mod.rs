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
        compare::{Others, compare},
        failure::Failure,
        kubectl::{self, Access, Cluster, Kubectl},
        output::{Format, Output},
        report as findings,
        stacks::{StackFn, each},
    },
    kubernetes::Kubernetes,
    manifest::{INDEX, Manifests},
    nearest::nearest,
    operate::{
        desired::Desired,
        live::{Live as _, Request, Trouble, json},
        verify::{Check, Verdict, checks, minor},
    },
    stack::Stack,
    synth::synth,
    yaml::{self, Part},
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
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if arguments.watch && output.format() != Format::Text {
        return Err(
            Failure::new("`--watch` reports as text only").hint("run it without `--watch`, or with `--format text`")
        );
    }
    let made = each(stacks, std::slice::from_ref(&arguments.stack), output, synth)?;
    let Some((stack, synthesis)) = made.stacks.first() else {
        return Ok(Outcome::Failed);
    };
    let Some(manifests) = &synthesis.manifests else {
        let errors = std::iter::once((stack.name(), &synthesis.findings));
        output.note(&findings::text(errors, findings::Show::Open, output.note_paint()));
        return Ok(Outcome::Failed);
    };
    if is_stale(stack, manifests) {
        output.note(&format!(
            "note: out/{} is not what the stack renders now; this verifies against the stack\n",
            stack.name()
        ));
    }
    let kubernetes = stack.context().kubernetes;
    let checks = selected(checks(&desired(manifests), kubernetes), &arguments.only)?;
    let kubectl = Kubectl::new(&arguments.access);
    let token = kubectl::token();
    loop {
        let cluster = Cluster::new(&kubectl, &token);
        reachable(&cluster, kubernetes)?;
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

/// What the stack declares.
fn desired(manifests: &Manifests) -> Desired {
    let index = yaml::read_index(manifests.get(INDEX).unwrap_or_default()).unwrap_or_default();
    let applied = index.iter().filter(|file| file.part != Part::Document);
    Desired::read(applied.filter_map(|file| manifests.get(&file.path)))
}

/// Whether the committed files are older than the stack. A folder that is not there says nothing.
fn is_stale(stack: &Stack, manifests: &Manifests) -> bool {
    let root = Path::new("out").join(stack.name());
    root.is_dir() && compare(&root, manifests, Others::Overwrite).is_ok_and(|plan| plan.has_changes())
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

/// Ends the run before any check if none of them could look.
fn reachable(cluster: &Cluster<'_>, kubernetes: Kubernetes) -> Result<(), Failure> {
    let failure = |trouble: &Trouble| {
        let failure = Failure::new(trouble.to_string());
        match trouble.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    };
    let answer = cluster.ask(&Request::Versions).map_err(|trouble| failure(&trouble))?;
    let version = json(&answer).map_err(|trouble| failure(&trouble))?;
    let client = version["clientVersion"]["gitVersion"].as_str().unwrap_or_default();
    if let (Some(is), Some((major, least))) = (minor(client), minor(&kubernetes.to_string())) {
        // kubectl works with API servers one minor version newer or older than itself.
        let oldest = (major, least.saturating_sub(1));
        if is < oldest {
            let oldest = format!("{}.{}", oldest.0, oldest.1);
            return Err(failure(&Trouble::OldKubectl(client.to_owned(), oldest)));
        }
    }
    if version["serverVersion"].is_null() {
        return Err(failure(&Trouble::Unreachable(
            "kubectl shows no version of it".to_owned(),
        )));
    }
    Ok(())
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
