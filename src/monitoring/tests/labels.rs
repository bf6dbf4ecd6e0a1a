//! Labels of alerts, and who owns what they are about.

use super::*;
use crate::monitoring::{InhibitRule, LabelMatcher, inhibition};

fn label(alerts: &[Value], alert: &str, label: &str) -> Option<String> {
    let alert = alerts.iter().find(|rule| rule["alert"] == alert).unwrap();
    alert["labels"][label].as_str().map(str::to_owned)
}

fn owned(change: impl FnOnce(Monitoring) -> Monitoring) -> Stack {
    let (mut stack, kafka) = dedicated();
    let topic = |name| Topic::new(name, 3, Cleanup::delete_after(7.days()));
    let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(topic("orders")));
    let orders = topics.topic("orders");
    let application = |name: &'static str| Application::new(name, &kafka).consumes(&orders, Group::named(name));
    let billing = stack.add(application("billing").owner("payments").on_call("payments-primary"));
    let audit = stack.add(application("payments-audit").owner("security"));
    let monitoring = Monitoring::new("monitoring", &kafka).watch(&billing).watch(&audit);
    stack.add(change(monitoring));
    stack
}

#[test]
fn a_label_of_all_alerts_is_on_each_and_an_own_one_wins() {
    let (mut stack, kafka) = dedicated();
    let own = Alert::new("ShopWaits", "max by (region) (shop_waiting) > 5")
        .severity(AlertSeverity::Info)
        .keep_firing_for(10.minutes())
        .label("team", "shop")
        .label("tier", "3")
        .summary("Orders wait.")
        .description("{{ $value }} wait.")
        .test(
            AlertTest::new("6 wait.")
                .series("shop_waiting", &[("region", "eu")], Samples::Constant(6.0))
                .label("region", "eu"),
        );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .alert_label("team", "streams")
            .external(ExternalExporter::new("shop").gauge("shop_waiting", ["region"]))
            .alert(own),
    );
    assert_eq!(findings(&stack), [""; 0]);
    let alerts = alerts(&objects(&stack));
    let team = |alert: &Value| alert["labels"]["team"].as_str().unwrap_or_default().to_owned();
    let (own, others): (Vec<_>, Vec<_>) = alerts.iter().partition(|alert| alert["alert"] == "ShopWaits");
    assert!(others.len() > 30 && others.iter().all(|alert| team(alert) == "streams"));
    assert_eq!(team(own[0]), "shop");
    assert_eq!(own[0]["labels"]["severity"], "info");
    assert_eq!(own[0]["labels"]["tier"], "3");
    // The tests expect them.
    let manifests = manifests(&stack);
    let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
    let expected = list(&tests["tests"])
        .iter()
        .flat_map(|test| list(&test["alert_rule_test"]))
        .flat_map(|expected| list(&expected["exp_alerts"]));
    assert!(expected.clone().count() > 30);
    assert!(
        expected
            .into_iter()
            .all(|alert| alert["exp_labels"]["team"].is_string())
    );
}

