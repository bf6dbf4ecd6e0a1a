//! The construct: connectors of a group, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::connector::Connector;
use crate::{
    catalogue::Role,
    connect::ConnectHandle,
    construct::{Check, Claim, Construct, Edge, Flow, Meta, User},
    context::Context,
    diagnostics::{Rule, rules::connector},
    handbook::{Chapter, Task},
    kafka::TopicHandle,
    manifest::Object,
    observability::Owned,
    security::{Acl, RestClient},
    settings::Reader,
    workload::{PodOptions, Pods},
};

/// Connectors of a Connect group, declared in one place.
///
/// When the declaration changes, a Job asks Connect whether it takes each configuration, creates and changes what differs, waits until all
/// tasks run, and restarts those that fail, a few times. It leaves connectors alone that are not declared.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
/// );
/// let topics = stack.add(
///     Topics::new("kafka-topics", &kafka)
///         .topic(Topic::new("orders", 12, Cleanup::delete_after(7.days())))
///         .topic(Topic::new("search.dlq", 1, Cleanup::delete_after(30.days()))),
/// );
/// let connect = stack.add(
///     Connect::new("kafka-connect", &kafka)
///         .plugin(Plugin::built_in("search", ["com.example.SearchSink"]))
///         .secret("search"),
/// );
/// stack.add(
///     Connectors::new("connectors", &connect).connector(
///         Connector::new("orders-to-search", ConnectorClass::sink("com.example.SearchSink"))
///             .topics([&topics.topic("orders")])
///             .tasks(3)
///             .dead_letters(&topics.topic("search.dlq"))
///             .secret("connection.password", SecretKey::new("search", "password")),
///     ),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let declared = manifests.get("connectors/configmap-connectors.yaml").unwrap();
/// assert!(declared.contains("orders-to-search state=RUNNING"));
/// assert!(declared.contains(r#""connection.password": "${dir:/etc/kafka-connect-secrets/search:password}""#));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Connectors {
    pub(super) meta: Meta,
    pub(super) connect: ConnectHandle,
    pub(super) connectors: Vec<Connector>,
    pub(super) removed: Vec<String>,
    pub(super) options: PodOptions,
}

impl Connectors {
    /// Connectors of this group; there are none yet. `name` is the name of the Job, to which a hash is added.
    #[track_caller]
    pub fn new(name: impl Into<String>, connect: &ConnectHandle) -> Self {
        Self {
            meta: Meta::new(name),
            connect: connect.clone(),
            connectors: Vec::new(),
            removed: Vec::new(),
            options: PodOptions::default(),
        }
    }

    /// Declares a connector.
    pub fn connector(mut self, connector: Connector) -> Self {
        self.connectors.push(connector);
        self
    }

    /// Declares several connectors.
    pub fn connectors(mut self, connectors: impl IntoIterator<Item = Connector>) -> Self {
        self.connectors.extend(connectors);
        self
    }

    /// Deletes a connector that is no longer declared. Its offsets stay in Kafka, and one of the same name goes on from there.
    pub fn removed(mut self, name: impl Into<String>) -> Self {
        self.removed.push(name.into());
        self
    }

