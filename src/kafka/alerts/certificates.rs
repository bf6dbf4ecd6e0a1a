//! The alerts on the certificates of a closed cluster, as cert-manager tells of them, and on nodes that still use an old one.

use std::collections::BTreeSet;

use crate::{
    kafka::{KafkaCluster, KafkaHandle},
    metrics::{Metric, certificate, exporter, jvm, record},
    observability::{
        AlertRow, AlertSeverity, AlertTest, BY, Issued, KUBERNETES, Page, Samples, Scenario, Sources, minutes,
        scenario::{EXPORTER, always},
    },
    promql::Selector,
    security::{RENEWED_HOURS, VALID_HOURS},
};

const DAY: u32 = 24 * 3600;
/// cert-manager renews 30 days before the end, and tries again for hours, later for a day and more, when the issuer fails.
const SOON: u32 = 21;
/// Enough to mend an issuer on a working day and to restart the nodes after it.
const VERY_SOON: u32 = 7;
/// A node with an old certificate is told of after this many days: then there are 23 left.
const NOT_LOADED: u32 = 7;

const MEND: &str = "Mend the issuer: cert-manager tries again by itself, at once with `cmctl -n {ns} renew NAME`. The alert resolves \
    when the certificate is renewed. Then restart what read the old one: nodes, the workers of Connect, Confluent's registry.";
const DESCRIBE: (&str, &str) = (
    "What does cert-manager say? Replace `NAME` with the `name` of the alert.",
    "kubectl -n {ns} describe certificate NAME\nkubectl -n {ns} get certificaterequests",
);
const ISSUER: (&str, &str) = (
    "Is the issuer ready?",
    "kubectl -n {ns} get issuers; kubectl get clusterissuers",
);

/// The series of each `Certificate` of these issuers in the stack's namespace, with that namespace as their label, whether the scrape job
/// of cert-manager keeps the labels of its series or not.
fn of_certificates(metric: &Metric, issuers: &str, sources: &Sources, more: &[(&str, &str)]) -> Option<String> {
    let series = of_matching(metric, ("issuer_name", issuers), sources, more)?;
    Some(sources.in_kubernetes(format!("max by (cluster, namespace, name) ({series})")))
}

/// The same, and each `Certificate` that is named like one of these issuers: that of its CA.
fn of_certificates_and_authorities(metric: &Metric, sources: &Sources, more: &[(&str, &str)]) -> Option<String> {
    let issuers = sources.issuer_pattern()?;
    let issued = of_matching(metric, ("issuer_name", &issuers), sources, more)?;
    let authorities = of_matching(metric, ("name", &issuers), sources, more)?;
    Some(sources.in_kubernetes(format!("max by (cluster, namespace, name) ({issued} or {authorities})")))
}

/// The series of each `Certificate` in the stack's namespace with this label.
fn of_matching(metric: &Metric, label: (&str, &str), sources: &Sources, more: &[(&str, &str)]) -> Option<String> {
    let kept = [&[("exported_namespace", ""), label], more].concat();
    let kept = sources.series(metric, &kept)?;
    let renamed = Selector::new(metric.name)
        .equal("exported_namespace", sources.namespace())
        .matching(label);
    let renamed = more.iter().copied().fold(renamed, Selector::matching);
    let renamed = format!("label_replace({renamed}, \"namespace\", \"$1\", \"exported_namespace\", \"(.+)\")");
    Some(format!("{kept} or {renamed}"))
}

/// The days that certificates have left, where there are fewer.
fn days_left(days: u32, sources: &Sources) -> Option<String> {
    let end = of_certificates_and_authorities(&certificate::EXPIRES, sources, &[])?;
    // Before the first one is issued the end is 0.
    Some(format!("(({end} > 0) - time()) / {DAY} < {days}"))
}

/// The labels of a certificate.
fn labels(issued: &Issued) -> Vec<(&'static str, &str)> {
    vec![("name", &issued.name), ("issuer_name", &issued.issuer)]
}

/// The first `Certificate`: that of the first pool, if the cluster has an issuer. Without any there is no alert to test.
fn first(sources: &Sources) -> Issued {
    let first = sources.certificates.first().cloned();
    first.unwrap_or_else(|| Issued::new("", ""))
}

fn threshold(days: u32) -> String {
    format!(
        "{days} days. It should have been renewed {} days before its end.",
        RENEWED_HOURS / 24
    )
}

