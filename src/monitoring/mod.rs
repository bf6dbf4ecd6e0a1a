//! The exporter, what Prometheus scrapes, the alerts and the dashboards of a cluster.
//!
//! Alerts and panels only use metrics that are scraped: expressions are built from the values of
//! [`metrics`](crate::metrics), and an alert or panel whose metric the stack does not export is left out. Each
//! component declares its targets, alerts and dashboards itself, by [`Monitored`].

mod alert;
mod check;
mod dashboard;
mod dashboards;
mod docs;
mod exporter;
mod filter;
mod inhibition;
mod record;
mod render;
mod resource;
mod scrape;
mod slo;

#[cfg(test)]
mod tests;

pub use dashboards::Dashboards;
pub use resource::{
    AlertingRule, AlertmanagerConfig, AlertmanagerConfigSpec, Endpoint, GrafanaDashboard, GrafanaDashboardSpec,
    GroupedRule, InhibitRule, LabelMatcher, MetricRelabeling, OperatorResource, PodMonitor, PodMonitorSpec,
    PrometheusRule, PrometheusRuleSpec, RecordingRule, Relabeling, RuleGroup, ServiceMonitor, ServiceMonitorSpec, Spec,
};

use std::{collections::BTreeSet, sync::Arc};

use self::{
    docs::{Docs, Grafana},
    exporter::ExporterOptions,
};
use crate::{
    construct::Meta,
    context::Context,
    kafka::{KafkaHandle, Mode},
    metrics::exporter as exported,
    observability::{
        Alert, ExternalExporter, GroupOwner, LagLimits, LagOf, Monitored, Owned, OwnedKind, Owner, Scope, Size, Slo,
        Sources, Target, Thresholds,
    },
    quantity::{Duration, Resources},
    workload::METRICS_PORT_NAME,
};

/// The monitoring of a cluster, and of components that use it.
///
/// It needs the Prometheus operator's resource types in the Kubernetes cluster, and a Grafana whose sidecar loads
/// `ConfigMap`s with the label `grafana_dashboard` (kube-prometheus-stack has both). The alerts on disks need a
/// Prometheus that scrapes the kubelets; those on restarts and on the topics Job need one that scrapes
/// kube-state-metrics, and those on certificates of a closed cluster one that scrapes cert-manager.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3)),
/// );
/// stack.add(
///     Monitoring::new("monitoring", &kafka)
///         .monitor_label("release", "kube-prometheus-stack")
///         .lag_threshold(10_000),
/// );
///
/// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
/// let rules = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
/// assert!(rules.contains("alert: KafkaOfflinePartitions"));
/// assert!(rules.contains("release: kube-prometheus-stack"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Monitoring {
    meta: Meta,
    kafka: KafkaHandle,
    watched: Vec<Arc<dyn Monitored>>,
    /// The number of brokers of an external cluster.
    brokers: Option<u32>,
    monitor_labels: Vec<(String, String)>,
    /// Regular expressions of metrics that Prometheus keeps although nothing here uses them.
    kept: Vec<String>,
    /// Partitions and groups that are not declared by what is watched.
    size: Option<(u32, u32)>,
    lag: Lag,
    exporter: ExporterOptions,
    docs: Docs,
    grafana: Grafana,
    external: Vec<ExternalExporter>,
    alerts: Vec<Alert>,
    thresholds: Thresholds,
    slos: Vec<Slo>,
    alert_labels: Vec<(String, String)>,
    group_owners: Vec<GroupOwner>,
    /// Whether rules for Alertmanager are emitted.
    inhibition: bool,
}

/// How finely the lag of groups is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lag {
    /// By partition, unless the cluster is too large for that.
    Automatic,
    Partition,
    Topic,
}

/// The most partitions, and pairs of a partition and a group that reads it, of which each is watched unless the author
/// says otherwise. Each takes about 40 µs of all rules (Prometheus 2.42, by `tests/size`), so that these take 2 s.
const MOST_OF_PARTITIONS: u64 = 50_000;

