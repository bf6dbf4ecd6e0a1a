//! Property files, key by key; and what another value of a broker's setting means.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    file::{FileChange, SETTING},
    process::{Process, brokers, cluster_of},
    told::Told,
};
use crate::{
    catalogue::{Key, Role, Unset, Update, likeliest_client},
    diff::{
        change::{Draft, Found},
        class::{Class, Flag},
        row::Row,
        sets::When,
    },
    lint::model::properties::{is_property_file, properties},
    version::Version,
};

/// A setting of a client.
static CLIENT: Row = Row {
    id: "client-setting",
    class: Class::Metadata,
    flags: &[],
    summary: "a setting in a file of a Kafka client",
    reason: "a {role} reads it when it starts: nothing changes for those that run",
    commands: &[],
};

/// A broker's setting that is read at start.
static READ_ONLY: Row = Row {
    id: "broker-setting-read-only",
    class: Class::Metadata,
    flags: &[],
    summary: "a setting that a broker reads only when it starts",
    reason: "read-only in Kafka {version}: each node takes it at its next start",
    commands: &[],
};

/// A broker's setting that a running broker takes too.
static DYNAMIC: Row = Row {
    id: "broker-setting-dynamic",
    class: Class::Metadata,
    flags: &[],
    summary: "a setting that a running broker also takes, in a file",
    reason: "{mode} in Kafka {version}: running nodes would take it by `kafka-configs`, but a file reaches each only at its next start",
    commands: &[],
};

/// The same, where nothing restarts the brokers.
static DYNAMIC_NOW: Row = Row {
    id: "broker-setting-dynamic-now",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a setting that a running broker also takes, in a file that no restart follows",
    reason: "instead of a restart, `kafka-configs` sets it at once; such a value is kept in the cluster and goes before that of the file until \
        it is deleted",
    commands: &[
        "# without a restart:",
        "{kafka_configs} --alter --entity-type brokers {entity} --add-config {key}={quoted}",
        "# or with one:",
    ],
};

/// The minimum of in-sync replicas of a cluster that has eligible leader replicas.
static MIN_ISR_KEPT: Row = Row {
    id: "min-isr-kept-by-cluster",
    class: Class::ManualSteps,
    flags: &[],
    summary: "`min.insync.replicas` in a file, where the cluster keeps its own value",
    reason: "a cluster that was created with Kafka 4.1 or newer, or has finalized it since, has eligible leader replicas: its \
        `min.insync.replicas` was taken from the file of the active controller once, and is kept in the cluster since; the file alone changes \
        nothing",
    commands: &[
        "{kafka_features} describe  # is `eligible.leader.replicas.version` finalized at 1?",
        "{kafka_configs} --describe --entity-type brokers --entity-default",
        "{kafka_configs} --alter --entity-type brokers --entity-default --add-config min.insync.replicas={after}  \
         # if it is; it also clears the eligible replicas of all partitions",
    ],
};

/// A lower minimum of in-sync replicas.
static MIN_ISR_LOWERED: Row = Row {
    id: "min-isr-lowered",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a lower `min.insync.replicas`",
    reason: "a write with `acks=all` counts as done once {after} replicas have it, instead of {before}: fewer failures lose acknowledged records",
    commands: &[],
};

/// A higher minimum of in-sync replicas.
static MIN_ISR_RAISED: Row = Row {
    id: "min-isr-raised",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a higher `min.insync.replicas`",
    reason: "partitions with fewer than {after} in-sync replicas refuse writes with `acks=all`",
    commands: &[],
};

/// A minimum that leaves no room for a restart.
static MIN_ISR_IS_FACTOR: Row = Row {
    id: "min-isr-is-replication-factor",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "`min.insync.replicas` is not less than the replication factor",
    reason: "with {min} of {factor} replicas required, each restart of one broker stops writes with `acks=all`",
    commands: &["# keep `min.insync.replicas` at least one below the replication factor"],
};

/// A default replication factor.
static DEFAULT_FACTOR: Row = Row {
    id: "default-replication-factor",
    class: Class::Metadata,
    flags: &[],
    summary: "another replication factor for topics that are created without one",
    reason: "holds for topics that are created from now on: those that exist keep their replicas",
    commands: &[],
};

/// A replication factor that the brokers cannot give.
static FACTOR_ABOVE_BROKERS: Row = Row {
    id: "replication-factor-above-brokers",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a replication factor above the number of brokers",
    reason: "a factor of {factor} needs as many brokers, and there will be {brokers}: topics cannot be created (`INVALID_REPLICATION_FACTOR`), internal ones \
        included, and those that exist stay under-replicated",
    commands: &["# keep at least {factor} brokers, or lower the factor"],
};