fn ends_within(days: u32, sources: &Sources) -> AlertTest {
    let first = first(sources);
    let seconds = |days: u32| f64::from(days * DAY);
    AlertTest::value(days - 1)
        .given(
            &certificate::EXPIRES,
            &labels(&first),
            Samples::Gauge {
                healthy: seconds(90),
                // The test takes hours, in which this comes nearer.
                tolerated: seconds(days) + 4.0 * 3600.0,
                firing: seconds(days - 1),
            },
        )
        .label("name", first.name)
}

pub(super) const ALL: &[AlertRow<KafkaHandle>] = &[
    AlertRow {
        name: "KafkaCertificateExpires",
        severity: AlertSeverity::Critical,
        for_duration: minutes(15),
        summary: "A certificate of a Kafka cluster is about to end.",
        description: "Certificate {{ $labels.name }} in {{ $labels.namespace }} ends in {{ printf \"%.0f\" $value }} days.",
        threshold: |_, _| threshold(VERY_SOON),
        expression: |_, sources| days_left(VERY_SOON, sources),
        page: Page {
            meaning: "When it ends, no new connection is made to the nodes that have it, or by the client that has it: brokers \
                cannot reach each other after a restart, and clients of brokers or of a REST interface fail with `PKIX path \
                validation failed`. Open connections go on, so it shows at the next restart of anything.",
            causes: &[
                "The issuer fails: its CA has ended, its Secret is gone, or Vault does not answer.",
                "cert-manager does not run.",
                "A policy does not approve the request.",
            ],
            steps: &[DESCRIBE, ISSUER],
            fix: MEND,
            avoid: &[
                "Do not restart nodes before the certificate is renewed: a broker does not start with one that has ended.",
                "Do not delete the Secret while the issuer fails: pods that start then have no certificate at all.",
            ],
        },
        test: |_, sources| ends_within(VERY_SOON, sources),
    },
    AlertRow {
        name: "KafkaCertificateExpiresSoon",
        severity: AlertSeverity::Warning,
        for_duration: minutes(60),
        summary: "A certificate of a Kafka cluster is not renewed.",
        description: "Certificate {{ $labels.name }} in {{ $labels.namespace }} ends in {{ printf \"%.0f\" $value }} days, and is not \
            renewed.",
        threshold: |_, _| threshold(SOON),
        expression: |_, sources| days_left(SOON, sources),
        page: Page {
            meaning: "Nothing fails yet. When the certificate ends, no new connection is made to the nodes that have it, or by \
                the client that has it.",
            causes: &[
                "The issuer fails: its CA ends sooner than the certificate would, its Secret is gone, or Vault does not answer.",
                "cert-manager does not run.",
                "A policy does not approve the request.",
            ],
            steps: &[DESCRIBE, ISSUER],
            fix: MEND,
            avoid: &[
                "Do not delete the Secret while the issuer fails: pods that start then have no certificate at all.",
            ],
        },
        test: |_, sources| ends_within(SOON, sources),
    },
    AlertRow {
        name: "KafkaCertificateNotReady",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "A certificate of a Kafka cluster is not issued.",
        description: "Certificate {{ $labels.name }} in {{ $labels.namespace }} is not ready.",
        threshold: |_, _| "None. A certificate is issued within seconds.".to_owned(),
        expression: |_, sources| {
            let of = [("condition", "~False|Unknown")];
            let ready = of_certificates_and_authorities(&certificate::READY, sources, &of)?;
            Some(format!("{ready} == 1"))
        },
        page: Page {
            meaning: "It was never issued, has ended, or is not what the stack declares, such as after a pool has grown. Pods that \
                need a Secret which is not there do not start; new nodes whose names it lacks cannot be dialled.",
            causes: &[
                "The issuer does not exist, or fails.",
                "A policy does not approve the request.",
                "cert-manager does not run.",
            ],
            steps: &[DESCRIBE, ISSUER],
            fix: MEND,
            avoid: &["Do not make the Secret by hand: cert-manager replaces it, and the issuer is still broken."],
        },
        test: |_, sources| {
            let first = first(sources);
            let with = |condition| [labels(&first), vec![("condition", condition)]].concat();
            AlertTest::value("")
                .given(&certificate::READY, &with("True"), Samples::gauge(1.0, 0.0))
                .given(&certificate::READY, &with("False"), Samples::gauge(0.0, 1.0))
                .given(&certificate::READY, &with("Unknown"), Samples::Constant(0.0))
                .label("name", first.name)
        },
    },
    AlertRow {
        name: "KafkaCertificateNotLoaded",
        severity: AlertSeverity::Warning,
        for_duration: minutes(15),
        summary: "A node of Kafka, or the exporter, still uses a certificate that was renewed.",
        description: "{{ $labels.pod }} of {{ $labels.kafka_cluster }} in {{ $labels.namespace }} has not been restarted since \
            {{ $labels.name }} was renewed.",
        threshold: |_, _| {
            format!(
                "{NOT_LOADED} days after the renewal. The old certificate ends {} days after it.",
                RENEWED_HOURS / 24
            )
        },
        expression: |kafka, sources| {
            let end = of_certificates(&certificate::EXPIRES, kafka.issuer()?, sources, &[])?;
            let started = sources.series(&record::POD_START, &[])?;
            let secret = KafkaCluster::secret_of("$1");
            let nodes = format!("label_replace({started}, \"name\", \"{secret}\", \"pod\", \"(.+)-[0-9]+\")");
            let started = [Some(nodes), exporter_started(kafka, sources)];
            let started = started.into_iter().flatten().collect::<Vec<_>>().join(" or ");
            let started = sources.in_kubernetes(format!("max by ({BY}, pod, name) ({started})"));
            let (valid, wait) = (VALID_HOURS * 3600, NOT_LOADED * DAY);
            Some(format!(
                "{started}\n\
                 < on (cluster, namespace, name) group_left () ({end} - {valid} < time() - {wait})"
            ))
        },
        page: Page {
            meaning: "A node and the exporter read their certificates when they start. The one that this pod still uses ends 30 days \
                after the renewal; then no new connection to it is made, and it makes none. Without the exporter no lag is known.",
            causes: &["The nodes, or the exporter, were not restarted after cert-manager renewed the certificate."],
            steps: &[
                (
                    "When was it renewed, and when does it end?",
                    "kubectl -n {ns} get certificates -o custom-columns=NAME:.metadata.name,FROM:.status.notBefore,UNTIL:.status.notAfter",
                ),
                ("Since when do the nodes run?", "kubectl -n {ns} get pods -l {pods}"),
            ],
            fix: "Restart the nodes one after the other: `kafka-stacks roll`, or `kubectl -n {ns} rollout restart statefulset/POOL`. \
                The exporter is restarted with `kubectl -n {ns} rollout restart deployment/{exporter}`. Restart applications with \
                certificates too. The alert resolves with the restart of the pod.",
            avoid: &["Do not restart all nodes at once."],
        },
        test: |kafka, sources| {
            let first = first(sources);
            let pod = kafka.nodes().first().map(|node| node.pod.clone()).unwrap_or_default();
            let renewed = |days: i32| f64::from(days) * f64::from(DAY) + f64::from(VALID_HOURS) * 3600.0;
            AlertTest::value("")
                .given(
                    &jvm::START_TIME,
                    &[("job", kafka.name()), ("pod", &pod)],
                    Samples::Constant(-30.0 * f64::from(DAY)),
                )
                .given(
                    &certificate::EXPIRES,
                    &labels(&first),
                    Samples::Gauge {
                        healthy: renewed(-60),
                        // The test takes hours, in which this comes nearer.
                        tolerated: renewed(-7) + 4.0 * 3600.0,
                        firing: renewed(-8),
                    },
                )
                .label("name", first.name)
                .label("pod", pod)
        },
    },
];

