//! Java's regular expressions, as far as it is certain that Java refuses one.

/// The state before a quantifier: what it may repeat.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Item,
    Quantifier,
    /// A quantifier with its `?` or `+`.
    Complete,
}

/// Why Java refuses the pattern of an agent's rule; `None` if it compiles, or might.
///
/// The agent compiles `^.*(?:` + pattern + `).*$`, so that is what is judged.
pub(crate) fn broken(pattern: &str) -> Option<String> {
    // Comments and literals give other characters a meaning.
    if pattern.contains("(?x") || pattern.contains("\\Q") {
        return None;
    }
    let text: Vec<char> = "^.*(?:".chars().chain(pattern.chars()).chain(").*$".chars()).collect();
    let mut open = 0_u32;
    let mut before = Before::Nothing;
    let mut at = 0;
    while let Some(&c) = text.get(at) {
        match c {
            '\\' => {
                if let Some(escaped) = unknown_escape(&text, at) {
                    return Some(format!("Java has no escape `\\{escaped}`"));
                }
                at += 1;
                before = Before::Item;
            }
            '[' => match end_of_class(&text, at) {
                Some(end) => {
                    at = end;
                    before = Before::Item;
                }
                None => return Some("`[` is not closed".to_owned()),
            },
            '(' => {
                open += 1;
                before = Before::Nothing;
                // The kind of the group.
                if text.get(at + 1) == Some(&'?') {
                    at += if text.get(at + 2) == Some(&':') { 2 } else { 1 };
                }
            }
            ')' if open == 0 => return Some("`)` closes nothing".to_owned()),
            ')' => {
                open -= 1;
                before = Before::Item;
            }
            '|' => before = Before::Nothing,
            '*' | '+' | '?' => {
                before = match before {
                    Before::Item => Before::Quantifier,
                    Before::Quantifier if c != '*' => Before::Complete,
                    _ => return Some(format!("`{c}` has nothing to repeat")),
                }
            }
            _ => before = Before::Item,
        }
        at += 1;
    }
    (open > 0).then(|| "`(` is not closed".to_owned())
}

/// The letter of an escape that Java does not have.
fn unknown_escape(text: &[char], at: usize) -> Option<char> {
    let escaped = *text.get(at + 1)?;
    "gijlmoqyCIJKLMOTUY".contains(escaped).then_some(escaped)
}

/// Where a character class ends. Classes can be nested, and a `]` right behind the beginning belongs to the class.
fn end_of_class(text: &[char], start: usize) -> Option<usize> {
    let mut depth = 0_u32;
    let mut at = start;
    while let Some(&c) = text.get(at) {
        match c {
            '\\' => at += 1,
            '[' => {
                depth += 1;
                if text.get(at + 1) == Some(&'^') {
                    at += 1;
                }
                if text.get(at + 1) == Some(&']') {
                    at += 1;
                }
            }
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked with `java.util.regex.Pattern` of Java 17.
    #[test]
    fn only_what_java_refuses_is_refused() {
        for pattern in [
            "",
            "kafka.server<type=(.+), name=(.+)PerSec\\w*><>Count",
            "^kafka.log<type=Log, name=Size, topic=\"?([^\",>]+)\"?><>Value:",
            "a{2,}(?i)b*?c++",
            "(?<name>x)|y?",
            "[]a]",
            "[^]a]+",
            "[a[b&&[^c]]]+",
            "a]b}c",
            "\\Q(\\E",
            "a)|(?:b",
            "\\(",
            "\\p{Alpha}\\d\\$",
            "^*a",
        ] {
            assert_eq!(broken(pattern), None, "{pattern}");
        }
        for (pattern, reason) in [
            ("kafka.server<type=(.+, name=(.+)><>Count", "`(` is not closed"),
            ("a)b", "`)` closes nothing"),
            ("*kafka", "`*` has nothing to repeat"),
            ("a|+b", "`+` has nothing to repeat"),
            ("a**", "`*` has nothing to repeat"),
            ("a+?+", "`+` has nothing to repeat"),
            ("(?:a", "`(` is not closed"),
            ("[a-z", "`[` is not closed"),
            ("a\\yb", "Java has no escape `\\y`"),
            ("a\\", "`(` is not closed"),
        ] {
            assert_eq!(broken(pattern).as_deref(), Some(reason), "{pattern}");
        }
    }
}
