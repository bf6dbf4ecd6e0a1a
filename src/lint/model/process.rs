//! The process of the Kafka family that a pod runs, and what its pod gives it.

use super::{
    config::ConfigData,
    container::Container,
    convention::Convention,
    node::Node,
    program::{Program, own_script, program},
    settings::{EffectiveSettings, Environment},
    syntax::split_tag,
};

/// A process of the Kafka family in its pod.
#[derive(Clone, Debug)]
pub(crate) struct KafkaProcess {
    pub(crate) program: Program,
    /// Its container.
    pub(crate) pointer: String,
    pub(crate) container: String,
    pub(crate) image: String,
    /// Whether the image's entrypoint makes the configuration.
    pub(crate) entrypoint: bool,
    /// Whether Services become variables of its environment.
    pub(crate) service_links: bool,
    pub(crate) environment: Environment,
    pub(crate) patience: Patience,
    pub(crate) user: User,
    pub(crate) cluster_id: Option<String>,
}

/// How long the kubelet waits before it kills a container.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    /// Seconds from the request to stop until the kill.
    pub(crate) grace: i64,
    /// Whether a probe may kill a process that runs but does not answer yet.
    pub(crate) liveness: bool,
    /// Seconds that a startup probe gives a process until it answers.
    pub(crate) startup: Option<i64>,
    /// Whether the pod is ready only when something answers that needs the others: not with a probe that always passes.
    pub(crate) waits: bool,
}

/// The user that a container runs as.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Option<i64>,
    pub(crate) non_root: bool,
    /// Whether volumes are handed over to a group.
    pub(crate) owns_volumes: bool,
}

impl KafkaProcess {
    /// The process of the Kafka family in a pod with these containers, if there is one that serves.
    pub(super) fn of(pod: &Node<'_, '_>, all: &[Container]) -> Option<Self> {
        let containers = pod.get("containers");
        let (container, program, entrypoint) = containers.items().find_map(|container| {
            let (program, entrypoint) = program(&container)?;
            Some((container, program, entrypoint))
        })?;
        let environment = Environment::of(&container, program, entrypoint);
        let mut cluster_id = environment
            .variable("CLUSTER_ID")
            .or(environment.variable("KAFKA_CLUSTER_ID"))
            .or(environment.variable("KAFKA_KRAFT_CLUSTER_ID"))
            .cloned();
        for container in all {
            if let Some(id) = option(container.command(), &["--cluster-id", "-t"]) {
                cluster_id.get_or_insert(id);
            }
        }
        let security = [container.get("securityContext"), pod.get("securityContext")];
        Some(Self {
            program,
            pointer: container.pointer(),
            container: container.get("name").text().to_owned(),
            image: container.get("image").text().to_owned(),
            entrypoint,
            service_links: pod.get("enableServiceLinks").bool() != Some(false),
            environment,
            patience: Patience {
                grace: pod.get("terminationGracePeriodSeconds").number().unwrap_or(30),
                liveness: {
                    let probe = container.get("livenessProbe");
                    // That the process exists is true while it recovers.
                    probe.is_set()
                        && !["pgrep", "pidof", "jps", "kill -0"]
                            .iter()
                            .any(|sign| command_of(&probe).contains(sign))
                },
                startup: {
                    let probe = container.get("startupProbe");
                    let seconds = |field: &'static str, default| probe.get(field).number().unwrap_or(default);
                    let tries = seconds("failureThreshold", 3).saturating_mul(seconds("periodSeconds", 10));
                    probe
                        .is_set()
                        .then(|| tries.saturating_add(seconds("initialDelaySeconds", 0)))
                },
                waits: ["readinessProbe", "startupProbe"].iter().any(|probe| {
                    let probe = container.get(probe);
                    // A server of ZooKeeper answers `ruok` without a quorum.
                    let alone = command_of(&probe).contains("ruok");
                    probe.is_set() && !alone
                }),
            },
            user: User {
                id: security.iter().find_map(|security| security.get("runAsUser").int()),
                non_root: security
                    .iter()
                    .any(|security| security.get("runAsNonRoot").bool() == Some(true)),
                owns_volumes: security[1].get("fsGroup").is_set(),
            },
            cluster_id,
        })
    }

