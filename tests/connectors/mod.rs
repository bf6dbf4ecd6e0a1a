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
