//! What a stack consists of: its constructs, and their objects.

use crate::synth::{
    render::{Rendered, RenderedObject},
    totals::Totals,
};

/// A construct and its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The construct's name; empty for the objects of the stack itself.
    pub construct: String,
    /// Kind, name and file of each object, in the order of application.
    pub objects: Vec<Leaf>,
    /// What its workloads may use at most, and the volumes that they claim.
    pub totals: Totals,
}

/// An object of a [`Branch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The object's kind.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// Its file below the stack's folder.
    pub path: String,
}

pub(super) fn of(rendered: &[Rendered<'_>]) -> Vec<Branch> {
    let leaf = |object: &RenderedObject| Leaf {
        kind: object.identity().kind.clone(),
        name: object.identity().name.clone(),
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
