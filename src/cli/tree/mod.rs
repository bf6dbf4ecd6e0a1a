//! `tree`: a stack's constructs, their objects, and what they request and may use.

mod html;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::{Format, Output, Paint, count},
        report::{self, Show},
        stacks::{StackFn, each},
    },
    construct::{Edge, Flow},
    synth::{
        Branch, Leaf, check,
        totals::{Compute, Totals},
    },
};

/// Show a stack's constructs and objects, with requests and limits
#[derive(Args)]
pub(super) struct Arguments {
    /// The stack to show
    #[arg(value_name = "STACK")]
    stack: String,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let made = each(stacks, std::slice::from_ref(&arguments.stack), output, check)?;
    for (stack, review) in &made.stacks {
        if review.findings.has_errors() {
            let findings = std::iter::once((stack.name(), &review.findings));
            output.note(&report::text(findings, Show::Open, output.note_paint()));
            return Ok(Outcome::Failed);
        }
        match output.format() {
            Format::Json => output.json(json(stack.name(), &review.tree))?,
            Format::Html => output.data([html::page(stack, &review.tree).as_str()])?,
            _ => output.data([text(stack.name(), &review.tree, output.data_paint()).as_str()])?,
        }
    }
    Ok(made.outcome())
}

fn text(stack: &str, tree: &[Branch], paint: Paint) -> String {
    let total: Totals = tree.iter().map(|branch| branch.totals).sum();
    let objects = tree.iter().map(|branch| branch.objects.len()).sum();
    let mut text = head(stack, &[vec![count(objects, "object")], total.words()].concat(), paint);
    let leaf = |object: &Leaf| format!("{} {}\n", object.identity.kind, object.identity.name);
    // The objects of the stack itself are listed beside the constructs.
    let own = tree.iter().filter(|branch| branch.construct.is_empty());
    let mut items: Vec<(String, Vec<String>)> = own
        .flat_map(|branch| &branch.objects)
        .map(|object| (leaf(object), Vec::new()))
        .collect();
    for branch in tree.iter().filter(|branch| !branch.construct.is_empty()) {
        let head = head(&branch.construct, &branch.totals.words(), paint);
        let edges = branch.edges.iter().map(|edge| words(edge, paint) + "\n");
        items.push((head, edges.chain(branch.objects.iter().map(leaf)).collect()));
    }
    for (place, (head, twigs)) in items.iter().enumerate() {
        let last = place + 1 == items.len();
        let [branch, trunk] = if last {
            ["└── ", "    "]
        } else {
            ["├── ", "│   "]
        };
        text += &format!("{}{head}", paint.faint(branch));
        for (place, leaf) in twigs.iter().enumerate() {
            let twig = if place + 1 == twigs.len() {
                "└── "
            } else {
                "├── "
            };
            text += &format!("{}{}", paint.faint(&format!("{trunk}{twig}")), leaf);
        }
    }
    text
}

/// What an application does with a topic.
fn words(edge: &Edge, paint: Paint) -> String {
    let topic = paint.strong(&edge.topic);
    match &edge.flow {
        Flow::Writes { transactional: false } => format!("writes {topic}"),
        Flow::Writes { transactional: true } => format!("writes {topic} in transactions"),
        Flow::Reads { group, .. } => format!("reads {topic} as {group}"),
        _ => format!("uses {topic}"),
    }
}

fn head(name: &str, amounts: &[String], paint: Paint) -> String {
    let name = paint.strong(name);
    if amounts.is_empty() {
        format!("{name}\n")
    } else {
        format!("{name}  {}\n", amounts.join(", "))
    }
}

fn json(stack: &str, tree: &[Branch]) -> Value {
    let total: Totals = tree.iter().map(|branch| branch.totals).sum();
    let constructs: Value = tree
        .iter()
        .map(|branch| {
            let objects: Value = branch
                .objects
                .iter()
                .map(
                    |object| json!({ "kind": object.identity.kind, "name": object.identity.name, "path": object.path }),
                )
                .collect();
            let mut construct = json!({
                "name": branch.construct,
                "totals": json_totals(&branch.totals),
                "objects": objects,
            });
            if !branch.edges.is_empty() {
                construct["edges"] = branch.edges.iter().map(json_edge).collect();
            }
            construct
        })
        .collect();
    json!({ "stack": stack, "totals": json_totals(&total), "constructs": constructs })
}

/// What an application does with a topic, for a program.
fn json_edge(edge: &Edge) -> Value {
    match &edge.flow {
        Flow::Reads { group, .. } => json!({ "flow": "reads", "topic": edge.topic, "group": group }),
        Flow::Writes { transactional } => {
            json!({ "flow": "writes", "topic": edge.topic, "transactional": transactional })
        }
        _ => json!({ "flow": "declares", "topic": edge.topic }),
    }
}

/// Totals for a program: exact, with the unit in the name.
fn json_totals(totals: &Totals) -> Value {
    let compute =
        |compute: Compute| json!({ "cpu_millicores": compute.cpu.millicores(), "memory_bytes": compute.memory.get() });
    json!({
        "requests": compute(totals.requests),
        "limits": compute(totals.limits),
        "disk_bytes": totals.disk.get(),
    })
}
