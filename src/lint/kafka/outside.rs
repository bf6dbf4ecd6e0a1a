//! Ways into the cluster from outside: that nothing plaintext leaves by them, and that what is advertised leads back.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Member,
    inside_names::{is_inside, told_inside_names},
    listeners::protocols,
    listening::listeners,
    rest,
};
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    ingress::{Backend, Route},
    program::Program,
    selector::Selector,
    service::{PortRef, Service, ServicePort},
    set::{ObjectSet, SetFindings},
};

rules! { rules::security;
    /// A way in from outside to a listener that is not encrypted.
    pub const PLAINTEXT_OUTSIDE: Rule = Rule {
        id: "KS-X13",
        production: Error,
        development: Warning,
        summary: "a way in from outside to a plaintext listener, or to a Connect that asks no one for a name",
        explanation: "A load balancer, a port of every machine, external addresses, an Ingress, a TLSRoute or a TCPRoute take the port out of the cluster. \
            What a client sends to a listener with `PLAINTEXT` or `SASL_PLAINTEXT` can be read and changed by everyone on the way, \
            and with the former no one shows who they are: whoever finds the port may read, write and delete. The same is true of \
            the REST interface of Connect where it asks no one for a name: connectors read and write what the workers may.",
        source: "Kafka documentation, Security, Listener Configuration; Kubernetes, Service, Publishing Services",
    };

    /// An address outside that does not lead to its broker.
    pub const OUTSIDE_ELSEWHERE: Rule = Rule {
        id: "KS-X14",
        production: Error,
        development: Error,
        summary: "an advertised address outside that does not lead back to its broker",
        explanation: "A client dials the address that the leader of a partition advertises. Where each broker has a Service or a TLSRoute of its own, \
            each needs one: without it clients of its partitions time out, though all others work. The name in DNS must be that of \
            the broker's own Service, and the port that of the Service; a TLSRoute with the name that a broker advertises leads to this broker alone: otherwise the \
            client reaches another one, which answers NOT_LEADER_OR_FOLLOWER for ever, or no one.",
        source: "Kafka documentation, advertised.listeners; external-dns, annotations; Kubernetes, Service",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    let by_index: BTreeMap<usize, &Member<'_>> = members.iter().map(|member| (member.index, member)).collect();
    let names = advertised(members);
    let mut ways = Ways::default();
    for (index, object) in set.objects.iter().enumerate() {
        let namespace = object.identity.namespace.as_str();
        match &object.detail {
            ObjectDetail::Service(service) => {
                let (Some(selector), Some(kind)) = (&service.selector, service.outward) else {
                    continue;
                };
                let brokers = of(Program::Broker, set, &by_index, namespace, selector);
                let workers = of(Program::Connect, set, &by_index, namespace, selector);
                for port in &service.ports {
                    to_workers(index, &port.pointer, kind, &port.target, &workers, findings);
                    told_inside_names(index, kind, &port.pointer, port, &brokers, findings);
                    in_plaintext(index, &port.pointer, kind, &port.target, &brokers, findings);
                    ways.add(index, Way::Service(service, port), selector, port, &brokers);
                }
            }
            ObjectDetail::Ingress(backends) => {
                for backend in backends {
                    if let Some((namespace, selector, port)) = led_to(set, namespace, backend) {
                        let brokers = of(Program::Broker, set, &by_index, namespace, selector);
                        in_plaintext(index, &backend.pointer, "Ingress", &port.target, &brokers, findings);
                        let workers = of(Program::Connect, set, &by_index, namespace, selector);
                        to_workers(index, &backend.pointer, "Ingress", &port.target, &workers, findings);
                    }
                }
            }
            ObjectDetail::Route(route) => {
                for backend in &route.backends {
                    let Some((namespace, selector, port)) = led_to(set, namespace, backend) else {
                        continue;
                    };
                    let workers = of(Program::Connect, set, &by_index, namespace, selector);
                    to_workers(index, &backend.pointer, route.kind, &port.target, &workers, findings);
                    let brokers = of(Program::Broker, set, &by_index, namespace, selector);
                    told_inside_names(index, route.kind, &backend.pointer, port, &brokers, findings);
                    in_plaintext(index, &backend.pointer, route.kind, &port.target, &brokers, findings);
                    ways.add(index, Way::Route(route), selector, port, &brokers);
                    for host in &route.hostnames {
                        if let Some(name) = names.get(host)
                            && leads_elsewhere(index, (route, backend), (selector, port), name, &brokers, findings)
                        {
                            ways.told.insert(host.clone());
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let places: BTreeSet<Place> = ways.own.keys().chain(ways.to_all.keys()).copied().collect();
    for (index, number) in places {
        if let Some(member) = by_index.get(&index) {
            leads_back(set, member, number, &ways, findings);
        }
    }
}

/// A name outside that one pod alone advertises.
struct Name<'a> {
    host: String,
    member: &'a Member<'a>,
    pod: String,
    /// The port of its listener in the pod.
    port: Option<i64>,
}

/// By name, what only one pod advertises of what is not of the inside.
fn advertised<'a>(members: &'a [Member<'a>]) -> BTreeMap<String, Name<'a>> {
    let mut names: BTreeMap<String, Option<Name<'a>>> = BTreeMap::new();
    for member in members
        .iter()
        .filter(|member| member.process.program == Program::Broker)
    {
        let all = member.listeners();
        for (pod, value) in member.listed_by_pod("advertised.listeners") {
            for address in listeners(&value) {
                let host = address.host.to_ascii_lowercase();
                if is_inside(member, &host) || is_filled_in(&host) {
                    continue;
                }
                let mut of_pod = all.as_deref().into_iter().flat_map(listeners);
                let name = Name {
                    host: host.clone(),
                    member,
                    pod: pod.clone(),
                    port: of_pod
                        .find(|listener| listener.name == address.name)
                        .and_then(|listener| listener.port),
                };
                // Two listeners of one pod may share a name: one route serves one of them.
                names
                    .entry(host)
                    .and_modify(|known| *known = None)
                    .or_insert(Some(name));
            }
        }
    }
    names
        .into_iter()
        .filter_map(|(host, name)| Some((host, name?)))
        .collect()
}

/// Whether a part of a host is known only in the pod.
fn is_filled_in(host: &str) -> bool {
    host.contains(['{', '$', '('])
}

/// Reports a route that has the name of one pod and leads to others, too or instead, or to another listener; whether it did.
fn leads_elsewhere(
    index: usize,
    (route, backend): (&Route, &Backend),
    (selector, port): (&Selector, &ServicePort),
    name: &Name<'_>,
    brokers: &[&Member<'_>],
    findings: &mut SetFindings,
) -> bool {
    // What selects no broker may be a proxy of brokers.
    if brokers.is_empty() {
        return false;
    }
    let Name { host, pod, .. } = name;
    let to = if let Some(selected) = selector.pod() {
        let mut pods = brokers.iter().map(|member| pod_of(member, selected));
        pods.find(|other| other != pod).map(|other| format!("`{other}`"))
    } else {
        let count: i64 = brokers.iter().map(|member| member.workload.replicas).sum();
        (count > 1).then(|| format!("all pods of the Service `{}`", backend.service))
    };
    let numbers = name.member.container.port(&port.target).zip(name.port);
    let (message, hint) = if let Some(to) = to {
        let share = if route.backends.len() > 1 {
            " some of the connections"
        } else {
            ""
        };
        (
            format!("it is for `{host}`, which `{pod}` advertises, and leads{share} to {to}"),
            format!("lead to a Service that selects `{pod}` alone"),
        )
    } else if let Some((number, right)) = numbers.filter(|(number, right)| number != right) {
        (
            format!(
                "it is for `{host}`, the name of the listener of `{pod}` at port {right}, and leads to port {number}"
            ),
            format!("lead to the port of the Service whose `targetPort` is {right}"),
        )
    } else {
        return false;
    };
    findings
        .add(index, backend.pointer.clone(), &OUTSIDE_ELSEWHERE, message)
        .hint(hint);
    true
}

/// A workload and a port of its pods.
type Place = (usize, i64);

/// What leads from outside to which pods.
#[derive(Default)]
struct Ways<'a> {
    /// To one pod each.
    own: BTreeMap<Place, Vec<Own<'a>>>,
    /// Routes to all pods of a workload.
    to_all: BTreeMap<Place, Vec<&'a Route>>,
    /// The names of routes that were found to lead elsewhere.
    told: BTreeSet<String>,
}

impl<'a> Ways<'a> {
    fn add(&mut self, index: usize, way: Way<'a>, selector: &Selector, port: &ServicePort, brokers: &[&Member<'_>]) {
        for member in brokers {
            let Some(number) = member.container.port(&port.target) else {
                continue;
            };
            let place = (member.index, number);
            if let Some(pod) = selector.pod() {
                let pod = pod_of(member, pod);
                self.own.entry(place).or_default().push(Own { index, pod, way });
            } else if let Way::Route(route) = way {
                self.to_all.entry(place).or_default().push(route);
            }
        }
    }
}

/// A Service or a route that leads from outside to one pod.
struct Own<'a> {
    index: usize,
    pod: String,
    way: Way<'a>,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    Service(&'a Service, &'a ServicePort),
    /// By a Gateway, whose port is not told here.
    Route(&'a Route),
}

impl Own<'_> {
    fn hostnames(&self) -> &[String] {
        match self.way {
            Way::Service(service, _) => &service.hostnames,
            Way::Route(route) => &route.hostnames,
        }
    }

    /// Whether clients reach it by that name.
    fn has(&self, host: &str) -> bool {
        self.hostnames().iter().any(|own| match own.strip_prefix('*') {
            Some(end) => host.ends_with(end),
            None => own == host,
        })
    }

    const fn kind(&self) -> &'static str {
        match self.way {
            Way::Service(..) => "Service",
            Way::Route(route) => route.kind,
        }
    }
}

/// The pod that a selector names, with the name of this workload.
fn pod_of(member: &Member<'_>, selected: &str) -> String {
    let ordinal = selected.rsplit_once('-').map_or(selected, |(_, ordinal)| ordinal);
    format!("{}-{ordinal}", member.object.identity.name)
}

/// Which pods of which namespace, and which port of the Service, a backend leads to.
fn led_to<'a>(
    set: &'a ObjectSet<'_>,
    namespace: &'a str,
    backend: &'a Backend,
) -> Option<(&'a str, &'a Selector, &'a ServicePort)> {
    let namespace = backend.namespace.as_deref().unwrap_or(namespace);
    let service = set
        .find("Service", namespace, &backend.service)
        .and_then(ObjectModel::service)?;
    let is_meant = |port: &&ServicePort| match &backend.port {
        PortRef::Number(number) => port.number == *number,
        PortRef::Name(name) => port.name == *name,
    };
    let port = service.ports.iter().find(is_meant)?;
    Some((namespace, service.selector.as_ref()?, port))
}

/// The brokers and controllers among the pods that a selector selects.
fn of<'a>(
    program: Program,
    set: &ObjectSet<'_>,
    members: &BTreeMap<usize, &'a Member<'a>>,
    namespace: &str,
    selector: &Selector,
) -> Vec<&'a Member<'a>> {
    let selected = set.selected(namespace, selector);
    selected
        .iter()
        .filter_map(|(index, _)| members.get(index).copied())
        .filter(|member| member.process.program == program)
        .collect()
}

/// A way in from outside to a REST interface of Connect that asks no one for a name.
fn to_workers(
    index: usize,
    pointer: &str,
    kind: &str,
    target: &PortRef,
    workers: &[&Member<'_>],
    findings: &mut SetFindings,
) {
    // The port of metrics is no way in.
    let is_rest = |member: &&&Member<'_>| match member.container.port(target) {
        Some(number) => member
            .container
            .ports
            .iter()
            .all(|port| port.number != number || !port.name.contains("metrics")),
        None => false,
    };
    if workers.iter().filter(is_rest).any(|member| !rest::asks(member)) {
        let message = format!(
            "{} {kind} leads to the REST interface of Connect, which asks no one for a name: whoever finds it starts connectors",
            article(kind)
        );
        findings
            .add(index, pointer, &PLAINTEXT_OUTSIDE, message)
            .hint("ask for a password or a certificate, as with `rest.extension.classes`, or keep it inside");
    }
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with('I') { "an" } else { "a" }
}

/// A way in from outside to a listener that is not encrypted.
fn in_plaintext(
    index: usize,
    pointer: &str,
    kind: &str,
    target: &PortRef,
    brokers: &[&Member<'_>],
    findings: &mut SetFindings,
) {
    let open = brokers.iter().find_map(|member| {
        let number = member.container.port(target)?;
        let all = member.listeners()?;
        let listener = listeners(&all).find(|listener| listener.port == Some(number))?;
        let protocols = protocols(member)?;
        let protocol = protocols.get(&listener.name.to_ascii_uppercase())?;
        protocol
            .ends_with("PLAINTEXT")
            .then(|| (listener.name.to_owned(), protocol.clone()))
    });
    let Some((name, protocol)) = open else { return };
    let what = if protocol == "PLAINTEXT" {
        "anyone on the way reads and changes records, and no one has to show who they are"
    } else {
        "anyone on the way reads and changes records"
    };
    let article = article(kind);
    let message = format!("{article} {kind} leads to the listener `{name}`, whose protocol is `{protocol}`: {what}");
    findings
        .add(index, pointer, &PLAINTEXT_OUTSIDE, message)
        .hint("lead to a listener whose protocol is `SASL_SSL`, or `SSL` with `ssl.client.auth=required`");
}

/// Services and routes of single pods, by which a listener is reached from outside, against what the pods advertise.
fn leads_back(set: &ObjectSet<'_>, member: &Member<'_>, number: i64, known: &Ways<'_>, findings: &mut SetFindings) {
    let ways = known.own.get(&(member.index, number)).map_or(&[][..], Vec::as_slice);
    let to_all = known.to_all.get(&(member.index, number)).map_or(&[][..], Vec::as_slice);
    let Some(setting) = member.settings.get("advertised.listeners") else {
        return;
    };
    let all = member.listeners();
    let listener = all
        .as_deref()
        .and_then(|all| listeners(all).find(|listener| listener.port == Some(number)));
    let Some(name) = listener.map(|listener| listener.name.to_owned()) else {
        return;
    };
    let shown = |index: usize| &set.objects[index].identity.name;
    let mut alone: Vec<String> = Vec::new();
    for (pod, value) in member.listed_by_pod("advertised.listeners") {
        let Some(address) = listeners(&value).find(|address| address.name == name) else {
            continue;
        };
        let host = address.host.to_ascii_lowercase();
        if is_inside(member, &host) || is_filled_in(&host) || known.told.contains(&host) {
            continue;
        }
        // The pod's own name may be one of the inside, unless that domain is told outside.
        let (first, domain) = host.split_once('.').unwrap_or((&host, ""));
        let is_outside = |own: &Own<'_>| own.hostnames().iter().any(|name| name.ends_with(&format!(".{domain}")));
        let is_routed = to_all
            .iter()
            .any(|route| route.hostnames.iter().any(|name| name.ends_with(&format!(".{domain}"))));
        if first == pod && !ways.iter().any(is_outside) && !is_routed {
            continue;
        }
        // Where no broker has a way of its own, only a route to all at a name beside theirs says that each needs one.
        if ways.is_empty() && (!is_routed || to_all.iter().any(|route| route.hostnames.contains(&host))) {
            continue;
        }
        let of_pod: Vec<&Own<'_>> = ways.iter().filter(|own| own.pod == pod).collect();
        if of_pod.is_empty() {
            alone.push(pod);
            continue;
        }
        let named = |own: &&Own<'_>| own.has(&host);
        let is_told = of_pod.iter().any(|own| !own.hostnames().is_empty());
        let Some(own) = of_pod.iter().copied().find(named) else {
            let other = ways.iter().find(named);
            if is_told || other.is_some() {
                other_name(set, of_pod[0], other, &host, findings);
            }
            continue;
        };
        let Way::Service(service, port) = own.way else {
            continue;
        };
        let right = match service.outward {
            Some("NodePort") => port.node_port,
            _ => Some(port.number),
        };
        let is_port = |port: &i64| (1..=65535).contains(port);
        let Some(advertised) = address.port.filter(|port| is_port(port) && Some(*port) != right) else {
            continue;
        };
        let (message, hint) = right.map_or_else(
            || {
                (
                    format!("Kubernetes chooses its port on the machines, and `{pod}` advertises {advertised}"),
                    format!("set `nodePort: {advertised}`"),
                )
            },
            |right| {
                (
                    format!("it takes connections for `{host}` at port {right}, and `{pod}` advertises {advertised}"),
                    format!("advertise port {right}, or change that of the Service to {advertised}"),
                )
            },
        );
        findings
            .add(own.index, port.pointer.clone(), &OUTSIDE_ELSEWHERE, message)
            .hint(hint);
    }
    let with = ways
        .first()
        .map(|own| (own.kind(), format!(", as `{}` for `{}`", shown(own.index), own.pod)));
    let with = with.or_else(|| to_all.first().map(|route| (route.kind, String::new())));
    if let Some((first, (kind, example))) = alone.first().zip(with) {
        let more = match alone.len() {
            1 => String::new(),
            2 => ", and of one more broker".to_owned(),
            count => format!(", and of {} more brokers", count - 1),
        };
        let message = format!(
            "no {kind} leads from outside to the listener `{name}` of `{first}`{more}: clients of its partitions time out"
        );
        let hint = format!("add a {kind} for it{example}");
        member.at(findings, setting, &OUTSIDE_ELSEWHERE, message).hint(hint);
    }
}

/// Says that a way to a pod has another name than the pod advertises; `other` is the one that has it.
fn other_name(set: &ObjectSet<'_>, own: &Own<'_>, other: Option<&Own<'_>>, host: &str, findings: &mut SetFindings) {
    let has = own.hostnames().join("`, `");
    let whose = match (other, own.way) {
        (Some(other), _) => {
            let gives = match other.way {
                Way::Service(..) => "external-dns gives that name to",
                Way::Route(_) => "that name is of",
            };
            let (kind, name) = (other.kind(), &set.objects[other.index].identity.name);
            format!("{gives} the {kind} `{name}`, which leads to another pod")
        }
        (None, Way::Service(..)) => format!("external-dns gives it `{has}`"),
        (None, Way::Route(_)) => format!("it is for `{has}`"),
    };
    let message = format!("it leads to `{}`, which advertises `{host}`, and {whose}", own.pod);
    let (place, hint) = match own.way {
        Way::Service(..) => (
            HOSTNAME,
            format!("set `external-dns.alpha.kubernetes.io/hostname: {host}`"),
        ),
        Way::Route(_) => ("/spec/hostnames", format!("write `{host}` in `hostnames`")),
    };
    findings.add(own.index, place, &OUTSIDE_ELSEWHERE, message).hint(hint);
}

/// The annotation of a Service that external-dns makes a record of, as a pointer.
const HOSTNAME: &str = "/metadata/annotations/external-dns.alpha.kubernetes.io~1hostname";
