//! How the entrypoints of the images make settings of variables and of mounted files.

use super::program::Program;

/// What an entrypoint does with variables and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Convention {
    /// Confluent's: variables alone.
    Confluent,
    /// Apache's: variables, which come after the lines of a mounted file (`KafkaDockerWrapper.prepareServerConfigs`).
    Apache,
    /// Bitnami's: variables that begin with `KAFKA_CFG_`, unless there is a mounted file (`libkafka.sh`). Its other variables are for the
    /// entrypoint itself.
    Bitnami,
    /// That of `wurstmeister/kafka`: variables, which change the lines of the file that Kafka ships (`start-kafka.sh`).
    Wurstmeister,
}

/// The variables of the start scripts and entrypoints, after the prefix of the program: no settings are made of them, or none that
/// Kafka is meant to read.
const OF_SCRIPTS: [&str; 20] = [
    "CLUSTER_ID",
    "DATA_DIRS",
    "DEBUG",
    "DEBUG_SUSPEND_FLAG",
    "GC_LOG_ENABLED",
    "GC_LOG_OPTS",
    "HEAP_OPTS",
    "HOME",
    "JMX_HOSTNAME",
    "JMX_OPTS",
    "JMX_PORT",
    "JVM_PERFORMANCE_OPTS",
    "OPTS",
    "SSL_KEYSTORE_CREDENTIALS",
    "SSL_KEYSTORE_FILENAME",
    "SSL_KEY_CREDENTIALS",
    "SSL_TRUSTSTORE_CREDENTIALS",
    "SSL_TRUSTSTORE_FILENAME",
    "TOOLS_LOG4J_LOGLEVEL",
    "VERSION",
];

/// What the entrypoint of `wurstmeister/kafka` reads itself.
const OF_WURSTMEISTER: [&str; 3] = ["CREATE_TOPICS", "CREATE_TOPICS_SEPARATOR", "LOG"];

impl Convention {
    /// That of an image. A mirror keeps the name of the image at most, so the variables say the rest.
    pub(super) fn of<'v>(image: &str, mut variables: impl Iterator<Item = &'v str>) -> Self {
        if image.contains("bitnami") || variables.any(|variable| variable.starts_with("KAFKA_CFG_")) {
            Self::Bitnami
        } else if image.contains("wurstmeister/kafka") {
            Self::Wurstmeister
        } else if image.contains("apache/kafka") {
            Self::Apache
        } else {
            Self::Confluent
        }
    }

    /// The property files of a broker that the entrypoint takes where they are mounted.
    pub(super) const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Confluent | Self::Wurstmeister => &[],
            Self::Apache => &["/mnt/shared/config/server.properties"],
            Self::Bitnami => &[
                "/bitnami/kafka/config/server.properties",
                "/opt/bitnami/kafka/config/server.properties",
            ],
        }
    }

    /// The setting that the entrypoint makes of a variable: `KAFKA_LOG_DIRS` is `log.dirs`.
    pub(super) fn setting_of(self, variable: &str, program: Program) -> Option<String> {
        match variable {
            // ZooKeeper's images name theirs otherwise.
            "ZOO_MY_ID" | "ZOOKEEPER_SERVER_ID" => return Some("server.id".to_owned()),
            "ZOO_SERVERS" | "ZOOKEEPER_SERVERS" => return Some("servers".to_owned()),
            "ZOO_4LW_COMMANDS_WHITELIST" => return Some("4lw.commands.whitelist".to_owned()),
            // The official image's, and Bitnami's.
            "ZOO_ADMINSERVER_ENABLED" | "ZOO_ENABLE_ADMIN_SERVER" => return Some("admin.enableServer".to_owned()),
            "ZOO_ADMIN_SERVER_PORT_NUMBER" => return Some("admin.serverPort".to_owned()),
            "ZOO_DATA_DIR" | "ZOOKEEPER_DATA_DIR" => return Some("dataDir".to_owned()),
            "KAFKA_ZOOKEEPER_CLIENT_CNXN_SOCKET" | "KAFKA_CFG_ZOOKEEPER_CLIENTCNXNSOCKET" => {
                return Some("zookeeper.clientCnxnSocket".to_owned());
            }
            _ => {}
        }
        if (self, program) == (Self::Bitnami, Program::Broker) {
            let key = variable.strip_prefix("KAFKA_CFG_")?;
            let key = key.replace('_', ".").to_ascii_lowercase();
            return Some(
                key.replace("sasl.ssl", "sasl_ssl")
                    .replace("sasl.plaintext", "sasl_plaintext"),
            );
        }
        let rest = variable.strip_prefix(program.prefix())?;
        if self == Self::Wurstmeister && OF_WURSTMEISTER.contains(&rest) {
            return None;
        }
        let of_scripts = OF_SCRIPTS.contains(&rest) || rest.starts_with("LOG4J_") || rest.starts_with("CUB_");
        (!of_scripts).then(|| {
            rest.replace("___", "-")
                .replace("__", "\u{1}")
                .replace('_', ".")
                .replace('\u{1}', "_")
                .to_ascii_lowercase()
        })
    }
}

