use std::fmt;

use super::{
    figures::Resource,
    model::{Cluster, Kept, TopicDemand},
};
use crate::quantity::{ByteRate, Bytes, Cpu, Duration, Units};

/// A change to a pool and to the pools like it, or to how long the cluster's topics keep records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// This many brokers in the pool.
    Brokers(u32),
    /// A volume of this size on each broker.
    Volume(Bytes),
    /// No topic keeps its records longer than this.
    Retention(Duration),
    /// A disk of this throughput.
    Disk(ByteRate),
    /// A network of this throughput.
    Network(ByteRate),
    /// This much CPU.
    Processor(Cpu),
    /// This much memory.
    Memory(Bytes),
    /// This many brokers in the pool, and no topic keeps its records longer than this.
    BrokersAndRetention(u32, Duration),
}

/// The most brokers that are proposed: a larger change needs a plan of its own.
const MOST_BROKERS: u32 = 1000;

/// The largest volume that is proposed, in GiB: common block storage has no larger ones. Source: the limits of Amazon
/// EBS gp3, Google Persistent Disk and Azure Premium SSD v2, 64 TiB each.
const LARGEST_VOLUME: u64 = 64 * 1024;

/// The largest number of any unit that is proposed.
const LARGEST: u64 = 1 << 40;

impl Cluster {
    /// The smallest changes to a pool, each of which is enough for a resource that is insufficient now: the fewest
    /// brokers, the smallest volume in whole GiB, the longest retention in whole hours or else minutes, the slowest
    /// disk in whole MB/s, the slowest network in whole Gbit/s, the fewest cores, the least memory in whole GiB.
    ///
    /// If neither more brokers nor a shorter retention is enough for a volume, both together: the brokers that
    /// everything else needs, and the retention that fits their volumes.
    pub fn changes(&self, pool: usize, resource: Resource) -> Vec<Change> {
        let fewest_brokers = || self.fewest_brokers(pool, &[resource]).map(Change::Brokers);
        let smallest = |change: fn(u64) -> Change| {
            least(|amount| self.with(pool, change(amount)).holds(pool, resource)).map(change)
        };
        match resource {
            Resource::DiskWrite => vec![
                fewest_brokers(),
                smallest(|amount| Change::Disk(amount.megabytes_per_second())),
            ],
            Resource::NetworkIn | Resource::NetworkOut => vec![
                fewest_brokers(),
                smallest(|amount| Change::Network(amount.gigabits_per_second())),
            ],
            Resource::Processor => vec![fewest_brokers(), smallest(|amount| Change::Processor(amount.cores()))],
            Resource::Volume => {
                let volume = least(|size| {
                    size > LARGEST_VOLUME || self.with(pool, Change::Volume(size.gib())).holds(pool, resource)
                });
                let volume = volume
                    .filter(|size| *size <= LARGEST_VOLUME)
                    .map(|size| Change::Volume(size.gib()));
                let (brokers, retention) = (fewest_brokers(), self.longest_retention(pool).map(Change::Retention));
                let both = match (brokers, retention) {
                    (None, None) => self.brokers_and_retention(pool),
                    _ => None,
                };
                vec![brokers, volume, retention, both]
            }
            Resource::PageCache => vec![fewest_brokers(), smallest(|amount| Change::Memory(amount.gib()))],
            Resource::Replicas => vec![fewest_brokers()],
        }
        .into_iter()
        .flatten()
        .collect()
    }

    /// The cluster after a change to a pool and to the pools like it.
    #[must_use]
    pub fn with(&self, pool: usize, change: Change) -> Self {
        let mut cluster = self.clone();
        let Some(model) = self.pools.get(pool) else {
            return cluster;
        };
        for pool in cluster.pools.iter_mut().filter(|pool| pool.is_like(model)) {
            match change {
                Change::Brokers(brokers) | Change::BrokersAndRetention(brokers, _) => pool.brokers = brokers,
                Change::Volume(volume) => pool.volume = volume,
                Change::Disk(rate) => pool.disk = Some(rate),
                Change::Network(rate) => pool.network = Some(rate),
                Change::Processor(cpu) => pool.cpu = cpu,
                Change::Memory(memory) => pool.memory = memory,
                Change::Retention(_) => {}
            }
        }
        if let Change::Retention(longest) | Change::BrokersAndRetention(_, longest) = change {
            cluster.topics.iter_mut().for_each(|topic| topic.cut(longest));
        }
        cluster
    }

