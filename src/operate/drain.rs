//! Empties brokers, or spreads replicas over new ones: the plan is made here, Kafka's own tools carry it out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    answers::{self, Held, LiveTopic, PartitionName},
    cluster::{Cluster, Tool},
    control::{Control, Stop, Told},
    live::{Live, Trouble},
    reassign::{self, Assignment, Racks, cost, file},
    verify::counted,
};

/// How often the cluster is asked.
const PAUSE: Duration = Duration::from_secs(10);

/// What is to become of the replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// These brokers hold none.
    Drain(BTreeSet<u64>),
    /// Every broker holds as many as the others.
    Rebalance,
}

/// What moves, and how much that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The partitions that change, with their new brokers.
    pub(crate) changed: Assignment,
    /// How many replicas go to another broker.
    pub(crate) replicas: usize,
    /// How many bytes these have now.
    pub(crate) bytes: u64,
    /// How many partitions of an earlier run still move.
    pub(crate) under_way: usize,
}

/// Where every replica is, or is on its way to.
fn assignment(topics: &BTreeMap<String, LiveTopic>) -> Assignment {
    let partitions = topics
        .iter()
        .flat_map(|(name, topic)| topic.partitions.iter().map(move |one| (name, one)));
    partitions
        .map(|(name, one)| ((name.clone(), one.number), one.replicas.clone()))
        .collect()
}

fn under_way(topics: &BTreeMap<String, LiveTopic>) -> usize {
    let partitions = topics.values().flat_map(|topic| &topic.partitions);
    partitions.filter(|one| one.is_moving).count()
}

/// What has to move for a goal. It counts what moves already as moved.
pub(crate) fn plan(live: &dyn Live, cluster: &Cluster, goal: &Goal) -> Result<Plan, Stop> {
    let racks: Racks = answers::racks(&cluster.tool(live, Tool::BrokerApiVersions, &[])?);
    if racks.is_empty() {
        return Err(Stop::Impossible("no broker answers".to_owned()));
    }
    let topics = cluster.topics(live)?;
    let before = assignment(&topics);
    let changed = match goal {
        Goal::Drain(drained) => {
            let known: BTreeSet<u64> = cluster.nodes("broker").into_iter().map(|node| node.id).collect();
            if let Some(id) = drained.iter().find(|id| !known.contains(id) && !racks.contains_key(id)) {
                let known: Vec<String> = known.iter().map(u64::to_string).collect();
                return Err(Stop::Impossible(format!(
                    "there is no broker {id}: the brokers are {}",
                    known.join(", ")
                )));
            }
            reassign::drain(&before, &racks, drained).map_err(Stop::Impossible)?
        }
        Goal::Rebalance => reassign::rebalance(&before, &racks),
    };
    let mut sizes = Held::new();
    for held in log_directories(live, cluster)?.into_values() {
        for (name, bytes) in held {
            let largest = sizes.entry(name).or_default();
            *largest = bytes.max(*largest);
        }
    }
    let (replicas, bytes) = cost(&before, &changed, &sizes);
    Ok(Plan {
        changed,
        replicas,
        bytes,
        under_way: under_way(&topics),
    })
}

/// The partitions in the log directories of each broker, with their bytes.
fn log_directories(live: &dyn Live, cluster: &Cluster) -> Result<BTreeMap<u64, Held>, Trouble> {
    let text = cluster.tool(live, Tool::LogDirs, &["--describe"])?;
    answers::log_directories(&text).ok_or_else(|| Trouble::Unreadable("no log directories".to_owned()))
}

