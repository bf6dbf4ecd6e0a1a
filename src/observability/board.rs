//! Dashboards as components describe them; monitoring converts them to JSON.

use super::{ALERTS, Scope, Sources};
use crate::{manifest::digest, metrics::Metric, promql::Selector};

/// The name of the dashboard that shows the state of the cluster and leads to the others.
pub(crate) const OVERVIEW: &str = "";

/// Grafana's limit for a `uid`.
const UID_LIMIT: usize = 40;
/// The characters that `kafka_`, the digest of a cluster's name, and `_` leave for the name of a dashboard.
pub(crate) const LONGEST_NAME: usize = UID_LIMIT - 23;
/// Names of dashboards up to this length do not influence whether the cluster's name is replaced by its digest, so that
/// the uids of one cluster's dashboards begin alike.
const USUAL_NAME: usize = 9;

/// A dashboard about one subject.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Board {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) variables: Vec<Variable>,
    pub(crate) rows: Vec<Row>,
}

/// A row of panels; without a title, panels at the top.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub title: &'static str,
    pub folded: bool,
    pub panels: Vec<Panel>,
}

impl Board {
    /// An empty dashboard. `name` is the end of its uid, such as `connect`: at most 17 lower-case letters, digits and
    /// `-`.
    pub const fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            variables: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// A variable by which its panels can be filtered.
    pub fn variable(mut self, variable: Variable) -> Self {
        self.variables.push(variable);
        self
    }

    /// A row of panels; without a title they stand at the top.
    pub fn row(mut self, title: &'static str, panels: Vec<Panel>) -> Self {
        self.rows.push(Row {
            title,
            folded: false,
            panels,
        });
        self
    }

    /// A row that is folded when the dashboard is opened.
    pub fn folded_row(mut self, title: &'static str, panels: Vec<Panel>) -> Self {
        self.rows.push(Row {
            title,
            folded: true,
            panels,
        });
        self
    }

    /// Whether any panel has a metric that exists.
    pub(crate) fn shows_anything(&self) -> bool {
        self.rows.iter().any(|row| row.panels.iter().any(Panel::is_known))
    }

    /// Adds rows, panels and variables of another dashboard of the same name that this one does not have.
    pub(crate) fn join(&mut self, other: Self) {
        let new = |variable: &Variable| self.variables.iter().all(|known| known.name != variable.name);
        let variables: Vec<Variable> = other.variables.into_iter().filter(new).collect();
        self.variables.extend(variables);
        for row in other.rows {
            match self.rows.iter_mut().find(|known| known.title == row.title) {
                None => self.rows.push(row),
                Some(known) => {
                    for panel in row.panels {
                        if !known.panels.contains(&panel) {
                            known.panels.push(panel);
                        }
                    }
                }
            }
        }
    }

    /// The part of the uid after the prefix of the cluster.
    pub(crate) fn suffix(&self) -> String {
        suffix(self.name)
    }
}

fn suffix(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!("-{name}")
    }
}

/// The stable uid of a dashboard, which links use. It is also the name of its file, which must differ from the files of
/// all other dashboards that Grafana loads.
///
/// Its parts are joined by `_`, which no name has, so that the clusters of all stacks differ in one Grafana.
pub(crate) fn uid(sources: &Sources, name: &str) -> String {
    if sources.scope == Scope::AllClusters {
        // A hyphen follows, so that it is the uid of no single cluster.
        return format!("kafka-cluster{}", suffix(name));
    }
    let Sources {
        kubernetes,
        namespace,
        cluster,
        ..
    } = sources;
    let mut uid = format!("{kubernetes}_{namespace}_{cluster}");
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if uid.len() + 1 + name.len().max(USUAL_NAME) > UID_LIMIT || !kubernetes.chars().all(known) {
        uid = format!("kafka_{}", digest(&uid));
    }
    if name.is_empty() { uid } else { format!("{uid}_{name}") }
}

/// The firing alerts by name: Prometheus has a series for each.
pub(crate) fn firing(how: &str, sources: &Sources, matchers: &[(&str, &str)]) -> String {
    let place = sources.place();
    let place = place.iter().map(|(label, value)| (*label, value.as_str()));
    let alerts = place
        .chain([("alertstate", "firing")])
        .chain(matchers.iter().copied())
        .fold(Selector::new(ALERTS), Selector::matching);
    format!("{how} by (alertname, severity) ({alerts})")
}

/// A variable at the top of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// Grafana's query of the values; `None` if the stack does not export the metric.
    pub(crate) values: Option<String>,
    pub(crate) choice: Choice,
}

/// Which of its values a variable has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Those that are chosen; at first whatever there is, also what is not there any more.
    Any,
    /// Those that are chosen; at first all that are listed.
    Listed,
    /// One.
    One,
    /// All ten of this label, and it is not shown.
    Top(&'static str),
}

impl Variable {
    /// A variable that panels use as `$name`: the values of a label of a metric. `title` is shown next to it.
    pub fn new(name: &'static str, title: &'static str, sources: &Sources, metric: &Metric, label: &str) -> Self {
        Self {
            name,
            label: title,
            values: sources
                .series(metric, &[])
                .map(|series| format!("label_values({series}, {label})")),
            choice: Choice::Any,
        }
    }

