//! `list`: the stacks of this binary, and what each amounts to.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome, all,
        failure::Failure,
        output::{Output, count},
        tree::{amounts, json_totals},
    },
    diagnostics::Severity,
    stack::Stack,
    synth::{Review, check, totals::Totals},
};

/// List the stacks
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, stacks: &[fn() -> Stack], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let stacks: Vec<(Stack, Review)> = all(stacks)?
        .into_iter()
        .map(|stack| {
            let review = check(&stack);
            (stack, review)
        })
        .collect();
    if output.is_json() {
        output.json(json!({ "stacks": stacks.iter().map(json).collect::<Value>() }))?;
    } else {
        let width = stacks
            .iter()
            .map(|(stack, _)| stack.name().len())
            .max()
            .unwrap_or_default();
        let lines: String = stacks.iter().map(|stack| line(stack, width, output)).collect();
        output.data([lines.as_str()])?;
    }
    Ok(Outcome::Done)
}

fn line((stack, review): &(Stack, Review), width: usize, output: &Output<'_>) -> String {
    let paint = output.data_paint();
    // The padding goes outside of the colours.
    let name = format!(
        "{}{}",
        paint.strong(stack.name()),
        " ".repeat(width - stack.name().len())
    );
    let errors = review.findings.count(Severity::Error);
    let what = if errors > 0 {
        paint.error(&count(errors, "error"))
    } else {
        let total: Totals = review.tree.iter().map(|branch| branch.totals).sum();
        let objects = review.tree.iter().map(|branch| branch.objects.len()).sum();
        [vec![count(objects, "object")], amounts(&total)].concat().join(", ")
    };
    format!("{name}  {what}\n")
}

fn json((stack, review): &(Stack, Review)) -> Value {
    let total: Totals = review.tree.iter().map(|branch| branch.totals).sum();
    let objects: usize = review.tree.iter().map(|branch| branch.objects.len()).sum();
    json!({
        "name": stack.name(),
        "namespace": stack.context().namespace,
        "errors": review.findings.count(Severity::Error),
        "warnings": review.findings.count(Severity::Warning),
        "objects": objects,
        "totals": json_totals(&total),
    })
}
