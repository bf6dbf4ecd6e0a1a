//! Which other pods a pod is placed away from, or beside, and to which node it is bound.

use super::{
    node::Node,
    selector::{Labels, POD_INDEX, POD_NAME, Selector, selects},
};

/// The label that each node has for itself.
pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// What the scheduler is told about the pods of a workload.
#[derive(Clone, Debug)]
pub(crate) struct Scheduling {
    pub(crate) placements: Vec<Placement>,
    /// Whether each pod takes a port of its node, so that no node can have two.
    pub(crate) takes_a_port: bool,
    /// Whether an update starts a pod before it ends one.
    pub(crate) starts_first: bool,
    /// The only node that pods may be on, and where that is said.
    pub(crate) node: Option<(String, String)>,
}

/// A constraint of the scheduler that counts pods by their labels.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    pub(crate) way: Way,
    /// Whether a pod waits rather than that it is placed otherwise.
    pub(crate) required: bool,
    /// None selects no pod.
    pub(crate) selector: Option<Selector>,
    /// Whether it looks in the pod's own namespace alone.
    pub(crate) own_namespace: bool,
    /// The namespaces in which it looks, if they are listed and nothing else selects any.
    namespaces: Option<Vec<String>>,
    /// The labels of the pod itself that a counted pod must have too.
    same: Vec<String>,
    /// Those that a counted pod must not have as the pod itself has them.
    other: Vec<String>,
    spread: Spread,
    pub(crate) pointer: String,
    /// The label of nodes that tells apart, and where it is.
    pub(crate) topology: (String, String),
}

/// How uneven a spread may be.
#[derive(Clone, Debug, Default)]
struct Spread {
    max_skew: i64,
    min_domains: i64,
    /// Whether nodes that the pods do not tolerate, as cordoned ones, do not count.
    only_tolerated: bool,
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

impl Placement {
    /// Whether it selects by labels that a controller adds to each pod, which are not in the manifest.
    pub(crate) fn is_by_added_labels(&self) -> bool {
        let added = [POD_NAME, POD_INDEX, "controller-revision-hash", "pod-template-hash"];
        self.selector
            .as_ref()
            .is_some_and(|selector| added.iter().any(|key| selector.names(key)))
    }

    /// Whether it counts pods with these labels in this namespace.
    pub(crate) fn counts(&self, namespace: &str, pods: &Labels) -> bool {
        let (selector, listed) = (self.selector.as_ref(), self.namespaces.as_ref());
        selector.is_some_and(|selector| selects(selector, pods))
            && !self.other.iter().any(|key| has(pods, key))
            && listed.is_none_or(|listed| listed.iter().any(|listed| listed == namespace))
    }

    /// Whether it keeps so many pods with these labels, which it counts, on different nodes. `replaced` says that new pods start beside those
    /// that they replace.
    ///
    /// As many zones as replicas are taken for granted up to three: most regions have three.
    pub(crate) fn keeps_apart(&self, pods: &Labels, replicas: i64, replaced: bool) -> bool {
        let topology = self.topology.0.as_str();
        let coarse = [
            "kubernetes.io/arch",
            "kubernetes.io/os",
            "topology.kubernetes.io/region",
        ];
        let own_key = topology == HOSTNAME || topology == ZONE || !topology.contains("kubernetes.io/");
        let by_revision = |key: &&String| *key == "pod-template-hash";
        // All pods of the workload have the labels of its template.
        let same = || self.same.iter().filter(|key| !has(pods, key));
        match self.way {
            Way::Together => false,
            Way::Apart => {
                self.required && same().all(|key| by_revision(&key)) && (own_key || coarse.contains(&topology))
            }
            Way::Spread => {
                let counted = if replaced {
                    same().any(|key| by_revision(&key))
                } else {
                    same().next().is_none()
                };
                let domains = topology == HOSTNAME || self.spread.min_domains >= replicas || replicas <= 3;
                self.required
                    && own_key
                    && counted
                    && domains
                    && self.spread.max_skew == 1
                    && !self.spread.only_tolerated
            }
        }
    }
}

fn has(pods: &Labels, key: &str) -> bool {
    pods.iter().any(|(known, _)| known == key)
}

impl Scheduling {
    pub(super) fn of(kind: &str, spec: &Node<'_, '_>, pod: &Node<'_, '_>) -> Self {
        let strategy = spec.get("strategy");
        let rolling = strategy.get("rollingUpdate");
        let surge = rolling.get("maxSurge");
        let none = surge.int() == Some(0) || surge.str() == Some("0%");
        Self {
            starts_first: kind == "Deployment" && strategy.get("type").text() != "Recreate" && !none,
            placements: placements(pod),
            takes_a_port: takes_a_port(pod),
            node: only_node(pod),
        }
    }

