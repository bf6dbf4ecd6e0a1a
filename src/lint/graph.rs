//! What refers to what: names, selectors and ports across a set of objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    facts::{Amount, Detail, Facts, Monitor, Service, Target, Workload},
    kafka::EXPORTER_METRICS,
    syntax::{Labels, Selector, selects},
};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::diagnostics::{
    Rule,
    rules::{api, pod},
};

/// A set of objects that are applied together.
pub(super) struct Set<'a> {
    pub(super) facts: &'a [&'a Facts],
    by_name: BTreeMap<(&'a str, &'a str, &'a str), usize>,
    pub(super) namespaces: BTreeSet<&'a str>,
    /// Workloads, by namespace.
    pods: BTreeMap<&'a str, Vec<usize>>,
    /// Workloads, by namespace and each label of their pods.
    labelled: BTreeMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    /// Budgets and policies, by namespace.
    guards: BTreeMap<&'a str, Vec<usize>>,
    findings: Vec<Diagnostics>,
}

impl<'a> Set<'a> {
    pub(super) fn new(facts: &'a [&'a Facts]) -> Self {
        let mut set = Self {
            facts,
            by_name: BTreeMap::new(),
            namespaces: BTreeSet::new(),
            pods: BTreeMap::new(),
            labelled: BTreeMap::new(),
            guards: BTreeMap::new(),
            findings: vec![Diagnostics::default(); facts.len()],
        };
        for (index, facts) in facts.iter().enumerate() {
            let identity = &facts.identity;
            let namespace = identity.namespace.as_str();
            set.by_name
                .entry((&identity.kind, namespace, &identity.name))
                .or_insert(index);
            if identity.kind == "Namespace" {
                set.namespaces.insert(&identity.name);
            } else {
                set.namespaces.insert(namespace);
            }
            if let Some(workload) = facts.workload() {
                set.pods.entry(namespace).or_default().push(index);
                for (key, value) in &workload.pods {
                    set.labelled.entry((namespace, key, value)).or_default().push(index);
                }
            }
            if matches!(facts.detail, Detail::Budget { .. } | Detail::Policy { .. }) {
                set.guards.entry(namespace).or_default().push(index);
            }
        }
        set
    }

    pub(super) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a Facts> {
        self.by_name
            .get(&(kind, namespace, name))
            .map(|&index| self.facts[index])
    }

    pub(super) fn index(&self, kind: &str, namespace: &str, name: &str) -> Option<usize> {
        self.by_name.get(&(kind, namespace, name)).copied()
    }

    /// The workloads of a namespace whose pods a selector selects.
    pub(super) fn selected(&self, namespace: &str, selector: &Selector) -> Vec<(usize, &'a Workload)> {
        // The rarest label leaves the fewest to look at.
        let indices = selector
            .required()
            .map(|(key, value)| self.labelled.get(&(namespace, key, value)))
            .min_by_key(|indices| indices.map_or(0, Vec::len))
            .unwrap_or_else(|| self.pods.get(namespace))
            .map_or(&[][..], Vec::as_slice);
        indices
            .iter()
            .filter_map(|&index| Some((index, self.facts[index].workload()?)))
            .filter(|(_, workload)| selects(selector, &workload.pods))
            .collect()
    }

    pub(super) fn workloads(&self) -> impl Iterator<Item = (usize, &'a Facts, &'a Workload)> + use<'a> {
        let facts = self.facts;
        facts
            .iter()
            .enumerate()
            .filter_map(|(index, facts)| Some((index, *facts, facts.workload()?)))
    }

    pub(super) fn add(
        &mut self,
        index: usize,
        pointer: impl Into<String>,
        rule: &'static Rule,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.findings[index].in_field(pointer, rule, message)
    }

    pub(super) fn finish(self) -> Vec<Diagnostics> {
        self.findings
    }
}

pub(super) fn check(set: &mut Set<'_>) {
    references(set);
    governing_services(set);
    selectors(set);
    shared_pods(set);
    addresses(set);
    alert_metrics(set);
}

/// Objects of the cluster that every namespace has.
fn is_everywhere(kind: &str, name: &str) -> bool {
    matches!(
        (kind, name),
        ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
    )
}

