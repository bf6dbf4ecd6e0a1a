//! Alerts on what the probe sees.

use super::ProbeHandle;
use crate::{
    metrics::{Metric, probe, target},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Scenario, Sources, minutes,
        scenario::{always, growing},
    },
};

/// Of the records of a partition: a crash of its leader costs those of about 15 s, an eighth of two minutes.
const FAILING: f64 = 0.3;

/// A round trip that takes longer is slow, as the label `le` says it. It takes some milliseconds, and 9 s while a dead leader is replaced.
const SLOW: &str = "1.28";

/// Records per minute and partition.
const RECORDS: f64 = 60.0;

/// As many as that all the time.
const STEADY: Samples = Samples::Counter {
    from: 0.0,
    healthy: RECORDS,
    tolerated: RECORDS,
    firing: RECORDS,
};

/// Growth per second of each partition. A second replica of Prometheus has the same series again.
fn of_each(sources: &Sources, metric: &Metric, range: &str) -> Option<String> {
    let series = sources.series(metric, &[])?;
    let by = format!("{BY}, job");
    Some(format!(
        "sum by ({by}, partition_id) (max by ({by}, pod, partition_id) (rate({series}[{range}])))"
    ))
}

/// Growth per second of all partitions.
fn of_all(sources: &Sources, metric: &Metric, labels: &[(&str, &str)], range: &str) -> Option<String> {
    let series = sources.series(metric, labels)?;
    let by = format!("{BY}, job");
    Some(format!(
        "sum by ({by}) (max by ({by}, pod, partition_id) (rate({series}[{range}])))"
    ))
}

const LOGS: (&str, &str) = (
    "What does the probe say?",
    "kubectl -n {ns} logs deployment/{job} -c probe --tail=-1 --since=15m | grep -E '\"level\":\"(info|warn|error|fatal)\"' | tail -40",
);

const LEADERS: (&str, &str) = (
    "Which broker leads the partition? The dashboard \"End-to-end probe\" shows which partition it is.",
    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --topic {job}-end-to-end",
);

