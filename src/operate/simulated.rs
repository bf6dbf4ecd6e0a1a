//! A cluster for tests that behaves as a real one does: what is applied comes to life after a while, and a pod that is deleted comes back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    control::{Action, Control, OUT_OF_SERVICE},
    desired::{Desired, name},
    live::{Live, Request, Trouble},
};
use crate::yaml::read::read;

/// Seconds that a pod takes from its start until it is ready, and until it is in sync after that.
const START: u64 = 10;
const SYNC: u64 = 10;

pub(crate) struct Simulated(Mutex<State>);

#[derive(Default)]
pub(crate) struct State {
    now: u64,
    /// Objects that were applied, by kind and name.
    pub(crate) objects: BTreeMap<(String, String), Value>,
    pub(crate) pods: BTreeMap<String, Pod>,
    /// Kinds of APIs that the cluster does not serve.
    pub(crate) not_served: BTreeSet<String>,
    /// Pods that never get ready, by the start of their names.
    pub(crate) broken: Option<String>,
    /// What the API server says to the next application.
    pub(crate) refusal: Option<Trouble>,
    /// Objects of this manager that no stack has.
    pub(crate) left: Vec<Value>,
    /// Brokers that are never in sync.
    pub(crate) lagging: BTreeSet<u64>,
    /// The leader of the quorum.
    pub(crate) leader: u64,
    /// The volume claims of all pods, by name.
    pub(crate) claims: BTreeMap<String, Claim>,
    /// A pod whose machine does not answer: it cannot be ended before that machine is out of service.
    pub(crate) silent: Option<String>,
    out_of_service: bool,
    /// A pod that was deleted before: it is there until something is waited for.
    pub(crate) leaving: Option<String>,
    /// After so many changes the next one fails, as if the run had ended.
    pub(crate) changes_left: Option<usize>,
    /// What was done, a line each.
    pub(crate) log: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Claim {
    pod: String,
    pub(crate) uid: String,
    pub(crate) phase: String,
    is_deleted: bool,
}

pub(crate) struct Pod {
    labels: Value,
    pub(crate) revision: String,
    born: u64,
}

impl Simulated {
    pub(crate) fn empty() -> Self {
        Self(Mutex::default())
    }

