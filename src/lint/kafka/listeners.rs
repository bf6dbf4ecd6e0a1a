//! Listeners: each has a security protocol, a name and a port of its own, and those that brokers and controllers use exist.

use std::collections::BTreeMap;

use super::{Member, listening};
use crate::{
    diagnostics::{Severity::Error, family::rules},
    lint::model::{container::Action, program::Program, set::SetFindings, settings::Setting},
};

rules! { rules::cluster;
    /// A listener without a security protocol.
    pub const UNMAPPED_LISTENER: Rule = Rule {
        id: "KS-K40",
        production: Error,
        development: Error,
        summary: "a listener without a security protocol, or with one that does not exist",
        explanation: "Each listener needs an entry in `listener.security.protocol.map`. A broker or controller with \
            another listener does not start: `No security protocol defined for listener`. Without the setting, the \
            name of a listener must be a security protocol.",
        source: "Kafka, SocketServerConfigs.listenerListToEndPoints",
    };

    /// Two listeners with one name or one port.
    pub const SAME_LISTENER: Rule = Rule {
        id: "KS-K41",
        production: Error,
        development: Error,
        summary: "two listeners with one name or one port",
        explanation: "Each listener needs its own name and its own port. Otherwise a broker or controller does not \
            start: `Each listener must have a different name`, `Each listener must have a different port`.",
        source: "Kafka, SocketServerConfigs.listenerListToEndPoints",
    };

    /// A listener between brokers that does not exist.
    pub const INTER_BROKER_LISTENER: Rule = Rule {
        id: "KS-K42",
        production: Error,
        development: Error,
        summary: "a listener between brokers that does not exist, or is set twice",
        explanation: "Brokers copy partitions through the listener in `inter.broker.listener.name`. Without it they use \
            the listener whose name is `security.inter.broker.protocol`, by default `PLAINTEXT`. A broker that does \
            not advertise this listener does not start: `inter.broker.listener.name must be a listener name defined \
            in advertised.listeners`. Both settings together are refused too.",
        source: "Kafka, KafkaConfig.validateValues and getInterBrokerListenerNameAndSecurityProtocol",
    };

    /// Listeners of controllers that do not exist.
    pub const CONTROLLER_LISTENER: Rule = Rule {
        id: "KS-K43",
        production: Error,
        development: Error,
        summary: "`controller.listener.names` that does not fit the listeners",
        explanation: "In KRaft mode `controller.listener.names` is required. A controller must listen on one of these \
            names. A node that is only a broker must not listen on them, and a node that is only a controller must not \
            listen on others. Otherwise the process does not start.",
        source: "Kafka, KafkaConfig.validateValues",
    };

    /// A listener that other pods cannot reach.
    pub const ONLY_OWN_POD: Rule = Rule {
        id: "KS-K57",
        production: Error,
        development: Error,
        summary: "a listener that only its own pod can reach, but others need",
        explanation: "A socket on `localhost` or `127.0.0.1` takes connections of its own pod alone. The process starts and \
            logs no error, but clients, other brokers, controllers and the probes of the kubelet get `Connection refused`. \
            A listener without a host, `CLIENT://:9092`, listens on all addresses.",
        source: "Kafka documentation, listeners; Kubernetes, Configure Liveness, Readiness and Startup Probes",
    };

    /// Listeners that serve before the authorizer knows its rules.
    pub const EARLY_LISTENER: Rule = Rule {
        id: "KS-K53",
        production: Error,
        development: Error,
        summary: "`early.start.listeners` with a listener that does not exist, or without that of the controllers",
        explanation: "An authorizer reads its rules from the metadata of the cluster. Until it has them, only the listeners in \
            `early.start.listeners` serve; by default those of the controllers. A name that is not a listener, or in other \
            letters, stops the process: `ConfigException: early.start.listeners contains listener …`. Without the controllers' \
            listener, controllers wait for the rules, and elect no leader who could send them: no process finishes its start.",
        source: "Kafka, AbstractKafkaConfig.earlyStartListeners; seen with Kafka 4.3.1",
    };
}

/// The security protocols of Kafka. Each is also the name of a listener that needs no entry in the map.
pub(super) const PROTOCOLS: [&str; 4] = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

