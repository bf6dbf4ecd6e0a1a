use std::sync::Arc;

use super::{
    capacity::LogDefaults,
    check::{Where, check_replication},
    listener::Listener,
    pool::{NodePool, Roles},
    replication::{Compression, Replication},
};
use crate::{
    capacity::{self, Load},
    construct::{Check, Claim, Construct, Meta},
    context::Context,
    diagnostics::{
        Location,
        rules::{client, kraft, topic},
    },
    manifest::Object,
    quantity::{Bytes, Duration, Units},
    settings::{
        Override, Properties,
        catalogue::{Key, Role, Unset},
    },
    workload::{ImageSet, Labels, Version, VolumeClaims},
    zookeeper::ZooKeeperHandle,
};

/// A Kafka cluster: its node pools, its listeners, and the settings that all of its nodes share.
///
/// Every node reads one `server.properties` of its pool, which is the file under review; only what differs from pod to pod
/// comes from the environment.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3).storage(Storage::persistent(100.gib())))
///         .config("message.max.bytes", 2_097_152),
/// );
/// assert_eq!(kafka.bootstrap_servers(), "kafka.kafka.svc.cluster.local:9092");
/// assert_eq!(kafka.replication(), Replication::new(3, 2));
///
/// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
/// assert!(manifests.get("kafka/statefulset-kafka-controller.yaml").is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct KafkaCluster {
    pub(crate) meta: Meta,
    pub(crate) version: Version,
    pub(crate) images: ImageSet,
    pub(crate) coordination: Coordination,
    pub(crate) pools: Vec<NodePool>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) replication: Option<Replication>,
    pub(crate) settings: Properties,
    pub(crate) overrides: Vec<Override>,
    pub(crate) settle: Duration,
    pub(crate) load: Option<Load>,
}

/// Who keeps the cluster's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coordination {
    /// A quorum of controllers.
    Kraft { cluster_id: String },
    /// A ZooKeeper ensemble.
    ZooKeeper(ZooKeeperHandle),
}

impl KafkaCluster {
    /// A cluster that keeps its own metadata. `cluster_id` is 22 characters (`kafka-storage random-uuid` makes one) and stays
    /// the same for the life of the data.
    #[track_caller]
    pub fn kraft(name: impl Into<String>, version: Version, cluster_id: impl Into<String>) -> Self {
        let cluster_id = cluster_id.into();
        Self::new(name, version, Coordination::Kraft { cluster_id })
    }

