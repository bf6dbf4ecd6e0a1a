//! What a pod of the Kafka family is told: by its environment, its command and the property files that it mounts.

use std::collections::BTreeMap;

use super::{container::references, facts::Address, node::Node, syntax::split_tag};

/// What runs in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Broker,
    ZooKeeper,
    Registry,
    Connect,
}

impl Process {
    /// The start of the variables that the images take for settings.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Broker => "KAFKA_",
            Self::ZooKeeper => "ZOOKEEPER_",
            Self::Registry => "SCHEMA_REGISTRY_",
            Self::Connect => "CONNECT_",
        }
    }

    /// The name of the Service whose variables the image takes for settings, and ends on.
    pub(super) const fn fatal_service(self) -> &'static str {
        match self {
            Self::Broker => "kafka",
            Self::ZooKeeper => "zookeeper",
            Self::Registry => "schema-registry",
            Self::Connect => "connect",
        }
    }
}

/// A pod of the Kafka family.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "fields of a pod that are set or not")]
pub(super) struct Kafka {
    pub(super) process: Process,
    /// Its container.
    pub(super) pointer: String,
    pub(super) container: String,
    pub(super) image: String,
    /// Whether the image's entrypoint makes the configuration.
    pub(super) entrypoint: bool,
    pub(super) service_links: bool,
    /// Settings from the environment, with what the variables stand for, and where each is.
    pub(super) settings: BTreeMap<String, Setting>,
    variables: BTreeMap<String, String>,
    /// Folders or files of mounted ConfigMaps: name of the map, path.
    pub(super) files: Vec<(String, String)>,
    /// The paths of mounted claims, and whether only a part of the volume is mounted.
    pub(super) claims: Vec<(String, bool)>,
    /// The paths of mounted volumes that can be written.
    pub(super) writable: Vec<String>,
    pub(super) read_only: bool,
    /// Commands of all containers, and where each is.
    pub(super) commands: Vec<(String, String)>,
    pub(super) grace: Option<i64>,
    pub(super) liveness: bool,
    pub(super) startup: bool,
    pub(super) non_root: bool,
    pub(super) user: Option<i64>,
    pub(super) group: bool,
    pub(super) cluster_id: Option<String>,
}

/// A line of a property file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) row: u32,
}

/// A setting and the place that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: String,
    /// Where: in the pod, or in a ConfigMap by its name.
    pub(super) pointer: String,
    pub(super) row: Option<u32>,
    pub(super) config: Option<String>,
}

/// What stands for a field of the pod in a resolved value.
pub(super) const POD_NAME: &str = "{metadata.name}";

impl Kafka {
    /// The process of the Kafka family in a pod, if there is one that serves.
    pub(super) fn of(pod: &Node<'_, '_>) -> Option<Self> {
        let containers = pod.get("containers");
        let (container, process, entrypoint) = containers.items().find_map(|container| {
            let (process, entrypoint) = process(&container)?;
            Some((container, process, entrypoint))
        })?;
        let variables = variables(&container);
        let mut settings = BTreeMap::new();
        let env = container.get("env");
        for variable in env.items() {
            let name = variable.get("name").text();
            let Some(value) = variables.get(name) else { continue };
            if let Some(key) = setting_of(name, process).filter(|_| entrypoint) {
                settings.insert(
                    key,
                    Setting {
                        value: value.clone(),
                        pointer: variable.pointer(),
                        row: None,
                        config: None,
                    },
                );
            }
        }
        let security = [container.get("securityContext"), pod.get("securityContext")];
        let mut kafka = Self {
            process,
            pointer: container.pointer(),
            container: container.get("name").text().to_owned(),
            image: container.get("image").text().to_owned(),
            entrypoint,
            service_links: pod.get("enableServiceLinks").bool() != Some(false),
            settings,
            cluster_id: variables
                .get("CLUSTER_ID")
                .or(variables.get("KAFKA_CLUSTER_ID"))
                .cloned(),
            variables,
            files: Vec::new(),
            claims: Vec::new(),
            writable: Vec::new(),
            read_only: security[0].get("readOnlyRootFilesystem").bool() == Some(true),
            commands: Vec::new(),
            grace: pod.get("terminationGracePeriodSeconds").int(),
            liveness: container.get("livenessProbe").is_set(),
            startup: container.get("startupProbe").is_set(),
            non_root: security
                .iter()
                .any(|security| security.get("runAsNonRoot").bool() == Some(true)),
            user: security.iter().find_map(|security| security.get("runAsUser").int()),
            group: security[1].get("fsGroup").is_set(),
        };
        kafka.read_mounts(&container, pod);
        for list in ["initContainers", "containers"] {
            let list = pod.get(list);
            for container in list.items() {
                let command = command(&container);
                if let Some(id) = option(&command, &["--cluster-id", "-t"]) {
                    kafka.cluster_id.get_or_insert(id);
                }
                if !command.is_empty() {
                    kafka.commands.push((container.pointer(), command));
                }
            }
        }
        Some(kafka)
    }

