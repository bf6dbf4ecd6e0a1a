//! Plugins of Connect workers: classes that no stock image has.

use k8s_openapi::api::core::v1::{Container, EmptyDirVolumeSource, ImageVolumeSource, Volume, VolumeMount};

use super::artifact::{Artifact, Problem, containerfile};
use crate::{
    diagnostics::Location,
    kubernetes::Kubernetes,
    manifest::Document,
    quantity::{Resources, Units},
    workload::{Mount, container},
};

/// The folder of `plugin.path` with what images bring, a folder each.
pub(super) const DIRECTORY: &str = "/opt/kafka-connect-plugins";

/// Where the init container that copies a plugin has the volume.
const COPIED_TO: &str = "/copied";

/// Classes for connectors, and where the workers have them from.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let debezium = Plugin::image(
///     "debezium-postgres",
///     "registry.example.com/connect/debezium-postgres:3.3.1",
///     ["io.debezium.connector.postgresql.PostgresConnector"],
/// )
/// .license("Apache-2.0");
/// # let _ = debezium;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Plugin {
    pub(super) name: String,
    image: Option<String>,
    pub(super) classes: Vec<String>,
    license: Option<String>,
    artifacts: Vec<Artifact>,
    pub(super) location: Location,
}

impl Plugin {
    /// An image with the jars in its folder `/plugin`. From Kubernetes 1.35 on, where the feature `ImageVolume` is on by default, it is
    /// mounted as it is; before that an init container copies the folder, for which the image needs `cp`.
    #[track_caller]
    pub fn image<S: Into<String>>(
        name: impl Into<String>,
        image: impl Into<String>,
        classes: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            image: Some(image.into()),
            ..Self::built_in(name, classes)
        }
    }

    /// Classes that the workers' own image has, in a folder of its `plugin.path`.
    #[track_caller]
    pub fn built_in<S: Into<String>>(name: impl Into<String>, classes: impl IntoIterator<Item = S>) -> Self {
        Self {
            name: name.into(),
            image: None,
            classes: classes.into_iter().map(Into::into).collect(),
            license: None,
            artifacts: Vec::new(),
            location: Location::caller(),
        }
    }

    /// The licence that it comes under, as an SPDX expression: the handbook lists it.
    pub fn license(mut self, license: impl Into<String>) -> Self {
        self.license = Some(license.into());
        self
    }

    /// What its image is built from: `synth` then writes `plugins/<workers>/<name>.Containerfile`. All archives of the plugin are unpacked side
    /// by side.
    pub fn artifact(mut self, artifact: Artifact) -> Self {
        self.artifacts.push(artifact);
        self
    }

    /// What is wrong with its artifacts.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let homeless = (!self.artifacts.is_empty() && self.image.is_none()).then(|| {
            let message = "the workers' own image has it, so nothing is built from its artifacts";
            (message.to_owned(), "use `Plugin::image`, or remove `.artifact(…)`")
        });
        let own = self.artifacts.iter().filter_map(Artifact::problem);
        homeless.into_iter().chain(own).collect()
    }

    /// The file that its image is built from, if that is said, for workers of this name.
    pub(super) fn document(&self, workers: &str) -> Option<Document<'_>> {
        let image = self.image.as_ref().filter(|_| !self.artifacts.is_empty())?;
        let path = format!("plugins/{workers}/{}.Containerfile", self.name);
        let text = move || containerfile(&self.name, image, &self.artifacts, self.license.as_deref());
        Some(Document::new(path, text))
    }

    /// What it is and under which licence, if that is said.
    pub(super) fn licensed(&self) -> Option<String> {
        let license = self.license.as_ref()?;
        Some(format!("plugin {} of Connect: licence {license}", self.name))
    }

    /// Whether it comes from an image of its own.
    pub(super) const fn is_mounted(&self) -> bool {
        self.image.is_some()
    }

    fn volume_name(&self) -> String {
        format!("plugin-{}", self.name)
    }

    /// The volume that the workers have it from.
    pub(super) fn mount(&self, kubernetes: Kubernetes) -> Option<Mount> {
        let image = self.image.as_ref()?;
        let mut volume = Volume {
            name: self.volume_name(),
            ..Volume::default()
        };
        if kubernetes.has_image_volumes() {
            volume.image = Some(ImageVolumeSource {
                pull_policy: None,
                reference: Some(image.clone()),
            });
        } else {
            volume.empty_dir = Some(EmptyDirVolumeSource::default());
        }
        Some(Mount::volume(volume, format!("{DIRECTORY}/{}", self.name)))
    }

    /// The init container that copies it, where an image cannot be mounted.
    pub(super) fn copy(&self, kubernetes: Kubernetes) -> Option<Container> {
        let image = self.image.as_ref().filter(|_| !kubernetes.has_image_volumes())?;
        let resources = Resources::range(100.millicores()..=500.millicores(), 64.mib()..=256.mib());
        let mut copy = container(
            &format!("copy-{}", self.name),
            image,
            resources,
            ["cp", "-r", "/plugin", COPIED_TO],
        );
        copy.volume_mounts = Some(vec![VolumeMount {
            name: self.volume_name(),
            mount_path: COPIED_TO.to_owned(),
            ..VolumeMount::default()
        }]);
        Some(copy)
    }
}
