//! Several sets of pods that are one cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cluster, Member};
use crate::diagnostics::{
    Severity::{Error, Note, Warning},
    family::rules,
    rules::durability,
};
use crate::lint::model::{
    ObjectDetail,
    monitoring::Monitor,
    selector::selects,
    service::{PortRef, Service},
    set::{ObjectSet, SetFindings},
    settings::Setting,
    workload::Workload,
};

rules! { rules::api;
    /// A set of brokers that a Service or a monitor leaves out.
    pub const FORGOTTEN_POOL: Rule = Rule {
        id: "KS-A41",
        production: Warning,
        development: Note,
        summary: "a set of brokers that no Service or no monitor of its cluster selects",
        explanation: "The brokers of a cluster may be in several sets of pods. A Service that selects some of them \
            bootstraps clients from these only; a monitor that selects some of them leaves the others without \
            metrics, and their alerts can never fire.",
        source: "Kubernetes, Labels and Selectors",
    };

    /// Sets of one cluster that restart at the same time.
    pub const ROLL_TOGETHER: Rule = Rule {
        id: "KS-A45",
        production: Error,
        development: Warning,
        summary: "several sets of brokers of one cluster that restart at the same time",
        explanation: "Each StatefulSet replaces its pods one by one, but its controller does not look at the other \
            sets, and a disruption budget does not hold it back. A change of all templates takes a broker of each set \
            down at once: with a set for each zone, all replicas of a partition. With `updateStrategy: OnDelete` pods \
            take a change when they are deleted, one by one over all sets; with a `partition` above all ordinals, when \
            it is lowered set by set.",
        source: "Kubernetes, StatefulSet, Update Strategies; Disruptions",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    let mut clusters: BTreeMap<Cluster<'_>, Vec<&Member<'_>>> = BTreeMap::new();
    for member in members.iter().filter(|member| member.serves()) {
        if let Some(cluster) = member.cluster() {
            clusters.entry(cluster).or_default().push(member);
        }
    }
    for pools in clusters.into_values().filter(|pools| pools.len() > 1) {
        served(set, &pools, findings);
        watched(set, &pools, findings);
        rolled(&pools, findings);
        racks(&pools, findings);
    }
}

/// Whether each rack has as many brokers as the others, and each broker a rack if any has.
fn racks(pools: &[&Member<'_>], findings: &mut SetFindings) {
    const RACK: &str = "broker.rack";
    let mut racks: BTreeMap<Option<&str>, i64> = BTreeMap::new();
    for pool in pools {
        let rack = pool.settings.get(RACK);
        let is_known = rack.map_or(!pool.writes(RACK), Setting::is_known);
        if !is_known {
            return;
        }
        *racks.entry(rack.map(|rack| rack.value.trim())).or_default() += pool.workload.replicas;
    }
    let sizes: BTreeSet<i64> = racks.values().copied().collect();
    if sizes.len() == 1 && (racks.len() == 1 || !racks.contains_key(&None)) {
        return;
    }
    let counts: Vec<String> = racks
        .iter()
        .map(|(rack, brokers)| match rack {
            Some(rack) => format!("{brokers} in `{rack}`"),
            None => format!("{brokers} in no rack"),
        })
        .collect();
    let message = format!("the racks have different numbers of brokers: {}", counts.join(", "));
    let Some((pool, rack)) = pools.iter().find_map(|pool| Some((pool, pool.settings.get(RACK)?))) else {
        return;
    };
    pool.at(findings, rack, &durability::ZONES, message)
        .hint("give every pool of brokers a `.zone(…)`, and each zone the same number of brokers")
        .yaml_hint("set `broker.rack` for all brokers, and give each rack the same number of them");
}

/// Whether each set has a Service that clients find it by, if any has.
fn served(set: &ObjectSet<'_>, pools: &[&Member<'_>], findings: &mut SetFindings) {
    let namespace = pools[0].object.identity.namespace.as_str();
    let services: Vec<(usize, &Service)> = set
        .objects
        .iter()
        .enumerate()
        .filter(|(_, object)| object.identity.namespace == namespace)
        .filter_map(|(index, object)| Some((index, object.service()?)))
        .collect();
    let selected = |service: &Service, pool: &Member<'_>| {
        let selector = service.selector.as_ref();
        // A label of one pod still selects a pod of the set.
        selector.is_some_and(|selector| {
            set.selected(namespace, selector)
                .iter()
                .any(|(index, _)| *index == pool.index)
        })
    };
    let of_all: Vec<&(usize, &Service)> = services.iter().filter(|(_, service)| !service.headless).collect();
    let mut told = BTreeSet::new();
    for pool in pools {
        if of_all.iter().any(|(_, service)| selected(service, pool)) {
            continue;
        }
        // A Service for several pods of another set of the cluster is how clients find the cluster.
        let other = of_all
            .iter()
            .find(|(_, service)| pools.iter().any(|other| selects_set(service, other.workload)));
        if let Some((index, _)) = other
            && told.insert(*index)
        {
            forgotten(findings, *index, pool, "clients cannot bootstrap from them");
        }
    }
}

