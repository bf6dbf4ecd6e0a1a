//! The folder for temporary files.

use super::Member;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{program::Program, set::SetFindings, workload::Workload};

rules! { rules::pod;
    /// No folder for temporary files.
    pub const TEMPORARY_FILES: Rule = Rule {
        id: "KS-P45",
        production: Error,
        development: Error,
        summary: "a process that cannot write temporary files",
        explanation: "The libraries for snappy and zstd are unpacked into `/tmp` when the first compressed batch \
            arrives. With a read-only root file system and no volume there, that fails with `UnsatisfiedLinkError`: the \
            process starts, and every such batch is refused with UNKNOWN_SERVER_ERROR. An emptyDir at `/tmp` is enough.",
        source: "snappy-java, SnappyLoader; zstd-jni, Native; Kubernetes, readOnlyRootFilesystem",
    };
}

/// The folder that Kafka's scripts make for their logs, in any container.
pub(super) fn of_logs(findings: &mut SetFindings, index: usize, workload: &Workload) {
    for container in &workload.containers {
        let Some(folder) = container.variable("LOG_DIR").filter(|folder| folder.starts_with('/')) else {
            continue;
        };
        if !container.mounts.can_write(folder) {
            findings
                .add(
                    index,
                    container.pointer.clone(),
                    &TEMPORARY_FILES,
                    format!(
                        "container `{}` cannot write to `{folder}`, its LOG_DIR, which Kafka's scripts write to",
                        container.name
                    ),
                )
                .hint(format!("mount an emptyDir at `{folder}`"));
        }
    }
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let (container, jvm) = (member.container, member.jvm());
    let moved = jvm
        .options
        .iter()
        .any(|option| option.text.starts_with("-Djava.io.tmpdir="));
    if member.process.program == Program::ZooKeeper || moved || container.open || container.mounts.can_write("/tmp") {
        return;
    }
    // Told as the folder of the logs.
    if container.variable("LOG_DIR") == Some("/tmp") {
        return;
    }
    findings
        .add(
            member.index,
            container.pointer.clone(),
            &TEMPORARY_FILES,
            format!(
                "container `{}` cannot write to `/tmp`: the first batch in snappy or zstd fails",
                container.name
            ),
        )
        .hint("mount an emptyDir at `/tmp`");
}
