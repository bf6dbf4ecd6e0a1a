//! A dashboard of Grafana: the expressions of its panels.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

use crate::promql::{self, Parsed};

/// The expression of a panel, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The title of the panel.
    pub(crate) panel: String,
    /// The row of the file, from 0 on.
    pub(crate) row: Option<u32>,
    /// Whether it asks for any Kafka cluster, by the label that monitors give: also for one whose processes are not here.
    pub(crate) any_cluster: bool,
    /// None if Grafana's variables hide what it will be.
    pub(crate) expression: Option<Parsed>,
}

/// A dashboard, or a panel or a row of one: what of it is read. All else is only passed over, which is faster than to keep it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Panel {
    title: Option<String>,
    datasource: Option<Source>,
    targets: Option<Vec<Target>>,
    panels: Option<Vec<Self>>,
    rows: Option<Vec<Self>>,
    /// The dashboard itself, as Grafana's API wraps it.
    dashboard: Option<Box<Self>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    expr: Option<String>,
    datasource: Option<Source>,
}

/// What a query is sent to: by a name, or by type and id.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Name(String),
    Typed {
        #[serde(rename = "type")]
        kind: Option<String>,
    },
}

/// Whether it is a Prometheus that is asked.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Prometheus,
    Unknown,
    Other,
}

impl Asked {
    /// What a panel or a target says, or else what holds around it.
    fn of(source: Option<&Source>, around: Self) -> Self {
        match source {
            None => around,
            Some(Source::Name(name)) if name.to_ascii_lowercase().contains("prom") => Self::Prometheus,
            Some(Source::Name(name)) if name == "-- Mixed --" => around,
            Some(Source::Name(_)) => Self::Unknown,
            Some(Source::Typed { kind }) => match kind.as_deref() {
                Some("prometheus") => Self::Prometheus,
                // A mixed panel leaves it to its targets.
                None | Some("datasource" | "") => around,
                Some(_) => Self::Other,
            },
        }
    }
}