    /// Whether a resource of a pool is sufficient, as far as is known.
    pub fn holds(&self, pool: usize, resource: Resource) -> bool {
        self.pools
            .get(pool)
            .is_none_or(|pool| self.limit(pool, &self.needs(), resource).holds() != Some(false))
    }

    /// Tries each number of brokers, because more brokers are not always better: partitions may not divide evenly.
    fn fewest_brokers(&self, pool: usize, resources: &[Resource]) -> Option<u32> {
        let model = self.pools.get(pool)?;
        let alike: Vec<bool> = self.pools.iter().map(|pool| pool.is_like(model)).collect();
        let mut changed = self.clone();
        (model.brokers.saturating_add(1)..=MOST_BROKERS).find(|brokers| {
            for (pool, _) in changed.pools.iter_mut().zip(&alike).filter(|(_, alike)| **alike) {
                pool.brokers = *brokers;
            }
            resources.iter().all(|resource| changed.holds(pool, *resource))
        })
    }

    fn longest_retention(&self, pool: usize) -> Option<Duration> {
        let longest = self.topics.iter().filter_map(TopicDemand::age).max()?;
        let unit = |unit: fn(u64) -> Duration, most: u64| {
            let too_long = |steps: u64| {
                !self
                    .with(pool, Change::Retention(unit(steps)))
                    .holds(pool, Resource::Volume)
            };
            // The first number of steps that is too many, minus one.
            let steps = least(too_long)?.checked_sub(1)?;
            (1..=most).contains(&steps).then(|| unit(steps))
        };
        unit(Units::hours, longest.as_hours()).or_else(|| unit(Units::minutes, longest.as_seconds() / 60))
    }

    fn brokers_and_retention(&self, pool: usize) -> Option<Change> {
        let but_the_volume = [
            Resource::DiskWrite,
            Resource::NetworkIn,
            Resource::NetworkOut,
            Resource::Processor,
            Resource::PageCache,
        ];
        let brokers = self.fewest_brokers(pool, &but_the_volume)?;
        let retention = self.with(pool, Change::Brokers(brokers)).longest_retention(pool)?;
        Some(Change::BrokersAndRetention(brokers, retention))
    }
}

impl TopicDemand {
    fn age(&self) -> Option<Duration> {
        match self.kept {
            Kept::Until(age, _) => age,
            Kept::NewestOfEachKey => None,
        }
    }

    fn cut(&mut self, longest: Duration) {
        if let Kept::Until(Some(age), _) = &mut self.kept {
            *age = (*age).min(longest);
        }
    }
}

/// The smallest number from 1 on that is enough, if all larger numbers are enough too.
fn least(enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut most = 1_u64;
    while !enough(most) {
        most = most.saturating_mul(2);
        if most > LARGEST {
            return None;
        }
    }
    let mut least = 1;
    while least < most {
        let middle = least.midpoint(most);
        if enough(middle) {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    Some(least)
}

/// The amount as a builder call takes it.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brokers(brokers) => write!(f, "{brokers} brokers"),
            Self::Volume(volume) => write!(f, "`.storage(Storage::persistent({}.gib()))`", volume.as_mib() / 1024),
            Self::BrokersAndRetention(brokers, longest) => {
                write!(f, "{brokers} brokers and {}", Self::Retention(*longest))
            }
            Self::Retention(longest) => {
                let seconds = longest.as_seconds();
                let age = if seconds.is_multiple_of(3600) {
                    format!("{}.hours()", seconds / 3600)
                } else {
                    format!("{}.minutes()", seconds / 60)
                };
                write!(f, "no topic with more than `Cleanup::delete_after({age})`")
            }
            Self::Disk(rate) => write!(
                f,
                "`.disk_throughput({}.megabytes_per_second())`",
                rate.get() / 1_000_000
            ),
            Self::Network(rate) => write!(f, "`.network({}.gigabits_per_second())`", rate.get() / 125_000_000),
            Self::Processor(cpu) => write!(f, "`{}.cores()` in `.resources(…)`", cpu.millicores() / 1000),
            Self::Memory(memory) => write!(f, "`{}.gib()` in `.resources(…)`", memory.as_mib() / 1024),
        }
    }
}
