//! Alerts of components and stacks: rule, runbook and test in one value.

use std::borrow::Cow;

use super::{BY, Sources, board};
use crate::{
    diagnostics::Location,
    metrics::{Metric, broker, exporter},
    quantity::Duration,
};

/// A text that is either built in or given by a stack.
pub(crate) type Text = Cow<'static, str>;

/// How urgent an alert is: its label `severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Needs action at once: clients fail, or will fail with the next failure.
    Critical,
    /// Needs a look during working hours.
    Warning,
    /// Calls no one: it explains other alerts, or ends up in a list. kube-prometheus-stack keeps such alerts silent while no
    /// other alert of their namespace fires (`InfoInhibitor`).
    Info,
}

impl AlertSeverity {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// An alert of a stack or of a component. It is checked like the built-in alerts: its metrics and labels must exist in
/// the stack, and it must be able to fire and to resolve.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
/// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
/// stack.add(
///     Monitoring::new("monitoring", &kafka)
///         .external(ExternalExporter::new("shop").gauge("shop_orders_waiting", ["region"]))
///         .alert(
///             Alert::new("ShopOrdersWait", "sum by (region) (shop_orders_waiting) > 100")
///                 .severity(AlertSeverity::Critical)
///                 .for_duration(10.minutes())
///                 .summary("Orders wait to be produced.")
///                 .description("{{ $value }} orders of {{ $labels.region }} wait."),
///         ),
/// );
/// # assert!(synth(&stack).manifests.unwrap().get("monitoring/prometheusrule-kafka.yaml").unwrap().contains("alert: ShopOrdersWait"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Alert {
    pub(crate) name: Text,
    pub(crate) expression: String,
    pub(crate) severity: AlertSeverity,
    pub(crate) for_duration: Duration,
    /// How long it goes on firing after the expression no longer holds.
    pub(crate) keep_firing_for: Duration,
    pub(crate) summary: Text,
    pub(crate) description: Text,
    /// Labels of its own.
    pub(crate) labels: Vec<(String, String)>,
    /// The threshold in this stack, and the reason for it.
    pub(crate) threshold: Option<String>,
    pub(crate) runbook_url: Option<String>,
    pub(crate) runbook: Option<Runbook>,
    pub(crate) test: Option<AlertTest>,
    /// The name of the dashboard that it links to.
    pub(crate) board: &'static str,
    /// The location of its constructor; `None` for built-in alerts.
    pub(crate) location: Option<Location>,
}

impl Alert {
    /// An alert that fires for each series of the expression's result: a warning after five minutes, by default.
    #[track_caller]
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self {
            name: Cow::Owned(name.into()),
            expression: expression.into(),
            severity: AlertSeverity::Warning,
            for_duration: minutes(5),
            keep_firing_for: minutes(0),
            summary: Cow::Borrowed(""),
            description: Cow::Borrowed(""),
            labels: Vec::new(),
            threshold: None,
            runbook_url: None,
            runbook: None,
            test: None,
            board: board::OVERVIEW,
            location: Some(Location::caller()),
        }
    }

    /// How urgent it is.
    pub const fn severity(mut self, severity: AlertSeverity) -> Self {
        self.severity = severity;
        self
    }

    /// How long the expression must hold before the alert fires: zero, or at least one scrape interval (30 s).
    pub const fn for_duration(mut self, for_duration: Duration) -> Self {
        self.for_duration = for_duration;
        self
    }

    /// How long it goes on firing after the expression no longer holds, for something that is over before anyone looks; 0
    /// by default. It needs Prometheus 2.42.
    pub const fn keep_firing_for(mut self, keep_firing_for: Duration) -> Self {
        self.keep_firing_for = keep_firing_for;
        self
    }

    /// What is wrong: a sentence that is the same for every alert of this name.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Cow::Owned(summary.into());
        self
    }

    /// What is affected, and the value: a sentence with Prometheus' templates, such as `{{ $labels.topic }}` and `{{
    /// $value }}`.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Cow::Owned(description.into());
        self
    }

    /// Adds a label, by which Alertmanager can route it, such as `team`. It wins over the same label of
    /// `Monitoring::alert_label`.
    ///
    /// Labels that the alert's series have, and those that every alert has (`severity`, `cluster`, `namespace`,
    /// `kafka_cluster`), are refused (KS-O17).
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// stack.add(
    ///     Monitoring::new("monitoring", &kafka)
    ///         .alert_label("team", "streams")
    ///         .external(ExternalExporter::new("shop").gauge("shop_orders_waiting", ["region"]))
    ///         .alert(
    ///             Alert::new("ShopOrdersWait", "sum by (region) (shop_orders_waiting) > 100")
    ///                 .severity(AlertSeverity::Info)
    ///                 .label("team", "shop")
    ///                 .summary("Orders wait to be produced.")
    ///                 .description("{{ $value }} orders of {{ $labels.region }} wait."),
    ///         ),
    /// );
    /// # let rules = synth(&stack).manifests.unwrap().get("tests/rules.yaml").unwrap().to_owned();
    /// # let (of_kafka, own) = rules.split_once("alert: ShopOrdersWait").unwrap();
    /// # assert!(of_kafka.contains("team: streams") && own.contains("team: shop") && own.contains("severity: info"));
    /// ```
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The threshold, and the reason for it: the annotation `threshold`.
    pub fn threshold(mut self, threshold: impl Into<String>) -> Self {
        self.threshold = Some(threshold.into());
        self
    }

    /// Its runbook, written to the stack's folder `runbooks`. The annotation `runbook_url` links to it, unless
    /// [`Alert::runbook_url`] sets another URL.
    pub fn runbook(mut self, runbook: Runbook) -> Self {
        self.runbook = Some(runbook);
        self
    }

    /// The URL of its runbook, if it is not in the stack's folder `runbooks`.
    pub fn runbook_url(mut self, url: impl Into<String>) -> Self {
        self.runbook_url = Some(url.into());
        self
    }

    /// Its promtool test: series with which it fires and resolves, and others with which it must not fire.
    pub fn test(mut self, test: AlertTest) -> Self {
        self.test = Some(test);
        self
    }

    /// The dashboard that it links to, by its name in [`Board::new`](super::Board::new); the overview by default.
    pub const fn board(mut self, name: &'static str) -> Self {
        self.board = name;
        self
    }
}

