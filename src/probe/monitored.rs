//! What monitoring needs of a probe.

use super::{ProbeHandle, alerts, board};
use crate::{
    construct::Check,
    metrics::probe,
    observability::{Alert, Board, Monitored, Scenario, Sources, Target, of_table, panels::Queries},
    workload::METRICS_PORT_NAME,
};

impl Monitored for ProbeHandle {
    fn name(&self) -> &str {
        self.name()
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::pods(self.name(), self.labels(), Some(METRICS_PORT_NAME), [probe::ALL]).replicas(1_u32)]
    }

    fn alerts(&self, sources: &Sources) -> Vec<Alert> {
        of_table(alerts::ALL, "probe", self, sources).collect()
    }

    fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        alerts::scenarios(self, sources)
    }

    fn boards(&self, sources: &Sources) -> Vec<Board> {
        vec![board::board(&Queries::new(sources))]
    }

    fn cluster(&self) -> Option<(&str, &str)> {
        Some((self.0.cluster.name(), self.0.cluster.bootstrap_servers()))
    }

    fn check(&self, check: &mut Check<'_>) {
        let instead = "add the `Probe` to this stack, or the `Monitoring` to its own".to_owned();
        check.same_surroundings(self.name(), Some(&self.0.made_in), instead);
    }
}
