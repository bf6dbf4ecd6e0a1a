//! The report as a comment for a pull request: within GitHub's limit, never cut in the middle.

use super::text::{by_object, restarts, subject, verdict, what};
use crate::{
    cli::output::{Paint, count},
    diff::{Change, Report},
};

/// The most characters of a comment on GitHub.
const MOST: usize = 65_536;
/// Room for the sentence about what was left out.
const TAIL: usize = 400;

pub(super) fn comment(report: &Report, several: bool) -> String {
    if report.is_empty() {
        return "### Kafka: nothing changes\n".to_owned();
    }
    let mut text = format!("### Kafka: {}\n", verdict(report, Paint::NONE));
    let objects = by_object(&report.changes);
    let mut ends = String::new();
    if report.unchanged > 0 {
        ends += &format!("\n{} unchanged\n", count(report.unchanged, "object"));
    }
    for note in &report.notes {
        ends += &format!("\n> {note}\n");
    }
    let mut pieces: Vec<String> = Vec::new();
    if !report.restarts.is_empty() {
        let lines = report
            .restarts
            .iter()
            .map(|restart| format!("- {}\n", escaped(&restarts(restart, several))));
        pieces.push(format!("\n**Restarts**\n\n{}", lines.collect::<String>()));
    }
    pieces.extend(objects.iter().map(|changes| object(changes, several)));
    let size = |text: &str| text.chars().count();
    let mut room = MOST.saturating_sub(size(&text) + size(&ends) + TAIL);
    let mut left = 0;
    for piece in pieces {
        let size = size(&piece);
        // Once one does not fit, what comes after it is less bad: it is not told either.
        if left == 0 && size <= room {
            room -= size;
            text += &piece;
        } else {
            left += 1;
        }
    }
    if left > 0 {
        text += &format!(
            "\n…and {} with changes that are not worse: `kafka-stacks diff` shows all of them.\n",
            count(left, "object")
        );
    }
    if text.chars().count() + size(&ends) <= MOST {
        text += &ends;
    }
    text
}

fn object(changes: &[&Change], several: bool) -> String {
    let mut text = format!(
        "\n<details><summary><b>{}</b> {}</summary>\n\n",
        changes[0].class,
        escaped(&subject(changes[0], several))
    );
    for change in changes {
        let flags: String = change.flags.iter().map(|flag| format!(" `{flag}`")).collect();
        text += &format!("- {} **{}**{flags}", code(&what(change)), change.class);
        if !change.reason.is_empty() {
            text += &format!("<br>{}", escaped(&change.reason));
        }
        if let Some(reason) = &change.accepted {
            text += &format!("<br>accepted: {}", escaped(reason));
        }
        text.push('\n');
        if !change.commands.is_empty() {
            text += &format!(
                "\n  ```sh\n{}  ```\n",
                change
                    .commands
                    .iter()
                    .map(|line| format!("  {line}\n"))
                    .collect::<String>()
            );
        }
    }
    text + "\n</details>\n"
}

/// A text as code: with more backticks around it than in it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 {
        format!("`{text}`")
    } else {
        format!("{fence} {text} {fence}")
    }
}

/// A text that is not markup. Backticks stay: reasons have names in them.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('*', "\\*")
        .replace('@', "&#64;")
}
