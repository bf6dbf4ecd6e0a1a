//! The expressions of alerts, analyzed with what is known about the metrics of the stack.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    diagnostics::{Diagnostic, Rule, rules::observability as rules},
    metrics::MetricKind,
    observability::{CLUSTER, INTERVAL, Series, Sources},
    promql::{self, Bounds, Catalog, Label, MetricType, analyze},
    quantity::Duration,
};

/// Something wrong with an alert: the rule that it breaks, what is wrong, and how it is mended.
#[derive(Debug)]
pub(super) struct Flaw {
    pub rule: &'static Rule,
    pub message: String,
    pub hint: String,
}

/// What was learnt about an expression.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub flaws: Vec<Flaw>,
    /// The names of its metrics.
    pub metrics: BTreeSet<String>,
    /// The labels that every series of the result has, unless they are not known.
    pub labels: Option<BTreeSet<String>>,
}

/// Analyzes the expression of an alert.
pub(super) fn judge(expression: &str, sources: &Sources) -> Judgement {
    let analysis = analyze(expression, sources);
    let flaw = |diagnostic: Diagnostic| Flaw {
        rule: diagnostic.rule,
        message: diagnostic.message,
        hint: diagnostic.hint,
    };
    let mut flaws: Vec<Flaw> = analysis.diagnostics.into_iter().map(flaw).collect();
    if !analysis.conditional {
        flaws.push(Flaw {
            rule: &rules::COMPARISON,
            message: "no comparison: the alert fires as long as its series exist".to_owned(),
            hint: "compare the expression with a threshold, as in `… > 100`".to_owned(),
        });
    }
    Judgement {
        flaws,
        metrics: analysis.metrics,
        labels: analysis.labels,
    }
}

impl Catalog for Sources {
    fn series(&self, metric: &str) -> Option<promql::Series<'_>> {
        let series = self.find(metric)?;
        let labels = series.labels.iter().map(|label| self.label(label, &series)).collect();
        let (least, most) = series.bounds;
        Some(promql::Series {
            metric_type: match series.kind {
                MetricKind::Gauge => MetricType::Gauge,
                MetricKind::Counter => MetricType::Counter,
            },
            bounds: Bounds::new(least, most),
            labels,
            // What external exporters report may have neither label.
            scope: series.metric.map(|_| {
                if series.ours {
                    (CLUSTER, self.cluster.as_str())
                } else {
                    ("namespace", self.namespace.as_str())
                }
            }),
        })
    }

    fn metric_names(&self) -> Vec<&str> {
        self.names()
    }

    fn how_to_add(&self) -> &'static str {
        "use a metric of `kafka_stacks::metrics`, or declare its exporter with `Monitoring::external(…)`"
    }

    fn scrape_interval(&self) -> Duration {
        INTERVAL
    }
}

impl Sources {
    fn label<'a>(&'a self, name: &'a str, series: &Series<'a>) -> Label<'a> {
        let known = |values: &[&'a str]| Some(values.iter().copied().map(Cow::Borrowed).collect());
        Label {
            name,
            values: match name {
                "job" if !series.jobs.is_empty() => known(&series.jobs),
                CLUSTER if series.ours => known(&[&self.cluster]),
                "namespace" if series.metric.is_some() => known(&[&self.namespace]),
                "persistentvolumeclaim" if !self.volumes.is_empty() => {
                    Some(self.claims().into_iter().map(Cow::Owned).collect())
                }
                _ => {
                    let values = series.metric.and_then(|metric| metric.values(name));
                    values.map(|values| values.into_iter().map(Cow::Owned).collect())
                }
            },
            is_state: series.bounds == (1.0, 1.0)
                && series.metric.is_some_and(|metric| metric.labels().contains(&name)),
        }
    }
}
