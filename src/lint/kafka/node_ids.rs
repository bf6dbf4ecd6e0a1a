//! Ids of nodes, brokers and servers.

use std::{collections::BTreeMap, ops::Range};

use super::{Cluster, Member};
use crate::{
    diagnostics::{Severity::Error, family::rules, rules::kraft},
    lint::model::{
        program::Program,
        set::SetFindings,
        settings::{POD_INDEX, POD_NAME},
    },
};

rules! { rules::pod;
    /// An id that is not a number.
    pub const ID_NOT_A_NUMBER: Rule = Rule {
        id: "KS-P13",
        production: Error,
        development: Error,
        summary: "a node id that is the name of a pod",
        explanation: "Node, broker and server ids are numbers. The name of a pod is `kafka-0`, with which Kafka and \
            ZooKeeper exit: `Not a number`. The number is in the label `apps.kubernetes.io/pod-index`, from \
            Kubernetes \
            1.28 on.",
        source: "Kafka, KafkaConfig; Kubernetes, StatefulSet, pod index label",
    };

    /// Pods with one id.
    pub const ID_SHARED: Rule = Rule {
        id: "KS-P14",
        production: Error,
        development: Error,
        summary: "pods that all have the same node id",
        explanation: "A fixed id in a template is the id of every pod. Of two nodes with the same id the second is \
            refused, or takes the place of the first. The id comes from the pod's ordinal.",
        source: "Kafka documentation, KRaft, process roles; ZooKeeper administrator's guide, myid",
    };

    /// An id that is written elsewhere.
    pub const ID_ELSEWHERE: Rule = Rule {
        id: "KS-P54",
        production: Error,
        development: Error,
        summary: "a ZooKeeper server whose id is written into another folder",
        explanation: "A server of an ensemble reads its id from the file `myid` in its `dataDir`. Where a container \
            writes it into another folder, the server ends with `myid file is missing`.",
        source: "ZooKeeper administrator's guide, myid; QuorumPeerConfig",
    };
}

/// The file with the id of a server of ZooKeeper.
pub(super) fn written(member: &Member<'_>, findings: &mut SetFindings) {
    if let Some(pointer) = written_id(member, POD_NAME).filter(|_| member.process.program == Program::ZooKeeper) {
        findings
            .add(
                member.index,
                pointer,
                &ID_NOT_A_NUMBER,
                "the command writes the name of the pod as the server's id, which must be a number",
            )
            .hint("use the `fieldRef` `metadata.labels['apps.kubernetes.io/pod-index']`");
    }
    let Some(folder) = member.settings.get("dataDir").filter(|folder| folder.is_known()) else {
        return;
    };
    let right = format!("{}/myid", folder.value.trim().trim_end_matches('/'));
    let files = member.commands().flat_map(|(pointer, command)| {
        let words = command.split(|c: char| c.is_whitespace() || "'\"`;&|=<>()".contains(c));
        words.map(move |word| (pointer, word))
    });
    let files: Vec<_> = files.filter(|(_, word)| word.ends_with("/myid")).collect();
    if let Some((pointer, wrong)) = files.first()
        && files.iter().all(|(_, word)| *word != right && !word.contains('$'))
    {
        findings
            .add(
                member.index,
                *pointer,
                &ID_ELSEWHERE,
                format!("the id is in `{wrong}`, but `dataDir` is `{}`", folder.value.trim()),
            )
            .hint(format!("write it into `{right}`"));
    }
}

/// Where a container writes a variable with this value into the file of a server's id, as it is.
pub(super) fn written_id<'m>(member: &'m Member<'_>, value: &str) -> Option<&'m str> {
    let mut containers = member.workload.containers.iter();
    let found = containers.find(|container| {
        let command = container.command();
        let mut variables = container.variables.iter();
        let written = |name: &str| {
            let mut forms = [
                format!("echo ${name} "),
                format!("echo \"${name}\" "),
                format!("echo \"${{{name}}}\" "),
            ]
            .into_iter();
            forms.any(|form| command.contains(&form))
        };
        command.contains("/myid") && variables.any(|(name, own)| own == value && written(name))
    })?;
    Some(&found.pointer)
}

/// The ids of the nodes of a workload, where they are known.
fn ids(member: &Member<'_>) -> Option<Range<i64>> {
    let (key, setting) = ["node.id", "broker.id"]
        .into_iter()
        .find_map(|key| Some((key, member.settings.get(key)?)))?;
    if overridden(member, key) {
        return None;
    }
    let workload = member.workload;
    if setting.value == POD_INDEX && member.is_stateful_set() {
        return Some(workload.first..workload.first + workload.replicas);
    }
    let id: i64 = setting.value.trim().parse().ok()?;
    (id >= 0 && workload.replicas == 1).then(|| id..id + 1)
}

