//! The resources of the Prometheus operator and the Grafana operator, as far as this crate writes them.

use std::collections::BTreeMap;

use k8s_openapi::{api::core::v1::ConfigMapKeySelector, apimachinery::pkg::apis::meta::v1::LabelSelector};
use serde::{Deserialize, Serialize};

pub use crate::workload::{OperatorResource, Spec};
use crate::{promql::parse_duration, quantity::Duration};

/// Makes Prometheus scrape the pods behind a Service.
pub type ServiceMonitor = OperatorResource<ServiceMonitorSpec>;
/// Makes Prometheus scrape pods.
pub type PodMonitor = OperatorResource<PodMonitorSpec>;
/// Adds alerts to Prometheus.
pub type PrometheusRule = OperatorResource<PrometheusRuleSpec>;
/// Adds routes and rules to Alertmanager.
pub type AlertmanagerConfig = OperatorResource<AlertmanagerConfigSpec>;

/// Adds a dashboard to the Grafana operator.
pub type GrafanaDashboard = OperatorResource<GrafanaDashboardSpec>;

/// The specification of a [`ServiceMonitor`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceMonitorSpec {
    /// The labels of the Service, in the monitor's own namespace.
    pub selector: LabelSelector,
    /// The most samples of a scrape, after those that are dropped: with more, all are lost, and `up` is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_limit: Option<u64>,
    /// The ports of the Service.
    pub endpoints: Vec<Endpoint>,
}

impl Spec for ServiceMonitorSpec {
    const KIND: &'static str = "ServiceMonitor";
    const PLURAL: &'static str = "servicemonitors";
}

/// The specification of a [`PodMonitor`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMonitorSpec {
    /// The labels of the pods, in the monitor's own namespace.
    pub selector: LabelSelector,
    /// The most samples of a scrape, after those that are dropped: with more, all are lost, and `up` is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_limit: Option<u64>,
    /// The ports of the pods.
    pub pod_metrics_endpoints: Vec<Endpoint>,
}

impl Spec for PodMonitorSpec {
    const KIND: &'static str = "PodMonitor";
    const PLURAL: &'static str = "podmonitors";
}

/// A port to scrape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The name of the port.
    pub port: String,
    /// The time between two scrapes.
    pub interval: String,
    /// How long a scrape may take; not longer than `interval`.
    pub scrape_timeout: String,
    /// Labels of the target, after those of the operator: `namespace`, `pod`, `container`, `endpoint` and `job`.
    pub relabelings: Vec<Relabeling>,
    /// Which of its samples Prometheus keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_relabelings: Vec<MetricRelabeling>,
}

/// What is done with samples that match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricRelabeling {
    /// The labels whose values, joined by `;`, must match; `__name__` is the metric.
    pub source_labels: Vec<String>,
    /// The regular expression for the whole text.
    pub regex: String,
    /// What is done: `keep` drops all others.
    pub action: String,
}

/// A label with a fixed value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relabeling {
    /// The label.
    pub target_label: String,
    /// Its value.
    pub replacement: String,
    /// What is done with it. The API server fills in `replace`, and Argo CD takes what is filled into a list for a change
    /// (KS-A56), so it is written.
    pub action: String,
}

/// The specification of a [`PrometheusRule`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrometheusRuleSpec {
    /// Rules that are evaluated one after the other, each group on its own.
    pub groups: Vec<RuleGroup>,
}

impl Spec for PrometheusRuleSpec {
    const KIND: &'static str = "PrometheusRule";
    const PLURAL: &'static str = "prometheusrules";
}

impl PrometheusRuleSpec {
    /// The alert with this name, to amend it.
    ///
    /// ```
    /// use kafka_stacks::{monitoring::PrometheusRule, prelude::*};
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// stack.add(Monitoring::new("monitoring", &kafka));
    /// stack.amend::<PrometheusRule>("kafka", |rule| {
    ///     if let Some(alert) = rule.spec.alert("KafkaBrokerDown") {
    ///         alert.labels.insert("team".into(), "streams".into());
    ///     }
    /// });
    /// # assert!(synth(&stack).manifests.unwrap().get("tests/alerts.yaml").unwrap().contains("team: streams"));
    /// ```
    pub fn alert(&mut self, name: &str) -> Option<&mut AlertingRule> {
        self.groups
            .iter_mut()
            .flat_map(|group| &mut group.rules)
            .find_map(|rule| match rule {
                GroupedRule::Alert(alert) if alert.alert == name => Some(alert),
                _ => None,
            })
    }

