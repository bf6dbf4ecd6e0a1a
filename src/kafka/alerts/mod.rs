//! The alerts of a cluster, one file per subject; the most urgent first.

pub(super) mod broker;
mod certificates;
pub(crate) mod cluster;
mod controller;
mod dead_letters;
mod jobs;
mod scenarios;
mod storage;
pub(crate) mod texts;

pub(super) use self::{
    dead_letters::{ALL as OF_DEAD_LETTERS, scenarios as scenarios_of_dead_letters},
    jobs::{OF_PERMISSIONS, OF_TOPICS, scenarios as scenarios_of_topics},
    scenarios::scenarios,
};

use super::{KafkaHandle, Mode};
use crate::{
    observability::{Alert, OVERVIEW, Sources, of_table},
    quantity::Units,
};

pub(super) fn alerts(kafka: &KafkaHandle, sources: &Sources) -> Vec<Alert> {
    // The controllers have two dashboards, one for each mode.
    let controllers = match kafka.mode() {
        Mode::ZooKeeper => "zookeeper",
        Mode::Kraft | Mode::External => "quorum",
    };
    of_table(cluster::ALL, OVERVIEW, kafka, sources)
        .chain(of_table(controller::ALL, controllers, kafka, sources))
        .chain(of_table(broker::ALL, "brokers", kafka, sources))
        .chain(of_table(storage::ALL, "brokers", kafka, sources))
        .chain(of_table(certificates::ALL, OVERVIEW, kafka, sources))
        .chain(of_table(jobs::OF_FEATURES, OVERVIEW, kafka, sources))
        .map(|alert| match &*alert.name {
            // It is over at once, and what it did is not.
            "KafkaUncleanLeaderElection" => alert.keep_firing_for(1.hours()),
            _ => alert,
        })
        .collect()
}
