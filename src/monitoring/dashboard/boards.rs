//! What each dashboard shows.

use super::{Board, Look, Monitoring, Panel, Query, Row, Sources, Unit};
use crate::{
    kafka::Mode,
    metrics::{Metric, broker, connect, controller, exporter, jvm, kubelet, registry, target, zookeeper},
};

/// A panel of one query, described by what its metric says.
fn panel(title: &'static str, metric: &Metric, unit: Unit, look: Look, query: Query) -> Panel {
    Panel {
        title,
        description: metric.help,
        unit,
        look,
        queries: vec![query],
        link: None,
    }
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

    /// A line for each pod.
    fn each(&self, title: &'static str, metric: &Metric, unit: Unit) -> Panel {
        let query = (self.gauge("max by (pod)", metric, &[]), "{{pod}}");
        panel(title, metric, unit, Look::Lines, query)
    }

    /// A line for each pod: how often a second.
    fn each_rate(&self, title: &'static str, metric: &Metric) -> Panel {
        let query = (self.rate("sum by (pod)", metric, &[]), "{{pod}}");
        panel(title, metric, Unit::PerSecond, Look::Lines, query)
    }
}

const fn row(title: &'static str, folded: bool, panels: Vec<Panel>) -> Row {
    Row { title, folded, panels }
}

