//! Where changes of Kafka's settings are told, and the commands for this cluster.

use std::collections::BTreeMap;

use super::{
    file,
    listeners::{Listener, listeners},
    process::{Process, broker_of},
};
use crate::{
    diff::{
        change::{Draft, Found, ObjectName, Place},
        row::{Row, is_plain},
        sets::{Sets, When},
    },
    lint::model::{container::Container, settings::Setting},
    manifest::Identity,
};

/// One process, before and after.
pub(super) struct Pair<'a> {
    pub(super) sets: &'a Sets<'a>,
    pub(super) identity: &'a Identity,
    pub(super) before: Process<'a>,
    pub(super) after: Process<'a>,
    /// Whether workloads of its namespace come, go, or have another number of pods.
    pub(super) is_scaled: bool,
    pub(super) tools: Tools,
}

impl Pair<'_> {
    /// The keys whose values differ.
    pub(super) fn changed(&self) -> Vec<String> {
        let keys = self.before.settings.iter().chain(self.after.settings.iter());
        let mut keys: Vec<String> = keys
            .map(|(key, _)| key)
            .filter(|key| self.before.get(key) != self.after.get(key))
            .map(str::to_owned)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(super) fn differs(&self, key: &str) -> bool {
        self.before.get(key) != self.after.get(key)
    }
}

/// What changes and where it is told.
pub(super) struct Told<'a, 'f> {
    pub(super) pair: &'a Pair<'a>,
    pub(super) found: &'f mut Found,
    pub(super) places: &'f mut Places,
}

impl Told<'_, '_> {
    /// Says what another value of a setting means.
    pub(super) fn setting(&mut self, key: &str, row: &'static Row) -> &mut Draft {
        let place = self.place(key);
        self.tell(place, row)
    }

    /// Says what another value of a field of the workload means.
    pub(super) fn field(&mut self, path: &str, row: &'static Row) -> &mut Draft {
        let at = self.places.find(self.found, &self.pair.identity.into(), path);
        let place = at.unwrap_or_else(|| {
            let place = Place::field(
                self.pair.identity,
                path,
                serde_json::Value::Null,
                serde_json::Value::Null,
            );
            self.places.add(self.found, row, place)
        });
        self.tell(place, row)
    }

    fn tell(&mut self, at: usize, row: &'static Row) -> &mut Draft {
        let draft = &mut self.found.drafts[at];
        self.pair.tools.tell(draft);
        draft.word("workload", self.pair.identity.name.clone());
        draft.left_to_delete(self.pair.after.worker.left_to_delete());
        draft.means(row)
    }

    /// The change that is told of a setting: of a line in a file, of a variable, or of the process if neither differs.
    fn place(&mut self, key: &str) -> usize {
        let pair = self.pair;
        let sides = [pair.after.settings.get(key), pair.before.settings.get(key)];
        for setting in sides.into_iter().flatten() {
            let (object, path) = self.home(key, setting);
            if let Some(at) = self.places.find(self.found, &object, &path) {
                return at;
            }
        }
        let value = |process: &Process<'_>| process.get(key).map_or(serde_json::Value::Null, Into::into);
        let path = format!("settings[{key}]");
        let object = pair.identity.into();
        if let Some(at) = self.places.find(self.found, &object, &path) {
            return at;
        }
        let place = Place::field(pair.identity, path, value(&pair.before), value(&pair.after));
        self.places.add(self.found, &file::SETTING, place)
    }

    fn home(&self, key: &str, setting: &Setting) -> (ObjectName, String) {
        let container = &self.pair.after.kafka.container;
        if let Some(map) = &setting.config_map {
            let identity = Identity {
                group: String::new(),
                kind: "ConfigMap".to_owned(),
                namespace: self.pair.identity.namespace.clone(),
                name: map.clone(),
            };
            let name = setting
                .pointer
                .trim_start_matches("/data/")
                .replace("~1", "/")
                .replace("~0", "~");
            return ((&identity).into(), file::path(&name, &[key]));
        }
        let object = self.pair.identity.into();
        let field = match &setting.variable {
            Some(variable) => format!("env[{variable}]"),
            None => "command".to_owned(),
        };
        (object, format!("spec.template.spec.containers[{container}].{field}"))
    }
}

/// The changes that were found, by object.
pub(super) struct Places(BTreeMap<ObjectName, Vec<usize>>);

impl Places {
    pub(super) fn of(found: &Found) -> Self {
        let mut places: BTreeMap<ObjectName, Vec<usize>> = BTreeMap::new();
        for (at, draft) in found.drafts.iter().enumerate() {
            places.entry(draft.place.object.clone()).or_default().push(at);
        }
        Self(places)
    }

    /// The change of a field, or of a part of it.
    pub(super) fn find(&self, found: &Found, object: &ObjectName, path: &str) -> Option<usize> {
        let of_path = |at: &&usize| {
            let rest = found.drafts[**at].place.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.get(object)?.iter().find(of_path).copied()
    }

    fn add(&mut self, found: &mut Found, row: &'static Row, place: Place) -> usize {
        let at = found.drafts.len();
        self.0.entry(place.object.clone()).or_default().push(at);
        found.add(row, place);
        at
    }
}

/// How Kafka's tools are run on the cluster as it is.
pub(super) struct Tools {
    /// What runs a command in a pod of a broker; nothing where no broker is in the manifests.
    exec: String,
    /// What comes before and after the name of a tool.
    around: (String, String),
    bootstrap: String,
}

impl Tools {
    /// Those of the cluster of a process.
    pub(super) fn near(sets: &Sets<'_>, process: &Process<'_>) -> Self {
        if process.is_broker() && !process.worker.pods().is_empty() {
            return Self::of(process);
        }
        let namespace = &process.worker.model.identity.namespace;
        Self::in_namespace(sets, namespace, None).unwrap_or_else(|| Self::of(process))
    }

