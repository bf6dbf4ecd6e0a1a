//! The alerts: those of this crate, one table from which rules, runbooks and promtool's tests are made, and those of a stack's
//! own.

mod broker;
mod cluster;
mod connect;
mod consumer;
mod controller;
pub(super) mod external;
pub(super) mod promtool;
mod registry;
pub(super) mod runbook;
mod scraping;
mod storage;
mod zookeeper;

pub use self::{
    promtool::{AlertTest, Samples},
    runbook::Runbook,
};

use std::collections::BTreeSet;

use self::{promtool::PromtoolTest, runbook::Page};
use super::{
    Board, Monitoring,
    expression::{Flaw, Judgement, judge},
    resource::AlertingRule,
    scrape::{CLUSTER, INTERVAL, Sources},
};
use crate::promql::{self, template};
use crate::{
    diagnostics::{Location, rules::observability as rules},
    metrics::Metric,
    quantity::Duration,
};

/// How urgent an alert is: its label `severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Someone is woken: clients fail, or the next failure makes them fail.
    Critical,
    /// Someone looks during working hours.
    Warning,
}

impl AlertSeverity {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// An alert of a stack's own. It passes the same checks as those of this crate: every metric and label in it exists in the
/// stack, it can fire, and it can stop.
///
/// ```
/// use kafka_stacks::{monitoring::{Alert, ExternalExporter, AlertSeverity}, prelude::*};
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
    pub(super) name: String,
    expression: String,
    severity: AlertSeverity,
    for_duration: Duration,
    summary: String,
    description: String,
    runbook: Option<String>,
    page: Option<Runbook>,
    test: Option<AlertTest>,
    location: Location,
}

impl Alert {
    /// An alert that fires for each series of the expression's result: a warning after five minutes, unless said otherwise.
    #[track_caller]
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            expression: expression.into(),
            severity: AlertSeverity::Warning,
            for_duration: Duration::from_seconds(5 * 60),
            summary: String::new(),
            description: String::new(),
            runbook: None,
            page: None,
            test: None,
            location: Location::caller(),
        }
    }

    /// How urgent it is.
    pub const fn severity(mut self, severity: AlertSeverity) -> Self {
        self.severity = severity;
        self
    }

    /// How long the expression must hold before it fires; nothing, or a scrape interval (30 s) or more.
    pub const fn for_duration(mut self, for_duration: Duration) -> Self {
        self.for_duration = for_duration;
        self
    }

    /// What is wrong: a sentence that is the same for every alert of this name.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Which one, and how much: a sentence with Prometheus' templates, as `{{ $labels.topic }}` and `{{ $value }}`.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The page that says what to do, where it is not one of this stack's.
    pub fn runbook(mut self, url: impl Into<String>) -> Self {
        self.runbook = Some(url.into());
        self
    }

    /// A page of its own in the stack's folder `runbooks`, to which it leads unless [`Alert::runbook`] says otherwise.
    pub fn page(mut self, page: Runbook) -> Self {
        self.page = Some(page);
        self
    }

    /// Series with which promtool shows that it fires, stops, and is silent where it should be.
    pub fn test(mut self, test: AlertTest) -> Self {
        self.test = Some(test);
        self
    }
}

/// A row of the table.
pub(super) struct Row {
    pub name: &'static str,
    pub severity: AlertSeverity,
    /// How long the expression must hold.
    pub for_duration: Duration,
    /// What is wrong: a sentence that is the same for every alert of this name.
    pub summary: &'static str,
    /// Which one, and how much: a template.
    pub description: &'static str,
    /// What the limit is in this stack, and why.
    pub threshold: fn(&Monitoring) -> String,
    /// The expression, or nothing where a metric of it does not exist.
    pub expression: fn(&Monitoring, &Sources) -> Option<String>,
    /// What to do about it.
    pub page: Page,
    /// Series that make it fire, and the nearest that do not.
    pub promtool_test: fn(&Monitoring, &Sources) -> PromtoolTest,
}

/// Every alert, by what it is about, with the dashboard to look at; the most urgent first.
const TABLES: &[(&[Row], Board)] = &[
    (cluster::ALL, Board::Overview),
    (external::ALL, Board::Overview),
    (controller::ALL, Board::Quorum),
    (broker::ALL, Board::Brokers),
    (storage::ALL, Board::Brokers),
    (consumer::ALL, Board::Consumers),
    (zookeeper::ALL, Board::ZooKeeper),
    (connect::ALL, Board::Connect),
    (registry::ALL, Board::Registry),
    (scraping::ALL, Board::Overview),
];

