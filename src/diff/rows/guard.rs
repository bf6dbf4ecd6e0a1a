//! Disruption budgets; roles and bindings; labels of namespaces that decide about pods.

use serde_json::Value;

use super::{Changed, object};
use crate::{
    diff::{
        change::{Found, Place},
        class::{Class, Flag},
        row::Row,
        sets::{Sets, When},
    },
    lint::model::{
        ObjectDetail, ObjectModel,
        guard::{Budget, IntOrPercent},
    },
    manifest::Identity,
};

/// A budget that goes.
static BUDGET_REMOVED: Row = Row {
    id: "budget-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a disruption budget is removed",
    reason: "nothing restarts; once a deployer has pruned it, drains of nodes may take all of its pods away at once",
    commands: &[],
};

/// A budget that allows more.
static BUDGET_LOOSENED: Row = Row {
    id: "budget-loosened",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a disruption budget lets more pods go at once",
    reason: "nothing restarts; drains of nodes may take {after_away} of {replicas} pods away at once, instead of {before_away}",
    commands: &[],
};

/// A budget that no longer has pods.
static BUDGET_EMPTY: Row = Row {
    id: "budget-selects-nothing",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a disruption budget no longer selects any pod",
    reason: "nothing restarts; no workload here has the labels of the selector: drains of nodes may take all pods away at once that it protected",
    commands: &[],
};

/// A budget that allows less.
static BUDGET_TIGHTENED: Row = Row {
    id: "budget-tightened",
    class: Class::Metadata,
    flags: &[],
    summary: "a disruption budget lets fewer pods go at once",
    reason: "nothing restarts; drains of nodes may take {after_away} of {replicas} pods away at once, instead of {before_away}",
    commands: &[],
};

/// A budget that allows nothing.
static BUDGET_BLOCKS: Row = Row {
    id: "budget-blocks",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a disruption budget allows no disruptions",
    reason: "nothing restarts; no node with one of its pods can be drained any more",
    commands: &[],
};

/// Another field of a budget.
static BUDGET: Row = Row {
    id: "budget",
    class: Class::Metadata,
    flags: &[],
    summary: "another field of a disruption budget",
    reason: "nothing restarts; it counts for the next drain",
    commands: &[],
};

/// A permission that goes.
static PERMISSION_LOST: Row = Row {
    id: "permission-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "permissions of a role change, or a binding loses a subject",
    reason: "applies at once, without a restart: what a process is no longer allowed, the API server refuses from then on",
    commands: &[],
};

/// A binding to another role.
static ROLE_REF: Row = Row {
    id: "role-ref",
    class: Class::RefusedByApiServer,
    flags: &[],
    summary: "a binding to another role",
    reason: "the API server refuses it (`roleRef: cannot change roleRef`): the binding stays as it was",
    commands: &[
        "kubectl -n {namespace} delete {kind} {name}",
        "# apply the new manifests at once",
    ],
};

