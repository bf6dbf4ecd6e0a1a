//! promtool's tests of an alert: series that make it fire and stop, and the nearest that do not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AlertingRule, Flaw, Judgement, rules};
use crate::{metrics::Kind, monitoring::scrape::Sources, quantity::Duration};

/// What an alert is tried with.
pub(in crate::monitoring) struct PromtoolTest {
    lines: Vec<(String, Samples)>,
    /// Whether the alert has the label `namespace`.
    in_namespace: bool,
    /// Its labels beside that, `kafka_cluster` and `severity`.
    labels: Vec<(String, String)>,
    says: Says,
    /// Minutes from the change until the expression holds.
    delay: u64,
    /// Minutes from the end of the trouble until it holds no more.
    recovery: u64,
}

/// What the description says when the alert fires.
enum Says {
    /// What its template makes of this value.
    Value(String),
    /// These words.
    Words(String),
}

/// Minutes of peace before the trouble.
const PEACE: u64 = 10;

/// What a series does in peace, in trouble, and where it is nearly in trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Samples {
    /// It has a value.
    Gauge {
        /// In peace.
        good: f64,
        /// The nearest value at which the alert has to be silent.
        nearly: f64,
        /// In trouble.
        bad: f64,
    },
    /// It starts somewhere and grows by so much a minute.
    Counter {
        /// Where it starts.
        from: f64,
        /// In peace.
        good: f64,
        /// The nearest growth at which the alert has to be silent.
        nearly: f64,
        /// In trouble.
        bad: f64,
    },
    /// It goes up by one every other minute while there is trouble.
    Flapping,
    /// It is gone in trouble.
    Disappears(f64),
    /// It is only there in trouble.
    Appears(f64),
    /// It always has this value.
    Constant(f64),
}

/// How an alert of the stack's own is tested: series that make it fire and stop, and the nearest that do not.
///
/// `out/<stack>/tests/alerts.yaml` then has two tests of it, for `promtool test rules`. In the first all series are `good` for
/// ten minutes, then `bad` until ten minutes after the alert fires, then `good` again; in the second they are `nearly` bad for
/// as long, and the alert has to be silent.
///
/// ```
/// use kafka_stacks::{monitoring::{Alert, AlertTest, Samples, ExternalExporter}, prelude::*};
///
/// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
/// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
/// stack.add(
///     Monitoring::new("monitoring", &kafka)
///         .external(ExternalExporter::new("shop").gauge("shop_orders_waiting", ["region"]))
///         .alert(
///             Alert::new("ShopOrdersWait", "sum by (region) (shop_orders_waiting) > 100")
///                 .summary("Orders wait to be produced.")
///                 .description("{{ $value }} orders of {{ $labels.region }} wait.")
///                 .test(
///                     AlertTest::new("101 orders of eu wait.")
///                         .series(
///                             "shop_orders_waiting",
///                             &[("region", "eu")],
///                             Samples::Gauge { good: 0.0, nearly: 100.0, bad: 101.0 },
///                         )
///                         .label("region", "eu"),
///                 ),
///         ),
/// );
/// # let manifests = synth(&stack).manifests.unwrap();
/// # assert!(manifests.get("tests/alerts.yaml").unwrap().contains("ShopOrdersWait fires and stops"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AlertTest {
    says: String,
    series: Vec<Given>,
    labels: Vec<(String, String)>,
    delay: Duration,
    recovery: Duration,
}

/// A series of a test, by metric and labels of its own.
#[derive(Clone, Debug, PartialEq)]
struct Given {
    metric: String,
    labels: Vec<(String, String)>,
    samples: Samples,
}

impl AlertTest {
    /// A test in which one alert fires, with these words: the description, its templates replaced.
    pub fn new(says: impl Into<String>) -> Self {
        Self {
            says: says.into(),
            series: Vec::new(),
            labels: Vec::new(),
            delay: Duration::from_seconds(0),
            recovery: Duration::from_seconds(0),
        }
    }

    /// A series of a metric, with labels of its own: those that its scrape gives it (`namespace`, `kafka_cluster` and `job`)
    /// need no mention.
    pub fn series(mut self, metric: impl Into<String>, labels: &[(&str, &str)], samples: Samples) -> Self {
        let owned = |(label, value): &(&str, &str)| ((*label).to_owned(), (*value).to_owned());
        self.series.push(Given {
            metric: metric.into(),
            labels: labels.iter().map(owned).collect(),
            samples,
        });
        self
    }

    /// A label that the alert has, beside `namespace`, `kafka_cluster` and `severity`.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The time from the first bad sample until the expression holds, as that of a rate to climb, and from the first good one
    /// until it holds no more; none unless said otherwise. Whole minutes count.
    pub const fn late(mut self, delay: Duration, recovery: Duration) -> Self {
        self.delay = delay;
        self.recovery = recovery;
        self
    }

