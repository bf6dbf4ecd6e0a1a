//! What other objects can be judged by, taken from an object before it is forgotten: ten thousand whole objects would fill the
//! memory.

use serde_json::Value;

use super::{
    kafka::{self, Kafka},
    node::Node,
    syntax::{Labels, Selector, labels},
};
use crate::manifest::Identity;

/// What is known of one object.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What makes it the same object.
    pub identity: Identity,
    pub(super) labels: Labels,
    pub(super) detail: Detail,
    pub(super) addresses: Vec<Address>,
}

/// What is known of one kind.
#[derive(Clone, Debug)]
pub(super) enum Detail {
    Workload(Box<Workload>),
    Service(Service),
    Config(Config),
    Budget {
        selector: Selector,
        least: Amount,
        most: Amount,
    },
    Policy {
        selector: Selector,
        ports: Vec<(Target, String)>,
    },
    ServiceMonitor(Monitor),
    PodMonitor(Monitor),
    Alerts {
        metrics: Vec<(String, String)>,
        recorded: Vec<String>,
    },
    Namespace {
        injects: bool,
        restricted: bool,
    },
    Other,
}

/// A number or a percentage, or nothing.
pub(super) type Amount = Option<Value>;

/// A port by its number or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Number(i64),
    Name(String),
}

impl Target {
    fn of(node: &Node<'_, '_>) -> Option<Self> {
        match node.str() {
            Some(name) => Some(Self::Name(name.to_owned())),
            None => node.int().map(Self::Number),
        }
    }
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) number: i64,
}

/// A set of pods.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) replicas: i64,
    pub(super) first: i64,
    /// The selector of its pods; none for a Job.
    pub(super) selector: Option<Selector>,
    pub(super) pods: Labels,
    /// The Service that names the pods.
    pub(super) service: Option<String>,
    pub(super) parallel: bool,
    pub(super) ports: Vec<Port>,
    pub(super) references: Vec<Reference>,
    /// Whether the pod decides on Istio's proxy, and how.
    pub(super) injected: Option<bool>,
    /// A container with the user of the proxy.
    pub(super) proxy_user: Option<String>,
    /// What the restricted level of Pod Security says about it.
    pub(super) violations: Vec<String>,
    pub(super) kafka: Option<Kafka>,
    /// Whether it is the exporter of Kafka's groups and topics.
    pub(super) exports: bool,
    /// The commands of a Job, and where each is.
    pub(super) commands: Vec<(String, String)>,
}

/// Another object, by name.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) keys: Vec<String>,
    pub(super) optional: bool,
    pub(super) pointer: String,
    pub(super) path: String,
}

#[derive(Clone, Debug)]
pub(super) struct Service {
    /// None for a Service without a selector, whose endpoints someone else writes.
    pub(super) selector: Option<Selector>,
    pub(super) headless: bool,
    pub(super) external: bool,
    pub(super) not_ready_too: bool,
    pub(super) ports: Vec<ServicePort>,
}

#[derive(Clone, Debug)]
pub(super) struct ServicePort {
    pub(super) name: String,
    pub(super) number: i64,
    pub(super) target: Target,
    pub(super) protocol: String,
    pub(super) pointer: String,
}

/// A ConfigMap or a Secret: its keys, and the settings of property files that belong to Kafka.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    pub(super) keys: Vec<String>,
    /// Files and the settings in them, each with its row.
    pub(super) properties: Vec<(String, Vec<kafka::Property>)>,
    pub(super) metrics: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Monitor {
    pub(super) selector: Selector,
    /// The namespaces that it looks in; none for its own, empty for any.
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) ports: Vec<(Target, String)>,
}

/// A host and a port that something connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: i64,
    pub(super) pointer: String,
    pub(super) row: Option<u32>,
}

impl Facts {
    pub(super) fn of(root: &Node<'_, '_>) -> Self {
        let metadata = root.get("metadata");
        let spec = root.get("spec");
        let kind = root.get("kind").text();
        let api_version = root.get("apiVersion").text();
        let mut addresses = Vec::new();
        let detail = match kind {
            "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet" | "Job" => {
                Detail::Workload(Box::new(workload(kind, &spec, &spec.get("template"), &mut addresses)))
            }
            "CronJob" => {
                let template = spec.get("jobTemplate");
                let spec = template.get("spec");
                Detail::Workload(Box::new(workload("Job", &spec, &spec.get("template"), &mut addresses)))
            }
            "Pod" => Detail::Workload(Box::new(workload(
                kind,
                &Node::root(&Value::Null),
                root,
                &mut addresses,
            ))),
            "Service" => Detail::Service(service(&spec)),
            "ConfigMap" | "Secret" => Detail::Config(config(root, &mut addresses)),
            "PodDisruptionBudget" => Detail::Budget {
                selector: Selector::of(spec.get("selector").value()),
                least: amount(&spec.get("minAvailable")),
                most: amount(&spec.get("maxUnavailable")),
            },
            "NetworkPolicy" => Detail::Policy {
                selector: Selector::of(spec.get("podSelector").value()),
                ports: policy_ports(&spec),
            },
            "ServiceMonitor" if api_version.starts_with("monitoring.coreos.com/") => {
                Detail::ServiceMonitor(monitor(&spec, "endpoints"))
            }
            "PodMonitor" if api_version.starts_with("monitoring.coreos.com/") => {
                Detail::PodMonitor(monitor(&spec, "podMetricsEndpoints"))
            }
            "PrometheusRule" => alerts(&spec),
            "Namespace" => {
                let labels = metadata.get("labels");
                Detail::Namespace {
                    injects: labels.get("istio-injection").text() == "enabled" || labels.get("istio.io/rev").is_set(),
                    restricted: labels.get("pod-security.kubernetes.io/enforce").text() == "restricted",
                }
            }
            _ => Detail::Other,
        };
        Self {
            identity: Identity {
                group: api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
                kind: kind.to_owned(),
                namespace: metadata.get("namespace").text().to_owned(),
                name: metadata.get("name").text().to_owned(),
            },
            labels: labels(metadata.get("labels").value()),
            detail,
            addresses,
        }
    }

