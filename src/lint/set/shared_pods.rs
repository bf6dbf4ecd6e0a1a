//! Workloads that select each other's pods.

use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::set::{ObjectSet, SetFindings};

rules! { rules::api;
    /// Workloads that fight for pods.
    pub const SHARED_PODS: Rule = Rule {
        id: "KS-A30",
        production: Error,
        development: Error,
        summary: "two workloads that select the same pods",
        explanation: "Each of the two treats the other's pods as its own, and deletes those that it thinks are too \
            many. The API server does not compare objects, so it accepts both.",
        source: "Kubernetes, Deployments, selector",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        let Some(selector) = workload.selector.as_ref().filter(|selector| !selector.is_empty()) else {
            continue;
        };
        let selected = set.selected(&object.identity.namespace, selector);
        // Pods of a Job have labels of their own that a selector may catch all the same. One of several says it.
        if let Some((other, _)) = selected.into_iter().find(|(other, _)| *other != index) {
            let whose = &set.objects[other].identity;
            let message = format!(
                "its selector `{}` also selects the pods of {} `{}`",
                selector.shown(),
                whose.kind,
                whose.name
            );
            findings
                .add(index, "/spec/selector", &SHARED_PODS, message)
                .hint("add a label to selector and pods that distinguishes them");
        }
    }
}
