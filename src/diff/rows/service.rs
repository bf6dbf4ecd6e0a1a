//! Services: addresses and ports that clients use, and the pods behind them.

use serde_json::Value;

use super::{Changed, certificate::texts, object, opened};
use crate::{
    diff::{
        change::{Found, Place},
        class::{Class, Flag},
        row::Row,
        sets::{Sets, When},
        walk::Field,
    },
    lint::model::{
        selector::{Selector, labels},
        service::PortRef,
    },
    manifest::Identity,
};

/// A Service that is no longer headless, or becomes it.
static HEADLESS: Row = Row {
    id: "service-cluster-ip",
    class: Class::RefusedByApiServer,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a Service with an address becomes headless",
    reason: "the API server refuses it (`spec.clusterIPs[0]: may not change once set`); made again, its name resolves to the pods \
        themselves, and clients that hold the old address lose it",
    commands: &[
        "kubectl -n {namespace} delete service {name}",
        "# apply the new manifests at once",
    ],
};

/// A headless Service that should get an address.
static HEADLESS_KEPT: Row = Row {
    id: "service-stays-headless",
    class: Class::ManualSteps,
    flags: &[Flag::Availability],
    summary: "a headless Service should get an address",
    reason: "the API server keeps `clusterIP: None` where the manifest does not say it: it stays headless until it is made again",
    commands: &[
        "kubectl -n {namespace} delete service {name}",
        "# apply the new manifests at once",
    ],
};

/// A port that is gone.
static PORT_GONE: Row = Row {
    id: "service-port-removed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a port of a Service is removed or gets another number",
    reason: "clients that use `{name}.{namespace}.svc:{port}` can no longer connect; {users}",
    commands: &[],
};

/// A port that a workload of these manifests uses, and that is gone.
static PORT_USED: Row = Row {
    id: "service-port-used",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a port of a Service goes, and something in the manifests still uses it",
    reason: "`{name}.{namespace}.svc:{port}` is gone, and still used by {users}",
    commands: &[
        "# keep the port until it is no longer used by {users}",
        "kubectl -n {namespace} get endpoints {name}",
    ],
};

/// A port that leads elsewhere.
static TARGET: Row = Row {
    id: "service-target-port",
    class: Class::Metadata,
    flags: &[],
    summary: "a port of a Service leads to another port of the pods",
    reason: "new connections go to the other port; connections that exist stay",
    commands: &[],
};

/// A port that leads to nothing.
static TARGET_ABSENT: Row = Row {
    id: "service-target-port-absent",
    class: Class::Metadata,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a port of a Service leads to a port that no pod has",
    reason: "no selected pod declares the port `{after}`: connections are refused, or the Service has no endpoints",
    commands: &[],
};

/// A selector that selects nothing.
static STRANDED: Row = Row {
    id: "service-selects-nothing",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a Service no longer selects any pod",
    reason: "no pod here has the labels of the selector: `{name}.{namespace}.svc` has no endpoints any more",
    commands: &[
        "# keep the selector until pods have the new labels",
        "kubectl -n {namespace} get endpoints {name}",
    ],
};

/// A selector that selects other pods.
static SELECTOR: Row = Row {
    id: "service-selector",
    class: Class::Metadata,
    flags: &[],
    summary: "the selector of a Service",
    reason: "selects {pods} now; connections that exist stay with the pods that they have",
    commands: &[],
};

/// A Service that is no longer open to the outside.
static CLOSED: Row = Row {
    id: "service-type-closed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a Service can no longer be reached from outside of the cluster",
    reason: "its node ports or its load balancer go, and with them every address that clients outside have",
    commands: &[],
};

/// Fewer addresses from which a load balancer takes connections.
static RANGES_NARROWED: Row = Row {
    id: "service-source-ranges-narrowed",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "a load balancer takes connections from fewer addresses",
    reason: "only {ranges} may connect: clients elsewhere are cut off as soon as this is applied, without a restart of a pod",
    commands: &[],
};