    fn check_names(&self, check: &mut Check<'_>) {
        /// Of a key of a ConfigMap, less the extension.
        const LONGEST: usize = 240;
        let fits = |name: &str| {
            let is_word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_word)
        };
        let declared = self.connectors.iter().map(|one| (one.name.as_str(), one.location));
        let removed = self.removed.iter().map(|name| (name.as_str(), self.meta.location));
        for (name, location) in declared.chain(removed).filter(|(name, _)| !fits(name)) {
            let message = format!("the name {name:?} is not 1 to {LONGEST} letters, digits, `.`, `_` or `-`");
            check.report(&connector::NAME, message, |finding| {
                finding.item(name).at(location).hint("choose another name");
            });
        }
        for name in &self.removed {
            if self.connectors.iter().any(|one| one.name == *name) {
                let message = format!("connector `{name}` is declared, and also to be removed");
                check.report(&connector::NAME, message, |finding| {
                    finding.item(name).hint(format!("remove `.removed(\"{name}\")`"));
                });
            }
        }
    }

    fn check_plugins(&self, one: &Connector, check: &mut Check<'_>) {
        for class in one.classes().into_iter().filter(|class| !self.connect.has_class(class)) {
            let message = format!("no declared plugin of `{}` brings `{class}`", self.connect.name());
            report(
                one,
                check,
                &connector::PLUGIN,
                message,
                "declare what brings it by `.plugin(…)` of the `Connect`",
            );
        }
    }

    fn check_topics(&self, one: &Connector, check: &mut Check<'_>) {
        let cluster = self.connect.cluster();
        let used = one.reads.iter().chain(&one.writes).chain(&one.dead_letters);
        for topic in used {
            if topic.cluster().bootstrap_servers() == cluster.bootstrap_servers() {
                topic.check(check);
                continue;
            }
            let (name, other) = (topic.name(), topic.cluster().name());
            let message = format!(
                "topic `{name}` is of cluster `{other}`, and the workers use `{}`",
                cluster.name()
            );
            report(
                one,
                check,
                &connector::TOPICS,
                message,
                "name a topic of the workers' cluster",
            );
        }
        let wrong = match (one.is_sink(), one.reads.is_empty(), one.writes.is_empty()) {
            (true, true, _) => Some(("a sink without topics", "add `.topics(…)`")),
            (true, _, false) => Some(("a sink writes no topics", "remove `.writes(…)`")),
            (false, false, _) => Some(("a source reads no topics", "remove `.topics(…)`")),
            (false, _, true) => Some(("a source that writes where nothing is declared", "add `.writes(…)`")),
            _ => None,
        };
        if let Some((message, hint)) = wrong {
            report(one, check, &connector::TOPICS, message, hint);
        }
        if one.dead_letters.is_some() && !one.is_sink() {
            let message = "only sinks have a topic of dead letters";
            report(
                one,
                check,
                &connector::DEAD_LETTERS,
                message,
                "remove `.dead_letters(…)`",
            );
        }
        let partitions: Option<Vec<u32>> = one.reads.iter().map(TopicHandle::partitions).collect();
        let most = partitions.and_then(|partitions| partitions.into_iter().max());
        if let Some(most) = most.filter(|most| one.is_sink() && one.tasks > *most) {
            let message = format!("{} tasks read topics of at most {most} partitions", one.tasks);
            report(one, check, &connector::TASKS, message, &format!("use `.tasks({most})`"));
        }
    }

    fn check_support(&self, one: &Connector, check: &mut Check<'_>) {
        if one.exactly_once && one.is_sink() {
            let message = "exactly-once support is that of sources";
            report(
                one,
                check,
                &connector::EXACTLY_ONCE,
                message,
                "remove `.exactly_once()`",
            );
        } else if one.exactly_once && !self.connect.is_exactly_once() {
            let message = format!("the workers of `{}` have no exactly-once support", self.connect.name());
            let hint =
                "use `.exactly_once_source(ExactlyOnceSource::Enabled)` of the `Connect`, or remove `.exactly_once()`";
            report(one, check, &connector::EXACTLY_ONCE, message, hint);
        }
        if let Some(policy) = self.connect.override_policy().filter(|policy| *policy != "All") {
            const OF_PRINCIPAL: [&str; 3] = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];
            for (key, _) in one.all_settings().properties().iter() {
                let Some((_, own)) = key.split_once(".override.") else {
                    continue;
                };
                if policy != "Principal" || !OF_PRINCIPAL.contains(&own) {
                    let message = format!("the workers' policy `{policy}` refuses `{key}`");
                    let hint = "remove it, or the policy from `.config(…)` of the `Connect`";
                    report(one, check, &connector::OVERRIDE, message, hint);
                }
            }
        }
        let secrets: BTreeSet<&str> = one.secrets.iter().map(|(_, key)| key.secret.as_str()).collect();
        for secret in secrets.into_iter().filter(|secret| !self.connect.has_secret(secret)) {
            let message = format!(
                "the workers of `{}` do not have the Secret `{secret}`",
                self.connect.name()
            );
            let hint = format!("add `.secret(\"{secret}\")` to the `Connect`");
            report(one, check, &connector::SECRET_ABSENT, message, &hint);
        }
        let converters = [&one.key_converter, &one.value_converter].into_iter().flatten();
        let registries: BTreeMap<&str, &RestClient> = converters
            .filter_map(|converter| converter.registry.as_ref())
            .map(|registry| (registry.name(), registry))
            .collect();
        for (name, registry) in registries {
            if !self.connect.gets_into(registry) {
                let workers = self.connect.name();
                let message =
                    format!("registry `{name}` is closed, and the workers of `{workers}` do not have its Secrets");
                let hint = format!("add `.avro(…)` with the handle of `{name}` to the `Connect`");
                report(one, check, &connector::SECRET_ABSENT, message, &hint);
            }
        }
    }

    fn check_steps(one: &Connector, check: &mut Check<'_>) {
        let mut names = BTreeSet::new();
        for transform in &one.transforms {
            if transform.name.is_empty() || !names.insert(&transform.name) {
                let message = format!("two transforms are called `{}`", transform.name);
                report(
                    one,
                    check,
                    &connector::TRANSFORM,
                    message,
                    "give each a name of its own in `Transform::new`",
                );
            }
        }
        let mut names = BTreeSet::new();
        for predicate in one.predicates() {
            if !names.insert(&predicate.name) {
                let message = format!("two predicates are called `{}`", predicate.name);
                report(
                    one,
                    check,
                    &connector::TRANSFORM,
                    message,
                    "give each a name of its own in `Predicate::new`",
                );
            }
        }
    }
}

