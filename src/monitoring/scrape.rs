//! What Prometheus scrapes, and the selectors of the series that come of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::resource::{Endpoint, PodMonitor, PodMonitorSpec, Relabeling, ServiceMonitor, ServiceMonitorSpec};
use crate::{
    context::Context,
    manifest::Object,
    metrics::{Kind, Metric, Process, exporter, kubelet, objects, record, target},
    quantity::Duration,
    workload::Labels,
};

/// Fine enough for a `rate` over five minutes to survive missed scrapes, and no finer than the exporter's own view of the
/// cluster, which it refreshes every 30 s.
pub(super) const INTERVAL: Duration = Duration::from_seconds(30);
/// The exporter asks every group and every partition at each scrape.
const TIMEOUT: Duration = Duration::from_seconds(25);

/// The series that Prometheus keeps of each alert that is pending or fires.
pub(super) const ALERTS: &str = "ALERTS";

/// A label's value as an expression or a test writes it.
pub(super) fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// The label that tells clusters apart in every series.
pub(super) const CLUSTER: &str = "kafka_cluster";

/// Pods that are scraped under one job.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The name of the job, and of the monitor.
    pub job: String,
    /// The labels of the pods, or of the Service before them.
    pub labels: Labels,
    /// The name of the port.
    pub port: &'static str,
    /// What is behind it.
    pub exports: Exports,
}

/// What a target's pods are.
#[derive(Clone, Debug)]
pub(super) enum Exports {
    /// The exporter, scraped through its Service.
    Exporter,
    /// Processes with the agent.
    Agent(Vec<Process>),
}

impl Target {
    fn has(&self, metric: &Metric) -> bool {
        self.find(metric.name).is_some()
    }

    /// The metric of a name that it exports, or that Prometheus makes of scraping it.
    fn find(&self, name: &str) -> Option<&'static Metric> {
        let named = |metric: &&Metric| metric.name == name;
        let own = match &self.exports {
            Exports::Exporter => exporter::ALL.iter().find(named),
            Exports::Agent(processes) => processes.iter().find_map(|process| process.metrics().find(named)),
        };
        own.or_else(|| target::ALL.iter().find(named))
    }

    /// The labels that the operator and the relabelings give its series.
    fn labels_of_series(&self) -> impl Iterator<Item = &'static str> {
        let service = matches!(self.exports, Exports::Exporter).then_some("service");
        ["namespace", "pod", "container", "endpoint", "instance", "job", CLUSTER]
            .into_iter()
            .chain(service)
    }

    /// The monitor that makes Prometheus scrape the target. It selects by labels that only these pods, or one Service, have,
    /// so nothing is scraped twice.
    fn monitor(&self, context: &Context, cluster: &str, labels: &Labels, chosen: &[(String, String)]) -> Object {
        let mut metadata = labels.metadata(context, self.job.clone());
        metadata.labels.get_or_insert_default().extend(chosen.iter().cloned());
        let selector: LabelSelector = self.labels.label_selector();
        let label = |label: &str, value: &str| Relabeling {
            target_label: label.to_owned(),
            replacement: value.to_owned(),
        };
        let endpoint = Endpoint {
            port: self.port.to_owned(),
            interval: INTERVAL.to_string(),
            scrape_timeout: TIMEOUT.to_string(),
            // Alerts and dashboards select by these, so they are set here and not left to the operator's defaults.
            relabelings: vec![label("job", &self.job), label(CLUSTER, cluster)],
        };
        match self.exports {
            Exports::Exporter => Object::new(&ServiceMonitor {
                metadata,
                spec: ServiceMonitorSpec {
                    selector,
                    endpoints: vec![endpoint],
                },
            }),
            Exports::Agent(_) => Object::new(&PodMonitor {
                metadata,
                spec: PodMonitorSpec {
                    selector,
                    pod_metrics_endpoints: vec![endpoint],
                },
            }),
        }
    }
}

/// All that is scraped for one cluster.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub namespace: String,
    pub cluster: String,
    pub targets: Vec<Target>,
    /// The number of brokers: there are never more of them, nor more copies of a partition.
    pub brokers: Option<u32>,
    /// The names of the volumes' claims.
    pub claims: Vec<String>,
    /// What is scraped by someone else's doing.
    pub foreign: Vec<ExternalExporter>,
}

