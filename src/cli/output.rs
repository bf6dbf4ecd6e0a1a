//! The two streams: data on standard output, everything else on standard error.
#![expect(
    clippy::disallowed_methods,
    reason = "only the colours depend on the environment, never the data"
)]

use std::{
    ffi::OsStr,
    io::{ErrorKind, Write},
};

use anyhow::Context as _;
use clap::{ColorChoice, ValueEnum};
use serde_json::Value;

use crate::{diagnostics::printable, operate::control::Told};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one document with a `format_version`
    Json,
    /// Only for `check`: annotations of a GitHub workflow
    Github,
    /// Only for `check`: a SARIF 2.1.0 log, for code scanning
    Sarif,
    /// Only for `diff`: a comment for a pull request
    Markdown,
    /// Only for `tree`: one page for a browser
    Html,
    /// Only for `verify`: a report that test systems read
    Junit,
}

impl Format {
    /// Whether it can only report findings.
    pub(super) fn is_for_findings(self) -> bool {
        matches!(self, Self::Github | Self::Sarif)
    }
}

/// The version of all JSON reports. It is raised when a key changes its meaning or is removed; new keys may be added at
/// any time.
pub(super) const FORMAT_VERSION: u32 = 2;

/// Where a run writes to.
pub(super) struct Output<'a> {
    data: &'a mut dyn Write,
    data_paint: Paint,
    notes: &'a mut dyn Write,
    note_paint: Paint,
    format: Format,
    /// The last line on a terminal, while it can be written anew.
    open: Option<Open>,
}

/// A line on a terminal that is written anew.
struct Open {
    text: String,
    /// How many columns are on the terminal.
    width: usize,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        (data, data_paint): (&'a mut dyn Write, Paint),
        (notes, note_paint): (&'a mut dyn Write, Paint),
        format: Format,
    ) -> Self {
        Self {
            data,
            data_paint,
            notes,
            note_paint,
            format,
            open: None,
        }
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The colours of the data.
    pub(super) fn data_paint(&self) -> Paint {
        self.data_paint
    }

    /// The colours of the notes.
    pub(super) fn note_paint(&self) -> Paint {
        self.note_paint
    }

    /// Writes pieces of data. A closed pipe is not an error: the reader needs no more.
    pub(super) fn data<'t>(&mut self, pieces: impl IntoIterator<Item = &'t str>) -> anyhow::Result<()> {
        self.close();
        let written = pieces
            .into_iter()
            .try_for_each(|piece| self.data.write_all(piece.as_bytes()))
            .and_then(|()| self.data.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).context("cannot write to standard output")
            }
            _ => Ok(()),
        }
    }

    /// Writes a report for programs, with the version of its format.
    pub(super) fn json(&mut self, mut report: Value) -> anyhow::Result<()> {
        report["format_version"] = FORMAT_VERSION.into();
        self.data([format!("{report:#}\n").as_str()])
    }

    /// Writes what is not data. A failure to write it is ignored: there is no other place to report it.
    pub(super) fn note(&mut self, text: &str) {
        self.close();
        let _ = self.notes.write_all(text.as_bytes());
    }

    /// Tells how a verb goes on, indented. On a terminal, what is waited for is one line, written anew with each change and with the seconds
    /// that it takes, until something else is told; elsewhere each change is a line.
    pub(super) fn progress(&mut self, told: Told<'_>, indent: &str) {
        let line = |text: &str| format!("{indent}{}", printable(text.to_owned()));
        match told {
            Told::Waits(text) if self.note_paint.folds => self.rewrite(line(text), ""),
            Told::Step(text) | Told::Waits(text) => self.note(&(line(text) + "\n")),
            Told::Still(seconds) => {
                if let Some(text) = self.open.as_ref().map(|open| open.text.clone()) {
                    self.rewrite(text, &format!(" ({seconds} s)"));
                }
            }
        }
    }

    /// Writes the last line of a terminal anew: by spaces, since not every console knows a code for it.
    fn rewrite(&mut self, text: String, end: &str) {
        let before = self.open.as_ref().map_or(0, |open| open.width);
        let room = WIDTH - 1 - end.chars().count();
        let mut shown: String = if text.chars().count() > room {
            text.chars().take(room - 1).chain(['…']).collect()
        } else {
            text.clone()
        };
        shown += end;
        let width = shown.chars().count();
        let rest = before.saturating_sub(width);
        let _ = write!(self.notes, "\r{shown}{:rest$}", "").and_then(|()| self.notes.flush());
        self.open = Some(Open { text, width });
    }

    /// Takes the line away that is written anew.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let _ = write!(self.notes, "\r{:1$}\r", "", open.width);
        }
    }
}

/// How a stream is written to: with colours or none, and for a terminal in lines that fit it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    on: bool,
    folds: bool,
}

impl Paint {
    /// Colours and line length for a stream: see [`colourful`].
    pub(super) fn new(wish: ColorChoice, terminal: bool) -> Self {
        let [no_color, term] = ["NO_COLOR", "TERM"].map(std::env::var_os);
        Self {
            on: colourful(wish, terminal, no_color.as_deref(), term.as_deref()),
            folds: terminal,
        }
    }

    /// For a terminal, lines of up to 80 characters, indented by this many spaces after the first; for a program or a
    /// file, one line, which can be searched.
    pub(super) fn folded(self, text: &str, indent: usize) -> String {
        if self.folds {
            wrapped(text, indent)
        } else {
            format!("{text}\n")
        }
    }

    /// No colours, in lines of any length.
    pub(super) const NONE: Self = Self {
        on: false,
        folds: false,
    };

