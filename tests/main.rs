//! The integration tests: one binary, so that the crate is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test ends where it fails, and reads what was written"
)]

mod capacity;
mod cli;
mod connectors;
mod corpus;
mod diff;
mod faults;
mod invariants;
mod monitored;
mod oauth;
mod objects;
mod odd;
mod out;
mod outside;
mod pods;
mod probe;
mod restart_gate;
mod rules;
mod schemas;
mod settings;
/// The stacks of this repository, for the tests that change them before they are rendered.
#[path = "../stacks/main.rs"]
#[expect(dead_code, reason = "the tests take some of them")]
mod stacks;
mod teams;
mod worlds;
