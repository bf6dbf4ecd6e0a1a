//! Alerts on the Schema Registry.

use super::SchemaRegistryHandle;
use crate::{
    metrics::{registry, target},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, Scenario, Sources, minutes, scenario::always,
    },
};

pub(super) const ALL: &[AlertRow<SchemaRegistryHandle>] = &[
    AlertRow {
        name: "KafkaSchemaRegistryNoPrimary",
        severity: AlertSeverity::Critical,
        for_duration: minutes(5),
        summary: "The Schema Registry has no primary, or more than one primary.",
        description: "{{ $value }} instances of {{ $labels.job }} in {{ $labels.namespace }} claim to be the primary.",
        threshold: |_, _| "Exactly one primary. An election takes seconds.".to_owned(),
        expression: |_, sources| {
            let each = |primary| format!("({BY}, job) (max by ({BY}, job, pod) ({primary}))");
            // One that is not scraped may be the primary.
            let none: Option<Vec<String>> = sources
                .jobs_of(&registry::PRIMARY)
                .into_iter()
                .map(|job| {
                    let each = each(sources.series(&registry::PRIMARY, &[("job", job)])?);
                    let target = sources.targets.iter().find(|target| target.job == job)?;
                    let none = format!("sum by {each} < 1");
                    Some(match target.replicas {
                        Some(all) if all > 1 => format!("({none}\nand count by {each} >= {all})"),
                        _ => none,
                    })
                })
                .collect();
            let several = each(sources.series(&registry::PRIMARY, &[])?);
            Some(format!("{}\nor sum by {several} > 1", none?.join("\nor ")))
        },
        page: Page {
            meaning: "Without a primary, no schema can be registered: producers with a new schema fail. Existing schemas \
            can still be read.",
            causes: &[
                "The instances cannot form their group because Kafka does not respond: see KafkaBrokerDown.",
                "They cannot read `_schemas`, or it is offline: see KafkaOfflinePartitions.",
                "An instance is isolated from the others and has not noticed it.",
            ],
            steps: &[
                (
                    "Do the instances run, and what do their logs say?",
                    "kubectl -n {ns} get pods -l app.kubernetes.io/instance={job}\nkubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=30m --prefix | grep -iE 'primary|leader|error' | tail -40",
                ),
                (
                    "Does it respond?",
                    "kubectl -n {ns} port-forward service/{job} 8081 &\ncurl -s --retry 5 --retry-connrefused localhost:8081/subjects\nkill %1",
                ),
                (
                    "Does its topic exist?",
                    "{run} kafka-topics --bootstrap-server {bootstrap} --describe --topic _schemas",
                ),
            ],
            fix: "Once Kafka responds, an instance becomes primary by itself. If not, restart them: `kubectl -n {ns} \
            rollout restart deployment/{job}`. The alert resolves when exactly one instance is primary.",
            avoid: &["Do not delete `_schemas`: it contains all schemas, and records cannot be read without them."],
        },
        test: |instances, _| {
            let job = instances.name();
            let first = [("job", job), ("pod", "a")];
            let test = AlertTest::value(0).given(&registry::PRIMARY, &first, Samples::gauge(1.0, 0.0));
            let others = (1..instances.replicas()).map(|number| format!("b{number}"));
            others
                .fold(test, |test, pod| {
                    let other = [("job", job), ("pod", pod.as_str())];
                    test.given(&registry::PRIMARY, &other, Samples::Constant(0.0))
                })
                .label("job", job)
        },
    },
    AlertRow {
        name: "KafkaSchemaRegistryErrors",
        severity: AlertSeverity::Warning,
        for_duration: minutes(10),
        summary: "Most requests to the Schema Registry fail.",
        description: "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} in {{ $labels.namespace }} fail.",
        threshold: |_, _| {
            "Half of the requests, and at least six per minute. Clients that ask for a schema that does not exist yet get an \
                error too."
                .to_owned()
        },
        expression: |_, sources| {
            let all = sources.series(&registry::REQUEST_RATE, &[])?;
            let failed = sources.series(&registry::REQUEST_ERROR_RATE, &[])?;
            let sum = |series| format!("sum by ({BY}, job) (max by ({BY}, job, pod) ({series}))");
            let failed = sum(failed);
            Some(format!("{failed} / {} > 0.5\nand {failed} > 0.1", sum(all)))
        },
        page: Page {
            meaning: "Producers and consumers that need a schema they do not have yet fail, as do new deployments. Clients that \
                have their schemas in memory continue.",
            causes: &[
                "The registry cannot write: no primary (KafkaSchemaRegistryNoPrimary), or `_schemas` rejects writes \
                    (KafkaUnderMinIsrPartitions).",
                "A client registers a schema that is not compatible, again and again.",
                "A client asks for subjects that do not exist.",
            ],
            steps: &[
                (
                    "Which requests fail, and with which status?",
                    "kubectl -n {ns} logs -l app.kubernetes.io/instance={job} --tail=-1 --since=15m --prefix | grep -E '\" [45][0-9][0-9] ' | tail -40",
                ),
                (
                    "Does it respond?",
                    "kubectl -n {ns} port-forward service/{job} 8081 &\ncurl -s --retry 5 --retry-connrefused localhost:8081/subjects\nkill %1",
                ),
            ],
            fix: "Fix the client with status 404, 409 or 422, or the registry with 5xx. The alert resolves when fewer than half \
                of the requests fail.",
            avoid: &["Do not lower the compatibility of all subjects to let one schema through."],
        },
        test: |instances, _| {
            let pod = [("pod", "a")];
            AlertTest::value("75%")
                .given(&registry::REQUEST_RATE, &pod, Samples::Constant(4.0))
                .given(
                    &registry::REQUEST_ERROR_RATE,
                    &pod,
                    Samples::Gauge {
                        healthy: 0.0,
                        tolerated: 2.0,
                        firing: 3.0,
                    },
                )
                .label("job", instances.name())
        },
    },
];

