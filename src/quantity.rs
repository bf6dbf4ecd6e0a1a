//! Amounts with their unit: bytes, processor time, durations, rates. `8.gib()`, `200.millicores()`, `7.days()`,
//! `10.gigabits_per_second()`.
//!
//! ```
//! use kafka_stacks::prelude::*;
//!
//! assert_eq!(8.gib().get(), 8 * 1024 * 1024 * 1024);
//! assert_eq!(8.gib().to_string(), "8Gi");
//! assert_eq!(1500.millicores().to_string(), "1500m");
//! assert_eq!(7.days().as_millis(), 604_800_000);
//! assert_eq!(10.gigabits_per_second(), 1250.megabytes_per_second());
//! ```

use std::fmt;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// A number of bytes. Kafka takes it as an integer, Kubernetes with a binary suffix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(u64);

impl Bytes {
    /// A constant: `512.mib()` where that can be called.
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// A constant: `1000.bytes()` where that can be called.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whole mebibytes, rounded down: the unit in which heaps are given to a JVM.
    pub const fn as_mib(self) -> u64 {
        self.0 >> 20
    }

    /// The same amount as Kubernetes writes it.
    pub fn quantity(self) -> Quantity {
        Quantity(self.to_string())
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, suffix) in [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{suffix}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), |sum, amount| Self(sum.0.saturating_add(amount.0)))
    }
}

impl std::ops::Mul<u64> for Bytes {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// Processor time in thousandths of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cpu(u64);

impl Cpu {
    /// A constant: `200.millicores()` where that can be called.
    pub const fn from_millicores(millicores: u64) -> Self {
        Self(millicores)
    }

    /// Thousandths of a core.
    pub const fn millicores(self) -> u64 {
        self.0
    }

    /// The same amount as Kubernetes writes it.
    pub fn quantity(self) -> Quantity {
        Quantity(self.to_string())
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1000) {
            write!(f, "{}", self.0 / 1000)
        } else {
            write!(f, "{}m", self.0)
        }
    }
}

impl std::iter::Sum for Cpu {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), |sum, amount| Self(sum.0.saturating_add(amount.0)))
    }
}

impl std::ops::Mul<u64> for Cpu {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// A span of time in milliseconds, the unit of nearly every Kafka setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

impl Duration {
    /// A constant: `30.seconds()` where that can be called.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// A constant: `500.milliseconds()` where that can be called.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Whole hours, rounded down.
    pub const fn as_hours(self) -> u64 {
        self.0 / 3_600_000
    }
}

/// The largest unit that divides the span, as Prometheus writes it: `7d`, `10m`, `500ms`; none is `0s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (millis, suffix) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")] {
            if self.0 != 0 && self.0.is_multiple_of(millis) {
                return write!(f, "{}{suffix}", self.0 / millis);
            }
        }
        if self.0 == 0 {
            return f.write_str("0s");
        }
        write!(f, "{}ms", self.0)
    }
}

/// Bytes per second, as vendors of disks and networks count them: in powers of 1000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRate(u64);

impl ByteRate {
    /// A constant: `125.megabytes_per_second()` where that can be called.
    pub const fn from_kilobytes(kilobytes: u64) -> Self {
        Self(kilobytes.saturating_mul(1000))
    }

    /// Bytes per second.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Records per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordRate(u64);

impl RecordRate {
    /// A constant: `1000.records_per_second()` where that can be called.
    pub const fn new(records: u64) -> Self {
        Self(records)
    }

    /// Records per second.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A share of a hundred, to three places after the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u64);

impl Percent {
    /// A constant: `99.5.percent()` where that can be called is 99,500.
    pub const fn from_thousandths(thousandths: u64) -> Self {
        Self(thousandths)
    }

    /// Thousandths of a percent: 99,900 is 99.9 %.
    pub const fn thousandths(self) -> u64 {
        self.0
    }
}

/// `99.9 %`.
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, self.0 % 1000);
        if rest == 0 {
            return write!(f, "{whole} %");
        }
        let places = format!("{rest:03}");
        write!(f, "{whole}.{} %", places.trim_end_matches('0'))
    }
}

