//! The result: changes, each with its class, and what they restart.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    class::{Class, Flag},
    row::{self, Row, Words},
};
use crate::{
    diagnostics::{Location, printable},
    manifest::Identity,
};

/// An object, by what makes it the same to the API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ObjectName {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for cluster-wide kinds, and where the manifest has none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectName {
    /// The object as a report shows it, as `StatefulSet kafka/kafka`.
    pub fn shown(&self) -> String {
        printable(if self.namespace.is_empty() {
            format!("{} {}", self.kind, self.name)
        } else {
            format!("{} {}/{}", self.kind, self.namespace, self.name)
        })
    }
}

impl From<&Identity> for ObjectName {
    fn from(identity: &Identity) -> Self {
        Self {
            group: identity.group.clone(),
            kind: identity.kind.clone(),
            namespace: identity.namespace.clone(),
            name: identity.name.clone(),
        }
    }
}

/// One change, and what it does to the running cluster.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// The stack, where several are compared in one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// The kind of change: `explain` tells about it.
    pub rule: &'static str,
    /// The object.
    pub object: ObjectName,
    /// The field in it: items of lists by their key, as `spec.template.spec.containers[kafka].image`; for a setting in a file, the
    /// file and the key. Empty if the object itself appears, goes or is renamed.
    pub path: String,
    /// The value before, the API server's default included; `null` if there was none.
    pub before: Value,
    /// The value after, the API server's default included; `null` if there is none.
    pub after: Value,
    /// What it does.
    pub class: Class,
    /// What else it means.
    pub flags: BTreeSet<Flag>,
    /// Why, in one sentence.
    pub reason: String,
    /// From `manual-steps` up, the commands in their order. A line that begins with `#` is done by hand.
    pub commands: Vec<String>,
    /// Why the stack accepts it, if it does: `--fail-on` then passes over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// Pods that are replaced.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Restart {
    /// The stack, where several are compared in one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// The workload.
    pub object: ObjectName,
    /// Its pods, in the order in which they restart; names with `*` stand for pods whose names are random.
    pub pods: Vec<String>,
    /// How the controller goes about it, and what holds it back.
    pub order: String,
    /// The changes that cause it, each as object and path.
    pub causes: Vec<String>,
}

/// An acceptance of a stack that does not name exactly one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stale {
    /// The stack.
    pub stack: String,
    /// What is wrong.
    pub message: String,
    /// The line of the stack, as `stacks/prod.rs:41`.
    pub line: String,
    #[serde(skip)]
    pub(crate) location: Location,
    /// Whether it names several changes, and not none.
    #[serde(skip)]
    pub(crate) is_ambiguous: bool,
}

/// What applying one set of manifests over another does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The worst class of all changes.
    pub class: Class,
    /// The flags of all changes.
    pub flags: BTreeSet<Flag>,
    /// The changes, worst first.
    pub changes: Vec<Change>,
    /// The workloads whose pods are replaced.
    pub restarts: Vec<Restart>,
    /// The stack's acceptances that do not name exactly one of the changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// The number of objects without a change.
    pub unchanged: usize,
}

impl Report {
    /// Adds the report of another stack.
    pub fn extend(&mut self, other: Self) {
        self.class = self.class.max(other.class);
        self.flags.extend(other.flags);
        self.changes.extend(other.changes);
        self.restarts.extend(other.restarts);
        self.stale.extend(other.stale);
        self.notes.extend(other.notes);
        self.unchanged += other.unchanged;
    }

    /// Says of which stack it is.
    #[must_use]
    pub fn of_stack(mut self, name: &str) -> Self {
        for change in &mut self.changes {
            change.stack = Some(name.to_owned());
        }
        for restart in &mut self.restarts {
            restart.stack = Some(name.to_owned());
        }
        self
    }

    /// The worst class of the changes that are not accepted.
    pub fn open_class(&self) -> Class {
        let open = self.changes.iter().filter(|change| change.accepted.is_none());
        open.map(|change| change.class).max().unwrap_or_default()
    }

