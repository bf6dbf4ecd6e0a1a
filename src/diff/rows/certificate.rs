//! Certificates that cert-manager writes: the names that clients dial, who signs them, where they are written, and how long they hold.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Changed, object, principals};
use crate::{
    diff::{
        change::{Draft, Found, Place},
        class::{Class, Flag},
        row::Row,
        sets::{Sets, When, Worker},
        walk::Field,
    },
    manifest::Identity,
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

/// Another issuer.
static ISSUER: Row = Row {
    id: "certificate-issuer",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "another issuer of a certificate",
    reason: "cert-manager writes certificate and `ca.crt` of the new issuer into the Secret `{secret}` at once: if that is another authority, a \
        process that starts from then on and those that run do not trust each other, and neither do clients that trust only the old one",
    commands: &[
        "# have both issuers the same authority? Then nothing else is to be done; if not, each process has to trust both authorities before the \
         first one shows a certificate of the new one, or all are stopped and started together",
        "kubectl -n {namespace} get secret {secret} -o jsonpath='{.data.ca\\.crt}' | base64 -d | openssl x509 -noout -subject -fingerprint -sha256",
    ],
};

/// A Secret that is no longer renewed, and read.
static LEFT: Row = Row {
    id: "certificate-secret-left",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a Secret with a certificate that nothing renews any more, and that pods read",
    reason: "`{secret_before}` is read by {readers}, and cert-manager no longer renews it: the certificate in it ends in {lifetime} at most, and \
        connections to whoever shows it then are refused",
    commands: &[
        "# keep the Certificate of `{secret_before}`, or have its readers take another Secret in the same change",
    ],
};

/// Another Secret.
static SECRET: Row = Row {
    id: "certificate-secret",
    class: Class::Metadata,
    flags: &[],
    summary: "another Secret for a certificate",
    reason: "cert-manager writes a new key and certificate into `{secret}`; `{secret_before}` stays, and is no longer renewed; pods that read \
        `{secret}` do not start before it is there",
    commands: &[],
};

/// A key that Kafka does not read.
static ENCODING: Row = Row {
    id: "certificate-encoding",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a private key in a form that Kafka does not read",
    reason: "Kafka and ZooKeeper read PKCS #8 alone: once cert-manager has written a key in the form {after}, at the next renewal at the latest, a pod \
        of {readers} that restarts does not start, and the rollout stops there",
    commands: &["# keep `privateKey.encoding: PKCS8`"],
};

/// Another key.
static KEY: Row = Row {
    id: "certificate-key",
    class: Class::Metadata,
    flags: &[],
    summary: "the private key of a certificate: algorithm, size, encoding, or whether it is made anew",
    reason: "counts for the next key that cert-manager writes; processes take it when they start",
    commands: &[],
};

/// A shorter life, or less time between renewal and end.
static LIFETIME_SHORTENED: Row = Row {
    id: "certificate-lifetime-shortened",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a certificate that ends sooner, or is renewed later",
    reason: "Kafka reads its certificate when it starts: after a renewal, {readers} must restart within {margin}, or the certificate that they \
        show ends",
    commands: &[],
};

/// A longer life.
static LIFETIME: Row = Row {
    id: "certificate-lifetime",
    class: Class::Metadata,
    flags: &[],
    summary: "a certificate that ends later, or is renewed sooner",
    reason: "cert-manager renews it accordingly; processes take a new certificate when they start",
    commands: &[],
};

/// A use that is gone.
static USAGE_REMOVED: Row = Row {
    id: "certificate-usage-removed",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a certificate is no longer for servers or for clients",
    reason: "cert-manager writes a certificate without {usage}: once {readers} have started with it, the other side ends connections in which it is \
        shown as that",
    commands: &["# keep {usage} in `usages`; nodes need both `server auth` and `client auth`"],
};

/// Another use.
static USAGE: Row = Row {
    id: "certificate-usage",
    class: Class::Metadata,
    flags: &[],
    summary: "what a certificate may be used for",
    reason: "cert-manager writes a new certificate; processes take it when they start",
    commands: &[],
};

/// A Certificate that is new.
static ADDED: Row = Row {
    id: "certificate-added",
    class: Class::Metadata,
    flags: &[],
    summary: "a Certificate is new",
    reason: "cert-manager writes it into the Secret `{secret}`; pods that read the Secret do not start before it is there",
    commands: &[],
};

/// A Certificate that goes.
static REMOVED: Row = Row {
    id: "certificate-removed",
    class: Class::Metadata,
    flags: &[],
    summary: "a Certificate is removed, and no pod reads its Secret",
    reason: "a deployer that prunes deletes it, and the Secret `{secret_before}` stays unless cert-manager runs with \
        `--enable-certificate-owner-ref`; without pruning, it is renewed further",
    commands: &[],
};

/// A Certificate that goes while pods read its Secret.
static REMOVED_READ: Row = Row {
    id: "certificate-removed-and-read",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a Certificate is removed, and pods read its Secret",
    reason: "a deployer that prunes deletes it: the Secret `{secret_before}`, read by {readers}, is no longer renewed, and goes at once where \
        cert-manager runs with `--enable-certificate-owner-ref`; its certificate ends in {lifetime} at most, and connections to whoever shows \
        it then are refused",
    commands: &["# keep the Certificate, or have something else write the Secret `{secret_before}` first"],
};

pub(super) const ROWS: &[&Row] = &[
    &NAMES_ADDED,
    &NAMES_REMOVED,
    &ISSUER,
    &LEFT,
    &SECRET,
    &ENCODING,
    &KEY,
    &LIFETIME_SHORTENED,
    &LIFETIME,
    &USAGE_REMOVED,
    &USAGE,
    &ADDED,
    &REMOVED,
    &REMOVED_READ,
];

/// A certificate that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    if changed.identity.kind != "Certificate" {
        object::judge(changed, found);
        return;
    }
    let mut told = BTreeSet::new();
    for field in &changed.fields {
        let part = field.pattern.strip_prefix("spec.").unwrap_or_default();
        let part = part.split(['.', '[']).next().unwrap_or_default();
        // Each name is a field, and the list is one; a subject has several.
        let part = if part == "commonName" { "subject" } else { part };
        let is_first = told.insert(part.to_owned());
        match part {
            "dnsNames" => {
                if is_first {
                    names(changed, found);
                }
            }
            "subject" | "literalSubject" => {
                if is_first {
                    principals::certificate(changed, changed.place(field), found);
                }
            }
            "issuerRef" => {
                if is_first {
                    of_issuer(changed, field, found);
                }
            }
            "secretName" => of_secret(changed, field, found),
            "privateKey" => key(changed, field, found),
            "duration" | "renewBefore" | "renewBeforePercentage" => lifetime(changed, field, found),
            "usages" => {
                if is_first {
                    usages(changed, found);
                }
            }
            _ => object::other(changed, field, found),
        }
    }
}

