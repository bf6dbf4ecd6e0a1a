//! Kubernetes objects and the files that they become: identity, order of kinds, paths, digests, the index.

use std::collections::BTreeMap;

use blake2::{Blake2b, Digest as _, digest::consts::U8};
use k8s_openapi::Resource;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::yaml;

/// A Kubernetes object, on its way to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    body: Value,
    stable_name: Option<String>,
}

/// What makes an object the same object to the API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for cluster-wide kinds.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Object {
    /// An object from its typed form.
    pub fn new<T: Resource + Serialize>(resource: &T) -> Self {
        Self {
            body: to_value(resource),
            stable_name: None,
        }
    }

    /// Names the file without what changes in the object's own name, as the hash of a Job.
    #[must_use]
    pub fn stable_name_is(mut self, name: impl Into<String>) -> Self {
        self.stable_name = Some(name.into());
        self
    }

    /// The object's name without its hash: what its file is called after.
    pub fn stable_name(&self) -> &str {
        self.stable_name.as_deref().unwrap_or_else(|| self.name())
    }

    /// `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The object as the API server would get it.
    pub fn body(&self) -> &Value {
        &self.body
    }

    fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// What makes it the same object to the API server.
    pub fn identity(&self) -> Identity {
        Identity {
            group: self
                .api_version()
                .rsplit_once('/')
                .map_or("", |(group, _)| group)
                .to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.text("/metadata/namespace").to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// The typed form, for an amendment.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.body)
    }

    /// Puts the typed form back after an amendment.
    pub(crate) fn replace<T: Serialize>(&mut self, typed: &T) {
        self.body = to_value(typed);
    }

    /// The file's path below the stack's folder: `<construct>/<kind>-<name>.yaml`, all in lower case.
    pub fn path(&self, construct: &str) -> String {
        let file = format!("{}-{}.yaml", self.kind().to_ascii_lowercase(), self.stable_name());
        if construct.is_empty() {
            file
        } else {
            format!("{construct}/{file}")
        }
    }
}

fn to_value<T: Serialize>(resource: &T) -> Value {
    serde_json::to_value(resource).expect("Kubernetes types have string keys only and always serialize")
}

/// The place of a kind in the order of application: what others refer to comes first.
pub(crate) fn kind_order(kind: &str) -> usize {
    const ORDER: [&str; 10] = [
        "Namespace",
        "ServiceAccount",
        "Secret",
        "ConfigMap",
        "Service",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "StatefulSet",
        "Deployment",
        "Job",
    ];
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}

/// Tells two versions of a text apart: its `BLAKE2b` of 64 bits, as `b2sum -l 64` prints it. Line ends count as `\n` on every
/// machine.
pub fn digest(text: &str) -> String {
    type Digest = Blake2b<U8>;
    let digest = if text.contains('\r') {
        Digest::digest(text.replace("\r\n", "\n"))
    } else {
        Digest::digest(text)
    };
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rendered files: a sorted map from path, below the stack's folder, to text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    files: BTreeMap<String, String>,
}

/// A file on its way to [`Manifests`].
#[derive(Debug)]
pub(crate) struct RenderedFile {
    /// The place in the order of application.
    pub(crate) order: usize,
    /// The path below the stack's folder.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The digest of the text.
    pub(crate) digest: String,
}

impl RenderedFile {
    pub(crate) fn new(order: usize, path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            order,
            path: path.into(),
            digest: digest(&text),
            text,
        }
    }
}

/// The index of the stack's files, and the file that `kubectl apply -k` reads.
pub const INDEX: &str = "kustomization.yaml";

impl Manifests {
    /// The files and the index over them. A text is kept once for each path: [`crate::synth`] has refused collisions before.
    pub(crate) fn new(mut files: Vec<RenderedFile>) -> Self {
        files.sort_unstable_by(|a, b| (a.order, &a.path).cmp(&(b.order, &b.path)));
        let listed: Vec<(String, String)> = files
            .iter()
            .map(|file| (file.path.clone(), file.digest.clone()))
            .collect();
        let mut files: BTreeMap<String, String> = files.into_iter().map(|file| (file.path, file.text)).collect();
        files.insert(INDEX.to_owned(), yaml::index(&listed));
        Self { files }
    }

    /// The text of one file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_b2sum_prints_whatever_the_line_ends() {
        assert_eq!(digest("kafka\n"), "9b5308b3c2a5656e");
        assert_eq!(digest("kafka\r\n"), digest("kafka\n"));
        assert_ne!(digest("kafka"), digest("kafka\n"));
    }
}
