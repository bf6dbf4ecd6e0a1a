//! KRaft or ZooKeeper: each needs its settings, and has none of the other's.

use super::Member;
use crate::{
    diagnostics::{Severity::Error, family::rules},
    lint::model::{program::Program, set::SetFindings, settings::Setting},
    version::Version,
};

rules! { rules::cluster;
    /// A mode without the settings that it needs.
    pub const MISSING_FOR_MODE: Rule = Rule {
        id: "KS-K49",
        production: Error,
        development: Error,
        summary: "a broker or controller without the settings of its mode",
        explanation: "A process in KRaft mode needs `process.roles`, `node.id`, and `controller.quorum.voters` or \
            `controller.quorum.bootstrap.servers`; in ZooKeeper mode, up to 3.9, `zookeeper.connect`. Without them it \
            does not start.",
        source: "Kafka, KafkaConfig.validateValues",
    };

    /// Settings of the other mode.
    pub const OTHER_MODE: Rule = Rule {
        id: "KS-K50",
        production: Error,
        development: Error,
        summary: "settings of KRaft and of ZooKeeper together",
        explanation: "A process with `process.roles` ignores `zookeeper.connect`, and a broker without it ignores the \
            quorum of controllers or does not start: `controller.listener.names must be empty when not running in \
            KRaft mode`. Only a migration, `zookeeper.metadata.migration.enable=true`, needs both.",
        source: "Kafka 3.9, KafkaConfig.validateValues; Kafka 3.9 documentation, ZooKeeper to KRaft Migration",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    // A process whose listeners are not shown has the rest of its configuration in that place too.
    if member.process.program != Program::Broker || member.listeners().is_none() {
        return;
    }
    // Bitnami's entrypoint makes the id and the quorum itself, of the name of the pod and of files.
    let made = member.process.entrypoint && member.process.image.contains("bitnami");
    let has = |key: &str| made || member.settings.get(key).is_some() || member.writes(key);
    let Some(roles) = member.settings.get("process.roles") else {
        if !member.writes("process.roles") {
            without_roles(member, findings);
        }
        return;
    };
    let mut missing = |message: &str, hint: &str| {
        member.refuse(
            findings,
            &MISSING_FOR_MODE,
            "process.roles",
            roles,
            message.to_owned(),
            hint,
        );
    };
    if !has("node.id") && !has("broker.id") {
        missing(
            "`node.id` is not set: a process in KRaft mode does not start without it",
            "set `node.id`, a number of its own for each pod",
        );
    }
    if !has("controller.quorum.voters") && !has("controller.quorum.bootstrap.servers") {
        missing(
            "neither `controller.quorum.voters` nor `controller.quorum.bootstrap.servers` is set: the process does not know the controllers, and does not start",
            "set `controller.quorum.bootstrap.servers`, or `controller.quorum.voters` for a quorum that does not change",
        );
    }
    // Later releases do not know the setting at all.
    let both = member.version.is_none_or(|version| version == Version::V3_9) && !migrates(member);
    if let Some(setting) = member.settings.get("zookeeper.connect").filter(|_| both) {
        let message = "a process with `process.roles` ignores `zookeeper.connect`";
        let hint = "remove the settings of ZooKeeper";
        member.refuse(
            findings,
            &OTHER_MODE,
            "zookeeper.connect",
            setting,
            message.to_owned(),
            hint,
        );
    }
}

fn without_roles(member: &Member<'_>, findings: &mut SetFindings) {
    let Some(listeners) = member.settings.get("listeners") else {
        return;
    };
    let zookeeper = member.settings.get("zookeeper.connect");
    if zookeeper.is_none() && !member.writes("zookeeper.connect") {
        let message = "neither `process.roles` nor `zookeeper.connect` is set, so the process does not start";
        let hint = "set `process.roles`, and the quorum of controllers";
        member.refuse(
            findings,
            &MISSING_FOR_MODE,
            "listeners",
            listeners,
            message.to_owned(),
            hint,
        );
    }
    if zookeeper.is_none() || migrates(member) {
        return;
    }
    let keys = [
        "controller.listener.names",
        "controller.quorum.voters",
        "controller.quorum.bootstrap.servers",
    ];
    if let Some((key, setting)) = keys.into_iter().find_map(|key| Some((key, member.settings.get(key)?))) {
        let message = format!("`{key}` is for KRaft mode, but the broker uses ZooKeeper: `process.roles` is not set");
        let hint = "set `process.roles` and remove `zookeeper.connect`, or remove the settings of KRaft";
        member.refuse(findings, &OTHER_MODE, key, setting, message, hint);
    }
}

fn migrates(member: &Member<'_>) -> bool {
    let setting = member.settings.get("zookeeper.metadata.migration.enable");
    setting.is_some_and(|setting: &Setting| !setting.value.trim().eq_ignore_ascii_case("false"))
}
