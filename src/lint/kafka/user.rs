//! The user that the process runs as, and its volumes.

use super::Member;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::kubernetes::Platform;
use crate::lint::model::{set::SetFindings, syntax::split_tag};

rules! { rules::pod;
    /// A user that the kubelet cannot judge.
    pub const NAMED_USER: Rule = Rule {
        id: "KS-P07",
        production: Error,
        development: Error,
        summary: "`runAsNonRoot` without a numeric user on an image that names its user",
        explanation: "The image says `USER appuser`. The kubelet cannot tell whether that is root and does not start \
            the container: `image has non-numeric user`. Give the number in `runAsUser`.",
        source: "Kubernetes, Security Context; apache/kafka and Confluent images, Dockerfile",
    };

    /// A volume that its user cannot write.
    pub const VOLUME_OWNER: Rule = Rule {
        id: "KS-P23",
        production: Error,
        development: Error,
        summary: "a claimed volume that the process cannot write to",
        explanation: "A new volume belongs to root. A process that is not root cannot write to it unless the pod's \
            security context sets `fsGroup`: Kafka exits with `Permission denied`.",
        source: "Kubernetes, Configure a Security Context for a Pod, fsGroup",
    };
}

pub(super) fn named(member: &Member<'_>, findings: &mut SetFindings) {
    // A user with a number, and a group for the volumes, are filled in.
    if member.set.platform == Platform::OpenShift {
        return;
    }
    let image = member.process.image_name();
    let tag = split_tag(&member.process.image).1.unwrap_or_default();
    let mut version = tag.split('.').map(|part| part.parse::<u32>().unwrap_or(u32::MAX));
    let version = (version.next().unwrap_or(u32::MAX), version.next().unwrap_or(u32::MAX));
    let named = image.ends_with("apache/kafka") || image.contains("confluentinc/cp-") && version <= (8, 2);
    if named && member.process.user.non_root && member.process.user.id.is_none() {
        findings
            .add(
                member.index,
                member.process.pointer.clone(),
                &NAMED_USER,
                format!(
                    "container `{}` must run as non-root, but the user of `{}` has a name and no number: the kubelet \
                    cannot verify it",
                    member.process.container, member.process.image
                ),
            )
            .hint("set `runAsUser: 1000`");
    }
}

pub(super) fn volumes(member: &Member<'_>, findings: &mut SetFindings) {
    for claim in member.workload.claims.iter().filter(|claim| claim.read_only) {
        let mut mounts = member.container.mounts.claims();
        if let Some(mount) = mounts.find(|mount| mount.volume == claim.name) {
            let message = format!("the volume at `{}` may only be read (`ReadOnlyMany`)", mount.path);
            findings
                .add(
                    member.index,
                    format!("{}/spec/accessModes", claim.pointer),
                    &VOLUME_OWNER,
                    message,
                )
                .hint("use `ReadWriteOnce`");
        }
    }
    if member.set.platform == Platform::OpenShift {
        return;
    }
    let image = member.process.image_name();
    let non_root = member.process.user.id.is_some_and(|user| user > 0)
        || member.process.user.id.is_none()
            && (member.process.user.non_root || image.contains("confluentinc/") || image.ends_with("apache/kafka"));
    if let Some(claim) = member.container.mounts.claims().next()
        && non_root
        && !member.process.user.owns_volumes
    {
        findings
            .add(
                member.index,
                "/spec/template/spec/securityContext",
                &VOLUME_OWNER,
                format!(
                    "container `{}` does not run as root, but a new volume belongs to root: it cannot write to `{}`",
                    member.process.container, claim.path
                ),
            )
            .hint("set `fsGroup` to the group of the image's user, `1000`");
    }
}
