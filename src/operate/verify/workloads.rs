//! Pods run and are ready, as the stack says now; Jobs have completed.

use serde_json::Value;

use super::{Check, Wrong, counted, none};
use crate::operate::{
    cluster::is_ready,
    desired::{CHECKSUM, Desired, Workload, items, name, namespace},
    live::Live,
    pods::{of_workload, why},
};

pub(super) fn checks(desired: &Desired) -> Vec<Check> {
    let workloads = desired.workloads().into_iter().map(|workload| {
        Check::new(format!("pods/{}", workload.name), move |live| {
            check_pods(live, &workload)
        })
    });
    let jobs: Vec<Value> = desired.of_kind("Job").cloned().collect();
    let jobs = jobs
        .into_iter()
        .map(|job| Check::new(format!("job/{}", stable_name(&job)), move |live| check_job(live, &job)));
    workloads.chain(jobs).collect()
}

/// The name of a Job without the digest of its content.
fn stable_name(job: &Value) -> &str {
    let name = name(job);
    let digest = |end: &str| end.len() == 8 && end.chars().all(|c| c.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((start, end)) if digest(end) => start,
        _ => name,
    }
}

fn check_pods(live: &dyn Live, workload: &Workload) -> Result<String, Wrong> {
    let found = live.list(workload.kind.plural(), &workload.namespace)?;
    let Some(status) = found
        .iter()
        .find(|one| name(one) == workload.name)
        .map(|one| (&one["spec"], &one["status"]))
    else {
        return Err(Wrong::differs("it does not exist: apply the stack"));
    };
    let own = of_workload(live, workload)?;
    let mut wrong = Vec::new();
    let replicas = status.0["replicas"].as_u64().unwrap_or(1);
    if replicas != workload.replicas {
        wrong.push(format!(
            "{}, and {} are declared",
            counted(usize::try_from(replicas).unwrap_or(usize::MAX), "replica"),
            workload.replicas
        ));
    }
    for pod in own.iter().filter(|pod| !is_ready(pod)) {
        wrong.push(format!("`{}` {}", name(pod), why(pod)));
    }
    let ready = status.1["readyReplicas"].as_u64().unwrap_or(0);
    if ready < workload.replicas && wrong.is_empty() {
        wrong.push(format!("{ready} of {} pods are ready", workload.replicas));
    }
    if let Some(declared) = workload.checksum() {
        let older = own
            .iter()
            .filter(|pod| is_ready(pod) && pod["metadata"]["annotations"][CHECKSUM] != declared);
        wrong.extend(older.map(|pod| format!("`{}` runs with another configuration than the stack's", name(pod))));
    }
    none(wrong)?;
    let restarts: u64 = own
        .iter()
        .flat_map(|pod| items(&pod["status"]["containerStatuses"]))
        .filter_map(|container| container["restartCount"].as_u64())
        .sum();
    let restarted = if restarts == 0 {
        String::new()
    } else {
        format!(", containers were restarted: {restarts}")
    };
    Ok(format!("{ready} of {} ready{restarted}", workload.replicas))
}

fn check_job(live: &dyn Live, job: &Value) -> Result<String, Wrong> {
    let found = live.list("jobs", &namespace(job))?;
    let Some(status) = found
        .iter()
        .find(|one| name(one) == name(job))
        .map(|one| &one["status"])
    else {
        return Err(Wrong::differs(format!(
            "`{}` does not exist: what it declares was not applied",
            name(job)
        )));
    };
    let condition =
        |kind: &str| items(&status["conditions"]).find(|one| one["type"] == kind && one["status"] == "True");
    if condition("Complete").is_some() {
        Ok("completed".to_owned())
    } else if let Some(failed) = condition("Failed") {
        let why = failed["message"].as_str().unwrap_or("no message");
        Err(Wrong::differs(format!(
            "it failed: {why}; `kubectl logs job/{}` says more",
            name(job)
        )))
    } else {
        let pods = status["active"].as_u64().unwrap_or(0);
        Err(Wrong::differs(format!(
            "it has not completed: {pods} pods run, {} failed",
            status["failed"].as_u64().unwrap_or(0)
        )))
    }
}
