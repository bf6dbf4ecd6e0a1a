//! The disruption budget and the network policy of a set of pods.

use super::{Member, rest};
use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};
use crate::lint::model::{guard::Admission, program::Program, set::SetFindings};

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
        explanation: "No network policy selects these pods, or one of them admits everyone, so all their ports are open to every \
            pod of the cluster, including the port of the controllers. Who reaches the REST interface of Connect starts \
            connectors, which read and write what the workers may; it asks no one for a name unless it is told to.",
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
    open(
        member,
        findings,
        "every pod of the cluster may connect to every port",
        "add a NetworkPolicy that admits clients to the client port, and the cluster's own pods to the others",
    );
}

/// Workers and registries, unless their REST interface asks who someone is.
pub(super) fn of_rest(member: &Member<'_>, findings: &mut SetFindings) {
    if rest::asks(member) {
        return;
    }
    let then = match member.process.program {
        Program::Connect => {
            "every pod of the cluster may start connectors, and read with them what the workers may read"
        }
        _ => "every pod of the cluster may change and delete schemas",
    };
    open(
        member,
        findings,
        then,
        "add a NetworkPolicy that admits those who need the REST interface",
    );
}

/// That no policy keeps anyone out: there is none, or one lets everyone in.
fn open(member: &Member<'_>, findings: &mut SetFindings, then: &str, hint: &str) {
    let (namespace, labels) = (&member.object.identity.namespace, &member.workload.pods);
    let policies = member.set.policies(namespace, labels);
    let of_ingress: Vec<_> = policies.iter().filter(|(_, policy)| policy.ingress.is_some()).collect();
    if of_ingress.is_empty() {
        let message = format!("no network policy selects these pods: {then}");
        findings.add(member.index, "", &OPEN, message).hint(hint);
        return;
    }
    let everyone = of_ingress.iter().find(|(_, policy)| {
        let mut rules = policy.ingress.iter().flatten();
        rules.any(Admission::is_for_everyone)
    });
    if let Some((index, _)) = everyone {
        let message = format!("this network policy keeps no pod from any port: {then}");
        findings.add(*index, "/spec/ingress", &OPEN, message).hint(hint);
    }
}
