//! Kafka Connect: a group of workers that run connectors.

mod alerts;
mod artifact;
pub(crate) mod board;
mod monitored;
mod plugin;
mod rest;
mod secured;

use std::{collections::BTreeSet, fmt, sync::Arc};

pub use artifact::Artifact;
pub use plugin::Plugin;

use k8s_openapi::api::core::v1::{ConfigMap, Container, Probe};

use crate::{
    capacity,
    catalogue::Role,
    construct::{Check, Claim, Construct, Edge, Meta, User},
    context::Context,
    diagnostics::{Origin, rules},
    handbook::{self, Chapter, Task},
    kafka::{ClientRole, Compression, KafkaHandle, Subject, TopicHandle},
    manifest::{Document, Object, Wave},
    metrics,
    name::TopicName,
    quantity::{Bytes, Duration, Resources, Units},
    registry::SchemaRegistryHandle,
    security::{Acl, IDENTITY_DIRECTORY, Principal, Quota, Rest, RestClient},
    settings::{Reader, Settings},
    workload::{
        Access, Distribution, ImageSet, IngressRule, Jvm, JvmCommand, Labels, LogLevel, Logging, METRICS_FILE, Mesh,
        Mount, Pod, PodOptions, Pods, Spread, Version, config_map, container, deployment, disruption_budget, env,
        env_from_field, named_port, network_policy, service, service_account, tcp_probe, wait_for, with_dns_label,
    },
};

const HTTP: (&str, u16) = ("http", 8083);
const FILE: &str = "connect-distributed.properties";

/// Whether source connectors can write each record and its source offset exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactlyOnceSource {
    /// A connector may require it, with `exactly.once.support=required`.
    Enabled,
    /// All workers of a running group must have this value before any of them may be `Enabled`.
    Preparing,
    /// Records may be written twice when a worker stops.
    Disabled,
}

impl fmt::Display for ExactlyOnceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Preparing => "preparing",
            Self::Disabled => "disabled",
        })
    }
}

/// A group of Connect workers.
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
/// let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka));
/// let connect = stack.add(Connect::new("kafka-connect", &kafka).avro(&registry).replicas(3));
/// assert_eq!(connect.url(), "http://kafka-connect.kafka.svc.cluster.local:8083");
/// assert!(synth(&stack).manifests.is_some());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Connect {
    meta: Meta,
    kafka: KafkaHandle,
    images: ImageSet,
    replicas: u16,
    resources: Resources,
    group: String,
    topics: String,
    registry: Option<SchemaRegistryHandle>,
    exactly_once: ExactlyOnceSource,
    rebalance_delay: Duration,
    settings: Settings,
    produces: Vec<TopicHandle>,
    consumes: Vec<(TopicHandle, String)>,
    acls: Vec<Acl>,
    quota: Quota,
    subject: Option<Subject>,
    plugins: Vec<Plugin>,
    secrets: BTreeSet<String>,
    rest: Option<Rest>,
    access: Access,
    mesh: Mesh,
    options: PodOptions,
}

/// Where the workers have the keys of a Secret of their connectors, a file each.
pub(crate) fn secret_directory(secret: &str) -> String {
    format!("{SECRETS_DIRECTORY}/{secret}")
}

const SECRETS_DIRECTORY: &str = "/etc/kafka-connect-secrets";

/// The internal topics of a group: the start of their setting keys, and the end of their names.
const INTERNAL_TOPICS: [(&str, &str); 3] = [("config", "configs"), ("offset", "offsets"), ("status", "status")];

