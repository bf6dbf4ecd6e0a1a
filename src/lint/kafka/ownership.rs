//! What only one workload or one file may have in a cluster of Kafka: groups, topics, transactional ids.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Member,
    cluster::{Target, targets},
    topics::{TopicsOfFile, created},
};
use crate::diagnostics::{
    Rule,
    Severity::{Note, Warning},
    family::rules,
    rules::{registry, topic},
};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    config::field,
    invocation::runs,
    program::Program,
    set::{ObjectSet, SetFindings},
};
use crate::name::TopicName;

rules! { rules::api;
    /// A transactional id that several producers have.
    pub const TRANSACTIONAL_ID: Rule = Rule {
        id: "KS-A50",
        production: Warning,
        development: Note,
        summary: "a transactional id that several producers have",
        explanation: "A producer that starts with a transactional id fences the one that had it before: this one then \
            ends with ProducerFencedException, is restarted, and fences the other. Each producer needs an id of its \
            own that stays the same when it restarts, as a name of its application with the name of its pod.",
        source: "Kafka documentation, transactional.id; KIP-98",
    };
}

pub(super) fn check(
    set: &ObjectSet<'_>,
    members: &[Member<'_>],
    topics: &[TopicsOfFile<'_>],
    findings: &mut SetFindings,
) {
    groups(set, members, findings);
    internal_topics(set, members, topics, findings);
    declared_topics(set, topics, findings);
    created_topics(set, findings);
    custom_topics(set, findings);
    transactional_ids(set, findings);
}

/// The first that has something in a cluster.
struct Owners<K, T>(BTreeMap<(K, String), T>);

impl<K: Clone + Ord, T: Clone> Owners<K, T> {
    fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes a name in all of the clusters; if one has it already, who.
    fn take(&mut self, clusters: &BTreeSet<K>, name: &str, owner: T) -> Option<T> {
        let key = |cluster: &K| (cluster.clone(), name.to_owned());
        let first = clusters.iter().find_map(|cluster| self.0.get(&key(cluster)).cloned());
        if first.is_none() {
            for cluster in clusters {
                self.0.insert(key(cluster), owner.clone());
            }
        }
        first
    }
}

/// A setting of a worker or a registry, or its default; nothing where it differs from pod to pod.
fn value<'m>(member: &'m Member<'_>, key: &str, default: &'static str) -> Option<&'m str> {
    let value = member.settings.get(key).map_or(default, |setting| setting.value.trim());
    (!value.is_empty() && !value.contains(['{', '$'])).then_some(value)
}

fn cluster_of(set: &ObjectSet<'_>, member: &Member<'_>) -> BTreeSet<Target> {
    let key = match member.process.program {
        Program::Registry => "kafkastore.bootstrap.servers",
        _ => "bootstrap.servers",
    };
    let servers = member.settings.get(key).map_or("", |setting| setting.value.as_str());
    targets(set, &member.object.identity.namespace, servers)
}

/// Reports at a setting, or at the process where it is a default.
fn report(
    findings: &mut SetFindings,
    member: &Member<'_>,
    key: &str,
    rule: &'static Rule,
    message: String,
    hint: &str,
) {
    match member.settings.get(key) {
        Some(setting) => member.at(findings, setting, rule, message).hint(hint),
        None => findings
            .add(member.index, member.process.pointer.clone(), rule, message)
            .hint(hint),
    };
}

fn shown(member: &Member<'_>) -> String {
    let identity = &member.object.identity;
    format!("{} `{}`", identity.kind, identity.name)
}

/// The name of a group's setting, and its default.
fn group_key(program: Program) -> Option<(&'static str, &'static str)> {
    match program {
        Program::Connect => Some(("group.id", "")),
        Program::Registry => Some(("schema.registry.group.id", "schema-registry")),
        Program::Broker | Program::ZooKeeper => None,
    }
}

fn groups(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    let mut owners = Owners::new();
    for (at, member) in members.iter().enumerate() {
        let Some((key, default)) = group_key(member.process.program) else {
            continue;
        };
        let Some(group) = value(member, key, default) else {
            continue;
        };
        let Some(first) = owners.take(&cluster_of(set, member), group, at) else {
            continue;
        };
        let other = &members[first];
        let store = |member| value(member, "kafkastore.topic", "_schemas");
        // Instances of one registry may be in two workloads: one of them leads.
        if member.process.program == Program::Registry
            && other.process.program == Program::Registry
            && store(member) == store(other)
        {
            continue;
        }
        let message = format!(
            "`{key}` is `{group}`, as in {}: the two form one group, and each gets work of the other",
            shown(other)
        );
        report(
            findings,
            member,
            key,
            &registry::GROUP,
            message,
            "give each its own group, and its own internal topics",
        );
    }
}

