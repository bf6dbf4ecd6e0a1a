//! Settings by their names: known to the process, the client or the topic that gets them, in its release, with a value that it takes.
//! Most rules are data in [`setting`](crate::diagnostics::rules::setting).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Member, client_security, clients,
    cluster::{Brokers, Fleet},
    unknown::outside,
};
use crate::{
    catalogue::{Role, judge, likeliest_client},
    diagnostics::{Certainty, Change, Diagnostic, Mend, Rule, Severity::Warning, family::rules, rules::setting},
    lint::model::{
        ObjectDetail, ObjectModel,
        config::field,
        program::Program,
        properties::Property,
        release,
        set::{ObjectSet, SetFindings},
        settings::Setting,
        workload::Workload,
    },
    version::Version,
};

rules! { rules::cluster;
    /// A setting with two values.
    pub const TWICE: Rule = Rule {
        id: "KS-K56",
        production: Warning,
        development: Warning,
        summary: "a setting that is in one file twice, with two values",
        explanation: "Of two lines with one key, `java.util.Properties` keeps the last and says nothing: the other value, \
            which a reader may find first, has no effect. Often one of the two was meant to be another key.",
        source: "Java, Properties.load",
    };
}

/// The settings of a process.
pub(super) fn of_process(member: &Member<'_>, findings: &mut SetFindings) {
    let (role, rules) = match member.process.program {
        Program::Broker => (Role::Broker, &setting::BROKER),
        Program::Connect => (Role::Worker, &setting::WORKER),
        Program::ZooKeeper | Program::Registry => return,
    };
    let mut add = |key: &str, setting: &Setting, mut finding: Diagnostic| {
        finding.yaml_hint = Some(finding.remedy(&setting.shown(key)));
        member.push(findings, key, setting, finding);
    };
    // What was removed since may be in an older release.
    let older = member.version.is_none() && release::is_older(&member.process.image);
    // Bitnami's charts write where the log of the process itself goes, which Kafka does not read.
    let of_chart = |key: &str| key == "logs.dir" && member.process.image.contains("bitnami");
    let known = member.settings.iter().filter(|(_, setting)| setting.is_known());
    for (key, setting) in known.filter(|(key, _)| !of_chart(key)) {
        let found = judge(rules, role, member.version, key, &setting.value);
        for finding in found
            .into_iter()
            .filter(|finding| !older || finding.rule.id != rules.absent.id)
        {
            add(key, setting, finding);
        }
    }
    if role == Role::Worker {
        for (key, finding) in refused_by_protocol(rules.absent, "consumer.", member.version, |key| {
            member.settings.get(key).map(|setting| setting.value.as_str())
        }) {
            if let Some(setting) = member.settings.get(&key) {
                add(&key, setting, finding);
            }
        }
    }
}

/// The settings in files of clients, which no process of the set reads.
pub(super) fn of_files(
    set: &ObjectSet<'_>,
    members: &[Member<'_>],
    brokers: &Brokers<'_>,
    listening: &client_security::Listening<'_>,
    findings: &mut SetFindings,
) {
    let read: BTreeSet<(usize, &str)> = members
        .iter()
        .flat_map(|member| member.settings.iter().map(move |(_, setting)| (member, setting)))
        .filter_map(|(member, setting)| Some((member.object_of(setting)?, setting.pointer.as_str())))
        .collect();
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Config(config) = &object.detail else {
            continue;
        };
        for (name, lines) in &config.properties {
            let pointer = field(name);
            if !read.contains(&(index, pointer.as_str())) {
                let servers = lines.iter().rfind(|line| line.key == "bootstrap.servers");
                let namespace = &object.identity.namespace;
                let fleet = servers.and_then(|line| brokers.behind(namespace, &line.value));
                if let Some(why) = servers.and_then(|line| outside(set, namespace, &line.value)) {
                    findings.not_judged(index, "broker limits", why);
                }
                let is_whole = || !may_be_said_elsewhere(set, object);
                if let Some((line, finding)) = client_security::of_file(listening, namespace, lines, is_whole) {
                    put(findings, index, &pointer, line, finding);
                }
                of_client(index, object.version, &pointer, lines, fleet, findings);
            }
        }
    }
}

/// Whether a pod that gets a ConfigMap may get more of its settings otherwise: of a Secret, of variables, of another file.
fn may_be_said_elsewhere(set: &ObjectSet<'_>, map: &ObjectModel) -> bool {
    let namespace = &map.identity.namespace;
    let gets = |workload: &Workload, kind: &str, name: Option<&str>| {
        let mut all = workload.references.iter();
        all.any(|reference| reference.kind == kind && name.is_none_or(|name| reference.name == name))
    };
    let says = |name: &str| {
        let Some(config) = set.config_map(namespace, name) else {
            return false;
        };
        let mut lines = config.properties.iter().flat_map(|(_, lines)| lines);
        let variable = |name: &String| name.contains("SECURITY_PROTOCOL");
        lines.any(|line| line.key == "security.protocol") || config.variables.keys().any(variable)
    };
    set.workloads().any(|(_, object, workload)| {
        let mut maps = workload
            .references
            .iter()
            .filter(|reference| reference.kind == "ConfigMap");
        object.identity.namespace == *namespace
            && gets(workload, "ConfigMap", Some(&map.identity.name))
            && (workload.secured_elsewhere || gets(workload, "Secret", None) || maps.any(|map| says(&map.name)))
    })
}

