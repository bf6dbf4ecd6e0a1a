//! The topics of a cluster: a file that declares them, a Job that applies it, and a `CronJob` that applies it again every hour.

use std::sync::Arc;

use k8s_openapi::api::{batch::v1::JobSpec, core::v1::ConfigMap};

use super::{
    connection::Identity,
    handle::KafkaHandle,
    job::{self, Credentials, Hourly},
    teams::{self, Team, TeamFiles, TeamTopics},
    topic::{DEAD_LETTERS, Declared, DeclaredTopic, Topic, TopicHandle},
};
use crate::{
    capacity::Capacity,
    catalogue::Role,
    construct::{Check, Claim, Construct, Edge, Flow, Meta},
    context::Context,
    diagnostics::{Author, Location, Origin, rules::topic},
    handbook::{Chapter, Task, code},
    manifest::Object,
    nearest::nearest,
    observability,
    settings::{Raw, Reader},
    workload::{CONFIG_DIRECTORY, Labels, PodOptions, Pods, Step, config_map, container, env, service_account},
};

const SCRIPT: &str = include_str!("topics.sh");
/// When the `CronJob` runs: every hour, and not at its start, when much else does.
const SCHEDULE: &str = "17 * * * *";
const SCRIPT_FILE: &str = "topics.sh";
const TOPICS_FILE: &str = "topics.txt";

/// The topics of a cluster, declared in one place.
///
/// When the declaration changes, a Job applies it to the cluster: it creates missing topics, adds partitions, sets
/// changed settings and removes overrides that are no longer declared. It changes only declared topics and never
/// deletes a topic. A change that Kafka cannot make in place (fewer partitions, another replication factor) fails the
/// Job before it changes anything.
///
/// The Job's name ends in a digest of the declaration, so a change of it is another Job, which runs at once. A finished Job stays,
/// a failed one with its log. A `CronJob` applies the same declaration every hour, whoever deploys the stack: it reverts
/// what was changed by hand, and applies a declaration whose Job has run before, such as an earlier one.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
/// );
/// stack.add(
///     Topics::new("kafka-topics", &kafka)
///         .topic(Topic::new("orders", 12, Cleanup::delete_after(7.days())))
///         .topics(["created", "paid"].map(|event| Topic::new(format!("orders.{event}"), 6, Cleanup::compact()))),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let declared = manifests.get("kafka-topics/configmap-kafka-topics.yaml").unwrap();
/// assert!(declared.contains("orders.paid cleanup.policy=compact"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Topics {
    meta: Meta,
    kafka: KafkaHandle,
    topics: Vec<Topic>,
    of_teams: TeamTopics,
    options: PodOptions,
}

