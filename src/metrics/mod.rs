//! Every metric that a stack exports, as a value: one table for each type of process.
//!
//! Alerts and panels use metrics by these values, and the rules of the JMX Prometheus agent are generated from the same
//! rows, so no expression can use a metric that is not exported. Names are the same in agent versions before and after
//! 1.0: only counters end in `_total`, no name ends with a suffix that 1.0 reserves (`_created`, `_bucket`, `_info`),
//! and the agent's own JVM collectors, whose names changed, are not used.
//!
//! The names follow the Prometheus community's examples for Kafka, which existing dashboards use.
//!
//! ```
//! use kafka_stacks::metrics::controller;
//!
//! assert!(controller::AGENT.iter().any(|metric| *metric == controller::OFFLINE_PARTITIONS));
//! assert!(controller::AGENT.rules().contains(controller::OFFLINE_PARTITIONS.name));
//! ```

mod agent;
pub mod broker;
pub mod certificate;
pub mod connect;
pub mod controller;
pub mod exporter;
pub mod jvm;
pub mod kubelet;
pub mod objects;
pub mod probe;
pub mod record;
pub mod registry;
pub mod target;
pub mod zookeeper;

pub use crate::promql::MetricType;

/// A metric: its name, its meaning, and what exports it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// The name of its series.
    pub name: &'static str,
    /// Gauge or counter.
    pub metric_type: MetricType,
    /// The unit of its value.
    pub unit: Unit,
    /// The smallest and the largest possible value.
    pub bounds: (f64, f64),
    /// Where the value comes from.
    pub source: Source,
    /// The meaning of the value: a sentence.
    pub help: &'static str,
}

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things, such as partitions or requests.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// A ratio, 0 to 1.
    Ratio,
}

/// Where a metric's value comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// An attribute of a JMX bean, exported by the agent in the process.
    ///
    /// In both texts `{label}` stands for any text, which becomes the value of the label, and `{label:A|B}` for one of
    /// these texts. An attribute `composite.key` is one key of a composite attribute. `attribute={label}` puts the
    /// attribute's text into a label, and the value is 1.
    Bean {
        /// The name of the bean.
        object: &'static str,
        /// Its attribute.
        attribute: &'static str,
        /// The factor that converts the attribute to the unit.
        factor: f64,
    },
    /// Another exporter, which exports it by this name with these labels.
    Exporter(&'static [&'static str]),
    /// A recording rule of the stack, which keeps these labels, and the labels of namespace and cluster.
    Record(&'static [&'static str]),
}

impl Metric {
    const fn new(name: &'static str, metric_type: MetricType, source: Source) -> Self {
        Self {
            name,
            metric_type,
            unit: Unit::Count,
            bounds: (0.0, f64::INFINITY),
            source,
            help: "",
        }
    }

    const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        if matches!(unit, Unit::Ratio) {
            // Some versions count the threads of a combined node twice: a ratio may reach 2.
            self.bounds = (0.0, 2.0);
        }
        self
    }

    /// The smallest and the largest possible value; by default from 0 without an upper limit.
    const fn between(mut self, least: f64, most: f64) -> Self {
        self.bounds = (least, most);
        self
    }

    /// Multiplies the attribute.
    const fn factor(mut self, by: f64) -> Self {
        if let Source::Bean { factor, .. } = &mut self.source {
            *factor = by;
        }
        self
    }

    /// The labels that its source gives it, without those of the scraped pod.
    pub fn labels(&self) -> Vec<&'static str> {
        match self.source {
            Source::Exporter(labels) | Source::Record(labels) => labels.to_vec(),
            Source::Bean { object, attribute, .. } => [object, attribute]
                .into_iter()
                .flat_map(|text| text.split('{').skip(1))
                .filter_map(|rest| rest.split(['}', ':']).next())
                .collect(),
        }
    }

    /// The values that one of its labels can have; `None` if they are not known in advance.
    pub fn values(&self, label: &str) -> Option<Vec<String>> {
        let Source::Bean { object, attribute, .. } = self.source else {
            return None;
        };
        let (_, values) = [object, attribute]
            .into_iter()
            .flat_map(|text| text.split('{').skip(1))
            .filter_map(|rest| rest.split('}').next()?.split_once(':'))
            .find(|(name, _)| *name == label)?;
        let point = if label == "quantile" { "0." } else { "" };
        Some(values.split('|').map(|value| format!("{point}{value}")).collect())
    }
}

/// A gauge from an attribute of a bean.
const fn gauge(name: &'static str, object: &'static str, attribute: &'static str) -> Metric {
    Metric::new(
        name,
        MetricType::Gauge,
        Source::Bean {
            object,
            attribute,
            factor: 1.0,
        },
    )
}

/// A counter from an attribute of a bean.
const fn counter(name: &'static str, object: &'static str, attribute: &'static str) -> Metric {
    Metric::new(
        name,
        MetricType::Counter,
        Source::Bean {
            object,
            attribute,
            factor: 1.0,
        },
    )
}

