use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LocalObjectReference, PodTemplateSpec, Toleration};

use crate::name::{DnsSubdomain, InvalidName, LabelKey, LabelValue};

/// What the Kubernetes cluster asks of every pod: where images come from, which nodes to run on, further labels.
///
/// Given to [`Stack::pods`](crate::stack::Stack::pods) it is for all pods of a stack, and given to
/// [`Pods::pods`](crate::workload::Pods::pods) for those of one construct or pool, where it adds to the stack's or
/// replaces it. A change of it restarts the pods.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka").pods(
///     PodDefaults::new()
///         .image_registry("mirror.example.com/docker-hub")
///         .image_pull_secret("mirror-credentials")
///         .priority_class("platform-critical")
///         .label("cost-centre", "4711"),
/// );
/// stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3).pods(PodDefaults::new().node_label("disk", "nvme").tolerate("kafka", "true"))),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let brokers = manifests.get("kafka/statefulset-kafka.yaml").unwrap();
/// assert!(brokers.contains("image: mirror.example.com/docker-hub/confluentinc/cp-kafka:8.3.1"));
/// assert!(brokers.contains("disk: nvme") && brokers.contains("priorityClassName: platform-critical"));
/// assert!(!manifests.get("kafka/statefulset-kafka-controller.yaml").unwrap().contains("nvme"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct PodDefaults {
    image_registry: Option<String>,
    image_pull_secrets: Vec<String>,
    tolerations: Vec<(String, String)>,
    node_labels: BTreeMap<String, String>,
    priority_class: Option<String>,
    labels: BTreeMap<String, String>,
}

impl PodDefaults {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where images of Docker Hub come from instead, such as `mirror.example.com` or `mirror.example.com/docker-hub`:
    /// what stands before the name of every image, those of init containers and sidecars included. An image whose name
    /// begins with a registry's host already, such as `quay.io/…`, keeps it.
    pub fn image_registry(mut self, registry: impl Into<String>) -> Self {
        self.image_registry = Some(registry.into().trim_end_matches('/').to_owned());
        self
    }

    /// A Secret of the namespace with the credentials of a registry.
    pub fn image_pull_secret(mut self, secret: impl Into<String>) -> Self {
        self.image_pull_secrets.push(secret.into());
        self
    }

    /// Lets pods run on nodes that have a taint with this key and value, whatever its effect.
    pub fn tolerate(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tolerations.push((key.into(), value.into()));
        self
    }

