use super::{
    FILE_DELETE_DELAY, PAGE_CACHE_SECONDS, RATE_CEILING, VOLUME_CEILING,
    load::CpuClass,
    model::{Cluster, Kept, PoolCapacity, TopicDemand, Traffic},
    replicas_per_broker,
};
use crate::quantity::{ByteRate, Duration};

/// What the busiest broker has to do and to store. Rates are in bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Written to the disk, and received over the network.
    pub write: u128,
    /// Sent to followers and consumers.
    pub out: u128,
    /// The same while a broker or a zone is down, see [`Cluster::away`].
    pub out_away: u128,
    /// Received from producers.
    pub ingress: u128,
    /// The same while a broker or a zone is down.
    pub ingress_away: u128,
    /// Records per second received from producers.
    pub records: u128,
    /// The same while a broker or a zone is down.
    pub records_away: u128,
    /// Bytes that retention keeps, of all topics with a limited retention.
    pub disk: u128,
    /// Partition replicas.
    pub replicas: u128,
    /// Segments of the topics whose size is known, and one for each replica of the others.
    pub segments: u128,
}

/// A resource of a broker that can run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Throughput of the disk.
    DiskWrite,
    /// Network traffic in.
    NetworkIn,
    /// Network traffic out.
    NetworkOut,
    /// CPU for what producers send.
    Processor,
    /// Space on the volume.
    Volume,
    /// Memory for the last seconds of writes.
    PageCache,
    /// Partition replicas.
    Replicas,
}

impl Resource {
    /// All of them, as they are reported.
    pub const ALL: [Self; 7] = [
        Self::DiskWrite,
        Self::NetworkIn,
        Self::NetworkOut,
        Self::Processor,
        Self::Volume,
        Self::PageCache,
        Self::Replicas,
    ];
}

/// A resource of a pool: how much of it the load needs on each broker, and how much each broker has. `None` is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Which one.
    pub resource: Resource,
    /// Needed while all brokers are up: bytes per second, records per second, bytes or a number.
    pub needs: Option<u128>,
    /// Needed while a broker or a zone is down; `None` if that changes nothing.
    pub away: Option<u128>,
    /// What the broker has.
    pub has: Option<u128>,
    /// How much of it may be used, in percent.
    pub ceiling: u64,
    /// Whether the needs are a lower bound, because some are unknown.
    pub at_least: bool,
}

impl Limit {
    /// How much of it may be used.
    pub fn usable(&self) -> Option<u128> {
        self.has.map(|has| has.saturating_mul(self.ceiling.into()) / 100)
    }

    /// The larger of the two needs.
    pub fn worst(&self) -> Option<u128> {
        self.needs.max(self.away)
    }

    /// Whether it is sufficient; `None` if that is unknown.
    pub fn holds(&self) -> Option<bool> {
        match self.worst()? <= self.usable()? {
            true if self.at_least => None,
            holds => Some(holds),
        }
    }

    /// How much of the usable part remains, in percent, rounded down: negative if it is insufficient, and -100 if twice
    /// the usable part is needed.
    pub fn headroom(&self) -> Option<i128> {
        let (needs, usable) = (self.worst()?, self.usable()?);
        if usable == 0 {
            return None;
        }
        let used = i128::try_from(needs.saturating_mul(100).div_ceil(usable)).unwrap_or(i128::MAX);
        Some(100 - used)
    }
}

/// A rate in whole bytes or records, rounded down.
fn rate(amount: u128, times: u128, by: u128) -> u128 {
    amount.saturating_mul(times) / by.max(1)
}

/// `amount * times / by`, rounded up.
fn scale(amount: u128, times: u128, by: u128) -> u128 {
    amount.saturating_mul(times).div_ceil(by.max(1))
}

impl TopicDemand {
    /// How many of the topic's partitions the busiest broker has if each partition exists `times` times on `brokers`
    /// brokers; and of how many.
    fn share(&self, times: u128, brokers: u128) -> (u128, u128) {
        match self.partitions {
            Some(partitions) => {
                let partitions = u128::from(partitions.max(1));
                ((partitions * times).div_ceil(brokers), partitions)
            }
            None => (times, brokers),
        }
    }