pub(super) const ALL: &[AlertRow<ProbeHandle>] = &[
    AlertRow {
        name: "KafkaProbeFailing",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka refuses or loses the records of the end-to-end probe.",
        description: "{{ $value }} partitions of {{ $labels.job }} in {{ $labels.namespace }} do not take its records, or do not \
            return them. Each broker leads one.",
        threshold: |_, _| {
            "Three of ten records of a partition, over two minutes. A broker that crashes costs one of eight, and clients try again for \
                15 s."
                .to_owned()
        },
        expression: |_, sources| {
            let of_each = |metric| of_each(sources, metric, "2m");
            let (failed, lost, all) = (
                of_each(&probe::FAILED)?,
                of_each(&probe::LOST)?,
                of_each(&probe::PRODUCED)?,
            );
            Some(format!(
                "count by ({BY}, job) (\n  ({failed}\n  + {lost})\n  / {all}\n  > {FAILING}\n)"
            ))
        },
        page: Page {
            meaning: "A client like any other cannot write with acks=all, or does not get what it wrote, and has tried for minutes. \
                Applications that use the same brokers fail too.",
            causes: &[
                "Too few replicas are in sync: see KafkaUnderMinIsrPartitions. Partitions have no leader: see KafkaOfflinePartitions.",
                "A broker accepts connections and answers nobody: its disk or its node hangs. Its own metrics may look well.",
                "The probe may not use its topic any more, or its password or certificate has changed.",
                "The network between the probe's node and a broker is broken.",
            ],
            steps: &[
                LOGS,
                LEADERS,
                (
                    "Do the brokers run, and on which nodes?",
                    "kubectl -n {ns} get pods -o wide -l {pods}",
                ),
            ],
            fix: "Other alerts that fire name the cause: start with them. If the broker that leads the partition hangs, delete its pod: \
                the others take over. The alert resolves two minutes after the records come back.",
            avoid: &["Do not delete the probe's topic: it shows what happens to all topics."],
        },
        test: |handle, _| {
            let partition = [("pod", "a"), ("partition_id", "0")];
            let failed = Samples::Counter {
                from: 0.0,
                healthy: 0.0,
                tolerated: RECORDS * 0.28,
                firing: RECORDS,
            };
            AlertTest::value(1)
                .given(&probe::PRODUCED, &partition, STEADY)
                .given(&probe::FAILED, &partition, failed)
                .given(&probe::LOST, &partition, Samples::Constant(0.0))
                .label("job", handle.name())
                .late(minutes(0), minutes(1))
        },
    },
    AlertRow {
        name: "KafkaProbeSlow",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Records of the end-to-end probe take long to come back.",
        description: "{{ $value | humanizePercentage }} of the records of {{ $labels.job }} in {{ $labels.namespace }} take longer \
            than 1.28 s to be written and read again.",
        threshold: |_, _| {
            "A tenth of the records, over five minutes. Normally all of them take some milliseconds; a few wait while a leader moves."
                .to_owned()
        },
        expression: |_, sources| {
            let all = of_all(sources, &probe::RECEIVED, &[], "5m")?;
            let fast = of_all(sources, &probe::RETURNED_WITHIN, &[("le", SLOW)], "5m")?;
            Some(format!("1 - {fast}\n/ {all}\n> 0.1"))
        },
        page: Page {
            meaning: "What producers write reaches consumers late, on every topic of the broker that is slow. Producers that wait for \
                each acknowledgement write less.",
            causes: &[
                "A broker is overloaded: see KafkaRequestHandlersBusy and KafkaProducerLatencyHigh.",
                "A follower is slow and still in sync: each write waits for it.",
                "The disk of a broker is slow, or its node has too little processor time.",
                "The probe itself gets too little processor time.",
            ],
            steps: &[
                LEADERS,
                (
                    "Does the probe, or a broker, get the processor time that it asks for?",
                    "kubectl -n {ns} top pods",
                ),
                LOGS,
            ],
            fix: "Find the partition that is slow on the dashboard \"End-to-end probe\", and its leader and followers with the command \
                above. The alert resolves within five minutes after records are fast again.",
            avoid: &["Do not raise the bound before it is known who is slow: applications wait just as long."],
        },
        test: |handle, _| {
            let partition = [("pod", "a"), ("partition_id", "0")];
            let fast = Samples::Counter {
                from: 0.0,
                healthy: RECORDS,
                tolerated: RECORDS - 5.0,
                firing: 0.0,
            };
            AlertTest::value("100%")
                .given(&probe::RECEIVED, &partition, STEADY)
                .given(
                    &probe::RETURNED_WITHIN,
                    &[partition[0], partition[1], ("le", SLOW)],
                    fast,
                )
                .label("job", handle.name())
                .late(minutes(0), minutes(5))
        },
    },
    AlertRow {
        name: "KafkaProbeIdle",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "The end-to-end probe runs and writes nothing.",
        description: "{{ $labels.job }} in {{ $labels.namespace }} answers scrapes and has written nothing for ten minutes.",
        threshold: |_, _| "No record within five minutes. It writes one per second to each partition.".to_owned(),
        expression: |_, sources| Some(format!("{} == 0", of_all(sources, &probe::PRODUCED, &[], "5m")?)),
        page: Page {
            meaning: "Nobody measures what clients get: KafkaProbeFailing and KafkaProbeSlow cannot fire.",
            causes: &[
                "The probe hangs: it writes nothing, and waits for no answer.",
                "It reached no broker for so long that it no longer tries.",
            ],
            steps: &[LOGS],
            fix: "Restart it: `kubectl -n {ns} rollout restart deployment/{job}`. The alert resolves when it writes again.",
            avoid: &["Do not take it for a failure of the cluster: other alerts say whether clients fail."],
        },
        test: |handle, _| {
            let partition = [("pod", "a"), ("partition_id", "0")];
            let records = Samples::Counter {
                from: 0.0,
                healthy: RECORDS,
                tolerated: 1.0,
                firing: 0.0,
            };
            AlertTest::value(0)
                .given(&probe::PRODUCED, &partition, records)
                .label("job", handle.name())
                .late(minutes(4), minutes(1))
        },
    },
];