impl Connect {
    /// Two workers of 2 cores and 4 GiB each, with JSON converters and exactly-once sources enabled. The group and its
    /// internal topics are named after the construct.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        let name = name.into();
        Self {
            group: name.clone(),
            topics: name.clone(),
            meta: Meta::new(name),
            kafka: kafka.clone(),
            images: kafka.images().clone(),
            replicas: 2,
            resources: Resources::range(1.cores()..=2.cores(), 3.gib()..=4.gib()),
            registry: None,
            exactly_once: ExactlyOnceSource::Enabled,
            rebalance_delay: Duration::from_seconds(60),
            settings: Settings::default(),
            produces: Vec::new(),
            consumes: Vec::new(),
            acls: Vec::new(),
            quota: Quota::new(),
            subject: None,
            plugins: Vec::new(),
            secrets: BTreeSet::new(),
            rest: None,
            access: Access::applications(),
            mesh: Mesh::Excluded,
            options: PodOptions::default(),
        }
    }

    /// The number of workers.
    pub const fn replicas(mut self, replicas: u16) -> Self {
        self.replicas = replicas;
        self
    }

    /// Requests and limits of each worker. The heap is half of the memory.
    pub const fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// `group.id` of the workers. It must not be the name of a consumer group.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// The internal topics: `<prefix>-configs`, `<prefix>-offsets` and `<prefix>-status`, which no other group may use.
    pub fn internal_topics(mut self, prefix: impl Into<String>) -> Self {
        self.topics = prefix.into();
        self
    }

    /// Keys and values in Avro, with their schemas in this registry.
    pub fn avro(mut self, registry: &SchemaRegistryHandle) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Whether source connectors can write exactly once.
    pub const fn exactly_once_source(mut self, support: ExactlyOnceSource) -> Self {
        self.exactly_once = support;
        self
    }

    /// `scheduled.rebalance.max.delay.ms`: how long the tasks of a lost worker wait for it before other workers take
    /// them; 60 s by default. Kafka's default of five minutes is for workers that keep their identity. Pods of a
    /// Deployment do not, so their tasks would be stopped for the whole time.
    pub const fn rebalance_delay(mut self, delay: Duration) -> Self {
        self.rebalance_delay = delay;
        self
    }

    /// `producer.compression.type`: the compression of what source connectors write.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.settings.set(
            ".compression(…)",
            "producer.compression.type",
            compression.of_producer(),
        );
        self
    }

    /// `producer.max.request.size`: the largest request of source connectors.
    pub fn largest_request(mut self, size: Bytes) -> Self {
        self.settings
            .set(".largest_request(…)", "producer.max.request.size", size.get());
        self
    }

    /// `consumer.max.poll.records`: how many records a sink connector gets at a time.
    pub fn max_poll_records(mut self, records: u32) -> Self {
        self.settings
            .set(".max_poll_records(…)", "consumer.max.poll.records", records);
        self
    }

    /// Its source connectors write this topic: in a closed cluster they may.
    pub fn produces(mut self, topic: &TopicHandle) -> Self {
        self.produces.push(topic.clone());
        self
    }

    /// A sink connector with this name reads this topic, as group `connect-<connector>`: in a closed cluster it may.
    pub fn consumes(mut self, topic: &TopicHandle, connector: impl Into<String>) -> Self {
        self.consumes.push((topic.clone(), connector.into()));
        self
    }

    /// The workers and their connectors may do this too, in a closed cluster, beside what follows from their topics.
    pub fn acl(mut self, acl: Acl) -> Self {
        self.acls.push(acl);
        self
    }

    /// What its tokens call it: the value of the claim that names the user, if that is not the name of the construct. For clusters with
    /// [`oauth`](crate::kafka::TlsListener::oauth) only.
    #[track_caller]
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.subject = Some(Subject::new(name));
        self
    }

    /// How much of each broker the workers and their connectors may use together, in a closed cluster.
    pub const fn quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Classes for connectors that the workers' image lacks, or has beside Kafka's own.
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.plugins.push(plugin);
        self
    }

    /// A Secret of the namespace for connectors: its keys are files of the workers, and their config provider reads no others. A changed
    /// Secret is read when a task starts.
    pub fn secret(mut self, name: impl Into<String>) -> Self {
        self.secrets.insert(name.into());
        self
    }

    /// Closes the REST interface, by https and, if it is said, a password: who reaches it without may start connectors, and read what the
    /// workers may read.
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
    /// let connect = stack.add(
    ///     Connect::new("kafka-connect", &kafka).rest(Rest::tls(Issuer::in_namespace("kafka-ca")).basic_authentication()),
    /// );
    /// assert_eq!(connect.url(), "https://kafka-connect.kafka.svc.cluster.local:8083");
    /// assert!(synth(&stack).manifests.is_some());
    /// ```
    pub fn rest(mut self, rest: Rest) -> Self {
        self.rest = Some(rest);
        self
    }

    /// Who may connect to the REST interface, and so start connectors; by default the stack's own components, such as its
    /// Jobs. The workers may always connect to each other.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Whether the pods are part of an Istio service mesh; by default they are not.
    pub const fn mesh(mut self, mesh: Mesh) -> Self {
        self.mesh = mesh;
        self
    }

    /// Other images than the cluster's, such as one with connectors.
    pub fn images(mut self, images: ImageSet) -> Self {
        self.images = images;
        self
    }

    /// Any other worker setting by its Kafka name. A key that a builder call or the worker itself sets is an error.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    fn labels(&self) -> Labels {
        Labels::new("kafka-connect", &self.meta.name, "worker")
    }

    fn all_settings(&self, context: &Context) -> Settings {
        const FACTOR: &str = "use `.replication(…)` of the cluster";
        const PORT: &str = "it is port 8083";
        const EXACTLY_ONCE: &str = "use `.exactly_once_source(…)`";
        const AVRO: &str = "use `.avro(…)`";
        let mut settings = self.settings.clone();
        self.kafka.client_settings(self.who()).own(
            &mut settings,
            ClientRole::ConnectWorker,
            "it is the cluster that `Connect::new` is given",
        );
        settings
            .resolve_environment()
            .reserve("`${env:…}` works as it is", ["config.providers"])
            .own("group.id", self.group.clone(), "use `.group(…)`")
            .own("listeners", self.listeners(), PORT)
            // Workers forward requests to each other at the pod's address, since the name of a Deployment's pod does
            // not resolve. Connect puts it into a URL as it is: without brackets an IPv6 address becomes
            // `http://fd00%3A%3A1:8083/` (seen with Kafka 4.3.1 and Jersey 3.1.10).
            .own(
                "rest.advertised.host.name",
                self.advertised(context),
                "it is the pod's address, by which workers ask each other",
            )
            .own("rest.advertised.port", HTTP.1.to_string(), PORT)
            .own(
                "exactly.once.source.support",
                self.exactly_once.to_string(),
                EXACTLY_ONCE,
            )
            // Sinks must not read records of aborted transactions.
            .own(
                "consumer.isolation.level",
                (self.exactly_once != ExactlyOnceSource::Disabled).then(|| "read_committed".to_owned()),
                EXACTLY_ONCE,
            )
            .own(
                "scheduled.rebalance.max.delay.ms",
                self.rebalance_delay.as_millis().to_string(),
                "use `.rebalance_delay(…)`",
            )
            .preset("plugin.path", self.plugin_path());
        self.own_rest(&mut settings);
        // The worker's own credentials are files too, and connectors are given no others.
        let identity = self.kafka.secret(self.who()).map(|_| IDENTITY_DIRECTORY.to_owned());
        let secrets = (!self.secrets.is_empty()).then(|| SECRETS_DIRECTORY.to_owned());
        let directories: Vec<String> = identity
            .into_iter()
            .chain(secrets)
            .chain(self.rest_directories())
            .collect();
        if !directories.is_empty() {
            settings.resolve_directories().own(
                "config.providers.dir.param.allowed.paths",
                directories.join(","),
                "use `.secret(…)`",
            );
        }
        for (topic, plural) in INTERNAL_TOPICS {
            let name = format!("{}-{plural}", self.topics);
            let factor = self.kafka.replication().factor.to_string();
            settings
                .own(format!("{topic}.storage.topic"), name, "use `.internal_topics(…)`")
                .own(format!("{topic}.storage.replication.factor"), factor, FACTOR);
        }
        let (converter, url) = match &self.registry {
            None => ("org.apache.kafka.connect.json.JsonConverter", None),
            Some(registry) => (
                "io.confluent.connect.avro.AvroConverter",
                Some(registry.url().to_owned()),
            ),
        };
        for side in ["key", "value"] {
            settings
                .own(format!("{side}.converter"), converter.to_owned(), AVRO)
                .own(format!("{side}.converter.schema.registry.url"), url.clone(), AVRO);
            for (key, value) in self.registry_login() {
                settings.own(format!("{side}.converter.{key}"), value, AVRO);
            }
        }
        settings
    }

    fn plugin_path(&self) -> String {
        let own = match self.images.distribution() {
            Distribution::Confluent => "/usr/share/confluent-hub-components",
            Distribution::Apache => "/opt/kafka/plugins",
        };
        if self.plugins.iter().any(Plugin::is_mounted) {
            format!("{own},{}", plugin::DIRECTORY)
        } else {
            own.to_owned()
        }
    }

    /// The stack's options, with the volumes of plugins and Secrets.
    fn pod_options_of(&self, context: &Context) -> PodOptions {
        let mut options = self.options.clone();
        let plugins = self
            .plugins
            .iter()
            .filter_map(|plugin| plugin.mount(context.kubernetes));
        options.mounts.extend(plugins);
        let secrets = self.secrets.iter();
        options
            .mounts
            .extend(secrets.map(|name| Mount::secret(name, secret_directory(name))));
        options.mounts.extend(self.rest_mounts());
        options
    }

    fn config_map(&self, context: &Context) -> ConfigMap {
        let logging = Logging::of(self.images.version());
        let rules = self
            .images
            .metrics_agent()
            .map(|_| (METRICS_FILE, metrics::connect::AGENT.rules()));
        config_map(
            context,
            &self.labels(),
            &self.meta.name,
            [
                (FILE, self.all_settings(context).properties().to_text()),
                // By default it logs one line per plugin.
                (
                    logging.file(),
                    logging.configuration(&[("org.reflections", LogLevel::Error)], &self.options.log_levels),
                ),
            ]
            .into_iter()
            .chain(rules)
            .chain(self.rest_files())
            .chain(self.kafka.credentials(self.who()).file),
        )
    }

    fn worker(&self) -> Container {
        let token = self.kafka.jvm_option(self.who(), self.images.version());
        let options: Vec<String> = self
            .login_option()
            .into_iter()
            .chain(self.options.jvm.iter().cloned())
            .chain(token)
            .collect();
        let start = JvmCommand {
            tool: "connect-distributed",
            file: FILE,
            prefix: "KAFKA",
            heap: self.resources.heap(),
            options: &options,
            logging: Logging::of(self.images.version()),
        };
        let mut command = start.command(&self.images);
        if self.rest.is_some() {
            command = with_dns_label(command);
        }
        let mut worker = container("connect", self.images.connect(), self.resources, command);
        worker.env = Some(vec![env_from_field("POD_IP", "status.podIP"), env("LOG_DIR", "/tmp")]);
        worker.ports = Some(
            std::iter::once(self.port())
                .chain(self.images.metrics_port())
                .map(|(name, port)| named_port(name, port))
                .collect(),
        );
        // It answers 503 while it starts and 500 when it cannot reach its topics (KIP-1017).
        worker.startup_probe = Some(Probe {
            failure_threshold: Some(60),
            ..self.health()
        });
        worker.readiness_probe = Some(self.health());
        worker.liveness_probe = Some(tcp_probe(self.port().0));
        worker
    }
}

