//! Variables that settings name, and fields of the pod that variables are read from.

use std::collections::BTreeSet;

use super::Member;
use crate::diagnostics::{Diagnostic, Severity::Error, family::rules};
use crate::lint::model::{
    ObjectModel,
    container::{Container, Stage},
    jvm::assigned,
    set::SetFindings,
    settings::Setting,
    workload::Workload,
};

rules! { rules::pod;
    /// A setting that names a variable which the container does not have.
    pub const UNDEFINED_VARIABLE: Rule = Rule {
        id: "KS-P40",
        production: Error,
        development: Error,
        summary: "a setting that names a variable which the container does not have",
        explanation: "`${env:NAME}` in a setting stands for a variable of the process. Without it the text itself is \
            the value: `ConfigException: Invalid value ${env:NODE_ID}` for a number, `Unable to parse` for an address, \
            and a wrong password for a password.",
        source: "Kafka, EnvVarConfigProvider and ConfigTransformer; KafkaConfig of Kafka 4.3.1",
    };

    /// A label that the pod does not have.
    pub const MISSING_LABEL: Rule = Rule {
        id: "KS-P43",
        production: Error,
        development: Error,
        summary: "a variable from a label that the pod does not have",
        explanation: "A variable that is read from a label is empty where the pod does not have it, and nothing says \
            so: an empty node id ends the broker with `ConfigException`. Only pods of a StatefulSet have \
            `apps.kubernetes.io/pod-index` and `statefulset.kubernetes.io/pod-name`.",
        source: "Kubernetes, Downward API; StatefulSet, pod index label",
    };
}

/// Variables that every container has, or that images set.
const EVERYWHERE: [&str; 10] = [
    "HOME",
    "HOSTNAME",
    "JAVA_HOME",
    "KAFKA_HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "PWD",
    "SHLVL",
    "USER",
];

/// Settings that `kafka-storage format` reads too.
const FORMATTING: [&str; 8] = [
    "advertised.listeners",
    "broker.id",
    "controller.listener.names",
    "controller.quorum.voters",
    "listeners",
    "log.dirs",
    "node.id",
    "process.roles",
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let resolves = member
        .settings
        .get("config.providers")
        .is_some_and(|providers| providers.value.split(',').any(|provider| provider.trim() == "env"));
    if !resolves {
        return;
    }
    for container in &member.workload.containers {
        let own = container.pointer == member.process.pointer;
        let formats = container.stage == Stage::Init && container.command().contains("kafka-storage");
        if !own && !formats {
            continue;
        }
        let mut told = BTreeSet::new();
        for (key, setting) in member.settings.iter() {
            if !own && !FORMATTING.contains(&key) {
                continue;
            }
            for name in names(&setting.raw) {
                if !has(member, container, name) && told.insert(name) {
                    undefined(member, findings, key, setting, container, name);
                }
            }
        }
    }
}

fn undefined(
    member: &Member<'_>,
    findings: &mut SetFindings,
    key: &str,
    setting: &Setting,
    container: &Container,
    name: &str,
) {
    let message = format!(
        "`{key}` is `{}`, but container `{}` has no variable `{name}`",
        setting.raw, container.name
    );
    let mut finding = Diagnostic::new(&UNDEFINED_VARIABLE, message);
    finding
        .hint(format!("define it with `.env_from_secret(\"{name}\", …)`"))
        .yaml_hint(format!(
            "define `{name}` in the `env` of container `{}`",
            container.name
        ));
    member.push(findings, key, setting, finding);
}

/// The names in `${env:NAME}`.
fn names(value: &str) -> impl Iterator<Item = &str> {
    value
        .split("${env:")
        .skip(1)
        .filter_map(|after| after.split_once('}').map(|(name, _)| name))
}

/// Whether a container has a variable, or may have it from where nothing is seen of it.
fn has(member: &Member<'_>, container: &Container, name: &str) -> bool {
    let command = container.command();
    let sourced = ["source ", ". /", "eval ", "set -a"]
        .iter()
        .any(|word| command.contains(word));
    container.open
        || sourced
        || container.variable(name).is_some()
        || EVERYWHERE.contains(&name)
        || assigned(&command, name).is_some()
        || name.starts_with("KUBERNETES_")
        || member.process.service_links && (name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT"))
}

pub(super) fn labels(findings: &mut SetFindings, index: usize, object: &ObjectModel, workload: &Workload) {
    for container in &workload.containers {
        for (name, value) in &container.variables {
            let label = value
                .strip_prefix("{metadata.labels['")
                .and_then(|rest| rest.strip_suffix("']}"));
            let Some(label) = label else { continue };
            if workload.pods.iter().any(|(key, _)| key == label) || is_added(&object.identity.kind, label) {
                continue;
            }
            let hint = if label == "apps.kubernetes.io/pod-index" || label == "statefulset.kubernetes.io/pod-name" {
                "make it a StatefulSet".to_owned()
            } else {
                format!("add the label `{label}` to the pod's template")
            };
            findings
                .add(
                    index,
                    container.variable_pointer(name),
                    &MISSING_LABEL,
                    format!(
                        "variable `{name}` of container `{}` is the label `{label}`, which pods of this {} do not have: it \
                         is empty",
                        container.name, object.identity.kind
                    ),
                )
                .hint(hint);
        }
    }
}

/// Whether Kubernetes, or a part of the cluster, adds a label to the pods of a workload.
fn is_added(kind: &str, label: &str) -> bool {
    let domain = label.split_once('/').map_or("", |(domain, _)| domain);
    match label {
        "apps.kubernetes.io/pod-index" | "statefulset.kubernetes.io/pod-name" => kind == "StatefulSet",
        "controller-revision-hash" => kind == "StatefulSet" || kind == "DaemonSet",
        "pod-template-hash" => kind == "Deployment" || kind == "ReplicaSet",
        "controller-uid" | "job-name" => kind == "Job" || kind == "CronJob",
        _ => match domain {
            "topology.kubernetes.io" => true,
            "batch.kubernetes.io" => kind == "Job" || kind == "CronJob",
            _ => domain.ends_with("istio.io"),
        },
    }
}
