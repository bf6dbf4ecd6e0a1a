//! What changes the number or the size of pods by itself.

use super::node::Node;

/// An autoscaler, and the workload that it changes.
#[derive(Clone, Debug)]
pub(crate) struct Autoscaler {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Where it names the workload.
    pub(crate) pointer: String,
    pub(crate) effect: Effect,
}

/// What an autoscaler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It adds and removes pods.
    Replicas,
    /// It restarts pods with other requests and limits.
    Resources,
}

/// The autoscaler that an object is, if it is one and not switched off.
pub(super) fn read(group: &str, kind: &str, spec: &Node<'_, '_>) -> Option<Autoscaler> {
    let (field, effect) = match (group, kind) {
        ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", "ScaledObject") => {
            ("scaleTargetRef", Effect::Replicas)
        }
        ("autoscaling.k8s.io", "VerticalPodAutoscaler") => {
            // The others only advise, or decide when a pod is created anyway.
            let mode = spec.get("updatePolicy").get("updateMode").str().map(str::to_owned);
            if matches!(mode.as_deref(), Some("Off" | "Initial")) {
                return None;
            }
            ("targetRef", Effect::Resources)
        }
        _ => return None,
    };
    let target = spec.get(field);
    let name = target.get("name");
    Some(Autoscaler {
        kind: target.get("kind").str().unwrap_or("Deployment").to_owned(),
        name: name.text().to_owned(),
        pointer: name.pointer(),
        effect,
    })
}