fn of_client(
    index: usize,
    version: Option<Version>,
    pointer: &str,
    lines: &[Property],
    fleet: Option<Fleet<'_>>,
    findings: &mut SetFindings,
) {
    let value = |key: &str| {
        lines
            .iter()
            .find(|line| line.key == key)
            .map(|line| line.value.as_str())
    };
    let keys: Vec<&str> = lines.iter().map(|line| line.key.as_str()).collect();
    let Some(role) = likeliest_client(&keys) else { return };
    for (line, finding) in clients::check(role, version, lines, fleet) {
        put(findings, index, pointer, line, finding);
    }
    let mut add = |line: &Property, finding: Diagnostic| put(findings, index, pointer, line, finding);
    for line in lines {
        for finding in judge(&setting::CLIENT, role, version, &line.key, &line.value) {
            add(line, finding);
        }
    }
    if role == Role::Consumer {
        for (key, finding) in refused_by_protocol(setting::CLIENT.absent, "", version, value) {
            if let Some(line) = lines.iter().find(|line| line.key == key) {
                add(line, finding);
            }
        }
    }
}

/// What is wrong with the settings of declared topics, for brokers of a release.
pub(super) fn of_topics(version: Option<Version>, lines: &[Property]) -> Vec<(&Property, Diagnostic)> {
    let mut found = Vec::new();
    for line in lines {
        let Some((topic, key)) = line.key.split_once(' ') else {
            continue;
        };
        // Not settings: they are asked for when the topic is made.
        if ["partitions", "replication.factor"].contains(&key) {
            continue;
        }
        for mut finding in judge(&setting::TOPIC, Role::Topic, version, key, &line.value) {
            if let Some(mend) = &mut finding.mend
                && let Change::Rename(name) = &mend.change
                && lines.iter().any(|line| line.key == format!("{topic} {name}"))
            {
                mend.certainty = Certainty::Advice;
            }
            found.push((line, finding));
        }
    }
    found
}

/// A setting that is in a file twice, with two values.
pub(super) fn twice(findings: &mut SetFindings, index: usize, object: &ObjectModel) {
    let ObjectDetail::Config(config) = &object.detail else {
        return;
    };
    for (file, lines) in &config.properties {
        let mut last: BTreeMap<&str, &Property> = BTreeMap::new();
        for line in lines {
            let Some(earlier) = last.insert(&line.key, line) else {
                continue;
            };
            if earlier.value == line.value {
                continue;
            }
            let message = format!(
                "`{}` is in this file twice: Java takes the last value, not that of line {} of the file",
                line.key,
                earlier.row + 1
            );
            let mut finding = Diagnostic::new(&TWICE, message);
            finding.yaml_hint("remove one of the two lines");
            finding.hint("remove one of the two");
            put(findings, index, &field(file), line, finding);
        }
    }
}

/// A finding about a line of a file that no process was found for.
pub(super) fn put(findings: &mut SetFindings, index: usize, pointer: &str, line: &Property, mut finding: Diagnostic) {
    let remedy = finding.remedy(&format!("the line `{}`", line.key));
    pointer.clone_into(&mut finding.place.field);
    finding.place.row = Some(line.row);
    finding.place.setting.clone_from(&line.key);
    finding.yaml_hint.get_or_insert(remedy);
    findings.push(index, finding);
}

/// What a consumer does not start with, besides what its `ConfigDef` says (Kafka 3.9.2 to 4.3.1, `ConsumerConfig`): in 3.9 a remote
/// assignor without the protocol that has one; from 4.0 on also what the brokers decide in the new protocol, and what only share consumers
/// have.
fn refused_keys(version: Version, protocol: &str) -> &'static [&'static str] {
    match (version, protocol) {
        (Version::V3_9, "consumer") => &[],
        (_, "consumer") => &[
            "heartbeat.interval.ms",
            "partition.assignment.strategy",
            "session.timeout.ms",
            "share.acknowledgement.mode",
            "share.acquire.mode",
        ],
        _ => &[
            "group.remote.assignor",
            "share.acknowledgement.mode",
            "share.acquire.mode",
        ],
    }
}

/// Settings that a consumer refuses because of its `group.protocol`, by key. `value` finds a setting by its whole name.
fn refused_by_protocol<'v>(
    rule: &'static Rule,
    prefix: &str,
    version: Option<Version>,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Vec<(String, Diagnostic)> {
    let protocol = value(&format!("{prefix}group.protocol")).unwrap_or("classic");
    let protocol = protocol.trim().to_ascii_lowercase();
    let mut refused = Vec::new();
    for key in refused_keys(version.unwrap_or(Version::V4_3), &protocol) {
        let key = format!("{prefix}{key}");
        if value(&key).is_none() {
            continue;
        }
        let mut finding = Diagnostic::new(
            rule,
            format!("a consumer with `group.protocol={protocol}` refuses `{key}`"),
        );
        finding.mend(match (protocol.as_str(), key.ends_with("group.remote.assignor")) {
            (_, true) => Mend::remove("it is for `group.protocol=consumer`"),
            ("consumer", _) if !key.contains("share.") => Mend::remove("the brokers decide, by `group.consumer.…`"),
            _ => Mend::remove("only share consumers have it"),
        });
        refused.push((key, finding));
    }
    refused
}
