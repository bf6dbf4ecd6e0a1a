//! A cluster's default log settings of topics.

use crate::{
    quantity::{Bytes, Duration},
    settings::Settings,
};

/// The default log settings of a cluster's topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogDefaults {
    pub(super) segment: Bytes,
    pub(super) segment_age: Duration,
    pub(super) check_interval: Duration,
    pub(super) retention: Option<Duration>,
}

impl LogDefaults {
    /// Kafka's defaults. Source: Kafka documentation, broker settings.
    pub(crate) const KAFKA: Self = Self {
        segment: Bytes::from_mib(1024),
        segment_age: Duration::from_seconds(168 * 3600),
        check_interval: Duration::from_seconds(300),
        retention: Some(Duration::from_seconds(168 * 3600)),
    };

    /// The defaults of a cluster with these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        let time = |name: &str| {
            millis(settings, name)
                .and_then(|millis| u64::try_from(millis).ok())
                .map(Duration::from_millis)
        };
        let kafka = Self::KAFKA;
        Self {
            segment: settings
                .number("log.segment.bytes")
                .map_or(kafka.segment, Bytes::from_bytes),
            segment_age: time("log.roll").unwrap_or(kafka.segment_age),
            check_interval: time("log.retention.check.interval").unwrap_or(kafka.check_interval),
            // A negative value keeps records without limit.
            retention: match millis(settings, "log.retention") {
                Some(_) => time("log.retention"),
                None => kafka.retention,
            },
        }
    }
}

/// A time from its setting in milliseconds, else from the one in minutes, else in hours.
fn millis(settings: &Settings, name: &str) -> Option<i64> {
    [("ms", 1), ("minutes", 60_000), ("hours", 3_600_000)]
        .into_iter()
        .find_map(|(unit, millis)| {
            let value = settings.get(&format!("{name}.{unit}"))?.trim().parse::<i64>().ok()?;
            Some(value.saturating_mul(millis))
        })
}
