//! What a container runs and is told: its command and its environment.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    mounts::Mounts,
    node::Node,
    service::PortRef,
    syntax::{quantity, split_tag},
};

/// Command and arguments in a line.
pub(crate) fn command(container: &Node<'_, '_>) -> String {
    words(container).join(" ")
}

/// What stands for a value that is made where the process runs.
pub(crate) const ELSEWHERE: &str = "{elsewhere}";

/// What each variable of a container stands for. A field of the pod is written as `{metadata.name}`.
pub(crate) fn variables(container: &Node<'_, '_>) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let env = container.get("env");
    for variable in env.items() {
        let name = variable.get("name").text();
        let field = variable.get("valueFrom").get("fieldRef").get("fieldPath").str();
        let value = match (variable.get("value").str(), field) {
            (Some(text), _) => expand(text, &known),
            (None, Some(path)) => format!("{{{path}}}"),
            (None, None) if variable.get("valueFrom").is_set() => ELSEWHERE.to_owned(),
            (None, None) => String::new(),
        };
        known.insert(name.to_owned(), value);
    }
    known
}

/// The longest value that variables are put into: each may hold the one before it twice.
pub(crate) const LONGEST: usize = 1 << 16;

fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = text.to_owned();
    for name in references(text) {
        if let Some(value) = known.get(name).filter(|_| expanded.len() < LONGEST) {
            expanded = expanded.replacen(&format!("$({name})"), value, 1);
        }
    }
    expanded
}

/// The names in `$(NAME)`. `$$(NAME)` stands for itself.
pub(crate) fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('(')
            && let Some(end) = after.find(')')
        {
            let name = &after[..end];
            let variable = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
            if variable {
                names.push(name);
            }
            rest = after;
        }
    }
    names
}

/// A container of a pod that has to do with Kafka.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) pointer: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) stage: Stage,
    /// Command and arguments, word by word.
    pub(crate) words: Vec<String>,
    /// The same in a line.
    command: String,
    /// The folder that it begins in, without a `/` at the end. Empty where that is not known.
    folder: String,
    /// Its variables in their order: the name, and what it stands for.
    pub(crate) variables: Vec<(String, String)>,
    /// Whether further variables come from other objects.
    pub(crate) open: bool,
    /// Whether someone may type into it.
    pub(crate) interactive: bool,
    pub(crate) mounts: Mounts,
    /// What the kubelet asks or runs while it lives.
    pub(crate) hooks: Vec<Hook>,
    /// The limit of its memory in bytes.
    pub(crate) memory: Option<u64>,
    /// The memory that the node keeps for it, in bytes: its limit where it says no more.
    pub(crate) requested_memory: Option<u64>,
    pub(crate) ports: Vec<Port>,
}

/// When a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the others, to its end.
    Init,
    /// Before the others, and on.
    Sidecar,
    Main,
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) number: i64,
}

/// A probe, or a hook of the lifecycle.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    /// Its field, as `readinessProbe`.
    pub(crate) field: &'static str,
    pub(crate) pointer: String,
    pub(crate) action: Action,
    /// The seconds until it counts as failed. None for a hook of the lifecycle.
    pub(crate) timeout: Option<i64>,
}

/// What a probe or a hook does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Runs this command.
    Command(String),
    /// Asks this port of the container.
    Port(PortRef),
    /// A port of its own, by HTTP.
    Http(PortRef),
    Other,
}

impl Container {
    pub(super) fn of(container: &Node<'_, '_>, list: &str, pod: &Node<'_, '_>) -> Self {
        let known = variables(container);
        let env = container.get("env");
        let names = env.items().map(|variable| variable.get("name").text());
        let resources = container.get("resources");
        let memory = |part: &str| {
            let nano = quantity(resources.get(part).get("memory").value())?;
            let bytes = u64::try_from(nano / 1_000_000_000).ok()?;
            // Less is another unit than was meant, which is told as such.
            (bytes >= 1 << 20).then_some(bytes)
        };
        Self {
            pointer: container.pointer(),
            name: container.get("name").text().to_owned(),
            image: container.get("image").text().to_owned(),
            stage: match container.get("restartPolicy").text() {
                _ if list == "containers" => Stage::Main,
                "Always" => Stage::Sidecar,
                _ => Stage::Init,
            },
            words: words(container),
            command: command(container),
            folder: folder(container).to_owned(),
            variables: names
                .map(|name| (name.to_owned(), known.get(name).cloned().unwrap_or_default()))
                .collect(),
            open: container.get("envFrom").len() > 0,
            interactive: ["stdin", "tty"]
                .iter()
                .any(|field| container.get(field).bool() == Some(true)),
            mounts: Mounts::of(container, pod),
            hooks: hooks(container),
            memory: memory("limits"),
            requested_memory: memory("requests").or_else(|| memory("limits")),
            ports: ports(container),
        }
    }

