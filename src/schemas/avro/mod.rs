//! Avro: the model of a schema, and what is done with it.

mod canonical;
mod default;
mod logical;
mod meaning;
mod parse;
mod resolve;

use std::{collections::BTreeMap, fmt};

pub(super) use self::{
    meaning::meanings,
    parse::{Problem, parse, root_name},
    resolve::{Clash, clashes},
};
use super::json::{Node, Position};

/// A schema that was read without a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Avro {
    pub(super) root: Type,
    /// The named types of this schema and of those that it refers to, by full name.
    pub(super) named: BTreeMap<String, Named>,
}

/// A type where it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: Kind,
    /// Its logical type with its attributes, as `decimal(10, 2)`.
    pub(super) logical: Option<String>,
    pub(super) at: Position,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Primitive(Primitive),
    Array(Box<Type>),
    Map(Box<Type>),
    Union(Vec<Type>),
    /// A record, enum or fixed by its full name.
    Named(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

impl Primitive {
    pub(super) const ALL: [Self; 8] = [
        Self::Null,
        Self::Boolean,
        Self::Int,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::Bytes,
        Self::String,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|primitive| primitive.name() == name)
    }
}

/// A record, enum or fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// With its namespace.
    pub(super) name: String,
    /// With their namespaces.
    pub(super) aliases: Vec<String>,
    pub(super) logical: Option<String>,
    pub(super) shape: Shape,
    pub(super) at: Position,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Record(Vec<Field>),
    Enum {
        symbols: Vec<String>,
        default: Option<String>,
    },
    /// Of this many bytes.
    Fixed(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) kind: Type,
    pub(super) default: Option<Node>,
    pub(super) at: Position,
}

/// The name without its namespace.
pub(super) fn simple(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Primitive(primitive) => f.write_str(primitive.name()),
            Kind::Array(items) => write!(f, "array of {items}"),
            Kind::Map(values) => write!(f, "map of {values}"),
            Kind::Named(name) => f.write_str(simple(name)),
            Kind::Union(branches) => {
                f.write_str("[")?;
                for (index, branch) in branches.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{branch}")?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::schemas::json;

    fn schema(text: &str) -> Avro {
        parse(&json::read(text).unwrap(), &BTreeMap::new()).unwrap()
    }

    /// The rows of `tests/schemas/changes.txt`: a title and its lines.
    fn rows() -> Vec<(&'static str, BTreeMap<&'static str, &'static str>)> {
        let table = include_str!("../../../tests/schemas/changes.txt");
        let blocks = table.split("\n## ").skip(1);
        let rows = blocks.map(|block| {
            let (title, lines) = block.split_once('\n').unwrap();
            (title, lines.lines().filter_map(|line| line.split_once(' ')).collect())
        });
        rows.collect()
    }

    #[test]
    fn changes_are_judged_as_avro_itself_judges_them() {
        let rows = rows();
        assert!(rows.len() >= 60, "{}", rows.len());
        let yes = |clashes: &[Clash]| if clashes.is_empty() { "yes" } else { "no" };
        let mut wrong = Vec::new();
        for (title, row) in &rows {
            let (old, new) = (schema(row["old"]), schema(row["new"]));
            let verdicts = [yes(&clashes(&new, &old)), yes(&clashes(&old, &new))];
            if verdicts != [row["backward"], row["forward"]] {
                wrong.push(format!("{title}: {verdicts:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_canonical_form_is_the_one_that_avro_makes() {
        for (title, row) in rows() {
            assert_eq!(schema(row["new"]).canonical(), row["canonical"], "{title}");
        }
    }

    #[test]
    fn a_changed_meaning_is_one_that_the_types_do_not_show() {
        let said: Vec<String> = rows()
            .iter()
            .flat_map(|(title, row)| {
                let (old, new) = (schema(row["old"]), schema(row["new"]));
                meanings(&new, &old)
                    .into_iter()
                    .map(move |meaning| format!("{title}: {} was {} and is {}", meaning.path, meaning.old, meaning.new))
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        milliseconds become microseconds: R.t was timestamp-millis and is timestamp-micros
        a decimal gets another scale: R.t was decimal(9, 2) and is decimal(9, 3)
        "#);
    }
}
