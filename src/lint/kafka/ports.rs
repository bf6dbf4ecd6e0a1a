//! The ports of a pod: what its process opens, and what asks for them.

use std::collections::BTreeMap;

use super::{
    Member,
    listening::{Kind, Open, of_exporter, shown},
};
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    ObjectDetail,
    container::{Action, Container, Stage},
    program::Program,
    service::{PortRef, ServicePort},
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::pod;
    /// A port that two want.
    pub const PORT_TAKEN: Rule = Rule {
        id: "KS-P47",
        production: Error,
        development: Error,
        summary: "a port that an agent, JMX or another container has taken",
        explanation: "All containers of a pod share its ports, and an agent and JMX open theirs before the process \
            does. What comes second ends with `Address already in use`: the broker with `Socket server failed to bind`, \
            a JVM with a second agent before it starts.",
        source: "Kafka, SocketServer; Java, package java.lang.instrument; Kubernetes, Pods, networking",
    };

    /// HTTP asked of a port that does not speak it.
    pub const NO_HTTP: Rule = Rule {
        id: "KS-P62",
        production: Error,
        development: Error,
        summary: "HTTP asked of a port that does not speak it",
        explanation: "Kafka and ZooKeeper have protocols of their own: to an HTTP request a broker closes the connection \
            (`InvalidReceiveException`, as `GET ` is a size of 1.2 GB). A probe with `httpGet` never passes, so the kubelet \
            kills the container or the pod never becomes ready, and a monitor scrapes nothing.",
        source: "Kafka protocol guide, Network; Kubernetes, HTTP probes",
    };

    /// A port that nothing listens on.
    pub const NOT_LISTENING: Rule = Rule {
        id: "KS-P51",
        production: Error,
        development: Error,
        summary: "a port that nothing listens on",
        explanation: "A probe, a Service or a monitor asks for a port that the process does not open: the declared port \
            of a container only names a number, and opens nothing. Connections are refused: the pod never becomes ready \
            or is killed, clients find no broker, and nothing is scraped.",
        source: "Kubernetes, Service, targetPort; Configure Liveness, Readiness and Startup Probes",
    };
}

pub(super) fn taken(member: &Member<'_>, findings: &mut SetFindings) {
    let open = member.known_ports();
    for (index, second) in open.iter().enumerate() {
        let first = open[..index].iter().find(|first| first.port == second.port);
        if let Some(first) = first.filter(|_| second.kind == Kind::Jvm) {
            findings
                .add(
                    member.index,
                    member.process.pointer.clone(),
                    &PORT_TAKEN,
                    format!(
                        "port {} of container `{}` is taken twice: by {} and by {}",
                        second.port, member.process.container, second.name, first.name
                    ),
                )
                .hint("give each its own port");
        }
    }
    for other in &member.workload.containers {
        if other.stage == Stage::Init || other.pointer == member.process.pointer {
            continue;
        }
        for port in &other.ports {
            if let Some(own) = open.iter().find(|own| own.port == port.number) {
                findings
                    .add(
                        member.index,
                        other.pointer.clone(),
                        &PORT_TAKEN,
                        format!(
                            "container `{}` has port {}, which is that of {} in container `{}`",
                            other.name, port.number, own.name, member.process.container
                        ),
                    )
                    .hint("give each its own port");
            }
        }
    }
}

/// A Service or a monitor that asks for a port of pods.
pub(super) struct Asker<'a> {
    index: usize,
    /// What it is called.
    name: String,
    port: &'a PortRef,
    pointer: &'a str,
    /// Whether it is a Service that has an address of its own: all of its pods have its ports.
    of_all: bool,
    /// Whether it is a monitor.
    scrapes: bool,
}

/// All that ask, by the workload whose pods they select.
pub(super) type Askers<'a> = BTreeMap<usize, Vec<Asker<'a>>>;

pub(super) fn askers<'a>(set: &ObjectSet<'a>) -> Askers<'a> {
    let mut all: Askers<'a> = BTreeMap::new();
    for (index, object) in set.objects.iter().enumerate() {
        let identity = &object.identity;
        let (selector, namespaces) = match &object.detail {
            ObjectDetail::Service(service) if !service.external => match &service.selector {
                Some(selector) => (selector, vec![identity.namespace.as_str()]),
                None => continue,
            },
            ObjectDetail::PodMonitor(monitor) => {
                let namespaces = match &monitor.namespaces {
                    None => vec![identity.namespace.as_str()],
                    Some(names) if names.is_empty() => set.namespaces.iter().copied().collect(),
                    Some(names) => names.iter().map(String::as_str).collect(),
                };
                (&monitor.selector, namespaces)
            }
            _ => continue,
        };
        let ports: Vec<(&PortRef, &str, bool)> = match &object.detail {
            ObjectDetail::Service(service) => {
                let port = |port: &'a ServicePort| (&port.target, port.pointer.as_str(), !service.headless);
                service.ports.iter().map(port).collect()
            }
            ObjectDetail::PodMonitor(monitor) => {
                // Relabelings may ask another port.
                let plain = monitor.endpoints.iter().filter(|endpoint| !endpoint.open);
                plain
                    .map(|endpoint| (&endpoint.port, endpoint.pointer.as_str(), false))
                    .collect()
            }
            _ => continue,
        };
        for namespace in namespaces {
            for (workload, _) in set.selected(namespace, selector) {
                let asking = ports.iter().map(|&(port, pointer, of_all)| Asker {
                    index,
                    name: format!("{} `{}`", identity.kind, identity.name),
                    port,
                    pointer,
                    of_all,
                    scrapes: matches!(object.detail, ObjectDetail::PodMonitor(_)),
                });
                all.entry(workload).or_default().extend(asking);
            }
        }
    }
    all
}

