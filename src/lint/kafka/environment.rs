//! Variables that settings name, and fields of the pod that variables are read from.

use std::collections::BTreeSet;

use super::Member;
use crate::diagnostics::{Diagnostic, Severity::Error, family::rules};
use crate::lint::model::{
    ObjectModel,
    container::{Container, Stage},
    jvm::assigned,
    script::{is_of_bash, mentions, used},
    set::{ObjectSet, SetFindings},
    settings::Setting,
    workload::Workload,
};

rules! { rules::pod;
    /// A setting that names a variable which the container does not have.
    pub const UNDEFINED_VARIABLE: Rule = Rule {
        id: "KS-P40",
        production: Error,
        development: Error,
        summary: "a variable that the container does not have",
        explanation: "`${env:NAME}` in a setting stands for a variable of the process. Without it the text itself is \
            the value: `ConfigException: Invalid value ${env:NODE_ID}` for a number, `Unable to parse` for an address, \
            and a wrong password for a password. In a script of the shell, `$NAME` is then empty, and nothing says so.",
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
    let readers = member.workload.containers.iter().filter_map(|container| {
        let own = container.pointer == member.process.pointer;
        let formats = container.stage == Stage::Init && container.command().contains("kafka-storage");
        (own || formats).then_some((container, own))
    });
    let readers: Vec<(&Container, bool)> = readers.collect();
    let mut told = BTreeSet::new();
    for (key, setting) in member.settings.iter() {
        for name in names(&setting.raw) {
            let lacking: Vec<&str> = readers
                .iter()
                .filter(|(container, own)| (*own || FORMATTING.contains(&key)) && !has(member, container, name))
                .map(|(container, _)| container.name.as_str())
                .collect();
            if !lacking.is_empty() && told.insert(name) {
                undefined(member, findings, key, setting, &lacking.join("`, `"), name);
            }
        }
    }
}

fn undefined(
    member: &Member<'_>,
    findings: &mut SetFindings,
    key: &str,
    setting: &Setting,
    containers: &str,
    name: &str,
) {
    let message =
        format!("`{key}` uses `${{env:{name}}}`, but there is no variable `{name}` in container `{containers}`");
    let mut finding = Diagnostic::new(&UNDEFINED_VARIABLE, message);
    finding
        .hint(format!("define it with `.env_from_secret(\"{name}\", …)`"))
        .yaml_hint(format!("define `{name}` in the `env` of container `{containers}`"));
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
        || assigned(command, name).is_some()
        || name.starts_with("KUBERNETES_")
        || member.process.service_links && (name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT"))
}

/// Variables that the script of a container uses and nothing gives it: empty words.
pub(super) fn script(findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        let command = container.command();
        let script = container.words.iter().any(|word| word.contains(char::is_whitespace));
        if !script || container.open || !super::is_official(container.image_name()) {
            continue;
        }
        let mut told = BTreeSet::new();
        for name in used(command) {
            let own = container.variable(name).is_some()
                || EVERYWHERE.contains(&name)
                || is_of_bash(name)
                || OF_IMAGES.iter().any(|start| name.starts_with(start))
                || name.ends_with("_SERVICE_HOST")
                || name.contains("_SERVICE_PORT");
            // As in `for NAME in`, `read NAME`, `NAME=`, `NAME+=`, `${NAME:-default}`.
            let made = mentions(command, name);
            if !own && !made && told.insert(name) {
                findings
                    .add(
                        index,
                        container.pointer.clone(),
                        &UNDEFINED_VARIABLE,
                        format!(
                            "the script of container `{}` uses `${name}`, but the container has no variable `{name}`: it is empty",
                            container.name
                        ),
                    )
                    .hint(format!("define `{name}` in the `env` of container `{}`", container.name));
            }
        }
    }
}

/// The starts of variables that the images of Confluent and Apache have.
const OF_IMAGES: [&str; 8] = [
    "COMPONENT",
    "CONFLUENT_",
    "CUB_",
    "JAVA_",
    "KAFKA_",
    "SCALA_",
    "SCHEMA_REGISTRY_",
    "CONNECT_",
];

/// Variables that a script in a ConfigMap needs, which the container that runs it does not have.
pub(super) fn of_files(
    set: &ObjectSet<'_>,
    findings: &mut SetFindings,
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
) {
    for container in workload.containers.iter().filter(|container| !container.open) {
        // A script within the command may set any.
        let simple = container.words.iter().all(|word| !word.contains(char::is_whitespace));
        for path in container.words.iter().filter(|word| simple && word.starts_with('/')) {
            let Some((map, Some(key))) = container.mounts.at(path).and_then(|mount| mount.key(path)) else {
                continue;
            };
            let Some(config) = set.config_map(&object.identity.namespace, map) else {
                continue;
            };
            let Some((_, needed)) = config.scripts.iter().find(|(file, _)| file == key) else {
                continue;
            };
            let lacks = |name: &&String| {
                container.variable(name).is_none()
                    && !EVERYWHERE.contains(&name.as_str())
                    && !OF_IMAGES.iter().any(|start| name.starts_with(start))
                    && !name.contains("_SERVICE_")
            };
            let missing: Vec<&str> = needed.iter().filter(lacks).map(String::as_str).collect();
            if missing.is_empty() {
                continue;
            }
            let names = missing.join("`, `");
            findings
                .add(
                    index,
                    container.pointer.clone(),
                    &UNDEFINED_VARIABLE,
                    format!(
                        "container `{}` runs `{key}`, which ends with an error without the variable `{names}`",
                        container.name
                    ),
                )
                .hint(format!(
                    "define `{names}` in the `env` of container `{}`",
                    container.name
                ));
        }
    }
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