    /// A cluster in which these objects have run for a while.
    pub(crate) fn running(texts: &[&str]) -> Self {
        let cluster = Self::empty();
        for text in texts {
            cluster.state().apply(text);
        }
        cluster.state().now += 1000;
        cluster.state().log.clear();
        cluster
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn apply(&mut self, text: &str) {
        for document in read(text).documents {
            let object = document.value;
            let kind = object["kind"].as_str().unwrap().to_owned();
            if kind == "StatefulSet" || kind == "Deployment" {
                let desired = Desired::read([text]);
                for workload in desired
                    .workloads()
                    .iter()
                    .filter(|workload| workload.name == name(&object))
                {
                    for (_, pod) in workload.pods() {
                        let labels = json!(workload.labels);
                        let (revision, born) = ("new".to_owned(), self.now);
                        for (template, _) in &workload.claims {
                            let name = format!("{template}-{pod}");
                            let claim = Claim {
                                uid: format!("{name}-uid-1"),
                                pod: pod.clone(),
                                phase: "Bound".to_owned(),
                                is_deleted: false,
                            };
                            self.claims.entry(name).or_insert(claim);
                        }
                        self.pods.entry(pod).or_insert(Pod { labels, revision, born });
                    }
                }
            }
            self.objects.insert((kind, name(&object).to_owned()), object);
        }
    }

    /// Claims that were deleted go with their pod, and the next pod gets new ones.
    fn renew(&mut self, pod: &str) {
        let now = self.now;
        for (name, claim) in &mut self.claims {
            if claim.is_deleted && claim.pod == pod {
                claim.uid = format!("{name}-uid-{now}");
                "Bound".clone_into(&mut claim.phase);
                claim.is_deleted = false;
            }
        }
    }

    fn is_ready(&self, pod: &str) -> bool {
        let broken = self
            .broken
            .as_ref()
            .is_some_and(|broken| pod.starts_with(broken.as_str()));
        !broken && self.pods.get(pod).is_some_and(|one| self.now >= one.born + START)
    }

    fn is_in_sync(&self, id: u64) -> bool {
        let pod = format!("kafka-{id}");
        !self.lagging.contains(&id) && self.is_ready(&pod) && self.now >= self.pods[&pod].born + START + SYNC
    }

    fn list(&self, kind: &str) -> Vec<Value> {
        let of = |kind: &str| -> Vec<Value> {
            let objects = self.objects.iter().filter(|((is, _), _)| is == kind);
            objects.map(|(_, object)| object.clone()).collect()
        };
        match kind {
            "pods" => self.pods.iter().map(|(pod, one)| {
                let leaves = self.leaving.as_ref() == Some(pod);
                let deleted = leaves.then_some("2026-01-01T00:00:00Z");
                let ready = if self.is_ready(pod) && !leaves { "True" } else { "False" };
                let mut labels = one.labels.clone();
                labels["controller-revision-hash"] = one.revision.clone().into();
                json!({
                    "metadata": { "name": pod, "namespace": "kafka", "uid": format!("{pod}-{}", one.born), "labels": labels, "deletionTimestamp": deleted },
                    "spec": { "nodeName": format!("machine-of-{pod}") },
                    "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }] },
                })
            }).collect(),
            "persistentvolumeclaims" => self.claims.iter().map(|(claim, one)| {
                let deleted = one.is_deleted.then_some("2026-01-01T00:00:00Z");
                json!({
                    "metadata": { "name": claim, "uid": one.uid, "deletionTimestamp": deleted },
                    "status": { "phase": one.phase },
                })
            }).collect(),
            "statefulsets" | "deployments" => {
                let mut workloads = of(if kind == "statefulsets" { "StatefulSet" } else { "Deployment" });
                for object in &mut workloads {
                    let start = format!("{}-", name(object));
                    let own = |pod: &&String| pod.strip_prefix(&start).is_some_and(|end| end.parse::<u64>().is_ok());
                    let ready = self.pods.keys().filter(own).filter(|pod| self.is_ready(pod)).count();
                    let updated = self.pods.iter().filter(|(pod, one)| own(pod) && one.revision == "new").count();
                    object["status"] = json!({
                        "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated,
                        "currentRevision": "old", "updateRevision": "new",
                    });
                }
                workloads
            }
            "jobs" => {
                let mut jobs = of("Job");
                for job in &mut jobs {
                    let broken = self.broken.as_ref().is_some_and(|broken| name(job).starts_with(broken.as_str()));
                    let (kind, message) = if broken { ("Failed", "BackoffLimitExceeded") } else { ("Complete", "") };
                    job["status"] = json!({ "conditions": [{ "type": kind, "status": "True", "message": message }] });
                }
                jobs
            }
            _ => Vec::new(),
        }
    }

    fn topics(&self) -> String {
        let in_sync: Vec<String> = (0..3)
            .filter(|id| self.is_in_sync(*id))
            .map(|id| id.to_string())
            .collect();
        format!(
            "Topic: orders\tTopicId: x\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: min.insync.replicas=2\n\
             \tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,0\tIsr: {}\tElr: \tLastKnownElr: \n",
            in_sync.join(",")
        )
    }

    fn quorum(&self) -> String {
        let rows = (100..103).map(|id| {
            let status = if id == self.leader { "Leader" } else { "Follower" };
            let lag = if self.is_ready(&format!("kafka-controller-{id}")) {
                0
            } else {
                500
            };
            format!("{id}\tx\t384\t{lag}\t1\t1\t{status}\n")
        });
        "NodeId\tDirectoryId\tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus\n".to_owned()
            + &rows.collect::<String>()
    }
}

impl Live for Simulated {
    fn ask(&self, request: &Request) -> Result<Arc<str>, Trouble> {
        let state = self.state();
        let answer = match request {
            Request::List { kind, .. } => json!({ "items": state.list(kind) }).to_string(),
            Request::Served(version) if state.not_served.contains(version) => {
                return Err(Trouble::NotFound(
                    "the server could not find the requested resource".to_owned(),
                ));
            }
            Request::Served(_) => {
                let kinds = [
                    "Namespace",
                    "ConfigMap",
                    "Service",
                    "ServiceAccount",
                    "NetworkPolicy",
                    "PodDisruptionBudget",
                    "StatefulSet",
                    "Deployment",
                    "Job",
                    "CronJob",
                    "ServiceMonitor",
                    "PodMonitor",
                    "PrometheusRule",
                ];
                let kinds: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
                json!({ "resources": kinds }).to_string()
            }
            Request::Find(objects) => {
                let wanted = read(objects).documents;
                let found: Vec<&Value> = wanted
                    .iter()
                    .filter_map(|document| {
                        let kind = document.value["kind"].as_str()?.to_owned();
                        state.objects.get(&(kind, name(&document.value).to_owned()))
                    })
                    .collect();
                json!({ "kind": "List", "items": found }).to_string()
            }
            Request::Managed { kind, .. } => {
                let singular = kind.trim_end_matches('s');
                let left = state
                    .left
                    .iter()
                    .filter(|one| one["kind"].as_str().unwrap().to_lowercase() == singular);
                json!({ "items": left.collect::<Vec<_>>() }).to_string()
            }
            Request::Machine(machine) => {
                let silent = state
                    .silent
                    .as_ref()
                    .is_some_and(|pod| *machine == format!("machine-of-{pod}"));
                let ready = if silent { "Unknown" } else { "True" };
                let taints = (silent && state.out_of_service).then(|| json!([{ "key": OUT_OF_SERVICE }]));
                json!({
                    "spec": { "taints": taints },
                    "status": { "conditions": [{ "type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z" }] },
                })
                .to_string()
            }
            Request::Logs { pod, .. } => format!("[pod/{pod}/kafka] Address already in use\n"),
            Request::Events { .. } => {
                json!({ "items": [{ "reason": "BackOff", "message": "Back-off restarting failed container" }] })
                    .to_string()
            }
            Request::Exec { command, .. } if command.iter().any(|word| word.contains("kafka-topics")) => state.topics(),
            Request::Exec { command, .. } if command.iter().any(|word| word.contains("quorum")) => state.quorum(),
            other => panic!("no answer to {other:?}"),
        };
        Ok(answer.into())
    }

