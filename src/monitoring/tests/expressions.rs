//! Expressions of alerts, panels and recording rules.

use super::*;

#[test]
fn alerts_and_panels_use_only_exported_metrics_and_existing_labels() {
    for (stack, monitoring) in monitored().into_iter().chain([external()]) {
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        // What the agents will export, from the very files that they read.
        let mut exported: BTreeSet<String> = of_kind(&objects, "ConfigMap")
            .filter_map(|config| config["data"]["metrics.yaml"].as_str())
            .flat_map(|text| {
                let rules: Value = serde_yaml::from_str(text).unwrap();
                list(&rules["rules"]).to_vec()
            })
            .map(|rule| rule["name"].as_str().unwrap().to_owned())
            .collect();
        let others = [exporter::ALL, kubelet::ALL, objects::ALL, certificate::ALL, target::ALL];
        exported.insert("ALERTS".to_owned());
        let rules = of_kind(&objects, "PrometheusRule").flat_map(|rule| list(&rule["spec"]["groups"][0]["rules"]));
        exported.extend(rules.filter_map(|rule| Some(rule["record"].as_str()?.to_owned())));
        exported.extend(others.into_iter().flatten().map(|metric| metric.name.to_owned()));

        let alerts = alerts(&objects);
        let dashboards = dashboards(&objects);
        let queries = dashboards
            .iter()
            .flat_map(|(_, dashboard)| panels(dashboard))
            .flat_map(|panel| list(&panel["targets"]));
        let expressions: Vec<&str> = alerts
            .iter()
            .chain(queries)
            .map(|query| query["expr"].as_str().unwrap())
            .collect();
        let least = if stack.name() == "external" { 25 } else { 80 };
        assert!(expressions.len() > least, "{}", expressions.len());
        for expression in expressions {
            let analysis = analyze(&expression.replace("$__rate_interval", "2m"), &sources);
            assert!(!analysis.metrics.is_empty(), "{expression}");
            for metric in &analysis.metrics {
                assert!(exported.contains(metric), "nothing exports {metric}");
            }
            let diagnostics = &analysis.diagnostics;
            assert!(diagnostics.is_empty(), "{expression}: {diagnostics:?}");
        }
    }
}

/// The expressions of dashboards and of their variables.
fn shown(objects: &[Value]) -> Vec<String> {
    let mut expressions = Vec::new();
    for (_, dashboard) in dashboards(objects) {
        let targets = panels(&dashboard).into_iter().flat_map(|panel| list(&panel["targets"]));
        expressions.extend(targets.map(|target| target["expr"].as_str().unwrap().to_owned()));
        for variable in list(&dashboard["templating"]["list"]) {
            let Some(query) = variable["query"]["query"].as_str() else {
                continue;
            };
            let result = query
                .strip_prefix("query_result(")
                .and_then(|rest| rest.strip_suffix(')'));
            let values = query
                .strip_prefix("label_values(")
                .and_then(|rest| Some(rest.rsplit_once(", ")?.0));
            expressions.push(result.or(values).unwrap().to_owned());
        }
    }
    expressions
}

#[test]
fn the_dashboards_for_all_clusters_ask_only_for_what_clusters_export_and_keep() {
    let sources = super::super::Dashboards::sources();
    let asked: BTreeSet<String> = shown(&objects(&all_clusters()))
        .iter()
        .flat_map(|expression| {
            let expression = expression.replace("$__rate_interval", "2m").replace("$__range", "1h");
            let analysis = analyze(&expression, &sources);
            assert!(!analysis.metrics.is_empty(), "{expression}");
            assert!(
                analysis.diagnostics.is_empty(),
                "{expression}: {:?}",
                analysis.diagnostics
            );
            analysis.metrics
        })
        .collect();
    assert!(asked.len() > 70, "{}", asked.len());
    let mut somewhere = BTreeSet::from(["ALERTS".to_owned()]);
    for (stack, monitoring) in monitored().into_iter().chain([probed()]) {
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        let rules = of_kind(&objects, "PrometheusRule").flat_map(|rule| list(&rule["spec"]["groups"][0]["rules"]));
        let own: BTreeSet<String> = rules
            .map(|rule| rule["expr"].as_str().unwrap().to_owned())
            .chain(shown(&objects))
            .flat_map(|expression| {
                let expression = expression.replace("$__rate_interval", "2m").replace("$__range", "1h");
                analyze(&expression, &sources).metrics
            })
            .collect();
        for metric in &asked {
            if sources.find(metric).is_none() {
                continue;
            }
            somewhere.insert(metric.clone());
            // What no expression of a stack asks for may be dropped at the scrape. These have another that is asked for there, or are
            // on the dashboard of the quorum alone.
            let other = [
                broker::HANDLER_IDLE,
                broker::BROKER_HANDLER_IDLE,
                broker::NETWORK_IDLE,
                broker::IO_WAIT,
                controller::FENCED_BROKERS,
            ];
            let has_other = other.iter().any(|one| one.name == metric);
            assert!(own.contains(metric) || has_other, "{}: {metric}", stack.name());
        }
    }
    assert_eq!(asked, somewhere, "no cluster exports these");
}

