//! What holds for the committed manifests, read with another reader than the one that wrote them.

mod connections;
mod defects;
mod handbook;

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

const STACKS: [&str; 6] = ["dev", "staging", "prod", "prod-dedicated", "prod-zookeeper", "scale"];

/// The objects of a stack, by file.
struct Out {
    stack: &'static str,
    objects: BTreeMap<String, Value>,
}

/// All stacks.
fn all() -> Vec<Out> {
    STACKS.into_iter().map(Out::read).collect()
}

/// The stacks of the reference system, with its registry, Connect and topics: all but the one that shows a load.
fn reference() -> Vec<Out> {
    all().into_iter().filter(|out| out.stack != "scale").collect()
}

impl Out {
    fn read(stack: &'static str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("out").join(stack);
        let mut objects = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "yaml") {
                    let text = fs::read_to_string(&path).unwrap();
                    let object =
                        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                    objects.insert(path.strip_prefix(&root).unwrap().display().to_string(), object);
                }
            }
        }
        objects.remove("kustomization.yaml").expect("every stack has an index");
        // Pages and tests go with the objects; the index lists them in comments.
        let index = fs::read_to_string(root.join("kustomization.yaml")).unwrap();
        for line in index.lines().filter_map(|line| line.strip_prefix("# - ")) {
            objects.remove(line.split(" # ").next().unwrap());
        }
        assert!(objects.len() > 20, "{stack} has {} objects", objects.len());
        Self { stack, objects }
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.values().filter(move |object| object["kind"] == kind)
    }

    fn find(&self, kind: &str, name: &str) -> &Value {
        self.objects
            .values()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
            .unwrap_or_else(|| panic!("{} has no {kind} `{name}`", self.stack))
    }

    /// Every workload with its pod template.
    fn workloads(&self) -> Vec<(&Value, &Value)> {
        ["StatefulSet", "Deployment", "Job"]
            .into_iter()
            .flat_map(|kind| self.of_kind(kind))
            .map(|workload| (workload, &workload["spec"]["template"]))
            .collect()
    }

    /// Every file of every `ConfigMap`: the object's name, the file's and its text.
    fn files(&self) -> Vec<(&str, &str, &str)> {
        self.of_kind("ConfigMap")
            .flat_map(|map| {
                let name = map["metadata"]["name"].as_str().unwrap();
                map["data"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(move |(file, text)| (name, file.as_str(), text.as_str().unwrap()))
            })
            .collect()
    }

    /// The `server.properties` of every pool.
    fn servers(&self) -> Vec<BTreeMap<&str, &str>> {
        let servers: Vec<_> = self
            .files()
            .into_iter()
            .filter(|(_, file, _)| *file == "server.properties")
            .map(|(_, _, text)| properties(text))
            .collect();
        assert!(!servers.is_empty());
        servers
    }
}

fn properties(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('=').unwrap())
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Init containers and containers of a pod template.
fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    list(&template["spec"]["initContainers"])
        .iter()
        .chain(list(&template["spec"]["containers"]))
}

/// Whether labels satisfy a selector of plain pairs.
fn selects(selector: &Value, labels: &Value) -> bool {
    let pairs = selector.as_object().expect("a selector");
    !pairs.is_empty() && pairs.iter().all(|(key, value)| labels.get(key) == Some(value))
}
