//! The id of the cluster.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
    rules::kraft,
};
use std::collections::BTreeMap;

use super::Member;
use crate::lint::model::{container::Container, process::option, set::SetFindings};
use crate::name::ClusterId;

rules! { rules::pod;
    /// A cluster id that is not fixed.
    pub const CLUSTER_ID_MADE: Rule = Rule {
        id: "KS-P15",
        production: Error,
        development: Error,
        summary: "a cluster id that is missing, or created by each pod",
        explanation: "All nodes of a cluster have the same cluster id, and a node rejects a log directory with \
            another id. With `kafka-storage random-uuid` in the pod each pod has its own id. Without CLUSTER_ID the \
            image of Confluent exits. Create the id once and write it down.",
        source: "Kafka, StorageTool; cp-kafka and apache/kafka images",
    };

    /// The cluster id that an image gives to whoever sets none.
    pub const CLUSTER_ID_OF_IMAGE: Rule = Rule {
        id: "KS-P64",
        production: Error,
        development: Warning,
        summary: "a cluster id that other clusters have too",
        explanation: "Without CLUSTER_ID, the image of Apache uses one id for everyone. A client or a node that reaches \
            another such cluster by mistake then does not notice, and writes there. Create an id once, with `kafka-storage \
            random-uuid`, and write it down. Data that is there already keeps the id that it was formatted with.",
        source: "apache/kafka image, `/etc/kafka/docker/configureDefaults`",
    };

    /// Two cluster ids in one pod.
    pub const CLUSTER_IDS: Rule = Rule {
        id: "KS-P46",
        production: Error,
        development: Error,
        summary: "a pod whose containers have different cluster ids",
        explanation: "One container formats the log directory with its id, and the next one refuses what it finds: \
            `RuntimeException: Invalid cluster.id in: meta.properties`. The broker never starts.",
        source: "Kafka 4.3.1, MetaPropertiesEnsemble",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    for (pointer, command) in member.commands() {
        if command.contains("random-uuid") {
            findings
                .add(
                    member.index,
                    pointer,
                    &CLUSTER_ID_MADE,
                    "each pod creates its own cluster id with `random-uuid`",
                )
                .hint("generate one id with `kafka-storage random-uuid`, and use it for all pods");
        }
    }
    let kraft = member.settings.get("process.roles").is_some();
    let image = member.process.image_name();
    let official = image.contains("confluentinc/cp-kafka") || image.ends_with("apache/kafka");
    let made = member.commands().any(|(_, command)| command.contains("kafka-storage"));
    // It may be a variable of another object.
    let open = member.container.open;
    if member.process.entrypoint && kraft && official && member.process.cluster_id.is_none() && !made && !open {
        let (rule, why) = if image.contains("cp-kafka") {
            (&CLUSTER_ID_MADE, "the image exits")
        } else {
            (
                &CLUSTER_ID_OF_IMAGE,
                "the image uses its default, which other clusters share",
            )
        };
        let message = format!("container `{}` has no CLUSTER_ID: {why}", member.process.container);
        findings
            .add(member.index, member.process.pointer.clone(), rule, message)
            .hint("generate one id with `kafka-storage random-uuid`, and use it for all pods");
    }
    if member.process.cluster_id.as_deref() == Some(OF_IMAGE) {
        findings
            .add(
                member.index,
                member.process.pointer.clone(),
                &CLUSTER_ID_OF_IMAGE,
                "the cluster id is the default of the apache/kafka image: other clusters without an id share it",
            )
            .hint("generate one with `kafka-storage random-uuid`");
    }
}

/// The default of the image of Apache.
const OF_IMAGE: &str = "5L6g3nShT-eMCtK--X86sw";

/// The cluster ids that the containers of a pod are given.
fn given(container: &Container) -> impl Iterator<Item = String> {
    let of_command = option(container.command(), &["--cluster-id", "-t"]);
    let names = ["CLUSTER_ID", "KAFKA_CLUSTER_ID", "KAFKA_KRAFT_CLUSTER_ID"];
    let of_variables = names.iter().filter_map(|name| container.variable(name));
    of_variables
        .filter(|id| !id.is_empty() && !id.contains(['{', '$']))
        .map(str::to_owned)
        .chain(of_command)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Containers of one pod with different ids.
pub(super) fn of_pod(member: &Member<'_>, findings: &mut SetFindings) {
    let mut first: Option<(String, &Container)> = None;
    let kraft = member.settings.get("process.roles").is_some();
    for container in &member.workload.containers {
        for id in given(container) {
            let invalid = ClusterId::parse(id.trim_end_matches('=')).err().filter(|_| kraft);
            // That of the image is told as such.
            if let Some(error) =
                invalid.filter(|_| first.is_none() && id != OF_IMAGE && !id.contains(['$', '{', '(', '`']))
            {
                findings
                    .add(
                        member.index,
                        container.pointer.clone(),
                        &kraft::CLUSTER_ID,
                        format!("cluster id {error}: Kafka takes it, and so may any other cluster"),
                    )
                    .hint("make one with `kafka-storage random-uuid`");
            }
            let (other, from) = first.get_or_insert_with(|| (id.clone(), container));
            if *other != id {
                findings
                    .add(
                        member.index,
                        container.pointer.clone(),
                        &CLUSTER_IDS,
                        format!(
                            "the cluster id is `{id}` in container `{}` and `{other}` in container `{}`",
                            container.name, from.name
                        ),
                    )
                    .hint("write the same id everywhere: that of the data which is there already");
                return;
            }
        }
    }
}

/// Clusters whose pods carry different ids: workloads with the same members of one quorum.
pub(super) fn shared(members: &[Member<'_>], findings: &mut SetFindings) {
    let mut seen: BTreeMap<(&str, &str), (&String, &Member<'_>)> = BTreeMap::new();
    for member in members {
        let (Some(voters), Some(id)) = (
            member.settings.get("controller.quorum.voters"),
            &member.process.cluster_id,
        ) else {
            continue;
        };
        let key = (member.object.identity.namespace.as_str(), voters.value.as_str());
        let (other, first) = *seen.entry(key).or_insert((id, member));
        if other != id {
            let message = format!(
                "its cluster id is `{id}`, but `{}` in the same quorum has `{other}`",
                first.object.identity.name
            );
            findings
                .add(member.index, member.process.pointer.clone(), &CLUSTER_ID_MADE, message)
                .hint("use the same id for all nodes of a cluster");
        }
    }
}
