//! `synth`: stacks become files.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        compare::{Conflict, Others, Plan, Reason, compare},
        failure::Failure,
        output::{Output, count},
        report::{self, Show},
        select,
        write::write,
    },
    manifest::{INDEX, Manifests},
    stack::Stack,
    synth::{Synthesis, synth},
    yaml,
};

/// Write the stacks' manifests: what changed, and nothing else
#[derive(Args)]
pub(super) struct Arguments {
    /// The stacks to write; all of them if none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// Write nothing; list what is not up to date, and end with 1 if anything is
    #[arg(long)]
    check: bool,

    /// Write one stream of YAML documents to standard output instead
    #[arg(long, conflicts_with_all = ["check", "out", "overwrite"])]
    stdout: bool,

    /// Where to write: every stack has a folder of its own in it
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,

    /// Replace or delete files that were edited by hand or written by someone else
    #[arg(long, conflicts_with = "check")]
    overwrite: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    stacks: &[fn() -> Stack],
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    if arguments.stdout && output.is_json() {
        return Err(Failure::new(
            "`--stdout` writes YAML: `--format json` does not go with it",
        ));
    }
    let stacks: Vec<(Stack, Synthesis)> = select(stacks, &arguments.stacks)?
        .into_iter()
        .map(|stack| {
            let synthesis = synth(&stack);
            (stack, synthesis)
        })
        .collect();
    if !output.is_json() {
        let findings = stacks
            .iter()
            .map(|(stack, synthesis)| (stack.name(), &synthesis.findings));
        output.note(&report::text(findings, Show::Open, output.note_paint()));
    }
    let rendered: Option<Vec<&Manifests>> = stacks
        .iter()
        .map(|(_, synthesis)| synthesis.manifests.as_ref())
        .collect();
    let Some(rendered) = rendered else {
        if output.is_json() {
            output.json(json!({ "stacks": stacks.iter().map(findings).collect::<Value>() }))?;
        } else if !arguments.check && !arguments.stdout {
            output.note("nothing was written\n");
        }
        return Ok(Outcome::Failed);
    };
    if arguments.stdout {
        output.data(stream(&rendered))?;
        return Ok(Outcome::Done);
    }

    let roots: Vec<PathBuf> = stacks
        .iter()
        .map(|(stack, _)| arguments.out.join(stack.name()))
        .collect();
    // A check lists what a run would change if nothing were in its way.
    let others = if arguments.check || arguments.overwrite {
        Others::Overwrite
    } else {
        Others::Keep
    };
    let plans: Vec<Plan<'_>> = roots
        .iter()
        .zip(&rendered)
        .map(|(root, manifests)| compare(root, manifests, others))
        .collect::<anyhow::Result<_>>()?;
    let outcome = if arguments.check {
        let current = plans.iter().all(Plan::is_current);
        if current { Outcome::Done } else { Outcome::Stale }
    } else {
        refuse(&plans)?;
        plans.iter().try_for_each(write)?;
        Outcome::Done
    };

    if output.is_json() {
        let describe = if arguments.check { differences } else { changes };
        let stacks: Value = stacks
            .iter()
            .zip(&plans)
            .map(|(stack, plan)| {
                let mut report = findings(stack);
                describe(plan, &mut report);
                report
            })
            .collect();
        output.json(json!({ "stacks": stacks }))?;
    } else if arguments.check {
        output.note(&plans.iter().map(list).collect::<String>());
        if outcome == Outcome::Stale {
            output.note("not up to date: `synth` writes what its stacks say\n");
        }
    } else {
        output.note(&plans.iter().map(summary).collect::<String>());
    }
    Ok(outcome)
}

