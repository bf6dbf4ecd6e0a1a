//! Pods, as the API server shows them.

use serde_json::Value;

use super::{
    desired::{Workload, items, labels},
    live::{Live, Trouble},
};

/// The pods that a workload selects.
pub(crate) fn of_workload(live: &dyn Live, workload: &Workload) -> Result<Vec<Value>, Trouble> {
    let mut pods = live.list("pods", &workload.namespace)?;
    pods.retain(|pod| {
        let labels = labels(&pod["metadata"]["labels"]);
        workload
            .selector
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
    });
    Ok(pods)
}

/// Why a pod is not ready.
pub(crate) fn why(pod: &Value) -> String {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return "is being deleted".to_owned();
    }
    let status = &pod["status"];
    let containers = items(&status["initContainerStatuses"]).chain(items(&status["containerStatuses"]));
    for container in containers {
        let name = container["name"].as_str().unwrap_or_default();
        let last = &container["lastState"]["terminated"];
        let ended = |state: &Value| {
            let code = &state["exitCode"];
            let reason = state["reason"].as_str().unwrap_or("Error");
            format!("`{name}` ended with status {code} ({reason})")
        };
        let waiting = &container["state"]["waiting"];
        match waiting["reason"].as_str() {
            Some("PodInitializing" | "ContainerCreating") | None => {}
            Some(reason) if last.is_object() => return format!("is in {reason}: {}", ended(last)),
            Some(reason) => {
                let message = waiting["message"].as_str().unwrap_or_default();
                return format!("is in {reason}: {message}").trim_end_matches(": ").to_owned();
            }
        }
        if container["state"]["terminated"]["exitCode"]
            .as_u64()
            .is_some_and(|code| code != 0)
        {
            return ended(&container["state"]["terminated"]);
        }
        if container["state"]["running"].is_object() && container["ready"] == false {
            let after = if last.is_object() {
                format!(": {} before", ended(last))
            } else {
                String::new()
            };
            return format!("runs and is not ready{after}");
        }
    }
    let condition = items(&status["conditions"]).find(|one| one["type"] == "PodScheduled" && one["status"] == "False");
    let phase = status["phase"].as_str().unwrap_or("in an unknown phase");
    match condition.and_then(|one| one["message"].as_str()) {
        Some(message) => format!("is {phase}: {message}"),
        None => format!("is {phase}"),
    }
}
