//! The template of a pod: containers together, volumes, scheduling.

use super::{
    container::{self, Role, sub_path},
    fields::{by_name, distinct, not_negative, quantity, range, required, syntax, word},
    metadata,
};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{node::Node, syntax as text};
use crate::lint::object::fields::{EXCLUDES, INNER_NAME, LISTED_TWICE, ONE_OF, REQUIRED};

rules! { rules::api;
    /// A volume that the pod does not have.
    pub const VOLUME: Rule = Rule {
        id: "KS-A18",
        production: Error,
        development: Error,
        summary: "a mount of a volume that the pod does not have",
        explanation: "A mount names a volume of the same pod, or a claim template of the same StatefulSet. The API \
            server refuses any other name: `volumeMounts[0].name: Not found`.",
        source: "Kubernetes, API validation (ValidateVolumeMounts)",
    };
}

/// The sources that a volume may have.
const VOLUME_SOURCES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
];

/// A pod's metadata and specification. `claims` has the names of the claim templates of a StatefulSet.
pub(crate) fn check(template: &Node<'_, '_>, claims: &[&str], findings: &mut Diagnostics) {
    let metadata = template.get("metadata");
    metadata::labels(&metadata.get("labels"), findings);
    let spec = template.get("spec");
    let containers = spec.get("containers");
    if containers.len() == 0 {
        findings.at(&containers, &REQUIRED, "has no container");
    }
    let init = spec.get("initContainers");
    for item in containers.items() {
        container::check(&item, Role::Main, findings);
    }
    for item in init.items() {
        container::check(&item, Role::Init, findings);
    }
    names(&containers, &init, findings);
    ports(&containers, findings);
    volumes(&spec, claims, findings);
    for field in ["terminationGracePeriodSeconds", "activeDeadlineSeconds"] {
        not_negative(&spec, field, findings);
    }
    word(
        &spec,
        "dnsPolicy",
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        findings,
    );
    word(&spec, "restartPolicy", &["Always", "OnFailure", "Never"], findings);
    word(&spec, "preemptionPolicy", &["PreemptLowerPriority", "Never"], findings);
    for field in ["hostname", "subdomain"] {
        syntax(&spec.get(field), &INNER_NAME, text::dns_label, findings);
    }
    for field in [
        "serviceAccountName",
        "priorityClassName",
        "runtimeClassName",
        "nodeName",
    ] {
        let node = spec.get(field);
        if node.str() != Some("") {
            syntax(&node, &INNER_NAME, text::dns_subdomain, findings);
        }
    }
    let security = spec.get("securityContext");
    container::user(&security, findings);
    word(
        &security,
        "fsGroupChangePolicy",
        &["OnRootMismatch", "Always"],
        findings,
    );
    scheduling(&spec, findings);
}

/// Containers and init containers share one set of names.
fn names(containers: &Node<'_, '_>, init: &Node<'_, '_>, findings: &mut Diagnostics) {
    distinct(containers, "name", by_name, findings);
    distinct(init, "name", by_name, findings);
    for item in init.items() {
        let name = item.get("name");
        if name.is_set() && containers.items().any(|other| other.get("name").str() == name.str()) {
            findings.at(
                &item,
                &LISTED_TWICE,
                format!("has the name `{}` of another container", name.text()),
            );
        }
    }
}

/// Containers of a pod share its network: two cannot listen on one port, nor have ports of one name.
fn ports(containers: &Node<'_, '_>, findings: &mut Diagnostics) {
    let mut seen: Vec<(&str, Option<i64>, &str)> = Vec::new();
    for container in containers.items() {
        let own = seen.len();
        let ports = container.get("ports");
        for port in ports.items() {
            let (name, number) = (port.get("name").text(), port.get("containerPort").int());
            let protocol = port.get("protocol").str().unwrap_or("TCP");
            if let Some((_, number, _)) = seen[..own]
                .iter()
                .find(|other| number.is_some() && other.1 == number && other.2 == protocol)
            {
                let number = number.unwrap_or_default();
                findings.at(
                    &port,
                    &LISTED_TWICE,
                    format!("is port {number}, which another container of the pod has"),
                );
            } else if seen[..own].iter().any(|other| !name.is_empty() && other.0 == name) {
                findings.at(
                    &port,
                    &LISTED_TWICE,
                    format!("has the name `{name}` of another container's port: a Service finds one of them"),
                );
            }
            seen.push((name, number, protocol));
        }
    }
}

