//! promtool tests of an alert: series that make it fire and resolve, and the worst series at which it must not fire.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{AlertingRule, Ready, owned, rules};
use crate::{
    diagnostics::Diagnostic,
    metrics::MetricType,
    observability::{
        AlertTest, ExpectedDescription, OWNER_LABELS, Samples, Scenario, Sources, TestSeries,
        scenario::{Firing, PER_MINUTE},
    },
    promql::Analysis,
    quantity::Duration,
};

/// Minutes of healthy samples before the first firing one.
const HEALTHY_MINUTES: u64 = 10;

impl AlertTest {
    /// Finds mistakes in a test before promtool runs it.
    pub(super) fn check(&self, analysis: &Analysis, sources: &Sources) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let mut report = |rule, message: String, hint: String| {
            diagnostics.push(Diagnostic {
                hint,
                ..Diagnostic::new(rule, message)
            });
        };
        if self.series.is_empty() {
            report(
                &rules::ALERT,
                "the test has no series".to_owned(),
                "add a series of each metric of the expression with `AlertTest::series(…)`".to_owned(),
            );
        }
        for TestSeries {
            metric,
            labels,
            samples,
        } in &self.series
        {
            if let Some(number) = samples.impossible() {
                report(
                    &rules::ALERT,
                    format!("the test has the number {number:e} for `{metric}`, which promtool cannot process"),
                    "use finite numbers in `AlertTest::series(…)`, and counters of at most 2 to the power of 53"
                        .to_owned(),
                );
            }
            let Some(series) = sources.find(metric) else {
                report(
                    &rules::METRIC,
                    format!("the test has a series of `{metric}`, which nothing exports"),
                    "use a metric of the expression in `AlertTest::series(…)`".to_owned(),
                );
                continue;
            };
            for (label, _) in labels.iter().filter(|(label, _)| !series.labels.contains(&&**label)) {
                report(
                    &rules::LABEL,
                    format!("the test gives `{metric}` the label `{label}`, which the metric does not have"),
                    format!("its labels are `{}`", series.labels.join("`, `")),
                );
            }
        }
        if let Some(kept) = &analysis.labels {
            for (label, _) in self.labels.iter().filter(|(label, _)| !kept.contains(&**label)) {
                report(
                    &rules::LABEL,
                    format!("the test expects the label `{label}`, which the expression does not keep"),
                    "use labels that the expression keeps in `AlertTest::label(…)`".to_owned(),
                );
            }
        }
        diagnostics
    }

    /// The call that adds a test to an alert that has none: with its metrics, their labels, and the labels that its
    /// expression keeps.
    pub(super) fn call(analysis: &Analysis, sources: &Sources) -> String {
        let mut call = "add `.test(AlertTest::new(\"…\")".to_owned();
        let mut known = Vec::new();
        for name in &analysis.metrics {
            let Some(series) = sources.find(name) else { continue };
            let own = sources.labels_of(name);
            let labels: Vec<String> = own.iter().map(|label| format!("(\"{label}\", \"…\")")).collect();
            let samples = match series.metric_type {
                MetricType::Gauge => "Samples::Gauge { healthy: …, tolerated: …, firing: … }",
                MetricType::Counter => "Samples::Counter { from: …, healthy: …, tolerated: …, firing: … }",
            };
            call += &format!(".series(\"{name}\", &[{}], {samples})", labels.join(", "));
            known.extend(own);
        }
        for label in analysis.labels.iter().flatten().filter(|label| known.contains(label)) {
            call += &format!(".label(\"{label}\", \"…\")");
        }
        call + ")`"
    }

    /// The two tests: in one the alert fires and resolves, in the other it does not fire.
    fn tests(&self, rule: &AlertingRule, place: &[(&str, &str)], sources: &Sources) -> [Value; 2] {
        let minutes = |time: Duration| time.as_seconds() / 60;
        let keeps = rule.keeps_firing().as_seconds().div_ceil(60);
        let delay = minutes(self.delay);
        let recovery = self.recovery.map(|recovery| minutes(recovery) + keeps);
        let for_duration = rule.waits().as_seconds().div_ceil(60);
        let change = HEALTHY_MINUTES + 1;
        let fires = change + delay + for_duration;
        let firing_minutes = delay + for_duration + 10;
        let mut labels: BTreeMap<&str, &str> = place
            .iter()
            .copied()
            .chain(self.labels.iter().map(|(name, value)| (&**name, value.as_str())))
            .chain(rule.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        if let Some(kind) = owned(&rule.alert) {
            let name = labels.get(kind.label()).copied().unwrap_or_default();
            for label in OWNER_LABELS {
                match sources.owners().of(label, kind, name) {
                    Some(value) => labels.insert(label, value),
                    // Its template comes to nothing then.
                    None => labels.remove(label),
                };
            }
        }
        let annotations: BTreeMap<&str, String> = rule
            .annotations
            .iter()
            .map(|(key, text)| match &self.expected {
                ExpectedDescription::WithValue(value) => (key.as_str(), rendered(text, value, &labels)),
                ExpectedDescription::Text(words) if key == "description" => (key.as_str(), words.clone()),
                ExpectedDescription::Text(_) => (key.as_str(), text.clone()),
            })
            .collect();
        let expect = |minute: u64, firing: bool| {
            let alerts = if firing {
                json!([{ "exp_labels": labels, "exp_annotations": annotations }])
            } else {
                json!([])
            };
            json!({ "alertname": rule.alert, "eval_time": format!("{minute}m"), "exp_alerts": alerts })
        };
        let series = |phases: &[(Phase, u64)]| -> Value {
            self.series
                .iter()
                .map(|given| {
                    let labels: Vec<(&str, &str)> =
                        given.labels.iter().map(|(label, value)| (&**label, &**value)).collect();
                    json!({ "series": sources.sample(&given.metric, &labels), "values": given.samples.values(phases) })
                })
                .collect()
        };
        let mut expectations = vec![expect(HEALTHY_MINUTES, false)];
        if delay + for_duration > 0 {
            expectations.push(expect(fires - 1, false));
        }
        expectations.push(expect(fires, true));
        let before = (Phase::Healthy, change);
        let mut phases = vec![before, (Phase::Firing, firing_minutes)];
        if let Some(recovery) = recovery {
            expectations.push(expect(change + firing_minutes + recovery, false));
            phases.push((Phase::Healthy, recovery + 5));
        }
        let resolves = if recovery.is_some() { " and resolves" } else { "" };
        [
            json!({
                "name": format!("{} fires{resolves}", rule.alert),
                "interval": "1m",
                "input_series": series(&phases),
                "alert_rule_test": expectations,
            }),
            json!({
                "name": format!("{} does not fire at tolerated values", rule.alert),
                "interval": "1m",
                "input_series": series(&[before, (Phase::Tolerated, firing_minutes)]),
                "alert_rule_test": [expect(fires, false), expect(change + firing_minutes - 1, false)],
            }),
        ]
    }
}