impl Pods for Connect {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Jvm for Connect {}

impl Construct for Connect {
    type Handle = ConnectHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, context: &Context) -> ConnectHandle {
        ConnectHandle(Arc::new(ConnectInfo {
            name: self.meta.name.clone(),
            url: self.url(context),
            replicas: self.replicas,
            rebalance_delay: self.rebalance_delay,
            images: self.images.clone(),
            exactly_once: self.exactly_once,
            override_policy: self
                .settings
                .get("connector.client.config.override.policy")
                .map(str::to_owned),
            classes: self.plugins.iter().flat_map(|plugin| plugin.classes.clone()).collect(),
            secrets: self.secrets.clone(),
            rest: self.rest.as_ref().map(|rest| rest.client(&self.meta.name)),
            registry: self.registry.as_ref().and_then(|registry| registry.rest().cloned()),
            metrics_port: self.images.metrics_port().map(|(name, _)| name),
            cluster: self.kafka.clone(),
            principal: self.principal(),
            made_in: context.clone(),
        }))
    }

    fn claims(&self) -> Vec<Claim> {
        let cluster = self.kafka.bootstrap_servers();
        let location = self.meta.location;
        let mut claims: Vec<Claim> = INTERNAL_TOPICS
            .iter()
            .map(|(_, end)| self.kafka.claim_topic(&format!("{}-{end}", self.topics), location))
            .collect();
        claims.push(Claim::new(
            "group",
            cluster,
            &self.group,
            &rules::registry::GROUP,
            location,
        ));
        if self.exactly_once != ExactlyOnceSource::Disabled {
            let ids = Claim::new(
                "transactional id",
                cluster,
                &self.group,
                &rules::application::TRANSACTIONAL_ID,
                location,
            );
            claims.push(ids.hint("give the workers another group, or the application another prefix"));
        }
        claims.extend(
            self.kafka
                .claim_transactional_ids(&self.principal().acls, &self.acls, location),
        );
        claims
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.kafka.check_subject(check, self.who(), self.subject.as_ref());
        for topic in self.produces.iter().chain(self.consumes.iter().map(|(topic, _)| topic)) {
            topic.check(check);
            let (cluster, here) = (topic.cluster(), &self.kafka);
            if cluster.bootstrap_servers() != here.bootstrap_servers() {
                let message = format!(
                    "topic `{}` is of cluster `{}`, and the workers connect to `{}`",
                    topic.name(),
                    cluster.name(),
                    here.name()
                );
                check.report(&rules::application::ANOTHER_CLUSTER, message, |finding| {
                    finding
                        .item(topic.name())
                        .at(topic.location())
                        .hint(format!("give `Connect::new` the cluster `{}`", cluster.name()));
                });
            }
        }
        if let Some(registry) = &self.registry {
            registry.check(check);
        }
        if let Some(rest) = &self.rest {
            rest.check(check);
        }
        for plugin in &self.plugins {
            for (message, hint) in plugin.problems() {
                check.report(&rules::connector::ARTIFACT, message, |finding| {
                    finding.item(&plugin.name).at(plugin.location).hint(hint);
                });
            }
        }
        if self.replicas == 0 {
            check.report(&rules::registry::REPLICAS, "the group has no workers", |finding| {
                finding.hint("use `.replicas(2)`");
            });
        }
        if self.group.trim().is_empty() {
            check.report(&rules::registry::GROUP, "the group has no name", |finding| {
                finding.hint("name it in `.group(…)`");
            });
        }
        if let Err(error) = TopicName::parse(&format!("{}-configs", self.topics)) {
            check.report(&rules::registry::GROUP, format!("internal topic {error}"), |finding| {
                finding.hint("choose another prefix in `.internal_topics(…)`");
            });
        }
        let reader = Reader {
            role: Role::Worker,
            version: self.images.version(),
            item: "",
        };
        reader.check(check, &self.all_settings(check.context()));
        self.options.check(check, "", self.meta.location);
    }

