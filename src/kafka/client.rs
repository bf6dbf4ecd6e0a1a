//! Client settings: property files that applications mount. Exactly-once delivery depends on client settings, not on
//! settings of topics.

use std::{borrow::Cow, collections::BTreeMap};

use k8s_openapi::api::core::v1::ConfigMap;

use super::{
    connection::{ClientRole, Identity},
    handle::KafkaHandle,
    replication::Compression,
};
use crate::{
    catalogue::Role,
    construct::{Check, Construct, Meta},
    context::Context,
    diagnostics::{Location, rules::client},
    manifest::Object,
    quantity::{Bytes, Duration, Units},
    settings::{Reader, Settings},
    workload::{Labels, config_map},
};

/// Property files for clients of which no more is known, in one ConfigMap that applications mount. What is known of an
/// application, as its topics and its owner, is said by an [`Application`](crate::application::Application), which has
/// files of its own.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
/// );
/// stack.add(
///     Clients::new("kafka-clients", &kafka)
///         .producer(Producer::transactional("billing-producer", "billing"))
///         .consumer(Consumer::read_committed("billing-consumer")),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let files = manifests.get("kafka-clients/configmap-kafka-clients.yaml").unwrap();
/// assert!(files.contains("transactional.id=billing-${env:POD_NAME}"));
/// assert!(files.contains("isolation.level=read_committed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Clients {
    meta: Meta,
    kafka: KafkaHandle,
    producers: Vec<Producer>,
    consumers: Vec<Consumer>,
}

impl Clients {
    /// Clients of this cluster; there are no files yet. `name` is the ConfigMap's name.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            meta: Meta::new(name),
            kafka: kafka.clone(),
            producers: Vec::new(),
            consumers: Vec::new(),
        }
    }

    /// Adds `<name>.properties` for a producer.
    pub fn producer(mut self, producer: Producer) -> Self {
        self.producers.push(producer);
        self
    }

    /// Adds `<name>.properties` for a consumer.
    pub fn consumer(mut self, consumer: Consumer) -> Self {
        self.consumers.push(consumer);
        self
    }

    fn files(&self) -> Vec<ClientFile<'_>> {
        let producers = self
            .producers
            .iter()
            .map(|producer| producer.file(&self.kafka, Identity::Undeclared));
        let consumers = self
            .consumers
            .iter()
            .map(|consumer| consumer.file(&self.kafka, Identity::Undeclared));
        producers.chain(consumers).collect()
    }
}

/// A producer whose acknowledged records are written exactly once and survive the loss of a broker.
///
/// Other settings have Kafka's defaults, except those that [`Producer::idempotent`] lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Producer {
    name: String,
    transactional_id: Option<String>,
    linger: Duration,
    request_timeout: Duration,
    delivery_timeout: Duration,
    settings: Settings,
    location: Location,
}

