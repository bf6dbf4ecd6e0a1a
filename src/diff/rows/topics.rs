//! Files of topics, topic by topic.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    file::FileChange,
    process::{Process, broker_of, brokers, cluster_of, list},
    settings::{is_lower, retention_time, size, span},
    told::Tools,
};
use crate::{
    catalogue::{Key, Role, Unset},
    diff::{
        change::{Draft, Found, Place},
        class::{Class, Flag},
        row::Row,
        sets::{When, Worker},
    },
    lint::model::config::topics,
    manifest::Identity,
    version::Version,
};

/// A setting of a topic.
static TOPIC_SETTING: Row = Row {
    id: "topic-setting",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a setting of a topic",
    reason: "takes effect while the brokers run",
    commands: &[],
};

/// A topic that is new.
static ADDED: Row = Row {
    id: "topic-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a topic is declared",
    reason: "the topic is created if it is not there; one that is there gets the declared settings",
    commands: &[],
};

/// A topic that is no longer declared.
static REMOVED: Row = Row {
    id: "topic-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a topic is no longer declared",
    reason: "the topics Job deletes nothing: topic, records and settings stay in the cluster, and no file says so; to delete it, run \
        `kafka-topics --delete`",
    commands: &[],
};

/// A topic under another name.
static RENAMED: Row = Row {
    id: "topic-renamed",
    class: Class::ManualSteps,
    flags: &[Flag::ClientBreaking],
    summary: "a topic is renamed",
    reason: "Kafka cannot rename: `{new}` is created empty, and `{old}` stays with its records and the offsets of its groups",
    commands: &[
        "# move the producers to `{new}`, let the consumers read `{old}` to its end, then move them too",
        "{kafka_topics} --delete --topic '{old_pattern}'  # at the end: its records are deleted",
    ],
};

/// More partitions.
static PARTITIONS_UP: Row = Row {
    id: "topic-partitions-up",
    class: Class::DynamicConfig,
    flags: &[Flag::Irreversible],
    summary: "more partitions",
    reason: "keys map to other partitions from then on: the order of the records of one key breaks once, and partitions cannot be removed again",
    commands: &[],
};

/// More partitions of a topic whose keys matter.
static PARTITIONS_UP_KEYED: Row = Row {
    id: "topic-partitions-up-compacted",
    class: Class::ManualSteps,
    flags: &[Flag::Irreversible, Flag::ClientBreaking],
    summary: "more partitions of a compacted topic",
    reason: "a compacted topic has keys: the last value of a key stays in its old partition and is never replaced, while new values go to \
        another one, so readers see both; state stores of Kafka Streams refuse the new number",
    commands: &[
        "# keep `{topic} partitions={before}`; for more, declare a new topic, copy `{topic}` into it by key, and move the clients",
    ],
};

/// Fewer partitions.
static PARTITIONS_DOWN: Row = Row {
    id: "topic-partitions-down",
    class: Class::ManualSteps,
    flags: &[],
    summary: "fewer partitions",
    reason: "Kafka cannot remove partitions: the topics Job fails before it writes anything, so no change of this file is applied",
    commands: &[
        "# put `{topic} partitions={before}` back, or declare a new topic with {after} and move the clients",
        "{kafka_topics} --describe --topic '{topic_pattern}'",
    ],
};

/// A number that is none, or is not there.
static NUMBER_REFUSED: Row = Row {
    id: "topic-number-refused",
    class: Class::ManualSteps,
    flags: &[],
    summary: "no number of partitions, or no replication factor",
    reason: "`{topic}` needs a number from 1 to 99999 for `{key}`: the topics Job fails before it writes anything, so no change of this file \
        is applied",
    commands: &["# write a number from 1 to 99999 as `{topic} {key}=…`"],
};