/// The level of Pod Security of a namespace.
static POD_SECURITY: Row = Row {
    id: "pod-security-level",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "the level of Pod Security, or the injection of sidecars, of a namespace",
    reason: "pods that run stay as they are; a pod that starts from then on, after a restart or a drain, must keep to it or is not made",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[
    &BUDGET_REMOVED,
    &BUDGET_LOOSENED,
    &BUDGET_EMPTY,
    &BUDGET_TIGHTENED,
    &BUDGET_BLOCKS,
    &BUDGET,
    &PERMISSION_LOST,
    &ROLE_REF,
    &POD_SECURITY,
];

/// A budget that differs.
pub(super) fn budget(changed: &Changed<'_>, found: &mut Found) {
    let limit = |pattern: &str| ["spec.maxUnavailable", "spec.minAvailable"].contains(&pattern);
    let counts = [(When::Before, changed.sets.before), (When::After, changed.sets.after)].map(|(when, side)| {
        let model = side.find(changed.identity).map(|index| side.model(index))?;
        away(changed.sets, when, &model)
    });
    let is_emptied = matches!(counts, [Some((_, had)), Some((_, 0))] if had > 0);
    let mut told = false;
    for field in &changed.fields {
        if !limit(&field.pattern) {
            if field.pattern.starts_with("spec.selector") && is_emptied {
                found.add(&BUDGET_EMPTY, changed.place(field));
            } else if field.pattern.starts_with("spec") {
                found.add(&BUDGET, changed.place(field));
            } else {
                object::other(changed, field, found);
            }
            continue;
        }
        // One field for the other is one change.
        if std::mem::replace(&mut told, true) {
            continue;
        }
        let mut place = changed.place(field);
        if changed.fields.iter().filter(|field| limit(&field.pattern)).count() > 1 {
            let limits = |body: &Value| -> Value {
                let fields =
                    ["maxUnavailable", "minAvailable"].map(|name| (name.to_owned(), body["spec"][name].clone()));
                Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
            };
            "spec".clone_into(&mut place.path);
            (place.before, place.after) = (limits(&changed.before), limits(&changed.after));
        }
        let [Some((before, _)), Some((after, replicas))] = counts else {
            found.add(&BUDGET, place);
            continue;
        };
        let row = match after.cmp(&before) {
            _ if after == 0 && replicas > 0 => &BUDGET_BLOCKS,
            std::cmp::Ordering::Greater => &BUDGET_LOOSENED,
            std::cmp::Ordering::Less => &BUDGET_TIGHTENED,
            std::cmp::Ordering::Equal => &BUDGET,
        };
        let draft = found.add(row, place);
        draft
            .word("before_away", before.to_string())
            .word("after_away", after.to_string());
        draft.word("replicas", replicas.to_string());
    }
}

/// How many of its pods a budget lets go at once, and how many pods it has.
fn away(sets: &Sets<'_>, when: When, model: &ObjectModel) -> Option<(i64, i64)> {
    let ObjectDetail::Budget(Budget {
        selector,
        min_available,
        max_unavailable,
    }) = &model.detail
    else {
        return None;
    };
    let pods = sets.selected(when, &model.identity.namespace, selector);
    let replicas: i64 = pods.into_iter().map(crate::diff::sets::Worker::replicas).sum();
    let out_of = |amount: &IntOrPercent| amount.out_of(replicas);
    let away = match (max_unavailable, min_available) {
        (Some(most), _) => out_of(most),
        (None, Some(least)) => replicas - out_of(least),
        (None, None) => replicas,
    };
    Some((away.clamp(0, replicas), replicas))
}

/// A role or a binding that differs.
pub(super) fn access(changed: &Changed<'_>, found: &mut Found) {
    let mut role_ref = false;
    for field in &changed.fields {
        match field.pattern.split(['.', '[']).next().unwrap_or_default() {
            "roleRef" => {
                if !std::mem::replace(&mut role_ref, true) {
                    let [before, after] = [&changed.before, &changed.after].map(|body| body["roleRef"]["name"].clone());
                    found.add(&ROLE_REF, Place::field(changed.identity, "roleRef", before, after));
                }
            }
            "rules" | "subjects" | "aggregationRule" => {
                found.add(&PERMISSION_LOST, changed.place(field));
            }
            _ => object::other(changed, field, found),
        }
    }
}

/// A Namespace that differs.
pub(super) fn namespace(changed: &Changed<'_>, found: &mut Found) {
    for field in &changed.fields {
        let decides = ["pod-security.kubernetes.io/enforce", "istio-injection", "istio.io/rev"];
        if decides.iter().any(|label| field.path.contains(label)) && field.after != Value::Null {
            found.add(&POD_SECURITY, changed.place(field));
        } else {
            object::other(changed, field, found);
        }
    }
}

/// A budget that goes.
pub(super) fn removed(identity: &Identity, found: &mut Found) {
    found.add(&BUDGET_REMOVED, Place::object(identity));
}
