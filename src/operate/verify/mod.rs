//! The checks of a running stack, each made from what the stack declares.

mod cluster;
mod ensemble;
mod http;
mod left;
mod metrics;
mod permissions;
mod surroundings;
#[cfg(test)]
mod tests;
mod topics;
mod transaction;
mod workloads;

pub(crate) use surroundings::minor;

use super::{
    cluster::Cluster,
    desired::Desired,
    live::{Live, Trouble},
};
use crate::{diagnostics::printable, kubernetes::Kubernetes};

/// Something that has to be true of a running stack.
pub(crate) struct Check {
    /// What it is about, and of what: `topics` or `pods/kafka`.
    pub(crate) name: String,
    run: Box<Look>,
}

/// Looks, and says what was seen.
type Look = dyn Fn(&dyn Live) -> Result<String, Wrong> + Send + Sync;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is as declared: what was seen.
    Healthy(String),
    /// It is not: what differs, a line each.
    Unhealthy(Vec<String>),
    /// It cannot be told: why.
    Unknown(String),
}

/// Why a check did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is not as declared.
    Differs(Vec<String>),
    /// There was no answer.
    Unanswered(Trouble),
}

impl From<Trouble> for Wrong {
    fn from(trouble: Trouble) -> Self {
        Self::Unanswered(trouble)
    }
}

impl Wrong {
    fn differs(what: impl Into<String>) -> Self {
        Self::Differs(vec![what.into()])
    }
}

/// Nothing, or all that differs.
fn none(differences: Vec<String>) -> Result<(), Wrong> {
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Wrong::Differs(differences))
    }
}

impl Check {
    fn new(name: impl Into<String>, run: impl Fn(&dyn Live) -> Result<String, Wrong> + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }

    /// What kind of check it is: its name up to the `/`.
    pub(crate) fn family(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Looks.
    pub(crate) fn run(&self, live: &dyn Live) -> Verdict {
        // What pods say may hold anything, and goes to a terminal.
        match (self.run)(live) {
            Ok(seen) => Verdict::Healthy(printable(seen)),
            Err(Wrong::Differs(what)) => Verdict::Unhealthy(what.into_iter().map(printable).collect()),
            Err(Wrong::Unanswered(trouble)) => Verdict::Unknown(printable(trouble.to_string())),
        }
    }
}

/// All checks of a stack that runs on this version of Kubernetes or a newer one, in the order in which they are told.
pub(crate) fn checks(desired: &Desired, kubernetes: Kubernetes) -> Vec<Check> {
    let clusters = Cluster::all(desired);
    [
        surroundings::before(desired, kubernetes),
        workloads::checks(desired),
        surroundings::around(desired),
        ensemble::checks(desired),
        cluster::checks(desired, &clusters),
        topics::checks(desired, &clusters),
        permissions::checks(desired, &clusters),
        transaction::checks(&clusters),
        http::checks(desired, &clusters),
        metrics::checks(desired),
        left::checks(desired),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `3 of 3 ready`, and such.
fn of(count: usize, all: usize, what: &str) -> String {
    format!("{count} of {all} {what}")
}

/// `1 topic`, `2 topics`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `b` and 3 more.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0..=SHOWN => shown.join(", "),
        all => format!("{} and {} more", shown.join(", "), all - SHOWN),
    }
}
