//! Topics that clients create by naming them.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{program::Program, set::SetFindings, settings::Setting},
};

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
    if setting.is_some_and(|setting| setting.value.eq_ignore_ascii_case("false")) {
        return;
    }
    let place = setting
        .cloned()
        .or_else(|| {
            member
                .settings
                .iter()
                .map(|(_, setting)| setting)
                .find(|setting| setting.config_map.is_some())
                .cloned()
        })
        .unwrap_or(Setting::at(String::new(), member.process.pointer.clone()));
    member
        .at(
            findings,
            &place,
            &pod::TOPICS,
            "`auto.create.topics.enable` is not `false`: clients create topics by naming them".to_owned(),
        )
        .hint("set `auto.create.topics.enable=false`, and declare the topics");
}