    /// Whether the manifests differ in anything.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Where something changes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) object: ObjectName,
    pub(super) path: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

impl Place {
    /// A whole object.
    pub(super) fn object(identity: &Identity) -> Self {
        Self {
            object: identity.into(),
            path: String::new(),
            before: Value::Null,
            after: Value::Null,
        }
    }

    /// A field of an object, or a setting in one of its files.
    pub(super) fn field(identity: &Identity, path: impl Into<String>, before: Value, after: Value) -> Self {
        Self {
            object: identity.into(),
            path: path.into(),
            before,
            after,
        }
    }
}

/// A change that was found, before its texts are made.
#[derive(Debug)]
pub(super) struct Draft {
    rows: Vec<&'static Row>,
    pub(super) place: Place,
    words: Words,
    /// The workloads that it restarts.
    restarts: BTreeSet<ObjectName>,
    flags: BTreeSet<Flag>,
    /// Whether the first row says what the change means, beside what it does to the pods.
    is_meant: bool,
    /// What follows the reason.
    remarks: Vec<String>,
    /// StatefulSets whose pods restart only when they are deleted, as kubectl names them, and their pods.
    on_delete: BTreeMap<String, Vec<String>>,
}

impl Draft {
    /// Gives a word of the row's texts a value.
    pub(super) fn word(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        self.words.insert(name, vec![value.into()]);
        self
    }

    /// Gives a word several values: a command is repeated for each.
    pub(super) fn words(&mut self, name: &'static str, values: impl IntoIterator<Item = String>) -> &mut Self {
        self.words.insert(name, values.into_iter().collect());
        self
    }

    /// Adds a flag that the row does not always have.
    pub(super) fn flag(&mut self, flag: Flag) -> &mut Self {
        self.flags.insert(flag);
        self
    }

    /// Adds a clause to the reason.
    pub(super) fn remark(&mut self, text: impl Into<String>) -> &mut Self {
        self.remarks.push(text.into());
        self
    }

    /// The change is also of another kind: the worse class counts, and both reasons are told.
    pub(super) fn also(&mut self, row: &'static Row) -> &mut Self {
        if !self.rows.iter().any(|known| known.id == row.id) {
            self.rows.push(row);
        }
        self
    }

    /// The change is of a kind that says more than those it has: its reason and its commands come first.
    pub(super) fn means(&mut self, row: &'static Row) -> &mut Self {
        self.rows.retain(|known| known.id != "unknown-field");
        if !self.rows.iter().any(|known| known.id == row.id) {
            self.rows.insert(0, row);
        }
        self.is_meant = true;
        self
    }

    /// The change is of this kind alone.
    pub(super) fn instead(&mut self, row: &'static Row) -> &mut Self {
        self.rows = vec![row];
        self
    }

    /// Whether its reason says anything yet.
    pub(super) fn has_reason(&self) -> bool {
        !self.remarks.is_empty() || self.rows.iter().any(|row| !row.reason.is_empty())
    }

    /// Whether the change replaces the pods of a workload.
    pub(super) fn replaces(&self, workload: &ObjectName) -> bool {
        self.restarts.contains(workload)
    }

    /// Whether the change is of this kind.
    pub(super) fn is(&self, row: &Row) -> bool {
        self.rows.iter().any(|own| own.id == row.id)
    }

    /// Says which workload's pods the change replaces.
    pub(super) fn restarts(&mut self, workload: ObjectName) -> &mut Self {
        self.restarts.insert(workload);
        self
    }

    /// Names sets with `OnDelete`, which kubectl neither rolls nor waits for, and their pods.
    pub(super) fn left_to_delete(&mut self, sets: impl IntoIterator<Item = (String, Vec<String>)>) -> &mut Self {
        self.on_delete.extend(sets);
        self
    }

