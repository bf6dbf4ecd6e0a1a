//! Files of clients: settings that Kafka takes one by one and refuses together.

use super::{bootstrap, cluster::Fleet};
use crate::{
    catalogue::Role,
    diagnostics::{
        Diagnostic, Mend,
        rules::{client, setting},
    },
    lint::model::properties::Property,
    version::Version,
};

/// What is wrong with the settings of a client's file, each finding with its line.
/// `fleet` are the brokers that it connects to, if they are known.
pub(super) fn check<'a>(
    role: Role,
    version: Option<Version>,
    lines: &'a [Property],
    fleet: Option<Fleet<'_>>,
) -> Vec<(&'a Property, Diagnostic)> {
    let file = ClientFile(lines);
    let of_role: Vec<_> = match role {
        Role::Producer => file
            .delivery(version)
            .into_iter()
            .chain(file.idempotence())
            .chain(file.transactions(fleet))
            .collect(),
        Role::Consumer => file.limits(fleet).into_iter().chain(file.session()).collect(),
        _ => Vec::new(),
    };
    file.bootstrap().into_iter().chain(of_role).collect()
}

struct ClientFile<'a>(&'a [Property]);

impl<'a> ClientFile<'a> {
    /// The last line with this key: the one that Java keeps.
    fn line(&self, key: &str) -> Option<&'a Property> {
        self.0.iter().rev().find(|line| line.key == key)
    }

    /// A number, or the default. None if it is not a number that stands there: a value that is filled in later, or a finding of
    /// another rule.
    fn number(&self, key: &str, default: u64) -> Option<u64> {
        self.line(key)
            .map_or(Some(default), |line| line.value.trim().parse().ok())
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.line(key)
            .is_some_and(|line| line.value.trim().eq_ignore_ascii_case(value))
    }

    /// Kafka raises its default by itself, and refuses a lower value that is written down.
    fn delivery(&self, version: Option<Version>) -> Option<(&'a Property, Diagnostic)> {
        let line = self.line("delivery.timeout.ms")?;
        let delivery = line.value.trim().parse::<u64>().ok()?;
        let default_linger = match version {
            None | Some(Version::V3_9) => 0,
            Some(_) => 5,
        };
        let linger = self.number("linger.ms", default_linger)?;
        let request = self.number("request.timeout.ms", 30_000)?;
        let least = linger.saturating_add(request);
        if delivery >= least {
            return None;
        }
        let mut finding = Diagnostic::new(
            &client::TIMEOUTS,
            format!("delivery.timeout.ms {delivery} is below linger.ms {linger} + request.timeout.ms {request}"),
        );
        finding.hint = format!("raise `.delivery_timeout(…)` to {least} ms or more");
        finding.yaml_hint = Some(format!("raise `delivery.timeout.ms` to {least} or more"));
        Some((line, finding))
    }

    /// What a producer refuses when it is told to be idempotent, or has transactions, which need that
    /// (`ProducerConfig.postProcessAndValidateIdempotenceConfigs`; each was shown to the clients of 3.9.2 and 4.3.1). Without either it
    /// turns idempotence off by itself, but for more than 5 requests in flight, which 4.3.1 refuses also then.
    fn idempotence(&self) -> Vec<(&'a Property, Diagnostic)> {
        let kind = if self.line("transactional.id").is_some() {
            "transactional"
        } else if self.is("enable.idempotence", "true") {
            "idempotent"
        } else {
            return Vec::new();
        };
        let number = |key: &str| self.line(key).and_then(|line| line.value.trim().parse::<u64>().ok());
        let in_flight = "max.in.flight.requests.per.connection";
        let refused = [
            (
                "acks",
                ["0", "1"].iter().any(|acks| self.is("acks", acks)),
                "`acks=all`",
            ),
            ("retries", number("retries") == Some(0), "`retries` above 0"),
            (
                in_flight,
                number(in_flight).is_some_and(|requests| requests > 5),
                "5 requests in flight or fewer",
            ),
            (
                "enable.idempotence",
                kind == "transactional" && self.is("enable.idempotence", "false"),
                "`enable.idempotence=true`",
            ),
        ];
        refused
            .into_iter()
            .filter(|(_, wrong, _)| *wrong)
            .filter_map(|(key, _, needed)| {
                let line = self.line(key)?;
                let mut finding = Diagnostic::new(
                    setting::CLIENT.value,
                    format!(
                        "a producer that is {kind} refuses `{key}={}`: it needs {needed}",
                        line.value.trim()
                    ),
                );
                finding.mend(Mend::change());
                Some((line, finding))
            })
            .collect()
    }

    /// A list of addresses that no client takes.
    fn bootstrap(&self) -> Option<(&'a Property, Diagnostic)> {
        let line = self.line("bootstrap.servers")?;
        Some((line, bootstrap::check(&line.value)?))
    }

    fn transactions(&self, fleet: Option<Fleet<'_>>) -> Option<(&'a Property, Diagnostic)> {
        let line = self.line("transaction.timeout.ms")?;
        let timeout = line.value.trim().parse::<u64>().ok()?;
        let most = fleet?.brokers.number_or_default("transaction.max.timeout.ms")?;
        if timeout <= most {
            return None;
        }
        let mut finding = Diagnostic::new(
            &client::TRANSACTION_TIMEOUT,
            format!("transaction.timeout.ms {timeout} exceeds the brokers' transaction.max.timeout.ms {most}"),
        );
        finding.hint("lower it, or raise `transaction.max.timeout.ms` of the cluster");
        finding.yaml_hint(format!(
            "set `transaction.timeout.ms` to {most} or less, or raise `transaction.max.timeout.ms` of the brokers"
        ));
        Some((line, finding))
    }

    /// The session timeout against what the brokers accept.
    fn limits(&self, fleet: Option<Fleet<'_>>) -> Option<(&'a Property, Diagnostic)> {
        if self.is("group.protocol", "consumer") {
            return None;
        }
        let line = self.line("session.timeout.ms")?;
        let session = line.value.trim().parse::<u64>().ok()?;
        let limit = |key| fleet?.brokers.number_or_default(key);
        let (how, bound) = if let Some(least) = limit("group.min.session.timeout.ms").filter(|&least| session < least) {
            ("is below", format!("the brokers' group.min.session.timeout.ms {least}"))
        } else if let Some(most) = limit("group.max.session.timeout.ms").filter(|&most| session > most) {
            ("exceeds", format!("the brokers' group.max.session.timeout.ms {most}"))
        } else {
            return None;
        };
        let mut finding = Diagnostic::new(&client::TIMEOUTS, format!("session.timeout.ms {session} {how} {bound}"));
        finding.alike(bound);
        finding.hint("change it in `.session_timeout(…)` to some heartbeats, within the limits of the brokers");
        finding.yaml_hint("set `session.timeout.ms` to some heartbeats, within the limits of the brokers");
        Some((line, finding))
    }

    fn session(&self) -> Option<(&'a Property, Diagnostic)> {
        if self.is("group.protocol", "consumer") {
            return None;
        }
        let session = self.number("session.timeout.ms", 45_000)?;
        let line = |other: &str| self.line("session.timeout.ms").or_else(|| self.line(other));
        let heartbeat = self.number("heartbeat.interval.ms", 3_000);
        let poll = self.number("max.poll.interval.ms", 300_000);
        let (line, problem) = if let Some(heartbeat) = heartbeat.filter(|&heartbeat| session <= heartbeat) {
            (
                line("heartbeat.interval.ms")?,
                format!("session.timeout.ms {session} does not exceed heartbeat.interval.ms {heartbeat}"),
            )
        } else if let Some(poll) = poll.filter(|&poll| session > poll) {
            (
                line("max.poll.interval.ms")?,
                format!("session.timeout.ms {session} exceeds max.poll.interval.ms {poll}"),
            )
        } else {
            return None;
        };
        let mut finding = Diagnostic::new(&client::TIMEOUTS, problem);
        finding.hint("change it in `.session_timeout(…)` to some heartbeats, and to less than the poll interval");
        finding.yaml_hint =
            Some("set `session.timeout.ms` to some heartbeats, and to less than `max.poll.interval.ms`".to_owned());
        Some((line, finding))
    }
}