impl Producer {
    /// A producer whose retries neither lose, repeat nor reorder a record: `acks=all`, idempotence, at most five
    /// requests in flight. A delivery timeout of 120 s, a request timeout of 30 s, and a linger of 5 ms (Kafka's
    /// defaults since 4.0).
    ///
    /// If most replicas of a partition are lost at once, the producer may have to start a new sequence, and a record
    /// may then be written twice (seen with Kafka 3.9.2 after two of three brokers were killed). Transactions prevent
    /// that.
    #[track_caller]
    pub fn idempotent(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            transactional_id: None,
            linger: 5.milliseconds(),
            request_timeout: 30.seconds(),
            delivery_timeout: 120.seconds(),
            settings: Settings::default(),
            location: Location::caller(),
        }
    }

    /// An idempotent producer with transactions: consumers that read only committed records see either all or none of
    /// what a transaction writes to several partitions.
    ///
    /// `transactional.id` is `<prefix>-${env:POD_NAME}`: two producers with the same id fence each other, so each pod
    /// has its own. Give the application an environment variable `POD_NAME` from `metadata.name`. Use a StatefulSet,
    /// whose pods have stable names, if it has to finish its own transactions after a restart.
    #[track_caller]
    pub fn transactional(name: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            transactional_id: Some(transactional_id(&prefix.into())),
            ..Self::idempotent(name)
        }
    }

    /// The same producer with transactions, as [`Producer::transactional`].
    pub(crate) fn with_transactions(mut self, prefix: &str) -> Self {
        self.transactional_id = Some(transactional_id(prefix));
        self
    }

    /// Its file, if it belongs to an application: what the application decides cannot be set by name.
    pub(crate) fn file_of(&self, who: Identity<'_>, kafka: &KafkaHandle) -> ClientFile<'_> {
        let mut file = self.file(kafka, who);
        let application = who.of_application().map(str::to_owned);
        file.settings.own("client.id", application, APPLICATION);
        file
    }

    fn file(&self, kafka: &KafkaHandle, who: Identity<'_>) -> ClientFile<'_> {
        ClientFile {
            role: Role::Producer,
            name: self.name.as_str().into(),
            settings: self.all_settings(kafka, who),
            location: self.location,
        }
    }

    /// `compression.type`.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.settings
            .set(".compression(…)", "compression.type", compression.of_producer());
        self
    }

    /// `batch.size`: the largest batch of records for one partition, in memory.
    pub fn batch_size(mut self, size: Bytes) -> Self {
        self.settings.set(".batch_size(…)", "batch.size", size.get());
        self
    }

    /// `linger.ms`: how long a batch waits to be filled.
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// `request.timeout.ms`: how long one attempt may take.
    pub const fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// `delivery.timeout.ms`: how long a record may take from `send` to its acknowledgement, all attempts included. Use
    /// 30 s or more: the loss of a broker is detected only after 9 s.
    pub const fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = timeout;
        self
    }

    /// Any other producer setting by its Kafka name. A key that a builder call or the kind of producer sets is an
    /// error.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    fn all_settings(&self, kafka: &KafkaHandle, who: Identity<'_>) -> Settings {
        let mut settings = self.settings.clone();
        own_connection(&mut settings, kafka, who);
        settings
            .own("acks", "all".to_owned(), "it is `all`")
            .own("enable.idempotence", "true".to_owned(), "it is `true`")
            .own(
                "max.in.flight.requests.per.connection",
                "5".to_owned(),
                "it is 5, the most that keeps records in order",
            )
            .own("linger.ms", self.linger.as_millis().to_string(), "use `.linger(…)`")
            .own(
                "request.timeout.ms",
                self.request_timeout.as_millis().to_string(),
                "use `.request_timeout(…)`",
            )
            .own(
                "delivery.timeout.ms",
                self.delivery_timeout.as_millis().to_string(),
                "use `.delivery_timeout(…)`",
            )
            .own(
                "transactional.id",
                self.transactional_id.clone(),
                "use `Producer::transactional`",
            )
            .reserve("use `.batch_size(…)`", ["batch.size"])
            .reserve("use `.compression(…)`", ["compression.type"])
            .reserve("retries end with `.delivery_timeout(…)`", ["retries"]);
        if self.transactional_id.is_some() {
            settings.resolve_environment();
        }
        settings
    }
}

/// What an application's clients are called.
const APPLICATION: &str = "it is the name in `Application::new`";

/// The `transactional.id` of each pod.
fn transactional_id(prefix: &str) -> String {
    format!("{prefix}-${{env:POD_NAME}}")
}

/// The settings for connecting to the cluster.
fn own_connection(settings: &mut Settings, kafka: &KafkaHandle, who: Identity<'_>) {
    const CLUSTER: &str = "it is the cluster that these clients are given";
    kafka
        .client_settings(who)
        .own(settings, ClientRole::Application, CLUSTER);
}

/// The file of a client.
pub(crate) struct ClientFile<'a> {
    role: Role,
    /// Without its end.
    name: Cow<'a, str>,
    settings: Settings,
    location: Location,
}