/// The recording rules of a stack, in order, and how many alerts stand before the last of them.
fn records(objects: &[Value]) -> (Vec<Value>, usize) {
    let rules = list(&of_kind(objects, "PrometheusRule").next().unwrap()["spec"]["groups"][0]["rules"]);
    let is_record = |rule: &Value| rule.get("record").is_some();
    let last = rules.iter().rposition(is_record).unwrap();
    let records: Vec<Value> = rules.iter().filter(|rule| is_record(rule)).cloned().collect();
    let before = last + 1 - records.len();
    (records, before)
}

#[test]
fn recording_rules_match_their_metrics_and_come_before_alerts() {
    for (stack, monitoring) in monitored().into_iter().chain([external()]) {
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        let (records, alerts_before) = records(&objects);
        assert_eq!(alerts_before, 0);
        let volumes = monitoring.kafka.mode() != crate::kafka::Mode::External;
        // Two of each service level, and six of all.
        assert_eq!(records.len(), if volumes { 6 + 3 * 2 + 6 } else { 4 });
        for rule in &records {
            let name = rule["record"].as_str().unwrap();
            let metric = record::ALL.iter().find(|metric| metric.name == name).unwrap();
            let analysis = analyze(rule["expr"].as_str().unwrap(), &sources);
            assert!(analysis.diagnostics.is_empty(), "{name}: {:?}", analysis.diagnostics);
            let mut labels = analysis.labels.unwrap();
            labels.extend(
                rule["labels"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(label, _)| label.clone()),
            );
            let said: BTreeSet<String> = ["cluster", "namespace", "kafka_cluster"]
                .into_iter()
                .chain(metric.labels())
                .map(str::to_owned)
                .collect();
            assert_eq!(labels, said, "{name}");
            // An alert uses it, and something else does too: a panel or another alert. What is recorded of service levels is there
            // because it is expensive.
            let asks = |text: &Value| text.as_str().unwrap().contains(name);
            let asking = alerts(&objects).iter().filter(|alert| asks(&alert["expr"])).count();
            let of_level = metric.labels() == ["slo"];
            assert!(asking > 0 || of_level, "{name}");
            let asked_by_rules = records.iter().any(|rule| rule["record"] != name && asks(&rule["expr"]));
            let boards = dashboards(&objects);
            let mut targets = boards
                .iter()
                .flat_map(|(_, board)| panels(board))
                .flat_map(|panel| list(&panel["targets"]));
            let shown = targets.any(|target| asks(&target["expr"]));
            assert!(
                asking > 1 || shown || of_level && asking + usize::from(asked_by_rules) > 0,
                "{name}"
            );
        }
    }
}

