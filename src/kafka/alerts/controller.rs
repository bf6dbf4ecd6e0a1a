//! Of the controllers and the quorum that they form.

use super::cluster::several_brokers;
use crate::{
    kafka::{KafkaHandle, Mode},
    metrics::{broker, controller},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, minutes},
};

/// Nothing where there is one candidate only.
fn several_candidates(kafka: &KafkaHandle) -> Option<()> {
    match kafka.mode() {
        Mode::Kraft => (kafka.controllers() > 1).then_some(()),
        _ => several_brokers(kafka).map(drop),
    }
}

/// Nothing where there is no quorum of several controllers.
fn quorum(kafka: &KafkaHandle) -> Option<()> {
    (kafka.controllers() > 1).then_some(())
}

/// A broker or controller that does not hear from the active controller for so long has lost touch: it writes a record twice
/// a second.
const STALE_MILLIS: u32 = 30_000;

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaNoActiveController",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "Kafka has no active controller.",
        description: "No node of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is the active controller.",
        threshold: |_, _| "Exactly one. An election takes seconds.".to_owned(),
        expression: |_, sources| {
            let active = sources.series(&controller::ACTIVE_CONTROLLERS, &[])?;
            Some(format!("sum by ({BY}) ({active}) < 1"))
        },
        page: Page {
            meaning: "Nothing about the cluster can change: no leader is elected for a broker that goes away, no topic is made, \
                no ISR shrinks or grows. Clients of healthy partitions go on for now.",
            causes: &[
                "The quorum is lost: too few controllers, or ZooKeeper servers, are there to elect one.",
                "They are there and cannot reach each other: a network policy, a node without network.",
                "They start: after a restart of all of them an election has to wait for the first.",
            ],
            steps: &[
                ("Do the nodes run?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                (
                    "What do they say about elections?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=15m --prefix | grep -iE 'election|leader|controller' | tail -40",
                ),
            ],
            over: "Bring back nodes until a majority can elect. It is over when one node says that it is the active controller.",
            avoid: &[
                "Do not format the metadata of a controller: as long as its volume is there, nothing is lost.",
                "Do not restart brokers: they cannot become leaders of anything again before there is a controller.",
            ],
        },
        test: |_, _| {
            AlertTest::value("")
                .given(
                    &controller::ACTIVE_CONTROLLERS,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 1.0,
                        nearly: 1.0,
                        bad: 0.0,
                    },
                )
                .given(
                    &controller::ACTIVE_CONTROLLERS,
                    &[("pod", "kafka-1")],
                    Samples::Constant(0.0),
                )
        },
    },
    AlertRow {
        name: "KafkaSeveralActiveControllers",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "More than one Kafka node takes itself for the active controller.",
        description: "{{ $value }} nodes of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} say that they are the active controller.",
        threshold: |_, _| "Exactly one; two are possible for seconds while one gives up.".to_owned(),
        expression: |kafka, sources| {
            several_candidates(kafka)?;
            let active = sources.series(&controller::ACTIVE_CONTROLLERS, &[])?;
            Some(format!("sum by ({BY}) ({active}) > 1"))
        },
        page: Page {
            meaning: "Two nodes decide about leaders at once. Brokers follow the newer one, so data is safe as a rule, but a node \
                hangs or is cut off and does not know it; or pods of two clusters are scraped under one name.",
            causes: &[
                "A controller is cut off from the others and has not noticed.",
                "A pod is scraped twice: a second monitor, written elsewhere, selects these pods too.",
                "A second cluster is scraped with the same namespace and cluster labels.",
            ],
            steps: &[
                (
                    "Which nodes? In the dashboard, or one by one: `POD` is each node.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s localhost:9404/metrics | grep activecontrollercount",
                ),
                (
                    "Does another monitor select these pods?",
                    "kubectl get podmonitors,servicemonitors -A",
                ),
            ],
            over: "Restart the node that is cut off: `kubectl -n {ns} delete pod POD`, the one with the lower epoch. It is over when \
                one node says 1.",
            avoid: &["Do not restart both at once: then there is no controller."],
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
                    Samples::Gauge {
                        good: 0.0,
                        nearly: 0.0,
                        bad: 1.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaQuorumWithoutLeader",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "Nodes of Kafka know no leader of the metadata quorum.",
        description: "{{ $value }} nodes of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} know no leader.",
        threshold: |kafka, _| {
            format!(
                "None may stay so. {} of {} controllers elect one within seconds.",
                kafka.controllers() / 2 + 1,
                kafka.controllers()
            )
        },
        expression: |kafka, sources| {
            quorum(kafka)?;
            let leader = sources.series(&controller::CURRENT_LEADER, &[])?;
            Some(format!("count by ({BY}) ({leader} < 0)"))
        },
        page: Page {
            meaning: "The quorum has {controllers} controllers and needs {majority} of them. Without a leader nothing about the \
                cluster can change, and brokers that restart do not come back.",
            causes: &[
                "Fewer than {majority} controllers run.",
                "They run and do not reach each other on the controller port.",
                "One node only is cut off: then the others have a leader.",
            ],
            steps: &[
                ("Do the controllers run?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                (
                    "What does the quorum say? Without a leader this times out, which says it too.",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --status",
                ),
                (
                    "Why is no leader elected?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=15m --prefix | grep -iE 'candidate|prospective|election|vote' | tail -40",
                ),
            ],
            over: "Bring back controllers until {majority} run. It is over when `LeaderId` of the second command is a node.",
            avoid: &[
                "Do not delete the volume of a controller, nor format it: a controller that forgot what it voted for may bring \
                 back an older state of the cluster.",
                "Do not scale the controllers to another number to get a majority: the quorum is a list of nodes.",
            ],
        },
        test: |_, _| {
            AlertTest::value(2)
                .given(
                    &controller::CURRENT_LEADER,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 1.0,
                        nearly: 0.0,
                        bad: -1.0,
                    },
                )
                .given(
                    &controller::CURRENT_LEADER,
                    &[("pod", "kafka-1")],
                    Samples::Gauge {
                        good: 1.0,
                        nearly: 0.0,
                        bad: -1.0,
                    },
                )
        },
    },
    AlertRow {
        name: "KafkaQuorumElections",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Kafka's metadata quorum elects leaders again and again.",
        description: "The quorum of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} changed its epoch {{ $value }} times within 15 minutes.",
        threshold: |_, _| "Three: a rolling restart moves the leader once or twice.".to_owned(),
        expression: |kafka, sources| {
            quorum(kafka)?;
            let epoch = sources.series(&controller::CURRENT_EPOCH, &[])?;
            Some(format!("max by ({BY}) (changes({epoch}[15m])) > 3"))
        },
        page: Page {
            meaning: "The {controllers} controllers do not stay with a leader. While they elect, nothing about the cluster can \
                change; if it goes on, brokers lose their registration.",
            causes: &[
                "A controller is so busy, or its disk so slow, that its followers time out.",
                "A controller starts and ends again and again: see KafkaBrokerRestarts.",
                "The network between controllers drops packets.",
            ],
            steps: &[
                (
                    "Who leads, and how far are the others?",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --status\n{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --replication",
                ),
                (
                    "Do controllers restart, or are they at their limits?",
                    "kubectl -n {ns} get pods -l {pods}\nkubectl -n {ns} top pods -l {pods}",
                ),
            ],
            over: "Give the slow controller what it lacks. It is over when the epoch stays the same for 15 minutes.",
            avoid: &["Do not raise the election timeouts first: they hide a controller that is too slow."],
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
        summary: "A Kafka controller is behind the metadata log.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} applied its last metadata record {{ $value | printf \"%.0f\" }} ms ago.",
        threshold: |_, _| format!("{STALE_MILLIS} ms: the active controller writes a record twice a second."),
        expression: |kafka, sources| {
            quorum(kafka)?;
            let lag = sources.series(&controller::LAST_APPLIED_LAG, &[])?;
            Some(format!("max by ({BY}, pod) ({lag}) > {STALE_MILLIS}"))
        },
        page: Page {
            meaning: "This controller could not take over at once: one of {controllers} does not count. If it says so of all, \
                the quorum is lost.",
            causes: &[
                "It cannot reach the leader of the quorum.",
                "It is short of processor time or its disk is slow.",
                "There is no leader: see KafkaQuorumWithoutLeader.",
            ],
            steps: &[
                (
                    "How far is each node?",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --replication",
                ),
                (
                    "What does it say? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --tail=100",
                ),
            ],
            over: "It catches up by itself once it reaches the leader. It is over when its `Lag` is near 0.",
            avoid: &["Do not delete its volume to make it start afresh: it would vote with an empty memory."],
        },
        test: |_, _| {
            AlertTest::value(60_000)
                .given(
                    &controller::LAST_APPLIED_LAG,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 500.0,
                        nearly: f64::from(STALE_MILLIS),
                        bad: 60_000.0,
                    },
                )
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaBrokerMetadataLag",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker works with old metadata.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} applied its last metadata record {{ $value | printf \"%.0f\" }} ms ago.",
        threshold: |_, _| format!("{STALE_MILLIS} ms: the active controller writes a record twice a second."),
        expression: |_, sources| {
            let lag = sources.series(&broker::METADATA_LAG, &[])?;
            Some(format!("max by ({BY}, pod) ({lag}) > {STALE_MILLIS}"))
        },
        page: Page {
            meaning: "The named broker does not hear of new leaders, topics and settings. Clients that ask it are sent to the \
                wrong brokers, and it is fenced soon.",
            causes: &[
                "It cannot reach the active controller.",
                "There is no active controller: then all brokers are listed. See KafkaNoActiveController.",
                "It is short of processor time.",
            ],
            steps: &[
                (
                    "How far is each node?",
                    "{run} kafka-metadata-quorum --bootstrap-server {bootstrap} describe --replication",
                ),
                (
                    "What does it say? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --tail=100",
                ),
            ],
            over: "It catches up by itself once it reaches the controllers. It is over when the age is below a second again.",
            avoid: &["Do not restart all brokers: if there is no controller, none of them comes back."],
        },
        test: |_, _| {
            AlertTest::value(60_000)
                .given(
                    &broker::METADATA_LAG,
                    &[("pod", "kafka-0")],
                    Samples::Gauge {
                        good: 500.0,
                        nearly: f64::from(STALE_MILLIS),
                        bad: 60_000.0,
                    },
                )
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaMetadataErrors",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: "A Kafka node could not apply the cluster's metadata.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} counts {{ $value }} metadata errors.",
        threshold: |_, _| "None: the node no longer knows what the others know.".to_owned(),
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
            meaning: "The named node failed to read or apply a record of the metadata log. What it believes about the cluster \
                may be wrong from there on: leaders, settings, permissions.",
            causes: &[
                "A defect in Kafka, as after an upgrade.",
                "A damaged metadata log on its volume.",
            ],
            steps: &[
                (
                    "Which record, and what went wrong? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=2h | grep -iE 'fault|metadata.*error' | tail -40",
                ),
                (
                    "Do others have it too?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=2h --prefix | grep -ic fault",
                ),
            ],
            over: "The counters start again with the process: restart the node once if no other node is away, \
                `kubectl -n {ns} delete pod POD`. If the errors come back, keep the volume and look for the defect.",
            avoid: &["Do not upgrade or downgrade other nodes before it is understood."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &controller::METADATA_ERRORS,
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
    AlertRow {
        name: "KafkaFencedBrokers",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Kafka brokers are registered but fenced.",
        description: "{{ $value }} brokers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are fenced.",
        threshold: |_, _| "None may stay so: a broker that starts is fenced until it has caught up.".to_owned(),
        // Also with ZooKeeper there is a metric of this name, but no broker is ever fenced.
        expression: |kafka, sources| {
            (kafka.mode() == Mode::Kraft).then_some(())?;
            let fenced = sources.series(&controller::FENCED_BROKERS, &[])?;
            Some(format!("max by ({BY}) ({fenced}) > 0"))
        },
        page: Page {
            meaning: "A fenced broker leads nothing, and clients are not sent to it: of {brokers} brokers fewer do the work.",
            causes: &[
                "The broker is away: see KafkaBrokerDown. It stays registered.",
                "It recovers its logs after a crash, or catches up with the metadata: see KafkaBrokerMetadataLag.",
                "It runs and does not reach the controllers in time.",
                "A broker was removed for good and is still registered.",
            ],
            steps: &[
                ("Which pods run?", "kubectl -n {ns} get pods -l {pods} -o wide"),
                (
                    "Whom do the controllers fence?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=30m --prefix | grep -i fenc | tail -20",
                ),
            ],
            over: "It is over when every registered broker has caught up. One that was removed for good is taken off the list with \
                `kafka-cluster unregister --bootstrap-server {bootstrap} --id ID`.",
            avoid: &["Do not unregister a broker that is to come back."],
        },
        test: |_, _| {
            AlertTest::value(1).given(
                &controller::FENCED_BROKERS,
                &[("pod", "kafka-0")],
                Samples::Gauge {
                    good: 0.0,
                    nearly: 0.0,
                    bad: 1.0,
                },
            )
        },
    },
];
