//! The Schema Registry.

use std::{fmt, sync::Arc};

use k8s_openapi::api::core::v1::{ConfigMap, Container, Probe};

use crate::{
    construct::{Check, Construct, Origin, Override},
    kafka::{KafkaHandle, check_heap},
    kubernetes::{
        Access, Admission, Labels, Pod, Sidecar, Spread, config_map, container, deployment, disruption_budget, env,
        env_from_field, http_probe, named_port, network_policy, service, service_account, tcp_probe, wait_for,
    },
    manifest::Object,
    metrics,
    properties::Properties,
    quantity::{Duration, Resources, Units},
    rules::registry,
    runtime::{ImageSet, Logging, METRICS_FILE, METRICS_PORT, METRICS_PORT_NAME, Start},
    stack::Scope,
};

const HTTP: (&str, u16) = ("http", 8081);
const FILE: &str = "schema-registry.properties";

/// Which schemas may follow on a subject's earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compatibility {
    /// New readers read what the last schema wrote.
    Backward,
    /// New readers read what any earlier schema wrote.
    BackwardTransitive,
    /// Readers of the last schema read what the new one writes.
    Forward,
    /// Readers of any earlier schema read what the new one writes.
    ForwardTransitive,
    /// Both ways with the last schema.
    Full,
    /// Both ways with all earlier schemas.
    FullTransitive,
    /// Anything may follow.
    None,
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

/// Confluent's Schema Registry, which keeps its schemas in a topic of the cluster.
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
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SchemaRegistry {
    name: String,
    origin: Origin,
    kafka: KafkaHandle,
    images: ImageSet,
    replicas: u32,
    resources: Resources,
    compatibility: Compatibility,
    access: Access,
    sidecar: Sidecar,
    overrides: Vec<Override>,
}

/// Settings that follow from the construct, and what to do instead.
const OWNED: [(&str, &str); 7] = [
    ("host.name", "it is the pod's address, since a leader is asked by it"),
    (
        "kafkastore.bootstrap.servers",
        "it is the cluster that `SchemaRegistry::new` is given",
    ),
    ("kafkastore.topic", "it is `_schemas`"),
    (
        "kafkastore.topic.replication.factor",
        "use `.replication(…)` of the cluster",
    ),
    ("listeners", "it is port 8081"),
    ("schema.compatibility.level", "use `.compatibility(…)`"),
    ("schema.registry.group.id", "it is the name in `SchemaRegistry::new`"),
];

impl SchemaRegistry {
    /// Two instances of 1 core and 2 GiB each, with compatibility BACKWARD, in the version that belongs to the cluster's.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            name: name.into(),
            origin: Origin::here(),
            kafka: kafka.clone(),
            images: ImageSet::confluent(kafka.version()),
            replicas: 2,
            resources: Resources::range(250.millicores()..=1.cores(), 2.gib()..=2.gib()),
            compatibility: Compatibility::Backward,
            access: Access::Open,
            sidecar: Sidecar::None,
            overrides: Vec::new(),
        }
    }

    /// A registry made elsewhere, by its address.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// assert_eq!(SchemaRegistry::external("https://schemas.example.com").url(), "https://schemas.example.com");
    /// ```
    pub fn external(url: impl Into<String>) -> SchemaRegistryHandle {
        SchemaRegistryHandle(Arc::new(Facts {
            name: "external".to_owned(),
            url: url.into(),
            replicas: 0,
            metrics_port: None,
        }))
    }

    /// The number of instances, of which one writes and the others forward to it.
    pub const fn replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    /// What each instance asks for and may use at most. The heap is half of the memory.
    pub const fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// Which schemas may follow on a subject's earlier ones, unless the subject says otherwise.
    pub const fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
        self
    }

    /// Who may connect.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Whether Istio may put its proxy beside the pods.
    pub const fn sidecar(mut self, sidecar: Sidecar) -> Self {
        self.sidecar = sidecar;
        self
    }

    /// Other images than Confluent's own, as a mirror of them.
    pub fn images(mut self, images: ImageSet) -> Self {
        self.images = images;
        self
    }

    /// Any other setting by its name. A key that a builder call or the registry itself sets is refused.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.overrides.push(Override::new(key, value));
        self
    }

    fn labels(&self) -> Labels {
        Labels::new("schema-registry", &self.name, "server")
    }

    fn properties(&self) -> Properties {
        let mut properties = Properties::default();
        let servers = self
            .kafka
            .bootstrap_servers()
            .split(',')
            .map(|server| format!("PLAINTEXT://{}", server.trim()))
            .collect::<Vec<_>>();
        properties
            .resolve_environment()
            .set("listeners", format!("http://0.0.0.0:{}", HTTP.1))
            // Instances that are not the leader forward writes to it under this name: a pod's own address, never the Service.
            .set("host.name", "${env:POD_IP}")
            .set("kafkastore.bootstrap.servers", servers.join(","))
            .set("kafkastore.topic", "_schemas")
            .set("kafkastore.topic.replication.factor", self.kafka.replication().factor)
            .set("schema.registry.group.id", &self.name)
            .set("schema.compatibility.level", self.compatibility);
        for Override { key, value, .. } in &self.overrides {
            properties.set(key, value);
        }
        properties
    }

    fn config_map(&self, scope: &Scope) -> ConfigMap {
        let logging = Logging::of(self.images.version());
        let mut config = config_map(
            scope,
            &self.labels(),
            &self.name,
            [
                (FILE, self.properties().to_text()),
                (logging.file(), logging.configuration(&[])),
            ],
        );
        if self.images.metrics_agent().is_some() {
            config.data.get_or_insert_default().insert(
                METRICS_FILE.to_owned(),
                metrics::agent_rules(metrics::Process::SchemaRegistry),
            );
        }
        config
    }

    fn server(&self) -> Container {
        let start = Start {
            tool: "schema-registry-start",
            file: FILE,
            prefix: "SCHEMA_REGISTRY",
            heap: self.resources.heap(),
            logging: Logging::of(self.images.version()),
        };
        let mut server = container(
            "schema-registry",
            self.images.schema_registry(),
            self.resources,
            start.command(&self.images),
        );
        server.env = Some(vec![env_from_field("POD_IP", "status.podIP"), env("LOG_DIR", "/tmp")]);
        server.ports = Some(
            std::iter::once(HTTP)
                .chain(self.images.metrics_agent().map(|_| (METRICS_PORT_NAME, METRICS_PORT)))
                .map(|(name, port)| named_port(name, port))
                .collect(),
        );
        // It answers only once it has read all schemas.
        server.startup_probe = Some(Probe {
            failure_threshold: Some(30),
            ..http_probe("/subjects", HTTP.0)
        });
        server.readiness_probe = Some(http_probe("/subjects", HTTP.0));
        server.liveness_probe = Some(tcp_probe(HTTP.0));
        server
    }
}

