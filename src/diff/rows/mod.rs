//! The classification. Each file is a family of changes: its rows, and how they are recognized.
//!
//! | File | Changes of |
//! |---|---|
//! | `object` | whole objects that appear, go or are renamed; labels; kinds that are not known |
//! | `workload` | StatefulSets, Deployments, DaemonSets, Jobs: pod templates and what restarts, fields that cannot change, replicas |
//! | `restart` | how a controller replaces pods |
//! | `storage` | claims, their templates, storage classes |
//! | `service`, `network` | Services; network policies |
//! | `certificate` | certificates that cert-manager writes |
//! | `guard` | disruption budgets, roles and bindings, labels of namespaces |
//! | `monitoring` | alert rules, dashboards, scrape objects |
//! | `files` | ConfigMaps and Secrets, file by file |
//! | `file` | a file, and what a change of it does to the pods that read it |
//! | `settings` | property files, key by key |
//! | `topics` | files of topics, topic by topic |
//! | `permissions` | files of users, permissions and quotas, user by user |
//! | `kafka` | processes of Kafka that are there before and after; `process` and `listeners` are what is known of one |
//! | `told` | where a change of a process is told: at the line, the variable or the option that was changed; commands for its cluster |
//! | `heap` | the heap of a JVM, and the memory that it has |
//! | `cluster`, `version`, `features`, `migration` | what nodes must agree on; releases; what is finalized; from ZooKeeper to KRaft |
//! | `principals` | who nodes and tools are to the brokers: super users, and names of certificates |
//! | `opened` | authorizers, listeners, policies, Services and servers that let in more than before |
//! | `zookeeper` | servers of ZooKeeper |
//! | `strimzi` | resources of Strimzi's operators, and those of others that go |
//! | `connect`, `connectors` | workers of Connect, and the connectors that are declared for them |
//! | `rest` | REST interfaces of workers and registries that are closed or opened |
//! | `registry`, `schemas` | the Schema Registry, and the subjects that are declared for it |

mod certificate;
mod cluster;
mod connect;
mod connectors;
mod features;
mod file;
mod files;
mod guard;
mod heap;
mod kafka;
mod listeners;
mod migration;
mod monitoring;
mod network;
mod object;
mod opened;
mod permissions;
mod principals;
mod process;
mod registry;
mod rest;
mod restart;
mod route;
mod schemas;
mod service;
mod settings;
mod storage;
mod strimzi;
mod told;
mod topics;
mod version;
mod workload;
mod zookeeper;

use serde_json::Value;

use super::{
    change::{Found, Place},
    normal::unset,
    pairs::Pair,
    row::Row,
    sets::Sets,
    walk::{Field, fields},
};
use crate::manifest::Identity;

/// All rows, by family.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [
        object::ROWS,
        workload::ROWS,
        storage::ROWS,
        service::ROWS,
        network::ROWS,
        certificate::ROWS,
        route::ROWS,
        guard::ROWS,
        monitoring::ROWS,
        file::ROWS,
        files::ROWS,
        settings::ROWS,
        topics::ROWS,
        permissions::ROWS,
        cluster::ROWS,
        principals::ROWS,
        opened::ROWS,
        version::ROWS,
        heap::ROWS,
        features::ROWS,
        migration::ROWS,
        zookeeper::ROWS,
        connect::ROWS,
        registry::ROWS,
        rest::ROWS,
        schemas::ROWS,
        connectors::ROWS,
        strimzi::ROWS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// An object that differs.
pub(super) struct Changed<'a> {
    pub(super) sets: &'a Sets<'a>,
    pub(super) identity: &'a Identity,
    pub(super) before: Value,
    pub(super) after: Value,
    /// The fields in which it differs.
    pub(super) fields: Vec<Field>,
}

impl Changed<'_> {
    /// The place of a field. One that is not set has the API server's default, if it has one.
    pub(super) fn place(&self, field: &Field) -> Place {
        let value = |value: &Value| match value {
            Value::Null => unset(&self.identity.kind, &field.pattern),
            set => set.clone(),
        };
        Place::field(self.identity, &field.path, value(&field.before), value(&field.after))
    }
}

