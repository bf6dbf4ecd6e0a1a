//! The only module that knows YAML: how a value becomes text, and how the index of a stack's files is written and read.
//!
//! This module writes the layout, and words that every reader takes for text. All other scalars are written by `serde-saphyr`, which
//! quotes what a YAML 1.1 reader (Kubernetes has one) would take for a boolean, a number or a date. Asking it for every key and word
//! made an object's text two fifths of the instructions of `synth`; it is a fifth now (`benches/README.md`). A test compares the
//! whole with what `serde-saphyr` makes of the same value. [`read`] is the other direction, for manifests from elsewhere.

pub(crate) mod edit;
pub mod read;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

/// A document as text: `apiVersion, kind, metadata, spec` first at the top, `name` first within an item of a list, the rest
/// sorted; text of several lines as a literal block; never folded.
pub fn to_text(value: &Value) -> String {
    // Nearly every object fits, and what grows is copied.
    let mut text = String::with_capacity(8 << 10);
    match value {
        Value::Object(map) if !map.is_empty() => mapping(map, Position::Top, 0, &mut text),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut text),
        _ => scalar(value, 2, &mut text),
    }
    text.shrink_to_fit();
    text
}

/// Where a mapping stands, which decides the keys that come first.
#[derive(Clone, Copy)]
enum Position {
    Top,
    Item,
    Inner,
}

impl Position {
    const fn first_keys(self) -> &'static [&'static str] {
        match self {
            Self::Top => &["apiVersion", "kind", "metadata", "spec"],
            Self::Item => &["name"],
            Self::Inner => &[],
        }
    }
}

/// The entries of a mapping in the order in which they are written.
fn ordered(map: &Map<String, Value>, position: Position) -> impl Iterator<Item = (&String, &Value)> {
    let first = position.first_keys();
    // serde_json's map is sorted by key unless some crate in the tree turns on `preserve_order`; a test watches over it.
    let rest = map.iter().filter(|(key, _)| !first.contains(&key.as_str()));
    first.iter().filter_map(|key| map.get_key_value(*key)).chain(rest)
}

/// Writes a mapping whose keys are in the column `indent`. The text ends there already.
fn mapping(map: &Map<String, Value>, position: Position, indent: usize, text: &mut String) {
    for (index, (key, value)) in ordered(map, position).enumerate() {
        if index > 0 {
            spaces(indent, text);
        }
        self::key(key, indent, text);
        match value {
            Value::Object(map) if !map.is_empty() => {
                text.push('\n');
                spaces(indent + 2, text);
                mapping(map, Position::Inner, indent + 2, text);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                spaces(indent, text);
                sequence(items, indent, text);
            }
            _ => {
                text.push(' ');
                scalar(value, indent + 2, text);
            }
        }
    }
}

/// Writes a list whose dashes are in the column `indent`. The text ends there already.
fn sequence(items: &[Value], indent: usize, text: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            spaces(indent, text);
        }
        text.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => mapping(map, Position::Item, indent + 2, text),
            Value::Array(items) if !items.is_empty() => sequence(items, indent + 2, text),
            _ => scalar(item, indent + 2, text),
        }
    }
}

/// Writes a key with its colon.
fn key(key: &str, indent: usize, text: &mut String) {
    /// Readers do not look further ahead for the colon.
    const SIMPLE: usize = 1024;
    if key.len() <= SIMPLE && is_plain(key, KEY) {
        text.push_str(key);
        text.push(':');
    } else {
        let entry = written(&BTreeMap::from([(key, Value::Null)]));
        // One that is too long has two lines: `? key` and `:`.
        let lines = entry.trim_end_matches(" null\n").split('\n');
        for (index, line) in lines.enumerate() {
            if index > 0 {
                text.push('\n');
                spaces(indent, text);
            }
            text.push_str(line);
        }
    }
}

/// Writes anything without entries or items, and ends the line. The lines of a literal block are indented.
fn scalar(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::String(string) if is_plain(string, TEXT) => text.push_str(string),
        Value::String(string) if reads_as_literal(string) => return literal(string, indent, text),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) if !number.is_f64() => text.push_str(&number.to_string()),
        // With the end of its line.
        _ => return text.push_str(&written(value)),
    }
    text.push('\n');
}