fn references(set: &mut Set<'_>) {
    for (index, facts, workload) in set.workloads() {
        let namespace = &facts.identity.namespace;
        for reference in &workload.references {
            let (kind, name) = (reference.kind, reference.name.as_str());
            if is_everywhere(kind, name) {
                continue;
            }
            match set.find(kind, namespace, name).map(|found| &found.detail) {
                None if reference.optional => {}
                None => {
                    let elsewhere = set
                        .facts
                        .iter()
                        .find(|other| other.identity.kind == kind && other.identity.name == name)
                        .map(|other| other.identity.namespace.clone());
                    let names: Vec<&str> = set
                        .facts
                        .iter()
                        .filter(|other| other.identity.kind == kind && other.identity.namespace == *namespace)
                        .map(|other| other.identity.name.as_str())
                        .take(6)
                        .collect();
                    let hint = match elsewhere {
                        Some(other) if other.is_empty() => {
                            format!("the {kind} `{name}` has no namespace: give it `{namespace}`")
                        }
                        Some(other) => {
                            format!("the {kind} `{name}` is in namespace `{other}`, where this pod cannot see it")
                        }
                        None if names.is_empty() => format!("add the {kind}"),
                        None => format!("there is the {kind} `{}`", names.join("`, `")),
                    };
                    let message = format!("`{}` is `{name}`, and there is no such {kind}", reference.path);
                    set.add(index, reference.pointer.clone(), &api::REFERENCE, message)
                        .hint(hint)
                        .outside(kind, name);
                }
                Some(Detail::Config(config)) => {
                    for key in reference
                        .keys
                        .iter()
                        .filter(|key| !reference.optional && !config.keys.contains(key))
                    {
                        let message = format!(
                            "`{}` asks {kind} `{name}` for the key `{key}`, which it does not have",
                            reference.path
                        );
                        let keys = config.keys.join("`, `");
                        set.add(index, reference.pointer.clone(), &api::MISSING_KEY, message)
                            .hint(format!("it has `{keys}`"));
                    }
                }
                Some(_) => {}
            }
        }
    }
}

fn governing_services(set: &mut Set<'_>) {
    for (index, facts, workload) in set.workloads() {
        let (Some(name), "StatefulSet") = (&workload.service, facts.identity.kind.as_str()) else {
            continue;
        };
        let found = set
            .find("Service", &facts.identity.namespace, name)
            .and_then(Facts::service);
        let at = "/spec/serviceName";
        match found {
            None => {
                set.add(
                    index,
                    at,
                    &api::REFERENCE,
                    format!("`spec.serviceName` is `{name}`, and there is no such Service"),
                )
                .hint("add a headless Service of that name")
                .outside("Service", name);
            }
            Some(service) if !service.headless => {
                set.add(
                    index,
                    at,
                    &api::GOVERNING_SERVICE,
                    format!("`spec.serviceName` is `{name}`, a Service with an address of its own: pods get no names"),
                )
                .hint("name a Service with `clusterIP: None`");
            }
            Some(service) => {
                let selected = service
                    .selector
                    .as_ref()
                    .is_some_and(|selector| selects(selector, &workload.pods));
                if !selected {
                    set.add(
                        index,
                        at,
                        &api::GOVERNING_SERVICE,
                        format!("`spec.serviceName` is `{name}`, which does not select these pods: they get no names"),
                    )
                    .hint("give the pods the labels that the Service selects");
                }
            }
        }
    }
}

