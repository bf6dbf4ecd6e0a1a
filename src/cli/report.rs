//! Diagnostics, for people and for programs.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::{
    cli::{
        folder::{NotJudged, STDIN, SourceLine, Unknown},
        output::{Paint, count},
        snippet::snippet,
    },
    diagnostics::{Diagnostic, Diagnostics, Location, Rule, Severity, printable},
    manifest::digest,
};

/// Which findings a report shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// Findings that are not acknowledged, without notes.
    Open,
    /// All findings: also acknowledged ones, with the reason, and notes.
    All,
}

impl Show {
    pub(super) fn shows(self, finding: &Diagnostic) -> bool {
        self == Self::All || finding.acknowledged.is_none() && finding.severity != Severity::Note
    }
}

/// The findings of several stacks, and a last line that counts them; empty if there is nothing to say.
pub(super) fn text<'a>(stacks: impl Iterator<Item = (&'a str, &'a Diagnostics)>, show: Show, paint: Paint) -> String {
    let mut text = String::new();
    let (mut errors, mut warnings, mut notes, mut acknowledged) = (0, 0, 0, 0);
    for (stack, findings) in stacks {
        for finding in findings.iter().filter(|finding| show.shows(finding)) {
            text += &one(stack, finding, paint);
            match (finding.severity, &finding.acknowledged) {
                (_, Some(_)) => acknowledged += 1,
                (Severity::Error, None) => errors += 1,
                (Severity::Note, None) => notes += 1,
                (_, None) => warnings += 1,
            }
        }
    }
    text + &counts(errors, warnings, notes, acknowledged)
}

/// The line that counts findings; empty if there are none.
pub(super) fn counts(errors: usize, warnings: usize, notes: usize, acknowledged: usize) -> String {
    let counts: Vec<String> = [
        (errors, count(errors, "error")),
        (warnings, count(warnings, "warning")),
        (notes, count(notes, "note")),
        (acknowledged, format!("{acknowledged} acknowledged")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(_, words)| words)
    .collect();
    if counts.is_empty() {
        String::new()
    } else {
        format!("{}\n", counts.join(", "))
    }
}

/// What could not be judged, a line for each cause.
pub(super) fn not_judged(not_judged: &NotJudged, paint: Paint) -> String {
    let lines = sentences(not_judged).map(|said| paint.folded(&said, 2));
    lines
        .map(|line| line.replacen("not judged:", &paint.hint("not judged:"), 1))
        .collect()
}

/// `not judged: settings of StatefulSet kafka, because …`, a sentence for each cause.
fn sentences(not_judged: &NotJudged) -> impl Iterator<Item = String> {
    const NAMED: usize = 3;
    not_judged.iter().map(|(Unknown { what, why }, objects)| {
        let objects = if objects.len() > NAMED {
            count(objects.len(), "object")
        } else {
            objects.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        printable(format!("not judged: {what} of {objects}, because {why}"))
    })
}

/// What could not be judged, for a program.
pub(super) fn not_judged_json(not_judged: &NotJudged) -> Value {
    let causes = not_judged.iter();
    causes
        .map(|(Unknown { what, why }, objects)| json!({ "what": what, "objects": objects, "why": why }))
        .collect()
}

fn one(stack: &str, finding: &Diagnostic, paint: Paint) -> String {
    let mut text = head(stack, finding, paint);
    let location = finding.location();
    let column = location
        .column()
        .map_or_else(String::new, |column| format!(":{column}"));
    text += &format!("  {} {location}{column}\n", paint.faint("-->"));
    text += &source(finding, paint).unwrap_or_default();
    text + &remarks(stack, finding, paint)
}

/// The line of a file that a team wrote, if it can still be read.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line shows the line that it reports"
)]
fn source(finding: &Diagnostic, paint: Paint) -> Option<String> {
    let location = finding.location();
    let column = location.column()?;
    if let Some(line) = &finding.line {
        return Some(snippet(location.line(), column, line, finding.severity, paint));
    }
    let text = std::fs::read_to_string(location.file()).ok()?;
    let index = usize::try_from(location.line()).ok()?.checked_sub(1)?;
    let line = text.lines().nth(index)?;
    Some(snippet(location.line(), column, line, finding.severity, paint))
}

