use std::fmt;

/// How many replicas a partition has, and how many of them must have a record before it is acknowledged.
///
/// The two belong together: a record survives the loss of `min_in_sync_replicas - 1` brokers, and writing goes on while
/// `factor - min_in_sync_replicas` are down.
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

    /// The default for a number of brokers: three replicas, of which two must be in sync, or as many replicas as there
    /// are brokers.
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
    /// The value for producers, where no compression is `none`; for topics it is `uncompressed`.
    pub(crate) fn of_producer(self) -> String {
        match self {
            Self::Uncompressed => "none".to_owned(),
            other => other.to_string(),
        }
    }
}

/// The value for brokers and topics.
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
