//! What every object has: kind, name, labels, size.

use serde_json::Value;

use crate::diagnostics::Diagnostics;
use crate::lint::model::{node::Node, syntax};
use crate::{
    diagnostics::rules::{api, stack},
    manifest::{Identity, object_name},
};

/// The most that the data of a ConfigMap or a Secret may have.
const CONFIG_LIMIT: usize = 1 << 20;
/// The most that etcd takes in one request.
const STORE_LIMIT: usize = 3 << 19;
/// The most that all annotations of an object may have, among them the copy that client-side apply keeps.
const ANNOTATION_LIMIT: usize = 1 << 18;

/// The built-in kinds that stacks and their surroundings are made of, by the versions that serve them (1.28 to 1.33).
const BUILT_IN: &[(&str, &[&str])] = &[
    (
        "v1",
        &[
            "Namespace",
            "ServiceAccount",
            "Secret",
            "ConfigMap",
            "Service",
            "Pod",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "Endpoints",
            "LimitRange",
            "ResourceQuota",
            "ReplicationController",
            "PodTemplate",
            "Node",
            "Event",
            "List",
        ],
    ),
    (
        "apps/v1",
        &[
            "StatefulSet",
            "Deployment",
            "DaemonSet",
            "ReplicaSet",
            "ControllerRevision",
        ],
    ),
    ("batch/v1", &["Job", "CronJob"]),
    ("policy/v1", &["PodDisruptionBudget"]),
    (
        "networking.k8s.io/v1",
        &["NetworkPolicy", "Ingress", "IngressClass", "IPAddress", "ServiceCIDR"],
    ),
    ("networking.k8s.io/v1beta1", &["IPAddress", "ServiceCIDR"]),
    (
        "rbac.authorization.k8s.io/v1",
        &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
    ),
    ("autoscaling/v1", &["HorizontalPodAutoscaler"]),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"]),
    (
        "storage.k8s.io/v1",
        &[
            "StorageClass",
            "VolumeAttachment",
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "VolumeAttributesClass",
        ],
    ),
    ("scheduling.k8s.io/v1", &["PriorityClass"]),
    ("coordination.k8s.io/v1", &["Lease"]),
    ("discovery.k8s.io/v1", &["EndpointSlice"]),
    ("node.k8s.io/v1", &["RuntimeClass"]),
    ("certificates.k8s.io/v1", &["CertificateSigningRequest"]),
    ("apiextensions.k8s.io/v1", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io/v1", &["APIService"]),
    (
        "admissionregistration.k8s.io/v1",
        &[
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
    ),
    (
        "monitoring.coreos.com/v1",
        &[
            "ServiceMonitor",
            "PodMonitor",
            "PrometheusRule",
            "Prometheus",
            "Alertmanager",
            "Probe",
            "ThanosRuler",
        ],
    ),
];

/// Groups whose kinds are all in [`BUILT_IN`] or are served in alpha and beta versions that no stack relies on.
fn is_known_group(api_version: &str) -> bool {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    matches!(
        group,
        "" | "apps"
            | "batch"
            | "policy"
            | "extensions"
            | "autoscaling"
            | "networking.k8s.io"
            | "rbac.authorization.k8s.io"
    ) || group == "monitoring.coreos.com" && api_version.ends_with("/v1")
}

/// The whole of an object but its specification.
pub(crate) fn check(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    kind(root, findings);
    let metadata = root.get("metadata");
    name(root, &metadata, findings);
    labels(&metadata.get("labels"), findings);
    annotations(&metadata, findings);
    size(root, findings);
}

fn kind(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let (api_version, kind) = (root.get("apiVersion").text(), root.get("kind").text());
    let missing: Vec<&str> = [("apiVersion", api_version), ("kind", kind)]
        .into_iter()
        .filter(|(_, value)| value.is_empty())
        .map(|(field, _)| field)
        .collect();
    if !missing.is_empty() {
        findings
            .in_field(
                "",
                &api::NO_OBJECT,
                format!("no `{}`: this is no object of the API", missing.join("` and no `")),
            )
            .hint("a file that is not meant for the cluster belongs in another folder");
        return;
    }
    if !is_known_group(api_version) {
        return;
    }
    let versions: Vec<&str> = BUILT_IN
        .iter()
        .filter(|(_, kinds)| kinds.contains(&kind))
        .map(|(version, _)| *version)
        .collect();
    if !versions.contains(&api_version) {
        let finding = findings.at(
            &root.get("kind"),
            &api::NO_OBJECT,
            format!("`{kind}` does not exist in `{api_version}`"),
        );
        if !versions.is_empty() {
            finding.hint(format!("use `apiVersion: {}`", versions.join("` or `")));
        }
    }
}

fn name(root: &Node<'_, '_>, metadata: &Node<'_, '_>, findings: &mut Diagnostics) {
    let kind = root.get("kind").text();
    let name = metadata.get("name");
    let namespace = metadata.get("namespace");
    if !name.is_set() {
        if metadata.get("generateName").is_set() {
            return;
        }
        findings
            .at(&name, &api::NO_OBJECT, "is missing")
            .hint("give the object a name");
        return;
    }
    let identity = Identity {
        group: String::new(),
        kind: kind.to_owned(),
        namespace: String::new(),
        name: name.text().to_owned(),
    };
    if let Err(error) = object_name(&identity) {
        findings
            .in_field(name.pointer(), &stack::NAME, format!("{kind} name {error}"))
            .hint("choose another name where the construct or its part is made");
    }
    if namespace.is_set()
        && let Some(reason) = syntax::dns_label(namespace.text())
    {
        findings.at(&namespace, &stack::NAME, format!("is no namespace: {reason}"));
    }
}

/// Labels, wherever they stand.
pub(crate) fn labels(labels: &Node<'_, '_>, findings: &mut Diagnostics) {
    for (key, value) in labels.entries() {
        if let Some(reason) = syntax::qualified_name(key) {
            findings.at(&value, &api::LABEL, format!("has no valid key: {reason}"));
        }
        if let Some(reason) = value.str().and_then(syntax::label_value) {
            findings.at(&value, &api::LABEL, format!("has no valid value: {reason}"));
        }
    }
}

fn annotations(metadata: &Node<'_, '_>, findings: &mut Diagnostics) {
    let annotations = metadata.get("annotations");
    let mut size = 0;
    for (key, value) in annotations.entries() {
        size += key.len() + value.text().len();
        if let Some(reason) = syntax::qualified_name(&key.to_ascii_lowercase()) {
            findings.at(&value, &api::LABEL, format!("has no valid key: {reason}"));
        }
    }
    if size > ANNOTATION_LIMIT {
        findings.at(
            &annotations,
            &api::TOO_LARGE,
            format!("has {size} bytes: all annotations of an object may have {ANNOTATION_LIMIT}"),
        );
    }
}

fn size(root: &Node<'_, '_>, findings: &mut Diagnostics) {
    let kind = root.get("kind").text();
    if matches!(kind, "ConfigMap" | "Secret") {
        let data: usize = ["data", "binaryData", "stringData"]
            .into_iter()
            .map(|field| {
                let field = root.get(field);
                field.entries().map(|(_, value)| value.text().len()).sum::<usize>()
            })
            .sum();
        if data > CONFIG_LIMIT {
            findings
                .in_field(
                    "/data",
                    &api::TOO_LARGE,
                    format!("its data has {data} bytes: a {kind} may have {CONFIG_LIMIT}"),
                )
                .hint("split it, or ship the file in an image");
            return;
        }
    }
    // Only text makes an object large, so most are told apart without being written.
    if texts(root.value()) * 2 < ANNOTATION_LIMIT {
        return;
    }
    let size = serde_json::to_string(root.value()).map_or(0, |text| text.len());
    if size > STORE_LIMIT {
        findings.in_field(
            "",
            &api::TOO_LARGE,
            format!("it has {size} bytes: the API server stores up to {STORE_LIMIT}"),
        );
    } else if size > ANNOTATION_LIMIT {
        findings
            .in_field(
                "",
                &api::TOO_LARGE_TO_APPLY,
                format!("it has {size} bytes as JSON: client-side `kubectl apply` annotates up to {ANNOTATION_LIMIT}"),
            )
            .hint("apply it with `kubectl apply --server-side`, or split it");
    }
}

/// Roughly the bytes of a value.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 4,
        Value::Array(items) => items.iter().map(texts).sum::<usize>() + 2,
        Value::Object(map) => {
            map.iter()
                .map(|(key, value)| key.len() + 4 + texts(value))
                .sum::<usize>()
                + 2
        }
        _ => 8,
    }
}

