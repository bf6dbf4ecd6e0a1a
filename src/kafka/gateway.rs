//! Listeners behind a Gateway: one address for all brokers, where a proxy reads the name in the TLS handshake and passes the connection on as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    name::{DnsLabel, DnsSubdomain, InvalidName},
    workload::{Access, OperatorResource, Spec},
};

/// A Gateway of the Gateway API, which a platform has already: the routes of a listener are attached to it.
///
/// Its listener has `protocol: TLS` with `tls.mode: Passthrough`, admits routes of the stack's namespace (`allowedRoutes`), and has the names of the
/// brokers in its `hostname`, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Gateway {
    namespace: String,
    name: String,
    section: Option<String>,
    port: u16,
    proxies: Access,
}

impl Gateway {
    /// The Gateway of this name. Clients dial port 443, and the proxies run in the namespace of the Gateway, unless
    /// [`port`](Self::port) and [`proxies`](Self::proxies) say otherwise.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        let namespace = namespace.into();
        Self {
            proxies: Access::pods_of(&namespace, BTreeMap::<String, String>::new()),
            namespace,
            name: name.into(),
            section: None,
            port: 443,
        }
    }

    /// The name of its listener, where it has several.
    pub fn listener(mut self, name: impl Into<String>) -> Self {
        self.section = Some(name.into());
        self
    }

    /// The port of its listener, which clients dial.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The pods that pass connections on, if they are not in the namespace of the Gateway: the network policy of the brokers lets them in.
    pub fn proxies(mut self, proxies: Access) -> Self {
        self.proxies = proxies;
        self
    }

    pub(super) const fn dialled_port(&self) -> u16 {
        self.port
    }

    pub(super) fn admitted(&self) -> Access {
        self.proxies.clone()
    }

    /// What is wrong with it, and how it is mended.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        const GATEWAY: &str = "write the namespace and the name that `kubectl get gateways --all-namespaces` shows";
        const LISTENER: &str = "write the name that the listener has in `spec.listeners` of the Gateway";
        let section = self.section.as_ref();
        let section = section.and_then(|section| DnsSubdomain::parse(section).err());
        let invalid = [
            ("namespace", DnsLabel::parse(&self.namespace).err(), GATEWAY),
            ("name", DnsSubdomain::parse(&self.name).err(), GATEWAY),
            ("listener", section, LISTENER),
        ];
        let told = |(what, error, hint): (&str, Option<InvalidName>, &str)| {
            Some((format!("the {what} of its Gateway {}", error?), hint.to_owned()))
        };
        let mut problems: Vec<(String, String)> = invalid.into_iter().filter_map(told).collect();
        if self.proxies == Access::applications() {
            let hint =
                "write the pods of its proxies, as `.proxies(Access::pods_of(\"gateways\", [(\"app\", \"envoy\")]))`";
            problems.push((
                "the pods of applications are no proxies of its Gateway, and no others would reach the brokers"
                    .to_owned(),
                hint.to_owned(),
            ));
        }
        if self.port == 0 {
            let hint = "write the port of the Gateway's listener, as 443".to_owned();
            problems.push(("clients cannot dial port 0 of its Gateway".to_owned(), hint));
        }
        problems
    }

    /// The route by which connections with a name in their handshake reach a Service.
    pub(super) fn route(&self, host: &str, service: &str, port: u16) -> TlsRouteSpec {
        TlsRouteSpec {
            hostnames: vec![host.to_owned()],
            parent_refs: vec![ParentRef {
                group: GROUP.to_owned(),
                kind: "Gateway".to_owned(),
                name: self.name.clone(),
                namespace: self.namespace.clone(),
                section_name: self.section.clone(),
            }],
            rules: vec![TlsRouteRule {
                backend_refs: vec![BackendRef {
                    group: String::new(),
                    kind: "Service".to_owned(),
                    name: service.to_owned(),
                    port,
                    weight: 1,
                }],
            }],
        }
    }
}

const GROUP: &str = "gateway.networking.k8s.io";

/// Passes TLS connections on by the name in their handshake. It can be amended like a type of `k8s-openapi`.
///
/// Served in this version from Gateway API 1.5 on.
pub type TlsRoute = OperatorResource<TlsRouteSpec>;

/// The specification of a [`TlsRoute`], with the fields that the API server would fill in, so that no deployer finds a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsRouteSpec {
    /// The names in the handshake.
    pub hostnames: Vec<String>,
    /// The Gateways that it is attached to.
    pub parent_refs: Vec<ParentRef>,
    /// Where connections go: exactly one rule.
    pub rules: Vec<TlsRouteRule>,
}

impl Spec for TlsRouteSpec {
    const KIND: &'static str = "TLSRoute";
    const PLURAL: &'static str = "tlsroutes";
    const GROUP: &'static str = GROUP;
    const API_VERSION: &'static str = "gateway.networking.k8s.io/v1";
}

/// A Gateway that a route is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    /// Its API group.
    pub group: String,
    /// `Gateway`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its listener; none for all that admit the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// Where connections go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsRouteRule {
    /// The Services.
    pub backend_refs: Vec<BackendRef>,
}

/// A Service that connections are passed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendRef {
    /// Its API group: the core group has no name.
    pub group: String,
    /// `Service`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// Its share of connections, among several.
    pub weight: u16,
}
