//! For each rule, the stack without fault that is nearest to a broken one.

use k8s_openapi::api::core::v1::{Container, Service};
use kafka_stacks::prelude::*;

use super::{ID, alert, asks, beside, carried, dedicated, empty, load, loaded, orders, topics, watched, with, zones};

/// The nearest stack without fault to each rule's broken one.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn sound() -> Vec<(&'static Rule, Stack)> {
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
