//! Claims, their templates, and storage classes.

use super::{Changed, object};
use crate::{
    diff::{
        change::Found,
        class::{Class, Flag},
        row::{Row, is_plain},
        sets::{When, Worker},
        walk::Field,
    },
    lint::quantity,
};

/// Larger volumes of a StatefulSet.
static GROWN: Row = Row {
    id: "volume-grown",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "larger volumes of a StatefulSet",
    reason: "`volumeClaimTemplates` cannot change: the API server refuses the object and applies the others. The claims can grow in \
        place, if their class allows it; then the set is made again over the same pods",
    commands: &[
        "kubectl get storageclass {class} -o jsonpath='{.allowVolumeExpansion}'  # must be true",
        "kubectl -n {namespace} patch pvc {claim} --type merge -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"{after}\"}}}}'",
        "kubectl -n {namespace} wait pvc {claim} --for=jsonpath='{.status.capacity.storage}'={after} --timeout=10m",
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods",
    ],
};

/// Smaller volumes of a StatefulSet.
static SHRUNK: Row = Row {
    id: "volume-shrunk",
    class: Class::RefusedByApiServer,
    flags: &[Flag::Availability],
    summary: "smaller volumes of a StatefulSet",
    reason: "the API server refuses it, and no volume shrinks in place: each pod needs a new claim, and copies its data again from the \
        others",
    commands: &[
        "# check that the data of each pod fits into {after}, and that no partition is under-replicated",
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods",
        "# then, one pod after the other, each once the one before is in sync again:",
        "kubectl -n {namespace} delete pvc {template}-{pod} --wait=false && kubectl -n {namespace} delete pod {pod} && until kubectl \
            -n {namespace} wait pod {pod} --for=condition=Ready --timeout=30m; do sleep 2; done",
    ],
};

/// Another storage class.
static CLASS: Row = Row {
    id: "volume-class",
    class: Class::RefusedByApiServer,
    flags: &[Flag::Availability],
    summary: "another storage class or access mode of a StatefulSet's volumes",
    reason: "the API server refuses it, and no claim changes its class in place: each pod needs a new claim, and copies its data again \
        from the others",
    commands: &[
        "kubectl get storageclass {class}  # must exist",
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods",
        "# then, one pod after the other, each once the one before is in sync again:",
        "kubectl -n {namespace} delete pvc {template}-{pod} --wait=false && kubectl -n {namespace} delete pod {pod} && until kubectl \
            -n {namespace} wait pod {pod} --for=condition=Ready --timeout=30m; do sleep 2; done",
    ],
};

/// A claim template that goes, or has another name.
static TEMPLATE_GONE: Row = Row {
    id: "claim-template-removed",
    class: Class::RefusedByApiServer,
    flags: &[Flag::Irreversible],
    summary: "a claim template is removed or renamed",
    reason: "the API server refuses it. If the set is replaced by force, its pods start without these volumes: the claims ({claim}) stay, \
        and nothing reads them; a template of another name gives new, empty ones",
    commands: &[
        "# keep the name of the template; to remove it, copy what the claims have first",
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests",
    ],
};

/// A claim template that is new.
static TEMPLATE_ADDED: Row = Row {
    id: "claim-template-added",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "another claim template",
    reason: "the API server refuses it: the set is made again, and its pods get the new claims when they restart",
    commands: &[
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods, and replaces them one after the other",
    ],
};

/// Another field of a claim template.
static TEMPLATE: Row = Row {
    id: "claim-template",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "another field of a claim template, such as a label",
    reason: "the API server refuses it, however small; claims that exist do not get it",
    commands: &[
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods",
    ],
};

/// A claim that grows.
static CLAIM_GROWN: Row = Row {
    id: "claim-grown",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a larger claim",
    reason: "the volume grows if its class allows expansion, which the manifests do not show; else the API server refuses it",
    commands: &[
        "kubectl get storageclass $(kubectl -n {namespace} get pvc {name} -o jsonpath='{.spec.storageClassName}') -o jsonpath='{.allowVolumeExpansion}'  # must be true",
        "# apply the new manifests",
        "kubectl -n {namespace} wait pvc {name} --for=jsonpath='{.status.capacity.storage}'={after} --timeout=10m",
    ],
};

/// A claim that cannot change so.
static CLAIM_REFUSED: Row = Row {
    id: "claim-field",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "a smaller claim, or another class or access mode of one",
    reason: "the API server refuses it: the spec of a claim cannot change, except to ask for more",
    commands: &["# make a claim of another name, copy the data, and let the pods use the new one"],
};

