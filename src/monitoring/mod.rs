//! The exporter, what Prometheus scrapes, the alerts and the dashboard of a cluster.
//!
//! An alert or a panel can only name a metric that something scraped here exports: expressions are built from the values of
//! [`metrics`](crate::metrics), and what would need one that does not exist in the stack does not exist either.

mod alert;
mod dashboard;
mod exporter;
mod resource;
mod scrape;

#[cfg(test)]
mod tests;

pub use resource::{
    AlertingRule, Endpoint, OperatorResource, PodMonitor, PodMonitorSpec, PrometheusRule, PrometheusRuleSpec,
    Relabeling, RuleGroup, ServiceMonitor, ServiceMonitorSpec, Spec,
};

use k8s_openapi::api::core::v1::ConfigMap;

use self::scrape::{Exports, Sources, Target};
use crate::{
    connect::ConnectHandle,
    construct::{Check, Construct, Origin},
    kafka::{KafkaHandle, Mode},
    kubernetes::Labels,
    manifest::Object,
    metrics::Process,
    quantity::{Duration, Resources, Units},
    registry::SchemaRegistryHandle,
    rules::observability::{NO_AGENT, THRESHOLD},
    runtime::METRICS_PORT_NAME,
    stack::Scope,
    zookeeper::ZooKeeperHandle,
};

/// The monitoring of a cluster, and of Connect and the registry beside it.
///
/// It needs the Prometheus operator's resource types in the Kubernetes cluster, a Grafana whose sidecar loads `ConfigMap`s
/// with the label `grafana_dashboard` (kube-prometheus-stack has both), and for the disk alert that Prometheus scrapes the
/// kubelets.
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Monitoring {
    name: String,
    origin: Origin,
    kafka: KafkaHandle,
    connects: Vec<ConnectHandle>,
    registries: Vec<SchemaRegistryHandle>,
    monitor_labels: Vec<(String, String)>,
    exporter_image: String,
    exporter_resources: Resources,
    runbooks: Option<String>,
    lag: u64,
    produce_latency: Duration,
    disk_usage: u8,
}

impl Monitoring {
    /// The monitoring of this cluster, and of its `ZooKeeper` ensemble if it has one.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            name: name.into(),
            origin: Origin::here(),
            kafka: kafka.clone(),
            connects: Vec::new(),
            registries: Vec::new(),
            monitor_labels: Vec::new(),
            exporter_image: exporter::IMAGE.to_owned(),
            exporter_resources: Resources::range(50.millicores()..=200.millicores(), 256.mib()..=256.mib()),
            runbooks: None,
            lag: 1000,
            produce_latency: 1000.milliseconds(),
            disk_usage: 80,
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

    /// Where the runbooks are: the page of an alert is `<base>/<alert>`. Without it alerts name none.
    pub fn runbooks(mut self, base: impl Into<String>) -> Self {
        self.runbooks = Some(base.into().trim_end_matches('/').to_owned());
        self
    }

    /// The records that a consumer group may be behind on a topic; 1000 unless said otherwise. What is right depends on the
    /// traffic: a second of it is a good start.
    pub const fn lag_threshold(mut self, records: u64) -> Self {
        self.lag = records;
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

    /// The labels of the monitors, the rules and the dashboard.
    fn labels(&self) -> Labels {
        Labels::new("kafka-monitoring", &self.name, "")
    }

    /// All that is scraped: each pod under one job, named like the construct whose pods they are.
    fn sources(&self, scope: &Scope) -> Sources {
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
            namespace: scope.namespace.clone(),
            cluster: kafka.name().to_owned(),
            targets,
        }
    }

    /// A matcher of the claims of the cluster's volumes, whose names end in the ordinal of the pod.
    fn volume_claims(&self) -> Option<String> {
        let patterns: Vec<String> = self
            .kafka
            .volume_claims()
            .iter()
            .cloned()
            .chain(self.kafka.zookeeper().map(ZooKeeperHandle::volume_claims))
            .map(|claims| format!("{}-{}-[0-9]+", claims.claim, claims.stateful_set))
            .collect();
        (!patterns.is_empty()).then(|| format!("~{}", patterns.join("|")))
    }

    fn rules(&self, scope: &Scope, sources: &Sources) -> PrometheusRule {
        let mut metadata = self.labels().metadata(scope, self.kafka.name());
        metadata
            .labels
            .get_or_insert_default()
            .extend(self.monitor_labels.iter().cloned());
        PrometheusRule {
            metadata,
            spec: PrometheusRuleSpec {
                groups: vec![RuleGroup {
                    name: self.kafka.name().to_owned(),
                    rules: alert::ALL
                        .iter()
                        .filter_map(|alert| alert.rule(self, sources))
                        .collect(),
                }],
            },
        }
    }

    fn dashboard(&self, scope: &Scope, sources: &Sources) -> ConfigMap {
        let mut metadata = self
            .labels()
            .metadata(scope, format!("{}-dashboard", self.kafka.name()));
        metadata
            .labels
            .get_or_insert_default()
            .insert("grafana_dashboard".to_owned(), "1".to_owned());
        let file = format!("{}.json", dashboard::uid(sources));
        ConfigMap {
            metadata,
            data: Some([(file, dashboard::json(self, sources))].into()),
            ..ConfigMap::default()
        }
    }
}

impl Construct for Monitoring {
    type Handle = ();

    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn origin_mut(&mut self) -> &mut Origin {
        &mut self.origin
    }

    fn handle(&self, _: &Scope) {}

    fn check(&self, check: &mut Check<'_>) {
        let kafka = &self.kafka;
        kafka.check(check);
        self.connects.iter().for_each(|connect| connect.check(check));
        self.registries.iter().for_each(|registry| registry.check(check));
        let ensemble = kafka
            .zookeeper()
            .map(|ensemble| (ensemble.name(), ensemble.metrics_port()));
        let monitored = [(kafka.name(), kafka.metrics_port())]
            .into_iter()
            .chain(ensemble)
            .chain(
                self.connects
                    .iter()
                    .map(|connect| (connect.name(), connect.metrics_port())),
            )
            .chain(
                self.registries
                    .iter()
                    .map(|registry| (registry.name(), registry.metrics_port())),
            );
        for (name, _) in monitored.filter(|(_, port)| port.is_none()) {
            check.report(&NO_AGENT, format!("`{name}` has no metrics agent"), |finding| {
                finding.item(name).hint(
                    "use images that carry the agent, `ImageSet::confluent(…)` or `.agent(…)`, or leave it out of \
                     `Monitoring`",
                );
            });
        }
        if self.disk_usage > 99 {
            check.report(
                &THRESHOLD,
                format!("no volume is ever more than {} % full", self.disk_usage),
                |finding| {
                    finding.hint("use `.disk_usage_threshold(80)`");
                },
            );
        }
        if self.produce_latency.as_millis() == 0 {
            check.report(&THRESHOLD, "every produce request takes longer than 0 ms", |finding| {
                finding.hint("use `.produce_latency_threshold(1000.milliseconds())`");
            });
        }
    }

    fn render(&self, scope: &Scope) -> Vec<Object> {
        let sources = self.sources(scope);
        let mut objects = self.exporter(scope);
        objects.extend(sources.monitors(scope, &self.labels(), &self.monitor_labels));
        objects.push(Object::new(&self.rules(scope, &sources)));
        objects.push(Object::new(&self.dashboard(scope, &sources)));
        objects
    }
}
