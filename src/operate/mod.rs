//! What the verbs that touch a cluster ask it, and what they make of the answers. All of it is data and pure functions: a
//! [`Request`](live::Request) is a list of arguments for kubectl, and [`Live`](live::Live) answers it. The command line implements it with
//! the user's own kubectl, and tests with texts.
//!
//! [`desired`] reads what a stack declares from its rendered objects, after all amendments; nothing is declared here a second time.
//! [`verify`] is the list of checks that follow from it. [`deploy`] brings it into a cluster, [`roll`] restarts its nodes, [`drain`] moves
//! its replicas and [`replace`] gives a node new volumes, by the [`Action`](control::Action)s that a [`Control`](control::Control) carries out.

mod answers;
pub(crate) mod cluster;
pub(crate) mod control;
pub(crate) mod deploy;
pub(crate) mod desired;
pub(crate) mod drain;
pub(crate) mod live;
mod pods;
mod reassign;
pub(crate) mod replace;
pub(crate) mod roll;
#[cfg(test)]
pub(crate) mod simulated;
pub(crate) mod verify;
