//! The command line: the only part of the crate that reads and writes files, knows the environment, and can fail.
//!
//! Every verb has a file. What they share: `output` has the streams, `report` shows findings, `compare` reads what is
//! on the disk and [`write`] changes it.

mod capacity;
mod check;
mod compare;
mod completions;
mod deploy;
mod diff;
mod docs;
mod drain;
mod explain;
mod failure;
mod fix;
mod folder;
mod init;
mod kubectl;
mod kustomize;
mod list;
mod manifests;
mod output;
mod replace;
mod report;
mod roll;
mod running;
mod schema;
#[cfg(test)]
mod scratch;
mod snippet;
mod stacks;
mod synth;
mod teams;
mod terms;
#[cfg(test)]
mod tests;
mod tree;
mod verify;
mod write;

use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum as _};

use crate::cli::{
    failure::Failure,
    output::{Format, Output, Paint},
};

pub use stacks::{MadeStack, StackFn};
pub use teams::team_files;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,

    /// How to report
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,

    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
}

#[derive(Subcommand)]
enum Verb {
    Synth(synth::Arguments),
    Diff(diff::Arguments),
    Check(check::Arguments),
    Init(init::Arguments),
    List(list::Arguments),
    Tree(tree::Arguments),
    Verify(verify::Arguments),
    Deploy(deploy::Arguments),
    Roll(roll::Arguments),
    Drain(drain::DrainArguments),
    Rebalance(drain::RebalanceArguments),
    Replace(replace::Arguments),
    Docs(docs::Arguments),
    Capacity(capacity::Arguments),
    Explain(explain::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    KubectlDiff(diff::KubectlArguments),
}

/// How a run ended; the number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done = 0,
    /// `synth --check` or `diff` found differences.
    Differs = 1,
    /// There are errors, or the run failed.
    Failed = 2,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}

/// Runs the command line over a set of stacks: the whole of a binary's `main`.
///
/// `stacks` are functions or closures that return a [`Stack`](crate::stack::Stack) or a `Result` with one. To put
/// functions of several types into one list, wrap them in [`StackFn::named`]. It also gives the stack's name, so that a
/// function is only called if its stack is selected.
///
/// ```no_run
/// use kafka_stacks::prelude::*;
///
/// fn prod() -> Stack {
///     Stack::new("prod", "kafka")
/// }
///
/// fn main() -> std::process::ExitCode {
///     kafka_stacks::cli::run(&[prod])
/// }
/// ```
pub fn run<'a, S: Into<StackFn<'a>>>(stacks: impl IntoIterator<Item = S>) -> ExitCode {
    let stacks: Vec<StackFn<'a>> = stacks.into_iter().map(Into::into).collect();
    let words: Vec<OsString> = std::env::args_os().collect();
    let parsed = Arguments::command()
        .color(wished_color(&words))
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are handled here too. A closed pipe is not an error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Outcome::Failed as u8));
        }
    };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let paint = [stdout.is_terminal(), stderr.is_terminal()].map(|terminal| Paint::new(arguments.color, terminal));
    let (mut stdout, mut stderr) = (stdout.lock(), stderr.lock());
    let mut output = Output::new((&mut stdout, paint[0]), (&mut stderr, paint[1]), arguments.format);
    execute(&arguments.verb, &stacks, &mut output).into()
}

/// Runs one verb, and reports its failure.
fn execute(verb: &Verb, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Outcome {
    let outcome = match verb {
        verb if output.format().is_for_findings() && !matches!(verb, Verb::Check(_)) => {
            Err(Failure::new("only `check` reports findings in this format")
                .hint("use `--format text` or `--format json`"))
        }
        verb if output.format() == Format::Markdown && !matches!(verb, Verb::Diff(_)) => {
            Err(Failure::new("only `diff` reports in this format").hint("use `--format text` or `--format json`"))
        }
        verb if output.format() == Format::Html && !matches!(verb, Verb::Tree(_)) => {
            Err(Failure::new("only `tree` writes this format").hint("use `--format text` or `--format json`"))
        }
        verb if output.format() == Format::Junit && !matches!(verb, Verb::Verify(_)) => {
            Err(Failure::new("only `verify` reports in this format").hint("use `--format text` or `--format json`"))
        }
        Verb::Synth(arguments) => synth::run(arguments, stacks, output),
        Verb::Diff(arguments) => diff::run(arguments, stacks, output),
        Verb::KubectlDiff(arguments) => diff::run_for_kubectl(arguments, output),
        Verb::Check(arguments) => check::run(arguments, stacks, output),
        Verb::Init(arguments) => init::run(arguments, output),
        Verb::List(arguments) => list::run(arguments, stacks, output),
        Verb::Tree(arguments) => tree::run(arguments, stacks, output),
        Verb::Verify(arguments) => verify::run(arguments, stacks, output),
        Verb::Deploy(arguments) => deploy::run(arguments, stacks, output),
        Verb::Roll(arguments) => roll::run(arguments, stacks, output),
        Verb::Drain(arguments) => drain::run_drain(arguments, stacks, output),
        Verb::Rebalance(arguments) => drain::run_rebalance(arguments, stacks, output),
        Verb::Replace(arguments) => replace::run(arguments, stacks, output),
        Verb::Docs(arguments) => docs::run(arguments, stacks, output),
        Verb::Capacity(arguments) => capacity::run(arguments, stacks, output),
        Verb::Explain(arguments) => explain::run(arguments, stacks, output),
        Verb::Schema(arguments) => schema::run(arguments, output),
        Verb::Completions(arguments) => completions::run(arguments, stacks, output),
    };
    outcome.unwrap_or_else(|failure| {
        output.note(&failure.text(output.note_paint()));
        Outcome::Failed
    })
}

/// The `--color` among the arguments: clap's own messages must follow it even if the arguments cannot be parsed.
fn wished_color(words: &[OsString]) -> ColorChoice {
    let words = words.iter().filter_map(|word| word.to_str());
    let values = words.clone().skip(1).chain([""]).zip(words);
    values
        .filter_map(|(next, word)| match word.strip_prefix("--color") {
            Some("") => Some(next),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        })
        .find_map(|value| ColorChoice::from_str(value, false).ok())
        .unwrap_or_default()
}

/// The name of the program, as the user knows it.
fn program() -> String {
    std::env::args_os()
        .next()
        .as_deref()
        .and_then(|path| std::path::Path::new(path).file_stem())
        .and_then(OsStr::to_str)
        .unwrap_or(env!("CARGO_PKG_NAME"))
        .to_owned()
}
