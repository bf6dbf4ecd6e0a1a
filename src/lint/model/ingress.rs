//! Ingresses: the Services that requests from outside are passed to.

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
