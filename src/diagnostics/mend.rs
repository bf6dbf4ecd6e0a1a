//! What mends a finding, as data: the words for the author of a stack and for the author of a manifest are made from it, and so is
//! the patch of `check --fix`.

/// The change of one setting or field that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// What happens to it.
    pub change: Change,
    /// What to do instead, or why: follows the change after a colon. May be empty.
    pub instead: String,
    /// Whether nothing else can be meant, so that it may be applied without a question.
    pub certain: bool,
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
}

impl Mend {
    const fn new(change: Change, instead: String, certain: bool) -> Self {
        Self {
            change,
            instead,
            certain,
        }
    }

    /// It has no effect, or does harm: it goes. `instead` says what to do instead, or why nothing is to be done; it may be empty.
    pub(crate) fn remove(instead: impl Into<String>) -> Self {
        Self::new(Change::Remove, instead.into(), false)
    }

    /// It needs another value.
    pub(crate) const fn change() -> Self {
        Self::new(Change::Value, String::new(), false)
    }

    /// It needs another value, about which this is known: it follows the change after a colon.
    pub(crate) fn change_to(instead: impl Into<String>) -> Self {
        Self::new(Change::Value, instead.into(), false)
    }

    /// It has this name.
    pub(crate) const fn rename(name: String) -> Self {
        Self::new(Change::Rename(name), String::new(), true)
    }

    /// It probably was meant to have this name.
    pub(crate) const fn perhaps_rename(name: String) -> Self {
        Self::new(Change::Rename(name), String::new(), false)
    }

    /// The change in words. `target` is what is changed, as the reader knows it: a builder call, a line, a field.
    pub(crate) fn words(&self, target: &str) -> String {
        let change = match &self.change {
            Change::Remove => format!("remove {target}"),
            Change::Value => format!("change {target}"),
            Change::Rename(name) if self.certain => format!("remove {target}: use `{name}`"),
            Change::Rename(name) => format!("use `{name}` if you meant that"),
        };
        if self.instead.is_empty() {
            change
        } else {
            format!("{change}: {}", self.instead)
        }
    }
}
