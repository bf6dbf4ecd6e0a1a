//! Amended rules.

use super::*;

#[test]
fn promtool_tests_and_runbooks_follow_amended_rules() {
    let mut stack = stacks().into_iter().next().unwrap();
    stack.amend::<PrometheusRule>("kafka", |rule| {
        let down = rule.spec.alert("KafkaBrokerDown").unwrap();
        down.labels.insert("team".to_owned(), "streams".to_owned());
        down.for_duration = Some("1h30m".to_owned());
        let lag = rule.spec.alert("KafkaConsumerLagHigh").unwrap();
        lag.expr = lag.expr.replace("> 1000", "> 2000");
        rule.spec.groups[0].rules.retain(|rule| rule.name() != "KafkaISRShrink");
    });
    let manifests = manifests(&stack);
    let rules: Value = serde_yaml::from_str(manifests.get("tests/rules.yaml").unwrap()).unwrap();
    let objects = objects(&stack);
    assert_eq!(rules, of_kind(&objects, "PrometheusRule").next().unwrap()["spec"]);
    let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
    let of = |name: &str| -> Vec<&Value> {
        list(&tests["tests"])
            .iter()
            .filter(|test| test["alert_rule_test"][0]["alertname"] == name)
            .collect()
    };
    // It fires an hour and a half after minute 11, with the label.
    let fires = &of("KafkaBrokerDown")[0]["alert_rule_test"][2];
    assert_eq!(fires["eval_time"], "101m");
    assert_eq!(fires["exp_alerts"][0]["exp_labels"]["team"], "streams");
    assert!(
        manifests
            .get("runbooks/KafkaBrokerDown.md")
            .unwrap()
            .contains("fires after 1h30m")
    );
    // What tried another limit tries nothing.
    assert!(of("KafkaConsumerLagHigh").is_empty());
    assert!(
        manifests
            .get("runbooks/KafkaConsumerLagHigh.md")
            .unwrap()
            .contains("> 2000")
    );
    assert!(of("KafkaISRShrink").is_empty() && manifests.get("runbooks/KafkaISRShrink.md").is_none());
    assert_eq!(
        findings(&stack),
        ["note[KS-O13] combined/monitoring/KafkaConsumerLagHigh: the amended expression has no test"]
    );
}

#[test]
fn amended_expressions_are_checked() {
    let mut stack = stacks().into_iter().next().unwrap();
    let line = line!() + 1;
    stack.amend::<PrometheusRule>("kafka", |rule| {
        let down = rule.spec.alert("KafkaBrokerDown").unwrap();
        down.expr = "max by (rack) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3".to_owned();
        let under = rule.spec.alert("KafkaUnderReplicatedPartitions").unwrap();
        under.for_duration = Some("10s".to_owned());
    });
    let synthesis = synth(&stack);
    assert!(synthesis.manifests.is_none());
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O05] combined/monitoring/KafkaBrokerDown: `max by` uses the label `rack`, which does not exist there",
            "error[KS-O11] combined/monitoring/KafkaBrokerDown: the alert has no label `kafka_cluster` for `$labels.kafka_cluster`; its expression keeps no labels",
            "error[KS-O11] combined/monitoring/KafkaBrokerDown: the alert has no label `namespace` for `$labels.namespace`; its expression keeps no labels",
            "error[KS-O10] combined/monitoring/KafkaUnderReplicatedPartitions: `for` is 10s, shorter than the scrape interval of 30s",
        ]
    );
    let found = synthesis
        .findings
        .iter()
        .find(|finding| finding.rule.id == "KS-O05")
        .unwrap();
    assert_eq!(found.location().line(), line);
}

/// Whoever counts the brokers: the active controller, the exporter or Prometheus, none of them counts more than there are.
#[test]
fn a_limit_that_no_source_of_an_expression_reaches_is_found() {
    for (limit, found) in [("15", true), ("4", true), ("3", false)] {
        for mut stack in stacks() {
            stack.amend::<PrometheusRule>("kafka", move |rule| {
                let down = rule.spec.alert("KafkaBrokerDown").unwrap();
                assert!(down.expr.contains(" or ") && down.expr.contains("\n) < 3"));
                down.expr = down.expr.replace("\n) < 3", &format!("\n) < {limit}"));
            });
            let always = findings(&stack);
            let always: Vec<&String> = always.iter().filter(|finding| finding.contains("KS-O07")).collect();
            assert_eq!(always.len(), usize::from(found), "{limit}: {always:?}");
            assert!(
                always
                    .iter()
                    .all(|finding| finding.contains(&format!("< {limit}` is always true")))
            );
        }
    }
}
