//! `schema`: the JSON Schema of a report.

use clap::{Args, ValueEnum};

use crate::cli::{Outcome, diff, failure::Failure, output::Output};

/// Write the JSON Schema of a report to standard output
#[derive(Args)]
pub(super) struct Arguments {
    /// The verb whose report it describes
    #[arg(value_enum)]
    verb: Described,
}

/// The verbs whose reports have a schema.
#[derive(Clone, Copy, ValueEnum)]
enum Described {
    /// `diff --format json`
    Diff,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let schema = match arguments.verb {
        Described::Diff => schemars::schema_for!(diff::Document),
    };
    output.data([format!("{:#}\n", schema.to_value()).as_str()])?;
    Ok(Outcome::Done)
}
