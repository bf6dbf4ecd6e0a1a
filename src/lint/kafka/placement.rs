//! Constraints that keep the pods of a set on different nodes and in different zones.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::model::{
    scheduling::{Placement, Way},
    selector::selects,
    set::SetFindings,
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
}

/// Labels that every node has, or that its cloud gives it.
const TOPOLOGIES: [&str; 5] = [
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let workload = member.workload;
    if workload.replicas < 2 {
        return;
    }
    for placement in &workload.placements {
        let (key, pointer) = &placement.topology;
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        // Labels of other domains are an operator's own.
        let reserved = ["kubernetes.io", "topology.kubernetes.io"].contains(&domain);
        if placement.way != Way::Together && reserved && !TOPOLOGIES.contains(&key.as_str()) {
            let message = format!(
                "no node has the label `{key}`: nothing keeps the {} pods apart",
                workload.replicas
            );
            let finding = findings.add(member.index, pointer.clone(), &PLACEMENT, message);
            let last = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
            let same = TOPOLOGIES.into_iter().find(|known| last(known) == last(key));
            if let Some(meant) = same.or_else(|| nearest(key, TOPOLOGIES.into_iter())) {
                finding.hint(format!("write `{meant}`"));
            }
        }
    }
    let own = |placement: &Placement| {
        placement
            .selector
            .as_ref()
            .is_some_and(|selector| selects(selector, &workload.pods))
    };
    let mut placements = workload.placements.iter();
    if let Some(placement) = placements.find(|placement| {
        placement.way == Way::Together && placement.topology.0 == "kubernetes.io/hostname" && own(placement)
    }) {
        let message = format!(
            "the affinity selects the pods themselves: all {} have to be on one node",
            workload.replicas
        );
        findings
            .add(member.index, placement.pointer.clone(), &PLACEMENT, message)
            .hint("use `podAntiAffinity` to keep them apart");
    }
    let namespace = &member.object.identity.namespace;
    // An anti-affinity may be for other pods: those that it matches are meant, or one of the others is for the own pods.
    let keeps_apart = workload
        .placements
        .iter()
        .any(|placement| placement.way == Way::Apart && own(placement));
    for placement in workload.placements.iter().filter(|placement| !own(placement)) {
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
}
