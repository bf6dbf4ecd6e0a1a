//! Alerts as components and stacks write them: rule, runbook and test in one value.

use std::borrow::Cow;

use super::{Sources, board};
use crate::{diagnostics::Location, metrics::Metric, quantity::Duration};

/// A text of this crate, or of a stack.
pub(crate) type Text = Cow<'static, str>;

/// How urgent an alert is: its label `severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Someone is woken: clients fail, or the next failure makes them fail.
    Critical,
    /// Someone looks during working hours.
    Warning,
}

impl AlertSeverity {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// An alert of a stack or of a component. It passes the same checks as those of this crate: every metric and label in it
/// exists in the stack, it can fire, and it can stop.
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
    pub(crate) summary: Text,
    pub(crate) description: Text,
    /// What the limit is in this stack, and why.
    pub(crate) threshold: Option<String>,
    pub(crate) runbook_url: Option<String>,
    pub(crate) runbook: Option<Runbook>,
    pub(crate) test: Option<AlertTest>,
    /// The name of the dashboard to look at.
    pub(crate) board: &'static str,
    /// The line that made it; none for the alerts of this crate's own components.
    pub(crate) location: Option<Location>,
}

impl Alert {
    /// An alert that fires for each series of the expression's result: a warning after five minutes, unless said otherwise.
    #[track_caller]
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self {
            name: Cow::Owned(name.into()),
            expression: expression.into(),
            severity: AlertSeverity::Warning,
            for_duration: minutes(5),
            summary: Cow::Borrowed(""),
            description: Cow::Borrowed(""),
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

    /// How long the expression must hold before it fires: zero, or at least one scrape interval (30 s).
    pub const fn for_duration(mut self, for_duration: Duration) -> Self {
        self.for_duration = for_duration;
        self
    }

    /// What is wrong: a sentence that is the same for every alert of this name.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Cow::Owned(summary.into());
        self
    }

    /// Which one, and how much: a sentence with Prometheus' templates, as `{{ $labels.topic }}` and `{{ $value }}`.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Cow::Owned(description.into());
        self
    }

    /// What the limit is, and why: the annotation `threshold`.
    pub fn threshold(mut self, threshold: impl Into<String>) -> Self {
        self.threshold = Some(threshold.into());
        self
    }

    /// Its runbook, written to the stack's folder `runbooks`; the annotation `runbook_url` leads there unless
    /// [`Alert::runbook_url`] says otherwise.
    pub fn runbook(mut self, runbook: Runbook) -> Self {
        self.runbook = Some(runbook);
        self
    }

    /// The URL of its runbook, where that is not in this stack's folder `runbooks`.
    pub fn runbook_url(mut self, url: impl Into<String>) -> Self {
        self.runbook_url = Some(url.into());
        self
    }

    /// Its test, for promtool: series with which it fires and resolves, and others with which it must not fire.
    pub fn test(mut self, test: AlertTest) -> Self {
        self.test = Some(test);
        self
    }

    /// The dashboard to look at, by the name that [`Board::new`](super::Board::new) was given; the overview unless said
    /// otherwise.
    pub const fn board(mut self, name: &'static str) -> Self {
        self.board = name;
        self
    }
}

/// An alert of this crate: a row of a component's table, from which rule, runbook and test are made.
pub(crate) struct AlertRow<T: 'static> {
    pub name: &'static str,
    pub severity: AlertSeverity,
    /// How long the expression must hold.
    pub for_duration: Duration,
    /// What is wrong: a sentence that is the same for every alert of this name.
    pub summary: &'static str,
    /// Which one, and how much: a template.
    pub description: &'static str,
    /// What the limit is in this stack, and why.
    pub threshold: fn(&T, &Sources) -> String,
    /// The expression; `None` where the stack does not export one of its metrics.
    pub expression: fn(&T, &Sources) -> Option<String>,
    /// What to do about it.
    pub page: Page,
    /// Series that make it fire, and the worst at which it must not fire.
    pub test: fn(&T, &Sources) -> AlertTest,
}

/// The alerts of a table whose metrics exist; `board` is the dashboard to look at.
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
            summary: Cow::Borrowed(row.summary),
            description: Cow::Borrowed(row.description),
            threshold: Some((row.threshold)(component, sources)),
            runbook_url: None,
            runbook: Some(Runbook::of(&row.page)),
            test: Some((row.test)(component, sources)),
            board,
            location: None,
        })
    })
}

/// What a runbook says beside what the alert says. In all texts `{ns}` and the like are replaced by what they are in the stack.
pub(crate) struct Page {
    /// What it means for clients, in this cluster's numbers.
    pub meaning: &'static str,
    /// Likely causes, the most likely first.
    pub causes: &'static [&'static str],
    /// What to see, and the command that shows it.
    pub steps: &'static [(&'static str, &'static str)],
    /// How to fix it, and how to tell that it is over.
    pub over: &'static str,
    /// What not to do, and why.
    pub avoid: &'static [&'static str],
}

