//! What closes a cluster: the certificates of its nodes, the settings of its listeners, and who may do everything.

use std::sync::Arc;

use super::{
    cluster::{Coordination, KafkaCluster},
    connection::{self, Identity, PLATFORM},
    external::{SCRAM, SCRAM_MODULE, Trust},
    handle::Closed,
    listener::{Listener, Protocol},
    oauth::{self, OAuth},
    pool::NodePool,
};
use crate::{
    construct::{Check, Construct},
    context::Context,
    diagnostics::rules::security,
    security::{Certificate, IDENTITY_DIRECTORY, Request},
    settings::Settings,
    workload::{Mount, PodOptions},
};

impl KafkaCluster {
    /// The protocol of a listener, by its name.
    pub(super) fn protocol(&self, name: &str) -> Protocol {
        let of_clients = self.client_listeners();
        match of_clients.iter().find(|listener| listener.name == name) {
            Some(listener) => listener.protocol.clone(),
            // Where they are, they are encrypted.
            None if [Listener::PLATFORM.0, Listener::QUORUM.0].contains(&name) => Protocol::Tls,
            None => self.protocol_of_nodes(),
        }
    }

    /// The subject's `O` of nodes and of the platform. An application has none, so that it cannot be taken for one of them, and neither
    /// can the nodes of another cluster with the same issuer.
    fn organization(&self, context: &Context) -> String {
        format!("{}.{}", self.meta.name, context.namespace)
    }

    /// The common name of a pool's nodes. The name of a pool has no dot. What one broker has written to ZooKeeper every other must be
    /// able to change, and ZooKeeper knows them by their whole subject: there all of them have one.
    fn common_name(&self, pool: &NodePool) -> String {
        match self.coordination {
            Coordination::ZooKeeper(_) => format!("node.{}", self.meta.name),
            Coordination::Kraft { .. } | Coordination::Migration { .. } => format!("node.{}", pool.name),
        }
    }

    /// The `Certificate` and the Secret of a pool's nodes.
    pub(super) fn secret_of(pool: &str) -> String {
        format!("{pool}-tls")
    }

    pub(super) fn closed(&self, context: &Context) -> Option<Closed> {
        if !self.uses_tls() {
            return None;
        }
        Some(Closed {
            issuer: self.tls.clone()?,
            organization: self.organization(context),
            bootstrap_servers: format!("{}:{}", context.service_address(&self.meta.name), Listener::PLATFORM.1),
            authorized: self.authorization.is_some(),
        })
    }

    /// One for each pool, with the names that others dial, and that of the administrator.
    pub(super) fn certificates(&self, context: &Context) -> Vec<Certificate> {
        let Some(issuer) = &self.tls else { return Vec::new() };
        let headless = context.service_address(&self.headless_name());
        let nodes = self.pools.iter().filter_map(|pool| {
            let service = pool.roles.broker().then(|| context.service_address(&self.meta.name));
            let pods = pool.ids().map(|id| format!("{}-{id}.{headless}", pool.name));
            let outside = pool
                .roles
                .broker()
                .then(|| self.outside_names(pool))
                .into_iter()
                .flatten();
            let wanted = Request {
                secret: Self::secret_of(&pool.name),
                common_name: self.common_name(pool),
                organization: Some(self.organization(context)),
                dns_names: pods.chain(service).chain(outside).collect(),
                combined: self.mode_of(pool).zookeeper.is_some(),
            };
            issuer.certificate(context, &self.pool_labels(pool), wanted)
        });
        let administrator = self
            .handle(context)
            .certificate(Identity::Admin, context, &self.labels());
        nodes.chain(administrator).collect()
    }

    /// The Secret of a pool's nodes in their pods.
    pub(super) fn identity_of(&self, pool: &NodePool) -> Option<Mount> {
        self.tls.as_ref()?;
        Some(Mount::secret(Self::secret_of(&pool.name), IDENTITY_DIRECTORY))
    }

