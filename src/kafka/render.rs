//! The objects of a cluster.

use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetUpdateStrategy},
    core::v1::{ConfigMap, Container, Probe, VolumeMount},
};

use super::{
    cluster::KafkaCluster,
    connection::NODE_CLIENT_FILE,
    listener::Listener,
    pool::{NodePool, Roles},
    server::DATA,
};
use crate::{
    context::Context,
    diagnostics::Origin,
    manifest::{Object, Wave},
    metrics,
    quantity::{Resources, Units},
    workload::{
        Access, CONFIG_DIRECTORY, ImageSet, IngressRule, JvmCommand, Labels, LogLevel, Logging, METRICS_FILE, Mesh,
        NumberedPods, Pod, Spread, config_map, container, disruption_budget, env, env_from_field, headless_service,
        named_port, network_policy, service, service_account, stateful_set, tcp_probe, wait_for,
    },
};

const SERVER_FILE: &str = "server.properties";

impl KafkaCluster {
    pub(crate) fn render_all(&self, context: &Context) -> Vec<Object> {
        let everyone = self.labels();
        let brokers = self.component_labels(Roles::Broker);
        let platform = self.tls.as_ref().map(|_| Listener::PLATFORM);
        let client_ports: Vec<(String, u16)> = self
            .inside_listeners()
            .map(|listener| (Listener::port_name(&listener.name), listener.port))
            .chain(platform.map(|(name, port)| (Listener::port_name(name), port)))
            .collect();
        let outside: Vec<String> = self
            .outside_listeners()
            .map(|(listener, _)| listener.name.clone())
            .collect();
        let mut all_ports: Vec<(String, u16)> = Vec::new();
        for pool in &self.pools {
            for (name, port) in self.ports(pool.roles) {
                // Clients outside have Services of their own, which lead to the name that the broker advertises.
                if outside.contains(&name) {
                    continue;
                }
                let port = (Listener::port_name(&name), port);
                if !all_ports.contains(&port) {
                    all_ports.push(port);
                }
            }
        }

        let mut objects = vec![
            Object::new(&service_account(context, &everyone, &self.meta.name)),
            Object::new(&service(context, &brokers, &self.meta.name, &named(&client_ports))),
            Object::new(&headless_service(
                context,
                &everyone,
                &self.headless_name(),
                &named(&all_ports),
            )),
        ];
        objects.extend(self.outside_services(context));
        for pool in &self.pools {
            let config = self.config_map(context, pool);
            let settings = self.server_settings(context, pool);
            let origins = settings.origins("/data/server.properties", "", "", self.meta.location);
            let version = self.images.version();
            objects.push(Object::new(&config).with_origins(origins));
            objects.push(
                Object::new(&self.stateful_set(context, pool, &config))
                    .of_version(version)
                    .in_wave(match pool.roles {
                        Roles::Controller => Wave::Controllers,
                        Roles::Combined | Roles::Broker => Wave::Brokers,
                    })
                    .with_origins([
                        Origin::of_resources(&pool.name, pool.location),
                        Origin::of_field("/spec/ordinals", &pool.name, pool.location),
                        Origin::of_field("/spec/volumeClaimTemplates", &pool.name, pool.location),
                    ]),
            );
        }
        objects.extend(self.certificates(context).iter().map(Object::new));
        objects.extend(self.features(context));
        for roles in self.components() {
            let labels = self.component_labels(roles);
            let name = match roles {
                Roles::Controller => format!("{}-controller", self.meta.name),
                Roles::Combined | Roles::Broker => self.meta.name.clone(),
            };
            objects.push(Object::new(&disruption_budget(context, &labels, &name)));
            objects.push(Object::new(&network_policy(
                context,
                &labels,
                &name,
                self.ingress(roles, &everyone),
            )));
        }
        objects
    }

    /// The components of the pools: brokers, and controllers if they are separate.
    fn components(&self) -> Vec<Roles> {
        let mut components: Vec<Roles> = Vec::new();
        for pool in &self.pools {
            if components
                .iter()
                .all(|known| known.component() != pool.roles.component())
            {
                components.push(pool.roles);
            }
        }
        components
    }