/// Another replication factor.
static FACTOR: Row = Row {
    id: "topic-replication-factor",
    class: Class::ManualSteps,
    flags: &[Flag::ReassignmentNeeded],
    summary: "another replication factor of a topic",
    reason: "it is no setting: the topics Job fails before it writes anything, so no change of this file is applied until the replicas are \
        reassigned",
    commands: &[
        "{kafka_topics} --describe --topic '{topic_pattern}'  # the brokers of each partition",
        "# write plan.json, with {after} brokers in each list: \
         {\"version\":1,\"partitions\":[{\"topic\":\"{topic}\",\"partition\":0,\"replicas\":[{example}]}]}",
        "{tee} /tmp/plan.json <plan.json",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --execute --throttle 50000000",
        "{kafka_reassign} --reassignment-json-file /tmp/plan.json --verify  # again until it is complete, which also removes the throttle",
        "# then merge; a Job that has failed must be deleted before it runs again",
    ],
};

/// A factor that the brokers cannot give.
static FACTOR_ABOVE_BROKERS: Row = Row {
    id: "topic-factor-above-brokers",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a topic with more replicas than brokers",
    reason: "there are {brokers} brokers for {after} replicas: the topic cannot be created (`INVALID_REPLICATION_FACTOR`), and the Job fails",
    commands: &["# declare `{topic} replication.factor` as {brokers} at most, or add brokers first"],
};

/// Records that only compaction removes.
static COMPACT_ADDED: Row = Row {
    id: "topic-compact-added",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible, Flag::ClientBreaking],
    summary: "a topic is compacted from now on",
    reason: "all but the last record of each key go, soon after the change; records without a key are refused",
    commands: &[
        "# check that every producer of `{topic}` sets a key, and that no consumer needs earlier values",
        "{kafka_configs} --alter --entity-type topics --entity-name {topic} --add-config min.compaction.lag.ms=604800000  # before, for a week to \
         go back",
    ],
};

/// Compaction that ends.
static COMPACT_DROPPED: Row = Row {
    id: "topic-compact-dropped",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a topic is no longer compacted",
    reason: "every record is kept until its retention ends: the topic grows, and readers meet several values of a key",
    commands: &[],
};

/// Records that go with time or size.
static DELETE_ADDED: Row = Row {
    id: "topic-delete-added",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "records of a topic are deleted by age or size from now on",
    reason: "{history} goes at the next check, the last value of a key included",
    commands: &[
        "{kafka_configs} --alter --entity-type topics --entity-name {topic} --add-config retention.ms=-1,retention.bytes=-1  # before, to keep \
         everything; declare it too, or it is removed again",
    ],
};

/// Records that stay.
static DELETE_DROPPED: Row = Row {
    id: "topic-delete-dropped",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "records of a topic are no longer deleted by age or size",
    reason: "retention no longer applies: the topic grows with its keys or without an end; what is deleted does not come back",
    commands: &[],
};

/// A lower limit of retention.
static RETENTION_CUT: Row = Row {
    id: "topic-retention-cut",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "a lower limit of retention of a topic",
    reason: "{history} goes at the next check (`log.retention.check.interval.ms`, 5 min by default), whatever another limit allows; a segment \
        goes as a whole",
    commands: &[
        "# copy what is still needed, or let slow consumers read it: which groups are behind?",
        "{kafka_groups} --describe --all-groups | grep -F '{topic}'",
        "# then merge",
    ],
};

/// A higher limit.
static RETENTION_RAISED: Row = Row {
    id: "topic-retention-raised",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a higher limit of retention of a topic",
    reason: "records stay longer and need more disk; what is deleted does not come back",
    commands: &[],
};

/// A limit that does nothing.
static RETENTION_IDLE: Row = Row {
    id: "topic-retention-without-delete",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a limit of retention of a topic that only compacts",
    reason: "has no effect: the cleanup policy does not have `delete`",
    commands: &[],
};

/// A lower limit of a record batch.
static MESSAGE_LIMIT: Row = Row {
    id: "topic-message-limit-lowered",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a lower limit of a record batch of a topic",
    reason: "batches above {limit} bytes are refused (`RecordTooLargeException`) from then on; those that are stored stay",
    commands: &[],
};

/// Fewer in-sync replicas suffice.
static MIN_ISR_LOWERED: Row = Row {
    id: "topic-min-isr-lowered",
    class: Class::DynamicConfig,
    flags: &[Flag::Availability],
    summary: "a lower `min.insync.replicas` of a topic",
    reason: "a write with `acks=all` counts as done once fewer replicas have it: fewer failures lose acknowledged records",
    commands: &[],
};

