use std::{fmt, sync::Arc};

use super::{oauth::OAuth, outside::Outside};
use crate::workload::Access;

/// The security protocol of a listener, as Kafka calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Neither encrypted nor authenticated.
    Plaintext,
    /// Encrypted, and clients show a certificate.
    Tls,
    /// Encrypted, and clients show a name and a password.
    SaslTls,
    /// Encrypted, and clients show a token of an identity provider.
    Tokens(Arc<OAuth>),
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Tls => "SSL",
            Self::SaslTls | Self::Tokens(_) => "SASL_SSL",
        })
    }
}

/// A listener for clients: a name, a port, and who may connect.
///
/// Replication and the controllers have their own listeners, `REPLICATION` on 9091 and `CONTROLLER` on 9093, which only
/// the cluster's own pods can reach.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3))
///         .listener(Listener::plaintext("CLIENT", 9092).access(Access::own_namespace()))
///         .listener(Listener::plaintext("APPS", 9094).access(Access::namespaces(["shop", "billing"]))),
/// );
/// assert_eq!(kafka.bootstrap_servers(), "kafka.kafka.svc.cluster.local:9092");
/// let policy = synth(&stack).manifests.unwrap();
/// assert!(policy.get("kafka/networkpolicy-kafka.yaml").unwrap().contains("kubernetes.io/metadata.name: billing"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    pub(crate) access: Access,
    /// How clients outside reach it; none for a listener that only pods reach.
    pub(crate) outside: Option<Outside>,
}

impl Listener {
    pub(crate) const REPLICATION: (&'static str, u16) = ("REPLICATION", 9091);
    pub(crate) const CONTROLLER: (&'static str, u16) = ("CONTROLLER", 9093);
    /// By which nodes connect to controllers while the protocol of `CONTROLLER` changes.
    pub(crate) const QUORUM: (&'static str, u16) = ("QUORUM", 9089);
    /// For the stack's own clients, which have certificates, where TLS is on.
    pub(crate) const PLATFORM: (&'static str, u16) = ("PLATFORM", 9090);

    /// A plaintext listener, open to everyone who can reach the pod. The name is the one in Kafka's settings, in
    /// capitals, such as `CLIENT`. It may have 11 characters, because the container's port is named after it.
    pub fn plaintext(name: impl Into<String>, port: u16) -> Self {
        Self {
            name: name.into(),
            port,
            protocol: Protocol::Plaintext,
            access: Access::Open,
            outside: None,
        }
    }

    /// Who may connect; the network policy says so.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The name of a listener's port: `tcp-client`. The prefix tells a service mesh the protocol.
    pub(crate) fn port_name(name: &str) -> String {
        format!("tcp-{}", name.to_ascii_lowercase().replace('_', "-"))
    }
}
