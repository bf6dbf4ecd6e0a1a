//! Alerts on volumes and on what Kafka stores on them.

use super::texts;
use crate::{
    kafka::KafkaHandle,
    metrics::{broker, kubelet, record},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

const BY_CLAIM: &str = "max by (cluster, namespace, persistentvolumeclaim)";

/// The name of a claim, for tests.
fn claim(sources: &Sources) -> String {
    sources.claims().into_iter().next().unwrap_or_default()
}

/// At what percentage only hours are left; above the threshold of the warning.
fn critical(sources: &Sources) -> u8 {
    sources.thresholds.disk_usage.clamp(92, 98)
}

/// A test of one volume that is used more than a percentage.
fn fuller_than(limit: u8, sources: &Sources) -> AlertTest {
    let claim = claim(sources);
    let labels = [("persistentvolumeclaim", claim.as_str())];
    let free = 10.0 * (100.0 - f64::from(limit));
    AlertTest::value(limit.saturating_add(1))
        .given(
            &kubelet::VOLUME_AVAILABLE,
            &labels,
            Samples::Gauge {
                healthy: 900.0,
                tolerated: free + 1.0,
                firing: free - 10.0,
            },
        )
        .given(&kubelet::VOLUME_CAPACITY, &labels, Samples::Constant(1000.0))
        .label("persistentvolumeclaim", claim.clone())
}

/// Asks the brokers, and not the disk: the container of a broker whose volume is full does not run.
const LARGEST: (&str, &str) = (
    "Which partitions use the space? Each line has the bytes, the broker and the partition. A broker that does not run is \
        missing; the others have replicas of the same partitions.",
    "{run} kafka-log-dirs --bootstrap-server {bootstrap} --describe | grep '^{' | jq -r '.brokers[] | .broker as $id | \
        .logDirs[].partitions[] | \"\\(.size) \\($id) \\(.partition)\"' | sort -rn | head -15",
);

const FREE_SPACE: &str = "Quick fix: reduce the retention of the largest topic, `kafka-configs --bootstrap-server \
    {bootstrap} --alter --entity-type topics --entity-name TOPIC --add-config retention.ms=…`; old segments are deleted \
    within minutes. Change a declared topic in the stack too: the next run of its topics Job restores what the stack \
    declares. Permanent fix: larger volumes. Expand each of the existing claims first (`kubectl -n {ns} edit pvc NAME`), because a \
    StatefulSet's claim template cannot be changed: delete the StatefulSet with `--cascade=orphan`, so that its pods keep \
    running, and apply the stack with the new size. The alert resolves below the threshold.";

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaDiskUsageHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "A Kafka volume is nearly full. A broker stops when its volume is full.",
        description: "Volume {{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} is {{ $value | printf \"%.0f\" }} % full.",
        threshold: |_, sources| {
            format!(
                "{} %, set with `Monitoring::disk_usage_threshold`. The rest must last until the volume is expanded.",
                sources.thresholds.disk_usage
            )
        },
        expression: |_, sources| {
            let used = sources.series(&record::VOLUME_USED, &[])?;
            Some(format!("100 * {used} > {}", sources.thresholds.disk_usage))
        },
        page: Page {
            meaning: "The volumes of the cluster are {claims}. When a volume is full, Kafka cannot write to its only \
                log directory and stops. Replicas on other brokers continue, but their volumes fill up in the same \
                way.",
            causes: &[
                "Producers write more than the volumes were sized for.",
                "A topic keeps too much data: long retention, or compaction has stopped (KafkaLogCleanerDead).",
                "Replicas are spread unevenly over the brokers.",
            ],
            steps: &[
                LARGEST,
                (
                    "What is the retention of each topic?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --topics-with-overrides",
                ),
                (
                    "Can the volumes be expanded?",
                    "kubectl get storageclass -o custom-columns=NAME:.metadata.name,GROWS:.allowVolumeExpansion",
                ),
            ],
            fix: FREE_SPACE,
            avoid: &[
                "Do not delete files in /var/lib/kafka/data by hand: a missing segment makes the log directory fail.",
                "Do not reduce the retention of a topic without asking its owner: deleted data cannot be restored.",
                "Do not change only the size in the stack: `kubectl apply` rejects the StatefulSet.",
            ],
        },
        test: |_, sources| {
            fuller_than(sources.thresholds.disk_usage, sources)
                // A volume that does not belong to the cluster.
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
        },
    },
    AlertRow {
        name: "KafkaDiskAlmostFull",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "A Kafka volume is almost full. A broker stops when its volume is full.",
        description: "Volume {{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} is {{ $value | printf \"%.0f\" }} % full.",
        threshold: |_, sources| format!("{} %.", critical(sources)),
        expression: |_, sources| {
            let used = sources.series(&record::VOLUME_USED, &[])?;
            Some(format!("100 * {used} > {}", critical(sources)))
        },
        page: Page {
            meaning: "The volumes of the cluster are {claims}. This one is full soon: then the broker stops, and does \
                not start again before there is space. The volumes of the other brokers usually follow.",
            causes: &[
                "KafkaDiskUsageHigh was not acted on.",
                "A client writes far more than before.",
                "A broker receives replicas after a partition reassignment.",
            ],
            steps: &[LARGEST, texts::REASSIGNMENT_STEP],
            fix: FREE_SPACE,
            avoid: &[
                "Do not delete files in /var/lib/kafka/data by hand: a missing segment makes the log directory fail.",
            ],
        },
        test: |_, sources| fuller_than(critical(sources), sources),
    },
    AlertRow {
        name: "KafkaLogDirectoryFailed",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: "A log directory of a Kafka broker failed: its replicas are offline.",
        description: "{{ $value }} log directories of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} failed.",
        threshold: |_, _| "No failed log directories: one stays offline until the broker restarts.".to_owned(),
        expression: |_, sources| {
            let failed = sources.series(&broker::OFFLINE_LOG_DIRECTORIES, &[])?;
            Some(format!("max by ({BY}, pod) ({failed}) > 0"))
        },
        page: Page {
            meaning: "The broker runs on with its other log directories. Its replicas in the failed one are offline: {copies} \
                of their partitions is missing. With one log directory the broker stops instead.",
            causes: &[
                "The disk is broken, or its file system became read-only.",
                "A file of a log was deleted or damaged.",
                "The volume was full: see KafkaDiskAlmostFull.",
            ],
            steps: &[
                (
                    "Which directory, and why? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=2h | grep -iE 'log dir|IOException|offline' | tail -40",
                ),
                (
                    "Can it be written?",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'df -h /var/lib/kafka/*; mount | grep /var/lib/kafka'",
                ),
            ],
            fix: "Repair or replace the disk, then restart the broker: it reads the directory again, and copies from the leaders \
                what is missing. The alert resolves when no directory is offline.",
            avoid: &["Do not delete the directory's files before all partitions have another replica in sync."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &broker::OFFLINE_LOG_DIRECTORIES,
                    &[("pod", "kafka-0")],
                    Samples::gauge(0.0, 1.0),
                )
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaDiskFullSoon",
        severity: AlertSeverity::Warning,
        for_duration: minutes(30),
        summary: "A Kafka volume will be full soon at its current growth.",
        description: "At the growth of the last six hours, which goes on, volume {{ $labels.persistentvolumeclaim }} in {{ \
            $labels.namespace }} will be full soon.",
        threshold: |_, sources| {
            format!(
                "Full within {}, set with `Monitoring::disk_full_within`, already more than half full, and in the last hour fuller \
                    than at any time in the day before.",
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
            let used = sources.series(&record::VOLUME_USED, &[])?;
            let claim = "cluster, namespace, persistentvolumeclaim";
            let trend = sources.in_kubernetes(format!("{BY_CLAIM} (predict_linear({available}[6h], {seconds}))"));
            // Retention follows the load of a day: what grows in the morning was that full yesterday. So was a volume that was
            // lost and is filled again. And when the growth is over, the hour before has been as full. The fullest of the hour,
            // because deleted segments make the space go up and down.
            Some(format!(
                "{trend} < 0\nand on ({claim}) {used} > 0.5\n\
                 unless on ({claim}) max_over_time({used}[1d] offset 1h) >= max_over_time({used}[1h])\n"
            ))
        },
        page: Page {
            meaning: "The trend of the free space over the last six hours reaches 0 within the limit, and the volume is fuller than \
                at any time of the last day. The volumes of the cluster are {claims}. A broker stops when its volume is full.",
            causes: &[
                "A new topic fills up to its retention: then the growth stops by itself.",
                "A client produces far more than before.",
                "A broker receives replicas after a partition reassignment.",
            ],
            steps: &[LARGEST, texts::REASSIGNMENT_STEP],
            fix: "Stop the client, reduce the retention, or expand the volumes, as described in KafkaDiskUsageHigh. \
                The alert resolves an hour after the growth has ended, or when the trend no longer reaches 0.",
            avoid: &["Do not delete files in /var/lib/kafka/data by hand."],
        },
        test: |_, sources| {
            let claim = claim(sources);
            #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
            let within = sources.thresholds.disk_full_within.as_seconds() as f64 / 60.0;
            // One step among twelve samples must be enough: it contributes 11/286 of its height to the slope of the
            // regression line.
            let firing = -(1_000_000.0_f64 * 286.0 / 11.0 / within).ceil() - 1000.0;
            AlertTest::value("")
                // More than half full all the time.
                .given(
                    &kubelet::VOLUME_CAPACITY,
                    &[("persistentvolumeclaim", &claim)],
                    Samples::Constant(10_000_000.0),
                )
                .given(
                    &kubelet::VOLUME_AVAILABLE,
                    &[("persistentvolumeclaim", &claim)],
                    Samples::Counter {
                        from: 1_000_000.0,
                        healthy: 0.0,
                        tolerated: -(500_000.0 / within).floor(),
                        firing,
                    },
                )
                .label("persistentvolumeclaim", claim)
                .late(minutes(0), minutes(61))
        },
    },
    AlertRow {
        name: "KafkaLogCleanerDead",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker has stopped compacting its logs: log cleaner threads are dead.",
        description: "{{ $value }} log cleaner threads of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} are dead.",
        threshold: |_, _| "No dead threads: a dead thread stays dead until the broker restarts.".to_owned(),
        expression: |_, sources| {
            let dead = sources.series(&broker::DEAD_CLEANERS, &[])?;
            Some(format!("max by ({BY}, pod) ({dead}) > 0"))
        },
        page: Page {
            meaning: "Compacted topics on this broker, including `__consumer_offsets`, grow without limit: the \
                volume fills up, and loading them after a restart takes long.",
            causes: &[
                "A record that it cannot read, for example in a corrupt segment.",
                "A bug in Kafka.",
            ],
            steps: &[
                (
                    "What killed the thread? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=24h | grep -iE 'cleaner' | grep -iE 'error|exception' | tail -20",
                ),
                (
                    "Which partitions does it skip?",
                    "kubectl -n {ns} logs POD -c kafka --since=24h | grep -i uncleanable | tail",
                ),
            ],
            fix: "Restart the broker if no other broker is down: `kubectl -n {ns} delete pod POD`. It is fixed when \
                the thread stays alive. If it dies again, the log names the partition whose replica must be rebuilt.",
            avoid: &[
                "Do not disable compaction for the topic: old values are then kept, or everything is deleted by \
                age.",
            ],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(&broker::DEAD_CLEANERS, &[("pod", "kafka-0")], Samples::gauge(0.0, 1.0))
                .label("pod", "kafka-0")
        },
    },
];
