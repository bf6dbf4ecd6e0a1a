//! Rules of Prometheus: alerts that can never fire, that never stop, or that say nothing to the person on call.

use std::collections::BTreeMap;

use super::exported::{Author, Exported};
use crate::{
    diagnostics::{
        Diagnostic, Rule,
        Severity::Warning,
        family::rules,
        rules::observability::{ALERT, COMPARISON, EXPRESSION, TEMPLATE, TIMES},
    },
    lint::model::{
        ObjectDetail, config,
        monitoring::{PrometheusRule, RuleKind},
        set::{ObjectSet, SetFindings},
    },
    promql::{Analysis, Catalog, Style, analyze_parsed, template},
};

rules! { rules::observability;
    /// An alert without any text.
    pub const NO_TEXT: Rule = Rule {
        id: "KS-O20",
        production: Warning,
        development: Warning,
        summary: "an alert without a summary",
        explanation: "The person on call reads the annotations of an alert first, on a phone and at night. An alert with neither \
            `summary` nor `description` nor `message` arrives as a name and a list of labels. Alerts of a stack need a \
            summary and a description (KS-O12).",
        source: "monitoring-mixins: guidelines for alert names, labels and annotations",
    };

    /// Two alerts that Alertmanager cannot tell apart.
    pub const SAME_ALERT: Rule = Rule {
        id: "KS-O21",
        production: Warning,
        development: Warning,
        summary: "two alerts with the same name and the same labels",
        explanation: "Alertmanager knows an alert by its labels alone, and the name is one of them. If two rules fire with the \
            same labels they are one alert: whichever is sent last sets its texts, and one that resolves ends the other.",
        source: "Prometheus Alertmanager: alerts are identified by their label set",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, exported: &Exported<'_>, findings: &mut SetFindings) {
    for (index, object) in set.objects.iter().enumerate() {
        let author = Author::of(object);
        match &object.detail {
            ObjectDetail::Rules(rules) => {
                for (rule, found) in of_rules(&rules.rules, exported, author) {
                    for (part, mut finding) in found {
                        finding.place.field = format!("{}{part}", rule.pointer);
                        finding.place.item.clone_from(&rule.name);
                        findings.push(index, finding);
                    }
                }
            }
            ObjectDetail::Config(config) => {
                for file in &config.rules {
                    let field = config::field(&file.file);
                    let found = of_rules(&file.rules.rules, exported, author);
                    for ((rule, found), row) in found.into_iter().zip(&file.rows) {
                        for (_, mut finding) in found {
                            finding.place.field.clone_from(&field);
                            finding.place.row = Some(*row);
                            finding.place.item.clone_from(&rule.name);
                            findings.push(index, finding);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// What is wrong with a rule, and with which part of it.
type Found = Vec<(String, Diagnostic)>;

fn of_rules<'r, 'a>(
    rules: &'r [PrometheusRule],
    exported: &Exported<'a>,
    author: Author<'a>,
) -> Vec<(&'r PrometheusRule, Found)> {
    let mut names: BTreeMap<&str, Vec<&PrometheusRule>> = BTreeMap::new();
    rules
        .iter()
        .map(|rule| {
            let mut found = Found::new();
            let earlier = names.entry(&rule.name).or_default();
            match &rule.expression {
                Some(Ok(expression)) => {
                    let catalog = exported.catalog(author, Some(rule));
                    let mut analysis = analyze_parsed(expression, &catalog);
                    let of_expression = std::mem::take(&mut analysis.diagnostics);
                    found.extend(of_expression.into_iter().map(|finding| ("/expr".to_owned(), finding)));
                    if rule.kind == RuleKind::Alert {
                        of_alert(rule, &analysis, catalog.style(), &mut found);
                    }
                }
                Some(Err(reason)) => report(
                    &mut found,
                    "/expr",
                    &EXPRESSION,
                    format!("not valid PromQL: {reason}"),
                    "correct the expression",
                    "",
                ),
                None => {}
            }
            if rule.kind == RuleKind::Alert {
                same_name(rule, earlier, author.style(), &mut found);
            }
            earlier.push(rule);
            (rule, found)
        })
        .collect()
}

/// Adds a finding with the hint for the author of a stack, and for that of a manifest where it is another.
fn report(found: &mut Found, part: &str, rule: &'static Rule, message: impl Into<String>, hint: &str, yaml_hint: &str) {
    let mut finding = Diagnostic::new(rule, message);
    finding.hint(hint);
    if !yaml_hint.is_empty() {
        finding.yaml_hint(yaml_hint);
    }
    found.push((part.to_owned(), finding));
}

fn of_alert(rule: &PrometheusRule, analysis: &Analysis, style: Style, found: &mut Found) {
    if !analysis.conditional && !is_watchdog(rule) {
        report(
            found,
            "/expr",
            &COMPARISON,
            "no comparison: the alert fires as long as its series exist",
            "compare the expression with a threshold, as in `… > 100`",
            "",
        );
    }
    let text = |name: &str| rule.annotations.get(name).map_or("", |text| text.trim());
    match style {
        Style::Own => own_style(rule, &text, found),
        Style::Free => {
            if ["summary", "description", "message"]
                .into_iter()
                .all(|name| text(name).is_empty())
            {
                report(
                    found,
                    "",
                    &NO_TEXT,
                    format!("alert `{}` has no summary", rule.name),
                    "add the annotation `summary`: what is wrong, in a sentence",
                    "",
                );
            }
        }
    }
    if let (Some(waits), Some(interval)) = (rule.waits, analysis.interval)
        && waits.as_millis() != 0
        && waits < interval
    {
        report(
            found,
            "/for",
            &TIMES,
            format!("`for` is {waits}, shorter than the scrape interval of {interval}"),
            "use `.for_duration(5.minutes())`, or `.for_duration(0.seconds())` to fire at once",
            "write `for: 5m`, or remove it to fire at once",
        );
    }
    for (field, texts) in [("annotations", &rule.annotations), ("labels", &rule.labels)] {
        for (name, text) in texts
            .iter()
            .filter(|(_, text)| text.contains("{{") || text.contains("}}"))
        {
            for message in template::errors(text, analysis.labels.as_ref()) {
                let hint = if message.contains("has no label") {
                    "use labels that the expression keeps"
                } else {
                    "write it as Prometheus reads it: `{{ $labels.name }}`, `{{ $value | humanize }}`"
                };
                let part = format!("/{field}/{}", name.replace('~', "~0").replace('/', "~1"));
                report(found, &part, &TEMPLATE, message, hint, "");
            }
        }
    }
}

/// What alerts of this crate and of its stacks have in common.
fn own_style<'t>(rule: &PrometheusRule, text: &impl Fn(&str) -> &'t str, found: &mut Found) {
    let mut letters = rule.name.bytes();
    if !letters.next().is_some_and(|first| first.is_ascii_uppercase()) || !letters.all(|c| c.is_ascii_alphanumeric()) {
        report(
            found,
            "/alert",
            &ALERT,
            format!("the name `{}` is not in UpperCamelCase", rule.name),
            "give `Alert::new(…)` a name like `KafkaBrokerDown`",
            "write a name like `KafkaBrokerDown`",
        );
    }
    for what in ["summary", "description"] {
        if text(what).is_empty() {
            report(
                found,
                "",
                &ALERT,
                format!("the alert has no {what}"),
                &format!("add one with `.{what}(…)`"),
                &format!("add the annotation `{what}`"),
            );
        }
    }
    if text("summary").contains("{{") {
        report(
            found,
            "/annotations/summary",
            &TEMPLATE,
            "the summary has a template, but must be the same for all alerts of this name",
            "use the template in `.description(…)`",
            "use the template in the annotation `description`",
        );
    }
}

/// Whether an alert is meant to fire always: its absence shows that alerting itself is broken.
fn is_watchdog(rule: &PrometheusRule) -> bool {
    let name: String = rule.name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    let constant = !rule.text.contains(['{', '[', '_']);
    constant && rule.text.trim_start().starts_with("vector")
        || ["watchdog", "deadman", "heartbeat"]
            .iter()
            .any(|word| name.contains(word))
}

fn same_name(rule: &PrometheusRule, earlier: &[&PrometheusRule], style: Style, found: &mut Found) {
    let message = |what: &str| format!("two alerts have the name `{}`{what}", rule.name);
    match style {
        Style::Own if !earlier.is_empty() => report(
            found,
            "/alert",
            &ALERT,
            message(""),
            "give one of them another name in `Alert::new(…)`",
            "give one of them another name",
        ),
        Style::Free if earlier.iter().any(|other| other.labels == rule.labels) => report(
            found,
            "/alert",
            &SAME_ALERT,
            message(
                " and the same labels: where both fire they are one alert, and the one that resolves ends the other",
            ),
            "give one of them another name or another `severity`",
            "",
        ),
        _ => {}
    }
}