    /// How clients of each listener show tokens, if a pool has such listeners.
    fn tokens(&self, pool: &NodePool) -> Vec<Arc<OAuth>> {
        let listeners = if pool.roles.broker() {
            self.client_listeners()
        } else {
            Vec::new()
        };
        let oauth = listeners.into_iter().filter_map(|listener| match listener.protocol {
            Protocol::Tokens(oauth) => Some(oauth),
            _ => None,
        });
        oauth.collect()
    }

    /// What the pods of a pool need to ask an identity provider: its authority, and an option of the JVM.
    pub(super) fn add_identity_provider(&self, pool: &NodePool, options: &mut PodOptions) {
        oauth::add(options, &self.tokens(pool), |oauth| oauth.keys(), self.images.version());
    }

    /// The file by which Kafka's tools connect in the pod of a node, as the node.
    pub(super) fn node_client(&self) -> Option<String> {
        self.tls.as_ref()?;
        connection::ClientSettings {
            bootstrap_servers: String::new(),
            credentials: connection::Credentials::Certificate,
            trust: Trust::Secret,
        }
        .command_config()
    }

    pub(super) fn own_security(&self, context: &Context, pool: &NodePool, settings: &mut Settings) {
        const TLS: &str = "use `.internal_tls(…)`";
        const AUTHORIZATION: &str = "use `.authorization()`";
        if self.tls.is_none() {
            return;
        }
        settings.resolve_directories();
        for (key, value) in connection::key_store().into_iter().chain(connection::trust_store()) {
            settings.own(key, value, TLS);
        }
        if let Some(ensemble) = self.mode_of(pool).zookeeper {
            for (key, value) in ensemble.client_settings() {
                settings.own(key, value, "use `ZooKeeper::internal_tls`");
            }
        }
        let organization = self.organization(context).replace('.', "[.]");
        let rules = format!("RULE:^CN=([^,]+),O={organization}$/{PLATFORM}$1/,RULE:^CN=([^,]+)$/$1/,DEFAULT");
        settings.own(
            "ssl.principal.mapping.rules",
            rules,
            "it tells nodes and the platform from applications",
        );
        let mut own: Vec<(String, Protocol)> = Vec::new();
        for (name, _) in self.ports(pool.roles) {
            let protocol = self.protocol(&name);
            own.push((name, protocol));
        }
        for (name, protocol) in own {
            let prefix = format!("listener.name.{}", name.to_ascii_lowercase());
            match protocol {
                Protocol::Plaintext => {}
                Protocol::Tls => {
                    settings.own(format!("{prefix}.ssl.client.auth"), "required".to_owned(), TLS);
                }
                Protocol::SaslTls => {
                    const CALL: &str = "use `Listener::tls(…).scram()`";
                    let module = format!("{prefix}.{}.sasl.jaas.config", SCRAM.to_ascii_lowercase());
                    settings
                        .own(format!("{prefix}.sasl.enabled.mechanisms"), SCRAM.to_owned(), CALL)
                        .own(module, format!("{SCRAM_MODULE} required;"), CALL);
                }
                Protocol::Tokens(oauth) => {
                    for (key, value) in oauth.of_broker() {
                        settings.own(format!("{prefix}.{key}"), value, "use `Listener::tls(…).oauth(…)`");
                    }
                }
            }
        }
        if self.authorization.is_some() {
            let mut nodes: Vec<String> = self.pools.iter().map(|pool| self.common_name(pool)).collect();
            nodes.dedup();
            let authorizer = if self.mode_of(pool).kraft {
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            } else {
                "kafka.security.authorizer.AclAuthorizer"
            };
            let everyone = nodes
                .into_iter()
                .chain(Identity::Admin.of_platform().map(str::to_owned));
            let everyone = everyone.map(|name| format!("{PLATFORM}{name}"));
            let on_their_way = self.admits_anonymous().then(|| "ANONYMOUS".to_owned());
            let users: Vec<String> = everyone
                .chain(on_their_way)
                .map(|name| format!("User:{name}"))
                .collect();
            settings
                .own("authorizer.class.name", authorizer.to_owned(), AUTHORIZATION)
                .own(
                    "super.users",
                    users.join(";"),
                    "they are the nodes and the administrator",
                )
                .reserve(
                    "declare the permission with `Permissions`",
                    ["allow.everyone.if.no.acl.found"],
                );
        }
    }