/// Reports a selector that leaves a pool out.
fn forgotten(findings: &mut SetFindings, index: usize, pool: &Member<'_>, consequence: &str) {
    let identity = &pool.object.identity;
    let message = format!(
        "selects other brokers of the cluster, but not those of {} `{}`: {consequence}",
        identity.kind, identity.name
    );
    findings
        .add(index, "/spec/selector", &FORGOTTEN_POOL, message)
        .hint("select only labels that all brokers of the cluster have");
}

/// Whether a Service selects all pods of a set.
fn selects_set(service: &Service, workload: &Workload) -> bool {
    service
        .selector
        .as_ref()
        .is_some_and(|selector| selects(selector, &workload.pods))
}

/// Whether a monitor scrapes each set, if one scrapes any.
fn watched(set: &ObjectSet<'_>, pools: &[&Member<'_>], findings: &mut SetFindings) {
    let watches = |index: usize, monitor: &Monitor, pool: &Member<'_>| {
        let object = set.objects[index];
        let namespace = &pool.object.identity.namespace;
        let looks = match &monitor.namespaces {
            None => object.identity.namespace == *namespace,
            Some(names) => names.is_empty() || names.contains(namespace),
        };
        looks
            && match object.detail {
                ObjectDetail::PodMonitor(_) => selects(&monitor.selector, &pool.workload.pods),
                _ => set.objects.iter().any(|other| {
                    other.identity.namespace == *namespace
                        && selects(&monitor.selector, &other.labels)
                        && other
                            .service()
                            .is_some_and(|service| selects_set(service, pool.workload))
                }),
            }
    };
    let monitors: Vec<(usize, &Monitor)> = set
        .objects
        .iter()
        .enumerate()
        .filter_map(|(index, object)| match &object.detail {
            ObjectDetail::PodMonitor(monitor) | ObjectDetail::ServiceMonitor(monitor) => Some((index, monitor)),
            _ => None,
        })
        .collect();
    let mut told = BTreeSet::new();
    for pool in pools {
        if monitors.iter().any(|(index, monitor)| watches(*index, monitor, pool)) {
            continue;
        }
        let other = monitors.iter().find(|(index, monitor)| {
            // One that scrapes a port that these pods have too.
            let port = monitor.endpoints.iter().any(|endpoint| match &endpoint.port {
                PortRef::Name(name) => pool.workload.ports.iter().any(|own| own.name == *name),
                PortRef::Number(number) => pool.workload.ports.iter().any(|own| own.number == *number),
            });
            port && pools.iter().any(|other| watches(*index, monitor, other))
        });
        if let Some((index, _)) = other
            && told.insert(*index)
        {
            forgotten(
                findings,
                *index,
                pool,
                "they have no metrics, and no alert on them fires",
            );
        }
    }
}

fn rolled(pools: &[&Member<'_>], findings: &mut SetFindings) {
    let rolling: Vec<&&Member<'_>> = pools
        .iter()
        .filter(|pool| pool.is_stateful_set() && pool.workload.rolls && pool.workload.replicas > 0)
        .collect();
    if let [first, others @ ..] = rolling.as_slice()
        && !others.is_empty()
    {
        let names: Vec<&str> = others
            .iter()
            .map(|pool| pool.object.identity.name.as_str())
            .take(4)
            .collect();
        findings
            .add(
                first.index,
                "/spec/updateStrategy",
                &ROLL_TOGETHER,
                format!(
                    "a change of all sets restarts brokers of this one and of `{}` at the same time",
                    names.join("`, `")
                ),
            )
            .hint("leave `updateStrategy` of pools of brokers as it is rendered: `OnDelete`")
            .yaml_hint("set `updateStrategy.type: OnDelete` on all of them, and delete their pods one by one");
    }
}
