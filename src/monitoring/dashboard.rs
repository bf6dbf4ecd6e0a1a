//! The overview dashboard of a cluster, from typed panels over the same metrics as the alerts.

use serde_json::{Value, json};

use super::{Monitoring, scrape::Sources};
use crate::{
    manifest::digest,
    metrics::{Metric, broker, connect, controller, exporter, jvm, kubelet, registry, zookeeper},
};

/// Grafana's limit for a `uid`.
const UID_LIMIT: usize = 40;

/// The stable id of a cluster's dashboard, by which it is linked to; it is also the name of its file, which has to differ
/// from that of every other dashboard that Grafana loads.
pub(super) fn uid(sources: &Sources) -> String {
    let uid = format!("kafka-{}-{}", sources.namespace, sources.cluster);
    if uid.len() <= UID_LIMIT {
        uid
    } else {
        format!("kafka-{}", digest(&uid))
    }
}

/// Grafana's name of a unit.
#[derive(Clone, Copy)]
enum Unit {
    Count,
    PerSecond,
    Bytes,
    BytesPerSecond,
    Milliseconds,
    Ratio,
    Cores,
}

impl Unit {
    const fn id(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::PerSecond => "cps",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "Bps",
            Self::Milliseconds => "ms",
            Self::Ratio => "percentunit",
            Self::Cores => "cores",
        }
    }
}