/// Whether a port is one of a workload's.
fn has_port(workload: &Workload, target: &Target) -> bool {
    workload.ports.iter().any(|port| match target {
        Target::Name(name) => port.name == *name,
        Target::Number(number) => port.number == *number,
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
fn missing_port(set: &mut Set<'_>, index: usize, pointer: &str, target: &Target, pods: &[(usize, &Workload)]) {
    match target {
        Target::Name(name) => {
            let names = port_names(pods);
            let finding = set.add(
                index,
                pointer,
                &api::PORT_NAME,
                format!("port `{name}` is none of the selected pods'"),
            );
            if !names.is_empty() {
                finding.hint(format!("they have `{names}`"));
            }
        }
        Target::Number(number) if pods.iter().all(|(_, workload)| !workload.ports.is_empty()) => {
            set.add(
                index,
                pointer,
                &api::PORT_NUMBER,
                format!("port {number} is none that the selected pods declare"),
            )
            .hint("name the port of the container, so that both stay the same");
        }
        Target::Number(_) => {}
    }
}

fn nothing(set: &mut Set<'_>, index: usize, pointer: &str, what: &str, selector: &Selector, kind: &str) {
    set.add(
        index,
        pointer,
        &api::SELECTS_NOTHING,
        format!("no {what} here has the labels `{}`", selector.shown()),
    )
    .hint(format!(
        "compare the selector with the labels of the {what} that is meant"
    ))
    .outside(kind, "");
}

fn selectors(set: &mut Set<'_>) {
    let mut guards: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for index in 0..set.facts.len() {
        let facts = set.facts[index];
        let namespace = facts.identity.namespace.as_str();
        match &facts.detail {
            Detail::Service(service) if !service.external => self::service(set, index, namespace, service),
            Detail::Policy { selector, ports } => {
                let pods = set.selected(namespace, selector);
                if pods.is_empty() && !selector.is_empty() {
                    nothing(set, index, "/spec/podSelector", "pod", selector, "Pod");
                }
                for (target, pointer) in ports {
                    if !pods.is_empty() && !pods.iter().any(|(_, workload)| has_port(workload, target)) {
                        missing_port(set, index, pointer, target, &pods);
                    }
                }
            }
            Detail::Budget { selector, least, most } => {
                let pods = set.selected(namespace, selector);
                if pods.is_empty() && !selector.is_empty() {
                    nothing(set, index, "/spec/selector", "pod", selector, "Pod");
                }
                for (pod, _) in &pods {
                    guards.entry(*pod).or_default().push(facts.identity.name.clone());
                }
                let total: i64 = pods.iter().map(|(_, workload)| workload.replicas).sum();
                evictions(set, index, total, least, most);
            }
            Detail::ServiceMonitor(monitor) => service_monitor(set, index, namespace, monitor),
            Detail::PodMonitor(monitor) => pod_monitor(set, index, namespace, monitor),
            _ => {}
        }
    }
    for (pod, budgets) in guards {
        if budgets.len() > 1 {
            set.add(
                pod,
                "",
                &api::TWO_BUDGETS,
                format!(
                    "the disruption budgets `{}` all select these pods",
                    budgets.join("`, `")
                ),
            )
            .hint("keep one of them");
        }
    }
}

fn service(set: &mut Set<'_>, index: usize, namespace: &str, service: &Service) {
    let Some(selector) = &service.selector else { return };
    let pods = set.selected(namespace, selector);
    if pods.is_empty() {
        nothing(set, index, "/spec/selector", "pod", selector, "Pod");
        return;
    }
    for port in &service.ports {
        // A headless Service only names pods, of which some may be controllers and others brokers.
        let having = pods
            .iter()
            .filter(|(_, workload)| has_port(workload, &port.target))
            .count();
        if having == 0 || (having < pods.len() && !service.headless && matches!(port.target, Target::Name(_))) {
            missing_port(set, index, &port.pointer, &port.target, &pods);
        }
    }
}

/// The number that an amount stands for out of a total; a percentage is rounded up.
fn amount(amount: &Amount, total: i64) -> Option<i64> {
    match amount.as_ref()? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            Some(percent.saturating_mul(total).saturating_add(99) / 100)
        }
        _ => None,
    }
}

fn evictions(set: &mut Set<'_>, index: usize, total: i64, least: &Amount, most: &Amount) {
    let all = least.as_ref().and_then(Value::as_str) == Some("100%");
    if let Some(wanted) = amount(least, total)
        && total > 0
        && wanted >= total
        && !all
    {
        set.add(
            index,
            "/spec/minAvailable",
            &api::NO_EVICTION,
            format!("`spec.minAvailable` asks for {wanted} of {total} pods: no node that has one can be drained"),
        )
        .hint("write `maxUnavailable: 1` instead");
    }
    let _ = most;
}

fn service_monitor(set: &mut Set<'_>, index: usize, namespace: &str, monitor: &Monitor) {
    let found: Vec<(&Facts, &Service)> = set
        .facts
        .iter()
        .filter_map(|facts| Some((*facts, facts.service()?)))
        .filter(|(facts, _)| watches(monitor, namespace, facts) && selects(&monitor.selector, &facts.labels))
        .collect();
    if found.is_empty() {
        nothing(set, index, "/spec/selector", "Service", &monitor.selector, "Service");
        return;
    }
    for (target, pointer) in &monitor.ports {
        let has = found.iter().any(|(_, service)| {
            service.ports.iter().any(|port| match target {
                Target::Name(name) => port.name == *name || port.target == *target,
                Target::Number(number) => port.number == *number || port.target == *target,
            })
        });
        if !has {
            let (name, rule) = match target {
                Target::Name(name) => (name.clone(), &api::PORT_NAME),
                Target::Number(number) => (number.to_string(), &api::PORT_NUMBER),
            };
            let names: Vec<&str> = found
                .iter()
                .flat_map(|(_, service)| &service.ports)
                .map(|port| port.name.as_str())
                .collect();
            set.add(
                index,
                pointer.clone(),
                rule,
                format!("port `{name}` is none of the selected Services'"),
            )
            .hint(format!("they have `{}`", names.join("`, `")));
        }
    }
}

fn watches(monitor: &Monitor, own: &str, facts: &Facts) -> bool {
    match &monitor.namespaces {
        None => facts.identity.namespace == own,
        Some(names) => names.is_empty() || names.contains(&facts.identity.namespace),
    }
}

fn pod_monitor(set: &mut Set<'_>, index: usize, namespace: &str, monitor: &Monitor) {
    let pods: Vec<(usize, &Workload)> = set
        .workloads()
        .filter(|(_, facts, workload)| watches(monitor, namespace, facts) && selects(&monitor.selector, &workload.pods))
        .map(|(index, _, workload)| (index, workload))
        .collect();
    if pods.is_empty() {
        nothing(set, index, "/spec/selector", "pod", &monitor.selector, "Pod");
        return;
    }
    for (target, pointer) in &monitor.ports {
        if !pods.iter().any(|(_, workload)| has_port(workload, target)) {
            missing_port(set, index, pointer, target, &pods);
        }
    }
}

fn shared_pods(set: &mut Set<'_>) {
    for (index, facts, workload) in set.workloads() {
        let Some(selector) = workload.selector.as_ref().filter(|selector| !selector.is_empty()) else {
            continue;
        };
        let selected = set.selected(&facts.identity.namespace, selector);
        // Pods of a Job have labels of their own that a selector may catch all the same. One of several says it.
        if let Some((other, _)) = selected.into_iter().find(|(other, _)| *other != index) {
            let whose = &set.facts[other].identity;
            let message = format!(
                "its selector `{}` selects the pods of {} `{}` too",
                selector.shown(),
                whose.kind,
                whose.name
            );
            set.add(index, "/spec/selector", &api::SHARED_PODS, message)
                .hint("give the pods of each a label that only they have");
        }
    }
}

/// Namespace and name of the Service that a host names, and the pod before it.
fn host<'h>(host: &'h str, own: &'h str) -> Option<(&'h str, &'h str, Option<&'h str>)> {
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        [service] => Some((own, service, None)),
        [service, namespace] | [service, namespace, "svc", ..] => Some((namespace, service, None)),
        [pod, service, namespace] | [pod, service, namespace, "svc", ..] => Some((namespace, service, Some(pod))),
        _ => None,
    }
}