impl ClientFile<'_> {
    /// Tells Confluent's serializers where the registry is. A producer uses the schemas that are there: with
    /// `auto.register.schemas`, which is true by default, any build of it could add another version.
    /// `login` is what they are told of one that is closed.
    pub(crate) fn use_registry(&mut self, url: &str, login: Vec<(&'static str, String)>) {
        const OF_SCHEMAS: &str = "it follows from `Application::avro`";
        self.settings.own("schema.registry.url", url.to_owned(), OF_SCHEMAS);
        if login.iter().any(|(_, value)| value.contains("${dir:")) {
            self.settings.resolve_directories();
        }
        for (key, value) in login {
            self.settings.own(key, value, OF_SCHEMAS);
        }
        if self.role == Role::Producer {
            self.settings
                .own("auto.register.schemas", "false".to_owned(), OF_SCHEMAS);
        }
    }

    /// Reports raw settings that cannot be meant, and names that no file can have.
    pub(crate) fn check_all(files: &[Self], check: &mut Check<'_>, kafka: &KafkaHandle) {
        for file in files {
            let reader = Reader {
                role: file.role,
                version: kafka.version(),
                item: &file.name,
            };
            reader.check(check, &file.settings);
        }
        let mut taken: BTreeMap<&str, Location> = BTreeMap::new();
        for Self { name, location, .. } in files {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let problem = if name.is_empty() || name.len() > 200 || !name.chars().all(allowed) {
                Some(format!(
                    "`{name}` cannot name a file: 1 to 200 letters, digits, `.`, `_` and `-`"
                ))
            } else {
                taken
                    .insert(name, *location)
                    .map(|other| format!("`{name}.properties` is taken by the client of {other}"))
            };
            if let Some(problem) = problem {
                check.report(&client::TWICE, problem, |finding| {
                    finding
                        .item(name.as_ref())
                        .at(*location)
                        .hint("give the client another name");
                });
            }
        }
    }

    /// The files, as the keys of a ConfigMap.
    pub(crate) fn object(files: &[Self], mut map: ConfigMap, kafka: &KafkaHandle) -> Object {
        let texts = files.iter().map(|file| {
            let text = file.settings.properties().to_text();
            (format!("{}.properties", file.name), text)
        });
        map.data = Some(texts.collect());
        let origins = files.iter().flat_map(|file| {
            let field = format!("/data/{}.properties", file.name);
            file.settings.origins(&field, "", &file.name, file.location)
        });
        Object::new(&map).of_version(kafka.version()).with_origins(origins)
    }
}

/// A consumer that reads only committed records and commits its own offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Consumer {
    name: String,
    isolation: &'static str,
    max_poll_interval: Duration,
    session_timeout: Duration,
    settings: Settings,
    location: Location,
}

