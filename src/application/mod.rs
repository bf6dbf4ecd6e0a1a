//! Applications: what one declaration of the topics that an application uses leads to.

mod check;
mod construct;
mod monitored;
mod secured;

use crate::{
    construct::{Edge, Flow, Meta},
    diagnostics::Location,
    kafka::{ClientFile, Consumer, KafkaHandle, Producer, Subject, TopicHandle},
    observability::Owned,
    quantity::{Duration, Units},
    schemas::SchemasHandle,
    security::{Acl, Principal, Quota, RestClient},
    workload::Access,
};

/// An application that writes and reads topics of a cluster.
///
/// From its topics follow: the files that its clients read, in a ConfigMap `<name>-kafka`; its consumer groups, which no other
/// application of the stack may use; a network policy that lets its pods connect, if the cluster's listener is not open; the
/// limits and the owner of the alerts on its lag, once [`Monitoring`](crate::monitoring::Monitoring) watches its handle; and
/// its place in `tree`.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3)),
/// );
/// let topics = stack.add(
///     Topics::new("topics", &kafka)
///         .topic(Topic::new("calls", 12, Cleanup::delete_after(7.days())).dead_letters())
///         .topic(Topic::new("transactions", 12, Cleanup::delete_after(30.days()))),
/// );
/// let (calls, transactions) = (topics.topic("calls"), topics.topic("transactions"));
/// stack.add(Application::new("telephony", &kafka).produces(&calls));
/// let billing = stack.add(
///     Application::new("billing", &kafka)
///         .owner("payments")
///         .on_call("payments-primary")
///         .pods([("app", "billing")])
///         .produces(&transactions)
///         .transactional("billing")
///         .consumes(&calls, Group::named("billing").within(30.seconds()))
///         .dead_letters(),
/// );
/// stack.add(Monitoring::new("monitoring", &kafka).watch(&topics).watch(&billing));
///
/// let manifests = synth(&stack).manifests.unwrap();
/// let files = manifests.get("billing/configmap-billing-kafka.yaml").unwrap();
/// assert!(files.contains("transactional.id=billing-${env:POD_NAME}"));
/// assert!(files.contains("group.id=billing"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Application {
    meta: Meta,
    kafka: KafkaHandle,
    owner: Option<String>,
    on_call: Option<String>,
    pods: Option<Access>,
    outside: Option<(String, Location)>,
    subject: Option<Subject>,
    producer: Producer,
    consumer: Consumer,
    transactional: Option<(String, Location)>,
    produces: Vec<TopicHandle>,
    consumes: Vec<(TopicHandle, Group)>,
    dead_letters: Option<DeadLetters>,
    retries: Option<Location>,
    avro: Option<(SchemasHandle, Location)>,
    acls: Vec<Acl>,
    quota: Quota,
}

/// Where an application writes what it could not process.
#[derive(Clone, Debug)]
enum DeadLetters {
    /// For each topic that it reads, to the topic's own.
    OfEach(Location),
    /// All to one topic.
    One(TopicHandle),
}

