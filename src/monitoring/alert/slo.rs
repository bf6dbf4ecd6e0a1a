//! Alerts on error budgets: each looks at a long time, so that it fires for what costs budget, and at a short one, so that it resolves soon
//! after the cause is gone. Times and factors are those of the Site Reliability Workbook.

use crate::{
    metrics::{Metric, broker, exporter, probe, record},
    monitoring::Monitoring,
    observability::{
        AlertRow, AlertSeverity, AlertTest, Indicator, KUBERNETES, Page, Samples, Scenario, Slo, Sources, minutes,
        scenario::{EXPORTER, Line, always, growing},
    },
};

/// Two times, and how fast the budget must be spent in both.
struct Pair {
    long: Metric,
    short: Metric,
    factor: f64,
    /// The minutes of the short one.
    recovery: u64,
}

const FAST: Pair = Pair {
    long: record::BURN_1H,
    short: record::BURN_5M,
    factor: 14.4,
    recovery: 5,
};
const MIDDLE: Pair = Pair {
    long: record::BURN_6H,
    short: record::BURN_30M,
    factor: 6.0,
    recovery: 30,
};
const SLOW: Pair = Pair {
    long: record::BURN_3D,
    short: record::BURN_6H,
    factor: 1.0,
    recovery: 6 * 60,
};

impl Pair {
    fn expression(&self, sources: &Sources) -> Option<String> {
        let (long, short) = (sources.series(&self.long, &[])?, sources.series(&self.short, &[])?);
        Some(format!("{long} > {0}\nand {short} > {0}", self.factor))
    }

    /// The first service level is missed by everything, and in the test of what is tolerated by a little less than the factor.
    fn test(&self, sources: &Sources) -> AlertTest {
        let Some(slo) = sources.slos.first() else {
            return AlertTest::value("");
        };
        let budget = budget(slo);
        let test = AlertTest::value("").label("slo", &*slo.name);
        // How many samples measured nothing before the first that misses it, and how long a sample counts.
        let (test, late, smear) = match &slo.indicator {
            Indicator::ProduceAvailability => {
                let of = |error| [("pod", "kafka-0"), ("request", "Produce"), ("error", error)];
                let steady = |growth| Samples::Counter {
                    from: 0.0,
                    healthy: growth,
                    tolerated: growth,
                    firing: growth,
                };
                let errors = Samples::Counter {
                    from: 0.0,
                    healthy: 0.0,
                    tolerated: 6000.0 * budget * self.factor * 0.95,
                    firing: 6e9,
                };
                let test = test.given(&broker::ERRORS, &of("NONE"), steady(6000.0));
                // What is not the cluster's fault, however much of it there is.
                let test = test.given(&broker::ERRORS, &of("TOPIC_AUTHORIZATION_FAILED"), steady(60_000.0));
                (test.given(&broker::ERRORS, &of("NOT_ENOUGH_REPLICAS"), errors), None, 5)
            }
            Indicator::RoundTrip(within) => {
                let of = [("pod", "kafka-probe-0"), ("partition_id", "0")];
                let steady = Samples::Counter {
                    from: 0.0,
                    healthy: 6000.0,
                    tolerated: 6000.0,
                    firing: 6000.0,
                };
                let failed = Samples::Counter {
                    from: 0.0,
                    healthy: 0.0,
                    tolerated: 6000.0 * budget * self.factor * 0.95,
                    firing: 6e9,
                };
                let bound = probe::BOUNDS.iter().find(|(bound, _)| *bound == within.as_millis());
                let in_time = [of[0], of[1], ("le", bound.map_or("", |(_, label)| label))];
                let test = test
                    .given(&probe::PRODUCED, &of, steady)
                    .given(&probe::RECEIVED, &of, steady)
                    .given(&probe::RETURNED_WITHIN, &in_time, steady)
                    .given(&probe::FAILED, &of, failed)
                    .given(&probe::LOST, &of, Samples::Constant(0.0));
                (test, None, 5)
            }
            Indicator::ConsumeLatency(within) => {
                #[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
                let limit = within.as_millis() as f64;
                let fetch = [("pod", "kafka-0"), ("request", "FetchConsumer")];
                let time = [fetch[0], fetch[1], ("quantile", "0.99")];
                let requests = Samples::Counter {
                    from: 0.0,
                    healthy: 60.0,
                    tolerated: 60.0,
                    firing: 60.0,
                };
                let test = test
                    .given(&broker::REQUESTS, &fetch, requests)
                    .given(&broker::REQUEST_QUEUE_TIME, &time, Samples::gauge(limit / 2.0, limit))
                    .given(&broker::LOCAL_TIME, &time, Samples::gauge(limit / 2.0, limit));
                (test, Some(1), 0)
            }
            Indicator::Freshness(groups, within) => {
                let partition = [("topic", "a-topic"), ("partition", "0")];
                let test = test.given(&exporter::CURRENT_OFFSET, &partition, Samples::Constant(5000.0));
                let test = groups.iter().enumerate().fold(test, |test, (number, group)| {
                    let of = [("consumergroup", group.as_str()), partition[0], partition[1]];
                    let late = if number == 0 { 4000.0 } else { 5000.0 };
                    let committed = Samples::Gauge {
                        healthy: 5000.0,
                        // The marker of a transaction.
                        tolerated: 4999.0,
                        firing: late,
                    };
                    test.given(&exporter::COMMITTED_OFFSET, &of, committed)
                });
                (test, Some(within.as_seconds().div_ceil(60)), 0)
            }
        };
        let delay = late.map_or(0, |late| self.delay(budget, late));
        let test = test.late(minutes(delay), minutes(self.recovery + smear));
        if self.recovery > 60 {
            test.without_recovery()
        } else {
            test
        }
    }

