//! What Argo CD and Flux are told about each object. It stands in annotations of the object and never in its pods, so a change of
//! it restarts nothing.

use std::collections::BTreeMap;

use crate::{
    lint,
    manifest::{Object, Wave},
};

/// Argo CD, Sync Options: a Namespace is neither deleted when its file goes nor with the application.
const KEPT_BY_ARGO_CD: (&str, &str) = ("argocd.argoproj.io/sync-options", "Delete=false,Prune=false");
/// Flux, Kustomization, Prune: the same.
const KEPT_BY_FLUX: (&str, &str) = ("kustomize.toolkit.fluxcd.io/prune", "disabled");
/// Flux, Kustomization, Post build variable substitution: the object stays as it is.
const NOT_SUBSTITUTED: (&str, &str) = ("kustomize.toolkit.fluxcd.io/substitute", "disabled");

/// Adds the annotations that the object does not have from the stack.
pub(super) fn annotate(object: &mut Object) {
    let mut annotations = BTreeMap::new();
    let mut add = |key: &str, value: &str| annotations.insert(key.to_owned(), value.to_owned());
    if object.kind() == "Namespace" {
        add(KEPT_BY_ARGO_CD.0, KEPT_BY_ARGO_CD.1);
        add(KEPT_BY_FLUX.0, KEPT_BY_FLUX.1);
    }
    if let Some(wave) = object.background().wave {
        add(Wave::ANNOTATION, &(wave as u8).to_string());
    }
    // Kafka's `${env:…}`, an array of a script, a variable of a dashboard: none of them is meant for Flux.
    if lint::deployer::has_placeholder(object.body()) {
        add(NOT_SUBSTITUTED.0, NOT_SUBSTITUTED.1);
    }
    object.add_metadata("annotations", &annotations);
}
