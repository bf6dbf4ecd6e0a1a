//! Settings of Confluent's Schema Registry that are nearly ones that it has, and values that it refuses. The rules are data in
//! [`registry`](crate::diagnostics::rules::registry).

use super::Member;
use crate::{
    diagnostics::{Diagnostic, Mend, rules::registry},
    lint::model::{convention, program::Program, set::SetFindings},
    nearest::{may_be_near, nearest},
};

/// Settings by Confluent's reference, without those for TLS and SASL, which end as Kafka's do.
const KEYS: [&str; 49] = [
    "access.control.allow.headers",
    "access.control.allow.methods",
    "access.control.allow.origin",
    "authentication.method",
    "authentication.realm",
    "authentication.roles",
    "authentication.skip.paths",
    "avro.compatibility.level",
    "compression.enable",
    "debug",
    "enable.fips",
    "host.name",
    "host.port",
    "idle.timeout.ms",
    "inter.instance.headers.whitelist",
    "inter.instance.listener.name",
    "inter.instance.protocol",
    "kafkastore.bootstrap.servers",
    "kafkastore.checkpoint.dir",
    "kafkastore.checkpoint.version",
    "kafkastore.connection.url",
    "kafkastore.group.id",
    "kafkastore.init.timeout.ms",
    "kafkastore.security.protocol",
    "kafkastore.timeout.ms",
    "kafkastore.topic",
    "kafkastore.topic.replication.factor",
    "kafkastore.topic.skip.validation",
    "kafkastore.write.max.retries",
    "kafkastore.write.retry.backoff.ms",
    "leader.eligibility",
    "listeners",
    "master.eligibility",
    "mode.mutability",
    "request.logger.name",
    "resource.extension.class",
    "resource.static.locations",
    "response.mediatype.default",
    "response.mediatype.preferred",
    "schema.cache.expiry.secs",
    "schema.cache.size",
    "schema.compatibility.level",
    "schema.providers",
    "schema.registry.group.id",
    "schema.registry.inter.instance.protocol",
    "schema.registry.resource.extension.class",
    "shutdown.graceful.ms",
    "thread.pool.max",
    "thread.pool.min",
];

/// The ends of settings for TLS and SASL, which a prefix may stand before.
const SECURITY: [&str; 20] = [
    "sasl.jaas.config",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "ssl.cipher.suites",
    "ssl.client.auth",
    "ssl.client.authentication",
    "ssl.enabled.protocols",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.protocol",
    "ssl.provider",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// What a registry takes as a value.
pub(super) enum Value {
    /// A whole number, from this one on.
    Number(i64),
    /// `true` or `false`.
    Flag,
    /// One of these, in this case.
    OneOf(&'static [&'static str]),
}

/// Values by the definitions in `SchemaRegistryConfig` and in `RestConfig`, which it extends.
const VALUES: [(&str, Value); 19] = [
    ("authentication.method", Value::OneOf(&["NONE", "BASIC", "BEARER"])),
    ("compression.enable", Value::Flag),
    ("debug", Value::Flag),
    ("idle.timeout.ms", Value::Number(i64::MIN)),
    ("kafkastore.init.timeout.ms", Value::Number(0)),
    ("kafkastore.timeout.ms", Value::Number(0)),
    ("kafkastore.topic.replication.factor", Value::Number(i64::MIN)),
    ("kafkastore.topic.skip.validation", Value::Flag),
    ("leader.eligibility", Value::Flag),
    ("master.eligibility", Value::Flag),
    ("mode.mutability", Value::Flag),
    ("schema.cache.expiry.secs", Value::Number(i64::MIN)),
    ("schema.cache.size", Value::Number(i64::MIN)),
    ("shutdown.graceful.ms", Value::Number(i64::MIN)),
    ("ssl.client.auth", Value::Flag),
    (
        "ssl.client.authentication",
        Value::OneOf(&["NONE", "REQUESTED", "REQUIRED"]),
    ),
    ("thread.pool.max", Value::Number(i64::MIN)),
    ("thread.pool.min", Value::Number(i64::MIN)),
    ("zookeeper.set.acl", Value::Flag),
];