    /// All alerts.
    pub fn alerts(&self) -> impl Iterator<Item = &AlertingRule> {
        self.rules().filter_map(|rule| match rule {
            GroupedRule::Alert(alert) => Some(alert),
            GroupedRule::Record(_) => None,
        })
    }

    /// All recording rules.
    pub fn records(&self) -> impl Iterator<Item = &RecordingRule> {
        self.rules().filter_map(|rule| match rule {
            GroupedRule::Alert(_) => None,
            GroupedRule::Record(record) => Some(record),
        })
    }

    fn rules(&self) -> impl Iterator<Item = &GroupedRule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }
}

/// A group of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleGroup {
    /// Its name.
    pub name: String,
    /// Its rules. A rule can use what an earlier one recorded.
    pub rules: Vec<GroupedRule>,
}

/// A rule of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GroupedRule {
    /// An alert.
    Alert(AlertingRule),
    /// A recording rule.
    Record(RecordingRule),
}

impl GroupedRule {
    /// The name of the alert, or of what is recorded.
    pub fn name(&self) -> &str {
        match self {
            Self::Alert(alert) => &alert.alert,
            Self::Record(record) => &record.record,
        }
    }
}

/// A recording rule as Prometheus reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingRule {
    /// The name of the recorded series.
    pub record: String,
    /// The expression: each series of its result is recorded.
    pub expr: String,
    /// Labels that are added to those of the result.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// An alert as Prometheus reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertingRule {
    /// Its name.
    pub alert: String,
    /// The expression: each series of its result is a pending or firing alert.
    pub expr: String,
    /// How long the expression must hold before the alert fires; `None`: it fires at once.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub for_duration: Option<String>,
    /// How long it goes on firing after the expression no longer holds.
    #[serde(default, rename = "keep_firing_for", skip_serializing_if = "Option::is_none")]
    pub keep_firing_for: Option<String>,
    /// Labels that are added to those of the series; alerts are routed by labels.
    pub labels: BTreeMap<String, String>,
    /// Texts for the person on call.
    pub annotations: BTreeMap<String, String>,
}

impl AlertingRule {
    /// One of its annotations; empty if it is missing.
    pub(super) fn annotation(&self, name: &str) -> &str {
        self.annotations.get(name).map_or("", String::as_str)
    }

    /// How long it goes on firing after the expression no longer holds.
    pub(super) fn keeps_firing(&self) -> Duration {
        let text = self.keep_firing_for.as_deref().unwrap_or("0");
        parse_duration(text).unwrap_or_default()
    }

    /// How long the expression must hold before the alert fires. A text that is not a duration is reported by another
    /// check.
    pub(super) fn waits(&self) -> Duration {
        let text = self.for_duration.as_deref().unwrap_or("0");
        parse_duration(text).unwrap_or_default()
    }
}

/// The specification of an [`AlertmanagerConfig`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertmanagerConfigSpec {
    /// Which alerts are silent while others fire.
    pub inhibit_rules: Vec<InhibitRule>,
}

impl Spec for AlertmanagerConfigSpec {
    const KIND: &'static str = "AlertmanagerConfig";
    const PLURAL: &'static str = "alertmanagerconfigs";
    const VERSION: &'static str = "v1alpha1";
    const API_VERSION: &'static str = "monitoring.coreos.com/v1alpha1";
}

/// While an alert matches the source, those that match the target are silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InhibitRule {
    /// What the alert that fires matches.
    pub source_match: Vec<LabelMatcher>,
    /// What the silent alerts match.
    pub target_match: Vec<LabelMatcher>,
    /// Labels of which both must have the same value.
    pub equal: Vec<String>,
}

/// A label of an alert, and what its value must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelMatcher {
    /// The label.
    pub name: String,
    /// `=`, or `=~` for a regular expression.
    pub match_type: String,
    /// The value, or a regular expression for all of it.
    pub value: String,
}

/// The specification of a [`GrafanaDashboard`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrafanaDashboardSpec {
    /// The labels of the Grafana instances that show it.
    pub instance_selector: LabelSelector,
    /// Whether a Grafana in another namespace may use it.
    pub allow_cross_namespace_import: bool,
    /// The dashboard.
    pub config_map_ref: ConfigMapKeySelector,
}

impl Spec for GrafanaDashboardSpec {
    const KIND: &'static str = "GrafanaDashboard";
    const PLURAL: &'static str = "grafanadashboards";
    const GROUP: &'static str = "grafana.integreatly.org";
    const VERSION: &'static str = "v1beta1";
    const API_VERSION: &'static str = "grafana.integreatly.org/v1beta1";
}
