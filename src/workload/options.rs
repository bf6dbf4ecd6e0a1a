use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, SecretKeySelector};

use super::{LogLevel, Mount, command::is_collector};
use crate::{
    construct::Check,
    context::PodDefaults,
    diagnostics::{Location, rules::stack},
};

/// What a stack adds to the pods of a component: environment, volumes, containers and JVM options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodOptions {
    /// Image registry, nodes, labels.
    pub defaults: PodDefaults,
    /// Additional environment of the component's containers, except the one that waits for other components.
    pub env: Vec<EnvVar>,
    /// Additional volumes, mounted in the same containers.
    pub mounts: Vec<Mount>,
    /// Sidecars: containers that run beside the component's own.
    pub sidecars: Vec<Container>,
    /// Additional JVM options, which come after those of the component.
    pub jvm: Vec<String>,
    /// The levels of loggers. The last one for a name counts.
    pub log_levels: Vec<(String, LogLevel)>,
}

impl PodOptions {
    /// These options with those of `own`, which are for some of the pods.
    pub(crate) fn with(&self, own: &Self) -> Self {
        let mut all = self.clone();
        all.defaults = all.defaults.with(&own.defaults);
        all.env.extend(own.env.iter().cloned());
        all.mounts.extend(own.mounts.iter().cloned());
        all.sidecars.extend(own.sidecars.iter().cloned());
        all.jvm.extend(own.jvm.iter().cloned());
        all.log_levels.extend(own.log_levels.iter().cloned());
        all
    }

    /// Reports options that cannot work. Mistakes that the rules for objects find in any pod, such as an invalid volume
    /// name, are left to them. `item` is the part of the construct that the pods belong to, made at `location`; empty
    /// if all pods of the construct are alike.
    pub(crate) fn check(&self, check: &mut Check<'_>, item: &str, location: Location) {
        let mut report = |rule, message: String, hint: String| {
            check.report(rule, message, |finding| {
                finding.item(item).at(location).hint(hint);
            });
        };
        for (message, call) in self.defaults.problems() {
            report(&stack::NAME, message, format!("change it in `{call}`"));
        }
        for option in &self.jvm {
            // The option is in single quotes in a shell command. Kubernetes replaces `$(NAME)` in it before the shell
            // starts: the value of a Secret would be an argument that every process can see, and could end the quotes.
            let is_word = option.chars().all(|c| c.is_ascii_graphic() && !"'$".contains(c));
            if !option.starts_with('-') || !is_word {
                let message =
                    format!("JVM option {option:?} must be one word that begins with `-`, without `'` and `$`");
                let hint = "give `.jvm_options(…)` one option for each item, such as `-XX:+UseZGC`".to_owned();
                report(&stack::POD_OPTION, message, hint);
            } else if HEAP_OPTIONS.iter().any(|heap| option.starts_with(heap)) {
                let message = format!("JVM option `{option}` changes the heap");
                let hint = "remove it: the heap follows from the memory in `.resources(…)`".to_owned();
                report(&stack::POD_OPTION, message, hint);
            }
        }
        let collectors: Vec<_> = (self.jvm.iter().filter(|option| is_collector(option)))
            .map(|option| format!("`{option}`"))
            .collect();
        if collectors.len() > 1 {
            let message = format!(
                "the JVM does not start with two garbage collectors: {}",
                collectors.join(", ")
            );
            let hint = "keep one collector in `.jvm_options(…)`".to_owned();
            report(&stack::POD_OPTION, message, hint);
        }
        for (logger, _) in &self.log_levels {
            let of_a_name = |c: char| c.is_ascii_alphanumeric() || "._$-".contains(c);
            if logger.is_empty() || !logger.chars().all(of_a_name) {
                let message = format!("{logger:?} is not the name of a logger");
                let hint = "name a class or package in `.log_level(…)`, such as `org.apache.kafka.clients`, or `root`";
                report(&stack::POD_OPTION, message, hint.to_owned());
            }
        }
        let mut names = BTreeSet::new();
        for EnvVar { name, .. } in &self.env {
            if OWN_ENVIRONMENT.contains(&name.as_str()) || !names.insert(name) {
                let message = format!("environment variable `{name}` is already set");
                report(
                    &stack::POD_OPTION,
                    message,
                    "choose another name in `.env_from_secret(…)`".to_owned(),
                );
            }
        }
    }
}

/// The prefixes of options that set the size of the heap.
const HEAP_OPTIONS: [&str; 8] = [
    "-Xmx",
    "-Xms",
    "-XX:MaxHeapSize",
    "-XX:InitialHeapSize",
    "-XX:MinHeapSize",
    "-XX:MaxRAM",
    "-XX:InitialRAM",
    "-XX:MinRAM",
];

