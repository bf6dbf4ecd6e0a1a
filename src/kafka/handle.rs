//! The handle of a cluster, which other constructs are built from.

use std::sync::Arc;

use super::{
    connection::ClientSettings,
    listener::{Listener, Protocol},
    log_defaults::LogDefaults,
    pool::Roles,
    replication::Replication,
};
use crate::{
    construct::{Check, Claim},
    context::Context,
    diagnostics::{Location, rules::topic},
    lint,
    workload::{ImageSet, Labels, Version, VolumeClaims},
    zookeeper::ZooKeeperHandle,
};

/// Where the metadata of a cluster is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its own controllers.
    Kraft,
    /// ZooKeeper.
    ZooKeeper,
    /// Unknown: the cluster is external.
    External,
}

/// A cluster that is part of a stack, or an external one: what clients, topics and monitoring are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaHandle(pub(super) Arc<ClusterInfo>);

/// What other constructs need to know about a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterInfo {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) images: ImageSet,
    pub(super) connection: ClientSettings,
    /// The first listener for clients, if the cluster is part of a stack.
    pub(super) listener: Option<Listener>,
    pub(super) first_brokers: Vec<String>,
    pub(super) brokers: Option<u32>,
    pub(super) controllers: u32,
    pub(super) replication: Replication,
    pub(super) log: LogDefaults,
    pub(super) metrics_port: Option<&'static str>,
    pub(super) volume_claims: Vec<VolumeClaims>,
    pub(super) zookeeper: Option<ZooKeeperHandle>,
    pub(super) made_in: Option<Context>,
    /// The line that made the handle of an external cluster.
    pub(super) location: Option<Location>,
}

impl KafkaHandle {
    #[track_caller]
    pub(super) fn external(name: String, version: Version, bootstrap_servers: String) -> Self {
        let connection = ClientSettings {
            bootstrap_servers,
            protocol: Protocol::Plaintext,
        };
        Self(Arc::new(ClusterInfo {
            name,
            mode: Mode::External,
            images: ImageSet::confluent(version),
            first_brokers: connection.addresses().map(str::to_owned).collect(),
            connection,
            listener: None,
            brokers: None,
            controllers: 0,
            replication: Replication::new(3, 2),
            log: LogDefaults::KAFKA,
            metrics_port: None,
            volume_claims: Vec::new(),
            zookeeper: None,
            made_in: None,
            location: Some(Location::caller()),
        }))
    }

    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where its metadata is kept.
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.0.images.version()
    }

    /// The images of its version.
    pub fn images(&self) -> &ImageSet {
        &self.0.images
    }

    /// How its clients connect to it.
    pub fn client_settings(&self) -> &ClientSettings {
        &self.0.connection
    }

    /// `bootstrap.servers` of its clients.
    pub fn bootstrap_servers(&self) -> &str {
        self.0.connection.bootstrap_servers()
    }

    /// Host and port of as many brokers as a topic has replicas, or the bootstrap servers of an external cluster. A
    /// component waits for them before it creates its topics. They are not all brokers, so that one more broker does
    /// not change the pods that wait.
    pub fn first_brokers(&self) -> &[String] {
        &self.0.first_brokers
    }

    /// The listener that applications connect to, unless the cluster is external.
    pub(crate) fn listener(&self) -> Option<&Listener> {
        self.0.listener.as_ref()
    }

    /// The number of its brokers, unless it is external.
    pub fn brokers(&self) -> Option<u32> {
        self.0.brokers
    }

    /// The number of its controllers: 0 with ZooKeeper or if it is external.
    pub fn controllers(&self) -> u32 {
        self.0.controllers
    }

    /// The default replication of topics.
    pub fn replication(&self) -> Replication {
        self.0.replication
    }

    pub(crate) fn log_defaults(&self) -> LogDefaults {
        self.0.log
    }

    /// The labels of its brokers' pods.
    pub(crate) fn broker_labels(&self) -> Labels {
        Labels::new("kafka", &self.0.name, Roles::Broker.component())
    }

    /// The labels of all of its pods.
    pub fn labels(&self) -> Labels {
        Labels::new("kafka", &self.0.name, "")
    }

    /// The name of its pods' metrics port, if its images have a metrics agent.
    pub fn metrics_port(&self) -> Option<&'static str> {
        self.0.metrics_port
    }

    /// Its volumes.
    pub fn volume_claims(&self) -> &[VolumeClaims] {
        &self.0.volume_claims
    }

    /// Reports a handle of another stack, and what is wrong with an external cluster.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let instead = format!(
            "use `KafkaCluster::external(\"{}\", …, \"{}\")` here",
            self.0.name,
            self.bootstrap_servers()
        );
        check.same_surroundings(&self.0.name, self.0.made_in.as_ref(), instead);
        let Some(location) = self.0.location else { return };
        // Its line is known here alone: what is built from the handle only has the list.
        if let Some(finding) = lint::bootstrap(self.bootstrap_servers()) {
            check.add(finding, |finding| {
                finding.item(self.name()).at(location);
            });
        }
    }

    /// A claim to a topic of the cluster. Metric names have no dots, so `a.b` and `a_b` collide.
    pub(crate) fn claim_topic(&self, name: &str, location: Location) -> Claim {
        Claim::new("topic", self.bootstrap_servers(), name, &topic::TWICE, location)
            .item(name)
            .alike(name.replace('.', "_"), &topic::NAME_COLLISION)
    }

    /// The ensemble that keeps its metadata, in ZooKeeper mode.
    pub fn zookeeper(&self) -> Option<&ZooKeeperHandle> {
        self.0.zookeeper.as_ref()
    }

    /// The line that made the handle, if it is that of an external cluster.
    pub(super) fn location(&self) -> Option<Location> {
        self.0.location
    }

    /// Sets the replication of an external cluster, if it is not 3 with 2 in sync.
    #[must_use]
    pub fn with_replication(&self, replication: Replication) -> Self {
        Self(Arc::new(ClusterInfo {
            replication,
            ..(*self.0).clone()
        }))
    }
}