    fn read_mounts(&mut self, container: &Node<'_, '_>, pod: &Node<'_, '_>) {
        let volumes = pod.get("volumes");
        let mounts = container.get("volumeMounts");
        for mount in mounts.items() {
            let (name, path) = (mount.get("name").text(), mount.get("mountPath").text());
            let part = ["subPath", "subPathExpr"].iter().any(|field| mount.get(field).is_set());
            let volume = volumes.items().find(|volume| volume.get("name").text() == name);
            let path = path.trim_end_matches('/').to_owned();
            match volume {
                Some(volume) if volume.get("configMap").is_set() => {
                    let map = volume.get("configMap").get("name").text().to_owned();
                    self.files.push((map, path));
                }
                Some(volume) if volume.get("secret").is_set() || volume.get("projected").is_set() => {
                    self.files.push((String::new(), path));
                }
                // A claim template has no volume.
                Some(volume) if !volume.get("persistentVolumeClaim").is_set() => self.writable.push(path),
                _ => {
                    self.writable.push(path.clone());
                    self.claims.push((path, part));
                }
            }
        }
    }

    /// The start command of the process itself.
    pub(super) fn start(&self) -> &str {
        self.commands
            .iter()
            .find(|(pointer, _)| *pointer == self.pointer)
            .map_or("", |(_, command)| command)
    }

    /// A value of a property file, with the variables that it names.
    pub(super) fn resolve(&self, value: &str) -> String {
        let mut resolved = String::new();
        let mut rest = value;
        while let Some(start) = rest.find("${env:") {
            resolved += &rest[..start];
            let after = &rest[start + 6..];
            let Some(end) = after.find('}') else { break };
            match self.variables.get(&after[..end]).filter(|_| resolved.len() < LONGEST) {
                Some(known) => resolved += known,
                None => resolved += &rest[start..start + 7 + end],
            }
            rest = &after[end + 1..];
        }
        resolved + rest
    }
}

/// What a container runs if it serves, and whether the image's own entrypoint starts it.
fn process(container: &Node<'_, '_>) -> Option<(Process, bool)> {
    let command = command(container);
    let image = container.get("image").text();
    let image = split_tag(image.split('@').next().unwrap_or_default()).0;
    let by_image = || {
        let name = image.rsplit('/').next().unwrap_or_default();
        match name {
            _ if name.contains("exporter") || name.contains("-ui") || name.contains("operator") => None,
            "kafka" | "cp-kafka" | "cp-server" | "kafka-native" => Some(Process::Broker),
            "zookeeper" | "cp-zookeeper" => Some(Process::ZooKeeper),
            "schema-registry" | "cp-schema-registry" => Some(Process::Registry),
            _ if name.starts_with("cp-kafka-connect") || name.starts_with("cp-server-connect") => {
                Some(Process::Connect)
            }
            _ => None,
        }
    };
    let runs = |program: &str| command.contains(program);
    if command.is_empty()
        || [
            "/etc/confluent/docker/run",
            "/etc/kafka/docker/run",
            "docker-entrypoint.sh",
        ]
        .iter()
        .any(|entry| runs(entry))
    {
        return by_image().map(|process| (process, true));
    }
    let by_command = [
        ("kafka-server-start", Process::Broker),
        ("kafka.Kafka", Process::Broker),
        ("zookeeper-server-start", Process::ZooKeeper),
        ("zkServer.sh", Process::ZooKeeper),
        ("schema-registry-start", Process::Registry),
        ("connect-distributed", Process::Connect),
    ];
    by_command
        .into_iter()
        .find(|(program, _)| runs(program))
        .map(|(_, process)| (process, false))
}

