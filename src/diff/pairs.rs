//! Which object of one side is which of the other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::side::Side;
use crate::manifest::Identity;

/// What became of an object. The numbers are places in the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    /// It is there before and after, and differs.
    Changed(usize, usize),
    /// It is gone.
    Removed(usize),
    /// It is new.
    Added(usize),
    /// It is there under another name, or in another namespace.
    Renamed(usize, usize),
}

/// The objects that differ, and the number of those that do not.
pub(super) fn pairs(before: &Side, after: &Side) -> (Vec<Pair>, usize) {
    let mut pairs = Vec::new();
    let mut unchanged = 0;
    let mut removed = Vec::new();
    for (identity, old) in before.identities() {
        match after.find(identity) {
            Some(new) if before.is_same(old, after, new) => unchanged += 1,
            Some(new) => pairs.push(Pair::Changed(old, new)),
            None => removed.push(old),
        }
    }
    let added = after
        .identities()
        .filter(|(identity, _)| before.find(identity).is_none());
    let mut added: Vec<usize> = added.map(|(_, new)| new).collect();
    for old in removed {
        match renamed(before, after, old, &added) {
            Some(new) => {
                added.retain(|other| *other != new);
                pairs.push(Pair::Renamed(old, new));
            }
            None => pairs.push(Pair::Removed(old)),
        }
    }
    pairs.extend(added.into_iter().map(Pair::Added));
    (pairs, unchanged)
}

/// The new object that a removed one became: of the same kind, with the same name in another namespace, or with the content that is
/// the most similar once the name is put for the other.
fn renamed(before: &Side, after: &Side, old: usize, added: &[usize]) -> Option<usize> {
    /// More objects than this are not compared with each other.
    const MOST: usize = 200;
    let identity = before.identity(old);
    let same_kind = |new: &&usize| {
        let other = after.identity(**new);
        other.kind == identity.kind && other.group == identity.group
    };
    let candidates: Vec<usize> = added.iter().filter(same_kind).copied().collect();
    let moved = candidates
        .iter()
        .find(|new| after.identity(**new).name == identity.name);
    if let Some(moved) = moved {
        return Some(*moved);
    }
    // The name of a Job may end in a digest of its content.
    let stem = |name: &str| match name.rsplit_once('-') {
        Some((stem, end)) if end.len() >= 6 && end.bytes().all(|byte| byte.is_ascii_hexdigit()) => stem.to_owned(),
        _ => name.to_owned(),
    };
    if identity.kind == "Job" {
        let own = stem(&identity.name);
        let same = |new: &&usize| {
            let other = after.identity(**new);
            stem(&other.name) == own && other.namespace == identity.namespace
        };
        return candidates.iter().find(same).copied();
    }
    if candidates.len() > MOST {
        return None;
    }
    let body = before.body(old);
    let likeness = |new: usize| likeness(&body, identity, &after.body(new), after.identity(new));
    candidates
        .into_iter()
        .map(|new| (likeness(new), new))
        .filter(|(likeness, _)| *likeness >= 80)
        .max_by_key(|(likeness, new)| (*likeness, std::cmp::Reverse(*new)))
        .map(|(_, new)| new)
}

/// How much of two objects is alike, in per cent of their values: one that names the old object may stay, or name the new one. Two values
/// are not enough to tell: an object without content is like any other.
fn likeness(old: &Value, old_name: &Identity, new: &Value, new_name: &Identity) -> usize {
    let (old, new) = (values(old), values(new));
    let most = old.len().max(new.len());
    if most < 3 {
        return 0;
    }
    let alike = old
        .iter()
        .filter(|value| new.contains(*value) || new.contains(&value.replace(&old_name.name, &new_name.name)));
    alike.count() * 100 / most
}

/// The values of an object, each with its path, without what names it.
fn values(body: &Value) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for (key, part) in body.as_object().into_iter().flatten() {
        if !["apiVersion", "kind", "metadata"].contains(&key.as_str()) {
            leaves(part, key, &mut values);
        }
    }
    values
}

fn leaves(value: &Value, path: &str, values: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, part) in map {
                leaves(part, &format!("{path}.{key}"), values);
            }
        }
        Value::Array(items) => {
            for part in items {
                leaves(part, path, values);
            }
        }
        Value::String(text) => values.extend(text.lines().map(|line| format!("{path}={line}"))),
        other => {
            values.insert(format!("{path}={other}"));
        }
    }
}
