//! Of volumes and what Kafka keeps on them.

use crate::{
    kafka::KafkaHandle,
    metrics::{broker, kubelet, record},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

const BY_CLAIM: &str = "max by (namespace, persistentvolumeclaim)";

/// The name of a claim of the first volumes.
fn claim(sources: &Sources) -> String {
    sources.claims().into_iter().next().unwrap_or_default()
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaDiskUsageHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "A volume of Kafka is nearly full; a broker whose volume is full ends.",
        description: "Volume {{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} is {{ $value | printf \"%.0f\" }} % full.",
        threshold: |_, sources| {
            format!(
                "{} %, `Monitoring::disk_usage_threshold`: what is left has to last until the volume is larger.",
                sources.thresholds.disk_usage
            )
        },
        expression: |_, sources| {
            let used = sources.series(&record::VOLUME_USED, &[])?;
            Some(format!("100 * {used} > {}", sources.thresholds.disk_usage))
        },
        page: Page {
            meaning: "Volumes of the cluster are {claims}. When one is full, Kafka cannot write to its only log directory and \
                ends; the copies elsewhere go on, but they fill up the same way.",
            causes: &[
                "More is produced than the volumes were sized for.",
                "A topic keeps more than it should: long retention, or compaction that no longer runs (KafkaLogCleanerDead).",
                "Copies are spread unevenly over the brokers.",
            ],
            steps: &[
                (
                    "Which topics take the room? `POD` is the one of the volume.",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'du -sh /var/lib/kafka/data/*/* 2>/dev/null | sort -h | tail -15'",
                ),
                (
                    "What does each keep?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --topics-with-overrides",
                ),
                (
                    "Can the volumes grow?",
                    "kubectl get storageclass -o custom-columns=NAME:.metadata.name,GROWS:.allowVolumeExpansion",
                ),
            ],
            over: "Fastest: shorten the retention of the largest topic for a while, `kafka-configs --bootstrap-server {bootstrap} \
                --alter --entity-type topics --entity-name TOPIC --add-config retention.ms=…`; segments go within minutes. To stay: \
                larger volumes, in the stack. It is over below the limit.",
            avoid: &[
                "Do not delete files below /var/lib/kafka/data by hand: a missing segment is a failed log directory.",
                "Do not shorten the retention of a topic without its owner: what is deleted is gone.",
            ],
        },
        test: |_, sources| {
            let claim = claim(sources);
            let labels = [("persistentvolumeclaim", claim.as_str())];
            let free = 10.0 * (100.0 - f64::from(sources.thresholds.disk_usage));
            AlertTest::value(sources.thresholds.disk_usage.saturating_add(1))
                .given(
                    &kubelet::VOLUME_AVAILABLE,
                    &labels,
                    Samples::Gauge {
                        good: 900.0,
                        nearly: free + 1.0,
                        bad: free - 10.0,
                    },
                )
                .given(&kubelet::VOLUME_CAPACITY, &labels, Samples::Constant(1000.0))
                // A volume of someone else.
                .given(
                    &kubelet::VOLUME_AVAILABLE,
                    &[("persistentvolumeclaim", "data-other-0")],
                    Samples::Constant(1.0),
                )
                .given(
                    &kubelet::VOLUME_CAPACITY,
                    &[("persistentvolumeclaim", "data-other-0")],
                    Samples::Constant(1000.0),
                )
                .label("persistentvolumeclaim", claim.clone())
        },
    },
    AlertRow {
        name: "KafkaDiskFullSoon",
        severity: AlertSeverity::Warning,
        for_duration: minutes(30),
        summary: "A volume of Kafka will be full soon if it goes on like this.",
        description: "Volume {{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} fills up soon, by its growth of the last six hours.",
        threshold: |_, sources| {
            format!(
                "Full within {}, `Monitoring::disk_full_within`.",
                sources.thresholds.disk_full_within
            )
        },
        expression: |_, sources| {
            let claims = sources.claim_pattern()?;
            let available = sources.series(
                &kubelet::VOLUME_AVAILABLE,
                &[("persistentvolumeclaim", claims.as_str())],
            )?;
            let seconds = sources.thresholds.disk_full_within.as_seconds();
            Some(format!("{BY_CLAIM} (predict_linear({available}[6h], {seconds})) < 0"))
        },
        page: Page {
            meaning: "A line through the last six hours of free room reaches 0 within the limit. Volumes of the cluster are \
                {claims}; a broker whose volume is full ends.",
            causes: &[
                "A topic is filled for the first time, up to its retention: then the growth ends by itself.",
                "A client produces far more than before.",
                "A broker is filled with copies after a reassignment.",
            ],
            steps: &[
                (
                    "Which topics grow? The dashboard shows bytes in and size by topic. `POD` is the one of the volume.",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'du -sh /var/lib/kafka/data/*/* 2>/dev/null | sort -h | tail -15'",
                ),
                (
                    "Is a reassignment under way?",
                    "{run} kafka-reassign-partitions --bootstrap-server {bootstrap} --list",
                ),
            ],
            over: "Stop the client, shorten the retention, or enlarge the volumes, as KafkaDiskUsageHigh says. It is over when the \
                line no longer reaches 0, which can take some hours.",
            avoid: &["Do not delete files below /var/lib/kafka/data by hand."],
        },
        test: |_, sources| {
            let claim = claim(sources);
            #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
            let within = sources.thresholds.disk_full_within.as_seconds() as f64 / 60.0;
            // So steep that one step among twelve samples is enough for the line, whose slope it makes 11/286 of it.
            let bad = -(1_000_000.0_f64 * 286.0 / 11.0 / within).ceil() - 1000.0;
            AlertTest::value("")
                .given(
                    &kubelet::VOLUME_AVAILABLE,
                    &[("persistentvolumeclaim", &claim)],
                    Samples::Counter {
                        from: 1_000_000.0,
                        good: 0.0,
                        nearly: -(500_000.0 / within).floor(),
                        bad,
                    },
                )
                .label("persistentvolumeclaim", claim)
                .late(minutes(0), minutes(361))
        },
    },
    AlertRow {
        name: "KafkaLogCleanerDead",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker no longer compacts its logs.",
        description: "{{ $value }} cleaner threads of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are dead.",
        threshold: |_, _| "None: a dead thread stays dead until the broker restarts.".to_owned(),
        expression: |_, sources| {
            let dead = sources.series(&broker::DEAD_CLEANERS, &[])?;
            Some(format!("max by ({BY}, pod) ({dead}) > 0"))
        },
        page: Page {
            meaning: "Compacted topics on this broker grow without end, the consumers' offsets among them: the volume fills, and \
                after a restart it takes long to load them.",
            causes: &[
                "A record that it cannot read, as in a damaged segment.",
                "A defect in Kafka.",
            ],
            steps: &[
                (
                    "What killed it? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=24h | grep -iE 'cleaner' | grep -iE 'error|exception' | tail -20",
                ),
                (
                    "Which partitions does it pass over?",
                    "kubectl -n {ns} logs POD -c kafka --since=24h | grep -i uncleanable | tail",
                ),
            ],
            over: "Restart the broker if no other is away: `kubectl -n {ns} delete pod POD`. It is over when the thread stays alive; if it \
                dies again, the log names the partition that has to be copied anew.",
            avoid: &["Do not turn compaction off for the topic: what it should forget is then kept or deleted by age."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &broker::DEAD_CLEANERS,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 1.0,
                    },
                )
                .label("pod", "kafka-0")
        },
    },
];