/// A text with its templates replaced, as Prometheus does it, because promtool compares the texts.
fn rendered(text: &str, value: &str, labels: &BTreeMap<&str, &str>) -> String {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (action, after) = behind.split_once("}}").unwrap_or((behind, ""));
        rendered += before;
        rendered += match action.trim().strip_prefix("$labels.") {
            Some(label) => labels.get(label).copied().unwrap_or_default(),
            None => value,
        };
        rest = after;
    }
    rendered + rest
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Healthy,
    Tolerated,
    Firing,
}

impl Samples {
    /// A number that promtool cannot process.
    fn impossible(self) -> Option<f64> {
        /// Above it, floating-point numbers no longer distinguish consecutive whole numbers.
        const MOST: f64 = 9_007_199_254_740_992.0;
        let (numbers, most) = match self {
            Self::Gauge {
                healthy,
                tolerated,
                firing,
            } => (vec![healthy, tolerated, firing], f64::MAX),
            Self::Counter {
                from,
                healthy,
                tolerated,
                firing,
            } => (vec![from, healthy, tolerated, firing], MOST),
            Self::Flapping => return None,
            Self::Alternates(first, second) => (vec![first, second], f64::MAX),
            Self::Disappears(value) | Self::Appears(value) | Self::Constant(value) => (vec![value], f64::MAX),
        };
        numbers
            .into_iter()
            .find(|number| number.is_nan() || number.abs() > most)
    }

