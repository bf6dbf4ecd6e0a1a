//! Whether a default fits its type.

use std::collections::BTreeMap;

use super::{Kind, Named, Primitive, Shape, Type};
use crate::schemas::json::{Node, Position, Value};

/// What does not fit, where, and what to write.
pub(super) struct Unfit {
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) hint: String,
}

/// What is wrong with a default. A union's is of its first branch: Avro 1.12 takes one of any branch, and earlier clients refuse
/// the schema.
pub(super) fn unfit(kind: &Type, value: &Node, named: &BTreeMap<String, Named>) -> Option<Unfit> {
    let no = |hint: String| {
        Some(Unfit {
            at: value.at,
            message: format!("the default `{}` is not a value of `{kind}`", shown(value)),
            hint,
        })
    };
    match (&kind.kind, &value.value) {
        (Kind::Union(branches), _) => {
            let first = branches.first()?;
            unfit(first, value, named)?;
            let other = branches[1..]
                .iter()
                .find(|branch| unfit(branch, value, named).is_none());
            let message = format!(
                "the default `{}` is not a value of `{first}`, the first branch of the union",
                shown(value)
            );
            let hint = match other {
                Some(branch) => format!("put `{branch}` first in the union"),
                None => hint_of(first, value),
            };
            Some(Unfit {
                at: value.at,
                message,
                hint,
            })
        }
        (Kind::Primitive(primitive), _) => (!fits(*primitive, value)).then(|| no(hint_of(kind, value)))?,
        (Kind::Array(items), Value::Array(values)) => values.iter().find_map(|value| unfit(items, value, named)),
        (Kind::Array(_), _) => no("write an array, as `[]`".to_owned()),
        (Kind::Map(values), Value::Object(members)) => {
            members.iter().find_map(|member| unfit(values, &member.value, named))
        }
        (Kind::Map(_), _) => no("write an object, as `{}`".to_owned()),
        (Kind::Named(name), _) => {
            // A name that is unknown has a finding of its own.
            let shape = &named.get(name)?.shape;
            match (shape, &value.value) {
                (Shape::Enum { symbols, .. }, Value::Text(symbol)) if symbols.contains(symbol) => None,
                (Shape::Enum { symbols, .. }, _) => no(format!("write one of its symbols: {}", list(symbols))),
                (Shape::Fixed(size), Value::Text(text)) if is_bytes(text) && length(text) == *size => None,
                (Shape::Fixed(size), _) => no(format!(
                    "write a string of {size} characters up to `\\u00ff`, one for each byte"
                )),
                (Shape::Record(fields), Value::Object(_)) => {
                    fields.iter().find_map(|field| match value.get(&field.name) {
                        Some(inner) => unfit(&field.kind, inner, named),
                        None if field.default.is_some() => None,
                        None => Some(Unfit {
                            at: value.at,
                            message: format!("the default of `{kind}` has no `{}`, which has no default", field.name),
                            hint: format!("add `\"{}\"` to it", field.name),
                        }),
                    })
                }
                (Shape::Record(_), _) => no("write an object with its fields".to_owned()),
            }
        }
    }
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

fn is_bytes(text: &str) -> bool {
    text.chars().all(|c| u32::from(c) <= 0xff)
}

fn fits(primitive: Primitive, value: &Node) -> bool {
    match (primitive, &value.value) {
        (Primitive::Null, Value::Null)
        | (Primitive::Boolean, Value::Bool(_))
        | (Primitive::Float | Primitive::Double, Value::Number(_))
        | (Primitive::String, Value::Text(_)) => true,
        (Primitive::Int, Value::Number(number)) => number.parse::<i32>().is_ok(),
        (Primitive::Long, Value::Number(number)) => number.parse::<i64>().is_ok(),
        (Primitive::Bytes, Value::Text(text)) => is_bytes(text),
        _ => false,
    }
}

/// What to write, for a primitive.
fn hint_of(kind: &Type, value: &Node) -> String {
    let Kind::Primitive(primitive) = kind.kind else {
        return format!("write a value of `{kind}`");
    };
    match (primitive, &value.value) {
        (Primitive::Null, _) => "write `null` without quotes".to_owned(),
        (_, Value::Null) => format!(
            "make the type `[\"null\", \"{}\"]`, or write a value of it",
            primitive.name()
        ),
        (Primitive::Boolean, _) => "write `true` or `false` without quotes".to_owned(),
        (Primitive::Int, Value::Number(number)) if number.parse::<i64>().is_ok() => {
            "write a number from -2147483648 to 2147483647, or make the type `long`".to_owned()
        }
        (Primitive::Int | Primitive::Long, Value::Number(_)) => {
            "write a whole number, or make the type `double`".to_owned()
        }
        (Primitive::Int | Primitive::Long, _) => "write a whole number without quotes".to_owned(),
        (Primitive::Float | Primitive::Double, _) => "write a number without quotes".to_owned(),
        (Primitive::Bytes, _) => "write a string of characters up to `\\u00ff`, one for each byte".to_owned(),
        (Primitive::String, _) => "write a string in double quotes".to_owned(),
    }
}

fn shown(value: &Node) -> String {
    const LONGEST: usize = 40;
    let text = value.compact();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

fn list(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
