//! The objects and documents of a monitoring.

use std::rc::Rc;

use k8s_openapi::{
    api::core::v1::{ConfigMap, ConfigMapKeySelector},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{
    AlertingRule, Endpoint, GrafanaDashboard, GrafanaDashboardSpec, GroupedRule, MetricRelabeling, Monitoring,
    PodMonitor, PodMonitorSpec, PrometheusRule, PrometheusRuleSpec, Relabeling, RuleGroup, ServiceMonitor,
    ServiceMonitorSpec, Spec,
    alert::{
        self, Ready, promtool,
        runbook::{self, Names},
    },
    dashboard,
    docs::Grafana,
    kubernetes, record,
};
use crate::{
    construct::{Check, Claim, Construct, Explanation, Meta},
    context::Context,
    diagnostics::Origin,
    manifest::{Document, Object},
    observability::{Board, CLUSTER, INTERVAL, KUBERNETES, Scope, Scrape, Sources, TIMEOUT, Target, uid},
    workload::Labels,
    yaml,
};

/// The path of the alerts in a file for promtool.
const RULES_FILE: &str = "rules.yaml";

impl Monitoring {
    /// The labels of the monitors, the rules and the dashboard.
    pub(super) fn labels(&self) -> Labels {
        Labels::new("kafka-monitoring", &self.meta.name, "")
    }

    /// The monitor that makes Prometheus scrape a target. It selects by labels that only these pods, or one Service,
    /// have, so that no pod is scraped twice.
    fn monitor(&self, target: &Target, kept: Option<MetricRelabeling>, sources: &Sources, context: &Context) -> Object {
        let sample_limit = sources.limits.get(&target.job).copied();
        let mut metadata = self.labels().metadata(context, target.job.clone());
        metadata
            .labels
            .get_or_insert_default()
            .extend(self.monitor_labels.iter().cloned());
        let mut selector: LabelSelector = target.labels.label_selector();
        if target.scrape == Scrape::Service
            && let Some(labels) = &mut selector.match_labels
        {
            labels.remove("app.kubernetes.io/instance");
            labels.extend([target.labels.monitored()]);
        }
        let label = |label: &str, value: &str| Relabeling {
            target_label: label.to_owned(),
            replacement: value.to_owned(),
            action: "replace".to_owned(),
        };
        let endpoint = Endpoint {
            port: target.port.unwrap_or_default().to_owned(),
            interval: INTERVAL.to_string(),
            scrape_timeout: TIMEOUT.to_string(),
            // Alerts and dashboards select by these labels, so they are set here instead of relying on the operator's
            // defaults.
            relabelings: vec![
                label("job", &target.job),
                label(CLUSTER, self.kafka.name()),
                label(KUBERNETES, kubernetes(context)),
            ],
            metric_relabelings: kept.into_iter().collect(),
        };
        match target.scrape {
            Scrape::Service => Object::new(&ServiceMonitor {
                metadata,
                spec: ServiceMonitorSpec {
                    selector,
                    sample_limit,
                    endpoints: vec![endpoint],
                },
            }),
            Scrape::Pods => Object::new(&PodMonitor {
                metadata,
                spec: PodMonitorSpec {
                    selector,
                    sample_limit,
                    pod_metrics_endpoints: vec![endpoint],
                },
            }),
        }
    }

    /// The rules, with what no object shows: which lines of the stack made its alerts, and what else is exported.
    fn rules(&self, context: &Context, sources: &Sources, alerts: Vec<Ready<'_>>) -> Object {
        let mut metadata = self.labels().metadata(context, self.kafka.name());
        metadata
            .labels
            .get_or_insert_default()
            .extend(self.monitor_labels.iter().cloned());
        let records: Vec<GroupedRule> = record::rules(sources).map(GroupedRule::Record).collect();
        let first = records.len();
        let origins: Vec<Origin> = alerts
            .iter()
            .zip(first..)
            .filter_map(|(alert, index)| {
                let rule = &alert.rule;
                let field = format!("/spec/groups/0/rules/{index}");
                Some(Origin::of_alert(field, &rule.alert, &rule.expr, alert.alert.location?))
            })
            .collect();
        let rules = PrometheusRule {
            metadata,
            spec: PrometheusRuleSpec {
                groups: vec![RuleGroup {
                    name: self.kafka.name().to_owned(),
                    // The rules of a group are evaluated in order, so alerts use what was just recorded. From another
                    // group it would be up to one interval old.
                    rules: records
                        .into_iter()
                        .chain(alerts.into_iter().map(|alert| GroupedRule::Alert(alert.rule)))
                        .collect(),
                }],
            },
        };
        Object::new(&rules)
            .with_origins(origins)
            .with_declared(sources.declared())
    }
}

/// The labels of an alert that not all alerts have.
fn own_labels(rule: &AlertingRule) -> impl Iterator<Item = (&String, &String)> {
    let of_all = ["severity", CLUSTER];
    rule.labels
        .iter()
        .filter(move |(name, _)| !of_all.contains(&name.as_str()))
}

/// Dashboards as objects, whose names begin with this one.
pub(super) fn dashboards(
    name: &str,
    labels: &Labels,
    grafana: &Grafana,
    boards: &[Board],
    sources: &Sources,
    context: &Context,
) -> Vec<Object> {
    let mut objects = Vec::new();
    for board in boards {
        let name = format!("{name}{}", board.suffix());
        let file = format!("{}.json", uid(sources, board.name));
        let mut metadata = labels.metadata(context, name.clone());
        if let Some(instances) = &grafana.operator {
            objects.push(Object::new(&GrafanaDashboard {
                metadata: metadata.clone(),
                spec: GrafanaDashboardSpec {
                    instance_selector: LabelSelector {
                        match_labels: Some(instances.iter().cloned().collect()),
                        ..LabelSelector::default()
                    },
                    allow_cross_namespace_import: true,
                    config_map_ref: ConfigMapKeySelector {
                        name,
                        key: file.clone(),
                        optional: None,
                    },
                },
            }));
        } else {
            metadata
                .labels
                .get_or_insert_default()
                .insert("grafana_dashboard".to_owned(), "1".to_owned());
        }
        objects.push(Object::new(&ConfigMap {
            metadata,
            data: Some([(file, dashboard::json(board, boards, sources))].into()),
            ..ConfigMap::default()
        }));
    }
    objects
}

/// The rules, if the object has rules.
fn rules_of(object: &Object) -> Option<PrometheusRule> {
    if object.kind() != PrometheusRuleSpec::KIND {
        return None;
    }
    object.read().ok()
}

impl Construct for Monitoring {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) {}

    fn claims(&self) -> Vec<Claim> {
        self.claimed()
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check_all(check);
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let sources = self.sources(context);
        let mut objects = self.exporter_objects(context);
        let alerts = self.ready_alerts(&sources);
        let of_cluster = sources.in_scope(Scope::Cluster);
        let boards = self.boards(&of_cluster);
        let words = Self::words(&sources, &alerts, &boards);
        objects.extend(sources.targets.iter().map(|target| {
            let kept = self.kept(target, &words, &sources);
            self.monitor(target, kept, &sources, context)
        }));
        let known = alerts.iter().map(|alert| alert.rule.alert.clone()).collect();
        objects.push(self.rules(context, &sources, alerts));
        objects.extend(self.inhibition_object(&known, context));
        // One `ConfigMap` each, which Grafana's sidecar loads, or the Grafana operator by another object that refers to it.
        let name = format!("{}-dashboard", self.kafka.name());
        objects.extend(dashboards(
            &name,
            &self.labels(),
            &self.grafana,
            &boards,
            &of_cluster,
            context,
        ));
        objects
    }

    fn explanations(&self, context: &Context) -> Vec<Explanation> {
        let sources = self.sources(context);
        self.ready_alerts(&sources)
            .iter()
            .map(|alert| {
                let rule = &alert.rule;
                let text = |name: &str| rule.annotations.get(name).cloned();
                let mut facts = vec![
                    ("severity", rule.labels["severity"].clone()),
                    ("for", rule.waits().to_string()),
                ];
                if rule.keep_firing_for.is_some() {
                    facts.push(("keeps firing for", rule.keeps_firing().to_string()));
                }
                let label = |(name, value): (&String, &String)| ("label", format!("{name}: {value}"));
                facts.extend(own_labels(rule).map(label));
                facts.extend([("expression", rule.expr.trim_end().to_owned())]);
                facts.extend(text("threshold").map(|threshold| ("limit", threshold)));
                facts.extend(alert::metrics(&rule.expr, &sources).into_iter().map(|metric| {
                    let origin = runbook::origin(metric);
                    ("metric", format!("{}, from {origin}: {}", metric.name, metric.help))
                }));
                if alert.alert.runbook.is_some() {
                    facts.push(("runbook", format!("runbooks/{}", self.docs.runbook(&rule.alert))));
                }
                facts.extend(text("runbook_url").map(|url| ("runbook_url", url)));
                Explanation {
                    name: rule.alert.clone(),
                    summary: rule.annotation("summary").to_owned(),
                    facts,
                }
            })
            .collect()
    }

    fn check_amended(&self, object: &Object, check: &mut Check<'_>) {
        let Some(amended) = rules_of(object) else { return };
        let sources = self.sources(check.context());
        let written = self.ready_alerts(&sources);
        for rule in amended.spec.alerts() {
            for diagnostic in alert::check_amended(rule, &written, &sources) {
                check.add(diagnostic, |finding| {
                    finding.item(rule.alert.as_str());
                });
            }
        }
    }

    // Everything is made from the finished rules, so that it matches what is applied.
    fn documents<'a>(&'a self, context: &'a Context, finished: &[Object]) -> Vec<Document<'a>> {
        let Some(applied) = finished.iter().find_map(rules_of) else {
            return Vec::new();
        };
        let sources = self.sources(context);
        let names = Names::new(self, context, &sources);
        let mut written = self.ready_alerts(&sources);
        // An amendment may have removed or added alerts.
        written.retain(|alert| applied.spec.alerts().any(|rule| rule.alert == alert.rule.alert));
        let folder = self.docs.folder();
        let mut documents = vec![Document::yaml(
            format!("tests/{folder}{RULES_FILE}"),
            applied.spec.clone(),
        )];
        let known = Rc::new((applied.spec, sources, names, written));
        for (index, alert) in known.3.iter().enumerate() {
            if alert.alert.runbook.is_none() {
                continue;
            }
            let known = Rc::clone(&known);
            documents.push(Document::new(
                format!("runbooks/{}", self.docs.runbook(&alert.rule.alert)),
                move || {
                    let (rules, sources, names, written) = &*known;
                    let alert = &written[index];
                    let page = alert.alert.runbook.as_ref();
                    let rule = rules.alerts().find(|rule| rule.alert == alert.rule.alert);
                    page.zip(rule).map_or_else(String::new, |(page, rule)| {
                        runbook::text(page, alert, rule, rules, sources, names)
                    })
                },
            ));
        }
        let scenes = Rc::clone(&known);
        documents.push(Document::new(format!("tests/{folder}alerts.yaml"), move || {
            let (rules, sources, _, written) = &*known;
            let tested = rules.alerts().filter_map(|rule| {
                let alert = written.iter().find(|alert| alert.rule.alert == rule.alert)?;
                Some((rule, alert))
            });
            yaml::to_text(&promtool::file(RULES_FILE, tested, sources))
        }));
        documents.push(Document::new(format!("tests/{folder}scenarios.yaml"), move || {
            let (rules, sources, _, written) = &*scenes;
            let own = |rule: &&AlertingRule| {
                let built_in = |alert: &&Ready<'_>| alert.alert.location.is_none() && alert.rule.alert == rule.alert;
                let alert = written.iter().find(built_in);
                alert.is_none_or(|alert| alert.rule.expr != rule.expr || alert.rule.for_duration != rule.for_duration)
            };
            let own = rules.alerts().filter(own).map(|rule| rule.alert.as_str()).collect();
            let known = rules.alerts().map(|rule| rule.alert.as_str()).collect();
            yaml::to_text(&promtool::scenarios(
                RULES_FILE,
                &self.scenarios(sources),
                &own,
                &known,
                sources,
            ))
        }));
        documents
    }
}
