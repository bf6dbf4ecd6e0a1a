//! What monitoring needs of a cluster and of its topics.

use super::{KafkaCluster, KafkaHandle, Mode, PermissionsHandle, TopicsHandle, alerts, boards};
use crate::{
    construct::Check,
    metrics::{broker, controller},
    observability::{
        Alert, Board, DeclaredTopic, Issued, Monitored, OVERVIEW, Owned, OwnedKind, Scenario, Sources, Target, of_table,
    },
    workload::VolumeClaims,
};

impl Monitored for KafkaHandle {
    fn name(&self) -> &str {
        self.name()
    }

    /// An external cluster has no targets.
    fn targets(&self) -> Vec<Target> {
        let nodes = u32::try_from(self.nodes().len()).unwrap_or(u32::MAX);
        let pods =
            |tables: Vec<_>| Target::pods(self.name(), self.labels(), self.metrics_port(), tables).replicas(nodes);
        let of_broker = |kraft| broker::agent(kraft, self.0.partition_sizes).0.iter().copied();
        match self.mode() {
            Mode::Kraft => vec![pods(
                of_broker(true).chain(controller::AGENT.0.iter().copied()).collect(),
            )],
            Mode::ZooKeeper => vec![pods(of_broker(false).collect())],
            Mode::External => Vec::new(),
        }
    }

    fn volumes(&self) -> Vec<VolumeClaims> {
        self.volume_claims().to_vec()
    }

    /// Those of its pools; all others of the cluster have the same issuer.
    fn certificates(&self) -> Vec<Issued> {
        let Some(issuer) = self.issuer() else { return Vec::new() };
        let mut pools: Vec<&str> = self
            .nodes()
            .iter()
            .map(|node| node.pod.rsplit_once('-').map_or(&*node.pod, |(pool, _)| pool))
            .collect();
        pools.dedup();
        let names = pools.into_iter().map(KafkaCluster::secret_of);
        names.map(|name| Issued::new(name, issuer)).collect()
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        alerts::alerts(self, sources)
    }

    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        alerts::scenarios(self, sources)
    }

    fn boards(&self, sources: &Sources) -> Vec<Board> {
        boards::boards(self, sources)
    }

    fn beside(&self) -> Vec<&dyn Monitored> {
        self.zookeeper()
            .into_iter()
            .map(|ensemble| ensemble as &dyn Monitored)
            .collect()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check(check);
    }
}

/// The Job of declared topics. Its alert needs kube-state-metrics, which is part of kube-prometheus-stack.
impl Monitored for TopicsHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        of_table(alerts::OF_TOPICS, OVERVIEW, self, sources)
            .chain(of_table(alerts::OF_DEAD_LETTERS, OVERVIEW, self, sources))
            .collect()
    }

    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        [
            alerts::scenarios_of_topics(self, sources),
            alerts::scenarios_of_dead_letters(self, sources),
        ]
        .concat()
    }

    fn owned(&self) -> Vec<Owned> {
        let owned = self.owned_by_teams().iter().map(|(topic, owner)| Owned {
            kind: OwnedKind::Topic,
            name: topic.clone(),
            lag: None,
            owner: Some(owner.clone()),
            on_call: None,
        });
        owned.collect()
    }

    fn loads(&self) -> Vec<(String, u64)> {
        self.loads().collect()
    }

    fn topics(&self) -> Vec<DeclaredTopic> {
        self.sizes().collect()
    }
}

/// The Job of declared users and permissions. Its alert needs kube-state-metrics, which is part of kube-prometheus-stack.
impl Monitored for PermissionsHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        of_table(alerts::OF_PERMISSIONS, OVERVIEW, self, sources).collect()
    }
}
