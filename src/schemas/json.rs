//! Reads JSON and keeps the position of every value, which a finding shows. Duplicate keys are mistakes here: what reads them later
//! takes the first or the last.

use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// From 1 on.
    pub(super) line: u32,
    /// In characters, from 1 on.
    pub(super) column: u32,
}

impl Position {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    Array(Vec<Node>),
    /// In the order of the text.
    Object(Vec<Member>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) at: Position,
    pub(super) key: String,
    pub(super) value: Node,
}

impl Node {
    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Object(members) = &self.value else {
            return None;
        };
        members
            .iter()
            .find(|member| member.key == key)
            .map(|member| &member.value)
    }

    /// The text of a string.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// As JSON in one line, for messages and to compare values.
    pub(super) fn compact(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.clone(),
            Value::Text(text) => quoted(text),
            Value::Array(items) => format!("[{}]", items.iter().map(Self::compact).collect::<Vec<_>>().join(",")),
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|member| format!("{}:{}", quoted(&member.key), member.value.compact()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// A string of JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: Position,
    pub(super) message: String,
}

/// Nesting that no schema has, and that would use up the stack.
const DEEPEST: usize = 200;

/// Reads a whole text.
pub(super) fn read(text: &str) -> Result<Node, Mistake> {
    let mut reader = Reader {
        rest: text.chars().collect(),
        next: 0,
        at: Position::START,
    };
    reader.blank();
    if reader.peek().is_none() {
        return reader.fail("the file is empty");
    }
    let node = reader.node(0)?;
    reader.blank();
    match reader.peek() {
        None => Ok(node),
        Some(_) => reader.fail("expected the end of the file after the value"),
    }
}

struct Reader {
    rest: Vec<char>,
    next: usize,
    at: Position,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.next).copied()
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.peek()?;
        self.next += 1;
        if taken == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(taken)
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
            self.take();
        }
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake {
            at: self.at,
            message: message.into(),
        })
    }

    /// What is there instead of what was expected.
    fn instead<T>(&self, expected: &str) -> Result<T, Mistake> {
        match self.peek() {
            None => self.fail(format!("expected {expected}, found the end of the file")),
            Some('/') => self.fail(format!(
                "expected {expected}, found `/`; JSON has no comments: use `doc`"
            )),
            Some(found) => self.fail(format!("expected {expected}, found `{}`", found.escape_debug())),
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node, Mistake> {
        if depth > DEEPEST {
            return self.fail(format!("nested more than {DEEPEST} levels deep"));
        }
        let at = self.at;
        let value = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Value::Text(self.string()?),
            Some('-' | '0'..='9') => Value::Number(self.number()?),
            Some(c) if c.is_ascii_alphabetic() => self.word()?,
            _ => return self.instead("a value"),
        };
        Ok(Node { at, value })
    }

    fn word(&mut self) -> Result<Value, Mistake> {
        let at = self.at;
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            word.push(c);
            self.take();
        }
        match word.as_str() {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Mistake {
                at,
                message: format!("expected a value, found `{word}`; a string needs double quotes"),
            }),
        }
    }

    fn number(&mut self) -> Result<String, Mistake> {
        let at = self.at;
        let mut number = String::new();
        while let Some(c) = self
            .peek()
            .filter(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))
        {
            number.push(c);
            self.take();
        }
        match serde_json::from_str::<serde_json::Number>(&number) {
            Ok(_) => Ok(number),
            Err(_) => Err(Mistake {
                at,
                message: format!("`{number}` is not a number"),
            }),
        }
    }

    fn string(&mut self) -> Result<String, Mistake> {
        self.take();
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n') => return self.fail("the string has no end: expected `\"` in its line"),
                Some('"') => {
                    self.take();
                    return Ok(text);
                }
                Some('\\') => text.push(self.escaped()?),
                Some(c) if c.is_control() => {
                    return self.fail(format!("`{}` in a string must be escaped", c.escape_default()));
                }
                Some(c) => {
                    text.push(c);
                    self.take();
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Mistake> {
        let start = self.at;
        self.take();
        let escaped = match self.take() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('u') => {
                let high = self.hex(start)?;
                if (0xd800..0xdc00).contains(&high) && self.peek() == Some('\\') {
                    self.take();
                    if self.take() != Some('u') {
                        return Err(unescapable(start));
                    }
                    let low = self.hex(start)?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(unescapable(start));
                    }
                    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    return char::from_u32(code).ok_or_else(|| unescapable(start));
                }
                return char::from_u32(high).ok_or_else(|| unescapable(start));
            }
            _ => return Err(unescapable(start)),
        };
        Ok(escaped)
    }

    fn hex(&mut self, start: Position) -> Result<u32, Mistake> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| unescapable(start))?;
        }
        Ok(code)
    }

    fn array(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.take();
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(']') {
            self.take();
            return Ok(Value::Array(items));
        }
        loop {
            self.blank();
            items.push(self.node(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(',') => self.separator(']')?,
                Some(']') => {
                    self.take();
                    return Ok(Value::Array(items));
                }
                _ => return self.instead("`,` or `]`"),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.take();
        let mut members: Vec<Member> = Vec::new();
        self.blank();
        if self.peek() == Some('}') {
            self.take();
            return Ok(Value::Object(members));
        }
        loop {
            self.blank();
            if self.peek() != Some('"') {
                return self.instead("a key in double quotes");
            }
            let at = self.at;
            let key = self.string()?;
            if let Some(first) = members.iter().find(|member| member.key == key) {
                let message = format!("the key `{key}` is there twice, first in {}", first.at);
                return Err(Mistake { at, message });
            }
            self.blank();
            if self.peek() != Some(':') {
                return self.instead("`:`");
            }
            self.take();
            self.blank();
            let value = self.node(depth + 1)?;
            members.push(Member { at, key, value });
            self.blank();
            match self.peek() {
                Some(',') => self.separator('}')?,
                Some('}') => {
                    self.take();
                    return Ok(Value::Object(members));
                }
                _ => return self.instead("`,` or `}`"),
            }
        }
    }

    /// Takes a comma, which something must follow.
    fn separator(&mut self, end: char) -> Result<(), Mistake> {
        let comma = self.at;
        self.take();
        self.blank();
        if self.peek() == Some(end) {
            let message = format!("remove the `,` before `{end}`");
            return Err(Mistake { at: comma, message });
        }
        Ok(())
    }
}

fn unescapable(at: Position) -> Mistake {
    Mistake {
        at,
        message: "this escape is not one of JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_reads_is_read_alike() {
        for text in [
            r#"{"a":[1,-2.5e3,true,false,null,"x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"],"b":{},"c":[]}"#,
            " \n[ ]\t",
            "\"\"",
            "0",
        ] {
            let ours = read(text).unwrap().compact();
            let (ours, theirs): (serde_json::Value, serde_json::Value) = (
                serde_json::from_str(&ours).unwrap(),
                serde_json::from_str(text).unwrap(),
            );
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        let said: Vec<String> = [
            "",
            "{",
            "{\"a\": 1,}",
            "[1,\n 2,\n]",
            "{\"a\": 1,\n \"a\": 2}",
            "{a: 1}",
            "[01]",
            "[1.]",
            "\"a\nb\"",
            "[\"\\x\"]",
            "[\"\\ud800\"]",
            "{} {}",
            "// no\n{}",
            "{\"a\": record}",
            "\u{feff}{}",
        ]
        .into_iter()
        .map(|text| {
            assert!(
                serde_json::from_str::<serde_json::Value>(text).is_err() || text.contains("\"a\": 2"),
                "{text}"
            );
            let Mistake { at, message } = read(text).unwrap_err();
            format!("{at}: {message}")
        })
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        line 1, column 1: the file is empty
        line 1, column 2: expected a key in double quotes, found the end of the file
        line 1, column 8: remove the `,` before `}`
        line 2, column 3: remove the `,` before `]`
        line 2, column 2: the key `a` is there twice, first in line 1, column 2
        line 1, column 2: expected a key in double quotes, found `a`
        line 1, column 2: `01` is not a number
        line 1, column 2: `1.` is not a number
        line 1, column 3: the string has no end: expected `"` in its line
        line 1, column 3: this escape is not one of JSON
        line 1, column 3: this escape is not one of JSON
        line 1, column 4: expected the end of the file after the value
        line 1, column 1: expected a value, found `/`; JSON has no comments: use `doc`
        line 1, column 7: expected a value, found `record`; a string needs double quotes
        line 1, column 1: expected a value, found `\u{feff}`
        "#);
    }
}
