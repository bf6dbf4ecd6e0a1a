//! A permission. What Kafka does not know, such as writing to a group, cannot be written down.

use std::fmt;

/// What may be done with topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicOperation {
    /// Read records, and describe.
    Read,
    /// Write records, and describe.
    Write,
    /// Create the topic.
    Create,
    /// Delete the topic and its records.
    Delete,
    /// Add partitions.
    Alter,
    /// See that it exists, its partitions and its offsets.
    Describe,
    /// Change its settings.
    AlterConfigs,
    /// Read its settings.
    DescribeConfigs,
}

/// What may be done with consumer groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupOperation {
    /// Join, and commit offsets.
    Read,
    /// See its members and offsets.
    Describe,
    /// Delete it.
    Delete,
}

/// What may be done with transactional ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransactionalIdOperation {
    /// Write in transactions.
    Write,
    /// See the state of its transaction.
    Describe,
}

/// What may be done with the cluster. `Alter` and `ClusterAction` are not among them: who has one of them can give itself everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClusterOperation {
    /// Create any topic.
    Create,
    /// List groups, describe users, permissions, log directories and the quorum.
    Describe,
    /// Read the settings of brokers, and quotas.
    DescribeConfigs,
    /// Change the settings of brokers, and quotas.
    AlterConfigs,
}

/// A permission: something may be done with a resource, or with all whose names begin alike.
///
/// ```
/// use kafka_stacks::{prelude::*, security::{GroupOperation, TopicOperation}};
///
/// let one = Acl::topic("orders", TopicOperation::Read);
/// let many = Acl::topics_beginning("orders.", TopicOperation::Write);
/// let group = Acl::group("orders-replay", GroupOperation::Delete);
/// assert_eq!(one.to_string(), "topic literal orders READ");
/// assert_eq!(many.to_string(), "topic prefixed orders. WRITE");
/// assert_eq!(group.to_string(), "group literal orders-replay DELETE");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl {
    /// `topic`, `group`, `transactional-id` or `cluster`.
    resource: &'static str,
    prefixed: bool,
    name: String,
    operation: &'static str,
}

impl Acl {
    fn new(resource: &'static str, prefixed: bool, name: impl Into<String>, operation: &'static str) -> Self {
        Self {
            resource,
            prefixed,
            name: name.into(),
            operation,
        }
    }

    /// With this topic.
    pub fn topic(name: impl Into<String>, operation: TopicOperation) -> Self {
        Self::new("topic", false, name, of_topic(operation))
    }

    /// With all topics whose names begin so.
    pub fn topics_beginning(prefix: impl Into<String>, operation: TopicOperation) -> Self {
        Self::new("topic", true, prefix, of_topic(operation))
    }

    /// With this group.
    pub fn group(name: impl Into<String>, operation: GroupOperation) -> Self {
        Self::new("group", false, name, of_group(operation))
    }

    /// With all groups whose names begin so.
    pub fn groups_beginning(prefix: impl Into<String>, operation: GroupOperation) -> Self {
        Self::new("group", true, prefix, of_group(operation))
    }

    /// With this transactional id.
    pub fn transactional_id(id: impl Into<String>, operation: TransactionalIdOperation) -> Self {
        Self::new("transactional-id", false, id, of_transactional_id(operation))
    }

    /// With all transactional ids that begin so.
    pub fn transactional_ids_beginning(prefix: impl Into<String>, operation: TransactionalIdOperation) -> Self {
        Self::new("transactional-id", true, prefix, of_transactional_id(operation))
    }

    /// Which transactional ids it lets a user write with: the id, or what the ids begin with.
    pub(crate) fn writes_as(&self) -> Option<(&str, bool)> {
        (self.resource == "transactional-id" && self.operation == "WRITE")
            .then_some((self.name.as_str(), self.prefixed))
    }

    /// With the cluster itself.
    pub fn cluster(operation: ClusterOperation) -> Self {
        let operation = match operation {
            ClusterOperation::Create => "CREATE",
            ClusterOperation::Describe => "DESCRIBE",
            ClusterOperation::DescribeConfigs => "DESCRIBE_CONFIGS",
            ClusterOperation::AlterConfigs => "ALTER_CONFIGS",
        };
        Self::new("cluster", false, "kafka-cluster", operation)
    }

    /// Whether it holds for every resource of its kind.
    pub(crate) fn is_for_all(&self) -> bool {
        self.name == "*" || (self.prefixed && self.name.is_empty())
    }

    /// Whether its resource can be a word in a line of the declaration.
    pub(crate) fn is_word(&self) -> bool {
        !self.name.is_empty() && !self.name.contains(|c: char| c.is_whitespace() || c.is_control())
    }
}

/// A line of the declaration: kind, pattern, name, operation.
impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = if self.prefixed { "prefixed" } else { "literal" };
        write!(f, "{} {pattern} {} {}", self.resource, self.name, self.operation)
    }
}

const fn of_topic(operation: TopicOperation) -> &'static str {
    match operation {
        TopicOperation::Read => "READ",
        TopicOperation::Write => "WRITE",
        TopicOperation::Create => "CREATE",
        TopicOperation::Delete => "DELETE",
        TopicOperation::Alter => "ALTER",
        TopicOperation::Describe => "DESCRIBE",
        TopicOperation::AlterConfigs => "ALTER_CONFIGS",
        TopicOperation::DescribeConfigs => "DESCRIBE_CONFIGS",
    }
}

const fn of_group(operation: GroupOperation) -> &'static str {
    match operation {
        GroupOperation::Read => "READ",
        GroupOperation::Describe => "DESCRIBE",
        GroupOperation::Delete => "DELETE",
    }
}

const fn of_transactional_id(operation: TransactionalIdOperation) -> &'static str {
    match operation {
        TransactionalIdOperation::Write => "WRITE",
        TransactionalIdOperation::Describe => "DESCRIBE",
    }
}