/// An entry of `listeners` or `advertised.listeners`.
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) host: String,
    /// None if it is filled in when the process starts.
    port: Option<u16>,
}

/// The names in a setting that lists them, in capitals as Kafka compares them. None if the manifests do not show them.
pub(super) fn names(setting: &Setting) -> Option<Vec<String>> {
    let names = setting.value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_ascii_uppercase).collect();
    let known = names.iter().all(|name| !name.contains(['{', '$', '(']));
    known.then_some(names)
}

/// The entries of a list of listeners. None if it is not set, or the manifests do not show the names.
pub(super) fn listed(member: &Member<'_>, key: &str) -> Option<Vec<Listener>> {
    let value = &member.settings.get(key)?.value;
    let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let (name, address) = entry.split_once("://")?;
            let (host, port) = address.rsplit_once(':')?;
            (!name.contains(['{', '$', '('])).then(|| Listener {
                name: name.to_ascii_uppercase(),
                host: host.to_owned(),
                port: port.parse().ok(),
            })
        })
        .collect()
}

/// The names of the listeners. None if the manifests do not show them.
pub(super) fn own(member: &Member<'_>) -> Option<Vec<String>> {
    Some(listed(member, "listeners")?.into_iter().map(|one| one.name).collect())
}

/// The names of the controllers' listeners. None if the manifests do not show them.
pub(super) fn of_controllers(member: &Member<'_>) -> Option<Vec<String>> {
    member
        .settings
        .get("controller.listener.names")
        .map_or(Some(Vec::new()), names)
}

/// Whether a controller has none of the listeners that are for controllers.
pub(super) fn lacks_controllers(member: &Member<'_>) -> bool {
    let (Some(own), Some(names)) = (own(member), of_controllers(member)) else {
        return false;
    };
    member.votes() && !names.is_empty() && !own.iter().any(|name| names.contains(name))
}

/// A setting that a listener may have for itself, and its key.
pub(super) fn of_listener<'m>(member: &'m Member<'_>, name: &str, key: &str) -> Option<(String, &'m Setting)> {
    let own = format!("listener.name.{}.{key}", name.to_ascii_lowercase());
    [own, key.to_owned()]
        .into_iter()
        .find_map(|key| member.settings.get(&key).map(|setting| (key, setting)))
}

/// Whether clients of a listener with this protocol show who they are. True where the manifests do not say that they do not.
pub(super) fn authenticates(member: &Member<'_>, name: &str, protocol: &str) -> bool {
    protocol.starts_with("SASL_")
        || protocol == "SSL"
            && client_auth(member, name).map_or_else(|| member.writes(CLIENT_AUTH), |auth| auth != "none")
}

const CLIENT_AUTH: &str = "ssl.client.auth";

/// What a listener with TLS asks of its clients, in small letters. None if nothing says it, or no one sees it.
pub(super) fn client_auth(member: &Member<'_>, name: &str) -> Option<String> {
    if let Some((_, setting)) = of_listener(member, name, CLIENT_AUTH) {
        return setting.is_known().then(|| setting.value.trim().to_ascii_lowercase());
    }
    // Bitnami's entrypoint always writes it.
    let variable = |name: &str| member.container.variables.iter().find(|(known, _)| known == name);
    let own = format!("KAFKA_TLS_{name}_CLIENT_AUTH");
    is_bitnami(member).then(|| {
        let said = variable(&own).or_else(|| variable("KAFKA_TLS_CLIENT_AUTH"));
        said.map_or("required".to_owned(), |(_, value)| value.trim().to_ascii_lowercase())
    })
}

/// Whether Bitnami's entrypoint writes settings of its own.
pub(super) fn is_bitnami(member: &Member<'_>) -> bool {
    member.process.entrypoint && member.process.image_name().contains("bitnami")
}

/// The mechanisms of SASL that a listener takes. None if the manifests do not show them.
pub(super) fn mechanisms(member: &Member<'_>, name: &str) -> Option<Vec<String>> {
    const KEY: &str = "sasl.enabled.mechanisms";
    match of_listener(member, name, KEY) {
        Some((_, setting)) => names(setting).filter(|names| !names.is_empty()),
        None if member.writes(KEY) => None,
        None if is_bitnami(member) => Some(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].map(str::to_owned).into()),
        None => Some(vec!["GSSAPI".to_owned()]),
    }
}

