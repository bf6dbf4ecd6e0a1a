//! The trait that every construct implements, and the context of its check.

use std::collections::btree_map::{BTreeMap, Entry};

use crate::{
    acl::Acl,
    capacity::Capacity,
    context::Context,
    diagnostics::{Acknowledgement, Diagnostic, Diagnostics, Location, Rule, Severity, rules},
    handbook::Chapter,
    manifest::{Document, Object},
};

/// A part of a stack: a plain value that can check itself and render Kubernetes objects.
///
/// Constructs of your own are added to a stack like the ones of this crate. To share several constructs, write a
/// function that takes `&mut Stack`, adds them and returns their handles.
///
/// ```
/// use kafka_stacks::{k8s_openapi::api::core::v1::ConfigMap, prelude::*};
///
/// struct Motd { meta: Meta, text: String }
///
/// impl Construct for Motd {
///     type Handle = ();
///     fn meta(&self) -> &Meta { &self.meta }
///     fn meta_mut(&mut self) -> &mut Meta { &mut self.meta }
///     fn handle(&self, _: &Context) {}
///     fn check(&self, _: &mut Check<'_>) {}
///     fn render(&self, context: &Context) -> Vec<Object> {
///         vec![Object::new(&ConfigMap {
///             metadata: context.metadata("motd"),
///             data: Some([("motd".to_owned(), self.text.clone())].into()),
///             ..ConfigMap::default()
///         })]
///     }
/// }
///
/// let mut stack = Stack::new("example", "kafka");
/// stack.add(Motd { meta: Meta::new("motd"), text: "hello".to_owned() });
/// let manifests = synth(&stack).manifests.expect("nothing is wrong with it");
/// assert!(manifests.get("motd/configmap-motd.yaml").is_some());
/// ```
pub trait Construct: Send + Sync + 'static {
    /// What other constructs are built from, once this one is part of a stack.
    type Handle
    where
        Self: Sized;

    /// Its name, the line that made it, and what was acknowledged on it.
    fn meta(&self) -> &Meta;

    /// The same, to change it.
    fn meta_mut(&mut self) -> &mut Meta;

    /// The handle of this construct. It holds copies of what it needs of the construct and of the current context.
    fn handle(&self, context: &Context) -> Self::Handle
    where
        Self: Sized;

    /// Reports every mistake in this construct, not only the first one.
    fn check(&self, check: &mut Check<'_>);

    /// What no other construct of the stack may use, although it is not an object, such as the name of a topic.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// What it does with topics: declares, writes or reads them. Nothing by default.
    fn edges(&self) -> Vec<Edge> {
        Vec::new()
    }

    /// The users of closed clusters that it needs, or gives permissions to. Nothing by default.
    fn users(&self) -> Vec<User> {
        Vec::new()
    }

    /// The objects of a construct that passed its check. Pure, and it cannot fail.
    fn render(&self, context: &Context) -> Vec<Object>;

    /// Its brokers, and the topics that it needs in a cluster, with their load. Nothing by default.
    fn capacity(&self) -> Capacity {
        Capacity::default()
    }

    /// Judges one of its objects again after an amendment changed it, as the API server's rules do for every object;
    /// nothing by default.
    fn check_amended(&self, _: &Object, _: &mut Check<'_>) {}

    /// Files beside the objects, such as pages and tests; nothing by default. It gets the construct's
    /// objects as they are written, with all amendments, and copies what texts need of them: they are made later, where
    /// files are asked for. Pure, and it cannot fail.
    fn documents<'a>(&'a self, _: &'a Context, _: &[Object]) -> Vec<Document<'a>> {
        Vec::new()
    }

    /// Its part of the stack's handbook, from its objects as they are written; nothing by default.
    fn chapter(&self, _: &Context, _: &[Object]) -> Chapter {
        Chapter::default()
    }

    /// What `explain` can explain by name, such as alerts; nothing by default.
    fn explanations(&self, _: &Context) -> Vec<Explanation> {
        Vec::new()
    }

    /// The location to report, if it is not the line that calls the constructor: a caller of a helper, or a line of a
    /// file that was read.
    #[must_use]
    fn location(mut self, location: Location) -> Self
    where
        Self: Sized,
    {
        self.meta_mut().location = location;
        self
    }

    /// Acknowledges a warning about this construct, with the reason why it is accepted.
    #[must_use]
    #[track_caller]
    fn acknowledge(mut self, rule: &'static Rule, reason: impl Into<String>) -> Self
    where
        Self: Sized,
    {
        self.meta_mut().acknowledgements.push(Acknowledgement {
            rule,
            reason: reason.into(),
            location: Location::caller(),
        });
        self
    }
}

/// Something of a construct that has a name, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Its name, such as that of an alert.
    pub name: String,
    /// What it is: a sentence.
    pub summary: String,
    /// Further facts, each with a title.
    pub facts: Vec<(&'static str, String)>,
}

/// What every construct has: a name, the line that made it, and the warnings that were acknowledged on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The construct's name: the folder of its manifests and the first part of a finding's subject.
    pub name: String,
    /// The line of the constructor call.
    pub location: Location,
    /// In the order in which they were given.
    pub acknowledgements: Vec<Acknowledgement>,
}

impl Meta {
    /// A name, and the line that calls the calling constructor, which must be `#[track_caller]` too.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            location: Location::caller(),
            acknowledgements: Vec::new(),
        }
    }
}

