//! Each rule, broken by the smallest stack that can, and what it then says.

use std::{collections::BTreeSet, path::Path};

use insta::assert_snapshot;
use k8s_openapi::api::core::v1::{ConfigMap, Container, Service};
use kafka_stacks::{
    prelude::*,
    synth::{Synthesis, check_across},
};

pub(crate) const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";

pub(crate) fn empty() -> Stack {
    Stack::new("test", "kafka")
}

pub(crate) fn dedicated() -> KafkaCluster {
    KafkaCluster::kraft("kafka", Version::V4_3, ID)
        .pool(NodePool::controllers("kafka-controller", 3))
        .pool(NodePool::brokers("kafka", 3))
}

pub(crate) fn with(construct: impl Construct) -> Stack {
    let mut stack = empty();
    stack.add(construct);
    stack
}

/// A sound cluster, and something built from its handle.
pub(crate) fn beside<C: Construct>(build: impl FnOnce(&KafkaHandle) -> C) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    stack.add(build(&kafka));
    stack
}

/// Workers and a registry of a cluster made elsewhere, monitored with the one of this name.
fn watched(cluster: &str) -> Stack {
    let external = |name: &str| KafkaCluster::external(name, Version::V4_3, format!("{name}.voicecore.internal:9092"));
    let mut stack = empty();
    let registry = stack.add(SchemaRegistry::new("registry", &external("kafka")));
    let connect = stack.add(Connect::new("connect", &external("kafka")));
    stack.add(
        Monitoring::new("monitoring", &external(cluster))
            .brokers(3)
            .watch(&connect)
            .watch(&registry),
    );
    stack
}

pub(crate) fn topics(topic: Topic) -> Stack {
    beside(|kafka| Topics::new("topics", kafka).topic(topic))
}

/// A cluster whose brokers have been measured, with a topic that carries something.
fn loaded(brokers: NodePool, topic: Topic) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(
                brokers
                    .disk_throughput(125.mebibytes_per_second())
                    .network(10.gigabits_per_second())
                    .cpu_class(CpuClass::MSK_EXPRESS_M7G),
            ),
    );
    stack.add(Topics::new("topics", &kafka).topic(topic));
    stack
}

fn load(records: u64) -> Load {
    Load::new(records.records_per_second(), 1000.bytes())
        .compressed_to(50.percent())
        .consumer_groups(2)
}

/// Three zones of so many brokers.
fn zones(brokers: u16) -> Stack {
    let mut stack = empty();
    let cluster = KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::controllers("c", 3).first_id(300));
    let cluster = [("a", 0), ("b", 100), ("c", 200)]
        .into_iter()
        .fold(cluster, |cluster, (zone, first_id)| {
            cluster.pool(
                NodePool::brokers(format!("kafka-{zone}"), brokers)
                    .zone(zone)
                    .first_id(first_id),
            )
        });
    let kafka = stack.add(cluster);
    stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 60, Cleanup::compact())));
    stack
}

/// A load that a small cluster carries.
fn carried() -> Stack {
    loaded(
        NodePool::brokers("kafka", 3),
        Topic::new("orders", 12, Cleanup::delete_after(2.hours())).load(load(1000)),
    )
}

pub(crate) fn orders() -> Topic {
    Topic::new("orders", 1, Cleanup::delete_after(1.days()))
}

