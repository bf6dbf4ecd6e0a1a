//! The series of a stack, for the analysis of expressions.

use std::borrow::Cow;

use super::{
    ExternalExporter, Sources,
    sources::{CLUSTER, INTERVAL, Series},
};
use crate::{
    manifest::Declared,
    metrics::exporter,
    promql::{self, Bounds, Catalog, DeclaredMetric, Label, Lookup, Style},
};

impl Catalog for Sources {
    fn series(&self, metric: &str) -> Lookup<'_> {
        let Some(series) = self.find(metric) else {
            return Lookup::Missing;
        };
        let labels = series.labels.iter().map(|label| self.label(label, &series)).collect();
        let (least, most) = series.bounds;
        Lookup::Known(promql::Series {
            metric_type: Some(series.metric_type),
            bounds: Bounds::new(least, most),
            labels,
            open: false,
            interval: Some(INTERVAL),
            // Series of external exporters may have neither label.
            scope: series.metric.map(|_| {
                if series.ours {
                    (CLUSTER, self.cluster.as_str())
                } else {
                    ("namespace", self.namespace.as_str())
                }
            }),
        })
    }

    fn similar(&self, missing: &str) -> Option<String> {
        promql::most_similar(missing, &self.names()).map(str::to_owned)
    }

    fn style(&self) -> Style {
        Style::Own
    }
}

impl Sources {
    /// What rules may ask for although no object of the stack shows it: the metrics of components that are not made of
    /// Kafka's agents and its exporter, and those of external exporters.
    pub(crate) fn declared(&self) -> Declared {
        let of_targets = self.targets.iter().flat_map(|target| {
            let metrics = target.metrics().filter(|metric| !exporter::ALL.contains(metric));
            metrics.map(|metric| DeclaredMetric {
                name: Cow::Borrowed(metric.name),
                metric_type: metric.metric_type,
                labels: target
                    .labels_of_series()
                    .chain(metric.labels())
                    .map(str::to_owned)
                    .collect(),
                job: target.job.clone(),
            })
        });
        let of_external = self.external.iter().flat_map(ExternalExporter::declared);
        Declared {
            metrics: of_targets.chain(of_external).collect(),
            brokers: self.brokers,
        }
    }

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
