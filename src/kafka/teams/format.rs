//! The format of a team's file. Its JSON Schema is made of these types, which editors complete and check by.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// The topics of a team: `topics/<team>/<anything>.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "topics of a team")]
pub(crate) struct TeamFile {
    /// The topics, in any order.
    #[expect(dead_code, reason = "topics are read one by one, so that each mistake is told")]
    pub(super) topics: Vec<TeamTopic>,
}

/// A topic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TeamTopic {
    /// Its name, which begins with the team's prefix.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9._-]{1,249}$"))]
    pub(super) name: String,
    /// What it is for: for people, nothing is made of it.
    #[expect(dead_code, reason = "it is for the readers of the file and in its schema")]
    pub(super) description: Option<String>,
    /// How many partitions it has. Choose enough: more can be added later, but keys then move to other partitions.
    #[schemars(range(min = 1))]
    pub(super) partitions: u32,
    /// How old records are removed; `delete` unless set.
    #[serde(default)]
    pub(super) cleanup: TeamCleanup,
    /// How long records are kept: `7d`, `12h`, `30m`, or `unlimited`. Not with `cleanup: compact`.
    #[schemars(regex(pattern = r"^([0-9]+(d|h|m|s)|unlimited)$"))]
    pub(super) retention: Option<String>,
    /// How large a partition may become before its oldest records are deleted: `500Mi`, `10Gi`. Not with `cleanup: compact`.
    #[schemars(regex(pattern = r"^[0-9]+(Ki|Mi|Gi|Ti)?$"))]
    pub(super) retention_bytes: Option<String>,
    /// Whether `<name>.dlq` is declared too, for records that a consumer could not process.
    #[serde(default)]
    pub(super) dead_letters: bool,
    /// What producers write to it, to plan disks and brokers.
    pub(super) load: Option<TeamLoad>,
    /// Any other setting of a topic, by Kafka's name, such as `segment.ms`.
    #[serde(default)]
    pub(super) config: BTreeMap<String, Value>,
}

/// How old records are removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum TeamCleanup {
    /// Records are deleted when they are older than `retention`, or when the partition is larger than `retentionBytes`.
    #[default]
    #[serde(rename = "delete")]
    Delete,
    /// Only the newest record of each key is kept.
    #[serde(rename = "compact")]
    Compact,
    /// Both: the newest record of each key is kept, for a limited time.
    #[serde(rename = "compact,delete")]
    CompactAndDelete,
}

/// What producers write to a topic: the highest rate that lasts for minutes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TeamLoad {
    /// Records per second.
    #[schemars(range(min = 1))]
    pub(super) records_per_second: u64,
    /// Bytes of a record before compression, its key and headers included.
    #[schemars(range(min = 1))]
    pub(super) record_bytes: u64,
    /// The size after compression, in percent of the size before: `compression-rate-avg` of a producer.
    #[schemars(range(min = 1))]
    pub(super) compressed_to_percent: Option<u32>,
    /// How many consumer groups read it.
    pub(super) consumer_groups: Option<u16>,
}
