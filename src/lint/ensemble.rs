//! Kafka and its company as sets of pods: what keeps them from starting, loses data, or opens them to everyone.

use serde_json::Value;

use super::{
    facts::{Detail, Facts, Target, Workload},
    graph::{Set, guards, has_pod},
    kafka::{Kafka, POD_NAME, Process, Property, Setting},
    syntax::split_tag,
};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::rules::{identity, pod};

pub(super) fn check(set: &mut Set<'_>) {
    for (index, facts, workload) in set.workloads() {
        restricted(set, index, facts, workload);
        mesh(set, index, facts, workload);
        let Some(kafka) = &workload.kafka else {
            create_only(set, index, facts, workload);
            continue;
        };
        let member = Member {
            index,
            facts,
            workload,
            kafka,
            settings: settings(set, facts, kafka),
        };
        member.check(set);
    }
    cluster_ids(set);
}

/// A pod of the Kafka family in its set, with all of its settings.
struct Member<'a> {
    index: usize,
    facts: &'a Facts,
    workload: &'a Workload,
    kafka: &'a Kafka,
    settings: std::collections::BTreeMap<String, Setting>,
}

/// The environment's settings, and those of the property files that the start command names.
fn settings(set: &Set<'_>, facts: &Facts, kafka: &Kafka) -> std::collections::BTreeMap<String, Setting> {
    let mut settings = kafka.settings.clone();
    let start = kafka.start();
    for (map, path) in &kafka.files {
        let Some(Detail::Config(config)) = set
            .find("ConfigMap", &facts.identity.namespace, map)
            .map(|found| &found.detail)
        else {
            continue;
        };
        for (file, pairs) in &config.properties {
            let named = start.contains(&format!("{path}/{file}"))
                || start.contains(path.as_str()) && path.ends_with(file.as_str());
            if !named {
                continue;
            }
            for Property { key, value, row } in pairs {
                settings.entry(key.to_owned()).or_insert_with(|| Setting {
                    value: kafka.resolve(value),
                    pointer: format!("/data/{}", file.replace('~', "~0").replace('/', "~1")),
                    row: Some(*row),
                    config: Some(map.clone()),
                });
            }
        }
    }
    settings
}

