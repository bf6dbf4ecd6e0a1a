//! The addresses that brokers advertise to clients.

use super::Member;
use crate::{diagnostics::rules::pod, lint::model::set::SetFindings};

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
            "0.0.0.0" | "" | "[::]" => "every client is refused",
            "localhost" | "127.0.0.1" => "a client connects to itself",
            _ if member.workload.replicas > 1 && !host.contains(['$', '{']) => {
                "all of its brokers advertise the same address"
            }
            _ => continue,
        };
        member
            .at(
                findings,
                setting,
                &pod::ADVERTISED,
                format!("`advertised.listeners` has `{listener}`: {wrong}"),
            )
            .hint("advertise the pod: `${env:POD_NAME}.<headless Service>.<namespace>.svc.cluster.local`");
    }
}