fn literal(string: &str, indent: usize, text: &mut String) {
    let content = string.trim_end_matches('\n');
    let ends = string.len() - content.len();
    text.push_str(match ends {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in content.split('\n') {
        if !line.is_empty() {
            spaces(indent, text);
            text.push_str(line);
        }
        text.push('\n');
    }
    text.extend(std::iter::repeat_n('\n', ends.saturating_sub(1)));
}

fn spaces(mut count: usize, text: &mut String) {
    const SPACES: &str = "                                ";
    while count > SPACES.len() {
        text.push_str(SPACES);
        count -= SPACES.len();
    }
    text.push_str(&SPACES[..count]);
}

/// A scalar, or a mapping with one, as `serde-saphyr` writes it at the beginning of a line, with the end of the line.
#[expect(clippy::expect_used, reason = "a scalar has a text, and a String takes it")]
fn written(value: &impl Serialize) -> String {
    let options = serde_saphyr::ser_options! {
        folded_wrap_chars: usize::MAX,
        prefer_block_scalars: false,
    };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, value, options)
        .expect("a scalar has a text, and a String takes it");
    text
}

/// Bytes of the words that are keys, and of texts of one line. What has a meaning to a reader, here or there, is neither.
const KEY: u8 = 1;
const TEXT: u8 = 2;
static BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        bytes[byte as usize] = match byte {
            b'#' | b':' => 0,
            b'-' | b'_' | b'.' | b'/' => KEY | TEXT,
            _ if byte.is_ascii_alphanumeric() => KEY | TEXT,
            _ => TEXT,
        };
        byte += 1;
    }
    bytes
};

/// Whether every reader takes bare bytes of a kind for a text and for nothing else. Of some it is true although this says no.
fn is_plain(string: &str, kind: u8) -> bool {
    /// What a reader takes for something else although it begins like a text.
    const WORDS: &[&str] = &[
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    const LONGEST: usize = 5;
    let bytes = string.as_bytes();
    bytes
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'/')
        && bytes.last() != Some(&b' ')
        && bytes.iter().enumerate().all(|(index, byte)| {
            BYTES[usize::from(*byte)] & kind != 0
                // At an end, or before a space, it ends a key.
                || *byte == b':' && kind == TEXT && bytes.get(index + 1).is_some_and(u8::is_ascii_graphic)
        })
        && (bytes.len() > LONGEST || !WORDS.iter().any(|word| word.eq_ignore_ascii_case(string)))
}

/// Whether a text of several lines may be a literal block. One that begins with white space, or holds characters that a
/// reader changes or refuses there, is quoted: readers disagree about such blocks.
fn reads_as_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with(char::is_whitespace)
        && text
            .chars()
            .all(|c| matches!(c, '\n' | '\t' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{2030}'..='\u{d7ff}'))
}

/// The line that marks a `kustomization.yaml` as written by this tool.
const INDEX_MARK: &str = "# kafka-stacks owns the files listed here; behind each, its `b2sum -l 64`.";

/// A file as an index lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The path below the stack's folder.
    pub path: String,
    /// The digest of what was written.
    pub digest: String,
    /// What becomes of it.
    pub part: Part,
}

/// What becomes of a file of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is applied with the kustomization.
    Resource,
    /// It is applied before the kustomization, and stays when that is deleted: it stands in a comment.
    Apart,
    /// It is never applied: it stands in a comment.
    Document,
}

/// The kustomization of a stack, which is the index of its files too: each with the digest of what was written.
///
/// The files are listed in the order in which they can be applied, after those that are apart. It has no `sortOptions`: kubectl sets an order of its own
/// and warns of another one, and kustomize and kubectl both put namespaces, accounts and configuration before workloads, and
/// Jobs behind them.
pub fn index(files: &[Listed]) -> String {
    index_with("", files)
}

/// Whether a text is the index that this version, or an earlier one, has written for files.
pub fn is_index_of(text: &str, files: &[Listed]) -> bool {
    /// What earlier versions wrote behind the resources.
    const SORT_OPTIONS: &str = "sortOptions:\n  order: fifo\n";
    let text = text.replace("\r\n", "\n");
    ["", SORT_OPTIONS]
        .iter()
        .any(|options| index_with(options, files) == text)
}

