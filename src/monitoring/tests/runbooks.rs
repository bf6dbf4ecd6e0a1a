//! Runbooks.

use super::*;
use crate::promql::Pattern;

#[test]
fn each_built_in_alert_has_a_runbook_and_two_promtool_tests() {
    for stack in stacks().into_iter().chain([external().0]) {
        let manifests = manifests(&stack);
        let tests: Value = serde_yaml::from_str(manifests.get("tests/alerts.yaml").unwrap()).unwrap();
        let rules: Value = serde_yaml::from_str(manifests.get("tests/rules.yaml").unwrap()).unwrap();
        let objects = objects(&stack);
        let applied = of_kind(&objects, "PrometheusRule").next().unwrap();
        assert_eq!(rules, applied["spec"]);
        for alert in alerts(&objects) {
            let name = alert["alert"].as_str().unwrap();
            let page = manifests.get(&format!("runbooks/{name}.md")).unwrap();
            for part in [
                "Meaning",
                "Likely causes",
                "Diagnosis",
                "How to fix it",
                "Do not",
                "Rule",
            ] {
                assert!(page.contains(&format!("\n## {part}\n")), "{name} has no {part}");
            }
            // Every placeholder has a value: nothing is left of one, and nothing is missing in its place.
            for left in [
                "{ns}",
                "{run}",
                "{bootstrap}",
                "{connect}",
                "{registry}",
                "{ensemble}",
                "{topics}",
            ] {
                assert!(!page.contains(left), "{name}: {left}");
            }
            for missing in ["instance= ", "service/ ", "deployment/`", "exec  -c"] {
                assert!(!page.contains(missing), "{name}: {missing}");
            }
            let of_alert = list(&tests["tests"])
                .iter()
                .filter(|test| test["alert_rule_test"][0]["alertname"] == name);
            assert_eq!(of_alert.count(), 2, "{name}");
        }
        let index: Value = serde_yaml::from_str(manifests.get("kustomization.yaml").unwrap()).unwrap();
        let applied = list(&index["resources"]);
        assert!(applied.iter().all(|path| !path.as_str().unwrap().starts_with("tests/")));
    }
}

