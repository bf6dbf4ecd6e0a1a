//! Runbooks: one page per alert, with the names and numbers of the stack.

use std::collections::BTreeSet;

use super::{Ready, metrics, owned};
use crate::{
    context::Context,
    kafka::Mode,
    metrics::{Metric, Source},
    monitoring::{AlertingRule, Monitoring, PrometheusRuleSpec},
    observability::{OVERVIEW, OwnedKind, Runbook, Sources, uid},
    version::Version,
    workload::ImageSet,
};

/// The placeholder for the alert's job in a command.
const JOB: &str = "JOB";

/// The names of a stack, for its runbooks.
pub(in crate::monitoring) struct Names {
    /// The values of `{ns}` and other placeholders.
    names: Vec<(&'static str, String)>,
    /// The pod of another broker than `{broker}`, if there is one.
    other_broker: Option<String>,
    /// The prefix of Kafka commands.
    images: ImageSet,
    version: Version,
}

impl Names {
    pub(in crate::monitoring) fn new(monitoring: &Monitoring, context: &Context, sources: &Sources) -> Self {
        let kafka = &monitoring.kafka;
        let mut pods = kafka
            .first_brokers()
            .iter()
            .filter_map(|address| address.split(['.', ':']).next().map(str::to_owned));
        let broker = pods.next().unwrap_or_default();
        let other = pods.next().filter(|_| kafka.mode() != Mode::External);
        let controllers = kafka.controllers();
        let brokers = kafka.brokers().unwrap_or_default();
        let replication = kafka.replication();
        let claims: Vec<String> = sources
            .volumes
            .iter()
            .map(|claims| format!("`{}-{}-…`", claims.claim, claims.stateful_set))
            .collect();
        let run = match kafka.mode() {
            // An external cluster may run outside Kubernetes: its tools are not in a pod.
            Mode::External => ("{run} ", String::new()),
            Mode::Kraft | Mode::ZooKeeper => (
                "{run}",
                format!("kubectl -n {} exec {broker} -c kafka --", context.namespace),
            ),
        };
        let names = vec![
            ("{ns}", context.namespace.clone()),
            ("{monitoring}", context.monitoring_namespace.clone()),
            ("{cluster}", kafka.name().to_owned()),
            ("{bootstrap}", kafka.tool_arguments()),
            ("{servers}", kafka.bootstrap_servers().to_owned()),
            ("{quorum-servers}", kafka.quorum_arguments()),
            run,
            ("{broker}", broker),
            ("{brokers}", brokers.to_string()),
            (
                "{copies}",
                match replication.factor {
                    1 => "the only copy".to_owned(),
                    factor => format!("one of {factor} copies"),
                },
            ),
            (
                "{loss}",
                if brokers == 1 {
                    "It is the only broker: clients cannot write or read until it runs again.".to_owned()
                } else {
                    let spare = replication.factor.saturating_sub(replication.min_in_sync_replicas);
                    let away = match spare {
                        0 => "with any broker down, writes stop on its partitions".to_owned(),
                        1 => "with 1 broker down writes continue, with more they stop on some partitions".to_owned(),
                        _ => format!(
                            "with {spare} brokers down writes continue, with more they stop on some \
                            partitions"
                        ),
                    };
                    let copies = if replication.factor == 1 { "copy" } else { "copies" };
                    format!(
                        "Topics have {} {copies} and need {} in sync: {away}.",
                        replication.factor, replication.min_in_sync_replicas
                    )
                },
            ),
            ("{insync}", replication.min_in_sync_replicas.to_string()),
            ("{controllers}", controllers.to_string()),
            ("{majority}", (controllers / 2 + 1).to_string()),
            (
                "{pods}",
                format!(
                    "app.kubernetes.io/name=kafka,app.kubernetes.io/instance={}",
                    kafka.name()
                ),
            ),
            ("{exporter}", monitoring.exporter_name()),
            ("{claims}", claims.join(", ")),
            ("{dashboard}", uid(sources, OVERVIEW)),
            (
                "{mode}",
                match kafka.mode() {
                    Mode::Kraft => "KRaft",
                    Mode::ZooKeeper => "ZooKeeper",
                    Mode::External => "unknown",
                }
                .to_owned(),
            ),
        ];
        Self {
            names,
            other_broker: other,
            images: kafka.images().clone(),
            version: kafka.version(),
        }
    }

