//! What Prometheus scrapes, and the selectors of the series that come of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::resource::{Endpoint, PodMonitor, PodMonitorSpec, Relabeling, ServiceMonitor, ServiceMonitorSpec};
use crate::{
    kubernetes::Labels,
    manifest::Object,
    metrics::{Metric, Process, exporter, kubelet},
    stack::Scope,
};

/// Fine enough for a `rate` over five minutes to survive missed scrapes, and no finer than the exporter's own view of the
/// cluster, which it refreshes every 30 s.
const INTERVAL: &str = "30s";
/// The exporter asks every group and every partition at each scrape.
const TIMEOUT: &str = "25s";

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
        match &self.exports {
            Exports::Exporter => exporter::ALL.contains(metric),
            Exports::Agent(processes) => processes
                .iter()
                .any(|process| process.metrics().any(|known| known == metric)),
        }
    }

    /// The monitor that makes Prometheus scrape the target. It selects by labels that only these pods, or one Service, have,
    /// so nothing is scraped twice.
    fn monitor(&self, scope: &Scope, cluster: &str, labels: &Labels, chosen: &[(String, String)]) -> Object {
        let mut metadata = labels.metadata(scope, self.job.clone());
        metadata.labels.get_or_insert_default().extend(chosen.iter().cloned());
        let selector: LabelSelector = self.labels.label_selector();
        let label = |label: &str, value: &str| Relabeling {
            target_label: label.to_owned(),
            replacement: value.to_owned(),
        };
        let endpoint = Endpoint {
            port: self.port.to_owned(),
            interval: INTERVAL.to_owned(),
            scrape_timeout: TIMEOUT.to_owned(),
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
}

impl Sources {
    /// A monitor for each target.
    pub(super) fn monitors(
        &self,
        scope: &Scope,
        labels: &Labels,
        chosen: &[(String, String)],
    ) -> impl Iterator<Item = Object> {
        self.targets
            .iter()
            .map(move |target| target.monitor(scope, &self.cluster, labels, chosen))
    }

    /// Selects the series of a metric by labels of its own, on top of those that its monitors give it; a value that starts
    /// with `~` is a pattern. `None` if nothing here exports the metric: what needs it does not exist in this stack.
    pub(super) fn series(&self, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
        let jobs: Vec<&str> = self
            .targets
            .iter()
            .filter(|target| target.has(metric))
            .map(|target| target.job.as_str())
            .collect();
        let job = match jobs[..] {
            [one] => one.to_owned(),
            _ => format!("~{}", jobs.join("|")),
        };
        let place = if kubelet::ALL.contains(metric) {
            vec![("namespace", self.namespace.as_str())]
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
            .chain(labels)
            .map(|(label, value)| match value.strip_prefix('~') {
                Some(pattern) => format!("{label}=~\"{pattern}\""),
                None => format!("{label}=\"{value}\""),
            })
            .collect();
        Some(format!("{}{{{}}}", metric.name, matchers.join(",")))
    }
}
