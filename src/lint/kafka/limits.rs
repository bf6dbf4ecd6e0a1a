//! Sizes and times that Kafka's definition of a setting accepts, and a broker does not.

use super::Member;
use crate::{
    diagnostics::{
        Diagnostic, Mend,
        rules::{kraft, setting},
    },
    lint::model::{program::Program, set::SetFindings},
};

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program == Program::Broker {
        request_size(member, findings);
        retention(member, findings);
    }
}

/// Compares the largest request with the largest batch, and with what a TLS client sends to a plaintext port.
fn request_size(member: &Member<'_>, findings: &mut SetFindings) {
    /// The first two bytes of a TLS handshake, 16 03, read as the upper half of a size.
    const TLS_HANDSHAKE: u64 = 0x1603_0000;
    const KEY: &str = "socket.request.max.bytes";
    const BATCH: &str = "message.max.bytes";
    let (Some(request), Some(batch)) = (member.number_or_default(KEY), member.number_or_default(BATCH)) else {
        return;
    };
    // A value that does not fit into an int is reported as invalid.
    let (message, instead) = if (TLS_HANDSHAKE..=0x7fff_ffff).contains(&request) {
        (
            format!("`{KEY}` is {request}: a TLS client on a plaintext port makes a broker allocate 352 MiB or more"),
            "352 MiB or less",
        )
    } else if request < batch {
        (
            format!("`{KEY}` is {request}, below `{BATCH}` {batch}: a batch of that size is rejected"),
            "more than `message.max.bytes`",
        )
    } else {
        return;
    };
    let Some((key, setting)) = [KEY, BATCH]
        .into_iter()
        .find_map(|key| Some((key, member.settings.get(key)?)))
    else {
        return;
    };
    let mut finding = Diagnostic::new(&kraft::REQUEST_SIZE, message);
    finding.mend(Mend::change_to(format!("`{KEY}` must be {instead}")));
    finding.yaml_hint = Some(finding.remedy(&setting.shown(key)));
    member.push(findings, key, setting, finding);
}

/// A retention of nothing. The `ConfigDef` accepts it, but `KafkaConfig.getLogRetentionTimeMillis` does not.
fn retention(member: &Member<'_>, findings: &mut SetFindings) {
    let keys = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
    // The finest unit that is set decides.
    let Some((key, setting)) = keys.into_iter().find_map(|key| Some((key, member.settings.get(key)?))) else {
        return;
    };
    if setting.value.trim() == "0" {
        let message = format!("`{key}` must be -1, or 1 or more, not \"0\"");
        let mut finding = Diagnostic::new(&setting::BROKER_VALUE, message);
        finding.mend(Mend::change());
        finding.yaml_hint = Some(finding.remedy(&setting.shown(key)));
        member.push(findings, key, setting, finding);
    }
}
