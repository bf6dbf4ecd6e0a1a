//! What Prometheus scrapes, and the selectors of the resulting series.

use std::collections::{BTreeMap, BTreeSet};

use super::{GroupOwner, Issued, Owned, Owners, Slo, Thresholds};
use crate::{
    metrics::{self, Metric, MetricType, exporter, jvm, record, target},
    promql::{DeclaredMetric, Selector},
    quantity::Duration,
    workload::{Labels, VolumeClaims},
};

/// Short enough that a `rate` over five minutes survives missed scrapes, and not shorter than the exporter's own
/// refresh interval, which is 30 s.
pub(crate) const INTERVAL: Duration = Duration::from_seconds(30);
/// The exporter queries every group and every partition at each scrape.
pub(crate) const TIMEOUT: Duration = Duration::from_seconds(25);

/// The labels by which most alerts aggregate.
pub(crate) const BY: &str = "cluster, namespace, kafka_cluster";

/// The series that Prometheus has for each pending or firing alert.
pub(crate) const ALERTS: &str = "ALERTS";

/// The label with the name of the Kafka cluster.
pub(crate) const CLUSTER: &str = "kafka_cluster";

/// The label with the name of the Kubernetes cluster. Expressions keep it and do not match it, so that they work without
/// it too.
pub(crate) const KUBERNETES: &str = "cluster";

/// Pods that are scraped under one job.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name of the job, and of the monitor.
    pub(crate) job: String,
    /// The labels of the pods, or of their Service.
    pub(crate) labels: Labels,
    /// The name of the port; `None` where the image has no metrics agent.
    pub(crate) port: Option<&'static str>,
    pub(crate) scrape: Scrape,
    /// How many pods there are, if that is declared.
    pub(crate) replicas: Option<u32>,
    tables: Vec<&'static [Metric]>,
}

/// How Prometheus finds a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scrape {
    /// Each pod itself: a `PodMonitor`.
    Pods,
    /// Through the pods' Service: a `ServiceMonitor`.
    Service,
}

impl Target {
    /// Pods with these labels, which no other pods may have, with these tables of metrics on their port. `port` is its
    /// name; `None` if the image has no metrics agent, which is reported.
    pub fn pods(
        job: impl Into<String>,
        labels: Labels,
        port: Option<&'static str>,
        tables: impl IntoIterator<Item = &'static [Metric]>,
    ) -> Self {
        Self {
            job: job.into(),
            labels,
            port,
            scrape: Scrape::Pods,
            replicas: None,
            tables: tables.into_iter().collect(),
        }
    }

    /// How many pods there are: an alert fires when Prometheus finds fewer.
    #[must_use]
    pub fn replicas(mut self, replicas: impl Into<u32>) -> Self {
        self.replicas = Some(replicas.into());
        self
    }

    /// The same through the one Service that has these labels.
    pub(crate) fn service(
        job: impl Into<String>,
        labels: Labels,
        port: &'static str,
        tables: impl IntoIterator<Item = &'static [Metric]>,
    ) -> Self {
        Self {
            scrape: Scrape::Service,
            ..Self::pods(job, labels, Some(port), tables)
        }
    }

    fn has(&self, metric: &Metric) -> bool {
        self.find(metric.name).is_some()
    }

    /// What its pods export.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &'static Metric> {
        self.tables.iter().copied().flatten()
    }

    /// The metric with this name that it exports, or that Prometheus adds for it.
    fn find(&self, name: &str) -> Option<&'static Metric> {
        self.metrics().chain(target::ALL).find(|metric| metric.name == name)
    }

    /// The labels that the operator and the relabelings give its series.
    pub(crate) fn labels_of_series(&self) -> impl Iterator<Item = &'static str> {
        let service = (self.scrape == Scrape::Service).then_some("service");
        [
            KUBERNETES,
            "namespace",
            "pod",
            "container",
            "endpoint",
            "instance",
            "job",
            CLUSTER,
        ]
        .into_iter()
        .chain(service)
    }
}