impl Application {
    /// An application that uses this cluster; it has no topics yet. Its clients' `client.id` is `name`.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            meta: Meta::new(name),
            kafka: kafka.clone(),
            owner: None,
            on_call: None,
            pods: None,
            outside: None,
            subject: None,
            producer: Producer::idempotent("producer"),
            consumer: Consumer::read_committed("consumer"),
            transactional: None,
            produces: Vec::new(),
            consumes: Vec::new(),
            dead_letters: None,
            retries: None,
            avro: None,
            acls: Vec::new(),
            quota: Quota::new(),
        }
    }

    /// The team that answers for it: the label `owner` of the alerts on its groups and its dead letters.
    pub fn owner(mut self, team: impl Into<String>) -> Self {
        self.owner = Some(team.into());
        self
    }

    /// What its tokens call it: the value of the claim that names the user, if that is not the name of the construct. For clusters with
    /// [`oauth`](crate::kafka::TlsListener::oauth) only.
    #[track_caller]
    pub fn identity(mut self, name: impl Into<String>) -> Self {
        self.subject = Some(Subject::new(name));
        self
    }

    /// Who is called: the label `on_call` of the same alerts, for Alertmanager's routes.
    pub fn on_call(mut self, rotation: impl Into<String>) -> Self {
        self.on_call = Some(rotation.into());
        self
    }

    /// Its pods, in the stack's namespace: those with all of these labels.
    pub fn pods<K: Into<String>, V: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, V)>) -> Self {
        self.pods = Some(Access::pods(labels));
        self
    }

    /// Its pods, in another namespace. Its ConfigMap is then written to that namespace, because pods can only mount one of
    /// their own; the namespace must exist.
    pub fn pods_of<K: Into<String>, V: Into<String>>(
        mut self,
        namespace: impl Into<String>,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.pods = Some(Access::pods_of(namespace, labels));
        self
    }

    /// It runs outside of Kubernetes, and connects by this listener of the cluster, which is open to clients outside. Its ConfigMap has
    /// the files for its clients, as that of any application: hand them to its team, with its Secret. It has no pods.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka");
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
    ///         .pool(NodePool::controllers("kafka-controller", 3))
    ///         .pool(NodePool::brokers("kafka", 3))
    ///         .internal_tls(Issuer::in_namespace("kafka-ca"))
    ///         .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
    ///         .listener(Listener::tls("EXTERNAL", 9094).scram().load_balancer("kafka-{id}.example.com"))
    ///         .authorization(),
    /// );
    /// let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("orders", 6, Cleanup::delete_after(7.days()))));
    /// let partner = stack.add(Application::new("partner", &kafka).outside("EXTERNAL").produces(&topics.topic("orders")));
    /// stack.add(Permissions::new("permissions", &kafka).of(&partner));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let files = manifests.get("partner/configmap-partner-kafka.yaml").unwrap();
    /// assert!(files.contains("bootstrap.servers=kafka-bootstrap.example.com:9094"));
    /// ```
    #[track_caller]
    pub fn outside(mut self, listener: impl Into<String>) -> Self {
        self.outside = Some((listener.into(), Location::caller()));
        self
    }

    /// It writes to this topic. Its producer is idempotent and waits for all in-sync replicas: `producer.properties`.
    pub fn produces(mut self, topic: &TopicHandle) -> Self {
        self.produces.push(topic.clone());
        self
    }

    /// It writes in transactions. `transactional.id` is `<prefix>-${env:POD_NAME}`, as [`Producer::transactional`] explains.
    #[track_caller]
    pub fn transactional(mut self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.producer = self.producer.with_transactions(&prefix);
        self.transactional = Some((prefix, Location::caller()));
        self
    }

    /// It reads this topic, as members of a group. Its consumer reads committed records and commits itself:
    /// `consumer-<group>.properties`.
    pub fn consumes(mut self, topic: &TopicHandle, group: Group) -> Self {
        self.consumes.push((topic.clone(), group));
        self
    }

    /// It writes what it could not process to `<topic>.dlq`, for each topic that it reads. The topic declares that by
    /// [`Topic::dead_letters`](crate::kafka::Topic::dead_letters).
    #[track_caller]
    pub fn dead_letters(mut self) -> Self {
        self.dead_letters = Some(DeadLetters::OfEach(Location::caller()));
        self
    }

    /// It writes what it could not process to this topic, whichever topic it came from.
    pub fn dead_letters_to(mut self, topic: &TopicHandle) -> Self {
        self.dead_letters = Some(DeadLetters::One(topic.clone()));
        self
    }

    /// It writes what it will try again later to `<topic>.<application>.retry`, for each topic that it reads, and reads that
    /// too. The topic declares that by [`Topic::retries`](crate::kafka::Topic::retries).
    #[track_caller]
    pub fn retries(mut self) -> Self {
        self.retries = Some(Location::caller());
        self
    }

    /// The values of its topics are Avro, by these schemas: each topic that it writes or reads needs a subject among them. What
    /// it could not process, or will try again, is left out: such a record may be anything. Its files name the registry for
    /// Confluent's serializers, `schema.registry.url`, and let its producers register nothing: schemas come with the stack. So it
    /// writes what it could not process as it came, in bytes.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
    /// let kafka = stack.add(
    ///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    /// );
    /// let topics =
    ///     stack.add(Topics::new("kafka-topics", &kafka).topic(Topic::new("orders", 12, Cleanup::delete_after(7.days()))));
    /// let orders = topics.topic("orders");
    /// let registry = stack.add(SchemaRegistry::new("schema-registry", &kafka));
    /// let order = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}"#;
    /// let schemas = stack.add(Schemas::new("schemas", &registry).subject(Subject::value(&orders, order)));
    /// stack.add(Application::new("shop", &kafka).produces(&orders).avro(&schemas));
    /// stack.add(Application::new("billing", &kafka).consumes(&orders, Group::named("billing")).avro(&schemas));
    ///
    /// let manifests = synth(&stack).manifests.unwrap();
    /// let producer = manifests.get("shop/configmap-shop-kafka.yaml").unwrap();
    /// assert!(producer.contains("auto.register.schemas=false"));
    /// let consumer = manifests.get("billing/configmap-billing-kafka.yaml").unwrap();
    /// assert!(consumer.contains("schema.registry.url=http://schema-registry.kafka.svc.cluster.local:8081"));
    /// ```
    #[track_caller]
    pub fn avro(mut self, schemas: &SchemasHandle) -> Self {
        self.avro = Some((schemas.clone(), Location::caller()));
        self
    }

    /// Changes the settings of its producer: `.producer(|producer| producer.linger(10.milliseconds()))`.
    pub fn producer(mut self, change: impl FnOnce(Producer) -> Producer) -> Self {
        self.producer = change(self.producer);
        self
    }

    /// Changes the settings of its consumers, in all groups: `.consumer(|consumer| consumer.max_poll_records(100))`.
    pub fn consumer(mut self, change: impl FnOnce(Consumer) -> Consumer) -> Self {
        self.consumer = change(self.consumer);
        self
    }

    /// It may do this too, in a closed cluster, beside what follows from its topics, groups and transactional ids.
    pub fn acl(mut self, acl: Acl) -> Self {
        self.acls.push(acl);
        self
    }

    /// How much of each broker it may use, in a closed cluster.
    pub const fn quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// The topics that it writes because it could not process a record.
    fn writes_failed(&self) -> Vec<TopicHandle> {
        let sources = || self.consumes.iter().map(|(topic, _)| topic);
        match &self.dead_letters {
            None => Vec::new(),
            Some(DeadLetters::OfEach(location)) => sources().map(|topic| topic.dead_letters(*location)).collect(),
            Some(DeadLetters::One(topic)) => vec![topic.clone()],
        }
    }

    /// The topics that it writes and reads to try again, with the group of each.
    fn tries_again(&self) -> Vec<(TopicHandle, &Group)> {
        let Some(location) = self.retries else {
            return Vec::new();
        };
        self.consumes
            .iter()
            .map(|(topic, group)| (topic.retries(&self.meta.name, location), group))
            .collect()
    }

    /// Its groups, each once, with the topics that it reads in them.
    fn groups(&self) -> Vec<(&Group, Vec<&TopicHandle>)> {
        let mut groups: Vec<(&Group, Vec<&TopicHandle>)> = Vec::new();
        for (topic, group) in &self.consumes {
            match groups.iter_mut().find(|(known, _)| known.name == group.name) {
                Some((_, topics)) => topics.push(topic),
                None => groups.push((group, vec![topic])),
            }
        }
        groups
    }

    /// Its arrows, each once, in the order in which they were declared.
    fn flows(&self) -> Vec<(TopicHandle, Flow)> {
        let transactional = self.transactional.is_some();
        let writes = |topic: TopicHandle| (topic, Flow::Writes { transactional });
        let reads = |topic: TopicHandle, group: &Group| {
            let flow = Flow::Reads {
                group: group.name.clone(),
                uncommitted: group.uncommitted,
            };
            (topic, flow)
        };
        let mut flows: Vec<(TopicHandle, Flow)> = self.produces.iter().cloned().map(writes).collect();
        flows.extend(self.consumes.iter().map(|(topic, group)| reads(topic.clone(), group)));
        for (topic, group) in self.tries_again() {
            flows.push(writes(topic.clone()));
            flows.push(reads(topic, group));
        }
        flows.extend(self.writes_failed().into_iter().map(writes));
        let mut once: Vec<(TopicHandle, Flow)> = Vec::new();
        for (topic, flow) in flows {
            if !once
                .iter()
                .any(|(known, same)| known.name() == topic.name() && *same == flow)
            {
                once.push((topic, flow));
            }
        }
        once
    }

    fn all_edges(&self) -> Vec<Edge> {
        self.flows()
            .into_iter()
            .map(|(topic, flow)| {
                let cluster = topic.cluster().bootstrap_servers();
                Edge::new(cluster, topic.name(), flow, topic.location())
            })
            .collect()
    }

    /// The files that its clients read.
    fn files(&self) -> Vec<ClientFile<'_>> {
        let who = self.who();
        let writes = self.flows().iter().any(|(_, flow)| matches!(flow, Flow::Writes { .. }));
        let producer = writes.then(|| self.producer.file_of(who, &self.kafka));
        let consumers = self.groups().into_iter().map(|(group, _)| {
            let consumer = self.consumer.clone();
            let consumer = if group.uncommitted {
                consumer.uncommitted()
            } else {
                consumer
            };
            let file = format!("consumer-{}", group.name);
            consumer.file_of(who, file, &group.name, group.location, &self.kafka)
        });
        let mut files: Vec<ClientFile<'_>> = producer.into_iter().chain(consumers).collect();
        if let Some((schemas, _)) = &self.avro {
            let registry = schemas.registry();
            for file in &mut files {
                let login = registry.rest().map_or_else(Vec::new, RestClient::of_serializers);
                file.use_registry(registry.url(), login);
            }
        }
        files
    }

    /// The name of its ConfigMap and its network policy.
    fn object_name(&self) -> String {
        format!("{}-kafka", self.meta.name)
    }
}

