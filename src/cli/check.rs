//! `check`: the findings, and nothing else.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::Output,
        report::{self, Show},
        select,
    },
    finding::Severity,
    stack::Stack,
    synth::{Synthesis, synth},
};

/// Report what is wrong with the stacks; write nothing
#[derive(Args)]
pub(super) struct Arguments {
    /// The stacks to check; all of them if none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// Show acknowledged findings too, with the reasons
    #[arg(long)]
    all: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    stacks: &[fn() -> Stack],
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let checked: Vec<(Stack, Synthesis)> = select(stacks, &arguments.stacks)?
        .into_iter()
        .map(|stack| {
            let synthesis = synth(&stack);
            (stack, synthesis)
        })
        .collect();
    let show = if arguments.all { Show::All } else { Show::Open };
    if output.is_json() {
        let stacks: Value = checked
            .iter()
            .map(|(stack, synthesis)| {
                json!({
                    "name": stack.name(),
                    "errors": synthesis.findings.count(Severity::Error),
                    "warnings": synthesis.findings.count(Severity::Warning),
                    "findings": report::json(stack.name(), &synthesis.findings, show),
                })
            })
            .collect();
        output.json(json!({ "stacks": stacks }))?;
    } else {
        let findings = checked
            .iter()
            .map(|(stack, synthesis)| (stack.name(), &synthesis.findings));
        // Here the findings are the data.
        output.data([report::text(findings, show, output.data_paint()).as_str()])?;
    }
    let failed = checked.iter().any(|(_, synthesis)| synthesis.findings.has_errors());
    Ok(if failed { Outcome::Failed } else { Outcome::Done })
}
