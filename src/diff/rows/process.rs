//! Processes of Kafka: the settings that each ends up with, and which of them are one cluster.

use std::collections::BTreeMap;

use crate::{
    diff::{
        sets::{Sets, When, Worker},
        side::Side,
    },
    lint::model::{
        ObjectDetail, config::ConfigData, container::Container, process::KafkaProcess, program::Program,
        release::of_image, settings::EffectiveSettings,
    },
    manifest::Identity,
    version::Version,
};

/// A process on one side.
pub(super) struct Process<'a> {
    pub(super) worker: &'a Worker,
    pub(super) kafka: &'a KafkaProcess,
    /// Its container.
    pub(super) container: &'a Container,
    pub(super) settings: EffectiveSettings,
    pub(super) version: Option<Version>,
}

impl<'a> Process<'a> {
    pub(super) fn of(side: &Side, worker: &'a Worker) -> Option<Self> {
        let workload = worker.model.workload()?;
        let (kafka, container) = workload.process()?;
        let mut files: BTreeMap<&str, ConfigData> = BTreeMap::new();
        for reference in workload
            .references
            .iter()
            .filter(|reference| reference.kind == "ConfigMap")
        {
            let identity = Identity {
                group: String::new(),
                kind: "ConfigMap".to_owned(),
                namespace: worker.model.identity.namespace.clone(),
                name: reference.name.clone(),
            };
            let map = side.find(&identity).map(|index| side.model(index).detail);
            if let Some(ObjectDetail::Config(config)) = map {
                files.insert(&reference.name, config);
            }
        }
        let settings = kafka.settings(container, |map| files.get(map));
        Some(Self {
            worker,
            kafka,
            container,
            settings,
            version: of_image(&kafka.image),
        })
    }

    /// The value of a setting, as it is written for this process.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|setting| setting.value.as_str())
    }

    /// A number; none if the setting is not there, or filled in later.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.get(key)?.trim().parse().ok()
    }

    pub(super) fn has_role(&self, role: &str) -> bool {
        self.get("process.roles")
            .is_some_and(|roles| list(roles).any(|own| own == role))
    }

    /// Whether it is a broker: in ZooKeeper mode all are.
    pub(super) fn is_broker(&self) -> bool {
        self.kafka.program == Program::Broker && (self.has_role("broker") || !self.is_kraft())
    }

    pub(super) fn is_kraft(&self) -> bool {
        self.get("process.roles").is_some_and(|roles| !roles.trim().is_empty())
    }

    /// Its pods, with the ids of their nodes.
    pub(super) fn nodes(&self) -> BTreeMap<i64, String> {
        let id = self.get("node.id").or(self.get("broker.id")).unwrap_or_default();
        let pods = self.worker.pods();
        pods.into_iter()
            .filter_map(|pod| {
                let ordinal = pod.rsplit_once('-')?.1.parse::<i64>().ok()?;
                Some((id.parse().unwrap_or(ordinal), pod))
            })
            .collect()
    }
}

/// The entries of a list.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// The processes of a side that are of the same cluster: all brokers and controllers of the namespace with the same cluster id.
pub(super) fn cluster_of<'s>(sets: &'s Sets<'_>, when: When, process: &'s Process<'_>) -> Vec<Process<'s>> {
    let namespace = &process.worker.model.identity.namespace;
    let near = |other: &Process<'_>| {
        other.kafka.program == Program::Broker
            && (other.kafka.cluster_id == process.kafka.cluster_id
                || other.worker.model.identity == process.worker.model.identity)
    };
    sets.workers_in(when, namespace, "")
        .filter_map(|worker| Process::of(sets.side(when), worker))
        .filter(near)
        .collect()
}

/// How many brokers a cluster has.
pub(super) fn brokers(cluster: &[Process<'_>]) -> i64 {
    let brokers = cluster.iter().filter(|process| process.is_broker());
    brokers.map(|process| process.worker.replicas()).sum()
}

/// The broker of a namespace: behind an address, where there are several.
pub(super) fn broker_of<'s>(
    sets: &'s Sets<'_>,
    when: When,
    namespace: &'s str,
    servers: Option<&str>,
) -> Option<Process<'s>> {
    let is_behind = |worker: &&Worker| {
        let service = worker.model.workload().and_then(|workload| workload.service.as_deref());
        let name = worker.model.identity.name.as_str();
        servers.is_none_or(|servers| {
            list(servers).any(|server| {
                let host = server.split([':', '.']).next().unwrap_or_default();
                host == name || Some(host) == service || host.starts_with(&format!("{name}-"))
            })
        })
    };
    sets.workers_in(when, namespace, "")
        .filter(is_behind)
        .filter_map(|worker| Process::of(sets.side(when), worker))
        .find(Process::is_broker)
}