    /// A command, or what is done instead where `OnDelete` leaves the roll to whoever deletes the pods.
    fn by_hand(&self, command: String) -> Vec<String> {
        const ROLL: &str = " rollout ";
        let parts = command.split_once(ROLL).and_then(|(kubectl, rest)| {
            let (verb, rest) = rest.split_once(' ')?;
            let (workload, note) = rest.split_once(' ').unwrap_or((rest, ""));
            Some((kubectl, verb, self.on_delete.get(workload)?, note.trim()))
        });
        let Some((kubectl, verb, pods, note)) = parts else {
            return vec![command];
        };
        // The pods are deleted where the roll would be waited for.
        if verb != "status" {
            return Vec::new();
        }
        let intro = "# the strategy is `OnDelete`: one pod after the other, each once every replica is in sync again"
            .to_owned();
        let delete = |pod: &String| {
            format!(
                "{kubectl} delete pod {pod} && until {kubectl} wait pod {pod} --for=condition=Ready --timeout=30m; do sleep 2; done"
            )
        };
        let note = (!note.is_empty()).then(|| note.to_owned());
        [intro].into_iter().chain(pods.iter().map(delete)).chain(note).collect()
    }

    /// The class.
    pub(super) fn class(&self) -> Class {
        self.rows.iter().map(|row| row.class).max().unwrap_or_default()
    }

    fn finish(mut self) -> Change {
        let shown = |value: &Value| vec![shown(value)];
        self.words.insert("kind", vec![self.place.object.kind.clone()]);
        self.words
            .insert("namespace", vec![self.place.object.namespace.clone()]);
        self.words.insert("name", vec![self.place.object.name.clone()]);
        self.words.insert("path", vec![self.place.path.clone()]);
        self.words.entry("before").or_insert_with(|| shown(&self.place.before));
        self.words.entry("after").or_insert_with(|| shown(&self.place.after));
        let class = self.class();
        let reasons = self.rows.iter().map(|row| row::sentence(row.reason, &self.words));
        let reasons: Vec<String> = reasons
            .chain(self.remarks.iter().cloned())
            .filter(|text| !text.is_empty())
            .collect();
        let commands = self.rows.iter().flat_map(|row| row.commands_for(&self.words));
        let commands = commands
            .flat_map(|command| self.by_hand(command))
            .map(printable)
            .collect();
        // A row without a reason says less than the one that came to it.
        let of_class = || {
            self.rows
                .iter()
                .filter(|row| row.class == class || (self.is_meant && class < Class::ManualSteps))
        };
        let told = of_class()
            .find(|row| !row.reason.is_empty())
            .or_else(|| of_class().next());
        Change {
            stack: None,
            rule: told.map_or("", |row| row.id),
            class,
            flags: self
                .rows
                .iter()
                .flat_map(|row| row.flags.iter().copied())
                .chain(self.flags.iter().copied())
                .collect(),
            reason: printable(reasons.join("; ")),
            commands,
            object: self.place.object,
            path: printable(self.place.path),
            before: self.place.before,
            after: self.place.after,
            accepted: None,
        }
    }
}

/// The changes that were found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) drafts: Vec<Draft>,
    /// What is known of the restart of a workload: its pods in their order, and how.
    pub(super) restarts: BTreeMap<ObjectName, (Vec<String>, String)>,
    /// Annotations of pod templates that a change of a file explains.
    pub(super) checksums: Vec<Place>,
    /// Workloads that the API server refuses.
    pub(super) refused: BTreeSet<ObjectName>,
    pub(super) notes: BTreeSet<String>,
    pub(super) unchanged: usize,
}

impl Found {
    /// Adds a change.
    pub(super) fn add(&mut self, row: &'static Row, place: Place) -> &mut Draft {
        let at = self.drafts.len();
        self.drafts.push(Draft {
            rows: vec![row],
            place,
            words: Words::new(),
            restarts: BTreeSet::new(),
            flags: BTreeSet::new(),
            is_meant: false,
            remarks: Vec::new(),
            on_delete: BTreeMap::new(),
        });
        &mut self.drafts[at]
    }

