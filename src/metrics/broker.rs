//! Metrics of brokers.

use super::{AgentMetrics, Metric, Unit, controller, counter, gauge, jvm, table, zookeeper};

const METADATA_BEAN: &str = "kafka.server:type=broker-metadata-metrics";

table! {
    /// Metrics of a broker of a KRaft cluster: how it follows the metadata log.
    METADATA:
    METADATA_LAG = gauge(
        "kafka_server_brokermetadatametrics_last_applied_record_lag_ms", METADATA_BEAN, "last-applied-record-lag-ms",
    ).unit(Unit::Milliseconds), "Age of the last metadata record that this broker applied; below 1 s in a healthy cluster.";
    METADATA_LOAD_ERRORS = gauge(
        "kafka_server_brokermetadatametrics_metadata_load_error_count", METADATA_BEAN, "metadata-load-error-count",
    ), "Errors while this broker loaded the metadata log; anything but 0 is a defect.";
    METADATA_APPLY_ERRORS = gauge(
        "kafka_server_brokermetadatametrics_metadata_apply_error_count", METADATA_BEAN, "metadata-apply-error-count",
    ), "Errors while this broker applied metadata; anything but 0 is a defect.";
}

table! {
    /// Metrics of each partition: one series of each replica, so only where the cluster asks for them.
    PARTITIONS:
    LOG_SIZE = gauge(
        "kafka_log_log_size",
        "kafka.log:type=Log,name=Size,topic={topic},partition={partition}", "Value",
    ).unit(Unit::Bytes), "Size on disk of a partition's replica on this broker.";
}

