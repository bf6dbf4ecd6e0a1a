//! Subjects that are declared for a Schema Registry, and the Job that registers them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{file::FileChange, registry::is_weaker};
use crate::{
    diff::{
        change::{Draft, Found},
        class::{Class, Flag},
        row::Row,
        side::Side,
    },
    manifest::Identity,
};

const FILE: &str = "schemas.txt";

/// The name that stands for the whole registry.
const REGISTRY: &str = "*";

/// A new subject.
static ADDED: Row = Row {
    id: "schema-subject-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a subject is new",
    reason: "the Job registers its versions; nothing restarts",
    commands: &[],
};

/// A subject that is no longer declared.
static REMOVED: Row = Row {
    id: "schema-subject-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a subject is no longer declared",
    reason: "the Job deletes nothing: the subject, its versions and its level stay in the registry, and no file says so",
    commands: &[],
};

/// A subject under another name.
static RENAMED: Row = Row {
    id: "schema-subject-renamed",
    class: Class::ManualSteps,
    flags: &[Flag::ClientBreaking],
    summary: "a subject is renamed, or named by another strategy",
    reason: "the Job registers `{new}` and leaves `{old}` as it is: clients that still look under `{old}` find no later version, and those that look \
        under `{new}` find none before the Job has run; versions that only the registry has stay behind",
    commands: &[
        "# first merge: declare `{new}` beside `{old}`, and wait until the Job is complete",
        "# set the strategy of all producers and consumers of the topic (`value.subject.name.strategy`) to that of `{new}`",
        "# second merge: remove `{old}`",
    ],
};

/// A new version.
static VERSION_ADDED: Row = Row {
    id: "schema-version-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a version of a subject is new",
    reason: "the Job registers it if it is compatible by the level of `{subject}`, and fails otherwise; nothing restarts, and going back does not \
        remove it",
    commands: &[],
};

/// A version that is no longer declared.
static VERSION_REMOVED: Row = Row {
    id: "schema-version-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a version of a subject is no longer declared",
    reason: "the Job deletes nothing: the version stays in the registry, and records with it can be read",
    commands: &[],
};

/// Another content of a version that is committed, and so registered.
static ALTERED: Row = Row {
    id: "schema-version-altered",
    class: Class::ManualSteps,
    flags: &[Flag::Irreversible],
    summary: "a committed version of a subject is altered",
    reason: "a registered version cannot change: {effect}",
    commands: &[
        "# put version {version} of `{subject}` back as it was, and declare the new schema as its next version",
    ],
};

/// The same version, written in another way.
static LAYOUT: Row = Row {
    id: "schema-layout",
    class: Class::Metadata,
    flags: &[],
    summary: "a schema is written in another way",
    reason: "the registry takes it for the same version: only spaces and the order of keys differ",
    commands: &[],
};

/// A weaker level.
static WEAKENED: Row = Row {
    id: "schema-level-weakened",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking, Flag::Irreversible],
    summary: "a subject's level of compatibility is weakened",
    reason: "the Job sets it at once: {scope} takes schemas under `{after}` that `{before}` refused, readers can meet records that they cannot read, \
        and a version that is registered meanwhile stays when the level comes back",
    commands: &[],
};

/// A stronger level, or another one.
static LEVEL: Row = Row {
    id: "schema-level",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a subject's level of compatibility is strengthened, or another",
    reason: "the Job sets it at once: the next version of {scope} is judged by `{after}`; versions that are there are not judged again",
    commands: &[],
};

/// A level that is no longer declared.
static LEVEL_REMOVED: Row = Row {
    id: "schema-level-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a subject's level of compatibility is no longer declared",
    reason: "the Job deletes nothing: the registry keeps `{before}` for {scope}, and no file says so",
    commands: &[],
};

/// A Job that has run already.
static NOT_RUN: Row = Row {
    id: "schemas-job-does-not-run",
    class: Class::ManualSteps,
    flags: &[],
    summary: "declared subjects change, and the Job does not run again",
    reason: "{job} is the same as before: Kubernetes does not run a Job again that has ended, so nothing is registered until it is deleted and \
        created anew",
    commands: &["kubectl -n {namespace} delete job {job}", "# apply the new manifests"],
};