    /// Whether a change says that it restarts the pods of a workload.
    pub(super) fn is_restarted(&self, workload: &ObjectName) -> bool {
        self.drafts.iter().any(|draft| draft.restarts.contains(workload))
    }

    /// Says what could not be compared, and why.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.insert(text.into());
    }

    pub(super) fn finish(self) -> Report {
        let mut causes: BTreeMap<ObjectName, Vec<String>> = BTreeMap::new();
        for draft in &self.drafts {
            for workload in &draft.restarts {
                let Place { object, path, .. } = &draft.place;
                causes
                    .entry(workload.clone())
                    .or_default()
                    .push(format!("{} {path}", object.shown()));
            }
        }
        let restarts = self.restarts.into_iter().filter_map(|(object, (pods, order))| {
            let causes = causes.remove(&object)?;
            (!pods.is_empty()).then_some(Restart {
                stack: None,
                object,
                pods,
                order,
                causes,
            })
        });
        let mut changes: Vec<Change> = self.drafts.into_iter().map(Draft::finish).collect();
        changes.sort_by(|a, b| {
            let key = |change: &Change| {
                (
                    std::cmp::Reverse(change.class),
                    change.object.clone(),
                    change.path.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        commands_once(&mut changes);
        Report {
            class: changes.iter().map(|change| change.class).max().unwrap_or_default(),
            flags: changes.iter().flat_map(|change| change.flags.iter().copied()).collect(),
            restarts: restarts.collect(),
            stale: Vec::new(),
            changes,
            notes: self.notes.into_iter().collect(),
            unchanged: self.unchanged,
        }
    }
}

/// Leaves out the commands of a change that another one of the same object has too: they are run once.
fn commands_once(changes: &mut [Change]) {
    let runs = |change: &Change| -> BTreeSet<String> {
        let commands = change.commands.iter();
        commands.filter(|line| !line.starts_with('#')).cloned().collect()
    };
    let mut of_objects: BTreeMap<ObjectName, Vec<usize>> = BTreeMap::new();
    for (index, change) in changes
        .iter()
        .enumerate()
        .filter(|(_, change)| !runs(change).is_empty())
    {
        of_objects.entry(change.object.clone()).or_default().push(index);
    }
    for mut indices in of_objects.into_values() {
        // The one with most commands and words keeps them.
        indices.sort_by_key(|&index| {
            let words = changes[index].commands.iter().map(String::len).sum::<usize>();
            std::cmp::Reverse((runs(&changes[index]).len(), words))
        });
        let mut kept: Vec<BTreeSet<String>> = Vec::new();
        for index in indices {
            let own = runs(&changes[index]);
            if kept.iter().any(|kept| own.is_subset(kept)) {
                changes[index].commands = vec![OTHER_CHANGE.to_owned()];
            } else {
                kept.push(own);
            }
        }
    }
}

/// Instead of commands that are at another change of the object.
pub(super) const OTHER_CHANGE: &str = "# see the other change of this object";

/// Two values in a text. Of long ones that begin alike, it is the part from which on they differ.
pub(crate) fn shown_both(before: &Value, after: &Value) -> [String; 2] {
    /// How many characters of what is alike are shown.
    const CONTEXT: usize = 20;
    let both = [before, after].map(|value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    });
    let alike = both[0].chars().zip(both[1].chars()).take_while(|(a, b)| a == b).count();
    let is_long = both.iter().any(|text| text.chars().count() > LONGEST);
    if !is_long || alike <= 2 * CONTEXT {
        return [before, after].map(shown);
    }
    both.map(|text| {
        let rest: String = text.chars().skip(alike - CONTEXT).collect();
        format!("…{}", shown(&rest.into()))
    })
}

/// The most characters of a value in a text.
const LONGEST: usize = 120;

/// A value in a text: short, in one line.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) => printable(text.replace('\n', "⏎")),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}…")
}
