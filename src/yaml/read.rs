//! Reads manifests as Kubernetes does, with the line of every value.
//!
//! Kubernetes reads YAML with sigs.k8s.io/yaml, which is YAML 1.1 in what it takes for booleans and numbers. Where a reader of
//! YAML 1.2 takes a plain value for something else, that is a [`Remark`]. The parser limits nesting; aliases may be nested and
//! repeated only up to a limit too, so that no small file becomes a large value.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, options};
use serde_json::{Map, Number, Value};

/// The deepest nesting that is read; Kubernetes' own types have a tenth of it.
const DEEPEST: usize = 100;
/// The most values that aliases may add to a file.
const MOST_ALIASED: usize = 200_000;

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The value, as Kubernetes reads it.
    pub value: Value,
    /// The line of every part of it.
    pub lines: Lines,
}

/// The line of a value and of each of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    line: u32,
    /// In characters, from 1 on; 0 if it is not known.
    column: u32,
    parts: Parts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parts {
    None,
    /// A literal block, each line of which stands in a line of its own below.
    Block,
    Keys(Vec<(String, Lines)>),
    Items(Vec<Lines>),
}

impl Lines {
    /// A value all of which stands in one line.
    pub fn single(line: u32) -> Self {
        Self {
            line,
            column: 0,
            parts: Parts::None,
        }
    }

    /// The line of the value itself.
    pub fn first(&self) -> u32 {
        self.line
    }

    /// The column of the part behind a JSON pointer, or of the nearest part above it that exists: 0 if it is not known.
    pub fn column(&self, pointer: &str) -> u32 {
        self.at(pointer).column
    }

    /// The line of a row, from 0 on, of the text behind a JSON pointer; that of the text itself if its rows have none.
    pub fn of_row(&self, pointer: &str, row: u32) -> u32 {
        let (line, block) = self.find(pointer);
        if block {
            line.saturating_add(1).saturating_add(row)
        } else {
            line
        }
    }

    /// The line of the part behind a JSON pointer, or of the nearest part above it that exists.
    pub fn of(&self, pointer: &str) -> u32 {
        self.find(pointer).0
    }

    /// The line, and whether the rows of a text follow it.
    fn find(&self, pointer: &str) -> (u32, bool) {
        let at = self.at(pointer);
        (at.line, at.parts == Parts::Block)
    }

    fn at(&self, pointer: &str) -> &Self {
        let mut at = self;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let next = match &at.parts {
                Parts::None | Parts::Block => None,
                Parts::Keys(keys) => keys.iter().find(|(key, _)| *key == part).map(|(_, lines)| lines),
                Parts::Items(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            };
            match next {
                Some(lines) => at = lines,
                None => return at,
            }
        }
        at
    }

    /// The parts of a list, in its order.
    pub fn items(&self) -> &[Self] {
        match &self.parts {
            Parts::Items(items) => items,
            _ => &[],
        }
    }

    /// The part behind a key.
    pub fn key(&self, key: &str) -> Option<&Self> {
        match &self.parts {
            Parts::Keys(keys) => keys.iter().find(|(known, _)| known == key).map(|(_, lines)| lines),
            _ => None,
        }
    }
}

/// Something about a text that is legal, or that readers forgive, and that is probably a mistake.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// The line.
    pub line: u32,
    /// What it is.
    pub kind: RemarkKind,
}

/// The kinds of [`Remark`].
#[derive(Clone, Debug, PartialEq)]
pub enum RemarkKind {
    /// A mapping has a key twice.
    DuplicateKey {
        /// The key.
        key: String,
        /// The line where it is first.
        first: u32,
    },
    /// Readers take a plain value for different things.
    Ambiguous {
        /// The value as it is written.
        text: String,
        /// What Kubernetes takes it for.
        kubernetes: Value,
        /// What a reader of YAML 1.2 takes it for.
        core_schema: Value,
    },
}

/// Why a text cannot be read any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line.
    pub line: u32,
    /// What is wrong: a lowercase fragment.
    pub message: String,
}

/// What a text holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Its documents, without empty ones, up to where it is broken.
    pub documents: Vec<Document>,
    /// What is probably a mistake.
    pub remarks: Vec<Remark>,
    /// Where it is not YAML, if it is not.
    pub error: Option<SyntaxError>,
}

