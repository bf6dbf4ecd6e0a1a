//! Alerts of an external cluster, from the metrics of the exporter alone. There is no alert on `min.insync.replicas`,
//! because the exporter does not export this setting.

use crate::{
    kafka::{Mode, alerts::texts},
    metrics::{exporter, target},
    monitoring::Monitoring,
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

/// `None` for a cluster of this stack, whose alerts use the metrics of its brokers.
fn external(monitoring: &Monitoring) -> Option<()> {
    (monitoring.kafka.mode() == Mode::External).then_some(())
}

/// The number of partitions without a leader: for them the exporter has no sample of the leader.
pub(in crate::monitoring) fn offline(sources: &Sources) -> Option<String> {
    let partitions = sources.series(&exporter::PARTITIONS, &[])?;
    let partitions = format!("max by ({BY}, topic) ({partitions})");
    let leaders = sources.series(&exporter::LEADER, &[])?;
    Some(format!(
        "sum by ({BY}) ({partitions})\n\
         - (count by ({BY}) (max by ({BY}, topic, partition) ({leaders})) or 0 * sum by ({BY}) ({partitions}))"
    ))
}

/// How often a partition changed its leader within five minutes, on average.
fn leader_changes(sources: &Sources) -> Option<String> {
    let leader = sources.series(&exporter::LEADER, &[])?;
    Some(format!("avg by ({BY}) (changes({leader}[5m]))"))
}

const A_TOPIC: (&str, &str) = ("topic", "a-topic");

/// The labels of a partition.
const fn partition(partition: &str) -> [(&'static str, &str); 2] {
    [A_TOPIC, ("partition", partition)]
}

pub(super) const ALL: &[AlertRow<Monitoring>] = &[
    AlertRow {
        name: "KafkaBrokerDown",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka has fewer running brokers than expected.",
        description: "{{ $labels.kafka_cluster }} has {{ $value }} running brokers. The value is also 0 if the \
            exporter that counts them is down.",
        threshold: |monitoring, _| {
            format!(
                "{} brokers, set with `Monitoring::brokers`. A restart takes less than five minutes.",
                monitoring.brokers.unwrap_or_default()
            )
        },
        expression: |monitoring, sources| {
            external(monitoring)?;
            let brokers = sources.series(&exporter::BROKERS, &[])?;
            let all = monitoring.brokers?;
            let exporter = sources.series(&target::UP, &[])?;
            // The exporter is the only view of the cluster, and exits when it finds no broker.
            Some(format!(
                "(max by ({BY}) ({brokers}) or 0 * group by ({BY}) ({exporter} == 0)) < {all}"
            ))
        },
        page: Page {
            meaning: "At least one broker has been down for five minutes. The cluster `{servers}` is not part of \
                this stack: its operators can tell which broker it is, and why.",
            causes: &[
                "A broker crashed, is being replaced, or is isolated from the others.",
                "The cluster was scaled down: then change `Monitoring::brokers` in the stack.",
                "The exporter is down or cannot reach any broker: then the value is 0, and KafkaMetricsAbsent fires \
                    too.",
            ],
            steps: &[
                (
                    "Which brokers answer?",
                    "{run} kafka-broker-api-versions --bootstrap-server {bootstrap} | grep 'id: '",
                ),
                (
                    "Does the exporter reach the cluster?",
                    "kubectl -n {ns} logs deployment/{exporter} --tail=50",
                ),
            ],
            fix: "Tell the operators of the cluster. The alert resolves when all brokers run.",
            avoid: &["Do not restart clients meanwhile: they find the remaining brokers by themselves."],
        },
        test: |monitoring, _| {
            let all = f64::from(monitoring.brokers.unwrap_or_default());
            AlertTest::value(all - 1.0).given(&exporter::BROKERS, &[], Samples::gauge(all, all - 1.0))
        },
    },
    AlertRow {
        name: "KafkaOfflinePartitions",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: texts::OFFLINE_SUMMARY,
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} have no leader.",
        threshold: |_, _| texts::OFFLINE_THRESHOLD.to_owned(),
        expression: |monitoring, sources| {
            external(monitoring)?;
            Some(format!("{} > 0", offline(sources)?))
        },
        page: Page {
            meaning: "All brokers with an in-sync replica of these partitions are down. Clients of the partitions \
                get errors or wait. No acknowledged record is lost as long as the brokers' disks exist.",
            causes: &[
                "Several brokers are down at once.",
                "A topic with replication factor 1 was on the broker that is down.",
            ],
            steps: &[texts::WHICH_PARTITIONS_ARE_OFFLINE],
            fix: "The brokers that are listed under `Isr` must start again: tell the operators of the cluster. The \
                alert resolves when the command lists nothing.",
            avoid: texts::DO_NOT_LOSE_RECORDS,
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(&exporter::PARTITIONS, &[A_TOPIC], Samples::Constant(2.0))
                .given(&exporter::LEADER, &partition("0"), Samples::Constant(1.0))
                .given(&exporter::LEADER, &partition("1"), Samples::Disappears(2.0))
        },
    },
    AlertRow {
        name: "KafkaUnderReplicatedPartitions",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: texts::UNDER_REPLICATED_SUMMARY,
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} are under-replicated.",
        threshold: |_, _| texts::UNDER_REPLICATED_THRESHOLD.to_owned(),
        expression: |monitoring, sources| {
            external(monitoring)?;
            let under = sources.series(&exporter::UNDER_REPLICATED, &[])?;
            Some(format!("sum by ({BY}) (max by ({BY}, topic, partition) ({under})) > 0"))
        },
        page: Page {
            meaning: "These partitions have fewer in-sync replicas than their replication factor. Clients are not \
                affected yet: writes with `acks=all` fail only below the topic's `min.insync.replicas`.",
            causes: &[
                "A broker is down. Then all partitions with a replica on it are listed.",
                "A broker was restarted and is still catching up, or cannot keep up.",
                texts::REASSIGNMENT_CAUSE,
            ],
            steps: texts::UNDER_REPLICATED_STEPS,
            fix: texts::UNDER_REPLICATED_FIX,
            avoid: &[texts::DO_NOT_REASSIGN],
        },
        test: |_, _| {
            let falls = Samples::gauge(0.0, 1.0);
            AlertTest::value(2)
                .given(&exporter::UNDER_REPLICATED, &partition("0"), falls)
                .given(&exporter::UNDER_REPLICATED, &partition("1"), falls)
                .given(&exporter::UNDER_REPLICATED, &partition("2"), Samples::Constant(0.0))
        },
    },
    AlertRow {
        name: "KafkaLeaderElectionRateHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: texts::LEADER_CHANGES_SUMMARY,
        description: "Each partition of {{ $labels.kafka_cluster }} changed its leader on average {{ $value | \
            humanize }} times within five minutes.",
        threshold: |_, _| texts::LEADER_CHANGES_THRESHOLD.to_owned(),
        expression: |monitoring, sources| {
            external(monitoring)?;
            let brokers = sources.series(&exporter::BROKERS, &[])?;
            let changes = leader_changes(sources)?;
            Some(format!("{changes}\n> 0.5 / max by ({BY}) ({brokers})"))
        },
        page: Page {
            meaning: "Leaders keep moving between the brokers. Each move causes errors, retries and a short pause \
                for the clients of the partition.",
            causes: &[
                "A broker restarts repeatedly.",
                texts::SESSION_CAUSE,
                texts::ROLLING_RESTART_CAUSE,
            ],
            steps: &[(
                "How many leaders does each broker have? Run it twice, one minute apart.",
                texts::COUNT_LEADERS,
            )],
            fix: "Tell the operators of the cluster which broker loses its leaders. The alert resolves after five \
                minutes without leader changes.",
            avoid: texts::DO_NOT_ELECT,
        },
        test: |_, _| {
            // Three partitions, of which one has a leader that comes and goes.
            AlertTest::value("666.7m")
                .given(&exporter::LEADER, &partition("0"), Samples::Constant(0.0))
                .given(&exporter::LEADER, &partition("1"), Samples::Constant(1.0))
                .given(&exporter::LEADER, &partition("2"), Samples::Flapping)
                .given(&exporter::BROKERS, &[], Samples::Constant(3.0))
                .late(minutes(0), minutes(6))
        },
    },
];
