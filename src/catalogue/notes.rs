//! What no `ConfigDef` says: what replaced a key and which keys plugins read. By hand, with sources.

use super::Role;

/// What happened to a key that is gone, or is going.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// The key, or the beginning of several where it ends in `.`.
    pub(super) key: &'static str,
    /// What to do instead, or why nothing is to be done: what follows `remove it:`.
    pub(super) instead: &'static str,
    /// Whether something is to be done instead.
    pub(super) replaced: bool,
    /// Where that is written.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for the reader of this file; a test demands it")
    )]
    pub(super) source: &'static str,
}

const UPGRADE_40: &str = "Kafka documentation, upgrading to 4.0";
const ZOOKEEPER_MODE: &str = "Kafka documentation, differences between KRaft mode and ZooKeeper mode";
const DEFINITION: &str = "Kafka, the ConfigDefs of the two lines";

const fn note(key: &'static str, instead: &'static str, source: &'static str) -> Note {
    Note {
        key,
        instead,
        replaced: false,
        source,
    }
}

/// A key in whose place another setting or step comes.
const fn moved(key: &'static str, instead: &'static str, source: &'static str) -> Note {
    Note {
        replaced: true,
        ..note(key, instead, source)
    }
}

/// Every key that one release line has and a later one has not, and every deprecated one. A test compares it with the catalogue.
pub(super) const GONE: [Note; 42] = [
    note(
        "alter.config.policy.kraft.compatibility.enable",
        "the policy sees what KRaft's controller sees",
        UPGRADE_40,
    ),
    note(
        "auto.include.jmx.reporter",
        "`metric.reporters` has `org.apache.kafka.common.metrics.JmxReporter` by default from 4.0 on",
        UPGRADE_40,
    ),
    note(
        "broker.id.generation.enable",
        "a node has the `node.id` that it is given",
        ZOOKEEPER_MODE,
    ),
    note(
        "control.plane.listener.name",
        "`controller.listener.names` names the listener of the controllers",
        ZOOKEEPER_MODE,
    ),
    note(
        "controlled.shutdown.max.retries",
        "the controllers move the leaders away, and `controlled.shutdown.enable` says whether",
        ZOOKEEPER_MODE,
    ),
    note(
        "controlled.shutdown.retry.backoff.ms",
        "the controllers move the leaders away, and `controlled.shutdown.enable` says whether",
        ZOOKEEPER_MODE,
    ),
    moved(
        "delegation.token.master.key",
        "use `delegation.token.secret.key`",
        UPGRADE_40,
    ),
    note(
        "eligible.leader.replicas.enable",
        "the feature `eligible.leader.replicas.version` decides, in `kafka-features`",
        "Kafka documentation, eligible leader replicas",
    ),
    note(
        "group.coordinator.new.enable",
        "the new coordinator is the only one",
        DEFINITION,
    ),
    note(
        "group.coordinator.rebalance.protocols",
        "the features `group.version`, `share.version` and `streams.version` decide, in `kafka-features`",
        "Kafka 4.3, GroupCoordinatorConfig",
    ),
    note(
        "group.share.enable",
        "the feature `share.version` decides, in `kafka-features`",
        DEFINITION,
    ),
    note("group.share.max.groups", "share groups are not counted", DEFINITION),
    note(
        "inter.broker.protocol.version",
        "`metadata.version` decides, in `kafka-features`",
        ZOOKEEPER_MODE,
    ),
    note(
        "internal.leave.group.on.close",
        "`CloseOptions` of the call that closes the consumer say it",
        DEFINITION,
    ),
    moved(
        "internal.metadata.max.fetch.size.in.bytes",
        "use `controller.quorum.fetch.max.bytes`",
        DEFINITION,
    ),
    note(
        "leader.imbalance.per.broker.percentage",
        "the controllers move every leader back, `auto.leader.rebalance.enable` says whether",
        ZOOKEEPER_MODE,
    ),
    note(
        "log.cleaner.enable",
        "without the cleaner no compacted topic is ever compacted, and from 5.0 on it always runs",
        "Kafka documentation, upgrading to 4.1",
    ),
    note(
        "log.message.downconversion.enable",
        "no client that Kafka 4.0 serves needs another record format",
        UPGRADE_40,
    ),
    note("log.message.format.version", "there is one record format", UPGRADE_40),
    moved(
        "log.message.timestamp.difference.max.ms",
        "use `log.message.timestamp.before.max.ms` and `log.message.timestamp.after.max.ms`",
        UPGRADE_40,
    ),
    note(
        "message.downconversion.enable",
        "no client that Kafka 4.0 serves needs another record format",
        UPGRADE_40,
    ),
    note("message.format.version", "there is one record format", UPGRADE_40),
    moved(
        "message.timestamp.difference.max.ms",
        "use `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`",
        UPGRADE_40,
    ),
    note(
        "metadata.log.segment.min.bytes",
        "`metadata.log.segment.bytes` alone decides",
        DEFINITION,
    ),
    note(
        "offsets.commit.required.acks",
        "an offset is committed when all replicas in sync have it",
        UPGRADE_40,
    ),
    note(
        "password.encoder.",
        "passwords are not encrypted in the metadata of KRaft, so guard its log directory",
        ZOOKEEPER_MODE,
    ),
    moved(
        "remote.log.manager.thread.pool.size",
        "use `remote.log.manager.follower.thread.pool.size`",
        "Kafka 4.3, RemoteLogManagerConfig",
    ),
    note(
        "reserved.broker.max.id",
        "a node has the `node.id` that it is given",
        ZOOKEEPER_MODE,
    ),
    note(
        "share.fetch.max.fetch.records",
        "`max.poll.records` of the consumer decides",
        DEFINITION,
    ),
    note(
        "zookeeper.",
        "the metadata is kept by the controllers, and ZooKeeper by Kafka 3.9 at the latest",
        UPGRADE_40,
    ),
    // Older than every line of the catalogue.
    moved(
        "advertised.host.name",
        "use `.listener(…)`",
        "Kafka documentation, upgrading to 3.0",
    ),
    moved(
        "advertised.port",
        "use `.listener(…)`",
        "Kafka documentation, upgrading to 3.0",
    ),
    moved(
        "host.name",
        "use `.listener(…)`",
        "Kafka documentation, upgrading to 3.0",
    ),
    moved("port", "use `.listener(…)`", "Kafka documentation, upgrading to 3.0"),
    moved(
        "quota.consumer.default",
        "use `kafka-configs --entity-type clients --entity-default`",
        "Kafka documentation, upgrading to 3.0",
    ),
    moved(
        "quota.producer.default",
        "use `kafka-configs --entity-type clients --entity-default`",
        "Kafka documentation, upgrading to 3.0",
    ),
    note(
        "internal.key.converter",
        "Connect's own topics are in JSON",
        "Kafka documentation, upgrading to 3.0",
    ),
    note(
        "internal.value.converter",
        "Connect's own topics are in JSON",
        "Kafka documentation, upgrading to 3.0",
    ),
    moved(
        "rest.host.name",
        "use `listeners`",
        "Kafka documentation, upgrading to 3.0",
    ),
    moved("rest.port", "use `listeners`", "Kafka documentation, upgrading to 3.0"),
    // Keys of the JMX reporter, which no ConfigDef has.
    moved("metrics.jmx.blacklist", "use `metrics.jmx.exclude`", UPGRADE_40),
    moved("metrics.jmx.whitelist", "use `metrics.jmx.include`", UPGRADE_40),
];

