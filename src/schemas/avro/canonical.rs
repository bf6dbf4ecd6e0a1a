//! Parsing Canonical Form: the schema without what does not change how records are written.

use std::collections::BTreeSet;

use super::{Avro, Kind, Shape, Type};
use crate::schemas::json::quoted;

impl Avro {
    /// The canonical form of the Avro specification: full names, in one line, without `doc`, aliases, defaults and attributes of
    /// one's own.
    pub(in crate::schemas) fn canonical(&self) -> String {
        let mut text = String::new();
        self.write(&self.root, &mut BTreeSet::new(), &mut text);
        text
    }

    fn write<'a>(&'a self, kind: &'a Type, written: &mut BTreeSet<&'a str>, text: &mut String) {
        match &kind.kind {
            Kind::Primitive(primitive) => *text += &quoted(primitive.name()),
            Kind::Array(items) => {
                *text += "{\"type\":\"array\",\"items\":";
                self.write(items, written, text);
                text.push('}');
            }
            Kind::Map(values) => {
                *text += "{\"type\":\"map\",\"values\":";
                self.write(values, written, text);
                text.push('}');
            }
            Kind::Union(branches) => {
                text.push('[');
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    self.write(branch, written, text);
                }
                text.push(']');
            }
            Kind::Named(name) => {
                let Some(named) = self.named.get(name).filter(|_| written.insert(name)) else {
                    *text += &quoted(name);
                    return;
                };
                *text += &format!("{{\"name\":{},", quoted(name));
                match &named.shape {
                    Shape::Record(fields) => {
                        *text += "\"type\":\"record\",\"fields\":[";
                        for (index, field) in fields.iter().enumerate() {
                            if index > 0 {
                                text.push(',');
                            }
                            *text += &format!("{{\"name\":{},\"type\":", quoted(&field.name));
                            self.write(&field.kind, written, text);
                            text.push('}');
                        }
                        *text += "]}";
                    }
                    Shape::Enum { symbols, .. } => {
                        let symbols: Vec<String> = symbols.iter().map(|symbol| quoted(symbol)).collect();
                        *text += &format!("\"type\":\"enum\",\"symbols\":[{}]}}", symbols.join(","));
                    }
                    Shape::Fixed(size) => *text += &format!("\"type\":\"fixed\",\"size\":{size}}}"),
                }
            }
        }
    }
}
