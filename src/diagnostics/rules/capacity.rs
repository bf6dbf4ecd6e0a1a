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
        explanation: "A broker whose volume is full ends, and its partitions fall back to fewer copies, whose brokers \
            are as full. What a topic keeps is its load times its retention, times its copies, and one open segment \
            for each of them; 15 % of the volume remain for loads above the plan and for the time to mend it.",
        source: "Amazon MSK, Best practices for Standard brokers (85 % of the data volume); Kafka documentation, topic \
            settings",
    };

    /// A load that disks, networks or processors cannot carry.
    pub const RATE: Rule = Rule {
        id: "KS-C02",
        production: Error,
        development: Warning,
        summary: "a load that disks, networks or processors cannot carry",
        explanation: "Every record is written once for each copy, fetched by each follower and read by each consumer \
            group. Above what the slowest resource sustains, producers time out and followers fall out of sync. A \
            fifth of disk and network stays free, because a restarted broker has to catch up while the load goes on, \
            and every restart leaves the others with its leaders.",
        source: "AWS Big Data Blog, Best practices for right-sizing your Apache Kafka clusters",
    };

    /// A load without the figures to compare it with.
    pub const UNKNOWN: Rule = Rule {
        id: "KS-C03",
        production: Warning,
        development: Off,
        summary: "a load without the figures to compare it with",
        explanation: "Someone declared what the cluster has to carry, and left out what tells whether it can: the \
            throughput of a disk or a network, what a core takes in, who reads, or what the other topics carry. What \
            is missing is not assumed: the figures are lower bounds without it.",
        source: "arithmetic",
    };

    /// More copies of partitions than a broker of its size should hold.
    pub const REPLICAS: Rule = Rule {
        id: "KS-C05",
        production: Warning,
        development: Warning,
        summary: "more copies of partitions than a broker of its size should hold",
        explanation: "Each copy costs a broker file handles, memory and requests, and prolongs its start, the election \
            of leaders when it is lost, and every rolling restart. Amazon recommends 1,000 on a broker below 8 cores, \
            2,000 below 16 and 4,000 above; Kafka's own rule of thumb is 4,000. Copies that carry nothing cost less.",
        source: "Amazon MSK, Best practices for Standard brokers; KIP-578",
    };

    /// More copies of partitions than the rule of thumb for a cluster.
    pub const CLUSTER_REPLICAS: Rule = Rule {
        id: "KS-C08",
        production: Warning,
        development: Warning,
        summary: "more copies of partitions than the rule of thumb for a cluster",
        explanation: "200,000 copies are what Kafka's developers found a cluster to carry when its metadata was in \
            ZooKeeper. In KRaft mode more were shown to work, but every broker and controller keeps the metadata of \
            all of them, so test it at this size first.",
        source: "KIP-578; Apache Kafka blog, Apache Kafka Supports 200K Partitions Per Cluster",
    };

    /// More segments than a node maps into memory.
    pub const MEMORY_MAPS: Rule = Rule {
        id: "KS-C09",
        production: Warning,
        development: Warning,
        summary: "more segments than a node maps into memory",
        explanation: "A broker maps the two indexes of every segment, and ends with `Map failed` when the node allows \
            no more: 65,530 areas to a process by default (`vm.max_map_count`). That is a setting of the node, \
            which no pod of the restricted level can change.",
        source: "Kafka documentation, hardware and OS; Linux, vm.max_map_count",
    };

    /// A page cache that holds less than half a minute.
    pub const PAGE_CACHE: Rule = Rule {
        id: "KS-C10",
        production: Warning,
        development: Off,
        summary: "a page cache that holds less than half a minute of writing",
        explanation: "Consumers and followers that are a little behind read from the page cache. Where it is too small \
            they read from the disk, which then has less time to write, which leaves them further behind. Memory \
            outside of the heap for 30 seconds of writing is Kafka's estimate of what it takes.",
        source: "Kafka documentation, hardware and OS",
    };

    /// A topic whose records are never deleted.
    pub const FOR_EVER: Rule = Rule {
        id: "KS-C11",
        production: Warning,
        development: Off,
        summary: "a topic with a load whose records are never deleted",
        explanation: "Nothing removes its records, so no volume is large enough: it is full after the time in the \
            message. Let the volumes grow before that, or move the records to storage that is made for keeping them.",
        source: "arithmetic",
    };

    /// A load of 0.
    pub const EMPTY_LOAD: Rule = Rule {
        id: "KS-C12",
        production: Error,
        development: Error,
        summary: "a load of 0",
        explanation: "A load of no records, of records without a size, or compressed to nothing fits every cluster, \
            so it has no meaning. A topic whose load is not known has none declared, and the report says that it is \
            unknown.",
        source: "arithmetic",
    };

    /// Leaders that Kafka puts on some of the brokers only.
    pub const LEADERS: Rule = Rule {
        id: "KS-C13",
        production: Warning,
        development: Off,
        summary: "leaders that Kafka puts on some of the brokers only",
        explanation: "A controller places partitions in rounds of as many as there are brokers. From one partition to \
            the next it goes on by one rack, and by one broker within each rack, so three racks of three brokers give \
            a round only three different leaders, of three partitions each; then it shuffles. Where the number of \
            brokers in a rack and the number of racks have no common factor, every broker leads one.",
        source: "Kafka 4.3.1, StripedReplicaPlacer: read, and run with both",
    };
}
