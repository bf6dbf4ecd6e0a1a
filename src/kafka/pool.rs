use crate::{
    capacity::{CpuClass, PoolCapacity},
    diagnostics::Location,
    quantity::{ByteRate, Bytes, Resources, Units},
    workload::{Jvm, Machine, PodOptions, Pods, Spread, Storage},
};

/// The roles of a pool's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// Brokers that are also controllers: fewer pods, but a busy broker slows down the quorum.
    Combined,
    /// Brokers only.
    Broker,
    /// Controllers only.
    Controller,
}

impl Roles {
    /// Whether the nodes hold partitions and serve clients.
    pub const fn broker(self) -> bool {
        matches!(self, Self::Combined | Self::Broker)
    }

    /// Whether the nodes vote in the metadata quorum.
    pub const fn controller(self) -> bool {
        matches!(self, Self::Combined | Self::Controller)
    }

    /// `process.roles`.
    pub(crate) const fn process_roles(self) -> &'static str {
        match self {
            Self::Combined => "broker,controller",
            Self::Broker => "broker",
            Self::Controller => "controller",
        }
    }

    /// The label `app.kubernetes.io/component` of the pods: `broker` if clients connect to them.
    pub(crate) const fn component(self) -> &'static str {
        match self {
            Self::Combined | Self::Broker => "broker",
            Self::Controller => "controller",
        }
    }
}

/// Nodes with the same roles and resources: a StatefulSet, whose pods have consecutive node ids.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let brokers = NodePool::brokers("kafka", 3)
///     .resources(Resources::range(2.cores()..=4.cores(), 6.gib()..=8.gib()))
///     .storage(Storage::persistent(100.gib()).class("gp3"));
/// let controllers = NodePool::controllers("kafka-controller", 3).first_id(100);
/// # let _ = (brokers, controllers);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct NodePool {
    pub(crate) name: String,
    pub(crate) roles: Roles,
    pub(crate) replicas: u32,
    pub(crate) first_id: u32,
    pub(crate) resources: Resources,
    pub(crate) heap: Option<Bytes>,
    pub(crate) storage: Storage,
    pub(crate) spread: Option<Spread>,
    pub(crate) machine: Option<Machine>,
    pub(crate) zone: Option<String>,
    pub(crate) disk: Option<ByteRate>,
    pub(crate) network: Option<ByteRate>,
    pub(crate) cpu_class: Option<CpuClass>,
    pub(crate) options: PodOptions,
    pub(crate) location: Location,
}

impl Pods for NodePool {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Jvm for NodePool {}

impl NodePool {
    /// Nodes that are both broker and controller, with ids from 0. `name` is the name of the StatefulSet and the prefix
    /// of its pods' names.
    #[track_caller]
    pub fn combined(name: impl Into<String>, replicas: u16) -> Self {
        Self::new(name, Roles::Combined, replicas)
    }

    /// Brokers, with ids from 0. `name` is the name of the StatefulSet and the prefix of its pods' names.
    #[track_caller]
    pub fn brokers(name: impl Into<String>, replicas: u16) -> Self {
        Self::new(name, Roles::Broker, replicas)
    }

    /// Controllers, with ids from 100, because brokers and controllers must have different ids. Each has 1 core, 2 GiB
    /// of memory and 10 GiB of disk by default; Kafka recommends 5 GB of memory and 5 GB of disk for a typical cluster.
    #[track_caller]
    pub fn controllers(name: impl Into<String>, replicas: u16) -> Self {
        Self {
            first_id: 100,
            resources: Resources::range(500.millicores()..=1.cores(), 2.gib()..=2.gib()),
            storage: Storage::persistent(10.gib()),
            ..Self::new(name, Roles::Controller, replicas)
        }
    }

    #[track_caller]
    fn new(name: impl Into<String>, roles: Roles, replicas: u16) -> Self {
        Self {
            name: name.into(),
            roles,
            replicas: replicas.into(),
            first_id: 0,
            resources: Resources::range(1.cores()..=2.cores(), 4.gib()..=4.gib()),
            heap: None,
            storage: Storage::persistent(20.gib()),
            spread: None,
            machine: None,
            zone: None,
            disk: None,
            network: None,
            cpu_class: None,
            options: PodOptions::default(),
            location: Location::caller(),
        }
    }