/// Reads all documents of a text, YAML or JSON.
///
/// ```
/// use kafka_stacks::yaml::read::read;
///
/// let reading = read("a: 1\na: yes\n---\nb: [1, 2]\n");
/// assert_eq!(reading.documents[0].value["a"], true);
/// assert_eq!(reading.documents[1].lines.of("/b/1"), 4);
/// assert_eq!(reading.remarks.len(), 2);
/// assert_eq!(read("a: [").error.map(|error| error.line), Some(1));
/// ```
pub fn read(text: &str) -> Reading {
    // A byte order mark does not belong to the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut composer = Composer::new(text);
    composer.documents();
    let reading = composer.reading;
    // Texts that are JSON and no YAML are rare: a pair of escapes for one character is such a case.
    if reading.error.is_some()
        && text.trim_start().starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return Reading {
            documents: vec![Document {
                value,
                lines: Lines::single(1),
            }],
            ..Reading::default()
        };
    }
    reading
}

struct Composer<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    anchors: BTreeMap<usize, (Node, usize)>,
    aliased: usize,
    reading: Reading,
}

/// A value with its lines, and how deep it is.
#[derive(Clone)]
struct Node {
    value: Value,
    lines: Lines,
    depth: usize,
    /// How many values it has.
    size: usize,
}

type Composed<T> = Result<T, SyntaxError>;

fn column_of(span: &Span) -> u32 {
    u32::try_from(span.start.col()).unwrap_or(u32::MAX).saturating_add(1)
}

fn line_of(span: &Span) -> u32 {
    u32::try_from(span.start.line()).unwrap_or(u32::MAX).max(1)
}

impl<'t> Composer<'t> {
    fn new(text: &'t str) -> Self {
        let options = options! {
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
            emit_comments: false,
        };
        Self {
            parser: Parser::new_from_str_with_options(text, options),
            anchors: BTreeMap::new(),
            aliased: 0,
            reading: Reading::default(),
        }
    }

    fn documents(&mut self) {
        loop {
            match self.document() {
                Ok(Some(())) => {}
                Ok(None) => return,
                Err(error) => {
                    self.reading.error = Some(error);
                    return;
                }
            }
        }
    }

