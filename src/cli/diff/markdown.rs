//! The report as a comment for a pull request: within GitHub's limit, never cut in the middle.

use super::text::{Told, by_object, restarts, subject, verdict, what};
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
    let lines = report
        .restarts
        .iter()
        .map(|restart| format!("- {}\n", escaped(&restarts(restart, several))));
    let restarted = format!("\n**Restarts**\n\n{}", lines.collect::<String>());
    let size = |text: &str| text.chars().count();
    let mut room = MOST.saturating_sub(size(&text) + size(&ends) + TAIL);
    if !report.restarts.is_empty() {
        // The list may be longer than a comment, and the changes matter more.
        let told = if size(&restarted) <= room / 2 {
            restarted
        } else {
            let workloads = count(report.restarts.len(), "workload");
            format!("\n**Restarts**: {workloads}, which `kafka-stacks diff` lists\n")
        };
        room = room.saturating_sub(size(&told));
        text += &told;
    }
    // Once one does not fit as a whole, what comes after it is less bad: it is not told either.
    let mut left = 0;
    let mut told = Told::default();
    for changes in &objects {
        let (piece, is_whole) = object(changes, several, &mut told, room);
        if left > 0 || piece.is_empty() {
            left += 1;
            continue;
        }
        room = if is_whole { room.saturating_sub(size(&piece)) } else { 0 };
        text += &piece;
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

/// The changes of an object, as many as there is room for, in characters, and whether these are all; nothing if there is room for none.
fn object<'r>(changes: &[&'r Change], several: bool, told_before: &mut Told<'r>, room: usize) -> (String, bool) {
    /// Room for the number of those that are left out, and for what closes the object.
    const END: usize = 100;
    let mut text = format!(
        "\n<details><summary><b>{}</b> {}</summary>\n\n",
        changes[0].class,
        escaped(&subject(changes[0], several))
    );
    let mut size = text.chars().count() + END;
    let mut told = 0;
    for change in changes {
        let change = self::change(change, &told_before.commands(change));
        size += change.chars().count();
        if size > room {
            break;
        }
        text += &change;
        told += 1;
    }
    if told == 0 {
        return (String::new(), false);
    }
    let is_whole = told == changes.len();
    if !is_whole {
        text += &format!("- …and {} of this object\n", count(changes.len() - told, "change"));
    }
    (text + "\n</details>\n", is_whole)
}

/// A change as an item of a list.
fn change(change: &Change, commands: &[String]) -> String {
    let flags: String = change.flags.iter().map(|flag| format!(" `{flag}`")).collect();
    let mut text = format!("- {} **{}**{flags}", code(&what(change)), change.class);
    if !change.reason.is_empty() {
        text += &format!("<br>{}", escaped(&change.reason));
    }
    if let Some(reason) = &change.accepted {
        text += &format!("<br>accepted: {}", escaped(reason));
    }
    text.push('\n');
    if !commands.is_empty() {
        let commands: String = commands.iter().map(|line| format!("  {line}\n")).collect();
        text += &format!("\n  ```sh\n{commands}  ```\n");
    }
    text
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