#[test]
fn runbooks_of_an_external_cluster_run_nothing_in_its_pods() {
    let manifests = manifests(&external().0);
    let pages: Vec<&str> = manifests
        .iter()
        .filter(|(path, _)| path.starts_with("runbooks/"))
        .flat_map(|(_, text)| text.lines())
        .filter(|line| line.contains("-c kafka") || line.contains("app.kubernetes.io/name=kafka,"))
        .collect();
    assert_eq!(pages, [""; 0]);
    assert_snapshot!(manifests.get("runbooks/KafkaOfflinePartitions.md").unwrap(), @r#"
    # KafkaOfflinePartitions

    Kafka partitions are offline: they have no leader, so clients cannot write or read.

    **critical**, fires after 1m · cluster `events` in namespace `shop`

    ## Meaning

    All brokers with an in-sync replica of these partitions are down. Clients of the partitions get errors or wait. No acknowledged record is lost as long as the brokers' disks exist.

    Limit: No offline partitions. A leader election takes seconds.

    ## Likely causes

    1. Several brokers are down at once.
    2. A topic with replication factor 1 was on the broker that is down.

    ## Diagnosis

    Which partitions are offline, and on which brokers are their replicas?

    ```sh
    kafka-topics --bootstrap-server kafka-1.example.com:9092,kafka-2.example.com:9092 --describe --unavailable-partitions
    ```

    ## How to fix it

    The brokers that are listed under `Isr` must start again: tell the operators of the cluster. The alert resolves when the command lists nothing.

    ## Do not

    - Do not run an unclean leader election (`kafka-leader-election --election-type unclean`) without the agreement of the data owners: acknowledged records are permanently lost.
    - Do not delete and recreate the topic: all its data is lost.

    ## Rule

    ```
    sum by (cluster, namespace, kafka_cluster) (max by (cluster, namespace, kafka_cluster, topic) (kafka_topic_partitions{namespace="shop",kafka_cluster="events",job="events-exporter"}))
    - (count by (cluster, namespace, kafka_cluster) (max by (cluster, namespace, kafka_cluster, topic, partition) (kafka_topic_partition_leader{namespace="shop",kafka_cluster="events",job="events-exporter"})) or 0 * sum by (cluster, namespace, kafka_cluster) (max by (cluster, namespace, kafka_cluster, topic) (kafka_topic_partitions{namespace="shop",kafka_cluster="events",job="events-exporter"}))) > 0
    ```

    | Metric | Source | Meaning |
    |---|---|---|
    | `kafka_topic_partition_leader` | kafka_exporter | Node id of the partition's leader; no sample while there is no leader. |
    | `kafka_topic_partitions` | kafka_exporter | Partitions of the topic. |

    Dashboard: `/d/external_shop_events` in Grafana, with links to the others.
    "#);
}

#[test]
fn runbooks_use_the_tool_names_of_the_image() {
    let mut stack = Stack::new("s", "kafka");
    let images = ImageSet::apache(Version::V4_3)
        .kafka_image("registry.example.org/kafka:4.3.1")
        .agent("/opt/agent.jar");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .images(images)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    stack.add(Monitoring::new("monitoring", &kafka));
    let manifests = manifests(&stack);
    let page = manifests.get("runbooks/KafkaOfflinePartitions.md").unwrap();
    assert!(page.contains("exec kafka-0 -c kafka -- /opt/kafka/bin/kafka-topics.sh --bootstrap-server"));
    let pages = manifests.iter().filter(|(path, _)| path.starts_with("runbooks/"));
    let bare: Vec<&str> = pages
        .filter(|(_, text)| text.contains("-- kafka-"))
        .map(|(path, _)| path)
        .collect();
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn a_runbook_names_another_broker_and_leaves_the_job_open_for_several_worker_groups() {
    let (mut stack, kafka) = dedicated();
    let a = stack.add(Connect::new("connect-a", &kafka).group("a").internal_topics("a"));
    let b = stack.add(Connect::new("connect-b", &kafka).group("b").internal_topics("b"));
    stack.add(Monitoring::new("monitoring", &kafka).watch(&a).watch(&b));
    let manifests = manifests(&stack);
    let down = manifests.get("runbooks/KafkaBrokerDown.md").unwrap();
    assert!(down.contains("If `kafka-0` is down, use another broker, such as `kafka-1`."));
    assert!(down.contains("with 1 broker down writes continue"));
    let failed = manifests.get("runbooks/KafkaConnectConnectorFailed.md").unwrap();
    assert!(failed.contains("`JOB` is the label `job` of the alert."));
    assert!(failed.contains("service/JOB 8083") && !failed.contains("service/connect-a"));
}

#[test]
fn templates_of_a_runbook_url_are_checked() {
    let (mut stack, monitoring) = external();
    let alert = Alert::new("LagOfAll", "sum(kafka_consumergroup_lag{kafka_cluster=\"events\"}) > 5")
        .summary("Lag.")
        .description("Lag.")
        .runbook_url("https://example.com/{{ $labels.topic }}");
    stack.add(monitoring.docs("more").alert(alert));
    assert!(
        findings(&stack)
            .iter()
            .any(|finding| finding.contains("the alert has no label `topic`")),
        "{:?}",
        findings(&stack)
    );
}

#[test]
fn runbook_urls_that_cannot_be_opened_are_reported() {
    let reserved = Some("uses a reserved example domain");
    for (base, expected) in [
        ("https://git.voicecore.internal/kafka/blob/main/out/prod/runbooks", None),
        ("http://10.0.0.7:8080/runbooks", None),
        ("https://counterexample.com/runbooks", None),
        ("https://git.example.com/kafka", reserved),
        ("https://EXAMPLE.org", reserved),
        ("http://user@localhost:3000/x", reserved),
        ("https://wiki.test.?page=", reserved),
        ("https:///kafka", Some("has no host")),
        ("git.voicecore.internal/kafka", Some("is not an http(s) URL")),
        (
            "https://git.voicecore.internal/two words",
            Some("is not an http(s) URL"),
        ),
        (
            "https://git.voicecore.internal/\"quoted\"",
            Some("is not an http(s) URL"),
        ),
        ("https://git.voicecore.internal/?page=#x", None),
        ("", Some("is not an http(s) URL")),
    ] {
        assert_eq!(
            crate::monitoring::alert::runbook::cannot_be_opened(base),
            expected,
            "{base}"
        );
    }
}

#[test]
fn runbooks_refer_only_to_alerts_of_the_stack() {
    let mut all = Vec::from(stacks());
    let mut small = Stack::new("small", "kafka").profile(Profile::Development);
    let kafka = small.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
    );
    let connect = small.add(Connect::new("connect", &kafka).replicas(1));
    small.add(Monitoring::new("monitoring", &kafka).watch(&connect));
    all.push(small);
    for stack in all {
        let manifests = manifests(&stack);
        let mut named = 0;
        for (path, text) in manifests.iter().filter(|(path, _)| path.starts_with("runbooks/")) {
            for name in text.split("see Kafka").skip(1) {
                let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
                let page = format!("runbooks/Kafka{}.md", &name[..end]);
                assert!(manifests.get(&page).is_some(), "{path} names {page}");
                named += 1;
            }
        }
        assert!(named > 5);
    }
}

/// Kafka 4.2 gave all tools one name for the file with the login.
#[test]
fn commands_of_a_closed_cluster_have_the_options_of_its_version() {
    for (version, consumer, election) in [
        (Version::V4_1, "--consumer.config", "--admin.config"),
        (Version::V4_3, "--command-config", "--command-config"),
    ] {
        let mut stack = Stack::new("s", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", version, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3))
                .internal_tls(Issuer::in_namespace("kafka-ca"))
                .listener(Listener::tls("CLIENT", 9092).scram())
                .authorization(),
        );
        stack.add(Monitoring::new("monitoring", &kafka));
        let manifests = manifests(&stack);
        let page = |alert: &str| manifests.get(&format!("runbooks/{alert}.md")).unwrap();
        let line = |page: &'static str, tool: &str| {
            let found = page_lines(manifests.get(&format!("runbooks/{page}.md")).unwrap(), tool);
            assert!(!found.is_empty(), "{page} {tool}");
            found
        };
        assert!(page("KafkaConsumerLagHigh").contains(" --command-config /etc/kafka-stacks/"));
        for command in line("KafkaConsumerPartitionStuck", "kafka-console-consumer") {
            assert!(
                command.contains(&format!(" {consumer} /etc/kafka-stacks/")),
                "{command}"
            );
        }
        for command in line("KafkaLeadersNotPreferred", "kafka-leader-election --bootstrap") {
            assert!(
                command.contains(&format!(" {election} /etc/kafka-stacks/")),
                "{command}"
            );
        }
    }
}

