//! Of the scraping itself: what is not scraped raises no other alert.

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
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "Prometheus scrapes nothing of a component of Kafka: none of its alerts can fire.",
        description: "Nothing is scraped for job {{ $labels.job }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }}.",
        threshold: |_, _| "Each job has a target at any time.".to_owned(),
        expression: |_, sources| {
            let absent: Option<Vec<String>> = jobs(sources)
                .map(|job| Some(format!("absent({})", sources.series(&target::UP, &[("job", job)])?)))
                .collect();
            absent.map(|absent| absent.join("\nor "))
        },
        page: Page {
            meaning: "Prometheus has no target for the job: its pods are gone, or Prometheus no longer finds them. All other \
                alerts of the component are silent for that reason.",
            causes: &[
                "All pods of the component are gone, or it was scaled to zero.",
                "The monitor is gone, or Prometheus does not select it: the label that it asks for is missing.",
                "Prometheus may not read pods in this namespace.",
            ],
            steps: &[
                ("Are the pods there?", "kubectl -n {ns} get pods"),
                (
                    "Are the monitors there, and which labels does Prometheus ask for?",
                    "kubectl -n {ns} get podmonitors,servicemonitors --show-labels\nkubectl get prometheus -A -o jsonpath='{.items[*].spec.podMonitorSelector}'",
                ),
                (
                    "What does the operator say?",
                    "kubectl -n {monitoring} logs -l app.kubernetes.io/name=prometheus-operator --tail=-1 --since=1h | grep -i {ns} | tail",
                ),
            ],
            over: "Bring pods or monitor back. It is over when `up` has a series for the job.",
            avoid: &["Do not silence it: it stands for all other alerts of the component."],
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
        description: "{{ $labels.pod }} of job {{ $labels.job }} in {{ $labels.namespace }} does not answer scrapes.",
        threshold: |_, _| "None for five minutes: a process that starts answers late.".to_owned(),
        expression: |_, sources| {
            let up = sources.series(&target::UP, &[])?;
            Some(format!("max by ({BY}, job, pod) ({up}) == 0"))
        },
        page: Page {
            meaning: "The pod is there and its metrics are not: what happens in it raises no alert.",
            causes: &[
                "The process in it does not run or hangs: then other alerts of the cluster say so.",
                "A network policy does not admit Prometheus: it has to run in namespace `{monitoring}`.",
                "A scrape takes longer than its timeout: very many partitions, or a pod at its limit.",
            ],
            steps: &[
                (
                    "Does the pod run? `POD` is the one of the alert.",
                    "kubectl -n {ns} get pod POD -o wide",
                ),
                (
                    "Does it answer from inside? The exporter's port is 9308.",
                    "kubectl -n {ns} port-forward pod/POD 9404 &\ncurl -s -o /dev/null -w '%{http_code} in %{time_total} s\\n' localhost:9404/metrics",
                ),
                (
                    "Who is admitted?",
                    "kubectl -n {ns} get networkpolicies\nkubectl get pods -A -l app.kubernetes.io/name=prometheus",
                ),
            ],
            over: "It is over when `up` of the pod is 1.",
            avoid: &["Do not restart a broker only to get its metrics back, while partitions are under-replicated."],
        },
        test: |_, sources| {
            let job = jobs(sources).next().unwrap_or_default();
            AlertTest::value("")
                .given(
                    &target::UP,
                    &[("job", job), ("pod", "a")],
                    Samples::Gauge {
                        good: 1.0,
                        nearly: 1.0,
                        bad: 0.0,
                    },
                )
                .label("job", job)
                .label("pod", "a")
        },
    },
];
