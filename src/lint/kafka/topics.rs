//! Topics that files declare: each against itself, and against the brokers of its cluster where these are known. The rules are data in
//! [`topic`](crate::diagnostics::rules::topic).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cluster::{Brokers, Fleet, Target, targets},
    durability::{Culprit, Replicated},
    settings::{of_topics, put},
};
use crate::{
    diagnostics::{
        Diagnostic, Mend, Rule,
        rules::{durability, topic},
    },
    lint::model::{
        ObjectDetail,
        address::Address,
        config::{TopicsFile, field},
        invocation::{is_filled_in, options, runs},
        properties::Property,
        release,
        set::{ObjectSet, SetFindings},
    },
    name::TopicName,
    quantity::{Bytes, Duration},
    version::Version,
};

/// A file that declares topics, and where it is applied.
pub(super) struct TopicsOfFile<'a> {
    /// Its ConfigMap.
    pub(super) index: usize,
    pub(super) file: &'a TopicsFile,
    namespace: &'a str,
    /// The release of the brokers, if the object says it.
    version: Option<Version>,
    /// What the pods that have the ConfigMap connect to.
    pub(super) targets: BTreeSet<Target>,
}

/// The files of a set that declare topics.
pub(super) fn files<'a>(set: &ObjectSet<'a>) -> Vec<TopicsOfFile<'a>> {
    let mut files = Vec::new();
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Config(config) = &object.detail else {
            continue;
        };
        files.extend(config.topics.iter().map(|file| TopicsOfFile {
            index,
            file,
            namespace: &object.identity.namespace,
            version: object.version,
            targets: BTreeSet::new(),
        }));
    }
    if files.is_empty() {
        return files;
    }
    for (_, object, workload) in set.workloads() {
        let namespace = &object.identity.namespace;
        let servers = || {
            let addresses = object.addresses.iter();
            let servers = addresses.filter(|address| address.port.is_some()).map(Address::shown);
            servers.collect::<Vec<_>>().join(",")
        };
        for file in &mut files {
            let name = &set.objects[file.index].identity.name;
            let reads = file.namespace == namespace
                && workload
                    .references
                    .iter()
                    .any(|of| of.kind == "ConfigMap" && of.name == *name);
            if reads {
                file.targets.extend(targets(set, namespace, &servers()));
            }
        }
    }
    files
}

pub(super) fn check(files: &[TopicsOfFile<'_>], brokers: &Brokers<'_>, findings: &mut SetFindings) {
    for file in files {
        let pointer = field(&file.file.file);
        if file.file.has_script {
            lines(file, &pointer, findings);
        }
        let fleet = brokers.at(&file.targets);
        let version = file.version.or_else(|| fleet?.brokers.version);
        for (line, finding) in of_topics(version, &file.file.lines) {
            put(findings, file.index, &pointer, line, finding);
        }
        let topics = declared(&file.file.lines, fleet);
        let mut alike: BTreeMap<String, &str> = BTreeMap::new();
        for topic in topics.values() {
            for (line, finding) in topic.check() {
                put(findings, file.index, &pointer, line, finding);
            }
            let key = topic.name.replace('.', "_");
            if let Some(other) = alike.insert(key, topic.name) {
                let row = topic.lines.values().map(|line| line.row).min();
                let finding = findings.add(
                    file.index,
                    pointer.clone(),
                    &topic::NAME_COLLISION,
                    format!("topic `{}` cannot be told from `{other}`", topic.name),
                );
                finding.hint("rename one of the two").place.row = row;
            }
        }
    }
}

/// The topics that lines declare, by name.
fn declared<'l>(lines: &'l [Property], fleet: Option<Fleet<'l>>) -> BTreeMap<&'l str, Declared<'l>> {
    let mut topics: BTreeMap<&str, Declared<'_>> = BTreeMap::new();
    for line in lines {
        let Some((name, key)) = line.key.split_once(' ') else {
            continue;
        };
        let topic = topics.entry(name).or_insert_with(|| Declared {
            name,
            lines: BTreeMap::new(),
            fleet,
        });
        topic.lines.insert(key, line);
    }
    topics
}