/// What a part of a stack does with a topic: an arrow between the two in a diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The bootstrap servers of the topic's cluster.
    pub cluster: String,
    /// The topic's name.
    pub topic: String,
    /// What is done with it.
    pub flow: Flow,
    /// The line that says so.
    pub location: Location,
}

/// What is done with a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow {
    /// It is declared.
    Declares,
    /// An application writes to it.
    Writes {
        /// In transactions: consumers have to ignore what was aborted.
        transactional: bool,
    },
    /// An application reads it.
    Reads {
        /// The consumer group.
        group: String,
        /// Whether records of open and aborted transactions are read too.
        uncommitted: bool,
    },
}

impl Edge {
    /// What is done with a topic of a cluster, and the line that says so.
    pub fn new(cluster: impl Into<String>, topic: impl Into<String>, flow: Flow, location: Location) -> Self {
        Self {
            cluster: cluster.into(),
            topic: topic.into(),
            flow,
            location,
        }
    }
}

/// A user of a cluster with an authorizer, and what a construct has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// The construct connects as it.
    Needed {
        /// The bootstrap servers of the cluster.
        cluster: String,
        /// Its name, without `User:`.
        name: String,
        /// What it needs beside what the user's own construct says.
        acls: Vec<Acl>,
    },
    /// The construct brings it to what is declared.
    Permitted {
        /// The bootstrap servers of the cluster.
        cluster: String,
        /// Its name, without `User:`.
        name: String,
        /// What it may do then.
        acls: Vec<Acl>,
    },
}

/// Something that only one part of a stack may have, although no object is named after it: a topic of a cluster, a
/// group. The pipeline reports the second claim.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let mut stack = Stack::new("example", "kafka").profile(Profile::Development);
/// let kafka = stack.add(
///     KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)),
/// );
/// for team in ["billing", "crm"] {
///     stack.add(Topics::new(team, &kafka).topic(Topic::new("orders", 6, Cleanup::delete_after(7.days()))));
/// }
/// let findings = synth(&stack).findings;
/// assert!(findings.iter().any(|finding| finding.rule == &rules::topic::TWICE && finding.place.construct == "crm"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is, such as `topic`.
    pub(crate) what: &'static str,
    /// The scope within which there can be only one, such as the bootstrap servers of a cluster; empty for the stack.
    pub(crate) within: String,
    pub(crate) name: String,
    rule: &'static Rule,
    pub(crate) item: String,
    hint: String,
    pub(crate) location: Location,
    /// What must differ although the names do, and the rule that says so.
    alike: Option<(String, &'static Rule)>,
    /// Whether it is a claim to all names that begin with this one.
    pub(crate) is_prefix: bool,
    /// Whether it is compared with ranges alone: the same name twice is told elsewhere.
    in_ranges_only: bool,
    /// Whether the same range twice is not told elsewhere.
    same_range_too: bool,
}

impl Claim {
    /// `what` of this name, within something, made at this line. `rule` is broken by the second claim to it.
    pub fn new(
        what: &'static str,
        within: impl Into<String>,
        name: impl Into<String>,
        rule: &'static Rule,
        location: Location,
    ) -> Self {
        Self {
            what,
            within: within.into(),
            name: name.into(),
            rule,
            item: String::new(),
            hint: "remove or rename one of the two".to_owned(),
            location,
            alike: None,
            is_prefix: false,
            in_ranges_only: false,
            same_range_too: false,
        }
    }

    /// The claim of a component to all consumer groups of a cluster whose names begin so.
    pub(crate) fn groups_beginning(cluster: &str, prefix: impl Into<String>, location: Location) -> Self {
        Self::new("group", cluster, prefix, &rules::application::GROUP_RANGE, location)
            .hint("use another name for the group, as in `Group::named(…)`, or for the component")
            .prefix()
    }

