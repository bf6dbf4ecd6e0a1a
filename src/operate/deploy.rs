//! Brings a stack into a cluster: waves that each have to be healthy before the next is applied.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{
    control::{Action, Control, Told},
    desired::{Desired, Kind, Workload, items, labels, name, namespace},
    live::{Live, Request, Trouble, json},
    pods::{of_workload, why},
};
use crate::{
    manifest::{self, Identity},
    yaml::read::read,
};

/// How often a wave is looked at.
const PAUSE: Duration = Duration::from_secs(3);

/// An object of a stack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// As it is applied.
    pub(crate) text: String,
    body: Value,
}

/// What is applied together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wave {
    number: i64,
    pub(crate) parts: Vec<Part>,
}

/// The objects in texts, in their order.
pub(crate) fn parts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Part> {
    texts
        .into_iter()
        .filter_map(|text| {
            let body = read(text).documents.into_iter().next()?.value;
            Some(Part {
                text: text.to_owned(),
                body,
            })
        })
        .collect()
}

/// Parts of a stack by the waves that stand in their annotations, the first wave first.
pub(crate) fn waves(parts: Vec<Part>) -> Vec<Wave> {
    let mut waves: BTreeMap<i64, Vec<Part>> = BTreeMap::new();
    for part in parts {
        let wave = part.body["metadata"]["annotations"][manifest::Wave::ANNOTATION].as_str();
        let number = wave.and_then(|wave| wave.parse().ok()).unwrap_or(0);
        waves.entry(number).or_default().push(part);
    }
    waves
        .into_iter()
        .map(|(number, parts)| Wave { number, parts })
        .collect()
}

impl Part {
    /// The API of its kind, such as `apps/v1`.
    pub(crate) fn api_version(&self) -> &str {
        self.body["apiVersion"].as_str().unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.body["kind"].as_str().unwrap_or_default()
    }

    /// What makes it the same object to the API server.
    pub(crate) fn identity(&self) -> Identity {
        identity(&self.body)
    }

    /// `kind/name`, as kubectl shows it.
    fn shown(&self) -> String {
        shown(&self.body)
    }

    /// Whether it waits for custom resources of the Prometheus operator.
    pub(crate) fn is_monitoring(&self) -> bool {
        self.api_version().starts_with("monitoring.coreos.com/")
    }
}

/// `kind/name` of an object, as kubectl shows it.
pub(crate) fn shown(object: &Value) -> String {
    format!(
        "{}/{}",
        object["kind"].as_str().unwrap_or_default().to_ascii_lowercase(),
        name(object)
    )
}

/// What makes an object the same object to the API server.
pub(crate) fn identity(object: &Value) -> Identity {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    Identity {
        group: version.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
        kind: object["kind"].as_str().unwrap_or_default().to_owned(),
        namespace: namespace(object),
        name: name(object).to_owned(),
    }
}

/// The objects in what kubectl prints as JSON: nothing, one, or a list.
pub(crate) fn printed(answer: &str) -> Result<Vec<Value>, Trouble> {
    if answer.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut printed = json(answer)?;
    match printed["items"].take() {
        Value::Array(items) => Ok(items),
        _ => Ok(vec![printed]),
    }
}

/// Texts as one stream of YAML documents.
pub(crate) fn stream<'a>(parts: impl IntoIterator<Item = &'a Part>) -> String {
    let documents: Vec<&str> = parts.into_iter().map(|part| part.text.as_str()).collect();
    documents.join("---\n")
}

/// The APIs that parts need and the cluster does not serve, each with the kinds.
pub(crate) fn not_served(live: &dyn Live, parts: &[Part]) -> Result<BTreeMap<String, BTreeSet<String>>, Trouble> {
    let mut needed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for part in parts {
        needed.entry(part.api_version()).or_default().insert(part.kind());
    }
    let mut missing = BTreeMap::new();
    for (version, kinds) in needed {
        let served = match live.ask(&Request::Served(version.to_owned())) {
            Ok(answer) => json(&answer)?,
            Err(Trouble::NotFound(_)) => Value::Null,
            Err(trouble) => return Err(trouble),
        };
        let is_served = |kind: &str| items(&served["resources"]).any(|resource| resource["kind"] == kind);
        let kinds: BTreeSet<String> = kinds
            .into_iter()
            .filter(|kind| !is_served(kind))
            .map(str::to_owned)
            .collect();
        if !kinds.is_empty() {
            missing.insert(version.to_owned(), kinds);
        }
    }
    Ok(missing)
}

/// The kinds that may be deleted because a stack has them no more. Claims and namespaces hold what nobody can bring back.
const PRUNED: [&str; 9] = [
    "serviceaccounts",
    "configmaps",
    "services",
    "networkpolicies",
    "poddisruptionbudgets",
    "statefulsets",
    "deployments",
    "cronjobs",
    "jobs",
];

