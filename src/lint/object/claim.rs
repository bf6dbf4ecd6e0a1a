//! Claims for volumes.

use super::fields::{quantity, syntax, word};
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::object::fields::{INNER_NAME, QUANTITY, REQUIRED, WORD};
use crate::{
    diagnostics::Diagnostics,
    lint::model::{node::Node, syntax as text},
};

rules! { rules::pod;
    /// Volumes that go with their set.
    pub const CLAIMS_DELETED: Rule = Rule {
        id: "KS-P10",
        production: Error,
        development: Warning,
        summary: "volumes that are deleted with their StatefulSet",
        explanation: "With the retention policy `Delete`, deleting or scaling down the StatefulSet deletes the data of \
            its pods.",
        source: "Kubernetes, StatefulSet, PersistentVolumeClaim retention",
    };
}

/// The specification of a claim for a volume.
pub(crate) fn check(spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    let modes = spec.get("accessModes");
    if modes.len() == 0 {
        findings
            .at(&modes, &REQUIRED, "is missing or empty")
            .hint("write `accessModes: [ReadWriteOnce]`");
    }
    let known = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
    for mode in modes.items() {
        if !known.contains(&mode.text()) {
            findings.at(
                &mode,
                &WORD,
                format!("is `{}`: must be `{}`", mode.text(), known.join("` or `")),
            );
        }
    }
    word(spec, "volumeMode", &["Filesystem", "Block"], findings);
    let resources = spec.get("resources");
    let requests = resources.get("requests");
    let storage = requests.get("storage");
    if !storage.is_set() {
        findings.at(&storage, &REQUIRED, "is missing");
    } else if quantity(&storage, findings) == Some(0) {
        findings
            .at(&storage, &QUANTITY, "is 0: a claim must request storage")
            .hint("give the pool a size: `.storage(Storage::persistent(100.gib()))`")
            .yaml_hint("write a size, such as `storage: 100Gi`");
    }
    let class = spec.get("storageClassName");
    // An empty class is a way to say: none, bind what exists.
    if class.str() != Some("") {
        syntax(&class, &INNER_NAME, text::dns_subdomain, findings);
    }
}

/// What happens to the claims of a StatefulSet that goes.
pub(super) fn retention(spec: &Node<'_, '_>, findings: &mut Diagnostics) {
    let retention = spec.get("persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"] {
        word(&retention, field, &["Retain", "Delete"], findings);
        if retention.get(field).text() == "Delete" {
            findings
                .at(
                    &retention.get(field),
                    &CLAIMS_DELETED,
                    "is `Delete`: the data is deleted with the pods",
                )
                .write("Retain");
        }
    }
}
