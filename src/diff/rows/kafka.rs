//! Processes of Kafka that are there before and after: what another setting, image or number of them means.

use std::collections::BTreeSet;

use super::{
    cluster, connect, heap, migration, opened, principals,
    process::Process,
    registry, rest, settings,
    told::{Pair, Places, Told, Tools},
    version, zookeeper,
};
use crate::{
    diff::{
        change::Found,
        pairs::Pair as ObjectPair,
        sets::{Sets, WORKLOADS, When},
    },
    lint::model::program::Program,
    manifest::Identity,
};

/// Judges all processes of Kafka that are there before and after.
pub(super) fn judge(sets: &Sets<'_>, pairs: &[ObjectPair], found: &mut Found) {
    let mut places = Places::of(found);
    let scaled = scaled(sets, pairs, found);
    for identity in candidates(sets, pairs) {
        let (Some(before), Some(after)) = (sets.worker(When::Before, identity), sets.worker(When::After, identity))
        else {
            continue;
        };
        let (Some(before), Some(after)) = (Process::of(sets.before, before), Process::of(sets.after, after)) else {
            rest::apicurio(sets, identity, found, &places);
            continue;
        };
        let pair = Pair {
            sets,
            identity,
            is_scaled: scaled.contains(&identity.namespace),
            tools: Tools::near(sets, &before),
            before,
            after,
        };
        let mut told = Told {
            pair: &pair,
            found,
            places: &mut places,
        };
        heap::judge(&mut told);
        match pair.after.kafka.program {
            Program::Broker => {
                settings::broker(&mut told);
                opened::broker(&mut told);
                cluster::judge(&mut told);
                principals::judge(&mut told);
                settings::replication(&mut told);
                version::judge(&mut told);
                migration::judge(&mut told);
            }
            Program::Connect => {
                connect::judge(&mut told);
                rest::judge(&mut told);
            }
            Program::Registry => {
                registry::judge(&mut told);
                rest::judge(&mut told);
            }
            Program::ZooKeeper => {
                zookeeper::judge(&mut told);
                opened::zookeeper(&mut told);
            }
        }
    }
}

/// The namespaces in which workloads come, go, or have another number of pods.
fn scaled(sets: &Sets<'_>, pairs: &[ObjectPair], found: &Found) -> BTreeSet<String> {
    let moved = pairs.iter().filter_map(|pair| match pair {
        ObjectPair::Changed(..) => None,
        ObjectPair::Added(new) | ObjectPair::Renamed(_, new) => Some(sets.after.identity(*new)),
        ObjectPair::Removed(old) => Some(sets.before.identity(*old)),
    });
    let moved = moved.filter(|identity| WORKLOADS.contains(&identity.kind.as_str()));
    let places = found.drafts.iter().map(|draft| &draft.place);
    let of_pods =
        places.filter(|place| ["spec.replicas", "spec.ordinals", "spec.ordinals.start"].contains(&place.path.as_str()));
    moved
        .map(|identity| identity.namespace.clone())
        .chain(of_pods.map(|place| place.object.namespace.clone()))
        .collect()
}

/// The workloads that differ, or read a file that does.
fn candidates<'s>(sets: &'s Sets<'_>, pairs: &[ObjectPair]) -> BTreeSet<&'s Identity> {
    let mut found = BTreeSet::new();
    for pair in pairs {
        let (side, index) = match pair {
            ObjectPair::Changed(_, new) | ObjectPair::Added(new) | ObjectPair::Renamed(_, new) => (sets.after, *new),
            ObjectPair::Removed(old) => (sets.before, *old),
        };
        let identity = side.identity(index);
        match identity.kind.as_str() {
            "ConfigMap" => {
                let readers = sets.readers(When::After, identity);
                found.extend(readers.map(|worker| &worker.model.identity));
            }
            kind if WORKLOADS.contains(&kind) => {
                found.insert(identity);
            }
            _ => {}
        }
    }
    found
}
