//! JSON Schema and Protobuf: read as far as a registry has to read them to register them.

use super::json::{Node, Position, Value};

/// What keeps a registry from reading a schema, where, and what to do.
pub(super) struct Unreadable {
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// The `title` of a JSON Schema, which is the name of its records.
pub(super) fn title(node: &Node) -> Option<String> {
    node.get("title")?.text().map(str::to_owned)
}

/// What is wrong with a JSON Schema.
pub(super) fn json_schema(node: &Node) -> Option<Unreadable> {
    const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
    match &node.value {
        Value::Bool(_) => None,
        Value::Object(_) => {
            let kind = node.get("type")?;
            let named = match &kind.value {
                Value::Array(items) => items.iter().collect(),
                _ => vec![kind],
            };
            let wrong = named
                .into_iter()
                .find(|name| !name.text().is_some_and(|name| TYPES.contains(&name)))?;
            Some(Unreadable {
                at: wrong.at,
                message: format!("{} is not a type of JSON Schema", wrong.compact()),
                hint: "write `array`, `boolean`, `integer`, `null`, `number`, `object` or `string`",
            })
        }
        _ => Some(Unreadable {
            at: node.at,
            message: format!("a JSON Schema is an object, not {}", node.kind()),
            hint: "write `{\"type\": \"object\", …}`",
        }),
    }
}

/// Whether Apicurio takes it for a JSON Schema.
pub(super) fn apicurio_recognizes(node: &Node) -> bool {
    let dialect = node.get("$schema").and_then(Node::text);
    dialect.is_some_and(|dialect| dialect.contains("json-schema.org")) || node.get("properties").is_some()
}

/// The first message of a Protobuf file, with its package.
pub(super) fn first_message(text: &str) -> Option<String> {
    let words = words(text);
    let after = |word: &str| {
        let at = words.iter().position(|(one, _)| one == word)?;
        words.get(at + 1).map(|(name, _)| name.clone())
    };
    let message = after("message")?;
    Some(match after("package") {
        Some(package) => format!("{package}.{message}"),
        None => message,
    })
}

/// What is wrong with a Protobuf file: brackets that do not match, or no message.
pub(super) fn protobuf(text: &str) -> Option<Unreadable> {
    let mut open: Vec<(&str, Position)> = Vec::new();
    let words = words(text);
    for (word, at) in &words {
        let pair = match word.as_str() {
            "{" => "}",
            "[" => "]",
            "(" => ")",
            close @ ("}" | "]" | ")") => {
                if open.pop().is_none_or(|(expected, _)| expected != close) {
                    return Some(Unreadable {
                        at: *at,
                        message: format!("`{close}` closes nothing"),
                        hint: "remove it, or open it before",
                    });
                }
                continue;
            }
            _ => continue,
        };
        open.push((pair, *at));
    }
    if let Some((close, at)) = open.first() {
        return Some(Unreadable {
            at: *at,
            message: format!("this has no `{close}`"),
            hint: "close it",
        });
    }
    if !words.iter().any(|(word, _)| word == "message") {
        return Some(Unreadable {
            at: Position::START,
            message: "the file has no `message`".to_owned(),
            hint: "write `message … { … }`",
        });
    }
    None
}

/// The words and marks of a Protobuf file, without comments and strings.
fn words(text: &str) -> Vec<(String, Position)> {
    let mut words: Vec<(String, Position)> = Vec::new();
    let (mut at, mut line_comment, mut block_comment, mut quote) = (Position::START, false, false, None);
    let mut within = false;
    let characters: Vec<char> = text.chars().collect();
    let mut index = 0;
    while index < characters.len() {
        let (c, next) = (characters[index], characters.get(index + 1).copied());
        let here = at;
        index += 1;
        if c == '\n' {
            at = Position {
                line: at.line + 1,
                column: 1,
            };
            (line_comment, within) = (false, false);
            continue;
        }
        at.column += 1;
        let mut skip = || {
            index += 1;
            at.column += 1;
        };
        match (c, next) {
            _ if line_comment => continue,
            ('*', Some('/')) if block_comment => {
                block_comment = false;
                skip();
                continue;
            }
            _ if block_comment => continue,
            ('\\', Some(_)) if quote.is_some() => {
                skip();
                continue;
            }
            _ if quote == Some(c) => {
                quote = None;
                continue;
            }
            _ if quote.is_some() => continue,
            ('"' | '\'', _) => quote = Some(c),
            ('/', Some('/')) => line_comment = true,
            ('/', Some('*')) => {
                block_comment = true;
                skip();
            }
            _ if c.is_alphanumeric() || c == '_' || c == '.' => {
                match words.last_mut().filter(|_| within) {
                    Some((word, _)) => word.push(c),
                    None => words.push((c.to_string(), here)),
                }
                within = true;
                continue;
            }
            _ if c.is_whitespace() => {}
            _ => words.push((c.to_string(), here)),
        }
        within = false;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protobuf_file_is_read_past_comments_and_strings() {
        let text = "// message No {\nsyntax = \"proto3{\"; /* } */ package a.b;\nmessage Order { string id = 1; }\n";
        assert_eq!(first_message(text).as_deref(), Some("a.b.Order"));
        assert!(protobuf(text).is_none());
        for (text, expected) in [
            ("message A {", "line 1, column 11: this has no `}`"),
            ("message A {]", "line 1, column 12: `]` closes nothing"),
            ("syntax = \"proto3\";", "line 1, column 1: the file has no `message`"),
        ] {
            let Unreadable { at, message, .. } = protobuf(text).unwrap();
            assert_eq!(format!("{at}: {message}"), expected);
        }
    }
}