    /// It is a claim to all names that begin with this one: `rule` is broken by each of another part.
    #[must_use]
    pub(crate) const fn prefix(mut self) -> Self {
        self.is_prefix = true;
        self
    }

    /// It is compared with ranges, and not with the same name: another rule tells that.
    #[must_use]
    pub(crate) const fn in_ranges(mut self) -> Self {
        self.in_ranges_only = true;
        self
    }

    /// It is compared with the same range too.
    #[must_use]
    pub(crate) const fn and_the_same(mut self) -> Self {
        self.same_range_too = true;
        self
    }

    /// The rule that this claim of one part breaks beside an earlier one of `owner`, one of which is in the range of the other; what is
    /// wrong, and how it is mended.
    pub(crate) fn beside<'a>(&'a self, other: &'a Self, owner: &str) -> (&'static Rule, String, &'a str) {
        let (what, name, at) = (self.what, &self.name, other.location);
        let (range, message) = if other.is_prefix && name.starts_with(&other.name) {
            let (shown, range) = (self.shown(), &other.name);
            let message = format!("{what} `{shown}`: {owner} has all that begin with `{range}` (made at {at})");
            (other, message)
        } else {
            let shown = other.shown();
            let message =
                format!("it has all that begin with `{name}`, and so {what} `{shown}` of {owner} (made at {at})");
            (self, message)
        };
        (range.rule, message, &range.hint)
    }

    /// Whether a second one of the same name breaks its rule.
    pub(crate) const fn is_single(&self) -> bool {
        !self.is_prefix && !self.in_ranges_only
    }

    /// The name, or what all names begin with, as a reader sees it.
    fn shown(&self) -> String {
        format!("{}{}", self.name, if self.is_prefix { "*" } else { "" })
    }

    /// Whether both claim some name.
    pub(crate) fn overlaps(&self, name: &str, is_prefix: bool) -> bool {
        self.name == name
            || (self.is_prefix && name.starts_with(&self.name))
            || (is_prefix && self.name.starts_with(name))
    }

    /// Names the part of the construct that makes the claim.
    #[must_use]
    pub fn item(mut self, item: impl Into<String>) -> Self {
        self.item = item.into();
        self
    }

    /// How to fix the second claim, if not by another name.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Claims of different names with the same `key` break `rule`.
    #[must_use]
    pub(crate) fn alike(mut self, key: impl Into<String>, rule: &'static Rule) -> Self {
        self.alike = Some((key.into(), rule));
        self
    }
}

/// The claims so far.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// By what it is, where, and its name, or that which must differ in its stead.
    taken: BTreeMap<(&'static str, String, String), (String, Location)>,
    /// Those of other constructs that may be in a range, or are one.
    ranges: Ranges<String>,
}

/// Claims to whole ranges of names, and those that a later range may hold, each with who claims it.
#[derive(Debug)]
pub(crate) struct Ranges<Owner> {
    prefixes: Vec<(Claim, Owner)>,
    names: Vec<(Claim, Owner)>,
}

impl<Owner> Default for Ranges<Owner> {
    fn default() -> Self {
        Self {
            prefixes: Vec::new(),
            names: Vec::new(),
        }
    }
}

impl<Owner> Ranges<Owner> {
    /// The first earlier claim, of an owner for whom `is_other` holds, that has this one in its range or is in the range of this one. Two
    /// components of one kind and name collide in their topics too, and are told there.
    pub(crate) fn shared(&self, claim: &Claim, is_other: impl Fn(&Owner) -> bool) -> Option<&(Claim, Owner)> {
        let names = claim.is_prefix.then_some(&self.names).into_iter().flatten();
        self.prefixes.iter().chain(names).find(|(other, owner)| {
            (other.what, &other.within) == (claim.what, &claim.within)
                && is_other(owner)
                && (other.name != claim.name || other.same_range_too || claim.same_range_too)
                && other.overlaps(&claim.name, claim.is_prefix)
        })
    }

    /// Adds a claim to those that later ones are compared with.
    pub(crate) fn add(&mut self, claim: Claim, owner: Owner) {
        let known = if claim.is_prefix {
            &mut self.prefixes
        } else {
            &mut self.names
        };
        known.push((claim, owner));
    }
}

