//! The checks of real stacks, against clusters that answer as real ones do, healthy and with a fault each.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::{Value, json};

use super::{Cluster, Verdict, checks};
use crate::{
    manifest::INDEX,
    operate::{
        desired::{Desired, INSTANCE, name},
        live::{Live, Request, Trouble},
    },
    prelude::*,
    stack::Stack,
    synth::synth,
};

const CLUSTER_ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";

/// Everything that an open cluster can have.
fn open() -> Stack {
    let mut stack = Stack::new("open", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, CLUSTER_ID)
            .finalized(Version::V4_3)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    stack.add(
        Topics::new("topics", &kafka)
            .topic(Topic::new("orders", 2, Cleanup::delete_after(7.days())))
            .topic(Topic::new("audit", 1, Cleanup::compact())),
    );
    let registry = stack.add(SchemaRegistry::new("registry", &kafka));
    let connect = stack.add(Connect::new("connect", &kafka).avro(&registry));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&registry).watch(&connect));
    stack
}

/// A closed cluster with a user.
fn closed() -> Stack {
    let mut stack = Stack::new("closed", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, CLUSTER_ID)
            .pool(NodePool::combined("kafka", 3))
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(Listener::tls("CLIENT", 9092).scram())
            .authorization(),
    );
    let topics =
        stack.add(Topics::new("topics", &kafka).topic(Topic::new("calls", 1, Cleanup::delete_after(7.days()))));
    let telephony = stack.add(
        Application::new("telephony", &kafka)
            .owner("voice")
            .pods([("app", "telephony")])
            .produces(&topics.topic("calls"))
            .quota(Quota::new().produce(1.mebibytes_per_second())),
    );
    stack.add(Permissions::new("permissions", &kafka).of(&telephony));
    stack
}

fn on_zookeeper() -> Stack {
    let mut stack = Stack::new("old", "kafka");
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    stack.add(KafkaCluster::zookeeper("kafka", &zookeeper).pool(NodePool::brokers("kafka", 3)));
    stack
}

/// A cluster that answers from what it holds.
struct World {
    desired: Desired,
    lists: BTreeMap<&'static str, Vec<Value>>,
    /// A word of the command, and the answer: the first that fits counts. `{pod}` in a word is the pod.
    commands: Vec<(String, Result<String, Trouble>)>,
    trouble: Option<Trouble>,
}

impl Live for World {
    fn ask(&self, request: &Request) -> Result<Arc<str>, Trouble> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let answer = match request {
            Request::Versions => json!({ "serverVersion": { "gitVersion": "v1.34.4" } }).to_string(),
            Request::Namespace(_) => json!({ "status": { "phase": "Active" } }).to_string(),
            Request::List { kind, .. } => json!({ "items": self.lists.get(kind) }).to_string(),
            Request::Exec { pod, command, .. } => {
                let line = format!("{} {}", pod.pod, command.join(" "));
                let found = self
                    .commands
                    .iter()
                    .find(|(words, _)| words.split('|').all(|word| line.contains(word)));
                let (_, answer) = found.unwrap_or_else(|| panic!("no answer to {line}"));
                answer.clone()?
            }
            other => panic!("no answer to {other:?}"),
        };
        Ok(answer.into())
    }

    fn now(&self) -> u64 {
        1_795_920_318 // 2026-11-29
    }

    fn token(&self) -> &'static str {
        "token"
    }
}

impl World {
    /// A cluster in which a stack runs as it should.
    fn healthy(stack: &Stack) -> Self {
        let manifests = synth(stack).manifests.unwrap();
        let desired = Desired::read(
            manifests
                .iter()
                .filter(|(path, _)| *path != INDEX && Path::new(path).extension() == Some("yaml".as_ref()))
                .map(|(_, text)| text),
        );
        let mut lists: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
        let mut add = |kind, object| lists.entry(kind).or_default().push(object);
        for workload in desired.workloads() {
            add(
                workload.kind.plural(),
                json!({
                    "metadata": { "name": workload.name },
                    "spec": { "replicas": workload.replicas },
                    "status": { "readyReplicas": workload.replicas },
                }),
            );
            for (_, pod) in workload.pods() {
                add(
                    "pods",
                    json!({
                        "metadata": { "name": pod, "labels": workload.labels, "annotations": { "checksum/config": workload.checksum() } },
                        "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] },
                    }),
                );
                for (claim, size) in &workload.claims {
                    let name = format!("{claim}-{pod}");
                    add(
                        "persistentvolumeclaims",
                        json!({
                            "metadata": { "name": name },
                            "status": { "phase": "Bound", "capacity": { "storage": size } },
                        }),
                    );
                }
            }
        }
        for service in desired.of_kind("Service") {
            add("services", service.clone());
            add(
                "endpointslices",
                json!({
                    "metadata": { "labels": { "kubernetes.io/service-name": name(service) } },
                    "endpoints": [{ "conditions": { "ready": true } }],
                }),
            );
        }
        for (kind, list, status) in [
            (
                "PodDisruptionBudget",
                "poddisruptionbudgets",
                json!({ "currentHealthy": 3, "desiredHealthy": 2, "disruptionsAllowed": 1, "expectedPods": 3 }),
            ),
            (
                "Job",
                "jobs",
                json!({ "conditions": [{ "type": "Complete", "status": "True" }] }),
            ),
            (
                "Certificate",
                "certificates.cert-manager.io",
                json!({ "notAfter": "2027-02-27T00:00:00Z", "renewalTime": "2027-01-28T00:00:00Z" }),
            ),
        ] {
            for object in desired.of_kind(kind) {
                add(list, json!({ "metadata": object["metadata"], "status": status }));
            }
        }
        Self {
            commands: commands(&desired),
            desired,
            lists,
            trouble: None,
        }
    }

