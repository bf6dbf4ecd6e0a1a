//! What Prometheus is told: monitors, and rules.

use super::{node::Node, selector::Selector, service::PortRef};
use crate::{promql, yaml};

/// A `ServiceMonitor` or a `PodMonitor`.
#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub(crate) selector: Selector,
    /// The namespaces that it looks in; none for its own, empty for any.
    pub(crate) namespaces: Option<Vec<String>>,
    pub(crate) ports: Vec<(PortRef, String)>,
}

/// The rules of a `PrometheusRule`.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrometheusRules {
    pub(crate) expressions: Vec<Expression>,
    /// The names of the series that its rules record.
    pub(crate) recorded: Vec<String>,
}

/// The expression of a rule, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) pointer: String,
    /// The metrics of Kafka that it asks for, whose names begin with `kafka_`; or why it cannot be parsed.
    pub(crate) metrics: Result<Vec<String>, String>,
}

pub(super) fn monitor(spec: &Node<'_, '_>, endpoints: &'static str) -> Monitor {
    let namespaces = spec.get("namespaceSelector");
    let names = namespaces.get("matchNames");
    let endpoints = spec.get(endpoints);
    let mut ports = Vec::new();
    for endpoint in endpoints.items() {
        for field in ["port", "targetPort", "portNumber"] {
            let port = endpoint.get(field);
            if let Some(target) = PortRef::of(&port) {
                ports.push((target, port.pointer()));
                break;
            }
        }
    }
    Monitor {
        selector: Selector::of(spec.get("selector").value()),
        namespaces: if namespaces.get("any").bool() == Some(true) {
            Some(Vec::new())
        } else if names.len() > 0 {
            Some(names.items().filter_map(|name| name.str().map(str::to_owned)).collect())
        } else {
            None
        },
        ports,
    }
}

pub(super) fn rules(spec: &Node<'_, '_>) -> PrometheusRules {
    let mut found = PrometheusRules::default();
    let groups = spec.get("groups");
    for group in groups.items() {
        let rules = group.get("rules");
        for rule in rules.items() {
            found.recorded.extend(rule.get("record").str().map(str::to_owned));
            let expression = rule.get("expr");
            // One that is missing or empty is told by its own check.
            let Some(text) = expression.str().filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            found.expressions.push(Expression {
                pointer: expression.pointer(),
                metrics: promql::parse(text).map(|parsed| {
                    let names = promql::metric_names(&parsed).into_iter();
                    names.filter(|name| name.starts_with("kafka_")).collect()
                }),
            });
        }
    }
    found
}

/// The names of the series that the rules of a JMX agent make. A name with a captured part ends in `*` where the part begins.
pub(super) fn agent_metrics(file: &str) -> Vec<String> {
    let Some(document) = yaml::read::read(file).documents.into_iter().next() else {
        return Vec::new();
    };
    let lower = document.value["lowercaseOutputName"] == true;
    let rules = document.value["rules"].as_array().into_iter().flatten();
    rules
        .filter_map(|rule| rule["name"].as_str().filter(|name| !name.is_empty()))
        .map(|name| {
            let name = match name.split_once('$') {
                Some((before, _)) => format!("{before}*"),
                None => name.to_owned(),
            };
            if lower { name.to_ascii_lowercase() } else { name }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_file_is_read_as_yaml() {
        let file = "lowercaseOutputName: true\nrules:\n- {pattern: \"a\", name: Kafka_A_total}\n- pattern: b\n  name: >-\n    kafka_$1_count\n- pattern: c\n";
        assert_eq!(agent_metrics(file), ["kafka_a_total", "kafka_*"]);
        assert_eq!(agent_metrics("pattern: ["), [""; 0]);
    }
}