/// One broken stack for every rule, and more where a rule can be broken in several ways.
#[expect(clippy::too_many_lines, reason = "a table")]
fn broken() -> Vec<Stack> {
    let combined =
        |replicas| with(KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::combined("kafka", replicas)));
    let sound = |kafka: KafkaCluster| with(kafka);
    vec![
        Stack::new("Test", "kafka"),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3))
                .pool(NodePool::brokers("k".repeat(53), 3)),
        ),
        {
            let mut stack = with(dedicated());
            stack.add(Clients::new(
                "kafka",
                &KafkaCluster::external("k", Version::V4_3, "k:9092"),
            ));
            stack
        },
        {
            let mut stack = with(dedicated());
            stack.add(Clients::new(
                "clients",
                &KafkaCluster::external("k", Version::V4_3, "k:9092"),
            ));
            stack.amend::<ConfigMap>("clients", |map| map.metadata.name = Some("kafka".into()));
            stack
        },
        {
            let mut stack = with(dedicated());
            stack.amend::<Service>("kafak", |_| {});
            stack
        },
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3).resources(Resources::fixed(1.cores(), 160.mib())))
                .pool(NodePool::brokers("a", 3).resources(Resources::fixed(1.cores(), 10.mib())))
                .pool(NodePool::brokers("b", 3).first_id(10).heap(176.mib())),
        ),
        with(ZooKeeper::new("zookeeper", 3).resources(Resources::fixed(1.cores(), 64.mib()))),
        beside(|kafka| Connect::new("connect", kafka).resources(Resources::fixed(1.cores(), 64.mib()))),
        beside(|kafka| {
            SchemaRegistry::new("registry", kafka)
                .implementation(RegistryImplementation::Apicurio)
                .resources(Resources::fixed(1.cores(), 352.mib()))
        }),
        with(
            dedicated()
                .jvm_options(["-Xmx1g", "-XX:+UseZGC -Dx=1"])
                .log_level("", LogLevel::Warn),
        ),
        {
            let mut stack = empty().kubernetes(Kubernetes::V1_35);
            stack.add(dedicated());
            stack
        },
        beside(|kafka| {
            Topics::new("topics", kafka).topic(orders()).sidecar(Container {
                name: "proxy".to_owned(),
                image: Some("a/b:1".to_owned()),
                ..Container::default()
            })
        }),
        {
            let mut stack = with(dedicated());
            stack.amend::<ConfigMap>("kafka", |map| {
                for text in map.data.iter_mut().flat_map(|data| data.values_mut()) {
                    *text = text.replace("EXTERNAL:PLAINTEXT", "EXTERNAL:SASL_SSL");
                }
            });
            stack.amend::<Service>("kafka", |_| {});
            stack
        },
        {
            let mut stack = Stack::new("test", "default");
            stack.add(dedicated());
            stack
        },
        with(dedicated().acknowledge(&rules::kraft::COMBINED, "old")),
        with(
            dedicated()
                .replication(Replication::new(3, 3))
                .acknowledge(&rules::durability::MIN_IN_SYNC_IS_FACTOR, "fine"),
        ),
        {
            let mut stack = empty();
            let zookeeper = stack.add(ZooKeeper::new("zookeeper", 2));
            stack.add(KafkaCluster::zookeeper("kafka", &zookeeper).pool(NodePool::combined("kafka", 3)));
            stack
        },
        combined(0),
        combined(2),
        combined(4),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, "abc")
                .pool(NodePool::controllers("c", 3).first_id(2))
                .pool(NodePool::brokers("b", 3)),
        ),
        sound(
            dedicated()
                .listener(Listener::plaintext("client", 9092))
                .listener(Listener::plaintext("CONTROLLER", 9095))
                .listener(Listener::plaintext("EXTRA", 9093)),
        ),
        sound(
            dedicated()
                .config("node.id", 7)
                .config("unclean.leader.election.enable", true)
                .config("auto.create.topics.enable", true),
        ),
        sound(
            dedicated()
                .images(ImageSet::confluent(Version::V3_9))
                .config("unclean.leader.election.enable", " TRUE "),
        ),
        sound(dedicated().replication(Replication::new(5, 6))),
        sound(dedicated().replication(Replication::new(3, 1))),
        topics(Topic::new("a/b", 0, Cleanup::compact())),
        topics(Topic::new("__mine", 1, Cleanup::compact())),
        topics(
            orders()
                .config("retention.ms", 1)
                .config("a=b", 1)
                .config("remote", "ü"),
        ),
        topics(orders().segment_size(1.kib()).largest_batch(1.mib())),
        topics(
            orders()
                .config("min.compaction.lag.ms", 2)
                .config("max.compaction.lag.ms", 1),
        ),
        beside(|kafka| {
            Topics::new("topics", kafka)
                .topics(["a.b", "a_b", "a.b"].map(|name| Topic::new(name, 1, Cleanup::compact())))
        }),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3).heap(2.gib()))
                .pool(
                    NodePool::brokers("b", 3)
                        .heap(7.gib())
                        .resources(Resources::range(2.cores()..=1.cores(), 16.gib()..=12.gib())),
                ),
        ),
        beside(|kafka| {
            Clients::new("clients", kafka)
                .producer(
                    Producer::idempotent("a")
                        .delivery_timeout(1.seconds())
                        .config("acks", 1),
                )
                .consumer(
                    Consumer::read_committed("a")
                        .session_timeout(1.hours())
                        .config("isolation.level", "read_uncommitted"),
                )
        }),
        beside(|kafka| {
            Connect::new("connect", kafka)
                .replicas(0)
                .group(" ")
                .internal_topics("a b")
                .config("group.id", "x")
        }),
        beside(|kafka| Monitoring::new("monitoring", kafka).disk_usage_threshold(100)),
        beside(|kafka| Monitoring::new("monitoring", kafka).runbooks("https://git.example.com/runbooks")),
        watched("other"),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3).zone(""))
                .pool(NodePool::brokers("a", 2).zone("a"))
                .pool(NodePool::brokers("b", 1).zone("b").first_id(10)),
        ),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3))
                .pool(NodePool::brokers("a", 3).zone("a"))
                .pool(NodePool::brokers("b", 3).first_id(10)),
        ),
        loaded(
            NodePool::brokers("kafka", 3),
            Topic::new("orders", 12, Cleanup::delete_after(1.days())).load(load(1000)),
        ),
        loaded(
            NodePool::brokers("kafka", 3).storage(Storage::persistent(16.tib())),
            Topic::new("orders", 12, Cleanup::delete_after(1.hours())).load(load(1_000_000)),
        ),
        loaded(
            NodePool::brokers("kafka", 3).storage(Storage::persistent(1.tib())),
            Topic::new("orders", 12, Cleanup::keep()).load(load(1000)),
        ),
        loaded(
            NodePool::brokers("kafka", 3),
            Topic::new("orders", 3000, Cleanup::delete_after(20.gib()))
                .segment_size(256.mib())
                .load(load(0)),
        ),
        loaded(
            NodePool::brokers("kafka", 3),
            Topic::new("orders", 70_000, Cleanup::compact()).load(load(1).compressed_to(0.percent())),
        ),
        {
            let mut stack = empty();
            let kafka = stack.add(dedicated().load(Load::new(1.records_per_second(), 1.bytes())));
            stack.add(Topics::new("topics", &kafka).topic(orders().load(load(1))));
            stack
        },
        beside(|kafka| {
            broken_alerts()
                .into_iter()
                .fold(Monitoring::new("monitoring", kafka), Monitoring::alert)
        }),
        zones(3),
        {
            let mut stack = empty();
            let kafka = stack.add(dedicated().images(ImageSet::apache(Version::V4_3)));
            let registry = stack.add(
                SchemaRegistry::new("registry", &kafka)
                    .replicas(0)
                    .config("host.name", "x"),
            );
            stack.add(Connect::new("connect", &kafka).avro(&registry));
            stack.add(Monitoring::new("monitoring", &kafka));
            stack
        },
        {
            let mut other = Stack::new("other", "elsewhere");
            let kafka = other.add(dedicated());
            let connect = other.add(Connect::new("connect", &kafka));
            let registry = other.add(SchemaRegistry::new("registry", &kafka));
            let zookeeper = other.add(ZooKeeper::new("zookeeper", 3));
            let mut stack = empty();
            stack.add(Monitoring::new("monitoring", &kafka).watch(&connect).watch(&registry));
            stack.add(Connect::new("connect", &KafkaCluster::external("k", Version::V4_3, "k:9092")).avro(&registry));
            stack.add(
                KafkaCluster::zookeeper("old", &zookeeper)
                    .pool(NodePool::brokers("old", 3).first_id(999))
                    .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "not what is tested"),
            );
            stack
        },
        {
            let mut stack = empty();
            let kafka = stack.add(dedicated());
            let mut stack = stack.cluster_domain("example.org");
            stack.add(Topics::new("topics", &kafka));
            stack
        },
        {
            // One cluster twice, and everything that its state can be taken by.
            let mut stack = empty();
            let kafka = stack.add(dedicated());
            stack.add(
                KafkaCluster::kraft("again", Version::V4_3, ID)
                    .pool(NodePool::controllers("c", 3))
                    .pool(NodePool::brokers("b", 3)),
            );
            stack.add(SchemaRegistry::new("one", &kafka));
            stack.add(SchemaRegistry::new("two", &kafka));
            stack.add(Connect::new("connect", &kafka).group("one"));
            stack.add(Connect::new("more", &kafka).internal_topics("connect"));
            stack.add(
                Topics::new("topics", &kafka)
                    .topics(["_schemas", "orders"].map(|name| Topic::new(name, 1, Cleanup::compact()))),
            );
            stack.add(Topics::new("further", &kafka).topic(orders()));
            stack
        },
        beside(|kafka| {
            Connect::new("connect", kafka)
                .avro(&SchemaRegistry::external("schemas.example.com"))
                .max_poll_records(10)
                .config("consumer.max.poll.records", 20)
                .config(
                    "producer.sasl.jaas.config",
                    "org…PlainLoginModule required password=\"x\";",
                )
                .config("producer.linger.ms", 5)
                .config("producer.linger.ms", 6)
                .config("", 1)
        }),
        {
            let mut stack = empty();
            let kafka = stack.add(
                dedicated()
                    .images(ImageSet::apache(Version::V4_3).kafka_image("apache/kafka-native:4.3.1"))
                    .config("transaction.max.timeout.ms", 60_000),
            );
            stack.add(
                Clients::new("clients", &kafka)
                    .producer(Producer::transactional("p", "p").config("transaction.timeout.ms", 60_001)),
            );
            stack.add(
                Topics::new("topics", &kafka)
                    .topic(orders().largest_batch(2.mib()))
                    .topic(Topic::new("short", 1, Cleanup::delete_after(1.hours())))
                    .topic(Topic::new("tiered", 1, Cleanup::compact()).config("remote.storage.enable", true)),
            );
            stack
        },
        with(
            KafkaCluster::kraft("kafka\n", Version::V4_3, ID)
                .pool(NodePool::combined("kafka", 3))
                .acknowledge(&rules::kraft::COMBINED, " ")
                .acknowledge(&rules::kraft::COMBINED, "three machines is what there is"),
        ),
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("nodes", 3))
                .pool(NodePool::brokers("nodes", 3)),
        ),
        with(
            Topics::new(
                "topics",
                &KafkaCluster::external("k", Version::V4_3, "k-1:9092, k-2 ,[::1]:9092")
                    .with_replication(Replication::new(2, 3)),
            )
            .topic(
                orders()
                    .replication(Replication::new(0, 1))
                    .largest_batch(101.mib())
                    .config("partitions", 3),
            ),
        ),
    ]
}

