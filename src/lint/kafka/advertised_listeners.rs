//! The addresses that brokers advertise to clients.

use super::Member;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::set::SetFindings;

rules! { rules::pod;
    /// An advertised address that does not lead to the broker.
    pub const ADVERTISED: Rule = Rule {
        id: "KS-P19",
        production: Error,
        development: Error,
        summary: "advertised listeners that do not lead to the broker",
        explanation: "A client connects to the broker that leads a partition, at the address that this broker \
            advertises. 0.0.0.0 is rejected, localhost is the client itself, and a name that several brokers \
            advertise, such as that of a Service, leads to any of them. Where there is no host, the broker advertises the \
            name of its own host: DNS has it for a pod of a StatefulSet with a Service, and for no other pod.",
        source: "Kafka documentation, advertised.listeners; KafkaConfig; ListenerInfo.withWildcardHostnamesResolved",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let Some(setting) = member.settings.get("advertised.listeners") else {
        return;
    };
    for listener in setting.value.split(',').map(str::trim) {
        let Some((_, address)) = listener.split_once("://") else {
            continue;
        };
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let wrong = match host {
            "0.0.0.0" | "[::]" => "every client is refused",
            // The broker puts its own canonical name there, which DNS has for the pods of a StatefulSet.
            "" if member.is_stateful_set() && member.workload.service.is_some() => continue,
            "" => "the name of the pod takes its place, which other pods cannot resolve",
            "localhost" | "127.0.0.1" => "a client connects to itself",
            // One name of all machines, with a port for each broker, leads to each of them.
            _ if member.workload.replicas > 1 && !address.contains(['$', '{']) => {
                "all of its brokers advertise the same address"
            }
            _ => continue,
        };
        member
            .at(
                findings,
                setting,
                &ADVERTISED,
                format!("`advertised.listeners` has `{listener}`: {wrong}"),
            )
            .hint("advertise the name of each pod, such as `${env:POD_NAME}.<headless Service>.<namespace>.svc.cluster.local`");
    }
}
