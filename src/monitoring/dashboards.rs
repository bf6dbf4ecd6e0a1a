//! The dashboards for all clusters, as a construct.

use super::{dashboard, docs::Grafana, render};
use std::collections::BTreeMap;

use crate::{
    construct::{Check, Claim, Construct, Meta},
    context::Context,
    diagnostics::rules::stack::OBJECT_TWICE,
    manifest::Object,
    metrics::{self, exporter, probe},
    observability::{Scope, Sources, Target, Thresholds},
    workload::Labels,
};

/// The Grafana dashboards for all Kafka clusters whose [`Monitoring`](super::Monitoring) one Grafana can ask for: one lists them, and
/// in the others variables choose the Kubernetes cluster, the namespace and the Kafka cluster, and then brokers, topics and groups.
///
/// They depend on no stack, so add them once for a Grafana: to the stack of one cluster, or to a stack of their own. The dashboards
/// that `Monitoring` makes of its cluster can stand beside them; they know what is declared, such as the limits of alerts, and leave out
/// what the cluster does not have.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("dashboards", "monitoring");
/// stack.add(Dashboards::for_all_clusters("kafka-dashboards"));
///
/// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
/// let list = manifests.get("kafka-dashboards/configmap-kafka-dashboards-list.yaml").unwrap();
/// assert!(list.contains("\"title\": \"Kafka clusters\""));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Dashboards {
    meta: Meta,
    grafana: Grafana,
}

impl Dashboards {
    /// Dashboards for all clusters, in `ConfigMap`s that Grafana's sidecar loads. `name` is the beginning of the names of the objects.
    #[track_caller]
    pub fn for_all_clusters(name: impl Into<String>) -> Self {
        Self {
            meta: Meta::new(name),
            grafana: Grafana::default(),
        }
    }

    /// Loads the dashboards with the Grafana operator instead of a sidecar, into the Grafana instances with these labels.
    pub fn grafana_operator<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.grafana.operator = Some(labels.collect());
        self
    }

    /// Everything that any cluster exports.
    pub(super) fn sources() -> Sources {
        let anything = Target::pods(
            "",
            Labels::new("", "", ""),
            None,
            metrics::tables().chain([exporter::ALL, probe::ALL]),
        );
        Sources {
            scope: Scope::AllClusters,
            namespace: "$namespace".to_owned(),
            cluster: "$cluster".to_owned(),
            kubernetes: "$kubernetes".to_owned(),
            targets: vec![anything],
            brokers: None,
            volumes: Vec::new(),
            certificates: Vec::new(),
            external: Vec::new(),
            thresholds: Thresholds::default(),
            owned: Vec::new(),
            group_owners: Vec::new(),
            alert_labels: Vec::new(),
            slos: Vec::new(),
            limits: BTreeMap::new(),
        }
    }
}

impl Construct for Dashboards {
    type Handle = ();

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) {}

    fn claims(&self) -> Vec<Claim> {
        vec![
            Claim::new("dashboards for", "", "all clusters", &OBJECT_TWICE, self.meta.location)
                .hint("remove one of the two: Grafana refuses the second with the same uids"),
        ]
    }

    fn check(&self, _: &mut Check<'_>) {}

    fn render(&self, context: &Context) -> Vec<Object> {
        let sources = Self::sources();
        render::dashboards(
            &self.meta.name,
            &Labels::new("kafka-dashboards", &self.meta.name, ""),
            &self.grafana,
            &dashboard::clusters::boards(&sources),
            &sources,
            context,
        )
    }
}
