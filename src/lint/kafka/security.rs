//! Authentication and authorization: settings that have an effect, and that let the processes reach each other.

use super::{Member, acls, client_security::other_login, listeners};
use crate::{
    diagnostics::{Severity::Error, family::rules, rules::setting::BROKER_VALUE},
    lint::model::{container::ELSEWHERE, jvm, program::Program, set::SetFindings, settings::Setting},
};

rules! { rules::cluster;
    /// SASL settings without a SASL listener.
    pub const NO_SASL_LISTENER: Rule = Rule {
        id: "KS-K45",
        production: Error,
        development: Error,
        summary: "SASL settings without a SASL listener",
        explanation: "Settings of SASL have an effect only on listeners whose security protocol is `SASL_PLAINTEXT` or \
            `SASL_SSL`. Without such a listener Kafka reads them and says nothing, and every client connects without \
            a password.",
        source: "Kafka documentation, Authentication using SASL",
    };

    /// A SASL listener that cannot check credentials.
    pub const SASL_WITHOUT_JAAS: Rule = Rule {
        id: "KS-K46",
        production: Error,
        development: Error,
        summary: "a SASL listener without credentials or with an unsuitable mechanism",
        explanation: "For each mechanism of a SASL listener a broker needs a JAAS configuration, in \
            `listener.name.LISTENER.MECHANISM.sasl.jaas.config` or in the file of \
            `-Djava.security.auth.login.config`; it ignores `sasl.jaas.config` without the mechanism. Without it the \
            process does not start: `Could not find a 'KafkaServer' entry in the JAAS configuration`. The mechanism is \
            `GSSAPI`, Kerberos, unless `sasl.enabled.mechanisms` says otherwise, and \
            `sasl.mechanism.inter.broker.protocol` must be one of those that are enabled. With the class of a login that is for another \
            mechanism the process starts, and its clients time out.",
        source: "Kafka, JaasContext.loadServerContext; KafkaConfig.validateValues; seen with Kafka 4.3.1",
    };

    /// A TLS listener without a certificate.
    pub const NO_CERTIFICATE: Rule = Rule {
        id: "KS-K52",
        production: Error,
        development: Error,
        summary: "a TLS listener without a certificate",
        explanation: "A listener with `SSL` or `SASL_SSL` needs the broker's key and certificate: `ssl.keystore.location`, \
            or `ssl.keystore.key` and `ssl.keystore.certificate.chain`, for all listeners or with \
            `listener.name.LISTENER.` before it. Without them the broker starts, and each client ends with \
            `SSLHandshakeException: handshake_failure`.",
        source: "Kafka documentation, Encryption and Authentication using SSL; seen with Kafka 4.3.1",
    };

    /// Security of a worker that its connectors do not get.
    pub const WORKER_SECURITY: Rule = Rule {
        id: "KS-K47",
        production: Error,
        development: Error,
        summary: "security settings of a worker without those of its connectors",
        explanation: "A worker uses `security.protocol`, `sasl.…` and `ssl.…` for its own topics. The producers and \
            consumers of its connectors get only what begins with `producer.` and `consumer.`. Without these copies \
            the worker is healthy, and its tasks never connect to the cluster. An admin client of a connector has the \
            worker's settings.",
        source: "Kafka, Worker.baseProducerConfigs, baseConsumerConfigs and adminConfigs",
    };

    /// An authorizer that knows no one.
    pub const ANONYMOUS: Rule = Rule {
        id: "KS-K48",
        production: Error,
        development: Error,
        summary: "an authorizer, but a listener of nodes, or one with TLS, that does not authenticate",
        explanation: "On a listener without authentication every client and every broker is `User:ANONYMOUS`: on one with \
            `PLAINTEXT`, and on one with `SSL` that does not ask for certificates, which is the default of \
            `ssl.client.auth`. With an authorizer and no rule for this user, each request is refused: those of brokers to \
            each other and to controllers, and those of clients: `TOPIC_AUTHORIZATION_FAILED`.",
        source: "Kafka documentation, Authorization and ACLs; DefaultKafkaPrincipalBuilder",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    match member.process.program {
        Program::Broker => {
            sasl_without_listener(member, findings);
            sasl_listeners(member, findings);
            certificates(member, findings);
            authorizer(member, findings);
            anonymous(member, findings);
        }
        Program::Connect => worker(member, findings),
        Program::ZooKeeper | Program::Registry => {}
    }
}

/// The listeners that a process has or uses, with their security protocols. None if the manifests do not show them.
fn used(member: &Member<'_>) -> Option<Vec<(String, String)>> {
    let map = listeners::protocols(member)?;
    let mut names = listeners::own(member)?;
    let controllers = listeners::of_controllers(member)?;
    names.extend(
        controllers
            .iter()
            .filter(|name| !names.contains(name))
            .cloned()
            .collect::<Vec<_>>(),
    );
    names
        .into_iter()
        .map(|name| match map.get(&name) {
            Some(protocol) => Some((name, protocol.clone())),
            None => controllers.contains(&name).then(|| (name, "PLAINTEXT".to_owned())),
        })
        .collect()
}

fn sasl_without_listener(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(used), Some(map)) = (used(member), listeners::protocols(member)) else {
        return;
    };
    // With a protocol that does not exist nothing starts, which is another rule's.
    if map
        .values()
        .any(|protocol| !listeners::PROTOCOLS.contains(&protocol.to_ascii_uppercase().as_str()))
    {
        return;
    }
    let sasl = |protocol: &String| protocol.starts_with("SASL_");
    // One file may be for controllers and brokers: the map is then for both.
    let of_brokers = !member.serves() && map.values().any(sasl);
    if of_brokers || used.iter().any(|(_, protocol)| sasl(protocol)) {
        return;
    }
    let setting = member.settings.iter().find(|(key, setting)| {
        (*key == "sasl.enabled.mechanisms" || key.ends_with("sasl.jaas.config")) && !setting.value.trim().is_empty()
    });
    if let Some((key, setting)) = setting {
        let message =
            format!("`{key}` has no effect: no listener uses SASL, so every client connects without a password");
        let hint = "make it `SASL_SSL` or `SASL_PLAINTEXT` in `listener.security.protocol.map`, or remove the settings of SASL";
        member.refuse(findings, &NO_SASL_LISTENER, key, setting, message, hint);
    }
}

