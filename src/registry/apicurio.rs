//! Apicurio Registry, with its storage in Kafka and Confluent's REST interface under its own path.

use k8s_openapi::api::core::v1::{Container, Probe};

use super::{HTTP, Instance, SchemaRegistry};
use crate::{
    context::Context,
    kafka::{CLIENT_FILE, ClientRole, Replication},
    quantity::{Resources, Units},
    security::RestServer,
    settings::Settings,
    workload::{CONFIG_DIRECTORY, config_map, container, env, env_from_secret, http_probe, named_port, tcp_probe},
};

/// What the paths of Confluent's interface begin with, in every version of it.
pub(super) const PATHS: &str = "/apis/ccompat/";
/// The path of Confluent's interface.
pub(super) const PATH: &str = "/apis/ccompat/v7";

const IMAGE: &str = "apicurio/apicurio-registry:3.3.3";
/// The user that owns the application's files in the image; other users cannot read them.
const USER: i64 = 1001;
const FILE: &str = "apicurio.properties";
/// The variable with the password of the user of its REST interface.
const PASSWORD: &str = "REST_PASSWORD";
/// The topics of schemas and of events about them.
pub(super) const TOPICS: [&str; 3] = ["kafkasql-journal", "kafkasql-snapshots", "registry-events"];
/// Its groups begin so, by default.
pub(super) const GROUPS: &str = "apicurio-";
/// The port of health checks and of Quarkus' metrics.
const MANAGEMENT: (&str, u16) = ("http-management", 9000);

pub(super) fn settings(registry: &SchemaRegistry) -> Settings {
    let mut settings = registry.settings.clone();
    registry.kafka.client_settings(registry.who()).own(
        &mut settings,
        ClientRole::ApicurioRegistry,
        "it is the cluster that `SchemaRegistry::new` is given",
    );
    settings
        .own(
            if registry.rest.is_some() {
                "quarkus.http.ssl-port"
            } else {
                "quarkus.http.port"
            },
            HTTP.1.to_string(),
            "it is port 8081",
        )
        .own("quarkus.management.port", MANAGEMENT.1.to_string(), "it is port 9000")
        .own("apicurio.storage.kind", "kafkasql".to_owned(), "it is `kafkasql`")
        // By default it checks no compatibility.
        .own(
            "apicurio.rules.global.compatibility",
            registry.compatibility.to_string().to_uppercase(),
            "use `.compatibility(…)`",
        );
    own_rest(registry, &mut settings);
    for (logger, level) in &registry.options.log_levels {
        let key = match logger.as_str() {
            "root" => "quarkus.log.level".to_owned(),
            logger => format!("quarkus.log.category.\"{logger}\".level"),
        };
        settings.own(&key, level.to_string().to_uppercase(), "use `.log_level(…)`");
    }
    settings
}

/// TLS from PEM, read again every hour, and one user. Health and metrics are at the management port as before, which is no part of it.
fn own_rest(registry: &SchemaRegistry, settings: &mut Settings) {
    const REST: &str = "use `.rest(…)`";
    let Some(server) = registry.server() else { return };
    settings
        .own("quarkus.http.insecure-requests", "disabled".to_owned(), REST)
        .own("quarkus.http.ssl.certificate.files", server.file("tls.crt"), REST)
        .own("quarkus.http.ssl.certificate.key-files", server.file("tls.key"), REST)
        .own("quarkus.http.ssl.certificate.reload-period", "1h".to_owned(), REST);
    if let Some((user, _)) = server.client.login() {
        let of_user = format!("quarkus.security.users.embedded.users.{user}");
        settings
            // Quarkus warns that this cannot be changed after the build, but without it everyone is refused (seen with 3.3.3).
            .own("quarkus.http.auth.basic", "true".to_owned(), REST)
            .own("quarkus.http.auth.permission.all.paths", "/*".to_owned(), REST)
            .own(
                "quarkus.http.auth.permission.all.policy",
                "authenticated".to_owned(),
                REST,
            )
            .own("quarkus.security.users.embedded.plain-text", "true".to_owned(), REST)
            .own(of_user, format!("${{{PASSWORD}}}"), REST);
    }
}

