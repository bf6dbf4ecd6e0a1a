//! Metrics of Connect workers.

use super::{AgentMetrics, Metric, counter, gauge, jvm, table};

const WORKER: &str = "kafka.connect:type=connect-worker-metrics";
const OF_CONNECTOR: &str = "kafka.connect:type=connect-worker-metrics,connector={connector}";
const REBALANCE: &str = "kafka.connect:type=connect-worker-rebalance-metrics";
const ERRORS: &str = "kafka.connect:type=task-error-metrics,connector={connector},task={task}";
const SOURCE: &str = "kafka.connect:type=source-task-metrics,connector={connector},task={task}";
const SINK: &str = "kafka.connect:type=sink-task-metrics,connector={connector},task={task}";

table! {
    /// Metrics of a Connect worker. For metrics by connector, each worker reports its view of the whole group:
    /// aggregate with `max`.
    ALL:
    CONNECTORS = gauge("kafka_connect_worker_connector_count", WORKER, "connector-count"),
        "Connectors running on this worker.";
    RUNNING_TASKS = gauge(
        "kafka_connect_worker_connector_running_task_count", OF_CONNECTOR, "connector-running-task-count",
    ), "Running tasks of the connector.";
    FAILED_TASKS = gauge(
        "kafka_connect_worker_connector_failed_task_count", OF_CONNECTOR, "connector-failed-task-count",
    ), "Failed tasks of the connector; they are not restarted automatically.";
    REBALANCING = gauge("kafka_connect_worker_rebalance_rebalancing", REBALANCE, "rebalancing").between(0.0, 1.0),
        "1 while this worker rebalances, else 0.";
    REBALANCES = counter(
        "kafka_connect_worker_rebalance_completed_rebalances_total", REBALANCE, "completed-rebalances-total",
    ), "Rebalances that this worker completed.";
    CONNECTOR_STATUS = gauge(
        "kafka_connect_connector_status", "kafka.connect:type=connector-metrics,connector={connector}", "status={status}",
    ).between(1.0, 1.0), "State of a connector on the worker that runs it: running, paused, failed and others.";
    RECORD_ERRORS = counter("kafka_connect_task_error_record_errors_total", ERRORS, "total-record-errors"),
        "Records that the task failed to handle, before retries.";
    RECORDS_SKIPPED = counter("kafka_connect_task_error_records_skipped_total", ERRORS, "total-records-skipped"),
        "Records that the task skipped after an error.";
    DEAD_LETTERS = counter(
        "kafka_connect_task_error_deadletterqueue_produce_requests_total", ERRORS, "deadletterqueue-produce-requests",
    ), "Records sent to the dead letter queue.";
    SOURCE_RECORDS = counter("kafka_connect_source_task_record_write_total", SOURCE, "source-record-write-total"),
        "Records that the source task wrote to Kafka.";
    SINK_RECORDS = counter("kafka_connect_sink_task_record_send_total", SINK, "sink-record-send-total"),
        "Records that the sink task gave to its connector.";
}

/// Metrics of a Connect worker.
pub const AGENT: AgentMetrics = AgentMetrics(&[ALL, jvm::ALL]);
