//! A line of a file with a mark below it.

use crate::{cli::output::Paint, diagnostics::Severity};

/// The line with what is meant underlined, as rustc does it.
pub(super) fn snippet(number: u32, column: u32, line: &str, severity: Severity, paint: Paint) -> String {
    const WIDEST: usize = 120;
    // Blanks in front of everything say nothing; a tab would move the marks, and other control characters the cursor.
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let chars: Vec<char> = line.trim_end().chars().collect();
    let start = usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1);
    if start >= chars.len() {
        return String::new();
    }
    let rest = &chars[start..];
    // Within `{a: 1, b: 2}` the next comma ends it; a comment is not part of it.
    let flow = chars[..start].iter().any(|c| "{[".contains(*c));
    let end = rest
        .iter()
        .zip(rest.iter().skip(1).chain([&' ']))
        .position(|(c, next)| flow && (",}]".contains(*c)) || *c == ' ' && *next == '#');
    let marked: String = rest[..end.unwrap_or(rest.len())].iter().collect();
    let marks = marked.trim_end().chars().count().max(1);
    // Of a long line, what is before the mark is left out first.
    let cut = if chars.len() > WIDEST {
        start.min(chars.len() - WIDEST)
    } else {
        0
    };
    let shown: String = chars[cut..].iter().take(WIDEST).collect();
    let marks = marks.min(WIDEST - (start - cut).min(WIDEST - 1));
    let number = number.to_string();
    let gutter = " ".repeat(number.len());
    let style: fn(Paint, &str) -> String = match severity {
        Severity::Error => Paint::error,
        _ => Paint::warning,
    };
    format!(
        "  {} {shown}\n  {gutter} {} {}{}\n",
        paint.faint(&format!("{number} |")),
        paint.faint("|"),
        " ".repeat(start - cut),
        style(paint, &"^".repeat(marks)),
    )
}
