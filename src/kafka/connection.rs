//! How clients connect to a cluster: the only place that writes a bootstrap address, a security protocol or credentials for a client.

use k8s_openapi::api::core::v1::EnvVar;

use super::{
    external::{Mechanism, Shown, Trust},
    listener::Protocol,
    oauth::{self, TokenEndpoint},
};
use crate::{
    security::IDENTITY_DIRECTORY,
    settings::Settings,
    workload::{Version, env, env_from_secret},
};

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
    /// Whose signature on the brokers' certificates it takes.
    pub(super) trust: Trust,
}

/// What a client shows to the brokers. Its Secret is mounted at [`IDENTITY_DIRECTORY`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Nothing: the listener is open.
    None,
    /// Nothing, but the brokers show a certificate.
    Encrypted,
    /// A certificate.
    Certificate,
    /// The name of a user of SCRAM, and its password.
    Password { user: String },
    /// A name and a password that the Secret has both, because the stack does not choose the name.
    Login(Mechanism),
    /// A token of an identity provider, which gives it for the id and the secret of a client.
    Token(TokenEndpoint),
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

    /// Whether it connects by TLS.
    pub fn is_secured(&self) -> bool {
        self.credentials != Credentials::None
    }

    /// Whether it reads something from a Secret.
    pub(super) fn needs_secret(&self) -> bool {
        match self.credentials {
            Credentials::None => false,
            Credentials::Encrypted => self.trust == Trust::Secret,
            Credentials::Certificate | Credentials::Password { .. } | Credentials::Login(_) | Credentials::Token(_) => {
                true
            }
        }
    }

    /// Where it gets tokens, if it shows one.
    pub(super) const fn token(&self) -> Option<&TokenEndpoint> {
        match &self.credentials {
            Credentials::Token(tokens) => Some(tokens),
            _ => None,
        }
    }

    /// The option of a JVM that gets tokens, if it shows one.
    pub(super) fn jvm_option(&self, version: Version) -> Option<String> {
        oauth::option(self.token().map(TokenEndpoint::url).into_iter(), version)
    }

    /// The settings of a client: key and value.
    pub fn properties(&self, role: ClientRole) -> Vec<(String, String)> {
        let credentials = |prefix: &'static str| {
            let all = self.security().into_iter();
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
        if self.credentials.are_referred_to() && role != ClientRole::ApicurioRegistry {
            settings.resolve_directories();
        }
    }

    /// What one of Kafka's own clients needs beside an address; none for an open cluster.
    fn tool_settings(&self) -> Option<Settings> {
        if !self.is_secured() {
            return None;
        }
        let mut settings = Settings::default();
        if self.credentials.are_referred_to() {
            settings.resolve_directories();
        }
        for (key, value) in self.security() {
            settings.preset(key, value);
        }
        Some(settings)
    }

    /// The protocol, what it shows, and whom it trusts; nothing for an open cluster.
    fn security(&self) -> Vec<(&'static str, String)> {
        if !self.is_secured() {
            return Vec::new();
        }
        let protocol = ("security.protocol", self.credentials.protocol().to_string());
        let trusted = match self.trust {
            Trust::Secret => trust_store().to_vec(),
            Trust::PublicAuthorities => Vec::new(),
        };
        let own = self.credentials.properties();
        std::iter::once(protocol).chain(own).chain(trusted).collect()
    }

    /// The file that Kafka's tools take as `--command-config`; none for an open cluster. It holds no secret, only where one is.
    pub(crate) fn command_config(&self) -> Option<String> {
        Some(self.tool_settings()?.properties().to_text())
    }
}

/// How `kafka_exporter` connects, which is no client of Java's.
impl ClientSettings {
    /// Its flags. None of them has a password.
    pub(crate) fn exporter_flags(&self) -> Vec<String> {
        if !self.is_secured() {
            return Vec::new();
        }
        let file = |flag: &str, file: &str| format!("--tls.{flag}={IDENTITY_DIRECTORY}/{file}");
        let mut flags = vec!["--tls.enabled".to_owned()];
        if self.trust == Trust::Secret {
            flags.push(file("ca-file", "ca.crt"));
        }
        match self.credentials {
            Credentials::Certificate => flags.extend([file("cert-file", "tls.crt"), file("key-file", "tls.key")]),
            Credentials::Login(mechanism) => flags.extend([
                "--sasl.enabled".to_owned(),
                format!("--sasl.mechanism={}", mechanism.of_exporter()),
                // Kubernetes puts the name there. A name is no secret.
                format!("--sasl.username=$({EXPORTER_USER})"),
            ]),
            // In a closed cluster of a stack it has a certificate; where clients of an external one show tokens it is refused.
            Credentials::None | Credentials::Encrypted | Credentials::Password { .. } | Credentials::Token(_) => {}
        }
        flags
    }

