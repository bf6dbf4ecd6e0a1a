//! How much of each broker a client may use.

use crate::quantity::ByteRate;

/// How much of each broker a client may use. A broker delays its answers to a client that uses more.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let quota = Quota::new().produce(5.mebibytes_per_second()).request_percentage(200);
/// # let _ = quota;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Quota {
    produce: Option<ByteRate>,
    consume: Option<ByteRate>,
    request_percentage: Option<u32>,
}

impl Quota {
    /// No limit yet.
    pub const fn new() -> Self {
        Self {
            produce: None,
            consume: None,
            request_percentage: None,
        }
    }

    /// `producer_byte_rate`: what it may write to one broker.
    pub const fn produce(mut self, rate: ByteRate) -> Self {
        self.produce = Some(rate);
        self
    }

    /// `consumer_byte_rate`: what it may read from one broker.
    pub const fn consume(mut self, rate: ByteRate) -> Self {
        self.consume = Some(rate);
        self
    }

    /// `request_percentage`: how much time of a broker's threads it may use; 100 is one thread.
    pub const fn request_percentage(mut self, percentage: u32) -> Self {
        self.request_percentage = Some(percentage);
        self
    }

    /// Kafka's names of the limits, and their values.
    pub(crate) fn limits(self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("consumer_byte_rate", self.consume.map(ByteRate::get)),
            ("producer_byte_rate", self.produce.map(ByteRate::get)),
            ("request_percentage", self.request_percentage.map(u64::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}
