//! The dashboards of a cluster.

mod brokers;
mod overview;
mod quorum;

use super::{
    KafkaHandle, Listener, Mode,
    alerts::broker::{idle_handlers, idle_network},
};
use crate::{
    metrics::{broker, controller},
    observability::{BY, Board, Sources, panels::Queries, though_lost},
};

/// What the dashboards need to know of a cluster.
struct Cluster<'a> {
    /// The job of its nodes.
    job: &'a str,
    /// How many brokers are declared.
    brokers: Option<u32>,
    /// The dashboard of what coordinates it, and its title.
    coordination: Option<(&'static str, &'static str)>,
    /// The idle shares of request handlers and of network threads, by pod.
    idle: [Option<String>; 2],
}

/// One file per dashboard; the ensemble of a cluster on ZooKeeper has its own dashboard.
pub(super) fn boards(kafka: &KafkaHandle, sources: &Sources) -> Vec<Board> {
    let queries = Queries::new(sources);
    let coordination = match kafka.mode() {
        // Only the exporter knows anything about it, and the exporter is part of its monitoring.
        Mode::External => return Vec::new(),
        Mode::Kraft => ("quorum", "Quorum"),
        Mode::ZooKeeper => ("zookeeper", "ZooKeeper"),
    };
    let cluster = Cluster {
        job: kafka.name(),
        brokers: kafka.brokers(),
        coordination: Some(coordination),
        idle: [
            idle_handlers(kafka).and_then(|metric| queries.gauge("min by (pod)", metric, &[])),
            idle_network(kafka, sources, BY),
        ],
    };
    let mut boards = vec![overview::board(&cluster, &queries), brokers::board(&cluster, &queries)];
    if kafka.mode() == Mode::Kraft {
        boards.push(quorum::board(cluster.job, &queries));
    }
    boards
}

/// The dashboards of whatever cluster is chosen.
pub(crate) fn boards_of_any(sources: &Sources) -> Vec<Board> {
    let queries = Queries::new(sources);
    let cluster = Cluster {
        job: "",
        brokers: None,
        coordination: None,
        idle: idle_of_any(&queries).map_or([None, None], |idle| idle.map(Some)),
    };
    vec![
        overview::board(&cluster, &queries),
        brokers::board(&cluster, &queries),
        quorum::board(cluster.job, &queries),
    ]
}

/// As for one cluster: where a node is also a controller, the shares of the whole process contain those of its idle controller. There
/// handlers have a metric of the broker's own from Kafka 4.2 on, and network threads are told apart by listener. What makes a node a
/// controller is that it exports a metric of controllers alone; `FencedBrokerCount` is also one of brokers with `ZooKeeper`.
fn idle_of_any(queries: &Queries<'_>) -> Option<[String; 2]> {
    let of = |metric| queries.series(metric, &[]);
    let controllers = of(&controller::LAST_APPLIED_LAG)?;
    let plain = |metric| {
        Some(format!(
            "(min by (pod) ({}) unless on (pod) {controllers})",
            of(metric)?
        ))
    };
    // As the alert looks at them.
    let waits = though_lost(of(&broker::IO_WAIT)?.not_equal("listener", Listener::CONTROLLER.0));
    let (free, nodes) = (though_lost(of(&broker::NETWORK_IDLE)?), though_lost(&controllers));
    Some([
        format!(
            "min by (pod) ({}) or {}",
            of(&broker::BROKER_HANDLER_IDLE)?,
            plain(&broker::HANDLER_IDLE)?
        ),
        format!(
            "min by (pod) (avg by (pod, listener) ({waits} and on (pod) {nodes})) or (min by (pod) ({free}) unless on (pod) {nodes})"
        ),
    ])
}
