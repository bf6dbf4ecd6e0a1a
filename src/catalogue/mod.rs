//! Every setting that a Kafka release knows, and what is wrong with one that it does not take.
//!
//! `catalogue.tsv` is read out of Kafka's own jars by `tests/catalogue/run`, and never edited. A line is one definition of one
//! key, in the roles and the release lines that share it:
//!
//! | Column | Holds |
//! |---|---|
//! | key | the file is sorted by it, so that a key is found by bisection and nothing is parsed before it is needed |
//! | roles | a letter each: `b`roker, `t`opic, `p`roducer, `c`onsumer, Connect `w`orker, `a`dmin client, `s`ink and `S`ource connector |
//! | release lines | the first and the last, as `3.9-4.3` |
//! | type | of the `ConfigDef` |
//! | name | what a topic's key is called on a broker |
//! | flags | `i`nternal and not documented, `d`eprecated; how a running broker takes another value: see [`Update`] |
//! | default | `!` there is none and the key must be set, `~` none, `=` and the text |
//! | valid | see [`Valid`] |
//!
//! What no `ConfigDef` says (what replaced a key, which keys plugins read) is in [`notes`], by hand.

mod judge;
mod notes;
#[cfg(test)]
mod tests;
mod valid;

use std::{fmt, sync::OnceLock};

pub(crate) use self::judge::judge;
pub(crate) use self::notes::is_read_by_brokers_only;
use self::valid::Valid;
use crate::version::Version;

const TABLE: &str = include_str!("catalogue.tsv");

/// What reads a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// A broker or a controller: `server.properties`.
    Broker,
    /// A topic: the settings that a broker keeps for it.
    Topic,
    /// A producer.
    Producer,
    /// A consumer.
    Consumer,
    /// A distributed worker of Connect.
    Worker,
    /// An admin client.
    Admin,
    /// A sink connector, whatever its class.
    Sink,
    /// A source connector, whatever its class.
    Source,
}

impl Role {
    /// All roles, in the order of their letters in a line.
    pub(crate) const ALL: [Self; 8] = [
        Self::Broker,
        Self::Topic,
        Self::Producer,
        Self::Consumer,
        Self::Worker,
        Self::Admin,
        Self::Sink,
        Self::Source,
    ];

    /// Whether it is a connector, which is configured by requests to its workers and not by a file.
    const fn is_connector(self) -> bool {
        matches!(self, Self::Sink | Self::Source)
    }

    const fn letter(self) -> char {
        match self {
            Self::Broker => 'b',
            Self::Topic => 't',
            Self::Producer => 'p',
            Self::Consumer => 'c',
            Self::Worker => 'w',
            Self::Admin => 'a',
            Self::Sink => 's',
            Self::Source => 'S',
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "broker",
            Self::Topic => "topic",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Worker => "Connect worker",
            Self::Admin => "admin client",
            Self::Sink => "sink connector",
            Self::Source => "source connector",
        })
    }
}

/// The type that Kafka reads a value as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// A whole number of 16 bits.
    Short,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// Text.
    String,
    /// Text that Kafka keeps out of its log.
    Password,
    /// Text, divided by commas.
    List,
    /// The name of a Java class.
    Class,
}

/// How a running broker takes another value of a key, by `kafka-configs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// Not at all: it reads the value when it starts.
    ReadOnly,
    /// `b`: for one broker at a time.
    PerBroker,
    /// `l`: for one listener of one broker, as `listener.name.NAME.KEY`.
    PerListener,
    /// `c`: for all brokers at once, or for one.
    ClusterWide,
}

/// What Kafka takes where a key is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unset {
    /// Nothing: the key must be set.
    Required,
    /// The absence of a value.
    Nothing,
    /// A value, as text.
    Text(&'static str),
}

/// One definition of a key: the same in all release lines from `since` to `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// What Kafka calls it.
    pub(crate) name: &'static str,
    /// The first release line with this definition.
    pub(crate) since: Version,
    /// The last one, which may be the newest that this crate knows.
    pub(crate) until: Version,
    /// What its value is read as.
    pub(crate) kind: Kind,
    /// What it is called on a broker, as the default of all topics: of a topic's key only.
    pub(crate) broker_name: Option<&'static str>,
    /// Whether Kafka's documentation leaves it out.
    pub(crate) internal: bool,
    /// Whether it is going to be removed.
    pub(crate) deprecated: bool,
    /// How a running broker takes another value: of a broker's key only.
    pub(crate) update: Update,
    /// What holds where it is not set.
    pub(crate) unset: Unset,
    /// The values that Kafka accepts.
    pub(crate) valid: Valid,
    roles: &'static str,
}