/// A built-in alert: a row of a component's table, from which rule, runbook and test are made.
pub(crate) struct AlertRow<T: 'static> {
    pub name: &'static str,
    pub severity: AlertSeverity,
    /// How long the expression must hold.
    pub for_duration: Duration,
    /// What is wrong: a sentence that is the same for every alert of this name.
    pub summary: &'static str,
    /// What is affected, and the value: a template.
    pub description: &'static str,
    /// The threshold in this stack, and the reason for it.
    pub threshold: fn(&T, &Sources) -> String,
    /// The expression; `None` where the stack does not export one of its metrics.
    pub expression: fn(&T, &Sources) -> Option<String>,
    /// Its runbook.
    pub page: Page,
    /// Its test: series that make it fire, and the worst series at which it must not fire.
    pub test: fn(&T, &Sources) -> AlertTest,
}

/// The alerts of a table whose metrics exist; `board` is the dashboard that they link to.
pub(crate) fn of_table<T>(
    table: &'static [AlertRow<T>],
    board: &'static str,
    component: &T,
    sources: &Sources,
) -> impl Iterator<Item = Alert> {
    table.iter().filter_map(move |row| {
        Some(Alert {
            name: Cow::Borrowed(row.name),
            expression: (row.expression)(component, sources)?,
            severity: row.severity,
            for_duration: row.for_duration,
            keep_firing_for: minutes(0),
            summary: Cow::Borrowed(row.summary),
            description: Cow::Borrowed(row.description),
            labels: Vec::new(),
            threshold: Some((row.threshold)(component, sources)),
            runbook_url: None,
            runbook: Some(Runbook::of(&row.page)),
            test: Some((row.test)(component, sources).of_topics(sources)),
            board,
            location: None,
        })
    })
}

/// The text of a built-in runbook. Placeholders such as `{ns}` are replaced with the values of the stack.
pub(crate) struct Page {
    /// What it means for clients, in this cluster's numbers.
    pub meaning: &'static str,
    /// Likely causes, the most likely first.
    pub causes: &'static [&'static str],
    /// Questions, and the commands that answer them.
    pub steps: &'static [(&'static str, &'static str)],
    /// How to fix it, and how to tell that it is fixed.
    pub fix: &'static str,
    /// What not to do, and why.
    pub avoid: &'static [&'static str],
}

/// The runbook of an alert: what the person on call reads first.
///
/// Placeholders such as `{ns}`, `{cluster}`, `{bootstrap}` and `{job}` are replaced with the values of the stack.
/// `{run} ` is replaced with the prefix of Kafka commands, which is empty for an external cluster.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// Runbook::new("Orders are accepted but not processed: customers wait.")
///     .cause("The workers are down.")
///     .step("Do they run?", "kubectl -n shop get pods -l app=worker")
///     .step("How far behind are they?", "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group worker")
///     .fix("Start them. The alert resolves when fewer than 100 orders wait.")
///     .avoid("Do not reset the group's offsets: the orders in between are then never processed.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Runbook {
    pub(crate) meaning: Text,
    pub(crate) causes: Vec<Text>,
    pub(crate) steps: Vec<(Text, Text)>,
    pub(crate) fix: Text,
    pub(crate) avoid: Vec<Text>,
}

