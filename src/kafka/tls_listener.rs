//! Listeners that are encrypted, and whose clients show who they are.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    gateway::Gateway,
    listener::{Listener, Protocol},
    oauth::OAuth,
    outside::{NodePorts, Outside, Way},
};
use crate::{diagnostics::Location, workload::Access};

/// An encrypted listener that does not say yet how its clients show who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TlsListener {
    name: String,
    port: u16,
}

impl TlsListener {
    /// Clients show a name and a password, by SCRAM-SHA-512. The user is `User:NAME`.
    pub fn scram(self) -> SecureListener {
        self.with(Protocol::SaslTls)
    }

    /// Clients show a certificate of the cluster's issuer. The user is `User:NAME`, from its subject `CN=NAME`.
    pub fn mutual_tls(self) -> SecureListener {
        self.with(Protocol::Tls)
    }

    /// Clients show a token of an identity provider. The user is `User:` and the value of a claim of the token.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let provider = IdentityProvider {
    ///     issuer: "https://id.example.com/",
    ///     keys: "https://id.example.com/keys",
    ///     tokens: "https://id.example.com/token",
    /// };
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::tls("CLIENT", 9092).oauth(OAuth::new(provider, "kafka")))
    ///         .authorization(),
    /// );
    /// let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("calls", 12, Cleanup::delete_after(7.days()))));
    /// let calls = topics.topic("calls");
    /// let telephony = stack.add(Application::new("telephony", &kafka).identity("5f0c-91").produces(&calls));
    /// stack.add(Permissions::new("permissions", &kafka).of(&telephony));
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let declared = manifests.get("permissions/configmap-permissions.yaml").unwrap();
    /// assert!(declared.contains("5f0c-91 token\n") && declared.contains("5f0c-91 acl topic literal calls WRITE"));
    /// let files = manifests.get("telephony/configmap-telephony-kafka.yaml").unwrap();
    /// assert!(files.contains("sasl.oauthbearer.token.endpoint.url=https://id.example.com/token"));
    /// ```
    pub fn oauth(self, tokens: OAuth) -> SecureListener {
        self.with(Protocol::Tokens(Arc::new(tokens)))
    }

    fn with(self, protocol: Protocol) -> SecureListener {
        SecureListener::new(Listener {
            name: self.name,
            port: self.port,
            protocol,
            access: Access::Open,
            outside: None,
        })
    }
}

/// An encrypted listener whose clients show who they are.
///
/// A cluster takes it as it is. Only such a listener can be [opened to clients outside](SecureListener::load_balancer):
///
/// ```compile_fail
/// use kafka_stacks::prelude::*;
///
/// let open = Listener::plaintext("EXTERNAL", 9094).load_balancer("kafka-{id}.example.com");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SecureListener(Listener);

/// A listener for clients outside of Kubernetes, from [`SecureListener::load_balancer`] or [`SecureListener::node_ports`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct OutsideListener {
    listener: Listener,
    outside: Outside,
}

/// A listener for clients outside of Kubernetes, from [`SecureListener::gateway`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RoutedListener {
    listener: Listener,
    outside: Outside,
}

impl Listener {
    /// An encrypted listener, of a cluster with [`KafkaCluster::internal_tls`](super::KafkaCluster::internal_tls). Name and port are
    /// like those of [`Listener::plaintext`]. Its clients always show who they are: end with [`TlsListener::scram`],
    /// [`TlsListener::mutual_tls`] or [`TlsListener::oauth`].
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let with_passwords = Listener::tls("CLIENT", 9092).scram();
    /// let with_certificates = Listener::tls("PARTNERS", 9094).mutual_tls();
    /// # let _ = (with_passwords, with_certificates);
    /// ```
    pub fn tls(name: impl Into<String>, port: u16) -> TlsListener {
        TlsListener {
            name: name.into(),
            port,
        }
    }
}

impl SecureListener {
    pub(super) const fn new(listener: Listener) -> Self {
        Self(listener)
    }

    /// Who may connect; the network policy says so.
    #[must_use]
    pub fn access(self, access: Access) -> Listener {
        self.0.access(access)
    }

    /// For clients outside, by a load balancer for each broker and one for all. `names` is the name of each broker in DNS, with `{id}`
    /// where its node id is: the broker advertises it, its certificate has it, and external-dns makes its record. The load balancers
    /// have the port of the listener.
    ///
    /// Clients begin at the name with `bootstrap` in place of the id, unless [`OutsideListener::bootstrap`] says another. The stack's own
    /// components and applications inside use the first listener that is not for outside.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::tls("CLIENT", 9092).scram())
    ///         .listener(Listener::tls("EXTERNAL", 9094).scram().load_balancer("kafka-{id}.example.com").source_ranges(["203.0.113.0/24"]))
    ///         .authorization(),
    /// );
    /// assert_eq!(kafka.bootstrap_servers(), "kafka.kafka.svc.cluster.local:9092");
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let settings = manifests.get("kafka/configmap-kafka.yaml").unwrap();
    /// assert!(settings.contains("EXTERNAL://kafka-${env:NODE_ID}.example.com:9094"));
    /// let service = manifests.get("kafka/service-kafka-0-external.yaml").unwrap();
    /// assert!(service.contains("external-dns.alpha.kubernetes.io/hostname: kafka-0.example.com"));
    /// let certificate = manifests.get("kafka/certificate-kafka-tls.yaml").unwrap();
    /// assert!(certificate.contains("- kafka-0.example.com\n") && certificate.contains("- kafka-bootstrap.example.com\n"));
    /// ```
    #[track_caller]
    pub fn load_balancer(self, names: impl Into<String>) -> OutsideListener {
        self.outside(Way::LoadBalancer, names.into(), Location::caller())
    }

