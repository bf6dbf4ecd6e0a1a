//! Restarts the nodes of a cluster that run as they were before a change: one at a time over all pools, each when the cluster can do
//! without it.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    answers::{CLOSE, LiveTopic, Replica},
    cluster::{Cluster, Node, is_ready},
    control::{Action, Control, Stop, Told},
    desired::name,
    live::{Live, Trouble},
    pods::why,
    verify::counted,
};

/// How long it is tried to find out what has to be done.
const SHORT: Duration = Duration::from_secs(60);

/// A node and its pod.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is something else that was seen")]
pub(crate) struct Member {
    pub(crate) node: Node,
    pub(super) namespace: String,
    pub(super) is_broker: bool,
    pub(super) is_controller: bool,
    /// Whether it leads the quorum.
    is_active: bool,
    /// Whether its StatefulSet leaves the restart to whoever deletes the pod.
    on_delete: bool,
    pub(super) is_ready: bool,
    /// Why it is not ready, if it is not.
    pub(super) why: String,
    /// Whether the pod is made from the StatefulSet as it is now.
    is_current: bool,
    /// Of its pod; empty where there is none.
    pub(super) uid: String,
    /// Where its pod runs, once that is decided.
    pub(super) machine: Option<String>,
}

impl Member {
    /// `broker 0`, `controller 100`, or `broker and controller 0`.
    pub(crate) fn role(&self) -> String {
        let role = match (self.is_broker, self.is_controller) {
            (true, true) => "broker and controller",
            (false, true) => "controller",
            _ => "broker",
        };
        let active = if self.is_active { ", active" } else { "" };
        format!("{role} {}{active}", self.node.id)
    }

    /// Whether the StatefulSet restarts it without being asked.
    pub(crate) fn restarts_by_itself(&self) -> bool {
        !self.on_delete
    }
}

/// Every node of a cluster, with its pod as it is now.
pub(super) fn members(live: &dyn Live, cluster: &Cluster) -> Result<Vec<Member>, Trouble> {
    let sets = live.list("statefulsets", &cluster.namespace)?;
    let pods = live.list("pods", &cluster.namespace)?;
    let has_controllers = cluster.pools.iter().any(|pool| pool.has_role("controller"));
    let active = if has_controllers {
        let leader = cluster
            .quorum(live)?
            .into_iter()
            .find(|replica| replica.status == "Leader");
        leader.map(|replica| replica.id)
    } else {
        None
    };
    let mut members = Vec::new();
    for pool in &cluster.pools {
        let Some(set) = sets.iter().find(|set| name(set) == pool.workload.name) else {
            return Err(Trouble::NotFound(format!(
                "there is no StatefulSet `{}`: deploy the stack first",
                pool.workload.name
            )));
        };
        for node in pool.nodes() {
            let pod = pods.iter().find(|pod| name(pod) == node.pod);
            let revision = pod.map(|pod| &pod["metadata"]["labels"]["controller-revision-hash"]);
            let is_controller = pool.has_role("controller");
            members.push(Member {
                namespace: cluster.namespace.clone(),
                is_broker: pool.has_role("broker"),
                is_controller,
                is_active: is_controller && active == Some(node.id),
                on_delete: set["spec"]["updateStrategy"]["type"] == "OnDelete",
                is_ready: pod.is_some_and(is_ready),
                why: pod.map_or_else(|| "is not there".to_owned(), why),
                is_current: revision.is_some_and(|revision| *revision == set["status"]["updateRevision"]),
                uid: pod.map_or("", uid).to_owned(),
                machine: pod.and_then(|pod| pod["spec"]["nodeName"].as_str()).map(str::to_owned),
                node,
            });
        }
    }
    Ok(members)
}

pub(super) fn uid(pod: &Value) -> &str {
    pod["metadata"]["uid"].as_str().unwrap_or_default()
}

