//! Clients, workers and registries: they speak the security protocol and the mechanism of the listener that they dial.

use std::collections::BTreeMap;

use super::{
    Member, addresses,
    certificates::{self, DIALLED_NAME},
    listeners, listening, registry,
};
use crate::{
    diagnostics::{Diagnostic, Mend, Rule, Severity::Error, family::rules},
    lint::model::{
        ObjectModel,
        certificate::{Certificate, ip_address},
        convention,
        mounts::Content,
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
            refuses a client without a certificate of its own. Kafka's tools, `kcat` and `kafka_exporter` are clients too, \
            also in probes and in scripts of a ConfigMap. Settings of librdkafka are read by its own names.",
        source: "Kafka documentation, Security; Kafka, SaslClientAuthenticator; seen with Kafka 4.3.1",
    };
}

/// What a listener expects of its clients.
struct Expected {
    listener: String,
    /// Its port in the pods.
    port: i64,
    protocol: String,
    /// The mechanisms of SASL; none where the manifests do not show them.
    mechanisms: Option<Vec<String>>,
    /// Whether a client without a certificate is refused.
    certificate: bool,
}

/// What a bootstrap list leads to.
pub(super) struct Dialled<'a> {
    expected: Expected,
    /// The other listeners for clients.
    others: Vec<Expected>,
    /// The first address that leads there, and the certificate that the listener shows.
    host: String,
    shown: Option<(&'a ObjectModel, &'a Certificate)>,
}

impl Dialled<'_> {
    /// The security protocol that the listener takes.
    pub(super) fn protocol(&self) -> &str {
        &self.expected.protocol
    }
}

