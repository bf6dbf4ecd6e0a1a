use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::Labels;
use crate::context::{Context, MANAGED_BY};

/// Who may connect to a client port.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let shop = Access::pods([("app", "shop")]);
/// let shop_and_billing = Access::pods([("app", "shop")]).or(Access::namespaces(["billing"]));
/// let crawler = Access::pods_of("search", [("app", "crawler")]);
/// # let _ = (shop, shop_and_billing, crawler);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone who can reach the pod.
    Open,
    /// Only these.
    Only(Vec<Clients>),
}

/// Pods that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Their namespace; the stack's own if not set.
    namespace: Option<String>,
    /// The labels that they have; all pods of the namespace if there is none.
    labels: BTreeMap<String, String>,
}

impl Access {
    /// All pods of the stack's own namespace.
    pub fn own_namespace() -> Self {
        Self::only(None, BTreeMap::new())
    }

    /// All pods of the stack's own namespace, and all of these namespaces.
    pub fn namespaces<S: Into<String>>(namespaces: impl IntoIterator<Item = S>) -> Self {
        namespaces.into_iter().fold(Self::own_namespace(), |access, namespace| {
            access.or(Self::only(Some(namespace.into()), BTreeMap::new()))
        })
    }

    /// The pods of the stack's own namespace that have all of these labels.
    pub fn pods<K: Into<String>, V: Into<String>>(labels: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::only(None, pairs(labels))
    }

    /// The pods of another namespace that have all of these labels.
    pub fn pods_of<K: Into<String>, V: Into<String>>(
        namespace: impl Into<String>,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::only(Some(namespace.into()), pairs(labels))
    }

    /// The stack's own components, and the pods of its declared applications: an `Application` that says which pods are
    /// its own adds a network policy that lets them in.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .listener(Listener::plaintext("CLIENT", 9092).access(Access::applications())),
    /// );
    /// let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 6, Cleanup::delete_after(7.days()))));
    /// stack.add(Application::new("shop", &kafka).pods([("app", "shop")]).produces(&topics.topic("orders")));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// assert!(manifests.get("shop/networkpolicy-shop-kafka.yaml").unwrap().contains("app: shop"));
    /// ```
    pub fn applications() -> Self {
        Self::pods([(MANAGED_BY[0], MANAGED_BY[1])])
    }

    /// These clients and others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        match (self, others) {
            (Self::Only(mut clients), Self::Only(others)) => {
                clients.extend(others);
                Self::Only(clients)
            }
            _ => Self::Open,
        }
    }

    fn only(namespace: Option<String>, labels: BTreeMap<String, String>) -> Self {
        Self::Only(vec![Clients { namespace, labels }])
    }

    /// Whether all of these clients may connect.
    pub(crate) fn admits(&self, others: &Self) -> bool {
        let (Self::Only(own), Self::Only(others)) = (self, others) else {
            return *self == Self::Open;
        };
        others
            .iter()
            .all(|other| own.iter().any(|clients| clients.includes(other)))
    }

    fn peers(&self) -> Option<Vec<NetworkPolicyPeer>> {
        match self {
            Self::Open => None,
            Self::Only(clients) => Some(clients.iter().map(Clients::peer).collect()),
        }
    }
}

impl Clients {
    /// The namespace of the pods, if it is not the stack's own.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether all pods of others are among these.
    fn includes(&self, others: &Self) -> bool {
        let has = |(key, value): (&String, &String)| others.labels.get(key) == Some(value);
        self.namespace == others.namespace && self.labels.iter().all(has)
    }

    fn peer(&self) -> NetworkPolicyPeer {
        let pods = LabelSelector {
            match_labels: (!self.labels.is_empty()).then(|| self.labels.clone()),
            match_expressions: None,
        };
        match &self.namespace {
            None => NetworkPolicyPeer {
                pod_selector: Some(pods),
                ..NetworkPolicyPeer::default()
            },
            Some(namespace) => NetworkPolicyPeer {
                pod_selector: (!self.labels.is_empty()).then_some(pods),
                ..namespace_peer(namespace)
            },
        }
    }
}

fn pairs<K: Into<String>, V: Into<String>>(labels: impl IntoIterator<Item = (K, V)>) -> BTreeMap<String, String> {
    labels
        .into_iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}

/// One rule of a network policy: who may connect to which ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IngressRule {
    /// Clients, as `Access` allows.
    Clients(Access, Vec<u16>),
    /// Only pods with these labels in the stack's own namespace.
    Pods(Labels, Vec<u16>),
    /// Only these blocks of addresses, in CIDR notation; everyone if there is none.
    Addresses(Vec<String>, Vec<u16>),
    /// Only the namespace that Prometheus runs in.
    Monitoring(Vec<u16>),
}

/// A network policy for the pods of a component: ports without a rule are closed to everyone.
pub fn network_policy(
    context: &Context,
    labels: &Labels,
    name: &str,
    rules: impl IntoIterator<Item = IngressRule>,
) -> NetworkPolicy {
    let ingress = rules
        .into_iter()
        .map(|rule| {
            let (from, ports) = match rule {
                IngressRule::Clients(access, ports) => (access.peers(), ports),
                IngressRule::Pods(labels, ports) => (
                    Some(vec![NetworkPolicyPeer {
                        pod_selector: Some(labels.label_selector()),
                        ..NetworkPolicyPeer::default()
                    }]),
                    ports,
                ),
                IngressRule::Addresses(blocks, ports) => {
                    let peers: Vec<NetworkPolicyPeer> = blocks.into_iter().map(address_peer).collect();
                    (Some(peers).filter(|peers| !peers.is_empty()), ports)
                }
                IngressRule::Monitoring(ports) => (Some(vec![namespace_peer(&context.monitoring_namespace)]), ports),
            };
            NetworkPolicyIngressRule {
                from,
                ports: Some(ports.into_iter().map(tcp).collect()),
            }
        })
        .collect();
    NetworkPolicy {
        metadata: labels.metadata(context, name),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels.label_selector()),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(ingress),
            egress: None,
        }),
    }
}

fn address_peer(cidr: String) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        ip_block: Some(IPBlock { cidr, except: None }),
        ..NetworkPolicyPeer::default()
    }
}

fn namespace_peer(namespace: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some([("kubernetes.io/metadata.name".to_owned(), namespace.to_owned())].into()),
            match_expressions: None,
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn tcp(port: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(i32::from(port))),
        protocol: Some("TCP".to_owned()),
        end_port: None,
    }
}