    /// The bytes that one of its partitions receives in some milliseconds.
    fn bytes_in(&self, millis: u128) -> Option<u128> {
        match self.traffic {
            Traffic::Known { bytes, .. } => Some(scale(bytes, millis, 1000 * self.divisor())),
            Traffic::Unknown | Traffic::Internal => None,
        }
    }

    fn divisor(&self) -> u128 {
        self.partitions.unwrap_or(1).max(1).into()
    }

    /// The most that a partition keeps; `None` if there is no limit, or the limit is unknown.
    pub(super) fn partition_keeps(&self) -> Option<u128> {
        let Kept::Until(age, size) = self.kept else {
            return None;
        };
        let segment = u128::from(self.segment.get());
        let by_age = age.and_then(|age| {
            let delay = self.check_interval.as_millis() + FILE_DELETE_DELAY.as_millis();
            let kept = self.bytes_in(u128::from(age.as_millis()) + u128::from(delay))?;
            let open = self.bytes_in(self.segment_age.as_millis().into())?;
            Some(kept.saturating_add(open.min(segment)))
        });
        let by_size = size.map(|size| u128::from(size.get()).saturating_add(segment));
        match (by_age, by_size) {
            (Some(age), Some(size)) => Some(age.min(size)),
            (age, size) => age.or(size),
        }
    }

    /// Whether its records are never deleted.
    pub(crate) fn is_never_deleted(&self) -> bool {
        self.kept == Kept::Until(None, None)
    }

    /// Bytes on the busiest of this many brokers.
    pub(crate) fn disk(&self, brokers: u32) -> Option<u128> {
        let brokers = u128::from(brokers.max(1));
        let (copies, of) = self.share(self.copies_on(brokers), brokers);
        self.partition_keeps()
            .map(|bytes| scale(bytes, copies * self.divisor(), of))
    }

    /// The number of replicas, at most one per broker: a higher replication factor is reported elsewhere.
    fn copies_on(&self, brokers: u128) -> u128 {
        u128::from(self.copies.max(1)).min(brokers)
    }
}

impl Cluster {
    /// What the busiest broker has to do and to store.
    pub fn needs(&self) -> Needs {
        let brokers = u128::from(self.brokers().max(1));
        let mut sum = Needs::default();
        for topic in &self.topics {
            let copies = topic.copies_on(brokers);
            let (replicas, of) = topic.share(copies, brokers);
            if topic.partitions.is_some() {
                sum.replicas += replicas;
                let segments = topic
                    .partition_keeps()
                    .map_or(1, |bytes| bytes.div_ceil(topic.segment.get().max(1).into()).max(1));
                sum.segments = sum.segments.saturating_add(replicas.saturating_mul(segments));
            }
            sum.disk = sum.disk.saturating_add(topic.disk(self.brokers()).unwrap_or_default());
            if let Traffic::Known {
                bytes, records, groups, ..
            } = topic.traffic
            {
                let groups = u128::from(groups.unwrap_or_default());
                let (leaders, _) = topic.share(1, brokers);
                sum.write = sum.write.saturating_add(rate(bytes, replicas, of));
                sum.ingress = sum.ingress.saturating_add(rate(bytes, leaders, of));
                sum.records = sum.records.saturating_add(rate(records.into(), leaders, of));
                sum.out = sum.out.saturating_add(rate(bytes, leaders * (groups + copies - 1), of));
                let left = brokers.saturating_sub(self.away().into());
                // Without another replica, a partition on a broker that is down is not served at all.
                let (leaders, of, readers) = if copies > 1 && left > 0 {
                    let (leaders, of) = topic.share(1, left);
                    // The average number of replicas that are left, one of which leads.
                    let readers = (groups * brokers + copies * left).saturating_sub(brokers);
                    (leaders, of * brokers, readers)
                } else {
                    (leaders, of * brokers, groups * brokers)
                };
                sum.ingress_away = sum.ingress_away.saturating_add(rate(bytes, leaders * brokers, of));
                sum.records_away = sum
                    .records_away
                    .saturating_add(rate(records.into(), leaders * brokers, of));
                sum.out_away = sum.out_away.saturating_add(rate(bytes, leaders * readers, of));
            }
        }
        sum
    }

    /// Every resource of a pool, compared with what the load needs of it.
    pub fn limits(&self, pool: &PoolCapacity) -> Vec<Limit> {
        let needs = self.needs();
        Resource::ALL
            .into_iter()
            .map(|resource| self.limit(pool, &needs, resource))
            .collect()
    }