    /// The same as the promtool_test of an alert of this crate.
    pub(super) fn promtool_test(&self, judgement: &Judgement, sources: &Sources) -> PromtoolTest {
        let series = self.series.iter().map(|given| {
            let labels: Vec<(&str, &str)> = given.labels.iter().map(|(label, value)| (&**label, &**value)).collect();
            (sources.sample_of(&given.metric, &labels), given.samples)
        });
        let keeps = |label: &str| judgement.labels.as_ref().is_some_and(|labels| labels.contains(label));
        PromtoolTest {
            lines: series.collect(),
            in_namespace: keeps("namespace"),
            labels: self.labels.clone(),
            says: Says::Words(self.says.clone()),
            delay: self.delay.as_seconds() / 60,
            recovery: self.recovery.as_seconds() / 60,
        }
    }

    /// What is wrong with it, before promtool sees it.
    pub(super) fn flaws(&self, judgement: &Judgement, sources: &Sources) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw = |rule, message: String, hint: String| flaws.push(Flaw { rule, message, hint });
        if self.series.is_empty() {
            flaw(
                &rules::ALERT,
                "its test has no series".to_owned(),
                "give it what the expression reads: `AlertTest::series(…)`".to_owned(),
            );
        }
        for Given {
            metric,
            labels,
            samples,
        } in &self.series
        {
            if let Some(number) = samples.impossible() {
                flaw(
                    &rules::ALERT,
                    format!("its test gives `{metric}` the number {number:e}, with which promtool cannot go on"),
                    "use finite numbers in `AlertTest::series(…)`, of a growth up to 2 to the power of 53".to_owned(),
                );
            }
            let Some(series) = sources.find(metric) else {
                let hint = "name a metric of the expression in `AlertTest::series(…)`".to_owned();
                flaw(
                    &rules::METRIC,
                    format!("its test has a series of `{metric}`, which nothing exports"),
                    hint,
                );
                continue;
            };
            for (label, _) in labels
                .iter()
                .filter(|(label, _)| !series.labels.contains(&label.as_str()))
            {
                flaw(
                    &rules::LABEL,
                    format!("its test gives `{metric}` the label `{label}`, which it does not have"),
                    format!("its labels are `{}`", series.labels.join("`, `")),
                );
            }
        }
        if let Some(kept) = &judgement.labels {
            for (label, _) in self.labels.iter().filter(|(label, _)| !kept.contains(label)) {
                flaw(
                    &rules::LABEL,
                    format!("its test expects the label `{label}`, which the expression does not keep"),
                    "expect labels that the expression keeps: `AlertTest::label(…)`".to_owned(),
                );
            }
        }
        flaws
    }

    /// The call that is missing where an alert has no test: its metrics with their labels, and the labels that it keeps.
    pub(super) fn call(judgement: &Judgement, sources: &Sources) -> String {
        let mut call = "say `.test(AlertTest::new(\"…\")".to_owned();
        let mut known = Vec::new();
        for name in &judgement.metrics {
            let Some(series) = sources.find(name) else { continue };
            let own = sources.labels_of(name);
            let labels: Vec<String> = own.iter().map(|label| format!("(\"{label}\", \"…\")")).collect();
            let samples = match series.kind {
                Kind::Gauge => "Samples::Gauge { good: …, nearly: …, bad: … }",
                Kind::Counter => "Samples::Counter { from: …, good: …, nearly: …, bad: … }",
            };
            call += &format!(".series(\"{name}\", &[{}], {samples})", labels.join(", "));
            known.extend(own);
        }
        for label in judgement.labels.iter().flatten().filter(|label| known.contains(label)) {
            call += &format!(".label(\"{label}\", \"…\")");
        }
        call + ")`"
    }
}

