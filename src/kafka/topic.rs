use std::{collections::BTreeMap, sync::Arc};

use super::{
    handle::KafkaHandle,
    replication::{Compression, Replication},
};
use crate::{
    capacity::{Kept, Load},
    construct::Check,
    diagnostics::{Location, rules::topic},
    quantity::{Bytes, Duration},
    settings::Settings,
};

/// How long records are kept before they are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// By age.
    Time(Duration),
    /// By the size of a partition; age does not matter.
    Size(Bytes),
    /// By age or by the size of a partition, whichever is reached first.
    TimeAndSize(Duration, Bytes),
    /// Without limit: the volumes have to grow.
    Forever,
}

impl From<Duration> for Retention {
    fn from(age: Duration) -> Self {
        Self::Time(age)
    }
}

impl From<Bytes> for Retention {
    fn from(size: Bytes) -> Self {
        Self::Size(size)
    }
}

/// How records are removed from a topic. Every topic must choose one, because Kafka accepts contradictions without a
/// warning: `compact` alone ignores `retention.ms`, and any compaction removes the history that an audit log needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Old records are deleted: `cleanup.policy=delete`.
    Delete(Retention),
    /// Only the newest record of each key is kept, older ones are removed some time later: `cleanup.policy=compact`.
    /// Every record needs a key.
    Compact,
    /// Both: the newest record of each key is kept, but only for a limited time.
    CompactAndDelete(Retention),
}

impl Cleanup {
    /// Records are deleted when they are this old, or when the partition is this large.
    pub fn delete_after(retention: impl Into<Retention>) -> Self {
        Self::Delete(retention.into())
    }

    /// Only the newest record of each key is kept, and it is kept without limit.
    pub const fn compact() -> Self {
        Self::Compact
    }

    /// Only the newest record of each key is kept, until it is older than this time or the partition is above this
    /// size.
    pub fn compact_and_delete_after(retention: impl Into<Retention>) -> Self {
        Self::CompactAndDelete(retention.into())
    }

    /// Records are never removed, as an audit log needs. Kafka cannot prevent an administrator from deleting the topic:
    /// if that matters, export it to storage that can.
    pub const fn keep() -> Self {
        Self::Delete(Retention::Forever)
    }

    pub(crate) fn kept(self) -> Kept {
        match self {
            Self::Compact => Kept::NewestOfEachKey,
            // An upper bound: compaction may leave less.
            Self::Delete(retention) | Self::CompactAndDelete(retention) => match retention {
                Retention::Time(age) => Kept::Until(Some(age), None),
                Retention::Size(size) => Kept::Until(None, Some(size)),
                Retention::TimeAndSize(age, size) => Kept::Until(Some(age), Some(size)),
                Retention::Forever => Kept::Until(None, None),
            },
        }
    }

    /// `cleanup.policy`, `retention.ms` and `retention.bytes`.
    fn settings(self) -> [(&'static str, Option<String>); 3] {
        let (policy, retention) = match self {
            Self::Delete(retention) => ("delete", Some(retention)),
            Self::Compact => ("compact", None),
            Self::CompactAndDelete(retention) => ("compact,delete", Some(retention)),
        };
        let unlimited = || Some("-1".to_owned());
        let (age, size) = match retention {
            None => (None, None),
            Some(Retention::Time(age)) => (Some(age.as_millis().to_string()), None),
            Some(Retention::Size(size)) => (unlimited(), Some(size.get().to_string())),
            Some(Retention::TimeAndSize(age, size)) => {
                (Some(age.as_millis().to_string()), Some(size.get().to_string()))
            }
            Some(Retention::Forever) => (unlimited(), unlimited()),
        };
        [
            ("cleanup.policy", Some(policy.to_owned())),
            ("retention.ms", age),
            ("retention.bytes", size),
        ]
    }
}

/// A topic: its partitions, how its records are removed, and what differs from the cluster's defaults.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let events = Topic::new("call.events", 24, Cleanup::delete_after(7.days())).compression(Compression::Snappy);
/// let billing = Topic::new("billing.transactions", 12, Cleanup::compact_and_delete_after(30.days())).segment_age(1.hours());
/// let audit = Topic::new("security.audit", 12, Cleanup::keep());
/// # let _ = (events, billing, audit);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Topic {
    pub(crate) name: String,
    pub(crate) partitions: u32,
    pub(crate) cleanup: Cleanup,
    pub(crate) replication: Option<Replication>,
    pub(crate) load: Option<Load>,
    pub(crate) settings: Settings,
    /// Where it stands, if a team wrote it in a file.
    pub(super) written: Option<Written>,
    /// Whether it is for records that could not be processed: no one plans how many.
    pub(super) of_failures: bool,
    /// The names, after its own, of the topics for records of it that a consumer could not process.
    failed: Vec<String>,
    pub(crate) location: Location,
}

/// The end of the name of a topic of dead letters.
pub(crate) const DEAD_LETTERS: &str = "dlq";

