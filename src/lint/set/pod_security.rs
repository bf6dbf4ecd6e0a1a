//! Pods that the restricted level of Pod Security refuses.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::kubernetes::Platform;
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::pod;
    /// A pod with too many rights.
    pub const RESTRICTED: Rule = Rule {
        id: "KS-P22",
        production: Error,
        development: Warning,
        summary: "a pod that the restricted level of Pod Security does not allow",
        explanation: "Kafka needs nothing that the restricted level forbids. The level requires: not root, no \
            privilege escalation, no capabilities, the runtime's seccomp profile. A namespace that enforces the level \
            does not create the pod; in any other namespace it runs with more rights than it needs.",
        source: "Kubernetes, Pod Security Standards, Restricted",
    };
}

/// Pods of a namespace that enforces the restricted level, and pods of the Kafka family anywhere.
pub(super) fn check(
    set: &ObjectSet<'_>,
    findings: &mut SetFindings,
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
) {
    // OpenShift fills in what is missing.
    let violations: Vec<&str> = workload
        .violations
        .iter()
        .filter(|violation| !violation.missing || set.platform == Platform::Kubernetes)
        .map(|violation| violation.what.as_str())
        .collect();
    if violations.is_empty() {
        return;
    }
    let enforced = match set
        .find("Namespace", "", &object.identity.namespace)
        .map(|found| &found.detail)
    {
        Some(ObjectDetail::Namespace { restricted, .. }) => *restricted,
        _ => false,
    };
    if enforced || workload.kafka.is_some() {
        let shown = &violations[..violations.len().min(4)];
        let more = violations.len() - shown.len();
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        let who = if enforced {
            "the namespace rejects its pods"
        } else {
            "its pods have more privileges than they need"
        };
        findings
            .add(
                index,
                "/spec/template/spec",
                &RESTRICTED,
                format!("{who}: {}{more}", shown.join(", ")),
            )
            .hint("set what is missing in `securityContext`, as the restricted Pod Security Standard requires");
    }
}
