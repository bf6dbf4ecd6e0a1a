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
    pub(super) const fn prefix(self) -> &'static str {
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

/// What a container runs if it serves, and whether the image's own entrypoint starts it.
pub(super) fn program(container: &Node<'_, '_>) -> Option<(Program, bool)> {
    let command = command(container);
    let image = container.get("image").text();
    let image = split_tag(image.split('@').next().unwrap_or_default()).0;
    let by_image = || {
        let name = image.rsplit('/').next().unwrap_or_default();
        match name {
            _ if name.contains("exporter") || name.contains("-ui") || name.contains("operator") => None,
            "kafka" | "cp-kafka" | "cp-server" | "kafka-native" => Some(Program::Broker),
            "zookeeper" | "cp-zookeeper" => Some(Program::ZooKeeper),
            "schema-registry" | "cp-schema-registry" => Some(Program::Registry),
            _ if name.starts_with("cp-kafka-connect") || name.starts_with("cp-server-connect") => {
                Some(Program::Connect)
            }
            _ => None,
        }
    };
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
        return by_image().map(|process| (process, true));
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
