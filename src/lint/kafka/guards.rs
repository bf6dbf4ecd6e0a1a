//! The disruption budget and the network policy of a set of pods.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};
use crate::lint::model::set::SetFindings;

rules! { rules::pod;
    /// Brokers without a disruption budget.
    pub const BUDGET: Rule = Rule {
        id: "KS-P11",
        production: Error,
        development: Off,
        summary: "brokers or a quorum that a drain may evict all at once",
        explanation: "Without a disruption budget of one pod at a time, draining two nodes takes two brokers: \
            partitions with two replicas there are offline, and a quorum of three is lost.",
        source: "Strimzi, default disruption budget; Kubernetes, Disruptions",
    };

    /// A Kafka that anyone may connect to.
    pub const OPEN: Rule = Rule {
        id: "KS-P24",
        production: Warning,
        development: Off,
        summary: "a Kafka process that every pod of the cluster may connect to",
        explanation: "No network policy selects these pods, so all their ports are open to every pod of the cluster, \
            including the port of the controllers.",
        source: "Kubernetes, Network Policies",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let (namespace, labels) = (&member.object.identity.namespace, &member.workload.pods);
    let total = member.workload.replicas;
    match member.set.budgets(namespace, labels).next() {
        _ if total < 2 => {}
        None => {
            findings
                .add(
                    member.index,
                    "",
                    &BUDGET,
                    format!("no disruption budget selects these {total} pods: a drain may evict them all at once"),
                )
                .hint("add a PodDisruptionBudget with `maxUnavailable: 1`");
        }
        Some(budget) => {
            // One budget may be for several sets.
            let selected = member.set.selected(namespace, &budget.selector);
            let all: i64 = selected.iter().map(|(_, workload)| workload.replicas).sum();
            let evicted = match (budget.max_unavailable, budget.min_available) {
                (Some(most), _) => most.out_of(all),
                (None, Some(least)) => all.saturating_sub(least.out_of(all)),
                (None, None) => 0,
            };
            // Said once, at the first of them.
            let first = selected.iter().find(|(_, workload)| workload.kafka.is_some());
            if evicted > 1 && first.is_none_or(|(first, _)| *first == member.index) {
                findings
                    .add(
                        member.index,
                        "",
                        &BUDGET,
                        format!("the disruption budget of these {all} pods allows a drain to evict {evicted} at once"),
                    )
                    .hint("write `maxUnavailable: 1`");
            }
        }
    }
    if !member.set.has_policy(namespace, labels) {
        findings
            .add(
                member.index,
                "",
                &OPEN,
                "no network policy selects these pods: every pod of the cluster may connect to every port",
            )
            .hint(
                "add a NetworkPolicy that admits clients to the client port, and the cluster's own pods to the others",
            );
    }
}
