//! Certificates of brokers and controllers: that Kafka can read them, that they have the names that are dialled, and that they are renewed.

use std::collections::BTreeMap;

use super::{Member, addresses, listeners, listening};
use crate::{
    diagnostics::{
        Severity::{Error, Warning},
        family::rules,
    },
    lint::model::{
        certificate::Certificate,
        container::{Container, Stage},
        mounts::Content,
        program::Program,
        set::{ObjectSet, SetFindings},
    },
};

rules! { rules::security;
    /// A key that Kafka cannot read.
    pub const KEY_FORMAT: Rule = Rule {
        id: "KS-X07",
        production: Error,
        development: Error,
        summary: "a certificate whose key Kafka cannot read",
        explanation: "Kafka reads keys of RSA and EC in PKCS#8. cert-manager writes PKCS#1 unless \
            `privateKey.encoding` is `PKCS8`, and the process ends with `Invalid PEM keystore configs`, `algid parse \
            error, not a sequence`. A key of the kind Ed25519 ends it in any encoding.",
        source: "seen with Kafka 3.9.2 and 4.3.1; cert-manager documentation, Certificate",
    };

    /// A certificate without a name that is dialled.
    pub const DIALLED_NAME: Rule = Rule {
        id: "KS-X08",
        production: Error,
        development: Error,
        summary: "a certificate without a name that is dialled, or not for clients although nodes show it",
        explanation: "Clients and the other nodes compare the name that they dial, the one in \
            `advertised.listeners`, and that of a controller in `controller.quorum.voters` or \
            `controller.quorum.bootstrap.servers`, with the names of the certificate, and end the connection if it is not among \
            them: `No subject alternative DNS name matching … found`. A `*` stands for one part of a name. Among themselves nodes are clients \
            too: without `client auth` in `usages` a certificate is refused as theirs.",
        source: "RFC 2818; RFC 5280, Extended Key Usage; seen with Kafka 4.3.1",
    };

    /// A certificate that ends before it is renewed.
    pub const RENEWAL: Rule = Rule {
        id: "KS-X22",
        production: Error,
        development: Warning,
        summary: "a certificate that is not renewed in time",
        explanation: "cert-manager takes no `renewBefore` that is as long as `duration`, or longer: it makes no certificate at all. \
            With less than a day there is no time to see that an issuer fails, and none for a restart of the nodes that read \
            certificates only when they start: all connections end at once.",
        source: "cert-manager documentation, Certificate resources, Renewal; Kafka documentation, Security",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    let is_pem = |key: &str, value: &str| key.ends_with("ssl.keystore.type") && value.trim() == "PEM";
    let is_pem = member.settings.iter().any(|(key, setting)| is_pem(key, &setting.value));
    for (index, certificate) in of_member(set, member) {
        renewal(index, certificate, findings);
    }
    let own = listeners::own(member).unwrap_or_default();
    let mut shown: BTreeMap<usize, (&Certificate, Vec<String>)> = BTreeMap::new();
    for listener in own {
        if let Some((index, certificate)) = shown_by(set, member, &listener) {
            shown
                .entry(index)
                .or_insert_with(|| (certificate, Vec::new()))
                .1
                .push(listener);
        }
    }
    for (index, (certificate, listeners)) in shown {
        if is_pem {
            key(index, certificate, findings);
        }
        names(set, member, (index, certificate), &listeners, findings);
        usages(member, (index, certificate), &listeners, findings);
    }
}

/// The certificates of the Secrets that its process gets, and their places: not those of a sidecar.
pub(super) fn of_member<'s>(set: &ObjectSet<'s>, member: &Member<'_>) -> Vec<(usize, &'s Certificate)> {
    let namespace = &member.object.identity.namespace;
    let mounted = |container: &Container, secret: &str| {
        let mut mounts = container.mounts.list.iter();
        mounts.any(|mount| matches!(&mount.content, Content::Secret(files) if files.object == secret))
    };
    let is_others = |secret: &str| {
        let (own, others): (Vec<&Container>, Vec<&Container>) = member
            .workload
            .containers
            .iter()
            .partition(|one| one.pointer == member.container.pointer || one.stage == Stage::Init);
        others.iter().any(|one| mounted(one, secret)) && !own.iter().any(|one| mounted(one, secret))
    };
    let secrets = member
        .workload
        .references
        .iter()
        .filter(|reference| reference.kind == "Secret" && !is_others(&reference.name));
    let mut found: Vec<(usize, &Certificate)> = secrets
        .filter_map(|secret| set.certificate(namespace, &secret.name))
        .collect();
    found.sort_by_key(|(index, _)| *index);
    found.dedup_by_key(|(index, _)| *index);
    found
}

