//! ConfigMaps and Secrets, file by file: what each is, and who reads it.

use std::collections::BTreeSet;

use super::{
    Changed,
    file::{Effect, FileChange},
    object, settings, topics,
};
use crate::diff::{change::Found, class::Class, row::Row};

/// A file of which only the text is known.
static TEXT: Row = Row {
    id: "file-changed",
    class: Class::Metadata,
    flags: &[],
    summary: "a file changes",
    reason: "",
    commands: &[],
};

/// A Secret's value.
static SECRET: Row = Row {
    id: "secret-changed",
    class: Class::Metadata,
    flags: &[],
    summary: "a value of a Secret changes",
    reason: "",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&TEXT, &SECRET];

/// A ConfigMap or a Secret that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let effect = Effect::of(changed.sets, changed.identity, found);
    let secret = changed.identity.kind == "Secret";
    let mut files = BTreeSet::new();
    for field in &changed.fields {
        let part = field.pattern.split(['.', '[']).next().unwrap_or_default();
        if !["data", "stringData", "binaryData"].contains(&part) {
            object::other(changed, field, found);
        } else if secret {
            let mut place = changed.place(field);
            for value in [&mut place.before, &mut place.after]
                .into_iter()
                .filter(|value| !value.is_null())
            {
                *value = object::hidden();
            }
            effect.tell(found.add(&SECRET, place));
        } else if part == "data" {
            let names = [&changed.before, &changed.after]
                .into_iter()
                .filter_map(|body| body["data"].as_object());
            files.extend(names.flatten().map(|(name, _)| name.as_str()));
        } else {
            effect.tell(found.add(&TEXT, changed.place(field)));
        }
    }
    for file in files {
        let [before, after] = [&changed.before, &changed.after].map(|body| body["data"][file].as_str());
        if before == after {
            continue;
        }
        let change = FileChange {
            sets: changed.sets,
            identity: changed.identity,
            file,
            before,
            after,
            effect: &effect,
        };
        if !settings::judge(&change, found) && !topics::judge(&change, found) {
            effect.tell(found.add(&TEXT, change.place(&[], before, after)));
        }
    }
}