impl Consumer {
    /// A consumer that does not see aborted records, starts at the beginning, and does not commit offsets
    /// automatically. The application adds its `group.id`. The poll interval is 5 minutes, the session timeout 45 s
    /// (Kafka's defaults).
    #[track_caller]
    pub fn read_committed(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            isolation: "read_committed",
            max_poll_interval: 5.minutes(),
            session_timeout: 45.seconds(),
            settings: Settings::default(),
            location: Location::caller(),
        }
    }

    /// The same consumer, and it also sees records of open and aborted transactions.
    pub(crate) fn uncommitted(mut self) -> Self {
        self.isolation = "read_uncommitted";
        self
    }

    /// The file of an application's consumer in this group, under this name.
    pub(crate) fn file_of<'a>(
        &self,
        who: Identity<'_>,
        name: String,
        group: &str,
        location: Location,
        kafka: &KafkaHandle,
    ) -> ClientFile<'a> {
        let mut settings = self.all_settings(kafka, who);
        let application = who.of_application().map(str::to_owned);
        settings.own("client.id", application, APPLICATION).own(
            "group.id",
            group.to_owned(),
            "it is the group in `Application::consumes`",
        );
        ClientFile {
            role: Role::Consumer,
            name: name.into(),
            settings,
            location,
        }
    }

    fn file(&self, kafka: &KafkaHandle, who: Identity<'_>) -> ClientFile<'_> {
        ClientFile {
            role: Role::Consumer,
            name: self.name.as_str().into(),
            settings: self.all_settings(kafka, who),
            location: self.location,
        }
    }

    /// `max.poll.interval.ms`: how long the application may take between two polls.
    pub const fn max_poll_interval(mut self, interval: Duration) -> Self {
        self.max_poll_interval = interval;
        self
    }

    /// `session.timeout.ms`: how long a member may send no heartbeat. With `group.protocol=consumer` the brokers set it
    /// (`group.consumer.session.timeout.ms`) and a client that sets it does not start, so the file leaves it out.
    pub const fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// `max.poll.records`: the most records that a poll returns.
    pub fn max_poll_records(mut self, records: u32) -> Self {
        self.settings.set(".max_poll_records(…)", "max.poll.records", records);
        self
    }

    /// Any other consumer setting by its Kafka name. A key that a builder call or the kind of consumer sets is an
    /// error.
    #[track_caller]
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push_raw(key, value);
        self
    }

    fn all_settings(&self, kafka: &KafkaHandle, who: Identity<'_>) -> Settings {
        let mut settings = self.settings.clone();
        own_connection(&mut settings, kafka, who);
        settings
            .own(
                "isolation.level",
                self.isolation.to_owned(),
                if self.isolation == "read_committed" {
                    "it is `read_committed`"
                } else {
                    "it is `read_uncommitted`, by `Group::read_uncommitted`"
                },
            )
            .own(
                "enable.auto.commit",
                "false".to_owned(),
                "it is `false`: commit an offset once its record is processed",
            )
            .own(
                "auto.offset.reset",
                "earliest".to_owned(),
                "it is `earliest`, so that nothing is skipped",
            )
            .own(
                "max.poll.interval.ms",
                self.max_poll_interval.as_millis().to_string(),
                "use `.max_poll_interval(…)`",
            )
            .own(
                "session.timeout.ms",
                (!self.brokers_assign()).then(|| self.session_timeout.as_millis().to_string()),
                "use `.session_timeout(…)`",
            );
        settings
    }

    /// Whether the brokers, and not a member, assign partitions and check that members are alive (KIP-848).
    fn brokers_assign(&self) -> bool {
        self.settings
            .raw("group.protocol")
            .is_some_and(|setting| setting.value.trim().eq_ignore_ascii_case("consumer"))
    }
}

impl Construct for Clients {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) {}

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.kafka.check_open(
            check,
            "clients of which nothing is known",
            "declare each as an `Application`, which has an identity and permissions",
        );
        ClientFile::check_all(&self.files(), check, &self.kafka);
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let labels = Labels::new("kafka-clients", &self.meta.name, "");
        let map = config_map(context, &labels, &self.meta.name, []);
        vec![ClientFile::object(&self.files(), map, &self.kafka)]
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{KafkaCluster, Version};

    #[test]
    fn an_idempotent_producer_is_safe_without_a_single_setting() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        assert_snapshot!(Producer::idempotent("p").all_settings(&kafka, Identity::Undeclared).properties().to_text(), @r"
        acks=all
        bootstrap.servers=k:9092
        delivery.timeout.ms=120000
        enable.idempotence=true
        linger.ms=5
        max.in.flight.requests.per.connection=5
        request.timeout.ms=30000
        ");
    }

    #[test]
    fn a_producer_knows_no_compression_of_topics() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        let producer = |compression| {
            Producer::idempotent("p")
                .compression(compression)
                .all_settings(&kafka, Identity::Undeclared)
        };
        assert_eq!(
            producer(Compression::Uncompressed).get("compression.type"),
            Some("none")
        );
        assert_eq!(producer(Compression::Zstd).get("compression.type"), Some("zstd"));
    }

    #[test]
    fn a_consumer_whose_group_is_the_brokers_affair_names_no_session() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "k:9092");
        let file = |consumer: Consumer| consumer.all_settings(&kafka, Identity::Undeclared);
        let consumer = || Consumer::read_committed("c");
        assert_eq!(file(consumer()).get("session.timeout.ms"), Some("45000"));
        assert_eq!(
            file(consumer().config("group.protocol", "Consumer")).get("session.timeout.ms"),
            None
        );
    }
}
