//! Lists of `host:port` that clients begin with.

use super::Member;
use crate::{
    diagnostics::{Diagnostic, rules::client},
    lint::model::{program::Program, set::SetFindings},
};

/// A worker's list.
pub(super) fn of_worker(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program == Program::Connect
        && let Some(setting) = member.settings.get("bootstrap.servers")
        && setting.is_known()
        && let Some(finding) = check(&setting.value)
    {
        member.push(findings, "bootstrap.servers", setting, finding);
    }
}

/// What a client refuses of a list of addresses (`ClientUtils.parseAndValidateAddresses`). What is filled in later is not known.
pub(crate) fn check(servers: &str) -> Option<Diagnostic> {
    if servers.contains(['{', '$']) {
        return None;
    }
    // A client skips what is empty between two commas, but not an empty list.
    let mut addresses = servers.split(',').map(str::trim).filter(|address| !address.is_empty());
    let address = match addresses.clone().next() {
        Some(_) => addresses.find(|address| !is_address(address))?,
        None => "",
    };
    let mut finding = Diagnostic::new(&client::BOOTSTRAP, format!("{address:?} is not `host:port`"));
    finding.hint("give `KafkaCluster::external` a list, such as `kafka-1.example.com:9092,kafka-2.example.com:9092`");
    finding.yaml_hint("write a list of `host:port`, separated by commas");
    Some(finding)
}

/// Whether this is a host and a port. An IPv6 address is in brackets, and a protocol may stand before it.
fn is_address(text: &str) -> bool {
    let address = text.split_once("://").map_or(text, |(_, address)| address);
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let named = || !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let numbered = || {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok())
    };
    port.parse::<u16>().is_ok_and(|port| port > 0) && (named() || numbered())
}
