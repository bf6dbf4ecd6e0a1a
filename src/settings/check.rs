//! One check for every file that a construct renders: whichever way a setting was made, Kafka has to accept it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Key, Raw, Role, Settings, catalogue::judge, is_secret, is_setting_name};
use crate::{
    construct::Check,
    diagnostics::{
        Location, Rule, Severity,
        rules::{client, kraft, registry, setting, stack, topic},
    },
    version::Version,
};

/// Keys whose value in our files differs from Kafka's default although no one set them.
const PRESET: [&str; 1] = ["auto.create.topics.enable"];

/// Who reads a file, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) role: Role,
    pub(crate) version: Version,
    /// The part of the construct that the file belongs to, and the line that made it.
    pub(crate) item: &'a str,
    pub(crate) location: Location,
}

/// The rule about keys that the construct sets itself, and those about single settings.
const fn rules(role: Role) -> (&'static Rule, &'static setting::Settings) {
    match role {
        Role::Broker => (&kraft::OWNED_SETTING, &setting::BROKER),
        Role::Topic => (&topic::CONTRADICTION, &setting::TOPIC),
        Role::Producer | Role::Consumer | Role::Admin => (&client::OWNED_SETTING, &setting::CLIENT),
        Role::Worker => (&registry::OWNED_SETTING, &setting::WORKER),
    }
}

impl Reader<'_> {
    /// Reports every setting that Kafka would ignore or refuse, and every raw one that cannot be meant. Several files belong to
    /// several pools and have the same raw settings: what they have in common is reported once.
    pub(crate) fn check(&self, check: &mut Check<'_>, files: &[Settings]) {
        let (owned, rules) = rules(self.role);
        let Some(first) = files.first() else { return };
        first.check_raw(check, owned, self.item);
        self.check_protocol(check, first, rules.absent);
        let mut reported = BTreeSet::new();
        for (key, value, settings) in all(files) {
            let raw = settings.raw(key);
            // What is refused as a whole needs no judge.
            if raw.is_some() && (!is_setting_name(key) || settings.owner(key).is_some()) {
                continue;
            }
            if let (Some(rule), Some(raw)) = (rules.default, raw)
                && !PRESET.contains(&key)
                && Key::find(self.role, self.version, key).is_some_and(|known| known.is_unset_by(value))
            {
                check.report(rule, format!("`{key}` is {:?} by default", value.trim()), |finding| {
                    finding.item(self.item).at(raw.location).hint(format!(
                        "remove `.config(\"{key}\", …)`, unless it must stay when the default changes"
                    ));
                });
            }
            for mut finding in judge(rules, self.role, self.version, key, value) {
                finding.hint = match raw {
                    Some(_) => hint_of_raw(key, finding.rule, &finding.hint, rules),
                    None => settings.typed.get(key).map(super::Typed::change).unwrap_or_default(),
                };
                // One call may set several keys.
                if raw.is_none() && !reported.insert((finding.hint.clone(), value)) {
                    continue;
                }
                let location = raw.map_or(self.location, |setting| setting.location);
                check.add(finding, |finding| {
                    finding.item(self.item).at(location);
                });
            }
        }
    }
}

/// What a consumer does not start with, besides what its `ConfigDef` says (Kafka 3.9.2 to 4.3.1, `ConsumerConfig`): in 3.9 a remote
/// assignor without the protocol that has one; from 4.0 on also what the brokers decide in the new protocol, and what only share consumers
/// have.
fn refused_by_protocol(version: Version, protocol: &str) -> &'static [&'static str] {
    match (version, protocol) {
        (Version::V3_9, "consumer") => &[],
        (_, "consumer") => &[
            "heartbeat.interval.ms",
            "partition.assignment.strategy",
            "session.timeout.ms",
            "share.acknowledgement.mode",
            "share.acquire.mode",
        ],
        _ => &[
            "group.remote.assignor",
            "share.acknowledgement.mode",
            "share.acquire.mode",
        ],
    }
}

