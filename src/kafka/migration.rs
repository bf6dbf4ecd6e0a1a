//! From ZooKeeper to KRaft (KIP-866), with Kafka 3.9.

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
