//! REST interfaces of Connect and of registries that are closed in part.

use super::{Member, listening};
use crate::{
    diagnostics::{
        Severity::{Error, Warning},
        family::rules,
    },
    lint::model::{program::Program, set::SetFindings},
};

rules! { rules::cluster;
    /// A password that is sent in plaintext.
    pub const PLAINTEXT_PASSWORD: Rule = Rule {
        id: "KS-S16",
        production: Error,
        development: Warning,
        summary: "a password that is sent to a REST interface in plaintext",
        explanation: "Basic authentication puts name and password into each request as they are. Without TLS, whoever sees the \
            traffic has them: with them connectors are started, which read what the workers may read, and schemas are changed. \
            A listener on the loopback is reached by its own pod alone.",
        source: "RFC 7617, section 4; Confluent, Use HTTP Basic Authentication",
    };

    /// An administration interface that asks for no password.
    pub const OPEN_ADMIN: Rule = Rule {
        id: "KS-S17",
        production: Error,
        development: Warning,
        summary: "a REST interface for administration that asks for no password",
        explanation: "With `admin.listeners` the paths below `/admin` have listeners of their own, and an extension that asks for \
            passwords guards the others alone. Whoever reaches one decides what the workers log: nothing any more, or so much that it \
            hides the rest. Without the setting `/admin` asks like all paths.",
        source: "Kafka, RestServer.initializeResources and registerRestExtensions; KIP-495",
    };

    /// Workers that tell each other a listener which does not exist.
    pub const ADVERTISED_SCHEME: Rule = Rule {
        id: "KS-R11",
        production: Error,
        development: Error,
        summary: "workers that do not reach each other by the listener that they advertise",
        explanation: "A worker hands requests on to the leader, and asks it before a task of an exactly-once source starts, by \
            `rest.advertised.listener`. Without it that is `http` if there is such a listener, on whichever address. A scheme \
            without a listener that others reach leaves them all with `IO Error trying to forward REST request`.",
        source: "Kafka, RestServer.advertisedUrl; seen with Kafka 4.3.1",
    };

    /// Basic authentication without users.
    pub const NO_LOGIN_MODULE: Rule = Rule {
        id: "KS-R12",
        production: Error,
        development: Error,
        summary: "basic authentication that does not know its users",
        explanation: "Who is a user is said by a file that the JVM is given with `-Djava.security.auth.login.config`. Without it \
            the worker or the registry starts, and refuses every request, those of its probes too.",
        source: "Kafka, BasicAuthSecurityRestExtension; Confluent, Use HTTP Basic Authentication",
    };
}

/// Whether the REST interface asks who someone is, as far as the manifests show: by a password, or by a certificate.
pub(super) fn asks(member: &Member<'_>) -> bool {
    let is = |key: &str, words: &[&str]| {
        let setting = member.settings.get(key);
        setting.map_or_else(
            || member.writes(key),
            |setting| {
                words
                    .iter()
                    .any(|word| setting.value.to_ascii_lowercase().contains(word))
            },
        )
    };
    is("rest.extension.classes", &["auth", "security"])
        || is("authentication.method", &["basic", "bearer"])
        || is("ssl.client.authentication", &["required"])
        || is("listeners.https.ssl.client.auth", &["required"])
}

