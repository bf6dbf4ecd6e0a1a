//! Capacity: what topics need of the brokers, compared with what the brokers have.
//!
//! Constructs state [`Capacity`]: topics with their [`Load`], pools with their disks and networks. A [`Cluster`] has
//! all that a stack says about one cluster; it calculates [figures](Cluster::needs), [limits](Cluster::limits) and, if
//! a limit is exceeded, the smallest [changes](Cluster::changes) that fix it. All of it is integer arithmetic without
//! IO: the same stack gives the same digits.
//!
//! # The arithmetic
//!
//! A cluster of `B` brokers with a topic of `P` partitions, `r` replicas, `g` consumer groups and `W` stored bytes per
//! second. Kafka spreads leaders and replicas evenly, so the busiest broker leads `L = ⌈P/B⌉` partitions and has
//! `C = ⌈P·r/B⌉` replicas.
//!
//! | Per broker | Value |
//! |---|---|
//! | disk write, network in | `W·C/P`: what producers send to it as a leader, and what it fetches as a follower |
//! | network out | `W·L/P · (g + r − 1)`: every group reads each record once, and so does every follower |
//! | received from producers | `W·L/P`: this costs CPU |
//! | while `A` brokers are down | `L = ⌈P/(B−A)⌉`, and `r·A/B` fewer followers |
//! | disk | `C` times what a partition keeps |
//!
//! `A` is 1, because every restart stops one broker; or, if the pools have zones, the number of brokers in the largest
//! zone.
//!
//! The sums are those of AWS's sizing guide (*Best practices for right-sizing your Apache Kafka clusters*, AWS Big Data
//! Blog), with partitions counted instead of assumed to be many. Several topics whose partitions do not divide evenly
//! are counted as if the same broker had the odd one of each: an upper bound.
//!
//! A partition keeps what comes in during `retention.ms`, until the next check (`log.retention.check.interval.ms`) and
//! until the file is deleted (`file.delete.delay.ms`), plus one segment, because only closed segments are deleted
//! (Kafka documentation, topic settings). A `retention.bytes` is exceeded by one segment too.
//!
//! # What is not counted
//!
//! Uneven placement. Compared with Kafka's own placement (`StripedReplicaPlacer` of 3.9.2 and 4.3.1, 2000 clusters
//! without zones or with as many zones as replicas), `C` is exact if `P` is a multiple of `B`; otherwise a broker has
//! up to `r - 1` more replicas. `L` is exact unless KS-C13 is reported. Partitions of a broker that is down are led by
//! their next replica, which is even for many partitions and uneven for few: of 450 partitions on 15 brokers in three
//! zones, the busiest of the ten remaining brokers leads 45 by the arithmetic, 47 on average, and 53 in the worst of
//! 500 runs. Far more partitions than brokers make it more even.
//!
//! The internal topics of Kafka, Connect and the registry are counted as replicas, but their traffic is not. Index
//! files, file system metadata and everything else on the volume share the 15 % above the ceiling. Consumers that read
//! records that are no longer in the page cache read from the disk; the disk throughput that you give has to include
//! that.

mod change;
mod check;
mod figures;
mod load;
mod model;
mod show;

pub use change::Change;
pub use figures::{Limit, Needs, Resource};
pub use load::{CpuClass, Load};
pub use model::{Capacity, Cluster, Kept, PoolCapacity, TopicDemand, Traffic};
pub(crate) use show::{bits, byte_rate, number, size, span};

/// How full a volume may be, in percent: the rest is for a load above the plan, for index files, and for the time that
/// a fix takes. Source: Amazon MSK, Best practices for Standard brokers, which asks to act at 85 % of the data volume.
pub const VOLUME_CEILING: u64 = 85;

/// How much of a disk's and of a network's throughput the load may use, in percent. A restarted broker needs the rest
/// to catch up. Source: the 20 % that vendors' sizing tools add to the replicated traffic for restarts, fail-over and
/// reassignment.
pub const RATE_CEILING: u64 = 80;

/// How many seconds of writes the page cache should hold, so that consumers and followers read from memory. Source:
/// Kafka documentation, Hardware and OS: memory of 30 times the write throughput.
pub const PAGE_CACHE_SECONDS: u64 = 30;

/// The memory maps of one segment: its offset index and its time index. Source: Kafka documentation, Hardware and OS.
pub const MAPS_PER_SEGMENT: u64 = 2;

/// `vm.max_map_count` of a Linux node by default. Source: Linux kernel, `DEFAULT_MAX_MAP_COUNT`.
pub const DEFAULT_MAX_MAPS: u64 = 65_530;

/// The most partition replicas in one cluster, a rule of thumb. Source: KIP-578; Apache Kafka blog, *Apache Kafka
/// Supports 200K Partitions Per Cluster*.
pub const REPLICAS_PER_CLUSTER: u64 = 200_000;

/// `file.delete.delay.ms` by default: Kafka documentation, topic settings.
const FILE_DELETE_DELAY: crate::quantity::Duration = crate::quantity::Duration::from_seconds(60);

/// The most partition replicas that one broker should have, by its cores. Source: Amazon MSK, Best practices for
/// Standard brokers, for brokers of 2 and 4 (m5.large, m5.xlarge), 8 and 16 cores and more; 4,000 is KIP-578's figure
/// too.
pub const fn replicas_per_broker(cores: crate::quantity::Cpu) -> u64 {
    match cores.millicores() {
        0..8_000 => 1_000,
        8_000..16_000 => 2_000,
        _ => 4_000,
    }
}