    /// Those of the brokers of a namespace: of the set behind an address, where there are several.
    pub(super) fn in_namespace(sets: &Sets<'_>, namespace: &str, servers: Option<&str>) -> Option<Self> {
        broker_of(sets, When::Before, namespace, servers).map(|process| Self::of(&process))
    }

    /// Those of brokers that are not in the manifests.
    pub(super) fn outside(servers: &str) -> Self {
        Self {
            exec: String::new(),
            around: (String::new(), String::new()),
            bootstrap: servers.to_owned(),
        }
    }

    fn of(process: &Process<'_>) -> Self {
        let identity = &process.worker.model.identity;
        let pods = process.worker.pods();
        let pod = match pods.first() {
            Some(pod) if identity.kind == "StatefulSet" => pod.clone(),
            _ => format!("{}/{}", identity.kind.to_lowercase(), identity.name),
        };
        let namespace = match identity.namespace.as_str() {
            "" => String::new(),
            namespace => format!(" -n {namespace}"),
        };
        // A name that a shell does not take as a word makes no command.
        let parts = [identity.namespace.as_str(), &pod, &process.kafka.container];
        let kubectl = if parts.into_iter().all(is_plain) {
            "kubectl"
        } else {
            "# not a name: kubectl"
        };
        Self {
            exec: format!("{kubectl}{namespace} exec {pod} -c {} -- ", process.kafka.container),
            around: around(process.container),
            bootstrap: bootstrap(process, &pod),
        }
    }

    /// Gives the words of the commands their values.
    pub(super) fn tell(&self, draft: &mut Draft) {
        let (before, after) = &self.around;
        let run = |name: &str| format!("{}{before}{name}{after}", self.exec);
        for (word, tool) in [
            ("kafka_topics", "kafka-topics"),
            ("kafka_configs", "kafka-configs"),
            ("kafka_reassign", "kafka-reassign-partitions"),
            ("kafka_features", "kafka-features"),
            ("kafka_groups", "kafka-consumer-groups"),
            ("kafka_quorum", "kafka-metadata-quorum"),
        ] {
            draft.word(word, format!("{} --bootstrap-server {}", run(tool), self.bootstrap));
        }
        draft.word("kafka_cluster", run("kafka-cluster"));
        draft.word("bootstrap", self.bootstrap.clone());
        draft.word("tee", format!("{}tee", self.exec.replacen(" exec ", " exec -i ", 1)));
    }
}

/// Where an image has Kafka's tools, and how their names end.
fn around(container: &Container) -> (String, String) {
    let words = container
        .command()
        .split(|c: char| c.is_whitespace() || "'\";&|".contains(c));
    let mut starts = words.filter_map(|word| word.split_once("kafka-server-start"));
    if let Some((folder, end)) = starts.next()
        && is_plain(folder)
        && is_plain(end)
    {
        return (folder.to_owned(), end.to_owned());
    }
    let name = container.image_name();
    if name.rsplit('/').next().is_some_and(|name| name.starts_with("cp-")) {
        (String::new(), String::new())
    } else if name.contains("bitnami") {
        (String::new(), ".sh".to_owned())
    } else {
        ("/opt/kafka/bin/".to_owned(), ".sh".to_owned())
    }
}

/// In a closed cluster of ours: the listener for tools, and the file in the pod with which they log in, as the handbook says.
fn own_address(process: &Process<'_>, listeners: &BTreeMap<String, Listener>, pod: &str) -> Option<String> {
    const FOLDER: &str = "/etc/kafka-stacks";
    let listener = listeners
        .get("PLATFORM")
        .filter(|listener| listener.protocol == "SSL")?;
    let address = listener.advertised.as_ref()?.replace("{metadata.name}", pod);
    let is_ours = process.container.command().contains(FOLDER) && is_plain(&address);
    is_ours.then(|| format!("{address} --command-config {FOLDER}/client.properties"))
}

/// An address for tools in this pod of a broker: that of our own clusters, or a listener without security, if there is one.
fn bootstrap(process: &Process<'_>, pod: &str) -> String {
    let listeners = listeners(process);
    if let Some(own) = own_address(process, &listeners, pod) {
        return own;
    }
    let of_clients = || listeners.values().filter(|listener| !listener.of_controllers);
    let plain = of_clients()
        .filter(|listener| listener.protocol == "PLAINTEXT")
        .min_by_key(|listener| listener.between_brokers);
    let port = |listener: &Listener| {
        let port = Some(listener.port.clone()).filter(|port| port.parse::<u16>().is_ok());
        port.unwrap_or_else(|| "PORT".to_owned())
    };
    match (plain, of_clients().next()) {
        (Some(plain), _) => format!("localhost:{}", port(plain)),
        (None, Some(secured)) => format!("localhost:{} --command-config CLIENT.PROPERTIES", port(secured)),
        (None, None) => "localhost:9092".to_owned(),
    }
}
