//! The dashboards of a cluster, from typed panels over the same metrics as the alerts.

mod boards;

use serde_json::{Map, Value, json};

use super::{
    Monitoring,
    scrape::{ALERTS, CLUSTER, INTERVAL, Sources},
};
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

/// What the values of a panel are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Few things, as pods: in full.
    Count,
    /// Many things, as records: rounded.
    Many,
    RecordsPerSecond,
    RequestsPerSecond,
    Bytes,
    BytesPerSecond,
    Milliseconds,
    Seconds,
    Ratio,
    /// Anything else; the title says what.
    Number,
}

impl Unit {
    /// Grafana's name of it.
    const fn id(self) -> &'static str {
        match self {
            Self::Count | Self::Number => "none",
            Self::Many => "short",
            Self::RecordsPerSecond => "recps",
            Self::RequestsPerSecond => "reqps",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "Bps",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Ratio => "percentunit",
        }
    }
}

/// A query and the legend of its series. No expression: a metric of it does not exist in this stack.
type Query = (Option<String>, &'static str);

/// A colour by Grafana's name, or as `#rrggbb`.
type Colour = &'static str;

/// Where a sample is missing that a sound cluster has.
const UNKNOWN: Colour = "dark-orange";
/// What is neither good nor bad.
const QUIET: Colour = "#464C54";

struct Panel {
    title: &'static str,
    description: &'static str,
    unit: Unit,
    look: Look,
    queries: Vec<Query>,
    /// The least value of the axis.
    least: f64,
    /// The most, if the axis is to show all that there can be.
    most: Option<f64>,
    /// A line at a limit: of an alert, or of what there can be.
    limit: Option<f64>,
    /// What it says without series, where that is good news.
    silence: Option<&'static str>,
    /// Where a click leads.
    link: Option<(&'static str, String)>,
}

enum Look {
    /// One large number on green, and on a colour from each value on; without any, one that is neither good nor bad.
    Number(Vec<(f64, Colour)>),
    /// Lines over time.
    Lines,
    /// Lines with a legend that is sorted by value, for series whose number is not known.
    Top,
    /// Areas over time, one upon the other.
    Stack,
    /// What happened within each interval; what did not has no series, so that a last value would be an old one.
    Bars,
    /// A bar over time for each series, with a name and a colour for each value that means something.
    States(Vec<(i32, &'static str, Colour)>),
    /// A bar over time for each alert while it fires, red if it is critical.
    Firing,
}

/// What can be chosen above a dashboard, all at first: the values of a label.
struct Variable {
    name: &'static str,
    label: &'static str,
    values: Option<String>,
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
                head["panels"] = place.panels(&known).into();
                panels.push(head);
                continue;
            }
            panels.push(head);
        }
        panels.extend(place.panels(&known));
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
    let mut dashboard = json!({
        "id": null,
        "uid": uid(sources, board),
        "title": format!("Kafka: {} in {}: {}", sources.cluster, sources.namespace, board.title()),
        "tags": ["kafka"],
        "schemaVersion": 39,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-3h", "to": "now" },
        "timezone": "browser",
        "annotations": { "list": [{
            "name": "Critical alerts",
            "enable": true,
            "iconColor": "red",
            "datasource": data_source(),
            "titleFormat": "{{alertname}}",
            "target": {
                "refId": "Anno",
                "expr": firing("max", sources, ",severity=\"critical\""),
                "interval": INTERVAL.to_string(),
            },
        }] },
        "templating": {},
    });
    dashboard["links"] = links;
    dashboard["templating"]["list"] = variables(board, sources).into();
    dashboard["panels"] = panels.into();
    let mut text = String::new();
    write(&dashboard, 0, &mut text);
    text.push('\n');
    text
}

fn data_source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// The alerts that fire, by name: Prometheus keeps a series of each.
fn firing(how: &str, sources: &Sources, matchers: &str) -> String {
    let Sources { namespace, cluster, .. } = sources;
    format!(
        "{how} by (alertname, severity) \
         ({ALERTS}{{namespace=\"{namespace}\",{CLUSTER}=\"{cluster}\",alertstate=\"firing\"{matchers}}})"
    )
}

fn variables(board: Board, sources: &Sources) -> Vec<Value> {
    let source = json!({
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
    });
    let labels = board.variables(sources).into_iter().filter_map(|variable| {
        let query = variable.values?;
        Some(json!({
            "name": variable.name,
            "label": variable.label,
            "type": "query",
            "datasource": data_source(),
            "query": { "query": query, "refId": "Values" },
            "current": { "text": ["All"], "value": ["$__all"] },
            "includeAll": true,
            "allValue": ".*",
            "multi": true,
            "refresh": 2,
            "sort": 1,
            "hide": 0,
        }))
    });
    std::iter::once(source).chain(labels).collect()
}

/// JSON for a reviewer: what is short stays on one line, so that a panel is some lines and not fifty.
fn write(value: &Value, depth: usize, text: &mut String) {
    const LINE: usize = 100;
    let start = text.len();
    if on_a_line(value, start + LINE, text) || !(value.is_object() || value.is_array()) {
        return;
    }
    text.truncate(start);
    let (open, close, items): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Object(map) => ('{', '}', map.iter().map(|(key, item)| (Some(key), item)).collect()),
        other => (
            '[',
            ']',
            other
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| (None, item))
                .collect(),
        ),
    };
    let indent = "  ".repeat(depth);
    text.push(open);
    for (index, (key, item)) in items.into_iter().enumerate() {
        text.push_str(if index == 0 { "\n  " } else { ",\n  " });
        text.push_str(&indent);
        if let Some(key) = key {
            quoted(key, text);
            text.push_str(": ");
        }
        write(item, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&indent);
    text.push(close);
}

/// Appends a value without a space; whether that ends before `end`. What does not is given up where that is seen.
fn on_a_line(value: &Value, end: usize, text: &mut String) -> bool {
    let fits = match value {
        Value::Object(map) => {
            text.push('{');
            let fits = map.iter().enumerate().all(|(index, (key, item))| {
                text.push_str(if index == 0 { "" } else { "," });
                quoted(key, text);
                text.push(':');
                on_a_line(item, end, text)
            });
            text.push('}');
            fits
        }
        Value::Array(list) => {
            text.push('[');
            let fits = list.iter().enumerate().all(|(index, item)| {
                text.push_str(if index == 0 { "" } else { "," });
                on_a_line(item, end, text)
            });
            text.push(']');
            fits
        }
        Value::String(string) => {
            quoted(string, text);
            true
        }
        other => {
            text.push_str(&other.to_string());
            true
        }
    };
    fits && text.len() <= end
}

/// Appends a string in quotes. Most need no escape, and are copied.
fn quoted(string: &str, text: &mut String) {
    if string.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        text.push_str(&json!(string).to_string());
    } else {
        text.push('"');
        text.push_str(string);
        text.push('"');
    }
}

