//! Observability.

use crate::finding::{Rule, Severity::Error};

/// Alerts on metrics that nothing exports.
pub const NO_AGENT: Rule = Rule {
    id: "KS-O01",
    production: Error,
    development: Error,
    summary: "alerts on metrics that nothing exports",
    explanation: "Offline partitions, ISR changes and request latencies are known to the broker only, whose metrics leave \
        it through the JMX Prometheus agent. Without the agent in the image, or for a cluster made elsewhere, \
        those alerts could never fire.",
    source: "Prometheus JMX exporter; kafka_exporter's list of metrics",
};

/// A threshold that is always or never reached.
pub const THRESHOLD: Rule = Rule {
    id: "KS-O02",
    production: Error,
    development: Error,
    summary: "a threshold that is always or never reached",
    explanation: "An alert that can never fire is taken for good news, and one that never stops is silenced, and with it \
        whatever it was meant to tell.",
    source: "the contract of `Monitoring`",
};
