//! Who answers for what alerts are about.

use std::collections::{BTreeMap, BTreeSet};

use crate::promql::Pattern;

/// A consumer group, a topic or a connector that someone answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// What it is.
    pub kind: OwnedKind,
    /// Its name.
    pub name: String,
    /// The lag, in records, that a group may have, if it is not that of all groups.
    pub lag: Option<u64>,
    /// The team: the label `owner` of alerts.
    pub owner: Option<String>,
    /// Who is called: the label `on_call` of alerts.
    pub on_call: Option<String>,
}

/// What is owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnedKind {
    /// A consumer group.
    Group,
    /// A topic.
    Topic,
    /// A connector of a Connect group.
    Connector,
}

impl OwnedKind {
    /// The label of a series that names it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Group => "consumergroup",
            Self::Topic => "topic",
            Self::Connector => "connector",
        }
    }
}

/// The labels that an owner gives to an alert.
pub(crate) const OWNER_LABELS: [&str; 2] = ["owner", "on_call"];

impl Owned {
    fn value(&self, label: &str) -> Option<&str> {
        match label {
            "owner" => self.owner.as_deref(),
            _ => self.on_call.as_deref(),
        }
    }
}

/// A team, and whom to call: the labels `owner` and `on_call` of alerts.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// Owner::new("payments").on_call("payments-primary");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Owner {
    team: String,
    on_call: Option<String>,
}

impl Owner {
    /// The team: the label `owner`.
    pub fn new(team: impl Into<String>) -> Self {
        Self {
            team: team.into(),
            on_call: None,
        }
    }

    /// Whom to call: the label `on_call`, for Alertmanager's routes.
    pub fn on_call(mut self, rotation: impl Into<String>) -> Self {
        self.on_call = Some(rotation.into());
        self
    }

    pub(crate) fn value(&self, label: &str) -> Option<&str> {
        match label {
            "owner" => Some(&self.team),
            _ => self.on_call.as_deref(),
        }
    }
}

/// The owner of the consumer groups whose whole name matches a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupOwner {
    pub pattern: String,
    pub owner: Owner,
}

/// Everyone who answers for groups, topics and connectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owners<'a> {
    /// Those that applications and connectors declare.
    pub declared: &'a [Owned],
    /// Those of groups that nothing declares: the first pattern that matches counts.
    pub patterns: &'a [GroupOwner],
    /// Labels of all alerts: the owner of what no one else owns is among them.
    pub labels: &'a [(String, String)],
}

impl<'a> Owners<'a> {
    /// One of the labels of the owner of a group, topic or connector.
    pub(crate) fn of(self, label: &str, kind: OwnedKind, name: &str) -> Option<&'a str> {
        let own = if self.is_declared(kind, name) {
            self.declared_value(label, kind, name)
        } else {
            let matches =
                |owner: &&GroupOwner| Pattern::parse(&owner.pattern).is_some_and(|pattern| pattern.is_match(name));
            let owner = self.patterns_of(kind).iter().find(matches);
            owner.and_then(|owner| owner.owner.value(label))
        };
        own.or_else(|| self.default(label))
    }

    /// The labels of an alert that say who owns what it is about, as templates: each owner with its groups, topics or
    /// connectors. Prometheus leaves out a label whose template comes to nothing.
    pub(crate) fn templates(self, kind: OwnedKind) -> Vec<(&'static str, String)> {
        let of_label = |label| Some((label, self.template(label, kind)?));
        OWNER_LABELS.into_iter().filter_map(of_label).collect()
    }

    fn template(self, label: &str, kind: OwnedKind) -> Option<String> {
        let patterns = self.patterns_of(kind);
        let default = self.default(label);
        let names: BTreeSet<&str> = self
            .declared
            .iter()
            .filter(|owned| owned.kind == kind && self.is_declared(kind, &owned.name))
            .map(|owned| owned.name.as_str())
            .collect();
        let mut declared: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in names {
            let value = self.declared_value(label, kind, name).or(default);
            // Without a value of its own it must not get that of a pattern.
            if let Some(value) = value.or_else(|| (!patterns.is_empty()).then_some("")) {
                declared.entry(value).or_default().push(format!("{name:?}"));
            }
        }
        let variable = format!("$labels.{}", kind.label());
        let declared = declared
            .into_iter()
            .map(|(owner, names)| (format!("eq {variable} {}", names.join(" ")), owner));
        let matched = patterns.iter().map(|GroupOwner { pattern, owner }| {
            let value = owner.value(label).or(default).unwrap_or_default();
            (format!("match `^(?:{pattern})$` {variable}"), value)
        });
        let cases: Vec<(String, &str)> = declared.chain(matched).collect();
        if cases.iter().all(|(_, owner)| owner.is_empty()) {
            return default.map(str::to_owned);
        }
        let cases: Vec<String> = cases
            .into_iter()
            .map(|(condition, owner)| format!("if {condition} }}}}{owner}"))
            .collect();
        let rest = default.map_or_else(String::new, |owner| format!("{{{{ else }}}}{owner}"));
        Some(format!("{{{{ {}{rest}{{{{ end }}}}", cases.join("{{ else ")))
    }

    fn patterns_of(self, kind: OwnedKind) -> &'a [GroupOwner] {
        if kind == OwnedKind::Group { self.patterns } else { &[] }
    }

    /// Whether someone is declared as its owner.
    fn is_declared(self, kind: OwnedKind, name: &str) -> bool {
        let is_it = |owned: &&Owned| owned.kind == kind && owned.name == name;
        let mut all = self.declared.iter().filter(is_it);
        all.any(|owned| owned.owner.is_some() || owned.on_call.is_some())
    }

    /// None if no one is declared, or several are.
    fn declared_value(self, label: &str, kind: OwnedKind, name: &str) -> Option<&'a str> {
        let is_it = |owned: &&Owned| owned.kind == kind && owned.name == name;
        let mut values = self.declared.iter().filter(is_it).map(|owned| owned.value(label));
        let first = values.next()?;
        values.all(|other| other == first).then_some(first)?
    }

    fn default(self, label: &str) -> Option<&'a str> {
        let mut all = self.labels.iter().rev();
        all.find(|(name, _)| name == label).map(|(_, value)| value.as_str())
    }
}
