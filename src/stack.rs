//! The stack: a named set of constructs in one namespace, with amendments and acknowledgements.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::Metadata;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    capacity::Cluster,
    construct::{Check, Construct, Meta},
    context::{self, Context, IpFamily, Kubernetes, Platform, PodDefaults},
    diagnostics::{Acknowledgement, Location, Profile, Rule, rules},
    diff::accept::{Acceptance, Change},
    manifest::Object,
};

/// A named set of constructs in one namespace: what a stack function returns.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::combined("kafka", 1)),
/// );
/// stack.add(Topics::new("kafka-topics", &kafka).topic(Topic::new("orders", 3, Cleanup::delete_after(7.days()))));
///
/// let synthesis = synth(&stack);
/// assert!(!synthesis.findings.has_errors());
/// assert!(synthesis.manifests.is_some());
/// ```
///
/// To group constructs, write a function that adds them and returns their handles, or a struct with such a method.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// struct Pipeline { team: &'static str, workers: u16 }
///
/// impl Pipeline {
///     fn add_to(self, stack: &mut Stack, kafka: &KafkaHandle, registry: &SchemaRegistryHandle) -> ConnectHandle {
///         let Self { team, workers } = self;
///         stack.add(
///             Topics::new(format!("{team}-topics"), kafka)
///                 .topics(["in", "out"].map(|end| Topic::new(format!("{team}.{end}"), 6, Cleanup::delete_after(1.days())))),
///         );
///         stack.add(Connect::new(format!("{team}-connect"), kafka).avro(registry).replicas(workers))
///     }
/// }
///
/// let mut stack = Stack::new("pipelines", "kafka");
/// let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
/// let registry = SchemaRegistry::external("https://schemas.example.com");
/// for (team, workers) in [("billing", 2), ("crm", 3)] {
///     Pipeline { team, workers }.add_to(&mut stack, &kafka, &registry);
/// }
/// assert!(synth(&stack).manifests.unwrap().get("crm-connect/deployment-crm-connect.yaml").is_some());
/// ```
pub struct Stack {
    pub(crate) context: Context,
    pub(crate) namespace: NamespaceOwner,
    pub(crate) namespace_labels: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    pub(crate) meta: Meta,
    pub(crate) constructs: Vec<Box<dyn Construct>>,
    pub(crate) amendments: Vec<Amendment>,
    pub(crate) acceptances: Vec<Acceptance>,
}

/// Who creates the stack's namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceOwner {
    /// The stack: it emits the Namespace.
    Stack,
    /// The cluster: the namespace exists before the stack is applied.
    Existing,
}