#[test]
fn owners_of_groups_are_those_declared_then_the_first_pattern_then_the_rest() {
    let stack = owned(|monitoring| {
        monitoring
            .group_owner("payments-.*", Owner::new("payments").on_call("payments-primary"))
            .group_owner(r"payments-\d+|crm", Owner::new("crm"))
            .alert_label("owner", "platform")
    });
    assert_eq!(findings(&stack), [""; 0]);
    let alerts = alerts(&objects(&stack));
    assert_snapshot!(label(&alerts, "KafkaConsumerLagHigh", "owner").unwrap(), @r#"{{ if eq $labels.consumergroup "billing" }}payments{{ else if eq $labels.consumergroup "payments-audit" }}security{{ else if match `^(?:payments-.*)$` $labels.consumergroup }}payments{{ else if match `^(?:payments-\d+|crm)$` $labels.consumergroup }}crm{{ else }}platform{{ end }}"#);
    // Nobody is named for those of `security` and `crm`.
    assert_snapshot!(label(&alerts, "KafkaConsumerLagHigh", "on_call").unwrap(), @r#"{{ if eq $labels.consumergroup "payments-audit" }}{{ else if eq $labels.consumergroup "billing" }}payments-primary{{ else if match `^(?:payments-.*)$` $labels.consumergroup }}payments-primary{{ else if match `^(?:payments-\d+|crm)$` $labels.consumergroup }}{{ end }}"#);
    assert_eq!(label(&alerts, "KafkaBrokerDown", "owner").as_deref(), Some("platform"));
    assert_eq!(label(&alerts, "KafkaBrokerDown", "on_call"), None);
    // The group of the tests is none of these.
    let manifests = manifests(&stack);
    let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
    let of_partition = list(&tests["tests"])
        .iter()
        .find(|test| test["name"] == "KafkaConsumerPartitionStuck fires and resolves")
        .unwrap();
    let labels = &list(&list(&of_partition["alert_rule_test"])[2]["exp_alerts"])[0]["exp_labels"];
    assert_eq!(
        (&labels["owner"], &labels["on_call"]),
        (&"platform".into(), &Value::Null)
    );
}

#[test]
fn patterns_that_match_nothing_declared_are_fine_and_others_must_be_valid() {
    let stack = owned(|monitoring| {
        monitoring
            .group_owner("nothing-here-.*", Owner::new("payments"))
            .group_owner("payments-(", Owner::new("payments"))
            .group_owner("a`b", Owner::new("payments"))
            .group_owner("", Owner::new("{{ $value }}"))
            .ignore_groups("[z-a]")
            .ignore_groups(".*")
            .ignore_groups("loadtest-.*")
    });
    assert_eq!(
        findings(&stack),
        [
            r#"error[KS-O03] s/monitoring/ignore_groups: "[z-a]" is not a valid regular expression"#,
            "error[KS-O02] s/monitoring/ignore_groups: `.*` ignores every group: no alert on a group can fire",
            r#"error[KS-O03] s/monitoring/group_owner: "payments-(" is not a valid regular expression"#,
            r#"error[KS-O03] s/monitoring/group_owner: "a`b" has "`", which templates of Prometheus cannot have"#,
            "error[KS-O03] s/monitoring/group_owner: an empty pattern matches no group",
            r#"error[KS-O17] s/monitoring/group_owner: "{{ $value }}" cannot be the label `owner` of an alert"#,
        ]
    );
}

#[test]
fn labels_that_are_reserved_or_of_series_are_refused() {
    let (mut stack, kafka) = dedicated();
    let own = Alert::new(
        "BrokersFew",
        "max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3",
    )
    .label("job", "mine")
    .label("alertname", "Mine")
    .label("a-b", "c")
    .label("__team", "c")
    .label("team", "{{ $value }}")
    .summary("Few.")
    .description("Few.")
    .test(
        AlertTest::new("Few.")
            .series("kafka_brokers", &[], Samples::Constant(2.0))
            .label("job", "kafka-exporter"),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .alert_label("severity", "page")
            .alert_label("cluster", "mine")
            .alert_label("pod", "mine")
            .alert_label("team", "a")
            .alert_label("team", "b")
            .alert_label("tier", " ")
            .alert(own),
    );
    let monitoring = "error[KS-O17] s/monitoring";
    let expected = [
        format!("{monitoring}: the label `severity` is reserved"),
        format!("{monitoring}: the label `cluster` is reserved"),
        format!("{monitoring}: the label `team` has two values"),
        format!("{monitoring}: \" \" cannot be the value of the label `tier`"),
        format!("{monitoring}/BrokersFew: the label `alertname` is reserved"),
        format!("{monitoring}/BrokersFew: \"a-b\" is not a valid name of a label"),
        format!("{monitoring}/BrokersFew: \"__team\" is not a valid name of a label"),
        format!("{monitoring}/BrokersFew: \"{{{{ $value }}}}\" cannot be the value of the label `team`"),
        format!("{monitoring}/BrokersFew: the label `job` would replace that of the series of `BrokersFew`"),
        format!("{monitoring}: the label `pod` would replace that of the series of `KafkaISRShrink`"),
    ];
    assert_eq!(findings(&stack), expected);
}

fn names(matchers: &[LabelMatcher]) -> BTreeSet<String> {
    let [LabelMatcher { name, value, .. }] = matchers else {
        panic!("{matchers:?}")
    };
    assert_eq!(name, "alertname");
    value.split('|').map(str::to_owned).collect()
}

/// The rules for the file of Alertmanager.
fn documented() -> String {
    let matcher = |matchers: &[LabelMatcher]| {
        let LabelMatcher {
            name,
            match_type,
            value,
        } = &matchers[0];
        format!("{name}{match_type}\"{value}\"")
    };
    let rule = |rule: &InhibitRule| {
        format!(
            "- source_matchers: [{}]\n  target_matchers: [{}]\n  equal: [{}]\n",
            matcher(&rule.source_match),
            matcher(&rule.target_match),
            rule.equal.join(", ")
        )
    };
    inhibition::rules(|_| true).iter().map(rule).collect()
}

#[test]
fn the_documented_inhibition_rules_are_those_of_the_object() {
    let page = include_str!("../../../docs/monitoring.md");
    let (_, rules) = page.split_once("```yaml\ninhibit_rules:\n").unwrap();
    assert_eq!(rules.split("```").next().unwrap(), documented());
}

#[test]
fn the_object_has_the_rules_between_alerts_of_the_stack() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .monitor_label("release", "prometheus")
            .inhibition(),
    );
    assert_eq!(findings(&stack), [""; 0]);
    let manifests = manifests(&stack);
    let config = manifests.get("monitoring/alertmanagerconfig-kafka.yaml").unwrap();
    assert!(!config.contains("KafkaZooKeeper") && !config.contains("KafkaConnect"));
    let config: Value = serde_yaml::from_str(config).unwrap();
    assert_eq!(config["apiVersion"], "monitoring.coreos.com/v1alpha1");
    assert_eq!(config["metadata"]["namespace"], "kafka");
    assert_eq!(config["metadata"]["labels"]["release"], "prometheus");
    let fields: Vec<&String> = config["spec"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["inhibitRules"]);
    let rules = list(&config["spec"]["inhibitRules"]);
    assert_snapshot!(serde_yaml::to_string(&rules[1]).unwrap(), @r"
    equal:
    - cluster
    - namespace
    - kafka_cluster
    sourceMatch:
    - matchType: =
      name: alertname
      value: KafkaQuorumWithoutLeader
    targetMatch:
    - matchType: =~
      name: alertname
      value: KafkaNoActiveController|KafkaBrokerMetadataLag|KafkaControllerLag|KafkaQuorumElections
    ");
    let known = alerts(&objects(&stack));
    let known: BTreeSet<&str> = known.iter().map(|alert| alert["alert"].as_str().unwrap()).collect();
    for rule in rules {
        for matchers in [&rule["sourceMatch"], &rule["targetMatch"]] {
            let names = list(matchers)[0]["value"].as_str().unwrap().split('|');
            assert!(names.clone().all(|name| known.contains(name)), "{rule}");
            assert_eq!(list(matchers)[0]["matchType"] == "=~", names.count() > 1, "{rule}");
        }
    }
}

#[test]
fn inhibition_rules_name_alerts_and_labels_that_exist() {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (stack, monitoring) in monitored() {
        let sources = monitoring.sources(stack.context());
        let alerts = monitoring.ready_alerts(&sources);
        for rule in inhibition::rules(|_| true) {
            for name in names(&rule.source_match).union(&names(&rule.target_match)) {
                let Some(alert) = alerts.iter().find(|alert| alert.rule.alert == *name) else {
                    continue;
                };
                seen.insert(name.clone());
                let mut labels = analyze(&alert.rule.expr, &sources).labels.unwrap();
                labels.extend(alert.rule.labels.keys().cloned());
                for label in &rule.equal {
                    assert!(labels.contains(label), "{name} has no label {label}: {labels:?}");
                }
            }
        }
    }
    let named: BTreeSet<String> = inhibition::rules(|_| true)
        .iter()
        .flat_map(|rule| names(&rule.source_match).into_iter().chain(names(&rule.target_match)))
        // Of closed clusters: `tests/invariants.rs` looks for them in the emitted rules.
        .filter(|name| !name.starts_with("KafkaCertificate"))
        .collect();
    assert_eq!(seen, named);
}

#[test]
fn no_rule_silences_another_ones_cause_in_a_circle() {
    let rules = inhibition::rules(|_| true);
    for rule in &rules {
        let (causes, follow) = (names(&rule.source_match), names(&rule.target_match));
        assert!(causes.is_disjoint(&follow), "{rule:?}");
        for other in &rules {
            let back = !names(&other.source_match).is_disjoint(&follow);
            assert!(
                !back || names(&other.target_match).is_disjoint(&causes),
                "{rule:?} {other:?}"
            );
        }
    }
}

#[test]
fn a_lost_broker_calls_once() {
    for (stack, monitoring) in monitored() {
        let sources = monitoring.sources(stack.context());
        for name in [
            "a broker is lost for an hour",
            "a rolling restart that hangs",
            "the pod of a broker cannot be scheduled",
        ] {
            let scenarios = monitoring.scenarios(&sources);
            let scenario = scenarios.iter().find(|scenario| scenario.name == name).unwrap();
            let fired: Vec<&str> = scenario.fires.iter().map(|firing| firing.alert).collect();
            assert!(fired.len() > 2, "{fired:?}");
            let silent = |alert: &&str| {
                inhibition::rules(|_| true).iter().any(|rule| {
                    names(&rule.target_match).contains(*alert)
                        && names(&rule.source_match)
                            .iter()
                            .any(|source| fired.contains(&source.as_str()))
                })
            };
            let calls: Vec<&str> = fired.iter().copied().filter(|alert| !silent(alert)).collect();
            assert_eq!(calls, ["KafkaBrokerDown"], "{} {name}", stack.name());
        }
    }
}