/// The first line of a finding: rule, subject and message.
pub(super) fn head(stack: &str, finding: &Diagnostic, paint: Paint) -> String {
    let (word, style): (_, fn(Paint, &str) -> String) = match (finding.severity, &finding.acknowledged) {
        (_, Some(_)) => ("acknowledged", Paint::faint),
        (Severity::Error, None) => ("error", Paint::error),
        (Severity::Note, None) => ("note", Paint::hint),
        (_, None) => ("warning", Paint::warning),
    };
    let head = format!("{word}[{}]", finding.rule.id);
    let subject = finding.subject(stack);
    paint
        .folded(&format!("{head} {subject}: {}", finding.message), 2)
        .replacen(&subject, &paint.strong(&subject), 1)
        .replacen(&head, &style(paint, &head), 1)
}

/// What follows the place of a finding: how to mend it, and how it is or can be acknowledged.
pub(super) fn remarks(stack: &str, finding: &Diagnostic, paint: Paint) -> String {
    let mut text = String::new();
    let mut more = |what: &str, words: &str| {
        let line = paint.folded(&format!("  {what} {words}"), 4);
        text += &line.replacen(what, &paint.hint(what), 1);
    };
    if let Some(reason) = &finding.acknowledged {
        more("reason:", reason);
    } else if !finding.hint.is_empty() {
        more("hint:", &finding.hint);
    }
    if let Some(call) = acknowledge_call(stack, finding) {
        more("acknowledge:", &call);
    }
    text
}

/// The call that acknowledges a finding; `None` for manifests on disk, which belong to no stack.
fn acknowledge_call(stack: &str, finding: &Diagnostic) -> Option<String> {
    finding.acknowledge_call().filter(|_| !stack.is_empty())
}

/// The findings of one stack, for a program.
pub(super) fn json(stack: &str, findings: &Diagnostics, show: Show) -> Value {
    findings
        .iter()
        .filter(|finding| show.shows(finding))
        .map(|finding| {
            let mut shown = json!({
                "rule": finding.rule.id,
                "severity": finding.severity.to_string(),
                "subject": finding.subject(stack),
                "construct": finding.place.construct,
                "item": finding.place.item,
                "message": finding.message,
                "hint": finding.hint,
                "location": finding.location().to_string(),
                "acknowledged": finding.acknowledged,
                "acknowledge_with": acknowledge_call(stack, finding),
            });
            if let Some(column) = finding.location().column() {
                shown["column"] = column.into();
            }
            shown
        })
        .collect()
}

/// Where findings in manifests were read.
#[derive(Clone, Copy, Default)]
pub(super) struct Read<'a> {
    /// What could not be judged.
    pub(super) not_judged: Option<&'a NotJudged>,
    /// The lines of the findings.
    pub(super) lines: Option<&'a BTreeMap<Location, SourceLine>>,
}

impl<'a> Read<'a> {
    /// The template of Helm that made the line of a finding, where that is the file to look at: the text was only in a pipe, or the
    /// template is there. Which of its lines it was is not known.
    fn template(self, finding: &Diagnostic) -> Option<&'a str> {
        let location = finding.location();
        let template = self.lines?.get(&location)?.template.as_deref()?;
        (location.file() == STDIN || Path::new(template).is_file()).then_some(template)
    }

    fn sentences(self) -> impl Iterator<Item = String> {
        self.not_judged.into_iter().flat_map(sentences)
    }
}

/// Annotations of a GitHub workflow, one line each.
pub(super) fn github<'a>(
    stacks: impl Iterator<Item = (&'a str, &'a Diagnostics)>,
    show: Show,
    read: Read<'_>,
) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    stacks
        .flat_map(|(stack, findings)| findings.iter().map(move |finding| (stack, finding)))
        .filter(|(_, finding)| show.shows(finding))
        .map(|(stack, finding)| {
            let level = match (finding.severity, &finding.acknowledged) {
                (_, Some(_)) | (Severity::Note, None) => "notice",
                (Severity::Error, None) => "error",
                (_, None) => "warning",
            };
            let location = finding.location();
            let column = location
                .column()
                .map_or_else(String::new, |column| format!(",col={column}"));
            let place = match read.template(finding) {
                Some(template) => property(template),
                None => format!("{},line={}{column}", property(&location.file()), location.line()),
            };
            format!(
                "::{level} file={place},title={}::{}\n",
                property(&format!("{} {}", finding.rule.id, finding.subject(stack))),
                escaped(&sentence(stack, finding, read)),
            )
        })
        .chain(read.sentences().map(|said| format!("::notice::{}\n", escaped(&said))))
        .collect()
}

