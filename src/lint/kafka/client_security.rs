//! Clients, workers and registries: they speak the security protocol and the mechanism of the listener that they dial.

use std::collections::BTreeMap;

use super::{Member, addresses, listeners, listening};
use crate::{
    diagnostics::{Diagnostic, Mend, Severity::Error, family::rules},
    lint::model::{
        program::Program,
        properties::Property,
        set::{ObjectSet, SetFindings},
    },
};

rules! { rules::security;
    /// A client that does not speak as its listener does.
    pub const PROTOCOL: Rule = Rule {
        id: "KS-X24",
        production: Error,
        development: Error,
        summary: "a client whose security protocol, mechanism or login is not that of the listener that it dials",
        explanation: "A client that says nothing connects in plaintext, and with SASL uses `GSSAPI`, Kerberos. Where the listener \
            expects something else the client never connects. With another protocol no one tells it why: it \
            sees only that it was disconnected, and times out. Of another mechanism it is told: \
            `UNSUPPORTED_SASL_MECHANISM`. A JAAS configuration is for one mechanism: with `PlainLoginModule` for \
            `SCRAM-SHA-512` the client times out too. A listener with `ssl.client.auth=required` \
            refuses a client without a certificate of its own.",
        source: "Kafka documentation, Security; Kafka, SaslClientAuthenticator; seen with Kafka 4.3.1",
    };
}

/// What a listener expects of its clients.
struct Expected {
    listener: String,
    protocol: String,
    /// The mechanisms of SASL; none where the manifests do not show them.
    mechanisms: Option<Vec<String>>,
    /// Whether a client without a certificate is refused.
    certificate: bool,
}

/// What a client says in a setting.
#[derive(Clone, Copy)]
enum Said<'a> {
    Value(&'a str),
    Nothing,
    /// Some of it, or all, is filled in where no one sees it; what is seen.
    Hidden(&'a str),
}

impl<'a> Said<'a> {
    fn of(value: Option<&'a str>) -> Self {
        match value.map(str::trim) {
            Some(value) if value.contains(['{', '$', '(']) => Self::Hidden(value),
            Some(value) => Self::Value(value),
            None => Self::Nothing,
        }
    }

    /// The value, or what holds without it. None if no one sees it.
    fn or(self, default: &'a str) -> Option<&'a str> {
        match self {
            Self::Value("") | Self::Nothing => Some(default),
            Self::Value(value) => Some(value),
            Self::Hidden(_) => None,
        }
    }
}

/// What is wrong with a client: the setting that says it, or that is missing.
struct Wrong {
    key: &'static str,
    message: String,
    hint: String,
}

/// The workers and registries of a set.
pub(super) fn check(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    let brokers = Listening::of(set, members);
    for member in members {
        // The settings of a worker's connectors begin with a word, and what dials for it is its own list.
        let (servers, clients): (&str, &[&str]) = match member.process.program {
            Program::Connect => ("bootstrap.servers", &["", "producer.", "consumer.", "admin."]),
            Program::Registry => ("kafkastore.bootstrap.servers", &["kafkastore."]),
            Program::Broker | Program::ZooKeeper => continue,
        };
        let Some(list) = member.settings.get(servers) else {
            continue;
        };
        let Some(expected) = brokers.behind(&member.object.identity.namespace, &list.value) else {
            continue;
        };
        for prefix in clients {
            let says = |key: &str| said(member, prefix, key);
            // What a connector does not have is another rule's, or is the worker's.
            if !prefix.is_empty() && *prefix != "kafkastore." && matches!(says("security.protocol"), Said::Nothing) {
                continue;
            }
            let Some(wrong) = wrong(&expected, &says) else {
                continue;
            };
            let key = format!("{prefix}{}", wrong.key);
            let (key, setting) = match member.settings.get(&key) {
                Some(setting) => (key.as_str(), setting),
                None => (servers, list),
            };
            let hint = format!("set {}", wrong.hint.replace("`{}", &format!("`{prefix}")));
            member.refuse(findings, &PROTOCOL, key, setting, wrong.message, hint);
            break;
        }
    }
}

/// What a process says in a setting that begins with a word.
fn said<'m>(member: &'m Member<'_>, prefix: &str, key: &str) -> Said<'m> {
    let key = format!("{prefix}{key}");
    match member.settings.get(&key) {
        Some(setting) => Said::of(Some(&setting.value)),
        None if member.writes(&key) => Said::Hidden(""),
        None => Said::Nothing,
    }
}

/// What is wrong with a client's file, and its line.
pub(super) fn of_file<'l>(
    brokers: &Listening<'_>,
    namespace: &str,
    lines: &'l [Property],
) -> Option<(&'l Property, Diagnostic)> {
    let line = |key: &str| lines.iter().rfind(|line| line.key == key);
    let servers = line("bootstrap.servers")?;
    let expected = brokers.behind(namespace, &servers.value)?;
    let says = |key: &str| Said::of(line(key).map(|line| line.value.as_str()));
    let wrong = wrong(&expected, &says)?;
    let mut finding = Diagnostic::new(&PROTOCOL, wrong.message);
    finding.yaml_hint(format!("set {}", wrong.hint.replace("`{}", "`")));
    finding.mend(Mend::change());
    Some((line(wrong.key).unwrap_or(servers), finding))
}

/// What a client says that its listener does not take. In the hint `{}` stands for what its settings begin with.
fn wrong<'a>(expected: &Expected, says: &dyn Fn(&str) -> Said<'a>) -> Option<Wrong> {
    let listener = &expected.listener;
    let of = |key, message, hint| Some(Wrong { key, message, hint });
    let protocol = says("security.protocol").or("PLAINTEXT")?.to_ascii_uppercase();
    if protocol != expected.protocol {
        let message = format!(
            "it speaks `{protocol}` to listener `{listener}`, which takes `{}`: it never connects",
            expected.protocol
        );
        return of(
            "security.protocol",
            message,
            format!("`{{}}security.protocol={}`", expected.protocol),
        );
    }
    if protocol.starts_with("SASL_") {
        let mechanism = says("sasl.mechanism").or("GSSAPI")?;
        let taken = expected.mechanisms.as_ref()?;
        if !taken.iter().any(|one| one == mechanism) {
            let message = format!(
                "it logs in by `{mechanism}` at listener `{listener}`, which takes `{}`: it never connects",
                taken.join("`, `")
            );
            return of("sasl.mechanism", message, format!("`{{}}sasl.mechanism={}`", taken[0]));
        }
        // Some of it, such as the password, is often filled in.
        let (Said::Value(login) | Said::Hidden(login)) = says("sasl.jaas.config") else {
            return None;
        };
        let (other, module) = other_login(mechanism, login)?;
        let message = format!("`{other}` is not for the mechanism `{mechanism}`: it never connects");
        return of(
            "sasl.jaas.config",
            message,
            format!("the class of `{{}}sasl.jaas.config` to `{module}`"),
        );
    }
    let shown = ["ssl.keystore.location", "ssl.keystore.key", "ssl.engine.factory.class"];
    if protocol == "SSL" && expected.certificate && shown.iter().all(|key| matches!(says(key), Said::Nothing)) {
        let message =
            format!("it has no certificate of its own, and listener `{listener}` requires one: it never connects");
        return of(
            "ssl.keystore.location",
            message,
            "`{}ssl.keystore.location` and its password".to_owned(),
        );
    }
    None
}

