//! Which other pods a pod is placed away from, or beside.

use super::{node::Node, selector::Selector};

/// A constraint of the scheduler that counts pods by their labels.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    pub(crate) way: Way,
    /// None selects no pod.
    pub(crate) selector: Option<Selector>,
    /// Whether it looks in the pod's own namespace alone.
    pub(crate) own_namespace: bool,
    pub(crate) pointer: String,
    /// The label of nodes that tells apart, and where it is.
    pub(crate) topology: (String, String),
}

/// What a placement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `topologySpreadConstraints`: as many pods here as there.
    Spread,
    /// `podAntiAffinity`: away from other pods.
    Apart,
    /// `podAffinity` that is required: where other pods are, and nowhere else.
    Together,
}

/// The placements of a pod.
pub(super) fn placements(pod: &Node<'_, '_>) -> Vec<Placement> {
    let mut found = Vec::new();
    let mut add = |way, term: &Node<'_, '_>| {
        let selector = term.get("labelSelector");
        let topology = term.get("topologyKey");
        found.push(Placement {
            way,
            selector: selector.is_set().then(|| Selector::of(selector.value())),
            own_namespace: !term.get("namespaces").is_set() && !term.get("namespaceSelector").is_set(),
            pointer: if selector.is_set() {
                selector.pointer()
            } else {
                term.pointer()
            },
            topology: (topology.text().to_owned(), topology.pointer()),
        });
    };
    let spreads = pod.get("topologySpreadConstraints");
    for spread in spreads.items() {
        add(Way::Spread, &spread);
    }
    let affinity = pod.get("affinity");
    let apart = affinity.get("podAntiAffinity");
    let required = apart.get("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.items() {
        add(Way::Apart, &term);
    }
    let preferred = apart.get("preferredDuringSchedulingIgnoredDuringExecution");
    for term in preferred.items() {
        add(Way::Apart, &term.get("podAffinityTerm"));
    }
    let together = affinity.get("podAffinity");
    let required = together.get("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.items() {
        add(Way::Together, &term);
    }
    found
}