/// More addresses from which a load balancer takes connections.
static RANGES_WIDENED: Row = Row {
    id: "service-source-ranges-widened",
    class: Class::Metadata,
    flags: &[],
    summary: "a load balancer takes connections from more addresses",
    reason: "{ranges} may connect as soon as this is applied, without a restart of a pod; the network policy of the pods \
        has to admit them too",
    commands: &[],
};

/// Another port of every machine.
static NODE_PORT: Row = Row {
    id: "service-node-port",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "another port of the machines",
    reason: "clients outside that dial the machines at port {before} reach nothing as soon as this is applied; what the pods advertise must \
        be port {after} too",
    commands: &[],
};

/// Another name in DNS.
static HOSTNAME: Row = Row {
    id: "service-hostname",
    class: Class::Metadata,
    flags: &[Flag::ClientBreaking],
    summary: "external-dns gives a Service another name",
    reason: "the record of `{before}` goes within minutes: clients outside that dial it can no longer connect; the new name has to be what the \
        brokers advertise, and in their certificate",
    commands: &[],
};

/// A headless Service that leaves out pods that are not ready.
static READY_ONLY: Row = Row {
    id: "service-ready-only",
    class: Class::Metadata,
    flags: &[Flag::Availability],
    summary: "a headless Service leaves out pods that are not ready",
    reason: "members of a quorum have no address before they are Ready, and are not Ready without the quorum: after all have stopped, \
        none of them finds the others",
    commands: &[],
};

/// Another field.
static FIELD: Row = Row {
    id: "service-field",
    class: Class::Metadata,
    flags: &[],
    summary: "another field of a Service, or a port more",
    reason: "connections that exist stay",
    commands: &[],
};

/// A Service that goes while something uses it.
static REMOVED: Row = Row {
    id: "service-removed",
    class: Class::Metadata,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "a Service is removed",
    reason: "`{name}.{namespace}.svc` goes with a deployer that prunes; without one it stays; {users}",
    commands: &[],
};

/// A Service that goes and names the pods of a set.
static GOVERNING_REMOVED: Row = Row {
    id: "governing-service-removed",
    class: Class::ManualSteps,
    flags: &[Flag::Availability, Flag::ClientBreaking],
    summary: "the headless Service of a StatefulSet is removed",
    reason: "the pods of {users} lose their addresses with a deployer that prunes: brokers and voters no longer find each other; without \
        one it stays",
    commands: &["# keep the Service", "kubectl -n {namespace} get statefulsets -o wide"],
};

pub(super) const ROWS: &[&Row] = &[
    &HEADLESS,
    &HEADLESS_KEPT,
    &PORT_GONE,
    &PORT_USED,
    &TARGET,
    &TARGET_ABSENT,
    &STRANDED,
    &SELECTOR,
    &CLOSED,
    &RANGES_NARROWED,
    &RANGES_WIDENED,
    &NODE_PORT,
    &HOSTNAME,
    &READY_ONLY,
    &FIELD,
    &REMOVED,
    &GOVERNING_REMOVED,
];

