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
    monitoring::Endpoint,
    selector::selects,
    service::PortRef,
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

/// What asks for a port: what it is called, and where it says so.
type Asking = (String, usize, String);

/// Ports that probes, Services and monitors ask for, and nothing listens on: one finding for each.
pub(super) fn unanswered(member: &Member<'_>, findings: &mut SetFindings) {
    if let (Some(container), Some(open)) = (member.container(), member.listening()) {
        of_container(member.set, findings, member.index, container, &open);
    }
}

/// The same for exporters.
pub(super) fn exporters(set: &ObjectSet<'_>, findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        if let Some(open) = of_exporter(container) {
            of_container(set, findings, index, container, &open);
        }
    }
}

fn of_container(set: &ObjectSet<'_>, findings: &mut SetFindings, index: usize, container: &Container, open: &[Open]) {
    let object = set.objects[index];
    let Some(workload) = object.workload() else { return };
    let mut asking: BTreeMap<i64, Vec<Asking>> = BTreeMap::new();
    for hook in &container.hooks {
        let numbers: Vec<i64> = match &hook.action {
            Action::Port(port) => container.port(port).into_iter().collect(),
            Action::Command(command) => local_ports(command),
            Action::Other => continue,
        };
        for number in numbers {
            let place = (format!("its `{}`", hook.field), index, hook.pointer.clone());
            asking.entry(number).or_default().push(place);
        }
    }
    let alone = workload
        .containers
        .iter()
        .filter(|other| other.stage != Stage::Init)
        .count()
        == 1;
    let own = &object.identity;
    for (index, object) in set.objects.iter().enumerate() {
        match &object.detail {
            ObjectDetail::Service(service) if object.identity.namespace == own.namespace => {
                let selected = service
                    .selector
                    .as_ref()
                    .is_some_and(|selector| selects(selector, &workload.pods));
                if !selected || service.external {
                    continue;
                }
                for port in &service.ports {
                    let declared = container.ports.iter().any(|own| match &port.target {
                        PortRef::Name(name) => own.name == *name,
                        PortRef::Number(number) => own.number == *number,
                    });
                    // A headless Service may name ports of the other pods that it selects.
                    let only = alone && !service.headless;
                    if let Some(number) = container.port(&port.target).filter(|_| declared || only) {
                        let place = (
                            format!("Service `{}`", object.identity.name),
                            index,
                            port.pointer.clone(),
                        );
                        asking.entry(number).or_default().push(place);
                    }
                }
            }
            ObjectDetail::PodMonitor(monitor) if selects(&monitor.selector, &workload.pods) => {
                let here = match &monitor.namespaces {
                    None => object.identity.namespace == own.namespace,
                    Some(names) => names.is_empty() || names.contains(&own.namespace),
                };
                for Endpoint { port, pointer, .. } in monitor.endpoints.iter().filter(|_| here) {
                    if let Some(number) = container.port(port) {
                        let place = (format!("PodMonitor `{}`", object.identity.name), index, pointer.clone());
                        asking.entry(number).or_default().push(place);
                    }
                }
            }
            _ => {}
        }
    }
    for (number, places) in asking {
        if open.iter().any(|open| open.port == number) {
            continue;
        }
        let mut who: Vec<&str> = Vec::new();
        for (what, _, _) in &places {
            if !who.contains(&what.as_str()) {
                who.push(what);
            }
        }
        let (_, index, pointer) = &places[0];
        findings
            .add(
                *index,
                pointer.clone(),
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
