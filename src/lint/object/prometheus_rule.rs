//! The Prometheus operator's rules.

use super::fields::{distinct, required};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::node::Node;

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

/// A `PrometheusRule`.
pub(crate) fn alerts(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    let groups = spec.get("groups");
    for group in groups.items() {
        required(&group, "name", findings);
        duration(&group.get("interval"), findings);
        let rules = group.get("rules");
        for rule in rules.items() {
            let (alert, record) = (rule.get("alert"), rule.get("record"));
            if alert.is_set() == record.is_set() {
                findings.at(&rule, &ALERT_RULES, "has to be an `alert` or a `record`, and not both");
            }
            let expression = rule.get("expr");
            let empty = expression.str().is_some_and(|text| text.trim().is_empty());
            if !expression.is_set() || empty {
                findings.at(&expression, &ALERT_RULES, "is missing or empty");
            } else if let Some(reason) = expression.str().and_then(unbalanced) {
                findings.at(&expression, &ALERT_RULES, format!("is no PromQL: {reason}"));
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
                        format!("has the name `{key}`: letters, digits and `_`, no digit first"),
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
        && !is_duration(text)
    {
        findings.at(
            node,
            &ALERT_RULES,
            format!("is `{text}`, which is no duration: write `5m` or `1h30m`"),
        );
    }
}

/// `1h30m`: numbers with units, the larger unit first and each once. `0` stands alone.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 7] = ["y", "w", "d", "h", "m", "s", "ms"];
    if text == "0" {
        return true;
    }
    let (mut rest, mut next) = (text, 0);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let letters = rest[digits..].len()
            - rest[digits..]
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let unit = &rest[digits..digits + letters];
        match UNITS[next..].iter().position(|known| *known == unit) {
            Some(position) if digits > 0 => next += position + 1,
            _ => return false,
        }
        rest = &rest[digits + letters..];
    }
    next > 0
}

/// Brackets and quotes that do not match: the part of the grammar that needs no grammar.
fn unbalanced(expression: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for c in expression.chars() {
        if let Some(end) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' && end != '`' {
                escaped = true;
            } else if c == end {
                quote = None;
            }
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.pop() != Some(c) => return Some(format!("`{c}` closes nothing")),
            _ => {}
        }
    }
    if quote.is_some() {
        return Some("a text does not end".to_owned());
    }
    open.pop().map(|missing| format!("`{missing}` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        for sound in ["5m", "1h30m", "500ms", "7d", "0", "0s", "1y2w3d4h5m6s7ms"] {
            assert!(is_duration(sound), "{sound}");
        }
        for wrong in ["", "5", "5 m", "5 minutes", "1m1h", "1.5h", "5m5m", "m", "-5m", "ü"] {
            assert!(!is_duration(wrong), "{wrong}");
        }
    }

    #[test]
    fn brackets_and_quotes_of_an_expression_match() {
        for sound in [
            "up",
            "sum(rate(a{b=\"}\"}[5m])) > 1",
            "a{b='\\''}",
            "label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\")",
        ] {
            assert_eq!(unbalanced(sound), None, "{sound}");
        }
        for wrong in ["sum(a", "a]", "a{b=\"", "(a]"] {
            assert!(unbalanced(wrong).is_some(), "{wrong}");
        }
    }
}
