//! Alerts on the Schema Registry.

use super::SchemaRegistryHandle;
use crate::{
    metrics::{registry, target},
    observability::{AlertRow, AlertSeverity, AlertTest, BY, Page, Samples, minutes},
};

pub(super) const ALL: &[AlertRow<SchemaRegistryHandle>] = &[AlertRow {
    name: "KafkaSchemaRegistryNoPrimary",
    severity: AlertSeverity::Critical,
    for_duration: minutes(5),
    summary: "The Schema Registry has no primary, or more than one primary.",
    description: "{{ $value }} instances of {{ $labels.job }} in {{ $labels.namespace }} claim to be the primary.",
    threshold: |_, _| "Exactly one primary. An election takes seconds.".to_owned(),
    expression: |_, sources| {
        let primary = sources.series(&registry::PRIMARY, &[])?;
        let down = sources.series(&target::UP, &[])?;
        let primaries = format!("sum by ({BY}, job) (max by ({BY}, job, pod) ({primary}))");
        // One that cannot be scraped may be the primary.
        Some(format!(
            "({primaries} < 1\nunless on ({BY}, job) {down} == 0)\nor {primaries} > 1"
        ))
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
                "kubectl -n {ns} port-forward service/{job} 8081 &\ncurl -s localhost:8081/subjects",
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
        AlertTest::value(0)
            .given(&registry::PRIMARY, &[("pod", "a")], Samples::gauge(1.0, 0.0))
            .given(&registry::PRIMARY, &[("pod", "b")], Samples::Constant(0.0))
            .label("job", instances.name())
    },
}];