/// Fails if anything is in the way of any stack, with all that is.
fn refuse(plans: &[Plan<'_>]) -> Result<(), Failure> {
    let conflicts: Vec<(&Plan<'_>, &Conflict)> = plans
        .iter()
        .flat_map(|plan| plan.conflicts.iter().map(move |conflict| (plan, conflict)))
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    let mut messages: Vec<String> = conflicts
        .iter()
        .map(|(plan, conflict)| format!("`{}` {}", plan.shown(&conflict.path), conflict.reason))
        .collect();
    messages.push("nothing was written".to_owned());
    let any = |is: fn(&Reason) -> bool| conflicts.iter().any(|(_, conflict)| is(&conflict.reason));
    let mut failure = Failure::several(messages);
    if any(|reason| matches!(reason, Reason::Edited | Reason::EditedAndSuperfluous)) {
        failure = failure.hint(
            "move the change into the stack, with a builder call or `Stack::amend`, then run `synth --overwrite`",
        );
    }
    if any(|reason| *reason == Reason::Foreign) {
        failure = failure.hint("move the file elsewhere if you need it, then run `synth --overwrite`");
    }
    if any(|reason| matches!(reason, Reason::NotAFile(_) | Reason::NotAFolder(_))) {
        failure = failure.hint("links are never followed and folders never replaced: move them out of the way");
    }
    Err(failure)
}

/// All documents of all stacks, in the order in which they can be applied.
fn stream<'a>(stacks: &[&'a Manifests]) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    for manifests in stacks {
        let index = yaml::read_index(manifests.get(INDEX).unwrap_or_default()).unwrap_or_default();
        let applied = index.iter().filter(|file| file.applied);
        for text in applied.filter_map(|file| manifests.get(&file.path)) {
            if !pieces.is_empty() {
                pieces.push("---\n");
            }
            pieces.push(text);
        }
    }
    pieces
}

/// What a check found, a line for each file; empty if the folder is up to date.
fn list(plan: &Plan<'_>) -> String {
    let missing = plan.missing.iter().map(|path| ("missing", path.as_str()));
    let stale = plan.stale.iter().map(|path| ("stale", path.as_str()));
    let superfluous = plan.superfluous.iter().map(String::as_str).chain(plan.leftovers());
    let mut lines: Vec<(&str, String)> = missing
        .chain(stale)
        .chain(superfluous.map(|path| ("superfluous", path)))
        .map(|(path, what)| (what, format!("{path}: {}", plan.shown(what))))
        .collect();
    lines.extend(plan.conflicts.iter().map(|conflict| {
        let path = plan.shown(&conflict.path);
        (
            conflict.path.as_str(),
            format!("in the way: {path} {}", conflict.reason),
        )
    }));
    lines.sort();
    lines.into_iter().map(|(_, line)| format!("{line}\n")).collect()
}

/// What was written, in a line; empty if nothing was.
fn summary(plan: &Plan<'_>) -> String {
    let written = plan.missing.len() + plan.stale.len();
    let root = plan.shown("");
    match (written, plan.superfluous.len()) {
        (0, 0) => String::new(),
        (_, 0) => format!("{root}: {} written\n", count(written, "file")),
        (0, deleted) => format!("{root}: {} deleted\n", count(deleted, "file")),
        (_, deleted) => format!("{root}: {} written, {deleted} deleted\n", count(written, "file")),
    }
}

fn findings((stack, synthesis): &(Stack, Synthesis)) -> Value {
    json!({
        "name": stack.name(),
        "findings": report::json(stack.name(), &synthesis.findings, Show::Open),
    })
}

fn differences(plan: &Plan<'_>, report: &mut Value) {
    let superfluous = plan.superfluous.iter().map(String::as_str).chain(plan.leftovers());
    report["folder"] = plan.shown("").into();
    report["missing"] = json!(plan.missing);
    report["stale"] = json!(plan.stale);
    report["superfluous"] = superfluous.collect();
    report["in_the_way"] = plan.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
    report["unchanged"] = plan.unchanged.into();
}

fn changes(plan: &Plan<'_>, report: &mut Value) {
    let mut written: Vec<&String> = plan.missing.iter().chain(&plan.stale).collect();
    written.sort();
    report["folder"] = plan.shown("").into();
    report["written"] = json!(written);
    report["deleted"] = json!(plan.superfluous);
    report["unchanged"] = plan.unchanged.into();
}
