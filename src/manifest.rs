//! Kubernetes objects and the files that they become: identity, order of kinds, paths, digests, the index.

use std::{collections::BTreeMap, fmt};

use blake2::{Blake2b, Digest as _, digest::consts::U8};
use k8s_openapi::Resource;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    diagnostics::Origin,
    name::{CronJobName, DnsLabel, DnsSubdomain, InvalidName, JobName, ServiceName, StatefulSetName},
    promql::DeclaredMetric,
    version::Version,
    yaml::{self, Listed, Part},
};

/// A Kubernetes object, on its way to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    body: Value,
    /// Whether its name ends in a digest of its content.
    named_by_content: bool,
    /// The name without that digest, once it has one.
    stable_name: Option<String>,
    /// What the object's text does not show.
    background: Background,
}

/// What only the construct that made an object knows of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Background {
    /// The release of Kafka that reads it, whatever the image is called.
    pub(crate) version: Option<Version>,
    /// Where its settings came from.
    pub(crate) origins: Vec<Origin>,
    /// What rules of Prometheus may ask for beside what objects show.
    pub(crate) declared: Option<Declared>,
    /// When it is applied.
    pub(crate) wave: Option<Wave>,
}

/// What whoever makes rules of Prometheus knows of the series, and no object shows. With it, all metrics are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Declared {
    pub(crate) metrics: Vec<DeclaredMetric>,
    /// The number of brokers of a cluster that is not here.
    pub(crate) brokers: Option<u32>,
}

/// When an object is applied by a deployer that waits for one wave to be healthy before it applies the next. What has no wave
/// comes before all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wave {
    /// The ensemble that brokers keep their metadata in.
    ZooKeeper = 1,
    /// Controllers of their own: Kafka upgrades them before the brokers.
    Controllers = 2,
    /// Brokers, whether they are controllers too or not.
    Brokers = 3,
    /// What declares topics.
    Topics = 4,
    /// What uses the brokers and the topics.
    Clients = 5,
}

impl Wave {
    /// All of them, the first one first.
    pub(crate) const ALL: [Self; 5] = [
        Self::ZooKeeper,
        Self::Controllers,
        Self::Brokers,
        Self::Topics,
        Self::Clients,
    ];

    /// The annotation of an object with the number of its wave. Source: Argo CD, Sync Phases and Waves: what has a lower number is
    /// healthy before the next is applied; without one it is 0.
    pub(crate) const ANNOTATION: &str = "argocd.argoproj.io/sync-wave";

