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
