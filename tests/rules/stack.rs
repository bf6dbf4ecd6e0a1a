//! Names, collisions, amendments, acknowledgements, options of pods, and what other stacks own.

use k8s_openapi::api::core::v1::{ConfigMap, Container, Service};
use kafka_stacks::prelude::*;

use super::{
    beside, brokers,
    case::{A_NAME, Case, Sound, calls, not_a_call},
    cluster_in, dedicated, empty, kraft, orders, platform, pools, raw, with,
};

pub(super) fn broken() -> Vec<Case> {
    let mut broken = of_names_and_calls();
    broken.extend(of_pods());
    broken.extend(of_other_stacks());
    broken
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_names_and_calls() -> Vec<Case> {
    let external = || KafkaCluster::external("k", Version::V4_3, "k:9092");
    let beside_clients = |name: &str| {
        let mut stack = with(dedicated());
        stack.add(Clients::new(name, &external()));
        stack
    };
    let acknowledged = |kafka: KafkaCluster, reason: &str| with(kafka.acknowledge(&rules::kraft::COMBINED, reason));
    let combined = || kraft().pool(NodePool::combined("kafka", 3));
    vec![
        calls(
            "the name of a stack with a capital",
            cluster_in(Stack::new("Test", "kafka")),
            &["choose another name in `Stack::new`"],
            cluster_in(Stack::new("test", "kafka")),
        ),
        calls(
            "a stack without constructs",
            empty(),
            &["stack.add(KafkaCluster::kraft(…))"],
            with(dedicated()),
        ),
        not_a_call(
            "a pool whose name is too long for a StatefulSet",
            brokers(NodePool::brokers("k".repeat(53), 3)),
            A_NAME,
        ),
        not_a_call(
            "the name of a construct with a control character",
            with(Clients::new("clients\n", &external())),
            A_NAME,
        ),
        not_a_call("two constructs with one name", beside_clients("kafka"), A_NAME),
        not_a_call(
            "two objects of two constructs with one name",
            {
                let mut stack = beside_clients("clients");
                stack.amend::<ConfigMap>("clients", |map| map.metadata.name = Some("kafka".into()));
                stack
            },
            A_NAME,
        ),
        not_a_call(
            "two pools of one name render two objects of one name",
            pools(NodePool::controllers("nodes", 3), NodePool::brokers("nodes", 3)),
            A_NAME,
        ),
        not_a_call(
            "an amendment of an object that does not exist",
            {
                let mut stack = with(dedicated());
                stack.amend::<Service>("kafak", |_| {});
                stack
            },
            "the hint lists the names of the stack's objects",
        ),
        not_a_call(
            "amendments that change nothing",
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
            "what the amendment was to change is not known",
        ),
        calls(
            "a namespace that Kubernetes creates",
            cluster_in(Stack::new("test", "default")),
            &[".existing_namespace()"],
            cluster_in(Stack::new("test", "default").existing_namespace()),
        ),
        calls(
            "an acknowledgement of a rule that is not broken",
            acknowledged(dedicated(), "old"),
            &["remove `.acknowledge(…)`"],
            with(dedicated()),
        ),
        calls(
            "an acknowledgement of an error",
            with(
                dedicated()
                    .replication(Replication::new(3, 3))
                    .acknowledge(&rules::durability::MIN_IN_SYNC_IS_FACTOR, "fine"),
            ),
            &[
                "remove `.acknowledge(…)`",
                "`Replication::new(3, 2)` in `.replication(…)`",
            ],
            with(dedicated().replication(Replication::new(3, 2))),
        ),
        calls(
            "an acknowledgement without a reason",
            acknowledged(combined(), " "),
            &["give the reason in `.acknowledge(…)`"],
            acknowledged(combined(), "three machines is what there is"),
        ),
        calls(
            "an acknowledgement given twice",
            with(
                combined()
                    .acknowledge(&rules::kraft::COMBINED, "three machines is what there is")
                    .acknowledge(&rules::kraft::COMBINED, "three machines is what there is"),
            ),
            &["remove `.acknowledge(…)`"],
            acknowledged(combined(), "three machines is what there is"),
        ),
        calls(
            "a handle that was made before the cluster domain was changed",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                let mut stack = stack.cluster_domain("example.org");
                stack.add(Topics::new("topics", &kafka).topic(orders()));
                stack
            },
            &["call `.cluster_domain(…)` before the first `stack.add(…)`"],
            {
                let mut stack = empty().cluster_domain("example.org");
                let kafka = stack.add(dedicated());
                stack.add(Topics::new("topics", &kafka).topic(orders()));
                stack
            },
        ),
        calls(
            "a zone without a name",
            pools(NodePool::controllers("c", 3).zone(""), NodePool::brokers("b", 3)),
            &["give `.zone(…)` the value of the machines' label `topology.kubernetes.io/zone`"],
            pools(NodePool::controllers("c", 3).zone("eu-1a"), NodePool::brokers("b", 3)),
        ),
        calls(
            "a password in a setting of workers, and of an application",
            passwords("org…PlainLoginModule required password=\"x\";", |connect| connect),
            &[
                "set NAME from a Secret with `.env_from_secret(…)`",
                "set NAME from a Secret in the application's pods",
            ],
            passwords("${env:JAAS}", |connect| {
                connect.env_from_secret("JAAS", "kafka", "jaas")
            }),
        ),
        not_a_call(
            "a setting given twice and one without a name",
            beside(|kafka| {
                Connect::new("connect", kafka)
                    .config("producer.linger.ms", 5)
                    .config("producer.linger.ms", 6)
                    .config("", 1)
            }),
            "which raw setting is meant is the author's choice",
        ),
    ]
}

