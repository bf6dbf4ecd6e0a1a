//! References of pods to other objects.

use crate::diagnostics::{
    Severity::{Error, Warning},
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
        explanation: "A pod that mounts a ConfigMap or a Secret which does not exist waits in ContainerCreating for \
            ever; one with an unknown ServiceAccount is never created. Nothing refuses it. In a stack the object may \
            be managed elsewhere: acknowledge it with the reason. In a folder it is an error, unless `--assume KIND/NAME` \
            says that the cluster has it.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap; Secrets; Service Accounts",
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
                None if reference.optional => {}
                None => {
                    let message = format!("`{}` is `{name}`: {kind} not found", reference.path);
                    findings
                        .add(index, reference.pointer.clone(), &REFERENCE, message)
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
    let acknowledge = format!("acknowledge it: `.acknowledge(&{}, \"reason\")`", REFERENCE.path);
    match reader {
        // No stack contains the value of a Secret.
        Reader::Stack if kind == "Secret" => {
            format!("create the Secret in the cluster, for example with External Secrets, and {acknowledge}")
        }
        Reader::Stack if names.is_empty() => format!("if the cluster has the {kind}, {acknowledge}"),
        Reader::Manifests if names.is_empty() => format!("add the {kind}"),
        _ => format!("available: `{}`", names.join("`, `")),
    }
}
