use std::collections::BTreeMap;

use super::load::{CpuClass, Load};
use crate::{
    diagnostics::Location,
    quantity::{ByteRate, Bytes, Cpu, Duration, Resources},
};

/// What a construct says about capacity: its brokers, and the topics that it needs in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// The pools of brokers, if the construct is a cluster.
    pub pools: Vec<PoolCapacity>,
    /// Whether its own controllers place the copies, and not a tool that asks ZooKeeper.
    pub kraft: bool,
    /// The load that the cluster's topics carry together: topics that declare no load of their own, or, if the stack
    /// declares no such topic, topics about which nothing else is known.
    pub together: Option<TopicDemand>,
    /// Topics, of this cluster or of the one that the construct uses.
    pub topics: Vec<TopicDemand>,
}

/// A pool of brokers: what each of them has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolCapacity {
    /// The pool's name.
    pub name: String,
    /// The line that made it.
    pub location: Location,
    /// The builder call that makes such a pool, such as `NodePool::brokers`.
    pub constructor: &'static str,
    /// How many brokers it has.
    pub brokers: u32,
    /// The zone that all of them are in, if the stack says so.
    pub zone: Option<String>,
    /// Processor time that a broker may use.
    pub cpu: Cpu,
    /// Memory that a broker may use.
    pub memory: Bytes,
    /// Its heap, where that does not follow from the memory.
    pub heap: Option<Bytes>,
    /// Its volume.
    pub volume: Bytes,
    /// What the volume takes and gives, sustained.
    pub disk: Option<ByteRate>,
    /// What the node sends, and receives at the same time, sustained.
    pub network: Option<ByteRate>,
    /// What a core takes in.
    pub cpu_class: Option<CpuClass>,
}

impl PoolCapacity {
    /// Whether its brokers are the same but for where they run: such pools are reported, and changed, together.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let renamed = Self {
            name: other.name.clone(),
            location: other.location,
            zone: other.zone.clone(),
            ..self.clone()
        };
        renamed == *other
    }

    /// Whether its processors are rated by records and not by bytes.
    pub(crate) fn counts_records(&self) -> bool {
        matches!(self.cpu_class, Some(CpuClass::Records(_)))
    }

    /// What remains of the memory for the page cache; at most, since a JVM needs more than its heap.
    pub fn page_cache(&self) -> Bytes {
        let heap = self
            .heap
            .unwrap_or_else(|| Resources::fixed(self.cpu, self.memory).heap());
        Bytes::from_bytes(self.memory.get().saturating_sub(heap.get()))
    }
}

/// A topic: what it keeps, and what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDemand {
    /// The name of the cluster's construct.
    pub cluster: String,
    /// The construct that declares it; filled in by the pipeline.
    pub construct: String,
    /// The topic's name.
    pub name: String,
    /// The line that declares it.
    pub location: Location,
    /// Its partitions; unknown where the topics are not in this stack, and then spread evenly.
    pub partitions: Option<u32>,
    /// Copies of each partition.
    pub copies: u16,
    /// What removes its records.
    pub kept: Kept,
    /// The size at which a segment is closed.
    pub segment: Bytes,
    /// The age at which a segment is closed.
    pub segment_age: Duration,
    /// How often segments are looked at for deletion.
    pub check_interval: Duration,
    /// What it carries.
    pub traffic: Traffic,
}

/// How long a partition keeps its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// For a time, or up to a size, or whichever is reached first; with neither, without limit.
    Until(Option<Duration>, Option<Bytes>),
    /// The newest record of each key: the size follows from the number of keys.
    NewestOfEachKey,
}

impl Kept {
    /// As a table says it.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Until(None, None) => "unlimited".to_owned(),
            Self::Until(Some(age), None) => age.to_string(),
            Self::Until(None, Some(size)) => size.to_string(),
            Self::Until(Some(age), Some(size)) => format!("{age} or {size}"),
            Self::NewestOfEachKey => "newest of key".to_owned(),
        }
    }
}

/// What a topic carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Stored bytes and records per second, and who reads them.
    Known {
        /// Bytes per second, compressed.
        bytes: u128,
        /// Records per second.
        records: u64,
        /// Consumer groups, if known.
        groups: Option<u16>,
        /// Whether the compression is known; without, `bytes` is before it.
        compression: bool,
    },
    /// Not declared.
    Unknown,
    /// It belongs to Kafka or to a component: its replicas count, its traffic does not.
    Internal,
}

