//! Whether records of one schema can be read with another: the rules by which both registries judge, those of Avro's own
//! `SchemaCompatibility`. Two of them are wider than the specification: a record may have another namespace, and a reader's union is
//! served by any branch.

use std::collections::BTreeSet;

use super::{Avro, Field, Kind, Named, Primitive, Shape, Type, simple};
use crate::schemas::json::Position;

/// Why some records of the writer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schemas) struct Clash {
    /// In the reader's schema.
    pub(in crate::schemas) reader: Position,
    /// In the writer's schema.
    pub(in crate::schemas) writer: Position,
    /// What it is about, as `CallEvent.amount`; empty for the whole schema.
    pub(in crate::schemas) path: String,
    pub(in crate::schemas) cause: Cause,
}

/// What clashes, in words that need the names of both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schemas) enum Cause {
    /// The reader's field has no default, and the writer does not have it.
    NoDefault,
    /// The types, the reader's first.
    Types(String, String),
    /// The names of a record, enum or fixed, the reader's first.
    Names(String, String),
    /// Symbols of the writer that the reader does not know.
    Symbols(Vec<String>),
    /// Sizes of a fixed, the reader's first.
    Sizes(u64, u64),
    /// A branch of the writer's union that the reader cannot read.
    Branch(String),
    /// The reader's field and its aliases are several fields of the writer.
    Ambiguous,
}

/// Everything that keeps `reader` from reading what `writer` wrote.
pub(in crate::schemas) fn clashes(reader: &Avro, writer: &Avro) -> Vec<Clash> {
    let mut resolution = Resolution {
        reader,
        writer,
        open: BTreeSet::new(),
        found: Vec::new(),
    };
    resolution.resolve(&reader.root, &writer.root, "");
    resolution.found.dedup();
    resolution.found
}

struct Resolution<'a> {
    reader: &'a Avro,
    writer: &'a Avro,
    /// Pairs of named types that are compared already: a type that contains itself is compared once.
    open: BTreeSet<(&'a str, &'a str)>,
    found: Vec<Clash>,
}

impl<'a> Resolution<'a> {
    fn add(&mut self, reader: Position, writer: Position, path: &str, cause: Cause) {
        let path = path.to_owned();
        self.found.push(Clash {
            reader,
            writer,
            path,
            cause,
        });
    }

    /// Whether a pair resolves; what does not is not kept.
    fn resolves(&mut self, reader: &'a Type, writer: &'a Type, path: &str) -> bool {
        let (before, open) = (self.found.len(), self.open.clone());
        self.resolve(reader, writer, path);
        let resolves = self.found.len() == before;
        self.found.truncate(before);
        if !resolves {
            // What was compared on the way counts as unknown again.
            self.open = open;
        }
        resolves
    }

    fn resolve(&mut self, reader: &'a Type, writer: &'a Type, path: &str) {
        match (&reader.kind, &writer.kind) {
            (_, Kind::Union(branches)) => {
                let of_unions = matches!(reader.kind, Kind::Union(_));
                for branch in branches {
                    if of_unions {
                        if !self.resolves(reader, branch, path) {
                            self.add(reader.at, branch.at, path, Cause::Branch(branch.to_string()));
                        }
                    } else {
                        self.resolve(reader, branch, path);
                    }
                }
            }
            (Kind::Union(branches), _) => {
                if !branches.iter().any(|branch| self.resolves(branch, writer, path)) {
                    self.add(reader.at, writer.at, path, Cause::Branch(writer.to_string()));
                }
            }
            (Kind::Primitive(to), Kind::Primitive(from)) if promotes(*from, *to) => {}
            (Kind::Array(to), Kind::Array(from)) | (Kind::Map(to), Kind::Map(from)) => self.resolve(to, from, path),
            (Kind::Named(to), Kind::Named(from)) => {
                let Some(named) = self.reader.named.get(to).zip(self.writer.named.get(from)) else {
                    return;
                };
                let same_shape = std::mem::discriminant(&named.0.shape) == std::mem::discriminant(&named.1.shape);
                if same_shape {
                    if self.open.insert((to, from)) {
                        self.resolve_named(named.0, named.1, reader.at, writer.at, path);
                    }
                } else {
                    self.mismatch(reader, writer, path);
                }
            }
            _ => self.mismatch(reader, writer, path),
        }
    }

    fn mismatch(&mut self, reader: &Type, writer: &Type, path: &str) {
        let cause = Cause::Types(reader.to_string(), writer.to_string());
        self.add(reader.at, writer.at, path, cause);
    }

