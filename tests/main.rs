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
mod objects;
mod odd;
mod out;
mod pods;
mod restart_gate;
mod rules;
mod schemas;
mod settings;
mod teams;
mod worlds;
