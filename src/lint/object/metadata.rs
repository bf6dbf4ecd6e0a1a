//! What every object has: kind, name, labels, size.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::object::fields::{EXCLUDES, REQUIRED, WORD};
use serde_json::Value;

use crate::diagnostics::{Diagnostics, Mend};
use crate::lint::model::{node::Node, syntax};
use crate::nearest::nearest;
use crate::{
    diagnostics::rules::stack,
    kubernetes::Kubernetes,
    manifest::{Identity, object_name},
};

rules! { rules::api;
    /// Something that is not a Kubernetes object.
    pub const NO_OBJECT: Rule = Rule {
        id: "KS-A04",
        production: Error,
        development: Error,
        summary: "something that is not a Kubernetes object",
        explanation: "An object has an `apiVersion`, a `kind` that exists in it, and a `metadata.name`. The API \
            server knows the built-in kinds in the versions that it serves, and answers anything else with `no \
            matches for kind`. This includes removed beta versions, such as policy/v1beta1, which 1.25 removed, and \
            groups in another case, such as `Apps/v1`. A group without a dot is one of Kubernetes' own.",
        source: "Kubernetes API reference; Deprecated API Migration Guide",
    };

    /// A label or an annotation that is not valid.
    pub const LABEL: Rule = Rule {
        id: "KS-A08",
        production: Error,
        development: Error,
        summary: "an invalid label or annotation",
        explanation: "A key is a name of up to 63 letters, digits, `-`, `_` and `.`, with a DNS name and `/` before it \
            if there is one. The value of a label follows the same rule and may be empty; that of an annotation is any \
            text, 256 KiB for all of them.",
        source: "Kubernetes, Labels and Selectors; Annotations",
    };

    /// An object that does not fit into the store.
    pub const TOO_LARGE: Rule = Rule {
        id: "KS-A28",
        production: Error,
        development: Error,
        summary: "an object that is larger than the API server stores",
        explanation: "The data of a ConfigMap or a Secret may have 1 MiB, and etcd takes no request above 1.5 MiB: \
            `Request entity too large`.",
        source: "Kubernetes, ConfigMaps; etcd, system limits",
    };

    /// An object that `kubectl apply` cannot annotate.
    pub const TOO_LARGE_TO_APPLY: Rule = Rule {
        id: "KS-A29",
        production: Warning,
        development: Warning,
        summary: "an object that a plain `kubectl apply` cannot annotate",
        explanation: "Client-side apply keeps the whole object as JSON in an annotation, and all annotations of an \
            object may have 256 KiB. Apply it with `--server-side`, or split it.",
        source: "Kubernetes, Server-Side Apply; Annotations",
    };
}

/// The most that the data of a ConfigMap or a Secret may have.
const CONFIG_LIMIT: usize = 1 << 20;
/// The most that etcd takes in one request.
const STORE_LIMIT: usize = 3 << 19;
/// The most that all annotations of an object may have, among them the copy that client-side apply keeps.
const ANNOTATION_LIMIT: usize = 1 << 18;

/// The built-in kinds that stacks and their surroundings are made of, by the API versions that serve them in Kubernetes 1.28 to 1.35.
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
    ("storage.k8s.io/v1beta1", &["VolumeAttributesClass"]),
    ("storage.k8s.io/v1alpha1", &["VolumeAttributesClass"]),
    ("coordination.k8s.io/v1beta1", &["LeaseCandidate"]),
    (
        "admissionregistration.k8s.io/v1beta1",
        &[
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ],
    ),
    (
        "admissionregistration.k8s.io/v1alpha1",
        &[
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ],
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

/// Those of [`BUILT_IN`] that came after 1.28: API version, kind, and the first version of Kubernetes that serves it.
const SINCE: &[(&str, &str, Kubernetes)] = &[
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        Kubernetes::V1_30,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        Kubernetes::V1_30,
    ),
    ("networking.k8s.io/v1beta1", "IPAddress", Kubernetes::V1_31),
    ("networking.k8s.io/v1beta1", "ServiceCIDR", Kubernetes::V1_31),
    ("networking.k8s.io/v1", "IPAddress", Kubernetes::V1_33),
    ("networking.k8s.io/v1", "ServiceCIDR", Kubernetes::V1_33),
    ("storage.k8s.io/v1", "VolumeAttributesClass", Kubernetes::V1_34),
];

/// The groups of Kubernetes' own whose name has no dot. That of a custom resource has one.
const WITHOUT_DOT: [&str; 5] = ["apps", "batch", "policy", "autoscaling", "extensions"];

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
pub(crate) fn check(root: &Node<'_, '_>, kubernetes: Kubernetes, findings: &mut Diagnostics) {
    kind(root, kubernetes, findings);
    // Of what is no object, nothing else is told.
    if ["apiVersion", "kind"]
        .iter()
        .all(|field| root.get(field).text().is_empty())
    {
        return;
    }
    let metadata = root.get("metadata");
    name(root, &metadata, findings);
    labels(&metadata.get("labels"), findings);
    annotations(&metadata, findings);
    size(root, findings);
}