/// The lines of a page from a tool's name on.
fn page_lines<'p>(page: &'p str, tool: &str) -> Vec<&'p str> {
    let lines = page.lines().filter_map(|line| Some(&line[line.find(tool)?..]));
    lines.collect()
}

/// What a page looks for among the metrics of a pod is there.
#[test]
fn runbooks_look_for_metrics_that_agents_export() {
    let mut seen = 0;
    for (stack, monitoring) in monitored() {
        let sources = monitoring.sources(stack.context());
        let names = sources.names();
        let manifests = manifests(&stack);
        let pages = manifests.iter().filter(|(path, _)| path.starts_with("runbooks/"));
        for (path, page) in pages {
            let asks = page.lines().filter_map(|line| line.split_once("/metrics | grep "));
            // Without the comments it is all of them.
            for (_, asked) in asks.filter(|(_, asked)| !asked.starts_with("-v ")) {
                let asked = asked.trim_start_matches("-E ").trim_matches('\'');
                // Labels may follow the name.
                let name = asked.split(".*").next().unwrap_or_default();
                let pattern = Pattern::parse(&format!(".*{name}.*")).unwrap();
                assert!(names.iter().any(|known| pattern.is_match(known)), "{path}: {asked}");
                seen += 1;
            }
        }
    }
    assert!(seen > 12, "{seen}");
}
