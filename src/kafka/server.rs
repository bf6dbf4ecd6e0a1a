//! `server.properties`: what Kafka reads, and which keys follow from the cluster itself.

use super::{
    cluster::{Coordination, KafkaCluster},
    listener::Listener,
    pool::{NodePool, Roles},
};
use crate::{context::Context, settings::Properties};

/// Where the volume of a node is mounted. The images declare a volume at this very path: mounted anywhere else, a container
/// runtime would put an ephemeral directory in its place.
pub(crate) const DATA: &str = "/var/lib/kafka/data";

/// The log directory: below the mount, since the root of a volume may hold `lost+found`, on which a broker ends.
const LOG_DIRECTORY: &str = "/var/lib/kafka/data/log";

/// Settings that follow from the cluster, and what to do instead.
pub(crate) const OWNED: [(&str, &str); 31] = [
    ("advertised.listeners", "use `.listener(Listener::plaintext(…))`"),
    ("broker.id", "use `NodePool::first_id`"),
    ("broker.rack", "use `NodePool::zone`"),
    ("compression.type", "use `.compression(…)`"),
    ("config.providers", "`${env:…}` works as it is"),
    ("config.providers.env.class", "`${env:…}` works as it is"),
    ("controller.listener.names", "it is `CONTROLLER`"),
    (
        "controller.quorum.bootstrap.servers",
        "use `.pool(NodePool::controllers(…))`",
    ),
    ("controller.quorum.voters", "use `.pool(NodePool::controllers(…))`"),
    ("default.replication.factor", "use `.replication(Replication::new(…))`"),
    ("inter.broker.listener.name", "it is `REPLICATION`"),
    (
        "listener.security.protocol.map",
        "use `.listener(Listener::plaintext(…))`",
    ),
    ("listeners", "use `.listener(Listener::plaintext(…))`"),
    ("log.dir", "it lies on the pool's volume"),
    ("log.dirs", "it lies on the pool's volume"),
    ("log.retention.hours", "use `.log_retention(…)`"),
    ("log.retention.minutes", "use `.log_retention(…)`"),
    ("log.retention.ms", "use `.log_retention(…)`"),
    ("log.segment.bytes", "use `.log_segment(…)`"),
    ("metadata.log.dir", "it lies on the pool's volume"),
    ("min.insync.replicas", "use `.replication(Replication::new(…))`"),
    ("node.id", "use `NodePool::first_id`"),
    ("num.partitions", "use `.default_partitions(…)`"),
    (
        "offsets.topic.replication.factor",
        "use `.replication(Replication::new(…))`",
    ),
    ("process.roles", "use `NodePool::combined`, `brokers` or `controllers`"),
    ("security.inter.broker.protocol", "it is that of listener `REPLICATION`"),
    (
        "share.coordinator.state.topic.min.isr",
        "use `.replication(Replication::new(…))`",
    ),
    (
        "share.coordinator.state.topic.replication.factor",
        "use `.replication(Replication::new(…))`",
    ),
    (
        "transaction.state.log.min.isr",
        "use `.replication(Replication::new(…))`",
    ),
    (
        "transaction.state.log.replication.factor",
        "use `.replication(Replication::new(…))`",
    ),
    ("zookeeper.connect", "use `KafkaCluster::zookeeper`"),
];

/// Settings that a builder call makes and that may be set by name too, and the call.
pub(crate) const CALLS: [(&str, &str); 7] = [
    ("log.retention.check.interval.ms", ".retention_check_interval(…)"),
    ("num.io.threads", ".io_threads(…)"),
    ("num.network.threads", ".network_threads(…)"),
    ("socket.receive.buffer.bytes", ".socket_buffers(…)"),
    ("socket.request.max.bytes", ".largest_request(…)"),
    ("socket.send.buffer.bytes", ".socket_buffers(…)"),
    ("transactional.id.expiration.ms", ".transactional_id_expiration(…)"),
];

