//! The topics of a cluster: a file that declares them, and a Job that applies it.

use k8s_openapi::api::{
    batch::v1::{
        Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
        PodFailurePolicyRule,
    },
    core::v1::ConfigMap,
};

use super::{
    handle::KafkaHandle,
    replication::{Where, check_replication},
    topic::Topic,
};
use crate::{
    capacity::Capacity,
    catalogue::Role,
    construct::{Check, Claim, Construct, Meta},
    context::Context,
    diagnostics::{
        Diagnostic, Location, Origin, Rule,
        rules::{stack, topic},
    },
    manifest::Object,
    name::TopicName,
    quantity::{Duration, Resources, Units},
    settings::{Raw, Reader},
    workload::{
        CONFIG_DIRECTORY, ImageSet, Labels, Mesh, Pod, PodOptions, Pods, Spread, config_map, container, env,
        service_account,
    },
};

const SCRIPT: &str = include_str!("topics.sh");
const SCRIPT_FILE: &str = "topics.sh";
const TOPICS_FILE: &str = "topics.txt";

/// The topics of a cluster, declared in one place.
///
/// When the declaration changes, a Job applies it to the cluster: it creates missing topics, adds partitions, sets
/// changed settings and removes overrides that are no longer declared. It changes only declared topics and never
/// deletes a topic. A change that Kafka cannot make in place (fewer partitions, another replication factor) fails the
/// Job before it changes anything.
///
/// A finished Job is deleted after an hour. Argo CD, or another tool that applies the repository, then creates it
/// again, which reverts changes made by hand. To go back to an earlier declaration within that hour, or to apply by
/// hand, delete the Job first: Kubernetes does not run a Job again that has already ended.
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
            options: PodOptions::default(),
        }
    }

    /// Declares a topic.
    pub fn topic(mut self, topic: Topic) -> Self {
        self.topics.push(topic);
        self
    }

    /// Declares several topics.
    pub fn topics(mut self, topics: impl IntoIterator<Item = Topic>) -> Self {
        self.topics.extend(topics);
        self
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
            let prefix = format!("{} ", topic.name);
            settings.origins(&format!("/data/{TOPICS_FILE}"), &prefix, &topic.name, topic.location)
        })
    }

    fn config(&self, context: &Context) -> ConfigMap {
        config_map(
            context,
            &self.labels(),
            &self.meta.name,
            [(TOPICS_FILE, self.declaration()), (SCRIPT_FILE, SCRIPT.to_owned())],
        )
    }

    fn job(&self, context: &Context, config: &ConfigMap) -> Job {
        let images = self.kafka.images();
        let labels = self.labels();
        let mut converge = container(
            "topics",
            images.kafka(),
            Resources::range(200.millicores()..=1.cores(), 512.mib()..=512.mib()),
            ["bash".to_owned(), format!("{CONFIG_DIRECTORY}/{SCRIPT_FILE}")],
        );
        converge.env = Some(vec![
            env("BOOTSTRAP_SERVERS", self.kafka.client_settings().bootstrap_servers()),
            env("BROKERS", self.kafka.brokers().unwrap_or(1).to_string()),
            env("KAFKA_CONFIGS", images.command("kafka-configs")),
            env("KAFKA_TOPICS", images.command("kafka-topics")),
            env("LOG_DIR", "/tmp"),
            env("TOPICS_FILE", format!("{CONFIG_DIRECTORY}/{TOPICS_FILE}")),
        ]);
        let mut template = Pod {
            labels: &labels,
            service_account: &self.meta.name,
            user: ImageSet::USER,
            config: Some(config),
            wait: None,
            init_containers: Vec::new(),
            container: converge,
            grace_period: Duration::from_seconds(10),
            spread: Spread::Preferred,
            mesh: Mesh::Excluded,
            options: &self.options,
        }
        .template(context);
        if let Some(pod) = &mut template.spec {
            pod.restart_policy = Some("Never".to_owned());
            // As ordinary containers they would prevent the Job from completing.
            let mut sidecars = pod.containers.split_off(1);
            for sidecar in &mut sidecars {
                sidecar.restart_policy = Some("Always".to_owned());
            }
            pod.init_containers = (!sidecars.is_empty()).then_some(sidecars);
            // There is only one pod, so there is nothing to spread.
            pod.affinity = None;
            pod.topology_spread_constraints = None;
        }
        Job {
            metadata: labels.metadata(context, &self.meta.name),
            spec: Some(JobSpec {
                ttl_seconds_after_finished: Some(3600),
                // Six attempts, each of which waits ten minutes for the brokers, and the time between them.
                active_deadline_seconds: Some(5400),
                backoff_limit: Some(6),
                pod_failure_policy: Some(PodFailurePolicy {
                    rules: vec![
                        // A wrong file, or a change that Kafka rejects: a retry does not help.
                        PodFailurePolicyRule {
                            action: "FailJob".to_owned(),
                            on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                                container_name: Some("topics".to_owned()),
                                operator: "In".to_owned(),
                                values: vec![2, 3],
                            }),
                            on_pod_conditions: None,
                        },
                        // A drained node does not count as a failed attempt.
                        PodFailurePolicyRule {
                            action: "Ignore".to_owned(),
                            on_exit_codes: None,
                            on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                                status: "True".to_owned(),
                                type_: "DisruptionTarget".to_owned(),
                            }]),
                        },
                    ],
                }),
                template,
                ..JobSpec::default()
            }),
            status: None,
        }
    }

    fn check_topic(&self, check: &mut Check<'_>, topic: &Topic) {
        let report = |check: &mut Check<'_>, rule: &'static Rule, message: String, hint: String| {
            check.report(rule, message, |finding: &mut Diagnostic| {
                finding.item(&topic.name).at(topic.location).hint(hint);
            });
        };
        if let Err(error) = TopicName::parse(&topic.name) {
            report(
                check,
                &topic::NAME,
                format!("topic name {error}"),
                "choose another name in `Topic::new`".to_owned(),
            );
        } else if topic.name.starts_with("__") {
            report(
                check,
                &topic::RESERVED,
                format!("`{}` begins with `__`, as Kafka's internal topics do", topic.name),
                "choose another name in `Topic::new`".to_owned(),
            );
        }
        // More than this is a typing error: a whole cluster has at most 200,000 (KIP-578).
        if !(1..=99_999).contains(&topic.partitions) {
            report(
                check,
                &topic::PARTITIONS,
                format!("a topic has 1 to 99999 partitions, not {}", topic.partitions),
                "give `Topic::new` another number".to_owned(),
            );
        }
        self.check_sizes(
            &mut |rule, message, hint: &str| report(check, rule, message, hint.to_owned()),
            topic,
        );
        if topic.cleanup.keeps_nothing() {
            report(
                check,
                &topic::NOTHING_KEPT,
                "the retention is 0: nothing is kept".to_owned(),
                "use `Cleanup::delete_after(…)` with more than 0, or `Cleanup::keep()`".to_owned(),
            );
        }
        // The cluster's default was checked with the cluster.
        if let Some(replication) = topic.replication {
            let place = Where {
                item: &topic.name,
                location: topic.location,
                call: "Topic::replication(…)",
            };
            check_replication(check, replication, self.kafka.brokers(), &place);
        }
        check_overrides(check, topic);
        let reader = Reader {
            role: Role::Topic,
            version: self.kafka.version(),
            item: &topic.name,
        };
        reader.check(check, &topic.all_settings(self.kafka.replication()));
    }
}

