//! What a stack declares, read from its rendered objects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::live::PodAddress;
use crate::{lint::properties::properties, yaml::read::read};

/// The objects of a stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desired {
    objects: Vec<Value>,
}

/// A StatefulSet or a Deployment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Workload {
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) replicas: u64,
    /// The number in the name of the first pod.
    pub(crate) first: u64,
    /// The labels by which it selects its pods.
    pub(crate) selector: BTreeMap<String, String>,
    /// All labels of its pods.
    pub(crate) labels: BTreeMap<String, String>,
    /// The pod template.
    template: Value,
    /// The name and the size of each volume of a pod.
    pub(crate) claims: Vec<(String, Value)>,
    /// Files of the ConfigMaps that its first container mounts, by their path in the container.
    files: BTreeMap<String, String>,
}

/// What keeps pods running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    StatefulSet,
    Deployment,
}

impl Kind {
    /// As kubectl shows one of them.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::StatefulSet => "statefulset",
            Self::Deployment => "deployment",
        }
    }

    /// As kubectl lists it.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::StatefulSet => "statefulsets",
            Self::Deployment => "deployments",
        }
    }
}

impl Desired {
    /// The objects in the YAML texts that a stack renders.
    pub(crate) fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let documents = texts.into_iter().flat_map(|text| read(text).documents);
        Self {
            objects: documents.map(|document| document.value).collect(),
        }
    }

    /// The objects of a kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// The namespaces that objects are in.
    pub(crate) fn namespaces(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .objects
            .iter()
            .map(namespace)
            .filter(|name| !name.is_empty())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Everything that keeps pods running, in the order of its files.
    pub(crate) fn workloads(&self) -> Vec<Workload> {
        let sets = self.of_kind("StatefulSet").map(|object| (Kind::StatefulSet, object));
        let deployments = self.of_kind("Deployment").map(|object| (Kind::Deployment, object));
        sets.chain(deployments)
            .map(|(kind, object)| self.workload(kind, object))
            .collect()
    }

    fn workload(&self, kind: Kind, object: &Value) -> Workload {
        let spec = &object["spec"];
        let claims = items(&spec["volumeClaimTemplates"]);
        Workload {
            kind,
            namespace: namespace(object),
            name: name(object).to_owned(),
            replicas: spec["replicas"].as_u64().unwrap_or(1),
            first: spec["ordinals"]["start"].as_u64().unwrap_or(0),
            selector: labels(&spec["selector"]["matchLabels"]),
            labels: labels(&spec["template"]["metadata"]["labels"]),
            template: spec["template"].clone(),
            claims: claims
                .map(|claim| {
                    (
                        name(claim).to_owned(),
                        claim["spec"]["resources"]["requests"]["storage"].clone(),
                    )
                })
                .collect(),
            files: self.files(&namespace(object), &spec["template"]["spec"]),
        }
    }

    /// The files of ConfigMaps that the first container of a pod mounts as folders.
    fn files(&self, namespace: &str, pod: &Value) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for mount in items(&pod["containers"][0]["volumeMounts"]) {
            let volume = items(&pod["volumes"]).find(|volume| volume["name"] == mount["name"]);
            let Some(map) = volume.and_then(|volume| volume["configMap"]["name"].as_str()) else {
                continue;
            };
            let folder = mount["mountPath"].as_str().unwrap_or_default();
            for (file, text) in self.config(namespace, map) {
                files.insert(format!("{folder}/{file}"), text);
            }
        }
        files
    }

    /// What Jobs apply to a cluster: the file that this variable of theirs names, and the servers that they connect to.
    pub(crate) fn declarations(&self, variable: &str) -> Vec<Declaration> {
        let declaration = |job: &Value| {
            let pod = &job["spec"]["template"]["spec"];
            let value = |name: &str| {
                let found = items(&pod["containers"][0]["env"]).find(|one| one["name"] == name)?;
                found["value"].as_str()
            };
            let files = self.files(&namespace(job), pod);
            Some(Declaration {
                name: job["metadata"]["labels"][INSTANCE]
                    .as_str()
                    .unwrap_or(name(job))
                    .to_owned(),
                servers: value("BOOTSTRAP_SERVERS")?.to_owned(),
                text: files.get(value(variable)?)?.clone(),
            })
        };
        self.of_kind("Job").filter_map(declaration).collect()
    }

    /// The files of a ConfigMap.
    pub(crate) fn config(&self, of: &str, map: &str) -> BTreeMap<String, String> {
        let found = self
            .of_kind("ConfigMap")
            .find(|object| name(object) == map && namespace(object) == of);
        found.map(|object| labels(&object["data"])).unwrap_or_default()
    }
}

/// What a Job applies to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// The name of the construct.
    pub(crate) name: String,
    pub(crate) servers: String,
    /// The declaration, as the Job reads it.
    pub(crate) text: String,
}

