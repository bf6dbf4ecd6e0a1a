//! The alerts of a cluster's monitoring: those of its components, those of the exporter and the scraping, and those of the
//! stack. Each gives a rule, a runbook and a test.

mod consumer;
pub(super) mod external;
pub(super) mod promtool;
pub(super) mod runbook;
mod scraping;

use std::collections::BTreeSet;

use super::{
    Monitoring,
    expression::{Flaw, Judgement, judge},
    resource::AlertingRule,
};
use crate::promql::{self, template};
use crate::{
    diagnostics::rules::observability as rules,
    metrics::Metric,
    observability::{Alert, AlertTest, CLUSTER, INTERVAL, Monitored, OVERVIEW, Says, Sources, of_table},
};

/// An alert for one stack, as Prometheus reads it.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    pub rule: AlertingRule,
    /// What it was made from.
    pub alert: Alert,
    /// The components that give it: several where those of one kind give the same alert, none if it is not a component's.
    pub components: Vec<&'a dyn Monitored>,
}

impl Monitoring {
    /// All alerts here: those whose metrics exist, then the stack's own.
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
            // Also on what the kubelet reports, which knows no cluster.
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

    /// What is wrong with each alert.
    pub(super) fn flaws(&self, sources: &Sources) -> Vec<(Ready<'_>, Vec<Flaw>)> {
        let mut names = BTreeSet::new();
        self.ready_alerts(sources)
            .into_iter()
            .map(|alert| {
                let mut flaws = alert.flaws(sources);
                if !names.insert(alert.rule.alert.clone()) {
                    flaws.push(Flaw {
                        rule: &rules::ALERT,
                        message: format!("another alert is called `{}` too", alert.rule.alert),
                        hint: "give it another name in `Alert::new(…)`".to_owned(),
                    });
                }
                (alert, flaws)
            })
            .collect()
    }
}

impl Ready<'_> {
    /// What it is tested with; nothing where an amendment has changed its expression.
    pub(super) fn test_of(&self, applied: &AlertingRule) -> Option<&AlertTest> {
        (self.alert.expression == applied.expr).then_some(self.alert.test.as_ref()?)
    }

    /// Whether the alert has the label `namespace`. Those of this crate have.
    pub(super) fn in_namespace(&self, test: &AlertTest, sources: &Sources) -> bool {
        let keeps = |judgement: Judgement| judgement.labels.is_some_and(|labels| labels.contains("namespace"));
        matches!(test.says, Says::Value(_)) || keeps(judge(&self.alert.expression, sources))
    }

    fn flaws(&self, sources: &Sources) -> Vec<Flaw> {
        let mut judgement = judge(&self.rule.expr, sources);
        let mut flaws = flaws(&self.rule, &mut judgement);
        // The tests of this crate's own alerts are run by its own checks.
        if self.alert.location.is_some() {
            match &self.alert.test {
                Some(test) => flaws.extend(test.flaws(&judgement, sources)),
                // What is wrong with it comes first.
                None if flaws.is_empty() => flaws.push(Flaw {
                    rule: &rules::UNTESTED,
                    message: "it has no test".to_owned(),
                    hint: AlertTest::call(&judgement, sources),
                }),
                None => {}
            }
        }
        flaws
    }
}

/// What is wrong with a rule, the flaws of its expression first.
fn flaws(rule: &AlertingRule, judgement: &mut Judgement) -> Vec<Flaw> {
    let mut flaws = std::mem::take(&mut judgement.flaws);
    let mut flaw = |rule, message: String, hint: &str| {
        flaws.push(Flaw {
            rule,
            message,
            hint: hint.to_owned(),
        });
    };
    let name = &rule.alert;
    let mut letters = name.bytes();
    if !letters.next().is_some_and(|first| first.is_ascii_uppercase()) || !letters.all(|c| c.is_ascii_alphanumeric()) {
        let message = format!("`{name}` must be UpperCamelCase, as `KafkaBrokerDown`");
        flaw(&rules::ALERT, message, "use such a name in `Alert::new(…)`");
    }
    for what in ["summary", "description"] {
        if rule.annotation(what).trim().is_empty() {
            flaw(
                &rules::ALERT,
                format!("it has no {what}"),
                &format!("say it with `.{what}(…)`"),
            );
        }
    }
    let for_duration = rule.waits();
    if for_duration.as_millis() != 0 && for_duration < INTERVAL {
        flaw(
            &rules::TIMES,
            format!("`for` is {for_duration}, and a scrape comes every {INTERVAL}"),
            "use `.for_duration(5.minutes())`, or `.for_duration(0.seconds())` for what must not happen once",
        );
    }
    if rule.annotation("summary").contains("{{") {
        flaw(
            &rules::TEMPLATE,
            "the summary has a template: it is the same for every alert of a name".to_owned(),
            "put it into `.description(…)`",
        );
    }
    // Prometheus expands all annotations, not the description alone.
    for what in ["description", "runbook_url"] {
        for message in template::errors(rule.annotation(what), judgement.labels.as_ref()) {
            flaw(&rules::TEMPLATE, message, "name labels that the expression keeps");
        }
    }
    flaws
}

/// What is wrong with a rule that an amendment changed or added. `written` are those that were rendered.
pub(super) fn flaws_of_amended(rule: &AlertingRule, written: &[Ready<'_>], sources: &Sources) -> Vec<Flaw> {
    if written.iter().any(|alert| alert.rule == *rule) {
        return Vec::new();
    }
    let mut judgement = judge(&rule.expr, sources);
    let mut flaws = flaws(rule, &mut judgement);
    let before = written.iter().find(|alert| alert.rule.alert == rule.alert);
    if flaws.is_empty() && before.is_none_or(|alert| alert.rule.expr != rule.expr) {
        flaws.push(Flaw {
            rule: &rules::UNTESTED,
            message: "it has no test: its expression is the amendment's".to_owned(),
            hint: "use a threshold of `Monitoring`, or an alert of your own with `Alert::test(…)`".to_owned(),
        });
    }
    flaws
}

/// The metrics of an expression.
pub(super) fn metrics(expression: &str, sources: &Sources) -> Vec<&'static Metric> {
    let names = promql::parse(expression).map_or_else(|_| BTreeSet::new(), |parsed| promql::metric_names(&parsed));
    names.iter().filter_map(|name| sources.find(name)?.metric).collect()
}
