//! The dashboards of a cluster, from typed panels over the same metrics as the alerts.

mod boards;

use serde_json::{Value, json};

use super::{Monitoring, scrape::Sources};
use crate::manifest::digest;

/// Grafana's limit for a `uid`.
const UID_LIMIT: usize = 40;

/// A dashboard about one thing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Board {
    /// How the cluster is, at a glance; leads to the others.
    Overview,
    /// What each broker does, and each topic.
    Brokers,
    /// The controllers of a KRaft cluster, and their quorum.
    Quorum,
    /// The ensemble of a cluster on `ZooKeeper`, and its controller.
    ZooKeeper,
    /// Consumer groups and their lag.
    Consumers,
    /// Connect workers and connectors.
    Connect,
    /// The Schema Registry.
    Registry,
}

impl Board {
    pub(super) const ALL: [Self; 7] = [
        Self::Overview,
        Self::Brokers,
        Self::Quorum,
        Self::ZooKeeper,
        Self::Consumers,
        Self::Connect,
        Self::Registry,
    ];

    /// What tells its names from those of the others; nothing for the overview.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Brokers => "-brokers",
            Self::Quorum => "-quorum",
            Self::ZooKeeper => "-zookeeper",
            Self::Consumers => "-consumers",
            Self::Connect => "-connect",
            Self::Registry => "-registry",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Brokers => "Brokers and topics",
            Self::Quorum => "Quorum",
            Self::ZooKeeper => "ZooKeeper",
            Self::Consumers => "Consumers",
            Self::Connect => "Connect",
            Self::Registry => "Schema Registry",
        }
    }

    /// Those that show anything here.
    pub(super) fn of(monitoring: &Monitoring, sources: &Sources) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|board| {
                let rows = board.rows(monitoring, sources);
                rows.iter().any(|row| row.panels.iter().any(Panel::is_known))
            })
            .collect()
    }
}

/// The stable id of a dashboard, by which it is linked to; it is also the name of its file, which has to differ from that of
/// every other dashboard that Grafana loads.
pub(super) fn uid(sources: &Sources, board: Board) -> String {
    let longest = Board::ALL
        .iter()
        .map(|board| board.suffix().len())
        .max()
        .unwrap_or_default();
    let mut cluster = format!("kafka-{}-{}", sources.namespace, sources.cluster);
    if cluster.len() + longest > UID_LIMIT {
        cluster = format!("kafka-{}", digest(&cluster));
    }
    cluster + board.suffix()
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
    /// Where a click on a series leads.
    link: Option<(&'static str, String)>,
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
pub(super) fn json(board: Board, boards: &[Board], monitoring: &Monitoring, sources: &Sources) -> String {
    let mut panels = Vec::new();
    let mut place = Place::default();
    for row in board.rows(monitoring, sources) {
        let known: Vec<Panel> = row.panels.into_iter().filter(Panel::is_known).collect();
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
    // The others, with the time and the data source that are looked at.
    let links: Value = boards
        .iter()
        .filter(|other| **other != board)
        .map(|other| {
            json!({
                "type": "link",
                "title": other.title(),
                "url": format!("/d/{}", uid(sources, *other)),
                "icon": "dashboard",
                "tooltip": "",
                "tags": [],
                "asDropdown": false,
                "targetBlank": false,
                "includeVars": true,
                "keepTime": true,
            })
        })
        .collect();
    let dashboard = json!({
        "id": null,
        "uid": uid(sources, board),
        "title": format!("Kafka: {} in {}: {}", sources.cluster, sources.namespace, board.title()),
        "tags": ["kafka"],
        "links": links,
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
    /// Whether any of its metrics exists here.
    fn is_known(&self) -> bool {
        self.queries.iter().any(|(expression, _)| expression.is_some())
    }

    fn leading_to(mut self, title: &'static str, url: String) -> Self {
        self.link = Some((title, url));
        self
    }

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
        if let Some((title, url)) = &self.link {
            defaults["links"] = json!([{ "title": title, "url": url, "targetBlank": true }]);
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