    pub(super) fn check_security(&self, check: &mut Check<'_>) {
        let listeners = self.client_listeners();
        let encrypted = listeners
            .iter()
            .find(|listener| listener.protocol != Protocol::Plaintext);
        if let Some(location) = self.authorization.filter(|_| self.tls.is_none()) {
            let message = "without TLS nodes cannot show who they are, so the authorizer refuses their requests too";
            check.report(&security::INCOMPLETE, message, |finding| {
                finding.at(location).hint("add `.internal_tls(Issuer::…)`");
            });
        }
        if let Some(listener) = encrypted.filter(|_| self.tls.is_none()) {
            let message = format!(
                "listener `{}` is encrypted, and the brokers have no certificate",
                listener.name
            );
            check.report(&security::INCOMPLETE, message, |finding| {
                finding.hint("add `.internal_tls(Issuer::…)`");
            });
        }
        if let Some(issuer) = &self.tls {
            issuer.check(check);
        }
        self.check_ensemble(check);
        self.check_rollout(check);
        let mut tokens = Vec::new();
        for listener in &listeners {
            if let Protocol::Tokens(oauth) = &listener.protocol {
                oauth.check(check, &listener.name);
                tokens.push(oauth.clone());
            }
        }
        oauth::check_authorities(check, &tokens);
        if let Some(location) = self.authorization.filter(|_| !self.admits_anonymous())
            && let Some(listener) = listeners
                .iter()
                .find(|listener| listener.protocol == Protocol::Plaintext)
        {
            let message = format!(
                "clients of the plaintext listener `{}` are `User:ANONYMOUS`, and the authorizer refuses all their requests",
                listener.name
            );
            let hint = match self.rollout {
                Some(_) => "remove it once no client uses it, and stay at `TlsRollout::Used` until then".to_owned(),
                None => format!(
                    "make it `Listener::tls(\"{}\", {}).scram()`",
                    listener.name, listener.port
                ),
            };
            check.report(&security::INCOMPLETE, message, |finding| {
                finding.at(location).hint(hint);
            });
        }
    }
}

impl KafkaCluster {
    /// Reports brokers and an ensemble of which only one is closed.
    fn check_ensemble(&self, check: &mut Check<'_>) {
        let Some(ensemble) = self.ensemble() else { return };
        let name = ensemble.name();
        let (problem, hint) = match (&self.tls, ensemble.issuer()) {
            (None, None) => return,
            (Some(own), Some(other))
                if self.rollout.is_none() && matches!(self.coordination, Coordination::ZooKeeper(_)) =>
            {
                if own == other {
                    return;
                }
                (
                    format!(
                        "the certificates of `{name}` are of another issuer than those of the brokers, so they do not trust each other"
                    ),
                    "give both the same issuer".to_owned(),
                )
            }
            (None, Some(_)) => (
                format!("`{name}` takes only clients with a certificate, and the brokers have none"),
                "add `.internal_tls(…)` with the issuer of the ensemble".to_owned(),
            ),
            (Some(_), _) if matches!(self.coordination, Coordination::Migration { .. }) => (
                "a cluster on its way from ZooKeeper cannot be closed".to_owned(),
                "migrate to KRaft while it is open, then close it with `.tls_rollout(…)`".to_owned(),
            ),
            (Some(_), _) if self.rollout.is_some() => (
                "a cluster on ZooKeeper cannot be closed in phases".to_owned(),
                "migrate to KRaft first, then close it with `.tls_rollout(…)`".to_owned(),
            ),
            (Some(_), _) => (
                format!(
                    "the brokers connect to `{name}` in plaintext, and who reaches it may change users and permissions"
                ),
                format!(
                    "add `.internal_tls(…)` to `ZooKeeper::new(\"{name}\", {})`, with the same issuer",
                    ensemble.replicas()
                ),
            ),
        };
        check.report(&security::INCOMPLETE, problem, |finding| {
            finding.hint(hint);
        });
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{
        Access, Application, Issuer, NodePool, Permissions, Quota, Stack, Units, Version, ZooKeeper, synth,
    };

    fn cluster() -> KafkaCluster {
        KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("k-controller", 3))
            .pool(NodePool::brokers("k", 3))
    }

