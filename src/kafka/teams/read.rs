//! Reads a file, and reports everything that is wrong with it and not only the first mistake.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    format::{TeamCleanup, TeamLoad, TeamTopic},
    say::say,
};
use crate::{
    capacity::Load,
    diagnostics::{Diagnostic, Location, rules::application},
    kafka::topic::{Cleanup, Retention, Topic, Written},
    name::TopicName,
    nearest::nearest,
    quantity::{Bytes, Duration, RecordRate, Units},
    settings::is_setting_name,
    yaml::read::{Lines, RemarkKind, read},
};

/// A topic of a file, as it is declared, with the lines of its limits.
pub(super) struct Declared {
    pub(super) topic: Topic,
    pub(super) retention: Option<Retention>,
    /// Where the file says a key of this format, or where the topic begins.
    lines: BTreeMap<String, Location>,
}

impl Declared {
    pub(super) fn at(&self, key: &str) -> Location {
        self.lines.get(key).copied().unwrap_or(self.topic.location)
    }
}

/// What a value has to be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Truth,
    Mapping,
}

pub(super) const TOPIC_KEYS: [(&str, Wanted); 9] = [
    ("name", Wanted(Kind::Text, "name: orders.created")),
    ("description", Wanted(Kind::Text, "description: what it is for")),
    ("partitions", Wanted(Kind::Number, "partitions: 6")),
    ("cleanup", Wanted(Kind::Text, "cleanup: delete")),
    ("retention", Wanted(Kind::Text, "retention: 7d")),
    ("retentionBytes", Wanted(Kind::Text, "retentionBytes: 10Gi")),
    ("deadLetters", Wanted(Kind::Truth, "deadLetters: true")),
    (
        "load",
        Wanted(Kind::Mapping, "load: {recordsPerSecond: 100, recordBytes: 1000}"),
    ),
    ("config", Wanted(Kind::Mapping, "config: {segment.ms: 3600000}")),
];

pub(super) const LOAD_KEYS: [(&str, Wanted); 4] = [
    ("recordsPerSecond", Wanted(Kind::Number, "recordsPerSecond: 100")),
    ("recordBytes", Wanted(Kind::Number, "recordBytes: 1000")),
    ("compressedToPercent", Wanted(Kind::Number, "compressedToPercent: 50")),
    ("consumerGroups", Wanted(Kind::Number, "consumerGroups: 2")),
];

/// What a key has to be, and an example.
#[derive(Clone, Copy)]
pub(super) struct Wanted(Kind, &'static str);

/// Kafka's names of what has a key of its own here, and what is not a team's to say.
const OTHERWISE: [(&str, &str); 10] = [
    ("cleanup.policy", "use `cleanup`"),
    ("retention.ms", "use `retention`"),
    ("retention.bytes", "use `retentionBytes`"),
    ("partitions", "use `partitions` beside `name`"),
    ("num.partitions", "use `partitions` beside `name`"),
    ("replication.factor", REPLICATION),
    ("replicationFactor", REPLICATION),
    ("replicas", REPLICATION),
    ("min.insync.replicas", REPLICATION),
    (
        "unclean.leader.election.enable",
        "remove it: it loses acknowledged records",
    ),
];

const REPLICATION: &str = "remove it: all topics are replicated as the cluster says";

/// A mapping of a file, and what is said about it.
struct Reader<'a> {
    path: &'a str,
    lines: &'a Lines,
    findings: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn at(&self, pointer: &str) -> Location {
        Location::new(self.path, self.lines.of(pointer)).with_column(self.lines.column(pointer))
    }

    fn say(&mut self, item: &str, pointer: &str, message: impl Into<String>, hint: impl Into<String>) {
        let at = self.at(pointer);
        say(self.findings, &application::TEAM_FILE, item, at, message, hint);
    }

    /// Reports keys that are unknown and values of a wrong type; whether there are none.
    fn keys(&mut self, item: &str, pointer: &str, mapping: &Map<String, Value>, known: &[(&str, Wanted)]) -> bool {
        let before = self.findings.len();
        for (key, value) in mapping {
            let at = format!("{pointer}/{}", escaped(key));
            let Some((_, Wanted(kind, example))) = known.iter().find(|(name, _)| name == key) else {
                let hint = match OTHERWISE.iter().find(|(name, _)| name == key) {
                    Some((_, instead)) => (*instead).to_owned(),
                    None => match nearest(key, known.iter().map(|(name, _)| *name)) {
                        Some(near) => format!("use `{near}`"),
                        None if key.contains('.') => format!("write `config: {{{key}: …}}`"),
                        None => format!(
                            "the keys are `{}`",
                            known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("`, `")
                        ),
                    },
                };
                self.say(item, &at, format!("unknown key `{key}`"), hint);
                continue;
            };
            let right = match kind {
                Kind::Text => value.is_string(),
                Kind::Number => value.as_u64().is_some_and(|number| number > 0),
                Kind::Truth => value.is_boolean(),
                Kind::Mapping => value.is_object(),
            };
            if !right {
                let wanted = match kind {
                    Kind::Text => "a text",
                    Kind::Number => "a whole number above 0",
                    Kind::Truth => "`true` or `false`",
                    Kind::Mapping => "a mapping",
                };
                self.say(
                    item,
                    &at,
                    format!("`{key}` is {}, not {wanted}", found(value)),
                    format!("write it like `{example}`"),
                );
            }
        }
        self.findings.len() == before
    }
}

