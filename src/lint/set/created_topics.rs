//! Jobs that create topics.

use crate::{
    diagnostics::rules::pod,
    lint::model::{ObjectModel, set::SetFindings, workload::Workload},
};

/// A Job that creates topics and never looks at them again.
pub(super) fn check(findings: &mut SetFindings, index: usize, object: &ObjectModel, workload: &Workload) {
    if object.identity.kind != "Job" && object.identity.kind != "CronJob" {
        return;
    }
    for (pointer, command) in &workload.commands {
        if command.contains("kafka-topics")
            && command.contains("--create")
            && !command.contains("--alter")
            && !command.contains("kafka-configs")
        {
            findings
                .add(
                    index,
                    pointer.clone(),
                    &pod::TOPICS,
                    "the Job creates topics and changes none: a changed declaration never reaches a topic that exists",
                )
                .hint("compare each topic with its declaration, and alter what differs");
        }
    }
}
