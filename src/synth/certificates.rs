//! Certificates that no alert of the stack watches.

use std::collections::BTreeSet;

use crate::{
    construct::Check,
    diagnostics::{Diagnostics, rules::observability::CERTIFICATE},
    lint::ObjectDetail,
    metrics::certificate,
    promql,
    stack::Stack,
    synth::render::Rendered,
};

/// Reports `Certificate`s whose issuer no alert asks for, in a stack that has alerts.
pub(super) fn check(stack: &Stack, rendered: &[Rendered<'_>], findings: &mut Diagnostics) {
    let details = || {
        let objects = rendered.iter().flat_map(|part| &part.objects);
        objects.map(|object| &object.judged.model.detail)
    };
    if !details().any(|detail| matches!(detail, ObjectDetail::Rules(_))) {
        return;
    }
    // With one more, so that an expression that asks for all of them is not taken for one that asks for none.
    let mut issuers = BTreeSet::from([String::new()]);
    issuers.extend(details().filter_map(issuer).map(str::to_owned));
    let watched: BTreeSet<String> = details()
        .filter_map(|detail| match detail {
            ObjectDetail::Rules(rules) => Some(&rules.rules),
            _ => None,
        })
        .flatten()
        .filter(|rule| rule.text.contains(certificate::EXPIRES.name))
        .filter_map(|rule| promql::parse(&rule.text).ok())
        .flat_map(|expression| promql::selected(&expression, "issuer_name", &issuers))
        .collect();
    for part in rendered {
        for object in &part.objects {
            let Some(issuer) = issuer(&object.judged.model.detail).filter(|issuer| !watched.contains(*issuer)) else {
                continue;
            };
            let message = format!("no alert watches a certificate of issuer `{issuer}`");
            let mut check = Check::new(&stack.context, part.construct, part.location, findings);
            check.report(&CERTIFICATE, message, |finding| {
                let hint = "add the construct to the `Monitoring`: `.watch(…)`; or acknowledge with a reason";
                finding.item(object.item()).hint(hint);
            });
        }
    }
}

/// The name of a certificate's issuer.
fn issuer(detail: &ObjectDetail) -> Option<&str> {
    match detail {
        ObjectDetail::Certificate(certificate) => Some(&certificate.issuer),
        _ => None,
    }
}