/// The note about a key that is gone or going.
pub(super) fn gone(key: &str) -> Option<&'static Note> {
    GONE.iter()
        .find(|note| note.key == key || (note.key.ends_with('.') && key.starts_with(note.key)))
}

/// Keys that no `ConfigDef` has and that are read all the same: by parts of Kafka that look at the whole file, and by plugins
/// that many have. One that ends in `.` stands for all that begin with it.
pub(super) fn is_read_by_a_plugin(role: Role, key: &str) -> bool {
    let known: &[&str] = match role {
        // Kafka has not one key of a topic that a plugin defines: it refuses them.
        Role::Topic => return false,
        // Its class, which is a plugin, defines most of them.
        Role::Sink | Role::Source => return true,
        Role::Broker => &BROKER_PLUGINS,
        Role::Producer | Role::Consumer | Role::Admin => &CLIENT_PLUGINS,
        Role::Worker => &WORKER_PLUGINS,
    };
    EVERYWHERE
        .iter()
        .chain(known)
        .any(|known| *known == key || (known.ends_with('.') && key.starts_with(known)))
}

/// `AbstractConfig` resolves values by these (KIP-421); `KafkaMetricsContext` and `JmxReporter` read theirs, and Confluent's plugins those
/// that begin with `confluent.`.
const EVERYWHERE: [&str; 6] = [
    "config.providers",
    "config.providers.",
    "confluent.",
    "metrics.context.",
    "metrics.jmx.exclude",
    "metrics.jmx.include",
];