/// Where expressions are evaluated, which decides what their selectors match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In rules. They match no Kubernetes cluster and keep its label, so that they work without the label too.
    Rules,
    /// In the dashboards of this cluster. A Prometheus of several Kubernetes clusters may have another cluster of this name.
    Cluster,
    /// In the dashboards for all clusters: variables choose one, and name no job, because jobs are named after constructs.
    AllClusters,
}

/// A regular expression of exactly this text.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Everything that is scraped for one cluster: makes the selectors of its series.
#[derive(Clone, Debug)]
pub struct Sources {
    pub(crate) scope: Scope,
    pub(crate) namespace: String,
    pub(crate) cluster: String,
    /// The name of the Kubernetes cluster.
    pub(crate) kubernetes: String,
    pub(crate) targets: Vec<Target>,
    /// The most samples that Prometheus takes from a scrape, by job.
    pub(crate) limits: BTreeMap<String, u64>,
    /// The number of brokers, which is also the most replicas that a partition can have.
    pub(crate) brokers: Option<u32>,
    pub(crate) volumes: Vec<VolumeClaims>,
    /// The certificates that cert-manager issues for what is monitored; those of the cluster come first.
    pub(crate) certificates: Vec<Issued>,
    /// Exporters that are scraped by monitors outside this stack.
    pub(crate) external: Vec<ExternalExporter>,
    pub(crate) thresholds: Thresholds,
    /// Groups and topics that someone answers for.
    pub(crate) owned: Vec<Owned>,
    /// Owners of groups that nothing declares.
    pub(crate) group_owners: Vec<GroupOwner>,
    /// Labels of all alerts.
    pub(crate) alert_labels: Vec<(String, String)>,
    /// The service levels.
    pub(crate) slos: Vec<Slo>,
}

/// An exporter that is not scraped by a monitor of this stack. It lets an [`Alert`](super::Alert) use its metrics.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// ExternalExporter::new("node-exporter")
///     .gauge("node_filesystem_avail_bytes", ["device", "mountpoint"])
///     .counter("node_disk_read_bytes_total", ["device"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ExternalExporter {
    job: String,
    metrics: Vec<(String, MetricType, Vec<String>)>,
}

impl ExternalExporter {
    /// An exporter that Prometheus scrapes under this `job`.
    pub fn new(job: impl Into<String>) -> Self {
        Self {
            job: job.into(),
            metrics: Vec::new(),
        }
    }

    /// Adds a gauge with the labels of its series, without `job`, `instance`, `namespace` and `pod`.
    pub fn gauge<L: Into<String>>(self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.metric(
            name.into(),
            MetricType::Gauge,
            labels.into_iter().map(Into::into).collect(),
        )
    }

    /// Adds a counter with the labels of its series, without `job`, `instance`, `namespace` and `pod`.
    pub fn counter<L: Into<String>>(self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.metric(
            name.into(),
            MetricType::Counter,
            labels.into_iter().map(Into::into).collect(),
        )
    }

    fn metric(mut self, name: String, metric_type: MetricType, labels: Vec<String>) -> Self {
        self.metrics.push((name, metric_type, labels));
        self
    }

    pub(crate) fn declared(&self) -> impl Iterator<Item = DeclaredMetric> {
        self.metrics.iter().map(|(name, metric_type, labels)| {
            let of_scrape = ["job", "instance", "namespace", "pod"].map(str::to_owned);
            DeclaredMetric {
                name: name.clone().into(),
                metric_type: *metric_type,
                labels: of_scrape.into_iter().chain(labels.iter().cloned()).collect(),
                job: self.job.clone(),
            }
        })
    }

    fn metric_of(&self, name: &str) -> Option<&(String, MetricType, Vec<String>)> {
        self.metrics.iter().find(|(known, _, _)| known == name)
    }
}

/// What is known about the series of one metric before they exist.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    pub metric_type: MetricType,
    pub bounds: (f64, f64),
    pub labels: Vec<&'a str>,
    /// The jobs that they can have.
    pub jobs: Vec<&'a str>,
    /// The metric, if it is one of this crate's.
    pub metric: Option<&'static Metric>,
    /// Whether the monitors of this stack scrape them, so that they have the label with the cluster's name.
    pub ours: bool,
}

