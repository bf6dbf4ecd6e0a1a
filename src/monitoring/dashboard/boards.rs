//! What each dashboard shows.

use super::{Board, Colour, Look, Monitoring, Panel, QUIET, Query, Row, Sources, Unit, Variable, firing, uid};
use crate::{
    connect::ConnectHandle,
    kafka::Mode,
    metrics::{Metric, broker, connect, controller, exporter, jvm, record, registry, target, zookeeper},
    monitoring::alert::external,
};

/// A panel of one query, described by what its metric says.
fn panel(title: &'static str, metric: &Metric, unit: Unit, look: Look, query: Query) -> Panel {
    panel_of(title, metric.help, unit, look, vec![query])
}

const fn panel_of(
    title: &'static str,
    description: &'static str,
    unit: Unit,
    look: Look,
    queries: Vec<Query>,
) -> Panel {
    let most = match unit {
        Unit::Ratio => Some(1.0),
        _ => None,
    };
    Panel {
        title,
        description,
        unit,
        look,
        queries,
        least: 0.0,
        most,
        limit: None,
        silence: None,
        link: None,
    }
}

/// Bad from a value on.
fn alarm(from: f64) -> Look {
    Look::Number(vec![(from, "red")])
}

/// To be looked at from a value on.
fn warning(from: f64) -> Look {
    Look::Number(vec![(from, "orange")])
}

/// Bad below a value.
fn no_less_than(least: f64) -> Look {
    Look::Number(vec![(0.0, "red"), (least, "green")])
}

/// Bad if it is another number than 1.
fn exactly_one() -> Look {
    Look::Number(vec![(0.0, "red"), (1.0, "green"), (2.0, "red")])
}

/// Neither good nor bad.
fn plain() -> Look {
    Look::Number(Vec::new())
}

/// Of what is 1 on one pod and 0 on the others.
fn chosen(name: &'static str, other: &'static str) -> Look {
    Look::States(vec![(1, name, "green"), (0, other, QUIET)])
}

/// Asks for metrics in the ways that a panel can show.
struct Ask<'a>(&'a Sources);

