//! Thresholds and where they appear.

use super::*;
use crate::promql::template;

#[test]
fn thresholds_come_from_the_stack() {
    let mut stack = Stack::new("five", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("events", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("events-controller", 3))
            .pool(NodePool::brokers("events", 5)),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .lag_threshold(20_000)
            .produce_latency_threshold(2.seconds())
            .disk_usage_threshold(70),
    );
    let alerts: BTreeMap<String, String> = alerts(&objects(&stack))
        .iter()
        .map(|alert| {
            let text = |key: &str| alert[key].as_str().unwrap().to_owned();
            (text("alert"), text("expr"))
        })
        .collect();
    assert!(alerts["KafkaBrokerDown"].contains(") < 5\nunless "));
    assert!(alerts["KafkaConsumerLagHigh"].ends_with(" > 20000"));
    assert!(alerts["KafkaProducerLatencyHigh"].contains(" > 2000\nand "));
    assert!(alerts["KafkaLeaderElectionRateHigh"].contains(" > 0.5 / 5 * sum by "));
    assert!(alerts["KafkaDiskUsageHigh"].ends_with(" > 70"));
    let claims = r#"persistentvolumeclaim=~"data-events-controller-[0-9]+|data-events-[0-9]+""#;
    assert!(alerts["KafkaDiskFullSoon"].contains(claims));
}

#[test]
fn the_number_of_brokers_must_match_the_pools() {
    let (mut stack, _) = external();
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    stack.add(Monitoring::new("wrong", &kafka).brokers(5).docs("wrong"));
    stack.add(Monitoring::new("right", &kafka).brokers(3).docs("right"));
    let other = KafkaCluster::external("other", Version::V4_2, "kafka.example.com:9092");
    stack.add(Monitoring::new("none", &other).brokers(0).docs("none"));
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O02] external/wrong: `kafka` has 3 brokers, not 5",
            "error[KS-O02] external/none: there are never fewer than 0 brokers",
        ]
    );
}

#[test]
fn impossible_thresholds_are_refused() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .disk_usage_threshold(100)
            .produce_latency_threshold(0.seconds())
            .lag_time_threshold(0.seconds())
            .disk_full_within(1.minutes())
            .idle_threshold(0),
    );
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O02] s/monitoring: no volume is ever more than 100 % full",
            "error[KS-O02] s/monitoring: every produce request takes longer than 0 ms",
            "error[KS-O02] s/monitoring: every group that has lag is more than 0 s behind",
            "error[KS-O02] s/monitoring: 1m is too short to act before the volume is full",
            "error[KS-O02] s/monitoring: threads are never idle less than 0 % of the time",
        ]
    );
}

#[test]
fn impossible_lag_thresholds_are_refused() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .disk_usage_threshold(0)
            .lag_threshold(u64::MAX)
            .lag_threshold_of_topic("call events", 5)
            .lag_threshold_of_group("{{ query `up` }}", 5)
            .lag_threshold_of_group("a\n- b", 5)
            .lag_threshold_of_group("quotes \"are\" | fine", 5)
            .lag_threshold_of_group("twice", 5)
            .lag_threshold_of_topic("twice", 5)
            .lag_threshold_of_group("twice", 50),
    );
    // A floating-point number holds this one, and not the next.
    let limited = |records| {
        let mut stack = Stack::new("s", "kafka");
        let kafka = KafkaCluster::external("events", Version::V4_3, "events.voicecore.internal:9092");
        stack.add(Monitoring::new("monitoring", &kafka).brokers(3).lag_threshold(records));
        findings(&stack).len()
    };
    assert_eq!((limited((1 << 53) - 1), limited(1 << 53)), (0, 1));
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O02] s/monitoring: every volume is more than 0 % full",
            "error[KS-O02] s/monitoring: no group is ever more than 18446744073709551615 records behind",
            "error[KS-O02] s/monitoring: \"call events\" is not a valid topic name",
            "error[KS-O02] s/monitoring: texts of alerts cannot name the group \"{{ query `up` }}\"",
            "error[KS-O02] s/monitoring: texts of alerts cannot name the group \"a\\n- b\"",
            "error[KS-O02] s/monitoring: `twice` has two limits",
        ]
    );
}

#[test]
fn promtool_tests_cross_any_idle_threshold() {
    for limit in [1, 10, 30, 96, 99] {
        let (mut stack, monitoring) = with_idle_limit(limit);
        stack.add(monitoring);
        let manifests = manifests(&stack);
        let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
        let fires = tests["tests"]
            .as_array()
            .unwrap()
            .iter()
            .find(|test| test["name"] == "KafkaRequestHandlersBusy fires and resolves");
        let values = fires.unwrap()["input_series"][0]["values"].as_str().unwrap();
        let levels: Vec<f64> = values
            .split(' ')
            .map(|part| part.split('x').next().unwrap().parse().unwrap())
            .collect();
        let limit = f64::from(limit) / 100.0;
        assert!(
            levels[0] >= limit && levels[1] < limit && levels[2] >= limit,
            "{limit}: {values}"
        );
    }
}

