//! Of the cluster as a whole: brokers, partitions, replicas, elections.

use crate::{
    kafka::KafkaHandle,
    metrics::{broker, controller, exporter},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

/// Nothing where there is one broker: no replica can fall behind, and no leader move.
pub(super) fn several_brokers(kafka: &KafkaHandle) -> Option<u32> {
    kafka.brokers().filter(|brokers| *brokers > 1)
}

/// How often a partition changed its leader within five minutes, on average.
pub(crate) fn leader_changes(sources: &Sources) -> Option<String> {
    let leader = sources.series(&exporter::LEADER, &[])?;
    Some(format!("avg by ({BY}) (changes({leader}[5m]))"))
}

/// Three partitions, of which one has a leader that comes and goes.
pub(crate) fn flapping_leader() -> AlertTest {
    let leader = |partition| [("topic", "a-topic"), ("partition", partition)];
    AlertTest::value("666.7m")
        .given(&exporter::LEADER, &leader("0"), Samples::Constant(0.0))
        .given(&exporter::LEADER, &leader("1"), Samples::Constant(1.0))
        .given(&exporter::LEADER, &leader("2"), Samples::Flapping)
        .late(minutes(0), minutes(6))
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaBrokerDown",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka has fewer brokers than are declared.",
        description: "{{ $value }} brokers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are there; 0 also if the \
            exporter that counts them is gone.",
        threshold: |kafka, _| {
            format!(
                "{} brokers are declared. A restart takes less than five minutes.",
                kafka.brokers().unwrap_or_default()
            )
        },
        // The exporter ends when it finds no broker at all, so its absence counts as none.
        expression: |kafka, sources| {
            let brokers = sources.series(&exporter::BROKERS, &[])?;
            let declared = kafka.brokers()?;
            Some(format!(
                "(max by ({BY}) ({brokers}) or 0 * absent({brokers})) < {declared}"
            ))
        },
        page: Page {
            meaning: "Of {brokers} declared brokers at least one has been away for five minutes. {loss}",
            causes: &[
                "The pod cannot be scheduled or its node is gone: no room, a drained node, a volume in another zone.",
                "The process ends again and again: out of memory, a full volume, a setting that Kafka refuses.",
                "The pod runs and is not registered: it recovers its logs after a crash, which takes minutes for large ones, \
                 or cannot reach the controllers.",
                "All brokers run and the exporter is gone: then the alert says 0, and KafkaMetricsAbsent fires as well.",
            ],
            steps: &[
                (
                    "Which pod is it, and why does it not run?",
                    "kubectl -n {ns} get pods -l {pods} -o wide\nkubectl -n {ns} get events --sort-by=.lastTimestamp | tail -30",
                ),
                (
                    "What did it say last? `POD` is the one that is not ready.",
                    "kubectl -n {ns} logs POD -c kafka --tail=100\nkubectl -n {ns} logs POD -c kafka --previous --tail=100",
                ),
                (
                    "Which brokers does the cluster know? Any running broker answers.",
                    "{run} kafka-broker-api-versions --bootstrap-server {bootstrap} | grep -c 'id: '",
                ),
            ],
            over: "Mend what the events or the log name; a pod that can run is started again by Kubernetes. It is over when \
                `kafka_brokers` is {brokers} again, and in full when no partition is under-replicated.",
            avoid: &[
                "Do not delete the volume of a broker to get it started: with it goes {copies} of what it held.",
                "Do not restart the other brokers meanwhile: each takes further copies away.",
            ],
        },
        test: |kafka, _| {
            let declared = f64::from(kafka.brokers().unwrap_or_default());
            AlertTest::value(declared - 1.0).given(
                &exporter::BROKERS,
                &[],
                Samples::Gauge {
                    good: declared,
                    nearly: declared,
                    bad: declared - 1.0,
                },
            )
        },
    },
    AlertRow {
        name: "KafkaOfflinePartitions",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka partitions have no leader: nobody can write to them or read from them.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} have no leader.",
        threshold: |_, _| "None may be offline. An election takes seconds.".to_owned(),
        // Every controller reports the whole cluster, so a sum would count partitions several times.
        expression: |_, sources| {
            let offline = sources.series(&controller::OFFLINE_PARTITIONS, &[])?;
            Some(format!("max by ({BY}) ({offline}) > 0"))
        },
        page: Page {
            meaning: "Every broker that holds an in-sync copy of these partitions is away. Clients of them get errors or wait; \
                nothing that was acknowledged is lost as long as the volumes are there.",
            causes: &[
                "Several brokers are away at once: see KafkaBrokerDown.",
                "A topic with a single copy, made by hand or by an application, lived on the broker that is away.",
                "The last in-sync copy was on a broker that is away, while the others had fallen behind.",
            ],
            steps: &[
                (
                    "Which partitions, and on which brokers are their copies?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --unavailable-partitions",
                ),
                ("Which broker is away?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                ("Why?", "kubectl -n {ns} logs POD -c kafka --previous --tail=100"),
            ],
            over: "Bring the brokers back that are listed as `Isr` of those partitions: each becomes leader as soon as it is \
                there. It is over when the first command lists nothing.",
            avoid: &[
                "Do not elect a leader from outside the ISR (`kafka-leader-election --election-type unclean`) before the owners \
                 of the data agree: acknowledged records are lost for good.",
                "Do not delete and create the topic again: that loses all of it.",
            ],
        },
        test: |_, _| {
            AlertTest::value(4)
                .given(
                    &controller::OFFLINE_PARTITIONS,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 4.0,
                    },
                )
                .given(
                    &controller::OFFLINE_PARTITIONS,
                    &[("pod", "kafka-1")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 4.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaUnderMinIsrPartitions",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka partitions have fewer replicas in sync than writes need.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} refuse writes with acks=all.",
        threshold: |kafka, _| {
            format!(
                "None may stay so: below {} replicas in sync, producers with acks=all get errors.",
                kafka.replication().min_in_sync_replicas
            )
        },
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let under = sources.series(&broker::UNDER_MIN_ISR, &[])?;
            Some(format!("sum by ({BY}) ({under}) > 0"))
        },
        page: Page {
            meaning: "These partitions have fewer than `min.insync.replicas` ({insync} unless the topic says otherwise) copies \
                in sync. Reading goes on. Producers with `acks=all` get `NotEnoughReplicas` and retry until their \
                `delivery.timeout.ms`, two minutes as a rule: then they lose what they hold.",
            causes: &[
                "Two or more brokers are away: see KafkaBrokerDown.",
                "One broker is away and another one does not keep up: see KafkaISRShrink.",
                "A topic whose `min.insync.replicas` is its number of copies: one restart is enough.",
            ],
            steps: &[
                (
                    "Which partitions?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-min-isr-partitions",
                ),
                (
                    "Which brokers are missing in `Isr`, and do their pods run?",
                    "kubectl -n {ns} get pods -l {pods} -o wide",
                ),
                (
                    "Do topics ask for too much?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --at-min-isr-partitions",
                ),
            ],
            over: "Bring the missing brokers back and let them catch up. It is over when the first command lists nothing.",
            avoid: &[
                "Do not lower `min.insync.replicas` to make the errors stop: records are then acknowledged that one more failure \
                 loses.",
            ],
        },
        test: |_, _| {
            AlertTest::value(5)
                .given(
                    &broker::UNDER_MIN_ISR,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 2.0,
                    },
                )
                .given(
                    &broker::UNDER_MIN_ISR,
                    &[("pod", "kafka-1")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 3.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaUncleanLeaderElection",
        severity: AlertSeverity::Critical,
        for_duration: minutes(0),
        summary: "A Kafka partition got a leader from outside the in-sync replicas: acknowledged records may be lost.",
        description: "{{ $value | printf \"%.0f\" }} unclean elections of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} within ten minutes.",
        threshold: |_, _| "None, ever: each may have lost acknowledged records.".to_owned(),
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let unclean = sources.series(&controller::UNCLEAN_ELECTIONS, &[])?;
            // With KRaft each controller counts those of the whole cluster.
            Some(format!("max by ({BY}) (increase({unclean}[10m])) > 0"))
        },
        page: Page {
            meaning: "A copy that lacked records became leader. What it lacked is gone from the topic, although producers were \
                told that it was written. Consumers may have read records that no longer exist.",
            causes: &[
                "Someone ran `kafka-leader-election` with the type `unclean`.",
                "A topic has `unclean.leader.election.enable=true`; this stack sets it nowhere.",
            ],
            steps: &[
                (
                    "Which partitions? The controllers name each.",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=1h --prefix | grep -i unclean",
                ),
                (
                    "Does a topic allow it?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep unclean",
                ),
                (
                    "What do the partitions hold now?",
                    "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic TOPIC",
                ),
            ],
            over: "It cannot be undone. Tell the owners of the topics from when on records may be missing, so that they produce \
                them again, and close the way by which it came. The alert ends ten minutes after the last one.",
            avoid: &["Do not delete the volume of the old leader: it may hold the only copy of what is missing."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &controller::UNCLEAN_ELECTIONS,
                    &[("pod", "kafka-0")],
                    Samples::Counter {
                        from: 0.0,
                        good: 0.0,
                        nearly: 0.0,
                        bad: 1.0,
                    },
                )
                .late(minutes(0), minutes(11))
        },
    },
    AlertRow {
        name: "KafkaUnderReplicatedPartitions",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Kafka partitions have fewer replicas in sync than assigned.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are under-replicated.",
        threshold: |_, _| "None may stay so. A restarted broker catches up within ten minutes.".to_owned(),
        // Each partition is reported by its leader only.
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let under = sources.series(&broker::UNDER_REPLICATED, &[])?;
            Some(format!("sum by ({BY}) ({under}) > 0"))
        },
        page: Page {
            meaning: "These partitions have fewer copies in sync than they should have. Clients notice nothing \
                yet: writes stop only below {insync}.",
            causes: &[
                "A broker is away: see KafkaBrokerDown. Then every partition with a copy on it is listed.",
                "A broker came back and still copies what it missed.",
                "A broker does not keep up: its disk or network is slow, or its fetchers stopped (KafkaReplicationStopped).",
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
            avoid: &[
                "Do not restart brokers while partitions are under-replicated: the next one may take the last copies away.",
                "Do not start a reassignment to mend it: it adds to what has to be copied.",
            ],
        },
        test: |_, _| {
            AlertTest::value(9)
                .given(
                    &broker::UNDER_REPLICATED,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 4.0,
                    },
                )
                .given(
                    &broker::UNDER_REPLICATED,
                    &[("pod", "kafka-1")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 5.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaISRShrink",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Kafka replicas fall out of sync again and again.",
        description: "Leaders on {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} took replicas \
            out of the ISR {{ $value | humanize }} times a second.",
        threshold: |_, _| "Any that goes on for ten minutes; after a restart it is over in five.".to_owned(),
        // Only what a leader does itself: of a broker that is gone, the controller shrinks the ISR, and KafkaBrokerDown
        // tells. What is left are followers that are there and do not keep up.
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let shrinks = sources.series(&broker::ISR_SHRINKS, &[])?;
            Some(format!("sum by ({BY}, pod) (rate({shrinks}[5m])) > 0"))
        },
        page: Page {
            meaning: "Followers are there and do not keep up with leaders on the named broker: they leave the ISR after 30 s \
                without having caught up. Writes go on while {insync} copies are in sync; latency rises, because \
                `acks=all` waits for what is left.",
            causes: &[
                "A slow disk or a node that is short of processor time under a follower.",
                "More traffic than the brokers' network or disks take: see KafkaRequestHandlersBusy.",
                "Long pauses of the garbage collector on a follower.",
            ],
            steps: &[
                (
                    "Which broker is missing in `Isr` again and again?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
                (
                    "What do the leaders say?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=30m --prefix | grep -i 'shrinking isr' | tail -20",
                ),
                (
                    "Is the node or the pod at its limit?",
                    "kubectl -n {ns} top pods -l {pods}\nkubectl top nodes",
                ),
            ],
            over: "Take the load away or give the slow broker what it lacks. It is over when the rate is 0 for five minutes.",
            avoid: &[
                "Do not raise `replica.lag.time.max.ms` to make it quiet: producers then wait that much longer for a follower \
                 that hangs.",
            ],
        },
        test: |_, _| {
            AlertTest::value("50m")
                .given(
                    &broker::ISR_SHRINKS,
                    &[("pod", "kafka-0")],
                    Samples::Counter {
                        from: 0.0,
                        good: 0.0,
                        nearly: 0.0,
                        bad: 3.0,
                    },
                )
                .given(&broker::ISR_SHRINKS, &[("pod", "kafka-1")], Samples::Constant(12.0))
                .label("pod", "kafka-0")
                .late(minutes(0), minutes(6))
        },
    },
    AlertRow {
        name: "KafkaLeaderElectionRateHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "Kafka partitions change their leaders again and again.",
        description: "Each partition of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} changed its leader \
            {{ $value | humanize }} times within five minutes, on average.",
        threshold: |_, _| {
            "Half of one broker's share of the leaders, for fifteen minutes: a rolling restart moves every leader, but ends."
                .to_owned()
        },
        // Counted from the leaders that a client sees: the metric of the elections themselves exists with ZooKeeper only.
        // A broker that crashes every few minutes loses its share of them each time.
        expression: |kafka, sources| {
            let brokers = several_brokers(kafka)?;
            Some(format!("{} > 0.5 / {brokers}", leader_changes(sources)?))
        },
        page: Page {
            meaning: "Leaders move between the {brokers} brokers all the time. Each move is an error and a retry for the \
                clients of the partition, and a short stop.",
            causes: &[
                "A broker starts and ends again and again: see KafkaBrokerRestarts.",
                "A broker loses its session with the controllers: long pauses, or a network that drops packets.",
                "Someone runs a rolling restart that does not end.",
            ],
            steps: &[
                ("Does a pod restart?", "kubectl -n {ns} get pods -l {pods}"),
                (
                    "Which broker do the controllers fence or lose?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=30m --prefix | grep -iE 'fenc|unregister|session' | tail -20",
                ),
                (
                    "How are the leaders spread?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep -o 'Leader: [0-9]*' | sort | uniq -c",
                ),
            ],
            over: "Mend the broker that comes and goes. It is over when the leaders stay for five minutes.",
            avoid: &["Do not run `kafka-leader-election` meanwhile: it moves leaders once more."],
        },
        test: |_, _| flapping_leader(),
    },
    AlertRow {
        name: "KafkaReplicationStopped",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker no longer replicates some partitions after an error.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} gave up {{ $value }} partitions.",
        threshold: |_, _| "None: the broker does not try again by itself.".to_owned(),
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let failed = sources.series(&broker::FAILED_FETCHES, &[])?;
            Some(format!("max by ({BY}, pod) ({failed}) > 0"))
        },
        page: Page {
            meaning: "The named broker stopped fetching these partitions from their leaders, as after a damaged segment. Their \
                copies there stay behind until the broker is restarted: {copies} is of no use.",
            causes: &[
                "A damaged segment or index on its disk.",
                "A defect in Kafka that the log shows with a stack trace.",
            ],
            steps: &[
                (
                    "Which partitions, and why? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=2h | grep -iE 'partition.*(failed|marked as failed)|error' | tail -40",
                ),
                (
                    "Which copies are missing?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
            ],
            over: "If no other broker is away, restart this one: `kubectl -n {ns} delete pod POD`. It is over when the partitions \
                are no longer under-replicated.",
            avoid: &["Do not restart it while other partitions are under-replicated for another reason."],
        },
        test: |_, _| {
            AlertTest::value(2)
                .given(
                    &broker::FAILED_FETCHES,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 2.0,
                    },
                )
                .label("pod", "kafka-0")
        },
    },
];