    /// One resource of a pool.
    pub(super) fn limit(&self, pool: &PoolCapacity, needs: &Needs, resource: Resource) -> Limit {
        let bytes = |rate: ByteRate| u128::from(rate.get());
        // If no load is known, the sum is unknown and not zero.
        let known = |amount: u128| self.has_load().then_some(amount);
        let cores = |per_core: u64| u128::from(per_core) * u128::from(pool.cpu.millicores()) / 1000;
        let limit = |needs, away, has, ceiling| Limit {
            resource,
            needs,
            away,
            has,
            ceiling,
            at_least: self.is_at_least(resource),
        };
        match resource {
            Resource::DiskWrite => limit(
                known(needs.write),
                known(needs.write),
                pool.disk.map(bytes),
                RATE_CEILING,
            ),
            Resource::NetworkIn => limit(
                known(needs.write),
                known(needs.write),
                pool.network.map(bytes),
                RATE_CEILING,
            ),
            Resource::NetworkOut => limit(
                known(needs.out),
                known(needs.out_away),
                pool.network.map(bytes),
                RATE_CEILING,
            ),
            Resource::Processor => match pool.cpu_class {
                Some(CpuClass::Records(per_core)) => limit(
                    known(needs.records),
                    known(needs.records_away),
                    Some(cores(per_core.get())),
                    100,
                ),
                Some(CpuClass::Bytes(per_core)) => limit(
                    known(needs.ingress),
                    known(needs.ingress_away),
                    Some(cores(per_core.get())),
                    100,
                ),
                None => limit(known(needs.ingress), known(needs.ingress_away), None, 100),
            },
            Resource::Volume => limit(
                (needs.disk > 0 || self.has_load()).then_some(needs.disk),
                None,
                Some(pool.volume.get().into()),
                VOLUME_CEILING,
            ),
            Resource::PageCache => limit(
                known(needs.write.saturating_mul(PAGE_CACHE_SECONDS.into())),
                None,
                Some(pool.page_cache().get().into()),
                100,
            ),
            Resource::Replicas => limit(
                Some(needs.replicas),
                None,
                Some(replicas_per_broker(pool.cpu).into()),
                100,
            ),
        }
    }

    /// Whether more of a resource is needed than is known.
    fn is_at_least(&self, resource: Resource) -> bool {
        let any = |unknown: &dyn Fn(&TopicDemand) -> bool| {
            self.topics
                .iter()
                .any(|topic| topic.traffic != Traffic::Internal && unknown(topic))
        };
        match resource {
            Resource::Volume => any(&|topic| topic.partition_keeps().is_none()),
            Resource::Replicas => any(&|topic| topic.partitions.is_none()),
            Resource::NetworkOut => {
                any(&|topic| matches!(topic.traffic, Traffic::Unknown | Traffic::Known { groups: None, .. }))
            }
            _ => any(&|topic| topic.traffic == Traffic::Unknown),
        }
    }

    /// How long it takes to fill an empty volume of a broker of this pool; `None` if, as far as is known, it never
    /// fills up.
    pub fn full_after(&self, pool: &PoolCapacity) -> Option<Duration> {
        let volume = u128::from(pool.volume.get());
        let filled = |millis: u64| {
            let brokers = u128::from(self.brokers().max(1));
            self.topics.iter().fold(0_u128, |sum, topic| {
                let Some(came) = topic.bytes_in(millis.into()) else {
                    return sum;
                };
                // What compaction keeps is unknown, so it is not counted.
                if topic.kept == Kept::NewestOfEachKey {
                    return sum;
                }
                let (copies, of) = topic.share(topic.copies_on(brokers), brokers);
                let kept = topic.partition_keeps().map_or(came, |bound| bound.min(came));
                sum.saturating_add(scale(kept, copies * topic.divisor(), of))
            })
        };
        // A century counts as never.
        let (mut before, mut after) = (0, 100 * 365 * 86_400_000);
        if filled(after) < volume {
            return None;
        }
        while after - before > 1 {
            let middle = before.midpoint(after);
            if filled(middle) < volume {
                before = middle;
            } else {
                after = middle;
            }
        }
        Some(Duration::from_millis(after))
    }
}
