//! Ingresses and routes of Gateways: the Services that requests from outside are passed to.

use super::{node::Node, service::PortRef};

/// What an `Ingress` or a route passes requests to.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) service: String,
    /// That of the Service, where it is not that of the object.
    pub(crate) namespace: Option<String>,
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
        namespace: None,
        port: PortRef::of(given)?,
        pointer: service.pointer(),
    })
}

/// A `TLSRoute` or a `TCPRoute` of the Gateway API.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) kind: &'static str,
    /// The names in the handshake that it is for, in lower case; none if it is for all.
    pub(crate) hostnames: Vec<String>,
    /// Those that get connections.
    pub(crate) backends: Vec<Backend>,
}

/// A route of this kind. One whose parents are all of another kind than a Gateway, as of a mesh, is no way in from outside, and has no
/// backends here.
pub(super) fn route(kind: &'static str, spec: &Node<'_, '_>) -> Route {
    let hostnames = spec.get("hostnames");
    let parents = spec.get("parentRefs");
    let mut parents = parents.items().peekable();
    let of_gateway = |parent: Node<'_, '_>| parent.get("kind").str().is_none_or(|kind| kind == "Gateway");
    let is_attached = parents.peek().is_none() || parents.any(of_gateway);
    let rules = spec.get("rules");
    let mut backends = Vec::new();
    for rule in rules.items().filter(|_| is_attached) {
        let references = rule.get("backendRefs");
        for reference in references.items() {
            let kind = reference.get("kind").str().unwrap_or("Service");
            if kind != "Service" || reference.get("weight").int() == Some(0) {
                continue;
            }
            let port = PortRef::of(&reference.get("port"));
            if let Some((service, port)) = reference.get("name").str().zip(port) {
                backends.push(Backend {
                    service: service.to_owned(),
                    namespace: reference.get("namespace").str().map(str::to_owned),
                    port,
                    pointer: reference.pointer(),
                });
            }
        }
    }
    Route {
        kind,
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
