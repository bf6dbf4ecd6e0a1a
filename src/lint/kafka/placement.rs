//! Constraints that keep the pods of a set on different nodes and in different zones.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};
use crate::lint::model::{
    ObjectModel,
    scheduling::{HOSTNAME, Placement, Way},
    set::SetFindings,
    workload::Workload,
};
use crate::nearest::nearest;

rules! { rules::api;
    /// A constraint that counts other pods.
    pub const PLACEMENT: Rule = Rule {
        id: "KS-A40",
        production: Error,
        development: Warning,
        summary: "a spread or an anti-affinity that selects other pods, or an affinity to one node",
        explanation: "The scheduler counts the pods that the constraint's selector matches. If that is not the pods \
            themselves, or if its `topologyKey` is a label that no node has, the count is always zero: all brokers may be on one node or in one zone, and its loss takes \
            every replica. Nothing refuses such a constraint, nor a required `podAffinity` of the pods to each other on \
            `kubernetes.io/hostname`, with which all of them have to be on one node.",
        source: "Kubernetes, Pod Topology Spread Constraints; Assigning Pods to Nodes",
    };
    /// Replicas that one node may take down together.
    pub const SHARED_NODE: Rule = Rule {
        id: "KS-A47",
        production: Warning,
        development: Off,
        summary: "replicas that may be on one node",
        explanation: "Without a constraint, or with one that is only preferred, the scheduler puts several pods of a set on one node \
            when it suits: after a drain, or while a node is down. It looks only when a pod starts, so they stay there, and \
            the loss of that node takes more replicas of a partition, votes of a quorum, or workers than anybody planned for. A required \
            anti-affinity keeps them apart. A Deployment starts a new pod before it ends an old one: there an anti-affinity needs a spare node, \
            and a topology spread has to count pods of the same revision only, by `matchLabelKeys`. A spread over zones is enough for up to \
            three replicas. Each set is judged by itself.",
        source: "Kubernetes, Assigning Pods to Nodes; Pod Topology Spread Constraints",
    };
}

/// Labels that every node has, or that its cloud gives it.
const TOPOLOGIES: [&str; 5] = [
    "kubernetes.io/arch",
    HOSTNAME,
    "kubernetes.io/os",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.workload.replicas < 2 {
        return;
    }
    // What counts nothing is meant to keep them apart, and mended it does.
    if !without_effect(member, findings) {
        shared_node(
            member.index,
            member.object,
            member.workload,
            &member.process.pointer,
            findings,
        );
    }
}

/// Says of which constraints the count is always zero, and returns whether one of them is required.
fn without_effect(member: &Member<'_>, findings: &mut SetFindings) -> bool {
    let workload = member.workload;
    let mut found = false;
    for placement in &workload.scheduling.placements {
        let (key, pointer) = &placement.topology;
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        // Labels of other domains are an operator's own.
        let reserved = ["kubernetes.io", "topology.kubernetes.io"].contains(&domain);
        if placement.way != Way::Together && reserved && !TOPOLOGIES.contains(&key.as_str()) {
            let message = format!(
                "no node has the label `{key}`: nothing keeps the {} pods apart",
                workload.replicas
            );
            found |= placement.required;
            let finding = findings.add(member.index, pointer.clone(), &PLACEMENT, message);
            let last = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
            let same = TOPOLOGIES.into_iter().find(|known| last(known) == last(key));
            if let Some(meant) = same.or_else(|| nearest(key, TOPOLOGIES.into_iter())) {
                finding.hint(format!("write `{meant}`"));
            }
        }
    }
    let namespace = &member.object.identity.namespace;
    let own = |placement: &Placement| placement.is_by_added_labels() || placement.counts(namespace, &workload.pods);
    let mut placements = workload.scheduling.placements.iter();
    if let Some(placement) = placements
        .find(|placement| placement.way == Way::Together && placement.topology.0 == HOSTNAME && own(placement))
    {
        let message = format!(
            "the affinity selects the pods themselves: all {} have to be on one node",
            workload.replicas
        );
        found = true;
        findings
            .add(member.index, placement.pointer.clone(), &PLACEMENT, message)
            .hint("use `podAntiAffinity` to keep them apart");
    }
    // An anti-affinity may be for other pods: those that it matches are meant, or one of the others is for the own pods.
    let keeps_apart = workload
        .scheduling
        .placements
        .iter()
        .any(|placement| placement.way == Way::Apart && own(placement));
    for placement in workload
        .scheduling
        .placements
        .iter()
        .filter(|placement| !own(placement))
    {
        let others = || match &placement.selector {
            None => false,
            Some(selector) => !placement.own_namespace || !member.set.selected(namespace, selector).is_empty(),
        };
        let what = match placement.way {
            Way::Spread => "topology spread",
            Way::Apart if keeps_apart || others() => continue,
            Way::Apart => "anti-affinity",
            Way::Together => continue,
        };
        let selector = placement.selector.as_ref().map_or_else(
            || "has no selector, so it selects no pod".to_owned(),
            |selector| format!("selects `{}`, which these pods do not have", selector.shown()),
        );
        found |= placement.required;
        findings
            .add(
                member.index,
                placement.pointer.clone(),
                &PLACEMENT,
                format!(
                    "the {what} {selector}: nothing keeps the {} pods apart",
                    workload.replicas
                ),
            )
            .hint("select labels that the pods of this set have");
    }
    found
}

/// Whether something keeps two pods of a workload off one node. `process` is the place of what runs in them.
pub(super) fn shared_node(
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
    process: &str,
    findings: &mut SetFindings,
) {
    let (replicas, scheduling) = (workload.replicas, &workload.scheduling);
    if replicas < 2 || scheduling.takes_a_port {
        return;
    }
    if let Some((node, pointer)) = &scheduling.node {
        let message = format!("all {replicas} pods are for the node `{node}`: its loss takes all of them");
        let finding = findings.add(index, pointer.clone(), &SHARED_NODE, message);
        finding.hint("select nodes by a label that several have");
        return;
    }
    let mut own = scheduling.own(&object.identity.namespace, &workload.pods);
    let mut placements = scheduling.placements.iter();
    if own
        .clone()
        .any(|placement| placement.keeps_apart(&workload.pods, replicas, scheduling.starts_first))
        || placements.any(Placement::is_by_added_labels)
    {
        return;
    }
    let (pointer, message) = match own
        .find(|placement| placement.way != Way::Together && placement.topology.0 == HOSTNAME)
    {
        Some(weak) => (
            weak.topology.1.clone(),
            if weak.required {
                format!(
                    "lets several of the {replicas} pods be on one node: after a drain, or an update while few nodes are there, they stay there"
                )
            } else {
                format!(
                    "only prefers that the {replicas} pods are on different nodes: after a drain several may be on one, and stay there"
                )
            },
        ),
        None => (
            process.to_owned(),
            format!("nothing keeps the {replicas} pods on different nodes: the loss of one may take several"),
        ),
    };
    let hint = if scheduling.starts_first {
        "add to `topologySpreadConstraints` one with `topologyKey: kubernetes.io/hostname`, `maxSkew: 1`, `whenUnsatisfiable: DoNotSchedule`, \
         `matchLabelKeys: [pod-template-hash]` and the selector of these pods"
    } else {
        "add a `podAntiAffinity` of the kind `requiredDuringSchedulingIgnoredDuringExecution`, with `topologyKey: kubernetes.io/hostname` and \
         the selector of these pods"
    };
    findings.add(index, pointer, &SHARED_NODE, message).hint(hint);
}
