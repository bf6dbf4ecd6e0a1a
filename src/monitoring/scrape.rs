//! What Prometheus keeps of a scrape: the metrics that something of the stack uses.

use std::collections::BTreeSet;

use super::{MetricRelabeling, Monitoring, record};
use crate::{
    metrics::exporter,
    observability::{Sources, Target},
};

impl Monitoring {
    /// Each word of the expressions of alerts, recording rules, panels and variables. Among them are all metrics that are used, whether
    /// Prometheus or Grafana reads the expression.
    pub(super) fn words(&self, sources: &Sources) -> BTreeSet<String> {
        let records = record::rules(sources).map(|record| record.expr);
        let alerts = self.ready_alerts(sources).into_iter().map(|alert| alert.rule.expr);
        let boards = self.boards(sources);
        let panels = boards
            .iter()
            .flat_map(|board| board.rows.iter().flat_map(|row| &row.panels));
        let queries = panels.flat_map(|panel| panel.queries.iter().filter_map(|(query, _)| query.clone()));
        let variables = boards
            .iter()
            .flat_map(|board| board.variables.iter().filter_map(|variable| variable.values.clone()));
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        records
            .chain(alerts)
            .chain(queries)
            .chain(variables)
            .flat_map(|expression| {
                let words = expression.split(|c| !is_part(c)).filter(|word| !word.is_empty());
                words.map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Keeps the metrics of a target that are among these words, and those that the author keeps. `None` if nothing uses any of them:
    /// who watches such a component wants all.
    pub(super) fn kept(
        &self,
        target: &Target,
        words: &BTreeSet<String>,
        sources: &Sources,
    ) -> Option<MetricRelabeling> {
        let external = sources.external.iter().flat_map(|exporter| exporter.declared());
        let external = external
            .filter(|metric| metric.job == target.job)
            .map(|metric| metric.name.into_owned());
        let of_exporter = exporter::names().filter(|_| target.job == self.exporter_name());
        let exported = target.metrics().map(|metric| metric.name).chain(of_exporter);
        let used: BTreeSet<String> = exported
            .map(str::to_owned)
            .chain(external)
            .filter(|name| words.contains(name))
            .collect();
        (!used.is_empty()).then(|| MetricRelabeling {
            source_labels: vec!["__name__".to_owned()],
            regex: used
                .into_iter()
                .chain(self.kept.iter().cloned())
                .collect::<Vec<_>>()
                .join("|"),
            action: "keep".to_owned(),
        })
    }
}
