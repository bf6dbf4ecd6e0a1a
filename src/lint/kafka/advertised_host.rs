//! The names that workers and registry instances advertise to each other.

use super::Member;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{program::Program, set::SetFindings, settings::POD_NAME};

rules! { rules::pod;
    /// An advertised name that does not resolve.
    pub const UNRESOLVED: Rule = Rule {
        id: "KS-P18",
        production: Error,
        development: Error,
        summary: "pods of a Deployment that advertise their names",
        explanation: "Only pods of a StatefulSet have names in DNS. An instance of the registry or a Connect worker \
            that advertises the name of a Deployment's pod cannot be reached by the others, which forward writes and \
            rebalances to it. Advertise `status.podIP`.",
        source: "Kubernetes, DNS for Services and Pods; Schema Registry #1714",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let key = match member.process.program {
        Program::Connect => "rest.advertised.host.name",
        _ => "host.name",
    };
    let Some(setting) = member.settings.get(key) else {
        return;
    };
    if member.is_stateful_set() {
        return;
    }
    if setting.value.contains(POD_NAME) {
        member
            .at(
                findings,
                setting,
                &UNRESOLVED,
                format!(
                    "`{key}` is the name of the pod, which has no DNS name in a {}",
                    member.object.identity.kind
                ),
            )
            .hint("use the `fieldRef` `status.podIP`");
    } else if member.workload.replicas > 1 && !setting.value.contains(['$', '{']) {
        member
            .at(
                findings,
                setting,
                &UNRESOLVED,
                format!(
                    "`{key}` is `{}` in all {} pods: they cannot reach each other",
                    setting.value, member.workload.replicas
                ),
            )
            .hint("use the `fieldRef` `status.podIP`");
    }
}