fn index_with(options: &str, files: &[Listed]) -> String {
    let list = |start: &str, part: Part| -> String {
        let files = files.iter().filter(|file| file.part == part);
        files
            .map(|file| format!("{start}{} # {}\n", file.path, file.digest))
            .collect()
    };
    let resources = match list(RESOURCE, Part::Resource) {
        none if none.is_empty() => " []\n".to_owned(),
        some => format!("\n{some}"),
    };
    let apart = match list(APART, Part::Apart) {
        none if none.is_empty() => none,
        some => format!("{APART_MARK}\n{some}"),
    };
    format!(
        "{INDEX_MARK}\n{apart}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:{resources}{options}{}",
        list(DOCUMENT, Part::Document)
    )
}

/// The line, from 1 on, at which git left a conflict in a text.
pub fn conflict(text: &str) -> Option<u32> {
    const START: &str = "<<<<<<< ";
    // Nearly no text has one, and to search the whole text is quicker than to look at each line.
    if !text.contains(START) {
        return None;
    }
    let mut lines = text.lines();
    let first = lines.position(|line| line.starts_with(START))?;
    ["=======", ">>>>>>> "]
        .iter()
        .all(|marker| lines.any(|line| line.starts_with(marker)))
        .then(|| u32::try_from(first + 1).unwrap_or(u32::MAX))
}

/// How the line of an object's file begins.
const RESOURCE: &str = "- ";

/// How the line of a document begins: to a reader of YAML it is a comment.
const DOCUMENT: &str = "# - ";

/// How the line of a file that is apart begins: another comment.
const APART: &str = "# + ";

/// What stands above the files that are apart.
const APART_MARK: &str =
    "# Apply these first. They are not resources here, so `kubectl delete -k` does not delete them:";

