use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec},
    core::v1::{PodTemplateSpec, TopologySpreadConstraint},
};

use super::{Labels, Pod};
use crate::{context::Context, diagnostics::Profile};

/// A Deployment of interchangeable pods.
///
/// In production no pod is put beside another one of its revision while a node has none: with a preference alone two would share a node after a
/// drain, or an update while few nodes are there, and stay there.
pub fn deployment(context: &Context, name: &str, replicas: u16, pod: Pod<'_>) -> Deployment {
    let labels = pod.labels;
    let mut template = pod.template(context);
    if replicas > 1 && context.profile == Profile::Production {
        keep_apart(&mut template, labels);
    }
    Deployment {
        metadata: labels.metadata(context, name),
        spec: Some(DeploymentSpec {
            replicas: Some(replicas.into()),
            selector: labels.label_selector(),
            template,
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// Puts no pod on a node that has one while another node has none, be it cordoned: a pod that is drained waits until its node is back. Only pods of the
/// same revision count. An update starts a pod before it ends one, so with the old ones counted the new ones could end up on one node.
///
/// Every node counts that the pods select, also one with a taint that they do not tolerate: there have to be as many others as replicas.
///
/// Kubernetes, Pod Topology Spread Constraints: `matchLabelKeys` is on by default from 1.27 on; `nodeTaintsPolicy` counts tainted nodes unless it is `Honor`.
fn keep_apart(template: &mut PodTemplateSpec, labels: &Labels) {
    let constraint = TopologySpreadConstraint {
        label_selector: Some(labels.label_selector()),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "DoNotSchedule".to_owned(),
        ..TopologySpreadConstraint::default()
    };
    let pod = template.spec.get_or_insert_default();
    pod.topology_spread_constraints.get_or_insert_default().push(constraint);
}
