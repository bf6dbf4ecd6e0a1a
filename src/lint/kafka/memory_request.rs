//! The memory that a node keeps for a broker.

use super::Member;
use crate::diagnostics::{
    Severity::{Off, Warning},
    family::rules,
};
use crate::lint::model::set::SetFindings;

rules! { rules::api;
    /// A broker without memory of its own.
    pub const MEMORY_REQUEST: Rule = Rule {
        id: "KS-A46",
        production: Warning,
        development: Off,
        summary: "a broker or a voter without a memory request",
        explanation: "The scheduler counts requests, and the kubelet evicts first what uses more than it requested. A \
            broker without a request may be put on a full node, and is among the first to go when memory runs short.",
        source: "Kubernetes, Node-pressure Eviction; Pod Quality of Service Classes",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.requests_memory || member.workload.replicas < 2 {
        return;
    }
    findings
        .add(
            member.index,
            member.process.pointer.clone(),
            &MEMORY_REQUEST,
            format!(
                "container `{}` requests no memory: the node may give it to others, and evicts this pod first",
                member.process.container
            ),
        )
        .hint("set `resources.requests.memory` to heap and page cache together, and `limits.memory` to the same");
}
