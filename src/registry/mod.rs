//! The Schema Registry: Confluent's, or Apicurio's behind the same interface.

mod alerts;
mod apicurio;
pub(crate) mod board;
mod confluent;
mod monitored;
mod secured;

use std::{fmt, sync::Arc};

use k8s_openapi::api::core::v1::{ConfigMap, Container};

use crate::{
    capacity,
    construct::{Check, Claim, Construct, Meta, User},
    context::Context,
    diagnostics::{Location, Origin, rules::registry},
    handbook::{self, Chapter, Task},
    kafka::{KafkaHandle, Subject},
    lint,
    manifest::{Object, Wave},
    quantity::{Duration, Resources, Units},
    security::{Certificate, Principal, Rest, RestClient, RestServer},
    settings::Settings,
    workload::{
        Access, IngressRule, Jvm, Labels, METRICS_PORT, METRICS_PORT_NAME, Mesh, Mount, Pod, PodOptions, Pods, Spread,
        deployment, disruption_budget, network_policy, service, service_account, wait_for,
    },
};

const ONE_IS_ENOUGH: &str = "remove one of the two: one registry serves a whole cluster";
const HTTP: (&str, u16) = ("http", 8081);

/// The registry's software. Clients use Confluent's interface for both, at different paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistryImplementation {
    /// Confluent Schema Registry, under the Confluent Community License: the one that most clients are made for.
    #[default]
    Confluent,
    /// Apicurio Registry, under the Apache License, with its Kafka storage.
    Apicurio,
}

/// What differs between the implementations.
struct Instance {
    config: ConfigMap,
    /// Init containers that run once Kafka is ready, before the registry starts.
    prepare: Vec<Container>,
    container: Container,
    /// The user that the image is made for.
    user: i64,
    /// Whether the metrics agent's port is open.
    has_agent: bool,
}

/// The compatibility level: which changes of a subject's schema are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compatibility {
    /// `BACKWARD`: readers with the new schema can read records of the last schema.
    Backward,
    /// `BACKWARD_TRANSITIVE`: readers with the new schema can read records of all earlier schemas.
    BackwardTransitive,
    /// `FORWARD`: readers with the last schema can read records of the new one.
    Forward,
    /// `FORWARD_TRANSITIVE`: readers with any earlier schema can read records of the new one.
    ForwardTransitive,
    /// `FULL`: both ways with the last schema.
    Full,
    /// `FULL_TRANSITIVE`: both ways with all earlier schemas.
    FullTransitive,
    /// `NONE`: no check.
    None,
}

impl Compatibility {
    /// Whether readers with the new schema are checked.
    pub(crate) const fn checks_backward(self) -> bool {
        matches!(
            self,
            Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive
        )
    }

    /// Whether readers with an earlier schema are checked.
    pub(crate) const fn checks_forward(self) -> bool {
        matches!(
            self,
            Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive
        )
    }

    /// Whether all earlier schemas are checked, not only the last.
    pub(crate) const fn is_transitive(self) -> bool {
        matches!(
            self,
            Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive
        )
    }

    /// Whether it allows a change that the other forbids.
    pub(crate) const fn is_weaker_than(self, other: Self) -> bool {
        other.checks_backward() && !self.checks_backward()
            || other.checks_forward() && !self.checks_forward()
            || other.is_transitive() && !self.is_transitive()
    }
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backward => "backward",
            Self::BackwardTransitive => "backward_transitive",
            Self::Forward => "forward",
            Self::ForwardTransitive => "forward_transitive",
            Self::Full => "full",
            Self::FullTransitive => "full_transitive",
            Self::None => "none",
        })
    }
}

/// A schema registry, which stores schemas in a topic of the cluster.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3)),
/// );
/// let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka).compatibility(Compatibility::Full));
/// assert_eq!(registry.url(), "http://schema-registry.kafka.svc.cluster.local:8081");
/// assert!(synth(&stack).manifests.is_some());
///
/// let apicurio = SchemaRegistry::new("schema-registry", &kafka).implementation(RegistryImplementation::Apicurio);
/// # let _ = apicurio;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct SchemaRegistry {
    meta: Meta,
    subject: Option<Subject>,
    kafka: KafkaHandle,
    implementation: RegistryImplementation,
    image: Option<String>,
    replicas: u16,
    resources: Resources,
    compatibility: Compatibility,
    rest: Option<Rest>,
    access: Access,
    mesh: Mesh,
    settings: Settings,
    options: PodOptions,
}