fn sasl_listeners(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(used), Some(own)) = (used(member), listeners::own(member)) else {
        return;
    };
    let inter_broker = listeners::inter_broker(member).filter(|_| member.serves());
    for (name, protocol) in used {
        if !own.contains(&name) || !protocol.starts_with("SASL_") {
            continue;
        }
        let prefix = format!("listener.name.{}.", name.to_ascii_lowercase());
        let Some(listeners) = member.settings.get("listeners") else {
            return;
        };
        let Some(mechanisms) = listeners::mechanisms(member, &name) else {
            continue;
        };
        let between = "sasl.mechanism.inter.broker.protocol";
        // Bitnami's entrypoint writes what it takes, the login, and the mechanism among brokers, from variables of its own.
        let bitnami = member.process.image_name().contains("bitnami");
        if inter_broker.as_ref().is_some_and(|(used, _)| *used == name) && !member.writes(between) {
            let setting = member.settings.get(between);
            let mechanism = setting.map_or("GSSAPI".to_owned(), |setting| setting.value.trim().to_ascii_uppercase());
            if setting.map_or(!bitnami, Setting::is_known) && !mechanisms.contains(&mechanism) {
                let message = format!(
                    "brokers use the mechanism `{mechanism}` among themselves, but listener `{name}` takes only `{}`: they do not start",
                    mechanisms.join(",")
                );
                let hint = format!("set `{between}={}`", mechanisms[0]);
                let (key, setting) = setting.map_or(("listeners", listeners), |setting| (between, setting));
                member.refuse(findings, &SASL_WITHOUT_JAAS, key, setting, message, hint);
                continue;
            }
        }
        let login = bitnami || has_login_file(member);
        login_of_another(member, &prefix, &name, &mechanisms, findings);
        let without = mechanisms.iter().find(|mechanism| {
            let end = format!("{}.sasl.jaas.config", mechanism.to_ascii_lowercase());
            !member.settings.iter().any(|(key, _)| key.ends_with(&end))
        });
        if let Some(mechanism) = without.filter(|_| !login && !member.writes("sasl.jaas.config")) {
            let is_set = listeners::of_listener(member, &name, "sasl.enabled.mechanisms").is_some();
            let default = if is_set { ", so" } else { ", the default, so" };
            let key = format!("{prefix}{}.sasl.jaas.config", mechanism.to_ascii_lowercase());
            let message = format!(
                "listener `{name}` has no JAAS configuration for the mechanism `{mechanism}`{default} the process does not start"
            );
            let hint = format!(
                "set `{key}`, name a JAAS file in `KAFKA_OPTS`, or set the mechanism that you mean in `sasl.enabled.mechanisms`"
            );
            member.refuse(findings, &SASL_WITHOUT_JAAS, "listeners", listeners, message, hint);
        }
    }
}

