//! What a check has to say: [`Rule`], [`Diagnostic`], [`Diagnostics`], and where in the source a value was made.

pub(crate) mod family;
mod mend;
mod origin;
pub(crate) mod rules;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

pub use mend::{Certainty, Change, Mend};
pub(crate) use origin::Author;
pub use origin::Origin;

/// How much a finding weighs. The weight of a rule depends on the [`Profile`] of the stack.
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
/// All rules of this crate are in [`rules`](crate::rules).
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable id, as `KS-D02`.
    pub id: &'static str,
    /// The path of the constant as a stack writes it in `.acknowledge(&…, "reason")`: `rules::durability::SINGLE_COPY`.
    pub path: &'static str,
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

impl Rule {
    /// Its weight in a profile.
    pub const fn severity(&self, profile: Profile) -> Severity {
        match profile {
            Profile::Production => self.production,
            Profile::Development => self.development,
        }
    }
}

/// How strict the rules are: a rule says its weight for either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Data matters and someone is on call.
    #[default]
    Production,
    /// Data may be lost: one broker on a laptop is fine.
    Development,
}

/// A line: of Rust that made a construct, declared an item or acknowledged a finding, or of a file that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    file: &'static str,
    line: u32,
    /// 0 where it is not known.
    column: u32,
}

impl Location {
    /// The line that called the calling function, as far up as `#[track_caller]` reaches.
    #[track_caller]
    pub fn caller() -> Self {
        let caller = std::panic::Location::caller();
        Self {
            file: caller.file(),
            line: caller.line(),
            column: 0,
        }
    }

    /// A line, from 1 on, of a file: where a value that a helper makes was really said, as a line of YAML. The name of each file
    /// is kept until the process ends.
    ///
    /// ```
    /// use kafka_stacks::diagnostics::Location;
    ///
    /// assert_eq!(Location::new("topics/billing.yaml", 7).to_string(), "topics/billing.yaml:7");
    /// ```
    pub fn new(file: &str, line: u32) -> Self {
        static FILES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
        let file = if let Some(known) = files.get(file) {
            known
        } else {
            let kept: &'static str = Box::leak(file.to_owned().into_boxed_str());
            files.insert(kept);
            kept
        };
        Self { file, line, column: 0 }
    }

    /// The file, with `/` between folders: the compiler writes the separators of the machine that it runs on.
    pub fn file(&self) -> String {
        self.file.replace('\\', "/")
    }

    /// The line, from 1 on.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The same line, from a column on: the first is 1, and 0 stands for none.
    #[must_use]
    pub fn with_column(self, column: u32) -> Self {
        Self { column, ..self }
    }

    /// Whether it is in a file that people write in YAML, and not in Rust.
    pub(crate) fn is_yaml(&self) -> bool {
        [".yaml", ".yml"].iter().any(|end| self.file.ends_with(end))
    }

    /// The column, in characters from 1 on, if it is known.
    pub fn column(&self) -> Option<u32> {
        (self.column > 0).then_some(self.column)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.line)
    }
}

/// Where something is wrong, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The construct; empty for the stack as a whole, or where no stack is judged.
    pub construct: String,
    /// What within the construct, as a topic, a pool or an object; may be empty.
    pub item: String,
    /// The field within an object, as a JSON pointer; empty for the whole of it.
    pub field: String,
    /// The row of the text in that field, from 0 on, if it is about one.
    pub row: Option<u32>,
    /// The setting within that text, by the name that it has there; empty if it is about none.
    pub setting: String,
    /// The object, by its number among those that were read from files; none elsewhere.
    pub object: Option<usize>,
    /// The line that made the value. An object that is judged by itself has none yet.
    pub location: Option<Location>,
}

/// One thing that is wrong, where it is, and how it is mended.
///
/// The setters are for checks; a finding is read through its public fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that was broken.
    pub rule: &'static Rule,
    /// The rule's weight: in production, until the profile of the stack is known.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong: a lowercase fragment with the literal in backticks.
    pub message: String,
    /// The change that mends it, for the author of a stack: a builder call where there is one. May be empty.
    pub hint: String,
    /// The same for the author of a manifest, where `hint` is a builder call.
    pub yaml_hint: Option<String>,
    /// The change of the field or setting that mends it, where one does. Hints that are empty are made from it.
    pub mend: Option<Mend>,
    /// The text of the line that it is about, if that is one of a file that a stack was made of: to show it.
    pub line: Option<String>,
    /// For a reference that leaves what is judged: what would have to exist in the cluster, as `Secret/kafka-tls`.
    pub outside: Option<String>,
    /// The reason, if the finding was acknowledged.
    pub acknowledged: Option<String>,
    /// The mistake that it comes from, if others come from it too.
    pub(crate) cause: Option<Cause>,
    /// What it has in common with others that one change mends too, if that is more than the message.
    pub(crate) alike: Option<String>,
}

/// A mistake that several findings come from: a field of an object. Of these findings those of the lowest rank are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cause {
    /// The object, by its number in the set.
    pub(crate) object: usize,
    /// The field.
    pub(crate) field: &'static str,
    /// How far away it is: 0 is the mistake itself.
    pub(crate) rank: u8,
}

impl Cause {
    /// The number of pods of a workload.
    pub(crate) const fn replicas(object: usize, rank: u8) -> Self {
        let field = "/spec/replicas";
        Self { object, field, rank }
    }

    /// The Service that names the pods of a StatefulSet.
    pub(crate) const fn service_name(object: usize, rank: u8) -> Self {
        let field = "/spec/serviceName";
        Self { object, field, rank }
    }
}