    fn edges(&self) -> Vec<Edge> {
        self.all_edges()
    }

    /// Its internal topics, with Kafka's default numbers of partitions where none are set.
    fn capacity(&self) -> capacity::Capacity {
        let partitions = |key: &str, default: u32| {
            let set = self.settings.number(key).and_then(|number| number.try_into().ok());
            set.unwrap_or(default)
        };
        let topics = [
            ("configs", 1),
            ("offsets", partitions("offset.storage.partitions", 25)),
            ("status", partitions("status.storage.partitions", 5)),
        ];
        capacity::Capacity {
            topics: topics
                .into_iter()
                .filter_map(|(topic, partitions)| {
                    let name = format!("{}-{topic}", self.topics);
                    self.kafka.internal_topic(name, partitions, self.meta.location)
                })
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
            facts: self.plugins.iter().filter_map(Plugin::licensed).collect(),
            survives: handbook::spare(objects, "worker", "no connector runs"),
            tasks: vec![handbook::restart(name, ns, objects)],
            symptoms: vec![
                Task::new(format!("A connector or task of {name} is not running"))
                    .run(self.handle(context).asked(ns, "/connectors?expand=status"))
                    .runbooks(&[
                        "KafkaConnectConnectorFailed",
                        "KafkaConnectTaskFailed",
                        "KafkaConnectRebalancing",
                    ]),
            ],
            ..Chapter::default()
        }
    }