/// Command and arguments in a line.
pub(super) fn command(container: &Node<'_, '_>) -> String {
    let mut words = Vec::new();
    for list in ["command", "args"] {
        let list = container.get(list);
        words.extend(list.items().map(|word| word.text().to_owned()));
    }
    words.join(" ")
}

/// The value of an option, as `--cluster-id=X` or `-t X`.
fn option(command: &str, names: &[&str]) -> Option<String> {
    if !command.contains("kafka-storage") {
        return None;
    }
    let mut words = command.split_whitespace();
    while let Some(word) = words.next() {
        for name in names {
            if let Some(rest) = word.strip_prefix(name) {
                let value = match rest.strip_prefix('=') {
                    Some(value) => value,
                    None if rest.is_empty() => words.next()?,
                    None => continue,
                };
                let value = value.trim_matches(['"', '\'']);
                return value
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
                    .then(|| value.to_owned());
            }
        }
    }
    None
}

/// What each variable of a container stands for. A field of the pod is written as `{metadata.name}`.
fn variables(container: &Node<'_, '_>) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let env = container.get("env");
    for variable in env.items() {
        let name = variable.get("name").text();
        let field = variable.get("valueFrom").get("fieldRef").get("fieldPath").str();
        let value = match (variable.get("value").str(), field) {
            (Some(text), _) => expand(text, &known),
            (None, Some(path)) => format!("{{{path}}}"),
            (None, None) if variable.get("valueFrom").is_set() => "{elsewhere}".to_owned(),
            (None, None) => String::new(),
        };
        known.insert(name.to_owned(), value);
    }
    known
}

/// The longest value that variables are put into: each may hold the one before it twice.
const LONGEST: usize = 1 << 16;

fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = text.to_owned();
    for name in references(text) {
        if let Some(value) = known.get(name).filter(|_| expanded.len() < LONGEST) {
            expanded = expanded.replacen(&format!("$({name})"), value, 1);
        }
    }
    expanded
}

/// The setting that an image makes of a variable: `KAFKA_LOG_DIRS` is `log.dirs`.
fn setting_of(variable: &str, process: Process) -> Option<String> {
    const NO_SETTINGS: [&str; 6] = [
        "HEAP_OPTS",
        "OPTS",
        "JMX_OPTS",
        "JVM_PERFORMANCE_OPTS",
        "GC_LOG_OPTS",
        "VERSION",
    ];
    match variable {
        // ZooKeeper's images name theirs otherwise.
        "ZOO_MY_ID" | "ZOOKEEPER_SERVER_ID" => return Some("server.id".to_owned()),
        "ZOO_SERVERS" | "ZOOKEEPER_SERVERS" => return Some("servers".to_owned()),
        "ZOO_DATA_DIR" | "ZOOKEEPER_DATA_DIR" => return Some("dataDir".to_owned()),
        _ => {}
    }
    let rest = variable.strip_prefix(process.prefix())?;
    (!NO_SETTINGS.contains(&rest) && !rest.starts_with("LOG4J_")).then(|| {
        rest.replace("___", "-")
            .replace("__", "\u{1}")
            .replace('_', ".")
            .replace('\u{1}', "_")
            .to_ascii_lowercase()
    })
}