impl Stack {
    /// An empty stack. `name` is the folder of its output; every object goes to `namespace`, which the stack creates.
    #[track_caller]
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            context: Context {
                stack: name.into(),
                namespace: namespace.into(),
                monitoring_namespace: "monitoring".to_owned(),
                cluster_domain: "cluster.local".to_owned(),
                ip_family: IpFamily::default(),
                profile: Profile::default(),
                kubernetes: Kubernetes::default(),
                platform: Platform::default(),
                kubernetes_cluster: None,
                pods: PodDefaults::default(),
            },
            namespace: NamespaceOwner::Stack,
            namespace_labels: BTreeMap::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            meta: Meta::new(""),
            constructs: Vec::new(),
            amendments: Vec::new(),
            acceptances: Vec::new(),
        }
    }

    /// How strict the rules are; [`Profile::Production`] by default.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.context.profile = profile;
        self
    }

    /// The namespace that Prometheus runs in; `monitoring` by default.
    #[must_use]
    pub fn monitoring_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.context.monitoring_namespace = namespace.into();
        self
    }

    /// The cluster's DNS domain; `cluster.local` by default. Set it before the first [`Stack::add`], because handles
    /// contain addresses.
    #[must_use]
    pub fn cluster_domain(mut self, domain: impl Into<String>) -> Self {
        self.context.cluster_domain = domain.into();
        self
    }

    /// The family of the pods' addresses; [`IpFamily::V4`] unless set. Connect workers and instances of the registry
    /// call each other at these addresses, and an IPv6 address needs brackets there.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka").ip_family(IpFamily::V6);
    /// let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
    /// stack.add(Connect::new("connect", &kafka));
    /// let files = synth(&stack).manifests.unwrap();
    /// assert!(files.get("connect/configmap-connect.yaml").unwrap().contains("rest.advertised.host.name=[${env:POD_IP}]"));
    /// ```
    #[must_use]
    pub fn ip_family(mut self, family: IpFamily) -> Self {
        self.context.ip_family = family;
        self
    }

    /// The namespace already exists and is managed outside of the stack: no Namespace is emitted.
    #[must_use]
    pub fn existing_namespace(mut self) -> Self {
        self.namespace = NamespaceOwner::Existing;
        self
    }

    /// Adds a label to the Namespace, such as `istio-injection: enabled`, or changes one that the stack sets, such as
    /// `pod-security.kubernetes.io/enforce`.
    #[must_use]
    pub fn namespace_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.namespace_labels.insert(key.into(), value.into());
        self
    }

    /// The oldest version of Kubernetes that the stack has to run on; [`Kubernetes::V1_28`] by default. What needs a
    /// newer one is then a finding.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let stack = Stack::new("example", "kafka").kubernetes(Kubernetes::V1_34);
    /// assert_eq!(stack.context().kubernetes.to_string(), "1.34");
    /// ```
    #[must_use]
    pub fn kubernetes(mut self, version: Kubernetes) -> Self {
        self.context.kubernetes = version;
        self
    }

    /// What runs the pods. On `OpenShift`, pods have no user and no group of their own: the namespace's are filled in, and others are
    /// refused.
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka").platform(Platform::OpenShift);
    /// stack.add(ZooKeeper::new("zookeeper", 3));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// assert!(!manifests.get("zookeeper/statefulset-zookeeper.yaml").unwrap().contains("runAsUser"));
    /// ```
    #[must_use]
    pub fn platform(mut self, platform: Platform) -> Self {
        self.context.platform = platform;
        self
    }

    /// The Kubernetes cluster that the stack is applied to, by a name of your own. Stacks of different clusters may
    /// have the same objects and topics; stacks that do not say it are taken to be for one cluster.
    ///
    /// ```
    /// use kafka_stacks::{prelude::*, synth::{check, check_across}};
    ///
    /// let mut made: Vec<_> = ["eu", "us"]
    ///     .map(|region| {
    ///         let name = format!("prod-{region}");
    ///         let mut stack = Stack::new(name.as_str(), "kafka").kubernetes_cluster(name);
    ///         stack.add(ZooKeeper::new("zookeeper", 3));
    ///         let synthesis = check(&stack);
    ///         (stack, synthesis)
    ///     })
    ///     .into();
    /// check_across(&mut made);
    /// assert!(made.iter().all(|(_, synthesis)| synthesis.findings.is_empty()));
    /// ```
    #[must_use]
    pub fn kubernetes_cluster(mut self, name: impl Into<String>) -> Self {
        self.context.kubernetes_cluster = Some(name.into());
        self
    }

    /// What all pods of the stack have, as the registry that images come from.
    #[must_use]
    pub fn pods(mut self, pods: PodDefaults) -> Self {
        self.context.pods = pods;
        self
    }

    /// Labels of every object, as a cost centre. Selectors and pods do not get them, so a change of them restarts
    /// nothing; a label of the pods is [`PodDefaults::label`].
    ///
    /// ```
    /// use kafka_stacks::prelude::*;
    ///
    /// let mut stack = Stack::new("example", "kafka")
    ///     .labels([("cost-centre", "4711"), ("team", "streams")])
    ///     .annotations([("example.com/owner", "streams@example.com")]);
    /// stack.add(ZooKeeper::new("zookeeper", 3));
    /// let manifests = synth(&stack).manifests.unwrap();
    /// for (path, text) in manifests.iter().filter(|(path, _)| path.contains('/')) {
    ///     assert_eq!(text.matches("cost-centre: \"4711\"").count(), 1, "{path}");
    ///     assert_eq!(text.matches("example.com/owner: streams@example.com").count(), 1, "{path}");
    /// }
    /// ```
    #[must_use]
    pub fn labels<K: Into<String>, V: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, V)>) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.labels.extend(labels);
        self
    }

    /// Annotations of every object. Pods do not get them, so a change of them restarts nothing.
    #[must_use]
    pub fn annotations<K: Into<String>, V: Into<String>>(
        mut self,
        annotations: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let annotations = annotations.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.annotations.extend(annotations);
        self
    }

    /// Adds a construct for good and returns its handle. Nothing can change the construct from here on.
    pub fn add<C: Construct>(&mut self, construct: C) -> C::Handle {
        let handle = construct.handle(&self.context);
        self.constructs.push(Box::new(construct));
        handle
    }

    /// Changes a rendered object where no builder call does: the escape hatch. `name` is the object's name (for a Job,
    /// without its digest). An amendment that matches nothing is a finding, and checksums, digests and promtool's tests
    /// are made of what it left. The object is judged after it: what the API server would refuse, or what would keep
    /// Kafka from starting, is found at the amendment.
    ///
    /// ```
    /// use kafka_stacks::{k8s_openapi::api::apps::v1::StatefulSet, prelude::*};
    ///
    /// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    /// # stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
    /// stack.amend::<StatefulSet>("kafka", |set| {
    ///     set.metadata.annotations.get_or_insert_default().insert("team".into(), "streams".into());
    /// });
    /// # assert!(synth(&stack).manifests.unwrap().get("kafka/statefulset-kafka.yaml").unwrap().contains("team: streams"));
    /// ```
    #[track_caller]
    pub fn amend<T>(&mut self, name: impl Into<String>, change: impl Fn(&mut T) + Send + Sync + 'static)
    where
        T: Metadata + Serialize + DeserializeOwned,
    {
        self.amendments.push(Amendment {
            api_version: T::API_VERSION,
            kind: T::KIND,
            name: name.into(),
            location: Location::caller(),
            change: Box::new(move |object| {
                let mut typed: T = object.read()?;
                change(&mut typed);
                object.replace(&typed);
                Ok(())
            }),
        });
    }

    /// Quiets a warning wherever in the stack it is found, with the reason why it is right here.
    #[track_caller]
    pub fn acknowledge(&mut self, rule: &'static Rule, reason: impl Into<String>) {
        self.meta.acknowledgements.push(Acknowledgement {
            rule,
            reason: reason.into(),
            location: Location::caller(),
        });
    }

    /// Accepts one planned change of the running cluster, with the reason. `diff` still shows it, and `--fail-on` passes over it. An
    /// acceptance that names no change of a `diff`, or several, is a warning there, with this line: remove it once the change is merged.
    /// The output is the same with and without it.
    ///
    /// ```
    /// # use kafka_stacks::prelude::*;
    /// # let mut stack = Stack::new("prod", "kafka");
    /// stack.accept(Change::BrokersRemoved("kafka"), "brokers 3 and 4 are drained before the merge");
    /// ```
    #[track_caller]
    pub fn accept(&mut self, change: Change<'_>, reason: impl Into<String>) {
        self.acceptances
            .push(Acceptance::new(change, reason, Location::caller()));
    }

    /// Reports what Kubernetes would refuse about what all objects and all pods get.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let problems = context::labels(&self.labels, ".labels(…)")
            .into_iter()
            .chain(context::annotations(&self.annotations, ".annotations(…)"))
            .chain(self.context.pods.problems());
        for (message, call) in problems {
            check.report(&rules::stack::NAME, message, |finding| {
                finding.hint(format!("change it in `{call}`"));
            });
        }
    }

    /// Gives an object what all objects get, but for what it has already.
    pub(crate) fn label(&self, object: &mut Object) {
        object.add_metadata("labels", &self.labels);
        object.add_metadata("annotations", &self.annotations);
    }

    /// What its constructs say of capacity, cluster by cluster, in the order in which they were added.
    pub fn capacity(&self) -> Vec<Cluster> {
        Cluster::all(
            self.constructs
                .iter()
                .map(|part| (part.meta().name.as_str(), part.meta().location, part.capacity())),
        )
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.context.stack
    }

    /// What all constructs of the stack have around them.
    pub fn context(&self) -> &Context {
        &self.context
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("context", &self.context)
            .field(
                "constructs",
                &self
                    .constructs
                    .iter()
                    .map(|part| part.meta().name.as_str())
                    .collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

/// A change to one rendered object.
pub(crate) struct Amendment {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) location: Location,
    #[expect(clippy::type_complexity, reason = "named once")]
    pub(crate) change: Box<dyn Fn(&mut Object) -> Result<(), serde_json::Error> + Send + Sync>,
}

impl Amendment {
    pub(crate) fn matches(&self, object: &Object) -> bool {
        object.kind() == self.kind && object.api_version() == self.api_version && object.name() == self.name
    }
}
