//! `diff`: what applying new manifests does to the running cluster; and the same for `kubectl diff`.

mod git;
mod markdown;
mod sources;
mod text;
mod verdict;

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) use self::verdict::Verdict;
use self::{git::GitError, sources::Texts};
use crate::{
    cli::{
        Outcome,
        failure::Failure,
        folder::shown,
        output::{Format, Output, Paint},
        report::{self, Show},
        stacks::{Made, StackFn, each},
    },
    diagnostics::{Diagnostic, Diagnostics},
    diff::{self, Class, Report, Side},
    rules,
    synth::{check_across, manifests},
};

/// Show what a change does to the running cluster
#[derive(Args)]
#[command(after_long_help = "\
Without options, what the stacks render now is compared with what is committed: `out/STACK` at the revision HEAD; where there is no git \
repository, with the files on disk. `--from` and `--to` compare any manifests, no matter which tool wrote them.

Exit code: 0 if nothing differs, 1 if something differs, 2 for a failure, and for a change of the class of `--fail-on` or a worse one. \
The classes, from the least to the worst: none, metadata, dynamic-config, rolling-restart, manual-steps, refused-by-api-server, \
data-loss. `explain RULE` tells about a kind of change.")]
pub(super) struct Arguments {
    /// The stacks to compare; all of them if none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// What to compare with: a folder, or a revision of git
    #[arg(long, value_name = "DIR|REV", conflicts_with_all = ["from", "to"])]
    against: Option<String>,

    /// The output folder of the stacks
    #[arg(long, value_name = "DIR", default_value = "out", conflicts_with_all = ["from", "to"])]
    out: PathBuf,

    /// The manifests before: a folder, a file, `-`, or `REV:PATH`
    #[arg(long, value_name = "DIR", requires = "to", conflicts_with = "stacks")]
    from: Option<PathBuf>,

    /// The manifests after
    #[arg(long, value_name = "DIR", requires = "from")]
    to: Option<PathBuf>,

    /// Exit with 2 if a change is of this class or a worse one
    #[arg(long, value_name = "CLASS", default_value = "never", value_parser = fail_on)]
    fail_on: FailOn,
}

/// Show what a change does to live objects; for `kubectl diff`
#[derive(Args)]
#[command(after_long_help = "\
`KUBECTL_EXTERNAL_DIFF=\"kafka-stacks kubectl-diff\" kubectl diff -f DIR`: kubectl calls it with two folders. Exit codes are those of \
`diff`; kubectl itself ends before it calls anything if the API server refuses an object.")]
pub(super) struct KubectlArguments {
    /// The folder with the live objects
    #[arg(value_name = "LIVE")]
    live: PathBuf,

    /// The folder with the objects as they would be
    #[arg(value_name = "MERGED")]
    merged: PathBuf,

    /// Exit with 2 if a change is of this class or a worse one
    #[arg(long, value_name = "CLASS", default_value = "never", value_parser = fail_on)]
    fail_on: FailOn,
}

/// From which class on a run fails.
#[derive(Clone, Copy, Debug)]
struct FailOn(Option<Class>);

fn fail_on(text: &str) -> Result<FailOn, String> {
    if text == "never" {
        return Ok(FailOn(None));
    }
    text.parse()
        .map(|class| FailOn(Some(class)))
        .map_err(|error: String| format!("{error}, or `never`"))
}

/// The report of `--format json`.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Report of `kafka-stacks diff --format json`")]
pub(super) struct Document {
    /// The version of this format: it is raised when a key changes its meaning or is removed.
    format_version: u32,
    #[serde(flatten)]
    report: Report,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if let (Some(from), Some(to)) = (&arguments.from, &arguments.to) {
        if from.as_os_str() == "-" && to.as_os_str() == "-" {
            return Err(Failure::new("only one of `--from` and `--to` can be standard input"));
        }
        let stdin = &mut std::io::stdin().lock();
        let report = compare(sources::read(from, stdin)?, sources::read(to, stdin)?)?;
        if report.is_empty() && report.unchanged == 0 {
            return Err(Failure::new("no object on either side: there is nothing to compare"));
        }
        return finish(&report, arguments.fail_on, false, output);
    }
    let Made { mut stacks, failures } = each(stacks, &arguments.stacks, output, manifests)?;
    check_across(&mut stacks);
    let several = stacks.len() > 1;
    let mut all = Report::default();
    let mut failed = !failures.is_empty();
    for (stack, synthesis) in &stacks {
        let Some(manifests) = &synthesis.manifests else {
            let findings = [(stack.name(), &synthesis.findings)];
            output.note(&report::text(findings.into_iter(), Show::Open, output.note_paint()));
            failed = true;
            continue;
        };
        let (before, note) = committed(arguments, stack.name())?;
        let mut report = compare(before, sources::rendered(stack.name(), manifests))?;
        report.notes.extend(note);
        report.accept(stack.name(), &stack.acceptances);
        all.extend(if several { report.of_stack(stack.name()) } else { report });
    }
    all.notes.sort();
    all.notes.dedup();
    let outcome = finish(&all, arguments.fail_on, several, output)?;
    Ok(if failed { Outcome::Failed } else { outcome })
}

