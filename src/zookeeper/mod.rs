//! The ensemble that keeps the metadata of a Kafka 3.9 cluster in ZooKeeper mode.

mod alerts;
pub(crate) mod board;
mod closed;
mod monitored;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Container, Probe, VolumeMount};

use crate::{
    construct::{Check, Construct, Meta},
    context::Context,
    diagnostics::Origin,
    handbook::{Chapter, Task},
    manifest::{Object, Wave},
    metrics,
    quantity::{Duration, Resources, Units},
    security::Issuer,
    settings::Properties,
    workload::{
        ImageSet, IngressRule, Jvm, JvmCommand, Labels, LogLevel, Logging, METRICS_FILE, Mesh, NumberedPods, Pod,
        PodOptions, Pods, Spread, Storage, Version, VolumeClaims, check_rolling_updates, config_map, container,
        disruption_budget, env, env_from_field, exec_probe, headless_service, named_port, network_policy, service,
        service_account, stateful_set,
    },
};

const CLIENT: (&str, u16) = ("tcp-client", 2181);
const PEER: (&str, u16) = ("tcp-peer", 2888);
const ELECTION: (&str, u16) = ("tcp-election", 3888);
/// Where a closed server answers `srvr` in plaintext, to its own pod alone.
const LOCAL_PORT: u16 = 2180;

/// The images declare a volume at this path, so the claim is mounted here.
const VOLUME: &str = "/var/lib/zookeeper/data";
/// The data directory: below the mount, which may contain `lost+found`.
const DATA: &str = "/var/lib/zookeeper/data/snapshots";
const FILE: &str = "zookeeper.properties";

/// A ZooKeeper ensemble.
///
/// Its pods are numbered from 1, so that a pod's ordinal is its server id.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka");
/// let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3).storage(Storage::persistent(10.gib())));
/// assert!(zookeeper.connection_string().starts_with("zookeeper-1.zookeeper-headless.kafka.svc.cluster.local:2181,"));
/// assert!(!synth(&stack).findings.has_errors());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ZooKeeper {
    meta: Meta,
    replicas: u8,
    images: ImageSet,
    resources: Resources,
    storage: Storage,
    spread: Option<Spread>,
    tls: Option<Issuer>,
    options: PodOptions,
}

impl ZooKeeper {
    /// An ensemble of an odd number of servers: at least three in production, at most 255. By default each has 1 core,
    /// 2 GiB of memory and 10 GiB of disk.
    #[track_caller]
    pub fn new(name: impl Into<String>, replicas: u8) -> Self {
        Self {
            meta: Meta::new(name),
            replicas,
            images: ImageSet::confluent(Version::V3_9),
            resources: Resources::range(500.millicores()..=1.cores(), 2.gib()..=2.gib()),
            storage: Storage::persistent(10.gib()),
            spread: None,
            tls: None,
            options: PodOptions::default(),
        }
    }

    /// How far apart the servers run: by default never two on a Kubernetes node, and in production in different zones
    /// ([`Spread::Zones`]).
    pub const fn spread(mut self, spread: Spread) -> Self {
        self.spread = Some(spread);
        self
    }

    /// Requests and limits of each server. The heap is half of the memory.
    pub const fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// The volume of each server.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Other images than Confluent's.
    pub fn images(mut self, images: ImageSet) -> Self {
        self.images = images;
        self
    }

    fn labels(&self) -> Labels {
        Labels::new("zookeeper", &self.meta.name, "server")
    }

    fn headless_name(&self) -> String {
        format!("{}-headless", self.meta.name)
    }

    /// Server ids and host names.
    fn servers(&self, context: &Context) -> Vec<(u8, String)> {
        let headless = context.service_address(&self.headless_name());
        (1..=self.replicas)
            .map(|id| (id, format!("{}-{id}.{headless}", self.meta.name)))
            .collect()
    }

    fn properties(&self, context: &Context) -> Properties {
        let mut properties = Properties::default();
        properties
            .set("dataDir", DATA)
            .set("clientPort", self.local_port())
            .set("tickTime", 2000)
            .set("initLimit", 10)
            .set("syncLimit", 5)
            // An ensemble of one is still an ensemble: it can grow.
            .set("standaloneEnabled", false)
            // By default, snapshots and logs are never deleted.
            .set("autopurge.purgeInterval", 24)
            .set("autopurge.snapRetainCount", 5)
            // Each broker keeps one connection, and so does each tool; the default of 60 is per client address.
            .set("maxClientCnxns", 60)
            // The readiness probe sends `srvr` to see whether the server is in the quorum; other commands are disabled.
            .set("4lw.commands.whitelist", "srvr")
            .set("admin.enableServer", false);
        for (id, host) in self.servers(context) {
            properties.set(format!("server.{id}"), format!("{host}:{}:{}", PEER.1, ELECTION.1));
        }
        self.close(context, &mut properties);
        properties
    }

