//! Confluent Schema Registry.

use k8s_openapi::api::core::v1::Probe;

use super::{HTTP, Instance, SchemaRegistry};
use crate::{
    context::Context,
    kafka::ClientRole,
    metrics,
    security::RestServer,
    settings::Settings,
    workload::{
        CONFIG_DIRECTORY, Distribution, ImageSet, JvmCommand, Logging, METRICS_FILE, METRICS_PORT, METRICS_PORT_NAME,
        Version, config_map, container, env, env_from_field, http_probe, named_port, tcp_probe, with_dns_label,
    },
};

const FILE: &str = "schema-registry.properties";
/// The topic of the schemas.
pub(super) const TOPIC: &str = "_schemas";

/// The port of the loopback by which a pod asks itself.
const LOOPBACK: u16 = 8082;
/// The file that says how a user is recognized, and what it calls itself.
const LOGIN_MODULE: &str = "rest.jaas";
const REALM: &str = "SchemaRegistry";
/// The role that all users have in the file of users.
const ROLE: &str = "registry";

const CLUSTER: &str = "it is the cluster that `SchemaRegistry::new` is given";

pub(super) fn settings(registry: &SchemaRegistry, context: &Context) -> Settings {
    let kafka = &registry.kafka;
    let mut settings = registry.settings.clone();
    kafka
        .client_settings(registry.who())
        .own(&mut settings, ClientRole::ConfluentRegistry, CLUSTER);
    settings
        .resolve_environment()
        .own("listeners", listeners(registry), "it is port 8081")
        // Instances forward writes to the leader at this host, which becomes part of a URL: it must be the pod's own
        // address, never the Service.
        .own(
            "host.name",
            advertised(registry, context),
            "it is the pod's address, where other instances reach the leader",
        )
        .own("kafkastore.topic", TOPIC.to_owned(), "it is `_schemas`")
        .own(
            "kafkastore.topic.replication.factor",
            kafka.replication().factor.to_string(),
            "use `.replication(…)` of the cluster",
        )
        .own(
            "schema.registry.group.id",
            registry.meta.name.clone(),
            "it is the name in `SchemaRegistry::new`",
        )
        .own(
            "schema.compatibility.level",
            registry.compatibility.to_string(),
            "use `.compatibility(…)`",
        );
    own_rest(registry, &mut settings);
    settings
}

/// Only the pod itself reaches its loopback.
fn listeners(registry: &SchemaRegistry) -> String {
    let (scheme, port) = registry.port();
    let own = format!("{scheme}://0.0.0.0:{port}");
    match &registry.rest {
        None => own,
        Some(_) => format!("{own},http://127.0.0.1:{LOOPBACK}"),
    }
}

/// Where instances ask the leader. By TLS it is a name, which the certificate has: the address of a pod is not known before.
fn advertised(registry: &SchemaRegistry, context: &Context) -> String {
    match &registry.rest {
        None => context.ip_family.host("${env:POD_IP}"),
        Some(_) => context.pod_address("${env:POD_DNS_LABEL}"),
    }
}

/// By Confluent's reference: it has not been run.
fn own_rest(registry: &SchemaRegistry, settings: &mut Settings) {
    const REST: &str = "use `.rest(…)`";
    let Some(server) = registry.server() else { return };
    settings
        .resolve_directories()
        .own("inter.instance.protocol", "https".to_owned(), REST)
        .own("ssl.endpoint.identification.algorithm", "https".to_owned(), REST);
    for store in ["keystore", "truststore"] {
        settings
            .own(format!("ssl.{store}.type"), "PKCS12".to_owned(), REST)
            .own(
                format!("ssl.{store}.location"),
                server.file(&format!("{store}.p12")),
                REST,
            )
            .own(format!("ssl.{store}.password"), server.keystore_password(), REST);
    }
    settings.own("ssl.key.password", server.keystore_password(), REST);
    if server.is_basic() {
        settings
            .own("authentication.method", "BASIC".to_owned(), REST)
            .own("authentication.realm", REALM.to_owned(), REST)
            .own("authentication.roles", ROLE.to_owned(), REST);
    }
}

/// The class that reads the users moved when the registry got Jetty 12.
fn login_module(version: Version) -> &'static str {
    if version < Version::V4_0 {
        "org.eclipse.jetty.jaas.spi.PropertyFileLoginModule"
    } else {
        "org.eclipse.jetty.security.jaas.spi.PropertyFileLoginModule"
    }
}

