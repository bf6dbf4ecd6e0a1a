//! Alerts on the cluster as a whole: brokers, partitions, replicas, elections.

use std::collections::BTreeSet;

use super::texts;
use crate::{
    kafka::{KafkaHandle, Mode, restart_gate::SHUTDOWN},
    metrics::{broker, controller, exporter, jvm, record, target},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, count_of_pods, minutes, sum_of_pods,
    },
    quantity::Duration,
};

/// The number of brokers; `None` if there is only one: then no replica can fall behind, and no leader can move.
pub(super) fn several_brokers(kafka: &KafkaHandle) -> Option<u32> {
    kafka.brokers().filter(|brokers| *brokers > 1)
}

/// How many brokers run: as the active controller counts them; without one, as the exporter sees them; without it, as another controller
/// counts them, which with `KRaft` all know; without any, as many as Prometheus can scrape. None, for as long as the alert fires, when there has been nothing to scrape for hours.
fn running(kafka: &KafkaHandle, sources: &Sources) -> Option<String> {
    let counted = sources.series(&controller::ACTIVE_BROKERS, &[])?;
    let active = sources.series(&controller::ACTIVE_CONTROLLERS, &[])?;
    let seen = sources.series(&exporter::BROKERS, &[])?;
    let pods = sources.series(&target::UP, &[("job", kafka.name()), ("pod", &brokers_pattern(kafka))])?;
    let job = sources.series(&target::UP, &[("job", kafka.name())])?;
    let others = if kafka.mode() == Mode::Kraft {
        format!("or max by ({BY}) ({counted})\n  ")
    } else {
        String::new()
    };
    Some(format!(
        "min by ({BY}) ({counted} and on ({BY}, pod) {active} == 1)\n  \
         or max by ({BY}) ({seen})\n  \
         {others}or {}\n  \
         or 0 * group by ({BY}) (last_over_time({job}[6h]))\n  \
         or 0 * {}",
        count_of_pods(format!("{pods} == 1")),
        sources.while_firing("KafkaBrokerDown"),
    ))
}

/// Matches the pods of brokers.
fn brokers_pattern(kafka: &KafkaHandle) -> String {
    let sets = kafka.nodes().iter().filter(|node| node.broker);
    let sets: BTreeSet<&str> = sets.filter_map(|node| Some(node.pod.rsplit_once('-')?.0)).collect();
    let pods: Vec<String> = sets.iter().map(|set| format!("{set}-[0-9]+")).collect();
    format!("~{}", pods.join("|"))
}

/// How long a broker is away in a restart: as `KafkaBrokerDown` says.
const START: Duration = Duration::from_seconds(300);

/// From the end of a broker's process until the next broker has stopped and runs again. While a gate waits, all brokers
/// run.
const BROKERS_RETURN: Duration = Duration::from_seconds(900);

/// While brokers restart in turn, all of them run from time to time: at least once in this time, or the restarts are not why one is
/// missing.
const COMPLETE: Duration = Duration::from_seconds(1200);

/// From the end of a broker's process until its replicas are in sync and the next broker has stopped: its start, the
/// wait of the gate, and the stop. The next one starts within the alert's `for`.
pub(super) fn replicas_return(kafka: &KafkaHandle) -> Duration {
    let Some(gate) = kafka.restart_gate() else {
        return BROKERS_RETURN;
    };
    let seconds = gate.as_seconds() + START.as_seconds() + SHUTDOWN.as_seconds();
    Duration::from_seconds(seconds.div_ceil(60) * 60).max(BROKERS_RETURN)
}

/// Silences an alert on missing brokers while brokers of the stack restart in turn: see [`unless_restarted`].
pub(super) fn unless_restarting(sources: &Sources) -> String {
    unless_restarted(BROKERS_RETURN, sources)
}

/// The same for an alert on replicas or leaders.
fn unless_replicas_return(kafka: &KafkaHandle, sources: &Sources) -> String {
    unless_restarted(replicas_return(kafka), sources)
}

