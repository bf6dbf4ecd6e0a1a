//! Monitoring: thresholds, runbooks, alerts and their tests.

use kafka_stacks::prelude::*;

use super::{
    beside,
    case::{AN_EXPRESSION, Case, Sound, calls, not_a_call},
    dedicated, empty, with_cluster,
};

pub(super) fn broken() -> Vec<Case> {
    let mut broken = of_monitoring();
    broken.extend(of_size());
    broken.extend(of_alerts());
    broken
}

fn of_size() -> Vec<Case> {
    let monitoring = |change: fn(Monitoring) -> Monitoring| {
        beside(|kafka| change(Monitoring::new("monitoring", kafka).cluster_size(20_000, 100)))
    };
    vec![
        calls(
            "a cluster too large to watch each partition",
            monitoring(|monitoring| monitoring),
            &[".lag_by_topic()", ".lag_by_partition()"],
            monitoring(Monitoring::lag_by_topic),
        ),
        calls(
            "a service level of freshness in such a cluster",
            monitoring(|monitoring| monitoring.slo(Slo::freshness("billing", 99.percent(), 5.minutes()))),
            &[".lag_by_topic()", ".lag_by_partition()"],
            monitoring(|monitoring| {
                monitoring
                    .slo(Slo::freshness("billing", 99.percent(), 5.minutes()))
                    .lag_by_partition()
            }),
        ),
    ]
}