fn with_idle_limit(idle: u8) -> (Stack, Monitoring) {
    let (stack, kafka) = dedicated();
    let monitoring = Monitoring::new("monitoring", &kafka).idle_threshold(idle);
    (stack, monitoring)
}

#[test]
fn a_group_or_topic_can_have_its_own_lag_threshold() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .lag_threshold_of_group("reports", 50_000)
            .lag_threshold_of_topic("call.events", 5000),
    );
    let alerts = alerts(&objects(&stack));
    let alert = alerts
        .iter()
        .find(|alert| alert["alert"] == "KafkaConsumerLagHigh")
        .unwrap();
    assert_snapshot!(alert["expr"].as_str().unwrap(), @r#"
    (consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",consumergroup!~"console-consumer-.*",consumergroup!="reports",topic!="call.events"} > 1000
      and on (cluster, namespace, kafka_cluster, consumergroup, topic) (consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",consumergroup!~"console-consumer-.*"} > on (cluster, namespace, kafka_cluster, topic) group_left () 600 * topic:kafka_topic_partition_current_offset:deriv10m{namespace="kafka",kafka_cluster="kafka"})
      and on (cluster, namespace, kafka_cluster, consumergroup, topic) consumergroup_topic:kafka_consumergroup_current_offset:changes10m{namespace="kafka",kafka_cluster="kafka",consumergroup!~"console-consumer-.*"} > 2)
    or consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",consumergroup!~"console-consumer-.*",consumergroup="reports"} > 50000
    or consumergroup_topic:kafka_consumergroup_lag:sum{namespace="kafka",kafka_cluster="kafka",consumergroup!~"console-consumer-.*",topic="call.events",consumergroup!="reports"} > 5000
    "#);
    assert_snapshot!(
        alert["annotations"]["threshold"].as_str().unwrap(),
        @"One minute of the topic's declared load; on other topics, what was produced within 10m; at least 1000 records; 50000 for group reports; 5000 on topic call.events."
    );
}

#[test]
fn promtool_tests_use_a_group_and_a_topic_without_own_thresholds() {
    let mut stack = Stack::new("s", "kafka");
    let kafka = KafkaCluster::external("events", Version::V4_3, "events.voicecore.internal:9092");
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .brokers(3)
            .lag_threshold_of_group("a-group", 50_000)
            .lag_threshold_of_topic("a-topic", 5)
            .lag_threshold_of_topic("a-topic-1", 5),
    );
    let manifests = manifests(&stack);
    let tests = manifests.get("tests/alerts.yaml").unwrap();
    let of = |alert: &str| {
        let start = tests.find(&format!("{alert} fires and resolves")).unwrap();
        let end = tests[start..].find("\n- ").map_or(tests.len(), |end| start + end);
        tests[start..end].to_owned()
    };
    for alert in ["KafkaConsumerLagHigh", "KafkaConsumerLagGrowing"] {
        let test = of(alert);
        assert!(
            test.contains("consumergroup=\"a-group-1\",topic=\"a-topic-2\""),
            "{test}"
        );
    }
}

#[test]
fn built_in_alerts_are_sound_at_the_least_and_the_most_that_is_accepted() {
    let least = |monitoring: Monitoring| {
        monitoring
            .lag_threshold(1)
            .lag_time_threshold(1.seconds())
            .produce_latency_threshold(1.milliseconds())
            .disk_usage_threshold(1)
            .disk_full_within(1.hours())
            .idle_threshold(1)
    };
    let most = |monitoring: Monitoring| {
        monitoring
            .lag_threshold((1 << 53) - 1)
            .lag_threshold_of_group("quotes \"are\" | fine \\", 1)
            .lag_threshold_of_topic("a.topic", 1)
            .lag_time_threshold(1_000_000.hours())
            .produce_latency_threshold(1_000_000.hours())
            .disk_usage_threshold(99)
            .disk_full_within(1_000_000.hours())
            .idle_threshold(99)
    };
    let mut cases: Vec<(Stack, Monitoring)> = monitored().into_iter().chain([external()]).collect();
    let (stack, monitoring) = external();
    cases.push((stack, monitoring.brokers(1)));
    let mut stack = Stack::new("one", "kafka").profile(Profile::Development);
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    );
    cases.push((stack, Monitoring::new("monitoring", &kafka)));
    for (stack, monitoring) in cases {
        for monitoring in [monitoring.clone(), least(monitoring.clone()), most(monitoring)] {
            assert_eq!(monitoring.thresholds.unreachable(), []);
            let sources = monitoring.sources(stack.context());
            for alert in monitoring.ready_alerts(&sources) {
                let analysis = analyze(&alert.rule.expr, &sources);
                assert!(analysis.diagnostics.is_empty(), "{}: {analysis:?}", alert.rule.alert);
                assert!(analysis.conditional, "{}", alert.rule.alert);
                let errors = template::errors(alert.rule.annotation("description"), analysis.labels.as_ref());
                assert_eq!(errors, [""; 0], "{}", alert.rule.alert);
            }
        }
    }
}
