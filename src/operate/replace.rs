//! Gives a node new, empty volumes, because the old ones or its machine are lost: only while the others have all that it had.
//!
//! An annotation of its StatefulSet has the uids of the claims that go. So a run after an interruption knows which claims are the new ones, and deletes
//! none of these.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    answers::LiveTopic,
    cluster::{Cluster, Tool},
    control::{Action, Control, OUT_OF_SERVICE, Stop, Told},
    desired::{items, name},
    live::{Live, Request, Trouble, json},
    roll::{Member, members, not_back, partitions_need, quorum_needs, uid},
    verify::counted,
};

/// A node, and what is known of its volumes and its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) member: Member,
    /// The StatefulSet.
    set: String,
    claims: Vec<Claim>,
    machine: Machine,
    /// The uids of the claims that a run before this one began to delete.
    noted: Option<String>,
    /// How many partitions have a replica there.
    partitions: usize,
    /// What has to be better before its volumes can go.
    waits_for: Option<String>,
}

/// A volume claim of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    name: String,
    /// `None` if there is no such claim.
    uid: Option<String>,
    /// `Bound`, `Lost`, or `Terminating`.
    phase: String,
}

/// The machine of the node's pod.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Machine {
    /// The pod is on none.
    None,
    /// It answers.
    Answers(String),
    /// It does not answer since then.
    Silent(String, String),
    /// There is no such machine any more: Kubernetes ends its pods by itself.
    Deleted(String),
    /// Someone said that it is off for good.
    OutOfService(String),
}

impl Lost {
    /// What is there now, and what would be done, a line each.
    pub(crate) fn told(&self, machine_is_gone: bool) -> Vec<String> {
        let pod = &self.member.node.pod;
        let state = if self.member.is_ready {
            "is ready"
        } else {
            &self.member.why
        };
        let mut lines = vec![format!("{pod} ({}): {state}", self.member.role())];
        lines.extend(self.claims.iter().map(|claim| match &claim.uid {
            Some(_) => format!("claim {}: {}", claim.name, claim.phase),
            None => format!("claim {}: is not there", claim.name),
        }));
        lines.push(match &self.machine {
            Machine::None => "machine: the pod is on none".to_owned(),
            Machine::Answers(machine) => format!("machine {machine}: answers"),
            Machine::Silent(machine, since) => format!("machine {machine}: does not answer since {since}"),
            Machine::Deleted(machine) => format!("machine {machine}: is not in the cluster any more"),
            Machine::OutOfService(machine) => format!("machine {machine}: is out of service"),
        });
        if self.member.is_broker {
            let held = counted(self.partitions, "partition");
            lines.push(format!("{held} with a replica on it"));
        }
        if self.is_deleted() {
            lines.push(if self.claims.iter().all(|claim| claim.uid.is_some()) {
                "its claims are new already: waits until it is back".to_owned()
            } else {
                "its claims are deleted already: waits until it is back with new ones".to_owned()
            });
            return lines;
        }
        lines.push(match &self.waits_for {
            Some(reason) => format!("before anything is deleted: waits: {reason}"),
            None => "the others have all that it has".to_owned(),
        });
        if let (Machine::Silent(machine, _), true) = (&self.machine, machine_is_gone) {
            lines.push(format!(
                "would say that `{machine}` is out of service, which ends all of its pods"
            ));
        }
        let claims: Vec<&str> = self.claims.iter().map(|claim| claim.name.as_str()).collect();
        lines.push(format!(
            "would delete {} and the pod, and wait until it is back with empty volumes",
            claims.join(", ")
        ));
        lines
    }

    /// Whether the claims that were to go are gone, and the others are of use.
    pub(crate) fn is_deleted(&self) -> bool {
        let is_new = |claim: &Claim| !self.goes(claim) && claim.phase != "Lost";
        self.noted.is_some() && self.claims.iter().all(is_new)
    }

    /// Whether a claim is one of those that were to go.
    fn goes(&self, claim: &Claim) -> bool {
        let (Some(uid), Some(noted)) = (&claim.uid, &self.noted) else {
            return false;
        };
        noted.contains(uid.as_str())
    }
}

/// The annotation of the StatefulSet for a node.
fn key(id: u64) -> String {
    format!("kafka-stacks/replaces-{id}")
}