    fn next(&mut self) -> Composed<Option<(Event<'t>, Span)>> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => Err(SyntaxError {
                line: u32::try_from(error.marker().line()).unwrap_or(u32::MAX).max(1),
                message: error.info(),
            }),
        }
    }

    /// One document; `None` at the end of the text.
    fn document(&mut self) -> Composed<Option<()>> {
        let Some((event, span)) = self.next()? else {
            return Ok(None);
        };
        match event {
            Event::StreamEnd => Ok(None),
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(Some(()))
            }
            Event::StreamStart | Event::DocumentEnd => Ok(Some(())),
            event => {
                let node = self.node(event, &span, "")?;
                if !node.value.is_null() {
                    self.reading.documents.push(Document {
                        value: node.value,
                        lines: node.lines,
                    });
                }
                Ok(Some(()))
            }
        }
    }

    /// A value. `key` is the key that it belongs to.
    fn node(&mut self, event: Event<'t>, span: &Span, key: &str) -> Composed<Node> {
        let line = line_of(span);
        let (mut node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref().and_then(granit_parser::Tag::core_suffix);
                (self.scalar(&text, style, tag, line, key), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence(line, key)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping(line)?, anchor),
            Event::Alias(id) => return self.alias(id, line),
            other => {
                return Err(SyntaxError {
                    line,
                    message: format!("a value was expected, but found {other:?}"),
                });
            }
        };
        node.lines.column = column_of(span);
        if node.depth > DEEPEST {
            return Err(SyntaxError {
                line,
                message: format!("values are nested more than {DEEPEST} deep"),
            });
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), node.size));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, line: u32) -> Composed<Node> {
        let Some((node, size)) = self.anchors.get(&id) else {
            return Err(SyntaxError {
                line,
                message: "an alias refers to a value that contains it".to_owned(),
            });
        };
        self.aliased = self.aliased.saturating_add(*size);
        if self.aliased > MOST_ALIASED {
            return Err(SyntaxError {
                line,
                message: format!("aliases expand to more than {MOST_ALIASED} values"),
            });
        }
        Ok(node.clone())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&str>, line: u32, key: &str) -> Node {
        let value = if tag == Some("str") || style != ScalarStyle::Plain && tag.is_none() {
            Value::from(text)
        } else {
            let value = as_kubernetes(text);
            // Modes of files are octal to everyone who writes them.
            let mode = matches!(key, "defaultMode" | "mode") && value.is_number();
            if tag.is_none() && !mode {
                self.ambiguous(text, &value, line);
            }
            value
        };
        Node {
            value,
            lines: Lines {
                line,
                column: 0,
                parts: if style == ScalarStyle::Literal {
                    Parts::Block
                } else {
                    Parts::None
                },
            },
            depth: 0,
            // A long text counts for more than one value.
            size: 1 + text.len() / 64,
        }
    }

    fn ambiguous(&mut self, text: &str, value: &Value, line: u32) {
        let other = as_core_schema(text);
        if same(value, &other) {
            return;
        }
        self.reading.remarks.push(Remark {
            line,
            kind: RemarkKind::Ambiguous {
                text: text.to_owned(),
                kubernetes: value.clone(),
                core_schema: other,
            },
        });
    }

    fn sequence(&mut self, line: u32, key: &str) -> Composed<Node> {
        let (mut values, mut lines, mut depth, mut size) = (Vec::new(), Vec::new(), 0, 1);
        loop {
            let (event, span) = self.inner(line)?;
            if event == Event::SequenceEnd {
                break;
            }
            let node = self.node(event, &span, key)?;
            depth = depth.max(node.depth);
            size += node.size;
            values.push(node.value);
            lines.push(node.lines);
        }
        Ok(Node {
            value: Value::Array(values),
            lines: Lines {
                line,
                column: 0,
                parts: Parts::Items(lines),
            },
            depth: depth + 1,
            size,
        })
    }

    fn inner(&mut self, line: u32) -> Composed<(Event<'t>, Span)> {
        self.next()?.ok_or_else(|| SyntaxError {
            line,
            message: "the text ends within a value".to_owned(),
        })
    }

    fn mapping(&mut self, line: u32) -> Composed<Node> {
        let (mut map, mut lines, mut depth, mut size) = (Map::new(), Vec::<(String, Lines)>::new(), 0, 1);
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.inner(line)?;
            if event == Event::MappingEnd {
                break;
            }
            let (key_line, key_column) = (line_of(&span), column_of(&span));
            let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = if merge {
                "<<".to_owned()
            } else {
                self.key(event, &span)?
            };
            let (event, span) = self.inner(key_line)?;
            let node = self.node(event, &span, &key)?;
            depth = depth.max(node.depth);
            size += node.size;
            if merge {
                merged.push((node, key_line));
                continue;
            }
            if map.contains_key(&key)
                && let Some((_, first)) = lines.iter().find(|(known, _)| *known == key)
            {
                self.reading.remarks.push(Remark {
                    line: key_line,
                    kind: RemarkKind::DuplicateKey {
                        key: key.clone(),
                        first: first.line,
                    },
                });
                lines.retain(|(known, _)| *known != key);
            }
            // The line of a value is that of its key: a block may begin below it.
            let mut own = node.lines;
            own.line = key_line;
            own.column = key_column;
            lines.push((key.clone(), own));
            map.insert(key, node.value);
        }
        for (node, line) in merged {
            merge_into(&mut map, &mut lines, node, line)?;
        }
        Ok(Node {
            value: Value::Object(map),
            lines: Lines {
                line,
                column: 0,
                parts: Parts::Keys(lines),
            },
            depth: depth + 1,
            size,
        })
    }

    /// A key as Kubernetes has it: JSON's keys are texts.
    fn key(&mut self, event: Event<'t>, span: &Span) -> Composed<String> {
        let line = line_of(span);
        let node = self.node(event, span, "")?;
        match node.value {
            Value::String(text) => Ok(text),
            Value::Bool(_) | Value::Number(_) | Value::Null => Ok(node.value.to_string()),
            _ => Err(SyntaxError {
                line,
                message: "a key is a list or a mapping, but JSON keys are strings".to_owned(),
            }),
        }
    }
}

