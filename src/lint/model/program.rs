//! Which program of the Kafka family a container runs.

use super::{container::command, node::Node, syntax::split_tag};

/// What runs in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Broker,
    ZooKeeper,
    Registry,
    Connect,
}

impl Program {
    /// The start of the variables that the images take for settings.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Broker => "KAFKA_",
            Self::ZooKeeper => "ZOOKEEPER_",
            Self::Registry => "SCHEMA_REGISTRY_",
            Self::Connect => "CONNECT_",
        }
    }

    /// The name of the Service whose variables the image takes for settings, and ends on.
    pub(crate) const fn fatal_service(self) -> &'static str {
        match self {
            Self::Broker => "kafka",
            Self::ZooKeeper => "zookeeper",
            Self::Registry => "schema-registry",
            Self::Connect => "connect",
        }
    }
}

/// Why a container that seems to run a program of the family cannot be judged as one: its image is not known, or its command is not.
/// None if nothing about it looks like Kafka.
pub(super) fn unknown(container: &Node<'_, '_>) -> Option<String> {
    // Variables that the images make settings of, and that no client of Kafka has.
    const OF_SERVERS: [&str; 13] = [
        "CONFIG_STORAGE_TOPIC",
        "KAFKA_ADVERTISED_LISTENERS",
        "KAFKA_BROKER_ID",
        "KAFKA_CFG_ADVERTISED_LISTENERS",
        "KAFKA_CFG_PROCESS_ROLES",
        "KAFKA_LISTENERS",
        "KAFKA_LOG_DIRS",
        "KAFKA_NODE_ID",
        "KAFKA_PROCESS_ROLES",
        "KAFKA_ZOOKEEPER_CONNECT",
        "CONNECT_CONFIG_STORAGE_TOPIC",
        "SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS",
        "ZOO_SERVERS",
    ];
    let image = container.get("image").text();
    let name = container.get("name").text();
    // Of Strimzi's images: it makes the files of settings when it starts.
    if command(container).contains("kafka_run.sh") {
        return Some(format!("the script `kafka_run.sh` of container `{name}` makes them"));
    }
    if by_image(image).is_some() {
        return Some(format!(
            "the command of container `{name}` is not one that is known to start it"
        ));
    }
    let env = container.get("env");
    let serves = env
        .items()
        .any(|variable| OF_SERVERS.contains(&variable.get("name").text()));
    // An image of someone's own that is named after Kafka, with a broker's port.
    let ports = container.get("ports");
    let listens = ports
        .items()
        .any(|port| port.get("containerPort").number() == Some(9092));
    let serves = serves || listens && image.to_ascii_lowercase().contains("kafka");
    serves.then(|| format!("nothing says which program the image `{image}` starts"))
}

/// What an image runs if it is one of the family, by its name.
fn by_image(image: &str) -> Option<Program> {
    let image = split_tag(image.split('@').next().unwrap_or_default()).0;
    let name = image.rsplit('/').next().unwrap_or_default();
    match name {
        _ if name.contains("exporter") || name.contains("-ui") || name.contains("operator") => None,
        "kafka" | "cp-kafka" | "cp-server" | "cp-enterprise-kafka" | "kafka-native" => Some(Program::Broker),
        "zookeeper" | "cp-zookeeper" => Some(Program::ZooKeeper),
        "schema-registry" | "cp-schema-registry" => Some(Program::Registry),
        _ if name.starts_with("cp-kafka-connect") || name.starts_with("cp-server-connect") => Some(Program::Connect),
        _ => None,
    }
}

/// Whether a command is nothing but a script.
pub(super) fn own_script(command: &str) -> bool {
    let mut words = command.split_whitespace();
    matches!((words.next(), words.next()), (Some(script), None) if script.starts_with('/') && script.ends_with("/setup.sh"))
}

/// What a container runs if it serves, and whether the image's own entrypoint starts it.
pub(super) fn program(container: &Node<'_, '_>) -> Option<(Program, bool)> {
    let command = command(container);
    let runs = |program: &str| command.contains(program);
    if command.is_empty()
        || [
            "/etc/confluent/docker/run",
            "/etc/kafka/docker/run",
            "docker-entrypoint.sh",
        ]
        .iter()
        .any(|entry| runs(entry))
    {
        return by_image(container.get("image").text()).map(|process| (process, true));
    }
    // Bitnami's charts start the entrypoint in a script that they mount.
    let image = container.get("image").text();
    if image.contains("bitnami") && own_script(&command) {
        return by_image(image).map(|process| (process, true));
    }
    let by_command = [
        ("kafka-server-start", Program::Broker),
        ("kafka.Kafka", Program::Broker),
        ("zookeeper-server-start", Program::ZooKeeper),
        ("zkServer.sh", Program::ZooKeeper),
        ("schema-registry-start", Program::Registry),
        ("connect-distributed", Program::Connect),
    ];
    by_command
        .into_iter()
        .find(|(program, _)| runs(program))
        .map(|(_, process)| (process, false))
}
