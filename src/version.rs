//! Release lines of Apache Kafka.

use std::fmt;

/// A release line of Apache Kafka that this crate knows, and what it supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// The last line with ZooKeeper, and the bridge to 4.x.
    V3_9,
    /// The first line without ZooKeeper.
    V4_0,
    /// Eligible leader replicas on by default in new clusters.
    V4_1,
    /// Share groups.
    V4_2,
    /// The newest line.
    V4_3,
}

impl Version {
    /// All lines, oldest first.
    pub const ALL: [Self; 5] = [Self::V3_9, Self::V4_0, Self::V4_1, Self::V4_2, Self::V4_3];

    /// Whether a broker can use ZooKeeper: it was removed in 4.0.
    pub const fn supports_zookeeper(self) -> bool {
        matches!(self, Self::V3_9)
    }

    /// Whether the line has the internal topic of share groups, whose replication factor must fit the brokers.
    pub const fn has_share_groups(self) -> bool {
        !matches!(self, Self::V3_9)
    }

    /// The line as Kafka writes it, such as `4.3`.
    pub const fn line(self) -> &'static str {
        match self {
            Self::V3_9 => "3.9",
            Self::V4_0 => "4.0",
            Self::V4_1 => "4.1",
            Self::V4_2 => "4.2",
            Self::V4_3 => "4.3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.line())
    }
}
