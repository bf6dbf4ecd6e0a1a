//! Ways into the cluster from outside: that nothing plaintext leaves by them, and that what is advertised leads back.

use std::collections::BTreeMap;

use super::{
    Member,
    inside_names::{is_inside, told_inside_names},
    listeners::protocols,
    listening::listeners,
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
        summary: "a way in from outside to a plaintext listener",
        explanation: "A load balancer, a port of every machine, external addresses, an Ingress or a TLSRoute take the port out of the cluster. \
            What a client sends to a listener with `PLAINTEXT` or `SASL_PLAINTEXT` can be read and changed by everyone on the way, \
            and with the former no one shows who they are: whoever finds the port may read, write and delete.",
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
            the broker's own Service, and the port that of the Service; a TLSRoute has the name that the broker advertises: otherwise the client reaches another broker, which answers \
            NOT_LEADER_OR_FOLLOWER for ever, or no one.",
        source: "Kafka documentation, advertised.listeners; external-dns, annotations; Kubernetes, Service",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    let by_index: BTreeMap<usize, &Member<'_>> = members.iter().map(|member| (member.index, member)).collect();
    let mut own: BTreeMap<Place, Vec<Own<'_>>> = BTreeMap::new();
    for (index, object) in set.objects.iter().enumerate() {
        let namespace = object.identity.namespace.as_str();
        match &object.detail {
            ObjectDetail::Service(service) => {
                let (Some(selector), Some(kind)) = (&service.selector, service.outward) else {
                    continue;
                };
                let brokers = brokers(set, &by_index, namespace, selector);
                for port in &service.ports {
                    told_inside_names(index, kind, &port.pointer, port, &brokers, findings);
                    in_plaintext(index, &port.pointer, kind, &port.target, &brokers, findings);
                    for member in &brokers {
                        let Some((pod, number)) = selector.pod().zip(member.container.port(&port.target)) else {
                            continue;
                        };
                        let pod = pod_of(member, pod);
                        let way = Way::Service(service, port);
                        own.entry((member.index, number))
                            .or_default()
                            .push(Own { index, pod, way });
                    }
                }
            }
            ObjectDetail::Ingress(backends) => {
                for backend in backends {
                    if let Some((selector, port)) = led_to(set, namespace, backend) {
                        let brokers = brokers(set, &by_index, namespace, selector);
                        in_plaintext(index, &backend.pointer, "Ingress", &port.target, &brokers, findings);
                    }
                }
            }
            ObjectDetail::TlsRoute(route) => {
                for backend in &route.backends {
                    let Some((selector, port)) = led_to(set, namespace, backend) else {
                        continue;
                    };
                    let brokers = brokers(set, &by_index, namespace, selector);
                    told_inside_names(index, "TLSRoute", &backend.pointer, port, &brokers, findings);
                    in_plaintext(index, &backend.pointer, "TLSRoute", &port.target, &brokers, findings);
                    for member in &brokers {
                        if let Some((pod, number)) = selector.pod().zip(member.container.port(&port.target)) {
                            let pod = pod_of(member, pod);
                            let way = Way::Route(route);
                            own.entry((member.index, number))
                                .or_default()
                                .push(Own { index, pod, way });
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for ((index, number), services) in &own {
        if let Some(member) = by_index.get(index) {
            leads_back(set, member, *number, services, findings);
        }
    }
}

/// A workload and a port of its pods.
type Place = (usize, i64);

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
            Way::Route(_) => "TLSRoute",
        }
    }
}

/// The pod that a selector names, with the name of this workload.
fn pod_of(member: &Member<'_>, selected: &str) -> String {
    let ordinal = selected.rsplit_once('-').map_or(selected, |(_, ordinal)| ordinal);
    format!("{}-{ordinal}", member.object.identity.name)
}

/// Which pods, and which port of the Service, a backend leads to.
fn led_to<'a>(set: &'a ObjectSet<'_>, namespace: &str, backend: &Backend) -> Option<(&'a Selector, &'a ServicePort)> {
    let service = set
        .find("Service", namespace, &backend.service)
        .and_then(ObjectModel::service)?;
    let is_meant = |port: &&ServicePort| match &backend.port {
        PortRef::Number(number) => port.number == *number,
        PortRef::Name(name) => port.name == *name,
    };
    service.selector.as_ref().zip(service.ports.iter().find(is_meant))
}

/// The brokers and controllers among the pods that a selector selects.
fn brokers<'a>(
    set: &ObjectSet<'_>,
    members: &BTreeMap<usize, &'a Member<'a>>,
    namespace: &str,
    selector: &Selector,
) -> Vec<&'a Member<'a>> {
    let selected = set.selected(namespace, selector);
    selected
        .iter()
        .filter_map(|(index, _)| members.get(index).copied())
        .filter(|member| member.process.program == Program::Broker)
        .collect()
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
    let article = if kind.starts_with('I') { "an" } else { "a" };
    let message = format!("{article} {kind} leads to the listener `{name}`, whose protocol is `{protocol}`: {what}");
    findings
        .add(index, pointer, &PLAINTEXT_OUTSIDE, message)
        .hint("lead to a listener whose protocol is `SASL_SSL`, or `SSL` with `ssl.client.auth=required`");
}

/// Services and routes of single pods, by which a listener is reached from outside, against what the pods advertise.
fn leads_back(set: &ObjectSet<'_>, member: &Member<'_>, number: i64, ways: &[Own<'_>], findings: &mut SetFindings) {
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
        if is_inside(member, &host) || host.contains(['{', '$', '(']) {
            continue;
        }
        // The pod's own name may be one of the inside, unless that domain is told outside.
        let (first, domain) = host.split_once('.').unwrap_or((&host, ""));
        let is_outside = |own: &Own<'_>| own.hostnames().iter().any(|name| name.ends_with(&format!(".{domain}")));
        if first == pod && !ways.iter().any(is_outside) {
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
    if let (Some(first), Some(with)) = (alone.first(), ways.first()) {
        let more = match alone.len() {
            1 => String::new(),
            2 => ", and of one more broker".to_owned(),
            count => format!(", and of {} more brokers", count - 1),
        };
        let message = format!(
            "no {} leads from outside to the listener `{name}` of `{first}`{more}: clients of its partitions time out",
            with.kind()
        );
        let hint = format!(
            "add a {} for it, as `{}` for `{}`",
            with.kind(),
            shown(with.index),
            with.pod
        );
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
