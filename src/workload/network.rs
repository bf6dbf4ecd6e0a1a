use k8s_openapi::{
    api::networking::v1::{
        NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::Labels;
use crate::context::Context;

/// Who may connect to a client port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Anyone that reaches the pod.
    #[default]
    Open,
    /// The pods of the stack's own namespace, and those of these namespaces.
    Namespaces(Vec<String>),
}

impl Access {
    /// The pods of the stack's own namespace only.
    pub const fn own_namespace() -> Self {
        Self::Namespaces(Vec::new())
    }

    /// The pods of the stack's own namespace, and those of these namespaces.
    pub fn namespaces<S: Into<String>>(namespaces: impl IntoIterator<Item = S>) -> Self {
        Self::Namespaces(namespaces.into_iter().map(Into::into).collect())
    }

    fn peers(&self) -> Option<Vec<NetworkPolicyPeer>> {
        match self {
            Self::Open => None,
            Self::Namespaces(namespaces) => Some(
                std::iter::once(NetworkPolicyPeer {
                    pod_selector: Some(LabelSelector::default()),
                    ..NetworkPolicyPeer::default()
                })
                .chain(namespaces.iter().map(|namespace| namespace_peer(namespace)))
                .collect(),
            ),
        }
    }
}

/// One rule of a network policy: who is admitted to which ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IngressRule {
    /// Clients, as the stack says.
    Clients(Access, Vec<u16>),
    /// Only pods with these labels in the stack's own namespace.
    Pods(Labels, Vec<u16>),
    /// Only the namespace that Prometheus runs in.
    Monitoring(Vec<u16>),
}

/// A network policy for the pods of a component: every port that no rule names is closed to everyone.
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