/// The kind of client that most of these keys belong to, if they are those of a client: of a file that does not say who reads it.
pub(crate) fn likeliest_client(keys: &[&str]) -> Option<Role> {
    // What a broker or a worker has beside its clients' keys.
    const OF_SERVERS: [&str; 5] = [
        "config.storage.topic",
        "listeners",
        "log.dirs",
        "process.roles",
        "zookeeper.connect",
    ];
    if !keys.contains(&"bootstrap.servers") || keys.iter().any(|key| OF_SERVERS.contains(key)) {
        return None;
    }
    let (mut producer, mut consumer) = (0, 0);
    for key in keys {
        let is_of = |role| Key::named(key).any(|known| known.is_of(role));
        match (is_of(Role::Producer), is_of(Role::Consumer)) {
            (true, false) => producer += 1,
            (false, true) => consumer += 1,
            _ => {}
        }
    }
    match producer.cmp(&consumer) {
        std::cmp::Ordering::Greater => Some(Role::Producer),
        std::cmp::Ordering::Less => Some(Role::Consumer),
        std::cmp::Ordering::Equal => None,
    }
}

impl Key {
    /// The definition of a key in a role and a release line, if it has one.
    pub(crate) fn find(role: Role, version: Version, name: &str) -> Option<Self> {
        Self::named(name).find(|key| key.is_of(role) && key.is_in(version))
    }

    /// All definitions of a key, in all roles and release lines.
    pub(crate) fn named(name: &str) -> impl Iterator<Item = Self> {
        lines_from(name)
            .map_while(move |line| line.strip_prefix(name)?.starts_with('\t').then_some(line))
            .filter_map(Self::parse)
    }

    /// All definitions, sorted by key.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TABLE.lines().filter_map(Self::parse)
    }

    /// Whether a role has this definition.
    pub(crate) fn is_of(&self, role: Role) -> bool {
        self.roles.contains(role.letter())
    }

    /// Whether a release line has this definition.
    pub(crate) fn is_in(&self, version: Version) -> bool {
        self.since <= version && version <= self.until
    }

    /// Whether a value is what holds where the key is not set.
    pub(crate) fn is_unset_by(&self, value: &str) -> bool {
        let Unset::Text(unset) = self.unset else { return false };
        let value = value.trim();
        match self.kind {
            Kind::Boolean => value.eq_ignore_ascii_case(unset),
            Kind::Double => value.parse::<f64>().is_ok_and(|value| unset.parse() == Ok(value)),
            _ => value == unset,
        }
    }

    /// The roles that have this definition.
    pub(crate) fn roles(&self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(|&role| self.is_of(role))
    }

    /// Every line can be parsed: a test reads them all.
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let mut next = || columns.next();
        let (name, roles) = (next()?, next()?);
        let (since, until) = next()?.split_once('-')?;
        let kind = match next()? {
            "boolean" => Kind::Boolean,
            "short" => Kind::Short,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "double" => Kind::Double,
            "string" => Kind::String,
            "password" => Kind::Password,
            "list" => Kind::List,
            "class" => Kind::Class,
            _ => return None,
        };
        let broker_name = next().filter(|name| !name.is_empty());
        let flags = next()?;
        let unset = match next()? {
            "!" => Unset::Required,
            "~" => Unset::Nothing,
            text => Unset::Text(text.strip_prefix('=')?),
        };
        Some(Self {
            name,
            since: version(since)?,
            until: version(until)?,
            kind,
            broker_name,
            internal: flags.contains('i'),
            deprecated: flags.contains('d'),
            update: if flags.contains('c') {
                Update::ClusterWide
            } else if flags.contains('b') {
                Update::PerBroker
            } else if flags.contains('l') {
                Update::PerListener
            } else {
                Update::ReadOnly
            },
            unset,
            valid: Valid::new(next()?),
            roles,
        })
    }
}

fn version(text: &str) -> Option<Version> {
    Version::ALL.into_iter().find(|version| version.line() == text)
}

/// The lines whose key is not less than a name.
fn lines_from(name: &str) -> std::str::Lines<'static> {
    static STARTS: OnceLock<Vec<usize>> = OnceLock::new();
    let starts = STARTS.get_or_init(|| {
        let ends = TABLE.match_indices('\n').map(|(end, _)| end + 1);
        std::iter::once(0).chain(ends).collect()
    });
    let is_less = |start: &usize| {
        let line = &TABLE[*start..];
        line.split_once('\t').map_or(line, |(key, _)| key) < name
    };
    let first = starts.partition_point(is_less);
    TABLE[starts.get(first).copied().unwrap_or(TABLE.len())..].lines()
}