fn volumes(spec: &Node<'_, '_>, claims: &[&str], findings: &mut Diagnostics) {
    let volumes = spec.get("volumes");
    for volume in volumes.items() {
        if required(&volume, "name", findings) {
            syntax(&volume.get("name"), &INNER_NAME, text::dns_label, findings);
        }
        let sources = volume
            .entries()
            .filter(|(key, source)| VOLUME_SOURCES.contains(key) && source.is_set())
            .count();
        if sources != 1 {
            findings.at(&volume, &ONE_OF, format!("has {sources} sources: a volume has one"));
        }
        source(&volume, findings);
    }
    distinct(&volumes, "name", by_name, findings);

    let known: Vec<&str> = volumes
        .items()
        .filter_map(|volume| volume.get("name").str())
        .chain(claims.iter().copied())
        .collect();
    for list in ["initContainers", "containers"] {
        let list = spec.get(list);
        for container in list.items() {
            let mounts = container.get("volumeMounts");
            for mount in mounts.items() {
                let name = mount.get("name");
                if name
                    .str()
                    .is_some_and(|name| !name.is_empty() && !known.contains(&name))
                {
                    findings
                        .at(
                            &name,
                            &VOLUME,
                            format!("is `{}`, but the pod has no such volume", name.text()),
                        )
                        .hint(format!(
                            "add the volume with `.mount(…)`, such as `.mount(Mount::scratch(\"{}\", …))`",
                            name.text()
                        ))
                        .yaml_hint(if known.is_empty() {
                            "add the volume to `volumes`".to_owned()
                        } else {
                            format!("the pod has `{}`", known.join("`, `"))
                        });
                }
            }
        }
    }
}

fn source(volume: &Node<'_, '_>, findings: &mut Diagnostics) {
    let (config, secret) = (volume.get("configMap"), volume.get("secret"));
    if config.is_set() && required(&config, "name", findings) {
        syntax(&config.get("name"), &INNER_NAME, text::dns_subdomain, findings);
    }
    if secret.is_set() && required(&secret, "secretName", findings) {
        syntax(&secret.get("secretName"), &INNER_NAME, text::dns_subdomain, findings);
    }
    for node in [&config, &secret] {
        range(node, "defaultMode", 0, 0o777, findings);
        items(&node.get("items"), findings);
    }
    let projected = volume.get("projected");
    range(&projected, "defaultMode", 0, 0o777, findings);
    let sources = projected.get("sources");
    for source in sources.items() {
        let set = source.entries().filter(|(_, part)| part.is_set()).count();
        if set != 1 {
            findings.at(
                &source,
                &ONE_OF,
                format!("has {set} sources: one of `configMap`, `secret`, `downwardAPI`, `serviceAccountToken`"),
            );
        }
        for (_, part) in source.entries() {
            items(&part.get("items"), findings);
        }
    }
    let empty = volume.get("emptyDir");
    if empty.get("medium").str() != Some("") {
        word(&empty, "medium", &["Memory", "HugePages"], findings);
    }
    quantity(&empty.get("sizeLimit"), findings);
    let claim = volume.get("persistentVolumeClaim");
    if claim.is_set() {
        required(&claim, "claimName", findings);
    }
    let host = volume.get("hostPath");
    if host.is_set() {
        required(&host, "path", findings);
    }
}

fn items(items: &Node<'_, '_>, findings: &mut Diagnostics) {
    for item in items.items() {
        required(&item, "path", findings);
        sub_path(&item.get("path"), findings);
        range(&item, "mode", 0, 0o777, findings);
    }
    distinct(items, "path", |item| item.get("path").str(), findings);
}

fn scheduling(spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    let affinity = spec.get("affinity");
    for kind in ["podAffinity", "podAntiAffinity"] {
        let kind = affinity.get(kind);
        let required_terms = kind.get("requiredDuringSchedulingIgnoredDuringExecution");
        for term in required_terms.items() {
            pod_term(&term, findings);
        }
        let preferred = kind.get("preferredDuringSchedulingIgnoredDuringExecution");
        for weighted in preferred.items() {
            range(&weighted, "weight", 1, 100, findings);
            if !weighted.get("weight").is_set() {
                findings.at(&weighted.get("weight"), &REQUIRED, "is missing");
            }
            pod_term(&weighted.get("podAffinityTerm"), findings);
        }
    }
    let spread = spec.get("topologySpreadConstraints");
    for constraint in spread.items() {
        range(&constraint, "maxSkew", 1, i64::MAX, findings);
        if !constraint.get("maxSkew").is_set() {
            findings.at(&constraint.get("maxSkew"), &REQUIRED, "is missing");
        }
        required(&constraint, "topologyKey", findings);
        if required(&constraint, "whenUnsatisfiable", findings) {
            word(
                &constraint,
                "whenUnsatisfiable",
                &["DoNotSchedule", "ScheduleAnyway"],
                findings,
            );
        }
        metadata::selector(&constraint.get("labelSelector"), findings);
    }
    distinct(
        &spread,
        "topology and action",
        |item| {
            Some(format!(
                "{}, {}",
                item.get("topologyKey").text(),
                item.get("whenUnsatisfiable").text()
            ))
        },
        findings,
    );
    let tolerations = spec.get("tolerations");
    for toleration in tolerations.items() {
        if toleration.get("operator").str() != Some("") {
            word(&toleration, "operator", &["Exists", "Equal"], findings);
        }
        if toleration.get("effect").str() != Some("") {
            word(
                &toleration,
                "effect",
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
                findings,
            );
        }
        if toleration.get("operator").text() == "Exists" && !toleration.get("value").text().is_empty() {
            findings.at(&toleration.get("value"), &EXCLUDES, "is set: `Exists` has no value");
        }
    }
    metadata::labels(&spec.get("nodeSelector"), findings);
}

fn pod_term(term: &Node<'_, '_>, findings: &mut Diagnostics) {
    required(term, "topologyKey", findings);
    metadata::selector(&term.get("labelSelector"), findings);
}
