//! The Schema Registry: its topic, its group, and what it lets writers do.

use super::told::Told;
use crate::diff::{
    class::{Class, Flag},
    row::Row,
};

/// Another topic of schemas.
static TOPIC: Row = Row {
    id: "registry-topic",
    class: Class::DataLoss,
    flags: &[Flag::ClientBreaking],
    summary: "another topic for schemas",
    reason: "the new topic is empty: no schema is known, ids begin again at 1, and records that are there are read with the wrong schema or none",
    commands: &[
        "# keep `kafkastore.topic={before}`; to move, stop all writers, copy the topic record by record to `{after}` (one partition, `compact`), \
         then merge",
    ],
};

/// Another group of instances.
static GROUP: Row = Row {
    id: "registry-group",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another group of registries",
    reason: "instances with the old group and instances with the new one elect a primary each: during the rollout two of them give out ids",
    commands: &[
        "kubectl -n {namespace} scale {kind_of}/{workload} --replicas=0",
        "# apply the new manifests once no instance runs",
    ],
};

/// A weaker level of compatibility.
static WEAKER: Row = Row {
    id: "registry-compatibility-weakened",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a weaker level of compatibility",
    reason: "subjects without their own level take schemas under `{after}` that `{before}` refused: readers can meet records that they cannot read",
    commands: &[],
};

/// A stronger or another level.
static OTHER: Row = Row {
    id: "registry-compatibility",
    class: Class::Metadata,
    flags: &[],
    summary: "another level of compatibility",
    reason: "subjects without their own level are judged by `{after}` from now on; schemas that are there stay",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&TOPIC, &GROUP, &WEAKER, &OTHER];

/// What a level promises: that new readers read old records, that old readers read new ones, and both of all versions.
fn promises(level: &str) -> [bool; 3] {
    let level = level.to_ascii_lowercase();
    let full = level.starts_with("full");
    [
        full || level.starts_with("backward"),
        full || level.starts_with("forward"),
        level.ends_with("transitive"),
    ]
}

/// Whether a level promises less than another.
pub(super) fn is_weaker(before: &str, after: &str) -> bool {
    let promises = promises(before).into_iter().zip(promises(after));
    promises.into_iter().any(|(was, is)| was && !is)
}

/// Says what another setting of a registry means.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    const LEVELS: [&str; 2] = ["schema.compatibility.level", "avro.compatibility.level"];
    let pair = told.pair;
    let value = |before, key, unset| -> String {
        let process = if before { &pair.before } else { &pair.after };
        process.get(key).unwrap_or(unset).to_owned()
    };
    for (key, unset, row) in [
        ("kafkastore.topic", "_schemas", &TOPIC),
        ("schema.registry.group.id", "schema-registry", &GROUP),
    ] {
        let (before, after) = (value(true, key, unset), value(false, key, unset));
        if before != after {
            let kind = pair.identity.kind.to_lowercase();
            told.setting(key, row)
                .word("before", before)
                .word("after", after)
                .word("kind_of", kind);
        }
    }
    for key in LEVELS {
        let (before, after) = (value(true, key, "backward"), value(false, key, "backward"));
        if before == after {
            continue;
        }
        let draft = told.setting(key, if is_weaker(&before, &after) { &WEAKER } else { &OTHER });
        draft.word("before", before).word("after", after);
    }
}