/// The Secret that a Certificate asks for.
fn secret(body: &Value) -> &str {
    body["spec"]["secretName"].as_str().unwrap_or_default()
}

/// The workloads of the new manifests that read a Secret, as kubectl names them.
fn readers(sets: &Sets<'_>, namespace: &str, secret: &str) -> Vec<String> {
    let workers = sets.workers_in(When::After, namespace, secret);
    workers
        .filter(|worker| worker.reads("Secret", namespace, secret))
        .map(|worker| {
            let identity = &worker.model.identity;
            format!("{}/{}", identity.kind.to_lowercase(), identity.name)
        })
        .collect()
}

fn shown(readers: &[String]) -> String {
    if readers.is_empty() {
        "the processes that read it".to_owned()
    } else {
        readers.join(", ")
    }
}

/// The words of all rows.
fn words(draft: &mut Draft, sets: &Sets<'_>, identity: &Identity, before: &Value, after: &Value) {
    let of = if secret(after).is_empty() { before } else { after };
    let readers = readers(sets, &identity.namespace, secret(of));
    let spec = &of["spec"];
    // cert-manager's own.
    let lifetime = spec["duration"].as_str().unwrap_or("2160h");
    let margin = match spec["renewBefore"].as_str() {
        Some(margin) => span(margin),
        None => "the time that is left then (by default a third of its life)".to_owned(),
    };
    draft
        .word("secret", secret(after))
        .word("secret_before", secret(before))
        .word("readers", shown(&readers))
        .word("lifetime", span(lifetime))
        .word("margin", margin);
}

/// A time as Go writes it, without what is zero: `2160h0m0s`.
fn span(text: &str) -> String {
    let text = text
        .strip_suffix("m0s")
        .map_or(text.to_owned(), |rest| format!("{rest}m"));
    text.strip_suffix("h0m").map_or(text.clone(), |rest| format!("{rest}h"))
}

/// A time as Go writes it, in seconds: `1h30m`.
fn seconds(text: &str) -> Option<u64> {
    let (mut total, mut number) = (0_u64, String::new());
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let value: u64 = std::mem::take(&mut number).parse().ok()?;
        total = total.checked_add(value.checked_mul(unit)?)?;
    }
    number.is_empty().then_some(total)
}

fn add<'f>(changed: &Changed<'_>, place: Place, row: &'static Row, found: &'f mut Found) -> &'f mut Draft {
    let draft = found.add(row, place);
    words(draft, changed.sets, changed.identity, &changed.before, &changed.after);
    draft
}

fn of_issuer(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    add(changed, changed.place(field), &ISSUER, found);
}

fn of_secret(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let sets = changed.sets;
    let namespace = &changed.identity.namespace;
    let left = readers(sets, namespace, secret(&changed.before));
    let is_written = is_written(sets, namespace, secret(&changed.before));
    let is_left = !left.is_empty() && !is_written;
    let draft = add(
        changed,
        changed.place(field),
        if is_left { &LEFT } else { &SECRET },
        found,
    );
    if is_left {
        draft.word("readers", shown(&left));
    }
}

