//! A panel as JSON for Grafana.

use serde_json::{Map, Value, json};

use super::data_source;
use crate::observability::{Colour, Column, INTERVAL, Panel, PanelUnit, Table, View};

/// The text for a missing sample that a healthy cluster has.
const UNKNOWN: Colour = "dark-orange";

/// The JSON of a panel.
pub(super) fn json(panel: &Panel, id: u32, place: Value) -> Value {
    // A number shows the current value, or that there is none: the last value of a range may be hours old.
    let instant = panel.view.is_instant();
    let targets: Vec<Value> = panel
        .queries
        .iter()
        .filter_map(|(expression, legend)| Some((expression.as_ref()?, legend)))
        .zip('A'..)
        .map(|((expression, legend), id)| {
            let mut target = json!({
                "refId": id,
                "expr": expression,
                "legendFormat": legend,
                // `$__rate_interval` is four times this, no matter what the data source is set to.
                "interval": INTERVAL.to_string(),
                "instant": instant,
                "range": !instant,
            });
            if matches!(panel.view, View::Table(_)) {
                target["format"] = "table".into();
            }
            target
        })
        .collect();
    let mut json = json!({
        "type": kind(&panel.view),
        "title": panel.title,
        "description": panel.description,
        "id": id,
        "fieldConfig": {},
    });
    // `json!` would copy what is moved here.
    json["gridPos"] = place;
    json["datasource"] = data_source();
    json["targets"] = targets.into();
    json["fieldConfig"]["defaults"] = field(panel);
    json["fieldConfig"]["overrides"] = overrides(panel);
    json["options"] = options(&panel.view);
    if let View::Table(table) = &panel.view {
        json["transformations"] = transformations(table);
    }
    json
}

fn field(panel: &Panel) -> Value {
    let mut field = json!({ "unit": panel.unit.id(), "min": panel.min });
    if panel.unit == PanelUnit::Count {
        field["decimals"] = 0.into();
    }
    if let Some(max) = panel.max {
        field["max"] = max.into();
    }
    let mut drawing = drawing(&panel.view);
    let colours = match &panel.view {
        View::Stat(from) => {
            field["thresholds"] = steps(if from.is_empty() { "blue" } else { "green" }, from);
            json!({ "mode": "thresholds" })
        }
        View::States(states) => {
            let named: Map<String, Value> = states
                .iter()
                .map(|(value, text, colour)| (value.to_string(), json!({ "text": text, "color": colour })))
                .collect();
            field["mappings"] = json!([{ "type": "value", "options": named }]);
            field["thresholds"] = steps("blue", &[]);
            json!({ "mode": "thresholds" })
        }
        View::Alerts => {
            field["mappings"] = json!([{ "type": "value", "options": { "1": { "text": "firing" } } }]);
            json!({ "mode": "fixed", "fixedColor": "orange" })
        }
        View::Table(_) => json!({ "mode": "thresholds" }),
        // A topic has the same colour in every panel; pods do anyway, because every panel has the same pods in the same
        // order.
        View::TopLines => json!({ "mode": "palette-classic-by-name" }),
        _ => json!({ "mode": "palette-classic" }),
    };
    field["color"] = colours;
    if let Some(limit) = panel.limit {
        field["thresholds"] = steps("green", &[(limit, "red")]);
        drawing["thresholdsStyle"] = json!({ "mode": "dashed" });
    }
    if !drawing.is_null() {
        field["custom"] = drawing;
    }
    match panel.no_value {
        Some(text) => field["noValue"] = text.into(),
        // By default Grafana gives it the colour of the smallest value.
        None if panel.view.is_stat() => {
            let unknown = json!({ "text": "No data", "color": UNKNOWN });
            field["mappings"] = json!([{ "type": "special", "options": { "match": "null+nan", "result": unknown } }]);
        }
        None => {}
    }
    // Of a table, the column of the first label alone has the link.
    if !matches!(panel.view, View::Table(_))
        && let Some(links) = links(panel)
    {
        field["links"] = links;
    }
    field
}

fn links(panel: &Panel) -> Option<Value> {
    let (title, url) = panel.link.as_ref()?;
    let new = url.contains("://");
    Some(json!([{ "title": title, "url": url, "targetBlank": new }]))
}

