//! Connections that network policies must let through.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cluster, Member,
    addresses::dialled,
    cluster::{Target, targets},
    listening,
};
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    guard::{Admission, Peer, Policy},
    program::Program,
    selector::{Labels, selects},
    service::PortRef,
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::api;
    /// A policy that cuts a connection that Kafka needs.
    pub const CUT: Rule = Rule {
        id: "KS-A42",
        production: Error,
        development: Error,
        summary: "a network policy that cuts replication, a quorum, clients, DNS or scraping",
        explanation: "A policy that selects a pod drops everything that no rule of it lets through. Followers that \
            cannot fetch leave each partition with a single copy in sync, voters that cannot reach each other elect no \
            leader, a pod without DNS finds no one, and a metrics port that admits no one is an alert that never \
            fires. The connection is not refused but lost: it ends in a timeout.",
        source: "Kubernetes, Network Policies",
    };
}

/// A port that other members connect to.
struct Needed<'a> {
    port: i64,
    what: &'static str,
    then: &'static str,
    from: Vec<&'a Member<'a>>,
}

/// Pods, and the object that makes them.
type Pods<'a> = (&'a ObjectModel, &'a Workload);

pub(super) fn check<'a>(set: &ObjectSet<'_>, members: &'a [Member<'a>], findings: &mut SetFindings) {
    // One port of one set is told once, whoever is kept out.
    let mut told: BTreeSet<(usize, i64)> = BTreeSet::new();
    let company = Company::of(set, members);
    for member in members {
        for needed in needs(member, &company) {
            for from in &needed.from {
                let pods = ((from.object, from.workload), (member.object, member.workload));
                between(set, pods, (needed.port, needed.what, needed.then), &mut told, findings);
            }
        }
        dns(set, member, &mut told, findings);
    }
    clients(set, members, &mut told, findings);
    scraped(set, findings);
}

/// Who belongs together.
struct Company<'a> {
    /// Brokers and controllers by their cluster.
    clusters: BTreeMap<Cluster<'a>, Vec<&'a Member<'a>>>,
    /// Those that connect to a workload of ZooKeeper.
    users: BTreeMap<usize, Vec<&'a Member<'a>>>,
}

impl<'a> Company<'a> {
    fn of(set: &ObjectSet<'_>, members: &'a [Member<'a>]) -> Self {
        let mut company = Self {
            clusters: BTreeMap::new(),
            users: BTreeMap::new(),
        };
        for member in members
            .iter()
            .filter(|member| member.process.program == Program::Broker)
        {
            if let Some(cluster) = member.cluster() {
                company.clusters.entry(cluster).or_default().push(member);
            }
            if let Some(servers) = member.settings.get("zookeeper.connect") {
                for target in targets(set, &member.object.identity.namespace, &servers.value) {
                    let Target::Workload(index) = target else { continue };
                    company.users.entry(index).or_default().push(member);
                }
            }
        }
        company
    }
}

/// What others have to reach at a member.
fn needs<'a>(member: &'a Member<'a>, company: &Company<'a>) -> Vec<Needed<'a>> {
    let mut needed = Vec::new();
    match member.process.program {
        Program::Broker => {
            let Some(cluster) = member.cluster() else { return needed };
            let peers = || {
                company
                    .clusters
                    .get(&cluster)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|other| other.index != member.index || other.workload.replicas > 1)
            };
            if let Some(port) = replication_port(member) {
                needed.push(Needed {
                    port,
                    what: "replication",
                    then: "followers cannot fetch, and partitions have one copy in sync",
                    from: peers().filter(|other| other.serves()).collect(),
                });
            }
            if let Some(port) = controller_port(member) {
                needed.push(Needed {
                    port,
                    what: "the quorum",
                    then: "no leader is elected, or brokers cannot register",
                    from: peers().collect(),
                });
            }
        }
        Program::ZooKeeper => {
            if member.workload.replicas > 1 {
                for port in peer_ports(member) {
                    needed.push(Needed {
                        port,
                        what: "the ensemble",
                        then: "its servers elect no leader",
                        from: vec![member],
                    });
                }
            }
            let client = member.settings.get(port_of_clients(member));
            if let Some(port) = client.and_then(|setting| setting.value.trim().parse().ok()) {
                needed.push(Needed {
                    port,
                    what: "ZooKeeper",
                    then: "brokers do not start",
                    from: company.users.get(&member.index).cloned().unwrap_or_default(),
                });
            }
        }
        Program::Registry | Program::Connect => {}
    }
    needed
}