impl Member<'_> {
    fn check(&self, set: &mut Set<'_>) {
        self.service_links(set);
        self.entrypoint(set);
        self.named_user(set);
        self.volume_owner(set);
        self.cluster_id(set);
        match self.kafka.process {
            Process::Broker | Process::ZooKeeper => {
                self.log_dirs(set);
                self.patience(set);
                self.quorum_start(set);
                self.ids(set);
                self.voters(set);
                self.advertised(set);
                self.auto_creation(set);
                self.guarded(set);
            }
            Process::Registry | Process::Connect => self.host_name(set),
        }
    }

    fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    /// Reports at a setting, in the pod or in the ConfigMap that has it.
    fn at<'s>(
        &self,
        set: &'s mut Set<'_>,
        setting: &Setting,
        rule: &'static crate::diagnostics::Rule,
        message: String,
    ) -> &'s mut Diagnostic {
        let place = setting
            .config
            .as_ref()
            .and_then(|map| set.index("ConfigMap", &self.facts.identity.namespace, map));
        let finding = set.add(place.unwrap_or(self.index), setting.pointer.clone(), rule, message);
        finding.place.row = setting.row;
        finding
    }

    fn is_set_of_names(&self) -> bool {
        self.facts.identity.kind == "StatefulSet"
    }

    fn image(&self) -> &str {
        split_tag(self.kafka.image.split('@').next().unwrap_or_default()).0
    }

    /// Whether the pod takes part in a vote: a controller, or a server of ZooKeeper.
    fn votes(&self) -> bool {
        match self.kafka.process {
            Process::ZooKeeper => true,
            _ => self
                .get("process.roles")
                .is_some_and(|roles| roles.value.contains("controller")),
        }
    }

    fn service_links(&self, set: &mut Set<'_>) {
        let name = self.kafka.process.fatal_service();
        if !(self.kafka.entrypoint && self.kafka.service_links) {
            return;
        }
        let found = set
            .find("Service", &self.facts.identity.namespace, name)
            .and_then(Facts::service);
        if found.is_some_and(|service| !service.headless && !service.external) {
            let variable = format!("{}_PORT", name.to_ascii_uppercase().replace('-', "_"));
            set.add(
                self.index,
                "/spec/template/spec",
                &pod::SERVICE_LINKS,
                format!("the Service `{name}` gives container `{}` the variable {variable}, which its image takes for a setting and ends on", self.kafka.container),
            )
            .hint("set `enableServiceLinks: false` in the pod");
        }
    }

    fn entrypoint(&self, set: &mut Set<'_>) {
        if !self.kafka.entrypoint {
            return;
        }
        let folder = match self.image() {
            image if image.contains("confluentinc/") => match self.kafka.process {
                Process::Broker | Process::ZooKeeper => "/etc/kafka",
                Process::Registry => "/etc/schema-registry",
                Process::Connect => "/etc/kafka-connect",
            },
            image if image.contains("apache/kafka") => "/opt/kafka/config",
            _ => return,
        };
        if let Some((map, _)) = self.kafka.files.iter().find(|(_, path)| path == folder) {
            set.add(
                self.index,
                self.kafka.pointer.clone(),
                &pod::ENTRYPOINT_WRITES,
                format!("container `{}` mounts `{map}` over `{folder}`, where the image's entrypoint writes its configuration", self.kafka.container),
            )
            .hint("mount it elsewhere, and start Kafka with that file instead of the entrypoint");
        } else if self.kafka.read_only && !self.kafka.writable.iter().any(|path| folder.starts_with(path.as_str())) {
            set.add(
                self.index,
                self.kafka.pointer.clone(),
                &pod::ENTRYPOINT_WRITES,
                format!(
                    "container `{}` has a read-only root file system, and the image's entrypoint writes to `{folder}`",
                    self.kafka.container
                ),
            )
            .hint("mount an emptyDir there, or start Kafka with a file of your own");
        }
    }

    fn named_user(&self, set: &mut Set<'_>) {
        let image = self.image();
        let tag = split_tag(&self.kafka.image).1.unwrap_or_default();
        let mut version = tag.split('.').map(|part| part.parse::<u32>().unwrap_or(u32::MAX));
        let version = (version.next().unwrap_or(u32::MAX), version.next().unwrap_or(u32::MAX));
        let named = image.ends_with("apache/kafka") || image.contains("confluentinc/cp-") && version <= (8, 2);
        if named && self.kafka.non_root && self.kafka.user.is_none() {
            set.add(
                self.index,
                self.kafka.pointer.clone(),
                &pod::NAMED_USER,
                format!(
                    "container `{}` has to be non-root, and `{}` names its user: the kubelet cannot tell",
                    self.kafka.container, self.kafka.image
                ),
            )
            .hint("set `runAsUser: 1000`");
        }
    }

    fn volume_owner(&self, set: &mut Set<'_>) {
        let image = self.image();
        let non_root = self.kafka.user.is_some_and(|user| user > 0)
            || self.kafka.user.is_none()
                && (self.kafka.non_root || image.contains("confluentinc/") || image.ends_with("apache/kafka"));
        if !self.kafka.claims.is_empty() && non_root && !self.kafka.group {
            set.add(
                self.index,
                "/spec/template/spec/securityContext",
                &pod::VOLUME_OWNER,
                format!(
                    "container `{}` does not run as root, and a new volume belongs to root: it cannot write `{}`",
                    self.kafka.container, self.kafka.claims[0].0
                ),
            )
            .hint("set `fsGroup` to the group of the image's user, `1000`");
        }
    }

    fn cluster_id(&self, set: &mut Set<'_>) {
        for (pointer, command) in &self.kafka.commands {
            if command.contains("random-uuid") {
                set.add(
                    self.index,
                    pointer.clone(),
                    &pod::CLUSTER_ID_MADE,
                    "each pod makes a cluster id of its own with `random-uuid`",
                )
                .hint("make one id, once, and write it down: `kafka-storage random-uuid`");
            }
        }
        let kraft = self.get("process.roles").is_some();
        let image = self.image();
        let official = image.contains("confluentinc/cp-kafka") || image.ends_with("apache/kafka");
        let made = self
            .kafka
            .commands
            .iter()
            .any(|(_, command)| command.contains("kafka-storage"));
        if self.kafka.entrypoint && kraft && official && self.kafka.cluster_id.is_none() && !made {
            set.add(
                self.index,
                self.kafka.pointer.clone(),
                &pod::CLUSTER_ID_MADE,
                format!("container `{}` has no CLUSTER_ID", self.kafka.container),
            )
            .hint("make one id, once, and write it down: `kafka-storage random-uuid`");
        }
        if self.kafka.cluster_id.as_deref() == Some("5L6g3nShT-eMCtK--X86sw") {
            set.add(self.index, self.kafka.pointer.clone(), &pod::CLUSTER_ID_MADE, "the cluster id is the default of the apache/kafka image, which every cluster that forgets its id shares")
                .hint("make one of your own with `kafka-storage random-uuid`");
        }
    }

    fn log_dirs(&self, set: &mut Set<'_>) {
        let kafka = self.kafka.process == Process::Broker;
        let image = self.image();
        let default = if !self.kafka.entrypoint {
            None
        } else if image.contains("confluentinc/") {
            Some(if kafka {
                "/var/lib/kafka/data"
            } else {
                "/var/lib/zookeeper/data"
            })
        } else if kafka && image.contains("apache/kafka") {
            Some("/tmp/kraft-combined-logs")
        } else {
            None
        };
        let setting = if kafka {
            self.get("log.dirs").or(self.get("log.dir"))
        } else {
            self.get("dataDir")
        };
        let value = match (setting, default) {
            (Some(setting), _) => setting.value.clone(),
            (None, Some(default)) => default.to_owned(),
            (None, None) => return,
        };
        let place = setting.cloned().unwrap_or(Setting {
            value: String::new(),
            pointer: self.kafka.pointer.clone(),
            row: None,
            config: None,
        });
        for folder in value
            .split(',')
            .map(|folder| folder.trim().trim_end_matches('/'))
            .filter(|folder| folder.starts_with('/'))
        {
            let within =
                |path: &str| folder == path || folder.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            match self
                .kafka
                .claims
                .iter()
                .filter(|(path, _)| within(path))
                .max_by_key(|(path, _)| path.len())
            {
                None => {
                    self.at(
                        set,
                        &place,
                        &pod::EPHEMERAL_DATA,
                        format!("`{folder}` lies on no claimed volume: its data is gone with the pod"),
                    )
                    .hint("mount a volume claim there");
                }
                Some((path, false)) if kafka && path == folder => {
                    self.at(
                        set,
                        &place,
                        &pod::VOLUME_ROOT,
                        format!("`{folder}` is the root of a volume, whose `lost+found` ends the broker"),
                    )
                    .hint(format!("use a folder below it, as `{folder}/log`"));
                }
                Some(_) => {}
            }
        }
    }

    fn patience(&self, set: &mut Set<'_>) {
        if self.kafka.process != Process::Broker {
            return;
        }
        if self.kafka.liveness && !self.kafka.startup {
            set.add(self.index, self.kafka.pointer.clone(), &pod::RECOVERY, format!("container `{}` has a liveness probe and no startup probe: a broker that recovers its logs is killed", self.kafka.container))
                .hint("add a `startupProbe` with the patience of the longest recovery, as 360 times 10 s");
        }
        let grace = self.kafka.grace.unwrap_or(30);
        if grace < 300 {
            set.add(
                self.index,
                "/spec/template/spec",
                &pod::GRACE,
                format!("a broker is killed after {grace} s, and hands over for up to 300 s"),
            )
            .hint("set `terminationGracePeriodSeconds: 330`");
        }
    }

    fn quorum_start(&self, set: &mut Set<'_>) {
        if !self.is_set_of_names() || self.workload.replicas < 2 || !self.votes() {
            return;
        }
        if !self.workload.parallel {
            set.add(self.index, "/spec", &pod::QUORUM_START, format!("{} members of a quorum start one after the other: the first waits for the second, which is not created before the first is ready", self.workload.replicas))
                .hint("set `podManagementPolicy: Parallel`");
        }
        let service = self.workload.service.clone().unwrap_or_default();
        let namespace = self.facts.identity.namespace.clone();
        if let Some(found) = set.find("Service", &namespace, &service).and_then(Facts::service)
            && found.headless
            && !found.not_ready_too
            && let Some(index) = set.index("Service", &namespace, &service)
        {
            set.add(index, "/spec", &pod::QUORUM_START, format!("members of the quorum `{}` have no address before they are ready, and need each other's to become ready", self.facts.identity.name))
                .hint("set `publishNotReadyAddresses: true`");
        }
    }

    fn ids(&self, set: &mut Set<'_>) {
        for key in ["node.id", "broker.id", "server.id"] {
            let Some(setting) = self.get(key) else { continue };
            if setting.value.contains(POD_NAME) || setting.value.contains("$(") {
                self.at(
                    set,
                    setting,
                    &pod::ID_NOT_A_NUMBER,
                    format!("`{key}` is the name of the pod, and has to be a number"),
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
            } else if !setting.value.contains(['$', '{']) && setting.value.trim().parse::<i64>().is_err() {
                self.at(
                    set,
                    setting,
                    &pod::ID_NOT_A_NUMBER,
                    format!("`{key}` is `{}`, and has to be a number", setting.value),
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
            } else if setting.value.trim().parse::<i64>().is_ok_and(|id| id >= 0) && self.workload.replicas > 1 {
                self.at(
                    set,
                    setting,
                    &pod::ID_SHARED,
                    format!("`{key}` is {} in all {} pods", setting.value, self.workload.replicas),
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
            }
        }
        for (pointer, command) in &self.kafka.commands {
            for key in ["node.id=", "broker.id="] {
                let fixed = command
                    .match_indices(key)
                    .any(|(at, _)| command[at + key.len()..].starts_with(|c: char| c.is_ascii_digit()));
                if fixed && self.workload.replicas > 1 {
                    set.add(
                        self.index,
                        pointer.clone(),
                        &pod::ID_SHARED,
                        format!(
                            "the command writes one `{}` for all {} pods",
                            key.trim_end_matches('='),
                            self.workload.replicas
                        ),
                    )
                    .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
                }
            }
            let named = [
                "node.id=$HOSTNAME",
                "node.id=${HOSTNAME}",
                "node.id=$POD_NAME",
                "node.id=${POD_NAME}",
                "broker.id=$HOSTNAME",
                "broker.id=${HOSTNAME}",
                "KAFKA_BROKER_ID=$HOSTNAME",
                "KAFKA_NODE_ID=$HOSTNAME",
            ];
            if named.iter().any(|text| {
                command
                    .match_indices(text)
                    .any(|(at, _)| !command[at + text.len()..].starts_with(['#', '%']))
            }) {
                set.add(
                    self.index,
                    pointer.clone(),
                    &pod::ID_NOT_A_NUMBER,
                    "the command takes the name of the pod for a node id, which has to be a number",
                )
                .hint("take it from the field `metadata.labels['apps.kubernetes.io/pod-index']`");
            }
        }
    }

    /// The members that a setting lists: id and host.
    fn members(&self) -> Vec<(Option<i64>, String, Setting)> {
        let mut members = Vec::new();
        if let Some(setting) = self.get("controller.quorum.voters") {
            for entry in setting
                .value
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
            {
                let (id, address) = entry.split_once('@').unwrap_or(("", entry));
                let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
                members.push((id.parse().ok(), host.to_owned(), setting.clone()));
            }
        }
        for (key, setting) in &self.settings {
            if let Some(id) = key.strip_prefix("server.").and_then(|id| id.parse::<i64>().ok()) {
                let host = setting.value.split(':').next().unwrap_or_default();
                members.push((Some(id), host.to_owned(), setting.clone()));
            }
        }
        if let Some(setting) = self.get("servers") {
            for entry in setting.value.split([';', ' ']).filter(|entry| !entry.is_empty()) {
                let address = entry.split_once('=').map_or(entry, |(_, address)| address);
                let host = address.split(':').next().unwrap_or_default();
                members.push((None, host.to_owned(), setting.clone()));
            }
        }
        members
    }

    fn voters(&self, set: &mut Set<'_>) {
        let members = self.members();
        if members.is_empty() || members.iter().any(|(_, host, _)| host.contains(['$', '{'])) {
            return;
        }
        let own = &self.facts.identity;
        let mut ids = std::collections::BTreeSet::new();
        let mut ordinals = std::collections::BTreeSet::new();
        for (id, host, setting) in &members {
            if let Some(id) = id
                && !ids.insert(*id)
            {
                self.at(
                    set,
                    setting,
                    &pod::VOTERS,
                    format!("two members of the quorum have the id {id}"),
                )
                .hint("give each member an id of its own");
            }
            let parts: Vec<&str> = host.split('.').collect();
            let (name, service) = (parts[0], parts.get(1).copied().unwrap_or_default());
            let namespace = parts.get(2).copied().unwrap_or(&own.namespace);
            let Some((stem, ordinal)) = name.rsplit_once('-') else {
                continue;
            };
            let Ok(ordinal) = ordinal.parse::<i64>() else { continue };
            if set.find("StatefulSet", namespace, stem).is_none() {
                if set.namespaces.contains(namespace) {
                    self.at(
                        set,
                        setting,
                        &pod::VOTERS,
                        format!("member `{host}` is no pod of these objects"),
                    )
                    .hint("list the pods of the StatefulSet that votes");
                }
                continue;
            }
            if !has_pod(set, namespace, service, name) {
                self.at(
                    set,
                    setting,
                    &pod::VOTERS,
                    format!(
                        "member `{host}` does not exist: the StatefulSet has no such pod, or another Service names it"
                    ),
                )
                .hint("list exactly the pods of the StatefulSet, at the Service in its `serviceName`");
                continue;
            }
            if stem == own.name && namespace == own.namespace {
                ordinals.insert(ordinal);
                let indexed = ["node.id", "broker.id"].iter().any(|key| {
                    self.get(key)
                        .is_some_and(|setting| setting.value == "{metadata.labels['apps.kubernetes.io/pod-index']}")
                });
                if let Some(id) = id.filter(|id| indexed && *id != ordinal) {
                    self.at(
                        set,
                        setting,
                        &pod::VOTERS,
                        format!("member `{host}` is listed with the id {id}, and has the id {ordinal}"),
                    )
                    .hint(format!("write `{ordinal}@{host}`"));
                }
            }
        }
        if self.votes() && self.is_set_of_names() {
            for ordinal in self.workload.first..self.workload.first + self.workload.replicas {
                if !ordinals.contains(&ordinal) {
                    let setting = members[0].2.clone();
                    self.at(
                        set,
                        &setting,
                        &pod::VOTERS,
                        format!("pod `{}-{ordinal}` takes part in the vote, and is not listed", own.name),
                    )
                    .hint("list every pod of the StatefulSet");
                }
            }
        }
    }

    fn advertised(&self, set: &mut Set<'_>) {
        let Some(setting) = self.get("advertised.listeners") else {
            return;
        };
        for listener in setting.value.split(',').map(str::trim) {
            let Some((_, address)) = listener.split_once("://") else {
                continue;
            };
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            let wrong = match host {
                "0.0.0.0" | "" | "[::]" => "every client is refused",
                "localhost" | "127.0.0.1" => "a client connects to itself",
                _ if self.workload.replicas > 1 && !host.contains(['$', '{']) => {
                    "all of its brokers advertise the same address"
                }
                _ => continue,
            };
            self.at(
                set,
                setting,
                &pod::ADVERTISED,
                format!("`advertised.listeners` has `{listener}`: {wrong}"),
            )
            .hint("advertise the pod: `${env:POD_NAME}.<headless Service>.<namespace>.svc.cluster.local`");
        }
    }

    fn auto_creation(&self, set: &mut Set<'_>) {
        let broker = self.kafka.process == Process::Broker
            && self
                .get("process.roles")
                .is_none_or(|roles| roles.value.contains("broker"));
        if !broker || self.settings.is_empty() {
            return;
        }
        let setting = self.get("auto.create.topics.enable");
        if setting.is_some_and(|setting| setting.value.eq_ignore_ascii_case("false")) {
            return;
        }
        let place = setting
            .cloned()
            .or_else(|| self.settings.values().find(|setting| setting.config.is_some()).cloned())
            .unwrap_or(Setting {
                value: String::new(),
                pointer: self.kafka.pointer.clone(),
                row: None,
                config: None,
            });
        self.at(
            set,
            &place,
            &pod::TOPICS,
            "`auto.create.topics.enable` is not `false`: clients create topics by naming them".to_owned(),
        )
        .hint("set `auto.create.topics.enable=false`, and declare the topics");
    }

    fn guarded(&self, set: &mut Set<'_>) {
        let (namespace, labels) = (self.facts.identity.namespace.clone(), &self.workload.pods);
        let (budgets, guarded) = guards(set, &namespace, labels);
        let total = self.workload.replicas;
        let away = budgets.first().map(|budget| match &budget.detail {
            Detail::Budget { least, most, .. } => (least.clone(), most.clone()),
            _ => (None, None),
        });
        if total > 1 {
            match away {
                None => {
                    set.add(
                        self.index,
                        "",
                        &pod::BUDGET,
                        format!("no disruption budget guards these {total} pods: a drain may take them all at once"),
                    )
                    .hint("add a PodDisruptionBudget with `maxUnavailable: 1`");
                }
                Some((least, most)) => {
                    let most = most.as_ref().and_then(Value::as_i64);
                    let least = least.as_ref().and_then(Value::as_i64);
                    if most.is_some_and(|most| most > 1) || least.is_some_and(|least| total.saturating_sub(least) > 1) {
                        set.add(
                            self.index,
                            "",
                            &pod::BUDGET,
                            format!(
                                "the disruption budget of these {total} pods lets a drain take more than one at once"
                            ),
                        )
                        .hint("write `maxUnavailable: 1`");
                    }
                }
            }
        }
        if !guarded {
            set.add(
                self.index,
                "",
                &pod::OPEN,
                "no network policy selects these pods: every pod of the cluster may connect to every port",
            )
            .hint(
                "add a NetworkPolicy that admits clients to the client port, and the cluster's own pods to the others",
            );
        }
    }

    fn host_name(&self, set: &mut Set<'_>) {
        let key = match self.kafka.process {
            Process::Connect => "rest.advertised.host.name",
            _ => "host.name",
        };
        let Some(setting) = self.get(key) else { return };
        if self.is_set_of_names() {
            return;
        }
        if setting.value.contains(POD_NAME) {
            self.at(
                set,
                setting,
                &pod::UNRESOLVED,
                format!(
                    "`{key}` is the name of the pod, which no DNS knows for a {}",
                    self.facts.identity.kind
                ),
            )
            .hint("advertise the field `status.podIP`");
        } else if self.workload.replicas > 1 && !setting.value.contains(['$', '{']) {
            self.at(
                set,
                setting,
                &pod::UNRESOLVED,
                format!(
                    "`{key}` is `{}` in all {} pods: they cannot reach each other",
                    setting.value, self.workload.replicas
                ),
            )
            .hint("advertise the field `status.podIP`");
        }
    }
}

/// Clusters whose pods carry different ids: workloads with the same members of one quorum.
fn cluster_ids(set: &mut Set<'_>) {
    let mut seen: std::collections::BTreeMap<(String, String), (String, usize)> = std::collections::BTreeMap::new();
    for (index, facts, workload) in set.workloads() {
        let Some(kafka) = &workload.kafka else { continue };
        let settings = settings(set, facts, kafka);
        let (Some(voters), Some(id)) = (settings.get("controller.quorum.voters"), &kafka.cluster_id) else {
            continue;
        };
        let key = (facts.identity.namespace.clone(), voters.value.clone());
        match seen.get(&key) {
            Some((other, first)) if other != id => {
                let message = format!(
                    "its cluster id is `{id}`, and that of `{}` in the same quorum `{other}`",
                    set.facts[*first].identity.name
                );
                set.add(index, kafka.pointer.clone(), &pod::CLUSTER_ID_MADE, message)
                    .hint("give all nodes of a cluster one id");
            }
            Some(_) => {}
            None => {
                seen.insert(key, (id.clone(), index));
            }
        }
    }
}

/// A Job that creates topics and never looks at them again.
fn create_only(set: &mut Set<'_>, index: usize, facts: &Facts, workload: &Workload) {
    if facts.identity.kind != "Job" && facts.identity.kind != "CronJob" {
        return;
    }
    for (pointer, command) in &workload.commands {
        if command.contains("kafka-topics")
            && command.contains("--create")
            && !command.contains("--alter")
            && !command.contains("kafka-configs")
        {
            set.add(
                index,
                pointer.clone(),
                &pod::TOPICS,
                "the Job creates topics and changes none: a changed declaration never reaches a topic that exists",
            )
            .hint("compare each topic with its declaration, and alter what differs");
        }
    }
}

/// Pods of a namespace that enforces the restricted level, and pods of the Kafka family anywhere.
fn restricted(set: &mut Set<'_>, index: usize, facts: &Facts, workload: &Workload) {
    if workload.violations.is_empty() {
        return;
    }
    let enforced = match set
        .find("Namespace", "", &facts.identity.namespace)
        .map(|found| &found.detail)
    {
        Some(Detail::Namespace { restricted, .. }) => *restricted,
        _ => false,
    };
    if enforced || workload.kafka.is_some() {
        let shown: Vec<&str> = workload.violations.iter().map(String::as_str).take(4).collect();
        let more = workload.violations.len() - shown.len();
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        let who = if enforced {
            "the namespace refuses its pods"
        } else {
            "its pods have more rights than they need"
        };
        set.add(
            index,
            "/spec/template/spec",
            &pod::RESTRICTED,
            format!("{who}: {}{more}", shown.join(", ")),
        )
        .hint("see the restricted level of the Pod Security Standards");
    }
}

fn mesh(set: &mut Set<'_>, index: usize, facts: &Facts, workload: &Workload) {
    let namespace = facts.identity.namespace.clone();
    let injects = matches!(
        set.find("Namespace", "", &namespace).map(|found| &found.detail),
        Some(Detail::Namespace { injects: true, .. })
    );
    let injected = workload.injected.unwrap_or(injects);
    if !injected {
        return;
    }
    if facts.identity.kind == "Job" || facts.identity.kind == "CronJob" {
        set.add(
            index,
            "/spec/template/metadata",
            &identity::MESH_JOB,
            "its pods get a sidecar, which runs on when the Job is done",
        )
        .hint("give them the label `sidecar.istio.io/inject: \"false\"`");
    }
    if let Some(pointer) = &workload.proxy_user {
        set.add(
            index,
            pointer.clone(),
            &identity::MESH_USER,
            "a container runs as user 1337, whose traffic bypasses the proxy",
        )
        .hint("choose another `runAsUser`");
    }
    let Some(kafka) = workload
        .kafka
        .as_ref()
        .filter(|kafka| matches!(kafka.process, Process::Broker | Process::ZooKeeper))
    else {
        return;
    };
    if workload.injected.is_none() {
        set.add(
            index,
            "/spec/template/metadata",
            &identity::MESH_UNDECIDED,
            format!(
                "namespace `{namespace}` injects a sidecar, and container `{}` speaks a protocol that it does not know",
                kafka.container
            ),
        )
        .hint("give the pods the label `sidecar.istio.io/inject: \"false\"`, or \"true\" if that is meant");
        return;
    }
    let services: Vec<&Facts> = set
        .facts
        .iter()
        .copied()
        .filter(|other| other.identity.namespace == namespace)
        .filter(|other| {
            other
                .service()
                .and_then(|service| service.selector.as_ref())
                .is_some_and(|selector| super::syntax::selects(selector, &workload.pods))
        })
        .collect();
    for port in &workload.ports {
        let declared = services
            .iter()
            .filter_map(|other| other.service())
            .flat_map(|service| &service.ports)
            .find(|known| {
                known.target == Target::Number(port.number) || known.target == Target::Name(port.name.clone())
            });
        let spoken = |name: &str| {
            let protocol = name.split('-').next().unwrap_or_default();
            ["tcp", "tls", "http", "https", "grpc", "mongo", "redis"].contains(&protocol)
        };
        let message = match declared {
            None => format!(
                "port {} of the pods is in no Service, so the sidecar lets it through without mTLS",
                port.number
            ),
            Some(known) if !spoken(&known.name) && known.protocol.is_empty() => {
                format!(
                    "port {} is called `{}`, which tells the sidecar no protocol",
                    port.number, known.name
                )
            }
            Some(_) => continue,
        };
        set.add(index, "/spec/template/spec", &identity::MESH_PORT, message)
            .hint("declare every port in the headless Service, and call it `tcp-…`");
    }
}
