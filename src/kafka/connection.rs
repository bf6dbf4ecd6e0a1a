//! How clients connect to a cluster: the only place that writes a bootstrap address or a security protocol for a
//! client.

use super::listener::Protocol;

/// How the clients of a cluster connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    pub(super) bootstrap_servers: String,
    pub(super) protocol: Protocol,
}

/// What connects to a cluster. Each has its own setting keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRole {
    /// An application that uses Kafka's clients, or a Connect worker.
    Application,
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
        self.bootstrap_servers
            .split(',')
            .map(str::trim)
            .filter(|address| !address.is_empty())
    }

    /// The settings of a client: key and value.
    pub fn properties(&self, role: ClientRole) -> Vec<(&'static str, String)> {
        match role {
            ClientRole::Application => vec![("bootstrap.servers", self.bootstrap_servers.clone())],
            // The protocol is part of the address.
            ClientRole::ConfluentRegistry => {
                let servers: Vec<String> = self
                    .addresses()
                    .map(|address| format!("{}://{address}", self.protocol))
                    .collect();
                vec![("kafkastore.bootstrap.servers", servers.join(","))]
            }
            ClientRole::ApicurioRegistry => {
                vec![("apicurio.kafkasql.bootstrap.servers", self.bootstrap_servers.clone())]
            }
        }
    }
}