/// Silences an alert while brokers of the stack restart in turn: while one runs whose process before ended within this time. A
/// restart that takes longer does not silence it, nor does a broker that starts again and again. In a longer time
/// several rolling restarts may have restarted a broker, so it must have restarted only once in a short one. Nor does a restart of one
/// broker silence it while another one is missing for longer: all brokers must have run within this time.
fn unless_restarted(within: Duration, sources: &Sources) -> String {
    let expression = || {
        let started = sources.series(&record::POD_START, &[])?;
        let state = sources.series(&broker::BROKER_STATE, &[])?;
        let restarted = if within == BROKERS_RETURN {
            format!("changes({started}[{within}]) == 1")
        } else {
            format!("changes({started}[{within}]) > 0 and changes({started}[{BROKERS_RETURN}]) < 2")
        };
        let running = sources.series(&controller::ACTIVE_BROKERS, &[])?;
        let (declared, complete) = (sources.brokers?, within.max(COMPLETE));
        Some(format!(
            "\nunless on ({BY}) (\n  ({restarted} and on ({BY}, pod) {state} == 3)\n  \
             and on ({BY}) max by ({BY}) (max_over_time({running}[{complete}])) >= {declared}\n)"
        ))
    };
    expression().unwrap_or_default()
}

/// The threshold of an alert on replicas or leaders, with how long it is silent after a restart.
fn with_restarts(kafka: &KafkaHandle, threshold: &str) -> String {
    let minutes = replicas_return(kafka).as_seconds() / 60;
    format!(
        "{threshold} It is silent until {minutes} minutes after the stop of a broker: as long as a rolling restart may take to go on \
         to the next one."
    )
}

/// A test with `value`, in which what is tolerated is seen while `kafka-0` restarts: see [`unless_restarting`].
pub(super) fn tolerated_while_restarting(kafka: &KafkaHandle, value: u32) -> AlertTest {
    let pod = ("pod", "kafka-0");
    AlertTest::value(value)
        .given(
            &jvm::START_TIME,
            &[("job", kafka.name()), pod],
            Samples::Gauge {
                healthy: 1000.0,
                tolerated: 2000.0,
                firing: 1000.0,
            },
        )
        .given(&broker::BROKER_STATE, &[pod], Samples::Constant(3.0))
        .given(
            &controller::ACTIVE_BROKERS,
            &[pod],
            Samples::Constant(f64::from(kafka.brokers().unwrap_or_default())),
        )
}

/// The share of partitions that may be led by another than their preferred replica: one broker that leads nothing must be seen, however
/// many there are. In thousandths, so that it is short.
fn elsewhere(kafka: &KafkaHandle) -> f64 {
    let brokers = f64::from(kafka.brokers().unwrap_or(1).max(1));
    (500.0 / brokers).floor().min(100.0) / 1000.0
}

