//! Which topics and groups the exporter reports.

use crate::promql::Pattern;

/// The names that the exporter reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Regular expressions for whole names: only these; all if there is none.
    pub only: Vec<String>,
    /// Regular expressions for whole names: not these.
    pub without: Vec<String>,
}

impl Filter {
    /// The exporter's flags; it looks for the regular expression anywhere in a name.
    pub(super) fn flags(&self, what: &str) -> impl Iterator<Item = String> {
        let flag = |name: &str, patterns: &[String]| {
            (!patterns.is_empty()).then(|| format!("--{what}.{name}=^(?:{})$", patterns.join("|")))
        };
        [flag("filter", &self.only), flag("exclude", &self.without)]
            .into_iter()
            .flatten()
    }

    /// Whether the exporter reports this name. Patterns that cannot be read are reported by their own check.
    pub(super) fn exports(&self, name: &str) -> bool {
        let among = |patterns: &[String]| {
            let mut patterns = patterns.iter().filter_map(|text| Pattern::parse(text));
            patterns.any(|pattern| pattern.is_match(name))
        };
        (self.only.is_empty() || among(&self.only)) && !among(&self.without)
    }

    /// All its patterns.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &str> {
        self.only.iter().chain(&self.without).map(String::as_str)
    }
}

/// Whether a text can be a regular expression for names.
pub(super) fn is_pattern(text: &str) -> bool {
    !text.contains(char::is_control) && Pattern::parse(text).is_some()
}

/// What is wrong with a pattern, which becomes part of a container's arguments.
pub(super) fn flaw(pattern: &str) -> Option<&'static str> {
    if pattern.is_empty() {
        return Some("is empty");
    }
    // The kubelet would replace a variable.
    if pattern.contains("$(") {
        return Some("contains `$(`, which the kubelet replaces");
    }
    if !is_pattern(pattern) {
        return Some("is not a valid regular expression");
    }
    None
}