/// Workers and a consumer with a password, as a raw setting.
fn passwords(value: &str, workers: impl FnOnce(Connect) -> Connect) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    stack.add(workers(
        Connect::new("connect", &kafka).config("producer.sasl.jaas.config", value),
    ));
    let consumer = Consumer::read_committed("a").config("sasl.jaas.config", value);
    stack.add(Clients::new("clients", &kafka).consumer(consumer));
    stack
}

fn of_pods() -> Vec<Case> {
    let with_sidecar = |mut stack: Stack, sidecar: bool| {
        let kafka = stack.add(dedicated());
        let topics = Topics::new("topics", &kafka).topic(orders());
        let proxy = Container {
            name: "proxy".to_owned(),
            image: Some("a/b:1".to_owned()),
            ..Container::default()
        };
        stack.add(if sidecar { topics.sidecar(proxy) } else { topics });
        stack
    };
    vec![
        calls(
            "a JVM option that is two, and one for the heap",
            with(dedicated().jvm_options(["-Xmx1g", "-XX:+UseZGC -Dx=1"])),
            &[
                "the heap follows from the memory in `.resources(…)`",
                "give `.jvm_options(…)` one option for each item",
            ],
            with(dedicated().jvm_options(["-XX:+UseZGC", "-Dx=1"])),
        ),
        calls(
            "JVM options with a variable, with another name of the heap's size, and for two collectors",
            with(dedicated().jvm_options([
                "-Dx=$(PASSWORD)",
                "-XX:MaxHeapSize=1g",
                "-XX:+UseZGC",
                "-XX:+UseParallelGC",
            ])),
            &[
                "give `.jvm_options(…)` one option for each item",
                "the heap follows from the memory in `.resources(…)`",
                "keep one collector in `.jvm_options(…)`",
            ],
            with(dedicated().jvm_options(["-XX:+UseZGC"])),
        ),
        calls(
            "a logger without a name",
            with(dedicated().log_level("", LogLevel::Warn)),
            &["name a class or package in `.log_level(…)`"],
            with(dedicated().log_level("org.apache.kafka.clients", LogLevel::Warn)),
        ),
        not_a_call(
            "a release of Kubernetes whose first patch releases do not finish a rolling update",
            cluster_in(empty().kubernetes(Kubernetes::V1_35)),
            "which patch release the cluster runs is known to its operators",
        ),
        calls(
            "a sidecar of a Job in a release of Kubernetes without sidecars",
            with_sidecar(empty(), true),
            &[".kubernetes(Kubernetes::V1_29)"],
            with_sidecar(empty().kubernetes(Kubernetes::V1_29), true),
        ),
        calls(
            "a sidecar of a Job, to be removed",
            with_sidecar(empty(), true),
            &["remove `.sidecar(…)`"],
            with_sidecar(empty(), false),
        ),
    ]
}