    /// The pods that export a metric. Other pods of the cluster have the metrics of a JVM too, so at first it stands for these.
    pub(crate) fn pods(name: &'static str, title: &'static str, sources: &Sources, metric: &Metric) -> Self {
        Self {
            choice: Choice::Listed,
            ..Self::new(name, title, sources, metric, "pod")
        }
    }

    /// The ten values of a label with the most, so that a panel over time shows ten lines, and the same ten at all times: `topk` at
    /// each point would show every series that was among the ten at some point. `$__range` is the time that is shown.
    pub(crate) fn top(name: &'static str, expression: Option<String>, label: &'static str) -> Self {
        Self {
            name,
            label: "",
            values: expression.map(|expression| format!("query_result(topk(10, {expression}))")),
            choice: Choice::Top(label),
        }
    }
}

/// The unit of a panel's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelUnit {
    /// A small number, such as pods, shown in full.
    Count,
    /// A large number, such as records, shown rounded.
    Many,
    /// Records per second.
    RecordsPerSecond,
    /// Requests per second.
    RequestsPerSecond,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// A ratio from 0 to 1, shown in percent.
    Ratio,
    /// Another unit, which the title names.
    Number,
}

impl PanelUnit {
    /// Grafana's name of it.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Count | Self::Number => "none",
            Self::Many => "short",
            Self::RecordsPerSecond => "recps",
            Self::RequestsPerSecond => "reqps",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "Bps",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Ratio => "percentunit",
        }
    }
}

/// A query and the legend of its series. The expression is `None` if the stack does not export one of its metrics.
pub type Query = (Option<String>, &'static str);

/// A colour by Grafana's name, or as `#rrggbb`.
pub type Colour = &'static str;

/// How a panel shows its values.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// One large number on a green background, and on another colour from each of these values on; without values, a
    /// number without a background.
    Stat(Vec<(f64, Colour)>),
    /// Lines over time.
    Lines,
    /// Lines with a legend that is sorted by value, for series whose number is not known.
    TopLines,
    /// Stacked areas over time.
    Stacked,
    /// Bars: what happened within each interval.
    Bars,
    /// A bar over time for each series, with names and colours for values.
    States(Vec<(i32, &'static str, Colour)>),
    /// A bar over time for each alert while it fires, red if it is critical.
    Alerts,
    /// A table of what is there now, with a row for each set of labels.
    Table(Table),
}

/// The columns of a table: labels, then one for each query. The rows with the most of a query come first.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Labels and the titles of their columns.
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) columns: Vec<Column>,
    /// The title of the column by which rows are sorted.
    pub(crate) sort: &'static str,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub title: &'static str,
    pub unit: PanelUnit,
    /// Colours from values on, as of [`View::Stat`].
    pub colours: Vec<(f64, Colour)>,
}

impl View {
    pub(crate) const fn is_stat(&self) -> bool {
        matches!(self, Self::Stat(_))
    }

    /// Whether it shows the present, and not a time.
    pub(crate) const fn is_instant(&self) -> bool {
        matches!(self, Self::Stat(_) | Self::Table(_))
    }
}

/// A panel of a dashboard. It is left out where the stack exports none of its metrics.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Panel {
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) unit: PanelUnit,
    pub(crate) view: View,
    pub(crate) queries: Vec<Query>,
    /// The minimum of the axis.
    pub(crate) min: f64,
    /// The maximum of the axis, if it shows the whole range.
    pub(crate) max: Option<f64>,
    /// A line at a limit, such as an alert's threshold.
    pub(crate) limit: Option<f64>,
    /// The text to show without series, if that is good news.
    pub(crate) no_value: Option<&'static str>,
    /// The link of the panel.
    pub(crate) link: Option<(&'static str, String)>,
}

impl Panel {
    /// A panel with these queries. Use `$__rate_interval` as the range of rates.
    pub const fn new(title: &'static str, unit: PanelUnit, view: View, queries: Vec<Query>) -> Self {
        let max = match unit {
            PanelUnit::Ratio => Some(1.0),
            _ => None,
        };
        Self {
            title,
            description: "",
            unit,
            view,
            queries,
            min: 0.0,
            max,
            limit: None,
            no_value: None,
            link: None,
        }
    }

    /// What the panel shows: a sentence in its tooltip.
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The minimum of the axis; by default 0.
    pub const fn min(mut self, min: f64) -> Self {
        self.min = min;
        self
    }

    /// A dashed line at this value.
    pub const fn limit(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same, where the limit is known.
    pub(crate) const fn limit_if_known(mut self, limit: Option<f64>) -> Self {
        self.limit = limit;
        self
    }

    /// The text to show without series, if that is good news, such as `No errors`.
    pub const fn no_value(mut self, text: &'static str) -> Self {
        self.no_value = Some(text);
        self
    }

    /// The link of the panel.
    pub fn link(mut self, title: &'static str, url: impl Into<String>) -> Self {
        self.link = Some((title, url.into()));
        self
    }

    /// Whether any of its metrics exists in the stack.
    pub(crate) fn is_known(&self) -> bool {
        self.queries.iter().any(|(expression, _)| expression.is_some())
    }
}
