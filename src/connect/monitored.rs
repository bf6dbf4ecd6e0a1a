//! What monitoring needs of a group of workers.

use super::{ConnectHandle, alerts, board, rest};
use crate::{
    construct::Check,
    metrics::connect,
    observability::{Alert, Board, Issued, Monitored, Scenario, Sources, Target, of_table, panels::Queries},
    security::RestClient,
};

impl Monitored for ConnectHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn targets(&self) -> Vec<Target> {
        let tables = connect::AGENT.0.iter().copied();
        vec![Target::pods(self.name(), self.labels(), self.metrics_port(), tables).replicas(self.replicas())]
    }

    fn certificates(&self) -> Vec<Issued> {
        Issued::of(self.rest().and_then(RestClient::issued))
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        let alerts = of_table(alerts::ALL, "connect", self, sources);
        match self.rest() {
            None => alerts.collect(),
            Some(_) => alerts.map(rest::of_closed).collect(),
        }
    }

    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        alerts::scenarios(self, sources)
    }

    fn boards(&self, sources: &Sources) -> Vec<Board> {
        vec![board::board(self.name(), &Queries::new(sources))]
    }

    fn cluster(&self) -> Option<(&str, &str)> {
        let kafka = self.cluster();
        Some((kafka.name(), kafka.bootstrap_servers()))
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check(check);
    }
}
