//! Who answers for what alerts are about.

use std::collections::{BTreeMap, BTreeSet};

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

/// One of the labels of the owner of a group, topic or connector; none if no one owns it, or several do.
pub(crate) fn owner<'a>(all: &'a [Owned], label: &str, kind: OwnedKind, name: &str) -> Option<&'a str> {
    let mut values = all
        .iter()
        .filter(|owned| owned.kind == kind && owned.name == name)
        .map(|owned| owned.value(label));
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)?
}

/// The labels of an alert that say who owns what it is about, as templates: each owner with its groups, topics or connectors.
/// Prometheus leaves out a label whose template comes to nothing.
pub(crate) fn owner_templates(all: &[Owned], kind: OwnedKind) -> Vec<(&'static str, String)> {
    let names: BTreeSet<&str> = all
        .iter()
        .filter(|owned| owned.kind == kind)
        .map(|owned| owned.name.as_str())
        .collect();
    let mut templates = Vec::new();
    for label in OWNER_LABELS {
        let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in &names {
            if let Some(owner) = owner(all, label, kind, name) {
                owners.entry(owner).or_default().push(format!("{name:?}"));
            }
        }
        let cases: Vec<String> = owners
            .into_iter()
            .map(|(owner, names)| format!("if eq $labels.{} {} }}}}{owner}", kind.label(), names.join(" ")))
            .collect();
        if !cases.is_empty() {
            templates.push((label, format!("{{{{ {}{{{{ end }}}}", cases.join("{{ else "))));
        }
    }
    templates
}
