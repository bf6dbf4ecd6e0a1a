//! Files of clients: settings that Kafka takes one by one and refuses together.

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
pub(super) fn check(role: Role, version: Option<Version>, lines: &[Property]) -> Vec<(&Property, Diagnostic)> {
    let file = ClientFile(lines);
    match role {
        Role::Producer => file.delivery(version).into_iter().chain(file.idempotence()).collect(),
        Role::Consumer => file.session().into_iter().collect(),
        _ => Vec::new(),
    }
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
