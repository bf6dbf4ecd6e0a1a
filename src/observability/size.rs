//! How large a cluster is: what Prometheus gets of it follows from the declared topics and groups.

use std::collections::BTreeMap;

use super::Monitored;

/// A declared topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredTopic {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: u32,
    /// How many consumer groups read it, as far as that is declared.
    pub groups: u32,
}

/// The size of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub topics: u64,
    pub partitions: u64,
    pub groups: u64,
    /// Pairs of a partition and a group that reads it.
    pub read: u64,
}

impl Size {
    /// Of topics that Kafka, workers and registries make themselves: `__consumer_offsets` and `__transaction_state` have 50 partitions
    /// each, the three topics of a group of Connect workers 31.
    const INTERNAL: (u64, u64) = (10, 150);

    /// How many groups read a partition, unless more are declared.
    const READERS: u64 = 2;

    /// The size that components declare; of topics and groups for which `exported` holds. `None` without a topic.
    pub(crate) fn declared(
        components: &[&dyn Monitored],
        exported: impl Fn(&'static str, &str) -> bool,
    ) -> Option<Self> {
        let topics: BTreeMap<String, DeclaredTopic> = components
            .iter()
            .flat_map(|component| component.topics())
            .filter(|topic| exported("topic", &topic.name))
            .map(|topic| (topic.name.clone(), topic))
            .collect();
        let readers = components.iter().flat_map(|component| component.readers());
        let readers: Vec<_> = readers.filter(|(group, _)| exported("consumergroup", group)).collect();
        let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
        for topic in readers.iter().flat_map(|(_, topics)| topics) {
            *groups.entry(topic).or_default() += 1;
        }
        let partitions = |topic: &DeclaredTopic| u64::from(topic.partitions);
        let read = topics.values().map(|topic| {
            let declared = groups.get(&*topic.name).copied().unwrap_or_default();
            partitions(topic) * declared.max(u64::from(topic.groups)).max(Self::READERS)
        });
        let most = topics.values().map(|topic| u64::from(topic.groups)).max();
        let size = Self {
            topics: topics.len().try_into().unwrap_or(u64::MAX),
            partitions: topics.values().map(partitions).sum(),
            groups: u64::try_from(readers.len()).unwrap_or(u64::MAX).max(most?),
            read: read.sum(),
        };
        Some(size)
    }

    /// At least so many partitions and groups.
    pub(crate) fn at_least(self, partitions: u64, groups: u64) -> Self {
        Self {
            topics: self.topics.max(partitions.div_ceil(20)),
            partitions: self.partitions.max(partitions),
            groups: self.groups.max(groups),
            read: self.read.max(partitions * Self::READERS),
        }
    }

    /// How many series a rule reads that looks at each partition, and at each of its readers.
    pub(crate) const fn of_partitions(self) -> u64 {
        self.partitions + self.read
    }

    /// With the topics that nobody declares.
    pub(crate) const fn with_internal(self) -> Self {
        Self {
            topics: self.topics + Self::INTERNAL.0,
            partitions: self.partitions + Self::INTERNAL.1,
            ..self
        }
    }
}
