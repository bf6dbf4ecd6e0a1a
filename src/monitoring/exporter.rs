//! The exporter: one pod that queries the cluster like a client, for what a single broker does not know.

use k8s_openapi::api::{apps::v1::DeploymentStrategy, core::v1::Probe};

use super::{Monitoring, filter::Filter};
use crate::{
    context::Context,
    kafka::Identity,
    manifest::{Object, Wave},
    observability::{INTERVAL, Size},
    quantity::{Bytes, Cpu, Duration, Resources},
    security::IDENTITY_DIRECTORY,
    workload::{
        IngressRule, Labels, METRICS_PORT_NAME, Mesh, Mount, Pod, PodOptions, Pods, Spread, container, deployment,
        http_probe, named_port, network_policy, service, service_account, wait_for,
    },
};

/// 1.9.0 is the newest release, and works with Kafka 3.9 to 4.3.
const IMAGE: &str = "danielqsj/kafka-exporter:v1.9.0";

const PORT: u16 = 9308;

/// The options of the exporter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExporterOptions {
    pub image: String,
    /// `None`: what the size of the cluster needs.
    pub resources: Option<Resources>,
    pub topics: Filter,
    pub groups: Filter,
    pub pod: PodOptions,
}

impl Default for ExporterOptions {
    fn default() -> Self {
        Self {
            image: IMAGE.to_owned(),
            resources: None,
            topics: Filter::default(),
            groups: Filter::default(),
            pod: PodOptions::default(),
        }
    }
}

/// What the exporter needs for a cluster of this size; without a size, for some hundred partitions.
///
/// - Memory: it holds all samples of a scrape at once, seven of each partition and two of each partition and group that reads it.
///   `client_golang` 1.20 with samples of this shape took 25 MiB for 11,000, 116 MiB for 110,000 and 1,039 MiB for 1,100,000: 1 KiB each, and
///   half of it is added for the metadata and the answers of brokers.
/// - CPU: the same took 3.7 to 5.7 µs for a sample. Two requests for each partition, and the answer for each pair of group and partition
///   (also of those that it does not read), are counted with 100 µs and 0.1 µs, which is an estimate. The limit lets a scrape end in 10 s,
///   the request is what it needs on average.
fn resources(size: Option<Size>) -> Resources {
    let size = size.unwrap_or_default();
    let samples = 7 * size.partitions + 2 * size.read;
    let memory = Bytes::from_mib((128 + samples * 3 / 2048).next_multiple_of(64).max(256));
    let micros = 6 * samples + 100 * size.partitions + size.partitions * size.groups / 10;
    let cores =
        |seconds: u64, least: u64| Cpu::from_millicores((micros / seconds / 1000).next_multiple_of(50).max(least));
    Resources::range(cores(INTERVAL.as_seconds(), 50)..=cores(10, 200), memory..=memory)
}

/// The user `nobody`: the image sets no user, and root is not allowed.
const USER: i64 = 65534;

/// The options of the exporter's pod.
impl Pods for Monitoring {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.exporter.pod
    }
}

impl Monitoring {
    /// The name of the exporter's objects.
    pub(super) fn exporter_name(&self) -> String {
        format!("{}-exporter", self.kafka.name())
    }

    /// The labels of the exporter's pod and Service, which no other objects have.
    pub(super) fn exporter_labels(&self) -> Labels {
        Labels::new("kafka-exporter", &self.meta.name, "exporter")
    }

    pub(super) fn exporter_objects(&self, context: &Context) -> Vec<Object> {
        let name = self.exporter_name();
        let labels = self.exporter_labels();
        // It finds the other brokers by itself, so a change of the number of brokers does not restart it.
        let connection = self.kafka.client_settings(Identity::Exporter);
        let addresses: Vec<String> = connection.addresses().map(str::to_owned).collect();
        let secret = self.kafka.secret(Identity::Exporter);
        let mut exporter = container(
            "kafka-exporter",
            &self.exporter.image,
            self.exporter.resources.unwrap_or_else(|| resources(self.size())),
            std::iter::once("/bin/kafka_exporter".to_owned())
                // Kafka 4 rejects clients older than 2.1 (KIP-896), and the default is 2.0.
                .chain([
                    "--kafka.version=2.1.0".to_owned(),
                    format!("--web.listen-address=:{PORT}"),
                ])
                .chain(self.exporter.topics.flags("topic"))
                .chain(self.exporter.groups.flags("group"))
                .chain(connection.exporter_flags())
                .chain(addresses.iter().map(|address| format!("--kafka.server={address}"))),
        );
        exporter.env = secret
            .as_deref()
            .map(|secret| connection.exporter_environment(secret))
            .filter(|variables| !variables.is_empty());
        exporter.ports = Some(vec![named_port(METRICS_PORT_NAME, PORT)]);
        // Shows only that the process responds, also while Kafka is down. A probe of the metrics would query the whole
        // cluster.
        let responds = http_probe("/healthz", METRICS_PORT_NAME);
        // It listens only once it has a connection, and exits if it gets none: one attempt may wait 30 s to connect and 30 s for an answer,
        // and there are four (the defaults of its client, sarama). Killed before, it could not say which broker did not answer.
        exporter.startup_probe = Some(Probe {
            failure_threshold: Some(30),
            ..responds.clone()
        });
        exporter.readiness_probe = Some(responds.clone());
        exporter.liveness_probe = Some(responds);

        let mut options = self.exporter.pod.clone();
        let mount = |secret| Mount::secret(secret, IDENTITY_DIRECTORY);
        options.mounts.extend(secret.map(mount));
        let pod = Pod {
            labels: &labels,
            service_account: &name,
            user: USER,
            config: None,
            // Without a broker it exits at once, and would restart repeatedly until the cluster is up.
            wait: Some(wait_for("wait-for-kafka", self.kafka.images().kafka(), &addresses)),
            init_containers: Vec::new(),
            container: exporter,
            grace_period: Duration::from_seconds(30),
            spread: Spread::Preferred,
            mesh: Mesh::Excluded,
            options: &options,
        };
        // Always one pod: two would report every lag twice. It stores nothing. For one pod a disruption budget would
        // either block every drain or have no effect, so there is none; a drain moves the exporter.
        let mut deployment = deployment(context, &name, 1, pod);
        if let Some(spec) = &mut deployment.spec {
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
        let mut service = service(context, &labels, &name, &[(METRICS_PORT_NAME, PORT)]);
        let labels_of_service = service.metadata.labels.get_or_insert_default();
        labels_of_service.extend([labels.monitored()]);
        let certificate = self.kafka.certificate(Identity::Exporter, context, &labels);
        let mut objects = vec![
            Object::new(&service_account(context, &labels, &name)),
            Object::new(&service),
            Object::new(&network_policy(context, &labels, &name, ingress)),
            Object::new(&deployment).in_wave(Wave::Clients),
        ];
        objects.extend(certificate.iter().map(Object::new));
        objects
    }
}