    /// Its settings: those of the property files that its start command names or its entrypoint takes, those that the entrypoint makes
    /// of the environment, and those of the command, each over those before. `container` is its own, and `config` finds a ConfigMap.
    pub(crate) fn settings<'c>(
        &self,
        container: &Container,
        config: impl Fn(&str) -> Option<&'c ConfigData>,
    ) -> EffectiveSettings {
        let (start, mounts) = (container.command(), &container.mounts);
        let mut settings = EffectiveSettings::default();
        let environment = self
            .environment
            .with_sources((&self.image, self.program, self.entrypoint), &config);
        let convention = environment.convention.filter(|_| self.program == Program::Broker);
        let taken = convention.map_or(&[][..], Convention::files);
        // A word of its own: `-Dlog4j2.configurationFile=…` names a file that is not Kafka's.
        let words = start.split(|c: char| c.is_whitespace() || "'\";&|".contains(c));
        let lines_of = |map: &str, key: &str| {
            let files = config(map).map_or(&[][..], |config| &config.properties);
            files.iter().find(|(file, _)| file == key).map(|(_, lines)| lines)
        };
        let of_folder = if self.program == Program::ZooKeeper {
            zookeeper_files(start, container)
        } else {
            Vec::new()
        };
        let found = of_folder.iter().map(String::as_str);
        for path in words.chain(taken.iter().copied()).chain(found) {
            let path = &*container.absolute(path);
            if let Some((map, key)) = mounts.config_map_file(path) {
                if let Some(lines) = lines_of(map, key) {
                    settings.add_file(&environment, map, key, lines);
                }
            } else {
                let mut copied = mounts.copied_files(path);
                if let Some((map, key, lines)) = copied.find_map(|(map, key)| Some((map, key, lines_of(map, key)?))) {
                    settings.add_copied_file(&environment, map, key, lines);
                }
            }
        }
        let has_file = || taken.iter().any(|path| mounts.has_file_or_folder(path));
        if convention != Some(Convention::Bitnami) || !has_file() {
            settings.add_environment(&environment);
        }
        settings.add_overrides(start, &self.pointer);
        if self.entrypoint && own_script(start) {
            settings.edited = Some(format!("the script `{}` may set others", start.trim()));
        }
        settings
    }

    /// The name of its image, without tag and digest.
    pub(crate) fn image_name(&self) -> &str {
        split_tag(self.image.split('@').next().unwrap_or_default()).0
    }
}

/// Where a server of ZooKeeper looks for its file: in the folder that the command or a variable names, or in those of the images.
fn zookeeper_files(start: &str, container: &Container) -> Vec<String> {
    let mut words = start.split_whitespace();
    let named = words
        .find(|word| *word == "--config")
        .and_then(|_| words.next())
        .or_else(|| {
            ["ZOOCFGDIR", "ZOO_CONF_DIR"]
                .iter()
                .find_map(|name| container.variable(name))
        })
        .map(|folder| folder.trim_matches(['"', '\'']).trim_end_matches('/'));
    let folders = match named {
        Some(folder) => vec![folder],
        None => vec!["/conf", "/opt/bitnami/zookeeper/conf", "/bitnami/zookeeper/conf"],
    };
    folders.into_iter().map(|folder| format!("{folder}/zoo.cfg")).collect()
}

/// The command that a probe runs.
fn command_of(probe: &Node<'_, '_>) -> String {
    let exec = probe.get("exec");
    let words = exec.get("command");
    words.items().map(|word| word.text()).collect::<Vec<_>>().join(" ")
}

