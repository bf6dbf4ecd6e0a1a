//! Both sides together: what an object is to others.

use std::{cell::OnceCell, rc::Rc};

use serde_json::Value;

use super::{change::ObjectName, side::Side};
use crate::{
    lint::model::{
        ObjectDetail, ObjectModel,
        node::Node,
        selector::{Labels, Selector, selects},
    },
    manifest::{Background, Identity},
};

/// The kinds that have pods.
pub(super) const WORKLOADS: [&str; 6] = ["StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Job", "CronJob"];

/// The two sets of manifests. What an object is to others is looked up when a change asks for it, and kept.
pub(super) struct Sets<'a> {
    pub(super) before: &'a Side,
    pub(super) after: &'a Side,
    /// Workloads, by their place: one that is the same on both sides is kept once.
    workers: [Vec<OnceCell<Rc<Worker>>>; 2],
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
    fn of(mut body: Value) -> Self {
        let model = ObjectModel::of(&Node::root(&body), &Background::default());
        let mut spec = body["spec"].take();
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

    /// Whether its pods take another template only when someone deletes them.
    pub(super) fn is_on_delete(&self) -> bool {
        self.spec["updateStrategy"]["type"] == "OnDelete"
    }

    /// Where its pods restart only when someone deletes them: the set as kubectl names it, and the pods from the highest ordinal down.
    pub(super) fn left_to_delete(&self) -> Option<(String, Vec<String>)> {
        let identity = &self.model.identity;
        (self.is_on_delete() && identity.kind == "StatefulSet").then(|| {
            let mut pods = self.pods();
            pods.reverse();
            (format!("statefulset/{}", identity.name), pods)
        })
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
            workers: [before, after].map(|side| (0..side.len()).map(|_| OnceCell::new()).collect()),
            budgets: OnceCell::new(),
        }
    }

    pub(super) fn side(&self, when: When) -> &'a Side {
        match when {
            When::Before => self.before,
            When::After => self.after,
        }
    }

    /// Whether an object is there on both sides, and the same.
    pub(super) fn is_same(&self, identity: &Identity) -> bool {
        let (old, new) = (self.before.find(identity), self.after.find(identity));
        old.zip(new)
            .is_some_and(|(old, new)| self.before.is_same(old, self.after, new))
    }

    /// The workloads of a namespace whose manifest has a word. All have the empty one, and to read all of ten thousand takes long.
    pub(super) fn workers_in<'s>(
        &'s self,
        when: When,
        namespace: &'s str,
        word: &'s str,
    ) -> impl Iterator<Item = &'s Worker> {
        let side = self.side(when);
        side.of_kinds(&WORKLOADS)
            .filter(move |index| side.identity(*index).namespace == namespace && side.mentions(*index, word))
            .map(move |index| self.at(when, index))
    }

    fn at(&self, when: When, index: usize) -> &Worker {
        let (side, other, others) = match when {
            When::Before => (self.before, self.after, &self.workers[1]),
            When::After => (self.after, self.before, &self.workers[0]),
        };
        let shared = || {
            let there = other.find(side.identity(index))?;
            let worker = others[there].get()?;
            side.is_shared(index, other, there).then(|| worker.clone())
        };
        self.workers[usize::from(when == When::After)][index]
            .get_or_init(|| shared().unwrap_or_else(|| Rc::new(Worker::of(side.body(index)))))
    }

    pub(super) fn worker(&self, when: When, identity: &Identity) -> Option<&Worker> {
        let is_workload = WORKLOADS.contains(&identity.kind.as_str());
        let index = self.side(when).find(identity).filter(|_| is_workload)?;
        Some(self.at(when, index))
    }

    /// The workloads that read a ConfigMap or a Secret.
    pub(super) fn readers<'s>(&'s self, when: When, identity: &'s Identity) -> impl Iterator<Item = &'s Worker> {
        self.workers_in(when, &identity.namespace, &identity.name)
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
    pub(super) fn selected<'s>(&'s self, when: When, namespace: &'s str, selector: &'s Selector) -> Vec<&'s Worker> {
        self.workers_in(when, namespace, selector.word())
            .filter(|worker| selects(selector, &worker.labels()))
            .collect()
    }
}
