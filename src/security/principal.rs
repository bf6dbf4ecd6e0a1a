//! A client as the brokers know it.

use super::{Acl, Quota};
use crate::diagnostics::Location;

/// A client as the brokers know it, and what it may do: everything else is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The bootstrap servers of its cluster.
    pub cluster: String,
    /// Its name, without `User:`.
    pub name: String,
    /// The Secret with its password, under the key `password`, if it is a user of SCRAM.
    pub password: Option<String>,
    /// What it may do.
    pub acls: Vec<Acl>,
    /// How much it may use.
    pub quota: Quota,
    /// The line that declares it.
    pub location: Location,
}

/// What connects to a cluster as someone: the handle of an application.
pub trait Secured {
    /// Who it is, and what it may do.
    fn principal(&self) -> Principal;
}