/// More in-sync replicas are needed.
static MIN_ISR_RAISED: Row = Row {
    id: "topic-min-isr-raised",
    class: Class::DynamicConfig,
    flags: &[Flag::Availability],
    summary: "a higher `min.insync.replicas` of a topic",
    reason: "partitions with fewer in-sync replicas refuse writes with `acks=all` at once; with as many as the replication factor, each restart of a \
        broker does",
    commands: &[],
};

/// Leaders that miss records.
static UNCLEAN: Row = Row {
    id: "topic-unclean-leader-election",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "replicas of a topic that are not in sync may become leaders",
    reason: "a partition whose in-sync replicas are all away gets a leader that lacks acknowledged records, and the others drop them too",
    commands: &[
        "{kafka_topics} --describe --unavailable-partitions --topic '{topic_pattern}'  # these lose records at once",
    ],
};

/// Fewer partitions of a resource.
static RESOURCE_PARTITIONS_DOWN: Row = Row {
    id: "kafkatopic-partitions-down",
    class: Class::ManualSteps,
    flags: &[],
    summary: "fewer partitions of a KafkaTopic",
    reason: "Kafka cannot remove partitions: the topic keeps {before}, and its resource is no longer ready",
    commands: &["# put `partitions: {before}` back, or declare a new topic with {after} and move the clients"],
};

/// Another replication factor of a resource.
static RESOURCE_REPLICAS: Row = Row {
    id: "kafkatopic-replicas",
    class: Class::ManualSteps,
    flags: &[Flag::ReassignmentNeeded],
    summary: "another replication factor of a KafkaTopic",
    reason: "the Topic Operator has Cruise Control change it, where the cluster has it; else the topic stays as it is, and its resource is \
        no longer ready until the replicas are reassigned by hand",
    commands: &[
        "kubectl -n {namespace} get kafka {cluster} -o jsonpath='{.spec.cruiseControl}'  # nothing: reassign by hand",
        "kubectl -n {namespace} get kafkatopic {name} -o jsonpath='{.status.conditions}'  # after the merge",
    ],
};

/// A file that no Job of ours applies.
static NOT_APPLIED: Row = Row {
    id: "topics-file-without-job",
    class: Class::Metadata,
    flags: &[Flag::Unknown],
    summary: "a file of topics that no topics Job applies",
    reason: "no Job here applies the file with the script of a topics Job, so what is done with it is not known",
    commands: &[],
};

/// A Job that has run already.
static NOT_RUN: Row = Row {
    id: "topics-job-does-not-run",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a file of topics, and a Job that does not run again",
    reason: "{job} is the same as before: Kubernetes does not run a Job again that has ended, so nothing is applied until it is deleted and created \
        anew",
    commands: &["kubectl -n {namespace} delete job {job}", "# apply the new manifests"],
};

pub(super) const ROWS: &[&Row] = &[
    &TOPIC_SETTING,
    &ADDED,
    &REMOVED,
    &RENAMED,
    &PARTITIONS_UP,
    &PARTITIONS_UP_KEYED,
    &PARTITIONS_DOWN,
    &NUMBER_REFUSED,
    &FACTOR,
    &FACTOR_ABOVE_BROKERS,
    &COMPACT_ADDED,
    &COMPACT_DROPPED,
    &DELETE_ADDED,
    &DELETE_DROPPED,
    &RETENTION_CUT,
    &RETENTION_RAISED,
    &RETENTION_IDLE,
    &MESSAGE_LIMIT,
    &MIN_ISR_LOWERED,
    &MIN_ISR_RAISED,
    &UNCLEAN,
    &NOT_APPLIED,
    &NOT_RUN,
    &RESOURCE_PARTITIONS_DOWN,
    &RESOURCE_REPLICAS,
];

/// The settings of topics, by topic.
type Topics = BTreeMap<String, BTreeMap<String, String>>;

/// What the topics Job needs of each topic, as a number.
const NUMBERS: [&str; 2] = ["partitions", "replication.factor"];

