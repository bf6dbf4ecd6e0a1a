//! Alerts of a stack's own.

use super::*;

#[test]
fn label_values_in_tests_are_escaped() {
    let (_, monitoring) = external();
    let sources = monitoring.external(ExternalExporter::new("shop").gauge("shop_waiting", ["region"]));
    let (stack, _) = external();
    let sources = sources.sources(stack.context());
    assert_eq!(
        sources.sample("shop_waiting", &[("region", "e\"u\\")]),
        r#"shop_waiting{job="shop",region="e\"u\\"}"#
    );
}

#[test]
fn an_own_alert_is_written_after_the_built_in_ones() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(
                Alert::new(
                    "ShopSellsNothing",
                    "sum by (region) (rate(shop_orders_total{job=\"shop\"}[5m])) == 0",
                )
                .severity(AlertSeverity::Critical)
                .summary("Nothing is sold.")
                .description("Nothing was sold in {{ $labels.region }} for five minutes.")
                .runbook_url("https://shop.example.com/nothing"),
            ),
    );
    let manifests = manifests(&stack);
    let text = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    let own = text.find("    - alert: ShopSellsNothing").unwrap();
    assert_snapshot!(&text[own..], @r#"
    - alert: ShopSellsNothing
      annotations:
        description: Nothing was sold in {{ $labels.region }} for five minutes.
        runbook_url: https://shop.example.com/nothing
        summary: Nothing is sold.
      expr: sum by (region) (rate(shop_orders_total{job="shop"}[5m])) == 0
      for: 5m
      labels:
        kafka_cluster: kafka
        severity: critical
    "#);
}

/// An alert with everything that one of a stack's own can have.
fn whole() -> Alert {
    let orders = Samples::Counter {
        from: 0.0,
        healthy: 60.0,
        tolerated: 6.0,
        firing: 0.0,
    };
    Alert::new(
        "ShopSellsNothing",
        "sum by (region) (rate(shop_orders_total{job=\"shop\"}[5m])) == 0",
    )
    .for_duration(90.seconds())
    .summary("Nothing is sold.")
    .description("Nothing was sold in {{ $labels.region }}.")
    .runbook(
        Runbook::new("The shop is closed, or no one hears of orders.")
            .cause("Kafka: see KafkaBrokerDown of {cluster}.")
            .step(
                "What is ordered?",
                "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic orders",
            )
            .fix("Open the shop.")
            .avoid("Do not order yourself."),
    )
    .test(
        AlertTest::new("Nothing was sold in eu.")
            .series("shop_orders_total", &[("region", "eu")], orders)
            .label("region", "eu")
            .late(4.minutes(), 1.minutes()),
    )
}

