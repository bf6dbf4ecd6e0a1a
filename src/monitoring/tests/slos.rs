//! Service levels.

use super::*;

#[test]
fn service_levels_that_say_nothing_are_refused() {
    let (mut stack, kafka) = dedicated();
    let idle = stack.add(Application::new("idle", &kafka));
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .slo(Slo::produce_availability(93.9.percent()))
            .slo(Slo::produce_availability(99.9.percent()))
            .slo(Slo::consume_latency(f64::NAN.percent(), 1.seconds()))
            .slo(Slo::freshness("whole", 100.percent(), 5.minutes()))
            .slo(Slo::freshness("month", 99.9.percent(), 5.minutes()))
            .slo(Slo::freshness("now", 99.percent(), 59.seconds()))
            .slo(Slo::freshness("{{ query `up` }}", 99.percent(), 5.minutes()))
            .slo(Slo::freshness_of(&idle, 99.percent(), 5.minutes())),
    );
    assert_eq!(
        findings(&stack),
        [
            "error[KS-O16] s/monitoring/produce-availability: an objective of 93.9 % allows so much that the alert on 14.4 times that \
             cannot fire",
            "error[KS-O16] s/monitoring/produce-availability: the service level is declared twice",
            "error[KS-O16] s/monitoring/consume-latency: an objective of 0 % allows so much that the alert on 14.4 times that cannot fire",
            "error[KS-O16] s/monitoring/freshness-whole: an objective of 100 % has no error budget",
            "error[KS-O16] s/monitoring/freshness-month: an objective of 99.9 % of the time: one late minute would fire the alert",
            "error[KS-O16] s/monitoring/freshness-now: no group is seen to have committed what is only 59s old",
            "error[KS-O16] s/monitoring/freshness-{{ query `up` }}: texts of alerts cannot name the group",
            "error[KS-O16] s/monitoring/freshness-idle: the application has no consumer group",
        ]
    );
}

#[test]
fn a_service_level_without_its_metric_is_refused() {
    let (mut stack, monitoring) = external();
    let levels = Monitoring::new(
        "levels",
        &KafkaCluster::external("other", Version::V4_2, "kafka.voicecore.internal:9092"),
    )
    .brokers(3)
    .docs("other")
    .slo(Slo::produce_availability(99.9.percent()))
    // The exporter is part of the monitoring.
    .slo(Slo::freshness("orders", 99.percent(), 5.minutes()));
    drop(monitoring);
    stack.add(levels);
    assert_eq!(
        findings(&stack),
        ["error[KS-O16] external/levels/produce-availability: nothing exports what the service level measures"]
    );
}

#[test]
fn the_groups_of_an_application_are_late_together() {
    let (mut stack, kafka) = dedicated();
    let topics = stack.add(
        Topics::new("topics", &kafka)
            .topic(Topic::new("orders", 3, Cleanup::delete_after(7.days())))
            .topic(Topic::new("bills", 3, Cleanup::delete_after(7.days()))),
    );
    let shop = stack.add(
        Application::new("shop", &kafka)
            .consumes(&topics.topic("orders"), Group::named("shop-orders"))
            .consumes(&topics.topic("bills"), Group::named("shop-bills")),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .watch(&shop)
            .slo(Slo::freshness_of(&shop, 99.5.percent(), 10.minutes())),
    );
    let rules = objects(&stack);
    let records: Vec<&Value> = of_kind(&rules, "PrometheusRule")
        .flat_map(|rule| list(&rule["spec"]["groups"]))
        .flat_map(|group| list(&group["rules"]))
        .filter(|rule| rule["labels"]["slo"] == "freshness-shop")
        .collect();
    assert_eq!(records.len(), 2);
    assert_snapshot!(records[1]["expr"].as_str().unwrap());
}

#[test]
fn without_service_levels_there_is_nothing_of_them() {
    let (mut stack, kafka) = dedicated();
    stack.add(Monitoring::new("monitoring", &kafka));
    let manifests = manifests(&stack);
    assert!(
        manifests
            .iter()
            .all(|(path, text)| !path.contains("service-levels") && !text.contains("kafka_slo"))
    );
}