/// What is wrong, how to fix it, and why or how it is acknowledged.
fn sentence(stack: &str, finding: &Diagnostic, read: Read<'_>) -> String {
    let mut lines = vec![finding.message.clone()];
    match &finding.acknowledged {
        Some(reason) => lines.push(format!("acknowledged: {reason}")),
        None if finding.hint.is_empty() => {}
        None => lines.push(format!("hint: {}", finding.hint)),
    }
    lines.extend(acknowledge_call(stack, finding).map(|call| format!("acknowledge: {call}")));
    if read.template(finding).is_some() {
        lines.push(format!("rendered: {}", finding.location()));
    }
    lines.join("\n")
}

/// A SARIF 2.1.0 log: one run with the rules that are broken, and a result for each finding.
pub(super) fn sarif<'a>(
    stacks: impl Iterator<Item = (&'a str, &'a Diagnostics)>,
    show: Show,
    read: Read<'_>,
) -> String {
    let found: Vec<(&str, &Diagnostic)> = stacks
        .flat_map(|(stack, findings)| findings.iter().map(move |finding| (stack, finding)))
        .filter(|(_, finding)| show.shows(finding))
        .collect();
    let rules: BTreeMap<&str, &Rule> = found
        .iter()
        .map(|(_, finding)| (finding.rule.id, finding.rule))
        .collect();
    let places: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let mut twins: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = found
        .iter()
        .map(|(stack, finding)| {
            let mut result = json!({
                "ruleId": finding.rule.id,
                "ruleIndex": places[finding.rule.id],
                "level": level(finding.severity),
                "message": { "text": sentence(stack, finding, read) },
                "locations": [{
                    "physicalLocation": physical(finding, read),
                    "logicalLocations": [{ "fullyQualifiedName": finding.subject(stack) }],
                }],
                // It does not depend on line numbers, so that a finding is recognized from one run to the next.
                "partialFingerprints": { "finding/v1": fingerprint(stack, finding, &mut twins) },
            });
            if let Some(reason) = &finding.acknowledged {
                result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
            }
            result
        })
        .collect();
    let rules: Vec<Value> = rules
        .values()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.summary },
                "fullDescription": { "text": rule.explanation },
                "help": { "text": format!("{}\n\nSource: {}", rule.explanation, rule.source) },
                "defaultConfiguration": { "level": level(rule.production) },
            })
        })
        .collect();
    let mut log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": env!("CARGO_PKG_NAME"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let notes: Vec<Value> = read
        .sentences()
        .map(|said| json!({ "level": "note", "message": { "text": said } }))
        .collect();
    if !notes.is_empty() {
        log["runs"][0]["invocations"] = json!([{ "executionSuccessful": true, "toolExecutionNotifications": notes }]);
    }
    format!("{log:#}\n")
}

/// The file of a finding, and its line. That of a template is not known.
fn physical(finding: &Diagnostic, read: Read<'_>) -> Value {
    match read.template(finding) {
        Some(template) => json!({ "artifactLocation": { "uri": uri(template) } }),
        None => json!({
            "artifactLocation": { "uri": uri(&finding.location().file()) },
            "region": region(finding),
        }),
    }
}

fn region(finding: &Diagnostic) -> Value {
    let location = finding.location();
    let mut region = json!({ "startLine": location.line() });
    if let Some(column) = location.column() {
        region["startColumn"] = column.into();
    }
    region
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
        Severity::Off => "none",
    }
}

fn fingerprint(stack: &str, finding: &Diagnostic, twins: &mut BTreeMap<String, usize>) -> String {
    let said = digest(&format!(
        "{}\0{}\0{}\0{}",
        finding.rule.id,
        finding.location().file(),
        finding.subject(stack),
        finding.message
    ));
    let twin = twins.entry(said.clone()).or_default();
    *twin += 1;
    format!("{said}:{twin}")
}

/// A path as a URI: relative paths stay relative to the checkout.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri += &format!("%{byte:02X}");
        }
    }
    if uri.starts_with('/') {
        format!("file://{uri}")
    } else {
        uri
    }
}