/// `<<: *other`: what the mapping does not have itself.
fn merge_into(map: &mut Map<String, Value>, lines: &mut Vec<(String, Lines)>, node: Node, line: u32) -> Composed<()> {
    let parts = match node.value {
        Value::Array(items) => items,
        single => vec![single],
    };
    for part in parts {
        let Value::Object(part) = part else {
            return Err(SyntaxError {
                line,
                message: "`<<` merges mappings, and this is not a mapping".to_owned(),
            });
        };
        for (key, value) in part {
            if !map.contains_key(&key) {
                lines.push((key.clone(), Lines::single(line)));
                map.insert(key, value);
            }
        }
    }
    Ok(())
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn number(value: f64) -> Option<Value> {
    Number::from_f64(value).map(Value::Number)
}

/// A plain scalar as sigs.k8s.io/yaml takes it: YAML 1.1 without dates and numbers to the base of 60.
fn as_kubernetes(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::from(text);
    }
    let plain = text.replace('_', "");
    integer(&plain, true)
        .or_else(|| float(&plain))
        .unwrap_or_else(|| Value::from(text))
}

/// A plain scalar by the core schema of YAML 1.2.
fn as_core_schema(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    integer(text, false)
        .or_else(|| float(text))
        .unwrap_or_else(|| Value::from(text))
}

