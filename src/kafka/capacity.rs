//! What a cluster has and what its topics need, as input for [`capacity`](crate::capacity).

use super::{cluster::KafkaCluster, handle::KafkaHandle, log_defaults::LogDefaults, topic::Topic};
use crate::{
    capacity::{Capacity, Kept, TopicDemand, Traffic},
    diagnostics::Location,
    quantity::{Bytes, Duration},
};

/// Kafka's own topics and their default numbers of partitions; they are created at first use.
const OWN_TOPICS: [(&str, &str, u32); 2] = [
    ("__consumer_offsets", "offsets.topic.num.partitions", 50),
    ("__transaction_state", "transaction.state.log.num.partitions", 50),
];

impl KafkaCluster {
    pub(crate) fn stated_capacity(&self) -> Capacity {
        let (defaults, settings) = (LogDefaults::of(&self.settings), &self.settings);
        let topic = |name: &str, partitions, kept, traffic| TopicDemand {
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
        Capacity {
            kraft: self.has_controllers(),
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
    /// A topic that a component creates for itself; `None` in an external cluster.
    pub(crate) fn internal_topic(
        &self,
        name: impl Into<String>,
        partitions: u32,
        location: Location,
    ) -> Option<TopicDemand> {
        let defaults = self.log_defaults();
        self.brokers().map(|_| TopicDemand {
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

    pub(crate) fn demand(&self, topic: &Topic) -> Option<TopicDemand> {
        let settings = topic.all_settings(self.replication());
        let plain = self.internal_topic(topic.name.clone(), topic.partitions, topic.location)?;
        Some(TopicDemand {
            copies: topic.replication.unwrap_or(self.replication()).factor,
            kept: topic.cleanup.kept(),
            segment: settings
                .number("segment.bytes")
                .map_or(plain.segment, Bytes::from_bytes),
            segment_age: settings
                .number("segment.ms")
                .map_or(plain.segment_age, Duration::from_millis),
            traffic: if topic.of_failures {
                Traffic::Internal
            } else {
                topic.load.into()
            },
            ..plain
        })
    }
}
