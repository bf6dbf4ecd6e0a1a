//! The handle of a cluster, which other constructs are built from.

use std::sync::Arc;

use super::{
    connection::{self, ClientSettings, Credentials, Identity, NODE_CLIENT_FILE},
    external::{ExternalSecurity, Trust},
    job::CLIENT_FILE,
    listener::{Listener, Protocol},
    log_defaults::LogDefaults,
    oauth::TokenEndpoint,
    pool::Roles,
    replication::Replication,
};
use crate::{
    acl::Acl,
    construct::{Check, Claim},
    context::Context,
    diagnostics::{
        Location,
        rules::{application, security, topic},
    },
    lint,
    quantity::Duration,
    security::{Certificate, Issuer, Request},
    workload::{CONFIG_DIRECTORY, ImageSet, Labels, Version, VolumeClaims},
    zookeeper::ZooKeeperHandle,
};

/// Where the metadata of a cluster is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its own controllers.
    Kraft,
    /// ZooKeeper.
    ZooKeeper,
    /// Unknown: the cluster is external.
    External,
}

/// A cluster that is part of a stack, or an external one: what clients, topics and monitoring are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaHandle(pub(super) Arc<ClusterInfo>);

/// A node of a cluster: its pod, and its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub pod: String,
    pub broker: bool,
    pub controller: bool,
}

/// What other constructs need to know about a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterInfo {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) images: ImageSet,
    /// The bootstrap servers of the first listener for clients.
    pub(super) bootstrap_servers: String,
    /// How it is closed; none for an open cluster.
    pub(super) closed: Option<Closed>,
    /// How clients connect to an external cluster; none for an open one.
    pub(super) secured: Option<ExternalSecurity>,
    /// The first listener for clients inside, if the cluster is part of a stack.
    pub(super) listener: Option<Listener>,
    /// The listeners of its controllers. The first is that to connect to.
    pub(super) of_controllers: &'static [(&'static str, u16)],
    /// Its listeners for clients outside.
    pub(super) outside: Vec<OutsideAddress>,
    pub(super) first_brokers: Vec<String>,
    pub(super) brokers: Option<u32>,
    pub(super) controllers: u32,
    pub(super) replication: Replication,
    pub(super) log: LogDefaults,
    pub(super) metrics_port: Option<&'static str>,
    /// Whether brokers export the size of each partition.
    pub(super) partition_sizes: bool,
    /// The longest wait of a broker before it stops, and after it has started; none without a gate.
    pub(super) restart_gate: Option<Duration>,
    pub(super) volume_claims: Vec<VolumeClaims>,
    pub(super) nodes: Vec<Node>,
    pub(super) zookeeper: Option<ZooKeeperHandle>,
    /// The name of the Job that raises its features, if it finalizes a version.
    pub(super) features_job: Option<String>,
    pub(super) made_in: Option<Context>,
    /// The line that made the handle of an external cluster.
    pub(super) location: Option<Location>,
}

/// What others need to know of a cluster with TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) issuer: Issuer,
    /// The subject's `O` of who belongs to the platform, so that no application can have its name.
    pub(super) organization: String,
    /// The bootstrap servers of the listener for the platform.
    pub(super) bootstrap_servers: String,
    /// Whether it has an authorizer.
    pub(super) authorized: bool,
}

/// What clients outside are told of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutsideAddress {
    pub(super) listener: String,
    pub(super) protocol: Protocol,
    pub(super) bootstrap_servers: String,
}

