//! What is mounted into a container, and which file of it a path is.

use super::node::Node;

/// What is mounted into a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mounts {
    pub(crate) list: Vec<Mount>,
    /// Whether nothing but mounted volumes can be written.
    pub(crate) read_only_root: bool,
}

/// A mounted volume, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// Where it is, without a `/` at the end.
    pub(crate) path: String,
    /// The name of the volume.
    pub(crate) volume: String,
    /// What of the volume is mounted, if not all of it.
    pub(crate) part: Option<String>,
    pub(crate) content: Content,
    /// The ConfigMaps that init containers mount beside the volume, if it is empty when the pod starts: their files may be copied to it.
    sources: Vec<Files>,
}

/// What a volume is made of.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The files of a ConfigMap.
    ConfigMap(Files),
    /// The files of a Secret.
    Secret(Files),
    /// Files of several objects.
    Projected,
    /// Empty when the pod starts.
    Empty,
    /// A claim, by its name or by a template.
    Claim,
    /// Of the node, of a driver.
    Other,
}

/// The keys of an object as files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The name of the object.
    pub(crate) object: String,
    /// Key and path of each, where the volume chooses some of them.
    pub(crate) items: Option<Vec<(String, String)>>,
}

impl Files {
    fn of(source: &Node<'_, '_>, name: &'static str) -> Self {
        let items = source.get("items");
        let text = |item: &Node<'_, '_>, field: &'static str| item.get(field).text().to_owned();
        Self {
            object: source.get(name).text().to_owned(),
            items: items.is_set().then(|| {
                items
                    .items()
                    .map(|item| (text(&item, "key"), text(&item, "path")))
                    .collect()
            }),
        }
    }

    /// The key that is the file of this name in the volume.
    fn key<'s>(&'s self, file: &'s str) -> Option<&'s str> {
        match &self.items {
            None => Some(file),
            Some(items) => items.iter().find(|(_, path)| path == file).map(|(key, _)| key.as_str()),
        }
    }
}

impl Mount {
    /// The file of the volume that a path in the container is: empty for the whole of it.
    fn file<'p>(&'p self, path: &'p str) -> Option<&'p str> {
        let below = path.strip_prefix(self.path.as_str())?;
        match (&self.part, below.strip_prefix('/')) {
            (Some(part), None) if below.is_empty() => Some(part),
            // The link that the kubelet moves when the object changes.
            (None, Some(file)) => Some(file.strip_prefix("..data/").unwrap_or(file)),
            (None, None) if below.is_empty() => Some(""),
            _ => None,
        }
    }

    /// Whether a path is at or below it.
    fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str())
            .is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }

    /// The object and the key that a path in the container is, for the files of a ConfigMap or a Secret. The key is missing where the
    /// volume has no such file.
    pub(crate) fn key<'p>(&'p self, path: &'p str) -> Option<(&'p str, Option<&'p str>)> {
        let (Content::ConfigMap(files) | Content::Secret(files)) = &self.content else {
            return None;
        };
        Some((&files.object, self.file(path).and_then(|file| files.key(file))))
    }

    pub(crate) fn is_claim(&self) -> bool {
        matches!(self.content, Content::Claim)
    }

    /// Whether a process may write into it.
    fn is_writable(&self) -> bool {
        matches!(self.content, Content::Empty | Content::Claim | Content::Other)
    }
}

impl Mounts {
    /// Whether a file, or the folder that it is in, is mounted itself. A folder that is empty when the pod starts has no files yet.
    pub(super) fn has_file_or_folder(&self, file: &str) -> bool {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let has_files = |mount: &Mount| mount.path == folder && !matches!(mount.content, Content::Empty);
        self.list.iter().any(|mount| mount.path == file || has_files(mount))
    }

