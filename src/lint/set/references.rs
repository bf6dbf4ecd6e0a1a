//! References of pods to other objects.

use crate::diagnostics::{
    Severity::{Error, Note, Warning},
    family::rules,
};
use crate::lint::model::{
    ObjectDetail,
    set::{ObjectSet, SetFindings},
};

rules! { rules::api;
    /// A reference to an object that does not exist.
    pub const REFERENCE: Rule = Rule {
        id: "KS-A19",
        production: Warning,
        development: Warning,
        summary: "a reference to an object that does not exist",
        explanation: "The API server accepts the reference. A pod that mounts a missing ConfigMap stays in \
            ContainerCreating, and a pod with a missing ServiceAccount is never created. In a stack, acknowledge it if \
            something else creates the object. In a folder it is an error, unless `--assume KIND/NAME` says that the \
            cluster has it.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap; Service Accounts",
    };

    /// A reference to a Secret that the cluster has to have.
    pub const SECRET_REFERENCE: Rule = Rule {
        id: "KS-A32",
        production: Note,
        development: Note,
        summary: "a reference to a Secret that has to exist in the cluster",
        explanation: "No component of a stack renders a Secret, so a stack that names one is right, and `check --all` \
            lists what has to be created in the cluster, for example with External Secrets. Without the Secret, a pod \
            stays in ContainerCreating or CreateContainerConfigError, or cannot pull its image. In a folder it is an \
            error, unless `--assume Secret/NAME` says that the cluster has it.",
        source: "Kubernetes, Secrets; Pull an Image from a Private Registry",
    };

    /// A key that does not exist.
    pub const MISSING_KEY: Rule = Rule {
        id: "KS-A20",
        production: Error,
        development: Error,
        summary: "a reference to a key that a ConfigMap or Secret does not have",
        explanation: "The object is there and the key is not: the container waits in CreateContainerConfigError, or \
            the volume is never set up.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap",
    };
}

/// Objects of the cluster that every namespace has.
fn is_everywhere(kind: &str, name: &str) -> bool {
    matches!(
        (kind, name),
        ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
    )
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    for (index, object, workload) in set.workloads() {
        let namespace = &object.identity.namespace;
        for reference in &workload.references {
            let (kind, name) = (reference.kind, reference.name.as_str());
            if is_everywhere(kind, name) {
                continue;
            }
            match set.find(kind, namespace, name).map(|found| &found.detail) {
                None if reference.optional || set.is_made_by_operator(namespace, name) => {}
                None if kind == "Secret" && set.certificate(namespace, name).is_some() => {}
                None => {
                    let message = format!("`{}` is `{name}`: {kind} not found", reference.path);
                    let rule = if kind == "Secret" {
                        &SECRET_REFERENCE
                    } else {
                        &REFERENCE
                    };
                    findings
                        .add(index, reference.pointer.clone(), rule, message)
                        .hint(absent(set, kind, namespace, name, Reader::Stack))
                        .yaml_hint(absent(set, kind, namespace, name, Reader::Manifests))
                        .outside(kind, name);
                }
                Some(ObjectDetail::Config(config)) => {
                    for key in reference
                        .keys
                        .iter()
                        .filter(|key| !reference.optional && !config.keys.contains(key))
                    {
                        let message = format!(
                            "`{}` refers to the key `{key}` of {kind} `{name}`, which has no such key",
                            reference.path
                        );
                        let keys = config.keys.join("`, `");
                        findings
                            .add(index, reference.pointer.clone(), &MISSING_KEY, message)
                            .hint(format!("it has `{keys}`"));
                    }
                }
                Some(_) => {}
            }
        }
    }
}

/// Who reads a hint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Stack,
    Manifests,
}

/// What to do about an object that is not found.
fn absent(set: &ObjectSet<'_>, kind: &str, namespace: &str, name: &str, reader: Reader) -> String {
    let of_kind = || {
        set.objects
            .iter()
            .map(|other| &other.identity)
            .filter(|other| other.kind == kind)
    };
    if let Some(other) = of_kind().find(|other| other.name == name) {
        return if other.namespace.is_empty() {
            format!("the {kind} `{name}` has no namespace: set `namespace: {namespace}`")
        } else {
            format!(
                "the {kind} `{name}` is in namespace `{}`: pods cannot use it from another one",
                other.namespace
            )
        };
    }
    let names: Vec<&str> = of_kind()
        .filter(|other| other.namespace == namespace)
        .map(|other| other.name.as_str())
        .take(6)
        .collect();
    match reader {
        // No component renders a Secret.
        Reader::Stack if kind == "Secret" => {
            format!("create the Secret `{name}` in the cluster, for example with External Secrets")
        }
        _ if !names.is_empty() => format!("available: `{}`", names.join("`, `")),
        Reader::Stack => format!("make sure that the cluster has the {kind}, then acknowledge the warning"),
        Reader::Manifests => format!("add the {kind}"),
    }
}
