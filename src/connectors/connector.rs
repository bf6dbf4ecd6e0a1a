//! A connector: a class, its topics, and its settings.

use std::collections::BTreeSet;

use super::step::{Converter, Predicate, Transform};
use crate::{connect::secret_directory, diagnostics::Location, kafka::TopicHandle, settings::Settings};

/// What a connector is: the class of its plugin, and whether it reads or writes topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorClass {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// Which way records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// From another system into topics.
    Source,
    /// From topics into another system.
    Sink,
}

impl ConnectorClass {
    /// A class that writes topics, by its full name.
    pub fn source(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Source,
        }
    }

    /// A class that reads topics, by its full name.
    pub fn sink(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Sink,
        }
    }
}

/// A key of a Secret in the workers' namespace. The workers mount the Secret: [`Connect::secret`](crate::connect::Connect::secret).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretKey {
    pub(super) secret: String,
    pub(super) key: String,
}

impl SecretKey {
    /// This key of this Secret.
    pub fn new(secret: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            key: key.into(),
        }
    }

    /// What the workers' config provider puts the value in the place of, when a task starts.
    fn reference(&self) -> String {
        format!("${{dir:{}:{}}}", secret_directory(&self.secret), self.key)
    }
}

/// Whether a connector moves records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Paused,
    Stopped,
}

impl State {
    /// Its name in the REST interface.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
        }
    }
}

/// A connector of a Connect group.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// # let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka:9092");
/// # let (orders, failed) = (kafka.external_topic("orders"), kafka.external_topic("orders.dlq"));
/// let search = Connector::new("orders-to-search", ConnectorClass::sink("com.example.SearchSink"))
///     .owner("search")
///     .topics([&orders])
///     .tasks(3)
///     .dead_letters(&failed)
///     .config("connection.url", "https://search.example.com:9200")
///     .secret("connection.password", SecretKey::new("search", "password"));
/// # let _ = search;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Connector {
    pub(super) name: String,
    pub(super) class: ConnectorClass,
    pub(super) reads: Vec<TopicHandle>,
    pub(super) writes: Vec<TopicHandle>,
    pub(super) tasks: u32,
    pub(super) key_converter: Option<Converter>,
    pub(super) value_converter: Option<Converter>,
    pub(super) transforms: Vec<Transform>,
    pub(super) dead_letters: Option<TopicHandle>,
    pub(super) exactly_once: bool,
    pub(super) group: Option<String>,
    pub(super) secrets: Vec<(String, SecretKey)>,
    pub(super) state: State,
    pub(super) restarts: u8,
    pub(super) owner: Option<String>,
    pub(super) on_call: Option<String>,
    pub(super) settings: Settings,
    pub(super) location: Location,
}

impl Connector {
    /// A connector of this class with one task, which runs; a task that fails is restarted three times while the Job waits for it.
    #[track_caller]
    pub fn new(name: impl Into<String>, class: ConnectorClass) -> Self {
        Self {
            name: name.into(),
            class,
            reads: Vec::new(),
            writes: Vec::new(),
            tasks: 1,
            key_converter: None,
            value_converter: None,
            transforms: Vec::new(),
            dead_letters: None,
            exactly_once: false,
            group: None,
            secrets: Vec::new(),
            state: State::Running,
            restarts: 3,
            owner: None,
            on_call: None,
            settings: Settings::default(),
            location: Location::caller(),
        }
    }

    /// The team that answers for it: the label `owner` of the alerts on it, its group and its dead letters.
    pub fn owner(mut self, team: impl Into<String>) -> Self {
        self.owner = Some(team.into());
        self
    }

    /// Who is called: the label `on_call` of the same alerts, for Alertmanager's routes.
    pub fn on_call(mut self, rotation: impl Into<String>) -> Self {
        self.on_call = Some(rotation.into());
        self
    }

