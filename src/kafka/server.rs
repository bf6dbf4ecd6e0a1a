//! `server.properties`: the file that Kafka reads, and the keys that follow from the cluster.

use super::{
    cluster::{Coordination, KafkaCluster},
    listener::Listener,
    pool::{NodePool, Roles},
    replication::Replication,
};
use crate::{
    catalogue::is_read_by_brokers_only,
    context::Context,
    settings::{Properties, Settings},
};

/// Where the volume of a node is mounted. The images declare a volume at this path: if the claim were mounted anywhere
/// else, the container runtime would put an ephemeral directory here.
pub(crate) const DATA: &str = "/var/lib/kafka/data";

/// The log directory: below the mount, because the root of a volume may contain `lost+found`, which makes a broker
/// exit.
const LOG_DIRECTORY: &str = "/var/lib/kafka/data/log";

const VOLUME: &str = "it is on the pool's volume";
/// Why the keys of the config provider cannot be set.
pub(crate) const ENVIRONMENT: &str = "`${env:…}` works as it is";

impl KafkaCluster {
    /// All settings of a pool's nodes.
    pub(crate) fn server_settings(&self, context: &Context, pool: &NodePool) -> Settings {
        const QUORUM: &str = "use `.pool(NodePool::controllers(…))`";
        const FIRST_ID: &str = "use `NodePool::first_id`";
        let mut settings = self.settings.clone();
        settings
            .resolve_environment()
            .reserve(ENVIRONMENT, ["config.providers", "config.providers.env.class"])
            .own("log.dirs", LOG_DIRECTORY.to_owned(), VOLUME)
            .reserve(VOLUME, ["log.dir", "metadata.log.dir"])
            .reserve(
                "use `.log_retention(…)`",
                ["log.retention.hours", "log.retention.minutes", "log.retention.ms"],
            )
            .reserve("use `.compression(…)`", ["compression.type"])
            .reserve("use `.log_segment(…)`", ["log.segment.bytes"])
            .reserve("use `.default_partitions(…)`", ["num.partitions"])
            .own(
                "broker.rack",
                pool.zone.clone().filter(|_| pool.roles.broker()),
                "use `NodePool::zone`",
            );
        if pool.roles.broker() {
            // A client that uses a missing topic gets an error, not a new topic with default settings.
            settings.preset("auto.create.topics.enable", false);
        }
        self.own_replication(&mut settings);
        self.own_listeners(context, pool, &mut settings);
        self.own_security(context, pool, &mut settings);
        let mode = self.mode_of(pool);
        let kraft = |value: &dyn Fn() -> String| mode.kraft.then(value);
        let quorum = |value: &dyn Fn() -> String| mode.quorum.then(value);
        let id = "${env:NODE_ID}".to_owned();
        settings
            .own(
                "process.roles",
                kraft(&|| pool.roles.process_roles().to_owned()),
                "use `NodePool::combined`, `brokers` or `controllers`",
            )
            .own("node.id", kraft(&|| id.clone()), FIRST_ID)
            .own(
                "controller.listener.names",
                quorum(&|| self.controller_names(pool).join(",")),
                "it is `CONTROLLER`",
            )
            .own("controller.quorum.voters", quorum(&|| self.voters(context)), QUORUM)
            .reserve(QUORUM, ["controller.quorum.bootstrap.servers"]);
        let ensemble = mode.zookeeper.map(|zookeeper| zookeeper.connection_string().to_owned());
        settings
            .own("broker.id", (!mode.kraft).then(|| id.clone()), FIRST_ID)
            .own("zookeeper.connect", ensemble, "use `KafkaCluster::zookeeper`");
        if matches!(self.coordination, Coordination::Migration { .. }) {
            const PHASE: &str = "use `KafkaCluster::migrating`";
            // Raised to this release by default, and said, because it must not change before the brokers are in KRaft.
            let protocol = (mode.migrating && !mode.kraft).then(|| self.version.line().to_owned());
            settings
                .own(
                    "zookeeper.metadata.migration.enable",
                    mode.migrating.then(|| "true".to_owned()),
                    PHASE,
                )
                .own("inter.broker.protocol.version", protocol, PHASE);
        }
        settings
    }

    /// The file of a pool's nodes. The file of controllers has no key that only brokers read, so that a change of such
    /// a key does not restart the quorum.
    pub(crate) fn server_properties(&self, context: &Context, pool: &NodePool) -> Properties {
        let properties = self.server_settings(context, pool).properties();
        if pool.roles.broker() {
            return properties;
        }
        properties
            .iter()
            .filter(|(key, _)| !is_read_by_brokers_only(key))
            .collect()
    }