/// By mechanism, the class of Kafka's logins for it.
const MODULES: [(&str, &str); 5] = [
    ("PLAIN", "org.apache.kafka.common.security.plain.PlainLoginModule"),
    (
        "SCRAM-SHA-256",
        "org.apache.kafka.common.security.scram.ScramLoginModule",
    ),
    (
        "SCRAM-SHA-512",
        "org.apache.kafka.common.security.scram.ScramLoginModule",
    ),
    (
        "OAUTHBEARER",
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
    ),
    ("GSSAPI", "com.sun.security.auth.module.Krb5LoginModule"),
];

/// The class of a JAAS configuration that is for another mechanism, and the one that is for this mechanism. Other classes than Kafka's own may be
/// for any.
pub(super) fn other_login(mechanism: &str, login: &str) -> Option<(&'static str, &'static str)> {
    let class = login.split_whitespace().next()?;
    let (_, module) = MODULES.iter().find(|(name, _)| *name == mechanism)?;
    let (_, other) = MODULES.iter().find(|(_, known)| *known == class && known != module)?;
    Some((other.rsplit('.').next()?, module))
}

/// The brokers of a set, by what their listeners expect.
pub(super) struct Listening<'a> {
    set: &'a ObjectSet<'a>,
    members: BTreeMap<usize, &'a Member<'a>>,
}

impl<'a> Listening<'a> {
    pub(super) fn of(set: &'a ObjectSet<'a>, members: &'a [Member<'a>]) -> Self {
        let members = members.iter().map(|member| (member.index, member)).collect();
        Self { set, members }
    }

    /// What the listener expects that the first address of a list leads to. None if it is not among the objects, or they do not show it.
    fn behind(&self, namespace: &str, servers: &str) -> Option<Expected> {
        servers.split(',').map(str::trim).find_map(|address| {
            let address = address.rsplit_once("://").map_or(address, |(_, address)| address);
            let (host, port) = address.rsplit_once(':')?;
            let (pods, port) = addresses::dialled(self.set, namespace, host, port.parse().ok()?)?;
            let mut members = pods.iter().filter_map(|index| self.members.get(index));
            let member = members.find(|member| member.serves())?;
            expected(member, port)
        })
    }
}

/// What the listener at a port expects.
fn expected(member: &Member<'_>, port: i64) -> Option<Expected> {
    let own = member.listeners()?;
    let mut at_port = listening::listeners(&own).filter(|listener| listener.port == Some(port));
    let name = at_port.next()?.name.to_ascii_uppercase();
    let protocol = listeners::protocols(member)?.get(&name)?.clone();
    let mechanisms = match listeners::of_listener(member, &name, "sasl.enabled.mechanisms") {
        Some((_, setting)) => listeners::names(setting).filter(|names| !names.is_empty()),
        None if member.writes("sasl.enabled.mechanisms") => None,
        None => Some(vec!["GSSAPI".to_owned()]),
    };
    let client_auth = listeners::of_listener(member, &name, "ssl.client.auth");
    Some(Expected {
        listener: name,
        protocol,
        mechanisms,
        certificate: client_auth.is_some_and(|(_, setting)| setting.value.trim().eq_ignore_ascii_case("required")),
    })
}