impl Topics {
    /// Topics of this cluster; there are none yet. `name` is the name of the Job, to which a hash is added.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            meta: Meta::new(name),
            kafka: kafka.clone(),
            topics: Vec::new(),
            of_teams: TeamTopics::default(),
            options: PodOptions::default(),
        }
    }

    /// Declares a topic.
    pub fn topic(mut self, topic: Topic) -> Self {
        let beside: Vec<Topic> = topic.beside().collect();
        self.topics.push(topic);
        self.topics.extend(beside);
        self
    }

    /// Declares several topics.
    pub fn topics(self, topics: impl IntoIterator<Item = Topic>) -> Self {
        topics.into_iter().fold(self, Self::topic)
    }

    /// Declares the topics that teams write themselves, in files, within the limits of each team. A file of a folder that is
    /// not that of a team is a finding. For the cluster it makes no difference which of the two declares a topic.
    pub fn teams(mut self, files: &TeamFiles, teams: impl IntoIterator<Item = Team>) -> Self {
        let teams: Vec<Team> = teams.into_iter().collect();
        let read = teams::read(files, &teams, self.kafka.replication());
        self.of_teams.findings.extend(read.findings);
        self.of_teams.owned.extend(read.owned);
        self.topics(read.topics)
    }

    fn labels(&self) -> Labels {
        Labels::new("kafka-topics", &self.meta.name, "job")
    }

    /// One setting per line, so that each line of a diff names its topic.
    fn declaration(&self) -> String {
        let mut lines = Vec::new();
        let mut topics: Vec<&Topic> = self.topics.iter().collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        for topic in topics {
            let replication = topic.replication.unwrap_or(self.kafka.replication());
            lines.push(format!("{} partitions={}", topic.name, topic.partitions));
            lines.push(format!("{} replication.factor={}", topic.name, replication.factor));
            for (key, value) in topic.all_settings(self.kafka.replication()).properties().iter() {
                lines.push(format!("{} {key}={value}", topic.name));
            }
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    /// Which line of the stack each line of the declaration came from.
    fn origins(&self) -> impl Iterator<Item = Origin> {
        self.topics.iter().flat_map(|topic| {
            let settings = topic.all_settings(self.kafka.replication());
            let field = format!("/data/{TOPICS_FILE}");
            let prefix = format!("{} ", topic.name);
            let mut origins = settings.origins(&field, &prefix, &topic.name, topic.location);
            let replication = topic.replication.unwrap_or(self.kafka.replication());
            // The replication of an external cluster is said with the cluster.
            let (call, item, location) = match (topic.replication, self.kafka.location()) {
                (None, Some(location)) => (".with_replication(…)", self.kafka.name(), location),
                _ => ("Topic::replication(…)", topic.name.as_str(), topic.location),
            };
            let own = |key: &str, value: String, call, item: &str, location| Origin {
                field: field.clone(),
                setting: format!("{prefix}{key}"),
                value,
                item: item.to_owned(),
                location,
                author: Author::Call(call),
            };
            let (factor, least) = (replication.factor, replication.min_in_sync_replicas);
            let lines = [
                own(
                    "partitions",
                    topic.partitions.to_string(),
                    "Topic::new",
                    &topic.name,
                    topic.location,
                ),
                own("replication.factor", factor.to_string(), call, item, location),
                own("min.insync.replicas", least.to_string(), call, item, location),
            ];
            // They are the construct's in the settings, which know no line of an external cluster.
            origins.retain(|origin| lines.iter().all(|line| line.setting != origin.setting));
            origins.extend(lines);
            if let Some(written) = &topic.written {
                for origin in &mut origins {
                    let key = origin.setting.rsplit(' ').next().unwrap_or_default();
                    let (location, key) = written.of(key).unwrap_or((topic.location, "name"));
                    (origin.location, origin.author) = (location, Author::File(key));
                    topic.name.clone_into(&mut origin.item);
                }
            }
            origins
        })
    }

    fn config(&self, context: &Context) -> ConfigMap {
        config_map(
            context,
            &self.labels(),
            &self.meta.name,
            [(TOPICS_FILE, self.declaration()), (SCRIPT_FILE, SCRIPT.to_owned())]
                .into_iter()
                .chain(self.credentials().file),
        )
    }

    /// The Job is the administrator.
    fn credentials(&self) -> Credentials {
        self.kafka.credentials(Identity::Admin)
    }

    fn job(&self, context: &Context, config: &ConfigMap) -> JobSpec {
        let images = self.kafka.images();
        let mut container = container(
            "topics",
            images.kafka(),
            job::RESOURCES,
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}")],
        );
        let connection = self.kafka.client_settings(Identity::Admin);
        let credentials = self.credentials();
        let mut environment = vec![
            env("BOOTSTRAP_SERVERS", connection.bootstrap_servers()),
            env("BROKERS", self.kafka.brokers().unwrap_or(1).to_string()),
            env("KAFKA_CONFIGS", images.command("kafka-configs")),
            env("KAFKA_TOPICS", images.command("kafka-topics")),
            env("LOG_DIR", "/tmp"),
            env("TOPICS_FILE", format!("{CONFIG_DIRECTORY}/{TOPICS_FILE}")),
        ];
        environment.extend(credentials.env.clone());
        container.env = Some(environment);
        let step = Step {
            labels: &self.labels(),
            service_account: &self.meta.name,
            config,
            container,
            options: &credentials.with(&self.options),
        };
        step.job(context)
    }

    fn check_topic(&self, check: &mut Check<'_>, topic: &Topic) {
        // Each setting is a line, which the rules for finished objects judge. This is what would break the line.
        if !is_word(&topic.name) || topic.name.starts_with('#') {
            let message = format!("the topic name {:?} cannot be a word in a line", topic.name);
            check.report(&topic::NAME, message, |finding| {
                finding
                    .item(&topic.name)
                    .at(topic.location)
                    .hint("choose another name in `Topic::new`")
                    .yaml_hint("choose another `name`");
            });
        }
        for Raw { key, value, location } in topic.settings.all_raw() {
            if value.contains(char::is_control) {
                let message = format!("the value {value:?} of `{key}` is not a line");
                check.report(&topic::LINE, message, |finding| {
                    finding
                        .item(&topic.name)
                        .at(*location)
                        .hint("remove the other characters");
                });
            }
        }
        let reader = Reader {
            role: Role::Topic,
            version: self.kafka.version(),
            item: &topic.name,
        };
        reader.check(check, &topic.all_settings(self.kafka.replication()));
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The options of the Job's pod.
impl Pods for Topics {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

/// Declared topics of a stack: monitoring watches their Job with this handle, and what uses a topic gets it from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicsHandle {
    name: String,
    kafka: KafkaHandle,
    topics: Arc<[DeclaredTopic]>,
    /// Topics of dead letters that a team owns.
    owned: Vec<(String, String)>,
}

impl TopicsHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The topics of dead letters that a team owns, with the owner of each.
    pub(crate) fn owned_by_teams(&self) -> &[(String, String)] {
        &self.owned
    }

    /// The declared loads: topic and records per second.
    pub(super) fn loads(&self) -> impl Iterator<Item = (String, u64)> {
        self.topics
            .iter()
            .filter_map(|topic| Some((topic.name.clone(), topic.load?.records.get())))
    }

    /// The declared topics, with their partitions and the groups that read them.
    pub(super) fn sizes(&self) -> impl Iterator<Item = observability::DeclaredTopic> {
        self.topics.iter().map(|topic| observability::DeclaredTopic {
            name: topic.name.clone(),
            partitions: topic.partitions,
            groups: topic.load.and_then(|load| load.groups).unwrap_or_default().into(),
        })
    }

    /// The names of its topics of dead letters.
    pub(crate) fn dead_letters(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(|topic| topic.name.as_str()).filter(|name| {
            name.strip_suffix(DEAD_LETTERS)
                .is_some_and(|source| source.ends_with('.'))
        })
    }

    /// One of the topics, for what writes or reads it. A name that is not declared is a finding of the construct that is
    /// given the handle.
    #[track_caller]
    pub fn topic(&self, name: impl Into<String>) -> TopicHandle {
        let name = name.into();
        let declared = if self.topics.iter().any(|topic| topic.name == name) {
            Declared::Here
        } else {
            let near = nearest(&name, self.topics.iter().map(|topic| topic.name.as_str()));
            Declared::Missing(near.map(str::to_owned))
        };
        TopicHandle {
            name,
            kafka: self.kafka.clone(),
            declared,
            set: Arc::clone(&self.topics),
            location: Location::caller(),
        }
    }
}

impl Construct for Topics {
    type Handle = TopicsHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) -> TopicsHandle {
        TopicsHandle {
            name: self.meta.name.clone(),
            kafka: self.kafka.clone(),
            owned: self.of_teams.owned.clone(),
            topics: self
                .topics
                .iter()
                .map(|topic| DeclaredTopic {
                    name: topic.name.clone(),
                    partitions: topic.partitions,
                    load: topic.load,
                })
                .collect(),
        }
    }

    fn edges(&self) -> Vec<Edge> {
        let cluster = self.kafka.bootstrap_servers();
        self.topics
            .iter()
            .map(|topic| Edge::new(cluster, &topic.name, Flow::Declares, topic.location))
            .collect()
    }

    fn claims(&self) -> Vec<Claim> {
        self.topics
            .iter()
            .map(|topic| self.kafka.claim_topic(&topic.name, topic.location))
            .collect()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.options.check_of_job(check, self.meta.location);
        for finding in &self.of_teams.findings {
            check.add(finding.clone(), |_| {});
        }
        for topic in &self.topics {
            self.check_topic(check, topic);
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let config = self.config(context);
        let applied = Hourly {
            labels: &self.labels(),
            name: &self.meta.name,
            schedule: SCHEDULE,
            job: self.job(context, &config),
        };
        let declared = [
            Object::new(&service_account(context, &self.labels(), &self.meta.name)),
            Object::new(&config)
                .of_version(self.kafka.version())
                .with_origins(self.origins()),
        ];
        declared.into_iter().chain(applied.objects(context)).collect()
    }

    fn chapter(&self, context: &Context, _: &[Object]) -> Chapter {
        let (name, ns) = (&self.meta.name, &context.namespace);
        let owned = self.of_teams.owned.iter();
        Chapter {
            topics: owned
                .map(|(topic, team)| (topic.clone(), format!("of team {}", code(team))))
                .collect(),
            symptoms: vec![
                Task::new("A topic is missing, or differs from the stack")
                    .say("The Job of declared topics runs every hour. At once:")
                    .run([
                        format!("kubectl -n {ns} create job --from=cronjob/{name} {name}-now"),
                        format!("until kubectl -n {ns} logs -f job/{name}-now; do sleep 2; done"),
                        format!("kubectl -n {ns} delete job {name}-now"),
                    ])
                    .runbooks(&["KafkaTopicsJobFailed"]),
            ],
            ..Chapter::default()
        }
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            topics: self
                .topics
                .iter()
                .filter_map(|topic| self.kafka.demand(topic))
                .collect(),
            ..Capacity::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{Cleanup, KafkaCluster, Replication, Stack, Units, Version, synth};

    fn declared(topics: impl IntoIterator<Item = Topic>) -> Topics {
        Topics::new("topics", &KafkaCluster::external("k", Version::V4_3, "k:9092")).topics(topics)
    }

    fn job_name(topics: Topics) -> String {
        let mut stack = Stack::new("test", "streams");
        stack.add(topics);
        let manifests = synth(&stack).manifests.unwrap();
        let job = manifests.get("topics/job-topics.yaml").unwrap();
        job.lines()
            .find(|line| line.starts_with("  name: "))
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_declaration_is_sorted_and_each_policy_has_its_settings() {
        let topics = declared([
            Topic::new("d.size", 1, Cleanup::delete_after(1.gib())),
            Topic::new("c.audit", 1, Cleanup::keep()).replication(Replication::new(5, 3)),
            Topic::new("b.both", 1, Cleanup::compact_and_delete_after(30.days())).segment_age(1.hours()),
            Topic::new("a.state", 6, Cleanup::compact()).config("min.compaction.lag.ms", 60_000),
        ]);
        assert_snapshot!(topics.declaration(), @r"
        a.state partitions=6
        a.state replication.factor=3
        a.state cleanup.policy=compact
        a.state min.compaction.lag.ms=60000
        a.state min.insync.replicas=2
        b.both partitions=1
        b.both replication.factor=3
        b.both cleanup.policy=compact,delete
        b.both min.insync.replicas=2
        b.both retention.ms=2592000000
        b.both segment.ms=3600000
        c.audit partitions=1
        c.audit replication.factor=5
        c.audit cleanup.policy=delete
        c.audit min.insync.replicas=3
        c.audit retention.bytes=-1
        c.audit retention.ms=-1
        d.size partitions=1
        d.size replication.factor=3
        d.size cleanup.policy=delete
        d.size min.insync.replicas=2
        d.size retention.bytes=1073741824
        d.size retention.ms=-1
        ");
    }

    #[test]
    fn another_declaration_is_another_job_and_the_same_one_is_the_same() {
        let week = || declared([Topic::new("orders", 1, Cleanup::delete_after(7.days()))]);
        let day = declared([Topic::new("orders", 1, Cleanup::delete_after(1.days()))]);
        assert_eq!(job_name(week()), job_name(week()));
        assert_ne!(job_name(week()), job_name(day));
    }
}
