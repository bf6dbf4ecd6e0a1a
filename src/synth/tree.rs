//! What a stack consists of: its constructs, and their objects.

use crate::{
    construct::{Edge, Flow},
    manifest::Identity,
    stack::Stack,
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
    /// The topics that it writes and reads, in the order in which they were declared.
    pub edges: Vec<Edge>,
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

pub(super) fn of(stack: &Stack, rendered: &[Rendered<'_>]) -> Vec<Branch> {
    let leaf = |object: &RenderedObject| Leaf {
        identity: object.identity().clone(),
        path: object.file.path.clone(),
    };
    let edges = |construct: &str| {
        let part = stack.constructs.iter().find(|part| part.meta().name == construct);
        let mut edges = part.map_or_else(Vec::new, |part| part.edges());
        edges.retain(|edge| edge.flow != Flow::Declares);
        edges
    };
    rendered
        .iter()
        .map(|part| Branch {
            construct: part.construct.to_owned(),
            objects: part.objects.iter().map(leaf).collect(),
            edges: edges(part.construct),
            totals: part.objects.iter().map(|object| object.totals).sum(),
        })
        .collect()
}