impl Ask<'_> {
    /// `sum by (pod) (…)`, and the like.
    fn gauge(&self, how: &str, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
        Some(format!("{how} ({})", self.0.series(metric, labels)?))
    }

    /// `sum by (pod) (rate(…))`, and the like.
    fn rate(&self, how: &str, metric: &Metric, labels: &[(&str, &str)]) -> Option<String> {
        Some(format!(
            "{how} (rate({}[$__rate_interval]))",
            self.0.series(metric, labels)?
        ))
    }

    /// `sum by (pod) (increase(…))`, and the like.
    fn increase(&self, how: &str, metric: &Metric) -> Option<String> {
        Some(format!(
            "{how} (increase({}[$__rate_interval]))",
            self.0.series(metric, &[])?
        ))
    }

    /// A number of things in the whole cluster.
    fn number(&self, title: &'static str, metric: &Metric, how: &str, look: Look) -> Panel {
        panel(title, metric, Unit::Count, look, (self.gauge(how, metric, &[]), ""))
    }

    fn active_controllers(&self) -> Panel {
        self.number(
            "Active controllers",
            &controller::ACTIVE_CONTROLLERS,
            "sum",
            exactly_one(),
        )
    }

    fn offline_partitions(&self) -> Panel {
        self.number("Offline partitions", &controller::OFFLINE_PARTITIONS, "max", alarm(1.0))
    }

    /// A line for each pod.
    fn each(&self, title: &'static str, metric: &Metric, unit: Unit) -> Panel {
        let query = (self.gauge("max by (pod)", metric, &[]), "{{pod}}");
        panel(title, metric, unit, Look::Lines, query)
    }

    /// What rarely happens, on each pod.
    fn events(&self, title: &'static str, metric: &Metric) -> Panel {
        let query = (self.increase("sum by (pod)", metric), "{{pod}}");
        panel(title, metric, Unit::Count, Look::Bars, query).silent("None")
    }

    /// The state of each pod.
    fn states(&self, title: &'static str, metric: &Metric, look: Look) -> Panel {
        panel(
            title,
            metric,
            Unit::Count,
            look,
            (self.gauge("max by (pod)", metric, &[]), "{{pod}}"),
        )
    }

    /// The state of each thing, where the state is a label whose value stands in a list, and its series is there while the
    /// thing is in it. A state is shown as its place in the list.
    fn named_states(
        &self,
        title: &'static str,
        metric: &Metric,
        (by, legend): (&str, &'static str),
        label: &str,
        states: &[(&str, &'static str, Colour)],
    ) -> Panel {
        let part = |(number, (values, ..)): (usize, &(&str, &str, Colour))| {
            let selector = self.0.series(metric, &[(label, &format!("~{values}"))])?;
            Some(format!("{} * {selector}", number + 1))
        };
        let parts: Option<Vec<String>> = states.iter().enumerate().map(part).collect();
        let query = parts.map(|parts| format!("max by ({by}) ({})", parts.join(" or ")));
        let looks = (1..)
            .zip(states)
            .map(|(number, (_, name, colour))| (number, *name, *colour));
        panel(
            title,
            metric,
            Unit::Count,
            Look::States(looks.collect()),
            (query, legend),
        )
    }

    /// The ten topics with the highest rate.
    fn top_topics(&self, title: &'static str, metric: &Metric, unit: Unit) -> Panel {
        let query = self
            .rate("sum by (topic)", metric, &[("topic", "~$topic")])
            .map(|rate| format!("topk(10, {rate})"));
        panel(title, metric, unit, Look::Top, (query, "{{topic}}"))
    }
}

const fn row(title: &'static str, folded: bool, panels: Vec<Panel>) -> Row {
    Row { title, folded, panels }
}

impl Board {
    /// What matters most is at the top; what is only looked at for a reason is folded.
    pub(super) fn rows(self, monitoring: &Monitoring, sources: &Sources) -> Vec<Row> {
        let ask = Ask(sources);
        let made_elsewhere = monitoring.kafka.mode() == Mode::External;
        match self {
            Self::Overview if made_elsewhere => vec![
                row("", false, health_elsewhere(monitoring, &ask)),
                row("Alerts", false, alerts(monitoring, &ask)),
            ],
            Self::Brokers if made_elsewhere => vec![row("", false, topics_elsewhere(&ask))],
            Self::Overview => vec![
                row("", false, health(monitoring, &ask)),
                row("Traffic and errors", false, traffic(&ask)),
                row("Latency", false, latency(monitoring, &ask)),
                row("Saturation", false, saturation(monitoring, &ask)),
                row("Alerts and scrapes", false, alerts(monitoring, &ask)),
            ],
            Self::Brokers => vec![
                row("Replication", false, replication(&ask)),
                row("Topics", false, topics(&ask)),
                row("Disk", false, disk(monitoring, &ask)),
                row("Processes", true, processes(monitoring.kafka.name(), &ask)),
            ],
            Self::Quorum if monitoring.kafka.mode() == Mode::Kraft => vec![
                row("", false, quorum_health(&ask)),
                row("Quorum", false, quorum(&ask)),
                row("Metadata", false, metadata(&ask)),
                row("Controllers", false, controllers(&ask)),
            ],
            Self::ZooKeeper if monitoring.kafka.mode() == Mode::ZooKeeper => vec![
                row("", false, ensemble_health(&ask)),
                row("Ensemble", false, ensemble(&ask)),
                row("Controller", false, controllers(&ask)),
            ],
            Self::Quorum | Self::ZooKeeper => Vec::new(),
            Self::Consumers => vec![
                row("", false, consumers_health(monitoring, &ask)),
                row("Lag", false, lag(monitoring, &ask)),
                row("Progress", false, progress(&ask)),
            ],
            Self::Connect => vec![
                row("", false, workers_health(monitoring, &ask)),
                row("Traffic and errors", false, connectors(&ask)),
                row("Tasks", false, tasks(&ask)),
                row(
                    "Processes",
                    true,
                    monitoring
                        .connects
                        .iter()
                        .flat_map(|connect| processes(connect.name(), &ask))
                        .collect(),
                ),
            ],
            Self::Registry => vec![
                row("", false, registries_health(&ask)),
                row("Traffic, errors and latency", false, registries(&ask)),
                row("Registries", false, registries_states(&ask)),
                row(
                    "Processes",
                    true,
                    monitoring
                        .registries
                        .iter()
                        .filter(|registry| registry.metrics_port().is_some())
                        .flat_map(|registry| processes(registry.name(), &ask))
                        .collect(),
                ),
            ],
        }
    }

    /// By what its panels can be narrowed down.
    pub(super) fn variables(self, sources: &Sources) -> Vec<Variable> {
        let variable = |name, label, metric, of| Variable {
            name,
            label,
            values: sources
                .series(metric, &[])
                .map(|series| format!("label_values({series}, {of})")),
        };
        // Of a cluster made elsewhere only the exporter knows them.
        let brokers_know = sources.series(&broker::LOG_SIZE, &[]).is_some();
        let topics = if brokers_know {
            &broker::LOG_SIZE
        } else {
            &exporter::LEADER
        };
        match self {
            Self::Brokers => vec![variable("topic", "Topic", topics, "topic")],
            Self::Consumers => vec![
                variable("group", "Group", &exporter::CONSUMER_LAG, "consumergroup"),
                variable("topic", "Topic", &exporter::CONSUMER_LAG, "topic"),
            ],
            Self::Connect => vec![variable("connector", "Connector", &connect::RUNNING_TASKS, "connector")],
            Self::Overview | Self::Quorum | Self::ZooKeeper | Self::Registry => Vec::new(),
        }
    }

    /// Where a click on a panel of another board leads, with the same time and data source.
    fn link(self, ask: &Ask<'_>) -> (&'static str, String) {
        let url = format!("/d/{}?${{__url_time_range}}&${{__all_variables}}", uid(ask.0, self));
        (self.title(), url)
    }
}

impl Panel {
    fn leading_to_board(self, board: Board, ask: &Ask<'_>) -> Self {
        let (title, url) = board.link(ask);
        self.leading_to(title, url)
    }
}

/// The alerts that fire; each leads to its page, if it is known where that can be read.
fn alerts(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let mut alerts = panel_of(
        "Firing alerts",
        "Each bar is an alert while it fires, red if it is critical.",
        Unit::Count,
        Look::Firing,
        vec![(Some(firing("max", ask.0, "")), "{{alertname}} ({{severity}})")],
    )
    .silent("No alert fires");
    if let Some(url) = monitoring.page_url("${__field.labels.alertname}") {
        alerts = alerts.leading_to("Runbook", url);
    }
    let up = (ask.gauge("min by (job, pod)", &target::UP, &[]), "{{pod}}");
    let look = Look::States(vec![(1, "up", "green"), (0, "down", "red")]);
    vec![
        alerts,
        panel("Scrapes", &target::UP, Unit::Count, look, up)
            .described("Whether a pod's metrics can be read; no bar while the pod is gone."),
    ]
}

fn health(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let declared = f64::from(monitoring.kafka.brokers().unwrap_or(1));
    let controllers = if monitoring.kafka.mode() == Mode::ZooKeeper {
        Board::ZooKeeper
    } else {
        Board::Quorum
    };
    let critical = firing("count", ask.0, ",severity=\"critical\"");
    vec![
        panel_of(
            "Critical alerts",
            "Critical alerts that fire, by name; which they are stands below.",
            Unit::Count,
            alarm(1.0),
            vec![(Some(format!("count({critical})")), "")],
        )
        .silent("0"),
        ask.number("Brokers", &exporter::BROKERS, "max", no_less_than(declared))
            .leading_to_board(Board::Brokers, ask),
        ask.active_controllers().leading_to_board(controllers, ask),
        ask.offline_partitions(),
        ask.number("Below min ISR", &broker::UNDER_MIN_ISR, "sum", alarm(1.0))
            .leading_to_board(Board::Brokers, ask),
        ask.number("Under-replicated", &broker::UNDER_REPLICATED, "sum", warning(1.0))
            .leading_to_board(Board::Brokers, ask),
        largest_lag(monitoring, ask).leading_to_board(Board::Consumers, ask),
        Panel {
            title: "Fullest volume",
            look: Look::Number(vec![(share(monitoring.disk_usage), "red")]),
            queries: vec![(ask.gauge("max", &record::VOLUME_USED, &[]), "")],
            limit: None,
            ..volumes(monitoring, ask)
        },
    ]
}

/// A percentage, as a part of 1.
fn share(percent: u8) -> f64 {
    f64::from(percent) / 100.0
}

fn traffic(ask: &Ask<'_>) -> Vec<Panel> {
    // Kafka counts answers without an error here too, as an error of that name.
    let errors = ask
        .0
        .series(&broker::ERRORS, &[])
        .map(|errors| errors.replace('}', ",error!=\"NONE\"}"))
        .map(|errors| format!("sum by (request, error) (rate({errors}[$__rate_interval])) > 0"));
    vec![
        panel_of(
            "Traffic",
            "Bytes that cross the brokers' network a second.",
            Unit::BytesPerSecond,
            Look::Lines,
            vec![
                (ask.rate("sum", &broker::BYTES_IN, &[]), "produced"),
                (ask.rate("sum", &broker::BYTES_OUT, &[]), "consumed"),
                (ask.rate("sum", &broker::REPLICATION_BYTES_IN, &[]), "replicated"),
            ],
        ),
        panel(
            "Records in",
            &broker::MESSAGES_IN,
            Unit::RecordsPerSecond,
            Look::Stack,
            (ask.rate("sum by (pod)", &broker::MESSAGES_IN, &[]), "{{pod}}"),
        ),
        panel(
            "Requests",
            &broker::REQUESTS,
            Unit::RequestsPerSecond,
            Look::Stack,
            (ask.rate("sum by (request)", &broker::REQUESTS, &[]), "{{request}}"),
        ),
        panel(
            "Errors",
            &broker::ERRORS,
            Unit::RequestsPerSecond,
            Look::Bars,
            (errors, "{{request}} {{error}}"),
        )
        .silent("No errors"),
    ]
}

/// What the exporter knows of a cluster made elsewhere.
fn health_elsewhere(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let declared = f64::from(monitoring.brokers.unwrap_or(1));
    let offline = (external::offline(ask.0), "");
    vec![
        ask.number("Brokers", &exporter::BROKERS, "max", no_less_than(declared)),
        panel(
            "Offline partitions",
            &exporter::LEADER,
            Unit::Count,
            alarm(1.0),
            offline,
        )
        .described("Partitions that no leader is known of."),
        ask.number("Under-replicated", &exporter::UNDER_REPLICATED, "sum", warning(1.0))
            .leading_to_board(Board::Brokers, ask),
        largest_lag(monitoring, ask).leading_to_board(Board::Consumers, ask),
    ]
}

fn topics_elsewhere(ask: &Ask<'_>) -> Vec<Panel> {
    let of_topic = |metric: &Metric| ask.0.series(metric, &[("topic", "~$topic")]);
    let records = of_topic(&record::TOPIC_RATE).map(|rate| format!("topk(10, {rate})"));
    let under = of_topic(&exporter::UNDER_REPLICATED).map(|under| format!("sum by (topic) ({under}) > 0"));
    vec![
        panel(
            "Records in",
            &record::TOPIC_RATE,
            Unit::RecordsPerSecond,
            Look::Top,
            (records, "{{topic}}"),
        )
        .described("Records that clients produced to the topic."),
        panel(
            "Under-replicated partitions",
            &exporter::UNDER_REPLICATED,
            Unit::Count,
            Look::Stack,
            (under, "{{topic}}"),
        )
        .silent("None"),
        leader_changes(ask),
    ]
}

/// How often partitions change their leader.
fn leader_changes(ask: &Ask<'_>) -> Panel {
    let changes = ask
        .0
        .series(&exporter::LEADER, &[("topic", "~$topic")])
        .map(|leader| format!("sum by (topic) (changes({leader}[$__rate_interval])) > 0"));
    panel(
        "Leader changes",
        &exporter::LEADER,
        Unit::Count,
        Look::Bars,
        (changes, "{{topic}}"),
    )
    .described("Partitions that got another leader within the interval of each point, by topic.")
    .silent("None")
}

fn latency(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let quantiles = |title, request| {
        let time = |quantile| {
            ask.gauge(
                "max",
                &broker::TOTAL_TIME,
                &[("request", request), ("quantile", quantile)],
            )
        };
        panel_of(
            title,
            broker::TOTAL_TIME.help,
            Unit::Milliseconds,
            Look::Lines,
            vec![
                (time("0.50"), "p50"),
                (time("0.95"), "p95"),
                (time("0.99"), "p99"),
                (time("0.999"), "p99.9"),
            ],
        )
    };
    let parts = [
        (&broker::REQUEST_QUEUE_TIME, "waits for a handler"),
        (&broker::LOCAL_TIME, "appends to the log"),
        (&broker::REMOTE_TIME, "waits for followers"),
    ];
    #[expect(clippy::cast_precision_loss, reason = "a limit on a chart")]
    let limit = monitoring.produce_latency.as_millis() as f64;
    vec![
        quantiles("Produce latency, slowest broker", "Produce").limited(limit),
        quantiles("Fetch latency of consumers, slowest broker", "FetchConsumer").described(
            "Time from a request's arrival to its answer. A fetch that finds too little data waits for more, by default for half a second.",
        ),
        panel_of(
            "Where a produce request spends its time",
            "99th percentile of each part, slowest broker.",
            Unit::Milliseconds,
            Look::Lines,
            parts
                .map(|(metric, legend)| (ask.gauge("max", metric, &[("request", "Produce")]), legend))
                .into(),
        ),
    ]
}

fn saturation(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let idle = |title, metric| {
        panel(
            title,
            metric,
            Unit::Ratio,
            Look::Lines,
            (ask.gauge("min by (pod)", metric, &[]), "{{pod}}"),
        )
        .limited(share(monitoring.idle))
    };
    vec![
        idle("Request handlers, idle", &broker::HANDLER_IDLE),
        idle("Network threads, idle", &broker::NETWORK_IDLE),
        volumes(monitoring, ask),
        panel(
            "Connections",
            &broker::CONNECTIONS,
            Unit::Many,
            Look::Stack,
            (
                ask.gauge("sum by (listener)", &broker::CONNECTIONS, &[]),
                "{{listener}}",
            ),
        )
        .described("Open connections to all brokers, by listener."),
    ]
}

/// The lag of each group on each topic, if it ever committed there.
fn lags(ask: &Ask<'_>) -> Option<String> {
    ask.0.series(
        &record::GROUP_LAG,
        &[("consumergroup", "~$group"), ("topic", "~$topic")],
    )
}

fn largest_lag(monitoring: &Monitoring, ask: &Ask<'_>) -> Panel {
    #[expect(clippy::cast_precision_loss, reason = "a limit on a chart")]
    let limit = monitoring.lag as f64;
    let lag = ask.gauge("max", &record::GROUP_LAG, &[]);
    panel("Largest lag", &record::GROUP_LAG, Unit::Many, warning(limit), (lag, ""))
        .described("Records that the group furthest behind did not commit yet, on one topic.")
}

fn consumers_health(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let committed = ask
        .0
        .series(&exporter::COMMITTED_OFFSET, &[])
        .map(|offset| format!("sum(deriv({offset}[5m]))"));
    vec![
        largest_lag(monitoring, ask),
        panel(
            "Records committed",
            &exporter::COMMITTED_OFFSET,
            Unit::RecordsPerSecond,
            plain(),
            (committed, ""),
        )
        .described("Records that all groups commit a second."),
        ask.number("Groups", &exporter::GROUP_MEMBERS, "count", plain())
            .described("Consumer groups that the cluster knows."),
        ask.number("Members", &exporter::GROUP_MEMBERS, "sum", plain()),
    ]
}

fn lag(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    #[expect(clippy::cast_precision_loss, reason = "a limit on a chart")]
    let (records, seconds) = (monitoring.lag as f64, monitoring.lag_time.as_seconds() as f64);
    let time = lags(ask)
        .zip(ask.0.series(&record::TOPIC_RATE, &[("topic", "~$topic")]))
        .map(|(lag, rate)| format!("topk(10, {lag} / on (topic) group_left () ({rate} > 0))"));
    vec![
        panel(
            "Lag",
            &record::GROUP_LAG,
            Unit::Many,
            Look::Top,
            (
                lags(ask).map(|lag| format!("topk(10, {lag})")),
                "{{consumergroup}} {{topic}}",
            ),
        )
        .described("Records that a group did not commit yet: the ten group and topic pairs furthest behind.")
        .limited(records),
        panel(
            "Lag in time",
            &record::GROUP_LAG,
            Unit::Seconds,
            Look::Top,
            (time, "{{consumergroup}} {{topic}}"),
        )
        .described("How long the topic takes to get as many records as the group is behind, at its present rate.")
        .limited(seconds),
    ]
}

fn progress(ask: &Ask<'_>) -> Vec<Panel> {
    let chosen = [("consumergroup", "~$group"), ("topic", "~$topic")];
    vec![
        panel(
            "Records committed",
            &exporter::COMMITTED_OFFSET,
            Unit::RecordsPerSecond,
            Look::Top,
            (
                ask.0.series(&exporter::COMMITTED_OFFSET, &chosen).map(|offset| {
                    // The exporter declares offsets as gauges, so it is `deriv` that asks for their growth.
                    format!("topk(10, sum by (consumergroup, topic) (deriv({offset}[5m])))")
                }),
                "{{consumergroup}} {{topic}}",
            ),
        )
        .described("Records that a group commits a second."),
        panel(
            "Members",
            &exporter::GROUP_MEMBERS,
            Unit::Count,
            Look::Top,
            (
                ask.gauge(
                    "sum by (consumergroup)",
                    &exporter::GROUP_MEMBERS,
                    &[("consumergroup", "~$group")],
                ),
                "{{consumergroup}}",
            ),
        ),
    ]
}

fn replication(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Under-replicated partitions",
            &broker::UNDER_REPLICATED,
            Unit::Count,
            Look::Stack,
            (ask.gauge("sum by (pod)", &broker::UNDER_REPLICATED, &[]), "{{pod}}"),
        ),
        panel_of(
            "Changes of the ISR",
            "Replicas that fell out of sync, and came back, within the interval of each point.",
            Unit::Count,
            Look::Bars,
            vec![
                (ask.increase("sum", &broker::ISR_SHRINKS), "out"),
                (ask.increase("sum", &broker::ISR_EXPANDS), "back in"),
            ],
        ),
        ask.each("Slowest follower", &broker::FETCHER_LAG, Unit::Many),
        ask.each("Partitions led", &broker::LEADERS, Unit::Count),
        leader_changes(ask),
        panel(
            "Late transactions",
            &broker::LATE_TRANSACTIONS,
            Unit::Count,
            Look::Lines,
            (ask.gauge("sum by (pod)", &broker::LATE_TRANSACTIONS, &[]), "{{pod}}"),
        ),
    ]
}

