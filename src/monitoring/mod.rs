//! The exporter, what Prometheus scrapes, the alerts and the dashboard of a cluster.
//!
//! An alert or a panel can only name a metric that something scraped here exports: expressions are built from the values of
//! [`metrics`](crate::metrics), and what would need one that does not exist in the stack does not exist either.

mod alert;
mod dashboard;
mod exporter;
mod expression;
mod record;
mod resource;
mod scrape;

#[cfg(test)]
mod tests;

pub use alert::{Alert, AlertSeverity, AlertTest, Runbook, Samples};
pub use scrape::ExternalExporter;

pub use resource::{
    AlertingRule, Endpoint, GrafanaDashboard, GrafanaDashboardSpec, GroupedRule, OperatorResource, PodMonitor,
    PodMonitorSpec, PrometheusRule, PrometheusRuleSpec, RecordingRule, Relabeling, RuleGroup, ServiceMonitor,
    ServiceMonitorSpec, Spec,
};

use std::rc::Rc;

use k8s_openapi::{
    api::core::v1::{ConfigMap, ConfigMapKeySelector},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use self::{
    alert::{
        Ready, promtool,
        runbook::{self, Names, Parts},
    },
    dashboard::Board,
    scrape::{Exports, Sources, Target},
};
use crate::{
    connect::ConnectHandle,
    construct::{Check, Claim, Construct, Explanation, Meta},
    context::Context,
    diagnostics::rules::{
        observability::{ANOTHER_CLUSTER, NO_AGENT, RUNBOOKS, THRESHOLD},
        stack::{NAME, OBJECT_TWICE},
    },
    kafka::{KafkaHandle, Mode, TopicsHandle},
    manifest::{Document, Object},
    metrics::Process,
    name::{DnsLabel, TopicName},
    quantity::{Duration, Resources, Units},
    registry::SchemaRegistryHandle,
    workload::{Labels, METRICS_PORT_NAME, PodOptions, VolumeClaims},
    yaml,
    zookeeper::ZooKeeperHandle,
};

/// The alerts once more, as promtool reads them.
const RULES_FILE: &str = "rules.yaml";

/// The monitoring of a cluster, and of Connect and the registry beside it.
///
/// It needs the Prometheus operator's resource types in the Kubernetes cluster, a Grafana whose sidecar loads `ConfigMap`s
/// with the label `grafana_dashboard` (kube-prometheus-stack has both), for the disk alerts that Prometheus scrapes the
/// kubelets, and for those on restarts and on the topics Job that it scrapes kube-state-metrics.
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
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Monitoring {
    meta: Meta,
    kafka: KafkaHandle,
    connects: Vec<ConnectHandle>,
    registries: Vec<SchemaRegistryHandle>,
    monitor_labels: Vec<(String, String)>,
    exporter_image: String,
    exporter_resources: Resources,
    exporter_options: PodOptions,
    runbooks: Option<String>,
    pages: Option<String>,
    topics: Option<String>,
    grafana: Option<Vec<(String, String)>>,
    grafana_url: Option<String>,
    foreign: Vec<ExternalExporter>,
    alerts: Vec<Alert>,
    brokers: Option<u32>,
    lag: u64,
    lags: Vec<(LagOf, u64)>,
    lag_time: Duration,
    produce_latency: Duration,
    disk_usage: u8,
    disk_full_within: Duration,
    idle: u8,
}

/// Whose lag has a limit of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum LagOf {
    Group(String),
    Topic(String),
}

