//! Whole objects that appear, go or are renamed; labels and annotations; kinds that are not known.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Changed;
use crate::{
    diff::{
        change::{Found, Place},
        class::{Class, Flag},
        pairs::Pair,
        row::Row,
        sets::{Sets, When, Worker},
        side::Doubt,
        walk::fields,
    },
    manifest::Identity,
};

/// An object that is new.
static ADDED: Row = Row {
    id: "object-added",
    class: Class::Metadata,
    flags: &[],
    summary: "an object is new",
    reason: "is created",
    commands: &[],
};

/// A workload that is new.
static WORKLOAD_ADDED: Row = Row {
    id: "workload-added",
    class: Class::Metadata,
    flags: &[],
    summary: "a workload is new",
    reason: "is created with its pods; no pod that runs is replaced",
    commands: &[],
};

/// A Job that is new, which runs at once.
static JOB_ADDED: Row = Row {
    id: "job-added",
    class: Class::Metadata,
    flags: &[],
    summary: "a Job is new",
    reason: "runs once it is applied",
    commands: &[],
};

/// An object that goes.
static REMOVED: Row = Row {
    id: "object-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "an object is removed",
    reason: "a deployer that prunes deletes it; without one it stays in the cluster",
    commands: &[],
};

/// A Job that goes.
static JOB_REMOVED: Row = Row {
    id: "job-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a Job is removed",
    reason: "a deployer that prunes deletes it and its pods, and what the Job has done stays; without one, both stay",
    commands: &[],
};

/// A Job whose content is another, and its name with it.
static JOB_REPLACED: Row = Row {
    id: "job-replaced",
    class: Class::Metadata,
    flags: &[],
    summary: "a Job named after its content runs again",
    reason: "the new Job runs once it is applied; the old one has done its work",
    commands: &[],
};

/// A StatefulSet that goes.
static STATEFUL_SET_REMOVED: Row = Row {
    id: "statefulset-removed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a StatefulSet is removed",
    reason: "a deployer that prunes stops all its pods at once, and its data can no longer be reached; the claims ({claim}) \
        stay unless `persistentVolumeClaimRetentionPolicy` deletes them; without pruning it keeps running, and no file says so",
    commands: &[
        "kubectl -n {namespace} get statefulset {name}",
        "# move or copy its data, and stop its clients, before anything prunes it",
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan  # keeps the pods running, if they must stay",
    ],
};

/// A StatefulSet without claims that goes.
static STATELESS_SET_REMOVED: Row = Row {
    id: "statefulset-without-claims-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a StatefulSet without claims is removed",
    reason: "a deployer that prunes stops all its pods at once; without one they keep running",
    commands: &[],
};

/// A Deployment or `DaemonSet` that goes.
static WORKLOAD_REMOVED: Row = Row {
    id: "workload-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a Deployment or DaemonSet is removed",
    reason: "a deployer that prunes stops all its pods at once; without one they keep running",
    commands: &[],
};

/// A namespace that goes.
static NAMESPACE_REMOVED: Row = Row {
    id: "namespace-removed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ClientBreaking, Flag::Irreversible],
    summary: "a Namespace is removed",
    reason: "a deployer that prunes deletes it with everything in it, claims included; without one it stays",
    commands: &[
        "kubectl get persistentvolumeclaims -n {name}",
        "# keep the Namespace in the manifests, or tell the deployer to keep it \
         (`argocd.argoproj.io/sync-options: Prune=false`, `kustomize.toolkit.fluxcd.io/prune: disabled`)",
    ],
};

/// A namespace that goes from the manifests, and says itself that it stays.
static NAMESPACE_LEFT: Row = Row {
    id: "namespace-left",
    class: Class::Metadata,
    flags: &[],
    summary: "a Namespace that deployers are told to keep is no longer in the manifests",
    reason: "it stays in the cluster, since its annotations tell Argo CD and Flux to keep it; what is left in it has no file",
    commands: &[],
};

