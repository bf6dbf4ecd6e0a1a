//! The end-to-end probe: a client that writes to each broker and reads again what it wrote, all the time.
//!
//! It is [kminion](https://github.com/redpanda-data/kminion), of which only the end-to-end part is on.

mod alerts;
pub(crate) mod board;
mod monitored;
mod secured;

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::DeploymentStrategy,
    core::v1::{EnvVar, Probe as HealthProbe},
};

use crate::{
    capacity,
    construct::{Check, Claim, Construct, Meta, User},
    context::Context,
    diagnostics::Location,
    handbook::{self, Chapter, Task},
    kafka::KafkaHandle,
    manifest::{Object, Wave},
    quantity::{Duration, Resources, Units},
    security::Principal,
    workload::{
        IngressRule, Labels, METRICS_PORT_NAME, Mesh, Pod, PodOptions, Pods, Spread, config_map, container, deployment,
        env, named_port, network_policy, service_account, tcp_probe, wait_for,
    },
};

/// The newest release. Releases of the line 2.3 and later can be told not to move partitions, for which a client would need a permission
/// with which it can give itself every other one.
const IMAGE: &str = "redpandadata/kminion:v2.3.6";

const PORT: u16 = 8080;

/// The user `nobody`: the image sets no user, and root is not allowed.
const USER: i64 = 65534;

/// A probe of a cluster: it writes a record to each broker once per second, with `acks=all`, and reads it again. Metrics of brokers say how
/// they are; the probe says what clients get, also from a broker that answers nobody and reports nothing.
///
/// It runs [kminion](https://github.com/redpanda-data/kminion) with nothing but its end-to-end part. kminion creates the topic
/// `<name>-end-to-end`, with a partition for each broker and the replicas of the cluster's defaults, adds partitions when there are more
/// brokers, and keeps records for a day. So no [`Topics`](crate::kafka::Topics) may declare it. Each start reads as another consumer group,
/// whose name begins with that of the topic, and deletes those of earlier starts.
///
/// Watch it with [`Monitoring::watch`](crate::monitoring::Monitoring::watch) for its alerts, its dashboard and
/// [`Slo::round_trip`](crate::observability::Slo::round_trip).
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
/// let probe = stack.add(Probe::new("kafka-probe", &kafka));
/// stack.add(
///     Monitoring::new("monitoring", &kafka)
///         .watch(&probe)
///         .slo(Slo::round_trip(99.9.percent(), 1280.milliseconds())),
/// );
///
/// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
/// assert!(manifests.get("kafka-probe/deployment-kafka-probe.yaml").is_some());
/// assert!(manifests.get("monitoring/podmonitor-kafka-probe.yaml").is_some());
/// let rules = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
/// assert!(rules.contains("alert: KafkaProbeFailing"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Probe {
    meta: Meta,
    kafka: KafkaHandle,
    image: String,
    resources: Resources,
    options: PodOptions,
}

impl Probe {
    /// A probe of this cluster.
    #[track_caller]
    pub fn new(name: impl Into<String>, kafka: &KafkaHandle) -> Self {
        Self {
            meta: Meta::new(name),
            kafka: kafka.clone(),
            image: IMAGE.to_owned(),
            resources: Resources::range(50.millicores()..=500.millicores(), 128.mib()..=128.mib()),
            options: PodOptions::default(),
        }
    }

    /// Another image of the same release, such as one in a mirror.
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = image.into();
        self
    }

    /// Its requests and limits: 50 to 500 millicores and 128 MiB by default.
    pub const fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// Its topic, and what the names of its groups begin with. kminion deletes groups without members that begin so, whoever made them,
    /// so it is no name that an application has.
    fn topic(&self) -> String {
        format!("{}-end-to-end", self.meta.name)
    }

    fn labels(&self) -> Labels {
        Labels::new("kafka-probe", &self.meta.name, "probe")
    }

    /// The settings of kminion. They are variables and not a file, because it exits at a key in a file that its release does not have.
    fn settings(&self) -> Vec<EnvVar> {
        let end_to_end = |key: &str, value: String| env(&format!("MINION_ENDTOEND_{key}"), value);
        let connection = self.kafka.client_settings(self.identity());
        let secret = self.kafka.secret(self.identity());
        let mut settings = connection.of_kminion(secret.as_deref());
        settings.extend([
            env("KAFKA_CLIENTID", &self.meta.name),
            env("EXPORTER_PORT", PORT.to_string()),
            env("LOGGER_LEVEL", "info"),
            // It is no second exporter of lag and topics.
            env("MINION_CONSUMERGROUPS_ENABLED", "false"),
            env("MINION_CONSUMERGROUPS_SCRAPEMODE", "adminApi"),
            env("MINION_LOGDIRS_ENABLED", "false"),
            env("MINION_TOPICS_ENABLED", "false"),
            env("MINION_TOPICS_IGNOREDTOPICS", "/.*/"),
            end_to_end("ENABLED", "true".to_owned()),
            end_to_end("PROBEINTERVAL", "1s".to_owned()),
            end_to_end("TOPICMANAGEMENT_ENABLED", "true".to_owned()),
            end_to_end("TOPICMANAGEMENT_NAME", self.topic()),
            end_to_end("TOPICMANAGEMENT_PARTITIONSPERBROKER", "1".to_owned()),
            end_to_end(
                "TOPICMANAGEMENT_REPLICATIONFACTOR",
                self.kafka.replication().factor.to_string(),
            ),
            // It would need to alter the cluster.
            end_to_end("TOPICMANAGEMENT_REBALANCEPARTITIONS", "false".to_owned()),
            end_to_end("PRODUCER_REQUIREDACKS", "all".to_owned()),
            // Longer than the brokers take to notice that one of them is dead, which are 9 s: until then clients try again.
            end_to_end("PRODUCER_ACKSLA", "15s".to_owned()),
            end_to_end("CONSUMER_GROUPIDPREFIX", self.topic()),
            end_to_end("CONSUMER_DELETESTALECONSUMERGROUPS", "true".to_owned()),
            end_to_end("CONSUMER_ROUNDTRIPSLA", "20s".to_owned()),
            end_to_end("CONSUMER_COMMITSLA", "10s".to_owned()),
        ]);
        settings
    }
}

