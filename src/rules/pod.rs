//! Pods and the ensembles that they form.

use crate::finding::{
    Rule,
    Severity::{Error, Warning},
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