/// Every alert of this crate.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    TABLES.iter().flat_map(|(table, _)| table.iter())
}

/// Who wrote an alert, with its page and its test.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    Crate(&'static Row),
    Stack(&'a Alert),
}

/// An alert for one stack, as Prometheus reads it, and who wrote it.
pub(super) struct Ready<'a> {
    pub rule: AlertingRule,
    pub whose: Whose<'a>,
}

impl Monitoring {
    /// All alerts here: those of this crate whose metrics exist, then the stack's own.
    pub(super) fn ready_alerts(&self, sources: &Sources) -> Vec<Ready<'_>> {
        let rows = TABLES
            .iter()
            .flat_map(|(table, board)| table.iter().map(|row| (row, *board)));
        let of_crate = rows.filter_map(|(row, board)| {
            let annotations = [
                ("summary", Some(row.summary.to_owned())),
                ("description", Some(row.description.to_owned())),
                ("threshold", Some((row.threshold)(self))),
                ("runbook_url", self.page_url(row.name)),
                ("dashboard_url", self.dashboard_url(board, sources)),
            ];
            let expression = (row.expression)(self, sources)?;
            Some(Ready {
                rule: rule(
                    row.name,
                    expression,
                    row.severity,
                    row.for_duration,
                    annotations,
                    sources,
                ),
                whose: Whose::Crate(row),
            })
        });
        let of_stack = self.alerts.iter().map(|alert| {
            let page = || self.page_url(alert.page.as_ref().map(|_| alert.name.as_str())?);
            let annotations = [
                ("summary", Some(alert.summary.clone())),
                ("description", Some(alert.description.clone())),
                ("threshold", None),
                ("runbook_url", alert.runbook.clone().or_else(page)),
                ("dashboard_url", self.dashboard_url(Board::Overview, sources)),
            ];
            let expression = alert.expression.clone();
            Ready {
                rule: rule(
                    &alert.name,
                    expression,
                    alert.severity,
                    alert.for_duration,
                    annotations,
                    sources,
                ),
                whose: Whose::Stack(alert),
            }
        });
        of_crate.chain(of_stack).collect()
    }

    /// What is wrong with each alert.
    pub(super) fn flaws(&self, sources: &Sources) -> Vec<(Ready<'_>, Vec<Flaw>)> {
        let mut names = BTreeSet::new();
        self.ready_alerts(sources)
            .into_iter()
            .map(|alert| {
                let mut flaws = alert.flaws(sources);
                if !names.insert(alert.rule.alert.clone()) {
                    flaws.push(Flaw {
                        rule: &rules::ALERT,
                        message: format!("`{}` is the name of another alert too", alert.rule.alert),
                        hint: "give it another name in `Alert::new(…)`".to_owned(),
                    });
                }
                (alert, flaws)
            })
            .collect()
    }

    /// Who wrote the alert of a name.
    pub(super) fn author(&self, name: &str, sources: &Sources) -> Option<Whose<'_>> {
        let mut rows = all().filter(|row| row.name == name && (row.expression)(self, sources).is_some());
        rows.next()
            .map(Whose::Crate)
            .or_else(|| self.alerts.iter().find(|alert| alert.name == name).map(Whose::Stack))
    }
}

fn rule<const N: usize>(
    name: &str,
    expression: String,
    severity: AlertSeverity,
    for_duration: Duration,
    annotations: [(&str, Option<String>); N],
    sources: &Sources,
) -> AlertingRule {
    let labels = [
        ("severity", severity.label().to_owned()),
        // Also on what the kubelet reports, which knows no cluster.
        (CLUSTER, sources.cluster.clone()),
    ];
    let owned = |(key, value): (&str, String)| (key.to_owned(), value);
    AlertingRule {
        alert: name.to_owned(),
        expr: expression,
        for_duration: (for_duration.as_millis() > 0).then(|| for_duration.to_string()),
        labels: labels.map(owned).into(),
        annotations: annotations
            .into_iter()
            .filter_map(|(key, value)| Some(owned((key, value?))))
            .collect(),
    }
}

