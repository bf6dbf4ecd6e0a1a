//! What a case of a broken rule is.

use kafka_stacks::prelude::*;

/// A rule, and a stack that does not break it.
pub(super) type Sound = (&'static Rule, Stack);

/// A stack that breaks rules.
pub(crate) struct Case {
    /// What is wrong with the stack.
    pub title: &'static str,
    pub broken: Stack,
    pub mend: Mend,
}

/// How what was found is mended.
pub(crate) enum Mend {
    /// By these calls, each as a hint writes it: the same stack with them.
    Calls(&'static [&'static str], Box<Stack>),
    /// By something that a hint cannot name as a call, for this reason.
    NotACall(&'static str),
}

/// A case whose hints name these calls.
pub(crate) fn calls(title: &'static str, broken: Stack, calls: &'static [&'static str], mended: Stack) -> Case {
    let mend = Mend::Calls(calls, Box::new(mended));
    Case { title, broken, mend }
}

pub(super) fn not_a_call(title: &'static str, broken: Stack, reason: &'static str) -> Case {
    let mend = Mend::NotACall(reason);
    Case { title, broken, mend }
}

pub(super) const A_NAME: &str = "a name is the author's choice";
pub(super) const AN_EXPRESSION: &str = "the mistake is in the text of an expression or of an annotation";