/// A gauge of another exporter.
const fn exported(name: &'static str, labels: &'static [&'static str]) -> Metric {
    Metric::new(name, MetricType::Gauge, Source::Exporter(labels))
}

/// A counter of another exporter.
const fn counted(name: &'static str, labels: &'static [&'static str]) -> Metric {
    Metric::new(name, MetricType::Counter, Source::Exporter(labels))
}

/// A gauge of a recording rule.
const fn recorded(name: &'static str, labels: &'static [&'static str]) -> Metric {
    Metric::new(name, MetricType::Gauge, Source::Record(labels))
}

/// Declares each row as a constant, documented with its help text, and the table as a slice of all rows, so that no row
/// can be missing from its table.
macro_rules! table {
    ($(#[$doc:meta])* $table:ident: $($name:ident = $metric:expr, $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $name: Metric = Metric { help: $help, ..$metric };
        )+
        $(#[$doc])*
        pub const $table: &[Metric] = &[$($name),+];
    };
}
use table;

/// The metrics that the JMX Prometheus agent exports in one type of process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgentMetrics(pub &'static [&'static [Metric]]);

impl AgentMetrics {
    /// The metrics of all tables.
    pub fn iter(self) -> impl Iterator<Item = &'static Metric> {
        self.0.iter().copied().flatten()
    }
}

/// Whether its values are at most the number of brokers.
pub(crate) fn counts_brokers(metric: &Metric) -> bool {
    [
        exporter::BROKERS,
        exporter::REPLICAS,
        exporter::IN_SYNC_REPLICAS,
        controller::ACTIVE_BROKERS,
    ]
    .contains(metric)
}

/// The metrics that the platform exports, and no pod of a stack: of the kubelet, of kube-state-metrics, and of cert-manager. Their
/// `namespace` is that of the object that they are about.
pub(crate) fn of_platform() -> impl Iterator<Item = &'static Metric> {
    [kubelet::ALL, objects::ALL, certificate::ALL].into_iter().flatten()
}

/// The agents of each kind of process.
const AGENTS: [AgentMetrics; 8] = [
    broker::AGENT,
    broker::AGENT_BY_PARTITION,
    broker::ZOOKEEPER_MODE_AGENT,
    broker::ZOOKEEPER_MODE_AGENT_BY_PARTITION,
    controller::AGENT,
    zookeeper::AGENT,
    connect::AGENT,
    registry::AGENT,
];

/// The metric of this name that agents export by this crate's rules.
pub(crate) fn of_agents(name: &str) -> Option<&'static Metric> {
    let mut metrics = AGENTS.into_iter().flat_map(AgentMetrics::iter);
    metrics.find(|metric| metric.name == name)
}

/// The tables of all agents.
pub(crate) fn tables() -> impl Iterator<Item = &'static [Metric]> {
    AGENTS.into_iter().flat_map(|agent| agent.0.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn everything() -> impl Iterator<Item = &'static Metric> {
        AGENTS
            .into_iter()
            .flat_map(AgentMetrics::iter)
            .chain(exporter::ALL)
            .chain(probe::ALL)
            .chain(of_platform())
            .chain(record::ALL)
            .chain(target::ALL)
    }

    #[test]
    fn a_name_means_one_thing() {
        let mut known: BTreeMap<&str, &Metric> = BTreeMap::new();
        for metric in everything() {
            assert_eq!(*known.entry(metric.name).or_insert(metric), metric);
        }
        for agent in AGENTS {
            let mut names: Vec<_> = agent.iter().map(|metric| metric.name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        }
    }

    #[test]
    fn names_survive_every_version_of_the_agent() {
        for metric in everything() {
            let name = metric.name;
            assert!(
                name.split(':')
                    .flat_map(str::bytes)
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{name}"
            );
            // Only the names of recording rules contain the level and the operations.
            let colons = if matches!(metric.source, Source::Record(_)) {
                2
            } else {
                0
            };
            assert_eq!(name.matches(':').count(), colons, "{name}");
            // The buckets of a histogram count too.
            assert_eq!(
                name.ends_with("_total") || name.ends_with("_bucket"),
                metric.metric_type == MetricType::Counter,
                "{name}"
            );
            if let Source::Bean { .. } = metric.source {
                for reserved in ["_created", "_bucket", "_info", "_sum", "_count"] {
                    // `_count` is only reserved for histograms and summaries, which the rules never declare.
                    assert!(reserved == "_count" || !name.ends_with(reserved), "{name}");
                }
            }
        }
    }

    #[test]
    fn every_metric_says_what_it_is() {
        for metric in everything() {
            assert!(
                metric.help.ends_with('.') && metric.help.len() <= 120,
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn labels_come_from_the_source() {
        assert_eq!(broker::TOTAL_TIME.labels(), ["request", "quantile"]);
        assert_eq!(connect::CONNECTOR_STATUS.labels(), ["connector", "status"]);
        assert_eq!(exporter::CONSUMER_LAG.labels(), ["consumergroup", "topic", "partition"]);
        assert_eq!(
            broker::TOTAL_TIME.values("quantile").unwrap(),
            ["0.50", "0.95", "0.99", "0.999"]
        );
        assert_eq!(connect::CONNECTOR_STATUS.values("status"), None);
    }
}
