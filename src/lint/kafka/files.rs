//! The files that a command names.

use std::{borrow::Cow, collections::BTreeSet};

use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{
    ObjectDetail, ObjectModel,
    container::{Action, Container},
    mounts::Content,
    set::{ObjectSet, SetFindings},
    workload::Workload,
};

rules! { rules::pod;
    /// A file that the container does not have.
    pub const MISSING_FILE: Rule = Rule {
        id: "KS-P41",
        production: Error,
        development: Error,
        summary: "a command that names a file which the container does not have",
        explanation: "A command names files by their path; which file is there, the mounts decide: the key of a \
            ConfigMap, the path of a mount, another mount that hides it. Nothing compares the two. Kafka ends with \
            `NoSuchFileException`, a JVM does not start without the file of its agent, a shell ends with 127.",
        source: "Kubernetes, Configure a Pod to Use a ConfigMap; Volumes",
    };
}

/// The ends of files that a command may name.
const ENDS: [&str; 11] = [
    ".properties",
    ".yaml",
    ".yml",
    ".sh",
    ".conf",
    ".json",
    ".xml",
    ".jks",
    ".p12",
    ".txt",
    ".jar",
];

/// Folders that the images of Confluent and Apache fill, or that programs write.
const OF_IMAGES: [&str; 15] = [
    "/etc/kafka/",
    "/etc/kafka-connect/",
    "/etc/schema-registry/",
    "/etc/confluent/",
    "/etc/ssl/",
    "/etc/java/",
    "/opt/",
    "/usr/",
    "/mnt/shared/",
    "/bin/",
    "/tmp/",
    "/var/",
    "/run/",
    "/home/",
    "/lib/",
];

/// Words of a command that make a file.
const WRITES: [&str; 11] = [
    ">", "tee ", "cp ", "mv ", "ln ", "install ", "keytool", "openssl", "curl", "wget", "envsubst",
];

pub(super) fn check(
    set: &ObjectSet<'_>,
    findings: &mut SetFindings,
    index: usize,
    object: &ObjectModel,
    workload: &Workload,
) {
    // A file that is missing is told once for all that name it.
    let mut told = BTreeSet::new();
    for container in &workload.containers {
        let words = container.words.iter().map(|word| (word.as_str(), true));
        // A variable may name a file of an image that is not known: only mounted files are looked at, and those of agents.
        let values = container.variables.iter();
        let values = values.map(|(_, value)| (value.as_str(), value.contains("-javaagent:")));
        let all = words
            .chain(values)
            .flat_map(|(text, command)| paths(container, text).map(move |path| (path, command)));
        let hooks = container.hooks.iter().filter_map(|hook| match &hook.action {
            Action::Command(text) => Some(paths(container, text).map(move |path| (path, true, hook.pointer.as_str()))),
            _ => None,
        });
        let all = all.map(|(path, command)| (path, command, container.pointer.as_str()));
        for (path, command, pointer) in all.chain(hooks.flatten()) {
            let open = command || container.mounts.at(&path).is_some();
            if !open || told.contains(&path) || !is_file(container, &path) {
                continue;
            }
            if let Some((message, hint)) = missing(set, object, workload, container, &path) {
                let message = format!("container `{}` names `{path}`, {message}", container.name);
                told.insert(path);
                findings.add(index, pointer, &MISSING_FILE, message).hint(hint);
            }
        }
    }
}

/// Whether a path is that of a file: by its end, or in a mounted ConfigMap or Secret, by a dot in its name.
fn is_file(container: &Container, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mounted = || {
        container
            .mounts
            .at(path)
            .is_some_and(|mount| mount.path != path && mount.key(path).is_some())
    };
    ENDS.iter().any(|end| path.ends_with(end)) || name.contains('.') && !name.ends_with('.') && mounted()
}

/// The paths in a word of a command, from the root on: those that are written so, and files in the folder that it begins in.
fn paths<'w>(container: &Container, word: &'w str) -> impl Iterator<Item = Cow<'w, str>> {
    let parts = word.split(|c: char| {
        let ends = matches!(
            c,
            '\'' | '"' | '`' | ';' | '&' | '|' | '=' | ':' | ',' | '(' | ')' | '<' | '>' | '[' | ']'
        );
        ends || c.is_whitespace()
    });
    let parts = parts.filter(|part| part.contains('/') && !part.contains(['$', '{', '*', '?', '%']));
    let below = |part: &str| ENDS.iter().any(|end| part.ends_with(end));
    let paths = parts.filter(move |part| part.starts_with('/') || below(part));
    paths
        .map(|part| container.absolute(part))
        .filter(|path| path.starts_with('/'))
}

