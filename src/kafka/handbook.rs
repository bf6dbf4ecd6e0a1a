//! What the handbook of a stack says about its cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    cluster::KafkaCluster,
    handle::{KafkaHandle, Mode},
    listener::Protocol,
    pool::{NodePool, Roles},
};
use crate::{
    construct::Construct,
    context::Context,
    diff,
    handbook::{Chapter, Task},
    manifest::Object,
};

/// The template of the claims of a node's volume.
const CLAIM: &str = "data";

/// A pool as its StatefulSet is applied.
struct Set<'a> {
    pool: &'a NodePool,
    /// The pods, by the id of the node.
    pods: Vec<(u64, String)>,
    /// Whether pods take a change only when they are deleted.
    on_delete: bool,
    /// The storage class, if the set names one.
    class: Option<String>,
}

/// What the commands of a cluster name.
struct Names<'a> {
    namespace: &'a str,
    kafka: KafkaHandle,
    sets: Vec<Set<'a>>,
}

impl KafkaCluster {
    /// Its part of the handbook. `objects` are its objects as they are applied.
    pub(super) fn chapter_of(&self, context: &Context, objects: &[Object]) -> Chapter {
        let sets = self.pools.iter().filter_map(|pool| {
            let of_pool = |object: &&Object| object.kind() == "StatefulSet" && object.name() == pool.name;
            Some(Set::of(pool, objects.iter().find(of_pool)?.body()))
        });
        let names = Names {
            namespace: &context.namespace,
            kafka: self.handle(context),
            sets: sets.collect(),
        };
        if names.brokers().next().is_none() {
            return Chapter::default();
        }
        Chapter {
            facts: vec![format!("Kafka {}", self.version)],
            identities: self.identities(),
            survives: self.survived(&names),
            look: [names.pods(), names.under_replicated()]
                .into_iter()
                .chain(names.quorum())
                .collect(),
            tasks: names.tasks(),
            symptoms: names.symptoms(),
            ..Chapter::default()
        }
    }

    fn identities(&self) -> Vec<String> {
        let refused = |protocol: &Protocol| match protocol {
            Protocol::Tokens(oauth) => format!(
                "A client without an identity is refused. {}",
                oauth.tokens().of_people()
            ),
            _ => "A client without an identity is refused.".to_owned(),
        };
        self.client_listeners()
            .iter()
            .map(|listener| match &listener.protocol {
                protocol if listener.outside.is_some() => format!(
                    "Listener `{}`, port {}, for clients outside, who begin at {}: {protocol}. {}",
                    listener.name,
                    listener.port,
                    self.outside_begin(&listener.name),
                    refused(protocol)
                ),
                Protocol::Plaintext if self.authorization.is_some() => format!(
                    "Listener `{}`, port {}: open until all clients have moved. A client that reaches the port may do everything.",
                    listener.name, listener.port
                ),
                Protocol::Plaintext => format!(
                    "Listener `{}`, port {}: open. A client that reaches the port may do everything.",
                    listener.name, listener.port
                ),
                protocol => format!(
                    "Listener `{}`, port {}: {protocol}. {}",
                    listener.name,
                    listener.port,
                    refused(protocol)
                ),
            })
            .collect()
    }

