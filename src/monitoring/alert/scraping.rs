//! Alerts on the scraping itself: without metrics no other alert can fire.

use crate::{
    metrics::target,
    monitoring::Monitoring,
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Sources, minutes},
};

fn jobs(sources: &Sources) -> impl Iterator<Item = &str> {
    sources.targets.iter().map(|target| target.job.as_str())
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
            // What Prometheus has never had, or not for six hours.
            let absent: Option<Vec<String>> = jobs(sources)
                .map(|job| {
                    let job = sources.series(&target::UP, &[("job", job)])?;
                    Some(format!("absent_over_time({job}[6h])"))
                })
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
        threshold: |_, _| "Failed scrapes for five minutes. A starting process needs some time.".to_owned(),
        expression: |_, sources| {
            let up = sources.series(&target::UP, &[])?;
            Some(format!("max by ({BY}, job, pod) ({up}) == 0"))
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
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s -o /dev/null -w '%{http_code} in %{time_total} s\\n' localhost:9404/metrics",
                ),
                (
                    "Which clients do the network policies allow, and where does Prometheus run?",
                    "kubectl -n {ns} get networkpolicies\nkubectl get pods -A -l app.kubernetes.io/name=prometheus",
                ),
            ],
            fix: "Fix the cause. The alert resolves when `up` of the pod is 1.",
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
];
