//! Pods and the ensembles that they form. All but the ensemble's size judge finished objects: those of a stack after its
//! amendments, and manifests read with `check --dir`.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::pod;
    /// Service links that an image ends on.
    pub const SERVICE_LINKS: Rule = Rule {
        id: "KS-P01",
        production: Error,
        development: Error,
        summary: "service links that an image takes for its configuration",
        explanation: "Kubernetes gives every container a variable for each Service of its namespace. A Service named \
            `kafka` sets KAFKA_PORT and one named `schema-registry` SCHEMA_REGISTRY_PORT, which the images of the same \
            name take for settings: they exit. `enableServiceLinks: false` keeps the variables away.",
        source: "Kubernetes, Accessing the Service; Confluent, cp-docker-images #388; schema-registry #689",
    };

    /// Data in the root of a volume.
    pub const VOLUME_ROOT: Rule = Rule {
        id: "KS-P02",
        production: Error,
        development: Error,
        summary: "a log directory that is the root of a volume",
        explanation: "The root of a block device's file system has a `lost+found`, which Kafka takes for a partition \
            with a name that cannot be one: the broker ends. `log.dirs` is a folder below the mount, or the mount has \
            a `subPath`.",
        source: "Kafka, LogManager; Strimzi #1307",
    };

    /// Data outside of a volume.
    pub const EPHEMERAL_DATA: Rule = Rule {
        id: "KS-P03",
        production: Error,
        development: Warning,
        summary: "a log directory that no claim backs",
        explanation: "Data on the container's own layer, or in an emptyDir, is gone with the pod. A controller that \
            comes back empty may vote a leader in that lacks what was committed.",
        source: "Kafka documentation, KRaft, storage; apache/kafka image, default log.dirs",
    };

    /// A broker that is killed while it shuts down.
    pub const GRACE: Rule = Rule {
        id: "KS-P04",
        production: Warning,
        development: Off,
        summary: "a broker that is killed while it shuts down",
        explanation: "A broker hands its leaderships over before it ends, and waits for that up to five minutes; \
            Kubernetes kills it after 30 s unless `terminationGracePeriodSeconds` says more. A killed broker recovers \
            every log when it starts again.",
        source: "Kafka, KafkaBroker.shutdown; Kubernetes, Pod Lifecycle",
    };

    /// A broker that is killed while it recovers.
    pub const RECOVERY: Rule = Rule {
        id: "KS-P05",
        production: Error,
        development: Error,
        summary: "a liveness probe without a startup probe on a broker",
        explanation: "A broker opens its port after it has recovered its logs, which takes minutes after a kill. A \
            liveness probe counts from the first second, kills it, and the recovery begins anew: it never starts \
            again. A startup probe holds the liveness probe back.",
        source: "Strimzi proposals #83; Kubernetes, Configure Liveness, Readiness and Startup Probes",
    };

    /// A quorum whose members wait for each other.
    pub const QUORUM_START: Rule = Rule {
        id: "KS-P06",
        production: Error,
        development: Error,
        summary: "a quorum whose members cannot find each other before they are ready",
        explanation: "A member of a quorum is ready when the others are there. With `podManagementPolicy: \
            OrderedReady` the second pod is not created before the first is ready, and without \
            `publishNotReadyAddresses` the others have no address before they are: nothing ever starts.",
        source: "Kubernetes, StatefulSet, Pod Management Policies; Service, publishNotReadyAddresses",
    };

    /// A user that the kubelet cannot judge.
    pub const NAMED_USER: Rule = Rule {
        id: "KS-P07",
        production: Error,
        development: Error,
        summary: "`runAsNonRoot` without a numeric user on an image that names its user",
        explanation: "The image says `USER appuser`. The kubelet cannot tell whether that is root and does not start \
            the container: `image has non-numeric user`. Give the number in `runAsUser`.",
        source: "Kubernetes, Security Context; apache/kafka and Confluent images, Dockerfile",
    };

    /// An entrypoint that cannot write.
    pub const ENTRYPOINT_WRITES: Rule = Rule {
        id: "KS-P08",
        production: Error,
        development: Error,
        summary: "an entrypoint that cannot write its configuration",
        explanation: "The image's entrypoint makes a configuration from the environment and writes it: to /etc/kafka \
            in Confluent's images, to /opt/kafka/config in Apache's. Where a ConfigMap is mounted there, or the root \
            file system is read-only without a writable mount there, it ends. Mount the ConfigMap elsewhere and start \
            Kafka with that file.",
        source: "Confluent, cp-kafka configure; apache/kafka, configure",
    };

    /// Volumes that go with their set.
    pub const CLAIMS_DELETED: Rule = Rule {
        id: "KS-P10",
        production: Error,
        development: Warning,
        summary: "volumes that are deleted with their StatefulSet",
        explanation: "With the retention policy `Delete`, deleting or scaling down the StatefulSet deletes the data of \
            its pods.",
        source: "Kubernetes, StatefulSet, PersistentVolumeClaim retention",
    };

    /// Brokers without a budget.
    pub const BUDGET: Rule = Rule {
        id: "KS-P11",
        production: Error,
        development: Off,
        summary: "brokers or a quorum that a drain may take all at once",
        explanation: "Without a disruption budget of one pod at a time, draining two nodes takes two brokers: \
            partitions with two replicas there are offline, and a quorum of three is lost.",
        source: "Strimzi, default disruption budget; Kubernetes, Disruptions",
    };

    /// A ZooKeeper ensemble that no failure may touch.
    pub const ENSEMBLE: Rule = Rule {
        id: "KS-P12",
        production: Error,
        development: Warning,
        summary: "a ZooKeeper ensemble that no failure may touch",
        explanation: "An ensemble of N servers goes on while more than half of them are there: one or two survive no \
            failure, and an even number survives no more than one server fewer.",
        source: "ZooKeeper administrator's guide, clustered setup",
    };

    /// An id that is not a number.
    pub const ID_NOT_A_NUMBER: Rule = Rule {
        id: "KS-P13",
        production: Error,
        development: Error,
        summary: "a node id that is the name of a pod",
        explanation: "Node, broker and server ids are numbers. The name of a pod is `kafka-0`, on which Kafka and \
            ZooKeeper end: `Not a number`. The number is in the label `apps.kubernetes.io/pod-index`, from Kubernetes \
            1.28 on.",
        source: "Kafka, KafkaConfig; Kubernetes, StatefulSet, pod index label",
    };

    /// Pods with one id.
    pub const ID_SHARED: Rule = Rule {
        id: "KS-P14",
        production: Error,
        development: Error,
        summary: "pods that all have the same node id",
        explanation: "A fixed id in a template is the id of every pod. Of two nodes with the same id the second is \
            refused, or takes the place of the first. The id comes from the pod's ordinal.",
        source: "Kafka documentation, KRaft, process roles; ZooKeeper administrator's guide, myid",
    };

    /// A cluster id that is made anew.
    pub const CLUSTER_ID_MADE: Rule = Rule {
        id: "KS-P15",
        production: Error,
        development: Error,
        summary: "a cluster id that is missing, or that each pod makes for itself",
        explanation: "All nodes of a cluster carry one id, and a log directory refuses another. With `kafka-storage \
            random-uuid` in the pod each has its own; without CLUSTER_ID the image ends, or takes a default that every \
            forgetful cluster shares. It is made once and written down.",
        source: "Kafka, StorageTool; cp-kafka and apache/kafka images",
    };

    /// An address that nobody has.
    pub const ADDRESS: Rule = Rule {
        id: "KS-P16",
        production: Warning,
        development: Warning,
        summary: "an address that no Service here answers",
        explanation: "The address names a Service of a namespace that these objects are in, but no such Service, pod \
            or port is among them: the client waits for ever. In a stack it may be someone else's: acknowledge it with \
            the reason. In a folder it is an error, unless `--assume Service/NAME` says that the cluster has it.",
        source: "Kubernetes, DNS for Services and Pods",
    };

    /// Voters that are not the controllers.
    pub const VOTERS: Rule = Rule {
        id: "KS-P17",
        production: Error,
        development: Error,
        summary: "a quorum whose members are not the pods",
        explanation: "`controller.quorum.voters`, or ZooKeeper's list of servers, names every member with its id and \
            address. A member that is no pod is missing for ever, a pod that is no member is refused, and a quorum \
            with half of its members missing elects nobody.",
        source: "Kafka, KafkaConfig; ZooKeeper administrator's guide, server.N",
    };

    /// An advertised name that does not resolve.
    pub const UNRESOLVED: Rule = Rule {
        id: "KS-P18",
        production: Error,
        development: Error,
        summary: "pods of a Deployment that advertise their names",
        explanation: "Only pods of a StatefulSet have names in DNS. An instance of the registry or a Connect worker \
            that advertises the name of a Deployment's pod cannot be reached by the others, which forward writes and \
            rebalances to it. Advertise `status.podIP`.",
        source: "Kubernetes, DNS for Services and Pods; Schema Registry #1714",
    };

    /// An advertised address that leads elsewhere.
    pub const ADVERTISED: Rule = Rule {
        id: "KS-P19",
        production: Error,
        development: Error,
        summary: "advertised listeners that do not lead to the broker",
        explanation: "A client connects to the very broker that leads a partition, at the address that this broker \
            advertises. 0.0.0.0 is refused, localhost is the client itself, and a name that several brokers advertise, \
            as that of a Service, leads to any of them.",
        source: "Kafka documentation, advertised.listeners; KafkaConfig",
    };

    /// Topics that nobody keeps.
    pub const TOPICS: Rule = Rule {
        id: "KS-P20",
        production: Error,
        development: Warning,
        summary: "topics that create themselves, or are created and never kept",
        explanation: "With auto-creation, which is on unless `auto.create.topics.enable=false`, a typing error creates \
            a topic with the cluster's defaults, and a missing topic is never missed. A Job that only runs `--create \
            --if-not-exists` hides that the declaration and the topic differ.",
        source: "Kafka documentation, auto.create.topics.enable; kafka-topics",
    };

    /// A pod with too many rights.
    pub const RESTRICTED: Rule = Rule {
        id: "KS-P22",
        production: Error,
        development: Warning,
        summary: "a pod that the restricted level of Pod Security refuses",
        explanation: "Kafka needs no right that the restricted level withholds: not root, no escalation, no \
            capabilities, the runtime's seccomp profile. A namespace that enforces the level creates no pod without \
            them, and one that does not runs a network service with more rights than it needs.",
        source: "Kubernetes, Pod Security Standards, Restricted",
    };

    /// A volume that its user cannot write.
    pub const VOLUME_OWNER: Rule = Rule {
        id: "KS-P23",
        production: Error,
        development: Error,
        summary: "a claimed volume without a group that may write it",
        explanation: "A new volume belongs to root. A process that is not root cannot write it unless `fsGroup` of the \
            pod's security context hands it over: Kafka ends with `Permission denied`.",
        source: "Kubernetes, Configure a Security Context for a Pod, fsGroup",
    };

    /// A Kafka that anyone may connect to.
    pub const OPEN: Rule = Rule {
        id: "KS-P24",
        production: Warning,
        development: Off,
        summary: "a Kafka process that every pod of the cluster may connect to",
        explanation: "No network policy selects these pods, so every port of theirs is open to every pod of the \
            cluster, the one of the control plane included.",
        source: "Kubernetes, Network Policies",
    };

    /// Alerts on metrics that nothing here exports.
    pub const ALERT_METRIC: Rule = Rule {
        id: "KS-P25",
        production: Warning,
        development: Warning,
        summary: "an alert on a metric that nothing here exports",
        explanation: "Brokers export nothing by themselves: their metrics need the JMX agent with rules, and Kafka \
            Exporter knows only brokers, topics and groups. An alert on a name that nobody has can never fire. In a \
            stack someone else may export it: acknowledge it. In a folder it is an error, unless `--assume \
            Metric/NAME` says that it is there.",
        source: "kafka_exporter; JMX exporter; Prometheus, alerting rules",
    };
}