    /// A cluster whose metadata is in ZooKeeper: Kafka 3.9, the last line that can, so no version is asked for.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    /// let kafka = stack.add(
    ///     KafkaCluster::zookeeper("kafka", &zookeeper)
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "the migration is planned for March"),
    /// );
    /// assert_eq!(kafka.version(), Version::V3_9);
    /// assert!(!synth(&stack).findings.has_errors());
    /// ```
    #[track_caller]
    pub fn zookeeper(name: impl Into<String>, zookeeper: &ZooKeeperHandle) -> Self {
        Self::new(name, Version::V3_9, Coordination::ZooKeeper(zookeeper.clone()))
    }

    /// A cluster made elsewhere, for constructs that only connect to it. Its size is unknown, so what depends on the number
    /// of its brokers is not checked; replication is 3 with 2 in sync unless [`KafkaHandle::with_replication`] says otherwise.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "streams");
    /// let kafka = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092,kafka-2.example.com:9092");
    /// stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 6, Cleanup::delete_after(7.days()))));
    /// assert!(synth(&stack).manifests.is_some());
    /// ```
    #[track_caller]
    pub fn external(name: impl Into<String>, version: Version, bootstrap_servers: impl Into<String>) -> KafkaHandle {
        let bootstrap_servers = bootstrap_servers.into();
        KafkaHandle(Arc::new(Facts {
            name: name.into(),
            mode: Mode::External,
            images: ImageSet::confluent(version),
            addresses: bootstrap_servers
                .split(',')
                .map(str::trim)
                .filter(|address| !address.is_empty())
                .map(str::to_owned)
                .collect(),
            bootstrap_servers,
            brokers: None,
            controllers: 0,
            replication: Replication::new(3, 2),
            log: LogDefaults::KAFKA,
            metrics_port: None,
            volume_claims: Vec::new(),
            zookeeper: None,
            made_in: None,
            settings: None,
            location: Some(Location::caller()),
        }))
    }

    #[track_caller]
    fn new(name: impl Into<String>, version: Version, coordination: Coordination) -> Self {
        Self {
            meta: Meta::new(name),
            version,
            images: ImageSet::confluent(version),
            coordination,
            pools: Vec::new(),
            listeners: Vec::new(),
            replication: None,
            settings: Properties::default(),
            overrides: Vec::new(),
            settle: 30.seconds(),
            load: None,
        }
    }

    /// Adds nodes. A cluster needs brokers, and in KRaft mode controllers.
    pub fn pool(mut self, pool: NodePool) -> Self {
        self.pools.push(pool);
        self
    }

    /// Adds a listener for clients. Without one there is `CLIENT` on 9092, open to everyone; the first one is what this
    /// stack's own components use.
    pub fn listener(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Other images than Confluent's. They must carry the cluster's version.
    pub fn images(mut self, images: ImageSet) -> Self {
        self.images = images;
        self
    }

    /// What topics get that do not say otherwise, Kafka's own internal ones included; [`Replication::for_brokers`] if unset.
    pub const fn replication(mut self, replication: Replication) -> Self {
        self.replication = Some(replication);
        self
    }

    /// `num.partitions`: of topics that do not say otherwise.
    pub fn default_partitions(self, partitions: u32) -> Self {
        self.set("num.partitions", partitions)
    }

    /// `num.network.threads`.
    pub fn network_threads(self, threads: u32) -> Self {
        self.set("num.network.threads", threads)
    }

    /// `num.io.threads`.
    pub fn io_threads(self, threads: u32) -> Self {
        self.set("num.io.threads", threads)
    }

    /// `socket.send.buffer.bytes` and `socket.receive.buffer.bytes`.
    pub fn socket_buffers(self, size: Bytes) -> Self {
        self.set("socket.send.buffer.bytes", size.get())
            .set("socket.receive.buffer.bytes", size.get())
    }

    /// `socket.request.max.bytes`: the largest request, which a record batch has to fit into; Kafka's default is 100 MiB.
    pub fn largest_request(self, size: Bytes) -> Self {
        self.set("socket.request.max.bytes", size.get())
    }

    /// `log.retention.ms`: of topics that do not say otherwise.
    pub fn log_retention(self, retention: Duration) -> Self {
        self.set("log.retention.ms", retention.as_millis())
    }

    /// `log.segment.bytes`: of topics that do not say otherwise.
    pub fn log_segment(self, size: Bytes) -> Self {
        self.set("log.segment.bytes", size.get())
    }

    /// `log.retention.check.interval.ms`: how often segments are looked at for deletion.
    pub fn retention_check_interval(self, interval: Duration) -> Self {
        self.set("log.retention.check.interval.ms", interval.as_millis())
    }

    /// `compression.type`: of topics that do not say otherwise.
    pub fn compression(self, compression: Compression) -> Self {
        self.set("compression.type", compression)
    }

    /// `transactional.id.expiration.ms`: how long an idle transactional id is remembered.
    pub fn transactional_id_expiration(self, expiration: Duration) -> Self {
        self.set("transactional.id.expiration.ms", expiration.as_millis())
    }

    /// How long a restarted broker must be ready before the next one is restarted, so that it can catch up first; 30 s.
    pub const fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// What all topics that declare no load of their own carry together, spread over them by their partitions. Where the stack
    /// has no such topic, it is that of topics declared elsewhere, kept for `log.retention.hours`. Nothing is rendered.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(
    ///             NodePool::brokers("kafka", 3)
    ///                 .storage(Storage::persistent(100.gib()))
    ///                 .disk_throughput(125.mebibytes_per_second())
    ///                 .network(1.gigabits_per_second())
    ///                 .cpu_class(CpuClass::MSK_EXPRESS_M7G),
    ///         )
    ///         .load(Load::new(1_000_000.records_per_second(), 1000.bytes()).consumer_groups(2)),
    /// );
    /// let findings = synth(&stack).findings;
    /// let first = findings.iter().next().unwrap();
    /// assert_eq!(first.message, "each broker of pool `kafka` writes 1 GB/s, and 80 % of its disk are 105 MB/s");
    /// ```
    pub const fn load(mut self, load: Load) -> Self {
        self.load = Some(load);
        self
    }

    /// Any other broker setting by its Kafka name. A key that a builder call or the cluster itself sets is refused.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.overrides.push(Override::new(key, value));
        self
    }

    fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.settings.set(key, value);
        self
    }

    /// What builder calls and raw settings tell all nodes.
    pub(crate) fn shared_settings(&self) -> Properties {
        let mut settings = self.settings.clone();
        settings.set_raw(&self.overrides);
        settings
    }

    pub(crate) fn count(&self, role: fn(Roles) -> bool) -> u32 {
        self.pools
            .iter()
            .filter(|pool| role(pool.roles))
            .fold(0, |sum, pool| sum.saturating_add(pool.replicas))
    }

    pub(crate) fn effective_replication(&self) -> Replication {
        self.replication
            .unwrap_or_else(|| Replication::for_brokers(self.count(Roles::broker)))
    }

    pub(crate) fn client_listeners(&self) -> Vec<Listener> {
        if self.listeners.is_empty() {
            vec![Listener::plaintext("CLIENT", 9092)]
        } else {
            self.listeners.clone()
        }
    }

    /// The labels of all of the cluster's pods.
    pub(crate) fn labels(&self) -> Labels {
        Labels::new("kafka", &self.meta.name, "")
    }

    /// The labels of the pods that play the part of these roles.
    pub(crate) fn component_labels(&self, roles: Roles) -> Labels {
        Labels::new("kafka", &self.meta.name, roles.component())
    }

    /// The labels of the pods of one pool.
    pub(crate) fn pool_labels(&self, pool: &NodePool) -> Labels {
        Labels {
            pool: pool.name.clone(),
            ..self.component_labels(pool.roles)
        }
    }

    pub(crate) fn headless_name(&self) -> String {
        format!("{}-headless", self.meta.name)
    }
}