    fn config(&self, context: &Context) -> ConfigMap {
        let logging = Logging::Reload4j;
        let rules = self
            .images
            .metrics_agent()
            .map(|_| (METRICS_FILE, metrics::zookeeper::AGENT.rules()));
        config_map(
            context,
            &self.labels(),
            &self.meta.name,
            [
                (FILE, self.properties(context).to_text()),
                (
                    logging.file(),
                    // By default it logs one line per probe.
                    logging.configuration(
                        &[
                            (self.connections_logger(), LogLevel::Warn),
                            ("org.apache.zookeeper.server.command", LogLevel::Warn),
                        ],
                        &self.options.log_levels,
                    ),
                ),
            ]
            .into_iter()
            .chain(rules),
        )
    }

    /// The server's id is a file in its data directory: ZooKeeper cannot read it from anywhere else.
    fn write_id(&self) -> Container {
        let mut write = container(
            "write-id",
            self.images.zookeeper(),
            Resources::range(10.millicores()..=100.millicores(), 32.mib()..=32.mib()),
            [
                "bash".to_owned(),
                "-c".to_owned(),
                format!("mkdir -p {DATA} && echo \"$SERVER_ID\" > {DATA}/myid"),
            ],
        );
        write.env = Some(vec![env_from_field(
            "SERVER_ID",
            "metadata.labels['apps.kubernetes.io/pod-index']",
        )]);
        write.volume_mounts = Some(vec![mount()]);
        write
    }

    fn server(&self) -> Container {
        let start = JvmCommand {
            tool: "zookeeper-server-start",
            file: FILE,
            prefix: "KAFKA",
            heap: self.resources.heap(),
            options: &self.options.jvm,
            logging: Logging::Reload4j,
        };
        let mut server = container(
            "zookeeper",
            self.images.zookeeper(),
            self.resources,
            start.command(&self.images),
        );
        server.env = Some(vec![env("LOG_DIR", "/tmp")]);
        server.volume_mounts = Some(vec![mount()]);
        server.ports = Some(
            [CLIENT, PEER, ELECTION]
                .into_iter()
                .chain(self.images.metrics_port())
                .map(|(name, port)| named_port(name, port))
                .collect(),
        );
        let port = self.local_port();
        // The client port opens before there is a quorum, so the probe checks whether the server is part of it.
        let in_quorum = exec_probe([
            "bash".to_owned(),
            "-c".to_owned(),
            format!(
                "exec 3<>/dev/tcp/127.0.0.1/{port} && printf srvr >&3 && while read -r line <&3; do [[ $line == Mode:* ]] && exit 0; done; exit 1"
            ),
        ]);
        let alive = self.alive();
        server.startup_probe = Some(Probe {
            // Ten minutes: a snapshot of some gigabytes is read into memory first.
            failure_threshold: Some(60),
            ..alive.clone()
        });
        server.readiness_probe = Some(in_quorum);
        server.liveness_probe = Some(Probe {
            failure_threshold: Some(6),
            ..alive
        });
        server
    }
}

fn mount() -> VolumeMount {
    VolumeMount {
        name: "data".to_owned(),
        mount_path: VOLUME.to_owned(),
        ..VolumeMount::default()
    }
}

impl Pods for ZooKeeper {
    fn pod_options(&mut self) -> &mut PodOptions {
        &mut self.options
    }
}

impl Jvm for ZooKeeper {}

