//! Dashboards as components describe them; monitoring makes JSON of them.

use super::{ALERTS, CLUSTER, Sources};
use crate::{manifest::digest, metrics::Metric};

/// The name of the dashboard that shows the state of the cluster and leads to the others.
pub(crate) const OVERVIEW: &str = "";

/// Grafana's limit for a `uid`.
const UID_LIMIT: usize = 40;
/// `kafka-`, the digest of a cluster's name, and `-` leave so much for the name of a dashboard.
pub(crate) const LONGEST_NAME: usize = UID_LIMIT - 23;
/// Up to this length of a dashboard's name, whether the cluster's name fits does not depend on it: the dashboards of one
/// cluster then have names that begin alike.
const USUAL_NAME: usize = 9;

/// A dashboard about one thing.
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
    /// An empty dashboard. `name` is the end of its id, as `connect`: at most 17 lower-case letters, digits and `-`.
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

    /// A row that is folded until someone opens it.
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

    /// Adds what another dashboard of the same name has and this one does not.
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

    /// What comes behind the names of the cluster's dashboards.
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

/// The stable id of a dashboard, by which it is linked to; it is also the name of its file, which has to differ from that of
/// every other dashboard that Grafana loads.
pub(crate) fn uid(sources: &Sources, name: &str) -> String {
    let mut cluster = format!("kafka-{}-{}", sources.namespace, sources.cluster);
    if cluster.len() + 1 + name.len().max(USUAL_NAME) > UID_LIMIT {
        cluster = format!("kafka-{}", digest(&cluster));
    }
    cluster + &suffix(name)
}

/// The alerts that fire, by name: Prometheus keeps a series of each.
pub(crate) fn firing(how: &str, sources: &Sources, matchers: &str) -> String {
    let Sources { namespace, cluster, .. } = sources;
    format!(
        "{how} by (alertname, severity) \
         ({ALERTS}{{namespace=\"{namespace}\",{CLUSTER}=\"{cluster}\",alertstate=\"firing\"{matchers}}})"
    )
}

/// What can be chosen above a dashboard, all at first: the values of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// Grafana's query of the values; `None` if the stack does not export the metric.
    pub(crate) values: Option<String>,
}

impl Variable {
    /// A variable that panels use as `$name`: the values of a label of a metric. `title` stands beside it.
    pub fn new(name: &'static str, title: &'static str, sources: &Sources, metric: &Metric, label: &str) -> Self {
        Self {
            name,
            label: title,
            values: sources
                .series(metric, &[])
                .map(|series| format!("label_values({series}, {label})")),
        }
    }
}

/// What the values of a panel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelUnit {
    /// Few things, as pods: in full.
    Count,
    /// Many things, as records: rounded.
    Many,
    /// Records a second.
    RecordsPerSecond,
    /// Requests a second.
    RequestsPerSecond,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// A part of 1, shown in percent.
    Ratio,
    /// Anything else; the title says what.
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

/// A query and the legend of its series. No expression: the stack does not export one of its metrics.
pub type Query = (Option<String>, &'static str);

/// A colour by Grafana's name, or as `#rrggbb`.
pub type Colour = &'static str;

/// How a panel shows its values.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// One large number on green, and on another colour from each value on; without any, a number on no colour.
    Stat(Vec<(f64, Colour)>),
    /// Lines over time.
    Lines,
    /// Lines with a legend that is sorted by value, for series whose number is not known.
    TopLines,
    /// Areas over time, one upon the other.
    Stacked,
    /// What happened within each interval.
    Bars,
    /// A bar over time for each series, with a name and a colour for each value that means something.
    States(Vec<(i32, &'static str, Colour)>),
    /// A bar over time for each alert while it fires, red if it is critical.
    Alerts,
}

impl View {
    pub(crate) const fn is_stat(&self) -> bool {
        matches!(self, Self::Stat(_))
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
    /// The least value of the axis.
    pub(crate) min: f64,
    /// The most, if the axis is to show all that there can be.
    pub(crate) max: Option<f64>,
    /// A line at a limit: of an alert, or of what there can be.
    pub(crate) limit: Option<f64>,
    /// What it says without series, where that is good news.
    pub(crate) no_value: Option<&'static str>,
    /// Where a click leads.
    pub(crate) link: Option<(&'static str, String)>,
}

impl Panel {
    /// A panel of these queries. `$__rate_interval` is the range to use for rates.
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

    /// What it shows: a sentence behind the title.
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The least value of the axis, where that is not 0.
    pub const fn min(mut self, min: f64) -> Self {
        self.min = min;
        self
    }

    /// A dashed line at this value.
    pub const fn limit(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What it says while there is no series, where that is good news, as `No errors`.
    pub const fn no_value(mut self, text: &'static str) -> Self {
        self.no_value = Some(text);
        self
    }

    /// Where a click leads.
    pub fn link(mut self, title: &'static str, url: impl Into<String>) -> Self {
        self.link = Some((title, url.into()));
        self
    }

    /// Whether any of its metrics exists here.
    pub(crate) fn is_known(&self) -> bool {
        self.queries.iter().any(|(expression, _)| expression.is_some())
    }
}