impl Claims {
    /// Adds the claims of a construct, and reports those that come second.
    pub(crate) fn add(&mut self, claims: Vec<Claim>, check: &mut Check<'_>) {
        for claim in claims {
            self.check_range(&claim, check);
            if !claim.is_single() {
                continue;
            }
            let Claim {
                what,
                within,
                name,
                rule,
                item,
                hint,
                location,
                alike,
                is_prefix: _,
                in_ranges_only: _,
                same_range_too: _,
            } = claim;
            let (key, confused) = alike.unwrap_or_else(|| (name.clone(), rule));
            match self.taken.entry((what, within, key)) {
                Entry::Vacant(free) => {
                    free.insert((name, location));
                }
                Entry::Occupied(taken) => {
                    let (other, at) = taken.get();
                    let (rule, message) = if *other == name {
                        (rule, format!("{what} `{name}` is taken by the one made at {at}"))
                    } else {
                        (
                            confused,
                            format!("{what} `{name}` cannot be told from `{other}` of {at}"),
                        )
                    };
                    check.report(rule, message, |finding| {
                        finding.item(item).at(location).hint(hint);
                    });
                }
            }
        }
    }
}

impl Claims {
    /// Reports a name in the range of another construct, and a range with the name of another.
    fn check_range(&mut self, claim: &Claim, check: &mut Check<'_>) {
        let is_other = |construct: &String| construct != check.construct;
        if let Some((other, construct)) = self.ranges.shared(claim, is_other) {
            let (rule, message, hint) = claim.beside(other, &format!("`{construct}`"));
            check.report(rule, message, |finding| {
                finding.item(&claim.item).at(claim.location).hint(hint);
            });
        }
        self.ranges.add(claim.clone(), check.construct.to_owned());
    }
}

/// What a construct reports its findings to.
#[derive(Debug)]
pub struct Check<'a> {
    context: &'a Context,
    construct: &'a str,
    location: Location,
    findings: &'a mut Diagnostics,
}

impl<'a> Check<'a> {
    pub(crate) fn new(
        context: &'a Context,
        construct: &'a str,
        location: Location,
        findings: &'a mut Diagnostics,
    ) -> Self {
        Self {
            context,
            construct,
            location,
            findings,
        }
    }

    /// The context of the construct.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// Reports that a rule is broken. Use [`Diagnostic::item`], [`Diagnostic::at`] and [`Diagnostic::hint`] on
    /// `describe`'s argument to say where it is and how to fix it. A rule that is off in this stack's profile reports
    /// nothing.
    pub fn report(&mut self, rule: &'static Rule, message: impl Into<String>, describe: impl FnOnce(&mut Diagnostic)) {
        self.add(Diagnostic::new(rule, message), describe);
    }

    /// Reports what was found by someone who did not know the construct.
    pub(crate) fn add(&mut self, finding: Diagnostic, describe: impl FnOnce(&mut Diagnostic)) {
        if let Some(finding) = self.described(finding, describe) {
            self.findings.push(finding);
        }
    }

    /// Reports what was found about a thing that several constructs use, unless it was reported for another of them.
    pub(crate) fn add_once(&mut self, finding: Diagnostic, describe: impl FnOnce(&mut Diagnostic)) {
        let Some(finding) = self.described(finding, describe) else {
            return;
        };
        let is_same = |known: &Diagnostic| {
            (known.rule, &known.message, known.place.location)
                == (finding.rule, &finding.message, finding.place.location)
        };
        if !self.findings.iter().any(is_same) {
            self.findings.push(finding);
        }
    }

    /// The finding, if its rule holds here.
    fn described(&self, mut finding: Diagnostic, describe: impl FnOnce(&mut Diagnostic)) -> Option<Diagnostic> {
        finding.severity = finding.rule.severity(self.context.profile);
        if finding.severity == Severity::Off {
            return None;
        }
        self.construct.clone_into(&mut finding.place.construct);
        finding.place.location.get_or_insert(self.location);
        describe(&mut finding);
        Some(finding)
    }

    /// Reports a handle that was made in other surroundings than this construct's: another stack, or this one before
    /// its DNS domain was set. `made_in` is `None` for what is external; `instead` is what to use.
    pub(crate) fn same_surroundings(&mut self, name: &str, made_in: Option<&Context>, instead: String) {
        let Some(made_in) = made_in else { return };
        let here = self.context;
        let (difference, hint) = if made_in.stack != here.stack || made_in.namespace != here.namespace {
            let difference = format!(
                "`{name}` belongs to stack `{}`, namespace `{}`; handles cannot be shared",
                made_in.stack, made_in.namespace
            );
            (difference, instead)
        } else if made_in.cluster_domain != here.cluster_domain {
            let domain = &made_in.cluster_domain;
            let difference = format!("the handle of `{name}` was made when the cluster domain was `{domain}`");
            (
                difference,
                "call `.cluster_domain(…)` before the first `stack.add(…)`".to_owned(),
            )
        } else {
            return;
        };
        self.report(&rules::stack::OTHER_STACK, difference, |finding| {
            finding.item(name).hint(hint);
        });
    }
}
