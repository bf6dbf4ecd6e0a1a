//! The example of a cluster that clients outside reach.

use kafka_stacks::prelude::*;

#[expect(dead_code, reason = "its `main` is that of an example")]
#[path = "../examples/outside.rs"]
mod example;

#[test]
fn the_example_has_no_findings_and_each_name_that_is_advertised_has_its_service() {
    let synthesis = synth(&example::outside());
    assert_eq!(synthesis.findings, Diagnostics::default());
    let manifests = synthesis.manifests.unwrap();
    let certificate = manifests.get("kafka/certificate-kafka-tls.yaml").unwrap();
    for id in 0..3 {
        let name = format!("kafka-{id}.example.com");
        let service = manifests
            .get(&format!("kafka/service-kafka-{id}-external.yaml"))
            .unwrap();
        assert!(service.contains(&format!("external-dns.alpha.kubernetes.io/hostname: {name}\n")));
        assert!(service.contains(&format!("statefulset.kubernetes.io/pod-name: kafka-{id}\n")));
        assert!(certificate.contains(&format!("- {name}\n")));
    }
}

#[test]
fn each_name_behind_a_gateway_has_a_route_to_the_service_of_its_broker() {
    let synthesis = synth(&example::outside_gateway());
    assert_eq!(synthesis.findings, Diagnostics::default());
    let manifests = synthesis.manifests.unwrap();
    for (service, name) in [
        ("kafka-0-external", "kafka-0.example.com"),
        ("kafka-2-external", "kafka-2.example.com"),
        ("kafka-external", "kafka-bootstrap.example.com"),
    ] {
        let route = manifests.get(&format!("kafka/tlsroute-{service}.yaml")).unwrap();
        assert!(
            route.contains(&format!("- {name}\n")) && route.contains(&format!("- name: {service}\n")),
            "{route}"
        );
        let service = manifests.get(&format!("kafka/service-{service}.yaml")).unwrap();
        assert!(
            !service.contains("type:") && !service.contains("external-dns"),
            "{service}"
        );
    }
}
