//! One check for every file of properties that a construct renders: whatever made a setting, Kafka has to take it.

use std::collections::{BTreeMap, BTreeSet};

use super::is_setting_name;
use crate::{
    construct::Check,
    diagnostics::{Location, Severity, rules::setting::Settings},
    settings::{
        Override, Properties,
        catalogue::{Concern, Key, Role, judge},
    },
    workload::Version,
};

/// Keys that hold otherwise in our files than Kafka's default, where nobody sets them.
const OTHERWISE: [&str; 1] = ["auto.create.topics.enable"];

/// A finished file, and how its settings were made.
pub(crate) struct File<'a> {
    pub(crate) rules: &'static Settings,
    pub(crate) role: Role,
    pub(crate) version: Version,
    /// The part of the construct that the file is of, and the line that made it.
    pub(crate) item: &'a str,
    pub(crate) location: Location,
    /// Keys that the construct makes, and what to do instead of setting them: `use …` or `it is …`.
    pub(crate) owned: &'a [(&'a str, &'a str)],
    /// Keys that a builder call makes, unless it is in `owned`, and the call.
    pub(crate) calls: &'a [(&'a str, &'a str)],
    /// What builder calls made.
    pub(crate) set: &'a Properties,
    /// What was set by its Kafka name.
    pub(crate) overrides: &'a [Override],
}

impl File<'_> {
    /// Reports every setting that Kafka would pass over or refuse. Several files are those of several pools: what they have in
    /// common is told once.
    pub(crate) fn check(&self, check: &mut Check<'_>, files: &[Properties]) {
        let raw: BTreeMap<&str, &Override> = self
            .overrides
            .iter()
            .map(|setting| (setting.key.as_str(), setting))
            .collect();
        let settings: BTreeSet<(&str, &str)> = files.iter().flat_map(Properties::iter).collect();
        let mut told = BTreeSet::new();
        for (key, value) in settings {
            let raw = raw.get(key);
            // What the construct refuses as a whole needs no judge.
            if raw.is_some()
                && (!is_setting_name(key)
                    || self.set.get(key).is_some()
                    || self.owned.iter().any(|(owned, _)| *owned == key))
            {
                continue;
            }
            if let (Some(rule), Some(raw)) = (self.rules.default, raw)
                && !OTHERWISE.contains(&key)
                && Key::find(self.role, self.version, key).is_some_and(|known| known.is_unset_by(value))
            {
                check.report(
                    rule,
                    format!("`{key}` is {:?} without being set", value.trim()),
                    |finding| {
                        finding.item(self.item).at(raw.location).hint(format!(
                            "remove `.config(\"{key}\", …)`, unless it must stay when the default changes"
                        ));
                    },
                );
            }
            for verdict in judge(self.role, self.version, key, value) {
                let rule = match verdict.concern() {
                    Concern::Unknown => self.rules.unknown,
                    Concern::Absent => self.rules.absent,
                    Concern::Deprecated => self.rules.deprecated,
                    Concern::Value => self.rules.value,
                };
                let hint = if raw.is_some() {
                    let call = format!("`.config(\"{key}\", …)`");
                    let mend = match (verdict.instead(), verdict.concern()) {
                        (Some(instead), Concern::Unknown) => instead,
                        (Some(instead), _) => format!("remove {call}: {instead}"),
                        (None, Concern::Value) => format!("change {call}"),
                        (None, _) => format!("remove {call}"),
                    };
                    // Kafka refuses what no topic has: there is nothing to acknowledge.
                    if verdict.concern() == Concern::Unknown && rule.production == Severity::Warning {
                        format!("{mend}, or acknowledge {} if a plugin reads it", rule.id)
                    } else {
                        mend
                    }
                } else {
                    self.hint_of_call(key)
                };
                // One call may make several settings.
                if raw.is_none() && !told.insert((hint.clone(), value)) {
                    continue;
                }
                let location = raw.map_or(self.location, |setting| setting.location);
                check.report(rule, verdict.message(self.version, key, value), |finding| {
                    finding.item(self.item).at(location).hint(hint);
                });
            }
        }
    }

    fn hint_of_call(&self, key: &str) -> String {
        let find = |table: &[(&str, &str)]| {
            let (_, text) = table.iter().find(|(known, _)| *known == key)?;
            Some((*text).to_owned())
        };
        match find(self.calls) {
            Some(call) => format!("change it in `{call}`"),
            None => find(self.owned)
                .map(|instead| instead.replacen("use ", "change it in ", 1))
                .unwrap_or_default(),
        }
    }
}