    /// Only the cluster's own pods may connect to the ports of controllers and of replication.
    fn ingress(&self, roles: Roles, everyone: &Labels) -> Vec<IngressRule> {
        let mut ingress = Vec::new();
        if roles.broker() {
            ingress.extend(
                self.client_listeners()
                    .into_iter()
                    .map(|listener| match &listener.outside {
                        None => IngressRule::Clients(listener.access, vec![listener.port]),
                        Some(outside) => outside.admitted(vec![listener.port]),
                    }),
            );
        }
        let clients = self.client_listeners();
        if roles.broker() && self.tls.is_some() {
            ingress.push(IngressRule::Clients(Access::applications(), vec![Listener::PLATFORM.1]));
        }
        let internal = self
            .pools
            .iter()
            .filter(|pool| pool.roles.component() == roles.component())
            .flat_map(|pool| self.ports(pool.roles))
            // Brokers use it among themselves for a while.
            .filter(|(name, _)| self.rollout.is_some() || *name != Listener::PLATFORM.0)
            .filter(|(name, _)| clients.iter().all(|listener| listener.name != *name))
            .map(|(_, port)| port)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        ingress.push(IngressRule::Pods(everyone.clone(), internal));
        ingress.extend(
            self.images
                .metrics_port()
                .map(|(_, port)| IngressRule::Monitoring(vec![port])),
        );
        ingress
    }

    fn config_map(&self, context: &Context, pool: &NodePool) -> ConfigMap {
        let logging = Logging::of(self.images.version());
        let process = match (self.mode_of(pool).kraft, pool.roles) {
            (true, Roles::Controller) => metrics::controller::AGENT,
            (kraft, _) => metrics::broker::agent(kraft, self.partition_sizes),
        };
        let rules = self.images.metrics_agent().map(|_| (METRICS_FILE, process.rules()));
        config_map(
            context,
            &self.pool_labels(pool),
            &pool.name,
            [
                (SERVER_FILE, self.server_properties(context, pool).to_text()),
                (
                    logging.file(),
                    logging.configuration(LOG_LEVELS, &self.options.with(&pool.options).log_levels),
                ),
            ]
            .into_iter()
            .chain(rules)
            .chain(self.node_client().map(|text| (NODE_CLIENT_FILE, text)))
            .chain(self.gate_files(context, pool)),
        )
    }

    fn stateful_set(&self, context: &Context, pool: &NodePool, config: &ConfigMap) -> StatefulSet {
        let labels = self.pool_labels(pool);
        let mut options = self.options.with(&pool.options);
        options.mounts.extend(self.identity_of(pool));
        self.add_identity_provider(pool, &mut options);
        let pod = Pod {
            labels: &labels,
            service_account: &self.meta.name,
            user: ImageSet::USER,
            config: Some(config),
            wait: self.wait(pool),
            init_containers: self.format(pool).into_iter().collect(),
            container: self.server(pool, &options.jvm),
            grace_period: self.grace_period(pool),
            spread: pool.spread.unwrap_or_else(|| match &pool.zone {
                None if pool.roles.controller() => Spread::of_quorum(context),
                _ => Spread::Required,
            }),
            mesh: Mesh::Excluded,
            options: &options,
        };
        let members = NumberedPods {
            name: &pool.name,
            service: &self.headless_name(),
            replicas: pool.replicas,
            first_ordinal: pool.first_id,
            settle: self.settle,
        };
        let volume = pool.storage.claim("data");
        let mut set = stateful_set(context, &members, pod, vec![volume]);
        // Each controller would restart a broker of its own pool at the same time, and with a pool for each zone these are all
        // copies of a partition. So pods take a change when they are deleted, one by one over all pools.
        let brokers = self.pools.iter().filter(|pool| pool.roles.broker()).count();
        if pool.roles.broker()
            && brokers > 1
            && let Some(spec) = &mut set.spec
        {
            spec.update_strategy = Some(StatefulSetUpdateStrategy {
                type_: Some("OnDelete".to_owned()),
                rolling_update: None,
            });
        }
        if let Some(zone) = &pool.zone
            && let Some(pod) = set.spec.as_mut().and_then(|spec| spec.template.spec.as_mut())
        {
            pod.node_selector
                .get_or_insert_default()
                .insert("topology.kubernetes.io/zone".to_owned(), zone.clone());
        }
        set
    }

