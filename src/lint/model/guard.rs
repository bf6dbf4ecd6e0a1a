//! Disruption budgets and network policies: what guards a set of pods.

use super::{container::Port, node::Node, selector::Selector, service::PortRef};

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) selector: Selector,
    pub(crate) min_available: Option<IntOrPercent>,
    pub(crate) max_unavailable: Option<IntOrPercent>,
}

/// A `NetworkPolicy`.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) selector: Selector,
    /// What may come in; none if it says nothing about that.
    pub(crate) ingress: Option<Vec<Admission>>,
    /// What may go out; none if it says nothing about that.
    pub(crate) egress: Option<Vec<Admission>>,
    /// The single ports that it admits, and where each is.
    pub(crate) ports: Vec<(PortRef, String)>,
}

/// A rule of a policy: what it lets through.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    /// From or to whom; empty for everyone.
    pub(crate) peers: Vec<Peer>,
    /// The ports; empty for all.
    ports: Vec<PolicyPort>,
}

/// Who is on the other side.
#[derive(Clone, Debug)]
pub(crate) enum Peer {
    /// A block of addresses: pods may be in it.
    Addresses,
    /// Pods, of the policy's own namespace if no other is selected.
    Pods {
        namespaces: Option<Selector>,
        pods: Selector,
    },
}

#[derive(Clone, Debug)]
struct PolicyPort {
    protocol: String,
    /// None for all ports of the protocol.
    port: Option<PortRef>,
    last: Option<i64>,
}

impl Admission {
    fn of(rule: &Node<'_, '_>, peers: &'static str) -> Self {
        let (peers, ports) = (rule.get(peers), rule.get("ports"));
        Self {
            peers: peers
                .items()
                .map(|peer| {
                    let (namespaces, pods) = (peer.get("namespaceSelector"), peer.get("podSelector"));
                    if peer.get("ipBlock").is_set() {
                        return Peer::Addresses;
                    }
                    Peer::Pods {
                        namespaces: namespaces.is_set().then(|| Selector::of(namespaces.value())),
                        pods: Selector::of(pods.value()),
                    }
                })
                .collect(),
            ports: ports
                .items()
                .map(|item| PolicyPort {
                    protocol: item.get("protocol").str().unwrap_or("TCP").to_owned(),
                    port: PortRef::of(&item.get("port")),
                    last: item.get("endPort").int(),
                })
                .collect(),
        }
    }

    /// Whether it lets every pod of the cluster through, to every port.
    pub(crate) fn is_for_everyone(&self) -> bool {
        let anyone = |peer: &Peer| match peer {
            Peer::Addresses => false,
            Peer::Pods { namespaces, pods } => namespaces.as_ref().is_some_and(Selector::is_empty) && pods.is_empty(),
        };
        self.ports.is_empty() && (self.peers.is_empty() || self.peers.iter().any(anyone))
    }

    /// Whether it lets a port of these pods through. A named port is looked up among theirs.
    pub(crate) fn has_port(&self, protocol: &str, number: i64, pods: &[Port]) -> bool {
        self.ports.is_empty()
            || self.ports.iter().any(|port| {
                port.protocol == protocol
                    && match (&port.port, port.last) {
                        (None, _) => true,
                        (Some(PortRef::Number(first)), Some(last)) => (*first..=last).contains(&number),
                        (Some(PortRef::Number(only)), None) => *only == number,
                        (Some(PortRef::Name(name)), _) => {
                            pods.iter().any(|port| port.name == *name && port.number == number)
                        }
                    }
            })
    }
}

/// A number of pods, or a percentage of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntOrPercent {
    Number(i64),
    Percent(i64),
}

impl IntOrPercent {
    /// The value of a field, if it is one.
    pub(crate) fn of(node: &Node<'_, '_>) -> Option<Self> {
        if let Some(number) = node.int() {
            return Some(Self::Number(number));
        }
        let digits = node.str()?.strip_suffix('%')?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number).map(Self::Percent)
    }

    /// The number that it stands for out of a total; a percentage is rounded up.
    pub(crate) fn out_of(self, total: i64) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => percent.saturating_mul(total).saturating_add(99) / 100,
        }
    }

    /// The same; a percentage is rounded down.
    pub(crate) fn at_most_out_of(self, total: i64) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => percent.saturating_mul(total) / 100,
        }
    }
}

pub(super) fn budget(spec: &Node<'_, '_>) -> Budget {
    Budget {
        selector: Selector::of(spec.get("selector").value()),
        min_available: IntOrPercent::of(&spec.get("minAvailable")),
        max_unavailable: IntOrPercent::of(&spec.get("maxUnavailable")),
    }
}

pub(super) fn policy(spec: &Node<'_, '_>) -> Policy {
    let types = spec.get("policyTypes");
    let rules = |list: &'static str, peers: &'static str| {
        let list = spec.get(list);
        list.items().map(|rule| Admission::of(&rule, peers)).collect::<Vec<_>>()
    };
    let about = |direction: &str| types.items().any(|item| item.text() == direction);
    // Without `policyTypes`, a policy is about what comes in, and about what goes out if it has rules for that.
    let (ingress, egress) = if types.len() > 0 {
        (about("Ingress"), about("Egress"))
    } else {
        (true, spec.get("egress").len() > 0)
    };
    Policy {
        selector: Selector::of(spec.get("podSelector").value()),
        ingress: ingress.then(|| rules("ingress", "from")),
        egress: egress.then(|| rules("egress", "to")),
        ports: policy_ports(spec),
    }
}

fn policy_ports(spec: &Node<'_, '_>) -> Vec<(PortRef, String)> {
    let mut found = Vec::new();
    let ingress = spec.get("ingress");
    for rule in ingress.items() {
        let ports = rule.get("ports");
        for item in ports.items() {
            let port = item.get("port");
            if item.get("endPort").is_set() {
                continue;
            }
            if let Some(target) = PortRef::of(&port) {
                found.push((target, port.pointer()));
            }
        }
    }
    found
}