/// A sound cluster with one alert more.
fn alert(alert: Alert) -> Stack {
    beside(|kafka| Monitoring::new("monitoring", kafka).alert(alert))
}

/// An alert with all that it needs, called after its expression.
fn asks(expression: &str) -> Alert {
    let name: String = expression.chars().filter(char::is_ascii_alphanumeric).collect();
    Alert::new(format!("Alert{}", &name[name.len().saturating_sub(24)..]), expression)
        .summary("Orders wait.")
        .description("It is {{ $value }}.")
}

/// An alert for each way to break a rule about alerts.
fn broken_alerts() -> Vec<Alert> {
    let mine = |expression: &str| asks(&expression.replace("{}", "{kafka_cluster=\"kafka\"}"));
    vec![
        asks("sum(kafka_brokers"),
        mine("kafka_server_replicamanager_isrshrinkspersec{} > 0"),
        mine("{} > 0"),
        mine("max by (instance, topic) (kafka_brokers{}) < 3"),
        mine("kafka_brokers{} / sum(kafka_topic_partitions{}) < 1"),
        mine("kafka_topic_partitions{} > on (topic) sum by (partition) (kafka_topic_partition_replicas{})"),
        mine("kafka_server_replicamanager_isrshrinks_total{} > 5"),
        mine("rate(kafka_consumergroup_lag{}[5m]) > 5"),
        mine("delta(kafka_server_replicamanager_isrshrinks_total{}[5m]) > 5"),
        mine("count(kafka_brokers{}) == 0"),
        mine("rate(kafka_server_replicamanager_isrshrinks_total{}[5m]) < 0"),
        mine("count_over_time(kafka_brokers{}[5m]) > 2 * count_over_time(kafka_brokers{}[5m])"),
        mine("sum(kafka_brokers{})"),
        asks("max(up{kafka_cluster=\"kafka\",job=\"kafka-jmx\"}) == 0"),
        asks("max(kafka_network_requestmetrics_totaltimems{kafka_cluster=\"kafka\",quantile=\"0.9\"}) > 9"),
        asks(
            "kubelet_volume_stats_available_bytes{namespace=\"kafka\",persistentvolumeclaim=~\"data-(.+)-kafka-[0-9]+\"} < 9",
        ),
        asks("kafka_brokers < 3"),
        mine("rate(kafka_server_replicamanager_isrshrinks_total{}[30s]) > 5"),
        mine("kafka_brokers{} < 3").for_duration(10.seconds()),
        mine("max by (job) (kafka_brokers{}) < 3").description("On {{ $label.instance }} of {{ $labels.topic }}."),
        mine("kafka_brokers{} < 3").summary("{{ $value }} brokers."),
        mine("kafka_brokers{} < 3"),
        Alert::new("orders wait", "kafka_brokers{kafka_cluster=\"kafka\"} < 3"),
        mine("sum by (topic) (rate(kafka_server_brokertopicmetrics_topic_messagesin_total{}[5m])) < 2"),
        mine("max by (topic) (kafka_topic_partitions{}) > 3").test(
            AlertTest::new("It is 4.")
                .series("kafka_topic_partition", &[("topic", "a")], Samples::Constant(4.0))
                .series("kafka_topic_partitions", &[("partition", "0")], Samples::Constant(4.0))
                .label("partition", "0"),
        ),
        mine("max by (topic) (kafka_topic_partitions{}) > 4").test(AlertTest::new("It is 5.")),
    ]
}