impl Traffic {
    /// `part` of `total` of it, and what is left.
    fn split(self, part: u128, total: u128) -> (Self, Self) {
        let of = |amount: u128| amount.saturating_mul(part) / total.max(1);
        let Self::Known {
            bytes,
            records,
            groups,
            compression,
        } = self
        else {
            return (self, self);
        };
        let (some_bytes, some_records) = (of(bytes).min(bytes), of(records.into()));
        let some_records = u64::try_from(some_records).unwrap_or(records).min(records);
        let with = |bytes, records| Self::Known {
            bytes,
            records,
            groups,
            compression,
        };
        (
            with(some_bytes, some_records),
            with(bytes - some_bytes, records - some_records),
        )
    }
}

impl From<Option<Load>> for Traffic {
    fn from(load: Option<Load>) -> Self {
        load.map_or(Self::Unknown, |load| Self::Known {
            bytes: load.stored(),
            records: load.records.get(),
            groups: load.groups,
            compression: load.compressed_to.is_some(),
        })
    }
}

/// All that a stack says about one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The construct's name.
    pub name: String,
    /// The line that made it.
    pub location: Location,
    /// Its pools of brokers.
    pub pools: Vec<PoolCapacity>,
    /// Whether its own controllers place the copies.
    pub kraft: bool,
    /// The topics that the stack declares on it, its own internal ones included.
    pub topics: Vec<TopicDemand>,
}

impl Cluster {
    /// Sorts what all constructs state, given with their names and lines, by cluster. Topics of an external cluster are
    /// left out: nothing is known of its brokers.
    pub(crate) fn all<'a>(stated: impl IntoIterator<Item = (&'a str, Location, Capacity)>) -> Vec<Self> {
        let mut clusters: Vec<(Self, Option<TopicDemand>)> = Vec::new();
        let mut topics: Vec<TopicDemand> = Vec::new();
        for (construct, location, capacity) in stated {
            let here = |topic| TopicDemand {
                construct: construct.to_owned(),
                ..topic
            };
            topics.extend(capacity.topics.into_iter().map(here));
            if !capacity.pools.is_empty() {
                let cluster = Self {
                    name: construct.to_owned(),
                    location,
                    pools: capacity.pools,
                    kraft: capacity.kraft,
                    topics: Vec::new(),
                };
                clusters.push((cluster, capacity.together.map(here)));
            }
        }
        for (cluster, together) in &mut clusters {
            let its = topics.iter().filter(|topic| topic.cluster == cluster.name);
            cluster.topics = its.cloned().collect();
            if let Some(together) = together.take() {
                cluster.spread(together);
            }
        }
        clusters.into_iter().map(|(cluster, _)| cluster).collect()
    }

    /// Gives the load of the cluster to the topics that have none of their own, in proportion to their partitions.
    fn spread(&mut self, together: TopicDemand) {
        let silent = |topic: &&mut TopicDemand| topic.traffic == Traffic::Unknown;
        let weight = |topic: &TopicDemand| u128::from(topic.partitions.unwrap_or(1));
        let total: u128 = self.topics.iter_mut().filter(silent).map(|topic| weight(topic)).sum();
        if total == 0 {
            self.topics.push(together);
            return;
        }
        // Each topic gets its part of what is left, so that the parts add up to the whole.
        let mut rest = (together.traffic, total);
        for topic in self.topics.iter_mut().filter(silent) {
            let weight = weight(topic);
            let (part, left) = rest.0.split(weight, rest.1);
            topic.traffic = part;
            rest = (left, rest.1 - weight);
        }
    }

    /// How many brokers it has.
    pub fn brokers(&self) -> u32 {
        self.pools.iter().fold(0, |sum, pool| sum.saturating_add(pool.brokers))
    }

    /// Pools whose brokers are alike, as one for each zone: their indices.
    pub(crate) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, pool) in self.pools.iter().enumerate() {
            match groups.iter_mut().find(|group| self.pools[group[0]].is_like(pool)) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }

    /// How many brokers each zone has, if every pool says its zone and there are several.
    pub fn zones(&self) -> Option<BTreeMap<&str, u32>> {
        let mut zones: BTreeMap<&str, u32> = BTreeMap::new();
        for pool in &self.pools {
            let sum = zones.entry(pool.zone.as_deref()?).or_default();
            *sum = sum.saturating_add(pool.brokers);
        }
        (zones.len() > 1).then_some(zones)
    }

    /// How many brokers may be down at once: those of the largest zone, or one if replicas are not spread over zones,
    /// because every restart stops one.
    pub fn away(&self) -> u32 {
        self.zones()
            .and_then(|zones| zones.into_values().max())
            .map_or(1, |largest| largest.max(1))
    }

    /// Whether anything is known about its load.
    pub fn has_load(&self) -> bool {
        self.topics
            .iter()
            .any(|topic| matches!(topic.traffic, Traffic::Known { .. }))
    }
}