/// A namespace that deployers are told to keep.
static NAMESPACE_KEPT: Row = Row {
    id: "namespace-kept",
    class: Class::ManualSteps,
    flags: &[],
    summary: "deployers are told to keep a Namespace",
    reason: "counts once it is in the cluster: a deployer looks at the running object before it prunes. If the Namespace leaves its \
        kustomization or application in the same change, annotate the running one first",
    commands: &[
        "kubectl annotate namespace {name} --overwrite argocd.argoproj.io/sync-options=Delete=false,Prune=false \
         kustomize.toolkit.fluxcd.io/prune=disabled",
        "# apply the new manifests",
    ],
};

/// A namespace that deployers are no longer told to keep.
static NAMESPACE_NOT_KEPT: Row = Row {
    id: "namespace-no-longer-kept",
    class: Class::Metadata,
    flags: &[Flag::Irreversible],
    summary: "deployers are no longer told to keep a Namespace",
    reason: "nothing is deleted now; from then on, a deployer that prunes deletes it with everything in it, claims included, once it is not in \
        the manifests",
    commands: &[],
};

/// Everything moves into another namespace.
static NAMESPACE_RENAMED: Row = Row {
    id: "namespace-renamed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::ClientBreaking, Flag::Irreversible],
    summary: "objects with volumes move to another namespace",
    reason: "claims cannot move between namespaces: {count} objects are created empty in `{after}`, and a deployer that prunes \
        deletes those in `{before}` with their data; without one, both run",
    commands: &[
        "kubectl -n {before} get persistentvolumeclaims",
        "# run both side by side, copy the data (MirrorMaker 2), move the clients, and remove the old namespace at the end",
    ],
};

/// Everything moves into another namespace, and there are no volumes.
static NAMESPACE_RENAMED_WITHOUT_CLAIMS: Row = Row {
    id: "namespace-renamed-without-claims",
    class: Class::Metadata,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "objects without volumes move to another namespace",
    reason: "{count} objects are created in `{after}`, and a deployer that prunes deletes those in `{before}`; addresses of Services \
        change with the namespace",
    commands: &[],
};

/// A StatefulSet under another name.
static STATEFUL_SET_RENAMED: Row = Row {
    id: "statefulset-renamed",
    class: Class::DataLoss,
    flags: &[Flag::Availability, Flag::Irreversible],
    summary: "a StatefulSet is renamed",
    reason: "to Kubernetes it is another set: `{after}` starts with empty volumes, and a deployer that prunes stops `{before}`, whose \
        claims ({claim}) belong to its name; without pruning, both run",
    commands: &[
        "# keep the old name; or run both sets side by side until the data has moved to the new one, then remove the old one",
        "kubectl -n {namespace} get persistentvolumeclaims",
    ],
};

/// A Service under another name.
static SERVICE_RENAMED: Row = Row {
    id: "service-renamed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a Service is renamed",
    reason: "its address `{before}.{namespace}.svc` goes with a deployer that prunes: clients must use `{after}.{namespace}.svc`; without \
        pruning, both stay",
    commands: &[],
};

/// An object under another name.
static RENAMED: Row = Row {
    id: "object-renamed",
    class: Class::Metadata,
    flags: &[],
    summary: "an object is renamed",
    reason: "is created under the new name; a deployer that prunes deletes the old one",
    commands: &[],
};

/// A workload without volumes under another name.
static WORKLOAD_RENAMED: Row = Row {
    id: "workload-renamed",
    class: Class::RollingRestart,
    flags: &[Flag::Availability],
    summary: "a workload without volumes is renamed",
    reason: "all pods of `{after}` are new, and a deployer that prunes stops those of `{before}` without waiting for them; without \
        pruning, both run",
    commands: &[],
};

/// Labels and annotations of an object.
static METADATA: Row = Row {
    id: "metadata",
    class: Class::Metadata,
    flags: &[],
    summary: "labels or annotations of an object",
    reason: "no process reads it",
    commands: &[],
};

