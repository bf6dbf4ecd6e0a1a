//! Pods and the ensembles that they form.

use crate::finding::{
    Rule,
    Severity::{Error, Warning, Off},
};

/// A ZooKeeper ensemble that no failure may touch.
pub const ENSEMBLE: Rule = Rule {
    id: "KS-P12",
    production: Error,
    development: Warning,
    summary: "a ZooKeeper ensemble that no failure may touch",
    explanation: "An ensemble of N servers goes on while more than half of them are there: one or two survive no failure, \
        and an even number survives no more than one server fewer.",
    source: "ZooKeeper administrator's guide, clustered setup",
};

/// A broker that is killed while it hands over.
pub const GRACE: Rule = Rule {
    id: "KS-P04",
    production: Warning,
    development: Off,
    summary: "a broker that is killed while it hands over",
    explanation: "A broker moves its leaders to others before it ends, which may take up to five minutes. Killed earlier \
        it leaves partitions without a leader for a moment, and its log has to be recovered at the next start.",
    source: "Kafka, KafkaBroker.shutdown",
};