/// What happens to instances; none for a registry without these metrics.
pub(super) fn scenarios(instances: &SchemaRegistryHandle, sources: &Sources) -> Vec<Scenario> {
    let job = instances.name();
    if sources.series(&registry::PRIMARY, &[("job", job)]).is_none() || instances.replicas() < 2 {
        return Vec::new();
    }
    let pods = [format!("{job}-0"), format!("{job}-1")];
    let labels = |number: usize| [("job", job), ("pod", pods[number].as_str())];
    let calm = |what: &str| {
        Scenario::calm(format!("{job}: {what}"), 120, sources)
            .line(&registry::PRIMARY, &labels(0), always(1.0))
            .line(&registry::PRIMARY, &labels(1), always(0.0))
            .line(&registry::REQUEST_RATE, &labels(0), always(4.0))
            .line(&registry::REQUEST_ERROR_RATE, &labels(0), always(0.0))
    };
    vec![
        calm("most requests fail")
            .line(&registry::REQUEST_ERROR_RATE, &labels(0), always(0.0).then(30, 3.0))
            .fires("KafkaSchemaRegistryErrors", 30 + 9, 30 + 12, 119),
        calm("a client asks for schemas that do not exist yet").line(
            &registry::REQUEST_ERROR_RATE,
            &labels(0),
            always(0.0).then(30, 0.8),
        ),
        calm("the primary cannot be scraped")
            .change("pod", &pods[0], |metric, line| {
                if metric == target::UP.name {
                    line.then(30, 0.0)
                } else {
                    line.gone(30, 120)
                }
            })
            .fires("KafkaScrapeFailing", 30 + 4, 30 + 7, 119),
        calm("the target of the primary is gone while its pod runs")
            .change("pod", &pods[0], |_, line| line.gone(30, 120))
            .fires("KafkaPodsMissing", 30 + 14, 30 + 22, 119),
        calm("no instance is primary")
            .line(&registry::PRIMARY, &labels(0), always(1.0).then(30, 0.0))
            .fires("KafkaSchemaRegistryNoPrimary", 30 + 4, 30 + 7, 119),
        calm("another instance becomes primary")
            .line(&registry::PRIMARY, &labels(0), always(1.0).then(30, 0.0))
            .line(&registry::PRIMARY, &labels(1), always(0.0).then(31, 1.0)),
    ]
}
