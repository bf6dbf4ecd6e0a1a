//! What the objects of a set export, and how Prometheus scrapes it, as a catalog for expressions.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    lint::model::selector::selects,
    lint::{
        model::{
            ObjectDetail, ObjectModel,
            agent::{AgentRule, AgentRules},
            monitoring::{Endpoint, Monitor, PrometheusRule, PrometheusRules, RuleKind},
            program::Program,
            service::PortRef,
            set::ObjectSet,
            workload::{Claim, Workload},
        },
        monitoring::names,
        set::selectors::{has_port, watches},
    },
    manifest::Declared,
    metrics::{self, Metric, exporter, record, target},
    promql::{self, Bounds, Catalog, Label, Lookup, MetricType, Series, Style, analyze_parsed},
    quantity::Duration,
};

/// The label that tells the clusters of a stack apart.
pub(super) const CLUSTER: &str = "kafka_cluster";

/// The series that Prometheus keeps of each alert that is pending or fires.
const ALERTS: &str = "ALERTS";

/// What mends a rule of an agent that makes series of beans which the agent does not ask for.
const LEFT_OUT: &str = "the agent has a rule for it, but collects none of its beans: add their object name to `includeObjectNames` \
    (`whitelistObjectNames`), or take it out of `excludeObjectNames` (`blacklistObjectNames`)";

/// What mends a monitor that drops what an expression asks for.
const DROPPED: &str = "its monitor drops it at the scrape: add its name to the `regex` of `metricRelabelings`, in a stack by \
    `Monitoring::keep_metrics(…)`";

/// The metrics of brokers begin with one of these.
const OF_BROKERS: [&str; 8] = [
    "kafka_server_",
    "kafka_network_",
    "kafka_log_",
    "kafka_controller_",
    "kafka_cluster_",
    "kafka_coordinator_",
    "kafka_utils_",
    "kafka_raft_",
];

/// All that is exported in a set.
pub(super) struct Exported<'a> {
    set: &'a ObjectSet<'a>,
    exporters: Vec<Exporter<'a>>,
    /// Endpoints of monitors that scrape none of them, or something that is not here.
    others: Vec<&'a Endpoint>,
    /// The rules of agents that make exactly this name, each with its exporter.
    by_name: BTreeMap<&'a str, Vec<(usize, &'a AgentRule)>>,
    /// The rules of agents that also make series of other names.
    alike: Vec<(usize, &'a AgentRule)>,
    /// The rules that record a name: several where there are several clusters, or where each gives its series another label.
    recordings: BTreeMap<&'a str, Vec<Recording<'a>>>,
}

/// A recording rule.
struct Recording<'a> {
    rule: &'a PrometheusRule,
    author: Author<'a>,
    /// What it gives, once someone asked.
    given: OnceCell<Recorded>,
    /// Whether that is being found out: it may need itself.
    asked: Cell<bool>,
}

/// A workload of the Kafka family, or one with an agent or Kafka's exporter.
struct Exporter<'a> {
    object: &'a ObjectModel,
    workload: &'a Workload,
    agents: Vec<&'a AgentRules>,
    scrapes: Vec<Scrape<'a>>,
}

/// How a monitor of the set scrapes a workload.
struct Scrape<'a> {
    endpoint: &'a Endpoint,
    job: Option<String>,
    service: Option<&'a str>,
}

/// What is known of who wrote a rule.
#[derive(Clone, Copy)]
pub(super) struct Author<'a> {
    /// Whether it is made by this crate, so that its labels and names are as this crate makes them.
    own: bool,
    namespace: &'a str,
    declared: Option<&'a Declared>,
}

/// What a recording rule gives.
#[derive(Clone, Debug)]
struct Recorded {
    bounds: Bounds,
    labels: Option<BTreeSet<String>>,
    values: BTreeMap<String, String>,
}

impl<'a> Author<'a> {
    pub(super) fn of(object: &'a ObjectModel) -> Self {
        let managed =
            |(key, value): &(String, String)| key == "app.kubernetes.io/managed-by" && value == "kafka-stacks";
        Self {
            own: object.declared.is_some() || object.labels.iter().any(managed),
            namespace: &object.identity.namespace,
            declared: object.declared.as_ref(),
        }
    }

