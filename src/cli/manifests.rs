//! Findings in manifests, as text: with the line of the file, and one cause once.

use std::collections::BTreeMap;

use crate::{
    cli::{
        folder::{Judgement, SourceLine},
        output::Paint,
        report::{self, Show},
        snippet::snippet,
    },
    diagnostics::{Diagnostic, Severity},
};

/// Findings, what could not be judged, and a last line that counts the findings; empty if there is nothing to say.
pub(super) fn text(judgement: &Judgement, paint: Paint) -> String {
    let mut text = String::new();
    for (finding, others) in by_cause(judgement) {
        text += &report::head("", finding, paint);
        let location = finding.location();
        let line = judgement.lines.get(&location);
        let column = column(finding, line);
        let place = column.map_or_else(|| location.to_string(), |column| format!("{location}:{column}"));
        text += &format!("  {} {place}", paint.faint("-->"));
        if let Some(template) = line.and_then(|line| line.template.as_deref()) {
            text += &format!(" (made by {template})");
        }
        text.push('\n');
        if let (Some(line), Some(column)) = (line, column) {
            text += &snippet(location.line(), column, &line.text, finding.severity, paint);
        }
        text += &report::remarks("", finding, paint);
        text += &also(&others, paint);
    }
    text += &report::not_judged(&judgement.not_judged, paint);
    let count = |severity| judgement.findings.count(severity);
    text + &report::counts(count(Severity::Error), count(Severity::Warning), 0, 0)
}

/// Findings that are shown, each with those of the same cause: the same rule, and the same words or what the rule says that
/// they have in common.
fn by_cause(judgement: &Judgement) -> Vec<(&Diagnostic, Vec<&Diagnostic>)> {
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut causes: Vec<(&Diagnostic, Vec<&Diagnostic>)> = Vec::new();
    for finding in judgement.findings.iter().filter(|finding| Show::Open.shows(finding)) {
        let cause = match &finding.alike {
            Some(alike) => (finding.rule.id, alike.as_str(), ""),
            None => (finding.rule.id, finding.message.as_str(), finding.hint.as_str()),
        };
        if let Some(&at) = places.get(&cause) {
            causes[at].1.push(finding);
        } else {
            places.insert(cause, causes.len());
            causes.push((finding, Vec::new()));
        }
    }
    causes
}

/// `and 16 more: …`, with the places of some of them.
fn also(others: &[&Diagnostic], paint: Paint) -> String {
    const NAMED: usize = 3;
    if others.is_empty() {
        return String::new();
    }
    let named = others.iter().take(NAMED);
    let mut places: Vec<String> = named
        .map(|finding| format!("{} ({})", finding.subject(""), finding.location()))
        .collect();
    if others.len() > NAMED {
        places.push("…".to_owned());
    }
    let line = format!("  and {} more: {}", others.len(), places.join(", "));
    paint.folded(&line, 4)
}

/// The column of a finding: that of its field, else the first that is not blank.
fn column(finding: &Diagnostic, line: Option<&SourceLine>) -> Option<u32> {
    let text = &line?.text;
    finding.location().column().or_else(|| {
        let blank = text.chars().take_while(|c| c.is_whitespace()).count();
        // A file that is broken as a whole has no line to show.
        (blank < text.chars().count()).then(|| u32::try_from(blank).unwrap_or(u32::MAX).saturating_add(1))
    })
}