/// The runbook of an alert: what the person on call reads first.
///
/// `{ns}`, `{cluster}`, `{bootstrap}`, `{job}` and the other names that this crate's own runbooks use are replaced by what they
/// are in the stack, and `{run} ` by what comes before a Kafka command, which is empty for an external cluster.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// Runbook::new("Orders are accepted but not processed: customers wait.")
///     .cause("The workers are down.")
///     .step("Do they run?", "kubectl -n shop get pods -l app=worker")
///     .step("How far behind are they?", "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group worker")
///     .over("Start them. It is over when fewer than 100 orders wait.")
///     .avoid("Do not reset the group's offsets: the orders in between are then never handled.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Runbook {
    pub(crate) meaning: Text,
    pub(crate) causes: Vec<Text>,
    pub(crate) steps: Vec<(Text, Text)>,
    pub(crate) over: Text,
    pub(crate) avoid: Vec<Text>,
}

impl Runbook {
    /// A runbook that says what the alert means.
    pub fn new(meaning: impl Into<String>) -> Self {
        Self {
            meaning: Cow::Owned(meaning.into()),
            causes: Vec::new(),
            steps: Vec::new(),
            over: Cow::Borrowed(""),
            avoid: Vec::new(),
        }
    }

    /// A likely cause; the most likely first.
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(Cow::Owned(cause.into()));
        self
    }

    /// What to look at, and the command that shows it.
    pub fn step(mut self, what: impl Into<String>, command: impl Into<String>) -> Self {
        self.steps.push((Cow::Owned(what.into()), Cow::Owned(command.into())));
        self
    }

    /// How to fix it, and how to tell that it is over.
    pub fn over(mut self, over: impl Into<String>) -> Self {
        self.over = Cow::Owned(over.into());
        self
    }

    /// What not to do, and why.
    pub fn avoid(mut self, avoid: impl Into<String>) -> Self {
        self.avoid.push(Cow::Owned(avoid.into()));
        self
    }

    fn of(page: &Page) -> Self {
        let borrowed = |texts: &[&'static str]| texts.iter().copied().map(Cow::Borrowed).collect();
        Self {
            meaning: Cow::Borrowed(page.meaning),
            causes: borrowed(page.causes),
            steps: page
                .steps
                .iter()
                .map(|(what, command)| (Cow::Borrowed(*what), Cow::Borrowed(*command)))
                .collect(),
            over: Cow::Borrowed(page.over),
            avoid: borrowed(page.avoid),
        }
    }
}

/// How an alert is tested: series that make it fire and resolve, and the worst ones at which it must not fire.
///
/// `out/<stack>/tests/alerts.yaml` then has two tests of it, for `promtool test rules`. In the first all series are `healthy`
/// for ten minutes, then `firing` until ten minutes after the alert fires, then `healthy` again. In the second they are
/// `tolerated` for as long, and the alert must not fire.
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
    /// What the description is when the alert fires.
    pub(crate) expected: ExpectedDescription,
    pub(crate) series: Vec<TestSeries>,
    /// The alert's labels beside `namespace`, `kafka_cluster` and `severity`.
    pub(crate) labels: Vec<(Text, String)>,
    /// From the first firing sample until the expression holds.
    pub(crate) delay: Duration,
    /// From the first healthy sample until the expression no longer holds.
    pub(crate) recovery: Duration,
}

/// What a test expects the description to be when the alert fires.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExpectedDescription {
    /// The template with this value in it.
    WithValue(String),
    /// This text.
    Text(String),
}

/// A series of a test, by metric and labels of its own.
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
        /// While all is well.
        healthy: f64,
        /// The worst value at which the alert must not fire.
        tolerated: f64,
        /// While the alert fires.
        firing: f64,
    },
    /// A value that grows in each minute by the number of the phase.
    Counter {
        /// The first value.
        from: f64,
        /// While all is well.
        healthy: f64,
        /// The worst growth at which the alert must not fire.
        tolerated: f64,
        /// While the alert fires.
        firing: f64,
    },
    /// It grows by 1 every other minute while the alert fires.
    Flapping,
    /// It has this value, and is absent while the alert fires.
    Disappears(f64),
    /// It has this value while the alert fires, and is absent otherwise.
    Appears(f64),
    /// It always has this value.
    Constant(f64),
}

impl AlertTest {
    /// A test in which one alert fires with this description, its templates replaced.
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
            recovery: Duration::from_seconds(0),
        }
    }

    /// A series of a metric, with labels of its own: those that its scrape gives it (`namespace`, `kafka_cluster` and `job`)
    /// need no mention.
    pub fn series(mut self, metric: impl Into<String>, labels: &[(&str, &str)], samples: Samples) -> Self {
        let owned = |(label, value): &(&str, &str)| (Cow::Owned((*label).to_owned()), (*value).to_owned());
        self.series.push(TestSeries {
            metric: Cow::Owned(metric.into()),
            labels: labels.iter().map(owned).collect(),
            samples,
        });
        self
    }

    /// The same of a metric of this crate.
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

    /// A label that the alert has, beside `namespace`, `kafka_cluster` and `severity`.
    pub fn label(mut self, name: impl Into<Text>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The time from the first firing sample until the expression holds, as a rate needs to rise, and from the first healthy
    /// sample until it no longer holds; both are 0 by default. Only whole minutes count.
    pub const fn late(mut self, delay: Duration, recovery: Duration) -> Self {
        self.delay = delay;
        self.recovery = recovery;
        self
    }
}

/// What most results are aggregated by.
pub(crate) const BY: &str = "namespace, kafka_cluster";

/// So many minutes, in a table.
pub(crate) const fn minutes(n: u64) -> Duration {
    Duration::from_seconds(n * 60)
}
