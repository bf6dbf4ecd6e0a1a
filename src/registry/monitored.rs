//! What monitoring needs of a registry.

use super::{HTTP, SchemaRegistryHandle, alerts, board};
use crate::{
    construct::Check,
    metrics::registry,
    observability::{Alert, Board, Issued, Monitored, Scenario, Sources, Target, of_table, panels::Queries},
    security::{RestClient, RestServer},
};

impl Monitored for SchemaRegistryHandle {
    fn name(&self) -> &str {
        self.name()
    }

    /// Apicurio has no agent; its certificate can be watched all the same.
    fn targets(&self) -> Vec<Target> {
        if self.metrics_port().is_none() && !self.certificates().is_empty() {
            return Vec::new();
        }
        let tables = registry::AGENT.0.iter().copied();
        vec![Target::pods(self.name(), self.labels(), self.metrics_port(), tables).replicas(self.replicas())]
    }

    fn certificates(&self) -> Vec<Issued> {
        Issued::of(self.rest().and_then(RestClient::issued))
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        let closed = |mut alert: Alert| {
            if let Some(page) = &mut alert.runbook {
                page.commands(|text| RestServer::in_a_pod(text, HTTP.1));
            }
            alert
        };
        let alerts = of_table(alerts::ALL, "registry", self, sources);
        match self.rest() {
            None => alerts.collect(),
            Some(_) => alerts.map(closed).collect(),
        }
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
