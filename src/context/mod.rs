//! What surrounds a construct: the stack's name, its namespace, what its pods have by default, how strict the rules are.

mod pod_defaults;

pub use crate::kubernetes::{Kubernetes, Platform};
pub use pod_defaults::PodDefaults;
pub(crate) use pod_defaults::{annotations, labels};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::diagnostics::Profile;

/// The surroundings of a construct: everything about the stack that its objects or its findings depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The stack's name: the folder of its output.
    pub stack: String,
    /// The namespace of every object.
    pub namespace: String,
    /// The namespace that Prometheus runs in: network policies admit it to the metrics ports.
    pub monitoring_namespace: String,
    /// The cluster's DNS domain.
    pub cluster_domain: String,
    /// The family of the pods' addresses.
    pub ip_family: IpFamily,
    /// How strict the rules are.
    pub profile: Profile,
    /// The oldest version of Kubernetes that the objects have to work on.
    pub kubernetes: Kubernetes,
    /// What runs the pods.
    pub platform: Platform,
    /// The name of the Kubernetes cluster that the stack is applied to, if it says so.
    pub kubernetes_cluster: Option<String>,
    /// What all of the stack's pods have.
    pub pods: PodDefaults,
}

/// The family of the pods' addresses: of `status.podIP`, which is the first of the two in a dual-stack cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpFamily {
    /// `10.244.1.7`.
    #[default]
    V4,
    /// `fd00:10:244::7`, which is written in brackets wherever a port follows.
    V6,
}

impl IpFamily {
    /// An address as the host of a URL.
    pub(crate) fn host(self, address: &str) -> String {
        match self {
            Self::V4 => address.to_owned(),
            Self::V6 => format!("[{address}]"),
        }
    }
}

impl Context {
    /// The full DNS name of a Service in the stack's namespace.
    pub fn service_address(&self, service: &str) -> String {
        format!("{service}.{}.svc.{}", self.namespace, self.cluster_domain)
    }

    /// The DNS names of the pods of the stack's namespace, by their addresses: `10-244-1-7` or `*`, and what follows.
    pub(crate) fn pod_address(&self, label: &str) -> String {
        format!("{label}.{}.pod.{}", self.namespace, self.cluster_domain)
    }

    /// Metadata with a name, the stack's namespace and the label that says who wrote the object.
    pub fn metadata(&self, name: impl Into<String>) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.into()),
            namespace: Some(self.namespace.clone()),
            labels: Some([MANAGED_BY.map(str::to_owned).into()].into()),
            ..ObjectMeta::default()
        }
    }
}

/// The label on every object of every stack.
pub(crate) const MANAGED_BY: [&str; 2] = ["app.kubernetes.io/managed-by", "kafka-stacks"];
