//! Alert rules, one by one; dashboards, panel by panel; scrape objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Changed, file::FileChange, object};
use crate::{
    diff::{
        change::{Found, Place},
        class::Class,
        row::Row,
        sets::Sets,
    },
    manifest::Identity,
    promql::parse_duration,
    yaml,
};

/// An alert that goes.
static ALERT_REMOVED: Row = Row {
    id: "alert-removed",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "an alert is removed",
    reason: "once Prometheus has read the rules again, no one is told about this any more",
    commands: &[],
};

/// An alert that fires later, or only for more.
static ALERT_LOOSENED: Row = Row {
    id: "alert-loosened",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "an alert has a looser threshold",
    reason: "once Prometheus has read the rules again, it fires later, or no longer where it did",
    commands: &[],
};

/// An alert that waits longer.
static ALERT_DELAYED: Row = Row {
    id: "alert-delayed",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "an alert has a longer `for`",
    reason: "it fires later, and no longer for what lasts less than {after}",
    commands: &[],
};

/// An alert with a lower severity.
static ALERT_SEVERITY: Row = Row {
    id: "alert-severity",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "the labels of an alert, which decide who is told",
    reason: "Alertmanager routes it by its labels: someone else may be told, or no one",
    commands: &[],
};

/// Another alert.
static ALERT: Row = Row {
    id: "alert",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "an alert is new, has another expression or is tighter",
    reason: "counts once Prometheus has read the rules again",
    commands: &[],
};

/// A recorded series that goes.
static RECORD_REMOVED: Row = Row {
    id: "recording-removed",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a recording rule is removed",
    reason: "its series ends: alerts and panels that use it have no data any more",
    commands: &[],
};

/// Texts of an alert.
static ALERT_TEXT: Row = Row {
    id: "alert-text",
    class: Class::Metadata,
    flags: &[],
    summary: "the texts of an alert",
    reason: "it fires as before, with another text",
    commands: &[],
};

/// A panel.
static PANEL: Row = Row {
    id: "panel",
    class: Class::Metadata,
    flags: &[],
    summary: "a panel of a dashboard",
    reason: "only what people see changes",
    commands: &[],
};

/// Something that Prometheus no longer scrapes.
static SCRAPE_REMOVED: Row = Row {
    id: "scrape-removed",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "something that Prometheus scrapes is no longer declared",
    reason: "once a deployer that prunes has deleted it, the series end, and alerts that are made of them do not fire any more; without one it stays",
    commands: &[],
};

/// What is scraped, and how.
static SCRAPE: Row = Row {
    id: "scrape",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "what Prometheus scrapes, and how",
    reason: "counts once the operator has written Prometheus' configuration again: series may end or get other labels, and alerts with them",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &ALERT_REMOVED,
    &ALERT_LOOSENED,
    &ALERT_DELAYED,
    &ALERT_SEVERITY,
    &ALERT,
    &RECORD_REMOVED,
    &ALERT_TEXT,
    &PANEL,
    &SCRAPE,
    &SCRAPE_REMOVED,
];

/// An object of the Prometheus operator that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let rules = changed.identity.kind == "PrometheusRule";
    let mut told = false;
    for field in &changed.fields {
        if !field.pattern.starts_with("spec") {
            object::other(changed, field, found);
        } else if rules {
            if !std::mem::replace(&mut told, true) {
                self::rules(
                    changed.identity,
                    "spec.groups",
                    &changed.before["spec"],
                    &changed.after["spec"],
                    found,
                );
            }
        } else if !field.reordered {
            found.add(&SCRAPE, changed.place(field));
        }
    }
}

/// A `ServiceMonitor` or `PodMonitor` that goes.
pub(super) fn scrape_removed(identity: &Identity, found: &mut Found) {
    found.add(&SCRAPE_REMOVED, Place::object(identity));
}

/// A `PrometheusRule` that goes, alert by alert.
pub(super) fn removed(sets: &Sets<'_>, old: usize, found: &mut Found) {
    let body = sets.before.body(old);
    object::removed(sets, old, found);
    rules(
        sets.before.identity(old),
        "spec.groups",
        &body["spec"],
        &Value::Null,
        found,
    );
}