    /// The constraints that count the workload's own pods.
    pub(crate) fn own<'a>(
        &'a self,
        namespace: &'a str,
        pods: &'a Labels,
    ) -> impl Iterator<Item = &'a Placement> + Clone {
        self.placements
            .iter()
            .filter(move |placement| placement.counts(namespace, pods))
    }
}

/// The placements of a pod.
fn placements(pod: &Node<'_, '_>) -> Vec<Placement> {
    let mut found = Vec::new();
    let mut add = |way, required, term: &Node<'_, '_>| {
        let selector = term.get("labelSelector");
        let topology = term.get("topologyKey");
        let namespaces = term.get("namespaces");
        let same = term.get("matchLabelKeys");
        let other = term.get("mismatchLabelKeys");
        let listed = namespaces.items().map(|name| name.text().to_owned()).collect();
        let selects_namespaces = term.get("namespaceSelector").is_set();
        found.push(Placement {
            way,
            required,
            selector: selector.is_set().then(|| Selector::of(selector.value())),
            own_namespace: !namespaces.is_set() && !selects_namespaces,
            namespaces: (namespaces.len() > 0 && !selects_namespaces).then_some(listed),
            same: same.items().map(|key| key.text().to_owned()).collect(),
            other: other.items().map(|key| key.text().to_owned()).collect(),
            spread: Spread {
                max_skew: term.get("maxSkew").number().unwrap_or(1),
                min_domains: term.get("minDomains").number().unwrap_or(1),
                only_tolerated: term.get("nodeTaintsPolicy").text() == "Honor",
            },
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
        let required = spread.get("whenUnsatisfiable").text() == "DoNotSchedule";
        add(Way::Spread, required, &spread);
    }
    let affinity = pod.get("affinity");
    let apart = affinity.get("podAntiAffinity");
    let required = apart.get("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.items() {
        add(Way::Apart, true, &term);
    }
    let preferred = apart.get("preferredDuringSchedulingIgnoredDuringExecution");
    for term in preferred.items() {
        add(Way::Apart, false, &term.get("podAffinityTerm"));
    }
    let together = affinity.get("podAffinity");
    let required = together.get("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.items() {
        add(Way::Together, true, &term);
    }
    found
}

fn takes_a_port(pod: &Node<'_, '_>) -> bool {
    let on_node = pod.get("hostNetwork").bool() == Some(true);
    let containers = pod.get("containers");
    containers.items().any(|container| {
        let ports = container.get("ports");
        ports
            .items()
            .any(|port| on_node || port.get("hostPort").int().is_some_and(|port| port != 0))
    })
}

fn only_node(pod: &Node<'_, '_>) -> Option<(String, String)> {
    let name = pod.get("nodeName");
    let labels = pod.get("nodeSelector");
    let label = labels.get(HOSTNAME);
    let said = |node: &Node<'_, '_>| {
        node.str()
            .filter(|text| !text.is_empty())
            .map(|text| (text.to_owned(), node.pointer()))
    };
    said(&name).or_else(|| said(&label))
}
