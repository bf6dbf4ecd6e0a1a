//! Alerts on the controllers and their quorum.

use super::cluster::{several_brokers, tolerated_while_restarting, unless_restarting};
use crate::{
    kafka::{KafkaHandle, Mode},
    metrics::{Metric, broker, controller},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, count_of_pods, minutes, sum_of_pods},
};

/// `None` if only one node can be controller.
fn several_candidates(kafka: &KafkaHandle) -> Option<()> {
    match kafka.mode() {
        Mode::Kraft => (kafka.controllers() > 1).then_some(()),
        _ => several_brokers(kafka).map(drop),
    }
}

/// The pods of the nodes that can be the active controller.
pub(super) fn candidates(kafka: &KafkaHandle) -> impl Iterator<Item = &str> {
    let zookeeper = kafka.mode() == Mode::ZooKeeper;
    let nodes = kafka.nodes().iter().filter(move |node| node.controller || zookeeper);
    nodes.map(|node| node.pod.as_str())
}

/// `None` if there is no quorum of several controllers.
fn quorum(kafka: &KafkaHandle) -> Option<()> {
    (kafka.controllers() > 1).then_some(())
}

/// The age of the last metadata record above which a broker or controller has stale metadata: the active controller
/// writes a record twice per second.
const STALE_MILLIS: u32 = 30_000;

fn stale_threshold() -> String {
    format!("{STALE_MILLIS} ms. The active controller writes a metadata record twice per second.")
}

