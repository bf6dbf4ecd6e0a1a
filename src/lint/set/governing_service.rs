//! The Service that names the pods of a StatefulSet.

use crate::{
    diagnostics::rules::api,
    lint::model::{
        ObjectModel,
        selector::selects,
        set::{ObjectSet, SetFindings},
    },
};

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
                        &api::REFERENCE,
                        format!("`spec.serviceName` is `{name}`, and there is no such Service"),
                    )
                    .hint("add a headless Service of that name")
                    .outside("Service", name);
            }
            Some(service) if !service.headless => {
                findings
                    .add(
                        index,
                        at,
                        &api::GOVERNING_SERVICE,
                        format!(
                            "`spec.serviceName` is `{name}`, a Service with an address of its own: pods get no names"
                        ),
                    )
                    .hint("name a Service with `clusterIP: None`");
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
                            &api::GOVERNING_SERVICE,
                            format!(
                                "`spec.serviceName` is `{name}`, which does not select these pods: they get no names"
                            ),
                        )
                        .hint("give the pods the labels that the Service selects");
                }
            }
        }
    }
}
