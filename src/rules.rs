//! Every rule of this crate as data, one module a family.
//!
//! | Family | About |
//! |---|---|
//! | A | the API server: what it refuses, or takes and a cluster then breaks on |
//! | C | capacity: memory against heap, load against brokers |
//! | D | durability: replication and what must be in sync |
//! | E | clients |
//! | F | applications and teams: the flow between them and topics |
//! | I | images, and what a service mesh makes of a pod |
//! | K | the cluster: quorum, node ids, listeners, settings |
//! | N | connectors |
//! | O | observability |
//! | P | pods and the ensembles that they form |
//! | R | registry and Connect |
//! | S | the stack: names, collisions, amendments, acknowledgements |
//! | T | topics |
//! | V | schemas of keys and values |
//! | X | closed clusters: who connects, and what each may do |

use std::sync::LazyLock;

pub mod impossible;

pub use crate::{
    diagnostics::rules::{
        application, capacity, client, connector, durability, kraft, memory, registry, schema, setting, stack, topic,
    },
    lint::rules::{api, cluster, identity},
};

/// Observability.
pub mod observability {
    pub use crate::{diagnostics::rules::observability::*, lint::rules::observability::*};
}

/// Closed clusters.
pub mod security {
    pub use crate::{diagnostics::rules::security::*, lint::rules::security::*};
}

/// Pods, and the sets that they form.
pub mod pod {
    pub use crate::lint::rules::pod::*;
}

use crate::{
    diagnostics::{self, Rule},
    lint,
};

/// All rules, sorted by id.
pub fn all() -> &'static [&'static Rule] {
    static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
        let mut all = [diagnostics::rules::FAMILIES, lint::rules::FAMILIES].concat().concat();
        all.sort_unstable_by_key(|rule| rule.id);
        all
    });
    &ALL
}

/// The rule with an id, in any case.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_what_it_must() {
        for rule in all() {
            let id = rule.id;
            assert!(rule.summary.len() <= 100 && !rule.summary.ends_with('.'), "{id}");
            assert!(rule.explanation.len() > 80 && rule.explanation.ends_with('.'), "{id}");
            assert!(!rule.source.is_empty(), "{id}");
        }
    }
}