impl KafkaCluster {
    /// The whole configuration of a pool's nodes.
    pub(crate) fn server_properties(&self, context: &Context, pool: &NodePool) -> Properties {
        let mut properties = Properties::default();
        properties.resolve_environment();
        properties.set("log.dirs", LOG_DIRECTORY);
        self.set_replication(&mut properties);
        for (key, value) in self.settings.iter() {
            properties.set(key, value);
        }
        if pool.roles.broker() {
            // A missing topic shall be an error, not a topic with default settings.
            properties.set("auto.create.topics.enable", false);
            if let Some(zone) = &pool.zone {
                properties.set("broker.rack", zone);
            }
        }
        self.set_listeners(context, pool, &mut properties);
        match &self.coordination {
            Coordination::Kraft { .. } => {
                properties
                    .set("process.roles", pool.roles.process_roles())
                    .set("node.id", "${env:NODE_ID}")
                    .set("controller.listener.names", Listener::CONTROLLER.0)
                    .set("controller.quorum.voters", self.voters(context));
            }
            Coordination::ZooKeeper(zookeeper) => {
                properties
                    .set("broker.id", "${env:NODE_ID}")
                    .set("zookeeper.connect", zookeeper.connection_string());
            }
        }
        properties.set_raw(&self.overrides);
        properties
    }

    /// What topics get that do not say otherwise. The active controller applies these when it creates a topic, and the broker
    /// when it appends to one, so both roles have them.
    fn set_replication(&self, properties: &mut Properties) {
        let replication = self.effective_replication();
        properties
            .set("default.replication.factor", replication.factor)
            .set("min.insync.replicas", replication.min_in_sync_replicas)
            .set("offsets.topic.replication.factor", replication.factor)
            .set("transaction.state.log.replication.factor", replication.factor)
            .set("transaction.state.log.min.isr", replication.min_in_sync_replicas);
        if self.images.version().has_share_groups() {
            properties
                .set("share.coordinator.state.topic.replication.factor", replication.factor)
                .set(
                    "share.coordinator.state.topic.min.isr",
                    replication.min_in_sync_replicas,
                );
        }
    }

