//! What a check has to say: [`Rule`], [`Diagnostic`], [`Diagnostics`], and where in the source a value was made.

pub mod rules;

use std::fmt;

/// How much a finding weighs. The weight of a rule depends on the [`Profile`](crate::stack::Profile) of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The system would not start, would lose data or would never alert: nothing is written. It cannot be acknowledged.
    Error,
    /// It runs, and someone will regret it. It can be acknowledged with a reason.
    Warning,
    /// It is right, and could be said more simply: shown only with everything else.
    Note,
    /// The rule does not apply.
    Off,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Off => "off",
        })
    }
}

/// A rule is data: what it is called, how much it weighs, why it exists. The check that applies it lives with the construct.
///
/// All rules of this crate are in [`rules`](crate::diagnostics::rules).
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable id, as `KS-D02`.
    pub id: &'static str,
    /// The weight in a production stack.
    pub production: Severity,
    /// The weight in a development stack.
    pub development: Severity,
    /// The rule in one line: a lowercase fragment.
    pub summary: &'static str,
    /// What happens on a real cluster, and what to do: full sentences.
    pub explanation: &'static str,
    /// Where the knowledge comes from.
    pub source: &'static str,
}

/// A line of source: where a construct was made, an item declared, a finding acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    file: &'static str,
    line: u32,
}

impl Location {
    /// The line that called the calling function, as far up as `#[track_caller]` reaches.
    #[track_caller]
    pub fn caller() -> Self {
        let caller = std::panic::Location::caller();
        Self {
            file: caller.file(),
            line: caller.line(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The compiler writes the separators of the machine that it runs on; messages are the same on every machine.
        write!(f, "{}:{}", self.file.replace('\\', "/"), self.line)
    }
}

/// What a finding points to: a line of the stack's source, or of a manifest that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The line that made the value.
    Source(Location),
    /// The line of a manifest, and its file as it was named on the command line.
    Manifest {
        /// With `/` between folders on every machine.
        file: String,
        /// From 1 on.
        line: u32,
    },
}

impl Place {
    /// The file, with `/` between folders on every machine.
    pub fn file(&self) -> String {
        match self {
            Self::Source(location) => location.file.replace('\\', "/"),
            Self::Manifest { file, .. } => file.clone(),
        }
    }

    /// The line, from 1 on.
    pub fn line(&self) -> u32 {
        match self {
            Self::Source(location) => location.line,
            Self::Manifest { line, .. } => *line,
        }
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self::Source(location)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.line())
    }
}

/// One thing that is wrong, where it is, and how it is mended.
///
/// The setters are for checks; a finding is read through its public fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that was broken.
    pub rule: &'static Rule,
    /// The rule's weight in this stack.
    pub severity: Severity,
    /// The construct, or empty for the stack as a whole.
    pub construct: String,
    /// What within the construct, as a topic or a pool; may be empty.
    pub item: String,
    /// What is wrong: a lowercase fragment with the literal in backticks.
    pub message: String,
    /// The change that mends it, as a builder call; may be empty.
    pub hint: String,
    /// The line that made the value.
    pub location: Place,
    /// The reason, if the finding was acknowledged.
    pub acknowledged: Option<String>,
}

impl Diagnostic {
    /// Names the part of the construct that the finding is about.
    pub fn item(&mut self, item: impl Into<String>) -> &mut Self {
        self.item = item.into();
        self
    }

    /// The line that made the value, where that is not the construct's own.
    pub fn at(&mut self, location: impl Into<Place>) -> &mut Self {
        self.location = location.into();
        self
    }

    /// The change that mends it.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = hint.into();
        self
    }

    /// The path of what is wrong: `<stack>/<construct>/<item>`.
    pub fn subject(&self, stack: &str) -> String {
        let parts = [stack, &self.construct, &self.item]
            .into_iter()
            .filter(|part| !part.is_empty());
        printable(parts.collect::<Vec<_>>().join("/"))
    }
}

/// A finding is a line, whatever is in a name: control characters are written as Rust writes them.
pub(crate) fn printable(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars()
        .map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// What all checks of a stack found, in the order in which constructs were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.list.push(finding);
    }

    /// All findings, acknowledged ones included.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// All findings, to acknowledge them.
    pub(crate) fn all_mut(&mut self) -> &mut [Diagnostic] {
        &mut self.list
    }

    /// The number of findings of one weight that nobody acknowledged.
    pub fn count(&self, severity: Severity) -> usize {
        self.list
            .iter()
            .filter(|finding| finding.severity == severity && finding.acknowledged.is_none())
            .count()
    }

    /// Whether anything here forbids writing the output.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A decision to live with a warning, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The rule that is quieted.
    pub rule: &'static Rule,
    /// Why that is right here; printed by `check --all`.
    pub reason: String,
    /// The line that says so.
    pub location: Location,
}
