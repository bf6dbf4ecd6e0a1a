//! Panels that several components show, and helpers for the queries of panels.

use super::{Colour, Panel, PanelUnit, Query, Scope, Sources, Thresholds, Variable, View, uid};
use crate::{
    metrics::{self, Metric, broker, controller, exporter, jvm, record},
    promql::Selector,
};

/// The colour of values that are neither good nor bad.
pub(crate) const QUIET: Colour = "#464C54";

/// A panel with one query, described by the help text of its metric.
pub(crate) fn panel(title: &'static str, metric: &Metric, unit: PanelUnit, look: View, query: Query) -> Panel {
    panel_of(title, metric.help, unit, look, vec![query])
}

/// A panel with several queries.
pub(crate) const fn panel_of(
    title: &'static str,
    description: &'static str,
    unit: PanelUnit,
    view: View,
    queries: Vec<Query>,
) -> Panel {
    Panel::new(title, unit, view, queries).description(description)
}

/// A number that is red from a value on.
pub(crate) fn alarm(from: f64) -> View {
    View::Stat(vec![(from, "red")])
}

/// A number that is yellow from a value on.
pub(crate) fn warning(from: f64) -> View {
    View::Stat(vec![(from, "orange")])
}

/// A number that is red below a value.
pub(crate) fn no_less_than(least: f64) -> View {
    View::Stat(vec![(0.0, "red"), (least, "green")])
}

/// A number that is red unless it is 1.
pub(crate) fn exactly_one() -> View {
    View::Stat(vec![(0.0, "red"), (1.0, "green"), (2.0, "red")])
}

/// A number without colours.
pub(crate) fn plain() -> View {
    View::Stat(Vec::new())
}

/// The state of a metric that is 1 on one pod and 0 on the others.
pub(crate) fn chosen(name: &'static str, other: &'static str) -> View {
    View::States(vec![(1, name, "green"), (0, other, QUIET)])
}

/// Queries and panels of metrics, where the stack exports them.
#[derive(Clone, Copy)]
pub(crate) struct Queries<'a> {
    pub sources: &'a Sources,
    /// The variable that chooses among the pods that export a metric.
    pods: Option<&'static str>,
}

impl<'a> Queries<'a> {
    pub(crate) const fn new(sources: &'a Sources) -> Self {
        Self { sources, pods: None }
    }

    /// The same of the pods that this variable chooses.
    pub(crate) const fn of_pods(self, variable: &'static str) -> Self {
        Self {
            pods: Some(variable),
            ..self
        }
    }

    /// As [`Sources::series`].
    pub(crate) fn series(&self, metric: &Metric, labels: &[(&str, &str)]) -> Option<Selector> {
        let series = self.sources.series(metric, labels)?;
        let of_pods = self.pods.filter(|_| metrics::of_agents(metric.name).is_some());
        Some(match of_pods {
            Some(variable) => series.regex("pod", &format!("${variable}")),
            None => series,
        })
    }

    /// A line where an alert fires; none where that depends on the cluster that is chosen.
    pub(crate) fn limit(&self, of: impl FnOnce(&Thresholds) -> f64) -> Option<f64> {
        (self.sources.scope != Scope::AllClusters).then(|| of(&self.sources.thresholds))
    }

    /// A variable of topics: all that the exporter sees, from a series for each and not for each partition.
    pub(crate) fn topics(&self) -> Variable {
        Variable::new("topic", "Topic", self.sources, &record::TOPIC_RATE, "topic")
    }

    /// The metric, aggregated by `how`, such as `sum by (pod)`.
    pub(crate) fn gauge(&self, how: &str, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
        Some(format!("{how} ({})", self.series(metric, labels)?))
    }

    /// Its `rate`, aggregated by `how`.
    pub(crate) fn rate(&self, how: &str, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
        Some(format!(
            "{how} (rate({}[$__rate_interval]))",
            self.series(metric, labels)?
        ))
    }

    /// Its `increase`, aggregated by `how`.
    pub(crate) fn increase(&self, how: &str, metric: &Metric) -> Option<String> {
        Some(format!(
            "{how} (increase({}[$__rate_interval]))",
            self.series(metric, &[])?
        ))
    }

    /// A number for the whole cluster.
    pub(crate) fn number(&self, title: &'static str, metric: &Metric, how: &str, look: View) -> Panel {
        panel(
            title,
            metric,
            PanelUnit::Count,
            look,
            (self.gauge(how, metric, &[]), ""),
        )
    }

