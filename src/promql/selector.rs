//! Selectors of series.

use std::fmt;

/// A metric's name and the matchers of its labels, in the order in which they were added. It is printed as `PromQL`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Selector {
    metric: String,
    matchers: Vec<(String, Operator, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl Selector {
    /// All series of a metric.
    pub fn new(metric: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            matchers: Vec::new(),
        }
    }

    /// Only series whose label has this value.
    pub fn equal(self, label: &str, value: &str) -> Self {
        self.with(label, Operator::Equal, value)
    }

    /// Only series whose label has another value.
    pub fn not_equal(self, label: &str, value: &str) -> Self {
        self.with(label, Operator::NotEqual, value)
    }

    /// Only series whose whole label value matches this regular expression.
    pub fn regex(self, label: &str, pattern: &str) -> Self {
        self.with(label, Operator::Regex, pattern)
    }

    /// Only series whose whole label value does not match this regular expression.
    pub fn not_regex(self, label: &str, pattern: &str) -> Self {
        self.with(label, Operator::NotRegex, pattern)
    }

    /// Only series whose label has this value, which is a regular expression if it begins with `~`.
    pub(crate) fn matching(self, (label, value): (&str, &str)) -> Self {
        match value.strip_prefix('~') {
            Some(pattern) => self.regex(label, pattern),
            None => self.equal(label, value),
        }
    }

    fn with(mut self, label: &str, operator: Operator, value: &str) -> Self {
        self.matchers.push((label.to_owned(), operator, value.to_owned()));
        self
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        let mut separator = "{";
        for (label, operator, value) in &self.matchers {
            let operator = match operator {
                Operator::Equal => "=",
                Operator::NotEqual => "!=",
                Operator::Regex => "=~",
                Operator::NotRegex => "!~",
            };
            for part in [separator, label, operator] {
                f.write_str(part)?;
            }
            quoted(value, f)?;
            separator = ",";
        }
        f.write_str(if self.matchers.is_empty() { "" } else { "}" })
    }
}

/// Writes a string literal.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for part in text.split_inclusive(['\\', '"', '\n']) {
        let (plain, escaped) = match part.char_indices().next_back() {
            Some((end, '\\')) => (&part[..end], "\\\\"),
            Some((end, '"')) => (&part[..end], "\\\""),
            Some((end, '\n')) => (&part[..end], "\\n"),
            _ => (part, ""),
        };
        f.write_str(plain)?;
        f.write_str(escaped)?;
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::parse;

    #[test]
    fn a_selector_is_printed_as_promql() {
        let all = Selector::new("up");
        assert_eq!(all.to_string(), "up");
        let some = all
            .equal("job", "kafka")
            .not_equal("pod", "a\"b\\\n")
            .regex("id", "[0-9]+|x");
        assert_eq!(some.to_string(), r#"up{job="kafka",pod!="a\"b\\\n",id=~"[0-9]+|x"}"#);
        assert!(parse(&some.to_string()).is_ok());
    }
}
