//! Listeners and clients that use tokens of an identity provider, by Kafka's own classes.

use super::{Member, listeners};
use crate::{
    diagnostics::{
        Severity::{Error, Warning},
        family::rules,
    },
    lint::model::{program::Program, set::SetFindings, settings::Setting},
    version::Version,
};

rules! { rules::security;
    /// Tokens that no one checks.
    pub const UNCHECKED: Rule = Rule {
        id: "KS-X16",
        production: Error,
        development: Error,
        summary: "a listener that takes tokens and cannot check who signed them",
        explanation: "Unless `listener.name.LISTENER.oauthbearer.sasl.server.callback.handler.class` names a class that checks \
            signatures, Kafka takes its default for `OAUTHBEARER`, which is for tests: it lets in a token that no one has \
            signed, and whoever writes one is whoever they like, a super user too. Kafka's own class for it needs \
            `sasl.oauthbearer.jwks.endpoint.url`, the keys of the identity provider, or the broker does not start.",
        source: "Kafka documentation, Authentication using SASL/OAUTHBEARER; SaslChannelBuilder of 3.9 to 4.3",
    };

    /// Tokens that are not for this cluster.
    pub const ANY_TOKEN: Rule = Rule {
        id: "KS-X17",
        production: Warning,
        development: Warning,
        summary: "a listener that takes tokens that were not made for it",
        explanation: "An identity provider makes tokens for many services. Without `sasl.oauthbearer.expected.audience` a broker \
            takes each of its tokens that names no audience, and refuses each that does. Without \
            `sasl.oauthbearer.expected.issuer` it takes tokens of every issuer that signs with the same keys, and a provider \
            with many tenants may sign for all of them with one.",
        source: "RFC 9700, section 2.3; seen with Kafka 3.9.2 and 4.3.1",
    };

    /// An identity provider that is asked without encryption.
    pub const OPEN_PROVIDER: Rule = Rule {
        id: "KS-X18",
        production: Error,
        development: Warning,
        summary: "an identity provider that is asked without encryption",
        explanation: "Who stands between a broker and `sasl.oauthbearer.jwks.endpoint.url` can answer with keys of their own, and \
            sign tokens for any user. A client sends its secret to `sasl.oauthbearer.token.endpoint.url`. Both need \
            `https://`.",
        source: "RFC 6749, section 3.2; RFC 8725",
    };

    /// An address that the JVM may not ask.
    pub const NOT_ALLOWED: Rule = Rule {
        id: "KS-X19",
        production: Error,
        development: Error,
        summary: "an identity provider that the process may not ask",
        explanation: "Kafka 4.0 and later ask only the addresses of the JVM's property \
            `org.apache.kafka.sasl.oauthbearer.allowed.urls`, which is a list that commas divide and is empty by default. With \
            another one a broker or a worker does not start: `ConfigException`, `The URL cannot be accessed due to \
            restrictions`.",
        source: "Kafka documentation, System Properties; seen with Kafka 4.0.2 and 4.3.1",
    };
}

const MECHANISM: &str = "OAUTHBEARER";
const OWN_CLASS: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler";
/// Where 3.9 has it too.
const OLD_CLASS: &str = "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerValidatorCallbackHandler";
/// The end of the name of Kafka's default, for who sets it by its name.
const UNSIGNED_CLASS: &str = ".OAuthBearerUnsecuredValidatorCallbackHandler";
const HANDLER: &str = "sasl.server.callback.handler.class";
const KEYS: &str = "sasl.oauthbearer.jwks.endpoint.url";
const TOKENS: &str = "sasl.oauthbearer.token.endpoint.url";
const ALLOWED: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    match member.process.program {
        Program::Broker if member.serves() => broker(member, findings),
        Program::Connect => client(member, &["", "producer.", "consumer.", "admin."], findings),
        Program::Registry => client(member, &["kafkastore."], findings),
        Program::Broker | Program::ZooKeeper => {}
    }
}