    pub(super) const fn style(self) -> Style {
        if self.own { Style::Own } else { Style::Free }
    }
}

impl<'a> Exported<'a> {
    pub(super) fn of(set: &'a ObjectSet<'a>) -> Self {
        let mut exporters: Vec<Exporter<'a>> = set
            .workloads()
            .filter_map(|(_, object, workload)| {
                let namespace = &object.identity.namespace;
                let maps = workload
                    .references
                    .iter()
                    .filter(|reference| reference.kind == "ConfigMap");
                let maps: BTreeSet<&str> = maps.map(|reference| reference.name.as_str()).collect();
                let agents: Vec<&AgentRules> = maps
                    .into_iter()
                    .filter_map(|map| match &set.find("ConfigMap", namespace, map)?.detail {
                        ObjectDetail::Config(config) => Some(&config.agents),
                        _ => None,
                    })
                    .flatten()
                    .collect();
                let exports = workload.exports || workload.kafka.is_some() || !agents.is_empty();
                exports.then(|| Exporter {
                    object,
                    workload,
                    agents,
                    scrapes: Vec::new(),
                })
            })
            .collect();
        let mut others = Vec::new();
        for object in set.objects {
            let monitor = match &object.detail {
                ObjectDetail::PodMonitor(monitor) => {
                    scrape_pods(object, monitor, &mut exporters);
                    monitor
                }
                ObjectDetail::ServiceMonitor(monitor) => {
                    scrape_services(set, object, monitor, &mut exporters);
                    monitor
                }
                _ => continue,
            };
            let scrapes = |endpoint: &Endpoint| {
                let mut scrapes = exporters.iter().flat_map(|exporter| &exporter.scrapes);
                scrapes.any(|scrape| std::ptr::eq(scrape.endpoint, endpoint))
            };
            others.extend(monitor.endpoints.iter().filter(|endpoint| !scrapes(endpoint)));
        }
        let mut by_name: BTreeMap<&str, Vec<(usize, &AgentRule)>> = BTreeMap::new();
        let mut alike = Vec::new();
        for (index, exporter) in exporters.iter().enumerate() {
            for rule in exporter.agents.iter().flat_map(|agent| &agent.rules) {
                if !rule.begins {
                    by_name.entry(&rule.name).or_default().push((index, rule));
                }
                if rule.makes_others() {
                    alike.push((index, rule));
                }
            }
        }
        let mut recordings: BTreeMap<&str, Vec<Recording<'a>>> = BTreeMap::new();
        for object in set.objects {
            let rules = rules_of(object).flat_map(|rules| &rules.rules);
            for rule in rules.filter(|rule| rule.kind == RuleKind::Record) {
                recordings.entry(&rule.name).or_default().push(Recording {
                    rule,
                    author: Author::of(object),
                    given: OnceCell::new(),
                    asked: Cell::new(false),
                });
            }
        }
        Self {
            set,
            exporters,
            others,
            by_name,
            alike,
            recordings,
        }
    }

