//! The end-to-end probe, in open and closed clusters.

use kafka_stacks::prelude::*;

#[expect(dead_code, reason = "its `main` is that of an example")]
#[path = "../examples/probe.rs"]
pub(crate) mod example;

const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";

fn manifests(stack: &Stack) -> Manifests {
    let synthesis = synth(stack);
    synthesis
        .manifests
        .unwrap_or_else(|| panic!("{:?}", synthesis.findings))
}

#[track_caller]
fn has(manifests: &Manifests, path: &str, texts: &[&str]) {
    let file = manifests.get(path).unwrap_or_else(|| panic!("no {path}"));
    for text in texts {
        assert!(file.contains(text), "{path} has no {text:?}:\n{file}");
    }
}

/// A development cluster with a probe, before monitoring.
fn open() -> (Stack, KafkaHandle, ProbeHandle) {
    let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
    let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::combined("kafka", 1)));
    let probe = stack.add(Probe::new("kafka-probe", &kafka));
    (stack, kafka, probe)
}

fn findings(stack: &Stack) -> Vec<String> {
    let findings = synth(stack).findings;
    findings
        .iter()
        .map(|finding| format!("{}: {}", finding.rule.id, finding.message))
        .collect()
}

#[test]
fn a_probe_of_a_closed_cluster_has_all_that_it_needs_and_no_more() {
    let stack = example::probe();
    // The Secret with the password comes from elsewhere.
    let missing = "Secret not found";
    let found = findings(&stack);
    assert!(found.iter().all(|finding| finding.ends_with(missing)), "{found:?}");
    let manifests = manifests(&stack);
    let deployment = "kafka-probe/deployment-kafka-probe.yaml";
    has(
        &manifests,
        deployment,
        &[
            "- name: KAFKA_SASL_PASSWORD\n          valueFrom:\n            secretKeyRef:\n              key: password\n              name: \
             kafka-probe-kafka\n",
            "- name: KAFKA_TLS_CAFILEPATH\n          value: /etc/kafka-identity/ca.crt\n",
            "- name: MINION_ENDTOEND_TOPICMANAGEMENT_REPLICATIONFACTOR\n          value: \"3\"\n",
            "- name: MINION_ENDTOEND_CONSUMER_GROUPIDPREFIX\n          value: kafka-probe-end-to-end\n",
            "readOnlyRootFilesystem: true",
        ],
    );
    let declared = manifests
        .get("kafka-permissions/configmap-kafka-permissions.yaml")
        .unwrap();
    let of_probe: Vec<&str> = declared
        .lines()
        .filter_map(|line| line.trim().strip_prefix("kafka-probe acl "))
        .collect();
    assert_eq!(
        of_probe,
        [
            "group prefixed kafka-probe-end-to-end- DELETE",
            "group prefixed kafka-probe-end-to-end- DESCRIBE",
            "group prefixed kafka-probe-end-to-end- READ",
            "topic literal kafka-probe-end-to-end ALTER",
            "topic literal kafka-probe-end-to-end CREATE",
            "topic literal kafka-probe-end-to-end READ",
            "topic literal kafka-probe-end-to-end WRITE",
        ]
    );
    has(
        &manifests,
        "monitoring/prometheusrule-kafka.yaml",
        &[
            "alert: KafkaProbeFailing",
            "alert: KafkaProbeSlow",
            "alert: KafkaProbeIdle",
            "slo: round-trip",
        ],
    );
    has(
        &manifests,
        "monitoring/podmonitor-kafka-probe.yaml",
        &["kminion_end_to_end_messages_lost_total"],
    );
    has(
        &manifests,
        "runbooks/KafkaProbeFailing.md",
        &["--describe --topic kafka-probe-end-to-end"],
    );
}

#[test]
fn a_probe_of_an_open_cluster_has_no_secret_and_no_file() {
    let (mut stack, kafka, probe) = open();
    stack.add(Monitoring::new("monitoring", &kafka).watch(&probe));
    let manifests = manifests(&stack);
    let deployment = manifests.get("kafka-probe/deployment-kafka-probe.yaml").unwrap();
    assert!(!deployment.contains("secret") && !deployment.contains("KAFKA_TLS") && !deployment.contains("KAFKA_SASL"));
    has(
        &manifests,
        "kafka-probe/deployment-kafka-probe.yaml",
        &["- name: MINION_ENDTOEND_TOPICMANAGEMENT_REPLICATIONFACTOR\n          value: \"1\"\n"],
    );
    assert!(manifests.get("kafka-probe/configmap-kafka-probe.yaml").is_none());
    has(
        &manifests,
        "monitoring/configmap-kafka-dashboard-probe.yaml",
        &["Round trip, p99"],
    );
}

#[test]
fn nothing_else_declares_the_topic_of_a_probe() {
    let (mut stack, kafka, _) = open();
    let topic = Topic::new("kafka-probe-end-to-end", 1, Cleanup::delete_after(1.days()));
    stack.add(Topics::new("topics", &kafka).topic(topic));
    let found = findings(&stack);
    assert!(
        found
            .iter()
            .any(|finding| finding.contains("topic `kafka-probe-end-to-end` is taken by the one made at")),
        "{found:?}"
    );
}

