//! What declared connectors are rendered to.

use insta::assert_snapshot;
use kafka_stacks::prelude::*;

use crate::rules::{dedicated, empty};

const SINK: &str = "com.example.SearchSink";

fn workers(kubernetes: Kubernetes) -> Stack {
    let mut stack = empty().kubernetes(kubernetes);
    let kafka = stack.add(dedicated());
    let connect = stack.add(
        Connect::new("connect", &kafka)
            .plugin(Plugin::image("search", "registry.example.com/search:1.2", [SINK]).license("Apache-2.0"))
            .secret("search"),
    );
    let sink = Connector::new("search", ConnectorClass::sink(SINK))
        .topics([&kafka.external_topic("orders")])
        .tasks(3)
        .dead_letters(&kafka.external_topic("search.dlq"))
        .value_converter(Converter::json())
        .transform(
            Transform::new("drop", "org.apache.kafka.connect.transforms.Filter").unless(Predicate::new(
                "deleted",
                "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
            )),
        )
        .secret("connection.password", SecretKey::new("search", "password"))
        .restarts(5)
        .paused();
    stack.add(
        Connectors::new("connectors", &connect)
            .connector(sink)
            .removed("archive"),
    );
    stack
}

fn rendered(kubernetes: Kubernetes) -> Manifests {
    let synthesis = synth(&workers(kubernetes));
    assert!(!synthesis.findings.has_errors(), "{:#?}", synthesis.findings);
    synthesis.manifests.unwrap()
}

#[test]
fn what_is_declared_is_a_line_and_each_configuration_a_file() {
    let manifests = rendered(Kubernetes::NEWEST);
    let config = manifests.get("connectors/configmap-connectors.yaml").unwrap();
    let script = config.find("  connectors.sh: |").unwrap();
    let after = script + config[script..].find("\n  connectors.txt").unwrap();
    let rest = config.find("  rest.sh: |").unwrap();
    let last = rest + config[rest..].find("\n  search.json").unwrap();
    assert_snapshot!(format!(
        "{}  connectors.sh: …{}  rest.sh: …{}",
        &config[..script],
        &config[after..rest],
        &config[last..]
    ));
}

/// What the user of the workers may do in a closed cluster with a sink and a source.
fn permitted(permissions: impl FnOnce(Permissions, &ConnectHandle, &ConnectorsHandle) -> Permissions) -> String {
    let mut stack = empty();
    let kafka = stack.add(
        dedicated()
            .internal_tls(Issuer::in_namespace("ca"))
            .listener(Listener::tls("CLIENT", 9092).scram())
            .authorization(),
    );
    let topic = |name: &str| Topic::new(name, 1, Cleanup::delete_after(1.days()));
    let topics = stack.add(Topics::new("topics", &kafka).topics(["orders", "failed", "clicks"].map(topic)));
    let source = "com.example.Clicks";
    let connect = stack.add(Connect::new("connect", &kafka).plugin(Plugin::built_in("search", [SINK, source])));
    let sink = Connector::new("search", ConnectorClass::sink(SINK))
        .topics([&topics.topic("orders")])
        .dead_letters(&topics.topic("failed"));
    let source = Connector::new("web", ConnectorClass::source(source)).writes([&topics.topic("clicks")]);
    let connectors = stack.add(Connectors::new("connectors", &connect).connectors([sink, source]));
    stack.add(permissions(
        Permissions::new("permissions", &kafka),
        &connect,
        &connectors,
    ));
    let synthesis = synth(&stack);
    assert!(!synthesis.findings.has_errors(), "{:#?}", synthesis.findings);
    let manifests = synthesis.manifests.unwrap();
    let map = manifests.get("permissions/configmap-permissions.yaml").unwrap();
    let own = map.lines().map(str::trim).filter(|line| line.starts_with("connect "));
    own.collect::<Vec<_>>().join("\n")
}

#[test]
fn in_a_closed_cluster_the_user_of_the_workers_may_do_what_connectors_need() {
    let all = permitted(|permissions, _, connectors| permissions.of(connectors));
    assert_snapshot!(all);
    let both = permitted(|permissions, connect, connectors| permissions.of(connect).of(connectors));
    assert_eq!(both, all);
}

#[test]
fn a_plugin_is_a_volume_or_is_copied() {
    let pods = |kubernetes| {
        let manifests = rendered(kubernetes);
        manifests.get("connect/deployment-connect.yaml").unwrap().to_owned()
    };
    let (mounted, copied) = (pods(Kubernetes::V1_35), pods(Kubernetes::V1_34));
    assert!(
        mounted.contains("reference: registry.example.com/search:1.2"),
        "{mounted}"
    );
    assert!(!mounted.contains("copy-search"), "{mounted}");
    assert!(copied.contains("name: copy-search"), "{copied}");
    assert!(!copied.contains("reference:"), "{copied}");
    for pods in [mounted, copied] {
        assert!(pods.contains("mountPath: /opt/kafka-connect-plugins/search"), "{pods}");
        assert!(pods.contains("mountPath: /etc/kafka-connect-secrets/search"), "{pods}");
    }
}
