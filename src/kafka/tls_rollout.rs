//! From an open cluster to a closed one, while it runs.

/// The phases in which a running cluster gets TLS between its nodes, each of which is a change of its own: merge one, wait until all of its
/// pods have restarted and are ready, then merge the next.
///
/// A node that has restarted and one that has not must reach each other, so no phase changes a listener that a node connects to. What
/// nodes connect to is a listener that all of them had before: that of controllers is `QUORUM` on port 9089 meanwhile, and that of
/// brokers is `PLATFORM`. `docs/security.md` has the whole way, with what to look for between the phases and how to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsRollout {
    /// TLS is offered beside plaintext. Everything still connects in plaintext, the stack's own components too.
    Offered,
    /// Nodes connect to each other by TLS, and so do the stack's own components. Plaintext is still there for nodes that have not
    /// restarted, and for clients that have not moved.
    Used,
    /// Nothing is served in plaintext. The listeners `CONTROLLER` and `REPLICATION`, which no one uses now, get TLS.
    Closed,
    /// Nodes connect to `CONTROLLER` and `REPLICATION` again. After this phase the cluster needs
    /// [`KafkaCluster::internal_tls`](super::KafkaCluster::internal_tls) alone, which removes `QUORUM`.
    Returned,
}

impl TlsRollout {
    /// All phases, in their order.
    pub const ALL: [Self; 4] = [Self::Offered, Self::Used, Self::Closed, Self::Returned];
}