/// Carries out a plan, waits until all of it is in sync, takes the throttle away, gives partitions back to their preferred leaders, and looks
/// whether the goal is reached. Each step is told. Running it again after an interruption goes on.
///
/// # Errors
///
/// [`Stop::Late`] when nothing arrives for as long as `limit`; [`Stop::Impossible`] when something is left in the end.
pub(crate) fn carry_out(
    control: &dyn Control,
    cluster: &Cluster,
    goal: &Goal,
    plan: &Plan,
    throttle: Option<u64>,
    limit: Duration,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<(), Stop> {
    if !plan.changed.is_empty() {
        let mut words = vec!["--reassignment-json-file=/dev/stdin", "--execute", "--additional"];
        let rate = throttle.map(|bytes| bytes.to_string());
        if let Some(rate) = &rate {
            words.extend(["--throttle", rate]);
        }
        cluster.change(control, Tool::ReassignPartitions, &words, file(&plan.changed))?;
        tell(Told::Step(&format!(
            "{} begin to move",
            counted(plan.changed.len(), "partition")
        )));
    }
    let (mut last, mut since) = (usize::MAX, 0);
    let topics = loop {
        let topics = control.answered(limit, tell, |live| cluster.topics(live))?;
        let left = under_way(&topics);
        if left == 0 {
            break topics;
        }
        if left == last {
            tell(Told::Still(control.now().saturating_sub(since)));
        } else {
            tell(Told::Waits(&format!("{} to go", counted(left, "partition"))));
            (last, since) = (left, control.now());
        }
        if control.now() >= since + limit.as_secs() {
            return Err(Stop::Late(format!(
                "{} still to go, and none arrived for {} s",
                counted(left, "partition"),
                limit.as_secs()
            )));
        }
        control.pause(PAUSE);
    };
    // With nothing under way, this takes away the throttles of all brokers and of these topics.
    let all = file(&assignment(&topics));
    let words = ["--reassignment-json-file=/dev/stdin", "--verify"];
    cluster.change(control, Tool::ReassignPartitions, &words, all)?;
    let words = ["--election-type=preferred", "--all-topic-partitions"];
    cluster.change(control, Tool::LeaderElection, &words, String::new())?;
    tell(Told::Step(
        "everything has arrived: throttles are gone, and partitions are led by their preferred leaders",
    ));
    if let Goal::Drain(drained) = goal {
        control.look_again();
        is_empty(control, cluster, drained)?;
        tell(Told::Step("verified: no partition is on these brokers any more"));
    }
    Ok(())
}

/// Whether brokers hold nothing: by the topics, and by what is in their log directories.
fn is_empty(live: &dyn Live, cluster: &Cluster, drained: &BTreeSet<u64>) -> Result<(), Stop> {
    let topics = cluster.topics(live)?;
    let assigned = assignment(&topics);
    let directories = log_directories(live, cluster)?;
    let by_topics = assigned
        .iter()
        .filter(|(_, brokers)| brokers.iter().any(|id| drained.contains(id)));
    let by_directories = directories
        .iter()
        .filter(|(id, _)| drained.contains(id))
        .flat_map(|(_, held)| held.keys());
    let mut held: BTreeSet<&PartitionName> = by_topics.map(|(name, _)| name).chain(by_directories).collect();
    held.retain(|(topic, _)| topic != "__cluster_metadata");
    match held.first() {
        None => Ok(()),
        Some((topic, partition)) => Err(Stop::Impossible(format!(
            "{} there still, such as `{topic}-{partition}`: run it again",
            counted(held.len(), "partition")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        operate::{control::Action, desired::Desired, live::Request},
        prelude::*,
        synth::synth,
    };

    /// A cluster in which a partition arrives with each look.
    struct Moving {
        state: Mutex<State>,
        brokers: u64,
    }

    struct State {
        now: u64,
        /// Of each partition of the one topic: its brokers, and those that it gets.
        partitions: Vec<(Vec<u64>, Option<Vec<u64>>)>,
        log: Vec<String>,
        /// Whether nothing arrives.
        stuck: bool,
        /// How many questions about topics get no answer once something moves.
        unanswered: usize,
    }

    impl Moving {
        fn new(brokers: u64, partitions: &[[u64; 2]]) -> Self {
            let partitions = partitions.iter().map(|brokers| (brokers.to_vec(), None)).collect();
            let (now, log, stuck) = (0, Vec::new(), false);
            Self {
                state: Mutex::new(State {
                    now,
                    partitions,
                    log,
                    stuck,
                    unanswered: 0,
                }),
                brokers,
            }
        }

        fn held(&self) -> Vec<Vec<u64>> {
            self.state
                .lock()
                .unwrap()
                .partitions
                .iter()
                .map(|(brokers, _)| brokers.clone())
                .collect()
        }
    }

    fn joined(ids: &[u64]) -> String {
        ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
    }

    impl Live for Moving {
        fn ask(&self, request: &Request) -> Result<Arc<str>, Trouble> {
            let mut state = self.state.lock().unwrap();
            let answer = match request {
                Request::List { .. } => {
                    let pods = (0..self.brokers).map(|id| {
                        let status = json!({ "conditions": [{ "type": "Ready", "status": "True" }] });
                        json!({ "metadata": { "name": format!("kafka-{id}") }, "status": status })
                    });
                    json!({ "items": pods.collect::<Vec<_>>() }).to_string()
                }
                Request::Exec { command, .. } => {
                    let line = command.join(" ");
                    if line.contains("kafka-topics") && state.unanswered > 0 && !state.log.is_empty() {
                        state.unanswered -= 1;
                        return Err(Trouble::Command(1, "java.util.concurrent.TimeoutException".to_owned()));
                    } else if line.contains("kafka-topics") {
                        let mut text = "Topic: orders\tPartitionCount: 9\tConfigs: \n".to_owned();
                        for (number, (brokers, next)) in state.partitions.iter().enumerate() {
                            let next = next.as_ref().unwrap_or(brokers);
                            let adding: Vec<u64> = next.iter().filter(|id| !brokers.contains(id)).copied().collect();
                            let removing: Vec<u64> = brokers.iter().filter(|id| !next.contains(id)).copied().collect();
                            let all: Vec<u64> = next.iter().chain(&removing).copied().collect();
                            text += &format!(
                                "\tTopic: orders\tPartition: {number}\tLeader: 0\tReplicas: {}\tIsr: {}",
                                joined(&all),
                                joined(brokers)
                            );
                            if !adding.is_empty() {
                                text += &format!(
                                    "\tAdding Replicas: {}\tRemoving Replicas: {}",
                                    joined(&adding),
                                    joined(&removing)
                                );
                            }
                            text += "\n";
                        }
                        text
                    } else if line.contains("kafka-broker-api-versions") {
                        let line = |id: u64| {
                            format!(
                                "kafka-{id}:9092 (id: {id} rack: zone-{} isFenced: false) -> (\n)\n",
                                id % 2
                            )
                        };
                        (0..self.brokers).map(line).collect()
                    } else {
                        assert!(line.contains("kafka-log-dirs"), "{line}");
                        let brokers = (0..self.brokers).map(|id| {
                            let held = state
                                .partitions
                                .iter()
                                .enumerate()
                                .filter(|(_, (brokers, _))| brokers.contains(&id));
                            let partitions: Vec<Value> = held
                                .map(|(number, _)| json!({ "partition": format!("orders-{number}"), "size": 1000 }))
                                .collect();
                            json!({ "broker": id, "logDirs": [{ "partitions": partitions }] })
                        });
                        let brokers: Vec<Value> = brokers.collect();
                        format!("Querying brokers\n{}\n", json!({ "version": 1, "brokers": brokers }))
                    }
                }
                other => panic!("no answer to {other:?}"),
            };
            Ok(answer.into())
        }

        fn now(&self) -> u64 {
            self.state.lock().unwrap().now
        }

        fn token(&self) -> &'static str {
            "token"
        }
    }

    impl Control for Moving {
        fn act(&self, action: &Action) -> Result<String, Trouble> {
            let Action::Exec { command, input, .. } = action else {
                panic!("{action:?}")
            };
            let mut state = self.state.lock().unwrap();
            let from = command.iter().position(|word| word.starts_with("kafka-")).unwrap();
            let words: Vec<&str> = command[from..]
                .iter()
                .map(String::as_str)
                .filter(|word| !word.starts_with("--bootstrap"))
                .collect();
            state.log.push(words.join(" "));
            if words.contains(&"--execute") {
                let file: Value = serde_json::from_str(input).unwrap();
                for one in file["partitions"].as_array().unwrap() {
                    let brokers = one["replicas"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|id| id.as_u64().unwrap())
                        .collect();
                    let number = usize::try_from(one["partition"].as_u64().unwrap()).unwrap();
                    state.partitions[number].1 = Some(brokers);
                }
            }
            Ok(String::new())
        }

        fn look_again(&self) {}

        fn pause(&self, time: Duration) {
            let mut state = self.state.lock().unwrap();
            state.now += time.as_secs();
            if !state.stuck
                && let Some(first) = state.partitions.iter_mut().find(|(_, next)| next.is_some())
                && let Some(next) = first.1.take()
            {
                first.0 = next;
            }
        }
    }

    fn cluster(brokers: u16) -> Cluster {
        let mut stack = Stack::new("s", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", brokers)),
        );
        let manifests = synth(&stack).manifests.unwrap();
        let texts: Vec<&str> = manifests
            .iter()
            .filter(|(path, _)| path.starts_with("kafka/"))
            .map(|(_, text)| text)
            .collect();
        Cluster::all(&Desired::read(texts)).remove(0)
    }

    /// What was told, and how it ended.
    fn moved(live: &Moving, cluster: &Cluster, goal: &Goal) -> (String, Result<(), Stop>) {
        let mut lines = Vec::new();
        let end = plan(live, cluster, goal).and_then(|plan| {
            lines.push(format!("{} replicas, {} bytes", plan.replicas, plan.bytes));
            let limit = Duration::from_secs(60);
            carry_out(live, cluster, goal, &plan, Some(5000), limit, &mut |told| {
                lines.extend(told.line().map(str::to_owned));
            })
        });
        (lines.join("\n"), end)
    }

    fn three() -> Goal {
        Goal::Drain(BTreeSet::from([3]))
    }

    #[test]
    fn a_drain_ends_with_an_empty_broker_and_no_throttle() {
        let live = Moving::new(4, &[[0, 1], [3, 2], [1, 2], [0, 3]]);
        let (lines, end) = moved(&live, &cluster(4), &three());
        assert_eq!(end, Ok(()));
        insta::assert_snapshot!(lines, @r"
        2 replicas, 2000 bytes
        2 partitions begin to move
        2 partitions to go
        1 partition to go
        everything has arrived: throttles are gone, and partitions are led by their preferred leaders
        verified: no partition is on these brokers any more
        ");
        assert_eq!(live.held(), [[0, 1], [1, 2], [1, 2], [0, 1]]);
        let log = live.state.lock().unwrap().log.join("\n");
        insta::assert_snapshot!(log, @r"
        kafka-reassign-partitions --reassignment-json-file=/dev/stdin --execute --additional --throttle 5000
        kafka-reassign-partitions --reassignment-json-file=/dev/stdin --verify
        kafka-leader-election --election-type=preferred --all-topic-partitions
        ");
    }

    #[test]
    fn a_drain_that_was_interrupted_goes_on_with_what_is_left() {
        let live = Moving::new(4, &[[3, 1], [3, 2], [1, 2], [0, 3]]);
        live.state.lock().unwrap().stuck = true;
        let (_, end) = moved(&live, &cluster(4), &three());
        assert_eq!(
            end,
            Err(Stop::Late(
                "3 partitions still to go, and none arrived for 60 s".to_owned()
            ))
        );
        live.state.lock().unwrap().stuck = false;
        let (lines, end) = moved(&live, &cluster(4), &three());
        assert_eq!(end, Ok(()));
        assert!(
            lines.starts_with("0 replicas, 0 bytes\n3 partitions to go\n"),
            "{lines}"
        );
        assert!(live.held().iter().flatten().all(|id| *id != 3));
        let executed = live
            .state
            .lock()
            .unwrap()
            .log
            .iter()
            .filter(|line| line.contains("--execute"))
            .count();
        assert_eq!(executed, 1);
    }

    #[test]
    fn a_question_without_an_answer_does_not_end_a_drain() {
        let live = Moving::new(4, &[[3, 1]]);
        live.state.lock().unwrap().unanswered = 2;
        let (lines, end) = moved(&live, &cluster(4), &three());
        assert_eq!(end, Ok(()));
        assert!(
            lines.contains("waits: exit status 1: no answer in time\neverything has arrived"),
            "{lines}"
        );
        // It is told when it lasts too long.
        {
            let mut state = live.state.lock().unwrap();
            state.unanswered = 1000;
            state.log.clear();
        }
        let (_, end) = moved(&live, &cluster(4), &Goal::Drain(BTreeSet::from([0])));
        assert!(matches!(end, Err(Stop::Trouble(Trouble::Command(1, _)))), "{end:?}");
    }

    #[test]
    fn a_new_broker_gets_its_share() {
        let live = Moving::new(4, &[[0, 1], [1, 2], [2, 1], [0, 1], [1, 0], [2, 1]]);
        let (_, end) = moved(&live, &cluster(4), &Goal::Rebalance);
        assert_eq!(end, Ok(()));
        let held = live.held();
        assert!(held.iter().flatten().filter(|id| **id == 3).count() >= 3, "{held:?}");
    }

    #[test]
    fn what_cannot_be_is_told_before_anything_moves() {
        let live = Moving::new(2, &[[0, 1]]);
        let goal = |id| Goal::Drain(BTreeSet::from([id]));
        assert_eq!(
            moved(&live, &cluster(3), &goal(1)).1,
            Err(Stop::Impossible(
                "`orders-0` has 2 replicas, and 1 brokers would be left".to_owned()
            ))
        );
        assert_eq!(
            moved(&live, &cluster(3), &goal(7)).1,
            Err(Stop::Impossible(
                "there is no broker 7: the brokers are 0, 1, 2".to_owned()
            ))
        );
        assert!(live.state.lock().unwrap().log.is_empty());
    }
}
