//! The thresholds of `Monitoring`.

use crate::{
    name::TopicName,
    quantity::{Duration, Units},
};

/// The thresholds of alerts, which panels show too.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thresholds {
    pub lag: LagLimits,
    /// Regular expressions of groups without alerts.
    pub ignored_groups: Vec<String>,
    /// The lag, in time, that a group may have.
    pub lag_time: Duration,
    pub produce_latency: Duration,
    /// In percent.
    pub disk_usage: u8,
    pub disk_full_within: Duration,
    /// In percent of the time.
    pub idle: u8,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            lag: LagLimits {
                default: None,
                loads: Vec::new(),
                special: Vec::new(),
            },
            ignored_groups: vec!["console-consumer-.*".to_owned()],
            lag_time: 10.minutes(),
            produce_latency: 1000.milliseconds(),
            disk_usage: 80,
            disk_full_within: 24.hours(),
            idle: 30,
        }
    }
}

/// The lag, in records, that a group may have on a topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LagLimits {
    /// `None`: what was produced in the time that a group may be behind, and at least [`LagLimits::LEAST`].
    pub default: Option<u64>,
    /// The limits that follow from declared loads: topics and their limit.
    pub loads: Vec<(String, u64)>,
    /// In the order in which they were given: the first that matches counts.
    pub special: Vec<(LagOf, u64)>,
}

/// A group or a topic with its own limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LagOf {
    Group(String),
    Topic(String),
}

impl Thresholds {
    /// Thresholds that are always or never exceeded, and what to use instead.
    pub(crate) fn unreachable(&self) -> Vec<(String, &'static str)> {
        let mut unreachable = Vec::new();
        if self.disk_usage > 99 {
            let message = format!("no volume is ever more than {} % full", self.disk_usage);
            unreachable.push((message, "use `.disk_usage_threshold(80)`"));
        }
        if self.disk_usage == 0 {
            let message = "every volume is more than 0 % full".to_owned();
            unreachable.push((message, "use `.disk_usage_threshold(80)`"));
        }
        unreachable.extend(self.lag.unreachable());
        if self.produce_latency.as_millis() == 0 {
            let message = "every produce request takes longer than 0 ms".to_owned();
            unreachable.push((message, "use `.produce_latency_threshold(1000.milliseconds())`"));
        }
        if self.lag_time.as_seconds() == 0 {
            let message = "every group that has lag is more than 0 s behind".to_owned();
            unreachable.push((message, "use `.lag_time_threshold(10.minutes())`"));
        }
        if self.disk_full_within.as_seconds() < 3600 {
            let message = format!(
                "{} is too short to act before the volume is full",
                self.disk_full_within
            );
            unreachable.push((message, "use `.disk_full_within(24.hours())`"));
        }
        if self.idle == 0 || self.idle > 99 {
            let message = format!(
                "threads are {} idle less than {} % of the time",
                if self.idle == 0 { "never" } else { "nearly always" },
                self.idle
            );
            unreachable.push((message, "use `.idle_threshold(30)`"));
        }
        unreachable
    }
}

impl LagLimits {
    /// The lag that no alert is about: a consumer has it between two commits.
    pub(crate) const LEAST: u64 = 1000;
    /// The limit that panels show.
    pub(crate) fn shown(&self) -> u64 {
        self.default.unwrap_or(Self::LEAST)
    }

    /// How many seconds of its declared load a group may be behind on a topic.
    pub(crate) const SECONDS_OF_LOAD: u64 = 60;

    /// Lag limits that are always or never exceeded, or are for impossible names.
    fn unreachable(&self) -> Vec<(String, &'static str)> {
        // Above this, the floating-point numbers of Prometheus cannot distinguish consecutive offsets.
        const MOST: u64 = (1 << 53) - 1;
        let mut unreachable = Vec::new();
        let limits = || {
            self.default
                .into_iter()
                .chain(self.special.iter().map(|(_, records)| *records))
        };
        if limits().any(|records| records == 0) {
            let message = "a group that consumes is more than 0 records behind most of the time".to_owned();
            unreachable.push((message, "use `.lag_threshold(1000)`"));
        }
        if let Some(records) = limits().find(|records| *records > MOST) {
            let message = format!("no group is ever more than {records} records behind");
            unreachable.push((message, "use `.lag_threshold(1000)`"));
        }
        for (index, (of, _)) in self.special.iter().enumerate() {
            match of {
                LagOf::Topic(topic) if TopicName::parse(topic).is_err() => unreachable.push((
                    format!("{topic:?} is not a valid topic name"),
                    "use a valid name in `.lag_threshold_of_topic(…)`",
                )),
                // Its name is part of the alert's texts, where Prometheus would read it as a template, and of the
                // runbook.
                LagOf::Group(group)
                    if group.is_empty() || group.contains("{{") || group.chars().any(char::is_control) =>
                {
                    unreachable.push((
                        format!("texts of alerts cannot name the group {group:?}"),
                        "remove `.lag_threshold_of_group(…)`: `.lag_threshold(…)` covers the group",
                    ));
                }
                _ if self.special[..index].iter().any(|(earlier, _)| earlier == of) => {
                    let (LagOf::Group(name) | LagOf::Topic(name)) = of;
                    unreachable.push((
                        format!("`{name}` has two limits"),
                        "remove one of them, in `.lag_threshold_of_group(…)` or `.lag_threshold_of_topic(…)`",
                    ));
                }
                _ => {}
            }
        }
        unreachable
    }
}