/// `StandardAuthorizer`; tiered storage's plugins by their default prefixes; the CSV reporter of the broker's own metrics.
const BROKER_PLUGINS: [&str; 5] = [
    "allow.everyone.if.no.acl.found",
    "kafka.csv.metrics.",
    "rlmm.config.",
    "rsm.config.",
    "super.users",
];

/// Serializers of the two registries that this crate deploys.
const CLIENT_PLUGINS: [&str; 11] = [
    "apicurio.",
    "auto.register.schemas",
    "basic.auth.",
    "bearer.auth.",
    "json.",
    "key.subject.name.strategy",
    "schema.registry.",
    "specific.avro.reader",
    "specific.protobuf.",
    "use.latest.version",
    "value.subject.name.strategy",
];

/// Converters get what begins with their own key.
const WORKER_PLUGINS: [&str; 3] = ["header.converter.", "key.converter.", "value.converter."];

/// Whether brokers read a key of `server.properties` and controllers do not.
pub(crate) fn is_read_by_brokers_only(key: &str) -> bool {
    BROKERS_ONLY
        .iter()
        .any(|known| *known == key || (known.ends_with('.') && key.starts_with(known)))
}

/// Settings of what only a broker runs: the log and its cleaner, replication, the coordinators of groups and transactions, and
/// waiting requests. Seen in the calls of `ControllerServer`, `ControllerApis`, `ControllerConfigurationValidator`, `SharedServer` and
/// `KafkaRaftManager` of Kafka 3.9.2 and 4.3.1, which read none of them. Defaults of topics are not in the list, because the active
/// controller tells the client that creates a topic its settings; nor is any key that is not known to be a broker's alone.
pub(super) const BROKERS_ONLY: [&str; 32] = [
    "add.partitions.to.txn.",
    "auto.create.topics.enable",
    "background.threads",
    "controlled.shutdown.",
    "delete.records.purgatory.",
    "fetch.max.bytes",
    "fetch.purgatory.",
    "group.initial.rebalance.delay.ms",
    "group.max.session.timeout.ms",
    "group.max.size",
    "group.min.session.timeout.ms",
    "initial.broker.registration.timeout.ms",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.",
    "log.cleaner.threads",
    "log.flush.offset.checkpoint.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.flush.start.offset.checkpoint.interval.ms",
    "log.retention.check.interval.ms",
    "max.incremental.fetch.session.cache.slots",
    "num.recovery.threads.per.data.dir",
    "num.replica.",
    "offsets.",
    "producer.id.expiration.",
    "producer.purgatory.",
    "remote.fetch.",
    "remote.log.manager.",
    "replica.",
    "share.coordinator.",
    "transaction.",
    "transactional.id.expiration.ms",
];