impl Value {
    /// Why a value is refused, and what to write; `None` if it is taken.
    pub(super) fn refuses(&self, value: &str) -> Option<(&'static str, String)> {
        match self {
            Self::Number(least) => match value.parse::<i64>() {
                Ok(number) if number >= *least => None,
                Ok(_) => Some(("too little", format!("write a number from {least} on"))),
                Err(_) => Some(("no whole number", "write a whole number without a unit".to_owned())),
            },
            Self::Flag => {
                let known = ["true", "false"].iter().any(|known| known.eq_ignore_ascii_case(value));
                (!known).then(|| ("neither `true` nor `false`", "write `true` or `false`".to_owned()))
            }
            Self::OneOf(known) => (!known.contains(&value)).then(|| {
                let meant = nearest(&value.to_ascii_uppercase(), known.iter().copied());
                let hint = meant.map_or_else(
                    || format!("use `{}`", known.join("`, `")),
                    |meant| format!("write `{meant}`"),
                );
                ("not one that it knows", hint)
            }),
        }
    }
}

/// Why the registry cannot listen at an address of `listeners`.
fn refused_listener(listener: &str, named: bool) -> Option<&'static str> {
    let Some((scheme, address)) = listener.split_once("://") else {
        return Some("without a scheme");
    };
    let port = address.split('/').next().and_then(|address| address.rsplit_once(':'));
    if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
        return Some("without a port");
    }
    (!named && !["http", "https"].contains(&scheme)).then_some("with another scheme than `http` and `https`")
}

/// The setting that was meant by one that the registry does not have: a letter or two away in a name that is much longer.
fn meant(key: &str) -> Option<String> {
    let (prefix, rest, known) = match key.strip_prefix("kafkastore.") {
        Some(rest) if rest.starts_with("ss") || rest.starts_with("sa") => ("kafkastore.", rest, &SECURITY[..]),
        _ if key.starts_with("ssl.") => ("", key, &SECURITY[..]),
        _ => ("", key, &KEYS[..]),
    };
    if known.contains(&rest) {
        return None;
    }
    nearly(rest, known.iter().copied()).map(|near| format!("{prefix}{near}"))
}

/// The name that another one is with a letter or two wrong, which is much longer than that.
pub(super) fn nearly<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = name.len() / 8;
    let distances = known
        .filter(|known| may_be_near(name, known, allowed))
        .map(|known| (strsim::damerau_levenshtein(name, known), known));
    let (distance, near) = distances.min_by_key(|(distance, _)| *distance)?;
    (1..=allowed).contains(&distance).then_some(near)
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Registry {
        return;
    }
    refused(member, findings);
    for (key, setting) in member.settings.iter() {
        let Some(meant) = meant(key) else { continue };
        let message = format!("the registry has no setting `{key}`, and ignores it");
        let mut finding = Diagnostic::new(&registry::NEARLY_A_SETTING, message);
        finding.mend(Mend::perhaps_rename(meant));
        finding.yaml_hint = Some(finding.remedy(&setting.shown(key)));
        member.push(findings, key, setting, finding);
    }
}