impl Workload {
    /// Where its claims are mounted.
    pub(crate) fn claim_folders(&self) -> impl Iterator<Item = &str> {
        let mounts = items(&self.container()["volumeMounts"]);
        mounts
            .filter(|mount| self.claims.iter().any(|(claim, _)| mount["name"] == claim.as_str()))
            .filter_map(|mount| mount["mountPath"].as_str())
    }

    /// The names of the pods of a StatefulSet.
    pub(crate) fn pods(&self) -> impl Iterator<Item = (u64, String)> {
        (self.first..self.first + self.replicas).map(|ordinal| (ordinal, format!("{}-{ordinal}", self.name)))
    }

    /// The first container of one of its pods.
    pub(crate) fn address(&self, pod: &str) -> PodAddress {
        PodAddress {
            namespace: self.namespace.clone(),
            pod: pod.to_owned(),
            container: name_of(self.container()).to_owned(),
        }
    }

    /// The first container: that of the server.
    pub(crate) fn container(&self) -> &Value {
        &self.template["spec"]["containers"][0]
    }

    /// The digest of its configuration, by which pods of an older one are told.
    pub(crate) fn checksum(&self) -> Option<&str> {
        self.template["metadata"]["annotations"][CHECKSUM].as_str()
    }

    /// The words of the command of its server.
    fn words(&self) -> Vec<&str> {
        let command = items(&self.container()["command"]).chain(items(&self.container()["args"]));
        command
            .filter_map(Value::as_str)
            .flat_map(str::split_whitespace)
            .collect()
    }

    /// How its image calls the tools of Kafka and where its settings are, if it runs this program of Kafka.
    pub(crate) fn server(&self, program: &str) -> Option<Server> {
        let words = self.words();
        let at = words.iter().position(|word| {
            let name = word.rsplit('/').next().unwrap_or_default();
            name == program || name.strip_suffix(".sh") == Some(program)
        })?;
        let file = (*words.get(at + 1)?).to_owned();
        let text = self.files.get(&file).map(String::as_str).unwrap_or_default();
        let (before, after) = words[at].split_once(program).unwrap_or_default();
        Some(Server {
            tools: (before.to_owned(), after.to_owned()),
            settings: properties(text)
                .into_iter()
                .map(|line| (line.key, line.value))
                .collect(),
            folder: file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
        })
    }

    /// A file that its server reads, by its name.
    pub(crate) fn file(&self, name: &str) -> Option<(&str, &str)> {
        self.files
            .iter()
            .find(|(path, _)| path.rsplit('/').next() == Some(name))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// A setting that is a number, or the number of the pod.
    pub(crate) fn number(&self, value: &str, ordinal: u64) -> Option<u64> {
        let Some(variable) = value.strip_prefix("${env:").and_then(|rest| rest.strip_suffix('}')) else {
            return value.parse().ok();
        };
        let variable = items(&self.container()["env"]).find(|one| one["name"] == variable)?;
        let field = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str()?;
        field.contains("apps.kubernetes.io/pod-index").then_some(ordinal)
    }

    /// The value of an option of an init container, as `--cluster-id=…`.
    pub(crate) fn init_option(&self, option: &str) -> Option<&str> {
        let containers = items(&self.template["spec"]["initContainers"]);
        let mut words = containers
            .flat_map(|container| items(&container["command"]))
            .filter_map(Value::as_str);
        words.find_map(|word| word.strip_prefix(option)?.strip_prefix('='))
    }

    /// The number of a port by its name, and the numbers of all of them.
    pub(crate) fn port(&self, name: &str) -> Option<u64> {
        items(&self.container()["ports"]).find(|port| port["name"] == name)?["containerPort"].as_u64()
    }

    /// Whether labels that something selects by are those of its pods.
    pub(crate) fn is_selected_by(&self, selector: &BTreeMap<String, String>) -> bool {
        !selector.is_empty() && selector.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

/// A server of the Kafka family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// What comes before and after the name of a tool of its image.
    tools: (String, String),
    pub(crate) settings: BTreeMap<String, String>,
    /// Where its files are.
    pub(crate) folder: String,
}

impl Server {
    /// A tool of the image.
    pub(crate) fn tool(&self, tool: &str) -> String {
        format!("{}{tool}{}", self.tools.0, self.tools.1)
    }

    /// A setting; empty if it is not there.
    pub(crate) fn setting(&self, key: &str) -> &str {
        self.settings.get(key).map(String::as_str).unwrap_or_default()
    }
}

/// The label with the name of the construct.
pub(crate) const INSTANCE: &str = "app.kubernetes.io/instance";

/// The annotation of pods with the digest of what they read.
pub(crate) const CHECKSUM: &str = "checksum/config";

/// `metadata.name`.
pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// `metadata.namespace`.
pub(crate) fn namespace(object: &Value) -> String {
    object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned()
}

fn name_of(part: &Value) -> &str {
    part["name"].as_str().unwrap_or_default()
}

/// The items of a list; none if it is not a list.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A map of texts.
pub(crate) fn labels(map: &Value) -> BTreeMap<String, String> {
    let pairs = map.as_object().into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
