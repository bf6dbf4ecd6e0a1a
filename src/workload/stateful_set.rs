use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetOrdinals, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec},
    core::v1::PersistentVolumeClaim,
};

use super::Pod;
use crate::{construct::Check, context::Context, diagnostics::rules, quantity::Duration};

/// A StatefulSet whose pods all start at the same time, because pods of a quorum wait for each other, and whose volumes
/// are kept when it is deleted.
#[derive(Debug)]
pub struct NumberedPods<'a> {
    /// Its name, which is also the prefix of its pods' names.
    pub name: &'a str,
    /// The headless Service of its pods.
    pub service: &'a str,
    /// The number of pods.
    pub replicas: u32,
    /// The ordinal of the first pod.
    pub first_ordinal: u32,
    /// How long a pod must be ready before the next one is restarted.
    pub settle: Duration,
}

/// Renders [`NumberedPods`].
pub fn stateful_set(
    context: &Context,
    pods: &NumberedPods<'_>,
    pod: Pod<'_>,
    claims: Vec<PersistentVolumeClaim>,
) -> StatefulSet {
    let labels = pod.labels;
    StatefulSet {
        metadata: labels.metadata(context, pods.name),
        spec: Some(StatefulSetSpec {
            min_ready_seconds: Some(i32::try_from(pods.settle.as_seconds()).unwrap_or(i32::MAX)).filter(|&s| s > 0),
            ordinals: (pods.first_ordinal > 0).then(|| StatefulSetOrdinals {
                start: i32::try_from(pods.first_ordinal).ok(),
            }),
            persistent_volume_claim_retention_policy: Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                when_deleted: Some("Retain".to_owned()),
                when_scaled: Some("Retain".to_owned()),
            }),
            pod_management_policy: Some("Parallel".to_owned()),
            replicas: i32::try_from(pods.replicas).ok(),
            selector: labels.label_selector(),
            service_name: Some(pods.service.to_owned()),
            template: pod.template(context),
            volume_claim_templates: Some(claims),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

/// Reports a Kubernetes version in which such a StatefulSet may not be updated.
pub(crate) fn check_rolling_updates(check: &mut Check<'_>) {
    let version = check.context().kubernetes;
    if version.may_stop_rolling_updates() {
        let message =
            format!("in early patch releases of Kubernetes {version} a pod that is not ready stops a rolling update");
        check.report(&rules::stack::ROLLING_UPDATE, message, |finding| {
            finding.hint("acknowledge it with the patch release that the cluster runs");
        });
    }
}