/// The nearest stack without fault to each rule's broken one.
#[expect(clippy::too_many_lines, reason = "a table")]
fn sound() -> Vec<(&'static Rule, Stack)> {
    use rules::{capacity, client, durability, kraft, memory, observability, pod, registry, stack, topic};
    let clients = |producer: Producer| beside(|kafka| Clients::new("clients", kafka).producer(producer));
    let development = |cluster: KafkaCluster| {
        let mut stack = empty().profile(Profile::Development);
        stack.add(cluster);
        stack
    };
    let two = || {
        let mut stack = empty();
        let kafka = stack.add(dedicated());
        stack.add(SchemaRegistry::new("registry", &kafka));
        stack.add(Connect::new("connect", &kafka));
        stack.add(Topics::new("topics", &kafka).topic(orders()));
        stack
    };
    let in_zookeeper_mode = |first_id| {
        let mut stack = empty();
        let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
        stack.add(
            KafkaCluster::zookeeper("kafka", &zookeeper)
                .pool(NodePool::brokers("kafka", 3).first_id(first_id))
                .acknowledge(&kraft::ZOOKEEPER_MODE, "moves in March"),
        );
        stack
    };
    let amended = || {
        let mut stack = with(dedicated());
        stack.amend::<Service>("kafka", |service| {
            service.metadata.annotations = Some([("team".into(), "streams".into())].into());
        });
        stack
    };
    let acknowledged = || {
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::combined("kafka", 3))
                .acknowledge(&kraft::COMBINED, "three machines is what there is"),
        )
    };
    let pools = |brokers: NodePool| {
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, ID)
                .pool(NodePool::controllers("c", 3))
                .pool(brokers),
        )
    };
    let large = || NodePool::brokers("b", 3).resources(Resources::range(1.cores()..=1.cores(), 8.gib()..=8.gib()));
    let raw = |key: &str, value: &str| with(dedicated().config(key, value));
    let replicated = || with(dedicated().replication(Replication::new(3, 2)));
    vec![
        (&stack::NAME, pools(NodePool::brokers("k".repeat(52), 3))),
        (&stack::CONSTRUCT_TWICE, two()),
        (&stack::OBJECT_TWICE, pools(NodePool::brokers("b", 3))),
        (&stack::AMENDMENT, amended()),
        (&stack::ACKNOWLEDGED_NOTHING, acknowledged()),
        (&stack::ACKNOWLEDGED_ERROR, acknowledged()),
        (&stack::OTHER_STACK, two()),
        (&stack::SECRET, raw("ssl.key.password", "${env:PASSWORD}")),
        (&stack::RAW_SETTING, raw("num.replica.fetchers", "2")),
        (&stack::ACKNOWLEDGED_WITHOUT_REASON, acknowledged()),
        (&stack::AMENDMENT_WITHOUT_EFFECT, amended()),
        (&stack::INITIAL_NAMESPACE, {
            let mut stack = Stack::new("test", "default").existing_namespace();
            stack.add(dedicated());
            stack
        }),
        (&stack::EMPTY, with(dedicated())),
        (&kraft::ZOOKEEPER_MODE, with(dedicated())),
        (&kraft::NODE_ID_TWICE, pools(NodePool::brokers("b", 3).first_id(97))),
        (&kraft::TOO_FEW_CONTROLLERS, with(dedicated())),
        (&kraft::COMBINED, with(dedicated())),
        (
            &kraft::LISTENERS,
            with(dedicated().listener(Listener::plaintext("CLIENTS_2_A", 9094))),
        ),
        (&kraft::CLUSTER_ID, with(dedicated())),
        (&kraft::OWNED_SETTING, raw("num.replica.fetchers", "2")),
        (&kraft::EVEN_CONTROLLERS, with(dedicated())),
        (&kraft::NO_NODES, with(dedicated())),
        (&kraft::ROLES_OF_MODE, in_zookeeper_mode(0)),
        (
            &kraft::IMAGE_VERSION,
            with(dedicated().images(ImageSet::confluent(Version::V4_3))),
        ),
        (&kraft::RESERVED_ID, in_zookeeper_mode(998)),
        (
            &kraft::NATIVE_IMAGE,
            with(dedicated().images(ImageSet::apache(Version::V4_3))),
        ),
        (&durability::FACTOR_ABOVE_BROKERS, replicated()),
        (&durability::MIN_IN_SYNC_ABOVE_FACTOR, replicated()),
        (&durability::MIN_IN_SYNC_IS_FACTOR, replicated()),
        (&durability::SINGLE_COPY, replicated()),
        (
            &durability::UNCLEAN_ELECTION,
            raw("unclean.leader.election.enable", "false"),
        ),
        (&durability::AUTO_CREATION, raw("auto.create.topics.enable", "false")),
        (
            &durability::NO_COPY,
            development(KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::combined("kafka", 1))),
        ),
        (&topic::NAME, topics(Topic::new("A-z_0.9", 1, Cleanup::compact()))),
        (
            &topic::NAME_COLLISION,
            beside(|kafka| {
                Topics::new("topics", kafka).topics(["a.b", "a-b"].map(|name| Topic::new(name, 1, Cleanup::compact())))
            }),
        ),
        (&topic::RESERVED, topics(Topic::new("_mine", 1, Cleanup::compact()))),
        (
            &topic::CONTRADICTION,
            topics(orders().config("remote.storage.enable", true)),
        ),
        (
            &topic::SIZES,
            topics(orders().segment_size(1.mib()).largest_batch(1.mib())),
        ),
        (&topic::TWICE, two()),
        (&topic::PARTITIONS, topics(orders())),
        (&topic::NONE, topics(orders())),
        (
            &topic::SEGMENT_AGE,
            topics(Topic::new("orders", 1, Cleanup::delete_after(1.hours())).segment_age(1.hours())),
        ),
        (&topic::FETCH_SIZE, {
            let mut stack = empty();
            let kafka = stack.add(dedicated().config("replica.fetch.max.bytes", 2_097_152));
            stack.add(Topics::new("topics", &kafka).topic(orders().largest_batch(2.mib())));
            stack
        }),
        (
            &topic::LAGS,
            topics(
                orders()
                    .config("min.compaction.lag.ms", 1)
                    .config("max.compaction.lag.ms", 1),
            ),
        ),
        (
            &durability::ZONES,
            with(
                KafkaCluster::kraft("kafka", Version::V4_3, ID)
                    .pool(NodePool::controllers("c", 3))
                    .pool(NodePool::brokers("a", 2).zone("a"))
                    .pool(NodePool::brokers("b", 2).zone("b").first_id(10)),
            ),
        ),
        (
            &capacity::RETENTION,
            loaded(
                NodePool::brokers("kafka", 3).storage(Storage::persistent(62.gib())),
                Topic::new("orders", 12, Cleanup::delete_after(1.days())).load(load(1000)),
            ),
        ),
        (&capacity::RATE, carried()),
        (&capacity::UNKNOWN, carried()),
        (
            &capacity::REPLICAS,
            loaded(
                NodePool::brokers("kafka", 3),
                Topic::new("orders", 900, Cleanup::compact()),
            ),
        ),
        (
            &capacity::CLUSTER_REPLICAS,
            loaded(
                NodePool::brokers("kafka", 3),
                Topic::new("orders", 66_566, Cleanup::compact()),
            ),
        ),
        (
            &capacity::MEMORY_MAPS,
            loaded(
                NodePool::brokers("kafka", 3).storage(Storage::persistent(100.gib())),
                Topic::new("orders", 100, Cleanup::delete_after(325.mib())).segment_size(1.mib()),
            ),
        ),
        (&capacity::PAGE_CACHE, carried()),
        (
            &capacity::FOR_EVER,
            loaded(NodePool::brokers("kafka", 3), Topic::new("orders", 12, Cleanup::keep())),
        ),
        (&capacity::EMPTY_LOAD, carried()),
        (&capacity::LEADERS, zones(4)),
        (&memory::HEAP_ABOVE_MEMORY, pools(large().heap(6.gib()))),
        (&memory::HEAP_TOO_LARGE, pools(large().heap(6.gib()))),
        (&memory::REQUEST_ABOVE_LIMIT, pools(large())),
        (
            &memory::FLOOR,
            pools(
                large()
                    .resources(Resources::fixed(1.cores(), 384.mib()))
                    .heap(192.mib()),
            ),
        ),
        (
            &stack::POD_OPTION,
            with(
                dedicated()
                    .jvm_options(["-XX:+UseZGC", "-Dx=1"])
                    .log_level("kafka.network.RequestChannel$", LogLevel::Warn)
                    .env_from_secret("PASSWORD", "kafka", "password"),
            ),
        ),
        (&stack::ROLLING_UPDATE, {
            let mut stack = empty().kubernetes(Kubernetes::V1_34);
            stack.add(dedicated());
            stack
        }),
        (&stack::KUBERNETES_VERSION, {
            let mut stack = empty().kubernetes(Kubernetes::V1_29);
            let kafka = stack.add(dedicated());
            stack.add(Topics::new("topics", &kafka).topic(orders()).sidecar(Container {
                name: "proxy".to_owned(),
                image: Some("a/b:1".to_owned()),
                ..Container::default()
            }));
            stack
        }),
        (&pod::ENSEMBLE, in_zookeeper_mode(0)),
        (
            &client::TIMEOUTS,
            clients(
                Producer::idempotent("p")
                    .linger(5.milliseconds())
                    .request_timeout(30.seconds())
                    .delivery_timeout(30_005.milliseconds()),
            ),
        ),
        (
            &client::OWNED_SETTING,
            clients(Producer::idempotent("p").config("max.block.ms", 1000)),
        ),
        (
            &client::TWICE,
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a"))
                    .consumer(Consumer::read_committed("A"))
            }),
        ),
        (&client::BOOTSTRAP, {
            let kafka = KafkaCluster::external("k", Version::V4_3, "k-1.example.com:9092, [::1]:9092");
            with(Clients::new("clients", &kafka).consumer(Consumer::read_committed("c")))
        }),
        (
            &client::TRANSACTION_TIMEOUT,
            clients(Producer::transactional("p", "p").config("transaction.timeout.ms", 900_000)),
        ),
        (
            &registry::CONVERTERS,
            beside(|kafka| Connect::new("connect", kafka).images(ImageSet::apache(Version::V4_3))),
        ),
        (&registry::GROUP, two()),
        (
            &registry::OWNED_SETTING,
            beside(|kafka| Connect::new("connect", kafka).config("producer.linger.ms", 5)),
        ),
        (
            &registry::REPLICAS,
            beside(|kafka| Connect::new("connect", kafka).replicas(1)),
        ),
        (
            &registry::ADDRESS,
            beside(|kafka| {
                let registry = SchemaRegistry::external("https://a.example.com,http://b.tools:8081/path");
                Connect::new("connect", kafka).avro(&registry)
            }),
        ),
        (
            &observability::NO_AGENT,
            beside(|kafka| Monitoring::new("monitoring", kafka)),
        ),
        (
            &observability::THRESHOLD,
            beside(|kafka| Monitoring::new("monitoring", kafka).disk_usage_threshold(99)),
        ),
        (
            &observability::RUNBOOKS,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka).runbooks("https://git.voicecore.internal/kafka/runbooks")
            }),
        ),
        (&observability::ANOTHER_CLUSTER, watched("kafka")),
        (
            &observability::EXPRESSION,
            alert(asks("sum(kafka_brokers{kafka_cluster=\"kafka\"}) < 3")),
        ),
        (
            &observability::METRIC,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .external(ExternalExporter::new("shop").gauge("shop_orders_waiting", ["region"]))
                    .alert(asks("sum by (region) (shop_orders_waiting) > 5"))
            }),
        ),
        (
            &observability::LABEL,
            alert(asks(
                "kafka_brokers{kafka_cluster=\"kafka\"} / on (kafka_cluster) \
                 sum by (kafka_cluster) (kafka_topic_partitions{kafka_cluster=\"kafka\"}) < 1",
            )),
        ),
        (
            &observability::COUNTER,
            alert(asks(
                "increase(kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[5m]) > 5",
            )),
        ),
        (
            &observability::COMPARISON,
            alert(asks("count(kafka_brokers{kafka_cluster=\"kafka\"} < 3) > 1")),
        ),
        (
            &observability::MATCHER,
            alert(asks("max(up{kafka_cluster=\"kafka\",job=~\"kafka-jmx|kafka\"}) == 0")),
        ),
        (
            &observability::EVERY_CLUSTER,
            alert(asks("kafka_brokers{kafka_cluster=\"kafka\"} < 3")),
        ),
        (
            &observability::TIMES,
            alert(
                asks("rate(kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[1m]) > 5")
                    .for_duration(30.seconds()),
            ),
        ),
        (
            &observability::TEMPLATE,
            alert(asks("max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3").description("{{ $labels.job }}.")),
        ),
        (
            &observability::ALERT,
            alert(asks("kafka_brokers{kafka_cluster=\"kafka\"} < 3")),
        ),
        (
            &observability::UNTESTED,
            alert(
                asks("max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3").test(
                    AlertTest::new("It is 2.")
                        .series(
                            "kafka_brokers",
                            &[],
                            Samples::Gauge {
                                healthy: 3.0,
                                tolerated: 3.0,
                                firing: 2.0,
                            },
                        )
                        .label("job", "kafka-exporter"),
                ),
            ),
        ),
    ]
}