pub(super) fn instance(registry: &SchemaRegistry, context: &Context) -> Instance {
    let cluster = registry.kafka.images();
    let images = match cluster.distribution() {
        Distribution::Confluent => cluster.clone(),
        // Apache publishes no registry, so the image, its commands and its agent are Confluent's.
        Distribution::Apache => ImageSet::confluent(cluster.version()).schema_registry_image(cluster.schema_registry()),
    };
    let logging = Logging::of(images.version());
    let rest = registry.server();
    let basic = rest.as_ref().filter(|rest| rest.is_basic());
    let login = basic.map(|_| format!("-Djava.security.auth.login.config={CONFIG_DIRECTORY}/{LOGIN_MODULE}"));
    let token = registry.kafka.jvm_option(registry.who(), images.version());
    let options: Vec<String> = login
        .into_iter()
        .chain(registry.options.jvm.iter().cloned())
        .chain(token)
        .collect();
    let start = JvmCommand {
        tool: "schema-registry-start",
        file: FILE,
        prefix: "SCHEMA_REGISTRY",
        heap: registry.resources.heap(),
        options: &options,
        logging,
    };
    let image = registry.image.as_deref().unwrap_or(images.schema_registry());
    let mut command = start.command(&images);
    if rest.is_some() {
        command = with_dns_label(command);
    }
    let mut server = container("schema-registry", image, registry.resources, command);
    server.env = Some(vec![env_from_field("POD_IP", "status.podIP"), env("LOG_DIR", "/tmp")]);
    server.ports = Some(vec![
        named_port(registry.port().0, registry.port().1),
        named_port(METRICS_PORT_NAME, METRICS_PORT),
    ]);
    // It answers only once it has read all schemas. The kubelet has no password.
    let answers = match &rest {
        None => http_probe("/subjects", HTTP.0),
        Some(_) => RestServer::probe("/subjects"),
    };
    server.startup_probe = Some(Probe {
        failure_threshold: Some(30),
        ..answers.clone()
    });
    server.readiness_probe = Some(answers);
    server.liveness_probe = Some(tcp_probe(registry.port().0));
    let module = basic.map(|rest| {
        let (module, file) = (login_module(images.version()), rest.users_file());
        (
            LOGIN_MODULE,
            format!("{REALM} {{\n  {module} required file=\"{file}\";\n}};\n"),
        )
    });
    Instance {
        config: config_map(
            context,
            &registry.labels(),
            &registry.meta.name,
            [
                (FILE, settings(registry, context).properties().to_text()),
                (logging.file(), logging.configuration(&[], &registry.options.log_levels)),
                (METRICS_FILE, metrics::registry::AGENT.rules()),
            ]
            .into_iter()
            .chain(rest.as_ref().map(|rest| rest.ask(LOOPBACK)))
            .chain(module),
        ),
        prepare: Vec::new(),
        container: server,
        user: ImageSet::USER,
        has_agent: true,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{Compatibility, IpFamily, Issuer, KafkaCluster, Rest, Stack, Version};

    #[test]
    fn a_closed_registry_has_names_for_its_instances_and_no_password_in_its_settings() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "a:9092");
        let registry = SchemaRegistry::new("schemas", &kafka)
            .rest(Rest::tls(Issuer::cluster("internal-ca")).basic_authentication());
        let stack = Stack::new("test", "streams");
        assert_snapshot!(settings(&registry, stack.context()).properties().to_text(), @"
        authentication.method=BASIC
        authentication.realm=SchemaRegistry
        authentication.roles=registry
        config.providers=dir,env
        config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        host.name=${env:POD_DNS_LABEL}.streams.pod.cluster.local
        inter.instance.protocol=https
        kafkastore.bootstrap.servers=PLAINTEXT://a:9092
        kafkastore.topic=_schemas
        kafkastore.topic.replication.factor=3
        listeners=https://0.0.0.0:8081,http://127.0.0.1:8082
        schema.compatibility.level=backward
        schema.registry.group.id=schemas
        ssl.endpoint.identification.algorithm=https
        ssl.key.password=${dir:/etc/kafka-rest/schemas:keystore-password}
        ssl.keystore.location=/etc/kafka-rest/schemas/keystore.p12
        ssl.keystore.password=${dir:/etc/kafka-rest/schemas:keystore-password}
        ssl.keystore.type=PKCS12
        ssl.truststore.location=/etc/kafka-rest/schemas/truststore.p12
        ssl.truststore.password=${dir:/etc/kafka-rest/schemas:keystore-password}
        ssl.truststore.type=PKCS12
        ");
        let data = instance(&registry, stack.context()).config.data.unwrap();
        assert_snapshot!(data[LOGIN_MODULE], @r#"
        SchemaRegistry {
          org.eclipse.jetty.security.jaas.spi.PropertyFileLoginModule required file="/etc/kafka-rest/schemas/users.properties";
        };
        "#);
        assert_ne!(login_module(Version::V3_9), login_module(Version::V4_3));
    }

    #[test]
    fn every_broker_of_an_external_cluster_gets_its_protocol_and_an_ipv6_address_its_brackets() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "a:9092, b:9092");
        let registry = SchemaRegistry::new("schemas", &kafka).compatibility(Compatibility::FullTransitive);
        let stack = Stack::new("test", "streams").ip_family(IpFamily::V6);
        assert_snapshot!(settings(&registry, stack.context()).properties().to_text(), @r"
        config.providers=env
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        host.name=[${env:POD_IP}]
        kafkastore.bootstrap.servers=PLAINTEXT://a:9092,PLAINTEXT://b:9092
        kafkastore.topic=_schemas
        kafkastore.topic.replication.factor=3
        listeners=http://0.0.0.0:8081
        schema.compatibility.level=full_transitive
        schema.registry.group.id=schemas
        ");
    }
}
