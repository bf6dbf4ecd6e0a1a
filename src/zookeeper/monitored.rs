//! What monitoring needs of an ensemble.

use super::{ZooKeeperHandle, alerts, board};
use crate::{
    construct::Check,
    metrics::zookeeper,
    observability::{Alert, Board, Monitored, Scenario, Sources, Target, of_table, panels::Queries},
    workload::VolumeClaims,
};

impl Monitored for ZooKeeperHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn targets(&self) -> Vec<Target> {
        let tables = zookeeper::AGENT.0.iter().copied();
        vec![Target::pods(self.name(), self.labels(), self.metrics_port(), tables).replicas(self.replicas())]
    }

    fn volumes(&self) -> Vec<VolumeClaims> {
        vec![self.volume_claims()]
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        of_table(alerts::ALL, "zookeeper", self, sources).collect()
    }

    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        alerts::scenarios(self, sources)
    }

    fn boards(&self, sources: &Sources) -> Vec<Board> {
        vec![board::board(self.name(), &Queries::new(sources))]
    }

    fn names(&self) -> Vec<(&'static str, String)> {
        let servers = self.replicas();
        vec![
            ("{servers}", servers.to_string()),
            ("{quorum}", (servers / 2 + 1).to_string()),
            ("{zookeeper_port}", self.local_port().to_string()),
        ]
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check(check);
    }
}
