//! `synth`: writes the files of stacks.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        compare::{Obstacle, Others, Plan, Reason, compare},
        diff::Verdict,
        failure::Failure,
        output::{Output, count},
        report::{self, Show},
        stacks::{Made, StackFn, each},
        write::write,
    },
    manifest::{INDEX, Manifests},
    stack::Stack,
    synth::{Synthesis, check_across, synth},
    yaml::{self, Part},
};

/// Write the stacks' manifests, but only files that changed
#[derive(Args)]
pub(super) struct Arguments {
    /// The stacks to write; all of them if none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// Write nothing; list files that are not up to date, and exit with 1 if there are any
    #[arg(long)]
    check: bool,

    /// Write one stream of YAML documents to standard output instead
    #[arg(long, conflicts_with_all = ["check", "out", "overwrite"])]
    stdout: bool,

    /// The output folder, which has one folder per stack
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,

    /// Replace or delete files that were edited by hand or written by someone else
    #[arg(long, conflicts_with = "check")]
    overwrite: bool,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if arguments.stdout && output.is_json() {
        return Err(Failure::new(
            "`--stdout` writes YAML and cannot be combined with `--format json`",
        ));
    }
    let Made { mut stacks, failures } = each(stacks, &arguments.stacks, output, synth)?;
    check_across(&mut stacks);
    if !output.is_json() {
        let findings = stacks
            .iter()
            .map(|(stack, synthesis)| (stack.name(), &synthesis.findings));
        output.note(&report::text(findings, Show::Open, output.note_paint()));
    }
    let unsound = !failures.is_empty() || stacks.iter().any(|(_, synthesis)| synthesis.manifests.is_none());
    if arguments.stdout {
        // The program that reads the stream must not apply a part of the stacks.
        if unsound {
            return Ok(Outcome::Failed);
        }
        let rendered = stacks.iter().filter_map(|(_, synthesis)| synthesis.manifests.as_ref());
        output.data(stream(rendered))?;
        return Ok(Outcome::Done);
    }

    let roots: Vec<PathBuf> = stacks
        .iter()
        .map(|(stack, _)| arguments.out.join(stack.name()))
        .collect();
    // `--check` lists what a run would change if there were no obstacles.
    let others = if arguments.check || arguments.overwrite {
        Others::Overwrite
    } else {
        Others::Keep
    };
    let plans: Vec<Option<Plan<'_>>> = stacks
        .iter()
        .zip(&roots)
        .map(|((_, synthesis), root)| {
            let plan = synthesis
                .manifests
                .as_ref()
                .map(|manifests| compare(root, manifests, others));
            plan.transpose()
        })
        .collect::<anyhow::Result<_>>()?;
    let of_sound: Vec<&Plan<'_>> = plans.iter().flatten().collect();
    // Before the old files are gone.
    let verdicts = verdicts(&stacks, &plans);
    let mut outcome = if unsound { Outcome::Failed } else { Outcome::Done };
    if arguments.check {
        if !unsound && !of_sound.iter().all(|plan| plan.is_current()) {
            outcome = Outcome::Differs;
        }
    } else {
        of_sound
            .iter()
            .filter(|plan| plan.obstacles.is_empty())
            .try_for_each(|plan| write(plan))?;
        if let Some(failure) = in_the_way(&of_sound) {
            output.note(&failure.text(output.note_paint()));
            outcome = Outcome::Failed;
        }
    }

    if output.is_json() {
        let describe = if arguments.check { differences } else { changes };
        let stacks: Value = stacks
            .iter()
            .zip(&plans)
            .zip(&verdicts)
            .map(|((stack, plan), verdict)| {
                let mut report = findings(stack);
                if let Some(plan) = plan {
                    describe(plan, &mut report);
                }
                if let Some(verdict) = verdict {
                    report["effects"] = verdict.json();
                }
                report
            })
            .collect();
        output.json(json!({ "stacks": stacks, "failures": failures }))?;
    } else {
        let describe = if arguments.check { list } else { summary };
        let paint = output.note_paint();
        let lines = roots
            .iter()
            .zip(&plans)
            .zip(&verdicts)
            .map(|((root, plan), verdict)| match plan {
                Some(plan) => {
                    describe(plan) + &verdict.as_ref().map_or_else(String::new, |verdict| verdict.text(paint))
                }
                None if arguments.check => String::new(),
                None => format!("{}: not written\n", root.display()),
            });
        output.note(&lines.collect::<String>());
        if outcome == Outcome::Differs {
            output.note("not up to date: run `synth` and commit what it writes\n");
        }
    }
    Ok(outcome)
}