/// A Service that differs.
pub(super) fn judge(changed: &Changed<'_>, found: &mut Found) {
    let (mut selector, mut ranges) = (false, false);
    for field in &changed.fields {
        match field.pattern.as_str() {
            "spec.clusterIP" => {
                let row = if field.after == "None" {
                    &HEADLESS
                } else {
                    &HEADLESS_KEPT
                };
                found.add(row, changed.place(field));
            }
            "spec.type"
                if matches!(field.before.as_str(), Some("NodePort" | "LoadBalancer")) && field.after.is_null() =>
            {
                found.add(&CLOSED, changed.place(field));
            }
            "spec.type"
                if field.before.is_null() && matches!(field.after.as_str(), Some("NodePort" | "LoadBalancer")) =>
            {
                opened::service(changed, found.add(&FIELD, changed.place(field)));
            }
            "spec.publishNotReadyAddresses" if field.after.is_null() => {
                found.add(&READY_ONLY, changed.place(field));
            }
            "spec.ports[]" if field.after.is_null() => port_gone(changed, field, field.before["port"].as_i64(), found),
            "spec.ports[].port" => port_gone(changed, field, field.before.as_i64(), found),
            "spec.ports[].targetPort" => target(changed, field, found),
            // Each label is a field, and the selector is one.
            pattern if pattern.starts_with("spec.selector") => {
                if !std::mem::replace(&mut selector, true) {
                    self::selector(changed, field, found);
                }
            }
            // So is each range.
            pattern if pattern.starts_with("spec.loadBalancerSourceRanges") => {
                if !std::mem::replace(&mut ranges, true) {
                    source_ranges(changed, found);
                }
            }
            "spec.ports[].nodePort" if !field.before.is_null() => {
                found.add(&NODE_PORT, changed.place(field));
            }
            pattern
                if pattern.starts_with("metadata.annotations")
                    && field.path.contains("external-dns.alpha.kubernetes.io/hostname")
                    && field.before.is_string() =>
            {
                found.add(&HOSTNAME, changed.place(field));
            }
            pattern if pattern.starts_with("spec") => {
                if !field.reordered {
                    found.add(&FIELD, changed.place(field));
                }
            }
            _ => object::other(changed, field, found),
        }
    }
}

/// Other addresses from which a load balancer takes connections. Without ranges it takes them from everywhere.
fn source_ranges(changed: &Changed<'_>, found: &mut Found) {
    const FIELD: &str = "spec.loadBalancerSourceRanges";
    let [before, after] =
        [&changed.before, &changed.after].map(|body| body["spec"]["loadBalancerSourceRanges"].clone());
    let (old, new) = (texts(&before), texts(&after));
    let shown = |ranges: &mut dyn Iterator<Item = &String>| {
        let ranges: Vec<String> = ranges.map(|range| format!("`{range}`")).collect();
        ranges.join(", ")
    };
    let place = || Place::field(changed.identity, FIELD, before.clone(), after.clone());
    if !new.is_empty() && (old.is_empty() || old.difference(&new).next().is_some()) {
        let draft = found.add(&RANGES_NARROWED, place());
        draft.word("ranges", shown(&mut new.iter()));
    }
    if new.is_empty() {
        found
            .add(&RANGES_WIDENED, place())
            .word("ranges", "all addresses".to_owned());
    } else if !old.is_empty() && new.difference(&old).next().is_some() {
        let draft = found.add(&RANGES_WIDENED, place());
        draft.word("ranges", shown(&mut new.difference(&old)));
    }
}

/// A port that goes, or has another number.
fn port_gone(changed: &Changed<'_>, field: &Field, port: Option<i64>, found: &mut Found) {
    let port = port.unwrap_or_default();
    // A headless Service leads to the pods themselves, whatever its ports; a port may also only have another name.
    let is_headless = |body: &Value| body["spec"]["clusterIP"] == "None";
    let ports = changed.after["spec"]["ports"].as_array().into_iter().flatten();
    let leads_to_pods = is_headless(&changed.before) && is_headless(&changed.after);
    if leads_to_pods || ports.clone().any(|other| other["port"] == port) {
        found.add(&FIELD, changed.place(field));
        return;
    }
    let users = users(changed.sets, changed.identity, Some(port));
    let row = if users.is_empty() { &PORT_GONE } else { &PORT_USED };
    let draft = found.add(row, changed.place(field));
    draft.word("port", port.to_string()).word("users", shown(&users));
}

fn shown(users: &[String]) -> String {
    if users.is_empty() {
        "nothing in these manifests does".to_owned()
    } else {
        users.join(", ")
    }
}