impl Construct for KafkaCluster {
    type Handle = KafkaHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, context: &Context) -> KafkaHandle {
        let port = self.client_listeners()[0].port;
        let headless = context.service_address(&self.headless_name());
        let broker_pools = || self.pools.iter().filter(|pool| pool.roles.broker());
        KafkaHandle(Arc::new(Facts {
            name: self.meta.name.clone(),
            mode: match self.coordination {
                Coordination::Kraft { .. } => Mode::Kraft,
                Coordination::ZooKeeper(_) => Mode::ZooKeeper,
            },
            images: self.images.clone(),
            bootstrap_servers: format!("{}:{port}", context.service_address(&self.meta.name)),
            addresses: broker_pools()
                .flat_map(|pool| pool.ids().map(move |id| (pool, id)))
                .map(|(pool, id)| format!("{}-{id}.{headless}:{port}", pool.name))
                .collect(),
            brokers: Some(self.count(Roles::broker)),
            controllers: self.count(Roles::controller),
            replication: self.effective_replication(),
            log: self.log_defaults(),
            metrics_port: self.images.metrics_port().map(|(name, _)| name),
            volume_claims: self
                .pools
                .iter()
                .map(|pool| VolumeClaims::new("data", &pool.name, pool.ids()))
                .collect(),
            zookeeper: match &self.coordination {
                Coordination::Kraft { .. } => None,
                Coordination::ZooKeeper(zookeeper) => Some(zookeeper.clone()),
            },
            made_in: Some(context.clone()),
            settings: Some(self.shared_settings()),
            location: None,
        }))
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check_all(check);
    }

    fn claims(&self) -> Vec<Claim> {
        let location = self.meta.location;
        vec![match &self.coordination {
            Coordination::Kraft { cluster_id } => {
                Claim::new("cluster id", "", cluster_id, &kraft::CLUSTER_ID, location)
                    .hint("make another one with `kafka-storage random-uuid`")
            }
            Coordination::ZooKeeper(zookeeper) => {
                let ensemble = zookeeper.connection_string();
                Claim::new("ensemble", "", ensemble, &kraft::CLUSTER_ID, location)
                    .hint("give each cluster its own `ZooKeeper`")
            }
        }]
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        self.render_all(context)
    }

    fn capacity(&self) -> capacity::Facts {
        self.facts()
    }
}

/// Whether this is a host and a port. An IPv6 address stands in brackets.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let named = || !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let numbered = || {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok())
    };
    port.parse::<u16>().is_ok_and(|port| port > 0) && (named() || numbered())
}