impl KafkaHandle {
    #[track_caller]
    pub(super) fn external(name: String, version: Version, bootstrap_servers: String) -> Self {
        Self(Arc::new(ClusterInfo {
            name,
            mode: Mode::External,
            images: ImageSet::confluent(version),
            first_brokers: connection::addresses(&bootstrap_servers).map(str::to_owned).collect(),
            bootstrap_servers,
            closed: None,
            secured: None,
            listener: None,
            of_controllers: &[],
            outside: Vec::new(),
            brokers: None,
            controllers: 0,
            replication: Replication::new(3, 2),
            log: LogDefaults::KAFKA,
            metrics_port: None,
            partition_sizes: false,
            restart_gate: None,
            volume_claims: Vec::new(),
            nodes: Vec::new(),
            zookeeper: None,
            features_job: None,
            made_in: None,
            location: Some(Location::caller()),
        }))
    }

    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where its metadata is kept.
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.0.images.version()
    }

    /// The images of its version.
    pub fn images(&self) -> &ImageSet {
        &self.0.images
    }

    /// How someone connects to it.
    pub fn client_settings(&self, who: Identity<'_>) -> ClientSettings {
        if let Some(secured) = &self.0.secured {
            return ClientSettings {
                bootstrap_servers: self.0.bootstrap_servers.clone(),
                credentials: Credentials::of(secured.shown()),
                trust: secured.trust(),
            };
        }
        let platform = self.0.closed.as_ref().filter(|_| who.of_platform().is_some());
        let outside = match who {
            Identity::Outside { listener, .. } => self.outside(listener),
            _ => None,
        };
        let inside = self.0.listener.as_ref().map(|listener| &listener.protocol);
        let protocol = outside.map(|outside| &outside.protocol).or(inside);
        let credentials = match (who.of_application(), platform, protocol) {
            (_, Some(_), _) | (Some(_), None, Some(Protocol::Tls)) => Credentials::Certificate,
            (Some(name), None, Some(Protocol::SaslTls)) => Credentials::Password { user: name.to_owned() },
            (Some(_), None, Some(Protocol::Tokens(oauth))) => Credentials::Token(oauth.tokens().clone()),
            _ => Credentials::None,
        };
        let bootstrap_servers = match (platform, outside) {
            (Some(closed), _) => &closed.bootstrap_servers,
            (None, Some(outside)) => &outside.bootstrap_servers,
            (None, None) => &self.0.bootstrap_servers,
        };
        ClientSettings {
            bootstrap_servers: bootstrap_servers.clone(),
            credentials,
            trust: Trust::Secret,
        }
    }

    /// `bootstrap.servers` of its clients.
    pub fn bootstrap_servers(&self) -> &str {
        &self.0.bootstrap_servers
    }

    /// The Secret of someone who connects to it, for a mount at [`IDENTITY_DIRECTORY`](crate::security::IDENTITY_DIRECTORY); none if
    /// nothing is shown to the brokers, and no authority of its own is trusted.
    pub fn secret(&self, who: Identity<'_>) -> Option<String> {
        if !self.client_settings(who).needs_secret() {
            return None;
        }
        match (who.of_platform(), who.of_application()) {
            (Some(name), _) => Some(format!("{}-{name}", self.0.name)),
            (None, Some(name)) => Some(format!("{name}-kafka")),
            (None, None) => None,
        }
    }

    /// What whoever runs a client of an external cluster does beside giving it its files. Of a cluster of the stack its handbook says so.
    pub(crate) fn advice_on_tokens(&self) -> Option<String> {
        let tokens = self.0.secured.as_ref().and_then(ExternalSecurity::tokens);
        tokens.map(TokenEndpoint::of_people)
    }

    /// Its listener for clients outside with this name.
    pub(super) fn outside(&self, listener: &str) -> Option<&OutsideAddress> {
        self.0.outside.iter().find(|outside| outside.listener == listener)
    }

    /// The names of its listeners for clients outside.
    pub(crate) fn outside_listeners(&self) -> impl Iterator<Item = &str> {
        self.0.outside.iter().map(|outside| outside.listener.as_str())
    }

    /// What makes cert-manager write the Secret of someone who connects with a certificate, where cert-manager does.
    pub(crate) fn certificate(&self, who: Identity<'_>, context: &Context, labels: &Labels) -> Option<Certificate> {
        if self.client_settings(who).credentials != Credentials::Certificate {
            return None;
        }
        let closed = self.0.closed.as_ref()?;
        let wanted = Request {
            secret: self.secret(who)?,
            common_name: who.of_application().or(who.of_platform())?.to_owned(),
            organization: who.of_platform().map(|_| closed.organization.clone()),
            dns_names: Vec::new(),
            combined: false,
        };
        closed.issuer.certificate(context, labels, wanted)
    }

    /// The name of the `Certificate` of the exporter, if it connects with one that cert-manager issues.
    pub(crate) fn certificate_of_exporter(&self) -> Option<String> {
        self.issuer()?;
        let connects = self.client_settings(Identity::Exporter).credentials == Credentials::Certificate;
        self.secret(Identity::Exporter).filter(|_| connects)
    }

    /// The name of cert-manager's issuer of its certificates; none if it has none, or something else writes the Secrets.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.0.closed.as_ref()?.issuer.name()
    }

    /// Whether its clients have to show who they are.
    pub(crate) fn is_closed(&self) -> bool {
        self.0
            .listener
            .as_ref()
            .is_some_and(|listener| listener.protocol != Protocol::Plaintext)
    }

    /// Whether what is not permitted is refused.
    pub(crate) fn is_authorized(&self) -> bool {
        self.0.closed.as_ref().is_some_and(|closed| closed.authorized)
    }

    /// The claims to the transactional ids that these permissions cover, where permissions count, as far as it is known here. Of those that
    /// are written as permissions, the same range twice is told too.
    pub(crate) fn claim_transactional_ids(&self, acls: &[Acl], written: &[Acl], location: Location) -> Vec<Claim> {
        let is_known = self.is_authorized() || self.0.secured.is_some();
        let ids = acls.iter().filter(|_| is_known);
        let claim = |acl: &Acl| {
            let (ids, prefixed) = acl.writes_as()?;
            let within = self.bootstrap_servers();
            let mut claim = Claim::new("transactional ids", within, ids, &application::TRANSACTIONAL_RANGE, location)
                .item(ids)
                .hint("choose prefixes of which neither begins with the other and `-`, in `.transactional(…)`, `.group(…)` or `.acl(…)`")
                .in_ranges();
            if written.contains(acl) {
                claim = claim.and_the_same();
            }
            Some(if prefixed { claim.prefix() } else { claim })
        };
        ids.filter_map(claim).collect()
    }

    /// What Kafka's tools take after `--bootstrap-server`: in the pod of a node, or, for an external cluster, where someone has the file.
    pub(crate) fn tool_arguments(&self) -> String {
        match &self.0.closed {
            None if self.0.secured.is_some() => format!("{} --command-config {CLIENT_FILE}", self.0.bootstrap_servers),
            None => self.0.bootstrap_servers.clone(),
            Some(closed) => format!(
                "{} --command-config {CONFIG_DIRECTORY}/{NODE_CLIENT_FILE}",
                closed.bootstrap_servers
            ),
        }
    }

    /// What they take after `--bootstrap-controller`.
    pub(crate) fn quorum_arguments(&self) -> String {
        let address = self.first_brokers().first().and_then(|address| address.split_once('.'));
        let headless = address.and_then(|(_, rest)| rest.split(':').next()).unwrap_or_default();
        let controllers = self.nodes().iter().filter(|node| node.controller);
        let port = self
            .0
            .of_controllers
            .first()
            .map_or(Listener::CONTROLLER.1, |(_, port)| *port);
        let servers: Vec<String> = controllers
            .map(|node| format!("{}.{headless}:{port}", node.pod))
            .collect();
        match &self.0.closed {
            None => servers.join(","),
            Some(_) => format!(
                "{} --command-config {CONFIG_DIRECTORY}/{NODE_CLIENT_FILE}",
                servers.join(",")
            ),
        }
    }

    /// Whether it is on its way to be closed, and everything still connects in plaintext.
    pub(super) fn only_offers_tls(&self) -> bool {
        self.0.closed.is_none() && self.0.of_controllers.len() > 1
    }

    /// The names of the listeners of its controllers.
    pub(super) fn controller_listeners(&self) -> impl Iterator<Item = &'static str> {
        self.0.of_controllers.iter().map(|(name, _)| *name)
    }

    /// Reports what cannot show the brokers of a closed cluster who it is.
    pub(crate) fn check_open(&self, check: &mut Check<'_>, who: &str, hint: &str) {
        if let Some(lacking) = self.0.secured.as_ref().and_then(ExternalSecurity::lacking) {
            let message = format!("{who} cannot connect to `{}`: {lacking}", self.name());
            check.report(&security::NO_IDENTITY, message, |finding| {
                finding.hint(hint);
            });
        }
        let Some(listener) = self.0.listener.as_ref().filter(|_| self.is_closed()) else {
            return;
        };
        let message = format!(
            "{who} cannot connect to `{}`: listener `{}` is {}",
            self.name(),
            listener.name,
            listener.protocol
        );
        check.report(&security::NO_IDENTITY, message, |finding| {
            finding.hint(hint);
        });
    }

    /// Reports a program that gets no tokens, where clients show them.
    pub(crate) fn check_no_token(&self, check: &mut Check<'_>, who: Identity<'_>, program: &str) {
        if self.client_settings(who).token().is_none() {
            return;
        }
        let (clients, hint) = match &self.0.listener {
            Some(listener) => (
                format!("clients of listener `{}`", listener.name),
                "put a listener with `.scram()` or `.mutual_tls()` before it",
            ),
            None => (
                "its clients".to_owned(),
                "ask who runs it for a listener that takes passwords or certificates, and leave this to a stack that uses it",
            ),
        };
        let message = format!("{program} cannot connect to `{}`: {clients} show tokens", self.name());
        check.report(&security::NO_IDENTITY, message, |finding| {
            finding.hint(hint);
        });
    }

    /// Host and port of as many brokers as a topic has replicas, or the bootstrap servers of an external cluster. A
    /// component waits for them before it creates its topics. They are not all brokers, so that one more broker does
    /// not change the pods that wait.
    pub fn first_brokers(&self) -> &[String] {
        &self.0.first_brokers
    }

    /// The listener that applications inside connect to, unless the cluster is external.
    pub(crate) fn listener(&self) -> Option<&Listener> {
        self.0.listener.as_ref()
    }

    /// The number of its brokers, unless it is external.
    pub fn brokers(&self) -> Option<u32> {
        self.0.brokers
    }

    /// The number of its controllers: 0 with ZooKeeper or if it is external.
    pub fn controllers(&self) -> u32 {
        self.0.controllers
    }

    /// The default replication of topics.
    pub fn replication(&self) -> Replication {
        self.0.replication
    }

    pub(crate) fn log_defaults(&self) -> LogDefaults {
        self.0.log
    }

    /// The labels of its brokers' pods.
    pub(crate) fn broker_labels(&self) -> Labels {
        Labels::new("kafka", &self.0.name, Roles::Broker.component())
    }

    /// The labels of all of its pods.
    pub fn labels(&self) -> Labels {
        Labels::new("kafka", &self.0.name, "")
    }

    /// The name of its pods' metrics port, if its images have a metrics agent.
    pub fn metrics_port(&self) -> Option<&'static str> {
        self.0.metrics_port
    }

    /// Its volumes.
    pub fn volume_claims(&self) -> &[VolumeClaims] {
        &self.0.volume_claims
    }

    /// How long the restart gate lets a broker wait; none without one.
    pub(crate) fn restart_gate(&self) -> Option<Duration> {
        self.0.restart_gate
    }

    /// The nodes of the cluster, in the order of its pools; none for an external cluster.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.0.nodes
    }

    /// Reports a handle of another stack, and what is wrong with an external cluster.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let instead = format!(
            "use `KafkaCluster::external(\"{}\", …, \"{}\")` here",
            self.0.name,
            self.bootstrap_servers()
        );
        check.same_surroundings(&self.0.name, self.0.made_in.as_ref(), instead);
        if let Some(tokens) = self.0.secured.as_ref().and_then(ExternalSecurity::tokens) {
            tokens.check(check, self.name());
        }
        let Some(location) = self.0.location else { return };
        // Its line is known here alone: what is built from the handle only has the list.
        if let Some(finding) = lint::bootstrap(self.bootstrap_servers()) {
            check.add_once(finding, |finding| {
                finding.item(self.name()).at(location);
            });
        }
    }

    /// A claim to a topic of the cluster. Metric names have no dots, so `a.b` and `a_b` collide.
    pub(crate) fn claim_topic(&self, name: &str, location: Location) -> Claim {
        Claim::new("topic", self.bootstrap_servers(), name, &topic::TWICE, location)
            .item(name)
            .alike(name.replace('.', "_"), &topic::NAME_COLLISION)
    }

    /// The name of the Job that raises its features, without the hash.
    pub(crate) fn features_job(&self) -> Option<&str> {
        self.0.features_job.as_deref()
    }

    /// The ensemble that keeps its metadata, in ZooKeeper mode.
    pub fn zookeeper(&self) -> Option<&ZooKeeperHandle> {
        self.0.zookeeper.as_ref()
    }

    /// The line that made the handle, if it is that of an external cluster.
    pub(super) fn location(&self) -> Option<Location> {
        self.0.location
    }

    /// The same external cluster, to which clients connect like this.
    pub(super) fn secured(self, security: ExternalSecurity) -> Self {
        Self(Arc::new(ClusterInfo {
            secured: Some(security),
            ..(*self.0).clone()
        }))
    }

    /// Sets the replication of an external cluster, if it is not 3 with 2 in sync.
    #[must_use]
    pub fn with_replication(&self, replication: Replication) -> Self {
        Self(Arc::new(ClusterInfo {
            replication,
            ..(*self.0).clone()
        }))
    }
}
