//! Addresses of brokers, controllers and servers: whether they lead to a process that listens there.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Member,
    listening::{Kind, Listener, Open, listeners, shown},
};
use crate::diagnostics::{Cause, Severity::Error, family::rules};
use crate::lint::{
    model::{
        ObjectModel,
        program::Program,
        service::PortRef,
        set::{ObjectSet, SetFindings},
        settings::{POD_NAME, Setting},
    },
    set::addresses::host,
};

rules! { rules::pod;
    /// Voters at another port than that of the controllers.
    pub const VOTER_PORT: Rule = Rule {
        id: "KS-P55",
        production: Error,
        development: Error,
        summary: "voters at a port that is not the controllers' listener",
        explanation: "The members of the quorum dial each other at the ports of `controller.quorum.voters`, and listen \
            on the listener of `controller.listener.names`. Where the two differ, no controller reaches another: no \
            leader is elected, and no broker starts.",
        source: "Kafka documentation, controller.quorum.voters",
    };

    /// An address whose port nothing answers.
    pub const ADDRESS_PORT: Rule = Rule {
        id: "KS-P56",
        production: Error,
        development: Error,
        summary: "an address at a port that nothing listens on",
        explanation: "The address leads to a pod, or to a headless Service, which does not translate ports: what the \
            process listens on is what can be dialled. Connections are refused: a wait loop waits for its whole time, an \
            exporter and a client find no broker. The listener of the controllers takes connections, and serves no client.",
        source: "Kubernetes, Headless Services",
    };

    /// An advertised address that does not lead back.
    pub const ADVERTISED_ELSEWHERE: Rule = Rule {
        id: "KS-P57",
        production: Error,
        development: Error,
        summary: "an advertised address that does not lead back to its listener",
        explanation: "Clients and other brokers dial the address that a broker advertises. A name of a listener that it \
            does not have is refused at the start: `listener names must be equal to or a subset of the ones defined in \
            listeners`. A pod's name resolves only with the Service of its `serviceName`, in its namespace, and leads to \
            the port of the listener itself: with another one, clients read the metadata and then time out. A listener that is not \
            advertised answers its clients with LISTENER_NOT_FOUND.",
        source: "Kafka documentation, advertised.listeners; Kubernetes, StatefulSet, stable network ID",
    };

    /// An IPv6 address without brackets.
    pub const IPV6: Rule = Rule {
        id: "KS-P59",
        production: Error,
        development: Error,
        summary: "an IPv6 address without brackets",
        explanation: "In a URL, and in ZooKeeper's list of servers, a colon ends the host: an IPv6 address needs \
            brackets, `http://[fd00::1]:8081`. Without them the registry and the workers do not start \
            (`URISyntaxException`, or a host that is null), and ZooKeeper refuses the server. Kafka's own lists take both.",
        source: "RFC 3986, 3.2.2; ZooKeeper, ConfigUtils; Kafka, Utils.HOST_PORT_PATTERN",
    };
}

/// Addresses in the whole set, the lists of voters included.
pub(super) fn check(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    let by_index: BTreeMap<usize, &Member<'_>> = members.iter().map(|member| (member.index, member)).collect();
    let told_of_services = services(set, &by_index, findings);
    for (index, object) in set.objects.iter().enumerate() {
        let broker = by_index
            .get(&index)
            .is_some_and(|member| member.process.program == Program::Broker);
        // One for all pods of a set.
        let mut told = BTreeSet::new();
        for (address, port) in object
            .addresses
            .iter()
            .filter_map(|address| Some((address, address.port?)))
        {
            let own = &object.identity.namespace;
            let controllers = |(pods, target): (Vec<usize>, i64)| {
                let service = host(&address.host, own).and_then(|(space, name, _)| set.index("Service", space, name));
                let told = service.is_some_and(|service| told_of_services.contains(&(service, port)));
                let open = members_at(&by_index, &pods)?;
                let controller = |open: &&Open| open.port == target && open.kind == Kind::Controller;
                let found = open.iter().find(controller).filter(|_| !told)?;
                // As it is dialled.
                let dialled = Open { port, ..found.clone() };
                Some((pods, vec![dialled]))
            };
            let behind = at(set, &by_index, own, &address.host)
                .or_else(|| translated(set, own, &address.host, port).and_then(controllers));
            let Some((pods, open)) = behind else {
                continue;
            };
            let found: Vec<&Open> = open.iter().filter(|open| open.port == port).collect();
            let why = match found.first() {
                None => format!("refuses connections: nothing listens on port {port}"),
                Some(open) if !broker && !address.controllers && open.kind == Kind::Controller => {
                    format!(
                        "leads to the listener `{}` of the controllers, which serves no clients",
                        open.name
                    )
                }
                Some(_) => continue,
            };
            if set.is_resolved_by_pods(index, &address.host) || !told.insert((port, pods)) {
                continue;
            }
            let message = format!("`{}` {why}", address.shown());
            let finding = findings.add(index, address.pointer.clone(), &ADDRESS_PORT, message);
            finding.place.row = address.row;
            finding.hint(format!("it listens on {}", shown(&open)));
        }
    }
    for member in members {
        voters(set, &by_index, member, findings);
        advertised(member, findings);
        unadvertised(member, findings);
    }
}

