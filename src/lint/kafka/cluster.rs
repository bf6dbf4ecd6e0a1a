//! The brokers of a cluster, however many sets of pods they are in, and the cluster behind a bootstrap address.

use std::collections::BTreeMap;

use super::{Cluster, Member};
use crate::lint::model::{ObjectModel, set::ObjectSet};

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

    /// How many there are behind the first address of a bootstrap list, seen from a namespace; none if they are not among the objects.
    pub(super) fn behind(&self, namespace: &str, servers: &str) -> Option<i64> {
        let address = servers.split(',').next()?.trim();
        let address = address.rsplit_once("://").map_or(address, |(_, address)| address);
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let parts: Vec<&str> = host.split('.').collect();
        let (service, namespace) = match parts.as_slice() {
            [service] => (*service, namespace),
            [service, namespace] | [service, namespace, "svc", ..] | [_, service, namespace, "svc", ..] => {
                (*service, *namespace)
            }
            _ => return None,
        };
        let found = self.set.find("Service", namespace, service);
        let selector = found.and_then(ObjectModel::service)?.selector.as_ref()?;
        let mut workloads = self.set.selected(namespace, selector).into_iter();
        workloads.find_map(|(index, _)| self.in_cluster(index))
    }

    fn in_cluster(&self, index: usize) -> Option<i64> {
        self.counts.get(self.clusters.get(&index)?).copied()
    }
}
