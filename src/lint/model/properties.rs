//! Java property files, as `java.util.Properties` reads them.

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

#[cfg(test)]
mod tests {
    use super::*;

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
