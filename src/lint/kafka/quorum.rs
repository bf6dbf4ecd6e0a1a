//! The quorum: how its members start, and whether the list of members is right.

use std::collections::{BTreeMap, BTreeSet};

use super::{Member, node_ids::written_id};
use crate::{
    diagnostics::{
        Cause, Diagnostic, Mend,
        Severity::{Error, Warning},
        family::rules,
        rules::kraft,
    },
    lint::{
        model::{
            ObjectModel,
            program::Program,
            set::SetFindings,
            settings::{POD_INDEX, Setting},
        },
        set::addresses,
    },
};

rules! { rules::pod;
    /// A quorum whose members wait for each other.
    pub const QUORUM_START: Rule = Rule {
        id: "KS-P06",
        production: Error,
        development: Error,
        summary: "a quorum whose members cannot find each other before they are ready",
        explanation: "A member of a quorum is ready when the others are there. With `podManagementPolicy: \
            OrderedReady` the second pod is not created before the first is ready, and without \
            `publishNotReadyAddresses` the others have no address before they are: nothing ever starts.",
        source: "Kubernetes, StatefulSet, Pod Management Policies; Service, publishNotReadyAddresses",
    };

    /// A ZooKeeper ensemble that tolerates no failures.
    pub const ENSEMBLE: Rule = Rule {
        id: "KS-P12",
        production: Error,
        development: Warning,
        summary: "a ZooKeeper ensemble that tolerates no failures, or has an even number of servers",
        explanation: "An ensemble works while more than half of its servers run: one or two servers tolerate no \
            failures, and an even number tolerates as many failures as one server fewer.",
        source: "ZooKeeper administrator's guide, clustered setup",
    };

    /// Voters that are not the controllers.
    pub const VOTERS: Rule = Rule {
        id: "KS-P17",
        production: Error,
        development: Error,
        summary: "a quorum whose members are not the pods",
        explanation: "`controller.quorum.voters`, or ZooKeeper's list of servers, names every member with its id and \
            address. A member that is not a pod is always missing, a pod that is not a member is refused, and a quorum \
            with half of its members missing cannot elect a leader.",
        source: "Kafka, KafkaConfig; ZooKeeper administrator's guide, server.N",
    };
}

pub(super) fn start(member: &Member<'_>, findings: &mut SetFindings) {
    if !member.is_stateful_set() || member.workload.replicas < 2 || !member.votes() || ready_alone(member) {
        return;
    }
    if !member.workload.parallel {
        findings.add(member.index, "/spec", &QUORUM_START, format!("{} members of a quorum start one after the other: the first waits for the second, which is created only when the first is ready", member.workload.replicas))
            .hint("set `podManagementPolicy: Parallel`")
            .mend(Mend::set("Parallel").of_field("/spec/podManagementPolicy"));
    }
    let service = member.workload.service.clone().unwrap_or_default();
    let namespace = member.object.identity.namespace.clone();
    if let Some(found) = member
        .set
        .find("Service", &namespace, &service)
        .and_then(ObjectModel::service)
        && found.headless
        && !found.not_ready_too
        && let Some(index) = member.set.index("Service", &namespace, &service)
    {
        findings.add(index, "/spec", &QUORUM_START, format!("members of the quorum `{}` have no DNS name until they are ready, but need those of the others to become ready", member.object.identity.name))
            .hint("set `publishNotReadyAddresses: true`")
            .mend(Mend::set(true).of_field("/spec/publishNotReadyAddresses"));
    }
}

/// Whether a server of ZooKeeper is ready without the others.
fn ready_alone(member: &Member<'_>) -> bool {
    member.process.program == Program::ZooKeeper && !member.process.patience.waits
}

/// Whether lists of servers have the form that Kafka reads.
pub(super) fn form(member: &Member<'_>, findings: &mut SetFindings) {
    const VOTERS_KEY: &str = "controller.quorum.voters";
    const SERVERS: &str = "zookeeper.connect";
    if let Some(setting) = member.settings.get(VOTERS_KEY).filter(|setting| setting.is_known()) {
        let mut entries = setting
            .value
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let has_id = |entry: &str| entry.split_once('@').is_some_and(|(id, _)| id.parse::<i32>().is_ok());
        if let Some(entry) = entries.find(|entry| !entry.contains(['$', '{']) && !has_id(entry)) {
            let message =
                format!("`{VOTERS_KEY}` has `{entry}`, without the id of the node: the process does not start");
            let hint = "write each member as `ID@HOST:PORT`";
            member.refuse(findings, &VOTERS, VOTERS_KEY, setting, message, hint);
        }
    }
    if let Some(setting) = member.settings.get(SERVERS).filter(|setting| setting.is_known())
        && let Some((servers, path)) = setting.value.split_once('/')
        && path.contains(',')
    {
        let message = format!(
            "`{SERVERS}` has a path after `{}`: all that follows is part of the path, so brokers know no other server",
            servers.rsplit(',').next().unwrap_or_default()
        );
        let hint = "write the path once, after the last server: `a:2181,b:2181,c:2181/kafka`";
        member.refuse(findings, &ENSEMBLE, SERVERS, setting, message, hint);
    }
}