fn topics(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.top_topics("Records in", &broker::TOPIC_MESSAGES_IN, Unit::RecordsPerSecond),
        ask.top_topics("Bytes in", &broker::TOPIC_BYTES_IN, Unit::BytesPerSecond),
        ask.top_topics("Bytes out", &broker::TOPIC_BYTES_OUT, Unit::BytesPerSecond),
    ]
}

fn volumes(monitoring: &Monitoring, ask: &Ask<'_>) -> Panel {
    panel_of(
        "Volumes, used",
        "Part of each volume that is no longer available.",
        Unit::Ratio,
        Look::Lines,
        vec![(ask.0.series(&record::VOLUME_USED, &[]), "{{persistentvolumeclaim}}")],
    )
    .limited(share(monitoring.disk_usage))
}

fn disk(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        volumes(monitoring, ask),
        panel(
            "Size on disk, all replicas",
            &broker::LOG_SIZE,
            Unit::Bytes,
            Look::Top,
            (
                ask.gauge("sum by (topic)", &broker::LOG_SIZE, &[("topic", "~$topic")])
                    .map(|size| format!("topk(10, {size})")),
                "{{topic}}",
            ),
        )
        .described("Size of a topic on all brokers together: the ten largest."),
        ask.each(
            "Flushes to disk, 99th percentile",
            &broker::LOG_FLUSH_TIME,
            Unit::Milliseconds,
        ),
    ]
}