pub(super) const ROWS: &[&Row] = &[
    &ADDED,
    &REMOVED,
    &RENAMED,
    &VERSION_ADDED,
    &VERSION_REMOVED,
    &ALTERED,
    &LAYOUT,
    &WEAKENED,
    &LEVEL,
    &LEVEL_REMOVED,
    &NOT_RUN,
];

/// What is declared of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Subject {
    level: Option<String>,
    /// The rest of each version's line, and its file.
    versions: BTreeMap<u32, (String, String)>,
}

/// The declared subjects of one side, and the texts of their versions.
#[derive(Default)]
struct Declared {
    subjects: BTreeMap<String, Subject>,
    data: Value,
}

impl Declared {
    /// Those of a ConfigMap, if it is one with the script of a Job that registers.
    fn of(side: &Side, identity: &Identity) -> Option<Self> {
        let mut body = side.body(side.find(identity)?);
        let data = body["data"].take();
        let is_ours = data["schemas.sh"].as_str()?.contains("SCHEMAS_FILE");
        let text = data[FILE].as_str().filter(|_| is_ours)?;
        let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let mut words = line.split_whitespace();
            let (Some(name), Some(second)) = (words.next(), words.next()) else {
                continue;
            };
            let subject = subjects.entry(name.to_owned()).or_default();
            if let Some(level) = second.strip_prefix("level=") {
                subject.level = Some(level.to_owned());
            } else if let Ok(number) = second.parse() {
                let rest: Vec<&str> = words.collect();
                let file = rest.get(1).copied().unwrap_or_default().to_owned();
                // The name of the file says nothing about the schema.
                let others = rest
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != 1)
                    .map(|(_, word)| *word);
                subject
                    .versions
                    .insert(number, (others.collect::<Vec<_>>().join(" "), file));
            }
        }
        Some(Self { subjects, data })
    }

    fn text(&self, file: &str) -> Option<&str> {
        self.data[file].as_str()
    }

    /// The format, the references and the text of each version of a subject.
    fn content(&self, subject: &Subject) -> Vec<(String, Option<String>)> {
        let versions = subject.versions.values();
        versions
            .map(|(rest, file)| (rest.clone(), self.text(file).map(str::to_owned)))
            .collect()
    }

    /// The level that holds for a subject; `BACKWARD` is the default of a registry.
    fn level<'d>(&'d self, name: &str) -> &'d str {
        let of = |name: &str| self.subjects.get(name)?.level.as_deref();
        of(name).or(of(REGISTRY)).unwrap_or("BACKWARD")
    }
}

/// Tells what is declared of subjects and differs; whether the file is one of such a declaration.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    let [before, after] = [change.sets.before, change.sets.after].map(|side| Declared::of(side, change.identity));
    if before.is_none() && after.is_none() || change.file == "schemas.sh" {
        return false;
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let first = found.drafts.len();
    if change.file == FILE {
        declaration(change, &before, &after, found);
    } else if !content(change, &before, &after, found) {
        return false;
    }
    change.tell_idle_job(&NOT_RUN, &mut found.drafts[first..]);
    true
}

/// The file that lists subjects, levels and versions.
fn declaration(change: &FileChange<'_>, before: &Declared, after: &Declared, found: &mut Found) {
    let mut renamed: BTreeMap<&str, &str> = BTreeMap::new();
    let gone = before
        .subjects
        .iter()
        .filter(|(name, _)| !after.subjects.contains_key(*name));
    for (old, subject) in gone.filter(|(_, subject)| !subject.versions.is_empty()) {
        let content = before.content(subject);
        let is_it = |(name, other): &(&String, &Subject)| {
            !before.subjects.contains_key(*name)
                && !renamed.values().any(|taken| taken == name)
                && after.content(other) == content
        };
        if let Some((new, _)) = after.subjects.iter().find(is_it) {
            renamed.insert(old, new);
        }
    }
    for (old, new) in &renamed {
        let draft = found.add(&RENAMED, change.place(&[*new], Some(*old), Some(*new)));
        draft.word("old", *old).word("new", *new);
    }
    let names: BTreeSet<&String> = before.subjects.keys().chain(after.subjects.keys()).collect();
    let is_renamed = |name: &str| renamed.contains_key(name) || renamed.values().any(|new| *new == name);
    for name in names.into_iter().filter(|name| !is_renamed(name)) {
        let shown = |subject: &Subject| format!("{} versions", subject.versions.len());
        match (before.subjects.get(name), after.subjects.get(name)) {
            (None, Some(subject)) if !subject.versions.is_empty() => {
                found.add(&ADDED, change.place(&[name], None, Some(&shown(subject))));
            }
            (Some(subject), None) if !subject.versions.is_empty() => {
                found.add(&REMOVED, change.place(&[name], Some(&shown(subject)), None));
            }
            (old, new) => {
                let none = Subject::default();
                let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
                level(change, name, [before, after], [old, new], found);
                versions(change, name, [before, after], [old, new], found);
            }
        }
    }
}

