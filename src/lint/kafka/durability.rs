//! Replication of topics and of Kafka's own topics, on effective settings. The rules are data in
//! [`durability`](crate::diagnostics::rules::durability).

use super::{
    Member,
    cluster::{Brokers, Fleet},
};
use crate::{
    diagnostics::{Diagnostic, Mend, rules::durability},
    lint::model::{program::Program, set::SetFindings, settings::Setting},
    quantity::Duration,
};

/// The replication of something: what its factor and its least number of replicas in sync are called, and what they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replicated<'a> {
    pub(super) factor: (&'a str, Option<i64>),
    pub(super) min_in_sync: (&'a str, Option<i64>),
    /// The number of brokers that can have replicas, if it is known.
    pub(super) brokers: Option<i64>,
}

/// Which of the two numbers is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Culprit {
    Factor,
    MinInSync,
}

impl Replicated<'_> {
    /// What is wrong with it.
    pub(super) fn check(&self) -> Vec<(Culprit, Diagnostic)> {
        let (factor_name, factor) = self.factor;
        let (min_name, min) = self.min_in_sync;
        let mut found = Vec::new();
        let mut add = |culprit, rule, message: String| found.push((culprit, Diagnostic::new(rule, message)));
        // Connect's -1 is the default of the brokers.
        let factor = factor.filter(|factor| *factor >= 0);
        if factor == Some(0) || min == Some(0) {
            let culprit = if factor == Some(0) {
                Culprit::Factor
            } else {
                Culprit::MinInSync
            };
            let message = match (factor, min) {
                (Some(factor), Some(min)) => format!("{factor_name} {factor} with {min_name} {min}"),
                (Some(_), None) => format!("{factor_name} 0"),
                _ => format!("{min_name} 0"),
            };
            add(culprit, &durability::NO_COPY, message);
            return found;
        }
        // Without any broker that is the finding.
        if let (Some(factor), Some(brokers)) = (factor, self.brokers.filter(|brokers| *brokers > 0))
            && factor > brokers
        {
            let s = if brokers == 1 { "" } else { "s" };
            let message = format!("{factor_name} {factor} with {brokers} broker{s}");
            add(Culprit::Factor, &durability::FACTOR_ABOVE_BROKERS, message);
        }
        if let (Some(factor), Some(min)) = (factor, min) {
            if min > factor {
                let message = format!("{min_name} {min} exceeds the {factor_name} {factor}");
                add(Culprit::MinInSync, &durability::MIN_IN_SYNC_ABOVE_FACTOR, message);
            } else if min == factor && factor > 1 {
                let message = format!("{min_name} {min} is the {factor_name}: any restart stops writes");
                add(Culprit::MinInSync, &durability::MIN_IN_SYNC_IS_FACTOR, message);
            }
        }
        if factor == Some(1) {
            let message = format!("{factor_name} 1: a lost broker loses its records");
            add(Culprit::Factor, &durability::SINGLE_COPY, message);
        } else if min == Some(1) {
            let message = format!("{min_name} 1: a record may be acknowledged when only one replica has it");
            add(Culprit::MinInSync, &durability::SINGLE_COPY, message);
        }
        found
    }

    /// What mends it in a stack, by this builder call if one is named.
    pub(super) fn hint(&self, finding: &Diagnostic, call: Option<&str>) -> String {
        let place = call.map(|call| format!(" in `{call}`")).unwrap_or_default();
        let three = format!("use `Replication::new(3, 2)`{place}, with three brokers or more");
        if *finding.rule == durability::NO_COPY {
            format!("use `Replication::for_brokers(…)` or `Replication::new(3, 2)`{place}")
        } else if *finding.rule == durability::FACTOR_ABOVE_BROKERS {
            let brokers = self.brokers.unwrap_or(1);
            format!("lower it{place} to at most {brokers}, or add brokers to the pool")
        } else if *finding.rule == durability::SINGLE_COPY {
            three
        } else {
            let factor = self.factor.1.unwrap_or(3);
            match self.brokers.map_or(factor, |brokers| factor.min(brokers)) {
                ..3 => three,
                factor => format!("use `Replication::new({factor}, {})`{place}", factor - 1),
            }
        }
    }

    /// What the author of a manifest changes.
    pub(super) fn yaml_hint(&self, culprit: Culprit, finding: &Diagnostic, factor_key: &str, min_key: &str) -> String {
        let brokers = self.brokers.unwrap_or(3).max(1);
        let factor = self.factor.1.unwrap_or(3).min(brokers);
        match culprit {
            _ if *finding.rule == durability::FACTOR_ABOVE_BROKERS => {
                format!("set `{factor_key}` to {brokers} or less, or add brokers")
            }
            Culprit::MinInSync if factor >= 3 => format!("set `{min_key}` to {}", factor - 1),
            Culprit::MinInSync => format!("set `{min_key}` to 2 and `{factor_key}` to 3, with three brokers or more"),
            Culprit::Factor => format!("set `{factor_key}` to 3, with three brokers or more"),
        }
    }
}