    pub(super) fn workload(&self) -> Option<&Workload> {
        match &self.detail {
            Detail::Workload(workload) => Some(workload),
            _ => None,
        }
    }

    pub(super) fn service(&self) -> Option<&Service> {
        match &self.detail {
            Detail::Service(service) => Some(service),
            _ => None,
        }
    }
}

fn amount(node: &Node<'_, '_>) -> Amount {
    node.is_set().then(|| node.value().clone())
}

fn workload(kind: &str, spec: &Node<'_, '_>, template: &Node<'_, '_>, addresses: &mut Vec<Address>) -> Workload {
    let metadata = template.get("metadata");
    let pod = template.get("spec");
    let selector = spec.get("selector");
    let mut ports = Vec::new();
    let mut references = Vec::new();
    let mut proxy_user = None;
    let mut exports = false;
    let mut commands = Vec::new();
    let security = pod.get("securityContext");
    for list in ["initContainers", "containers"] {
        let list = pod.get(list);
        for container in list.items() {
            container_references(&container, &mut references);
            kafka::container_addresses(&container, addresses);
            let user = container.get("securityContext").value()["runAsUser"].as_i64();
            if user.or(security.get("runAsUser").int()) == Some(1337) {
                proxy_user.get_or_insert_with(|| container.pointer());
            }
            let image = container.get("image").text();
            exports |= image.contains("kafka-exporter") || image.contains("kafka_exporter");
            if kind == "Job" {
                commands.push((container.pointer(), kafka::command(&container)));
            }
            let declared = container.get("ports");
            // Init containers are gone when a Service looks for ports, unless they are sidecars.
            for port in declared.items() {
                ports.push(Port {
                    name: port.get("name").text().to_owned(),
                    number: port.get("containerPort").int().unwrap_or_default(),
                });
            }
        }
    }
    pod_references(&pod, &mut references);
    let inject = "sidecar.istio.io/inject";
    let decided = [metadata.get("labels"), metadata.get("annotations")]
        .iter()
        .find_map(|map| map.get(inject).str().map(str::to_owned));
    Workload {
        // Bounded, so that an absurd number is told and never counted to.
        replicas: spec.get("replicas").int().unwrap_or(1).clamp(0, 10_000),
        first: spec
            .get("ordinals")
            .get("start")
            .int()
            .unwrap_or(0)
            .clamp(0, i64::from(i32::MAX)),
        selector: (kind != "Job" && selector.is_set()).then(|| Selector::of(selector.value())),
        pods: labels(metadata.get("labels").value()),
        service: spec
            .get("serviceName")
            .str()
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        parallel: spec.get("podManagementPolicy").text() == "Parallel",
        ports,
        references,
        injected: decided.map(|text| text == "true"),
        proxy_user,
        violations: super::security::violations(&pod),
        kafka: (kind != "Job").then(|| Kafka::of(&pod)).flatten(),
        exports,
        commands,
    }
}

fn reference(
    kind: &'static str,
    node: &Node<'_, '_>,
    name: &'static str,
    keys: Vec<String>,
    list: &mut Vec<Reference>,
) {
    let place = node.get(name);
    if let Some(text) = place.str().filter(|text| !text.is_empty()) {
        list.push(Reference {
            kind,
            name: text.to_owned(),
            keys,
            optional: node.get("optional").bool() == Some(true),
            pointer: place.pointer(),
            path: place.path(),
        });
    }
}

fn container_references(container: &Node<'_, '_>, list: &mut Vec<Reference>) {
    let env = container.get("env");
    for variable in env.items() {
        let from = variable.get("valueFrom");
        for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
            let source = from.get(field);
            let keys = source.get("key").str().map(str::to_owned);
            reference(kind, &source, "name", keys.into_iter().collect(), list);
        }
    }
    let from = container.get("envFrom");
    for item in from.items() {
        reference("ConfigMap", &item.get("configMapRef"), "name", Vec::new(), list);
        reference("Secret", &item.get("secretRef"), "name", Vec::new(), list);
    }
}