#[test]
fn an_alert_can_use_a_recorded_metric() {
    let lag = record::GROUP_LAG.name;
    let said = |expression: String| {
        let mut stack = Stack::new("s", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3)),
        );
        let alert = Alert::new("ReportsAreLate", expression)
            .summary("Reports are late.")
            .description("They are {{ $value }} records behind on {{ $labels.topic }}.");
        stack.add(Monitoring::new("monitoring", &kafka).alert(alert));
        findings(&stack)
    };
    assert_eq!(
        said(format!(
            "max by (topic) ({lag}{{kafka_cluster=\"kafka\",consumergroup=\"reports\"}}) > 5000"
        )),
        ["note[KS-O13] s/monitoring/ReportsAreLate: the alert has no test"]
    );
    assert_eq!(
        said(format!(
            "max by (topic) ({lag}{{kafka_cluster=\"kafka\",partition=\"0\"}}) < 0"
        )),
        [
            "error[KS-O05] s/monitoring/ReportsAreLate: `consumergroup_topic:kafka_consumergroup_lag:sum` has no label `partition`",
            "error[KS-O07] s/monitoring/ReportsAreLate: `max by (topic) (consumergroup_topic:kafka_consumergroup_lag:sum{kafka_cluster=\"kafka\",partition=\"0\"}) < 0` is never true",
        ]
    );
}

#[test]
fn a_matcher_may_name_only_volumes_of_the_cluster() {
    let (stack, monitoring) = {
        let mut stack = Stack::new("s", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 12)),
        );
        (stack, Monitoring::new("monitoring", &kafka))
    };
    let sources = monitoring.sources(stack.context());
    let diagnostics = |claim: &str| {
        let selector = format!("{{namespace=\"kafka\",persistentvolumeclaim=\"{claim}\"}}");
        analyze(
            &format!("kubelet_volume_stats_available_bytes{selector} < 1e9"),
            &sources,
        )
        .diagnostics
        .len()
    };
    let found: Vec<usize> = ["data-kafka-0", "data-kafka-11", "data-kafka-controller-100"]
        .map(diagnostics)
        .into();
    assert_eq!(found, [0, 0, 0]);
    assert_eq!(["data-kafka-12", "data-kafka-controller-0"].map(diagnostics), [1, 1]);
}

#[test]
fn experimental_promql_is_refused() {
    let (stack, monitoring) = external();
    let exporter = ExternalExporter::new("shop").gauge("shop_waiting", ["region"]);
    let monitoring = monitoring.external(exporter);
    let sources = monitoring.sources(stack.context());
    let deep = format!("{}shop_waiting > 1{}", "(".repeat(20_000), ")".repeat(20_000));
    let signs = format!("{}shop_waiting > 1", "-".repeat(20_000));
    for expression in [
        r#"shop_waiting{region="a" or region="b"} > 1"#,
        "limitk(1, shop_waiting) > 1",
        r#"sort_by_label(shop_waiting, "region") > 1"#,
        "info(shop_waiting) > 1",
        "double_exponential_smoothing(shop_waiting[5m], 0.5, 0.5) > 1",
        "shop_waiting + fill(0) shop_waiting > 1",
        deep.as_str(),
        signs.as_str(),
    ] {
        let rules: Vec<&str> = analyze(expression, &sources)
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.rule.id)
            .collect();
        assert_eq!(rules, ["KS-O03"], "{expression:.80}");
    }
    let rules: Vec<&str> = analyze("shop_waiting > NaN", &sources)
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.rule.id)
        .collect();
    assert_eq!(rules, ["KS-O07"]);
    assert!(analyze("topk(1, shop_waiting) > 1", &sources).diagnostics.is_empty());
}

/// All expressions of a stack: of alerts, recording rules, panels and variables.
pub(super) fn expressions(objects: &[Value]) -> Vec<String> {
    let rules = of_kind(objects, "PrometheusRule").flat_map(|rule| list(&rule["spec"]["groups"][0]["rules"]));
    let boards = dashboards(objects);
    let targets = boards
        .iter()
        .flat_map(|(_, board)| panels(board))
        .flat_map(|panel| list(&panel["targets"]));
    rules
        .chain(targets)
        .map(|query| query["expr"].as_str().unwrap().to_owned())
        .collect()
}