table! {
    /// Metrics of every broker. A metric that exists both for all topics together and for each topic has two names, so
    /// that a sum counts nothing twice.
    ///
    /// The rows with the most series come first, because the agent tries the rules in this order.
    COMMON:

    TOPIC_BYTES_IN = counter(
        "kafka_server_brokertopicmetrics_topic_bytesin_total",
        "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec,topic={topic}", "Count",
    ).unit(Unit::Bytes), "Bytes that clients produced to the topic.";
    TOPIC_BYTES_OUT = counter(
        "kafka_server_brokertopicmetrics_topic_bytesout_total",
        "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec,topic={topic}", "Count",
    ).unit(Unit::Bytes), "Bytes that consumers fetched from the topic.";
    TOPIC_MESSAGES_IN = counter(
        "kafka_server_brokertopicmetrics_topic_messagesin_total",
        "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec,topic={topic}", "Count",
    ), "Records that clients produced to the topic.";

    UNDER_REPLICATED = gauge(
        "kafka_server_replicamanager_underreplicatedpartitions",
        "kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions", "Value",
    ), "Partitions led by this broker with fewer in-sync replicas than assigned.";
    UNDER_MIN_ISR = gauge(
        "kafka_server_replicamanager_underminisrpartitioncount",
        "kafka.server:type=ReplicaManager,name=UnderMinIsrPartitionCount", "Value",
    ), "Partitions led by this broker below `min.insync.replicas`: writes with `acks=all` fail.";
    AT_MIN_ISR = gauge(
        "kafka_server_replicamanager_atminisrpartitioncount",
        "kafka.server:type=ReplicaManager,name=AtMinIsrPartitionCount", "Value",
    ), "Partitions led by this broker at `min.insync.replicas`: one more failure stops writes.";
    LEADERS = gauge(
        "kafka_server_replicamanager_leadercount",
        "kafka.server:type=ReplicaManager,name=LeaderCount", "Value",
    ), "Partitions that this broker leads.";
    LATE_TRANSACTIONS = gauge(
        "kafka_server_replicamanager_partitionswithlatetransactionscount",
        "kafka.server:type=ReplicaManager,name=PartitionsWithLateTransactionsCount", "Value",
    ), "Partitions with a transaction that is open for longer than its timeout: `read_committed` consumers wait.";
    ISR_SHRINKS = counter(
        "kafka_server_replicamanager_isrshrinks_total",
        "kafka.server:type=ReplicaManager,name=IsrShrinksPerSec", "Count",
    ), "Times that a leader on this broker took a replica out of the ISR.";
    ISR_EXPANDS = counter(
        "kafka_server_replicamanager_isrexpands_total",
        "kafka.server:type=ReplicaManager,name=IsrExpandsPerSec", "Count",
    ), "Times that a leader on this broker took a replica back into the ISR.";
    FETCHER_LAG = gauge(
        "kafka_server_replicafetchermanager_maxlag",
        "kafka.server:type=ReplicaFetcherManager,name=MaxLag,clientId=Replica", "Value",
    ), "Lag, in records, of the slowest follower on this broker behind its leader.";
    FAILED_FETCHES = gauge(
        "kafka_server_replicafetchermanager_failedpartitionscount",
        "kafka.server:type=ReplicaFetcherManager,name=FailedPartitionsCount,clientId=Replica", "Value",
    ), "Partitions that this broker stopped replicating after an error.";

    BYTES_IN = counter(
        "kafka_server_brokertopicmetrics_bytesin_total",
        "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec", "Count",
    ).unit(Unit::Bytes), "Bytes that clients produced.";
    BYTES_OUT = counter(
        "kafka_server_brokertopicmetrics_bytesout_total",
        "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec", "Count",
    ).unit(Unit::Bytes), "Bytes that consumers fetched, without replication.";
    REPLICATION_BYTES_IN = counter(
        "kafka_server_brokertopicmetrics_replicationbytesin_total",
        "kafka.server:type=BrokerTopicMetrics,name=ReplicationBytesInPerSec", "Count",
    ).unit(Unit::Bytes), "Bytes that followers on this broker fetched from their leaders.";
    MESSAGES_IN = counter(
        "kafka_server_brokertopicmetrics_messagesin_total",
        "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec", "Count",
    ), "Records that clients produced.";
    FAILED_PRODUCE = counter(
        "kafka_server_brokertopicmetrics_failedproducerequests_total",
        "kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec", "Count",
    ), "Produce requests that failed, once for each partition.";
    FAILED_FETCH = counter(
        "kafka_server_brokertopicmetrics_failedfetchrequests_total",
        "kafka.server:type=BrokerTopicMetrics,name=FailedFetchRequestsPerSec", "Count",
    ), "Fetch requests that failed, once for each partition.";

    TOTAL_TIME = gauge(
        "kafka_network_requestmetrics_totaltimems",
        "kafka.network:type=RequestMetrics,name=TotalTimeMs,request={request:Produce|FetchConsumer|FetchFollower}",
        "{quantile:50|95|99|999}thPercentile",
    ).unit(Unit::Milliseconds), "Time from a request's arrival to its response; the last value stays when requests stop.";
    REQUESTS = counter(
        "kafka_network_requestmetrics_totaltimems_count_total",
        "kafka.network:type=RequestMetrics,name=TotalTimeMs,request={request:Produce|FetchConsumer|FetchFollower}",
        "Count",
    ), "Requests answered.";
    REQUEST_QUEUE_TIME = gauge(
        "kafka_network_requestmetrics_requestqueuetimems",
        "kafka.network:type=RequestMetrics,name=RequestQueueTimeMs,request={request:Produce|FetchConsumer|FetchFollower}",
        "{quantile:99}thPercentile",
    ).unit(Unit::Milliseconds), "Time that requests waited for a handler thread.";
    LOCAL_TIME = gauge(
        "kafka_network_requestmetrics_localtimems",
        "kafka.network:type=RequestMetrics,name=LocalTimeMs,request={request:Produce|FetchConsumer|FetchFollower}",
        "{quantile:99}thPercentile",
    ).unit(Unit::Milliseconds), "Time that the broker itself took for a request, such as to append to its log.";
    REMOTE_TIME = gauge(
        "kafka_network_requestmetrics_remotetimems",
        "kafka.network:type=RequestMetrics,name=RemoteTimeMs,request={request:Produce|FetchConsumer|FetchFollower}",
        "{quantile:99}thPercentile",
    ).unit(Unit::Milliseconds), "Time that requests waited for other brokers or for more data.";
    ERRORS = counter(
        "kafka_network_requestmetrics_errors_total",
        "kafka.network:type=RequestMetrics,name=ErrorsPerSec,request={request},error={error}", "Count",
    ), "Responses with an error.";
    HANDLER_IDLE = gauge(
        "kafka_server_kafkarequesthandlerpool_requesthandleravgidlepercent",
        "kafka.server:type=KafkaRequestHandlerPool,name=RequestHandlerAvgIdlePercent", "OneMinuteRate",
    ).unit(Unit::Ratio), "Share of the time in which handler threads are idle.";
    NETWORK_IDLE = gauge(
        "kafka_network_socketserver_networkprocessoravgidlepercent",
        "kafka.network:type=SocketServer,name=NetworkProcessorAvgIdlePercent", "Value",
    ).unit(Unit::Ratio), "Share of the time in which network threads are idle; it rises after a start.";
    BROKER_HANDLER_IDLE = gauge(
        "kafka_server_kafkarequesthandlerpool_brokerrequesthandleravgidlepercent",
        "kafka.server:type=KafkaRequestHandlerPool,name=BrokerRequestHandlerAvgIdlePercent", "OneMinuteRate",
    ).unit(Unit::Ratio), "Share of the time in which the broker's own handler threads are idle; from Kafka 4.2 on.";
    IO_WAIT = gauge(
        "kafka_server_socketservermetrics_io_wait_ratio",
        "kafka.server:type=socket-server-metrics,listener={listener},networkProcessor={network_processor}",
        "io-wait-ratio",
    ).unit(Unit::Ratio), "Share of the time in which a network thread waits for requests.";
    CONNECTIONS = gauge(
        "kafka_server_socketservermetrics_connection_count",
        "kafka.server:type=socket-server-metrics,listener={listener},networkProcessor={network_processor}",
        "connection-count",
    ), "Open connections, by listener and network thread.";
    BROKER_STATE = gauge(
        "kafka_server_kafkaserver_brokerstate",
        "kafka.server:type=KafkaServer,name=BrokerState", "Value",
    ), "1 starting, 2 recovery, 3 running, 6 pending controlled shutdown, 7 shutting down.";

    OFFLINE_LOG_DIRECTORIES = gauge(
        "kafka_log_logmanager_offlinelogdirectorycount",
        "kafka.log:type=LogManager,name=OfflineLogDirectoryCount", "Value",
    ), "Log directories that failed.";
    LOG_FLUSH_TIME = gauge(
        "kafka_log_logflushstats_logflushrateandtimems",
        "kafka.log:type=LogFlushStats,name=LogFlushRateAndTimeMs", "{quantile:99}thPercentile",
    ).unit(Unit::Milliseconds), "Time that flushes to disk took.";
    DEAD_CLEANERS = gauge(
        "kafka_log_logcleaner_deadthreadcount",
        "kafka.log:type=LogCleaner,name=DeadThreadCount", "Value",
    ), "Log cleaner threads that died: compacted topics, such as consumer offsets, grow without limit.";
}

