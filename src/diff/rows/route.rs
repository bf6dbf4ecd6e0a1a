//! Routes of a Gateway: the names by which clients outside reach brokers.

use serde_json::Value;

use super::{Changed, certificate::texts, object};
use crate::diff::{
    change::{Found, Place},
    class::{Class, Flag},
    row::Row,
    sets::Sets,
};

pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// A route that leads elsewhere.
static CHANGED: Row = Row {
    id: "route-changed",
    class: Class::Metadata,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "the names, the Gateway or the Service of a TLSRoute change",
    reason: "the Gateway's controller follows at once: whoever dials {names} is passed on as the new route says, or is closed, and where brokers still \
        advertise the old name or port, clients of their partitions time out",
    commands: &[],
};

/// A route that goes.
static REMOVED: Row = Row {
    id: "route-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a TLSRoute is removed",
    reason: "with a deployer that prunes the Gateway closes connections to {names}; without one the route stays",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&CHANGED, &REMOVED];

/// A route that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    for field in &changed.fields {
        let leads = ["spec.hostnames", "spec.parentRefs", "spec.rules"];
        if changed.identity.kind == "TLSRoute" && leads.iter().any(|start| field.pattern.starts_with(start)) {
            let names = names(&changed.before);
            found.add(&CHANGED, changed.place(field)).word("names", names);
        } else {
            object::other(changed, field, found);
        }
    }
}

/// A route that goes.
pub(super) fn removed(sets: &Sets<'_>, old: usize, found: &mut Found) {
    let names = names(&sets.before.body(old));
    found
        .add(&REMOVED, Place::object(sets.before.identity(old)))
        .word("names", names);
}

fn names(route: &Value) -> String {
    let names: Vec<String> = texts(&route["spec"]["hostnames"])
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() {
        "any name of the Gateway's listener".to_owned()
    } else {
        names.join(", ")
    }
}