impl SchemaRegistry {
    /// Two instances of 1 core and 2 GiB each, with compatibility `BACKWARD`, in the version that matches the
    /// cluster's.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            meta: Meta::new(name),
            subject: None,
            kafka: kafka.clone(),
            implementation: RegistryImplementation::default(),
            image: None,
            replicas: 2,
            resources: Resources::range(250.millicores()..=1.cores(), 2.gib()..=2.gib()),
            compatibility: Compatibility::Backward,
            rest: None,
            access: Access::applications(),
            mesh: Mesh::Excluded,
            settings: Settings::default(),
            options: PodOptions::default(),
        }
    }

    /// What its tokens call it: the value of the claim that names the user, if that is not the name of the construct. For clusters with
    /// [`oauth`](crate::kafka::TlsListener::oauth) only.
    #[track_caller]
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.subject = Some(Subject::new(name));
        self
    }

    /// An external registry, by its address.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// assert_eq!(SchemaRegistry::external("https://schemas.example.com").url(), "https://schemas.example.com");
    /// ```
    #[track_caller]
    pub fn external(url: impl Into<String>) -> SchemaRegistryHandle {
        SchemaRegistryHandle(Arc::new(RegistryInfo {
            name: "external".to_owned(),
            url: url.into(),
            replicas: 0,
            metrics_port: None,
            compatibility: None,
            cluster: None,
            principal: None,
            rest: None,
            access: None,
            location: Location::caller(),
            made_in: None,
        }))
    }

    /// The number of instances, of which one writes and the others forward to it.
    pub const fn replicas(mut self, replicas: u16) -> Self {
        self.replicas = replicas;
        self
    }

    /// Requests and limits of each instance. The heap is half of the memory.
    pub const fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// The default compatibility level of subjects.
    pub const fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
        self
    }

    /// Closes the REST interface, by https and, if it is said, a password.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.example.com:9092");
    /// let registry = SchemaRegistry::new("schema-registry", &kafka)
    ///     .rest(Rest::tls(Issuer::in_namespace("kafka-ca")).basic_authentication());
    /// # let _ = registry;
    /// ```
    pub fn rest(mut self, rest: Rest) -> Self {
        self.rest = Some(rest);
        self
    }

    /// Who may connect; by default the stack's own components, and the pods of its applications with `.avro`. The instances
    /// may always connect to each other.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Whether the pods are part of an Istio service mesh; by default they are not.
    pub const fn mesh(mut self, mesh: Mesh) -> Self {
        self.mesh = mesh;
        self
    }

    /// The registry's software; Confluent's by default.
    pub const fn implementation(mut self, implementation: RegistryImplementation) -> Self {
        self.implementation = implementation;
        self
    }

    /// Another image of the same implementation, such as one in a mirror.
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Any other setting by its name. A key that a builder call or the registry itself sets is an error.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    fn all_settings(&self, context: &Context) -> Settings {
        match self.implementation {
            RegistryImplementation::Confluent => confluent::settings(self, context),
            RegistryImplementation::Apicurio => apicurio::settings(self),
        }
    }

    fn instance(&self, context: &Context) -> Instance {
        match self.implementation {
            RegistryImplementation::Confluent => confluent::instance(self, context),
            RegistryImplementation::Apicurio => apicurio::instance(self, context),
        }
    }

    /// The topics that it keeps schemas in.
    const fn topics(&self) -> &'static [&'static str] {
        match self.implementation {
            RegistryImplementation::Confluent => &[confluent::TOPIC],
            RegistryImplementation::Apicurio => &apicurio::TOPICS,
        }
    }

    /// The path of Confluent's interface.
    const fn path(&self) -> &'static str {
        match self.implementation {
            RegistryImplementation::Confluent => "",
            RegistryImplementation::Apicurio => apicurio::PATH,
        }
    }

    fn labels(&self) -> Labels {
        Labels::new("schema-registry", &self.meta.name, "server")
    }

    fn server(&self) -> Option<RestServer<'_>> {
        Some(self.rest.as_ref()?.server(&self.meta.name))
    }

    /// The port, and its name, which is the scheme too.
    const fn port(&self) -> (&'static str, u16) {
        if self.rest.is_some() { ("https", HTTP.1) } else { HTTP }
    }

    /// The Secrets of its REST interface. Apicurio reads PEM, and its password from the environment.
    fn rest_mount(&self) -> Option<Mount> {
        let is_confluent = self.implementation == RegistryImplementation::Confluent;
        Some(self.server()?.mount(is_confluent))
    }

    /// The names that clients dial; Confluent's instances dial each other too.
    fn rest_certificate(&self, context: &Context) -> Option<Certificate> {
        let is_confluent = self.implementation == RegistryImplementation::Confluent;
        let mut names = vec![context.service_address(&self.meta.name)];
        names.extend(is_confluent.then(|| context.pod_address("*")));
        self.server()?.certificate(context, &self.labels(), names, is_confluent)
    }

    /// The commands of a person who asks for its subjects.
    fn asked(&self, context: &Context) -> Vec<String> {
        let (name, namespace) = (&self.meta.name, &context.namespace);
        let path = format!("{}/subjects", self.path());
        match (&self.rest, self.implementation) {
            (None, _) => handbook::asked(namespace, name, HTTP.1, &path).into(),
            (Some(_), RegistryImplementation::Confluent) => vec![RestServer::asked(namespace, name, &path)],
            (Some(rest), RegistryImplementation::Apicurio) => {
                rest.client(name)
                    .asked(namespace, &context.service_address(name), HTTP.1, &path)
            }
        }
    }
}

