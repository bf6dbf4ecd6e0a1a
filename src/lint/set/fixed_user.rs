//! Users with a number, on a platform that gives each namespace its own.

use crate::diagnostics::{Severity::Warning, family::rules};
use crate::kubernetes::Platform;
use crate::lint::model::{
    ObjectDetail,
    set::{ObjectSet, SetFindings},
};

rules! { rules::identity;
    /// A fixed user on `OpenShift`.
    pub const FIXED_USER: Rule = Rule {
        id: "KS-I20",
        production: Warning,
        development: Warning,
        summary: "a user or group with a number on OpenShift",
        explanation: "The security context constraint `restricted-v2` lets pods have only users of the namespace's \
            range, and fills one in where none is said. A pod with another number is not created: `unable to validate \
            against any security context constraint`. Leave `runAsUser` and `fsGroup` out, or bind the service account \
            to `nonroot-v2` or `anyuid`.",
        source: "OpenShift, Managing security context constraints",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    // Where a constraint is granted, it may be one that lets them.
    let granted = |detail: &ObjectDetail| matches!(detail, ObjectDetail::SecurityConstraint);
    if set.platform != Platform::OpenShift || set.objects.iter().any(|object| granted(&object.detail)) {
        return;
    }
    for (index, _, workload) in set.workloads() {
        if let Some((pointer, shown)) = &workload.fixed_user {
            findings
                .add(
                    index,
                    pointer.clone(),
                    &FIXED_USER,
                    format!("`{shown}` is not in the range of the namespace: OpenShift does not create the pods"),
                )
                .hint("remove `runAsUser`, `runAsGroup` and `fsGroup`, or acknowledge it if `nonroot-v2` is granted")
                .yaml_hint(
                    "remove `runAsUser`, `runAsGroup` and `fsGroup`, or grant `nonroot-v2` to the service account",
                );
        }
    }
}
