//! Sizes and times that Kafka's definition of a setting accepts, and a broker does not.

use super::Member;
use crate::{
    diagnostics::{
        Diagnostic, Mend,
        Severity::Error,
        family::rules,
        rules::{kraft, setting},
    },
    lint::model::{program::Program, set::SetFindings},
};

rules! { rules::cluster;
    /// Settings that a broker does not take together.
    pub const CONTRADICTION: Rule = Rule {
        id: "KS-K51",
        production: Error,
        development: Error,
        summary: "sizes or times that contradict each other",
        explanation: "Each of these values is valid by itself, and Kafka compares some of them when it starts: how long a \
            follower waits for records with how long it may lag behind, the queue of requests with the largest request, \
            the buffer of the log cleaner with its threads, the times of groups with their minimum and maximum. A \
            process with a contradiction does not start: `IllegalArgumentException: requirement failed`. A heartbeat \
            interval above half of the session timeout is only logged, and brokers are fenced again and again.",
        source: "Kafka 3.9.2 and 4.3.1, KafkaConfig.validateValues and GroupCoordinatorConfig",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program == Program::Broker {
        request_size(member, findings);
        retention(member, findings);
        contradictions(member, findings);
    }
}

/// Pairs of settings of which the first must not be above the second.
fn ordered() -> Vec<(String, String)> {
    let pair = |low: &str, high: &str| (low.to_owned(), high.to_owned());
    let mut pairs = vec![
        pair("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"),
        pair("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"),
    ];
    let times = [
        "assignment.interval.ms",
        "heartbeat.interval.ms",
        "session.timeout.ms",
        "record.lock.duration.ms",
    ];
    for group in ["consumer", "share", "streams"] {
        for time in times {
            let [least, value, most] = ["min.", "", "max."].map(|bound| format!("group.{group}.{bound}{time}"));
            pairs.push((least, value.clone()));
            pairs.push((value, most));
        }
    }
    pairs
}

fn contradictions(member: &Member<'_>, findings: &mut SetFindings) {
    const STOPS: &str = "the process does not start";
    let number = |key: &str| member.number_or_default(key);
    let mut told: Vec<String> = Vec::new();
    let mut tell = |keys: [&str; 2], message: String, hint: String| {
        let set = keys.into_iter().find_map(|key| Some((key, member.settings.get(key)?)));
        let Some((key, setting)) = set.filter(|(key, _)| !told.iter().any(|told| told == key)) else {
            return;
        };
        told.push(key.to_owned());
        member.refuse(findings, &CONTRADICTION, key, setting, message, hint);
    };
    for (low, high) in ordered() {
        if let (Some(least), Some(most)) = (number(&low), number(&high))
            && least > most
        {
            let message = format!("`{low}` is {least}, above `{high}` {most}: {STOPS}");
            tell(
                [&low, &high],
                message,
                format!("set `{high}` to {least} or more, or lower `{low}`"),
            );
        }
    }
    let (queue, request) = ("queued.max.request.bytes", "socket.request.max.bytes");
    if let (Some(size), Some(largest)) = (number(queue), number(request))
        && (1..largest).contains(&size)
    {
        let message = format!("`{queue}` is {size}, below `{request}` {largest}: {STOPS}");
        tell(
            [queue, request],
            message,
            format!("set `{queue}` to {largest} or more, or to -1 for no limit"),
        );
    }
    let (buffer, threads) = ("log.cleaner.dedupe.buffer.size", "log.cleaner.threads");
    if let (Some(size), Some(count)) = (number(buffer), number(threads))
        && count > 0
        && size / count <= 1 << 20
    {
        let message = format!("`{buffer}` is {size}, for {count} of `{threads}`: {STOPS}");
        tell(
            [buffer, threads],
            message,
            "set it to more than 1048576 for each thread".to_owned(),
        );
    }
    let (connections, overrides) = ("max.connections.per.ip", "max.connections.per.ip.overrides");
    if number(connections) == Some(0) && member.settings.get(overrides).is_none() {
        let message = format!("`{connections}` is 0 without `{overrides}`: {STOPS}");
        tell([connections, overrides], message, format!("remove `{connections}`"));
    }
    let (tiered, plugin) = (
        "remote.log.storage.system.enable",
        "remote.log.storage.manager.class.name",
    );
    let on = |key: &str| {
        member
            .settings
            .get(key)
            .is_some_and(|setting| setting.value.trim().eq_ignore_ascii_case("true"))
    };
    if on(tiered) && member.settings.get(plugin).is_none() && !member.writes(plugin) {
        let message = format!("`{tiered}` is true without `{plugin}`: {STOPS}");
        tell(
            [tiered, plugin],
            message,
            format!("set `{plugin}` to the plugin that stores the segments"),
        );
    }
    let (heartbeat, session) = ("broker.heartbeat.interval.ms", "broker.session.timeout.ms");
    if let (Some(interval), Some(timeout)) = (number(heartbeat), number(session))
        && interval > timeout / 2
    {
        let message = format!(
            "`{heartbeat}` is {interval}, above half of `{session}` {timeout}: brokers are fenced between heartbeats"
        );
        tell(
            [heartbeat, session],
            message,
            format!("set `{session}` to {} or more", interval.saturating_mul(2)),
        );
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
