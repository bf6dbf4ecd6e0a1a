//! Every target that Prometheus scrapes answers, and what alerts ask for is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Check, Wrong, counted,
    http::{get, ready},
    none, of,
};
use crate::{
    operate::{
        desired::{Desired, Workload, items, labels, namespace},
        live::{Live, Trouble},
    },
    yaml::read::read,
};

/// The file of the agent, in a pod that has one.
const AGENT_FILE: &str = "metrics.yaml";

pub(super) fn checks(desired: &Desired) -> Vec<Check> {
    let targets = targets(desired);
    if targets.is_empty() {
        return Vec::new();
    }
    vec![Check::new("metrics", move |live| check(live, &targets))]
}

/// The pods of a workload that Prometheus scrapes: the port, and the path.
#[derive(Clone, Debug)]
struct Target {
    workload: Workload,
    port: u64,
    path: String,
    /// Metrics that have to be there, each with the alert that asks for it.
    needed: BTreeMap<String, String>,
}

impl Target {
    fn new(workload: &Workload, port: u64, endpoint: &Value, asked: &BTreeMap<String, String>) -> Self {
        let mut needed = asked.clone();
        let lasting = lasting(workload);
        needed.retain(|metric, _| lasting.contains(metric));
        Self {
            workload: workload.clone(),
            port,
            path: endpoint["path"].as_str().unwrap_or("/metrics").to_owned(),
            needed,
        }
    }
}

/// The metrics of a workload's agent that are there from the start: those without labels. A series with labels comes when a topic, a connector or
/// an error does.
pub(super) fn lasting(workload: &Workload) -> BTreeSet<String> {
    let text = workload.file(AGENT_FILE).map_or("", |(_, text)| text);
    let documents = read(text).documents;
    let rules = documents.iter().flat_map(|document| items(&document.value["rules"]));
    rules
        .filter(|rule| rule["labels"].is_null())
        .filter_map(|rule| rule["name"].as_str())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Each word of the rules that could be a metric, with the first alert that has it.
fn asked(desired: &Desired) -> BTreeMap<String, String> {
    let mut asked = BTreeMap::new();
    let groups = desired
        .of_kind("PrometheusRule")
        .flat_map(|object| items(&object["spec"]["groups"]));
    for rule in groups.flat_map(|group| items(&group["rules"])) {
        let who = rule["alert"].as_str().or(rule["record"].as_str()).unwrap_or_default();
        let expression = rule["expr"].as_str().unwrap_or_default();
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
        for word in words.filter(|word| !word.is_empty()) {
            asked.entry(word.to_owned()).or_insert_with(|| who.to_owned());
        }
    }
    asked
}

/// What the monitors of a stack select.
fn targets(desired: &Desired) -> Vec<Target> {
    let mut targets = Vec::new();
    let workloads = desired.workloads();
    let asked = asked(desired);
    for monitor in desired.of_kind("PodMonitor") {
        let selector = labels(&monitor["spec"]["selector"]["matchLabels"]);
        for endpoint in items(&monitor["spec"]["podMetricsEndpoints"]) {
            let port = endpoint["port"].as_str().unwrap_or_default();
            for workload in workloads.iter().filter(|workload| workload.is_selected_by(&selector)) {
                targets.extend(
                    workload
                        .port(port)
                        .map(|port| Target::new(workload, port, endpoint, &asked)),
                );
            }
        }
    }
    for monitor in desired.of_kind("ServiceMonitor") {
        let selector = labels(&monitor["spec"]["selector"]["matchLabels"]);
        let services = desired.of_kind("Service").filter(|service| {
            let own = labels(&service["metadata"]["labels"]);
            namespace(service) == namespace(monitor) && selector.iter().all(|(key, value)| own.get(key) == Some(value))
        });
        for service in services {
            let pods = labels(&service["spec"]["selector"]);
            for endpoint in items(&monitor["spec"]["endpoints"]) {
                let port = items(&service["spec"]["ports"]).find(|port| port["name"] == endpoint["port"]);
                let target = port.map(|port| &port["targetPort"]);
                for workload in workloads.iter().filter(|workload| workload.is_selected_by(&pods)) {
                    let port = match target {
                        Some(Value::String(name)) => workload.port(name),
                        Some(number) => number.as_u64(),
                        None => None,
                    };
                    targets.extend(port.map(|port| Target::new(workload, port, endpoint, &asked)));
                }
            }
        }
    }
    targets
}

fn check(live: &dyn Live, targets: &[Target]) -> Result<String, Wrong> {
    let (mut wrong, mut up, mut samples) = (Vec::new(), 0, 0);
    let (mut seen, mut needed) = (BTreeSet::new(), BTreeMap::new());
    for target in targets {
        let before = up;
        for pod in ready(live, &target.workload)? {
            match get(live, &target.workload, &pod, target.port, &target.path) {
                Ok((200, body)) => {
                    let lines = body.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
                    let names: Vec<&str> = lines.filter_map(|line| line.split(['{', ' ']).next()).collect();
                    if names.is_empty() {
                        wrong.push(format!("`{pod}` has no samples at port {}{}", target.port, target.path));
                    } else {
                        up += 1;
                        samples += names.len();
                    }
                    seen.extend(names.into_iter().map(str::to_owned));
                }
                Ok((status, _)) => wrong.push(format!("`{pod}` answers with status {status} at port {}", target.port)),
                Err(trouble @ Trouble::Command(..)) => {
                    wrong.push(format!("`{pod}` does not answer at port {}: {trouble}", target.port));
                }
                Err(other) => return Err(other.into()),
            }
        }
        if up > before {
            needed.extend(target.needed.iter());
        }
    }
    // Pools share the rules of their agents, so a metric of controllers is absent on brokers, and the other way round.
    let absent = needed.iter().filter(|(metric, _)| !seen.contains(**metric));
    wrong.extend(absent.map(|(metric, alert)| format!("no target has `{metric}`, which {alert} asks for")));
    // A pod that is not ready is told with its workload.
    let expected: u64 = targets.iter().map(|target| target.workload.replicas).sum();
    let expected = usize::try_from(expected).unwrap_or(usize::MAX);
    if up < expected && wrong.is_empty() {
        wrong.push(of(up, expected, "targets are up"));
    }
    none(wrong)?;
    Ok(format!(
        "{}, {}, {} metrics of alerts are there",
        of(up, expected, "targets up"),
        counted(samples, "sample"),
        needed.len()
    ))
}