/// Whether the topics Job takes it: a number from 1 to 99999.
fn is_number(value: Option<&String>) -> bool {
    value.is_some_and(|value| {
        (1..=5).contains(&value.len()) && !value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Tells the topics of a file that differ; whether it is one.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    let read = |text: Option<&str>| text.and_then(|text| topics(change.file, text, false));
    let [before, after] = [change.before, change.after].map(read);
    if before.is_none() && after.is_none() {
        return false;
    }
    let [before, after] = [before, after].map(|file| {
        let mut topics = Topics::new();
        for line in file.map(|file| file.lines).unwrap_or_default() {
            if let Some((topic, key)) = line.key.split_once(' ') {
                topics
                    .entry(topic.to_owned())
                    .or_default()
                    .insert(key.to_owned(), line.value);
            }
        }
        topics
    });
    let mut file = File::of(change, before, after);
    let first = found.drafts.len();
    for topic in file.names() {
        file.topic(&topic, found);
    }
    file.whole(first, found);
    true
}

/// A topic of Strimzi, as a resource.
pub(super) struct Resource<'a> {
    pub(super) identity: &'a Identity,
    /// The settings of the brokers in the resource of their cluster.
    pub(super) brokers: BTreeMap<String, String>,
    pub(super) cluster: String,
    /// The name of the topic.
    pub(super) topic: String,
}

/// Tells what another side of a topic's resource means: settings, `partitions` and `replication.factor`.
pub(super) fn resource(resource: &Resource<'_>, [before, after]: [BTreeMap<String, String>; 2], found: &mut Found) {
    let topic = resource.topic.as_str();
    let side = |settings: &BTreeMap<String, String>| Topics::from([(topic.to_owned(), settings.clone())]);
    let mut file = File {
        declared: Declared::Resource(resource),
        before: side(&before),
        after: side(&after),
        tools: Tools::outside(&format!("{}-kafka-bootstrap:9092", resource.cluster)),
        broker: None,
        brokers: None,
        job: None,
        blocks: Vec::new(),
    };
    file.topic(topic, found);
}

/// Where topics are declared.
enum Declared<'a> {
    File(&'a FileChange<'a>),
    Resource(&'a Resource<'a>),
}

impl Declared<'_> {
    /// The place of a topic, or of a setting of it.
    fn place(&self, parts: &[&str], values: [Option<&str>; 2]) -> Place {
        let [before, after] = values;
        match (self, parts) {
            (Self::File(change), _) => change.place(parts, before, after),
            (Self::Resource(resource), parts) => {
                let path = match parts.get(1).copied() {
                    Some("partitions") => "spec.partitions".to_owned(),
                    Some("replication.factor") => "spec.replicas".to_owned(),
                    Some(key) => format!("spec.config[{key}]"),
                    None => "spec".to_owned(),
                };
                let [before, after] = values.map(|value| value.map_or(Value::Null, Into::into));
                Place::field(resource.identity, path, before, after)
            }
        }
    }
}

/// A file of topics, and who applies it.
struct File<'a> {
    declared: Declared<'a>,
    before: Topics,
    after: Topics,
    tools: Tools,
    /// A broker of the cluster, as it will be.
    broker: Option<Process<'a>>,
    brokers: Option<i64>,
    job: Option<&'a Worker>,
    /// What makes the Job fail before it writes.
    blocks: Vec<String>,
}

impl<'a> File<'a> {
    fn of(change: &'a FileChange<'a>, before: Topics, after: Topics) -> Self {
        let sets = change.sets;
        let mut jobs = sets
            .readers(When::After, change.identity)
            .filter(|worker| worker.model.identity.kind.ends_with("Job"));
        // Another script than ours does what it does.
        let body = sets
            .after
            .find(change.identity)
            .map(|index| sets.after.body(index))
            .unwrap_or_default();
        let is_ours = body["data"]["topics.sh"]
            .as_str()
            .is_some_and(|script| script.contains("TOPICS_FILE"));
        let job = jobs.next().filter(|_| is_ours);
        let servers = job.and_then(servers);
        let namespace = &change.identity.namespace;
        let tools = Tools::in_namespace(sets, namespace, servers.as_deref());
        let tools = tools.unwrap_or_else(|| Tools::outside(servers.as_deref().unwrap_or("localhost:9092")));
        let broker = broker_of(sets, When::After, namespace, servers.as_deref());
        let brokers = broker
            .as_ref()
            .map(|broker| brokers(&cluster_of(sets, When::After, broker)));
        Self {
            declared: Declared::File(change),
            before,
            after,
            tools,
            broker,
            brokers,
            job,
            blocks: Vec::new(),
        }
    }

