//! Of single brokers: how busy they are, and what in them has stopped.

use std::collections::BTreeSet;

use crate::{
    kafka::KafkaHandle,
    metrics::{Metric, broker, jvm, objects},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

/// The idle part of threads below which requests wait.
fn idle(sources: &Sources) -> f64 {
    f64::from(sources.thresholds.idle) / 100.0
}

fn idle_limit(_: &KafkaHandle, sources: &Sources) -> String {
    format!(
        "{} %, `Monitoring::idle_threshold`: below it requests queue up in bursts.",
        sources.thresholds.idle
    )
}

fn idle_test(sources: &Sources, metric: &Metric) -> AlertTest {
    let bad = f64::from(sources.thresholds.idle) / 200.0;
    AlertTest::value(format!("{}%", f64::from(sources.thresholds.idle) / 2.0))
        .given(
            metric,
            &[("pod", "kafka-0")],
            Samples::Gauge {
                good: 1.0,
                nearly: idle(sources),
                bad,
            },
        )
        .label("pod", "kafka-0")
}

/// The StatefulSets of the cluster's nodes.
fn pools(kafka: &KafkaHandle) -> BTreeSet<&str> {
    let claims = kafka.volume_claims();
    claims.iter().map(|claims| claims.stateful_set.as_str()).collect()
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaProducerLatencyHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker answers producers slowly.",
        description: "One in a hundred produce requests takes {{ $value | printf \"%.0f\" }} ms or more on {{ $labels.pod }} of \
            {{ $labels.kafka_cluster }} in {{ $labels.namespace }}.",
        threshold: |_, sources| {
            format!(
                "{} ms, `Monitoring::produce_latency_threshold`.",
                sources.thresholds.produce_latency.as_millis()
            )
        },
        // The broker keeps the last percentiles when requests stop, so it counts only while there are some.
        expression: |_, sources| {
            let time = sources.series(&broker::TOTAL_TIME, &[("request", "Produce"), ("quantile", "0.99")])?;
            let requests = sources.series(&broker::REQUESTS, &[("request", "Produce")])?;
            let limit = sources.thresholds.produce_latency.as_millis();
            Some(format!(
                "max by ({BY}, pod) ({time}) > {limit}\n\
                 and sum by ({BY}, pod) (rate({requests}[5m])) > 0\n"
            ))
        },
        page: Page {
            meaning: "Producers wait. Their buffers fill, then they block, then records time out. The broker counts from the \
                arrival of the request to its answer, and with `acks=all` that includes the wait for {insync} copies.",
            causes: &[
                "A follower is slow, so the leader waits for it: see KafkaISRShrink.",
                "The disk of this broker is slow.",
                "More requests than the handler threads take: see KafkaRequestHandlersBusy.",
                "Very large batches, which take long to copy.",
            ],
            steps: &[
                (
                    "Where does the time go? The dashboard shows it: waiting for a handler, appending, or waiting for followers.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s localhost:9404/metrics | grep -E 'requestmetrics_(requestqueue|local|remote)timems.*Produce'",
                ),
                (
                    "Do followers keep up?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
                ("Is the pod at its limit?", "kubectl -n {ns} top pods -l {pods}"),
            ],
            over: "Take load from the slow part. It is over when 99 of 100 requests are answered in time for a minute.",
            avoid: &[
                "Do not tell producers to use `acks=1`: they no longer wait, and lose records with the next failure.",
            ],
        },
        test: |_, sources| {
            #[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
            let limit = sources.thresholds.produce_latency.as_millis() as f64;
            let labels = [("pod", "kafka-0"), ("request", "Produce")];
            let quantile = [labels[0], labels[1], ("quantile", "0.99")];
            AlertTest::value(limit + 500.0)
                .given(
                    &broker::TOTAL_TIME,
                    &quantile,
                    Samples::Gauge {
                        good: limit / 2.0,
                        nearly: limit,
                        bad: limit + 500.0,
                    },
                )
                .given(
                    &broker::REQUESTS,
                    &labels,
                    Samples::Counter {
                        from: 0.0,
                        good: 100.0,
                        nearly: 100.0,
                        bad: 100.0,
                    },
                )
                // Slow once, and without requests since.
                .given(
                    &broker::TOTAL_TIME,
                    &[("pod", "kafka-1"), labels[1], quantile[2]],
                    Samples::Constant(limit + 9000.0),
                )
                .given(
                    &broker::REQUESTS,
                    &[("pod", "kafka-1"), labels[1]],
                    Samples::Constant(2500.0),
                )
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaRequestHandlersBusy",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "The request handler threads of a Kafka broker are nearly always busy.",
        description: "Handler threads of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are idle \
            {{ $value | humanizePercentage }} of the time.",
        threshold: idle_limit,
        expression: |_, sources| {
            let free = sources.series(&broker::HANDLER_IDLE, &[])?;
            Some(format!("min by ({BY}, pod) ({free}) < {}", idle(sources)))
        },
        page: Page {
            meaning: "Requests wait for a thread of this broker, so all of its clients get slower, whatever they ask for.",
            causes: &[
                "More requests than before: a new client, or one that retries without pause.",
                "A slow disk: each handler waits for it.",
                "Leaders are spread unevenly, so that one broker works for the others.",
                "Too few threads for the processors of the pod: `num.io.threads`.",
            ],
            steps: &[
                (
                    "Is it this broker alone? How are leaders spread?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep -o 'Leader: [0-9]*' | sort | uniq -c",
                ),
                ("Is the pod at its limit?", "kubectl -n {ns} top pods -l {pods}"),
                (
                    "Who asks so much? `POD` is the one of the alert.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s localhost:9404/metrics | grep -E 'requestmetrics_(totaltimems_count|errors)_total'",
                ),
            ],
            over: "Find the client, spread the leaders (`kafka-leader-election --election-type preferred \
                --all-topic-partitions`), or give the broker more. It is over when the threads are idle more than that.",
            avoid: &[
                "Do not restart the broker: when it is back it has the same load, and the others have had more meanwhile.",
            ],
        },
        test: |_, sources| idle_test(sources, &broker::HANDLER_IDLE),
    },
    AlertRow {
        name: "KafkaNetworkThreadsBusy",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "The network threads of a Kafka broker are nearly always busy.",
        description: "Network threads of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} are idle \
            {{ $value | humanizePercentage }} of the time.",
        threshold: idle_limit,
        expression: |_, sources| {
            let free = sources.series(&broker::NETWORK_IDLE, &[])?;
            Some(format!("min by ({BY}, pod) ({free}) < {}", idle(sources)))
        },
        page: Page {
            meaning: "Answers wait to be sent and requests to be read, so all clients of this broker get slower.",
            causes: &[
                "Many connections, or clients that connect anew for each record.",
                "More bytes than before: consumers that read everything from the beginning.",
                "Too few threads: `num.network.threads`.",
            ],
            steps: &[
                (
                    "How many connections are there? `POD` is the one of the alert.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s localhost:9404/metrics | grep socketservermetrics_connection_count",
                ),
                ("Is the pod at its limit?", "kubectl -n {ns} top pods -l {pods}"),
            ],
            over: "Find the clients, or add threads. It is over when the threads are idle more than that.",
            avoid: &[
                "Do not restart the broker: all of its clients connect anew, which is what such threads are slow at.",
            ],
        },
        test: |_, sources| idle_test(sources, &broker::NETWORK_IDLE),
    },
    AlertRow {
        name: "KafkaBrokerRestarts",
        severity: AlertSeverity::Warning,
        for_duration: minutes(0),
        summary: "A Kafka process starts again and again.",
        description: "Kafka in {{ $labels.pod }} in {{ $labels.namespace }} was started again {{ $value }} times within half an hour.",
        threshold: |_, _| "Two within half an hour: one for a change, one for its correction.".to_owned(),
        expression: |kafka, sources| {
            // A process that ends within seconds is gone before it is scraped: what it tells of its start would never be seen.
            let pods: Vec<String> = pools(kafka).iter().map(|pool| format!("{pool}-[0-9]+")).collect();
            let pattern = (!pods.is_empty()).then(|| format!("~{}", pods.join("|")))?;
            let restarts = sources.series(&objects::RESTARTS, &[("pod", &pattern), ("container", "kafka")])?;
            Some(format!(
                "max by (namespace, pod) (round(increase({restarts}[30m]))) > 2"
            ))
        },
        page: Page {
            meaning: "The process ends and is started in the same pod. Each time its leaders move, and it has to catch up; \
                between two starts it may never be in sync.",
            causes: &[
                "It is out of memory: the container's limit (`OOMKilled`), or the heap.",
                "Its volume is full: see KafkaDiskUsageHigh.",
                "The liveness probe ends it, because it does not listen: long recovery, long pauses.",
                "Its only log directory failed, which ends a broker at once.",
            ],
            steps: &[
                (
                    "Why did it end? `POD` is the one of the alert.",
                    "kubectl -n {ns} describe pod POD | grep -A8 'Last State'\nkubectl -n {ns} logs POD -c kafka --previous --tail=60",
                ),
                (
                    "How full is its volume?",
                    "kubectl -n {ns} exec POD -c kafka -- df -h /var/lib/kafka/data",
                ),
            ],
            over: "Mend what ended it. It is over when it has run for half an hour.",
            avoid: &["Do not delete its volume."],
        },
        test: |kafka, _| {
            let pod = format!("{}-0", pools(kafka).first().unwrap_or(&"kafka"));
            AlertTest::value(3)
                .given(
                    &objects::RESTARTS,
                    &[("pod", &pod), ("container", "kafka")],
                    Samples::Flapping,
                )
                .label("pod", pod)
                .late(minutes(4), minutes(31))
        },
    },
    AlertRow {
        name: "KafkaFileDescriptorsLow",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "A Kafka process is running out of file descriptors.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} uses {{ $value | humanizePercentage }} of its file descriptors.",
        threshold: |_, _| "80 %: a broker that gets none ends.".to_owned(),
        expression: |kafka, sources| {
            let job = [("job", kafka.name())];
            let open = sources.series(&jvm::OPEN_FILES, &job)?;
            let most = sources.series(&jvm::MAX_FILES, &job)?;
            Some(format!(
                "max by ({BY}, pod) ({open}) / max by ({BY}, pod) ({most}) > 0.8"
            ))
        },
        page: Page {
            meaning: "Each segment takes some files and each connection one. At the limit the broker cannot open a segment, \
                takes its log directory for failed, and ends.",
            causes: &[
                "Connections that are never closed.",
                "Very many partitions, or very small segments.",
                "A low limit on the node.",
            ],
            steps: &[
                (
                    "How many, and what is the limit? `POD` is the one of the alert.",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'ls /proc/1/fd | wc -l; grep \"open files\" /proc/1/limits'",
                ),
                (
                    "Connections, or segments?",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'ls -l /proc/1/fd | grep -c socket; find /var/lib/kafka/data -name \"*.log\" | wc -l'",
                ),
            ],
            over: "Close what holds them, or raise the limit on the nodes. It is over below 80 %.",
            avoid: &["Do not delete segment files: the broker still has them open, and loses what they hold."],
        },
        test: |kafka, _| {
            let labels = [("job", kafka.name()), ("pod", "kafka-0")];
            AlertTest::value("90%")
                .given(
                    &jvm::OPEN_FILES,
                    &labels,
                    Samples::Gauge {
                        good: 10.0,
                        nearly: 80.0,
                        bad: 90.0,
                    },
                )
                .given(&jvm::MAX_FILES, &labels, Samples::Constant(100.0))
                .label("pod", "kafka-0")
        },
    },
    AlertRow {
        name: "KafkaLateTransactions",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Kafka transactions are open for longer than they may be.",
        description: "{{ $value }} partitions led by {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} have a transaction that hangs.",
        threshold: |_, _| "None: the coordinator ends a transaction after its timeout.".to_owned(),
        expression: |_, sources| {
            let late = sources.series(&broker::LATE_TRANSACTIONS, &[])?;
            Some(format!("max by ({BY}, pod) ({late}) > 0"))
        },
        page: Page {
            meaning: "Consumers with `isolation.level=read_committed` see nothing of these partitions behind the open \
                transaction, and their lag grows, however fast they are. Compaction and deletion stop there too.",
            causes: &[
                "A defect of a client or a coordinator lost the end of a transaction.",
                "A partition of `__transaction_state` was offline when it should have ended.",
            ],
            steps: &[
                (
                    "Which transactions hang? Broker `ID` is the number in the name of the pod.",
                    "{run} kafka-transactions --bootstrap-server {bootstrap} find-hanging --broker-id ID",
                ),
                (
                    "Is the coordinator's topic whole?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --topic __transaction_state --under-replicated-partitions",
                ),
            ],
            over: "Abort it with what the first command shows: `kafka-transactions --bootstrap-server {bootstrap} abort --topic TOPIC \
                --partition N --start-offset OFFSET`. It is over when consumers of the partition go on.",
            avoid: &["Do not abort a transaction whose producer still runs: stop the producer first."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &broker::LATE_TRANSACTIONS,
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