/// Each query's answer is a table; rows of the same labels become one, with named columns.
fn transformations(table: &Table) -> Value {
    let named = |from: String, title: &str| (from, Value::from(title));
    let labels = table
        .labels
        .iter()
        .map(|(label, title)| named((*label).to_owned(), title));
    let columns = table.columns.iter().zip('A'..);
    // Grafana tells the values of several queries apart by their letter.
    let value = |id: char| {
        if table.columns.len() == 1 {
            "Value".to_owned()
        } else {
            format!("Value #{id}")
        }
    };
    let columns = columns.map(|(column, id)| named(value(id), column.title));
    let titles: Map<String, Value> = labels.chain(columns).collect();
    let sources = table.labels.iter().map(|(label, _)| (*label).to_owned());
    let sources = sources.chain(table.columns.iter().zip('A'..).map(|(_, id)| value(id)));
    let order: Map<String, Value> = sources
        .zip(0..)
        .map(|(name, index): (String, u32)| (name, index.into()))
        .collect();
    json!([
        { "id": "merge", "options": {} },
        { "id": "organize", "options": { "excludeByName": { "Time": true }, "indexByName": order, "renameByName": titles } },
    ])
}

/// How a column of a table differs from the others.
fn of_column(column: &Column) -> Value {
    let mut properties = vec![json!({ "id": "unit", "value": column.unit.id() })];
    if column.unit == PanelUnit::Count {
        properties.push(json!({ "id": "decimals", "value": 0 }));
    }
    if !column.colours.is_empty() {
        properties.push(json!({ "id": "thresholds", "value": steps("green", &column.colours) }));
        properties.push(json!({ "id": "custom.cellOptions", "value": { "type": "color-text" } }));
    }
    json!({ "matcher": { "id": "byName", "options": column.title }, "properties": properties })
}

fn overrides(panel: &Panel) -> Value {
    match &panel.view {
        View::Table(table) => {
            let link = table.labels.first().zip(links(panel)).map(|((_, title), links)| {
                json!({
                    "matcher": { "id": "byName", "options": title },
                    "properties": [{ "id": "links", "value": links }],
                })
            });
            link.into_iter().chain(table.columns.iter().map(of_column)).collect()
        }
        View::Alerts => json!([{
            "matcher": { "id": "byRegexp", "options": "/critical/" },
            "properties": [{ "id": "color", "value": { "mode": "fixed", "fixedColor": "red" } }],
        }]),
        _ => json!([]),
    }
}

const fn kind(view: &View) -> &'static str {
    match view {
        View::Stat(_) => "stat",
        View::States(_) | View::Alerts => "state-timeline",
        View::Table(_) => "table",
        _ => "timeseries",
    }
}

fn options(view: &View) -> Value {
    let tooltip = json!({ "mode": "multi", "sort": "desc" });
    let legend = |mode, calcs: &[&str]| json!({ "showLegend": true, "displayMode": mode, "placement": "bottom", "calcs": calcs });
    match view {
        View::Stat(from) => json!({
            "colorMode": if from.is_empty() { "value" } else { "background" },
            "graphMode": "none",
            "reduceOptions": { "calcs": ["lastNotNull"] },
        }),
        View::States(_) | View::Alerts => json!({
            "mergeValues": true,
            "showValue": "auto",
            "rowHeight": 0.85,
            "legend": { "showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": [] },
            "tooltip": { "mode": "single", "sort": "none" },
        }),
        View::Table(table) => json!({
            "showHeader": true,
            "sortBy": [{ "displayName": table.sort, "desc": true }],
        }),
        View::TopLines => {
            let mut legend = legend("table", &["lastNotNull", "max"]);
            legend["sortBy"] = "Last *".into();
            legend["sortDesc"] = true.into();
            json!({ "tooltip": tooltip, "legend": legend })
        }
        View::Bars => json!({ "tooltip": tooltip, "legend": legend("list", &[]) }),
        View::Lines | View::Stacked => json!({ "tooltip": tooltip, "legend": legend("list", &["lastNotNull"]) }),
    }
}

/// How lines and bars are drawn.
fn drawing(view: &View) -> Value {
    match view {
        View::Stat(_) | View::Table(_) => Value::Null,
        View::Lines | View::TopLines => json!({ "fillOpacity": 0 }),
        View::Stacked => json!({ "fillOpacity": 30, "stacking": { "mode": "normal", "group": "A" } }),
        View::Bars => json!({
            "drawStyle": "bars",
            "fillOpacity": 70,
            "stacking": { "mode": "normal", "group": "A" },
        }),
        View::States(_) | View::Alerts => json!({ "fillOpacity": 80, "lineWidth": 0 }),
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