impl Monitoring {
    /// The monitoring of this cluster, and of its `ZooKeeper` ensemble if it has one.
    ///
    /// Of a cluster made elsewhere nothing is scraped but the exporter that is set up here: alerts and panels are those whose
    /// metrics it exports.
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
            connects: Vec::new(),
            registries: Vec::new(),
            monitor_labels: Vec::new(),
            exporter_image: exporter::IMAGE.to_owned(),
            exporter_resources: Resources::range(50.millicores()..=200.millicores(), 256.mib()..=256.mib()),
            exporter_options: PodOptions::default(),
            runbooks: None,
            pages: None,
            topics: None,
            grafana: None,
            grafana_url: None,
            foreign: Vec::new(),
            alerts: Vec::new(),
            brokers: None,
            lag: 1000,
            lags: Vec::new(),
            lag_time: 10.minutes(),
            produce_latency: 1000.milliseconds(),
            disk_usage: 80,
            disk_full_within: 24.hours(),
            idle: 30,
        }
    }

    /// Monitors the workers of a Connect group too.
    pub fn connect(mut self, connect: &ConnectHandle) -> Self {
        self.connects.push(connect.clone());
        self
    }

    /// Monitors a Schema Registry too.
    pub fn registry(mut self, registry: &SchemaRegistryHandle) -> Self {
        self.registries.push(registry.clone());
        self
    }

    /// A label of the monitors and rules, by which the Prometheus operator chooses those of its Prometheus:
    /// kube-prometheus-stack wants `release` with the name of its Helm release.
    pub fn monitor_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.monitor_labels.push((key.into(), value.into()));
        self
    }

    /// What the exporter asks for and may use at most; a twentieth of a core up to a fifth, and 256 MiB, unless said
    /// otherwise.
    pub const fn exporter_resources(mut self, resources: Resources) -> Self {
        self.exporter_resources = resources;
        self
    }

    /// Another image of `kafka_exporter` 1.9, as a mirror's.
    pub fn exporter_image(mut self, image: impl Into<String>) -> Self {
        self.exporter_image = image.into();
        self
    }

    /// Watches the Job of declared topics too. It needs kube-state-metrics, which kube-prometheus-stack has.
    pub fn topics(mut self, topics: &TopicsHandle) -> Self {
        self.topics = Some(topics.name().to_owned());
        self
    }

    /// Where the stack's folder `runbooks` can be read: the page of an alert is `<base>/<alert>.md`. Without it alerts name
    /// none.
    pub fn runbooks(mut self, base: impl Into<String>) -> Self {
        self.runbooks = Some(base.into().trim_end_matches('/').to_owned());
        self
    }

    /// A folder of its own, below `runbooks` and `tests`, for the pages and tests of this cluster: where a stack monitors more
    /// than one.
    pub fn pages(mut self, folder: impl Into<String>) -> Self {
        self.pages = Some(folder.into());
        self
    }

    /// Gives the dashboards to the Grafana operator, for its Grafanas with these labels, and not to a sidecar.
    pub fn grafana_operator<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.grafana = Some(labels.collect());
        self
    }

    /// Where the Grafana with these dashboards can be reached, as `https://grafana.example.com`: each alert then leads to the
    /// dashboard to look at, by the annotation `dashboard_url`.
    pub fn grafana_url(mut self, base: impl Into<String>) -> Self {
        self.grafana_url = Some(base.into().trim_end_matches('/').to_owned());
        self
    }

    /// An alert of the stack's own.
    pub fn alert(mut self, alert: Alert) -> Self {
        self.alerts.push(alert);
        self
    }

    /// An exporter that Prometheus scrapes by someone else's doing, so that alerts can name its metrics.
    pub fn external(mut self, exporter: ExternalExporter) -> Self {
        self.foreign.push(exporter);
        self
    }

    /// How many brokers a cluster made elsewhere has. Without it nothing tells when one is missing; a cluster of the stack
    /// says it by its pools.
    pub const fn brokers(mut self, brokers: u32) -> Self {
        self.brokers = Some(brokers);
        self
    }

    /// The records that a consumer group may be behind on a topic; 1000 unless said otherwise. What is right depends on the
    /// traffic: a second of it is a good start.
    pub const fn lag_threshold(mut self, records: u64) -> Self {
        self.lag = records;
        self
    }

    /// The same for one consumer group, on whatever topic.
    pub fn lag_threshold_of_group(mut self, group: impl Into<String>, records: u64) -> Self {
        self.lags.push((LagOf::Group(group.into()), records));
        self
    }

    /// The same for one topic, by whatever group. Where a group and a topic have limits of their own, the one said first
    /// counts.
    pub fn lag_threshold_of_topic(mut self, topic: impl Into<String>, records: u64) -> Self {
        self.lags.push((LagOf::Topic(topic.into()), records));
        self
    }

    /// How old what a consumer group works on may be: its lag divided by what is produced a second; 10 minutes unless said
    /// otherwise.
    pub const fn lag_time_threshold(mut self, time: Duration) -> Self {
        self.lag_time = time;
        self
    }

    /// The time in which a broker should answer 99 of 100 produce requests; 1 s unless said otherwise.
    pub const fn produce_latency_threshold(mut self, latency: Duration) -> Self {
        self.produce_latency = latency;
        self
    }

    /// How full a volume may be, in percent; 80 unless said otherwise.
    pub const fn disk_usage_threshold(mut self, percent: u8) -> Self {
        self.disk_usage = percent;
        self
    }

    /// The time for which a volume's room should last, by its growth of the last six hours; 24 hours unless said otherwise.
    pub const fn disk_full_within(mut self, time: Duration) -> Self {
        self.disk_full_within = time;
        self
    }

    /// How much of the time a broker's request handlers and network threads should be idle, in percent; 30 unless said
    /// otherwise, which is what Kafka's own documentation advises.
    pub const fn idle_threshold(mut self, percent: u8) -> Self {
        self.idle = percent;
        self
    }

    /// Thresholds that are always or never reached, and what to use instead.
    fn unreachable_thresholds(&self) -> Vec<(String, &'static str)> {
        let mut unreachable = Vec::new();
        if let Some(brokers) = self.brokers {
            let message = match self.kafka.brokers() {
                None if brokers == 0 => Some("there are never fewer than 0 brokers".to_owned()),
                Some(declared) if declared != brokers => Some(format!(
                    "`{}` has {declared} brokers, and not {brokers}",
                    self.kafka.name()
                )),
                _ => None,
            };
            unreachable.extend(message.map(|message| {
                let hint = "say `.brokers(…)` of a cluster made elsewhere only, with the number that it has";
                (message, hint)
            }));
        }
        if self.disk_usage > 99 {
            let message = format!("no volume is ever more than {} % full", self.disk_usage);
            unreachable.push((message, "use `.disk_usage_threshold(80)`"));
        }
        if self.disk_usage == 0 {
            let message = "every volume is more than 0 % full".to_owned();
            unreachable.push((message, "use `.disk_usage_threshold(80)`"));
        }
        unreachable.extend(self.unreachable_lags());
        if self.produce_latency.as_millis() == 0 {
            let message = "every produce request takes longer than 0 ms".to_owned();
            unreachable.push((message, "use `.produce_latency_threshold(1000.milliseconds())`"));
        }
        if self.lag_time.as_seconds() == 0 {
            let message = "every group that has lag is more than 0 s behind".to_owned();
            unreachable.push((message, "use `.lag_time_threshold(10.minutes())`"));
        }
        if self.disk_full_within.as_seconds() < 3600 {
            let message = format!(
                "a volume that is full within {} is too late to mend",
                self.disk_full_within
            );
            unreachable.push((message, "use `.disk_full_within(24.hours())`"));
        }
        if self.idle == 0 || self.idle > 99 {
            let message = format!(
                "threads are {} less than {} % of the time idle",
                if self.idle == 0 { "never" } else { "nearly always" },
                self.idle
            );
            unreachable.push((message, "use `.idle_threshold(30)`"));
        }
        unreachable
    }

    /// Limits of lag that no group or topic can have.
    fn unreachable_lags(&self) -> Vec<(String, &'static str)> {
        // From here on Prometheus, whose values are floating-point numbers, cannot tell an offset from the next.
        const MOST: u64 = (1 << 53) - 1;
        let mut unreachable = Vec::new();
        let limits = || std::iter::once(self.lag).chain(self.lags.iter().map(|(_, records)| *records));
        if limits().any(|records| records == 0) {
            let message = "a group that consumes is more than 0 records behind most of the time".to_owned();
            unreachable.push((message, "use `.lag_threshold(1000)`"));
        }
        if let Some(records) = limits().find(|records| *records > MOST) {
            let message = format!("no group is ever more than {records} records behind");
            unreachable.push((message, "use `.lag_threshold(1000)`"));
        }
        for (index, (of, _)) in self.lags.iter().enumerate() {
            match of {
                LagOf::Topic(topic) if TopicName::parse(topic).is_err() => unreachable.push((
                    format!("no topic is called {topic:?}"),
                    "name one as Kafka does in `.lag_threshold_of_topic(…)`",
                )),
                // Its name is in the alert's texts, where Prometheus would take it for a template, and on its page.
                LagOf::Group(group)
                    if group.is_empty() || group.contains("{{") || group.chars().any(char::is_control) =>
                {
                    unreachable.push((
                        format!("texts of alerts cannot name the group {group:?}"),
                        "leave it to `.lag_threshold(…)`",
                    ));
                }
                _ if self.lags[..index].iter().any(|(earlier, _)| earlier == of) => {
                    let (LagOf::Group(name) | LagOf::Topic(name)) = of;
                    unreachable.push((
                        format!("`{name}` has two limits, of which the lower counts"),
                        "give it one, in `.lag_threshold_of_group(…)` or `.lag_threshold_of_topic(…)`",
                    ));
                }
                _ => {}
            }
        }
        unreachable
    }

    /// The labels of the monitors, the rules and the dashboard.
    fn labels(&self) -> Labels {
        Labels::new("kafka-monitoring", &self.meta.name, "")
    }

    /// All that is scraped: each pod under one job, named like the construct whose pods they are.
    fn sources(&self, context: &Context) -> Sources {
        let mut targets = vec![Target {
            job: self.exporter_name(),
            labels: self.exporter_labels(),
            port: METRICS_PORT_NAME,
            exports: Exports::Exporter,
        }];
        let mut add = |job: &str, labels: Labels, port: Option<&'static str>, processes: &[Process]| {
            targets.extend(port.map(|port| Target {
                job: job.to_owned(),
                labels,
                port,
                exports: Exports::Agent(processes.to_vec()),
            }));
        };
        let kafka = &self.kafka;
        let nodes: &[Process] = match kafka.mode() {
            Mode::Kraft => &[Process::Broker, Process::Controller],
            Mode::ZooKeeper => &[Process::ZooKeeperModeBroker],
            Mode::External => &[],
        };
        add(kafka.name(), kafka.labels(), kafka.metrics_port(), nodes);
        if let Some(ensemble) = kafka.zookeeper() {
            add(
                ensemble.name(),
                ensemble.labels(),
                ensemble.metrics_port(),
                &[Process::ZooKeeper],
            );
        }
        for connect in &self.connects {
            add(
                connect.name(),
                connect.labels(),
                connect.metrics_port(),
                &[Process::Connect],
            );
        }
        for registry in &self.registries {
            add(
                registry.name(),
                registry.labels(),
                registry.metrics_port(),
                &[Process::SchemaRegistry],
            );
        }
        Sources {
            namespace: context.namespace.clone(),
            cluster: kafka.name().to_owned(),
            targets,
            brokers: kafka.brokers(),
            claims: self.claims(),
            foreign: self.foreign.clone(),
        }
    }

    /// The templates of the claims of the cluster's volumes.
    fn claim_templates(&self) -> impl Iterator<Item = VolumeClaims> {
        self.kafka
            .volume_claims()
            .iter()
            .cloned()
            .chain(self.kafka.zookeeper().map(ZooKeeperHandle::volume_claims))
    }

    /// The names of the claims: the ordinal of a pod is its node's id.
    fn claims(&self) -> Vec<String> {
        self.claim_templates()
            .flat_map(|claims| {
                let VolumeClaims {
                    claim,
                    stateful_set,
                    ordinals,
                } = claims;
                ordinals.map(move |ordinal| format!("{claim}-{stateful_set}-{ordinal}"))
            })
            .collect()
    }

    /// The path of an alert's page below the folder `runbooks`.
    fn page(&self, alert: &str) -> String {
        format!("{}{alert}.md", self.folder())
    }

    /// Where its pages and tests lie below `runbooks` and `tests`, with the slash behind it; empty for those folders themselves.
    fn folder(&self) -> String {
        self.pages
            .as_ref()
            .map_or_else(String::new, |folder| format!("{folder}/"))
    }

    /// Where the page of an alert can be read.
    fn page_url(&self, alert: &str) -> Option<String> {
        Some(format!("{}/{}", self.runbooks.as_ref()?, self.page(alert)))
    }

    /// Where a dashboard can be looked at. Of the controllers there are two, one for each mode.
    fn dashboard_url(&self, board: Board, sources: &Sources) -> Option<String> {
        let board = match board {
            Board::Quorum if self.kafka.mode() == Mode::ZooKeeper => Board::ZooKeeper,
            board => board,
        };
        Some(format!(
            "{}/d/{}",
            self.grafana_url.as_ref()?,
            dashboard::uid(sources, board)
        ))
    }

    /// A matcher of the claims of the cluster's volumes, whose names end in the ordinal of the pod.
    fn volume_claims(&self) -> Option<String> {
        let patterns: Vec<String> = self
            .claim_templates()
            .map(|claims| format!("{}-{}-[0-9]+", claims.claim, claims.stateful_set))
            .collect();
        (!patterns.is_empty()).then(|| format!("~{}", patterns.join("|")))
    }

    fn rules(&self, context: &Context, sources: &Sources) -> PrometheusRule {
        let mut metadata = self.labels().metadata(context, self.kafka.name());
        metadata
            .labels
            .get_or_insert_default()
            .extend(self.monitor_labels.iter().cloned());
        PrometheusRule {
            metadata,
            spec: PrometheusRuleSpec {
                groups: vec![RuleGroup {
                    name: self.kafka.name().to_owned(),
                    // A group is worked off in order, so alerts find what has just been recorded. In a group of its own it
                    // would be up to an interval old.
                    rules: self
                        .records(sources)
                        .into_iter()
                        .map(GroupedRule::Record)
                        .chain(
                            self.ready_alerts(sources)
                                .into_iter()
                                .map(|alert| GroupedRule::Alert(alert.rule)),
                        )
                        .collect(),
                }],
            },
        }
    }

    /// The dashboards: one a `ConfigMap`, which Grafana's sidecar loads, or the Grafana operator by an object beside it.
    fn dashboards(&self, context: &Context, sources: &Sources) -> Vec<Object> {
        let boards = Board::of(self, sources);
        let mut objects = Vec::new();
        for board in &boards {
            let name = format!("{}-dashboard{}", self.kafka.name(), board.suffix());
            let file = format!("{}.json", dashboard::uid(sources, *board));
            let mut metadata = self.labels().metadata(context, name.clone());
            if let Some(instances) = &self.grafana {
                objects.push(Object::new(&GrafanaDashboard {
                    metadata: metadata.clone(),
                    spec: GrafanaDashboardSpec {
                        instance_selector: LabelSelector {
                            match_labels: Some(instances.iter().cloned().collect()),
                            ..LabelSelector::default()
                        },
                        allow_cross_namespace_import: true,
                        config_map_ref: ConfigMapKeySelector {
                            name,
                            key: file.clone(),
                            optional: None,
                        },
                    },
                }));
            } else {
                metadata
                    .labels
                    .get_or_insert_default()
                    .insert("grafana_dashboard".to_owned(), "1".to_owned());
            }
            objects.push(Object::new(&ConfigMap {
                metadata,
                data: Some([(file, dashboard::json(*board, &boards, self, sources))].into()),
                ..ConfigMap::default()
            }));
        }
        objects
    }
}