    /// The topics that a sink reads.
    pub fn topics<'a>(mut self, topics: impl IntoIterator<Item = &'a TopicHandle>) -> Self {
        self.reads.extend(topics.into_iter().cloned());
        self
    }

    /// The topics that a source writes. Its class derives their names from its own settings; this says what they come to.
    pub fn writes<'a>(mut self, topics: impl IntoIterator<Item = &'a TopicHandle>) -> Self {
        self.writes.extend(topics.into_iter().cloned());
        self
    }

    /// `tasks.max`: the most tasks that it is divided into; 1 by default.
    pub const fn tasks(mut self, tasks: u32) -> Self {
        self.tasks = tasks;
        self
    }

    /// The converter of keys, if it is not the workers'.
    pub fn key_converter(mut self, converter: Converter) -> Self {
        self.key_converter = Some(converter);
        self
    }

    /// The converter of values, if it is not the workers'.
    pub fn value_converter(mut self, converter: Converter) -> Self {
        self.value_converter = Some(converter);
        self
    }

    /// A further transform, after those before it.
    pub fn transform(mut self, transform: Transform) -> Self {
        self.transforms.push(transform);
        self
    }

    /// A sink goes on after a record that it cannot convert or transform, and writes it to this topic, with the cause in its headers.
    pub fn dead_letters(mut self, topic: &TopicHandle) -> Self {
        self.dead_letters = Some(topic.clone());
        self
    }

    /// `exactly.once.support=required`: a source writes its records and their offsets in one transaction. Connect refuses it for a class
    /// that does not support it.
    pub const fn exactly_once(mut self) -> Self {
        self.exactly_once = true;
        self
    }

    /// The consumer group of a sink, if it is not `connect-NAME`.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// A setting whose value is the key of a Secret. Only the workers read it, when a task starts.
    pub fn secret(mut self, setting: impl Into<String>, key: SecretKey) -> Self {
        self.secrets.push((setting.into(), key));
        self
    }

    /// It keeps its tasks, and they move nothing.
    pub const fn paused(mut self) -> Self {
        self.state = State::Paused;
        self
    }

    /// It has no tasks; its offsets stay.
    pub const fn stopped(mut self) -> Self {
        self.state = State::Stopped;
        self
    }

    /// How often the Job restarts failed tasks, with a pause that doubles, before it fails itself; 3 by default.
    pub const fn restarts(mut self, times: u8) -> Self {
        self.restarts = times;
        self
    }

    /// Any other setting by its own name: of its class, of Connect, or of one of its clients, as `producer.override.linger.ms`.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    pub(super) fn is_sink(&self) -> bool {
        self.class.kind == Kind::Sink
    }

    /// The consumer group of a sink.
    pub(super) fn group_name(&self) -> String {
        self.group.clone().unwrap_or_else(|| format!("connect-{}", self.name))
    }

    /// Its predicates, each once.
    pub(super) fn predicates(&self) -> Vec<&Predicate> {
        let mut once: Vec<&Predicate> = Vec::new();
        for (predicate, _) in self
            .transforms
            .iter()
            .filter_map(|transform| transform.predicate.as_ref())
        {
            if !once.contains(&predicate) {
                once.push(predicate);
            }
        }
        once
    }

    /// The classes that the workers must have.
    pub(super) fn classes(&self) -> BTreeSet<&str> {
        let converters = [&self.key_converter, &self.value_converter].into_iter().flatten();
        std::iter::once(self.class.name.as_str())
            .chain(converters.map(|converter| converter.class.as_str()))
            .chain(self.transforms.iter().map(|transform| transform.class.as_str()))
            .chain(self.predicates().into_iter().map(|predicate| predicate.class.as_str()))
            .collect()
    }

    pub(super) fn all_settings(&self) -> Settings {
        const CLASS: &str = "it is the class that `Connector::new` is given";
        const TOPICS: &str = "use `.topics(…)`";
        const TRANSFORM: &str = ".transform(…)";
        const DEAD_LETTERS: &str = "use `.dead_letters(…)`";
        let names = |topics: &[TopicHandle]| {
            let names: Vec<&str> = topics.iter().map(TopicHandle::name).collect();
            (!names.is_empty()).then(|| names.join(","))
        };
        let mut settings = self.settings.clone();
        settings
            .own(
                "name",
                self.name.clone(),
                "it is the name that `Connector::new` is given",
            )
            .own("connector.class", self.class.name.clone(), CLASS)
            .own("tasks.max", self.tasks.to_string(), "use `.tasks(…)`")
            .own(
                "transforms",
                joined(self.transforms.iter().map(|transform| &transform.name)),
                "use `.transform(…)`",
            )
            .own(
                "predicates",
                joined(self.predicates().into_iter().map(|predicate| &predicate.name)),
                "use `.when(…)` of a transform",
            );
        if self.is_sink() {
            let topic = self.dead_letters.as_ref().map(|topic| topic.name().to_owned());
            settings
                .own("topics", names(&self.reads), TOPICS)
                .reserve(TOPICS, ["topics.regex"])
                .own("errors.deadletterqueue.topic.name", topic, DEAD_LETTERS)
                .own("consumer.override.group.id", self.group.clone(), "use `.group(…)`");
        }
        if self.dead_letters.is_some() && self.is_sink() {
            settings.set(".dead_letters(…)", "errors.tolerance", "all");
            settings.preset("errors.deadletterqueue.context.headers.enable", true);
        }
        if self.exactly_once && !self.is_sink() {
            settings.set(".exactly_once()", "exactly.once.support", "required");
        }
        for (side, converter) in [("key", &self.key_converter), ("value", &self.value_converter)] {
            let call = if side == "key" {
                "use `.key_converter(…)`"
            } else {
                "use `.value_converter(…)`"
            };
            let class = converter.as_ref().map(|converter| converter.class.clone());
            settings.own(format!("{side}.converter"), class, call);
            for (key, value) in converter.iter().flat_map(|converter| &converter.settings) {
                settings.own(format!("{side}.converter.{key}"), value.clone(), call);
            }
        }
        for transform in &self.transforms {
            let prefix = format!("transforms.{}", transform.name);
            settings.set(TRANSFORM, format!("{prefix}.type"), &transform.class);
            for (key, value) in &transform.settings {
                settings.set(TRANSFORM, format!("{prefix}.{key}"), value);
            }
            if let Some((predicate, negated)) = &transform.predicate {
                settings.set(TRANSFORM, format!("{prefix}.predicate"), &predicate.name);
                if *negated {
                    settings.set(TRANSFORM, format!("{prefix}.negate"), true);
                }
            }
        }
        for predicate in self.predicates() {
            let prefix = format!("predicates.{}", predicate.name);
            settings.set(TRANSFORM, format!("{prefix}.type"), &predicate.class);
            for (key, value) in &predicate.settings {
                settings.set(TRANSFORM, format!("{prefix}.{key}"), value);
            }
        }
        for (setting, key) in &self.secrets {
            settings.set(".secret(…)", setting, key.reference());
        }
        settings
    }
}

/// A list with commas; none if it is empty.
fn joined<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<&str> = names.map(String::as_str).collect();
    (!names.is_empty()).then(|| names.join(","))
}
