//! Alerts on certificates: of the cluster, and of REST interfaces with an issuer of their own.

use insta::assert_snapshot;

use crate::prelude::*;

/// The alerts on certificates of a stack, each with the issuers that it asks for, and what is found.
fn watched(cluster: bool, rest: &str, watch: bool) -> (Vec<String>, Vec<String>) {
    let mut stack = Stack::new("s", "kafka");
    let kafka = if cluster {
        let kafka = KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3))
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(Listener::tls("CLIENT", 9092).scram().access(Access::applications()))
            .authorization();
        stack.add(kafka)
    } else {
        KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092")
    };
    let connect = stack.add(Connect::new("pipes", &kafka).rest(Rest::tls(Issuer::cluster(rest))));
    let mut monitoring = Monitoring::new("monitoring", &kafka);
    if watch {
        monitoring = monitoring.watch(&connect);
    }
    if cluster {
        let permissions = stack.add(Permissions::new("permissions", &kafka).of(&connect));
        monitoring = monitoring.watch(&permissions);
    } else {
        monitoring = monitoring.brokers(3);
    }
    stack.add(monitoring);
    let made = synth(&stack);
    let of_certificates = |finding: &&Diagnostic| finding.rule.id == "KS-O28";
    let findings = made.findings.iter().filter(of_certificates);
    let findings = findings
        .map(|finding| format!("{}: {}", finding.place.item, finding.message))
        .collect();
    let manifests = made.manifests.unwrap();
    let rules = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    let mut alerts = Vec::new();
    for part in rules
        .split("- alert: ")
        .skip(1)
        .filter(|part| part.starts_with("KafkaCertificate"))
    {
        let name = part.lines().next().unwrap();
        let matcher = part.split("issuer_name").nth(1).unwrap().split('"').take(2);
        alerts.push(format!("{name} {}", matcher.collect::<String>()));
    }
    (alerts, findings)
}

#[test]
fn every_issuer_of_a_stack_has_alerts() {
    let text = |(alerts, findings): (Vec<String>, Vec<String>)| [alerts, findings].concat().join("\n");
    let cases = [
        ("the cluster's own", watched(true, "kafka-ca", false)),
        ("another, watched", watched(true, "rest.ca", true)),
        ("another, not watched", watched(true, "rest.ca", false)),
        ("without one of the cluster, watched", watched(false, "rest.ca", true)),
        (
            "without one of the cluster, not watched",
            watched(false, "rest.ca", false),
        ),
    ];
    let told = cases.map(|(title, told)| format!("{title}:\n{}", text(told)));
    assert_snapshot!(told.join("\n"), @r"
    the cluster's own:
    KafkaCertificateExpires =kafka-ca
    KafkaCertificateExpiresSoon =kafka-ca
    KafkaCertificateNotReady =kafka-ca
    KafkaCertificateNotLoaded =kafka-ca
    another, watched:
    KafkaCertificateExpires =~kafka-ca|rest\\.ca
    KafkaCertificateExpiresSoon =~kafka-ca|rest\\.ca
    KafkaCertificateNotReady =~kafka-ca|rest\\.ca
    KafkaCertificateNotLoaded =kafka-ca
    another, not watched:
    KafkaCertificateExpires =kafka-ca
    KafkaCertificateExpiresSoon =kafka-ca
    KafkaCertificateNotReady =kafka-ca
    KafkaCertificateNotLoaded =kafka-ca
    Certificate pipes-rest-tls: no alert watches a certificate of issuer `rest.ca`
    without one of the cluster, watched:
    KafkaCertificateExpires =rest.ca
    KafkaCertificateExpiresSoon =rest.ca
    KafkaCertificateNotReady =rest.ca
    without one of the cluster, not watched:
    Certificate pipes-rest-tls: no alert watches a certificate of issuer `rest.ca`
    ");
}