impl Diagnostic {
    /// A broken rule, and what is wrong.
    pub fn new(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.production,
            place: Place::default(),
            message: printable(message.into()),
            hint: String::new(),
            yaml_hint: None,
            mend: None,
            line: None,
            outside: None,
            acknowledged: None,
            cause: None,
            alike: None,
        }
    }

    /// The mistake that it comes from.
    pub(crate) fn because(&mut self, cause: Cause) -> &mut Self {
        self.cause = Some(cause);
        self
    }

    /// What it has in common with others that one change mends too: text shows one of them, and where the others are.
    pub(crate) fn alike(&mut self, cause: impl Into<String>) -> &mut Self {
        self.alike = Some(cause.into());
        self
    }

    /// Names the part of the construct that the finding is about.
    pub fn item(&mut self, item: impl Into<String>) -> &mut Self {
        self.place.item = item.into();
        self
    }

    /// The line that made the value, where that is not the construct's own.
    pub fn at(&mut self, location: Location) -> &mut Self {
        self.place.location = Some(location);
        self
    }

    /// The change that mends it.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = printable(hint.into());
        self
    }

    /// The change that mends it in a manifest, where the hint is a builder call.
    pub fn yaml_hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.yaml_hint = Some(printable(hint.into()));
        self
    }

    /// The text of its line.
    pub(crate) fn line(&mut self, text: impl Into<String>) -> &mut Self {
        self.line = Some(text.into());
        self
    }

    /// The change that mends it, as data.
    pub(crate) fn mend(&mut self, mend: Mend) -> &mut Self {
        self.mend = Some(mend);
        self
    }

    /// The one value that mends a field, which the author is told to write.
    pub(crate) fn write(&mut self, value: &str) -> &mut Self {
        self.hint(format!("write `{value}`")).mend(Mend::set(value))
    }

    /// The change that mends it, of something that the reader knows as `target`. An unknown setting may be that of a plugin.
    pub(crate) fn remedy(&self, target: &str) -> String {
        let Some(mend) = &self.mend else { return String::new() };
        let words = mend.words(target);
        if self.severity == Severity::Warning && self.may_be_a_plugins() {
            format!("{words}, or acknowledge {} if a plugin reads it", self.rule.id)
        } else {
            words
        }
    }

    fn may_be_a_plugins(&self) -> bool {
        [
            &rules::setting::BROKER_UNKNOWN,
            &rules::setting::CLIENT_UNKNOWN,
            &rules::setting::WORKER_UNKNOWN,
            &rules::setting::CONNECTOR_UNKNOWN,
        ]
        .contains(&self.rule)
    }

    /// What would have to exist in the cluster.
    pub(crate) fn outside(&mut self, kind: &str, name: &str) -> &mut Self {
        self.outside = Some(format!("{kind}/{name}"));
        self
    }

    /// The path of what is wrong: `<stack>/<construct>/<item>`.
    pub fn subject(&self, stack: &str) -> String {
        let parts = [stack, &self.place.construct, &self.place.item]
            .into_iter()
            .filter(|part| !part.is_empty());
        printable(parts.collect::<Vec<_>>().join("/"))
    }

    /// The call that acknowledges it, on its construct or on the stack; `None` for what cannot be acknowledged, and for what
    /// is acknowledged already.
    pub fn acknowledge_call(&self) -> Option<String> {
        // The author of a file writes no Rust.
        let possible = self.severity == Severity::Warning
            && *self.rule != rules::stack::ACKNOWLEDGED_NOTHING
            && !self.location().is_yaml();
        (possible && self.acknowledged.is_none()).then(|| {
            let receiver = if self.place.construct.is_empty() { "stack" } else { "" };
            format!("{receiver}.acknowledge(&{}, \"reason\")", self.rule.path)
        })
    }

    /// Where the line of the mistake is, for people: `stacks/prod.rs:41`.
    pub fn location(&self) -> Location {
        self.place.location.unwrap_or(Location {
            file: "",
            line: 0,
            column: 0,
        })
    }
}

/// A finding is a line, whatever is in a name: control characters, and those that change the direction of a text, are written as Rust
/// writes them.
pub(crate) fn printable(text: String) -> String {
    let hides = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || c.is_control()
    };
    if !text.contains(hides) {
        return text;
    }
    text.chars()
        .map(|c| {
            if hides(c) {
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
    /// Adds a finding, and returns it to say more.
    pub(crate) fn add(&mut self, rule: &'static Rule, message: impl Into<String>) -> &mut Diagnostic {
        self.list.push(Diagnostic::new(rule, message));
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.list.push(finding);
    }

    /// All findings, acknowledged ones included.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Drops what a note says of a part of a construct that has an error: it is for what is right.
    pub(crate) fn drop_beside_errors(&mut self, note: &Rule) {
        let place = |finding: &Diagnostic| (finding.place.construct.clone(), finding.place.item.clone());
        let errors = self.list.iter().filter(|finding| finding.severity == Severity::Error);
        let errors: BTreeSet<(String, String)> = errors.map(place).collect();
        self.list
            .retain(|finding| finding.rule != note || !errors.contains(&place(finding)));
    }

    /// Keeps the findings of which this is true, and changes them.
    pub(crate) fn retain_mut(&mut self, keep: impl FnMut(&mut Diagnostic) -> bool) {
        self.list.retain_mut(keep);
    }

    /// The number of findings, acknowledged ones included.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All findings, to acknowledge them.
    pub(crate) fn all_mut(&mut self) -> &mut [Diagnostic] {
        &mut self.list
    }

    /// The number of findings of one severity that are not acknowledged.
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

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.list.extend(more);
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