/// The security protocol of each listener in `listener.security.protocol.map`. None if the manifests do not show it.
pub(super) fn protocols(member: &Member<'_>) -> Option<BTreeMap<String, String>> {
    let Some(setting) = member.settings.get("listener.security.protocol.map") else {
        let own = PROTOCOLS.map(|name| (name.to_owned(), name.to_owned()));
        return (!member.writes("listener.security.protocol.map")).then(|| own.into());
    };
    let entries = names(setting)?;
    entries
        .iter()
        .map(|entry| {
            let (name, protocol) = entry.split_once(':')?;
            Some((name.trim().to_owned(), protocol.trim().to_owned()))
        })
        .collect()
}

/// The listener that brokers use among themselves, and what sets it. None if the manifests do not show it.
pub(super) fn inter_broker<'m>(member: &'m Member<'_>) -> Option<(String, Option<(&'static str, &'m Setting)>)> {
    for key in ["inter.broker.listener.name", "security.inter.broker.protocol"] {
        if let Some(setting) = member
            .settings
            .get(key)
            .filter(|setting| !setting.value.trim().is_empty())
        {
            let name = names(setting)?.pop()?;
            return Some((name, Some((key, setting))));
        }
        if member.writes(key) {
            return None;
        }
    }
    Some(("PLAINTEXT".to_owned(), None))
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    apart(member, findings);
    mapped(member, findings);
    early(member, findings);
    if member.serves() {
        between_brokers(member, findings);
    }
    let roles = |roles: &Setting| {
        roles
            .value
            .split(',')
            .all(|role| ["broker", "controller"].contains(&role.trim()))
    };
    if member.settings.get("process.roles").is_some_and(roles) {
        controllers(member, findings);
    }
}

/// Each listener has its own name and port.
fn apart(member: &Member<'_>, findings: &mut SetFindings) {
    for key in ["listeners", "advertised.listeners"] {
        if let (Some(setting), Some(listeners)) = (member.settings.get(key), listed(member, key)) {
            apart_in(member, findings, key, setting, &listeners);
        }
    }
}

fn apart_in(member: &Member<'_>, findings: &mut SetFindings, key: &str, setting: &Setting, listeners: &[Listener]) {
    for (index, listener) in listeners.iter().enumerate() {
        for other in &listeners[..index] {
            let message = if other.name == listener.name {
                format!(
                    "two listeners have the name `{}`, so the process does not start",
                    other.name
                )
            } else if let (Some(port), true) = (listener.port, listener.port == other.port)
                && port != 0
                && key == "listeners"
                // One of IPv4 and one of IPv6 may share a port.
                && listener.host.starts_with('[') == other.host.starts_with('[')
            {
                format!(
                    "listeners `{}` and `{}` have the same port {port}, so the process does not start",
                    other.name, listener.name
                )
            } else {
                continue;
            };
            let hint = "give each listener its own name and port";
            member.refuse(findings, &SAME_LISTENER, key, setting, message, hint);
        }
    }
}

/// Each listener has a security protocol.
fn mapped(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(map), Some(controllers)) = (protocols(member), of_controllers(member)) else {
        return;
    };
    let with_map = member.settings.get("listener.security.protocol.map");
    if let Some((setting, (name, protocol))) =
        with_map.zip(map.iter().find(|(_, protocol)| !PROTOCOLS.contains(&protocol.as_str())))
    {
        let message =
            format!("the protocol `{protocol}` of listener `{name}` does not exist, so the process does not start");
        let hint = format!("use one of `{}`", PROTOCOLS.join("`, `"));
        member.refuse(
            findings,
            &UNMAPPED_LISTENER,
            "listener.security.protocol.map",
            setting,
            message,
            hint,
        );
    }
    let mut unmapped: Vec<(&str, String)> = Vec::new();
    for name in own(member).unwrap_or_default() {
        // Without a map the listeners of controllers are PLAINTEXT.
        if with_map.is_some() || !controllers.contains(&name) {
            unmapped.push(("listeners", name));
        }
    }
    // Names that are not among the listeners of a controller or a broker are told as such.
    if with_map.is_some() && !lacks_controllers(member) {
        unmapped.extend(controllers.into_iter().map(|name| ("controller.listener.names", name)));
    }
    let mut told = Vec::new();
    for (key, name) in unmapped {
        if map.contains_key(&name) || told.contains(&name) {
            continue;
        }
        let message =
            format!("listener `{name}` is not in `listener.security.protocol.map`, so the process does not start");
        let hint = format!("add `{name}:PLAINTEXT`, or its protocol, to `listener.security.protocol.map`");
        let place = with_map.map(|setting| ("listener.security.protocol.map", setting));
        if let Some((key, setting)) = place.or_else(|| Some((key, member.settings.get(key)?))) {
            member.refuse(findings, &UNMAPPED_LISTENER, key, setting, message, hint);
        }
        told.push(name);
    }
}