    /// How many minutes after the first late sample the budget is spent so fast, if `late` of the healthy samples before measured nothing.
    fn delay(&self, budget: f64, late: u64) -> u64 {
        /// Healthy samples of a test.
        const HEALTHY: u64 = 11;
        let healthy = HEALTHY.saturating_sub(late);
        let enough = |late: &u64| {
            #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
            let share = |late: u64, all: u64| late as f64 / all as f64 > self.factor * budget;
            let all = healthy + late;
            share(*late, all) && share((*late).min(self.recovery), all.min(self.recovery))
        };
        let first = (1..1000).find(enough).unwrap_or_default();
        (first - 1) + late.saturating_sub(HEALTHY)
    }
}

/// Asks Prometheus for what is left, and when it was spent.
const LEFT: (&str, &str) = (
    "What is left of the budget of 30 days, as a share of it, and how fast is it spent? The dashboard \"Service levels\" shows both. Or \
        ask Prometheus; below 0 nothing is left:",
    "1 - slo:kafka_slo_burn_rate:over30d{kafka_cluster=\"{cluster}\"}\nslo:kafka_slo_burn_rate:over1h{kafka_cluster=\"{cluster}\"}",
);

const BELOW_MIN_ISR: (&str, &str) = (
    "`produce-availability`: do partitions reject writes?",
    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-min-isr-partitions",
);

const LOGS: (&str, &str) = (
    "`produce-availability` and `consume-latency`: what do the brokers say?",
    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=15m --prefix | grep -E 'WARN|ERROR' | tail -40",
);

const GROUP: (&str, &str) = (
    "`freshness-…`: how far behind is the group? Replace `GROUP` with the consumer group.",
    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --describe --group GROUP",
);

const STEPS: &[(&str, &str)] = &[LEFT, BELOW_MIN_ISR, LOGS, GROUP];

const CAUSES: &[&str] = &[
    "`produce-availability`: too few replicas are in sync (see KafkaUnderMinIsrPartitions), or brokers answer too late.",
    "`consume-latency`: a broker is overloaded, or reads old records from a slow disk.",
    "`freshness-…`: consumers are down or too slow, see KafkaConsumerLagGrowing.",
];