/// Whether a pod of this name is among those of a StatefulSet that a Service names.
pub(super) fn has_pod(set: &Set<'_>, namespace: &str, service: &str, pod: &str) -> bool {
    let Some((name, ordinal)) = pod.rsplit_once('-') else {
        return false;
    };
    let Ok(ordinal) = ordinal.parse::<i64>() else {
        return false;
    };
    set.find("StatefulSet", namespace, name)
        .and_then(Facts::workload)
        .is_some_and(|workload| {
            workload.service.as_deref() == Some(service)
                && (workload.first..workload.first + workload.replicas).contains(&ordinal)
        })
}

fn addresses(set: &mut Set<'_>) {
    for index in 0..set.facts.len() {
        let facts = set.facts[index];
        for address in &facts.addresses {
            let Some((namespace, service, pod)) = host(&address.host, &facts.identity.namespace) else {
                continue;
            };
            if !set.namespaces.contains(namespace) {
                continue;
            }
            let shown = format!("{}:{}", address.host, address.port);
            let found = set.find("Service", namespace, service).and_then(Facts::service);
            let message = match (found, pod) {
                (None, _) => format!("`{shown}` leads nowhere: there is no Service `{service}`"),
                (Some(_), Some(pod)) if !has_pod(set, namespace, service, pod) => {
                    format!("`{shown}` leads nowhere: Service `{service}` names no pod `{pod}`")
                }
                (Some(found), None)
                    if !found.headless
                        && !found.external
                        && found.ports.iter().all(|port| port.number != address.port) =>
                {
                    format!(
                        "`{shown}` leads nowhere: Service `{service}` has no port {}",
                        address.port
                    )
                }
                _ => continue,
            };
            let services: Vec<&str> = set
                .facts
                .iter()
                .filter(|other| other.identity.kind == "Service" && other.identity.namespace == namespace)
                .map(|other| other.identity.name.as_str())
                .take(8)
                .collect();
            let finding = set.add(index, address.pointer.clone(), &pod::ADDRESS, message);
            finding.place.row = address.row;
            finding.hint(if services.is_empty() {
                "give the address in full where the Service is someone else's".to_owned()
            } else {
                format!("there is the Service `{}`", services.join("`, `"))
            });
            finding.outside("Service", service);
        }
    }
}