    /// The defaults of topics. The active controller applies these when it creates a topic, and the broker when it
    /// appends to one, so both roles have them.
    fn own_replication(&self, settings: &mut Settings) {
        const CALL: &str = "use `.replication(Replication::new(…))`";
        let Replication {
            factor,
            min_in_sync_replicas,
        } = self.effective_replication();
        let share = |value: u16| self.images.version().has_share_groups().then(|| value.to_string());
        settings
            .own("default.replication.factor", factor.to_string(), CALL)
            .own("min.insync.replicas", min_in_sync_replicas.to_string(), CALL)
            .own("offsets.topic.replication.factor", factor.to_string(), CALL)
            .own("transaction.state.log.replication.factor", factor.to_string(), CALL)
            .own("transaction.state.log.min.isr", min_in_sync_replicas.to_string(), CALL)
            .own("share.coordinator.state.topic.replication.factor", share(factor), CALL)
            .own(
                "share.coordinator.state.topic.min.isr",
                share(min_in_sync_replicas),
                CALL,
            );
    }

    fn own_listeners(&self, context: &Context, pool: &NodePool, settings: &mut Settings) {
        const CALL: &str = "use `.listener(Listener::plaintext(…))`";
        let ports = self.ports(pool.roles);
        let mode = self.mode_of(pool);
        // The pod's own name in the headless Service: clients and other nodes have to reach exactly this node.
        let host = format!("${{env:POD_NAME}}.{}", context.service_address(&self.headless_name()));
        let of_clients = self.client_listeners();
        let advertised = |name: &str, port: u16| {
            let listener = of_clients.iter().find(|listener| listener.name == name);
            let outside = listener.and_then(|listener| listener.outside.as_ref());
            outside.map_or_else(|| format!("{host}:{port}"), |outside| outside.advertised(port, pool))
        };
        let list = |entries: Vec<(&str, String)>| {
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(name, address)| format!("{name}://{address}"))
                .collect();
            entries.join(",")
        };
        let own = ports.iter().map(|(name, port)| (name.as_str(), format!(":{port}")));
        let of_controllers = self.of_controllers();
        let told = ports
            .iter()
            .filter(|(name, _)| of_controllers.iter().all(|(other, _)| name != other));
        let told = told.map(|(name, port)| (name.as_str(), advertised(name, *port)));
        // Every node connects to the controllers, so every node needs the protocol; only controllers have the listener.
        let mut names: Vec<&str> = ports.iter().map(|(name, _)| name.as_str()).collect();
        if mode.quorum && !pool.roles.controller() {
            names.extend(self.controller_names(pool));
        }
        // The controllers of a migration send requests to brokers that are still in ZooKeeper mode.
        let calls_brokers = mode.migrating && mode.kraft;
        if calls_brokers {
            names.push(Listener::REPLICATION.0);
        }
        let protocols = names
            .iter()
            .map(|name| format!("{name}:{}", self.protocol(name)))
            .collect::<Vec<_>>()
            .join(",");
        let broker = |value: String| Some(value).filter(|_| pool.roles.broker());
        settings
            .own("listeners", list(own.collect()), CALL)
            .own("listener.security.protocol.map", protocols, CALL)
            .own("advertised.listeners", broker(list(told.collect())), CALL)
            .own(
                "inter.broker.listener.name",
                Some(self.between_brokers().0.to_owned()).filter(|_| pool.roles.broker() || calls_brokers),
                "it is `REPLICATION`",
            )
            .reserve(
                "it is that of listener `REPLICATION`",
                ["security.inter.broker.protocol"],
            );
    }

    fn voters(&self, context: &Context) -> String {
        let voters: Vec<String> = self
            .controller_addresses(context)
            .map(|(id, address)| format!("{id}@{address}"))
            .collect();
        voters.join(",")
    }

    /// The names in `controller.listener.names`. A node that is only a broker connects to the first, and needs no other.
    fn controller_names(&self, pool: &NodePool) -> Vec<&'static str> {
        let all = self.of_controllers().iter().map(|(name, _)| *name);
        all.take(if pool.roles.controller() { usize::MAX } else { 1 }).collect()
    }

    /// The node id of each controller, and host:port of its listener.
    pub(super) fn controller_addresses(&self, context: &Context) -> impl Iterator<Item = (u32, String)> {
        let headless = context.service_address(&self.headless_name());
        let port = self.of_controllers()[0].1;
        self.pools
            .iter()
            .filter(|pool| pool.roles.controller())
            .flat_map(|pool| pool.ids().map(move |id| (pool, id)))
            .map(move |(pool, id)| (id, format!("{}-{id}.{headless}:{port}", pool.name)))
    }

    /// Whether it has controllers.
    pub(crate) fn has_controllers(&self) -> bool {
        !matches!(self.coordination, Coordination::ZooKeeper(_))
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
            let own = [Listener::REPLICATION].into_iter();
            let own = own.chain(self.tls.as_ref().map(|_| Listener::PLATFORM));
            ports.extend(own.map(|(name, port)| (name.to_owned(), port)));
        }
        if self.has_controllers() && roles.controller() {
            let mut own = self.of_controllers().to_vec();
            // Their order here does not follow from which is used.
            own.sort_unstable();
            ports.extend(own.into_iter().map(|(name, port)| (name.to_owned(), port)));
        }
        ports
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{Migration, Stack, Version, ZooKeeper};

    /// The lines of a pool's file about its role in the cluster.
    fn part(cluster: &KafkaCluster, pool: usize) -> String {
        let stack = Stack::new("test", "streams");
        cluster
            .server_properties(stack.context(), &cluster.pools[pool])
            .to_text()
            .lines()
            .filter(|line| {
                ["id=", "roles=", "listener", "voters", "zookeeper", "protocol.version"]
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

    /// The lines of both pools in a phase of a migration: controllers, then brokers.
    fn phase(phase: Migration) -> [String; 2] {
        let mut stack = Stack::new("test", "streams");
        let zookeeper = stack.add(ZooKeeper::new("zk", 1));
        let cluster = KafkaCluster::migrating("k", &zookeeper, phase, "id")
            .pool(NodePool::controllers("c", 1))
            .pool(NodePool::brokers("k", 1));
        [part(&cluster, 0), part(&cluster, 1)]
    }

    /// What Kafka 3.9's documentation of the migration has in its samples.
    #[test]
    fn each_phase_of_a_migration_changes_the_files_of_one_role() {
        let mut stack = Stack::new("test", "streams");
        let zookeeper = stack.add(ZooKeeper::new("zk", 1));
        let before = KafkaCluster::zookeeper("k", &zookeeper).pool(NodePool::brokers("k", 1));
        let after = KafkaCluster::kraft("k", Version::V3_9, "id")
            .pool(NodePool::controllers("c", 1))
            .pool(NodePool::brokers("k", 1));
        let [provision, migrate, in_kraft, finalize] = Migration::ALL.map(phase);
        assert_eq!(provision[1], part(&before, 0), "no broker restarts");
        assert_eq!(provision[0], migrate[0], "no controller restarts");
        assert_eq!(provision[0], in_kraft[0], "no controller restarts");
        assert_eq!(in_kraft[1], finalize[1], "no broker restarts");
        assert_eq!(finalize, [part(&after, 0), part(&after, 1)]);
        assert_snapshot!(provision[0], @r"
        controller.listener.names=CONTROLLER
        controller.quorum.voters=100@c-100.k-headless.streams.svc.cluster.local:9093
        inter.broker.listener.name=REPLICATION
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,REPLICATION:PLAINTEXT
        listeners=CONTROLLER://:9093
        node.id=${env:NODE_ID}
        process.roles=controller
        zookeeper.connect=zk-1.zk-headless.streams.svc.cluster.local:2181
        zookeeper.metadata.migration.enable=true
        ");
        assert_snapshot!(migrate[1], @r"
        advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091
        broker.id=${env:NODE_ID}
        controller.listener.names=CONTROLLER
        controller.quorum.voters=100@c-100.k-headless.streams.svc.cluster.local:9093
        inter.broker.listener.name=REPLICATION
        inter.broker.protocol.version=3.9
        listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT
        listeners=CLIENT://:9092,REPLICATION://:9091
        zookeeper.connect=zk-1.zk-headless.streams.svc.cluster.local:2181
        zookeeper.metadata.migration.enable=true
        ");
        assert_snapshot!(in_kraft[1], @r"
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
    fn a_key_of_brokers_is_not_in_the_file_of_controllers() {
        let cluster = KafkaCluster::kraft("k", Version::V4_3, "id")
            .pool(NodePool::controllers("c", 1))
            .pool(NodePool::brokers("k", 1))
            .pool(NodePool::combined("m", 1).first_id(200))
            .io_threads(16)
            .config("replica.lag.time.max.ms", 60_000);
        let stack = Stack::new("test", "streams");
        let file = |pool: usize| cluster.server_properties(stack.context(), &cluster.pools[pool]);
        for (pool, expected) in [(0, None), (1, Some("60000")), (2, Some("60000"))] {
            assert_eq!(file(pool).get("replica.lag.time.max.ms"), expected);
            // Controllers have request handlers too.
            assert_eq!(file(pool).get("num.io.threads"), Some("16"));
        }
    }

    #[test]
    fn a_raw_setting_comes_last_and_internal_topics_follow_the_replication() {
        let cluster = KafkaCluster::kraft("k", Version::V3_9, "id")
            .pool(NodePool::combined("k", 5))
            .io_threads(8)
            .config("num.io.threads", 16)
            .replication(super::super::Replication::new(5, 3));
        let stack = Stack::new("test", "streams");
        let properties = cluster.server_settings(stack.context(), &cluster.pools[0]).properties();
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
        // 3.9 has no share groups, and an unknown key would mislead the reviewer.
        assert!(properties.iter().all(|(key, _)| !key.starts_with("share.")));
    }
}
