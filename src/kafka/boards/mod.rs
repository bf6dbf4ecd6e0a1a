//! The dashboards of a cluster.

mod brokers;
mod overview;
mod quorum;

use super::{KafkaHandle, Mode};
use crate::observability::{Board, Sources, panels::Queries};

/// One file per dashboard; the ensemble of a cluster on ZooKeeper has its own dashboard.
pub(super) fn boards(kafka: &KafkaHandle, sources: &Sources) -> Vec<Board> {
    let queries = Queries(sources);
    match kafka.mode() {
        // Only the exporter knows anything about it, and the exporter is part of its monitoring.
        Mode::External => Vec::new(),
        Mode::Kraft => vec![
            overview::board(kafka, &queries),
            brokers::board(kafka, &queries),
            quorum::board(&queries),
        ],
        Mode::ZooKeeper => vec![overview::board(kafka, &queries), brokers::board(kafka, &queries)],
    }
}
