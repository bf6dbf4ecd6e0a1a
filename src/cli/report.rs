//! Findings, for people and for programs.

use serde_json::{Value, json};

use crate::{
    cli::output::{Paint, count},
    finding::{Finding, Findings, Severity},
};

/// Which findings a report shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// Those that nobody acknowledged.
    Open,
    /// Acknowledged ones too, with the reason.
    All,
}

impl Show {
    fn shows(self, finding: &Finding) -> bool {
        self == Self::All || finding.acknowledged.is_none()
    }
}

/// The findings of several stacks, and a last line that counts them; empty if there is nothing to say.
pub(super) fn text<'a>(stacks: impl Iterator<Item = (&'a str, &'a Findings)>, show: Show, paint: Paint) -> String {
    let mut text = String::new();
    let (mut errors, mut warnings, mut acknowledged) = (0, 0, 0);
    for (stack, findings) in stacks {
        for finding in findings.iter().filter(|finding| show.shows(finding)) {
            text += &one(stack, finding, paint);
            match (finding.severity, &finding.acknowledged) {
                (_, Some(_)) => acknowledged += 1,
                (Severity::Error, None) => errors += 1,
                (_, None) => warnings += 1,
            }
        }
    }
    let counts: Vec<String> = [
        (errors, count(errors, "error")),
        (warnings, count(warnings, "warning")),
        (acknowledged, format!("{acknowledged} acknowledged")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(_, words)| words)
    .collect();
    if !counts.is_empty() {
        text += &format!("{}\n", counts.join(", "));
    }
    text
}

fn one(stack: &str, finding: &Finding, paint: Paint) -> String {
    let head = match (finding.severity, &finding.acknowledged) {
        (_, Some(_)) => paint.faint(&format!("acknowledged[{}]", finding.rule.id)),
        (Severity::Error, None) => paint.error(&format!("error[{}]", finding.rule.id)),
        (_, None) => paint.warning(&format!("warning[{}]", finding.rule.id)),
    };
    let subject = paint.strong(&finding.subject(stack));
    let mut text = format!("{head} {subject}: {}\n", finding.message);
    text += &format!("  {} {}\n", paint.faint("-->"), finding.location);
    if let Some(reason) = &finding.acknowledged {
        text += &format!("  {} {reason}\n", paint.hint("reason:"));
    } else if !finding.hint.is_empty() {
        text += &format!("  {} {}\n", paint.hint("hint:"), finding.hint);
    }
    text
}

/// The findings of one stack, for a program.
pub(super) fn json(stack: &str, findings: &Findings, show: Show) -> Value {
    findings
        .iter()
        .filter(|finding| show.shows(finding))
        .map(|finding| {
            json!({
                "rule": finding.rule.id,
                "severity": finding.severity.to_string(),
                "subject": finding.subject(stack),
                "construct": finding.construct,
                "item": finding.item,
                "message": finding.message,
                "hint": finding.hint,
                "location": finding.location.to_string(),
                "acknowledged": finding.acknowledged,
            })
        })
        .collect()
}