/// The objects that this manager once applied and that are none of the parts: what the stack does not have any more.
pub(crate) fn superfluous(live: &dyn Live, parts: &[Part], manager: &str) -> Result<Vec<Value>, Trouble> {
    let mut kinds: BTreeSet<String> = PRUNED.iter().map(|kind| (*kind).to_owned()).collect();
    // Of other kinds only those that the stack has: any other one may not be there.
    for part in parts.iter().filter(|part| part.api_version().contains('.')) {
        let group = part.api_version().split('/').next().unwrap_or_default();
        if !group.ends_with(".k8s.io") {
            kinds.insert(format!("{}.{group}", part.kind().to_ascii_lowercase()));
        }
    }
    let known: BTreeSet<Identity> = parts.iter().map(Part::identity).collect();
    let namespaces: BTreeSet<String> = known
        .iter()
        .map(|identity| identity.namespace.clone())
        .filter(|namespace| !namespace.is_empty())
        .collect();
    let mut found = Vec::new();
    for namespace in namespaces {
        for kind in &kinds {
            let answer = live.ask(&Request::Managed {
                kind: kind.clone(),
                namespace: namespace.clone(),
            })?;
            found.extend(
                printed(&answer)?
                    .into_iter()
                    .filter(|object| is_managed(object, manager) && !known.contains(&identity(object))),
            );
        }
    }
    Ok(found)
}

/// Whether a manager applied an object.
fn is_managed(object: &Value, manager: &str) -> bool {
    items(&object["metadata"]["managedFields"])
        .any(|entry| entry["manager"] == manager && entry["operation"] == "Apply")
}

/// The deletion of an object.
pub(crate) fn deletion(object: &Value) -> Action {
    let identity = identity(object);
    let kind = identity.kind.to_ascii_lowercase();
    Action::Delete {
        kind: if identity.group.is_empty() {
            kind
        } else {
            format!("{kind}.{}", identity.group)
        },
        namespace: identity.namespace,
        name: identity.name,
    }
}

/// How far something is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Done(String),
    Waiting(String),
    Failed(String),
}

/// Something of a wave that takes time.
enum Awaited {
    Workload(Workload),
    Job { namespace: String, name: String },
}

