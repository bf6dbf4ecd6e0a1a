use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};

use super::Pod;
use crate::context::Context;

/// A Deployment of interchangeable pods.
pub fn deployment(context: &Context, name: &str, replicas: u16, pod: Pod<'_>) -> Deployment {
    let labels = pod.labels;
    Deployment {
        metadata: labels.metadata(context, name),
        spec: Some(DeploymentSpec {
            replicas: Some(replicas.into()),
            selector: labels.label_selector(),
            template: pod.template(context),
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}
