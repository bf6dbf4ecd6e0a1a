//! An error of a verb.

use std::io::{self, ErrorKind};

use crate::cli::output::Paint;

/// Why a file or folder cannot be read or written, in words that are the same on every machine.
pub(super) fn cause(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or folder".to_owned(),
        kind => kind.to_string(),
    }
}

/// One or several errors, with hints.
#[derive(Debug)]
pub(super) struct Failure {
    messages: Vec<String>,
    hints: Vec<String>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::several(vec![message.into()])
    }

    pub(super) fn several(messages: Vec<String>) -> Self {
        Self {
            messages,
            hints: Vec::new(),
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn text(&self, paint: Paint) -> String {
        let messages = self
            .messages
            .iter()
            .map(|message| format!("{} {message}\n", paint.error("error:")));
        let hints = self
            .hints
            .iter()
            .map(|hint| format!("  {} {hint}\n", paint.hint("hint:")));
        messages.chain(hints).collect()
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        // With `#`, the causes follow in the same line.
        Self::new(format!("{error:#}"))
    }
}
