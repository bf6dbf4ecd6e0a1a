//! Where a value of a rendered object came from: what lets a rule that only sees finished objects name the line of a stack.

use super::{Change, Diagnostic, Location, Mend};

/// Where a setting in a rendered object came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The field of the object that has it, as a JSON pointer.
    pub(crate) field: String,
    /// The setting within the text of that field. Empty for the field itself and what is below it.
    pub(crate) setting: String,
    /// Its value, as it was rendered.
    pub(crate) value: String,
    /// The part of the construct that it belongs to; may be empty.
    pub(crate) item: String,
    /// The line that said it.
    pub(crate) location: Location,
    /// What wrote it.
    pub(crate) author: Author,
}

/// What wrote a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// The stack, by Kafka's own name: `.config("…", …)`.
    Raw,
    /// A builder call, as `.io_threads(…)`.
    Call(&'static str),
    /// A team, by this key of its file.
    File(&'static str),
    /// The construct itself. If there is a call that decides it: `use …`, or `it is …`.
    Construct(Option<&'static str>),
}

impl Origin {
    /// That of the resources of a workload's process: a part of the construct, and its line.
    pub(crate) fn of_resources(item: &str, location: Location) -> Self {
        Self::of_field("/spec/template/spec/containers/0/resources", item, location)
    }

    /// That of a field and what is below it: a part of the construct, and its line.
    pub(crate) fn of_field(field: &str, item: &str, location: Location) -> Self {
        Self {
            field: field.to_owned(),
            setting: String::new(),
            value: String::new(),
            item: item.to_owned(),
            location,
            author: Author::Construct(None),
        }
    }

    /// That of an alert: the field of its rule, its name, expression and line.
    pub(crate) fn of_alert(field: String, name: &str, expression: &str, location: Location) -> Self {
        Self {
            field,
            setting: String::new(),
            value: expression.to_owned(),
            item: name.to_owned(),
            location,
            author: Author::Construct(None),
        }
    }

    /// Whether it is that of a setting in a field, or of a field.
    pub(crate) fn is_of(&self, field: &str, setting: &str) -> bool {
        if self.is_field() {
            let below = field.strip_prefix(self.field.as_str());
            return setting.is_empty() && below.is_some_and(|below| below.is_empty() || below.starts_with('/'));
        }
        !setting.is_empty() && self.setting == setting && self.field == field
    }

    /// Whether it is that of a field as a whole.
    pub(crate) fn is_field(&self) -> bool {
        self.setting.is_empty() && self.author == Author::Construct(None)
    }

    /// Whether the stack said it by Kafka's own name.
    pub(crate) fn is_raw(&self) -> bool {
        self.author == Author::Raw
    }

    /// The setting that a finding about this one gives as the right name.
    pub(crate) fn renamed(&self, finding: &Diagnostic) -> Option<String> {
        let Some(Change::Rename(name)) = finding.mend.as_ref().map(|mend| &mend.change) else {
            return None;
        };
        let key = self.setting.rsplit(' ').next().unwrap_or_default();
        let prefix = self.setting.strip_suffix(key)?;
        Some(format!("{prefix}{name}"))
    }

    /// What mends a finding about it, in the words of a stack. `renamed` is where the setting of the right name comes from, if there is one.
    pub(crate) fn hint(&self, finding: &Diagnostic, renamed: Option<&Self>) -> String {
        let call = match self.author {
            Author::Raw => {
                let key = self.setting.rsplit(' ').next().unwrap_or_default();
                let target = format!("`.config(\"{key}\", …)`");
                // A name that the construct keeps for itself cannot be set.
                return match renamed.map(|origin| origin.author) {
                    Some(Author::Call(call)) => format!("remove {target}: use `{call}`"),
                    Some(Author::Construct(Some(instead))) => format!("remove {target}: {instead}"),
                    _ => finding.remedy(&target),
                };
            }
            Author::File(key) => {
                let own = self.setting.rsplit(' ').next().unwrap_or_default();
                let target = if key == "config" { own } else { key };
                return finding.remedy(&format!("`{target}`"));
            }
            Author::Call(call) => format!("change it in `{call}`"),
            Author::Construct(Some(instead)) => instead.replacen("use ", "change it in ", 1),
            Author::Construct(None) => return String::new(),
        };
        match &finding.mend {
            Some(Mend {
                change: Change::Value,
                instead,
                ..
            }) if !instead.is_empty() => format!("{call}: {instead}"),
            _ => call,
        }
    }
}
