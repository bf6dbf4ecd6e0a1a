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
    /// A reference that leads nowhere.
    pub const REFERENCE: Rule = Rule {
        id: "KS-A19",
        production: Warning,
        development: Warning,
        summary: "a reference to an object that is not there",
        explanation: "A pod that mounts a ConfigMap or a Secret which does not exist waits in ContainerCreating for \
            ever; one with an unknown ServiceAccount is never created. Nothing refuses it. In a stack the object may \
            be someone else's: acknowledge it with the reason. In a folder it is an error, unless `--assume KIND/NAME` \
            says that the cluster has it.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap; Secrets; Service Accounts",
    };

    /// A key that is not there.
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
                    let elsewhere = set
                        .objects
                        .iter()
                        .find(|other| other.identity.kind == kind && other.identity.name == name)
                        .map(|other| other.identity.namespace.clone());
                    let names: Vec<&str> = set
                        .objects
                        .iter()
                        .filter(|other| other.identity.kind == kind && other.identity.namespace == *namespace)
                        .map(|other| other.identity.name.as_str())
                        .take(6)
                        .collect();
                    let hint = match elsewhere {
                        Some(other) if other.is_empty() => {
                            format!("the {kind} `{name}` has no namespace: give it `{namespace}`")
                        }
                        Some(other) => {
                            format!("the {kind} `{name}` is in namespace `{other}`, where this pod cannot see it")
                        }
                        None if names.is_empty() => format!("add the {kind}"),
                        None => format!("there is the {kind} `{}`", names.join("`, `")),
                    };
                    let message = format!("`{}` is `{name}`, and there is no such {kind}", reference.path);
                    findings
                        .add(index, reference.pointer.clone(), &REFERENCE, message)
                        .hint(hint)
                        .outside(kind, name);
                }
                Some(ObjectDetail::Config(config)) => {
                    for key in reference
                        .keys
                        .iter()
                        .filter(|key| !reference.optional && !config.keys.contains(key))
                    {
                        let message = format!(
                            "`{}` asks {kind} `{name}` for the key `{key}`, which it does not have",
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