/// The listener between brokers is one of those that are advertised.
fn between_brokers(member: &Member<'_>, findings: &mut SetFindings) {
    const NAME: &str = "inter.broker.listener.name";
    const PROTOCOL: &str = "security.inter.broker.protocol";
    if let (Some(setting), Some(_)) = (member.settings.get(NAME), member.settings.get(PROTOCOL)) {
        let message = format!("`{NAME}` and `{PROTOCOL}` are both set, so the broker does not start");
        let hint = format!("remove `{PROTOCOL}`: the listener's protocol is in `listener.security.protocol.map`");
        member.refuse(findings, &INTER_BROKER_LISTENER, NAME, setting, message, hint);
        return;
    }
    let advertised = ["advertised.listeners", "listeners"]
        .into_iter()
        .find_map(|key| Some((key, member.settings.get(key)?)));
    let (Some((key, setting)), Some((name, set)), Some(controllers)) =
        (advertised, inter_broker(member), of_controllers(member))
    else {
        return;
    };
    let Some(mut known) = listed(member, key) else { return };
    known.retain(|listener| !controllers.contains(&listener.name));
    if known.is_empty() || known.iter().any(|listener| listener.name == name) {
        return;
    }
    let listeners: Vec<String> = known.iter().map(|listener| format!("`{}`", listener.name)).collect();
    let listeners = listeners.join(", ");
    let (key, setting, message) = match set {
        Some((key, setting)) => (
            key,
            setting,
            format!(
                "brokers use the listener `{name}` among themselves, but advertise only {listeners}: they do not start"
            ),
        ),
        None => (
            key,
            setting,
            format!(
                "brokers use the listener `PLAINTEXT` among themselves when `{NAME}` is not set, but advertise only {listeners}: they do not start"
            ),
        ),
    };
    let hint = format!("set `{NAME}` to one of {listeners}");
    member.refuse(findings, &INTER_BROKER_LISTENER, key, setting, message, hint);
}

/// Listeners on the loopback address that others need.
pub(super) fn loopback(member: &Member<'_>, findings: &mut SetFindings) {
    let Some(setting) = member.settings.get("listeners") else {
        return;
    };
    let advertised = member.settings.get("advertised.listeners");
    let advertised = advertised.map_or("", |setting| setting.value.as_str());
    let voters = member.settings.get("controller.quorum.voters");
    let voters = voters.map_or(0, |setting| setting.value.split(',').count());
    let controllers = of_controllers(member).unwrap_or_default();
    // A server with another listener for others may have one for its own pod.
    let has_another = listening::listeners(&setting.value).any(|listener| !listening::is_loopback(listener.host));
    for listener in listening::listeners(&setting.value).filter(|listener| listening::is_loopback(listener.host)) {
        let needed = if controllers.iter().any(|name| name == listener.name) {
            (voters > 1 || member.workload.replicas > 1).then_some("the other controllers and the brokers")
        } else if member.process.program == Program::Broker {
            listening::listeners(advertised)
                .any(|own| own.name == listener.name && !listening::is_loopback(own.host))
                .then_some("those to whom it is advertised")
        } else {
            let mut hooks = member.container.hooks.iter();
            let asked = hooks.any(|hook| matches!(&hook.action, Action::Http(_) | Action::Port(_)));
            (asked && !has_another).then_some("the probes of the kubelet and other pods")
        };
        if let Some(who) = needed {
            let message = format!(
                "`{}` listens on `{}`, which only its own pod reaches, not {who}",
                listener.name, listener.host
            );
            let port = listener.port.map_or_else(String::new, |port| format!(":{port}"));
            let any = if member.process.program == Program::Broker {
                ""
            } else {
                "0.0.0.0"
            };
            let hint = format!("write `{}://{any}{port}`", listener.name);
            member.refuse(findings, &ONLY_OWN_POD, "listeners", setting, message, hint);
        }
    }
}