/// What is used in one kind of stack and exported in another too, such as the idle time of all threads on nodes that are combined, is
/// dropped at the scrape: see `scraping`.
#[test]
fn each_metric_of_an_agent_is_used_or_not_exported() {
    let (mut used, mut exported) = (BTreeSet::new(), BTreeSet::new());
    for (stack, _) in monitored() {
        let objects = objects(&stack);
        for expression in expressions(&objects) {
            let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c));
            used.extend(words.map(str::to_owned));
        }
        let files = of_kind(&objects, "ConfigMap").filter_map(|config| config["data"]["metrics.yaml"].as_str());
        for text in files {
            let rules: Value = serde_yaml::from_str(text).unwrap();
            let names = list(&rules["rules"]).iter().map(|rule| rule["name"].as_str().unwrap());
            exported.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    assert!(exported.len() > 80, "{}", exported.len());
    let unused: Vec<&String> = exported.difference(&used).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn lag_can_be_watched_without_series_of_partitions() {
    let external = KafkaCluster::external("events", Version::V4_2, "kafka-1.example.com:9092");
    let (own_stack, own) = dedicated();
    for (mut stack, kafka) in [(own_stack, own), (Stack::new("external", "shop"), external)] {
        let is_external = kafka.mode() == crate::kafka::Mode::External;
        let monitoring = Monitoring::new("monitoring", &kafka).brokers(3).lag_by_topic();
        stack.add(monitoring.clone());
        let sources = monitoring.sources(stack.context());
        let objects = objects(&stack);
        for expression in expressions(&objects) {
            let analysis = analyze(&expression.replace("$__rate_interval", "2m"), &sources);
            assert!(
                analysis.diagnostics.is_empty(),
                "{expression}: {:?}",
                analysis.diagnostics
            );
            let of_group = |metric: &str| metric.starts_with("kafka_consumergroup_") && !metric.ends_with("_sum");
            let others = analysis.metrics.iter().filter(|metric| of_group(metric));
            assert!(
                others.clone().all(|metric| metric == "kafka_consumergroup_members"),
                "{expression}"
            );
            let of_partition = analysis
                .metrics
                .iter()
                .any(|metric| metric.starts_with("kafka_topic_partition_"));
            assert!(is_external || !of_partition, "{expression}");
        }
        let alerts = alerts(&objects);
        let has = |name: &str| alerts.iter().any(|alert| alert["alert"] == name);
        for name in [
            "LagHigh",
            "LagGrowing",
            "LagTime",
            "GroupWithoutMembers",
            "GroupStopped",
            "LagMissing",
        ] {
            assert!(has(&format!("KafkaConsumer{name}")), "{name}");
        }
        assert!(!has("KafkaConsumerPartitionStuck"));
    }
}

#[test]
fn the_size_of_the_cluster_decides_how_finely_lag_is_watched() {
    let found = |partitions: u32, change: fn(Monitoring) -> Monitoring| {
        let (mut stack, kafka) = dedicated();
        stack.add(change(
            Monitoring::new("monitoring", &kafka).cluster_size(partitions, 500),
        ));
        let objects = objects(&stack);
        let finds_stuck = alerts(&objects)
            .iter()
            .any(|alert| alert["alert"] == "KafkaConsumerPartitionStuck");
        (finds_stuck, findings(&stack))
    };
    let as_it_is = |monitoring| monitoring;
    assert_eq!(found(16_600, as_it_is), (true, Vec::new()));
    assert_eq!(
        found(16_700, as_it_is),
        (
            false,
            vec![
                "warning[KS-O19] s/monitoring/lag: lag is watched by topic: for 16850 partitions and 33400 pairs of a partition and a \
                 group the rules would take about 3 s each time"
                    .to_owned()
            ]
        )
    );
    assert_eq!(found(100_000, Monitoring::lag_by_topic), (false, Vec::new()));
    assert_eq!(found(100_000, Monitoring::lag_by_partition), (true, Vec::new()));
    assert_eq!(found(100, Monitoring::lag_by_topic), (false, Vec::new()));
    // A service level that compares the offsets of partitions needs them.
    let (finds_stuck, findings) = found(100_000, |monitoring| {
        monitoring.slo(Slo::freshness("billing", 99.percent(), 5.minutes()))
    });
    assert!(finds_stuck);
    assert_eq!(
        findings,
        [
            "warning[KS-O19] s/monitoring/lag: lag is watched by partition: for 100150 partitions and 200000 pairs of a partition and a \
             group the rules take about 13 s each time"
        ]
    );
}
