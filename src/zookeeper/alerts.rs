//! Alerts on a `ZooKeeper` ensemble and the brokers' sessions with it.

use super::ZooKeeperHandle;
use crate::{
    metrics::{jvm, record, target, zookeeper},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Scenario, Sources, count_of_pods, minutes,
        scenario::{Line, always},
    },
};

/// How many servers are part of a quorum; none, for as long as the alert fires, when there has been nothing to scrape for hours.
fn serving(ensemble: &ZooKeeperHandle, alert: &str, sources: &Sources) -> Option<String> {
    let serving = sources.series(&zookeeper::SERVER_STATE, &[("state", "~leading|following")])?;
    let ensemble = sources.series(&target::UP, &[("job", ensemble.name())])?;
    // One series, whether servers are counted or none is left to count.
    Some(format!(
        "({} or 0 * group by ({BY}) (last_over_time({ensemble}[6h])) or 0 * {})",
        count_of_pods(serving),
        sources.while_firing(alert),
    ))
}

/// A test in which this many servers leave the quorum.
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
    test.given(
        &target::UP,
        &[("job", ensemble.name()), ("pod", "zookeeper-0")],
        Samples::Constant(1.0),
    )
}

pub(super) const ALL: &[AlertRow<ZooKeeperHandle>] = &[
    AlertRow {
        name: "KafkaZooKeeperQuorumLost",
        severity: AlertSeverity::Critical,
        for_duration: minutes(1),
        summary: "ZooKeeper has lost its quorum: too few servers run.",
        description: "{{ $value }} ZooKeeper servers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are \
            part of the quorum.",
        threshold: |ensemble, _| {
            let servers = ensemble.replicas();
            format!("{} of {servers} servers are a majority.", servers / 2 + 1)
        },
        expression: |ensemble, sources| {
            let majority = ensemble.replicas() / 2 + 1;
            let connected = sources.series(&zookeeper::SESSION_STATE, &[("state", "CONNECTED")])?;
            // The brokers tell whether servers that are not scraped are missing: without a quorum they have no session.
            Some(format!(
                "{} < {majority}\nunless on ({BY}) {connected}",
                serving(ensemble, "KafkaZooKeeperQuorumLost", sources)?
            ))
        },
        page: Page {
            meaning: "ZooKeeper needs {quorum} of its {servers} servers and has fewer, so it serves no requests. No \
                leader is elected when a broker fails, and brokers that lose their session leave the cluster.",
            causes: &[
                "Servers are down: a drained node, or a volume that is full or cannot be mounted.",
                "They run but cannot reach each other on ports 2888 and 3888.",
                "They are loading their data after a restart, which can take a minute.",
            ],
            steps: &[
                (
                    "Do the servers run?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper -o wide",
                ),
                (
                    "What is the role of each server? `Mode` is missing if the server is not in the quorum.",
                    "for pod in $(kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper -o name); do echo $pod; kubectl -n {ns} exec $pod -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/{zookeeper_port}; echo srvr >&3; cat <&3' | grep -E 'Mode|not'; done",
                ),
                (
                    "Why is no leader elected?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/name=zookeeper --tail=-1 --since=15m --prefix | grep -iE 'election|leader|connect' | tail -40",
                ),
            ],
            fix: "Start servers until {quorum} are in the quorum. It is fixed when the second command shows one \
                `leader` and the rest as `follower`.",
            avoid: &[
                "Do not delete the volume of a server: if a majority has empty volumes, all data of ZooKeeper is \
                    lost.",
                "Do not restart the brokers: they cannot start without ZooKeeper.",
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
        description: "{{ $value }} ZooKeeper servers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are \
            part of the quorum.",
        threshold: |ensemble, _| format!("{} servers are declared.", ensemble.replicas()),
        expression: |ensemble, sources| {
            let all = Some(ensemble.replicas()).filter(|servers| *servers > 1)?;
            let serving = serving(ensemble, "KafkaZooKeeperServerDown", sources)?;
            Some(format!("{serving} < {all}"))
        },
        page: Page {
            meaning: "At least one of {servers} servers is missing. ZooKeeper keeps working as long as {quorum} run.",
            causes: &[
                "Its pod does not run: a drained node, a full volume.",
                "It runs but cannot reach the others.",
            ],
            steps: &[
                (
                    "Which one?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper -o wide",
                ),
                (
                    "What does its log say? Replace `POD` with the pod that is not ready.",
                    "kubectl -n {ns} logs POD --tail=100",
                ),
            ],
            fix: "Start the missing server. The alert resolves when all {servers} servers are in the quorum.",
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
        threshold: |_, _| "All brokers are CONNECTED. A reconnect takes seconds.".to_owned(),
        expression: |_, sources| {
            let state = sources.series(&zookeeper::SESSION_STATE, &[])?;
            let state = state.not_equal("state", "CONNECTED");
            Some(format!("max by ({BY}, pod, state) ({state})"))
        },
        page: Page {
            meaning: "This broker has left the cluster, or will soon: once its session has expired it leads no \
                partitions, and it may not notice that.",
            causes: &[
                "ZooKeeper has no quorum: see KafkaZooKeeperQuorumLost. Then all brokers are affected.",
                "The broker cannot reach ZooKeeper: a network policy, or a problem of its node.",
                "Its session expired during a long garbage collection pause, and it could not register again.",
            ],
            steps: &[
                (
                    "Do the ZooKeeper servers run?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/name=zookeeper",
                ),
                (
                    "What does the broker's log say? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=15m | grep -i zookeeper | tail -20",
                ),
            ],
            fix: "It reconnects by itself once ZooKeeper has a quorum. If not, restart it: `kubectl -n {ns} delete \
                pod POD`.",
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
        threshold: |_, _| "No expired sessions: after one, the broker has to rejoin the cluster.".to_owned(),
        expression: |_, sources| {
            let expired = sources.series(&zookeeper::SESSION_EXPIRES, &[])?;
            // A broker that has just started counts from 0, and may have more when it is first scraped.
            let fresh = sources.series(&record::POD_START, &[]).map(|started| {
                format!("\nor max by ({BY}, pod) ({expired} and on ({BY}, pod) time() - {started} < 900) > 0")
            });
            Some(format!(
                "max by ({BY}, pod) (increase({expired}[15m])) > 0{}",
                fresh.unwrap_or_default()
            ))
        },
        page: Page {
            meaning: "The broker did not contact ZooKeeper for longer than the session timeout. Its leaders moved to \
                other brokers, and it had to rejoin as after a crash.",
            causes: &[
                "A long garbage collection pause, or too little CPU on its node.",
                "A network failure of some seconds.",
                "A slow disk of ZooKeeper.",
            ],
            steps: &[
                (
                    "When did it happen, and what does the log say? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} logs POD -c kafka --since=1h | grep -iE 'session|expired' | tail -20",
                ),
                (
                    "Is ZooKeeper slow? It logs each slow `fsync`.",
                    "kubectl -n {ns} logs -l app.kubernetes.io/name=zookeeper --tail=-1 --since=1h --prefix | grep -i fsync | tail",
                ),
            ],
            fix: "Fix the cause. The alert resolves 15 minutes after the last expired session.",
            avoid: &["Do not raise `zookeeper.session.timeout.ms` first: a dead broker is then detected later."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(&zookeeper::SESSION_EXPIRES, &[("pod", "kafka-0")], Samples::growth(1.0))
                .label("pod", "kafka-0")
                .late(minutes(0), minutes(16))
        },
    },
];

/// What happens to servers and to the sessions of brokers; none for an ensemble that survives nothing.
pub(super) fn scenarios(ensemble: &ZooKeeperHandle, sources: &Sources) -> Vec<Scenario> {
    let job = ensemble.name();
    let servers: Vec<String> = (0..ensemble.replicas())
        .map(|server| format!("{job}-{server}"))
        .collect();
    let [first, second, _, ..] = servers.as_slice() else {
        return Vec::new();
    };
    let session = |state| [("pod", "kafka-0"), ("state", state)];
    let calm = |what: &str| {
        let scenario = Scenario::calm(format!("{job}: {what}"), 120, sources);
        scenario.line(&zookeeper::SESSION_STATE, &session("CONNECTED"), always(1.0))
    };
    // It cannot be scraped between these minutes.
    let away = |scenario: Scenario, server: &str, from: f64, to: f64| {
        scenario.change("pod", server, |metric, line| {
            if metric == target::UP.name {
                line.between(from, to, 0.0)
            } else {
                line.gone(from, to)
            }
        })
    };
    let all_away = |scenario: Scenario, from: f64, to: f64| {
        let servers = servers.iter();
        servers.fold(scenario, |scenario, server| away(scenario, server, from, to))
    };
    let gone = |line: Line| line.gone(20, 80);
    let loses_session = |scenario: Scenario| {
        scenario
            .line(&zookeeper::SESSION_STATE, &session("CONNECTED"), gone(always(1.0)))
            .line(
                &zookeeper::SESSION_STATE,
                &session("CONNECTING"),
                always(1.0).gone(0, 20).gone(80, 120),
            )
            .fires("KafkaZooKeeperQuorumLost", 20, 23, 79)
            .fires("KafkaZooKeeperSessionLost", 21, 24, 79)
    };
    // The broker is another process from the minute 32 on, which has counted so many expired sessions.
    let restarts = |what: &str, before: f64, after: f64| {
        let process = [("job", sources.cluster()), ("pod", "kafka-0")];
        calm(what)
            .line(
                &jvm::START_TIME,
                &process,
                always(-86400.0).gone(30, 32).then(32, 32.0 * 60.0),
            )
            .line(
                &zookeeper::SESSION_EXPIRES,
                &[("pod", "kafka-0")],
                always(before).gone(30, 32).then(32, after),
            )
    };
    let all = u32::from(ensemble.replicas());
    let flapping = |scenario| {
        (0..14).fold(scenario, |scenario, number| {
            let from = 21.0 + 4.0 * f64::from(number);
            all_away(scenario, from, from + 2.0)
        })
    };
    vec![
        restarts("a session expired before the first scrape of a broker", 0.0, 1.0).fires(
            "KafkaZooKeeperSessionExpired",
            31,
            34,
            45,
        ),
        restarts("a broker restarts after an old expired session", 3.0, 0.0),
        away(calm("a server is lost for an hour"), first, 20.0, 80.0)
            .fires("KafkaZooKeeperServerDown", 24, 27, 79)
            .fires("KafkaScrapeFailing", 24, 27, 79),
        flapping(calm("the agents of all servers flap")),
        // The brokers still have their sessions, so there is a quorum.
        all_away(calm("no server can be scraped"), 20.0, 80.0)
            .fires("KafkaZooKeeperServerDown", 24, 27, 79)
            .fires("KafkaScrapeFailing", 24, 27, 79)
            .several(all),
        loses_session(servers[2..].iter().fold(
            away(away(calm("the quorum is lost"), first, 20.0, 80.0), second, 20.0, 80.0),
            // It runs, and is part of nothing.
            |scenario, server| {
                let state = [("pod", server.as_str()), ("state", "following")];
                scenario.line(&zookeeper::SERVER_STATE, &state, gone(always(1.0)))
            },
        ))
        .fires("KafkaZooKeeperServerDown", 24, 27, 79)
        .fires("KafkaScrapeFailing", 24, 27, 79)
        .several(2),
        loses_session(
            servers
                .iter()
                .fold(calm("all servers and their targets are gone"), |scenario, server| {
                    scenario.change("pod", server, |_, line| gone(line))
                }),
        )
        .fires("KafkaZooKeeperServerDown", 24, 27, 79)
        .fires("KafkaMetricsAbsent", 24, 31, 79),
    ]
}
