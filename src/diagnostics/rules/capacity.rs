//! Load against what the brokers have.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::capacity;
    /// Retention that does not fit onto the volumes.
    pub const RETENTION: Rule = Rule {
        id: "KS-C01",
        production: Error,
        development: Warning,
        summary: "retention that does not fit onto the volumes",
        explanation: "A broker whose volume is full exits, and its partitions have fewer replicas, on brokers that \
            are just as full. A topic needs its load times its retention, times its replicas, plus one open segment \
            for each replica; 15 % of the volume stay free for loads above the plan and for the time that a fix \
            takes.",
        source: "Amazon MSK, Best practices for Standard brokers (85 % of the data volume); Kafka documentation, topic \
            settings",
    };

    /// A load that disks, networks or processors cannot carry.
    pub const RATE: Rule = Rule {
        id: "KS-C02",
        production: Error,
        development: Warning,
        summary: "a load that disks, networks or processors cannot carry",
        explanation: "Every record is written once per replica, fetched by each follower and read by each consumer \
            group. If the slowest resource is overloaded, producers time out and followers fall out of sync. A fifth \
            of disk and network stays free, because a restarted broker has to catch up under load, and during every \
            restart the other brokers lead its partitions.",
        source: "AWS Big Data Blog, Best practices for right-sizing your Apache Kafka clusters",
    };

    /// A load without the figures to compare it with.
    pub const UNKNOWN: Rule = Rule {
        id: "KS-C03",
        production: Warning,
        development: Off,
        summary: "a load without the figures to compare it with",
        explanation: "The stack declares a load, but not everything that is needed to check it: the throughput of a \
            disk, a network or a core, the number of consumer groups, or the load of the other topics. Nothing is \
            assumed instead: without it the figures are lower bounds.",
        source: "arithmetic",
    };

    /// More copies of partitions than a broker of its size should hold.
    pub const REPLICAS: Rule = Rule {
        id: "KS-C05",
        production: Warning,
        development: Warning,
        summary: "more partition replicas than a broker of its size should have",
        explanation: "Each replica costs a broker file handles, memory and requests, and makes its start, leader \
            elections after a failure, and every rolling restart slower. Amazon recommends 1,000 on a broker below 8 \
            cores, \
            2,000 below 16 and 4,000 above; Kafka's own rule of thumb is 4,000. Replicas without traffic cost less.",
        source: "Amazon MSK, Best practices for Standard brokers; KIP-578",
    };

    /// More copies of partitions than the rule of thumb for a cluster.
    pub const CLUSTER_REPLICAS: Rule = Rule {
        id: "KS-C08",
        production: Warning,
        development: Warning,
        summary: "more partition replicas than the rule of thumb for a cluster",
        explanation: "With ZooKeeper, Kafka's developers found that a cluster can have up to 200,000 replicas. In \
            KRaft mode more have been shown to work, but every broker and controller keeps the metadata of all of \
            them, so test a cluster of this size first.",
        source: "KIP-578; Apache Kafka blog, Apache Kafka Supports 200K Partitions Per Cluster",
    };

    /// More segments than a node maps into memory.
    pub const MEMORY_MAPS: Rule = Rule {
        id: "KS-C09",
        production: Warning,
        development: Warning,
        summary: "more segments than a node maps into memory",
        explanation: "A broker maps the two indexes of every segment, and exits with `Map failed` at the limit of the \
            node: 65,530 memory maps per process by default (`vm.max_map_count`). That is a setting of the node, \
            which no pod of the restricted level can change.",
        source: "Kafka documentation, hardware and OS; Linux, vm.max_map_count",
    };

    /// A page cache that holds less than half a minute.
    pub const PAGE_CACHE: Rule = Rule {
        id: "KS-C10",
        production: Warning,
        development: Off,
        summary: "a page cache that holds less than half a minute of writes",
        explanation: "Consumers and followers that are a little behind read from the page cache. If it is too small, \
            they read from the disk, which slows down writes, so they fall further behind. Kafka recommends memory \
            outside of the heap for 30 seconds of writes.",
        source: "Kafka documentation, hardware and OS",
    };

    /// A topic whose records are never deleted.
    pub const NEVER_DELETED: Rule = Rule {
        id: "KS-C11",
        production: Warning,
        development: Off,
        summary: "a topic with a load whose records are never deleted",
        explanation: "Its records are never removed, so the volume is full after the time in the message, however \
            large it is. Expand the volumes before that, or move the records to archive storage.",
        source: "arithmetic",
    };

    /// A load of 0.
    pub const EMPTY_LOAD: Rule = Rule {
        id: "KS-C12",
        production: Error,
        development: Error,
        summary: "a load of 0",
        explanation: "A load of 0 records, or of records of 0 bytes, fits every cluster, so it means nothing. If the \
            load of a topic is not known, do not declare one: the report then says that it is unknown.",
        source: "arithmetic",
    };

    /// Requests that no node can meet.
    pub const MACHINE: Rule = Rule {
        id: "KS-C21",
        production: Error,
        development: Error,
        summary: "requests that no node of the declared machine can meet",
        explanation: "A node keeps part of its machine for the kernel, the kubelet and the container runtime, and reports \
            the rest as allocatable. A pod that requests more than that, though it is what the machine is sold with, \
            stays Pending on every node of its kind.",
        source: "Kubernetes, Reserve Compute Resources for System Daemons, Node Allocatable",
    };

    /// Leaders that Kafka puts on some of the brokers only.
    pub const LEADERS: Rule = Rule {
        id: "KS-C13",
        production: Warning,
        development: Off,
        summary: "leaders that Kafka places on only some of the brokers",
        explanation: "A controller places partitions in rounds; a round has as many partitions as there are brokers. \
            From one partition to the next it moves on by one rack, and by one broker within each rack. With three \
            racks of three brokers, a round has only three different leaders, of three partitions each; then the \
            order is shuffled. If the number of brokers in a rack and the number of racks have no common factor, \
            every broker leads one partition.",
        source: "Kafka 4.3.1, StripedReplicaPlacer: read, and run with both",
    };
}
