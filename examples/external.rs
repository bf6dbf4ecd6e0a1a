//! A shop on a cluster that someone else runs, by SCRAM: its topics, an application, an alert of its own, and what can be monitored from outside.
//! `cargo run --example external -- synth` writes `out/external`.

use std::process::ExitCode;

use kafka_stacks::prelude::*;

fn external() -> Stack {
    let mut stack = Stack::new("external", "shop");
    let kafka = KafkaCluster::external_secured(
        "events",
        Version::V4_2,
        "kafka-1.example.com:9096,kafka-2.example.com:9096,kafka-3.example.com:9096",
        // Names and passwords are in Secrets that exist: `events-admin`, `events-exporter`, `shop-kafka`, `reports-kafka`.
        ExternalSecurity::scram(Trust::PublicAuthorities),
    );
    let orders = Topic::new("orders", 12, Cleanup::delete_after(7.days()));
    let topics = stack.add(Topics::new("kafka-topics", &kafka).topic(orders));
    stack.add(
        Application::new("shop", &kafka)
            .pods([("app", "shop")])
            .produces(&topics.topic("orders")),
    );
    let reports = stack.add(
        Application::new("reports", &kafka)
            .pods([("app", "reports")])
            .consumes(&topics.topic("orders"), Group::named("reports")),
    );
    stack.add(
        Monitoring::new("monitoring", &kafka)
            .brokers(3)
            .watch(&topics)
            .watch(&reports)
            .lag_threshold_of_group("reports", 50_000)
            .external(ExternalExporter::new("shop").counter("shop_orders_total", ["region"]))
            .alert(nothing_is_sold()),
    );
    stack
}

fn nothing_is_sold() -> Alert {
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
    .severity(AlertSeverity::Critical)
    .for_duration(10.minutes())
    .summary("Nothing is sold.")
    .description("Nothing was sold in {{ $labels.region }}.")
    .runbook(
        Runbook::new("Customers cannot order, or no one hears of their orders.")
            .cause("The shop is down.")
            .cause("Kafka accepts no records: see KafkaOfflinePartitions.")
            .step(
                "Are orders produced? Run it twice, one minute apart.",
                "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic orders",
            )
            .fix("Restart the shop. The alert resolves with the next order."),
    )
    .test(
        AlertTest::new("Nothing was sold in eu.")
            .series("shop_orders_total", &[("region", "eu")], orders)
            .label("region", "eu")
            // The rate is 0 once the last order is older than five minutes.
            .late(4.minutes(), 1.minutes()),
    )
}

fn main() -> ExitCode {
    kafka_stacks::cli::run([external])
}
