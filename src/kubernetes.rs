//! Versions of Kubernetes, and what it is part of.

use std::fmt;

/// A minor version of Kubernetes that a stack is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kubernetes {
    /// 1.28: the oldest that stacks run on, because pods get the label `apps.kubernetes.io/pod-index` from here on.
    #[default]
    V1_28,
    /// 1.29: init containers that run on as sidecars.
    V1_29,
    /// 1.30.
    V1_30,
    /// 1.31.
    V1_31,
    /// 1.32.
    V1_32,
    /// 1.33.
    V1_33,
    /// 1.34.
    V1_34,
    /// 1.35. Its first patch releases have a fault in StatefulSets, which rule KS-S22 explains.
    V1_35,
}

impl Kubernetes {
    /// The newest that this crate knows.
    pub const NEWEST: Self = Self::V1_35;

    /// Whether a volume can be an image unless someone turned that off: the feature `ImageVolume` is on by default from 1.35 on.
    pub const fn has_image_volumes(self) -> bool {
        matches!(self, Self::V1_35)
    }

    /// Whether an init container with `restartPolicy: Always` runs beside the other containers, and does not keep a Job from
    /// ending.
    pub const fn has_sidecar_containers(self) -> bool {
        !matches!(self, Self::V1_28)
    }

    /// Whether there are patch releases in which an unready pod stops the rolling update of a StatefulSet whose pods start in
    /// parallel (kubernetes/kubernetes #137409).
    pub const fn may_stop_rolling_updates(self) -> bool {
        matches!(self, Self::V1_35)
    }
}

impl fmt::Display for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_28 => "1.28",
            Self::V1_29 => "1.29",
            Self::V1_30 => "1.30",
            Self::V1_31 => "1.31",
            Self::V1_32 => "1.32",
            Self::V1_33 => "1.33",
            Self::V1_34 => "1.34",
            Self::V1_35 => "1.35",
        })
    }
}

/// What runs the pods: what it fills in need not be in the objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Kubernetes as it is.
    #[default]
    Kubernetes,
    /// `OpenShift`: its security context constraint `restricted-v2` gives each namespace a range of users, fills in user, group and
    /// seccomp profile of every pod, drops its capabilities, and refuses a user that is not in the range.
    OpenShift,
}