    /// The catalog for a rule.
    pub(super) fn catalog<'c>(&'c self, author: Author<'a>, rule: Option<&'c PrometheusRule>) -> RuleCatalog<'c, 'a> {
        let cluster = rule.filter(|_| author.own).and_then(|rule| {
            rule.labels.get(CLUSTER).map(String::as_str).or_else(|| {
                let (_, behind) = rule.text.split_once("kafka_cluster=\"")?;
                behind.split('"').next()
            })
        });
        RuleCatalog {
            exported: self,
            author,
            cluster,
        }
    }

    /// The rules of agents that make series of exactly this name, each with its exporter.
    fn agents_of(&self, name: &str) -> Vec<(&Exporter<'a>, &'a AgentRule)> {
        let rules = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        rules
            .iter()
            .map(|(index, rule)| (&self.exporters[*index], *rule))
            .collect()
    }

    /// The rules of agents that may make series of this name, among others.
    fn agents_like(&self, name: &str) -> Vec<(&Exporter<'a>, &'a AgentRule)> {
        let made = self.alike.iter().filter(|(_, rule)| rule.makes(name));
        made.map(|(index, rule)| (&self.exporters[*index], *rule)).collect()
    }

    /// Whether no process here can have a metric, although processes of the kind that has such metrics are here.
    fn is_missing(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
        let of_exporter = ["kafka_consumergroup_", "kafka_topic_", "kafka_broker"];
        if begins(&of_exporter) && self.exporters.iter().any(|exporter| exporter.workload.exports) {
            return true;
        }
        let families: [(&[&str], Program); 4] = [
            (&OF_BROKERS, Program::Broker),
            (&["kafka_connect_"], Program::Connect),
            (&["kafka_schema_registry_"], Program::Registry),
            (&["zookeeper_"], Program::ZooKeeper),
        ];
        if let Some((_, program)) = families.iter().find(|(prefixes, _)| begins(prefixes)) {
            return self.all_known(|exporter| {
                exporter
                    .workload
                    .kafka
                    .as_ref()
                    .is_some_and(|process| process.program == *program)
            });
        }
        if begins(&["kafka_jvm_"]) {
            return self.all_known(|exporter| !exporter.agents.is_empty());
        }
        names::mistyped(name).is_some()
    }

    /// Whether there are such exporters, and all that they export is known.
    fn all_known(&self, such: impl Fn(&Exporter<'a>) -> bool) -> bool {
        let mut of_kind = self.exporters.iter().filter(|exporter| such(exporter)).peekable();
        of_kind.peek().is_some()
            && of_kind.all(|exporter| {
                let open = exporter.agents.iter().any(|agent| agent.open);
                !open && (!exporter.agents.is_empty() || !has_agent(exporter.workload))
            })
    }

    /// The brokers in a namespace that are scraped for a cluster; `None` without any.
    fn brokers(&self, cluster: &str, namespace: &str) -> Option<i64> {
        let of_cluster = self.exporters.iter().filter(|exporter| {
            exporter.object.identity.namespace == namespace && exporter.scrapes_of(Some(cluster)).next().is_some()
        });
        let brokers = of_cluster.filter_map(|exporter| {
            let process = exporter.workload.process();
            let process = process.filter(|(process, _)| process.program == Program::Broker)?;
            let settings = self.set.settings(exporter.object, process);
            let is_broker = settings
                .get("process.roles")
                .is_none_or(|roles| roles.value.contains("broker"));
            is_broker.then_some(exporter.workload.replicas)
        });
        let brokers: i64 = brokers.sum();
        (brokers > 0).then_some(brokers)
    }

    /// What a recording rule gives; `None` if it cannot be parsed, or needs itself.
    fn recorded<'s>(&'s self, recording: &'s Recording<'a>) -> Option<&'s Recorded> {
        let Recording {
            rule,
            author,
            given,
            asked,
        } = recording;
        if asked.replace(true) {
            return given.get();
        }
        let Some(Ok(expression)) = &rule.expression else {
            return None;
        };
        let analysis = analyze_parsed(expression, &self.catalog(*author, Some(rule)));
        let (mut labels, mut values) = (analysis.labels, analysis.values);
        values.extend(rule.labels.clone());
        if let Some(labels) = &mut labels {
            labels.extend(rule.labels.keys().cloned());
        }
        Some(given.get_or_init(|| Recorded {
            bounds: analysis.bounds,
            labels,
            values,
        }))
    }
}

/// The rules of an object: its own, or those in its files.
pub(super) fn rules_of(object: &ObjectModel) -> impl Iterator<Item = &PrometheusRules> {
    let (own, files) = match &object.detail {
        ObjectDetail::Rules(rules) => (Some(rules), &[][..]),
        ObjectDetail::Config(config) => (None, &config.rules[..]),
        _ => (None, &[][..]),
    };
    own.into_iter().chain(files.iter().map(|file| &file.rules))
}

fn scrape_pods<'a>(monitor_object: &'a ObjectModel, monitor: &'a Monitor, exporters: &mut [Exporter<'a>]) {
    let own = &monitor_object.identity;
    for exporter in exporters {
        if !watches(monitor, &own.namespace, exporter.object) || !selects(&monitor.selector, &exporter.workload.pods) {
            continue;
        }
        let named = monitor
            .job_label
            .as_ref()
            .map(|label| value(&exporter.workload.pods, label));
        let job = match named {
            Some(named) => named.map(str::to_owned),
            None => (!own.namespace.is_empty()).then(|| format!("{}/{}", own.namespace, own.name)),
        };
        let endpoints = monitor
            .endpoints
            .iter()
            .filter(|endpoint| has_port(exporter.workload, &endpoint.port));
        exporter.scrapes.extend(endpoints.map(|endpoint| Scrape {
            endpoint,
            job: endpoint.job(job.clone()),
            service: None,
        }));
    }
}

