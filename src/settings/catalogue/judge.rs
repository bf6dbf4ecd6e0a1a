//! What is wrong with a setting.

use super::{Key, Role, notes, valid::Refusal};
use crate::{nearest::nearest, workload::Version};

/// What is wrong with a setting of a role in a release line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has such a key.
    Unknown {
        /// The role that was asked.
        role: Role,
        /// A key that may have been meant.
        nearest: Option<String>,
    },
    /// Others have it.
    OtherRole {
        /// The role that was asked.
        role: Role,
        /// Those that have it.
        others: Vec<Role>,
        /// What it is called in the role that was asked.
        instead: Option<&'static str>,
    },
    /// It was there once.
    Removed {
        /// The last line that had it, if this crate knows that line.
        last: Option<Version>,
        /// What to do instead.
        instead: Option<&'static str>,
    },
    /// It comes later.
    NotYet {
        /// The first line that has it.
        first: Version,
    },
    /// It is going to be removed.
    Deprecated {
        /// What to do instead.
        instead: Option<&'static str>,
    },
    /// Kafka refuses the value.
    Refused(Refusal),
    /// The prefix of a listener's own settings is written in lower case; otherwise Kafka passes them over.
    ListenerInCapitals {
        /// The key as Kafka looks for it.
        instead: String,
    },
}

/// The kind of a verdict: what a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The key is unknown, which may be right where a plugin reads it.
    Unknown,
    /// The key has no meaning in this role or this line.
    Absent,
    /// The key is going to be removed.
    Deprecated,
    /// The value.
    Value,
}

impl Verdict {
    /// What kind of mistake it is.
    pub const fn concern(&self) -> Concern {
        match self {
            Self::Unknown { .. } => Concern::Unknown,
            Self::OtherRole { .. } | Self::Removed { .. } | Self::NotYet { .. } | Self::ListenerInCapitals { .. } => {
                Concern::Absent
            }
            Self::Deprecated { .. } => Concern::Deprecated,
            Self::Refused(_) => Concern::Value,
        }
    }

    /// What is wrong: a lowercase fragment.
    pub fn message(&self, version: Version, key: &str, value: &str) -> String {
        match self {
            Self::Unknown { role, .. } => format!("no {role} of Kafka {version} has a setting `{key}`"),
            Self::OtherRole { role, others, .. } => {
                let others: Vec<String> = others.iter().map(|role| format!("{role}s")).collect();
                format!("`{key}` is a setting of {}, not of {role}s", others.join(", "))
            }
            Self::Removed { last: Some(last), .. } => {
                format!("`{key}` was removed after Kafka {last}, and this is {version}")
            }
            Self::Removed { last: None, .. } => format!("`{key}` was removed long before Kafka {version}"),
            Self::NotYet { first } => format!("`{key}` exists from Kafka {first} on, and this is {version}"),
            Self::Deprecated { .. } => format!("`{key}` is deprecated in Kafka {version}"),
            Self::Refused(Refusal::Type(kind)) => format!("`{key}` takes {kind}, not {value:?}"),
            Self::Refused(Refusal::Range(range)) => format!("`{key}` is {value}, and Kafka takes {range}"),
            Self::Refused(Refusal::Value(valid)) => format!("`{key}` takes {valid}, not {value:?}"),
            Self::ListenerInCapitals { .. } => {
                format!("`{key}` is passed over: Kafka looks for the listener's name in lower case")
            }
        }
    }

    /// How to mend it, where Kafka says more than that the setting is wrong.
    pub fn instead(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest, .. } => nearest.as_ref().map(|key| format!("use `{key}` if that was meant")),
            Self::OtherRole { instead, .. } => instead.map(|key| format!("use `{key}`")),
            Self::Removed { instead, .. } | Self::Deprecated { instead } => instead.map(str::to_owned),
            Self::ListenerInCapitals { instead } => Some(format!("use `{instead}`")),
            Self::NotYet { .. } | Self::Refused(_) => None,
        }
    }
}

