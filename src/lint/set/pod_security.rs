//! Pods that the restricted level of Pod Security refuses.

use crate::{
    diagnostics::rules::pod,
    lint::model::{
        ObjectDetail, ObjectModel,
        set::{ObjectSet, SetFindings},
        workload::Workload,
    },
};

/// Pods of a namespace that enforces the restricted level, and pods of the Kafka family anywhere.
pub(super) fn check(
    set: &ObjectSet<'_>,
    findings: &mut SetFindings,
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
) {
    if workload.violations.is_empty() {
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
        let shown: Vec<&str> = workload.violations.iter().map(String::as_str).take(4).collect();
        let more = workload.violations.len() - shown.len();
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        let who = if enforced {
            "the namespace refuses its pods"
        } else {
            "its pods have more rights than they need"
        };
        findings
            .add(
                index,
                "/spec/template/spec",
                &pod::RESTRICTED,
                format!("{who}: {}{more}", shown.join(", ")),
            )
            .hint("see the restricted level of the Pod Security Standards");
    }
}