/// The setting with the port that brokers connect to: a server that answers its own pod alone in plaintext has another one for them.
fn port_of_clients(member: &Member<'_>) -> &'static str {
    let is_local = |address: &str| address == "localhost" || address == "::1" || address.starts_with("127.");
    let address = member.settings.get("clientPortAddress");
    if address.is_some_and(|address| is_local(address.value.trim()))
        && member.settings.get("secureClientPort").is_some()
    {
        "secureClientPort"
    } else {
        "clientPort"
    }
}

/// The listeners of a broker or a controller: name and port.
fn listeners<'m>(member: &'m Member<'_>) -> Vec<(&'m str, i64)> {
    let setting = member.settings.get("listeners");
    let all = setting
        .into_iter()
        .flat_map(|setting| listening::listeners(&setting.value));
    all.filter_map(|listener| Some((listener.name, listener.port?)))
        .collect()
}

fn controllers<'m>(member: &'m Member<'_>) -> Vec<&'m str> {
    let names = member.settings.get("controller.listener.names");
    names.map_or_else(Vec::new, |names| names.value.split(',').map(str::trim).collect())
}

/// The port that followers fetch from.
fn replication_port(member: &Member<'_>) -> Option<i64> {
    if !member.serves() {
        return None;
    }
    let controllers = controllers(member);
    let own: Vec<(&str, i64)> = listeners(member)
        .into_iter()
        .filter(|(name, _)| !controllers.contains(name))
        .collect();
    let named = |wanted: &str| {
        let mut found = own.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, port)| *port)
    };
    if let Some(name) = member.settings.get("inter.broker.listener.name") {
        return named(name.value.trim());
    }
    if let [(_, port)] = own.as_slice() {
        return Some(*port);
    }
    let protocol = member.settings.get("security.inter.broker.protocol");
    named(protocol.map_or("PLAINTEXT", |protocol| protocol.value.trim()))
}

/// The port that the quorum talks on, of a voter.
fn controller_port(member: &Member<'_>) -> Option<i64> {
    if member.settings.get("process.roles").is_none() || !member.votes() {
        return None;
    }
    let controllers = controllers(member);
    let all = listeners(member);
    all.into_iter()
        .find(|(name, _)| controllers.contains(name))
        .map(|(_, port)| port)
}

/// The two ports between servers of ZooKeeper.
fn peer_ports(member: &Member<'_>) -> BTreeSet<i64> {
    let servers = member.settings.iter().filter(|(key, _)| key.starts_with("server."));
    servers
        .filter_map(|(_, setting)| {
            let address = setting.value.split(';').next().unwrap_or_default();
            let mut parts = address.rsplit(':');
            let (election, peer) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some([election, peer])
        })
        .flatten()
        .collect()
}

