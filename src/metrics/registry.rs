//! Metrics of a Schema Registry.
//!
//! Bean and attribute names are from Confluent's documentation on monitoring the registry. Unlike the other tables,
//! they have not been compared with a running process.

use super::{AgentMetrics, Metric, Unit, gauge, jvm, table};

const REQUESTS: &str = "kafka.schema.registry:type=jersey-metrics";

table! {
    /// Metrics of a Schema Registry.
    ALL:
    PRIMARY = gauge(
        "kafka_schema_registry_master_slave_role", "kafka.schema.registry:type=master-slave-role", "master-slave-role",
    ).between(0.0, 1.0), "1 on the primary, which may write, 0 on the others.";
    REGISTERED = gauge(
        "kafka_schema_registry_registered_count", "kafka.schema.registry:type=registered-count", "registered-count",
    ), "Schemas registered since this process started.";
    CONNECTIONS = gauge(
        "kafka_schema_registry_jetty_metrics_connections_active", "kafka.schema.registry:type=jetty-metrics",
        "connections-active",
    ), "Open connections.";
    REQUEST_RATE = gauge("kafka_schema_registry_jersey_metrics_request_rate", REQUESTS, "request-rate"),
        "Requests per second.";
    REQUEST_ERROR_RATE = gauge(
        "kafka_schema_registry_jersey_metrics_request_error_rate", REQUESTS, "request-error-rate",
    ), "Failed requests per second.";
    REQUEST_LATENCY = gauge("kafka_schema_registry_jersey_metrics_request_latency_99", REQUESTS, "request-latency-99")
        .unit(Unit::Milliseconds),
        "Latency of requests, 99th percentile.";
}

/// Metrics of a Schema Registry.
pub const AGENT: AgentMetrics = AgentMetrics(&[ALL, jvm::ALL]);