/// Whether an option of the JVM names the file of a login, or may: where the option comes from an object that is not seen.
pub(super) fn has_login_file(member: &Member<'_>) -> bool {
    const OPTION: &str = "java.security.auth.login.config";
    let names = |(name, value): (&String, &String)| {
        jvm::is_options(name) && (value.contains(OPTION) || value.contains(ELSEWHERE))
    };
    let mut own = member.container.variables.iter().map(|(name, value)| (name, value));
    let namespace = &member.object.identity.namespace;
    let maps = member.sources().filter(|source| source.kind == "ConfigMap");
    let mut of_maps = maps
        .filter_map(|map| member.set.config_map(namespace, &map.name))
        .flat_map(|config| &config.variables);
    member.writes(OPTION) || own.any(names) || of_maps.any(names)
}

/// A login of a listener is for its mechanism. One of the right class anywhere in the process is enough for all of its listeners.
fn login_of_another(
    member: &Member<'_>,
    prefix: &str,
    listener: &str,
    mechanisms: &[String],
    findings: &mut SetFindings,
) {
    for mechanism in mechanisms {
        let key = format!("{prefix}{}.sasl.jaas.config", mechanism.to_ascii_lowercase());
        let Some(setting) = member.settings.get(&key) else {
            continue;
        };
        let Some((other, module)) = other_login(mechanism, &setting.value) else {
            continue;
        };
        if !member
            .settings
            .iter()
            .any(|(_, setting)| setting.value.contains(module))
        {
            let message = format!(
                "`{other}` is not for the mechanism `{mechanism}`: the process starts, and no client gets in by listener `{listener}`"
            );
            let hint = format!("write `{module}`");
            member.refuse(findings, &SASL_WITHOUT_JAAS, &key, setting, message, hint);
        }
    }
}

/// A TLS listener has a certificate.
fn certificates(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(used), Some(own), Some(listeners)) =
        (used(member), listeners::own(member), member.settings.get("listeners"))
    else {
        return;
    };
    // Entrypoints make the settings of variables of their own, and a plugin needs none.
    let mut names = member.container.variables.iter().map(|(name, _)| name);
    let by_image = names.any(|name| name.contains("KEYSTORE") || name.contains("TLS_"));
    if by_image || member.settings.edited.is_some() || member.settings.get("ssl.engine.factory.class").is_some() {
        return;
    }
    for (name, protocol) in used {
        let prefix = format!("listener.name.{}.", name.to_ascii_lowercase());
        let mut keys = ["ssl.keystore.location", "ssl.keystore.key"].into_iter();
        let has = keys.any(|key| {
            let own = format!("{prefix}{key}");
            [key, own.as_str()]
                .into_iter()
                .any(|key| member.settings.get(key).is_some() || member.writes(key))
        });
        if own.contains(&name) && protocol.ends_with("SSL") && !has {
            let message =
                format!("listener `{name}` has the protocol `{protocol}` and no certificate: every client is refused");
            let hint =
                format!("set `{prefix}ssl.keystore.location` and its password, or `ssl.keystore.…` for all listeners");
            member.refuse(findings, &NO_CERTIFICATE, "listeners", listeners, message, hint);
        }
    }
}

/// Whether a class is Kafka's own. Others, such as those of Open Policy Agent and of Ranger, have rules elsewhere.
pub(super) fn is_of_kafka(class: &Setting) -> bool {
    ["kafka.", "org.apache.kafka."]
        .iter()
        .any(|start| class.value.trim().starts_with(start))
}

/// An authorizer of Kafka's own exists: in KRaft mode there is one.
fn authorizer(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "authorizer.class.name";
    const OWN: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let Some(setting) = member.settings.get(KEY).filter(|setting| setting.is_known()) else {
        return;
    };
    let class = setting.value.trim();
    if is_of_kafka(setting) && class != OWN && member.settings.get("process.roles").is_some() {
        let message = format!("`{KEY}` is `{class}`, which does not exist in KRaft mode: the process does not start");
        let hint = format!("use `{OWN}`");
        member.refuse(findings, &BROKER_VALUE, KEY, setting, message, hint);
    }
}