/// Values with which the registry does not start.
fn refused(member: &Member<'_>, findings: &mut SetFindings) {
    const PROTOCOL: &str = "kafkastore.security.protocol";
    const SERVERS: &str = "kafkastore.bootstrap.servers";
    const LEVELS: [&str; 7] = [
        "backward",
        "backward_transitive",
        "forward",
        "forward_transitive",
        "full",
        "full_transitive",
        "none",
    ];
    let known = |key: &str| member.settings.get(key).filter(|setting| setting.is_known());
    for (key, value) in &VALUES {
        let Some(setting) = known(key) else { continue };
        if let Some((why, hint)) = value.refuses(setting.value.trim()) {
            let message = format!(
                "`{key}` is `{}`, which is {why}: the registry does not start",
                setting.value.trim()
            );
            member.refuse(findings, &registry::REFUSED_VALUE, key, setting, message, hint);
        }
    }
    // Schemes may be names of listeners.
    let named = member.settings.get("listener.protocol.map").is_some();
    if let Some(setting) = known("listeners") {
        let mut listeners = setting.value.split(',').map(str::trim);
        if let Some((listener, why)) =
            listeners.find_map(|listener| Some((listener, refused_listener(listener, named)?)))
        {
            let message = format!("`listeners` has `{listener}`, {why}: the registry does not start");
            let hint = "write each as `http://0.0.0.0:8081`".to_owned();
            member.refuse(findings, &registry::REFUSED_VALUE, "listeners", setting, message, hint);
        }
    }
    for key in ["schema.compatibility.level", "avro.compatibility.level"] {
        let Some(setting) = member.settings.get(key).filter(|setting| setting.is_known()) else {
            continue;
        };
        let level = setting.value.trim();
        if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
            let message = format!("`{key}` is `{level}`, which is not a level: the registry does not start");
            let hint = match nearest(level, LEVELS.into_iter()) {
                Some(meant) => format!("write `{meant}`"),
                None => format!("use `{}`", LEVELS.join("`, `")),
            };
            member.refuse(findings, &registry::REFUSED_VALUE, key, setting, message, hint);
        }
    }
    let own = member.settings.get(PROTOCOL);
    let protocol = own.map_or("PLAINTEXT", |setting| setting.value.trim());
    let Some(setting) = member.settings.get(SERVERS).filter(|setting| setting.is_known()) else {
        return;
    };
    if no_server_for(&setting.value, protocol) {
        let message =
            format!("`{SERVERS}` has no server for the protocol `{protocol}`, so the registry does not start");
        let variable = setting.variable.as_ref();
        let variable = variable.and_then(|variable| convention::renamed(variable, SERVERS, PROTOCOL));
        let name = variable.as_deref().unwrap_or(PROTOCOL);
        let hint = match schemes_of(&setting.value).as_slice() {
            [one] if own.is_none() => format!("set `{name}={one}`, or write `{protocol}://` before each server"),
            _ => format!("write `{protocol}://` before each server, or set `{name}`"),
        };
        member.refuse(findings, &registry::REFUSED_VALUE, SERVERS, setting, message, hint);
    }
}

/// The protocols that a list of servers names, each once.
fn schemes_of(servers: &str) -> Vec<&str> {
    let schemes = servers.split(',').filter_map(|server| server.trim().split_once("://"));
    let mut schemes: Vec<&str> = schemes.map(|(scheme, _)| scheme).collect();
    schemes.sort_unstable();
    schemes.dedup();
    schemes
}

/// Whether a registry that speaks a protocol finds no server in a list: each is of another.
pub(super) fn no_server_for(servers: &str, protocol: &str) -> bool {
    let mut schemes = servers.split(',').map(|server| server.trim().split_once("://"));
    schemes.all(|scheme| scheme.is_some_and(|(scheme, _)| scheme != protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_setting_and_another_setting_finds_none() {
        for (key, expected) in [
            ("kafkastore.bootstrap.server", Some("kafkastore.bootstrap.servers")),
            (
                "kafkastore.topic.replication.facter",
                Some("kafkastore.topic.replication.factor"),
            ),
            ("schema.compatability.level", Some("schema.compatibility.level")),
            (
                "kafkastore.ssl.trustore.location",
                Some("kafkastore.ssl.truststore.location"),
            ),
            ("ssl.keystor.location", Some("ssl.keystore.location")),
            ("listener", Some("listeners")),
            ("kafkastore.ssl.truststore.type", None),
            ("kafkastore.topic", None),
            ("metric.reporters", None),
            ("my.extension.level", None),
            ("port", None),
        ] {
            assert_eq!(meant(key).as_deref(), expected, "{key}");
        }
    }
}
