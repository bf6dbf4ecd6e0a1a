//! The layout of a dashboard's JSON. Kept by hand, it makes 3,741 lines of the dashboards of `prod`, where the pretty layout of
//! `serde_json` makes 6,615.

use serde_json::Value;

/// JSON that is easy to review: short values stay on one line, so that a panel has a few lines and not fifty.
pub(super) fn write(value: &Value, depth: usize, text: &mut String) {
    const LINE: usize = 100;
    let (open, close, items): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Object(map) => ('{', '}', map.iter().map(|(key, item)| (Some(key), item)).collect()),
        Value::Array(list) => ('[', ']', list.iter().map(|item| (None, item)).collect()),
        scalar => {
            on_a_line(scalar, usize::MAX, text);
            return;
        }
    };
    let start = text.len();
    if on_a_line(value, start + LINE, text) {
        return;
    }
    text.truncate(start);
    let indent = "  ".repeat(depth);
    text.push(open);
    for (index, (key, item)) in items.into_iter().enumerate() {
        text.push_str(if index == 0 { "\n  " } else { ",\n  " });
        text.push_str(&indent);
        if let Some(key) = key {
            quoted(key, text);
            text.push_str(": ");
        }
        write(item, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&indent);
    text.push(close);
}

/// Appends a value without spaces, and stops as soon as the text is longer than `end`. Returns whether it fits.
fn on_a_line(value: &Value, end: usize, text: &mut String) -> bool {
    let fits = match value {
        Value::Object(map) => {
            text.push('{');
            let fits = map.iter().enumerate().all(|(index, (key, item))| {
                text.push_str(if index == 0 { "" } else { "," });
                quoted(key, text);
                text.push(':');
                on_a_line(item, end, text)
            });
            text.push('}');
            fits
        }
        Value::Array(list) => {
            text.push('[');
            let fits = list.iter().enumerate().all(|(index, item)| {
                text.push_str(if index == 0 { "" } else { "," });
                on_a_line(item, end, text)
            });
            text.push(']');
            fits
        }
        // What is certainly too long is not even written.
        Value::String(string) => {
            let fits = string.len() <= end.saturating_sub(text.len());
            if fits {
                quoted(string, text);
            }
            fits
        }
        other => {
            text.push_str(&other.to_string());
            true
        }
    };
    fits && text.len() <= end
}

/// Appends a string in quotes. Most need no escape, and are copied.
fn quoted(string: &str, text: &mut String) {
    if string.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        text.push_str(&Value::from(string).to_string());
    } else {
        text.push('"');
        text.push_str(string);
        text.push('"');
    }
}
