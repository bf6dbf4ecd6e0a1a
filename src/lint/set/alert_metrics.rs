//! Metrics that alerts ask for and nothing exports.

use std::collections::BTreeSet;

use crate::{
    diagnostics::{Severity::Warning, family::rules},
    lint::model::{
        ObjectDetail,
        monitoring::Expression,
        set::{ObjectSet, SetFindings},
    },
    metrics::exporter,
};

rules! { rules::pod;
    /// Alerts on metrics that no exporter here has.
    pub const ALERT_METRIC: Rule = Rule {
        id: "KS-P25",
        production: Warning,
        development: Warning,
        summary: "an alert on a metric that is not exported",
        explanation: "Brokers export nothing by themselves: their metrics need the JMX agent with rules, and Kafka \
            Exporter knows only brokers, topics and groups. An alert on a metric that does not exist can never fire. \
            In a \
            stack it may be exported elsewhere: acknowledge it. In a folder it is an error, unless `--assume \
            Metric/NAME` says that it is there.",
        source: "kafka_exporter; JMX exporter; Prometheus, alerting rules",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut patterns: BTreeSet<&str> = BTreeSet::new();
    for object in set.objects {
        match &object.detail {
            ObjectDetail::Config(config) => {
                for name in &config.metrics {
                    match name.strip_suffix('*') {
                        Some(before) => patterns.insert(before),
                        None => known.insert(name),
                    };
                }
            }
            ObjectDetail::Rules(rules) => known.extend(rules.recorded.iter().map(String::as_str)),
            ObjectDetail::Workload(workload) if workload.exports => exporter::names().for_each(|name| {
                known.insert(name);
            }),
            _ => {}
        }
    }
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Rules(rules) = &object.detail else {
            continue;
        };
        let used = rules
            .expressions
            .iter()
            .flat_map(|Expression { pointer, metrics }| metrics.iter().flatten().map(move |metric| (metric, pointer)));
        let mut told = BTreeSet::new();
        for (metric, pointer) in used {
            let exported = known.contains(metric.as_str())
                || patterns.iter().any(|before| metric.starts_with(before))
                || ["_count", "_sum", "_bucket"]
                    .iter()
                    .any(|part| metric.strip_suffix(part).is_some_and(|base| known.contains(base)));
            if !exported && told.insert(metric) {
                findings
                    .add(
                        index,
                        pointer.clone(),
                        &ALERT_METRIC,
                        format!("no exporter here has the metric `{metric}`: the alert can never fire"),
                    )
                    .hint("add a rule for it to the JMX agent of the brokers, or use a metric of kafka_exporter")
                    .outside("Metric", metric);
            }
        }
    }
}