/// A consumer group, and how far behind it may be.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let group = Group::named("billing").within(30.seconds());
/// # let _ = group;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Group {
    name: String,
    uncommitted: bool,
    lag: Option<u64>,
    within: Duration,
    location: Location,
}

impl Group {
    /// The group with this `group.id`.
    #[track_caller]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            uncommitted: false,
            lag: None,
            within: 60.seconds(),
            location: Location::caller(),
        }
    }

    /// `isolation.level=read_uncommitted`: it also reads records of open and aborted transactions.
    pub const fn read_uncommitted(mut self) -> Self {
        self.uncommitted = true;
        self
    }

    /// How far behind it may be, in time, before `KafkaConsumerLagHigh` fires; 60 s by default. The limit in records is the
    /// declared load of the busiest of its topics during this time. Without a declared load,
    /// [`Monitoring::lag_threshold`](crate::monitoring::Monitoring::lag_threshold) holds.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// The same in records, whatever the load.
    pub const fn lag_limit(mut self, records: u64) -> Self {
        self.lag = Some(records);
        self
    }

    /// The records that it may be behind, if that is known.
    fn limit(&self, topics: &[&TopicHandle]) -> Option<u64> {
        let loads = topics.iter().filter_map(|topic| topic.load());
        let busiest = loads.map(|load| load.records.get()).max();
        let by_load = busiest.map(|records| records.saturating_mul(self.within.as_millis()).div_ceil(1000).max(1));
        self.lag.or(by_load)
    }
}

/// An application of a stack: monitoring watches its groups with this handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationHandle {
    name: String,
    kafka: KafkaHandle,
    owned: Vec<Owned>,
    /// Its groups, with the topics that each reads.
    readers: Vec<(String, Vec<String>)>,
    principal: Principal,
}

impl ApplicationHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