/// The options of the Job's pod.
impl Pods for Topics {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Topics {
    fn check_pod(&self, check: &mut Check<'_>) {
        self.options.check(check, "", self.meta.location);
        let kubernetes = check.context().kubernetes;
        if !self.options.sidecars.is_empty() && !kubernetes.has_sidecar_containers() {
            let message = format!("the sidecar of a Job needs Kubernetes 1.29, and the stack is for {kubernetes}");
            check.report(&stack::KUBERNETES_VERSION, message, |finding| {
                finding.hint("use `.kubernetes(Kubernetes::V1_29)` of the stack, or remove `.sidecar(…)`");
            });
        }
    }

    /// Compares sizes and ages with each other, and with the settings of the brokers.
    fn check_sizes(&self, report: &mut dyn FnMut(&'static Rule, String, &str), topic: &Topic) {
        let defaults = self.kafka.log_defaults();
        let bytes = |key: &str| topic.settings.number(key).map(Units::bytes);
        if let Some(batch) = bytes("max.message.bytes") {
            let segment = bytes("segment.bytes").unwrap_or(defaults.segment);
            if batch > segment {
                let message = format!("max.message.bytes {batch} does not fit into a segment of {segment}");
                report(
                    &topic::SIZES,
                    message,
                    "lower `.largest_batch(…)` or raise `.segment_size(…)`",
                );
            }
            if let Some(request) = self.kafka.setting("socket.request.max.bytes").map(Units::bytes)
                && batch > request
            {
                let message =
                    format!("max.message.bytes {batch} does not fit into the brokers' largest request of {request}");
                report(
                    &topic::SIZES,
                    message,
                    "lower `.largest_batch(…)` or raise `.largest_request(…)` of the cluster",
                );
            }
            if let Some(fetch) = self.kafka.setting("replica.fetch.max.bytes").map(Units::bytes)
                && batch > fetch
            {
                let message =
                    format!("max.message.bytes {batch} exceeds the {fetch} that a follower fetches at a time");
                // Kafka reads it as a signed 32-bit number.
                let hint = match i32::try_from(batch.get()) {
                    Ok(bytes) => format!("use `.config(\"replica.fetch.max.bytes\", {bytes})` of the cluster"),
                    Err(_) => format!("use `.largest_batch(…)` with {fetch} or less"),
                };
                report(&topic::FETCH_SIZE, message, &hint);
            }
        }
        // The settings of an external cluster's brokers are unknown.
        let age = topic
            .settings
            .number("segment.ms")
            .map(Duration::from_millis)
            .or_else(|| self.kafka.brokers().map(|_| defaults.segment_age));
        if let (Some(retention), Some(age)) = (topic.cleanup.age(), age)
            && retention.as_millis() > 0
            && age.as_millis() / 7 > retention.as_millis()
        {
            let message = format!("records live up to {age}, not {retention}: only a closed segment is deleted");
            let hint = format!("use `.segment_age(…)` with {retention} or less");
            report(&topic::SEGMENT_AGE, message, &hint);
        }
        if topic.cleanup.compacts()
            && let Some(setting) = topic.settings.raw("remote.storage.enable")
            && setting.value.trim().eq_ignore_ascii_case("true")
        {
            let message = "a compacted topic cannot have tiered storage".to_owned();
            report(
                &topic::CONTRADICTION,
                message,
                "remove `.config(\"remote.storage.enable\", …)`",
            );
        }
    }
}

fn check_overrides(check: &mut Check<'_>, topic: &Topic) {
    let mut report = |rule: &'static Rule, location: Location, message: String, hint: &str| {
        check.report(rule, message, |finding| {
            finding.item(&topic.name).at(location).hint(hint);
        });
    };
    let lag = |wanted: &str| {
        let setting = topic.settings.raw(wanted)?;
        Some((setting.value.parse::<u64>().ok()?, setting.location))
    };
    if let (Some((least, _)), Some((most, location))) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"))
        && least > most
    {
        let message = format!("min.compaction.lag.ms {least} exceeds max.compaction.lag.ms {most}");
        report(&topic::LAGS, location, message, "lower the one or raise the other");
    }
    for Raw { key, value, location } in topic.settings.all_raw() {
        // The declaration has one line per setting.
        if value.chars().any(|c| !c.is_ascii() || c.is_ascii_control()) {
            let message = format!("the value {value:?} of `{key}` is not a line of printable ASCII");
            report(&topic::CONTRADICTION, *location, message, "remove the other characters");
        }
    }
}

/// Declared topics of a stack: monitoring watches their Job with this handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicsHandle {
    name: String,
}

impl TopicsHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.name
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
        }
    }

    fn claims(&self) -> Vec<Claim> {
        self.topics
            .iter()
            .map(|topic| self.kafka.claim_topic(&topic.name, topic.location))
            .collect()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.check_pod(check);
        if self.topics.is_empty() {
            check.report(&topic::NONE, "no topic is declared", |finding| {
                finding.hint("add `.topic(Topic::new(…))`, or remove the construct");
            });
        }
        for topic in &self.topics {
            self.check_topic(check, topic);
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let config = self.config(context);
        let job = self.job(context, &config);
        vec![
            Object::new(&service_account(context, &self.labels(), &self.meta.name)),
            Object::new(&config)
                .of_version(self.kafka.version())
                .with_origins(self.origins()),
            Object::new(&job).named_by_content(),
        ]
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
    use crate::prelude::{Cleanup, KafkaCluster, Replication, Stack, Version, synth};

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