/// What happens to the probe and to what it measures, in a cluster of three brokers.
pub(super) fn scenarios(handle: &ProbeHandle, sources: &Sources) -> Vec<Scenario> {
    const PARTITIONS: [&str; 3] = ["0", "1", "2"];
    let job = handle.name();
    let pod = format!("{job}-0");
    let of = |partition: &'static str| [("job", job), ("pod", pod.as_str()), ("partition_id", partition)];
    let within = |partition: &'static str| {
        let [job, pod, partition] = of(partition);
        [job, pod, partition, ("le", SLOW)]
    };
    let calm = |what: &str| {
        PARTITIONS.into_iter().fold(
            Scenario::calm(format!("{job}: {what}"), 90, sources),
            |scenario, partition| {
                scenario
                    .line(&probe::PRODUCED, &of(partition), growing(RECORDS))
                    .line(&probe::RECEIVED, &of(partition), growing(RECORDS))
                    .line(&probe::RETURNED_WITHIN, &within(partition), growing(RECORDS))
                    .line(&probe::FAILED, &of(partition), always(0.0))
                    .line(&probe::LOST, &of(partition), always(0.0))
            },
        )
    };
    // Between these minutes this share of a partition's records is refused.
    let refused = |scenario: Scenario, partition, from: f64, to: f64, share: f64| {
        let back = || growing(RECORDS).grows(from, RECORDS * (1.0 - share)).grows(to, RECORDS);
        scenario
            .line(&probe::RECEIVED, &of(partition), back())
            .line(&probe::RETURNED_WITHIN, &within(partition), back())
            .line(
                &probe::FAILED,
                &of(partition),
                always(0.0).grows(from, RECORDS * share).grows(to, 0.0),
            )
    };
    let slow = |scenario: Scenario, partition, from: f64, to: f64| {
        let fast = growing(RECORDS).grows(from, 0.0).grows(to, RECORDS);
        scenario.line(&probe::RETURNED_WITHIN, &within(partition), fast)
    };
    let all = |scenario: Scenario, change: &dyn Fn(Scenario, &'static str) -> Scenario| {
        PARTITIONS.into_iter().fold(scenario, change)
    };
    // While a leader moves, records come late for some seconds, and a few are refused.
    let restarts = |scenario: Scenario| {
        PARTITIONS
            .into_iter()
            .zip([30.0, 33.0, 36.0])
            .fold(scenario, |scenario, (partition, at)| {
                refused(scenario, partition, at, at + 0.25, 0.5)
            })
    };
    vec![
        calm("nothing happens"),
        refused(calm("all records of one broker are refused"), "1", 30.0, 90.0, 1.0).fires(
            "KafkaProbeFailing",
            30 + 4,
            30 + 7,
            89,
        ),
        all(calm("all records are refused for a while"), &|scenario, partition| {
            refused(scenario, partition, 30.0, 50.0, 1.0)
        })
        .fires("KafkaProbeFailing", 30 + 4, 30 + 7, 50),
        calm("records are accepted and do not come back")
            .line(&probe::RECEIVED, &of("2"), growing(RECORDS).grows(30, 0.0))
            .line(&probe::RETURNED_WITHIN, &within("2"), growing(RECORDS).grows(30, 0.0))
            .line(&probe::LOST, &of("2"), always(0.0).grows(30, RECORDS))
            .fires("KafkaProbeFailing", 30 + 4, 30 + 7, 89),
        restarts(calm("a rolling restart")),
        refused(calm("one broker crashes"), "0", 30.0, 30.25, 1.0),
        all(calm("the only broker restarts"), &|scenario, partition| {
            refused(scenario, partition, 30.0, 31.5, 1.0)
        }),
        slow(calm("the records of one broker are slow"), "1", 30.0, 90.0).fires("KafkaProbeSlow", 30 + 10, 30 + 14, 89),
        slow(calm("records are slow for two minutes"), "1", 30.0, 32.0),
        all(calm("the probe hangs"), &|scenario, partition| {
            let stops = || growing(RECORDS).grows(30, 0.0);
            scenario
                .line(&probe::PRODUCED, &of(partition), stops())
                .line(&probe::RECEIVED, &of(partition), stops())
                .line(&probe::RETURNED_WITHIN, &within(partition), stops())
        })
        .fires("KafkaProbeIdle", 30 + 13, 30 + 18, 89),
        calm("the probe starts again").change("pod", &pod, |metric, line| {
            if metric == target::UP.name {
                line
            } else {
                line.gone(30, 31).then(31, 0.0).grows(31, RECORDS)
            }
        }),
        calm("the probe is gone")
            .change("pod", &pod, |_, line| line.gone(30, 90))
            .fires("KafkaMetricsAbsent", 30 + 4, 30 + 16, 89),
    ]
}