fn of_monitoring() -> Vec<Case> {
    let monitoring =
        |change: fn(Monitoring) -> Monitoring| beside(|kafka| change(Monitoring::new("monitoring", kafka)));
    let images =
        |images: ImageSet| with_cluster(dedicated().images(images), |kafka| Monitoring::new("monitoring", kafka));
    vec![
        calls(
            "images without the metrics agent",
            images(ImageSet::apache(Version::V4_3)),
            &[".images(ImageSet::confluent(…))"],
            images(ImageSet::confluent(Version::V4_3)),
        ),
        calls(
            "a threshold that a volume cannot exceed",
            monitoring(|monitoring| monitoring.disk_usage_threshold(100)),
            &[".disk_usage_threshold(80)"],
            monitoring(|monitoring| monitoring.disk_usage_threshold(80)),
        ),
        calls(
            "a filter that leaves out the group of a service level",
            monitoring(|monitoring| {
                monitoring
                    .slo(Slo::freshness("billing", 99.percent(), 5.minutes()))
                    .export_groups("billing-.*")
            }),
            &[".export_groups(…)"],
            monitoring(|monitoring| {
                monitoring
                    .slo(Slo::freshness("billing", 99.percent(), 5.minutes()))
                    .export_groups("billing.*")
            }),
        ),
        calls(
            "a filter that leaves out a topic with a limit of its own",
            monitoring(|monitoring| monitoring.lag_threshold_of_topic("orders", 5000).skip_topics("ord.*")),
            &[".export_topics(…)"],
            monitoring(|monitoring| monitoring.lag_threshold_of_topic("orders", 5000).skip_topics("test-.*")),
        ),
        calls(
            "a registry with an issuer that no alert asks for",
            closed_registry(false),
            &["`.watch(…)`"],
            closed_registry(true),
        ),
        not_a_call(
            "a filter that is not a regular expression",
            monitoring(|monitoring| monitoring.skip_topics("orders(")),
            AN_EXPRESSION,
        ),
        calls(
            "service levels with no error budget, and with one that nothing uses up",
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .slo(Slo::produce_availability(100.percent()))
                    .slo(Slo::consume_latency(90.percent(), 500.milliseconds()))
            }),
            &["`99.9.percent()`", "`99.percent()`"],
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .slo(Slo::produce_availability(99.9.percent()))
                    .slo(Slo::consume_latency(99.percent(), 500.milliseconds()))
            }),
        ),
        calls(
            "a label for all alerts that each of them has with another value",
            monitoring(|monitoring| monitoring.alert_label("pod", "kafka-0")),
            &["`.alert_label(…)`"],
            monitoring(|monitoring| monitoring.alert_label("team", "streams")),
        ),
        calls(
            "groups with alerts for a pattern that no one can match",
            monitoring(|monitoring| monitoring.group_owner("payments-(", Owner::new("payments"))),
            &["`.group_owner(\"payments-.*\", …)`"],
            monitoring(|monitoring| monitoring.group_owner("payments-.*", Owner::new("payments"))),
        ),
        calls(
            "groups that are all ignored",
            monitoring(|monitoring| monitoring.ignore_groups(".+")),
            &["`.ignore_groups(\"loadtest-.*\")`"],
            monitoring(|monitoring| monitoring.ignore_groups("loadtest-.*")),
        ),
        calls(
            "runbooks below a reserved domain",
            monitoring(|monitoring| monitoring.runbooks("https://git.example.com/runbooks")),
            &["set `.runbooks(…)` to the URL of the stack's folder `runbooks`"],
            monitoring(|monitoring| monitoring.runbooks("https://git.voicecore.internal/kafka/runbooks")),
        ),
        calls(
            "components of another cluster, monitored with this one",
            watched("other"),
            &["move `.watch(…)` to the `Monitoring` of `kafka`"],
            watched("kafka"),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_alerts() -> Vec<Case> {
    let asks_here = |expression: &str| asks(&expression.replace("{}", "{kafka_cluster=\"kafka\"}"));
    let mine = |expression: &str| alert(asks_here(expression));
    let in_text = |title, broken| not_a_call(title, broken, AN_EXPRESSION);
    let two = |names: [&str; 2]| {
        beside(|kafka| {
            names
                .into_iter()
                .fold(Monitoring::new("monitoring", kafka), |monitoring, name| {
                    let alert = Alert::new(name, "max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3");
                    let samples = Samples::Gauge {
                        healthy: 3.0,
                        tolerated: 3.0,
                        firing: 2.0,
                    };
                    let test = AlertTest::new("It is 2.")
                        .series("kafka_brokers", &[], samples)
                        .label("job", "kafka-exporter");
                    monitoring.alert(
                        alert
                            .summary("Orders wait.")
                            .description("It is {{ $value }}.")
                            .test(test),
                    )
                })
        })
    };
    let tested = |test: AlertTest| alert(asks_here("max by (topic) (kafka_topic_partitions{}) > 3").test(test));
    let at_4 = |labels: &'static [(&'static str, &'static str)], metric: &str| {
        AlertTest::new("It is 4.").series(metric, labels, Samples::Constant(4.0))
    };
    let rate = "sum by (topic) (rate(kafka_server_brokertopicmetrics_topic_messagesin_total{}[5m])) < 2";
    vec![
        in_text("an expression that cannot be parsed", alert(asks("sum(kafka_brokers"))),
        in_text(
            "a metric that is not exported",
            mine("kafka_server_replicamanager_isrshrinkspersec{} > 0"),
        ),
        in_text("a selector without a metric", mine("{} > 0")),
        in_text(
            "an aggregation by a label that does not exist",
            mine("max by (instance, topic) (kafka_brokers{}) < 3"),
        ),
        in_text(
            "an operator whose sides have no labels in common",
            mine("kafka_brokers{} / sum(kafka_topic_partitions{}) < 1"),
        ),
        in_text(
            "`on` with a label that one side does not have",
            mine("kafka_topic_partitions{} > on (topic) sum by (partition) (kafka_topic_partition_replicas{})"),
        ),
        in_text(
            "a counter without `rate`",
            mine("kafka_server_replicamanager_isrshrinks_total{} > 5"),
        ),
        in_text("`rate` of a gauge", mine("rate(kafka_consumergroup_lag{}[5m]) > 5")),
        in_text(
            "`delta` of a counter",
            mine("delta(kafka_server_replicamanager_isrshrinks_total{}[5m]) > 5"),
        ),
        in_text("a count of 0", mine("count(kafka_brokers{}) == 0")),
        in_text(
            "a rate below 0",
            mine("rate(kafka_server_replicamanager_isrshrinks_total{}[5m]) < 0"),
        ),
        in_text(
            "a value above twice itself",
            mine("count_over_time(kafka_brokers{}[5m]) > 2 * count_over_time(kafka_brokers{}[5m])"),
        ),
        in_text("no comparison", mine("sum(kafka_brokers{})")),
        in_text(
            "a job that is not scraped",
            alert(asks("max(up{kafka_cluster=\"kafka\",job=\"kafka-jmx\"}) == 0")),
        ),
        in_text(
            "a quantile that is not exported",
            alert(asks(
                "max(kafka_network_requestmetrics_totaltimems{kafka_cluster=\"kafka\",quantile=\"0.9\"}) > 9",
            )),
        ),
        in_text(
            "a volume that does not exist",
            alert(asks(
                "kubelet_volume_stats_available_bytes{namespace=\"kafka\",persistentvolumeclaim=~\"data-(.+)-kafka-[0-9]+\"} < 9",
            )),
        ),
        in_text("the series of every cluster", alert(asks("kafka_brokers < 3"))),
        in_text(
            "a range shorter than two scrape intervals",
            mine("rate(kafka_server_replicamanager_isrshrinks_total{}[30s]) > 5"),
        ),
        calls(
            "`for` shorter than a scrape interval",
            alert(asks_here("kafka_brokers{} < 3").for_duration(10.seconds())),
            &[".for_duration(5.minutes())"],
            alert(asks_here("kafka_brokers{} < 3").for_duration(5.minutes())),
        ),
        in_text(
            "a variable and a label that a description does not have",
            alert(
                asks_here("max by (job) (kafka_brokers{}) < 3")
                    .description("On {{ $label.instance }} of {{ $labels.topic }}."),
            ),
        ),
        calls(
            "a template in a summary",
            alert(asks_here("kafka_brokers{} < 3").summary("{{ $value }} brokers.")),
            &["`.description(…)`"],
            alert(asks_here("kafka_brokers{} < 3").description("{{ $value }} brokers.")),
        ),
        calls(
            "two alerts with one name",
            two(["OrdersWait", "OrdersWait"]),
            &["`Alert::new(…)`"],
            two(["OrdersWait", "OrdersWaitLonger"]),
        ),
        calls(
            "an alert with a space in its name and without texts",
            alert(Alert::new("orders wait", "kafka_brokers{kafka_cluster=\"kafka\"} < 3")),
            &["`Alert::new(…)`", "`.summary(…)`", "`.description(…)`"],
            two(["OrdersWait", "OrdersWaitLonger"]),
        ),
        calls(
            "an alert without a test",
            mine(rate),
            &[
                ".test(AlertTest::new(\"…\").series(\"kafka_server_brokertopicmetrics_topic_messagesin_total\", &[(\"topic\", \"…\")], Samples::Counter { from: …, healthy: …, tolerated: …, firing: … }).label(\"topic\", \"…\"))",
            ],
            alert(
                asks_here(rate).test(
                    AlertTest::new("It is 0.")
                        .series(
                            "kafka_server_brokertopicmetrics_topic_messagesin_total",
                            &[("topic", "orders")],
                            Samples::Counter {
                                from: 0.0,
                                healthy: 5.0,
                                tolerated: 3.0,
                                firing: 0.0,
                            },
                        )
                        .label("topic", "orders"),
                ),
            ),
        ),
        calls(
            "a test with a metric that is not exported",
            tested(at_4(&[("topic", "a")], "kafka_topic_partition").label("topic", "a")),
            &["`AlertTest::series(…)`"],
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
        ),
        not_a_call(
            "a test whose series have a label that the metric does not have",
            tested(at_4(&[("partition", "0"), ("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
            "the hint lists the labels of the metric",
        ),
        calls(
            "a test that expects a label that the expression drops",
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("partition", "0")),
            &["`AlertTest::label(…)`"],
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
        ),
        calls(
            "a test without series",
            tested(AlertTest::new("It is 4.")),
            &["`AlertTest::series(…)`"],
            tested(at_4(&[("topic", "a")], "kafka_topic_partitions").label("topic", "a")),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn sound() -> Vec<Sound> {
    use rules::observability;
    vec![
        (
            &observability::NO_AGENT,
            beside(|kafka| Monitoring::new("monitoring", kafka)),
        ),
        (
            &observability::THRESHOLD,
            beside(|kafka| Monitoring::new("monitoring", kafka).disk_usage_threshold(99)),
        ),
        (
            &observability::SLO,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .slo(Slo::produce_availability(99.9.percent()))
                    .slo(Slo::consume_latency(99.5.percent(), 500.milliseconds()))
                    .slo(Slo::freshness("billing", 94.percent(), 1.minutes()))
            }),
        ),
        (
            &observability::ALERT_LABEL,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .alert_label("team", "streams")
                    .alert_label("owner", "platform")
            }),
        ),
        (
            &observability::FILTER,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .lag_threshold_of_topic("orders", 5000)
                    .slo(Slo::freshness("billing", 99.percent(), 5.minutes()))
                    .export_topics("order.*")
                    .skip_groups("test-.*")
            }),
        ),
        // 16,500 partitions with those of Kafka itself, and twice as many pairs.
        (
            &observability::LARGE,
            beside(|kafka| Monitoring::new("monitoring", kafka).cluster_size(16_500, 100)),
        ),
        (
            &observability::LARGE,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .cluster_size(100_000, 500)
                    .lag_by_topic()
            }),
        ),
        (&observability::CERTIFICATE, closed_registry(true)),
        (
            &observability::RUNBOOKS,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka).runbooks("https://git.voicecore.internal/kafka/runbooks")
            }),
        ),
        (&observability::ANOTHER_CLUSTER, watched("kafka")),
        (
            &observability::EXPRESSION,
            alert(asks("sum(kafka_brokers{kafka_cluster=\"kafka\"}) < 3")),
        ),
        (
            &observability::METRIC,
            beside(|kafka| {
                Monitoring::new("monitoring", kafka)
                    .external(ExternalExporter::new("shop").gauge("shop_orders_waiting", ["region"]))
                    .alert(asks("sum by (region) (shop_orders_waiting) > 5"))
            }),
        ),
        (
            &observability::LABEL,
            alert(asks(
                "kafka_brokers{kafka_cluster=\"kafka\"} / on (kafka_cluster) \
                 sum by (kafka_cluster) (kafka_topic_partitions{kafka_cluster=\"kafka\"}) < 1",
            )),
        ),
        (
            &observability::COUNTER,
            alert(asks(
                "increase(kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[5m]) > 5",
            )),
        ),
        (
            &observability::COMPARISON,
            alert(asks("count(kafka_brokers{kafka_cluster=\"kafka\"} < 3) > 1")),
        ),
        (
            &observability::MATCHER,
            alert(asks("max(up{kafka_cluster=\"kafka\",job=~\"kafka-jmx|kafka\"}) == 0")),
        ),
        (
            &observability::EVERY_CLUSTER,
            alert(asks("kafka_brokers{kafka_cluster=\"kafka\"} < 3")),
        ),
        (
            &observability::TIMES,
            alert(
                asks("rate(kafka_server_replicamanager_isrshrinks_total{kafka_cluster=\"kafka\"}[1m]) > 5")
                    .for_duration(30.seconds()),
            ),
        ),
        (
            &observability::TEMPLATE,
            alert(asks("max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3").description("{{ $labels.job }}.")),
        ),
        (
            &observability::ALERT,
            alert(asks("kafka_brokers{kafka_cluster=\"kafka\"} < 3")),
        ),
        (
            &observability::UNTESTED,
            alert(
                asks("max by (job) (kafka_brokers{kafka_cluster=\"kafka\"}) < 3").test(
                    AlertTest::new("It is 2.")
                        .series(
                            "kafka_brokers",
                            &[],
                            Samples::Gauge {
                                healthy: 3.0,
                                tolerated: 3.0,
                                firing: 2.0,
                            },
                        )
                        .label("job", "kafka-exporter"),
                ),
            ),
        ),
    ]
}