    fn documents<'a>(&'a self, _: &'a Context, _: &[Object]) -> Vec<Document<'a>> {
        let documents = self.plugins.iter().map(|plugin| plugin.document(&self.meta.name));
        documents.flatten().collect()
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let labels = self.labels();
        let config = self.config_map(context);
        let options = self.kafka.credentials(self.who()).with(&self.pod_options_of(context));
        let copies = self.plugins.iter().filter_map(|plugin| plugin.copy(context.kubernetes));
        let pod = Pod {
            labels: &labels,
            service_account: &self.meta.name,
            user: ImageSet::USER,
            config: Some(&config),
            // A worker exits if it finds no broker for a minute, and its topics need as many brokers as replicas.
            wait: Some(wait_for(
                "wait-for-kafka",
                self.images.connect(),
                self.kafka.first_brokers(),
            )),
            init_containers: self
                .kafka
                .wait_for_permissions(&self.meta.name, &self.group)
                .into_iter()
                .chain(copies)
                .collect(),
            container: self.worker(),
            grace_period: Duration::from_seconds(60),
            spread: Spread::Preferred,
            mesh: self.mesh,
            options: &options,
        };
        let mut ingress = vec![IngressRule::Clients(self.access.clone(), vec![HTTP.1])];
        ingress.extend(
            self.images
                .metrics_port()
                .map(|(_, port)| IngressRule::Monitoring(vec![port])),
        );
        let certificate = self.kafka.certificate(self.who(), context, &labels);
        let certificates = certificate.into_iter().chain(self.rest_certificate(context));
        let objects = [
            Object::new(&service_account(context, &labels, &self.meta.name)),
            Object::new(&config).with_origins(self.all_settings(context).origins(
                &format!("/data/{FILE}"),
                "",
                "",
                self.meta.location,
            )),
            Object::new(&service(context, &labels, &self.meta.name, &[self.port()])),
            Object::new(&network_policy(context, &labels, &self.meta.name, ingress)),
            Object::new(&disruption_budget(context, &labels, &self.meta.name)),
            Object::new(&deployment(context, &self.meta.name, self.replicas, pod))
                .in_wave(Wave::Clients)
                .of_version(self.images.version())
                .with_origins([Origin::of_resources("", self.meta.location)]),
        ];
        let certificates: Vec<Object> = certificates.map(|certificate| Object::new(&certificate)).collect();
        objects.into_iter().chain(certificates).collect()
    }
}