/// The settings that rules ask for; the others are not kept.
pub(super) fn is_judged(key: &str) -> bool {
    const JUDGED: [&str; 16] = [
        "process.roles",
        "node.id",
        "broker.id",
        "log.dirs",
        "log.dir",
        "dataDir",
        "controller.quorum.voters",
        "controller.quorum.bootstrap.servers",
        "zookeeper.connect",
        "listeners",
        "advertised.listeners",
        "auto.create.topics.enable",
        "host.name",
        "rest.advertised.host.name",
        "bootstrap.servers",
        "group.id",
    ];
    JUDGED.contains(&key)
        || key
            .strip_prefix("server.")
            .is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The lines of a Java property file, as far as Kafka's files use the format.
pub(super) fn properties(text: &str) -> Vec<Property> {
    text.lines()
        .zip(0..)
        .map(|(line, row)| (line.trim_start(), row))
        .filter(|(line, _)| !line.starts_with(['#', '!']))
        .filter_map(|(line, row)| {
            let (key, value) = line.split_once(['=', ':'])?;
            Some(Property {
                key: key.trim_end().to_owned(),
                value: value.trim().to_owned(),
                row,
            })
        })
        .collect()
}

/// The names of the series that the rules of a JMX agent make. A name with a captured part ends in `*` where the part begins.
pub(super) fn agent_metrics(rules: &str) -> Vec<String> {
    let lower = rules.lines().any(|line| line.trim() == "lowercaseOutputName: true");
    rules
        .lines()
        .filter_map(|line| {
            line.trim_start()
                .trim_start_matches("- ")
                .trim_start()
                .strip_prefix("name:")
        })
        .map(|name| name.trim().trim_matches(['"', '\'']))
        .filter(|name| !name.is_empty())
        .map(|name| {
            let name = match name.split_once('$') {
                Some((before, _)) => format!("{before}*"),
                None => name.to_owned(),
            };
            if lower { name.to_ascii_lowercase() } else { name }
        })
        .collect()
}

/// The metrics of Kafka in an expression: names that begin with `kafka_`, outside of label matchers and lists of labels.
pub(super) fn expression_metrics(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = expression.as_bytes();
    let (mut index, mut braces, mut quote) = (0, 0_usize, None);
    let mut labels_follow = false;
    while index < bytes.len() {
        let c = bytes[index];
        if let Some(end) = quote {
            match c {
                b'\\' => index += 1,
                _ if c == end => quote = None,
                _ => {}
            }
            index += 1;
            continue;
        }
        match c {
            b'"' | b'\'' | b'`' => quote = Some(c),
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            b'(' if labels_follow => {
                // by (…), on (…): names of labels.
                index += expression[index..].find(')').unwrap_or(0);
                labels_follow = false;
            }
            _ if c.is_ascii_alphabetic() || c == b'_' => {
                let start = index;
                while index < bytes.len()
                    && (bytes[index].is_ascii_alphanumeric() || matches!(bytes[index], b'_' | b':'))
                {
                    index += 1;
                }
                let word = &expression[start..index];
                labels_follow = matches!(
                    word,
                    "by" | "without" | "on" | "ignoring" | "group_left" | "group_right"
                );
                if braces == 0 && word.starts_with("kafka_") && !found.iter().any(|known| known == word) {
                    found.push(word.to_owned());
                }
                continue;
            }
            b' ' | b'\n' | b'\t' => {}
            _ => labels_follow = false,
        }
        index += 1;
    }
    found
}

/// The names of Kafka Exporter, from its source.
pub(super) const EXPORTER_METRICS: &[&str] = &[
    "kafka_brokers",
    "kafka_broker_info",
    "kafka_topic_partitions",
    "kafka_topic_partition_current_offset",
    "kafka_topic_partition_oldest_offset",
    "kafka_topic_partition_in_sync_replica",
    "kafka_topic_partition_leader",
    "kafka_topic_partition_leader_is_preferred",
    "kafka_topic_partition_replicas",
    "kafka_topic_partition_under_replicated_partition",
    "kafka_consumergroup_current_offset",
    "kafka_consumergroup_current_offset_sum",
    "kafka_consumergroup_lag",
    "kafka_consumergroup_lag_sum",
    "kafka_consumergroup_lag_zookeeper",
    "kafka_consumergroup_members",
    "kafka_consumergroupzookeeper_lag_zookeeper",
    "kafka_exporter_build_info",
];

/// Addresses that a container connects to: in its variables, its arguments and the commands that it runs.
pub(super) fn container_addresses(container: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let env = container.get("env");
    for variable in env.items() {
        let value = variable.get("value");
        if let Some(text) = value.str().filter(|text| text.contains(':')) {
            let named = is_address_key(&variable.get("name").text().to_ascii_lowercase().replace('_', "."));
            scan(text, named, &value, addresses);
        }
    }
    for list in ["command", "args"] {
        let list = container.get(list);
        let mut named = false;
        for word in list.items() {
            let text = word.text();
            let flag = text.starts_with("--bootstrap-server")
                || text.starts_with("--kafka.server")
                || text.starts_with("--zookeeper");
            if !text.contains(':') {
                named = flag;
                continue;
            }
            if text.contains(char::is_whitespace) {
                // A script: only what follows such a flag, and what is a full name.
                let mut follows = false;
                for part in text.split_whitespace() {
                    let flag = part.starts_with("--bootstrap-server") || part.starts_with("--zookeeper");
                    scan(part, follows || flag, &word, addresses);
                    follows = flag;
                }
            } else {
                scan(text, named || flag, &word, addresses);
            }
            named = false;
        }
    }
}

/// Addresses in a setting of a property file.
pub(super) fn setting_addresses(property: &Property, file: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    let Property { key, value, row } = property;
    // Members of a quorum have a rule of their own.
    if value.contains(':') && key != "controller.quorum.voters" && !key.starts_with("server.") {
        let first = addresses.len();
        scan(value, is_address_key(key), file, addresses);
        for address in &mut addresses[first..] {
            address.row = Some(*row);
        }
    }
}

/// Whether a setting of this name holds addresses that are connected to.
fn is_address_key(key: &str) -> bool {
    [
        "bootstrap.servers",
        "zookeeper.connect",
        "registry.url",
        "kafka.server",
        "kafka.brokers",
    ]
    .iter()
    .any(|part| key.contains(part))
}

/// `host:port` in a text: a full name of a Service anywhere, a short one only where an address is expected.
fn scan(text: &str, short_too: bool, place: &Node<'_, '_>, addresses: &mut Vec<Address>) {
    for (colon, _) in text.match_indices(':') {
        let before = &text[..colon];
        let start = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c))
            .map_or(0, |index| {
                index + before[index..].chars().next().map_or(1, char::len_utf8)
            });
        let host = &before[start..];
        let digits: String = text[colon + 1..].chars().take_while(char::is_ascii_digit).collect();
        let after = text[colon + 1 + digits.len()..].chars().next();
        // What stands before is a variable, or belongs to a longer word.
        let continued = before[..start].ends_with(['}', ')', '$', '_', '{', '@']);
        let Ok(number) = digits.parse::<i64>() else { continue };
        let full = host.split('.').nth(2) == Some("svc") || host.split('.').nth(3) == Some("svc");
        let short = short_too
            && host.starts_with(|c: char| c.is_ascii_lowercase())
            && host.split('.').count() <= 3
            && host != "localhost";
        let ends = after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != ':');
        if !continued && ends && (full || short) {
            let address = Address {
                host: host.to_owned(),
                port: number,
                pointer: place.pointer(),
                row: None,
            };
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_an_expression_are_neither_labels_nor_text() {
        for (expression, expected) in [
            (
                "sum by (kafka_cluster) (rate(kafka_a_total{kafka_cluster=\"kafka_x\"}[5m])) > 1",
                vec!["kafka_a_total"],
            ),
            (
                "kafka_brokers < on(kafka_cluster) group_left kafka_b",
                vec!["kafka_brokers", "kafka_b"],
            ),
            ("up == 0", vec![]),
        ] {
            assert_eq!(expression_metrics(expression), expected, "{expression}");
        }
    }

    #[test]
    fn addresses_are_found_where_something_connects() {
        let found = |text: &str, short| {
            let mut addresses = Vec::new();
            scan(text, short, &Node::root(&serde_json::Value::Null), &mut addresses);
            addresses
                .into_iter()
                .map(|address| format!("{}:{}", address.host, address.port))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("kafka:9092,b.c:1", true), ["kafka:9092", "b.c:1"]);
        assert_eq!(found("kafka:9092", false), Vec::<String>::new());
        assert_eq!(
            found("http://a.b.svc.cluster.local:8081/x", false),
            ["a.b.svc.cluster.local:8081"]
        );
        assert_eq!(found("a-0.b.c.svc:1", false), ["a-0.b.c.svc:1"]);
        assert_eq!(
            found("${env:POD_NAME}.b.c.svc:1 localhost:1 :9092 1:2 ü:3", true),
            Vec::<String>::new()
        );
    }

    #[test]
    fn settings_are_what_the_images_make_of_variables() {
        for (variable, setting) in [
            ("KAFKA_LOG_DIRS", Some("log.dirs")),
            ("KAFKA_A__B", Some("a_b")),
            ("KAFKA_A___B", Some("a-b")),
            ("KAFKA_HEAP_OPTS", None),
            ("ZOO_MY_ID", Some("server.id")),
            ("PATH", None),
        ] {
            assert_eq!(setting_of(variable, Process::Broker).as_deref(), setting, "{variable}");
        }
    }
}
