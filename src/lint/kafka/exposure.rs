//! Who is let in although no one meant it, and certificates that keep everyone out.

use super::{Member, cluster::Brokers, listeners, listening};
use crate::{
    diagnostics::{
        Diagnostic, Mend,
        Severity::{Error, Off, Warning},
        family::rules,
    },
    lint::model::{
        certificate::Certificate,
        program::Program,
        set::{ObjectSet, SetFindings},
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

    /// Clients that connect in plaintext.
    pub const PLAINTEXT: Rule = Rule {
        id: "KS-X10",
        production: Warning,
        development: Off,
        summary: "clients that connect without encryption",
        explanation: "Whoever can watch the network reads what clients of such a listener write and read. If they show \
            no identity either, whoever reaches its port may read, write and delete every topic, and change every \
            setting of the brokers: a network policy keeps out pods, and no one who is in one that it knows.",
        source: "Kafka documentation, Security",
    };

    /// A super user that is a part of the platform which needs less.
    pub const SUPER_USER: Rule = Rule {
        id: "KS-X11",
        production: Warning,
        development: Warning,
        summary: "a super user that is a worker or a registry",
        explanation: "No permission holds for a user among the `super.users`: it may read, write and delete everything. \
            What connects as such a user is only as safe as the least safe connector in it, and its REST interface \
            gives everyone who reaches it the same.",
        source: "Kafka documentation, Security, Authorization and ACLs",
    };

    /// A super user that no certificate makes.
    pub const NOBODY: Rule = Rule {
        id: "KS-X12",
        production: Error,
        development: Error,
        summary: "brokers that are none of the super users",
        explanation: "Without `ssl.principal.mapping.rules` the user of a certificate is its whole subject, as \
            `User:CN=kafka,O=shop`. A super user `User:kafka` is then nobody, so the authorizer refuses the requests of \
            brokers to each other and to controllers: `needs CLUSTER_ACTION permission`, and no broker finishes its start.",
        source: "Kafka documentation, Security, Customizing SSL User Name; seen with Kafka 4.3.1",
    };

    /// Permissions that are kept where everyone can change them.
    pub const ZOOKEEPER_OPEN: Rule = Rule {
        id: "KS-X21",
        production: Warning,
        development: Off,
        summary: "an authorizer whose permissions are in a ZooKeeper that is open to everyone",
        explanation: "In ZooKeeper mode users, the hashes of their passwords and all permissions are in ZooKeeper. Brokers that \
            connect without TLS and without a login write them for everyone: whoever reaches the port can log in as any \
            user, and give it every permission. With a certificate or a login, and `zookeeper.set.acl=true`, \
            what a broker writes only brokers change.",
        source: "Kafka 3.9 documentation, ZooKeeper Authentication; seen with Kafka 3.9.2 and ZooKeeper 3.8.6",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    everyone(member, findings);
    nobody(member, findings);
    zookeeper(member, findings);
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

/// The listeners of brokers that are neither for other brokers nor for controllers, and are not encrypted. The first set of a cluster's
/// brokers stands for all of them.
pub(super) fn plaintext(member: &Member<'_>, brokers: &Brokers<'_>, findings: &mut SetFindings) {
    let is_first = brokers
        .beside(member)
        .is_none_or(|fleet| fleet.brokers.index == member.index);
    if !member.serves() || !is_first {
        return;
    }
    let (Some(protocols), Some(mut own), Some(controllers), Some((between, _))) = (
        listeners::protocols(member),
        listeners::own(member),
        listeners::of_controllers(member),
        listeners::inter_broker(member),
    ) else {
        return;
    };
    own.retain(|name| !controllers.contains(name));
    // The only one is for clients too.
    if own.len() > 1 {
        own.retain(|name| *name != between);
    }
    let open = own.iter().find_map(|name| {
        let protocol = protocols.get(name)?;
        protocol.ends_with("PLAINTEXT").then_some((name, protocol))
    });
    let keys = ["listener.security.protocol.map", "listeners"];
    let setting = keys.into_iter().find_map(|key| Some((key, member.settings.get(key)?)));
    if let (Some((name, protocol)), Some((key, setting))) = (open, setting) {
        let consequence = if protocol == "PLAINTEXT" {
            "whoever reaches it may read, write and delete everything"
        } else {
            "whoever can watch the network reads what clients write and read"
        };
        let mut finding = Diagnostic::new(
            &PLAINTEXT,
            format!("clients connect to listener `{name}` in plaintext: {consequence}"),
        );
        // Its connection to ZooKeeper would stay open.
        let hint = if member.settings.get("zookeeper.connect").is_some() {
            "migrate to KRaft first, which can be closed"
        } else {
            next_phase(member).unwrap_or(
                "close it with `.internal_tls(…)`, `.listener(Listener::tls(…).scram())` and `.authorization()`; a cluster that runs needs \
             `.tls_rollout(TlsRollout::Offered, …)` first",
            )
        };
        finding
            .hint(hint)
            .yaml_hint("use `SASL_SSL` or `SSL`, with an authorizer");
        member.push(findings, key, setting, finding);
    }
}

/// What to do next with nodes of a stack that are being closed in phases: they serve TLS for each other, and plaintext. None for others.
fn next_phase(member: &Member<'_>) -> Option<&'static str> {
    let protocols = listeners::protocols(member)?;
    let encrypted = |name: &str| protocols.get(name).is_some_and(|protocol| protocol == "SSL");
    let [open, closed] = if member.serves() {
        ["REPLICATION", "PLATFORM"]
    } else {
        ["CONTROLLER", "QUORUM"]
    };
    if !encrypted(closed) || protocols.get(open).is_none_or(|protocol| protocol != "PLAINTEXT") {
        return None;
    }
    let used = if member.serves() {
        listeners::inter_broker(member)?.0
    } else {
        listeners::of_controllers(member)?.into_iter().next()?
    };
    Some(if used == closed {
        "move the clients to a listener of `Listener::tls(…)`; when no one uses plaintext, remove its listener and go on to \
         `TlsRollout::Closed`"
    } else {
        "once all pods have restarted, go on to `TlsRollout::Used`; the clients move then"
    })
}

/// The super users of a process.
fn super_users<'m>(member: &'m Member<'_>) -> impl Iterator<Item = &'m str> {
    let users = member.settings.get("super.users");
    let users = users.map_or("", |setting| setting.value.as_str()).split(';');
    users.filter_map(|user| user.trim().strip_prefix("User:"))
}

/// Brokers with an authorizer that are no one for ZooKeeper.
fn zookeeper(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "zookeeper.connect";
    let shown = ["zookeeper.set.acl", "zookeeper.ssl.client.enable"];
    let is_true = |key: &&str| {
        let setting = member.settings.get(key);
        member.writes(key) || setting.is_some_and(|setting| !setting.value.trim().eq_ignore_ascii_case("false"))
    };
    let has_authorizer = member
        .settings
        .get("authorizer.class.name")
        .is_some_and(|class| !class.value.trim().is_empty());
    // A process in KRaft mode reads it for a migration alone.
    let in_kraft = member.settings.get("process.roles").is_some();
    let Some(setting) = member.settings.get(KEY).filter(|_| has_authorizer && !in_kraft) else {
        return;
    };
    if shown.iter().any(is_true) {
        return;
    }
    let message = "users and permissions are in a ZooKeeper to which the brokers connect in plaintext and as no one: who reaches it may change them";
    let mut finding = Diagnostic::new(&ZOOKEEPER_OPEN, message);
    finding
        .hint("add `.internal_tls(…)` to the `ZooKeeper` and to the cluster")
        .yaml_hint(
            "give the servers `secureClientPort` and `ssl.clientAuth=need`, and the brokers `zookeeper.ssl.client.enable=true` with a \
             key store, and `zookeeper.set.acl=true`",
        );
    member.push(findings, KEY, setting, finding);
}

/// Brokers that show certificates to each other, and whose subject is no super user.
fn nobody(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "super.users";
    let rules = ["ssl.principal.mapping.rules", "principal.builder.class"];
    let (Some(setting), Some(protocols), Some((between, _))) = (
        member.settings.get(KEY).filter(|setting| setting.is_known()),
        listeners::protocols(member),
        listeners::inter_broker(member),
    ) else {
        return;
    };
    let mapped = member
        .settings
        .iter()
        .any(|(key, _)| rules.iter().any(|rule| key.ends_with(rule)));
    if !member.serves()
        || mapped
        || rules.iter().any(|rule| member.writes(rule))
        || protocols.get(&between).is_none_or(|protocol| protocol != "SSL")
    {
        return;
    }
    let mut users = super_users(member).peekable();
    if let Some(first) = users.peek().copied()
        && users.all(|user| !user.contains('=') && user != "ANONYMOUS")
    {
        let message = format!(
            "`User:{first}` is nobody: without `{}` a broker is the whole subject of its certificate, and no super user",
            rules[0]
        );
        let hint = format!("write the subject, as `User:CN={first}`, or set `{}`", rules[0]);
        member.refuse(findings, &NOBODY, KEY, setting, message, hint);
    }
}

/// Workers and registries that connect as one of the super users of their brokers.
pub(super) fn super_user(member: &Member<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    if !matches!(member.process.program, Program::Connect | Program::Registry) {
        return;
    }
    let logins = ["sasl.jaas.config", "kafkastore.sasl.jaas.config"];
    let Some((key, setting)) = logins
        .into_iter()
        .find_map(|key| Some((key, member.settings.get(key)?)))
    else {
        return;
    };
    let Some(user) = user_of(&setting.value) else { return };
    let of_all = members.iter().filter(|other| other.serves());
    let namespace = &member.object.identity.namespace;
    let mut own = of_all.filter(|brokers| brokers.object.identity.namespace == *namespace);
    if own.any(|brokers| super_users(brokers).any(|known| known == user)) {
        let message = format!("it connects as `User:{user}`, a super user of the brokers: it may do everything");
        let hint = "give it a user of its own, with the permissions that it needs";
        member.refuse(findings, &SUPER_USER, key, setting, message, hint);
    }
}

/// The user that a JAAS configuration logs in as.
fn user_of(login: &str) -> Option<&str> {
    let rest = login.split_once("username=")?.1.trim_start_matches('\\');
    let user = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split(['"', '\\']).next()?,
        None => rest.split([' ', ';']).next()?,
    };
    (!user.is_empty() && !user.contains(['$', '{', '('])).then_some(user)
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
        let yaml_hint = "remove `User:ANONYMOUS` once all clients have an identity";
        let mut finding = Diagnostic::new(&EVERYONE, message);
        finding
            .hint(next_phase(member).unwrap_or(yaml_hint))
            .yaml_hint(yaml_hint);
        finding.mend(Mend::change());
        member.push(findings, users, setting, finding);
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
    let is_encrypted = |name: &str| {
        let protocol = protocols.get(&name.to_ascii_uppercase());
        protocol.is_some_and(|protocol| protocol.ends_with("SSL"))
    };
    let mut missing: Vec<String> = Vec::new();
    for (_, value) in member.listed_by_pod("advertised.listeners") {
        for listener in listening::listeners(&value).filter(|listener| is_encrypted(listener.name)) {
            let name = listener.host.to_owned();
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
