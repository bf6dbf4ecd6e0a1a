//! The cases: for each rule a stack that breaks it, and the same stack with the calls that the hints name.

use k8s_openapi::api::core::v1::{ConfigMap, Container, Service};
use kafka_stacks::prelude::*;

use super::{ID, alert, asks, beside, dedicated, empty, load, loaded, orders, topics, watched, with, zones};

/// A stack that breaks rules.
pub(super) struct Case {
    /// What is wrong with the stack.
    pub title: &'static str,
    pub broken: Stack,
    pub mend: Mend,
}

/// How what was found is mended.
pub(super) enum Mend {
    /// By these calls, each as a hint writes it: the same stack with them.
    Calls(&'static [&'static str], Box<Stack>),
    /// By something that a hint cannot name as a call, for this reason.
    NotACall(&'static str),
}

fn calls(title: &'static str, broken: Stack, calls: &'static [&'static str], mended: Stack) -> Case {
    let mend = Mend::Calls(calls, Box::new(mended));
    Case { title, broken, mend }
}

fn not_a_call(title: &'static str, broken: Stack, reason: &'static str) -> Case {
    let mend = Mend::NotACall(reason);
    Case { title, broken, mend }
}

const A_NAME: &str = "a name is the author's choice";
const AN_EXPRESSION: &str = "the mistake is in the text of an expression or of an annotation";

pub(super) fn cases() -> Vec<Case> {
    [
        of_the_stack(),
        of_pods(),
        of_the_cluster(),
        of_durability(),
        of_topics(),
        of_capacity(),
        of_clients(),
        of_registry_and_connect(),
        of_other_stacks(),
        of_monitoring(),
        of_alerts(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn kraft() -> KafkaCluster {
    KafkaCluster::kraft("kafka", Version::V4_3, ID)
}

fn pools(controllers: NodePool, brokers: NodePool) -> Stack {
    with(kraft().pool(controllers).pool(brokers))
}

fn brokers(pool: NodePool) -> Stack {
    pools(NodePool::controllers("c", 3), pool)
}

/// A cluster, and something built from its handle.
fn of<C: Construct>(kafka: KafkaCluster, build: impl FnOnce(&KafkaHandle) -> C) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(kafka);
    stack.add(build(&kafka));
    stack
}

/// A sound cluster in this stack.
fn cluster_in(mut stack: Stack) -> Stack {
    stack.add(dedicated());
    stack
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_the_stack() -> Vec<Case> {
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
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_pods() -> Vec<Case> {
    let fixed = |memory| Resources::fixed(1.cores(), memory);
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
            "less memory than controllers and brokers need to start",
            pools(
                NodePool::controllers("c", 3).resources(fixed(160.mib())),
                NodePool::brokers("a", 3).resources(fixed(10.mib())),
            ),
            &["raise the memory in `.resources(…)`"],
            pools(
                NodePool::controllers("c", 3).resources(fixed(176.mib())),
                NodePool::brokers("a", 3).resources(fixed(384.mib())),
            ),
        ),
        calls(
            "less heap than a broker needs to start",
            brokers(NodePool::brokers("b", 3).heap(176.mib())),
            &["remove `.heap(…)`"],
            brokers(NodePool::brokers("b", 3)),
        ),
        calls(
            "less memory than a ZooKeeper server needs to start",
            with(ZooKeeper::new("zookeeper", 3).resources(fixed(64.mib()))),
            &["raise the memory in `.resources(…)`"],
            with(ZooKeeper::new("zookeeper", 3).resources(fixed(80.mib()))),
        ),
        calls(
            "less memory than a Connect worker needs to start",
            beside(|kafka| Connect::new("connect", kafka).resources(fixed(64.mib()))),
            &["raise the memory in `.resources(…)`"],
            beside(|kafka| Connect::new("connect", kafka).resources(fixed(320.mib()))),
        ),
        {
            let apicurio = |memory: Bytes| {
                beside(|kafka| {
                    SchemaRegistry::new("registry", kafka)
                        .implementation(RegistryImplementation::Apicurio)
                        .resources(fixed(memory))
                })
            };
            calls(
                "less memory than a registry needs to start",
                apicurio(352.mib()),
                &["raise the memory in `.resources(…)`"],
                apicurio(368.mib()),
            )
        },
        calls(
            "a heap that leaves no memory for the rest of the JVM",
            pools(NodePool::controllers("c", 3).heap(2.gib()), NodePool::brokers("b", 3)),
            &["lower `.heap(…)`"],
            pools(
                NodePool::controllers("c", 3).heap(1536.mib()),
                NodePool::brokers("b", 3),
            ),
        ),
        calls(
            "requests above the limits, and a heap that takes the memory of the page cache",
            brokers(
                NodePool::brokers("b", 3)
                    .heap(7.gib())
                    .resources(Resources::range(2.cores()..=1.cores(), 16.gib()..=12.gib())),
            ),
            &[
                "raise the limit or lower the request in `.resources(…)`",
                "remove `.heap(…)`",
            ],
            brokers(NodePool::brokers("b", 3).resources(Resources::range(1.cores()..=1.cores(), 12.gib()..=12.gib()))),
        ),
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
        calls(
            "a ZooKeeper ensemble of two",
            with(ZooKeeper::new("zookeeper", 2)),
            &["ZooKeeper::new(…, 3)"],
            with(ZooKeeper::new("zookeeper", 3)),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_the_cluster() -> Vec<Case> {
    let combined = |replicas| with(kraft().pool(NodePool::combined("kafka", replicas)));
    let split = |replicas| {
        pools(
            NodePool::controllers("kafka-controller", 3),
            NodePool::brokers("kafka", replicas),
        )
    };
    let in_zookeeper_mode = |pool: NodePool| {
        let mut stack = empty();
        let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
        stack.add(
            KafkaCluster::zookeeper("kafka", &zookeeper)
                .pool(pool)
                .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "moves in March"),
        );
        stack
    };
    let id = |id: &str| {
        with(
            KafkaCluster::kraft("kafka", Version::V4_3, id)
                .pool(NodePool::controllers("c", 3))
                .pool(NodePool::brokers("b", 3)),
        )
    };
    vec![
        calls(
            "a cluster that keeps its metadata in ZooKeeper",
            {
                let mut stack = empty();
                let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
                stack.add(KafkaCluster::zookeeper("kafka", &zookeeper).pool(NodePool::brokers("kafka", 3)));
                stack
            },
            &["use `KafkaCluster::kraft(…)`"],
            split(3),
        ),
        calls(
            "controllers of a cluster that uses ZooKeeper",
            in_zookeeper_mode(NodePool::combined("kafka", 3)),
            &["make it `NodePool::brokers(…)`"],
            in_zookeeper_mode(NodePool::brokers("kafka", 3)),
        ),
        calls(
            "an id that brokers of ZooKeeper mode cannot have",
            in_zookeeper_mode(NodePool::brokers("kafka", 3).first_id(999)),
            &["lower `.first_id(…)`"],
            in_zookeeper_mode(NodePool::brokers("kafka", 3).first_id(998)),
        ),
        calls(
            "a cluster without pools",
            with(kraft()),
            &[
                "add `.pool(NodePool::combined(…, 3))` or `.pool(NodePool::brokers(…, 3))`",
                "add `.pool(NodePool::controllers(…, 3))`",
                "`Replication::new(3, 2)` in `.replication(…)`, with three brokers or more",
            ],
            split(3),
        ),
        not_a_call(
            "a pool without nodes",
            with(dedicated().pool(NodePool::brokers("more", 0).first_id(10))),
            "how many nodes the pool is to have is the author's choice",
        ),
        calls(
            "a quorum of two combined nodes",
            combined(2),
            &[
                "`NodePool::controllers(\"kafka-controller\", 3)` and `NodePool::brokers(\"kafka\", 3)`",
                "NodePool::controllers(…, 3)",
                "with three brokers or more",
            ],
            split(3),
        ),
        calls(
            "an even number of controllers",
            pools(NodePool::controllers("c", 4), NodePool::brokers("b", 3)),
            &["NodePool::controllers(…, 3)"],
            brokers(NodePool::brokers("b", 3)),
        ),
        calls(
            "combined nodes",
            combined(3),
            &["`NodePool::controllers(\"kafka-controller\", 3)` and `NodePool::brokers(\"kafka\", 3)`"],
            split(3),
        ),
        calls(
            "an id of a cluster with three characters",
            id("abc"),
            &["pass it to `KafkaCluster::kraft`"],
            id(ID),
        ),
        calls(
            "a node id of two pools",
            pools(NodePool::controllers("c", 3).first_id(2), NodePool::brokers("b", 3)),
            &[".first_id(100)"],
            pools(
                NodePool::controllers("c", 3).first_id(2),
                NodePool::brokers("b", 3).first_id(100),
            ),
        ),
        calls(
            "listeners with names and ports that are taken or not allowed",
            with(
                dedicated()
                    .listener(Listener::plaintext("client", 9092))
                    .listener(Listener::plaintext("CONTROLLER", 9095))
                    .listener(Listener::plaintext("EXTRA", 9093)),
            ),
            &["choose another name or port in `Listener::plaintext(…)`"],
            with(
                dedicated()
                    .listener(Listener::plaintext("CLIENT", 9094))
                    .listener(Listener::plaintext("OTHER", 9095))
                    .listener(Listener::plaintext("EXTRA", 9096)),
            ),
        ),
        calls(
            "raw settings that the cluster sets itself, or that lose records",
            with(
                dedicated()
                    .config("node.id", 7)
                    .config("unclean.leader.election.enable", true)
                    .config("auto.create.topics.enable", true),
            ),
            &[
                "remove `.config(\"node.id\", …)`",
                "remove `.config(\"unclean.leader.election.enable\", …)`",
                "remove `.config(\"auto.create.topics.enable\", …)`",
            ],
            with(dedicated()),
        ),
        calls(
            "images of another release",
            with(dedicated().images(ImageSet::confluent(Version::V3_9))),
            &["give `.images(…)` the cluster's own version"],
            with(dedicated().images(ImageSet::confluent(Version::V4_3))),
        ),
        calls(
            "an image without a JVM",
            with(dedicated().images(ImageSet::apache(Version::V4_3).kafka_image("apache/kafka-native:4.3.1"))),
            &["use `.images(ImageSet::apache(…))`"],
            with(dedicated().images(ImageSet::apache(Version::V4_3))),
        ),
        calls(
            "a zone without a name",
            pools(NodePool::controllers("c", 3).zone(""), NodePool::brokers("b", 3)),
            &["give `.zone(…)` the value of the machines' label `topology.kubernetes.io/zone`"],
            pools(NodePool::controllers("c", 3).zone("eu-1a"), NodePool::brokers("b", 3)),
        ),
    ]
}

fn of_durability() -> Vec<Case> {
    let replicated = |factor, min| with(dedicated().replication(Replication::new(factor, min)));
    let zoned = |b: NodePool| {
        with(
            kraft()
                .pool(NodePool::controllers("c", 3))
                .pool(NodePool::brokers("a", 3).zone("a"))
                .pool(b.first_id(10)),
        )
    };
    vec![
        calls(
            "unclean leader election, in other letters",
            with(dedicated().config("unclean.leader.election.enable", " TRUE ")),
            &["remove `.config(\"unclean.leader.election.enable\", …)`"],
            with(dedicated()),
        ),
        calls(
            "a replication factor above the number of brokers",
            replicated(5, 3),
            &["lower it in `.replication(…)` to at most 3"],
            replicated(3, 2),
        ),
        calls(
            "min.insync.replicas above the replication factor",
            replicated(3, 4),
            &["`Replication::new(3, 2)` in `.replication(…)`"],
            replicated(3, 2),
        ),
        calls(
            "min.insync.replicas of 1",
            replicated(3, 1),
            &["`Replication::new(3, 2)` in `.replication(…)`"],
            replicated(3, 2),
        ),
        {
            let external = |replication| {
                let kafka = KafkaCluster::external("k", Version::V4_3, "k-1.example.com:9092");
                with(Topics::new("topics", &kafka.with_replication(replication)).topic(orders()))
            };
            calls(
                "min.insync.replicas of an external cluster above its replication factor",
                external(Replication::new(2, 3)),
                &["`Replication::new(3, 2)` in `.with_replication(…)`"],
                external(Replication::new(3, 2)),
            )
        },
        calls(
            "a replication factor of 0",
            topics(orders().replication(Replication::new(0, 1))),
            &["`Replication::new(3, 2)` in `Topic::replication(…)`"],
            topics(orders().replication(Replication::new(3, 2))),
        ),
        calls(
            "zones of different sizes",
            zoned(NodePool::brokers("b", 1).zone("b")),
            &["and each zone the same number of brokers"],
            zoned(NodePool::brokers("b", 3).zone("b")),
        ),
        calls(
            "brokers without a zone beside brokers with one",
            zoned(NodePool::brokers("b", 3)),
            &["give every pool of brokers a `.zone(…)`"],
            zoned(NodePool::brokers("b", 3).zone("b")),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_topics() -> Vec<Case> {
    let named = |name: &str, partitions| topics(Topic::new(name, partitions, Cleanup::compact()));
    let several = |names: &[&str]| {
        let made: Vec<Topic> = names
            .iter()
            .map(|name| Topic::new(*name, 1, Cleanup::compact()))
            .collect();
        beside(|kafka| Topics::new("topics", kafka).topics(made))
    };
    let kept = |retention| Topic::new("orders", 1, Cleanup::delete_after(retention));
    let tiered = || Topic::new("tiered", 1, Cleanup::compact());
    let fetching = |kafka: KafkaCluster, batch: Bytes| {
        of(kafka, |kafka| {
            Topics::new("topics", kafka).topic(orders().largest_batch(batch))
        })
    };
    vec![
        calls(
            "no topic",
            beside(|kafka| Topics::new("topics", kafka)),
            &["add `.topic(Topic::new(…))`"],
            topics(orders()),
        ),
        calls(
            "a character that names of topics cannot have",
            named("a/b", 1),
            &["choose another name in `Topic::new`"],
            named("a.b", 1),
        ),
        calls(
            "a topic without partitions",
            named("orders", 0),
            &["give `Topic::new` another number"],
            named("orders", 1),
        ),
        calls(
            "a name like those of Kafka's internal topics",
            named("__mine", 1),
            &["choose another name in `Topic::new`"],
            named("mine", 1),
        ),
        not_a_call(
            "two topics whose metrics have one name",
            several(&["a.b", "a_b"]),
            A_NAME,
        ),
        not_a_call("a topic declared twice", several(&["a.b", "a.b"]), A_NAME),
        not_a_call(
            "settings of a topic that Kafka does not have",
            topics(orders().config("a=b", 1).config("remote", "ü")),
            "the hint is the name of the setting, or about characters of the value",
        ),
        calls(
            "raw settings of a topic that a call makes",
            topics(orders().config("retention.ms", 1).config("partitions", 3)),
            &[
                "remove `.config(\"retention.ms\", …)`",
                "remove `.config(\"partitions\", …)`",
            ],
            topics(orders()),
        ),
        calls(
            "a compacted topic with tiered storage",
            topics(tiered().config("remote.storage.enable", true)),
            &["remove `.config(\"remote.storage.enable\", …)`"],
            topics(tiered()),
        ),
        calls(
            "a batch that does not fit into a segment",
            topics(orders().segment_size(1.mib()).largest_batch(2.mib())),
            &[
                "lower `.largest_batch(…)`",
                ".config(\"replica.fetch.max.bytes\", 2097152)",
            ],
            topics(orders().segment_size(1.mib()).largest_batch(1.mib())),
        ),
        calls(
            "a segment that is too small for Kafka",
            topics(orders().segment_size(1.kib()).largest_batch(1.kib())),
            &["change it in `.segment_size(…)`"],
            topics(orders().segment_size(1.mib()).largest_batch(1.kib())),
        ),
        not_a_call(
            "a minimum lag of compaction above the maximum",
            topics(
                orders()
                    .config("min.compaction.lag.ms", 2)
                    .config("max.compaction.lag.ms", 1),
            ),
            "which of the two raw settings is wrong is not known",
        ),
        calls(
            "records that outlive their retention in an open segment",
            topics(kept(1.hours())),
            &["use `.segment_age(…)` with 1h or less"],
            topics(kept(1.hours()).segment_age(1.hours())),
        ),
        calls(
            "a retention of 0",
            topics(kept(0.seconds())),
            &["Cleanup::delete_after(…)"],
            topics(kept(7.days())),
        ),
        calls(
            "batches larger than what followers fetch at a time",
            fetching(dedicated(), 2.mib()),
            &[".config(\"replica.fetch.max.bytes\", 2097152)"],
            fetching(dedicated().config("replica.fetch.max.bytes", 2_097_152), 2.mib()),
        ),
        calls(
            "batches larger than followers can fetch",
            fetching(dedicated(), 3.gib()),
            &[".largest_batch(…)"],
            fetching(dedicated(), 1.mib()),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_capacity() -> Vec<Case> {
    let plain = || NodePool::brokers("kafka", 3);
    let kept = |retention| Topic::new("orders", 12, Cleanup::delete_after(retention)).load(load(1000));
    let compacted = |brokers, partitions: u32| {
        loaded(
            NodePool::brokers("kafka", brokers).storage(Storage::persistent(16.tib())),
            Topic::new("orders", partitions, Cleanup::compact()).load(load(1)),
        )
    };
    let many = |partitions: u32| {
        let topic = |name: &&str| Topic::new(*name, partitions, Cleanup::compact());
        let pool = plain().storage(Storage::persistent(16.tib()));
        of(kraft().pool(NodePool::controllers("c", 3)).pool(pool), |kafka| {
            Topics::new("topics", kafka).topics(["a", "b", "c", "d"].iter().map(topic))
        })
    };
    let fast = |brokers: NodePool| {
        loaded(
            brokers.storage(Storage::persistent(16.tib())),
            Topic::new("orders", 36, Cleanup::delete_after(2.hours()))
                .segment_age(2.hours())
                .load(load(1_000_000)),
        )
    };
    vec![
        calls(
            "retention that needs larger volumes",
            loaded(plain(), kept(1.days())),
            &[".storage(Storage::persistent(62.gib()))"],
            loaded(plain().storage(Storage::persistent(62.gib())), kept(1.days())),
        ),
        calls(
            "retention that needs more brokers",
            loaded(plain(), kept(1.days())),
            &["`NodePool::brokers(\"kafka\", 12)`"],
            loaded(NodePool::brokers("kafka", 12), kept(1.days())),
        ),
        calls(
            "retention that is too long",
            loaded(plain(), kept(1.days())),
            &["Cleanup::delete_after(2.hours())"],
            loaded(plain(), kept(2.hours())),
        ),
        calls(
            "a load above what disks, processors and the page cache can carry",
            fast(plain()),
            &[
                "`NodePool::brokers(\"kafka\", 16)`",
                "33.cores()",
                "`NodePool::brokers(\"kafka\", 22)`",
            ],
            fast(NodePool::brokers("kafka", 22).resources(Resources::fixed(33.cores(), 8.gib()))),
        ),
        calls(
            "records that are never deleted",
            loaded(
                plain().storage(Storage::persistent(1.tib())),
                Topic::new("orders", 12, Cleanup::keep()).load(load(1000)),
            ),
            &["use `Cleanup::delete_after(…)`"],
            loaded(plain().storage(Storage::persistent(1.tib())), kept(2.hours())),
        ),
        calls(
            "more partition replicas than a broker should have, mended by brokers",
            compacted(3, 3000),
            &["`NodePool::brokers(\"kafka\", 10)`"],
            compacted(10, 3000),
        ),
        calls(
            "more partition replicas than brokers can be added for",
            many(99_999),
            &[
                "fewer partitions in `Topic::new(…)`",
                "`.segment_size(…)` of the topics",
            ],
            many(80),
        ),
        {
            let segments = |size: Bytes| {
                loaded(
                    plain().storage(Storage::persistent(16.tib())),
                    Topic::new("orders", 500, Cleanup::delete_after(20.gib()))
                        .segment_size(size)
                        .load(load(1)),
                )
            };
            calls(
                "more segments than a node can map",
                segments(256.mib()),
                &["`.segment_size(…)` of the topics"],
                segments(1.gib()),
            )
        },
        {
            let empty_load = |records| loaded(plain(), orders().load(load(records)));
            calls(
                "a load of 0",
                empty_load(0),
                &["use a rate and a size above 0 in `Load::new(…)`"],
                empty_load(1),
            )
        },
        {
            let measured = |pool: NodePool, load: Load| {
                of(
                    kraft().pool(NodePool::controllers("c", 3)).pool(pool).load(load),
                    |kafka| Topics::new("topics", kafka).topic(orders().segment_age(1.days()).load(super::load(1))),
                )
            };
            let elsewhere = || Load::new(1.records_per_second(), 1.bytes());
            calls(
                "a load without the figures that it is compared with",
                measured(plain(), elsewhere()),
                &[
                    "add `.disk_throughput(125.mebibytes_per_second())`, `.network(10.gigabits_per_second())`, `.cpu_class(CpuClass::MSK_EXPRESS_M7G)`",
                    "add `Load::consumer_groups(…)`",
                ],
                measured(
                    plain()
                        .disk_throughput(125.mebibytes_per_second())
                        .network(10.gigabits_per_second())
                        .cpu_class(CpuClass::MSK_EXPRESS_M7G),
                    elsewhere().consumer_groups(1),
                ),
            )
        },
        calls(
            "zones whose number has a common factor with the number of their brokers",
            zones(3),
            &["4 brokers in each zone"],
            zones(4),
        ),
    ]
}

fn of_clients() -> Vec<Case> {
    let producer = |producer: Producer| beside(|kafka| Clients::new("clients", kafka).producer(producer));
    let consumer = |consumer: Consumer| beside(|kafka| Clients::new("clients", kafka).consumer(consumer));
    vec![
        calls(
            "a delivery timeout below that of a request",
            producer(Producer::idempotent("a").delivery_timeout(1.seconds())),
            &["raise `.delivery_timeout(…)` to 30005 ms or more"],
            producer(Producer::idempotent("a").delivery_timeout(30_005.milliseconds())),
        ),
        calls(
            "a session timeout that brokers do not allow",
            consumer(Consumer::read_committed("a").session_timeout(1.hours())),
            &["`.session_timeout(…)`"],
            consumer(Consumer::read_committed("a").session_timeout(1.minutes())),
        ),
        calls(
            "raw settings of clients that their kind makes",
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a").config("acks", 1))
                    .consumer(Consumer::read_committed("b").config("isolation.level", "read_uncommitted"))
            }),
            &[
                "remove `.config(\"acks\", …)`",
                "remove `.config(\"isolation.level\", …)`",
            ],
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a"))
                    .consumer(Consumer::read_committed("b"))
            }),
        ),
        not_a_call(
            "two clients with one name",
            beside(|kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::idempotent("a"))
                    .consumer(Consumer::read_committed("a"))
            }),
            A_NAME,
        ),
        not_a_call(
            "a transaction timeout above what brokers allow",
            of(dedicated().config("transaction.max.timeout.ms", 60_000), |kafka| {
                Clients::new("clients", kafka)
                    .producer(Producer::transactional("p", "p").config("transaction.timeout.ms", 60_001))
            }),
            "which of the two raw settings is wrong is not known",
        ),
        {
            let external = |servers: &str| {
                with(Topics::new("topics", &KafkaCluster::external("k", Version::V4_3, servers)).topic(orders()))
            };
            calls(
                "a bootstrap server without a port",
                external("k-1:9092, k-2 ,[::1]:9092"),
                &["give `KafkaCluster::external` a list, as `kafka-1.example.com:9092,kafka-2.example.com:9092`"],
                external("kafka-1.example.com:9092,kafka-2.example.com:9092"),
            )
        },
    ]
}

fn of_registry_and_connect() -> Vec<Case> {
    let connect = |change: fn(Connect) -> Connect| beside(|kafka| change(Connect::new("connect", kafka)));
    let registry =
        |change: fn(SchemaRegistry) -> SchemaRegistry| beside(|kafka| change(SchemaRegistry::new("registry", kafka)));
    let avro = |avro: bool| {
        let mut stack = empty();
        let kafka = stack.add(dedicated().images(ImageSet::apache(Version::V4_3)));
        let registry = stack.add(SchemaRegistry::new("registry", &kafka));
        let connect = Connect::new("connect", &kafka);
        stack.add(if avro { connect.avro(&registry) } else { connect });
        stack
    };
    vec![
        calls(
            "a registry without instances",
            registry(|registry| registry.replicas(0)),
            &[".replicas(2)"],
            registry(|registry| registry.replicas(2)),
        ),
        calls(
            "a raw setting that the registry makes",
            registry(|registry| registry.config("host.name", "x")),
            &["remove `.config(\"host.name\", …)`"],
            registry(|registry| registry),
        ),
        calls(
            "two registries of one cluster",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                stack.add(SchemaRegistry::new("one", &kafka));
                stack.add(SchemaRegistry::new("two", &kafka));
                stack
            },
            &["remove one of the two"],
            beside(|kafka| SchemaRegistry::new("one", kafka)),
        ),
        calls(
            "Avro converters of an image that has none",
            avro(true),
            &["remove `.avro(…)`"],
            avro(false),
        ),
        calls(
            "a Connect cluster without workers",
            connect(|connect| connect.replicas(0)),
            &[".replicas(2)"],
            connect(|connect| connect.replicas(2)),
        ),
        calls(
            "a Connect group without a name, and internal topics with a space",
            connect(|connect| connect.group(" ").internal_topics("a b")),
            &[
                "name it in `.group(…)`",
                "choose another prefix in `.internal_topics(…)`",
            ],
            connect(|connect| connect.group("a").internal_topics("b")),
        ),
        calls(
            "a raw setting that Connect makes",
            connect(|connect| connect.config("group.id", "x")),
            &["remove `.config(\"group.id\", …)`"],
            connect(|connect| connect),
        ),
        calls(
            "a raw setting that a call makes too",
            connect(|connect| connect.max_poll_records(10).config("consumer.max.poll.records", 20)),
            &["remove `.config(\"consumer.max.poll.records\", …)`"],
            connect(|connect| connect.max_poll_records(10)),
        ),
        calls(
            "an address of a registry without a scheme",
            connect(|connect| connect.avro(&SchemaRegistry::external("schemas.example.com"))),
            &["give `SchemaRegistry::external` a URL, as `https://schemas.example.com`"],
            connect(|connect| connect.avro(&SchemaRegistry::external("https://schemas.example.com"))),
        ),
        not_a_call(
            "a password in a setting, a setting given twice and one without a name",
            connect(|connect| {
                connect
                    .config(
                        "producer.sasl.jaas.config",
                        "org…PlainLoginModule required password=\"x\";",
                    )
                    .config("producer.linger.ms", 5)
                    .config("producer.linger.ms", 6)
                    .config("", 1)
            }),
            "which raw setting is meant is the author's choice",
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
        not_a_call(
            "a cluster, groups and topics that two constructs claim",
            {
                let mut stack = empty();
                let kafka = stack.add(dedicated());
                stack.add(
                    KafkaCluster::kraft("again", Version::V4_3, ID)
                        .pool(NodePool::controllers("c", 3))
                        .pool(NodePool::brokers("b", 3)),
                );
                stack.add(SchemaRegistry::new("one", &kafka));
                stack.add(Connect::new("connect", &kafka).group("one"));
                stack.add(Connect::new("more", &kafka).internal_topics("connect"));
                stack.add(
                    Topics::new("topics", &kafka)
                        .topics(["_schemas", "orders"].map(|name| Topic::new(name, 1, Cleanup::compact()))),
                );
                stack.add(Topics::new("further", &kafka).topic(orders()));
                stack
            },
            A_NAME,
        ),
    ]
}

fn of_monitoring() -> Vec<Case> {
    let monitoring =
        |change: fn(Monitoring) -> Monitoring| beside(|kafka| change(Monitoring::new("monitoring", kafka)));
    let images = |images: ImageSet| of(dedicated().images(images), |kafka| Monitoring::new("monitoring", kafka));
    vec![
        calls(
            "images without the metrics agent",
            images(ImageSet::apache(Version::V4_3)),
            &[".images(ImageSet::confluent(…))"],
            images(ImageSet::confluent(Version::V4_3)),
        ),
        calls(
            "a threshold that a volume cannot exceed",
            monitoring(|monitoring| monitoring.disk_usage_threshold(100)),
            &[".disk_usage_threshold(80)"],
            monitoring(|monitoring| monitoring.disk_usage_threshold(80)),
        ),
        calls(
            "runbooks below a reserved domain",
            monitoring(|monitoring| monitoring.runbooks("https://git.example.com/runbooks")),
            &["set `.runbooks(…)` to the URL of the stack's folder `runbooks`"],
            monitoring(|monitoring| monitoring.runbooks("https://git.voicecore.internal/kafka/runbooks")),
        ),
        calls(
            "components of another cluster, monitored with this one",
            watched("other"),
            &["move `.watch(…)` to the `Monitoring` of `kafka`"],
            watched("kafka"),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_alerts() -> Vec<Case> {
    let asks_here = |expression: &str| asks(&expression.replace("{}", "{kafka_cluster=\"kafka\"}"));
    let mine = |expression: &str| alert(asks_here(expression));
    let in_text = |title, broken| not_a_call(title, broken, AN_EXPRESSION);
    let two = |names: [&str; 2]| {
        beside(|kafka| {
            names
                .into_iter()
                .fold(Monitoring::new("monitoring", kafka), |monitoring, name| {
                    let alert = Alert::new(name, "max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3");
                    let samples = Samples::Gauge {
                        healthy: 3.0,
                        tolerated: 3.0,
                        firing: 2.0,
                    };
                    let test = AlertTest::new("It is 2.")
                        .series("kafka_brokers", &[], samples)
                        .label("job", "kafka-exporter");
                    monitoring.alert(
                        alert
                            .summary("Orders wait.")
                            .description("It is {{ $value }}.")
                            .test(test),
                    )
                })
        })
    };
    let tested = |test: AlertTest| alert(asks_here("max by (topic) (kafka_topic_partitions{}) > 3").test(test));
    let at_4 = |labels: &'static [(&'static str, &'static str)], metric: &str| {
        AlertTest::new("It is 4.").series(metric, labels, Samples::Constant(4.0))
    };
    let rate = "sum by (topic) (rate(kafka_server_brokertopicmetrics_topic_messagesin_total{}[5m])) < 2";
    vec![
        in_text("an expression that cannot be parsed", alert(asks("sum(kafka_brokers"))),
        in_text(
            "a metric that is not exported",
            mine("kafka_server_replicamanager_isrshrinkspersec{} > 0"),
        ),
        in_text("a selector without a metric", mine("{} > 0")),
        in_text(
            "an aggregation by a label that does not exist",
            mine("max by (instance, topic) (kafka_brokers{}) < 3"),
        ),
        in_text(
            "an operator whose sides have no labels in common",
            mine("kafka_brokers{} / sum(kafka_topic_partitions{}) < 1"),
        ),
        in_text(
            "`on` with a label that one side does not have",
            mine("kafka_topic_partitions{} > on (topic) sum by (partition) (kafka_topic_partition_replicas{})"),
        ),
        in_text(
            "a counter without `rate`",
            mine("kafka_server_replicamanager_isrshrinks_total{} > 5"),
        ),
        in_text("`rate` of a gauge", mine("rate(kafka_consumergroup_lag{}[5m]) > 5")),
        in_text(
            "`delta` of a counter",
            mine("delta(kafka_server_replicamanager_isrshrinks_total{}[5m]) > 5"),
        ),
        in_text("a count of 0", mine("count(kafka_brokers{}) == 0")),
        in_text(
            "a rate below 0",
            mine("rate(kafka_server_replicamanager_isrshrinks_total{}[5m]) < 0"),
        ),
        in_text(
            "a value above twice itself",
            mine("count_over_time(kafka_brokers{}[5m]) > 2 * count_over_time(kafka_brokers{}[5m])"),
        ),
        in_text("no comparison", mine("sum(kafka_brokers{})")),
        in_text(
            "a job that is not scraped",
            alert(asks("max(up{kafka_cluster=\"kafka\",job=\"kafka-jmx\"}) == 0")),
        ),
        in_text(
            "a quantile that is not exported",
            alert(asks(
                "max(kafka_network_requestmetrics_totaltimems{kafka_cluster=\"kafka\",quantile=\"0.9\"}) > 9",
            )),
        ),
        in_text(
            "a volume that does not exist",
            alert(asks(
                "kubelet_volume_stats_available_bytes{namespace=\"kafka\",persistentvolumeclaim=~\"data-(.+)-kafka-[0-9]+\"} < 9",
            )),
        ),
        in_text("the series of every cluster", alert(asks("kafka_brokers < 3"))),
        in_text(
            "a range shorter than two scrape intervals",
            mine("rate(kafka_server_replicamanager_isrshrinks_total{}[30s]) > 5"),
        ),
        calls(
            "`for` shorter than a scrape interval",
            alert(asks_here("kafka_brokers{} < 3").for_duration(10.seconds())),
            &[".for_duration(5.minutes())"],
            alert(asks_here("kafka_brokers{} < 3").for_duration(5.minutes())),
        ),
        in_text(
            "a variable and a label that a description does not have",
            alert(
                asks_here("max by (job) (kafka_brokers{}) < 3")
                    .description("On {{ $label.instance }} of {{ $labels.topic }}."),
            ),
        ),
        calls(
            "a template in a summary",
            alert(asks_here("kafka_brokers{} < 3").summary("{{ $value }} brokers.")),
            &["`.description(…)`"],
            alert(asks_here("kafka_brokers{} < 3").description("{{ $value }} brokers.")),
        ),
        calls(
            "two alerts with one name",
            two(["OrdersWait", "OrdersWait"]),
            &["`Alert::new(…)`"],
            two(["OrdersWait", "OrdersWaitLonger"]),
        ),
        calls(
            "an alert with a space in its name and without texts",
            alert(Alert::new("orders wait", "kafka_brokers{kafka_cluster=\"kafka\"} < 3")),
            &["`Alert::new(…)`", "`.summary(…)`", "`.description(…)`"],
            two(["OrdersWait", "OrdersWaitLonger"]),
        ),
        calls(
            "an alert without a test",
            mine(rate),
            &[
                ".test(AlertTest::new(\"…\").series(\"kafka_server_brokertopicmetrics_topic_messagesin_total\", &[(\"topic\", \"…\")], Samples::Counter { from: …, healthy: …, tolerated: …, firing: … }).label(\"topic\", \"…\"))",
            ],
            alert(
                asks_here(rate).test(
                    AlertTest::new("It is 0.")
                        .series(
                            "kafka_server_brokertopicmetrics_topic_messagesin_total",
                            &[("topic", "orders")],
                            Samples::Counter {
                                from: 0.0,
                                healthy: 5.0,
                                tolerated: 3.0,
                                firing: 0.0,
                            },
                        )
                        .label("topic", "orders"),
                ),
            ),
        ),
        calls(
            "a test with a metric that is not exported",
            tested(at_4(&[("topic", "a")], "kafka_topic_partition").label("topic", "a")),
            &["`AlertTest::series(…)`"],
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
        ),
        not_a_call(
            "a test whose series have a label that the metric does not have",
            tested(at_4(&[("partition", "0"), ("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
            "the hint lists the labels of the metric",
        ),
        calls(
            "a test that expects a label that the expression drops",
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("partition", "0")),
            &["`AlertTest::label(…)`"],
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
        ),
        calls(
            "a test without series",
            tested(AlertTest::new("It is 4.")),
            &["`AlertTest::series(…)`"],
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
        ),
    ]
}
