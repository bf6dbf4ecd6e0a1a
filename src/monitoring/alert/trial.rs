//! promtool's tests of an alert: series that make it fire and stop, and the nearest that do not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Ready;
use crate::monitoring::scrape::{CLUSTER, Sources};

/// What an alert is tried with.
pub(in crate::monitoring) struct Trial {
    lines: Vec<(String, Course)>,
    /// The labels of the alert beside `namespace`, `kafka_cluster` and `severity`.
    labels: Vec<(&'static str, String)>,
    /// Its value, as the description shows it.
    value: String,
    /// Minutes from the change until the expression holds.
    delay: u64,
    /// Minutes from the end of the trouble until it holds no more.
    recovery: u64,
}

/// Minutes of peace before the trouble.
const PEACE: u64 = 10;

/// What a series does in peace, in trouble, and where it is nearly in trouble.
#[derive(Clone, Copy)]
pub(in crate::monitoring) enum Course {
    /// It has a value.
    Level { good: f64, nearly: f64, bad: f64 },
    /// It starts somewhere and grows by so much a minute.
    Growth {
        from: f64,
        good: f64,
        nearly: f64,
        bad: f64,
    },
    /// It goes up by one every other minute while there is trouble.
    Restless,
    /// It is gone in trouble.
    Gone(f64),
    /// It is only there in trouble.
    Appears(f64),
    /// It always has this value.
    Steady(f64),
}

impl Trial {
    /// A trial in which one alert fires, whose description shows this value.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a number or a text, as the table writes it"
    )]
    pub(in crate::monitoring) fn new(value: impl ToString) -> Self {
        Self {
            lines: Vec::new(),
            labels: Vec::new(),
            value: value.to_string(),
            delay: 0,
            recovery: 0,
        }
    }

    /// A series.
    pub(in crate::monitoring) fn series(mut self, series: String, course: Course) -> Self {
        self.lines.push((series, course));
        self
    }

    /// A label that the alert has beside `namespace`, `kafka_cluster` and `severity`.
    pub(in crate::monitoring) fn label(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((name, value.into()));
        self
    }

    /// The expression holds only so many minutes after the change, and so many after its end.
    pub(in crate::monitoring) const fn late(mut self, delay: u64, recovery: u64) -> Self {
        self.delay = delay;
        self.recovery = recovery;
        self
    }

    /// The two tests: one fires and stops, the other is silent.
    fn tests(&self, alert: &Ready, sources: &Sources) -> [Value; 2] {
        let hold = alert.hold.as_seconds() / 60;
        let change = PEACE + 1;
        let fires = change + self.delay + hold;
        let trouble = self.delay + hold + 10;
        let over = change + trouble + self.recovery;
        let labels: BTreeMap<&str, &str> = self
            .labels
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain([
                ("namespace", sources.namespace.as_str()),
                (CLUSTER, sources.cluster.as_str()),
                ("severity", alert.urgency.label()),
            ])
            .collect();
        let annotations: BTreeMap<String, String> = alert
            .rule(sources)
            .annotations
            .into_iter()
            .map(|(key, text)| (key, self.rendered(&text, &labels)))
            .collect();
        let expect = |minute: u64, firing: bool| {
            let alerts = if firing {
                json!([{ "exp_labels": labels, "exp_annotations": annotations }])
            } else {
                json!([])
            };
            json!({ "alertname": alert.name, "eval_time": format!("{minute}m"), "exp_alerts": alerts })
        };
        let series = |phases: &[(Phase, u64)]| -> Value {
            self.lines
                .iter()
                .map(|(series, course)| json!({ "series": series, "values": course.values(phases) }))
                .collect()
        };
        let mut expectations = vec![expect(PEACE, false)];
        if self.delay + hold > 0 {
            expectations.push(expect(fires - 1, false));
        }
        expectations.extend([expect(fires, true), expect(over, false)]);
        let peace = (Phase::Good, change);
        [
            json!({
                "name": format!("{} fires and stops", alert.name),
                "interval": "1m",
                "input_series": series(&[peace, (Phase::Bad, trouble), (Phase::Good, self.recovery + 5)]),
                "alert_rule_test": expectations,
            }),
            json!({
                "name": format!("{} is silent where it is nearly as bad", alert.name),
                "interval": "1m",
                "input_series": series(&[peace, (Phase::Nearly, trouble)]),
                "alert_rule_test": [expect(fires, false), expect(change + trouble - 1, false)],
            }),
        ]
    }

    /// A text with its templates replaced, as Prometheus would: promtool compares.
    fn rendered(&self, text: &str, labels: &BTreeMap<&str, &str>) -> String {
        let mut rendered = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (action, after) = behind.split_once("}}").unwrap_or((behind, ""));
            rendered += before;
            rendered += match action.trim().strip_prefix("$labels.") {
                Some(label) => labels.get(label).copied().unwrap_or_default(),
                None => &self.value,
            };
            rest = after;
        }
        rendered + rest
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Good,
    Nearly,
    Bad,
}

impl Course {
    /// In promtool's notation, a sample a minute.
    fn values(self, phases: &[(Phase, u64)]) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut at = match self {
            Self::Growth { from, .. } => from,
            _ => 0.0,
        };
        for &(phase, minutes) in phases {
            let again = minutes.saturating_sub(1);
            match self {
                Self::Level { good, nearly, bad } => {
                    let value = match phase {
                        Phase::Good => good,
                        Phase::Nearly => nearly,
                        Phase::Bad => bad,
                    };
                    parts.push(format!("{value}x{again}"));
                }
                Self::Growth { good, nearly, bad, .. } => {
                    let step = match phase {
                        Phase::Good => good,
                        Phase::Nearly => nearly,
                        Phase::Bad => bad,
                    };
                    let start = if parts.is_empty() { at } else { at + step };
                    parts.push(format!("{start}{step:+}x{again}"));
                    #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
                    let grown = step * again as f64;
                    at = start + grown;
                }
                Self::Restless => {
                    for minute in 0..minutes {
                        if phase == Phase::Bad && minute % 2 == 0 {
                            at += 1.0;
                        }
                        parts.push(at.to_string());
                    }
                }
                Self::Gone(_) if phase == Phase::Bad => parts.push(format!("stale _x{again}")),
                Self::Appears(_) if phase != Phase::Bad => {
                    let end = if parts.is_empty() { "_" } else { "stale" };
                    parts.push(format!("{end} _x{again}"));
                }
                Self::Steady(value) | Self::Gone(value) | Self::Appears(value) => {
                    parts.push(format!("{value}x{again}"));
                }
            }
        }
        parts.join(" ")
    }
}

/// The file for `promtool test rules`.
pub(in crate::monitoring) fn file(rules: &str, alerts: &[(&Ready, Trial)], sources: &Sources) -> Value {
    let tests: Vec<Value> = alerts
        .iter()
        .flat_map(|(alert, trial)| trial.tests(alert, sources))
        .collect();
    json!({ "rule_files": [rules], "evaluation_interval": "1m", "tests": tests })
}