/// A shorter retention for all topics without their own.
static DEFAULT_RETENTION: Row = Row {
    id: "default-retention-cut",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "a lower limit of retention for topics without their own",
    reason: "applies to every topic without its own limit, whoever made it: {history} goes at the first check after the restart",
    commands: &[
        "{kafka_configs} --describe --entity-type topics  # which topics have no `{topic_key}` of their own",
        "{kafka_configs} --alter --entity-type topics --entity-name TOPIC --add-config {topic_key}={kept}  # before, for each that must keep it",
    ],
};

/// Another default policy.
static DEFAULT_POLICY: Row = Row {
    id: "default-cleanup-policy",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "another cleanup policy for topics without their own",
    reason: "applies to every topic without its own policy: `delete` removes records past the retention, `compact` all but the last of a key",
    commands: &[
        "{kafka_configs} --describe --entity-type topics  # which topics have no `cleanup.policy` of their own",
        "{kafka_configs} --alter --entity-type topics --entity-name TOPIC --add-config cleanup.policy=[{before}]  # before, for each that keeps it",
    ],
};

/// Offsets of groups are forgotten earlier.
static OFFSETS_RETENTION: Row = Row {
    id: "offsets-retention-cut",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "offsets of consumer groups are kept for less time",
    reason: "offsets of groups that were empty for longer than {after} minutes are deleted: such a group starts again as its \
        `auto.offset.reset` says",
    commands: &[
        "{kafka_configs} --describe --entity-type brokers --all  # and ask the owners of groups that run rarely",
    ],
};

/// A number of partitions that must not change.
static INTERNAL_PARTITIONS: Row = Row {
    id: "internal-topic-partitions",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "another number of partitions for an internal topic",
    reason: "the topic exists and keeps its partitions: nodes with the new number look for a group or a transaction in another partition than \
        those with the old one, and must not run with it",
    commands: &["# put `{key}={before}` back: it cannot change once the topic exists"],
};

/// Leaders that miss records.
static UNCLEAN: Row = Row {
    id: "unclean-leader-election",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "replicas that are not in sync may become leaders",
    reason: "a partition whose in-sync replicas are all away gets a leader that lacks acknowledged records, and the others drop them too",
    commands: &["{kafka_topics} --describe --unavailable-partitions  # these lose records at once"],
};

/// A lower limit of a record batch.
static MESSAGE_LIMIT: Row = Row {
    id: "message-limit-lowered",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a lower limit of a record batch",
    reason: "batches above {after} bytes are refused (`RecordTooLargeException`); those that are stored stay",
    commands: &[],
};

/// Topics are no longer made on demand.
static NO_AUTO_CREATION: Row = Row {
    id: "auto-creation-off",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "topics are no longer created when a client asks for them",
    reason: "a client that relies on it gets `UNKNOWN_TOPIC_OR_PARTITION`: declare its topics first",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &CLIENT,
    &READ_ONLY,
    &DYNAMIC,
    &DYNAMIC_NOW,
    &MIN_ISR_KEPT,
    &MIN_ISR_LOWERED,
    &MIN_ISR_RAISED,
    &MIN_ISR_IS_FACTOR,
    &DEFAULT_FACTOR,
    &FACTOR_ABOVE_BROKERS,
    &DEFAULT_RETENTION,
    &DEFAULT_POLICY,
    &OFFSETS_RETENTION,
    &INTERNAL_PARTITIONS,
    &UNCLEAN,
    &MESSAGE_LIMIT,
    &NO_AUTO_CREATION,
];

/// Tells the settings of a property file that differ; whether it is one.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    if !is_property_file(change.file) {
        return false;
    }
    let [before, after] = [change.before, change.after].map(settings);
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let role = {
        let keys: Vec<&str> = after.keys().map(String::as_str).collect();
        likeliest_client(&keys)
    };
    for key in keys {
        let [old, new] = [&before, &after].map(|side| side.get(key).map(String::as_str));
        if old != new {
            let draft = found.add(&SETTING, change.place(&[key], old, new));
            if let Some(role) = role {
                draft.means(&CLIENT).word("role", role.to_string());
            }
            change.effect.tell(draft);
        }
    }
    true
}

/// The settings of a file. Of two lines with one key Java keeps the last.
fn settings(text: Option<&str>) -> BTreeMap<String, String> {
    let lines = properties(text.unwrap_or_default()).into_iter();
    lines.map(|line| (line.key, line.value)).collect()
}

