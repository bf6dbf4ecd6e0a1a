//! What mends a finding, as data: the words for the author of a stack and for the author of a manifest are made from it, and so is
//! the patch of `check --fix`.

use serde_json::Value;

/// The change of one setting or field that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// The field of the object that is changed, as a JSON pointer, where it is not what the finding is about.
    pub field: Option<String>,
    /// What happens to it.
    pub change: Change,
    /// What to do instead, or why: follows the change after a colon. May be empty.
    pub instead: String,
    /// Whether it may be applied without a question.
    pub certainty: Certainty,
}

/// What happens to a setting or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It goes.
    Remove,
    /// It gets another value; which one is for the reader to say.
    Value,
    /// It gets this name, and keeps its value.
    Rename(String),
    /// It may have been meant to have this name.
    Suggest(String),
    /// It gets this value, or is added with it.
    Set(Value),
    /// It is put in quotes: it is meant as a text.
    Quote,
}

/// Whether a change may be applied without a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Nothing else can be meant: `check --fix` makes the change.
    Certain,
    /// The author decides.
    Advice,
}

impl Mend {
    const fn new(change: Change, instead: String, certainty: Certainty) -> Self {
        Self {
            field: None,
            change,
            instead,
            certainty,
        }
    }

    /// It has no effect, or does harm: it goes. `instead` says what to do instead; it may be empty.
    pub(crate) fn remove(instead: impl Into<String>) -> Self {
        Self::new(Change::Remove, instead.into(), Certainty::Advice)
    }

    /// It has no effect, and needs none: it goes. `why` says why nothing is to be done.
    pub(crate) fn drop(why: impl Into<String>) -> Self {
        Self::new(Change::Remove, why.into(), Certainty::Certain)
    }

    /// It needs another value.
    pub(crate) const fn change() -> Self {
        Self::new(Change::Value, String::new(), Certainty::Advice)
    }

    /// It needs another value, about which this is known: it follows the change after a colon.
    pub(crate) fn change_to(instead: impl Into<String>) -> Self {
        Self::new(Change::Value, instead.into(), Certainty::Advice)
    }

    /// It has this name.
    pub(crate) const fn rename(name: String) -> Self {
        Self::new(Change::Rename(name), String::new(), Certainty::Certain)
    }

    /// It probably was meant to have this name.
    pub(crate) const fn perhaps_rename(name: String) -> Self {
        Self::new(Change::Suggest(name), String::new(), Certainty::Advice)
    }

    /// It has this value: no other is right.
    pub(crate) fn set(value: impl Into<Value>) -> Self {
        Self::new(Change::Set(value.into()), String::new(), Certainty::Certain)
    }

    /// It is a text, and needs quotes.
    pub(crate) const fn quote() -> Self {
        Self::new(Change::Quote, String::new(), Certainty::Certain)
    }

    /// The change of another field than the one that the finding is about.
    #[must_use]
    pub(crate) fn of_field(self, field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    /// The same, for the reader to decide.
    #[must_use]
    pub(crate) fn into_advice(self) -> Self {
        Self {
            certainty: Certainty::Advice,
            ..self
        }
    }

    /// The change in words. `target` is what is changed, as the reader knows it: a builder call, a line, a field.
    pub(crate) fn words(&self, target: &str) -> String {
        let change = match &self.change {
            Change::Remove => format!("remove {target}"),
            Change::Value => format!("change {target}"),
            Change::Set(value) => match value.as_str() {
                Some(text) => format!("set {target} to `{text}`"),
                None => format!("set {target} to `{value}`"),
            },
            Change::Quote => format!("put {target} in quotes"),
            Change::Rename(name) => format!("remove {target}: use `{name}`"),
            Change::Suggest(name) => format!("use `{name}` if you meant that"),
        };
        if self.instead.is_empty() {
            change
        } else {
            format!("{change}: {}", self.instead)
        }
    }
}
