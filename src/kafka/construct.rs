//! The cluster as a construct of a stack.

use std::sync::Arc;

use super::{
    cluster::KafkaCluster,
    handle::{ClusterInfo, KafkaHandle, Node},
    log_defaults::LogDefaults,
    pool::Roles,
};
use crate::{
    capacity,
    construct::{Check, Claim, Construct, Meta},
    context::Context,
    diagnostics::rules::kraft,
    handbook::Chapter,
    manifest::Object,
    workload::VolumeClaims,
};

impl Construct for KafkaCluster {
    type Handle = KafkaHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, context: &Context) -> KafkaHandle {
        let listener = self.first_listener();
        let port = listener.port;
        let headless = context.service_address(&self.headless_name());
        KafkaHandle(Arc::new(ClusterInfo {
            name: self.meta.name.clone(),
            mode: self.mode(),
            images: self.images.clone(),
            bootstrap_servers: format!("{}:{port}", context.service_address(&self.meta.name)),
            closed: self.closed(context),
            secured: None,
            listener: Some(listener),
            of_controllers: self.of_controllers(),
            outside: self.outside_addresses(),
            first_brokers: self
                .first_brokers(usize::from(self.effective_replication().factor).max(2))
                .map(|(pool, id)| format!("{pool}-{id}.{headless}:{port}"))
                .collect(),
            brokers: Some(self.count(Roles::broker)),
            controllers: self.count(Roles::controller),
            replication: self.effective_replication(),
            log: LogDefaults::of(&self.settings),
            metrics_port: self.images.metrics_port().map(|(name, _)| name),
            partition_sizes: self.partition_sizes,
            restart_gate: self.gate_of_brokers(),
            volume_claims: self
                .pools
                .iter()
                .map(|pool| VolumeClaims::new("data", &pool.name, pool.ids()))
                .collect(),
            nodes: self
                .pools
                .iter()
                .flat_map(|pool| {
                    pool.ids().map(|id| Node {
                        pod: format!("{}-{id}", pool.name),
                        broker: pool.roles.broker(),
                        controller: pool.roles.controller(),
                    })
                })
                .collect(),
            zookeeper: self.ensemble().cloned(),
            features_job: self.finalized.map(|_| self.features_name()),
            made_in: Some(context.clone()),
            location: None,
        }))
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check_all(check);
    }

    fn claims(&self) -> Vec<Claim> {
        let location = self.meta.location;
        let id = self.cluster_id().map(|cluster_id| {
            Claim::new("cluster id", "", cluster_id, &kraft::CLUSTER_ID, location)
                .hint("make another one with `kafka-storage random-uuid`")
        });
        let ensemble = self.ensemble().map(|zookeeper| {
            let ensemble = zookeeper.connection_string();
            Claim::new("ensemble", "", ensemble, &kraft::CLUSTER_ID, location)
                .hint("give each cluster its own `ZooKeeper`")
        });
        id.into_iter().chain(ensemble).chain(self.claims_outside()).collect()
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        self.render_all(context)
    }

    fn chapter(&self, context: &Context, objects: &[Object]) -> Chapter {
        self.chapter_of(context, objects)
    }

    fn capacity(&self) -> capacity::Capacity {
        self.stated_capacity()
    }
}