/// The file that declares a topic of one of these clusters without compaction.
fn deleted_by<'t>(files: &'t [TopicsOfFile<'_>], clusters: &BTreeSet<Target>, name: &str) -> Option<&'t str> {
    let mut files = files
        .iter()
        .filter(|file| file.targets.iter().any(|target| clusters.contains(target)));
    let found = files.find(|file| {
        let line = |key: &str| file.file.lines.iter().find(|line| line.key == format!("{name} {key}"));
        let compacted = line("cleanup.policy").is_some_and(|line| line.value.trim() == "compact");
        line("partitions").is_some() && !compacted
    })?;
    Some(&found.file.file)
}

fn internal_topics(
    set: &ObjectSet<'_>,
    members: &[Member<'_>],
    files: &[TopicsOfFile<'_>],
    findings: &mut SetFindings,
) {
    const OF_CONNECT: [(&str, &str); 3] = [
        ("config.storage.topic", ""),
        ("offset.storage.topic", ""),
        ("status.storage.topic", ""),
    ];
    let mut owners = Owners::new();
    for (at, member) in members.iter().enumerate() {
        let keys: &[(&'static str, &'static str)] = match member.process.program {
            Program::Connect => &OF_CONNECT,
            Program::Registry => &[("kafkastore.topic", "_schemas")],
            Program::Broker | Program::ZooKeeper => continue,
        };
        let clusters = cluster_of(set, member);
        for (key, default) in keys {
            let Some(name) = value(member, key, default) else {
                continue;
            };
            if let Err(error) = TopicName::parse(name) {
                let message = format!("`{key}` is not the name of a topic: {error}");
                report(findings, member, key, &registry::GROUP, message, "choose another name");
                continue;
            }
            if let Some(file) = deleted_by(files, &clusters, name) {
                let message = format!(
                    "`{key}` is `{name}`, which `{file}` declares without `cleanup.policy=compact`: the process does not start"
                );
                report(
                    findings,
                    member,
                    key,
                    &topic::TWICE,
                    message,
                    "give it a topic of its own",
                );
            }
            let Some((first, first_key)) = owners.take(&clusters, name, (at, *key)) else {
                continue;
            };
            let other: &Member<'_> = &members[first];
            let group = |member: &Member<'_>| {
                let (key, default) = group_key(member.process.program)?;
                value(member, key, default).map(str::to_owned)
            };
            // Two workloads with one group are told by that, or are one registry.
            if first != at
                && other.process.program == member.process.program
                && first_key == *key
                && group(other) == group(member)
            {
                continue;
            }
            let whose = if first == at {
                "its own".to_owned()
            } else {
                format!("{}'s", shown(other))
            };
            let message = format!(
                "`{key}` is `{name}`, which is also {whose} `{first_key}`: each overwrites what the other keeps there"
            );
            report(
                findings,
                member,
                key,
                &topic::TWICE,
                message,
                "give each its own topics",
            );
        }
    }
}

/// Where a declaration holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Applied<'a> {
    To(&'a Target),
    /// In one cluster, which is not known: that of the file in this object.
    File(usize),
}

/// Topics in files of ConfigMaps that Jobs apply to a cluster.
fn declared_topics(set: &ObjectSet<'_>, files: &[TopicsOfFile<'_>], findings: &mut SetFindings) {
    let mut owners = Owners::new();
    for TopicsOfFile {
        index, file, targets, ..
    } in files
    {
        let clusters = targets.iter().map(Applied::To).chain([Applied::File(*index)]).collect();
        for line in &file.lines {
            let Some((name, "partitions")) = line.key.split_once(' ') else {
                continue;
            };
            let Some((first, first_file)) = owners.take(&clusters, name, (*index, file.file.as_str())) else {
                continue;
            };
            let other: &ObjectModel = set.objects[first];
            let place = if first == *index && first_file == file.file {
                "earlier in this file".to_owned()
            } else {
                format!("in `{first_file}` of ConfigMap `{}`", other.identity.name)
            };
            let finding = findings.add(
                *index,
                field(&file.file),
                &topic::TWICE,
                format!("topic `{name}` is also declared {place}: each run undoes what the other did"),
            );
            finding.place.row = Some(line.row);
            finding.hint("declare it in one place");
        }
    }
}

/// Topics that commands create with different settings: `--if-not-exists` hides that the second one has no effect.
fn created_topics(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut owners = Owners::new();
    for (index, object, workload) in set.workloads() {
        for container in &workload.containers {
            for (_, words) in runs(container.command(), &["kafka-topics"]) {
                let Some(topic) = created(&words) else { continue };
                let clusters = targets(set, &object.identity.namespace, &topic.servers);
                let mut lines: Vec<(String, String)> =
                    topic.lines.into_iter().map(|line| (line.key, line.value)).collect();
                lines.sort();
                let Some((first, others)) = owners.take(&clusters, &topic.name, (index, lines.clone())) else {
                    continue;
                };
                let differs = lines.iter().find(|line| !others.contains(line));
                let Some((key, _)) = differs.or_else(|| others.iter().find(|line| !lines.contains(line))) else {
                    continue;
                };
                let key = key.rsplit(' ').next().unwrap_or_default();
                let identity = &set.objects[first].identity;
                let place = if first == index {
                    "earlier in this command".to_owned()
                } else {
                    format!("by {} `{}`", identity.kind, identity.name)
                };
                let message = format!(
                    "topic `{}` is also created {place}, with another `{key}`: the one that runs first decides",
                    topic.name
                );
                findings
                    .add(index, container.pointer.clone(), &topic::TWICE, message)
                    .hint("create it in one place");
            }
        }
    }
}

/// Topics that an operator makes of objects.
fn custom_topics(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut owners = Owners::new();
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Topic { name, cluster, pointer } = &object.detail else {
            continue;
        };
        let cluster = BTreeSet::from([(object.identity.namespace.as_str(), cluster.as_str())]);
        if let Some(first) = owners.take(&cluster, name, index)
            && set.objects[first].identity.name != object.identity.name
        {
            findings
                .add(
                    index,
                    pointer.clone(),
                    &topic::TWICE,
                    format!(
                        "topic `{name}` is also declared by KafkaTopic `{}`: the operator reports a conflict for one of them",
                        set.objects[first].identity.name
                    ),
                )
                .hint("declare it in one place");
        }
    }
}