/// Why a container does not have a file, and what mends it; none if it has it, or if that cannot be seen.
fn missing(
    set: &ObjectSet<'_>,
    object: &ObjectModel,
    workload: &Workload,
    container: &Container,
    path: &str,
) -> Option<(String, String)> {
    let command = container.command();
    if ["-f ", "-e ", "-r ", "-s "]
        .iter()
        .any(|test| command.contains(&format!("{test}{path}")))
    {
        return None;
    }
    let namespace = &object.identity.namespace;
    let keys = |kind: &str, name: &str| match &set.find(kind, namespace, name)?.detail {
        ObjectDetail::Config(config) => Some(&config.keys),
        _ => None,
    };
    let Some(mount) = container.mounts.at(path) else {
        // What a file of this name is mounted as.
        let name = path.rsplit('/').next().unwrap_or_default();
        let elsewhere = container.mounts.list.iter().find_map(|mount| {
            let Content::ConfigMap(files) = &mount.content else {
                return None;
            };
            let there = format!("{}/{name}", mount.path);
            let (map, key) = mount.key(&there)?;
            let key = key?;
            let known = keys("ConfigMap", &files.object)?.iter().any(|known| known == key);
            known.then(|| (map.to_owned(), there.clone()))
        });
        let is_jar = path.strip_suffix(".jar").is_some();
        let of_image = if is_jar {
            // Confluent's images have the agent of Prometheus below this folder, and Apache's have none.
            let registry = container.image.split('/').next().unwrap_or_default();
            // Elsewhere, someone may have added it.
            let copied = registry.contains(['.', ':']) && registry != "docker.io";
            copied || path.starts_with("/usr/share/java/") || path.starts_with("/opt/kafka/")
        } else {
            OF_IMAGES.iter().any(|folder| path.starts_with(folder))
        };
        // One of the image that stands in the place of the own.
        let own = elsewhere
            .as_ref()
            .filter(|(_, there)| !command.contains(there.as_str()));
        let of_image = of_image && !(own.is_some() && path.strip_suffix(".properties").is_some());
        if of_image || WRITES.iter().any(|word| command.contains(word)) {
            return None;
        }
        if let Some((map, there)) = elsewhere {
            return Some((
                format!("but ConfigMap `{map}` has that file mounted at `{there}`"),
                match parent(path) {
                    "" => format!("name `{there}`"),
                    folder => format!("mount the volume at `{folder}`, or name `{there}`"),
                },
            ));
        }
        return super::is_official(container.image_name()).then(|| {
            (
                "but nothing is mounted there, and the image has no such file".to_owned(),
                if is_jar {
                    "use an image that has it, or mount a volume with it".to_owned()
                } else {
                    format!("mount a ConfigMap with that file at `{}`", parent(path))
                },
            )
        });
    };
    let kind = match &mount.content {
        Content::ConfigMap(_) => "ConfigMap",
        Content::Secret(_) => "Secret",
        Content::Empty => {
            let shared = workload.containers.iter().any(|other| {
                other.pointer != container.pointer && other.mounts.list.iter().any(|of| of.volume == mount.volume)
            });
            // Mounted at the name of the file, it is a folder.
            let written = (shared && mount.path != path)
                || path.starts_with("/tmp/")
                || WRITES.iter().any(|word| command.contains(word));
            return (!written).then(|| {
                (
                    format!(
                        "but the volume `{}` is mounted there, which is empty when the pod starts",
                        mount.volume
                    ),
                    format!("mount `{}` elsewhere", mount.volume),
                )
            });
        }
        _ => return None,
    };
    let (name, key) = mount.key(path)?;
    // What has no keys gets them from a controller.
    let known = keys(kind, name).filter(|keys| !keys.is_empty())?;
    if key.is_some_and(|key| known.iter().any(|known| known == key)) {
        return None;
    }
    Some((
        format!(
            "but {kind} `{name}`, which is mounted at `{}`, has no such file",
            mount.path
        ),
        format!("it has `{}`", known.join("`, `")),
    ))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}
