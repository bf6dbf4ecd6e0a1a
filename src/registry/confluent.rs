//! Confluent Schema Registry.

use k8s_openapi::api::core::v1::Probe;

use super::{HTTP, Instance, SchemaRegistry};
use crate::{
    context::Context,
    kafka::ClientRole,
    metrics,
    settings::Settings,
    workload::{
        Distribution, ImageSet, JvmCommand, Logging, METRICS_FILE, METRICS_PORT, METRICS_PORT_NAME, config_map,
        container, env, env_from_field, http_probe, named_port, tcp_probe,
    },
};

const FILE: &str = "schema-registry.properties";
/// The topic of the schemas.
pub(super) const TOPIC: &str = "_schemas";

const CLUSTER: &str = "it is the cluster that `SchemaRegistry::new` is given";

pub(super) fn settings(registry: &SchemaRegistry, context: &Context) -> Settings {
    let kafka = &registry.kafka;
    let mut settings = registry.settings.clone();
    kafka
        .client_settings(registry.identity())
        .own(&mut settings, ClientRole::ConfluentRegistry, CLUSTER);
    settings
        .resolve_environment()
        .own("listeners", format!("http://0.0.0.0:{}", HTTP.1), "it is port 8081")
        // Instances forward writes to the leader at this host, which becomes part of a URL: it must be the pod's own
        // address, never the Service.
        .own(
            "host.name",
            context.ip_family.host("${env:POD_IP}"),
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
    settings
}

pub(super) fn instance(registry: &SchemaRegistry, context: &Context) -> Instance {
    let cluster = registry.kafka.images();
    let images = match cluster.distribution() {
        Distribution::Confluent => cluster.clone(),
        // Apache publishes no registry, so the image, its commands and its agent are Confluent's.
        Distribution::Apache => ImageSet::confluent(cluster.version()).schema_registry_image(cluster.schema_registry()),
    };
    let logging = Logging::of(images.version());
    let start = JvmCommand {
        tool: "schema-registry-start",
        file: FILE,
        prefix: "SCHEMA_REGISTRY",
        heap: registry.resources.heap(),
        options: &registry.options.jvm,
        logging,
    };
    let image = registry.image.as_deref().unwrap_or(images.schema_registry());
    let mut server = container("schema-registry", image, registry.resources, start.command(&images));
    server.env = Some(vec![env_from_field("POD_IP", "status.podIP"), env("LOG_DIR", "/tmp")]);
    server.ports = Some(vec![
        named_port(HTTP.0, HTTP.1),
        named_port(METRICS_PORT_NAME, METRICS_PORT),
    ]);
    // It answers only once it has read all schemas.
    server.startup_probe = Some(Probe {
        failure_threshold: Some(30),
        ..http_probe("/subjects", HTTP.0)
    });
    server.readiness_probe = Some(http_probe("/subjects", HTTP.0));
    server.liveness_probe = Some(tcp_probe(HTTP.0));
    Instance {
        config: config_map(
            context,
            &registry.labels(),
            &registry.meta.name,
            [
                (FILE, settings(registry, context).properties().to_text()),
                (logging.file(), logging.configuration(&[], &registry.options.log_levels)),
                (METRICS_FILE, metrics::registry::AGENT.rules()),
            ],
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
    use crate::prelude::{Compatibility, IpFamily, KafkaCluster, Stack, Version};

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