/// A selector as an object: `matchLabels` and `matchExpressions`.
pub(crate) fn selector(selector: &Node<'_, '_>, findings: &mut Diagnostics) {
    let pairs = selector.get("matchLabels");
    // Every namespace has its name as a label.
    let namespace = pairs.get("kubernetes.io/metadata.name");
    match namespace.str().and_then(syntax::dns_label) {
        Some(reason) => {
            findings.at(&namespace, &stack::NAME, format!("is no namespace: {reason}"));
        }
        None => labels(&pairs, findings),
    }
    let expressions = selector.get("matchExpressions");
    for expression in expressions.items() {
        let (key, operator, values) = (
            expression.get("key"),
            expression.get("operator"),
            expression.get("values"),
        );
        if let Some(reason) = syntax::qualified_name(key.text()) {
            findings.at(&key, &api::LABEL, reason);
        }
        match operator.text() {
            "In" | "NotIn" if values.len() == 0 => {
                findings.at(
                    &values,
                    &api::REQUIRED,
                    format!("is empty: `{}` needs values", operator.text()),
                );
            }
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                findings.at(
                    &values,
                    &api::EXCLUDES,
                    format!("has values, which `{}` does not take", operator.text()),
                );
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                findings.at(
                    &operator,
                    &api::WORD,
                    format!("is `{other}`: `In`, `NotIn`, `Exists` or `DoesNotExist`"),
                );
            }
        }
    }
}
