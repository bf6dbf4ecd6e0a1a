//! The cluster: quorum, node ids, listeners, settings, images.

use kafka_stacks::prelude::*;

use super::{
    ID, brokers,
    case::{Case, Sound, calls, not_a_call},
    dedicated, empty, kraft, pools, raw, with,
};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn broken() -> Vec<Case> {
    let combined = |replicas| with(kraft().pool(NodePool::combined("kafka", replicas)));
    let split = |replicas| {
        pools(
            NodePool::controllers("kafka-controller", 3),
            NodePool::brokers("kafka", replicas),
        )
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
            &[
                "choose another name or port in `Listener::plaintext(…)`",
                "change it in `.listener(Listener::plaintext(…))`",
            ],
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
            "a cluster that migrates with combined nodes, and features",
            migrating(|cluster| {
                cluster
                    .finalized(Version::V3_9)
                    .acknowledge(&rules::kraft::COMBINED, "the migration refuses them anyway")
                    .pool(NodePool::combined("kafka-controller", 3).first_id(100))
            }),
            &[
                "use `NodePool::controllers(…)` for the new nodes",
                "remove `.finalized(…)` until the cluster is `KafkaCluster::kraft(…)`",
            ],
            migrating(|cluster| cluster.pool(NodePool::controllers("kafka-controller", 3))),
        ),
        calls(
            "features of a release that the cluster does not run",
            with(
                KafkaCluster::kraft("kafka", Version::V4_2, ID)
                    .finalized(Version::V4_3)
                    .pool(NodePool::controllers("c", 3))
                    .pool(NodePool::brokers("b", 3)),
            ),
            &["raise the version first"],
            with(dedicated().finalized(Version::V4_3)),
        ),
        calls(
            "images of another release",
            with(dedicated().images(ImageSet::confluent(Version::V3_9))),
            &["use the same version in `.images(…)` and `KafkaCluster::kraft(…)`"],
            with(dedicated().images(ImageSet::confluent(Version::V4_3))),
        ),
        calls(
            "an image without a JVM",
            with(dedicated().images(ImageSet::apache(Version::V4_3).kafka_image("apache/kafka-native:4.3.1"))),
            &["use `.images(ImageSet::apache(…))`"],
            with(dedicated().images(ImageSet::apache(Version::V4_3))),
        ),
    ]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::kraft;
    vec![
        (&rules::kraft::FINALIZED, with(dedicated().finalized(Version::V4_2))),
        (&kraft::ZOOKEEPER_MODE, with(dedicated())),
        (&kraft::NODE_ID_TWICE, brokers(NodePool::brokers("b", 3).first_id(97))),
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
        (&kraft::ROLES_OF_MODE, in_zookeeper_mode(NodePool::brokers("kafka", 3))),
        (
            &kraft::IMAGE_VERSION,
            with(dedicated().images(ImageSet::confluent(Version::V4_3))),
        ),
        (
            &kraft::RESERVED_ID,
            in_zookeeper_mode(NodePool::brokers("kafka", 3).first_id(998)),
        ),
        (
            &kraft::NATIVE_IMAGE,
            with(dedicated().images(ImageSet::apache(Version::V4_3))),
        ),
    ]
}

/// A cluster of Kafka 3.9 with its ensemble.
fn in_zookeeper_mode(pool: NodePool) -> Stack {
    let mut stack = empty();
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    stack.add(
        KafkaCluster::zookeeper("kafka", &zookeeper)
            .pool(pool)
            .acknowledge(&rules::kraft::ZOOKEEPER_MODE, "moves in March"),
    );
    stack
}

/// A cluster in the first phase of its migration, with the brokers that it had.
fn migrating(further: fn(KafkaCluster) -> KafkaCluster) -> Stack {
    let mut stack = empty();
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    let cluster = KafkaCluster::migrating("kafka", &zookeeper, Migration::Provision, ID);
    stack.add(further(cluster.pool(NodePool::brokers("kafka", 3))));
    stack
}