/// Reads an index. `None` if this tool did not write the text. One with the conflict markers of a merge lists the files of both
/// branches, and a file that both changed twice.
pub fn read_index(text: &str) -> Option<Vec<Listed>> {
    let mut lines = text.lines().skip_while(|line| line.starts_with("<<<<<<< "));
    if lines.next()?.trim_end() != INDEX_MARK {
        return None;
    }
    Some(
        lines
            .filter_map(|line| {
                let parts = [
                    (RESOURCE, Part::Resource),
                    (APART, Part::Apart),
                    (DOCUMENT, Part::Document),
                ];
                let (rest, part) = parts
                    .into_iter()
                    .find_map(|(start, part)| Some((line.strip_prefix(start)?, part)))?;
                let (path, digest) = rest.split_once(" # ")?;
                Some(Listed {
                    path: path.to_owned(),
                    digest: digest.trim_end().to_owned(),
                    part,
                })
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde::{Serializer, ser::SerializeMap};
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_come_in_the_order_in_which_a_reviewer_reads() {
        let text = to_text(&json!({
            "spec": { "b": 1, "a": [{ "value": "x", "name": "first" }], "name": "last of its map" },
            "data": { "name": "not an item" },
            "metadata": { "name": "kafka", "labels": {} },
            "kind": "Example",
            "apiVersion": "v1",
        }));
        assert_snapshot!(text, @r"
        apiVersion: v1
        kind: Example
        metadata:
          labels: {}
          name: kafka
        spec:
          a:
          - name: first
            value: x
          b: 1
          name: last of its map
        data:
          name: not an item
        ");
    }

    #[test]
    fn text_of_several_lines_is_a_literal_block_and_long_lines_are_not_folded() {
        let text = to_text(&json!({
            "script": "#!/bin/bash\nset -e\n  echo 'a: b'\n",
            "long": "word ".repeat(60).trim_end(),
        }));
        assert_eq!(text.lines().next().map(str::len), Some("long: ".len() + 299));
        assert!(
            text.ends_with("script: |\n  #!/bin/bash\n  set -e\n    echo 'a: b'\n"),
            "{text}"
        );
    }

    #[test]
    fn what_a_yaml_1_1_reader_would_misread_is_quoted() {
        let words = [
            "no",
            "on",
            "y",
            "Yes",
            "off",
            "null",
            "~",
            "1_000",
            "0x1F",
            "0o7",
            "1e3",
            ".5",
            "12:30:45",
            "2026-01-01",
            "",
            "true",
            "0123",
            "1.",
            "-",
            "=",
            "<<",
            "NaN",
            ".inf",
            "a: b",
            "a #b",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            " a",
            "a ",
        ];
        for word in words {
            let text = to_text(&json!([word]));
            assert!(
                text.starts_with("- \"") || text.starts_with("- '"),
                "{word:?} became {text:?}"
            );
        }
    }

    #[test]
    fn a_key_that_is_too_long_for_its_colon_is_read_back() {
        for length in [1023, 1024, 1025] {
            let value = json!({ "a": [{ "k".repeat(length): { "b": [1, 2] }, "z": "" }], "y".repeat(length): "c" });
            assert_eq!(
                serde_yaml::from_str::<Value>(&to_text(&value)).unwrap(),
                value,
                "{length}"
            );
        }
    }

    #[test]
    fn an_index_is_read_back_and_another_kustomization_is_not_one() {
        let files: Vec<Listed> = [
            ("namespace/namespace-kafka.yaml", "0123456789abcdef", Part::Apart),
            ("kafka/service-kafka.yaml", "fedcba9876543210", Part::Resource),
            ("runbooks/KafkaBrokerDown.md", "00112233aabbccdd", Part::Document),
        ]
        .map(|(path, digest, part)| Listed {
            path: path.to_owned(),
            digest: digest.to_owned(),
            part,
        })
        .into();
        assert_snapshot!(index(&files), @r"
        # kafka-stacks owns the files listed here; behind each, its `b2sum -l 64`.
        # Apply these first. They are not resources here, so `kubectl delete -k` does not delete them:
        # + namespace/namespace-kafka.yaml # 0123456789abcdef
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
        - kafka/service-kafka.yaml # fedcba9876543210
        # - runbooks/KafkaBrokerDown.md # 00112233aabbccdd
        ");
        assert_eq!(read_index(&index(&files)).as_ref(), Some(&files));
        assert!(index(&[]).ends_with("\nresources: []\n"));
        // As earlier versions wrote it: the Namespace was a resource.
        let files: Vec<Listed> = files
            .into_iter()
            .map(|file| Listed {
                part: if file.part == Part::Apart {
                    Part::Resource
                } else {
                    file.part
                },
                ..file
            })
            .collect();
        let document = "# - runbooks";
        let earlier = index(&files).replace(document, &format!("sortOptions:\n  order: fifo\n{document}"));
        assert_eq!(read_index(&earlier).as_ref(), Some(&files));
        for (text, own) in [
            (index(&files), true),
            (earlier.replace('\n', "\r\n"), true),
            (earlier.replace("fifo", "legacy"), false),
        ] {
            assert_eq!(is_index_of(&text, &files), own, "{text}");
        }
        assert_eq!(read_index("kind: Kustomization\n"), None);
    }

    /// A value as `serde-saphyr` writes it, in this module's order.
    struct Ordered<'a>(&'a Value, Position);

    impl Serialize for Ordered<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                Value::Object(map) => {
                    let entries = ordered(map, self.1).map(|(key, value)| (key, Ordered(value, Position::Inner)));
                    // Its length decides how an empty one is written.
                    let mut mapping = serializer.serialize_map(Some(map.len()))?;
                    for (key, value) in entries {
                        mapping.serialize_entry(key, &value)?;
                    }
                    mapping.end()
                }
                Value::Array(items) => serializer.collect_seq(items.iter().map(|item| Ordered(item, Position::Item))),
                Value::String(text) if reads_as_literal(text) => serde_saphyr::LitStr(text).serialize(serializer),
                scalar => scalar.serialize(serializer),
            }
        }
    }

    fn awkward() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,40}",
            "[ \t\n\r:#'\"|>&*!%@`\\-\\[\\]{},?0-9a-zA-Z_.~=<]{0,40}",
            "([ ]{0,3}[a-z:#\t]{0,6}[ ]{0,2}\n){0,5}[a-z ]{0,4}",
            "[0-9_.:eExXoObB+-]{1,12}",
            "(?i)(null|true|false|yes|no|on|off|y|n|nan|inf)?[ a-z:#]?",
            "[a-z/]{2}[ -~]{0,8}",
            "\\PC*\u{feff}?\u{2028}?\u{85}?",
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            awkward().prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(awkward(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn another_reader_reads_the_same_value(value in value()) {
            let text = to_text(&value);
            let read: Value = serde_yaml::from_str(&text)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }

        #[test]
        fn the_layout_is_that_of_serde_saphyr(value in value()) {
            prop_assert_eq!(to_text(&value), written(&Ordered(&value, Position::Top)));
        }
    }
}