    /// No colours.
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self {
        on: false,
        folds: false,
    };

    pub(super) fn error(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(super) fn warning(self, text: &str) -> String {
        self.with("1;33", text)
    }

    pub(super) fn hint(self, text: &str) -> String {
        self.with("36", text)
    }

    pub(super) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, style: &str, text: &str) -> String {
        if self.on {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// `--color` comes first, then `NO_COLOR` (if it is not empty), then whether the stream is a terminal.
fn colourful(wish: ColorChoice, terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    match wish {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb"),
    }
}

/// How many columns a terminal has at least.
const WIDTH: usize = 80;

/// A paragraph in lines of up to 80 characters, indented by this many spaces after the first, each ending in a newline.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    // The spaces before the first word stay.
    let (start, words) = text.split_at(text.len() - text.trim_start().len());
    lines += start;
    for word in words.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            lines += &format!("\n{:indent$}", "");
            column = indent;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        } else {
            column = start.len();
        }
        lines += word;
        column += width;
    }
    lines.push('\n');
    lines
}

/// A number with its noun: `1 file`, `2 files`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_unless_someone_says_otherwise() {
        use ColorChoice::{Always, Auto, Never};
        for (wish, terminal, no_color, term, expected) in [
            (Auto, true, None, Some("xterm"), true),
            (Auto, true, None, None, true),
            (Auto, true, Some(""), None, true),
            (Auto, true, Some("1"), None, false),
            (Auto, true, None, Some("dumb"), false),
            (Auto, false, None, Some("xterm"), false),
            (Always, false, Some("1"), Some("dumb"), true),
            (Never, true, None, Some("xterm"), false),
        ] {
            let [no_color_set, term_set] = [no_color, term].map(|value| value.map(OsStr::new));
            let colour = colourful(wish, terminal, no_color_set, term_set);
            assert_eq!(colour, expected, "{wish:?} {terminal} {no_color:?} {term:?}");
        }
    }

    #[test]
    fn a_paragraph_is_broken_at_words_and_only_for_terminals() {
        let text =
            "  hint: use `Replication::new(2, 1)` in `Topic::replication(…)`, or a factor that the brokers can hold";
        let terminal = Paint { on: false, folds: true };
        insta::assert_snapshot!(terminal.folded(text, 8), @r"
          hint: use `Replication::new(2, 1)` in `Topic::replication(…)`, or a factor
                that the brokers can hold
        ");
        assert_eq!(Paint::PLAIN.folded(text, 8), format!("{text}\n"));
        let long = "x".repeat(200);
        assert_eq!(wrapped(&format!("a {long} b"), 2), format!("a\n  {long}\n  b\n"));
        assert_eq!(wrapped("", 2), "\n");
    }

    /// A stream that fails in one way.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is on a screen after these bytes: `\r` goes back to the start of the line, and what is written there replaces what was there.
    fn screen(bytes: &[u8]) -> String {
        let text = std::str::from_utf8(bytes).unwrap();
        let lines = text.split('\n').map(|line| {
            let mut cells: Vec<char> = Vec::new();
            for part in line.split('\r') {
                for (at, letter) in part.chars().enumerate() {
                    cells.resize(cells.len().max(at + 1), ' ');
                    cells[at] = letter;
                }
            }
            cells.into_iter().collect::<String>().trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What is told, and what is on the terminal or in the file in the end.
    fn progress(folds: bool, told: &[Told<'_>]) -> String {
        let (mut data, mut notes) = (Vec::new(), Vec::new());
        let paint = Paint { on: false, folds };
        let mut output = Output::new((&mut data, paint), (&mut notes, paint), Format::Text);
        for one in told {
            output.progress(*one, "  ");
        }
        if folds {
            screen(&notes)
        } else {
            String::from_utf8(notes).unwrap()
        }
    }

    #[test]
    fn what_is_waited_for_is_one_line_on_a_terminal_and_lines_in_a_log() {
        let told = [
            Told::Step("kafka-1: restarts"),
            Told::Waits("kafka-1: waits: the old pod is still there"),
            Told::Still(5),
            Told::Waits("kafka-1: waits: is Running"),
            Told::Still(35),
        ];
        assert_eq!(
            progress(true, &told),
            "  kafka-1: restarts\n  kafka-1: waits: is Running (35 s)"
        );
        let done = [&told[..], &[Told::Step("kafka-1: is back after 60 s")]].concat();
        assert_eq!(
            progress(true, &done),
            "  kafka-1: restarts\n  kafka-1: is back after 60 s\n"
        );
        insta::assert_snapshot!(progress(false, &done), @r"
        kafka-1: restarts
        kafka-1: waits: the old pod is still there
        kafka-1: waits: is Running
        kafka-1: is back after 60 s
        ");
        let long = format!("x{}", "é".repeat(200));
        let screen = progress(true, &[Told::Waits(&long), Told::Still(120)]);
        assert_eq!(screen.chars().count(), WIDTH - 1, "{screen}");
        assert!(screen.ends_with("… (120 s)"), "{screen}");
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
        for (kind, expected) in [
            (ErrorKind::BrokenPipe, None),
            (
                ErrorKind::StorageFull,
                Some("cannot write to standard output: no storage space"),
            ),
        ] {
            let (mut data, mut notes) = (Broken(kind), Broken(kind));
            let paint = Paint::PLAIN;
            let mut output = Output::new((&mut data, paint), (&mut notes, paint), Format::Text);
            output.note("lost");
            let message = output.data(["text"]).err().map(|error| format!("{error:#}"));
            assert_eq!(message.as_deref(), expected);
        }
    }
}
