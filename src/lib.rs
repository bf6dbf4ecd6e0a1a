//! Kafka platforms as Rust values, Kubernetes manifests that run as the result.
//!
//! # The way of the data
//!
//! A stack function builds constructs, which are plain values, and adds them to a [`Stack`](stack::Stack);
//! each addition returns a typed handle, from which others are built. [`synth`](synth::synth) **checks** all of them and
//! accumulates [`Diagnostics`](diagnostics::Diagnostics), **renders** those that passed as Kubernetes types, **amends** what the stack
//! asked for, checks the objects again, and returns [`Manifests`](manifest::Manifests): a sorted map from path to text. Only
//! the [`cli`] touches the disk. Where findings are enough, [`check`](synth::check) does the same and makes no files.
//!
//! ```text
//! stacks/prod.rs ── Stack ──► check ──► render ──► amend ──► Manifests ──► cli
//!    (values)      (data)   (findings) (objects)  (escape) (path → text)  (the only IO)
//! ```
//!
//! # Rooms
//!
//! | Room | Holds |
//! |---|---|
//! | [`stack`], [`construct`] | the stack and its surroundings; what a construct is |
//! | [`diagnostics`], [`rules`] | what a check says; every rule as data, one file a family |
//! | [`objects`] | judges finished objects, rendered or read from disk |
//! | [`synth`](mod@synth), [`manifest`], [`totals`] | the pipeline; objects, files and their index; what a stack costs |
//! | [`yaml`] | the only module that knows YAML |
//! | [`name`], [`quantity`], [`properties`] | names, amounts with units, Java property files |
//! | [`capacity`] | what topics ask of brokers, held against what brokers have |
//! | [`catalogue`] | every setting of Kafka, release line by release line, and what is wrong with one |
//! | [`kubernetes`] | helpers for the Kubernetes types that every component needs in the same shape |
//! | [`runtime`] | versions, images, JVM and log of a process of the Kafka family |
//! | `settings` | the check of every finished file against the catalogue |
//! | [`metrics`] | every metric as a value, and the agent's rules made from them |
//! | [`zookeeper`], [`kafka`], [`registry`], [`connect`] | a component each: builder, checks, objects, handle |
//! | [`monitoring`] | exporter, scrape objects, alerts with their pages and tests, dashboards |
//! | [`cli`] | one file a verb; the only room with IO, `anyhow` and the environment |
//!
//! A room knows the rooms above it, and the pipeline knows constructs only through their trait: a new component is a new room
//! and a line in the [`prelude`].
//!
//! # Invariants
//!
//! - The same stack gives the same bytes: no clock, environment, randomness or hash order reaches the output.
//! - Rendering cannot fail and does no IO.
//! - Every name is explicit; only a Job's name carries a hash, because its template cannot be changed, and its file has none.
//! - A pod restarts only when something changes that it reads.
//! - Secrets are only ever referenced.

pub use k8s_openapi;

pub mod capacity;
pub mod cli;
pub mod connect;
pub mod construct;
pub mod context;
pub mod diagnostics;
pub mod kafka;
pub mod lint;
pub mod manifest;
pub mod metrics;
pub mod monitoring;
pub mod name;
mod nearest;
mod promql;
pub mod quantity;
pub mod registry;
pub mod rules;
pub mod settings;
pub mod stack;
pub mod synth;
pub mod workload;
pub mod yaml;
pub mod zookeeper;

/// What a stack is written with: `use kafka_stacks::prelude::*;`.
pub mod prelude {
    pub use crate::{
        capacity::{CpuClass, Load},
        connect::{Connect, ConnectHandle, ExactlyOnceSource},
        construct::{Check, Construct, Meta},
        context::{Context, Kubernetes, PodDefaults},
        diagnostics::{Diagnostic, Diagnostics, Location, Profile, Rule, Severity},
        kafka::{
            Cleanup, Clients, Compression, Consumer, KafkaCluster, KafkaHandle, Listener, NodePool, Producer,
            Replication, Retention, Topic, Topics, TopicsHandle,
        },
        manifest::{Manifests, Object},
        monitoring::{Alert, AlertSeverity, AlertTest, ExternalExporter, Monitoring, Runbook, Samples},
        quantity::{Bytes, Cpu, Duration, Resources, Units},
        registry::{Compatibility, RegistryImplementation, SchemaRegistry, SchemaRegistryHandle},
        rules,
        settings::Properties,
        stack::Stack,
        synth::{Synthesis, synth},
        workload::{Access, ImageSet, Jvm, LogLevel, Mesh, Mount, Pods, Spread, Storage, Version},
        zookeeper::{ZooKeeper, ZooKeeperHandle},
    };
}

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