    fn find(&mut self, kind: &str, of: &str) -> &mut Value {
        let found = self.lists.get_mut(kind).unwrap().iter_mut();
        found.into_iter().find(|one| name(one) == of).unwrap()
    }

    fn remove(&mut self, kind: &str, of: &str) {
        self.lists
            .get_mut(kind)
            .unwrap()
            .retain(|one| !name(one).starts_with(of));
    }

    /// Another text in the answer to a command.
    fn edit(&mut self, command: &str, from: &str, to: &str) {
        let (_, answer) = self
            .commands
            .iter_mut()
            .find(|(words, _)| words.contains(command))
            .unwrap();
        let text = answer.as_mut().unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        *text = text.replacen(from, to, 1);
    }

    fn answer(&mut self, words: &str, answer: Result<&str, Trouble>) {
        self.commands.insert(0, (words.to_owned(), answer.map(str::to_owned)));
    }

    /// The checks and what each saw.
    fn verdicts(&self) -> Vec<(String, Verdict)> {
        let checks = checks(&self.desired, crate::kubernetes::Kubernetes::V1_28);
        checks
            .iter()
            .map(|check| (check.name.clone(), check.run(self)))
            .collect()
    }

    /// All lines, or those of checks that did not pass.
    fn told(&self, all: bool) -> String {
        let lines = self.verdicts().into_iter().filter_map(|(name, verdict)| match verdict {
            Verdict::Healthy(seen) => all.then(|| format!("{name}: {seen}\n")),
            Verdict::Unhealthy(seen) => Some(seen.iter().map(|line| format!("FAIL {name}: {line}\n")).collect()),
            Verdict::Unknown(why) => Some(format!("? {name}: {why}\n")),
        });
        lines.collect()
    }
}