/// Instances that start together would create their topics at the same moment, and all but one would exit with
/// `TopicExistsException`. Records in these topics must never be deleted.
fn create_topics(registry: &SchemaRegistry) -> Container {
    let kafka = &registry.kafka;
    let Replication {
        factor,
        min_in_sync_replicas,
    } = kafka.replication();
    let connection = kafka.client_settings(registry.who());
    let config = connection
        .is_secured()
        .then(|| format!("{CONFIG_DIRECTORY}/{CLIENT_FILE}"));
    // Values from the stack are arguments, never part of the script.
    let script = format!(
        "for topic in {}; do\n  \
         {} --bootstrap-server \"$1\"{} --create --if-not-exists --topic \"$topic\" \\\n    \
         --partitions 1 --replication-factor {factor} --config min.insync.replicas={min_in_sync_replicas} \\\n    \
         --config cleanup.policy=delete --config retention.ms=-1 --config retention.bytes=-1 || exit\n\
         done\n",
        TOPICS.join(" "),
        kafka.images().command("kafka-topics"),
        if config.is_some() {
            " --command-config \"$2\""
        } else {
            ""
        },
    );
    let mut create = container(
        "create-topics",
        kafka.images().kafka(),
        Resources::range(100.millicores()..=1.cores(), 512.mib()..=512.mib()),
        [
            "bash".to_owned(),
            "-c".to_owned(),
            script,
            "create-topics".to_owned(),
            connection.bootstrap_servers().to_owned(),
        ]
        .into_iter()
        .chain(config),
    );
    let tool = registry.kafka.tool_options(registry.who());
    create.env = Some([env("LOG_DIR", "/tmp")].into_iter().chain(tool).collect());
    create
}

pub(super) fn instance(registry: &SchemaRegistry, context: &Context) -> Instance {
    let heap = registry.resources.heap().as_mib();
    let mut server = container(
        "schema-registry",
        registry.image.as_deref().unwrap_or(IMAGE),
        registry.resources,
        [
            "java".to_owned(),
            format!("-Xms{heap}m"),
            format!("-Xmx{heap}m"),
            "-XX:+ExitOnOutOfMemoryError".to_owned(),
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager".to_owned(),
        ]
        .into_iter()
        .chain(registry.options.jvm.iter().cloned())
        .chain(registry.kafka.jvm_option(registry.who(), registry.kafka.version()))
        .chain(["-jar".to_owned(), "/deployments/quarkus-run.jar".to_owned()]),
    );
    let basic = registry.server().filter(RestServer::is_basic);
    let password = basic.map(|rest| {
        let (secret, key) = rest.password();
        env_from_secret(PASSWORD, &secret, key)
    });
    let locations = env("QUARKUS_CONFIG_LOCATIONS", format!("{CONFIG_DIRECTORY}/{FILE}"));
    server.env = Some(std::iter::once(locations).chain(password).collect());
    server.ports = Some(
        [registry.port(), MANAGEMENT]
            .into_iter()
            .map(|(name, port)| named_port(name, port))
            .collect(),
    );
    server.startup_probe = Some(Probe {
        // At every start it reads its topic from the beginning.
        failure_threshold: Some(60),
        ..http_probe("/health/started", MANAGEMENT.0)
    });
    server.readiness_probe = Some(http_probe("/health/ready", MANAGEMENT.0));
    server.liveness_probe = Some(tcp_probe(registry.port().0));
    Instance {
        config: config_map(
            context,
            &registry.labels(),
            &registry.meta.name,
            [(FILE, settings(registry).properties().to_text())],
        ),
        prepare: vec![create_topics(registry)],
        container: server,
        user: USER,
        has_agent: false,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::prelude::{Issuer, KafkaCluster, Rest, Version};

    #[test]
    fn a_closed_registry_reads_pem_and_has_no_password_in_its_settings() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "a:9092");
        let registry = SchemaRegistry::new("schemas", &kafka)
            .rest(Rest::tls(Issuer::cluster("internal-ca")).basic_authentication());
        assert_snapshot!(settings(&registry).properties().to_text(), @"
        apicurio.kafkasql.bootstrap.servers=a:9092
        apicurio.rules.global.compatibility=BACKWARD
        apicurio.storage.kind=kafkasql
        quarkus.http.auth.basic=true
        quarkus.http.auth.permission.all.paths=/*
        quarkus.http.auth.permission.all.policy=authenticated
        quarkus.http.insecure-requests=disabled
        quarkus.http.ssl-port=8081
        quarkus.http.ssl.certificate.files=/etc/kafka-rest/schemas/tls.crt
        quarkus.http.ssl.certificate.key-files=/etc/kafka-rest/schemas/tls.key
        quarkus.http.ssl.certificate.reload-period=1h
        quarkus.management.port=9000
        quarkus.security.users.embedded.plain-text=true
        quarkus.security.users.embedded.users.platform=${REST_PASSWORD}
        ");
    }

    #[test]
    fn it_is_as_strict_as_it_is_told_and_keeps_its_schemas_in_kafka() {
        let kafka = KafkaCluster::external("k", Version::V4_3, "a:9092,b:9092");
        assert_snapshot!(settings(&SchemaRegistry::new("schemas", &kafka)).properties().to_text(), @r"
        apicurio.kafkasql.bootstrap.servers=a:9092,b:9092
        apicurio.rules.global.compatibility=BACKWARD
        apicurio.storage.kind=kafkasql
        quarkus.http.port=8081
        quarkus.management.port=9000
        ");
    }
}