impl Construct for ZooKeeper {
    type Handle = ZooKeeperHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, context: &Context) -> ZooKeeperHandle {
        ZooKeeperHandle(Arc::new(EnsembleInfo {
            name: self.meta.name.clone(),
            replicas: self.replicas,
            connection_string: self
                .servers(context)
                .into_iter()
                .map(|(_, host)| format!("{host}:{}", CLIENT.1))
                .collect::<Vec<_>>()
                .join(","),
            service_address: format!("{}:{}", context.service_address(&self.meta.name), CLIENT.1),
            metrics_port: self.images.metrics_port().map(|(name, _)| name),
            issuer: self.tls.clone(),
            local_port: self.local_port(),
            made_in: context.clone(),
        }))
    }

    fn check(&self, check: &mut Check<'_>) {
        self.options.check(check, "", self.meta.location);
        if let Some(issuer) = &self.tls {
            issuer.check(check);
        }
        check_rolling_updates(check);
    }

    fn chapter(&self, context: &Context, _: &[Object]) -> Chapter {
        let (name, ns) = (&self.meta.name, &context.namespace);
        let servers = self.replicas;
        let majority = servers / 2 + 1;
        let pods = format!(
            "kubectl -n {ns} get pods -o wide -l app.kubernetes.io/name=zookeeper,app.kubernetes.io/instance={name}"
        );
        Chapter {
            resources: Some("not needed with KRaft, where brokers or controllers of their own keep the metadata"),
            survives: vec![format!(
                "{servers} servers, {majority} of them must run: goes on with {} down. Without a majority no broker starts, and no \
                 partition gets another leader.",
                servers - majority
            )],
            tasks: vec![
                Task::new(format!("Restart {name}")).run([
                    format!("kubectl -n {ns} rollout restart statefulset/{name}"),
                    format!("kubectl -n {ns} rollout status statefulset/{name} --timeout=30m"),
                ]),
                Task::new(format!("{name} has lost its majority"))
                    .say(format!(
                        "Fewer than {majority} of {servers} servers run. Bring their pods back with the volumes that they had; the \
                         ensemble elects a leader by itself. Delete no claim meanwhile: the metadata of the cluster is on these volumes."
                    ))
                    .run([pods, format!("kubectl -n {ns} logs {name}-1 --tail=100")])
                    .runbooks(&["KafkaZooKeeperQuorumLost", "KafkaZooKeeperServerDown"]),
            ],
            symptoms: vec![
                Task::new("Brokers lose their session with ZooKeeper")
                    .runbooks(&["KafkaZooKeeperSessionLost", "KafkaZooKeeperSessionExpired"]),
            ],
            ..Chapter::default()
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let labels = self.labels();
        let config = self.config(context);
        let mut options = self.options.clone();
        options.mounts.extend(self.identity());
        let pod = Pod {
            labels: &labels,
            service_account: &self.meta.name,
            user: ImageSet::USER,
            config: Some(&config),
            wait: None,
            init_containers: vec![self.write_id()],
            container: self.server(),
            grace_period: Duration::from_seconds(60),
            spread: self.spread.unwrap_or_else(|| Spread::of_quorum(context)),
            mesh: Mesh::Excluded,
            options: &options,
        };
        let members = NumberedPods {
            name: &self.meta.name,
            service: &self.headless_name(),
            replicas: self.replicas.into(),
            first_ordinal: 1,
            settle: Duration::from_seconds(10),
        };
        let mut ingress = vec![
            // A client of this port can change the cluster's metadata, so only brokers may connect.
            IngressRule::Pods(Labels::new("kafka", "", ""), vec![CLIENT.1]),
            IngressRule::Pods(labels.clone(), vec![PEER.1, ELECTION.1]),
        ];
        ingress.extend(
            self.images
                .metrics_port()
                .map(|(_, port)| IngressRule::Monitoring(vec![port])),
        );
        let volume = self.storage.claim("data");
        let certificate = self.certificate(context);
        let objects = vec![
            Object::new(&service_account(context, &labels, &self.meta.name)),
            Object::new(&config).with_origins([Origin::of_field(&format!("/data/{FILE}"), "", self.meta.location)]),
            Object::new(&service(context, &labels, &self.meta.name, &[CLIENT])),
            Object::new(&headless_service(
                context,
                &labels,
                &self.headless_name(),
                &[CLIENT, PEER, ELECTION],
            )),
            Object::new(&network_policy(context, &labels, &self.meta.name, ingress)),
            Object::new(&disruption_budget(context, &labels, &self.meta.name)),
            Object::new(&stateful_set(context, &members, pod, vec![volume]))
                .in_wave(Wave::ZooKeeper)
                .with_origins([
                    Origin::of_resources("", self.meta.location),
                    Origin::of_field("/spec/volumeClaimTemplates", "", self.meta.location),
                ]),
        ];
        objects.into_iter().chain(certificate.iter().map(Object::new)).collect()
    }
}

/// An ensemble that is part of a stack: what a cluster and its monitoring are built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZooKeeperHandle(Arc<EnsembleInfo>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct EnsembleInfo {
    name: String,
    replicas: u8,
    connection_string: String,
    service_address: String,
    metrics_port: Option<&'static str>,
    issuer: Option<Issuer>,
    local_port: u16,
    made_in: Context,
}

impl ZooKeeperHandle {
    /// The construct's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The number of its servers.
    pub fn replicas(&self) -> u8 {
        self.0.replicas
    }

    /// `zookeeper.connect` of a broker: every server's own address.
    pub fn connection_string(&self) -> &str {
        &self.0.connection_string
    }

    /// Host and port of the Service, which forwards to servers that are part of the quorum.
    pub fn service_address(&self) -> &str {
        &self.0.service_address
    }

    /// The labels of its pods.
    pub fn labels(&self) -> Labels {
        Labels::new("zookeeper", &self.0.name, "server")
    }

    /// Reports a handle of another stack.
    pub(crate) fn check(&self, check: &mut Check<'_>) {
        let instead = "add the `ZooKeeper` to this stack".to_owned();
        check.same_surroundings(&self.0.name, Some(&self.0.made_in), instead);
    }

    /// Its volumes.
    pub fn volume_claims(&self) -> VolumeClaims {
        VolumeClaims::new("data", &self.0.name, 1..u32::from(self.0.replicas) + 1)
    }

    /// The name of its pods' metrics port, if its images have a metrics agent.
    pub fn metrics_port(&self) -> Option<&'static str> {
        self.0.metrics_port
    }
}
