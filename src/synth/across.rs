//! Objects, topics and groups that two stacks of one run would both write.

use std::collections::btree_map::{BTreeMap, Entry};

use crate::{
    construct::{Check, Claim, Ranges},
    diagnostics::{Diagnostics, Location, Rule, rules},
    manifest::Identity,
    stack::Stack,
    synth::Synthesis,
};

/// Reports objects, topics and groups that a stack shares with an earlier one of the same Kubernetes cluster, at the
/// later of the two, which then has errors and no manifests. Stacks with errors of their own are not compared.
///
/// ```
/// use kafka_stacks::{prelude::*, synth::{check, check_across}};
///
/// let mut made: Vec<_> = ["blue", "green"]
///     .map(|name| {
///         let mut stack = Stack::new(name, "kafka").existing_namespace();
///         stack.add(ZooKeeper::new("zookeeper", 3));
///         let synthesis = check(&stack);
///         (stack, synthesis)
///     })
///     .into();
/// check_across(&mut made);
/// let [blue, green] = [0, 1].map(|index| &made[index].1.findings);
/// assert!(blue.is_empty());
/// assert!(green.iter().all(|finding| finding.rule == &rules::stack::OBJECT_OF_TWO_STACKS));
/// ```
pub fn check_across(made: &mut [(Stack, Synthesis)]) {
    let found = findings(made);
    for ((_, synthesis), found) in made.iter_mut().zip(found) {
        if found.has_errors() {
            synthesis.manifests = None;
            synthesis.tree = Vec::new();
        }
        synthesis.findings.extend(found);
    }
}

/// For each stack what it shares with earlier ones: one finding per construct and other stack, however much they share.
fn findings(made: &[(Stack, Synthesis)]) -> Vec<Diagnostics> {
    let mut owners: BTreeMap<(Option<&str>, Thing<'_>), (&str, Location)> = BTreeMap::new();
    let mut ranges = Ranges::default();
    let mut all = Vec::with_capacity(made.len());
    for (stack, synthesis) in made {
        let mut findings = Diagnostics::default();
        let cluster = stack.context.kubernetes_cluster.as_deref();
        let parts = std::iter::once(None).chain(stack.constructs.iter().map(Some));
        for (branch, part) in synthesis.tree.iter().zip(parts) {
            let location = part.map_or(stack.meta.location, |part| part.meta().location);
            let objects = branch
                .objects
                .iter()
                .map(|leaf| (Thing::Object(&leaf.identity), location));
            let claims = part.into_iter().flat_map(|part| part.claims());
            let claims: Vec<Claim> = claims.filter(|claim| !claim.within.is_empty()).collect();
            let names = claims.iter().filter(|claim| claim.is_single());
            let names = names.map(|claim| (Thing::of(claim), claim.location));
            // Objects come first: where they are the same, topics and groups are too.
            let mut shared: BTreeMap<&str, Vec<(Thing<'_>, Location, Location)>> = BTreeMap::new();
            for (thing, here) in objects.chain(names) {
                match owners.entry((cluster, thing)) {
                    Entry::Vacant(free) => {
                        free.insert((stack.name(), here));
                    }
                    Entry::Occupied(taken) => {
                        let (other, there) = *taken.get();
                        if other != stack.name() {
                            shared
                                .entry(other)
                                .or_default()
                                .push((taken.key().1.clone(), here, there));
                        }
                    }
                }
            }
            for claim in claims {
                let is_other = |(at, of): &(Option<&str>, &str)| *at == cluster && *of != stack.name();
                if let Some((there, (_, of))) = ranges.shared(&claim, is_other) {
                    let (rule, message, hint) = claim.beside(there, &format!("stack `{of}`"));
                    let mut check = Check::new(&stack.context, &branch.construct, claim.location, &mut findings);
                    check.report(rule, message, |finding| {
                        finding.item(&claim.item).hint(hint);
                    });
                }
                ranges.add(claim, (cluster, stack.name()));
            }
            for (other, things) in shared {
                let (first, here, there) = &things[0];
                let more = match things.iter().filter(|(thing, ..)| thing.rule() == first.rule()).count() {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                let message = format!("{}{more}: also in stack `{other}`, made at {there}", first.words());
                Check::new(&stack.context, &branch.construct, *here, &mut findings).report(
                    first.rule(),
                    message,
                    |finding| {
                        finding.item(first.item()).hint(first.hint());
                    },
                );
            }
        }
        all.push(findings);
    }
    all
}

/// Something that only one stack may have.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Object(&'a Identity),
    /// What it is, where there can be only one, and its name.
    Claim(&'static str, String, String),
}

impl Thing<'_> {
    fn of(claim: &Claim) -> Self {
        Self::Claim(claim.what, claim.within.clone(), claim.name.clone())
    }

    fn rule(&self) -> &'static Rule {
        match self {
            Self::Object(_) => &rules::stack::OBJECT_OF_TWO_STACKS,
            Self::Claim(..) => &rules::stack::TOPIC_OF_TWO_STACKS,
        }
    }

    fn item(&self) -> String {
        match self {
            Self::Object(object) => format!("{} {}", object.kind, object.name),
            Self::Claim(_, _, name) => name.clone(),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Object(object) if object.namespace.is_empty() => format!("{} `{}`", object.kind, object.name),
            Self::Object(object) => format!("{} `{}/{}`", object.kind, object.namespace, object.name),
            Self::Claim(what, within, name) => format!("{what} `{name}` of `{within}`"),
        }
    }

    fn hint(&self) -> String {
        let change = match self {
            Self::Object(object) if object.kind == "Namespace" => {
                "call `.existing_namespace()` on one of the two stacks"
            }
            Self::Object(_) => "use another namespace or name for one of the two",
            Self::Claim(..) => "remove or rename one of the two",
        };
        format!("{change}; if the stacks run in different Kubernetes clusters, say so with `.kubernetes_cluster(…)`")
    }
}
