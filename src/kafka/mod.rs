//! Clusters, node pools, listeners, topics, and client settings.

pub(crate) mod alerts;
mod boards;
mod capacity;
mod check;
mod client;
mod cluster;
mod connection;
mod construct;
mod features;
mod handle;
mod job;
mod listener;
mod log_defaults;
mod migration;
mod monitored;
mod pool;
mod render;
mod replication;
mod restart_gate;
mod server;
mod teams;
mod topic;
mod topics;

pub(crate) use client::ClientFile;
pub use client::{Clients, Consumer, Producer};
pub use cluster::KafkaCluster;
pub use connection::{ClientRole, ClientSettings};
pub use handle::{KafkaHandle, Mode};
pub use listener::Listener;
pub use migration::Migration;
pub use pool::{NodePool, Roles};
pub use replication::{Compression, Replication};
pub(crate) use teams::TeamFile;
pub use teams::{Team, TeamFiles};
pub use topic::{Cleanup, Retention, Topic, TopicHandle};
pub use topics::{Topics, TopicsHandle};
