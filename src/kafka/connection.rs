//! How clients connect to a cluster: the only place that writes a bootstrap address, a security protocol or credentials for a client.

use super::listener::Protocol;
use crate::{security::IDENTITY_DIRECTORY, settings::Settings};

/// Who connects to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// The administrator: the Jobs of the stack, and a person who needs everything. It has a certificate, and exists before any user.
    Admin,
    /// The exporter of metrics, which may describe topics and groups. It has a certificate.
    Exporter,
    /// An application with this name, or a component such as Connect, by the cluster's first listener for clients inside.
    Application(&'a str),
    /// An application outside of Kubernetes, by the listener that is open to it.
    Outside {
        /// The application.
        name: &'a str,
        /// The name of the listener.
        listener: &'a str,
    },
    /// A client of which nothing is known. Only an open cluster lets it in.
    Undeclared,
}

impl<'a> Identity<'a> {
    /// The name of an application or a component.
    pub(crate) const fn of_application(self) -> Option<&'a str> {
        match self {
            Self::Application(name) | Self::Outside { name, .. } => Some(name),
            Self::Admin | Self::Exporter | Self::Undeclared => None,
        }
    }

    /// The common name of its certificate, if it is part of the platform.
    pub(crate) const fn of_platform(self) -> Option<&'static str> {
        match self {
            Self::Admin => Some("admin"),
            Self::Exporter => Some("exporter"),
            Self::Application(_) | Self::Outside { .. } | Self::Undeclared => None,
        }
    }
}

/// By which Kafka's tools connect in the pod of a node, as the node: the restart gate, and runbooks.
pub(super) const NODE_CLIENT_FILE: &str = "client.properties";

/// What the brokers call who belongs to the platform, before the common name of the certificate. No application has such a name.
pub(super) const PLATFORM: &str = "platform:";

/// How an identity connects to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    pub(super) bootstrap_servers: String,
    pub(super) credentials: Credentials,
}

/// What a client shows to the brokers. Its Secret is mounted at [`IDENTITY_DIRECTORY`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Nothing: the listener is open.
    None,
    /// A certificate.
    Certificate,
    /// The name of a user of SCRAM, and its password.
    Password { user: String },
}

/// What connects to a cluster. Each has its own setting keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRole {
    /// An application that uses Kafka's clients.
    Application,
    /// A Connect worker, and the clients of its connectors.
    ConnectWorker,
    /// Confluent's Schema Registry.
    ConfluentRegistry,
    /// Apicurio Registry with its Kafka storage.
    ApicurioRegistry,
}