/// What is known of a node that is to be replaced. `machine_is_gone`: the user says that its machine is off and does not come back.
///
/// # Errors
///
/// [`Stop::Impossible`] when there is no such node, it has no claims, or something would be lost or run twice.
pub(crate) fn look(live: &dyn Live, cluster: &Cluster, id: u64, machine_is_gone: bool) -> Result<Lost, Stop> {
    let all = members(live, cluster)?;
    let Some(member) = all.iter().find(|one| one.node.id == id) else {
        let mut known: Vec<u64> = all.iter().map(|one| one.node.id).collect();
        known.sort_unstable();
        let known: Vec<String> = known.iter().map(u64::to_string).collect();
        return Err(Stop::Impossible(format!(
            "there is no node {id}: the nodes are {}",
            known.join(", ")
        )));
    };
    let Some(pool) = cluster.pool_of(&member.node) else {
        return Err(Stop::Impossible(format!("node {id} is in no pool")));
    };
    let set = pool.workload.name.clone();
    let sets = live.list("statefulsets", &cluster.namespace)?;
    let annotations = sets
        .iter()
        .find(|one| name(one) == set)
        .map(|one| &one["metadata"]["annotations"]);
    let noted = annotations.and_then(|all| all[key(id)].as_str()).map(str::to_owned);
    let found = live.list("persistentvolumeclaims", &cluster.namespace)?;
    let claims = pool.workload.claims.iter().map(|(template, _)| {
        let claim = format!("{template}-{}", member.node.pod);
        let object = found.iter().find(|one| name(one) == claim);
        Claim {
            uid: object.map(|object| uid(object).to_owned()),
            phase: object.map_or_else(String::new, phase),
            name: claim,
        }
    });
    let claims: Vec<Claim> = claims.collect();
    if claims.is_empty() {
        return Err(Stop::Impossible(format!(
            "`{}` has no volume claims: deleting its pod is enough",
            member.node.pod
        )));
    }
    let machine = machine(live, member)?;
    let topics = if member.is_broker {
        cluster.topics(live)?
    } else {
        BTreeMap::new()
    };
    let partitions = topics.values().flat_map(|topic| &topic.partitions);
    let mut lost = Lost {
        set,
        claims,
        machine,
        noted,
        partitions: partitions.filter(|one| one.replicas.contains(&id)).count(),
        waits_for: None,
        member: member.clone(),
    };
    if !lost.is_deleted() {
        is_possible(&lost, &topics, machine_is_gone)?;
        lost.waits_for = needed(live, cluster, &lost.member, &topics)?;
    }
    Ok(lost)
}

fn phase(claim: &Value) -> String {
    if claim["metadata"]["deletionTimestamp"].is_null() {
        claim["status"]["phase"].as_str().unwrap_or_default().to_owned()
    } else {
        "Terminating".to_owned()
    }
}

fn machine(live: &dyn Live, member: &Member) -> Result<Machine, Trouble> {
    let Some(machine) = member.machine.clone() else {
        return Ok(Machine::None);
    };
    let answer = match live.ask(&Request::Machine(machine.clone())) {
        Err(Trouble::NotFound(_)) => return Ok(Machine::Deleted(machine)),
        answer => json(&answer?)?,
    };
    if items(&answer["spec"]["taints"]).any(|taint| taint["key"] == OUT_OF_SERVICE) {
        return Ok(Machine::OutOfService(machine));
    }
    // `False` is what the kubelet itself says: it answers.
    let silent =
        items(&answer["status"]["conditions"]).find(|one| one["type"] == "Ready" && one["status"] == "Unknown");
    Ok(match silent {
        Some(condition) => {
            let since = condition["lastTransitionTime"].as_str().unwrap_or("an unknown time");
            Machine::Silent(machine, since.to_owned())
        }
        None => Machine::Answers(machine),
    })
}

/// What no waiting mends.
fn is_possible(lost: &Lost, topics: &BTreeMap<String, LiveTopic>, machine_is_gone: bool) -> Result<(), Stop> {
    let pod = &lost.member.node.pod;
    match (&lost.machine, machine_is_gone) {
        (Machine::Silent(machine, since), false) => {
            return Err(Stop::Impossible(format!(
                "`{machine}` does not answer since {since}, and `{pod}` may still run there: two processes on one volume damage it; \
                 `--machine-is-gone` says that it is off for good"
            )));
        }
        (Machine::Answers(machine), true) => {
            return Err(Stop::Impossible(format!("`{machine}` answers: it is not gone")));
        }
        _ => {}
    }
    let id = lost.member.node.id;
    let mut single = topics.iter().flat_map(|(name, topic)| {
        let partitions = topic.partitions.iter();
        partitions
            .filter(move |one| one.replicas == [id])
            .map(move |one| format!("{name}-{}", one.number))
    });
    match single.next() {
        None => Ok(()),
        Some(first) => Err(Stop::Impossible(format!(
            "{} only there, such as `{first}`: its records would be lost",
            counted(1 + single.count(), "partition")
        ))),
    }
}