/// Workers and a registry of a cluster outside of the stack, monitored with the one of this name.
fn watched(cluster: &str) -> Stack {
    let external = |name: &str| KafkaCluster::external(name, Version::V4_3, format!("{name}.voicecore.internal:9092"));
    let mut stack = empty();
    let registry = stack.add(SchemaRegistry::new("registry", &external("kafka")));
    let connect = stack.add(Connect::new("connect", &external("kafka")));
    stack.add(
        Monitoring::new("monitoring", &external(cluster))
            .brokers(3)
            .watch(&connect)
            .watch(&registry),
    );
    stack
}

/// A cluster outside of the stack, and a registry whose REST interface is closed.
fn closed_registry(watched: bool) -> Stack {
    let mut stack = empty();
    let kafka = KafkaCluster::external("kafka", Version::V4_3, "kafka.voicecore.internal:9092");
    let registry = SchemaRegistry::new("registry", &kafka)
        .implementation(RegistryImplementation::Apicurio)
        .rest(Rest::tls(Issuer::in_namespace("rest-ca")));
    let registry = stack.add(registry);
    let monitoring = Monitoring::new("monitoring", &kafka).brokers(3);
    stack.add(if watched {
        monitoring.watch(&registry)
    } else {
        monitoring
    });
    stack
}

/// A sound cluster with one alert more.
fn alert(alert: Alert) -> Stack {
    beside(|kafka| Monitoring::new("monitoring", kafka).alert(alert))
}

/// An alert with everything that it needs, named after its expression.
fn asks(expression: &str) -> Alert {
    let name: String = expression.chars().filter(char::is_ascii_alphanumeric).collect();
    Alert::new(format!("Alert{}", &name[name.len().saturating_sub(24)..]), expression)
        .summary("Orders wait.")
        .description("It is {{ $value }}.")
}
