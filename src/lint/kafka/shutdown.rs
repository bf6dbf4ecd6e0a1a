//! How a broker leaves its cluster.

use super::Member;
use crate::{
    diagnostics::{Diagnostic, Mend, Severity::Warning, family::rules},
    lint::model::set::SetFindings,
};

rules! { rules::cluster;
    /// Brokers that leave without a word.
    pub const UNCONTROLLED: Rule = Rule {
        id: "KS-K54",
        production: Warning,
        development: Warning,
        summary: "brokers that stop without moving their leaders away",
        explanation: "A broker that is told to stop asks the controllers to move the leaders of its partitions, and stops \
            when they have. With `controlled.shutdown.enable=false` it does not ask: each restart is as a crash, and its \
            partitions have no leader until the controllers miss its heartbeats (`broker.session.timeout.ms`, 9 s).",
        source: "Kafka, BrokerServer.shutdown of 3.9.2 and 4.3.1; Kafka documentation, Graceful shutdown",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    const KEY: &str = "controlled.shutdown.enable";
    let Some(setting) = member.settings.get(KEY) else {
        return;
    };
    if !member.serves() || !setting.value.trim().eq_ignore_ascii_case("false") {
        return;
    }
    let message =
        format!("`{KEY}=false`: each restart leaves partitions without a leader for seconds, as a crash does");
    let mut finding = Diagnostic::new(&UNCONTROLLED, message);
    finding.mend(Mend::remove("it is `true` by default"));
    finding.yaml_hint = Some(finding.remedy(&setting.shown(KEY)));
    member.push(findings, KEY, setting, finding);
}