    pub(crate) fn active_controllers(&self) -> Panel {
        self.number(
            "Active controllers",
            &controller::ACTIVE_CONTROLLERS,
            "sum",
            exactly_one(),
        )
    }

    pub(crate) fn offline_partitions(&self) -> Panel {
        self.number("Offline partitions", &controller::OFFLINE_PARTITIONS, "max", alarm(1.0))
    }

    /// A line for each pod.
    pub(crate) fn each(&self, title: &'static str, metric: &Metric, unit: PanelUnit) -> Panel {
        let query = (self.gauge("max by (pod)", metric, &[]), "{{pod}}");
        panel(title, metric, unit, View::Lines, query)
    }

    /// Rare events of each pod.
    pub(crate) fn events(&self, title: &'static str, metric: &Metric) -> Panel {
        let query = (self.increase("sum by (pod)", metric), "{{pod}}");
        panel(title, metric, PanelUnit::Count, View::Bars, query).no_value("None")
    }

    /// The state of each pod.
    pub(crate) fn states(&self, title: &'static str, metric: &Metric, look: View) -> Panel {
        panel(
            title,
            metric,
            PanelUnit::Count,
            look,
            (self.gauge("max by (pod)", metric, &[]), "{{pod}}"),
        )
    }

    /// The state of each thing, if the state is a label and the series exists only while the thing is in this state. A
    /// state is shown as its position in the list.
    pub(crate) fn named_states(
        &self,
        title: &'static str,
        metric: &Metric,
        (by, legend): (&str, &'static str),
        label: &str,
        states: &[(&str, &'static str, Colour)],
    ) -> Panel {
        let part = |(number, (values, ..)): (usize, &(&str, &str, Colour))| {
            let selector = self.series(metric, &[(label, &format!("~{values}"))])?;
            Some(format!("{} * {selector}", number + 1))
        };
        let parts: Option<Vec<String>> = states.iter().enumerate().map(part).collect();
        let query = parts.map(|parts| format!("max by ({by}) ({})", parts.join(" or ")));
        let looks = (1..)
            .zip(states)
            .map(|(number, (_, name, colour))| (number, *name, *colour));
        panel(
            title,
            metric,
            PanelUnit::Count,
            View::States(looks.collect()),
            (query, legend),
        )
    }

    /// Bars of what each pod has more of, stacked.
    pub(crate) fn stacked(&self, title: &'static str, metric: &Metric, unit: PanelUnit) -> Panel {
        let query = (self.gauge("sum by (pod)", metric, &[]), "{{pod}}");
        panel(title, metric, unit, View::Stacked, query)
    }
}

impl Panel {
    /// Links the panel to another dashboard, with the same time range and data source.
    pub(crate) fn link_to_board(self, name: &str, title: &'static str, queries: &Queries<'_>) -> Self {
        let url = format!(
            "/d/{}?${{__url_time_range}}&${{__all_variables}}",
            uid(queries.sources, name)
        );
        self.link(title, url)
    }
}

/// A percentage as a ratio from 0 to 1.
pub(crate) fn share(percent: u8) -> f64 {
    f64::from(percent) / 100.0
}

/// How often partitions change their leader.
pub(crate) fn leader_changes(queries: &Queries<'_>) -> Panel {
    let changes = queries
        .series(&exporter::LEADER, &[("topic", "~$topic")])
        .map(|leader| format!("sum by (topic) (changes({leader}[$__rate_interval])) > 0"));
    panel(
        "Leader changes",
        &exporter::LEADER,
        PanelUnit::Count,
        View::Bars,
        (changes, "{{topic}}"),
    )
    .description("Partitions whose leader changed within the interval of each point, by topic.")
    .no_value("None")
}

/// How many leaders a broker gained or lost.
pub(crate) fn leaders_moved(queries: &Queries<'_>) -> Panel {
    let moved = queries.series(&broker::LEADERS, &[]).map(|leaders| {
        let [most, least] = ["max", "min"].map(|end| format!("{end}_over_time({leaders}[$__rate_interval])"));
        format!("max by (pod) ({most} - {least}) > 0")
    });
    panel(
        "Leader changes",
        &broker::LEADERS,
        PanelUnit::Count,
        View::Bars,
        (moved, "{{pod}}"),
    )
    .description("Leaders that the broker gained or lost within the interval of each point.")
    .no_value("None")
}

/// The lag of a group on a topic at which an alert fires.
#[expect(clippy::cast_precision_loss, reason = "a limit on a chart")]
pub(crate) fn lag_limit(thresholds: &Thresholds) -> f64 {
    thresholds.lag.shown() as f64
}

pub(crate) fn largest_lag(queries: &Queries<'_>) -> Panel {
    let lag = queries.gauge("max", &record::GROUP_LAG, &[]);
    let look = queries.limit(lag_limit).map_or_else(plain, warning);
    panel("Largest lag", &record::GROUP_LAG, PanelUnit::Many, look, (lag, ""))
        .description("Uncommitted records of the group with the most, on one topic.")
}

pub(crate) fn controllers(queries: &Queries<'_>) -> Vec<Panel> {
    vec![
        queries.states(
            "Active controller",
            &controller::ACTIVE_CONTROLLERS,
            chosen("active", "standby"),
        ),
        queries.each(
            "Controller queue time, p99",
            &controller::EVENT_QUEUE_TIME,
            PanelUnit::Milliseconds,
        ),
        panel(
            "Preferred leader imbalance",
            &controller::PREFERRED_REPLICA_IMBALANCE,
            PanelUnit::Count,
            View::Lines,
            (
                queries.gauge("max", &controller::PREFERRED_REPLICA_IMBALANCE, &[]),
                "partitions",
            ),
        )
        .description("Partitions that another broker leads than the first of their replicas."),
        panel_of(
            "Unclean elections and missed heartbeats",
            "Leaders elected from outside the ISR, and heartbeats of brokers that timed out, within the interval of each point.",
            PanelUnit::Count,
            View::Bars,
            vec![
                // With KRaft each controller counts the elections of the whole cluster.
                (
                    queries.increase("max", &controller::UNCLEAN_ELECTIONS),
                    "unclean elections",
                ),
                (queries.increase("sum", &controller::TIMED_OUT_HEARTBEATS), "heartbeats"),
            ],
        ),
    ]
}

pub(crate) fn processes(job: &str, queries: &Queries<'_>) -> Vec<Panel> {
    let job = [("job", job)];
    let heap = queries
        .series(&jvm::HEAP_USED, &job)
        .zip(queries.series(&jvm::HEAP_MAX, &job));
    let files = queries
        .series(&jvm::OPEN_FILES, &job)
        .zip(queries.series(&jvm::MAX_FILES, &job));
    let part = |(used, limit)| format!("max by (pod) ({used}) / max by (pod) ({limit})");
    vec![
        panel(
            "Heap usage",
            &jvm::HEAP_USED,
            PanelUnit::Ratio,
            View::Lines,
            (heap.map(part), "{{pod}}"),
        )
        .description("Share of the maximum heap in use; garbage counts until it is collected."),
        Panel {
            max: None,
            ..panel(
                "GC time",
                &jvm::GC_SECONDS,
                PanelUnit::Ratio,
                View::Lines,
                (queries.rate("sum by (pod)", &jvm::GC_SECONDS, &job), "{{pod}}"),
            )
            .description("Share of the time spent in garbage collection.")
        },
        panel(
            "CPU usage, cores",
            &jvm::CPU_SECONDS,
            PanelUnit::Number,
            View::Lines,
            (queries.rate("sum by (pod)", &jvm::CPU_SECONDS, &job), "{{pod}}"),
        )
        .description("CPU cores that the process uses."),
        panel(
            "File descriptors in use",
            &jvm::OPEN_FILES,
            PanelUnit::Ratio,
            View::Lines,
            (files.map(part), "{{pod}}"),
        )
        .description("Share of the maximum number of open file descriptors."),
    ]
}

/// What is left of error budgets: from a tenth on it is enough for some incident, above a third for several.
pub(crate) fn budget_look() -> View {
    View::Stat(vec![(f64::NEG_INFINITY, "red"), (0.1, "orange"), (0.33, "green")])
}

/// The share of the error budgets that is left, aggregated by `how`.
pub(crate) fn left_of_budget(how: &str, queries: &Queries<'_>, labels: &[(&str, &str)]) -> Option<String> {
    let spent = queries.series(&record::BURN_30D, labels)?;
    Some(format!("{how} (1 - {spent})"))
}
