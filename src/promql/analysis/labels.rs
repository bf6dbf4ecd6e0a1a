//! The labels of a result's series.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::{
    label::Labels,
    parser::{BinModifier, LabelModifier, VectorMatchCardinality},
};

use crate::{
    diagnostics::{Diagnostic, rules::observability as rules},
    promql::catalog::list,
};

/// The labels of a result's series, with their values if a matcher fixes them.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelSet {
    known: BTreeMap<String, Option<String>>,
    /// Whether there may be others.
    open: bool,
}

impl LabelSet {
    /// Nothing is known about them.
    pub(super) fn unknown() -> Self {
        Self {
            known: BTreeMap::new(),
            open: true,
        }
    }

    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>, open: bool) -> Self {
        Self {
            known: names.into_iter().map(|name| (name.to_owned(), None)).collect(),
            open,
        }
    }

    /// Sets a label to a value, or to an unknown value.
    pub(super) fn set(&mut self, label: &str, value: Option<&str>) {
        self.known.insert(label.to_owned(), value.map(str::to_owned));
    }

    fn has(&self, label: &str) -> bool {
        self.open || self.known.contains_key(label)
    }

    pub(super) fn value(&self, label: &str) -> Option<&str> {
        self.known.get(label)?.as_deref()
    }

    /// The names, unless there may be others.
    pub(super) fn names(&self) -> Option<BTreeSet<String>> {
        (!self.open).then(|| self.known.keys().cloned().collect())
    }

    /// The values that matchers fix, by label.
    pub(super) fn values(self) -> BTreeMap<String, String> {
        let fixed = self.known.into_iter();
        fixed.filter_map(|(label, value)| Some((label, value?))).collect()
    }

    fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        let known = self.known.iter().filter(|(label, _)| keep(label));
        Self {
            known: known.map(|(label, value)| (label.clone(), value.clone())).collect(),
            open: self.open,
        }
    }

    /// The labels whose value a matcher fixes.
    pub(super) fn fixed(&self) -> Self {
        self.filter(|label| self.value(label).is_some())
    }

    pub(super) fn without(&self, list: &Labels) -> Self {
        self.filter(|label| !contains(list, label))
    }

    pub(super) fn by(&self, list: &Labels) -> Self {
        let mut kept = self.filter(|label| contains(list, label));
        // Unknown labels may be among them.
        if self.open {
            for label in &list.labels {
                kept.known.entry(label.clone()).or_default();
            }
        }
        kept.open = false;
        kept
    }

    /// Reports labels of a list that do not exist; `place` is what the list belongs to, such as `sum by`.
    pub(super) fn report_missing(&self, list: &Labels, place: &str, diagnostics: &mut Vec<Diagnostic>) {
        for label in list.labels.iter().filter(|label| !self.has(label)) {
            let mut diagnostic = Diagnostic::new(
                &rules::LABEL,
                format!("{place} uses the label `{label}`, which does not exist there"),
            );
            diagnostic.hint(if self.known.is_empty() {
                "no labels are left there".to_owned()
            } else {
                format!("available labels: {}", list_of(self.known.keys()))
            });
            diagnostics.push(diagnostic);
        }
    }

    /// The labels of the result of an operator between two vectors. Reports why their series can never match.
    pub(super) fn join(
        &self,
        right: &Self,
        operator: &str,
        modifier: Option<&BinModifier>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut joined = self.joined(right, operator, modifier, diagnostics);
        joined.open = self.open || right.open;
        joined
    }

    fn joined(
        &self,
        right: &Self,
        operator: &str,
        modifier: Option<&BinModifier>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        if operator == "or" {
            return self.filter(|label| right.has(label));
        }
        let matching = self.matching_labels(right, operator, modifier, diagnostics);
        for label in &matching {
            if let (Some(one), Some(other)) = (self.value(label), right.value(label))
                && one != other
                && operator != "unless"
            {
                let mut diagnostic = Diagnostic::new(
                    &rules::LABEL,
                    format!(
                        "the sides of `{operator}` never match: `{label}` is `{one}` on the left and `{other}` on the right"
                    ),
                );
                diagnostic.hint(format!("use `ignoring ({label})`, or aggregate without `{label}`"));
                diagnostics.push(diagnostic);
            }
        }
        match modifier.map_or(&VectorMatchCardinality::OneToOne, |modifier| &modifier.card) {
            VectorMatchCardinality::ManyToOne(more) => self.with(more, right),
            VectorMatchCardinality::OneToMany(more) => right.with(more, self),
            VectorMatchCardinality::ManyToMany => self.clone(),
            VectorMatchCardinality::OneToOne => self.filter(|label| matching.contains(label)),
        }
    }

    /// The labels that series of both sides must have in common.
    fn matching_labels(
        &self,
        right: &Self,
        operator: &str,
        modifier: Option<&BinModifier>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> BTreeSet<String> {
        let ignored = match modifier.and_then(|modifier| modifier.matching.as_ref()) {
            Some(LabelModifier::Include(on)) => {
                for side in [self, right] {
                    side.report_missing(on, &format!("`on` of `{operator}`"), diagnostics);
                }
                return on.labels.iter().cloned().collect();
            }
            Some(LabelModifier::Exclude(ignoring)) => Some(ignoring),
            None => None,
        };
        let names = |side: &Self| -> BTreeSet<String> {
            let kept = |label: &&String| ignored.is_none_or(|ignored| !contains(ignored, label));
            side.known.keys().filter(kept).cloned().collect()
        };
        let (of_left, of_right) = (names(self), names(right));
        if of_left != of_right && !self.open && !right.open {
            let mut diagnostic = Diagnostic::new(
                &rules::LABEL,
                format!(
                    "the sides of `{operator}` never match: the left has {}, the right {}",
                    list_of(&of_left),
                    list_of(&of_right)
                ),
            );
            diagnostic.hint("aggregate both sides by the same labels, or add `on (…)`");
            diagnostics.push(diagnostic);
        }
        of_left.intersection(&of_right).cloned().collect()
    }

    /// These labels and `more`, with their values in `from`.
    fn with(&self, more: &Labels, from: &Self) -> Self {
        let mut all = self.clone();
        for label in &more.labels {
            all.set(label, from.value(label));
        }
        all
    }
}

fn contains(list: &Labels, label: &str) -> bool {
    list.labels.iter().any(|listed| listed == label)
}

fn list_of<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names = list(names.into_iter().map(String::as_str));
    if names.is_empty() {
        "no labels".to_owned()
    } else {
        names
    }
}
