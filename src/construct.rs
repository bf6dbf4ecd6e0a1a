//! The trait that every part of a stack implements, and what a part is given to check and render itself.

use crate::{
    finding::{Acknowledgement, Finding, Findings, Location, Rule, Severity},
    manifest::Object,
    stack::{Profile, Scope},
};

/// A part of a stack: a plain value that can judge itself and become Kubernetes objects.
///
/// Constructs of your own are added to a stack like the ones of this crate. What several constructs have in common is best
/// written as a function that takes `&mut Stack`, adds them and returns their handles.
///
/// ```
/// use k8s_openapi::api::core::v1::ConfigMap;
/// use kafka_stacks::prelude::*;
///
/// struct Motd { origin: Origin, text: String }
///
/// impl Construct for Motd {
///     type Handle = ();
///     fn name(&self) -> &str { "motd" }
///     fn origin(&self) -> &Origin { &self.origin }
///     fn origin_mut(&mut self) -> &mut Origin { &mut self.origin }
///     fn handle(&self, _: &Scope) {}
///     fn check(&self, _: &mut Check<'_>) {}
///     fn render(&self, scope: &Scope) -> Vec<Object> {
///         vec![Object::new(&ConfigMap {
///             metadata: scope.metadata("motd"),
///             data: Some([("motd".to_owned(), self.text.clone())].into()),
///             ..ConfigMap::default()
///         })]
///     }
/// }
///
/// let mut stack = Stack::new("example", "kafka");
/// stack.add(Motd { origin: Origin::here(), text: "hello".to_owned() });
/// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
/// assert!(manifests.get("motd/configmap-motd.yaml").is_some());
/// ```
pub trait Construct: Send + Sync + 'static {
    /// What other constructs are built from, once this one is part of a stack.
    type Handle;

    /// The construct's name: the folder of its manifests and the first part of a finding's subject.
    fn name(&self) -> &str;

    /// Where it was made, and what was acknowledged on it.
    fn origin(&self) -> &Origin;

    /// The same, to acknowledge a rule.
    fn origin_mut(&mut self) -> &mut Origin;

    /// The handle to give out. It holds copies, of the construct and of what it needs of the scope as it is now.
    fn handle(&self, scope: &Scope) -> Self::Handle;

    /// Reports everything that is wrong with this construct, not only the first thing.
    fn check(&self, check: &mut Check<'_>);

    /// The objects of a construct that passed its check. Pure, and it cannot fail.
    fn render(&self, scope: &Scope) -> Vec<Object>;

    /// Quiets a warning about this construct, with the reason why it is right here.
    #[must_use]
    #[track_caller]
    fn acknowledge(mut self, rule: &'static Rule, reason: impl Into<String>) -> Self
    where
        Self: Sized,
    {
        self.origin_mut().acknowledgements.push(Acknowledgement {
            rule,
            reason: reason.into(),
            location: Location::caller(),
        });
        self
    }
}

/// Where a construct was made, and the warnings that were acknowledged on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The line of the constructor call.
    pub location: Location,
    /// In the order in which they were given.
    pub acknowledgements: Vec<Acknowledgement>,
}

impl Origin {
    /// The line that calls the calling constructor, which must be `#[track_caller]` too.
    #[track_caller]
    pub fn here() -> Self {
        Self {
            location: Location::caller(),
            acknowledgements: Vec::new(),
        }
    }
}

/// The object-safe half of [`Construct`]: what the pipeline needs once the handle was given out.
pub(crate) trait Part: Send + Sync {
    fn name(&self) -> &str;
    fn origin(&self) -> &Origin;
    fn check(&self, check: &mut Check<'_>);
    fn render(&self, scope: &Scope) -> Vec<Object>;
}

impl<C: Construct> Part for C {
    fn name(&self) -> &str {
        Construct::name(self)
    }
    fn origin(&self) -> &Origin {
        Construct::origin(self)
    }
    fn check(&self, check: &mut Check<'_>) {
        Construct::check(self, check);
    }
    fn render(&self, scope: &Scope) -> Vec<Object> {
        Construct::render(self, scope)
    }
}

/// What a construct reports its findings to.
#[derive(Debug)]
pub struct Check<'a> {
    scope: &'a Scope,
    construct: &'a str,
    location: Location,
    findings: &'a mut Findings,
}

impl<'a> Check<'a> {
    pub(crate) fn new(scope: &'a Scope, construct: &'a str, location: Location, findings: &'a mut Findings) -> Self {
        Self {
            scope,
            construct,
            location,
            findings,
        }
    }

    /// The surroundings of the construct.
    pub fn scope(&self) -> &Scope {
        self.scope
    }

    /// Reports that a rule is broken. Use [`Finding::item`], [`Finding::at`] and [`Finding::hint`] on `describe`'s argument
    /// to say where, and how it is mended. A rule that is off in this stack's profile reports nothing.
    pub fn report(&mut self, rule: &'static Rule, message: impl Into<String>, describe: impl FnOnce(&mut Finding)) {
        let severity = match self.scope.profile {
            Profile::Production => rule.production,
            Profile::Development => rule.development,
        };
        if severity == Severity::Off {
            return;
        }
        let mut finding = Finding {
            rule,
            severity,
            construct: self.construct.to_owned(),
            item: String::new(),
            message: message.into(),
            hint: String::new(),
            location: self.location,
            acknowledged: None,
        };
        describe(&mut finding);
        self.findings.push(finding);
    }

    /// Reports raw settings that the construct makes itself. `owned` has the key, and what to do instead: `use …` or `it is …`.
    pub(crate) fn refuse_owned(
        &mut self,
        rule: &'static Rule,
        item: &str,
        owned: &[(&str, &str)],
        overrides: &[Override],
    ) {
        for Override { key, location, .. } in overrides {
            if let Some((_, instead)) = owned.iter().find(|(owned, _)| owned == key) {
                self.report(rule, format!("`{key}` cannot be set here"), |finding| {
                    finding
                        .item(item)
                        .at(*location)
                        .hint(format!("remove `.config(\"{key}\", …)`: {instead}"));
                });
            }
        }
    }
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
