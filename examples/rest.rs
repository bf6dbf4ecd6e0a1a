//! REST interfaces that are closed: Connect's and Apicurio's, by https and with a password, and what connects to them.
//! `cargo run --example rest -- synth` writes `out/rest`; `docs/security.md` explains it.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn rest() -> Stack {
    let mut stack = Stack::new("rest", "kafka").profile(Profile::Development);
    let small = Resources::range(250.millicores()..=1.cores(), 1.gib()..=1.gib());
    let closed = || Rest::tls(Issuer::in_namespace("rest-ca")).basic_authentication();
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "yTKOmYxTQ2mGjk0M7Nw0PA")
            .pool(NodePool::combined("kafka", 1).resources(small))
            .acknowledge(
                &rules::durability::SINGLE_COPY,
                "one node shows what a REST interface does",
            ),
    );
    let topics =
        stack.add(Topics::new("kafka-topics", &kafka).topic(Topic::new("calls", 1, Cleanup::delete_after(7.days()))));
    let calls = topics.topic("calls");
    let registry = stack.add(
        SchemaRegistry::new("apicurio", &kafka)
            .implementation(RegistryImplementation::Apicurio)
            .replicas(1)
            .resources(small)
            .rest(closed()),
    );
    let schemas =
        stack.add(Schemas::new("schemas", &registry).subject(Subject::value(&calls, r#"{"type": "string"}"#)));
    let connect = stack.add(
        Connect::new("kafka-connect", &kafka)
            .resources(small)
            .rest(closed())
            .plugin(Plugin::built_in("file", [SOURCE])),
    );
    let source = Connector::new("calls-from-file", ConnectorClass::source(SOURCE))
        .writes([&calls])
        .exactly_once()
        .config("file", "/tmp/source.txt")
        .config("topic", "calls")
        .config("transaction.boundary", "poll");
    stack.add(Connectors::new("connectors", &connect).connector(source));
    stack.add(
        Application::new("telephony", &kafka)
            .pods([("app", "telephony")])
            .produces(&calls)
            .avro(&schemas),
    );
    stack.add(Monitoring::new("monitoring", &kafka).watch(&connect).watch(&registry));
    stack
}

const SOURCE: &str = "org.apache.kafka.connect.file.FileStreamSourceConnector";

fn main() -> ExitCode {
    kafka_stacks::cli::run([rest])
}
