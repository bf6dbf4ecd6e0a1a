//! Of a cluster made elsewhere: what its exporter alone can tell. Whether writes still find enough replicas in sync is not
//! among it, because that is a setting of each topic.

use crate::{
    kafka::{
        Mode,
        alerts::cluster::{flapping_leader, leader_changes},
    },
    metrics::exporter,
    monitoring::Monitoring,
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

/// Nothing where the cluster is one of this crate, whose brokers know more.
fn elsewhere(monitoring: &Monitoring) -> Option<()> {
    (monitoring.kafka.mode() == Mode::External).then_some(())
}

/// Partitions that no leader is known of: the exporter has no sample for those.
pub(in crate::monitoring) fn offline(sources: &Sources) -> Option<String> {
    let partitions = sources.series(&exporter::PARTITIONS, &[])?;
    let leaders = sources.series(&exporter::LEADER, &[])?;
    Some(format!(
        "sum by ({BY}) ({partitions})\n\
         - (count by ({BY}) ({leaders}) or 0 * sum by ({BY}) ({partitions}))"
    ))
}

const A_TOPIC: (&str, &str) = ("topic", "a-topic");

/// A partition of the topic.
const fn partition(partition: &str) -> [(&'static str, &str); 2] {
    [A_TOPIC, ("partition", partition)]
}

pub(super) const ALL: &[AlertRow<Monitoring>] = &[
    AlertRow {
        name: "KafkaBrokerDown",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka has fewer brokers than it should have.",
        description: "{{ $value }} brokers of {{ $labels.kafka_cluster }} are there; 0 also if the exporter that counts them \
            is gone.",
        threshold: |monitoring, _| {
            format!(
                "{} brokers, `Monitoring::brokers`. A restart takes less than five minutes.",
                monitoring.brokers.unwrap_or_default()
            )
        },
        expression: |monitoring, sources| {
            elsewhere(monitoring)?;
            let brokers = sources.series(&exporter::BROKERS, &[])?;
            let all = monitoring.brokers?;
            Some(format!("(max by ({BY}) ({brokers}) or 0 * absent({brokers})) < {all}"))
        },
        page: Page {
            meaning: "At least one broker has been away for five minutes. The cluster `{bootstrap}` is not part of this stack: \
                whoever runs it can tell which one, and why.",
            causes: &[
                "A broker ended, is being replaced, or is cut off from the others.",
                "The cluster was made smaller: then the number in the stack is to follow.",
                "The exporter is gone, or cannot reach any broker: then the alert says 0, and KafkaMetricsAbsent fires as well.",
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
            over: "Tell whoever runs the cluster. It is over when all brokers are there.",
            avoid: &["Do not restart clients meanwhile: they find the brokers that are left by themselves."],
        },
        test: |monitoring, _| {
            let all = f64::from(monitoring.brokers.unwrap_or_default());
            AlertTest::value(all - 1.0).given(
                &exporter::BROKERS,
                &[],
                Samples::Gauge {
                    good: all,
                    nearly: all,
                    bad: all - 1.0,
                },
            )
        },
    },
    AlertRow {
        name: "KafkaOfflinePartitions",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka partitions have no leader: nobody can write to them or read from them.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} have no leader.",
        threshold: |_, _| "None may be offline. An election takes seconds.".to_owned(),
        expression: |monitoring, sources| {
            elsewhere(monitoring)?;
            Some(format!("{} > 0", offline(sources)?))
        },
        page: Page {
            meaning: "Every broker that holds an in-sync copy of these partitions is away. Clients of them get errors or wait; \
                nothing that was acknowledged is lost as long as the brokers' disks are there.",
            causes: &[
                "Several brokers are away at once.",
                "A topic with a single copy lived on the broker that is away.",
            ],
            steps: &[(
                "Which partitions, and on which brokers are their copies?",
                "{run} kafka-topics --bootstrap-server {bootstrap} --describe --unavailable-partitions",
            )],
            over: "The brokers that are listed as `Isr` have to come back: tell whoever runs the cluster. It is over when the \
                command lists nothing.",
            avoid: &[
                "Do not elect a leader from outside the ISR (`kafka-leader-election --election-type unclean`) before the owners \
                 of the data agree: acknowledged records are lost for good.",
                "Do not delete and create the topic again: that loses all of it.",
            ],
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
        summary: "Kafka partitions have fewer replicas in sync than assigned.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} are under-replicated.",
        threshold: |_, _| "None may stay so. A restarted broker catches up within ten minutes.".to_owned(),
        expression: |monitoring, sources| {
            elsewhere(monitoring)?;
            let under = sources.series(&exporter::UNDER_REPLICATED, &[])?;
            Some(format!("sum by ({BY}) ({under}) > 0"))
        },
        page: Page {
            meaning: "These partitions have fewer copies in sync than they should have. Clients notice nothing yet: writes with \
                `acks=all` stop below the topic's `min.insync.replicas`.",
            causes: &[
                "A broker is away. Then every partition with a copy on it is listed.",
                "A broker came back and still copies what it missed, or does not keep up.",
                "A reassignment is under way: new copies count as missing until they have caught up.",
            ],
            steps: &[
                (
                    "Which partitions, and which broker is missing in `Isr`?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
                (
                    "Is a reassignment under way?",
                    "{run} kafka-reassign-partitions --bootstrap-server {bootstrap} --list",
                ),
            ],
            over: "A broker that is back catches up by itself. It is over when the first command lists nothing.",
            avoid: &["Do not start a reassignment to mend it: it adds to what has to be copied."],
        },
        test: |_, _| {
            let falls = Samples::Gauge {
                good: 0.0,
                nearly: 0.0,
                bad: 1.0,
            };
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
        summary: "Kafka partitions change their leaders again and again.",
        description: "Each partition of {{ $labels.kafka_cluster }} changed its leader {{ $value | humanize }} times within five \
            minutes, on average.",
        threshold: |_, _| {
            "Half of one broker's share of the leaders, for fifteen minutes: a rolling restart moves every leader, but ends."
                .to_owned()
        },
        expression: |monitoring, sources| {
            elsewhere(monitoring)?;
            let brokers = sources.series(&exporter::BROKERS, &[])?;
            let changes = leader_changes(sources)?;
            Some(format!("{changes}\n> 0.5 / max by ({BY}) ({brokers})"))
        },
        page: Page {
            meaning: "Leaders move between the brokers all the time. Each move is an error and a retry for the clients of the \
                partition, and a short stop.",
            causes: &[
                "A broker starts and ends again and again.",
                "A broker loses its session with the controllers: long pauses, or a network that drops packets.",
                "Someone runs a rolling restart that does not end.",
            ],
            steps: &[(
                "How are the leaders spread? Run it twice, a minute apart.",
                "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep -o 'Leader: [0-9]*' | sort | uniq -c",
            )],
            over: "Tell whoever runs the cluster which broker comes and goes. It is over when the leaders stay for five minutes.",
            avoid: &["Do not run `kafka-leader-election` meanwhile: it moves leaders once more."],
        },
        test: |_, _| flapping_leader().given(&exporter::BROKERS, &[], Samples::Constant(3.0)),
    },
];