/// Metrics of a node of a KRaft cluster that is a broker, or both broker and controller.
pub const AGENT: AgentMetrics = AgentMetrics(&[
    COMMON,
    METADATA,
    controller::COMMON,
    controller::KRAFT,
    controller::QUORUM,
    jvm::ALL,
]);

/// The same with [`PARTITIONS`].
pub const AGENT_BY_PARTITION: AgentMetrics = AgentMetrics(&[
    PARTITIONS,
    COMMON,
    METADATA,
    controller::COMMON,
    controller::KRAFT,
    controller::QUORUM,
    jvm::ALL,
]);

/// Metrics of a broker of a cluster on `ZooKeeper`.
pub const ZOOKEEPER_MODE_AGENT: AgentMetrics =
    AgentMetrics(&[COMMON, controller::COMMON, zookeeper::SESSION, jvm::ALL]);

/// The same with [`PARTITIONS`].
pub const ZOOKEEPER_MODE_AGENT_BY_PARTITION: AgentMetrics =
    AgentMetrics(&[PARTITIONS, COMMON, controller::COMMON, zookeeper::SESSION, jvm::ALL]);

/// The metrics of a broker, with KRaft or without it, with those of each partition or without them.
pub(crate) const fn agent(kraft: bool, partitions: bool) -> AgentMetrics {
    match (kraft, partitions) {
        (true, false) => AGENT,
        (true, true) => AGENT_BY_PARTITION,
        (false, false) => ZOOKEEPER_MODE_AGENT,
        (false, true) => ZOOKEEPER_MODE_AGENT_BY_PARTITION,
    }
}