    /// The node id of the first pod, which is also its ordinal. Never change it on a running pool.
    pub const fn first_id(mut self, id: u16) -> Self {
        self.first_id = id as u32;
        self
    }

    /// Requests and limits of each node. The heap is derived from the memory.
    pub const fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// The heap; by default half of the memory limit.
    pub const fn heap(mut self, heap: Bytes) -> Self {
        self.heap = Some(heap);
        self
    }

    /// The volume of each node.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// How far apart the pods run. By default never two on a Kubernetes node; in production those of a quorum, controllers
    /// combined or not, also in different zones ([`Spread::Zones`]).
    pub const fn spread(mut self, spread: Spread) -> Self {
        self.spread = Some(spread);
        self
    }

    /// The machines that the pods are for. Requests that none of them can meet are an error; nothing is rendered.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let brokers = |memory: Bytes| {
    ///     let mut stack = Stack::new("example", "kafka");
    ///     stack.add(
    ///         KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///             .pool(NodePool::controllers("kafka-controller", 3))
    ///             .pool(
    ///                 NodePool::brokers("kafka", 3)
    ///                     .resources(Resources::fixed(4.cores(), memory))
    ///                     .machine(Machine::allocatable("m7g.2xlarge", 7910.millicores(), 29.gib())),
    ///             ),
    ///     );
    ///     synth(&stack).manifests.is_some()
    /// };
    /// assert!(brokers(28.gib()));
    /// assert!(!brokers(32.gib()));
    /// ```
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machine = Some(machine);
        self
    }

    /// The zone in which all nodes of the pool run: the label `topology.kubernetes.io/zone` of their machines. It is
    /// also `broker.rack`: Kafka spreads the replicas of a partition over racks. Use one pool per zone, each with the
    /// same number of brokers.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let pools = ["a", "b", "c"].into_iter().zip([0, 100, 200]).map(|(zone, first_id)| {
    ///     NodePool::brokers(format!("kafka-{zone}"), 3).zone(format!("eu-central-1{zone}")).first_id(first_id)
    /// });
    /// let controllers = NodePool::controllers("kafka-controller", 3).first_id(300);
    /// let cluster = KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(controllers);
    /// let mut stack = Stack::new("example", "kafka");
    /// stack.add(pools.fold(cluster, KafkaCluster::pool));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// assert!(manifests.get("kafka/configmap-kafka-b.yaml").unwrap().contains("broker.rack=eu-central-1b"));
    /// ```
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// The sustained write throughput of a node's volume, from its storage class or a measurement, without bursts. It
    /// is only used to check capacity; nothing is rendered.
    pub const fn disk_throughput(mut self, rate: ByteRate) -> Self {
        self.disk = Some(rate);
        self
    }

    /// The sustained network throughput of a node in each direction. The figure that a cloud provider advertises is
    /// often a burst that lasts only minutes.
    pub const fn network(mut self, rate: ByteRate) -> Self {
        self.network = Some(rate);
        self
    }

    /// How much a core of a node can ingest.
    pub const fn cpu_class(mut self, class: CpuClass) -> Self {
        self.cpu_class = Some(class);
        self
    }

    /// The location to report, if it is not the line that calls the constructor: such as a line of a file that was
    /// read.
    pub const fn location(mut self, location: Location) -> Self {
        self.location = location;
        self
    }

    /// The capacity of its brokers, if it has brokers.
    pub(crate) fn capacity(&self) -> Option<PoolCapacity> {
        let constructor = match self.roles {
            Roles::Combined => "NodePool::combined",
            Roles::Broker => "NodePool::brokers",
            Roles::Controller => return None,
        };
        Some(PoolCapacity {
            name: self.name.clone(),
            location: self.location,
            constructor,
            brokers: self.replicas,
            zone: self.zone.clone(),
            cpu: self.resources.cpu_limit,
            memory: self.resources.memory_limit,
            heap: self.heap,
            volume: self.storage.size,
            disk: self.disk,
            network: self.network,
            cpu_class: self.cpu_class,
        })
    }

    pub(crate) fn heap_size(&self) -> Bytes {
        self.heap.unwrap_or_else(|| self.resources.heap())
    }

    /// Node ids, which are the pods' ordinals.
    pub(crate) fn ids(&self) -> std::ops::Range<u32> {
        self.first_id..self.first_id + self.replicas
    }
}
