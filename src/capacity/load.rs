use crate::quantity::{ByteRate, Bytes, Percent, RecordRate};

/// What producers write to a topic, or to all topics of a cluster, and who reads it. Give the highest rate that lasts
/// for minutes, not the average of a day.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let calls = Load::new(20_000.records_per_second(), 600.bytes()).compressed_to(40.percent()).consumer_groups(3);
/// assert_eq!(calls.stored(), 4_800_000);
/// # let _ = Topic::new("call.events", 24, Cleanup::delete_after(7.days())).load(calls);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Load {
    pub(crate) records: RecordRate,
    pub(crate) size: Bytes,
    pub(crate) compressed_to: Option<Percent>,
    pub(crate) groups: Option<u16>,
}

impl Load {
    /// Records per second, and the size of one before compression: key, value, headers, and the dozen bytes or so that
    /// a record adds to its batch.
    pub const fn new(records: RecordRate, size: Bytes) -> Self {
        Self {
            records,
            size,
            compressed_to: None,
            groups: None,
        }
    }

    /// The size after compression, as a percentage of the size before. Measure it: it is `compression-rate-avg` of a
    /// producer. By default records are counted uncompressed, and the report says that the ratio is unknown.
    pub const fn compressed_to(mut self, share: Percent) -> Self {
        self.compressed_to = Some(share);
        self
    }

    /// How many consumer groups read it. By default only followers are counted as readers, and the report says so.
    pub const fn consumer_groups(mut self, groups: u16) -> Self {
        self.groups = Some(groups);
        self
    }

    /// Bytes per second as they are sent, stored and replicated: compressed once, by the producer.
    pub fn stored(&self) -> u128 {
        let sent = u128::from(self.records.get()) * u128::from(self.size.get());
        match self.compressed_to {
            // The product of two realistic 64-bit numbers and a percentage does not overflow.
            Some(share) => sent.saturating_mul(u128::from(share.thousandths())).div_ceil(100_000),
            None => sent,
        }
    }
}

/// How much one core of a broker can handle from producers: a sustained rate with a reserve, replication and consumers
/// included.
///
/// Measurements of your own records, on your own machines and with your compression and encryption, are worth more than
/// any published figure: `CpuClass::Bytes(12.megabytes_per_second())`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuClass {
    /// Bytes per second per core.
    Bytes(ByteRate),
    /// Records per second per core.
    Records(RecordRate),
}

impl CpuClass {
    /// AWS Graviton3 as Amazon MSK Express rates it: 15.6 MB/s sustained from producers on the two cores of `m7g.large`
    /// up to 500 MB/s on the 64 of `m7g.16xlarge`, with TLS and three copies (Amazon MSK, quota for Express brokers).
    pub const MSK_EXPRESS_M7G: Self = Self::Bytes(ByteRate::from_kilobytes(7_800));

    /// Huawei Cloud's c6: at most 100,000 records/s on the four cores of `kafka.4u8g` (DMS for Kafka, specifications),
    /// of which 60 % are planned with, as Amazon MSK advises for processor time.
    pub const HUAWEI_DMS_C6: Self = Self::Records(RecordRate::new(15_000));
}