impl Construct for SchemaRegistry {
    type Handle = SchemaRegistryHandle;

    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn origin_mut(&mut self) -> &mut Origin {
        &mut self.origin
    }

    fn handle(&self, scope: &Scope) -> SchemaRegistryHandle {
        SchemaRegistryHandle(Arc::new(Facts {
            name: self.name.clone(),
            url: format!("http://{}:{}", scope.service_address(&self.name), HTTP.1),
            replicas: self.replicas,
            metrics_port: self.images.metrics_agent().map(|_| METRICS_PORT_NAME),
        }))
    }

    fn check(&self, check: &mut Check<'_>) {
        if self.replicas == 0 {
            check.report(&registry::REPLICAS, "the registry has no instance", |finding| {
                finding.hint("use `.replicas(2)`");
            });
        }
        check.refuse_owned(&registry::OWNED_SETTING, "", &OWNED, &self.overrides);
        check_heap(check, self.resources, self.origin.location);
    }

    fn render(&self, scope: &Scope) -> Vec<Object> {
        let labels = self.labels();
        let config = self.config_map(scope);
        let pod = Pod {
            labels: &labels,
            service_account: &self.name,
            user: ImageSet::USER,
            config: Some(&config),
            // The registry creates its topic with as many replicas as it finds brokers, and ends if it finds none.
            init_containers: vec![wait_for(
                "wait-for-kafka",
                self.images.schema_registry(),
                self.kafka.broker_addresses(),
            )],
            container: self.server(),
            grace_period: Duration::from_seconds(30),
            spread: Spread::Preferred,
            sidecar: self.sidecar,
        };
        let mut admissions = vec![Admission::Clients(self.access.clone(), vec![HTTP.1])];
        if self.images.metrics_agent().is_some() {
            admissions.push(Admission::Monitoring(vec![METRICS_PORT]));
        }
        vec![
            Object::new(&service_account(scope, &labels, &self.name)),
            Object::new(&config),
            Object::new(&service(scope, &labels, &self.name, &[HTTP])),
            Object::new(&network_policy(scope, &labels, &self.name, admissions)),
            Object::new(&disruption_budget(scope, &labels, &self.name)),
            Object::new(&deployment(scope, &self.name, self.replicas, pod)),
        ]
    }
}

/// A registry that is part of a stack, or was made elsewhere: what converters and monitoring are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRegistryHandle(Arc<Facts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    name: String,
    url: String,
    replicas: u32,
    metrics_port: Option<&'static str>,
}

impl SchemaRegistryHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The address of its REST interface.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The number of its instances; 0 if it was made elsewhere.
    pub fn replicas(&self) -> u32 {
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