/// The certificate that a listener shows, and its place: that of the Secret in which its key store is, or the only one of the process where that is not
/// seen. None if it cannot be told, or cert-manager does not make it.
pub(super) fn shown_by<'s>(
    set: &ObjectSet<'s>,
    member: &Member<'_>,
    listener: &str,
) -> Option<(usize, &'s Certificate)> {
    let keys = [
        "ssl.keystore.location",
        "ssl.keystore.certificate.chain",
        "ssl.keystore.key",
    ];
    let mut settings = keys
        .into_iter()
        .filter_map(|key| listeners::of_listener(member, listener, key));
    if let Some((_, setting)) = settings.next()
        && let Some(path) = path(&setting.value)
        && let Some(Content::Secret(files)) = member.container.mounts.at(path).map(|mount| &mount.content)
    {
        return set.certificate(&member.object.identity.namespace, &files.object);
    }
    match of_member(set, member).as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// The path in a setting: `/tls/key.p12`, `${dir:/tls:tls.key}`.
fn path(value: &str) -> Option<&str> {
    let from = &value[value.find('/')?..];
    Some(&from[..from.find([':', '}']).unwrap_or(from.len())])
}

fn key(index: usize, certificate: &Certificate, findings: &mut SetFindings) {
    let problem = if certificate.algorithm == "Ed25519" {
        ("algorithm", "of the kind Ed25519".to_owned(), "use `ECDSA` or `RSA`")
    } else if certificate.encoding != "PKCS8" {
        (
            "encoding",
            format!("in {}", certificate.encoding),
            "set `privateKey.encoding: PKCS8`",
        )
    } else {
        return;
    };
    let (field, what, hint) = problem;
    let message = format!("the key is {what}, which Kafka cannot read: the process does not start");
    findings
        .add(index, format!("/spec/privateKey/{field}"), &KEY_FORMAT, message)
        .hint(hint);
}

/// A certificate is renewed in time.
fn renewal(index: usize, certificate: &Certificate, findings: &mut SetFindings) {
    const DEFAULT: u64 = 90 * 24 * 3600;
    const LEAST: u64 = 24 * 3600;
    let Some(before) = certificate.renew_before.as_deref().and_then(go_seconds) else {
        return;
    };
    let duration = certificate.duration.as_deref().map_or(Some(DEFAULT), go_seconds);
    let (message, hint) = if duration.is_some_and(|duration| before >= duration) {
        (
            "`renewBefore` is not shorter than `duration`: cert-manager makes no certificate",
            "renew after two thirds of `duration`, which is the default",
        )
    } else if before < LEAST {
        (
            "it is renewed less than a day before its end: there is no time to mend an issuer, or to restart nodes",
            "give `renewBefore` some days",
        )
    } else {
        return;
    };
    findings
        .add(index, "/spec/renewBefore", &RENEWAL, message.to_owned())
        .hint(hint);
}

/// The seconds of a duration as Go writes it, such as `2160h` or `1h30m`.
fn go_seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total = number
            .checked_mul(unit)
            .and_then(|seconds| seconds.checked_add(total))?;
        rest = &rest[end + 1..];
    }
    Some(total)
}

