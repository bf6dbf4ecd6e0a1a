//! What is wrong with finished objects, said in the words of the stack that made them.

use std::collections::BTreeSet;

use crate::{
    construct::Check,
    diagnostics::{Diagnostic, Diagnostics, Origin, rules::observability::UNTESTED},
    lint::{self, ObjectModel},
    stack::Stack,
    synth::render::{Rendered, RenderedObject},
};

/// How much of the objects is judged.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// Each by itself, and what they are to each other.
    Set,
    /// Each by itself.
    Each,
    /// Settings alone.
    Settings,
}

/// Judges the objects.
pub(super) fn check(stack: &Stack, rendered: &[Rendered<'_>], extent: Extent, findings: &mut Diagnostics) {
    let objects: Vec<(&Rendered<'_>, &RenderedObject)> = rendered
        .iter()
        .flat_map(|part| part.objects.iter().map(move |object| (part, object)))
        .collect();
    let models: Vec<&ObjectModel> = objects.iter().map(|(_, object)| &object.judged.model).collect();
    let among_others = match extent {
        Extent::Each => vec![Diagnostics::default(); models.len()],
        Extent::Set | Extent::Settings => lint::judge_set(&models, stack.context.platform).findings,
    };
    // A construct that knows the line of what it was given has said it.
    let known: BTreeSet<(&str, String, String)> = findings
        .iter()
        .map(|finding| {
            (
                finding.rule.id,
                finding.place.construct.clone(),
                finding.message.clone(),
            )
        })
        .collect();
    let mut told = BTreeSet::new();
    for ((part, object), among_others) in objects.iter().zip(among_others) {
        let mut check = Check::new(&stack.context, part.construct, object.location, findings);
        for finding in object.judged.findings.iter().chain(&among_others) {
            if known.contains(&(finding.rule.id, part.construct.to_owned(), finding.message.clone())) {
                continue;
            }
            let amended = object.location != part.location;
            let Some(origin) = object.origin(finding, amended) else {
                if extent == Extent::Settings {
                    continue;
                }
                check.add(finding.clone(), |finding| {
                    // A part of an object may have a name of its own, as an alert.
                    if finding.place.item.is_empty() {
                        finding.item(object.item());
                    }
                    if finding.hint.is_empty() {
                        finding.hint = finding.yaml_hint.clone().unwrap_or_default();
                    }
                });
                continue;
            };
            let mut finding = finding.clone();
            if finding.hint.is_empty() {
                let renamed = origin
                    .renamed(&finding)
                    .and_then(|setting| object.of_setting(&finding, &setting));
                finding.hint = origin.hint(&finding, renamed);
            }
            // One line of the stack may be in the files of several pools, and one call may make several settings of one value.
            let said = if origin.is_raw() || origin.is_field() {
                &finding.message
            } else {
                &origin.value
            };
            if told.insert((finding.rule.id, origin.location, finding.hint.clone(), said.clone())) {
                check.add(finding, |finding| {
                    finding.item(origin.item.as_str()).at(origin.location);
                });
            }
        }
    }
    // A test is asked for once the rest of an alert is right.
    findings.drop_beside_errors(&UNTESTED);
}

impl RenderedObject {
    /// Where another setting in the field of a finding comes from.
    fn of_setting(&self, finding: &Diagnostic, setting: &str) -> Option<&Origin> {
        let mut origins = self.background.origins.iter();
        origins.find(|origin| origin.is_of(&finding.place.field, setting))
    }

    /// Where the setting or the field that a finding is about came from. None if an amendment changed it, or it is about something
    /// else.
    fn origin(&self, finding: &Diagnostic, amended: bool) -> Option<&Origin> {
        let place = &finding.place;
        let origin = self
            .background
            .origins
            .iter()
            .find(|origin| origin.is_of(&place.field, &place.setting))?;
        if origin.is_field() {
            // An alert is known by its expression, wherever an amendment moved it.
            let same = match self.judged.model.expression(&origin.field) {
                Some(expression) => expression == origin.value,
                None => !amended,
            };
            return same.then_some(origin);
        }
        let now = self.judged.model.setting(&place.field, &place.setting)?;
        (now == origin.value.trim()).then_some(origin)
    }
}
