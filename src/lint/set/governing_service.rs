//! The Service that names the pods of a StatefulSet.

use crate::diagnostics::{Cause, Severity::Error, family::rules};
use crate::lint::model::{
    ObjectModel,
    selector::{Labels, selects},
    set::{ObjectSet, SetFindings},
};
use crate::lint::set::references::REFERENCE;

rules! { rules::api;
    /// A StatefulSet without the Service that names its pods.
    pub const GOVERNING_SERVICE: Rule = Rule {
        id: "KS-A24",
        production: Error,
        development: Error,
        summary: "a StatefulSet whose Service does not name its pods",
        explanation: "The Service in `serviceName` gives each pod its DNS name. It must be headless and select the \
            pods; otherwise `kafka-0.kafka-headless` never resolves, and members of a quorum do not find each other.",
        source: "Kubernetes, StatefulSet, stable network ID",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        let (Some(name), "StatefulSet") = (&workload.service, object.identity.kind.as_str()) else {
            continue;
        };
        let found = set
            .find("Service", &object.identity.namespace, name)
            .and_then(ObjectModel::service);
        let at = "/spec/serviceName";
        match found {
            None => {
                let message = format!("`spec.serviceName` is `{name}`: Service not found");
                let finding = findings.add(index, at, &REFERENCE, message);
                finding.outside("Service", name);
                // One that is here can only be meant: what names it follows from this.
                if let Some(meant) = own(set, object, &workload.pods) {
                    finding
                        .hint(format!("write `{meant}`, the headless Service of these pods"))
                        .because(Cause::service_name(index, 0));
                } else {
                    finding.hint("add a headless Service of that name");
                }
            }
            Some(service) if !service.headless => {
                findings
                    .add(
                        index,
                        at,
                        &GOVERNING_SERVICE,
                        format!(
                            "`spec.serviceName` is `{name}`, a Service that is not headless: the pods get no DNS names"
                        ),
                    )
                    .hint("use a Service with `clusterIP: None`")
                    .because(Cause::service_name(index, 0));
            }
            Some(service) => {
                let selected = service
                    .selector
                    .as_ref()
                    .is_some_and(|selector| selects(selector, &workload.pods));
                if !selected {
                    findings
                        .add(
                            index,
                            at,
                            &GOVERNING_SERVICE,
                            format!(
                                "`spec.serviceName` is `{name}`, which does not select these pods: they get no DNS names"
                            ),
                        )
                        .hint("give the pods the labels that the Service selects")
                        .because(Cause::service_name(index, 0));
                }
            }
        }
    }
}

/// The headless Service that selects the pods of a workload.
fn own<'s>(set: &ObjectSet<'s>, object: &ObjectModel, pods: &Labels) -> Option<&'s str> {
    let mut objects = set.objects.iter();
    let found = objects.find(|other| {
        let service = other.service().filter(|service| service.headless);
        other.identity.namespace == object.identity.namespace
            && service
                .and_then(|service| service.selector.as_ref())
                .is_some_and(|selector| selects(selector, pods))
    })?;
    Some(&found.identity.name)
}
