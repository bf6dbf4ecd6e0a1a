//! The brokers of a cluster, however many sets of pods they are in, and the cluster behind a bootstrap address.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cluster, Member, addresses::pod_of_namespace};
use crate::{
    diagnostics::Cause,
    lint::model::{ObjectModel, set::ObjectSet},
};

/// The brokers of each cluster.
pub(super) struct Brokers<'a> {
    set: &'a ObjectSet<'a>,
    fleets: BTreeMap<Cluster<'a>, Fleet<'a>>,
    /// The cluster of each workload of brokers, by its index.
    clusters: BTreeMap<usize, Cluster<'a>>,
}

/// The brokers of one cluster.
#[derive(Clone, Copy)]
pub(super) struct Fleet<'a> {
    /// How many there are.
    pub(super) count: i64,
    /// A set of them, for the settings that all have in common.
    pub(super) brokers: &'a Member<'a>,
}

impl Fleet<'_> {
    /// What more replicas than brokers come from: too few brokers, where the default of the cluster asks for as many too.
    pub(super) fn too_few(&self, factor: Option<i64>, is_default: bool) -> Option<Cause> {
        let default = self.brokers.number_or_default("default.replication.factor")?;
        let default = i64::try_from(default).ok()?;
        let rank = if is_default { 1 } else { 2 };
        (self.count < default && factor? <= default).then_some(Cause::replicas(self.brokers.index, rank))
    }
}

/// What a bootstrap address leads to: what tells clusters apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The pods of a workload, by its index.
    Workload(usize),
    /// A Service without pods among the objects: its namespace and its name.
    Service(String, String),
    /// Another address.
    Address(String),
}

impl<'a> Brokers<'a> {
    pub(super) fn of(set: &'a ObjectSet<'a>, members: &'a [Member<'a>]) -> Self {
        let mut all = Self {
            set,
            fleets: BTreeMap::new(),
            clusters: BTreeMap::new(),
        };
        for brokers in members.iter().filter(|member| member.serves()) {
            if let Some(cluster) = brokers.cluster() {
                let fleet = all.fleets.entry(cluster).or_insert(Fleet { count: 0, brokers });
                fleet.count += brokers.workload.replicas;
                all.clusters.insert(brokers.index, cluster);
            }
        }
        all
    }

    /// Those of the cluster of a broker; none where nothing says which that is.
    pub(super) fn beside(&self, member: &Member<'_>) -> Option<Fleet<'a>> {
        self.fleets.get(self.clusters.get(&member.index)?).copied()
    }

    /// Those behind a bootstrap list, seen from a namespace; none if they are not among the objects.
    pub(super) fn behind(&self, namespace: &str, servers: &str) -> Option<Fleet<'a>> {
        self.at(&targets(self.set, namespace, servers))
    }

    /// Those that addresses lead to.
    pub(super) fn at(&self, targets: &BTreeSet<Target>) -> Option<Fleet<'a>> {
        targets.iter().find_map(|target| {
            let Target::Workload(index) = target else { return None };
            self.fleets.get(self.clusters.get(index)?).copied()
        })
    }
}

/// What a list of addresses leads to, seen from a namespace.
pub(super) fn targets(set: &ObjectSet<'_>, own: &str, servers: &str) -> BTreeSet<Target> {
    let mut found = BTreeSet::new();
    for address in servers.split(',').map(str::trim).filter(|address| !address.is_empty()) {
        let address = address.rsplit_once("://").map_or(address, |(_, address)| address);
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        if let Some(index) = pod_of_namespace(set, own, host) {
            found.insert(Target::Workload(index));
            continue;
        }
        let parts: Vec<&str> = host.split('.').collect();
        let service = match parts.as_slice() {
            [service] => Some((own, *service)),
            [service, namespace] | [service, namespace, "svc", ..] | [_, service, namespace, "svc", ..] => {
                Some((*namespace, *service))
            }
            _ => None,
        };
        let Some((namespace, service)) = service else {
            found.insert(Target::Address(address.to_owned()));
            continue;
        };
        let pods = set
            .find("Service", namespace, service)
            .and_then(ObjectModel::service)
            .and_then(|service| service.selector.as_ref())
            .map(|selector| set.selected(namespace, selector));
        match pods {
            Some(pods) if !pods.is_empty() => found.extend(pods.iter().map(|(index, _)| Target::Workload(*index))),
            _ => {
                found.insert(Target::Service(namespace.to_owned(), service.to_owned()));
            }
        }
    }
    found
}