fn broker(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(protocols), Some(own)) = (listeners::protocols(member), listeners::own(member)) else {
        return;
    };
    let takes_logins = |name: &&String| {
        protocols
            .get(*name)
            .is_some_and(|protocol| protocol.starts_with("SASL_"))
    };
    for name in own.iter().filter(takes_logins) {
        let prefix = format!("listener.name.{}.", name.to_ascii_lowercase());
        let get = |prefixes: [&str; 4], key: &str| {
            let mut keys = prefixes.into_iter().map(|prefix| format!("{prefix}{key}"));
            keys.find_map(|key| Some((member.settings.get(&key)?, key)))
        };
        let of_mechanism = format!("{prefix}oauthbearer.");
        let any = [of_mechanism.as_str(), &prefix, "oauthbearer.", ""];
        let Some((enabled, _)) = get([&prefix, &prefix, "", ""], "sasl.enabled.mechanisms") else {
            continue;
        };
        let takes = |names: Vec<String>| names.iter().any(|name| name == MECHANISM);
        if !listeners::names(enabled).is_some_and(takes) {
            continue;
        }
        // Kafka looks for it with the mechanism only.
        let handler = get([&of_mechanism, &of_mechanism, "oauthbearer.", "oauthbearer."], HANDLER);
        let Some((handler, _)) = handler else {
            if !member.writes(HANDLER) {
                let message = format!(
                    "listener `{name}` takes tokens that no one has signed: whoever reaches it can be any user, a super user too"
                );
                let hint =
                    format!("set `{of_mechanism}{HANDLER}={OWN_CLASS}`, and the keys, the issuer and the audience");
                member.at(findings, enabled, &UNCHECKED, message).hint(hint);
            }
            continue;
        };
        if handler.value.trim().ends_with(UNSIGNED_CLASS) {
            let message =
                format!("listener `{name}` takes tokens that no one has signed, by Kafka's own class for tests");
            let hint = format!("set `{of_mechanism}{HANDLER}={OWN_CLASS}`, and the keys, the issuer and the audience");
            member.at(findings, handler, &UNCHECKED, message).hint(hint);
            continue;
        }
        if ![OWN_CLASS, OLD_CLASS].contains(&handler.value.trim()) {
            continue;
        }
        let missing: Vec<String> = ["issuer", "audience"]
            .into_iter()
            .map(|what| format!("sasl.oauthbearer.expected.{what}"))
            .filter(|key| !member.writes(key))
            .filter(|key| get(any, key).is_none_or(|(setting, _)| setting.value.trim().is_empty()))
            .collect();
        if !missing.is_empty() {
            let keys = missing.join("` and `");
            let message = format!("listener `{name}` takes tokens that were not made for it: `{keys}` is not set");
            let hints: Vec<String> = missing.iter().map(|key| format!("`{of_mechanism}{key}`")).collect();
            let hint = format!("set {}", hints.join(" and "));
            member.at(findings, handler, &ANY_TOKEN, message).hint(hint);
        }
        match get(any, KEYS) {
            Some((url, key)) => address(member, &key, url, findings),
            None if member.writes(KEYS) => {}
            None => {
                let message = format!("listener `{name}` has no keys to check tokens with: the broker does not start");
                let hint = format!("set `{of_mechanism}{KEYS}` to the `jwks_uri` of the identity provider");
                member.at(findings, handler, &UNCHECKED, message).hint(hint);
            }
        }
    }
}

/// The clients of a process. The first that asks a provider stands for all.
fn client(member: &Member<'_>, prefixes: &[&str], findings: &mut SetFindings) {
    let asked = prefixes.iter().find_map(|prefix| {
        let mechanism = member.settings.get(&format!("{prefix}sasl.mechanism"))?;
        let key = format!("{prefix}{TOKENS}");
        let setting = member.settings.get(&key)?;
        (mechanism.value.trim() == MECHANISM).then_some((key, setting))
    });
    if let Some((key, setting)) = asked {
        address(member, &key, setting, findings);
    }
}

/// An address is encrypted, and may be asked.
fn address(member: &Member<'_>, key: &str, setting: &Setting, findings: &mut SetFindings) {
    let url = setting.value.trim();
    if url.contains(['{', '$']) {
        return;
    }
    if url.to_ascii_lowercase().starts_with("http://") {
        let message = format!("`{key}` is `{url}`, which is asked without encryption");
        let hint = "use an address that begins with `https://`";
        member.at(findings, setting, &OPEN_PROVIDER, message).hint(hint);
    }
    if member.version.is_none_or(|version| version <= Version::V3_9) {
        return;
    }
    let start = format!("-D{ALLOWED}=");
    let option = |option: &str| {
        let allowed = option.trim_matches(['"', '\'']).strip_prefix(&start);
        allowed.map(|urls| urls.split(',').map(|url| url.trim().to_owned()).collect::<Vec<_>>())
    };
    // Of two options with one name the last counts.
    let allowed = member.jvm().options.iter().rev().find_map(|it| option(&it.text));
    let (hidden, has) = match &allowed {
        None => (member.writes(ALLOWED), false),
        Some(urls) => (
            urls.iter().any(|url| url.contains('$')),
            urls.iter().any(|it| it == url),
        ),
    };
    if hidden || has {
        return;
    }
    let message = format!(
        "the JVM of container `{}` may not ask `{url}`: it does not start",
        member.process.container
    );
    let pointer = member.container.pointer.clone();
    let hint = match allowed {
        None => format!("give the JVM the option `{start}{url}`"),
        Some(urls) => format!("add `{url}` to the list of its option, which has `{}`", urls.join(",")),
    };
    findings.add(member.index, pointer, &NOT_ALLOWED, message).hint(hint);
}
