//! The disruption budget and the network policy of a set of pods.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};
use crate::lint::model::{guard::IntOrPercent, set::SetFindings};

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
    let number = |amount: Option<IntOrPercent>| amount.and_then(IntOrPercent::number);
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
        Some(budget)
            if number(budget.max_unavailable).is_some_and(|most| most > 1)
                || number(budget.min_available).is_some_and(|least| total.saturating_sub(least) > 1) =>
        {
            findings
                .add(
                    member.index,
                    "",
                    &BUDGET,
                    format!(
                        "the disruption budget of these {total} pods allows a drain to evict more than one at once"
                    ),
                )
                .hint("write `maxUnavailable: 1`");
        }
        Some(_) => {}
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
