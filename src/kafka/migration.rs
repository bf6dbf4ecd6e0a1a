//! From ZooKeeper to KRaft (KIP-866), with Kafka 3.9.

use super::{
    cluster::{Coordination, KafkaCluster},
    pool::{NodePool, Roles},
};
use crate::zookeeper::ZooKeeperHandle;

/// The phases of a migration from ZooKeeper to KRaft, each of which is a change of its own: merge one, wait until its pods are ready
/// and what it says has happened, then merge the next.
///
/// `docs/upgrading.md` has the whole way, with what to look for between the phases and how to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Migration {
    /// Controllers start beside the brokers, and wait for them. No broker restarts.
    Provision,
    /// The brokers restart and register with the controllers, which copy the metadata out of ZooKeeper once the last broker has
    /// registered. From now on the controllers write to both.
    Migrate,
    /// The brokers restart without ZooKeeper. The controllers still write to both, so the way back is open.
    BrokersInKraft,
    /// The controllers restart without ZooKeeper. From now on there is no way back.
    Finalize,
}

impl Migration {
    /// All phases, in their order.
    pub const ALL: [Self; 4] = [Self::Provision, Self::Migrate, Self::BrokersInKraft, Self::Finalize];
}

/// How the nodes of a pool use ZooKeeper and the quorum of controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PoolMode<'a> {
    /// The ensemble that they connect to.
    pub(super) zookeeper: Option<&'a ZooKeeperHandle>,
    /// Whether they know the controllers: with the keys of the quorum.
    pub(super) quorum: bool,
    /// Whether they run in KRaft mode: with roles, and a formatted volume.
    pub(super) kraft: bool,
    /// Whether they take part in a migration: `zookeeper.metadata.migration.enable`.
    pub(super) migrating: bool,
}

impl KafkaCluster {
    pub(super) fn mode_of(&self, pool: &NodePool) -> PoolMode<'_> {
        let kraft = PoolMode {
            zookeeper: None,
            quorum: true,
            kraft: true,
            migrating: false,
        };
        let controller = pool.roles == Roles::Controller;
        match &self.coordination {
            Coordination::Kraft { .. } => kraft,
            Coordination::ZooKeeper(zookeeper) => PoolMode {
                zookeeper: Some(zookeeper),
                quorum: false,
                kraft: false,
                migrating: false,
            },
            Coordination::Migration { zookeeper, phase, .. } => match (controller, *phase) {
                (true, Migration::Provision | Migration::Migrate | Migration::BrokersInKraft) => PoolMode {
                    zookeeper: Some(zookeeper),
                    migrating: true,
                    ..kraft
                },
                (false, Migration::Provision) => PoolMode {
                    zookeeper: Some(zookeeper),
                    quorum: false,
                    kraft: false,
                    migrating: false,
                },
                (false, Migration::Migrate) => PoolMode {
                    zookeeper: Some(zookeeper),
                    quorum: true,
                    kraft: false,
                    migrating: true,
                },
                (true, Migration::Finalize) | (false, Migration::BrokersInKraft | Migration::Finalize) => kraft,
            },
        }
    }
}
