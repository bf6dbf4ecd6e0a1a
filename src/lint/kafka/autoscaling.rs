//! Autoscalers of processes that keep data or vote.

use super::Member;
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::model::{
    ObjectDetail,
    autoscaler::Effect,
    program::Program,
    set::{ObjectSet, SetFindings},
};

rules! { rules::api;
    /// Brokers or voters that an autoscaler changes.
    pub const AUTOSCALED: Rule = Rule {
        id: "KS-A43",
        production: Error,
        development: Warning,
        summary: "an autoscaler of brokers, controllers or ZooKeeper",
        explanation: "Kafka does not move partitions by itself: a broker that is added stays empty, and one that is \
            taken away takes its replicas with it, and its vote in a quorum whose list of voters is fixed. A vertical \
            autoscaler restarts brokers when it likes, with a memory limit that does not know the heap. Change the \
            number of brokers by hand: reassign partitions first, then remove.",
        source: "Kafka documentation, Expanding your cluster; Kubernetes, Horizontal Pod Autoscaling",
    };
}

pub(super) fn check(set: &ObjectSet<'_>, members: &[Member<'_>], findings: &mut SetFindings) {
    for (index, object) in set.objects.iter().enumerate() {
        let ObjectDetail::Autoscaler(autoscaler) = &object.detail else {
            continue;
        };
        let target = members.iter().find(|member| {
            let identity = &member.object.identity;
            identity.namespace == object.identity.namespace
                && identity.kind == autoscaler.kind
                && identity.name == autoscaler.name
        });
        let what = match target.map(|member| member.process.program) {
            Some(Program::Broker) => "brokers",
            Some(Program::ZooKeeper) => "servers of ZooKeeper",
            _ => continue,
        };
        let (kind, name) = (&autoscaler.kind, &autoscaler.name);
        let (message, hint) = match autoscaler.effect {
            Effect::Replicas => (
                format!(
                    "scales the {what} of {kind} `{name}`: those that it adds get no data, those that it removes take theirs away"
                ),
                "remove the autoscaler, and change `replicas` by hand after partitions were reassigned",
            ),
            Effect::Resources => (
                format!("restarts the {what} of {kind} `{name}` with other limits, which may be below their heap"),
                "set `updateMode: \"Off\"`, so that it only advises",
            ),
        };
        findings
            .add(index, autoscaler.pointer.clone(), &AUTOSCALED, message)
            .hint(hint);
    }
}