fn quorum_health(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.active_controllers(),
        ask.number("Fenced brokers", &controller::FENCED_BROKERS, "max", warning(1.0)),
        ask.offline_partitions(),
        ask.number("Metadata errors", &controller::METADATA_ERRORS, "sum", alarm(1.0)),
    ]
}

fn quorum(ask: &Ask<'_>) -> Vec<Panel> {
    let elections = ask
        .0
        .series(&controller::CURRENT_EPOCH, &[])
        .map(|epoch| format!("max(changes({epoch}[$__rate_interval]))"));
    vec![
        ask.named_states(
            "Role",
            &controller::CURRENT_STATE,
            ("pod", "{{pod}}"),
            "state",
            &[
                ("leader", "leader", "green"),
                ("follower", "follower", "blue"),
                ("observer", "observer", QUIET),
                (
                    "candidate|prospective|voted|unattached.*|resigned",
                    "election",
                    "orange",
                ),
            ],
        ),
        ask.states(
            "Leader that each node follows",
            &controller::CURRENT_LEADER,
            Look::States(vec![(-1, "none", "red")]),
        )
        .at_least(-1.0),
        panel(
            "Elections",
            &controller::CURRENT_EPOCH,
            Unit::Count,
            Look::Bars,
            (elections, "changes of the epoch"),
        )
        .described("Changes of the quorum's epoch within the interval of each point."),
    ]
}

