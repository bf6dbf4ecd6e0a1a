//! Certificates that cert-manager writes: the names that clients dial.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Changed, object};
use crate::diff::{
    change::{Found, Place},
    class::{Class, Flag},
    row::Row,
};

pub(super) const GROUP: &str = "cert-manager.io";

/// More names.
static NAMES_ADDED: Row = Row {
    id: "certificate-names-added",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a certificate gets more names",
    reason: "Kafka reads its certificate when it starts: a pod that restarts before cert-manager has written the new one into the Secret \
        `{secret}` shows the old one, and clients that dial {names} end the connection (`No subject alternative DNS name matching`)",
    commands: &[
        "# apply the Certificate `{name}` alone, and hold the pods back until the Secret has {names}",
        "kubectl -n {namespace} get secret {secret} -o jsonpath='{.data.tls\\.crt}' | base64 -d | openssl x509 -noout -ext subjectAltName",
        "# then apply the rest; a pod that restarted too early is restarted once more",
    ],
};

/// Names that go.
static NAMES_REMOVED: Row = Row {
    id: "certificate-names-removed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a certificate loses names",
    reason: "once a pod has restarted with the new certificate, clients that still dial {names} end the connection (`No subject alternative \
        DNS name matching`)",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&NAMES_ADDED, &NAMES_REMOVED];

/// A certificate that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let mut told = false;
    for field in &changed.fields {
        if changed.identity.kind == "Certificate" && field.pattern.starts_with("spec.dnsNames") {
            // Each name is a field, and the list is one.
            if !std::mem::replace(&mut told, true) {
                names(changed, found);
            }
        } else {
            object::other(changed, field, found);
        }
    }
}

fn names(changed: &Changed<'_>, found: &mut Found) {
    let [before, after] = [&changed.before, &changed.after].map(|body| body["spec"]["dnsNames"].clone());
    let (old, new) = (texts(&before), texts(&after));
    let lists = [
        (&NAMES_REMOVED, old.difference(&new)),
        (&NAMES_ADDED, new.difference(&old)),
    ];
    for (row, names) in lists {
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        if names.is_empty() {
            continue;
        }
        let place = Place::field(changed.identity, "spec.dnsNames", before.clone(), after.clone());
        let secret = changed.after["spec"]["secretName"].as_str().unwrap_or_default();
        let draft = found.add(row, place);
        draft.word("names", names.join(", ")).word("secret", secret.to_owned());
    }
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> BTreeSet<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| Some(item.as_str()?.to_owned())).collect()
}