fn level(change: &FileChange<'_>, name: &str, sides: [&Declared; 2], subjects: [&Subject; 2], found: &mut Found) {
    let [old, new] = subjects.map(|subject| subject.level.as_deref());
    if old == new {
        return;
    }
    let [before, after] = sides.map(|side| side.level(name));
    let row = match new {
        None => &LEVEL_REMOVED,
        Some(_) if is_weaker(before, after) => &WEAKENED,
        Some(_) => &LEVEL,
    };
    let scope = if name == REGISTRY {
        "every subject without its own level".to_owned()
    } else {
        format!("`{name}`")
    };
    let draft = found.add(row, change.place(&[name, "level"], old, new));
    draft.word("scope", scope).word("before", before).word("after", after);
}

fn versions(change: &FileChange<'_>, name: &str, sides: [&Declared; 2], subjects: [&Subject; 2], found: &mut Found) {
    let [old, new] = subjects;
    let numbers: BTreeSet<u32> = old.versions.keys().chain(new.versions.keys()).copied().collect();
    for number in numbers {
        let lines = subjects.map(|subject| subject.versions.get(&number));
        let mut values = lines.map(|line| line.map(|(rest, _)| rest.as_str()));
        let row = match lines {
            [None, Some(_)] => &VERSION_ADDED,
            [Some(_), None] => &VERSION_REMOVED,
            [Some((before, _)), Some((after, _))] if before != after => &ALTERED,
            // The file of the same name is compared by `content`.
            [Some((_, before)), Some((_, after))] if before != after => {
                let texts = [sides[0].text(before), sides[1].text(after)];
                if texts[0] == texts[1] {
                    continue;
                }
                values = [Some(before), Some(after)];
                rewritten(texts)
            }
            _ => continue,
        };
        let draft = found.add(row, change.place(&[name, &number.to_string()], values[0], values[1]));
        draft.word("subject", name);
        if row.id == ALTERED.id {
            altered(draft, name, number, old);
        }
    }
}

/// What it is that a version has another text.
fn rewritten(texts: [Option<&str>; 2]) -> &'static Row {
    match texts.map(|text| serde_json::from_str::<Value>(text?).ok()) {
        [Some(old), Some(new)] if old == new => &LAYOUT,
        _ => &ALTERED,
    }
}

/// The words of a version that is altered.
fn altered(draft: &mut Draft, name: &str, number: u32, old: &Subject) {
    // On top of a later version it would be the newest: the script refuses it.
    let effect = if old.versions.keys().any(|later| *later > number) {
        "the Job finds a later version in the registry, fails, and registers nothing that comes after it"
    } else {
        "the Job registers the new content as a further version, if it is compatible, and the old one stays"
    };
    draft
        .word("subject", name)
        .word("version", number.to_string())
        .word("effect", effect);
}

/// A file with a schema; whether it is one. Of a version that comes or goes the declaration tells.
fn content(change: &FileChange<'_>, before: &Declared, after: &Declared, found: &mut Found) -> bool {
    let of = |side: &Declared| {
        let subjects = side.subjects.iter();
        let mut versions = subjects.flat_map(|(name, subject)| {
            let versions = subject.versions.iter();
            versions.map(move |(number, (_, file))| (name.clone(), *number, file.clone()))
        });
        versions
            .find(|(_, _, file)| file == change.file)
            .map(|(name, number, _)| (name, number))
    };
    match (of(before), of(after)) {
        (Some((name, number)), Some(now)) if now == (name.clone(), number) => {
            let row = rewritten([change.before, change.after]);
            let draft = found.add(row, change.place(&[], change.before, change.after));
            if let Some(old) = before.subjects.get(&name) {
                altered(draft, &name, number, old);
            }
            true
        }
        (None, None) => false,
        _ => true,
    }
}
