//! How the nodes of a pool keep their metadata: in ZooKeeper, with controllers, or on the way.

use super::{
    cluster::{Coordination, KafkaCluster},
    migration::Migration,
    pool::{NodePool, Roles},
};
use crate::zookeeper::ZooKeeperHandle;

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
