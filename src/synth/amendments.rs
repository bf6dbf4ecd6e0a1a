//! Amendments: applied to the objects that they name, and reported where they have no effect.

use crate::{
    construct::Check,
    diagnostics::{Diagnostics, rules},
    manifest::Object,
    stack::{Amendment, Stack},
};

/// What an amendment did to the objects of a construct.
#[derive(Clone, PartialEq)]
pub(super) enum Outcome {
    /// It matches no object.
    NoMatch,
    /// The object is the same after it.
    Unchanged,
    Changed,
    /// The object cannot be read as the type that the amendment changes.
    Failed(String),
}

/// Applies an amendment to an object that it matches.
pub(super) fn apply(amendment: &Amendment, object: &mut Object) -> Outcome {
    let before = object.body().clone();
    match (amendment.change)(object) {
        Ok(()) if *object.body() == before => Outcome::Unchanged,
        Ok(()) => Outcome::Changed,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Reports amendments that match no object, cannot be applied or change nothing. `outcomes` has, for each construct,
/// the outcome of each amendment; `objects` has the kind and name of all objects.
pub(super) fn check(stack: &Stack, outcomes: &[&[Outcome]], objects: &[(&str, &str)], findings: &mut Diagnostics) {
    for (index, amendment) in stack.amendments.iter().enumerate() {
        let outcomes: Vec<&Outcome> = outcomes.iter().map(|part| &part[index]).collect();
        let mut check = Check::new(&stack.context, "", amendment.location, findings);
        let what = format!("the amendment of {} `{}`", amendment.kind, amendment.name);
        for outcome in &outcomes {
            if let Outcome::Failed(error) = outcome {
                check.report(
                    &rules::stack::AMENDMENT,
                    format!("{what} cannot read the object: {error}"),
                    |finding| {
                        finding.hint("use the type of the object in `stack.amend::<…>(…)`");
                    },
                );
            }
        }
        if outcomes.iter().all(|outcome| **outcome == Outcome::NoMatch) {
            let of_kind: Vec<&str> = objects
                .iter()
                .filter(|(kind, _)| *kind == amendment.kind)
                .map(|(_, name)| *name)
                .collect();
            check.report(
                &rules::stack::AMENDMENT,
                format!("{what} matches no object"),
                |finding| {
                    finding.hint(if of_kind.is_empty() {
                        format!("no construct of this stack renders a {}", amendment.kind)
                    } else {
                        format!("this stack has {} `{}`", amendment.kind, of_kind.join("`, `"))
                    });
                },
            );
        } else if outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::NoMatch | Outcome::Unchanged))
        {
            check.report(
                &rules::stack::AMENDMENT_WITHOUT_EFFECT,
                format!("{what} changes nothing"),
                |finding| {
                    finding.hint("remove the amendment, or correct what it looks for in the object");
                },
            );
        }
    }
}
