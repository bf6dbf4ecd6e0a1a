//! What monitoring needs of a registry.

use super::{SchemaRegistryHandle, alerts, board};
use crate::{
    construct::Check,
    metrics::registry,
    observability::{Alert, Board, Monitored, Scenario, Sources, Target, of_table, panels::Queries},
};

impl Monitored for SchemaRegistryHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn targets(&self) -> Vec<Target> {
        let tables = registry::AGENT.0.iter().copied();
        vec![Target::pods(self.name(), self.labels(), self.metrics_port(), tables).replicas(self.replicas())]
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        of_table(alerts::ALL, "registry", self, sources).collect()
    }

    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        alerts::scenarios(self, sources)
    }

    fn boards(&self, sources: &Sources) -> Vec<Board> {
        vec![board::board(self.name(), &Queries::new(sources))]
    }

    fn cluster(&self) -> Option<(&str, &str)> {
        let kafka = self.cluster()?;
        Some((kafka.name(), kafka.bootstrap_servers()))
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check_monitored(check);
    }
}