    fn survived(&self, names: &Names<'_>) -> Vec<String> {
        let brokers = names.brokers().count();
        let replication = names.kafka.replication();
        let (copies, needed) = (
            u32::from(replication.factor),
            u32::from(replication.min_in_sync_replicas),
        );
        let mut said = Vec::new();
        if copies <= 1 {
            said.push(format!(
                "{}, one copy of each partition by default: with a broker down its partitions wait, and its volume is their only copy.",
                number(brokers, "broker")
            ));
        } else {
            said.push(format!(
                "{}, {copies} copies of each partition by default, {needed} of them in sync for a write with `acks=all`. With {} down \
                 writes go on; with {} down what was acknowledged can still be read; the volumes of {copies} lost together lose the \
                 partitions that were on just those.",
                number(brokers, "broker"),
                number_of(copies.saturating_sub(needed), "broker"),
                number_of(copies - 1, "broker"),
            ));
        }
        let zones: BTreeSet<&str> = self
            .pools
            .iter()
            .filter(|pool| pool.roles.broker())
            .filter_map(|pool| pool.zone.as_deref())
            .collect();
        let count = u32::try_from(zones.len()).unwrap_or(u32::MAX);
        let in_one = copies.div_ceil(count.max(1));
        if copies > 1 && count > 1 && copies - in_one >= needed {
            said.push(format!(
                "{count} zones: each has {in_one} of {copies} copies of a partition at most, so writes go on without a whole zone."
            ));
        } else if copies > 1 && count > 1 {
            said.push(format!(
                "{count} zones: one may have {in_one} of {copies} copies of a partition, so without it some writes stop."
            ));
        } else if copies > 1 && brokers > usize::from(replication.factor) {
            said.push("Kafka is told no zones (`NodePool::zone`): all copies of a partition may be in one.".to_owned());
        }
        let controllers = names.kafka.controllers();
        match controllers {
            0 => {}
            1 => said.push("1 controller: while it is down, no topic or setting changes.".to_owned()),
            several => said.push(format!(
                "{several} controllers, {} of them must run: goes on with {} down. Without a majority no partition gets another leader, \
                 and no topic or setting changes.",
                several / 2 + 1,
                (several - 1) / 2,
            )),
        }
        said
    }
}