/// A file with rules or a dashboard; whether it is one.
pub(super) fn file(change: &FileChange<'_>, found: &mut Found) -> bool {
    let parse =
        |text: Option<&str>| text.map(|text| yaml::read::read(text).documents.into_iter().next().map(|one| one.value));
    let ends = |endings: &[&str]| endings.iter().any(|ending| change.file.ends_with(ending));
    if !ends(&[".json", ".yaml", ".yml", ".rules"]) {
        return false;
    }
    let (before, after) = (parse(change.before), parse(change.after));
    // One that cannot be read is compared as text.
    let (Some(before), Some(after)) = (before.unwrap_or(Some(Value::Null)), after.unwrap_or(Some(Value::Null))) else {
        return false;
    };
    let is = |key: &str| before[key].is_array() || after[key].is_array();
    let first = found.drafts.len();
    if is("groups") {
        rules(
            change.identity,
            &format!("data[{}].groups", change.file),
            &before,
            &after,
            found,
        );
    } else if is("panels") && ends(&[".json"]) {
        panels(change, &before, &after, found);
    } else {
        return false;
    }
    for draft in &mut found.drafts[first..] {
        change.effect.tell(draft);
    }
    // What is beside rules and panels differs.
    found.drafts.len() > first
}

/// The rules of a set of groups, by group and name.
fn rules(identity: &Identity, path: &str, before: &Value, after: &Value, found: &mut Found) {
    let [before, after] = [before, after].map(by_name);
    let names: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (group, rule) = name;
        let at = format!("{path}[{group}].rules[{rule}]");
        let text = |rule: &Value, field: &str| rule[field].clone();
        match (before.get(name), after.get(name)) {
            (Some(old), None) => {
                // It may only be in another group.
                if after.keys().any(|(_, other)| other == rule) {
                    continue;
                }
                let row = if old["alert"].is_null() {
                    &RECORD_REMOVED
                } else {
                    &ALERT_REMOVED
                };
                found.add(row, Place::field(identity, at, text(old, "expr"), Value::Null));
            }
            (None, Some(new)) => {
                let moved = before.iter().find(|((_, other), _)| other == rule).map(|(_, old)| old);
                match moved {
                    Some(old) => one(identity, &at, old, new, found),
                    None => {
                        found.add(&ALERT, Place::field(identity, at, Value::Null, text(new, "expr")));
                    }
                }
            }
            (Some(old), Some(new)) => one(identity, &at, old, new, found),
            (None, None) => {}
        }
    }
}

/// The fields of one rule.
fn one(identity: &Identity, at: &str, old: &Value, new: &Value, found: &mut Found) {
    let empty = serde_json::Map::new();
    let fields = |rule: &Value| {
        rule.as_object()
            .unwrap_or(&empty)
            .keys()
            .cloned()
            .collect::<BTreeSet<String>>()
    };
    for field in fields(old).union(&fields(new)) {
        let (before, after) = (&old[field], &new[field]);
        if before == after {
            continue;
        }
        let place = Place::field(identity, format!("{at}.{field}"), before.clone(), after.clone());
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let row = match field.as_str() {
            "expr" if words(&text(before)) == words(&text(after)) => continue,
            "expr" if is_looser(&text(before), &text(after)) => &ALERT_LOOSENED,
            "for" => {
                let wait = |value: &Value| {
                    let text = text(value);
                    parse_duration(if text.is_empty() { "0" } else { &text }).ok()
                };
                match (wait(before), wait(after)) {
                    (Some(before), Some(after)) if after > before => &ALERT_DELAYED,
                    (Some(before), Some(after)) if after == before => continue,
                    _ => &ALERT,
                }
            }
            "labels" => &ALERT_SEVERITY,
            "annotations" => &ALERT_TEXT,
            _ => &ALERT,
        };
        found.add(row, place);
    }
}

/// Rules by their group and their name; of several with one name, the severity is part of it.
fn by_name(groups: &Value) -> BTreeMap<(String, String), Value> {
    let mut found = BTreeMap::new();
    for group in groups["groups"].as_array().into_iter().flatten() {
        let group_name = group["name"].as_str().unwrap_or_default();
        for rule in group["rules"].as_array().into_iter().flatten() {
            let name = rule["alert"]
                .as_str()
                .or_else(|| rule["record"].as_str())
                .unwrap_or_default();
            let severity = rule["labels"]["severity"].as_str().unwrap_or_default();
            let mut key = (group_name.to_owned(), name.to_owned());
            if found.contains_key(&key) {
                key.1 = format!("{name}/{severity}");
            }
            let mut number = 2;
            while found.contains_key(&key) {
                key.1 = format!("{name}/{severity} #{number}");
                number += 1;
            }
            found.insert(key, rule.clone());
        }
    }
    found
}