    /// Command and arguments in a line.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// A path of its command from the root on, where that is known.
    pub(crate) fn absolute<'p>(&self, path: &'p str) -> Cow<'p, str> {
        if path.starts_with('/') || self.folder.is_empty() || self.command.contains("cd ") {
            Cow::Borrowed(path)
        } else {
            Cow::Owned(format!("{}/{}", self.folder, path.trim_start_matches("./")))
        }
    }

    /// What a variable stands for.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The place of a variable.
    pub(crate) fn variable_pointer(&self, name: &str) -> String {
        match self.variables.iter().position(|(other, _)| other == name) {
            Some(index) => format!("{}/env/{index}", self.pointer),
            None => self.pointer.clone(),
        }
    }

    /// The name of its image, without tag and digest.
    pub(crate) fn image_name(&self) -> &str {
        split_tag(self.image.split('@').next().unwrap_or_default()).0
    }

    /// The number of a port of the container.
    pub(crate) fn port(&self, port: &PortRef) -> Option<i64> {
        match port {
            PortRef::Number(number) => Some(*number),
            PortRef::Name(name) => self
                .ports
                .iter()
                .find(|port| port.name == *name)
                .map(|port| port.number),
        }
    }
}

/// The folder that a command begins in: that of the container, or of its image.
fn folder<'v>(container: &Node<'_, 'v>) -> &'v str {
    let own = container.get("workingDir").text().trim_end_matches('/');
    let (image, _) = split_tag(container.get("image").text().split('@').next().unwrap_or_default());
    match own {
        // Strimzi's images have Kafka there, and no entrypoint: their commands name `bin/kafka-server-start.sh`.
        "" if image.ends_with("strimzi/kafka") => "/opt/kafka",
        own => own,
    }
}

fn words(container: &Node<'_, '_>) -> Vec<String> {
    let mut words = Vec::new();
    for list in ["command", "args"] {
        let list = container.get(list);
        words.extend(list.items().map(|word| word.text().to_owned()));
    }
    words
}

/// The ports that a container declares.
pub(super) fn ports(container: &Node<'_, '_>) -> Vec<Port> {
    let declared = container.get("ports");
    declared
        .items()
        .map(|port| Port {
            name: port.get("name").text().to_owned(),
            number: port.get("containerPort").number().unwrap_or_default(),
        })
        .collect()
}

fn hooks(container: &Node<'_, '_>) -> Vec<Hook> {
    let action = |node: &Node<'_, '_>| {
        let exec = node.get("exec");
        if exec.is_set() {
            let words = exec.get("command");
            return Action::Command(words.items().map(|word| word.text()).collect::<Vec<_>>().join(" "));
        }
        let asked = ["httpGet", "tcpSocket", "grpc"].into_iter().find_map(|kind| {
            let asked = node.get(kind);
            // Another host is asked.
            let own = asked.get("host").text().is_empty();
            let port = PortRef::of(&asked.get("port")).filter(|_| own)?;
            Some(if kind == "httpGet" {
                Action::Http(port)
            } else {
                Action::Port(port)
            })
        });
        asked.unwrap_or(Action::Other)
    };
    let lifecycle = container.get("lifecycle");
    let mut found = Vec::new();
    for field in [
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
        "postStart",
        "preStop",
    ] {
        let probe = field.ends_with("Probe");
        let node = if probe {
            container.get(field)
        } else {
            lifecycle.get(field)
        };
        if node.is_set() {
            found.push(Hook {
                field,
                pointer: node.pointer(),
                action: action(&node),
                timeout: probe.then(|| node.get("timeoutSeconds").number().unwrap_or(1)),
            });
        }
    }
    found
}