/// How long records that no consumer could process are kept: two weeks, so that someone on holiday still sees them.
const FAILED_RETENTION: Duration = Duration::from_seconds(14 * 24 * 3600);

impl Topic {
    /// A topic. Choose enough partitions: later you can only add more, which moves keys to other partitions.
    #[track_caller]
    pub fn new(name: impl Into<String>, partitions: u32, cleanup: Cleanup) -> Self {
        Self {
            name: name.into(),
            partitions,
            cleanup,
            replication: None,
            load: None,
            settings: Settings::default(),
            written: None,
            of_failures: false,
            failed: Vec::new(),
            location: Location::caller(),
        }
    }

    /// Also declares `<topic>.dlq`, for records that a consumer could not process. It has as many partitions, because Spring
    /// and others send a dead letter to the partition that it came from, the same limit of a batch and the same replication,
    /// and keeps records for 14 days. Applications use it by `Application::dead_letters`; an alert tells when records arrive.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
    /// let mut stack = Stack::new("example", "kafka");
    /// let topics = stack.add(Topics::new("topics", &kafka).topic(
    ///     Topic::new("orders", 6, Cleanup::delete_after(7.days())).dead_letters().retries("billing"),
    /// ));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let declared = manifests.get("topics/configmap-topics.yaml").unwrap();
    /// assert!(declared.contains("orders.dlq partitions=6"));
    /// assert!(declared.contains("orders.billing.retry retention.ms=1209600000"));
    /// ```
    pub fn dead_letters(mut self) -> Self {
        self.failed.push(DEAD_LETTERS.to_owned());
        self
    }

    /// Also declares `<topic>.<application>.retry`, for records that this application tries again later. Each application has
    /// one of its own: in a common one each would also process again what another could not. Otherwise it is like
    /// [`Topic::dead_letters`]; the application uses it by `Application::retries`.
    pub fn retries(mut self, application: impl AsRef<str>) -> Self {
        self.failed.push(retry(application.as_ref()));
        self
    }

    /// The topics that it declares beside itself.
    pub(super) fn beside(&self) -> impl Iterator<Item = Self> {
        self.failed.iter().map(|end| {
            let mut settings = Settings::default();
            if let Some(size) = self.settings.number("max.message.bytes") {
                settings.set("Topic::largest_batch(…)", "max.message.bytes", size);
            }
            Self {
                name: format!("{}.{end}", self.name),
                partitions: self.partitions,
                cleanup: Cleanup::delete_after(FAILED_RETENTION),
                replication: self.replication,
                load: None,
                settings,
                written: self.written.as_ref().map(|_| Written::default()),
                of_failures: true,
                failed: Vec::new(),
                location: self.location,
            }
        })
    }

    /// The location to report, if it is not the line that calls [`Topic::new`]: such as a line of a file that was read.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
    /// let mut stack = Stack::new("example", "kafka");
    /// stack.add(Topics::new("topics", &kafka).topic(
    ///     Topic::new("..", 6, Cleanup::delete_after(7.days())).location(Location::new("topics/billing.yaml", 7)),
    /// ));
    /// let findings = synth(&stack).findings;
    /// assert_eq!(findings.iter().next().unwrap().location().to_string(), "topics/billing.yaml:7");
    /// ```
    pub const fn location(mut self, location: Location) -> Self {
        self.location = location;
        self
    }

    /// Another replication than the cluster's.
    pub const fn replication(mut self, replication: Replication) -> Self {
        self.replication = Some(replication);
        self
    }

    /// `compression.type`: how the broker stores batches, no matter how the producer compressed them.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.settings.set(".compression(…)", "compression.type", compression);
        self
    }

    /// `compression.type=producer`: batches are stored as they were sent, if the cluster's default is different.
    pub fn compression_of_producer(mut self) -> Self {
        self.settings
            .set(".compression_of_producer()", "compression.type", "producer");
        self
    }

    /// `max.message.bytes`: the largest record batch, after compression.
    pub fn largest_batch(mut self, size: Bytes) -> Self {
        self.settings.set(".largest_batch(…)", "max.message.bytes", size.get());
        self
    }

    /// `segment.bytes`: a segment is closed when it is this large. Only closed segments are deleted or compacted.
    pub fn segment_size(mut self, size: Bytes) -> Self {
        self.settings.set(".segment_size(…)", "segment.bytes", size.get());
        self
    }

    /// `segment.ms`: a segment is closed when it is this old. Only closed segments are deleted or compacted.
    pub fn segment_age(mut self, age: Duration) -> Self {
        self.settings.set(".segment_age(…)", "segment.ms", age.as_millis());
        self
    }

    /// Its load. It is only used to check capacity; nothing is rendered.
    pub const fn load(mut self, load: Load) -> Self {
        self.load = Some(load);
        self
    }

    /// Any other topic setting by its Kafka name. A key that a builder call sets is an error.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    /// All settings of the topic in a cluster with these defaults.
    pub(crate) fn all_settings(&self, default: Replication) -> Settings {
        const REPLICATION: &str = "use `.replication(Replication::new(…))`";
        let min_in_sync_replicas = self.replication.unwrap_or(default).min_in_sync_replicas;
        let mut settings = self.settings.clone();
        for (key, value) in self.cleanup.settings() {
            settings.own(key, value, "use a `Cleanup` in `Topic::new`");
        }
        settings
            .own("min.insync.replicas", min_in_sync_replicas.to_string(), REPLICATION)
            .reserve(REPLICATION, ["replication.factor"])
            .reserve("use `Topic::new`", ["partitions"])
            .reserve("use `.compression(…)`", ["compression.type"])
            .reserve("use `.largest_batch(…)`", ["max.message.bytes"])
            .reserve("use `.segment_size(…)`", ["segment.bytes"])
            .reserve("use `.segment_age(…)`", ["segment.ms"])
            .reserve("it loses acknowledged records", ["unclean.leader.election.enable"]);
        settings
    }
}

