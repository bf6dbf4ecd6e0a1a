//! A place in an object, and what is said about it.

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, Rule};

/// A value within an object, and the way to it. Nothing is written out before something is found.
#[derive(Clone, Copy)]
pub(crate) struct Node<'v, 'p> {
    value: &'v Value,
    step: Step<'v>,
    parent: Option<&'p Node<'v, 'p>>,
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Root,
    Key(&'v str),
    Item(usize),
}

static NULL: Value = Value::Null;

impl<'v> Node<'v, '_> {
    pub(crate) fn root(value: &'v Value) -> Self {
        Self {
            value,
            step: Step::Root,
            parent: None,
        }
    }

    /// The value of a key; null if there is none.
    pub(crate) fn get<'q>(&'q self, key: &'v str) -> Node<'v, 'q> {
        // Nearly all have a handful of keys, of which few are as long as this one: cheaper than a search that compares them.
        let value = self
            .map()
            .and_then(|map| map.iter().find_map(|(other, value)| (other == key).then_some(value)));
        Node {
            value: value.unwrap_or(&NULL),
            step: Step::Key(key),
            parent: Some(self),
        }
    }

    /// The items of a list; none if it is not one.
    pub(crate) fn items<'q>(&'q self) -> impl Iterator<Item = Node<'v, 'q>> {
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().map(move |(index, value)| Node {
            value,
            step: Step::Item(index),
            parent: Some(self),
        })
    }

    /// The entries of a mapping; none if it is not one.
    pub(crate) fn entries<'q>(&'q self) -> impl Iterator<Item = (&'v str, Node<'v, 'q>)> {
        self.value.as_object().into_iter().flatten().map(move |(key, value)| {
            let node = Node {
                value,
                step: Step::Key(key),
                parent: Some(self),
            };
            (key.as_str(), node)
        })
    }

    pub(crate) fn value(&self) -> &'v Value {
        self.value
    }

    pub(crate) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    pub(crate) fn str(&self) -> Option<&'v str> {
        self.value.as_str()
    }

    /// The text, or nothing: for comparisons.
    pub(crate) fn text(&self) -> &'v str {
        self.value.as_str().unwrap_or_default()
    }

    pub(crate) fn int(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// A whole number, also where it is wrongly written as a text: what is meant is judged then.
    pub(crate) fn number(&self) -> Option<i64> {
        self.int().or_else(|| self.str()?.parse().ok())
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        self.value.as_bool()
    }

    pub(crate) fn map(&self) -> Option<&'v Map<String, Value>> {
        self.value.as_object()
    }

    pub(crate) fn len(&self) -> usize {
        match self.value {
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        }
    }

    /// The way here as a JSON pointer.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = self.parent.map_or_else(String::new, Node::pointer);
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                pointer.push('/');
                if key.contains(['~', '/']) {
                    pointer += &key.replace('~', "~0").replace('/', "~1");
                } else {
                    pointer += key;
                }
            }
            Step::Item(index) => pointer += &format!("/{index}"),
        }
        pointer
    }

    /// The way here as people write it: `spec.containers[kafka].ports[0]`, an item by its name where it has one.
    pub(crate) fn path(&self) -> String {
        let mut path = self.parent.map_or_else(String::new, Node::path);
        match self.step {
            Step::Root => {}
            Step::Key(key) if key.contains(['.', '/']) => path += &format!("[{key}]"),
            Step::Key(key) if path.is_empty() => path += key,
            Step::Key(key) => path += &format!(".{key}"),
            Step::Item(index) => match self.value.get("name").and_then(Value::as_str) {
                Some(name) if !name.is_empty() => path += &format!("[{name}]"),
                _ => path += &format!("[{index}]"),
            },
        }
        path
    }
}

impl Diagnostics {
    /// Says what is wrong with a value; the message begins with the way to it.
    pub(crate) fn at(
        &mut self,
        node: &Node<'_, '_>,
        rule: &'static Rule,
        message: impl std::fmt::Display,
    ) -> &mut Diagnostic {
        let path = node.path();
        let message = if path.is_empty() {
            message.to_string()
        } else {
            format!("`{path}` {message}")
        };
        self.in_field(node.pointer(), rule, message)
    }

    /// Says what is wrong at a place that was noted before.
    pub(crate) fn in_field(
        &mut self,
        field: impl Into<String>,
        rule: &'static Rule,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let finding = self.add(rule, message);
        finding.place.field = field.into();
        finding
    }
}
