//! Checks of single fields that many kinds have: a number in its range, a word among those that are known, an amount.

use std::{collections::BTreeSet, fmt::Display};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::{Rule, rules::api};
use crate::lint::model::{guard::IntOrPercent, node::Node, syntax};

/// A whole number between two bounds, if it is set.
pub(crate) fn range(parent: &Node<'_, '_>, field: &'static str, least: i64, most: i64, findings: &mut Diagnostics) {
    let node = parent.get(field);
    let Some(number) = node.int() else { return };
    if !(least..=most).contains(&number) {
        let bounds = match (least, most) {
            (least, i64::MAX) => format!("at least {least}"),
            (least, most) if least == most => format!("{least}"),
            _ => format!("{least} to {most}"),
        };
        findings.at(&node, &api::RANGE, format!("is {number}: it has to be {bounds}"));
    }
}

/// A number that is not negative, if it is set.
pub(crate) fn not_negative(parent: &Node<'_, '_>, field: &'static str, findings: &mut Diagnostics) {
    range(parent, field, 0, i64::MAX, findings);
}

/// A port's number, if it is set.
pub(crate) fn port(parent: &Node<'_, '_>, field: &'static str, findings: &mut Diagnostics) {
    range(parent, field, 1, 65535, findings);
}

/// One of a few words, if it is set.
pub(crate) fn word(parent: &Node<'_, '_>, field: &'static str, words: &[&str], findings: &mut Diagnostics) {
    let node = parent.get(field);
    let Some(text) = node.str() else { return };
    if !words.contains(&text) {
        let near = words.iter().find(|word| word.eq_ignore_ascii_case(text));
        let finding = findings.at(
            &node,
            &api::WORD,
            format!("is `{text}`: it has to be `{}`", words.join("` or `")),
        );
        if let Some(near) = near {
            finding.hint(format!("write `{near}`"));
        }
    }
}

/// A text that must be there.
pub(crate) fn required(parent: &Node<'_, '_>, field: &'static str, findings: &mut Diagnostics) -> bool {
    let node = parent.get(field);
    let there = node.is_set() && node.str() != Some("");
    if !there {
        findings.at(
            &node,
            &api::REQUIRED,
            if node.is_set() { "is empty" } else { "is missing" },
        );
    }
    there
}

/// A text that keeps some syntax, if it is set.
pub(crate) fn syntax(
    node: &Node<'_, '_>,
    rule: &'static Rule,
    check: fn(&str) -> syntax::Reason,
    findings: &mut Diagnostics,
) {
    if let Some(reason) = node.str().and_then(check) {
        let reason = reason.trim_start_matches(&format!("`{}` ", node.text())).to_owned();
        findings.at(node, rule, format!("is `{}`, which {reason}", node.text()));
    }
}

/// Two items of a list with the same key.
pub(crate) fn distinct<'v, K: Ord + Display>(
    list: &Node<'v, '_>,
    what: &str,
    key: impl Fn(&Node<'v, '_>) -> Option<K>,
    findings: &mut Diagnostics,
) {
    let mut seen = BTreeSet::new();
    for item in list.items() {
        let Some(key) = key(&item) else { continue };
        if seen.contains(&key) {
            findings.at(
                &item,
                &api::LISTED_TWICE,
                format!("is the second with the {what} `{key}`"),
            );
        }
        seen.insert(key);
    }
}

/// The `name` of an item.
pub(crate) fn by_name<'v>(item: &Node<'v, '_>) -> Option<&'v str> {
    item.get("name").str()
}

/// An amount, if it is set: its thousand-millionths if it can be read.
pub(crate) fn quantity(node: &Node<'_, '_>, findings: &mut Diagnostics) -> Option<i128> {
    if !node.is_set() {
        return None;
    }
    let amount = syntax::quantity(node.value());
    let shown = || {
        node.value()
            .as_str()
            .map_or_else(|| node.value().to_string(), str::to_owned)
    };
    match amount {
        None => {
            findings
                .at(node, &api::QUANTITY, format!("is `{}`, which is no amount", shown()))
                .hint("write a number with a suffix, as `8Gi` or `500m`");
        }
        Some(amount) if amount < 0 => {
            findings.at(node, &api::QUANTITY, format!("is `{}`: it cannot be negative", shown()));
        }
        Some(_) => {}
    }
    amount
}

/// An integer that is not negative or a percentage, if it is set.
pub(crate) fn count_or_percent(parent: &Node<'_, '_>, field: &'static str, findings: &mut Diagnostics) {
    let node = parent.get(field);
    if !node.is_set() {
        return;
    }
    match IntOrPercent::of(&node).map(|amount| amount.out_of(100)) {
        None => {
            findings.at(
                &node,
                &api::RANGE,
                format!("is {}: neither a number nor a percentage", node.value()),
            );
        }
        Some(number) if number < 0 => {
            findings.at(
                &node,
                &api::RANGE,
                format!("is {}: it cannot be negative", node.value()),
            );
        }
        Some(_) => {}
    }
}