/// Why the others cannot do without a node and its volumes.
fn needed(
    live: &dyn Live,
    cluster: &Cluster,
    member: &Member,
    topics: &BTreeMap<String, LiveTopic>,
) -> Result<Option<String>, Trouble> {
    let id = member.node.id;
    let all = members(live, cluster)?;
    if let Some(other) = all.iter().find(|one| one.node != member.node && !one.is_ready) {
        return Ok(Some(format!("`{}` {}", other.node.pod, other.why)));
    }
    if member.is_controller
        && let Some(reason) = quorum_needs(&cluster.quorum(live)?, id)
    {
        return Ok(Some(reason));
    }
    let mut alone = topics.iter().flat_map(|(name, topic)| {
        let partitions = topic.partitions.iter();
        partitions
            .filter(move |one| one.replicas.contains(&id) && one.in_sync.iter().all(|other| *other == id))
            .map(move |one| format!("{name}-{}", one.number))
    });
    if let Some(first) = alone.next() {
        return Ok(Some(format!(
            "{} no other replica in sync, such as `{first}`",
            match alone.count() {
                0 => "1 partition has".to_owned(),
                more => format!("{} partitions have", more + 1),
            }
        )));
    }
    Ok(partitions_need(topics, cluster.minimum(), id))
}

/// Replaces the volumes of a node, and waits until it has everything again. Each step is told. Running it again after an interruption goes on.
///
/// # Errors
///
/// [`Stop::Late`] when one step takes longer than `limit`.
pub(crate) fn replace(
    control: &dyn Control,
    cluster: &Cluster,
    id: u64,
    machine_is_gone: bool,
    limit: Duration,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<(), Stop> {
    control.look_again();
    let mut lost = look(control, cluster, id, machine_is_gone)?;
    let pod = lost.member.node.pod.clone();
    if !lost.is_deleted() {
        control.wait(limit, tell, &pod, |live| {
            let topics = if lost.member.is_broker {
                cluster.topics(live)?
            } else {
                BTreeMap::new()
            };
            needed(live, cluster, &lost.member, &topics)
        })?;
        lost = look(control, cluster, id, machine_is_gone)?;
        delete(control, &mut lost, machine_is_gone, tell)?;
    }
    let noted = lost.noted.clone().unwrap_or_default();
    let began = control.now();
    // The pod that is there belongs to the claims that went, or waits for the new ones: what counts is that it is ready with these.
    let mut any = lost.member.clone();
    any.uid.clear();
    control.wait(limit, tell, &pod, |live| {
        let now = live.list("persistentvolumeclaims", &cluster.namespace)?;
        for claim in &lost.claims {
            match now.iter().find(|one| name(one) == claim.name) {
                None => return Ok(Some(format!("claim {} is not there yet", claim.name))),
                Some(old) if noted.contains(uid(old)) => {
                    return Ok(Some(format!("claim {} is still there", claim.name)));
                }
                Some(_) => {}
            }
        }
        not_back(live, cluster, &any)
    })?;
    tell(Told::Step(&format!(
        "{pod}: is back after {} s",
        control.now().saturating_sub(began)
    )));
    if lost.member.is_broker {
        let words = ["--election-type=preferred", "--all-topic-partitions"];
        cluster.change(control, Tool::LeaderElection, &words, String::new())?;
        tell(Told::Step("partitions are led by their preferred leaders"));
    }
    control.act(&note(&lost, None))?;
    if let Machine::Silent(machine, _) | Machine::OutOfService(machine) = &lost.machine {
        tell(Told::Step(&format!(
            "when `{machine}` is there again, empty: `kubectl taint node {machine} {OUT_OF_SERVICE}-`"
        )));
    }
    Ok(())
}

fn note(lost: &Lost, value: Option<String>) -> Action {
    Action::Annotate {
        kind: "statefulset",
        namespace: lost.member.namespace.clone(),
        name: lost.set.clone(),
        key: key(lost.member.node.id),
        value,
    }
}

/// Deletes the claims and the pod, after noting which claims these are.
fn delete(
    control: &dyn Control,
    lost: &mut Lost,
    machine_is_gone: bool,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<(), Stop> {
    let pod = &lost.member.node.pod;
    if !lost.claims.iter().any(|claim| lost.goes(claim)) {
        let uids: Vec<&str> = lost.claims.iter().filter_map(|claim| claim.uid.as_deref()).collect();
        let noted = uids.join(",");
        control.act(&note(lost, Some(noted.clone())))?;
        tell(Told::Step(&format!("{pod}: is noted at statefulset {}", lost.set)));
        lost.noted = Some(noted);
    }
    if let (Machine::Silent(machine, _), true) = (&lost.machine, machine_is_gone) {
        control.act(&Action::OutOfService(machine.clone()))?;
        tell(Told::Step(&format!("machine {machine}: is out of service")));
    }
    let deletion = |kind: &str, name: &str| Action::Delete {
        kind: kind.to_owned(),
        namespace: lost.member.namespace.clone(),
        name: name.to_owned(),
    };
    for claim in lost.claims.iter().filter(|claim| lost.goes(claim)) {
        control.act(&deletion("persistentvolumeclaim", &claim.name))?;
        tell(Told::Step(&format!("claim {}: is deleted", claim.name)));
    }
    // A claim is there until no pod uses it.
    control.act(&deletion("pod", pod))?;
    tell(Told::Step(&format!("{pod}: the pod is deleted")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        operate::{desired::Desired, simulated::Simulated},
        prelude::*,
        synth::synth,
    };

    /// Three nodes that are brokers and controllers, all well.
    fn three() -> (Simulated, Cluster) {
        let mut stack = Stack::new("s", "kafka").profile(Profile::Development);
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::brokers("kafka", 3))
                .pool(NodePool::controllers("kafka-controller", 3)),
        );
        let manifests = synth(&stack).manifests.unwrap();
        let texts: Vec<&str> = manifests
            .iter()
            .filter(|(path, _)| path.starts_with("kafka/"))
            .map(|(_, text)| text)
            .collect();
        let simulated = Simulated::running(&texts);
        simulated.state().leader = 101;
        (simulated, Cluster::all(&Desired::read(texts)).remove(0))
    }

    /// What was told, and how it ended.
    fn replaced(simulated: &Simulated, cluster: &Cluster, id: u64, gone: bool) -> (String, Result<(), Stop>) {
        let mut lines = Vec::new();
        let end = replace(simulated, cluster, id, gone, Duration::from_secs(60), &mut |told| {
            lines.extend(told.line().map(str::to_owned));
        });
        (lines.join("\n"), end)
    }

    fn impossible(end: Result<Lost, Stop>) -> String {
        match end {
            Err(Stop::Impossible(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_claims_of_a_broker_go_and_it_copies_everything_again() {
        let (simulated, cluster) = three();
        "Lost".clone_into(&mut simulated.state().claims.get_mut("data-kafka-2").unwrap().phase);
        let lost = look(&simulated, &cluster, 2, false).unwrap();
        insta::assert_snapshot!(lost.told(false).join("\n"), @r"
        kafka-2 (broker 2): is ready
        claim data-kafka-2: Lost
        machine machine-of-kafka-2: answers
        1 partition with a replica on it
        the others have all that it has
        would delete data-kafka-2 and the pod, and wait until it is back with empty volumes
        ");
        let (lines, end) = replaced(&simulated, &cluster, 2, false);
        assert_eq!(end, Ok(()));
        insta::assert_snapshot!(lines, @r"
        kafka-2: is noted at statefulset kafka
        claim data-kafka-2: is deleted
        kafka-2: the pod is deleted
        kafka-2: waits: is Running
        kafka-2: waits: 1 partition not in sync there
        kafka-2: is back after 20 s
        partitions are led by their preferred leaders
        ");
        // Of a tool only its name: what is before it is tried with the tools.
        let log = simulated.state().log.clone();
        let log: Vec<&str> = log
            .iter()
            .map(|line| line.find("kafka-leader").map_or(line.as_str(), |_| "elect"))
            .collect();
        insta::assert_snapshot!(log.join("\n"), @r"
        annotate statefulset kafka kafka-stacks/replaces-2 data-kafka-2-uid-1
        delete persistentvolumeclaim data-kafka-2
        delete pod kafka-2
        elect
        annotate statefulset kafka kafka-stacks/replaces-2 nothing
        ");
    }

    #[test]
    fn a_run_that_ended_anywhere_is_completed_and_no_claim_goes_twice() {
        for changes in 0..5 {
            let (simulated, cluster) = three();
            simulated.state().changes_left = Some(changes);
            assert_eq!(
                replaced(&simulated, &cluster, 2, false).1,
                Err(Stop::Trouble(Trouble::Failed("the run has ended".to_owned())))
            );
            simulated.state().changes_left = None;
            let first = simulated.state().claims["data-kafka-2"].uid.clone();
            assert_eq!(replaced(&simulated, &cluster, 2, false).1, Ok(()));
            let uid = simulated.state().claims["data-kafka-2"].uid.clone();
            assert_ne!(uid, "data-kafka-2-uid-1");
            assert!(
                first == "data-kafka-2-uid-1" || first == uid,
                "after {changes} changes: {first}, then {uid}"
            );
            let others: Vec<String> = simulated
                .state()
                .claims
                .values()
                .map(|claim| claim.uid.clone())
                .filter(|one| *one != uid)
                .collect();
            assert!(others.iter().all(|uid| uid.ends_with("-uid-1")), "{others:?}");
            assert!(look(&simulated, &cluster, 2, false).unwrap().noted.is_none());
        }
    }

    #[test]
    fn nothing_is_deleted_while_it_is_needed() {
        let (simulated, cluster) = three();
        simulated.state().lagging.extend([0, 1]);
        let (_, end) = replaced(&simulated, &cluster, 2, false);
        assert_eq!(
            end,
            Err(Stop::Late(
                "kafka-2: waited for 60 s: 1 partition has no other replica in sync, such as `orders-0`".to_owned()
            ))
        );
        simulated.state().lagging.clear();
        simulated.state().broken = Some("kafka-1".to_owned());
        let (_, end) = replaced(&simulated, &cluster, 2, false);
        assert_eq!(
            end,
            Err(Stop::Late("kafka-2: waited for 60 s: `kafka-1` is Running".to_owned()))
        );
        assert_eq!(simulated.state().log, [""; 0]);
    }

    #[test]
    fn a_machine_that_does_not_answer_is_gone_only_when_someone_says_so() {
        let (simulated, cluster) = three();
        simulated.state().silent = Some("kafka-2".to_owned());
        assert_eq!(
            impossible(look(&simulated, &cluster, 2, false)),
            "`machine-of-kafka-2` does not answer since 2026-01-01T00:00:00Z, and `kafka-2` may still run there: two processes on one volume damage \
             it; `--machine-is-gone` says that it is off for good"
        );
        assert_eq!(
            impossible(look(&simulated, &cluster, 1, true)),
            "`machine-of-kafka-1` answers: it is not gone"
        );
        let (lines, end) = replaced(&simulated, &cluster, 2, true);
        assert_eq!(end, Ok(()));
        insta::assert_snapshot!(lines, @r"
        kafka-2: is noted at statefulset kafka
        machine machine-of-kafka-2: is out of service
        claim data-kafka-2: is deleted
        kafka-2: the pod is deleted
        kafka-2: waits: is Running
        kafka-2: waits: 1 partition not in sync there
        kafka-2: is back after 20 s
        partitions are led by their preferred leaders
        when `machine-of-kafka-2` is there again, empty: `kubectl taint node machine-of-kafka-2 node.kubernetes.io/out-of-service-`
        ");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let (simulated, cluster) = three();
        assert_eq!(
            impossible(look(&simulated, &cluster, 7, false)),
            "there is no node 7: the nodes are 0, 1, 2, 100, 101, 102"
        );
        let topics = super::super::answers::topics(
            "Topic: t\tConfigs: \n\tTopic: t\tPartition: 4\tLeader: 2\tReplicas: 2\tIsr: 2\n",
        );
        let lost = look(&simulated, &cluster, 2, false).unwrap();
        assert_eq!(
            is_possible(&lost, &topics, false),
            Err(Stop::Impossible(
                "1 partition only there, such as `t-4`: its records would be lost".to_owned()
            ))
        );
    }
}
