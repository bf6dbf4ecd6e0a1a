//! Where the data lies.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::model::{mounts::Mount, program::Program, set::SetFindings, settings::Setting};

rules! { rules::pod;
    /// Data in the root of a volume.
    pub const VOLUME_ROOT: Rule = Rule {
        id: "KS-P02",
        production: Error,
        development: Error,
        summary: "a log directory that is the root of a volume",
        explanation: "The root of a block device's file system has a `lost+found`, which Kafka reads as the directory \
            of a partition with an invalid name: the broker exits. `log.dirs` is a folder below the mount, or the \
            mount has \
            a `subPath`.",
        source: "Kafka, LogManager; Strimzi #1307",
    };

    /// Data outside of a volume.
    pub const EPHEMERAL_DATA: Rule = Rule {
        id: "KS-P03",
        production: Error,
        development: Warning,
        summary: "a log directory that is not on a persistent volume",
        explanation: "Data in the container's own file system, or in an emptyDir, is deleted with the pod. A \
            controller that comes back empty may elect a leader that lacks committed records.",
        source: "Kafka documentation, KRaft, storage; apache/kafka image, default log.dirs",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let kafka = member.process.program == Program::Broker;
    let image = member.process.image_name();
    let default = if !member.process.entrypoint {
        None
    } else if image.contains("confluentinc/") {
        Some(if kafka {
            "/var/lib/kafka/data"
        } else {
            "/var/lib/zookeeper/data"
        })
    } else if kafka && image.contains("apache/kafka") {
        Some("/tmp/kraft-combined-logs")
    } else {
        None
    };
    let setting = if kafka {
        member.settings.get("log.dirs").or(member.settings.get("log.dir"))
    } else {
        member.settings.get("dataDir")
    };
    let value = match (setting, default) {
        (Some(setting), _) => setting.value.clone(),
        (None, Some(default)) => default.to_owned(),
        (None, None) => return,
    };
    let metadata = "metadata.log.dir";
    if let Some(setting) = member.settings.get(metadata).filter(|_| kafka) {
        let folder = setting.value.trim();
        let kept = member.container.mounts.at(folder).is_some_and(Mount::is_claim);
        if folder.starts_with('/') && !kept {
            let message = format!(
                "`{folder}`, the `{metadata}`, is not on a persistent volume: the metadata of the cluster is lost with the pod"
            );
            member
                .at(findings, setting, &EPHEMERAL_DATA, message)
                .yaml_hint("mount a persistent volume claim there, or remove the setting: `log.dirs` is used then");
        }
    }
    let place = setting
        .cloned()
        .unwrap_or(Setting::at(String::new(), member.process.pointer.clone()));
    for folder in value
        .split(',')
        .map(|folder| folder.trim().trim_end_matches('/'))
        .filter(|folder| folder.starts_with('/'))
    {
        match member.container.mounts.at(folder).filter(|mount| mount.is_claim()) {
            None => {
                member
                    .at(
                        findings,
                        &place,
                        &EPHEMERAL_DATA,
                        format!("`{folder}` is not on a persistent volume: its data is lost with the pod"),
                    )
                    .hint("leave it as it is rendered: on the volume of `.storage(Storage::persistent(…))`")
                    .yaml_hint("mount a persistent volume claim there");
            }
            Some(mount) if kafka && mount.part.is_none() && mount.path == folder => {
                member
                    .at(
                        findings,
                        &place,
                        &VOLUME_ROOT,
                        format!("`{folder}` is the root of a volume, whose `lost+found` folder stops the broker"),
                    )
                    .hint(format!("use a folder below it, such as `{folder}/log`"));
            }
            Some(_) => {}
        }
    }
}
