//! Values that Kafka takes, and with which it does not do its work.

use super::Member;
use crate::{
    catalogue::{Role, judge},
    diagnostics::{Diagnostic, Mend, Severity::Warning, family::rules, rules::setting},
    lint::model::{program::Program, set::SetFindings},
};

rules! { rules::cluster;
    /// A value far from any that is of use.
    pub const EXTREME: Rule = Rule {
        id: "KS-K59",
        production: Warning,
        development: Warning,
        summary: "a value that a broker takes and that stops its work",
        explanation: "Kafka's definitions of these settings take any number, or any that is not negative. Some are mistakes \
            of a unit, seconds for milliseconds or MiB for bytes, and some switch off what should be left alone: no \
            connections, a segment for each record, elections that end before an answer can come, transactions that \
            no producer may open.",
        source: "Kafka 4.3.1, the definitions of these settings and their defaults",
    };
}

/// The least value of a broker's setting that is of use, and what a lower one does. -1 means no limit where Kafka says so.
const LEAST: [(&str, i64, &str); 24] = [
    (
        "connections.max.idle.ms",
        10_000,
        "connections are closed between two requests",
    ),
    (
        "controller.quorum.election.timeout.ms",
        100,
        "elections end before the answers come",
    ),
    (
        "controller.quorum.fetch.timeout.ms",
        500,
        "voters begin an election between two fetches",
    ),
    (
        "group.max.session.timeout.ms",
        45_000,
        "consumers with the default `session.timeout.ms` get `InvalidSessionTimeoutException`",
    ),
    (
        "log.cleaner.threads",
        1,
        "compacted topics grow without end, the offsets of consumers too",
    ),
    ("log.index.size.max.bytes", 4096, "segments end after a few records"),
    (
        "log.message.timestamp.after.max.ms",
        1000,
        "records of producers whose clock is ahead are refused",
    ),
    (
        "log.message.timestamp.before.max.ms",
        60_000,
        "records that are sent again after a minute are refused",
    ),
    (
        "log.retention.bytes",
        1 << 20,
        "records are deleted as soon as a segment ends",
    ),
    (
        "log.retention.ms",
        60_000,
        "records are deleted before consumers read them",
    ),
    (
        "log.roll.ms",
        60_000,
        "each partition begins a segment, with its open files, more than once a minute",
    ),
    ("log.segment.bytes", 1 << 20, "a partition has thousands of files"),
    ("max.connection.creation.rate", 1, "no client can connect"),
    ("max.connections", 1, "no client can connect"),
    ("message.max.bytes", 1024, "producers get `RecordTooLargeException`"),
    (
        "metadata.log.max.record.bytes.between.snapshots",
        1 << 16,
        "controllers write snapshots all the time",
    ),
    (
        "metadata.log.segment.ms",
        60_000,
        "controllers begin a segment more than once a minute",
    ),
    (
        "offsets.topic.segment.bytes",
        1 << 20,
        "the offsets of consumers have thousands of files",
    ),
    (
        "producer.id.expiration.ms",
        60_000,
        "idempotent producers that pause are forgotten, and may write twice",
    ),
    ("replica.fetch.max.bytes", 1024, "followers fetch one batch at a time"),
    (
        "request.timeout.ms",
        1000,
        "brokers give up before the controller can answer",
    ),
    (
        "socket.connection.setup.timeout.ms",
        100,
        "brokers do not connect to each other",
    ),
    (
        "transaction.max.timeout.ms",
        10_000,
        "transactional producers get `InvalidTransactionTimeoutException`",
    ),
    (
        "zookeeper.session.timeout.ms",
        1000,
        "brokers lose their session with ZooKeeper again and again",
    ),
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    for (key, least, then) in LEAST {
        let Some(setting) = member.settings.get(key) else {
            continue;
        };
        let Ok(number) = setting.value.trim().parse::<i64>() else {
            continue;
        };
        // What is not a time or a size, -1 above all, means no limit, or is refused as it is.
        if number < 0 || number >= least {
            continue;
        }
        // A retention of 0, and what the definition refuses, have rules of their own.
        let refused = || {
            let found = judge(&setting::BROKER, Role::Broker, member.version, key, &setting.value);
            !found.is_empty()
        };
        if number == 0 && key == "log.retention.ms" || refused() {
            continue;
        }
        let message = format!("`{key}` is {number}: {then}");
        let mut finding = Diagnostic::new(&EXTREME, message);
        finding.mend(Mend::change_to(format!("set it to {least} or more")));
        finding.yaml_hint = Some(format!("set `{key}` to {least} or more, or remove it"));
        member.push(findings, key, setting, finding);
    }
}
