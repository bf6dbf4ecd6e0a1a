//! `explain`: what a rule is about and why it exists; what an alert means.

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
    nearest::nearest,
    rules,
    stack::Stack,
};

/// Explain a rule or an alert, or list all rules
#[derive(Args)]
pub(super) struct Arguments {
    /// A rule's id, such as `KS-D02`, or an alert's name; all rules are listed if none is named
    #[arg(value_name = "RULE|ALERT")]
    rule: Option<String>,

    /// List all rules
    #[arg(long, conflicts_with = "rule")]
    all: bool,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let rules = match &arguments.rule {
        Some(id) => {
            if let Some(rule) = rules::find(id) {
                vec![rule]
            } else {
                let explained = each(stacks, &[], output, explanations)?;
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
    let paint = output.data_paint();
    let mut text = String::new();
    for (index, (stacks, explanation)) in groups.iter().enumerate() {
        if index == 0 {
            let Explanation { name, summary, .. } = explanation;
            text += &wrapped(&format!("{name}: {summary}"), 0).replacen(name.as_str(), &paint.strong(name), 1);
        }
        text += &format!("\nin {}\n", stacks.join(", "));
        for (what, fact) in &explanation.facts {
            text += &format!("  {what}: {}\n", fact.replace('\n', "\n    "));
        }
    }
    output.data([text.as_str()])?;
    Ok(())
}

fn unknown<'a>(name: &str, alerts: impl Iterator<Item = &'a str>) -> Failure {
    let near = nearest(name, rules::all().iter().map(|rule| rule.id)).or_else(|| nearest(name, alerts));
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