fn transactional_ids(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    // In files by the cluster, in variables, which do not say it, by the namespace.
    let mut of_files: BTreeMap<(Target, &str), String> = BTreeMap::new();
    let mut of_variables: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for (index, object) in set.objects.iter().enumerate() {
        let namespace = object.identity.namespace.as_str();
        let identity = format!("{} `{}`", object.identity.kind, object.identity.name);
        match &object.detail {
            ObjectDetail::Config(config) => {
                for (file, lines) in &config.properties {
                    let last = |key: &str| lines.iter().rfind(|line| line.key == key);
                    let Some(line) = last("transactional.id") else { continue };
                    let servers = last("bootstrap.servers").map_or("", |line| line.value.as_str());
                    let shown = format!("`{file}` of {identity}");
                    let mut other = None;
                    for cluster in targets(set, namespace, servers) {
                        let first = of_files.entry((cluster, &line.value)).or_insert_with(|| shown.clone());
                        if *first != shown {
                            other = Some(first.clone());
                        }
                    }
                    if let Some(other) = other {
                        let finding = findings.add(
                            index,
                            field(file),
                            &TRANSACTIONAL_ID,
                            format!(
                                "`transactional.id` is `{}`, as in {other}: two producers with one id fence each other",
                                line.value
                            ),
                        );
                        finding.place.row = Some(line.row);
                        finding.hint("give each application its own prefix");
                    }
                }
            }
            ObjectDetail::Workload(workload) => {
                for (pointer, name, value) in &workload.transactional_ids {
                    let per_pod = value.contains('{');
                    let several = workload.replicas > 1 && !per_pod && !name.contains("PREFIX");
                    let first = of_variables
                        .entry((namespace, value))
                        .or_insert_with(|| identity.clone());
                    let message = if several {
                        format!(
                            "`{name}` is `{value}` in all {} pods: they fence each other",
                            workload.replicas
                        )
                    } else if *first != identity && !per_pod {
                        format!("`{name}` is `{value}`, as in {first}: their producers fence each other")
                    } else {
                        continue;
                    };
                    findings
                        .add(index, pointer.clone(), &TRANSACTIONAL_ID, message)
                        .hint("use a prefix of the application with the name of the pod");
                }
            }
            _ => {}
        }
    }
}
