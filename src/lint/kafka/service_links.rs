//! Variables that Kubernetes makes of a Service, and on which the images end.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{ObjectModel, set::SetFindings},
};

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let name = member.process.program.fatal_service();
    if !(member.process.entrypoint && member.process.service_links) {
        return;
    }
    let found = member
        .set
        .find("Service", &member.object.identity.namespace, name)
        .and_then(ObjectModel::service);
    if found.is_some_and(|service| !service.headless && !service.external) {
        let variable = format!("{}_PORT", name.to_ascii_uppercase().replace('-', "_"));
        findings.add(
            member.index,
            "/spec/template/spec",
            &pod::SERVICE_LINKS,
            format!("the Service `{name}` gives container `{}` the variable {variable}, which its image takes for a setting and ends on", member.process.container),
        )
        .hint("set `enableServiceLinks: false` in the pod");
    }
}
