//! Ids of nodes, brokers and servers.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{set::SetFindings, settings::POD_NAME},
};

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    for key in ["node.id", "broker.id", "server.id"] {
        let Some(setting) = member.settings.get(key) else {
            continue;
        };
        if setting.value.contains(POD_NAME) || setting.value.contains("$(") {
            member
                .at(
                    findings,
                    setting,
                    &pod::ID_NOT_A_NUMBER,
                    format!("`{key}` is the name of the pod, and has to be a number"),
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
        } else if !setting.value.contains(['$', '{']) && setting.value.trim().parse::<i64>().is_err() {
            member
                .at(
                    findings,
                    setting,
                    &pod::ID_NOT_A_NUMBER,
                    format!("`{key}` is `{}`, and has to be a number", setting.value),
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
        } else if setting.value.trim().parse::<i64>().is_ok_and(|id| id >= 0) && member.workload.replicas > 1 {
            member
                .at(
                    findings,
                    setting,
                    &pod::ID_SHARED,
                    format!("`{key}` is {} in all {} pods", setting.value, member.workload.replicas),
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
        }
    }
    for (pointer, command) in &member.process.commands {
        for key in ["node.id=", "broker.id="] {
            let fixed = command
                .match_indices(key)
                .any(|(at, _)| command[at + key.len()..].starts_with(|c: char| c.is_ascii_digit()));
            if fixed && member.workload.replicas > 1 {
                findings
                    .add(
                        member.index,
                        pointer.clone(),
                        &pod::ID_SHARED,
                        format!(
                            "the command writes one `{}` for all {} pods",
                            key.trim_end_matches('='),
                            member.workload.replicas
                        ),
                    )
                    .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
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
                    pointer.clone(),
                    &pod::ID_NOT_A_NUMBER,
                    "the command takes the name of the pod for a node id, which has to be a number",
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
        }
    }
}
