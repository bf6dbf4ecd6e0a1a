//! What all stacks have around a cluster, and the settings that all clusters share.

use kafka_stacks::{kafka::Identity, prelude::*};

use super::{applications, schemas, topics};

/// A broker of the reference system.
pub(crate) const BROKER: Resources = Resources {
    cpu_request: Cpu::from_millicores(2000),
    cpu_limit: Cpu::from_millicores(4000),
    memory_request: Bytes::from_mib(8 * 1024),
    memory_limit: Bytes::from_mib(8 * 1024),
};

/// An empty production stack in the namespace that clients know. The production stacks are alternatives: each has a Kubernetes
/// cluster of its own.
pub(crate) fn production(name: &str) -> Stack {
    // Applications in the namespace are in the mesh. The pods of this stack opt out: Kafka's clients dial pods by their
    // address, and a Job with a proxy beside it never ends.
    Stack::new(name, "kafka")
        .kubernetes_cluster(name)
        .namespace_label("istio-injection", "enabled")
}

/// The broker settings of the reference system.
pub(crate) fn broker_settings(cluster: KafkaCluster) -> KafkaCluster {
    cluster
        .default_partitions(12)
        .network_threads(8)
        .io_threads(8)
        .socket_buffers(100.kib())
        .largest_request(100.mib())
        .log_retention(168.hours())
        .log_segment(1.gib())
        .retention_check_interval(5.minutes())
        .transactional_id_expiration(7.days())
        .compression(Compression::Snappy)
        // Some hundred partitions: the sizes of topics are worth a series of each replica.
        .partition_sizes()
}

/// Who signs the certificates of a stack.
pub(crate) fn issuer() -> Issuer {
    Issuer::in_namespace("kafka-ca")
}

/// Closes a cluster: every connection is encrypted, everyone shows who they are, and may do what they declare. The port of clients is
/// that of an open cluster.
pub(crate) fn closed(cluster: KafkaCluster) -> KafkaCluster {
    cluster
        .internal_tls(issuer())
        .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
        .authorization()
}

/// Everything around a cluster: topics, client contracts, registry, Connect and monitoring.
pub(crate) struct Platform {
    pub(crate) registry: Resources,
    pub(crate) connect: Resources,
    /// Of the registry and of Connect.
    pub(crate) replicas: u16,
    pub(crate) implementation: RegistryImplementation,
    pub(crate) service_levels: Vec<Slo>,
}

impl Platform {
    /// The sizes of the reference system.
    pub(crate) fn reference() -> Self {
        Self {
            registry: Resources::range(250.millicores()..=1.cores(), 2.gib()..=2.gib()),
            connect: Resources::range(1.cores()..=2.cores(), 3.gib()..=4.gib()),
            replicas: 2,
            implementation: RegistryImplementation::Confluent,
            service_levels: Vec::new(),
        }
    }

    pub(crate) fn add_to(self, stack: &mut Stack, kafka: &KafkaHandle) {
        let topics = stack.add(topics::topics(kafka));
        let is_closed = kafka.secret(Identity::Admin).is_some();
        if !is_closed {
            stack.add(topics::clients(kafka));
        }
        let registry = stack.add(
            SchemaRegistry::new("schema-registry", kafka)
                .replicas(self.replicas)
                .resources(self.registry)
                .implementation(self.implementation)
                .compatibility(Compatibility::Backward),
        );
        let schemas = stack.add(schemas::schemas(&registry, &topics));
        let applications = applications::add_to(stack, kafka, &topics, &schemas);
        let connect = stack.add(
            Connect::new("kafka-connect", kafka)
                .replicas(self.replicas)
                .resources(self.connect)
                .group("voicecore-connect-cluster")
                .internal_topics("connect")
                .avro(&registry)
                .compression(Compression::Snappy)
                .largest_request(1.mib())
                .max_poll_records(500),
        );
        let permissions = is_closed.then(|| {
            let permissions = Permissions::new("kafka-permissions", kafka)
                .of(&registry)
                .of(&connect)
                .default_quota(Quota::new().request_percentage(200));
            stack.add(applications.iter().fold(permissions, Permissions::of))
        });
        // The page of an alert, where the repository with `out/` is shown.
        let pages = format!(
            "https://git.example.com/voicecore/kafka/blob/main/out/{}/runbooks",
            stack.name()
        );
        let monitoring = Monitoring::new("monitoring", kafka)
            .watch(&connect)
            .watch(&topics)
            // The groups of sinks that are not declared here.
            .group_owner("connect-.+", Owner::new("data").on_call("data-primary"))
            .runbooks(pages)
            .acknowledge(
                &rules::observability::RUNBOOKS,
                "the reference system has no repository of its own: put the URL of your own repository here",
            );
        let monitoring = applications.iter().fold(monitoring, Monitoring::watch);
        let monitoring = permissions.iter().fold(monitoring, Monitoring::watch);
        let monitoring = self.service_levels.into_iter().fold(monitoring, Monitoring::slo);
        stack.add(match self.implementation {
            RegistryImplementation::Confluent => monitoring.watch(&registry),
            // It has no metrics agent, so there is nothing to scrape by that name.
            RegistryImplementation::Apicurio => monitoring,
        });
    }
}