/// Whether a Certificate of the new manifests writes a Secret.
pub(super) fn is_written(sets: &Sets<'_>, namespace: &str, name: &str) -> bool {
    let side = sets.after;
    side.of_kinds(&["Certificate"])
        .filter(|index| side.identity(*index).namespace == namespace)
        .any(|index| secret(&side.body(index)) == name)
}

fn key(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let encoding = |body: &Value| {
        let encoding = body["spec"]["privateKey"]["encoding"].as_str();
        encoding.unwrap_or("PKCS1").to_owned()
    };
    let sets = changed.sets;
    let namespace = &changed.identity.namespace;
    let of_kafka = sets
        .workers_in(When::After, namespace, secret(&changed.after))
        .filter(|worker| worker.reads("Secret", namespace, secret(&changed.after)))
        .any(|worker| worker.model.workload().is_some_and(|workload| workload.kafka.is_some()));
    let after = encoding(&changed.after);
    let unreadable = encoding(&changed.before) == "PKCS8" && after == "PKCS1" && of_kafka;
    let draft = add(
        changed,
        changed.place(field),
        if unreadable { &ENCODING } else { &KEY },
        found,
    );
    if unreadable {
        let form = match changed.after["spec"]["privateKey"]["algorithm"].as_str() {
            Some("ECDSA") => "SEC 1 (`PKCS1`, the default)",
            _ => "PKCS #1 (`PKCS1`, the default)",
        };
        draft.word("after", form);
    }
}

fn lifetime(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let [before, after] = [&field.before, &field.after].map(|value| match value {
        Value::String(text) => seconds(text),
        Value::Number(percent) => percent.as_u64(),
        // Only the lifetime has a default that does not depend on anything.
        _ => (field.pattern == "spec.duration").then_some(2160 * 3600),
    });
    let is_longer = matches!((before, after), (Some(before), Some(after)) if after > before);
    let row = if is_longer { &LIFETIME } else { &LIFETIME_SHORTENED };
    add(changed, changed.place(field), row, found);
}

fn usages(changed: &Changed<'_>, found: &mut Found) {
    let [before, after] = [&changed.before, &changed.after].map(|body| body["spec"]["usages"].clone());
    let (old, new) = (texts(&before), texts(&after));
    let gone: Vec<String> = old
        .difference(&new)
        .filter(|usage| ["server auth", "client auth"].contains(&usage.as_str()))
        .map(|usage| format!("`{usage}`"))
        .collect();
    let row = if gone.is_empty() { &USAGE } else { &USAGE_REMOVED };
    let place = Place::field(changed.identity, "spec.usages", before, after);
    add(changed, place, row, found).word("usage", gone.join(" and "));
}

/// A Certificate that is new; whether it is one.
pub(super) fn added(sets: &Sets<'_>, new: usize, found: &mut Found) -> bool {
    let identity = sets.after.identity(new);
    if identity.kind != "Certificate" || identity.group != GROUP {
        return false;
    }
    let draft = found.add(&ADDED, Place::object(identity));
    draft.word("secret", secret(&sets.after.body(new)));
    true
}

/// A Certificate that goes.
pub(super) fn removed(sets: &Sets<'_>, old: usize, found: &mut Found) {
    let identity = sets.before.identity(old);
    let body = sets.before.body(old);
    let is_read = !readers(sets, &identity.namespace, secret(&body)).is_empty();
    let is_left = is_read && !is_written(sets, &identity.namespace, secret(&body));
    let row = if is_left { &REMOVED_READ } else { &REMOVED };
    let draft = found.add(row, Place::object(identity));
    words(draft, sets, identity, &body, &Value::Null);
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
        let of_nodes = nodes(changed, secret);
        let is_dialled = row.id == NAMES_REMOVED.id
            && names.iter().any(|name| {
                let host = name.trim_matches('`').split('.').next().unwrap_or_default();
                of_nodes.iter().any(|pod| pod == host)
            });
        let draft = found.add(row, place);
        draft.word("names", names.join(", ")).word("secret", secret.to_owned());
        if is_dialled {
            draft.flag(Flag::Availability).remark(
                "nodes dial each other by these names too: one that shows the new certificate is out of the cluster until it has them again",
            );
        }
    }
}

/// The pods of StatefulSets that show what is in a Secret.
fn nodes(changed: &Changed<'_>, secret: &str) -> Vec<String> {
    let namespace = &changed.identity.namespace;
    let workers = changed.sets.workers_in(When::After, namespace, secret);
    workers
        .filter(|worker| worker.model.identity.kind == "StatefulSet" && worker.reads("Secret", namespace, secret))
        .flat_map(Worker::pods)
        .collect()
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> BTreeSet<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| Some(item.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_go_are_read_and_shown() {
        for (text, shown, value) in [
            ("2160h0m0s", "2160h", Some(7_776_000)),
            ("1h30m", "1h30m", Some(5400)),
            ("10m0s", "10m", Some(600)),
            ("90s", "90s", Some(90)),
            ("1d", "1d", None),
            ("90", "90", None),
        ] {
            assert_eq!((span(text).as_str(), seconds(text)), (shown, value), "{text}");
        }
    }
}
