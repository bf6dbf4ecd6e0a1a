//! A Kafka cluster of a stack, and its own tools, which answer in the pods of its nodes.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    answers::{self, LiveTopic, Replica},
    control::{Action, Control},
    desired::{Desired, INSTANCE, Kind, Server, Workload, items, labels, name},
    live::{Live, PodAddress, Request, Trouble, Weight},
};

/// The pools of one cluster.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) pools: Vec<Pool>,
}

/// A pool of nodes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pool {
    pub(crate) workload: Workload,
    pub(crate) server: Server,
}

/// A node: its id, and its pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node {
    pub(crate) id: u64,
    pub(crate) pod: String,
}

/// Of a tool; Kafka's own limit of a request is 60 s.
const TOOL_SECONDS: u64 = 75;

/// In the properties of a closed cluster: the listener for the platform.
const PLATFORM: &str = "PLATFORM";

/// The file by which tools connect to a closed cluster, in the pods of its nodes.
const CLIENT_FILE: &str = "client.properties";

impl Cluster {
    /// The clusters of a stack.
    pub(crate) fn all(desired: &Desired) -> Vec<Self> {
        let mut clusters: Vec<Self> = Vec::new();
        let sets = desired
            .workloads()
            .into_iter()
            .filter(|one| one.kind == Kind::StatefulSet);
        for workload in sets {
            let Some(server) = workload.server("kafka-server-start") else {
                continue;
            };
            let name = workload.labels.get(INSTANCE).unwrap_or(&workload.name).clone();
            let namespace = workload.namespace.clone();
            let known = clusters
                .iter_mut()
                .find(|cluster| cluster.name == name && cluster.namespace == namespace);
            let pool = Pool { workload, server };
            match known {
                Some(cluster) => cluster.pools.push(pool),
                None => clusters.push(Self {
                    name,
                    namespace,
                    pools: vec![pool],
                }),
            }
        }
        clusters
    }

    /// The cluster that clients with these bootstrap servers reach by a Service of the stack.
    pub(crate) fn at<'a>(clusters: &'a [Self], desired: &Desired, bootstrap_servers: &str) -> Option<&'a Self> {
        let host = bootstrap_servers.split([',', ':']).next()?;
        let mut parts = host.split('.');
        let (service, namespace) = (parts.next()?, parts.next()?);
        let service = desired
            .of_kind("Service")
            .find(|object| name(object) == service && object["metadata"]["namespace"] == namespace)?;
        let selector = labels(&service["spec"]["selector"]);
        clusters
            .iter()
            .find(|cluster| cluster.pools.iter().any(|pool| pool.workload.is_selected_by(&selector)))
    }

    /// The nodes with a role, `broker` or `controller`, in the order of their ids.
    pub(crate) fn nodes(&self, role: &str) -> Vec<Node> {
        let pools = self.pools.iter().filter(|pool| pool.has_role(role));
        let mut nodes: Vec<Node> = pools.flat_map(Pool::nodes).collect();
        nodes.sort();
        nodes
    }

    /// The pool of a node's pod.
    pub(crate) fn pool_of(&self, node: &Node) -> Option<&Pool> {
        self.pools
            .iter()
            .find(|pool| pool.workload.pods().any(|(_, pod)| pod == node.pod))
    }

    /// What its brokers call each other at, by the listener that tools use: some of them, since one is enough.
    fn bootstrap_servers(&self) -> String {
        let addresses = self.nodes("broker").into_iter().filter_map(|node| {
            let pool = self.pool_of(&node)?;
            let listeners = pool.server.setting("advertised.listeners");
            let named = listeners
                .split(',')
                .find(|one| one.starts_with(PLATFORM) && self.uses_tls());
            let (_, address) = named.or_else(|| listeners.split(',').next())?.split_once("://")?;
            Some(address.replace("${env:POD_NAME}", &node.pod))
        });
        addresses.take(5).collect::<Vec<_>>().join(",")
    }

    /// Whether brokers connect to each other by TLS. Before that, pods that offer it may still be few.
    fn uses_tls(&self) -> bool {
        let Some(brokers) = self.pools.iter().find(|pool| pool.has_role("broker")) else {
            return false;
        };
        let between = brokers.server.setting("inter.broker.listener.name");
        let protocols = brokers.server.setting("listener.security.protocol.map");
        protocols
            .split(',')
            .any(|entry| entry.split_once(':') == Some((between, "SSL")))
    }

    /// The options by which a tool in the pod of a broker connects: which servers, and the file of a closed cluster.
    pub(crate) fn connection(&self) -> (String, Option<String>) {
        let brokers = self.pools.iter().find(|pool| pool.has_role("broker"));
        let file = brokers
            .filter(|_| self.uses_tls())
            .and_then(|pool| pool.workload.file(CLIENT_FILE))
            .map(|(path, _)| path.to_owned());
        (self.bootstrap_servers(), file)
    }

    /// Runs a tool of Kafka with these arguments in the pod of a broker that is ready. Tools with different numbers run in different pods,
    /// where there are several.
    pub(crate) fn tool(&self, live: &dyn Live, tool: Tool, arguments: &[&str]) -> Result<Arc<str>, Trouble> {
        let (servers, file) = self.connection();
        let mut words = vec![format!("--bootstrap-server={servers}")];
        words.extend(file.map(|file| format!("--command-config={file}")));
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        self.run(live, tool as usize, |server| {
            let mut command = vec!["timeout".to_owned(), TOOL_SECONDS.to_string(), server.tool(tool.name())];
            command.extend(words);
            command
        })
    }

    /// All topics, as they are.
    pub(crate) fn topics(&self, live: &dyn Live) -> Result<BTreeMap<String, LiveTopic>, Trouble> {
        Ok(answers::topics(&self.tool(live, Tool::Topics, &["--describe"])?))
    }

    /// The `min.insync.replicas` of topics that have none of their own.
    pub(crate) fn minimum(&self) -> usize {
        let brokers = self.pools.iter().find(|pool| pool.has_role("broker"));
        brokers
            .and_then(|pool| pool.server.setting("min.insync.replicas").parse().ok())
            .unwrap_or(1)
    }

    /// The voters and the observers of the quorum.
    pub(crate) fn quorum(&self, live: &dyn Live) -> Result<Vec<Replica>, Trouble> {
        let text = self.tool(live, Tool::MetadataQuorum, &["describe", "--replication"])?;
        Ok(answers::quorum(&text))
    }

    /// Runs a command that starts JVMs in the pod of a broker that is ready.
    pub(crate) fn run(
        &self,
        live: &dyn Live,
        number: usize,
        command: impl FnOnce(&Server) -> Vec<String>,
    ) -> Result<Arc<str>, Trouble> {
        let (pod, server) = self.ready(live, number)?;
        live.ask(&Request::Exec {
            pod,
            command: in_pod(command(server)),
            weight: Weight::Java,
        })
    }

    /// Runs a tool of Kafka that changes the cluster, with a text on its standard input, in the pod of a broker that is ready.
    pub(crate) fn change(
        &self,
        control: &dyn Control,
        tool: Tool,
        arguments: &[&str],
        input: String,
    ) -> Result<String, Trouble> {
        let (servers, file) = self.connection();
        let (pod, server) = self.ready(control, tool as usize)?;
        let mut words = vec![server.tool(tool.name()), format!("--bootstrap-server={servers}")];
        words.extend(file.map(|file| format!("--{}={file}", tool.config_option())));
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        control.act(&Action::Exec {
            pod,
            command: in_pod(words),
            input,
        })
    }

    /// A broker that is ready, by a number.
    fn ready(&self, live: &dyn Live, number: usize) -> Result<(PodAddress, &Server), Trouble> {
        let pods = live.list("pods", &self.namespace)?;
        let ready: Vec<Node> = self
            .nodes("broker")
            .into_iter()
            .filter(|node| pods.iter().any(|pod| name(pod) == node.pod && is_ready(pod)))
            .collect();
        let node = ready.get(number % ready.len().max(1));
        node.and_then(|node| {
            let pool = self.pool_of(node)?;
            Some((pool.workload.address(&node.pod), &pool.server))
        })
        .ok_or_else(|| Trouble::NotReady(self.name.clone()))
    }
}