/// The value of an option, as `--cluster-id=X` or `-t X`, of `kafka-storage`.
pub(crate) fn option(command: &str, names: &[&str]) -> Option<String> {
    if !command.contains("kafka-storage") {
        return None;
    }
    let mut words = command.split_whitespace();
    while let Some(word) = words.next() {
        for name in names {
            if let Some(rest) = word.strip_prefix(name) {
                let value = match rest.strip_prefix('=') {
                    Some(value) => value,
                    None if rest.is_empty() => words.next()?,
                    None => continue,
                };
                let value = value.trim_matches(['"', '\'']);
                return value
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
                    .then(|| value.to_owned());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lint::model::properties::properties;

    /// The settings of a container, with this file in the ConfigMap `kafka`.
    fn settings(container: &Value, volume: &Value, file: &str) -> String {
        let mut pod = json!({"containers": [container], "volumes": [{"name": "config"}]});
        for (field, value) in volume.as_object().unwrap() {
            pod["volumes"][0][field] = value.clone();
        }
        let node = Node::root(&pod);
        let list = node.get("containers");
        let containers: Vec<Container> = list
            .items()
            .map(|one| Container::of(&one, "containers", &node))
            .collect();
        let process = KafkaProcess::of(&node, &containers).unwrap();
        let config = ConfigData {
            properties: vec![("server.properties".to_owned(), properties(file))],
            variables: [("KAFKA_B", "7"), ("KAFKA_C", "8"), ("X", "9")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..ConfigData::default()
        };
        let settings = process.settings(&containers[0], |map| (map == "kafka").then_some(&config));
        let lines = settings.iter().map(|(key, setting)| format!("{key}={}", setting.value));
        lines.collect::<Vec<_>>().join(" ")
    }

    fn mounted(image: &str, path: &str, env: &Value) -> Value {
        json!({"name": "kafka", "image": image, "env": env, "volumeMounts": [{"name": "config", "mountPath": path}]})
    }

    #[test]
    fn the_last_line_of_a_key_counts_and_options_of_the_command_come_after_the_file() {
        let start = |options: &str| {
            json!({
                "name": "kafka",
                "image": "apache/kafka:4.1.2",
                "command": ["bash", "-c", format!("exec bin/kafka-server-start.sh /etc/kafka/server.properties {options}")],
                "volumeMounts": [{"name": "config", "mountPath": "/etc/kafka"}],
            })
        };
        let map = json!({"configMap": {"name": "kafka"}});
        assert_eq!(settings(&start(""), &map, "a=1\nb=2\na=3\n"), "a=3 b=2");
        let options = "--override a=4 --override 'b=5' --override node.id=${HOSTNAME##*-}";
        assert_eq!(
            settings(&start(options), &map, "a=1\nb=2\n"),
            "a=4 b=5 node.id={elsewhere}"
        );
    }

    #[test]
    fn variables_of_a_config_map_are_settings_unless_the_container_has_them_itself() {
        let mut container = json!({
            "name": "kafka",
            "image": "confluentinc/cp-kafka:8.1.1",
            "env": [{"name": "KAFKA_A", "value": "1"}, {"name": "KAFKA_B", "value": "2"}],
            "envFrom": [{"configMapRef": {"name": "other"}}, {"configMapRef": {"name": "kafka"}}],
        });
        let none = json!({"emptyDir": {}});
        assert_eq!(settings(&container, &none, ""), "a=1 b=2 c=8");
        container["envFrom"][1]["prefix"] = json!("KAFKA_");
        assert_eq!(settings(&container, &none, ""), "a=1 b=2 kafka.b=7 kafka.c=8 x=9");
    }

    #[test]
    fn an_entrypoint_takes_a_mounted_file_as_its_image_does() {
        let map = json!({"configMap": {"name": "kafka"}});
        let of = |image: &str, path: &str, variable: &str, volume: &Value| {
            settings(
                &mounted(image, path, &json!([{"name": variable, "value": "9"}])),
                volume,
                "a=1\nb=2\n",
            )
        };
        // Apache's adds the variables at the end.
        assert_eq!(
            of("apache/kafka:4.1.2", "/mnt/shared/config", "KAFKA_A", &map),
            "a=9 b=2"
        );
        // Bitnami's takes either the file or the variables.
        let bitnami = "bitnami/kafka:3.9.0";
        assert_eq!(of(bitnami, "/bitnami/kafka/config", "KAFKA_CFG_A", &map), "a=1 b=2");
        assert_eq!(of(bitnami, "/opt/other", "KAFKA_CFG_A", &map), "a=9");
        assert_eq!(of(bitnami, "/opt/other", "KAFKA_A", &map), "");
        // The file that an init container wrote is not known, and the variables do not count.
        let mut container = mounted(
            bitnami,
            "/opt/bitnami/kafka/config/server.properties",
            &json!([{"name": "KAFKA_CFG_A", "value": "9"}]),
        );
        container["volumeMounts"][0]["subPath"] = json!("server.properties");
        assert_eq!(settings(&container, &json!({"emptyDir": {}}), ""), "");
    }
}
