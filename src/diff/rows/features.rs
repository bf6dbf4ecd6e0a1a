//! The features that a cluster finalizes: what it cannot go back behind.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    file::FileChange,
    process::{Process, broker_of},
    told::Tools,
    topics::servers,
};
use crate::{
    diff::{
        change::Found,
        class::{Class, Flag},
        row::Row,
        sets::When,
        side::Side,
    },
    manifest::Identity,
    version::{METADATA_VERSION, Version},
};

const FILE: &str = "features.txt";

/// A feature that goes up.
static RAISED: Row = Row {
    id: "feature-raised",
    class: Class::DynamicConfig,
    flags: &[Flag::Irreversible],
    summary: "a feature of the cluster is raised",
    reason: "the Job raises it from {level_before} to {level_after} as soon as all nodes support that, and no pod restarts; it cannot be \
        undone: a release that does not know this level does not start any more, and Kafka refuses to lower the metadata version where that \
        might lose metadata",
    commands: &[],
};

/// A release and its features at once.
static AT_ONCE: Row = Row {
    id: "feature-raised-with-version",
    class: Class::ManualSteps,
    flags: &[Flag::Irreversible],
    summary: "the image and a feature of the cluster are raised in one change",
    reason: "the Job raises it to {level_after} as soon as the last node runs the new release: no time is left in which the old one could \
        come back",
    commands: &[
        "# merge the new release alone first, and leave the features as they are",
        "kubectl -n {namespace} rollout status statefulset/{set}",
        "# wait as long as you may want to go back, then merge the features",
    ],
};

/// A feature that goes down.
static LOWERED: Row = Row {
    id: "feature-lowered",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a lower level of a feature is declared",
    reason: "a cluster does not go back behind what it has finalized: if that is {level_before}, the Job fails and changes nothing, and an \
        older release still does not start",
    commands: &[
        "{kafka_features} describe  # `FinalizedVersionLevel`",
        "# declare what is finalized; only a level that was never raised can be declared lower",
    ],
};

/// Something else that the Job reads.
static STEP: Row = Row {
    id: "feature-step",
    class: Class::Metadata,
    flags: &[],
    summary: "what raises the features, or formats an empty volume, changes",
    reason: "the Job reads it, and an empty volume is formatted with it; no pod restarts",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&RAISED, &AT_ONCE, &LOWERED, &STEP];

/// The levels of features: the number, and what Kafka's tools call it.
type Levels<'t> = BTreeMap<&'t str, (u32, &'t str)>;

fn levels(text: &str) -> Levels<'_> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, level) = (words.next()?, words.next()?);
            Some((name, (level.parse().ok()?, words.next().unwrap_or(level))))
        })
        .collect()
}

/// Tells the features of a file that differ, and what else is beside it; whether it is such a file.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    let declares = |side: &Side| {
        let index = side.find(change.identity);
        index.is_some_and(|index| side.body(index)["data"][FILE].is_string())
    };
    if !declares(change.sets.before) && !declares(change.sets.after) {
        return false;
    }
    if change.file != FILE {
        found.add(&STEP, change.place(&[], change.before, change.after));
        return true;
    }
    let [before, after] = [change.before, change.after].map(|text| levels(text.unwrap_or_default()));
    let mut jobs = change
        .sets
        .readers(When::After, change.identity)
        .filter(|worker| worker.model.identity.kind.ends_with("Job"));
    let servers = jobs.next().and_then(servers);
    let namespace = &change.identity.namespace;
    let broker = |when| broker_of(change.sets, when, namespace, servers.as_deref());
    let (old, new) = (broker(When::Before), broker(When::After));
    let is_new_release = match (&old, &new) {
        (Some(old), Some(new)) => old.version < new.version,
        _ => false,
    };
    let tools = Tools::in_namespace(change.sets, namespace, servers.as_deref())
        .unwrap_or_else(|| Tools::outside(servers.as_deref().unwrap_or("localhost:9092")));
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let none = (0, "0");
        let (was, is) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
        let row = match was.0.cmp(&is.0) {
            std::cmp::Ordering::Equal => continue,
            std::cmp::Ordering::Less if is_new_release => &AT_ONCE,
            std::cmp::Ordering::Less => &RAISED,
            std::cmp::Ordering::Greater => &LOWERED,
        };
        let draft = found.add(row, change.place(&[name], Some(was.1), Some(is.1)));
        tools.tell(draft);
        draft.word("level_before", was.1).word("level_after", is.1);
        draft.word(
            "set",
            new.as_ref().map_or("kafka", |new| &new.worker.model.identity.name),
        );
        draft.left_to_delete(new.as_ref().and_then(|new| new.worker.left_to_delete()));
    }
    true
}

/// The metadata version that the manifests of a cluster declare as finalized, and its release: of the file of features that a process
/// refers to.
pub(super) fn finalized(side: &Side, process: &Process<'_>) -> Option<(String, Version)> {
    let workload = process.worker.model.workload()?;
    let mut maps = workload
        .references
        .iter()
        .filter(|reference| reference.kind == "ConfigMap");
    maps.find_map(|reference| {
        let identity = Identity {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: process.worker.model.identity.namespace.clone(),
            name: reference.name.clone(),
        };
        let body = side.body(side.find(&identity)?);
        let Value::String(text) = &body["data"][FILE] else {
            return None;
        };
        let (_, level) = *levels(text).get(METADATA_VERSION)?;
        Some((level.to_owned(), Version::of_metadata_version(level)?))
    })
}