/// Who keeps the metadata of a cluster that a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its own controllers.
    Kraft,
    /// ZooKeeper.
    ZooKeeper,
    /// Unknown: the cluster was made elsewhere.
    External,
}

/// A cluster that is part of a stack, or was made elsewhere: what clients, topics and monitoring are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaHandle(Arc<Facts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    name: String,
    mode: Mode,
    images: ImageSet,
    bootstrap_servers: String,
    addresses: Vec<String>,
    brokers: Option<u32>,
    controllers: u32,
    replication: Replication,
    log: LogDefaults,
    metrics_port: Option<&'static str>,
    volume_claims: Vec<VolumeClaims>,
    zookeeper: Option<ZooKeeperHandle>,
    made_in: Option<Context>,
    /// What all nodes of a cluster of this crate are told, and what is not left to Kafka's defaults.
    settings: Option<Properties>,
    /// The line that made the handle of a cluster made elsewhere.
    location: Option<Location>,
}

impl KafkaHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Who keeps its metadata.
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

    /// `bootstrap.servers` of its clients.
    pub fn bootstrap_servers(&self) -> &str {
        &self.0.bootstrap_servers
    }

    /// Host and port of every broker, or the bootstrap servers of a cluster made elsewhere.
    pub fn broker_addresses(&self) -> &[String] {
        &self.0.addresses
    }

    /// The number of its brokers, unless it was made elsewhere.
    pub fn brokers(&self) -> Option<u32> {
        self.0.brokers
    }

    /// The number of its controllers: 0 with ZooKeeper or if it was made elsewhere.
    pub fn controllers(&self) -> u32 {
        self.0.controllers
    }

    /// What topics get that do not say otherwise.
    pub fn replication(&self) -> Replication {
        self.0.replication
    }

    pub(crate) fn log_defaults(&self) -> LogDefaults {
        self.0.log
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

    /// A number that all brokers are told, or Kafka's default of it; `None` if the cluster was made elsewhere or it is no number.
    pub(crate) fn setting(&self, key: &str) -> Option<u64> {
        let text = match self.0.settings.as_ref()?.get(key) {
            Some(value) => value,
            None => match Key::find(Role::Broker, self.version(), key)?.unset {
                Unset::Text(default) => default,
                Unset::Required | Unset::Nothing => return None,
            },
        };
        text.trim().parse().ok()
    }

    /// Reports the handle if it is not that of the stack that is checked, and what is wrong with a cluster made elsewhere.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let instead = format!(
            "use `KafkaCluster::external(\"{}\", …, \"{}\")` here",
            self.0.name, self.0.bootstrap_servers
        );
        check.same_surroundings(&self.0.name, self.0.made_in.as_ref(), instead);
        let Some(location) = self.0.location else { return };
        let servers = &self.0.bootstrap_servers;
        if let Some(address) = servers.split(',').map(str::trim).find(|address| !is_address(address)) {
            check.report(
                &client::BOOTSTRAP,
                format!("{address:?} is not `host:port`"),
                |finding| {
                    finding.item(self.name()).at(location).hint(
                        "give `KafkaCluster::external` a list, as `kafka-1.example.com:9092,kafka-2.example.com:9092`",
                    );
                },
            );
        }
        let place = Where {
            item: self.name(),
            location,
            call: ".with_replication(…)",
        };
        check_replication(check, self.replication(), None, &place);
    }

    /// A claim to a topic of the cluster. Metric names have no dots, so Kafka cannot tell `a.b` from `a_b`.
    pub(crate) fn claim_topic(&self, name: &str, location: Location) -> Claim {
        Claim::new("topic", self.bootstrap_servers(), name, &topic::TWICE, location)
            .item(name)
            .alike(name.replace('.', "_"), &topic::NAME_COLLISION)
    }

    /// The ensemble that keeps its metadata, in ZooKeeper mode.
    pub fn zookeeper(&self) -> Option<&ZooKeeperHandle> {
        self.0.zookeeper.as_ref()
    }

    /// The replication of a cluster made elsewhere, where it is not 3 with 2 in sync.
    #[must_use]
    pub fn with_replication(&self, replication: Replication) -> Self {
        Self(Arc::new(Facts {
            replication,
            ..(*self.0).clone()
        }))
    }
}