impl Pods for Probe {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Construct for Probe {
    type Handle = ProbeHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, context: &Context) -> ProbeHandle {
        ProbeHandle(Arc::new(ProbeInfo {
            name: self.meta.name.clone(),
            cluster: self.kafka.clone(),
            principal: self.principal(),
            location: self.meta.location,
            made_in: context.clone(),
        }))
    }

    fn claims(&self) -> Vec<Claim> {
        let hint = "the probe creates its topic itself: remove or rename one of the two";
        let (cluster, location) = (self.kafka.bootstrap_servers(), self.meta.location);
        vec![
            self.kafka.claim_topic(&self.topic(), location).hint(hint),
            Claim::groups_beginning(cluster, self.topic(), location),
        ]
    }

    fn check(&self, check: &mut Check<'_>) {
        self.kafka.check(check);
        self.kafka.check_no_token(check, self.identity(), "kminion");
        self.options.check(check, "", self.meta.location);
    }

    fn capacity(&self) -> capacity::Capacity {
        let partitions = self.kafka.brokers().unwrap_or_default();
        let topic = self
            .kafka
            .internal_topic(self.topic(), partitions, self.meta.location)
            .map(|topic| capacity::TopicDemand {
                kept: capacity::Kept::Until(Some(24.hours()), None),
                ..topic
            });
        capacity::Capacity {
            topics: topic.into_iter().collect(),
            ..capacity::Capacity::default()
        }
    }

    fn users(&self) -> Vec<User> {
        self.kafka.user(&self.meta.name, None, Vec::new()).into_iter().collect()
    }

    fn chapter(&self, context: &Context, objects: &[Object]) -> Chapter {
        let (name, ns) = (&self.meta.name, &context.namespace);
        Chapter {
            survives: handbook::spare(
                objects,
                "probe",
                "nobody measures what clients get; clients do not notice it",
            ),
            tasks: vec![handbook::restart(name, ns, objects)],
            symptoms: vec![
                Task::new("Clients fail, and the brokers look well")
                    .run([format!("kubectl -n {ns} logs deployment/{name} -c probe --since=15m")])
                    .runbooks(&["KafkaProbeFailing", "KafkaProbeSlow"]),
            ],
            ..Chapter::default()
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let labels = self.labels();
        let name = &self.meta.name;
        let credentials = self.kafka.credentials(self.identity());
        // The init container that waits for the permissions is one of Kafka's tools, and has a file.
        let wait = self.kafka.wait_for_permissions(name, &self.a_group());
        let config = wait
            .as_ref()
            .and(credentials.file.clone())
            .map(|file| config_map(context, &labels, name, [file]));
        let options = credentials.with(&self.options);
        let certificate = self.kafka.certificate(self.identity(), context, &labels);
        let mut probe = container("probe", &self.image, self.resources, Vec::<String>::new());
        // That of the image.
        probe.command = None;
        probe.env = Some(self.settings());
        probe.ports = Some(vec![named_port(METRICS_PORT_NAME, PORT)]);
        // It listens once its topic is there and it reads it, and exits if it cannot create it.
        probe.startup_probe = Some(HealthProbe {
            failure_threshold: Some(30),
            ..tcp_probe(METRICS_PORT_NAME)
        });
        probe.readiness_probe = Some(tcp_probe(METRICS_PORT_NAME));
        probe.liveness_probe = Some(tcp_probe(METRICS_PORT_NAME));
        let pod = Pod {
            labels: &labels,
            service_account: name,
            user: USER,
            config: config.as_ref(),
            wait: Some(wait_for(
                "wait-for-kafka",
                self.kafka.images().kafka(),
                self.kafka.first_brokers(),
            )),
            init_containers: wait.into_iter().collect(),
            container: probe,
            grace_period: Duration::from_seconds(30),
            spread: Spread::Preferred,
            mesh: Mesh::Excluded,
            options: &options,
        };
        // One pod: a second one would measure the same, and could not tell a failure of the cluster from its own either. A disruption
        // budget would block each drain.
        let mut deployment = deployment(context, name, 1, pod);
        if let Some(spec) = &mut deployment.spec {
            // Two at once would delete each other's groups.
            spec.strategy = Some(DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                rolling_update: None,
            });
            if let Some(pod) = &mut spec.template.spec {
                pod.affinity = None;
                pod.topology_spread_constraints = None;
            }
        }
        let ingress = [IngressRule::Monitoring(vec![PORT])];
        let objects = [
            Object::new(&service_account(context, &labels, name)),
            Object::new(&network_policy(context, &labels, name, ingress)),
            Object::new(&deployment).in_wave(Wave::Clients),
        ];
        let others = config.iter().map(Object::new);
        objects
            .into_iter()
            .chain(others)
            .chain(certificate.iter().map(Object::new))
            .collect()
    }
}