/// What a client says in a setting.
#[derive(Clone, Copy)]
pub(super) enum Said<'a> {
    Value(&'a str),
    Nothing,
    /// Some of it, or all, is filled in where no one sees it; what is seen.
    Hidden(&'a str),
}

impl<'a> Said<'a> {
    pub(super) fn of(value: Option<&'a str>) -> Self {
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
pub(super) struct Wrong {
    pub(super) rule: &'static Rule,
    pub(super) key: &'static str,
    pub(super) message: String,
    /// `{}` in it stands for what the settings of the client begin with.
    pub(super) hint: String,
}

/// The workers and registries of a set.
pub(super) fn check(members: &[Member<'_>], brokers: &Listening<'_>, findings: &mut SetFindings) {
    for member in members {
        // The settings of a worker's connectors begin with a word, and they dial what the worker dials unless they have a list of their own.
        let clients: &[&str] = match member.process.program {
            Program::Connect => &["", "producer.", "consumer.", "admin."],
            Program::Registry => &["kafkastore."],
            Program::Broker | Program::ZooKeeper => continue,
        };
        for prefix in clients {
            let says = |key: &str| said(member, prefix, key);
            let of_connector = member.process.program == Program::Connect && !prefix.is_empty();
            // What a connector does not have is another rule's, or is the worker's.
            if of_connector && matches!(says("security.protocol"), Said::Nothing) {
                continue;
            }
            let own = format!("{prefix}bootstrap.servers");
            let servers = [own.as_str(), "bootstrap.servers"];
            let mut lists = servers
                .into_iter()
                .filter_map(|key| Some((key, member.settings.get(key)?)));
            let Some((servers, list)) = lists.next() else { continue };
            // Then it does not start, which another rule tells.
            let protocol = says("security.protocol").or("PLAINTEXT");
            if member.process.program == Program::Registry
                && protocol.is_some_and(|protocol| registry::no_server_for(&list.value, protocol))
            {
                continue;
            }
            let dialled = brokers.behind(&member.object.identity.namespace, &list.value);
            let Some(wrong) = dialled.and_then(|dialled| wrong(&dialled, &says)) else {
                continue;
            };
            let mut hint = wrong.hint.replace("`{}", &format!("`{prefix}"));
            // As it is written there.
            for key in ["security.protocol", "sasl.mechanism", "sasl.jaas.config", wrong.key] {
                let wanted = format!("{prefix}{key}");
                let of_list = |variable: &String| convention::renamed(variable, servers, &wanted);
                let variable = match member.settings.get(&wanted) {
                    Some(setting) => setting.variable.clone(),
                    None => list.variable.as_ref().and_then(of_list),
                };
                if let Some(variable) = variable {
                    hint = hint.replace(&format!("`{wanted}"), &format!("`{variable}"));
                }
            }
            let wanted = format!("{prefix}{}", wrong.key);
            let (key, setting) = match member.settings.get(&wanted) {
                Some(setting) => (wanted.as_str(), setting),
                None => (servers, list),
            };
            member.refuse(findings, wrong.rule, key, setting, wrong.message, hint);
            break;
        }
    }
}

/// What a process says in a setting that begins with a word.
fn said<'m>(member: &'m Member<'_>, prefix: &str, key: &str) -> Said<'m> {
    let key = format!("{prefix}{key}");
    match member.settings.get(&key) {
        Some(setting) => Said::of(Some(&setting.value)),
        None if member.writes(&key) || reads_a_secret(member) => Said::Hidden(""),
        None => Said::Nothing,
    }
}

/// Whether a property file in a Secret is named by the command: it may be the rest of the settings.
fn reads_a_secret(member: &Member<'_>) -> bool {
    let words = member.container.command().split_whitespace();
    words.filter(|word| word.ends_with(".properties")).any(|file| {
        let mount = member.container.mounts.at(file);
        mount.is_some_and(|mount| matches!(mount.content, Content::Secret(_)))
    })
}

/// What is wrong with a client's file, and its line. `is_whole` says whether a file without a word about security has no other file beside it.
pub(super) fn of_file<'l>(
    brokers: &Listening<'_>,
    namespace: &str,
    lines: &'l [Property],
    is_whole: impl FnOnce() -> bool,
) -> Option<(&'l Property, Diagnostic)> {
    let line = |key: &str| lines.iter().rfind(|line| line.key == key);
    let of_security = |line: &Property| {
        let starts = ["security.", "sasl.", "ssl."];
        starts.iter().any(|start| line.key.starts_with(start))
    };
    let of_one = |line: &Property| line.key.ends_with(".security.protocol");
    // MirrorMaker is a client of each cluster that it names.
    let clusters: Vec<String> = match line("clusters") {
        Some(all) => all.value.split(',').map(|name| format!("{}.", name.trim())).collect(),
        // Settings of one of several clients, as Kafka Streams has them.
        None if lines.iter().any(of_one) => return None,
        None => vec![String::new()],
    };
    if !lines.iter().any(|line| of_one(line) || of_security(line)) && !is_whole() {
        return None;
    }
    clusters.iter().find_map(|cluster| {
        let own = |key: &str| line(&format!("{cluster}{key}"));
        let servers = own("bootstrap.servers")?;
        let dialled = brokers.behind(namespace, &servers.value)?;
        // What a cluster does not say, all say together.
        let given = |key: &str| own(key).or_else(|| line(key)).map(|line| line.value.as_str());
        let wrong = if lines.iter().any(|line| LIBRDKAFKA.contains(&line.key.as_str())) {
            wrong_of_librdkafka(&dialled, &given)?
        } else {
            wrong(&dialled, &|key| Said::of(given(key)))?
        };
        let mut finding = Diagnostic::new(wrong.rule, wrong.message);
        finding.yaml_hint(wrong.hint.replace("`{}", &format!("`{cluster}")));
        finding.mend(Mend::change());
        Some((own(wrong.key).or_else(|| line(wrong.key)).unwrap_or(servers), finding))
    })
}

/// Settings that clients of librdkafka have, and Java's do not.
const LIBRDKAFKA: [&str; 8] = [
    "enable.ssl.certificate.verification",
    "metadata.broker.list",
    "sasl.password",
    "sasl.username",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.key.location",
];

/// What a client of librdkafka says that its listener does not take.
pub(super) fn wrong_of_librdkafka<'a>(dialled: &Dialled<'_>, given: &dyn Fn(&str) -> Option<&'a str>) -> Option<Wrong> {
    let mut wrong = wrong(dialled, &|key| of_librdkafka(key, given))?;
    if wrong.key == "ssl.keystore.location" {
        "set `{}ssl.certificate.location=…` and `{}ssl.key.location=…`".clone_into(&mut wrong.hint);
    }
    Some(wrong)
}

/// What a client of librdkafka says in its own setting for one of Java's clients.
fn of_librdkafka<'a>(key: &str, given: &dyn Fn(&str) -> Option<&'a str>) -> Said<'a> {
    let names: &[&str] = match key {
        "security.protocol" => &["security.protocol"],
        "sasl.mechanism" => &["sasl.mechanism", "sasl.mechanisms"],
        "ssl.keystore.location" => &[
            "ssl.keystore.location",
            "ssl.certificate.location",
            "ssl.certificate.pem",
        ],
        "ssl.keystore.key" | "ssl.engine.factory.class" => return Said::Nothing,
        // Its logins have other settings, and its releases differ in what they compare.
        _ => return Said::Hidden(""),
    };
    Said::of(names.iter().find_map(|name| given(name)))
}