    fn set_listeners(&self, context: &Context, pool: &NodePool, properties: &mut Properties) {
        let ports = self.ports(pool.roles);
        // The pod's own name in the headless Service: clients and other nodes have to reach this very node.
        let host = format!("${{env:POD_NAME}}.{}", context.service_address(&self.headless_name()));
        let list = |host: &str, wanted: fn(&str) -> bool| {
            ports
                .iter()
                .filter(|(name, _)| wanted(name))
                .map(|(name, port)| format!("{name}://{host}:{port}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        // Every node talks to the controllers, so every node has their protocol, while only they have the listener.
        let mut names: Vec<&str> = ports.iter().map(|(name, _)| name.as_str()).collect();
        if self.is_kraft() && !pool.roles.controller() {
            names.push(Listener::CONTROLLER.0);
        }
        properties.set("listeners", list("", |_| true)).set(
            "listener.security.protocol.map",
            names
                .iter()
                .map(|name| format!("{name}:PLAINTEXT"))
                .collect::<Vec<_>>()
                .join(","),
        );
        if pool.roles.broker() {
            properties
                .set(
                    "advertised.listeners",
                    list(&host, |name| name != Listener::CONTROLLER.0),
                )
                .set("inter.broker.listener.name", Listener::REPLICATION.0);
        }
    }

    fn voters(&self, context: &Context) -> String {
        let headless = context.service_address(&self.headless_name());
        let port = Listener::CONTROLLER.1;
        self.pools
            .iter()
            .filter(|pool| pool.roles.controller())
            .flat_map(|pool| pool.ids().map(move |id| (pool, id)))
            .map(|(pool, id)| format!("{id}@{}-{id}.{headless}:{port}", pool.name))
            .collect::<Vec<_>>()
            .join(",")
    }

    pub(crate) fn is_kraft(&self) -> bool {
        matches!(self.coordination, Coordination::Kraft { .. })
    }

    /// Name and port of every listener of a node with these roles.
    pub(crate) fn ports(&self, roles: Roles) -> Vec<(String, u16)> {
        let mut ports = Vec::new();
        if roles.broker() {
            ports.extend(
                self.client_listeners()
                    .into_iter()
                    .map(|listener| (listener.name, listener.port)),
            );
            ports.push((Listener::REPLICATION.0.to_owned(), Listener::REPLICATION.1));
        }
        if self.is_kraft() && roles.controller() {
            ports.push((Listener::CONTROLLER.0.to_owned(), Listener::CONTROLLER.1));
        }
        ports
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{Stack, Version, ZooKeeper};

    /// The lines of a pool's file whose keys are about its part in the cluster.
    fn part(cluster: &KafkaCluster, pool: usize) -> String {
        let stack = Stack::new("test", "streams");
        cluster
            .server_properties(stack.context(), &cluster.pools[pool])
            .to_text()
            .lines()
            .filter(|line| {
                ["id=", "roles=", "listener", "voters", "zookeeper"]
                    .iter()
                    .any(|word| line.contains(word))
            })
            .map(|line| format!("{line}\n"))
            .collect()
    }

    #[test]
    fn a_combined_node_has_all_listeners_and_advertises_those_for_clients_and_replication() {
        let cluster = KafkaCluster::kraft("k", Version::V4_3, "id").pool(NodePool::combined("k", 1));
        assert_snapshot!(part(&cluster, 0), @r"
        advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091
        controller.listener.names=CONTROLLER
        controller.quorum.voters=0@k-0.k-headless.streams.svc.cluster.local:9093
        inter.broker.listener.name=REPLICATION
        listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT
        listeners=CLIENT://:9092,REPLICATION://:9091,CONTROLLER://:9093
        node.id=${env:NODE_ID}
        process.roles=broker,controller
        ");
    }

    #[test]
    fn a_controller_of_its_own_advertises_nothing_and_a_broker_knows_its_protocol() {
        let cluster = KafkaCluster::kraft("k", Version::V4_3, "id")
            .pool(NodePool::controllers("c", 1))
            .pool(NodePool::brokers("k", 1));
        assert_snapshot!(part(&cluster, 0), @r"
        controller.listener.names=CONTROLLER
        controller.quorum.voters=100@c-100.k-headless.streams.svc.cluster.local:9093
        listener.security.protocol.map=CONTROLLER:PLAINTEXT
        listeners=CONTROLLER://:9093
        node.id=${env:NODE_ID}
        process.roles=controller
        ");
        assert_snapshot!(part(&cluster, 1), @r"
        advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091
        controller.listener.names=CONTROLLER
        controller.quorum.voters=100@c-100.k-headless.streams.svc.cluster.local:9093
        inter.broker.listener.name=REPLICATION
        listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT
        listeners=CLIENT://:9092,REPLICATION://:9091
        node.id=${env:NODE_ID}
        process.roles=broker
        ");
    }

    #[test]
    fn a_broker_on_zookeeper_has_a_broker_id_and_no_controller() {
        let mut stack = Stack::new("test", "streams");
        let zookeeper = stack.add(ZooKeeper::new("zk", 1));
        let cluster = KafkaCluster::zookeeper("k", &zookeeper)
            .pool(NodePool::brokers("k", 1))
            .listener(Listener::plaintext("APPS", 9092))
            .listener(Listener::plaintext("OUTSIDE", 9094));
        assert_snapshot!(part(&cluster, 0), @r"
        advertised.listeners=APPS://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,OUTSIDE://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9094,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091
        broker.id=${env:NODE_ID}
        inter.broker.listener.name=REPLICATION
        listener.security.protocol.map=APPS:PLAINTEXT,OUTSIDE:PLAINTEXT,REPLICATION:PLAINTEXT
        listeners=APPS://:9092,OUTSIDE://:9094,REPLICATION://:9091
        zookeeper.connect=zk-1.zk-headless.streams.svc.cluster.local:2181
        ");
    }

    #[test]
    fn a_raw_setting_comes_last_and_internal_topics_follow_the_replication() {
        let cluster = KafkaCluster::kraft("k", Version::V3_9, "id")
            .pool(NodePool::combined("k", 5))
            .io_threads(8)
            .config("num.io.threads", 16)
            .replication(super::super::Replication::new(5, 3));
        let stack = Stack::new("test", "streams");
        let properties = cluster.server_properties(stack.context(), &cluster.pools[0]);
        assert_eq!(properties.get("num.io.threads"), Some("16"));
        for (key, value) in [
            ("default.replication.factor", "5"),
            ("min.insync.replicas", "3"),
            ("offsets.topic.replication.factor", "5"),
            ("transaction.state.log.replication.factor", "5"),
            ("transaction.state.log.min.isr", "3"),
        ] {
            assert_eq!(properties.get(key), Some(value), "{key}");
        }
        // 3.9 has no share groups, and an unknown key is a lie to the reviewer.
        assert!(properties.iter().all(|(key, _)| !key.starts_with("share.")));
    }
}
