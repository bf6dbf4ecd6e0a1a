//! Where the image's entrypoint writes its configuration.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{program::Program, set::SetFindings},
};

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
    if let Some((map, _)) = member
        .process
        .mounts
        .config_maps
        .iter()
        .find(|(_, path)| path == folder)
    {
        findings.add(
            member.index,
            member.process.pointer.clone(),
            &pod::ENTRYPOINT_WRITES,
            format!("container `{}` mounts `{map}` over `{folder}`, where the image's entrypoint writes its configuration", member.process.container),
        )
        .hint("mount it elsewhere, and start Kafka with that file instead of the entrypoint");
    } else if member.process.mounts.read_only_root
        && !member
            .process
            .mounts
            .writable
            .iter()
            .any(|path| folder.starts_with(path.as_str()))
    {
        findings
            .add(
                member.index,
                member.process.pointer.clone(),
                &pod::ENTRYPOINT_WRITES,
                format!(
                    "container `{}` has a read-only root file system, and the image's entrypoint writes to `{folder}`",
                    member.process.container
                ),
            )
            .hint("mount an emptyDir there, or start Kafka with a file of your own");
    }
}
