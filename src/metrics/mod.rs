//! Every metric that anything in a stack exports, as a value: one table for each family of processes.
//!
//! Alerts and panels name metrics by these values, and the rules of the JMX Prometheus agent are made from the same rows, so
//! nothing can ask for a metric that nothing exports. Names are the same under the agent's versions before and after 1.0:
//! counters end in `_total` and nothing else does, no name ends in what 1.0 reserves (`_created`, `_bucket`, `_info`), and
//! nothing comes from the agent's own collectors of the JVM, whose names changed.
//!
//! The names follow the Prometheus community's examples for Kafka, whose spellings existing dashboards know.
//!
//! ```
//! use kafka_stacks::metrics::controller;
//!
//! assert!(controller::AGENT.iter().any(|metric| *metric == controller::OFFLINE_PARTITIONS));
//! assert!(controller::AGENT.rules().contains(controller::OFFLINE_PARTITIONS.name));
//! ```

mod agent;
pub mod broker;
pub mod connect;
pub mod controller;
pub mod exporter;
pub mod jvm;
pub mod kubelet;
pub mod objects;
pub mod record;
pub mod registry;
pub mod target;
pub mod zookeeper;

pub use crate::promql::MetricType;

/// A metric: what it is called, what it says, and who exports it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// The name of its series.
    pub name: &'static str,
    /// Whether its value goes up and down, or only grows.
    pub metric_type: MetricType,
    /// What its value counts.
    pub unit: Unit,
    /// The least and the most that it can be.
    pub bounds: (f64, f64),
    /// Where the value comes from.
    pub source: Source,
    /// What the value says: a sentence.
    pub help: &'static str,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things, as partitions or requests.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// A part of the whole, 0 to 1.
    Ratio,
}

/// Where a metric's value comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// An attribute of a JMX bean, exported by the agent in the process.
    ///
    /// In both texts `{label}` takes what stands there into a label, and `{label:A|B}` only these values. An attribute
    /// `composite.key` is a part of a composite, and `attribute={label}` takes a text into a label and is 1.
    Bean {
        /// The name of the bean.
        object: &'static str,
        /// Its attribute.
        attribute: &'static str,
        /// What the attribute is multiplied with, to arrive at the unit.
        factor: f64,
    },
    /// Another exporter, which exports it by this name with these labels.
    Exporter(&'static [&'static str]),
    /// A recording rule of the stack, which keeps these labels, the namespace and the cluster.
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
            // Threads of a combined node have been counted twice in some versions: a ratio may reach 2.
            self.bounds = (0.0, 2.0);
        }
        self
    }

    /// What it can be, where that is not anything from 0 on.
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

    /// The labels that its source gives it; those of the scraped pod come on top.
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

    /// The values that one of its labels can have; `None` if they are not known beforehand.
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

/// A gauge that a recording rule keeps.
const fn recorded(name: &'static str, labels: &'static [&'static str]) -> Metric {
    Metric::new(name, MetricType::Gauge, Source::Record(labels))
}

/// Declares each row as a constant, with its help as the documentation, and the table as the slice of them all: a row cannot
/// be left out of its table.
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

/// What the JMX Prometheus agent in one kind of process exports: some tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgentMetrics(pub &'static [&'static [Metric]]);

impl AgentMetrics {
    /// The metrics of all tables.
    pub fn iter(self) -> impl Iterator<Item = &'static Metric> {
        self.0.iter().copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(super) const AGENTS: [AgentMetrics; 6] = [
        broker::AGENT,
        broker::ZOOKEEPER_MODE_AGENT,
        controller::AGENT,
        zookeeper::AGENT,
        connect::AGENT,
        registry::AGENT,
    ];

    fn everything() -> impl Iterator<Item = &'static Metric> {
        AGENTS
            .into_iter()
            .flat_map(AgentMetrics::iter)
            .chain(exporter::ALL)
            .chain(kubelet::ALL)
            .chain(objects::ALL)
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
            // Of what is recorded, and only of that, the level and the operations are part of the name.
            let colons = if matches!(metric.source, Source::Record(_)) {
                2
            } else {
                0
            };
            assert_eq!(name.matches(':').count(), colons, "{name}");
            assert_eq!(
                name.ends_with("_total"),
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
        assert_eq!(connect::TASK_STATUS.labels(), ["connector", "task", "status"]);
        assert_eq!(exporter::CONSUMER_LAG.labels(), ["consumergroup", "topic", "partition"]);
        assert_eq!(
            broker::TOTAL_TIME.values("quantile").unwrap(),
            ["0.50", "0.95", "0.99", "0.999"]
        );
        assert_eq!(connect::TASK_STATUS.values("status"), None);
    }
}
