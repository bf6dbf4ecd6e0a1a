//! Where the image's entrypoint writes its configuration.

use super::Member;
use crate::diagnostics::{Severity::Error, family::rules};
use crate::lint::model::{program::Program, set::SetFindings};

rules! { rules::pod;
    /// An entrypoint that cannot write.
    pub const ENTRYPOINT_WRITES: Rule = Rule {
        id: "KS-P08",
        production: Error,
        development: Error,
        summary: "an entrypoint that cannot write its configuration",
        explanation: "The image's entrypoint makes a configuration from the environment and writes it: to /etc/kafka \
            in Confluent's images, to /opt/kafka/config in Apache's. Where a ConfigMap is mounted there, or the root \
            file system is read-only without a writable mount there, it exits. Mount the ConfigMap elsewhere and \
            start Kafka with that file.",
        source: "Confluent, cp-kafka configure; apache/kafka, configure",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if !member.process.entrypoint {
        return;
    }
    let folder = match member.process.image_name() {
        image if image.contains("confluentinc/") => match member.process.program {
            Program::Broker | Program::ZooKeeper => "/etc/kafka",
            Program::Registry => "/etc/schema-registry",
            Program::Connect => "/etc/kafka-connect",
        },
        image if image.contains("apache/kafka") => "/opt/kafka/config",
        _ => return,
    };
    let mounts = &member.container.mounts;
    if let Some((map, _)) = mounts.read_only().find(|(_, path)| *path == folder) {
        findings.add(
            member.index,
            member.process.pointer.clone(),
            &ENTRYPOINT_WRITES,
            format!("container `{}` mounts `{map}` over `{folder}`, where the image's entrypoint writes its configuration", member.process.container),
        )
        .hint("mount it elsewhere, and start Kafka with that file instead of the entrypoint");
    } else if !mounts.can_write(folder) {
        findings
            .add(
                member.index,
                member.process.pointer.clone(),
                &ENTRYPOINT_WRITES,
                format!(
                    "container `{}` has a read-only root file system, and the image's entrypoint writes to `{folder}`",
                    member.process.container
                ),
            )
            .hint("mount an emptyDir there, or start Kafka with a file of your own");
    }
}