/// A value in a message.
fn found(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The topics of a file that can be read.
pub(super) fn file(path: &str, text: &str, findings: &mut Vec<Diagnostic>) -> Vec<Declared> {
    let reading = read(text);
    let mut wrong = |line: u32, message: String, hint: &str| {
        say(
            findings,
            &application::TEAM_FILE,
            "",
            Location::new(path, line),
            message,
            hint,
        );
    };
    if let Some(error) = reading.error {
        wrong(
            error.line,
            error.message,
            "indent with spaces, and put texts with `: ` or ` #` in quotes",
        );
        return Vec::new();
    }
    for remark in &reading.remarks {
        if let RemarkKind::DuplicateKey { key, first } = &remark.kind {
            wrong(
                remark.line,
                format!("key `{key}` is already in line {first}"),
                "remove one of the two",
            );
        }
    }
    if let Some(second) = reading.documents.get(1) {
        wrong(
            second.lines.first(),
            "a second document begins here".to_owned(),
            "remove the line `---`, and write one list",
        );
    }
    let Some(document) = reading.documents.first() else {
        wrong(
            1,
            "the file is empty".to_owned(),
            "write `topics: [{name: …, partitions: 6, retention: 7d}]`, or delete the file",
        );
        return Vec::new();
    };
    let mut reader = Reader {
        path,
        lines: &document.lines,
        findings,
    };
    let Some(mapping) = document.value.as_object() else {
        reader.say(
            "",
            "",
            format!("the file is {}, not a mapping", found(&document.value)),
            "begin the file with `topics:`",
        );
        return Vec::new();
    };
    for key in mapping.keys().filter(|key| *key != "topics") {
        let hint = if nearest(key, std::iter::once("topics")).is_some() {
            "use `topics`"
        } else {
            "the only key is `topics`"
        };
        reader.say("", &format!("/{}", escaped(key)), format!("unknown key `{key}`"), hint);
    }
    match mapping.get("topics") {
        Some(Value::Array(topics)) => topics
            .iter()
            .enumerate()
            .filter_map(|(index, topic)| self::topic(&mut reader, &format!("/topics/{index}"), topic))
            .collect(),
        Some(other) => {
            reader.say(
                "",
                "/topics",
                format!("`topics` is {}, not a list", found(other)),
                "write each topic as an item: `- name: …`",
            );
            Vec::new()
        }
        None => {
            if mapping.is_empty() {
                reader.say("", "", "the file has no topics", "begin the file with `topics:`");
            }
            Vec::new()
        }
    }
}

/// One topic; none if it cannot be read.
fn topic(reader: &mut Reader<'_>, pointer: &str, value: &Value) -> Option<Declared> {
    let Some(mapping) = value.as_object() else {
        reader.say(
            "",
            pointer,
            format!("a topic is {}, not a mapping", found(value)),
            "write `- name: …`",
        );
        return None;
    };
    let item = mapping.get("name").and_then(Value::as_str).unwrap_or_default();
    let mut sound = reader.keys(item, pointer, mapping, &TOPIC_KEYS);
    if let Some(load) = mapping.get("load").and_then(Value::as_object) {
        sound &= reader.keys(item, &format!("{pointer}/load"), load, &LOAD_KEYS);
        sound &= required(
            reader,
            item,
            &format!("{pointer}/load"),
            load,
            &["recordsPerSecond", "recordBytes"],
            &LOAD_KEYS,
        );
    }
    sound &= required(reader, item, pointer, mapping, &["name", "partitions"], &TOPIC_KEYS);
    sound &= config(reader, item, pointer, mapping);
    if !sound {
        return None;
    }
    let cleanup = mapping.get("cleanup").and_then(Value::as_str);
    if let Some(other) = cleanup.filter(|text| !["delete", "compact", "compact,delete"].contains(text)) {
        let hint = match other.replace([' ', '"'], "").as_str() {
            "delete,compact" | "compact,delete" => "write `cleanup: compact,delete`",
            _ => "write `delete`, `compact` or `compact,delete`",
        };
        reader.say(
            item,
            &format!("{pointer}/cleanup"),
            format!("cleanup `{other}` is unknown"),
            hint,
        );
        return None;
    }
    let read: TeamTopic = match serde_json::from_value(value.clone()) {
        Ok(read) => read,
        Err(error) => {
            reader.say(
                item,
                pointer,
                error.to_string(),
                "compare it with `kafka-stacks schema topics`",
            );
            return None;
        }
    };
    declared(reader, pointer, mapping, read)
}

/// Reports keys that are missing; whether there are none.
fn required(
    reader: &mut Reader<'_>,
    item: &str,
    pointer: &str,
    mapping: &Map<String, Value>,
    keys: &[&str],
    known: &[(&str, Wanted)],
) -> bool {
    let missing: Vec<_> = known
        .iter()
        .filter(|(key, _)| keys.contains(key) && !mapping.contains_key(*key))
        .collect();
    for (key, Wanted(_, example)) in &missing {
        reader.say(
            item,
            pointer,
            format!("`{key}` is missing"),
            format!("add it, like `{example}`"),
        );
    }
    missing.is_empty()
}

/// Reports settings that have a key of their own or are not a team's, and values that no setting has.
fn config(reader: &mut Reader<'_>, item: &str, pointer: &str, mapping: &Map<String, Value>) -> bool {
    let before = reader.findings.len();
    let Some(config) = mapping.get("config").and_then(Value::as_object) else {
        return true;
    };
    for (key, value) in config {
        let at = format!("{pointer}/config/{}", escaped(key));
        if let Some((_, instead)) = OTHERWISE.iter().find(|(name, _)| name == key) {
            reader.say(item, &at, format!("`{key}` cannot be set in `config`"), *instead);
        } else if !is_setting_name(key) {
            // It would be another line of the declaration, about any topic.
            reader.say(
                item,
                &at,
                format!("{key:?} cannot be the name of a setting"),
                "use Kafka's name of it",
            );
        } else if value.is_array() || value.is_object() || value.is_null() {
            reader.say(
                item,
                &at,
                format!("`{key}` is {}, not a text, a number, `true` or `false`", found(value)),
                format!("write it like `{key}: 1000`"),
            );
        } else if value.as_str().is_some_and(|text| text.contains(char::is_control)) {
            reader.say(
                item,
                &at,
                format!("the value of `{key}` is not one line"),
                "write it in one line",
            );
        }
    }
    reader.findings.len() == before
}

/// A topic whose keys have the right types.
#[expect(clippy::too_many_lines, reason = "one check a key")]
fn declared(reader: &mut Reader<'_>, pointer: &str, mapping: &Map<String, Value>, read: TeamTopic) -> Option<Declared> {
    let before = reader.findings.len();
    let name = read.name.as_str();
    if let Err(error) = TopicName::parse(name) {
        reader.say(
            name,
            &format!("{pointer}/name"),
            format!("the topic name {error}"),
            "choose another `name`",
        );
    }
    let age = read.retention.as_deref().map(|text| (text, age(text)));
    if let Some((text, None)) = age {
        let message = format!("`{text}` is not a time");
        reader.say(
            name,
            &format!("{pointer}/retention"),
            message,
            "write a number and `d`, `h`, `m` or `s`, as `7d`, or `unlimited`",
        );
    }
    let size = read.retention_bytes.as_deref().map(|text| (text, size(text)));
    if let Some((text, None)) = size {
        let message = format!("`{text}` is not a size");
        reader.say(
            name,
            &format!("{pointer}/retentionBytes"),
            message,
            "write a number and `Ki`, `Mi`, `Gi` or `Ti`, as `10Gi`",
        );
    }
    let kept = age.and_then(|(_, age)| age);
    let largest = size.and_then(|(_, size)| size);
    let retention = match (kept, largest) {
        (Some(Age::Unlimited) | None, Some(size)) => Some(Retention::Size(size)),
        (Some(Age::Until(age)), Some(size)) => Some(Retention::TimeAndSize(age, size)),
        (Some(Age::Until(age)), None) => Some(Retention::Time(age)),
        (Some(Age::Unlimited), None) => Some(Retention::Forever),
        (None, None) => None,
    };
    let compacts = read.cleanup == TeamCleanup::Compact;
    if compacts && retention.is_some() {
        let key = if read.retention.is_some() {
            "retention"
        } else {
            "retentionBytes"
        };
        reader.say(
            name,
            &format!("{pointer}/{key}"),
            format!("`cleanup: compact` ignores `{key}`"),
            format!("write `cleanup: compact,delete`, or remove `{key}`"),
        );
    }
    let needs_retention = !compacts && read.retention.is_none() && read.retention_bytes.is_none();
    if needs_retention {
        reader.say(
            name,
            pointer,
            "it does not say how long records are kept",
            "add `retention: 7d`, or `retention: unlimited`",
        );
    }
    if reader.findings.len() > before {
        return None;
    }
    let cleanup = match (read.cleanup, retention) {
        (TeamCleanup::Compact, _) => Cleanup::Compact,
        (TeamCleanup::Delete, retention) => Cleanup::Delete(retention.unwrap_or(Retention::Forever)),
        (TeamCleanup::CompactAndDelete, retention) => {
            Cleanup::CompactAndDelete(retention.unwrap_or(Retention::Forever))
        }
    };
    let mut topic = Topic::new(name, read.partitions, cleanup).location(reader.at(&format!("{pointer}/name")));
    for (key, value) in &read.config {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        topic.settings.set("config", key, value);
    }
    topic.load = read.load.map(|load| {
        let TeamLoad {
            records_per_second,
            record_bytes,
            compressed_to_percent,
            consumer_groups,
        } = load;
        Load {
            compressed_to: compressed_to_percent.map(Units::percent),
            groups: consumer_groups,
            ..Load::new(RecordRate::new(records_per_second), Bytes::from_bytes(record_bytes))
        }
    });
    if read.dead_letters {
        topic = topic.dead_letters();
    }
    let lines: BTreeMap<String, Location> = mapping
        .keys()
        .map(|key| (key.clone(), reader.at(&format!("{pointer}/{}", escaped(key)))))
        .collect();
    topic.written = Some(written(reader, pointer, &lines, &read.config));
    Some(Declared {
        topic,
        retention,
        lines,
    })
}

/// The line of each of Kafka's keys.
fn written(
    reader: &Reader<'_>,
    pointer: &str,
    lines: &BTreeMap<String, Location>,
    config: &BTreeMap<String, Value>,
) -> Written {
    const NAMES: [(&str, &str); 4] = [
        ("partitions", "partitions"),
        ("cleanup.policy", "cleanup"),
        ("retention.ms", "retention"),
        ("retention.bytes", "retentionBytes"),
    ];
    let mut keys = BTreeMap::new();
    for (kafka, own) in NAMES {
        if let Some(at) = lines.get(own) {
            keys.insert(kafka.to_owned(), (*at, own));
        }
    }
    for key in config.keys() {
        let at = reader.at(&format!("{pointer}/config/{}", escaped(key)));
        keys.insert(key.clone(), (at, "config"));
    }
    Written { keys }
}

/// How long records are kept.
#[derive(Clone, Copy)]
enum Age {
    Until(Duration),
    Unlimited,
}

fn age(text: &str) -> Option<Age> {
    if text == "unlimited" {
        return Some(Age::Unlimited);
    }
    let unit = text.chars().last()?;
    let seconds = match unit {
        'd' => 24 * 3600,
        'h' => 3600,
        'm' => 60,
        's' => 1,
        _ => return None,
    };
    let number: u64 = digits(&text[..text.len() - 1])?;
    number
        .checked_mul(seconds)
        .filter(|time| *time > 0 && *time < 1 << 40)
        .map(|time| Age::Until(Duration::from_seconds(time)))
}

fn size(text: &str) -> Option<Bytes> {
    let (number, shift) = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)]
        .into_iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)))
        .unwrap_or((text, 0));
    let bytes = digits(number)?.checked_mul(1 << shift)?;
    (bytes > 0).then_some(Bytes::from_bytes(bytes))
}

fn digits(text: &str) -> Option<u64> {
    text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse().ok())?
}
