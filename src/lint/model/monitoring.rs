//! What Prometheus is told: monitors, and the names that rules use.

use super::{node::Node, selector::Selector, service::PortRef};

/// A `ServiceMonitor` or a `PodMonitor`.
#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub(crate) selector: Selector,
    /// The namespaces that it looks in; none for its own, empty for any.
    pub(crate) namespaces: Option<Vec<String>>,
    pub(crate) ports: Vec<(PortRef, String)>,
}

/// The names of metrics in a `PrometheusRule`.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleMetrics {
    /// Those that expressions ask for, each with the place of the expression.
    pub(crate) used: Vec<(String, String)>,
    /// Those that its rules record.
    pub(crate) recorded: Vec<String>,
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

pub(super) fn rules(spec: &Node<'_, '_>) -> RuleMetrics {
    let mut metrics = RuleMetrics::default();
    let groups = spec.get("groups");
    for group in groups.items() {
        let rules = group.get("rules");
        for rule in rules.items() {
            metrics.recorded.extend(rule.get("record").str().map(str::to_owned));
            let expression = rule.get("expr");
            for metric in expression_metrics(expression.text()) {
                metrics.used.push((metric, expression.pointer()));
            }
        }
    }
    metrics
}

/// The metrics of Kafka in an expression: names that begin with `kafka_`, outside of label matchers and lists of labels.
pub(crate) fn expression_metrics(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = expression.as_bytes();
    let (mut index, mut braces, mut quote) = (0, 0_usize, None);
    let mut labels_follow = false;
    while index < bytes.len() {
        let c = bytes[index];
        if let Some(end) = quote {
            match c {
                b'\\' => index += 1,
                _ if c == end => quote = None,
                _ => {}
            }
            index += 1;
            continue;
        }
        match c {
            b'"' | b'\'' | b'`' => quote = Some(c),
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            b'(' if labels_follow => {
                // by (…), on (…): names of labels.
                index += expression[index..].find(')').unwrap_or(0);
                labels_follow = false;
            }
            _ if c.is_ascii_alphabetic() || c == b'_' => {
                let start = index;
                while index < bytes.len()
                    && (bytes[index].is_ascii_alphanumeric() || matches!(bytes[index], b'_' | b':'))
                {
                    index += 1;
                }
                let word = &expression[start..index];
                labels_follow = matches!(
                    word,
                    "by" | "without" | "on" | "ignoring" | "group_left" | "group_right"
                );
                if braces == 0 && word.starts_with("kafka_") && !found.iter().any(|known| known == word) {
                    found.push(word.to_owned());
                }
                continue;
            }
            b' ' | b'\n' | b'\t' => {}
            _ => labels_follow = false,
        }
        index += 1;
    }
    found
}

/// The names of the series that the rules of a JMX agent make. A name with a captured part ends in `*` where the part begins.
pub(crate) fn agent_metrics(rules: &str) -> Vec<String> {
    let lower = rules.lines().any(|line| line.trim() == "lowercaseOutputName: true");
    rules
        .lines()
        .filter_map(|line| {
            line.trim_start()
                .trim_start_matches("- ")
                .trim_start()
                .strip_prefix("name:")
        })
        .map(|name| name.trim().trim_matches(['"', '\'']))
        .filter(|name| !name.is_empty())
        .map(|name| {
            let name = match name.split_once('$') {
                Some((before, _)) => format!("{before}*"),
                None => name.to_owned(),
            };
            if lower { name.to_ascii_lowercase() } else { name }
        })
        .collect()
}