/// The listeners that serve before the authorizer has its rules.
fn early(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "early.start.listeners";
    let (Some(setting), Some(own), Some(controllers)) = (
        member.settings.get(KEY).filter(|setting| setting.is_known()),
        own(member),
        of_controllers(member),
    ) else {
        return;
    };
    // Kafka takes these names as they are written.
    let listed = setting.value.split(',').map(str::trim);
    let listed: Vec<&str> = listed.filter(|name| !name.is_empty()).collect();
    let exists = |name: &&str| own.iter().chain(&controllers).any(|other| other == *name);
    if let Some(name) = listed.iter().find(|name| !exists(name)) {
        let message = format!("`{KEY}` has `{name}`, which is not a listener: the process does not start");
        let capitals = name.to_ascii_uppercase();
        let hint = if exists(&capitals.as_str()) {
            format!("write `{capitals}`")
        } else {
            format!("use names of `listeners`: `{}`", own.join("`, `"))
        };
        member.refuse(findings, &EARLY_LISTENER, KEY, setting, message, hint);
    } else if let Some(missing) = controllers.first()
        && member.votes()
        && !listed.iter().any(|name| controllers.iter().any(|other| other == name))
        && member
            .settings
            .get("authorizer.class.name")
            .is_some_and(|class| !class.value.trim().is_empty())
    {
        let message = format!(
            "`{KEY}` does not have `{missing}`: controllers wait for the rules of the authorizer before they elect a leader, so no process finishes its start"
        );
        let hint = format!("add `{missing}`, or remove `{KEY}`");
        member.refuse(findings, &EARLY_LISTENER, KEY, setting, message, hint);
    }
}

/// The listeners of controllers fit the roles of the process.
fn controllers(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "controller.listener.names";
    let Some(roles) = member.settings.get("process.roles") else {
        return;
    };
    let Some(setting) = member.settings.get(KEY) else {
        if !member.writes(KEY) {
            let message = format!("`{KEY}` is not set: a process in KRaft mode does not start without it");
            let hint = format!("add `{KEY}=CONTROLLER`");
            member.refuse(findings, &CONTROLLER_LISTENER, "process.roles", roles, message, hint);
        }
        return;
    };
    let Some(names) = names(setting) else { return };
    // Kafka writes the names in `listeners` in capitals, and these as they are (3.9.2 and 4.3.1, StorageTool).
    if member.votes() && setting.value.contains(|c: char| c.is_ascii_lowercase()) {
        let capitals = setting.value.to_ascii_uppercase();
        let message = format!(
            "Kafka compares `{}` with the names of listeners in capitals: the controller finds no listener of its own, and does not start",
            setting.value
        );
        let hint = format!("write `{KEY}={capitals}`");
        member.refuse(findings, &CONTROLLER_LISTENER, KEY, setting, message, hint);
        return;
    }
    let shown = names.join(",");
    if let Some(own) = own(member) {
        let (message, hint) = if member.votes() && !own.iter().any(|name| names.contains(name)) {
            (
                format!("the controller has no listener `{shown}`, so it does not start"),
                format!("add `{shown}://:9093` to `listeners`, or change `{KEY}`"),
            )
        } else if let Some(name) = own.iter().find(|name| !member.serves() && !names.contains(name)) {
            (
                format!("listener `{name}` is not in `{KEY}`, so a node that is only a controller does not start"),
                format!("remove `{name}` from `listeners`"),
            )
        } else if let Some(name) = own.iter().find(|name| !member.votes() && names.contains(name)) {
            (
                format!("listener `{name}` is in `{KEY}`, so a node that is only a broker does not start"),
                format!("remove `{name}` from `listeners`"),
            )
        } else {
            (String::new(), String::new())
        };
        if let (false, Some(listeners)) = (message.is_empty(), member.settings.get("listeners")) {
            member.refuse(findings, &CONTROLLER_LISTENER, "listeners", listeners, message, hint);
        }
    }
}