    /// Lets pods run only on nodes with this label.
    pub fn node_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.node_labels.insert(key.into(), value.into());
        self
    }

    /// The `PriorityClass`: which pods may take the place of others on a full node.
    pub fn priority_class(mut self, class: impl Into<String>) -> Self {
        self.priority_class = Some(class.into());
        self
    }

    /// A further label of the pods, which selects nothing. Labels that need not be on pods belong in
    /// [`Stack::labels`](crate::stack::Stack::labels), whose change restarts none.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// These, with what `own` adds or says otherwise.
    pub(crate) fn with(&self, own: &Self) -> Self {
        let mut all = self.clone();
        all.image_registry = own.image_registry.clone().or(all.image_registry);
        all.image_pull_secrets.extend(own.image_pull_secrets.iter().cloned());
        all.tolerations.extend(own.tolerations.iter().cloned());
        all.node_labels.extend(own.node_labels.clone());
        all.priority_class = own.priority_class.clone().or(all.priority_class);
        all.labels.extend(own.labels.clone());
        all
    }

    /// Writes them into a pod template.
    pub(crate) fn apply(&self, template: &mut PodTemplateSpec) {
        let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
        for (key, value) in &self.labels {
            labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let pod = template.spec.get_or_insert_default();
        if let Some(registry) = &self.image_registry {
            for container in pod
                .containers
                .iter_mut()
                .chain(pod.init_containers.iter_mut().flatten())
            {
                if let Some(image) = container.image.as_mut().filter(|image| !names_registry(image)) {
                    *image = format!("{registry}/{image}");
                }
            }
        }
        if !self.image_pull_secrets.is_empty() {
            let secret = |name: &String| LocalObjectReference { name: name.clone() };
            pod.image_pull_secrets = Some(self.image_pull_secrets.iter().map(secret).collect());
        }
        if !self.tolerations.is_empty() {
            let toleration = |(key, value): &(String, String)| Toleration {
                key: Some(key.clone()),
                operator: Some("Equal".to_owned()),
                value: Some(value.clone()),
                ..Toleration::default()
            };
            pod.tolerations = Some(self.tolerations.iter().map(toleration).collect());
        }
        if !self.node_labels.is_empty() {
            pod.node_selector = Some(self.node_labels.clone());
        }
        pod.priority_class_name.clone_from(&self.priority_class);
    }

    /// What Kubernetes would refuse, and the call that says it.
    pub(crate) fn problems(&self) -> Vec<(String, &'static str)> {
        let mut problems = labels(&self.labels, "PodDefaults::label(…)");
        problems.extend(labels(&self.node_labels, "PodDefaults::node_label(…)"));
        for (key, value) in &self.tolerations {
            problems.extend(pair("taint", key, value, "PodDefaults::tolerate(…)"));
        }
        let mut name = |what: &str, name: &str, call| {
            problems.extend(invalid(what, DnsSubdomain::parse(name), call));
        };
        for secret in &self.image_pull_secrets {
            name("Secret", secret, "PodDefaults::image_pull_secret(…)");
        }
        if let Some(class) = &self.priority_class {
            name("PriorityClass", class, "PodDefaults::priority_class(…)");
        }
        if let Some(registry) = &self.image_registry
            && (!names_registry(&format!("{registry}/"))
                || registry.contains("//")
                || !registry.chars().all(is_of_image_name))
        {
            let message = format!("{registry:?} is not an image registry, such as `mirror.example.com`");
            problems.push((message, "PodDefaults::image_registry(…)"));
        }
        problems
    }
}

/// Whether the name of an image begins with the host of a registry: what stands before the first `/` has a dot or a
/// port.
fn names_registry(image: &str) -> bool {
    let host = image.split_once('/').map_or("", |(host, _)| host);
    host.contains(['.', ':']) || host == "localhost"
}

fn is_of_image_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || ".:-_/".contains(c)
}

fn invalid<T>(what: &str, name: Result<T, InvalidName>, call: &'static str) -> Option<(String, &'static str)> {
    name.err().map(|error| (format!("{what} {error}"), call))
}

fn pair(what: &str, key: &str, value: &str, call: &'static str) -> Option<(String, &'static str)> {
    invalid(&format!("{what} key"), LabelKey::parse(key), call)
        .or_else(|| invalid(&format!("{what} value"), LabelValue::parse(value), call))
}

/// What is wrong with further labels: what Kubernetes refuses, and keys that objects have already.
pub(crate) fn labels(labels: &BTreeMap<String, String>, call: &'static str) -> Vec<(String, &'static str)> {
    let reserved = |key: &str| {
        ["app.kubernetes.io/", "kafka-stacks/", "sidecar.istio.io/"]
            .iter()
            .any(|prefix| key.starts_with(prefix))
    };
    labels
        .iter()
        .filter_map(|(key, value)| {
            pair("label", key, value, call)
                .or_else(|| reserved(key).then(|| (format!("label `{key}` is set by the constructs"), call)))
        })
        .collect()
}

/// What Kubernetes would refuse about annotations: their values may be any text.
pub(crate) fn annotations(annotations: &BTreeMap<String, String>, call: &'static str) -> Vec<(String, &'static str)> {
    annotations
        .keys()
        // The API server compares their keys in lower case.
        .filter_map(|key| invalid("annotation key", LabelKey::parse(&key.to_ascii_lowercase()), call))
        .collect()
}