const AVOID: &[&str] =
    &["Do not lower the objective to silence the alert: those who use the cluster notice the errors all the same."];

pub(super) const ALL: &[AlertRow<Monitoring>] = &[
    AlertRow {
        name: "KafkaErrorBudgetBurnsFast",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "A service level of Kafka is missed so much that its error budget is gone within two days.",
        description: "Service level {{ $labels.slo }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} spends its error budget \
            more than 14 times too fast.",
        threshold: |_, _| {
            "14.4 times what the objective allows, over an hour and over five minutes: 2 % of the budget of 30 days in one hour.".to_owned()
        },
        expression: |_, sources| FAST.expression(sources),
        page: Page {
            meaning: "Those who use the cluster notice it now: requests fail, or records arrive late. Without a change the error budget \
                of 30 days is gone in 50 hours. The objectives are in the stack, in `Monitoring::slo`.",
            causes: CAUSES,
            steps: STEPS,
            fix: "Other alerts that fire name the cause: start with them. The alert resolves some minutes after the cause is gone. What is \
                spent comes back only when it is 30 days old: with little left, put off what is risky, such as upgrades.",
            avoid: AVOID,
        },
        test: |_, sources| FAST.test(sources),
    },
    AlertRow {
        name: "KafkaErrorBudgetBurns",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "A service level of Kafka is missed so much that its error budget is gone within five days.",
        description: "Service level {{ $labels.slo }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} spends its error budget \
            more than 6 times too fast.",
        threshold: |_, _| {
            "6 times what the objective allows, over six hours and over half an hour: 5 % of the budget of 30 days in six hours.".to_owned()
        },
        expression: |_, sources| MIDDLE.expression(sources),
        page: Page {
            meaning: "A part of the requests fails, or records are late again and again, and has been for hours. Without a change the error \
                budget of 30 days is gone in five days. The objectives are in the stack, in `Monitoring::slo`.",
            causes: CAUSES,
            steps: STEPS,
            fix: "Other alerts that fire name the cause: start with them. The alert resolves half an hour after the cause is gone. What is \
                spent comes back only when it is 30 days old: with little left, put off what is risky, such as upgrades.",
            avoid: AVOID,
        },
        test: |_, sources| MIDDLE.test(sources),
    },
    AlertRow {
        name: "KafkaErrorBudgetBurnsSlowly",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "A service level of Kafka is missed for days by more than its objective allows.",
        description: "Service level {{ $labels.slo }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} spends its error budget \
            faster than it comes back.",
        threshold: |_, _| {
            "What the objective allows, over three days and over six hours: 10 % of the budget of 30 days in three days.".to_owned()
        },
        expression: |_, sources| SLOW.expression(sources),
        page: Page {
            meaning: "Nothing is urgent, and the objective is missed if it goes on. A cluster that has existed, or a Prometheus that has \
                stored, for less than three days has a smaller budget: a short failure fires the alert there. The objectives are in the \
                stack, in `Monitoring::slo`.",
            causes: CAUSES,
            steps: STEPS,
            fix: "Look when the budget was spent, and remove the cause. If it is what the cluster can do, and nobody minds, change the \
                objective with those who use it. The alert resolves six hours after the cause is gone.",
            avoid: AVOID,
        },
        test: |_, sources| SLOW.test(sources),
    },
];

/// Healthy minutes at the start of a scenario, so that some hours are known when something happens.
const START: u32 = 4 * 60;

/// Requests per minute.
const REQUESTS: f64 = 60_000.0;

/// So many minutes of the whole budget, at once, fire the fastest alert, and not the one on 6 times the budget: 1400 / 240 is 5.8.
const SPENT: f64 = 1400.0;