impl Runbook {
    /// A runbook that says what the alert means.
    pub fn new(meaning: impl Into<String>) -> Self {
        Self {
            meaning: Cow::Owned(meaning.into()),
            causes: Vec::new(),
            steps: Vec::new(),
            fix: Cow::Borrowed(""),
            avoid: Vec::new(),
        }
    }

    /// Replaces its commands, and what is said about the fix, by what they become.
    pub(crate) fn commands(&mut self, becomes: impl Fn(&str) -> String) {
        for (_, command) in &mut self.steps {
            *command = Cow::Owned(becomes(command));
        }
        self.fix = Cow::Owned(becomes(&self.fix));
    }

    /// A likely cause; the most likely first.
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(Cow::Owned(cause.into()));
        self
    }

    /// A question, and the command that answers it.
    pub fn step(mut self, what: impl Into<String>, command: impl Into<String>) -> Self {
        self.steps.push((Cow::Owned(what.into()), Cow::Owned(command.into())));
        self
    }

    /// How to fix it, and how to tell that it is fixed.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Cow::Owned(fix.into());
        self
    }

    /// What not to do, and why.
    pub fn avoid(mut self, avoid: impl Into<String>) -> Self {
        self.avoid.push(Cow::Owned(avoid.into()));
        self
    }

    pub(crate) fn of(page: &Page) -> Self {
        let borrowed = |texts: &[&'static str]| texts.iter().copied().map(Cow::Borrowed).collect();
        Self {
            meaning: Cow::Borrowed(page.meaning),
            causes: borrowed(page.causes),
            steps: page
                .steps
                .iter()
                .map(|(what, command)| (Cow::Borrowed(*what), Cow::Borrowed(*command)))
                .collect(),
            fix: Cow::Borrowed(page.fix),
            avoid: borrowed(page.avoid),
        }
    }
}

/// The test of an alert: series that make it fire and resolve, and the worst series at which it must not fire.
///
/// It becomes two tests in `out/<stack>/tests/alerts.yaml`, for `promtool test rules`. In the first one all series are
/// `healthy` for ten minutes, then `firing` until ten minutes after the alert fires, then `healthy` again. In the
/// second one they are `tolerated` for the same time, and the alert must not fire.
///
/// ```
/// use kafka_stacks::prelude::*;
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
///                             Samples::Gauge { healthy: 0.0, tolerated: 100.0, firing: 101.0 },
///                         )
///                         .label("region", "eu"),
///                 ),
///         ),
/// );
/// # let manifests = synth(&stack).manifests.unwrap();
/// # assert!(manifests.get("tests/alerts.yaml").unwrap().contains("ShopOrdersWait fires and resolves"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AlertTest {
    /// The description when the alert fires.
    pub(crate) expected: ExpectedDescription,
    pub(crate) series: Vec<TestSeries>,
    /// The alert's labels beside `namespace`, `kafka_cluster` and `severity`.
    pub(crate) labels: Vec<(Text, String)>,
    /// From the first firing sample until the expression holds.
    pub(crate) delay: Duration,
    /// From the first healthy sample until the expression no longer holds; `None` if that takes too long for a test.
    pub(crate) recovery: Option<Duration>,
}

/// The description that a test expects when the alert fires.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExpectedDescription {
    /// The template, with this value.
    WithValue(String),
    /// This text.
    Text(String),
}

/// A series of a test: its metric and its own labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TestSeries {
    pub metric: Text,
    pub labels: Vec<(Text, String)>,
    pub samples: Samples,
}

/// The samples of a series in each phase of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Samples {
    /// A value.
    Gauge {
        /// While the alert must not fire.
        healthy: f64,
        /// The worst value at which the alert must not fire.
        tolerated: f64,
        /// While the alert fires.
        firing: f64,
    },
    /// A counter that grows by this number in each minute of the phase.
    Counter {
        /// The first value.
        from: f64,
        /// While the alert must not fire.
        healthy: f64,
        /// The worst growth at which the alert must not fire.
        tolerated: f64,
        /// While the alert fires.
        firing: f64,
    },
    /// A value that grows by 1 every other minute while the alert fires.
    Flapping,
    /// The first value, and in each minute in which the alert fires the second and the first in turn.
    Alternates(f64, f64),
    /// This value, and no samples while the alert fires.
    Disappears(f64),
    /// This value while the alert fires, and no samples otherwise.
    Appears(f64),
    /// This value all the time.
    Constant(f64),
}

impl Samples {
    /// A gauge with the same value whenever the alert must not fire.
    pub(crate) const fn gauge(normal: f64, firing: f64) -> Self {
        Self::Gauge {
            healthy: normal,
            tolerated: normal,
            firing,
        }
    }