/// A command with the environment of a second JVM.
fn in_pod(command: Vec<String>) -> Vec<String> {
    JVM.iter().map(|word| (*word).to_owned()).chain(command).collect()
}

/// A second JVM beside a broker: small, and without what an administrator's shell or the pod sets for Kafka itself, as in the restart gate.
const JVM: [&str; 14] = [
    "env",
    "-u",
    "KAFKA_OPTS",
    "-u",
    "KAFKA_JMX_OPTS",
    "-u",
    "JMX_PORT",
    "-u",
    "KAFKA_LOG4J_OPTS",
    "KAFKA_HEAP_OPTS=-Xmx128m",
    "KAFKA_JVM_PERFORMANCE_OPTS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    // Kafka's start script makes this directory; its default is on the read-only root.
    "LOG_DIR=/tmp",
    "LC_ALL=C",
    "EXTRA_ARGS=",
];

/// A tool of Kafka. Each has a number, so that they run in different pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Topics,
    Configs,
    BrokerApiVersions,
    MetadataQuorum,
    Features,
    Acls,
    Transactions,
    LogDirs,
    ReassignPartitions,
    LeaderElection,
}

impl Tool {
    const fn name(self) -> &'static str {
        match self {
            Self::Topics => "kafka-topics",
            Self::Configs => "kafka-configs",
            Self::BrokerApiVersions => "kafka-broker-api-versions",
            Self::MetadataQuorum => "kafka-metadata-quorum",
            Self::Features => "kafka-features",
            Self::Acls => "kafka-acls",
            Self::Transactions => "kafka-transactions",
            Self::LogDirs => "kafka-log-dirs",
            Self::ReassignPartitions => "kafka-reassign-partitions",
            Self::LeaderElection => "kafka-leader-election",
        }
    }

    /// How it calls the file by which it connects.
    const fn config_option(self) -> &'static str {
        match self {
            Self::LeaderElection => "admin.config",
            _ => "command-config",
        }
    }
}

impl Pool {
    /// Whether its nodes have a role. Without `process.roles` they are brokers on ZooKeeper.
    pub(crate) fn has_role(&self, role: &str) -> bool {
        let roles = self.server.setting("process.roles");
        if roles.is_empty() {
            role == "broker"
        } else {
            roles.split(',').any(|one| one.trim() == role)
        }
    }

    /// Its nodes. The id of one that cannot be told from its files is the number of its pod.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node> {
        self.workload.pods().map(|(ordinal, pod)| {
            let of = |key: &str| self.workload.number(self.server.setting(key), ordinal);
            Node {
                id: of("node.id").or_else(|| of("broker.id")).unwrap_or(ordinal),
                pod,
            }
        })
    }

    /// Where its nodes keep their data.
    pub(crate) fn log_directories(&self) -> impl Iterator<Item = &str> {
        let directories = self.server.setting("log.dirs").split(',').map(str::trim);
        directories.filter(|directory| !directory.is_empty())
    }
}

/// Whether a pod, as the API server shows it, is ready.
pub(crate) fn is_ready(pod: &serde_json::Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_null()
        && items(&pod["status"]["conditions"]).any(|one| one["type"] == "Ready" && one["status"] == "True")
}
