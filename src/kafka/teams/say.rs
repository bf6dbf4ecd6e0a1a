use crate::diagnostics::{Diagnostic, Location, Rule};

/// Reports what is wrong in a file.
pub(super) fn say(
    findings: &mut Vec<Diagnostic>,
    rule: &'static Rule,
    item: &str,
    at: Location,
    message: impl Into<String>,
    hint: impl Into<String>,
) {
    let mut finding = Diagnostic::new(rule, message);
    finding.item(item).at(at).hint(hint);
    findings.push(finding);
}