/// The variable of another setting, in the way of the one that a setting was made of. None if that cannot be told.
pub(crate) fn renamed(variable: &str, from: &str, to: &str) -> Option<String> {
    let simple = |key: &str| {
        key.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.')
    };
    let written = |key: &str| key.replace('.', "_").to_ascii_uppercase();
    let prefix = variable.strip_suffix(&written(from))?;
    (simple(from) && simple(to)).then(|| format!("{prefix}{}", written(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_variables_become_the_settings_that_the_images_derive() {
        use Convention::{Apache, Bitnami, Confluent, Wurstmeister};
        for (convention, variable, setting) in [
            (Confluent, "KAFKA_LOG_DIRS", Some("log.dirs")),
            (Apache, "KAFKA_A__B", Some("a_b")),
            (Apache, "KAFKA_A___B", Some("a-b")),
            (Apache, "KAFKA_HEAP_OPTS", None),
            (Confluent, "KAFKA_JMX_PORT", None),
            (Confluent, "KAFKA_LOG4J_ROOT_LOGLEVEL", None),
            (Confluent, "KAFKA_SSL_KEYSTORE_FILENAME", None),
            (Confluent, "ZOO_MY_ID", Some("server.id")),
            (Confluent, "PATH", None),
            (Bitnami, "KAFKA_CFG_LOG_DIRS", Some("log.dirs")),
            (
                Bitnami,
                "KAFKA_CFG_LISTENER_NAME_SASL_SSL_SASL_ENABLED_MECHANISMS",
                Some("listener.name.sasl_ssl.sasl.enabled.mechanisms"),
            ),
            (Bitnami, "KAFKA_CLIENT_PASSWORDS", None),
            (Bitnami, "BITNAMI_DEBUG", None),
            (Wurstmeister, "KAFKA_CREATE_TOPICS", None),
            (Wurstmeister, "KAFKA_LOG_DIRS", Some("log.dirs")),
            (Confluent, "KAFKA_CREATE_TOPICS", Some("create.topics")),
        ] {
            let found = convention.setting_of(variable, Program::Broker);
            assert_eq!(found.as_deref(), setting, "{variable}");
        }
    }

    #[test]
    fn an_image_is_known_by_its_name_or_its_variables() {
        let of = |image, variables: &[&'static str]| Convention::of(image, variables.iter().copied());
        assert_eq!(of("bitnami/kafka:3.9.0", &[]), Convention::Bitnami);
        assert_eq!(
            of("mirror.example.com/kafka:4.1.2", &["KAFKA_CFG_NODE_ID"]),
            Convention::Bitnami
        );
        assert_eq!(of("mirror.example.com/apache/kafka:4.1.2", &[]), Convention::Apache);
        assert_eq!(
            of("confluentinc/cp-kafka:8.3.1", &["KAFKA_NODE_ID"]),
            Convention::Confluent
        );
    }
}
