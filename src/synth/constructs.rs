//! The stack and its constructs, checked before anything is rendered.

use std::collections::BTreeMap;

use crate::{
    capacity::Cluster,
    construct::{Check, Claims},
    diagnostics::{Diagnostics, Location, rules},
    name::{DnsLabel, DnsSubdomain, InvalidName},
    stack::Stack,
    synth::{edges, namespace, users},
};

/// What is wrong with the stack and its constructs, before anything is rendered.
pub(super) fn check(stack: &Stack) -> Diagnostics {
    let mut findings = Diagnostics::default();
    let mut first: BTreeMap<&str, Location> = BTreeMap::new();
    let mut claims = Claims::default();
    let mut check = Check::new(&stack.context, "", stack.meta.location, &mut findings);
    check_name(
        &mut check,
        DnsLabel::parse(&stack.context.stack),
        "stack",
        "`Stack::new`",
    );
    check_name(
        &mut check,
        DnsLabel::parse(&stack.context.namespace),
        "namespace",
        "`Stack::new`",
    );
    check_name(
        &mut check,
        DnsLabel::parse(&stack.context.monitoring_namespace),
        "namespace",
        "`.monitoring_namespace`",
    );
    check_name(
        &mut check,
        DnsSubdomain::parse(&stack.context.cluster_domain),
        "cluster domain",
        "`.cluster_domain`",
    );
    stack.check(&mut check);
    namespace::check(stack, &mut check);
    if stack.constructs.is_empty() {
        check.report(&rules::stack::EMPTY, "the stack has no constructs", |finding| {
            finding.hint("add one, such as `stack.add(KafkaCluster::kraft(…))`");
        });
    }
    for part in &stack.constructs {
        let location = part.meta().location;
        let mut check = Check::new(&stack.context, part.meta().name.as_str(), location, &mut findings);
        check_name(
            &mut check,
            DnsLabel::parse(part.meta().name.as_str()),
            "construct",
            "the constructor",
        );
        if let Some(earlier) = first.insert(part.meta().name.as_str(), location) {
            check.report(
                &rules::stack::CONSTRUCT_TWICE,
                format!("the name is taken by the construct of {earlier}"),
                |finding| {
                    finding.hint("give one of the two another name in its constructor");
                },
            );
        }
        part.check(&mut check);
        claims.add(part.claims(), &mut check);
    }
    edges::check(stack, &mut findings);
    users::check(stack, &mut findings);
    for found in stack.capacity().iter().flat_map(Cluster::check) {
        let construct = found.place.construct.clone();
        Check::new(&stack.context, &construct, stack.meta.location, &mut findings).add(found, |_| {});
    }
    findings
}

fn check_name<T>(check: &mut Check<'_>, name: Result<T, InvalidName>, what: &str, call: &str) {
    if let Err(error) = name {
        check.report(&rules::stack::NAME, format!("{what} name {error}"), |finding| {
            finding.hint(format!("choose another name in {call}"));
        });
    }
}
