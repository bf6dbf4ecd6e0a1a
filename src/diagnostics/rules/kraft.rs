//! The cluster: quorum, node ids, listeners, settings.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::kraft;
    /// A cluster on ZooKeeper.
    pub const ZOOKEEPER_MODE: Rule = Rule {
        id: "KS-K02",
        production: Warning,
        development: Warning,
        summary: "a cluster on ZooKeeper",
        explanation: "Kafka 3.9 is the last release line that supports ZooKeeper, and it gets critical fixes only for \
            a year after its release. A cluster on ZooKeeper has to migrate to KRaft on 3.9 before it can be upgraded \
            to 4.x. \
            New clusters should not use it.",
        source: "Kafka 3.9 documentation, ZooKeeper to KRaft Migration (KIP-866)",
    };

    /// Two nodes with one id.
    pub const NODE_ID_TWICE: Rule = Rule {
        id: "KS-K04",
        production: Error,
        development: Error,
        summary: "two nodes with one id",
        explanation: "Brokers and controllers share one range of ids. Of two nodes with the same id the second is \
            refused by the quorum, or takes the place of the first.",
        source: "Kafka documentation, KRaft, process roles",
    };

    /// A quorum that tolerates no failures.
    pub const TOO_FEW_CONTROLLERS: Rule = Rule {
        id: "KS-K05",
        production: Error,
        development: Off,
        summary: "a quorum that tolerates no failures",
        explanation: "A quorum of N controllers works while more than half of them are running. With one or two \
            controllers the loss, or the restart, of a single one stops the cluster: no leader is elected any more, so \
            it cannot be upgraded without an outage.",
        source: "Kafka documentation, KRaft, controllers",
    };

    /// Nodes that are broker and controller in one.
    pub const COMBINED: Rule = Rule {
        id: "KS-K06",
        production: Warning,
        development: Off,
        summary: "nodes that are both broker and controller",
        explanation: "Load on the broker slows down the controller in the same process, and neither can be restarted \
            or scaled without the other. Losing two of three nodes loses the quorum and the data at once. Kafka's \
            documentation advises against it for critical deployments. It saves three pods.",
        source: "Kafka documentation, KRaft, process roles",
    };

    /// Listeners with the same name or port, or an invalid name.
    pub const LISTENERS: Rule = Rule {
        id: "KS-K14",
        production: Error,
        development: Error,
        summary: "listeners with the same name or port, or an invalid name",
        explanation: "Each listener of a node needs its own name and port. The names CONTROLLER and \
            REPLICATION, the ports 9091 and 9093, and the port of the metrics agent belong to the cluster. A \
            listener's name is written in capitals, digits and underscores, with at most 11 characters, because a \
            port is named after it and Kubernetes limits port names to 15 characters.",
        source: "Kafka, AbstractKafkaConfig; Kubernetes, ContainerPort",
    };

    /// A cluster id that is not valid, or is used by another cluster.
    pub const CLUSTER_ID: Rule = Rule {
        id: "KS-K16",
        production: Error,
        development: Error,
        summary: "a cluster id that is not valid, or is used by another cluster",
        explanation: "Every log directory contains the cluster id, and a broker rejects a directory of another \
            cluster: the id prevents two clusters from mixing their data. Kafka accepts any text, so make a unique \
            one with `kafka-storage random-uuid` (16 random bytes in URL-safe base64), write it in the stack, and \
            never change it. In ZooKeeper mode the ensemble creates the id, for one cluster only.",
        source: "Kafka, Uuid and StorageTool; seen with 4.3.1",
    };

    /// A raw setting that the cluster sets itself.
    pub const OWNED_SETTING: Rule = Rule {
        id: "KS-K18",
        production: Error,
        development: Error,
        summary: "a raw setting that the cluster sets itself",
        explanation: "Node ids, listeners, directories, quorum and replication follow from the cluster's other \
            parts, and everything built from the cluster relies on them. A raw setting would contradict them, and \
            Kafka would use the last one.",
        source: "the contract of `KafkaCluster::config`",
    };

    /// An even number of controllers.
    pub const EVEN_CONTROLLERS: Rule = Rule {
        id: "KS-K24",
        production: Warning,
        development: Warning,
        summary: "an even number of controllers",
        explanation: "Four controllers tolerate the loss of one, as three do. The fourth is one more node that can \
            fail.",
        source: "Kafka documentation, KRaft, controllers",
    };

    /// A cluster without brokers or without controllers.
    pub const NO_NODES: Rule = Rule {
        id: "KS-K25",
        production: Error,
        development: Error,
        summary: "a cluster without brokers or without controllers",
        explanation: "A cluster needs at least one broker, and in KRaft mode at least one controller; a pool needs at \
            least one node. Without them nothing ever becomes ready.",
        source: "Kafka documentation, KRaft, process roles",
    };

    /// Controllers in a cluster on ZooKeeper.
    pub const ROLES_OF_MODE: Rule = Rule {
        id: "KS-K26",
        production: Error,
        development: Error,
        summary: "controllers in a cluster on ZooKeeper",
        explanation: "With ZooKeeper one of the brokers is the controller; other roles do not exist. A pool of \
            controllers, or of combined nodes, belongs to KRaft.",
        source: "Kafka 3.9 documentation, KRaft, process roles",
    };

    /// Images of another version than the cluster's.
    pub const IMAGE_VERSION: Rule = Rule {
        id: "KS-K27",
        production: Error,
        development: Error,
        summary: "images of another version than the cluster's",
        explanation: "The cluster's settings depend on its version: another version silently ignores settings that it \
            does not have, may configure logging differently, and from 4.0 on cannot use ZooKeeper.",
        source: "Kafka 4.0 upgrade notes",
    };

    /// A node id that is reserved in ZooKeeper mode.
    pub const RESERVED_ID: Rule = Rule {
        id: "KS-K28",
        production: Error,
        development: Error,
        summary: "a node id that is reserved in ZooKeeper mode",
        explanation: "In ZooKeeper mode ids above `reserved.broker.max.id`, 1000, are for brokers whose id is \
            generated. A broker with such an id does not start.",
        source: "Kafka 3.9, KafkaConfig",
    };

    /// A largest request that is unsafe or too small.
    pub const REQUEST_SIZE: Rule = Rule {
        id: "KS-K35",
        production: Error,
        development: Error,
        summary: "a largest request that is unsafe or too small",
        explanation: "A broker reads the first four bytes of a request as its size and allocates that much memory, up \
            to `socket.request.max.bytes`. Anything that connects with TLS to a plaintext port begins with the bytes \
            16 03 01, which are a size of 352 MiB: with a limit of 369,295,360 bytes or more, some of these \
            connections stop the broker with OutOfMemoryError. A limit below `message.max.bytes` refuses every \
            produce \
            request with a batch of that size.",
        source: "Kafka, NetworkReceive and SocketServerConfigs; RFC 8446, section 5.1",
    };

    /// A volume that is smaller than one log segment.
    pub const VOLUME_SIZE: Rule = Rule {
        id: "KS-K36",
        production: Error,
        development: Warning,
        summary: "a volume that is smaller than one log segment",
        explanation: "Only closed segments of a log are deleted, so a volume that is smaller than one segment fills up \
            and the node stops, regardless of the retention. A segment is 1 GiB by default, and a controller \
            keeps its metadata in such segments too. ZooKeeper allocates 64 MiB for each transaction log at once.",
        source: "Kafka documentation, log.segment.bytes and metadata.log.segment.bytes; ZooKeeper, preAllocSize",
    };

    /// A broker image without a JVM.
    pub const NATIVE_IMAGE: Rule = Rule {
        id: "KS-K23",
        production: Error,
        development: Warning,
        summary: "a broker image without a JVM",
        explanation: "`apache/kafka-native` is compiled ahead of time, experimental, and meant for development and \
            tests. It takes no Java options and no metrics agent, and has none of Kafka's command-line tools.",
        source: "Kafka documentation, Docker; KIP-974",
    };

    /// A finalized version that the cluster does not run, or that it cannot have.
    pub const FINALIZED: Rule = Rule {
        id: "KS-K38",
        production: Error,
        development: Error,
        summary: "a finalized version that the cluster cannot have",
        explanation: "Kafka refuses a feature level that one of the nodes does not support, and a node does not start \
            with a level that it does not know. So the version is raised first, and what the cluster may not go back \
            behind in a later change, when all pods run it. A cluster on ZooKeeper has no features: there \
            `inter.broker.protocol.version` says it.",
        source: "Kafka, FeatureControlManager; seen with 4.2.0 and 4.3.1",
    };
}