/// Another version of the same API.
static API_VERSION: Row = Row {
    id: "api-version",
    class: Class::Metadata,
    flags: &[],
    summary: "another version of the same API",
    reason: "is the same object to the API server, if it serves this version",
    commands: &[],
};

/// A field that no row knows.
pub(super) static FIELD: Row = Row {
    id: "unknown-field",
    class: Class::Metadata,
    flags: &[Flag::Unknown],
    summary: "a field whose effect is not known",
    reason: "what its controller does with the change is not known here",
    commands: &[],
};

/// An object of a kind that is not known.
static UNKNOWN_KIND: Row = Row {
    id: "unknown-kind",
    class: Class::Metadata,
    flags: &[Flag::Unknown],
    summary: "an object of a kind that is not known appears or goes",
    reason: "what its controller does then is not known here; a deployer that prunes deletes one that goes",
    commands: &[],
};

/// A claim that goes.
static CLAIM_REMOVED: Row = Row {
    id: "claim-removed",
    class: Class::DataLoss,
    flags: &[Flag::Irreversible],
    summary: "a PersistentVolumeClaim is removed",
    reason: "a deployer that prunes deletes it, and with the reclaim policy `Delete` its volume; without one it stays",
    commands: &[
        "# keep the claim, or tell the deployer to keep it",
        "kubectl get persistentvolume $(kubectl -n {namespace} get pvc {name} -o jsonpath='{.spec.volumeName}') \
         -o jsonpath='{.spec.persistentVolumeReclaimPolicy}'",
    ],
};

/// A key that a mapping has twice.
static DUPLICATE_KEY: Row = Row {
    id: "duplicate-key",
    class: Class::Metadata,
    flags: &[Flag::Unknown],
    summary: "a key that a mapping has twice",
    reason: "`{key}` is there twice (line {line}): kubectl takes the last value, as this report does, and kustomize and Flux refuse the file",
    commands: &[],
};

/// An object that is in the manifests twice.
static OBJECT_TWICE: Row = Row {
    id: "object-twice",
    class: Class::Metadata,
    flags: &[Flag::Unknown],
    summary: "an object that is in the manifests twice",
    reason: "two documents are this object and differ: the one that is applied last wins; the one in `{file}` is compared here",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &ADDED,
    &WORKLOAD_ADDED,
    &JOB_ADDED,
    &REMOVED,
    &JOB_REMOVED,
    &JOB_REPLACED,
    &STATEFUL_SET_REMOVED,
    &STATELESS_SET_REMOVED,
    &WORKLOAD_REMOVED,
    &NAMESPACE_REMOVED,
    &NAMESPACE_LEFT,
    &NAMESPACE_KEPT,
    &NAMESPACE_NOT_KEPT,
    &NAMESPACE_RENAMED,
    &NAMESPACE_RENAMED_WITHOUT_CLAIMS,
    &STATEFUL_SET_RENAMED,
    &SERVICE_RENAMED,
    &RENAMED,
    &WORKLOAD_RENAMED,
    &METADATA,
    &API_VERSION,
    &FIELD,
    &UNKNOWN_KIND,
    &CLAIM_REMOVED,
    &DUPLICATE_KEY,
    &OBJECT_TWICE,
];

/// What readers of the new manifests take for different things.
pub(super) fn doubts(sets: &Sets<'_>, found: &mut Found) {
    for doubt in &sets.after.doubts {
        let (Doubt::Twice { identity, .. } | Doubt::Key { identity, .. }) = doubt;
        // What was there before is not a change, unless it is in what changes.
        if sets.before.doubts.contains(doubt) && sets.is_same(identity) {
            continue;
        }
        match doubt {
            Doubt::Twice { identity, file } => {
                found.add(&OBJECT_TWICE, Place::object(identity)).word("file", file);
            }
            Doubt::Key { identity, key, line } => {
                let draft = found.add(&DUPLICATE_KEY, Place::object(identity));
                draft.word("key", key).word("line", line.to_string());
            }
        }
    }
    for file in &sets.after.transformed {
        found.note(format!(
            "`{file}` changes objects before they are applied: compare the output of `kubectl kustomize` instead"
        ));
    }
}