    fn closed() -> KafkaCluster {
        cluster()
            .internal_tls(Issuer::in_namespace("ca"))
            .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
            .authorization()
    }

    /// The lines of a pool's file about who connects.
    fn part(cluster: &KafkaCluster, pool: usize) -> String {
        let stack = Stack::new("test", "streams");
        let text = cluster
            .server_properties(stack.context(), &cluster.pools[pool])
            .to_text();
        let about = [
            "ssl.",
            "sasl.",
            "protocol.map",
            "config.providers",
            "authorizer",
            "super.users",
            "listeners=",
        ];
        let lines = text.lines().filter(|line| about.iter().any(|word| line.contains(word)));
        lines.map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn every_listener_is_encrypted_and_knows_who_connects() {
        assert_snapshot!(part(&closed(), 1), @r"
        advertised.listeners=CLIENT://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9092,REPLICATION://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9091,PLATFORM://${env:POD_NAME}.k-headless.streams.svc.cluster.local:9090
        authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
        config.providers=dir,env
        config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512
        listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
        listener.name.platform.ssl.client.auth=required
        listener.name.replication.ssl.client.auth=required
        listener.security.protocol.map=CLIENT:SASL_SSL,REPLICATION:SSL,PLATFORM:SSL,CONTROLLER:SSL
        listeners=CLIENT://:9092,REPLICATION://:9091,PLATFORM://:9090
        ssl.keystore.certificate.chain=${dir:/etc/kafka-identity:tls.crt}
        ssl.keystore.key=${dir:/etc/kafka-identity:tls.key}
        ssl.keystore.type=PEM
        ssl.principal.mapping.rules=RULE:^CN=([^,]+),O=k[.]streams$/platform:$1/,RULE:^CN=([^,]+)$/$1/,DEFAULT
        ssl.truststore.location=/etc/kafka-identity/ca.crt
        ssl.truststore.type=PEM
        super.users=User:platform:node.k-controller;User:platform:node.k;User:platform:admin
        ");
    }

    #[test]
    fn a_controller_knows_nothing_of_passwords() {
        let text = part(&closed(), 0);
        assert!(!text.contains("sasl"), "{text}");
        for line in [
            "listener.name.controller.ssl.client.auth=required",
            "super.users=User:platform:node.k-controller;User:platform:node.k;User:platform:admin",
            "listener.security.protocol.map=CONTROLLER:SSL",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn a_certificate_has_the_names_that_others_dial_and_no_other() {
        let stack = Stack::new("test", "streams");
        let names: Vec<String> = closed()
            .certificates(stack.context())
            .into_iter()
            .map(|certificate| {
                format!(
                    "{}: {}",
                    certificate.spec.secret_name,
                    certificate.spec.dns_names.join(" ")
                )
                .trim()
                .to_owned()
            })
            .collect();
        assert_snapshot!(names.join("\n"), @r"
        k-controller-tls: k-controller-100.k-headless.streams.svc.cluster.local k-controller-101.k-headless.streams.svc.cluster.local k-controller-102.k-headless.streams.svc.cluster.local
        k-tls: k-0.k-headless.streams.svc.cluster.local k-1.k-headless.streams.svc.cluster.local k-2.k-headless.streams.svc.cluster.local k.streams.svc.cluster.local
        k-admin:
        ");
        let none = cluster().internal_tls(Issuer::existing_secrets());
        assert_eq!(none.certificates(stack.context()), []);
        assert!(none.identity_of(&none.pools[0]).is_some());
    }

    /// What is wrong with a stack of this cluster.
    fn findings(cluster: KafkaCluster) -> Vec<&'static str> {
        let mut stack = Stack::new("test", "streams");
        stack.add(cluster);
        let findings = synth(&stack).findings;
        findings
            .iter()
            .map(|finding| finding.rule.id)
            .filter(|id| id.starts_with("KS-X"))
            .collect()
    }

    #[test]
    fn what_is_closed_in_part_is_found() {
        let tls = || Issuer::in_namespace("ca");
        let scram = || Listener::tls("CLIENT", 9092).scram();
        let open = vec!["KS-X10"];
        assert_eq!(findings(cluster()), open);
        assert_eq!(findings(closed()), Vec::<&str>::new());
        assert_eq!(findings(cluster().listener(scram())), ["KS-X01", "KS-X10", "KS-X02"]);
        assert_eq!(
            findings(cluster().internal_tls(tls()).authorization()),
            vec!["KS-X01", "KS-X10"],
            "a plaintext listener"
        );
        assert_eq!(
            findings(cluster().internal_tls(tls()).listener(scram())),
            vec!["KS-X02"]
        );
        assert_eq!(findings(cluster().internal_tls(tls())), open, "TLS between nodes alone");
    }

    #[test]
    fn a_cluster_and_its_ensemble_are_closed_together() {
        use crate::prelude::{Migration, TlsRollout};
        let issuer = || Issuer::in_namespace("ca");
        let told =
            |ensemble: fn(ZooKeeper) -> ZooKeeper, cluster: &dyn Fn(KafkaCluster) -> KafkaCluster, migrates: bool| {
                let mut stack = Stack::new("test", "streams");
                let zookeeper = stack.add(ensemble(ZooKeeper::new("zookeeper", 3)));
                stack.add(cluster(if migrates {
                    KafkaCluster::migrating("k", &zookeeper, Migration::Migrate, "WXo4c0tSYlFOc1lEa3ZkTw")
                        .pool(NodePool::controllers("c", 3))
                        .pool(NodePool::brokers("k", 3))
                } else {
                    KafkaCluster::zookeeper("k", &zookeeper).pool(NodePool::brokers("k", 3))
                }));
                let findings = synth(&stack).findings;
                let own = findings.iter().filter(|finding| finding.rule.id == "KS-X01");
                own.map(|finding| format!("{}\n  {}\n", finding.message, finding.hint))
                    .collect::<String>()
            };
        let scram = || Listener::tls("CLIENT", 9092).scram();
        let close = |cluster: KafkaCluster| cluster.internal_tls(issuer()).listener(scram()).authorization();
        let closed: fn(ZooKeeper) -> ZooKeeper = |ensemble| ensemble.internal_tls(Issuer::in_namespace("ca"));
        let open: fn(ZooKeeper) -> ZooKeeper = |ensemble| ensemble;
        assert_eq!(told(closed, &close, false), "");
        assert_eq!(told(open, &|cluster| cluster, false), "");
        let phase = |cluster: KafkaCluster| {
            let phase = cluster.tls_rollout(TlsRollout::Closed, issuer());
            phase.listener(scram()).authorization()
        };
        let wrong = [
            told(open, &close, false),
            told(closed, &|cluster| cluster, false),
            told(|ensemble| ensemble.internal_tls(Issuer::cluster("ca")), &close, false),
            told(closed, &phase, false),
            told(open, &close, true),
        ];
        assert_snapshot!(wrong.concat(), @r#"
        the brokers connect to `zookeeper` in plaintext, and who reaches it may change users and permissions
          add `.internal_tls(…)` to `ZooKeeper::new("zookeeper", 3)`, with the same issuer
        `zookeeper` takes only clients with a certificate, and the brokers have none
          add `.internal_tls(…)` with the issuer of the ensemble
        the certificates of `zookeeper` are of another issuer than those of the brokers, so they do not trust each other
          give both the same issuer
        a cluster on ZooKeeper cannot be closed in phases
          migrate to KRaft first, then close it with `.tls_rollout(…)`
        a cluster on its way from ZooKeeper cannot be closed
          migrate to KRaft while it is open, then close it with `.tls_rollout(…)`
        "#);
    }

    #[test]
    fn brokers_of_all_pools_are_one_for_zookeeper() {
        let mut stack = Stack::new("test", "streams");
        let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3).internal_tls(Issuer::in_namespace("ca")));
        let cluster = KafkaCluster::zookeeper("k", &zookeeper)
            .pool(NodePool::brokers("a", 2).zone("a"))
            .pool(NodePool::brokers("b", 2).first_id(10).zone("b"))
            .internal_tls(Issuer::in_namespace("ca"))
            .listener(Listener::tls("CLIENT", 9092).scram())
            .authorization();
        let text = cluster.server_properties(stack.context(), &cluster.pools[0]).to_text();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| {
                ["zookeeper", "super.users", "authorizer"]
                    .iter()
                    .any(|word| line.starts_with(word))
            })
            .collect();
        assert_snapshot!(lines.join("\n"), @r"
        authorizer.class.name=kafka.security.authorizer.AclAuthorizer
        super.users=User:platform:node.k;User:platform:admin
        zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty
        zookeeper.connect=zookeeper-1.zookeeper-headless.streams.svc.cluster.local:2181,zookeeper-2.zookeeper-headless.streams.svc.cluster.local:2181,zookeeper-3.zookeeper-headless.streams.svc.cluster.local:2181
        zookeeper.set.acl=true
        zookeeper.ssl.client.enable=true
        zookeeper.ssl.keystore.location=/etc/kafka-identity/tls-combined.pem
        zookeeper.ssl.keystore.type=PEM
        zookeeper.ssl.truststore.location=/etc/kafka-identity/ca.crt
        zookeeper.ssl.truststore.type=PEM
        ");
        let certificates = cluster.certificates(stack.context());
        let shown = certificates.iter().map(|one| {
            let (spec, formats) = (&one.spec, &one.spec.additional_output_formats);
            format!(
                "{} {} {:?}",
                spec.secret_name,
                spec.common_name,
                formats.iter().map(|format| &format.kind).collect::<Vec<_>>()
            )
        });
        assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r#"
        a-tls node.k ["CombinedPEM"]
        b-tls node.k ["CombinedPEM"]
        k-admin admin []
        "#);
    }

    #[test]
    fn what_has_no_identity_cannot_be_given_a_closed_cluster() {
        use crate::prelude::{Clients, Connect, Producer, SchemaRegistry};
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(closed());
        stack.add(Connect::new("connect", &kafka));
        stack.add(SchemaRegistry::new("registry", &kafka));
        stack.add(Clients::new("clients", &kafka).producer(Producer::idempotent("p")));
        let found = synth(&stack).findings;
        let names: Vec<&str> = found
            .iter()
            .filter(|finding| finding.rule.id == "KS-X03")
            .map(|finding| finding.place.construct.as_str())
            .collect();
        assert_eq!(names, ["clients"]);
    }

    /// The file that the Job of the construct `permissions` reads.
    fn declaration(stack: &Stack) -> String {
        let manifests = synth(stack).manifests.unwrap();
        let text = manifests.get("permissions/configmap-permissions.yaml").unwrap();
        let lines: Vec<&str> = text
            .split("permissions.txt: |")
            .nth(1)
            .unwrap()
            .lines()
            .map(str::trim)
            .collect();
        lines.join("\n")
    }

    /// A closed cluster with both registries, workers with sources, and workers with a sink alone.
    fn with_components() -> Stack {
        use crate::prelude::{
            Cleanup, Connect, ExactlyOnceSource, RegistryImplementation, SchemaRegistry, Topic, Topics,
        };
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(closed());
        let topics = Topics::new("topics", &kafka).topic(Topic::new("orders", 1, Cleanup::delete_after(1.days())));
        let orders = stack.add(topics).topic("orders");
        let registry = stack.add(SchemaRegistry::new("registry", &kafka));
        let apicurio = SchemaRegistry::new("apicurio", &kafka).implementation(RegistryImplementation::Apicurio);
        let apicurio = stack.add(apicurio);
        let workers = stack.add(Connect::new("workers", &kafka).produces(&orders).secret("database"));
        let sinks = Connect::new("sinks", &kafka).consumes(&orders, "search");
        let sinks = stack.add(sinks.exactly_once_source(ExactlyOnceSource::Disabled));
        stack.add(
            Permissions::new("permissions", &kafka)
                .of(&registry)
                .of(&apicurio)
                .of(&workers)
                .of(&sinks),
        );
        stack
    }

    #[test]
    fn components_get_what_they_need() {
        let declared = declaration(&with_components());
        let of = |user: &str| {
            let lines = declared.lines().filter(|line| line.starts_with(user));
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_snapshot!(of("apicurio"), @r"
        apicurio password
        apicurio acl group prefixed apicurio- READ
        apicurio acl topic literal kafkasql-journal CREATE
        apicurio acl topic literal kafkasql-journal DESCRIBE_CONFIGS
        apicurio acl topic literal kafkasql-journal READ
        apicurio acl topic literal kafkasql-journal WRITE
        apicurio acl topic literal kafkasql-snapshots CREATE
        apicurio acl topic literal kafkasql-snapshots DESCRIBE_CONFIGS
        apicurio acl topic literal kafkasql-snapshots READ
        apicurio acl topic literal kafkasql-snapshots WRITE
        apicurio acl topic literal registry-events CREATE
        apicurio acl topic literal registry-events DESCRIBE_CONFIGS
        apicurio acl topic literal registry-events READ
        apicurio acl topic literal registry-events WRITE
        ");
        assert_snapshot!(of("registry"), @r"
        registry password
        registry acl group literal registry READ
        registry acl topic literal _schemas CREATE
        registry acl topic literal _schemas DESCRIBE_CONFIGS
        registry acl topic literal _schemas READ
        registry acl topic literal _schemas WRITE
        ");
        assert_snapshot!(of("sinks"), @r"
        sinks password
        sinks acl group literal connect-search READ
        sinks acl group literal sinks READ
        sinks acl topic literal orders READ
        sinks acl topic literal sinks-configs CREATE
        sinks acl topic literal sinks-configs READ
        sinks acl topic literal sinks-configs WRITE
        sinks acl topic literal sinks-offsets CREATE
        sinks acl topic literal sinks-offsets READ
        sinks acl topic literal sinks-offsets WRITE
        sinks acl topic literal sinks-status CREATE
        sinks acl topic literal sinks-status READ
        sinks acl topic literal sinks-status WRITE
        ");
        assert_snapshot!(of("workers"), @r"
        workers password
        workers acl group literal workers READ
        workers acl topic literal orders WRITE
        workers acl topic literal workers-configs CREATE
        workers acl topic literal workers-configs READ
        workers acl topic literal workers-configs WRITE
        workers acl topic literal workers-offsets CREATE
        workers acl topic literal workers-offsets READ
        workers acl topic literal workers-offsets WRITE
        workers acl topic literal workers-status CREATE
        workers acl topic literal workers-status READ
        workers acl topic literal workers-status WRITE
        workers acl transactional-id literal connect-cluster-workers WRITE
        workers acl transactional-id prefixed workers- WRITE
        ");
    }

    #[test]
    fn components_connect_with_what_they_have_and_wait_for_their_permissions() {
        let manifests = synth(&with_components()).manifests.unwrap();
        let worker = manifests.get("workers/configmap-workers.yaml").unwrap();
        let about = |prefix: &str| worker.lines().filter(|line| line.trim().starts_with(prefix)).count();
        assert_eq!(
            [about("producer.s"), about("consumer.s"), about("admin.s")],
            [5; 3],
            "{worker}"
        );
        let paths = |name: &str| {
            let file = manifests.get(&format!("{name}/configmap-{name}.yaml")).unwrap();
            let key = "config.providers.dir.param.allowed.paths=";
            let line = file.lines().find_map(|line| line.trim().strip_prefix(key));
            line.unwrap_or_default().to_owned()
        };
        assert_eq!(paths("workers"), "/etc/kafka-identity,/etc/kafka-connect-secrets");
        assert_eq!(paths("sinks"), "/etc/kafka-identity");
        for name in ["registry", "apicurio", "workers", "sinks"] {
            let pods = manifests.get(&format!("{name}/deployment-{name}.yaml")).unwrap();
            for text in [
                "- name: wait-for-permissions",
                "mountPath: /etc/kafka-identity",
                &format!("secretName: {name}-kafka"),
            ] {
                assert!(pods.contains(text), "{text}");
            }
        }
    }

    #[test]
    fn a_component_of_a_cluster_with_certificates_has_one_made() {
        use crate::prelude::{Connect, SchemaRegistry};
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(
            cluster()
                .internal_tls(Issuer::in_namespace("ca"))
                .listener(Listener::tls("CLIENT", 9092).mutual_tls())
                .authorization(),
        );
        let connect = stack.add(Connect::new("connect", &kafka));
        let registry = stack.add(SchemaRegistry::new("registry", &kafka));
        stack.add(Permissions::new("permissions", &kafka).of(&connect).of(&registry));
        let findings = synth(&stack).findings;
        let about: Vec<&str> = findings
            .iter()
            .map(|finding| finding.rule.id)
            .filter(|id| id.starts_with("KS-R"))
            .collect();
        assert_eq!(about, Vec::<&str>::new(), "its settings in PEM");
        let manifests = synth(&stack).manifests.unwrap();
        let certificate = manifests.get("connect/certificate-connect-kafka.yaml").unwrap();
        assert!(certificate.contains("commonName: connect\n"), "{certificate}");
    }

    #[test]
    fn permissions_follow_from_what_an_application_declares() {
        use crate::prelude::{Acl, Cleanup, Group, Topic, Topics};
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(closed());
        let days = Cleanup::delete_after(1.days());
        let topics = stack.add(
            Topics::new("topics", &kafka)
                .topic(Topic::new("calls", 1, days).dead_letters())
                .topic(Topic::new("orders", 1, days)),
        );
        let billing = stack.add(
            Application::new("billing", &kafka)
                .pods([("app", "billing")])
                .consumes(&topics.topic("calls"), Group::named("readers"))
                .dead_letters()
                .produces(&topics.topic("orders"))
                .transactional("billing")
                .acl(Acl::topics_beginning("crm.", crate::security::TopicOperation::Read))
                .quota(Quota::new().produce(5.mebibytes_per_second())),
        );
        let permissions = Permissions::new("permissions", &kafka).of(&billing).retired("crm");
        stack.add(permissions.default_quota(Quota::new().request_percentage(200)));
        assert_snapshot!(declaration(&stack), @r"
        * quota request_percentage 200
        billing password
        billing acl group literal readers READ
        billing acl topic literal calls READ
        billing acl topic literal calls.dlq WRITE
        billing acl topic literal orders WRITE
        billing acl topic prefixed crm. READ
        billing acl transactional-id prefixed billing- WRITE
        billing quota producer_byte_rate 5242880
        crm retired
        platform:exporter certificate
        platform:exporter acl cluster literal kafka-cluster DESCRIBE
        platform:exporter acl group literal * DESCRIBE
        platform:exporter acl topic literal * DESCRIBE
        ");
    }

    #[test]
    fn an_empty_default_quota_removes_the_one_that_is_there() {
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(closed());
        stack.add(Permissions::new("permissions", &kafka).default_quota(Quota::new()));
        let declared = declaration(&stack);
        assert_eq!(
            declared.lines().find(|line| line.starts_with('*')),
            Some("* quota none")
        );
    }

    #[test]
    fn wrong_users_and_permissions_are_found() {
        use crate::prelude::{Acl, Cleanup, Topic, Topics};
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(closed());
        let topics = stack.add(Topics::new("topics", &kafka).topic(Topic::new("calls", 1, Cleanup::compact())));
        let read = crate::security::TopicOperation::Read;
        let application = Application::new("billing", &kafka)
            .pods([("app", "b")])
            .produces(&topics.topic("calls"));
        let billing = stack.add(application.acl(Acl::topic("*", read)).acl(Acl::topic("a b", read)));
        stack.add(
            Permissions::new("permissions", &kafka)
                .of(&billing)
                .retired("billing")
                .retired("a b"),
        );
        let found = synth(&stack).findings;
        let messages: Vec<String> = found
            .iter()
            .filter(|finding| finding.place.construct == "permissions")
            .map(|finding| {
                let message = finding.message.split(" at ").next().unwrap();
                format!("{} {message}", finding.rule.id)
            })
            .collect();
        assert_snapshot!(messages.join("\n"), @r#"
        KS-X05 user `billing` is declared
        KS-X05 "a b" cannot be the name of a user
        KS-X04 `billing` gets the permission `topic literal * READ`
        KS-X05 the resource of `topic literal a b READ` of `billing` is not one word
        "#);
    }
}
