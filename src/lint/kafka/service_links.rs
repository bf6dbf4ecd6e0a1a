//! Variables that Kubernetes makes of a Service, and on which the images end.

use super::Member;
use crate::diagnostics::{Mend, Severity::Error, family::rules};
use crate::lint::model::{ObjectModel, set::SetFindings};

rules! { rules::pod;
    /// Service links that an image ends on.
    pub const SERVICE_LINKS: Rule = Rule {
        id: "KS-P01",
        production: Error,
        development: Error,
        summary: "service links that an image takes for its configuration",
        explanation: "Kubernetes gives every container a variable for each Service of its namespace. A Service named \
            `kafka` sets KAFKA_PORT and one named `schema-registry` SCHEMA_REGISTRY_PORT, which the images of the same \
            name take for settings: they exit. `enableServiceLinks: false` switches them off.",
        source: "Kubernetes, Accessing the Service; Confluent, cp-docker-images #388; schema-registry #689",
    };
}

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
            &SERVICE_LINKS,
            format!("the Service `{name}` gives container `{}` the variable {variable}, which the image takes for a setting and exits", member.process.container),
        )
        .hint("set `enableServiceLinks: false` in the pod")
        .mend(Mend::set(false).of_field("/spec/template/spec/enableServiceLinks"));
    }
}
