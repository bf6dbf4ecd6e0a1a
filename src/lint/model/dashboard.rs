//! A dashboard of Grafana: the expressions of its panels.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::promql::{self, Expr};

/// The expression of a panel, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The title of the panel.
    pub(crate) panel: String,
    /// The row of the file, from 0 on.
    pub(crate) row: Option<u32>,
    /// None if Grafana's variables hide what it will be.
    pub(crate) expression: Option<Result<Expr, String>>,
}

/// The queries of a dashboard for Prometheus; none if the file is not a dashboard.
pub(super) fn queries(document: &Value, text: &str) -> Vec<Query> {
    // Grafana's API wraps a dashboard.
    let document = document.get("dashboard").unwrap_or(document);
    let mut queries = Vec::new();
    if document.get("panels").is_some() || document.get("rows").is_some() {
        let rows = rows(text);
        of_panels(document, &Source::Unknown, &rows, &mut queries);
    }
    queries
}

/// What a query is sent to.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Prometheus,
    Unknown,
    Other,
}

impl Source {
    /// What a panel or a target says, or else what holds around it.
    fn of(node: &Value, around: Self) -> Self {
        let source = &node["datasource"];
        let (kind, name) = match source {
            Value::Object(source) => (
                source.get("type").and_then(Value::as_str),
                source.get("uid").and_then(Value::as_str),
            ),
            Value::String(name) => (None, Some(name.as_str())),
            _ => return around,
        };
        match (kind, name) {
            (Some("prometheus"), _) => Self::Prometheus,
            // A mixed panel asks each target.
            (Some("datasource" | ""), _) | (None, Some("-- Mixed --")) => around,
            (Some(_), _) => Self::Other,
            (None, Some(name)) if name.to_ascii_lowercase().contains("prom") => Self::Prometheus,
            _ => Self::Unknown,
        }
    }
}

fn of_panels(node: &Value, around: &Source, rows: &BTreeMap<String, u32>, queries: &mut Vec<Query>) {
    let list = |key: &str| node[key].as_array().map_or(&[][..], Vec::as_slice);
    for panel in list("panels").iter().chain(list("rows")) {
        let source = Source::of(panel, *around);
        let title = panel["title"].as_str().unwrap_or_default();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let Some(expression) = target["expr"].as_str().filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            let source = Source::of(target, source);
            if source == Source::Other {
                continue;
            }
            // Loki's queries have an `expr` too.
            let parsed = parse(expression).filter(|parsed| parsed.is_ok() || source == Source::Prometheus);
            queries.push(Query {
                panel: title.to_owned(),
                row: rows.get(expression).copied(),
                expression: parsed,
            });
        }
        of_panels(panel, &source, rows, queries);
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
fn parse(expression: &str) -> Option<Result<Expr, String>> {
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
    use serde_json::json;

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
            queries(&board, "")
                .into_iter()
                .map(|query| query.expression.is_some_and(|parsed| parsed.is_err()))
        };
        assert!(panel(json!({"type": "prometheus", "uid": "${datasource}"})).all(|broken| broken));
        assert!(panel(json!("Prometheus")).all(|broken| broken));
        assert!(panel(Value::Null).all(|broken| !broken));
        assert_eq!(panel(json!({"type": "loki", "uid": "x"})).count(), 0);
        assert_eq!(queries(&json!({"targets": []}), "").len(), 0);
    }
}
