//! The builder of a cluster.

use super::{
    external::ExternalSecurity,
    handle::{KafkaHandle, Mode},
    listener::{Listener, Protocol},
    migration::Migration,
    pool::{NodePool, Roles},
    replication::{Compression, Replication},
    tls_rollout::TlsRollout,
};
use crate::{
    capacity::Load,
    construct::Meta,
    diagnostics::Location,
    quantity::{Bytes, Duration, Units},
    security::Issuer,
    settings::Settings,
    workload::{ImageSet, Jvm, Labels, PodOptions, Pods, Version},
    zookeeper::ZooKeeperHandle,
};

/// A Kafka cluster: its node pools, its listeners, and the settings that all of its nodes share.
///
/// All nodes of a pool read the same `server.properties`, the file that you review; only what differs between pods
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
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct KafkaCluster {
    pub(crate) meta: Meta,
    pub(crate) version: Version,
    pub(crate) finalized: Option<Version>,
    pub(crate) images: ImageSet,
    pub(crate) coordination: Coordination,
    pub(crate) pools: Vec<NodePool>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) replication: Option<Replication>,
    pub(crate) settings: Settings,
    pub(crate) settle: Duration,
    pub(crate) restart_gate: Option<Duration>,
    pub(crate) partition_sizes: bool,
    pub(crate) load: Option<Load>,
    pub(crate) tls: Option<Issuer>,
    pub(crate) rollout: Option<TlsRollout>,
    pub(crate) authorization: Option<Location>,
    pub(crate) options: PodOptions,
}

/// Where the cluster's metadata is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coordination {
    /// A quorum of controllers.
    Kraft { cluster_id: String },
    /// A ZooKeeper ensemble.
    ZooKeeper(ZooKeeperHandle),
    /// On the way from an ensemble to controllers.
    Migration {
        zookeeper: ZooKeeperHandle,
        phase: Migration,
        cluster_id: String,
    },
}

impl KafkaCluster {
    /// A cluster that keeps its own metadata. `cluster_id` has 22 characters (`kafka-storage random-uuid` makes one)
    /// and must not change as long as the volumes exist.
    #[track_caller]
    pub fn kraft(name: impl Into<String>, version: Version, cluster_id: impl Into<String>) -> Self {
        let cluster_id = cluster_id.into();
        Self::new(name, version, Coordination::Kraft { cluster_id })
    }

    /// A cluster whose metadata is in ZooKeeper. Its version is Kafka 3.9, the last release line that supports
    /// ZooKeeper.
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

    /// A cluster on the way from ZooKeeper to KRaft, on Kafka 3.9: the same brokers, a pool of controllers beside them, and a phase.
    /// `cluster_id` is the one that ZooKeeper has: `zookeeper-shell ZOOKEEPER:2181 get /cluster/id` prints it.
    ///
    /// After [`Migration::Finalize`] make it `KafkaCluster::kraft(name, Version::V3_9, cluster_id)`, which renders the same, and remove
    /// the ensemble. Then it can be upgraded to 4.x.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    /// stack.add(
    ///     KafkaCluster::migrating("kafka", &zookeeper, Migration::Provision, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3)),
    /// );
    /// assert!(!synth(&stack).findings.has_errors());
    /// ```
    #[track_caller]
    pub fn migrating(
        name: impl Into<String>,
        zookeeper: &ZooKeeperHandle,
        phase: Migration,
        cluster_id: impl Into<String>,
    ) -> Self {
        let coordination = Coordination::Migration {
            zookeeper: zookeeper.clone(),
            phase,
            cluster_id: cluster_id.into(),
        };
        Self::new(name, Version::V3_9, coordination)
    }