/// The nodes that are still as they were, in the order in which they restart: what is broken first, since that takes nothing away; then
/// brokers, controllers, and the active controller as the last.
pub(crate) fn outdated(live: &dyn Live, cluster: &Cluster, pool: Option<&str>) -> Result<Vec<Member>, Trouble> {
    let of_pool = |member: &Member| {
        let own = cluster.pool_of(&member.node).map(|own| own.workload.name.as_str());
        pool.is_none_or(|wanted| own == Some(wanted))
    };
    let mut outdated = members(live, cluster)?;
    outdated.retain(|member| !member.is_current && !member.uid.is_empty() && of_pool(member));
    outdated.sort_by_key(|member| (member.is_ready, member.is_active, member.is_controller, member.node.id));
    Ok(outdated)
}

/// Restarts every node that is still as it was; how many these were. Each step is told.
///
/// # Errors
///
/// [`Stop::Late`] when one step takes longer than `limit`. Running it again goes on with the nodes that are left.
pub(crate) fn roll(
    control: &dyn Control,
    cluster: &Cluster,
    pool: Option<&str>,
    limit: Duration,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<usize, Stop> {
    let mut done = 0;
    loop {
        // At first, what cannot be asked is soon told; later, what was restarted may be in the way for longer.
        let patience = if done == 0 { limit.min(SHORT) } else { limit };
        // Anew for each: the quorum may have another leader by now.
        let left = control.answered(patience, tell, |live| outdated(live, cluster, pool))?;
        let Some(member) = left.into_iter().next() else {
            // A run that ended early did not wait for its last one.
            control.wait(limit, tell, "the cluster", |live| behind(live, cluster, pool))?;
            return Ok(done);
        };
        let pod = &member.node.pod;
        if member.on_delete {
            control.wait(limit, tell, &format!("{pod} ({})", member.role()), |live| {
                hindrance(live, cluster, &member)
            })?;
            // What a run before this one deleted leaves later than that ended, and its successor has the same name.
            if is_there(control, &member)? {
                control.act(&Action::Delete {
                    kind: "pod".to_owned(),
                    namespace: member.namespace.clone(),
                    name: pod.clone(),
                })?;
                tell(Told::Step(&format!("{pod}: restarts")));
            } else {
                tell(Told::Step(&format!("{pod}: restarts already")));
            }
        } else {
            tell(Told::Step(&format!("{pod}: its StatefulSet restarts it")));
        }
        let began = control.now();
        control.wait(limit, tell, pod, |live| not_back(live, cluster, &member))?;
        tell(Told::Step(&format!(
            "{pod}: is back after {} s",
            control.now().saturating_sub(began)
        )));
        done += 1;
    }
}

/// Whether a node's pod is the one that was seen, and nobody has deleted it.
fn is_there(control: &dyn Control, member: &Member) -> Result<bool, Trouble> {
    control.look_again();
    let live: &dyn Live = control;
    let pods = live.list("pods", &member.namespace)?;
    let own = pods.iter().find(|pod| uid(pod) == member.uid);
    Ok(own.is_some_and(|pod| pod["metadata"]["deletionTimestamp"].is_null()))
}

/// What is not back of all nodes.
fn behind(live: &dyn Live, cluster: &Cluster, pool: Option<&str>) -> Result<Option<String>, Trouble> {
    for mut member in members(live, cluster)? {
        let own = cluster.pool_of(&member.node).map(|own| own.workload.name.as_str());
        if pool.is_some() && own != pool {
            continue;
        }
        member.uid.clear();
        if let Some(reason) = not_back(live, cluster, &member)? {
            return Ok(Some(format!("{}: {reason}", member.node.pod)));
        }
    }
    Ok(None)
}

/// Why a node cannot be restarted now.
fn hindrance(live: &dyn Live, cluster: &Cluster, member: &Member) -> Result<Option<String>, Trouble> {
    let all = members(live, cluster)?;
    let own = all.iter().find(|one| one.node == member.node);
    // What is broken already takes nothing away.
    if own.is_some_and(|own| !own.is_ready) {
        return Ok(None);
    }
    if let Some(other) = all.iter().find(|one| one.node != member.node && !one.is_ready) {
        return Ok(Some(format!("`{}` {}", other.node.pod, other.why)));
    }
    if member.is_controller
        && let Some(reason) = quorum_needs(&cluster.quorum(live)?, member.node.id)
    {
        return Ok(Some(reason));
    }
    if member.is_broker {
        return Ok(partitions_need(
            &cluster.topics(live)?,
            cluster.minimum(),
            member.node.id,
        ));
    }
    Ok(None)
}

/// Why a quorum cannot do without a voter: as the restart gate judges it.
pub(super) fn quorum_needs(replicas: &[Replica], id: u64) -> Option<String> {
    let voters: Vec<&Replica> = replicas.iter().filter(|replica| replica.status != "Observer").collect();
    let close = voters
        .iter()
        .filter(|voter| voter.id != id && voter.lag <= CLOSE)
        .count();
    let majority = voters.len() / 2 + 1;
    (voters.len() > 1 && close < majority).then(|| {
        format!(
            "{close} of the {} other controllers follow the leader closely, and a majority is {majority}",
            voters.len() - 1
        )
    })
}

/// Why partitions cannot do without a broker. One with all of its replicas in sync and none to spare does not count: waiting would change
/// nothing.
pub(super) fn partitions_need(topics: &BTreeMap<String, LiveTopic>, minimum: usize, id: u64) -> Option<String> {
    let needs = |topic: &LiveTopic, in_sync: &[u64], replicas: &[u64]| {
        in_sync.contains(&id)
            && in_sync.len() < replicas.len()
            && in_sync.len() <= topic.minimum(minimum, replicas.len())
    };
    let mut needed = topics.iter().flat_map(|(name, topic)| {
        let partitions = topic.partitions.iter();
        partitions
            .filter(move |one| needs(topic, &one.in_sync, &one.replicas))
            .map(move |one| format!("{name}-{}", one.number))
    });
    let first = needed.next()?;
    Some(format!(
        "{} would be below min.insync.replicas, such as `{first}`",
        counted(1 + needed.count(), "partition")
    ))
}

/// Why a node that was restarted is not back.
pub(super) fn not_back(live: &dyn Live, cluster: &Cluster, before: &Member) -> Result<Option<String>, Trouble> {
    let pods = live.list("pods", &cluster.namespace)?;
    let Some(pod) = pods.iter().find(|pod| name(pod) == before.node.pod) else {
        return Ok(Some("the pod is not there yet".to_owned()));
    };
    if uid(pod) == before.uid {
        return Ok(Some("the old pod is still there".to_owned()));
    }
    if !is_ready(pod) {
        return Ok(Some(why(pod)));
    }
    if before.is_controller {
        let lag = cluster
            .quorum(live)?
            .into_iter()
            .find(|one| one.id == before.node.id)
            .map(|one| one.lag);
        match lag {
            Some(lag) if lag <= CLOSE => {}
            Some(lag) => return Ok(Some(format!("{lag} records behind the leader of the quorum"))),
            None => return Ok(Some("it is not in the quorum".to_owned())),
        }
    }
    if before.is_broker {
        let topics = cluster.topics(live)?;
        let partitions = topics.values().flat_map(|topic| &topic.partitions);
        let id = before.node.id;
        let missing = partitions
            .filter(|one| one.replicas.contains(&id) && !one.in_sync.contains(&id))
            .count();
        if missing > 0 {
            return Ok(Some(format!("{} not in sync there", counted(missing, "partition"))));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        operate::{answers::topics, desired::Desired, simulated::Simulated},
        prelude::*,
        synth::synth,
    };

    /// Three controllers, of which 101 leads, and three brokers. All pods are as they were before a change, and wait to be deleted.
    fn before_a_roll() -> (Simulated, Cluster) {
        let mut stack = Stack::new("s", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3)),
        );
        let manifests = synth(&stack).manifests.unwrap();
        let texts: Vec<&str> = manifests
            .iter()
            .filter(|(path, _)| path.starts_with("kafka/"))
            .map(|(_, text)| text)
            .collect();
        let simulated = Simulated::running(&texts);
        {
            let mut state = simulated.state();
            state.leader = 101;
            for pod in state.pods.values_mut() {
                "old".clone_into(&mut pod.revision);
            }
            for ((kind, _), object) in &mut state.objects {
                if kind == "StatefulSet" {
                    object["spec"]["updateStrategy"] = serde_json::json!({ "type": "OnDelete" });
                }
            }
        }
        let cluster = Cluster::all(&Desired::read(texts)).remove(0);
        (simulated, cluster)
    }

    fn order(simulated: &Simulated, cluster: &Cluster, pool: Option<&str>) -> Vec<String> {
        let members = outdated(simulated, cluster, pool).unwrap();
        members
            .iter()
            .map(|member| format!("{}: {}", member.node.pod, member.role()))
            .collect()
    }

    /// What a roll told and how it ended.
    fn told(simulated: &Simulated, cluster: &Cluster) -> (String, Result<usize, Stop>) {
        let mut lines = Vec::new();
        let end = roll(simulated, cluster, None, Duration::from_secs(60), &mut |told| {
            lines.extend(told.line().map(str::to_owned));
        });
        (lines.join("\n"), end)
    }

    #[test]
    fn brokers_come_first_and_the_active_controller_last() {
        let (simulated, cluster) = before_a_roll();
        insta::assert_snapshot!(order(&simulated, &cluster, None).join("\n"), @r"
        kafka-0: broker 0
        kafka-1: broker 1
        kafka-2: broker 2
        kafka-controller-100: controller 100
        kafka-controller-102: controller 102
        kafka-controller-101: controller 101, active
        ");
        assert_eq!(order(&simulated, &cluster, Some("kafka")).len(), 3);
        simulated.state().broken = Some("kafka-2".to_owned());
        assert_eq!(order(&simulated, &cluster, None)[0], "kafka-2: broker 2");
    }

    #[test]
    fn one_node_restarts_at_a_time_and_is_back_before_the_next() {
        let (simulated, cluster) = before_a_roll();
        let (lines, end) = told(&simulated, &cluster);
        assert_eq!(end, Ok(6));
        let start: Vec<&str> = lines.lines().take(5).collect();
        insta::assert_snapshot!(start.join("\n"), @r"
        kafka-0: restarts
        kafka-0: waits: is Running
        kafka-0: waits: 1 partition not in sync there
        kafka-0: is back after 20 s
        kafka-1: restarts
        ");
        let log = simulated.state().log.join("\n");
        insta::assert_snapshot!(log, @r"
        delete pod kafka-0
        delete pod kafka-1
        delete pod kafka-2
        delete pod kafka-controller-100
        delete pod kafka-controller-102
        delete pod kafka-controller-101
        ");
        assert_eq!(told(&simulated, &cluster), (String::new(), Ok(0)));
    }

    #[test]
    fn a_roll_that_was_interrupted_goes_on_with_the_others() {
        for done in 1..6 {
            let (simulated, cluster) = before_a_roll();
            let finished: Vec<String> = outdated(&simulated, &cluster, None)
                .unwrap()
                .into_iter()
                .take(done)
                .map(|member| member.node.pod)
                .collect();
            for pod in &finished {
                "new".clone_into(&mut simulated.state().pods.get_mut(pod).unwrap().revision);
            }
            assert_eq!(told(&simulated, &cluster).1, Ok(6 - done));
            let log = simulated.state().log.clone();
            assert!(
                log.iter().all(|line| finished.iter().all(|pod| !line.ends_with(pod))),
                "{log:?}"
            );
        }
    }

    #[test]
    fn a_pod_that_an_earlier_run_deleted_is_not_deleted_again() {
        let (simulated, cluster) = before_a_roll();
        simulated.state().leaving = Some("kafka-1".to_owned());
        let (lines, end) = told(&simulated, &cluster);
        assert_eq!(end, Ok(6));
        assert!(
            lines.starts_with("kafka-1: restarts already\nkafka-1: waits: the old pod is still there\n"),
            "{lines}"
        );
        let log = simulated.state().log.clone();
        assert_eq!(log.len(), 5, "{log:?}");
        assert!(!log.contains(&"delete pod kafka-1".to_owned()), "{log:?}");
    }

    #[test]
    fn a_roll_ends_when_the_last_one_of_an_earlier_run_is_back() {
        let (simulated, cluster) = before_a_roll();
        {
            let mut state = simulated.state();
            for pod in state.pods.values_mut() {
                "new".clone_into(&mut pod.revision);
            }
            state.lagging.insert(2);
        }
        let (lines, end) = told(&simulated, &cluster);
        assert_eq!(lines, "the cluster: waits: kafka-2: 1 partition not in sync there");
        assert!(matches!(end, Err(Stop::Late(_))), "{end:?}");
    }

    #[test]
    fn nothing_is_deleted_while_a_partition_needs_it() {
        let (simulated, cluster) = before_a_roll();
        simulated.state().lagging.insert(2);
        let (_, end) = told(&simulated, &cluster);
        let Err(Stop::Late(why)) = end else { panic!("{end:?}") };
        assert_eq!(
            why,
            "kafka-0 (broker 0): waited for 60 s: 1 partition would be below min.insync.replicas, such as `orders-0`"
        );
        assert_eq!(simulated.state().log, [""; 0]);
    }

    #[test]
    fn nothing_is_deleted_while_another_node_is_down() {
        let (simulated, cluster) = before_a_roll();
        {
            let mut state = simulated.state();
            state.broken = Some("kafka-2".to_owned());
            // It is broken after the change, so that its restart would not help.
            "new".clone_into(&mut state.pods.get_mut("kafka-2").unwrap().revision);
        }
        let (_, end) = told(&simulated, &cluster);
        assert_eq!(
            end,
            Err(Stop::Late(
                "kafka-0 (broker 0): waited for 60 s: `kafka-2` is Running".to_owned()
            ))
        );
        assert_eq!(simulated.state().log, [""; 0]);
    }

    #[test]
    fn a_partition_without_a_spare_replica_stops_no_roll() {
        let describe = |isr: &str| {
            topics(&format!(
                "Topic: t\tConfigs: min.insync.replicas=2\n\tTopic: t\tPartition: 0\tLeader: 0\tReplicas: 0,1,2\tIsr: {isr}\n"
            ))
        };
        assert_eq!(partitions_need(&describe("0,1,2"), 1, 0), None);
        assert_eq!(partitions_need(&describe("1,2"), 1, 0), None);
        assert!(partitions_need(&describe("0,1"), 1, 0).is_some());
        let single = topics("Topic: t\tConfigs: \n\tTopic: t\tPartition: 0\tLeader: 0\tReplicas: 0\tIsr: 0\n");
        assert_eq!(partitions_need(&single, 2, 0), None);
    }

    #[test]
    fn a_quorum_keeps_its_majority() {
        let voter = |id, lag| Replica {
            id,
            lag,
            status: "Follower".to_owned(),
        };
        let voters = [voter(1, 0), voter(2, 3), voter(3, 500)];
        assert_eq!(quorum_needs(&voters, 3), None);
        assert_eq!(
            quorum_needs(&voters, 1).unwrap(),
            "1 of the 2 other controllers follow the leader closely, and a majority is 2"
        );
        assert_eq!(quorum_needs(&voters[..1], 1), None);
    }
}