/// Compares the folders that kubectl made of live objects and of what they would be.
pub(super) fn run_for_kubectl(arguments: &KubectlArguments, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let report = compare(sources::all(&arguments.live)?, sources::all(&arguments.merged)?)?;
    finish(&report, arguments.fail_on, false, output)
}

/// What a stack's manifests were, and a remark about where they are from.
fn committed(arguments: &Arguments, stack: &str) -> Result<(Texts, Option<String>), Failure> {
    let folder = arguments.out.join(stack);
    let on_disk = |folder: &PathBuf| {
        if folder.exists() {
            sources::read(folder, &mut std::io::empty())
        } else {
            Ok(Texts::default())
        }
    };
    match &arguments.against {
        Some(against) => {
            let path = PathBuf::from(against);
            if path.is_dir() {
                let below = path.join(stack);
                return Ok((on_disk(if below.is_dir() { &below } else { &path })?, None));
            }
            match sources::at_revision(against, &folder) {
                Ok(sources) => Ok((sources.into(), None)),
                Err(GitError::NoFiles) => Ok((
                    Texts::default(),
                    Some(format!(
                        "`{}` is not in `{against}`: all objects are new",
                        shown(&folder)
                    )),
                )),
                Err(error) => Err(Failure::new(format!(
                    "`{against}` is neither a folder nor a revision: {}",
                    error.message()
                ))),
            }
        }
        None => match sources::at_revision("HEAD", &folder) {
            Ok(sources) => Ok((sources.into(), None)),
            Err(error) => {
                let texts = on_disk(&folder)?;
                let from = if texts.sources.is_empty() {
                    "there are no files of it either"
                } else {
                    "the files on disk are compared"
                };
                Ok((
                    texts,
                    Some(format!("`{}` at HEAD: {}; {from}", shown(&folder), error.message())),
                ))
            }
        },
    }
}

/// The report of one stack for a terminal.
pub(super) fn report_text(report: &Report, paint: Paint) -> String {
    text::text(report, false, paint)
}

/// Compares two sides, which must be readable as a whole.
pub(super) fn compare(before: impl Into<Texts>, after: impl Into<Texts>) -> Result<Report, Failure> {
    let (before, after) = (before.into(), after.into());
    let notes = [before.notes, after.notes].concat();
    let (before, after) = Side::read_both(before.sources, after.sources);
    let problems: Vec<String> = [&before, &after]
        .into_iter()
        .flat_map(Side::problems)
        .map(|problem| format!("`{}`, line {}: {}", problem.file, problem.line, problem.message))
        .collect();
    if problems.is_empty() {
        let mut report = diff::diff(&before, &after);
        report.notes.extend(notes);
        Ok(report)
    } else {
        Err(Failure::several(problems).hint("nothing is compared before all of it can be read"))
    }
}

/// The acceptances that do not name exactly one change, as warnings.
fn stale(report: &Report, paint: Paint) -> String {
    let finding = |stale: &diff::Stale| {
        let mut finding = Diagnostic::new(&rules::stack::ACKNOWLEDGED_NOTHING, stale.message.as_str());
        finding.at(stale.location).hint(if stale.is_ambiguous {
            "name one of them"
        } else {
            "remove `.accept(…)`; if its change is committed and not merged yet, compare with the branch that it goes to: `--against main`"
        });
        let mut findings = Diagnostics::default();
        findings.push(finding);
        findings
    };
    let found: Vec<(&str, Diagnostics)> = report
        .stale
        .iter()
        .map(|stale| (stale.stack.as_str(), finding(stale)))
        .collect();
    report::text(
        found.iter().map(|(stack, findings)| (*stack, findings)),
        Show::Open,
        paint,
    )
}

fn finish(report: &Report, fail_on: FailOn, several: bool, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match output.format() {
        Format::Json => {
            let report = serde_json::to_value(report).map_err(|error| Failure::new(error.to_string()))?;
            output.json(report)?;
        }
        Format::Markdown => output.data([markdown::comment(report, several).as_str()])?,
        _ => {
            let text = text::text(report, several, output.data_paint());
            output.data([text.as_str()])?;
            for note in &report.notes {
                output.note(&format!("note: {note}\n"));
            }
        }
    }
    if output.format() != Format::Json {
        output.note(&stale(report, output.note_paint()));
    }
    let is_open = |class: Class| report.open_class() >= class && !report.is_empty();
    let too_bad = fail_on
        .0
        .is_some_and(|class| is_open(class) || !report.stale.is_empty());
    Ok(match report.is_empty() {
        _ if too_bad => Outcome::Failed,
        true => Outcome::Done,
        false => Outcome::Differs,
    })
}