/// The topics that commands create, as `kafka-topics --create`: judged as those in files are.
pub(super) fn of_commands(set: &ObjectSet<'_>, brokers: &Brokers<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        for container in &workload.containers {
            for (_, words) in runs(container.command(), &["kafka-topics"]) {
                let Some(Created { name, lines, servers }) = created(&words) else {
                    continue;
                };
                if let Err(error) = TopicName::parse(&name) {
                    let message = format!("topic name {error}");
                    let finding = findings.add(index, container.pointer.clone(), &topic::NAME, message);
                    finding.hint("choose another name");
                    continue;
                }
                let fleet = brokers.behind(&object.identity.namespace, &servers);
                let version = fleet.and_then(|fleet| fleet.brokers.version);
                let version = version.or_else(|| release::of_image(&container.image));
                let topics = declared(&lines, fleet);
                let found = topics.values().flat_map(Declared::check);
                for (line, mut finding) in found.chain(of_topics(version, &lines)) {
                    let option = match line.key.split_once(' ') {
                        Some((_, "partitions")) => "the option `--partitions`".to_owned(),
                        Some((_, "replication.factor")) => "the option `--replication-factor`".to_owned(),
                        Some((_, key)) => format!("the option `--config {key}`"),
                        None => continue,
                    };
                    let remedy = finding.remedy(&option);
                    finding.yaml_hint.get_or_insert(remedy);
                    finding.mend = finding.mend.map(Mend::into_advice);
                    finding.place.field.clone_from(&container.pointer);
                    findings.push(index, finding);
                }
            }
        }
    }
}

/// A topic that a command creates.
pub(super) struct Created {
    pub(super) name: String,
    /// Its settings as the lines of a file. What a shell fills in is left out.
    pub(super) lines: Vec<Property>,
    /// The bootstrap servers; empty where they are not known.
    pub(super) servers: String,
}

/// The topic of a command `--create`. None if nothing is created, or the name is not known.
pub(super) fn created(words: &[String]) -> Option<Created> {
    let options = options(words);
    let value = |name: &str| {
        options
            .iter()
            .find(|(option, _)| *option == name)
            .map(|(_, value)| *value)
    };
    value("create")?;
    let topic = value("topic").filter(|topic| !topic.is_empty() && !is_filled_in(topic))?;
    let lines = options.iter().filter_map(|(option, value)| {
        let (key, value) = match *option {
            "partitions" => ("partitions", *value),
            "replication-factor" => ("replication.factor", *value),
            "config" => value.split_once('=')?,
            _ => return None,
        };
        (!is_filled_in(key) && !is_filled_in(value)).then(|| Property {
            key: format!("{topic} {key}"),
            value: value.to_owned(),
            row: 0,
        })
    });
    let servers = value("bootstrap-server").filter(|servers| !is_filled_in(servers));
    Some(Created {
        name: topic.to_owned(),
        lines: lines.collect(),
        servers: servers.unwrap_or_default().to_owned(),
    })
}