/// What a client says that its listener does not take.
pub(super) fn wrong<'a>(dialled: &Dialled<'_>, says: &dyn Fn(&str) -> Said<'a>) -> Option<Wrong> {
    let Expected { listener, .. } = &dialled.expected;
    let of = |key, message, hint| {
        let rule = &PROTOCOL;
        Some(Wrong {
            rule,
            key,
            message,
            hint,
        })
    };
    let expected = &dialled.expected;
    let protocol = says("security.protocol").or("PLAINTEXT")?.to_ascii_uppercase();
    // What is wrong with the listener itself is another rule's.
    if !listeners::PROTOCOLS.contains(&expected.protocol.as_str()) {
        return None;
    }
    if !listeners::PROTOCOLS.contains(&protocol.as_str()) {
        // A template has a name of its own there.
        if protocol.contains("__") || protocol.contains(['@', '<', '%']) {
            return None;
        }
        let message = format!("`{protocol}` is no security protocol: it does not start");
        let hint = format!("set `{{}}security.protocol={}`", expected.protocol);
        return of("security.protocol", message, hint);
    }
    let is_sasl = protocol.starts_with("SASL_");
    let mechanism = if is_sasl {
        says("sasl.mechanism").or("GSSAPI")?
    } else {
        ""
    };
    let takes = |other: &Expected| {
        let by_mechanism = |taken: &Vec<String>| taken.iter().any(|one| one == mechanism);
        other.protocol == protocol && (!is_sasl || other.mechanisms.as_ref().is_some_and(by_mechanism))
    };
    // One that takes it as it is, if that is not what speaks to everyone.
    let elsewhere = dialled
        .others
        .iter()
        .find(|other| takes(other) && protocol != "PLAINTEXT");
    let or_dial = |hint: String| match elsewhere {
        Some(other) => format!(
            "dial port {} of the pods: listener `{}` takes it",
            other.port, other.listener
        ),
        None => hint,
    };
    if protocol != expected.protocol {
        let takes = match &expected.protocol {
            takes if takes == listener => String::new(),
            takes => format!(", which takes `{takes}`"),
        };
        let message = format!("it speaks `{protocol}` to listener `{listener}`{takes}: it never connects");
        let hint = protocol_and_login(expected, says);
        return of("security.protocol", message, or_dial(hint));
    }
    if is_sasl {
        let known = expected.mechanisms.as_ref()?;
        if !known.iter().any(|one| one == mechanism) {
            let message = format!(
                "it logs in by `{mechanism}` at listener `{listener}`, which takes `{}`: it never connects",
                known.join("`, `")
            );
            let hint = format!("set `{{}}sasl.mechanism={}`", known[0]);
            return of("sasl.mechanism", message, or_dial(hint));
        }
        // Some of it, such as the password, is often filled in. The JDK's own client of PLAIN takes what any login knows.
        if let Said::Value(login) | Said::Hidden(login) = says("sasl.jaas.config")
            && mechanism != "PLAIN"
            && let Some((other, module)) = other_login(mechanism, login)
        {
            let message = format!("`{other}` is not for the mechanism `{mechanism}`: it never connects");
            let hint = format!("set the class of `{{}}sasl.jaas.config` to `{module}`");
            return of("sasl.jaas.config", message, hint);
        }
    }
    let stores = ["ssl.keystore.location", "ssl.keystore.key", "ssl.engine.factory.class"];
    let has = |key: &&str| !matches!(says(key), Said::Nothing | Said::Value(""));
    if expected.certificate && !stores.iter().any(has) {
        let message =
            format!("it has no certificate of its own, and listener `{listener}` requires one: it never connects");
        let hint = "set `{}ssl.keystore.…`: a key store and its password, or `PEM` with a certificate and its key";
        return of("ssl.keystore.location", message, hint.to_owned());
    }
    not_named(dialled, says)
}

/// What a client sets to speak the protocol of a listener: what it lacks of a login too.
fn protocol_and_login<'a>(expected: &Expected, says: &dyn Fn(&str) -> Said<'a>) -> String {
    let lacks = |key: &str| matches!(says(key), Said::Nothing | Said::Value(""));
    let protocol = format!("`{{}}security.protocol={}`", expected.protocol);
    let mechanism = expected.mechanisms.as_ref().and_then(|known| known.first());
    let mechanism = mechanism
        .filter(|first| *first != "GSSAPI" && lacks("sasl.mechanism"))
        .map(|first| format!("`{{}}sasl.mechanism={first}`"));
    let login = lacks("sasl.jaas.config").then(|| "`{}sasl.jaas.config`".to_owned());
    match (mechanism, login) {
        _ if !expected.protocol.starts_with("SASL_") => format!("set {protocol}"),
        (Some(mechanism), Some(login)) => format!("set {protocol}, {mechanism} and {login}"),
        (Some(other), None) | (None, Some(other)) => format!("set {protocol} and {other}"),
        (None, None) => format!("set {protocol}"),
    }
}

