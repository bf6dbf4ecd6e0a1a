//! Alerts on single brokers: how busy they are, and which of their parts have stopped.

use std::collections::BTreeSet;

use super::texts;
use crate::{
    kafka::KafkaHandle,
    metrics::{Metric, broker, jvm, objects, record},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes, though_lost},
    promql::Selector,
    version::Version,
};

/// The idle share of threads below which requests wait.
fn idle(sources: &Sources) -> f64 {
    f64::from(sources.thresholds.idle) / 100.0
}

fn idle_limit(_: &KafkaHandle, sources: &Sources) -> String {
    format!(
        "{} %, set with `Monitoring::idle_threshold`. Below it, requests queue up during bursts.",
        sources.thresholds.idle
    )
}

fn idle_test(sources: &Sources, metric: &Metric, labels: &[(&'static str, &str)]) -> AlertTest {
    let firing = f64::from(sources.thresholds.idle) / 200.0;
    AlertTest::value(format!("{}%", f64::from(sources.thresholds.idle) / 2.0))
        .given(
            metric,
            labels,
            Samples::Gauge {
                healthy: 1.0,
                tolerated: idle(sources),
                firing,
            },
        )
        .label("pod", "kafka-0")
}

/// Whether nodes are broker and controller in one process.
fn combined(kafka: &KafkaHandle) -> bool {
    kafka.nodes().iter().any(|node| node.broker && node.controller)
}

/// The metric of idle request handlers. On a combined node the older one adds the threads of the controller, which are
/// always idle: then there is no right one before Kafka 4.2.
pub(in crate::kafka) fn idle_handlers(kafka: &KafkaHandle) -> Option<&'static Metric> {
    if kafka.version() >= Version::V4_2 {
        Some(&broker::BROKER_HANDLER_IDLE)
    } else {
        (!combined(kafka)).then_some(&broker::HANDLER_IDLE)
    }
}

/// The idle share of network threads by pod; on combined nodes the least of the listeners of clients and brokers,
/// because the average of the process contains the controller's.
pub(in crate::kafka) fn idle_network(kafka: &KafkaHandle, sources: &Sources, by: &str) -> Option<String> {
    if combined(kafka) {
        let waits = kafka
            .controller_listeners()
            .fold(sources.series(&broker::IO_WAIT, &[])?, |waits, name| {
                waits.not_equal("listener", name)
            });
        let waits = though_lost(waits);
        return Some(format!("min by ({by}, pod) (avg by ({by}, pod, listener) ({waits}))"));
    }
    let free = though_lost(sources.series(&broker::NETWORK_IDLE, &[])?);
    Some(format!("min by ({by}, pod) ({free})"))
}

/// The StatefulSets of the cluster's nodes.
fn pools(kafka: &KafkaHandle) -> BTreeSet<&str> {
    let claims = kafka.volume_claims();
    claims.iter().map(|claims| claims.stateful_set.as_str()).collect()
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaProduceFailing",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "All produce requests to Kafka fail.",
        description: "Producers of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} get {{ $value | humanize }} errors \
            per second, and no request succeeds.",
        threshold: |_, _| {
            "Five minutes with errors and without one success; or half an hour with at least two errors and without one success, for \
                producers that write seldom."
                .to_owned()
        },
        // Whatever the code: a lost permission looks like the fault of a client. Success is counted as error `NONE`.
        expression: |_, sources| {
            let of = |error| sources.series(&broker::ERRORS, &[("request", "Produce"), ("error", error)]);
            let (all, success) = (sources.series(&broker::ERRORS, &[("request", "Produce")])?, of("NONE")?);
            let errors = all.not_equal("error", "NONE");
            let failing = |errors: &Selector, most: &str, time: &str| {
                format!(
                    "sum by ({BY}) (max by ({BY}, pod, error) (rate({errors}[{time}]))) > {most}\n\
                     unless on ({BY}) sum by ({BY}) (rate({success}[{time}])) > 0"
                )
            };
            // A producer that writes every quarter of an hour at least is refused twice in half an hour. One error alone may be that of
            // a client that tries again later. The rate of two is 2/1800 s, and between one and two there is room for what `rate`
            // adds at the ends.
            Some(format!(
                "{}\nor {}",
                failing(&errors, "0", "5m"),
                failing(&errors, "1.5 / 1800", "30m")
            ))
        },
        page: Page {
            meaning: "Nothing is written. Producers retry until `delivery.timeout.ms`, two minutes by default, and then lose \
                what is in their buffers.",
            causes: &[
                "Too few replicas are in sync (`NOT_ENOUGH_REPLICAS`): see KafkaUnderMinIsrPartitions.",
                "Permissions were changed (`TOPIC_AUTHORIZATION_FAILED`, `CLUSTER_AUTHORIZATION_FAILED`).",
                "The topic was deleted (`UNKNOWN_TOPIC_OR_PARTITION`), or records are larger than it allows \
                    (`MESSAGE_TOO_LARGE`).",
                "Few clients write, and the only one that does is wrong.",
            ],
            steps: &[
                (
                    "Which errors? The dashboard shows them by code. Or, with `POD` as each broker's pod:",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep 'requestmetrics_errors_total.*Produce'\nkill %1",
                ),
                (
                    "Do partitions reject writes?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-min-isr-partitions",
                ),
                (
                    "What do the brokers say?",
                    "kubectl -n {ns} logs -l {pods} -c kafka --tail=-1 --since=15m --prefix | grep -iE 'denied|error|exception' | tail -40",
                ),
            ],
            fix: "Do what the error asks for. The alert resolves when a produce request succeeds.",
            avoid: &["Do not restart all brokers: none of these errors goes away by it."],
        },
        test: |_, _| {
            let labels = |error| [("pod", "kafka-0"), ("request", "Produce"), ("error", error)];
            AlertTest::value("200m")
                .given(
                    &broker::ERRORS,
                    &labels("TOPIC_AUTHORIZATION_FAILED"),
                    Samples::Counter {
                        from: 0.0,
                        healthy: 0.0,
                        tolerated: 12.0,
                        firing: 12.0,
                    },
                )
                .given(
                    &broker::ERRORS,
                    &labels("NONE"),
                    Samples::Counter {
                        from: 0.0,
                        healthy: 60.0,
                        tolerated: 1.0,
                        firing: 0.0,
                    },
                )
                .late(minutes(4), minutes(0))
        },
    },
    AlertRow {
        name: "KafkaProducerLatencyHigh",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "A Kafka broker responds slowly to producers.",
        description: "The 99th percentile of produce latency is {{ $value | printf \"%.0f\" }} ms on {{ $labels.pod \
            }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }}.",
        threshold: |_, sources| {
            format!(
                "{} ms, set with `Monitoring::produce_latency_threshold`.",
                sources.thresholds.produce_latency.as_millis()
            )
        },
        // The broker keeps the last percentiles when requests stop, so they count only while there are requests.
        expression: |_, sources| {
            let time = sources.series(&broker::TOTAL_TIME, &[("request", "Produce"), ("quantile", "0.99")])?;
            let requests = sources.series(&broker::REQUESTS, &[("request", "Produce")])?;
            let limit = sources.thresholds.produce_latency.as_millis();
            Some(format!(
                "max by ({BY}, pod) ({time}) > {limit}\n\
                 and max by ({BY}, pod) (rate({requests}[5m])) > 0\n"
            ))
        },
        page: Page {
            meaning: "Producers wait. Their buffers fill, then `send` blocks, then records time out. The latency is \
                measured in the broker, from the arrival of a request to its response. With `acks=all` it includes \
                the wait for {insync} in-sync replicas.",
            causes: &[
                "A follower is slow and the leader waits for it: see KafkaISRShrink.",
                "The disk of this broker is slow.",
                "More requests than the request handler threads can process: see KafkaRequestHandlersBusy.",
                "Very large batches, which take long to replicate.",
            ],
            steps: &[
                (
                    "Where is the time spent: in the request queue, on the local disk, or waiting for followers? The \
                        dashboard shows it too. Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep -E 'requestmetrics_(requestqueue|local|remote)timems.*Produce'\nkill %1",
                ),
                (
                    "Do followers keep up?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --under-replicated-partitions",
                ),
                (
                    "Is the pod at its CPU or memory limit?",
                    "kubectl -n {ns} top pods -l {pods}",
                ),
            ],
            fix: "Reduce the load on the slow part. The alert resolves when the 99th percentile is below the \
                threshold again.",
            avoid: &["Do not switch producers to `acks=1`: they stop waiting, and lose records at the next failure."],
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
                        healthy: limit / 2.0,
                        tolerated: limit,
                        firing: limit + 500.0,
                    },
                )
                .given(
                    &broker::REQUESTS,
                    &labels,
                    Samples::Counter {
                        from: 0.0,
                        healthy: 100.0,
                        tolerated: 100.0,
                        firing: 100.0,
                    },
                )
                // It was slow once, and has had no requests since.
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
        summary: "The request handler threads of a Kafka broker are overloaded.",
        description: "Request handler threads of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} are idle only {{ $value | humanizePercentage }} of the time.",
        threshold: idle_limit,
        expression: |kafka, sources| {
            let free = though_lost(sources.series(idle_handlers(kafka)?, &[])?);
            Some(format!("min by ({BY}, pod) ({free}) < {}", idle(sources)))
        },
        page: Page {
            meaning: "Requests wait for a free thread on this broker, so all its clients get slower.",
            causes: &[
                "More requests than before: a new client, or a client that retries in a tight loop.",
                "A slow disk: handler threads wait for it.",
                "Partition leaders are spread unevenly, so one broker does most of the work.",
                "Too few threads for the CPUs of the pod: `num.io.threads`.",
            ],
            steps: &[
                (
                    "Is only this broker affected? How many leaders does each broker have?",
                    texts::COUNT_LEADERS,
                ),
                (
                    "Is the pod at its CPU or memory limit?",
                    "kubectl -n {ns} top pods -l {pods}",
                ),
                (
                    "Which request types are most frequent? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep -E 'requestmetrics_(totaltimems_count|errors)_total'\nkill %1",
                ),
            ],
            fix: "Find the client that causes the load, rebalance the leaders (`kafka-leader-election --bootstrap-server \
                {bootstrap} --election-type preferred --all-topic-partitions`), or give the broker more CPU. The alert resolves \
                when the idle share is above the threshold.",
            avoid: &[
                "Do not restart the broker: the other brokers must take its load meanwhile, and afterwards it has \
                    the same load again.",
            ],
        },
        test: |kafka, sources| {
            let metric = idle_handlers(kafka).unwrap_or(&broker::HANDLER_IDLE);
            idle_test(sources, metric, &[("pod", "kafka-0")])
        },
    },
    AlertRow {
        name: "KafkaNetworkThreadsBusy",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "The network threads of a Kafka broker are overloaded.",
        description: "Network threads of {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} \
            are idle only {{ $value | humanizePercentage }} of the time.",
        threshold: idle_limit,
        expression: |kafka, sources| Some(format!("{} < {}", idle_network(kafka, sources, BY)?, idle(sources))),
        page: Page {
            meaning: "Requests wait to be read and responses wait to be sent, so all clients of this broker get \
                slower.",
            causes: &[
                "Many connections, or clients that open a new connection for each record.",
                "More traffic than before, such as consumers that read a topic from the beginning.",
                "Too few threads: `num.network.threads`.",
            ],
            steps: &[
                (
                    "How many connections are there? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep socketservermetrics_connection_count\nkill %1",
                ),
                (
                    "Is the pod at its CPU or memory limit?",
                    "kubectl -n {ns} top pods -l {pods}",
                ),
            ],
            fix: "Find the clients that cause the load, or add threads. The alert resolves when the idle share is \
                above the threshold.",
            avoid: &[
                "Do not restart the broker: all its clients then reconnect at once, which adds load to the network \
                    threads.",
            ],
        },
        test: |kafka, sources| {
            if combined(kafka) {
                let labels = [("pod", "kafka-0"), ("listener", "CLIENT"), ("network_processor", "0")];
                idle_test(sources, &broker::IO_WAIT, &labels)
            } else {
                idle_test(sources, &broker::NETWORK_IDLE, &[("pod", "kafka-0")])
            }
        },
    },
    AlertRow {
        name: "KafkaBrokerRestarts",
        severity: AlertSeverity::Warning,
        for_duration: minutes(0),
        summary: "A Kafka container restarts repeatedly.",
        description: "Kafka in {{ $labels.pod }} in {{ $labels.namespace }} restarted {{ $value }} times within 30 \
            minutes, or within six hours.",
        threshold: |_, _| {
            "Two restarts within 30 minutes, three within six hours: one for a change, one for its correction."
                .to_owned()
        },
        expression: |kafka, sources| {
            // A process that exits within seconds is gone before it is scraped, so its own start time would never be
            // seen.
            let pods: Vec<String> = pools(kafka).iter().map(|pool| format!("{pool}-[0-9]+")).collect();
            let pattern = (!pods.is_empty()).then(|| format!("~{}", pods.join("|")))?;
            let restarts = sources.series(&objects::RESTARTS, &[("pod", &pattern), ("container", "kafka")])?;
            let often = format!("max by (cluster, namespace, pod) (round(increase({restarts}[30m])))");
            let often = format!("{} > 2", sources.in_kubernetes(often));
            // One that dies less often, and a pod that is deleted and created again, whose container never restarts.
            let again = sources.series(&record::POD_START, &[]).map(|started| {
                let again = format!("max by (cluster, namespace, pod) (changes({started}[6h]))");
                format!("\nor {} > 3", sources.in_kubernetes(again))
            });
            Some(often + &again.unwrap_or_default())
        },
        page: Page {
            meaning: "The process exits and Kubernetes starts it again, in the same pod or a new one. Each time its leaders move to \
                other brokers and it has to catch up. Between two restarts it may never get in sync.",
            causes: &[
                "It runs out of memory: the container's limit (`OOMKilled`), or the Java heap.",
                "Its volume is full: see KafkaDiskUsageHigh.",
                "The liveness probe fails, because the broker does not listen: a long log recovery, or long garbage \
                    collection pauses.",
                "Its only log directory failed, which stops a broker at once.",
                "Its pod is evicted or deleted again and again.",
            ],
            steps: &[
                (
                    "Why did it exit? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} describe pod POD | grep -A8 'Last State'\nkubectl -n {ns} logs POD -c kafka --previous --tail=60",
                ),
                (
                    "How full is its volume? The kubelet knows it also while the container is down.",
                    "node=$(kubectl -n {ns} get pod POD -o jsonpath='{.spec.nodeName}')\nkubectl get --raw \"/api/v1/nodes/$node/proxy/stats/summary\" | jq '.pods[] | select(.podRef.name == \"POD\") | .volume[] | select(.pvcRef) | {name, usedBytes, capacityBytes}'",
                ),
            ],
            fix: "Fix the cause of the exit. The alert resolves after 30 minutes without restarts, or when there were at most three \
                within six hours.",
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
        summary: "A Kafka process runs out of file descriptors.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} uses {{ $value | humanizePercentage }} of its file descriptors.",
        threshold: |_, _| "80 %. A broker that cannot open files stops.".to_owned(),
        expression: |kafka, sources| {
            let job = [("job", kafka.name())];
            let open = sources.series(&jvm::OPEN_FILES, &job)?;
            let most = sources.series(&jvm::MAX_FILES, &job)?;
            Some(format!(
                "max by ({BY}, pod) ({open}) / max by ({BY}, pod) ({most}) > 0.8"
            ))
        },
        page: Page {
            meaning: "Each log segment needs some file descriptors and each connection needs one. At the limit the \
                broker cannot open a segment, marks its log directory as failed, and stops.",
            causes: &[
                "Connections that are never closed.",
                "A very large number of partitions, or very small segments.",
                "A low limit on the node.",
            ],
            steps: &[
                (
                    "How many are open, and what is the limit? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'ls /proc/1/fd | wc -l; grep \"open files\" /proc/1/limits'",
                ),
                (
                    "Are they connections or segments?",
                    "kubectl -n {ns} exec POD -c kafka -- bash -c 'ls -l /proc/1/fd | grep -c socket; find /var/lib/kafka/data -name \"*.log\" | wc -l'",
                ),
            ],
            fix: "Close the connections, reduce the number of segments, or raise the limit on the nodes. The alert \
                resolves below 80 %.",
            avoid: &["Do not delete segment files: the broker still has them open, and their records are lost."],
        },
        test: |kafka, _| {
            let labels = [("job", kafka.name()), ("pod", "kafka-0")];
            AlertTest::value("90%")
                .given(
                    &jvm::OPEN_FILES,
                    &labels,
                    Samples::Gauge {
                        healthy: 10.0,
                        tolerated: 80.0,
                        firing: 90.0,
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
        summary: "Kafka transactions are hanging: open for longer than their timeout.",
        description: "{{ $value }} partitions led by {{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }} have a hanging transaction.",
        threshold: |_, _| "No hanging transactions: the coordinator aborts a transaction after its timeout.".to_owned(),
        expression: |_, sources| {
            let late = sources.series(&broker::LATE_TRANSACTIONS, &[])?;
            Some(format!("max by ({BY}, pod) ({late}) > 0"))
        },
        page: Page {
            meaning: "Consumers with `isolation.level=read_committed` cannot read past the open transaction in these \
                partitions, so their lag grows. Compaction stops there too, but retention does not: what they could not \
                read in time is deleted.",
            causes: &[
                "A bug in a client or in the transaction coordinator lost the end of a transaction.",
                "A partition of `__transaction_state` was offline when the transaction should have ended.",
            ],
            steps: &[
                (
                    "Which transactions hang? Replace `ID` with the broker id, which is the number in the pod's \
                        name.",
                    "{run} kafka-transactions --bootstrap-server {bootstrap} find-hanging --broker-id ID",
                ),
                (
                    "Does the coordinator's topic have offline partitions?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --topic __transaction_state --under-replicated-partitions",
                ),
            ],
            fix: "Abort the transaction with the values that the first command shows: `kafka-transactions \
                --bootstrap-server {bootstrap} abort --topic TOPIC --partition N --start-offset OFFSET`. The alert \
                resolves when no transaction hangs; consumers of the partition then continue.",
            avoid: &["Do not abort a transaction whose producer still runs: stop the producer first."],
        },
        test: |_, _| {
            AlertTest::value(1)
                .given(
                    &broker::LATE_TRANSACTIONS,
                    &[("pod", "kafka-0")],
                    Samples::gauge(0.0, 1.0),
                )
                .label("pod", "kafka-0")
        },
    },
];