/// What the Job refuses before it looks at the cluster.
fn lines(TopicsOfFile { index, file, .. }: &TopicsOfFile<'_>, pointer: &str, findings: &mut SetFindings) {
    let mut refuse = |row: Option<u32>, message: String, hint: &str| {
        let finding = findings.add(*index, pointer, &topic::LINE, message);
        finding.hint(hint).place.row = row;
    };
    for (row, line) in &file.unreadable {
        refuse(
            Some(*row),
            format!("{line:?} is not `TOPIC KEY=VALUE`"),
            "write a line for each setting of a topic, such as `orders partitions=12`",
        );
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut topics: BTreeMap<&str, (u32, BTreeSet<&str>)> = BTreeMap::new();
    for line in &file.lines {
        // A second number of partitions is a second declaration, which is another finding.
        if !seen.insert(&line.key) && !line.key.ends_with(" partitions") {
            refuse(
                Some(line.row),
                format!("`{}` is in an earlier line too", line.key),
                "remove one of the two",
            );
        }
        if let Some((topic, key)) = line.key.split_once(' ') {
            let (_, keys) = topics.entry(topic).or_insert_with(|| (line.row, BTreeSet::new()));
            keys.insert(key);
        }
    }
    for (topic, (row, keys)) in topics {
        for key in ["partitions", "replication.factor"] {
            if !keys.contains(key) {
                refuse(
                    Some(row),
                    format!("topic `{topic}` has no `{key}`"),
                    &format!("add a line `{topic} {key}=…`"),
                );
            }
        }
    }
    if file.lines.is_empty() && file.unreadable.is_empty() {
        findings
            .add(*index, pointer, &topic::NONE, "no topic is declared")
            .hint("add `.topic(Topic::new(…))`, or remove the construct")
            .yaml_hint("declare a topic, or remove the ConfigMap and its Job");
    }
    for line in &file.lines {
        if line.value.chars().any(|c| !c.is_ascii() || c.is_ascii_control()) {
            let key = line.key.rsplit(' ').next().unwrap_or_default();
            let mut finding = Diagnostic::new(
                &topic::LINE,
                format!("the value {:?} of `{key}` is not a line of printable ASCII", line.value),
            );
            finding.hint("remove the other characters");
            put(findings, *index, pointer, line, finding);
        }
    }
}

/// A topic in a file.
struct Declared<'a> {
    name: &'a str,
    /// The line of each setting. Of two with one key the last.
    lines: BTreeMap<&'a str, &'a Property>,
    /// The brokers that get it, if they are known.
    fleet: Option<Fleet<'a>>,
}

/// A line, and what is wrong with it.
type Found<'a> = (&'a Property, Diagnostic);

/// A finding with the words for the authors of a stack and of a manifest.
fn finding(rule: &'static Rule, message: String, hint: impl Into<String>, yaml_hint: impl Into<String>) -> Diagnostic {
    let mut finding = Diagnostic::new(rule, message);
    finding.hint(hint).yaml_hint(yaml_hint);
    finding
}

