//! Teams, their limits and their files.

use std::collections::BTreeMap;

use crate::quantity::{Bytes, Duration};

/// The files of teams, as texts: `topics/<team>/*.yaml`. [`team_files`](crate::cli::team_files) reads them from a folder.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let files = TeamFiles::new([(
///     "topics/billing/invoices.yaml",
///     "topics:\n- name: billing.invoices\n  partitions: 6\n  retention: 7d\n",
/// )]);
/// let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
/// let mut stack = Stack::new("example", "kafka");
/// stack.add(
///     Topics::new("kafka-topics", &kafka)
///         .topic(Topic::new("calls", 12, Cleanup::delete_after(7.days())))
///         .teams(&files, [Team::new("billing").owner("payments").retention(30.days())]),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let declared = manifests.get("kafka-topics/configmap-kafka-topics.yaml").unwrap();
/// assert!(declared.contains("billing.invoices partitions=6"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamFiles {
    /// The text of each file by its path.
    pub(super) files: BTreeMap<String, String>,
}

impl TeamFiles {
    /// Files by their paths, which end with `<team>/<file>`, and their texts.
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into()));
        Self { files: files.collect() }
    }

    /// The team of a file: the folder that it is in.
    pub(super) fn team(path: &str) -> &str {
        let mut parts = path.rsplit('/');
        parts.next();
        parts.next().unwrap_or_default()
    }
}

/// A team that writes topics of its own, and the limits that they have to keep to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Team {
    pub(super) name: String,
    pub(super) owner: Option<String>,
    pub(super) prefix: String,
    pub(super) partitions: u32,
    pub(super) retention: Option<Duration>,
    pub(super) disk: Option<Bytes>,
}

impl Team {
    /// The team whose files are in this folder. Its topics begin with `<name>.` and have at most 24 partitions each, unless
    /// another limit is set; their retention and their disk have no limit.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            prefix: format!("{name}."),
            name,
            owner: None,
            partitions: 24,
            retention: None,
            disk: None,
        }
    }

    /// Who answers for the team's topics: the label `owner` of the alert on their dead letters.
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// What the names of its topics begin with.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The most partitions of a topic.
    pub const fn partitions(mut self, most: u32) -> Self {
        self.partitions = most;
        self
    }

    /// The longest time that a topic may keep records.
    pub const fn retention(mut self, longest: Duration) -> Self {
        self.retention = Some(longest);
        self
    }

    /// The disk that all of its topics may need together, with all replicas. Each topic then has to say what it needs, by
    /// `retentionBytes` or by `load` and `retention`.
    pub const fn disk(mut self, budget: Bytes) -> Self {
        self.disk = Some(budget);
        self
    }
}