/// The variables that components set.
const OWN_ENVIRONMENT: [&str; 11] = [
    "BOOTSTRAP_SERVERS",
    "BROKERS",
    "KAFKA_CONFIGS",
    "KAFKA_TOPICS",
    "LOG_DIR",
    "NODE_ID",
    "POD_IP",
    "POD_NAME",
    "QUARKUS_CONFIG_LOCATIONS",
    "SERVER_ID",
    "TOPICS_FILE",
];

/// Anything with pods: a component, a pool of nodes, the topics Job.
///
/// ```
/// use kafka_stacks::{k8s_openapi::api::core::v1::Container, prelude::*};
///
/// let mut stack = Stack::new("example", "kafka");
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3)),
/// );
/// stack.add(
///     Connect::new("kafka-connect", &kafka)
///         .env_from_secret("DB_PASSWORD", "billing-database", "password")
///         .mount(Mount::secret("billing-tls", "/etc/billing-tls"))
///         .sidecar(Container {
///             name: "proxy".to_owned(),
///             image: Some("example/database-proxy:2.1".to_owned()),
///             ..Container::default()
///         }),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let workers = manifests.get("kafka-connect/deployment-kafka-connect.yaml").unwrap();
/// for text in ["name: DB_PASSWORD", "mountPath: /etc/billing-tls", "name: proxy"] {
///     assert!(workers.contains(text), "{text}");
/// }
/// ```
pub trait Pods: Sized {
    /// The options of the pods.
    fn pod_options(&mut self) -> &mut PodOptions;

    /// Defaults for these pods, which add to or replace those of the stack.
    #[must_use]
    fn pods(mut self, defaults: PodDefaults) -> Self {
        let options = self.pod_options();
        options.defaults = options.defaults.with(&defaults);
        self
    }

    /// An environment variable with the value of a Secret's key, in the same namespace. A setting uses it as
    /// `${env:NAME}`. A changed Secret is read when a pod starts.
    #[must_use]
    fn env_from_secret(mut self, name: impl Into<String>, secret: impl Into<String>, key: impl Into<String>) -> Self {
        self.pod_options().env.push(EnvVar {
            name: name.into(),
            value: None,
            value_from: Some(EnvVarSource {
                secret_key_ref: Some(SecretKeySelector {
                    name: secret.into(),
                    key: key.into(),
                    optional: None,
                }),
                ..EnvVarSource::default()
            }),
        });
        self
    }

    /// Mounts an additional volume.
    #[must_use]
    fn mount(mut self, mount: Mount) -> Self {
        self.pod_options().mounts.push(mount);
        self
    }

    /// Adds a sidecar: a container that runs beside the component's own. Without its own `securityContext` it gets that
    /// of the component's containers, which passes the restricted level of Pod Security. Volumes of the pod are mounted
    /// only if the container has `volumeMounts`.
    ///
    /// The sidecar of a Job is an init container that keeps running, because the Job would not complete otherwise. This
    /// needs Kubernetes 1.29.
    #[must_use]
    fn sidecar(mut self, container: Container) -> Self {
        self.pod_options().sidecars.push(container);
        self
    }
}

/// Pods whose process runs in a JVM.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
///         .pool(NodePool::controllers("kafka-controller", 3))
///         .pool(NodePool::brokers("kafka", 3).jvm_options(["-XX:+UseZGC"]))
///         .log_level("kafka.server.KafkaApis", LogLevel::Debug),
/// );
/// let manifests = synth(&stack).manifests.unwrap();
/// let brokers = manifests.get("kafka/statefulset-kafka.yaml").unwrap();
/// assert!(brokers.contains("-XX:+UseZGC") && !brokers.contains("-XX:+UseG1GC"));
/// let controllers = manifests.get("kafka/configmap-kafka-controller.yaml").unwrap();
/// assert!(controllers.contains("name = kafka.server.KafkaApis"));
/// ```
pub trait Jvm: Pods {
    /// Additional JVM options. They come after those of the component, so they override them; an option that selects a
    /// garbage collector replaces G1. They are part of the command and not of the environment, where every tool that is
    /// run in the pod would inherit them.
    #[must_use]
    fn jvm_options<S: Into<String>>(mut self, options: impl IntoIterator<Item = S>) -> Self {
        self.pod_options().jvm.extend(options.into_iter().map(Into::into));
        self
    }

    /// The level of a logger. A logger is named after a class or a package. `root` applies to all loggers without their
    /// own level; it is [`LogLevel::Info`] by default.
    #[must_use]
    fn log_level(mut self, logger: impl Into<String>, level: LogLevel) -> Self {
        self.pod_options().log_levels.push((logger.into(), level));
        self
    }
}
