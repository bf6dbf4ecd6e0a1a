//! Ways in from outside that lead to names of the inside.

use super::{
    Member,
    listening::{Listener, listeners},
};
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    service::ServicePort,
    set::SetFindings,
    settings::{POD_INDEX, POD_NAME},
};

rules! { rules::pod;
    /// A way in from outside that leads to names of the inside.
    pub const INSIDE_NAMES: Rule = Rule {
        id: "KS-P58",
        production: Error,
        development: Error,
        summary: "a way in from outside to a listener that advertises in-cluster names",
        explanation: "A client outside reaches a broker, asks for the metadata, and is told the \
            addresses that the brokers advertise: names that only the cluster's DNS resolves. It then fails with \
            `UnknownHostException`, though the first connection worked. Outside access needs a listener of its own that \
            advertises an address of each broker outside.",
        source: "Kafka documentation, advertised.listeners; Kubernetes, DNS for Services and Pods",
    };
}

/// A port of a Service that is open to the outside, and what its brokers advertise.
pub(super) fn told_inside_names(
    index: usize,
    kind: &str,
    pointer: &str,
    port: &ServicePort,
    brokers: &[&Member<'_>],
    findings: &mut SetFindings,
) {
    let told = brokers.iter().find_map(|member| {
        let number = member.container.port(&port.target)?;
        inside_name(member, number)
    });
    if let Some((name, host)) = told {
        findings
            .add(
                index,
                pointer,
                &INSIDE_NAMES,
                format!(
                    "a {kind} leads to the listener `{name}`, which advertises `{host}`: clients outside cannot resolve it"
                ),
            )
            .hint(if kind.ends_with("Route") {
                "add a listener that advertises an address of each broker outside, and lead to its port"
            } else {
                "add a listener that advertises an address of each broker outside, or use the type `ClusterIP`"
            });
    }
}

/// The listener at a port, and the name of the inside that it advertises.
fn inside_name(member: &Member<'_>, port: i64) -> Option<(String, String)> {
    let listener: Listener<'_> =
        listeners(&member.settings.get("listeners")?.value).find(|listener| listener.port == Some(port))?;
    let advertised = listeners(&member.settings.get("advertised.listeners")?.value)
        .find(|advertised| advertised.name == listener.name)?;
    let host = advertised.host;
    is_inside(member, host).then(|| {
        (
            listener.name.to_owned(),
            host.replace(POD_NAME, "<pod>").replace(POD_INDEX, "<index>"),
        )
    })
}

/// Whether a host is one that only the cluster's DNS resolves, or an address of its pods.
pub(super) fn is_inside(member: &Member<'_>, host: &str) -> bool {
    let service = member.workload.service.as_deref().unwrap_or_default();
    host.split('.').any(|part| part == "svc")
        || host.starts_with("{status.podIP")
        || host == POD_NAME
        || !service.is_empty() && host == format!("{POD_NAME}.{service}")
}
