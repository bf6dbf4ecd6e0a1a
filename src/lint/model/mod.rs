//! What objects can be judged by, read from each before it is forgotten: ten thousand whole objects would fill the memory.

pub(crate) mod address;
pub(crate) mod agent;
pub(crate) mod autoscaler;
mod bean;
pub(crate) mod certificate;
pub(crate) mod config;
pub(crate) mod container;
pub(crate) mod convention;
pub(crate) mod dashboard;
pub(crate) mod deployer;
pub(crate) mod guard;
pub(crate) mod ingress;
pub(crate) mod invocation;
pub(crate) mod jvm;
pub(crate) mod monitoring;
pub(crate) mod mounts;
pub(crate) mod node;
pub(crate) mod password;
mod pattern;
pub(crate) mod pod_security;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod properties;
pub(crate) mod release;
pub(crate) mod scheduling;
pub(crate) mod script;
pub(crate) mod selector;
pub(crate) mod service;
pub(crate) mod set;
pub(crate) mod settings;
pub(crate) mod syntax;
pub(crate) mod workload;

use serde_json::Value;

use self::{
    address::Address,
    autoscaler::Autoscaler,
    certificate::Certificate,
    config::ConfigData,
    deployer::{Application, FluxKustomization, Placeholder},
    guard::{Budget, Policy},
    ingress::{Backend, Route},
    monitoring::{Monitor, PrometheusRules},
    node::Node,
    selector::{Labels, labels},
    service::Service,
    workload::Workload,
};
use crate::{
    manifest::{Background, Declared, Identity},
    version::Version,
};

/// What is known of one object.
#[derive(Clone, Debug)]
pub struct ObjectModel {
    /// What makes it the same object.
    pub identity: Identity,
    /// The release of Kafka that reads it, where whoever made it says so.
    pub(crate) version: Option<Version>,
    /// What whoever made rules of Prometheus says of the series beside those that objects show.
    pub(crate) declared: Option<Declared>,
    pub(crate) labels: Labels,
    /// The annotations and labels that deployers read.
    pub(crate) deployment: Labels,
    /// `${…}` in its texts.
    pub(crate) placeholders: Vec<Placeholder>,
    pub(crate) detail: ObjectDetail,
    pub(crate) addresses: Vec<Address>,
}

/// The group of the Gateway API.
const GATEWAYS: &str = "gateway.networking.k8s.io";

/// What is known of an object by its kind.
#[derive(Clone, Debug)]
pub(crate) enum ObjectDetail {
    Workload(Box<Workload>),
    Service(Service),
    Config(ConfigData),
    Budget(Budget),
    Policy(Policy),
    Ingress(Vec<Backend>),
    Route(Route),
    ServiceMonitor(Monitor),
    PodMonitor(Monitor),
    Rules(PrometheusRules),
    Autoscaler(Autoscaler),
    Application(Application),
    FluxKustomization(FluxKustomization),
    /// A topic that an operator makes: its name, that of its cluster, and where its name is.
    Topic {
        name: String,
        cluster: String,
        pointer: String,
    },
    /// What makes cert-manager write this Secret.
    Certificate(Certificate),
    /// A role or a binding that lets pods use a security context constraint of `OpenShift`.
    SecurityConstraint,
    Namespace {
        injects: bool,
        restricted: bool,
    },
    Other,
}

/// A topic of Strimzi.
fn topic(metadata: &Node<'_, '_>, spec: &Node<'_, '_>) -> ObjectDetail {
    let given = spec.get("topicName");
    let name = metadata.get("name");
    let node = if given.is_set() { &given } else { &name };
    ObjectDetail::Topic {
        name: node.text().to_owned(),
        cluster: metadata.get("labels").get("strimzi.io/cluster").text().to_owned(),
        pointer: node.pointer(),
    }
}

