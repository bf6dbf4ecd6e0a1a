//! REST interfaces that are closed while the cluster runs: what the user is told, of workers and of both registries.

use insta::assert_snapshot;
use kafka_stacks::{diff::Report, prelude::*};

use super::{compare, texts_are_whole};

/// Workers and a registry, closed or open, and the topics that the workers keep their state in.
fn manifests(implementation: RegistryImplementation, rest: Option<&Rest>, topics: &str) -> String {
    let mut stack = Stack::new("test", "kafka");
    let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092");
    let mut registry = SchemaRegistry::new("schemas", &kafka).implementation(implementation);
    let mut connect = Connect::new("pipes", &kafka).internal_topics(topics);
    if let Some(rest) = rest {
        registry = registry.rest(rest.clone());
        connect = connect.rest(rest.clone());
    }
    stack.add(registry);
    stack.add(connect);
    let manifests = synth(&stack).manifests.unwrap();
    let texts = manifests
        .iter()
        .filter(|(path, _)| path.starts_with("schemas/") || path.starts_with("pipes/"));
    texts.map(|(_, text)| format!("---\n{text}")).collect()
}

/// What is said of the rows that begin so.
fn told(report: &Report, rows: &str) -> String {
    texts_are_whole(report);
    let changes = report.changes.iter().filter(|change| change.rule.starts_with(rows));
    let told = changes.map(|change| {
        let flags: Vec<String> = change.flags.iter().map(ToString::to_string).collect();
        let commands: String = change.commands.iter().map(|command| format!("  {command}\n")).collect();
        let (class, rule, object) = (change.class, change.rule, change.object.shown());
        format!(
            "{class} {rule} {object} [{}]\n  {}\n{commands}",
            flags.join(" "),
            change.reason
        )
    });
    told.collect()
}

#[test]
fn a_closed_interface_is_a_break_with_its_secrets() {
    let closed = |implementation, rest: &Rest| {
        let [open, closed] = [None, Some(rest)].map(|rest| manifests(implementation, rest, "pipes"));
        (compare(&open, &closed), compare(&closed, &open))
    };
    let encrypted = Rest::tls(Issuer::in_namespace("ca"));
    let (there, back) = closed(
        RegistryImplementation::Apicurio,
        &encrypted.clone().basic_authentication(),
    );
    assert_snapshot!("apicurio", told(&there, "rest-"));
    assert_snapshot!("opened", told(&back, "rest-"));
    let (there, _) = closed(RegistryImplementation::Confluent, &encrypted);
    assert_snapshot!("confluent", told(&there, "rest-"));
    // No one else writes the certificates.
    let (there, _) = closed(
        RegistryImplementation::Confluent,
        &Rest::tls(Issuer::existing_secrets()),
    );
    let of_certificates: Vec<&str> = there
        .changes
        .iter()
        .flat_map(|change| &change.commands)
        .filter(|command| command.contains("-rest-tls"))
        .map(String::as_str)
        .collect();
    let certificate = |name: &str| format!("kubectl -n kafka get secret {name}-rest-tls");
    assert_eq!(of_certificates, [certificate("pipes"), certificate("schemas")]);
}

#[test]
fn connectors_of_closed_workers_are_kept_without_a_password_in_a_command() {
    let rest = Rest::tls(Issuer::in_namespace("ca")).basic_authentication();
    let [before, after] = ["pipes", "others"].map(|topics| {
        let implementation = RegistryImplementation::Apicurio;
        manifests(implementation, Some(&rest), topics)
    });
    let report = compare(&before, &after);
    let kept: Vec<&str> = report
        .changes
        .iter()
        .filter(|change| change.rule == "connect-configs-topic")
        .flat_map(|change| &change.commands)
        .filter(|command| command.contains("expand=info"))
        .map(String::as_str)
        .collect();
    assert_snapshot!(kept.join("\n"), @"kubectl -n kafka exec deployment/pipes -c connect -- bash /etc/kafka-stacks/ask.sh '/connectors?expand=info'  # keep it");
}