    /// A broker that finds no ensemble exits after 18 s, and would restart repeatedly until there is one.
    fn wait(&self, pool: &NodePool) -> Option<Container> {
        let zookeeper = self.mode_of(pool).zookeeper?;
        Some(wait_for(
            "wait-for-zookeeper",
            self.images.kafka(),
            &[zookeeper.service_address().to_owned()],
        ))
    }

    /// Formats an empty log directory with the cluster id. A directory that already has this id stays as it is. If it
    /// has another id, the tool and the pod fail: the volume belongs to another cluster.
    fn format(&self, pool: &NodePool) -> Option<Container> {
        let cluster_id = self.cluster_id().filter(|_| self.mode_of(pool).kraft)?;
        let (release, variable) = self.format_release().unzip();
        let arguments = [
            self.images.command("kafka-storage"),
            "format".to_owned(),
            format!("--cluster-id={cluster_id}"),
            format!("--config={CONFIG_DIRECTORY}/{SERVER_FILE}"),
            "--ignore-formatted".to_owned(),
        ];
        let mut format = container(
            "format",
            self.images.kafka(),
            Resources::range(100.millicores()..=1.cores(), 512.mib()..=512.mib()),
            arguments.into_iter().chain(release),
        );
        format.env = Some(variable.into_iter().chain(node_environment()).collect());
        format.volume_mounts = Some(vec![data_mount()]);
        Some(format)
    }

    fn server(&self, pool: &NodePool, options: &[String]) -> Container {
        let start = JvmCommand {
            tool: "kafka-server-start",
            file: SERVER_FILE,
            prefix: "KAFKA",
            heap: pool.heap_size(),
            options,
            logging: Logging::of(self.images.version()),
        };
        let mut server = container(
            "kafka",
            self.images.kafka(),
            pool.resources,
            start.command(&self.images),
        );
        let ports = self.ports(pool.roles);
        server.env = Some(node_environment());
        server.volume_mounts = Some(vec![data_mount()]);
        server.ports = Some(
            ports
                .iter()
                .map(|(name, port)| named_port(&Listener::port_name(name), *port))
                .chain(self.images.metrics_port().map(|(name, port)| named_port(name, port)))
                .collect(),
        );
        // A broker opens its listeners once it has recovered its log and joined the cluster; a controller when it
        // starts.
        let alive = tcp_probe(&Listener::port_name(&ports[0].0));
        self.add_gate(pool, &mut server, alive.clone());
        server.readiness_probe = Some(alive.clone());
        server.liveness_probe = Some(Probe {
            failure_threshold: Some(6),
            ..alive
        });
        server
    }
}

/// The levels of loggers that would write one line per request or per partition.
const LOG_LEVELS: &[(&str, LogLevel)] = &[
    ("kafka.request.logger", LogLevel::Warn),
    ("kafka.network.RequestChannel$", LogLevel::Warn),
    ("state.change.logger", LogLevel::Info),
];

fn named(ports: &[(String, u16)]) -> Vec<(&str, u16)> {
    ports.iter().map(|(name, port)| (name.as_str(), *port)).collect()
}

fn node_environment() -> Vec<k8s_openapi::api::core::v1::EnvVar> {
    vec![
        env_from_field("NODE_ID", "metadata.labels['apps.kubernetes.io/pod-index']"),
        env_from_field("POD_NAME", "metadata.name"),
        env("LOG_DIR", "/tmp"),
    ]
}

fn data_mount() -> VolumeMount {
    VolumeMount {
        name: "data".to_owned(),
        mount_path: DATA.to_owned(),
        ..VolumeMount::default()
    }
}
