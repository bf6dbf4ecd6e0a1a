//! Kills that come too early: while a broker recovers its logs, or hands over its partitions.

use super::Member;
use crate::{
    diagnostics::rules::pod,
    lint::model::{program::Program, set::SetFindings},
};

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    if member.process.patience.liveness && !member.process.patience.startup {
        findings.add(member.index, member.process.pointer.clone(), &pod::RECOVERY, format!("container `{}` has a liveness probe and no startup probe: a broker that recovers its logs is killed", member.process.container))
            .hint("add a `startupProbe` with the patience of the longest recovery, as 360 times 10 s");
    }
    let grace = member.process.patience.grace;
    if grace < 300 {
        findings
            .add(
                member.index,
                "/spec/template/spec",
                &pod::GRACE,
                format!("a broker is killed after {grace} s, and hands over for up to 300 s"),
            )
            .hint("set `terminationGracePeriodSeconds: 330`");
    }
}
