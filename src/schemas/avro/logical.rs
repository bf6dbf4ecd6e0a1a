//! Logical types. Avro ignores one that is not sound without a word, and a reader then gets the plain number or bytes.

use super::{Kind, Primitive, Type};
use crate::schemas::json::{Node, Value};

/// The logical types of the specification, and what each annotates.
const KNOWN: [(&str, &str); 13] = [
    ("big-decimal", "bytes"),
    ("date", "int"),
    ("decimal", "bytes or fixed"),
    ("duration", "fixed of size 12"),
    ("local-timestamp-micros", "long"),
    ("local-timestamp-millis", "long"),
    ("local-timestamp-nanos", "long"),
    ("time-micros", "long"),
    ("time-millis", "int"),
    ("timestamp-micros", "long"),
    ("timestamp-millis", "long"),
    ("timestamp-nanos", "long"),
    ("uuid", "string or fixed of size 16"),
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, _)| *name)
}

/// What is annotated.
pub(super) enum Base<'a> {
    Type(&'a Type),
    Fixed(u64),
}

/// What is wrong with a known logical type, or how it is shown. `node` is the object that has it.
pub(super) fn sound(name: &str, base: &Base<'_>, node: &Node) -> Result<String, String> {
    let Some((_, wanted)) = KNOWN.iter().find(|(known, _)| *known == name) else {
        return Ok(name.to_owned());
    };
    let primitive = match base {
        Base::Type(kind) => match kind.kind {
            Kind::Primitive(primitive) => Some(primitive),
            _ => None,
        },
        Base::Fixed(_) => None,
    };
    let fits = match (*wanted, base) {
        ("bytes or fixed", Base::Fixed(_))
        | ("fixed of size 12", Base::Fixed(12))
        | ("string or fixed of size 16", Base::Fixed(16)) => true,
        ("int", _) => primitive == Some(Primitive::Int),
        ("long", _) => primitive == Some(Primitive::Long),
        ("bytes" | "bytes or fixed", _) => primitive == Some(Primitive::Bytes),
        ("string or fixed of size 16", _) => primitive == Some(Primitive::String),
        _ => false,
    };
    if !fits {
        let is = match base {
            Base::Type(kind) => format!("`{kind}`"),
            Base::Fixed(size) => format!("`fixed` of size {size}"),
        };
        return Err(format!("`{name}` annotates {wanted}, not {is}"));
    }
    if name == "decimal" {
        return decimal(base, node);
    }
    Ok(name.to_owned())
}

fn decimal(base: &Base<'_>, node: &Node) -> Result<String, String> {
    let number = |key: &str| -> Result<Option<u64>, String> {
        match node.get(key).map(|found| &found.value) {
            None => Ok(None),
            Some(Value::Number(number)) if number.parse::<u64>().is_ok() => Ok(number.parse().ok()),
            Some(_) => Err(format!("`{key}` of a `decimal` must be a whole number, from 0 on")),
        }
    };
    let precision = number("precision")?.filter(|precision| *precision > 0);
    let Some(precision) = precision else {
        return Err("a `decimal` needs a `precision` above 0".to_owned());
    };
    let scale = number("scale")?.unwrap_or(0);
    if scale > precision {
        return Err(format!("the `scale` {scale} is above the `precision` {precision}"));
    }
    if let Base::Fixed(size) = base {
        let most = digits(*size);
        if precision > most {
            return Err(format!(
                "{size} bytes hold {most} digits, and the `precision` is {precision}"
            ));
        }
    }
    Ok(format!("decimal({precision}, {scale})"))
}

/// The decimal digits that every number of this many bytes in two's complement has room for: the digits of 2^(8n-1) - 1, less the
/// first, which is not free.
fn digits(bytes: u64) -> u64 {
    // log10(2), as in the specification's floor(log10(2^(8n-1) - 1)), in exact integers for every size that a schema has.
    (bytes * 8).saturating_sub(1) * 30103 / 100_000
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_many_digits_as_fit() {
        // floor(log10(2^(8n-1) - 1)) by `python3 -c`.
        let known = [2, 4, 6, 9, 11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35, 38];
        for (bytes, digits) in (1..).zip(known) {
            assert_eq!(super::digits(bytes), digits, "{bytes}");
        }
    }
}