/// An exporter that is scraped, but not by a monitor of this stack: it lets an [`Alert`](super::Alert) name its metrics.
///
/// ```
/// use kafka_stacks::monitoring::ExternalExporter;
///
/// ExternalExporter::new("node-exporter")
///     .gauge("node_filesystem_avail_bytes", ["device", "mountpoint"])
///     .counter("node_disk_read_bytes_total", ["device"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ExternalExporter {
    job: String,
    metrics: Vec<(String, Kind, Vec<String>)>,
}

impl ExternalExporter {
    /// One that Prometheus scrapes under this `job`.
    pub fn new(job: impl Into<String>) -> Self {
        Self {
            job: job.into(),
            metrics: Vec::new(),
        }
    }

    /// A metric that goes up and down, with the labels of its series. `job`, `instance`, `namespace` and `pod` need no
    /// mention.
    pub fn gauge<L: Into<String>>(self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.metric(name.into(), Kind::Gauge, labels.into_iter().map(Into::into).collect())
    }

    /// A metric that only grows, with the labels of its series.
    pub fn counter<L: Into<String>>(self, name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        self.metric(name.into(), Kind::Counter, labels.into_iter().map(Into::into).collect())
    }

    fn metric(mut self, name: String, kind: Kind, labels: Vec<String>) -> Self {
        self.metrics.push((name, kind, labels));
        self
    }

    fn metric_of(&self, name: &str) -> Option<&(String, Kind, Vec<String>)> {
        self.metrics.iter().find(|(known, _, _)| known == name)
    }
}

/// The series of one name, as far as they are known before they exist.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub kind: Kind,
    pub bounds: (f64, f64),
    pub labels: Vec<&'a str>,
    /// The jobs that they can have.
    pub jobs: Vec<&'a str>,
    /// The metric, if it is one of this crate's.
    pub metric: Option<&'static Metric>,
    /// Whether the monitors of this stack scrape them, so that they carry the cluster's name.
    pub ours: bool,
}

impl Sources {
    /// A monitor for each target.
    pub(super) fn monitors(
        &self,
        context: &Context,
        labels: &Labels,
        chosen: &[(String, String)],
    ) -> impl Iterator<Item = Object> {
        self.targets
            .iter()
            .map(move |target| target.monitor(context, &self.cluster, labels, chosen))
    }