/// A listener whose certificate does not have the name that is dialled.
fn not_named<'a>(dialled: &Dialled<'_>, says: &dyn Fn(&str) -> Said<'a>) -> Option<Wrong> {
    let (object, certificate) = dialled.shown?;
    let compares = says("ssl.endpoint.identification.algorithm").or("https");
    let is_off = matches!(says("ssl.endpoint.identification.algorithm"), Said::Value(""));
    let (host, listener) = (&dialled.host, &dialled.expected.listener);
    if compares.is_none() || is_off || certificate.has(host) {
        return None;
    }
    Some(Wrong {
        rule: &DIALLED_NAME,
        key: "bootstrap.servers",
        message: format!(
            "it dials `{host}`, and the certificate `{}` of listener `{listener}` does not have this name: it never connects",
            object.identity.name
        ),
        hint: match ip_address(host) {
            Some(address) => format!("dial a name that the certificate has, or add `{address}` to its `ipAddresses`"),
            None => format!("dial a name that the certificate has, or add `{host}` to its `dnsNames`"),
        },
    })
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

    /// What the first address of a list leads to. None if it is not among the objects, or they do not show it.
    fn behind(&self, namespace: &str, servers: &str) -> Option<Dialled<'a>> {
        addresses_of(servers).find_map(|(host, port)| {
            // DNS does not mind capitals.
            let (pods, port) = addresses::dialled(self.set, namespace, &host.to_ascii_lowercase(), port)?;
            let mut members = pods.iter().filter_map(|index| self.members.get(index));
            self.listener(members.find(|member| member.serves())?, host, port)
        })
    }

    /// The same for what runs in the pods of an object: it may dial its own pod.
    pub(super) fn behind_or_own(&self, index: usize, namespace: &str, servers: &str) -> Option<Dialled<'a>> {
        let own = self.members.get(&index).filter(|member| member.serves());
        let of_pod = |host: &str| ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let mut local = addresses_of(servers).filter(|(host, _)| of_pod(host));
        let local = local.find_map(|(host, port)| self.listener(own?, host, port));
        local.or_else(|| self.behind(namespace, servers))
    }

    /// The listener of a broker at a port, as it is dialled.
    fn listener(&self, member: &'a Member<'a>, host: &str, port: i64) -> Option<Dialled<'a>> {
        let mut all = expected(member)?;
        let at = all.iter().position(|listener| listener.port == port)?;
        let expected = all.remove(at);
        let encrypted = expected.protocol.ends_with("SSL");
        let shown = certificates::shown_by(self.set, member, &expected.listener).filter(|_| encrypted);
        Some(Dialled {
            expected,
            others: all,
            host: host.to_owned(),
            shown: shown.map(|(index, certificate)| (self.set.objects[index], certificate)),
        })
    }
}

/// The addresses of a list of brokers: host and port.
fn addresses_of(servers: &str) -> impl Iterator<Item = (&str, i64)> {
    servers.split(',').map(str::trim).filter_map(|address| {
        let address = address.rsplit_once("://").map_or(address, |(_, address)| address);
        let (host, port) = address.rsplit_once(':')?;
        Some((host, port.parse().ok()?))
    })
}

/// What the listeners of a broker expect that clients may use.
fn expected(member: &Member<'_>) -> Option<Vec<Expected>> {
    let own = member.listeners()?;
    let (protocols, controllers) = (listeners::protocols(member)?, listeners::of_controllers(member)?);
    let found = listening::listeners(&own).filter_map(|listener| {
        let name = listener.name.to_ascii_uppercase();
        let protocol = protocols.get(&name).filter(|_| !controllers.contains(&name))?;
        let protocol = protocol.to_ascii_uppercase();
        // With SASL only what is said of this listener counts (KIP-684).
        let of_listener = format!("listener.name.{}.ssl.client.auth", name.to_ascii_lowercase());
        let asks = protocol == "SSL" || protocol == "SASL_SSL" && member.settings.get(&of_listener).is_some();
        Some(Expected {
            port: listener.port?,
            mechanisms: listeners::mechanisms(member, &name),
            certificate: asks && listeners::client_auth(member, &name).is_some_and(|auth| auth == "required"),
            listener: name,
            protocol,
        })
    });
    Some(found.collect())
}