/// The workloads of a host, and what is open at their pods, if all of it is known: a pod, or the pods of a headless Service.
fn at(
    set: &ObjectSet<'_>,
    members: &BTreeMap<usize, &Member<'_>>,
    own: &str,
    name: &str,
) -> Option<(Vec<usize>, Vec<Open>)> {
    let (namespace, service, pod) = host(name, own)?;
    let indices: Vec<usize> = if let Some(pod) = pod {
        vec![set.index("StatefulSet", namespace, pod.rsplit_once('-')?.0)?]
    } else {
        let service = set.find("Service", namespace, service).and_then(ObjectModel::service)?;
        if !service.headless {
            return None;
        }
        let selected = set.selected(namespace, service.selector.as_ref()?);
        selected.into_iter().map(|(index, _)| index).collect()
    };
    let open = members_at(members, &indices)?;
    (!open.is_empty()).then_some((indices, open))
}

/// What is open at the pods of workloads; none if a part of it is not known.
fn members_at(members: &BTreeMap<usize, &Member<'_>>, indices: &[usize]) -> Option<Vec<Open>> {
    let mut open = Vec::new();
    for index in indices {
        open.extend(members.get(index)?.listening()?.iter().cloned());
    }
    Some(open)
}

/// The workloads behind a Service that translates ports, and the number that one of its ports has at their pods.
fn translated(set: &ObjectSet<'_>, own: &str, name: &str, port: i64) -> Option<(Vec<usize>, i64)> {
    let (namespace, service, None) = host(name, own)? else {
        return None;
    };
    let service = set.find("Service", namespace, service).and_then(ObjectModel::service)?;
    let target = service
        .ports
        .iter()
        .find(|own| own.number == port)
        .filter(|_| !service.headless)?;
    let selected = set.selected(namespace, service.selector.as_ref()?);
    let number = match &target.target {
        PortRef::Number(number) => *number,
        PortRef::Name(name) => {
            let mut ports = selected.first()?.1.ports.iter();
            ports.find(|port| port.name == *name)?.number
        }
    };
    Some((selected.into_iter().map(|(index, _)| index).collect(), number))
}

/// The StatefulSet of a pod by a name that holds in its own namespace: `kafka-0.kafka-headless`. What the resolver tries first is in the own namespace,
/// whatever others there are.
pub(super) fn pod_of_namespace(set: &ObjectSet<'_>, own: &str, name: &str) -> Option<usize> {
    let (pod, service) = name.split_once('.').filter(|(_, service)| !service.contains('.'))?;
    let index = set.index("StatefulSet", own, pod.rsplit_once('-')?.0)?;
    set.has_pod(own, service, pod).then_some(index)
}

/// The workloads that an address leads to, and the port that is dialled at their pods.
pub(super) fn dialled(set: &ObjectSet<'_>, own: &str, name: &str, port: i64) -> Option<(Vec<usize>, i64)> {
    if let Some(index) = pod_of_namespace(set, own, name) {
        return Some((vec![index], port));
    }
    let (namespace, service, pod) = host(name, own)?;
    if let Some(pod) = pod {
        return Some((
            vec![set.index("StatefulSet", namespace, pod.rsplit_once('-')?.0)?],
            port,
        ));
    }
    let found = set.find("Service", namespace, service).and_then(ObjectModel::service)?;
    if !found.headless {
        return translated(set, own, name, port);
    }
    let selected = set.selected(namespace, found.selector.as_ref()?);
    Some((selected.into_iter().map(|(index, _)| index).collect(), port))
}