impl Sources {
    /// The same for expressions that are evaluated elsewhere.
    pub(crate) fn in_scope(&self, scope: Scope) -> Self {
        Self { scope, ..self.clone() }
    }

    /// What matches the series of the cluster, whatever exports them.
    pub(crate) fn place(&self) -> Vec<(&'static str, String)> {
        let mut place = vec![("namespace", self.namespace.clone()), (CLUSTER, self.cluster.clone())];
        let kubernetes = match self.scope {
            Scope::Rules => return place,
            Scope::Cluster => literal(&self.kubernetes),
            Scope::AllClusters => self.kubernetes.clone(),
        };
        // Series without the label match too: they come from a scrape job of someone's own, or are alerts on the platform's series.
        place.push((KUBERNETES, format!("~{kubernetes}|")));
        place
    }

    /// The namespace of the stack.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of the cluster: the label `kafka_cluster` of its series.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Who answers for groups, topics and connectors.
    pub(crate) fn owners(&self) -> Owners<'_> {
        Owners {
            declared: &self.owned,
            patterns: &self.group_owners,
            labels: &self.alert_labels,
        }
    }

    /// The names of the volumes' claims: the ordinal of a pod is its node's id.
    pub(crate) fn claims(&self) -> Vec<String> {
        let names = self.volumes.iter().map(|volumes| {
            let VolumeClaims {
                claim,
                stateful_set,
                ordinals,
            } = volumes;
            ordinals
                .clone()
                .map(move |ordinal| format!("{claim}-{stateful_set}-{ordinal}"))
        });
        names.flatten().collect()
    }

    /// A matcher of the issuers of certificates; `None` without certificates.
    pub(crate) fn issuer_pattern(&self) -> Option<String> {
        let issuers: BTreeSet<&str> = self.certificates.iter().map(|issued| issued.issuer.as_str()).collect();
        let issuers: Vec<&str> = issuers.into_iter().collect();
        match issuers[..] {
            [] => None,
            [one] => Some(one.to_owned()),
            _ => {
                let patterns: Vec<String> = issuers.into_iter().map(literal).collect();
                Some(format!("~{}", patterns.join("|")))
            }
        }
    }

    /// A matcher of the volumes' claims, whose names end in the ordinal of the pod; `None` without volumes.
    pub(crate) fn claim_pattern(&self) -> Option<String> {
        let patterns: Vec<String> = self
            .volumes
            .iter()
            .map(|volumes| format!("{}-{}-[0-9]+", volumes.claim, volumes.stateful_set))
            .collect();
        (!patterns.is_empty()).then(|| format!("~{}", patterns.join("|")))
    }

    /// The jobs that export a metric.
    pub(crate) fn jobs_of(&self, metric: &Metric) -> Vec<&str> {
        self.targets
            .iter()
            .filter(|target| target.has(metric))
            .map(|target| target.job.as_str())
            .collect()
    }

    /// The series of a metric; `None` if it is not exported.
    pub(crate) fn find(&self, name: &str) -> Option<Series<'_>> {
        let ours: Vec<(&Target, &'static Metric)> = self
            .targets
            .iter()
            .filter_map(|target| Some((target, target.find(name)?)))
            .collect();
        if let Some((target, metric)) = ours.first() {
            let (least, mut most) = metric.bounds;
            if let Some(brokers) = self.brokers.filter(|_| metrics::counts_brokers(metric)) {
                most = f64::from(brokers);
            }
            return Some(Series {
                metric_type: metric.metric_type,
                bounds: (least, most),
                labels: target.labels_of_series().chain(metric.labels()).collect(),
                jobs: ours.iter().map(|(target, _)| target.job.as_str()).collect(),
                metric: Some(metric),
                ours: true,
            });
        }
        if let Some(metric) = metrics::of_platform().find(|metric| metric.name == name) {
            return Some(Series {
                metric_type: metric.metric_type,
                bounds: metric.bounds,
                labels: [KUBERNETES, "job", "instance"]
                    .into_iter()
                    .chain(metric.labels())
                    .collect(),
                jobs: Vec::new(),
                metric: Some(metric),
                ours: false,
            });
        }
        if let Some(metric) = self.records().find(|metric| metric.name == name) {
            return Some(Series {
                metric_type: metric.metric_type,
                bounds: metric.bounds,
                labels: [KUBERNETES, "namespace", CLUSTER]
                    .into_iter()
                    .chain(metric.labels())
                    .collect(),
                jobs: Vec::new(),
                metric: Some(metric),
                ours: true,
            });
        }
        if name == ALERTS {
            // Prometheus adds these for every rule; the labels of the rule's expression come on top.
            return Some(Series {
                metric_type: MetricType::Gauge,
                bounds: (1.0, 1.0),
                labels: vec!["alertname", "alertstate", "severity", KUBERNETES, "namespace", CLUSTER],
                jobs: Vec::new(),
                metric: None,
                ours: false,
            });
        }
        self.external.iter().find_map(|exporter| {
            let (_, metric_type, labels) = exporter.metric_of(name)?;
            Some(Series {
                metric_type: *metric_type,
                bounds: (f64::NEG_INFINITY, f64::INFINITY),
                labels: ["job", "instance", "namespace", "pod"]
                    .into_iter()
                    .chain(labels.iter().map(String::as_str))
                    .collect(),
                jobs: vec![&exporter.job],
                metric: None,
                ours: false,
            })
        })
    }

    /// What the stack's rules record; of volumes, processes and service levels only if it has them.
    fn records(&self) -> impl Iterator<Item = &'static Metric> {
        let volumes = !self.volumes.is_empty();
        let processes = self.jobs_of(&jvm::START_TIME).contains(&self.cluster.as_str());
        let all = self.scope == Scope::AllClusters;
        record::ALL.iter().filter(move |metric| match **metric {
            _ if all => true,
            record::VOLUME_USED => volumes,
            record::POD_START => processes,
            record::LARGEST_LAG => self.by_partition(),
            _ if metric.labels() == ["slo"] => !self.slos.is_empty(),
            _ => true,
        })
    }

    /// Whether lag is known of each partition, and not only of each topic.
    pub(crate) fn by_partition(&self) -> bool {
        !self.jobs_of(&exporter::CONSUMER_LAG).is_empty()
    }

    /// The cluster of this stack, if Prometheus has had none of these series within this time. Without series nothing names the
    /// Kubernetes cluster, so it is that of the stack: another one with a Kafka cluster of this name may run.
    pub(crate) fn absent(&self, metric: &Metric, labels: &[(&str, &str)], within: &str) -> Option<String> {
        let series = self.in_scope(Scope::Cluster).series(metric, labels)?;
        let name = self.kubernetes.replace('$', "$$");
        Some(format!(
            "label_replace(absent_over_time({series}[{within}]), {KUBERNETES:?}, {name:?}, \"\", \"\")"
        ))
    }

    /// The cluster of this stack, while this alert on it fires. The last source of an alert that counts: when all that could count is
    /// forgotten, the alert goes on.
    pub(crate) fn while_firing(&self, alert: &str) -> String {
        let place = self.in_scope(Scope::Cluster).place();
        let alerts = [("alertname", alert), ("alertstate", "firing")]
            .into_iter()
            .chain(place.iter().map(|(label, value)| (*label, value.as_str())))
            .fold(Selector::new(ALERTS), Selector::matching);
        format!("group by ({BY}) ({alerts})")
    }

    /// The names of all exported metrics.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.targets
            .iter()
            .flat_map(Target::metrics)
            .chain(exporter::ALL)
            .chain(metrics::of_platform())
            .chain(target::ALL)
            .chain(self.records())
            .map(|metric| metric.name)
            .chain(
                self.external
                    .iter()
                    .flat_map(|exporter| exporter.metrics.iter().map(|(name, _, _)| name.as_str())),
            )
            .collect()
    }

    /// The labels that the exporter gives the series of a metric, without those of the scrape.
    pub(crate) fn labels_of(&self, name: &str) -> Vec<String> {
        match self.find(name).and_then(|series| series.metric) {
            Some(metric) => metric.labels().into_iter().map(str::to_owned).collect(),
            None => self
                .external
                .iter()
                .find_map(|exporter| exporter.metric_of(name))
                .map_or_else(Vec::new, |(_, _, labels)| labels.clone()),
        }
    }

    /// An expression of series that the monitors of the stack do not scrape: those of kubelets, kube-state-metrics and cert-manager. Unless
    /// their scrape job gives them the label of the Kubernetes cluster, they get that of the stack, so that they can be joined with those of
    /// Kafka, and Alertmanager sees that their alerts are about the same cluster.
    pub(crate) fn in_kubernetes(&self, expression: impl std::fmt::Display) -> String {
        let name = self.kubernetes.replace('$', "$$");
        format!("label_replace({expression}, {KUBERNETES:?}, {name:?}, {KUBERNETES:?}, \"\")")
    }

    /// A series of a metric for a test: with the labels of its scrape and these, which replace them.
    pub(crate) fn sample(&self, name: &str, labels: &[(&str, &str)]) -> String {
        let target = self.targets.iter().find(|target| target.find(name).is_some());
        let external = self.external.iter().find(|exporter| exporter.metric_of(name).is_some());
        let place = match (target, external) {
            _ if self.records().any(|metric| metric.name == name) => {
                vec![
                    (KUBERNETES, self.kubernetes.as_str()),
                    ("namespace", self.namespace.as_str()),
                    (CLUSTER, self.cluster.as_str()),
                ]
            }
            (Some(target), _) => vec![
                (KUBERNETES, self.kubernetes.as_str()),
                ("namespace", self.namespace.as_str()),
                (CLUSTER, self.cluster.as_str()),
                ("job", target.job.as_str()),
            ],
            (None, Some(exporter)) => vec![("job", exporter.job.as_str())],
            // As most scrape jobs write them: see `in_kubernetes`.
            (None, None) if metrics::of_platform().any(|metric| metric.name == name) => {
                vec![("namespace", self.namespace.as_str())]
            }
            (None, None) => vec![
                (KUBERNETES, self.kubernetes.as_str()),
                ("namespace", self.namespace.as_str()),
            ],
        };
        let labels = place
            .iter()
            .filter(|(label, _)| labels.iter().all(|(other, _)| other != label))
            .chain(labels);
        labels
            .fold(Selector::new(name), |series, (label, value)| series.equal(label, value))
            .to_string()
    }

    /// Selects the series of a metric by the labels of its monitors and by these, which replace them. A value that
    /// starts with `~` is a regular expression. `None` if the stack does not export the metric: leave out what needs
    /// it.
    pub fn series(&self, metric: &Metric, labels: &[(&str, &str)]) -> Option<Selector> {
        let jobs = self.jobs_of(metric);
        let all = self.scope == Scope::AllClusters;
        // The label names a job that does not export the metric: such a series cannot exist.
        let impossible = |job: &&str| !job.starts_with('~') && !jobs.contains(job);
        if !all && labels.iter().any(|(label, job)| *label == "job" && impossible(job)) {
            return None;
        }
        let job = match jobs[..] {
            [one] => one.to_owned(),
            _ => format!("~{}", jobs.join("|")),
        };
        let mut place = self.place();
        if metrics::of_platform().any(|known| known == metric) {
            place.truncate(1);
        } else if self.records().any(|recorded| recorded == metric) {
        } else if jobs.is_empty() {
            return None;
        } else if !all {
            place.push(("job", job));
        }
        let place = place.iter().map(|(label, value)| (*label, value.as_str()));
        let labels = || labels.iter().copied().filter(|(label, _)| !(all && *label == "job"));
        Some(
            place
                .filter(|(label, _)| labels().all(|(other, _)| other != *label))
                .chain(labels())
                .fold(Selector::new(metric.name), Selector::matching),
        )
    }
}
