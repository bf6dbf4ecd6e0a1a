//! Checks of labels that a stack gives its alerts, and of its patterns of consumer groups.

use super::{super::filter, Monitoring, Ready};
use crate::{
    construct::Check,
    diagnostics::rules::observability::{ALERT_LABEL, EXPRESSION, THRESHOLD},
    observability::{CLUSTER, GroupOwner, KUBERNETES, OWNER_LABELS, Sources},
    promql::{Pattern, analyze},
};

/// A finding: what is wrong, and the hint.
type Flaw = (String, String);

impl Monitoring {
    pub(in crate::monitoring) fn check_labels(&self, alerts: &[Ready<'_>], sources: &Sources, check: &mut Check<'_>) {
        for (message, hint) in flaws_of_all(&self.alert_labels, "alert_label") {
            check.report(&ALERT_LABEL, message, |finding| {
                finding.hint(hint);
            });
        }
        for alert in alerts {
            let Some(location) = alert.alert.location else { continue };
            let own = &alert.alert.labels;
            let kept = kept_by(alert, sources, own, "label");
            for (message, hint) in flaws_of_all(own, "label").into_iter().chain(kept) {
                check.report(&ALERT_LABEL, message, |finding| {
                    finding.item(alert.rule.alert.as_str()).at(location).hint(hint);
                });
            }
        }
        // Once for each label, not for each alert whose series have it.
        for label in &self.alert_labels {
            let label = std::slice::from_ref(label);
            let kept = |alert| kept_by(alert, sources, label, "alert_label").into_iter().next();
            if let Some((message, hint)) = alerts.iter().find_map(kept) {
                check.report(&ALERT_LABEL, message, |finding| {
                    finding.hint(hint);
                });
            }
        }
    }

    pub(in crate::monitoring) fn check_groups(&self, check: &mut Check<'_>) {
        let ignored = &self.thresholds.ignored_groups;
        for pattern in ignored {
            if let Some(message) = not_a_pattern(pattern) {
                check.report(&EXPRESSION, message, |finding| {
                    finding
                        .item("ignore_groups")
                        .hint("use a regular expression for the whole name, as in `.ignore_groups(\"loadtest-.*\")`");
                });
            } else if matches_all(pattern) {
                check.report(
                    &THRESHOLD,
                    format!("`{pattern}` ignores every group: no alert on a group can fire"),
                    |finding| {
                        finding
                            .item("ignore_groups")
                            .hint("name the groups that are ignored, as in `.ignore_groups(\"loadtest-.*\")`");
                    },
                );
            }
        }
        for GroupOwner { pattern, owner } in &self.group_owners {
            // It is part of a template, between back quotes.
            let breaks = ["`", "{{", "}}"].into_iter().find(|text| pattern.contains(text));
            let flaw = not_a_pattern(pattern).or_else(|| {
                breaks.map(|text| format!("{pattern:?} has {text:?}, which templates of Prometheus cannot have"))
            });
            if let Some(message) = flaw {
                check.report(&EXPRESSION, message, |finding| {
                    finding
                        .item("group_owner")
                        .hint("use a regular expression for the whole name, as in `.group_owner(\"payments-.*\", …)`");
                });
            }
            for (label, call) in OWNER_LABELS.into_iter().zip(["Owner::new", "Owner::on_call"]) {
                if let Some(value) = owner.value(label).filter(|value| breaks_as_value(value)) {
                    check.report(
                        &ALERT_LABEL,
                        format!("{value:?} cannot be the label `{label}` of an alert"),
                        |finding| {
                            finding
                                .item("group_owner")
                                .hint(format!("use a name without `{{{{` in `{call}(…)`"));
                        },
                    );
                }
            }
        }
    }
}

/// What is wrong with a regular expression for names of groups.
fn not_a_pattern(pattern: &str) -> Option<String> {
    if pattern.is_empty() {
        return Some("an empty pattern matches no group".to_owned());
    }
    (!filter::is_pattern(pattern)).then(|| format!("{pattern:?} is not a valid regular expression"))
}

/// Whether names that have nothing in common match.
fn matches_all(pattern: &str) -> bool {
    let of_all = |pattern: Pattern| {
        ["a", "Z-9", "billing", "__x.y"]
            .iter()
            .all(|name| pattern.is_match(name))
    };
    Pattern::parse(pattern).is_some_and(of_all)
}

/// Whether a text cannot be the value of a label: a template would make another alert for each of its results.
fn breaks_as_value(value: &str) -> bool {
    value.trim().is_empty() || value.contains("{{") || value.contains(char::is_control)
}

/// What is wrong with labels that were added with a call, whatever the alert is about.
fn flaws_of_all(labels: &[(String, String)], call: &str) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (index, (name, value)) in labels.iter().enumerate() {
        let mut characters = name.chars();
        let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let valid = starts && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid || name.starts_with("__") {
            let message = format!("{name:?} is not a valid name of a label");
            let hint = format!("use letters, digits and `_` in `.{call}(…)`, as in `.{call}(\"team\", …)`");
            flaws.push((message, hint));
            continue;
        }
        if let Some(hint) = reserved(name) {
            flaws.push((format!("the label `{name}` is reserved"), hint.to_owned()));
        }
        if labels[..index].iter().any(|(earlier, _)| earlier == name) {
            let message = format!("the label `{name}` has two values");
            flaws.push((
                message,
                format!("remove one of the two calls of `.{call}(\"{name}\", …)`"),
            ));
        }
        if breaks_as_value(value) {
            let message = format!("{value:?} cannot be the value of the label `{name}`");
            flaws.push((
                message,
                format!("use a fixed text without `{{{{` in `.{call}(\"{name}\", …)`"),
            ));
        }
    }
    flaws
}

/// What to do instead of setting a label that all alerts have.
fn reserved(name: &str) -> Option<&'static str> {
    Some(match name {
        "severity" => "use `.severity(…)` of `Alert`",
        "alertname" | "alertstate" => "it is the alert itself: use another name, such as `team`",
        CLUSTER | KUBERNETES | "namespace" => "it says where the alert comes from: use another name, such as `team`",
        _ => return None,
    })
}

/// Labels that replace one of the alert's series: its series would become one, which is an error at the first moment when
/// two of them fire.
fn kept_by(alert: &Ready<'_>, sources: &Sources, labels: &[(String, String)], call: &str) -> Vec<Flaw> {
    if labels.is_empty() {
        return Vec::new();
    }
    let kept = analyze(&alert.rule.expr, sources).labels.unwrap_or_default();
    let replaced = labels
        .iter()
        .filter(|(name, _)| kept.contains(name) && reserved(name).is_none());
    replaced
        .map(|(name, _)| {
            (
                format!(
                    "the label `{name}` would replace that of the series of `{}`",
                    alert.rule.alert
                ),
                format!("use another name in `.{call}(…)`, such as `team`"),
            )
        })
        .collect()
}
