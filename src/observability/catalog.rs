//! The series of a stack, for the analysis of expressions.

use std::borrow::Cow;

use super::{
    Sources,
    sources::{CLUSTER, INTERVAL, Series},
};
use crate::{
    promql::{self, Bounds, Catalog, Label},
    quantity::Duration,
};

impl Catalog for Sources {
    fn series(&self, metric: &str) -> Option<promql::Series<'_>> {
        let series = self.find(metric)?;
        let labels = series.labels.iter().map(|label| self.label(label, &series)).collect();
        let (least, most) = series.bounds;
        Some(promql::Series {
            metric_type: series.metric_type,
            bounds: Bounds::new(least, most),
            labels,
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