/// Says of the settings of a broker what each means.
pub(super) fn broker(told: &mut Told<'_, '_>) {
    for key in told.pair.changed() {
        mode(told, &key);
        meaning(told, &key);
    }
    retention(told);
}

/// How Kafka takes another value.
fn mode(told: &mut Told<'_, '_>, key: &str) {
    let pair = told.pair;
    let version = pair.before.version;
    let newest = version.unwrap_or(Version::V4_3);
    let shown = version.map_or_else(|| "(release not known)".to_owned(), |version| version.to_string());
    let (known, per_listener) = match key.strip_prefix("listener.name.").and_then(|rest| rest.split_once('.')) {
        Some((_, rest)) => (Key::find(Role::Broker, newest, rest), true),
        None => (Key::find(Role::Broker, newest, key), false),
    };
    let Some(known) = known else { return };
    let mode = match known.update {
        Update::ClusterWide => "cluster-wide",
        Update::PerBroker => "per-broker",
        Update::PerListener if per_listener => "per-broker",
        Update::PerListener | Update::ReadOnly => {
            told.setting(key, &READ_ONLY).word("version", shown);
            return;
        }
    };
    let value = match (pair.after.get(key), known.unset) {
        (Some(value), _) => Some(value.to_owned()),
        (None, Unset::Text(text)) => Some(text.to_owned()),
        (None, _) => None,
    };
    let one = pair.before.nodes().into_keys().map(|id| format!("--entity-name {id}"));
    let entities: Vec<String> = if known.update == Update::ClusterWide {
        vec!["--entity-default".to_owned()]
    } else {
        one.collect()
    };
    let draft = told.setting(key, &DYNAMIC);
    draft.word("version", shown).word("mode", mode);
    // Addresses differ from node to node, and an empty value cannot be given.
    if let Some(value) = value.filter(|value| !value.is_empty() && !value.contains(['{', '$', '\'']))
        && draft.class() == Class::ManualSteps
        && key != "min.insync.replicas"
    {
        let value = if value.contains(',') {
            format!("'[{value}]'")
        } else {
            value
        };
        draft.means(&DYNAMIC_NOW);
        draft.word("key", key).word("quoted", value).words("entity", entities);
    }
}

/// What the value does.
fn meaning(told: &mut Told<'_, '_>, key: &str) {
    let pair = told.pair;
    let number = |value: Option<&str>| value.and_then(|value| value.trim().parse::<i64>().ok());
    let unset =
        Key::find(Role::Broker, pair.before.version.unwrap_or(Version::V4_3), key).and_then(|known| {
            match known.unset {
                Unset::Text(text) => Some(text),
                _ => None,
            }
        });
    let [old, new] = [&pair.before, &pair.after].map(|process| process.get(key).or(unset));
    let [before, after] = [old, new].map(number);
    let lower = matches!((before, after), (Some(before), Some(after)) if after < before);
    let values = |draft: &mut Draft| {
        draft
            .word("before", old.unwrap_or("nothing"))
            .word("after", new.unwrap_or("nothing"));
    };
    match key {
        "min.insync.replicas" | "transaction.state.log.min.isr" if before != after => {
            values(told.setting(key, if lower { &MIN_ISR_LOWERED } else { &MIN_ISR_RAISED }));
            // What runs decides: one that becomes 4.1 with this change was created before.
            if key == "min.insync.replicas" && pair.before.version >= Some(Version::V4_1) && pair.before.is_kraft() {
                told.setting(key, &MIN_ISR_KEPT);
            }
        }
        "default.replication.factor" => {
            told.setting(key, &DEFAULT_FACTOR);
        }
        "log.cleanup.policy" if old != new => values(told.setting(key, &DEFAULT_POLICY)),
        "offsets.retention.minutes" if lower => values(told.setting(key, &OFFSETS_RETENTION)),
        "offsets.topic.num.partitions" | "transaction.state.log.num.partitions" if before != after => {
            let draft = told.setting(key, &INTERNAL_PARTITIONS);
            draft.word("key", key);
            values(draft);
        }
        "unclean.leader.election.enable" if new == Some("true") && old != new => {
            told.setting(key, &UNCLEAN);
        }
        "message.max.bytes" if lower => values(told.setting(key, &MESSAGE_LIMIT)),
        "auto.create.topics.enable" if new == Some("false") && old != new => {
            told.setting(key, &NO_AUTO_CREATION);
        }
        _ => {}
    }
}