/// A Connect group that is part of a stack: what monitoring is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectHandle(Arc<ConnectInfo>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct ConnectInfo {
    name: String,
    url: String,
    replicas: u16,
    rebalance_delay: Duration,
    images: ImageSet,
    exactly_once: ExactlyOnceSource,
    override_policy: Option<String>,
    classes: BTreeSet<String>,
    secrets: BTreeSet<String>,
    rest: Option<RestClient>,
    /// How they get into the registry of their converters, if that is closed.
    registry: Option<RestClient>,
    metrics_port: Option<&'static str>,
    cluster: KafkaHandle,
    principal: Principal,
    made_in: Context,
}

impl ConnectHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The cluster that its workers use.
    pub fn cluster(&self) -> &KafkaHandle {
        &self.0.cluster
    }

    /// Reports a handle of another stack.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let instead = "add the `Connect` to this stack, or the `Monitoring` to its own".to_owned();
        check.same_surroundings(&self.0.name, Some(&self.0.made_in), instead);
    }

    /// The address of its REST interface.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// How clients get into its REST interface, if it is closed.
    pub(crate) fn rest(&self) -> Option<&RestClient> {
        self.0.rest.as_ref()
    }

    /// The number of its workers.
    pub fn replicas(&self) -> u16 {
        self.0.replicas
    }

    /// How long the tasks of a lost worker wait for it.
    pub(crate) fn rebalance_delay(&self) -> Duration {
        self.0.rebalance_delay
    }

    /// The version of its workers.
    pub(crate) fn version(&self) -> Version {
        self.0.images.version()
    }

    /// Whether sources may write exactly once.
    pub(crate) fn is_exactly_once(&self) -> bool {
        self.0.exactly_once == ExactlyOnceSource::Enabled
    }

    /// Whether sinks leave out records of open and aborted transactions.
    pub(crate) fn reads_committed(&self) -> bool {
        self.0.exactly_once != ExactlyOnceSource::Disabled
    }

    /// `connector.client.config.override.policy`, if it is set.
    pub(crate) fn override_policy(&self) -> Option<&str> {
        self.0.override_policy.as_deref()
    }

    /// Whether its workers have a Secret for connectors.
    pub(crate) fn has_secret(&self, name: &str) -> bool {
        self.0.secrets.contains(name)
    }

    /// Whether its workers have the files to get into a registry that is closed.
    pub(crate) fn gets_into(&self, registry: &RestClient) -> bool {
        self.0.registry.as_ref() == Some(registry)
    }

    /// Whether its workers have a class, as far as it is declared.
    pub(crate) fn has_class(&self, class: &str) -> bool {
        // The examples of connectors with files are in no folder of `plugin.path`.
        let of_kafka =
            class.starts_with("org.apache.kafka.connect.") && !class.starts_with("org.apache.kafka.connect.file.");
        let of_confluent = ["avro", "json", "protobuf"]
            .iter()
            .any(|format| class.starts_with(&format!("io.confluent.connect.{format}.")));
        of_kafka
            || of_confluent && self.0.images.distribution() == Distribution::Confluent
            || self.0.classes.contains(class)
    }

    /// The labels of its pods.
    pub fn labels(&self) -> Labels {
        Labels::new("kafka-connect", &self.0.name, "worker")
    }

    /// The name of its pods' metrics port, if its images have a metrics agent.
    pub fn metrics_port(&self) -> Option<&'static str> {
        self.0.metrics_port
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{KafkaCluster, Stack, Version};

    #[test]
    fn a_group_without_a_registry_converts_json_and_is_called_after_its_construct() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        assert_snapshot!(Connect::new("pipes", &kafka).all_settings(Stack::new("test", "streams").context()).properties().to_text(), @r"
        bootstrap.servers=k:9092
        config.providers=env
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        config.storage.replication.factor=3
        config.storage.topic=pipes-configs
        consumer.isolation.level=read_committed
        exactly.once.source.support=enabled
        group.id=pipes
        key.converter=org.apache.kafka.connect.json.JsonConverter
        listeners=http://0.0.0.0:8083
        offset.storage.replication.factor=3
        offset.storage.topic=pipes-offsets
        plugin.path=/usr/share/confluent-hub-components
        rest.advertised.host.name=${env:POD_IP}
        rest.advertised.port=8083
        scheduled.rebalance.max.delay.ms=60000
        status.storage.replication.factor=3
        status.storage.topic=pipes-status
        value.converter=org.apache.kafka.connect.json.JsonConverter
        ");
    }
}
