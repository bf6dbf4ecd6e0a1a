//! Services and their ports.

use super::{node::Node, selector::Selector};

#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// None for a Service without a selector, whose endpoints are written by others.
    pub(crate) selector: Option<Selector>,
    pub(crate) headless: bool,
    pub(crate) external: bool,
    /// The type that opens it to the outside: `LoadBalancer` or `NodePort`.
    pub(crate) outward: Option<&'static str>,
    pub(crate) not_ready_too: bool,
    pub(crate) ports: Vec<ServicePort>,
}

#[derive(Clone, Debug)]
pub(crate) struct ServicePort {
    pub(crate) name: String,
    pub(crate) number: i64,
    pub(crate) target: PortRef,
    pub(crate) protocol: String,
    pub(crate) pointer: String,
}

/// A port by its number or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortRef {
    Number(i64),
    Name(String),
}

impl PortRef {
    pub(crate) fn of(node: &Node<'_, '_>) -> Option<Self> {
        match node.str() {
            Some(name) => Some(Self::Name(name.to_owned())),
            None => node.int().map(Self::Number),
        }
    }
}

pub(super) fn read(spec: &Node<'_, '_>) -> Service {
    let selector = spec.get("selector");
    let ports = spec.get("ports");
    Service {
        selector: (selector.len() > 0).then(|| Selector::pairs(selector.value())),
        headless: spec.get("clusterIP").text() == "None",
        external: spec.get("type").text() == "ExternalName",
        outward: ["LoadBalancer", "NodePort"]
            .into_iter()
            .find(|kind| spec.get("type").text() == *kind),
        not_ready_too: spec.get("publishNotReadyAddresses").bool() == Some(true),
        ports: ports
            .items()
            .map(|port| {
                let number = port.get("port").number().unwrap_or_default();
                let target = port.get("targetPort");
                ServicePort {
                    name: port.get("name").text().to_owned(),
                    number,
                    target: PortRef::of(&target).unwrap_or(PortRef::Number(number)),
                    protocol: port.get("appProtocol").text().to_owned(),
                    pointer: if target.is_set() {
                        target.pointer()
                    } else {
                        port.get("port").pointer()
                    },
                }
            })
            .collect(),
    }
}