#[test]
fn every_rule_is_quiet_about_the_nearest_sound_stack() {
    let mut sound = sound();
    sound.extend(crate::settings::sound());
    let silent: BTreeSet<&str> = sound.iter().map(|(rule, _)| rule.id).collect();
    let missing: Vec<&str> = rules::all()
        .iter()
        .filter(|rule| !of_objects(rule) && !of_two_stacks(rule))
        .map(|rule| rule.id)
        .filter(|id| !silent.contains(id))
        .collect();
    assert!(missing.is_empty(), "no sound stack for {missing:?}");
    for (rule, stack) in sound {
        let findings = synth(&stack).findings;
        assert!(!findings.has_errors(), "{}: {findings:?}", rule.id);
        let quiet = |finding: &Diagnostic| finding.rule != rule || finding.acknowledged.is_some();
        assert!(findings.iter().all(quiet), "{}: {findings:?}", rule.id);
    }
}

/// The path and the id of each rule that the text of a source file declares.
fn declared(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in text.split("\nrules! { ").skip(1) {
        let block = block.split("\n}\n").next().unwrap();
        let (family, rules) = block.split_once(';').unwrap();
        for rule in rules.split("pub const ").skip(1) {
            let name = rule.split(':').next().unwrap();
            let id = rule.split("id: \"").nth(1).unwrap().split('"').next().unwrap();
            found.push((format!("{family}::{name}"), id.to_owned()));
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.extend(declared(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_rule_of_the_sources_is_listed_with_its_path_and_an_id_of_its_own() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let declared: BTreeSet<_> = found.iter().cloned().collect();
    let listed: BTreeSet<_> = rules::all()
        .iter()
        .map(|rule| (rule.path.to_owned(), rule.id.to_owned()))
        .collect();
    assert_eq!(declared, listed);
    let ids: BTreeSet<_> = rules::all().iter().map(|rule| rule.id).collect();
    assert_eq!([found.len(), rules::all().len()], [ids.len(); 2], "an id is used twice");
    for id in ids {
        assert!(id.len() == 6 && id.starts_with("KS-"), "{id}");
    }
}

/// Every rule with everything that is known of it, and what types rule out: a page for reviewers.
fn page() -> String {
    let mut page =
        "# Rules\n\nWhat is found before any YAML exists; `kafka-stacks explain ID` says the same. The weight is \
                    that in production, and in development where it is another there.\n"
            .to_owned();
    let family = |rule: &Rule| rule.id[3..4].to_owned();
    let mut last = String::new();
    for rule in rules::all() {
        if family(rule) != last {
            last = family(rule);
            page += &format!("\n## Family {last}\n");
        }
        let development = if rule.production == rule.development {
            String::new()
        } else {
            format!("; in development {}", rule.development)
        };
        page += &format!(
            "\n**{}** {} ({}{development}). {}\n\nSource: {}.\n",
            rule.id, rule.summary, rule.production, rule.explanation, rule.source
        );
    }
    page +=
        "\n## Ruled out by types\n\nNo rule, because it cannot be written down:\n\n| mistake | because |\n|---|---|\n";
    for (mistake, because) in rules::impossible::ALL {
        page += &format!("| {mistake} | {because} |\n");
    }
    page
}

#[test]
fn the_page_of_rules_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        written == page(),
        "docs/rules.md is not up to date: `INSTA_UPDATE=always cargo test` writes it"
    );
}

/// What comes closest to a broken stack without being one.
#[test]
fn the_nearest_sound_stacks_are_quiet() {
    let mut stack = empty().cluster_domain("example.org");
    let kafka = stack.add(
        dedicated()
            .largest_request(101.mib())
            .config("replica.fetch.max.bytes", 105_906_176),
    );
    stack.add(
        KafkaCluster::kraft("another", Version::V4_3, "T2xkQ2x1c3RlcklkMDAwMQ")
            .pool(NodePool::controllers("c", 3))
            .pool(NodePool::brokers("b", 3)),
    );
    stack.add(SchemaRegistry::new("one", &kafka));
    stack.add(SchemaRegistry::new("two", &kafka).implementation(RegistryImplementation::Apicurio));
    let elsewhere = KafkaCluster::external("k", Version::V4_3, "k-1.example.com:9092, [::1]:9092");
    stack.add(SchemaRegistry::new("three", &elsewhere));
    for name in ["connect", "more"] {
        stack.add(
            Connect::new(name, &kafka)
                .avro(&SchemaRegistry::external(
                    "https://a.example.com,http://b.tools:8081/path",
                ))
                .config("producer.linger.ms", 5)
                .config("producer.sasl.jaas.config", "${env:JAAS}"),
        );
    }
    stack.add(Topics::new("topics", &kafka).topic(orders().largest_batch(101.mib())));
    stack.add(Topics::new("further", &elsewhere).topic(orders()));
    let said: Vec<String> = synth(&stack).findings.iter().map(|f| f.message.clone()).collect();
    assert!(said.is_empty(), "{said:#?}");
}

/// A broken stack, the call that its hint names, and the same stack with that call.
fn mended() -> Vec<(&'static Rule, Stack, &'static str, Stack)> {
    let in_default = |stack: Stack| {
        let mut stack = stack;
        stack.add(dedicated());
        stack
    };
    let fetching = |kafka: KafkaCluster, batch: Bytes| {
        let mut stack = empty();
        let kafka = stack.add(kafka);
        stack.add(Topics::new("topics", &kafka).topic(orders().largest_batch(batch)));
        stack
    };
    let kept = |retention| Topic::new("orders", 1, Cleanup::delete_after(retention));
    let compacted = |brokers, partitions| {
        loaded(
            NodePool::brokers("kafka", brokers),
            Topic::new("orders", partitions, Cleanup::compact()).load(load(1)),
        )
    };
    let stored = |brokers: NodePool| {
        loaded(
            brokers,
            Topic::new("orders", 12, Cleanup::delete_after(1.days())).load(load(1000)),
        )
    };
    vec![
        (
            &rules::stack::INITIAL_NAMESPACE,
            in_default(Stack::new("test", "default")),
            ".existing_namespace()",
            in_default(Stack::new("test", "default").existing_namespace()),
        ),
        (
            &rules::stack::EMPTY,
            empty(),
            "stack.add(KafkaCluster::kraft(…))",
            with(dedicated()),
        ),
        (
            &rules::topic::SEGMENT_AGE,
            topics(kept(1.hours())),
            ".segment_age(…)",
            topics(kept(1.hours()).segment_age(1.hours())),
        ),
        (
            &rules::topic::NOTHING_KEPT,
            topics(kept(0.seconds())),
            "Cleanup::delete_after(…)",
            topics(kept(7.days())),
        ),
        (
            &rules::topic::FETCH_SIZE,
            fetching(dedicated(), 2.mib()),
            ".config(\"replica.fetch.max.bytes\", 2097152)",
            fetching(dedicated().config("replica.fetch.max.bytes", 2_097_152), 2.mib()),
        ),
        (
            &rules::topic::FETCH_SIZE,
            fetching(dedicated(), 3.gib()),
            ".largest_batch(…)",
            fetching(dedicated(), 1.mib()),
        ),
        (
            &rules::capacity::REPLICAS,
            compacted(3, 3000),
            "NodePool::brokers(\"kafka\", 10)",
            compacted(10, 3000),
        ),
        (
            &rules::capacity::REPLICAS,
            compacted(3, 500_000),
            "fewer partitions in `Topic::new(…)`",
            compacted(3, 500),
        ),
        (
            &rules::capacity::RETENTION,
            stored(NodePool::brokers("kafka", 3)),
            ".storage(Storage::persistent(62.gib()))",
            stored(NodePool::brokers("kafka", 3).storage(Storage::persistent(62.gib()))),
        ),
    ]
}

#[test]
fn the_call_in_a_hint_mends_what_was_found() {
    for (rule, broken, call, mended) in mended() {
        let findings = synth(&broken).findings;
        let hints: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.rule == rule)
            .map(|finding| finding.hint.as_str())
            .collect();
        assert!(
            hints.iter().any(|hint| hint.contains(call)),
            "{}: {call} is not in {hints:?}",
            rule.id
        );
        let findings = synth(&mended).findings;
        assert!(!findings.has_errors(), "{}: {call}: {findings:?}", rule.id);
        assert!(
            findings.iter().all(|finding| finding.rule != rule),
            "{}: {call}: {findings:?}",
            rule.id
        );
    }
}

#[test]
fn a_namespace_that_kubernetes_creates_is_not_emitted() {
    for (namespace, emitted) in [("kafka", true), ("default", false), ("kube-system", false)] {
        let mut stack = Stack::new("test", namespace);
        stack.add(dedicated());
        let manifests = synth(&stack).manifests.unwrap();
        let path = format!("namespace-{namespace}.yaml");
        assert_eq!(manifests.get(&path).is_some(), emitted, "{namespace}");
    }
}

#[test]
fn what_is_made_of_an_object_follows_its_amendment() {
    let rendered = |amended: bool| {
        let mut stack = beside(|kafka| Topics::new("topics", kafka).topic(orders()));
        if amended {
            for name in ["kafka", "topics"] {
                stack.amend::<ConfigMap>(name, |map| {
                    map.data.get_or_insert_default().insert("more".into(), "1".into());
                });
            }
        }
        let manifests = synth(&stack).manifests.unwrap();
        let line = |path: &str, start: &str| {
            let text = manifests.get(path).unwrap();
            text.lines().find(|line| line.starts_with(start)).unwrap().to_owned()
        };
        [
            line("kafka/statefulset-kafka.yaml", "        checksum/config: "),
            line("topics/job-topics.yaml", "  name: "),
            line("kafka/statefulset-kafka-controller.yaml", "        checksum/config: "),
        ]
    };
    let (plain, amended) = (rendered(false), rendered(true));
    assert_ne!(plain[0], amended[0]);
    assert_ne!(plain[1], amended[1]);
    assert_eq!(plain[2], amended[2]);
}

#[test]
fn ids_of_zookeeper_mode_end_at_1000() {
    let mut stack = empty();
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    stack.add(KafkaCluster::zookeeper("kafka", &zookeeper).pool(NodePool::brokers("kafka", 3).first_id(998)));
    let found: Vec<&str> = synth(&stack).findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(found, ["KS-K02"]);
}

#[test]
fn every_finding_says_what_is_wrong_where_it_is_and_how_it_is_mended() {
    assert_snapshot!("findings", said(broken()));
}

#[test]
fn what_two_stacks_share_is_found_at_the_second() {
    assert_snapshot!(
        "findings_of_two_stacks",
        said_of(broken_together().into_iter().flat_map(made))
    );
}

#[test]
fn stacks_of_different_kubernetes_clusters_may_write_the_same() {
    for stacks in broken_together() {
        let apart = stacks
            .into_iter()
            .enumerate()
            .map(|(index, stack)| stack.kubernetes_cluster(index.to_string()));
        for (_, synthesis) in made(apart.collect()) {
            assert_eq!(synthesis.findings, Diagnostics::default());
            assert!(synthesis.manifests.is_some());
        }
    }
}

/// Stacks that are sound by themselves and not together.
fn broken_together() -> Vec<Vec<Stack>> {
    let named = |name: &str, namespace: &str| Stack::new(name, namespace).existing_namespace();
    let external = || KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
    let topics = |name: &str, partitions| {
        let mut stack = named(name, name);
        stack.add(Topics::new("topics", &external()).topics([
            Topic::new("orders", partitions, Cleanup::delete_after(1.days())),
            Topic::new(name, 1, Cleanup::delete_after(1.days())),
        ]));
        stack
    };
    vec![
        // The same objects, topics and all.
        ["a", "b"]
            .map(|name| {
                let mut stack = named(name, "kafka");
                let kafka = stack.add(dedicated());
                stack.add(Topics::new("topics", &kafka).topic(orders()));
                stack
            })
            .into(),
        // The Namespace alone.
        ["a", "b"]
            .map(|name| {
                let mut stack = Stack::new(name, "shared");
                stack.add(Clients::new(name, &external()));
                stack
            })
            .into(),
        // One topic, declared in two ways, and in one way.
        vec![topics("a", 3), topics("b", 6)],
        vec![topics("a", 3), topics("b", 3)],
        // Each of three stacks, and a group.
        ["a", "b", "c"]
            .map(|name| {
                let mut stack = named(name, name);
                stack.add(Connect::new("connect", &external()));
                stack
            })
            .into(),
    ]
}

/// What one run makes of these stacks.
fn made(stacks: Vec<Stack>) -> Vec<(Stack, Synthesis)> {
    let mut made = stacks
        .into_iter()
        .map(|stack| {
            let synthesis = synth(&stack);
            (stack, synthesis)
        })
        .collect::<Vec<_>>();
    check_across(&mut made);
    made
}

/// Every finding of these stacks, each by itself, without the numbers of lines in the tests.
pub(crate) fn said(stacks: Vec<Stack>) -> String {
    said_of(stacks.into_iter().flat_map(|stack| made(vec![stack])))
}

fn said_of(made: impl Iterator<Item = (Stack, Synthesis)>) -> String {
    let mut lines = Vec::new();
    for (stack, synthesis) in made {
        for finding in &synthesis.findings {
            let at = finding.location().to_string();
            assert!(at.starts_with("tests/"), "{at}");
            let acknowledged = if finding.acknowledged.is_some() {
                " (acknowledged)"
            } else {
                ""
            };
            lines.push(format!(
                "{}[{}] {}: {}{acknowledged}\n  hint: {}",
                finding.severity,
                finding.rule.id,
                finding.subject(stack.name()),
                finding.message,
                finding.hint
            ));
        }
        // An error and a result exclude each other.
        assert_eq!(synthesis.findings.has_errors(), synthesis.manifests.is_none());
    }
    let said = lines.join("\n");
    let mut parts = said.split("tests/rules.rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |said, part| {
        format!(
            "{said}tests/rules.rs:…{}",
            part.trim_start_matches(|c: char| c.is_ascii_digit())
        )
    })
}

