//! Kafka platforms as Rust values; the result is Kubernetes manifests that run.
//!
//! A stack is a function that builds constructs and adds them to a [`Stack`](stack::Stack). Each addition returns a handle, from
//! which others are built.
//!
//! ```
//! use kafka_stacks::prelude::*;
//!
//! fn prod() -> Stack {
//!     let mut stack = Stack::new("prod", "kafka");
//!     let kafka = stack.add(
//!         KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
//!             .pool(NodePool::controllers("kafka-controller", 3))
//!             .pool(
//!                 NodePool::brokers("kafka", 3)
//!                     .resources(Resources::range(2.cores()..=4.cores(), 6.gib()..=8.gib()))
//!                     .storage(Storage::persistent(100.gib())),
//!             ),
//!     );
//!     let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 12, Cleanup::delete_after(7.days()))));
//!     let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka));
//!     let connect = stack.add(Connect::new("kafka-connect", &kafka).avro(&registry));
//!     stack.add(Monitoring::new("monitoring", &kafka).watch(&topics).watch(&registry).watch(&connect));
//!     stack
//! }
//!
//! let manifests = synth(&prod()).manifests.expect("no errors are found");
//! assert!(manifests.get("kafka/statefulset-kafka.yaml").is_some());
//! ```
//!
//! The binary of such a repository calls [`cli::run`]: `cargo run -- synth prod` writes the files, and `cargo run -- check prod`
//! reports only what is wrong.
//!
//! # The types to know first
//!
//! | Type | What it is for |
//! |---|---|
//! | [`Stack`](stack::Stack) | a named set of constructs in one namespace |
//! | [`KafkaCluster`](kafka::KafkaCluster), [`NodePool`](kafka::NodePool) | a cluster, and its brokers and controllers |
//! | [`Topics`](kafka::Topics), [`Topic`](kafka::Topic) | the topics of a cluster |
//! | [`Application`](application::Application) | an application: its topics, groups, files, alerts |
//! | [`Clients`](kafka::Clients) | settings for producers and consumers of which no more is known |
//! | [`SchemaRegistry`](registry::SchemaRegistry) | the registry of schemas |
//! | [`Schemas`](schemas::Schemas), [`Subject`](schemas::Subject) | schemas, with their versions |
//! | [`Connect`](connect::Connect) | connectors |
//! | [`Probe`](probe::Probe) | what clients of a cluster get, measured end to end |
//! | [`Permissions`](kafka::Permissions) | who may do what in a closed cluster |
//! | [`Monitoring`](monitoring::Monitoring) | metrics, alerts and dashboards |
//! | [`Dashboards`](monitoring::Dashboards) | dashboards for all clusters of a Grafana |
//! | [`PodDefaults`](context::PodDefaults) | image registry, nodes and labels of pods |
//!
//! [`Pods`](workload::Pods) and [`Jvm`](workload::Jvm) add environment, volumes, sidecars and JVM options to every component, and
//! [`Stack::amend`](stack::Stack::amend) changes what no builder call does. The [`prelude`] has all of them.
//!
//! # From a stack to files
//!
//! ```text
//! stacks/prod.rs ── Stack ──► check ──► render ──► amend ──► lint ──► Manifests ──► cli
//!    (values)      (data)  (diagnostics) (objects) (escape)         (path → text)  (the only IO)
//! ```
//!
//! [`synth`](synth::synth) checks all constructs and collects [`Diagnostics`](diagnostics::Diagnostics), renders Kubernetes objects,
//! applies the amendments, judges the objects, and returns [`Manifests`](manifest::Manifests): a sorted map from path to text.
//! [`check`](synth::check) does the same without writing text.
//!
//! # Rooms
//!
//! A room uses only the rooms below it.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`cli`] | one file a verb; the only room with IO, `anyhow` and the environment |
//! | [`synth`](mod@synth) | the pipeline, and the resources of a stack |
//! | `operate` | what verbs that touch a cluster ask it, as data; `cli` runs kubectl |
//! | [`monitoring`] | exporter, scrape objects, alerts with their runbooks and tests, dashboards |
//! | [`schemas`] | schemas of records: read, judged, and registered by a Job |
//! | [`application`] | what follows from the topics that an application uses |
//! | [`connect`], [`probe`], [`registry`], [`kafka`], [`zookeeper`] | a component each: builder, checks, objects, handle |
//! | [`observability`] | the trait `Monitored`: each component's scrape targets, alerts and dashboards |
//! | [`capacity`] | what topics need of brokers, compared with what brokers have |
//! | [`metrics`] | every metric as a value, and the rules of the JMX agent made from them |
//! | [`workload`] | what pods need: containers, volumes, JVM, images, network policies |
//! | [`settings`] | settings of Kafka: typed, raw, and where each came from |
//! | [`stack`], [`construct`], [`context`] | the stack; the trait of its constructs; what they know about the stack |
//! | [`diff`](mod@diff) | what applying one set of manifests over another does to a running cluster |
//! | [`lint`] | judges finished objects, rendered or read from disk |
//! | `catalogue` | every setting of each Kafka release, to check settings |
//! | `promql` | selectors, durations and analysis of expressions |
//! | [`diagnostics`], [`rules`] | findings; every rule as data |
//! | [`manifest`], [`yaml`] | objects and files; the only room that knows YAML |
//! | [`version`], `kubernetes` | the release lines of Kafka, and of Kubernetes |
//! | [`name`], [`quantity`], `nearest`, `parallel` | names and amounts that cannot have an invalid value; the known name that is most similar to a misspelt one; work on several threads |
//!
//! The pipeline knows constructs only through the trait [`Construct`](construct::Construct): a new component is a new room and a
//! line in the [`prelude`].
//!
//! # Invariants
//!
//! - The same stack gives the same bytes: no clock, environment, randomness or hash order reaches the output.
//! - Rendering cannot fail and does no IO.
//! - Every name is explicit; only a Job's name has a hash, because its template cannot be changed, and its file has none.
//! - A pod restarts only when something that it reads changes.
//! - Secrets are only ever referenced.

