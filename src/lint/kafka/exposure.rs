//! Who is let in although no one meant it, and nodes that are no one.

use std::collections::BTreeMap;

use super::{Member, certificates::of_member, cluster::Brokers, listeners, mapping::Mapping};
use crate::{
    diagnostics::{
        Diagnostic, Mend,
        Severity::{Error, Off, Warning},
        family::rules,
    },
    lint::model::{
        ObjectDetail,
        config::field,
        program::Program,
        set::{ObjectSet, SetFindings},
        settings::Setting,
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
            are for the time of a migration, until all clients have an identity. A rule of `ssl.principal.mapping.rules` that \
            makes a super user of any subject gives everything to whoever has a certificate of a trusted authority.",
        source: "Kafka documentation, Security, Authorization and ACLs, Customizing SSL User Name",
    };

    /// TLS that does not check with whom it speaks.
    pub const WEAK: Rule = Rule {
        id: "KS-X23",
        production: Warning,
        development: Off,
        summary: "TLS that does not check the other side, or that anyone can break",
        explanation: "With an empty `ssl.endpoint.identification.algorithm` a client takes each certificate of a trusted authority \
            for that of the broker that it dials: another pod can be the broker, and read passwords. TLS before 1.2, and suites \
            without encryption or without authentication, protect nothing.",
        source: "Kafka documentation, ssl.endpoint.identification.algorithm; RFC 8996",
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

    /// Clients that are let in and may do everything.
    pub const NO_AUTHORIZATION: Rule = Rule {
        id: "KS-X02",
        production: Warning,
        development: Warning,
        summary: "clients that show who they are and may do everything",
        explanation: "Without an authorizer each client that can connect may read, write and delete every topic, \
            change every setting, and make users; `super.users` says nothing then.",
        source: "Kafka documentation, Security, Authorization and ACLs",
    };

    /// A super user that is a part of the platform which needs less.
    pub const SUPER_USER: Rule = Rule {
        id: "KS-X11",
        production: Warning,
        development: Warning,
        summary: "a super user that is a worker, a registry or an application",
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
            `User:CN=kafka,O=shop`. A super user `User:kafka` is then nobody; with rules it is the first that fits the whole \
            subject, and a certificate that none fits is refused. So the authorizer refuses the requests of brokers to each other \
            and to controllers: `needs CLUSTER_ACTION permission`, and no broker finishes its start.",
        source: "Kafka documentation, Security, Customizing SSL User Name; seen with Kafka 4.3.1",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    everyone(member, findings);
    nobody(set, member, findings);
    anybody(member, findings);
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
    let Some((protocols, own, between, controllers)) = listeners_by_use(member) else {
        return;
    };
    let for_nodes = between.map(|name| (name, "brokers copy partitions over"));
    let addresses = listeners::listed(member, "listeners").unwrap_or_default();
    let is_local = |name: &String| {
        let mut of_name = addresses.iter().filter(|listener| listener.name == *name);
        of_name.any(|listener| ["127.0.0.1", "localhost", "[::1]"].contains(&listener.host.as_str()))
    };
    let for_clients = own
        .into_iter()
        .filter(|name| !is_local(name))
        .map(|name| (name, "clients connect to"));
    // Whoever reaches a listener between nodes may use it as a client.
    let to_controllers = controllers
        .into_iter()
        .map(|name| (name, "brokers and controllers use"));
    let open = for_clients
        .chain(for_nodes)
        .chain(to_controllers)
        .find_map(|(name, who)| {
            let protocol = protocols.get(&name)?;
            protocol.ends_with("PLAINTEXT").then_some((name, who, protocol))
        });
    let keys = ["listener.security.protocol.map", "listeners"];
    let setting = keys.into_iter().find_map(|key| Some((key, member.settings.get(key)?)));
    if let (Some((name, who, protocol)), Some((key, setting))) = (open, setting) {
        let consequence = if protocol == "PLAINTEXT" && !keeps_out_the_unknown(member) {
            "whoever reaches it may read, write and delete everything"
        } else {
            "whoever can watch the network reads what is written and read"
        };
        let mut finding = Diagnostic::new(
            &PLAINTEXT,
            format!("{who} listener `{name}` in plaintext: {consequence}"),
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

/// The security protocols; the listeners for clients; that between brokers, unless it is the only one and for clients too; those of controllers.
type ListenersByUse = (BTreeMap<String, String>, Vec<String>, Option<String>, Vec<String>);

/// The listeners of a broker by what they are for. None if the manifests do not show them.
fn listeners_by_use(member: &Member<'_>) -> Option<ListenersByUse> {
    let controllers = listeners::of_controllers(member)?;
    let (mut own, (between, _)) = (listeners::own(member)?, listeners::inter_broker(member)?);
    own.retain(|name| !controllers.contains(name));
    let between = (own.len() > 1).then_some(between);
    own.retain(|name| between.as_ref() != Some(name));
    Some((listeners::protocols(member)?, own, between, controllers))
}

/// Whether it has an authorizer, as far as the manifests show.
fn has_authorizer(member: &Member<'_>) -> bool {
    const KEY: &str = "authorizer.class.name";
    let setting = member.settings.get(KEY);
    setting.map_or_else(|| member.writes(KEY), |setting| !setting.value.trim().is_empty())
}

/// Whether those who show no identity may do nothing.
fn keeps_out_the_unknown(member: &Member<'_>) -> bool {
    let everyone = member.settings.get("allow.everyone.if.no.acl.found");
    let allowed = everyone.is_some_and(|setting| setting.value.trim().eq_ignore_ascii_case("true"));
    has_authorizer(member) && !allowed && super_users(member).all(|user| user != "ANONYMOUS")
}

/// Brokers that know who their clients are, or are told who may do everything, and ask no authorizer. The first set of a cluster's brokers stands
/// for all of them.
pub(super) fn no_authorizer(member: &Member<'_>, brokers: &Brokers<'_>, findings: &mut SetFindings) {
    let is_first = brokers
        .beside(member)
        .is_none_or(|fleet| fleet.brokers.index == member.index);
    if !member.serves() || !is_first || has_authorizer(member) || member.settings.is_empty() {
        return;
    }
    let mut finding = Diagnostic::new(
        &NO_AUTHORIZATION,
        "whoever can connect may do everything: there is no authorization",
    );
    let hint = "set `authorizer.class.name`, and make the nodes super users";
    finding.hint("add `.authorization()`").yaml_hint(hint);
    let users = "super.users";
    if let Some(setting) = member
        .settings
        .get(users)
        .filter(|setting| !setting.value.trim().is_empty())
    {
        "`super.users` has no effect: without an authorizer whoever can connect may do everything"
            .clone_into(&mut finding.message);
        member.push(findings, users, setting, finding);
        return;
    }
    let Some((protocols, own, ..)) = listeners_by_use(member) else {
        return;
    };
    // That anyone may do everything on one in plaintext is told with it.
    let closed = !own.is_empty()
        && own
            .iter()
            .all(|name| protocols.get(name).is_some_and(|protocol| protocol != "PLAINTEXT"));
    let keys = ["listener.security.protocol.map", "listeners"];
    let setting = keys.into_iter().find_map(|key| Some((key, member.settings.get(key)?)));
    if let Some((key, setting)) = setting.filter(|_| closed) {
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

const MAPPING_RULES: &str = "ssl.principal.mapping.rules";

/// The setting of a listener's rules, by its key.
type Rules<'m> = Option<(String, &'m Setting)>;

/// The rules by which a listener makes users of certificates. None if they cannot be told.
fn mapping<'m>(member: &'m Member<'_>, listener: &str) -> Option<(Mapping, Rules<'m>)> {
    const BUILDER: &str = "principal.builder.class";
    if member.settings.iter().any(|(key, _)| key.ends_with(BUILDER)) || member.writes(BUILDER) {
        return None;
    }
    let Some((key, setting)) = listeners::of_listener(member, listener, MAPPING_RULES) else {
        return (!member.writes(MAPPING_RULES)).then(|| (Mapping::default(), None));
    };
    let known = setting.is_known().then(|| Mapping::read(&setting.value))?;
    Some((known?, Some((key, setting))))
}

/// Brokers that show certificates to each other, and whose subject is no super user.
fn nobody(set: &ObjectSet<'_>, member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "super.users";
    let (Some(setting), Some(protocols), Some((between, _))) = (
        member.settings.get(KEY).filter(|setting| setting.is_known()),
        listeners::protocols(member),
        listeners::inter_broker(member),
    ) else {
        return;
    };
    if !member.serves() || protocols.get(&between).is_none_or(|protocol| protocol != "SSL") {
        return;
    }
    let Some((mapping, rules)) = mapping(member, &between) else {
        return;
    };
    let users: Vec<&str> = super_users(member).collect();
    let hidden = users
        .iter()
        .any(|user| *user == "ANONYMOUS" || user.contains(['{', '$', '(']));
    let Some(first) = users.first().filter(|_| !hidden) else {
        return;
    };
    let certificates = of_member(set, member);
    let subjects: Option<Vec<&str>> = certificates
        .iter()
        .map(|(_, certificate)| certificate.subject.as_deref())
        .collect();
    let Some(subjects) = subjects.filter(|subjects| !subjects.is_empty()) else {
        if rules.is_none() && users.iter().all(|user| !user.contains('=')) {
            let message = format!(
                "`User:{first}` is nobody: without `{MAPPING_RULES}` a broker is the whole subject of its certificate, and no super user"
            );
            let hint = format!("write the subject, as `User:CN={first}`, or set `{MAPPING_RULES}`");
            member.refuse(findings, &NOBODY, KEY, setting, message, hint);
        }
        return;
    };
    let made: Vec<Option<String>> = subjects.iter().map(|subject| mapping.user(subject)).collect();
    if made.iter().flatten().any(|user| users.contains(&user.as_str())) {
        return;
    }
    match (&made[0], rules) {
        (Some(user), _) => {
            let message = format!(
                "a broker is `User:{user}` by its certificate `{}`, which is none of the super users",
                subjects[0]
            );
            let hint = format!("add `User:{user}`, or make another user of the subject with `{MAPPING_RULES}`");
            member.refuse(findings, &NOBODY, KEY, setting, message, hint);
        }
        (None, Some((key, rules))) => {
            let message = format!(
                "no rule fits the whole subject `{}` of a broker's certificate: it is refused",
                subjects[0]
            );
            let hint = "end the rules with one that fits it, or with `DEFAULT`";
            member.refuse(findings, &NOBODY, &key, rules, message, hint);
        }
        (None, None) => {}
    }
}

/// Rules that make a super user of whoever has a certificate of a trusted authority.
fn anybody(member: &Member<'_>, findings: &mut SetFindings) {
    const ANY: &str = "CN=any.example.com,OU=any,O=any,L=any,ST=any,C=ZZ";
    let (Some(protocols), Some(own)) = (listeners::protocols(member), listeners::own(member)) else {
        return;
    };
    let of_certificates = own
        .iter()
        .filter(|name| protocols.get(*name).is_some_and(|protocol| protocol == "SSL"))
        .filter(|name| listeners::authenticates(member, name, "SSL"));
    for listener in of_certificates {
        let Some((mapping, Some((key, setting)))) = mapping(member, listener) else {
            continue;
        };
        let Some(user) = mapping.user(ANY) else { continue };
        if super_users(member).any(|known| known == user) {
            let message = format!("whoever has a certificate of a trusted authority is `User:{user}`, a super user");
            let hint = "write a rule that fits the certificates of this user alone";
            member.refuse(findings, &EVERYONE, &key, setting, message, hint);
            return;
        }
    }
}

/// Workers and registries that connect as one of the super users of their brokers.
pub(super) fn super_user(set: &ObjectSet<'_>, member: &Member<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    if !matches!(member.process.program, Program::Connect | Program::Registry) {
        return;
    }
    let own = brokers_of(&member.object.identity.namespace, members);
    let logins = ["sasl.jaas.config", "kafkastore.sasl.jaas.config"];
    let login = logins
        .into_iter()
        .find_map(|key| Some((key, member.settings.get(key)?)));
    let found = match login {
        Some((key, setting)) => user_of(&setting.value).map(|user| (key, setting, user.to_owned())),
        None => by_certificate(set, member, &own),
    };
    let Some((key, setting, user)) = found else { return };
    if is_super_user(&own, &user) {
        let message = format!("it connects as `User:{user}`, a super user of the brokers: it may do everything");
        let hint = "give it a user of its own, with the permissions that it needs";
        member.refuse(findings, &SUPER_USER, key, setting, message, hint);
    }
}

/// Files of producers and consumers that connect as a super user. A file for tools alone has none of their settings.
pub(super) fn super_clients(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    const OF_CLIENTS: [&str; 5] = [
        "group.id",
        "transactional.id",
        "acks",
        "key.serializer",
        "key.deserializer",
    ];
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Config(config) = &object.detail else {
            continue;
        };
        for (file, lines) in &config.properties {
            let has = |key: &str| lines.iter().any(|line| line.key == key);
            let login = lines.iter().rev().find(|line| line.key == "sasl.jaas.config");
            let Some((login, user)) = login.and_then(|line| Some((line, user_of(&line.value)?))) else {
                continue;
            };
            // Those of workers are theirs.
            if !OF_CLIENTS.iter().any(|key| has(key)) || has("config.storage.topic") || has("process.roles") {
                continue;
            }
            if is_super_user(&brokers_of(&object.identity.namespace, members), user) {
                let message =
                    format!("it connects as `User:{user}`, a super user of the brokers: it may do everything");
                let mut finding = Diagnostic::new(&SUPER_USER, message);
                finding.place.field = field(file);
                finding.place.row = Some(login.row);
                finding.place.setting.clone_from(&login.key);
                finding.yaml_hint("take this user out of `super.users`, and give it the permissions that it needs");
                findings.push(index, finding);
            }
        }
    }
}

/// Whether one of these brokers lets a user do everything.
fn is_super_user(brokers: &[&Member<'_>], user: &str) -> bool {
    let mut all = brokers.iter().flat_map(|brokers| super_users(brokers));
    all.any(|known| known == user)
}

/// The brokers of a namespace, or those of others where it has none.
fn brokers_of<'m>(namespace: &str, members: &'m [Member<'m>]) -> Vec<&'m Member<'m>> {
    let is_here = |brokers: &Member<'_>| brokers.object.identity.namespace == namespace;
    let of_all: Vec<&Member<'_>> = members.iter().filter(|other| other.serves()).collect();
    let elsewhere = !of_all.iter().any(|brokers| is_here(brokers));
    of_all
        .into_iter()
        .filter(|brokers| elsewhere || is_here(brokers))
        .collect()
}

/// The user of a worker that shows a certificate, where all listeners make users of certificates alike.
fn by_certificate<'m>(
    set: &ObjectSet<'_>,
    member: &'m Member<'_>,
    brokers: &[&Member<'_>],
) -> Option<(&'static str, &'m Setting, String)> {
    const KEY: &str = "security.protocol";
    let setting = member
        .settings
        .get(KEY)
        .filter(|setting| setting.value.trim() == "SSL")?;
    let first = brokers.first()?;
    let of_one = |key: &str| key.starts_with("listener.name.") && key.ends_with(MAPPING_RULES);
    if first.settings.iter().any(|(key, _)| of_one(key)) {
        return None;
    }
    let (mapping, _) = mapping(first, "")?;
    let certificates = of_member(set, member);
    let mut users = certificates
        .iter()
        .filter_map(|(_, certificate)| mapping.user(certificate.subject.as_deref()?));
    Some((KEY, setting, users.next()?))
}

/// The user that a JAAS configuration logs in as.
pub(super) fn user_of(login: &str) -> Option<&str> {
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

/// Settings of TLS that make it worth nothing, in a process and its clients.
pub(super) fn weak(member: &Member<'_>, findings: &mut SetFindings) {
    for (key, setting) in member.settings.iter() {
        if let Some((message, hint)) = weakness(key, &setting.value) {
            member.refuse(findings, &WEAK, key, setting, message, hint);
        }
    }
}

/// What is weak about a setting of TLS, and what to do.
fn weakness(key: &str, value: &str) -> Option<(String, &'static str)> {
    let is = |end: &str| key == end || key.strip_suffix(end).is_some_and(|start| start.ends_with('.'));
    let value = value.trim();
    if is("ssl.endpoint.identification.algorithm") && value.is_empty() {
        let message = format!("`{key}` is empty: any certificate of a trusted authority is taken for the broker's");
        return Some((message, "remove it: the default, `https`, compares the names"));
    }
    let mut listed = value.split(',').map(str::trim);
    if is("ssl.enabled.protocols") || is("ssl.protocol") {
        let old = listed.find(|name| {
            ["TLS", "TLSv1", "TLSv1.1", "SSL", "SSLv2", "SSLv3"].contains(name)
                && !(is("ssl.protocol") && *name == "TLS")
        })?;
        return Some((
            format!("`{key}` has `{old}`, which protects nothing any more"),
            "write `TLSv1.2,TLSv1.3`, or remove it",
        ));
    }
    if is("ssl.cipher.suites") {
        let open = listed.find(|name| ["_NULL_", "_anon_", "_EXPORT_"].iter().any(|part| name.contains(part)))?;
        let message = format!("`{key}` has `{open}`, which does not encrypt, or asks no one for a certificate");
        return Some((message, "remove it: the defaults of Java are sound"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weakens_tls_is_found_in_any_clients_settings() {
        for (key, value, found) in [
            ("ssl.endpoint.identification.algorithm", "", true),
            ("producer.ssl.endpoint.identification.algorithm", " ", true),
            ("ssl.endpoint.identification.algorithm", "https", false),
            ("ssl.enabled.protocols", "TLSv1.2,TLSv1", true),
            ("ssl.enabled.protocols", "TLSv1.3,TLSv1.2", false),
            ("ssl.protocol", "TLS", false),
            (
                "listener.name.client.ssl.cipher.suites",
                "TLS_RSA_WITH_NULL_SHA256",
                true,
            ),
            ("ssl.cipher.suites", "TLS_AES_256_GCM_SHA384", false),
            ("myssl.protocol", "SSL", false),
        ] {
            assert_eq!(weakness(key, value).is_some(), found, "{key}={value}");
        }
    }
}
