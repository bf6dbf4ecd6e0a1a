//! The disruption budget and the network policy of a set of pods.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{guard::IntOrPercent, set::SetFindings},
};

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
                    &pod::BUDGET,
                    format!("no disruption budget guards these {total} pods: a drain may take them all at once"),
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
                    &pod::BUDGET,
                    format!("the disruption budget of these {total} pods lets a drain take more than one at once"),
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
                &pod::OPEN,
                "no network policy selects these pods: every pod of the cluster may connect to every port",
            )
            .hint(
                "add a NetworkPolicy that admits clients to the client port, and the cluster's own pods to the others",
            );
    }
}
