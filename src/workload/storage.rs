use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::quantity::Bytes;

/// A persistent volume for each pod. It is kept when the pod or the StatefulSet is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    pub(crate) size: Bytes,
    pub(crate) class: Option<String>,
}

impl Storage {
    /// A volume of the cluster's default storage class.
    pub const fn persistent(size: Bytes) -> Self {
        Self { size, class: None }
    }

    /// The storage class. Use block storage: Kafka is not made for NFS.
    #[must_use]
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// The claim of each pod, mounted by the name of the claim.
    pub(crate) fn claim(&self, name: &str) -> PersistentVolumeClaim {
        PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            spec: Some(PersistentVolumeClaimSpec {
                access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
                resources: Some(VolumeResourceRequirements {
                    requests: Some([("storage".to_owned(), self.size.quantity())].into()),
                    limits: None,
                }),
                storage_class_name: self.class.clone(),
                ..PersistentVolumeClaimSpec::default()
            }),
            status: None,
        }
    }
}

/// The volumes of a StatefulSet: their claims are named `<claim>-<stateful set>-<ordinal>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeClaims {
    /// The name of the claim template.
    pub claim: String,
    /// The StatefulSet.
    pub stateful_set: String,
    /// The ordinals of its pods.
    pub ordinals: std::ops::Range<u32>,
}

impl VolumeClaims {
    /// The claims of this template and StatefulSet, whose pods have these ordinals.
    pub fn new(claim: impl Into<String>, stateful_set: impl Into<String>, ordinals: std::ops::Range<u32>) -> Self {
        Self {
            claim: claim.into(),
            stateful_set: stateful_set.into(),
            ordinals,
        }
    }
}
