//! Disruption budgets and network policies: what guards a set of pods.

use super::{node::Node, selector::Selector, service::PortRef};

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) selector: Selector,
    pub(crate) min_available: Option<IntOrPercent>,
    pub(crate) max_unavailable: Option<IntOrPercent>,
}

/// The ingress of a `NetworkPolicy`.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) selector: Selector,
    /// The single ports that it admits, and where each is.
    pub(crate) ports: Vec<(PortRef, String)>,
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
        match node.int() {
            Some(number) => Some(Self::Number(number)),
            None => Some(Self::Percent(node.str()?.strip_suffix('%')?.parse().ok()?)),
        }
    }

    /// The number itself; none for a percentage.
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Percent(_) => None,
        }
    }

    /// The number that it stands for out of a total; a percentage is rounded up.
    pub(crate) fn out_of(self, total: i64) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => percent.saturating_mul(total).saturating_add(99) / 100,
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
    Policy {
        selector: Selector::of(spec.get("podSelector").value()),
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