/// Pairs of keys: a replication factor, the least number of replicas in sync, and the factor where none is set and Kafka needs the
/// topic to work.
const OF_BROKERS: [(&str, &str, Option<i64>); 4] = [
    ("default.replication.factor", "min.insync.replicas", None),
    ("offsets.topic.replication.factor", "", Some(3)),
    (
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        Some(3),
    ),
    (
        "share.coordinator.state.topic.replication.factor",
        "share.coordinator.state.topic.min.isr",
        None,
    ),
];

const OF_WORKERS: [(&str, &str, Option<i64>); 3] = [
    ("config.storage.replication.factor", "", Some(3)),
    ("offset.storage.replication.factor", "", Some(3)),
    ("status.storage.replication.factor", "", Some(3)),
];

const OF_REGISTRIES: [(&str, &str, Option<i64>); 1] = [("kafkastore.topic.replication.factor", "", None)];

pub(super) fn check(member: &Member<'_>, brokers: &Brokers<'_>, findings: &mut SetFindings) {
    // Settings that are hidden may have the others' values.
    if member.settings.is_empty() {
        return;
    }
    let (pairs, brokers) = match member.process.program {
        Program::Broker if member.serves() => (&OF_BROKERS[..], brokers.beside(member)),
        Program::Connect => {
            let servers = member.settings.get("bootstrap.servers");
            let namespace = &member.object.identity.namespace;
            let brokers = servers.and_then(|servers| brokers.behind(namespace, &servers.value));
            (&OF_WORKERS[..], brokers)
        }
        Program::Registry => {
            let servers = member.settings.get("kafkastore.bootstrap.servers");
            let namespace = &member.object.identity.namespace;
            let brokers = servers.and_then(|servers| brokers.behind(namespace, &servers.value));
            // It takes fewer replicas where there are fewer brokers.
            if brokers.is_some_and(|fleet| fleet.count == 1) {
                return;
            }
            (&OF_REGISTRIES[..], None)
        }
        _ => return,
    };
    for (factor_key, min_key, unset) in pairs {
        replicated(member, findings, brokers, (factor_key, min_key, *unset));
    }
    if member.process.program == Program::Broker {
        dangerous(member, findings);
        offsets(member, findings);
    }
}

/// How long the offsets of a group without consumers are kept.
fn offsets(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "offsets.retention.minutes";
    /// A day: a group that is stopped in the evening is there in the morning.
    const LEAST: u64 = 24 * 60;
    let Some(setting) = member.settings.get(KEY) else {
        return;
    };
    // Zero and less are invalid values, which is another finding.
    let Some(minutes) = setting
        .value
        .trim()
        .parse()
        .ok()
        .filter(|minutes| (1..LEAST).contains(minutes))
    else {
        return;
    };
    let kept = Duration::from_millis(minutes * 60_000);
    let message = format!(
        "`{KEY}={minutes}`: a group that pauses for {kept} loses its offsets, and then skips records or reads them again"
    );
    let mut finding = Diagnostic::new(&durability::OFFSETS_RETENTION, message);
    finding.mend(Mend::remove("by default they are kept for 7 days"));
    finding.yaml_hint = Some(finding.remedy(&setting.shown(KEY)));
    member.push(findings, KEY, setting, finding);
}