fn scrape_services<'a>(
    set: &ObjectSet<'a>,
    monitor_object: &'a ObjectModel,
    monitor: &'a Monitor,
    exporters: &mut [Exporter<'a>],
) {
    let own = &monitor_object.identity;
    for object in set.objects {
        let Some(service) = object.service() else { continue };
        if !watches(monitor, &own.namespace, object) || !selects(&monitor.selector, &object.labels) {
            continue;
        }
        let Some(selector) = &service.selector else { continue };
        let named = monitor
            .job_label
            .as_ref()
            .and_then(|label| value(&object.labels, label));
        let job = named.unwrap_or(&object.identity.name);
        for endpoint in &monitor.endpoints {
            let port = service.ports.iter().find(|port| match &endpoint.port {
                PortRef::Name(name) => port.name == *name || port.target == endpoint.port,
                PortRef::Number(number) => port.number == *number || port.target == endpoint.port,
            });
            let Some(port) = port else { continue };
            for exporter in exporters.iter_mut() {
                if exporter.object.identity.namespace == object.identity.namespace
                    && selects(selector, &exporter.workload.pods)
                    && has_port(exporter.workload, &port.target)
                {
                    exporter.scrapes.push(Scrape {
                        endpoint,
                        job: endpoint.job(Some(job.to_owned())),
                        service: Some(&object.identity.name),
                    });
                }
            }
        }
    }
}

/// Whether a JMX agent runs in a pod, or a sidecar that does the same: its rules may be in the image.
fn has_agent(workload: &Workload) -> bool {
    workload.containers.iter().any(|container| {
        let values = container.variables.iter().map(|(_, value)| value);
        container.image.contains("jmx")
            || container
                .words
                .iter()
                .chain(values)
                .any(|text| text.contains("-javaagent:"))
    })
}

fn value<'l>(labels: &'l [(String, String)], key: &str) -> Option<&'l str> {
    let found = labels.iter().find(|(label, _)| label == key);
    found.map(|(_, value)| value.as_str())
}

impl Endpoint {
    /// The job of its targets: that of its relabelings, or else the operator's.
    fn job(&self, by_operator: Option<String>) -> Option<String> {
        match self.labels.get("job") {
            Some(fixed) => fixed.clone(),
            None => by_operator.filter(|_| !self.open),
        }
    }

    fn is_of(&self, cluster: &str) -> bool {
        self.labels
            .get(CLUSTER)
            .is_some_and(|value| value.as_deref() == Some(cluster))
    }
}

impl<'a> Exporter<'a> {
    /// How it is scraped, for one cluster where it matters.
    fn scrapes_of(&self, cluster: Option<&str>) -> impl Iterator<Item = &Scrape<'a>> {
        let of_cluster = move |scrape: &&Scrape<'a>| cluster.is_none_or(|cluster| scrape.endpoint.is_of(cluster));
        self.scrapes.iter().filter(of_cluster)
    }

    /// Whether it is scraped, and each of its monitors drops this metric.
    fn drops(&self, name: &str) -> bool {
        !self.scrapes.is_empty() && self.scrapes.iter().all(|scrape| scrape.endpoint.drops(name))
    }

    /// The names of the pods, where they are known.
    fn pods(&self) -> Option<Vec<String>> {
        let identity = &self.object.identity;
        (identity.kind == "StatefulSet").then(|| {
            let ordinals = self.workload.first..self.workload.first + self.workload.replicas;
            ordinals.map(|ordinal| format!("{}-{ordinal}", identity.name)).collect()
        })
    }
}

/// What a rule may ask for.
pub(super) struct RuleCatalog<'c, 'a> {
    exported: &'c Exported<'a>,
    author: Author<'a>,
    /// The cluster that the rule is about, where that is known.
    cluster: Option<&'c str>,
}

