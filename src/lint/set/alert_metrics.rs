//! Metrics that alerts ask for and nothing exports.

use crate::diagnostics::{Severity::Warning, family::rules};
use std::collections::BTreeSet;

use crate::lint::model::{
    ObjectDetail,
    set::{ObjectSet, SetFindings},
};

rules! { rules::pod;
    /// Alerts on metrics that nothing here exports.
    pub const ALERT_METRIC: Rule = Rule {
        id: "KS-P25",
        production: Warning,
        development: Warning,
        summary: "an alert on a metric that nothing here exports",
        explanation: "Brokers export nothing by themselves: their metrics need the JMX agent with rules, and Kafka \
            Exporter knows only brokers, topics and groups. An alert on a name that nobody has can never fire. In a \
            stack someone else may export it: acknowledge it. In a folder it is an error, unless `--assume \
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
            ObjectDetail::Workload(workload) if workload.exports => known.extend(EXPORTER_METRICS),
            _ => {}
        }
    }
    for index in 0..set.objects.len() {
        let ObjectDetail::Rules(rules) = &set.objects[index].detail else {
            continue;
        };
        let mut told = BTreeSet::new();
        for (metric, pointer) in &rules.used {
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
                        format!("nothing here exports `{metric}`: the alert can never fire"),
                    )
                    .hint("give the brokers the JMX agent with a rule for it, or use a metric of kafka_exporter")
                    .outside("Metric", metric);
            }
        }
    }
}

/// The names of Kafka Exporter, from its source.
const EXPORTER_METRICS: &[&str] = &[
    "kafka_brokers",
    "kafka_broker_info",
    "kafka_topic_partitions",
    "kafka_topic_partition_current_offset",
    "kafka_topic_partition_oldest_offset",
    "kafka_topic_partition_in_sync_replica",
    "kafka_topic_partition_leader",
    "kafka_topic_partition_leader_is_preferred",
    "kafka_topic_partition_replicas",
    "kafka_topic_partition_under_replicated_partition",
    "kafka_consumergroup_current_offset",
    "kafka_consumergroup_current_offset_sum",
    "kafka_consumergroup_lag",
    "kafka_consumergroup_lag_sum",
    "kafka_consumergroup_lag_zookeeper",
    "kafka_consumergroup_members",
    "kafka_consumergroupzookeeper_lag_zookeeper",
    "kafka_exporter_build_info",
];