impl PromtoolTest {
    /// A promtool_test in which one alert fires, whose description shows this value.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a number or a text, as the table writes it"
    )]
    pub(in crate::monitoring) fn new(value: impl ToString) -> Self {
        Self {
            lines: Vec::new(),
            in_namespace: true,
            labels: Vec::new(),
            says: Says::Value(value.to_string()),
            delay: 0,
            recovery: 0,
        }
    }

    /// A series.
    pub(in crate::monitoring) fn series(mut self, series: String, samples: Samples) -> Self {
        self.lines.push((series, samples));
        self
    }

    /// A label that the alert has beside `namespace`, `kafka_cluster` and `severity`.
    pub(in crate::monitoring) fn label(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((name.to_owned(), value.into()));
        self
    }

    /// The expression holds only so many minutes after the change, and so many after its end.
    pub(in crate::monitoring) const fn late(mut self, delay: u64, recovery: u64) -> Self {
        self.delay = delay;
        self.recovery = recovery;
        self
    }

    /// The two tests: one fires and stops, the other is silent.
    fn tests(&self, rule: &AlertingRule, sources: &Sources) -> [Value; 2] {
        let for_duration = rule.waits().as_seconds().div_ceil(60);
        let change = PEACE + 1;
        let fires = change + self.delay + for_duration;
        let trouble = self.delay + for_duration + 10;
        let over = change + trouble + self.recovery;
        let labels: BTreeMap<&str, &str> = self
            .in_namespace
            .then_some(("namespace", sources.namespace.as_str()))
            .into_iter()
            .chain(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .chain(rule.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        let annotations: BTreeMap<&str, String> = rule
            .annotations
            .iter()
            .map(|(key, text)| match &self.says {
                Says::Value(value) => (key.as_str(), rendered(text, value, &labels)),
                Says::Words(words) if key == "description" => (key.as_str(), words.clone()),
                Says::Words(_) => (key.as_str(), text.clone()),
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
            self.lines
                .iter()
                .map(|(series, samples)| json!({ "series": series, "values": samples.values(phases) }))
                .collect()
        };
        let mut expectations = vec![expect(PEACE, false)];
        if self.delay + for_duration > 0 {
            expectations.push(expect(fires - 1, false));
        }
        expectations.extend([expect(fires, true), expect(over, false)]);
        let peace = (Phase::Good, change);
        [
            json!({
                "name": format!("{} fires and stops", rule.alert),
                "interval": "1m",
                "input_series": series(&[peace, (Phase::Bad, trouble), (Phase::Good, self.recovery + 5)]),
                "alert_rule_test": expectations,
            }),
            json!({
                "name": format!("{} is silent where it is nearly as bad", rule.alert),
                "interval": "1m",
                "input_series": series(&[peace, (Phase::Nearly, trouble)]),
                "alert_rule_test": [expect(fires, false), expect(change + trouble - 1, false)],
            }),
        ]
    }
}

/// A text with its templates replaced, as Prometheus would: promtool compares.
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
    Good,
    Nearly,
    Bad,
}

impl Samples {
    /// A number that is none to promtool, or to which it cannot add.
    fn impossible(self) -> Option<f64> {
        /// Above it a floating-point number cannot be told from the next whole one.
        const MOST: f64 = 9_007_199_254_740_992.0;
        let (numbers, most) = match self {
            Self::Gauge { good, nearly, bad } => (vec![good, nearly, bad], f64::MAX),
            Self::Counter {
                from,
                good,
                nearly,
                bad,
            } => (vec![from, good, nearly, bad], MOST),
            Self::Flapping => return None,
            Self::Disappears(value) | Self::Appears(value) | Self::Constant(value) => (vec![value], f64::MAX),
        };
        numbers
            .into_iter()
            .find(|number| number.is_nan() || number.abs() > most)
    }

    /// In promtool's notation, a sample a minute.
    fn values(self, phases: &[(Phase, u64)]) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut at = match self {
            Self::Counter { from, .. } => from,
            _ => 0.0,
        };
        for &(phase, minutes) in phases {
            let again = minutes.saturating_sub(1);
            match self {
                Self::Gauge { good, nearly, bad } => {
                    let value = match phase {
                        Phase::Good => good,
                        Phase::Nearly => nearly,
                        Phase::Bad => bad,
                    };
                    parts.push(format!("{value}x{again}"));
                }
                Self::Counter { good, nearly, bad, .. } => {
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
                Self::Flapping => {
                    for minute in 0..minutes {
                        if phase == Phase::Bad && minute % 2 == 0 {
                            at += 1.0;
                        }
                        parts.push(at.to_string());
                    }
                }
                Self::Disappears(_) if phase == Phase::Bad => parts.push(format!("stale _x{again}")),
                Self::Appears(_) if phase != Phase::Bad => {
                    let end = if parts.is_empty() { "_" } else { "stale" };
                    parts.push(format!("{end} _x{again}"));
                }
                Self::Constant(value) | Self::Disappears(value) | Self::Appears(value) => {
                    parts.push(format!("{value}x{again}"));
                }
            }
        }
        parts.join(" ")
    }
}

/// The file for `promtool test rules`.
pub(in crate::monitoring) fn file(rules: &str, alerts: &[(&AlertingRule, PromtoolTest)], sources: &Sources) -> Value {
    let tests: Vec<Value> = alerts
        .iter()
        .flat_map(|(rule, promtool_test)| promtool_test.tests(rule, sources))
        .collect();
    let mut file = json!({ "rule_files": [rules], "evaluation_interval": "1m" });
    file["tests"] = tests.into();
    file
}