/// When the exporter started, with the name of its certificate; none if it connects without one.
fn exporter_started(kafka: &KafkaHandle, sources: &Sources) -> Option<String> {
    let name = kafka.certificate_of_exporter()?;
    let started = sources.series(&exporter::START_TIME, &[])?;
    Some(format!("label_replace({started}, \"name\", \"{name}\", \"\", \"\")"))
}

/// What happens to certificates over hours.
pub(super) fn scenarios(kafka: &KafkaHandle, sources: &Sources) -> Vec<Scenario> {
    let Some(first) = sources.certificates.first() else {
        return Vec::new();
    };
    let namespace = sources.namespace();
    let own = labels(first);
    // As a scrape job without `honorLabels` has them.
    let renamed = [
        ("namespace", "cert-manager"),
        ("exported_namespace", namespace),
        own[0],
        own[1],
    ];
    let calm = |what: &str| Scenario::calm(what, 180, sources);
    let (day, minute) = (f64::from(DAY), 60.0);
    let end = |days: u32, minutes: f64| always(f64::from(days) * day + minutes * minute);
    let mut scenarios = vec![
        calm("a certificate is not renewed")
            .line(&certificate::EXPIRES, &own, end(SOON, 30.0))
            .fires("KafkaCertificateExpiresSoon", 90, 92, 179),
        calm("a certificate is not renewed, and cert-manager is scraped without honorLabels")
            .line(&certificate::EXPIRES, &renamed, end(SOON, 30.0))
            .fires("KafkaCertificateExpiresSoon", 90, 92, 179),
        calm("a certificate of another namespace ends").line(
            &certificate::EXPIRES,
            &[renamed[0], ("exported_namespace", "elsewhere"), renamed[2], renamed[3]],
            end(1, 0.0),
        ),
        calm("the certificate of a CA is not renewed, which is named like its issuer")
            .line(
                &certificate::EXPIRES,
                &[("name", &*first.issuer), ("issuer_name", "self-signed")],
                end(SOON, 30.0),
            )
            .fires("KafkaCertificateExpiresSoon", 90, 92, 179),
        calm("the certificate of another CA is not renewed").line(
            &certificate::EXPIRES,
            &[("name", "another-ca"), ("issuer_name", "self-signed")],
            end(1, 0.0),
        ),
        calm("a certificate is not issued yet").line(&certificate::EXPIRES, &own, always(0.0)),
    ];
    // One of each further issuer: those of REST interfaces.
    let mut issuers = BTreeSet::from([first.issuer.as_str()]);
    for other in sources
        .certificates
        .iter()
        .filter(|other| issuers.insert(&other.issuer))
    {
        scenarios.push(
            calm(&format!("a certificate of issuer {} is not renewed", other.issuer))
                .line(&certificate::EXPIRES, &labels(other), end(SOON, 30.0))
                .fires("KafkaCertificateExpiresSoon", 90, 92, 179),
        );
    }
    if kafka.issuer().is_some() {
        scenarios.extend(restarts(kafka, sources, &own));
        scenarios.extend(exporter_restarts(kafka, sources, &first.issuer));
    }
    scenarios
}