impl Ready<'_> {
    /// The line of a stack's own.
    pub(super) fn location(&self) -> Option<Location> {
        match self.whose {
            Whose::Crate(_) => None,
            Whose::Stack(alert) => Some(alert.location),
        }
    }

    /// Whether it has a page in the stack's folder.
    pub(super) fn has_page(&self) -> bool {
        match self.whose {
            Whose::Crate(_) => true,
            Whose::Stack(alert) => alert.page.is_some(),
        }
    }

    /// What it is tried with; nothing where an amendment has changed what it asks.
    pub(super) fn promtool_test(&self, monitoring: &Monitoring, sources: &Sources) -> Option<PromtoolTest> {
        match self.whose {
            Whose::Crate(row) => {
                let same = (row.expression)(monitoring, sources)? == self.rule.expr;
                same.then(|| (row.promtool_test)(monitoring, sources))
            }
            Whose::Stack(alert) if alert.expression == self.rule.expr => Some(
                alert
                    .test
                    .as_ref()?
                    .promtool_test(&judge(&alert.expression, sources), sources),
            ),
            Whose::Stack(_) => None,
        }
    }

    fn flaws(&self, sources: &Sources) -> Vec<Flaw> {
        let mut judgement = judge(&self.rule.expr, sources);
        let mut flaws = flaws(&self.rule, &mut judgement);
        if let Whose::Stack(alert) = self.whose {
            match &alert.test {
                Some(test) => flaws.extend(test.flaws(&judgement, sources)),
                // What is wrong with it comes first.
                None if flaws.is_empty() => flaws.push(Flaw {
                    rule: &rules::UNTESTED,
                    message: "it has no test".to_owned(),
                    hint: AlertTest::call(&judgement, sources),
                }),
                None => {}
            }
        }
        flaws
    }
}

/// What is wrong with a rule, the flaws of its expression first.
fn flaws(rule: &AlertingRule, judgement: &mut Judgement) -> Vec<Flaw> {
    let mut flaws = std::mem::take(&mut judgement.flaws);
    let mut flaw = |rule, message: String, hint: &str| {
        flaws.push(Flaw {
            rule,
            message,
            hint: hint.to_owned(),
        });
    };
    let name = &rule.alert;
    let mut letters = name.bytes();
    if !letters.next().is_some_and(|first| first.is_ascii_uppercase()) || !letters.all(|c| c.is_ascii_alphanumeric()) {
        let message = format!("`{name}` is no name in capitals and lower case, as `KafkaBrokerDown`");
        flaw(&rules::ALERT, message, "use such a name in `Alert::new(…)`");
    }
    for what in ["summary", "description"] {
        if rule.annotation(what).trim().is_empty() {
            flaw(
                &rules::ALERT,
                format!("it has no {what}"),
                &format!("say it with `.{what}(…)`"),
            );
        }
    }
    let for_duration = rule.waits();
    if for_duration.as_millis() != 0 && for_duration < INTERVAL {
        flaw(
            &rules::TIMES,
            format!("`for` is {for_duration}, and a scrape comes every {INTERVAL}"),
            "use `.for_duration(5.minutes())`, or `.for_duration(0.seconds())` for what must not happen once",
        );
    }
    if rule.annotation("summary").contains("{{") {
        flaw(
            &rules::TEMPLATE,
            "the summary has a template: it is the same for every alert of a name".to_owned(),
            "put it into `.description(…)`",
        );
    }
    // Prometheus expands all annotations, not the description alone.
    for what in ["description", "runbook_url"] {
        for message in template::errors(rule.annotation(what), judgement.labels.as_ref()) {
            flaw(&rules::TEMPLATE, message, "name labels that the expression keeps");
        }
    }
    flaws
}

/// What is wrong with a rule that an amendment changed or added. `written` are those that were rendered.
pub(super) fn flaws_of_amended(rule: &AlertingRule, written: &[Ready<'_>], sources: &Sources) -> Vec<Flaw> {
    if written.iter().any(|alert| alert.rule == *rule) {
        return Vec::new();
    }
    let mut judgement = judge(&rule.expr, sources);
    let mut flaws = flaws(rule, &mut judgement);
    let before = written.iter().find(|alert| alert.rule.alert == rule.alert);
    if flaws.is_empty() && before.is_none_or(|alert| alert.rule.expr != rule.expr) {
        flaws.push(Flaw {
            rule: &rules::UNTESTED,
            message: "it has no test: its expression is the amendment's".to_owned(),
            hint: "use a threshold of `Monitoring`, or an alert of your own with `Alert::test(…)`".to_owned(),
        });
    }
    flaws
}

/// The metrics of an expression.
pub(super) fn metrics(expression: &str, sources: &Sources) -> Vec<&'static Metric> {
    let names = promql::parse(expression).map_or_else(|_| BTreeSet::new(), |parsed| promql::metric_names(&parsed));
    names.iter().filter_map(|name| sources.find(name)?.metric).collect()
}

/// What most results are aggregated by.
pub(super) const BY: &str = "namespace, kafka_cluster";

const fn minutes(n: u64) -> Duration {
    Duration::from_seconds(n * 60)
}