/// Ports that probes, Services and monitors ask for, and nothing listens on: one finding for each.
pub(super) fn unanswered(member: &Member<'_>, askers: &Askers<'_>, findings: &mut SetFindings) {
    if let Some(open) = member.listening() {
        no_http(member, open, askers, findings);
        of_container(
            findings,
            (member.index, member.workload),
            member.container,
            open,
            askers,
        );
    } else if !member.is_known_image() && !member.settings.is_empty() {
        let why = format!("what else the image `{}` opens is not known", member.process.image);
        findings.not_judged(member.index, "ports", why);
    }
}

/// HTTP asked of ports with another protocol.
fn no_http(member: &Member<'_>, open: &[Open], askers: &Askers<'_>, findings: &mut SetFindings) {
    if !matches!(member.process.program, Program::Broker | Program::ZooKeeper) {
        return;
    }
    let hooks = member.container.hooks.iter().filter_map(|hook| match &hook.action {
        Action::Http(port) => Some((format!("`{}`", hook.field), member.index, hook.pointer.as_str(), port)),
        _ => None,
    });
    let monitors = askers.get(&member.index).into_iter().flatten();
    // Without an agent there may be another answer.
    let has_agent = open.iter().any(|open| {
        let mut ports = member.container.ports.iter();
        open.kind == Kind::Jvm && ports.any(|port| port.number == open.port)
    });
    let monitors = monitors.filter(|asker| asker.scrapes && has_agent);
    let monitors = monitors.map(|asker| (asker.name.clone(), asker.index, asker.pointer, asker.port));
    for (who, index, pointer, port) in hooks.chain(monitors) {
        let number = member.container.port(port);
        let Some(found) = open.iter().find(|open| Some(open.port) == number) else {
            continue;
        };
        // The admin server of ZooKeeper and its provider of metrics, and agents, speak HTTP.
        let is_agent = |open: &Open| open.port == found.port && open.kind == Kind::Jvm;
        let speaks = ["admin", "metricsProvider.httpPort"].contains(&found.name.as_str()) || open.iter().any(is_agent);
        if speaks {
            continue;
        }
        let message = format!(
            "{who} asks port {} by HTTP, which is that of {} in container `{}`: no answer ever comes",
            found.port, found.name, member.process.container
        );
        let hint = if index == member.index {
            "use `tcpSocket`".to_owned()
        } else {
            format!("it listens on {}", shown(open))
        };
        findings.add(index, pointer, &NO_HTTP, message).hint(hint);
    }
}

/// The same for exporters.
pub(super) fn exporters(findings: &mut SetFindings, index: usize, workload: &Workload, askers: &Askers<'_>) {
    for container in &workload.containers {
        if let Some(open) = of_exporter(container) {
            of_container(findings, (index, workload), container, &open, askers);
        }
    }
}

fn of_container(
    findings: &mut SetFindings,
    (index, workload): (usize, &Workload),
    container: &Container,
    open: &[Open],
    askers: &Askers<'_>,
) {
    let mut asked: BTreeMap<i64, Vec<(String, usize, &str)>> = BTreeMap::new();
    for hook in &container.hooks {
        let numbers: Vec<i64> = match &hook.action {
            Action::Port(port) | Action::Http(port) => container.port(port).into_iter().collect(),
            Action::Command(command) => local_ports(command),
            Action::Other => continue,
        };
        for number in numbers {
            let by = (format!("its `{}`", hook.field), index, hook.pointer.as_str());
            asked.entry(number).or_default().push(by);
        }
    }
    let lasting = workload.containers.iter().filter(|other| other.stage != Stage::Init);
    let alone = lasting.count() == 1;
    for asker in askers.get(&index).into_iter().flatten() {
        let Some(number) = container.port(asker.port) else {
            continue;
        };
        let declared = container.ports.iter().any(|own| own.number == number);
        if declared || alone && asker.of_all {
            let by = (asker.name.clone(), asker.index, asker.pointer);
            asked.entry(number).or_default().push(by);
        }
    }
    for (number, by) in asked {
        if open.iter().any(|open| open.port == number) {
            continue;
        }
        let mut who: Vec<&str> = Vec::new();
        for (name, _, _) in &by {
            if !who.contains(&name.as_str()) {
                who.push(name);
            }
        }
        let (_, index, pointer) = &by[0];
        findings
            .add(
                *index,
                *pointer,
                &NOT_LISTENING,
                format!(
                    "nothing in container `{}` listens on port {number}, asked for by {}",
                    container.name,
                    who.join(", ")
                ),
            )
            .hint(format!("it listens on {}", shown(open)));
    }
}

/// The ports of the own pod that a command asks: `/dev/tcp/127.0.0.1/2181`, `localhost:9092`.
fn local_ports(command: &str) -> Vec<i64> {
    let starts = ["/dev/tcp/127.0.0.1/", "/dev/tcp/localhost/", "127.0.0.1:", "localhost:"];
    let after = starts.iter().flat_map(|start| command.split(start).skip(1));
    after
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse().ok()
        })
        .collect()
}