/// What happens to service levels: the first of each kind. promtool takes long for days, so nothing is known of the three days before.
pub(super) fn scenarios(sources: &Sources) -> Vec<Scenario> {
    let first = |is: fn(&Indicator) -> bool| sources.slos.iter().find(|slo| is(&slo.indicator));
    let mut scenarios = Vec::new();
    if let Some(slo) = first(|indicator| matches!(indicator, Indicator::ProduceAvailability)) {
        scenarios.extend([failure(slo, sources), small(slo, sources), harmless(slo, sources)]);
    }
    let of_time = [
        first(|indicator| matches!(indicator, Indicator::ConsumeLatency(_))),
        first(|indicator| matches!(indicator, Indicator::Freshness(..))),
    ];
    scenarios.extend(of_time.into_iter().flatten().filter_map(|slo| late(slo, sources)));
    if let Some(slo) = of_time[1] {
        scenarios.extend(never_read(slo, sources));
    }
    scenarios
}

/// The share that may be missed.
fn budget(slo: &Slo) -> f64 {
    slo.budget().parse().unwrap_or_default()
}

/// Produce requests of one broker: between these minutes this share of them fails.
fn fails(scenario: Scenario, error: &str, (from, to, share): (u32, u32, f64)) -> Scenario {
    let of = |error| [("pod", "kafka-0"), ("request", "Produce"), ("error", error)];
    let good = growing(REQUESTS)
        .grows(from, REQUESTS * (1.0 - share))
        .grows(to, REQUESTS);
    let bad = always(0.0).grows(from, REQUESTS * share).grows(to, 0.0);
    scenario
        .line(&broker::ERRORS, &of("NONE"), good)
        .line(&broker::ERRORS, &of(error), bad)
}

/// A failure of some minutes.
fn failure(slo: &Slo, sources: &Sources) -> Scenario {
    let budget = budget(slo);
    let share = (200.0 * budget).min(0.9);
    let until = START + whole(SPENT * budget / share);
    let fast = START + whole(14.4 * 60.0 * budget / share);
    // The slowest alert, which knows only these hours of three days, waits for another quarter of an hour.
    let scenario = Scenario::calm(
        "a part of the produce requests fails for some minutes",
        until + 10,
        sources,
    );
    fails(scenario, "NOT_ENOUGH_REPLICAS", (START, until, share)).fires(
        "KafkaErrorBudgetBurnsFast",
        fast,
        fast + 6,
        until + 5,
    )
}

/// 8 times what is allowed, for hours.
fn small(slo: &Slo, sources: &Sources) -> Scenario {
    let from = 60;
    let scenario = Scenario::calm("few produce requests fail, and for hours", from + 4 * 60, sources);
    fails(
        scenario,
        "NOT_ENOUGH_REPLICAS",
        (from, from + 4 * 60, 8.0 * budget(slo)),
    )
    // 8 * 180 of 240 minutes are 6 times the budget, 8 * 9 of 69 once.
    .fires("KafkaErrorBudgetBurns", from + 180, from + 195, from + 239)
    .fires("KafkaErrorBudgetBurnsSlowly", from + 20, from + 30, from + 239)
}

/// Many errors that are the fault of a client, some of the cluster's within the budget, and one of a cluster that is nearly idle.
fn harmless(slo: &Slo, sources: &Sources) -> Scenario {
    let hours = 2 * 60;
    let of = |pod, error| [("pod", pod), ("request", "Produce"), ("error", error)];
    let idle = Scenario::new("", hours)
        .line(&broker::ERRORS, &of("kafka-0", "NONE"), growing(1.0))
        .line(
            &broker::ERRORS,
            &of("kafka-0", "REQUEST_TIMED_OUT"),
            always(0.0).then(60, 1.0),
        );
    let scenario = Scenario::calm("errors of a client, and few of the cluster", hours, sources);
    fails(scenario, "REQUEST_TIMED_OUT", (0, hours, budget(slo) / 2.0))
        .line(
            &broker::ERRORS,
            &of("kafka-1", "TOPIC_AUTHORIZATION_FAILED"),
            growing(REQUESTS / 10.0),
        )
        .line(
            &broker::ERRORS,
            &of("kafka-1", "NOT_LEADER_OR_FOLLOWER"),
            always(0.0).grows(60, REQUESTS / 2.0).grows(62, 0.0),
        )
        .beside(KUBERNETES, "another", idle)
}