/// Services that take the port of a listener to something else: each once, whoever dials it.
fn services(
    set: &ObjectSet<'_>,
    members: &BTreeMap<usize, &Member<'_>>,
    findings: &mut SetFindings,
) -> BTreeSet<(usize, i64)> {
    let mut told = BTreeSet::new();
    for (index, object) in set.objects.iter().enumerate() {
        let Some(service) = object.service() else { continue };
        let (namespace, name) = (&object.identity.namespace, &object.identity.name);
        for port in &service.ports {
            let Some((pods, target)) = translated(set, namespace, name, port.number) else {
                continue;
            };
            let found = pods.iter().find_map(|index| {
                let open = members.get(index)?.listening()?;
                let listens = |at: i64| open.iter().find(|open| open.port == at && open.kind == Kind::Listener);
                let meant = listens(port.number).filter(|_| listens(target).is_none())?;
                let found = open
                    .iter()
                    .find(|open| open.port == target && open.kind != Kind::Listener)?;
                Some((meant, found))
            });
            let Some((meant, found)) = found else { continue };
            told.insert((index, port.number));
            let what = match found.kind {
                Kind::Controller => format!(
                    "the listener `{}` of the controllers, which serves no clients",
                    found.name
                ),
                _ => format!("{}, which is not Kafka's protocol", found.name),
            };
            let message = format!(
                "port {} leads to port {target} of the pods: {what}. The listener `{}` is at port {}",
                port.number, meant.name, meant.port
            );
            findings
                .add(index, port.pointer.clone(), &ADDRESS_PORT, message)
                .hint(format!("set `targetPort` to {}", meant.port));
        }
    }
    told
}

/// The listener of a controller: the first of its names.
fn controller_port(member: &Member<'_>) -> Option<(i64, String)> {
    if !member.votes() {
        return None;
    }
    let names = &member.settings.get("controller.listener.names")?.value;
    let name = names.split(',').next()?.trim();
    let all = member.settings.get("listeners")?;
    let listener = listeners(&all.value).find(|listener| listener.name == name)?;
    Some((listener.port?, name.to_owned()))
}

fn voters(
    set: &ObjectSet<'_>,
    members: &BTreeMap<usize, &Member<'_>>,
    member: &Member<'_>,
    findings: &mut SetFindings,
) {
    for key in ["controller.quorum.voters", "controller.quorum.bootstrap.servers"] {
        let Some(setting) = member.settings.get(key) else {
            continue;
        };
        let wrong = setting.value.split(',').find_map(|entry| {
            let address = entry.trim();
            let address = address.split_once('@').map_or(address, |(_, address)| address);
            let (name, port) = address.rsplit_once(':')?;
            let port: i64 = port.parse().ok()?;
            let (namespace, _, pod) = host(name, &member.object.identity.namespace)?;
            let index = set.index("StatefulSet", namespace, pod?.rsplit_once('-')?.0)?;
            let (right, listener) = controller_port(members.get(&index)?)?;
            (right != port).then(|| (address.to_owned(), port, right, listener))
        });
        if let Some((address, port, right, listener)) = wrong {
            member
                .at(
                    findings,
                    setting,
                    &VOTER_PORT,
                    format!(
                        "`{key}` has `{address}`, but the listener `{listener}` of the controllers is at port {right}"
                    ),
                )
                .hint(format!("write port {right} instead of {port}, or change `listeners`"));
        }
    }
}

fn advertised(member: &Member<'_>, findings: &mut SetFindings) {
    let Some(setting) = member.settings.get("advertised.listeners") else {
        return;
    };
    let own: Vec<Listener<'_>> = match member.settings.get("listeners") {
        Some(all) => listeners(&all.value).collect(),
        None => Vec::new(),
    };
    for address in listeners(&setting.value) {
        let listener = own.iter().find(|own| own.name.eq_ignore_ascii_case(address.name));
        let wrong = if !own.is_empty() && listener.is_none() {
            let names: Vec<&str> = own.iter().map(|own| own.name).collect();
            Some((
                format!("`listeners` has no `{}`: the broker does not start", address.name),
                format!("`listeners` has `{}`", names.join("`, `")),
            ))
        } else if let Some(service) = service_of(member, address.host) {
            let right = member.workload.service.as_deref().unwrap_or_default();
            leads_back(member, service, right).or_else(|| {
                let port = listener?.port?;
                (address.port != Some(port)).then(|| {
                    (
                        format!("the listener is at port {port}: connections to the pod are refused"),
                        format!("write port {port}"),
                    )
                })
            })
        } else {
            None
        };
        if let Some((why, hint)) = wrong {
            let port = address.port.map_or_else(String::new, |port| format!(":{port}"));
            let shown = format!("{}://{}{port}", address.name, address.host.replace(POD_NAME, "<pod>"));
            let message = format!("`advertised.listeners` has `{shown}`, but {why}");
            let finding = member.at(findings, setting, &ADVERTISED_ELSEWHERE, message);
            finding.hint(hint);
            let named = service_of(member, address.host).map(|(service, _)| service);
            if named.is_some_and(|service| Some(service) != member.workload.service.as_deref()) {
                finding.because(Cause::service_name(member.index, 2));
            }
        }
    }
}