    /// For clients outside, by a port of every machine for each broker, and one for all. `names` is like that of
    /// [`SecureListener::load_balancer`]; the name of a broker leads to the machine on which it runs, which external-dns sees to. One
    /// name of all machines, without `{id}`, needs [`OutsideListener::through_any_node`].
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let ports = NodePorts { bootstrap: 31_999, first_broker: 31_000 };
    /// let listener = Listener::tls("EXTERNAL", 9094).scram().node_ports("kafka-{id}.example.com", ports);
    /// # let _ = listener;
    /// ```
    #[track_caller]
    pub fn node_ports(self, names: impl Into<String>, ports: NodePorts) -> OutsideListener {
        self.outside(Way::NodePorts(ports), names.into(), Location::caller())
    }

    /// For clients outside, by a Gateway that serves all brokers at one address: a `TLSRoute` for each broker and one for all leads to
    /// Services within the cluster. `names` is the name of each broker in DNS, with `{id}` where its node id is; all of them lead to the
    /// Gateway, which reads the name in the handshake. Brokers advertise the name and the Gateway's port.
    ///
    /// The connection stays encrypted up to the broker, which sees the address of the proxy: source ranges are for the Gateway to keep.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let edge = Gateway::new("gateways", "edge").listener("kafka");
    /// stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::tls("CLIENT", 9092).scram())
    ///         .listener(Listener::tls("EXTERNAL", 9094).scram().gateway("kafka-{id}.example.com", edge))
    ///         .authorization(),
    /// );
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let settings = manifests.get("kafka/configmap-kafka.yaml").unwrap();
    /// assert!(settings.contains("EXTERNAL://kafka-${env:NODE_ID}.example.com:443"));
    /// let route = manifests.get("kafka/tlsroute-kafka-0-external.yaml").unwrap();
    /// assert!(route.contains("- kafka-0.example.com") && route.contains("sectionName: kafka"));
    /// ```
    #[track_caller]
    pub fn gateway(self, names: impl Into<String>, gateway: Gateway) -> RoutedListener {
        let (listener, outside) = self.opened(Way::Gateway(gateway), names.into(), Location::caller());
        RoutedListener { listener, outside }
    }

    fn outside(self, way: Way, names: String, location: Location) -> OutsideListener {
        let (listener, outside) = self.opened(way, names, location);
        OutsideListener { listener, outside }
    }

    /// The listener, and the way to it from outside.
    fn opened(self, way: Way, names: String, location: Location) -> (Listener, Outside) {
        let outside = Outside {
            way,
            names,
            bootstrap: None,
            source_ranges: Vec::new(),
            annotations: BTreeMap::new(),
            through_any_node: false,
            location,
        };
        (self.0, outside)
    }
}

impl OutsideListener {
    /// The name at which clients begin, if it is not that of the brokers with `bootstrap` in place of the id.
    pub fn bootstrap(mut self, name: impl Into<String>) -> Self {
        self.outside.bootstrap = Some(name.into());
        self
    }

    /// Lets only these addresses in, as `203.0.113.0/24`: the load balancers do, and the network policy of the brokers does too. Without
    /// it everyone who reaches the load balancer or the machine may try to log in.
    pub fn source_ranges<S: Into<String>>(mut self, ranges: impl IntoIterator<Item = S>) -> Self {
        self.outside.source_ranges.extend(ranges.into_iter().map(Into::into));
        self
    }

    /// An annotation of all Services of the listener, by which a cloud's load balancer is configured.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.outside.annotations.insert(key.into(), value.into());
        self
    }

    /// Every machine takes connections to every broker, and passes them on (`externalTrafficPolicy: Cluster`). A connection takes one
    /// more step, and the broker sees the address of the machine: the network policy lets everyone in, and source ranges are kept by
    /// the load balancer alone. For load balancers and names that do not know which machine a broker runs on.
    pub const fn through_any_node(mut self) -> Self {
        self.outside.through_any_node = true;
        self
    }
}

impl From<SecureListener> for Listener {
    fn from(secure: SecureListener) -> Self {
        secure.0
    }
}

impl From<OutsideListener> for Listener {
    fn from(opened: OutsideListener) -> Self {
        Self {
            outside: Some(opened.outside),
            ..opened.listener
        }
    }
}

impl RoutedListener {
    /// The name at which clients begin, if it is not that of the brokers with `bootstrap` in place of the id.
    pub fn bootstrap(mut self, name: impl Into<String>) -> Self {
        self.outside.bootstrap = Some(name.into());
        self
    }

    /// An annotation of all routes of the listener, as for external-dns.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.outside.annotations.insert(key.into(), value.into());
        self
    }
}

impl From<RoutedListener> for Listener {
    fn from(routed: RoutedListener) -> Self {
        Self {
            outside: Some(routed.outside),
            ..routed.listener
        }
    }
}
