//! Memory: the heap of a process against what its container may use.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};

rules! { rules::memory;
    /// A heap that does not fit into the memory.
    pub const HEAP_ABOVE_MEMORY: Rule = Rule {
        id: "KS-C04",
        production: Error,
        development: Error,
        summary: "a heap that does not fit into the memory",
        explanation: "A JVM needs about a quarter of its memory outside of the heap: threads, network buffers, class \
            metadata, and for a broker the page cache, which it depends on. A container that exceeds its limit is \
            killed.",
        source: "Kafka documentation, hardware and OS; Kubernetes, resource management",
    };

    /// A heap that takes the page cache's place.
    pub const HEAP_TOO_LARGE: Rule = Rule {
        id: "KS-C06",
        production: Warning,
        development: Warning,
        summary: "a heap that takes the page cache's place",
        explanation: "A broker reads and writes through the page cache, and needs a heap of at most 6 GB, except in \
            the largest clusters. A larger heap leaves less memory for the page cache.",
        source: "Confluent, Running Kafka in Production",
    };

    /// A request above the limit.
    pub const REQUEST_ABOVE_LIMIT: Rule = Rule {
        id: "KS-C07",
        production: Error,
        development: Error,
        summary: "a request above the limit",
        explanation: "The API server refuses a container that requests more CPU or memory than its limit.",
        source: "Kubernetes, resource management for pods and containers",
    };

    /// Memory with which a process does not start.
    pub const FLOOR: Rule = Rule {
        id: "KS-C14",
        production: Error,
        development: Error,
        summary: "memory with which a process does not start",
        explanation: "A JVM needs memory for its classes, threads and buffers before it does any work, and a broker \
            128 MiB of heap for the log cleaner alone. With less the process exits with an `OutOfMemoryError`, or the \
            kernel kills the container whenever it starts. The limits are the smallest with which each process worked \
            on a real machine; under load it needs more.",
        source: "tests/memory: Kafka 4.3.1, ZooKeeper 3.8.6 and Apicurio Registry 3.3.3, measured with the metrics \
        agent",
    };

    /// Options of the heap that a JVM refuses.
    pub const HEAP_OPTIONS: Rule = Rule {
        id: "KS-C20",
        production: Error,
        development: Error,
        summary: "a size of the heap that the JVM refuses",
        explanation: "A JVM reads `512m` or `4g`, not the `4Gi` of Kubernetes: it ends with `Invalid maximum heap size`. \
            It also ends where the heap at the start is above the largest one.",
        source: "OpenJDK 17, options -Xms and -Xmx",
    };
}
