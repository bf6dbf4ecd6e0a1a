//! Acknowledgements: warnings that the stack's author decided to live with.

use crate::{
    construct::Check,
    diagnostics::{Diagnostics, Severity, rules},
    stack::Stack,
};

/// Marks acknowledged findings, and reports acknowledgements that are unused or not allowed.
pub(super) fn apply(stack: &Stack, findings: &mut Diagnostics) {
    let mut useless = Diagnostics::default();
    let metas = std::iter::once(("", &stack.meta)).chain(
        stack
            .constructs
            .iter()
            .map(|part| (part.meta().name.as_str(), part.meta())),
    );
    for (construct, meta) in metas {
        for acknowledgement in &meta.acknowledgements {
            let mut used = false;
            let mut refused = false;
            let mut repeated = false;
            for finding in findings.all_mut() {
                let within = construct.is_empty() || finding.place.construct == construct;
                if within && finding.rule == acknowledgement.rule {
                    refused |= finding.severity == Severity::Error;
                    if finding.severity == Severity::Warning {
                        repeated |= finding.acknowledged.is_some();
                        used |= finding.acknowledged.is_none();
                        finding
                            .acknowledged
                            .get_or_insert_with(|| acknowledgement.reason.clone());
                    }
                }
            }
            let rule = acknowledgement.rule.id;
            let mut check = Check::new(&stack.context, construct, acknowledgement.location, &mut useless);
            if acknowledgement.reason.trim().is_empty() {
                check.report(
                    &rules::stack::ACKNOWLEDGED_WITHOUT_REASON,
                    format!("{rule} is acknowledged without a reason"),
                    |finding| {
                        finding.hint("give the reason in `.acknowledge(…)`");
                    },
                );
            }
            if refused {
                check.report(
                    &rules::stack::ACKNOWLEDGED_ERROR,
                    format!("{rule} is an error here and cannot be acknowledged"),
                    |finding| {
                        finding.hint("fix what the rule found and remove `.acknowledge(…)`");
                    },
                );
            } else if !used {
                check.report(
                    &rules::stack::ACKNOWLEDGED_NOTHING,
                    if repeated {
                        format!("{rule} is acknowledged twice")
                    } else {
                        format!("unused acknowledgement of {rule}")
                    },
                    |finding| {
                        finding.hint("remove `.acknowledge(…)`");
                    },
                );
            }
        }
    }
    findings.extend(useless);
}