/// What the files that will be written do to the running cluster, of each stack.
fn verdicts(stacks: &[(Stack, Synthesis)], plans: &[Option<Plan<'_>>]) -> Vec<Option<Verdict>> {
    let verdict = |(plan, (stack, _)): (&Option<Plan<'_>>, &(Stack, Synthesis))| {
        let plan = plan
            .as_ref()
            .filter(|plan| plan.has_changes() && plan.obstacles.is_empty())?;
        Verdict::of(plan.root, stack, plan.manifests)
    };
    plans.iter().zip(stacks).map(verdict).collect()
}

/// The obstacles that prevent stacks from being written; `None` if there are none.
fn in_the_way(plans: &[&Plan<'_>]) -> Option<Failure> {
    let obstacles: Vec<(&Plan<'_>, &Obstacle)> = plans
        .iter()
        .flat_map(|plan| plan.obstacles.iter().map(move |obstacle| (*plan, obstacle)))
        .collect();
    if obstacles.is_empty() {
        return None;
    }
    let messages = obstacles
        .iter()
        .map(|(plan, obstacle)| format!("`{}` {}", plan.shown(&obstacle.path), obstacle.reason))
        .collect();
    let any = |is: fn(&Reason) -> bool| obstacles.iter().any(|(_, obstacle)| is(&obstacle.reason));
    let mut failure = Failure::several(messages);
    if any(|reason| matches!(reason, Reason::Edited | Reason::EditedAndSuperfluous)) {
        failure = failure.hint(
            "move the change into the stack, with a builder call or `Stack::amend`, then run `synth --overwrite`",
        );
    }
    if any(|reason| *reason == Reason::NotOurs) {
        failure = failure.hint("move the file elsewhere if you need it, then run `synth --overwrite`");
    }
    if any(|reason| matches!(reason, Reason::NotAFile(_) | Reason::NotAFolder(_))) {
        failure = failure.hint("links are never followed and folders never replaced: move them out of the way");
    }
    Some(failure)
}

/// All documents of all stacks, in the order in which they can be applied.
fn stream<'a>(stacks: impl Iterator<Item = &'a Manifests>) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    for manifests in stacks {
        let index = yaml::read_index(manifests.get(INDEX).unwrap_or_default()).unwrap_or_default();
        let applied = index.iter().filter(|file| file.part != Part::Document);
        for text in applied.filter_map(|file| manifests.get(&file.path)) {
            if !pieces.is_empty() {
                pieces.push("---\n");
            }
            pieces.push(text);
        }
    }
    pieces
}

/// The result of `--check`: one line per file, or a single line if the folder is up to date.
fn list(plan: &Plan<'_>) -> String {
    if plan.is_current() {
        return summary(plan);
    }
    let missing = plan.missing.iter().map(|path| ("missing", path.as_str()));
    let stale = plan.stale.iter().map(|path| {
        let merged = plan.merged.contains(path);
        (if merged { "left by a merge" } else { "stale" }, path.as_str())
    });
    let superfluous = plan.superfluous.iter().map(String::as_str).chain(plan.leftovers());
    let mut lines: Vec<(&str, String)> = missing
        .chain(stale)
        .chain(superfluous.map(|path| ("superfluous", path)))
        .map(|(what, path)| (path, format!("{what}: {}", plan.shown(path))))
        .collect();
    lines.extend(plan.obstacles.iter().map(|obstacle| {
        let path = plan.shown(&obstacle.path);
        (
            obstacle.path.as_str(),
            format!("in the way: {path} {}", obstacle.reason),
        )
    }));
    lines.sort();
    lines.into_iter().map(|(_, line)| format!("{line}\n")).collect()
}

/// What was done to a stack's folder, in one line.
fn summary(plan: &Plan<'_>) -> String {
    let root = plan.shown("");
    if !plan.obstacles.is_empty() {
        return format!("{root}: not written\n");
    }
    let written = plan.missing.len() + plan.stale.len();
    let mut parts = Vec::new();
    for (number, what) in [
        (written, "written"),
        (plan.superfluous.len(), "deleted"),
        (plan.unchanged, "unchanged"),
    ] {
        match number {
            0 => {}
            _ if parts.is_empty() => parts.push(format!("{} {what}", count(number, "file"))),
            _ => parts.push(format!("{number} {what}")),
        }
    }
    if plan.has_changes() {
        let merged = plan.merged.iter().map(|path| {
            let path = plan.shown(path);
            format!("{path}: a merge left a conflict or a mixture of two branches, which was replaced\n")
        });
        format!("{}{root}: {}\n", merged.collect::<String>(), parts.join(", "))
    } else {
        format!("{root}: {}, up to date\n", count(plan.unchanged, "file"))
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
    report["in_the_way"] = plan.obstacles.iter().map(|obstacle| obstacle.path.as_str()).collect();
    report["unchanged"] = plan.unchanged.into();
}

fn changes(plan: &Plan<'_>, report: &mut Value) {
    let done = plan.obstacles.is_empty();
    let mut written: Vec<&String> = plan.missing.iter().chain(&plan.stale).filter(|_| done).collect();
    written.sort();
    report["folder"] = plan.shown("").into();
    report["written"] = json!(written);
    report["deleted"] = plan.superfluous.iter().filter(|_| done).map(String::as_str).collect();
    report["in_the_way"] = plan.obstacles.iter().map(|obstacle| obstacle.path.as_str()).collect();
    report["unchanged"] = plan.unchanged.into();
}