/// What Kafka's tools answer where all is as declared.
fn commands(desired: &Desired) -> Vec<(String, Result<String, Trouble>)> {
    let (mut topics, mut configs) = (String::new(), String::new());
    for (topic, declared) in desired
        .declarations("TOPICS_FILE")
        .iter()
        .flat_map(|one| super::topics::declared(&one.text))
    {
        topics += &format!(
            "Topic: {topic}\tTopicId: x\tPartitionCount: {}\tReplicationFactor: 3\tConfigs: min.insync.replicas=2\n",
            declared.partitions
        );
        for partition in 0..declared.partitions {
            topics += &format!(
                "\tTopic: {topic}\tPartition: {partition}\tLeader: 1\tReplicas: 1,2,0\tIsr: 0,1,2\tElr: \tLastKnownElr: \n"
            );
        }
        configs += &format!("Dynamic configs for topic {topic} are:\n");
        for (key, value) in declared.configs {
            configs += &format!("  {key}={value} sensitive=false synonyms={{DYNAMIC_TOPIC_CONFIG:{key}={value}}}\n");
        }
    }
    let http = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
    let mut commands: Vec<(String, String)> = vec![
        ("kafka-topics|--describe".into(), topics),
        ("kafka-configs|topics".into(), configs),
        ("kafka-configs|users".into(), USERS.into()),
        ("kafka-acls".into(), ACLS.into()),
        ("kafka-metadata-quorum".into(), quorum(desired)),
        ("kafka-broker-api-versions".into(), (0..3).map(|id| format!("kafka-{id}:9092 (id: {id} rack: null) -> (\n)\n")).collect()),
        ("kafka-features".into(), FEATURES.into()),
        ("kafka-transactions".into(), "TransactionalId\tCoordinator\nconnect-cluster-connect\t2\n".into()),
        ("kafka-producer-perf-test".into(), String::new()),
        ("/subjects".into(), http(r#"["orders-value"]"#)),
        ("/connectors".into(), http(r#"{"sink":{"status":{"connector":{"state":"RUNNING"},"tasks":[{"id":0,"state":"RUNNING"}]}}}"#)),
        ("df -P".into(), "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/loop0 102626232 153984 97212984 1% /data\n".into()),
    ];
    for workload in desired.workloads() {
        let samples: String = super::metrics::lasting(&workload)
            .iter()
            .map(|name| format!("{name} 1.0\n"))
            .collect();
        let samples = http(&format!("# HELP x\nx{{a=\"b\"}} 1\n{samples}"));
        for (ordinal, pod) in workload.pods() {
            commands.push((format!("{pod} |/metrics"), samples.clone()));
            let id = if workload
                .server("kafka-server-start")
                .is_some_and(|server| server.setting("process.roles").is_empty())
            {
                "broker"
            } else {
                "node"
            };
            commands.push((
                format!("{pod} |meta.properties"),
                format!("#\n{id}.id={ordinal}\nversion=1\ncluster.id={CLUSTER_ID}\n"),
            ));
        }
    }
    for (pod, mode) in [(1, "follower"), (2, "leader"), (3, "follower")] {
        commands.push((
            format!("zookeeper-{pod} |srvr"),
            format!("Zookeeper version: 3.8.6\nMode: {mode}\nNode count: 154\n"),
        ));
    }
    commands
        .into_iter()
        .map(|(words, answer)| (words, Ok(answer)))
        .collect()
}

/// The table of the quorum, whose first controller leads; the last one is a record behind.
fn quorum(desired: &Desired) -> String {
    let mut table =
        "NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t\n"
            .to_owned();
    let cluster = &Cluster::all(desired)[0];
    let voters = cluster.nodes("controller");
    for (at, node) in voters.iter().enumerate() {
        let (lag, status) = (
            u8::from(at + 1 == voters.len()),
            if at == 0 { "Leader  " } else { "Follower" },
        );
        table += &format!(
            "{:<6}\tAAAAAAAAAAAAAAAAAAAAAA\t384         \t{lag}  \t1795920405715     \t1795920405715        \t{status}\t\n",
            node.id
        );
    }
    table
}

const FEATURES: &str = "\
Feature: eligible.leader.replicas.version          SupportedMinVersion: 0                SupportedMaxVersion: 1                FinalizedVersionLevel: 1                Epoch: 83
Feature: group.version                             SupportedMinVersion: 0                SupportedMaxVersion: 1                FinalizedVersionLevel: 1                Epoch: 83
Feature: kraft.version                             SupportedMinVersion: 0                SupportedMaxVersion: 1                FinalizedVersionLevel: 0                Epoch: 83
Feature: metadata.version                          SupportedMinVersion: 3.3-IV3          SupportedMaxVersion: 4.3-IV0          FinalizedVersionLevel: 4.3-IV0          Epoch: 83
Feature: share.version                             SupportedMinVersion: 0                SupportedMaxVersion: 1                FinalizedVersionLevel: 1                Epoch: 83
Feature: streams.version                           SupportedMinVersion: 0                SupportedMaxVersion: 1                FinalizedVersionLevel: 1                Epoch: 83
Feature: transaction.version                       SupportedMinVersion: 0                SupportedMaxVersion: 2                FinalizedVersionLevel: 2                Epoch: 83
";

const USERS: &str = "\
Quota configs for user-principal 'telephony' are producer_byte_rate=1048576.0
SCRAM credential configs for user-principal 'telephony' are SCRAM-SHA-512=iterations=8192
";

const ACLS: &str = "\
Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=calls, patternType=LITERAL)`: 
 \t(principal=User:telephony, host=*, operation=WRITE, permissionType=ALLOW) 

Current ACLs for resource `ResourcePattern(resourceType=CLUSTER, name=kafka-cluster, patternType=LITERAL)`: 
 \t(principal=User:platform:exporter, host=*, operation=DESCRIBE, permissionType=ALLOW) 

Current ACLs for resource `ResourcePattern(resourceType=GROUP, name=*, patternType=LITERAL)`: 
 \t(principal=User:platform:exporter, host=*, operation=DESCRIBE, permissionType=ALLOW) 

Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=*, patternType=LITERAL)`: 
 \t(principal=User:platform:exporter, host=*, operation=DESCRIBE, permissionType=ALLOW) 
";

#[test]
fn healthy_stacks_pass_all_checks() {
    let told: String = [open(), closed(), on_zookeeper()]
        .iter()
        .map(|stack| format!("## {}\n{}", stack.name(), World::healthy(stack).told(true)))
        .collect();
    insta::assert_snapshot!(told, @r"
    ## open
    kubernetes: v1.34.4
    namespace/kafka: active
    pods/kafka-controller: 3 of 3 ready
    pods/kafka: 3 of 3 ready
    pods/connect: 2 of 2 ready
    pods/kafka-exporter: 1 of 1 ready
    pods/registry: 2 of 2 ready
    job/kafka-features: completed
    job/topics: completed
    budgets: 4 of 4 allow a disruption
    claims: 6 of 6 bound
    services: 5 of 5 with ready endpoints
    ids/kafka: cluster WXo4c0tSYlFOc1lEa3ZkTw, 6 nodes
    quorum/kafka: `kafka-controller-100` leads 3 voters, lag 1
    brokers/kafka: 3 of 3 answer
    features/kafka: 6 as declared, metadata.version 4.3-IV0
    topics/topics: 2 topics, 3 partitions
    configs/topics: 5 settings as declared
    partitions/kafka: 3 partitions in 2 topics, all replicas in sync
    transaction/kafka: a record was written in a transaction and read back, its topic is removed
    connect/connect: 2 of 2 workers answer, 1 connector, exactly-once support
    registry/registry: 2 of 2 answer, 1 subject
    metrics: 11 of 11 targets up, 245 samples, 34 metrics of alerts are there
    volumes: 6 of 6 below 80 %, the fullest 1 %
    ## closed
    kubernetes: v1.34.4
    namespace/kafka: active
    pods/kafka: 3 of 3 ready
    job/permissions: completed
    job/topics: completed
    budgets: 1 of 1 allow a disruption
    claims: 3 of 3 bound
    services: 2 of 2 with ready endpoints
    ids/kafka: cluster WXo4c0tSYlFOc1lEa3ZkTw, 3 nodes
    quorum/kafka: `kafka-0` leads 3 voters, lag 1
    brokers/kafka: 3 of 3 answer
    topics/topics: 1 topic, 1 partition
    configs/topics: 3 settings as declared
    partitions/kafka: 1 partition in 1 topic, all replicas in sync
    permissions/permissions: 2 users, 4 permissions
    transaction/kafka: a record was written in a transaction and read back, its topic is removed
    volumes: 3 of 3 below 80 %, the fullest 1 %
    certificates: 2 of 2 issued, the first ends in 89 days
    ## old
    kubernetes: v1.34.4
    namespace/kafka: active
    pods/kafka: 3 of 3 ready
    pods/zookeeper: 3 of 3 ready
    budgets: 2 of 2 allow a disruption
    claims: 6 of 6 bound
    services: 4 of 4 with ready endpoints
    zookeeper/zookeeper: `zookeeper-2` leads, 2 follow
    ids/kafka: cluster WXo4c0tSYlFOc1lEa3ZkTw, 3 nodes
    brokers/kafka: 3 of 3 answer
    partitions/kafka: 0 partitions in 0 topics, all replicas in sync
    transaction/kafka: a record was written in a transaction and read back, its topic is removed
    volumes: 6 of 6 below 80 %, the fullest 1 %
    ");
}

/// A fault, and how it is made.
type Fault = (&'static str, fn(&mut World));

fn faults(stack: &Stack, faults: &[Fault]) -> String {
    faults
        .iter()
        .map(|(what, make)| {
            let mut world = World::healthy(stack);
            make(&mut world);
            format!("## {what}\n{}", world.told(false))
        })
        .collect()
}

const OPEN: &[Fault] = &[
    ("a topic is deleted", |world| {
        let (_, answer) = world
            .commands
            .iter_mut()
            .find(|(words, _)| words.starts_with("kafka-topics"))
            .unwrap();
        let text = answer.as_mut().unwrap();
        *text = text
            .lines()
            .filter(|line| !line.contains("audit"))
            .map(|line| format!("{line}\n"))
            .collect();
    }),
    ("a partition more, and a factor lowered", |world| {
        world.edit(
            "kafka-topics",
            "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,0\tIsr: 0,1,2",
            "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2",
        );
        world.edit(
            "kafka-topics",
            "\tTopic: audit\tPartition: 0",
            "\tTopic: audit\tPartition: 1\tLeader: 1\tReplicas: 1,2,0\tIsr: 1,2,0\n\tTopic: audit\tPartition: 0",
        );
    }),
    ("configs altered, added and removed by hand", |world| {
        world.edit(
            "kafka-configs|topics",
            "retention.ms=604800000 s",
            "retention.ms=60000 s",
        );
        world.edit(
            "kafka-configs|topics",
            "  cleanup.policy=delete s",
            "  follower.replication.throttled.replicas=* s",
        );
        world.edit(
            "kafka-configs|topics",
            "  min.insync.replicas=2 s",
            "  segment.ms=1 sensitive=false synonyms={}\n  min.insync.replicas=2 s",
        );
    }),
    (
        "partitions without a leader, below their minimum, and behind",
        |world| {
            world.edit(
                "kafka-topics",
                "Partition: 0\tLeader: 1\tReplicas: 1,2,0\tIsr: 0,1,2",
                "Partition: 0\tLeader: none\tReplicas: 1,2,0\tIsr: ",
            );
            world.edit(
                "kafka-topics",
                "Partition: 0\tLeader: 1\tReplicas: 1,2,0\tIsr: 0,1,2",
                "Partition: 0\tLeader: 1\tReplicas: 1,2,0\tIsr: 0",
            );
            world.edit(
                "kafka-topics",
                "Partition: 1\tLeader: 1\tReplicas: 1,2,0\tIsr: 0,1,2",
                "Partition: 1\tLeader: 1\tReplicas: 1,2,0\tIsr: 0,1",
            );
        },
    ),
    ("a broker is gone", |world| {
        world.edit("kafka-broker-api-versions", "kafka-2:9092 (id: 2", "other:9092 (id: 7");
        let pod = world.find("pods", "kafka-2");
        pod["status"] = json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 1 node(s) were unschedulable." }] });
        world.find("statefulsets", "kafka")["status"]["readyReplicas"] = json!(2);
    }),
    ("a broker is in a loop", |world| {
        world.find("pods", "kafka-1")["status"] = json!({ "phase": "Running", "containerStatuses": [{ "name": "kafka", "ready": false,
                "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 5m0s" } },
                "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } } }] });
    }),
    ("no broker is ready", |world| {
        for id in 0..3 {
            world.find("pods", &format!("kafka-{id}"))["status"] = json!({ "phase": "Running", "containerStatuses": [{ "name": "kafka", "ready": false, "state": { "running": {} } }] });
        }
    }),
    (
        "an older configuration, other replicas, a set that is not there",
        |world| {
            world.find("pods", "kafka-0")["metadata"]["annotations"]["checksum/config"] = json!("older");
            world.find("deployments", "connect")["spec"]["replicas"] = json!(1);
            world.remove("deployments", "registry");
        },
    ),
    ("a quorum with a voter behind, one gone, and one more", |world| {
        world.edit("kafka-metadata-quorum", "101   ", "103   ");
        world.edit("kafka-metadata-quorum", "\t1  \t", "\t139\t");
    }),
    ("no leader", |world| {
        world.edit("kafka-metadata-quorum", "Leader  ", "Follower");
    }),
    ("another cluster, and another node", |world| {
        world.edit("kafka-0 |meta", CLUSTER_ID, "5L6g3nShT-eMCtK--X86sw");
        world.edit("kafka-controller-101 |meta", "node.id=101", "node.id=0");
    }),
    ("features that were not finalized", |world| {
        world.edit(
            "kafka-features",
            "FinalizedVersionLevel: 4.3-IV0",
            "FinalizedVersionLevel: 4.2-IV1",
        );
    }),
    ("a write that fails", |world| {
        let said = "org.apache.kafka.common.errors.NotEnoughReplicasException: fewer in-sync replicas\nFAILED write in a transaction\ncommand terminated with exit code 1";
        world.answer("kafka-producer-perf-test", Err(Trouble::Command(1, said.to_owned())));
    }),
    ("a scratch topic that could not be removed", |world| {
        let said =
            "the scratch topic kafka-stacks-verify-token is left: delete it\ncommand terminated with exit code 1";
        world.answer("kafka-producer-perf-test", Err(Trouble::Command(1, said.to_owned())));
    }),
    ("brokers that do not answer", |world| {
        world.answer("kafka-topics|--describe", Err(Trouble::Command(124, String::new())));
        world.answer("kafka-configs", Err(Trouble::Command(1, "Caused by: org.apache.kafka.common.errors.ClusterAuthorizationException: Cluster authorization failed.".to_owned())));
        world.answer(
            "kafka-features",
            Err(Trouble::NoCommand(
                "exec: \"kafka-features\": executable file not found in $PATH".to_owned(),
            )),
        );
    }),
    ("budgets, claims, a Service, a Job", |world| {
        world.find("poddisruptionbudgets", "kafka")["status"]["disruptionsAllowed"] = json!(0);
        world.find("poddisruptionbudgets", "kafka-controller")["status"]["currentHealthy"] = json!(1);
        world.remove("poddisruptionbudgets", "connect");
        world.find("persistentvolumeclaims", "data-kafka-0")["status"]["phase"] = json!("Pending");
        world.find("persistentvolumeclaims", "data-kafka-1")["status"]["capacity"]["storage"] = json!("1Gi");
        world.remove("persistentvolumeclaims", "data-kafka-2");
        world.remove("services", "registry");
        world.find("services", "connect")["spec"]["selector"]["app"] = json!("other");
        let slices = world.lists.get_mut("endpointslices").unwrap();
        let own = slices
            .iter_mut()
            .find(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == "connect")
            .unwrap();
        own["endpoints"] = json!([]);
        let job = world
            .lists
            .get_mut("jobs")
            .unwrap()
            .iter_mut()
            .find(|job| job["metadata"]["labels"][INSTANCE] == "topics")
            .unwrap();
        job["status"] = json!({ "conditions": [{ "type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit" }] });
    }),
    ("a Job of another declaration", |world| world.remove("jobs", "topics")),
    ("a task failed, and exactly-once support is off", |world| {
        world.answer("/connectors", Ok("HTTP/1.1 200 OK\r\n\r\n{\"sink\":{\"status\":{\"connector\":{\"state\":\"RUNNING\"},\"tasks\":[{\"id\":0,\"state\":\"FAILED\",\"trace\":\"java.lang.Error: x\\n\\tat y\"}]}},\"idle\":{\"status\":{\"connector\":{\"state\":\"PAUSED\"},\"tasks\":[]}}}"));
        world.edit("kafka-transactions", "connect-cluster-connect", "other");
    }),
    ("a registry that fails, and a worker that does not answer", |world| {
        world.answer(
            "registry-0 |/subjects",
            Ok("HTTP/1.1 500 Internal Server Error\r\n\r\n{\"error_code\":50001}"),
        );
        world.answer(
            "connect-1 |/connectors",
            Err(Trouble::Command(1, "bash: connect: Connection refused".to_owned())),
        );
    }),
    (
        "a metric of an alert is missing, and a target does not answer",
        |world| {
            for id in 0..3 {
                world.edit(
                    &format!("kafka-{id} |/metrics"),
                    "kafka_server_replicamanager_underminisrpartitioncount 1",
                    "other 1",
                );
            }
            world.answer(
                "kafka-exporter-0 |/metrics",
                Err(Trouble::Command(1, "wget: connection refused".to_owned())),
            );
        },
    ),
    ("a volume that is nearly full", |world| {
        world.answer(
            "kafka-2 |df -P",
            Ok("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/loop0 1 1 1 91% /var/lib/kafka/data\n"),
        );
    }),
];

#[test]
fn each_fault_of_an_open_cluster_is_named() {
    insta::assert_snapshot!(faults(&open(), OPEN), @r#"
    ## a topic is deleted
    FAIL topics/topics: `audit` does not exist
    ## a partition more, and a factor lowered
    FAIL topics/topics: `audit` has 2 partitions, and 1 are declared
    FAIL topics/topics: `orders` has 2 replicas in 1 of 2 partitions, and 3 are declared
    ## configs altered, added and removed by hand
    FAIL configs/topics: `audit` has segment.ms=1, which is not declared
    FAIL configs/topics: `orders` has no cleanup.policy, and delete is declared
    FAIL configs/topics: `orders` has retention.ms=60000, and 604800000 is declared
    ## partitions without a leader, below their minimum, and behind
    FAIL partitions/kafka: 1 of 3 partitions offline, without a leader: `audit-0`
    FAIL partitions/kafka: 1 of 3 partitions below min.insync.replicas, so writes with acks=all fail: `orders-0`
    FAIL partitions/kafka: 1 of 3 partitions under-replicated: `orders-1`
    ## a broker is gone
    FAIL pods/kafka: `kafka-2` is Pending: 0/3 nodes are available: 1 node(s) were unschedulable.
    FAIL brokers/kafka: broker 2 (`kafka-2`) is not there
    FAIL brokers/kafka: brokers that are not declared: `7`
    FAIL metrics: 10 of 11 targets are up
    ## a broker is in a loop
    FAIL pods/kafka: `kafka-1` is in CrashLoopBackOff: `kafka` ended with status 137 (OOMKilled)
    FAIL metrics: 10 of 11 targets are up
    ## no broker is ready
    FAIL pods/kafka: `kafka-0` runs and is not ready
    FAIL pods/kafka: `kafka-1` runs and is not ready
    FAIL pods/kafka: `kafka-2` runs and is not ready
    ? quorum/kafka: cannot be asked: no pod of `kafka` is ready
    ? brokers/kafka: cannot be asked: no pod of `kafka` is ready
    ? features/kafka: cannot be asked: no pod of `kafka` is ready
    ? topics/topics: cannot be asked: no pod of `kafka` is ready
    ? configs/topics: cannot be asked: no pod of `kafka` is ready
    ? partitions/kafka: cannot be asked: no pod of `kafka` is ready
    ? transaction/kafka: cannot be asked: no pod of `kafka` is ready
    ? connect/connect: cannot be asked: no pod of `kafka` is ready
    FAIL metrics: 8 of 11 targets are up
    ## an older configuration, other replicas, a set that is not there
    FAIL pods/kafka: `kafka-0` runs with another configuration than the stack's
    FAIL pods/connect: 1 replica, and 2 are declared
    FAIL pods/registry: it does not exist: apply the stack
    ## a quorum with a voter behind, one gone, and one more
    FAIL quorum/kafka: `kafka-controller-101` is not a voter
    FAIL quorum/kafka: `kafka-controller-102` is 139 records behind the leader
    FAIL quorum/kafka: node 103 is a voter, and not declared
    ## no leader
    FAIL quorum/kafka: 0 voters lead
    ## another cluster, and another node
    FAIL ids/kafka: `kafka-controller-101` has node id 0, and 101 is declared
    FAIL ids/kafka: `kafka-0` belongs to cluster 5L6g3nShT-eMCtK--X86sw, and WXo4c0tSYlFOc1lEa3ZkTw is declared
    ## features that were not finalized
    FAIL features/kafka: `metadata.version` is finalized at 4.2-IV1, and 4.3-IV0 is declared
    ## a write that fails
    FAIL transaction/kafka: cannot write in a transaction: NotEnoughReplicasException: fewer in-sync replicas
    ## a scratch topic that could not be removed
    FAIL transaction/kafka: the scratch topic kafka-stacks-verify-token is left: delete it
    ## brokers that do not answer
    ? features/kafka: the container has no such command: exec: "kafka-features": executable file not found in $PATH
    FAIL topics/topics: the brokers do not answer in time
    FAIL configs/topics: ClusterAuthorizationException: Cluster authorization failed.
    FAIL partitions/kafka: the brokers do not answer in time
    ## budgets, claims, a Service, a Job
    FAIL job/topics: it failed: Job has reached the specified backoff limit; `kubectl logs job/topics-9e9dd183` says more
    FAIL budgets: `connect` does not exist
    FAIL budgets: `kafka-controller` needs 2 healthy pods, and there are 1
    FAIL budgets: `kafka` allows no disruptions: 3 of 3 pods are healthy, so no node can be drained
    FAIL claims: `data-kafka-0` is Pending
    FAIL claims: `data-kafka-1` has 1Gi, and 20Gi is declared
    FAIL claims: `data-kafka-2` does not exist
    FAIL services: `connect` has no ready endpoints: its selector is not the declared one
    FAIL services: `registry` does not exist
    ## a Job of another declaration
    FAIL job/topics: `topics-9e9dd183` does not exist: what it declares was not applied
    ## a task failed, and exactly-once support is off
    FAIL connect/connect: the connector of `idle` is PAUSED
    FAIL connect/connect: `idle` has no tasks
    FAIL connect/connect: task 0 of `sink` is FAILED: java.lang.Error: x
    FAIL connect/connect: exactly-once support is declared, and no worker has used the transactional id `connect-cluster-connect`
    ## a registry that fails, and a worker that does not answer
    FAIL connect/connect: `connect-1` does not answer: exit status 1: bash: connect: Connection refused
    FAIL registry/registry: `registry-0` answers with status 500: {"error_code":50001}
    ## a metric of an alert is missing, and a target does not answer
    FAIL metrics: `kafka-exporter-0` does not answer at port 9308: exit status 1: wget: connection refused
    FAIL metrics: no target has `kafka_server_replicamanager_underminisrpartitioncount`, which KafkaUnderMinIsrPartitions asks for
    ## a volume that is nearly full
    FAIL volumes: `/var/lib/kafka/data` of `kafka-2` is 91 % full; the limit is 80 %
    "#);
}

const CLOSED: &[Fault] = &[
    ("a permission removed, and one more", |world| {
        world.edit("kafka-acls", "operation=WRITE", "operation=ALTER");
    }),
    ("a user without a password, and another quota", |world| {
        world.edit(
            "kafka-configs|users",
            "SCRAM credential configs for user-principal 'telephony'",
            "SCRAM credential configs for user-principal 'other'",
        );
        world.edit("kafka-configs|users", "1048576.0", "5.0");
    }),
    ("no authorizer", |world| {
        world.answer("kafka-acls", Ok("Error while executing ACL command: org.apache.kafka.common.errors.SecurityDisabledException: No Authorizer is configured on the broker\n"));
    }),
    ("certificates that are late, and expired", |world| {
        let list = world.lists.get_mut("certificates.cert-manager.io").unwrap();
        list[0]["status"] = json!({ "notAfter": "2026-12-03T00:00:00Z", "renewalTime": "2026-11-27T00:00:00Z" });
        list[1]["status"] = json!({ "notAfter": "2026-11-28T00:00:00Z" });
    }),
    ("a certificate that is not issued", |world| {
        world.lists.get_mut("certificates.cert-manager.io").unwrap()[0]["status"] = json!({});
    }),
];

#[test]
fn each_fault_of_a_closed_cluster_is_named() {
    insta::assert_snapshot!(faults(&closed(), CLOSED), @r"
    ## a permission removed, and one more
    FAIL permissions/permissions: `telephony` lacks the permission `topic literal calls WRITE`
    FAIL permissions/permissions: `telephony` has the permission `topic literal calls ALTER`, which is not declared
    ## a user without a password, and another quota
    FAIL permissions/permissions: `telephony` has no password
    FAIL permissions/permissions: `telephony` has producer_byte_rate 5, and 1048576 is declared
    ## no authorizer
    FAIL permissions/permissions: SecurityDisabledException: No Authorizer is configured on the broker
    ## certificates that are late, and expired
    FAIL certificates: `kafka-admin` has been due for renewal for 2 days, and ends in 3 days
    FAIL certificates: `kafka-tls` expired 1 day ago
    ## a certificate that is not issued
    FAIL certificates: `kafka-admin` is not issued

    ");
}

const ENSEMBLE: &[Fault] = &[
    ("a server that is not in the quorum", |world| {
        world.answer(
            "zookeeper-1 |srvr",
            Ok("This ZooKeeper instance is not currently serving requests\n"),
        );
    }),
    ("two leaders", |world| {
        world.answer("zookeeper-3 |srvr", Ok("Mode: leader\n"));
    }),
    ("no leader", |world| {
        world.answer(
            "zookeeper-2 |srvr",
            Err(Trouble::Command(1, "bash: connect: Connection refused".to_owned())),
        );
    }),
];

#[test]
fn each_fault_of_an_ensemble_is_named() {
    insta::assert_snapshot!(faults(&on_zookeeper(), ENSEMBLE), @r"
    ## a server that is not in the quorum
    FAIL zookeeper/zookeeper: `zookeeper-1`: This ZooKeeper instance is not currently serving requests
    ## two leaders
    FAIL zookeeper/zookeeper: 2 servers lead: `zookeeper-2`, `zookeeper-3`
    ## no leader
    FAIL zookeeper/zookeeper: `zookeeper-2` does not answer: exit status 1: bash: connect: Connection refused
    FAIL zookeeper/zookeeper: no server leads

    ");
}

#[test]
fn what_cannot_be_asked_is_unknown_and_not_a_failure() {
    let mut world = World::healthy(&on_zookeeper());
    world.trouble = Some(Trouble::Denied("pods is forbidden".to_owned()));
    assert!(
        world
            .verdicts()
            .iter()
            .all(|(_, verdict)| matches!(verdict, Verdict::Unknown(_)))
    );
    world.trouble = Some(Trouble::TimedOut(std::time::Duration::from_secs(180)));
    let (_, verdict) = &world.verdicts()[0];
    assert_eq!(
        *verdict,
        Verdict::Unknown("kubectl did not answer in 180 s and was ended".to_owned())
    );
}

#[test]
fn tools_use_tls_once_the_nodes_do() {
    let connection = |phase| {
        let mut stack = Stack::new("test", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, CLUSTER_ID)
                .pool(NodePool::combined("kafka", 3))
                .tls_rollout(phase, Issuer::in_namespace("kafka-ca")),
        );
        let (servers, file) = Cluster::all(&World::healthy(&stack).desired)[0].connection();
        let port = servers.rsplit(':').next().unwrap_or_default().to_owned();
        (port, file.is_some())
    };
    let plaintext = ("9092".to_owned(), false);
    let tls = ("9090".to_owned(), true);
    let all = TlsRollout::ALL.map(connection);
    assert_eq!(all, [plaintext, tls.clone(), tls.clone(), tls]);
}

#[test]
fn tools_of_a_closed_cluster_connect_as_the_node() {
    let world = World::healthy(&closed());
    let clusters = Cluster::all(&world.desired);
    let (servers, file) = clusters[0].connection();
    assert_eq!(file.as_deref(), Some("/etc/kafka-stacks/client.properties"));
    assert!(
        servers.starts_with("kafka-0.kafka-headless.kafka.svc.cluster.local:9090,"),
        "{servers}"
    );
    let open = Cluster::all(&World::healthy(&open()).desired);
    assert_eq!(open[0].connection().1, None);
    assert_eq!(
        open[0]
            .nodes("controller")
            .iter()
            .map(|node| node.id)
            .collect::<Vec<_>>(),
        [100, 101, 102]
    );
}

#[test]
fn a_closed_rest_interface_is_asked_by_the_script_of_its_pod() {
    const ASK: &str = "bash /etc/kafka-stacks/ask.sh";
    let rest = || Rest::tls(Issuer::in_namespace("kafka-ca")).basic_authentication();
    let mut stack = Stack::new("rest", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, CLUSTER_ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    let registry = stack.add(SchemaRegistry::new("registry", &kafka).rest(rest()));
    stack.add(
        SchemaRegistry::new("apicurio", &kafka)
            .implementation(RegistryImplementation::Apicurio)
            .rest(rest()),
    );
    stack.add(Connect::new("connect", &kafka).avro(&registry).rest(rest()));
    let mut world = World::healthy(&stack);
    world.answer(&format!("{ASK} /subjects"), Ok(r#"["orders-value"]"#));
    world.answer(&format!("{ASK} /connectors"), Ok("{}"));
    world.answer("9000 /health/ready", Ok("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"UP\"}"));
    let own = |told: String| {
        let of = |line: &&str| ["registry/", "connect/"].iter().any(|word| line.contains(word));
        told.lines()
            .filter(of)
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!(own(world.told(true)), @"
    registry/apicurio: 2 of 2 say that they are ready; their REST interface is closed
    connect/connect: 2 of 2 workers answer, 0 connectors, exactly-once support
    registry/registry: 2 of 2 answer, 1 subject
    ");
    world.answer(
        &format!("connect-1 |{ASK}"),
        Err(Trouble::Command(1, "error: HTTP 401: ".to_owned())),
    );
    let told = own(world.told(false));
    assert!(
        told.starts_with("FAIL connect/connect: `connect-1` does not answer"),
        "{told}"
    );
}