/// The objects of the new manifests that connect to a Service.
fn users(sets: &Sets<'_>, service: &Identity, port: Option<i64>) -> Vec<String> {
    let is_this = |host: &str, own: &str| {
        let mut parts = host.split('.');
        let (first, second) = (parts.next(), parts.next());
        // A pod's own name may be in front of it.
        let named = |name: Option<&str>, namespace: Option<&str>| {
            name == Some(service.name.as_str()) && namespace.unwrap_or(own) == service.namespace
        };
        named(first, second) || named(second, parts.next())
    };
    let side = sets.after;
    let kinds = ["ConfigMap", "StatefulSet", "Deployment", "DaemonSet", "Job", "CronJob"];
    side.of_kinds(&kinds)
        .filter(|index| side.mentions(*index, &service.name))
        .filter_map(|index| {
            let model = side.model(index);
            let uses = model.addresses.iter().any(|address| {
                is_this(&address.host, &model.identity.namespace) && port.is_none_or(|port| address.port == Some(port))
            });
            uses.then(|| format!("{} `{}`", model.identity.kind, model.identity.name))
        })
        .collect()
}

/// A port that leads to another port of the pods.
fn target(changed: &Changed<'_>, field: &Field, found: &mut Found) {
    let target = match &field.after {
        Value::String(name) => PortRef::Name(name.clone()),
        // Without one it is the port of the Service.
        Value::Null => {
            let name = field.items.first().map_or("", String::as_str);
            let ports = changed.after["spec"]["ports"].as_array().into_iter().flatten();
            let own = ports
                .clone()
                .find(|port| port["name"] == name)
                .or_else(|| ports.clone().next());
            PortRef::Number(own.and_then(|port| port["port"].as_i64()).unwrap_or_default())
        }
        number => PortRef::Number(number.as_i64().unwrap_or_default()),
    };
    let selector = Selector::pairs(&changed.after["spec"]["selector"]);
    let pods = changed
        .sets
        .selected(When::After, &changed.identity.namespace, &selector);
    let has = |port: &crate::lint::model::container::Port| match &target {
        PortRef::Name(name) => port.name == *name,
        PortRef::Number(number) => port.number == *number,
    };
    let absent = !pods.is_empty()
        && !pods
            .iter()
            .filter_map(|worker| worker.model.workload())
            .any(|workload| workload.ports.iter().any(has));
    found.add(if absent { &TARGET_ABSENT } else { &TARGET }, changed.place(field));
}

/// Another selector.
fn selector(changed: &Changed<'_>, _: &Field, found: &mut Found) {
    let [before, after] = [&changed.before, &changed.after].map(|body| body["spec"]["selector"].clone());
    let select = |when: When, selector: &Value| {
        let selector = Selector::pairs(selector);
        let pods = changed.sets.selected(when, &changed.identity.namespace, &selector);
        let names = pods
            .iter()
            .map(|worker| format!("the pods of `{}`", worker.model.identity.name));
        names.collect::<Vec<_>>()
    };
    let (old, new) = (select(When::Before, &before), select(When::After, &after));
    let stranded = !labels(&after).is_empty() && new.is_empty() && !old.is_empty();
    let place = Place::field(changed.identity, "spec.selector", before, after);
    let row = if stranded { &STRANDED } else { &SELECTOR };
    let shown = if new.is_empty() {
        "no pods of these manifests".to_owned()
    } else {
        new.join(", ")
    };
    found.add(row, place).word("pods", shown);
}

/// A Service that goes.
pub(super) fn removed(sets: &Sets<'_>, identity: &Identity, found: &mut Found) {
    let governed: Vec<String> = sets
        .workers_in(When::After, &identity.namespace, &identity.name)
        .filter(|worker| {
            worker
                .model
                .workload()
                .is_some_and(|workload| workload.service.as_deref() == Some(&identity.name))
        })
        .map(|worker| format!("`{}`", worker.model.identity.name))
        .collect();
    if governed.is_empty() {
        let users = users(sets, identity, None);
        let users = if users.is_empty() {
            "nothing in these manifests uses it".to_owned()
        } else {
            format!("it is still used by {}", users.join(", "))
        };
        found.add(&REMOVED, Place::object(identity)).word("users", users);
    } else {
        found
            .add(&GOVERNING_REMOVED, Place::object(identity))
            .word("users", governed.join(", "));
    }
}
