//! Reads an Avro schema, and reports every mistake in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Avro, Field, Kind, Named, Primitive, Shape, Type,
    default::{Unfit, unfit},
    logical::{self, Base},
};
use crate::{
    diagnostics::{Rule, rules::schema},
    nearest::nearest,
    schemas::json::{Member, Node, Position, Value},
};

/// A mistake in a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schemas) struct Problem {
    pub(in crate::schemas) rule: &'static Rule,
    pub(in crate::schemas) at: Position,
    pub(in crate::schemas) message: String,
    pub(in crate::schemas) hint: String,
}

const NAMED: [&str; 4] = ["record", "error", "enum", "fixed"];
const COMPLEX: [&str; 6] = ["record", "error", "enum", "fixed", "array", "map"];
const OF_TYPES: [&str; 12] = [
    "type",
    "name",
    "namespace",
    "doc",
    "aliases",
    "fields",
    "symbols",
    "default",
    "size",
    "items",
    "values",
    "logicalType",
];
const OF_FIELDS: [&str; 6] = ["name", "type", "doc", "default", "order", "aliases"];

/// The full name of the schema's outermost type, if that is a record, enum or fixed: all that has to be known of a schema with
/// mistakes to name its subject.
pub(in crate::schemas) fn root_name(node: &Node) -> Option<String> {
    let name = node.get("name")?.text()?;
    node.get("type")?.text().filter(|kind| NAMED.contains(kind))?;
    let namespace = node.get("namespace").and_then(Node::text);
    Some(full(name, namespace.unwrap_or_default()))
}

/// Reads a schema. `known` are the types of schemas that it refers to.
pub(in crate::schemas) fn parse(node: &Node, known: &BTreeMap<String, Named>) -> Result<Avro, Vec<Problem>> {
    let mut parser = Parser {
        named: known.clone(),
        problems: Vec::new(),
        unknown: Vec::new(),
        defaults: Vec::new(),
    };
    let root = parser.read(node, "");
    parser.check_unknown();
    parser.check_defaults();
    parser.check_endless();
    parser.problems.sort_by_key(|problem| problem.at);
    match root {
        Some(root) if parser.problems.is_empty() => Ok(Avro {
            root,
            named: parser.named,
        }),
        _ => Err(parser.problems),
    }
}

