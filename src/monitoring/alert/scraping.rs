//! Alerts on the scraping itself: without metrics no other alert can fire.

use std::collections::BTreeMap;

use crate::{
    metrics::{exporter, jvm, record, target},
    monitoring::Monitoring,
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

fn jobs(sources: &Sources) -> impl Iterator<Item = &str> {
    sources.targets.iter().map(|target| target.job.as_str())
}

/// The jobs whose number of pods is declared, and that number.
fn declared(sources: &Sources) -> impl Iterator<Item = (&str, u32)> {
    let targets = sources.targets.iter();
    targets.filter_map(|target| Some((target.job.as_str(), target.replicas?)))
}

/// The jobs of processes beside brokers and controllers.
fn beside_brokers(sources: &Sources) -> impl Iterator<Item = &str> {
    let jobs = sources.jobs_of(&jvm::START_TIME).into_iter();
    jobs.filter(|job| *job != sources.cluster)
}

/// The limits of samples, each with its jobs.
fn by_limit(sources: &Sources) -> BTreeMap<u64, Vec<&str>> {
    let mut jobs: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (job, limit) in &sources.limits {
        jobs.entry(*limit).or_default().push(job);
    }
    jobs
}

/// Where a limit is near: 80 % of it.
const fn near(limit: u64) -> u64 {
    limit / 5 * 4
}

pub(super) const ALL: &[AlertRow<Monitoring>] = &[
    AlertRow {
        name: "KafkaMetricsAbsent",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Prometheus has no metrics of a Kafka component: none of its alerts can fire.",
        description: "Prometheus has no targets for job {{ $labels.job }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }}.",
        threshold: |_, _| "Each job always has a target.".to_owned(),
        expression: |_, sources| {
            let known = sources.series(&target::UP, &[])?;
            let vanished =
                format!("group by ({BY}, job) (last_over_time({known}[6h])) unless group by ({BY}, job) ({known})");
            // What Prometheus has never had of this Kubernetes cluster, or not for six hours. The rules of another one tell of theirs.
            let absent: Option<Vec<String>> = jobs(sources)
                .map(|job| sources.absent(&target::UP, &[("job", job)], "6h"))
                .collect();
            absent.map(|absent| format!("({vanished})\nor {}", absent.join("\nor ")))
        },
        page: Page {
            meaning: "Prometheus has no target for the job: its pods do not exist, or Prometheus does not find them. \
                No other alert of the component can fire.",
            causes: &[
                "All pods of the component are missing, or it was scaled to zero.",
                "The PodMonitor or ServiceMonitor is missing, or Prometheus does not select it because a label is \
                    missing.",
                "Prometheus is not allowed to read pods in this namespace.",
            ],
            steps: &[
                ("Do the pods exist?", "kubectl -n {ns} get pods"),
                (
                    "Do the monitors exist, and which labels does Prometheus select?",
                    "kubectl -n {ns} get podmonitors,servicemonitors --show-labels\nkubectl get prometheus -A -o jsonpath='{.items[*].spec.podMonitorSelector}'",
                ),
                (
                    "What does the log of the Prometheus operator say?",
                    "kubectl -n {monitoring} logs -l app.kubernetes.io/name=prometheus-operator --tail=-1 --since=1h | grep -i {ns} | tail",
                ),
            ],
            fix: "Restore the pods or the monitor. The alert resolves when `up` has a series for the job.",
            avoid: &["Do not silence it: no other alert of the component can fire."],
        },
        test: |_, sources| {
            let first = jobs(sources).next().unwrap_or_default();
            jobs(sources)
                .fold(AlertTest::value(""), |test, job| {
                    let samples = if job == first {
                        Samples::Disappears(1.0)
                    } else {
                        Samples::Constant(1.0)
                    };
                    test.given(&target::UP, &[("job", job), ("pod", "a")], samples)
                })
                .label("job", first)
        },
    },
    AlertRow {
        name: "KafkaScrapeFailing",
        severity: AlertSeverity::Warning,
        for_duration: minutes(5),
        summary: "Prometheus cannot scrape a pod of Kafka.",
        description: "Prometheus cannot scrape {{ $labels.pod }} of job {{ $labels.job }} in {{ $labels.namespace \
            }}.",
        threshold: |_, _| {
            "Failed scrapes for five minutes, or a fifth of those of 15 minutes, again and again. A starting process needs some time."
                .to_owned()
        },
        expression: |_, sources| {
            let up = sources.series(&target::UP, &[])?;
            let by = format!("{BY}, job, pod");
            // More than five times: no restart does that.
            Some(format!(
                "max by ({by}) ({up}) == 0\n\
                 or max by ({by}) (avg_over_time({up}[15m])) < 0.8 and max by ({by}) (changes({up}[15m])) > 10"
            ))
        },
        page: Page {
            meaning: "The pod exists, but its metrics are missing: no alert fires for what happens in it.",
            causes: &[
                "The process in it does not run or hangs: then other alerts of the cluster fire too.",
                "A network policy blocks Prometheus: it must run in namespace `{monitoring}`.",
                "A scrape takes longer than its timeout: very many partitions, or a pod at its CPU limit.",
            ],
            steps: &[
                (
                    "Does the pod run? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} get pod POD -o wide",
                ),
                (
                    "Does the metrics endpoint respond? For the exporter, use port 9308.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused -o /dev/null -w '%{http_code} in %{time_total} s\\n' localhost:9404/metrics\nkill %1",
                ),
                (
                    "Which clients do the network policies allow, and where does Prometheus run?",
                    "kubectl -n {ns} get networkpolicies\nkubectl get pods -A -l app.kubernetes.io/name=prometheus",
                ),
            ],
            fix: "Fix the cause. The alert resolves when `up` of the pod is 1, or has been for most of 15 minutes.",
            avoid: &["Do not restart a broker only to get its metrics back, while partitions are under-replicated."],
        },
        test: |_, sources| {
            let job = jobs(sources).next().unwrap_or_default();
            AlertTest::value("")
                .given(&target::UP, &[("job", job), ("pod", "a")], Samples::gauge(1.0, 0.0))
                .label("job", job)
                .label("pod", "a")
        },
    },
    AlertRow {
        name: "KafkaScrapeSampleLimit",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "A scrape of Kafka has nearly as many samples as Prometheus takes, or more.",
        description: "The last scrape of {{ $labels.pod }} of job {{ $labels.job }} in {{ $labels.namespace }} had {{ $value | \
            printf \"%.0f\" }} samples.",
        threshold: |_, sources| {
            let limits: Vec<String> = by_limit(sources)
                .into_iter()
                .map(|(limit, jobs)| format!("{limit} of `{}`", jobs.join("`, `")))
                .collect();
            format!(
                "80 % of `sampleLimit`: {}. With more than the limit all samples of the scrape are lost.",
                limits.join(", ")
            )
        },
        expression: |_, sources| {
            let near: Option<Vec<String>> = by_limit(sources)
                .into_iter()
                .map(|(limit, jobs)| {
                    let job = match jobs[..] {
                        [one] => one.to_owned(),
                        _ => format!("~{}", jobs.join("|")),
                    };
                    let samples = sources.series(&target::SAMPLES, &[("job", &job)])?;
                    Some(format!("max by ({BY}, job, pod) ({samples}) > {}", near(limit)))
                })
                .collect();
            near.filter(|near| !near.is_empty()).map(|near| near.join("\nor "))
        },
        page: Page {
            meaning: "Prometheus takes no more than `sampleLimit` samples from a scrape. Beyond it the scrape counts as failed: no alert \
                fires for what happens in the pod.",
            causes: &[
                "The cluster has far more topics, partitions or consumer groups than the stack declares.",
                "Clients make topics or groups with a new name each time.",
                "A connector with very many tasks.",
            ],
            steps: &[
                (
                    "How many topics, partitions and groups are there?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep -c PartitionCount\n{run} kafka-topics --bootstrap-server {bootstrap} --describe | grep -c Leader:\n{run} kafka-consumer-groups --bootstrap-server {bootstrap} --list | wc -l",
                ),
                (
                    "Which metric has the most samples? For the exporter, use port 9308.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s --retry 5 --retry-connrefused localhost:9404/metrics | grep -v '^#' | sed 's/[{ ].*//' | sort | uniq -c | sort -n | tail\nkill %1",
                ),
            ],
            fix: "Declare the topics, or the size of the cluster with `Monitoring::cluster_size`: the limit and the exporter's resources \
                follow from it. Leave out what no one needs with `Monitoring::skip_topics` or `Monitoring::skip_groups`. The alert resolves \
                when a scrape has fewer samples than 80 % of the limit.",
            avoid: &[
                "Do not remove the limit: without one, a mistake in one client can fill the memory of Prometheus.",
            ],
        },
        test: |_, sources| {
            let limits = by_limit(sources);
            let (limit, job) = limits
                .iter()
                .find_map(|(limit, jobs)| Some((*limit, *jobs.first()?)))
                .unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "a test of a limit")]
            let (near, limit) = (near(limit) as f64, limit as f64);
            let samples = Samples::Gauge {
                healthy: 100.0,
                tolerated: near,
                firing: limit,
            };
            AlertTest::value(limit)
                .given(&target::SAMPLES, &[("job", job), ("pod", "a")], samples)
                .label("job", job)
                .label("pod", "a")
        },
    },
    AlertRow {
        name: "KafkaPodsMissing",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "A Kafka component has fewer pods than declared.",
        description: "Prometheus finds only {{ $value }} pods of job {{ $labels.job }} of {{ $labels.kafka_cluster }} in {{ \
            $labels.namespace }}.",
        threshold: |_, sources| {
            let declared: Vec<String> = declared(sources)
                .map(|(job, replicas)| format!("{replicas} of `{job}`"))
                .collect();
            format!(
                "Declared are {}. A restart takes less than 15 minutes.",
                declared.join(", ")
            )
        },
        // Without any, KafkaMetricsAbsent fires; with one that cannot be scraped, KafkaScrapeFailing.
        expression: |_, sources| {
            let fewer: Option<Vec<String>> = declared(sources)
                .filter(|(_, replicas)| *replicas > 1)
                .map(|(job, replicas)| {
                    let up = sources.series(&target::UP, &[("job", job)])?;
                    Some(format!(
                        "count by ({BY}, job) (group by ({BY}, job, pod) ({up})) < {replicas}"
                    ))
                })
                .collect();
            fewer.filter(|fewer| !fewer.is_empty()).map(|fewer| fewer.join("\nor "))
        },
        page: Page {
            meaning: "The other pods do the work of those that are missing. Of controllers and registries a majority, or one, is \
                enough; the next failure may stop them.",
            causes: &[
                "A pod cannot be scheduled: not enough resources, a drained node, a volume in another zone, a spread over \
                    zones that cannot be kept.",
                "It was scaled down by hand.",
                "The node of the pod is dead: then the pod stays `Terminating`.",
                "Prometheus does not find the pod, although it runs: its labels or its port were changed.",
            ],
            steps: &[
                (
                    "Which pods are there, and which are not running?",
                    "kubectl -n {ns} get pods -o wide\nkubectl -n {ns} get statefulsets,deployments",
                ),
                (
                    "Why is one pending? Replace `POD` with its name.",
                    "kubectl -n {ns} describe pod POD | tail -20",
                ),
            ],
            fix: "Remove what keeps the pod from running. The alert resolves when Prometheus finds all declared pods.",
            avoid: &["Do not delete the volume of a pod to get it scheduled."],
        },
        test: |_, sources| {
            let (job, replicas) = declared(sources)
                .find(|(_, replicas)| *replicas > 1)
                .unwrap_or_default();
            let test = AlertTest::value(replicas.saturating_sub(1));
            (0..replicas)
                .fold(test, |test, number| {
                    let pod = format!("{job}-{number}");
                    let samples = if number == 0 {
                        Samples::Disappears(1.0)
                    } else {
                        Samples::Constant(1.0)
                    };
                    test.given(&target::UP, &[("job", job), ("pod", &pod)], samples)
                })
                .label("job", job)
        },
    },
    AlertRow {
        name: "KafkaPodRestarts",
        severity: AlertSeverity::Warning,
        for_duration: minutes(0),
        summary: "A component of Kafka restarts repeatedly.",
        description: "{{ $labels.pod }} of job {{ $labels.job }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} \
            restarted {{ $value }} times within six hours.",
        threshold: |_, _| {
            "Three restarts within six hours, as of brokers: one for a change, one for its correction, one for a node."
                .to_owned()
        },
        // Of brokers and controllers KafkaBrokerRestarts tells. A process that exits before it is scraped is found by
        // KafkaScrapeFailing; one that runs for some minutes in between is not, because each time it is away for less than five. A
        // pod that is created again has another address, so another series.
        expression: |_, sources| {
            let jobs: Vec<&str> = beside_brokers(sources).collect();
            let pattern = match jobs[..] {
                [] => return None,
                [job] => job.to_owned(),
                _ => format!("~{}", jobs.join("|")),
            };
            let started = sources.series(&jvm::START_TIME, &[("job", &pattern)])?;
            Some(format!("changes(max by ({BY}, job, pod) ({started})[6h:1m]) > 3"))
        },
        page: Page {
            meaning: "The process exits and Kubernetes starts it again. Each time the connectors of a Connect worker move to the \
                others, and a registry may be without a primary for a moment; what has one pod is away.",
            causes: &[
                "It runs out of memory: the container's limit (`OOMKilled`), or the Java heap (KafkaHeapFull).",
                "The liveness probe fails, because it is overloaded or waits for something.",
                "It cannot reach Kafka, or is refused, and exits.",
                "Its pod is evicted or deleted again and again.",
            ],
            steps: &[
                (
                    "Why did it exit? Replace `POD` with the pod of the alert.",
                    "kubectl -n {ns} describe pod POD | grep -A8 'Last State'\nkubectl -n {ns} logs POD --previous --tail=60",
                ),
                (
                    "What happened to pods in the last hour?",
                    "kubectl -n {ns} get events --sort-by=.lastTimestamp | tail -40",
                ),
            ],
            fix: "Fix the cause of the exit. The alert resolves when there were at most three restarts within six hours.",
            avoid: &["Do not scale it to zero: then nothing does its work."],
        },
        test: |_, sources| {
            let job = beside_brokers(sources).next().unwrap_or_default();
            AlertTest::value(4)
                .given(
                    &jvm::START_TIME,
                    &[("job", job), ("pod", "a")],
                    Samples::Counter {
                        from: 1000.0,
                        healthy: 0.0,
                        tolerated: 0.0,
                        firing: 60.0,
                    },
                )
                .label("job", job)
                .label("pod", "a")
                .late(minutes(3), minutes(361))
        },
    },
    AlertRow {
        name: "KafkaConsumerLagMissing",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Prometheus no longer has the lag of consumer groups: no alert on them can fire.",
        description: "The exporter of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} runs and reports the lag of no \
            consumer group.",
        threshold: |_, _| "Ten minutes without lag, after there was some within six hours.".to_owned(),
        expression: |_, sources| {
            let lag = sources.series(&record::GROUP_LAG, &[])?;
            let job = sources.jobs_of(&exporter::LAG_SUM).first().copied()?.to_owned();
            let up = sources.series(&target::UP, &[("job", &job)])?;
            // It goes on after the six hours.
            let firing = sources.while_firing("KafkaConsumerLagMissing");
            Some(format!(
                "(group by ({BY}) (last_over_time({lag}[6h])) or {firing}) unless group by ({BY}) ({lag})\n\
                 and on ({BY}) group by ({BY}) ({up} == 1)"
            ))
        },
        page: Page {
            meaning: "The exporter answers, but without consumer groups: no alert on lag can fire, and panels of groups are \
                empty.",
            causes: &[
                "It may not describe groups: its permissions were changed.",
                "The coordinators of the groups do not answer: `__consumer_offsets` is offline (KafkaOfflinePartitions).",
                "All groups were deleted, or their offsets expired because nothing was read for a week.",
            ],
            steps: &[
                (
                    "Which groups are there?",
                    "{run} kafka-consumer-groups --bootstrap-server {bootstrap} --list",
                ),
                (
                    "What does the exporter say?",
                    "kubectl -n {ns} logs deployment/{exporter} --tail=50",
                ),
            ],
            fix: "Fix the cause, then restart the exporter: `kubectl -n {ns} rollout restart deployment/{exporter}`. The alert \
                resolves when lag is reported again.",
            avoid: &["Do not silence it: the lag of no group is watched meanwhile."],
        },
        test: |_, sources| {
            let job = sources.jobs_of(&exporter::LAG_SUM).first().copied().unwrap_or_default();
            let labels = [("consumergroup", "a-group"), ("topic", "a-topic"), ("partition", "0")];
            AlertTest::value("")
                .given(&exporter::CONSUMER_LAG, &labels, Samples::Disappears(5.0))
                .given(&target::UP, &[("job", job), ("pod", "a")], Samples::Constant(1.0))
                // What was there two minutes ago is still recorded.
                .late(minutes(2), minutes(0))
        },
    },
    AlertRow {
        name: "KafkaHeapFull",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "The heap of a Kafka process is full even after garbage collections.",
        description: "{{ $labels.pod }} of job {{ $labels.job }} in {{ $labels.namespace }} uses at least {{ $value | \
            humanizePercentage }} of its heap.",
        threshold: |_, _| "85 % all the time for half an hour, in which garbage was collected.".to_owned(),
        expression: |_, sources| {
            let used = sources.series(&jvm::HEAP_USED, &[])?;
            let most = sources.series(&jvm::HEAP_MAX, &[])?;
            let collections = sources.series(&jvm::GC_SECONDS, &[])?;
            let by = format!("{BY}, job, pod");
            Some(format!(
                "max by ({by}) (min_over_time({used}[30m])) / max by ({by}) ({most}) > 0.85\n\
                 and on ({by}) max by ({by}) (increase({collections}[30m])) > 0"
            ))
        },
        page: Page {
            meaning: "What is left of the heap does not last long: collections become longer, then the process pauses for \
                seconds, and in the end it fails with `OutOfMemoryError`.",
            causes: &[
                "More partitions, groups, connections or tasks than the heap was sized for.",
                "Very large requests or records.",
                "A leak, for example in a plugin of Connect: then it grows after each restart in the same way.",
            ],
            steps: &[
                (
                    "What fills the heap? Replace `POD` with the pod of the alert. The command pauses the process for a moment. \
                        An image with a JRE alone has no `jcmd`: there `kill -3 1` in its place writes how full each part is to the log.",
                    "kubectl -n {ns} exec POD -- jcmd 1 GC.class_histogram | head -30",
                ),
                (
                    "How long are the pauses? The dashboard shows the time in collections.",
                    "kubectl -n {ns} logs POD --since=1h | grep -iE 'gc|OutOfMemory' | tail -20",
                ),
            ],
            fix: "Give it more memory in the stack (`Resources::heap`), which restarts it, or reduce what fills it. The alert \
                resolves when collections free more than 15 %.",
            avoid: &[
                "Do not raise the heap without the memory of the container: then it is killed instead (`OOMKilled`).",
            ],
        },
        test: |_, sources| {
            let job = sources.jobs_of(&jvm::HEAP_USED).first().copied().unwrap_or_default();
            let labels = [("job", job), ("pod", "a")];
            let collecting = Samples::Counter {
                from: 0.0,
                healthy: 1.0,
                tolerated: 1.0,
                firing: 1.0,
            };
            AlertTest::value("90%")
                .given(
                    &jvm::HEAP_USED,
                    &labels,
                    Samples::Gauge {
                        healthy: 50.0,
                        tolerated: 85.0,
                        firing: 90.0,
                    },
                )
                .given(&jvm::HEAP_MAX, &labels, Samples::Constant(100.0))
                .given(
                    &jvm::GC_SECONDS,
                    &[labels[0], labels[1], ("gc", "G1 Old Generation")],
                    collecting,
                )
                .label("job", job)
                .label("pod", "a")
                .late(minutes(30), minutes(1))
        },
    },
];
