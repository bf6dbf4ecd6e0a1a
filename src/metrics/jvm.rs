//! Metrics of every JVM, from the beans of the Java platform. The agent also has its own collectors, but their names
//! changed in 1.0.

use super::{Metric, Unit, counter, gauge, table};

const OS: &str = "java.lang:type=OperatingSystem";

table! {
    /// Metrics of every process with the agent.
    ALL:
    HEAP_USED = gauge("kafka_jvm_heap_used_bytes", "java.lang:type=Memory", "HeapMemoryUsage.used").unit(Unit::Bytes),
        "Heap in use.";
    HEAP_MAX = gauge("kafka_jvm_heap_max_bytes", "java.lang:type=Memory", "HeapMemoryUsage.max").unit(Unit::Bytes),
        "Maximum heap size.";
    GC_SECONDS = counter(
        "kafka_jvm_gc_collection_seconds_total", "java.lang:name={gc},type=GarbageCollector", "CollectionTime",
    ).unit(Unit::Seconds).factor(1e-3), "Time spent in garbage collection, by collector.";
    OPEN_FILES = gauge("kafka_jvm_open_file_descriptors", OS, "OpenFileDescriptorCount"),
        "Open file descriptors.";
    MAX_FILES = gauge("kafka_jvm_max_file_descriptors", OS, "MaxFileDescriptorCount"),
        "Maximum number of open file descriptors.";
    CPU_SECONDS = counter("kafka_jvm_process_cpu_seconds_total", OS, "ProcessCpuTime").unit(Unit::Seconds).factor(1e-9),
        "CPU time that the process used.";
    START_TIME = gauge("kafka_jvm_start_time_seconds", "java.lang:type=Runtime", "StartTime")
        .unit(Unit::Seconds).factor(1e-3),
        "Start of the process, in seconds since 1970; `changes` of it are restarts.";
}
