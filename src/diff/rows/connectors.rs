//! Connectors that are declared for a Connect group, and the Job that brings them about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{file::FileChange, object::hidden};
use crate::{
    diff::{
        change::Found,
        class::{Class, Flag},
        row::Row,
    },
    lint::is_secret_of_connectors,
};

const FILE: &str = "connectors.txt";

/// A connector that is new.
static ADDED: Row = Row {
    id: "connector-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a connector is declared",
    reason: "the Job creates it once Connect has found its configuration valid, and its tasks start; one that is there gets the declared \
        configuration",
    commands: &[],
};

/// A connector that is to be deleted.
static DELETED: Row = Row {
    id: "connector-deleted",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a connector is declared as removed",
    reason: "the Job deletes it, and nothing is moved any more; its offsets stay, so that a later one of the same name goes on from there",
    commands: &[],
};

/// A connector that is not declared any more.
static UNDECLARED: Row = Row {
    id: "connector-no-longer-declared",
    class: Class::Metadata,
    flags: &[],
    summary: "a connector is no longer declared",
    reason: "the Job deletes nothing that it does not know: the connector goes on as it is, and no file says so; to delete it, declare it as removed",
    commands: &[],
};

/// A connector that stands still.
static STOPPED: Row = Row {
    id: "connector-stopped",
    class: Class::DynamicConfig,
    flags: &[Flag::Availability],
    summary: "a connector is paused or stopped",
    reason: "nothing is moved until it runs again; what is deleted meanwhile by the retention of a topic, or in the source, never arrives",
    commands: &[],
};

/// A connector that runs again.
static STARTED: Row = Row {
    id: "connector-started",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a connector runs again",
    reason: "its tasks start, and go on where they were",
    commands: &[],
};

/// What the Job does, and Connect does not see.
static OF_JOB: Row = Row {
    id: "connector-restarts",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "what the Job asks for a connector: restarts of failed tasks, and the classes that workers must have",
    reason: "it counts at the next run of the Job; the connector does not notice it",
    commands: &[],
};

/// Another class.
static CLASS: Row = Row {
    id: "connector-class",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a connector of another class",
    reason: "another program under the same name: a source may not find its own offsets in those of the class before, and begins anew",
    commands: &[],
};

/// Other topics of a sink.
static TOPICS: Row = Row {
    id: "connector-topics",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "other topics of a connector",
    reason: "its tasks restart; a sink reads a topic that is new to its group from the beginning, unless its consumer says otherwise, and no longer \
        one that goes",
    commands: &[],
};

/// A setting.
static SETTING: Row = Row {
    id: "connector-setting",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a setting of a connector",
    reason: "the Job gives it to Connect once it is found valid, and the connector's tasks restart; no pod does",
    commands: &[],
};

/// A Job that has run already.
static NOT_RUN: Row = Row {
    id: "connectors-job-does-not-run",
    class: Class::ManualSteps,
    flags: &[],
    summary: "declared connectors change, and the Job does not run again",
    reason: "{job} is the same as before: Kubernetes does not run a Job again that has ended, so no connector changes until it is deleted and \
        created anew",
    commands: &["kubectl -n {namespace} delete job {job}", "# apply the new manifests"],
};

pub(super) const ROWS: &[&Row] = &[
    &ADDED,
    &DELETED,
    &UNDECLARED,
    &STOPPED,
    &STARTED,
    &OF_JOB,
    &CLASS,
    &TOPICS,
    &SETTING,
    &NOT_RUN,
];

/// What is declared of a connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Connector {
    removed: bool,
    state: Option<String>,
    /// The other words, as `restarts=3`.
    words: BTreeSet<String>,
}

/// The connectors of the file.
fn connectors(text: &str) -> BTreeMap<String, Connector> {
    let mut all: BTreeMap<String, Connector> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let Some((name, word)) = line.trim().split_once(char::is_whitespace) else {
            continue;
        };
        let connector = all.entry(name.to_owned()).or_default();
        match word.trim() {
            "removed" => connector.removed = true,
            word => match word.strip_prefix("state=") {
                Some(state) => connector.state = Some(state.to_owned()),
                None => {
                    connector.words.insert(word.to_owned());
                }
            },
        }
    }
    all
}

