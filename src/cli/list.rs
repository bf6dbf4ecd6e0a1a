//! `list`: the stacks of this binary. Nothing is checked or rendered.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::{Output, count},
        stacks::{StackFn, each},
    },
    stack::Stack,
};

/// List the stacks
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let made = each(stacks, &[], output, |_| ())?;
    if output.is_json() {
        let stacks: Value = made.stacks.iter().map(|(stack, ())| json(stack)).collect();
        output.json(json!({ "stacks": stacks, "failures": made.failures }))?;
    } else {
        let width = |text: fn(&Stack) -> &str| {
            made.stacks
                .iter()
                .map(|(stack, ())| text(stack).len())
                .max()
                .unwrap_or_default()
        };
        let widths = [width(Stack::name), width(|stack| &stack.context().namespace)];
        let lines = made.stacks.iter().map(|(stack, ())| line(stack, widths, output));
        output.data([lines.collect::<String>().as_str()])?;
    }
    Ok(made.outcome())
}

fn line(stack: &Stack, [name_width, namespace_width]: [usize; 2], output: &Output<'_>) -> String {
    // The padding goes outside of the colours.
    let name = output.data_paint().strong(stack.name());
    let padding = " ".repeat(name_width - stack.name().len());
    let namespace = &stack.context().namespace;
    let constructs = count(stack.constructs.len(), "construct");
    format!("{name}{padding}  namespace {namespace:namespace_width$}  {constructs}\n")
}

fn json(stack: &Stack) -> Value {
    let constructs = stack.constructs.iter();
    json!({
        "name": stack.name(),
        "namespace": stack.context().namespace,
        "constructs": constructs.map(|part| part.meta().name.as_str()).collect::<Value>(),
    })
}