/// Judges a setting as the role would in a release line. A value that a provider fills in when the process starts, as
/// `${env:NAME}`, cannot be judged, and of a plugin's keys nothing is known.
pub fn judge(role: Role, version: Version, key: &str, value: &str) -> Vec<Verdict> {
    if let Some(known) = Key::find(role, version, key) {
        return judge_value(role, &known, value);
    }
    if role == Role::Broker
        && let Some((listener, rest)) = key.strip_prefix("listener.name.").and_then(|rest| rest.split_once('.'))
    {
        return judge_listener(version, listener, rest, value);
    }
    if role == Role::Worker
        && let Some((prefix, role, rest)) = of_worker(key)
    {
        let mut verdicts = judge(role, version, rest, value);
        for verdict in &mut verdicts {
            if let Verdict::Unknown {
                nearest: Some(name), ..
            } = verdict
            {
                name.insert_str(0, prefix);
            }
        }
        return verdicts;
    }
    if notes::is_read_by_a_plugin(role, key) {
        return Vec::new();
    }
    vec![absent(role, version, key)]
}

/// A listener's own setting: of the listener, or of one of its mechanisms, which may know keys of their own.
fn judge_listener(version: Version, listener: &str, key: &str, value: &str) -> Vec<Verdict> {
    if listener.chars().any(|c| c.is_ascii_uppercase()) {
        return vec![Verdict::ListenerInCapitals {
            instead: format!("listener.name.{}.{key}", listener.to_ascii_lowercase()),
        }];
    }
    let of_mechanism = || key.split_once('.').map(|(_, rest)| rest);
    let find = |key| Key::find(Role::Broker, version, key);
    find(key)
        .or_else(|| of_mechanism().and_then(find))
        .map(|known| judge_value(Role::Broker, &known, value))
        .unwrap_or_default()
}

/// What a worker's key begins with, whose setting it passes on, and under which key. It makes clients and its own topics, and serves HTTPS.
fn of_worker(key: &str) -> Option<(&'static str, Role, &str)> {
    const PREFIXES: [(&str, Role); 8] = [
        ("producer.", Role::Producer),
        ("consumer.", Role::Consumer),
        ("admin.listeners.https.", Role::Worker),
        ("admin.", Role::Admin),
        ("listeners.https.", Role::Worker),
        ("config.storage.", Role::Topic),
        ("offset.storage.", Role::Topic),
        ("status.storage.", Role::Topic),
    ];
    PREFIXES
        .into_iter()
        .find_map(|(prefix, role)| Some((prefix, role, key.strip_prefix(prefix)?)))
}

/// Why the role has no such key in this line.
fn absent(role: Role, version: Version, key: &str) -> Verdict {
    let of_role = || Key::named(key).filter(|known| known.is_of(role));
    let instead = notes::gone(key).map(|note| note.instead);
    if let Some(last) = of_role()
        .map(|known| known.until)
        .filter(|&until| until < version)
        .max()
    {
        return Verdict::Removed {
            last: Some(last),
            instead,
        };
    }
    if let Some(first) = of_role().map(|known| known.since).min() {
        return Verdict::NotYet { first };
    }
    let mut others: Vec<Role> = Key::named(key)
        .flat_map(|known| known.roles().collect::<Vec<_>>())
        .collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        let instead = match role {
            Role::Broker => Key::find(Role::Topic, version, key).and_then(|known| known.broker_name),
            Role::Topic => keys(Role::Topic, version)
                .find(|known| known.broker_name == Some(key))
                .map(|known| known.name),
            _ => None,
        };
        return Verdict::OtherRole { role, others, instead };
    }
    if instead.is_some() {
        return Verdict::Removed { last: None, instead };
    }
    let known = keys(role, version).filter(|known| !known.internal && !known.deprecated);
    Verdict::Unknown {
        role,
        nearest: nearest(key, known.map(|known| known.name)).map(str::to_owned),
    }
}

fn keys(role: Role, version: Version) -> impl Iterator<Item = Key> {
    Key::all().filter(move |key| key.is_of(role) && key.is_in(version))
}

fn judge_value(role: Role, key: &Key, value: &str) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if key.deprecated {
        verdicts.push(Verdict::Deprecated {
            instead: notes::gone(key.name).map(|note| note.instead),
        });
    }
    // No provider looks at the settings of a topic.
    if role != Role::Topic && is_filled_in(value) {
        return verdicts;
    }
    if let Err(refusal) = key.accepts(value) {
        verdicts.push(Verdict::Refused(refusal));
    }
    verdicts
}

/// Whether a provider has a say in a value: `${provider:…}`.
fn is_filled_in(value: &str) -> bool {
    value.split("${").skip(1).any(|rest| {
        rest.split('}')
            .next()
            .is_some_and(|inner| inner.len() < rest.len() && inner.contains(':'))
    })
}
