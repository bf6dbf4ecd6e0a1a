//! What the tools of Kafka print, as values.

use std::collections::BTreeMap;

use serde_json::Value;

/// A topic, as `kafka-topics --describe` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiveTopic {
    /// Of topic and brokers together.
    pub(crate) configs: BTreeMap<String, String>,
    pub(crate) partitions: Vec<Partition>,
}

impl LiveTopic {
    /// How many of so many replicas have to be in sync. `default` is that of topics that have no minimum of their own.
    pub(crate) fn minimum(&self, default: usize, replicas: usize) -> usize {
        let own = self
            .configs
            .get("min.insync.replicas")
            .and_then(|value| value.parse().ok());
        // Kafka takes the number of replicas for a minimum that is larger.
        own.unwrap_or(default).min(replicas)
    }
}

/// A partition of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) number: u64,
    pub(crate) leader: Option<u64>,
    /// Without those that a reassignment is about to remove.
    pub(crate) replicas: Vec<u64>,
    pub(crate) in_sync: Vec<u64>,
    /// Whether a reassignment adds or removes replicas.
    pub(crate) is_moving: bool,
}

/// `Topic: T  TopicId: …  PartitionCount: 24  …  Configs: a=1,b=2`, then a line for each partition; fields are separated by tabs.
pub(crate) fn topics(text: &str) -> BTreeMap<String, LiveTopic> {
    let mut topics: BTreeMap<String, LiveTopic> = BTreeMap::new();
    for line in text.lines() {
        let is_partition = line.starts_with('\t');
        let fields: BTreeMap<&str, &str> = line
            .trim_start_matches('\t')
            .split('\t')
            .filter_map(|field| field.split_once(':'))
            .map(|(key, value)| (key, value.trim()))
            .collect();
        let field = |key: &str| fields.get(key).copied().unwrap_or_default();
        let name = field("Topic");
        if name.is_empty() {
            continue;
        }
        let topic = topics.entry(name.to_owned()).or_default();
        if is_partition && let Ok(number) = field("Partition").parse() {
            let removed = ids(field("Removing Replicas"));
            topic.partitions.push(Partition {
                number,
                leader: field("Leader").parse().ok(),
                replicas: ids(field("Replicas"))
                    .into_iter()
                    .filter(|id| !removed.contains(id))
                    .collect(),
                in_sync: ids(field("Isr")),
                is_moving: !removed.is_empty() || !field("Adding Replicas").is_empty(),
            });
        } else if !is_partition {
            topic.configs = pairs(field("Configs"));
        }
    }
    topics
}

fn ids(list: &str) -> Vec<u64> {
    list.split(',').filter_map(|id| id.trim().parse().ok()).collect()
}

/// `a=1,b=2,3,c=4`: a comma that no key follows belongs to the value.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in text.split(',') {
        match (part.split_once('='), pairs.last_mut()) {
            (Some((key, value)), _) => pairs.push((key.to_owned(), value.to_owned())),
            (None, Some((_, value))) => *value += &format!(",{part}"),
            (None, None) => {}
        }
    }
    pairs.into_iter().collect()
}

/// `Dynamic configs for topic T are:`, then a line for each override: `  KEY=VALUE sensitive=false synonyms={…}`.
pub(crate) fn overrides(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut topics: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut topic = None;
    for line in text.lines() {
        let head = line.strip_prefix("Dynamic configs for topic ");
        if let Some(name) = head.and_then(|rest| rest.strip_suffix(" are:")) {
            topic = Some(topics.entry(name.to_owned()).or_default());
        } else if let (Some(topic), Some((key, rest))) = (&mut topic, line.trim_start().split_once('='))
            && let Some((value, _)) = rest.rsplit_once(" sensitive=")
        {
            topic.insert(key.to_owned(), value.to_owned());
        }
    }
    topics
}

/// Records behind the leader of the quorum that the restart gate also lets pass: it writes two a second when nothing else happens.
pub(crate) const CLOSE: u64 = 10;

/// A voter or an observer of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) id: u64,
    /// Records behind the leader.
    pub(crate) lag: u64,
    /// `Leader`, `Follower` or `Observer`.
    pub(crate) status: String,
}