fn metadata(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Behind the longest metadata log",
            &controller::LOG_END_OFFSET,
            Unit::Many,
            Look::Lines,
            (
                ask.0
                    .series(&controller::LOG_END_OFFSET, &[])
                    .map(|end| format!("scalar(max({end})) - max by (pod) ({end})")),
                "{{pod}}",
            ),
        )
        .described("Records of metadata that a node does not have yet."),
        ask.each(
            "Age of the metadata that brokers applied",
            &broker::METADATA_LAG,
            Unit::Milliseconds,
        ),
        ask.each(
            "Age of the metadata that controllers applied",
            &controller::LAST_APPLIED_LAG,
            Unit::Milliseconds,
        ),
        ask.each(
            "From append to commit, mean",
            &controller::COMMIT_LATENCY,
            Unit::Milliseconds,
        ),
    ]
}

fn controllers(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.states(
            "Active controller",
            &controller::ACTIVE_CONTROLLERS,
            chosen("active", "standby"),
        ),
        ask.each(
            "Wait in the controller's queue, 99th percentile",
            &controller::EVENT_QUEUE_TIME,
            Unit::Milliseconds,
        ),
        panel(
            "Partitions off their preferred leader",
            &controller::PREFERRED_REPLICA_IMBALANCE,
            Unit::Count,
            Look::Lines,
            (
                ask.gauge("max", &controller::PREFERRED_REPLICA_IMBALANCE, &[]),
                "partitions",
            ),
        ),
        panel_of(
            "Unclean elections and lost heartbeats",
            "Leaders elected from outside the ISR, and heartbeats of brokers that timed out, within the interval of each point.",
            Unit::Count,
            Look::Bars,
            vec![
                // With KRaft each controller counts those of the whole cluster.
                (ask.increase("max", &controller::UNCLEAN_ELECTIONS), "unclean elections"),
                (ask.increase("sum", &controller::TIMED_OUT_HEARTBEATS), "heartbeats"),
            ],
        ),
    ]
}