/// Units on numbers with a point.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// assert_eq!(99.9.percent().to_string(), "99.9 %");
/// assert_eq!(50.0.percent(), 50.percent());
/// ```
pub trait DecimalUnits: Sized {
    /// Hundredths; rounded to three places after the point. What is negative or no number counts as 0.
    fn percent(self) -> Percent;
}

impl DecimalUnits for f64 {
    fn percent(self) -> Percent {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast keeps within the type, and makes 0 of what is no number"
        )]
        let thousandths = (self * 1000.0).round() as u64;
        Percent(times(thousandths, 1))
    }
}

/// Units on plain numbers, of any unsigned type. Amounts above the largest that Kafka and Kubernetes can hold, 2^63 - 1, stay
/// at that.
///
/// A number without a type is an `i32`, up to 2,147,483,647: a larger one says its type, as `3_000_000_000_u64.bytes()`. A
/// negative number counts as 0.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let replicas: u16 = 3;
/// assert_eq!(replicas.gib(), 3.gib());
/// assert_eq!(3_000_000_000_u64.bytes().get(), 3_000_000_000);
/// ```
pub trait Units: Sized {
    /// The number.
    fn amount(self) -> u64;
    /// Bytes.
    fn bytes(self) -> Bytes {
        Bytes(times(self.amount(), 1))
    }
    /// Kibibytes (1024 bytes).
    fn kib(self) -> Bytes {
        Bytes(times(self.amount(), 1 << 10))
    }
    /// Mebibytes (1024 KiB).
    fn mib(self) -> Bytes {
        Bytes(times(self.amount(), 1 << 20))
    }
    /// Gibibytes (1024 MiB).
    fn gib(self) -> Bytes {
        Bytes(times(self.amount(), 1 << 30))
    }
    /// Tebibytes (1024 GiB).
    fn tib(self) -> Bytes {
        Bytes(times(self.amount(), 1 << 40))
    }
    /// Processor cores.
    fn cores(self) -> Cpu {
        Cpu(times(self.amount(), 1000))
    }
    /// Thousandths of a processor core.
    fn millicores(self) -> Cpu {
        Cpu(times(self.amount(), 1))
    }
    /// Milliseconds.
    fn milliseconds(self) -> Duration {
        Duration(times(self.amount(), 1))
    }
    /// Seconds.
    fn seconds(self) -> Duration {
        Duration(times(self.amount(), 1000))
    }
    /// Minutes.
    fn minutes(self) -> Duration {
        Duration(times(self.amount(), 60_000))
    }
    /// Hours.
    fn hours(self) -> Duration {
        Duration(times(self.amount(), 3_600_000))
    }
    /// Days of 24 hours.
    fn days(self) -> Duration {
        Duration(times(self.amount(), 86_400_000))
    }
    /// Records per second.
    fn records_per_second(self) -> RecordRate {
        RecordRate(times(self.amount(), 1))
    }
    /// Megabytes (1000 * 1000 bytes) per second.
    fn megabytes_per_second(self) -> ByteRate {
        ByteRate(times(self.amount(), 1_000_000))
    }
    /// Mebibytes (1024 KiB) per second.
    fn mebibytes_per_second(self) -> ByteRate {
        ByteRate(times(self.amount(), 1 << 20))
    }
    /// Gigabits (1000 * 1000 * 1000 bits) per second.
    fn gigabits_per_second(self) -> ByteRate {
        ByteRate(times(self.amount(), 125_000_000))
    }
    /// Hundredths.
    fn percent(self) -> Percent {
        Percent(times(self.amount(), 1000))
    }
}

const LARGEST: u64 = i64::MAX as u64;

fn times(amount: u64, unit: u64) -> u64 {
    amount.saturating_mul(unit).min(LARGEST)
}