/// `1 broker`, `3 brokers`.
fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn number_of(count: u32, noun: &str) -> String {
    number(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

impl<'a> Set<'a> {
    fn of(pool: &'a NodePool, body: &Value) -> Self {
        let spec = &body["spec"];
        let first = spec["ordinals"]["start"].as_u64().unwrap_or_default();
        let replicas = spec["replicas"].as_u64().unwrap_or(1);
        let claims = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
        let claim = claims.into_iter().find(|claim| claim["metadata"]["name"] == CLAIM);
        Self {
            pool,
            pods: (first..first + replicas)
                .map(|id| (id, format!("{}-{id}", pool.name)))
                .collect(),
            on_delete: spec["updateStrategy"]["type"] == "OnDelete",
            class: claim.and_then(|claim| Some(claim["spec"]["storageClassName"].as_str()?.to_owned())),
        }
    }
}

impl Names<'_> {
    fn broker_sets(&self) -> impl Iterator<Item = &Set<'_>> {
        self.sets.iter().filter(|set| set.pool.roles.broker())
    }

    fn brokers(&self) -> impl Iterator<Item = &(u64, String)> {
        self.broker_sets().flat_map(|set| &set.pods)
    }

    /// The pod that Kafka's tools run in.
    fn first(&self) -> &str {
        self.brokers().next().map_or("", |(_, pod)| pod)
    }

    /// The pod that examples are about: another one than the first, if there is one.
    fn last(&self) -> &str {
        self.brokers().last().map_or("", |(_, pod)| pod)
    }

    /// A tool of Kafka in a pod.
    fn tool(&self, tool: &str, arguments: &str) -> String {
        let command = self.kafka.images().command(tool);
        let bootstrap = self.kafka.tool_arguments();
        format!(
            "kubectl -n {} exec {} -c kafka -- {command} --bootstrap-server {bootstrap} {arguments}",
            self.namespace,
            self.first()
        )
        .trim_end()
        .to_owned()
    }

    fn kubectl(&self, arguments: &str) -> String {
        format!("kubectl -n {} {arguments}", self.namespace)
    }

    fn under_replicated(&self) -> String {
        self.tool("kafka-topics", "--describe --under-replicated-partitions") + "  # prints nothing"
    }

    fn quorum(&self) -> Option<String> {
        (self.kafka.mode() == Mode::Kraft).then(|| self.tool("kafka-metadata-quorum", "describe --status"))
    }

    fn pods(&self) -> String {
        self.kubectl(&format!(
            "get pods -o wide -l app.kubernetes.io/name=kafka,app.kubernetes.io/instance={}",
            self.kafka.name()
        ))
    }

    /// The commands of a kind of change, as `diff` prints them for this cluster; comments among them too.
    fn commands(&self, id: &str, words: &[(&'static str, String)]) -> Vec<String> {
        let exec = format!("kubectl -n {} exec {} -c kafka -- ", self.namespace, self.first());
        let plain = |tool: &str| exec.clone() + &self.kafka.images().command(tool);
        let given = words.iter().cloned();
        let own = [
            ("namespace", self.namespace.to_owned()),
            ("bootstrap", self.kafka.tool_arguments()),
            ("tee", format!("{}tee", exec.replacen(" exec ", " exec -i ", 1))),
            ("kafka_topics", self.tool("kafka-topics", "")),
            ("kafka_reassign", self.tool("kafka-reassign-partitions", "")),
            ("kafka_cluster", plain("kafka-cluster")),
        ];
        let words: BTreeMap<&'static str, Vec<String>> =
            given.chain(own).map(|(word, value)| (word, vec![value])).collect();
        let row = diff::rows().find(|row| row.id == id);
        row.map_or_else(Vec::new, |row| row.commands_for(&words))
    }

    fn tasks(&self) -> Vec<Task> {
        let mut tasks = vec![
            self.restart(),
            self.replace_node(),
            self.replace_volume(),
            self.grow(),
            self.add(),
        ];
        tasks.extend(self.remove());
        tasks.push(self.upgrade());
        if self.kafka.controllers() > 1 {
            tasks.push(self.majority());
        }
        tasks
    }

    fn restart(&self) -> Task {
        let rolled = self.sets.iter().filter(|set| !set.on_delete).flat_map(|set| {
            let name = &set.pool.name;
            [
                self.kubectl(&format!("rollout restart statefulset/{name}")),
                self.kubectl(&format!("rollout status statefulset/{name} --timeout=2h")),
            ]
        });
        let mut task = Task::new(format!("Restart {}", self.kafka.name())).run(rolled);
        let by_hand: Vec<&Set<'_>> = self.sets.iter().filter(|set| set.on_delete).collect();
        if let Some(pod) = by_hand.first().and_then(|set| set.pods.last()).map(|(_, pod)| pod) {
            let sets: Vec<String> = by_hand.iter().map(|set| format!("`{}`", set.pool.name)).collect();
            task = task
                .say(format!(
                    "The pods of {} restart when they are deleted: one at a time over all pools, each once the one before is Ready and \
                     all replicas are in sync. The first one:",
                    sets.join(", ")
                ))
                .run([
                    self.kubectl(&format!("delete pod {pod}")),
                    self.ready_again(pod),
                    self.under_replicated(),
                ]);
        }
        task
    }

    /// Waits until a pod that was deleted is ready. It is not there for a moment, which `kubectl wait` takes for an error.
    fn ready_again(&self, pod: &str) -> String {
        let wait = self.kubectl(&format!("wait pod/{pod} --for=condition=Ready --timeout=30m"));
        format!("until {wait}; do sleep 2; done")
    }

    fn replace_node(&self) -> Task {
        let pod = self.last();
        Task::new("Replace a broker whose machine is gone")
            .say(format!(
                "Here `{pod}`. Only once the machine is off or deleted: two processes on one volume damage it. The new pod takes the \
                 same volume; if that was on the machine, replace the volume too."
            ))
            .run([
                self.kubectl(&format!("delete pod {pod} --force --grace-period=0")),
                self.ready_again(pod),
                self.under_replicated(),
            ])
    }

    fn replace_volume(&self) -> Task {
        let copies = self.kafka.replication().factor;
        let pod = self.last();
        let task = Task::new("Replace a volume");
        if copies <= 1 {
            return task.say(format!(
                "The volume of `{pod}` is the only copy of its partitions, so there is nothing to copy from: a new volume is empty."
            ));
        }
        let words = [("template", CLAIM.to_owned()), ("pod", pod.to_owned())];
        let command = self.commands("volume-shrunk", &words).pop();
        let others =
            if self.kafka.mode() == Mode::Kraft && self.sets.iter().any(|set| set.pool.roles == Roles::Combined) {
                ", and the other controllers have a majority"
            } else {
                ""
            };
        task.say(format!(
            "Here that of `{pod}`. Only while all other brokers run and no partition is below its minimum{others}: the broker copies all \
             of its partitions again, and until then there is one copy less."
        ))
        .run([self.tool("kafka-topics", "--describe --under-min-isr-partitions") + "  # prints nothing"])
        .run(command)
        .run([self.under_replicated()])
    }

    fn grow(&self) -> Task {
        let mut task = Task::new("Grow the disks").say(
            "Raise `.storage(…)` of the pool in the stack; `diff` then prints these commands with the new size, for each claim. Here for \
             the first of a pool.",
        );
        for set in &self.sets {
            let Some((_, pod)) = set.pods.first() else { continue };
            let claim = format!("{CLAIM}-{pod}");
            let class = set.class.clone().unwrap_or_else(|| {
                format!(
                    "$(kubectl -n {} get pvc {claim} -o jsonpath='{{.spec.storageClassName}}')",
                    self.namespace
                )
            });
            let words = [
                ("class", class),
                ("claim", claim),
                ("after", "SIZE".to_owned()),
                ("name", set.pool.name.clone()),
            ];
            task = task.run(self.commands("volume-grown", &words));
        }
        task
    }

    fn ids(&self) -> Vec<String> {
        self.brokers().map(|(id, _)| id.to_string()).collect()
    }

    fn add(&self) -> Task {
        let mut ids = self.ids();
        let next_of = |set: &Set<'_>| set.pods.last().map_or(0, |(id, _)| id + 1);
        // The id after the last one of a pool may be the first one of another pool.
        let Some(set) = self.broker_sets().find(|&set| !ids.contains(&next_of(set).to_string())) else {
            return Task::new("Add a broker");
        };
        let next = next_of(set);
        let name = &set.pool.name;
        let task = Task::new("Add a broker");
        let task = if set.pool.roles == Roles::Combined {
            task.say(format!(
                "A node of `{name}` is a controller too, and the voters do not change while the cluster runs: add a pool of brokers, \
                 `NodePool::brokers(…)` with `.first_id({next})`. A new broker is empty until partitions move to it:"
            ))
        } else {
            let same = if self.broker_sets().count() > 1 {
                ", and of the other pools, so that zones stay even"
            } else {
                ""
            };
            task.say(format!(
                "Raise the number of `{name}` in the stack{same}. A new broker is empty until partitions move to it; `diff` prints:"
            ))
        };
        ids.push(next.to_string());
        let replicas = (set.pods.len() + 1).to_string();
        let words = [
            ("workload", name.clone()),
            ("all_ids", ids.join(",")),
            ("replicas", replicas),
        ];
        let mut commands = self.commands("brokers-added", &words);
        // The new pool has a name that is not known here.
        commands.retain(|command| set.pool.roles != Roles::Combined || !command.contains("readyReplicas"));
        task.run(commands)
    }

    fn remove(&self) -> Option<Task> {
        let copies = usize::from(self.kafka.replication().factor);
        let task = Task::new("Remove a broker");
        let set = self.broker_sets().next()?;
        if set.pool.roles == Roles::Combined {
            return Some(task.say(
                "Its nodes are controllers too, and the voters do not change while the cluster runs: none can be removed.",
            ));
        }
        if self.brokers().count() <= copies {
            return Some(task.say(format!(
                "None can be removed: {} are needed for {copies} copies of each partition.",
                number(copies, "broker")
            )));
        }
        let (id, pod) = set.pods.last()?;
        let kept: Vec<String> = self
            .ids()
            .into_iter()
            .filter(|other| *other != id.to_string())
            .collect();
        let words = [
            ("kept_ids", kept.join(",")),
            ("gone_pattern", id.to_string()),
            ("gone_pod", pod.clone()),
            ("gone_id", id.to_string()),
        ];
        Some(
            task.say(format!("Here the last of `{}`, `{pod}`:", set.pool.name))
                .run(self.commands("brokers-removed", &words)),
        )
    }

    fn upgrade(&self) -> Task {
        let task = Task::new("Upgrade Kafka");
        if self.kafka.mode() == Mode::ZooKeeper {
            return task.say(
                "3.9 is the last release with ZooKeeper: first migrate to KRaft, with `KafkaCluster::migrating(…)`, phase by phase.",
            );
        }
        task.say(
            "Two merges. First the release in `KafkaCluster::kraft(…)`, with `.finalized(…)` of the old one: the pods restart, and the old \
             image can come back. Then `.finalized(…)` of the new one: there is no way back from that. What is finalized now:",
        )
        .run([self.tool("kafka-features", "describe")])
    }

    fn majority(&self) -> Task {
        let controllers = self.kafka.controllers();
        let pods: Vec<&str> = self
            .sets
            .iter()
            .filter(|set| set.pool.roles.controller())
            .flat_map(|set| set.pods.iter().map(|(_, pod)| pod.as_str()))
            .collect();
        let Some(pod) = pods.first() else {
            return Task::new("The quorum has lost its majority");
        };
        Task::new("The quorum has lost its majority")
            .say(format!(
                "Fewer than {} of {} run. Bring their pods back with the volumes that they had; nothing else is needed, and the quorum \
                 elects a leader by itself. Delete no claim of a controller meanwhile: the metadata of the cluster is on these volumes. If \
                 the volumes of a majority are gone, so is what only they knew, and this stack has no command that restores it.",
                controllers / 2 + 1,
                number_of(controllers, "controller"),
            ))
            .run([
                self.pods(),
                self.kubectl(&format!("describe pod {pod}")),
                self.kubectl(&format!("logs {pod} -c kafka --tail=100")),
            ])
            .runbooks(&["KafkaQuorumWithoutLeader", "KafkaNoActiveController"])
    }

    fn symptoms(&self) -> Vec<Task> {
        let pod = self.first();
        vec![
            Task::new("A pod does not start, or restarts again and again")
                .run([
                    self.pods(),
                    self.kubectl("get events --sort-by=.lastTimestamp"),
                    self.kubectl(&format!("logs {pod} -c kafka --previous --tail=100")),
                ])
                .runbooks(&["KafkaBrokerDown", "KafkaBrokerRestarts"]),
            Task::new("Producers get `NotEnoughReplicas` or time out")
                .run([self.tool("kafka-topics", "--describe --under-min-isr-partitions")])
                .runbooks(&[
                    "KafkaUnderMinIsrPartitions",
                    "KafkaUnderReplicatedPartitions",
                    "KafkaISRShrink",
                ]),
            Task::new("Clients find no leader")
                .run([self.tool("kafka-topics", "--describe --unavailable-partitions")])
                .runbooks(&["KafkaOfflinePartitions", "KafkaNoActiveController"]),
            Task::new("Writes are slow")
                .run([self.kubectl(&format!(
                    "top pods -l app.kubernetes.io/name=kafka,app.kubernetes.io/instance={}",
                    self.kafka.name()
                ))])
                .runbooks(&[
                    "KafkaProducerLatencyHigh",
                    "KafkaRequestHandlersBusy",
                    "KafkaNetworkThreadsBusy",
                ]),
            Task::new("Consumers fall behind")
                .run([self.tool("kafka-consumer-groups", "--describe --all-groups")])
                .runbooks(&[
                    "KafkaConsumerLagHigh",
                    "KafkaConsumerLagGrowing",
                    "KafkaConsumerLagTime",
                    "KafkaDeadLetters",
                ]),
            Task::new("A disk fills up")
                .run([self.kubectl(&format!("exec {pod} -c kafka -- df -h /var/lib/kafka/data"))])
                .runbooks(&["KafkaDiskUsageHigh", "KafkaDiskFullSoon", "KafkaLogCleanerDead"]),
        ]
    }
}
