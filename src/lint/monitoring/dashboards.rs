//! Dashboards of Grafana: panels that show an error or nothing.

use super::exported::{Author, Exported};
use crate::{
    diagnostics::{
        Severity::{Error, Warning},
        family::rules,
    },
    lint::model::{
        ObjectDetail, config,
        set::{ObjectSet, SetFindings},
    },
    promql::{self, Catalog, Lookup},
};

rules! { rules::observability;
    /// A panel whose expression cannot be parsed.
    pub const PANEL_EXPRESSION: Rule = Rule {
        id: "KS-O22",
        production: Error,
        development: Error,
        summary: "a dashboard panel with an expression that Prometheus cannot parse",
        explanation: "Grafana shows the panel with a red mark and without data. Grafana's variables, as `$ns`, `${ns:regex}`, \
            `[[ns]]` and `$__rate_interval`, are filled in before it asks, so they are no mistakes here.",
        source: "Prometheus, Querying basics; Grafana, Prometheus template variables",
    };

    /// A panel over a metric that is not exported.
    pub const PANEL_METRIC: Rule = Rule {
        id: "KS-O23",
        production: Warning,
        development: Warning,
        summary: "a dashboard panel over a metric that nothing here exports",
        explanation: "The panel stays empty, which looks as if nothing happened. It is reported where the process that would have \
            the metric is here, and all that its agent exports is known from the rules file that it mounts. In a folder it is an \
            error, unless `--assume Metric/NAME` says that it is there.",
        source: "Prometheus JMX exporter, rules; kafka_exporter's list of metrics",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, exported: &Exported<'_>, findings: &mut SetFindings) {
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Config(config) = &object.detail else {
            continue;
        };
        if config.dashboards.is_empty() {
            continue;
        }
        let catalog = exported.catalog(Author::of(object), None);
        for (file, queries) in &config.dashboards {
            let field = config::field(file);
            for query in queries {
                let panel = &query.panel;
                match &query.expression {
                    Some(Err(reason)) => {
                        let message = format!("panel `{panel}`: not valid PromQL: {reason}");
                        let finding = findings.add(index, field.clone(), &PANEL_EXPRESSION, message);
                        finding.hint("correct the expression").place.row = query.row;
                    }
                    Some(Ok(_)) if query.any_cluster => {}
                    Some(Ok(expression)) => {
                        for metric in promql::metric_names(expression) {
                            if !matches!(catalog.series(&metric), Lookup::Missing) {
                                continue;
                            }
                            let message =
                                format!("panel `{panel}`: metric `{metric}` is not exported here, so it stays empty");
                            let finding = findings.add(index, field.clone(), &PANEL_METRIC, message);
                            finding.place.row = query.row;
                            finding.outside("Metric", &metric).hint(
                                catalog
                                    .why_missing(&metric)
                                    .or_else(|| Some(format!("did you mean `{}`?", catalog.similar(&metric)?)))
                                    .unwrap_or_else(|| "add a rule for it to the JMX agent of the process that has it, or use another metric".to_owned()),
                            );
                        }
                    }
                    None => {}
                }
            }
        }
    }
}
