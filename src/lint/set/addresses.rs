//! Addresses that no Service answers.

use crate::diagnostics::{Cause, Severity::Warning, family::rules};
use crate::lint::model::{
    ObjectModel,
    set::{ObjectSet, SetFindings},
};

rules! { rules::pod;
    /// An address without a Service.
    pub const ADDRESS: Rule = Rule {
        id: "KS-P16",
        production: Warning,
        development: Warning,
        summary: "an address of a Service that does not exist",
        explanation: "The address names a Service of a namespace that these objects are in, but no such Service, pod \
            or port is among them: the client cannot connect. In a stack it may be managed \
            elsewhere: acknowledge it with the reason. In a folder it is an error, unless `--assume Service/NAME` says \
            that the cluster has it.",
        source: "Kubernetes, DNS for Services and Pods",
    };
}

/// Namespace and name of the Service that a host names, and the pod before it.
pub(crate) fn host<'h>(host: &'h str, own: &'h str) -> Option<(&'h str, &'h str, Option<&'h str>)> {
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        [service] => Some((own, service, None)),
        [service, namespace] | [service, namespace, "svc", ..] => Some((namespace, service, None)),
        [pod, service, namespace] | [pod, service, namespace, "svc", ..] => Some((namespace, service, Some(pod))),
        _ => None,
    }
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    for index in 0..set.objects.len() {
        let object = set.objects[index];
        for address in &object.addresses {
            let Some((namespace, service, pod)) = host(&address.host, &object.identity.namespace) else {
                continue;
            };
            // Every cluster has it.
            let is_of_kubernetes = (namespace, service) == ("default", "kubernetes");
            if !set.namespaces.contains(namespace)
                || is_of_kubernetes
                || set.is_made_by_operator(namespace, service)
                || set.is_resolved_by_pods(index, &address.host)
            {
                continue;
            }
            let shown = address.shown();
            let found = set.find("Service", namespace, service).and_then(ObjectModel::service);
            let message = match (found, pod) {
                (None, _) => format!("`{shown}` cannot be resolved: there is no Service `{service}`"),
                (Some(_), Some(pod)) if !set.has_pod(namespace, service, pod) => {
                    format!("`{shown}` cannot be resolved: Service `{service}` has no pod `{pod}`")
                }
                (Some(found), None) => match address.port {
                    Some(port)
                        if !found.headless && !found.external && found.ports.iter().all(|own| own.number != port) =>
                    {
                        format!("`{shown}` refuses connections: Service `{service}` has no port {port}")
                    }
                    _ => continue,
                },
                _ => continue,
            };
            let services: Vec<&str> = set
                .objects
                .iter()
                .filter(|other| other.identity.kind == "Service" && other.identity.namespace == namespace)
                .map(|other| other.identity.name.as_str())
                .take(8)
                .collect();
            let finding = findings.add(index, address.pointer.clone(), &ADDRESS, message);
            finding.place.row = address.row;
            finding.hint(if services.is_empty() {
                "write the full name, `SERVICE.NAMESPACE.svc`, of a Service in another namespace".to_owned()
            } else {
                format!("available: `{}`", services.join("`, `"))
            });
            finding.outside("Service", service);
            // However the address is written.
            let what = pod.map_or_else(|| format!("port {:?}", address.port), |pod| format!("pod {pod}"));
            let exists = found.is_some();
            finding.alike(format!("{namespace}/{service} {exists} {what}"));
            if let (Some(_), Some(pod)) = (found, pod)
                && let Some(cause) = cause(set, namespace, service, pod)
            {
                finding.because(cause);
            }
        }
    }
}

/// Why a Service has no pod of this name: its StatefulSet has fewer, or another Service names them.
fn cause(set: &ObjectSet<'_>, namespace: &str, service: &str, pod: &str) -> Option<Cause> {
    let (name, ordinal) = pod.rsplit_once('-')?;
    let ordinal: i64 = ordinal.parse().ok()?;
    let index = set.index("StatefulSet", namespace, name)?;
    let workload = set.objects[index].workload()?;
    if !(workload.first..workload.first + workload.replicas).contains(&ordinal) {
        return Some(Cause::replicas(index, 2));
    }
    (workload.service.as_deref() != Some(service)).then_some(Cause::service_name(index, 2))
}
