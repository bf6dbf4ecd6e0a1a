//! The alerts of a cluster's monitoring: the alerts of its components, of the exporter and the scraping, and of the
//! stack's author. Each has a rule, a runbook and a test.

mod consumer;
pub(super) mod external;
pub(super) mod promtool;
pub(super) mod runbook;
mod scraping;

use std::collections::BTreeSet;

use super::{Monitoring, resource::AlertingRule};
use crate::{
    diagnostics::{Diagnostic, rules::observability as rules},
    metrics::Metric,
    observability::{Alert, AlertTest, CLUSTER, ExpectedDescription, INTERVAL, Monitored, OVERVIEW, Sources, of_table},
    promql::{self, Analysis, analyze, template},
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
        let of_exporter =
            of_table(external::ALL, OVERVIEW, self, sources).chain(of_table(consumer::ALL, "consumers", self, sources));
        ready.extend(of_exporter.map(|alert| self.ready(alert, sources)));
        self.add_alerts(self.of_watched(), sources, &mut ready);
        let others = of_table(scraping::ALL, OVERVIEW, self, sources).chain(self.alerts.iter().cloned());
        ready.extend(others.map(|alert| self.ready(alert, sources)));
        ready
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
        let labels = [
            ("severity", alert.severity.label().to_owned()),
            // Also for metrics of the kubelet, which have no label for the cluster.
            (CLUSTER, sources.cluster.clone()),
        ];
        let owned = |(key, value): (&str, String)| (key.to_owned(), value);
        let rule = AlertingRule {
            alert: alert.name.clone().into_owned(),
            expr: alert.expression.clone(),
            for_duration: (alert.for_duration.as_millis() > 0).then(|| alert.for_duration.to_string()),
            labels: labels.map(owned).into(),
            annotations: annotations
                .into_iter()
                .filter_map(|(key, value)| Some(owned((key, value?))))
                .collect(),
        };
        Ready {
            rule,
            alert,
            components: Vec::new(),
        }
    }

    /// Each alert with its findings.
    pub(super) fn checked_alerts(&self, sources: &Sources) -> Vec<(Ready<'_>, Vec<Diagnostic>)> {
        let mut names = BTreeSet::new();
        self.ready_alerts(sources)
            .into_iter()
            .map(|alert| {
                let mut diagnostics = alert.check(sources);
                if !names.insert(alert.rule.alert.clone()) {
                    diagnostics.push(Diagnostic {
                        hint: "give one of them another name in `Alert::new(…)`".to_owned(),
                        ..Diagnostic::new(
                            &rules::ALERT,
                            format!("two alerts have the name `{}`", alert.rule.alert),
                        )
                    });
                }
                (alert, diagnostics)
            })
            .collect()
    }
}

impl Ready<'_> {
    /// Its test; `None` if an amendment has changed its expression.
    pub(super) fn test_of(&self, applied: &AlertingRule) -> Option<&AlertTest> {
        (self.alert.expression == applied.expr).then_some(self.alert.test.as_ref()?)
    }

    /// Whether the alert has the label `namespace`. Built-in alerts have it.
    pub(super) fn in_namespace(&self, test: &AlertTest, sources: &Sources) -> bool {
        let keeps = |analysis: Analysis| analysis.labels.is_some_and(|labels| labels.contains("namespace"));
        matches!(test.expected, ExpectedDescription::WithValue(_)) || keeps(analyze(&self.alert.expression, sources))
    }

    fn check(&self, sources: &Sources) -> Vec<Diagnostic> {
        // Built-in alerts are correct at every threshold that is accepted: a test of this crate checks that, so that a run
        // need not.
        if self.alert.location.is_none() {
            return Vec::new();
        }
        let (analysis, mut diagnostics) = check_rule(&self.rule, sources);
        match &self.alert.test {
            Some(test) => diagnostics.extend(test.check(&analysis, sources)),
            // A missing test is reported once everything else is correct.
            None if diagnostics.is_empty() => diagnostics.push(Diagnostic {
                hint: AlertTest::call(&analysis, sources),
                ..Diagnostic::new(&rules::UNTESTED, "the alert has no test")
            }),
            None => {}
        }
        diagnostics
    }
}

/// The analysis of a rule's expression, and the findings about the rule, those about its expression first.
pub(super) fn check_rule(rule: &AlertingRule, sources: &Sources) -> (Analysis, Vec<Diagnostic>) {
    let mut analysis = analyze(&rule.expr, sources);
    let mut diagnostics = std::mem::take(&mut analysis.diagnostics);
    let mut report = |rule, message: String, hint: &str| {
        diagnostics.push(Diagnostic {
            hint: hint.to_owned(),
            ..Diagnostic::new(rule, message)
        });
    };
    if !analysis.conditional {
        report(
            &rules::COMPARISON,
            "no comparison: the alert fires as long as its series exist".to_owned(),
            "compare the expression with a threshold, as in `… > 100`",
        );
    }
    let name = &rule.alert;
    let mut letters = name.bytes();
    if !letters.next().is_some_and(|first| first.is_ascii_uppercase()) || !letters.all(|c| c.is_ascii_alphanumeric()) {
        let message = format!("the name `{name}` is not in UpperCamelCase");
        report(
            &rules::ALERT,
            message,
            "give `Alert::new(…)` a name like `KafkaBrokerDown`",
        );
    }
    for what in ["summary", "description"] {
        if rule.annotation(what).trim().is_empty() {
            report(
                &rules::ALERT,
                format!("the alert has no {what}"),
                &format!("add one with `.{what}(…)`"),
            );
        }
    }
    let for_duration = rule.waits();
    if for_duration.as_millis() != 0 && for_duration < INTERVAL {
        report(
            &rules::TIMES,
            format!("`for` is {for_duration}, shorter than the scrape interval of {INTERVAL}"),
            "use `.for_duration(5.minutes())`, or `.for_duration(0.seconds())` to fire at once",
        );
    }
    if rule.annotation("summary").contains("{{") {
        report(
            &rules::TEMPLATE,
            "the summary has a template, but must be the same for all alerts of this name".to_owned(),
            "use the template in `.description(…)`",
        );
    }
    // Prometheus expands the templates of all annotations, not only of the description.
    for what in ["description", "runbook_url"] {
        for message in template::errors(rule.annotation(what), analysis.labels.as_ref()) {
            report(&rules::TEMPLATE, message, "use labels that the expression keeps");
        }
    }
    (analysis, diagnostics)
}

/// The findings about a rule that an amendment changed or added. `written` are the rules that were rendered.
pub(super) fn check_amended(rule: &AlertingRule, written: &[Ready<'_>], sources: &Sources) -> Vec<Diagnostic> {
    if written.iter().any(|alert| alert.rule == *rule) {
        return Vec::new();
    }
    let (_, mut diagnostics) = check_rule(rule, sources);
    let before = written.iter().find(|alert| alert.rule.alert == rule.alert);
    if diagnostics.is_empty() && before.is_none_or(|alert| alert.rule.expr != rule.expr) {
        diagnostics.push(Diagnostic {
            hint: "set a threshold of `Monitoring`, or add an alert of your own with `Alert::test(…)`".to_owned(),
            ..Diagnostic::new(&rules::UNTESTED, "the amended expression has no test")
        });
    }
    diagnostics
}

/// The metrics of an expression.
pub(super) fn metrics(expression: &str, sources: &Sources) -> Vec<&'static Metric> {
    let names = promql::parse(expression).map_or_else(|_| BTreeSet::new(), |parsed| promql::metric_names(&parsed));
    names.iter().filter_map(|name| sources.find(name)?.metric).collect()
}
