//! The memory that a node keeps for a broker.

use super::Member;
use crate::diagnostics::{
    Severity::{Off, Warning},
    family::rules,
};
use crate::lint::model::set::SetFindings;
use crate::quantity::Bytes;

rules! { rules::api;
    /// A broker without memory of its own.
    pub const MEMORY_REQUEST: Rule = Rule {
        id: "KS-A46",
        production: Warning,
        development: Off,
        summary: "a broker or a voter that requests no memory, or less than its heap begins with",
        explanation: "The scheduler counts requests, and the kubelet evicts first what uses more than it requested. A \
            broker without a request, or with one below `-Xms`, may be put on a full node, and is among the first \
            to go when memory runs short.",
        source: "Kubernetes, Node-pressure Eviction; Pod Quality of Service Classes",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.workload.replicas < 2 {
        return;
    }
    let container = member.container;
    let what = match (container.requested_memory, member.initial_heap()) {
        (None, _) => "requests no memory".to_owned(),
        (Some(requested), Some(heap)) if requested < heap => format!(
            "requests {} of memory, and its heap begins with {}",
            Bytes::from_bytes(requested),
            Bytes::from_bytes(heap)
        ),
        _ => return,
    };
    findings
        .add(
            member.index,
            member.process.pointer.clone(),
            &MEMORY_REQUEST,
            format!(
                "container `{}` {what}: the node may give it to others, and evicts this pod first",
                container.name
            ),
        )
        .hint("set `resources.requests.memory` to heap and page cache together, and `limits.memory` to the same");
}
