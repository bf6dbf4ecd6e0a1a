use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, SecretVolumeSource, Volume, VolumeMount,
};

/// An additional volume of a pod, and its path in the containers.
///
/// ```
/// use kafka_stacks::{k8s_openapi::api::core::v1::{CSIVolumeSource, Volume}, prelude::*};
///
/// let certificates = Mount::secret("kafka-tls", "/etc/kafka-tls");
/// let plugins = Mount::volume(
///     Volume {
///         name: "plugins".to_owned(),
///         csi: Some(CSIVolumeSource { driver: "image.csi.example.com".to_owned(), ..CSIVolumeSource::default() }),
///         ..Volume::default()
///     },
///     "/plugins",
/// );
/// # let _ = (certificates, plugins);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Mount {
    volume: Volume,
    path: String,
    read_only: bool,
}

impl Mount {
    /// The files of a Secret of the namespace, read-only. The volume is named after it, with `-` for a dot, which the name of a
    /// volume must not have. One Secret may be mounted at several paths.
    pub fn secret(name: impl Into<String>, path: impl Into<String>) -> Self {
        let name = name.into();
        let secret = SecretVolumeSource {
            secret_name: Some(name.clone()),
            ..SecretVolumeSource::default()
        };
        let volume = Volume {
            name: name.replace('.', "-"),
            secret: Some(secret),
            ..Volume::default()
        };
        Self::volume(volume, path)
    }

    /// The files of a ConfigMap of the namespace, read-only. The volume is named like that of a Secret.
    pub fn config_map(name: impl Into<String>, path: impl Into<String>) -> Self {
        let name = name.into();
        let config_map = ConfigMapVolumeSource {
            name: name.clone(),
            ..ConfigMapVolumeSource::default()
        };
        let volume = Volume {
            name: name.replace('.', "-"),
            config_map: Some(config_map),
            ..Volume::default()
        };
        Self::volume(volume, path)
    }

    /// A writable empty folder, which is deleted with the pod.
    pub fn scratch(name: impl Into<String>, path: impl Into<String>) -> Self {
        let volume = Volume {
            name: name.into(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        };
        Self::volume(volume, path).writable()
    }

    /// Any volume of Kubernetes, read-only.
    pub fn volume(volume: Volume, path: impl Into<String>) -> Self {
        Self {
            volume,
            path: path.into(),
            read_only: true,
        }
    }

    /// Makes it writable.
    pub const fn writable(mut self) -> Self {
        self.read_only = false;
        self
    }

    /// The volumes of some mounts: one that several paths have is one volume.
    pub(crate) fn volumes(mounts: &[Self]) -> Vec<Volume> {
        let mut volumes = Vec::new();
        for Self { volume, .. } in mounts {
            if !volumes.contains(volume) {
                volumes.push(volume.clone());
            }
        }
        volumes
    }

    pub(crate) fn to_volume_mount(&self) -> VolumeMount {
        VolumeMount {
            name: self.volume.name.clone(),
            mount_path: self.path.clone(),
            read_only: self.read_only.then_some(true),
            ..VolumeMount::default()
        }
    }
}