/// Grafana's columns.
const COLUMNS: usize = 24;

/// Where the next panel goes.
#[derive(Default)]
struct Place {
    id: u32,
    y: u32,
}

impl Place {
    fn next_id(&mut self) -> u32 {
        self.id += 1;
        self.id
    }

    fn row(&mut self) -> Value {
        let place = json!({ "x": 0, "y": self.y, "w": COLUMNS, "h": 1 });
        self.y += 1;
        place
    }

    /// Lines of panels, each as wide as the dashboard: numbers stand apart from what shows time.
    fn panels(&mut self, panels: &[Panel]) -> Vec<Value> {
        let mut placed = Vec::new();
        for run in panels.chunk_by(|one, next| one.look.is_number() == next.look.is_number()) {
            let most = if run.iter().any(|panel| panel.look.is_number()) {
                8
            } else {
                4
            };
            let lines = run.len().div_ceil(most);
            let mut rest = run;
            for line in (1..=lines).rev() {
                let (first, others) = rest.split_at(rest.len().div_ceil(line));
                placed.extend(self.line(first));
                rest = others;
            }
        }
        placed
    }

    fn line(&mut self, panels: &[Panel]) -> Vec<Value> {
        let height = panels.iter().map(|panel| panel.look.height()).max().unwrap_or_default();
        let placed = panels
            .iter()
            .enumerate()
            .map(|(index, panel)| {
                let from = |index| index * COLUMNS / panels.len();
                let (x, end) = (from(index), from(index + 1));
                panel.json(
                    self.next_id(),
                    json!({ "x": x, "y": self.y, "w": end - x, "h": height }),
                )
            })
            .collect();
        self.y += height;
        placed
    }
}

impl Look {
    const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// In Grafana's units, of 38 px.
    const fn height(&self) -> u32 {
        match self {
            Self::Number(_) => 3,
            Self::Top => 9,
            _ => 7,
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "stat",
            Self::States(_) | Self::Firing => "state-timeline",
            _ => "timeseries",
        }
    }

    fn options(&self) -> Value {
        let tooltip = json!({ "mode": "multi", "sort": "desc" });
        let legend = |mode, calcs: &[&str]| json!({ "showLegend": true, "displayMode": mode, "placement": "bottom", "calcs": calcs });
        match self {
            Self::Number(from) => json!({
                "colorMode": if from.is_empty() { "value" } else { "background" },
                "graphMode": "none",
                "reduceOptions": { "calcs": ["lastNotNull"] },
            }),
            Self::States(_) | Self::Firing => json!({
                "mergeValues": true,
                "showValue": "auto",
                "rowHeight": 0.85,
                "legend": { "showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": [] },
                "tooltip": { "mode": "single", "sort": "none" },
            }),
            Self::Top => {
                let mut legend = legend("table", &["lastNotNull", "max"]);
                legend["sortBy"] = "Last *".into();
                legend["sortDesc"] = true.into();
                json!({ "tooltip": tooltip, "legend": legend })
            }
            Self::Bars => json!({ "tooltip": tooltip, "legend": legend("list", &[]) }),
            Self::Lines | Self::Stack => json!({ "tooltip": tooltip, "legend": legend("list", &["lastNotNull"]) }),
        }
    }

