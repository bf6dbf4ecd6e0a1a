//! What a cluster has and what its topics ask, as the arithmetic of [`capacity`](crate::capacity) takes it.

use super::{
    cluster::{KafkaCluster, KafkaHandle},
    topic::Topic,
};
use crate::{
    capacity::{Facts, Kept, TopicFacts, Traffic},
    diagnostics::Location,
    quantity::{Bytes, Duration},
    settings::Properties,
};

/// What a topic of a cluster gets that does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogDefaults {
    pub(super) segment: Bytes,
    pub(super) segment_age: Duration,
    check_interval: Duration,
    retention: Option<Duration>,
}

impl LogDefaults {
    /// Kafka's own: Kafka documentation, broker settings.
    pub(crate) const KAFKA: Self = Self {
        segment: Bytes::from_mib(1024),
        segment_age: Duration::from_seconds(168 * 3600),
        check_interval: Duration::from_seconds(300),
        retention: Some(Duration::from_seconds(168 * 3600)),
    };
}

/// Partitions of Kafka's own topics where nobody set them; created at first use.
const OWN_TOPICS: [(&str, &str, u32); 2] = [
    ("__consumer_offsets", "offsets.topic.num.partitions", 50),
    ("__transaction_state", "transaction.state.log.num.partitions", 50),
];

/// A time by its setting in milliseconds or, which counts less, in minutes or hours.
fn millis(settings: &Properties, name: &str) -> Option<i64> {
    [("ms", 1), ("minutes", 60_000), ("hours", 3_600_000)]
        .into_iter()
        .find_map(|(unit, millis)| {
            let value = settings.get(&format!("{name}.{unit}"))?.trim().parse::<i64>().ok()?;
            Some(value.saturating_mul(millis))
        })
}

impl KafkaCluster {
    pub(crate) fn log_defaults(&self) -> LogDefaults {
        let settings = self.shared_settings();
        let time = |name: &str| {
            millis(&settings, name)
                .and_then(|millis| u64::try_from(millis).ok())
                .map(Duration::from_millis)
        };
        let kafka = LogDefaults::KAFKA;
        LogDefaults {
            segment: settings
                .get("log.segment.bytes")
                .and_then(|value| value.trim().parse().ok())
                .map_or(kafka.segment, Bytes::from_bytes),
            segment_age: time("log.roll").unwrap_or(kafka.segment_age),
            check_interval: time("log.retention.check.interval").unwrap_or(kafka.check_interval),
            // A negative one is for ever.
            retention: match millis(&settings, "log.retention") {
                Some(_) => time("log.retention"),
                None => kafka.retention,
            },
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        let (defaults, settings) = (self.log_defaults(), self.shared_settings());
        let topic = |name: &str, partitions, kept, traffic| TopicFacts {
            cluster: self.meta.name.clone(),
            construct: String::new(),
            name: name.to_owned(),
            location: self.meta.location,
            partitions,
            copies: self.effective_replication().factor,
            kept,
            segment: defaults.segment,
            segment_age: defaults.segment_age,
            check_interval: defaults.check_interval,
            traffic,
        };
        Facts {
            kraft: self.is_kraft(),
            pools: self.pools.iter().filter_map(super::NodePool::capacity).collect(),
            together: self.load.map(|load| {
                let kept = Kept::Until(defaults.retention, None);
                topic("topics declared elsewhere", None, kept, Some(load).into())
            }),
            topics: OWN_TOPICS
                .into_iter()
                .map(|(name, key, partitions)| {
                    let partitions = settings
                        .get(key)
                        .and_then(|value| value.trim().parse().ok())
                        .unwrap_or(partitions);
                    topic(name, Some(partitions), Kept::NewestOfEachKey, Traffic::Internal)
                })
                .collect(),
        }
    }
}

impl KafkaHandle {
    /// A topic that a component creates for itself; nothing of a cluster that was made elsewhere.
    pub(crate) fn internal_topic(
        &self,
        name: impl Into<String>,
        partitions: u32,
        location: Location,
    ) -> Option<TopicFacts> {
        let defaults = self.log_defaults();
        self.brokers().map(|_| TopicFacts {
            cluster: self.name().to_owned(),
            construct: String::new(),
            name: name.into(),
            location,
            partitions: Some(partitions),
            copies: self.replication().factor,
            kept: Kept::NewestOfEachKey,
            segment: defaults.segment,
            segment_age: defaults.segment_age,
            check_interval: defaults.check_interval,
            traffic: Traffic::Internal,
        })
    }

    pub(crate) fn topic_facts(&self, topic: &Topic) -> Option<TopicFacts> {
        let properties = topic.properties(self.replication());
        let amount = |key: &str| properties.get(key).and_then(|value| value.parse::<u64>().ok());
        let facts = self.internal_topic(topic.name.clone(), topic.partitions, topic.location)?;
        Some(TopicFacts {
            copies: topic.replication.unwrap_or(self.replication()).factor,
            kept: topic.cleanup.kept(),
            segment: amount("segment.bytes").map_or(facts.segment, Bytes::from_bytes),
            segment_age: amount("segment.ms").map_or(facts.segment_age, Duration::from_millis),
            traffic: topic.load.into(),
            ..facts
        })
    }
}