/// Whether a rule judges finished objects, whoever made them: `objects` has the manifests that break it.
pub(crate) fn of_objects(rule: &Rule) -> bool {
    let family = ["KS-A", "KS-I", "KS-P"].iter().any(|start| rule.id.starts_with(start));
    family && rule != &rules::pod::ENSEMBLE
}

/// Whether it takes two stacks to break a rule: `stacks_of_different_kubernetes_clusters_may_write_the_same` has the sound ones.
fn of_two_stacks(rule: &Rule) -> bool {
    [&rules::stack::OBJECT_OF_TWO_STACKS, &rules::stack::TOPIC_OF_TWO_STACKS].contains(&rule)
}

#[test]
fn every_rule_can_be_broken() {
    let broken: BTreeSet<&str> = broken()
        .into_iter()
        .chain(crate::settings::broken())
        .map(|stack| vec![stack])
        .chain(broken_together())
        .flat_map(made)
        .flat_map(|(_, synthesis)| synthesis.findings)
        .map(|finding| finding.rule.id)
        .collect();
    let silent: Vec<&str> = rules::all()
        .iter()
        .filter(|rule| !of_objects(rule))
        .map(|rule| rule.id)
        .filter(|id| !broken.contains(id))
        .collect();
    assert!(silent.is_empty(), "no stack here breaks {silent:?}");
}

#[test]
fn a_sound_stack_has_no_findings() {
    let stack = beside(|kafka| Topics::new("topics", kafka).topic(orders()));
    assert_eq!(synth(&stack).findings, Diagnostics::default());
}

#[test]
fn an_acknowledged_warning_is_kept_with_its_reason() {
    let stack = with(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::combined("kafka", 3))
            .acknowledge(&rules::kraft::COMBINED, "three machines is what there is"),
    );
    let synthesis = synth(&stack);
    let finding = synthesis.findings.iter().next().unwrap();
    assert_eq!(finding.acknowledged.as_deref(), Some("three machines is what there is"));
    assert_eq!(synthesis.findings.count(Severity::Warning), 0);
}

#[test]
fn a_development_stack_may_have_a_single_broker() {
    let mut stack = empty().profile(Profile::Development);
    stack.add(KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::combined("kafka", 1)));
    let findings = synth(&stack).findings;
    assert!(!findings.has_errors());
    assert_eq!(
        findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>(),
        ["KS-D04"]
    );
}
