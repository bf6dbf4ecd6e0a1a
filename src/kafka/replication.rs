use std::fmt;

use crate::{
    construct::Check,
    diagnostics::{Location, Profile, Rule, rules::durability},
};

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

/// The part of a construct that a shared check is about, and the builder call that fixes it.
pub(super) struct Where<'a> {
    pub(super) item: &'a str,
    pub(super) location: Location,
    pub(super) call: &'a str,
}

impl Where<'_> {
    fn report(&self, check: &mut Check<'_>, rule: &'static Rule, message: String, hint: String) {
        check.report(rule, message, |finding| {
            finding.item(self.item).at(self.location).hint(hint);
        });
    }
}

/// Compares the replication factor with the number of brokers and with `min.insync.replicas`.
pub(super) fn check_replication(
    check: &mut Check<'_>,
    replication: Replication,
    brokers: Option<u32>,
    place: &Where<'_>,
) {
    let Replication {
        factor,
        min_in_sync_replicas,
    } = replication;
    let call = place.call;
    let three = format!("use `Replication::new(3, 2)` in `{call}`, with three brokers or more");
    // `min.insync.replicas` of 1 is fine for development only.
    let development = check.context().profile == Profile::Development;
    let one_below = |factor: u16| {
        let factor = brokers.map_or(factor, |brokers| factor.min(u16::try_from(brokers).unwrap_or(factor)));
        match factor {
            0..3 if !development => three.clone(),
            factor => format!(
                "use `Replication::new({factor}, {})` in `{call}`",
                factor.saturating_sub(1).max(1)
            ),
        }
    };
    if factor == 0 || min_in_sync_replicas == 0 {
        place.report(
            check,
            &durability::NO_COPY,
            format!("replication factor {factor} with min.insync.replicas {min_in_sync_replicas}"),
            format!("use `Replication::for_brokers(…)` or `Replication::new(3, 2)` in `{call}`"),
        );
        return;
    }
    // A cluster without brokers is reported elsewhere.
    if let Some(brokers) = brokers.filter(|&brokers| brokers > 0)
        && u32::from(factor) > brokers
    {
        place.report(
            check,
            &durability::FACTOR_ABOVE_BROKERS,
            format!(
                "replication factor {factor} with {brokers} broker{}",
                if brokers == 1 { "" } else { "s" }
            ),
            format!("lower it in `{call}` to at most {brokers}, or add brokers to the pool"),
        );
    }
    if min_in_sync_replicas > factor {
        place.report(
            check,
            &durability::MIN_IN_SYNC_ABOVE_FACTOR,
            format!("min.insync.replicas {min_in_sync_replicas} exceeds the replication factor {factor}"),
            one_below(factor),
        );
    } else if min_in_sync_replicas == factor && factor > 1 {
        place.report(
            check,
            &durability::MIN_IN_SYNC_IS_FACTOR,
            format!("min.insync.replicas {min_in_sync_replicas} is the replication factor: any restart stops writes"),
            one_below(factor),
        );
    }
    if factor <= 1 || min_in_sync_replicas <= 1 {
        place.report(
            check,
            &durability::SINGLE_COPY,
            if factor <= 1 {
                format!("replication factor {factor}: a lost broker loses its records")
            } else {
                format!("min.insync.replicas {min_in_sync_replicas}: a record may be acknowledged when only one replica has it")
            },
            three,
        );
    }
}
