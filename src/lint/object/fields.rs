//! Checks of single fields that many kinds have: a number in its range, one of the known values, a quantity.

use crate::diagnostics::{Severity::Error, family::rules};
use std::{collections::BTreeSet, fmt::Display};

use crate::diagnostics::Diagnostics;
use crate::diagnostics::Rule;
use crate::lint::model::{guard::IntOrPercent, node::Node, syntax};

rules! { rules::api;
    /// A name within an object that is not valid.
    pub const INNER_NAME: Rule = Rule {
        id: "KS-A09",
        production: Error,
        development: Error,
        summary: "an invalid name within an object",
        explanation: "Containers and volumes are named by DNS labels, ports by up to 15 characters with a letter, keys \
            of a ConfigMap by letters, digits, `-`, `_` and `.`, and references follow the rules for the names of the \
            objects that they refer to. The API server refuses anything else, though no schema says so.",
        source: "Kubernetes, API validation (ValidateContainers, ValidatePorts, ValidateConfigMap)",
    };

    /// Two entries of a list that must differ.
    pub const LISTED_TWICE: Rule = Rule {
        id: "KS-A10",
        production: Error,
        development: Error,
        summary: "two entries of a list that must differ",
        explanation: "Containers, volumes, ports, variables and mounts are lists to YAML and maps to the API server. \
            It refuses two with the same key, or applies one of them and drops the other.",
        source: "Kubernetes API reference, list-map keys; API validation",
    };

    /// A number that is out of its range.
    pub const RANGE: Rule = Rule {
        id: "KS-A11",
        production: Error,
        development: Error,
        summary: "a number that is out of its range",
        explanation: "A port is 1 to 65535, a replica count not negative, a probe's period at least a second, and so \
            on. The schema only says `integer`, and the API server refuses the object.",
        source: "Kubernetes, API validation (ValidatePortNum, validateProbe, ValidateNonnegativeField)",
    };

    /// A value that a field does not allow.
    pub const WORD: Rule = Rule {
        id: "KS-A12",
        production: Error,
        development: Error,
        summary: "a value that the field does not allow",
        explanation: "Such fields allow a few values, spelled exactly: `IfNotPresent`, `ClusterIP`, `TCP`. The schema \
            only \
            says `string`, and the API server refuses anything else.",
        source: "Kubernetes API reference",
    };

    /// A quantity that is not valid.
    pub const QUANTITY: Rule = Rule {
        id: "KS-A13",
        production: Error,
        development: Error,
        summary: "a quantity that is not valid, or that makes no sense",
        explanation: "A quantity is a number with one of the suffixes m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei: \
            `8Gi` and neither `8GB` nor `8 Gi`. Memory below one mebibyte is almost always a mistake (`512m` is half \
            a byte), and a claim for 0 storage is rejected.",
        source: "Kubernetes, Quantity; Resource Management for Pods and Containers",
    };

    /// Not exactly one of several.
    pub const ONE_OF: Rule = Rule {
        id: "KS-A14",
        production: Error,
        development: Error,
        summary: "none or several where exactly one is allowed",
        explanation: "A probe has one handler, a volume has one source, a variable has either a value or one source. \
            The API server rejects none as well as two.",
        source: "Kubernetes, API validation (validateHandler, validateVolumeSource, validateEnv)",
    };

    /// A field that is missing.
    pub const REQUIRED: Rule = Rule {
        id: "KS-A15",
        production: Error,
        development: Error,
        summary: "a required field that is missing",
        explanation: "Without it the API server rejects the object, although many schemas accept it because an empty \
            text or list has the right type.",
        source: "Kubernetes, API validation",
    };

    /// Fields that exclude each other.
    pub const EXCLUDES: Rule = Rule {
        id: "KS-A16",
        production: Error,
        development: Error,
        summary: "fields that exclude each other",
        explanation: "Each field is valid by itself, and the API server refuses the two together: a Job that restarts \
            `Always`, a Deployment that does not, a headless Service with a load balancer, a rolling update that may \
            neither add nor remove a pod.",
        source: "Kubernetes, API validation",
    };
}

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
        findings.at(&node, &RANGE, format!("is {number}: must be {bounds}"));
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
        let finding = findings.at(&node, &WORD, format!("is `{text}`: must be `{}`", words.join("` or `")));
        if let Some(near) = near {
            finding.write(near);
        }
    }
}

/// A text that must be there.
pub(crate) fn required(parent: &Node<'_, '_>, field: &'static str, findings: &mut Diagnostics) -> bool {
    let node = parent.get(field);
    let there = node.is_set() && node.str() != Some("");
    if !there {
        findings.at(&node, &REQUIRED, if node.is_set() { "is empty" } else { "is missing" });
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
                &LISTED_TWICE,
                format!("is a duplicate: the {what} `{key}` is already in the list"),
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
                .at(
                    node,
                    &QUANTITY,
                    format!("is `{}`, which is not a valid quantity", shown()),
                )
                .hint("write a number with a suffix, such as `8Gi` or `500m`");
        }
        Some(amount) if amount < 0 => {
            findings.at(node, &QUANTITY, format!("is `{}`: must not be negative", shown()));
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
                &RANGE,
                format!("is {}: neither a number nor a percentage", node.value()),
            );
        }
        Some(number) if number < 0 => {
            findings.at(&node, &RANGE, format!("is {}: must not be negative", node.value()));
        }
        Some(_) => {}
    }
}
