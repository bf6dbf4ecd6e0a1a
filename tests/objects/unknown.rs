//! What the manifests do not show is said, so that a clean result means something.

use insta::assert_snapshot;

use super::{KAFKA, PLAIN, check};

#[test]
fn what_cannot_be_judged_is_told_once_for_each_cause() {
    let image = KAFKA.replace("confluentinc/cp-kafka:8.2.1", "example/broker:1");
    assert_snapshot!(check(&[("a.yaml", &image)], &[]));
    let release = KAFKA.replace("confluentinc/cp-kafka:8.2.1", "confluentinc/cp-kafka:7.0.1");
    assert_snapshot!(check(&[("a.yaml", &release)], &[]));
    // An image that Strimzi built, without its operator.
    let start = "[kafka-server-start, /etc/kafka-stacks/server.properties]";
    let script = KAFKA.replace(start, "[/opt/kafka/kafka_run.sh]");
    let shown = check(&[("a.yaml", &script)], &[]);
    assert_eq!(shown.matches("kafka_run.sh").count(), 1, "{shown}");
    let operator = "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: a, namespace: kafka}\n";
    assert_snapshot!(check(&[("a.yaml", operator)], &[]));
    // Programs get the same, and so does the log of code scanning.
    let json = check(&[("a.yaml", operator)], &["--format", "json"]);
    assert!(json.contains("\"what\": \"settings\""), "{json}");
    for (format, said) in [
        ("github", "::notice::not judged: "),
        ("sarif", "\"text\": \"not judged: "),
    ] {
        let shown = check(&[("a.yaml", operator)], &["--format", format]);
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn an_unreadable_file_does_not_silence_the_rest() {
    let gone = PLAIN
        .replace(
            "  name: app\n  namespace: kafka\ndata:\n  password",
            "  name: other\n  namespace: kafka\ndata:\n  password",
        )
        .replacen("replicas: 2", "replicas: -2", 1);
    assert_snapshot!(check(&[("a.yaml", &gone), ("b.yaml", "a: [\n")], &[]));
    // What is missing may be in it too: a policy here.
    let without: Vec<&str> = KAFKA
        .split("\n---\n")
        .filter(|text| !text.contains("kind: NetworkPolicy"))
        .collect();
    let without = without.join("\n---\n");
    assert!(check(&[("a.yaml", &without)], &[]).contains("KS-P24"));
    assert!(!check(&[("a.yaml", &without), ("b.yaml", "a: [\n")], &[]).contains("KS-P24"));
}