/// The table of `kafka-metadata-quorum describe --replication`; its columns differ from release to release.
pub(crate) fn quorum(text: &str) -> Vec<Replica> {
    let mut rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let Some(head) = rows.by_ref().find(|row| row.first() == Some(&"NodeId")) else {
        return Vec::new();
    };
    let column = |name: &str| head.iter().position(|column| *column == name);
    let (Some(lag), Some(status)) = (column("Lag"), column("Status")) else {
        return Vec::new();
    };
    rows.filter_map(|row| {
        Some(Replica {
            id: row.first()?.parse().ok()?,
            lag: row.get(lag)?.parse().ok()?,
            status: (*row.get(status)?).to_owned(),
        })
    })
    .collect()
}

/// The brokers that `kafka-broker-api-versions` reached, and those that did not answer: `HOST:PORT (id: 3 rack: null …) -> (`, or `-> ERROR: …`.
pub(crate) fn brokers(text: &str) -> BTreeMap<u64, Result<(), String>> {
    let lines = text.lines().filter_map(|line| line.split_once(" -> "));
    lines
        .filter_map(|(broker, answer)| {
            let id = broker.split_once("(id: ")?.1.split_whitespace().next()?.parse().ok()?;
            Some((
                id,
                answer
                    .strip_prefix("ERROR: ")
                    .map_or(Ok(()), |error| Err(error.to_owned())),
            ))
        })
        .collect()
}

/// The racks of the brokers that answered, in the same lines; `null` is none.
pub(crate) fn racks(text: &str) -> BTreeMap<u64, String> {
    let lines = text.lines().filter_map(|line| line.split_once(" -> "));
    lines
        .filter(|(_, answer)| !answer.starts_with("ERROR"))
        .filter_map(|(broker, _)| {
            let inside = broker.split_once("(id: ")?.1;
            let (id, rest) = inside.split_once(" rack: ")?;
            let rack = rest.split([' ', ')']).next()?;
            let rack = if rack == "null" { "" } else { rack };
            Some((id.parse().ok()?, rack.to_owned()))
        })
        .collect()
}

/// A topic and the number of a partition.
pub(crate) type PartitionName = (String, u64);

/// Partitions with their bytes.
pub(crate) type Held = BTreeMap<PartitionName, u64>;

/// The partitions in the log directories of each broker: the line of JSON among what `kafka-log-dirs --describe` says.
pub(crate) fn log_directories(text: &str) -> Option<BTreeMap<u64, Held>> {
    let line = text.lines().find(|line| line.starts_with('{'))?;
    let value: Value = serde_json::from_str(line).ok()?;
    let mut brokers: BTreeMap<u64, Held> = BTreeMap::new();
    for broker in value["brokers"].as_array()? {
        let held = brokers.entry(broker["broker"].as_u64()?).or_default();
        let directories = broker["logDirs"].as_array().into_iter().flatten();
        for partition in directories.flat_map(|one| one["partitions"].as_array().into_iter().flatten()) {
            let (topic, number) = partition["partition"].as_str()?.rsplit_once('-')?;
            let bytes = partition["size"].as_u64().unwrap_or_default();
            held.insert((topic.to_owned(), number.parse().ok()?), bytes);
        }
    }
    Some(brokers)
}

/// `Feature: NAME  SupportedMinVersion: …  SupportedMaxVersion: …  FinalizedVersionLevel: LEVEL  Epoch: …`
pub(crate) fn features(text: &str) -> BTreeMap<String, String> {
    let after = |line: &str, key: &str| Some(line.split_once(key)?.1.split_whitespace().next()?.to_owned());
    text.lines()
        .filter_map(|line| Some((after(line, "Feature: ")?, after(line, "FinalizedVersionLevel: ")?)))
        .collect()
}