impl ObjectModel {
    pub(crate) fn of(root: &Node<'_, '_>, background: &Background) -> Self {
        let metadata = root.get("metadata");
        let spec = root.get("spec");
        let kind = root.get("kind").text();
        let api_version = root.get("apiVersion").text();
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let mut addresses = Vec::new();
        let detail = match kind {
            "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet" | "Job" => ObjectDetail::Workload(Box::new(
                workload::read(kind, &spec, &spec.get("template"), &mut addresses),
            )),
            "CronJob" => {
                let template = spec.get("jobTemplate");
                let spec = template.get("spec");
                ObjectDetail::Workload(Box::new(workload::read(
                    "Job",
                    &spec,
                    &spec.get("template"),
                    &mut addresses,
                )))
            }
            "Pod" => ObjectDetail::Workload(Box::new(workload::read(
                kind,
                &Node::root(&Value::Null),
                root,
                &mut addresses,
            ))),
            "Service" => ObjectDetail::Service(service::read(&spec, &metadata.get("annotations"))),
            "ConfigMap" | "Secret" => ObjectDetail::Config(config::read(root, &mut addresses)),
            "Ingress" if group == "networking.k8s.io" => ObjectDetail::Ingress(ingress::read(&spec)),
            "TLSRoute" if group == GATEWAYS => ObjectDetail::Route(ingress::route("TLSRoute", &spec)),
            "TCPRoute" if group == GATEWAYS => ObjectDetail::Route(ingress::route("TCPRoute", &spec)),
            "PodDisruptionBudget" => ObjectDetail::Budget(guard::budget(&spec)),
            "NetworkPolicy" => ObjectDetail::Policy(guard::policy(&spec)),
            "ServiceMonitor" if api_version.starts_with("monitoring.coreos.com/") => {
                ObjectDetail::ServiceMonitor(monitoring::monitor(&spec, "endpoints"))
            }
            "PodMonitor" if api_version.starts_with("monitoring.coreos.com/") => {
                ObjectDetail::PodMonitor(monitoring::monitor(&spec, "podMetricsEndpoints"))
            }
            "PrometheusRule" => ObjectDetail::Rules(monitoring::rules(&spec)),
            "Namespace" => {
                let labels = metadata.get("labels");
                ObjectDetail::Namespace {
                    injects: labels.get("istio-injection").text() == "enabled" || labels.get("istio.io/rev").is_set(),
                    restricted: labels.get("pod-security.kubernetes.io/enforce").text() == "restricted",
                }
            }
            "KafkaTopic" if group == "kafka.strimzi.io" => topic(&metadata, &spec),
            "Certificate" if group == "cert-manager.io" => ObjectDetail::Certificate(Certificate::read(&spec)),
            "Application" if group == "argoproj.io" => ObjectDetail::Application(deployer::application(&spec)),
            "Kustomization" if group == "kustomize.toolkit.fluxcd.io" => {
                ObjectDetail::FluxKustomization(deployer::kustomization(&spec))
            }
            "RoleBinding" | "ClusterRoleBinding"
                if root
                    .get("roleRef")
                    .get("name")
                    .text()
                    .starts_with("system:openshift:scc:") =>
            {
                ObjectDetail::SecurityConstraint
            }
            "Role" | "ClusterRole" | "SecurityContextConstraints"
                if kind == "SecurityContextConstraints" || names_constraints(root) =>
            {
                ObjectDetail::SecurityConstraint
            }
            _ => match autoscaler::read(group, kind, &spec) {
                Some(autoscaler) => ObjectDetail::Autoscaler(autoscaler),
                None => ObjectDetail::Other,
            },
        };
        Self {
            identity: Identity {
                group: group.to_owned(),
                kind: kind.to_owned(),
                namespace: metadata.get("namespace").text().to_owned(),
                name: metadata.get("name").text().to_owned(),
            },
            version: background.version,
            declared: background.declared.clone(),
            labels: labels(metadata.get("labels").value()),
            deployment: [metadata.get("annotations"), metadata.get("labels")]
                .iter()
                .flat_map(|map| labels(map.value()))
                .filter(|(key, _)| {
                    ["argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.sh/"]
                        .iter()
                        .any(|prefix| key.starts_with(prefix))
                })
                .collect(),
            placeholders: deployer::placeholders(root),
            detail,
            addresses,
        }
    }

    /// The value of a setting in a file of a ConfigMap, by the field of the file.
    pub(crate) fn setting(&self, field: &str, setting: &str) -> Option<&str> {
        let ObjectDetail::Config(config) = &self.detail else {
            return None;
        };
        let file = field.strip_prefix("/data/")?.replace("~1", "/").replace("~0", "~");
        let topics = config.topics.iter().map(|topics| (&topics.file, &topics.lines));
        let mut files = config
            .properties
            .iter()
            .chain(&config.connectors)
            .map(|(name, lines)| (name, lines))
            .chain(topics);
        let (_, lines) = files.find(|(name, _)| **name == file)?;
        let line = lines.iter().rfind(|line| line.key == setting)?;
        Some(line.value.trim())
    }

    /// The text of an alert's expression, by the field of the alert.
    pub(crate) fn expression(&self, field: &str) -> Option<&str> {
        let ObjectDetail::Rules(rules) = &self.detail else {
            return None;
        };
        let rule = rules.rules.iter().find(|rule| rule.pointer == field)?;
        Some(&rule.text)
    }

    /// What deployers are told about it.
    pub(crate) fn told(&self, key: &str) -> Option<&str> {
        let mut told = self.deployment.iter();
        told.find(|(other, _)| other == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn workload(&self) -> Option<&Workload> {
        match &self.detail {
            ObjectDetail::Workload(workload) => Some(workload),
            _ => None,
        }
    }

    pub(crate) fn service(&self) -> Option<&Service> {
        match &self.detail {
            ObjectDetail::Service(service) => Some(service),
            _ => None,
        }
    }
}

/// Whether a role lets its holders use security context constraints of `OpenShift`.
fn names_constraints(root: &Node<'_, '_>) -> bool {
    let rules = root.get("rules");
    rules.items().any(|rule| {
        let resources = rule.get("resources");
        resources
            .items()
            .any(|resource| resource.text() == "securitycontextconstraints")
    })
}