impl Wave {
    /// What it is called: as its objects are, where the number is one of the known ones.
    pub(crate) fn title(&self) -> &'static str {
        manifest::Wave::ALL
            .into_iter()
            .find(|wave| *wave as i64 == self.number)
            .map_or("configuration", manifest::Wave::title)
    }

    /// The names of its objects in the order of their application, as kubectl shows them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.parts.iter().map(Part::shown).collect()
    }

    fn awaited(&self) -> Vec<Awaited> {
        let desired = Desired::read(self.parts.iter().map(|part| part.text.as_str()));
        let workloads = desired.workloads().into_iter().map(Awaited::Workload);
        let jobs = desired.of_kind("Job").map(|job| Awaited::Job {
            namespace: namespace(job),
            name: name(job).to_owned(),
        });
        workloads.chain(jobs.collect::<Vec<_>>()).collect()
    }

    /// Waits until everything in it is healthy. What changes is told, a line each.
    ///
    /// # Errors
    ///
    /// What stopped it, with pods, their last lines and their events.
    pub(crate) fn settle(
        &self,
        control: &dyn Control,
        limit: Duration,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), Vec<String>> {
        let awaited = self.awaited();
        let end = control.now() + limit.as_secs();
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let mut since = control.now();
        loop {
            control.look_again();
            let live: &dyn Live = control;
            let mut open = Vec::new();
            for one in &awaited {
                let state = match one.state(live) {
                    Ok(state) => state,
                    Err(trouble) if trouble.may_pass() => State::Waiting(trouble.to_string()),
                    Err(trouble) => return Err(vec![trouble.to_string()]),
                };
                let (State::Done(text) | State::Waiting(text) | State::Failed(text)) = &state;
                if told.get(&one.shown()) != Some(text) {
                    let news = format!("{}: {text}", one.shown());
                    tell(match state {
                        State::Waiting(_) => Told::Waits(&news),
                        State::Done(_) | State::Failed(_) => Told::Step(&news),
                    });
                    told.insert(one.shown(), text.clone());
                    since = control.now();
                }
                match state {
                    State::Done(_) => {}
                    State::Waiting(text) => open.push((one, text)),
                    State::Failed(text) => {
                        let mut lines = vec![format!("{} {text}", one.shown())];
                        lines.extend(one.story(live));
                        return Err(lines);
                    }
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            if control.now() >= end {
                let mut lines = Vec::new();
                for (one, text) in open {
                    lines.push(format!(
                        "{} is not healthy after {} s: {text}",
                        one.shown(),
                        limit.as_secs()
                    ));
                    lines.extend(one.story(live));
                }
                return Err(lines);
            }
            tell(Told::Still(control.now().saturating_sub(since)));
            control.pause(PAUSE);
        }
    }
}

impl Awaited {
    fn shown(&self) -> String {
        match self {
            Self::Workload(workload) => format!("{}/{}", workload.kind.singular(), workload.name),
            Self::Job { name, .. } => format!("job/{name}"),
        }
    }

    fn state(&self, live: &dyn Live) -> Result<State, Trouble> {
        match self {
            Self::Workload(workload) => workload_state(live, workload),
            Self::Job { namespace, name } => job_state(live, namespace, name),
        }
    }

    /// What its pods that are not ready say: why, their last lines, their last events.
    fn story(&self, live: &dyn Live) -> Vec<String> {
        const PODS: usize = 3;
        const EVENTS: usize = 5;
        let mut lines = Vec::new();
        let pods = match self.pods(live) {
            Ok(pods) => pods,
            Err(trouble) => return vec![trouble.to_string()],
        };
        for pod in pods.iter().filter(|pod| !super::cluster::is_ready(pod)).take(PODS) {
            let (namespace, pod_name) = (namespace(pod), name(pod).to_owned());
            lines.push(format!("pod/{pod_name} {}", why(pod)));
            match live.ask(&Request::Logs {
                namespace: namespace.clone(),
                pod: pod_name.clone(),
            }) {
                Ok(log) => lines.extend(log.lines().map(|line| format!("  log: {line}"))),
                Err(trouble) => lines.push(format!("  log: {trouble}")),
            }
            match live.ask(&Request::Events {
                namespace,
                object: pod_name,
            }) {
                Ok(answer) => {
                    let events = printed(&answer).unwrap_or_default();
                    let from = events.len().saturating_sub(EVENTS);
                    lines.extend(events[from..].iter().map(|event| {
                        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
                        format!("  event: {}: {}", text("reason"), text("message"))
                    }));
                }
                Err(trouble) => lines.push(format!("  event: {trouble}")),
            }
        }
        lines
    }

    fn pods(&self, live: &dyn Live) -> Result<Vec<Value>, Trouble> {
        match self {
            Self::Workload(workload) => of_workload(live, workload),
            Self::Job { namespace, name } => {
                let mut pods = live.list("pods", namespace)?;
                pods.retain(|pod| labels(&pod["metadata"]["labels"]).get("job-name") == Some(name));
                Ok(pods)
            }
        }
    }
}

fn workload_state(live: &dyn Live, workload: &Workload) -> Result<State, Trouble> {
    let found = live.list(workload.kind.plural(), &workload.namespace)?;
    let Some(object) = found.iter().find(|one| name(one) == workload.name) else {
        return Ok(State::Waiting("is not there yet".to_owned()));
    };
    let number = |field: &str| object["status"][field].as_u64().unwrap_or(0);
    let seen = number("observedGeneration");
    if object["metadata"]["generation"].as_u64().unwrap_or(0) > seen {
        return Ok(State::Waiting("the change is not seen yet".to_owned()));
    }
    let all = object["spec"]["replicas"].as_u64().unwrap_or(1);
    let (ready, available) = (number("readyReplicas"), number("availableReplicas"));
    // A StatefulSet that has come to its end says so by its revisions only.
    let status = &object["status"];
    let updated = if workload.kind == Kind::StatefulSet && status["currentRevision"] == status["updateRevision"] {
        all
    } else {
        number("updatedReplicas")
    };
    let waits_for_deletion = object["spec"]["updateStrategy"]["type"] == "OnDelete";
    if ready < all {
        let pods = of_workload(live, workload)?;
        let reasons: BTreeSet<String> = pods
            .iter()
            .filter(|pod| !super::cluster::is_ready(pod))
            .map(|pod| format!("`{}` {}", name(pod), why(pod)))
            .collect();
        let first = reasons.first().map_or_else(String::new, |reason| format!(": {reason}"));
        return Ok(State::Waiting(format!("{ready} of {all} pods are ready{first}")));
    }
    if updated < all && waits_for_deletion {
        return Ok(State::Done(format!(
            "{ready} of {all} pods are ready, {} of them as they were: `roll` restarts them",
            all - updated
        )));
    }
    if updated < all {
        return Ok(State::Waiting(format!("{updated} of {all} pods are updated")));
    }
    if available < all {
        return Ok(State::Waiting(format!(
            "{available} of {all} pods have been ready for long enough"
        )));
    }
    if workload.kind == Kind::Deployment && number("replicas") > all {
        return Ok(State::Waiting("pods of before are still there".to_owned()));
    }
    Ok(State::Done(format!("{ready} of {all} pods are ready")))
}

fn job_state(live: &dyn Live, of: &str, job: &str) -> Result<State, Trouble> {
    let found = live.list("jobs", of)?;
    let Some(object) = found.iter().find(|one| name(one) == job) else {
        // A Job that is over may be removed by its time to live.
        return Ok(State::Waiting("is not there yet".to_owned()));
    };
    let is =
        |kind: &str| items(&object["status"]["conditions"]).find(|one| one["type"] == kind && one["status"] == "True");
    Ok(if is("Complete").is_some() {
        State::Done("is complete".to_owned())
    } else if let Some(failed) = is("Failed") {
        State::Failed(format!("failed: {}", failed["message"].as_str().unwrap_or_default()))
    } else {
        let failed = object["status"]["failed"].as_u64().unwrap_or(0);
        State::Waiting(match failed {
            0 => "runs".to_owned(),
            1 => "runs, 1 pod has failed".to_owned(),
            failed => format!("runs, {failed} pods have failed"),
        })
    })
}