fn stale_test(age: &Metric) -> AlertTest {
    AlertTest::value(60_000)
        .given(
            age,
            &[("pod", "kafka-0")],
            Samples::Gauge {
                healthy: 500.0,
                tolerated: f64::from(STALE_MILLIS),
                firing: 60_000.0,
            },
        )
        .label("pod", "kafka-0")
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaNoActiveController",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "Kafka has no active controller.",
        description: "{{ $labels.kafka_cluster }} in {{ $labels.namespace }} has no active controller.",
        threshold: |_, _| "Exactly one active controller. An election takes seconds.".to_owned(),
        expression: |kafka, sources| {
            let active = sources.series(&controller::ACTIVE_CONTROLLERS, &[])?;
            // One that is not scraped may be the active one. If a majority is lost, the others see no leader.
            let all = candidates(kafka).count();
            let none = format!("{} < 1", sum_of_pods(&active));
            if all == 1 {
                return Some(none);
            }
            Some(format!("{none}\nand {} >= {all}", count_of_pods(&active)))
        },
        page: Page {
            meaning: "The cluster cannot change: no leader is elected when a broker fails, no topic can be created, \
                no ISR shrinks or grows. Clients of healthy partitions continue to work for now.",
            causes: &[
                "The quorum is lost: too few controllers or ZooKeeper servers run to elect one.",
                "They run but cannot reach each other: a network policy, or a node without network.",
                "They are starting: after a restart of all of them, the election waits for a majority.",
            ],
            steps: &[
                ("Do the nodes run?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                (
                    "What do their logs say about elections?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=15m --prefix | grep -iE 'election|leader|controller' | tail -40",
                ),
            ],
            fix: "Start nodes until a majority runs. The alert resolves when one node reports that it is the active \
                controller.",
            avoid: &[
                "Do not format the storage of a controller: as long as its volume exists, no metadata is lost.",
                "Do not restart brokers: without a controller they cannot become leaders again.",
            ],
        },
        test: |kafka, _| {
            let others = candidates(kafka).skip(1);
            let first = candidates(kafka).next().unwrap_or_default();
            let test = AlertTest::value("").given(
                &controller::ACTIVE_CONTROLLERS,
                &[("pod", first)],
                Samples::gauge(1.0, 0.0),
            );
            others.fold(test, |test, pod| {
                test.given(&controller::ACTIVE_CONTROLLERS, &[("pod", pod)], Samples::Constant(0.0))
            })
        },
    },
    AlertRow {
        name: "KafkaSeveralActiveControllers",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "More than one Kafka node claims to be the active controller.",
        description: "{{ $value }} nodes of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} claim to be the \
            active controller.",
        threshold: |_, _| "Exactly one active controller. Two are possible for seconds during a change.".to_owned(),
        expression: |kafka, sources| {
            several_candidates(kafka)?;
            let active = sources.series(&controller::ACTIVE_CONTROLLERS, &[])?;
            Some(format!("{} > 1", sum_of_pods(active)))
        },
        page: Page {
            meaning: "Two nodes act as controller. Brokers follow the one with the higher epoch, so data is usually \
                safe, but one node hangs or is isolated without noticing it. Or pods of two clusters are scraped \
                under the same name.",
            causes: &[
                "A controller is isolated from the others and has not noticed it.",
                "A pod is scraped twice: a second PodMonitor or ServiceMonitor selects it too.",
                "A second cluster is scraped with the same namespace and cluster labels.",
            ],
            steps: &[
                (
                    "Which nodes? The dashboard shows them. Or check one by one: replace `POD` with each node's pod.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep activecontrollercount\nkill %1",
                ),
                (
                    "Does another monitor select these pods?",
                    "kubectl get podmonitors,servicemonitors -A",
                ),
            ],
            fix: "Restart the isolated node, which has the lower epoch: `kubectl -n {ns} delete pod POD`. The alert \
                resolves when only one node reports 1.",
            avoid: &["Do not restart both at once: then the cluster has no controller."],
        },
        test: |_, _| {
            AlertTest::value(2)
                .given(
                    &controller::ACTIVE_CONTROLLERS,
                    &[("pod", "kafka-0")],
                    Samples::Constant(1.0),
                )
                .given(
                    &controller::ACTIVE_CONTROLLERS,
                    &[("pod", "kafka-1")],
                    Samples::gauge(0.0, 1.0),
                )
        },
    },
    AlertRow {
        name: "KafkaQuorumWithoutLeader",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "Kafka nodes see no leader of the metadata quorum.",
        description: "{{ $value }} nodes of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} see no quorum \
            leader.",
        threshold: |kafka, _| {
            format!(
                "Fewer than half of the nodes see none, and one node is the active controller. {} of {} controllers elect one \
                    within seconds.",
                kafka.controllers() / 2 + 1,
                kafka.controllers()
            )
        },
        expression: |kafka, sources| {
            quorum(kafka)?;
            let leader = sources.series(&controller::CURRENT_LEADER, &[])?;
            let active = sources.series(&controller::ACTIVE_CONTROLLERS, &[])?;
            // One node alone is cut off or just starting, and the others go on.
            let (none, all) = (count_of_pods(format!("{leader} < 0")), count_of_pods(&leader));
            Some(format!(
                "{none} >= 0.5 * {all}\nor {none} unless on ({BY}) {} > 0",
                sum_of_pods(active)
            ))
        },
        page: Page {
            meaning: "The quorum has {controllers} controllers and needs {majority} of them. Without a leader the \
                cluster cannot change, and restarted brokers cannot rejoin.",
            causes: &[
                "Fewer than {majority} controllers run.",
                "They run but cannot reach each other on the controller port.",
                "One node is isolated, and Prometheus cannot scrape the active controller: then the others have a leader.",
            ],
            steps: &[
                ("Do the controllers run?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                (
                    "What is the state of the quorum? A controller answers without the brokers. Without a leader there is no \
                        answer; then the metrics of each controller tell its state and epoch. Replace `POD` with its pod.",
                    "{run} kafka-metadata-quorum --bootstrap-controller {quorum-servers} describe --status\nkubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep -E 'raftmetrics_current_(state|epoch|leader)'\nkill %1",
                ),
                (
                    "Why is no leader elected?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=15m --prefix | grep -iE 'candidate|prospective|election|vote' | tail -40",
                ),
            ],
            fix: "Start controllers until {majority} run. The alert resolves when the second command shows a node \
                as `LeaderId`.",
            avoid: &[
                "Do not delete or format the volume of a controller: a controller that has lost its votes may bring \
                    back an older state of the cluster.",
                "Do not change the number of controllers to get a majority: the quorum is a fixed list of nodes.",
            ],
        },
        test: |_, _| {
            AlertTest::value(2)
                .given(
                    &controller::CURRENT_LEADER,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        healthy: 1.0,
                        tolerated: 0.0,
                        firing: -1.0,
                    },
                )
                .given(
                    &controller::CURRENT_LEADER,
                    &[("pod", "kafka-1")],
                    Samples::Gauge {
                        healthy: 1.0,
                        tolerated: 0.0,
                        firing: -1.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaQuorumElections",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Kafka's metadata quorum elects leaders too often.",
        description: "The metadata quorum of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} had {{ $value }} \
            elections within 15 minutes.",
        threshold: |_, _| {
            "Three elections within 15 minutes: a rolling restart moves the leader once or twice.".to_owned()
        },
        expression: |kafka, sources| {
            quorum(kafka)?;
            let epoch = sources.series(&controller::CURRENT_EPOCH, &[])?;
            Some(format!("max by ({BY}) (changes({epoch}[15m])) > 3"))
        },
        page: Page {
            meaning: "The {controllers} controllers keep changing their leader. During an election the cluster \
                cannot change; if this continues, brokers get fenced.",
            causes: &[
                "The leader is overloaded or its disk is slow, so its followers time out.",
                "A controller restarts repeatedly: see KafkaBrokerRestarts.",
                "Packet loss between controllers.",
            ],
            steps: &[
                (
                    "Which node is the leader, and how far behind are the others?",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --status\n{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --replication",
                ),
                (
                    "Do controllers restart, or are they at their CPU or memory limit?",
                    "kubectl -n {ns} get pods -l {pods}\nkubectl -n {ns} top pods -l {pods}",
                ),
            ],
            fix: "Give the slow controller more CPU or a faster disk. The alert resolves when the epoch stays the \
                same for 15 minutes.",
            avoid: &["Do not raise the election timeouts first: that hides a slow controller."],
        },
        test: |_, _| {
            AlertTest::value(6)
                .given(&controller::CURRENT_EPOCH, &[("pod", "kafka-0")], Samples::Flapping)
                .late(minutes(6), minutes(16))
        },
    },
    AlertRow {
        name: "KafkaControllerLag",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka controller lags behind the metadata log.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} applied its last metadata record {{ $value | printf \"%.0f\" }} ms ago.",
        threshold: |_, _| stale_threshold(),
        expression: |kafka, sources| {
            quorum(kafka)?;
            let lag = sources.series(&controller::LAST_APPLIED_LAG, &[])?;
            Some(format!("max by ({BY}, pod) ({lag}) > {STALE_MILLIS}"))
        },
        page: Page {
            meaning: "This controller cannot take over: one of {controllers} is effectively missing. If the alert \
                fires for all of them, the quorum is lost.",
            causes: &[
                "It cannot reach the leader of the quorum.",
                "It has too little CPU, or its disk is slow.",
                "There is no leader: see KafkaQuorumWithoutLeader.",
            ],
            steps: &[
                (
                    "How far is each node?",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --replication",
                ),
                (
                    "What does its log say? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --tail=100",
                ),
            ],
            fix: "It catches up by itself once it reaches the leader. It is fixed when its `Lag` is close to 0.",
            avoid: &["Do not delete its volume to start from scratch: it would lose its votes."],
        },
        test: |_, _| stale_test(&controller::LAST_APPLIED_LAG),
    },
    AlertRow {
        name: "KafkaBrokerMetadataLag",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker has stale metadata.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} applied its last metadata record {{ $value | printf \"%.0f\" }} ms ago.",
        threshold: |_, _| stale_threshold(),
        expression: |_, sources| {
            let lag = sources.series(&broker::METADATA_LAG, &[])?;
            Some(format!("max by ({BY}, pod) ({lag}) > {STALE_MILLIS}"))
        },
        page: Page {
            meaning: "This broker does not learn about new leaders, topics and settings. It sends clients to the \
                wrong brokers, and will be fenced soon.",
            causes: &[
                "It cannot reach the active controller.",
                "There is no active controller: see KafkaNoActiveController. Then the alert fires for all brokers.",
                "It has too little CPU.",
            ],
            steps: &[
                (
                    "How far is each node?",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --replication",
                ),
                (
                    "What does its log say? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --tail=100",
                ),
            ],
            fix: "It catches up by itself once it reaches the controllers. It is fixed when the age is below one \
                second again.",
            avoid: &["Do not restart all brokers: without a controller they cannot rejoin."],
        },
        test: |_, _| stale_test(&broker::METADATA_LAG),
    },
    AlertRow {
        name: "KafkaMetadataErrors",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: "A Kafka node failed to apply cluster metadata.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} had {{ $value }} \
            metadata errors.",
        threshold: |_, _| "No metadata errors: after one, the node may have another state than the others.".to_owned(),
        expression: |_, sources| {
            let errors: Vec<String> = [
                &controller::METADATA_ERRORS,
                &broker::METADATA_LOAD_ERRORS,
                &broker::METADATA_APPLY_ERRORS,
            ]
            .iter()
            .filter_map(|metric| Some(format!("max by ({BY}, pod) ({}) > 0", sources.series(metric, &[])?)))
            .collect();
            (!errors.is_empty()).then(|| errors.join("\nor "))
        },
        page: Page {
            meaning: "This node failed to read or apply a record of the metadata log. Its view of the cluster may be \
                wrong from then on: leaders, settings, ACLs.",
            causes: &[
                "A bug in Kafka, for example after an upgrade.",
                "A corrupt metadata log on its volume.",
            ],
            steps: &[
                (
                    "Which record, and what went wrong? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=2h | grep -iE 'fault|metadata.*error' | tail -40",
                ),
                (
                    "Do others have it too?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=2h --prefix | grep -ic fault",
                ),
            ],
            fix: "If no other node is down, restart this node once: `kubectl -n {ns} delete pod POD`. A restart \
                resets the counters. If the errors come back, keep the volume and search for a known Kafka bug.",
            avoid: &["Do not upgrade or downgrade other nodes before the cause is known."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &controller::METADATA_ERRORS,
                    &[("pod", "kafka-0")],
                    Samples::gauge(0.0, 1.0),
                )
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaFencedBrokers",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Kafka brokers are fenced: registered, but not available.",
        description: "{{ $value }} brokers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are fenced.",
        threshold: |_, _| "No fenced brokers. A starting broker is fenced until it has caught up.".to_owned(),
        // With ZooKeeper there is a metric of this name too, but no broker is ever fenced.
        expression: |kafka, sources| {
            (kafka.mode() == Mode::Kraft).then_some(())?;
            let fenced = sources.series(&controller::FENCED_BROKERS, &[])?;
            Some(format!("max by ({BY}) ({fenced}) > 0{}", unless_restarting(sources)))
        },
        page: Page {
            meaning: "A fenced broker leads no partitions, and clients are not sent to it: fewer than {brokers} \
                brokers do the work.",
            causes: &[
                "The broker is down: see KafkaBrokerDown. It stays registered.",
                "It recovers its logs after a crash, or catches up on metadata: see KafkaBrokerMetadataLag.",
                "It runs, but its heartbeats do not reach the controllers in time.",
                "A broker was removed permanently but is still registered.",
            ],
            steps: &[
                ("Which pods run?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                (
                    "Which brokers do the controllers fence?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=30m --prefix | grep -i fenc | tail -20",
                ),
            ],
            fix: "The alert resolves when all registered brokers have caught up. Unregister a broker that was \
                removed permanently: `kafka-cluster unregister --bootstrap-server {bootstrap} --id ID`.",
            avoid: &["Do not unregister a broker that will return."],
        },
        test: |kafka, _| {
            let pod = ("pod", "kafka-0");
            tolerated_while_restarting(kafka, 1).given(
                &controller::FENCED_BROKERS,
                &[pod],
                Samples::Gauge {
                    healthy: 0.0,
                    tolerated: 1.0,
                    firing: 1.0,
                },
            )
        },
    },
];
