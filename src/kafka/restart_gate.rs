//! The restart gate: a node stops only when the cluster can do without it, and is ready only when it has caught up.
//!
//! Without it, a rolling update stops the next broker when the port of the last one answers, in sync or not, and it
//! restarts a healthy broker while another one is down: `min.insync.replicas` does not bind Kubernetes.

use k8s_openapi::api::core::v1::{Container, Lifecycle, LifecycleHandler, Probe};

use super::{
    cluster::KafkaCluster,
    connection::NODE_CLIENT_FILE,
    pool::{NodePool, Roles},
};
use crate::{
    context::Context,
    quantity::Duration,
    settings::Properties,
    workload::{CONFIG_DIRECTORY, exec_probe},
};

const SCRIPT: &str = include_str!("restart-gate.sh");
const SCRIPT_FILE: &str = "restart-gate.sh";
const SETTINGS_FILE: &str = "restart-gate.settings";

/// A broker takes up to five minutes to move its leaders to other brokers (Kafka, `KafkaBroker.shutdown`).
pub(super) const SHUTDOWN: Duration = Duration::from_seconds(330);

/// An hour: recovering a full disk takes long, and a kill would only start it again.
const RECOVERY: Duration = Duration::from_seconds(3600);

/// The startup probe looks this often.
const PERIOD: Duration = Duration::from_seconds(10);

impl KafkaCluster {
    /// The longest wait of a pool's nodes; none if the gate is off, or if there is no second node that could go on
    /// meanwhile.
    fn gate(&self, pool: &NodePool) -> Option<Duration> {
        self.restart_gate.filter(|_| !self.gated_roles(pool).is_empty())
    }

    /// The longest wait of brokers.
    pub(super) fn gate_of_brokers(&self) -> Option<Duration> {
        let brokers = self.pools.iter().filter(|pool| pool.roles.broker());
        brokers.filter_map(|pool| self.gate(pool)).max()
    }

    /// The roles of a pool's nodes in which the cluster has other nodes.
    fn gated_roles(&self, pool: &NodePool) -> Vec<&'static str> {
        let shared = |role: fn(Roles) -> bool| role(pool.roles) && self.count(role) > 1;
        [
            ("broker", shared(Roles::broker)),
            ("controller", self.has_controllers() && shared(Roles::controller)),
        ]
        .into_iter()
        .filter_map(|(role, is_shared)| is_shared.then_some(role))
        .collect()
    }

    /// The script and its settings.
    pub(super) fn gate_files(&self, context: &Context, pool: &NodePool) -> Vec<(&'static str, String)> {
        let Some(limit) = self.gate(pool) else {
            return Vec::new();
        };
        let roles = self.gated_roles(pool);
        let mut settings = Properties::default();
        if self.uses_tls() {
            settings.set("COMMAND_CONFIG", format!("{CONFIG_DIRECTORY}/{NODE_CLIENT_FILE}"));
        }
        settings
            .set("LIMIT_SECONDS", limit.as_seconds())
            .set("PORT", self.ports(pool.roles)[0].1)
            .set("ROLES", roles.join(","));
        if roles.contains(&"broker") {
            settings.set("KAFKA_TOPICS", self.images.command("kafka-topics"));
        }
        if roles.contains(&"controller") {
            settings.set("KAFKA_METADATA_QUORUM", self.images.command("kafka-metadata-quorum"));
        }
        if pool.roles.broker() {
            settings.set("BROKERS", self.some_brokers(context));
        } else {
            settings.set("CONTROLLERS", self.controllers(context));
        }
        vec![(SCRIPT_FILE, SCRIPT.to_owned()), (SETTINGS_FILE, settings.to_text())]
    }

    /// The brokers to ask, by the listener that the cluster's own pods can reach. They are not all brokers, so that one
    /// more broker does not restart the others.
    fn some_brokers(&self, context: &Context) -> String {
        let headless = context.service_address(&self.headless_name());
        let (_, port) = self.between_brokers();
        self.first_brokers(usize::from(self.effective_replication().factor).max(3))
            .map(|(pool, id)| format!("{pool}-{id}.{headless}:{port}"))
            .collect::<Vec<_>>()
            .join(",")
    }

    fn controllers(&self, context: &Context) -> String {
        let addresses: Vec<String> = self.controller_addresses(context).map(|(_, address)| address).collect();
        addresses.join(",")
    }

    /// Between the request to end and a kill: the longest wait, and then the node's own shutdown.
    pub(super) fn grace_period(&self, pool: &NodePool) -> Duration {
        let wait = self.gate(pool).map_or(0, Duration::as_seconds);
        Duration::from_seconds(wait.saturating_add(SHUTDOWN.as_seconds()))
    }

    /// Puts the gate before the stop and after the start of a node. `port` succeeds when the node's port is open.
    pub(super) fn add_gate(&self, pool: &NodePool, server: &mut Container, port: Probe) {
        let looks = |duration: u64| i32::try_from(duration / PERIOD.as_seconds()).unwrap_or(i32::MAX);
        let Some(limit) = self.gate(pool) else {
            server.startup_probe = Some(Probe {
                failure_threshold: Some(looks(RECOVERY.as_seconds())),
                ..port
            });
            return;
        };
        let command = |when: &str| {
            [
                "bash".to_owned(),
                format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}"),
                when.to_owned(),
            ]
        };
        server.startup_probe = Some(Probe {
            // Never reached by a node that catches up slowly: the script succeeds at its limit.
            failure_threshold: Some(looks(RECOVERY.as_seconds().saturating_add(limit.as_seconds()))),
            // Two of Kafka's commands, which the script gives up after 30 s.
            timeout_seconds: Some(75),
            ..exec_probe(command("after-start"))
        });
        server.lifecycle = Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: exec_probe(command("before-stop")).exec,
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        });
    }
}
