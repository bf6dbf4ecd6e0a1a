//! What a process of the Kafka family is told: the settings that code makes, those that a stack sets by Kafka's own names, and
//! the catalogue that both are checked against.

mod check;
mod properties;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

pub(crate) use check::Reader;
pub use properties::Properties;

use crate::{
    catalogue::{Key, Role},
    diagnostics::{Author, Location, Origin},
};

/// All settings of one file or topic.
///
/// A builder call sets a key as it is made, and the construct adds what follows from it when it is rendered. Each entry says how
/// it came about, so the list that is rendered is also the list of what may not be set by name, and of what to do instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    typed: BTreeMap<String, Typed>,
    raw: Vec<Raw>,
}

/// A key that code sets, or keeps for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    /// None where the key is only reserved.
    value: Option<String>,
    /// The builder call that set it, as `.io_threads(…)`.
    call: Option<&'static str>,
    /// Why it cannot be set by name: `use …` or `it is …`.
    instead: Option<&'static str>,
}

/// A setting by its Kafka name, and the line that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) location: Location,
}

impl Settings {
    /// What a builder call sets. The same key cannot be set by name then.
    pub(crate) fn set(&mut self, call: &'static str, key: impl Into<String>, value: impl Display) -> &mut Self {
        let typed = self.typed.entry(key.into()).or_default();
        typed.value = Some(value.to_string());
        typed.call = Some(call);
        self
    }

    /// What the construct sets and a raw setting may change.
    pub(crate) fn preset(&mut self, key: impl Into<String>, value: impl Display) -> &mut Self {
        self.typed.entry(key.into()).or_default().value = Some(value.to_string());
        self
    }

    /// What follows from the construct and cannot be set by name. `instead` says what to do: `use …`, or why not: `it is …`.
    /// Without a value the key is reserved, because it does not apply here.
    pub(crate) fn own(
        &mut self,
        key: impl Into<String>,
        value: impl Into<Option<String>>,
        instead: &'static str,
    ) -> &mut Self {
        let typed = self.typed.entry(key.into()).or_default();
        typed.instead = Some(instead);
        if let Some(value) = value.into() {
            typed.value = Some(value);
        }
        self
    }

    /// Keys that cannot be set by name. A value that a builder call gave one stays.
    pub(crate) fn reserve(&mut self, instead: &'static str, keys: impl IntoIterator<Item = &'static str>) -> &mut Self {
        for key in keys {
            self.own(key, None, instead);
        }
        self
    }

    /// Lets `${env:NAME}` in a value stand for an environment variable of the process.
    pub(crate) fn resolve_environment(&mut self) -> &mut Self {
        self.resolve(properties::ENVIRONMENT)
    }

    /// Lets `${dir:PATH:FILE}` in a value stand for the content of a file, such as one of a mounted Secret.
    pub(crate) fn resolve_directories(&mut self) -> &mut Self {
        self.resolve(properties::DIRECTORIES)
    }

    fn resolve(&mut self, (name, class): (&str, &str)) -> &mut Self {
        const LIST: &str = "config.providers";
        let listed = self.typed.get(LIST).and_then(|typed| typed.value.as_deref());
        let mut names: BTreeSet<&str> = listed.into_iter().flat_map(|list| list.split(',')).collect();
        names.insert(name);
        let list = names.into_iter().collect::<Vec<_>>().join(",");
        self.preset(LIST, list).preset(format!("{LIST}.{name}.class"), class)
    }

    /// A setting by its Kafka name. Called by a builder's `config`, which must be `#[track_caller]` too.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "as `config` takes it")]
    pub(crate) fn push_raw(&mut self, key: impl Into<String>, value: impl ToString) {
        self.raw.push(Raw {
            key: key.into(),
            value: value.to_string(),
            location: Location::caller(),
        });
    }

    /// All raw settings, in the order in which they were made.
    pub(crate) fn all_raw(&self) -> &[Raw] {
        &self.raw
    }

    /// A raw setting. Of two with one key, which the check refuses, the last.
    pub(crate) fn raw(&self, key: &str) -> Option<&Raw> {
        self.raw.iter().rev().find(|raw| raw.key == key)
    }

    /// The value of a key: a raw setting comes last, and so it holds.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        match self.raw(key) {
            Some(raw) => Some(&raw.value),
            None => self.typed.get(key)?.value.as_deref(),
        }
    }

    /// The value of a key as a number, if it is one.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.trim().parse().ok()
    }

    /// Where each setting came from, once it is written into a field of an object; of a key that is only reserved, what is said instead.
    /// `item` is the part of the construct that they belong
    /// to, `location` its line; `prefix` stands before each key in the text.
    pub(crate) fn origins(&self, field: &str, prefix: &str, item: &str, location: Location) -> Vec<Origin> {
        let origin = |key: &str, value: &str, location, author| Origin {
            field: field.to_owned(),
            setting: format!("{prefix}{key}"),
            value: value.to_owned(),
            item: item.to_owned(),
            location,
            author,
        };
        let typed = self.typed.iter().filter(|(key, _)| self.raw(key).is_none());
        let typed = typed.filter_map(|(key, typed)| {
            let author = typed.call.map_or(Author::Construct(typed.instead), Author::Call);
            let value = typed.value.as_deref();
            (value.is_some() || typed.instead.is_some())
                .then(|| origin(key, value.unwrap_or_default(), location, author))
        });
        // One that is refused as a whole needs no judge.
        let raw = self
            .raw
            .iter()
            .filter(|raw| self.owner(&raw.key).is_none())
            .map(|raw| origin(&raw.key, &raw.value, raw.location, Author::Raw));
        typed.chain(raw).collect()
    }

    /// The file.
    pub(crate) fn properties(&self) -> Properties {
        let typed = self
            .typed
            .iter()
            .filter_map(|(key, typed)| Some((key, typed.value.as_ref()?)));
        let raw = self.raw.iter().map(|raw| (&raw.key, &raw.value));
        typed.chain(raw).collect()
    }
}

/// Whether this can be the name of a setting.
pub(crate) fn is_setting_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}
