//! What a container runs and is told: its command and its environment.

use std::collections::BTreeMap;

use super::node::Node;

/// Command and arguments in a line.
pub(crate) fn command(container: &Node<'_, '_>) -> String {
    let mut words = Vec::new();
    for list in ["command", "args"] {
        let list = container.get(list);
        words.extend(list.items().map(|word| word.text().to_owned()));
    }
    words.join(" ")
}

/// What each variable of a container stands for. A field of the pod is written as `{metadata.name}`.
pub(crate) fn variables(container: &Node<'_, '_>) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let env = container.get("env");
    for variable in env.items() {
        let name = variable.get("name").text();
        let field = variable.get("valueFrom").get("fieldRef").get("fieldPath").str();
        let value = match (variable.get("value").str(), field) {
            (Some(text), _) => expand(text, &known),
            (None, Some(path)) => format!("{{{path}}}"),
            (None, None) if variable.get("valueFrom").is_set() => "{elsewhere}".to_owned(),
            (None, None) => String::new(),
        };
        known.insert(name.to_owned(), value);
    }
    known
}

/// The longest value that variables are put into: each may hold the one before it twice.
pub(crate) const LONGEST: usize = 1 << 16;

fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = text.to_owned();
    for name in references(text) {
        if let Some(value) = known.get(name).filter(|_| expanded.len() < LONGEST) {
            expanded = expanded.replacen(&format!("$({name})"), value, 1);
        }
    }
    expanded
}

/// The names in `$(NAME)`. `$$(NAME)` stands for itself.
pub(crate) fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('(')
            && let Some(end) = after.find(')')
        {
            let name = &after[..end];
            let variable = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
            if variable {
                names.push(name);
            }
            rest = after;
        }
    }
    names
}