    fn resolve_named(&mut self, to: &'a Named, from: &'a Named, reader: Position, writer: Position, path: &str) {
        if simple(&to.name) != simple(&from.name) && !to.aliases.contains(&from.name) {
            let cause = Cause::Names(to.name.clone(), from.name.clone());
            self.add(reader, writer, path, cause);
        }
        match (&to.shape, &from.shape) {
            (Shape::Record(to_fields), Shape::Record(from_fields)) => {
                for field in to_fields {
                    self.resolve_field(to, from, field, from_fields);
                }
            }
            (Shape::Enum { symbols, default }, Shape::Enum { symbols: written, .. }) => {
                let unknown: Vec<String> = written
                    .iter()
                    .filter(|symbol| !symbols.contains(symbol))
                    .cloned()
                    .collect();
                if !unknown.is_empty() && default.is_none() {
                    self.add(to.at, from.at, &place(path, &to.name), Cause::Symbols(unknown));
                }
            }
            (Shape::Fixed(to_size), Shape::Fixed(from_size)) if to_size != from_size => {
                self.add(
                    to.at,
                    from.at,
                    &place(path, &to.name),
                    Cause::Sizes(*to_size, *from_size),
                );
            }
            _ => {}
        }
    }

    fn resolve_field(&mut self, to: &Named, from: &Named, field: &'a Field, written: &'a [Field]) {
        let path = format!("{}.{}", simple(&to.name), field.name);
        let mut found = written
            .iter()
            .filter(|one| one.name == field.name || field.aliases.contains(&one.name));
        match (found.next(), found.next()) {
            (Some(one), None) => self.resolve(&field.kind, &one.kind, &path),
            (Some(one), Some(_)) => self.add(field.at, one.at, &path, Cause::Ambiguous),
            (None, _) if field.default.is_none() => self.add(field.at, from.at, &path, Cause::NoDefault),
            (None, _) => {}
        }
    }
}

fn place(path: &str, name: &str) -> String {
    if path.is_empty() {
        simple(name).to_owned()
    } else {
        path.to_owned()
    }
}

/// Whether a value of one type can be read as another.
fn promotes(from: Primitive, to: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    from == to
        || matches!(
            (from, to),
            (Int, Long | Float | Double) | (Long, Float | Double) | (Float, Double) | (String, Bytes) | (Bytes, String)
        )
}

impl Cause {
    /// In words, where `reader` and `writer` are as `version 2`.
    pub(in crate::schemas) fn words(&self, path: &str, reader: &str, writer: &str) -> String {
        let what = if path.is_empty() {
            "the schema".to_owned()
        } else {
            format!("`{path}`")
        };
        match self {
            Self::NoDefault => format!("{what} has no default in {reader}, and {writer} does not have it"),
            Self::Types(to, from) => format!("{what} is `{from}` in {writer}, and `{to}` of {reader} cannot read it"),
            Self::Names(to, from) => format!("{what} is called `{from}` in {writer} and `{to}` in {reader}"),
            Self::Symbols(symbols) => {
                let symbols: Vec<String> = symbols.iter().map(|symbol| format!("`{symbol}`")).collect();
                format!(
                    "{what} has {} in {writer}, which {reader} does not know, and {reader} has no `default` symbol",
                    symbols.join(", ")
                )
            }
            Self::Sizes(to, from) => format!("{what} has {from} bytes in {writer} and {to} in {reader}"),
            Self::Branch(branch) => format!("{what} can be `{branch}` in {writer}, which {reader} cannot read"),
            Self::Ambiguous => format!("{what} and its aliases of {reader} are several fields of {writer}"),
        }
    }

    /// What to change in the new version, which is the reader or the writer.
    pub(in crate::schemas) fn hint(&self, path: &str, new_reads: bool) -> String {
        let field = path.rsplit('.').next().unwrap_or(path);
        match (self, new_reads) {
            (Self::NoDefault, true) => format!("give `{field}` a `default`"),
            (Self::NoDefault, false) => format!("keep `{field}`"),
            (Self::Types(_, from), true) => format!("keep `{from}`, or choose a type that can read it"),
            (Self::Types(to, _), false) => format!("keep `{to}`"),
            (Self::Names(_, from), true) => format!("keep the name, or add `\"aliases\": [\"{from}\"]`"),
            (Self::Names(to, _), false) => format!("keep the name `{}`", simple(to)),
            (Self::Symbols(_), true) => "keep the symbols, or give the enum a `default`".to_owned(),
            (Self::Symbols(_), false) => {
                "remove the new symbols; the earlier version has no `default` symbol".to_owned()
            }
            (Self::Sizes(_, from), true) => format!("keep `\"size\": {from}`, or add a fixed of another name"),
            (Self::Sizes(to, _), false) => format!("keep `\"size\": {to}`, or add a fixed of another name"),
            (Self::Branch(branch), true) => format!("add `{branch}` to the union"),
            (Self::Branch(branch), false) => format!("remove `{branch}`"),
            (Self::Ambiguous, _) => format!("remove an alias of `{field}`"),
        }
    }
}
