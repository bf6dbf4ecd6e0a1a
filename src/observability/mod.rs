//! What a component declares so that it can be monitored: targets, volumes, alerts and dashboards.
//!
//! A component implements [`Monitored`] for its handle, beside its builder.
//! [`Monitoring`](crate::monitoring::Monitoring) makes the objects; it knows no component except its cluster.

mod alert;
mod board;
mod catalog;
mod issued;
mod owned;
pub(crate) mod panels;
pub(crate) mod scenario;
mod size;
mod slo;
mod sources;
mod thresholds;

pub(crate) use self::owned::{GroupOwner, OWNER_LABELS, Owners};
pub use self::scenario::Scenario;
pub use self::size::DeclaredTopic;
pub(crate) use self::size::Size;
pub(crate) use self::slo::Indicator;
pub use self::{
    alert::{Alert, AlertSeverity, AlertTest, Runbook, Samples},
    board::{Board, Colour, Panel, PanelUnit, Query, Table, Variable, View},
    issued::Issued,
    owned::{Owned, OwnedKind, Owner},
    slo::Slo,
    sources::{ExternalExporter, Sources, Target},
};
pub(crate) use self::{
    alert::{
        AlertRow, ExpectedDescription, Page, TestSeries, count_of_pods, minutes, of_table, sum_of_pods, though_lost,
    },
    board::{Choice, Column, LONGEST_NAME, OVERVIEW, firing, uid},
    sources::{ALERTS, BY, CLUSTER, INTERVAL, KUBERNETES, Scope, Scrape, TIMEOUT},
    thresholds::{LagLimits, LagOf, Thresholds},
};
pub use crate::promql::Selector;

use std::fmt;

use crate::{construct::Check, workload::VolumeClaims};

/// A component that can be monitored: `Monitoring::watch` takes its handle.
///
/// ```
/// use kafka_stacks::{
///     metrics::{AgentMetrics, Metric, MetricType, Source, Unit},
///     observability::{Monitored, Sources, Target},
///     prelude::*,
///     workload::Labels,
/// };
///
/// static QUEUED: Metric = Metric {
///     name: "bridge_queued_requests",
///     metric_type: MetricType::Gauge,
///     unit: Unit::Count,
///     bounds: (0.0, f64::INFINITY),
///     source: Source::Exporter(&[]),
///     help: "Requests that wait for Kafka.",
/// };
///
/// #[derive(Clone, Debug)]
/// struct Bridge;
///
/// impl Monitored for Bridge {
///     fn name(&self) -> &str {
///         "bridge"
///     }
///
///     fn targets(&self) -> Vec<Target> {
///         vec![Target::pods("bridge", Labels::new("bridge", "bridge", ""), Some("metrics"), [std::slice::from_ref(&QUEUED)])]
///     }
///
///     fn alerts(&self, sources: &Sources) -> Vec<Alert> {
///         let Some(queued) = sources.series(&QUEUED, &[]) else { return Vec::new() };
///         vec![
///             Alert::new("BridgeQueueLong", format!("max by (namespace, kafka_cluster) ({queued}) > 100"))
///                 .summary("Requests wait in the bridge.")
///                 .description("{{ $value }} requests wait."),
///         ]
///     }
/// }
///
/// let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
/// );
/// stack.add(Monitoring::new("monitoring", &kafka).watch(&Bridge));
/// let manifests = synth(&stack).manifests.unwrap();
/// assert!(manifests.get("monitoring/podmonitor-bridge.yaml").is_some());
/// assert!(manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap().contains("alert: BridgeQueueLong"));
/// ```
pub trait Monitored: fmt::Debug + Send + Sync + 'static {
    /// The name of the construct, and of its job.
    fn name(&self) -> &str;

    /// Its pods with metrics. No pod may be in two targets.
    fn targets(&self) -> Vec<Target> {
        Vec::new()
    }

    /// Its volumes, for the alerts and the panel on volumes.
    fn volumes(&self) -> Vec<VolumeClaims> {
        Vec::new()
    }

    /// Its certificates, for the alerts on certificates: those that cert-manager issues in the stack's namespace.
    fn certificates(&self) -> Vec<Issued> {
        Vec::new()
    }

    /// Its alerts, the most urgent first. `sources` has everything that is scraped for the cluster: leave out an alert
    /// whose metrics are missing. If two components have the same alert, such as two Connect groups, it is written
    /// once.
    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        let _ = sources;
        Vec::new()
    }

    /// What it answers for: the alerts about it carry its owner, and its limits hold. Nothing by default.
    fn owned(&self) -> Vec<Owned> {
        Vec::new()
    }

    /// Situations of real operation, in which its alerts and all others of the stack are tested with promtool.
    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        let _ = sources;
        Vec::new()
    }

    /// The declared loads of topics, in records per second: limits of lag follow from them.
    fn loads(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    /// The topics that it declares: what is scraped of the cluster, and the resources of its exporter, follow from them.
    fn topics(&self) -> Vec<DeclaredTopic> {
        Vec::new()
    }

    /// The consumer groups that it declares, each with the names of the topics that it reads.
    fn readers(&self) -> Vec<(String, Vec<String>)> {
        Vec::new()
    }

    /// Its dashboards. Dashboards with the same name are merged, and so are rows with the same title.
    fn boards(&self, sources: &Sources) -> Vec<Board> {
        let _ = sources;
        Vec::new()
    }

    /// What is monitored together with it, such as the ensemble of a cluster on ZooKeeper.
    fn beside(&self) -> Vec<&dyn Monitored> {
        Vec::new()
    }

    /// Further placeholders of its runbooks, such as `{servers}`, and their values. `{job}` is its name.
    fn names(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The cluster that it uses, by name and bootstrap servers; `None` if that is not known.
    fn cluster(&self) -> Option<(&str, &str)> {
        None
    }

    /// Reports a handle that does not belong to the stack that is checked.
    fn check(&self, check: &mut Check<'_>) {
        let _ = check;
    }
}
