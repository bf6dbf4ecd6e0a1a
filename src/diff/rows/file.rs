//! A file of a ConfigMap, and what a change of it does to the pods that read it.

use serde_json::Value;

use crate::{
    diff::{
        change::{Draft, Found, ObjectName, Place},
        class::Class,
        row::Row,
        sets::{Sets, When},
        walk::step,
    },
    manifest::Identity,
};

/// The pods that read a file restart with it.
static READ_AGAIN: Row = Row {
    id: "file-read-again",
    class: Class::RollingRestart,
    flags: &[],
    summary: "a file changes, and the pods that read it restart",
    reason: "the pods of {restarted} restart and read it",
    commands: &[],
};

/// The pods that read a file keep the old one.
static KEPT: Row = Row {
    id: "file-not-read",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a file changes, and the pods that read it do not restart",
    reason: "nothing restarts the pods of {running}: they keep what they have read until they restart for another reason",
    commands: &[
        "kubectl -n {namespace} rollout restart {running}",
        "kubectl -n {namespace} rollout status {running}",
    ],
};

/// The workload that should restart is refused.
static WAITS: Row = Row {
    id: "file-waits",
    class: Class::Metadata,
    flags: &[],
    summary: "a file changes, and the API server refuses the workload that reads it",
    reason: "the API server refuses the change of {waiting}: the file is applied all the same, and waits unused for a later restart",
    commands: &[],
};

/// A setting of a property file.
pub(super) static SETTING: Row = Row {
    id: "setting",
    class: Class::Metadata,
    flags: &[],
    summary: "a setting in a property file",
    reason: "",
    commands: &[],
};

pub(super) const ROWS: &[&Row] = &[&READ_AGAIN, &KEPT, &WAITS, &SETTING];

/// What a change of a file does to the pods that read it.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// Workloads whose pods restart and read it.
    restarted: Vec<ObjectName>,
    /// Workloads whose pods run on with what they have read.
    kept: Vec<ObjectName>,
    /// Those of them whose pods restart only when they are deleted, and their pods.
    left_to_delete: Vec<(String, Vec<String>)>,
    /// Workloads that would restart, and that the API server refuses.
    waiting: Vec<ObjectName>,
    /// Jobs, which read it when they run.
    pub(super) jobs: Vec<ObjectName>,
    /// Whether workloads that are new read it.
    is_new: bool,
}

impl Effect {
    pub(super) fn of(sets: &Sets<'_>, identity: &Identity, found: &Found) -> Self {
        let mut effect = Self::default();
        for worker in sets.readers(When::After, identity) {
            let name = worker.name();
            // One that is new reads it when it starts.
            if sets.before.find(&worker.model.identity).is_none() {
                effect.is_new = true;
                continue;
            }
            let list = if ["Job", "CronJob"].contains(&name.kind.as_str()) {
                &mut effect.jobs
            } else if found.refused.contains(&name) {
                &mut effect.waiting
            } else if found.restarts.contains_key(&name) {
                &mut effect.restarted
            } else {
                effect.left_to_delete.extend(worker.left_to_delete());
                &mut effect.kept
            };
            list.push(name);
        }
        effect
    }

    /// Says it of a change in the file.
    pub(super) fn tell(&self, draft: &mut Draft) {
        self.tell_restarts(draft);
        if !self.waiting.is_empty() {
            draft.also(&WAITS).words("waiting", self.waiting.iter().map(workload));
        }
        if !self.kept.is_empty() {
            draft.also(&KEPT).words("running", self.kept.iter().map(workload));
            draft.left_to_delete(self.left_to_delete.iter().cloned());
        }
        if draft.has_reason() {
            return;
        }
        if !self.jobs.is_empty() {
            let jobs: Vec<String> = self.jobs.iter().map(workload).collect();
            draft.remark(format!("read by {} at the next run", jobs.join(", ")));
        } else if self.is_new {
            draft.remark("read by what is new here");
        } else {
            draft.remark("no workload of these manifests reads it");
        }
    }

    /// Says which pods restart: all that matters where what they read stays the same.
    pub(super) fn tell_restarts(&self, draft: &mut Draft) {
        if !self.restarted.is_empty() {
            draft
                .also(&READ_AGAIN)
                .words("restarted", self.restarted.iter().map(workload));
            for workload in &self.restarted {
                draft.restarts(workload.clone());
            }
        }
    }
}

/// A workload as kubectl names it.
fn workload(name: &ObjectName) -> String {
    format!("{}/{}", name.kind.to_lowercase(), name.name)
}

/// A file that differs.
pub(super) struct FileChange<'a> {
    pub(super) sets: &'a Sets<'a>,
    /// The ConfigMap.
    pub(super) identity: &'a Identity,
    pub(super) file: &'a str,
    /// The text; none if the file was not there.
    pub(super) before: Option<&'a str>,
    pub(super) after: Option<&'a str>,
    pub(super) effect: &'a Effect,
}

impl FileChange<'_> {
    /// Says of changes of the file that the Job which reads it does not run again, if it is the same as before.
    pub(super) fn tell_idle_job(&self, row: &'static Row, drafts: &mut [Draft]) {
        let readers = self.sets.readers(When::After, self.identity);
        let mut jobs = readers
            .map(|worker| &worker.model.identity)
            .filter(|job| job.kind == "Job");
        if let Some(job) = jobs.find(|job| self.sets.is_same(job)) {
            for draft in drafts {
                draft.also(row).word("job", job.name.clone());
            }
        }
    }

    /// The place of a part of the file, such as the key of a setting. Parts go from the outside in.
    pub(super) fn place(&self, parts: &[&str], before: Option<&str>, after: Option<&str>) -> Place {
        let value = |text: Option<&str>| text.map_or(Value::Null, Into::into);
        Place::field(self.identity, path(self.file, parts), value(before), value(after))
    }
}

/// The path of a part of a file in a ConfigMap. Parts go from the outside in.
pub(super) fn path(file: &str, parts: &[&str]) -> String {
    let mut path = format!("data[{file}]");
    for part in parts {
        let step = step(part);
        if !step.starts_with('[') {
            path.push('.');
        }
        path += &step;
    }
    path
}