/// The Kubernetes types in [`Construct::render`](construct::Construct::render) and [`Stack::amend`](stack::Stack::amend), in the
/// version that this crate uses.
pub use k8s_openapi;

mod acl;
pub mod application;
pub mod capacity;
mod catalogue;
pub mod cli;
pub mod connect;
pub mod connectors;
pub mod construct;
pub mod context;
pub mod diagnostics;
pub mod diff;
pub mod handbook;
pub mod kafka;
mod kubernetes;
pub mod lint;
pub mod manifest;
pub mod metrics;
pub mod monitoring;
pub mod name;
mod nearest;
pub mod observability;
mod operate;
mod parallel;
pub mod probe;
mod promql;
pub mod quantity;
pub mod registry;
pub mod rules;
pub mod schemas;
pub mod security;
pub mod settings;
pub mod stack;
pub mod synth;
pub mod version;
pub mod workload;
pub mod yaml;
pub mod zookeeper;

/// What a stack is written with: `use kafka_stacks::prelude::*;`.
pub mod prelude {
    // The stack.
    pub use crate::{
        context::{Context, IpFamily, Kubernetes, Platform, PodDefaults},
        diagnostics::{Location, Profile},
        diff::accept::Change,
        quantity::{Bytes, Cpu, DecimalUnits, Duration, Resources, Units},
        rules,
        stack::Stack,
        synth::{Synthesis, synth},
    };

    // Components.
    pub use crate::{
        connect::{Artifact, Connect, ConnectHandle, ExactlyOnceSource, Plugin},
        connectors::{
            Connector, ConnectorClass, Connectors, ConnectorsHandle, Converter, Predicate, SecretKey, Transform,
        },
        include_schema,
        kafka::{
            Gateway, IdentityProvider, KafkaCluster, KafkaHandle, Listener, Migration, NodePool, NodePorts, OAuth,
            Replication, TlsRollout,
        },
        probe::{Probe, ProbeHandle},
        registry::{Compatibility, RegistryImplementation, SchemaRegistry, SchemaRegistryHandle},
        schemas::{Schema, Schemas, SchemasHandle, Subject},
        zookeeper::{ZooKeeper, ZooKeeperHandle},
    };

    // Topics, clients, applications and the load that they are.
    pub use crate::{
        application::{Application, ApplicationHandle, Group},
        capacity::{CpuClass, Load},
        kafka::{
            Cleanup, Clients, Compression, Consumer, Producer, Retention, Team, TeamFiles, Topic, TopicHandle, Topics,
            TopicsHandle,
        },
    };

    // Pods.
    pub use crate::workload::{Access, ImageSet, Jvm, LogLevel, Machine, Mesh, Mount, Pods, Spread, Storage, Version};

    // Closed clusters.
    pub use crate::{
        kafka::{ExternalSecurity, Permissions, PermissionsHandle, TokenEndpoint, Trust},
        security::{Acl, Issuer, Quota, Rest},
    };

    // Monitoring.
    pub use crate::{
        monitoring::{Dashboards, Monitoring},
        observability::{Alert, AlertSeverity, AlertTest, ExternalExporter, Monitored, Owner, Runbook, Samples, Slo},
    };

    // Constructs of one's own.
    pub use crate::{
        construct::{Check, Construct, Meta},
        diagnostics::{Diagnostic, Diagnostics, Rule, Severity},
        manifest::{Manifests, Object},
        settings::Properties,
    };
}

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the page about `diff`.
#[cfg(doctest)]
#[doc = include_str!("../docs/diff.md")]
struct Diff;

/// The examples of `docs/applications.md`, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/applications.md")]
struct Applications;

/// The examples of `docs/connectors.md`, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/connectors.md")]
struct ConnectorsPage;

/// The examples of `docs/teams.md`, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/teams.md")]
struct Teams;

/// The examples of `docs/security.md`, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/security.md")]
struct Security;
