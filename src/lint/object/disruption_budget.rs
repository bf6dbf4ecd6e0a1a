//! Disruption budgets.

use super::{fields::count_or_percent, fields::word, metadata};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::node::Node;
use crate::lint::object::fields::{EXCLUDES, REQUIRED};

rules! { rules::api;
    /// A budget that blocks every eviction.
    pub const NO_EVICTION: Rule = Rule {
        id: "KS-A25",
        production: Error,
        development: Error,
        summary: "a disruption budget that blocks every eviction",
        explanation: "With as many pods required as there are, or no disruption allowed, no node that runs one can be drained: an \
            upgrade of the cluster never finishes, or someone deletes the budget.",
        source: "Kubernetes, Specifying a Disruption Budget for your Application",
    };
}

pub(crate) fn budget(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    metadata::selector(&spec.get("selector"), findings);
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        findings.at(&spec, &EXCLUDES, "has both `minAvailable` and `maxUnavailable`");
    }
    if !least.is_set() && !most.is_set() {
        findings
            .at(&spec, &REQUIRED, "has neither `minAvailable` nor `maxUnavailable`")
            .hint("write `maxUnavailable: 1`");
    }
    count_or_percent(&spec, "minAvailable", findings);
    count_or_percent(&spec, "maxUnavailable", findings);
    word(
        &spec,
        "unhealthyPodEvictionPolicy",
        &["IfHealthyBudget", "AlwaysAllow"],
        findings,
    );
    let nothing = |node: &Node<'_, '_>| node.int() == Some(0) || node.str() == Some("0%");
    if nothing(&most) {
        findings
            .at(
                &most,
                &NO_EVICTION,
                "allows no disruptions: no node that runs such a pod can be drained",
            )
            .hint("write `maxUnavailable: 1`");
    }
    if least.str() == Some("100%") {
        findings
            .at(
                &least,
                &NO_EVICTION,
                "is 100%: no node that runs such a pod can be drained",
            )
            .hint("write `maxUnavailable: 1` instead");
    }
}