impl Monitoring {
    /// The monitoring of this cluster, and of its `ZooKeeper` ensemble if it has one.
    ///
    /// For an external cluster only the exporter is scraped, which is part of this construct. Alerts and panels are
    /// then limited to the exporter's metrics.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "shop");
    /// let kafka = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092,kafka-2.example.com:9092");
    /// stack.add(Monitoring::new("monitoring", &kafka).brokers(3));
    ///
    /// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
    /// let rules = manifests.get("monitoring/prometheusrule-events.yaml").unwrap();
    /// assert!(rules.contains("alert: KafkaConsumerLagHigh") && !rules.contains("alert: KafkaProducerLatencyHigh"));
    /// ```
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            meta: Meta::new(name),
            kafka: kafka.clone(),
            watched: Vec::new(),
            brokers: None,
            monitor_labels: Vec::new(),
            kept: Vec::new(),
            size: None,
            lag: Lag::Automatic,
            exporter: ExporterOptions::default(),
            docs: Docs::default(),
            grafana: Grafana::default(),
            external: Vec::new(),
            alerts: Vec::new(),
            thresholds: Thresholds::default(),
            slos: Vec::new(),
            alert_labels: Vec::new(),
            group_owners: Vec::new(),
            inhibition: false,
        }
    }

    /// Also monitors a component, such as a Connect group, a registry, or the Job of declared topics: anything that is
    /// [`Monitored`].
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "shop").profile(Profile::Development);
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    /// );
    /// let connect = stack.add(Connect::new("kafka-connect", &kafka));
    /// let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka));
    /// stack.add(Monitoring::new("monitoring", &kafka).watch(&connect).watch(&registry));
    ///
    /// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
    /// assert!(manifests.get("monitoring/podmonitor-kafka-connect.yaml").is_some());
    /// ```
    pub fn watch<M: Monitored + Clone>(mut self, component: &M) -> Self {
        self.watched.push(Arc::new(component.clone()));
        self
    }

    /// Adds a label to the monitors and rules. The Prometheus operator selects them by labels: kube-prometheus-stack by
    /// `release`, which is the name of its Helm release.
    pub fn monitor_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.monitor_labels.push((key.into(), value.into()));
        self
    }

    /// Keeps metrics that no alert, recording rule or panel of the stack uses, by a regular expression for the whole name.
    ///
    /// Prometheus drops all others at the scrape: most of what exporters export is never asked for. What your own alerts use is kept in
    /// any case, so this is for dashboards and rules outside of the stack.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "shop");
    /// let kafka = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092,kafka-2.example.com:9092");
    /// stack.add(Monitoring::new("monitoring", &kafka).brokers(3).keep_metrics("kafka_topic_partition_.*"));
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let monitor = manifests.get("monitoring/servicemonitor-events-exporter.yaml").unwrap();
    /// assert!(monitor.contains("|kafka_topic_partition_.*"));
    /// ```
    pub fn keep_metrics(mut self, pattern: impl Into<String>) -> Self {
        self.kept.push(pattern.into());
        self
    }

    /// How many partitions and consumer groups the cluster has, if what is watched declares fewer: an external cluster, or one whose topics
    /// are created by its clients.
    ///
    /// The exporter's resources and the limits of samples follow from the declared topics and groups, and from this.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "shop");
    /// let kafka = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092,kafka-2.example.com:9092");
    /// stack.add(Monitoring::new("monitoring", &kafka).brokers(3).cluster_size(20_000, 100));
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let exporter = manifests.get("monitoring/deployment-events-exporter.yaml").unwrap();
    /// assert!(exporter.contains("memory: 512Mi"));
    /// ```
    pub const fn cluster_size(mut self, partitions: u32, groups: u32) -> Self {
        self.size = Some((partitions, groups));
        self
    }

    /// Watches the lag of groups by topic, and not by partition, whatever the size of the cluster.
    ///
    /// Without this and [`Monitoring::lag_by_partition`] it is by topic for more than 50,000 partitions and pairs of a partition and a group
    /// that reads it, as declared or in [`Monitoring::cluster_size`]: such as 17,000 partitions that two groups read. KS-O19 says so. Service
    /// levels of freshness keep it by partition.
    ///
    /// Prometheus then keeps no series of each partition. What gets lost is a partition that is stuck while its group reads the others
    /// (`KafkaConsumerPartitionStuck`), and service levels of freshness; the lag in time is that of the whole topic.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// stack.add(Monitoring::new("monitoring", &kafka).lag_by_topic());
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let monitor = manifests.get("monitoring/servicemonitor-kafka-exporter.yaml").unwrap();
    /// assert!(monitor.contains("kafka_consumergroup_lag_sum") && !monitor.contains("partition"));
    /// ```
    pub const fn lag_by_topic(mut self) -> Self {
        self.lag = Lag::Topic;
        self
    }

    /// Watches the lag of groups by partition, whatever the size of the cluster: for a Prometheus that has the time. What it takes is in
    /// `docs/monitoring.md`.
    pub const fn lag_by_partition(mut self) -> Self {
        self.lag = Lag::Partition;
        self
    }

    /// The exporter reports only topics whose whole name matches a regular expression; called several times, one of them.
    ///
    /// It is an error if an alert or a service level is about a topic that is left out.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// stack.add(Monitoring::new("monitoring", &kafka).export_topics("orders[.].*").skip_groups("test-.*"));
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let exporter = manifests.get("monitoring/deployment-kafka-exporter.yaml").unwrap();
    /// assert!(exporter.contains("--topic.filter=^(?:orders[.].*)$") && exporter.contains("--group.exclude=^(?:test-.*)$"));
    /// ```
    pub fn export_topics(mut self, pattern: impl Into<String>) -> Self {
        self.exporter.topics.only.push(pattern.into());
        self
    }

    /// The exporter reports no topics whose whole name matches a regular expression.
    pub fn skip_topics(mut self, pattern: impl Into<String>) -> Self {
        self.exporter.topics.without.push(pattern.into());
        self
    }

    /// The exporter reports only consumer groups whose whole name matches a regular expression; called several times, one of them.
    pub fn export_groups(mut self, pattern: impl Into<String>) -> Self {
        self.exporter.groups.only.push(pattern.into());
        self
    }

    /// The exporter reports no consumer groups whose whole name matches a regular expression.
    pub fn skip_groups(mut self, pattern: impl Into<String>) -> Self {
        self.exporter.groups.without.push(pattern.into());
        self
    }

    /// Requests and limits of the exporter. By default they follow from the declared topics and groups and from
    /// [`Monitoring::cluster_size`]; for some hundred partitions they are 50 to 200 millicores and 256 MiB.
    pub const fn exporter_resources(mut self, resources: Resources) -> Self {
        self.exporter.resources = Some(resources);
        self
    }

    /// Another image of `kafka_exporter` 1.9, such as one in a mirror.
    pub fn exporter_image(mut self, image: impl Into<String>) -> Self {
        self.exporter.image = image.into();
        self
    }

    /// The URL of the stack's folder `runbooks`: the runbook of an alert is `<base>/<alert>.md`. Without it alerts have
    /// no `runbook_url`.
    pub fn runbooks(mut self, base: impl Into<String>) -> Self {
        self.docs.url = Some(base.into().trim_end_matches('/').to_owned());
        self
    }

    /// A folder below `runbooks` and `tests` for the runbooks and tests of this cluster, if a stack monitors several
    /// clusters.
    pub fn docs(mut self, folder: impl Into<String>) -> Self {
        self.docs.folder = Some(folder.into());
        self
    }

    /// Loads the dashboards with the Grafana operator instead of a sidecar, into the Grafana instances with these
    /// labels.
    pub fn grafana_operator<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.grafana.operator = Some(labels.collect());
        self
    }

    /// The URL of the Grafana with these dashboards, such as `https://grafana.example.com`: each alert then links to
    /// its dashboard, by the annotation `dashboard_url`.
    pub fn grafana_url(mut self, base: impl Into<String>) -> Self {
        self.grafana.url = Some(base.into().trim_end_matches('/').to_owned());
        self
    }

    /// Adds an alert.
    pub fn alert(mut self, alert: Alert) -> Self {
        self.alerts.push(alert);
        self
    }

    /// Adds a label to all alerts, such as `team`, by which Alertmanager can route them. An alert of the stack can have
    /// another value for it ([`Alert::label`]).
    ///
    /// With `owner` or `on_call` it names those who get what no one else owns: alerts on groups, topics and connectors
    /// have the labels of their owner, if one is declared or matched ([`Monitoring::group_owner`]).
    ///
    /// Labels that series of alerts have, and those that every alert has (`severity`, `cluster`, `namespace`,
    /// `kafka_cluster`), are refused (KS-O17).
    pub fn alert_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.alert_labels.push((name.into(), value.into()));
        self
    }

    /// Adds the rules by which Alertmanager keeps silent what follows from another alert: a lost broker calls once. It is an
    /// `AlertmanagerConfig` of the Prometheus operator (`monitoring.coreos.com/v1alpha1`) without a receiver, so without a Secret, with
    /// the labels of [`Monitoring::monitor_label`].
    ///
    /// The operator must select it (`alertmanagerConfigSelector`), and limits it to alerts of its namespace, which all alerts of the cluster
    /// are. If Alertmanager has a configuration of its own, use the rules in `docs/monitoring.md` instead.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 3)));
    /// stack.add(Monitoring::new("monitoring", &kafka).inhibition());
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let rules = manifests.get("monitoring/alertmanagerconfig-kafka.yaml").unwrap();
    /// assert!(rules.contains("value: KafkaBrokerDown"));
    /// ```
    pub const fn inhibition(mut self) -> Self {
        self.inhibition = true;
        self
    }

    /// Adds a service level: alerts fire when its error budget is spent too fast, and the dashboard "Service levels" shows what is
    /// left.
    pub fn slo(mut self, slo: Slo) -> Self {
        self.slos.push(slo);
        self
    }

    /// An exporter that Prometheus scrapes by a monitor outside this stack, so that alerts can use its metrics.
    pub fn external(mut self, exporter: ExternalExporter) -> Self {
        self.external.push(exporter);
        self
    }

    /// How many brokers an external cluster has. Without it no alert fires when one is down. For a cluster of the stack
    /// the number is known from its pools.
    pub const fn brokers(mut self, brokers: u32) -> Self {
        self.brokers = Some(brokers);
        self
    }

    /// The lag, in records, that a consumer group may have on a topic.
    ///
    /// By default it is one minute of the topic's declared [`Load`](crate::capacity::Load); on other topics, what was
    /// produced within [`Monitoring::lag_time_threshold`], and at least 1000 records. Groups that commit less than three
    /// times in ten minutes have no limit by default: their lag grows until they commit.
    pub const fn lag_threshold(mut self, records: u64) -> Self {
        self.thresholds.lag.default = Some(records);
        self
    }

    /// The same for one consumer group, on any topic.
    pub fn lag_threshold_of_group(mut self, group: impl Into<String>, records: u64) -> Self {
        self.thresholds.lag.special.push((LagOf::Group(group.into()), records));
        self
    }

    /// The same for one topic, for any group. If both a group and its topic have their own limits, the first one
    /// counts.
    pub fn lag_threshold_of_topic(mut self, topic: impl Into<String>, records: u64) -> Self {
        self.thresholds.lag.special.push((LagOf::Topic(topic.into()), records));
        self
    }

    /// Who answers for the consumer groups whose whole name matches this regular expression: the labels `owner` and
    /// `on_call` of the alerts on them, so that their team is called.
    ///
    /// The owner that an `Application` declares comes first. Of several patterns that match a group the first one counts.
    /// A pattern may match nothing that is declared.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// stack.add(
    ///     Monitoring::new("monitoring", &kafka)
    ///         .group_owner("payments-.*|billing", Owner::new("payments").on_call("payments-primary"))
    ///         .group_owner("connect-.*", Owner::new("data"))
    ///         .ignore_groups("loadtest-[0-9]+"),
    /// );
    /// # assert!(synth(&stack).manifests.unwrap().get("tests/rules.yaml").unwrap().contains("payments-primary"));
    /// ```
    pub fn group_owner(mut self, pattern: impl Into<String>, owner: Owner) -> Self {
        self.group_owners.push(GroupOwner {
            pattern: pattern.into(),
            owner,
        });
        self
    }

    /// Groups without alerts, by a regular expression for the whole name, such as `test-.*`. The groups of
    /// `kafka-console-consumer`, which get a new name each time, never have alerts.
    pub fn ignore_groups(mut self, pattern: impl Into<String>) -> Self {
        self.thresholds.ignored_groups.push(pattern.into());
        self
    }

    /// The lag, in time, that a consumer group may have: its lag divided by the records produced per second; 10 minutes
    /// by default.
    pub const fn lag_time_threshold(mut self, time: Duration) -> Self {
        self.thresholds.lag_time = time;
        self
    }

    /// The 99th percentile of produce latency that a broker may have; 1 s by default.
    pub const fn produce_latency_threshold(mut self, latency: Duration) -> Self {
        self.thresholds.produce_latency = latency;
        self
    }

    /// How full a volume may be, in percent; 80 by default.
    pub const fn disk_usage_threshold(mut self, percent: u8) -> Self {
        self.thresholds.disk_usage = percent;
        self
    }

    /// How long a volume's free space should last at the growth of the last six hours; 24 hours by default.
    pub const fn disk_full_within(mut self, time: Duration) -> Self {
        self.thresholds.disk_full_within = time;
        self
    }

    /// The share of time that a broker's request handlers and network threads should be idle, in percent; 30 by
    /// default, as Kafka's documentation recommends.
    pub const fn idle_threshold(mut self, percent: u8) -> Self {
        self.thresholds.idle = percent;
        self
    }

    /// The cluster and what is monitored together with it, then the watched components, each once.
    fn components(&self) -> Vec<&dyn Monitored> {
        let mut components = self.of_cluster();
        components.extend(self.of_watched());
        components
    }

    fn of_cluster(&self) -> Vec<&dyn Monitored> {
        with_beside(std::iter::once(&self.kafka as &dyn Monitored))
    }

    fn of_watched(&self) -> Vec<&dyn Monitored> {
        let of_cluster: BTreeSet<&str> = self.of_cluster().iter().map(|component| component.name()).collect();
        let mut watched = with_beside(self.watched.iter().map(|watched| &**watched));
        watched.retain(|component| !of_cluster.contains(component.name()));
        watched
    }

    /// Everything that is scraped: each pod under one job, which is named after the pod's construct.
    fn sources(&self, context: &Context) -> Sources {
        let components = self.components();
        let exporter = Target::service(
            self.exporter_name(),
            self.exporter_labels(),
            METRICS_PORT_NAME,
            match (self.is_by_topic(), self.kafka.mode()) {
                (false, _) => vec![exported::ALL],
                // Only the exporter knows what is produced.
                (true, Mode::External) => vec![exported::BY_TOPIC, exported::OF_PARTITIONS],
                (true, _) => vec![exported::BY_TOPIC],
            },
        );
        let targets = components.iter().flat_map(|component| component.targets());
        let owned: Vec<Owned> = components.iter().flat_map(|component| component.owned()).collect();
        let targets: Vec<Target> = std::iter::once(exporter)
            .chain(targets.filter(|target| target.port.is_some()))
            .collect();
        Sources {
            scope: Scope::Rules,
            namespace: context.namespace.clone(),
            cluster: self.kafka.name().to_owned(),
            kubernetes: kubernetes(context).to_owned(),
            limits: self.limits(&targets),
            targets,
            brokers: self.kafka.brokers(),
            volumes: components.iter().flat_map(|component| component.volumes()).collect(),
            certificates: components
                .iter()
                .flat_map(|component| component.certificates())
                .collect(),
            external: self.external.clone(),
            thresholds: self.thresholds_with(&owned),
            owned,
            group_owners: self.group_owners.clone(),
            alert_labels: self.alert_labels.clone(),
            slos: self.slos.clone(),
        }
    }

    /// Whether the exporter reports a topic or a group; `label` says which.
    fn exports(&self, label: &str, name: &str) -> bool {
        match label {
            "topic" => self.exporter.topics.exports(name),
            _ => self.exporter.groups.exports(name),
        }
    }

    /// Whether lag is watched by topic, and not by partition.
    fn is_by_topic(&self) -> bool {
        match self.lag {
            Lag::Automatic => self.is_large().is_some() && !self.slos.iter().any(Slo::is_of_partitions),
            Lag::Partition => false,
            Lag::Topic => true,
        }
    }

    /// The size, if it is too large to watch each partition.
    fn is_large(&self) -> Option<Size> {
        self.size().filter(|size| size.of_partitions() > MOST_OF_PARTITIONS)
    }

    /// The size of what the exporter reports; `None` if nothing is declared.
    fn size(&self) -> Option<Size> {
        let declared = Size::declared(&self.components(), |label, name| self.exports(label, name));
        let size = match self.size {
            Some((partitions, groups)) => declared.unwrap_or_default().at_least(partitions.into(), groups.into()),
            None => declared?,
        };
        Some(size.with_internal())
    }

    /// The thresholds with the limits of declared loads and of watched groups. Those of the stack's author come first,
    /// because the first counts.
    fn thresholds_with(&self, owned: &[Owned]) -> Thresholds {
        let mut thresholds = self.thresholds.clone();
        if thresholds.lag.default.is_none() {
            let loads = self.components().into_iter().flat_map(Monitored::loads);
            thresholds.lag.loads = loads
                .map(|(topic, records)| (topic, records * LagLimits::SECONDS_OF_LOAD))
                .collect();
        }
        for Owned { kind, name, lag, .. } in owned {
            let of = LagOf::Group(name.clone());
            let has_one = thresholds.lag.special.iter().any(|(known, _)| *known == of);
            if let (OwnedKind::Group, Some(records), false) = (kind, lag, has_one) {
                thresholds.lag.special.push((of, *records));
            }
        }
        thresholds
    }
}

/// The value of the label `cluster`. Rules keep this label and do not match it, so that series without it have alerts too.
fn kubernetes(context: &Context) -> &str {
    context.kubernetes_cluster.as_ref().unwrap_or(&context.stack)
}

/// Components and what is monitored together with them, each name once.
fn with_beside<'a>(components: impl Iterator<Item = &'a dyn Monitored>) -> Vec<&'a dyn Monitored> {
    let mut names = BTreeSet::new();
    components
        .flat_map(|component| std::iter::once(component).chain(component.beside()))
        .filter(|component| names.insert(component.name()))
        .collect()
}