    pub(super) fn of(container: &Node<'_, '_>, pod: &Node<'_, '_>) -> Self {
        let volumes = pod.get("volumes");
        let mounts = container.get("volumeMounts");
        let list = mounts.items().map(|mount| {
            let name = mount.get("name").text();
            let part = ["subPath", "subPathExpr"]
                .iter()
                .find_map(|field| mount.get(field).str());
            let content = match volumes.items().find(|volume| volume.get("name").text() == name) {
                // A claim template has no volume.
                None => Content::Claim,
                Some(volume) if volume.get("persistentVolumeClaim").is_set() => Content::Claim,
                Some(volume) if volume.get("configMap").is_set() => {
                    Content::ConfigMap(Files::of(&volume.get("configMap"), "name"))
                }
                Some(volume) if volume.get("secret").is_set() => {
                    Content::Secret(Files::of(&volume.get("secret"), "secretName"))
                }
                Some(volume) if volume.get("projected").is_set() => Content::Projected,
                Some(volume) if volume.get("emptyDir").is_set() => Content::Empty,
                Some(_) => Content::Other,
            };
            let sources = match content {
                Content::Empty => sources(pod, name),
                _ => Vec::new(),
            };
            Mount {
                path: mount.get("mountPath").text().trim_end_matches('/').to_owned(),
                volume: name.to_owned(),
                part: part.map(str::to_owned),
                content,
                sources,
            }
        });
        Self {
            list: list.collect(),
            read_only_root: container.get("securityContext").get("readOnlyRootFilesystem").bool() == Some(true),
        }
    }

    /// The mount that a path in the container is in: the deepest one, which hides what others have there.
    pub(crate) fn at(&self, path: &str) -> Option<&Mount> {
        let covering = self.list.iter().filter(|mount| mount.covers(path));
        covering.max_by_key(|mount| mount.path.len())
    }

    /// The ConfigMap and the key that a path in the container is.
    pub(crate) fn config_map_file<'p>(&'p self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let mount = self.at(path)?;
        match (&mount.content, mount.key(path)?) {
            (Content::ConfigMap(_), (map, Some(key))) => Some((map, key)),
            _ => None,
        }
    }

    /// The ConfigMaps, and the keys in them, that an init container may have copied to a path in the container.
    pub(super) fn copied_files<'p>(&'p self, path: &'p str) -> impl Iterator<Item = (&'p str, &'p str)> {
        let mount = self.at(path);
        mount.into_iter().flat_map(move |mount| {
            let file = mount.file(path);
            // The copy may end in the name of the pod: `server.properties.$(POD_NAME)`.
            let plain = file
                .and_then(|file| file.split_once('$'))
                .map(|(plain, _)| plain.trim_end_matches(['.', '-', '_']));
            let names = [file, plain].into_iter().flatten().filter(|name| !name.is_empty());
            names.flat_map(move |name| {
                let keys = mount.sources.iter().map(move |files| (files, files.key(name)));
                keys.filter_map(|(files, key)| Some((files.object.as_str(), key?)))
            })
        })
    }

    /// Where files of ConfigMaps, Secrets or several of them are, and the name of the ConfigMap if it is one.
    pub(crate) fn read_only(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().filter_map(|mount| match &mount.content {
            Content::ConfigMap(files) => Some((files.object.as_str(), mount.path.as_str())),
            Content::Secret(_) | Content::Projected => Some(("", mount.path.as_str())),
            _ => None,
        })
    }

    /// The mounted claims.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &Mount> {
        self.list.iter().filter(|mount| mount.is_claim())
    }

    /// Whether a process may write there: a volume, or a root file system that can be written.
    pub(crate) fn can_write(&self, path: &str) -> bool {
        match self.at(path) {
            Some(mount) => mount.is_writable(),
            None => !self.read_only_root,
        }
    }
}

/// The ConfigMaps of the init containers that mount a volume.
fn sources(pod: &Node<'_, '_>, volume: &str) -> Vec<Files> {
    let volumes = pod.get("volumes");
    let config_map = |name: &str| {
        let volume = volumes.items().find(|volume| volume.get("name").text() == name)?;
        let source = volume.get("configMap");
        source.is_set().then(|| Files::of(&source, "name"))
    };
    let containers = pod.get("initContainers");
    let mut sources = Vec::new();
    for container in containers.items() {
        let mounts = container.get("volumeMounts");
        if mounts.items().any(|mount| mount.get("name").text() == volume) {
            sources.extend(mounts.items().filter_map(|mount| config_map(mount.get("name").text())));
        }
    }
    sources
}
