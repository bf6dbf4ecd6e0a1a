//! The Service that names the pods of a StatefulSet.

use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    ObjectModel,
    selector::selects,
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
                findings
                    .add(
                        index,
                        at,
                        &REFERENCE,
                        format!("`spec.serviceName` is `{name}`: Service not found"),
                    )
                    .hint("add a headless Service of that name")
                    .outside("Service", name);
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
                    .hint("use a Service with `clusterIP: None`");
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
                        .hint("give the pods the labels that the Service selects");
                }
            }
        }
    }
}