    /// The series of a name; `None` if nothing here exports it.
    pub(super) fn find(&self, name: &str) -> Option<Series<'_>> {
        let ours: Vec<(&Target, &'static Metric)> = self
            .targets
            .iter()
            .filter_map(|target| Some((target, target.find(name)?)))
            .collect();
        if let Some((target, metric)) = ours.first() {
            let (least, mut most) = metric.bounds;
            let counts_brokers = [exporter::BROKERS, exporter::REPLICAS, exporter::IN_SYNC_REPLICAS];
            if let Some(brokers) = self.brokers.filter(|_| counts_brokers.contains(metric)) {
                most = f64::from(brokers);
            }
            return Some(Series {
                kind: metric.kind,
                bounds: (least, most),
                labels: target.labels_of_series().chain(metric.labels()).collect(),
                jobs: ours.iter().map(|(target, _)| target.job.as_str()).collect(),
                metric: Some(metric),
                ours: true,
            });
        }
        if let Some(metric) = kubelet::ALL
            .iter()
            .chain(objects::ALL)
            .find(|metric| metric.name == name)
        {
            return Some(Series {
                kind: metric.kind,
                bounds: metric.bounds,
                labels: ["job", "instance"].into_iter().chain(metric.labels()).collect(),
                jobs: Vec::new(),
                metric: Some(metric),
                ours: false,
            });
        }
        if let Some(metric) = self.records().find(|metric| metric.name == name) {
            return Some(Series {
                kind: metric.kind,
                bounds: metric.bounds,
                labels: ["namespace", CLUSTER].into_iter().chain(metric.labels()).collect(),
                jobs: Vec::new(),
                metric: Some(metric),
                ours: true,
            });
        }
        if name == ALERTS {
            // Prometheus' own, of all rules: what the expression of each leaves comes on top.
            return Some(Series {
                kind: Kind::Gauge,
                bounds: (1.0, 1.0),
                labels: vec!["alertname", "alertstate", "severity", "namespace", CLUSTER],
                jobs: Vec::new(),
                metric: None,
                ours: false,
            });
        }
        self.foreign.iter().find_map(|exporter| {
            let (_, kind, labels) = exporter.metric_of(name)?;
            Some(Series {
                kind: *kind,
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

    /// What the stack's own rules record: nothing of volumes where it has none.
    fn records(&self) -> impl Iterator<Item = &'static Metric> {
        let volumes = !self.claims.is_empty();
        record::ALL
            .iter()
            .filter(move |metric| volumes || **metric != record::VOLUME_USED)
    }

    /// Every name that something here exports.
    pub(super) fn names(&self) -> Vec<&str> {
        let processes = self.targets.iter().flat_map(|target| match &target.exports {
            Exports::Exporter => &[][..],
            Exports::Agent(processes) => processes.as_slice(),
        });
        processes
            .flat_map(|process| process.metrics())
            .chain(exporter::ALL)
            .chain(kubelet::ALL)
            .chain(objects::ALL)
            .chain(target::ALL)
            .chain(self.records())
            .map(|metric| metric.name)
            .chain(
                self.foreign
                    .iter()
                    .flat_map(|exporter| exporter.metrics.iter().map(|(name, _, _)| name.as_str())),
            )
            .collect()
    }

    /// The labels that the exporter of a name gives its series; those of the scrape come on top.
    pub(super) fn labels_of(&self, name: &str) -> Vec<String> {
        match self.find(name).and_then(|series| series.metric) {
            Some(metric) => metric.labels().into_iter().map(str::to_owned).collect(),
            None => self
                .foreign
                .iter()
                .find_map(|exporter| exporter.metric_of(name))
                .map_or_else(Vec::new, |(_, _, labels)| labels.clone()),
        }
    }

    /// A series of a metric as a test gives it: with the labels of its scrape and these, or in their place.
    pub(super) fn sample(&self, metric: &Metric, labels: &[(&str, &str)]) -> String {
        self.sample_of(metric.name, labels)
    }

    /// The same for whatever has this name.
    pub(super) fn sample_of(&self, name: &str, labels: &[(&str, &str)]) -> String {
        let target = self.targets.iter().find(|target| target.find(name).is_some());
        let foreign = self.foreign.iter().find(|exporter| exporter.metric_of(name).is_some());
        let place = match (target, foreign) {
            _ if self.records().any(|metric| metric.name == name) => {
                vec![("namespace", self.namespace.as_str()), (CLUSTER, self.cluster.as_str())]
            }
            (Some(target), _) => vec![
                ("namespace", self.namespace.as_str()),
                (CLUSTER, self.cluster.as_str()),
                ("job", target.job.as_str()),
            ],
            (None, Some(exporter)) => vec![("job", exporter.job.as_str())],
            (None, None) => vec![("namespace", self.namespace.as_str())],
        };
        let labels: Vec<String> = place
            .iter()
            .filter(|(label, _)| labels.iter().all(|(other, _)| other != label))
            .chain(labels)
            .map(|(label, value)| format!("{label}={}", quoted(value)))
            .collect();
        format!("{name}{{{}}}", labels.join(","))
    }

    /// Selects the series of a metric by labels of its own, on top of those that its monitors give it or in their place; a
    /// value that starts with `~` is a pattern. `None` if nothing here exports the metric: what needs it does not exist in this stack.
    pub(super) fn series(&self, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
        let jobs: Vec<&str> = self
            .targets
            .iter()
            .filter(|target| target.has(metric))
            .map(|target| target.job.as_str())
            .collect();
        // Of what this job does not export there is nothing, although another one may have it.
        let elsewhere = |job: &&str| !job.starts_with('~') && !jobs.contains(job);
        if labels.iter().any(|(label, job)| *label == "job" && elsewhere(job)) {
            return None;
        }
        let job = match jobs[..] {
            [one] => one.to_owned(),
            _ => format!("~{}", jobs.join("|")),
        };
        let place = if kubelet::ALL.contains(metric) || objects::ALL.contains(metric) {
            vec![("namespace", self.namespace.as_str())]
        } else if self.records().any(|recorded| recorded == metric) {
            vec![("namespace", self.namespace.as_str()), (CLUSTER, self.cluster.as_str())]
        } else if jobs.is_empty() {
            return None;
        } else {
            vec![
                ("namespace", self.namespace.as_str()),
                (CLUSTER, self.cluster.as_str()),
                ("job", job.as_str()),
            ]
        };
        let matchers: Vec<String> = place
            .iter()
            .filter(|(label, _)| labels.iter().all(|(other, _)| other != label))
            .chain(labels)
            .map(|(label, value)| match value.strip_prefix('~') {
                Some(pattern) => format!("{label}=~\"{pattern}\""),
                None => format!("{label}=\"{value}\""),
            })
            .collect();
        Some(format!("{}{{{}}}", metric.name, matchers.join(",")))
    }
}
