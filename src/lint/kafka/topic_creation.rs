//! Topics that clients create by naming them, or that a Job creates once.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::model::{ObjectModel, program::Program, set::SetFindings, settings::Setting, workload::Workload};

rules! { rules::pod;
    /// Topics that are not managed.
    pub const TOPICS: Rule = Rule {
        id: "KS-P20",
        production: Error,
        development: Warning,
        summary: "topics that are created automatically, or never updated",
        explanation: "With auto-creation, which is on unless `auto.create.topics.enable=false`, a typing error creates \
            a topic with the cluster's defaults, and no one notices that a declared topic is missing. A Job that only \
            runs `--create --if-not-exists` hides differences between the declaration and the topic.",
        source: "Kafka documentation, auto.create.topics.enable; kafka-topics",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    let broker = member.process.program == Program::Broker
        && member
            .settings
            .get("process.roles")
            .is_none_or(|roles| roles.value.contains("broker"));
    if !broker || member.settings.is_empty() {
        return;
    }
    let setting = member.settings.get("auto.create.topics.enable");
    // Where it is set, its value is another finding, or is not known.
    if setting.is_some() {
        return;
    }
    let place = member
        .settings
        .iter()
        .map(|(_, setting)| setting)
        .find(|setting| setting.config_map.is_some())
        .cloned()
        .unwrap_or(Setting::at(String::new(), member.process.pointer.clone()));
    // It is missing in the file, not wrong in this line.
    let place = Setting { row: None, ..place };
    member
        .at(
            findings,
            &place,
            &TOPICS,
            "`auto.create.topics.enable` is not `false`: a client creates a topic by using its name".to_owned(),
        )
        .hint("set `.config(\"auto.create.topics.enable\", false)`, and declare topics with `Topics::new(…)`")
        .yaml_hint("set `auto.create.topics.enable=false`, and create the topics explicitly");
}

/// A Job that creates topics and never looks at them again.
pub(super) fn by_job(findings: &mut SetFindings, index: usize, object: &ObjectModel, workload: &Workload) {
    if object.identity.kind != "Job" && object.identity.kind != "CronJob" {
        return;
    }
    // A test makes topics of its own, and throws them away.
    let hook = object.told("helm.sh/hook");
    if hook.is_some_and(|hook| hook.contains("test")) {
        return;
    }
    let tests = [
        "--delete",
        "console-producer",
        "console-consumer",
        "producer-perf-test",
        "verifiable-producer",
    ];
    for (pointer, command) in &workload.commands {
        if tests.iter().any(|part| command.contains(part)) {
            continue;
        }
        if command.contains("kafka-topics")
            && command.contains("--create")
            && !command.contains("--alter")
            && !command.contains("kafka-configs")
        {
            findings
                .add(
                    index,
                    pointer.clone(),
                    &TOPICS,
                    "the Job only creates topics: a changed setting is never applied to an existing topic",
                )
                .hint("declare the topics with `Topics::new(…)`, whose Job also changes existing topics")
                .yaml_hint("use `kafka-configs --alter` and `kafka-topics --alter` for topics that exist");
        }
    }
}
