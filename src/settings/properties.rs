//! Java property files: what brokers, ZooKeeper, Connect, the registry and clients are configured with.

use std::{collections::BTreeMap, fmt::Display};

/// Lets `${env:NAME}` in any value stand for an environment variable of the process: one file serves all pods, and no template is
/// filled in. Kafka resolves it by itself, in brokers, tools, clients and Connect.
pub(super) const ENVIRONMENT: (&str, &str) = ("env", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");

/// The same for `${dir:PATH:FILE}` and the content of a file.
pub(super) const DIRECTORIES: (&str, &str) = ("dir", "org.apache.kafka.common.config.provider.DirectoryConfigProvider");

/// A set of properties, sorted by key. A later value of a key replaces an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Sets a key.
    pub fn set(&mut self, key: impl Into<String>, value: impl Display) -> &mut Self {
        self.0.insert(key.into(), value.to_string());
        self
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All pairs, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The file: one line for each key, escaped as `java.util.Properties` reads it.
    pub fn to_text(&self) -> String {
        self.0
            .iter()
            .map(|(key, value)| format!("{}={}\n", escape(key, true), escape(value, false)))
            .collect()
    }
}

impl<K: Into<String>, V: Display> FromIterator<(K, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.to_string()))
                .collect(),
        )
    }
}

fn escape(text: &str, is_key: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            ' ' if is_key || index == 0 => escaped.push_str("\\ "),
            '=' | ':' if is_key => {
                escaped.push('\\');
                escaped.push(c);
            }
            '#' | '!' if is_key && index == 0 => {
                escaped.push('\\');
                escaped.push(c);
            }
            ' '..='~' => escaped.push(c),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_sorted_and_escaped() {
        let properties: Properties = [
            ("b", "C:\\kafka = #1"),
            ("a key", " leading"),
            ("#c", "grün 𝄞\n"),
            ("d:e", "${env:POD_NAME}"),
        ]
        .into_iter()
        .collect();
        insta::assert_snapshot!(properties.to_text(), @r"
        \#c=gr\u00fcn \ud834\udd1e\n
        a\ key=\ leading
        b=C:\\kafka = #1
        d\:e=${env:POD_NAME}
        ");
    }
}