/// A share of time: all is late for some minutes. `None` if these are so many that other alerts fire.
fn late(slo: &Slo, sources: &Sources) -> Option<Scenario> {
    let budget = budget(slo);
    let fast = START + whole(14.4 * 60.0 * budget);
    let until = START + whole(SPENT * budget);
    let within = match &slo.indicator {
        Indicator::Freshness(_, within) => u32::try_from(within.as_seconds().div_ceil(60)).ok()?,
        Indicator::ConsumeLatency(_) | Indicator::RoundTrip(_) | Indicator::ProduceAvailability => 0,
    };
    if until > START + 45 || within > START {
        return None;
    }
    let scenario = |name: &str| Scenario::calm(name, until, sources);
    let scenario = match &slo.indicator {
        Indicator::ProduceAvailability | Indicator::RoundTrip(_) => return None,
        Indicator::ConsumeLatency(limit) => {
            #[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
            let limit = limit.as_millis() as f64;
            let fetch = [("pod", "kafka-0"), ("request", "FetchConsumer")];
            let time = [fetch[0], fetch[1], ("quantile", "0.99")];
            scenario("a broker answers consumers slowly for some minutes")
                .line(&broker::REQUESTS, &fetch, growing(REQUESTS))
                .line(&broker::REQUEST_QUEUE_TIME, &time, always(limit / 10.0))
                .line(&broker::LOCAL_TIME, &time, always(limit / 10.0).then(START, limit))
        }
        Indicator::Freshness(groups, _) => {
            let partition = [("pod", EXPORTER), ("topic", "a-topic"), ("partition", "0")];
            // Few records, so that no alert on lag fires.
            let written = always(100.0).then(START - within, 110.0);
            let scenario =
                scenario("a group commits some records late").line(&exporter::CURRENT_OFFSET, &partition, written);
            groups.iter().fold(scenario, |scenario, group| {
                let [pod, topic, partition] = partition;
                let of = [pod, topic, partition, ("consumergroup", group.as_str())];
                scenario.line(&exporter::COMMITTED_OFFSET, &of, always(100.0))
            })
        }
    };
    Some(scenario.fires("KafkaErrorBudgetBurnsFast", fast + 1, fast + 2, until - 1))
}

/// A group reads one partition of a topic and not the other, in which some records arrive or none.
fn never_read(slo: &Slo, sources: &Sources) -> Vec<Scenario> {
    let Indicator::Freshness(groups, within) = &slo.indicator else {
        return Vec::new();
    };
    let budget = budget(slo);
    let fast = START + whole(14.4 * 60.0 * budget);
    let until = START + whole(SPENT * budget);
    let Ok(within) = u32::try_from(within.as_seconds().div_ceil(60)) else {
        return Vec::new();
    };
    if until > START + 45 || within > START {
        return Vec::new();
    }
    let of_two = |name: &str, written: Line| {
        let series = |scenario: Scenario, partition: &'static str, end: Line, committed: f64| {
            let labels = [("pod", EXPORTER), ("topic", "a-topic"), ("partition", partition)];
            let scenario = scenario.line(&exporter::CURRENT_OFFSET, &labels, end);
            groups.iter().fold(scenario, |scenario, group| {
                let [pod, topic, partition] = labels;
                let of = [pod, topic, partition, ("consumergroup", group.as_str())];
                scenario.line(&exporter::COMMITTED_OFFSET, &of, always(committed))
            })
        };
        let scenario = series(Scenario::calm(name, until, sources), "0", always(100.0), 100.0);
        series(scenario, "1", written, -1.0)
    };
    vec![
        of_two(
            "a group never reads a partition in which records arrive",
            always(100.0).then(START - within, 110.0),
        )
        .fires("KafkaErrorBudgetBurnsFast", fast + 1, fast + 2, until - 1),
        of_two(
            "a group never reads a partition in which nothing arrives any more",
            always(100.0),
        ),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "minutes of a scenario"
)]
fn whole(minutes: f64) -> u32 {
    minutes as u32
}
