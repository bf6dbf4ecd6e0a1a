//! Disruption budgets among their pods.

use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::object::disruption_budget::NO_EVICTION;
use std::collections::BTreeMap;

use crate::lint::model::{
    ObjectDetail,
    guard::{Budget, IntOrPercent},
    set::{ObjectSet, SetFindings},
};

rules! { rules::api;
    /// A pod with two budgets.
    pub const TWO_BUDGETS: Rule = Rule {
        id: "KS-A26",
        production: Error,
        development: Error,
        summary: "pods with two disruption budgets",
        explanation: "The eviction API answers 500 for a pod that more than one budget selects, so its node cannot be \
            drained.",
        source: "Kubernetes, API-initiated Eviction",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut budgets: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Budget(budget) = &object.detail else {
            continue;
        };
        let pods = set.selected(&object.identity.namespace, &budget.selector);
        for (pod, _) in &pods {
            budgets.entry(*pod).or_default().push(&object.identity.name);
        }
        let total = pods.iter().map(|(_, workload)| workload.replicas).sum();
        no_eviction(findings, index, total, budget);
    }
    for (pod, names) in budgets.into_iter().filter(|(_, names)| names.len() > 1) {
        findings
            .add(
                pod,
                "",
                &TWO_BUDGETS,
                format!("the disruption budgets `{}` all select these pods", names.join("`, `")),
            )
            .hint("keep one of them");
    }
}

fn no_eviction(findings: &mut SetFindings, index: usize, total: i64, budget: &Budget) {
    // A budget of 100% is told without its pods.
    let wanted = match budget.min_available {
        Some(IntOrPercent::Percent(100)) | None => return,
        Some(wanted) => wanted.out_of(total),
    };
    if total > 0 && wanted >= total {
        findings
            .add(
                index,
                "/spec/minAvailable",
                &NO_EVICTION,
                format!("`spec.minAvailable` requires {wanted} of {total} pods: no node that runs one can be drained"),
            )
            .hint("write `maxUnavailable: 1` instead");
    }
}
