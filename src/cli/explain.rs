//! `explain`: what a rule is about and why it exists; what an alert means; what a change does.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::{Output, Paint, wrapped},
        stacks::{StackFn, each},
    },
    construct::Explanation,
    diagnostics::Rule,
    diff::{self, Row},
    nearest::nearest,
    rules,
    stack::Stack,
};

/// Explain a rule, an alert or a kind of change, or list all rules
#[derive(Args)]
pub(super) struct Arguments {
    /// A rule's id, such as `KS-D02`, an alert's name, or a kind of change, such as `volume-grown`; all rules are listed if none is named
    #[arg(value_name = "RULE|ALERT|CHANGE")]
    rule: Option<String>,

    /// The stacks whose alert is explained; all of them if none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// List all rules
    #[arg(long, conflicts_with = "rule")]
    all: bool,

    /// List all kinds of changes that `diff` knows, the worst last
    #[arg(long, conflicts_with_all = ["rule", "all"])]
    changes: bool,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if arguments.changes {
        let mut rows: Vec<&Row> = diff::rows().collect();
        rows.sort_by_key(|row| (row.class, row.id));
        return explain_rows(&rows, false, output);
    }
    let rules = match &arguments.rule {
        Some(id) => {
            let (rule, row) = (rules::find(id), diff::rows().find(|row| row.id == id));
            let everywhere = rule.is_some() || row.is_some();
            if let Some(stack) = arguments.stacks.first().filter(|_| everywhere) {
                return Err(Failure::new(format!(
                    "`{id}` is the same in all stacks: `{stack}` says nothing about it"
                ))
                .hint(format!("`explain {id}`")));
            }
            if let Some(rule) = rule {
                vec![rule]
            } else if let Some(row) = row {
                return explain_rows(&[row], true, output);
            } else {
                let explained = each(stacks, &arguments.stacks, output, explanations)?;
                explain_alert(id, &explained.stacks, output)?;
                return Ok(explained.outcome());
            }
        }
        None => rules::all().to_vec(),
    };
    if output.is_json() {
        output.json(json!({ "rules": rules.into_iter().map(json).collect::<Value>() }))?;
    } else {
        let paint = output.data_paint();
        let text: String = if arguments.rule.is_some() {
            rules.into_iter().map(|rule| explain(rule, paint)).collect()
        } else {
            rules.into_iter().map(|rule| line(rule, paint)).collect()
        };
        output.data([text.as_str()])?;
    }
    Ok(Outcome::Done)
}

/// Explains kinds of changes, at length or in a line each.
fn explain_rows(rows: &[&Row], at_length: bool, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if output.is_json() {
        let changes = rows.iter().map(|row| {
            json!({
                "id": row.id,
                "class": row.class,
                "flags": row.flags,
                "summary": row.summary,
                "reason": row.general_reason(),
                "commands": row.general_commands(),
            })
        });
        output.json(json!({ "changes": changes.collect::<Value>() }))?;
        return Ok(Outcome::Done);
    }
    let paint = output.data_paint();
    let text: String = rows
        .iter()
        .map(|row| {
            if at_length {
                change(row, paint)
            } else {
                change_line(row, paint)
            }
        })
        .collect();
    output.data([text.as_str()])?;
    Ok(Outcome::Done)
}

fn change_line(row: &Row, paint: Paint) -> String {
    format!("{:32}  {:21}  {}\n", paint.strong(row.id), row.class, row.summary)
}

fn change(row: &Row, paint: Paint) -> String {
    let flags: String = row.flags.iter().map(|flag| format!(", {flag}")).collect();
    let mut text = wrapped(&format!("{}: {}", row.id, row.summary), 0).replacen(row.id, &paint.strong(row.id), 1);
    text += &format!("{}{flags}\n", row.class);
    if !row.reason.is_empty() {
        text += &format!("\n{}", wrapped(&row.general_reason(), 0));
    }
    if !row.commands.is_empty() {
        let commands = row
            .general_commands()
            .into_iter()
            .map(|command| format!("  {}\n", paint.hint(&command)));
        text += &format!("\n{}", commands.collect::<String>());
    }
    text
}

/// What the constructs of a stack explain.
fn explanations(stack: &Stack) -> Vec<Explanation> {
    let parts = stack.constructs.iter();
    parts.flat_map(|part| part.explanations(stack.context())).collect()
}