/// Finds what all pairs mean.
pub(super) fn judge(sets: &Sets<'_>, pairs: &[Pair], found: &mut Found) {
    object::doubts(sets, found);
    let changed: Vec<Changed<'_>> = pairs
        .iter()
        .filter_map(|pair| match pair {
            Pair::Changed(old, new) => Some((*old, *new)),
            _ => None,
        })
        .map(|(old, new)| {
            let (before, after) = (sets.before.body(old), sets.after.body(new));
            let identity = sets.after.identity(new);
            Changed {
                sets,
                identity,
                fields: fields(&before, &after),
                before,
                after,
            }
        })
        .collect();
    // Workloads come first: whether a file is read again depends on them.
    for changed in changed.iter().filter(|changed| workload::is(changed.identity)) {
        workload::judge(changed, found);
    }
    for changed in changed.iter().filter(|changed| !workload::is(changed.identity)) {
        match (changed.identity.group.as_str(), changed.identity.kind.as_str()) {
            ("", "ConfigMap" | "Secret") => files::judge(changed, found),
            ("", "Service") => service::judge(changed, found),
            ("", "PersistentVolumeClaim") => storage::claim(changed, found),
            ("", "Namespace") => guard::namespace(changed, found),
            ("storage.k8s.io", "StorageClass") => storage::class(changed, found),
            ("networking.k8s.io", "NetworkPolicy") => network::judge(changed, found),
            ("policy", "PodDisruptionBudget") => guard::budget(changed, found),
            ("rbac.authorization.k8s.io", _) => guard::access(changed, found),
            ("monitoring.coreos.com", _) => monitoring::judge(changed, found),
            (certificate::GROUP, _) => certificate::judge(changed, found),
            (route::GROUP, _) => route::judge(changed, found),
            (strimzi::GROUP, _) => strimzi::judge(changed, found),
            _ => object::judge(changed, found),
        }
    }
    workload::checksums(found);
    kafka::judge(sets, pairs, found);
    network::cuts(sets, pairs, found);
    for pair in pairs {
        match pair {
            Pair::Changed(..) => {}
            Pair::Removed(old) if strimzi::removed(sets, *old, found) => {}
            Pair::Removed(old) => {
                let identity = sets.before.identity(*old);
                match identity.kind.as_str() {
                    "Service" => service::removed(sets, identity, found),
                    "PodDisruptionBudget" => guard::removed(identity, found),
                    "TLSRoute" => route::removed(sets, *old, found),
                    "Certificate" if identity.group == certificate::GROUP => certificate::removed(sets, *old, found),
                    "NetworkPolicy" => network::removed(sets, *old, found),
                    "ServiceMonitor" | "PodMonitor" => monitoring::scrape_removed(identity, found),
                    "PrometheusRule" => monitoring::removed(sets, *old, found),
                    _ => object::removed(sets, *old, found),
                }
            }
            Pair::Added(new) if strimzi::added(sets.after.identity(*new), found) => {}
            Pair::Added(new) if certificate::added(sets, *new, found) => {}
            Pair::Added(new) => object::added(sets, *new, found),
            Pair::Renamed(old, new) if strimzi::renamed(sets, *old, *new, found) => {}
            Pair::Renamed(old, new) => object::renamed(sets, *old, *new, found),
        }
    }
    // What follows from a renamed namespace is there by now.
    object::renamed_namespaces(sets, pairs, found);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diff::{class::Class, row::names};

    /// The reason and the commands of what happens to the pods follow those of what the change means, with the same words.
    #[test]
    fn the_words_about_the_readers_of_a_file_are_theirs_alone() {
        let words = |row: &Row| -> BTreeSet<String> {
            let texts = row.commands.iter().chain([&row.reason]);
            texts.flat_map(|text| names(text)).map(str::to_owned).collect()
        };
        let of_readers: BTreeSet<String> = file::ROWS.iter().flat_map(|row| words(row)).collect();
        assert!(of_readers.contains("restarted"));
        for row in all().filter(|row| !file::ROWS.iter().any(|own| own.id == row.id)) {
            let mut both = words(row);
            both.retain(|word| word != "namespace" && of_readers.contains(word));
            assert!(both.is_empty(), "{}: {both:?}", row.id);
        }
    }

    #[test]
    fn every_row_can_be_told_from_the_others_and_has_its_commands() {
        let mut ids = BTreeSet::new();
        for row in all() {
            assert!(ids.insert(row.id), "{} is there twice", row.id);
            assert!(
                row.id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit()),
                "{}",
                row.id
            );
            assert_eq!(
                row.class >= Class::ManualSteps,
                !row.commands.is_empty(),
                "{}: commands from manual-steps up",
                row.id
            );
            assert!(!row.summary.is_empty() && !row.reason.ends_with('.'), "{}", row.id);
        }
    }
}