impl Board {
    /// What matters most is at the top; what is only looked at for a reason is folded.
    pub(super) fn rows(self, monitoring: &Monitoring, sources: &Sources) -> Vec<Row> {
        let ask = Ask(sources);
        match self {
            Self::Overview => vec![
                row("", false, health(monitoring, &ask)),
                row("Golden signals", false, signals(monitoring, &ask)),
                row("Alerts", false, alerts(monitoring, &ask)),
                row("Where a request spends its time", true, requests(&ask)),
            ],
            Self::Brokers => vec![
                row("Replication", false, replication(&ask)),
                row("Topics", false, topics(&ask)),
                row("Disk", false, disk(monitoring, &ask)),
                row("Processes", true, processes(monitoring.kafka.name(), &ask)),
            ],
            Self::Quorum if monitoring.kafka.mode() == Mode::Kraft => vec![
                row("Quorum", false, quorum(&ask)),
                row("Controllers", false, controllers(&ask)),
            ],
            Self::ZooKeeper if monitoring.kafka.mode() == Mode::ZooKeeper => vec![
                row("Ensemble", false, ensemble(&ask)),
                row("Controller", false, controllers(&ask)),
            ],
            Self::Quorum | Self::ZooKeeper => Vec::new(),
            Self::Consumers => vec![row("", false, consumers(&ask))],
            Self::Connect => vec![
                row("", false, workers(&ask)),
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
                row("", false, registries(&ask)),
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
}

/// The alerts that fire; each leads to its page, if it is known where that can be read.
fn alerts(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let Sources { namespace, cluster, .. } = ask.0;
    let firing = format!(
        "sum by (alertname, severity) (ALERTS{{namespace=\"{namespace}\",kafka_cluster=\"{cluster}\",alertstate=\"firing\"}})"
    );
    let mut panel = Panel {
        title: "Firing alerts",
        description: "Each series is an alert that fires: how many of its name do.",
        unit: Unit::Count,
        look: Look::Stack,
        queries: vec![(Some(firing), "{{alertname}} ({{severity}})")],
        link: None,
    };
    if let Some(url) = monitoring.page_url("${__field.labels.alertname}") {
        panel = panel.leading_to("Runbook", url);
    }
    let up = (ask.gauge("min by (job, pod)", &target::UP, &[]), "{{job}} {{pod}}");
    let scrapes = Panel {
        description: "1 where a pod's metrics can be read.",
        ..self::panel("Scrapes", &target::UP, Unit::Count, Look::Lines, up)
    };
    vec![panel, scrapes]
}

fn health(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let declared = f64::from(monitoring.kafka.brokers().unwrap_or(1));
    let number =
        |title, metric: &Metric, how, look| panel(title, metric, Unit::Count, look, (ask.gauge(how, metric, &[]), ""));
    vec![
        number("Brokers", &exporter::BROKERS, "max", Look::AtLeast(declared)),
        number(
            "Offline partitions",
            &controller::OFFLINE_PARTITIONS,
            "max",
            Look::Alarm(1.0),
        ),
        number("Below min ISR", &broker::UNDER_MIN_ISR, "sum", Look::Alarm(1.0)),
        number("Under-replicated", &broker::UNDER_REPLICATED, "sum", Look::Alarm(1.0)),
        number(
            "Active controllers",
            &controller::ACTIVE_CONTROLLERS,
            "sum",
            Look::AtLeast(1.0),
        ),
        panel(
            "Records in",
            &broker::MESSAGES_IN,
            Unit::PerSecond,
            Look::Number,
            (ask.rate("sum", &broker::MESSAGES_IN, &[]), ""),
        ),
    ]
}

fn signals(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let latency = |title, request| {
        let time = |quantile| {
            ask.gauge(
                "max",
                &broker::TOTAL_TIME,
                &[("request", request), ("quantile", quantile)],
            )
        };
        Panel {
            title,
            description: broker::TOTAL_TIME.help,
            unit: Unit::Milliseconds,
            look: Look::Lines,
            queries: vec![
                (time("0.50"), "half"),
                (time("0.95"), "95 %"),
                (time("0.99"), "99 %"),
                (time("0.999"), "99.9 %"),
            ],
            link: None,
        }
    };
    vec![
        Panel {
            title: "Traffic",
            description: "Bytes that cross the brokers' network a second.",
            unit: Unit::BytesPerSecond,
            look: Look::Lines,
            queries: vec![
                (ask.rate("sum", &broker::BYTES_IN, &[]), "produced"),
                (ask.rate("sum", &broker::BYTES_OUT, &[]), "consumed"),
                (ask.rate("sum", &broker::REPLICATION_BYTES_IN, &[]), "replicated"),
            ],
            link: None,
        },
        latency("Produce latency, slowest broker", "Produce"),
        latency("Fetch latency of consumers, slowest broker", "FetchConsumer"),
        panel(
            "Errors",
            &broker::ERRORS,
            Unit::PerSecond,
            Look::Stack,
            (
                ask.rate("sum by (request, error)", &broker::ERRORS, &[])
                    .map(|rate| format!("{rate} > 0")),
                "{{request}} {{error}}",
            ),
        ),
        panel(
            "Request handlers, idle",
            &broker::HANDLER_IDLE,
            Unit::Ratio,
            Look::Lines,
            (ask.gauge("min by (pod)", &broker::HANDLER_IDLE, &[]), "{{pod}}"),
        ),
        panel(
            "Network threads, idle",
            &broker::NETWORK_IDLE,
            Unit::Ratio,
            Look::Lines,
            (ask.gauge("min by (pod)", &broker::NETWORK_IDLE, &[]), "{{pod}}"),
        ),
        volumes(monitoring, ask),
    ]
}

fn requests(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        Panel {
            title: "Where a produce request spends its time",
            description: "99th percentile of each part, slowest broker.",
            unit: Unit::Milliseconds,
            look: Look::Lines,
            queries: [
                (&broker::REQUEST_QUEUE_TIME, "waits for a handler"),
                (&broker::LOCAL_TIME, "appends to the log"),
                (&broker::REMOTE_TIME, "waits for followers"),
            ]
            .map(|(metric, legend)| (ask.gauge("max", metric, &[("request", "Produce")]), legend))
            .into(),
            link: None,
        },
        panel(
            "Requests",
            &broker::REQUESTS,
            Unit::PerSecond,
            Look::Stack,
            (ask.rate("sum by (request)", &broker::REQUESTS, &[]), "{{request}}"),
        ),
        panel(
            "Connections",
            &broker::CONNECTIONS,
            Unit::Count,
            Look::Stack,
            (
                ask.gauge("sum by (pod, listener)", &broker::CONNECTIONS, &[]),
                "{{pod}} {{listener}}",
            ),
        ),
    ]
}

fn consumers(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Lag",
            &exporter::CONSUMER_LAG,
            Unit::Count,
            Look::Lines,
            (
                ask.0
                    .series(&exporter::CONSUMER_LAG, &[])
                    .map(|lag| format!("topk(10, sum by (consumergroup, topic) ({lag} > 0))")),
                "{{consumergroup}} {{topic}}",
            ),
        ),
        panel(
            "Records committed",
            &exporter::COMMITTED_OFFSET,
            Unit::PerSecond,
            Look::Lines,
            (
                ask.0.series(&exporter::COMMITTED_OFFSET, &[]).map(|offset| {
                    // The exporter declares offsets as gauges, so it is `deriv` that asks for their growth.
                    format!("topk(10, sum by (consumergroup, topic) (deriv({offset}[5m])))")
                }),
                "{{consumergroup}} {{topic}}",
            ),
        ),
        panel(
            "Members",
            &exporter::GROUP_MEMBERS,
            Unit::Count,
            Look::Lines,
            (
                ask.gauge("sum by (consumergroup)", &exporter::GROUP_MEMBERS, &[]),
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
        Panel {
            title: "Changes of the ISR",
            description: "Replicas that fell out of sync, and came back.",
            unit: Unit::PerSecond,
            look: Look::Lines,
            queries: vec![
                (ask.rate("sum by (pod)", &broker::ISR_SHRINKS, &[]), "{{pod}} out"),
                (ask.rate("sum by (pod)", &broker::ISR_EXPANDS, &[]), "{{pod}} in"),
            ],
            link: None,
        },
        ask.each("Slowest follower", &broker::FETCHER_LAG, Unit::Count),
        ask.each("Partitions led", &broker::LEADERS, Unit::Count),
        panel(
            "Leader changes within five minutes",
            &exporter::LEADER,
            Unit::Count,
            Look::Lines,
            (
                ask.0
                    .series(&exporter::LEADER, &[])
                    .map(|leader| format!("topk(10, sum by (topic) (changes({leader}[5m])))")),
                "{{topic}}",
            ),
        ),
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
    let top = |title, metric: &Metric, unit| {
        let query = ask
            .rate("sum by (topic)", metric, &[])
            .map(|rate| format!("topk(10, {rate})"));
        panel(title, metric, unit, Look::Lines, (query, "{{topic}}"))
    };
    vec![
        top("Records in", &broker::TOPIC_MESSAGES_IN, Unit::PerSecond),
        top("Bytes in", &broker::TOPIC_BYTES_IN, Unit::BytesPerSecond),
        top("Bytes out", &broker::TOPIC_BYTES_OUT, Unit::BytesPerSecond),
    ]
}

fn volumes(monitoring: &Monitoring, ask: &Ask<'_>) -> Panel {
    let used = monitoring.volume_claims().and_then(|claims| {
        let claims = [("persistentvolumeclaim", claims.as_str())];
        let available = ask.0.series(&kubelet::VOLUME_AVAILABLE, &claims)?;
        let capacity = ask.0.series(&kubelet::VOLUME_CAPACITY, &claims)?;
        let by = "max by (persistentvolumeclaim)";
        Some(format!("1 - {by} ({available}) / {by} ({capacity})"))
    });
    Panel {
        title: "Volumes, used",
        description: "Part of each volume that is no longer available.",
        unit: Unit::Ratio,
        look: Look::Lines,
        queries: vec![(used, "{{persistentvolumeclaim}}")],
        link: None,
    }
}

fn disk(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        volumes(monitoring, ask),
        panel(
            "Size on disk, all replicas",
            &broker::LOG_SIZE,
            Unit::Bytes,
            Look::Lines,
            (
                ask.gauge("sum by (topic)", &broker::LOG_SIZE, &[])
                    .map(|size| format!("topk(10, {size})")),
                "{{topic}}",
            ),
        ),
        ask.each(
            "Flushes to disk, 99th percentile",
            &broker::LOG_FLUSH_TIME,
            Unit::Milliseconds,
        ),
    ]
}

fn quorum(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Role",
            &controller::CURRENT_STATE,
            Unit::Count,
            Look::Stack,
            (
                ask.gauge("sum by (pod, state)", &controller::CURRENT_STATE, &[]),
                "{{pod}} {{state}}",
            ),
        ),
        ask.each(
            "Leader that each node follows",
            &controller::CURRENT_LEADER,
            Unit::Count,
        ),
        ask.each("Epoch", &controller::CURRENT_EPOCH, Unit::Count),
        panel(
            "Behind the longest metadata log",
            &controller::LOG_END_OFFSET,
            Unit::Count,
            Look::Lines,
            (
                ask.0
                    .series(&controller::LOG_END_OFFSET, &[])
                    .map(|end| format!("scalar(max({end})) - max by (pod) ({end})")),
                "{{pod}}",
            ),
        ),
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
        ask.each("Active controller", &controller::ACTIVE_CONTROLLERS, Unit::Count),
        ask.each("Fenced brokers", &controller::FENCED_BROKERS, Unit::Count),
        ask.each(
            "Wait in the controller's queue, 99th percentile",
            &controller::EVENT_QUEUE_TIME,
            Unit::Milliseconds,
        ),
        ask.each(
            "Partitions off their preferred leader",
            &controller::PREFERRED_REPLICA_IMBALANCE,
            Unit::Count,
        ),
        ask.each_rate("Unclean elections", &controller::UNCLEAN_ELECTIONS),
        ask.each_rate("Broker heartbeats that timed out", &controller::TIMED_OUT_HEARTBEATS),
    ]
}