/// The policies of pods for one direction; none if nothing is restricted.
fn rules<'a>(
    policies: &[(usize, &'a Policy)],
    direction: impl Fn(&'a Policy) -> &'a Option<Vec<Admission>>,
) -> Option<(usize, Vec<&'a Admission>)> {
    let (mut first, mut all) = (None, Vec::new());
    for (index, policy) in policies {
        if let Some(rules) = direction(policy) {
            first.get_or_insert(*index);
            all.extend(rules);
        }
    }
    first.map(|first| (first, all))
}

/// Workloads that have an address of a broker's listener for clients: in their own fields, or in their settings.
fn clients(set: &ObjectSet<'_>, members: &[Member<'_>], told: &mut BTreeSet<(usize, i64)>, findings: &mut SetFindings) {
    let by_index: BTreeMap<usize, &Member<'_>> = members.iter().map(|member| (member.index, member)).collect();
    for (index, object, workload) in set.workloads() {
        let own = by_index.get(&index);
        // What brokers need of each other is told before.
        if own.is_some_and(|own| own.process.program == Program::Broker) {
            continue;
        }
        let settings = own.into_iter().flat_map(|own| {
            let keys = ["bootstrap.servers", "kafkastore.bootstrap.servers"];
            keys.into_iter().filter_map(|key| own.settings.get(key))
        });
        let servers = settings
            .flat_map(|setting| setting.value.split(','))
            .filter_map(|server| {
                let server = server.trim();
                let server = server.rsplit_once("://").map_or(server, |(_, server)| server);
                let (host, port) = server.rsplit_once(':')?;
                Some((host, port.parse().ok()?))
            });
        let addresses = object
            .addresses
            .iter()
            .filter_map(|address| Some((address.host.as_str(), address.port?)));
        for (host, port) in servers.chain(addresses) {
            let Some((pods, port)) = dialled(set, &object.identity.namespace, host, port) else {
                continue;
            };
            let brokers = pods.iter().filter_map(|pods| by_index.get(pods));
            for to in brokers.filter(|to| to.process.program == Program::Broker) {
                // That of the controllers serves no clients, and is told as an address.
                let controllers = controllers(to);
                let is_of_clients = |(name, own): &(&str, i64)| *own == port && !controllers.contains(name);
                if !listeners(to).iter().any(is_of_clients) {
                    continue;
                }
                let both = ((object, workload), (to.object, to.workload));
                between(set, both, (port, "clients", "they time out"), told, findings);
            }
        }
    }
}

fn between(
    set: &ObjectSet<'_>,
    (from, to): (Pods<'_>, Pods<'_>),
    (port, what, then): (i64, &str, &str),
    told: &mut BTreeSet<(usize, i64)>,
    findings: &mut SetFindings,
) {
    let place = |(object, workload): Pods<'_>| (object.identity.namespace.clone(), workload.pods.clone());
    let ((there, from_labels), (here, to_labels)): ((String, Labels), (String, Labels)) = (place(from), place(to));
    let ports = &to.1.ports;
    let [from, to] = [from.0, to.0].map(|object| &object.identity.name);
    let mut cut = |index: usize, field: &str, message: String| {
        if told.insert((index, port)) {
            findings.add(index, field, &CUT, message).hint(format!(
                "add a rule for port {port}, with the pods of `{}`",
                if field == "/spec/ingress" { from } else { to }
            ));
        }
    };
    if let Some((index, admitted)) = rules(&set.policies(&here, &to_labels), |policy| &policy.ingress)
        && !admitted
            .iter()
            .any(|rule| rule.has_port("TCP", port, ports) && set.is_peer(&rule.peers, &here, &there, &from_labels))
    {
        let message = format!("cuts {what}: no rule admits the pods of `{from}` to port {port} of `{to}`, so {then}");
        cut(index, "/spec/ingress", message);
    }
    if let Some((index, admitted)) = rules(&set.policies(&there, &from_labels), |policy| &policy.egress)
        && !admitted
            .iter()
            .any(|rule| rule.has_port("TCP", port, ports) && set.is_peer(&rule.peers, &there, &here, &to_labels))
    {
        let message = format!("cuts {what}: no rule lets the pods of `{from}` out to port {port} of `{to}`, so {then}");
        cut(index, "/spec/egress", message);
    }
}

/// Whether a member may ask for names.
fn dns(set: &ObjectSet<'_>, member: &Member<'_>, told: &mut BTreeSet<(usize, i64)>, findings: &mut SetFindings) {
    let policies = set.policies(&member.object.identity.namespace, &member.workload.pods);
    let Some((index, admitted)) = rules(&policies, |policy| &policy.egress) else {
        return;
    };
    // The port of the DNS servers' pods may be another than that of their Service. They are not in the namespace of Kafka.
    let dns = [53, 5353, 8053, 1053];
    let elsewhere = |peer: &Peer| !matches!(peer, Peer::Pods { namespaces: None, .. });
    if !admitted.iter().any(|rule| {
        (rule.peers.is_empty() || rule.peers.iter().any(elsewhere))
            && dns
                .iter()
                .any(|port| rule.has_port("UDP", *port, &[]) || rule.has_port("TCP", *port, &[]))
    }) && told.insert((index, 53))
    {
        findings
            .add(
                index,
                "/spec/egress",
                &CUT,
                format!(
                    "cuts DNS: no rule lets the pods of `{}` out to port 53, so they can resolve no name",
                    member.object.identity.name
                ),
            )
            .hint("add an egress rule for port 53, UDP and TCP, to the DNS servers")
            .outside("NetworkPolicy", "");
    }
}

/// Whether anyone is admitted to the ports that monitors scrape.
fn scraped(set: &ObjectSet<'_>, findings: &mut SetFindings) {
    let mut told: BTreeSet<(usize, i64)> = BTreeSet::new();
    for object in set.objects {
        let (monitor, by_pods) = match &object.detail {
            ObjectDetail::PodMonitor(monitor) => (monitor, true),
            ObjectDetail::ServiceMonitor(monitor) => (monitor, false),
            _ => continue,
        };
        let looks = |namespace: &String| match &monitor.namespaces {
            None => object.identity.namespace == *namespace,
            Some(names) => names.is_empty() || names.contains(namespace),
        };
        let mut scrape = |namespace: &str, workload: &Workload, target: &PortRef| {
            let number = match target {
                PortRef::Number(number) => Some(*number),
                PortRef::Name(name) => {
                    let mut ports = workload.ports.iter();
                    ports.find(|port| port.name == *name).map(|port| port.number)
                }
            };
            // One that no container declares is told by another rule.
            let declared = |number: &i64| workload.ports.iter().any(|port| port.number == *number);
            let Some(number) = number.filter(declared) else { return };
            if let Some((index, admitted)) = rules(&set.policies(namespace, &workload.pods), |policy| &policy.ingress)
                && !admitted
                    .iter()
                    .any(|rule| rule.has_port("TCP", number, &workload.ports))
                && told.insert((index, number))
            {
                findings
                    .add(
                        index,
                        "/spec/ingress",
                        &CUT,
                        format!(
                            "cuts scraping: {} `{}` scrapes port {number}, to which no rule admits anyone",
                            object.identity.kind, object.identity.name
                        ),
                    )
                    .hint(format!(
                        "add a rule that admits the namespace of Prometheus to port {number}"
                    ));
            }
        };
        if by_pods {
            for (_, target, workload) in set.workloads() {
                if looks(&target.identity.namespace) && selects(&monitor.selector, &workload.pods) {
                    for port in monitor.endpoints.iter().map(|endpoint| &endpoint.port) {
                        scrape(&target.identity.namespace, workload, port);
                    }
                }
            }
            continue;
        }
        for service in set.objects {
            let Some(found) = service.service() else { continue };
            let Some(selector) = &found.selector else { continue };
            let namespace = &service.identity.namespace;
            if !looks(namespace) || !selects(&monitor.selector, &service.labels) {
                continue;
            }
            for port in monitor.endpoints.iter().map(|endpoint| &endpoint.port) {
                let target = found.ports.iter().find(|own| match port {
                    PortRef::Name(name) => own.name == *name,
                    PortRef::Number(number) => own.number == *number,
                });
                let Some(target) = target else { continue };
                for (_, workload) in set.selected(namespace, selector) {
                    scrape(namespace, workload, &target.target);
                }
            }
        }
    }
}
