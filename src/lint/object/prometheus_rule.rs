//! The Prometheus operator's rules.

use super::fields::{distinct, required};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::node::Node;
use crate::promql;

rules! { rules::api;
    /// Alert rules that the operator refuses.
    pub const ALERT_RULES: Rule = Rule {
        id: "KS-A31",
        production: Error,
        development: Error,
        summary: "alert rules that Prometheus does not load",
        explanation: "Groups have different names, a rule has an expression and is either an alert or a recording, and \
            its times are written as `5m` or `1h30m`. Prometheus drops the whole file otherwise, and with it every \
            other alert in it.",
        source: "Prometheus, defining recording and alerting rules; Prometheus operator, API reference",
    };
}

/// A `PrometheusRule`: its form. What its expressions ask for is judged among other objects.
pub(super) fn check(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    let groups = spec.get("groups");
    for group in groups.items() {
        required(&group, "name", findings);
        duration(&group.get("interval"), findings);
        let rules = group.get("rules");
        for rule in rules.items() {
            let (alert, record) = (rule.get("alert"), rule.get("record"));
            if alert.is_set() == record.is_set() {
                findings.at(&rule, &ALERT_RULES, "must have either `alert` or `record`");
            }
            let expression = rule.get("expr");
            let empty = expression.str().is_some_and(|text| text.trim().is_empty());
            if !expression.is_set() || empty {
                findings.at(&expression, &ALERT_RULES, "is missing or empty");
            }
            for field in ["for", "keep_firing_for"] {
                duration(&rule.get(field), findings);
            }
            let labels = rule.get("labels");
            for (key, value) in labels.entries() {
                let sound = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if !sound {
                    findings.at(
                        &value,
                        &ALERT_RULES,
                        format!("is `{key}`, which is not a valid label name: letters, digits and `_`, not starting with a digit"),
                    );
                }
            }
        }
    }
    distinct(
        &groups,
        "name",
        |group| group.get("name").str().map(str::to_owned),
        findings,
    );
}

fn duration(node: &Node<'_, '_>, findings: &mut Diagnostics) {
    if let Some(text) = node.str()
        && let Err(reason) = promql::parse_duration(text)
    {
        findings.at(node, &ALERT_RULES, format!("is `{text}`, which {reason}"));
    }
}