/// The rules, if that is what the object is.
fn rules_of(object: &Object) -> Option<PrometheusRule> {
    if object.kind() != PrometheusRuleSpec::KIND {
        return None;
    }
    object.read().ok()
}

impl Monitoring {
    /// What is scraped has an agent, and belongs to the cluster.
    fn check_scraped(&self, check: &mut Check<'_>) {
        let kafka = &self.kafka;
        let ensemble = kafka.zookeeper();
        let images = "`.images(ImageSet::confluent(…))`, or `ImageSet::agent(…)` with its path";
        // Of a cluster made elsewhere nothing but the exporter is scraped.
        let own = (kafka.mode() != Mode::External).then(|| (kafka.name(), kafka.metrics_port(), ""));
        let beside = |call: &'static str| format!(", or leave out `Monitoring::{call}(…)`");
        let (connect, registry) = (beside("connect"), beside("registry"));
        let monitored = own
            .into_iter()
            .chain(ensemble.map(|ensemble| (ensemble.name(), ensemble.metrics_port(), "")))
            .chain(
                self.connects
                    .iter()
                    .map(|workers| (workers.name(), workers.metrics_port(), connect.as_str())),
            )
            .chain(
                self.registries
                    .iter()
                    .map(|instances| (instances.name(), instances.metrics_port(), registry.as_str())),
            );
        for (name, _, or) in monitored.filter(|(_, port, _)| port.is_none()) {
            check.report(&NO_AGENT, format!("`{name}` has no metrics agent"), |finding| {
                finding
                    .item(name)
                    .hint(format!("give it images that carry the agent: {images}{or}"));
            });
        }
        let users = self
            .connects
            .iter()
            .map(|workers| (workers.name(), Some(workers.cluster()), "connect"));
        let registries = self
            .registries
            .iter()
            .map(|instances| (instances.name(), instances.cluster(), "registry"));
        for (name, cluster, call) in users.chain(registries) {
            // One cluster may have several handles, of which each says half: its name, or another list of its brokers.
            let same = |other: &KafkaHandle| {
                other.name() == kafka.name() || other.bootstrap_servers() == kafka.bootstrap_servers()
            };
            let Some(other) = cluster.filter(|cluster| !same(cluster)).map(KafkaHandle::name) else {
                continue;
            };
            check.report(
                &ANOTHER_CLUSTER,
                format!(
                    "`{name}` uses cluster `{other}`, and would be labelled as part of `{}`",
                    kafka.name()
                ),
                |finding| {
                    finding
                        .item(call)
                        .hint(format!("give it to the `Monitoring` of `{other}`: `.{call}(…)`"));
                },
            );
        }
    }

