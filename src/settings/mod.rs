//! What a process of the Kafka family is told: its properties, what a stack may set by Kafka's own names, and the catalogue of all settings.

pub mod catalogue;
mod check;
mod properties;

pub(crate) use check::File;
pub use properties::Properties;

use crate::diagnostics::Location;

/// What may name a setting at all.
pub(crate) fn is_setting_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// Whether a setting holds what nobody may read.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "sasl.jaas.config", "secret", "user.info", "keystore.key"]
        .iter()
        .any(|end| key.ends_with(end))
}

/// A raw setting, and the line that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) location: Location,
}

impl Override {
    /// Called by a builder's `config`, which must be `#[track_caller]` too.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "as `config` takes it")]
    pub(crate) fn new(key: impl Into<String>, value: impl ToString) -> Self {
        Self {
            key: key.into(),
            value: value.to_string(),
            location: Location::caller(),
        }
    }
}