fn kind(root: &Node<'_, '_>, kubernetes: Kubernetes, findings: &mut Diagnostics) {
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
                &NO_OBJECT,
                format!("not a Kubernetes object: no `{}`", missing.join("` and no `")),
            )
            .hint("move a file that is not for the cluster to another folder");
        return;
    }
    let since = SINCE
        .iter()
        .find(|(version, name, _)| (*version, *name) == (api_version, kind));
    if let Some((_, _, since)) = since
        && kubernetes < *since
    {
        findings
            .at(
                &root.get("kind"),
                &NO_OBJECT,
                format!(
                    "`{kind}` exists in `{api_version}` from Kubernetes {since} on, but the stack is for {kubernetes}"
                ),
            )
            .hint(format!(
                "if the cluster runs {since} or later, say so with `.kubernetes(Kubernetes::{since:?})` of the stack"
            ));
        return;
    }
    let versions: Vec<&str> = BUILT_IN
        .iter()
        .filter(|(_, kinds)| kinds.contains(&kind))
        .map(|(version, _)| *version)
        .collect();
    if let Some((group, _)) = api_version.split_once('/')
        && !group.contains('.')
        && !WITHOUT_DOT.contains(&group)
    {
        let finding = findings.at(
            &root.get("apiVersion"),
            &NO_OBJECT,
            format!("is `{api_version}`: Kubernetes has no API group `{group}`, and the group of a custom resource has a dot"),
        );
        if !versions.is_empty() {
            finding.hint(format!("use `apiVersion: {}`", versions.join("` or `")));
            if let [only] = versions.as_slice()
                && only.eq_ignore_ascii_case(api_version)
            {
                finding.mend(Mend::set(*only));
            }
        } else if let Some(near) = nearest(group, WITHOUT_DOT.into_iter()) {
            finding.hint(format!("use the group `{near}`"));
        }
        return;
    }
    // A kind that the group has in other versions. One that it does not have here may be newer, or of an alpha version.
    let group_of = |version: &str| {
        version
            .split_once('/')
            .map_or(String::new(), |(group, _)| group.to_owned())
    };
    let elsewhere = versions
        .iter()
        .any(|version| group_of(version) == group_of(api_version));
    if (elsewhere || is_known_group(api_version)) && !versions.contains(&api_version) {
        let finding = findings.at(
            &root.get("kind"),
            &NO_OBJECT,
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
        findings.at(&name, &NO_OBJECT, "is missing").hint("set `metadata.name`");
        return;
    }
    let identity = Identity {
        group: String::new(),
        kind: kind.to_owned(),
        namespace: String::new(),
        name: name.text().to_owned(),
    };
    // The names of roles and bindings are parts of a path, so that `:` is allowed.
    let path_part = root.get("apiVersion").text().starts_with("rbac.authorization.k8s.io/");
    if path_part {
        if matches!(name.text(), "" | "." | "..") || name.text().contains(['/', '%']) {
            let message = format!(
                "{kind} name {:?} is empty, `.` or `..`, or contains `/` or `%`",
                name.text()
            );
            findings
                .in_field(name.pointer(), &stack::NAME, message)
                .hint("change `metadata.name`");
        }
    } else if let Err(error) = object_name(&identity) {
        findings
            .in_field(name.pointer(), &stack::NAME, format!("{kind} name {error}"))
            .hint("give the construct, or the pool, listener or topic that it is named after, another name")
            .yaml_hint("change `metadata.name`");
    }
    if let Some(reason) = namespace.str().and_then(syntax::dns_label) {
        findings.at(&namespace, &stack::NAME, format!("is not a valid namespace: {reason}"));
    }
}

/// Labels, wherever they stand.
pub(crate) fn labels(labels: &Node<'_, '_>, findings: &mut Diagnostics) {
    for (key, value) in labels.entries() {
        if let Some(reason) = syntax::qualified_name(key) {
            findings.at(&value, &LABEL, format!("has an invalid key: {reason}"));
        }
        if let Some(reason) = value.str().and_then(syntax::label_value) {
            findings.at(&value, &LABEL, format!("has an invalid value: {reason}"));
        }
    }
}

fn annotations(metadata: &Node<'_, '_>, findings: &mut Diagnostics) {
    let annotations = metadata.get("annotations");
    let mut size = 0;
    for (key, value) in annotations.entries() {
        size += key.len() + value.text().len();
        if let Some(reason) = syntax::qualified_name(&key.to_ascii_lowercase()) {
            findings.at(&value, &LABEL, format!("has an invalid key: {reason}"));
        }
    }
    if size > ANNOTATION_LIMIT {
        findings.at(
            &annotations,
            &TOO_LARGE,
            format!("has {size} bytes: the limit for all annotations of an object is {ANNOTATION_LIMIT}"),
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
                    &TOO_LARGE,
                    format!("its data has {data} bytes: the limit for a {kind} is {CONFIG_LIMIT}"),
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
            &TOO_LARGE,
            format!("it has {size} bytes: the API server stores at most {STORE_LIMIT}"),
        );
    } else if size > ANNOTATION_LIMIT {
        findings
            .in_field(
                "",
                &TOO_LARGE_TO_APPLY,
                format!("it has {size} bytes as JSON: client-side `kubectl apply` keeps a copy in an annotation, of at most {ANNOTATION_LIMIT}"),
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
            findings.at(&namespace, &stack::NAME, format!("is not a valid namespace: {reason}"));
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
            findings.at(&key, &LABEL, reason);
        }
        match operator.text() {
            "In" | "NotIn" if values.len() == 0 => {
                findings.at(
                    &values,
                    &REQUIRED,
                    format!("is empty: `{}` needs values", operator.text()),
                );
            }
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                findings.at(
                    &values,
                    &EXCLUDES,
                    format!("has values, which `{}` does not take", operator.text()),
                );
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                findings.at(
                    &operator,
                    &WORD,
                    format!("is `{other}`: `In`, `NotIn`, `Exists` or `DoesNotExist`"),
                );
            }
        }
    }
}
