//! Who is let in although no one meant it, and certificates that keep everyone out.

use super::{Member, listeners};
use crate::{
    diagnostics::{
        Severity::{Error, Off, Warning},
        family::rules,
    },
    lint::model::{
        certificate::Certificate,
        program::Program,
        set::{ObjectSet, SetFindings},
        settings::POD_NAME,
    },
};

rules! { rules::security;
    /// An authorizer that lets everyone do something.
    pub const EVERYONE: Rule = Rule {
        id: "KS-X06",
        production: Warning,
        development: Off,
        summary: "an authorizer that lets everyone do something",
        explanation: "With `allow.everyone.if.no.acl.found=true` every topic and group that no permission names is open \
            to every client, a new topic too, and the first permission that names it closes it for all others. \
            `User:ANONYMOUS` among the `super.users` is everyone who connects to a listener without identities. Both \
            are for the time of a migration, until all clients have an identity.",
        source: "Kafka documentation, Security, Authorization and ACLs",
    };

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

    /// A certificate without a name that is advertised.
    pub const DIALLED_NAME: Rule = Rule {
        id: "KS-X08",
        production: Error,
        development: Error,
        summary: "a certificate without a name that is advertised",
        explanation: "Clients and the other brokers compare the name that they dial, the one in \
            `advertised.listeners`, with the names of the certificate, and end the connection if it is not among \
            them: `No subject alternative DNS name matching … found`. A `*` stands for one part of a name.",
        source: "RFC 2818; seen with Kafka 4.3.1",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    everyone(member, findings);
    let is_pem = |key: &str, value: &str| key.ends_with("ssl.keystore.type") && value.trim() == "PEM";
    if !member.settings.iter().any(|(key, setting)| is_pem(key, &setting.value)) {
        return;
    }
    let secrets = member
        .workload
        .references
        .iter()
        .filter(|reference| reference.kind == "Secret");
    for secret in secrets {
        if let Some((index, certificate)) = set.certificate(&member.object.identity.namespace, &secret.name) {
            key(index, certificate, findings);
            names(member, index, certificate, findings);
        }
    }
}

fn everyone(member: &Member<'_>, findings: &mut SetFindings) {
    let all = "allow.everyone.if.no.acl.found";
    if let Some(setting) = member
        .settings
        .get(all)
        .filter(|setting| setting.value.trim().eq_ignore_ascii_case("true"))
    {
        let message = format!("`{all}` is `true`: what no permission names is open to everyone");
        let hint = format!("remove `{all}`, and declare permissions");
        member.refuse(findings, &EVERYONE, all, setting, message, hint);
    }
    // Where no listener knows identities, there is nothing that everyone else could be kept from.
    let some = listeners::protocols(member).is_some_and(|map| map.values().any(|protocol| protocol != "PLAINTEXT"));
    let users = "super.users";
    let setting = member.settings.get(users);
    if let Some(setting) = setting.filter(|setting| some && setting.value.contains("User:ANONYMOUS")) {
        let message = "everyone who connects without an identity is a super user".to_owned();
        let hint = "remove `User:ANONYMOUS` once all clients have an identity";
        member.refuse(findings, &EVERYONE, users, setting, message, hint);
    }
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

/// The names that the process advertises for its listeners with TLS are those of the certificate.
fn names(member: &Member<'_>, index: usize, certificate: &Certificate, findings: &mut SetFindings) {
    let Some(protocols) = listeners::protocols(member) else {
        return;
    };
    let Some(advertised) = listeners::listed(member, "advertised.listeners") else {
        return;
    };
    let first = member.workload.first;
    let pods = (first..first + member.workload.replicas).map(|id| format!("{}-{id}", member.object.identity.name));
    let pods: Vec<String> = pods.collect();
    let mut missing: Vec<String> = Vec::new();
    for listener in advertised {
        if !protocols
            .get(&listener.name)
            .is_some_and(|protocol| protocol.ends_with("SSL"))
        {
            continue;
        }
        for pod in &pods {
            let name = listener.host.replace(POD_NAME, pod);
            let is_known = !name.is_empty() && !name.contains(['{', '$', '(']);
            if is_known && !certificate.has(&name) && !missing.contains(&name) {
                missing.push(name);
            }
        }
    }
    if let Some(name) = missing.first() {
        let more = match missing.len() {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let message = format!("`{name}` is advertised, and the certificate does not have it{more}");
        findings
            .add(index, "/spec/dnsNames", &DIALLED_NAME, message)
            .hint("add the names of all pods to `dnsNames`");
    }
}
