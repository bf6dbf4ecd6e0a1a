//! What the parts of a stack do with topics, compared with each other.

use std::collections::BTreeMap;

use crate::{
    construct::{Check, Construct, Edge, Flow},
    diagnostics::{Diagnostics, rules::application},
    stack::Stack,
};

/// A part, and what it does with the topic.
type Use<'a> = (&'a dyn Construct, &'a Edge);

/// Reports topics that no application uses, and consumers that read what a transaction may still undo.
pub(super) fn check(stack: &Stack, findings: &mut Diagnostics) {
    let edges: Vec<(&dyn Construct, Vec<Edge>)> = stack
        .constructs
        .iter()
        .map(|part| (part.as_ref(), part.edges()))
        .collect();
    let mut topics: BTreeMap<(&str, &str), Vec<Use<'_>>> = BTreeMap::new();
    for (part, edges) in &edges {
        for edge in edges {
            let uses = topics.entry((&edge.cluster, &edge.topic)).or_default();
            uses.push((*part, edge));
        }
    }
    let used: Vec<&str> = topics
        .iter()
        .filter(|(_, uses)| uses.iter().any(|(_, edge)| edge.flow != Flow::Declares))
        .map(|((cluster, _), _)| *cluster)
        .collect();
    for ((cluster, topic), uses) in &topics {
        uncommitted(stack, topic, uses, findings);
        if used.contains(cluster) {
            unused(stack, topic, uses, findings);
        }
    }
}

/// Reports at the topic's declaration that it is not written, or not used at all. A topic of dead letters is read by people.
fn unused(stack: &Stack, topic: &str, uses: &[Use<'_>], findings: &mut Diagnostics) {
    let Some((declares, edge)) = uses.iter().find(|(_, edge)| edge.flow == Flow::Declares) else {
        return;
    };
    let reader = uses.iter().find(|(_, edge)| matches!(edge.flow, Flow::Reads { .. }));
    let written = uses.iter().any(|(_, edge)| matches!(edge.flow, Flow::Writes { .. }));
    let (message, hint) = match reader {
        _ if written => return,
        None => (
            "no application writes or reads the topic".to_owned(),
            match topic.strip_suffix(".dlq") {
                Some(source) => format!(
                    "add `.dead_letters()` to the application that reads `{source}`, or remove it from that topic"
                ),
                None => "add `.produces(…)` or `.consumes(…)` to the application that uses it, or remove the topic"
                    .to_owned(),
            },
        ),
        Some((reader, _)) => (
            format!("`{}` reads the topic, and no application writes it", reader.meta().name),
            "add `.produces(…)` to the application that writes it".to_owned(),
        ),
    };
    let meta = declares.meta();
    Check::new(&stack.context, &meta.name, meta.location, findings).report(&application::UNUSED, message, |finding| {
        finding.item(topic).at(edge.location).hint(hint);
    });
}

/// Reports at the consumer that it sees records of aborted transactions.
fn uncommitted(stack: &Stack, topic: &str, uses: &[Use<'_>], findings: &mut Diagnostics) {
    let writer = uses
        .iter()
        .find(|(_, edge)| matches!(edge.flow, Flow::Writes { transactional: true }));
    let Some((writer, _)) = writer else { return };
    for (reader, edge) in uses {
        let Flow::Reads {
            group,
            uncommitted: true,
        } = &edge.flow
        else {
            continue;
        };
        let message = format!(
            "group `{group}` reads uncommitted records of `{topic}`, which `{}` writes in transactions",
            writer.meta().name
        );
        let meta = reader.meta();
        Check::new(&stack.context, &meta.name, meta.location, findings).report(
            &application::UNCOMMITTED,
            message,
            |finding| {
                finding.item(topic).at(edge.location).hint(
                    "remove `.read_uncommitted()` from the group; workers read committed records unless exactly-once sources are disabled",
                );
            },
        );
    }
}
