//! The alerts of a cluster's monitoring: the alerts of its components, of the exporter and the scraping, and of the
//! stack's author. Each has a rule, a runbook and a test.

mod consumer;
pub(super) mod external;
mod groups;
mod labels;
pub(super) mod promtool;
pub(super) mod runbook;
mod scraping;
mod slo;

use std::collections::BTreeSet;

use super::{Monitoring, dashboard::SERVICE_LEVELS, resource::AlertingRule};
use crate::{
    diagnostics::{Diagnostic, rules::observability as rules},
    metrics::Metric,
    observability::{
        Alert, AlertTest, CLUSTER, ExpectedDescription, KUBERNETES, Monitored, OVERVIEW, OwnedKind, Scenario, Sources,
        of_table,
    },
    promql::{self, Analysis, analyze},
};

/// An alert for one stack, as Prometheus reads it.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    pub rule: AlertingRule,
    /// What it was made from.
    pub alert: Alert,
    /// The components that it belongs to: several if components of one type have the same alert, none if it is not an
    /// alert of a component.
    pub components: Vec<&'a dyn Monitored>,
}

impl Monitoring {
    /// All alerts: the built-in ones whose metrics exist, then the stack's own.
    pub(super) fn ready_alerts(&self, sources: &Sources) -> Vec<Ready<'_>> {
        let mut ready: Vec<Ready<'_>> = Vec::new();
        self.add_alerts(self.of_cluster(), sources, &mut ready);
        let of_exporter = of_table(slo::ALL, SERVICE_LEVELS, self, sources)
            .chain(of_table(external::ALL, OVERVIEW, self, sources))
            .chain(of_table(consumer::ALL, "consumers", self, sources));
        ready.extend(of_exporter.map(|alert| self.ready(alert, sources)));
        self.add_alerts(self.of_watched(), sources, &mut ready);
        let others = of_table(scraping::ALL, OVERVIEW, self, sources).chain(self.alerts.iter().cloned());
        ready.extend(others.map(|alert| self.ready(alert, sources)));
        ready
    }

    /// What happens to clusters, and which alerts fire then.
    pub(super) fn scenarios(&self, sources: &Sources) -> Vec<Scenario> {
        self.components()
            .iter()
            .flat_map(|component| component.scenarios(sources))
            .chain(groups::scenarios(sources))
            .chain(slo::scenarios(sources))
            .collect()
    }

    fn add_alerts<'a>(&self, components: Vec<&'a dyn Monitored>, sources: &Sources, ready: &mut Vec<Ready<'a>>) {
        for component in components {
            for alert in component.alerts(sources) {
                let same = ready
                    .iter_mut()
                    .find(|known| known.alert.name == alert.name && known.alert.expression == alert.expression);
                match same {
                    Some(known) => known.components.push(component),
                    None => ready.push(Ready {
                        components: vec![component],
                        ..self.ready(alert, sources)
                    }),
                }
            }
        }
    }

    fn ready(&self, alert: Alert, sources: &Sources) -> Ready<'static> {
        let has_runbook = alert.runbook.is_some();
        let runbook_url = alert.runbook_url.clone();
        let annotations = [
            ("summary", Some(alert.summary.clone().into_owned())),
            ("description", Some(alert.description.clone().into_owned())),
            ("threshold", alert.threshold.clone()),
            (
                "runbook_url",
                runbook_url.or_else(|| self.docs.runbook_url(&alert.name).filter(|_| has_runbook)),
            ),
            ("dashboard_url", self.grafana.dashboard_url(alert.board, sources)),
        ];
        let of_owners = owned(&alert.name).map(|kind| sources.owners().templates(kind));
        let own = sources.alert_labels.iter().chain(&alert.labels);
        // Of two with one name the later one counts.
        let labels = own
            .map(|(name, value)| (name.as_str(), value.clone()))
            .chain(of_owners.into_iter().flatten())
            .chain([
                ("severity", alert.severity.label().to_owned()),
                // Also for metrics of the kubelet, which have no label for the cluster.
                (CLUSTER, sources.cluster.clone()),
            ]);
        let text = |(key, value): (&str, String)| (key.to_owned(), value);
        let rule = AlertingRule {
            alert: alert.name.clone().into_owned(),
            expr: alert.expression.clone(),
            for_duration: (alert.for_duration.as_millis() > 0).then(|| alert.for_duration.to_string()),
            keep_firing_for: (alert.keep_firing_for.as_millis() > 0).then(|| alert.keep_firing_for.to_string()),
            labels: labels.map(text).collect(),
            annotations: annotations
                .into_iter()
                .filter_map(|(key, value)| Some(text((key, value?))))
                .collect(),
        };
        Ready {
            rule,
            alert,
            components: Vec::new(),
        }
    }
}

