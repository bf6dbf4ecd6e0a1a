//! Checks of a monitoring as a whole; [`super::alert`] checks its alerts.

use super::{Monitoring, alert::runbook, slo};
use crate::{
    construct::{Check, Claim},
    diagnostics::rules::{
        observability::{ANOTHER_CLUSTER, NO_AGENT, RUNBOOKS, THRESHOLD},
        stack::{NAME, OBJECT_TWICE},
    },
    kafka::Mode,
    name::DnsLabel,
    observability::LONGEST_NAME,
};

impl Monitoring {
    /// Claims for the cluster and the folder of runbooks, so that two monitorings with the same are reported once, and
    /// not for each file.
    pub(super) fn claimed(&self) -> Vec<Claim> {
        let folder = format!("runbooks/{}", self.docs.folder());
        let folder = folder.trim_end_matches('/');
        let claim = |what, name: &str| Claim::new(what, "", name, &OBJECT_TWICE, self.meta.location);
        vec![
            claim("monitoring of cluster", self.kafka.name())
                .hint("add what this one watches to the other one, and remove this one"),
            claim("folder of runbooks", folder)
                // Some file systems ignore case.
                .alike(folder.to_ascii_lowercase(), &OBJECT_TWICE)
                .hint("give one of the two a folder of its own: `.docs(…)`"),
        ]
    }

    pub(super) fn check_all(&self, check: &mut Check<'_>) {
        let kafka = &self.kafka;
        self.exporter.pod.check(check, "", self.meta.location);
        for component in self.components() {
            component.check(check);
        }
        self.check_watched(check);
        let mut thresholds = self.thresholds.unreachable();
        thresholds.extend(self.wrong_number_of_brokers());
        for (message, hint) in thresholds {
            check.report(&THRESHOLD, message, |finding| {
                finding.hint(hint);
            });
        }
        self.check_urls(check);
        if kafka.mode() == Mode::External
            && let Err(error) = DnsLabel::parse(kafka.name())
        {
            check.report(&NAME, format!("cluster name {error}"), |finding| {
                finding.hint("objects are named after it: choose another name in `KafkaCluster::external(…)`");
            });
            // Otherwise every alert would report it again.
            return;
        }
        let sources = self.sources(check.context());
        slo::check(&sources, check);
        for board in self.boards(&sources) {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if board.name.len() > LONGEST_NAME || !board.name.chars().all(known) {
                let message = format!("dashboard {:?} has an invalid name", board.name);
                check.report(&NAME, message, |finding| {
                    finding.item(board.title).hint(format!(
                        "use at most {LONGEST_NAME} lower-case letters, digits and `-` in `Board::new(…)`"
                    ));
                });
            }
        }
        self.check_groups(check);
        let alerts = self.ready_alerts(&sources);
        self.check_labels(&alerts, &sources, check);
        for alert in alerts {
            let Some(location) = alert.alert.location else { continue };
            for diagnostic in alert.check_test(&sources) {
                check.add(diagnostic, |finding| {
                    finding.item(alert.rule.alert.as_str()).at(location);
                });
            }
        }
    }

    /// `.brokers(…)` is for external clusters, and must not be 0.
    fn wrong_number_of_brokers(&self) -> Option<(String, &'static str)> {
        let brokers = self.brokers?;
        let message = match self.kafka.brokers() {
            None if brokers == 0 => "there are never fewer than 0 brokers".to_owned(),
            Some(declared) if declared != brokers => {
                format!("`{}` has {declared} brokers, not {brokers}", self.kafka.name())
            }
            _ => return None,
        };
        Some((
            message,
            "use `.brokers(…)` for external clusters only, with the number that the cluster has",
        ))
    }

    /// Each watched component must have an agent and use the cluster.
    fn check_watched(&self, check: &mut Check<'_>) {
        let kafka = &self.kafka;
        let watched: Vec<&str> = self.watched.iter().map(|component| component.name()).collect();
        for component in self.components() {
            let name = component.name();
            let or = if watched.contains(&name) {
                ", or remove `Monitoring::watch(…)`"
            } else {
                ""
            };
            if component.targets().iter().any(|target| target.port.is_none()) {
                check.report(&NO_AGENT, format!("`{name}` has no metrics agent"), |finding| {
                    finding.item(name).hint(format!(
                        "use images with the agent: `.images(ImageSet::confluent(…))`, or `ImageSet::agent(…)` with its \
                         path{or}"
                    ));
                });
            }
            // One cluster may have several handles that agree only in part: in its name, or in its brokers.
            let same = |(name, servers): &(&str, &str)| *name == kafka.name() || *servers == kafka.bootstrap_servers();
            let Some((other, _)) = component.cluster().filter(|cluster| !same(cluster)) else {
                continue;
            };
            check.report(
                &ANOTHER_CLUSTER,
                format!(
                    "`{name}` uses cluster `{other}`, but would be labelled as part of `{}`",
                    kafka.name()
                ),
                |finding| {
                    finding
                        .item(name)
                        .hint(format!("move `.watch(…)` to the `Monitoring` of `{other}`"));
                },
            );
        }
    }

    /// The URLs of runbooks and dashboards must be ones that can be opened.
    fn check_urls(&self, check: &mut Check<'_>) {
        let links = [(&self.docs.url, "runbooks"), (&self.grafana.url, "grafana_url")];
        for (base, call) in links
            .into_iter()
            .filter_map(|(base, call)| Some((base.as_ref()?, call)))
        {
            let Some(flaw) = runbook::cannot_be_opened(base) else {
                continue;
            };
            check.report(&RUNBOOKS, format!("`{base}` {flaw}"), |finding| {
                finding.item(call).hint(match call {
                    "runbooks" => {
                        "set `.runbooks(…)` to the URL of the stack's folder `runbooks`, as in your Git server"
                    }
                    _ => "set `.grafana_url(…)` to the URL of the Grafana that has the dashboards",
                });
            });
        }
        let invalid = |part: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            part.is_empty() || !part.chars().all(known)
        };
        if let Some(folder) = self
            .docs
            .folder
            .as_ref()
            .filter(|folder| folder.split('/').any(invalid))
        {
            check.report(&NAME, format!("{folder:?} is not a valid folder name"), |finding| {
                finding
                    .item("docs")
                    .hint("use letters, digits, `-` and `_` in `.docs(…)`, as in `.docs(\"main\")`");
            });
        }
    }
}