    /// A text with the placeholders replaced; `own` are the placeholders of the alert's component.
    fn fill(&self, text: &str, own: &[(&'static str, String)]) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find('{') {
            filled += &rest[..brace];
            rest = &rest[brace..];
            let (name, value) = own
                .iter()
                .chain(&self.names)
                .find(|(name, _)| rest.starts_with(name))
                .map_or(("{", "{"), |(name, value)| (*name, value.as_str()));
            filled += value;
            rest = &rest[name.len()..];
            // Tools have different names in different images.
            if *name == *"{run}"
                && let Some(tool) = rest.strip_prefix(" kafka-")
            {
                let end = tool.find(char::is_whitespace).unwrap_or(tool.len());
                filled += &format!(" {}", self.images.command(&format!("kafka-{}", &tool[..end])));
                rest = &tool[end..];
            }
        }
        with_options_of(self.version, filled + rest)
    }
}

/// A text whose commands have the options of a version of Kafka: until 4.2 some tools had other names for `--command-config`
/// (KIP-1147).
fn with_options_of(version: Version, text: String) -> String {
    const OLDER: [(&str, &str); 3] = [
        ("kafka-console-consumer", " --consumer.config"),
        ("kafka-leader-election", " --admin.config"),
        ("kafka-cluster unregister", " --config"),
    ];
    if version >= Version::V4_2 {
        return text;
    }
    OLDER.into_iter().fold(text, |text, (tool, option)| {
        let mut parts = text.split(tool);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |done, part| {
            let end = part.find(['\n', '`', '|']).unwrap_or(part.len());
            let (command, rest) = part.split_at(end);
            done + tool + &command.replace(" --command-config", option) + rest
        })
    })
}

/// A text without references to alerts that do not exist in the stack, such as a stack with one broker.
fn known_references(text: &str, rules: &PrometheusRuleSpec) -> String {
    let mut known = text.to_owned();
    for hint in [": see ", ", see "] {
        if let Some((before, after)) = text.split_once(hint) {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            let (name, rest) = after.split_at(end);
            if name.starts_with("Kafka") && !rules.alerts().any(|rule| rule.alert == name) {
                known = format!("{before}{rest}");
            }
        }
    }
    known
}

/// The placeholders of the alert's component.
fn own_names(alert: &Ready<'_>) -> Vec<(&'static str, String)> {
    let Some(first) = alert.components.first() else {
        return Vec::new();
    };
    // A runbook is for all Connect groups, or all registries: if there are several, the reader fills in the name.
    let job = if alert.components.len() == 1 { first.name() } else { JOB };
    let mut names = vec![("{job}", job.to_owned())];
    names.extend(first.names());
    names
}

/// The connectors of the stack, with who answers for each, if the alert is about one.
fn declared_connectors(alert: &str, sources: &Sources) -> Vec<String> {
    let declared = sources
        .owned
        .iter()
        .filter(|one| one.kind == OwnedKind::Connector && owned(alert) == Some(OwnedKind::Connector));
    let named = declared.map(|one| match &one.owner {
        Some(owner) => format!("`{}` ({owner})", one.name),
        None => format!("`{}`", one.name),
    });
    named.collect()
}

/// The runbook of an alert.
pub(in crate::monitoring) fn text(
    page: &Runbook,
    alert: &Ready<'_>,
    rule: &AlertingRule,
    rules: &PrometheusRuleSpec,
    sources: &Sources,
    names: &Names,
) -> String {
    let own = own_names(alert);
    let fill = |text: &str| names.fill(text, &own);
    let for_duration = match &rule.for_duration {
        None => "fires at once".to_owned(),
        Some(for_duration) => format!("fires after {for_duration}"),
    };
    let mut text = format!(
        "# {}\n\n{}\n\n**{}**, {for_duration} · cluster `{}` in namespace `{}`\n\n## Meaning\n\n{}\n\n",
        rule.alert,
        rule.annotation("summary"),
        rule.labels.get("severity").map_or("", String::as_str),
        sources.cluster,
        sources.namespace,
        fill(&page.meaning),
    );
    if let Some(threshold) = rule.annotations.get("threshold") {
        text += &format!("Limit: {threshold}\n\n");
    }
    let connectors = declared_connectors(&rule.alert, sources);
    if !connectors.is_empty() {
        text += &format!("Declared connectors: {}.\n\n", connectors.join(", "));
    }
    if !page.causes.is_empty() {
        text += "## Likely causes\n\n";
        for (number, cause) in page.causes.iter().enumerate() {
            text += &format!("{}. {}\n", number + 1, known_references(&fill(cause), rules));
        }
        text += "\n";
    }
    if !page.steps.is_empty() {
        text += "## Diagnosis\n\n";
        let commands: Vec<String> = page.steps.iter().map(|(_, command)| fill(command)).collect();
        let asks_for_job = page.steps.iter().any(|(_, command)| command.contains("{job}"));
        if alert.components.len() > 1 && asks_for_job {
            text += &format!("`{JOB}` is the label `job` of the alert.\n\n");
        }
        // The broker in the commands may be the one that is down.
        let asked = fill("exec {broker} ");
        if commands.iter().any(|command| command.contains(&asked))
            && let Some(other) = &names.other_broker
        {
            text += &fill(&format!(
                "If `{{broker}}` is down, use another broker, such as `{other}`.\n\n"
            ));
        }
        for ((what, _), command) in page.steps.iter().zip(commands) {
            text += &format!("{}\n\n```sh\n{command}\n```\n\n", fill(what));
        }
    }
    if !page.fix.is_empty() {
        text += &format!("## How to fix it\n\n{}\n\n", fill(&page.fix));
    }
    if !page.avoid.is_empty() {
        text += "## Do not\n\n";
        for avoid in &page.avoid {
            text += &format!("- {}\n", fill(avoid));
        }
        text += "\n";
    }
    text += &format!("## Rule\n\n```\n{}\n```\n\n", rule.expr.trim_end());
    let mut metrics = metrics(&rule.expr, sources);
    let mut shown: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut expressions = vec![rule.expr.as_str()];
    // What is recorded may be made from what is recorded.
    while let Some(expression) = expressions.pop() {
        for record in rules.records().filter(|record| expression.contains(&record.record)) {
            if !shown.insert((&record.record, &record.expr)) {
                continue;
            }
            let of = record
                .labels
                .get("slo")
                .map_or_else(String::new, |slo| format!("{{slo=\"{slo}\"}}"));
            text += &format!(
                "where `{}{of}` is\n\n```\n{}\n```\n\n",
                record.record,
                record.expr.trim_end()
            );
            expressions.push(&record.expr);
            for metric in super::metrics(&record.expr, sources) {
                if !metrics.contains(&metric) {
                    metrics.push(metric);
                }
            }
        }
    }
    if !metrics.is_empty() {
        text += "| Metric | Source | Meaning |\n|---|---|---|\n";
        for metric in metrics {
            text += &format!("| `{}` | {} | {} |\n", metric.name, origin(metric), metric.help);
        }
        text += "\n";
    }
    text += &fill("Dashboard: `/d/{dashboard}` in Grafana, with links to the others.\n");
    text
}

/// What exports a metric.
pub(in crate::monitoring) fn origin(metric: &Metric) -> String {
    match metric.source {
        Source::Bean { object, attribute, .. } => {
            format!("bean `{object}`, attribute `{attribute}`").replace('|', "\\|")
        }
        Source::Record(_) => "a recording rule of this stack".to_owned(),
        Source::Exporter(_) if metric.name.starts_with("kubelet_") => "the kubelet".to_owned(),
        Source::Exporter(_) if metric.name.starts_with("kube_") => "kube-state-metrics".to_owned(),
        Source::Exporter(_) if metric.name == "up" => "Prometheus itself".to_owned(),
        Source::Exporter(_) if metric.name.starts_with("certmanager_") => "cert-manager".to_owned(),
        Source::Exporter(_) if metric.name.starts_with("kminion_") => "kminion".to_owned(),
        Source::Exporter(_) => "kafka_exporter".to_owned(),
    }
}

/// Why a URL cannot be opened; `None` if it can.
pub(in crate::monitoring) fn cannot_be_opened(base: &str) -> Option<&'static str> {
    /// Set aside for documentation and tests (RFC 2606).
    const RESERVED: [&str; 7] = [
        "example.com",
        "example.net",
        "example.org",
        "example",
        "invalid",
        "test",
        "localhost",
    ];
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    // Characters that no part of a URL may have (RFC 3986).
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}".contains(c);
    let Some(rest) = rest.filter(|rest| !rest.contains(forbidden)) else {
        return Some("is not an http(s) URL");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host
        .rsplit('@')
        .next()
        .unwrap_or_default()
        .split(':')
        .next()
        .unwrap_or_default();
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.is_empty() {
        return Some("has no host");
    }
    let mut before = RESERVED.iter().filter_map(|owner| name.strip_suffix(owner));
    before
        .any(|rest| rest.is_empty() || rest.ends_with('.'))
        .then_some("uses a reserved example domain")
}