fn ensemble(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        panel(
            "Role",
            &zookeeper::SERVER_STATE,
            Unit::Count,
            Look::Lines,
            (
                ask.gauge("sum by (pod, state)", &zookeeper::SERVER_STATE, &[]),
                "{{pod}} {{state}}",
            ),
        ),
        ask.each("Outstanding requests", &zookeeper::OUTSTANDING_REQUESTS, Unit::Count),
        ask.each(
            "Latency of brokers' requests, 99th percentile",
            &zookeeper::REQUEST_LATENCY,
            Unit::Milliseconds,
        ),
        ask.each("Connections", &zookeeper::ALIVE_CONNECTIONS, Unit::Count),
        ask.each("Znodes", &zookeeper::ZNODES, Unit::Count),
        ask.each_rate("Expired sessions of brokers", &zookeeper::SESSION_EXPIRES),
    ]
}

fn workers(ask: &Ask<'_>) -> Vec<Panel> {
    let of_connector = |title, metric: &Metric| {
        let query = ask.gauge("max by (connector)", metric, &[]);
        panel(title, metric, Unit::Count, Look::Lines, (query, "{{connector}}"))
    };
    vec![
        of_connector("Running tasks", &connect::RUNNING_TASKS),
        of_connector("Failed tasks", &connect::FAILED_TASKS),
        ask.each_rate("Rebalances", &connect::REBALANCES),
        Panel {
            title: "Records",
            description: "Records that source tasks wrote to Kafka, and that sink tasks took from it.",
            unit: Unit::PerSecond,
            look: Look::Lines,
            queries: vec![
                (
                    ask.rate("sum by (connector)", &connect::SOURCE_RECORDS, &[]),
                    "{{connector}} in",
                ),
                (
                    ask.rate("sum by (connector)", &connect::SINK_RECORDS, &[]),
                    "{{connector}} out",
                ),
            ],
            link: None,
        },
        panel(
            "Errors",
            &connect::RECORD_ERRORS,
            Unit::PerSecond,
            Look::Lines,
            (
                ask.rate("sum by (connector)", &connect::RECORD_ERRORS, &[]),
                "{{connector}}",
            ),
        ),
        panel(
            "Dead letters",
            &connect::DEAD_LETTERS,
            Unit::PerSecond,
            Look::Lines,
            (
                ask.rate("sum by (connector)", &connect::DEAD_LETTERS, &[]),
                "{{connector}}",
            ),
        ),
    ]
}

fn registries(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.each("Primary", &registry::PRIMARY, Unit::Count),
        ask.each("Requests", &registry::REQUEST_RATE, Unit::PerSecond),
        ask.each("Requests that failed", &registry::REQUEST_ERROR_RATE, Unit::PerSecond),
        ask.each(
            "Latency, 99th percentile",
            &registry::REQUEST_LATENCY,
            Unit::Milliseconds,
        ),
        ask.each("Connections", &registry::CONNECTIONS, Unit::Count),
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
        ),
        panel(
            "Garbage collection, part of the time",
            &jvm::GC_SECONDS,
            Unit::Ratio,
            Look::Lines,
            (ask.rate("sum by (pod)", &jvm::GC_SECONDS, &job), "{{pod}}"),
        ),
        panel(
            "Processor",
            &jvm::CPU_SECONDS,
            Unit::Cores,
            Look::Lines,
            (ask.rate("sum by (pod)", &jvm::CPU_SECONDS, &job), "{{pod}}"),
        ),
        panel(
            "File descriptors, used",
            &jvm::OPEN_FILES,
            Unit::Ratio,
            Look::Lines,
            (files.map(part), "{{pod}}"),
        ),
    ]
}
