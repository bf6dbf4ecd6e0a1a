//! Disruption budgets.

use super::{fields::count_or_percent, fields::word, metadata};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::rules::api;
use crate::lint::model::node::Node;

pub(crate) fn budget(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let spec = root.get("spec");
    metadata::selector(&spec.get("selector"), findings);
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        findings.at(&spec, &api::EXCLUDES, "has both `minAvailable` and `maxUnavailable`");
    }
    if !least.is_set() && !most.is_set() {
        findings
            .at(&spec, &api::REQUIRED, "has neither `minAvailable` nor `maxUnavailable`")
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
                &api::NO_EVICTION,
                "allows no pod away: no node that has one can be drained",
            )
            .hint("write `maxUnavailable: 1`");
    }
    if least.str() == Some("100%") {
        findings
            .at(
                &least,
                &api::NO_EVICTION,
                "is 100%: no node that has such a pod can be drained",
            )
            .hint("write `maxUnavailable: 1` instead");
    }
}