pub(super) fn members(member: &Member<'_>, findings: &mut SetFindings) {
    let members = listed(member);
    if members.is_empty() || members.iter().any(|(_, host, _)| host.contains(['$', '{'])) {
        return;
    }
    let own = &member.object.identity;
    let mut ids = BTreeSet::new();
    let mut ordinals = BTreeSet::new();
    let mut missing = Vec::new();
    for (id, host, setting) in &members {
        if let Some(id) = id
            && !ids.insert(*id)
        {
            member
                .at(
                    findings,
                    setting,
                    &VOTERS,
                    format!("two members of the quorum have the id {id}"),
                )
                .hint("give each member its own id");
        }
        let parts: Vec<&str> = host.split('.').collect();
        let (name, service) = (parts[0], parts.get(1).copied().unwrap_or_default());
        if let Some((index, ordinal)) = behind_service(member, host) {
            if index == member.index {
                ordinals.insert(ordinal);
                other_id(member, findings, (*id, ordinal), host, setting);
            }
            continue;
        }
        // What is applied to any namespace may name the one that is meant.
        let namespace = match parts.get(2) {
            Some(namespace) if !own.namespace.is_empty() => namespace,
            _ => own.namespace.as_str(),
        };
        let Some((stem, ordinal)) = name.rsplit_once('-') else {
            continue;
        };
        let Ok(ordinal) = ordinal.parse::<i64>() else { continue };
        if member.set.find("StatefulSet", namespace, stem).is_none() {
            if member.set.namespaces.contains(namespace) {
                member
                    .at(
                        findings,
                        setting,
                        &VOTERS,
                        format!("member `{host}` is not a pod of these objects"),
                    )
                    .hint("list the pods of the StatefulSet whose pods are voters");
            }
            continue;
        }
        if !member.set.has_pod(namespace, service, name) {
            missing.push(Absent {
                namespace,
                stem,
                ordinal,
                host,
                setting,
            });
            continue;
        }
        if stem == own.name && namespace == own.namespace {
            ordinals.insert(ordinal);
            other_id(member, findings, (*id, ordinal), host, setting);
        }
    }
    let is_missing = !missing.is_empty();
    absent(member, missing, findings);
    // Those that are listed otherwise are told as such.
    if member.votes() && member.is_stateful_set() && !is_missing {
        let all = member.workload.first..member.workload.first + member.workload.replicas;
        let missing: Vec<String> = all
            .filter(|ordinal| !ordinals.contains(ordinal))
            .map(|ordinal| format!("`{}-{ordinal}`", own.name))
            .collect();
        let message = match missing.as_slice() {
            [] => return,
            [pod] => format!("pod {pod} is a voter, but is not listed"),
            [.., _] => format!("pods {} are voters, but are not listed", missing.join(", ")),
        };
        let setting = members[0].2.clone();
        member
            .at(findings, &setting, &VOTERS, message)
            .hint("list every pod of the StatefulSet");
    }
}

/// The pod that a member's host leads to, if it names a Service of this one pod: its StatefulSet and its ordinal.
fn behind_service(member: &Member<'_>, host: &str) -> Option<(usize, i64)> {
    let (namespace, service, None) = addresses::host(host, &member.object.identity.namespace)? else {
        return None;
    };
    member.set.pod_of_service(namespace, service)
}

/// A pod whose id in the list is not the one that it takes from its ordinal.
fn other_id(
    member: &Member<'_>,
    findings: &mut SetFindings,
    (id, ordinal): (Option<i64>, i64),
    host: &str,
    setting: &Setting,
) {
    let indexed = ["node.id", "broker.id"].iter().any(|key| {
        let setting = member.settings.get(key);
        setting.is_some_and(|setting| setting.value == POD_INDEX)
    });
    let written = member.process.program == Program::ZooKeeper && written_id(member, POD_INDEX).is_some();
    let Some(id) = id.filter(|id| (indexed || written) && *id != ordinal) else {
        return;
    };
    let hint = if written {
        format!("write `server.{ordinal}`")
    } else {
        format!("write `{ordinal}@{host}`")
    };
    member
        .at(
            findings,
            setting,
            &VOTERS,
            format!("member `{host}` is listed with the id {id}, but has the id {ordinal}"),
        )
        .hint(hint);
}

/// A member that does not exist: a pod of a StatefulSet by its name.
struct Absent<'a> {
    namespace: &'a str,
    stem: &'a str,
    ordinal: i64,
    host: &'a str,
    setting: &'a Setting,
}