/// A query and the legend of its series. No expression: a metric of it does not exist in this stack.
type Query = (Option<String>, &'static str);

struct Panel {
    title: &'static str,
    description: &'static str,
    unit: Unit,
    look: Look,
    queries: Vec<Query>,
}

enum Look {
    /// One large number, red from a value on.
    Alarm(f64),
    /// One large number, red below a value.
    AtLeast(f64),
    /// One large number.
    Number,
    /// Lines over time.
    Lines,
    /// Areas over time, one upon the other.
    Stack,
}

struct Row {
    title: &'static str,
    folded: bool,
    panels: Vec<Panel>,
}

/// The dashboard as Grafana reads it. A panel whose metrics do not exist here is left out, and so is a row without panels.
pub(super) fn json(monitoring: &Monitoring, sources: &Sources) -> String {
    let mut panels = Vec::new();
    let mut place = Place::default();
    for row in rows(monitoring, sources) {
        let known: Vec<Panel> = row
            .panels
            .into_iter()
            .filter(|panel| panel.queries.iter().any(|(expression, _)| expression.is_some()))
            .collect();
        if known.is_empty() {
            continue;
        }
        if !row.title.is_empty() {
            let mut head = json!({
                "type": "row",
                "title": row.title,
                "id": place.next_id(),
                "gridPos": place.row(),
                "collapsed": row.folded,
                "panels": [],
            });
            if row.folded {
                head["panels"] = known.iter().map(|panel| panel.json(&mut place)).collect();
                place.close();
                panels.push(head);
                continue;
            }
            panels.push(head);
        }
        panels.extend(known.iter().map(|panel| panel.json(&mut place)));
        place.close();
    }
    let dashboard = json!({
        "id": null,
        "uid": uid(sources),
        "title": format!("Kafka: {} in {}", sources.cluster, sources.namespace),
        "tags": ["kafka"],
        "schemaVersion": 39,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-3h", "to": "now" },
        "timezone": "browser",
        "templating": { "list": [{
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "current": {},
            "hide": 0,
        }] },
        "annotations": { "list": [] },
        "panels": panels,
    });
    let mut text = String::new();
    write(&dashboard, 0, &mut text);
    text.push('\n');
    text
}

/// JSON for a reviewer: what is short stays on one line, so that a panel is some lines and not fifty.
fn write(value: &Value, depth: usize, text: &mut String) {
    const LINE: usize = 100;
    let line = value.to_string();
    let (open, close, items): (_, _, Vec<(String, &Value)>) = match value {
        Value::Object(map) if line.len() > LINE => (
            '{',
            '}',
            map.iter()
                .map(|(key, item)| (format!("{}: ", json!(key)), item))
                .collect(),
        ),
        Value::Array(list) if line.len() > LINE => ('[', ']', list.iter().map(|item| (String::new(), item)).collect()),
        _ => {
            text.push_str(&line);
            return;
        }
    };
    text.push(open);
    for (index, (key, item)) in items.into_iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(&key);
        write(item, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

/// Where the next panel goes, on a grid of 24 columns.
#[derive(Default)]
struct Place {
    id: u32,
    x: u32,
    y: u32,
    line: u32,
}

impl Place {
    fn next_id(&mut self) -> u32 {
        self.id += 1;
        self.id
    }

    fn row(&mut self) -> Value {
        self.close();
        let place = json!({ "x": 0, "y": self.y, "w": 24, "h": 1 });
        self.y += 1;
        place
    }

    fn panel(&mut self, width: u32, height: u32) -> Value {
        if self.x + width > 24 {
            self.close();
        }
        let place = json!({ "x": self.x, "y": self.y, "w": width, "h": height });
        self.x += width;
        self.line = self.line.max(height);
        place
    }

    /// Ends the line.
    fn close(&mut self) {
        self.y += self.line;
        self.x = 0;
        self.line = 0;
    }
}

impl Panel {
    fn json(&self, place: &mut Place) -> Value {
        let (kind, width, height) = match self.look {
            Look::Lines | Look::Stack => ("timeseries", 8, 8),
            _ => ("stat", 4, 4),
        };
        let targets: Vec<Value> = self
            .queries
            .iter()
            .filter_map(|(expression, legend)| Some((expression.as_ref()?, legend)))
            .zip('A'..)
            .map(|((expression, legend), id)| {
                json!({
                    "refId": id,
                    "expr": expression,
                    "legendFormat": legend,
                })
            })
            .collect();
        let mut defaults = json!({ "unit": self.unit.id(), "min": 0 });
        let steps = |low: &str, high: &str, from: f64| json!({ "mode": "absolute", "steps": [{ "color": low, "value": null }, { "color": high, "value": from }] });
        match self.look {
            Look::Alarm(from) => defaults["thresholds"] = steps("green", "red", from),
            Look::AtLeast(from) => defaults["thresholds"] = steps("red", "green", from),
            Look::Number => defaults["thresholds"] = steps("blue", "blue", 0.0),
            Look::Lines => defaults["custom"] = json!({ "fillOpacity": 10 }),
            Look::Stack => {
                defaults["custom"] = json!({
                    "fillOpacity": 30,
                    "stacking": { "mode": "normal", "group": "A" },
                });
            }
        }
        let options = if kind == "stat" {
            json!({ "colorMode": "background", "graphMode": "area", "reduceOptions": { "calcs": ["lastNotNull"] } })
        } else {
            json!({ "tooltip": { "mode": "multi", "sort": "desc" } })
        };
        json!({
            "type": kind,
            "title": self.title,
            "description": self.description,
            "id": place.next_id(),
            "gridPos": place.panel(width, height),
            "datasource": { "type": "prometheus", "uid": "${datasource}" },
            "targets": targets,
            "fieldConfig": { "defaults": defaults, "overrides": [] },
            "options": options,
        })
    }
}

/// A panel of one query, described by what its metric says.
fn panel(title: &'static str, metric: &Metric, unit: Unit, look: Look, query: Query) -> Panel {
    Panel {
        title,
        description: metric.help,
        unit,
        look,
        queries: vec![query],
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

fn rows(monitoring: &Monitoring, sources: &Sources) -> Vec<Row> {
    let ask = Ask(sources);
    vec![
        Row {
            title: "",
            folded: false,
            panels: health(monitoring, &ask),
        },
        Row {
            title: "Golden signals",
            folded: false,
            panels: signals(&ask),
        },
        Row {
            title: "Consumers",
            folded: false,
            panels: consumers(&ask),
        },
        Row {
            title: "Replication",
            folded: false,
            panels: replication(&ask),
        },
        Row {
            title: "Topics and disk",
            folded: false,
            panels: topics(monitoring, &ask),
        },
        Row {
            title: "Controllers",
            folded: true,
            panels: controllers(&ask),
        },
        Row {
            title: "ZooKeeper",
            folded: true,
            panels: ensemble(&ask),
        },
        Row {
            title: "Connect",
            folded: true,
            panels: workers(&ask),
        },
        Row {
            title: "Schema Registry",
            folded: true,
            panels: registries(&ask),
        },
        Row {
            title: "Processes",
            folded: true,
            panels: processes(&ask),
        },
    ]
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

fn signals(ask: &Ask<'_>) -> Vec<Panel> {
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

fn topics(monitoring: &Monitoring, ask: &Ask<'_>) -> Vec<Panel> {
    let top = |title, metric: &Metric, unit| {
        let query = ask
            .rate("sum by (topic)", metric, &[])
            .map(|rate| format!("topk(10, {rate})"));
        panel(title, metric, unit, Look::Lines, (query, "{{topic}}"))
    };
    let used = monitoring.volume_claims().and_then(|claims| {
        let claims = [("persistentvolumeclaim", claims.as_str())];
        let available = ask.0.series(&kubelet::VOLUME_AVAILABLE, &claims)?;
        let capacity = ask.0.series(&kubelet::VOLUME_CAPACITY, &claims)?;
        let by = "max by (persistentvolumeclaim)";
        Some(format!("1 - {by} ({available}) / {by} ({capacity})"))
    });
    vec![
        top("Records in", &broker::TOPIC_MESSAGES_IN, Unit::PerSecond),
        top("Bytes in", &broker::TOPIC_BYTES_IN, Unit::BytesPerSecond),
        top("Bytes out", &broker::TOPIC_BYTES_OUT, Unit::BytesPerSecond),
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
        Panel {
            title: "Volumes, used",
            description: "Part of each volume that is no longer available.",
            unit: Unit::Ratio,
            look: Look::Lines,
            queries: vec![(used, "{{persistentvolumeclaim}}")],
        },
        ask.each(
            "Flushes to disk, 99th percentile",
            &broker::LOG_FLUSH_TIME,
            Unit::Milliseconds,
        ),
    ]
}

fn controllers(ask: &Ask<'_>) -> Vec<Panel> {
    vec![
        ask.each("Active controller", &controller::ACTIVE_CONTROLLERS, Unit::Count),
        ask.each(
            "Leader that each node follows",
            &controller::CURRENT_LEADER,
            Unit::Count,
        ),
        ask.each("Quorum epoch", &controller::CURRENT_EPOCH, Unit::Count),
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
        ask.each("Age of the applied metadata", &broker::METADATA_LAG, Unit::Milliseconds),
        ask.each(
            "Wait in the controller's queue, 99th percentile",
            &controller::EVENT_QUEUE_TIME,
            Unit::Milliseconds,
        ),
        ask.each("Fenced brokers", &controller::FENCED_BROKERS, Unit::Count),
        ask.each(
            "Partitions off their preferred leader",
            &controller::PREFERRED_REPLICA_IMBALANCE,
            Unit::Count,
        ),
        ask.each_rate("Unclean elections", &controller::UNCLEAN_ELECTIONS),
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
        ask.each(
            "Latency, 99th percentile",
            &registry::REQUEST_LATENCY,
            Unit::Milliseconds,
        ),
    ]
}

fn processes(ask: &Ask<'_>) -> Vec<Panel> {
    let heap = ask
        .0
        .series(&jvm::HEAP_USED, &[])
        .zip(ask.0.series(&jvm::HEAP_MAX, &[]));
    let files = ask
        .0
        .series(&jvm::OPEN_FILES, &[])
        .zip(ask.0.series(&jvm::MAX_FILES, &[]));
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
            (ask.rate("sum by (pod)", &jvm::GC_SECONDS, &[]), "{{pod}}"),
        ),
        panel(
            "Processor",
            &jvm::CPU_SECONDS,
            Unit::Cores,
            Look::Lines,
            (ask.rate("sum by (pod)", &jvm::CPU_SECONDS, &[]), "{{pod}}"),
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
