//! Workers of Connect: their group, their topics, and what they promise.

use super::{rest, told::Told};
use crate::diff::{
    class::{Class, Flag},
    row::Row,
};

/// Another group.
static GROUP: Row = Row {
    id: "connect-group",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another `group.id` of Connect",
    reason: "workers with the old group and workers with the new one do not know of each other, and both run all connectors of the same topics \
        until the last old worker is gone: records are copied twice",
    commands: &[
        "kubectl -n {namespace} scale {kind_of}/{workload} --replicas=0",
        "# apply the new manifests once no worker runs",
    ],
};

/// Another topic of offsets.
static OFFSETS: Row = Row {
    id: "connect-offsets-topic",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "another topic for the offsets of Connect",
    reason: "the new topic is empty: every source connector starts again, from the beginning or from now, as its kind does",
    commands: &[
        "# keep `{key}={before}`; to move, stop all connectors, copy the topic with its keys and partitions to `{after}`, then merge",
    ],
};

/// Another topic of configurations.
static CONFIGS: Row = Row {
    id: "connect-configs-topic",
    class: Class::DataLoss,
    flags: &[Flag::Availability],
    summary: "another topic for the configurations of Connect",
    reason: "the new topic is empty: no connector runs until all are created again, and what was set through the REST API alone is lost",
    commands: &[
        "kubectl -n {namespace} exec {kind_of}/{workload} -c {container} -- {curl} '{rest}/connectors?expand=info'  # keep it",
        "# create every connector again after the merge",
    ],
};

/// Another topic of states.
static STATUS: Row = Row {
    id: "connect-status-topic",
    class: Class::Metadata,
    flags: &[],
    summary: "another topic for the states of Connect",
    reason: "the new topic is empty, and filled again when connectors start; a connector that was paused stays paused, which is in the \
        configurations",
    commands: &[],
};

/// Exactly-once without its first phase.
static EXACTLY_ONCE: Row = Row {
    id: "connect-exactly-once",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "exactly-once of sources from `disabled` to `enabled` in one step",
    reason: "a worker that is still `disabled` writes without transactions, as the leader to the configurations and as a task to its topics, and \
        nobody can fence it: during the rollout tasks that ask for it fail, and records can be there twice",
    commands: &[
        "# first merge: `exactly.once.source.support=preparing`; wait until all workers have it",
        "kubectl -n {namespace} rollout status {kind_of}/{workload}",
        "# second merge: `exactly.once.source.support=enabled`",
    ],
};

/// Exactly-once that ends.
static AT_LEAST_ONCE: Row = Row {
    id: "connect-exactly-once-ends",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "exactly-once of sources ends",
    reason: "sources write at least once from now on: records can be there twice, and connectors with `exactly.once.support=required` fail",
    commands: &[],
};

/// Another form of records.
static CONVERTER: Row = Row {
    id: "connect-converter",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another converter for all connectors without their own",
    reason: "sources write records in another form, and sinks can no longer read those that are there",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &GROUP,
    &OFFSETS,
    &CONFIGS,
    &STATUS,
    &EXACTLY_ONCE,
    &AT_LEAST_ONCE,
    &CONVERTER,
];

/// Says what another setting of the workers means.
pub(super) fn judge(told: &mut Told<'_, '_>) {
    const EXACTLY: &str = "exactly.once.source.support";
    let pair = told.pair;
    for (key, row) in [
        ("group.id", &GROUP),
        ("offset.storage.topic", &OFFSETS),
        ("config.storage.topic", &CONFIGS),
        ("status.storage.topic", &STATUS),
        ("key.converter", &CONVERTER),
        ("value.converter", &CONVERTER),
    ] {
        if pair.differs(key) && pair.before.get(key).is_some() {
            let kind = pair.identity.kind.to_lowercase();
            let (curl, rest) = rest::asked(pair);
            let draft = told.setting(key, row);
            draft.word("key", key).word("kind_of", kind);
            draft.word("curl", curl).word("rest", rest);
            draft.word("container", pair.before.kafka.container.clone());
        }
    }
    let [before, after] = [&pair.before, &pair.after].map(|process| process.get(EXACTLY).unwrap_or("disabled"));
    let row = match (before, after) {
        ("disabled", "enabled") => &EXACTLY_ONCE,
        ("enabled", "disabled" | "preparing") => &AT_LEAST_ONCE,
        _ => return,
    };
    told.setting(EXACTLY, row)
        .word("kind_of", pair.identity.kind.to_lowercase());
}