    /// An external cluster, for constructs that only connect to it. Its size is unknown, so nothing that depends on the
    /// number of brokers is checked. Replication is 3 with 2 in sync by default, see [`KafkaHandle::with_replication`].
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
        KafkaHandle::external(name.into(), version, bootstrap_servers.into())
    }

    /// An [external cluster](KafkaCluster::external) to which clients connect by TLS, with a password or a certificate: Amazon MSK,
    /// Confluent Cloud, Azure Event Hubs, or a closed cluster of another stack. Who may do what there is decided where it runs.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "streams");
    /// let kafka = KafkaCluster::external_secured(
    ///     "events",
    ///     Version::V4_2,
    ///     "pkc-12345.example.com:9092",
    ///     ExternalSecurity::plain(Trust::PublicAuthorities),
    /// );
    /// stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 6, Cleanup::delete_after(7.days()))));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let job = manifests.get("topics/job-topics.yaml").unwrap();
    /// assert!(job.contains("secretName: events-admin"));
    /// ```
    #[track_caller]
    pub fn external_secured(
        name: impl Into<String>,
        version: Version,
        bootstrap_servers: impl Into<String>,
        security: ExternalSecurity,
    ) -> KafkaHandle {
        Self::external(name, version, bootstrap_servers).secured(security)
    }

    #[track_caller]
    fn new(name: impl Into<String>, version: Version, coordination: Coordination) -> Self {
        Self {
            meta: Meta::new(name),
            version,
            finalized: None,
            images: ImageSet::confluent(version),
            coordination,
            pools: Vec::new(),
            listeners: Vec::new(),
            replication: None,
            settings: Settings::default(),
            settle: 30.seconds(),
            restart_gate: Some(20.minutes()),
            partition_sizes: false,
            load: None,
            tls: None,
            rollout: None,
            authorization: None,
            options: PodOptions::default(),
        }
    }

    /// Adds nodes. A cluster needs brokers, and in KRaft mode controllers.
    pub fn pool(mut self, pool: NodePool) -> Self {
        self.pools.push(pool);
        self
    }

    /// Adds a listener for clients. Without one there is `CLIENT` on port 9092, open to everyone. The stack's own
    /// components use the first listener that is not for clients outside.
    pub fn listener(mut self, listener: impl Into<Listener>) -> Self {
        self.listeners.push(listener.into());
        self
    }

    /// Encrypts everything between nodes, and lets nodes show each other who they are: controllers and replication use mutual TLS. It
    /// adds the listener `PLATFORM` on port 9090, with mutual TLS too, for the stack's own Jobs and exporter. The cluster is in KRaft mode.
    ///
    /// Each pool has a certificate with the names of its pods, in the Secret `<pool>-tls`; a pod reads it when it starts.
    ///
    /// A cluster that runs without it gets it by [`KafkaCluster::tls_rollout`]: in one step its nodes would not reach each other.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::tls("CLIENT", 9092).scram())
    ///         .authorization(),
    /// );
    /// let manifests = synth(&stack).manifests.unwrap();
    /// assert!(manifests.get("kafka/certificate-kafka-tls.yaml").unwrap().contains("encoding: PKCS8"));
    /// let brokers = manifests.get("kafka/configmap-kafka.yaml").unwrap();
    /// assert!(brokers.contains("listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:SSL,PLATFORM:SSL,CONTROLLER:SSL"));
    /// # let _ = kafka;
    /// ```
    pub fn internal_tls(mut self, issuer: Issuer) -> Self {
        self.tls = Some(issuer);
        self
    }

    /// Refuses everything that is not permitted, by Kafka's `StandardAuthorizer`. Nodes and the administrator may do everything;
    /// what applications may do is in [`Permissions`](super::Permissions).
    #[track_caller]
    pub fn authorization(mut self) -> Self {
        self.authorization = Some(Location::caller());
        self
    }

    /// What the cluster may not go back behind: the metadata version and the other features of a release. A Job raises them to this
    /// release's levels once all nodes support them, and never lowers one; an empty volume is formatted with this metadata version.
    /// Without it the features of a running cluster stay as they are.
    ///
    /// An upgrade is two changes. The first raises the version: every pod restarts with the new image, and the old one can come back.
    /// The second, when nothing is left to regret, raises this: no pod restarts, and the old release does not start any more.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .finalized(Version::V4_2)
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3)),
    /// );
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let declared = manifests.get("kafka/configmap-kafka-features.yaml").unwrap();
    /// assert!(declared.contains("metadata.version 29 4.2-IV1"));
    /// ```
    pub const fn finalized(mut self, version: Version) -> Self {
        self.finalized = Some(version);
        self
    }

    /// Other images than Confluent's. They must contain the cluster's Kafka version.
    pub fn images(mut self, images: ImageSet) -> Self {
        self.images = images;
        self
    }

    /// The default replication of topics, including Kafka's internal topics; [`Replication::for_brokers`] if unset.
    pub const fn replication(mut self, replication: Replication) -> Self {
        self.replication = Some(replication);
        self
    }

    /// `num.partitions`: the default of topics.
    pub fn default_partitions(self, partitions: u32) -> Self {
        self.set(".default_partitions(…)", "num.partitions", partitions)
    }

    /// `num.network.threads`.
    pub fn network_threads(self, threads: u32) -> Self {
        self.set(".network_threads(…)", "num.network.threads", threads)
    }

    /// `num.io.threads`.
    pub fn io_threads(self, threads: u32) -> Self {
        self.set(".io_threads(…)", "num.io.threads", threads)
    }

    /// `socket.send.buffer.bytes` and `socket.receive.buffer.bytes`.
    pub fn socket_buffers(self, size: Bytes) -> Self {
        self.set(".socket_buffers(…)", "socket.send.buffer.bytes", size.get())
            .set(".socket_buffers(…)", "socket.receive.buffer.bytes", size.get())
    }

    /// `socket.request.max.bytes`: the largest request, which a record batch has to fit into; Kafka's default is 100
    /// MiB.
    pub fn largest_request(self, size: Bytes) -> Self {
        self.set(".largest_request(…)", "socket.request.max.bytes", size.get())
    }

    /// `log.retention.ms`: the default of topics.
    pub fn log_retention(self, retention: Duration) -> Self {
        self.set(".log_retention(…)", "log.retention.ms", retention.as_millis())
    }

    /// `log.segment.bytes`: the default of topics.
    pub fn log_segment(self, size: Bytes) -> Self {
        self.set(".log_segment(…)", "log.segment.bytes", size.get())
    }

    /// `log.retention.check.interval.ms`: how often Kafka looks for segments to delete.
    pub fn retention_check_interval(self, interval: Duration) -> Self {
        self.set(
            ".retention_check_interval(…)",
            "log.retention.check.interval.ms",
            interval.as_millis(),
        )
    }

    /// `compression.type`: the default of topics.
    pub fn compression(self, compression: Compression) -> Self {
        self.set(".compression(…)", "compression.type", compression)
    }

    /// `transactional.id.expiration.ms`: how long an idle transactional id is remembered.
    pub fn transactional_id_expiration(self, expiration: Duration) -> Self {
        self.set(
            ".transactional_id_expiration(…)",
            "transactional.id.expiration.ms",
            expiration.as_millis(),
        )
    }

    /// The longest wait of the restart gate: 20 minutes by default.
    ///
    /// Before a node stops (an update, a drain, a deleted pod), it waits until no partition falls below its
    /// `min.insync.replicas` without it; a controller, until the others are a majority of the quorum and have caught
    /// up. After a start it is not ready before all its replicas are in sync, so that an update does not go on to the
    /// next node. Both waits end at the limit, and the container's log says so.
    ///
    /// The grace period of the pods is this limit and 330 s for Kafka's own shutdown. A `kubectl drain` takes as long
    /// as the waits of the pods on that node. A node that an autoscaler removes must be given that time too.
    ///
    /// A cluster with a single broker has no gate, because no other broker could go on meanwhile.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let cluster = || {
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 3))
    /// };
    /// let pods = |cluster: KafkaCluster| {
    ///     let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
    ///     stack.add(cluster);
    ///     synth(&stack).manifests.unwrap().get("kafka/statefulset-kafka.yaml").unwrap().to_owned()
    /// };
    /// assert!(pods(cluster()).contains("terminationGracePeriodSeconds: 1530"));
    /// assert!(pods(cluster().restart_gate(1.hours())).contains("terminationGracePeriodSeconds: 3930"));
    /// assert!(pods(cluster().without_restart_gate()).contains("terminationGracePeriodSeconds: 330"));
    /// ```
    pub const fn restart_gate(mut self, limit: Duration) -> Self {
        self.restart_gate = Some(limit);
        self
    }

    /// Restarts wait for nothing but the port of the last restarted node: for clusters whose data can be lost. See
    /// [`KafkaCluster::restart_gate`].
    pub const fn without_restart_gate(mut self) -> Self {
        self.restart_gate = None;
        self
    }

    /// Brokers export the size of each partition, and a dashboard shows the largest topics.
    ///
    /// Without it they do not: it is one series of each replica, 94 % of a broker's samples with 10,000 replicas on each, and Kafka has no
    /// metric of the size of a topic.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
    /// stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::combined("kafka", 3))
    ///         .partition_sizes(),
    /// );
    /// let manifests = synth(&stack).manifests.unwrap();
    /// assert!(manifests.get("kafka/configmap-kafka.yaml").unwrap().contains("kafka_log_log_size"));
    /// ```
    pub const fn partition_sizes(mut self) -> Self {
        self.partition_sizes = true;
        self
    }

    /// How long a restarted node must be ready before the next one is restarted; 30 s by default.
    pub const fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// The load of all topics that declare no load of their own, spread over them in proportion to their partitions. If
    /// the stack has no such topic, it is the load of topics that are declared outside of the stack, kept for
    /// `log.retention.hours`. It is only used to check capacity; nothing is rendered.
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
    /// assert_eq!(first.message, "each broker of pool `kafka` writes 1 GB/s, but only 105 MB/s (80 %) of its disk throughput are usable");
    /// ```
    pub const fn load(mut self, load: Load) -> Self {
        self.load = Some(load);
        self
    }

    /// Any other broker setting by its Kafka name. A key that a builder call or the cluster itself sets is an error.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    fn set(mut self, call: &'static str, key: &str, value: impl std::fmt::Display) -> Self {
        self.settings.set(call, key, value);
        self
    }

    pub(crate) fn count(&self, role: fn(Roles) -> bool) -> u32 {
        self.pools
            .iter()
            .filter(|pool| role(pool.roles))
            .fold(0, |sum, pool| sum.saturating_add(pool.replicas))
    }

    /// Pool and id of this many brokers: the first of every pool, then the second of every pool, and so on, so that the
    /// list stays the same when a pool grows.
    pub(crate) fn first_brokers(&self, number: usize) -> impl Iterator<Item = (&str, u32)> {
        let pools: Vec<&NodePool> = self.pools.iter().filter(|pool| pool.roles.broker()).collect();
        let largest = pools.iter().map(|pool| pool.replicas).max().unwrap_or(0);
        (0..largest)
            .flat_map(move |index| {
                pools
                    .clone()
                    .into_iter()
                    .filter(move |pool| index < pool.replicas)
                    .map(move |pool| (pool.name.as_str(), pool.first_id + index))
            })
            .take(number)
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

    /// The listeners that pods use, and not clients outside.
    pub(crate) fn inside_listeners(&self) -> impl Iterator<Item = Listener> {
        let all = self.client_listeners().into_iter();
        all.filter(|listener| listener.outside.is_none())
    }

    /// The listener that the stack's own components use. Where all are for clients outside, which is an error, the first of these.
    /// While a cluster is closed it is the one in plaintext first, and then the one that is not.
    pub(crate) fn first_listener(&self) -> Listener {
        let first = || self.client_listeners().remove(0);
        let plaintext = |listener: &Listener| listener.protocol == Protocol::Plaintext;
        let mut preferred = self.inside_listeners().filter(|listener| match self.rollout {
            None => true,
            Some(TlsRollout::Offered) => plaintext(listener),
            Some(_) => !plaintext(listener),
        });
        let preferred = preferred.next().or_else(|| self.inside_listeners().next());
        preferred.unwrap_or_else(first)
    }

    /// The labels of all of the cluster's pods.
    pub(crate) fn labels(&self) -> Labels {
        Labels::new("kafka", &self.meta.name, "")
    }

    /// The labels of the pods with these roles.
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

    /// The ensemble that keeps its metadata, or did before the migration.
    pub(super) fn ensemble(&self) -> Option<&ZooKeeperHandle> {
        match &self.coordination {
            Coordination::Kraft { .. } => None,
            Coordination::ZooKeeper(zookeeper) | Coordination::Migration { zookeeper, .. } => Some(zookeeper),
        }
    }

    /// The id that volumes are formatted with.
    pub(super) fn cluster_id(&self) -> Option<&str> {
        match &self.coordination {
            Coordination::Kraft { cluster_id } | Coordination::Migration { cluster_id, .. } => Some(cluster_id),
            Coordination::ZooKeeper(_) => None,
        }
    }

    /// Where its metadata is: in ZooKeeper until the brokers of a migration leave it.
    pub(super) fn mode(&self) -> Mode {
        match &self.coordination {
            Coordination::ZooKeeper(_) => Mode::ZooKeeper,
            Coordination::Migration { phase, .. } if *phase < Migration::BrokersInKraft => Mode::ZooKeeper,
            Coordination::Kraft { .. } | Coordination::Migration { .. } => Mode::Kraft,
        }
    }

    pub(crate) fn headless_name(&self) -> String {
        format!("{}-headless", self.meta.name)
    }
}

/// The options of all pools' pods.
impl Pods for KafkaCluster {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Jvm for KafkaCluster {}