fn alert_metrics(set: &mut Set<'_>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut patterns: BTreeSet<&str> = BTreeSet::new();
    for facts in set.facts {
        match &facts.detail {
            Detail::Config(config) => {
                for name in &config.metrics {
                    match name.strip_suffix('*') {
                        Some(before) => patterns.insert(before),
                        None => known.insert(name),
                    };
                }
            }
            Detail::Alerts { recorded, .. } => known.extend(recorded.iter().map(String::as_str)),
            Detail::Workload(workload) if workload.exports => known.extend(EXPORTER_METRICS),
            _ => {}
        }
    }
    for index in 0..set.facts.len() {
        let Detail::Alerts { metrics, .. } = &set.facts[index].detail else {
            continue;
        };
        let mut told = BTreeSet::new();
        for (metric, pointer) in metrics {
            let exported = known.contains(metric.as_str())
                || patterns.iter().any(|before| metric.starts_with(before))
                || ["_count", "_sum", "_bucket"]
                    .iter()
                    .any(|part| metric.strip_suffix(part).is_some_and(|base| known.contains(base)));
            if !exported && told.insert(metric) {
                set.add(
                    index,
                    pointer.clone(),
                    &pod::ALERT_METRIC,
                    format!("nothing here exports `{metric}`: the alert can never fire"),
                )
                .hint("give the brokers the JMX agent with a rule for it, or use a metric of kafka_exporter")
                .outside("Metric", metric);
            }
        }
    }
}

/// Two objects that the API server takes for one.
pub(super) fn duplicates(facts: &[&Facts]) -> Vec<(usize, usize)> {
    let mut seen = BTreeMap::new();
    let mut found = Vec::new();
    for (index, facts) in facts.iter().enumerate() {
        let identity = &facts.identity;
        if identity.name.is_empty() {
            continue;
        }
        if let Some(&first) = seen.get(identity) {
            found.push((index, first));
        } else {
            seen.insert(identity, index);
        }
    }
    found
}

/// Labels that a pod has, for other checks of the set.
pub(super) fn guards<'a>(set: &'a Set<'_>, namespace: &str, labels: &Labels) -> (Vec<&'a Facts>, bool) {
    let mut budgets = Vec::new();
    let mut guarded = false;
    let own = set.guards.get(namespace).map_or(&[][..], Vec::as_slice);
    for facts in own.iter().map(|&index| set.facts[index]) {
        match &facts.detail {
            Detail::Budget { selector, .. } if selects(selector, labels) => budgets.push(facts),
            Detail::Policy { selector, .. } => guarded |= selects(selector, labels),
            _ => {}
        }
    }
    (budgets, guarded)
}