/// Tells what is declared of connectors and differs; whether the file is one of such a declaration.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    let bodies = [change.sets.before, change.sets.after].map(|side| {
        let mut body = side
            .find(change.identity)
            .map(|index| side.body(index))
            .unwrap_or_default();
        body["data"].take()
    });
    let is_ours = |data: &Value| {
        let script = data["connectors.sh"].as_str();
        script.is_some_and(|script| script.contains("CONNECTORS_FILE")) && data[FILE].is_string()
    };
    if !bodies.iter().any(is_ours) {
        return false;
    }
    let declared = bodies
        .each_ref()
        .map(|data| connectors(data[FILE].as_str().unwrap_or_default()));
    let first = found.drafts.len();
    if change.file == FILE {
        declaration(change, &declared, found);
    } else {
        let name = change.file.strip_suffix(".json");
        let Some(name) = name.filter(|name| declared.iter().any(|side| side.contains_key(*name))) else {
            return false;
        };
        // Of a connector that comes or goes the declaration tells.
        if declared
            .iter()
            .all(|side| side.get(name).is_some_and(|connector| !connector.removed))
        {
            configuration(change, found);
        }
    }
    change.tell_idle_job(&NOT_RUN, &mut found.drafts[first..]);
    true
}

/// The file that lists connectors.
fn declaration(change: &FileChange<'_>, [before, after]: &[BTreeMap<String, Connector>; 2], found: &mut Found) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        let state = |connector: Option<&Connector>| {
            connector.map(|connector| match &connector.state {
                _ if connector.removed => "removed".to_owned(),
                Some(state) => state.clone(),
                None => "RUNNING".to_owned(),
            })
        };
        let (was, is) = (state(old), state(new));
        let row = match (was.as_deref(), is.as_deref()) {
            (was, is) if was == is => None,
            (_, Some("removed")) => Some(&DELETED),
            (None | Some("removed"), Some(_)) => Some(&ADDED),
            (_, None) => Some(&UNDECLARED),
            (_, Some("RUNNING")) => Some(&STARTED),
            (_, Some(_)) => Some(&STOPPED),
        };
        if let Some(row) = row {
            found.add(row, change.place(&[name], was.as_deref(), is.as_deref()));
            continue;
        }
        let (Some(old), Some(new)) = (old, new) else { continue };
        let only_in = |one: &Connector, other: &Connector| {
            let words: Vec<&str> = one.words.difference(&other.words).map(String::as_str).collect();
            (!words.is_empty()).then(|| words.join(" "))
        };
        if old.words != new.words {
            let (gone, come) = (only_in(old, new), only_in(new, old));
            found.add(&OF_JOB, change.place(&[name, "job"], gone.as_deref(), come.as_deref()));
        }
    }
}

/// The configuration of a connector that is there before and after.
fn configuration(change: &FileChange<'_>, found: &mut Found) {
    let read = |text: Option<&str>| -> BTreeMap<String, String> {
        let value = text
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
            .unwrap_or_default();
        let fields = value.as_object().cloned().unwrap_or_default();
        fields
            .into_iter()
            .map(|(key, value)| (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect()
    };
    let [before, after] = [change.before, change.after].map(read);
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys.into_iter().filter(|key| before.get(*key) != after.get(*key)) {
        let values = [&before, &after].map(|side| side.get(key).map(String::as_str));
        let row = match key.as_str() {
            "connector.class" => &CLASS,
            "topics" | "topics.regex" => &TOPICS,
            _ => &SETTING,
        };
        let mut place = change.place(&[key], values[0], values[1]);
        // What a provider puts in is no secret; what is written out may be one.
        for value in [&mut place.before, &mut place.after] {
            let text = value.as_str().unwrap_or_default();
            let login = text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
            let secret = is_secret_of_connectors(key) && !text.starts_with("${");
            if !text.is_empty() && (secret || login || text.contains("password")) {
                *value = hidden();
            }
        }
        found.add(row, place);
    }
}
