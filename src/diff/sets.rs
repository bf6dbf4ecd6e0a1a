//! Both sides together: what an object is to others.

use std::cell::OnceCell;

use serde_json::Value;

use super::{change::ObjectName, side::Side};
use crate::{
    lint::model::{
        ObjectDetail, ObjectModel,
        selector::{Labels, Selector, selects},
    },
    manifest::Identity,
};

/// The kinds that have pods.
pub(super) const WORKLOADS: [&str; 6] = ["StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Job", "CronJob"];

/// The two sets of manifests. What an object is to others is looked up when a change asks for it, and kept.
pub(super) struct Sets<'a> {
    pub(super) before: &'a Side,
    pub(super) after: &'a Side,
    workloads: [OnceCell<Vec<Worker>>; 2],
    /// Workloads that were asked for by name, by their place: all of ten thousand are not read for one.
    named: [Vec<OnceCell<Worker>>; 2],
    budgets: OnceCell<Vec<ObjectModel>>,
}

/// A side of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

/// Pods, and what they read.
pub(super) struct Worker {
    pub(super) model: ObjectModel,
    /// The kind's own fields: replicas, strategy.
    pub(super) spec: Value,
}

impl Worker {
    fn of(body: &Value, model: ObjectModel) -> Self {
        let mut spec = body["spec"].clone();
        if let Some(spec) = spec.as_object_mut() {
            spec.remove("template");
        }
        Self { model, spec }
    }

    pub(super) fn name(&self) -> ObjectName {
        (&self.model.identity).into()
    }

    /// Whether its pods read a ConfigMap or a Secret: as files or as variables.
    pub(super) fn reads(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let workload = self.model.workload();
        self.model.identity.namespace == namespace
            && workload.is_some_and(|workload| {
                workload
                    .references
                    .iter()
                    .any(|reference| reference.kind == kind && reference.name == name)
            })
    }

    pub(super) fn replicas(&self) -> i64 {
        self.model.workload().map_or(1, |workload| workload.replicas)
    }

    /// Its pods: of a StatefulSet by their names, of others as `name-*`.
    pub(super) fn pods(&self) -> Vec<String> {
        let name = &self.model.identity.name;
        let first = self.model.workload().map_or(0, |workload| workload.first);
        let set = self.model.identity.kind == "StatefulSet";
        (first..first + self.replicas())
            .map(|ordinal| {
                if set {
                    format!("{name}-{ordinal}")
                } else {
                    format!("{name}-*")
                }
            })
            .collect()
    }

    /// The claims of its pods.
    pub(super) fn claims(&self) -> Vec<String> {
        let templates = self.spec["volumeClaimTemplates"].as_array().into_iter().flatten();
        let names: Vec<&str> = templates
            .filter_map(|claim| claim["metadata"]["name"].as_str())
            .collect();
        let pods = self.pods();
        pods.iter()
            .flat_map(|pod| names.iter().map(move |name| format!("{name}-{pod}")))
            .collect()
    }

    pub(super) fn labels(&self) -> Labels {
        self.model
            .workload()
            .map(|workload| workload.pods.clone())
            .unwrap_or_default()
    }
}

impl<'a> Sets<'a> {
    pub(super) fn new(before: &'a Side, after: &'a Side) -> Self {
        Self {
            before,
            after,
            workloads: [OnceCell::new(), OnceCell::new()],
            named: [before, after].map(|side| (0..side.len()).map(|_| OnceCell::new()).collect()),
            budgets: OnceCell::new(),
        }
    }

    pub(super) fn side(&self, when: When) -> &'a Side {
        match when {
            When::Before => self.before,
            When::After => self.after,
        }
    }

    /// All workloads of a side.
    pub(super) fn workers(&self, when: When) -> &[Worker] {
        let side = self.side(when);
        self.workloads[usize::from(when == When::After)].get_or_init(|| {
            side.of_kinds(&WORKLOADS)
                .map(|index| Worker::of(&side.body(index), side.model(index)))
                .collect()
        })
    }

    pub(super) fn worker(&self, when: When, identity: &Identity) -> Option<&Worker> {
        if !WORKLOADS.contains(&identity.kind.as_str()) {
            return None;
        }
        let side = self.side(when);
        let index = side.find(identity)?;
        let named = &self.named[usize::from(when == When::After)];
        Some(named[index].get_or_init(|| Worker::of(&side.body(index), side.model(index))))
    }

    /// The workloads that read a ConfigMap or a Secret.
    pub(super) fn readers(&self, when: When, identity: &Identity) -> impl Iterator<Item = &Worker> {
        self.workers(when)
            .iter()
            .filter(|worker| worker.reads(&identity.kind, &identity.namespace, &identity.name))
    }

    /// The budgets, as they will be, that limit how many of some pods may be away.
    pub(super) fn budgets(&self, namespace: &str, labels: &Labels) -> impl Iterator<Item = &ObjectModel> {
        let budgets = self.budgets.get_or_init(|| {
            let side = self.after;
            side.of_kinds(&["PodDisruptionBudget"])
                .map(|index| side.model(index))
                .collect()
        });
        budgets.iter().filter(move |budget| {
            let ObjectDetail::Budget(detail) = &budget.detail else {
                return false;
            };
            budget.identity.namespace == namespace && selects(&detail.selector, labels)
        })
    }

    /// The workloads of a side whose pods a selector selects.
    pub(super) fn selected(&self, when: When, namespace: &str, selector: &Selector) -> Vec<&Worker> {
        let workers = self.workers(when).iter();
        workers
            .filter(|worker| worker.model.identity.namespace == namespace && selects(selector, &worker.labels()))
            .collect()
    }
}
