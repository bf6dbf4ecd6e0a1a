//! Of a `ZooKeeper` ensemble and the brokers' sessions with it.

use super::ZooKeeperHandle;
use crate::{
    metrics::zookeeper,
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

/// How many servers are part of a quorum.
fn serving(sources: &Sources) -> Option<String> {
    let serving = sources.series(&zookeeper::SERVER_STATE, &[("state", "~leading|following")])?;
    Some(format!("(count by ({BY}) ({serving}) or 0 * absent({serving}))"))
}

/// A test in which so many of the servers leave the quorum.
fn leaving(ensemble: &ZooKeeperHandle, leaving: u8) -> AlertTest {
    let all = ensemble.replicas();
    let left = all.saturating_sub(leaving);
    let test = (0..all).fold(AlertTest::value(left), |test, server| {
        let pod = format!("zookeeper-{server}");
        let samples = if server < leaving {
            Samples::Disappears(1.0)
        } else {
            Samples::Constant(1.0)
        };
        test.given(
            &zookeeper::SERVER_STATE,
            &[("pod", &pod), ("state", "following")],
            samples,
        )
    });
    if left == 0 {
        test.label("job", ensemble.name())
    } else {
        test
    }
}

pub(super) const ALL: &[AlertRow<ZooKeeperHandle>] = &[
    AlertRow {
        name: "KafkaZooKeeperQuorumLost",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: "Too few ZooKeeper servers are there for a quorum.",
        description: "{{ $value }} ZooKeeper servers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} lead or follow.",
        threshold: |ensemble, _| {
            let servers = ensemble.replicas();
            format!("{} of {servers} servers are a majority.", servers / 2 + 1)
        },
        expression: |ensemble, sources| {
            let majority = ensemble.replicas() / 2 + 1;
            Some(format!("{} < {majority}", serving(sources)?))
        },
        page: Page {
            meaning: "ZooKeeper needs {quorum} of its {servers} servers and has fewer: it answers nobody. No leader is elected \
                for a broker that goes away, and brokers that lose their session are out of the cluster.",
            causes: &[
                "Servers are away: a drained node, a volume that is full or cannot be mounted.",
                "They run and do not reach each other on ports 2888 and 3888.",
                "They load their data after a start, which takes a minute for much of it.",
            ],
            steps: &[
                (
                    "Do the servers run?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper -o wide",
                ),
                (
                    "In which role is each? `Mode` is missing where it serves nobody.",
                    "for pod in $(kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper -o name); do echo $pod; kubectl -n {ns} exec $pod -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/2181; echo srvr >&3; cat <&3' | grep -E 'Mode|not'; done",
                ),
                (
                    "Why is no leader elected?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/name=zookeeper --tail=-1 --since=15m --prefix | grep -iE 'election|leader|connect' | tail -40",
                ),
            ],
            over: "Bring back servers until {quorum} lead or follow. It is over when the second command shows one `leader` and \
                followers.",
            avoid: &[
                "Do not delete the volume of a server: a majority with empty volumes is an empty cluster.",
                "Do not restart the brokers: without ZooKeeper they do not start.",
            ],
        },
        test: |ensemble, _| {
            let all = ensemble.replicas();
            leaving(ensemble, all - all / 2)
        },
    },
    AlertRow {
        name: "KafkaZooKeeperServerDown",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A ZooKeeper server is not part of the quorum.",
        description: "{{ $value }} ZooKeeper servers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} lead or follow.",
        threshold: |ensemble, _| format!("{} servers are declared.", ensemble.replicas()),
        expression: |ensemble, sources| {
            let all = Some(ensemble.replicas()).filter(|servers| *servers > 1)?;
            Some(format!("{} < {all}", serving(sources)?))
        },
        page: Page {
            meaning: "Of {servers} servers one at least is missing. ZooKeeper goes on as long as {quorum} are there.",
            causes: &[
                "Its pod does not run: a drained node, a full volume.",
                "It runs and does not reach the others.",
            ],
            steps: &[
                (
                    "Which one?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper -o wide",
                ),
                (
                    "What does it say? `POD` is the one that is not ready.",
                    "kubectl -n {ns} logs POD --tail=100",
                ),
            ],
            over: "It is over when all {servers} servers lead or follow.",
            avoid: &["Do not restart another server meanwhile: with fewer than {quorum} the quorum is lost."],
        },
        test: |ensemble, _| leaving(ensemble, 1),
    },
    AlertRow {
        name: "KafkaZooKeeperSessionLost",
        severity: AlertSeverity::Critical,
        for_duration: minutes(2),
        summary: "A Kafka broker has no session with ZooKeeper.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} is {{ $labels.state }}.",
        threshold: |_, _| "Each broker is CONNECTED; a reconnect takes seconds.".to_owned(),
        expression: |_, sources| {
            let state = sources.series(&zookeeper::SESSION_STATE, &[])?;
            let inside = state.trim_end_matches('}');
            Some(format!("max by ({BY}, pod, state) ({inside},state!=\"CONNECTED\"}})"))
        },
        page: Page {
            meaning: "The named broker is out of the cluster, or about to be: it leads nothing once its session has expired, and \
                may not know it.",
            causes: &[
                "ZooKeeper has no quorum: see KafkaZooKeeperQuorumLost. Then it is all brokers.",
                "The broker does not reach ZooKeeper: a network policy, its node.",
                "Its session expired during a long pause, and it could not register again.",
            ],
            steps: &[
                (
                    "Does ZooKeeper serve?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper",
                ),
                (
                    "What does the broker say? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=15m | grep -i zookeeper | tail -20",
                ),
            ],
            over: "It connects again by itself once ZooKeeper serves. If not, restart it: `kubectl -n {ns} delete pod POD`.",
            avoid: &["Do not restart all brokers at once."],
        },
        test: |_, _| {
            let labels = |state| [("pod", "kafka-0"), ("state", state)];
            AlertTest::value("")
                .given(&zookeeper::SESSION_STATE, &labels("CONNECTING"), Samples::Appears(1.0))
                .given(
                    &zookeeper::SESSION_STATE,
                    &labels("CONNECTED"),
                    Samples::Disappears(1.0),
                )
                .label("pod", "kafka-0")
                .label("state", "CONNECTING")
        },
    },
    AlertRow {
        name: "KafkaZooKeeperSessionExpired",
        severity: AlertSeverity::Warning,
        for_duration: minutes(0),
        summary: "A Kafka broker lost its session with ZooKeeper.",
        description: "Sessions of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} expired {{ $value | printf \"%.0f\" }} times within 15 minutes.",
        threshold: |_, _| "None: the broker was out of the cluster for that time.".to_owned(),
        expression: |_, sources| {
            let expired = sources.series(&zookeeper::SESSION_EXPIRES, &[])?;
            Some(format!("sum by ({BY}, pod) (increase({expired}[15m])) > 0"))
        },
        page: Page {
            meaning: "For longer than the session's timeout the broker did not speak with ZooKeeper. Its leaders moved away, and \
                it had to come back like after a crash.",
            causes: &[
                "A long pause of its garbage collector, or a node without processor time.",
                "A network that was cut off for some seconds.",
                "A slow ZooKeeper: its disk.",
            ],
            steps: &[
                (
                    "When, and what did it say? `POD` is the one of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=1h | grep -iE 'session|expired' | tail -20",
                ),
                (
                    "Is ZooKeeper slow? A write that waits for the disk is in its log.",
                    "kubectl -n {ns} logs -l app.kubernetes.io/name=zookeeper --tail=-1 --since=1h --prefix | grep -i fsync | tail",
                ),
            ],
            over: "It ends a quarter of an hour after the last one.",
            avoid: &[
                "Do not raise `zookeeper.session.timeout.ms` first: a dead broker is then noticed that much later.",
            ],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &zookeeper::SESSION_EXPIRES,
                    &[("pod", "kafka-0")],
                    Samples::Counter {
                        from: 0.0,
                        good: 0.0,
                        nearly: 0.0,
                        bad: 1.0,
                    },
                )
                .label("pod", "kafka-0")
                .late(minutes(0), minutes(16))
        },
    },
];