    /// The samples in promtool's notation, one per minute.
    fn values(self, phases: &[(Phase, u64)]) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut at = match self {
            Self::Counter { from, .. } => from,
            _ => 0.0,
        };
        for &(phase, minutes) in phases {
            let again = minutes.saturating_sub(1);
            match self {
                Self::Gauge {
                    healthy,
                    tolerated,
                    firing,
                } => {
                    let value = match phase {
                        Phase::Healthy => healthy,
                        Phase::Tolerated => tolerated,
                        Phase::Firing => firing,
                    };
                    parts.push(format!("{value}x{again}"));
                }
                Self::Counter {
                    healthy,
                    tolerated,
                    firing,
                    ..
                } => {
                    let step = match phase {
                        Phase::Healthy => healthy,
                        Phase::Tolerated => tolerated,
                        Phase::Firing => firing,
                    };
                    let start = if parts.is_empty() { at } else { at + step };
                    parts.push(format!("{start}{step:+}x{again}"));
                    #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
                    let grown = step * again as f64;
                    at = start + grown;
                }
                Self::Flapping => {
                    for minute in 0..minutes {
                        if phase == Phase::Firing && minute % 2 == 0 {
                            at += 1.0;
                        }
                        parts.push(at.to_string());
                    }
                }
                Self::Alternates(first, second) if phase == Phase::Firing => {
                    let values = [second.to_string(), first.to_string()];
                    parts.extend(values.into_iter().cycle().zip(0..minutes).map(|(value, _)| value));
                }
                Self::Disappears(_) if phase == Phase::Firing => parts.push(format!("stale _x{again}")),
                Self::Appears(_) if phase != Phase::Firing => {
                    let end = if parts.is_empty() { "_" } else { "stale" };
                    parts.push(format!("{end} _x{again}"));
                }
                Self::Constant(value) | Self::Alternates(value, _) | Self::Disappears(value) | Self::Appears(value) => {
                    parts.push(format!("{value}x{again}"));
                }
            }
        }
        parts.join(" ")
    }
}

/// The file with scenarios. `own` are alerts that the stack or an amendment has written: what they do in a scenario is
/// not known.
pub(in crate::monitoring) fn scenarios(
    rules: &str,
    scenarios: &[Scenario],
    own: &BTreeSet<&str>,
    known: &BTreeSet<&str>,
    sources: &Sources,
) -> Value {
    let others: Vec<&str> = own.iter().copied().collect();
    let others = if others.is_empty() {
        String::new()
    } else {
        format!(",alertname!~\"{}\"", others.join("|"))
    };
    let tests: Vec<Value> = scenarios
        .iter()
        .map(|scenario| {
            let fires = || {
                let known = |firing: &&Firing| known.contains(firing.alert) && !own.contains(firing.alert);
                scenario.fires.iter().filter(known)
            };
            let series: Vec<Value> = scenario
                .series
                .iter()
                .map(|((metric, labels), line)| {
                    let labels: Vec<(&str, &str)> = labels.iter().map(|(label, value)| (*label, &**value)).collect();
                    json!({ "series": sources.sample(metric, &labels), "values": line.values(scenario.minutes) })
                })
                .collect();
            let firing = |alert: &str, minute: u32, value: Option<u32>| {
                let samples: Vec<Value> = value.into_iter().map(|value| json!({ "labels": "{}", "value": value })).collect();
                json!({
                    "expr": format!("count(ALERTS{{alertstate=\"firing\",alertname=\"{alert}\"}}) > bool 0"),
                    "eval_time": format!("{minute}m"),
                    "exp_samples": samples,
                })
            };
            let mut expected: Vec<Value> = Vec::new();
            for Firing { alert, between: (after, by), until, over, .. } in fires() {
                expected.push(firing(alert, *after, None));
                // At every tenth minute, so that one that clears in between is noticed.
                let step = usize::try_from(((until - by) / 10).max(1)).unwrap_or(1);
                expected.extend((*by..=*until).step_by(step).map(|minute| firing(alert, minute, Some(1))));
                expected.extend(over.map(|minute| firing(alert, minute, None)));
            }
            let all: Vec<Value> = fires()
                .map(|Firing { alert, series, .. }| json!({ "labels": format!("{{alertname=\"{alert}\"}}"), "value": series }))
                .collect();
            expected.push(json!({
                "expr": format!(
                    "count by (alertname) (count_over_time(ALERTS{{alertstate=\"firing\"{others}}}[{}m]))",
                    scenario.minutes,
                ),
                "eval_time": format!("{}m", scenario.minutes - 1),
                "exp_samples": all,
            }));
            json!({
                "name": scenario.name,
                "interval": format!("{}s", 60 / PER_MINUTE),
                "input_series": series,
                "promql_expr_test": expected,
            })
        })
        .collect();
    json!({ "rule_files": [rules], "evaluation_interval": "1m", "tests": tests })
}

/// The file for `promtool test rules`.
pub(in crate::monitoring) fn file<'a>(
    rules: &str,
    alerts: impl IntoIterator<Item = (&'a AlertingRule, &'a Ready<'a>)>,
    sources: &Sources,
) -> Value {
    let tests: Vec<Value> = alerts
        .into_iter()
        .filter_map(|(rule, ready)| {
            let test = ready.test_of(rule)?;
            Some(test.tests(rule, &ready.place(test, sources), sources))
        })
        .flatten()
        .collect();
    let mut file = json!({ "rule_files": [rules], "evaluation_interval": "1m" });
    file["tests"] = tests.into();
    file
}