impl<'a> Declared<'a> {
    fn check(&self) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        found.extend(self.name());
        found.extend(self.partitions());
        found.extend(self.sizes());
        found.extend(self.fetch_size());
        found.extend(self.segment_age());
        found.extend(self.nothing_kept());
        found.extend(self.contradictions());
        found.extend(self.lags());
        found.extend(self.replication());
        found
    }

    /// A number in one of its lines.
    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.lines.get(key)?.value.parse().ok()
    }

    /// A number in a setting of the brokers, or Kafka's default.
    fn of_brokers(&self, key: &str) -> Option<u64> {
        self.fleet?.brokers.number_or_default(key)
    }

    /// Whether records are deleted, and whether they are compacted.
    fn cleanup(&self) -> (bool, bool) {
        let policy = match self.lines.get("cleanup.policy") {
            Some(line) => Some(line.value.as_str()),
            None => self.fleet.and_then(|fleet| {
                let setting = fleet.brokers.settings.get("log.cleanup.policy")?;
                Some(setting.value.as_str())
            }),
        };
        let policy = policy.unwrap_or("delete");
        (policy.contains("delete"), policy.contains("compact"))
    }

    /// The line that says that the topic is there.
    fn first(&self) -> Option<&'a Property> {
        let partitions = self.lines.get("partitions");
        partitions
            .or_else(|| self.lines.values().min_by_key(|line| line.row))
            .copied()
    }

    fn name(&self) -> Option<Found<'a>> {
        const HINT: &str = "choose another name in `Topic::new`";
        let line = self.first()?;
        let wrong = |rule, message| finding(rule, message, HINT, "choose another name");
        if let Err(error) = TopicName::parse(self.name) {
            return Some((line, wrong(&topic::NAME, format!("topic name {error}"))));
        }
        self.name.starts_with("__").then(|| {
            let message = format!("`{}` begins with `__`, as Kafka's internal topics do", self.name);
            (line, wrong(&topic::RESERVED, message))
        })
    }

    /// More than 99,999 is a typing error: a whole cluster has at most 200,000 (KIP-578).
    fn partitions(&self) -> Option<Found<'a>> {
        let line = *self.lines.get("partitions")?;
        let possible = line.value.parse().is_ok_and(|number| (1..=99_999).contains(&number));
        (!possible).then(|| {
            let finding = finding(
                &topic::PARTITIONS,
                format!("a topic has 1 to 99999 partitions, not {}", line.value),
                "give `Topic::new` another number",
                "write a number from 1 to 99999",
            );
            (line, finding)
        })
    }

    fn largest_batch(&self) -> Option<(&'a Property, Bytes)> {
        let line = self.lines.get("max.message.bytes")?;
        Some((line, Bytes::from_bytes(line.value.parse().ok()?)))
    }

    /// The largest batch against a segment and a request.
    fn sizes(&self) -> Vec<Found<'a>> {
        let Some((line, batch)) = self.largest_batch() else {
            return Vec::new();
        };
        let segment = self
            .number("segment.bytes")
            .or_else(|| self.of_brokers("log.segment.bytes"));
        let request = self.of_brokers("socket.request.max.bytes");
        let limits = [
            (
                segment,
                "a segment",
                "lower `.largest_batch(…)` or raise `.segment_size(…)`",
                "lower it, or raise `segment.bytes`",
            ),
            (
                request,
                "the brokers' largest request",
                "lower `.largest_batch(…)` or raise `.largest_request(…)` of the cluster",
                "lower it, or raise `socket.request.max.bytes` of the brokers",
            ),
        ];
        let limits = limits.into_iter();
        let limits = limits.filter_map(|(limit, what, hint, yaml_hint)| {
            let limit = Bytes::from_bytes(limit?);
            (batch > limit).then(|| {
                let message = format!("max.message.bytes {batch} does not fit into {what} of {limit}");
                let mut finding = finding(&topic::SIZES, message, hint, yaml_hint);
                finding.alike(format!("{what} of {limit}"));
                (line, finding)
            })
        });
        limits.collect()
    }

    /// The largest batch against what followers fetch.
    fn fetch_size(&self) -> Option<Found<'a>> {
        const KEY: &str = "replica.fetch.max.bytes";
        let (line, batch) = self.largest_batch()?;
        let fetch = Bytes::from_bytes(self.of_brokers(KEY)?);
        if batch <= fetch {
            return None;
        }
        let message = format!("max.message.bytes {batch} exceeds the {fetch} that a follower fetches at a time");
        // Kafka reads it as a signed 32-bit number.
        let (hint, yaml_hint) = match i32::try_from(batch.get()) {
            Ok(bytes) => (
                format!("use `.config(\"{KEY}\", {bytes})` of the cluster"),
                format!("set `{KEY}` of the brokers to {bytes}"),
            ),
            Err(_) => (
                format!("use `.largest_batch(…)` with {fetch} or less"),
                format!("set it to {} or less", fetch.get()),
            ),
        };
        let mut finding = finding(&topic::FETCH_SIZE, message, hint, yaml_hint);
        finding.alike(format!("{KEY} {fetch}"));
        Some((line, finding))
    }

    /// Retention against the age at which a segment is closed.
    fn segment_age(&self) -> Option<Found<'a>> {
        let line = *self.lines.get("retention.ms")?;
        let retention: u64 = line.value.parse().ok()?;
        let roll = || match self.of_brokers("log.roll.ms") {
            Some(age) => Some(age),
            None => Some(self.of_brokers("log.roll.hours")?.saturating_mul(3_600_000)),
        };
        let age: u64 = self.number("segment.ms").or_else(roll)?;
        if !self.cleanup().0 || retention == 0 || age / 7 <= retention {
            return None;
        }
        let (lived, wanted) = (Duration::from_millis(age), Duration::from_millis(retention));
        let finding = finding(
            &topic::SEGMENT_AGE,
            format!("records live up to {lived}, not {wanted}: only a closed segment is deleted"),
            format!("use `.segment_age(…)` with {wanted} or less"),
            format!("set `segment.ms` to {retention} or less"),
        );
        Some((line, finding))
    }

    fn nothing_kept(&self) -> Option<Found<'a>> {
        let mut lines = ["retention.ms", "retention.bytes"].into_iter();
        let line = lines.find_map(|key| self.lines.get(key).filter(|line| line.value == "0").copied())?;
        self.cleanup().0.then(|| {
            let finding = finding(
                &topic::NOTHING_KEPT,
                "the retention is 0: nothing is kept".to_owned(),
                "use `Cleanup::delete_after(…)` with more than 0, or `Cleanup::keep()`",
                "set it to more than 0, or to -1 to keep all records",
            );
            (line, finding)
        })
    }

    /// What a topic that is compacted does not have.
    fn contradictions(&self) -> Vec<Found<'a>> {
        let (deletes, compacts) = self.cleanup();
        let mut found = Vec::new();
        if !compacts {
            return found;
        }
        let remove = |message: String| {
            let mut finding = Diagnostic::new(&topic::CONTRADICTION, message);
            finding.mend(Mend::remove(""));
            finding
        };
        if let Some(line) = self.lines.get("remote.storage.enable")
            && line.value.eq_ignore_ascii_case("true")
        {
            found.push((*line, remove("a compacted topic cannot have tiered storage".to_owned())));
        }
        for key in ["retention.ms", "retention.bytes"] {
            if let Some(line) = self.lines.get(key).filter(|line| !deletes && line.value != "-1") {
                let message =
                    format!("`{key}` has no effect with `cleanup.policy=compact`: records are kept without limit");
                let mut finding = remove(message);
                finding.yaml_hint("remove it, or set `cleanup.policy` to `compact,delete`");
                found.push((*line, finding));
            }
        }
        found
    }

    fn lags(&self) -> Option<Found<'a>> {
        let line = *self.lines.get("max.compaction.lag.ms")?;
        let (least, most): (u64, u64) = (
            self.number("min.compaction.lag.ms")?,
            self.number("max.compaction.lag.ms")?,
        );
        (least > most).then(|| {
            let message = format!("min.compaction.lag.ms {least} exceeds max.compaction.lag.ms {most}");
            let hint = "lower the one or raise the other";
            (line, finding(&topic::LAGS, message, hint, hint))
        })
    }

    fn replication(&self) -> Vec<Found<'a>> {
        const FACTOR: &str = "replication.factor";
        const MIN: &str = "min.insync.replicas";
        let own: (Option<i64>, Option<i64>) = (self.number(FACTOR), self.number(MIN));
        let of_brokers = |key| self.of_brokers(key).and_then(|number| i64::try_from(number).ok());
        let defaults = (of_brokers("default.replication.factor"), of_brokers(MIN));
        let (factor, min) = (own.0, own.1.or(defaults.1));
        // What is wrong with the default of the brokers is said there.
        if factor.is_some() && (factor, min) == defaults {
            return Vec::new();
        }
        let replicated = Replicated {
            factor: ("replication factor", factor),
            min_in_sync: (MIN, min),
            brokers: self.fleet.map(|fleet| fleet.count),
        };
        let mut found = Vec::new();
        for (culprit, mut finding) in replicated.check() {
            let of_both = [
                &durability::MIN_IN_SYNC_ABOVE_FACTOR,
                &durability::MIN_IN_SYNC_IS_FACTOR,
            ]
            .contains(&finding.rule);
            let line = match culprit {
                Culprit::Factor => self.lines.get(FACTOR),
                Culprit::MinInSync => {
                    let other = || self.lines.get(FACTOR).filter(|_| of_both);
                    self.lines.get(MIN).or_else(other)
                }
            };
            let Some(line) = line else { continue };
            finding.yaml_hint(replicated.yaml_hint(culprit, &finding, FACTOR, MIN));
            finding.mend(Mend::change_to(replicated.hint(&finding, None)));
            if let Some(fleet) = self.fleet.filter(|_| *finding.rule == durability::FACTOR_ABOVE_BROKERS) {
                finding.cause = fleet.too_few(factor, false);
            }
            found.push((*line, finding));
        }
        found
    }
}
