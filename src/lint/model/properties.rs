//! Java property files, as `java.util.Properties` reads them.

use std::ops::Range;

use crate::diagnostics::Change;

/// Whether a file is one by its name: ZooKeeper's is known by its whole name.
pub(crate) fn is_property_file(name: &str) -> bool {
    name.ends_with(".properties") || name == "zoo.cfg"
}

/// A line of a property file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: String,
    /// The row that it begins in, from 0 on.
    pub(crate) row: u32,
}

/// The properties of a file, in the order of their lines. A key that is there twice is twice in the list: Java keeps the last one.
pub(crate) fn properties(text: &str) -> Vec<Property> {
    let mut found = Vec::new();
    let mut lines = text.lines().zip(0..);
    while let Some((line, row)) = lines.next() {
        let line = line.trim_start_matches(BLANK);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        // An odd number of backslashes at the end: the next line belongs to this one, without its indentation.
        while logical.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1 {
            logical.pop();
            match lines.next() {
                Some((next, _)) => logical += next.trim_start_matches(BLANK),
                None => break,
            }
        }
        let (key, value) = split(&logical);
        found.push(Property {
            key: unescape(key),
            value: unescape(value).trim_end().to_owned(),
            row,
        });
    }
    found
}

const BLANK: [char; 3] = [' ', '\t', '\u{c}'];

/// The key ends at the first `=`, `:` or blank that is not escaped; one separator and the blanks around it belong to neither side.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|&(_, c)| {
        let ends = !escaped && (c == '=' || c == ':' || BLANK.contains(&c));
        escaped = !escaped && c == '\\';
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let rest = line[end..].trim_start_matches(BLANK);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start_matches(BLANK))
}

fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let plain = match (c, c == '\\') {
            (_, false) => c,
            _ => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    let digits: String = chars.clone().take(4).collect();
                    match u16::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4) {
                        Some(unit) => {
                            units.push(unit);
                            chars.nth(3);
                            continue;
                        }
                        None => 'u',
                    }
                }
                Some(other) => other,
                None => continue,
            },
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16_lossy(&units)
}

/// The change of one setting in a text of lines `key=value`: the rows that go, and those that take their place. None if it cannot be
/// made, or would not be the only one.
pub(crate) fn edited(text: &str, row: usize, key: &str, change: &Change) -> Option<(Range<usize>, Vec<String>)> {
    let lines: Vec<&str> = text.lines().collect();
    let goes_on = |line: &&&str| line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
    let more = lines.get(row..)?.iter().take_while(goes_on).count();
    let rows = row..(row + more + 1).min(lines.len());
    let line = lines[row];
    let start = line.len() - line.trim_start_matches(BLANK).len();
    let rest = line[start..].strip_prefix(key)?;
    let indent = &line[..start];
    let new = match change {
        Change::Remove => Vec::new(),
        Change::Rename(name) => {
            // The lines of a topic begin with its name.
            let name = match key.split_once(' ') {
                Some((topic, _)) => format!("{topic} {name}"),
                None => name.clone(),
            };
            if lines
                .iter()
                .any(|line| line.trim_start_matches(BLANK).starts_with(&name))
            {
                return None;
            }
            let first = format!("{indent}{name}{rest}");
            let others = lines[rows.clone()].iter().skip(1).map(|line| (*line).to_owned());
            std::iter::once(first).chain(others).collect()
        }
        Change::Set(value) => {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let separator = rest.len() - rest.trim_start_matches([' ', '\t', '=', ':']).len();
            vec![format!("{indent}{key}{}{value}", &rest[..separator])]
        }
        Change::Value | Change::Suggest(_) | Change::Quote => return None,
    };
    Some((rows, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_changes_with_all_of_its_rows() {
        let text = "# c\n  a = 1\nlist=x,\\\n  y\nt retention.ms=5\n";
        let after = |row: usize, key: &str, change: &Change| {
            let (rows, new) = edited(text, row, key, change)?;
            let lines: Vec<&str> = text.lines().collect();
            let new: Vec<&str> = new.iter().map(String::as_str).collect();
            Some([&lines[..rows.start], &new, &lines[rows.end..]].concat().join("|"))
        };
        let rename = |name: &str| Change::Rename(name.to_owned());
        for (row, key, change, expected) in [
            (1, "a", Change::Remove, Some("# c|list=x,\\|  y|t retention.ms=5")),
            (
                1,
                "a",
                Change::Set("2".into()),
                Some("# c|  a = 2|list=x,\\|  y|t retention.ms=5"),
            ),
            (1, "a", rename("b"), Some("# c|  b = 1|list=x,\\|  y|t retention.ms=5")),
            (1, "a", rename("list"), None),
            (1, "b", Change::Remove, None),
            (2, "list", Change::Remove, Some("# c|  a = 1|t retention.ms=5")),
            (2, "list", rename("m"), Some("# c|  a = 1|m=x,\\|  y|t retention.ms=5")),
            (
                4,
                "t retention.ms",
                rename("x"),
                Some("# c|  a = 1|list=x,\\|  y|t x=5"),
            ),
            (9, "a", Change::Remove, None),
        ] {
            assert_eq!(after(row, key, &change).as_deref(), expected, "{key} {change:?}");
        }
    }

    /// Checked with `java.util.Properties` of Java 17.
    #[test]
    fn a_file_is_read_as_java_reads_it() {
        let read = |text: &str| {
            let list = properties(text).into_iter();
            list.map(|one| format!("{}|{}|{}", one.row, one.key, one.value))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            read("# no\n! no\n\n a = b \nc:d\ne f\ng\n"),
            ["3|a|b", "4|c|d", "5|e|f", "6|g|"]
        );
        assert_eq!(read("list=a,\\\n  b,\\\n  c\nnext=1"), ["0|list|a,b,c", "3|next|1"]);
        assert_eq!(read("a\\ b\\:c=\\#1\\\\"), ["0|a b:c|#1\\"]);
        assert_eq!(read("a=gr\\u00fcn \\ud834\\udd1e"), ["0|a|grün 𝄞"]);
        assert_eq!(read("a=b\\"), ["0|a|b"]);
    }
}