fn report(one: &Connector, check: &mut Check<'_>, rule: &'static Rule, message: impl Into<String>, hint: &str) {
    check.report(rule, message, |finding| {
        finding.item(&one.name).at(one.location).hint(hint);
    });
}

/// The options of the Job's pod.
impl Pods for Connectors {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

/// Declared connectors of a stack: monitoring watches their groups and dead letters with this handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorsHandle {
    pub(super) name: String,
    pub(super) connect: ConnectHandle,
    pub(super) owned: Vec<Owned>,
    pub(super) acls: Vec<Acl>,
}

impl ConnectorsHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Construct for Connectors {
    type Handle = ConnectorsHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) -> ConnectorsHandle {
        ConnectorsHandle {
            name: self.meta.name.clone(),
            connect: self.connect.clone(),
            owned: self.owned(),
            acls: self.acls(),
        }
    }

    fn claims(&self) -> Vec<Claim> {
        let cluster = self.connect.cluster().bootstrap_servers();
        let names = self.connectors.iter().map(|one| {
            Claim::new(
                "connector",
                self.connect.url(),
                &one.name,
                &connector::NAME,
                one.location,
            )
            .item(&one.name)
        });
        let groups = self.connectors.iter().filter(|one| one.is_sink()).map(|one| {
            Claim::new("group", cluster, one.group_name(), &connector::GROUP, one.location)
                .item(&one.name)
                .hint("give each sink a group of its own: remove `.group(…)`")
        });
        names.chain(groups).collect()
    }

    fn edges(&self) -> Vec<Edge> {
        let cluster = self.connect.cluster().bootstrap_servers();
        let edge = |topic: &TopicHandle, flow, one: &Connector| Edge::new(cluster, topic.name(), flow, one.location);
        let mut edges = Vec::new();
        for one in &self.connectors {
            for topic in &one.reads {
                let flow = Flow::Reads {
                    group: one.group_name(),
                    uncommitted: !self.connect.reads_committed(),
                };
                edges.push(edge(topic, flow, one));
            }
            for topic in one.writes.iter().chain(&one.dead_letters) {
                let transactional = one.exactly_once && !one.is_sink();
                edges.push(edge(topic, Flow::Writes { transactional }, one));
            }
        }
        edges
    }

    fn users(&self) -> Vec<User> {
        self.connect.user(self.acls()).into_iter().collect()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.connect.check(check);
        self.options.check_of_job(check, self.meta.location);
        if self.connectors.is_empty() && self.removed.is_empty() {
            check.report(&connector::NONE, "no connector is declared", |finding| {
                finding.hint("add `.connector(Connector::new(…))`");
            });
        }
        self.check_names(check);
        for one in &self.connectors {
            let reader = Reader {
                role: if one.is_sink() { Role::Sink } else { Role::Source },
                version: self.connect.version(),
                item: &one.name,
            };
            reader.check(check, &one.all_settings());
            self.check_plugins(one, check);
            self.check_topics(one, check);
            self.check_support(one, check);
            Self::check_steps(one, check);
        }
    }

    fn chapter(&self, context: &Context, _: &[Object]) -> Chapter {
        let ns = &context.namespace;
        let symptoms = self.connectors.iter().map(|one| {
            let owner = one
                .owner
                .as_ref()
                .map(|owner| format!(" ({owner})"))
                .unwrap_or_default();
            Task::new(format!("Connector {}{owner} moves no records", one.name))
                .run(self.connect.asked(ns, &format!("/connectors/{}/status", one.name)))
                .runbooks(&["KafkaConnectConnectorFailed", "KafkaConnectTaskFailed"])
        });
        Chapter {
            symptoms: symptoms.collect(),
            ..Chapter::default()
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        self.objects(context)
    }
}
