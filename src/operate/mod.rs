//! What the verbs that touch a cluster ask it, and what they make of the answers. All of it is data and pure functions: a
//! [`Request`](live::Request) is a list of arguments for kubectl, and [`Live`](live::Live) answers it. The command line implements it with
//! the user's own kubectl, and tests with texts.
//!
//! [`desired`] reads what a stack declares from its rendered objects, after all amendments; nothing is declared here a second time.
//! [`verify`] is the list of checks that follow from it.

mod answers;
mod cluster;
pub(crate) mod desired;
pub(crate) mod live;
pub(crate) mod verify;