/// Nodes that restart after their certificate was renewed, or do not.
fn restarts(kafka: &KafkaHandle, sources: &Sources, own: &[(&'static str, &str)]) -> Vec<Scenario> {
    let pod = kafka.nodes().first().map(|node| node.pod.as_str()).unwrap_or_default();
    let calm = |what: &str| Scenario::calm(what, 180, sources);
    let started =
        |scenario: Scenario, line| scenario.line(&jvm::START_TIME, &[("job", kafka.name()), ("pod", pod)], line);
    let (day, minute) = (f64::from(DAY), 60.0);
    // As a scrape job that gives all series the label has it.
    let labelled = [own, &[(KUBERNETES, &*sources.kubernetes)]].concat();
    vec![
        started(
            calm("a node is not restarted after the renewal, and cert-manager's series have the label of the cluster"),
            always(-60.0 * day),
        )
        .line(
            &certificate::EXPIRES,
            &labelled,
            always(f64::from(VALID_HOURS) * 3600.0 - f64::from(NOT_LOADED) * day + 30.0 * minute),
        )
        .fires("KafkaCertificateNotLoaded", 45, 47, 179),
        started(
            calm("a node is restarted a week after the renewal"),
            always(-60.0 * day).then(120, 120.0 * minute),
        )
        .line(
            &certificate::EXPIRES,
            own,
            always(f64::from(VALID_HOURS) * 3600.0 - f64::from(NOT_LOADED) * day + 30.0 * minute),
        )
        .fires("KafkaCertificateNotLoaded", 45, 47, 119),
        started(calm("a node was restarted after the renewal"), always(-9.0 * day)).line(
            &certificate::EXPIRES,
            own,
            always(f64::from(VALID_HOURS) * 3600.0 - 10.0 * day),
        ),
    ]
}

/// The exporter that was restarted after its certificate was renewed, or was not.
fn exporter_restarts(kafka: &KafkaHandle, sources: &Sources, issuer: &str) -> Vec<Scenario> {
    let Some(name) = kafka.certificate_of_exporter() else {
        return Vec::new();
    };
    let day = f64::from(DAY);
    // It was renewed 20 days ago.
    let started = |what: &str, days: f64| {
        Scenario::calm(what, 60, sources)
            .line(&exporter::START_TIME, &[("pod", EXPORTER)], always(-days * day))
            .line(
                &certificate::EXPIRES,
                &[("name", name.as_str()), ("issuer_name", issuer)],
                always(f64::from(VALID_HOURS) * 3600.0 - 20.0 * day),
            )
    };
    vec![
        started("the exporter is not restarted after the renewal", 60.0).fires("KafkaCertificateNotLoaded", 14, 17, 59),
        started("the exporter was restarted after the renewal", 19.0),
    ]
}
