//! Services and their ports.

use super::{node::Node, selector::Selector};

#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// None for a Service without a selector, whose endpoints are written by others.
    pub(crate) selector: Option<Selector>,
    pub(crate) headless: bool,
    pub(crate) external: bool,
    /// What opens it to the outside: the type `LoadBalancer` or `NodePort`, or external addresses.
    pub(crate) outward: Option<&'static str>,
    /// The names that external-dns gives it.
    pub(crate) hostnames: Vec<String>,
    pub(crate) not_ready_too: bool,
    pub(crate) ports: Vec<ServicePort>,
}

#[derive(Clone, Debug)]
pub(crate) struct ServicePort {
    pub(crate) name: String,
    pub(crate) number: i64,
    /// The port of every machine, if it is said.
    pub(crate) node_port: Option<i64>,
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

/// The annotation that external-dns makes records of.
const HOSTNAME: &str = "external-dns.alpha.kubernetes.io/hostname";

pub(super) fn read(spec: &Node<'_, '_>, annotations: &Node<'_, '_>) -> Service {
    let hostnames = annotations.get(HOSTNAME);
    let hostnames = hostnames.text().split(',').map(|name| name.trim().to_ascii_lowercase());
    let selector = spec.get("selector");
    let ports = spec.get("ports");
    Service {
        selector: (selector.len() > 0).then(|| Selector::pairs(selector.value())),
        headless: spec.get("clusterIP").text() == "None",
        external: spec.get("type").text() == "ExternalName",
        outward: ["LoadBalancer", "NodePort"]
            .into_iter()
            .find(|kind| spec.get("type").text() == *kind)
            .or((spec.get("externalIPs").len() > 0).then_some("Service with external addresses")),
        hostnames: hostnames.filter(|name| !name.is_empty()).collect(),
        not_ready_too: spec.get("publishNotReadyAddresses").bool() == Some(true),
        ports: ports
            .items()
            .map(|port| {
                let number = port.get("port").number().unwrap_or_default();
                let target = port.get("targetPort");
                ServicePort {
                    name: port.get("name").text().to_owned(),
                    number,
                    node_port: port.get("nodePort").int().filter(|number| *number != 0),
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
