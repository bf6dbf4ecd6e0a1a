//! How a controller replaces the pods of a workload: which, in which order, and what holds it back.

use serde_json::Value;

use crate::{
    diff::sets::{Sets, When, Worker},
    lint::model::{guard::IntOrPercent, node::Node},
    manifest::Identity,
};

/// The pods that another template replaces, in their order, and how. None for a Job, whose pods are never replaced.
pub(super) fn restart(sets: &Sets<'_>, identity: &Identity) -> Option<(Vec<String>, String)> {
    let (old, new) = (
        sets.worker(When::Before, identity)?,
        sets.worker(When::After, identity)?,
    );
    let before = old.pods();
    let mut pods = new.pods();
    pods.retain(|pod| before.contains(pod));
    let order = match identity.kind.as_str() {
        "StatefulSet" => {
            pods.reverse();
            of_stateful_set(new, &identity.namespace, &mut pods)
        }
        "Deployment" => {
            pods.truncate(before.len());
            of_deployment(&new.spec)
        }
        "DaemonSet" => of_daemon_set(&new.spec),
        _ => return None,
    };
    // A roll deletes pods, and only evictions ask a budget.
    let labels = new.labels();
    let budgets = sets.budgets(&identity.namespace, &labels);
    let names: Vec<String> = budgets.map(|budget| format!("`{}`", budget.identity.name)).collect();
    let order = if names.is_empty() {
        order
    } else {
        format!(
            "{order}; the budget {} does not hold a roll back, only drains",
            names.join(", ")
        )
    };
    Some((pods, order))
}

fn of_stateful_set(worker: &Worker, namespace: &str, pods: &mut Vec<String>) -> String {
    if worker.is_on_delete() {
        let first = pods.first().map_or("POD", String::as_str);
        let namespace = if namespace.is_empty() {
            String::new()
        } else {
            format!(" -n {namespace}")
        };
        return format!(
            "none by itself, since the strategy is `OnDelete`: each when it is deleted (`kubectl{namespace} delete pod {first}`), one \
             at a time over all sets of the cluster, the next once this one is Ready and every replica is in sync"
        );
    }
    let rolling = &worker.spec["updateStrategy"]["rollingUpdate"];
    let mut order = match &rolling["maxUnavailable"] {
        Value::Null => "one at a time, from the highest ordinal down".to_owned(),
        Value::String(many) => format!("up to {many} at a time, from the highest ordinal down"),
        many => format!("up to {many} at a time, from the highest ordinal down"),
    };
    order += &match worker.spec["minReadySeconds"].as_i64().unwrap_or(0) {
        0 => ", each once the one before is Ready".to_owned(),
        seconds => format!(", each once the one before has been Ready for {seconds} s"),
    };
    if has_restart_gate(worker) {
        order += "; a pod stops only when the cluster can do without it, and is Ready when it has caught up";
    }
    if let Some(partition) = rolling["partition"].as_i64() {
        let held = |pod: &String| {
            let ordinal = pod.rsplit('-').next().and_then(|ordinal| ordinal.parse::<i64>().ok());
            ordinal.is_some_and(|ordinal| ordinal < partition)
        };
        let back: Vec<String> = pods.iter().filter(|pod| held(pod)).cloned().collect();
        pods.retain(|pod| !held(pod));
        if !back.is_empty() {
            order += &format!("; `partition: {partition}` holds back {}", back.join(", "));
        }
    }
    order
}

/// Whether the pods hold their own restarts, see `kafka/restart-gate.sh`.
fn has_restart_gate(worker: &Worker) -> bool {
    worker.spec["template"]["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|container| {
            container["lifecycle"]["preStop"]["exec"]["command"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|word| word.as_str().is_some_and(|word| word.ends_with("/restart-gate.sh")))
        })
}

fn of_deployment(spec: &Value) -> String {
    if spec["strategy"]["type"] == "Recreate" {
        return "all stop before the first new one starts (`Recreate`)".to_owned();
    }
    let root = Node::root(spec);
    let replicas = root.get("replicas").number().unwrap_or(1);
    let strategy = root.get("strategy");
    let rolling = strategy.get("rollingUpdate");
    let pods = |field: &'static str| {
        let value = rolling.get(field);
        let value = if value.is_set() {
            IntOrPercent::of(&value)
        } else {
            Some(IntOrPercent::Percent(25))
        };
        value.filter(|value| value.out_of(1) >= 0)
    };
    let (Some(surge), Some(unavailable)) = (pods("maxSurge"), pods("maxUnavailable")) else {
        return "how many at a time is not known: the API server refuses the strategy".to_owned();
    };
    // As the controller counts: more than wanted rounded up, fewer rounded down, and not both none.
    let more = surge.out_of(replicas);
    let fewer = unavailable.at_most_out_of(replicas).max(i64::from(more == 0));
    format!(
        "up to {more} more and {} fewer than {replicas} at a time",
        fewer.min(replicas)
    )
}

fn of_daemon_set(spec: &Value) -> String {
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return "none by itself, since the strategy is `OnDelete`: each when it is deleted".to_owned();
    }
    let most = amount(&spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"], "1");
    format!("up to {most} at a time, a node each")
}

fn amount(value: &Value, unset: &str) -> String {
    match value {
        Value::Null => unset.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