fn ensemble_health(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Leaders",
            &zookeeper::SERVER_STATE,
            Unit::Count,
            exactly_one(),
            (ask.gauge("sum", &zookeeper::SERVER_STATE, &[("state", "leading")]), ""),
        )
        .described("Servers that lead the ensemble."),
        panel(
            "Followers",
            &zookeeper::SERVER_STATE,
            Unit::Count,
            no_less_than(1.0),
            (
                ask.gauge("sum", &zookeeper::SERVER_STATE, &[("state", "following")]),
                "",
            ),
        )
        .described("Servers that follow the leader."),
        ask.active_controllers(),
        ask.offline_partitions(),
    ]
}

fn ensemble(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.named_states(
            "Role",
            &zookeeper::SERVER_STATE,
            ("pod", "{{pod}}"),
            "state",
            &[
                ("leading", "leading", "green"),
                ("following", "following", "blue"),
                ("observing", "observing", QUIET),
                ("leaderelection", "election", "orange"),
            ],
        ),
        ask.each("Outstanding requests", &zookeeper::OUTSTANDING_REQUESTS, Unit::Many),
        ask.each(
            "Latency of brokers' requests, 99th percentile",
            &zookeeper::REQUEST_LATENCY,
            Unit::Milliseconds,
        ),
        ask.each("Connections", &zookeeper::ALIVE_CONNECTIONS, Unit::Many),
        ask.each("Znodes", &zookeeper::ZNODES, Unit::Many),
        ask.events("Expired sessions of brokers", &zookeeper::SESSION_EXPIRES),
    ]
}