/// Ids that two workloads of a cluster have, and those that brokers on ZooKeeper cannot have.
pub(super) fn of_clusters(members: &[Member<'_>], findings: &mut SetFindings) {
    let mut taken: BTreeMap<Cluster<'_>, Vec<(&str, Range<i64>)>> = BTreeMap::new();
    for member in members
        .iter()
        .filter(|member| member.process.program == Program::Broker)
    {
        let (Some(cluster), Some(ids)) = (member.cluster(), ids(member)) else {
            continue;
        };
        let name = member.object.identity.name.as_str();
        let mut add = |rule, message: String, hint: &str, yaml_hint: String| {
            let finding = findings.add(member.index, "/spec/ordinals/start", rule, message);
            finding.hint(hint).yaml_hint(yaml_hint);
        };
        let on_zookeeper = member.settings.get("process.roles").is_none();
        let reserved = member.settings.get("reserved.broker.max.id");
        let most = reserved.map_or(Some(1000), |setting| setting.value.trim().parse().ok());
        if let Some(most) = most.filter(|most| on_zookeeper && ids.end - 1 > *most) {
            add(
                &kraft::RESERVED_ID,
                format!("pool `{name}` has ids up to {}, above {most}", ids.end - 1),
                "lower `.first_id(…)`",
                format!("lower `spec.ordinals.start`, so that no id is above {most}"),
            );
        }
        let pools = taken.entry(cluster).or_default();
        let clash = pools.iter().find_map(|(other, of_other)| {
            let first = ids.start.max(of_other.start);
            (first < ids.end.min(of_other.end)).then_some((first, *other, of_other.end))
        });
        if let Some((id, other, end)) = clash {
            let free = u64::try_from(end).unwrap_or_default().next_multiple_of(100);
            add(
                &kraft::NODE_ID_TWICE,
                format!("node id {id} of pool `{name}` is taken by pool `{other}`"),
                &format!("give the pool other ids: `.first_id({free})`"),
                format!("give it other ids, such as `spec.ordinals.start: {free}`"),
            );
        }
        pools.push((name, ids));
    }
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    for key in ["node.id", "broker.id", "server.id"] {
        let Some(setting) = member.settings.get(key) else {
            continue;
        };
        if overridden(member, key) {
            continue;
        }
        if setting.value.contains(POD_NAME) || setting.value.contains("$(") {
            member
                .at(
                    findings,
                    setting,
                    &ID_NOT_A_NUMBER,
                    format!("`{key}` is the name of the pod, but must be a number"),
                )
                .hint("use the `fieldRef` `metadata.labels['apps.kubernetes.io/pod-index']`");
        } else if !setting.value.contains(['$', '{']) && setting.value.trim().parse::<i64>().is_err() {
            member
                .at(
                    findings,
                    setting,
                    &ID_NOT_A_NUMBER,
                    format!("`{key}` is `{}`, but must be a number", setting.value),
                )
                .hint("use the `fieldRef` `metadata.labels['apps.kubernetes.io/pod-index']`");
        } else if setting.value.trim().parse::<i64>().is_ok_and(|id| id >= 0) && member.workload.replicas > 1 {
            member
                .at(
                    findings,
                    setting,
                    &ID_SHARED,
                    format!("`{key}` is {} in all {} pods", setting.value, member.workload.replicas),
                )
                .hint("use the `fieldRef` `metadata.labels['apps.kubernetes.io/pod-index']`");
        }
    }
    for (pointer, command) in member.commands() {
        for key in ["node.id=", "broker.id="] {
            let fixed = command
                .match_indices(key)
                .any(|(at, _)| command[at + key.len()..].starts_with(|c: char| c.is_ascii_digit()));
            if fixed && member.workload.replicas > 1 {
                findings
                    .add(
                        member.index,
                        pointer,
                        &ID_SHARED,
                        format!(
                            "the command sets the same `{}` in all {} pods",
                            key.trim_end_matches('='),
                            member.workload.replicas
                        ),
                    )
                    .hint("use the `fieldRef` `metadata.labels['apps.kubernetes.io/pod-index']`");
            }
        }
        let named = [
            "node.id=$HOSTNAME",
            "node.id=${HOSTNAME}",
            "node.id=$POD_NAME",
            "node.id=${POD_NAME}",
            "broker.id=$HOSTNAME",
            "broker.id=${HOSTNAME}",
            "KAFKA_BROKER_ID=$HOSTNAME",
            "KAFKA_NODE_ID=$HOSTNAME",
        ];
        if named.iter().any(|text| {
            command
                .match_indices(text)
                .any(|(at, _)| !command[at + text.len()..].starts_with(['#', '%']))
        }) {
            findings
                .add(
                    member.index,
                    pointer,
                    &ID_NOT_A_NUMBER,
                    "the command uses the name of the pod as the node id, which must be a number",
                )
                .hint("use the `fieldRef` `metadata.labels['apps.kubernetes.io/pod-index']`");
        }
    }
}

/// Whether the command gives the id itself: what the environment or the file says is not used.
fn overridden(member: &Member<'_>, key: &str) -> bool {
    let given: &[&str] = match key {
        "node.id" => &["KAFKA_NODE_ID=", "node.id="],
        "broker.id" => &["KAFKA_BROKER_ID=", "KAFKA_CFG_BROKER_ID=", "broker.id="],
        _ => &["ZOO_MY_ID=", "ZOOKEEPER_SERVER_ID=", "/myid"],
    };
    given
        .iter()
        .any(|assignment| member.container.command().contains(assignment))
}