/// The queries of a dashboard for Prometheus; none if the file is another one.
///
/// # Errors
///
/// Why the file is not JSON.
pub(super) fn queries(text: &str) -> Result<Vec<Query>, serde_json::Error> {
    let board: Panel = match serde_json::from_str(text) {
        Ok(board) => board,
        // Not a dashboard, or one of another kind: only its syntax matters.
        Err(error) if error.is_data() => {
            serde_json::from_str::<IgnoredAny>(text)?;
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut queries = Vec::new();
    let board = board.dashboard.as_deref().unwrap_or(&board);
    if board.panels.is_some() || board.rows.is_some() {
        of_panels(board, Asked::Unknown, &rows(text), &mut queries);
    }
    Ok(queries)
}

fn of_panels(board: &Panel, around: Asked, rows: &BTreeMap<String, u32>, queries: &mut Vec<Query>) {
    for panel in [&board.panels, &board.rows].into_iter().flatten().flatten() {
        let asked = Asked::of(panel.datasource.as_ref(), around);
        for target in panel.targets.iter().flatten() {
            let Some(expression) = target.expr.as_ref().filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            let asked = Asked::of(target.datasource.as_ref(), asked);
            if asked == Asked::Other {
                continue;
            }
            // Loki's queries have an `expr` too.
            let parsed = parse(expression).filter(|parsed| parsed.is_ok() || asked == Asked::Prometheus);
            queries.push(Query {
                panel: panel.title.clone().unwrap_or_default(),
                row: rows.get(expression).copied(),
                any_cluster: ["kafka_cluster=\"$", "kafka_cluster!=\"\""]
                    .iter()
                    .any(|matcher| expression.contains(matcher)),
                expression: parsed,
            });
        }
        of_panels(panel, asked, rows, queries);
    }
}

/// The row of each expression in a file with lines.
fn rows(text: &str) -> BTreeMap<String, u32> {
    let lines = text.lines().zip(0..);
    let expressions = lines.filter_map(|(line, row)| {
        let value = line
            .trim_start()
            .strip_prefix("\"expr\":")?
            .trim()
            .trim_end_matches(',');
        Some((serde_json::from_str(value).ok()?, row))
    });
    expressions.collect()
}

/// Parses an expression with Grafana's variables in it; `None` if they could be anything.
fn parse(expression: &str) -> Option<Parsed> {
    let (replaced, bare) = replace(expression, "variable");
    let parsed = promql::parse(&replaced);
    if parsed.is_ok() || !bare {
        return Some(parsed);
    }
    // A variable stands for a number, a name or a duration.
    ["1", "5m"]
        .into_iter()
        .find_map(|stand_in| promql::parse(&replace(expression, stand_in).0).ok())
        .map(Ok)
}

/// The expression with a stand-in for each variable: a duration within brackets. Whether one stands where the grammar
/// matters, outside of quotes and of ranges.
fn replace(expression: &str, stand_in: &str) -> (String, bool) {
    if !expression.contains('$') && !expression.contains("[[") {
        return (expression.to_owned(), false);
    }
    let mut replaced = String::with_capacity(expression.len());
    let mut bare = false;
    let (mut quote, mut in_range) = (None, false);
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = variable(rest) {
            replaced.push_str(match (quote, in_range) {
                (Some(_), _) => "variable",
                // `${__range_s}s` brings its unit along.
                (None, true) if rest[length..].starts_with(|c: char| c.is_ascii_alphanumeric()) => "300",
                (None, true) => "5m",
                (None, false) => {
                    bare = true;
                    stand_in
                }
            });
            rest = &rest[length..];
            continue;
        }
        match (quote, c) {
            (None, '"' | '\'' | '`') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (Some('"' | '\''), '\\') => {
                replaced.push(c);
                rest = &rest[1..];
                let Some(escaped) = rest.chars().next() else { break };
                replaced.push(escaped);
                rest = &rest[escaped.len_utf8()..];
                continue;
            }
            (None, '[') => in_range = true,
            (None, ']') => in_range = false,
            _ => {}
        }
        replaced.push(c);
        rest = &rest[c.len_utf8()..];
    }
    (replaced, bare)
}

/// The length of the variable that a text begins with: `$name`, `${name:format}` or `[[name]]`.
fn variable(text: &str) -> Option<usize> {
    let name = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    // Of three brackets the first begins a range.
    if let Some(rest) = text.strip_prefix("[[").filter(|rest| !rest.starts_with('[')) {
        return Some(rest.find("]]")? + 4);
    }
    let rest = text.strip_prefix('$')?;
    if let Some(rest) = rest.strip_prefix('{') {
        return Some(rest.find('}')? + 3);
    }
    let length = name(rest);
    // `$1` is a group of `label_replace`.
    let begins = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (length > 0 && begins).then_some(length + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(expression: &str) -> String {
        match parse(expression) {
            None => "could be anything".to_owned(),
            Some(Ok(_)) => "sound".to_owned(),
            Some(Err(reason)) => reason,
        }
    }

    #[test]
    fn variables_of_grafana_are_no_mistakes() {
        for expression in [
            "rate(a{ns=\"$ns\"}[$__rate_interval])",
            "rate(a{ns=~\"${ns:regex}\"}[[[interval]]])",
            "max_over_time(a[${__range_s}s:])",
            "sum by ($by) (rate($metric[5m])) > $threshold",
            "topk($limit, a)",
            "a offset $offset",
            "[[metric]]{topic=\"[[topic]]\"}",
            "label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\")",
            "histogram_quantile($quantile, a)",
        ] {
            assert_eq!(said(expression), "sound", "{expression}");
        }
        assert_eq!(said("$query"), "sound");
        for expression in ["sum(a) $operator sum(b)", "$aggregation by (topic) (a)"] {
            assert_eq!(said(expression), "could be anything", "{expression}");
        }
        assert_eq!(
            said("sum(rate(a{ns=\"$ns\"}[$__rate_interval])"),
            "unclosed left parenthesis"
        );
    }

    #[test]
    fn only_expressions_for_prometheus_are_read() {
        let panel = |source: Value| {
            let board = json!({"panels": [{"title": "row", "panels": [
                {"title": "a", "datasource": source, "targets": [{"expr": "{app=\"x\"} |= \"error\""}]},
            ]}]});
            queries(&board.to_string())
                .unwrap()
                .into_iter()
                .map(|query| query.expression.is_some_and(|parsed| parsed.is_err()))
        };
        assert!(panel(json!({"type": "prometheus", "uid": "${datasource}"})).all(|broken| broken));
        assert!(panel(json!("Prometheus")).all(|broken| broken));
        assert!(panel(Value::Null).all(|broken| !broken));
        assert_eq!(panel(json!({"type": "loki", "uid": "x"})).count(), 0);
        for other in ["{\"targets\": []}", "{\"panels\": {}}", "[1]", "4"] {
            assert_eq!(queries(other).unwrap().len(), 0, "{other}");
        }
        for broken in ["{\"panels\": {]}", "{\"panels\": [", "[1"] {
            assert!(queries(broken).is_err(), "{broken}");
        }
    }
}
