//! ConfigMaps and Secrets, file by file: what each is, and who reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Changed,
    cluster::CLUSTER_ID,
    connectors, features,
    file::{Effect, FileChange},
    monitoring, object, permissions,
    process::Process,
    schemas, settings,
    told::Tools,
    topics,
};
use crate::diff::{
    change::{Draft, Found, Place},
    class::Class,
    row::Row,
    sets::When,
    walk::Field,
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

/// A file that says the same in another way.
static LAYOUT: Row = Row {
    id: "file-layout",
    class: Class::Metadata,
    flags: &[],
    summary: "comments, spaces or the order of the lines of a file",
    reason: "whoever reads the file finds the same in it",
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

pub(super) const ROWS: &[&Row] = &[&TEXT, &LAYOUT, &SECRET, &TOO_LARGE_FOR_CLIENT, &TOO_LARGE];

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
            let draft = found.add(&SECRET, place);
            if cluster_id(changed, field, draft) {
                effect.tell_restarts(draft);
            } else {
                effect.tell(draft);
            }
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
        let first = found.drafts.len();
        let has_lines = settings::judge(&change, found)
            || permissions::judge(&change, found)
            || topics::judge(&change, found)
            || features::judge(&change, found);
        if has_lines && found.drafts.len() == first {
            effect.tell_restarts(found.add(&LAYOUT, change.place(&[], None, None)).means(&LAYOUT));
        }
        let known = has_lines
            || schemas::judge(&change, found)
            || connectors::judge(&change, found)
            || monitoring::file(&change, found);
        if !known {
            effect.tell(found.add(&TEXT, change.place(&[], before, after)));
        }
    }
}

/// Says what another cluster id means, where a Secret has it and brokers read it; whether it is one.
fn cluster_id(changed: &Changed<'_>, field: &Field, draft: &mut Draft) -> bool {
    let key = field.path.replace(['-', '_', ']'], "").to_ascii_lowercase();
    if !key.ends_with("clusterid") || field.before.is_null() {
        return false;
    }
    let sets = changed.sets;
    let mut readers = sets.readers(When::Before, changed.identity);
    let Some(process) = readers.find_map(|worker| Process::of(sets.before, worker).filter(Process::is_broker)) else {
        return false;
    };
    Tools::near(sets, &process).tell(draft);
    draft.means(&CLUSTER_ID).word("id_before", "(hidden)");
    true
}