fn anonymous(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "authorizer.class.name";
    let value = |key: &str| member.settings.get(key).map(|setting| setting.value.trim());
    let Some(setting) = member.settings.get(KEY).filter(|setting| is_of_kafka(setting)) else {
        return;
    };
    let allowed = ["allow.everyone.if.no.acl.found", "super.users"].iter().any(|key| {
        member.writes(key)
            || value(key).is_some_and(|value| {
                value.eq_ignore_ascii_case("true") || value.contains("User:ANONYMOUS") || value.contains('{')
            })
    });
    let Some(used) = used(member) else { return };
    if allowed
        || member
            .settings
            .iter()
            .any(|(key, _)| key.ends_with("principal.builder.class"))
    {
        return;
    }
    let (own, controllers) = (
        listeners::own(member),
        listeners::of_controllers(member).unwrap_or_default(),
    );
    // With TLS it is up to the controllers whether they ask for a certificate.
    let is_silent = |(name, protocol): &&(String, String)| {
        let shows = own.as_ref().is_some_and(|own| own.contains(name)) || protocol == "PLAINTEXT";
        shows && !listeners::authenticates(member, name, protocol)
    };
    let silent: Vec<&str> = used.iter().filter(is_silent).map(|(name, _)| name.as_str()).collect();
    let between = listeners::inter_broker(member).filter(|_| member.serves());
    let (message, of) = if silent.len() == used.len() {
        let all =
            "no listener authenticates, so everyone is `User:ANONYMOUS`, and the authorizer refuses every request";
        (all.to_owned(), "each listener")
    } else if let Some(name) = silent
        .iter()
        .find(|name| between.as_ref().is_some_and(|(used, _)| used == **name))
    {
        let message = format!(
            "brokers are `User:ANONYMOUS` to each other on listener `{name}`, so the authorizer refuses them: no follower copies a partition"
        );
        (message, "this listener")
    } else if let Some(name) = silent.iter().find(|name| controllers.iter().any(|one| one == **name)) {
        let message = format!(
            "nodes are `User:ANONYMOUS` on the controllers' listener `{name}`, so the authorizer refuses brokers: none of them finishes its start"
        );
        (message, "this listener")
    } else if let Some(name) = silent.iter().find(|name| {
        // One in plaintext is told as such.
        let encrypted = used.iter().any(|(used, protocol)| used == **name && protocol == "SSL");
        encrypted && !acls::may_give(member.set, "ANONYMOUS")
    }) {
        let message = format!(
            "clients are `User:ANONYMOUS` on listener `{name}`, which asks them for nothing, so the authorizer refuses all that they ask for"
        );
        (message, "this listener")
    } else {
        return;
    };
    let hint = format!(
        "use `SASL_SSL`, or `SSL` with `ssl.client.auth=required`, for {of} in `listener.security.protocol.map`, or remove the authorizer"
    );
    member.refuse(findings, &ANONYMOUS, KEY, setting, message, hint);
}

/// What a worker's own clients have, those of its connectors have too.
fn worker(member: &Member<'_>, findings: &mut SetFindings) {
    let setting = member.settings.get("security.protocol");
    let Some(setting) = setting.filter(|setting| !setting.value.trim().eq_ignore_ascii_case("PLAINTEXT")) else {
        return;
    };
    let missing: Vec<&str> = [("producer.", "producers"), ("consumer.", "consumers")]
        .into_iter()
        .filter(|(prefix, _)| {
            let key = format!("{prefix}security.protocol");
            member.settings.get(&key).is_none() && !member.writes(&key)
        })
        .map(|(_, clients)| clients)
        .collect();
    if missing.is_empty() {
        return;
    }
    let clients = missing.join(" and ");
    let message = format!(
        "the {clients} of connectors do not get `security.protocol`: their tasks never connect, while the worker is healthy"
    );
    let hint = "repeat the worker's `security.protocol`, `sasl.…` and `ssl.…` with `producer.` and with `consumer.` before them";
    member.refuse(findings, &WORKER_SECURITY, "security.protocol", setting, message, hint);
}