impl Pods for SchemaRegistry {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Jvm for SchemaRegistry {}

impl Construct for SchemaRegistry {
    type Handle = SchemaRegistryHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, context: &Context) -> SchemaRegistryHandle {
        SchemaRegistryHandle(Arc::new(RegistryInfo {
            name: self.meta.name.clone(),
            url: format!(
                "{}://{}:{}{}",
                self.port().0,
                context.service_address(&self.meta.name),
                self.port().1,
                self.path()
            ),
            replicas: self.replicas,
            metrics_port: (self.implementation == RegistryImplementation::Confluent).then_some(METRICS_PORT_NAME),
            compatibility: Some(self.compatibility),
            cluster: Some(self.kafka.clone()),
            principal: Some(self.principal()),
            rest: self.rest.as_ref().map(|rest| rest.client(&self.meta.name)),
            access: Some(self.access.clone()),
            location: self.meta.location,
            made_in: Some(context.clone()),
        }))
    }

    fn claims(&self) -> Vec<Claim> {
        let location = self.meta.location;
        let mut claims: Vec<Claim> = self
            .topics()
            .iter()
            .map(|topic| self.kafka.claim_topic(topic, location).hint(ONE_IS_ENOUGH))
            .collect();
        let cluster = self.kafka.bootstrap_servers();
        claims.push(match self.implementation {
            RegistryImplementation::Confluent => {
                Claim::new("group", cluster, &self.meta.name, &registry::GROUP, location)
            }
            RegistryImplementation::Apicurio => Claim::groups_beginning(cluster, apicurio::GROUPS, location),
        });
        claims
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.kafka.check_subject(check, self.who(), self.subject.as_ref());
        if self.replicas == 0 {
            check.report(&registry::REPLICAS, "the registry has no instance", |finding| {
                finding.hint("use `.replicas(2)`");
            });
        }
        if let Some(rest) = &self.rest {
            rest.check(check);
        }
        self.all_settings(check.context())
            .check_raw(check, &registry::OWNED_SETTING, "");
        self.options.check(check, "", self.meta.location);
    }

    fn capacity(&self) -> capacity::Capacity {
        capacity::Capacity {
            topics: self
                .topics()
                .iter()
                .filter_map(|topic| self.kafka.internal_topic(*topic, 1, self.meta.location))
                .collect(),
            ..capacity::Capacity::default()
        }
    }

    fn users(&self) -> Vec<User> {
        self.kafka
            .user(&self.meta.name, self.subject.as_ref(), Vec::new())
            .into_iter()
            .collect()
    }

