//! `docs`: the handbook of a stack.

use clap::Args;

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::Output,
        report::{self, Show},
        stacks::{StackFn, each},
    },
    synth::handbook,
};

/// Print a stack's handbook: addresses, topics, what is survived, operations, troubleshooting
#[derive(Args)]
pub(super) struct Arguments {
    /// The stack to print
    #[arg(value_name = "STACK")]
    stack: String,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if output.is_json() {
        return Err(Failure::new(
            "`docs` prints Markdown and cannot be combined with `--format json`",
        ));
    }
    let made = each(stacks, std::slice::from_ref(&arguments.stack), output, handbook)?;
    for (stack, handbook) in &made.stacks {
        match handbook {
            Ok(text) => output.data([text.as_str()])?,
            Err(findings) => {
                let findings = std::iter::once((stack.name(), findings));
                output.note(&report::text(findings, Show::Open, output.note_paint()));
                return Ok(Outcome::Failed);
            }
        }
    }
    Ok(made.outcome())
}
