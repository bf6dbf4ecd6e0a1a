//! Rules as data, one file a family. The checks that apply them live with the constructs.

pub mod application;
pub mod capacity;
pub mod client;
pub mod connector;
pub mod durability;
pub mod kraft;
pub mod memory;
pub(crate) mod observability;
pub mod registry;
pub mod schema;
pub(crate) mod security;
pub mod setting;
pub mod stack;
pub mod topic;

use crate::diagnostics::Rule;

/// The rules of this room, family by family.
pub(crate) const FAMILIES: &[&[&Rule]] = &[
    application::RULES,
    capacity::RULES,
    client::RULES,
    connector::RULES,
    durability::RULES,
    kraft::RULES,
    memory::RULES,
    observability::RULES,
    registry::RULES,
    schema::RULES,
    security::RULES,
    setting::RULES,
    stack::RULES,
    topic::RULES,
];