/// The end of the name of the topic for what an application tries again.
fn retry(application: &str) -> String {
    format!("{application}.retry")
}

/// Where a topic stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The line of each of Kafka's keys, and the key of the file that says it.
    pub(super) keys: BTreeMap<String, (Location, &'static str)>,
}

impl Written {
    /// The line that says a setting, and the key of the file.
    pub(super) fn of(&self, key: &str) -> Option<(Location, &'static str)> {
        self.keys.get(key).copied()
    }
}

/// A topic that something writes or reads: [`TopicsHandle::topic`](super::TopicsHandle::topic) gives that of a declared one,
/// [`KafkaHandle::external_topic`] that of one that exists without this stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicHandle {
    pub(super) name: String,
    pub(super) kafka: KafkaHandle,
    pub(super) declared: Declared,
    /// What is declared with it.
    pub(super) set: Arc<[DeclaredTopic]>,
    pub(super) location: Location,
}

/// What is known of a declared topic by its handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeclaredTopic {
    pub(super) name: String,
    pub(super) partitions: u32,
    pub(super) load: Option<Load>,
}

/// Whether a topic is declared where its handle comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// It is.
    Here,
    /// Another owner declares it.
    Elsewhere,
    /// It is not, and this is the most similar name that is.
    Missing(Option<String>),
    /// It is not: this call of this topic would declare it.
    NotBeside { topic: String, call: &'static str },
}

impl TopicHandle {
    /// The topic's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its cluster.
    pub fn cluster(&self) -> &KafkaHandle {
        &self.kafka
    }

    /// Its load, if it is declared with one.
    pub(crate) fn load(&self) -> Option<Load> {
        self.set.iter().find(|topic| topic.name == self.name)?.load
    }

    /// The number of its partitions, if it is declared.
    pub(crate) fn partitions(&self) -> Option<u32> {
        Some(self.set.iter().find(|topic| topic.name == self.name)?.partitions)
    }

    /// The line that named it.
    pub(crate) fn location(&self) -> Location {
        self.location
    }

    /// Its topic of dead letters.
    pub(crate) fn dead_letters(&self, location: Location) -> Self {
        self.beside(DEAD_LETTERS, ".dead_letters()", location)
    }

    /// The topic for what an application tries again.
    pub(crate) fn retries(&self, application: &str, location: Location) -> Self {
        self.beside(&retry(application), ".retries(…)", location)
    }

    /// A topic that is declared with it by a call. That of a topic of another owner is the other's affair.
    fn beside(&self, end: &str, call: &'static str, location: Location) -> Self {
        let name = format!("{}.{end}", self.name);
        let declared = match &self.declared {
            Declared::Here if self.set.iter().all(|topic| topic.name != name) => Declared::NotBeside {
                topic: self.name.clone(),
                call,
            },
            Declared::Here => Declared::Here,
            // The name of the topic itself is told already.
            Declared::Elsewhere | Declared::Missing(_) | Declared::NotBeside { .. } => Declared::Elsewhere,
        };
        Self {
            name,
            declared,
            location,
            ..self.clone()
        }
    }

    /// Reports a handle of another stack, and a name that is not declared.
    pub fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        let message = format!("topic `{}` is not declared", self.name);
        let hint = match &self.declared {
            Declared::Here | Declared::Elsewhere => return,
            Declared::NotBeside { topic, call } => format!("add `{call}` to the topic `{topic}`"),
            Declared::Missing(Some(near)) => format!("name `{near}` in `.topic(…)`, or declare it in `Topics::new`"),
            Declared::Missing(None) => "name a declared one in `.topic(…)`, or declare it in `Topics::new`".to_owned(),
        };
        check.report(&topic::UNDECLARED, message, |finding| {
            finding.item(&self.name).at(self.location).hint(hint);
        });
    }
}

impl KafkaHandle {
    /// A topic of the cluster that exists without this stack: another owner declares it.
    #[track_caller]
    pub fn external_topic(&self, name: impl Into<String>) -> TopicHandle {
        TopicHandle {
            name: name.into(),
            kafka: self.clone(),
            declared: Declared::Elsewhere,
            set: Arc::new([]),
            location: Location::caller(),
        }
    }
}