/// Explains an alert, once for all stacks in which it is the same.
fn explain_alert(name: &str, stacks: &[(Stack, Vec<Explanation>)], output: &mut Output<'_>) -> Result<(), Failure> {
    let known: Vec<(&str, &Explanation)> = stacks
        .iter()
        .flat_map(|(stack, explanations)| explanations.iter().map(|explanation| (stack.name(), explanation)))
        .collect();
    let of_name = |(_, explanation): &&(&str, &Explanation)| explanation.name.eq_ignore_ascii_case(name);
    let mut groups: Vec<(Vec<&str>, &Explanation)> = Vec::new();
    for (stack, explanation) in known.iter().filter(of_name) {
        match groups.iter_mut().find(|(_, other)| other == explanation) {
            Some((stacks, _)) => stacks.push(stack),
            None => groups.push((vec![stack], explanation)),
        }
    }
    if groups.is_empty() {
        let names = known.iter().map(|(_, explanation)| explanation.name.as_str());
        return Err(unknown(name, names));
    }
    if output.is_json() {
        let alerts: Value = groups
            .iter()
            .map(|(stacks, explanation)| {
                let facts: Value = explanation
                    .facts
                    .iter()
                    .map(|(what, fact)| json!({ "about": what, "fact": fact }))
                    .collect();
                json!({ "name": explanation.name, "stacks": stacks, "summary": explanation.summary, "facts": facts })
            })
            .collect();
        output.json(json!({ "alerts": alerts }))?;
        return Ok(());
    }
    output.data([alert(&groups, output.data_paint()).as_str()])?;
    Ok(())
}

/// An alert in some groups of stacks: what is the same in all of them, and then the rest of each.
fn alert(groups: &[(Vec<&str>, &Explanation)], paint: Paint) -> String {
    let Some((_, first)) = groups.first() else {
        return String::new();
    };
    let Explanation { name, summary, .. } = first;
    let mut text = wrapped(&format!("{name}: {summary}"), 0).replacen(name.as_str(), &paint.strong(name), 1);
    let is_common =
        |fact: &&(&'static str, String)| groups.iter().all(|(_, explanation)| explanation.facts.contains(fact));
    let written = |(what, fact): &(&str, String)| format!("  {what}: {}\n", fact.replace('\n', "\n    "));
    let mut part = |title: &str, facts: Vec<&(&'static str, String)>| {
        if !facts.is_empty() {
            text += &format!("\n{title}\n{}", facts.into_iter().map(written).collect::<String>());
        }
    };
    part(&in_stacks(groups), first.facts.iter().filter(is_common).collect());
    for group in groups {
        let own = group.1.facts.iter().filter(|fact| !is_common(fact));
        part(&in_stacks(std::slice::from_ref(group)), own.collect());
    }
    text
}

/// `in dev, prod`.
fn in_stacks(groups: &[(Vec<&str>, &Explanation)]) -> String {
    let stacks: Vec<&str> = groups.iter().flat_map(|(stacks, _)| stacks.iter().copied()).collect();
    format!("in {}", stacks.join(", "))
}

fn unknown<'a>(name: &str, alerts: impl Iterator<Item = &'a str>) -> Failure {
    let near = nearest(name, rules::all().iter().map(|rule| rule.id))
        .or_else(|| nearest(name, alerts))
        .or_else(|| nearest(name, diff::rows().map(|row| row.id)));
    let question = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let what = if name.to_ascii_uppercase().starts_with("KS-") {
        "rule"
    } else {
        "rule or alert"
    };
    Failure::new(format!("there is no {what} `{name}`{question}")).hint("`explain` without a rule lists all of them")
}

fn line(rule: &Rule, paint: Paint) -> String {
    format!(
        "{}  {:7}  {}\n",
        paint.strong(rule.id),
        rule.production.to_string(),
        rule.summary
    )
}

fn explain(rule: &Rule, paint: Paint) -> String {
    let weight = if rule.production == rule.development {
        format!("{} in every stack", rule.production)
    } else {
        format!("{} in production, {} in development", rule.production, rule.development)
    };
    format!(
        "{}{weight}\n\n{}\n{}",
        wrapped(&format!("{}: {}", rule.id, rule.summary), 0).replacen(rule.id, &paint.strong(rule.id), 1),
        paragraphs(rule.explanation),
        wrapped(&format!("source: {}", rule.source), 0),
    )
}

/// Paragraphs, separated by empty lines.
fn paragraphs(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(|text| wrapped(text.trim(), 0)).collect();
    paragraphs.join("\n")
}

fn json(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "production": rule.production.to_string(),
        "development": rule.development.to_string(),
        "summary": rule.summary,
        "explanation": rule.explanation,
        "source": rule.source,
    })
}
