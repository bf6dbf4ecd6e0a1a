//! Pods, and the sets that they form.

use kafka_stacks::prelude::*;

use super::{
    case::{Case, Sound, calls},
    with,
};

pub(super) fn broken() -> Vec<Case> {
    vec![calls(
        "a ZooKeeper ensemble of two",
        with(ZooKeeper::new("zookeeper", 2)),
        &["ZooKeeper::new(…, 3)"],
        with(ZooKeeper::new("zookeeper", 3)),
    )]
}

pub(super) fn sound() -> Vec<Sound> {
    use rules::pod;
    vec![(&pod::ENSEMBLE, with(ZooKeeper::new("zookeeper", 3)))]
}