    const fn is_resource(&self) -> bool {
        matches!(self.declared, Declared::Resource(_))
    }

    fn names(&self) -> BTreeSet<String> {
        self.before.keys().chain(self.after.keys()).cloned().collect()
    }

    /// The topic that a new one was, by its settings.
    fn renamed(&self, topic: &str) -> Option<String> {
        let settings = self.after.get(topic)?;
        let gone = |name: &&String| !self.after.contains_key(*name);
        let is_new = |name: &&String| !self.before.contains_key(*name);
        let mut old = self
            .before
            .iter()
            .filter(|(name, other)| gone(name) && *other == settings)
            .map(|(name, _)| name);
        let place = self
            .after
            .iter()
            .filter(|(name, other)| is_new(name) && *other == settings)
            .position(|(name, _)| name == topic)?;
        old.nth(place).cloned()
    }

    fn add<'f>(
        &self,
        found: &'f mut Found,
        row: &'static Row,
        parts: &[&str],
        values: [Option<&str>; 2],
    ) -> &'f mut Draft {
        let draft = found.add(row, self.declared.place(parts, values));
        self.tools.tell(draft);
        let topic = parts[0];
        draft
            .word("topic", topic)
            .word("topic_pattern", topic.replace('.', "\\."));
        if let Declared::Resource(resource) = self.declared {
            draft.word("cluster", resource.cluster.clone());
        }
        draft
    }

    fn topic(&mut self, topic: &str, found: &mut Found) {
        match (self.before.get(topic).cloned(), self.after.get(topic).cloned()) {
            (None, Some(settings)) => {
                let short = settings
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect::<Vec<_>>()
                    .join(" ");
                if let Some(old) = self.renamed(topic) {
                    let draft = self.add(found, &RENAMED, &[topic], [Some(&old), Some(topic)]);
                    draft
                        .word("old", old.clone())
                        .word("new", topic)
                        .word("old_pattern", old.replace('.', "\\."));
                } else {
                    let row = self.too_many_replicas(&settings).unwrap_or(&ADDED);
                    let brokers = self.brokers.unwrap_or(0).to_string();
                    let draft = self.add(found, row, &[topic], [None, Some(&short)]);
                    draft.word("brokers", brokers);
                    if let Some(factor) = settings.get("replication.factor").filter(|_| row.id != ADDED.id) {
                        draft.word("after", factor);
                    }
                    let missing = NUMBERS.into_iter().find(|key| !is_number(settings.get(*key)));
                    if let Some(key) = missing.filter(|_| !self.is_resource()) {
                        draft.instead(&NUMBER_REFUSED).word("key", key);
                        self.blocks.push(format!("{topic} {key}"));
                    }
                }
            }
            (Some(settings), None) => {
                let is_renamed = self
                    .after
                    .keys()
                    .any(|new| !self.before.contains_key(new) && self.renamed(new).as_deref() == Some(topic));
                if !is_renamed {
                    let short = settings
                        .iter()
                        .map(|(key, value)| format!("{key}={value}"))
                        .collect::<Vec<_>>()
                        .join(" ");
                    self.add(found, &REMOVED, &[topic], [Some(&short), None]);
                }
            }
            (Some(old), Some(new)) => {
                let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for key in keys.into_iter().filter(|key| old.get(*key) != new.get(*key)) {
                    self.setting(topic, key, &old, &new, found);
                }
            }
            (None, None) => {}
        }
    }

    fn too_many_replicas(&self, settings: &BTreeMap<String, String>) -> Option<&'static Row> {
        let factor: i64 = settings.get("replication.factor")?.parse().ok()?;
        (factor > self.brokers?).then_some(&FACTOR_ABOVE_BROKERS)
    }

    /// What holds for a topic: its own setting, that of the brokers, or Kafka's.
    fn effective(&self, settings: &BTreeMap<String, String>, key: &str) -> Option<String> {
        if let Some(own) = settings.get(key) {
            return Some(own.clone());
        }
        if let Some(broker) = &self.broker
            && key == "retention.ms"
        {
            return Some(retention_time(broker).to_string());
        }
        let version = self
            .broker
            .as_ref()
            .and_then(|broker| broker.version)
            .unwrap_or(Version::V4_3);
        let known = Key::find(Role::Topic, version, key)?;
        let of_brokers = known.broker_name.and_then(|name| match &self.declared {
            Declared::Resource(resource) => resource.brokers.get(name).cloned(),
            Declared::File(_) => self.broker.as_ref()?.get(name).map(str::to_owned),
        });
        of_brokers.or(match known.unset {
            Unset::Text(text) => Some(text.to_owned()),
            _ => None,
        })
    }

    fn setting(
        &mut self,
        topic: &str,
        key: &str,
        old: &BTreeMap<String, String>,
        new: &BTreeMap<String, String>,
        found: &mut Found,
    ) {
        let values = [old, new].map(|side| side.get(key).map(String::as_str));
        let effective = [old, new].map(|side| self.effective(side, key));
        let [before, after] = [&effective[0], &effective[1]]
            .map(|value| value.as_deref().and_then(|value| value.trim().parse::<i64>().ok()));
        let lower = matches!((before, after), (Some(before), Some(after)) if after < before);
        let higher = matches!((before, after), (Some(before), Some(after)) if after > before);
        let policies = [old, new].map(|side| -> BTreeSet<String> {
            let policy = self
                .effective(side, "cleanup.policy")
                .unwrap_or_else(|| "delete".to_owned());
            list(&policy).map(str::to_owned).collect()
        });
        let [was_compacted, is_compacted] = [0, 1].map(|side| policies[side].contains("compact"));
        let [was_deleted, is_deleted] = [0, 1].map(|side| policies[side].contains("delete"));
        let number = |value: Option<&str>| value.and_then(|value| value.trim().parse::<i64>().ok());
        let (declared_before, declared_after) = (number(values[0]), number(values[1]));
        let rows: Vec<&'static Row> = match key {
            "partitions" if declared_after < declared_before && self.is_resource() => {
                vec![&RESOURCE_PARTITIONS_DOWN]
            }
            "replication.factor" if self.is_resource() => vec![&RESOURCE_REPLICAS],
            "partitions" | "replication.factor" if !self.is_resource() && !is_number(new.get(key)) => {
                self.blocks.push(format!("{topic} {key}"));
                vec![&NUMBER_REFUSED]
            }
            "partitions" if declared_after < declared_before => {
                self.blocks.push(format!("{topic} partitions"));
                vec![&PARTITIONS_DOWN]
            }
            "partitions" if was_compacted => vec![&PARTITIONS_UP_KEYED],
            "partitions" => vec![&PARTITIONS_UP],
            "replication.factor" => {
                self.blocks.push(format!("{topic} replication.factor"));
                let mut rows = vec![&FACTOR];
                rows.extend(self.too_many_replicas(new).map(|row| {
                    let row: &'static Row = row;
                    row
                }));
                rows
            }
            "cleanup.policy" => {
                let mut rows: Vec<&'static Row> = Vec::new();
                match (was_compacted, is_compacted) {
                    (false, true) => rows.push(&COMPACT_ADDED),
                    (true, false) => rows.push(&COMPACT_DROPPED),
                    _ => {}
                }
                match (was_deleted, is_deleted) {
                    (false, true) => rows.push(&DELETE_ADDED),
                    (true, false) => rows.push(&DELETE_DROPPED),
                    _ => {}
                }
                rows
            }
            "retention.ms" | "retention.bytes" if !is_deleted => vec![&RETENTION_IDLE],
            "retention.ms" | "retention.bytes" => match (before, after) {
                (Some(before), Some(after)) if is_lower(before, after) => vec![&RETENTION_CUT],
                (Some(before), Some(after)) if is_lower(after, before) => vec![&RETENTION_RAISED],
                _ => Vec::new(),
            },
            "max.message.bytes" if lower => vec![&MESSAGE_LIMIT],
            "min.insync.replicas" if lower => vec![&MIN_ISR_LOWERED],
            "min.insync.replicas" if higher => vec![&MIN_ISR_RAISED],
            "unclean.leader.election.enable"
                if effective[1].as_deref() == Some("true") && effective[0] != effective[1] =>
            {
                vec![&UNCLEAN]
            }
            _ => Vec::new(),
        };
        let history = self.history(key, [old, new]);
        // Of the factor alone: a limit in bytes is a long list.
        let replicas = declared_after
            .filter(|_| key == "replication.factor")
            .unwrap_or(0)
            .min(9);
        let example = (0..replicas).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        let brokers = self.brokers.unwrap_or(0).to_string();
        let limit = after.map_or_else(String::new, |after| after.to_string());
        let draft = self.add(found, &TOPIC_SETTING, &[topic, key], values);
        draft
            .word("history", history)
            .word("example", example)
            .word("brokers", brokers)
            .word("limit", limit)
            .word("key", key);
        for (at, row) in rows.into_iter().enumerate() {
            if at == 0 {
                draft.instead(row);
            } else {
                draft.also(row);
            }
        }
    }

    /// How much of a topic goes.
    fn history(&self, key: &str, sides: [&BTreeMap<String, String>; 2]) -> String {
        let of = |side: usize, key: &str| -> i64 {
            let value = self.effective(sides[side], key);
            value.and_then(|value| value.trim().parse().ok()).unwrap_or(-1)
        };
        let partitions: i64 = sides[1]
            .get("partitions")
            .and_then(|number| number.parse().ok())
            .unwrap_or(1);
        let time = || format!("what is older than {}", span(of(1, "retention.ms")));
        let amount = || {
            let limit = of(1, "retention.bytes");
            let whole = limit.saturating_mul(partitions);
            format!(
                "what is above {} in each partition ({} in all {partitions})",
                size(limit),
                size(whole)
            )
        };
        match key {
            "retention.ms" => format!("{} (kept so far: {})", time(), span(of(0, key))),
            "retention.bytes" => format!("{} (kept so far: {})", amount(), size(of(0, key))),
            _ => {
                let limits: Vec<String> = [("retention.ms", time()), ("retention.bytes", amount())]
                    .into_iter()
                    .filter(|(key, _)| of(1, key) >= 0)
                    .map(|(_, text)| text)
                    .collect();
                if limits.is_empty() {
                    "nothing, as long as no limit is set,".to_owned()
                } else {
                    limits.join(" and ")
                }
            }
        }
    }

    /// What concerns all changes of the file.
    fn whole(&self, first: usize, found: &mut Found) {
        let Declared::File(change) = self.declared else { return };
        for draft in &mut found.drafts[first..] {
            match self.job {
                None => {
                    draft.means(&NOT_APPLIED);
                }
                Some(job) if job.model.identity.kind == "Job" && change.sets.is_same(&job.model.identity) => {
                    draft.also(&NOT_RUN).word("job", job.model.identity.name.clone());
                }
                Some(_) => {
                    let own = |block: &&String| {
                        let path = super::file::path(change.file, &block.split(' ').collect::<Vec<_>>());
                        draft.place.path != path
                    };
                    let others: Vec<&str> = self.blocks.iter().filter(own).map(String::as_str).collect();
                    if !others.is_empty() {
                        draft.remark(format!(
                            "but the topics Job stops before it, because of `{}`",
                            others.join("`, `")
                        ));
                    }
                }
            }
        }
    }
}

/// The address that a Job has of its cluster.
pub(super) fn servers(job: &Worker) -> Option<String> {
    let containers = &job.model.workload()?.containers;
    let mut variables = containers.iter().flat_map(|container| &container.variables);
    variables
        .find(|(name, _)| name == "BOOTSTRAP_SERVERS")
        .map(|(_, value)| value.clone())
}
