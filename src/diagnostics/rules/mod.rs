//! Every rule of this crate as data, one file a family. The checks that apply them live with the constructs.
//!
//! | Family | About |
//! |---|---|
//! | S | the stack: names, collisions, amendments, acknowledgements |
//! | K | the cluster: quorum, node ids, listeners, settings |
//! | D | durability: replication and what must be in sync |
//! | T | topics |
//! | C | capacity: memory against heap, load against brokers |
//! | P | pods and the ensembles that they form |
//! | I | images, and what a service mesh makes of a pod |
//! | A | the API server: what it refuses, or takes and a cluster then breaks on |
//! | E | clients |
//! | R | registry and Connect |
//! | O | observability |

use crate::diagnostics::Rule;

pub mod api;
pub mod capacity;
pub mod client;
pub mod durability;
pub mod identity;
pub mod impossible;
pub mod kraft;
pub mod observability;
pub mod pod;
pub mod registry;
pub mod setting;
pub mod stack;
pub mod topic;

/// All rules, sorted by id within their family.
pub const ALL: &[&Rule] = &[
    &stack::NAME,
    &stack::CONSTRUCT_TWICE,
    &stack::OBJECT_TWICE,
    &stack::AMENDMENT,
    &stack::ACKNOWLEDGED_NOTHING,
    &stack::ACKNOWLEDGED_ERROR,
    &stack::OTHER_STACK,
    &stack::SECRET,
    &stack::RAW_SETTING,
    &stack::ACKNOWLEDGED_WITHOUT_REASON,
    &kraft::ZOOKEEPER_MODE,
    &kraft::NODE_ID_TWICE,
    &kraft::TOO_FEW_CONTROLLERS,
    &kraft::COMBINED,
    &kraft::LISTENERS,
    &kraft::CLUSTER_ID,
    &kraft::OWNED_SETTING,
    &kraft::EVEN_CONTROLLERS,
    &kraft::NO_NODES,
    &kraft::ROLES_OF_MODE,
    &kraft::IMAGE_VERSION,
    &kraft::RESERVED_ID,
    &kraft::NATIVE_IMAGE,
    &setting::BROKER_UNKNOWN,
    &setting::BROKER_ABSENT,
    &setting::BROKER_DEPRECATED,
    &setting::BROKER_VALUE,
    &setting::BROKER_DEFAULT,
    &durability::FACTOR_ABOVE_BROKERS,
    &durability::MIN_IN_SYNC_ABOVE_FACTOR,
    &durability::MIN_IN_SYNC_IS_FACTOR,
    &durability::SINGLE_COPY,
    &durability::UNCLEAN_ELECTION,
    &durability::AUTO_CREATION,
    &durability::NO_COPY,
    &durability::ZONES,
    &topic::NAME,
    &topic::NAME_COLLISION,
    &topic::RESERVED,
    &topic::CONTRADICTION,
    &topic::SIZES,
    &topic::TWICE,
    &topic::PARTITIONS,
    &topic::NONE,
    &topic::SEGMENT_AGE,
    &topic::FETCH_SIZE,
    &topic::LAGS,
    &setting::TOPIC_UNKNOWN,
    &setting::TOPIC_ABSENT,
    &setting::TOPIC_DEPRECATED,
    &setting::TOPIC_VALUE,
    &capacity::RETENTION,
    &capacity::RATE,
    &capacity::UNKNOWN,
    &capacity::HEAP_ABOVE_MEMORY,
    &capacity::REPLICAS,
    &capacity::HEAP_TOO_LARGE,
    &capacity::REQUEST_ABOVE_LIMIT,
    &capacity::CLUSTER_REPLICAS,
    &capacity::MEMORY_MAPS,
    &capacity::PAGE_CACHE,
    &capacity::FOR_EVER,
    &capacity::EMPTY_LOAD,
    &capacity::LEADERS,
    &pod::SERVICE_LINKS,
    &pod::VOLUME_ROOT,
    &pod::EPHEMERAL_DATA,
    &pod::GRACE,
    &pod::RECOVERY,
    &pod::QUORUM_START,
    &pod::NAMED_USER,
    &pod::ENTRYPOINT_WRITES,
    &pod::CLAIMS_DELETED,
    &pod::BUDGET,
    &pod::ENSEMBLE,
    &pod::ID_NOT_A_NUMBER,
    &pod::ID_SHARED,
    &pod::CLUSTER_ID_MADE,
    &pod::ADDRESS,
    &pod::VOTERS,
    &pod::UNRESOLVED,
    &pod::ADVERTISED,
    &pod::TOPICS,
    &pod::RESTRICTED,
    &pod::VOLUME_OWNER,
    &pod::OPEN,
    &pod::ALERT_METRIC,
    &identity::MESH_PORT,
    &identity::MESH_JOB,
    &identity::MESH_UNDECIDED,
    &identity::MESH_USER,
    &identity::FLOATING_IMAGE,
    &identity::IMAGE,
    &api::UNREADABLE,
    &api::DUPLICATE_KEY,
    &api::AMBIGUOUS,
    &api::NO_OBJECT,
    &api::SCHEMA,
    &api::KUSTOMIZATION,
    &api::TRANSFORMED,
    &api::LABEL,
    &api::INNER_NAME,
    &api::LISTED_TWICE,
    &api::RANGE,
    &api::WORD,
    &api::QUANTITY,
    &api::ONE_OF,
    &api::REQUIRED,
    &api::EXCLUDES,
    &api::OWN_PODS,
    &api::VOLUME,
    &api::REFERENCE,
    &api::MISSING_KEY,
    &api::SELECTS_NOTHING,
    &api::PORT_NAME,
    &api::PORT_NUMBER,
    &api::GOVERNING_SERVICE,
    &api::NO_EVICTION,
    &api::TWO_BUDGETS,
    &api::UNDEFINED,
    &api::TOO_LARGE,
    &api::TOO_LARGE_TO_APPLY,
    &api::SHARED_PODS,
    &api::ALERT_RULES,
    &client::TIMEOUTS,
    &client::OWNED_SETTING,
    &client::TWICE,
    &client::BOOTSTRAP,
    &client::TRANSACTION_TIMEOUT,
    &setting::CLIENT_UNKNOWN,
    &setting::CLIENT_ABSENT,
    &setting::CLIENT_DEPRECATED,
    &setting::CLIENT_VALUE,
    &setting::CLIENT_DEFAULT,
    &registry::CONVERTERS,
    &registry::GROUP,
    &registry::OWNED_SETTING,
    &registry::REPLICAS,
    &registry::ADDRESS,
    &setting::WORKER_UNKNOWN,
    &setting::WORKER_ABSENT,
    &setting::WORKER_DEPRECATED,
    &setting::WORKER_VALUE,
    &setting::WORKER_DEFAULT,
    &observability::NO_AGENT,
    &observability::THRESHOLD,
    &observability::EXPRESSION,
    &observability::METRIC,
    &observability::LABEL,
    &observability::COUNTER,
    &observability::COMPARISON,
    &observability::MATCHER,
    &observability::EVERY_CLUSTER,
    &observability::TIMES,
    &observability::TEMPLATE,
    &observability::ALERT,
    &observability::UNTESTED,
    &observability::RUNBOOKS,
    &observability::ANOTHER_CLUSTER,
];

/// The rules that hold the load of a stack against its brokers.
pub(crate) const CAPACITY: &[&Rule] = &[
    &capacity::RETENTION,
    &capacity::RATE,
    &capacity::UNKNOWN,
    &capacity::REPLICAS,
    &capacity::CLUSTER_REPLICAS,
    &capacity::MEMORY_MAPS,
    &capacity::PAGE_CACHE,
    &capacity::FOR_EVER,
    &capacity::EMPTY_LOAD,
    &capacity::LEADERS,
];

/// The rule with an id, in any case.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_says_what_it_must() {
        let ids: BTreeSet<_> = ALL.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for rule in ALL {
            assert!(rule.id.starts_with("KS-"), "{}", rule.id);
            assert!(rule.summary.len() <= 100 && !rule.summary.ends_with('.'), "{}", rule.id);
            assert!(
                rule.explanation.len() > 80 && rule.explanation.ends_with('.'),
                "{}",
                rule.id
            );
            assert!(!rule.source.is_empty(), "{}", rule.id);
        }
    }
}
