//! What only a stack can say wrongly of its settings: by raw names, beside the builder calls.

use std::collections::BTreeMap;

use super::{Key, Raw, Role, Settings, is_setting_name};
use crate::{
    construct::Check,
    diagnostics::{
        Rule,
        rules::{client, connector, kraft, registry, setting, stack, topic},
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
    /// The part of the construct that the file belongs to.
    pub(crate) item: &'a str,
}

/// The rule about keys that the construct sets itself, and that about values that hold anyway.
const fn rules(role: Role) -> (&'static Rule, Option<&'static Rule>) {
    match role {
        Role::Broker => (&kraft::OWNED_SETTING, setting::BROKER.default),
        Role::Topic => (&topic::CONTRADICTION, setting::TOPIC.default),
        Role::Producer | Role::Consumer | Role::Admin => (&client::OWNED_SETTING, setting::CLIENT.default),
        Role::Worker => (&registry::OWNED_SETTING, setting::WORKER.default),
        Role::Sink | Role::Source => (&connector::OWNED_SETTING, setting::CONNECTOR.default),
    }
}

impl Reader<'_> {
    /// Reports raw settings that cannot be meant, or need not be said. What Kafka takes is judged on the finished files. Files of several
    /// pools have the same raw settings: one of them says all.
    pub(crate) fn check(&self, check: &mut Check<'_>, file: &Settings) {
        let (owned, default) = rules(self.role);
        file.check_raw(check, owned, self.item);
        let Some(default) = default else { return };
        for Raw { key, value, location } in &file.raw {
            if !PRESET.contains(&key.as_str())
                && file.owner(key).is_none()
                && Key::find(self.role, self.version, key).is_some_and(|known| known.is_unset_by(value))
            {
                check.report(
                    default,
                    format!("`{key}` is {:?} by default", value.trim()),
                    |finding| {
                        finding.item(self.item).at(*location).hint(format!(
                            "remove `.config(\"{key}\", …)`, unless it must stay when the default changes"
                        ));
                    },
                );
            }
        }
    }
}

impl Settings {
    /// What sets a key, where it cannot be set by name: what is wrong with the attempt, and what to do instead.
    pub(super) fn owner(&self, key: &str) -> Option<(String, String)> {
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

    /// Reports raw settings that cannot be meant: those that code sets, and odd or repeated keys.
    pub(crate) fn check_raw(&self, check: &mut Check<'_>, owned: &'static Rule, item: &str) {
        let mut seen = BTreeMap::new();
        for Raw { key, location, .. } in &self.raw {
            let (rule, message, hint) = if let Some((message, hint)) = self.owner(key) {
                (owned, message, hint)
            } else if !is_setting_name(key) {
                let message = format!("{key:?} cannot be the name of a setting");
                (&stack::RAW_SETTING, message, "use Kafka's name of it".to_owned())
            } else if let Some(first) = seen.insert(key, *location) {
                let message = format!("`{key}` is set at {first} too");
                (&stack::RAW_SETTING, message, "remove one of the two".to_owned())
            } else {
                continue;
            };
            check.report(rule, message, |finding| {
                finding.item(item).at(*location).hint(hint);
            });
        }
    }
}
