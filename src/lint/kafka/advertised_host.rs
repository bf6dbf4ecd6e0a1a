//! The names that workers and registry instances advertise to each other.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{program::Program, set::SetFindings, settings::POD_NAME},
};

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
                &pod::UNRESOLVED,
                format!(
                    "`{key}` is the name of the pod, which no DNS knows for a {}",
                    member.object.identity.kind
                ),
            )
            .hint("advertise the field `status.podIP`");
    } else if member.workload.replicas > 1 && !setting.value.contains(['$', '{']) {
        member
            .at(
                findings,
                setting,
                &pod::UNRESOLVED,
                format!(
                    "`{key}` is `{}` in all {} pods: they cannot reach each other",
                    setting.value, member.workload.replicas
                ),
            )
            .hint("advertise the field `status.podIP`");
    }
}