fn integer(text: &str, old: bool) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed = text.len() != digits.len();
    let (radix, digits) = if let Some(digits) = digits.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = digits.strip_prefix("0o") {
        (8, digits)
    } else if old && let Some(digits) = digits.strip_prefix("0b") {
        (2, digits)
    } else if old && digits.len() > 1 && digits.starts_with('0') {
        (8, digits)
    } else {
        (10, digits)
    };
    // Hexadecimal and octal numbers have no sign in YAML 1.2.
    if digits.is_empty() || digits.starts_with(['+', '-']) || (!old && signed && radix != 10) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        let value = i64::try_from(-i128::from(magnitude)).ok()?;
        Some(Value::from(value))
    } else {
        Some(Value::from(magnitude))
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Value> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(rest);
    let mut rest = &rest[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        rest = &after[fraction..];
    }
    if whole == 0 && fraction == 0 {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || digits(exponent) != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    number(text.parse::<f64>().ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(text: &str) -> Value {
        let reading = read(text);
        assert_eq!(reading.error, None, "{text}");
        assert_eq!(reading.documents.len(), 1, "{text}");
        reading.documents[0].value.clone()
    }

    fn broken(text: &str) -> String {
        read(text)
            .error
            .map_or_else(String::new, |error| format!("{}: {}", error.line, error.message))
    }

    #[test]
    fn plain_values_are_what_kubernetes_takes_them_for() {
        for (text, value) in [
            ("yes", json!(true)),
            ("off", json!(false)),
            ("y", json!(true)),
            ("\"yes\"", json!("yes")),
            ("!!str yes", json!("yes")),
            ("010", json!(8)),
            ("089", json!(89.0)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("-5", json!(-5)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("~", json!(null)),
            ("12:30:45", json!("12:30:45")),
            ("2026-01-31", json!("2026-01-31")),
            ("1.2.3", json!("1.2.3")),
            ("18446744073709551615", json!(u64::MAX)),
            ("99999999999999999999", json!(1e20)),
            (".inf", json!(".inf")),
        ] {
            assert_eq!(one(&format!("- {text}\n"))[0], value, "{text}");
        }
    }

    #[test]
    fn values_that_readers_take_for_different_things_are_remarked() {
        let remarks = |text: &str| read(text).remarks;
        for text in ["yes", "On", "n", "010", "1_000", "0b11", "+0x1"] {
            let found = remarks(&format!("a:\n  b: {text}\n"));
            assert_eq!(found.len(), 1, "{text}");
            assert!(
                matches!(&found[0], Remark { line: 2, kind: RemarkKind::Ambiguous { text: written, .. } } if written == text),
                "{found:?}"
            );
        }
        for text in [
            "true", "False", "10", "0x1F", "0o7", "1e3", "~", "'yes'", "12:30:45", "1.10",
        ] {
            assert_eq!(remarks(&format!("a: {text}\n")), [], "{text}");
        }
        assert_eq!(remarks("defaultMode: 0644\n"), []);
        assert_eq!(
            remarks("on: 1\n")[0].kind,
            RemarkKind::Ambiguous {
                text: "on".to_owned(),
                kubernetes: json!(true),
                core_schema: json!("on"),
            }
        );
        assert_eq!(one("on: 1\n"), json!({ "true": 1 }));
    }

    #[test]
    fn a_key_that_is_there_twice_is_remarked_with_both_lines() {
        let reading = read("a:\n  b: 1\n  c: 2\n  b: 3\n");
        assert_eq!(reading.documents[0].value, json!({ "a": { "b": 3, "c": 2 } }));
        let twice = RemarkKind::DuplicateKey {
            key: "b".to_owned(),
            first: 2,
        };
        assert_eq!(reading.remarks, [Remark { line: 4, kind: twice }]);
    }

    #[test]
    fn every_value_knows_its_line() {
        let reading = read("# a comment\na:\n- x: 1\n  t: |\n    text\n- 2\n---\nb: {c: d}\n");
        let lines = &reading.documents[0].lines;
        let found: Vec<u32> = ["", "/a", "/a/0", "/a/0/t", "/a/1", "/a/7/z"]
            .iter()
            .map(|pointer| lines.of(pointer))
            .collect();
        assert_eq!(found, [2, 2, 3, 4, 6, 2]);
        assert_eq!(reading.documents[1].lines.of("/b/c"), 8);
        assert_eq!(
            (
                lines.of_row("/a/0/t", 0),
                lines.of_row("/a/0/x", 3),
                lines.of_row("/a/9", 3)
            ),
            (5, 3, 2)
        );
    }

    #[test]
    fn anchors_are_replaced_and_merged_as_kubernetes_does() {
        assert_eq!(
            one("a: &x {b: 1, c: 2}\nd: *x\ne: {<<: *x, c: 3}\n"),
            json!({ "a": { "b": 1, "c": 2 }, "d": { "b": 1, "c": 2 }, "e": { "b": 1, "c": 3 } })
        );
        assert_eq!(broken("a: &x [*x]\n"), "1: an alias refers to a value that contains it");
        assert!(broken("a: *x\n").starts_with("1: "));
        assert_eq!(
            broken("a: {<<: 1}\n"),
            "1: `<<` merges mappings, and this is not a mapping"
        );
    }

    #[test]
    fn a_small_text_never_becomes_a_large_value() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let parts = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{parts}]\n");
        }
        assert!(
            broken(&bomb).ends_with("aliases expand to more than 200000 values"),
            "{}",
            broken(&bomb)
        );
        assert!(broken(&"[".repeat(100_000)).starts_with("1: "));
        assert!(broken(&"- ".repeat(100_000)).starts_with("1: "));
        let mut deep = "a0: &a0 [x]\n".to_owned();
        for level in 1..300 {
            deep += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
        }
        assert!(
            broken(&deep).ends_with("values are nested more than 100 deep"),
            "{}",
            broken(&deep)
        );
    }

    #[test]
    fn a_text_is_read_up_to_where_it_is_broken() {
        let reading = read("a: 1\n---\nb: [\n");
        assert_eq!(reading.documents.len(), 1);
        assert!(reading.error.is_some());
        for empty in ["", "\n", "---\n", "# only a comment\n", "---\n---\n", "~\n", "\u{feff}"] {
            assert_eq!(read(empty), Reading::default(), "{empty:?}");
        }
        assert_eq!(one("\u{feff}a: 1\n"), json!({ "a": 1 }));
        assert_eq!(one("{\"a\": \"\\ud83d\\ude00\"}"), json!({ "a": "😀" }));
        assert!(!broken("\u{0}\u{1}").is_empty());
        assert!(broken("? [a]\n: b\n").ends_with("JSON keys are strings"));
        assert_eq!(one("1: a\nnull: b\n"), json!({ "1": "a", "null": "b" }));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ \t\n\\-:\\[\\]{}&*!|>'\"#%a-c0-9,?~<]{0,60}") {
            let _ = read(&text);
        }

        #[test]
        fn what_the_emitter_writes_is_read_back_without_a_remark(words in prop::collection::vec("[a-z0-9_.:+~ -]{0,12}", 0..8)) {
            let value = json!({ "list": words.clone(), "map": { "key": words.join("\n") } });
            let reading = read(&crate::yaml::to_text(&value));
            prop_assert_eq!(reading.error, None);
            prop_assert_eq!(reading.remarks, vec![]);
            prop_assert_eq!(&reading.documents[0].value, &value);
        }
    }
}