impl Reader<'_> {
    /// Raw settings that a consumer refuses because of its `group.protocol`.
    fn check_protocol(&self, check: &mut Check<'_>, settings: &Settings, rule: &'static Rule) {
        let prefix = match self.role {
            Role::Consumer => "",
            Role::Worker => "consumer.",
            Role::Broker | Role::Topic | Role::Producer | Role::Admin => return,
        };
        let protocol = settings.get(&format!("{prefix}group.protocol")).unwrap_or("classic");
        let protocol = protocol.trim().to_ascii_lowercase();
        for key in refused_by_protocol(self.version, &protocol) {
            let key = format!("{prefix}{key}");
            let Some(raw) = settings.raw(&key) else { continue };
            let message = format!("a consumer with `group.protocol={protocol}` refuses `{key}`");
            let instead = match (protocol.as_str(), key.ends_with("group.remote.assignor")) {
                (_, true) => ", or set `group.protocol` to `consumer`",
                ("consumer", _) if !key.contains("share.") => ": the brokers decide, by `group.consumer.…`",
                _ => ": only share consumers have it",
            };
            check.report(rule, message, |finding| {
                finding
                    .item(self.item)
                    .at(raw.location)
                    .hint(format!("remove `.config(\"{key}\", …)`{instead}"));
            });
        }
    }
}

/// Every pair of key and value once, and one of the files that have it.
fn all(files: &[Settings]) -> impl Iterator<Item = (&str, &str, &Settings)> {
    let mut pairs = BTreeMap::new();
    for settings in files {
        let typed = settings.typed.iter().filter(|(_, typed)| typed.value.is_some());
        for key in typed.map(|(key, _)| key).chain(settings.raw.iter().map(|raw| &raw.key)) {
            let key = key.as_str();
            pairs
                .entry((key, settings.get(key).unwrap_or_default()))
                .or_insert(settings);
        }
    }
    pairs.into_iter().map(|((key, value), settings)| (key, value, settings))
}

fn hint_of_raw(key: &str, rule: &'static Rule, instead: &str, rules: &setting::Settings) -> String {
    let call = format!("`.config(\"{key}\", …)`");
    let is_unknown = rule == rules.unknown;
    let hint = match instead {
        "" if rule == rules.value => format!("change {call}"),
        "" => format!("remove {call}"),
        _ if is_unknown => instead.to_owned(),
        _ => format!("remove {call}: {instead}"),
    };
    // Kafka refuses a topic with an unknown key: that cannot be acknowledged.
    if is_unknown && rule.production == Severity::Warning {
        format!("{hint}, or acknowledge {} if a plugin reads it", rule.id)
    } else {
        hint
    }
}

impl super::Typed {
    /// How to change what code set.
    fn change(&self) -> String {
        match (self.call, self.instead) {
            (Some(call), _) => format!("change it in `{call}`"),
            (None, Some(instead)) => instead.replacen("use ", "change it in ", 1),
            (None, None) => String::new(),
        }
    }
}

impl Settings {
    /// What sets a key, where it cannot be set by name: what is wrong with the attempt, and what to do instead.
    fn owner(&self, key: &str) -> Option<(String, String)> {
        let typed = self.typed.get(key)?;
        let call = format!("`.config(\"{key}\", …)`");
        match (typed.instead, typed.call) {
            (Some(instead), _) => Some((
                format!("`{key}` cannot be set here"),
                format!("remove {call}: {instead}"),
            )),
            (None, Some(_)) => Some((
                format!("`{key}` is set by a builder call too"),
                format!("remove {call}"),
            )),
            (None, None) => None,
        }
    }

    /// Reports raw settings that cannot be meant: those that code sets, odd or repeated keys, and secrets.
    pub(crate) fn check_raw(&self, check: &mut Check<'_>, owned: &'static Rule, item: &str) {
        let mut seen = BTreeMap::new();
        for Raw { key, value, location } in &self.raw {
            let (rule, message, hint) = if let Some((message, hint)) = self.owner(key) {
                (owned, message, hint)
            } else if !is_setting_name(key) {
                let message = format!("{key:?} cannot be the name of a setting");
                (&stack::RAW_SETTING, message, "use Kafka's name of it".to_owned())
            } else if let Some(first) = seen.insert(key, *location) {
                let message = format!("`{key}` is set at {first} too");
                (&stack::RAW_SETTING, message, "remove one of the two".to_owned())
            } else if is_secret(key) && !value.contains("${") {
                let message = format!("the value of `{key}` would be readable by everyone");
                let hint = "use `${env:NAME}`, and amend the workload with NAME from a Secret";
                (&stack::SECRET, message, hint.to_owned())
            } else {
                continue;
            };
            check.report(rule, message, |finding| {
                finding.item(item).at(*location).hint(hint);
            });
        }
    }
}