    /// What is in it, in a word.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::ZooKeeper => "ZooKeeper",
            Self::Controllers => "controllers",
            Self::Brokers => "brokers",
            Self::Topics => "topics",
            Self::Clients => "clients",
        }
    }
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
            named_by_content: false,
            stable_name: None,
            background: Background::default(),
        }
    }

    /// Says which release of Kafka reads the object.
    #[must_use]
    pub(crate) fn of_version(mut self, version: Version) -> Self {
        self.background.version = Some(version);
        self
    }

    /// Says where the settings of its files came from.
    #[must_use]
    pub(crate) fn with_origins(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.background.origins.extend(origins);
        self
    }

    /// Says which metrics its rules may ask for beside those that objects show.
    #[must_use]
    pub(crate) fn with_declared(mut self, declared: Declared) -> Self {
        self.background.declared = Some(declared);
        self
    }

    /// Says when a deployer with waves applies it.
    #[must_use]
    pub(crate) fn in_wave(mut self, wave: Wave) -> Self {
        self.background.wave = Some(wave);
        self
    }

    /// What only the construct that made it knows.
    pub(crate) fn background(&self) -> &Background {
        &self.background
    }

    /// The same, to take it.
    pub(crate) fn take_background(&mut self) -> Background {
        std::mem::take(&mut self.background)
    }

    /// Lets a digest of the content end the object's name, as a Job needs it: its template cannot be changed, so
    /// another template is another Job. The file is named after the name without the digest.
    #[must_use]
    pub fn named_by_content(mut self) -> Self {
        self.named_by_content = true;
        self
    }

    /// The object's name without a digest of its content: what its file is named after.
    pub fn stable_name(&self) -> &str {
        self.stable_name.as_deref().unwrap_or_else(|| self.name())
    }

    /// `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.body["apiVersion"].as_str().unwrap_or_default()
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.body["kind"].as_str().unwrap_or_default()
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.body["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// The object as the API server would get it.
    pub fn body(&self) -> &Value {
        &self.body
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
            namespace: self.body["metadata"]["namespace"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// Adds labels or annotations, as `field` says, but for those that the object has already.
    pub(crate) fn add_metadata(&mut self, field: &str, pairs: &BTreeMap<String, String>) {
        if pairs.is_empty() {
            return;
        }
        if let Some(metadata) = child(&mut self.body, "metadata")
            && let Some(existing) = child(metadata, field).and_then(Value::as_object_mut)
        {
            for (key, value) in pairs {
                existing.entry(key.as_str()).or_insert_with(|| value.as_str().into());
            }
        }
    }

    /// Makes pods restart when, and only when, a file changes that they read: puts a checksum of the ConfigMaps that a
    /// pod template mounts into it, or names the object by its content and theirs. `texts` has the ConfigMaps of the
    /// construct.
    pub(crate) fn seal(&mut self, texts: &BTreeMap<String, String>) {
        let mounted: String = self.body["spec"]["template"]["spec"]["volumes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|volume| texts.get(volume["configMap"]["name"].as_str()?))
            .map(String::as_str)
            .collect();
        if self.named_by_content {
            let name = self.name().to_owned();
            let metadata = std::mem::replace(&mut self.body["metadata"], Value::Object(Map::new()));
            let digest = digest(&format!("{}\0{mounted}", self.body));
            self.body["metadata"] = metadata;
            self.body["metadata"]["name"] = format!("{name}-{}", &digest[..8]).into();
            self.stable_name = Some(name);
        } else if !mounted.is_empty()
            && let Some(template) = self.body.pointer_mut("/spec/template")
            && let Some(metadata) = child(template, "metadata")
            && let Some(annotations) = child(metadata, "annotations").and_then(Value::as_object_mut)
        {
            annotations.insert("checksum/config".to_owned(), digest(&mounted).into());
        }
    }

    /// The name and the content of a ConfigMap, if it is one.
    pub(crate) fn config_map(&self) -> Option<(String, String)> {
        if self.kind() != "ConfigMap" {
            return None;
        }
        let files = ["data", "binaryData"]
            .into_iter()
            .filter_map(|part| self.body.get(part)?.as_object())
            .flatten();
        let text = files
            .flat_map(|(file, text)| [file, "\0", text.as_str().unwrap_or_default(), "\0"])
            .collect();
        Some((self.name().to_owned(), text))
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

/// A field of an object, made where it is missing.
fn child<'a>(parent: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let fields = parent.as_object_mut()?;
    Some(fields.entry(name).or_insert_with(|| Value::Object(Map::new())))
}

fn to_value<T: Serialize>(resource: &T) -> Value {
    serde_json::to_value(resource).expect("Kubernetes types have string keys only and always serialize")
}

/// The place of a kind in the order of application: what others refer to comes first.
pub(crate) fn kind_order(kind: &str) -> usize {
    const ORDER: [&str; 11] = [
        "Namespace",
        "ServiceAccount",
        "Secret",
        "ConfigMap",
        "Service",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "StatefulSet",
        "Deployment",
        "CronJob",
        "Job",
    ];
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}

/// What Kubernetes allows as the name of each kind.
pub(crate) fn object_name(identity: &Identity) -> Result<(), InvalidName> {
    let name = &identity.name;
    match identity.kind.as_str() {
        "Namespace" => DnsLabel::parse(name).map(drop),
        "Service" => ServiceName::parse(name).map(drop),
        "StatefulSet" => StatefulSetName::parse(name).map(drop),
        "CronJob" => CronJobName::parse(name).map(drop),
        "Job" => JobName::parse(name).map(drop),
        // A Deployment's name is a label value of nothing, but its pods' names add 17 characters to it and are host
        // names.
        _ => DnsSubdomain::parse(name).map(drop),
    }
}

/// Tells two versions of a text apart: its `BLAKE2b` of 64 bits, as `b2sum -l 64` prints it. Line ends count as `\n` on
/// every machine.
pub fn digest(text: &str) -> String {
    type Digest = Blake2b<U8>;
    let digest = if text.contains('\r') {
        Digest::digest(text.replace("\r\n", "\n"))
    } else {
        Digest::digest(text)
    };
    format!("{:016x}", u64::from_be_bytes(digest.into()))
}

/// Rendered files: a sorted map from path, below the stack's folder, to text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    files: BTreeMap<String, String>,
}

/// A file that goes with the objects and is none: a page, a test. The index lists it, and it is never applied.
pub struct Document<'a> {
    pub(crate) path: String,
    pub(crate) text: Box<dyn FnOnce() -> String + 'a>,
}

impl<'a> Document<'a> {
    /// A text at a path below the stack's folder. It is made only when files are written.
    pub fn new(path: impl Into<String>, text: impl FnOnce() -> String + 'a) -> Self {
        Self {
            path: path.into(),
            text: Box::new(text),
        }
    }

    /// A value as YAML at a path below the stack's folder.
    pub fn yaml<T: Serialize + 'a>(path: impl Into<String>, value: T) -> Self {
        Self::new(path, move || yaml::to_text(&to_value(&value)))
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The place of a Namespace. With it goes everything that is in it, the claims with the data among them, so it is not deleted
/// with the other objects: it stays out of the kustomization.
const APART: usize = 0;

/// The place of documents, behind everything that is applied.
pub(crate) const DOCUMENT: usize = usize::MAX;

/// A file on its way to [`Manifests`].
#[derive(Debug)]
pub(crate) struct RenderedFile {
    /// The place in the order of application, or [`DOCUMENT`].
    pub(crate) order: usize,
    /// The path below the stack's folder.
    pub(crate) path: String,
    /// The text and its digest, where files were asked for.
    text: Option<(String, String)>,
}

impl RenderedFile {
    pub(crate) fn new(order: usize, path: impl Into<String>, text: Option<String>) -> Self {
        Self {
            order,
            path: path.into(),
            text: text.map(|text| {
                let digest = digest(&text);
                (text, digest)
            }),
        }
    }
}

/// The index of the stack's files, and the file that `kubectl apply -k` reads.
pub const INDEX: &str = "kustomization.yaml";

impl Manifests {
    /// The files and the index over them. A text is kept once for each path: [`crate::synth`] has refused collisions
    /// before.
    pub(crate) fn new(mut files: Vec<RenderedFile>) -> Self {
        files.sort_unstable_by(|a, b| (a.order, &a.path).cmp(&(b.order, &b.path)));
        let mut listed = Vec::with_capacity(files.len());
        let mut texts = BTreeMap::new();
        for RenderedFile { order, path, text } in files {
            let Some((text, digest)) = text else { continue };
            listed.push(Listed {
                path: path.clone(),
                digest,
                part: match order {
                    APART => Part::Apart,
                    DOCUMENT => Part::Document,
                    _ => Part::Resource,
                },
            });
            texts.insert(path, text);
        }
        texts.insert(INDEX.to_owned(), yaml::index(&listed));
        Self { files: texts }
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
    use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
    use serde_json::json;

    use super::*;

    /// A workload or a Job that mounts a ConfigMap, sealed: its checksum and its name.
    fn sealed(named_by_content: bool, config: (&str, &str, &str), mounted: &str) -> (Option<String>, String) {
        let (file, text, label) = config;
        let config = Object::new(&ConfigMap {
            metadata: ObjectMeta {
                name: Some("config".to_owned()),
                labels: Some([("team".to_owned(), label.to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some([(file.to_owned(), text.to_owned())].into()),
            ..ConfigMap::default()
        });
        let mut object = Object {
            body: json!({"kind": "Job", "metadata": {"name": "job", "labels": {}},
                "spec": {"template": {"spec": {"volumes": [{"emptyDir": {}}, {"configMap": {"name": mounted}}]}}}}),
            named_by_content,
            stable_name: None,
            background: Background::default(),
        };
        object.seal(&config.config_map().into_iter().collect());
        assert_eq!(object.path(""), "job-job.yaml");
        let checksum = &object.body["spec"]["template"]["metadata"]["annotations"]["checksum/config"];
        (checksum.as_str().map(str::to_owned), object.name().to_owned())
    }

    #[test]
    fn a_pod_template_has_a_checksum_of_exactly_what_it_mounts() {
        let checksum = |config, mounted| sealed(false, config, mounted).0;
        let first = checksum(("a", "b", "one"), "config");
        assert_eq!(first, Some(digest("a\0b\0")));
        assert_eq!(first, checksum(("a", "b", "two"), "config"));
        assert_ne!(first, checksum(("a", "c", "one"), "config"));
        // Where a name ends and a text begins counts too.
        assert_ne!(checksum(("ab", "c", ""), "config"), checksum(("a", "bc", ""), "config"));
        assert_eq!(checksum(("a", "b", "one"), "another"), None);
    }

    #[test]
    fn an_object_named_by_its_content_has_another_name_where_it_mounts_another_file_and_no_checksum() {
        let name = |config, mounted| {
            let (checksum, name) = sealed(true, config, mounted);
            assert_eq!(checksum, None);
            name
        };
        let first = name(("a", "b", "one"), "config");
        assert!(first.starts_with("job-") && first.len() == "job-".len() + 8, "{first}");
        assert_eq!(first, name(("a", "b", "two"), "config"));
        assert_ne!(first, name(("a", "c", "one"), "config"));
        assert_ne!(first, name(("a", "b", "one"), "another"));
    }

    #[test]
    fn a_digest_is_what_b2sum_prints_whatever_the_line_ends() {
        assert_eq!(digest("kafka\n"), "9b5308b3c2a5656e");
        assert_eq!(digest("kafka\r\n"), digest("kafka\n"));
        assert_ne!(digest("kafka"), digest("kafka\n"));
    }
}