impl ClientSettings {
    /// Host and port of one or more brokers, separated by commas.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Each of the bootstrap servers.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        addresses(&self.bootstrap_servers)
    }

    /// Whether it shows something to the brokers, from a Secret.
    pub fn is_secured(&self) -> bool {
        self.credentials != Credentials::None
    }

    /// Whether what it shows is a password.
    pub(super) const fn has_password(&self) -> bool {
        matches!(self.credentials, Credentials::Password { .. })
    }

    /// The settings of a client: key and value.
    pub fn properties(&self, role: ClientRole) -> Vec<(String, String)> {
        let credentials = |prefix: &'static str| {
            let all = self.credentials.properties().into_iter();
            all.map(move |(key, value)| (format!("{prefix}{key}"), value))
        };
        match role {
            ClientRole::Application => {
                let address = [("bootstrap.servers".to_owned(), self.bootstrap_servers.clone())];
                address.into_iter().chain(credentials("")).collect()
            }
            // The clients of connectors take the address from the worker, and nothing else.
            ClientRole::ConnectWorker => {
                let worker = self.properties(ClientRole::Application).into_iter();
                worker
                    .chain(["producer.", "consumer.", "admin."].into_iter().flat_map(credentials))
                    .collect()
            }
            // The protocol is part of the address.
            ClientRole::ConfluentRegistry => {
                let protocol = self.credentials.protocol();
                let servers: Vec<String> = self
                    .addresses()
                    .map(|address| format!("{protocol}://{address}"))
                    .collect();
                let address = [("kafkastore.bootstrap.servers".to_owned(), servers.join(","))];
                address.into_iter().chain(credentials("kafkastore.")).collect()
            }
            ClientRole::ApicurioRegistry => {
                let servers = self.bootstrap_servers.clone();
                let address = [("apicurio.kafkasql.bootstrap.servers".to_owned(), servers)];
                let clients = self.tool_settings().into_iter().flat_map(|mut settings| {
                    // By default it does not compare a broker's name with its certificate.
                    settings.preset("ssl.endpoint.identification.algorithm", "https");
                    let properties = settings.properties();
                    // What Kafka's clients resolve must reach them as it is: Quarkus takes `${…}` for one of its own expressions.
                    let clients = properties.iter().map(|(key, value)| {
                        let value = value.replace("${", "\\${");
                        (format!("apicurio.kafka.common.{key}"), value)
                    });
                    clients.collect::<Vec<_>>()
                });
                address.into_iter().chain(clients).collect()
            }
        }
    }

    /// Puts the settings of a client among others, which cannot be set by name then.
    pub(crate) fn own(&self, settings: &mut Settings, role: ClientRole, instead: &'static str) {
        for (key, value) in self.properties(role) {
            settings.own(key, value, instead);
        }
        if self.is_secured() && role != ClientRole::ApicurioRegistry {
            settings.resolve_directories();
        }
    }

    /// What one of Kafka's own clients needs beside an address; none for an open cluster.
    fn tool_settings(&self) -> Option<Settings> {
        if !self.is_secured() {
            return None;
        }
        let mut settings = Settings::default();
        settings.resolve_directories();
        for (key, value) in self.credentials.properties() {
            settings.preset(key, value);
        }
        Some(settings)
    }

    /// The file that Kafka's tools take as `--command-config`; none for an open cluster. It holds no secret, only where one is.
    pub(crate) fn command_config(&self) -> Option<String> {
        Some(self.tool_settings()?.properties().to_text())
    }
}

/// The addresses of a list.
pub(super) fn addresses(servers: &str) -> impl Iterator<Item = &str> {
    servers.split(',').map(str::trim).filter(|address| !address.is_empty())
}

impl Credentials {
    const fn protocol(&self) -> Protocol {
        match self {
            Self::None => Protocol::Plaintext,
            Self::Certificate => Protocol::Tls,
            Self::Password { .. } => Protocol::SaslTls,
        }
    }

    fn properties(&self) -> Vec<(&'static str, String)> {
        let own = match self {
            Self::None => return Vec::new(),
            Self::Certificate => key_store().to_vec(),
            Self::Password { user } => vec![
                ("sasl.mechanism", SCRAM.to_owned()),
                (
                    "sasl.jaas.config",
                    format!(
                        "{SCRAM_MODULE} required username=\"{user}\" password=\"${{dir:{IDENTITY_DIRECTORY}:password}}\";"
                    ),
                ),
            ],
        };
        let protocol = ("security.protocol", self.protocol().to_string());
        std::iter::once(protocol).chain(own).chain(trust_store()).collect()
    }
}

/// The mechanism of users with passwords.
pub(super) const SCRAM: &str = "SCRAM-SHA-512";
/// The class behind it.
pub(super) const SCRAM_MODULE: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";

/// The own certificate and its key, in PEM, as the Secret has them.
pub(super) fn key_store() -> [(&'static str, String); 3] {
    [
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.key", format!("${{dir:{IDENTITY_DIRECTORY}:tls.key}}")),
        (
            "ssl.keystore.certificate.chain",
            format!("${{dir:{IDENTITY_DIRECTORY}:tls.crt}}"),
        ),
    ]
}

/// The certificates of those who sign the others'.
pub(super) fn trust_store() -> [(&'static str, String); 2] {
    [
        ("ssl.truststore.type", "PEM".to_owned()),
        ("ssl.truststore.location", format!("{IDENTITY_DIRECTORY}/ca.crt")),
    ]
}