/// The fields of an object that no family knows.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    for field in &changed.fields {
        other(changed, field, found);
    }
}

/// A field that no row of its family knows.
pub(super) fn other(changed: &Changed<'_>, field: &crate::diff::walk::Field, found: &mut Found) {
    if field.reordered {
        return;
    }
    let row = match field.pattern.as_str() {
        "apiVersion" => &API_VERSION,
        pattern if changed.identity.kind == "Namespace" && keeps(pattern, &field.path, &field.after) => &NAMESPACE_KEPT,
        pattern if changed.identity.kind == "Namespace" && keeps(pattern, &field.path, &field.before) => {
            &NAMESPACE_NOT_KEPT
        }
        pattern if pattern.starts_with("metadata.labels") || pattern.starts_with("metadata.annotations") => &METADATA,
        _ => &FIELD,
    };
    found.add(row, changed.place(field));
}

/// Whether a value of a field tells a deployer to keep the object.
fn keeps(pattern: &str, path: &str, value: &Value) -> bool {
    let value = value.as_str().unwrap_or_default();
    pattern.starts_with("metadata.annotations")
        && (path.contains("kustomize.toolkit.fluxcd.io/prune") && value == "disabled"
            || path.contains("argocd.argoproj.io/sync-options") && value.contains("=false"))
}

/// An object that is gone.
pub(super) fn removed(sets: &Sets<'_>, old: usize, found: &mut Found) {
    let identity = sets.before.identity(old);
    let place = Place::object(identity);
    match identity.kind.as_str() {
        "StatefulSet" => {
            let claims = claims(sets, When::Before, identity);
            if claims.is_empty() {
                found.add(&STATELESS_SET_REMOVED, place);
            } else {
                found.add(&STATEFUL_SET_REMOVED, place).word("claim", claims.join(", "));
            }
        }
        "Deployment" | "DaemonSet" | "ReplicaSet" => {
            found.add(&WORKLOAD_REMOVED, place);
        }
        "Job" => {
            found.add(&JOB_REMOVED, place);
        }
        "Namespace" => {
            let annotations = &sets.before.body(old)["metadata"]["annotations"];
            let says = |key: &str, value: &str| annotations[key].as_str().is_some_and(|text| text.contains(value));
            let kept = says("argocd.argoproj.io/sync-options", "Prune=false")
                && says("kustomize.toolkit.fluxcd.io/prune", "disabled");
            found.add(if kept { &NAMESPACE_LEFT } else { &NAMESPACE_REMOVED }, place);
        }
        "PersistentVolumeClaim" => {
            found.add(&CLAIM_REMOVED, place);
        }
        kind => {
            found.add(if is_known(kind) { &REMOVED } else { &UNKNOWN_KIND }, place);
        }
    }
}

/// Whether it is known what appears or goes with an object of a kind.
fn is_known(kind: &str) -> bool {
    const KNOWN: [&str; 23] = [
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CronJob",
        "HorizontalPodAutoscaler",
        "Ingress",
        "LimitRange",
        "Namespace",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "PodMonitor",
        "PriorityClass",
        "PrometheusRule",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "StorageClass",
        "TLSRoute",
    ];
    KNOWN.contains(&kind)
}

/// An object that is new.
pub(super) fn added(sets: &Sets<'_>, new: usize, found: &mut Found) {
    let identity = sets.after.identity(new);
    let row = match identity.kind.as_str() {
        "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet" => &WORKLOAD_ADDED,
        "Job" => &JOB_ADDED,
        kind if is_known(kind) => &ADDED,
        _ => &UNKNOWN_KIND,
    };
    found.add(row, Place::object(identity));
}

