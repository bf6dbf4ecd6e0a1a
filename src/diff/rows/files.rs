//! ConfigMaps and Secrets, file by file: what each is, and who reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Changed, features,
    file::{Effect, FileChange},
    monitoring, object, schemas, settings, topics,
};
use crate::diff::{
    change::{Found, Place},
    class::Class,
    row::Row,
};

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

/// A ConfigMap too large for client-side apply.
static TOO_LARGE_FOR_CLIENT: Row = Row {
    id: "too-large-for-client-side-apply",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "an object above 256 KiB",
    reason: "client-side apply keeps the whole object in an annotation, of which the API server takes 262144 bytes: only server-side apply \
        works",
    commands: &["kubectl apply --server-side -f FILE"],
};

/// A ConfigMap too large for the API server.
static TOO_LARGE: Row = Row {
    id: "too-large",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "a ConfigMap or a Secret above 1 MiB",
    reason: "the API server refuses it (`Too long: may not be more than 1048576 bytes`): it stays as it was",
    commands: &["# divide it into several objects"],
};

pub(super) const ROWS: &[&Row] = &[&TEXT, &SECRET, &TOO_LARGE_FOR_CLIENT, &TOO_LARGE];

/// A ConfigMap or a Secret that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let effect = Effect::of(changed.sets, changed.identity, found);
    let secret = changed.identity.kind == "Secret";
    let size = |body: &Value| -> usize {
        let parts = ["data", "binaryData", "stringData"]
            .iter()
            .filter_map(|part| body[*part].as_object());
        parts
            .flatten()
            .map(|(key, text)| key.len() + text.as_str().map_or(0, str::len))
            .sum()
    };
    let (before, after) = (size(&changed.before), size(&changed.after));
    for (most, row) in [(1 << 20, &TOO_LARGE), (1 << 18, &TOO_LARGE_FOR_CLIENT)] {
        if after > most && before <= most {
            found.add(row, Place::field(changed.identity, "data", Value::Null, Value::Null));
            break;
        }
    }
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
        let known = settings::judge(&change, found)
            || topics::judge(&change, found)
            || features::judge(&change, found)
            || schemas::judge(&change, found)
            || monitoring::file(&change, found);
        if !known {
            effect.tell(found.add(&TEXT, change.place(&[], before, after)));
        }
    }
}