/// A field of a storage class that cannot change.
static STORAGE_CLASS: Row = Row {
    id: "storage-class-field",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "parameters, provisioner or reclaim policy of a StorageClass",
    reason: "the API server refuses it: volumes that exist keep what they were made with",
    commands: &[
        "kubectl delete storageclass {name}",
        "# apply the new manifests: only new volumes are made by it",
    ],
};

/// A `StorageClass` that lets volumes grow, or no longer.
static EXPANSION: Row = Row {
    id: "volume-expansion",
    class: Class::Metadata,
    flags: &[],
    summary: "whether volumes of a StorageClass can grow",
    reason: "no volume changes; it decides whether a claim may ask for more from now on",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &GROWN,
    &SHRUNK,
    &CLASS,
    &TEMPLATE_GONE,
    &TEMPLATE_ADDED,
    &TEMPLATE,
    &CLAIM_GROWN,
    &CLAIM_REFUSED,
    &STORAGE_CLASS,
    &EXPANSION,
];

/// A field of a claim template, or a template as a whole.
pub(super) fn template(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let set = changed.sets.worker(When::Before, changed.identity);
    let name = field.items.first().map_or("", String::as_str);
    let claims = set.map(Worker::claims).unwrap_or_default();
    let pods = set.map(Worker::pods).unwrap_or_default();
    // A template's name may end another's.
    let of_template = |claim: &String| pods.iter().any(|pod| *claim == format!("{name}-{pod}"));
    let claims: Vec<String> = claims.into_iter().filter(of_template).collect();
    let row = match field.pattern.trim_start_matches("spec.volumeClaimTemplates[]") {
        "" if field.after.is_null() => &TEMPLATE_GONE,
        "" if field.before.is_null() => &TEMPLATE_ADDED,
        ".spec.resources.requests.storage" => match (quantity(&field.before), quantity(&field.after)) {
            (Some(before), Some(after)) if after > before => &GROWN,
            _ => &SHRUNK,
        },
        ".spec.storageClassName" | ".spec.accessModes" | ".spec.volumeMode" => &CLASS,
        _ => &TEMPLATE,
    };
    let templates = changed.after["spec"]["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten();
    let own = templates.into_iter().find(|claim| claim["metadata"]["name"] == name);
    let class = own.and_then(|claim| claim["spec"]["storageClassName"].as_str());
    // Where none is named, the claims have the one that was the default when they were made.
    let namespace = match changed.identity.namespace.as_str() {
        "" => String::new(),
        namespace => format!(" -n {namespace}"),
    };
    let of_claim = claims
        .first()
        .filter(|claim| is_plain(claim) && is_plain(&changed.identity.namespace))
        .map(|claim| format!("$(kubectl{namespace} get pvc {claim} -o jsonpath='{{.spec.storageClassName}}')"));
    let of_claim = of_claim.filter(|_| row.id == GROWN.id).unwrap_or_default();
    let draft = found.add(row, changed.place(field));
    draft.words("pod", pods).word("template", name);
    draft.words("claim", claims).word(
        "class",
        class.filter(|class| is_plain(class)).map_or(of_claim, str::to_owned),
    );
    if class.is_none() && [GROWN.id, CLASS.id].contains(&row.id) {
        draft.remark("no class is named, so the cluster's default counts");
    }
}

/// A `PersistentVolumeClaim` that differs.
pub(super) fn claim(changed: &Changed<'_>, found: &mut Found) {
    for field in &changed.fields {
        let row = match field.pattern.as_str() {
            "spec.resources.requests.storage" => match (quantity(&field.before), quantity(&field.after)) {
                (Some(before), Some(after)) if after > before => &CLAIM_GROWN,
                _ => &CLAIM_REFUSED,
            },
            pattern if pattern.starts_with("spec") => &CLAIM_REFUSED,
            _ => {
                object::other(changed, field, found);
                continue;
            }
        };
        found.add(row, changed.place(field));
    }
}

/// A `StorageClass` that differs.
pub(super) fn class(changed: &Changed<'_>, found: &mut Found) {
    for field in &changed.fields {
        let row = match field.pattern.split(['.', '[']).next().unwrap_or_default() {
            "allowVolumeExpansion" => &EXPANSION,
            "parameters" | "provisioner" | "reclaimPolicy" | "volumeBindingMode" => &STORAGE_CLASS,
            _ => {
                object::other(changed, field, found);
                continue;
            }
        };
        found.add(row, changed.place(field));
    }
}