/// A probe that is part of a stack: what [`Monitoring`](crate::monitoring::Monitoring) and [`Permissions`](crate::kafka::Permissions) are
/// told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeHandle(Arc<ProbeInfo>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct ProbeInfo {
    name: String,
    cluster: KafkaHandle,
    principal: Principal,
    location: Location,
    made_in: Context,
}

impl ProbeHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The labels of its pod.
    pub fn labels(&self) -> Labels {
        Labels::new("kafka-probe", &self.0.name, "probe")
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{ExternalSecurity, KafkaCluster, Trust, Version};

    fn settings(probe: &Probe) -> String {
        let settings = probe.settings();
        let lines = settings.iter().map(|variable| {
            let secret = || {
                let source = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
                Some(format!("({} of {})", source.key, source.name))
            };
            let value = variable.value.clone().or_else(secret).unwrap_or_default();
            format!("{}={value}\n", variable.name)
        });
        lines.collect()
    }

    #[test]
    fn it_shows_what_an_external_cluster_asks_for_and_trusts_whom_it_is_told() {
        type Case = (&'static str, fn(Trust) -> ExternalSecurity);
        const MECHANISMS: [Case; 4] = [
            ("scram", ExternalSecurity::scram),
            ("plain", ExternalSecurity::plain),
            ("mutual tls", ExternalSecurity::mutual_tls),
            ("tls", ExternalSecurity::tls),
        ];
        let mut all = String::new();
        for (name, security) in MECHANISMS {
            for trust in [Trust::Secret, Trust::PublicAuthorities] {
                let kafka = KafkaCluster::external_secured("k", Version::V4_3, "a:9096", security(trust));
                let connection = settings(&Probe::new("kafka-probe", &kafka));
                let connection = connection
                    .lines()
                    .take_while(|line| !line.starts_with("KAFKA_CLIENTID"));
                all += &format!("{name}, {trust:?}\n");
                for line in connection.skip(1) {
                    all += &format!("  {line}\n");
                }
            }
        }
        assert_snapshot!(all);
    }

    #[test]
    fn only_the_end_to_end_part_is_on() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "a:9092,b:9092");
        assert_snapshot!(settings(&Probe::new("kafka-probe", &kafka)), @r"
        KAFKA_BROKERS=a:9092,b:9092
        KAFKA_CLIENTID=kafka-probe
        EXPORTER_PORT=8080
        LOGGER_LEVEL=info
        MINION_CONSUMERGROUPS_ENABLED=false
        MINION_CONSUMERGROUPS_SCRAPEMODE=adminApi
        MINION_LOGDIRS_ENABLED=false
        MINION_TOPICS_ENABLED=false
        MINION_TOPICS_IGNOREDTOPICS=/.*/
        MINION_ENDTOEND_ENABLED=true
        MINION_ENDTOEND_PROBEINTERVAL=1s
        MINION_ENDTOEND_TOPICMANAGEMENT_ENABLED=true
        MINION_ENDTOEND_TOPICMANAGEMENT_NAME=kafka-probe-end-to-end
        MINION_ENDTOEND_TOPICMANAGEMENT_PARTITIONSPERBROKER=1
        MINION_ENDTOEND_TOPICMANAGEMENT_REPLICATIONFACTOR=3
        MINION_ENDTOEND_TOPICMANAGEMENT_REBALANCEPARTITIONS=false
        MINION_ENDTOEND_PRODUCER_REQUIREDACKS=all
        MINION_ENDTOEND_PRODUCER_ACKSLA=15s
        MINION_ENDTOEND_CONSUMER_GROUPIDPREFIX=kafka-probe-end-to-end
        MINION_ENDTOEND_CONSUMER_DELETESTALECONSUMERGROUPS=true
        MINION_ENDTOEND_CONSUMER_ROUNDTRIPSLA=20s
        MINION_ENDTOEND_CONSUMER_COMMITSLA=10s
        ");
    }
}