/// `key=value` lines, as in `meta.properties`.
pub(crate) fn properties(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Who may do what: `USER` and `topic literal orders READ`, as the permissions of a stack say it.
pub(crate) fn acls(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let between = |line: &str, start: &str, end: &str| {
        let rest = line.split_once(start)?.1;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let mut resource = None;
    for line in text.lines() {
        if let Some(kind) = between(line, "resourceType=", ", name=") {
            let name = between(line, ", name=", ", patternType=");
            let pattern = between(line, ", patternType=", ")");
            resource = name.zip(pattern).map(|(name, pattern)| {
                format!(
                    "{} {} {name}",
                    kind.to_lowercase().replace('_', "-"),
                    pattern.to_lowercase()
                )
            });
        } else if let Some(user) = between(line, "principal=User:", ", host=")
            && let (Some(host), Some(operation), Some(permission)) = (
                between(line, ", host=", ", operation="),
                between(line, ", operation=", ", permissionType="),
                between(line, ", permissionType=", ")"),
            )
        {
            let resource = resource.clone().unwrap_or_default();
            let also = if permission == "ALLOW" && host == "*" {
                String::new()
            } else {
                format!(" {permission} {host}")
            };
            users
                .entry(user)
                .or_default()
                .push(format!("{resource} {operation}{also}"));
        }
    }
    users
}

/// What `kafka-configs --describe --entity-type users` shows of a user; `*` stands for all users without quotas of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LiveUser {
    /// Whether it has a password of SCRAM.
    pub(crate) has_password: bool,
    pub(crate) quotas: BTreeMap<String, f64>,
}

pub(crate) fn users(text: &str) -> BTreeMap<String, LiveUser> {
    let mut users: BTreeMap<String, LiveUser> = BTreeMap::new();
    let named = |rest: &str| {
        let (user, facts) = rest.strip_prefix('\'')?.split_once("' are ")?;
        Some((user.to_owned(), facts.to_owned()))
    };
    for line in text.lines() {
        if let Some((user, _)) = line
            .strip_prefix("SCRAM credential configs for user-principal ")
            .and_then(named)
        {
            users.entry(user).or_default().has_password = true;
            continue;
        }
        let of_all = line.strip_prefix("Quota configs for the default user-principal are ");
        let of_one = line.strip_prefix("Quota configs for user-principal ").and_then(named);
        let found = of_all.map(|facts| ("*".to_owned(), facts.to_owned())).or(of_one);
        let Some((user, facts)) = found else { continue };
        let quotas = facts.split(", ").filter_map(|fact| {
            let (key, value) = fact.split_once('=')?;
            Some((key.trim().to_owned(), value.trim().parse().ok()?))
        });
        users.entry(user).or_default().quotas.extend(quotas);
    }
    users
}

/// The cause of a failure in what a tool printed, as one line. Of nested exceptions the last is the cause.
pub(crate) fn reason(output: &str) -> String {
    let (mut cause, mut last, mut unreached) = (None, None, None);
    for line in output.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = ["Caused by: ", "Exception in thread \"main\" "]
            .iter()
            .find_map(|start| line.strip_prefix(start))
            .unwrap_or(line);
        if let Some(rest) = line.strip_prefix("Error while executing") {
            let told = rest.split_once(" : ").or_else(|| rest.split_once(": "));
            cause = cause.or(told.map(|(_, told)| without_package(told)));
        } else if is_exception(line) {
            cause = Some(without_package(line));
        } else if line.contains("could not be established") {
            unreached = line
                .split_once("Connection to ")
                .map(|(_, rest)| rest.split(". ").next().unwrap_or(rest));
        } else if !line.starts_with("at ") && !line.starts_with("command terminated") {
            last = Some(line.to_owned());
        }
    }
    if output.contains("TimeoutException") {
        let unreached = unreached.map_or_else(String::new, |node| format!(": connection to {node}"));
        return format!("no answer in time{unreached}");
    }
    cause.or(last).unwrap_or_else(|| "no message".to_owned())
}

fn is_exception(line: &str) -> bool {
    let class = line.split([':', ' ']).next().unwrap_or_default();
    class.contains('.') && (class.ends_with("Exception") || class.ends_with("Error"))
}

