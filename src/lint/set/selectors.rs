//! Selectors that select nothing, and ports that what they select does not have.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use std::collections::BTreeSet;

use crate::lint::model::{
    ObjectDetail, ObjectModel,
    monitoring::{Endpoint, Monitor},
    selector::{Selector, selects},
    service::{PortRef, Service},
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::api;
    /// A selector that selects nothing.
    pub const SELECTS_NOTHING: Rule = Rule {
        id: "KS-A21",
        production: Warning,
        development: Warning,
        summary: "a selector that selects nothing",
        explanation: "A Service without pods accepts no connections, a budget without pods protects nothing, a policy \
            without pods leaves all ports open, and a monitor without targets gives an empty dashboard. The API \
            server accepts all of them. In a stack the pods may be managed elsewhere: acknowledge it. In a folder it \
            is an error, unless \
            `--assume Pod` says that the cluster has them.",
        source: "Kubernetes, Labels and Selectors",
    };

    /// A port name that does not exist.
    pub const PORT_NAME: Rule = Rule {
        id: "KS-A22",
        production: Error,
        development: Error,
        summary: "a port name that does not exist",
        explanation: "A named port is looked up in each pod, or in the Service. If no container declares the name, a \
            Service has no endpoints, a probe is never made and its pod never ready, a policy allows no traffic and a monitor finds no target; yet \
            the API server accepts it.",
        source: "Kubernetes, Service, port definitions; Prometheus operator, API reference",
    };

    /// A port that no container declares.
    pub const PORT_NUMBER: Rule = Rule {
        id: "KS-A23",
        production: Warning,
        development: Warning,
        summary: "a port number that no selected pod declares",
        explanation: "A container may listen on ports that it does not declare, so this is only a warning; but where \
            pods \
            declare others, a number that no pod declares is usually a mistake, and connections to it are refused.",
        source: "Kubernetes, Service, targetPort",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    for (index, object) in set.objects.iter().enumerate() {
        let namespace = object.identity.namespace.as_str();
        match &object.detail {
            ObjectDetail::Service(service) if !service.external => {
                self::service(set, findings, index, namespace, service);
            }
            ObjectDetail::Policy(policy) => {
                let pods = set.selected(namespace, &policy.selector);
                if pods.is_empty() && !policy.selector.is_empty() {
                    nothing(findings, index, "/spec/podSelector", "pod", &policy.selector, "Pod");
                }
                for (port, pointer) in &policy.ports {
                    if !pods.is_empty() && !pods.iter().any(|(_, workload)| has_port(workload, port)) {
                        missing_port(findings, index, pointer, port, &pods);
                    }
                }
            }
            ObjectDetail::Budget(budget)
                if !budget.selector.is_empty() && set.selected(namespace, &budget.selector).is_empty() =>
            {
                nothing(findings, index, "/spec/selector", "pod", &budget.selector, "Pod");
            }
            ObjectDetail::ServiceMonitor(monitor) => service_monitor(set, findings, index, namespace, monitor),
            ObjectDetail::PodMonitor(monitor) => pod_monitor(set, findings, index, namespace, monitor),
            _ => {}
        }
    }
}

fn service(set: &ObjectSet<'_>, findings: &mut SetFindings, index: usize, namespace: &str, service: &Service) {
    let Some(selector) = &service.selector else { return };
    let pods = set.selected(namespace, selector);
    if pods.is_empty() {
        nothing(findings, index, "/spec/selector", "pod", selector, "Pod");
        return;
    }
    for port in &service.ports {
        // A headless Service only names pods, of which some may be controllers and others brokers.
        let having = pods
            .iter()
            .filter(|(_, workload)| has_port(workload, &port.target))
            .count();
        if having == 0 || (having < pods.len() && !service.headless && matches!(port.target, PortRef::Name(_))) {
            missing_port(findings, index, &port.pointer, &port.target, &pods);
        }
    }
}

fn service_monitor(set: &ObjectSet<'_>, findings: &mut SetFindings, index: usize, namespace: &str, monitor: &Monitor) {
    let found: Vec<(&ObjectModel, &Service)> = set
        .objects
        .iter()
        .filter_map(|object| Some((*object, object.service()?)))
        .filter(|(object, _)| watches(monitor, namespace, object) && selects(&monitor.selector, &object.labels))
        .collect();
    if found.is_empty() {
        if is_here(set, monitor) {
            nothing(
                findings,
                index,
                "/spec/selector",
                "Service",
                &monitor.selector,
                "Service",
            );
        }
        return;
    }
    for Endpoint {
        port: target, pointer, ..
    } in &monitor.endpoints
    {
        let has = found.iter().any(|(_, service)| {
            service.ports.iter().any(|port| match target {
                PortRef::Name(name) => port.name == *name || port.target == *target,
                PortRef::Number(number) => port.number == *number || port.target == *target,
            })
        });
        if !has {
            let (name, rule) = match target {
                PortRef::Name(name) => (name.clone(), &PORT_NAME),
                PortRef::Number(number) => (number.to_string(), &PORT_NUMBER),
            };
            let names: Vec<&str> = found
                .iter()
                .flat_map(|(_, service)| &service.ports)
                .map(|port| port.name.as_str())
                .collect();
            findings
                .add(
                    index,
                    pointer.clone(),
                    rule,
                    format!("no selected Service has a port `{name}`"),
                )
                .hint(format!("they have `{}`", names.join("`, `")));
        }
    }
}

fn pod_monitor(set: &ObjectSet<'_>, findings: &mut SetFindings, index: usize, namespace: &str, monitor: &Monitor) {
    let pods: Vec<(usize, &Workload)> = set
        .workloads()
        .filter(|(_, object, workload)| {
            watches(monitor, namespace, object) && selects(&monitor.selector, &workload.pods)
        })
        .map(|(index, _, workload)| (index, workload))
        .collect();
    if pods.is_empty() {
        if is_here(set, monitor) {
            nothing(findings, index, "/spec/selector", "pod", &monitor.selector, "Pod");
        }
        return;
    }
    for Endpoint {
        port: target, pointer, ..
    } in &monitor.endpoints
    {
        if !pods.iter().any(|(_, workload)| has_port(workload, target)) {
            missing_port(findings, index, pointer, target, &pods);
        }
    }
}

/// Whether anything is known of the namespaces that a monitor names.
fn is_here(set: &ObjectSet<'_>, monitor: &Monitor) -> bool {
    monitor
        .namespaces
        .as_ref()
        .is_none_or(|names| names.is_empty() || names.iter().any(|name| set.namespaces.contains(name.as_str())))
}

/// Whether a monitor looks in the namespace of an object.
pub(crate) fn watches(monitor: &Monitor, own: &str, object: &ObjectModel) -> bool {
    match &monitor.namespaces {
        None => object.identity.namespace == own,
        Some(names) => names.is_empty() || names.contains(&object.identity.namespace),
    }
}

/// Whether a port is one of a workload's.
pub(crate) fn has_port(workload: &Workload, target: &PortRef) -> bool {
    workload.ports.iter().any(|port| match target {
        PortRef::Name(name) => port.name == *name,
        PortRef::Number(number) => port.number == *number,
    })
}

fn port_names(workloads: &[(usize, &Workload)]) -> String {
    let names: BTreeSet<&str> = workloads
        .iter()
        .flat_map(|(_, workload)| &workload.ports)
        .map(|port| port.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    names.into_iter().collect::<Vec<_>>().join("`, `")
}

/// Says that selected pods lack a port. A number may be one that no container declares.
fn missing_port(
    findings: &mut SetFindings,
    index: usize,
    pointer: &str,
    target: &PortRef,
    pods: &[(usize, &Workload)],
) {
    match target {
        PortRef::Name(name) => {
            let names = port_names(pods);
            let finding = findings.add(
                index,
                pointer,
                &PORT_NAME,
                format!("no selected pod has a port named `{name}`"),
            );
            if !names.is_empty() {
                finding.hint(format!("they have `{names}`"));
            }
        }
        PortRef::Number(number) if pods.iter().all(|(_, workload)| !workload.ports.is_empty()) => {
            findings
                .add(
                    index,
                    pointer,
                    &PORT_NUMBER,
                    format!("no selected pod declares port {number}"),
                )
                .hint("name the port of the container, so that both stay the same");
        }
        PortRef::Number(_) => {}
    }
}

fn nothing(findings: &mut SetFindings, index: usize, pointer: &str, what: &str, selector: &Selector, kind: &str) {
    if selector.is_of_operator() {
        return;
    }
    findings
        .add(
            index,
            pointer,
            &SELECTS_NOTHING,
            format!("no {what} has the labels `{}`", selector.shown()),
        )
        .hint(format!("compare the selector with the labels of the intended {what}"))
        .outside(kind, "");
}