/// How many leaders the brokers gained or lost within five minutes: each move counts on both sides. The brokers count their
/// leaders themselves, so that no series of each partition is needed.
fn leaders_moved(sources: &Sources) -> Option<String> {
    let leaders = sources.series(&broker::LEADERS, &[])?;
    Some(sum_of_pods(format!(
        "max_over_time({leaders}[5m]) - min_over_time({leaders}[5m])"
    )))
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaBrokerDown",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Kafka has fewer running brokers than declared.",
        description: "{{ $labels.kafka_cluster }} in {{ $labels.namespace }} has {{ $value }} running brokers. 0 also \
            means that Prometheus can scrape none of its pods.",
        threshold: |kafka, _| {
            format!(
                "{} brokers are declared. A restart takes less than five minutes.",
                kafka.brokers().unwrap_or_default()
            )
        },
        // One series, whoever counts: a change of the source must not restart `for`.
        expression: |kafka, sources| {
            let declared = kafka.brokers()?;
            let running = running(kafka, sources)?;
            Some(format!("(\n  {running}\n) < {declared}{}", unless_restarting(sources)))
        },
        page: Page {
            meaning: "At least one of {brokers} declared brokers has been down for five minutes. {loss}",
            causes: &[
                "The pod cannot be scheduled, or its node is down: not enough resources, a drained node, a volume in \
                    another zone.",
                "The process crashes repeatedly: out of memory, a full volume, an invalid setting.",
                "The pod runs, but the broker is not registered: it recovers its logs after a crash, which takes \
                    minutes for large logs, or it cannot reach the controllers.",
                "The node of the pod is dead: then the pod stays `Terminating`, and Kubernetes does not start it \
                    elsewhere.",
                "Prometheus cannot scrape any pod, and the exporter is down too: then the value is 0 although brokers \
                    may run.",
            ],
            steps: &[
                (
                    "Which pod is down, and why?",
                    "kubectl -n {ns} get pods -l {pods} -o wide\nkubectl -n {ns} get events --sort-by=.lastTimestamp | tail -30",
                ),
                (
                    "What are its last log lines? Replace `POD` with the pod that is not ready.",
                    "kubectl -n {ns} logs POD -c kafka --tail=100\nkubectl -n {ns} logs POD -c kafka --previous --tail=100",
                ),
                (
                    "How many brokers are registered? Any running broker can answer.",
                    "{run} kafka-broker-api-versions --bootstrap-server {bootstrap} | grep -c 'id: '",
                ),
            ],
            fix: "Fix the cause that the events or the log show; Kubernetes restarts the pod by itself. The alert \
                resolves when {brokers} brokers run again. Then wait until no partition is under-replicated. \
                If the node is dead and the pod stays `Terminating`, first make sure that the node is off or can no longer \
                reach its volume: two brokers that write to one volume destroy it. Then `kubectl taint nodes NODE \
                node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`; the pod starts on another node once the volume is \
                detached. Remove the taint when the node is back. \
                If the volume itself is lost, the controllers have a leader and all partitions have another replica in \
                `Isr`, delete its claim and the pod: the broker starts with an empty volume and \
                copies everything from the other brokers.",
            avoid: &[
                "Do not delete a volume that can still be read to get a broker started: that deletes {copies} of its data.",
                "Do not restart other brokers meanwhile: each restart makes more replicas unavailable.",
            ],
        },
        test: |kafka, _| {
            let declared = f64::from(kafka.brokers().unwrap_or_default());
            AlertTest::value(declared - 1.0)
                .given(
                    &controller::ACTIVE_BROKERS,
                    &[("pod", "kafka-0")],
                    Samples::gauge(declared, declared - 1.0),
                )
                .given(
                    &controller::ACTIVE_CONTROLLERS,
                    &[("pod", "kafka-0")],
                    Samples::Constant(1.0),
                )
        },
    },
    AlertRow {
        name: "KafkaOfflinePartitions",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: texts::OFFLINE_SUMMARY,
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} have no leader.",
        threshold: |_, _| texts::OFFLINE_THRESHOLD.to_owned(),
        // Every controller reports the whole cluster, so a sum would count partitions several times.
        expression: |_, sources| {
            let offline = sources.series(&controller::OFFLINE_PARTITIONS, &[])?;
            Some(format!("max by ({BY}) ({offline}) > 0"))
        },
        page: Page {
            meaning: "All brokers with an in-sync replica of these partitions are down. Clients of the partitions \
                get errors or wait. No acknowledged record is lost as long as the volumes exist.",
            causes: &[
                "Several brokers are down at once: see KafkaBrokerDown.",
                "A topic with replication factor 1, created by hand or by an application, was on the broker that is \
                    down.",
                "The last in-sync replica was on a broker that is down, and the other replicas were out of sync.",
            ],
            steps: &[
                texts::WHICH_PARTITIONS_ARE_OFFLINE,
                ("Which broker is down?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                ("Why?", "kubectl -n {ns} logs POD -c kafka --previous --tail=100"),
            ],
            fix: "Start the brokers that are listed under `Isr` for these partitions: they become leaders as soon \
                as they run. If `Isr` is empty, which is possible from Kafka 4.1 on, start those under `Elr` (eligible: they \
                have all acknowledged records), and if that is empty too, the one under `LastKnownElr`. The alert resolves \
                when the first command lists nothing.",
            avoid: texts::DO_NOT_LOSE_RECORDS,
        },
        test: |_, _| {
            AlertTest::value(4)
                .given(
                    &controller::OFFLINE_PARTITIONS,
                    &[("pod", "kafka-0")],
                    Samples::gauge(0.0, 4.0),
                )
                .given(
                    &controller::OFFLINE_PARTITIONS,
                    &[("pod", "kafka-1")],
                    Samples::gauge(0.0, 4.0),
                )
        },
    },
    AlertRow {
        name: "KafkaUnderMinIsrPartitions",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: "Kafka partitions are below min.insync.replicas: writes with acks=all fail.",
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} reject \
            writes with acks=all.",
        threshold: |kafka, _| {
            format!(
                "No partitions below min.insync.replicas. With fewer than {} in-sync replicas, producers with \
                    acks=all get errors.",
                kafka.replication().min_in_sync_replicas
            )
        },
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let under = sources.series(&broker::UNDER_MIN_ISR, &[])?;
            Some(format!("{} > 0", sum_of_pods(under)))
        },
        page: Page {
            meaning: "These partitions have fewer in-sync replicas than `min.insync.replicas` ({insync}, unless the \
                topic sets another value). Consumers can still read. Producers with `acks=all` get \
                `NotEnoughReplicas` and retry until `delivery.timeout.ms`, two minutes by default. Then the records \
                in their buffers are lost.",
            causes: &[
                "Two or more brokers are down: see KafkaBrokerDown.",
                "One broker is down and another one cannot keep up: see KafkaISRShrink.",
                "A topic with `min.insync.replicas` equal to its replication factor: one restart is enough.",
            ],
            steps: &[
                (
                    "Which partitions?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-min-isr-partitions",
                ),
                (
                    "Which brokers are missing from `Isr`, and do their pods run?",
                    "kubectl -n {ns} get pods -l {pods} -o wide",
                ),
                (
                    "Do topics set a `min.insync.replicas` that is too high?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --at-min-isr-partitions",
                ),
            ],
            fix: "Start the missing brokers and let them catch up. The alert resolves when the first command lists \
                nothing.",
            avoid: &[
                "Do not lower `min.insync.replicas` to stop the errors: Kafka then acknowledges records that one \
                    more failure can lose.",
            ],
        },
        test: |_, _| {
            AlertTest::value(5)
                .given(&broker::UNDER_MIN_ISR, &[("pod", "kafka-0")], Samples::gauge(0.0, 2.0))
                .given(&broker::UNDER_MIN_ISR, &[("pod", "kafka-1")], Samples::gauge(0.0, 3.0))
        },
    },
    AlertRow {
        name: "KafkaUncleanLeaderElection",
        severity: AlertSeverity::Critical,
        for_duration: minutes(0),
        summary: "Unclean leader election in Kafka: acknowledged records may be lost.",
        description: "{{ $labels.kafka_cluster }} in {{ $labels.namespace }} had {{ $value | printf \"%.0f\" }} \
            unclean leader elections within ten minutes.",
        threshold: |_, _| "No unclean elections: each one may have lost acknowledged records.".to_owned(),
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let unclean = sources.series(&controller::UNCLEAN_ELECTIONS, &[])?;
            // With KRaft each controller counts the elections of the whole cluster. One that has just started counts from
            // 0, and may have more when it is first scraped.
            let fresh = sources.series(&record::POD_START, &[]).map(|started| {
                format!("\nor max by ({BY}) ({unclean} and on ({BY}, pod) time() - {started} < 600) > 0")
            });
            Some(format!(
                "max by ({BY}) (increase({unclean}[10m])) > 0{}",
                fresh.unwrap_or_default()
            ))
        },
        page: Page {
            meaning: "A replica that was not in sync became leader. The records that it lacked are gone from the \
                topic, although producers got an acknowledgement. Consumers may have read records that no longer \
                exist.",
            causes: &[
                "Someone ran `kafka-leader-election --election-type unclean`.",
                "A topic has `unclean.leader.election.enable=true`. This stack does not set it.",
            ],
            steps: &[
                (
                    "Which partitions? The controllers log each one.",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=1h --prefix | grep -i unclean",
                ),
                (
                    "Does a topic allow it?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep unclean",
                ),
                (
                    "Which records do the partitions have now?",
                    "{run} kafka-get-offsets --bootstrap-server {bootstrap} --topic TOPIC",
                ),
            ],
            fix: "The loss cannot be undone. Tell the owners of the topics since when records may be missing, so \
                that they can produce them again, and remove the cause. The alert resolves one hour after the \
                last unclean election.",
            avoid: &["Do not delete the volume of the old leader: it may have the only copy of the missing records."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &controller::UNCLEAN_ELECTIONS,
                    &[("pod", "kafka-0")],
                    Samples::growth(1.0),
                )
                .late(minutes(0), minutes(11))
        },
    },
    AlertRow {
        name: "KafkaUnderReplicatedPartitions",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: texts::UNDER_REPLICATED_SUMMARY,
        description: "{{ $value }} partitions of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are under-replicated.",
        threshold: |kafka, _| with_restarts(kafka, texts::UNDER_REPLICATED_THRESHOLD),
        // Each partition is reported by its leader only.
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let under = sources.series(&broker::UNDER_REPLICATED, &[])?;
            let restarts = unless_replicas_return(kafka, sources);
            Some(format!("{} > 0{restarts}", sum_of_pods(under)))
        },
        page: Page {
            meaning: "These partitions have fewer in-sync replicas than their replication factor. Clients are not \
                affected yet: writes with `acks=all` fail only below {insync} in-sync replicas.",
            causes: &[
                "A broker is down: see KafkaBrokerDown. Then all partitions with a replica on it are listed.",
                "A broker was restarted and is still catching up.",
                "A broker cannot keep up: its disk or network is slow, or its replica fetchers stopped \
                    (KafkaReplicationStopped).",
                texts::REASSIGNMENT_CAUSE,
            ],
            steps: texts::UNDER_REPLICATED_STEPS,
            fix: texts::UNDER_REPLICATED_FIX,
            avoid: &[
                "Do not restart brokers while partitions are under-replicated: the next restart may make the last \
                    in-sync replicas unavailable.",
                texts::DO_NOT_REASSIGN,
            ],
        },
        test: |kafka, _| {
            let pod = ("pod", "kafka-0");
            tolerated_while_restarting(kafka, 9)
                .given(
                    &broker::UNDER_REPLICATED,
                    &[pod],
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: 4.0,
                        firing: 4.0,
                    },
                )
                .given(
                    &broker::UNDER_REPLICATED,
                    &[("pod", "kafka-1")],
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: 5.0,
                        firing: 5.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaISRShrink",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Kafka replicas repeatedly fall out of sync: the ISR shrinks.",
        description: "Leaders on {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} removed \
            replicas from the ISR {{ $value | humanize }} times per second.",
        threshold: |_, _| "ISR shrinks for ten minutes. After a restart they stop within five minutes.".to_owned(),
        // This counts only shrinks by a leader. If a broker is down, the controller shrinks the ISR, and
        // KafkaBrokerDown fires. What remains are followers that run but do not keep up.
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let shrinks = sources.series(&broker::ISR_SHRINKS, &[])?;
            Some(format!("max by ({BY}, pod) (rate({shrinks}[5m])) > 0"))
        },
        page: Page {
            meaning: "Followers run but cannot keep up with the leaders on this broker: they leave the ISR when they \
                have not caught up for 30 s. Writes continue while {insync} replicas are in sync, but produce \
                latency rises.",
            causes: &[
                "A slow disk or too little CPU on the node of a follower.",
                "More traffic than the brokers' network or disks can handle: see KafkaRequestHandlersBusy.",
                "Long garbage collection pauses on a follower.",
            ],
            steps: &[
                (
                    "Which broker is repeatedly missing from `Isr`?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
                (
                    "What do the leaders say?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=30m --prefix | grep -i 'shrinking isr' | tail -20",
                ),
                (
                    "Is the node or the pod at its CPU or memory limit?",
                    "kubectl -n {ns} top pods -l {pods}\nkubectl top nodes",
                ),
            ],
            fix: "Reduce the load, or give the slow broker more resources. The alert resolves after five minutes \
                without ISR shrinks.",
            avoid: &[
                "Do not raise `replica.lag.time.max.ms` to silence the alert: producers then wait longer for a \
                    follower that hangs.",
            ],
        },
        test: |_, _| {
            AlertTest::value("50m")
                .given(&broker::ISR_SHRINKS, &[("pod", "kafka-0")], Samples::growth(3.0))
                .given(&broker::ISR_SHRINKS, &[("pod", "kafka-1")], Samples::Constant(12.0))
                .label("pod", "kafka-0")
                .late(minutes(0), minutes(6))
        },
    },
    AlertRow {
        name: "KafkaLeaderElectionRateHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: texts::LEADER_CHANGES_SUMMARY,
        description: "The brokers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} gained or lost {{ $value }} \
            leaders within five minutes.",
        threshold: |kafka, _| with_restarts(kafka, texts::LEADER_CHANGES_THRESHOLD),
        // Counted from the leaders of each broker: the metric of elections exists with ZooKeeper only. A broker that
        // crashes every few minutes loses its share of the leaders each time.
        expression: |kafka, sources| {
            let brokers = several_brokers(kafka)?;
            let moved = leaders_moved(sources)?;
            let leaders = sum_of_pods(sources.series(&broker::LEADERS, &[])?);
            let restarts = unless_replicas_return(kafka, sources);
            Some(format!("{moved} > 0.5 / {brokers} * {leaders}{restarts}"))
        },
        page: Page {
            meaning: "Leaders keep moving between the {brokers} brokers. Each move causes errors, retries and a \
                short pause for the clients of the partition.",
            causes: &[
                "A broker restarts repeatedly: see KafkaBrokerRestarts.",
                texts::SESSION_CAUSE,
                texts::ROLLING_RESTART_CAUSE,
            ],
            steps: &[
                ("Does a pod restart?", "kubectl -n {ns} get pods -l {pods}"),
                (
                    "Which broker do the controllers fence or lose contact with?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=30m --prefix | grep -iE 'fenc|unregister|session' | tail -20",
                ),
                ("How many leaders does each broker have?", texts::COUNT_LEADERS),
            ],
            fix: "Fix the broker that restarts or loses its session. The alert resolves after five minutes without \
                leader changes.",
            avoid: texts::DO_NOT_ELECT,
        },
        test: |_, _| {
            // What one broker leads moves to another one and back.
            let leads = |test: AlertTest, pod, samples| test.given(&broker::LEADERS, &[("pod", pod)], samples);
            let test = leads(AlertTest::value(20), "kafka-0", Samples::Constant(10.0));
            let test = leads(test, "kafka-1", Samples::Alternates(10.0, 20.0));
            leads(test, "kafka-2", Samples::Alternates(10.0, 0.0)).late(minutes(0), minutes(5))
        },
    },
    AlertRow {
        name: "KafkaReplicationStopped",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker stopped replicating some partitions after an error.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} stopped \
            replicating {{ $value }} partitions.",
        threshold: |_, _| "No failed partitions: the broker does not retry by itself.".to_owned(),
        expression: |kafka, sources| {
            several_brokers(kafka)?;
            let failed = sources.series(&broker::FAILED_FETCHES, &[])?;
            Some(format!("max by ({BY}, pod) ({failed}) > 0"))
        },
        page: Page {
            meaning: "The broker stopped fetching these partitions from their leaders, for example because of a \
                corrupt segment. Its replicas stay behind until the broker is restarted: {copies} is outdated.",
            causes: &[
                "A corrupt segment or index on its disk.",
                "A bug in Kafka; the log has a stack trace.",
            ],
            steps: &[
                (
                    "Which partitions, and why? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=2h | grep -iE 'partition.*(failed|marked as failed)|error' | tail -40",
                ),
                (
                    "Which copies are missing?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
            ],
            fix: "If no other broker is down, restart this one: `kubectl -n {ns} delete pod POD`. It is fixed when \
                the partitions are no longer under-replicated.",
            avoid: &["Do not restart it while other partitions are under-replicated for another reason."],
        },
        test: |_, _| {
            AlertTest::value(2)
                .given(&broker::FAILED_FETCHES, &[("pod", "kafka-0")], Samples::gauge(0.0, 2.0))
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaLeadersNotPreferred",
        severity: AlertSeverity::Warning,
        for_duration: minutes(60),
        summary: "Kafka partitions are not led by their preferred replicas: some brokers do the work of others.",
        description: "{{ $value | humanizePercentage }} of the partitions of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} are not led by their preferred replica.",
        threshold: |kafka, _| {
            format!(
                "{} % for an hour while all brokers run: at most half of what one broker leads. Kafka moves leaders back every \
                    five minutes, unless `auto.leader.rebalance.enable` is `false`.",
                (1000.0 * elsewhere(kafka)).round() / 10.0
            )
        },
        expression: |kafka, sources| {
            let declared = several_brokers(kafka)?;
            let elsewhere = sources.series(&controller::PREFERRED_REPLICA_IMBALANCE, &[])?;
            let partitions = sources.series(&controller::PARTITIONS, &[])?;
            let brokers = sources.series(&controller::ACTIVE_BROKERS, &[])?;
            Some(format!(
                "max by ({BY}) ({elsewhere}) / max by ({BY}) ({partitions}) > {}\n\
                 and on ({BY}) max by ({BY}) ({brokers}) >= {declared}",
                self::elsewhere(kafka),
            ))
        },
        page: Page {
            meaning: "Leaders are spread unevenly over the {brokers} brokers, so some do more work than planned. No client \
                gets errors.",
            causes: &[
                "The preferred replica is out of sync, so it cannot lead: see KafkaUnderReplicatedPartitions.",
                "`auto.leader.rebalance.enable` is `false`, and a broker was restarted.",
                "The log directory of a preferred replica failed: see KafkaLogDirectoryFailed.",
            ],
            steps: &[
                ("How many leaders does each broker have?", texts::COUNT_LEADERS),
                (
                    "Which replicas are out of sync?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
            ],
            fix: "Once all replicas are in sync: `kafka-leader-election --bootstrap-server {bootstrap} --election-type preferred \
                --all-topic-partitions`. The alert resolves when fewer of the leaders are elsewhere than the threshold.",
            avoid: &["Do not start a partition reassignment for it: only leaders have to move, not data."],
        },
        test: |kafka, _| {
            let pod = [("pod", "kafka-0")];
            AlertTest::value("20%")
                .given(
                    &controller::PREFERRED_REPLICA_IMBALANCE,
                    &pod,
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: (100.0 * elsewhere(kafka)).floor(),
                        firing: 20.0,
                    },
                )
                .given(&controller::PARTITIONS, &pod, Samples::Constant(100.0))
                .given(
                    &controller::ACTIVE_BROKERS,
                    &pod,
                    Samples::Constant(f64::from(kafka.brokers().unwrap_or_default())),
                )
        },
    },
];