/// The values of a label, as far as they are known.
type Values<'v> = Option<Vec<Cow<'v, str>>>;

fn values<'v>(names: impl IntoIterator<Item = Option<String>>) -> Values<'v> {
    let all: Option<BTreeSet<String>> = names.into_iter().collect();
    all.map(|all| all.into_iter().map(Cow::Owned).collect())
}

impl<'a> RuleCatalog<'_, 'a> {
    /// Those of several exporters that a rule of this crate asks: what it selects is in its own namespace.
    fn near<'s, T>(&self, mut all: Vec<T>, exporter: impl Fn(&T) -> &'s Exporter<'a>) -> Vec<T>
    where
        'a: 's,
    {
        let is_near = |one: &T| exporter(one).object.identity.namespace == self.author.namespace;
        if self.author.own && all.iter().any(is_near) {
            all.retain(is_near);
        }
        all
    }

    /// Series of these exporters, with the labels that their scrapes give them.
    fn scraped<'s>(&'s self, exporters: &[&'s Exporter<'a>]) -> Series<'s> {
        /// With more exporters of one metric, labels tell little, and to collect them would take long.
        const MOST: usize = 50;
        let scrapes: Vec<(&Exporter<'a>, &Scrape<'a>)> = exporters
            .iter()
            .filter(|_| exporters.len() <= MOST)
            .flat_map(|exporter| exporter.scrapes_of(self.cluster).map(move |scrape| (*exporter, scrape)))
            .collect();
        let mut labels: BTreeMap<&str, Values<'s>> = BTreeMap::new();
        let known = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        if !scrapes.is_empty() {
            labels.insert("job", values(scrapes.iter().map(|(_, scrape)| scrape.job.clone())));
            let namespaces = scrapes
                .iter()
                .map(|(exporter, _)| known(&exporter.object.identity.namespace));
            labels.insert("namespace", values(namespaces));
            let pods: Option<Vec<Vec<String>>> = scrapes.iter().map(|(exporter, _)| exporter.pods()).collect();
            labels.insert(
                "pod",
                pods.and_then(|pods| values(pods.into_iter().flatten().map(Some))),
            );
            let ports = scrapes.iter().map(|(_, scrape)| match &scrape.endpoint.port {
                PortRef::Name(name) => Some(name.clone()),
                PortRef::Number(_) => None,
            });
            labels.insert("endpoint", values(ports));
            labels.extend([("container", None), ("instance", None)]);
            if scrapes.iter().any(|(_, scrape)| scrape.service.is_some()) {
                labels.insert(
                    "service",
                    values(scrapes.iter().map(|(_, scrape)| scrape.service.map(str::to_owned))),
                );
            }
        }
        let set: BTreeSet<&str> = scrapes
            .iter()
            .flat_map(|(_, scrape)| scrape.endpoint.labels.keys())
            .map(String::as_str)
            .collect();
        for label in set.into_iter().filter(|label| *label != "job") {
            let given = scrapes
                .iter()
                .map(|(_, scrape)| scrape.endpoint.labels.get(label).cloned().flatten());
            labels.insert(label, values(given));
        }
        let open = scrapes.iter().any(|(_, scrape)| scrape.endpoint.open);
        if open {
            // Any label may have been changed.
            for values in labels.values_mut() {
                *values = None;
            }
        }
        let in_scope = !scrapes.is_empty()
            && scrapes
                .iter()
                .all(|(_, scrape)| scrape.endpoint.labels.contains_key(CLUSTER));
        let intervals: Option<Vec<Duration>> = scrapes.iter().map(|(_, scrape)| scrape.endpoint.interval).collect();
        Series {
            metric_type: None,
            bounds: Bounds::ANY,
            labels: labels
                .into_iter()
                .map(|(name, values)| Label {
                    name,
                    values,
                    is_state: false,
                })
                .collect(),
            // Others than the monitors may add labels, as rulers over several instances of Prometheus do.
            open: open || scrapes.is_empty() || !self.author.own,
            interval: intervals.and_then(|intervals| intervals.into_iter().min()),
            scope: self.cluster.filter(|_| in_scope).map(|cluster| (CLUSTER, cluster)),
        }
    }

    /// Series that agents make.
    fn of_agents<'s>(&'s self, name: &str, made: &[(&'s Exporter<'a>, &'s AgentRule)]) -> Series<'s> {
        let exporters: Vec<&Exporter<'a>> = made.iter().map(|(exporter, _)| *exporter).collect();
        let mut series = self.scraped(&exporters);
        let Some((_, first)) = made.first() else { return series };
        if first.begins {
            series.open = true;
            return series;
        }
        series.metric_type = first
            .metric_type
            .filter(|first| made.iter().all(|(_, rule)| rule.metric_type == Some(*first)));
        let own = metrics::of_agents(name).filter(|metric| {
            made.iter()
                .all(|(_, rule)| metric.is_made_by(&rule.pattern, rule.factor))
        });
        series.bounds = match (own, series.metric_type) {
            (Some(metric), _) => self.bounds_of(metric),
            (None, Some(MetricType::Counter)) => Bounds::NOT_NEGATIVE,
            (None, _) => Bounds::ANY,
        };
        for (_, rule) in made {
            let Some(labels) = &rule.labels else {
                series.open = true;
                continue;
            };
            for label in labels {
                if series.labels.iter().any(|known| known.name == label.as_str()) {
                    continue;
                }
                let values = own.and_then(|metric| metric.values(label));
                series.labels.push(Label {
                    name: label,
                    values: values.map(|values| values.into_iter().map(Cow::Owned).collect()),
                    is_state: rule.constant,
                });
            }
        }
        series
    }

    /// Series of a metric whose labels are known.
    fn with_labels<'s>(mut series: Series<'s>, metric: &'static Metric) -> Series<'s> {
        series.metric_type = Some(metric.metric_type);
        series.bounds = Bounds::new(metric.bounds.0, metric.bounds.1);
        let labels = metric.labels().into_iter().map(|name| Label {
            name,
            values: None,
            is_state: false,
        });
        series.labels.extend(labels);
        series
    }

    /// Series of Kafka's exporter.
    fn of_exporter<'s>(&'s self, metric: &'static Metric, exporters: &[&'s Exporter<'a>]) -> Series<'s> {
        let mut series = Self::with_labels(self.scraped(exporters), metric);
        series.bounds = self.bounds_of(metric);
        series
    }

    /// The bounds of a metric of this crate: of one that counts brokers, with as many as there are.
    fn bounds_of(&self, metric: &Metric) -> Bounds {
        let (least, most) = metric.bounds;
        let brokers = || {
            let cluster = self.cluster.filter(|_| metrics::counts_brokers(metric))?;
            let declared = self.author.declared.and_then(|declared| declared.brokers);
            if !exporter::ALL.contains(metric) {
                // Of manifests it is told elsewhere when pods and rules do not agree on the number.
                return declared;
            }
            declared.or_else(|| u32::try_from(self.exported.brokers(cluster, self.author.namespace)?).ok())
        };
        Bounds::new(least, brokers().map_or(most, f64::from))
    }

    /// Series that Prometheus makes of every scrape.
    fn of_scraping<'s>(&'s self, metric: &'static Metric) -> Series<'s> {
        let Some(cluster) = self.cluster else {
            // Others than the monitors of this set may scrape too.
            return Self::with_labels(self.scraped(&[]), metric);
        };
        let all = self.near(self.exported.exporters.iter().collect(), |exporter| exporter);
        let mut series = Self::with_labels(self.scraped(&all), metric);
        for endpoint in self.exported.others.iter().filter(|endpoint| endpoint.is_of(cluster)) {
            for label in &mut series.labels {
                let value = endpoint.labels.get(label.name).cloned().flatten();
                label.values = label.values.take().zip(value).map(|(mut values, value)| {
                    values.push(Cow::Owned(value));
                    values
                });
            }
        }
        series
    }

    /// Series that these rules record; `None` if there is none of them.
    fn of_recordings<'s>(&'s self, name: &str, all: &[&'s Recorded]) -> Option<Series<'s>> {
        let (first, others) = all.split_first()?;
        let own = record::ALL.iter().find(|metric| self.author.own && metric.name == name);
        let labels = first.labels.iter().flatten().map(|label| {
            let mut values = BTreeSet::new();
            let known = all.iter().all(|recorded| {
                let value = recorded.values.get(label);
                values.extend(value.map(String::as_str));
                value.is_some()
            });
            Label {
                name: label,
                values: known.then(|| values.into_iter().map(Cow::Borrowed).collect()),
                is_state: false,
            }
        });
        let of_cluster = first.labels.as_ref().is_some_and(|labels| labels.contains(CLUSTER));
        let bounds = others
            .iter()
            .fold(first.bounds, |bounds, other| bounds.union(other.bounds));
        let alike = first.labels.is_some() && others.iter().all(|other| other.labels == first.labels);
        Some(Series {
            metric_type: own.map(|metric| metric.metric_type),
            bounds: own.map_or(bounds, |metric| Bounds::new(metric.bounds.0, metric.bounds.1)),
            labels: labels.collect(),
            open: !alike || !self.author.own,
            interval: None,
            scope: self.cluster.filter(|_| of_cluster).map(|cluster| (CLUSTER, cluster)),
        })
    }

    /// Series that the platform exports.
    fn of_platform<'s>(&'s self, metric: &'static Metric) -> Series<'s> {
        let mut series = Self::with_labels(self.scraped(&[]), metric);
        if self.author.own && self.cluster.is_some() {
            let namespace = self.author.namespace;
            series.open = false;
            series.scope = Some(("namespace", namespace));
            for label in &mut series.labels {
                label.values = match label.name {
                    "namespace" => Some(vec![Cow::Borrowed(namespace)]),
                    "persistentvolumeclaim" => self.claims(),
                    _ => None,
                };
            }
            let others = ["cluster", "job", "instance"].into_iter().map(|name| Label {
                name,
                values: None,
                is_state: false,
            });
            series.labels.extend(others);
        }
        series
    }

    /// Whether this is a metric of Kafka's exporter that is here, and its monitor drops it.
    fn dropped_by_exporter(&self, name: &str) -> bool {
        if !exporter::names().any(|known| known == name) {
            return false;
        }
        let exporters = self.exported.exporters.iter().filter(|one| one.workload.exports);
        let exporters = self.near(exporters.collect(), |exporter| exporter);
        !exporters.is_empty() && exporters.iter().all(|exporter| exporter.drops(name))
    }

    /// The claims of the volumes in the rule's namespace; `None` without any.
    fn claims(&self) -> Values<'static> {
        let sets = self.exported.set.workloads().filter(|(_, object, _)| {
            object.identity.namespace == self.author.namespace && object.identity.kind == "StatefulSet"
        });
        let claims: Vec<Cow<'static, str>> = sets
            .flat_map(|(_, object, workload)| {
                let ordinals = workload.first..workload.first + workload.replicas;
                ordinals.flat_map(move |ordinal| {
                    let of =
                        move |claim: &Claim| Cow::Owned(format!("{}-{}-{ordinal}", claim.name, object.identity.name));
                    workload.claims.iter().map(of)
                })
            })
            .collect();
        (!claims.is_empty()).then_some(claims)
    }
}

impl Catalog for RuleCatalog<'_, '_> {
    fn series(&self, name: &str) -> Lookup<'_> {
        let made = self.near(self.exported.agents_of(name), |(exporter, _)| exporter);
        if !made.is_empty() {
            if made.iter().all(|(exporter, _)| exporter.drops(name)) {
                return Lookup::Missing;
            }
            return Lookup::Known(self.of_agents(name, &made));
        }
        let exporters = &self.exported.exporters;
        if self.dropped_by_exporter(name) {
            return Lookup::Missing;
        }
        if let Some(metric) = exporter::ALL.iter().find(|metric| metric.name == name) {
            let exporters = exporters.iter().filter(|exporter| exporter.workload.exports);
            let exporters = self.near(exporters.collect(), |exporter| exporter);
            if !exporters.is_empty() {
                return Lookup::Known(self.of_exporter(metric, &exporters));
            }
        } else if exporter::names().any(|other| other == name) && exporters.iter().any(|one| one.workload.exports) {
            return Lookup::Unknown;
        }
        let made = self.near(self.exported.agents_like(name), |(exporter, _)| exporter);
        if !made.is_empty() {
            return Lookup::Known(self.of_agents(name, &made));
        }
        if let Some(recordings) = self.exported.recordings.get(name) {
            let of_cluster = |recorded: &&Recorded| {
                let cluster = recorded.values.get(CLUSTER);
                recordings.len() == 1 || cluster.is_some_and(|cluster| self.cluster == Some(cluster))
            };
            let recorded = recordings
                .iter()
                .filter_map(|recording| self.exported.recorded(recording));
            let recorded: Vec<&Recorded> = recorded.filter(of_cluster).collect();
            return self
                .of_recordings(name, &recorded)
                .map_or(Lookup::Unknown, Lookup::Known);
        }
        if let Some(metric) = metrics::of_platform().find(|metric| metric.name == name) {
            return Lookup::Known(self.of_platform(metric));
        }
        if let Some(metric) = target::ALL.iter().find(|metric| metric.name == name) {
            return Lookup::Known(self.of_scraping(metric));
        }
        if name == ALERTS || name == "ALERTS_FOR_STATE" {
            return Lookup::Unknown;
        }
        if self.exported.is_missing(name) {
            return Lookup::Missing;
        }
        let Some(declared) = self.author.declared else {
            return Lookup::Unknown;
        };
        let Some(metric) = declared.metrics.iter().find(|metric| metric.name == name) else {
            return Lookup::Missing;
        };
        Lookup::Known(Series {
            metric_type: Some(metric.metric_type),
            bounds: Bounds::ANY,
            labels: metric
                .labels
                .iter()
                .map(|label| Label {
                    name: label,
                    values: (label == "job").then(|| vec![Cow::Borrowed(metric.job.as_str())]),
                    is_state: false,
                })
                .collect(),
            open: false,
            interval: None,
            scope: None,
        })
    }

    fn similar(&self, missing: &str) -> Option<String> {
        if let Some(name) = names::mistyped(missing) {
            return Some(name);
        }
        let platform = metrics::of_platform().chain(target::ALL);
        let declared = self.author.declared.iter().flat_map(|declared| &declared.metrics);
        let with_exporter = self.exported.exporters.iter().any(|exporter| exporter.workload.exports);
        let known: Vec<&str> = self
            .exported
            .by_name
            .keys()
            .copied()
            .chain(
                exporter::ALL
                    .iter()
                    .filter(|_| with_exporter)
                    .chain(platform)
                    .map(|metric| metric.name),
            )
            .chain(self.exported.recordings.keys().copied())
            .chain(declared.map(|metric| &*metric.name))
            .collect();
        promql::most_similar(missing, &known).map(str::to_owned)
    }

    fn why_missing(&self, name: &str) -> Option<String> {
        let made = self.near(self.exported.agents_of(name), |(exporter, _)| exporter);
        if !made.is_empty() || self.dropped_by_exporter(name) {
            return Some(DROPPED.to_owned());
        }
        let agents = self.exported.exporters.iter().flat_map(|exporter| &exporter.agents);
        let mut left_out = agents.flat_map(|agent| &agent.left_out);
        left_out.find(|rule| rule.makes(name)).map(|_| LEFT_OUT.to_owned())
    }

    fn pods_of(&self, job: &str) -> Option<Vec<String>> {
        let is_job = |of: Option<&str>| of == Some(job);
        // Of manifests it is told elsewhere when pods and rules do not agree on the number.
        let cluster = self.cluster.filter(|_| self.author.declared.is_some())?;
        // Something that is not here may be scraped under the same job.
        if self
            .exported
            .others
            .iter()
            .any(|endpoint| is_job(endpoint.job(None).as_deref()))
        {
            return None;
        }
        let all = self.near(self.exported.exporters.iter().collect(), |exporter| exporter);
        let of_job = all.iter().filter(|exporter| {
            let mut scrapes = exporter.scrapes_of(Some(cluster));
            scrapes.any(|scrape| is_job(scrape.job.as_deref()))
        });
        // A Deployment has more while it rolls.
        let pods: Option<Vec<Vec<String>>> = of_job.map(|exporter| exporter.pods()).collect();
        let pods: Vec<String> = pods?.into_iter().flatten().collect();
        (!pods.is_empty()).then_some(pods)
    }

    fn style(&self) -> Style {
        self.author.style()
    }
}