/// `org.apache.kafka.common.errors.InvalidTopicException: text` without the package.
fn without_package(line: &str) -> String {
    if !is_exception(line) {
        return line.to_owned();
    }
    let (class, text) = line.split_once(':').unwrap_or((line, ""));
    let class = class.rsplit('.').next().unwrap_or(class);
    if text.is_empty() {
        class.to_owned()
    } else {
        format!("{class}:{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of Kafka 4.3.1; where 3.9.2 differs, its own.
    const TOPICS: &str = "\
Topic: single\tTopicId: qdNzJ9DOQnOMIM4PthZBhQ\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: min.insync.replicas=1
\tTopic: single\tPartition: 0\tLeader: none\tReplicas: 2\tIsr: \tElr: 2\tLastKnownElr: 
Topic: audit.log\tTopicId: 3Z0XRu3MQtmcOGSm-TY4WA\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: 
\tTopic: audit.log\tPartition: 0\tLeader: 2\tReplicas: 2,3,1\tIsr: 2,1\tElr: N/A\tLastKnownElr: N/A
Topic: orders\tTopicId: AcCdetTJTCqvnuPsdoRqXw\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: min.insync.replicas=2,cleanup.policy=compact,delete
\tTopic: orders\tPartition: 0\tLeader: 3\tReplicas: 3,1,2,4\tIsr: 3,1,2\tElr: \tLastKnownElr: \tAdding Replicas: 4\tRemoving Replicas: 3
\tTopic: orders\tPartition: 1\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: \tLastKnownElr: 
";

    #[test]
    fn topics_have_their_partitions_and_configs() {
        let found = topics(TOPICS);
        let shown: Vec<String> = found
            .iter()
            .flat_map(|(name, topic)| {
                let head = format!("{name} {:?}", topic.configs);
                let partitions = topic
                    .partitions
                    .iter()
                    .map(|one| format!("  {} {:?} {:?} {:?}", one.number, one.leader, one.replicas, one.in_sync));
                std::iter::once(head).chain(partitions)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        audit.log {}
          0 Some(2) [2, 3, 1] [2, 1]
        orders {"cleanup.policy": "compact,delete", "min.insync.replicas": "2"}
          0 Some(3) [1, 2, 4] [3, 1, 2]
          1 Some(1) [1, 2, 3] [1, 2, 3]
        single {"min.insync.replicas": "1"}
          0 None [2] []
        "#);
        assert!(topics("Error while executing topic command : x\n").is_empty());
    }

    #[test]
    fn overrides_are_those_of_the_topic_alone() {
        let text = "\
Dynamic configs for topic single are:
Dynamic configs for topic orders are:
  cleanup.policy=compact,delete sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete}
  min.insync.replicas=2 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:min.insync.replicas=2, DEFAULT_CONFIG:min.insync.replicas=1}
";
        insta::assert_snapshot!(format!("{:?}", overrides(text)), @r#"{"orders": {"cleanup.policy": "compact,delete", "min.insync.replicas": "2"}, "single": {}}"#);
    }

    #[test]
    fn the_quorum_is_read_by_the_names_of_columns() {
        let text = "\
NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t
1     \tAAAAAAAAAAAAAAAAAAAAAA\t384         \t0  \t1795920405715     \t1795920405715        \tLeader  \t
3     \tAAAAAAAAAAAAAAAAAAAAAA\t245         \t139\t1795920388352     \t1795920387889        \tFollower\t
100   \tAAAAAAAAAAAAAAAAAAAAAA\t384         \t0  \t1795920388352     \t1795920387889        \tObserver\t
";
        let shown: Vec<String> = quorum(text)
            .iter()
            .map(|one| format!("{} {} {}", one.id, one.lag, one.status))
            .collect();
        assert_eq!(shown, ["1 0 Leader", "3 139 Follower", "100 0 Observer"]);
        assert!(quorum("").is_empty());
        assert!(quorum("NodeId\tLag\n1\t0\n").is_empty());
    }

    #[test]
    fn a_broker_answers_or_says_why_not() {
        let text = "\
127.0.0.1:32923 (id: 3 rack: null isFenced: false) -> (
\tProduce(0): 0 to 13 [usable: 13],
)
127.0.0.1:49073 (id: 4 rack: null) -> (
)
127.0.0.1:56131 (id: 2 rack: null) -> ERROR: org.apache.kafka.common.errors.DisconnectException
";
        let found = brokers(text);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [2, 3, 4]);
        assert!(found[&2].is_err() && found[&3].is_ok() && found[&4].is_ok());
    }

    #[test]
    fn features_have_what_is_finalized() {
        let text = "\
Feature: kraft.version                             SupportedMinVersion: 0                SupportedMaxVersion: 1                FinalizedVersionLevel: 0                Epoch: 83
Feature: metadata.version                          SupportedMinVersion: 3.3-IV3          SupportedMaxVersion: 4.3-IV0          FinalizedVersionLevel: 4.3-IV0          Epoch: 83
";
        assert_eq!(
            format!("{:?}", features(text)),
            r#"{"kraft.version": "0", "metadata.version": "4.3-IV0"}"#
        );
    }

    #[test]
    fn permissions_are_as_a_stack_says_them() {
        let text = "\
Current ACLs for resource `ResourcePattern(resourceType=TRANSACTIONAL_ID, name=billing, patternType=PREFIXED)`: 
 \t(principal=User:billing, host=*, operation=WRITE, permissionType=ALLOW)
 \t(principal=User:crm, host=10.0.0.1, operation=READ, permissionType=DENY) 

Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=calls, patternType=LITERAL)`: 
 \t(principal=User:platform:exporter, host=*, operation=DESCRIBE_CONFIGS, permissionType=ALLOW) 
";
        insta::assert_snapshot!(format!("{:#?}", acls(text)), @r#"
        {
            "billing": [
                "transactional-id prefixed billing WRITE",
            ],
            "crm": [
                "transactional-id prefixed billing READ DENY 10.0.0.1",
            ],
            "platform:exporter": [
                "topic literal calls DESCRIBE_CONFIGS",
            ],
        }
        "#);
    }

    #[test]
    fn users_have_passwords_and_quotas() {
        let text = "\
SCRAM credential configs for user-principal 'billing' are SCRAM-SHA-512=iterations=8192
Quota configs for user-principal 'billing' are producer_byte_rate=5.24288E7, request_percentage=200.0
Quota configs for the default user-principal are request_percentage=100.0
";
        insta::assert_snapshot!(format!("{:?}", users(text)), @r#"{"*": LiveUser { has_password: false, quotas: {"request_percentage": 100.0} }, "billing": LiveUser { has_password: true, quotas: {"producer_byte_rate": 52428800.0, "request_percentage": 200.0} }}"#);
    }

    #[test]
    fn a_failure_has_one_reason() {
        let timeout = "\
[2026-11-29 02:47:33,168] WARN [AdminClient clientId=adminclient-1] Connection to node 2 (/127.0.0.1:56131) could not be established. Node may not be available. (org.apache.kafka.clients.NetworkClient)
org.apache.kafka.common.errors.TimeoutException: Call(callName=describeMetadataQuorum) timed out
java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.TimeoutException: Call(callName=x)
\tat java.base/java.util.concurrent.CompletableFuture.reportGet(CompletableFuture.java:396)
Caused by: org.apache.kafka.common.errors.DisconnectException: Cancelled describeMetadataQuorum request
command terminated with exit code 1
";
        let topic = "\
Error while executing topic command : Topic 'nope' does not exist as expected
[2026-11-29 02:46:27,916] ERROR java.lang.IllegalArgumentException: Topic 'nope' does not exist as expected
\tat org.apache.kafka.tools.TopicCommand.ensureTopicExists(TopicCommand.java:207)
";
        let acl = "\
Error while executing ACL command: org.apache.kafka.common.errors.SecurityDisabledException: No Authorizer is configured on the broker
";
        let missing = "exec: \"kafka-topics\": executable file not found in $PATH\n";
        let seen: Vec<String> = [timeout, topic, acl, missing, ""].map(reason).into();
        insta::assert_snapshot!(seen.join("\n"), @r#"
        no answer in time: connection to node 2 (/127.0.0.1:56131) could not be established
        Topic 'nope' does not exist as expected
        SecurityDisabledException: No Authorizer is configured on the broker
        exec: "kafka-topics": executable file not found in $PATH
        no message
        "#);
    }
}