fn workers_health(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let of_tasks = |title, metric: &Metric, look| {
        let query = ask
            .gauge("max by (connector)", metric, &[])
            .map(|tasks| format!("sum({tasks})"));
        panel(title, metric, Unit::Count, look, (query, ""))
    };
    let jobs: Vec<&str> = monitoring.connects.iter().map(ConnectHandle::name).collect();
    let up = (!jobs.is_empty())
        .then(|| ask.gauge("sum", &target::UP, &[("job", &format!("~{}", jobs.join("|")))]))
        .flatten();
    vec![
        panel("Workers", &target::UP, Unit::Count, no_less_than(1.0), (up, ""))
            .described("Connect workers whose metrics can be read."),
        ask.number("Connectors", &connect::CONNECTORS, "sum", plain())
            .described("Connectors that run on any worker."),
        of_tasks("Running tasks", &connect::RUNNING_TASKS, plain()).described("Tasks of all connectors that run."),
        of_tasks("Failed tasks", &connect::FAILED_TASKS, alarm(1.0)),
    ]
}

fn connectors(ask: &Ask<'_>) -> Vec<Panel> {
    let chosen = [("connector", "~$connector")];
    let rate = |title, metric: &Metric| {
        let query = (ask.rate("sum by (connector)", metric, &chosen), "{{connector}}");
        panel(title, metric, Unit::RecordsPerSecond, Look::Lines, query)
    };
    vec![
        panel_of(
            "Records",
            "Records that source tasks wrote to Kafka, and that sink tasks took from it.",
            Unit::RecordsPerSecond,
            Look::Lines,
            vec![
                (
                    ask.rate("sum by (connector)", &connect::SOURCE_RECORDS, &chosen),
                    "{{connector}} in",
                ),
                (
                    ask.rate("sum by (connector)", &connect::SINK_RECORDS, &chosen),
                    "{{connector}} out",
                ),
            ],
        ),
        rate("Errors", &connect::RECORD_ERRORS),
        rate("Dead letters", &connect::DEAD_LETTERS),
    ]
}

