//! `explain`: why a rule exists.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::{Output, Paint},
    },
    finding::Rule,
    nearest::nearest,
    rules,
};

/// Explain a rule, or list all of them
#[derive(Args)]
pub(super) struct Arguments {
    /// The rule's id, as `KS-D02`; all rules are listed if none is named
    #[arg(value_name = "RULE")]
    rule: Option<String>,

    /// List all rules
    #[arg(long, conflicts_with = "rule")]
    all: bool,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let rules = match &arguments.rule {
        Some(id) => vec![find(id)?],
        None => rules::ALL.to_vec(),
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

fn find(id: &str) -> Result<&'static Rule, Failure> {
    rules::find(id).ok_or_else(|| {
        let question = nearest(id, rules::ALL.iter().map(|rule| rule.id))
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::new(format!("there is no rule `{id}`{question}")).hint("`explain` without a rule lists all of them")
    })
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
        wrapped(&format!("{}: {}", rule.id, rule.summary)).replacen(rule.id, &paint.strong(rule.id), 1),
        wrapped(rule.explanation),
        wrapped(&format!("source: {}", rule.source)),
    )
}

/// Paragraphs, separated by empty lines, in lines of up to 80 characters, each ending in a newline.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 80;
    let mut lines = String::new();
    for paragraph in text.split("\n\n") {
        let mut column = 0;
        for word in paragraph.split_whitespace() {
            let width = word.chars().count();
            if column > 0 && column + 1 + width > WIDTH {
                lines.push('\n');
                column = 0;
            }
            if column > 0 {
                lines.push(' ');
                column += 1;
            }
            lines += word;
            column += width;
        }
        lines += "\n\n";
    }
    lines.truncate(lines.trim_end().len());
    lines.push('\n');
    lines
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
