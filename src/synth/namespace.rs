//! The namespace of a stack.

use k8s_openapi::api::core::v1::Namespace;

use crate::{
    construct::Check,
    diagnostics::rules,
    manifest::Object,
    stack::{NamespaceOwner, Stack},
};

/// The namespaces that every Kubernetes cluster has, and shares with others. Source: Kubernetes, Namespaces, Initial
/// namespaces.
const INITIAL: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// The folder of the Namespace, which is applied before the stack.
pub(super) const FOLDER: &str = "namespace";

/// Reports a stack that would create a namespace that Kubernetes creates itself.
pub(super) fn check(stack: &Stack, check: &mut Check<'_>) {
    let namespace = &stack.context.namespace;
    if stack.namespace == NamespaceOwner::Stack && INITIAL.contains(&namespace.as_str()) {
        check.report(
            &rules::stack::INITIAL_NAMESPACE,
            format!("namespace `{namespace}` is created by Kubernetes, so the stack emits no Namespace"),
            |finding| {
                finding.hint("call `.existing_namespace()`, or use a namespace of its own in `Stack::new(…)`");
            },
        );
    }
}

/// The Namespace, if the stack creates it. Every pod passes the restricted level of Pod Security, so the namespace
/// enforces it.
pub(super) fn objects(stack: &Stack) -> Vec<Object> {
    let namespace = &stack.context.namespace;
    if stack.namespace == NamespaceOwner::Existing || INITIAL.contains(&namespace.as_str()) {
        return Vec::new();
    }
    let mut metadata = stack.context.metadata(namespace.clone());
    metadata.namespace = None;
    let labels = metadata.labels.get_or_insert_default();
    for mode in ["enforce", "audit", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), "restricted".to_owned());
    }
    labels.extend(stack.namespace_labels.clone());
    vec![Object::new(&Namespace {
        metadata,
        ..Namespace::default()
    })]
}
