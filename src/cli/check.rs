//! `check`: reports findings and writes nothing.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        fix,
        folder::{self, Judgement},
        manifests,
        output::{Format, Output},
        report::{self, Read, Show},
        stacks::{Made, StackFn, each},
        terms::{Assumption, Terms},
    },
    diagnostics::Profile,
    diagnostics::{Diagnostics, Severity},
    kubernetes::Platform,
    synth::{check, check_across},
};

/// Report errors and warnings of stacks, or of manifests on disk; write nothing
#[derive(Args)]
#[command(after_long_help = "\
With `--dir`, every `.yaml`, `.yml` and `.json` file in the folder and its subfolders is checked, no matter which tool wrote it: files \
that cannot be read, what the API server refuses, references to objects that do not exist, and what keeps Kafka from starting. \
Documents, Lists and JSON are read as kubectl reads them. A `kustomization.yaml` is not an object, but the files that it names \
must exist. If the one in a named folder changes objects, its output is judged instead of the files: it is built by `kubectl kustomize` or \
`kustomize`, whichever is there, and nothing is downloaded. Links to folders are not followed.

`--fix` prints a patch for the findings that have only one remedy, and `--write` applies it; everything else in the files stays as it is.

`--dir -` reads standard input: `helm template … | kafka-stacks check --dir -`. Several `--dir` are one set of objects. The report ends \
with what could not be judged, and why. The same finding about several objects is shown once; `--format json` has all of them.

A `kafka-stacks.toml` in the folder, or above it in its repository, has what is acknowledged and assumed, the platform and the profile.

A reference that leaves the folder is an error, unless `--assume` says that the cluster has what it names.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Arguments {
    /// The stacks to check; all of them if none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// Show acknowledged findings too, with the reasons, and notes
    #[arg(long, conflicts_with = "dir")]
    all: bool,

    /// Check the manifests of a folder or a file instead of stacks, or of standard input if it is `-`; several are one set
    #[arg(long, value_name = "DIR", conflicts_with = "stacks")]
    dir: Vec<PathBuf>,

    /// What exists in the cluster but not in the folder, such as `Secret/kafka-tls`, or `Secret` for all of a kind
    #[arg(long, value_name = "KIND/NAME", requires = "dir", value_parser = Assumption::parse)]
    assume: Vec<Assumption>,

    /// Check the folder by the rules for development, where data may be lost
    #[arg(long, requires = "dir")]
    development: bool,

    /// Print a patch that mends what has only one remedy, for `git apply` or `patch -p1`, instead of the findings
    #[arg(long, requires = "dir")]
    fix: bool,

    /// With `--fix`: change the files, all of them or none, and report the findings that are left
    #[arg(long, requires = "fix")]
    write: bool,

    /// What runs the pods: what it fills in is not missing
    #[arg(long, value_name = "PLATFORM", requires = "dir", value_parser = ["kubernetes", "openshift"])]
    platform: Option<String>,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if arguments.dir.is_empty() {
        run_on_stacks(arguments, stacks, output)
    } else {
        run_on_folder(arguments, output)
    }
}

fn run_on_stacks(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let Made {
        stacks: mut checked,
        failures,
    } = each(stacks, &arguments.stacks, output, check)?;
    check_across(&mut checked);
    let show = if arguments.all { Show::All } else { Show::Open };
    if output.is_json() {
        let stacks: Value = checked
            .iter()
            .map(|(stack, review)| {
                json!({
                    "name": stack.name(),
                    "errors": review.findings.count(Severity::Error),
                    "warnings": review.findings.count(Severity::Warning),
                    "findings": report::json(stack.name(), &review.findings, show),
                })
            })
            .collect();
        output.json(json!({ "stacks": stacks, "failures": failures }))?;
    } else {
        let findings: Vec<(&str, &Diagnostics)> = checked
            .iter()
            .map(|(stack, review)| (stack.name(), &review.findings))
            .collect();
        let all = findings.iter().copied();
        // The findings are the data here.
        let text = match output.format() {
            Format::Github => report::github(all, show, Read::default()),
            Format::Sarif => report::sarif(all, show, Read::default()),
            Format::Text | Format::Json | Format::Markdown | Format::Html | Format::Junit => {
                report::text(all, show, output.data_paint())
            }
        };
        output.data([text.as_str()])?;
    }
    let failed = !failures.is_empty() || checked.iter().any(|(_, review)| review.findings.has_errors());
    Ok(if failed { Outcome::Failed } else { Outcome::Done })
}

fn run_on_folder(arguments: &Arguments, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let mut terms = Terms {
        assumptions: arguments.assume.clone(),
        profile: arguments.development.then_some(Profile::Development),
        platform: arguments.platform.as_deref().map(|platform| match platform {
            "openshift" => Platform::OpenShift,
            _ => Platform::Kubernetes,
        }),
        ..Terms::default()
    };
    terms.add_files(&arguments.dir)?;
    let mut judgement = folder::judge(&arguments.dir, &mut std::io::stdin(), &terms)?;
    if arguments.write {
        if arguments.dir.iter().any(|root| root.as_os_str() == "-") {
            return Err(
                Failure::new("`--write` changes files, and standard input is not a file")
                    .hint("print the patch with `--fix` alone"),
            );
        }
        let fixes = fix::of(&judgement);
        fixes.write(&arguments.dir)?;
        output.note(&fixes.summary("mended"));
        judgement = folder::judge(&arguments.dir, &mut std::io::stdin(), &terms)?;
    } else if arguments.fix {
        if output.format() != Format::Text {
            return Err(Failure::new("`--fix` prints a patch, which has no other format")
                .hint("leave out `--format`, or change the files with `--write`"));
        }
        let fixes = fix::of(&judgement);
        output.data([fixes.patch().as_str()])?;
        output.note(&fixes.summary("would be mended"));
        return Ok(outcome(&judgement));
    }
    let findings = &judgement.findings;
    let names: Vec<String> = arguments.dir.iter().map(|root| root.display().to_string()).collect();
    if output.is_json() {
        output.json(json!({ "folder": {
            "name": names.join(" "),
            "files": judgement.files,
            "objects": judgement.objects,
            "errors": findings.count(Severity::Error),
            "warnings": findings.count(Severity::Warning),
            "findings": report::json("", findings, Show::Open),
            "needless_assumptions": judgement.needless,
            "not_judged": report::not_judged_json(&judgement.not_judged),
        } }))?;
    } else {
        let all = std::iter::once(("", findings));
        let read = Read {
            not_judged: Some(&judgement.not_judged),
            lines: Some(&judgement.lines),
        };
        let text = match output.format() {
            Format::Github => report::github(all, Show::Open, read),
            Format::Sarif => report::sarif(all, Show::Open, read),
            Format::Text | Format::Json | Format::Markdown | Format::Html | Format::Junit => {
                manifests::text(&judgement, output.data_paint())
            }
        };
        output.data([text.as_str()])?;
        for needless in &judgement.needless {
            output.note(&format!("unused assumption `{needless}`: nothing refers to it\n"));
        }
    }
    Ok(outcome(&judgement))
}

fn outcome(judgement: &Judgement) -> Outcome {
    if judgement.findings.has_errors() {
        Outcome::Failed
    } else {
        Outcome::Done
    }
}