#[test]
fn no_group_of_another_part_is_in_the_range_of_a_probe() {
    let found = |group: &str, probe_first: bool| {
        let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
        let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::combined("kafka", 1)));
        if probe_first {
            stack.add(Probe::new("kafka-probe", &kafka));
        }
        let topics = Topics::new("topics", &kafka).topic(Topic::new("calls", 1, Cleanup::delete_after(1.days())));
        let calls = stack.add(topics).topic("calls");
        stack.add(
            Application::new("billing", &kafka)
                .produces(&calls)
                .consumes(&calls, Group::named(group)),
        );
        if !probe_first {
            stack.add(Probe::new("kafka-probe", &kafka));
        }
        let findings = synth(&stack).findings;
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let errors: Vec<String> = errors
            .map(|finding| {
                let message = finding.message.split(" (made at ").next().unwrap();
                format!("{} {}: {message}", finding.rule.id, finding.place.construct)
            })
            .collect();
        errors
    };
    let inside = "kafka-probe-end-to-end-billing";
    assert_eq!(
        found(inside, true),
        [format!(
            "KS-F09 billing: group `{inside}`: `kafka-probe` has all that begin with `kafka-probe-end-to-end`"
        )]
    );
    assert_eq!(
        found(inside, false),
        [format!(
            "KS-F09 kafka-probe: it has all that begin with `kafka-probe-end-to-end`, and so group `{inside}` of `billing`"
        )]
    );
    assert_eq!(found("kafka-probe-end", true), [""; 0]);
    assert_eq!(found("billing", false), [""; 0]);
}

#[test]
fn no_group_of_another_stack_is_in_the_range_of_a_probe() {
    let found = |group: &str| {
        let kafka = || KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092");
        let mut platform = Stack::new("platform", "platform");
        platform.add(Probe::new("kafka-probe", &kafka()));
        let mut shop = Stack::new("shop", "shop");
        let calls = kafka().external_topic("calls");
        shop.add(Application::new("billing", &kafka()).consumes(&calls, Group::named(group)));
        let mut made: Vec<(Stack, Synthesis)> = [platform, shop]
            .into_iter()
            .map(|stack| {
                let synthesis = kafka_stacks::synth::check(&stack);
                (stack, synthesis)
            })
            .collect();
        kafka_stacks::synth::check_across(&mut made);
        let findings = made.iter().flat_map(|(_, synthesis)| &synthesis.findings);
        let ids: Vec<&str> = findings
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.rule.id)
            .collect();
        ids
    };
    assert_eq!(found("kafka-probe-end-to-end-1"), ["KS-F09"]);
    assert_eq!(found("billing"), [""; 0]);
}

#[test]
fn a_service_level_of_round_trips_needs_a_probe_and_one_of_its_bounds() {
    let (mut stack, kafka, probe) = open();
    let monitoring = Monitoring::new("monitoring", &kafka);
    stack.add(
        monitoring
            .watch(&probe)
            .slo(Slo::round_trip(99.9.percent(), 1.seconds())),
    );
    assert!(
        findings(&stack).contains(&"KS-O16: the probe does not count the round trips of at most 1s".to_owned()),
        "{:?}",
        findings(&stack)
    );

    let (mut stack, kafka, _) = open();
    let monitoring = Monitoring::new("monitoring", &kafka);
    stack.add(monitoring.slo(Slo::round_trip(99.9.percent(), 1280.milliseconds())));
    assert!(
        findings(&stack).contains(&"KS-O16: nothing exports what the service level measures".to_owned()),
        "{:?}",
        findings(&stack)
    );
}

#[test]
fn a_probe_does_not_go_to_a_listener_whose_clients_show_tokens() {
    let provider = IdentityProvider {
        issuer: "https://login.example.com/realms/shop",
        keys: "https://login.example.com/realms/shop/certs",
        tokens: "https://login.example.com/realms/shop/token",
    };
    let mut stack = Stack::new("shop", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::combined("kafka", 3))
            .internal_tls(Issuer::in_namespace("kafka-ca"))
            .listener(Listener::tls("CLIENT", 9092).oauth(OAuth::new(provider, "kafka")))
            .authorization(),
    );
    let probe = stack.add(Probe::new("probe", &kafka));
    stack.add(Permissions::new("permissions", &kafka).of(&probe));
    let found = synth(&stack).findings;
    let said: Vec<&str> = found
        .iter()
        .filter(|finding| finding.rule.id == "KS-X03")
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        said,
        ["kminion cannot connect to `kafka`: clients of listener `CLIENT` show tokens"]
    );
}

#[test]
fn the_pages_of_a_probe_say_who_exports_its_metrics() {
    let manifests = manifests(&example::probe());
    let row = "| `kminion_end_to_end_messages_produced_total` | kminion |";
    has(&manifests, "runbooks/KafkaProbeIdle.md", &[row]);
}
