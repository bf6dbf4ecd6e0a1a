//! Metrics of a `ZooKeeper` ensemble, and of the brokers' sessions with it.

use super::{AgentMetrics, Metric, Unit, counter, gauge, jvm, table};

table! {
    /// Metrics of a broker of a cluster on `ZooKeeper`.
    SESSION:
    SESSION_STATE = gauge(
        "kafka_server_sessionexpirelistener_sessionstate",
        "kafka.server:type=SessionExpireListener,name=SessionState", "Value={state}",
    ).between(1.0, 1.0), "State of the broker's session: CONNECTED, CONNECTING and others.";
    SESSION_EXPIRES = counter(
        "kafka_server_sessionexpirelistener_zookeeperexpires_total",
        "kafka.server:type=SessionExpireListener,name=ZooKeeperExpiresPerSec", "Count",
    ), "Expired sessions: the broker left the cluster until it had a new one.";
    REQUEST_LATENCY = gauge(
        "kafka_server_zookeeperclientmetrics_zookeeperrequestlatencyms",
        "kafka.server:type=ZooKeeperClientMetrics,name=ZooKeeperRequestLatencyMs", "{quantile:99}thPercentile",
    ).unit(Unit::Milliseconds), "Latency of the broker's requests to the ensemble.";
}

/// The bean of the server's role, which exists while the server has a role.
const ROLE: &str = "org.apache.ZooKeeperService:name0=ReplicatedServer_id*,name1=replica.*,name2=*";

table! {
    /// Metrics of a server of the ensemble.
    SERVER:
    SERVER_STATE = gauge(
        "zookeeper_server_state", "org.apache.ZooKeeperService:name0=ReplicatedServer_id*,name1=replica.*", "State={state}",
    ).between(1.0, 1.0), "Role of this server: leading, following, leaderelection and others.";
    OUTSTANDING_REQUESTS = gauge("zookeeper_outstanding_requests", ROLE, "OutstandingRequests"),
        "Requests that wait for a response.";
    ALIVE_CONNECTIONS = gauge("zookeeper_alive_connections", ROLE, "NumAliveConnections"),
        "Open client connections.";
    ZNODES = gauge(
        "zookeeper_znodes",
        "org.apache.ZooKeeperService:name0=ReplicatedServer_id*,name1=replica.*,name2=*,name3=InMemoryDataTree",
        "NodeCount",
    ), "Znodes in memory.";
}

/// Metrics of a server of the ensemble.
pub const AGENT: AgentMetrics = AgentMetrics(&[SERVER, jvm::ALL]);