#[test]
fn an_own_alert_can_have_a_runbook_and_a_test() {
    let (mut stack, kafka) = dedicated();
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .runbooks("https://runbooks.voicecore.internal")
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(whole()),
    );
    assert_eq!(findings(&stack), [""; 0]);
    let manifests = manifests(&stack);
    let rules = manifests.get("monitoring/prometheusrule-kafka.yaml").unwrap();
    assert!(rules.contains("runbook_url: https://runbooks.voicecore.internal/ShopSellsNothing.md"));
    let tests = manifests.get("tests/alerts.yaml").unwrap();
    let own = tests.find("ShopSellsNothing").unwrap();
    let start = tests[..own].rfind("\n- ").unwrap();
    assert_snapshot!(&tests[start..], @r#"
    - name: ShopSellsNothing fires and resolves
      alert_rule_test:
      - alertname: ShopSellsNothing
        eval_time: 10m
        exp_alerts: []
      - alertname: ShopSellsNothing
        eval_time: 16m
        exp_alerts: []
      - alertname: ShopSellsNothing
        eval_time: 17m
        exp_alerts:
        - exp_annotations:
            description: Nothing was sold in eu.
            runbook_url: https://runbooks.voicecore.internal/ShopSellsNothing.md
            summary: Nothing is sold.
          exp_labels:
            kafka_cluster: kafka
            region: eu
            severity: warning
      - alertname: ShopSellsNothing
        eval_time: 28m
        exp_alerts: []
      input_series:
      - series: shop_orders_total{job="shop",region="eu"}
        values: 0+60x10 600+0x15 660+60x5
      interval: 1m
    - name: ShopSellsNothing does not fire at tolerated values
      alert_rule_test:
      - alertname: ShopSellsNothing
        eval_time: 17m
        exp_alerts: []
      - alertname: ShopSellsNothing
        eval_time: 26m
        exp_alerts: []
      input_series:
      - series: shop_orders_total{job="shop",region="eu"}
        values: 0+60x10 606+6x15
      interval: 1m
    "#);
    assert_snapshot!(manifests.get("runbooks/ShopSellsNothing.md").unwrap(), @r#"
    # ShopSellsNothing

    Nothing is sold.

    **warning**, fires after 90s · cluster `kafka` in namespace `kafka`

    ## Meaning

    The shop is closed, or no one hears of orders.

    ## Likely causes

    1. Kafka: see KafkaBrokerDown of kafka.

    ## Diagnosis

    If `kafka-0` is down, use another broker, such as `kafka-1`.

    What is ordered?

    ```sh
    kubectl -n kafka exec kafka-0 -c kafka -- kafka-get-offsets --bootstrap-server kafka.kafka.svc.cluster.local:9092 --topic orders
    ```

    ## How to fix it

    Open the shop.

    ## Do not

    - Do not order yourself.

    ## Rule

    ```
    sum by (region) (rate(shop_orders_total{job="shop"}[5m])) == 0
    ```

    Dashboard: `/d/s_kafka_kafka` in Grafana, with links to the others.
    "#);
}

#[test]
fn numbers_that_promtool_cannot_process_are_refused_in_tests() {
    let mut stack = Stack::new("s", "kafka");
    let kafka = KafkaCluster::external("events", Version::V4_3, "events.voicecore.internal:9092");
    let orders =
        |samples| AlertTest::new("Nothing was sold in eu.").series("shop_orders_total", &[("region", "eu")], samples);
    let alert = |name, samples| {
        Alert::new(name, "sum by (region) (rate(shop_orders_total{job=\"shop\"}[5m])) == 0")
            .summary("Nothing is sold.")
            .description("Nothing was sold in {{ $labels.region }}.")
            .test(orders(samples))
    };
    let growth = |firing| Samples::Counter {
        from: 0.0,
        healthy: 1.0,
        tolerated: 0.5,
        firing,
    };
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .brokers(3)
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(alert("ShopOne", Samples::Constant(f64::NAN)))
            .alert(alert("ShopTwo", growth(f64::NEG_INFINITY)))
            .alert(alert("ShopThree", growth(1e300)))
            .alert(alert("ShopFour", growth(0.0)))
            // Nanoseconds since 1970 exceed 2 to the power of 53, but promtool adds nothing to a constant.
            .alert(alert("ShopFive", Samples::Constant(1.7e18))),
    );
    let told = findings(&stack);
    for (alert, number) in [("ShopOne", "NaN"), ("ShopTwo", "-inf"), ("ShopThree", "1e300")] {
        let said = told.iter().filter(|finding| finding.contains(&format!("/{alert}:")));
        let said: Vec<&String> = said.collect();
        assert!(
            said.len() == 1 && said[0].contains(&format!("the number {number} for ")),
            "{alert}: {told:?}"
        );
    }
    assert_eq!(told.len(), 3);
}

#[test]
fn an_own_alert_without_a_test_gets_the_call_as_hint() {
    let (mut stack, kafka) = dedicated();
    let lag = "sum by (consumergroup) (kafka_consumergroup_lag{kafka_cluster=\"kafka\"}) > 10 and on () shop_open > 0";
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .external(ExternalExporter::new("shop").gauge::<&str>("shop_open", []))
            .alert(
                Alert::new("ShopIsBehind", lag)
                    .summary("Orders wait.")
                    .description("{{ $value }} wait."),
            ),
    );
    let synthesis = synth(&stack);
    let note = synthesis.findings.iter().next().unwrap();
    assert_eq!((note.severity, note.rule.id), (Severity::Note, "KS-O13"));
    assert_snapshot!(note.hint, @r#"add `.test(AlertTest::new("…").series("kafka_consumergroup_lag", &[("consumergroup", "…"), ("topic", "…"), ("partition", "…")], Samples::Gauge { healthy: …, tolerated: …, firing: … }).series("shop_open", &[], Samples::Gauge { healthy: …, tolerated: …, firing: … }).label("consumergroup", "…"))`"#);
}
