//! Kills that come too early: while a broker recovers its logs, or hands over its partitions.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};
use crate::lint::model::{program::Program, set::SetFindings};

rules! { rules::pod;
    /// A broker that is killed while it shuts down.
    pub const GRACE: Rule = Rule {
        id: "KS-P04",
        production: Warning,
        development: Off,
        summary: "a broker that is killed while it shuts down",
        explanation: "Before it stops, a broker moves its leaders to other brokers, which takes up to five minutes; \
            Kubernetes kills it after 30 s unless `terminationGracePeriodSeconds` is larger. A killed broker recovers \
            \
            every log when it starts again.",
        source: "Kafka, KafkaBroker.shutdown; Kubernetes, Pod Lifecycle",
    };

    /// A broker that is killed while it recovers.
    pub const RECOVERY: Rule = Rule {
        id: "KS-P05",
        production: Error,
        development: Error,
        summary: "a broker that probes kill while it starts",
        explanation: "A broker opens its port after it has recovered its logs, which takes minutes after a kill. A \
            liveness probe runs from the start and kills the broker, then the recovery starts again: the broker never \
            becomes ready. A startup probe delays the liveness probe, if it waits long enough itself.",
        source: "Strimzi proposals #83; Kubernetes, Configure Liveness, Readiness and Startup Probes",
    };
}

/// The least seconds of a startup probe: Kafka, the agent and the volume need most of them without any recovery.
const LEAST: i64 = 60;

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker {
        return;
    }
    if let Some(seconds) = member.process.patience.startup.filter(|seconds| *seconds < LEAST) {
        findings
            .add(
                member.index,
                format!("{}/startupProbe", member.process.pointer),
                &RECOVERY,
                format!("the startup probe gives {seconds} s: a broker that is recovering its logs is killed"),
            )
            .hint("wait for the longest recovery, such as `failureThreshold: 360` and `periodSeconds: 10`");
    }
    if member.process.patience.liveness && member.process.patience.startup.is_none() {
        findings.add(member.index, member.process.pointer.clone(), &RECOVERY, format!("container `{}` has a liveness probe and no startup probe: a broker that is recovering its logs is killed", member.process.container))
            .hint("add a `startupProbe` that waits for the longest recovery, such as `failureThreshold: 360` and `periodSeconds: 10`");
    }
    let grace = member.process.patience.grace;
    // A controller has no leaders to hand over.
    let only_controls = member
        .settings
        .get("process.roles")
        .is_some_and(|roles| roles.value.trim() == "controller");
    if grace < 300 && !only_controls {
        findings
            .add(
                member.index,
                "/spec/template/spec",
                &GRACE,
                format!(
                    "a broker is killed {grace} s after it is told to stop, but a clean shutdown takes up to 300 s"
                ),
            )
            .hint("set `terminationGracePeriodSeconds: 330`");
    }
}