fn tasks(ask: &Ask<'_>) -> Vec<Panel> {
    let of_connector = |title, metric: &Metric| {
        let query = ask.gauge("max by (connector)", metric, &[("connector", "~$connector")]);
        panel(title, metric, Unit::Count, Look::Lines, (query, "{{connector}}"))
    };
    vec![
        of_connector("Running tasks", &connect::RUNNING_TASKS),
        of_connector("Failed tasks", &connect::FAILED_TASKS),
        ask.events("Rebalances", &connect::REBALANCES),
    ]
}

fn registries_health(ask: &Ask<'_>) -> Vec<Panel> {
    let total =
        |title, metric: &Metric, how, unit, look| panel(title, metric, unit, look, (ask.gauge(how, metric, &[]), ""));
    vec![
        ask.number("Primaries", &registry::PRIMARY, "sum", exactly_one())
            .described("Registries that may write: one, or nobody can register a schema."),
        total(
            "Requests",
            &registry::REQUEST_RATE,
            "sum",
            Unit::RequestsPerSecond,
            plain(),
        ),
        total(
            "Requests that failed",
            &registry::REQUEST_ERROR_RATE,
            "sum",
            Unit::RequestsPerSecond,
            plain(),
        ),
        total(
            "Latency, 99th percentile",
            &registry::REQUEST_LATENCY,
            "max",
            Unit::Milliseconds,
            plain(),
        ),
    ]
}

fn registries(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.each("Requests", &registry::REQUEST_RATE, Unit::RequestsPerSecond),
        ask.each(
            "Requests that failed",
            &registry::REQUEST_ERROR_RATE,
            Unit::RequestsPerSecond,
        ),
        ask.each(
            "Latency, 99th percentile",
            &registry::REQUEST_LATENCY,
            Unit::Milliseconds,
        ),
    ]
}

fn registries_states(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.states("Primary", &registry::PRIMARY, chosen("primary", "secondary")),
        ask.each("Connections", &registry::CONNECTIONS, Unit::Many),
        ask.each("Schemas registered since the start", &registry::REGISTERED, Unit::Count),
    ]
}

fn processes(job: &str, ask: &Ask<'_>) -> Vec<Panel> {
    let job = [("job", job)];
    let heap = ask
        .0
        .series(&jvm::HEAP_USED, &job)
        .zip(ask.0.series(&jvm::HEAP_MAX, &job));
    let files = ask
        .0
        .series(&jvm::OPEN_FILES, &job)
        .zip(ask.0.series(&jvm::MAX_FILES, &job));
    let part = |(used, limit)| format!("max by (pod) ({used}) / max by (pod) ({limit})");
    vec![
        panel(
            "Heap, used",
            &jvm::HEAP_USED,
            Unit::Ratio,
            Look::Lines,
            (heap.map(part), "{{pod}}"),
        )
        .described("Part of the heap's limit in use; garbage counts until it is collected."),
        Panel {
            most: None,
            ..panel(
                "Garbage collection, part of the time",
                &jvm::GC_SECONDS,
                Unit::Ratio,
                Look::Lines,
                (ask.rate("sum by (pod)", &jvm::GC_SECONDS, &job), "{{pod}}"),
            )
            .described("Part of the time spent in garbage collection.")
        },
        panel(
            "Processors in use",
            &jvm::CPU_SECONDS,
            Unit::Number,
            Look::Lines,
            (ask.rate("sum by (pod)", &jvm::CPU_SECONDS, &job), "{{pod}}"),
        )
        .described("Processors that the process keeps busy."),
        panel(
            "File descriptors, used",
            &jvm::OPEN_FILES,
            Unit::Ratio,
            Look::Lines,
            (files.map(part), "{{pod}}"),
        )
        .described("Part of the limit of open file descriptors in use."),
    ]
}