/// Says how replication factors and minima fit each other and the brokers.
pub(super) fn replication(told: &mut Told<'_, '_>) {
    const PAIRS: [(&str, &str); 3] = [
        ("default.replication.factor", "min.insync.replicas"),
        (
            "transaction.state.log.replication.factor",
            "transaction.state.log.min.isr",
        ),
        ("offsets.topic.replication.factor", ""),
    ];
    let pair = told.pair;
    // A cluster that stops as a whole comes back as it was.
    if !pair.after.is_broker() || pair.after.worker.replicas() == 0 {
        return;
    }
    // To count them takes long where there are thousands, and is not needed where neither their number nor a factor differs.
    let is_steady = !pair.is_scaled && PAIRS.iter().all(|(factor, _)| !pair.differs(factor));
    let count = |when, process| brokers(&cluster_of(pair.sets, when, process));
    let counts = (!is_steady).then(|| (count(When::Before, &pair.before), count(When::After, &pair.after)));
    for (factor_key, min_key) in PAIRS {
        let [was, factor] = [&pair.before, &pair.after].map(|process| process.number(factor_key));
        if let (Some(factor), Some((had, has))) = (factor, counts) {
            let fitted = was.is_some_and(|was| was <= had);
            if factor > has && (fitted || was != Some(factor)) {
                let draft = if was == Some(factor) {
                    told.field("spec.replicas", &FACTOR_ABOVE_BROKERS)
                } else {
                    told.setting(factor_key, &FACTOR_ABOVE_BROKERS)
                };
                draft
                    .word("brokers", has.to_string())
                    .word("factor", factor.to_string());
            }
        }
        let [least_before, least] = [&pair.before, &pair.after].map(|process| process.number(min_key));
        if let (Some(factor), Some(least)) = (factor, least)
            && factor > 1
            && least >= factor
            && (was, least_before) != (Some(factor), Some(least))
        {
            let key = if least_before == Some(least) {
                factor_key
            } else {
                min_key
            };
            let draft = told.setting(key, &MIN_ISR_IS_FACTOR);
            draft.word("min", least.to_string()).word("factor", factor.to_string());
        }
    }
}

/// The settings that limit retention by time, and their units in milliseconds: the first that is set counts.
const TIMES: [(&str, i64); 3] = [
    ("log.retention.ms", 1),
    ("log.retention.minutes", 60_000),
    ("log.retention.hours", 3_600_000),
];

/// How long a broker keeps records of topics without their own limit, in milliseconds.
pub(super) fn retention_time(process: &Process<'_>) -> i64 {
    const WEEK: i64 = 604_800_000;
    let times = TIMES
        .iter()
        .filter_map(|(key, unit)| Some(process.number(key)?.saturating_mul(*unit)));
    times.into_iter().next().unwrap_or(WEEK)
}

/// The limits of retention that topics without their own have.
fn retention(told: &mut Told<'_, '_>) {
    let pair = told.pair;
    let [before, after] = [&pair.before, &pair.after].map(retention_time);
    if is_lower(before, after)
        && let Some((key, _)) = TIMES.iter().find(|(key, _)| pair.differs(key))
    {
        let draft = told.setting(key, &DEFAULT_RETENTION);
        draft.word(
            "history",
            format!("what is older than {} (kept so far: {})", span(after), span(before)),
        );
        draft.word("topic_key", "retention.ms").word("kept", before.to_string());
    }
    let key = "log.retention.bytes";
    let [before, after] = [&pair.before, &pair.after].map(|process| process.number(key).unwrap_or(-1));
    if is_lower(before, after) {
        let draft = told.setting(key, &DEFAULT_RETENTION);
        let history = format!(
            "what is above {} in each partition (kept so far: {})",
            size(after),
            size(before)
        );
        draft.word("history", history);
        draft
            .word("topic_key", "retention.bytes")
            .word("kept", before.to_string());
    }
}

/// Whether a limit is lower than before. A negative one is none.
pub(super) fn is_lower(before: i64, after: i64) -> bool {
    after >= 0 && (before < 0 || after < before)
}

/// A time in milliseconds, as people say it.
pub(super) fn span(milliseconds: i64) -> String {
    if milliseconds < 0 {
        return "everything".to_owned();
    }
    if milliseconds == 86_400_000 {
        return "1 day".to_owned();
    }
    for (unit, length) in [("days", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)] {
        if milliseconds >= length && milliseconds % length == 0 {
            return format!("{} {unit}", milliseconds / length);
        }
    }
    format!("{milliseconds} ms")
}

/// An amount in bytes, as people say it.
pub(super) fn size(bytes: i64) -> String {
    if bytes < 0 {
        return "everything".to_owned();
    }
    for (unit, length) in [
        ("TiB", 1_i64 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ] {
        if bytes >= length && bytes % length == 0 {
            return format!("{} {unit}", bytes / length);
        }
    }
    format!("{bytes} bytes")
}