    /// A counter that grows only while the alert fires, by this number per minute.
    pub(crate) const fn growth(firing: f64) -> Self {
        Self::Counter {
            from: 0.0,
            healthy: 0.0,
            tolerated: 0.0,
            firing,
        }
    }
}

impl AlertTest {
    /// A test in which one alert fires with this description, after its templates are replaced.
    pub fn new(description: impl Into<String>) -> Self {
        Self::expecting(ExpectedDescription::Text(description.into()))
    }

    /// A test in which one alert fires, whose description shows this value.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a number or a text, as the table writes it"
    )]
    pub(crate) fn value(value: impl ToString) -> Self {
        Self::expecting(ExpectedDescription::WithValue(value.to_string()))
    }

    const fn expecting(expected: ExpectedDescription) -> Self {
        Self {
            expected,
            series: Vec::new(),
            labels: Vec::new(),
            delay: Duration::from_seconds(0),
            recovery: Some(Duration::from_seconds(0)),
        }
    }

    /// Adds a series of a metric with these labels. The labels of its scrape (`namespace`, `kafka_cluster` and `job`)
    /// are added.
    pub fn series(mut self, metric: impl Into<String>, labels: &[(&str, &str)], samples: Samples) -> Self {
        let owned = |(label, value): &(&str, &str)| (Cow::Owned((*label).to_owned()), (*value).to_owned());
        self.series.push(TestSeries {
            metric: Cow::Owned(metric.into()),
            labels: labels.iter().map(owned).collect(),
            samples,
        });
        self
    }

    /// Adds a series of a metric of this crate.
    pub(crate) fn given(mut self, metric: &Metric, labels: &[(&'static str, &str)], samples: Samples) -> Self {
        self.series.push(TestSeries {
            metric: Cow::Borrowed(metric.name),
            labels: labels
                .iter()
                .map(|(label, value)| (Cow::Borrowed(*label), (*value).to_owned()))
                .collect(),
            samples,
        });
        self
    }

    /// The same where lag is known of topics only: the series of the first partition are those of its topic, and what is produced is counted
    /// by a broker.
    fn of_topics(mut self, sources: &Sources) -> Self {
        if sources.by_partition() {
            return self;
        }
        let mut known: Vec<(Text, Vec<(Text, String)>)> = Vec::new();
        let series = self.series.into_iter().filter_map(|mut series| {
            let of_group = [
                (exporter::CONSUMER_LAG.name, exporter::LAG_SUM.name),
                (exporter::COMMITTED_OFFSET.name, exporter::OFFSET_SUM.name),
            ];
            let sum = of_group.iter().find(|(name, _)| series.metric == *name);
            if let Some((_, sum)) = sum {
                series.metric = Cow::Borrowed(sum);
            } else if series.metric == exporter::CURRENT_OFFSET.name
                && sources.jobs_of(&exporter::CURRENT_OFFSET).is_empty()
            {
                series.metric = Cow::Borrowed(broker::TOPIC_MESSAGES_IN.name);
                series.labels.push((Cow::Borrowed("pod"), "kafka-0".to_owned()));
            } else {
                return Some(series);
            }
            series.labels.retain(|(label, _)| label != "partition");
            let key = (series.metric.clone(), series.labels.clone());
            let new = !known.contains(&key);
            known.push(key);
            new.then_some(series)
        });
        self.series = series.collect();
        self
    }

    /// A label that the alert has, beside `namespace`, `kafka_cluster` and `severity`.
    pub fn label(mut self, name: impl Into<Text>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// How long it takes from the first firing sample until the expression holds, because a rate needs time to rise,
    /// and from the first healthy sample until it no longer holds. Both are 0 by default and are counted in whole
    /// minutes.
    pub const fn late(mut self, delay: Duration, recovery: Duration) -> Self {
        self.delay = delay;
        self.recovery = Some(recovery);
        self
    }

    /// Leaves out that the alert resolves, because that takes hours.
    pub(crate) const fn without_recovery(mut self) -> Self {
        self.recovery = None;
        self
    }
}

/// The sum over the pods, each counted once: a second replica of Prometheus, or a pod that was recreated under its name,
/// has the same series again.
pub(crate) fn sum_of_pods(series: impl std::fmt::Display) -> String {
    format!("sum by ({BY}) (max by ({BY}, pod) ({series}))")
}

/// The last sample of two minutes: a scrape that is lost does not end an alert, or the time that it waits.
pub(crate) fn though_lost(series: impl std::fmt::Display) -> String {
    format!("last_over_time({series}[2m])")
}

/// The number of pods for which the expression has a value.
pub(crate) fn count_of_pods(series: impl std::fmt::Display) -> String {
    format!("count by ({BY}) (max by ({BY}, pod) ({series}))")
}

/// This many minutes; `const`, for tables.
pub(crate) const fn minutes(n: u64) -> Duration {
    Duration::from_seconds(n * 60)
}
