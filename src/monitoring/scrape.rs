//! What Prometheus keeps of a scrape, the metrics that something of the stack uses, and how much it takes at most.

use std::collections::{BTreeMap, BTreeSet};

use super::{MetricRelabeling, Monitoring, alert::Ready, record};
use crate::{
    kafka::Mode,
    metrics::{Metric, exporter},
    observability::{Board, ExternalExporter, Size, Sources, Target},
};

/// The least limit. It is little for Prometheus, and room for topics and groups that nobody declares: a limit that is too low loses
/// everything.
const LEAST: u64 = 50_000;

/// How many values a label has that nothing declares: generously, because a limit that is too low loses everything.
const VALUES: [(&str, u64); 11] = [
    ("connector", 50),
    ("error", 20),
    ("gc", 4),
    ("le", 16),
    ("listener", 6),
    ("network_processor", 16),
    ("partition_id", 100),
    ("request", 100),
    ("state", 1),
    ("status", 1),
    ("task", 10),
];

/// The series of a metric on one pod; `None` if that is not known.
fn series(metric: &Metric, size: Option<Size>, brokers: u64) -> Option<u64> {
    let labels = metric.labels();
    if labels == ["topic", "partition"] {
        // Three copies of each partition, spread over the brokers; twice that, because some have more than others.
        let replicas = 3 * size?.partitions / brokers.max(3);
        return Some(2 * replicas);
    }
    labels.iter().try_fold(1_u64, |series, label| {
        let values = match (*label, metric.values(label)) {
            ("topic", _) => size?.topics,
            (_, Some(values)) => u64::try_from(values.len()).ok()?,
            (label, None) => VALUES.iter().find(|(known, _)| *known == label)?.1,
        };
        Some(series * values)
    })
}

/// A limit with head room: one and a half times what is expected and 5,000 more, rounded up to two digits, so that a further topic does
/// not change it.
fn limit(expected: u64) -> u64 {
    let limit = (expected + expected / 2 + 5000).max(LEAST);
    let digit = 10_u64.pow(limit.ilog10() - 1);
    limit.next_multiple_of(digit)
}

impl Monitoring {
    /// The most samples of a scrape, by job, where the size is known. They are counted before anything is dropped, so that what uses one
    /// more metric does not come near the limit.
    pub(super) fn limits(&self, targets: &[Target]) -> BTreeMap<String, u64> {
        // What is declared here may be a small part of an external cluster.
        let size = self
            .size()
            .filter(|_| self.size.is_some() || self.kafka.mode() != Mode::External);
        let brokers = u64::from(self.kafka.brokers().unwrap_or_default());
        let expected = |target: &Target| -> Option<u64> {
            if target.job == self.exporter_name() {
                let Size {
                    topics,
                    partitions,
                    groups,
                    read,
                } = size?;
                // Two sums of each group and topic.
                return Some(topics + 7 * partitions + groups + 3 * read);
            }
            target.metrics().map(|metric| series(metric, size, brokers)).sum()
        };
        let known = targets
            .iter()
            .filter_map(|target| Some((target.job.clone(), limit(expected(target)?))));
        known.collect()
    }

    /// Each word of the expressions of alerts, recording rules, panels and variables. Among them are all metrics that are used, whether
    /// Prometheus or Grafana reads the expression.
    pub(super) fn words(sources: &Sources, alerts: &[Ready<'_>], boards: &[Board]) -> BTreeSet<String> {
        let records = record::rules(sources).map(|record| record.expr);
        let alerts = alerts.iter().map(|alert| alert.rule.expr.clone());
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
        let external = sources.external.iter().flat_map(ExternalExporter::declared);
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
