//! `schema`: the JSON Schema of a report, and of the files that teams write.

use clap::{Args, ValueEnum};

use crate::{
    cli::{Outcome, diff, failure::Failure, output::Output, verify},
    kafka::TeamFile,
};

/// Write the JSON Schema of a report, or of a team's file, to standard output
#[derive(Args)]
pub(super) struct Arguments {
    /// The verb whose report it describes, or `topics` for the files that teams write
    #[arg(value_enum, value_name = "WHAT")]
    what: Described,
}

/// What has a schema.
#[derive(Clone, Copy, ValueEnum)]
enum Described {
    /// `diff --format json`
    Diff,
    /// `topics/<team>/*.yaml`
    Topics,
    /// `verify --format json`
    Verify,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let schema = match arguments.what {
        Described::Diff => schemars::schema_for!(diff::Document),
        Described::Topics => schemars::schema_for!(TeamFile),
        Described::Verify => schemars::schema_for!(verify::Document),
    };
    output.data([format!("{:#}\n", schema.to_value()).as_str()])?;
    Ok(Outcome::Done)
}