fn of_other_stacks() -> Vec<Case> {
    let mut other = Stack::new("other", "elsewhere");
    let kafka = other.add(dedicated());
    let connect = other.add(Connect::new("connect", &kafka));
    let registry = other.add(SchemaRegistry::new("registry", &kafka));
    let zookeeper = other.add(ZooKeeper::new("zookeeper", 3));
    let external = KafkaCluster::external("kafka", Version::V4_3, "kafka.elsewhere.svc.cluster.local:9092");
    let external_registry = SchemaRegistry::external("http://registry.elsewhere.svc.cluster.local:8081");
    let monitoring = |kafka: &KafkaHandle| Monitoring::new("monitoring", kafka).brokers(3);
    vec![
        calls(
            "the cluster of another stack",
            with(Monitoring::new("monitoring", &kafka)),
            &["KafkaCluster::external(\"kafka\", …, \"kafka.elsewhere.svc.cluster.local:9092\")"],
            with(monitoring(&external)),
        ),
        calls(
            "the workers of another stack",
            with(monitoring(&external).watch(&connect)),
            &["add the `Connect` to this stack"],
            {
                let mut stack = empty();
                let connect = stack.add(Connect::new("connect", &external));
                stack.add(monitoring(&external).watch(&connect));
                stack
            },
        ),
        calls(
            "the registry of another stack",
            with(Connect::new("connect", &external).avro(&registry)),
            &["SchemaRegistry::external(\"http://registry.elsewhere.svc.cluster.local:8081\")"],
            with(Connect::new("connect", &external).avro(&external_registry)),
        ),
        calls(
            "the registry of another stack, monitored",
            with(monitoring(&external).watch(&registry)),
            &["add the `SchemaRegistry` to this stack"],
            {
                let mut stack = empty();
                let registry = stack.add(SchemaRegistry::new("registry", &external));
                stack.add(monitoring(&external).watch(&registry));
                stack
            },
        ),
        {
            let old = |zookeeper: &ZooKeeperHandle| {
                KafkaCluster::zookeeper("old", zookeeper)
                    .pool(NodePool::brokers("old", 3))
                    .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "not what is tested")
            };
            calls(
                "the ZooKeeper of another stack",
                with(old(&zookeeper)),
                &["add the `ZooKeeper` to this stack"],
                {
                    let mut stack = empty();
                    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
                    stack.add(old(&zookeeper));
                    stack
                },
            )
        },
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::stack;
    let amended = || {
        let mut stack = with(dedicated());
        stack.amend::<Service>("kafka", |service| {
            service.metadata.annotations = Some([("team".into(), "streams".into())].into());
        });
        stack
    };
    let acknowledged = || {
        with(
            kraft()
                .pool(NodePool::combined("kafka", 3))
                .acknowledge(&rules::kraft::COMBINED, "three machines is what there is"),
        )
    };
    vec![
        (&stack::NAME, brokers(NodePool::brokers("k".repeat(52), 3))),
        (&stack::CONSTRUCT_TWICE, platform()),
        (&stack::OBJECT_TWICE, brokers(NodePool::brokers("b", 3))),
        (&stack::AMENDMENT, amended()),
        (&stack::ACKNOWLEDGED_NOTHING, acknowledged()),
        (&stack::ACKNOWLEDGED_ERROR, acknowledged()),
        (&stack::OTHER_STACK, platform()),
        (
            &stack::SECRET,
            with(
                dedicated()
                    .env_from_secret("PASSWORD", "tls", "password")
                    .config("ssl.key.password", "${env:PASSWORD}"),
            ),
        ),
        (&stack::RAW_SETTING, raw("num.replica.fetchers", "2")),
        (&stack::ACKNOWLEDGED_WITHOUT_REASON, acknowledged()),
        (&stack::AMENDMENT_WITHOUT_EFFECT, amended()),
        (&stack::INITIAL_NAMESPACE, {
            let mut stack = Stack::new("test", "default").existing_namespace();
            stack.add(dedicated());
            stack
        }),
        (&stack::EMPTY, with(dedicated())),
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
    ]
}