fn full(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

fn space(full_name: &str) -> &str {
    full_name.rsplit_once('.').map_or("", |(space, _)| space)
}

fn is_word(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What is wrong with a word of a name, and a word like it that is right.
fn as_word(word: &str) -> String {
    let mut made: String = word
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if made.chars().next().is_none_or(|c| c.is_ascii_digit()) {
        made.insert(0, '_');
    }
    made
}

struct Parser {
    named: BTreeMap<String, Named>,
    problems: Vec<Problem>,
    /// Names that were used and not known there: as written, in full, and where.
    unknown: Vec<(String, String, Position)>,
    /// Defaults of fields, and the types of the fields.
    defaults: Vec<(Type, Node)>,
}

impl Parser {
    fn add(&mut self, rule: &'static Rule, at: Position, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem {
            rule,
            at,
            message: message.into(),
            hint: hint.into(),
        });
    }

    fn read(&mut self, node: &Node, namespace: &str) -> Option<Type> {
        match &node.value {
            Value::Text(name) => self.read_name(name, node.at, namespace),
            Value::Array(branches) => self.read_union(branches, node.at, namespace),
            Value::Object(members) => self.read_object(node, members, namespace),
            _ => {
                let message = format!("expected a type, found {}", node.kind());
                self.add(
                    &schema::TYPE,
                    node.at,
                    message,
                    "write the name of a type, an object or an array of types",
                );
                None
            }
        }
    }

    fn read_name(&mut self, name: &str, at: Position, namespace: &str) -> Option<Type> {
        let of = |kind| {
            Some(Type {
                kind,
                logical: None,
                at,
            })
        };
        if let Some(primitive) = Primitive::named(name) {
            return of(Kind::Primitive(primitive));
        }
        if COMPLEX.contains(&name) {
            let message = format!("`{name}` is described by an object");
            self.add(
                &schema::TYPE,
                at,
                message,
                format!("write `{{\"type\": \"{name}\", …}}` here"),
            );
            return None;
        }
        let full_name = full(name, namespace);
        for candidate in [full_name.as_str(), name] {
            if self.named.contains_key(candidate) {
                return of(Kind::Named(candidate.to_owned()));
            }
        }
        self.unknown.push((name.to_owned(), full_name, at));
        None
    }

    fn read_union(&mut self, nodes: &[Node], at: Position, namespace: &str) -> Option<Type> {
        if nodes.is_empty() {
            self.add(&schema::TYPE, at, "a union has no branch", "name its types");
            return None;
        }
        let mut branches: Vec<Type> = Vec::new();
        let mut whole = true;
        for node in nodes {
            if matches!(node.value, Value::Array(_)) {
                self.add(
                    &schema::TYPE,
                    node.at,
                    "a union contains a union",
                    "write their branches into one union",
                );
                whole = false;
                continue;
            }
            let Some(branch) = self.read(node, namespace) else {
                whole = false;
                continue;
            };
            let alike = |other: &Type| match (&other.kind, &branch.kind) {
                (Kind::Named(a), Kind::Named(b)) => a == b,
                (Kind::Primitive(a), Kind::Primitive(b)) => a == b,
                (Kind::Array(_), Kind::Array(_)) | (Kind::Map(_), Kind::Map(_)) => true,
                _ => false,
            };
            if branches.iter().any(alike) {
                let message = format!("a union has two branches that cannot be told apart: `{branch}`");
                self.add(&schema::TWICE, node.at, message, "keep one of them");
                whole = false;
            }
            branches.push(branch);
        }
        whole.then_some(Type {
            kind: Kind::Union(branches),
            logical: None,
            at,
        })
    }

    fn read_object(&mut self, node: &Node, members: &[Member], namespace: &str) -> Option<Type> {
        let Some(kind) = node.get("type") else {
            let known = OF_TYPES;
            let near = members.iter().find(|member| {
                nearest(&member.key, ["type"].into_iter()).is_some() && !known.contains(&member.key.as_str())
            });
            let hint = match near {
                Some(member) => format!("write `type` instead of `{}`", member.key),
                None => "add `\"type\"`".to_owned(),
            };
            self.add(&schema::TYPE, node.at, "a type has no `type`", hint);
            return None;
        };
        self.check_attributes(members, &OF_TYPES);
        let Some(word) = kind.text() else {
            // An object around a type: its own attributes are a logical type at most.
            let inner = self.read(kind, namespace)?;
            return self.annotate(node, inner);
        };
        match word {
            "record" | "error" | "enum" | "fixed" => self.read_named(node, word, namespace),
            "array" => {
                let items = self.inner(node, "items", "array", namespace)?;
                self.annotate(node, of(Kind::Array(Box::new(items)), node.at))
            }
            "map" => {
                let values = self.inner(node, "values", "map", namespace)?;
                self.annotate(node, of(Kind::Map(Box::new(values)), node.at))
            }
            _ => {
                let inner = self.read_name(word, kind.at, namespace)?;
                self.annotate(node, Type { at: node.at, ..inner })
            }
        }
    }

    fn inner(&mut self, node: &Node, key: &str, kind: &str, namespace: &str) -> Option<Type> {
        let Some(inner) = node.get(key) else {
            self.add(
                &schema::TYPE,
                node.at,
                format!("the {kind} has no `{key}`"),
                format!("add `\"{key}\"`, the type of its {key}"),
            );
            return None;
        };
        self.read(inner, namespace)
    }

    /// Reports attributes that are almost those of Avro: it ignores what it does not know.
    fn check_attributes(&mut self, members: &[Member], known: &[&'static str]) {
        for member in members {
            let key = member.key.as_str();
            if OF_TYPES.contains(&key) || OF_FIELDS.contains(&key) || ["precision", "scale"].contains(&key) {
                continue;
            }
            let written = members
                .iter()
                .map(|member| member.key.as_str())
                .collect::<BTreeSet<_>>();
            let close = |word: &&&str| {
                let distance = strsim::damerau_levenshtein(&key.to_lowercase(), &word.to_lowercase());
                distance <= 1 + word.len() / 6 && key.len() > 3 && !written.contains(**word)
            };
            if let Some(near) = known.iter().find(close) {
                let message = format!("`{key}` is not an attribute of Avro, which ignores it");
                self.add(&schema::ATTRIBUTE, member.at, message, format!("write `{near}`"));
            }
        }
    }

    /// Adds the logical type that an object names.
    fn annotate(&mut self, node: &Node, kind: Type) -> Option<Type> {
        let Some(logical) = node.get("logicalType") else {
            return Some(kind);
        };
        let shown = self.logical(node, logical, &Base::Type(&kind))?;
        Some(Type {
            logical: Some(shown),
            ..kind
        })
    }

    fn logical(&mut self, node: &Node, logical: &Node, base: &Base<'_>) -> Option<String> {
        let Some(name) = logical.text() else {
            self.add(
                &schema::LOGICAL,
                logical.at,
                "`logicalType` is not a string",
                "name a logical type",
            );
            return None;
        };
        match logical::sound(name, base, node) {
            Ok(shown) => {
                if let (Some(near), false) = (
                    nearest(name, logical::names()),
                    logical::names().any(|known| known == name),
                ) {
                    let message = format!("`{name}` is not a logical type of Avro, which ignores it");
                    self.add(&schema::LOGICAL, logical.at, message, format!("write `{near}`"));
                    return None;
                }
                Some(shown)
            }
            Err(message) => {
                let hint = "change it: Avro ignores a logical type that is not sound";
                self.add(&schema::LOGICAL, logical.at, message, hint);
                None
            }
        }
    }

    /// The full name of a record, enum or fixed.
    fn read_full_name(&mut self, node: &Node, kind: &str, namespace: &str) -> Option<String> {
        let Some(name) = node.get("name") else {
            self.add(
                &schema::NAME,
                node.at,
                format!("the {kind} has no `name`"),
                "add `\"name\"`",
            );
            return None;
        };
        let (Some(word), at) = (name.text(), name.at) else {
            let message = format!("`name` is {}, not a string", name.kind());
            self.add(&schema::NAME, name.at, message, "write the name as a string");
            return None;
        };
        let own = match node.get("namespace") {
            None => namespace,
            Some(own) => {
                let Some(text) = own.text() else {
                    let message = format!("`namespace` is {}, not a string", own.kind());
                    self.add(&schema::NAME, own.at, message, "write the namespace as a string");
                    return None;
                };
                text
            }
        };
        let full_name = full(word, own);
        let wrong = full_name.split('.').find(|part| !is_word(part));
        if let Some(part) = wrong {
            let of_name = word.split('.').any(|one| one == part);
            let at = if of_name {
                at
            } else {
                node.get("namespace").map_or(at, |own| own.at)
            };
            let message = format!("`{part}` cannot be in a name: letters, digits and `_`, and no digit first");
            self.add(&schema::NAME, at, message, format!("write `{}`", as_word(part)));
            return None;
        }
        if let Some(primitive) = Primitive::named(&full_name) {
            let message = format!("`{}` is the name of a primitive type", primitive.name());
            self.add(&schema::NAME, at, message, "choose another name");
            return None;
        }
        if let Some(first) = self.named.get(&full_name) {
            let message = format!("`{full_name}` is defined twice, first in {}", first.at);
            self.add(
                &schema::TWICE,
                at,
                message,
                format!("use it by its name here: `\"{full_name}\"`"),
            );
            return None;
        }
        Some(full_name)
    }

    fn read_aliases(&mut self, node: &Node, namespace: Option<&str>) -> Vec<String> {
        let Some(aliases) = node.get("aliases") else {
            return Vec::new();
        };
        let Value::Array(items) = &aliases.value else {
            self.add(
                &schema::NAME,
                aliases.at,
                format!("`aliases` is {}, not an array", aliases.kind()),
                "write `[\"…\"]`",
            );
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in items {
            match item.text() {
                Some(word) if word.split('.').all(is_word) && (namespace.is_some() || is_word(word)) => {
                    names.push(full(word, namespace.unwrap_or_default()));
                }
                _ => {
                    let message = format!("the alias `{}` cannot be a name", item.compact());
                    self.add(
                        &schema::NAME,
                        item.at,
                        message,
                        "letters, digits and `_`, and no digit first",
                    );
                }
            }
        }
        names
    }

    fn read_named(&mut self, node: &Node, kind: &str, namespace: &str) -> Option<Type> {
        let full_name = self.read_full_name(node, kind, namespace);
        let namespace = full_name.as_deref().map_or(namespace, space).to_owned();
        let aliases = self.read_aliases(node, Some(&namespace));
        let mut logical = None;
        let placeholder = |name: &str, shape| Named {
            name: name.to_owned(),
            aliases: aliases.clone(),
            logical: None,
            shape,
            at: node.at,
        };
        let shape = match kind {
            "enum" => self.read_enum(node),
            "fixed" => {
                let size = self.read_size(node)?;
                if let Some(name) = node.get("logicalType") {
                    logical = self.logical(node, name, &Base::Fixed(size));
                }
                Some(Shape::Fixed(size))
            }
            _ => {
                // Its fields may contain it.
                if let Some(name) = &full_name {
                    self.named
                        .insert(name.clone(), placeholder(name, Shape::Record(Vec::new())));
                }
                self.read_fields(node, &namespace)
            }
        };
        let name = full_name?;
        if let Some(shape) = shape {
            let named = Named {
                logical,
                ..placeholder(&name, shape)
            };
            self.named.insert(name.clone(), named);
        }
        Some(of(Kind::Named(name), node.at))
    }

    fn read_size(&mut self, node: &Node) -> Option<u64> {
        let size = node.get("size");
        if let Some(Value::Number(number)) = size.map(|size| &size.value)
            && let Ok(number @ 1..=0x7fff_ffff) = number.parse()
        {
            return Some(number);
        }
        let at = size.map_or(node.at, |size| size.at);
        self.add(
            &schema::TYPE,
            at,
            "a fixed needs a `size` above 0",
            "write its number of bytes without quotes",
        );
        None
    }

    fn read_enum(&mut self, node: &Node) -> Option<Shape> {
        let Some(Value::Array(items)) = node.get("symbols").map(|symbols| &symbols.value) else {
            let at = node.get("symbols").map_or(node.at, |symbols| symbols.at);
            self.add(
                &schema::TYPE,
                at,
                "an enum needs `symbols`, an array of strings",
                "add `\"symbols\": [\"…\"]`",
            );
            return None;
        };
        if items.is_empty() {
            self.add(&schema::TYPE, node.at, "the enum has no symbol", "add one to `symbols`");
            return None;
        }
        let mut symbols: Vec<String> = Vec::new();
        for item in items {
            match item.text() {
                Some(symbol) if symbols.iter().any(|one| one == symbol) => {
                    self.add(
                        &schema::TWICE,
                        item.at,
                        format!("the symbol `{symbol}` is there twice"),
                        "keep one of them",
                    );
                }
                Some(symbol) if is_word(symbol) => symbols.push(symbol.to_owned()),
                Some(symbol) => {
                    let message = format!("`{symbol}` cannot be a symbol: letters, digits and `_`, and no digit first");
                    self.add(&schema::NAME, item.at, message, format!("write `{}`", as_word(symbol)));
                }
                None => {
                    let message = format!("a symbol is {}, not a string", item.kind());
                    self.add(&schema::NAME, item.at, message, "write it as a string");
                }
            }
        }
        let default = match node.get("default") {
            None => None,
            Some(default) => {
                let Some(symbol) = default.text().filter(|text| symbols.iter().any(|one| one == text)) else {
                    let message = format!("the default `{}` is not a symbol of the enum", default.compact());
                    self.add(&schema::DEFAULT, default.at, message, "write one of its symbols");
                    return None;
                };
                Some(symbol.to_owned())
            }
        };
        Some(Shape::Enum { symbols, default })
    }

    fn read_fields(&mut self, node: &Node, namespace: &str) -> Option<Shape> {
        let Some(Value::Array(items)) = node.get("fields").map(|fields| &fields.value) else {
            let at = node.get("fields").map_or(node.at, |fields| fields.at);
            self.add(
                &schema::TYPE,
                at,
                "a record needs `fields`, an array of objects",
                "add `\"fields\": []`",
            );
            return None;
        };
        let mut fields: Vec<Field> = Vec::new();
        let mut seen: Vec<(String, Position)> = Vec::new();
        for item in items {
            let Value::Object(members) = &item.value else {
                let message = format!("a field is {}, not an object", item.kind());
                self.add(
                    &schema::TYPE,
                    item.at,
                    message,
                    "write `{\"name\": \"…\", \"type\": \"…\"}`",
                );
                continue;
            };
            let name = self.read_field_name(item, &mut seen);
            let field = self.read_field(item, members, name.unwrap_or_default(), namespace);
            fields.extend(field);
        }
        Some(Shape::Record(fields))
    }

    fn read_field_name(&mut self, item: &Node, seen: &mut Vec<(String, Position)>) -> Option<String> {
        let Some(name) = item.get("name") else {
            self.add(&schema::NAME, item.at, "a field has no `name`", "add `\"name\"`");
            return None;
        };
        let Some(word) = name.text() else {
            self.add(
                &schema::NAME,
                name.at,
                format!("the name of a field is {}", name.kind()),
                "write it as a string",
            );
            return None;
        };
        if !is_word(word) {
            let message =
                format!("`{word}` cannot be the name of a field: letters, digits and `_`, and no digit first");
            self.add(&schema::NAME, name.at, message, format!("write `{}`", as_word(word)));
            return None;
        }
        if let Some((_, first)) = seen.iter().find(|(one, _)| one == word) {
            let message = format!("the field `{word}` is there twice, first in {first}");
            self.add(&schema::TWICE, name.at, message, "remove or rename one of them");
        }
        seen.push((word.to_owned(), name.at));
        Some(word.to_owned())
    }

    fn read_field(&mut self, item: &Node, members: &[Member], name: String, namespace: &str) -> Option<Field> {
        self.check_attributes(members, &OF_FIELDS);
        let aliases = self.read_aliases(item, None);
        if let Some(order) = item.get("order")
            && !order
                .text()
                .is_some_and(|order| ["ascending", "descending", "ignore"].contains(&order))
        {
            let message = format!("`order` is `{}`", order.compact());
            self.add(
                &schema::TYPE,
                order.at,
                message,
                "write `ascending`, `descending` or `ignore`",
            );
        }
        let Some(kind) = item.get("type") else {
            self.add(
                &schema::TYPE,
                item.at,
                format!("the field `{name}` has no `type`"),
                "add `\"type\"`",
            );
            return None;
        };
        let type_name = kind.text().unwrap_or("…");
        if let Some(logical) = item.get("logicalType") {
            let word = logical.compact();
            self.add(
                &schema::LOGICAL,
                logical.at,
                format!("Avro ignores the `logicalType` of a field: it belongs to the type of `{name}`"),
                format!("write `\"type\": {{\"type\": \"{type_name}\", \"logicalType\": {word}}}`"),
            );
        }
        let kind = self.read(kind, namespace)?;
        if let Some(default) = item.get("default") {
            self.defaults.push((kind.clone(), default.clone()));
        }
        Some(Field {
            name,
            aliases,
            kind,
            default: item.get("default").cloned(),
            at: item.at,
        })
    }

    fn check_unknown(&mut self) {
        for (written, full_name, at) in std::mem::take(&mut self.unknown) {
            if let Some(later) = [&full_name, &written].into_iter().find_map(|name| self.named.get(name)) {
                let message = format!("`{written}` is used before it is defined in {}", later.at);
                self.add(&schema::TYPE, at, message, "define it here, and use its name later");
                continue;
            }
            let simple = |name: &str| super::simple(name).to_owned();
            let elsewhere = self.named.keys().find(|name| simple(name) == simple(&written)).cloned();
            let names: Vec<&str> = Primitive::ALL
                .iter()
                .map(|primitive| primitive.name())
                .chain(self.named.keys().map(String::as_str))
                .collect();
            let alias = [
                ("integer", "int"),
                ("str", "string"),
                ("text", "string"),
                ("bool", "boolean"),
                ("number", "double"),
                ("timestamp", "long"),
                ("uuid", "string"),
                ("decimal", "bytes"),
                ("date", "int"),
                ("object", "record"),
                ("list", "array"),
            ]
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(&written))
            .map(|(_, name)| *name);
            let hint = match (&elsewhere, alias, nearest(&written, names.into_iter())) {
                (Some(name), _, _) => format!("write its full name, `{name}`"),
                (None, Some(name), _) | (None, None, Some(name)) => format!("write `{name}`"),
                _ => "define it before its first use, or refer to the subject that has it with `.reference(…)`"
                    .to_owned(),
            };
            let name = if full_name == written {
                String::new()
            } else {
                format!(" (`{full_name}`)")
            };
            self.add(
                &schema::TYPE,
                at,
                format!("the type `{written}`{name} is not defined"),
                hint,
            );
        }
    }

    fn check_defaults(&mut self) {
        for (kind, default) in std::mem::take(&mut self.defaults) {
            if let Some(Unfit { at, message, hint }) = unfit(&kind, &default, &self.named) {
                self.add(&schema::DEFAULT, at, message, hint);
            }
        }
    }

    /// Reports records of which every value contains another one.
    fn check_endless(&mut self) {
        let mut finite: BTreeSet<&str> = BTreeSet::new();
        loop {
            let before = finite.len();
            for named in self.named.values() {
                let ends = match &named.shape {
                    Shape::Record(fields) => fields.iter().all(|field| ends(&field.kind, &finite)),
                    _ => true,
                };
                if ends {
                    finite.insert(&named.name);
                }
            }
            if finite.len() == before {
                break;
            }
        }
        let endless: Vec<(String, Position)> = self
            .named
            .values()
            .filter(|named| !finite.contains(named.name.as_str()))
            .map(|named| (named.name.clone(), named.at))
            .collect();
        if !self.problems.is_empty() {
            // A field with a mistake is not in the model.
            return;
        }
        for (name, at) in endless {
            let message = format!("every `{name}` contains another one, so no value of it ends");
            self.add(
                &schema::TYPE,
                at,
                message,
                format!("make the inner one optional: `[\"null\", \"{name}\"]`"),
            );
        }
    }
}

fn of(kind: Kind, at: Position) -> Type {
    Type {
        kind,
        logical: None,
        at,
    }
}

fn ends(kind: &Type, finite: &BTreeSet<&str>) -> bool {
    match &kind.kind {
        Kind::Union(branches) => branches.iter().any(|branch| ends(branch, finite)),
        Kind::Named(name) => finite.contains(name.as_str()),
        _ => true,
    }
}