    /// Pages and dashboards lie where they can be opened.
    fn check_addresses(&self, check: &mut Check<'_>) {
        let links = [(&self.runbooks, "runbooks"), (&self.grafana_url, "grafana_url")];
        for (base, call) in links
            .into_iter()
            .filter_map(|(base, call)| Some((base.as_ref()?, call)))
        {
            let Some(flaw) = runbook::cannot_be_opened(base) else {
                continue;
            };
            check.report(&RUNBOOKS, format!("`{base}` {flaw}"), |finding| {
                finding.item(call).hint(match call {
                    "runbooks" => "give `.runbooks(…)` the address at which the stack's folder `runbooks` is shown, as that of the repository",
                    _ => "give `.grafana_url(…)` the address of the Grafana that has the dashboards",
                });
            });
        }
        let outside = |part: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            part.is_empty() || !part.chars().all(known)
        };
        if let Some(folder) = self.pages.as_ref().filter(|folder| folder.split('/').any(outside)) {
            check.report(&NAME, format!("{folder:?} is no folder below `runbooks`"), |finding| {
                finding
                    .item("pages")
                    .hint("use letters, digits, `-` and `_` in `.pages(…)`, as in `.pages(\"main\")`");
            });
        }
    }
}

impl Construct for Monitoring {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) {}

    // Objects are named like the cluster, and pages lie in a folder: said once here, and not of each of the files.
    fn claims(&self) -> Vec<Claim> {
        let folder = format!("runbooks/{}", self.folder());
        let folder = folder.trim_end_matches('/');
        let claim = |what, name: &str| Claim::new(what, "", name, &OBJECT_TWICE, self.meta.location);
        vec![
            claim("monitoring of cluster", self.kafka.name())
                .hint("give the other one what this one watches, and remove this one"),
            claim("folder of pages", folder)
                // Some file systems do not tell them apart.
                .alike(folder.to_ascii_lowercase(), &OBJECT_TWICE)
                .hint("give one of the two a folder of its own: `.pages(…)`"),
        ]
    }

    fn check(&self, check: &mut Check<'_>) {
        let kafka = &self.kafka;
        kafka.check(check);
        self.exporter_options.check(check, "", self.meta.location);
        self.connects.iter().for_each(|connect| connect.check(check));
        self.registries.iter().for_each(|registry| registry.check(check));
        self.check_scraped(check);
        let thresholds = self.unreachable_thresholds();
        let sound = thresholds.is_empty();
        for (message, hint) in thresholds {
            check.report(&THRESHOLD, message, |finding| {
                finding.hint(hint);
            });
        }
        self.check_addresses(check);
        if kafka.mode() == Mode::External
            && let Err(error) = DnsLabel::parse(kafka.name())
        {
            check.report(&NAME, format!("cluster name {error}"), |finding| {
                finding.hint("objects are named like it: choose another name in `KafkaCluster::external(…)`");
            });
            // Every alert would say so once more.
            return;
        }
        let sources = self.sources(check.context());
        for (alert, flaws) in self.flaws(&sources) {
            // What a wrong threshold makes of this crate's alerts was said.
            let location = alert.location();
            for flaw in flaws.into_iter().filter(|_| sound || location.is_some()) {
                check.report(flaw.rule, flaw.message, |finding| {
                    finding.item(alert.rule.alert.as_str()).hint(flaw.hint);
                    if let Some(location) = location {
                        finding.at(location);
                    }
                });
            }
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let sources = self.sources(context);
        let mut objects = self.exporter(context);
        objects.extend(sources.monitors(context, &self.labels(), &self.monitor_labels));
        objects.push(Object::new(&self.rules(context, &sources)));
        objects.extend(self.dashboards(context, &sources));
        objects
    }

    fn explanations(&self, context: &Context) -> Vec<Explanation> {
        let sources = self.sources(context);
        self.ready_alerts(&sources)
            .iter()
            .map(|alert| {
                let rule = &alert.rule;
                let text = |name: &str| rule.annotations.get(name).cloned();
                let mut facts = vec![
                    ("severity", rule.labels["severity"].clone()),
                    ("for", rule.waits().to_string()),
                    ("expression", rule.expr.trim_end().to_owned()),
                ];
                facts.extend(text("threshold").map(|threshold| ("limit", threshold)));
                facts.extend(alert::metrics(&rule.expr, &sources).into_iter().map(|metric| {
                    let origin = runbook::origin(metric);
                    ("metric", format!("{}, from {origin}: {}", metric.name, metric.help))
                }));
                if alert.has_page() {
                    facts.push(("runbook", format!("runbooks/{}", self.page(&rule.alert))));
                }
                facts.extend(text("runbook_url").map(|url| ("runbook_url", url)));
                Explanation {
                    name: rule.alert.clone(),
                    summary: rule.annotation("summary").to_owned(),
                    facts,
                }
            })
            .collect()
    }

    fn check_amended(&self, object: &Object, check: &mut Check<'_>) {
        let Some(amended) = rules_of(object) else { return };
        let sources = self.sources(check.context());
        let written = self.ready_alerts(&sources);
        for rule in amended.spec.alerts() {
            for flaw in alert::flaws_of_amended(rule, &written, &sources) {
                check.report(flaw.rule, flaw.message, |finding| {
                    finding.item(rule.alert.as_str()).hint(flaw.hint);
                });
            }
        }
    }

    // All of it is made of the finished rules, so that it is about what is applied.
    fn documents<'a>(&'a self, context: &'a Context, finished: &[Object]) -> Vec<Document<'a>> {
        let Some(applied) = finished.iter().find_map(rules_of) else {
            return Vec::new();
        };
        let sources = self.sources(context);
        let names = Names::new(self, context, &sources);
        let alerts: Vec<Ready<'_>> = applied
            .spec
            .alerts()
            .filter_map(|rule| {
                Some(Ready {
                    whose: self.author(&rule.alert, &sources)?,
                    rule: rule.clone(),
                })
            })
            .collect();
        let folder = self.folder();
        let mut documents = vec![Document::yaml(
            format!("tests/{folder}{RULES_FILE}"),
            applied.spec.clone(),
        )];
        let known = Rc::new((applied.spec, sources, names));
        for alert in &alerts {
            let Some(page) = Parts::of(alert.whose) else { continue };
            let (rule, known) = (alert.rule.clone(), Rc::clone(&known));
            documents.push(Document::new(
                format!("runbooks/{}", self.page(&rule.alert)),
                move || runbook::text(&page, &rule, &known.0, &known.1, &known.2),
            ));
        }
        documents.push(Document::new(format!("tests/{folder}alerts.yaml"), move || {
            let sources = &known.1;
            let trials: Vec<_> = alerts
                .iter()
                .filter_map(|alert| Some((&alert.rule, alert.promtool_test(self, sources)?)))
                .collect();
            yaml::to_text(&promtool::file(RULES_FILE, &trials, sources))
        }));
        documents
    }
}
