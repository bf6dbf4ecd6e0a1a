//! The dashboards of a cluster: merged from those of its components, and written as JSON for Grafana.

mod alerts;
pub(super) mod clusters;
mod consumers;
mod external;
mod json;
mod layout;
mod panel;
mod slo;

use serde_json::{Value, json};

pub(super) use self::slo::SERVICE_LEVELS;

use self::layout::Layout;
use super::Monitoring;
use crate::{
    kafka::Mode,
    observability::{Board, Choice, INTERVAL, OVERVIEW, Panel, Scope, Sources, Variable, firing, panels::Queries, uid},
};

impl Monitoring {
    /// The dashboards that have any data; dashboards with the same name are merged.
    pub(super) fn boards(&self, sources: &Sources) -> Vec<Board> {
        let of_cluster = self.of_cluster();
        let of_watched = self.of_watched();
        let all = of_cluster
            .iter()
            .flat_map(|component| component.boards(sources))
            .chain(self.own_boards(sources))
            .chain(of_watched.iter().flat_map(|component| component.boards(sources)));
        let mut boards = merged(all);
        boards.retain(Board::shows_anything);
        boards
    }

    /// The dashboards of the exporter and of the alerts.
    fn own_boards(&self, sources: &Sources) -> Vec<Board> {
        let queries = Queries::new(sources);
        let alerts = alerts::panels(self.docs.runbook_url("${__field.labels.alertname}"), &queries);
        let overview = Board::new(OVERVIEW, "Overview");
        if self.kafka.mode() == Mode::External {
            vec![
                external::overview(self, &queries).row("Alerts", alerts),
                external::brokers(&queries),
                consumers::board(&queries),
                slo::board(&queries),
            ]
        } else {
            vec![
                overview.row("Alerts and scrapes", alerts),
                consumers::board(&queries),
                slo::board(&queries),
            ]
        }
    }
}

/// Dashboards with the same name become one.
fn merged(all: impl Iterator<Item = Board>) -> Vec<Board> {
    let mut boards: Vec<Board> = Vec::new();
    for board in all {
        match boards.iter_mut().find(|known| known.name == board.name) {
            Some(known) => known.join(board),
            None => boards.push(board),
        }
    }
    boards
}

/// The dashboard as JSON for Grafana. Panels whose metrics do not exist in the stack are left out, and so are rows
/// without panels.
pub(super) fn json(board: &Board, boards: &[Board], sources: &Sources) -> String {
    let mut panels = Vec::new();
    let mut layout = Layout::default();
    for row in &board.rows {
        let known: Vec<&Panel> = row.panels.iter().filter(|panel| panel.is_known()).collect();
        if known.is_empty() {
            continue;
        }
        if !row.title.is_empty() {
            let mut head = json!({
                "type": "row",
                "title": row.title,
                "id": layout.next_id(),
                "gridPos": layout.row(),
                "collapsed": row.folded,
                "panels": [],
            });
            if row.folded {
                head["panels"] = layout.panels(&known).into();
                panels.push(head);
                continue;
            }
            panels.push(head);
        }
        panels.extend(layout.panels(&known));
    }
    // Links to the other dashboards, which keep the time range and the data source.
    let links: Value = boards
        .iter()
        .filter(|other| other.name != board.name)
        .map(|other| {
            json!({
                "type": "link",
                "title": other.title,
                "url": format!("/d/{}", uid(sources, other.name)),
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
        "uid": uid(sources, board.name),
        "title": title(board, sources),
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
                "expr": match board.name {
                    clusters::LIST => clusters::critical_by_name(),
                    _ => firing("max", sources, &[("severity", "critical")]),
                },
                "interval": INTERVAL.to_string(),
            },
        }] },
        "templating": {},
    });
    dashboard["links"] = links;
    dashboard["templating"]["list"] = variables(board).into();
    dashboard["panels"] = panels.into();
    let mut text = String::new();
    json::write(&dashboard, 0, &mut text);
    text.push('\n');
    text
}

/// Grafana sorts dashboards by title, so the subject comes last.
fn title(board: &Board, sources: &Sources) -> String {
    let Sources {
        kubernetes,
        namespace,
        cluster,
        ..
    } = sources;
    match sources.scope {
        Scope::AllClusters if board.name == clusters::LIST => "Kafka clusters".to_owned(),
        Scope::AllClusters => format!("Kafka cluster: {}", board.title),
        Scope::Rules | Scope::Cluster => format!("Kafka {kubernetes}/{namespace}/{cluster}: {}", board.title),
    }
}

fn data_source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

fn variables(board: &Board) -> Vec<Value> {
    let source = json!({
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
    });
    std::iter::once(source)
        .chain(board.variables.iter().filter_map(variable))
        .collect()
}

fn variable(variable: &Variable) -> Option<Value> {
    let query = variable.values.as_ref()?;
    let mut json = json!({
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": data_source(),
        "query": { "query": query, "refId": "Values" },
        "refresh": 2,
        "sort": 1,
        "hide": 0,
    });
    if variable.choice == Choice::One {
        json["current"] = json!({});
        return Some(json);
    }
    json["current"] = json!({ "text": ["All"], "value": ["$__all"] });
    json["includeAll"] = true.into();
    json["multi"] = true.into();
    match variable.choice {
        Choice::Any => json["allValue"] = ".*".into(),
        Choice::Top(label) => {
            // Grafana finds the values in the text of each series.
            json["regex"] = format!("/{label}=\"([^\"]*)\"/").into();
            json["hide"] = 2.into();
        }
        Choice::Listed | Choice::One => {}
    }
    Some(json)
}