/// Members that do not exist, those of a StatefulSet together: too many for its pods, or below another Service.
fn absent(member: &Member<'_>, missing: Vec<Absent<'_>>, findings: &mut SetFindings) {
    let mut sets: BTreeMap<(&str, &str), Vec<Absent<'_>>> = BTreeMap::new();
    for one in missing {
        sets.entry((one.namespace, one.stem)).or_default().push(one);
    }
    for ((namespace, stem), hosts) in sets {
        let Some(index) = member.set.index("StatefulSet", namespace, stem) else {
            continue;
        };
        let Some(workload) = member.set.objects[index].workload() else {
            continue;
        };
        let pods = workload.first..workload.first + workload.replicas;
        let (beyond, elsewhere): (Vec<_>, Vec<_>) = hosts.into_iter().partition(|one| !pods.contains(&one.ordinal));
        let s = if workload.replicas == 1 { "" } else { "s" };
        let of_set = format!("StatefulSet `{stem}` has {} pod{s}", workload.replicas);
        let other = workload.service.as_deref().unwrap_or_default();
        let of_service =
            format!("the pods of StatefulSet `{stem}` have their names below `{other}`, its `serviceName`");
        for (hosts, why, hint, cause) in [
            (
                beyond,
                of_set,
                "set `replicas` to the number of members, or list exactly the pods of the StatefulSet",
                Cause::replicas(index, 0),
            ),
            (
                elsewhere,
                of_service,
                "list the pods with the Service of their `serviceName`",
                Cause::service_name(index, 1),
            ),
        ] {
            let Some(Absent { setting, .. }) = hosts.first() else {
                continue;
            };
            let shown: Vec<String> = hosts.iter().map(|one| format!("`{}`", one.host)).collect();
            let message = match shown.as_slice() {
                [host] => format!("member {host} does not exist: {why}"),
                _ => format!("members {} do not exist: {why}", shown.join(", ")),
            };
            member.at(findings, setting, &VOTERS, message).hint(hint).because(cause);
        }
    }
}

/// How many members a quorum has: each quorum once.
pub(super) fn size(members: &[Member<'_>], findings: &mut SetFindings) {
    let mut told = BTreeSet::new();
    for member in members.iter().filter(|member| member.votes()) {
        let zookeeper = member.process.program == Program::ZooKeeper;
        let mut listed = listed(member);
        if listed.iter().any(|(_, host, _)| host.contains(['$', '{'])) {
            continue;
        }
        let identity = &member.object.identity;
        let quorum: String = listed.iter().map(|(_, host, _)| format!("{host},")).collect();
        // A server of ZooKeeper without a list is alone. Controllers may find each other without one.
        let alone = || {
            let hidden = member.settings.is_empty() || member.writes("server.");
            zookeeper && member.workload.replicas == 1 && !hidden
        };
        let count = match listed.len() {
            0 if alone() => 1,
            0 => continue,
            count => count,
        };
        if !quorum.is_empty() && !told.insert((identity.namespace.as_str(), quorum)) {
            continue;
        }
        let (what, members, call, few, even) = if zookeeper {
            ("an ensemble", "servers", "ZooKeeper::new", &ENSEMBLE, &ENSEMBLE)
        } else {
            let (few, even) = (&kraft::TOO_FEW_CONTROLLERS, &kraft::EVEN_CONTROLLERS);
            ("a quorum", "controllers", "NodePool::controllers", few, even)
        };
        let (rule, message, hint, yaml_hint) = if count < 3 {
            (
                few,
                format!("{what} of {count} tolerates no failures"),
                format!("use `{call}(…, 3)`"),
                format!("run 3 {members}"),
            )
        } else if count % 2 == 0 {
            let (fewer, more) = (count - 1, count + 1);
            (
                even,
                format!("{count} {members} tolerate as many failures as {fewer}: {}", fewer / 2),
                format!("use `{call}(…, {fewer})`, or {more} {members}"),
                format!("run {fewer} or {more} {members}"),
            )
        } else {
            continue;
        };
        let mut finding = Diagnostic::new(rule, message);
        finding.hint(hint).yaml_hint(yaml_hint);
        let key = if zookeeper { "" } else { "controller.quorum.voters" };
        if let Some((_, _, setting)) = listed.pop() {
            member.push(findings, key, &setting, finding);
        } else {
            finding.place.field.clone_from(&member.process.pointer);
            findings.push(member.index, finding);
        }
    }
}

/// The members that a setting lists: id and host.
fn listed(member: &Member<'_>) -> Vec<(Option<i64>, String, Setting)> {
    let mut members = Vec::new();
    if let Some(setting) = member.settings.get("controller.quorum.voters") {
        for entry in setting
            .value
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let (id, address) = entry.split_once('@').unwrap_or(("", entry));
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            members.push((id.parse().ok(), host.to_owned(), setting.clone()));
        }
    }
    for (key, setting) in member.settings.iter() {
        if let Some(id) = key.strip_prefix("server.").and_then(|id| id.parse::<i64>().ok()) {
            let host = setting.value.split(':').next().unwrap_or_default();
            members.push((Some(id), host.to_owned(), setting.clone()));
        }
    }
    if let Some(setting) = member.settings.get("servers") {
        // In the official image's, `;2181` after a server is the port of its clients.
        let is_server = |entry: &&str| entry.contains(|character: char| !character.is_ascii_digit());
        for entry in setting.value.split([';', ',', ' ']).filter(is_server) {
            let address = entry.split_once('=').map_or(entry, |(_, address)| address);
            let host = address.split(':').next().unwrap_or_default();
            members.push((None, host.to_owned(), setting.clone()));
        }
    }
    members
}
