//! What a stack consists of: its constructs, and their objects.

use crate::{
    manifest::Identity,
    synth::{
        render::{Rendered, RenderedObject},
        totals::Totals,
    },
};

/// A construct and its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The construct's name; empty for the objects of the stack itself.
    pub construct: String,
    /// Each object and its file, in the order of application.
    pub objects: Vec<Leaf>,
    /// The requests and limits of its workloads, and their volume claims.
    pub totals: Totals,
}

/// An object of a [`Branch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The object's kind, namespace and name.
    pub identity: Identity,
    /// Its file below the stack's folder.
    pub path: String,
}

pub(super) fn of(rendered: &[Rendered<'_>]) -> Vec<Branch> {
    let leaf = |object: &RenderedObject| Leaf {
        identity: object.identity().clone(),
        path: object.file.path.clone(),
    };
    rendered
        .iter()
        .map(|part| Branch {
            construct: part.construct.to_owned(),
            objects: part.objects.iter().map(leaf).collect(),
            totals: part.objects.iter().map(|object| object.totals).sum(),
        })
        .collect()
}