    fn chapter(&self, context: &Context, objects: &[Object]) -> Chapter {
        let (name, ns) = (&self.meta.name, &context.namespace);
        Chapter {
            survives: handbook::spare(objects, "instance", "clients use only the schemas that they have read"),
            tasks: vec![handbook::restart(name, ns, objects)],
            symptoms: vec![
                Task::new(format!("{name} refuses or does not answer"))
                    .run([format!(
                        "kubectl -n {ns} get pods -o wide -l app.kubernetes.io/instance={name}"
                    )])
                    .run(self.asked(context))
                    .runbooks(&["KafkaSchemaRegistryNoPrimary"]),
            ],
            ..Chapter::default()
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let labels = self.labels();
        let mut instance = self.instance(context);
        let credentials = self.kafka.credentials(self.who());
        let files = instance.config.data.get_or_insert_default();
        files.extend(credentials.file.clone().map(|(name, text)| (name.to_owned(), text)));
        let wait = self.kafka.wait_for_permissions(&self.meta.name, &self.a_group());
        let mut options = credentials.with(&self.options);
        options.mounts.extend(self.rest_mount());
        let certificate = self.kafka.certificate(self.who(), context, &labels);
        let certificates = certificate.into_iter().chain(self.rest_certificate(context));
        let certificates: Vec<Object> = certificates.map(|certificate| Object::new(&certificate)).collect();
        let image = instance.container.image.clone().unwrap_or_default();
        let mut ingress = vec![IngressRule::Clients(self.access.clone(), vec![HTTP.1])];
        if instance.has_agent {
            ingress.push(IngressRule::Monitoring(vec![METRICS_PORT]));
        }
        let pod = Pod {
            labels: &labels,
            service_account: &self.meta.name,
            user: instance.user,
            config: Some(&instance.config),
            // The registry creates its topic with as many replicas as it finds brokers, and exits if it finds none.
            wait: Some(wait_for("wait-for-kafka", &image, self.kafka.first_brokers())),
            init_containers: wait.into_iter().chain(instance.prepare).collect(),
            container: instance.container,
            grace_period: Duration::from_seconds(30),
            spread: Spread::Preferred,
            mesh: self.mesh,
            options: &options,
        };
        let objects = [
            Object::new(&service_account(context, &labels, &self.meta.name)),
            Object::new(&instance.config),
            Object::new(&service(context, &labels, &self.meta.name, &[self.port()])),
            Object::new(&network_policy(context, &labels, &self.meta.name, ingress)),
            Object::new(&disruption_budget(context, &labels, &self.meta.name)),
            Object::new(&deployment(context, &self.meta.name, self.replicas, pod))
                .in_wave(Wave::Clients)
                .with_origins([Origin::of_resources("", self.meta.location)]),
        ];
        objects.into_iter().chain(certificates).collect()
    }
}

/// A registry that is part of a stack, or an external one: what converters and monitoring are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRegistryHandle(Arc<RegistryInfo>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct RegistryInfo {
    name: String,
    url: String,
    replicas: u16,
    metrics_port: Option<&'static str>,
    compatibility: Option<Compatibility>,
    cluster: Option<KafkaHandle>,
    principal: Option<Principal>,
    rest: Option<RestClient>,
    /// Whom its network policy admits; unknown for an external registry.
    access: Option<Access>,
    location: Location,
    made_in: Option<Context>,
}

impl SchemaRegistryHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The cluster that keeps its schemas; unknown for an external registry.
    pub fn cluster(&self) -> Option<&KafkaHandle> {
        self.0.cluster.as_ref()
    }

    /// Reports a handle of another stack that a client uses, and an address that is not a URL.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let instead = format!("use `SchemaRegistry::external(\"{}\")` here", self.0.url);
        self.check_or(instead, check);
    }

    /// Reports a handle of another stack that is monitored here, and an address that is not a URL.
    pub(super) fn check_monitored(&self, check: &mut Check<'_>) {
        let instead = "add the `SchemaRegistry` to this stack, or the `Monitoring` to its own".to_owned();
        self.check_or(instead, check);
    }

    fn check_or(&self, instead: String, check: &mut Check<'_>) {
        check.same_surroundings(&self.0.name, self.0.made_in.as_ref(), instead);
        // The line of the handle is known here alone.
        if let Some(finding) = lint::registry_url(&self.0.url) {
            check.add(finding, |_| {});
        }
    }

    /// The address of its REST interface.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// How clients get in, if it is closed and part of a stack.
    pub(crate) fn rest(&self) -> Option<&RestClient> {
        self.0.rest.as_ref()
    }

    /// Lets these pods in, which its own network policy does not admit: the policy's rule.
    pub(crate) fn admit(&self, pods: &Access) -> Option<IngressRule> {
        let access = self.0.access.as_ref()?;
        (!access.admits(pods)).then(|| IngressRule::Clients(pods.clone(), vec![HTTP.1]))
    }

    /// The first of its addresses: an external registry may have several, separated by commas.
    pub(crate) fn first_url(&self) -> &str {
        self.0.url.split(',').next().unwrap_or_default().trim()
    }

    /// Whether it is Apicurio's, which has Confluent's interface at a path of its own.
    pub(crate) fn is_apicurio(&self) -> bool {
        self.0.url.contains(apicurio::PATHS)
    }

    /// The default level of its subjects, unless it is external.
    pub fn compatibility(&self) -> Option<Compatibility> {
        self.0.compatibility
    }

    /// The number of its instances; 0 if it is external.
    pub fn replicas(&self) -> u16 {
        self.0.replicas
    }

    /// The labels of its pods.
    pub fn labels(&self) -> Labels {
        Labels::new("schema-registry", &self.0.name, "server")
    }

    /// The name of its pods' metrics port, if its images have a metrics agent.
    pub fn metrics_port(&self) -> Option<&'static str> {
        self.0.metrics_port
    }
}