fn pod_references(pod: &Node<'_, '_>, list: &mut Vec<Reference>) {
    let keys = |node: &Node<'_, '_>| {
        let items = node.get("items");
        items
            .items()
            .filter_map(|item| item.get("key").str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let volumes = pod.get("volumes");
    for volume in volumes.items() {
        let (config, secret) = (volume.get("configMap"), volume.get("secret"));
        reference("ConfigMap", &config, "name", keys(&config), list);
        reference("Secret", &secret, "secretName", keys(&secret), list);
        reference(
            "PersistentVolumeClaim",
            &volume.get("persistentVolumeClaim"),
            "claimName",
            Vec::new(),
            list,
        );
        let projected = volume.get("projected");
        let sources = projected.get("sources");
        for source in sources.items() {
            let (config, secret) = (source.get("configMap"), source.get("secret"));
            reference("ConfigMap", &config, "name", keys(&config), list);
            reference("Secret", &secret, "name", keys(&secret), list);
        }
    }
    reference("ServiceAccount", pod, "serviceAccountName", Vec::new(), list);
    let pulls = pod.get("imagePullSecrets");
    for secret in pulls.items() {
        reference("Secret", &secret, "name", Vec::new(), list);
    }
}

fn service(spec: &Node<'_, '_>) -> Service {
    let selector = spec.get("selector");
    let ports = spec.get("ports");
    Service {
        selector: (selector.len() > 0).then(|| Selector::pairs(selector.value())),
        headless: spec.get("clusterIP").text() == "None",
        external: spec.get("type").text() == "ExternalName",
        not_ready_too: spec.get("publishNotReadyAddresses").bool() == Some(true),
        ports: ports
            .items()
            .map(|port| {
                let number = port.get("port").int().unwrap_or_default();
                let target = port.get("targetPort");
                ServicePort {
                    name: port.get("name").text().to_owned(),
                    number,
                    target: Target::of(&target).unwrap_or(Target::Number(number)),
                    protocol: port.get("appProtocol").text().to_owned(),
                    pointer: if target.is_set() {
                        target.pointer()
                    } else {
                        port.get("port").pointer()
                    },
                }
            })
            .collect(),
    }
}

fn config(root: &Node<'_, '_>, addresses: &mut Vec<Address>) -> Config {
    let mut config = Config::default();
    for part in ["data", "binaryData", "stringData"] {
        let part = root.get(part);
        config.keys.extend(part.entries().map(|(key, _)| key.to_owned()));
    }
    let data = root.get("data");
    for (file, text) in data.entries() {
        let Some(text_of) = text.str() else { continue };
        if file.ends_with(".properties") {
            let settings = kafka::properties(text_of);
            for property in &settings {
                kafka::setting_addresses(property, &text, addresses);
            }
            let kept: Vec<_> = settings
                .into_iter()
                .filter(|property| kafka::is_judged(&property.key))
                .collect();
            if !kept.is_empty() {
                config.properties.push((file.to_owned(), kept));
            }
        } else if text_of.contains("pattern:") {
            config.metrics.extend(kafka::agent_metrics(text_of));
        }
    }
    config
}

fn policy_ports(spec: &Node<'_, '_>) -> Vec<(Target, String)> {
    let mut found = Vec::new();
    let ingress = spec.get("ingress");
    for rule in ingress.items() {
        let ports = rule.get("ports");
        for item in ports.items() {
            let port = item.get("port");
            if item.get("endPort").is_set() {
                continue;
            }
            if let Some(target) = Target::of(&port) {
                found.push((target, port.pointer()));
            }
        }
    }
    found
}

fn monitor(spec: &Node<'_, '_>, endpoints: &'static str) -> Monitor {
    let namespaces = spec.get("namespaceSelector");
    let names = namespaces.get("matchNames");
    let endpoints = spec.get(endpoints);
    let mut ports = Vec::new();
    for endpoint in endpoints.items() {
        for field in ["port", "targetPort", "portNumber"] {
            let port = endpoint.get(field);
            if let Some(target) = Target::of(&port) {
                ports.push((target, port.pointer()));
                break;
            }
        }
    }
    Monitor {
        selector: Selector::of(spec.get("selector").value()),
        namespaces: if namespaces.get("any").bool() == Some(true) {
            Some(Vec::new())
        } else if names.len() > 0 {
            Some(names.items().filter_map(|name| name.str().map(str::to_owned)).collect())
        } else {
            None
        },
        ports,
    }
}

fn alerts(spec: &Node<'_, '_>) -> Detail {
    let (mut metrics, mut recorded) = (Vec::new(), Vec::new());
    let groups = spec.get("groups");
    for group in groups.items() {
        let rules = group.get("rules");
        for rule in rules.items() {
            recorded.extend(rule.get("record").str().map(str::to_owned));
            let expression = rule.get("expr");
            for metric in kafka::expression_metrics(expression.text()) {
                metrics.push((metric, expression.pointer()));
            }
        }
    }
    Detail::Alerts { metrics, recorded }
}