/// The words of an expression: blanks and line breaks mean nothing.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || "_.:".contains(c);
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if "<>=!".contains(first) {
            rest.find(|c| !"<>=!~".contains(c)).unwrap_or(rest.len())
        } else if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

/// Whether two expressions are the same but for numbers behind comparisons, at least one of which lets more through.
fn is_looser(before: &str, after: &str) -> bool {
    let (before, after) = (words(before), words(after));
    if before.len() != after.len() {
        return false;
    }
    let mut looser = false;
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        if old == new {
            continue;
        }
        let (Ok(old), Ok(new)) = (old.parse::<f64>(), new.parse::<f64>()) else {
            return false;
        };
        let minus = at > 1 && before[at - 1] == "-" && before[at - 2].starts_with(['<', '>']);
        let operator = if minus {
            before[at - 2]
        } else {
            before[at.saturating_sub(1)]
        };
        let (old, new) = if minus { (-old, -new) } else { (old, new) };
        looser |= match operator {
            ">" | ">=" => new > old,
            "<" | "<=" => new < old,
            _ => false,
        };
    }
    looser
}

/// The panels of a dashboard, by their title; rows have panels of their own.
fn panels(change: &FileChange<'_>, before: &Value, after: &Value, found: &mut Found) {
    let [before, after] = [before, after].map(|dashboard| {
        let mut panels = BTreeMap::new();
        collect(&dashboard["panels"], &mut panels);
        panels
    });
    let titles: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for title in titles {
        let (old, new) = (before.get(title), after.get(title));
        if old == new {
            continue;
        }
        let asked = |panel: Option<&Value>| match panel {
            None => Value::Null,
            Some(panel) => {
                let targets = panel["targets"].as_array().into_iter().flatten();
                let asked: Vec<&str> = targets.filter_map(|target| target["expr"].as_str()).collect();
                if asked.is_empty() {
                    panel["type"].clone()
                } else {
                    asked.join("; ").into()
                }
            }
        };
        let (was, is) = (asked(old), asked(new));
        // Where it stands, or how it looks.
        let (was, is) = if was == is {
            (Value::Null, Value::Null)
        } else {
            (was, is)
        };
        let path = format!("data[{}].panels{}", change.file, format_args!("[{title}]"));
        found.add(&PANEL, Place::field(change.identity, path, was, is));
    }
}

fn collect(panels: &Value, found: &mut BTreeMap<String, Value>) {
    for panel in panels.as_array().into_iter().flatten() {
        let title = panel["title"].as_str().unwrap_or_default();
        let mut key = title.to_owned();
        let mut number = 2;
        while found.contains_key(&key) {
            key = format!("{title} #{number}");
            number += 1;
        }
        collect(&panel["panels"], found);
        let mut own = panel.clone();
        if let Some(fields) = own.as_object_mut() {
            // A number that Grafana gives, and a place that others move.
            for field in ["id", "panels"] {
                fields.remove(field);
            }
        }
        found.insert(key, own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_looser_where_it_lets_more_through() {
        for (before, after, looser) in [
            ("x > 5", "x > 10", true),
            ("x > 10", "x > 5", false),
            ("x < 5", "x < 1", true),
            ("x <= 1", "x <= 2", false),
            ("rate(x[5m]) > 0.5", "rate(x[5m])  >0.75", true),
            ("rate(x[5m]) > 1", "rate(x[10m]) > 2", false),
            ("x > 5 and y < 3", "x > 5 and y < 2", true),
            ("x > - 5", "x > - 1", true),
        ] {
            assert_eq!(is_looser(before, after), looser, "{before} | {after}");
        }
        assert_eq!(
            words("sum by (a)(x{b=\"c d\"})>=1"),
            words("sum by (a) (x{b=\"c d\"})\n  >= 1")
        );
    }
}