    fn now(&self) -> u64 {
        self.state().now
    }

    fn token(&self) -> &'static str {
        "token"
    }
}

impl Control for Simulated {
    fn act(&self, action: &Action) -> Result<String, Trouble> {
        let mut state = self.state();
        match &mut state.changes_left {
            Some(0) => return Err(Trouble::Failed("the run has ended".to_owned())),
            Some(left) => *left -= 1,
            None => {}
        }
        match action {
            Action::Apply { objects, dry_run, .. } => {
                if let Some(refusal) = state.refusal.take() {
                    return Err(refusal);
                }
                let documents: Vec<Value> = read(objects).documents.into_iter().map(|one| one.value).collect();
                if *dry_run {
                    return Ok(json!({ "kind": "List", "items": documents }).to_string());
                }
                let names: Vec<&str> = documents.iter().filter_map(|one| one["kind"].as_str()).collect();
                let line = format!("apply {}", names.join(" "));
                state.log.push(line);
                state.apply(objects);
            }
            Action::Delete { kind, name, .. } => {
                state.log.push(format!("delete {kind} {name}"));
                let now = state.now;
                let is_held = state.silent.as_ref() == Some(name) && !state.out_of_service;
                if let Some(claim) = state.claims.get_mut(name) {
                    claim.is_deleted = true;
                } else if !is_held && let Some(pod) = state.pods.get_mut(name) {
                    pod.born = now;
                    "new".clone_into(&mut pod.revision);
                    state.renew(name);
                }
            }
            Action::Annotate {
                kind, name, key, value, ..
            } => {
                let shown = value.as_deref().unwrap_or("nothing");
                state.log.push(format!("annotate {kind} {name} {key} {shown}"));
                let object = state
                    .objects
                    .get_mut(&("StatefulSet".to_owned(), name.clone()))
                    .unwrap();
                object["metadata"]["annotations"][key] = value.clone().into();
            }
            Action::OutOfService(machine) => {
                state.log.push(format!("out of service {machine}"));
                state.out_of_service = true;
            }
            Action::Exec { command, .. } => state.log.push(command.join(" ")),
        }
        Ok(String::new())
    }

    fn look_again(&self) {}

    fn pause(&self, time: Duration) {
        let mut state = self.state();
        state.now += time.as_secs();
        if let Some(pod) = state.leaving.take() {
            let now = state.now;
            if let Some(one) = state.pods.get_mut(&pod) {
                "new".clone_into(&mut one.revision);
                one.born = now;
            }
        }
    }
}