impl Ready<'_> {
    /// Its test; `None` if an amendment has changed its expression.
    pub(super) fn test_of(&self, applied: &AlertingRule) -> Option<&AlertTest> {
        (self.alert.expression == applied.expr).then_some(self.alert.test.as_ref()?)
    }

    /// The labels of the place that the alert keeps, and their values. Built-in alerts have all of them.
    pub(super) fn place<'s>(&self, test: &AlertTest, sources: &'s Sources) -> Vec<(&'static str, &'s str)> {
        let kept = analyze(&self.alert.expression, sources).labels.unwrap_or_default();
        let built_in = matches!(test.expected, ExpectedDescription::WithValue(_));
        let place = [(KUBERNETES, &*sources.kubernetes), ("namespace", &*sources.namespace)];
        place
            .into_iter()
            .filter(|(label, _)| built_in || kept.contains(*label))
            .collect()
    }

    /// What is wrong with its test. The tests of built-in alerts are run by this crate's checks.
    pub(super) fn check_test(&self, sources: &Sources) -> Vec<Diagnostic> {
        if self.alert.location.is_none() {
            return Vec::new();
        }
        let analysis = analyze(&self.rule.expr, sources);
        match &self.alert.test {
            Some(test) => test.check(&analysis, sources),
            None => untested(&analysis, "the alert has no test", AlertTest::call(&analysis, sources)),
        }
    }
}

/// What an alert is about, if that may have an owner.
pub(super) fn owned(alert: &str) -> Option<OwnedKind> {
    match alert {
        "KafkaDeadLetters" => Some(OwnedKind::Topic),
        "KafkaConnectConnectorFailed" | "KafkaConnectTaskFailed" | "KafkaConnectRecordsSkipped" => {
            Some(OwnedKind::Connector)
        }
        _ => consumer::ALL
            .iter()
            .any(|row| row.name == alert)
            .then_some(OwnedKind::Group),
    }
}

/// Asks for a test, once the expression is sound.
fn untested(analysis: &Analysis, message: &str, hint: String) -> Vec<Diagnostic> {
    if analysis.diagnostics.is_empty() {
        vec![Diagnostic {
            hint,
            ..Diagnostic::new(&rules::UNTESTED, message)
        }]
    } else {
        Vec::new()
    }
}

/// Asks for a test of a rule whose expression an amendment changed, or that it added. `written` are the rules that were rendered.
pub(super) fn check_amended(rule: &AlertingRule, written: &[Ready<'_>], sources: &Sources) -> Vec<Diagnostic> {
    if written
        .iter()
        .any(|alert| alert.rule.alert == rule.alert && alert.rule.expr == rule.expr)
    {
        return Vec::new();
    }
    let hint = "set a threshold of `Monitoring`, or add an alert of your own with `Alert::test(…)`";
    untested(
        &analyze(&rule.expr, sources),
        "the amended expression has no test",
        hint.to_owned(),
    )
}

/// The metrics of an expression.
pub(super) fn metrics(expression: &str, sources: &Sources) -> Vec<&'static Metric> {
    let names = promql::parse(expression).map_or_else(|_| BTreeSet::new(), |parsed| promql::metric_names(&parsed));
    names.iter().filter_map(|name| sources.find(name)?.metric).collect()
}