    /// How lines and bars are drawn.
    fn drawing(&self) -> Value {
        match self {
            Self::Number(_) => Value::Null,
            Self::Lines | Self::Top => json!({ "fillOpacity": 0 }),
            Self::Stack => json!({ "fillOpacity": 30, "stacking": { "mode": "normal", "group": "A" } }),
            Self::Bars => json!({
                "drawStyle": "bars",
                "fillOpacity": 70,
                "stacking": { "mode": "normal", "group": "A" },
            }),
            Self::States(_) | Self::Firing => json!({ "fillOpacity": 80, "lineWidth": 0 }),
        }
    }
}

fn steps(least: Colour, from: &[(f64, Colour)]) -> Value {
    let mut steps = vec![json!({ "color": least, "value": null })];
    steps.extend(
        from.iter()
            .map(|(value, colour)| json!({ "color": colour, "value": value })),
    );
    json!({ "mode": "absolute", "steps": steps })
}

impl Panel {
    /// Whether any of its metrics exists here.
    fn is_known(&self) -> bool {
        self.queries.iter().any(|(expression, _)| expression.is_some())
    }

    fn described(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    fn at_least(self, least: f64) -> Self {
        Self { least, ..self }
    }

    fn limited(self, limit: f64) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    fn silent(self, silence: &'static str) -> Self {
        Self {
            silence: Some(silence),
            ..self
        }
    }

    fn leading_to(self, title: &'static str, url: String) -> Self {
        Self {
            link: Some((title, url)),
            ..self
        }
    }

    fn json(&self, id: u32, place: Value) -> Value {
        // What a number says is true now, or it says that there is none: the last value of a range may be hours old.
        let instant = self.look.is_number();
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
                    // `$__rate_interval` is four of these, whatever the data source says of itself.
                    "interval": INTERVAL.to_string(),
                    "instant": instant,
                    "range": !instant,
                })
            })
            .collect();
        let mut panel = json!({
            "type": self.look.kind(),
            "title": self.title,
            "description": self.description,
            "id": id,
            "fieldConfig": {},
        });
        // `json!` would copy what is moved here.
        panel["gridPos"] = place;
        panel["datasource"] = data_source();
        panel["targets"] = targets.into();
        panel["fieldConfig"]["defaults"] = self.field();
        panel["fieldConfig"]["overrides"] = self.overrides();
        panel["options"] = self.look.options();
        panel
    }

    fn field(&self) -> Value {
        let mut field = json!({ "unit": self.unit.id(), "min": self.least });
        if self.unit == Unit::Count {
            field["decimals"] = 0.into();
        }
        if let Some(most) = self.most {
            field["max"] = most.into();
        }
        let mut drawing = self.look.drawing();
        let colours = match &self.look {
            Look::Number(from) => {
                field["thresholds"] = steps(if from.is_empty() { "blue" } else { "green" }, from);
                json!({ "mode": "thresholds" })
            }
            Look::States(states) => {
                let named: Map<String, Value> = states
                    .iter()
                    .map(|(value, text, colour)| (value.to_string(), json!({ "text": text, "color": colour })))
                    .collect();
                field["mappings"] = json!([{ "type": "value", "options": named }]);
                field["thresholds"] = steps("blue", &[]);
                json!({ "mode": "thresholds" })
            }
            Look::Firing => {
                field["mappings"] = json!([{ "type": "value", "options": { "1": { "text": "firing" } } }]);
                json!({ "mode": "fixed", "fixedColor": "orange" })
            }
            // A topic keeps its colour in every panel; pods are the same everywhere and in the same order.
            Look::Top => json!({ "mode": "palette-classic-by-name" }),
            _ => json!({ "mode": "palette-classic" }),
        };
        field["color"] = colours;
        if let Some(limit) = self.limit {
            field["thresholds"] = steps("green", &[(limit, "red")]);
            drawing["thresholdsStyle"] = json!({ "mode": "dashed" });
        }
        if !drawing.is_null() {
            field["custom"] = drawing;
        }
        match self.silence {
            Some(silence) => field["noValue"] = silence.into(),
            // Grafana would paint it as it paints the least value.
            None if self.look.is_number() => {
                let unknown = json!({ "text": "No data", "color": UNKNOWN });
                field["mappings"] =
                    json!([{ "type": "special", "options": { "match": "null+nan", "result": unknown } }]);
            }
            None => {}
        }
        if let Some((title, url)) = &self.link {
            let new = url.contains("://");
            field["links"] = json!([{ "title": title, "url": url, "targetBlank": new }]);
        }
        field
    }

    fn overrides(&self) -> Value {
        match self.look {
            Look::Firing => json!([{
                "matcher": { "id": "byRegexp", "options": "/critical/" },
                "properties": [{ "id": "color", "value": { "mode": "fixed", "fixedColor": "red" } }],
            }]),
            _ => json!([]),
        }
    }
}
