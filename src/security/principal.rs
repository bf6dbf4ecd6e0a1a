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
    /// What it shows.
    pub shows: Shows,
    /// What it may do.
    pub acls: Vec<Acl>,
    /// How much it may use.
    pub quota: Quota,
    /// The line that declares it.
    pub location: Location,
}

/// What a client shows to the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A certificate with its name.
    Certificate,
    /// The password of a user of SCRAM, which this Secret has under the key `password`.
    Password(String),
    /// A token of an identity provider, with its name in a claim.
    Token,
}

impl Shows {
    /// The Secret with its password, if it shows one.
    pub fn password(&self) -> Option<&str> {
        match self {
            Self::Password(secret) => Some(secret),
            Self::Certificate | Self::Token => None,
        }
    }
}

/// What connects to a cluster as someone: the handle of an application.
pub trait Secured {
    /// Who it is, and what it may do.
    fn principal(&self) -> Principal;
}