impl Units for u8 {
    fn amount(self) -> u64 {
        u64::from(self)
    }
}

impl Units for u16 {
    fn amount(self) -> u64 {
        u64::from(self)
    }
}

impl Units for u32 {
    fn amount(self) -> u64 {
        u64::from(self)
    }
}

impl Units for u64 {
    fn amount(self) -> u64 {
        self
    }
}

impl Units for usize {
    fn amount(self) -> u64 {
        u64::try_from(self).unwrap_or(LARGEST)
    }
}

/// What a number without a type is.
impl Units for i32 {
    fn amount(self) -> u64 {
        u64::try_from(self).unwrap_or(0)
    }
}

/// What a container asks for and may use at most. Memory is never overcommitted silently: both figures are the builder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Processor time that the scheduler reserves.
    pub cpu_request: Cpu,
    /// Processor time at which the container is throttled.
    pub cpu_limit: Cpu,
    /// Memory that the scheduler reserves.
    pub memory_request: Bytes,
    /// Memory at which the container is killed.
    pub memory_limit: Bytes,
}

impl Resources {
    /// Requests equal to the limits: nothing is overcommitted.
    pub const fn fixed(cpu: Cpu, memory: Bytes) -> Self {
        Self {
            cpu_request: cpu,
            cpu_limit: cpu,
            memory_request: memory,
            memory_limit: memory,
        }
    }

    /// A reservation, and the limit up to which the container may go.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let broker = Resources::range(2.cores()..=4.cores(), 6.gib()..=8.gib());
    /// assert_eq!(broker.heap(), 4.gib());
    /// ```
    pub const fn range(cpu: std::ops::RangeInclusive<Cpu>, memory: std::ops::RangeInclusive<Bytes>) -> Self {
        Self {
            cpu_request: *cpu.start(),
            cpu_limit: *cpu.end(),
            memory_request: *memory.start(),
            memory_limit: *memory.end(),
        }
    }

    /// The JVM heap for this much memory: half of the limit and at most 6 GiB, because a broker lives from the page cache
    /// that the other half is (Confluent's deployment guide: at most 6 GB; Strimzi takes 50 % too), in whole mebibytes.
    pub const fn heap(&self) -> Bytes {
        let half = (self.memory_limit.0 / 2) & !((1 << 20) - 1);
        let ceiling = 6 << 30;
        Bytes(if half > ceiling { ceiling } else { half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_may_have_a_point() {
        assert_eq!(99.9.percent().thousandths(), 99_900);
        assert_eq!(99.percent(), 99.0.percent());
        assert_eq!(99.95.percent().to_string(), "99.95 %");
        assert_eq!(100.percent().to_string(), "100 %");
        assert_eq!((-1.0).percent(), f64::NAN.percent());
        assert_eq!(f64::INFINITY.percent(), u64::MAX.percent());
    }

    #[test]
    fn bytes_are_written_with_the_largest_exact_suffix() {
        for (bytes, text) in [
            (0.bytes(), "0"),
            (1023.bytes(), "1023"),
            (1.kib(), "1Ki"),
            (1536.mib(), "1536Mi"),
            (2.tib(), "2Ti"),
            (u64::MAX.tib(), "9223372036854775807"),
        ] {
            assert_eq!(bytes.to_string(), text);
        }
    }

    #[test]
    fn durations_are_written_as_prometheus_reads_them() {
        for (duration, text) in [
            (0.seconds(), "0s"),
            (90.seconds(), "90s"),
            (5.minutes(), "5m"),
            (48.hours(), "2d"),
            (1500.milliseconds(), "1500ms"),
        ] {
            assert_eq!(duration.to_string(), text);
        }
    }

    #[test]
    fn the_heap_is_half_the_memory_and_never_above_six_gibibytes() {
        for (memory, heap) in [(2.gib(), 1.gib()), (8.gib(), 4.gib()), (64.gib(), 6.gib())] {
            assert_eq!(Resources::fixed(1.cores(), memory).heap(), heap);
        }
    }
}
