//! The brokers of a cluster, however many sets of pods they are in, and the cluster behind a bootstrap address.

use std::collections::BTreeMap;

use super::{Cluster, Member, ownership};
use crate::lint::model::set::ObjectSet;

/// The number of brokers of each cluster.
pub(super) struct Brokers<'a> {
    set: &'a ObjectSet<'a>,
    counts: BTreeMap<Cluster<'a>, i64>,
    /// The cluster of each workload of brokers, by its index.
    clusters: BTreeMap<usize, Cluster<'a>>,
}

impl<'a> Brokers<'a> {
    pub(super) fn of(set: &'a ObjectSet<'a>, members: &'a [Member<'a>]) -> Self {
        let mut brokers = Self {
            set,
            counts: BTreeMap::new(),
            clusters: BTreeMap::new(),
        };
        for member in members.iter().filter(|member| member.serves()) {
            if let Some(cluster) = member.cluster() {
                *brokers.counts.entry(cluster).or_default() += member.workload.replicas;
                brokers.clusters.insert(member.index, cluster);
            }
        }
        brokers
    }

    /// How many there are in the cluster of a broker; none where nothing says which that is.
    pub(super) fn beside(&self, member: &Member<'_>) -> Option<i64> {
        self.in_cluster(member.index)
    }

    /// How many there are behind a bootstrap list, seen from a namespace; none if they are not among the objects.
    pub(super) fn behind(&self, namespace: &str, servers: &str) -> Option<i64> {
        let workloads = ownership::workloads(self.set, namespace, servers);
        workloads.into_iter().find_map(|index| self.in_cluster(index))
    }

    fn in_cluster(&self, index: usize) -> Option<i64> {
        self.counts.get(self.clusters.get(&index)?).copied()
    }
}
