//! Changes that every registry accepts, because the bytes are the same, and that change what the values mean.

use super::{Avro, Kind, Shape, Type, simple};
use crate::schemas::json::Position;

/// A field whose values mean something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schemas) struct Meaning {
    /// In the new schema.
    pub(in crate::schemas) at: Position,
    /// As `Payment.amount`.
    pub(in crate::schemas) path: String,
    /// The logical types.
    pub(in crate::schemas) old: String,
    pub(in crate::schemas) new: String,
}

/// The fields of both schemas that have another logical type in the new one. Fields are those of records of one name.
pub(in crate::schemas) fn meanings(new: &Avro, old: &Avro) -> Vec<Meaning> {
    let mut found = Vec::new();
    for (name, after) in &new.named {
        let Some(before) = old.named.get(name) else { continue };
        let (Shape::Record(after), Shape::Record(before)) = (&after.shape, &before.shape) else {
            continue;
        };
        for field in after {
            let Some(was) = before.iter().find(|was| was.name == field.name) else {
                continue;
            };
            let path = format!("{}.{}", simple(name), field.name);
            compare(new, old, &field.kind, &was.kind, &path, &mut found);
        }
    }
    found
}

fn compare(new: &Avro, old: &Avro, after: &Type, before: &Type, path: &str, found: &mut Vec<Meaning>) {
    match (&after.kind, &before.kind) {
        (Kind::Array(after), Kind::Array(before)) | (Kind::Map(after), Kind::Map(before)) => {
            return compare(new, old, after, before, path, found);
        }
        (Kind::Union(after), Kind::Union(before)) => {
            for branch in after {
                let same = |was: &&Type| was.kind == branch.kind;
                if let Some(was) = before.iter().find(same) {
                    compare(new, old, branch, was, path, found);
                }
            }
            return;
        }
        _ => {}
    }
    let (Some(new_type), Some(old_type)) = (new.logical(after), old.logical(before)) else {
        return;
    };
    if !alike(new_type, old_type) {
        found.push(Meaning {
            at: after.at,
            path: path.to_owned(),
            old: old_type.to_owned(),
            new: new_type.to_owned(),
        });
    }
}

/// Whether values of one logical type mean the same by another: a decimal may get more digits, but not another scale.
fn alike(one: &str, other: &str) -> bool {
    let scale = |logical: &str| {
        logical
            .strip_prefix("decimal(")?
            .split_once(", ")
            .map(|(_, scale)| scale.to_owned())
    };
    match (scale(one), scale(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

impl Avro {
    /// The logical type of a type, or of the fixed that it names.
    fn logical<'a>(&'a self, kind: &'a Type) -> Option<&'a str> {
        let of_name = || match &kind.kind {
            Kind::Named(name) => self.named.get(name)?.logical.as_deref(),
            _ => None,
        };
        kind.logical.as_deref().or_else(of_name)
    }
}
