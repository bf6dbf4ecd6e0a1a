//! Ingresses and routes of Gateways: the Services that requests from outside are passed to.

use super::{node::Node, service::PortRef};

/// What an `Ingress` passes requests to.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    /// The Service, in the namespace of the `Ingress`.
    pub(crate) service: String,
    /// The port of the Service.
    pub(crate) port: PortRef,
    pub(crate) pointer: String,
}

fn backend(node: &Node<'_, '_>) -> Option<Backend> {
    let service = node.get("service");
    let port = service.get("port");
    let (name, number) = (port.get("name"), port.get("number"));
    let given = if name.is_set() { &name } else { &number };
    Some(Backend {
        service: service.get("name").str()?.to_owned(),
        port: PortRef::of(given)?,
        pointer: service.pointer(),
    })
}

/// A `TLSRoute` of the Gateway API.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The names in the handshake that it is for, in lower case.
    pub(crate) hostnames: Vec<String>,
    /// Those in its own namespace.
    pub(crate) backends: Vec<Backend>,
}

pub(super) fn route(spec: &Node<'_, '_>) -> Route {
    let hostnames = spec.get("hostnames");
    let rules = spec.get("rules");
    let mut backends = Vec::new();
    for rule in rules.items() {
        let references = rule.get("backendRefs");
        for reference in references.items() {
            let kind = reference.get("kind").str().unwrap_or("Service");
            if kind != "Service" || reference.get("namespace").is_set() {
                continue;
            }
            let port = PortRef::of(&reference.get("port"));
            if let Some((service, port)) = reference.get("name").str().zip(port) {
                backends.push(Backend {
                    service: service.to_owned(),
                    port,
                    pointer: reference.pointer(),
                });
            }
        }
    }
    Route {
        hostnames: hostnames.items().map(|name| name.text().to_ascii_lowercase()).collect(),
        backends,
    }
}

/// The backends of an `Ingress`: of its paths, and that of all other requests.
pub(super) fn read(spec: &Node<'_, '_>) -> Vec<Backend> {
    let mut backends: Vec<Backend> = backend(&spec.get("defaultBackend")).into_iter().collect();
    let rules = spec.get("rules");
    for rule in rules.items() {
        let http = rule.get("http");
        let paths = http.get("paths");
        backends.extend(paths.items().filter_map(|path| backend(&path.get("backend"))));
    }
    backends
}
