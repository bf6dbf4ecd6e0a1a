//! Topics are as declared, and every partition of the cluster has its leader and its copies.

use std::collections::BTreeMap;

use super::{Check, Wrong, cluster::refused, counted, none, some};
use crate::operate::{
    answers::{self, LiveTopic},
    cluster::{Cluster, Tool},
    desired::{Declaration, Desired},
    live::Live,
};

/// Tools that reassign partitions set these overrides on the topic, and delete them at the end.
const NOT_OURS: [&str; 2] = [
    "leader.replication.throttled.replicas",
    "follower.replication.throttled.replicas",
];

/// The start of the names of topics that `verify` makes and removes.
pub(super) const SCRATCH: &str = "kafka-stacks-verify-";

/// A declared topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) partitions: usize,
    factor: usize,
    pub(super) configs: BTreeMap<String, String>,
}

pub(super) fn checks(desired: &Desired, clusters: &[Cluster]) -> Vec<Check> {
    let mut checks = Vec::new();
    for Declaration { name, servers, text } in desired.declarations("TOPICS_FILE") {
        let Some(cluster) = Cluster::at(clusters, desired, &servers) else {
            continue;
        };
        let (topics, own) = (declared(&text), cluster.clone());
        checks.push(Check::new(format!("topics/{name}"), move |live| {
            check_topics(live, &own, &topics)
        }));
        let (topics, own) = (declared(&text), cluster.clone());
        checks.push(Check::new(format!("configs/{name}"), move |live| {
            check_configs(live, &own, &topics)
        }));
    }
    for cluster in clusters {
        let own = cluster.clone();
        checks.push(Check::new(format!("partitions/{}", cluster.name), move |live| {
            check_partitions(live, &own)
        }));
    }
    checks
}

/// `TOPIC KEY=VALUE` in each line.
pub(super) fn declared(text: &str) -> BTreeMap<String, Topic> {
    let mut topics: BTreeMap<String, Topic> = BTreeMap::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for (topic, setting) in lines.filter_map(|line| line.split_once(' ')) {
        let Some((key, value)) = setting.split_once('=') else {
            continue;
        };
        let topic = topics.entry(topic.to_owned()).or_default();
        match key {
            "partitions" => topic.partitions = value.parse().unwrap_or_default(),
            "replication.factor" => topic.factor = value.parse().unwrap_or_default(),
            _ => {
                topic.configs.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    topics
}

fn describe(live: &dyn Live, cluster: &Cluster) -> Result<BTreeMap<String, LiveTopic>, Wrong> {
    cluster.topics(live).map_err(refused)
}

fn check_topics(live: &dyn Live, cluster: &Cluster, declared: &BTreeMap<String, Topic>) -> Result<String, Wrong> {
    let actual = describe(live, cluster)?;
    let wrong = compare_topics(declared, &actual);
    none(wrong)?;
    let partitions: usize = declared.values().map(|topic| topic.partitions).sum();
    Ok(format!(
        "{}, {}",
        counted(declared.len(), "topic"),
        counted(partitions, "partition")
    ))
}

fn compare_topics(declared: &BTreeMap<String, Topic>, actual: &BTreeMap<String, LiveTopic>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, topic) in declared {
        let Some(is) = actual.get(name) else {
            wrong.push(format!("`{name}` does not exist"));
            continue;
        };
        if is.partitions.len() != topic.partitions {
            let (is, declared) = (is.partitions.len(), topic.partitions);
            wrong.push(format!("`{name}` has {is} partitions, and {declared} are declared"));
        }
        let others: Vec<usize> = is
            .partitions
            .iter()
            .map(|one| one.replicas.len())
            .filter(|replicas| *replicas != topic.factor)
            .collect();
        if let Some(replicas) = others.first() {
            let (others, all) = (others.len(), is.partitions.len());
            let factor = topic.factor;
            wrong.push(format!(
                "`{name}` has {replicas} replicas in {others} of {all} partitions, and {factor} are declared"
            ));
        }
    }
    wrong
}

fn check_configs(live: &dyn Live, cluster: &Cluster, declared: &BTreeMap<String, Topic>) -> Result<String, Wrong> {
    let text = cluster
        .tool(live, Tool::Configs, &["--describe", "--entity-type", "topics"])
        .map_err(refused)?;
    let actual = answers::overrides(&text);
    none(compare_configs(declared, &actual))?;
    let count: usize = declared.values().map(|topic| topic.configs.len()).sum();
    Ok(format!("{} as declared", counted(count, "setting")))
}

fn compare_configs(
    declared: &BTreeMap<String, Topic>,
    actual: &BTreeMap<String, BTreeMap<String, String>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    // A topic that does not exist is told by the other check.
    for (name, topic, is) in declared
        .iter()
        .filter_map(|(name, topic)| Some((name, topic, actual.get(name)?)))
    {
        for (key, value) in &topic.configs {
            match is.get(key) {
                Some(is) if normal(is) == normal(value) => {}
                Some(is) => wrong.push(format!("`{name}` has {key}={is}, and {value} is declared")),
                None => wrong.push(format!("`{name}` has no {key}, and {value} is declared")),
            }
        }
        let more = is
            .iter()
            .filter(|(key, _)| !topic.configs.contains_key(*key) && !NOT_OURS.contains(&key.as_str()));
        wrong.extend(more.map(|(key, is)| format!("`{name}` has {key}={is}, which is not declared")));
    }
    wrong
}

/// Kafka returns values in its own spelling: `a, b` as `a,b`, `TRUE` as `true`, `007` as `7`, `1` as `1.0` for a double.
fn normal(value: &str) -> String {
    let parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let text = parts.join(",");
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return text.to_ascii_lowercase();
    }
    match text.parse::<i128>() {
        Ok(number) => number.to_string(),
        Err(_) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => number.to_string(),
            _ => text,
        },
    }
}

fn check_partitions(live: &dyn Live, cluster: &Cluster) -> Result<String, Wrong> {
    let mut topics = describe(live, cluster)?;
    topics.retain(|name, _| !name.starts_with(SCRATCH));
    judge_partitions(&topics, cluster.minimum())
}

/// `minimum` is that of topics that have none of their own.
fn judge_partitions(topics: &BTreeMap<String, LiveTopic>, minimum: usize) -> Result<String, Wrong> {
    let (mut offline, mut below, mut under, mut all) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (name, topic) in topics {
        for one in &topic.partitions {
            all += 1;
            let name = format!("{name}-{}", one.number);
            let least = topic.minimum(minimum, one.replicas.len());
            if one.leader.is_none() {
                offline.push(name);
            } else if one.in_sync.len() < least {
                below.push(name);
            } else if one.replicas.iter().any(|replica| !one.in_sync.contains(replica)) {
                under.push(name);
            }
        }
    }
    let told = [
        (offline, "offline, without a leader"),
        (below, "below min.insync.replicas, so writes with acks=all fail"),
        (under, "under-replicated"),
    ];
    let wrong = told.into_iter().filter(|(names, _)| !names.is_empty());
    none(
        wrong
            .map(|(names, what)| format!("{} of {all} partitions {what}: {}", names.len(), some(&names)))
            .collect(),
    )?;
    Ok(format!(
        "{} in {}, all replicas in sync",
        counted(all, "partition"),
        counted(topics.len(), "topic")
    ))
}
