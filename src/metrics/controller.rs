//! Metrics of controllers and of their quorum.

use super::{AgentMetrics, Metric, Unit, counter, gauge, jvm, table};

table! {
    /// Metrics of every controller; in a cluster on `ZooKeeper`, of every broker. Each of them reports on the whole
    /// cluster, so aggregate with `max`, but active controllers with `sum`.
    COMMON:
    ACTIVE_CONTROLLERS = gauge(
        "kafka_controller_kafkacontroller_activecontrollercount",
        "kafka.controller:type=KafkaController,name=ActiveControllerCount", "Value",
    ).between(0.0, 1.0), "1 on the active controller, 0 on all other nodes.";
    OFFLINE_PARTITIONS = gauge(
        "kafka_controller_kafkacontroller_offlinepartitionscount",
        "kafka.controller:type=KafkaController,name=OfflinePartitionsCount", "Value",
    ), "Partitions without a leader: clients can neither write to them nor read from them.";
    PREFERRED_REPLICA_IMBALANCE = gauge(
        "kafka_controller_kafkacontroller_preferredreplicaimbalancecount",
        "kafka.controller:type=KafkaController,name=PreferredReplicaImbalanceCount", "Value",
    ), "Partitions whose leader is not the preferred replica.";
    PARTITIONS = gauge(
        "kafka_controller_kafkacontroller_globalpartitioncount",
        "kafka.controller:type=KafkaController,name=GlobalPartitionCount", "Value",
    ), "Partitions in the cluster.";
    ACTIVE_BROKERS = gauge(
        "kafka_controller_kafkacontroller_activebrokercount",
        "kafka.controller:type=KafkaController,name=ActiveBrokerCount", "Value",
    ), "Brokers that are registered and not fenced.";
    FENCED_BROKERS = gauge(
        "kafka_controller_kafkacontroller_fencedbrokercount",
        "kafka.controller:type=KafkaController,name=FencedBrokerCount", "Value",
    ), "Brokers that are registered but fenced, for example after a crash.";
    UNCLEAN_ELECTIONS = counter(
        "kafka_controller_controllerstats_uncleanleaderelections_total",
        "kafka.controller:type=ControllerStats,name=UncleanLeaderElectionsPerSec", "Count",
    ), "Leaders elected from outside the ISR: acknowledged records may be lost.";
    EVENT_QUEUE_TIME = gauge(
        "kafka_controller_controllereventmanager_eventqueuetimems",
        "kafka.controller:type=ControllerEventManager,name=EventQueueTimeMs", "{quantile:99}thPercentile",
    ).unit(Unit::Milliseconds), "Time that events waited in the controller's queue.";
}

table! {
    /// Metrics of every controller of a KRaft cluster.
    KRAFT:
    METADATA_ERRORS = gauge(
        "kafka_controller_kafkacontroller_metadataerrorcount",
        "kafka.controller:type=KafkaController,name=MetadataErrorCount", "Value",
    ), "Errors while this controller processed the metadata log; anything but 0 is a defect.";
    LAST_APPLIED_LAG = gauge(
        "kafka_controller_kafkacontroller_lastappliedrecordlagms",
        "kafka.controller:type=KafkaController,name=LastAppliedRecordLagMs", "Value",
    ).unit(Unit::Milliseconds), "Age of the last metadata record that this controller applied.";
    TIMED_OUT_HEARTBEATS = counter(
        "kafka_controller_kafkacontroller_timedoutbrokerheartbeats_total",
        "kafka.controller:type=KafkaController,name=TimedOutBrokerHeartbeatCount", "Value",
    ), "Broker heartbeats that timed out on this controller.";
}

const RAFT: &str = "kafka.server:type=raft-metrics";

table! {
    /// Metrics of every node of a KRaft cluster, as a voter or an observer of the metadata quorum.
    QUORUM:
    CURRENT_LEADER = gauge("kafka_server_raftmetrics_current_leader", RAFT, "current-leader")
        .between(-1.0, f64::INFINITY),
        "Node id of the quorum leader that this node follows; -1 while it knows no leader.";
    CURRENT_EPOCH = gauge("kafka_server_raftmetrics_current_epoch", RAFT, "current-epoch"),
        "Epoch of the quorum; it grows with every election.";
    LOG_END_OFFSET = gauge("kafka_server_raftmetrics_log_end_offset", RAFT, "log-end-offset"),
        "End of this node's metadata log.";
    CURRENT_STATE = gauge("kafka_server_raftmetrics_current_state", RAFT, "current-state={state}").between(1.0, 1.0),
        "Role of this node in the quorum: leader, follower, candidate, observer and others.";
    COMMIT_LATENCY = gauge("kafka_server_raftmetrics_commit_latency_avg", RAFT, "commit-latency-avg")
        .unit(Unit::Milliseconds),
        "Mean time from append to commit of metadata records, on the leader.";
}

/// Metrics of a node of a KRaft cluster that is only a controller.
pub const AGENT: AgentMetrics = AgentMetrics(&[COMMON, KRAFT, QUORUM, jvm::ALL]);