const LOGIN_CONFIG: &str = "-Djava.security.auth.login.config=";

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let key = match member.process.program {
        Program::Connect => "rest.extension.classes",
        Program::Registry => "authentication.method",
        _ => return,
    };
    let asks = member.settings.get(key).filter(|setting| {
        let value = setting.value.trim();
        value == "BASIC" || value.contains("BasicAuthSecurityRestExtension")
    });
    if let Some(setting) = asks
        && !member.container.open
        && !(member.jvm().options.iter()).any(|option| option.text.starts_with(LOGIN_CONFIG))
    {
        let message = format!("`{key}` asks for passwords, and no `{LOGIN_CONFIG}…` says who the users are");
        let hint = format!("add `{LOGIN_CONFIG}…` with the path of a JAAS file to the options of the JVM");
        member.refuse(findings, &NO_LOGIN_MODULE, key, setting, message, hint);
    }
    if let Some(setting) = member.settings.get("listeners").filter(|setting| setting.is_known()) {
        let listeners: Vec<_> = listening::listeners(&setting.value).collect();
        let of_scheme = |scheme: &'static str| {
            let found = listeners
                .iter()
                .filter(move |one| one.name.eq_ignore_ascii_case(scheme));
            found.filter(|one| !listening::is_loopback(one.host))
        };
        let for_others = |scheme: &'static str| of_scheme(scheme).next();
        let open: Vec<String> = of_scheme("http").map(address).collect();
        if let (Some(_), [first, ..]) = (asks, open.as_slice()) {
            let all: Vec<String> = open.iter().map(|address| format!("`http://{address}`")).collect();
            let message = format!("passwords are sent to {} in plaintext", all.join(" and "));
            let hint = format!("write `https://{first}`, with a certificate");
            member.refuse(findings, &PLAINTEXT_PASSWORD, "listeners", setting, message, hint);
        }
        advertised(member, findings, &for_others);
    }
    if asks.is_some() {
        admin(member, findings);
    }
    for side in ["key", "value"] {
        let of = |end: &str| member.settings.get(&format!("{side}.converter.{end}"));
        let key = format!("{side}.converter.schema.registry.url");
        if let (Some(url), Some(_)) = (of("schema.registry.url"), of("basic.auth.user.info"))
            && url.value.trim().starts_with("http://")
        {
            let message = format!(
                "the converter sends its password to `{}` in plaintext",
                url.value.trim()
            );
            let hint = "write the `https` address of the registry";
            member.refuse(findings, &PLAINTEXT_PASSWORD, &key, url, message, hint);
        }
    }
}

fn address(listener: &listening::Listener<'_>) -> String {
    let port = listener.port.map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{port}", listener.host)
}

/// The listeners of the workers' `/admin`, where they have some of their own. By default they have those of all paths.
fn admin(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "admin.listeners";
    if member.process.program != Program::Connect {
        return;
    }
    let Some(setting) = member.settings.get(KEY).filter(|setting| setting.is_known()) else {
        return;
    };
    let open: Vec<String> = listening::listeners(&setting.value)
        .filter(|one| !listening::is_loopback(one.host))
        .map(|one| format!("`{}://{}`", one.name.to_ascii_lowercase(), address(&one)))
        .collect();
    if !open.is_empty() {
        let message = format!(
            "{} asks for no password, unlike the other listeners",
            open.join(" and ")
        );
        let hint = format!("remove `{KEY}`, or write an address of the loopback there");
        member.refuse(findings, &OPEN_ADMIN, KEY, setting, message, hint);
    }
}

/// Whether other workers reach the listener that is advertised.
fn advertised<'l, 'v: 'l>(
    member: &Member<'_>,
    findings: &mut SetFindings,
    for_others: &dyn Fn(&'static str) -> Option<&'l listening::Listener<'v>>,
) {
    const KEY: &str = "rest.advertised.listener";
    if member.process.program != Program::Connect {
        return;
    }
    let (http, https) = (for_others("http").is_some(), for_others("https").is_some());
    let (key, setting, scheme) = match member.settings.get(KEY) {
        Some(setting) if setting.is_known() => (KEY, setting, setting.value.trim().to_ascii_lowercase()),
        Some(_) => return,
        None => match member.settings.get("listeners") {
            Some(setting) if setting.value.contains("http://") => ("listeners", setting, "http".to_owned()),
            _ => return,
        },
    };
    let (reached, other) = if scheme == "https" {
        (https, "http")
    } else {
        (http, "https")
    };
    if !reached && (http || https) {
        let message = format!("workers tell each other to use `{scheme}`, and reach each other by `{other}` alone");
        member.refuse(
            findings,
            &ADVERTISED_SCHEME,
            key,
            setting,
            message,
            format!("set `{KEY}` to `{other}`"),
        );
    }
}