/// A listener for clients that is not advertised.
fn unadvertised(member: &Member<'_>, findings: &mut SetFindings) {
    let (Some(all), Some(setting)) = (
        member.settings.get("listeners"),
        member.settings.get("advertised.listeners"),
    ) else {
        return;
    };
    // What edits the settings may add an address.
    let controllers = member.settings.get("controller.listener.names");
    let missing = super::listeners::lacks_controllers(member);
    if member.settings.edited.is_some() || missing {
        return;
    }
    let is_controllers =
        |name: &str| controllers.is_some_and(|names| names.value.split(',').any(|own| own.trim() == name));
    // Kafka writes names of listeners in capitals before it compares them: ListenerName.normalised.
    let is_advertised =
        |name: &str| listeners(&setting.value).any(|advertised| advertised.name.eq_ignore_ascii_case(name));
    for Listener { name, .. } in listeners(&all.value) {
        if !is_controllers(name) && !is_advertised(name) {
            member
                .at(
                    findings,
                    setting,
                    &ADVERTISED_ELSEWHERE,
                    format!(
                        "`listeners` has `{name}`, but `advertised.listeners` does not: its clients find no broker"
                    ),
                )
                .hint(format!(
                    "advertise an address for `{name}`, or remove it from `listeners`"
                ));
        }
    }
}

/// Service and namespace in the name of the own pod; none if a host is something else.
fn service_of<'h>(member: &Member<'_>, host: &'h str) -> Option<(&'h str, Option<&'h str>)> {
    let rest = host.strip_prefix(POD_NAME)?;
    if rest.is_empty() {
        return Some(("", None));
    }
    let parts: Vec<&str> = rest.strip_prefix('.')?.split('.').collect();
    let own = |namespace: &str| namespace == member.object.identity.namespace;
    match parts.as_slice() {
        [service] => Some((service, None)),
        [service, namespace] if own(namespace) => Some((service, Some(namespace))),
        [service, namespace, "svc", ..] => Some((service, Some(namespace))),
        // A name of another domain.
        _ => None,
    }
}

/// Why the name of a pod with this Service does not lead to it.
fn leads_back(
    member: &Member<'_>,
    (service, namespace): (&str, Option<&str>),
    right: &str,
) -> Option<(String, String)> {
    let own = &member.object.identity;
    if !member.is_stateful_set() {
        return Some((
            format!("the pods of a {} have no names in DNS", own.kind),
            "advertise `status.podIP`, or make it a StatefulSet".to_owned(),
        ));
    }
    if right.is_empty() || service.contains(['{', '$']) {
        return None;
    }
    if service.is_empty() {
        return Some((
            "the bare name of a pod does not resolve".to_owned(),
            format!("write `<pod>.{right}.{}.svc.cluster.local`", own.namespace),
        ));
    }
    if service != right {
        return Some((
            format!("the pods have their names below the Service `{right}`: this one does not resolve"),
            format!("write `{right}` instead of `{service}`"),
        ));
    }
    let other = namespace.filter(|name| !name.contains(['{', '$']) && *name != own.namespace)?;
    Some((
        format!("the pods are in the namespace `{}`", own.namespace),
        format!("write `{}` instead of `{other}`", own.namespace),
    ))
}

/// Addresses in which a colon ends the host.
pub(super) fn ipv6(member: &Member<'_>, findings: &mut SetFindings) {
    for (key, setting) in member.settings.iter() {
        let bare = match member.process.program {
            Program::ZooKeeper => {
                key.starts_with("server.") && is_bare(setting.value.split(';').next().unwrap_or_default(), 4)
            }
            Program::Connect | Program::Registry => setting
                .value
                .split(',')
                .filter_map(|url| url.trim().split_once("://"))
                .any(|(scheme, rest)| {
                    scheme.starts_with("http") && is_bare(rest.split('/').next().unwrap_or_default(), 1)
                }),
            Program::Broker => false,
        };
        if bare {
            tell_ipv6(member, findings, key, setting);
        }
    }
}

/// Whether an address has more colons than it may have, and no brackets.
fn is_bare(address: &str, colons: usize) -> bool {
    let hex = |c: char| c.is_ascii_hexdigit() || c == ':';
    !address.starts_with('[')
        && address.matches(':').count() > colons
        && address.split(':').take(2).all(|part| part.chars().all(hex))
}

fn tell_ipv6(member: &Member<'_>, findings: &mut SetFindings, key: &str, setting: &Setting) {
    member
        .at(
            findings,
            setting,
            &IPV6,
            format!("`{key}` is `{}`: an IPv6 address without brackets", setting.value),
        )
        .hint("write brackets around the address");
}