    /// Its environment: it takes the password from there if no flag has one, and an argument could be read by `ps`.
    pub(crate) fn exporter_environment(&self, secret: &str) -> Vec<EnvVar> {
        match self.credentials {
            Credentials::Login(_) => vec![
                env_from_secret(EXPORTER_USER, secret, USER_NAME),
                env_from_secret("SASL_USER_PASSWORD", secret, "password"),
            ],
            _ => Vec::new(),
        }
    }
}

/// How kminion connects, which is no client of Java's either.
impl ClientSettings {
    /// Its variables. It takes a name and a password from those that the pod gets from the Secret.
    pub(crate) fn of_kminion(&self, secret: Option<&str>) -> Vec<EnvVar> {
        let file = |variable: &str, file: &str| env(variable, format!("{IDENTITY_DIRECTORY}/{file}"));
        let mut variables = vec![env("KAFKA_BROKERS", &self.bootstrap_servers)];
        if self.is_secured() {
            variables.push(env("KAFKA_TLS_ENABLED", "true"));
            if self.trust == Trust::Secret {
                variables.push(file("KAFKA_TLS_CAFILEPATH", "ca.crt"));
            }
        }
        let login = |mechanism: Mechanism, user: EnvVar| {
            let password = secret.map(|secret| env_from_secret("KAFKA_SASL_PASSWORD", secret, "password"));
            [
                env("KAFKA_SASL_ENABLED", "true"),
                env("KAFKA_SASL_MECHANISM", mechanism.name()),
                user,
            ]
            .into_iter()
            .chain(password)
        };
        match &self.credentials {
            // What shows a token is refused by `check_no_token`: whether kminion can get one was not tried.
            Credentials::None | Credentials::Encrypted | Credentials::Token(_) => {}
            Credentials::Certificate => variables.extend([
                file("KAFKA_TLS_CERTFILEPATH", "tls.crt"),
                file("KAFKA_TLS_KEYFILEPATH", "tls.key"),
            ]),
            Credentials::Password { user } => variables.extend(login(Mechanism::Scram, env(KMINION_USER, user))),
            Credentials::Login(mechanism) => {
                let user = secret.map_or_else(
                    || env(KMINION_USER, ""),
                    |secret| env_from_secret(KMINION_USER, secret, USER_NAME),
                );
                variables.extend(login(*mechanism, user));
            }
        }
        variables
    }
}

/// The key of a Secret with the name of a user, beside its password: those of Kubernetes' type `kubernetes.io/basic-auth`.
const USER_NAME: &str = "username";
/// The variable of that name for the exporter.
const EXPORTER_USER: &str = "SASL_USER_NAME";
/// The same for kminion.
const KMINION_USER: &str = "KAFKA_SASL_USERNAME";

/// The addresses of a list.
pub(super) fn addresses(servers: &str) -> impl Iterator<Item = &str> {
    servers.split(',').map(str::trim).filter(|address| !address.is_empty())
}

impl Credentials {
    /// What clients of an external cluster show.
    pub(super) fn of(shown: &Shown) -> Self {
        match shown {
            Shown::Nothing => Self::Encrypted,
            Shown::Certificate => Self::Certificate,
            Shown::Password(mechanism) => Self::Login(*mechanism),
            Shown::Token(tokens) => Self::Token(tokens.clone()),
        }
    }

    const fn protocol(&self) -> Protocol {
        match self {
            Self::None => Protocol::Plaintext,
            Self::Encrypted | Self::Certificate => Protocol::Tls,
            Self::Password { .. } | Self::Login(_) | Self::Token(_) => Protocol::SaslTls,
        }
    }

    /// Whether settings refer to files of its Secret, which a config provider reads.
    const fn are_referred_to(&self) -> bool {
        !matches!(self, Self::None | Self::Encrypted)
    }

    fn properties(&self) -> Vec<(&'static str, String)> {
        let login = |mechanism: Mechanism, user: &str| {
            let module = mechanism.module();
            let password = format!("${{dir:{IDENTITY_DIRECTORY}:password}}");
            vec![
                ("sasl.mechanism", mechanism.name().to_owned()),
                (
                    "sasl.jaas.config",
                    format!("{module} required username=\"{user}\" password=\"{password}\";"),
                ),
            ]
        };
        match self {
            Self::None | Self::Encrypted => Vec::new(),
            Self::Certificate => key_store().to_vec(),
            Self::Token(tokens) => tokens.of_client(IDENTITY_DIRECTORY),
            Self::Password { user } => login(Mechanism::Scram, user),
            Self::Login(mechanism) => login(*mechanism, &format!("${{dir:{IDENTITY_DIRECTORY}:{USER_NAME}}}")),
        }
    }
}

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