/// Nodes that show certificates to each other may use them as clients too.
fn usages(
    member: &Member<'_>,
    (index, certificate): (usize, &Certificate),
    own: &[String],
    findings: &mut SetFindings,
) {
    let Some(protocols) = listeners::protocols(member) else {
        return;
    };
    let between = listeners::inter_broker(member)
        .filter(|_| member.serves())
        .map(|(name, _)| name);
    let mut of_nodes = listeners::of_controllers(member)
        .unwrap_or_default()
        .into_iter()
        .chain(between)
        .filter(|name| own.contains(name));
    let shown = of_nodes.any(|name| protocols.get(&name).is_some_and(|protocol| protocol == "SSL"));
    let is_client = certificate
        .usages
        .iter()
        .any(|usage| ["client auth", "any"].contains(&usage.as_str()));
    if shown && !certificate.usages.is_empty() && !is_client {
        let message = "nodes show this certificate to each other, and it is not for clients: the other side refuses it";
        findings
            .add(index, "/spec/usages", &DIALLED_NAME, message)
            .hint("add `client auth` to `usages`");
    }
}

/// The names that others dial the process by, on its listeners with TLS, are those of the certificate.
fn names(
    set: &ObjectSet<'_>,
    member: &Member<'_>,
    (index, certificate): (usize, &Certificate),
    own: &[String],
    findings: &mut SetFindings,
) {
    let Some(protocols) = listeners::protocols(member) else {
        return;
    };
    let is_encrypted = |name: &str| {
        let name = name.to_ascii_uppercase();
        let protocol = protocols.get(&name).filter(|_| own.contains(&name));
        protocol.is_some_and(|protocol| protocol.ends_with("SSL"))
    };
    let mut missing: Vec<(String, &str)> = Vec::new();
    let mut dialled = |name: &str, how| {
        let is_known = !name.is_empty() && !name.contains(['{', '$', '(']);
        if is_known && !certificate.has(name) && !missing.iter().any(|(other, _)| other == name) {
            missing.push((name.to_owned(), how));
        }
    };
    for (_, value) in member.listed_by_pod("advertised.listeners") {
        for listener in listening::listeners(&value).filter(|listener| is_encrypted(listener.name)) {
            dialled(listener.host, "is advertised");
        }
    }
    let mut controllers = listeners::of_controllers(member).unwrap_or_default().into_iter();
    // Nodes that do not compare names are KS-X23's.
    let compares = |name: &str| {
        let key = "ssl.endpoint.identification.algorithm";
        let own = listeners::of_listener(member, name, key);
        own.is_none_or(|(_, setting)| !setting.value.trim().is_empty())
    };
    if member.votes() && controllers.any(|name| is_encrypted(&name) && compares(&name)) {
        for name in dialled_as_controller(set, member) {
            dialled(&name, "is how nodes dial this controller");
        }
    }
    if let Some((name, how)) = missing.first() {
        let (more, them) = match missing.len() {
            1 => (String::new(), "it"),
            count => (format!(", and {} more", count - 1), "them"),
        };
        let message = format!("`{name}` {how}, and the certificate does not have it{more}");
        findings
            .add(index, "/spec/dnsNames", &DIALLED_NAME, message)
            .hint(format!("add {them} to `dnsNames`"));
    }
}

/// The names in its lists of controllers that lead to its own pods.
fn dialled_as_controller(set: &ObjectSet<'_>, member: &Member<'_>) -> Vec<String> {
    let keys = ["controller.quorum.voters", "controller.quorum.bootstrap.servers"];
    let lists = keys.into_iter().filter_map(|key| member.settings.get(key));
    let entries = lists.flat_map(|list| list.value.split(','));
    entries
        .filter_map(|entry| {
            let address = entry.trim();
            let address = address.split_once('@').map_or(address, |(_, address)| address);
            let (name, port) = address.rsplit_once(':')?;
            let (pods, _) = addresses::dialled(set, &member.object.identity.namespace, name, port.parse().ok()?)?;
            pods.contains(&member.index).then(|| name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_of_go_is_seconds() {
        for (text, seconds) in [
            ("2160h", Some(7_776_000)),
            ("1h30m", Some(5400)),
            ("45s", Some(45)),
            ("2160h0m0s", Some(7_776_000)),
            ("2d", None),
            ("x", None),
        ] {
            assert_eq!(go_seconds(text), seconds, "{text}");
        }
    }
}