fn replicated(
    member: &Member<'_>,
    findings: &mut SetFindings,
    fleet: Option<Fleet<'_>>,
    (factor_key, min_key, unset): (&str, &str, Option<i64>),
) {
    let brokers = fleet.map(|fleet| fleet.count);
    let of = |key: &str| member.settings.get(key).filter(|setting| setting.is_known());
    // A value that is not a number is another finding.
    let number = |setting: Option<&Setting>| setting?.value.trim().parse::<i64>().ok();
    let (factor, min) = (of(factor_key), of(min_key));
    let default = factor_key == "default.replication.factor";
    let names = (format!("`{factor_key}`"), format!("`{min_key}`"));
    let replicated = Replicated {
        factor: (&names.0, number(factor)),
        min_in_sync: (&names.1, number(min)),
        brokers,
    };
    for (culprit, mut finding) in replicated.check() {
        // One broker has room for one replica of everything: said once.
        if !default && brokers == Some(1) && *finding.rule == durability::SINGLE_COPY {
            continue;
        }
        let (key, setting) = match culprit {
            Culprit::Factor => (factor_key, factor),
            Culprit::MinInSync => (min_key, min),
        };
        let Some(setting) = setting else { continue };
        finding.yaml_hint(replicated.yaml_hint(culprit, &finding, factor_key, min_key));
        finding.hint(replicated.hint(&finding, Some(".replication(…)")));
        if let Some(fleet) = fleet.filter(|_| *finding.rule == durability::FACTOR_ABOVE_BROKERS) {
            finding.cause = fleet.too_few(replicated.factor.1, default);
        }
        member.push(findings, key, setting, finding);
    }
    // The file that Kafka ships, which that image changes, has a factor of 1.
    if let (None, Some(unset), Some(brokers)) = (factor, unset, brokers)
        && member.settings.get(factor_key).is_none()
        && (1..unset).contains(&brokers)
        && !member.process.image_name().contains("wurstmeister/kafka")
    {
        let s = if brokers == 1 { "" } else { "s" };
        findings
            .add(
                member.index,
                member.process.pointer.clone(),
                &durability::FACTOR_ABOVE_BROKERS,
                format!("`{factor_key}` is {unset} where it is not set, with {brokers} broker{s}"),
            )
            .hint(format!("set `{factor_key}` to {brokers}"));
    }
}

/// Settings that lose records or hide mistakes.
fn dangerous(member: &Member<'_>, findings: &mut SetFindings) {
    for (key, rule, what) in [
        (
            "unclean.leader.election.enable",
            &durability::UNCLEAN_ELECTION,
            "a replica that is out of sync may become leader",
        ),
        (
            "auto.create.topics.enable",
            &durability::AUTO_CREATION,
            "clients create topics by using their names",
        ),
    ] {
        if let Some(setting) = member.settings.get(key)
            && setting.value.trim().eq_ignore_ascii_case("true")
        {
            let mut finding = Diagnostic::new(rule, format!("`{key}=true`: {what}"));
            if *rule == durability::UNCLEAN_ELECTION {
                // It is `false` by default, and no one wants to lose records.
                finding.mend(Mend::drop(""));
                finding.yaml_hint = Some(finding.remedy(&setting.shown(key)));
            } else {
                finding.mend(Mend::remove(""));
                finding.yaml_hint(format!("set `{key}` to `false`"));
            }
            member.push(findings, key, setting, finding);
        }
    }
}
