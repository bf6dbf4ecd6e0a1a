//! Where the data lies.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
    rules::kraft,
};
use crate::lint::model::{mounts::Mount, program::Program, set::SetFindings, settings::Setting};
use crate::quantity::Bytes;

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
    // A broker that reads a file alone has Kafka's own default.
    let default = default.or((kafka && !member.process.entrypoint && !member.settings.is_empty())
        .then_some("/tmp/kafka-logs")
        .filter(|_| !member.writes("log.dir")));
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
    for folder in value.split(',').map(|folder| folder.trim().trim_end_matches('/')) {
        if !folder.starts_with('/') {
            if !folder.is_empty() && !folder.contains(['$', '{']) {
                let message = format!(
                    "`{folder}` is not an absolute path: it is below the folder in which the process starts, on no volume"
                );
                member
                    .at(findings, &place, &EPHEMERAL_DATA, message)
                    .hint("write the path of a folder on a persistent volume");
            }
            continue;
        }
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

/// Volumes of a set that cannot hold what a process writes at least: one file of its log.
pub(super) fn volumes(member: &Member<'_>, findings: &mut SetFindings) {
    let process = member.process.program;
    if member.settings.is_empty() || !matches!(process, Program::Broker | Program::ZooKeeper) {
        return;
    }
    let mut files = Vec::new();
    if member.serves() {
        files.extend(
            member
                .number_or_default("log.segment.bytes")
                .map(|size| ("a segment", size)),
        );
    }
    if process == Program::Broker && member.votes() {
        let size = member.number_or_default("metadata.log.segment.bytes");
        files.extend(size.map(|size| ("a segment of the metadata", size)));
    }
    if process == Program::ZooKeeper {
        // `preAllocSize` of a transaction log, and a snapshot beside it.
        files.push(("a transaction log of 64Mi and a snapshot", Bytes::from_mib(128).get()));
    }
    let Some((file, least)) = files.into_iter().max_by_key(|(_, size)| *size) else {
        return;
    };
    for claim in &member.workload.claims {
        let is_data = data_folders(member).iter().any(|folder| {
            let mount = member.container.mounts.at(folder);
            mount.is_some_and(|mount| mount.is_claim() && mount.volume == claim.name)
        });
        // One of 0 is refused by the API server.
        let Some(size) = claim.size.filter(|size| is_data && (1..least).contains(size)) else {
            continue;
        };
        let (file, hint) = if process == Program::ZooKeeper {
            (
                file.to_owned(),
                ("make `.storage(…)` 1 GiB or more", "ask for 1Gi or more"),
            )
        } else {
            (
                format!("{file} of {}", Bytes::from_bytes(least)),
                (
                    "make `.storage(…)` several times as large",
                    "ask for several times as much",
                ),
            )
        };
        let message = format!("the volume of {} cannot hold {file}", Bytes::from_bytes(size));
        findings
            .add(member.index, claim.pointer.clone(), &kraft::VOLUME_SIZE, message)
            .hint(hint.0)
            .yaml_hint(hint.1);
    }
}

/// The folders with the data of a process.
fn data_folders<'m>(member: &'m Member<'_>) -> Vec<&'m str> {
    let keys = ["log.dirs", "log.dir", "metadata.log.dir", "dataDir", "dataLogDir"];
    let folders = keys.iter().filter_map(|key| member.settings.get(key));
    let folders = folders.flat_map(|setting| setting.value.split(','));
    folders.map(|folder| folder.trim().trim_end_matches('/')).collect()
}
