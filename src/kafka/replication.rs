use std::fmt;

/// How many copies of a partition exist, and how many of them must have a record before it counts as written.
///
/// The two belong together: a record survives the loss of `min_in_sync_replicas - 1` brokers, and writing goes on while
/// `factor - min_in_sync_replicas` are away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    /// The replication factor.
    pub factor: u16,
    /// `min.insync.replicas`.
    pub min_in_sync_replicas: u16,
}

impl Replication {
    /// A replication factor with `min.insync.replicas`.
    pub const fn new(factor: u16, min_in_sync_replicas: u16) -> Self {
        Self {
            factor,
            min_in_sync_replicas,
        }
    }

    /// What fits a number of brokers: three copies of which two must be in sync, or as many copies as there are brokers.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// assert_eq!(Replication::for_brokers(5), Replication::new(3, 2));
    /// assert_eq!(Replication::for_brokers(1), Replication::new(1, 1));
    /// ```
    pub const fn for_brokers(brokers: u32) -> Self {
        match brokers {
            0 | 1 => Self::new(1, 1),
            2 => Self::new(2, 1),
            _ => Self::new(3, 2),
        }
    }
}

/// How record batches are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Uncompressed,
    /// Fast, for text and JSON about half the size.
    Snappy,
    /// Fast and slightly smaller.
    Lz4,
    /// Smaller, at more processor time.
    Zstd,
    /// Small and slow.
    Gzip,
}

impl Compression {
    /// As producers call it, who say `none` where topics say `uncompressed`.
    pub(crate) fn of_producer(self) -> String {
        match self {
            Self::Uncompressed => "none".to_owned(),
            other => other.to_string(),
        }
    }
}

/// As brokers and topics call it.
impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uncompressed => "uncompressed",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        })
    }
}