/// An object that has another name; what moved to another namespace is told once for all of them.
pub(super) fn renamed(sets: &Sets<'_>, old: usize, new: usize, found: &mut Found) {
    let (was, is) = (sets.before.identity(old), sets.after.identity(new));
    if was.namespace != is.namespace || is.kind == "Namespace" {
        return;
    }
    let place = Place::field(is, "metadata.name", was.name.clone().into(), is.name.clone().into());
    let claims = claims(sets, When::Before, was);
    let row = match is.kind.as_str() {
        "StatefulSet" if !claims.is_empty() => &STATEFUL_SET_RENAMED,
        "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet" => &WORKLOAD_RENAMED,
        "Service" => &SERVICE_RENAMED,
        "Job" => &JOB_REPLACED,
        _ => &RENAMED,
    };
    // The name alone is not a difference, wherever it is; what has the old name may also keep it, as a label.
    let mut differ = fields(&sets.before.body(old), &sets.after.body(new));
    differ.retain(|field| {
        let (before, after) = (field.before.to_string(), field.after.to_string());
        before.replace(&format!("\"{}\"", was.name), &format!("\"{}\"", is.name)) != after
    });
    let draft = found.add(row, place);
    draft.word("claim", claims.join(", "));
    if row.id == RENAMED.id && !is_known(&is.kind) {
        draft
            .flag(Flag::Unknown)
            .remark("what its controller does then is not known here");
    }
    if !differ.is_empty() {
        let paths: Vec<&str> = differ.iter().take(5).map(|field| field.path.as_str()).collect();
        let more = if differ.len() > 5 { ", …" } else { "" };
        draft.remark(format!("it also differs in {}{more}", paths.join(", ")));
    }
}

/// Objects that are in another namespace than before, one change for each pair of namespaces.
pub(super) fn renamed_namespaces(sets: &Sets<'_>, pairs: &[Pair], found: &mut Found) {
    let moved = pairs.iter().filter_map(|pair| match pair {
        Pair::Renamed(old, new) => {
            let (was, is) = (sets.before.identity(*old), sets.after.identity(*new));
            (was.namespace != is.namespace).then_some((was, is))
        }
        _ => None,
    });
    let moved: Vec<(&Identity, &Identity)> = moved.collect();
    let routes: BTreeSet<(&str, &str)> = moved
        .iter()
        .map(|(was, is)| (was.namespace.as_str(), is.namespace.as_str()))
        .collect();
    for (from, to) in routes {
        // That the new Namespace is created follows from it.
        found.drafts.retain(|draft| {
            !(draft.is(&ADDED) && draft.place.object.kind == "Namespace" && draft.place.object.name == to)
        });
        let these = moved
            .iter()
            .filter(|(was, is)| was.namespace == from && is.namespace == to);
        let with_claims = these
            .clone()
            .any(|(was, _)| was.kind == "PersistentVolumeClaim" || !claims(sets, When::Before, was).is_empty());
        let row = if with_claims {
            &NAMESPACE_RENAMED
        } else {
            &NAMESPACE_RENAMED_WITHOUT_CLAIMS
        };
        let identity = Identity {
            group: String::new(),
            kind: "Namespace".to_owned(),
            namespace: String::new(),
            name: to.to_owned(),
        };
        let place = Place::field(&identity, "metadata.namespace", from.into(), to.into());
        found.add(row, place).word("count", these.count().to_string());
        found.note(format!(
            "objects that moved from namespace `{from}` to `{to}` are not compared further"
        ));
    }
}

/// The claims of a StatefulSet, as its pods name them.
pub(super) fn claims(sets: &Sets<'_>, when: When, identity: &Identity) -> Vec<String> {
    if identity.kind != "StatefulSet" {
        return Vec::new();
    }
    sets.worker(when, identity).map(Worker::claims).unwrap_or_default()
}

/// A value that is not shown: Secrets are never printed.
pub(super) fn hidden() -> Value {
    "(hidden)".into()
}
