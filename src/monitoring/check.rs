//! Checks of a monitoring as a whole; [`super::alert`] checks its alerts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lag, MOST_OF_PARTITIONS, Monitoring, alert::runbook, filter, record, slo};
use crate::{
    construct::{Check, Claim},
    diagnostics::rules::{
        observability::{ANOTHER_CLUSTER, FILTER, LARGE, NO_AGENT, RUNBOOKS, THRESHOLD},
        stack::{NAME, OBJECT_TWICE},
    },
    kafka::{Identity, Mode},
    name::DnsLabel,
    observability::{LONGEST_NAME, OwnedKind, Sources},
    promql,
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
        kafka.check_no_token(check, Identity::Exporter, "kafka_exporter 1.9");
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
        self.check_filters(&sources, check);
        self.check_size(check);
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

    /// The author of a large cluster must have said whether each partition is watched, or hears what was chosen.
    fn check_size(&self, check: &mut Check<'_>) {
        let Some(size) = self.is_large().filter(|_| self.lag == Lag::Automatic) else {
            return;
        };
        let of = format!(
            "{} partitions and {} pairs of a partition and a group",
            size.partitions, size.read
        );
        let seconds = size.of_partitions().div_ceil(MOST_OF_PARTITIONS / 2);
        let (message, hint) = if self.is_by_topic() {
            (
                format!("lag is watched by topic: for {of} the rules would take about {seconds} s each time"),
                "say so with `.lag_by_topic()`; or find stuck partitions too with `.lag_by_partition()`, in a Prometheus that has the \
                 time for it",
            )
        } else {
            (
                format!("lag is watched by partition: for {of} the rules take about {seconds} s each time"),
                "remove the service levels of freshness and use `.lag_by_topic()`; or leave out topics or groups with \
                 `.skip_topics(…)` or `.skip_groups(…)`; or say that Prometheus has the time with `.lag_by_partition()`",
            )
        };
        check.report(&LARGE, message, |finding| {
            finding.item("lag").hint(hint);
        });
    }

    /// The filters of the exporter and of scrapes must be valid, and leave out nothing that an alert or a service level names.
    fn check_filters(&self, sources: &Sources, check: &mut Check<'_>) {
        let exporter = &self.exporter;
        let kept = self.kept.iter().map(|pattern| (pattern.as_str(), "keep_metrics"));
        let of_topics = exporter.topics.patterns().map(|pattern| (pattern, "topics"));
        let of_groups = exporter.groups.patterns().map(|pattern| (pattern, "groups"));
        let flaws = kept.chain(of_topics).chain(of_groups);
        let flaws: Vec<_> = flaws
            .filter_map(|(pattern, item)| Some((pattern, item, filter::flaw(pattern)?)))
            .collect();
        for (pattern, item, flaw) in &flaws {
            check.report(&FILTER, format!("{pattern:?} {flaw}"), |finding| {
                finding
                    .item(*item)
                    .hint("use a regular expression for whole names, such as `\"orders[.].*\"`");
            });
        }
        if !flaws.is_empty() {
            return;
        }
        for ((label, name), who) in self.hidden(sources) {
            let (what, call) = match label {
                "topic" => ("topic", "export_topics"),
                _ => ("group", "export_groups"),
            };
            let message = format!("the exporter leaves out {what} `{name}`, but {who}");
            check.report(&FILTER, message, |finding| {
                finding.item(&name).hint(format!(
                    "change `.{call}(…)` or `.{}(…)` so that the exporter reports it",
                    call.replace("export", "skip")
                ));
            });
        }
    }

    /// Topics and groups that the exporter leaves out, each with who needs it.
    fn hidden(&self, sources: &Sources) -> BTreeMap<(&'static str, String), String> {
        let components = self.components();
        let topics = components.iter().flat_map(|component| component.topics());
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        known.entry("topic").or_default().extend(topics.map(|topic| topic.name));
        let mut needed: BTreeMap<(&'static str, String), String> = BTreeMap::new();
        for owned in &sources.owned {
            let label = match owned.kind {
                OwnedKind::Group => "consumergroup",
                OwnedKind::Topic => "topic",
                OwnedKind::Connector => continue,
            };
            known.entry(label).or_default().insert(owned.name.clone());
            let who = "its owner should get alerts on it".to_owned();
            needed.entry((label, owned.name.clone())).or_insert(who);
        }
        let alerts = self.ready_alerts(sources).into_iter();
        let alerts = alerts.map(|alert| (format!("alert {} is about it", alert.rule.alert), alert.rule.expr));
        let records = record::rules(sources).map(|record| {
            let level = record.labels.get("slo").cloned().unwrap_or(record.record);
            (format!("service level `{level}` is about it"), record.expr)
        });
        for (who, expression) in alerts.chain(records) {
            let Ok(parsed) = promql::parse(&expression) else {
                continue;
            };
            for label in ["topic", "consumergroup"] {
                let known = known.entry(label).or_default();
                for name in promql::selected(&parsed, label, known) {
                    needed.entry((label, name)).or_insert_with(|| who.clone());
                }
            }
        }
        needed.retain(|(label, name), _| !self.exports(label, name));
        needed
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
