//! What Prometheus is told: monitors, and rules.

use std::collections::BTreeMap;

use super::{node::Node, selector::Selector, service::PortRef};
use crate::{
    promql::{self, Parsed, Pattern},
    quantity::Duration,
};

/// A `ServiceMonitor` or a `PodMonitor`.
#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub(crate) selector: Selector,
    /// The namespaces that it looks in; none for its own, empty for any.
    pub(crate) namespaces: Option<Vec<String>>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// The label of the Service or the pod that names the job.
    pub(crate) job_label: Option<String>,
    /// The first relabeling that does not say what it does.
    pub(crate) without_action: Option<String>,
}

/// A port that is scraped.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) port: PortRef,
    /// The field that names the port.
    pub(crate) pointer: String,
    /// The time between two scrapes; none where Prometheus' own holds.
    pub(crate) interval: Option<Duration>,
    /// Labels of the target by the endpoint's relabelings: each with its value, where that is fixed.
    pub(crate) labels: BTreeMap<String, Option<String>>,
    /// Whether relabelings may also change other labels, or the metrics themselves.
    pub(crate) open: bool,
    /// The samples that are kept or dropped by the name of their metric, in order.
    pub(crate) names: Vec<(Filter, Pattern)>,
}

/// What happens to samples whose metric has a name that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All others are dropped.
    Keep,
    /// They are dropped.
    Drop,
}

impl Endpoint {
    /// Whether samples of this metric are dropped.
    pub(crate) fn drops(&self, name: &str) -> bool {
        let dropped = |(filter, pattern): &(Filter, Pattern)| pattern.is_match(name) == (*filter == Filter::Drop);
        !self.open && self.names.iter().any(dropped)
    }
}

/// A relabeling that only looks at the name of the metric.
fn by_name(relabeling: &Node<'_, '_>) -> Option<(Filter, Pattern)> {
    let filter = match relabeling.get("action").text().to_ascii_lowercase().as_str() {
        "keep" => Filter::Keep,
        "drop" => Filter::Drop,
        _ => return None,
    };
    let labels = relabeling.get("sourceLabels");
    let mut labels = labels.items().filter_map(|label| label.str());
    let is_name = labels.next() == Some("__name__") && labels.next().is_none();
    let pattern = Pattern::parse(relabeling.get("regex").str()?)?;
    is_name.then_some((filter, pattern))
}

pub(super) fn monitor(spec: &Node<'_, '_>, endpoints: &'static str) -> Monitor {
    let namespaces = spec.get("namespaceSelector");
    let names = namespaces.get("matchNames");
    let endpoints = spec.get(endpoints);
    // Further labels that the operator copies from the objects.
    let copied = ["targetLabels", "podTargetLabels", "attachMetadata"];
    let open = copied.iter().any(|field| spec.get(field).is_set());
    let without_action = endpoints.items().find_map(|endpoint| {
        ["relabelings", "metricRelabelings"].iter().find_map(|list| {
            let list = endpoint.get(list);
            let bare = list.items().find(|relabeling| !relabeling.get("action").is_set());
            bare.map(|bare| bare.pointer())
        })
    });
    Monitor {
        selector: Selector::of(spec.get("selector").value()),
        namespaces: if namespaces.get("any").bool() == Some(true) {
            Some(Vec::new())
        } else if names.len() > 0 {
            Some(names.items().filter_map(|name| name.str().map(str::to_owned)).collect())
        } else {
            None
        },
        endpoints: endpoints
            .items()
            .filter_map(|endpoint| self::endpoint(&endpoint, open))
            .collect(),
        job_label: spec.get("jobLabel").str().map(str::to_owned),
        without_action,
    }
}

fn endpoint(endpoint: &Node<'_, '_>, mut open: bool) -> Option<Endpoint> {
    let (port, pointer) = ["port", "targetPort", "portNumber"].into_iter().find_map(|field| {
        let node = endpoint.get(field);
        Some((PortRef::of(&node)?, node.pointer()))
    })?;
    let of_samples = endpoint.get("metricRelabelings");
    let names: Vec<(Filter, Pattern)> = of_samples
        .items()
        .filter_map(|relabeling| by_name(&relabeling))
        .collect();
    open |= names.len() < of_samples.len();
    let mut labels = BTreeMap::new();
    let relabelings = endpoint.get("relabelings");
    for relabeling in relabelings.items() {
        let target = relabeling.get("targetLabel").text();
        match relabeling.get("action").text().to_ascii_lowercase().as_str() {
            "" | "replace" if !target.is_empty() && !target.contains('$') => {
                let fixed = relabeling.get("replacement").str();
                let always = relabeling.get("sourceLabels").len() == 0 && !relabeling.get("regex").is_set();
                let fixed = fixed.filter(|text| always && !text.contains('$'));
                labels.insert(target.to_owned(), fixed.map(str::to_owned));
            }
            "keep" | "drop" | "keepequal" | "dropequal" => {}
            "hashmod" | "lowercase" | "uppercase" => {
                labels.insert(target.to_owned(), None);
            }
            _ => open = true,
        }
    }
    Some(Endpoint {
        port,
        pointer,
        interval: endpoint
            .get("interval")
            .str()
            .and_then(|text| promql::parse_duration(text).ok()),
        labels,
        open,
        names,
    })
}

/// Rules of Prometheus, in the order in which they are evaluated.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrometheusRules {
    pub(crate) rules: Vec<PrometheusRule>,
}

/// An alert or a recording, its expression parsed once.
#[derive(Clone, Debug)]
pub(crate) struct PrometheusRule {
    /// Where it is, as a JSON pointer: in the object, or in the file of a ConfigMap.
    pub(crate) pointer: String,
    pub(crate) kind: RuleKind,
    pub(crate) name: String,
    /// The text of the expression.
    pub(crate) text: String,
    /// None if it is missing or empty, which its own check reports.
    pub(crate) expression: Option<Parsed>,
    /// How long an alert waits; none if it does not say so in a way that can be read.
    pub(crate) waits: Option<Duration>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Alert,
    Record,
}

/// The rules below `groups`.
pub(super) fn rules(spec: &Node<'_, '_>) -> PrometheusRules {
    let mut found = PrometheusRules::default();
    let groups = spec.get("groups");
    for group in groups.items() {
        let rules = group.get("rules");
        found.rules.extend(rules.items().map(|rule| self::rule(&rule)));
    }
    found
}

fn rule(rule: &Node<'_, '_>) -> PrometheusRule {
    let texts = |field: &'static str| {
        let map = rule.get(field);
        let texts = map
            .entries()
            .filter_map(|(key, text)| Some((key.to_owned(), text.str()?.to_owned())));
        texts.collect()
    };
    let text = rule.get("expr").text();
    let record = rule.get("record");
    let (kind, name) = if record.is_set() {
        (RuleKind::Record, record.text())
    } else {
        (RuleKind::Alert, rule.get("alert").text())
    };
    PrometheusRule {
        pointer: rule.pointer(),
        kind,
        name: name.to_owned(),
        text: text.to_owned(),
        expression: (!text.trim().is_empty()).then(|| promql::parse(text)),
        waits: rule.get("for").str().and_then(|text| promql::parse_duration(text).ok()),
        labels: texts("labels"),
        annotations: texts("annotations"),
    }
}
