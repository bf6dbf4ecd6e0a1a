//! StatefulSets, Deployments, DaemonSets and Jobs: pod templates and what restarts, fields that cannot change, replicas.

use serde_json::Value;

use super::{Changed, object};
use crate::{
    diff::{
        change::{Found, ObjectName},
        class::Class,
        row::Row,
        sets::{Sets, WORKLOADS, When, Worker},
        walk::Field,
    },
    manifest::Identity,
};

/// A field of the pod template.
static TEMPLATE: Row = Row {
    id: "pod-template",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a field of the pod template",
    reason: "another pod template replaces the pods",
    commands: &[],
};

/// The order of a list in the pod template.
static TEMPLATE_ORDER: Row = Row {
    id: "pod-template-order",
    class: Class::RollingRestart,
    flags: &[],
    summary: "the order of a list in the pod template",
    reason: "the same items in another order are another template, which replaces the pods",
    commands: &[],
};

/// A checksum that changes and no file with it.
static CHECKSUM: Row = Row {
    id: "checksum-alone",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a checksum or another annotation of the pod template, and no file with it",
    reason: "an annotation of the template replaces the pods, although nothing that they read differs",
    commands: &[],
};

/// A field that the API server refuses to change.
static IMMUTABLE: Row = Row {
    id: "statefulset-field",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "a field of a StatefulSet that cannot change",
    reason: "the API server refuses the update (`updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
        'updateStrategy' … are forbidden`): the object stays as it was, and the others are applied",
    commands: &[
        "kubectl -n {namespace} delete statefulset {name} --cascade=orphan",
        "# apply the new manifests: the set adopts its pods",
    ],
};

pub(super) const ROWS: &[&Row] = &[&TEMPLATE, &TEMPLATE_ORDER, &CHECKSUM, &IMMUTABLE];

/// Whether an object has pods.
pub(super) fn is(identity: &Identity) -> bool {
    WORKLOADS.contains(&identity.kind.as_str())
}

/// A workload that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let name: ObjectName = changed.identity.into();
    if changed.identity.kind == "StatefulSet" && changed.fields.iter().any(|field| is_immutable(&field.pattern)) {
        found.refused.insert(name.clone());
    }
    let of_template = |field: &&Field| field.pattern.starts_with("spec.template");
    if changed.fields.iter().any(|field| of_template(&field))
        && !found.refused.contains(&name)
        && let Some(restart) = restart(changed.sets, changed.identity)
    {
        found.restarts.insert(name.clone(), restart);
    }
    for field in &changed.fields {
        if of_template(&field) {
            template(changed, field, &name, found);
        } else if changed.identity.kind == "StatefulSet" && is_immutable(&field.pattern) {
            found.add(&IMMUTABLE, changed.place(field));
        } else {
            object::other(changed, field, found);
        }
    }
}

/// Whether the API server refuses another value of a field of a StatefulSet.
fn is_immutable(pattern: &str) -> bool {
    const MUTABLE: [&str; 7] = [
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    ];
    let field = pattern
        .strip_prefix("spec.")
        .and_then(|rest| rest.split(['.', '[']).next());
    field.is_some_and(|field| !MUTABLE.contains(&field))
}

/// A field of the pod template.
fn template(changed: &Changed<'_>, field: &Field, name: &ObjectName, found: &mut Found) {
    let annotation = field.pattern.starts_with("spec.template.metadata.annotations");
    // The change of the file tells it.
    if annotation && reads_what_changed(changed.sets, changed.identity) {
        return;
    }
    let row = match (annotation, field.reordered) {
        (true, _) => &CHECKSUM,
        (_, true) => &TEMPLATE_ORDER,
        _ => &TEMPLATE,
    };
    found.add(row, changed.place(field)).restarts(name.clone());
}

/// Whether a file that the pods read differs.
fn reads_what_changed(sets: &Sets<'_>, identity: &Identity) -> bool {
    let Some(worker) = sets.worker(When::After, identity) else {
        return false;
    };
    let references = worker.model.workload().map_or(&[][..], |workload| &workload.references);
    references.iter().any(|reference| {
        let other = Identity {
            group: String::new(),
            kind: reference.kind.to_owned(),
            namespace: identity.namespace.clone(),
            name: reference.name.clone(),
        };
        match (sets.before.find(&other), sets.after.find(&other)) {
            (Some(old), Some(new)) => !sets.before.is_same(old, sets.after, new),
            (before, after) => before.is_some() != after.is_some(),
        }
    })
}

/// The pods that another template replaces, in their order, and how. None for a Job, whose pods are never replaced.
fn restart(sets: &Sets<'_>, identity: &Identity) -> Option<(Vec<String>, String)> {
    let (old, new) = (
        sets.worker(When::Before, identity)?,
        sets.worker(When::After, identity)?,
    );
    let before = old.pods();
    let mut pods = new.pods();
    pods.retain(|pod| before.contains(pod));
    let order = match identity.kind.as_str() {
        "StatefulSet" => {
            pods.reverse();
            of_stateful_set(new, &mut pods)
        }
        "Deployment" => {
            pods.truncate(before.len());
            of_deployment(&new.spec)
        }
        "DaemonSet" => "one node after the other".to_owned(),
        _ => return None,
    };
    Some((pods, order))
}

fn of_stateful_set(worker: &Worker, pods: &mut Vec<String>) -> String {
    let strategy = &worker.spec["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return "none by itself, since the strategy is `OnDelete`: each when it is deleted".to_owned();
    }
    let rolling = &strategy["rollingUpdate"];
    let mut order = match &rolling["maxUnavailable"] {
        Value::Null => "one at a time, from the highest ordinal down".to_owned(),
        many => format!("up to {many} at a time, from the highest ordinal down"),
    };
    order += match worker.spec["minReadySeconds"].as_i64().unwrap_or(0) {
        0 => ", each once the one before is Ready".to_owned(),
        seconds => format!(", each once the one before has been Ready for {seconds} s"),
    }
    .as_str();
    if let Some(partition) = rolling["partition"].as_i64() {
        let held = |pod: &String| {
            let ordinal = pod.rsplit('-').next().and_then(|ordinal| ordinal.parse::<i64>().ok());
            ordinal.is_some_and(|ordinal| ordinal < partition)
        };
        let back: Vec<String> = pods.iter().filter(|pod| held(pod)).cloned().collect();
        pods.retain(|pod| !held(pod));
        if !back.is_empty() {
            order += &format!("; `partition: {partition}` holds back {}", back.join(", "));
        }
    }
    order
}

fn of_deployment(spec: &Value) -> String {
    let strategy = &spec["strategy"];
    if strategy["type"] == "Recreate" {
        return "all stop before the first new one starts (`Recreate`)".to_owned();
    }
    let of = |field: &str| match &strategy["rollingUpdate"][field] {
        Value::Null => "25%".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!(
        "up to {} more than wanted and up to {} away at a time",
        of("maxSurge"),
        of("maxUnavailable")
    )
}
